/* gate/keeper/keeper.c - the keeper between parent, broker and connections. */
#include "gate/keeper/keeper.h"

#include <stdio.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "gate/keeper/act.h"
#include "gate/keeper/conn_tell.h"
#include "gate/keeper/spray.h"
#include "gate/keeper/store_penalty.h"
#include "gate/keeper/store_spray.h"
#include "gate/keeper/facts.h"
#include "gate/keeper/session.h"
#include "host/io/fdio.h"

static void tick(void *user)
{
	struct sp_keeper *k = user;

	sp_sessions_tick(k->sessions, k->unix_time(), k->now_us());
}

/* Before the loop waits: whoever ended a session meanwhile need not think of the timer. */
static void before(void *user)
{
	struct sp_keeper *k = user;

	sp_watch_at(k->tick, sp_sessions_due(k->sessions));
}

static void remember(void *arg, int64_t hour, uint32_t users)
{
	sp_spray_remember(arg, hour, users);
}

int sp_keeper_init(struct sp_keeper *k)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	struct sp_session_world world;
	uint8_t bytes[11];

	sp_store_alias(k->store, bytes, sizeof(bytes));
	memcpy(k->alias, "WIN-", 4);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		k->alias[4 + i] = letters[bytes[i] % 32];
	}
	k->alias[4 + sizeof(bytes)] = '\0';
	sp_facts_world(k, &world);
	k->sessions = sp_sessions_create(k->crypto, &world);
	k->tick = sp_loop_timer(k->loop, tick, k);
	k->before = sp_loop_before(k->loop, before, k);
	k->spray = sp_calloc(1, sizeof(*k->spray));
	if (k->spray != NULL &&
			sp_store_spray_each(k->store, k->unix_time(), remember, k->spray) !=
					SP_OK) {
		sp_log(SP_LOG_WARN, "what failed in other hours is not known: %s",
				sp_store_why(k->store));
	}
	return k->sessions && k->tick && k->before && k->spray ? SP_OK : SP_ENOMEM;
}

void sp_keeper_finish(struct sp_keeper *k)
{
	while (k->conns != NULL) {
		struct sp_conn *c = k->conns;
		k->conns = c->next;
		sp_conn_over(c);
		sp_conn_tell_close(c);
		sp_conn_destroy(c);
	}
	k->n = 0;
	sp_keeper_audit_end(k);
	sp_watch_remove(k->before);
	sp_watch_remove(k->tick);
	sp_sessions_destroy(k->sessions);
	k->before = NULL;
	k->tick = NULL;
	k->sessions = NULL;
	sp_free(k->spray);
	k->spray = NULL;
}

static struct sp_conn *find(struct sp_keeper *k, uint64_t id)
{
	struct sp_conn *c = k->conns;

	while (c != NULL && c->id != id) {
		c = c->next;
	}
	return c;
}

static void refuse(struct sp_keeper *k, const struct sp_msg_conn_open *open, enum sp_why why,
		const char *text)
{
	uint64_t id = open->conn;
	struct sp_msg_conn_end m = {.conn = id, .why = why};
	struct sp_audit_event e;

	snprintf(m.text, sizeof(m.text), "%s", text);
	sp_log(SP_LOG_WARN, "conn %llu refused: %s", (unsigned long long)id, text);
	sp_audit_init(&e, SP_AUDIT_CONN_REJECT, SP_OUTCOME_DENIED);
	sp_audit_num(&e, SP_F_CONN, id);
	sp_keeper_event_source(k, &e, &open->source, open->interface);
	sp_audit_text(&e, SP_F_REASON, sp_audit_reason(why));
	sp_audit_text(&e, SP_F_TEXT, text);
	sp_keeper_tell(k, &e);
	if (sp_mon_say(k->control, CONN_END, &m) != SP_OK) {
		sp_log(SP_LOG_ERROR, "conn %llu: its end was not delivered",
				(unsigned long long)id);
	}
}

