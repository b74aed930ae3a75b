/* gate/scribe/recorder_main.c - sp-recorder: writes one session down, in a jail, and ends with it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "gate/scribe/recorder.h"
#include "host/io/fdio.h"
#include "host/io/hostlog.h"
#include "host/io/jail.h"
#include "host/io/loop.h"
#include "host/monitor/mon.h"

#define EXIT_FAILED 1
#define EXIT_USAGE 2
#define BEGIN_MS 5000
#define STOP_READS 64
#define ALONE_US 5000000 /* without a scribe: so long the session waits for another */

struct process {
	struct sp_loop *loop;
	struct sp_recorder *recorder;
	struct sp_watch *stream, *timer, *scribe, *parent;
	int link; /* to the scribe; -1: it is gone */
	uint64_t alone_us; /* when it was; 0: it is there */
	uint64_t lag_us; /* the longest since the scribe was told */
	bool over;
};

/* The scribe's socket never blocks us for long: it reads, or it is gone. */
static int say_head(struct process *p, bool end, bool good, const char *text)
{
	struct sp_msg_record_head m = {.lag_us = p->lag_us,
			.end = end,
			.result = good ? SP_RECORD_OK : SP_RECORD_FAILED};
	struct sp_rec_head head;

	sp_recorder_last(p->recorder, &head, &m.bytes);
	m.segments = head.segments;
	memcpy(m.hash, head.hash, sizeof(m.hash));
	snprintf(m.text, sizeof(m.text), "%s", text);
	p->lag_us = 0;
	return p->link >= 0 ? sp_mon_say(p->link, RECORD_HEAD, &m) : SP_ECLOSED;
}

/* The end, in order or not: what is there is whole. */
static void end(struct process *p, int rc, const char *text)
{
	int saved = errno;
	bool said = false;
	char why[SP_TEXT_WHY];

	if (p->over) {
		return;
	}
	p->over = true;
	snprintf(why, sizeof(why), "%s%s%s", text, *text && rc != SP_OK ? ": " : "",
			rc == SP_OK                     ? ""
					: rc == SP_ESYS ? strerror(saved)
							: sp_err_text(rc));
	int wrote = sp_recorder_end(p->recorder, sp_now_us(), why, &said);
	if (wrote != SP_OK && rc == SP_OK) {
		snprintf(why, sizeof(why), "the recording: %s",
				wrote == SP_ESYS ? strerror(errno) : sp_err_text(wrote));
	}
	bool good = wrote == SP_OK && rc == SP_OK && said;
	if (say_head(p, true, good, good ? "" : why) != SP_OK) {
		sp_log(SP_LOG_WARN, "the scribe does not hear of the recording's end");
	}
	if (!good) {
		sp_log(SP_LOG_WARN, "recording broke off: %s", why);
	}
	sp_loop_quit(p->loop, good ? 0 : EXIT_FAILED);
}

static void plan(struct process *p)
{
	uint64_t at = sp_recorder_deadline(p->recorder);
	uint64_t end_us = p->alone_us != 0 ? p->alone_us + ALONE_US : 0;

	sp_watch_at(p->timer, at == 0 || (end_us != 0 && end_us < at) ? end_us : at);
}

/*
 * What cannot be registered must not happen: nothing is read any more, so that the session stands
 * still, until the parent brings another scribe. Where there is no parent there will be none.
 */
static void lose_scribe(struct process *p)
{
	sp_watch_remove(p->scribe);
	p->scribe = NULL;
	sp_fd_close(&p->link);
	if (p->parent == NULL) {
		end(p, SP_OK, "the scribe is gone");
		return;
	}
	if (p->alone_us == 0) {
		sp_log(SP_LOG_WARN, "the scribe is gone: the session waits for another");
		p->alone_us = sp_now_us();
		sp_watch_want(p->stream, 0);
	}
	plan(p);
}

static void on_timer(void *user)
{
	struct process *p = user;
	struct sp_rec_head head;
	uint64_t bytes, now = sp_now_us();
	int rc = sp_recorder_tick(p->recorder, now);
	uint64_t lag = sp_recorder_lag(p->recorder, sp_now_us());

	p->lag_us = lag > p->lag_us ? lag : p->lag_us;
	if (p->alone_us != 0 && now - p->alone_us >= ALONE_US) {
		end(p, SP_OK, "the scribe is gone");
		return;
	}
	if (rc != SP_OK) {
		end(p, rc, "the recording");
		return;
	}
	/* Another scribe is told all the same. */
	if (sp_recorder_head(p->recorder, &head, &bytes) && p->alone_us == 0 &&
			say_head(p, false, true, "") == SP_ECLOSED) {
		lose_scribe(p);
		return;
	}
	plan(p);
}

