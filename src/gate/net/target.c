/* gate/net/target.c - the target's leg: from its socket to the licence, and its events. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/utf16.h"
#include "core/pdu/errinfo.h"
#include "core/pdu/gcc_client.h"
#include "core/pdu/info.h"
#include "core/pdu/x224.h"
#include "core/rdp/client.h"
#include "core/rdp/server.h"
#include "gate/net/net.h"
#include "host/io/fdio.h"
#include "host/io/ipc.h"
#include "host/io/tcp.h"
#include "host/lib/rsa.h"
#include "host/monitor/login_link.h"

/*
 * PROTOCOL_SSL goes with the others, [MS-RDPBCGR] 2.2.1.1.1; a host that then chooses it alone is
 * refused before anything secret is there, unless it is allowed to.
 */
#define PROTOCOLS (SP_PROTO_SSL | SP_PROTO_HYBRID | SP_PROTO_HYBRID_EX)
#define PROTOCOLS_REDIRECTED (SP_PROTO_SSL | SP_PROTO_RDSTLS)
/* From the socket to the session: people, and the clients before them, wait for half a minute. */
#define LEG_US 20000000ull
/* A target that takes none of the bytes that wait for it. */
#define STALL_US 60000000
/* So long sp-target may take to explain why a connection was closed. */
#define LAST_WORD_US 2000000

static struct sp_ipc_msg in; /* 64 KiB: not on the stack */

/* ---- when there is no way on ---- */

void sp_target_forget_login(struct sp_net *n)
{
	struct sp_net_leg *leg = &n->leg;

	if (leg->watch) {
		sp_watch_remove(leg->watch);
		close(leg->link);
		leg->watch = NULL;
	}
	sp_watch_remove(leg->last);
	leg->last = NULL;
	leg->asked = false;
}

void sp_target_drop(struct sp_net *n)
{
	sp_target_forget_login(n);
	sp_relay_target(n, NULL);
	sp_conn_destroy(n->target);
	n->target = NULL;
}

void sp_target_give_up(struct sp_net *n, uint32_t why, const char *reason)
{
	char text[SP_TEXT_WHY];

	/* The keeper's reasons have the name in them: "db1: why", or "db1 does not answer". */
	size_t len = strlen(n->leg.name);
	bool named = strncmp(reason, n->leg.name, len) == 0;
	bool first = named && strncmp(reason + len, ": ", 2) == 0;
	snprintf(text, sizeof(text), "%s%s%s", named ? "" : n->leg.name, named ? "" : ": ", reason);
	sp_log(SP_LOG_WARN, "no way to target %s: %s", n->leg.name,
			first ? reason + len + 2 : reason);
	sp_target_drop(n);
	sp_talk_refuse(n, SP_ERRINFO_SERVER_DENIED_CONNECTION, why, text);
}

/* ---- the login ---- */

/* Does a login of its own come between TLS and the rest? */
static bool has_login(uint32_t protocol)
{
	return protocol != SP_PROTO_SSL;
}

/* Shows sp-target the certificate; what it says comes on the link. */
static int show_chain(struct sp_net *n, uint32_t protocol)
{
	/* Static: the chain is large. */
	static struct sp_login_begin_target m;
	int got = sp_tls_peer_chain(sp_conn_tls(n->target), m.chain, sizeof(m.chain));

	if (got < 0) {
		return got;
	}
	m.conn = n->start.conn;
	m.protocol = protocol;
	m.chain_n = (uint32_t)got;
	return sp_ipc_send(n->leg.link, SP_LOGIN_BEGIN_TARGET, &m, sizeof(m), NULL, 0);
}

static int target_tls_up(void *user)
{
	struct sp_net *n = user;
	uint32_t protocol = sp_client_protocol(sp_conn_rdp(n->target));

	sp_log(SP_LOG_DEBUG, "target %s: %s, %s", n->leg.name, sp_x224_protocol_name(protocol),
			sp_tls_text(sp_conn_tls(n->target)));
	if (!has_login(protocol) && !n->leg.tls_only) {
		sp_target_give_up(n, SP_WHY_TARGET,
				"it has no Network Level Authentication (NLA); enable it there, or "
				"set security = \"tls\" for it at the gate");
		return SP_OK;
	}
	int rc = show_chain(n, protocol);
	if (rc != SP_OK) {
		sp_target_give_up(n, SP_WHY_INTERNAL,
				rc == SP_ECLOSED ? "the login process is gone"
						 : "its certificate cannot be used");
		return SP_OK;
	}
	/* Without NLA the next thing to be sent is ours: not before the certificate was judged. */
	return has_login(protocol) ? SP_OK : 1;
}

