/* gate/net/door.c - the user's leg up to the verdict: negotiation, TLS, login, early answer. */
#include "gate/net/net.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/pdu/x224.h"
#include "core/rdp/server.h"
#include "host/io/ipc.h"
#include "host/io/tcp.h"
#include "host/monitor/login_link.h"

#define KEEPER_MS 10000
/* From accept, and from the confirm, to the end of the step. */
#define REQUEST_US 5000000
#define TLS_US 10000000
/* A client that takes none of the bytes that wait for it. */
#define STALL_US 60000000

static struct sp_ipc_msg in; /* 64 KiB: not on the stack */

static void x224_request(struct sp_net *n, const struct sp_event *ev)
{
	if (ev->x224.failure) {
		n->refused = true;
		snprintf(n->text, sizeof(n->text), "client offers %s, %s",
				sp_x224_protocol_name(ev->x224.requested),
				sp_x224_failure_text(ev->x224.failure));
		return;
	}
	n->protocol = ev->x224.selected;
	sp_log(SP_LOG_DEBUG, "negotiated %s", sp_x224_protocol_name(ev->x224.selected));
}

static int tls_up(void *user)
{
	struct sp_net *n = user;
	struct sp_tls *tls = sp_conn_tls(n->user);
	const struct sp_cert_info *cert = sp_tls_own_cert(tls);
	struct sp_login_begin begin = {.conn = n->start.conn};

	if (!cert || cert->key_n > sizeof(begin.key) || cert->endpoint_n > sizeof(begin.endpoint)) {
		return SP_ETLS;
	}
	begin.key_n = (uint32_t)cert->key_n;
	memcpy(begin.key, cert->key, cert->key_n);
	begin.endpoint_n = (uint32_t)cert->endpoint_n;
	memcpy(begin.endpoint, cert->endpoint, cert->endpoint_n);
	sp_log(SP_LOG_DEBUG, "tls up: %s", sp_tls_text(tls));
	return sp_ipc_send(SP_NET_FD_LOGIN, SP_LOGIN_BEGIN, &begin, sizeof(begin), NULL, 0);
}

/* The login is over: asks what the keeper says to it, and tells the client if it can hear it. */
static void ask_verdict(struct sp_net *n)
{
	struct sp_msg_none none = {0};
	struct sp_mon_in answer;
	int rc = sp_mon_ask(SP_NET_FD_KEEPER, SP_MSG_ASK_VERDICT, &none, sizeof(none),
			SP_MSG_VERDICT, &answer, KEEPER_MS);

	if (rc != SP_OK) {
		sp_log(SP_LOG_ERROR, "no verdict: %s", sp_err_text(rc));
		sp_net_end(n, 0, SP_WHY_INTERNAL, "no verdict");
		return;
	}
	n->verdict = answer.body.verdict;
	sp_mon_in_finish(&answer);
	bool granted = n->verdict.result == SP_VERDICT_GRANTED;
	/* Plain HYBRID has no word for it: whose password was right reads it on the greeter. */
	n->denied = !granted && n->verdict.why == SP_WHY_POLICY && n->protocol == SP_PROTO_HYBRID;
	bool goes_on = granted || n->denied;
	rc = sp_rdp_auth_done(
			sp_conn_rdp(n->user), goes_on ? SP_AUTHZ_SUCCESS : n->verdict.early_user);
	if (!goes_on || rc != SP_OK) {
		sp_net_end(n, 0, granted ? SP_WHY_INTERNAL : n->verdict.why,
				granted ? sp_err_text(rc) : n->verdict.text);
		return;
	}
	n->state = SP_NET_WAIT_LOGON;
}

static void login_message(struct sp_net *n)
{
	struct sp_login_end end;

	switch (in.type) {
	case SP_LOGIN_TOKEN:
		if (sp_rdp_auth_send(sp_conn_rdp(n->user), sp_span(in.p, in.n)) != SP_OK) {
			sp_net_end(n, 0, SP_WHY_INTERNAL, "login answer not sent");
		}
		return;
	case SP_LOGIN_END:
		if (sp_ipc_body(&in, &end, sizeof(end)) == SP_OK && end.result == SP_LOGIN_OK) {
			ask_verdict(n);
			return;
		}
		/* Why is a matter of sp-login and the keeper, who has it from there. */
		sp_net_end(n, 0, SP_WHY_NO_LOGIN, "");
		return;
	default:
		sp_net_end(n, 0, SP_WHY_INTERNAL, "unknown message of sp-login");
	}
}

