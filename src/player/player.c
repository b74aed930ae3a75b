/* player/player.c - see player.h. */
#include "player/player.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/view/replay.h"
#include "host/audit/rec_read.h"
#include "host/io/ipc.h"
#include "host/io/loop.h"
#include "host/io/proc.h"
#include "player/link.h"

#define OPEN_US 30000000
#define END_US 2000000

struct sp_player {
	int link;
	pid_t pid;
	const uint8_t *shared;
	uint64_t seq;
	bool waiting; /* a picture was asked for and has not come */
	struct sp_player_info info;
	struct player_shown last;
	struct sp_ipc_msg in;
};

/* ---- what the process says is checked, not believed ---- */

/* Ends within its array, and holds nothing that could forge a line of a terminal. */
static void text(char *to, const char *from, size_t cap)
{
	size_t n = strnlen(from, cap - 1);

	memmove(to, from, n);
	to[n] = '\0';
	sp_log_printable(to);
}

static bool shown_ok(struct player_shown *m)
{
	struct sp_rect all = {0, 0, (int32_t)m->w, (int32_t)m->h};

	if (m->w == 0 || m->h == 0) {
		m->w = m->h = 0;
		memset(m->changed, 0, sizeof(m->changed));
	} else if (!(m->w <= SP_REPLAY_SIDE && m->h <= SP_REPLAY_SIDE &&
				   (uint64_t)m->w * m->h <= SP_REPLAY_AREA)) {
		return false;
	}
	for (size_t i = 0; i < 4; i++) {
		if (!(0 <= m->changed[i] && m->changed[i] <= SP_REPLAY_SIDE)) {
			return false;
		}
	}
	struct sp_rect area = {m->changed[0], m->changed[1], m->changed[2], m->changed[3]};
	text(m->why, m->why, sizeof(m->why));
	return sp_rect_empty(area) || sp_rect_contains(all, area);
}

static void say_failed(const struct sp_ipc_msg *in, char why[SP_REC_WHY])
{
	struct player_failed m;

	if (sp_ipc_body(in, &m, sizeof(m)) == SP_OK) {
		text(why, m.why, SP_REC_WHY);
	} else {
		snprintf(why, SP_REC_WHY, "the player speaks in riddles");
	}
}

static int died(struct sp_player *p, char why[SP_REC_WHY])
{
	char how[128];
	int status;

	if (p->pid > 0 && sp_proc_reap(p->pid, sp_now_us() + END_US, &status) == SP_OK) {
		sp_proc_status_text(status, how, sizeof(how));
		snprintf(why, SP_REC_WHY, "the player's process %s", how);
		p->pid = 0;
	} else {
		snprintf(why, SP_REC_WHY, "the player's process is gone");
	}
	return SP_ECLOSED;
}

/* ---- life ---- */

/* Memory that both see and nobody can make shorter. */
static int share(int *fd, const uint8_t **mem)
{
	*fd = memfd_create("sallyport-player", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*fd < 0 || ftruncate(*fd, (off_t)PLAYER_SHARED) != 0 ||
			fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
		return SP_ESYS;
	}
	void *p = mmap(NULL, PLAYER_SHARED, PROT_READ, MAP_SHARED, *fd, 0);
	if (p == MAP_FAILED) {
		return SP_ESYS;
	}
	*mem = p;
	return SP_OK;
}

static int start_process(struct sp_player *p, char why[SP_REC_WHY])
{
	const char *const argv[] = {"sp-player", NULL};
	char path[1024], said[SP_WHY_MAX] = "";
	int pair[2];

	if (sp_proc_find("sp-player", path, sizeof(path)) != SP_OK) {
		snprintf(why, SP_REC_WHY, "sp-player is not there");
		return SP_ENOTFOUND;
	}
	if (sp_ipc_pair(pair) != SP_OK) {
		snprintf(why, SP_REC_WHY, "%s", strerror(errno));
		return SP_ESYS;
	}
	struct sp_proc_spec spec = {.path = path,
			.argv = argv,
			.fds = &pair[1],
			.nfds = 1,
			.out = -1,
			.err = -1,
			.new_session = true,
			.death_signal = SIGKILL};
	int rc = sp_proc_start(&spec, &p->pid, said);
	if (rc != SP_OK) {
		snprintf(why, SP_REC_WHY, "%s", said);
		sp_fd_close(&pair[0]);
	} else {
		p->link = pair[0];
	}
	sp_fd_close(&pair[1]);
	return rc;
}

static int send_start(struct sp_player *p, const struct sp_player_conf *conf, char why[SP_REC_WHY])
{
	struct player_start m = {.has_index = conf->index >= 0};
	int fds[3] = {conf->recording, -1, conf->index};
	struct sp_rec_reader *reader;

	int rc = sp_rec_reader_open(&reader, conf->recording, conf->key, why);
	if (rc != SP_OK) {
		return rc;
	}
	rc = sp_rec_reader_key(reader, m.key);
	sp_rec_reader_destroy(reader);
	if (rc == SP_OK) {
		rc = share(&fds[1], &p->shared);
	}
	if (rc == SP_OK) {
		rc = sp_ipc_send(p->link, PLAYER_START, &m, sizeof(m), fds, m.has_index ? 3 : 2);
	}
	if (rc != SP_OK) {
		snprintf(why, SP_REC_WHY, "%s", rc == SP_ESYS ? strerror(errno) : sp_err_text(rc));
	}
	sp_fd_close(&fds[1]);
	sp_wipe(&m, sizeof(m));
	return rc;
}

