/*
 * tests/peer/reactivate.c - a drawn screen first, then another server through us.
 *
 * reactivate LISTEN TARGET SECONDS: serves one client with TLS, draws a screen of its own for some
 * seconds, then dials TARGET with TLS and hands the client over to it by reactivation, with every
 * channel that the client announced. With 0 seconds there is no own screen: the activation is held
 * back for the target's. The riskiest step of a greeter, without its surroundings.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/gcc_client.h"
#include "core/pdu/info.h"
#include "core/pdu/x224.h"
#include "core/rdp/client.h"
#include "core/rdp/server.h"
#include "core/view/emit.h"
#include "host/io/cert.h"
#include "host/io/hostlog.h"
#include "host/io/tcp.h"
#include "host/rdp/conn.h"

/* Name of the dynamic channel, in the target's request to open it. */
#define GRAPHICS "Microsoft::Windows::RDS::Graphics"

struct trial {
	struct sp_loop *loop;
	struct sp_tls_ctx *server_tls, *client_tls;
	struct sp_conn *user, *target;
	struct sp_watch *listen, *wait;
	int listener;
	const char *host;
	uint16_t port;
	unsigned seconds;
	bool relaying;
	uint64_t passed;
	uint64_t bytes[4]; /* from the target, by enum sp_relay_kind */
	bool graphics; /* a graphics pipeline was opened */
};

static void quit(struct trial *t, const char *who, int err, const char *what)
{
	sp_log(SP_LOG_INFO, "%s closed: %s %s", who, sp_err_text(err), what);
	sp_log(SP_LOG_INFO, "relayed: %llu PDUs, fast path %llu, channels %llu bytes, %s graphics",
			(unsigned long long)t->passed,
			(unsigned long long)t->bytes[SP_RELAY_FASTPATH],
			(unsigned long long)t->bytes[SP_RELAY_CHANNEL],
			t->graphics ? "with" : "without");
	sp_loop_quit(t->loop, 0);
}

/* The screen: a colour that no desktop under test has, in tiles. */
static void draw(struct trial *t)
{
	struct sp_rdp *c = sp_conn_rdp(t->user);
	const struct sp_gcc_cs_core *core = &sp_rdp_client_gcc(c)->core;
	uint32_t w = core->desktop_width, h = core->desktop_height;
	struct sp_emit_conf conf = {.w = w,
			.h = h,
			.depth = sp_gcc_client_bpp(core),
			.max_update = SP_EMIT_MAX_UPDATE,
			.one_rect = true,
			.no_compr_hdr = true};
	uint8_t *fb = sp_calloc((size_t)w * h, 4);
	struct sp_emit *e = sp_emit_create(&conf);
	struct sp_wr out;

	sp_wr_init(&out, 1 << 20);
	for (size_t i = 0; fb && i < (size_t)w * h; i++) {
		fb[4 * i] = 0x60;
		fb[4 * i + 1] = 0x20;
		fb[4 * i + 2] = 0xC0;
	}
	sp_emit_damage(e, (struct sp_rect){0, 0, (int32_t)w, (int32_t)h});
	while (fb && e && sp_emit_next(e, fb, (size_t)w * 4, &out) > 0) {
		if (sp_server_update(c, SP_FP_BITMAP, sp_span(out.p, out.n)) != SP_OK) {
			break;
		}
		sp_wr_reset(&out);
	}
	sp_wr_finish(&out);
	sp_emit_destroy(e);
	sp_free(fb);
}

static void pass(struct trial *t, struct sp_conn *to, const struct sp_event *ev)
{
	if (!to || !t->relaying) {
		return; /* nobody listens yet; a client says little before a server speaks */
	}
	t->passed++;
	if (sp_rdp_send_relay(sp_conn_rdp(to), ev->relay.kind, ev->relay.index, ev->relay.data) !=
			SP_OK) {
		quit(t, "relay", SP_EBUG, sp_rdp_what(sp_conn_rdp(to)));
	}
}

static void target_event(void *user, const struct sp_event *ev)
{
	struct trial *t = user;

	switch (ev->kind) {
	case SP_EV_LICENSED:
		sp_log(SP_LOG_INFO, "target licensed: reactivating the client");
		if (sp_server_relay(sp_conn_rdp(t->user)) != SP_OK) {
			quit(t, "user", SP_EBUG, "relay");
		}
		t->relaying = true;
		return;
	case SP_EV_RELAY:
		t->bytes[ev->relay.kind] += ev->relay.data.n;
		t->graphics = t->graphics ||
				memmem(ev->relay.data.p, ev->relay.data.n, GRAPHICS,
						strlen(GRAPHICS)) != NULL;
		pass(t, t->user, ev);
		return;
	case SP_EV_CLOSED:
		quit(t, "target", SP_ECLOSED, "ultimatum");
		return;
	default:
		return;
	}
}

static void target_closed(void *user, int err, const char *what)
{
	quit(user, "target", err, what);
}

