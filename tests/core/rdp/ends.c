/* tests/core/rdp/ends.c - see ends.h. */
#include "ends.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUCH (1u << 20)

static void add_dynamic(struct sp_gcc_client *gcc)
{
	memcpy(gcc->channel[gcc->n_channels++].name, "DRDYNVC", 8);
}

void ends_start(struct ends *e, bool dynamic)
{
	struct pair_conf conf = pair_default;

	memset(e, 0, sizeof(*e));
	conf.gcc = dynamic ? add_dynamic : NULL;
	pair_start(&e->pair, &conf, 0);
	pair_run(&e->pair);
	assert_true(sp_rdp_is_active(e->pair.server));
	assert_true(sp_rdp_is_active(e->pair.client));
	e->server = sp_vc_create(e->pair.server, true);
	e->client = sp_vc_create(e->pair.client, false);
	assert_non_null(e->server);
	assert_non_null(e->client);
	sp_wr_init(&e->at_server.message, 64u << 20);
	sp_wr_init(&e->at_client.message, 64u << 20);
}

void ends_finish(struct ends *e)
{
	sp_wr_finish(&e->at_server.message);
	sp_wr_finish(&e->at_client.message);
	sp_vc_destroy(e->server);
	sp_vc_destroy(e->client);
	pair_finish(&e->pair);
}

uint32_t ends_sum(uint32_t sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		sum = (sum << 5 | sum >> 27) ^ p[i];
	}
	return sum;
}

struct sp_rcbuf *ends_bytes(size_t n, uint8_t seed)
{
	struct sp_rcbuf *b = sp_rcbuf_create(n);

	for (size_t i = 0; b && i < n; i++) {
		b->p[i] = (uint8_t)(seed + i * 7 + (i >> 8));
	}
	return b;
}

void ends_events(struct ends *e, bool server)
{
	struct ends_seen *saw = server ? &e->at_server : &e->at_client;
	struct sp_vc_event ev;

	while (sp_vc_next(server ? e->server : e->client, &ev)) {
		saw->n[ev.kind]++;
		saw->port = ev.port;
		saw->owner = ev.owner;
		if (ev.kind == SP_VC_MESSAGE) {
			sp_wr_reset(&saw->message);
			sp_wr_span(&saw->message, ev.message);
			saw->bytes += ev.message.n;
			saw->sum = ends_sum(saw->sum, ev.message.p, ev.message.n);
		}
	}
}

static void feed(struct ends *e, bool server, const uint8_t *p, size_t n)
{
	struct sp_rdp *c = server ? e->pair.server : e->pair.client;
	struct sp_event ev;
	size_t at = 0;

	while (at < n) {
		/* Memory of exactly that size, so that a sanitizer sees every overread. */
		uint8_t *copy = malloc(n - at);

		memcpy(copy, p + at, n - at);
		int used = sp_rdp_feed(c, copy, n - at, 1);
		assert_true(used > 0);
		while (sp_rdp_next(c, &ev)) {
			e->rc = sp_vc_feed(server ? e->server : e->client, &ev);
			assert_int_equal(e->rc, SP_OK);
			ends_events(e, server);
		}
		free(copy);
		at += (size_t)used;
	}
}

static bool move(struct ends *e, bool to_server)
{
	struct sp_rdp *from = to_server ? e->pair.client : e->pair.server;
	struct sp_rcbuf *b = sp_rdp_out(from);

	if (!b) {
		return false;
	}
	size_t step = e->step ? e->step : b->n;
	e->longest = b->n > e->longest ? b->n : e->longest;
	if (e->split > 0 && e->split < b->n) {
		feed(e, to_server, b->p, e->split);
		feed(e, to_server, b->p + e->split, b->n - e->split);
	} else {
		for (size_t at = 0; at < b->n; at += step) {
			feed(e, to_server, b->p + at, b->n - at < step ? b->n - at : step);
		}
	}
	sp_rcbuf_unref(b);
	return true;
}

void ends_run(struct ends *e)
{
	bool moved;

	do {
		size_t max = e->pump ? e->pump : MUCH;
		int n = sp_vc_pump(e->server, max), m = sp_vc_pump(e->client, max);

		assert_true(n >= 0 && m >= 0);
		ends_events(e, true);
		ends_events(e, false);
		moved = n > 0 || m > 0;
		moved |= move(e, true);
		moved |= move(e, false);
	} while (moved);
}

int ends_feed(struct ends *e, bool server, size_t index, uint32_t total, uint32_t flags,
		struct sp_span data)
{
	struct sp_svc_chunk chunk = {.total = total, .flags = flags, .data = data};
	uint8_t *p = malloc(SP_SVC_HEADER + data.n);
	struct sp_wr w;

	sp_wr_fixed(&w, p, SP_SVC_HEADER + data.n);
	sp_svc_write(&w, &chunk);
	struct sp_event ev = {.kind = SP_EV_CHANNEL,
			.channel = {.index = index, .data = sp_span(p, w.n)}};
	int rc = sp_vc_feed(server ? e->server : e->client, &ev);
	ends_events(e, server);
	free(p);
	return rc;
}

/* Not by unit_hex(), which keeps what it returns. */
static size_t hex_bytes(const char *hex, uint8_t *to, size_t room)
{
	unsigned v, n = 0;
	int used;

	for (; n < room && sscanf(hex, " %2x%n", &v, &used) == 1; hex += used) {
		to[n++] = (uint8_t)v;
	}
	return n;
}

int ends_feed_dynamic(struct ends *e, bool server, const char *hex)
{
	uint8_t pdu[64];
	size_t n = hex_bytes(hex, pdu, sizeof(pdu));

	return ends_feed(e, server, ENDS_DYNAMIC, (uint32_t)n, SP_SVC_FIRST | SP_SVC_LAST,
			sp_span(pdu, n));
}