/* What has come so far: true when there may be more. */
static bool take_some(struct process *p)
{
	size_t room;
	uint8_t *to = sp_recorder_room(p->recorder, &room);
	ssize_t n = read(SP_RECORDER_FD_STREAM, to, room);

	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return false;
	}
	if (n <= 0) {
		end(p, SP_OK, "the session's process is gone");
		return false;
	}
	int rc = sp_recorder_took(p->recorder, (size_t)n, sp_now_us());
	if (rc != SP_OK) {
		end(p, rc, rc == SP_ESYS ? "the recording" : "what the session says");
	}
	return rc == SP_OK;
}

static void on_stream(void *user, unsigned events)
{
	struct process *p = user;

	if (take_some(p)) {
		plan(p);
	}
}

/* What the user was shown up to now belongs to it; who goes on talking does not hold it up. */
static void stop(struct process *p, const char *text)
{
	for (int i = 0; i < STOP_READS && take_some(p); i++) {
	}
	end(p, SP_OK, text);
}

static void on_scribe(void *user, unsigned events)
{
	static struct sp_mon_in in;
	struct process *p = user;
	int rc = sp_mon_recv(p->link, &in);

	if (rc == 0) {
		return;
	}
	if (rc == 1 && in.type == SP_MSG_RECORD_STOP) {
		stop(p, in.body.record_stop.text);
		sp_mon_in_finish(&in);
		return;
	}
	if (rc == 1) {
		sp_mon_in_finish(&in);
	}
	lose_scribe(p);
}

/* Another scribe: it is told how far we are, and the session goes on. */
static void take_scribe(struct process *p, int link)
{
	sp_watch_remove(p->scribe);
	sp_fd_close(&p->link);
	p->link = link;
	p->scribe = sp_loop_fd(p->loop, link, SP_LOOP_READ, on_scribe, p);
	int rc = p->scribe ? sp_recorder_settle(p->recorder) : SP_ENOMEM;
	if (rc != SP_OK) {
		end(p, rc, "the recording");
		return;
	}
	if (say_head(p, false, true, "") != SP_OK) {
		lose_scribe(p);
		return;
	}
	p->alone_us = 0;
	sp_watch_want(p->stream, SP_LOOP_READ);
	plan(p);
}

static void on_parent(void *user, unsigned events)
{
	static struct sp_mon_in in;
	struct process *p = user;
	int rc = sp_mon_recv(SP_RECORDER_FD_PARENT, &in);

	if (rc == 0) {
		return;
	}
	if (rc == 1 && in.type == SP_MSG_RECORDER_LINK) {
		take_scribe(p, sp_mon_take_fd(&in, 0));
		return;
	}
	/* It is gone, and will bring nobody. */
	sp_watch_remove(p->parent);
	p->parent = NULL;
	if (p->link < 0) {
		lose_scribe(p);
	}
}

static void take_conf(struct sp_recorder_conf *c, const struct sp_msg_record_begin *m)
{
	struct timespec wall;

	c->file = SP_RECORDER_FD_FILE;
	memcpy(c->rec.id, m->id, sizeof(c->rec.id));
	memcpy(c->rec.boot_id, m->boot_id, sizeof(c->rec.boot_id));
	clock_gettime(CLOCK_REALTIME, &wall);
	c->rec.wall_us = (uint64_t)wall.tv_sec * 1000000 + (uint64_t)wall.tv_nsec / 1000;
	c->rec.mono_us = sp_now_us();
	c->rec.n_auditors = m->of.n_auditors;
	for (size_t i = 0; i < m->of.n_auditors; i++) {
		memcpy(c->rec.auditor[i].pk, m->of.auditor[i], SP_REC_KEY);
	}
	snprintf(c->meta.session, sizeof(c->meta.session), "%s", m->of.session);
	snprintf(c->meta.user, sizeof(c->meta.user), "%s", m->of.user);
	snprintf(c->meta.target, sizeof(c->meta.target), "%s", m->of.target);
	snprintf(c->meta.from, sizeof(c->meta.from), "%s", m->of.from);
	snprintf(c->meta.host, sizeof(c->meta.host), "%s", m->host);
}

/*
 * Who makes the index gets the recording's key, and hears that the recording is over when this end
 * of the pipe is closed.
 */
