/* gate/net/relay.c - the session: the user's leg from Client Info on, and what joins it to the target's. */
#include "gate/net/relay.h"

#include <stdio.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/pdu/errinfo.h"
#include "core/pdu/mcs.h"
#include "core/rdp/client.h"
#include "core/rdp/server.h"
#include "gate/net/geometry.h"
#include "host/lib/crypto_nettle.h"

/* Who is told of the target's cookies serves everybody; a target gives one each hour. */
#define ARC_APART_US 1000000
/* Clients give up nine seconds after their first packet if nothing is to be seen. */
#define PATIENCE_US 3000000

/* ---- the user's leg ---- */

static void on_patience(void *user)
{
	struct sp_net *n = user;

	if (n->state == SP_NET_WAIT_TARGET || n->state == SP_NET_WAIT_LICENSE) {
		sp_talk_wait(n);
	} else if (n->state == SP_NET_RELAY && !sp_legs_active(n->legs)) {
		/* The limits of a session begin with its desktop: one of the two keeps it back. */
		sp_net_end(n, SP_ERRINFO_RPC_INITIATED_DISCONNECT, SP_WHY_DEADLINE,
				"the activation with the target did not end in time");
	}
}

void sp_relay_open(struct sp_net *n)
{
	struct sp_msg_open_target open = {.geometry = n->geometry};

	n->state = SP_NET_WAIT_TARGET;
	if (!n->greeter && !n->patience) {
		n->patience = sp_loop_timer(n->loop, on_patience, n);
	}
	if (n->patience) {
		sp_watch_in(n->patience, PATIENCE_US);
	}
	if (sp_mon_say(SP_NET_FD_KEEPER, OPEN_TARGET, &open) != SP_OK) {
		sp_net_end(n, SP_ERRINFO_SERVER_DENIED_CONNECTION, SP_WHY_INTERNAL,
				"keeper is gone");
	}
}

void sp_relay_logon(struct sp_net *n)
{
	struct sp_rdp *user = sp_conn_rdp(n->user);
	const struct sp_geometry *g = &n->geometry;

	if (n->state != SP_NET_WAIT_LOGON) {
		sp_net_end(n, 0, SP_WHY_INTERNAL, "logon not expected");
		return;
	}
	n->legs = sp_legs_create(user);
	if (!n->legs) {
		sp_net_end(n, 0, SP_WHY_INTERNAL, "out of memory");
		return;
	}
	sp_net_geometry(&n->geometry, sp_rdp_client_gcc(user), sp_rdp_info(user));
	sp_log(SP_LOG_INFO, "user %s: client \"%s\" build %u, %ux%u, %u bits", n->verdict.user,
			g->client_name, g->client_build, g->width, g->height, g->bpp);
	if (n->denied) {
		sp_talk_denied(n);
		return;
	}
	if (!n->verdict.ask) {
		sp_relay_open(n);
		return;
	}
	sp_talk_start(n);
}

/* What the legs made of an event of either side; true when the session goes on. */
static bool goes_on(struct sp_net *n, int rc, bool from_user)
{
	char text[SP_TEXT_WHY];

	if (rc == SP_OK) {
		return true;
	}
	snprintf(text, sizeof(text), "%s: %s%s%s", from_user ? "client" : "target",
			sp_legs_what(n->legs), *sp_legs_what(n->legs) ? ": " : "", sp_err_text(rc));
	sp_log(SP_LOG_WARN, "not relayed: %s", text);
	sp_net_end(n, rc == SP_EDENIED ? SP_ERRINFO_SERVER_DENIED_CONNECTION : 0,
			rc == SP_EDENIED                  ? SP_WHY_TARGET
					: rc == SP_ENOMEM ? SP_WHY_INTERNAL
							  : SP_WHY_PROTOCOL,
			text);
	return false;
}

static void await_activation(struct sp_net *n)
{
	if (!n->patience) {
		n->patience = sp_loop_timer(n->loop, on_patience, n);
	}
	if (!n->patience) {
		sp_net_end(n, 0, SP_WHY_INTERNAL, "out of memory");
	} else if (n->start.active_ms != 0) {
		sp_watch_in(n->patience, n->start.active_ms * 1000ull);
	}
}

/* The target's desktop begins on the user's leg, and what stood there before is over. */
static void look(struct sp_net *n)
{
	if (n->state == SP_NET_WAIT_LICENSE && n->target && sp_legs_relaying(n->legs)) {
		n->state = SP_NET_RELAY;
		/* Once: the keeper wipes what it logged in with, and its clock runs. */
		if (sp_mon_say(SP_NET_FD_KEEPER, TARGET_UP, &(struct sp_msg_none){0}) != SP_OK) {
			sp_log(SP_LOG_DEBUG, "keeper is gone");
		}
		sp_greeter_destroy(n->greeter);
		n->greeter = NULL;
		sp_relay_record_begin(n);
		sp_conn_pause(n->target, false);
		await_activation(n);
	}
	if (n->state == SP_NET_RELAY && sp_legs_active(n->legs) && n->limit.start_us == 0) {
		sp_relay_limit_start(n);
	}
}

