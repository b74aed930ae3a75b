/* gate/net/relay.c - the target's leg, and whole PDUs from one leg to the other. */
#include "gate/net/net.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/gcc_client.h"
#include "core/pdu/info.h"
#include "core/pdu/errinfo.h"
#include "core/pdu/share.h"
#include "core/rdp/client.h"
#include "core/rdp/server.h"
#include "gate/net/geometry.h"

/*
 * What of the client's early capabilities reaches the target: the rest belongs to a leg, or to
 * channels that the target leg does not have.
 */
#define EARLY_FLAGS \
	(SP_GCC_CS_ERRINFO | SP_GCC_CS_WANT_32BPP | SP_GCC_CS_STATUSINFO | \
			SP_GCC_CS_STRONG_ASYMMETRIC_KEYS | SP_GCC_CS_VALID_CONNECTION_TYPE | \
			SP_GCC_CS_MONITOR_LAYOUT | SP_GCC_CS_DYNAMIC_TIME_ZONE)

/* ---- the target's leg ---- */

static void end_both(struct sp_net *n)
{
	sp_net_end(n, 0, SP_WHY_BYE, "target ended the session");
}

static void pass(struct sp_net *n, struct sp_conn *from, struct sp_conn *to,
		const struct sp_event *ev)
{
	int rc;

	if (!to || n->state != SP_NET_RELAY) {
		return;
	}
	rc = sp_rdp_send_relay(sp_conn_rdp(to), ev->relay.kind, ev->relay.index, ev->relay.data);
	if (rc != SP_OK) {
		sp_log(SP_LOG_WARN, "not relayed: %s", sp_err_text(rc));
		sp_net_end(n, 0, SP_WHY_INTERNAL, "not relayed");
		return;
	}
	if (sp_conn_full(to)) {
		sp_conn_pause(from, true); /* until room() of the other leg */
	}
}

static void target_event(void *user, const struct sp_event *ev)
{
	struct sp_net *n = user;

	switch (ev->kind) {
	case SP_EV_LICENSED:
		/* Now, and not before, the client gets its licence: its Demand Active follows. */
		if (sp_server_relay(sp_conn_rdp(n->user)) != SP_OK) {
			sp_net_end(n, 0, SP_WHY_INTERNAL, "relay not possible");
			return;
		}
		n->state = SP_NET_RELAY;
		n->has_locks = n->greeter && sp_greeter_locks(n->greeter, &n->locks);
		sp_greeter_destroy(n->greeter);
		n->greeter = NULL;
		return;
	case SP_EV_RELAY:
		pass(n, n->target, n->user, ev);
		return;
	case SP_EV_CLOSED:
		end_both(n);
		return;
	default:
		return;
	}
}

static void target_closed(void *user, int err, const char *what)
{
	struct sp_net *n = user;

	sp_conn_destroy(n->target);
	n->target = NULL;
	if (n->state == SP_NET_ENDING) {
		return;
	}
	char text[SP_TEXT_WHY];

	snprintf(text, sizeof(text), "target lost: %s%s%s", what, *what ? ": " : "",
			sp_err_text(err));
	sp_net_end(n, SP_ERRINFO_RPC_INITIATED_DISCONNECT, SP_WHY_TARGET, text);
}

static void target_room(void *user)
{
	struct sp_net *n = user;

	if (n->user) {
		sp_conn_pause(n->user, false);
	}
}

