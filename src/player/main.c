/* player/main.c - sp-player: parses a recording in a jail; shows it by shared memory, or indexes it. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "host/audit/rec_index_start.h"
#include "host/io/fdio.h"
#include "host/io/hostlog.h"
#include "host/io/ipc.h"
#include "host/io/jail.h"
#include "host/io/loop.h"
#include "host/lib/h264.h"
#include "player/film.h"
#include "player/link.h"

#define FOREVER_US (365ull * 24 * 3600 * 1000000)
#define SPEND_US 40000 /* until it is looked whether something else is wanted */
#define BUSY_US 200000 /* between two words that it takes a while */
/* Of an index that is made beside sessions, and of its maker. */
#define BESIDE_SHARE 25
#define BESIDE_ROOM ((size_t)768 << 20)
#define BESIDE_MEMORY ((size_t)256 << 20)
#define BESIDE_LATE_US 60000000
#define NICE 19
#define NICE_TEXT "19"

struct player {
	struct sp_film *film;
	uint8_t *shared;
	struct player_go go;
	bool has_go, drew; /* drew: the last picture had the pointer in it */
	uint64_t said_us; /* the last word on the wanted picture */
};

static struct sp_ipc_msg in; /* 64 KiB: not on the stack */

static int say(uint32_t type, const void *body, size_t n)
{
	return sp_ipc_send(PLAYER_FD, type, body, n, NULL, 0);
}

static int fail(int err, const char *why)
{
	struct player_failed m = {.err = err};

	snprintf(m.why, sizeof(m.why), "%s", why);
	int rc = say(PLAYER_FAILED, &m, sizeof(m));
	return rc == SP_OK ? err : rc;
}

/* ---- start ---- */

static int enter(struct sp_jail_spec *spec)
{
	struct sp_jail_report report;
	char why[SP_WHY_MAX] = "";

	/* A library is loaded while there are files; without it there are no films. */
	(void)sp_h264_there();
	int rc = sp_jail_enter(spec, &report, why);
	if (rc != SP_OK) {
		sp_log(SP_LOG_ERROR, "%s", why);
	}
	return rc;
}

static const struct sp_h264_impl *h264(void)
{
	return sp_h264_there() ? &sp_h264_openh264 : NULL;
}

static int opened(const struct player *p)
{
	const struct sp_film_info *info = sp_film_info(p->film);
	struct player_opened m = {.wall_us = info->wall_us};
	struct sp_film_state st;

	sp_film_state(p->film, &st);
	m.end_us = st.end_us;
	m.whole = st.whole;
	m.most_w = info->most_w;
	m.most_h = info->most_h;
	snprintf(m.id, sizeof(m.id), "%s", info->id);
	snprintf(m.user, sizeof(m.user), "%s", info->meta.user);
	snprintf(m.target, sizeof(m.target), "%s", info->meta.target);
	snprintf(m.host, sizeof(m.host), "%s", info->meta.host);
	snprintf(m.from, sizeof(m.from), "%s", info->meta.from);
	return say(PLAYER_OPENED, &m, sizeof(m));
}

