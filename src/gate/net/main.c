/* gate/net/main.c - sp-net: waits for its one connection in the jail, serves it, ends. */
#include "gate/net/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/wr.h"
#include "core/pdu/errinfo.h"
#include "core/rdp/client.h"
#include "core/rdp/server.h"
#include "gate/net/ja4.h"
#include "gate/net/relay.h"
#include "host/io/fdio.h"
#include "host/io/hostlog.h"
#include "host/io/jail.h"

#define CHAIN_MAX (256u << 10)
#define SIGN_MS 10000

/* A process has one connection. */
static char ja4[SP_JA4];

static void on_hello(void *arg, struct sp_span message)
{
	sp_net_ja4(message, ja4);
}

/* The keeper signs; it knows what a TLS server's signature looks like and gives one. */
static int sign(void *arg, int scheme, struct sp_span message, uint8_t *sig, size_t *sig_len)
{
	struct sp_msg_sign m = {.scheme = (uint32_t)scheme, .n = (uint32_t)message.n};
	struct sp_mon_in answer;

	if (!(message.n <= sizeof(m.message))) {
		return SP_ELIMIT;
	}
	memcpy(m.message, message.p, message.n);
	snprintf(m.ja4, sizeof(m.ja4), "%s", ja4);
	int rc = sp_mon_ask(SP_NET_FD_KEEPER, SP_MSG_SIGN, &m, sizeof(m), SP_MSG_SIGNATURE, &answer,
			SIGN_MS);
	if (rc != SP_OK) {
		return rc;
	}
	const struct sp_msg_signature *s = &answer.body.signature;
	if (s->result != SP_SIGN_DONE || !(s->n <= *sig_len)) {
		return SP_EDENIED;
	}
	memcpy(sig, s->signature, s->n);
	*sig_len = s->n;
	return SP_OK;
}

void sp_net_count(struct sp_net *n)
{
	if (n->user) {
		n->bytes_in = sp_conn_bytes_in(n->user);
		n->bytes_out = sp_conn_bytes_out(n->user);
	}
}

void sp_net_gone(struct sp_net *n)
{
	struct sp_msg_bye bye = {.why = n->why};

	sp_relay_transfers_end(n);
	if (!n->bye_said) {
		n->bye_said = true;
		snprintf(bye.text, sizeof(bye.text), "%s", n->text);
		sp_net_count(n);
		bye.bytes_in = n->bytes_in;
		bye.bytes_out = n->bytes_out;
		if (sp_mon_say(SP_NET_FD_KEEPER, BYE, &bye) != SP_OK) {
			sp_log(SP_LOG_DEBUG, "keeper is gone");
		}
	}
	sp_target_forget_login(n);
	sp_conn_destroy(n->target);
	n->target = NULL;
	sp_greeter_destroy(n->greeter);
	n->greeter = NULL;
	sp_relay_limit_stop(n);
	sp_watch_remove(n->patience);
	n->patience = NULL;
	bool over = sp_relay_record_end(n);
	sp_legs_destroy(n->legs);
	n->legs = NULL;
	if (over) {
		sp_loop_quit(n->loop, 0);
	}
}

void sp_net_end(struct sp_net *n, uint32_t error_info, uint32_t why, const char *text)
{
	if (n->state == SP_NET_ENDING) {
		return;
	}
	n->state = SP_NET_ENDING;
	n->why = why;
	if (text != n->text) {
		snprintf(n->text, sizeof(n->text), "%s", text);
	}
	sp_target_forget_login(n);
	if (n->target) {
		if (sp_client_end(sp_conn_rdp(n->target)) != SP_OK) {
			sp_log(SP_LOG_DEBUG, "no goodbye to the target");
		}
		sp_conn_end(n->target);
	}
	if (!n->user) {
		sp_net_gone(n);
		return;
	}
	if (!n->drop && sp_server_end(sp_conn_rdp(n->user), error_info) != SP_OK) {
		sp_log(SP_LOG_DEBUG, "no goodbye to the client");
	}
	sp_conn_end(n->user);
}

/* Its socket, the link to its login, the stream to the recorder: what there is of them. */
static void take_target(struct sp_net *n, struct sp_mon_in *in)
{
	struct sp_msg_target t = in->body.target;
	bool rdp = t.kind == SP_TARGET_RDP;
	int fd = sp_mon_take_fd(in, 0), link = rdp ? sp_mon_take_fd(in, 1) : -1;

	snprintf(n->leg.name, sizeof(n->leg.name), "%s", t.name);
	if (sp_relay_record(n, t.record ? sp_mon_take_fd(in, rdp ? 2 : 1) : -1, &t) != SP_OK) {
		close(fd);
		sp_fd_close(&link);
		sp_target_give_up(n, SP_WHY_RECORD, "it cannot be recorded now");
		return;
	}
	sp_target_socket(n, fd, link, &t);
}