static void on_login(void *user, unsigned events)
{
	struct sp_net *n = user;

	while (n->state == SP_NET_WAIT_LOGIN) {
		int rc = sp_ipc_recv(SP_NET_FD_LOGIN, &in, 0);

		if (rc == 0) {
			return;
		}
		if (rc < 0) {
			sp_net_end(n, 0, SP_WHY_INTERNAL, "sp-login is gone");
			break;
		}
		login_message(n);
		sp_wipe(in.p, in.n);
	}
	sp_watch_remove(n->login);
	n->login = NULL;
}

static void on_event(void *user, const struct sp_event *ev)
{
	struct sp_net *n = user;

	switch (ev->kind) {
	case SP_EV_X224_REQUEST:
		x224_request(n, ev);
		return;
	case SP_EV_AUTH_TOKEN:
		if (sp_ipc_send(SP_NET_FD_LOGIN, SP_LOGIN_TOKEN, ev->token.p, ev->token.n, NULL,
				    0) != SP_OK) {
			sp_net_end(n, 0, SP_WHY_INTERNAL, "sp-login is gone");
		}
		return;
	case SP_EV_LOGON:
		sp_relay_logon(n);
		return;
	default:
		sp_relay_user_event(n, ev);
	}
}

static void on_sent(void *user, struct sp_rcbuf *pdus)
{
	sp_relay_user_sent(user, pdus);
}

static void on_room(void *user)
{
	sp_relay_user_room(user);
}

/* Which of the keeper's reasons an end is that nobody on our side wanted. */
static uint32_t why_closed(const struct sp_net *n, int err)
{
	switch (err) {
	case SP_ETIMEOUT:
		return SP_WHY_DEADLINE;
	case SP_ECLOSED:
	case SP_ESYS:
		return n->state == SP_NET_WAIT_LOGIN ? SP_WHY_GONE : SP_WHY_LOST;
	case SP_ETLS:
		return SP_WHY_TLS;
	case SP_ENOMEM:
	case SP_EBUG:
		return SP_WHY_INTERNAL;
	default:
		return n->refused ? SP_WHY_NEGOTIATION : SP_WHY_PROTOCOL;
	}
}

static void on_closed(void *user, int err, const char *what)
{
	struct sp_net *n = user;

	if (n->state != SP_NET_ENDING) {
		n->why = why_closed(n, err);
		if (!n->refused) {
			snprintf(n->text, sizeof(n->text), "%s%s%s", what, *what ? ": " : "",
					err == SP_ESYS ? strerror(errno) : sp_err_text(err));
		}
	}
	sp_net_count(n);
	sp_conn_destroy(n->user);
	n->user = NULL;
	sp_relay_user_closed(n);
}

void sp_door_begin(struct sp_net *n, int fd)
{
	static const struct sp_conn_calls calls = {.event = on_event,
			.tls_up = tls_up,
			.sent = on_sent,
			.room = on_room,
			.closed = on_closed};
	struct sp_server_conf conf = {.protocols = SP_PROTO_HYBRID | SP_PROTO_HYBRID_EX,
			.logon_deadline_us = n->start.logon_ms * 1000ull,
			.active_deadline_us = n->start.active_ms * 1000ull,
			.request_deadline_us = REQUEST_US,
			.tls_deadline_us = TLS_US,
			.detect = true};
	struct sp_rdp *rdp = sp_server_create(&conf, sp_now_us());

	if (rdp) {
		n->user = sp_conn_create(n->loop,
				&(struct sp_conn_conf){.fd = fd,
						.rdp = rdp,
						.ctx = n->tls,
						.server = true,
						.calls = &calls,
						.stall_us = STALL_US,
						.user = n});
	}
	n->login = sp_loop_fd(n->loop, SP_NET_FD_LOGIN, SP_LOOP_READ, on_login, n);
	if (!n->user || !n->login) {
		if (!n->user) {
			sp_rdp_destroy(rdp);
			close(fd);
		}
		sp_net_end(n, 0, SP_WHY_INTERNAL, "out of memory");
		return;
	}
	n->state = SP_NET_WAIT_LOGIN;
	/* A socket that is not TCP (a test) takes no tuning, and needs none. */
	if (sp_tcp_tune(fd, SP_TCP_SEND_BUF, SP_TCP_LOWAT) != SP_OK) {
		sp_log(SP_LOG_DEBUG, "socket not tuned");
	}
}

void sp_door_open(struct sp_net *n, int fd)
{
	if (n->start.require_token) {
		sp_door_token(n, fd);
	} else {
		sp_door_begin(n, fd);
	}
}