static int start(struct player *p)
{
	struct sp_jail_spec spec = {.class = SP_JAIL_PLAYER};
	struct sp_film_conf conf = {.index = -1};
	struct player_start m;
	char why[SP_REC_WHY] = "";

	int rc = sp_ipc_wait(PLAYER_FD, &in, SP_IPC_FDS, sp_now_us() + FOREVER_US);
	if (rc != SP_OK) {
		return rc;
	}
	rc = in.type == PLAYER_START ? sp_ipc_body(&in, &m, sizeof(m)) : SP_ESTATE;
	sp_wipe(in.p, sizeof(in.p));
	if (rc != SP_OK) {
		return rc;
	}
	conf.recording = sp_ipc_take_fd(&in, 0);
	int memory = sp_ipc_take_fd(&in, 1);
	conf.index = m.has_index ? sp_ipc_take_fd(&in, 2) : -1;
	p->shared = mmap(NULL, PLAYER_SHARED, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	if (p->shared == MAP_FAILED) {
		return SP_ESYS;
	}
	sp_fd_close(&memory);
	rc = enter(&spec);
	if (rc != SP_OK) {
		return fail(rc, "no jail");
	}
	conf.key = m.key;
	conf.h264 = h264();
	rc = sp_film_open(&p->film, &conf, why);
	sp_wipe(&m, sizeof(m));
	return rc == SP_OK ? opened(p) : fail(rc, why);
}

/* ---- pictures ---- */

/* The part that changed, or all of it where the pointer is drawn. */
static void copy(struct player *p, const uint8_t *px, uint32_t w, uint32_t h, struct sp_rect area)
{
	if (p->go.pointer || p->drew) {
		if (p->go.pointer) {
			sp_replay_compose(sp_film_replay(p->film), p->shared);
		} else {
			memcpy(p->shared, px, (size_t)w * h * 4);
		}
		p->drew = p->go.pointer;
		return;
	}
	for (int32_t y = area.y; y < area.y + area.h; y++) {
		size_t at = ((size_t)y * w + (size_t)area.x) * 4;

		memcpy(p->shared + at, px + at, (size_t)area.w * 4);
	}
}

static int show(struct player *p)
{
	struct sp_replay *replay = sp_film_replay(p->film);
	struct player_shown m = {.seq = p->go.seq};
	struct sp_film_state st;

	sp_film_state(p->film, &st);
	m.at_us = st.at_us;
	m.next_us = st.next_us;
	m.end_us = st.end_us;
	m.damaged = st.damaged;
	m.keys = st.keys;
	m.whole = st.whole;
	m.active = sp_replay_active(replay);
	memcpy(m.why, st.why, sizeof(m.why));
	const uint8_t *px = sp_replay_picture(replay, &m.w, &m.h);
	struct sp_rect area = sp_film_changed(p->film);
	if (px && p->go.pointer != p->drew) {
		area = (struct sp_rect){0, 0, (int32_t)m.w, (int32_t)m.h};
	}
	if (px && !sp_rect_empty(area)) {
		copy(p, px, m.w, m.h, area);
	}
	m.changed[0] = area.x;
	m.changed[1] = area.y;
	m.changed[2] = area.w;
	m.changed[3] = area.h;
	return say(PLAYER_SHOWN, &m, sizeof(m));
}

/* ---- the loop ---- */

/* Waits until deadline_us for what is wanted, and takes the newest of it. */
static int hear(struct player *p, uint64_t deadline_us)
{
	int rc = sp_ipc_wait(PLAYER_FD, &in, 0, deadline_us);

	while (rc == SP_OK || rc == 1) {
		struct player_go go;

		rc = in.type == PLAYER_GO ? sp_ipc_body(&in, &go, sizeof(go)) : SP_ESTATE;
		if (rc != SP_OK) {
			return rc;
		}
		p->go = go;
		p->has_go = true;
		p->said_us = sp_now_us();
		rc = sp_ipc_recv(PLAYER_FD, &in, 0);
		if (rc == 0) {
			return SP_OK;
		}
	}
	return rc == SP_ETIMEOUT ? SP_OK : rc;
}

static int work(struct player *p)
{
	int rc = sp_film_to(p->film, p->go.us, SPEND_US);

	if (rc < 0) {
		return fail(rc, sp_err_text(rc));
	}
	if (rc == 1) {
		p->has_go = false;
		return show(p);
	}
	if (sp_now_us() - p->said_us >= BUSY_US) {
		struct sp_film_state st;

		sp_film_state(p->film, &st);
		struct player_busy m = {.seq = p->go.seq, .at_us = st.at_us};
		p->said_us = sp_now_us();
		return say(PLAYER_BUSY, &m, sizeof(m));
	}
	return SP_OK;
}

static int run(struct player *p)
{
	int rc = start(p);

	while (rc == SP_OK) {
		rc = hear(p, p->has_go ? 1 : sp_now_us() + FOREVER_US);
		if (rc == SP_OK && p->has_go) {
			rc = work(p);
		}
	}
	return rc == SP_ECLOSED ? SP_OK : rc;
}

/* ---- the index ---- */

/* The other end of the pipe closes when the recording is over. */
static bool go_on(void *user, unsigned wait_ms)
{
	struct pollfd pfd = {.fd = SP_REC_INDEX_FD_KEY, .events = POLLIN};

	(void)user;
	return poll(&pfd, 1, (int)wait_ms) <= 0;
}

/*
 * Sessions go before it. Where the kernel schedules groups, each of our processes is one, as it has a
 * session of its own; what counts between groups is another number.
 */
static void step_back(void)
{
	int fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);

	if (setpriority(PRIO_PROCESS, 0, NICE) != 0) {
		sp_log(SP_LOG_DEBUG, "index: priority as others");
	}
	if (fd < 0 || write(fd, NICE_TEXT, strlen(NICE_TEXT)) < 0) {
		sp_log(SP_LOG_DEBUG, "index: no group of its own");
	}
	sp_fd_close(&fd);
}