/*
 * Somebody asks, does not read what it is told, and asks on. One who is only slow to take pictures
 * goes on typing.
 */
static bool full_of_answers(const struct sp_net *n, const struct sp_conn *from)
{
	return sp_legs_answered(n->legs) && sp_conn_full(from);
}

void sp_relay_user_event(struct sp_net *n, const struct sp_event *ev)
{
	bool relayed = n->state == SP_NET_RELAY;

	if (n->state == SP_NET_ENDING) {
		return;
	}
	if (ev->kind == SP_EV_CLOSED) {
		sp_net_end(n, 0, SP_WHY_BYE, "client disconnected");
		return;
	}
	/* Without a target only what channels say is kept. */
	if ((n->target || ev->kind == SP_EV_CHANNEL) &&
			!goes_on(n, sp_legs_user(n->legs, ev, sp_now_us()), true)) {
		return;
	}
	look(n);
	sp_relay_transfers(n);
	if (n->greeter) {
		sp_greeter_event(n->greeter, ev);
	}
	if (relayed && n->target &&
			(sp_conn_full(n->target) || full_of_answers(n, n->user) ||
					sp_tap_very_full(n->tap))) {
		sp_conn_pause(n->user, true); /* until sp_relay_target_room() or _user_room() */
	}
}

void sp_relay_user_closed(struct sp_net *n)
{
	n->state = SP_NET_ENDING;
	sp_net_gone(n);
}

void sp_relay_user_room(struct sp_net *n)
{
	if (n->greeter) {
		sp_greeter_room(n->greeter);
	}
	if (n->target && !(n->legs && sp_legs_waiting(n->legs))) {
		sp_conn_pause(n->target, sp_tap_full(n->tap));
	}
	if (n->state == SP_NET_RELAY) {
		sp_conn_pause(n->user,
				(n->target && sp_conn_full(n->target)) || sp_tap_very_full(n->tap));
	}
}

/* ---- the target's leg ---- */

void sp_relay_begin(struct sp_net *n, const struct sp_msg_target *t)
{
	n->limit = (struct sp_limit){.idle_us = t->idle_s * 1000000ull,
			.max_us = t->max_s * 1000000ull,
			.warn_us = t->warn_s * 1000000ull};
	n->arc = t->arc;
	sp_relay_rules(&n->rules, &t->channels);
	n->rules.own = t->kind == SP_TARGET_DESKTOP;
}

static struct sp_legs_arc as_arc(const struct sp_msg_arc *m)
{
	struct sp_legs_arc arc = {.present = m->present != 0, .logon_id = m->logon_id};

	memcpy(arc.bits, m->bits, sizeof(arc.bits));
	return arc;
}

void sp_relay_shape(struct sp_net *n, const struct sp_msg_target *t, struct sp_gcc_client *gcc,
		struct sp_info *info)
{
	struct sp_legs_arc arc = as_arc(&t->target_arc);
	struct sp_rdp *user = sp_conn_rdp(n->user);

	*gcc = *sp_rdp_client_gcc(user);
	*info = *sp_rdp_info(user);
	sp_legs_shape(gcc, info, &n->rules);
	sp_legs_prove(info, &sp_crypto_nettle, &arc);
	sp_wipe(&arc, sizeof(arc));
}

void sp_relay_target(struct sp_net *n, struct sp_rdp *target)
{
	struct sp_legs_conf conf = {
			.crypto = &sp_crypto_nettle, .rules = n->rules, .arc = as_arc(&n->arc)};

	if (!n->legs) {
		return;
	}
	sp_legs_set_target(n->legs, target, &conf);
	sp_wipe(&conf, sizeof(conf));
}

static void tell_arc(struct sp_net *n)
{
	struct sp_legs_arc arc;
	uint64_t now = sp_now_us();

	/* A later one waits there, and the last of them counts. */
	if (n->arc_told_us != 0 && now - n->arc_told_us < ARC_APART_US) {
		return;
	}
	/* A desktop of this machine has none, whatever it says. */
	if (!sp_legs_take_arc(n->legs, &arc) || !n->leg.rdp) {
		return;
	}
	n->arc_told_us = now;
	struct sp_msg_arc m = {.present = 1, .logon_id = arc.logon_id};
	memcpy(m.bits, arc.bits, sizeof(m.bits));
	if (sp_mon_say(SP_NET_FD_KEEPER, TARGET_ARC, &m) != SP_OK) {
		sp_log(SP_LOG_DEBUG, "keeper is gone");
	}
	sp_wipe(&m, sizeof(m));
	sp_wipe(&arc, sizeof(arc));
}