static int conn_open(void *ctx, struct sp_mon_in *in)
{
	struct sp_keeper *k = ctx;
	const struct sp_msg_conn_open *open = &in->body.conn_open;

	if (find(k, open->conn) != NULL) {
		return SP_EFIELD;
	}
	if (k->n >= SP_KEEPER_CONNS) {
		refuse(k, open, SP_WHY_LIMIT, "too many connections in the keeper");
		return SP_OK;
	}
	int net = sp_mon_take_fd(in, 0), login = sp_mon_take_fd(in, 1);
	struct sp_conn *c = sp_conn_create(k, open, net, login);
	if (c == NULL) {
		refuse(k, open, SP_WHY_INTERNAL, "no memory for a connection");
		return SP_OK;
	}
	c->next = k->conns;
	k->conns = c;
	k->n++;
	sp_conn_log(c, SP_LOG_DEBUG, "accepted on %s", open->listener);
	sp_conn_tell_open(c);
	return SP_OK;
}

static void forget(struct sp_keeper *k, struct sp_conn *c)
{
	struct sp_conn **at = &k->conns;

	while (*at != c) {
		at = &(*at)->next;
	}
	*at = c->next;
	k->n--;
	sp_conn_over(c);
	sp_conn_tell_close(c);
	sp_conn_destroy(c);
}

static int conn_closed(void *ctx, struct sp_mon_in *in)
{
	struct sp_keeper *k = ctx;
	const struct sp_msg_conn_closed *m = &in->body.conn_closed;
	struct sp_conn *c = find(k, m->conn);
	const char *who = m->role == SP_ROLE_NET ? "sp-net" : "sp-login";

	if (c == NULL) {
		return SP_OK;
	}
	c->crashed = c->crashed || m->crashed;
	sp_conn_drain(c, m->role == SP_ROLE_NET);
	if (m->deadline && c->closed == SP_WHY_UNKNOWN) {
		c->closed = SP_WHY_DEADLINE;
	}
	if (m->crashed) {
		sp_conn_tell_crash(c, who, m->status);
		sp_conn_log(c, SP_LOG_ERROR, "%s died on signal %d", who, m->status);
		sp_conn_penalty(c, SP_PENALTY_CRASH, SP_KEEPER_SECONDS_CRASH);
	}
	if (m->deadline) {
		sp_conn_log(c, SP_LOG_WARN, "%s: %s", who, sp_why_text(SP_WHY_DEADLINE));
		sp_conn_penalty(c, SP_PENALTY_DEADLINE, SP_KEEPER_SECONDS_DEADLINE);
	}
	if (m->role == SP_ROLE_NET) {
		forget(k, c);
	}
	return SP_OK;
}

static int reload(void *ctx, struct sp_mon_in *in)
{
	struct sp_keeper *k = ctx;

	k->reload = true;
	return SP_OK;
}

static int login_started(void *ctx, struct sp_mon_in *in)
{
	struct sp_keeper *k = ctx;
	struct sp_conn *c = find(k, in->body.login_started.conn);

	/* Both are closed with the message when nobody waits for them any more. */
	if (c != NULL) {
		int leg = sp_mon_take_fd(in, 0), link = sp_mon_take_fd(in, 1);

		sp_conn_leg_started(c, leg, link, in->body.login_started.text);
	}
	return SP_OK;
}

static int penalties(void *ctx, struct sp_mon_in *in)
{
	struct sp_keeper *k = ctx;

	if (sp_store_penalties_set(k->store, &in->body.penalties) != SP_OK) {
		sp_log(SP_LOG_WARN, "penalties are not kept: %s", sp_store_why(k->store));
	}
	return SP_OK;
}

int sp_keeper_penalties(struct sp_keeper *k)
{
	static struct sp_msg_penalties m; /* 12 KiB */

	if (sp_store_penalties_get(k->store, k->unix_time(), &m) != SP_OK) {
		sp_log(SP_LOG_WARN, "penalties are forgotten: %s", sp_store_why(k->store));
		return SP_OK;
	}
	return m.n > 0 ? sp_mon_say(k->control, PENALTIES_KEPT, &m) : SP_OK;
}

