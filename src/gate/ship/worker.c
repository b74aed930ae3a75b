/* gate/ship/worker.c - see worker.h. */
#include "gate/ship/worker.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "host/io/loop.h"

#define BATCH_MAX (SP_WORKER_BYTES + 4 * SP_RENDER_MAX)
#define FIRST_US 250000 /* the pause after a failure; it doubles up to: */
#define LAST_US 30000000
#define STORE_US 500000 /* the pause when the store cannot be read */
#define IDLE_US 60000000
#define REFUSALS 3 /* so often what is refused is sent */
#define SKIPS 4096 /* records that a destination does not want are noted together */

struct sp_worker {
	struct sp_worker_conf c;
	struct sp_mark done; /* confirmed, and in the file */
	/* Sent, and not there for long enough: up to held, and since then up to last. */
	bool holds;
	struct sp_mark held, last;
	uint64_t held_us; /* when held is confirmed */
	uint64_t next; /* the record to read */
	uint64_t saved; /* what the file has */
	struct sp_wr batch;
	/* While a batch is read. */
	uint64_t n, wanted, gap;
	struct sp_mark end;
	int rc;
	/* After failures. */
	uint64_t again_us, pause_us;
	uint32_t refused;
	uint64_t single; /* up to here records go one by one: one of them is refused */
	bool trouble, blind; /* the destination's, the store's: told once */
};

/* ---- marks ---- */

static void note(struct sp_worker *w, const struct sp_mark *m, bool save)
{
	struct sp_board *b = w->c.board;
	size_t i = w->c.index;

	w->done = *m;
	b->to[i].done = m->seq;
	b->to[i].done_ns = m->wall_ns;
	b->to[i].missed = m->missed;
	/* Whoever sends again looks again at what the destination does not want, no more. */
	if (!save) {
		return;
	}
	w->saved = m->seq;
	if (sp_mark_save(w->c.mark, m) != SP_OK) {
		sp_log(SP_LOG_ERROR, "%s: %s: %s: after a restart more is sent again", w->c.name,
				w->c.mark, strerror(errno));
	}
}

/* From what is confirmed on, all again. */
static void rewind_to_done(struct sp_worker *w)
{
	w->holds = false;
	w->next = w->done.seq + 1;
}

/* ---- failures ---- */

static void failed(struct sp_worker *w, uint64_t now_us)
{
	w->c.board->to[w->c.index].up = 0;
	w->c.board->to[w->c.index].failures++;
	w->c.sink->impl->reset(w->c.sink);
	rewind_to_done(w);
	w->pause_us = w->pause_us == 0 ? FIRST_US : 2 * w->pause_us;
	w->pause_us = w->pause_us < LAST_US ? w->pause_us : LAST_US;
	w->again_us = now_us + w->pause_us;
	if (!w->trouble) {
		sp_log_clean(w->c.sink->why);
		sp_log(SP_LOG_WARN, "%s: %s; it gets everything later", w->c.name, w->c.sink->why);
	}
	w->trouble = true;
}

static void went_well(struct sp_worker *w)
{
	w->c.board->to[w->c.index].up = 1;
	w->pause_us = 0;
	w->refused = 0;
	if (w->trouble) {
		sp_log(SP_LOG_INFO, "%s: takes records again, from %" PRIu64 " on", w->c.name,
				w->done.seq + 1);
	}
	w->trouble = false;
}

/* ---- what is sent ---- */

static void add_missed(struct sp_worker *w, uint64_t first, uint64_t n, const char *why)
{
	sp_log(SP_LOG_ERROR, "%s: does not get %" PRIu64 " records from %" PRIu64 " on: %s",
			w->c.name, n, first, why);
	if (w->c.missed != NULL) {
		w->c.missed(w->c.user, first, n);
	}
}