/* Who logs in goes to Client Info; the password only where there is no other way for it. */
static int set_info(struct sp_net *n, const struct sp_login_target_end *end)
{
	static struct sp_info info;
	struct sp_rdp *rdp = sp_conn_rdp(n->target);
	struct sp_wr w;

	info = *sp_rdp_info(rdp);
	snprintf(info.user, sizeof(info.user), "%s", end->user);
	snprintf(info.domain, sizeof(info.domain), "%s", end->domain);
	sp_wr_fixed(&w, info.password.p, sizeof(info.password.p));
	sp_utf16_write(&w, end->password);
	info.password.n = w.n;
	info.flags &= ~(uint32_t)(SP_INFO_AUTOLOGON | SP_INFO_PASSWORD_IS_SC_PIN |
			SP_INFO_USING_SAVED_CREDS);
	info.flags |= info.password.n > 0 ? SP_INFO_AUTOLOGON : 0;
	int rc = sp_wr_ok(&w) == SP_OK ? sp_client_set_info(rdp, &info) : SP_ELIMIT;
	sp_wipe(&info, sizeof(info));
	return rc;
}

static void login_end(struct sp_net *n)
{
	static struct sp_login_target_end end;
	int rc = sp_ipc_body(&in, &end, sizeof(end));
	struct sp_rdp *rdp = n->target ? sp_conn_rdp(n->target) : NULL;

	sp_wipe(in.p, in.n);
	/* It is less trusted than what it talks to, but its texts end all the same. */
	end.text[sizeof(end.text) - 1] = end.user[sizeof(end.user) - 1] =
			end.domain[sizeof(end.domain) - 1] =
					end.password[sizeof(end.password) - 1] = '\0';
	if (rc != SP_OK) {
		sp_target_give_up(n, SP_WHY_INTERNAL, "the login process is confused");
	} else if (end.result != SP_LOGIN_OK) {
		sp_target_give_up(n, end.why < SP_WHY_COUNT ? end.why : SP_WHY_INTERNAL, end.text);
	} else if (!rdp) {
		sp_target_give_up(n, SP_WHY_TARGET_LOGIN, n->leg.text);
	} else {
		sp_target_forget_login(n);
		rc = set_info(n, &end);
		if (rc == SP_OK) {
			rc = has_login(sp_client_protocol(rdp)) ? sp_rdp_auth_done(rdp, 0)
								: sp_rdp_tls_done(rdp);
		}
		if (rc != SP_OK) {
			sp_target_give_up(n, SP_WHY_INTERNAL, sp_err_text(rc));
		}
	}
	sp_wipe(&end, sizeof(end));
}

static void login_token(struct sp_net *n)
{
	n->leg.asked = false;
	n->leg.answers++;
	if (!n->target) {
		sp_target_give_up(n, SP_WHY_TARGET_LOGIN, n->leg.text);
	} else if (sp_rdp_auth_send(sp_conn_rdp(n->target), sp_span(in.p, in.n)) != SP_OK) {
		sp_target_give_up(n, SP_WHY_INTERNAL, "a login message cannot be sent");
	}
}

static void on_link(void *user, unsigned events)
{
	struct sp_net *n = user;

	while (n->leg.watch) {
		int rc = sp_ipc_recv(n->leg.link, &in, 0);

		if (rc == 0) {
			return;
		}
		if (rc < 0) {
			sp_target_give_up(n, n->target ? SP_WHY_INTERNAL : SP_WHY_TARGET_LOGIN,
					n->target ? "the login process is gone" : n->leg.text);
		} else if (in.type == SP_LOGIN_TOKEN) {
			login_token(n);
		} else if (in.type == SP_LOGIN_TARGET_END) {
			login_end(n);
		} else {
			sp_target_give_up(n, SP_WHY_INTERNAL, "the login process is confused");
		}
	}
}

static void on_last_word(void *user)
{
	struct sp_net *n = user;

	sp_target_give_up(n, SP_WHY_TARGET_LOGIN, n->leg.text);
}

static void target_token(struct sp_net *n, struct sp_span token)
{
	if (token.n == 0) {
		return; /* sp-target begins by itself, once it trusts the certificate */
	}
	n->leg.asked = true;
	if (!n->leg.watch ||
			sp_ipc_send(n->leg.link, SP_LOGIN_TOKEN, token.p, token.n, NULL, 0) !=
					SP_OK) {
		sp_target_give_up(n, SP_WHY_INTERNAL, "the login process is gone");
	}
}