static void dial(void *user)
{
	static const struct sp_conn_calls calls = {.event = target_event, .closed = target_closed};
	static struct sp_gcc_client gcc;
	static struct sp_info info;
	struct trial *t = user;
	struct sp_rdp *u = sp_conn_rdp(t->user);
	char why[SP_WHY_MAX] = "";
	int fd;

	if (sp_tcp_connect(t->host, t->port, sp_now_us() + 3000000, &fd, why) != SP_OK) {
		quit(t, "target", SP_ESYS, why);
		return;
	}
	gcc = *sp_rdp_client_gcc(u);
	gcc.has_multitransport = false;
	info = *sp_rdp_info(u);
	info.flags &= ~(uint32_t)(SP_INFO_COMPRESSION | SP_INFO_COMPRESSION_TYPE);
	struct sp_client_conf conf = {
			.protocols = SP_PROTO_SSL, .gcc = &gcc, .info = &info, .relay = true};
	struct sp_rdp *rdp = sp_client_create(&conf, sp_now_us());
	t->target = sp_conn_create(t->loop,
			&(struct sp_conn_conf){.fd = fd,
					.rdp = rdp,
					.ctx = t->client_tls,
					.peer = {.verify = SP_TLS_VERIFY_REPORT},
					.calls = &calls,
					.user = t});
	if (!t->target) {
		quit(t, "target", SP_ENOMEM, "");
	}
}

static void user_event(void *user, const struct sp_event *ev)
{
	struct trial *t = user;
	struct sp_rdp *c = sp_conn_rdp(t->user);
	const struct sp_gcc_cs_core *core = &sp_rdp_client_gcc(c)->core;
	struct sp_server_desktop d = {.width = core->desktop_width,
			.height = core->desktop_height,
			.bpp = sp_gcc_client_bpp(core),
			.superset = true};

	switch (ev->kind) {
	case SP_EV_LOGON:
		if (t->seconds == 0) {
			dial(t); /* the licence is held back for the target's: one activation */
			return;
		}
		if (sp_server_activate(c, &d, sp_now_us()) != SP_OK) {
			quit(t, "user", SP_EBUG, "activate");
		}
		return;
	case SP_EV_ACTIVE:
		sp_log(SP_LOG_INFO, "own screen active");
		draw(t);
		sp_watch_in(t->wait, t->seconds * 1000000ull);
		return;
	case SP_EV_RELAY:
		pass(t, t->target, ev);
		return;
	case SP_EV_CLOSED:
		quit(t, "user", SP_ECLOSED, "ultimatum");
		return;
	default:
		return;
	}
}

static void user_closed(void *user, int err, const char *what)
{
	quit(user, "user", err, what);
}

static void on_accept(void *user, unsigned events)
{
	static const struct sp_conn_calls calls = {.event = user_event, .closed = user_closed};
	struct trial *t = user;
	struct sp_server_conf conf = {.protocols = SP_PROTO_SSL};
	struct sp_addr peer;
	int fd;

	if (t->user || sp_tcp_accept(t->listener, &fd, &peer) <= 0) {
		return;
	}
	t->user = sp_conn_create(t->loop,
			&(struct sp_conn_conf){.fd = fd,
					.rdp = sp_server_create(&conf, sp_now_us()),
					.ctx = t->server_tls,
					.server = true,
					.calls = &calls,
					.user = t});
	sp_watch_remove(t->listen);
	t->listen = NULL;
}

int main(int argc, char **argv)
{
	static struct trial t;
	struct sp_rcbuf *cert, *key;
	char why[SP_WHY_MAX] = "", host[256];

	sp_hostlog_open("reactivate", SP_LOG_DEBUG);
	if (argc != 4 || sp_addr_split(argv[2], 3389, host, sizeof(host), &t.port) != SP_OK) {
		fprintf(stderr, "usage: reactivate LISTEN TARGET SECONDS\n");
		return 2;
	}
	t.host = host;
	t.seconds = (unsigned)strtoul(argv[3], NULL, 10);
	if (sp_tls_init() != SP_OK || sp_cert_make("localhost", 2, &cert, &key) != SP_OK ||
			!(t.loop = sp_loop_create())) {
		return 1;
	}
	struct sp_tls_server_conf conf = {
			.chain_pem = sp_span(cert->p, cert->n), .key_pem = sp_span(key->p, key->n)};
	t.server_tls = sp_tls_server_ctx(&conf, why);
	t.client_tls = sp_tls_client_ctx(sp_span(NULL, 0), why);
	t.wait = sp_loop_timer(t.loop, dial, &t);
	if (!t.server_tls || !t.client_tls || sp_tcp_listen(argv[1], &t.listener, why) != SP_OK) {
		fprintf(stderr, "reactivate: %s\n", why);
		return 1;
	}
	t.listen = sp_loop_fd(t.loop, t.listener, SP_LOOP_READ, on_accept, &t);
	return sp_loop_run(t.loop) == 0 ? 0 : 1;
}