static int take(void *user, const struct sp_record *r, const struct sp_audit_view *v)
{
	struct sp_worker *w = user;

	if (r->seq != w->end.seq + 1) {
		if (w->n > 0) {
			return 1; /* the next batch begins behind the gap */
		}
		w->gap = r->seq - w->end.seq - 1;
		return 1;
	}
	size_t before = w->batch.n;
	int rc = w->c.sink->impl->add(w->c.sink, r, v, &w->batch);
	if (rc < 0) {
		w->rc = rc;
		return 1;
	}
	bool single = r->seq <= w->single && w->batch.n > before;
	w->n++;
	w->wanted += w->batch.n > before ? 1 : 0;
	w->end.seq = r->seq;
	w->end.wall_ns = r->wall_ns;
	memcpy(w->end.hash, r->hash, sizeof(w->end.hash));
	return rc == 1 || single || w->batch.n >= SP_WORKER_BYTES || w->n >= SKIPS ||
					w->wanted >= SP_WORKER_RECORDS
			? 1
			: SP_OK;
}

/* Told before it is noted, and noted at once: not with each attempt to send what comes behind it. */
static void pass_gap(struct sp_worker *w)
{
	struct sp_mark m = {.seq = w->done.seq + w->gap,
			.wall_ns = w->done.wall_ns,
			.missed = w->done.missed + w->gap};

	add_missed(w, w->next, w->gap, "they are not in the audit any more");
	note(w, &m, true);
	w->next = m.seq + 1;
}

/* The records from next on, as many as make a batch. */
static int fill(struct sp_worker *w)
{
	sp_wr_reset(&w->batch);
	w->n = w->wanted = w->gap = 0;
	w->rc = SP_OK;
	w->end = w->holds ? w->last : w->done;
	int rc = sp_audit_each(w->c.store, w->next, UINT64_MAX, false, take, w, NULL);
	if (rc == SP_OK) {
		rc = w->rc;
	}
	return rc != SP_OK ? rc : sp_wr_ok(&w->batch);
}

/* The batch is there: at once, or when it has been there for a while. */
static void arrived(struct sp_worker *w, uint64_t now_us)
{
	uint64_t hold = w->c.sink->hold_us;

	w->next = w->end.seq + 1;
	if (hold == 0) {
		note(w, &w->end, w->batch.n > 0 || w->end.seq - w->saved >= SKIPS);
		return;
	}
	w->last = w->end;
	if (!w->holds) {
		w->holds = true;
		w->held = w->end;
		w->held_us = now_us + hold;
	}
}

static void confirm(struct sp_worker *w, uint64_t now_us)
{
	if (!w->holds || now_us < w->held_us) {
		return;
	}
	if (w->c.sink->impl->look(w->c.sink) != SP_OK) {
		failed(w, now_us);
		return;
	}
	note(w, &w->held, true);
	w->holds = w->last.seq > w->held.seq;
	w->held = w->last;
	w->held_us = now_us + w->c.sink->hold_us;
}

static void deliver(struct sp_worker *w)
{
	int rc = w->batch.n > 0 ? w->c.sink->impl->put(w->c.sink, sp_span(w->batch.p, w->batch.n))
				: SP_OK;

	uint64_t now_us = w->c.now();
	if (rc == SP_EDENIED && w->wanted > 1) {
		w->single = w->end.seq; /* which one it is will be seen */
	} else if (rc == SP_EDENIED && ++w->refused >= REFUSALS) {
		add_missed(w, w->end.seq, 1, w->c.sink->why);
		w->end.missed++;
		w->refused = 0;
		rc = SP_OK;
	} else if (rc == SP_OK && w->batch.n > 0) {
		went_well(w);
		w->c.board->to[w->c.index].sent += w->wanted;
	}
	if (rc != SP_OK) {
		failed(w, now_us);
		return;
	}
	arrived(w, now_us);
}

static void store_failed(struct sp_worker *w)
{
	if (!w->blind) {
		sp_log(SP_LOG_ERROR, "%s: audit: %s", w->c.name, sp_audit_store_why(w->c.store));
	}
	w->blind = true;
}

uint64_t sp_worker_step(struct sp_worker *w)
{
	struct sp_sink *s = w->c.sink;
	uint64_t now_us = w->c.now();

	if (now_us < w->again_us) {
		return w->again_us - now_us;
	}
	/* Who went while nothing was to be sent is noticed here. */
	if (s->fd >= 0 && s->impl->look(s) != SP_OK) {
		if (w->holds) {
			failed(w, now_us);
			return w->pause_us;
		}
		s->impl->reset(s); /* it has all; for the next ones it is called again */
	}
	confirm(w, now_us);
	if (now_us < w->again_us) {
		return w->again_us - now_us;
	}
	if (fill(w) != SP_OK) {
		store_failed(w);
		return STORE_US;
	}
	w->blind = false;
	if (w->n > 0) {
		deliver(w);
		return 0;
	}
	if (w->holds) {
		return w->held_us > now_us ? w->held_us - now_us : 0;
	}
	if (w->gap > 0) {
		pass_gap(w);
		return 0;
	}
	return IDLE_US;
}