/* ---- events ---- */

static void target_event(void *user, const struct sp_event *ev)
{
	struct sp_net *n = user;

	switch (ev->kind) {
	case SP_EV_AUTH_TOKEN:
		target_token(n, ev->token);
		return;
	case SP_EV_ERROR_INFO:
		n->leg.error_info = ev->error_info;
		return;
	case SP_EV_REDIRECT:
		sp_redirect_follow(n, ev->redirect);
		return;
	case SP_EV_LICENSE:
		sp_relay_keep_license(n, ev->license);
		return;
	case SP_EV_RELAY:
		sp_relay_target_event(n, ev);
		return;
	case SP_EV_CLOSED:
		if (n->state == SP_NET_RELAY) {
			sp_relay_target_ended(n, ev->reason);
		} else {
			/* The end of the stream, with its reason, follows. */
			sp_conn_fail(n->target, SP_ECLOSED,
					sp_rdp_state_name(sp_conn_rdp(n->target)));
		}
		return;
	default:
		return;
	}
}

/* Why there is no session, in words that go behind the target's name. */
static uint32_t lost_words(
		struct sp_net *n, int err, const char *what, int saved_errno, char *out, size_t cap)
{
	struct sp_rdp *rdp = sp_conn_rdp(n->target);
	const char *state = sp_rdp_state_name(rdp);
	uint32_t failure = sp_client_failure(rdp);
	bool closed = err == SP_ECLOSED || (err == SP_ESYS && saved_errno == ECONNRESET);

	if (n->leg.error_info != SP_ERRINFO_NONE) {
		snprintf(out, cap, "it refused the session: %s",
				sp_errinfo_text(n->leg.error_info));
	} else if (failure != 0) {
		snprintf(out, cap, "it refused the connection: %s (failure code %u)",
				sp_x224_failure_text(failure), (unsigned)failure);
	} else if (err == SP_EPROTO && strcmp(what, "x224.selectedProtocol") == 0) {
		snprintf(out, cap, "it has neither TLS nor NLA, only the old RDP encryption");
	} else if (strcmp(what, "authorizationResult") == 0) {
		snprintf(out, cap, "it refused the login: this user may not log on there");
		return SP_WHY_TARGET_LOGIN;
	} else if (err == SP_ETLS) {
		snprintf(out, cap, "TLS is not possible with it: %s", what);
	} else if (err == SP_ETIMEOUT) {
		snprintf(out, cap, "it did not answer in time (%s); try again later", state);
	} else if (closed && strcmp(state, "wait credssp") == 0 &&
			n->leg.answers > (n->leg.rdstls ? 0 : 1)) {
		snprintf(out, cap,
				"it closed the connection at the login; most likely user name or "
				"password is wrong");
		return SP_WHY_TARGET_LOGIN;
	} else if (closed) {
		snprintf(out, cap, "it closed the connection (%s); try again later", state);
	} else if (err == SP_ESYS) {
		snprintf(out, cap, "connection lost: %s (%s)", strerror(saved_errno), state);
	} else if (strcmp(state, "wait license") == 0) {
		if (err == SP_EDENIED && sp_client_license_shown(rdp)) {
			sp_relay_drop_license(n);
		}
		snprintf(out, cap, "it gives no licence: %s: %s", what, sp_err_text(err));
	} else {
		snprintf(out, cap, "it does not speak RDP as expected: %s: %s (%s)", what,
				sp_err_text(err), state);
	}
	return SP_WHY_TARGET;
}

/* Lost before there was a session. What sp-target has in hand may explain it better. */
static void lost_early(struct sp_net *n, int err, const char *what, int saved_errno)
{
	struct sp_net_leg *leg = &n->leg;
	uint32_t why = lost_words(n, err, what, saved_errno, leg->text, sizeof(leg->text));

	if (leg->watch && leg->asked) {
		leg->last = sp_loop_timer(n->loop, on_last_word, n);
	}
	if (!leg->last) {
		sp_target_give_up(n, why, leg->text);
		return;
	}
	sp_watch_in(leg->last, LAST_WORD_US);
	sp_relay_target(n, NULL);
	sp_conn_destroy(n->target);
	n->target = NULL;
}