static int make_index(bool beside)
{
	struct sp_jail_spec spec = {.class = SP_JAIL_PLAYER,
			.memory = beside ? BESIDE_ROOM : 0,
			.writes_file = true};
	struct sp_film_index_conf conf = {.recording = SP_REC_INDEX_FD_RECORDING,
			.fd = SP_REC_INDEX_FD_INDEX,
			.go_on = go_on};
	struct sp_film_index_result made;
	uint8_t key[SP_REC_KEY];
	char why[SP_REC_WHY] = "";

	step_back();
	int rc = enter(&spec);
	if (rc != SP_OK) {
		return rc;
	}
	for (size_t n = 0; n < sizeof(key);) {
		ssize_t got = read(SP_REC_INDEX_FD_KEY, key + n, sizeof(key) - n);

		if (got <= 0) {
			return SP_ECLOSED; /* nobody wants it */
		}
		n += (size_t)got;
	}
	conf.key = key;
	conf.h264 = h264();
	if (beside) {
		conf.share = BESIDE_SHARE;
		conf.memory = BESIDE_MEMORY;
		conf.late_us = BESIDE_LATE_US;
	}
	rc = sp_film_index(&conf, &made, why);
	sp_wipe(key, sizeof(key));
	if (rc == SP_ENOTFOUND && beside) {
		sp_log(SP_LOG_DEBUG, "index: %s", why);
		return SP_OK;
	}
	if (rc != SP_OK) {
		sp_log(SP_LOG_WARN, "index: %s", why);
		return rc;
	}
	sp_log(SP_LOG_DEBUG, "index: %llu frames, %llu key frames in %llu bytes",
			(unsigned long long)made.frames, (unsigned long long)made.keys,
			(unsigned long long)made.bytes);
	return SP_OK;
}

int main(int argc, char **argv)
{
	static struct player p;
	enum sp_log_level level = getenv("SP_LOG_DEBUG") ? SP_LOG_DEBUG : SP_LOG_INFO;
	bool indexes = argc > 1 && strcmp(argv[1], "--index") == 0;
	bool beside = indexes && argc > 2 && strcmp(argv[2], "beside") == 0;
	bool tests = argc == 2 && strcmp(argv[1], "--selftest") == 0;
	int rc;

	/* Where a command starts it, a person reads its lines. */
	if (beside || tests) {
		sp_hostlog_open_raw(level);
	} else {
		sp_hostlog_open("sp-player", level);
	}
	if (tests) {
		return sp_jail_selftest_main(&(struct sp_jail_spec){.class = SP_JAIL_PLAYER});
	}
	rc = indexes ? make_index(beside) : run(&p);
	sp_film_destroy(p.film);
	return rc == SP_OK ? 0 : 1;
}
