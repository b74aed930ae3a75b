/* fuzz/fuzz_vc.c - channels whose other side sends anything, in both roles. */
#include <stdlib.h>
#include <string.h>

#include "core/pdu/caps.h"
#include "core/pdu/gcc_client.h"
#include "core/pdu/info.h"
#include "core/pdu/svc.h"
#include "core/rdp/client.h"
#include "core/rdp/server.h"
#include "core/rdp/vc.h"

#define CLIPRDR 0
#define DRDYNVC 1
#define MAX_MESSAGE 5000
#define MAX_PORTS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sp_rdp *side[2]; /* client, server; active */

static void answer(struct sp_rdp *c)
{
	struct sp_server_desktop d = {.width = 640, .height = 480, .bpp = 32};
	struct sp_event ev;
	struct sp_caps caps;
	int rc = SP_OK;

	while (sp_rdp_next(c, &ev)) {
		if (ev.kind == SP_EV_LOGON) {
			rc = sp_server_activate(c, &d, 1);
		} else if (ev.kind == SP_EV_DEMAND_ACTIVE) {
			sp_client_default_caps(&caps, 640, 480, 32);
			rc = sp_client_confirm(c, &caps);
		}
		if (rc != SP_OK) {
			abort();
		}
	}
}

static void join(void)
{
	static struct sp_gcc_client gcc;
	static struct sp_info info;
	struct sp_server_conf server = {.protocols = 0};
	struct sp_client_conf client = {.gcc = &gcc, .info = &info};
	struct sp_rcbuf *b;

	gcc.has_net = true;
	gcc.n_channels = 2;
	memcpy(gcc.channel[CLIPRDR].name, "cliprdr", 8);
	memcpy(gcc.channel[DRDYNVC].name, "drdynvc", 8);
	side[0] = sp_client_create(&client, 1);
	side[1] = sp_server_create(&server, 1);
	for (unsigned turn = 0; turn < 64; turn++) {
		struct sp_rdp *to = side[~turn & 1];

		while ((b = sp_rdp_out(side[turn & 1])) != NULL) {
			for (size_t at = 0; at < b->n;) {
				int used = sp_rdp_feed(to, b->p + at, b->n - at, 1);

				if (used <= 0) {
					abort();
				}
				answer(to);
				at += (size_t)used;
			}
			sp_rcbuf_unref(b);
		}
	}
	if (!sp_rdp_is_active(side[0]) || !sp_rdp_is_active(side[1])) {
		abort();
	}
}

struct run {
	struct sp_vc *vc;
	bool server;
	struct sp_port *port[MAX_PORTS];
	size_t n;
};

static void forget(struct run *r, const struct sp_port *p)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->port[i] == p) {
			r->port[i] = r->port[--r->n];
			return;
		}
	}
}

static void events(struct run *r)
{
	struct sp_vc_event ev;

	while (sp_vc_next(r->vc, &ev)) {
		if (ev.owner != r) {
			abort();
		}
		if (ev.kind == SP_VC_MESSAGE) {
			uint8_t sum = 0;

			for (size_t i = 0; i < ev.message.n; i++) {
				sum ^= ev.message.p[i];
			}
			if (ev.message.n > MAX_MESSAGE) {
				abort();
			}
			/* Some answer with an echo, some close at once. */
			if (sum % 3 == 0 &&
					sp_port_send(ev.port,
							sp_rcbuf_from(ev.message.p,
									ev.message.n)) != SP_OK) {
				abort();
			}
			if (sum % 7 == 0) {
				forget(r, ev.port);
				sp_port_close(ev.port);
			}
		} else if (ev.kind == SP_VC_OPENED && !r->server && r->n < MAX_PORTS) {
			r->port[r->n++] = ev.port;
		} else if (ev.kind == SP_VC_CLOSED) {
			forget(r, ev.port);
		}
	}
}

static void pump(struct run *r, size_t max)
{
	struct sp_rcbuf *b;

	if (sp_vc_pump(r->vc, max) < 0) {
		abort();
	}
	events(r);
	while ((b = sp_rdp_out(side[r->server])) != NULL) {
		sp_rcbuf_unref(b);
	}
}

static void one(struct run *r, uint8_t op, struct sp_span arg)
{
	struct sp_port_conf conf = {.owner = r, .max_message = MAX_MESSAGE};
	struct sp_port *p = NULL;
	uint8_t bytes[SP_SVC_HEADER + 256];
	struct sp_event ev = {.kind = SP_EV_CHANNEL};
	struct sp_wr w;
	int rc = SP_OK;

	sp_wr_fixed(&w, bytes, sizeof(bytes));
	switch (op % 8) {
	case 0: /* a whole PDU for the dynamic channels: the most there is to find */
	case 1:
	case 2:
		sp_svc_write(&w,
				&(struct sp_svc_chunk){.total = (uint32_t)arg.n,
						.flags = SP_SVC_FIRST | SP_SVC_LAST,
						.data = arg});
		ev.channel.index = DRDYNVC;
		ev.channel.data = sp_span(bytes, w.n);
		rc = sp_vc_feed(r->vc, &ev);
		break;
	case 3: /* any chunk on any channel */
		ev.channel.index = op >> 3 & 1;
		ev.channel.data = arg;
		rc = sp_vc_feed(r->vc, &ev);
		break;
	case 4:
		if (r->n < MAX_PORTS && r->server &&
				sp_vc_dynamic(r->vc, "channel", &conf, &p) == SP_OK) {
			r->port[r->n++] = p;
		}
		break;
	case 5:
		if (r->n > 0) {
			sp_port_close(r->port[--r->n]);
		}
		break;
	case 6:
		if (r->n > 0 && arg.n > 0) {
			p = r->port[arg.p[0] % r->n];
			if (sp_port_send(p, sp_rcbuf_create(0)) != SP_OK) {
				abort();
			}
		}
		break;
	default:
		pump(r, op >> 3);
		break;
	}
	if (rc != SP_OK) {
		abort();
	}
	events(r);
}

/* The first bit says which role; then rows of an operation, a length and so many bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_port_conf conf = {.max_message = MAX_MESSAGE};
	struct run r = {.server = size > 0 && data[0] & 1};
	struct sp_port *p;
	struct sp_rd rd;

	if (!side[0]) {
		join();
	}
	r.vc = sp_vc_create(side[r.server], r.server);
	conf.owner = &r;
	if (!r.vc || sp_vc_static(r.vc, "cliprdr", &conf, &p) != SP_OK ||
			(!r.server && sp_vc_listen(r.vc, "channel", &conf) != SP_OK)) {
		abort();
	}
	sp_rd_init(&rd, data, size);
	sp_rd_skip(&rd, size > 0);
	while (sp_rd_left(&rd) > 0) {
		uint8_t op = sp_rd_u8(&rd);
		struct sp_span arg = sp_rd_span(&rd, sp_rd_u8(&rd));

		if (sp_rd_ok(&rd) != SP_OK) {
			break;
		}
		one(&r, op, arg);
	}
	pump(&r, 1u << 20);
	sp_vc_destroy(r.vc);
	return 0;
}
