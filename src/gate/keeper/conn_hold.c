/* gate/keeper/conn_hold.c - what a connection is told waits until the audit has why. */
#include <fcntl.h>
#include <string.h>

#include "core/base/mem.h"
#include "gate/keeper/conn_tell.h"
#include "host/io/fdio.h"

static const char unwritten[] =
		"The audit cannot be written now, so nobody is let in. Tell your administrator.";

/* One thing to be done, in its order: a message for sp-net, or a call. */
struct sp_conn_held {
	struct sp_conn_held *next;
	sp_conn_then_fn fn; /* NULL: the message */
	enum sp_msg type;
	int fds[SP_MON_FDS];
	size_t nfds, n;
	uint8_t body[];
};

static void free_held(struct sp_conn_held *h)
{
	for (size_t i = 0; i < h->nfds; i++) {
		sp_fd_close(&h->fds[i]);
	}
	sp_freezero(h, sizeof(*h) + h->n);
}

static struct sp_conn_held *take_first(struct sp_conn *c)
{
	struct sp_conn_held *h = c->held;

	if (h != NULL) {
		c->held = h->next;
		if (c->held == NULL) {
			c->held_end = &c->held;
		}
	}
	return h;
}

static void append(struct sp_conn *c, struct sp_conn_held *h)
{
	if (c->held == NULL) {
		c->held_end = &c->held;
		/* Nothing is asked on the strength of what was not said yet. */
		if (c->net_watch != NULL) {
			sp_watch_want(c->net_watch, 0);
		}
	}
	*c->held_end = h;
	c->held_end = &h->next;
}

static bool must_wait(const struct sp_conn *c)
{
	return c->held != NULL || c->wait.ticket != 0;
}

void sp_conn_drop_held(struct sp_conn *c)
{
	struct sp_conn_held *h;

	sp_keeper_unwait(c->k, &c->wait);
	while ((h = take_first(c)) != NULL) {
		free_held(h);
	}
	if (c->net_watch != NULL) {
		sp_watch_want(c->net_watch, SP_LOOP_READ);
	}
}

bool sp_conn_holds(const struct sp_conn *c)
{
	return c->held != NULL;
}

int sp_conn_send(struct sp_conn *c, enum sp_msg type, const void *body, size_t n, const int *fds,
		size_t nfds)
{
	if (!must_wait(c)) {
		return sp_mon_send(c->net, type, body, n, fds, nfds);
	}
	struct sp_conn_held *h = nfds <= SP_MON_FDS ? sp_calloc(1, sizeof(*h) + n) : NULL;
	if (h == NULL) {
		return SP_ENOMEM;
	}
	h->type = type;
	h->n = n;
	memcpy(h->body, body, n);
	for (; h->nfds < nfds; h->nfds++) {
		h->fds[h->nfds] = fcntl(fds[h->nfds], F_DUPFD_CLOEXEC, 0);
		if (h->fds[h->nfds] < 0) {
			free_held(h);
			return SP_ESYS;
		}
	}
	append(c, h);
	return SP_OK;
}

int sp_conn_then(struct sp_conn *c, sp_conn_then_fn fn)
{
	if (!must_wait(c)) {
		return fn(c, true);
	}
	struct sp_conn_held *h = sp_calloc(1, sizeof(*h));
	if (h == NULL) {
		return SP_ENOMEM;
	}
	h->fn = fn;
	append(c, h);
	return SP_OK;
}

/* ---- when it is written, or cannot be ---- */

/* What was promised is taken back; the person reads why as soon as there is a greeter. */
static int deny_verdict(struct sp_conn *c, struct sp_msg_verdict *m)
{
	if (m->result == SP_VERDICT_GRANTED) {
		m->ask = 1;
		c->unaudited = true;
		c->state = SP_CONN_WAIT_CONVERSE;
		sp_permit_allow(&c->net_may, SP_MSG_CONVERSE);
	}
	return sp_mon_say(c->net, VERDICT, m);
}

static int deny_message(struct sp_conn *c, struct sp_conn_held *h)
{
	static struct sp_msg_prompt prompt;

	switch (h->type) {
	case SP_MSG_VERDICT:
		return deny_verdict(c, (struct sp_msg_verdict *)(void *)h->body);
	case SP_MSG_PROMPT:
		memcpy(&prompt, h->body, sizeof(prompt));
		if (prompt.kind == SP_PROMPT_REFUSED) {
			break;
		}
		sp_wipe(&prompt, sizeof(prompt));
		sp_conn_talk_end(c, SP_WHY_AUDIT, unwritten);
		return SP_OK;
	case SP_MSG_TARGET:
		return sp_conn_refuse_target(c, unwritten);
	default:
		break;
	}
	return sp_mon_send(c->net, h->type, h->body, h->n, h->fds, h->nfds);
}

/* No right outlives it. */
static void take_back(struct sp_conn *c)
{
	sp_permit_forbid(&c->net_may, SP_MSG_OPEN_TARGET);
	sp_permit_forbid(&c->net_may, SP_MSG_ANSWER);
	if (c->state != SP_CONN_WAIT_UP && c->state != SP_CONN_WAIT_BYE) {
		sp_wipe(&c->grant, sizeof(c->grant));
	}
}

void sp_conn_refuse_unwritten(struct sp_conn *c)
{
	sp_conn_talk_end(c, SP_WHY_AUDIT, unwritten);
}

/* Says no where something was to be said, once; and lets go what only waited. */
static int fail(struct sp_conn *c)
{
	struct sp_conn_held *h, *list = c->held;
	bool said = false;
	int rc = SP_OK;

	c->held = NULL;
	c->held_end = &c->held;
	take_back(c);
	while ((h = list) != NULL) {
		list = h->next;
		if (rc == SP_OK && h->fn != NULL) {
			rc = h->fn(c, false);
		} else if (rc == SP_OK && !said) {
			said = true;
			rc = deny_message(c, h);
		}
		free_held(h);
	}
	sp_conn_tell_unwritten(c);
	return rc;
}

static int release(struct sp_conn *c)
{
	struct sp_conn_held *h;
	int rc = SP_OK;

	/* A call may tell something that the rest has to wait for. */
	while (rc == SP_OK && c->wait.ticket == 0 && (h = take_first(c)) != NULL) {
		rc = h->fn != NULL ? h->fn(c, true)
				   : sp_mon_send(c->net, h->type, h->body, h->n, h->fds, h->nfds);
		free_held(h);
	}
	return rc;
}

static void on_wait(void *arg, bool ok, const char *why)
{
	struct sp_conn *c = arg;

	if (!ok) {
		sp_conn_log(c, SP_LOG_ERROR, "goes no further, the audit cannot be written: %s",
				why);
	}
	int rc = ok ? release(c) : fail(c);
	if (rc != SP_OK) {
		sp_conn_fatal(c, SP_WHY_INTERNAL, sp_err_text(rc));
	} else if (c->held == NULL && c->net_watch != NULL) {
		sp_watch_want(c->net_watch, SP_LOOP_READ);
	}
}

void sp_conn_hold_begin(struct sp_conn *c)
{
	c->wait = (struct sp_wait){.fn = on_wait, .arg = c};
	c->held_end = &c->held;
}