static int create(struct process *p, struct sp_recorder_conf *conf)
{
	uint8_t key[SP_REC_KEY];
	struct stat st;
	bool indexed = fstat(SP_RECORDER_FD_KEY, &st) == 0 && S_ISFIFO(st.st_mode);

	conf->rec.key = indexed ? key : NULL;
	int rc = sp_recorder_create(&p->recorder, conf);
	if (rc == SP_OK && indexed &&
			sp_fd_write_all(SP_RECORDER_FD_KEY, key, sizeof(key)) != SP_OK) {
		sp_log(SP_LOG_DEBUG, "nobody makes an index");
	}
	sp_wipe(key, sizeof(key));
	return rc;
}

/* Asks what is to be recorded and puts the start of the file on disk. */
static int prepare(struct process *p)
{
	static struct sp_mon_in in;
	static struct sp_recorder_conf conf;
	struct sp_msg_none ready = {0};
	int rc = sp_mon_ask(SP_RECORDER_FD_SCRIBE, SP_MSG_RECORD_READY, &ready, sizeof(ready),
			SP_MSG_RECORD_BEGIN, &in, BEGIN_MS);

	if (rc != SP_OK) {
		sp_log(SP_LOG_ERROR, "scribe: %s", sp_err_text(rc));
		return rc;
	}
	take_conf(&conf, &in.body.record_begin);
	sp_mon_in_finish(&in);
	rc = sp_fd_nonblock(SP_RECORDER_FD_STREAM, true);
	if (rc == SP_OK) {
		rc = create(p, &conf);
	}
	if (rc != SP_OK) {
		struct sp_msg_record_head failed = {.end = 1};

		snprintf(failed.text, sizeof(failed.text), "the recording: %s",
				rc == SP_ESYS ? strerror(errno) : sp_err_text(rc));
		sp_log(SP_LOG_ERROR, "%s", failed.text);
		if (sp_mon_say(SP_RECORDER_FD_SCRIBE, RECORD_HEAD, &failed) != SP_OK) {
			sp_log(SP_LOG_DEBUG, "scribe is gone");
		}
		return rc;
	}
	p->loop = sp_loop_create();
	p->timer = p->loop ? sp_loop_timer(p->loop, on_timer, p) : NULL;
	p->stream = p->timer
			? sp_loop_fd(p->loop, SP_RECORDER_FD_STREAM, SP_LOOP_READ, on_stream, p)
			: NULL;
	p->scribe = p->stream ? sp_loop_fd(p->loop, p->link, SP_LOOP_READ, on_scribe, p) : NULL;
	p->parent = p->scribe
			? sp_loop_fd(p->loop, SP_RECORDER_FD_PARENT, SP_LOOP_READ, on_parent, p)
			: NULL;
	return p->parent ? SP_OK : SP_ENOMEM;
}

static int record(const struct sp_jail_spec *spec)
{
	struct process p = {.link = SP_RECORDER_FD_SCRIBE};
	struct sp_jail_report report;
	char why[SP_WHY_MAX] = "";
	int rc = prepare(&p);

	if (rc == SP_OK) {
		rc = sp_jail_enter(spec, &report, why);
		sp_log(rc == SP_OK ? SP_LOG_DEBUG : SP_LOG_ERROR, "%s%s",
				rc == SP_OK ? "jailed: " : "", rc == SP_OK ? report.text : why);
	}
	/* From now on frames may come: the scribe lets the session begin. */
	if (rc == SP_OK) {
		rc = say_head(&p, false, true, "");
	}
	if (rc == SP_OK) {
		plan(&p);
		rc = sp_loop_run(p.loop);
	}
	sp_recorder_destroy(p.recorder);
	sp_loop_destroy(p.loop);
	return rc < 0 ? EXIT_FAILED : rc;
}

static bool is_open(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0;
}

int main(int argc, char **argv)
{
	enum sp_log_level level = getenv("SP_LOG_DEBUG") ? SP_LOG_DEBUG : SP_LOG_INFO;
	struct sp_jail_spec spec = {.class = SP_JAIL_RECORD};

	if (argc == 2 && strcmp(argv[1], "--selftest") == 0) {
		sp_hostlog_open_raw(level);
		return sp_jail_selftest_main(&spec);
	}
	if (argc != 1 || !is_open(SP_RECORDER_FD_STREAM) || !is_open(SP_RECORDER_FD_FILE) ||
			!is_open(SP_RECORDER_FD_SCRIBE) || !is_open(SP_RECORDER_FD_PARENT)) {
		fputs("sp-recorder: started by sp-scribe only\n", stderr);
		return EXIT_USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	/* Ctrl-C at a trial ends the others first; then the stream ends, and with it we. */
	signal(SIGINT, SIG_IGN);
	sp_hostlog_open("sp-recorder", level);
	return record(&spec);
}