void sp_relay_target_event(struct sp_net *n, const struct sp_event *ev)
{
	if (!n->user || (n->state != SP_NET_RELAY && n->state != SP_NET_WAIT_LICENSE) ||
			!goes_on(n, sp_legs_target(n->legs, ev), false)) {
		return;
	}
	look(n);
	tell_arc(n);
	sp_relay_transfers(n);
	uint32_t mark;
	if (sp_legs_take_mark(n->legs, &mark)) {
		sp_line_mark(n, mark);
	}
	if (sp_conn_full(n->user) || full_of_answers(n, n->target) || sp_legs_waiting(n->legs) ||
			sp_tap_full(n->tap)) {
		/* Until sp_relay_user_room() or _target_room(), or the activation. */
		sp_conn_pause(n->target, true);
	}
}

void sp_relay_target_ended(struct sp_net *n, uint32_t reason)
{
	uint32_t said = sp_legs_error_info(n->legs);
	char text[SP_TEXT_WHY];

	/* Windows 2008 R2 says nothing when a person logs off but ends with this reason. */
	if (said == SP_ERRINFO_NONE && reason == SP_MCS_USER_REQUESTED) {
		sp_net_end(n, SP_ERRINFO_LOGOFF_BY_USER, SP_WHY_BYE, "target ended the session");
		return;
	}
	snprintf(text, sizeof(text), "target ended the session%s%s",
			said != SP_ERRINFO_NONE ? ": " : "",
			said != SP_ERRINFO_NONE ? sp_errinfo_text(said) : "");
	sp_net_end(n, 0, SP_WHY_BYE, text); /* the client has heard what the target said */
}

void sp_relay_target_room(struct sp_net *n)
{
	if (n->user) {
		sp_conn_pause(n->user, sp_tap_very_full(n->tap));
	}
	if (n->user && n->target && n->state == SP_NET_RELAY) {
		sp_conn_pause(n->target, sp_conn_full(n->user) || sp_tap_full(n->tap));
	}
}

/* ---- licences ---- */

static void say_license(const struct sp_msg_license *m)
{
	if (sp_mon_say(SP_NET_FD_KEEPER, LICENSE, m) != SP_OK) {
		sp_log(SP_LOG_DEBUG, "keeper is gone");
	}
}

/* The answer comes long before the target asks, which is behind its login and Client Info. */
void sp_relay_ask_license(struct sp_net *n)
{
	static struct sp_msg_license m;

	memset(&m, 0, sizeof(m));
	snprintf(m.client, sizeof(m.client), "%s", n->geometry.client_name);
	say_license(&m);
}

void sp_relay_license(struct sp_net *n, const struct sp_msg_license *m)
{
	int rc = m->n == 0 || !n->target || !n->leg.rdp
			? SP_OK
			: sp_client_set_license(sp_conn_rdp(n->target), sp_span(m->p, m->n));

	if (rc != SP_OK) {
		sp_log(SP_LOG_DEBUG, "licence not shown: %s", sp_err_text(rc));
	}
}

void sp_relay_keep_license(struct sp_net *n, struct sp_span license)
{
	static struct sp_msg_license m;

	memset(&m, 0, sizeof(m));
	if (!(0 < license.n && license.n <= sizeof(m.p))) {
		sp_log(SP_LOG_WARN, "licence of %zu bytes not kept", license.n);
		return;
	}
	m.n = (uint32_t)license.n;
	memcpy(m.p, license.p, license.n);
	snprintf(m.client, sizeof(m.client), "%s", n->geometry.client_name);
	say_license(&m);
	sp_wipe(&m, sizeof(m));
}

void sp_relay_drop_license(struct sp_net *n)
{
	static struct sp_msg_license m;

	memset(&m, 0, sizeof(m));
	m.drop = 1;
	snprintf(m.client, sizeof(m.client), "%s", n->geometry.client_name);
	say_license(&m);
}

/* ---- the keeper ---- */

void sp_relay_arc(struct sp_net *n, const struct sp_msg_arc *m)
{
	struct sp_legs_arc arc = as_arc(m);

	n->arc = *m;
	if (n->legs && n->target && sp_legs_set_arc(n->legs, &arc) != SP_OK) {
		sp_log(SP_LOG_WARN, "reconnection cookie not told");
	}
	sp_wipe(&arc, sizeof(arc));
}

void sp_relay_session_end(struct sp_net *n, const struct sp_msg_session_end *e)
{
	n->drop = e->drop != 0;
	sp_net_end(n, e->error_info, e->why, e->text);
}