static int take_opened(struct sp_player *p, char why[SP_REC_WHY])
{
	struct player_opened m;

	int rc = sp_ipc_wait(p->link, &p->in, 0, sp_now_us() + OPEN_US);
	if (rc == SP_ECLOSED) {
		return died(p, why);
	}
	if (rc == SP_OK && p->in.type == PLAYER_FAILED) {
		say_failed(&p->in, why);
		return SP_EFIELD;
	}
	if (rc == SP_OK) {
		rc = p->in.type == PLAYER_OPENED ? sp_ipc_body(&p->in, &m, sizeof(m)) : SP_ESTATE;
	}
	if (rc != SP_OK) {
		snprintf(why, SP_REC_WHY, "the player: %s", sp_err_text(rc));
		return rc;
	}
	text(p->info.id, m.id, sizeof(m.id));
	text(p->info.user, m.user, sizeof(m.user));
	text(p->info.target, m.target, sizeof(m.target));
	text(p->info.host, m.host, sizeof(m.host));
	text(p->info.from, m.from, sizeof(m.from));
	p->info.wall_us = m.wall_us;
	p->info.end_us = m.end_us;
	p->info.most_w = m.most_w <= SP_REPLAY_SIDE ? m.most_w : 0;
	p->info.most_h = m.most_h <= SP_REPLAY_SIDE ? m.most_h : 0;
	p->info.whole = m.whole & 1;
	return SP_OK;
}

int sp_player_open(struct sp_player **out, const struct sp_player_conf *conf, char why[SP_REC_WHY])
{
	struct sp_player *p = sp_calloc(1, sizeof(*p));

	*out = NULL;
	if (!p) {
		snprintf(why, SP_REC_WHY, "%s", sp_err_text(SP_ENOMEM));
		return SP_ENOMEM;
	}
	p->link = -1;
	int rc = start_process(p, why);
	rc = rc == SP_OK ? send_start(p, conf, why) : rc;
	rc = rc == SP_OK ? take_opened(p, why) : rc;
	if (rc != SP_OK) {
		sp_player_destroy(p);
		return rc;
	}
	*out = p;
	return SP_OK;
}

void sp_player_destroy(struct sp_player *p)
{
	int status;

	if (!p) {
		return;
	}
	sp_fd_close(&p->link);
	if (p->pid > 0) {
		kill(p->pid, SIGKILL); /* it has nothing to put in order */
		(void)!sp_proc_reap(p->pid, sp_now_us() + END_US, &status);
	}
	if (p->shared) {
		munmap((void *)(uintptr_t)p->shared, PLAYER_SHARED);
	}
	sp_free(p);
}

const struct sp_player_info *sp_player_info(const struct sp_player *p)
{
	return &p->info;
}

int sp_player_fd(const struct sp_player *p)
{
	return p->link;
}

/* ---- pictures ---- */

int sp_player_go(struct sp_player *p, uint64_t us, bool pointer)
{
	struct player_go m = {.seq = ++p->seq, .us = us, .pointer = pointer};

	p->waiting = true;
	return sp_ipc_send(p->link, PLAYER_GO, &m, sizeof(m), NULL, 0);
}

static void fill(const struct sp_player *p, struct sp_player_shown *out)
{
	const struct player_shown *m = &p->last;

	*out = (struct sp_player_shown){.at_us = m->at_us,
			.next_us = m->next_us,
			.end_us = m->end_us,
			.damaged = m->damaged,
			.keys = m->keys,
			.whole = m->whole & 1,
			.active = m->active & 1,
			.w = m->w,
			.h = m->h,
			.changed = {m->changed[0], m->changed[1], m->changed[2], m->changed[3]},
			.px = m->w > 0 ? p->shared : NULL,
			.why = m->why};
}

/* 1: it is the answer to the last question; 0: something else. */
static int take(struct sp_player *p, uint64_t *busy_us, char why[SP_REC_WHY])
{
	struct player_shown shown;
	struct player_busy busy;

	switch (p->in.type) {
	case PLAYER_SHOWN:
		if (sp_ipc_body(&p->in, &shown, sizeof(shown)) != SP_OK || !shown_ok(&shown)) {
			break;
		}
		if (shown.seq != p->seq) {
			return 0;
		}
		p->last = shown;
		p->waiting = false;
		return 1;
	case PLAYER_BUSY:
		if (sp_ipc_body(&p->in, &busy, sizeof(busy)) != SP_OK) {
			break;
		}
		if (busy_us && busy.seq == p->seq) {
			*busy_us = busy.at_us;
		}
		return 0;
	case PLAYER_FAILED:
		say_failed(&p->in, why);
		return SP_EPROTO;
	default:
		break;
	}
	snprintf(why, SP_REC_WHY, "the player says what it must not say");
	return SP_EPROTO;
}

int sp_player_wait(struct sp_player *p, uint64_t deadline_us, struct sp_player_shown *out,
		uint64_t *busy_us, char why[SP_REC_WHY])
{
	int rc = p->waiting ? 0 : 1;

	while (rc == 0) {
		rc = sp_ipc_wait(p->link, &p->in, 0, deadline_us);
		if (rc == SP_ETIMEOUT) {
			return 0;
		}
		if (rc == SP_ECLOSED) {
			return died(p, why);
		}
		if (rc != SP_OK) {
			snprintf(why, SP_REC_WHY, "the player: %s", sp_err_text(rc));
			return rc;
		}
		rc = take(p, busy_us, why);
		if (rc == 0 && busy_us && p->in.type == PLAYER_BUSY) {
			return 0; /* who shows progress wants to know */
		}
	}
	if (rc == 1) {
		fill(p, out);
	}
	return rc;
}