static void target_closed(void *user, int err, const char *what)
{
	struct sp_net *n = user;
	int saved_errno = errno;
	char text[SP_TEXT_WHY];

	if (n->state == SP_NET_WAIT_LICENSE) {
		lost_early(n, err, what, saved_errno);
		return;
	}
	sp_target_drop(n);
	if (n->state == SP_NET_ENDING) {
		return;
	}
	snprintf(text, sizeof(text), "target lost: %s%s%s", what, *what ? ": " : "",
			err == SP_ESYS ? strerror(saved_errno) : sp_err_text(err));
	sp_net_end(n, SP_ERRINFO_RPC_INITIATED_DISCONNECT, SP_WHY_TARGET, text);
}

static void target_room(void *user)
{
	sp_relay_target_room(user);
}

/* ---- the beginning ---- */

static struct sp_rdp *make_machine(struct sp_net *n, const struct sp_msg_target *t)
{
	/* Large structures of one connection's start: not on the stack, not for ever. */
	static struct sp_gcc_client gcc;
	static struct sp_info info;
	uint64_t active_us = n->start.active_ms * 1000ull;

	sp_relay_shape(n, t, &gcc, &info);
	if (n->leg.has_session) {
		gcc.cluster_flags |= SP_GCC_REDIRECTED_SESSION_VALID;
		gcc.redirected_session_id = n->leg.session;
	}
	struct sp_client_conf conf = {
			.gcc = &gcc, .info = &info, .relay = true, .deadline_us = active_us};
	if (n->leg.rdp) {
		conf.protocols = n->leg.rdstls ? PROTOCOLS_REDIRECTED : PROTOCOLS;
		conf.token = sp_span(t->route, t->route_n);
		conf.crypto = sp_crypto_rsa();
		conf.deadline_us = active_us < LEG_US ? active_us : LEG_US;
		/* Nobody is named there before the certificate was judged. */
		info.user[0] = info.domain[0] = '\0';
	}
	struct sp_rdp *rdp = sp_client_create(&conf, sp_now_us());
	sp_wipe(&info, sizeof(info));
	return rdp;
}

/* What only the leg of a host needs: TLS, and somebody who logs in. */
static int prepare(struct sp_net *n)
{
	char why[SP_WHY_MAX] = "";

	if (!n->leg.tls) {
		n->leg.tls = sp_tls_client_ctx(sp_span(NULL, 0), why);
	}
	if (!n->leg.tls) {
		sp_log(SP_LOG_ERROR, "%s", why);
		return SP_ETLS;
	}
	n->leg.watch = sp_loop_fd(n->loop, n->leg.link, SP_LOOP_READ, on_link, n);
	return n->leg.watch ? SP_OK : SP_ENOMEM;
}

static void target_sent(void *user, struct sp_rcbuf *pdus)
{
	sp_relay_target_sent(user, pdus);
}

void sp_target_socket(struct sp_net *n, int fd, int link, const struct sp_msg_target *t)
{
	static const struct sp_conn_calls calls = {.event = target_event,
			.tls_up = target_tls_up,
			.closed = target_closed,
			.sent = target_sent,
			.room = target_room};
	struct sp_net_leg *leg = &n->leg;

	leg->link = link;
	leg->rdp = t->kind == SP_TARGET_RDP;
	leg->tls_only = t->tls_only;
	leg->answers = 0;
	leg->error_info = SP_ERRINFO_NONE;
	snprintf(leg->name, sizeof(leg->name), "%s", t->name);
	n->state = SP_NET_WAIT_LICENSE;
	sp_relay_begin(n, t);
	int rc = leg->rdp ? prepare(n) : SP_OK;
	struct sp_rdp *rdp = rc == SP_OK ? make_machine(n, t) : NULL;
	struct sp_conn_conf conf = {.fd = fd,
			.rdp = rdp,
			.ctx = leg->tls,
			/* sp-target judges, from the chain; here it only says for whom we look. */
			.peer = {.verify = SP_TLS_VERIFY_REPORT,
					.host = t->host[0] ? t->host : NULL},
			.calls = &calls,
			.stall_us = leg->rdp ? STALL_US : 0,
			.user = n};
	n->target = rdp ? sp_conn_create(n->loop, &conf) : NULL;
	sp_relay_target(n, n->target ? rdp : NULL);
	if (!n->target) {
		sp_rdp_destroy(rdp);
		close(fd);
		if (!leg->watch) {
			sp_fd_close(&link);
		}
		sp_target_give_up(n, SP_WHY_INTERNAL, "no connection to it can be made now");
		return;
	}
	if (leg->rdp) {
		sp_relay_ask_license(n);
	}
	if (leg->rdp && sp_tcp_tune(fd, SP_TCP_SEND_BUF, SP_TCP_LOWAT) != SP_OK) {
		sp_log(SP_LOG_DEBUG, "target's socket not tuned");
	}
}