void sp_keeper_scribe(void *keeper, struct sp_mon_in *in)
{
	struct sp_keeper *k = keeper;
	struct sp_conn *c;

	if (in->type == SP_MSG_RECORD_OPENED) {
		c = find(k, in->body.record_opened.conn);
		if (c != NULL) {
			sp_conn_recorded(c, in->nfds > 0 ? sp_mon_take_fd(in, 0) : -1,
					&in->body.record_opened);
		}
	} else if (in->type == SP_MSG_RECORD_ENDED) {
		c = find(k, in->body.record_ended.conn);
		if (c != NULL) {
			sp_conn_record_ended(c, &in->body.record_ended);
		}
	} else if (in->type == SP_MSG_ACT) {
		sp_keeper_act(k, &in->body.act);
	} else {
		sp_log(SP_LOG_ERROR, "unexpected %s of the scribe", sp_msg_name(in->type));
	}
}

/* The parent has started another scribe. */
static int another_scribe(void *ctx, struct sp_mon_in *in)
{
	struct sp_keeper *k = ctx;

	return sp_keeper_audit(k, sp_mon_take_fd(in, 0));
}

static const struct sp_question control_table[] = {
		{SP_MSG_SCRIBE, SP_QUESTION_NOW, another_scribe},
		{SP_MSG_CONN_OPEN, SP_QUESTION_NOW, conn_open},
		{SP_MSG_CONN_CLOSED, SP_QUESTION_NOW, conn_closed},
		{SP_MSG_RELOAD, SP_QUESTION_NOW, reload},
		{SP_MSG_LOGIN_STARTED, SP_QUESTION_NOW, login_started},
		{SP_MSG_PENALTIES, SP_QUESTION_NOW, penalties},
};

static int opened(void *ctx, struct sp_mon_in *in)
{
	struct sp_keeper *k = ctx;
	struct sp_conn *c = find(k, in->body.desktop_opened.conn);

	/* Its socket is closed with the message when nobody waits for it any more. */
	if (c != NULL) {
		sp_conn_desktop(c, sp_mon_take_fd(in, 0), in->body.desktop_opened.fresh != 0, "");
	}
	return SP_OK;
}

static int failed(void *ctx, struct sp_mon_in *in)
{
	struct sp_keeper *k = ctx;
	struct sp_conn *c = find(k, in->body.desktop_failed.conn);

	if (c != NULL) {
		sp_conn_desktop(c, -1, false, in->body.desktop_failed.text);
	}
	return SP_OK;
}

static const struct sp_question broker_table[] = {
		{SP_MSG_DESKTOP_OPENED, SP_QUESTION_NOW, opened},
		{SP_MSG_DESKTOP_FAILED, SP_QUESTION_NOW, failed},
};

static int dialed(void *ctx, struct sp_mon_in *in)
{
	struct sp_keeper *k = ctx;
	struct sp_conn *c = find(k, in->body.dialed.conn);

	if (c != NULL) {
		sp_conn_dialed(c, sp_mon_take_fd(in, 0), in->body.dialed.address, "");
	}
	return SP_OK;
}

static int not_dialed(void *ctx, struct sp_mon_in *in)
{
	struct sp_keeper *k = ctx;
	struct sp_conn *c = find(k, in->body.dial_failed.conn);

	if (c != NULL) {
		sp_conn_dialed(c, -1, "", in->body.dial_failed.text);
	}
	return SP_OK;
}

static const struct sp_question dial_table[] = {
		{SP_MSG_DIALED, SP_QUESTION_NOW, dialed},
		{SP_MSG_DIAL_FAILED, SP_QUESTION_NOW, not_dialed},
};

static int take_all(struct sp_keeper *k, int fd, const struct sp_question *table, size_t n)
{
	struct sp_permit may;
	struct sp_mon_in in;
	int rc;

	sp_permit_init(&may, table, n);
	while ((rc = sp_mon_recv(fd, &in)) == 1) {
		rc = sp_permit_dispatch(&may, k, &in);
		sp_mon_in_finish(&in);
		if (rc != SP_OK) {
			break;
		}
	}
	return rc;
}

int sp_keeper_control(struct sp_keeper *k)
{
	return take_all(k, k->control, control_table, SP_LEN(control_table));
}

int sp_keeper_broker(struct sp_keeper *k)
{
	return take_all(k, k->broker, broker_table, SP_LEN(broker_table));
}

int sp_keeper_dial(struct sp_keeper *k)
{
	return take_all(k, k->dial, dial_table, SP_LEN(dial_table));
}
