/*
 * tests/peer/prompter.c - the greeter on a real connection, without a keeper behind it.
 *
 * prompter LISTEN PROMPT...: serves one client with TLS and shows it each prompt of
 * tests/gate/net/prompts.c in turn ("p-code"), the next one after an answer or, where nothing is
 * asked, after two seconds; "open" is the screen while a target opens. Prints what it shows and
 * what was answered, and ends when all were shown or the person leaves.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/pdu/x224.h"
#include "core/rdp/server.h"
#include "gate/net/geometry.h"
#include "gate/net/greeter/greeter.h"
#include "host/io/cert.h"
#include "host/io/hostlog.h"
#include "host/io/tcp.h"
#include "host/rdp/conn.h"
#include "prompts.h"

#define WAIT_US 2000000

struct prompter {
	struct sp_loop *loop;
	struct sp_tls_ctx *tls;
	struct sp_conn *conn;
	struct sp_greeter *greeter;
	struct sp_watch *listen, *wait;
	int listener;
	char **name; /* NULL at the end */
};

static enum prompts find(const char *name)
{
	enum prompts i = 0;

	while (i < PROMPTS_COUNT && strcmp(prompts_name(i), name) != 0) {
		i++;
	}
	return i;
}

static void quit(struct prompter *t, const char *what)
{
	printf("end %s\n", what);
	sp_loop_quit(t->loop, 0);
}

static void next(void *user)
{
	static struct sp_msg_prompt p;
	struct prompter *t = user;
	const char *name = *t->name;

	if (!name) {
		quit(t, "all shown");
		return;
	}
	t->name++;
	printf("show %s\n", name);
	if (strcmp(name, "open") == 0) {
		sp_greeter_open(t->greeter, "");
	} else {
		prompts_fill(&p, find(name));
		sp_greeter_prompt(t->greeter, &p);
	}
	if (strcmp(name, "open") == 0 || p.kind == SP_PROMPT_WAIT) {
		sp_watch_in(t->wait, WAIT_US);
	}
}

static void on_answer(void *user, const struct sp_msg_answer *a)
{
	struct prompter *t = user;

	printf("answer %u [%s] [%s]\n", a->choice, a->text, a->password);
	next(t);
}

static void on_leave(void *user)
{
	quit(user, "left");
}

static void on_failed(void *user, int err)
{
	quit(user, sp_err_text(err));
}

static void on_event(void *user, const struct sp_event *ev)
{
	static const struct sp_greeter_calls calls = {
			.answer = on_answer, .leave = on_leave, .failed = on_failed};
	struct prompter *t = user;
	struct sp_rdp *c = sp_conn_rdp(t->conn);
	struct sp_geometry g = {0};

	switch (ev->kind) {
	case SP_EV_LOGON:
		sp_net_geometry(&g, sp_rdp_client_gcc(c), sp_rdp_info(c));
		printf("client %ux%u, %u bits, %u monitors\n", g.width, g.height, g.bpp,
				g.monitors);
		t->greeter = sp_greeter_create(t->loop, t->conn, &g, "anna.schmidt", &calls, t);
		if (!t->greeter) {
			quit(t, "no greeter");
			return;
		}
		next(t);
		return;
	case SP_EV_CLOSED:
		quit(t, "client closed");
		return;
	default:
		if (t->greeter) {
			sp_greeter_event(t->greeter, ev);
		}
		return;
	}
}

static void on_room(void *user)
{
	struct prompter *t = user;

	if (t->greeter) {
		sp_greeter_room(t->greeter);
	}
}

static void on_closed(void *user, int err, const char *what)
{
	struct prompter *t = user;

	sp_conn_destroy(t->conn);
	t->conn = NULL;
	quit(t, *what ? what : sp_err_text(err));
}

static void on_accept(void *user, unsigned events)
{
	static const struct sp_conn_calls calls = {
			.event = on_event, .closed = on_closed, .room = on_room};
	struct prompter *t = user;
	struct sp_server_conf conf = {.protocols = SP_PROTO_SSL};
	struct sp_addr peer;
	int fd;

	if (t->conn || sp_tcp_accept(t->listener, &fd, &peer) <= 0) {
		return;
	}
	t->conn = sp_conn_create(t->loop,
			&(struct sp_conn_conf){.fd = fd,
					.rdp = sp_server_create(&conf, sp_now_us()),
					.ctx = t->tls,
					.server = true,
					.calls = &calls,
					.user = t});
	sp_watch_remove(t->listen);
	t->listen = NULL;
}

int main(int argc, char **argv)
{
	static struct prompter t;
	struct sp_rcbuf *cert, *key;
	char why[SP_WHY_MAX] = "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	sp_hostlog_open("prompter", SP_LOG_DEBUG);
	for (int i = 2; i < argc; i++) {
		if (find(argv[i]) == PROMPTS_COUNT && strcmp(argv[i], "open") != 0) {
			fprintf(stderr, "prompter: no prompt %s\n", argv[i]);
			return 2;
		}
	}
	if (argc < 3) {
		fprintf(stderr, "usage: prompter LISTEN PROMPT...\n");
		return 2;
	}
	t.name = argv + 2;
	if (sp_tls_init() != SP_OK || sp_cert_make("localhost", 2, &cert, &key) != SP_OK ||
			!(t.loop = sp_loop_create())) {
		return 1;
	}
	struct sp_tls_server_conf conf = {
			.chain_pem = sp_span(cert->p, cert->n), .key_pem = sp_span(key->p, key->n)};
	t.tls = sp_tls_server_ctx(&conf, why);
	t.wait = sp_loop_timer(t.loop, next, &t);
	if (!t.tls || !t.wait || sp_tcp_listen(argv[1], &t.listener, why) != SP_OK) {
		fprintf(stderr, "prompter: %s\n", why);
		return 1;
	}
	t.listen = sp_loop_fd(t.loop, t.listener, SP_LOOP_READ, on_accept, &t);
	int rc = sp_loop_run(t.loop);
	sp_greeter_destroy(t.greeter);
	sp_conn_destroy(t.conn);
	return rc == 0 ? 0 : 1;
}