void sp_relay_target_socket(struct sp_net *n, int fd, const struct sp_msg_target *t)
{
	static const struct sp_conn_calls calls = {
			.event = target_event, .closed = target_closed, .room = target_room};
	/* Large structures of one connection's start: not on the stack, not for ever. */
	static struct sp_gcc_client gcc;
	static struct sp_info info;
	struct sp_rdp *user = sp_conn_rdp(n->user);

	gcc = *sp_rdp_client_gcc(user);
	gcc.core.early_capability_flags &= EARLY_FLAGS;
	gcc.has_net = false;
	gcc.n_channels = 0;
	gcc.has_multitransport = false;
	gcc.has_msgchannel = false;
	gcc.has_cluster = false;
	gcc.has_security = true;
	gcc.encryption_methods = gcc.ext_encryption_methods = 0;
	info = *sp_rdp_info(user);
	info.flags &= ~(uint32_t)(SP_INFO_COMPRESSION | SP_INFO_COMPRESSION_TYPE | SP_INFO_RAIL);
	/* A desktop of this machine takes the keeper's word, no password. */
	sp_secret_wipe(&info.password);
	info.has_arc = false;
	/* What runs there is not for a client to say. */
	info.shell[0] = info.dir[0] = info.client_dir[0] = '\0';
	struct sp_client_conf conf = {.gcc = &gcc,
			.info = &info,
			.relay = true,
			.deadline_us = n->start.active_ms * 1000ull};
	struct sp_rdp *rdp = sp_client_create(&conf, sp_now_us());
	sp_wipe(&info, sizeof(info));
	if (rdp) {
		n->target = sp_conn_create(n->loop,
				&(struct sp_conn_conf){
						.fd = fd, .rdp = rdp, .calls = &calls, .user = n});
	}
	if (!n->target) {
		sp_rdp_destroy(rdp);
		close(fd);
		sp_net_end(n, SP_ERRINFO_SERVER_DENIED_CONNECTION, SP_WHY_INTERNAL,
				"out of memory");
		return;
	}
	n->state = SP_NET_WAIT_LICENSE;
}

/* ---- the user's leg ---- */

/* The end of the client's part of a finalization, after which a target takes input. */
static bool is_font_list(const struct sp_event *ev)
{
	struct sp_share s;
	struct sp_rd r;

	sp_rd_init(&r, ev->relay.data.p, ev->relay.data.n);
	return ev->relay.kind == SP_RELAY_IO && sp_share_read(&r, &s) == SP_OK &&
			s.type == SP_SHARE_DATA && s.type2 == SP_DATA_FONT_LIST;
}

/* A client tells its lock keys once, and that was when the greeter stood there. */
static void tell_locks(struct sp_net *n)
{
	struct sp_input_event sync = {.kind = SP_INPUT_SYNC, .flags = n->locks};
	uint8_t pdu[16];
	struct sp_wr w;

	n->has_locks = false;
	sp_wr_fixed(&w, pdu, sizeof(pdu));
	sp_fp_input_write(&w, &sync, 1);
	if (sp_wr_ok(&w) != SP_OK ||
			sp_rdp_send_relay(sp_conn_rdp(n->target), SP_RELAY_FASTPATH, 0,
					sp_span(pdu, w.n)) != SP_OK) {
		sp_log(SP_LOG_WARN, "lock keys not told");
	}
}

void sp_relay_open(struct sp_net *n)
{
	struct sp_msg_open_target open = {.geometry = n->geometry};

	n->state = SP_NET_WAIT_TARGET;
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
	sp_net_geometry(&n->geometry, sp_rdp_client_gcc(user), sp_rdp_info(user));
	sp_log(SP_LOG_INFO, "user %s: client \"%s\" build %u, %ux%u, %u bits", n->verdict.user,
			g->client_name, g->client_build, g->width, g->height, g->bpp);
	if (!n->verdict.ask) {
		sp_relay_open(n);
		return;
	}
	sp_talk_start(n);
}

void sp_relay_user_event(struct sp_net *n, const struct sp_event *ev)
{
	switch (ev->kind) {
	case SP_EV_RELAY:
		pass(n, n->user, n->target, ev);
		if (n->has_locks && n->target && n->state == SP_NET_RELAY && is_font_list(ev)) {
			tell_locks(n);
		}
		return;
	case SP_EV_CLOSED:
		sp_net_end(n, 0, SP_WHY_BYE, "client disconnected");
		return;
	default:
		if (n->greeter) {
			sp_greeter_event(n->greeter, ev);
		}
		return;
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
	if (n->target) {
		sp_conn_pause(n->target, false);
	}
}
