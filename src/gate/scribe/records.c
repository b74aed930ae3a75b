/* gate/scribe/records.c - see records.h. */
#include "gate/scribe/records.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "host/audit/rec_index_start.h"
#include "host/io/fdio.h"
#include "host/io/hostlog.h"

/* From the keeper's question to a recorder that is ready. */
#define START_US 8000000
#define STOP_US 2000000 /* from a recorder that is to end to its last head */
#define LOOK_US 1000000 /* between two looks whether there is room */
/* Each ten seconds one comes, and one at the start and with another scribe. */
#define HEADS_PER_MIN 30
#define HEADS_AT_ONCE 10

struct rec {
	struct rec *next;
	struct sp_records *all;
	uint64_t conn, number;
	char id[SP_REC_ID + 1];
	struct sp_record_of of;
	int link, stream;
	struct sp_watch *watch, *late;
	bool begun; /* it was told what to record: that is asked once */
	bool runs; /* the keeper was told OPENED */
	const char *stops; /* why it was told to end; NULL: it was not; static */
	uint64_t begun_us;
	struct sp_msg_record_head head; /* the last one that came */
	struct sp_log_rate rate; /* at which heads may come */
};

struct sp_records {
	struct sp_records_conf conf;
	struct rec *first;
	size_t n, most; /* most: for which there are descriptors */
	uint64_t last_number;
	struct sp_watch *look;
	int dir;
	char host[SP_TEXT_ADDR];
	uint8_t boot_id[16];
};

/* ---- names ---- */

