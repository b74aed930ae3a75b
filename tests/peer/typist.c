/*
 * tests/peer/typist.c - a client that types characters instead of keys, as phones and tablets do.
 *
 * typist ADDRESS USER TEXT, the password on standard input: logs in with NLA, sends the text as
 * Unicode events and leaves.
 */
#include <stdio.h>
#include <string.h>

#include "client/settings.h"
#include "core/base/err.h"
#include "core/base/utf16.h"
#include "core/pdu/caps.h"
#include "core/pdu/gcc_client.h"
#include "core/pdu/info.h"
#include "core/pdu/x224.h"
#include "core/rdp/client.h"
#include "host/io/hostlog.h"
#include "host/io/tcp.h"
#include "host/lib/crypto_nettle.h"
#include "host/rdp/client_login.h"
#include "host/rdp/conn.h"

#define WIDTH 1024
#define HEIGHT 768
#define MAX_EVENTS 1024
#define LEAVE_US 1500000

struct typist {
	struct sp_loop *loop;
	struct sp_tls_ctx *ctx;
	struct sp_conn *conn;
	struct sp_client_login *login;
	struct sp_watch *leave;
	const char *text;
};

static void give_up(struct typist *t, const char *what)
{
	fprintf(stderr, "typist: %s\n", what);
	sp_loop_quit(t->loop, 1);
}

static void type_text(struct typist *t)
{
	static struct sp_input_event ev[MAX_EVENTS];
	struct sp_wr w;
	size_t n = 0;

	sp_wr_init(&w, MAX_EVENTS);
	sp_utf16_write(&w, t->text);
	for (size_t i = 0; i + 1 < w.n && n + 1 < MAX_EVENTS; i += 2) {
		uint16_t unit = (uint16_t)(w.p[i] | w.p[i + 1] << 8);

		ev[n++] = (struct sp_input_event){.kind = SP_INPUT_UNICODE, .code = unit};
		ev[n++] = (struct sp_input_event){
				.kind = SP_INPUT_UNICODE, .code = unit, .key = SP_KEY_RELEASE};
	}
	sp_wr_finish(&w);
	if (sp_client_input(sp_conn_rdp(t->conn), ev, n) != SP_OK) {
		give_up(t, "input not sent");
		return;
	}
	sp_watch_in(t->leave, LEAVE_US);
}

static void on_leave(void *user)
{
	struct typist *t = user;

	sp_loop_quit(t->loop, 0);
}

static void on_event(void *user, const struct sp_event *ev)
{
	struct typist *t = user;
	struct sp_rdp *rdp = sp_conn_rdp(t->conn);
	struct sp_caps caps;

	switch (ev->kind) {
	case SP_EV_AUTH_TOKEN:
		if (sp_client_login_step(t->login, t->conn, ev->token) != SP_OK) {
			give_up(t, sp_client_login_why(t->login));
		}
		return;
	case SP_EV_DEMAND_ACTIVE:
		sp_client_default_caps(&caps, WIDTH, HEIGHT, 32);
		if (sp_client_confirm(rdp, &caps) != SP_OK) {
			give_up(t, "capabilities not sent");
		}
		return;
	case SP_EV_ACTIVE:
		type_text(t);
		return;
	default:
		return;
	}
}

static void on_closed(void *user, int err, const char *what)
{
	give_up(user, sp_err_text(err));
}

static bool start(struct typist *t, const char *address, const char *name, struct sp_span password)
{
	static const struct sp_conn_calls calls = {.event = on_event, .closed = on_closed};
	struct sp_client_login_conf login = {.user = name, .password = password};
	struct sp_gcc_client gcc;
	struct sp_info info;
	char host[256], why[SP_WHY_MAX] = "";
	uint16_t port;
	int fd;

	if (sp_addr_split(address, 3389, host, sizeof(host), &port) != SP_OK ||
			sp_tcp_connect(host, port, sp_now_us() + LEAVE_US, &fd, why) != SP_OK) {
		fprintf(stderr, "typist: %s: %s\n", address, why);
		return false;
	}
	sp_settings_gcc(&gcc, WIDTH, HEIGHT, 32);
	sp_settings_info(&info, host, false);
	struct sp_client_conf conf = {.protocols = SP_PROTO_SSL | SP_PROTO_HYBRID,
			.gcc = &gcc,
			.info = &info,
			.crypto = &sp_crypto_nettle};
	t->login = sp_client_login_create(&login);
	t->ctx = sp_tls_client_ctx(sp_span(NULL, 0), why);
	t->conn = sp_conn_create(t->loop,
			&(struct sp_conn_conf){.fd = fd,
					.rdp = sp_client_create(&conf, sp_now_us()),
					.ctx = t->ctx,
					.peer = {.verify = SP_TLS_VERIFY_REPORT},
					.calls = &calls,
					.user = t});
	return t->login && t->conn;
}

int main(int argc, char **argv)
{
	struct typist t = {0};
	char password[256] = "";

	sp_hostlog_open("typist", SP_LOG_INFO);
	if (argc != 4 || !fgets(password, sizeof(password), stdin)) {
		fprintf(stderr, "usage: typist ADDRESS USER TEXT, password on standard input\n");
		return 2;
	}
	t.text = argv[3];
	t.loop = sp_loop_create();
	t.leave = t.loop ? sp_loop_timer(t.loop, on_leave, &t) : NULL;
	if (!t.leave || sp_tls_init() != SP_OK ||
			!start(&t, argv[1], argv[2], sp_span(password, strcspn(password, "\n")))) {
		return 1;
	}
	int status = sp_loop_run(t.loop);

	sp_conn_destroy(t.conn);
	sp_client_login_destroy(t.login);
	sp_tls_ctx_destroy(t.ctx);
	sp_watch_remove(t.leave);
	sp_loop_destroy(t.loop);
	return status == 0 ? 0 : 1;
}
