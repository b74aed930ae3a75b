/* gate/net/relay.c - whole PDUs from one leg to the other, and the user's leg from Client Info on. */
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

void sp_relay_pass(struct sp_net *n, struct sp_conn *from, struct sp_conn *to,
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
		sp_relay_pass(n, n->user, n->target, ev);
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