/* 48 bits of milliseconds and 80 of chance, in Crockford's letters: names are in order of time. */
static int make_id(char out[SP_REC_ID + 1])
{
	static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	struct timespec now;
	uint8_t chance[16];

	if (getrandom(chance, sizeof(chance), 0) != (ssize_t)sizeof(chance)) {
		return SP_ESYS;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	for (size_t i = 0; i < 10; i++) {
		out[i] = letters[ms >> (45 - 5 * i) & 31];
	}
	for (size_t i = 10; i < SP_REC_ID; i++) {
		out[i] = letters[chance[i - 10] & 31];
	}
	out[SP_REC_ID] = '\0';
	return SP_OK;
}

static int digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 32 digits with dashes between some of them. */
static void read_boot_id(uint8_t out[16])
{
	struct sp_rcbuf *text = NULL;
	size_t n = 0;

	if (sp_file_read("/proc/sys/kernel/random/boot_id", 64, &text) != SP_OK) {
		return;
	}
	for (size_t i = 0; i < text->n && n < 32; i++) {
		int d = digit(text->p[i]);

		if (d >= 0) {
			out[n / 2] = (uint8_t)(n % 2 == 0 ? d << 4 : out[n / 2] | d);
			n++;
		}
	}
	sp_rcbuf_unref(text);
}

/* ---- what the audit and the keeper hear ---- */

static void tell(struct rec *c, enum sp_audit_kind kind, enum sp_outcome outcome, const char *text)
{
	struct sp_audit_event e;

	sp_audit_init(&e, kind, outcome);
	sp_audit_num(&e, SP_F_CONN, c->conn);
	sp_audit_text(&e, SP_F_SESSION, c->of.session);
	sp_audit_text(&e, SP_F_USER, c->of.user);
	sp_audit_text(&e, SP_F_SRC_IP, c->of.from);
	sp_audit_text(&e, SP_F_TARGET, c->of.target);
	sp_audit_text(&e, SP_F_RECORDING, c->id);
	sp_audit_text(&e, SP_F_TEXT, text);
	/* Of one that was adopted and said nothing yet, nothing is known that could be compared. */
	if (kind != SP_AUDIT_RECORD_START && c->head.segments > 0) {
		sp_audit_num(&e, SP_F_SEGMENTS, c->head.segments);
		sp_audit_num(&e, SP_F_RECORD_BYTES, c->head.bytes);
		sp_audit_bytes(&e, SP_F_CHAIN, c->head.hash, sizeof(c->head.hash));
	}
	if (kind == SP_AUDIT_RECORD_STOP || kind == SP_AUDIT_RECORD_GAP) {
		sp_audit_num(&e, SP_F_DURATION, (sp_now_us() - c->begun_us) / 1000);
	}
	c->all->conf.tell(c->all->conf.user, &e);
}

static void say_failed(struct sp_records *r, uint64_t conn, const char *text)
{
	struct sp_msg_record_opened m = {.conn = conn, .result = SP_RECORD_FAILED};

	snprintf(m.text, sizeof(m.text), "%s", text);
	sp_log_clean(m.text);
	sp_log(SP_LOG_WARN, "conn %llu is not recorded: %s", (unsigned long long)conn, m.text);
	if (sp_mon_say(r->conf.keeper, RECORD_OPENED, &m) != SP_OK) {
		sp_log(SP_LOG_DEBUG, "keeper does not listen");
	}
}

static void say_ended(struct rec *c, bool good, const char *text)
{
	struct sp_msg_record_ended m = {
			.conn = c->conn, .result = good ? SP_RECORD_OK : SP_RECORD_FAILED};

	snprintf(m.text, sizeof(m.text), "%s", text);
	if (sp_mon_say(c->all->conf.keeper, RECORD_ENDED, &m) != SP_OK) {
		sp_log(SP_LOG_DEBUG, "keeper does not listen");
	}
}

/* ---- one recording ---- */

static void drop(struct rec *c)
{
	struct rec **at = &c->all->first;

	while (*at != c) {
		at = &(*at)->next;
	}
	*at = c->next;
	c->all->n--;
	sp_watch_remove(c->watch);
	sp_watch_remove(c->late);
	sp_fd_close(&c->link);
	sp_fd_close(&c->stream);
	sp_wipe(c, sizeof(*c));
	sp_free(c);
}

/* It is over: in order, or before it began, or in its midst. */
static void over(struct rec *c, bool good, const char *text)
{
	if (!c->runs) {
		say_failed(c->all, c->conn, text);
	} else {
		sp_log(good ? SP_LOG_INFO : SP_LOG_WARN, "recording %s %s%s", c->id,
				good ? "is complete" : "broke off: ", good ? "" : text);
		tell(c, good ? SP_AUDIT_RECORD_STOP : SP_AUDIT_RECORD_GAP,
				good ? SP_OUTCOME_OK : SP_OUTCOME_FAILED, text);
		say_ended(c, good, text);
	}
	drop(c);
}

static void on_late(void *user)
{
	struct rec *c = user;

	over(c, false, c->stops ? c->stops : "the recorder did not get ready in time");
}

/* The file has its start: frames may come. */
static void opened(struct rec *c)
{
	struct sp_msg_record_opened m = {.conn = c->conn, .result = SP_RECORD_OK};

	memcpy(m.id, c->id, sizeof(m.id));
	sp_watch_at(c->late, 0);
	c->runs = true;
	c->begun_us = sp_now_us();
	tell(c, SP_AUDIT_RECORD_START, SP_OUTCOME_OK, NULL);
	if (sp_mon_send(c->all->conf.keeper, SP_MSG_RECORD_OPENED, &m, sizeof(m), &c->stream, 1) !=
			SP_OK) {
		sp_log(SP_LOG_DEBUG, "keeper does not listen");
	}
	sp_fd_close(&c->stream);
	sp_log(SP_LOG_INFO, "conn %llu is recorded: %s", (unsigned long long)c->conn, c->id);
}

static int begin(struct rec *c)
{
	static struct sp_msg_record_begin m;

	c->begun = true;
	memset(&m, 0, sizeof(m));
	memcpy(m.id, c->id, sizeof(m.id));
	memcpy(m.host, c->all->host, sizeof(m.host));
	memcpy(m.boot_id, c->all->boot_id, sizeof(m.boot_id));
	m.of = c->of;
	return sp_mon_say(c->link, RECORD_BEGIN, &m);
}

/* False when it is over. */
static bool take_head(struct rec *c, const struct sp_msg_record_head *m)
{
	unsigned dropped;

	/* Who recorded cannot take back what it has registered, nor fill the audit. */
	if (m->segments < c->head.segments || m->bytes < c->head.bytes ||
			(!m->end && !sp_log_rate_ok(&c->rate, sp_now_us(), &dropped))) {
		over(c, false, "the recorder is confused");
		return false;
	}
	c->head = *m;
	if (m->end) {
		over(c, m->result == SP_RECORD_OK, m->text);
		return false;
	}
	if (!c->runs) {
		opened(c);
	} else {
		tell(c, SP_AUDIT_RECORD_MARK, SP_OUTCOME_OK, NULL);
	}
	return true;
}

static void on_link(void *user, unsigned events)
{
	static struct sp_mon_in in;
	struct rec *c = user;
	int rc = sp_mon_recv(c->link, &in);

	if (rc == 0) {
		return;
	}
	if (rc == 1 && in.type == SP_MSG_RECORD_READY && !c->begun) {
		rc = begin(c);
		if (rc != SP_OK) {
			over(c, false, sp_err_text(rc));
		}
	} else if (rc == 1 && in.type == SP_MSG_RECORD_HEAD) {
		(void)take_head(c, &in.body.record_head);
	} else {
		over(c, false, rc == SP_ECLOSED ? "the recorder died" : "the recorder is confused");
	}
	if (rc == 1) {
		sp_mon_in_finish(&in);
	}
}

/* ---- beginning ---- */

static int make_file(struct sp_records *r, const struct rec *c, const char *suffix)
{
	char name[SP_REC_ID + 8];

	snprintf(name, sizeof(name), "%s%s", c->id, suffix);
	return openat(r->dir, name, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			0600);
}

/* The recording once more, to be read, and its index. Without them there is a recording all the same. */
static bool open_index(struct sp_records *r, const struct rec *c, int fds[2])
{
	char name[SP_REC_ID + 8];

	if (r->conf.index == NULL || !r->conf.index(r->conf.user)) {
		return false;
	}
	snprintf(name, sizeof(name), "%s.spr", c->id);
	fds[0] = openat(r->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	fds[1] = fds[0] >= 0 ? make_file(r, c, SP_REC_INDEX_SUFFIX) : -1;
	if (fds[1] < 0) {
		sp_log(SP_LOG_WARN, "recording %s gets no index: %s", c->id, strerror(errno));
		sp_fd_close(&fds[0]);
	}
	return fds[1] >= 0;
}

static const char *start(struct sp_records *r, struct rec *c)
{
	struct sp_msg_recorder_start m = {
			.number = c->number, .conn = c->conn, .begun_us = sp_now_us()};

	if (make_id(c->id) != SP_OK) {
		return "no random numbers";
	}
	memcpy(m.id, c->id, sizeof(m.id));
	memcpy(m.session, c->of.session, sizeof(m.session));
	memcpy(m.user, c->of.user, sizeof(m.user));
	memcpy(m.target, c->of.target, sizeof(m.target));
	memcpy(m.from, c->of.from, sizeof(m.from));
	int fds[3] = {make_file(r, c, ".spr"), -1, -1};
	/* By a name that survives a loss of power. */
	if (fds[0] < 0 || fsync(r->dir) != 0) {
		const char *why = strerror(errno);

		sp_fd_close(&fds[0]);
		return why;
	}
	size_t n = open_index(r, c, fds + 1) ? 3 : 1;
	int rc = sp_mon_send(r->conf.parent, SP_MSG_RECORDER_START, &m, sizeof(m), fds, n);
	for (size_t i = 0; i < n; i++) {
		sp_fd_close(&fds[i]);
	}
	return rc == SP_OK ? NULL : "the service does not start recorders";
}

static struct rec *add(struct sp_records *r, uint64_t conn)
{
	struct rec *c = r->n < r->most ? sp_calloc(1, sizeof(*c)) : NULL;

	if (c != NULL) {
		c->all = r;
		c->conn = conn;
		c->link = c->stream = -1;
		sp_log_rate_init(&c->rate, HEADS_PER_MIN, HEADS_AT_ONCE);
		c->next = r->first;
		r->first = c;
		r->n++;
	}
	return c;
}

static void open_one(struct sp_records *r, const struct sp_msg_record_open *m)
{
	const char *why = r->conf.full ? r->conf.full(r->conf.user) : NULL;
	struct rec *c = why == NULL ? add(r, m->conn) : NULL;

	if (c == NULL) {
		say_failed(r, m->conn, why ? why : "too many recordings");
		return;
	}
	c->of = m->of;
	c->number = ++r->last_number;
	c->late = sp_loop_timer(r->conf.loop, on_late, c);
	why = c->late ? start(r, c) : sp_err_text(SP_ENOMEM);
	if (why != NULL) {
		over(c, false, why);
		return;
	}
	sp_watch_in(c->late, START_US);
	sp_watch_in(r->look, LOOK_US);
}

static void started(struct sp_records *r, struct sp_mon_in *in)
{
	struct rec *c = r->first;

	/* Those of another scribe's have its numbers, and a link. */
	while (c != NULL && (c->number != in->body.recorder_started.number || c->link >= 0)) {
		c = c->next;
	}
	if (c == NULL) {
		return; /* it was too late */
	}
	c->link = sp_mon_take_fd(in, 0);
	c->stream = sp_mon_take_fd(in, 1);
	if (c->link < 0) {
		over(c, false, in->body.recorder_started.text);
		return;
	}
	c->watch = sp_loop_fd(r->conf.loop, c->link, SP_LOOP_READ, on_link, c);
	if (c->watch == NULL) {
		over(c, false, sp_err_text(SP_ENOMEM));
	}
}

/* One that the scribe before us has begun. It says at once how far it is, and goes on. */
static void adopt(struct sp_records *r, struct sp_mon_in *in)
{
	const struct sp_msg_recorder_start *m = &in->body.recorder_start;
	struct rec *c = add(r, m->conn);

	if (c == NULL) {
		return; /* with its link it loses us, and ends */
	}
	memcpy(c->id, m->id, sizeof(c->id));
	memcpy(c->of.session, m->session, sizeof(c->of.session));
	memcpy(c->of.user, m->user, sizeof(c->of.user));
	memcpy(c->of.target, m->target, sizeof(c->of.target));
	memcpy(c->of.from, m->from, sizeof(c->of.from));
	c->number = m->number;
	c->begun_us = m->begun_us;
	c->begun = c->runs = true;
	c->link = sp_mon_take_fd(in, 0);
	c->late = sp_loop_timer(r->conf.loop, on_late, c);
	c->watch = c->late ? sp_loop_fd(r->conf.loop, c->link, SP_LOOP_READ, on_link, c) : NULL;
	if (c->watch == NULL) {
		over(c, false, sp_err_text(SP_ENOMEM));
		return;
	}
	sp_log(SP_LOG_INFO, "recording %s goes on", c->id);
	sp_watch_in(r->look, LOOK_US);
}

int sp_records_message(struct sp_records *r, int fd, struct sp_mon_in *in)
{
	if (fd == r->conf.keeper && in->type == SP_MSG_RECORD_OPEN) {
		open_one(r, &in->body.record_open);
		return SP_OK;
	}
	if (fd == r->conf.parent && in->type == SP_MSG_RECORDER_STARTED) {
		started(r, in);
		return SP_OK;
	}
	if (fd == r->conf.parent && in->type == SP_MSG_RECORDER_ADOPT) {
		adopt(r, in);
		return SP_OK;
	}
	return SP_EDENIED;
}

/* ---- its life ---- */

/* In order, with an end in the file; the recorder has little time for that. */
static void stop(struct rec *c, const char *why)
{
	struct sp_msg_record_stop m = {.text = ""};

	snprintf(m.text, sizeof(m.text), "%s", why);
	c->stops = why;
	sp_watch_in(c->late, STOP_US);
	if (!c->runs || sp_mon_say(c->link, RECORD_STOP, &m) != SP_OK) {
		over(c, false, why);
	}
}

/* Without room for what comes, what is there is brought to an end while that still has room. */
static void on_look(void *user)
{
	struct sp_records *r = user;
	const char *why = r->conf.full ? r->conf.full(r->conf.user) : NULL;

	for (struct rec *c = why ? r->first : NULL, *next; c != NULL; c = next) {
		next = c->next;
		if (c->stops == NULL) {
			stop(c, why);
		}
	}
	if (r->first != NULL) {
		sp_watch_in(r->look, LOOK_US);
	}
}

/* Each has a link, and a stream until the keeper gets it; the jail leaves what there may be. */
static size_t most(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) != 0 || l.rlim_max >= SP_RECORDS_FILES) {
		return SP_RECORDS_MAX;
	}
	return l.rlim_max > SP_RECORDS_OTHER_FILES ? (l.rlim_max - SP_RECORDS_OTHER_FILES) / 2 : 0;
}

