/* gate/net/target.c - the target's leg: from its socket to the licence, and its events. */
#include <stdio.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/pdu/errinfo.h"
#include "core/pdu/gcc_client.h"
#include "core/pdu/info.h"
#include "core/rdp/client.h"
#include "core/rdp/server.h"
#include "gate/net/net.h"

/*
 * What of the client's early capabilities reaches the target: the rest belongs to a leg, or to
 * channels that the target leg does not have.
 */
#define EARLY_FLAGS \
	(SP_GCC_CS_ERRINFO | SP_GCC_CS_WANT_32BPP | SP_GCC_CS_STATUSINFO | \
			SP_GCC_CS_STRONG_ASYMMETRIC_KEYS | SP_GCC_CS_VALID_CONNECTION_TYPE | \
			SP_GCC_CS_MONITOR_LAYOUT | SP_GCC_CS_DYNAMIC_TIME_ZONE)

static void end_both(struct sp_net *n)
{
	sp_net_end(n, 0, SP_WHY_BYE, "target ended the session");
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
		sp_relay_pass(n, n->target, n->user, ev);
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

void sp_target_socket(struct sp_net *n, int fd, const struct sp_msg_target *t)
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
