/* host/monitor/teller.c - see teller.h. */
#include "host/monitor/teller.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "host/io/fdio.h"
#include "host/monitor/mon.h"

#define SENDER 16
/* Refusals for a lack of room that one turn of the loop can tell. */
#define REFUSED 16384

/* An event until it is durable; in the order of the tickets. */
struct told {
	struct told *next;
	uint64_t ticket;
	uint64_t who; /* waits; 0: nobody, or nobody any more */
	uint64_t until_us; /* so long */
	uint64_t stands_for; /* events that nobody has any more, when this one is not kept */
	size_t n;
	uint8_t b[];
};

struct sp_teller {
	struct sp_loop *loop;
	const struct sp_teller_calls *calls;
	void *user;
	int fd; /* -1: no scribe */
	struct sp_watch *watch, *timer;
	uint64_t wait_us;
	uint64_t gone_us; /* since when there is none; 0: there is one */
	uint64_t last; /* ticket that was given */
	uint8_t sender[SENDER];
	bool low; /* nothing new may begin: the scribe has said why */
	char why[SP_TEXT_WHY];
	struct told *first, **end; /* kept, the oldest first */
	struct told *next; /* the first that this scribe was not told; NULL: it has all */
	size_t n;
	uint64_t dropped; /* events that nobody has, since that was told */
	/* Tickets that were refused before they were given to anybody: the loop says so. */
	struct {
		uint64_t ticket, who;
		const char *why;
	} refused[REFUSED];
	size_t n_refused;
};

static void say_on(struct sp_teller *t);

static void arm(struct sp_teller *t)
{
	uint64_t due = t->n_refused > 0 ? 1 : 0;

	for (const struct told *e = t->first; e != NULL && due == 0; e = e->next) {
		due = e->who != 0 ? e->until_us : 0;
	}
	sp_watch_at(t->timer, due);
}

static void lose_scribe(struct sp_teller *t)
{
	sp_watch_remove(t->watch);
	t->watch = NULL;
	sp_fd_close(&t->fd);
	t->next = t->first;
	if (t->gone_us == 0) {
		t->gone_us = sp_now_us();
	}
}

static void refuse(struct sp_teller *t, uint64_t ticket, uint64_t who, const char *why)
{
	if (t->calls != NULL && who != 0) {
		t->calls->refused(t->user, ticket, who, why);
	}
}

static void take_out(struct sp_teller *t, struct told **at)
{
	struct told *e = *at;

	*at = e->next;
	if (t->end == &e->next) {
		t->end = at;
	}
	if (t->next == e) {
		t->next = e->next;
	}
	t->n--;
	sp_free(e);
}

/* ---- what the scribe says ---- */

static void audited(struct sp_teller *t, const struct sp_msg_audited *m)
{
	struct told **at = &t->first;

	if (m->result == SP_AUDITED_OK) {
		while (t->first != NULL && t->first != t->next && t->first->ticket <= m->ticket) {
			take_out(t, &t->first);
		}
		if (t->calls != NULL) {
			t->calls->durable(t->user, m->ticket);
		}
		return;
	}
	while (*at != NULL && *at != t->next && (*at)->ticket != m->ticket) {
		at = &(*at)->next;
	}
	if (*at == NULL || *at == t->next) {
		return; /* given up before */
	}
	uint64_t who = (*at)->who;
	t->dropped += (*at)->stands_for;
	take_out(t, at);
	refuse(t, m->ticket, who, m->text);
}

static void hear(struct sp_teller *t)
{
	struct sp_mon_in in;
	int rc;

	while ((rc = sp_mon_recv(t->fd, &in)) == 1) {
		if (in.type == SP_MSG_AUDITED) {
			audited(t, &in.body.audited);
		} else if (in.type == SP_MSG_SCRIBE_STATE) {
			t->low = in.body.scribe_state.mood != SP_SCRIBE_WELL;
			memcpy(t->why, in.body.scribe_state.text, sizeof(t->why));
		} else if (t->calls != NULL && t->calls->other != NULL) {
			t->calls->other(t->user, &in);
		}
		sp_mon_in_finish(&in);
	}
	if (rc != 0) {
		sp_log(rc == SP_ECLOSED ? SP_LOG_DEBUG : SP_LOG_ERROR, "sp-scribe: %s",
				sp_err_text(rc));
		lose_scribe(t);
	}
}