/* ---- its life ---- */

static int first(void *user, const struct sp_record *r, const struct sp_audit_view *v)
{
	struct sp_mark *m = user;

	m->seq = r->seq;
	m->wall_ns = r->wall_ns;
	memcpy(m->hash, r->hash, sizeof(m->hash));
	return 1;
}

/* The mark of the record at this place, or an empty one. */
static struct sp_mark look_up(struct sp_worker *w, uint64_t from, uint64_t to, bool back)
{
	struct sp_mark m = {0};

	if (sp_audit_each(w->c.store, from, to, back, first, &m, NULL) != SP_OK) {
		store_failed(w);
	}
	return m;
}

/* Another audit in the place of the one that was shipped begins from its first record. */
static bool is_of_this(struct sp_worker *w, const struct sp_mark *m)
{
	uint64_t head = 0;

	if (m->seq == 0 || sp_audit_last(w->c.store, &head) != SP_OK) {
		return true;
	}
	struct sp_mark there = look_up(w, m->seq, m->seq, false);
	bool other = there.seq != 0 ? memcmp(there.hash, m->hash, sizeof(m->hash)) != 0
				    : m->seq > head;
	if (other) {
		sp_log(SP_LOG_WARN,
				"%s: this is not the audit of which it has %" PRIu64
				" records; it gets all of this one",
				w->c.name, m->seq);
	}
	return !other;
}

static void begin(struct sp_worker *w)
{
	struct sp_mark m;
	int rc = sp_mark_load(w->c.mark, &m);
	bool fresh = rc != SP_OK || !is_of_this(w, &m);

	if (rc != SP_OK && rc != SP_ENOTFOUND) {
		sp_log(SP_LOG_ERROR, "%s: %s is damaged: it gets everything again", w->c.name,
				w->c.mark);
	}
	if (fresh && w->c.sink->from_now) {
		m = look_up(w, 1, UINT64_MAX, true);
	} else if (fresh) {
		/* What was removed before anybody knew of this destination is not missed. */
		struct sp_mark oldest = look_up(w, 1, UINT64_MAX, false);
		m = (struct sp_mark){.seq = oldest.seq > 0 ? oldest.seq - 1 : 0};
	}
	note(w, &m, true);
	rewind_to_done(w);
}

struct sp_worker *sp_worker_create(const struct sp_worker_conf *c)
{
	struct sp_worker *w = sp_calloc(1, sizeof(*w));

	if (w == NULL) {
		return NULL;
	}
	w->c = *c;
	sp_wr_init(&w->batch, BATCH_MAX);
	begin(w);
	return w;
}

void sp_worker_destroy(struct sp_worker *w)
{
	if (w != NULL) {
		sp_wr_finish(&w->batch);
		sp_free(w);
	}
}

const struct sp_mark *sp_worker_mark(const struct sp_worker *w)
{
	return &w->done;
}

static void wait_for(struct sp_worker *w, uint64_t us)
{
	bool paused = w->c.now() < w->again_us;
	struct pollfd p[2] = {{.fd = paused ? -1 : w->c.wake, .events = POLLIN},
			{.fd = w->c.sink->fd, .events = POLLIN}};
	uint64_t n;

	if (poll(p, 2, (int)((us + 999) / 1000)) < 0 && errno != EINTR) {
		sp_log(SP_LOG_ERROR, "poll: %s", strerror(errno));
		exit(1);
	}
	if (p[0].revents != 0 && read(w->c.wake, &n, sizeof(n)) < 0 && errno != EAGAIN) {
		exit(1);
	}
}

void sp_worker_run(struct sp_worker *w)
{
	for (;;) {
		uint64_t us = sp_worker_step(w);
		if (us > 0) {
			wait_for(w, us);
		}
	}
}