static void on_keeper(void *user, unsigned events)
{
	struct sp_net *n = user;
	struct sp_mon_in in;
	int rc = sp_mon_recv(SP_NET_FD_KEEPER, &in);

	if (rc == 0) {
		return;
	}
	if (rc < 0) {
		sp_watch_remove(n->keeper);
		n->keeper = NULL;
		sp_net_end(n, SP_ERRINFO_RPC_INITIATED_DISCONNECT, SP_WHY_INTERNAL,
				"ended by the keeper");
		return;
	}
	if (in.type == SP_MSG_TARGET && n->state == SP_NET_WAIT_TARGET) {
		const struct sp_msg_target *t = &in.body.target;

		if (t->result == SP_OPEN_OK) {
			take_target(n, &in);
		} else {
			sp_talk_refuse(n, SP_ERRINFO_SERVER_DENIED_CONNECTION, SP_WHY_TARGET,
					t->text);
		}
	} else if (in.type == SP_MSG_PROMPT &&
			(n->state == SP_NET_WAIT_PROMPT || n->state == SP_NET_WAIT_ANSWER)) {
		sp_talk_prompt(n, &in.body.prompt);
	} else if (in.type == SP_MSG_SESSION_END && n->state != SP_NET_RELAY) {
		sp_talk_session_end(n, &in.body.session_end);
	} else if (in.type == SP_MSG_SESSION_END) {
		sp_relay_session_end(n, &in.body.session_end);
	} else if (in.type == SP_MSG_LICENSE) {
		sp_relay_license(n, &in.body.license);
	} else if (in.type == SP_MSG_ARC) {
		sp_relay_arc(n, &in.body.arc);
	}
	sp_mon_in_finish(&in);
}

/* All sp-net share one open file, and so its offset: read by position. */
static int read_chain(struct sp_wr *out)
{
	for (;;) {
		uint8_t *p = sp_wr_room(out, 4096);
		ssize_t n = p ? pread(SP_NET_FD_CHAIN, p, 4096, (off_t)(out->n - 4096)) : -1;

		if (n < 0) {
			return sp_wr_ok(out) != SP_OK ? sp_wr_ok(out) : SP_ESYS;
		}
		sp_wr_shrink(out, 4096 - (size_t)n);
		if (n == 0) {
			return SP_OK;
		}
	}
}

static struct sp_tls_ctx *load_tls(char why[SP_WHY_MAX])
{
	struct sp_tls_server_conf conf = {.sign = sign, .hello = on_hello};
	struct sp_tls_ctx *ctx = NULL;
	struct sp_wr chain;

	sp_wr_init(&chain, CHAIN_MAX);
	if (read_chain(&chain) == SP_OK) {
		conf.chain_pem = sp_span(chain.p, chain.n);
		ctx = sp_tls_server_ctx(&conf, why);
	} else {
		snprintf(why, SP_WHY_MAX, "certificate chain cannot be read");
	}
	sp_wr_finish(&chain);
	close(SP_NET_FD_CHAIN);
	return ctx;
}

/* The connection comes; later, the parent going away ends us. */
static void on_parent(void *user, unsigned events)
{
	struct sp_net *n = user;
	struct sp_mon_in in;
	int rc = sp_mon_recv(SP_NET_FD_PARENT, &in);

	if (rc == 0) {
		return;
	}
	if (rc < 0 || in.type != SP_MSG_NET_START || n->state != SP_NET_WAIT_START) {
		sp_watch_remove(n->parent);
		n->parent = NULL;
		if (n->state == SP_NET_WAIT_START) {
			sp_loop_quit(n->loop, 0); /* never needed */
		} else {
			sp_net_end(n, SP_ERRINFO_RPC_INITIATED_DISCONNECT, SP_WHY_BYE,
					"service is ending");
		}
	} else {
		n->start = in.body.net_start;
		sp_hostlog_prefix("conn %llu from %s: ", (unsigned long long)n->start.conn,
				n->start.source.text);
		sp_door_open(n, sp_mon_take_fd(&in, 0));
	}
	if (rc > 0) {
		sp_mon_in_finish(&in);
	}
}

int main(int argc, char **argv)
{
	static struct sp_net n;
	struct sp_jail_spec spec = {.class = SP_JAIL_NET};
	struct sp_jail_report report;
	char why[SP_WHY_MAX] = "";

	sp_hostlog_open_raw(getenv("SP_LOG_DEBUG") ? SP_LOG_DEBUG : SP_LOG_INFO);
	if (argc == 2 && strcmp(argv[1], "--selftest") == 0) {
		return sp_jail_selftest_main(&spec);
	}
	if (sp_tls_init() != SP_OK || !(n.loop = sp_loop_create())) {
		sp_log(SP_LOG_ERROR, "cannot start");
		return 1;
	}
	n.tls = load_tls(why);
	if (!n.tls) {
		sp_log(SP_LOG_ERROR, "tls: %s", why);
		return 1;
	}
	n.parent = sp_loop_fd(n.loop, SP_NET_FD_PARENT, SP_LOOP_READ, on_parent, &n);
	n.keeper = sp_loop_fd(n.loop, SP_NET_FD_KEEPER, SP_LOOP_READ, on_keeper, &n);
	if (!n.parent || !n.keeper) {
		sp_log(SP_LOG_ERROR, "cannot start");
		return 1;
	}
	spec.writes_file = sp_tls_keylog();
	if (sp_jail_enter(&spec, &report, why) != SP_OK) {
		sp_log(SP_LOG_ERROR, "%s", why);
		return 1;
	}
	int rc = sp_loop_run(n.loop);
	sp_conn_destroy(n.user);
	sp_conn_destroy(n.target);
	sp_tap_destroy(n.tap);
	sp_tls_ctx_destroy(n.tls);
	sp_tls_ctx_destroy(n.leg.tls);
	sp_loop_destroy(n.loop);
	return rc == 0 ? 0 : 1;
}