static void on_scribe(void *user, unsigned events)
{
	struct sp_teller *t = user;

	hear(t);
	say_on(t);
	arm(t);
}

/* ---- what it is told ---- */

static int say(struct sp_teller *t, const struct told *e)
{
	static struct sp_msg_audit m; /* 8 KiB */

	m.ticket = e->ticket;
	m.n = (uint32_t)e->n;
	memcpy(m.event, e->b, e->n);
	memset(m.event + e->n, 0, sizeof(m.event) - e->n);
	return sp_mon_say(t->fd, AUDIT, &m);
}

/* As much as the socket takes; the rest when it has room again. */
static void say_on(struct sp_teller *t)
{
	int rc = SP_OK;

	while (t->fd >= 0 && t->next != NULL && (rc = say(t, t->next)) == SP_OK) {
		t->next = t->next->next;
	}
	/* When it is gone, what it said before is heard first, and not from here. */
	if (t->watch != NULL) {
		sp_watch_want(t->watch, SP_LOOP_READ | (rc != SP_OK ? SP_LOOP_WRITE : 0));
	}
}

static void on_late(void *user)
{
	struct sp_teller *t = user;
	uint64_t now = sp_now_us();

	for (size_t i = 0; i < t->n_refused; i++) {
		refuse(t, t->refused[i].ticket, t->refused[i].who, t->refused[i].why);
	}
	t->n_refused = 0;
	/* It may be written yet, and tells what was tried; but nobody goes on because of it. */
	for (struct told *e = t->first; e != NULL; e = e->next) {
		if (e->who != 0 && e->until_us <= now) {
			uint64_t who = e->who;
			e->who = 0;
			refuse(t, e->ticket, who,
					t->fd < 0 ? "sp-scribe is not there"
						  : "sp-scribe does not answer");
		}
	}
	arm(t);
}

/* The loop says so: whoever tells is not called back while he does. */
static uint64_t refuse_soon(struct sp_teller *t, uint64_t ticket, uint64_t who, const char *why)
{
	if (who == 0 || t->n_refused == REFUSED) {
		return 0;
	}
	t->refused[t->n_refused].ticket = ticket;
	t->refused[t->n_refused].why = why;
	t->refused[t->n_refused++].who = who;
	sp_watch_at(t->timer, 1);
	return ticket;
}

static uint64_t until(const struct sp_teller *t)
{
	uint64_t now = sp_now_us();
	/* For one that has been gone for long nobody waits. */
	uint64_t from = t->gone_us != 0 ? t->gone_us : now;

	return from + t->wait_us > now ? from + t->wait_us : now;
}

static uint64_t keep(struct sp_teller *t, const struct sp_audit_event *ev, uint64_t who,
		uint64_t stands_for)
{
	struct told *e = NULL;

	if (t->n < SP_TELLER_EVENTS) {
		e = sp_malloc(sizeof(*e) + ev->n);
	}
	t->last++;
	if (e == NULL) {
		t->dropped++;
		return refuse_soon(t, t->last, who, "too much waits to be written");
	}
	*e = (struct told){.ticket = t->last,
			.who = t->low ? 0 : who,
			.stands_for = stands_for,
			.n = ev->n};
	memcpy(e->b, ev->b, ev->n);
	*t->end = e;
	t->end = &e->next;
	t->n++;
	if (t->next == NULL) {
		t->next = e;
		say_on(t);
	}
	if (who != 0 && t->low) {
		/* What runs tells its end yet; nothing begins. */
		return refuse_soon(t, e->ticket, who, t->why);
	}
	if (who != 0) {
		e->until_us = until(t);
		arm(t);
	}
	return e->ticket;
}