struct sp_records *sp_records_create(const struct sp_records_conf *conf)
{
	struct sp_records *r = sp_calloc(1, sizeof(*r));

	if (r == NULL) {
		return NULL;
	}
	r->conf = *conf;
	r->most = most();
	r->look = sp_loop_timer(conf->loop, on_look, r);
	r->dir = open(conf->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (r->look == NULL || r->dir < 0) {
		sp_records_destroy(r);
		return NULL;
	}
	if (gethostname(r->host, sizeof(r->host) - 1) != 0) {
		r->host[0] = '\0';
	}
	sp_log_clean(r->host);
	read_boot_id(r->boot_id);
	return r;
}

void sp_records_destroy(struct sp_records *r)
{
	if (r == NULL) {
		return;
	}
	while (r->first != NULL) {
		drop(r->first);
	}
	sp_watch_remove(r->look);
	sp_fd_close(&r->dir);
	sp_free(r);
}

void sp_records_figures(const struct sp_records *r, struct sp_msg_scribe_figures *out)
{
	for (const struct rec *c = r->first; c != NULL; c = c->next) {
		out->recordings += c->runs;
		out->lag_us = c->head.lag_us > out->lag_us ? c->head.lag_us : out->lag_us;
	}
}

size_t sp_records_count(const struct sp_records *r)
{
	return r->n;
}
