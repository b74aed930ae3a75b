/*
 * tests/peer/redirector.c - an RDP host that sends every client to another machine.
 *
 * redirector ADDR:PORT PEM TO [BLOB]: TLS without NLA, certificate and key from the file PEM. TO is
 * the other's address, or "token" for itself with a routing token, or what it does instead: "hang",
 * "close", "refuse" with a Set Error Info. With BLOB the password is that, sealed for RDSTLS. Says on
 * standard output who came with which token and password.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/utf16.h"
#include "core/pdu/errinfo.h"
#include "core/pdu/gcc_client.h"
#include "core/pdu/info.h"
#include "core/pdu/redirect.h"
#include "core/pdu/x224.h"
#include "core/rdp/server.h"
#include "host/io/hostlog.h"
#include "host/io/tcp.h"
#include "host/rdp/conn.h"

#define LIMIT_US 30000000
#define PEM_MAX 65536
#define TOKEN "Cookie: msts=3640205228.15629.0000"

struct redirector {
	struct sp_loop *loop;
	struct sp_tls_ctx *ctx;
	struct sp_conn *conn; /* one at a time; a new one ends the one before */
	int listener;
	const char *to, *blob;
};

static struct sp_span text(struct sp_wr *w, const char *s)
{
	size_t at = w->n;

	sp_utf16_write(w, s);
	sp_wr_le16(w, 0);
	return sp_span(w->p + at, w->n - at);
}

static int send_away(struct redirector *r, struct sp_rdp *rdp)
{
	struct sp_redirect msg = {.session_id = 42};
	static uint8_t texts[4096], pdu[8192];
	struct sp_wr tw, w;

	sp_wr_fixed(&tw, texts, sizeof(texts));
	sp_wr_fixed(&w, pdu, sizeof(pdu));
	if (strcmp(r->to, "hang") == 0) {
		return SP_OK;
	}
	if (strcmp(r->to, "close") == 0) {
		sp_conn_end(r->conn);
		return SP_OK;
	}
	if (strcmp(r->to, "refuse") == 0) {
		int rc = sp_server_end(rdp, SP_ERRINFO_SERVER_INSUFFICIENT_PRIVILEGES);
		sp_conn_end(r->conn);
		return rc;
	}
	if (strcmp(r->to, "token") == 0) {
		msg.flags |= SP_LB_LOAD_BALANCE_INFO;
		msg.load_balance_info = sp_span(TOKEN "\r\n", strlen(TOKEN) + 2);
	} else {
		msg.flags |= SP_LB_TARGET_NET_ADDRESS;
		msg.address = text(&tw, r->to);
	}
	if (r->blob) {
		msg.flags |= SP_LB_USERNAME | SP_LB_DOMAIN | SP_LB_PASSWORD |
				SP_LB_PASSWORD_IS_PK_ENCRYPTED | SP_LB_REDIRECTION_GUID;
		msg.user = text(&tw, "guest");
		msg.domain = text(&tw, "FARM");
		msg.password = sp_span(r->blob, strlen(r->blob));
		msg.guid = text(&tw, "R1VJRA==");
	}
	sp_redirect_share_write(&w, sp_rdp_user_id(rdp), &msg);
	if (sp_wr_ok(&w) != SP_OK) {
		return sp_wr_ok(&w);
	}
	int rc = sp_server_relay(rdp);
	return rc == SP_OK ? sp_rdp_send_relay(rdp, SP_RELAY_IO, 0, sp_span(pdu, w.n)) : rc;
}

static void on_event(void *user, const struct sp_event *ev)
{
	struct redirector *r = user;
	struct sp_rdp *rdp = sp_conn_rdp(r->conn);

	if (ev->kind == SP_EV_X224_REQUEST) {
		printf("request token=%.*s cookie=%.*s\n", (int)ev->x224.token.n,
				(const char *)ev->x224.token.p, (int)ev->x224.cookie.n,
				(const char *)ev->x224.cookie.p);
	}
	if (ev->kind == SP_EV_LOGON) {
		const struct sp_info *info = sp_rdp_info(rdp);
		const struct sp_gcc_client *gcc = sp_rdp_client_gcc(rdp);

		printf("logon user=%s domain=%s password=%zu autologon=%d cluster=%x session=%u\n",
				info->user, info->domain, info->password.n / 2,
				(info->flags & SP_INFO_AUTOLOGON) != 0, gcc->cluster_flags,
				gcc->redirected_session_id);
		int rc = send_away(r, rdp);
		if (rc != SP_OK) {
			printf("not sent away: %s\n", sp_err_text(rc));
		}
	}
	fflush(stdout);
}

static void on_closed(void *user, int err, const char *what)
{
	struct redirector *r = user;

	printf("closed %s %s\n", sp_err_text(err), what);
	fflush(stdout);
	sp_conn_destroy(r->conn);
	r->conn = NULL;
}

static void on_listener(void *user, unsigned events)
{
	static const struct sp_conn_calls calls = {.event = on_event, .closed = on_closed};
	struct sp_server_conf conf = {.protocols = SP_PROTO_SSL,
			.logon_deadline_us = LIMIT_US,
			.active_deadline_us = LIMIT_US};
	struct redirector *r = user;
	struct sp_addr peer;
	int fd;

	if (sp_tcp_accept(r->listener, &fd, &peer) != 1) {
		return;
	}
	sp_conn_destroy(r->conn);
	struct sp_conn_conf cc = {.fd = fd,
			.rdp = sp_server_create(&conf, sp_now_us()),
			.ctx = r->ctx,
			.server = true,
			.calls = &calls,
			.user = r};
	r->conn = sp_conn_create(r->loop, &cc);
}

int main(int argc, char **argv)
{
	struct redirector r = {.listener = -1};
	char why[SP_WHY_MAX] = "";
	struct sp_rcbuf *pem;

	sp_hostlog_open_raw(SP_LOG_INFO);
	if (argc < 4 || sp_tls_init() != SP_OK || sp_file_read(argv[2], PEM_MAX, &pem) != SP_OK) {
		fprintf(stderr, "usage: redirector ADDR:PORT PEM TO [BLOB]\n");
		return 2;
	}
	struct sp_tls_server_conf conf = {
			.chain_pem = sp_span(pem->p, pem->n), .key_pem = sp_span(pem->p, pem->n)};
	r.to = argv[3];
	r.blob = argv[4];
	r.ctx = sp_tls_server_ctx(&conf, why);
	r.loop = sp_loop_create();
	if (!r.ctx || !r.loop || sp_tcp_listen(argv[1], &r.listener, why) != SP_OK ||
			!sp_loop_fd(r.loop, r.listener, SP_LOOP_READ, on_listener, &r)) {
		fprintf(stderr, "redirector: %s\n", why);
		return 1;
	}
	return sp_loop_run(r.loop);
}