/* So that what is missing is known to be missing; also when this is refused, too. */
static void own_up(struct sp_teller *t)
{
	struct sp_audit_event e;
	uint64_t n = t->dropped;

	if (n == 0 || t->n >= SP_TELLER_EVENTS - 1) {
		return;
	}
	t->dropped = 0;
	sp_audit_init(&e, SP_AUDIT_AUDIT_DROPPED, SP_OUTCOME_FAILED);
	sp_audit_num(&e, SP_F_COUNT, n);
	if (keep(t, &e, 0, n) == 0) {
		t->dropped = n;
	}
}

uint64_t sp_teller_tell(struct sp_teller *t, const struct sp_audit_event *ev, uint64_t who)
{
	if (t->dropped > 0 && t->fd >= 0) {
		own_up(t);
	}
	return keep(t, ev, who, 1);
}

/* ---- life ---- */

static bool make_sender(struct sp_teller *t)
{
	return getrandom(t->sender, sizeof(t->sender), 0) == (ssize_t)sizeof(t->sender);
}

struct sp_teller *sp_teller_create(
		struct sp_loop *loop, const struct sp_teller_calls *calls, void *user)
{
	struct sp_teller *t = sp_calloc(1, sizeof(*t));

	if (t == NULL) {
		return NULL;
	}
	t->loop = loop;
	t->calls = calls;
	t->user = user;
	t->fd = -1;
	t->end = &t->first;
	t->wait_us = SP_TELLER_WAIT_US;
	t->gone_us = sp_now_us();
	t->timer = sp_loop_timer(loop, on_late, t);
	if (t->timer == NULL || !make_sender(t)) {
		sp_watch_remove(t->timer);
		sp_free(t);
		return NULL;
	}
	return t;
}

void sp_teller_destroy(struct sp_teller *t)
{
	if (t == NULL) {
		return;
	}
	while (t->first != NULL) {
		take_out(t, &t->first);
	}
	sp_watch_remove(t->watch);
	sp_watch_remove(t->timer);
	sp_fd_close(&t->fd);
	sp_free(t);
}

int sp_teller_scribe(struct sp_teller *t, int fd)
{
	lose_scribe(t);
	if (fd < 0) {
		return SP_OK;
	}
	t->fd = fd;
	t->watch = sp_loop_fd(t->loop, fd, SP_LOOP_READ, on_scribe, t);
	if (t->watch == NULL || sp_fd_nonblock(fd, true) != SP_OK) {
		int rc = t->watch == NULL ? SP_ENOMEM : SP_ESYS;
		lose_scribe(t);
		return rc;
	}
	t->gone_us = 0;
	t->low = false; /* until it says so */
	struct sp_msg_audit_hello hello = {0};
	memcpy(hello.sender, t->sender, sizeof(hello.sender));
	int rc = sp_mon_say(fd, AUDIT_HELLO, &hello);
	if (rc == SP_OK) {
		say_on(t);
		own_up(t);
	}
	return rc == SP_ECLOSED ? SP_OK : rc; /* which the loop finds out */
}

void sp_teller_patience(struct sp_teller *t, uint64_t us)
{
	t->wait_us = us;
}

int sp_teller_fd(const struct sp_teller *t)
{
	return t->fd;
}

size_t sp_teller_waiting(const struct sp_teller *t)
{
	return t->n;
}

bool sp_teller_flush(struct sp_teller *t, uint64_t us)
{
	uint64_t until = sp_now_us() + us;

	own_up(t);
	for (;;) {
		uint64_t now = sp_now_us();
		if (t->fd < 0 || t->first == NULL || now >= until) {
			return t->first == NULL;
		}
		struct pollfd p = {.fd = t->fd,
				.events = (short)(POLLIN | (t->next != NULL ? POLLOUT : 0))};
		if (poll(&p, 1, (int)((until - now) / 1000) + 1) > 0) {
			hear(t);
			say_on(t);
		}
	}
}
