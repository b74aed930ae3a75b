/* tests/core/rdp/chain.c - see chain.h. */
#include "chain.h"

#include <string.h>

#include "core/pdu/mcs.h"
#include "core/pdu/tpkt.h"
#include "host/lib/crypto_nettle.h"

const struct chain_conf chain_default = {
		.user = {.offer = SP_PROTO_HYBRID | SP_PROTO_HYBRID_EX,
				.ask = SP_PROTO_SSL | SP_PROTO_HYBRID | SP_PROTO_HYBRID_EX,
				.width = 1024,
				.height = 768,
				.bpp = 32},
		.legs = {.crypto = &sp_crypto_nettle,
				.rules = {.clipboard = true,
						.drive = {.read = true, .write = true},
						.sound = true,
						.microphone = true,
						.other = true}}};

static void note(struct chain *c, int rc)
{
	if (c->err == SP_OK) {
		c->err = rc;
	}
}

static void log_pdu(struct chain_log *log, const uint8_t *p, size_t n)
{
	if (log->n < CHAIN_MAX_PDUS) {
		log->pdu[log->n++] = sp_rcbuf_from(p, n);
	}
}

/* One buffer into a machine of the gate, whose events go through the legs. */
static void feed_gate(struct chain *c, struct sp_rdp *to, bool user, const struct sp_rcbuf *b)
{
	size_t at = 0;

	while (at < b->n && c->err == SP_OK) {
		int used = sp_rdp_feed(to, b->p + at, b->n - at, c->now);
		struct sp_event ev;

		if (used < 0) {
			note(c, used);
			return;
		}
		assert_true(used > 0);
		at += (size_t)used;
		while (sp_rdp_next(to, &ev)) {
			note(c,
					user ? sp_legs_user(c->legs, &ev, c->now)
					     : sp_legs_target(c->legs, &ev));
		}
	}
}

/* And one into an end. */
static void feed_end(struct chain *c, struct pair *p, bool server, const struct sp_rcbuf *b)
{
	struct sp_rdp *to = server ? p->server : p->client;
	size_t at = 0;

	while (at < b->n) {
		int used = sp_rdp_feed(to, b->p + at, b->n - at, c->now);

		if (used == 0) {
			/* A server whose owner has not answered yet: the test looks at it here. */
			log_pdu(server ? &c->to_desk : &c->to_user, b->p + at, b->n - at);
			return;
		}
		assert_true(used > 0);
		log_pdu(server ? &c->to_desk : &c->to_user, b->p + at, (size_t)used);
		at += (size_t)used;
		pair_events(p, to, server);
	}
}

static bool move_target(struct chain *c)
{
	struct sp_rcbuf *b;
	bool moved = false;

	while (c->desk.client && (b = sp_rdp_out(c->desk.client)) != NULL) {
		feed_end(c, &c->desk, true, b);
		sp_rcbuf_unref(b);
		moved = true;
	}
	while (c->desk.server && (b = sp_rdp_out(c->desk.server)) != NULL) {
		feed_gate(c, c->desk.client, false, b);
		sp_rcbuf_unref(b);
		moved = true;
	}
	return moved;
}

void chain_run_target(struct chain *c)
{
	while (move_target(c)) {
	}
}

void chain_run(struct chain *c)
{
	bool moved;

	do {
		struct sp_rcbuf *b;

		moved = false;
		while ((b = sp_rdp_out(c->user.client)) != NULL) {
			feed_gate(c, c->user.server, true, b);
			sp_rcbuf_unref(b);
			moved = true;
		}
		moved = move_target(c) || moved;
		while ((b = sp_rdp_out(c->user.server)) != NULL) {
			feed_end(c, &c->user, false, b);
			sp_rcbuf_unref(b);
			moved = true;
		}
	} while (moved);
}

void chain_start(struct chain *c, const struct chain_conf *conf)
{
	struct sp_server_desktop own = {conf->user.width, conf->user.height, 32, true};

	memset(c, 0, sizeof(*c));
	c->conf = *conf;
	c->now = 1;
	pair_start(&c->user, &conf->user, 0);
	c->user.hold = true;
	pair_run(&c->user);
	assert_int_equal(c->user.saw_server.n[SP_EV_LOGON], 1);
	assert_int_equal(c->user.saw_client.n[SP_EV_LICENSED], 0); /* the licence is held */
	c->legs = sp_legs_create(c->user.server);
	assert_non_null(c->legs);
	if (conf->own_desktop) {
		assert_int_equal(sp_server_activate(c->user.server, &own, 1), SP_OK);
		chain_run(c);
		assert_true(sp_rdp_is_active(c->user.client));
		assert_int_equal(c->user.saw_client.n[SP_EV_LICENSED], 1);
	}
}

void chain_target(struct chain *c)
{
	struct pair_conf local = pair_default;

	local.offer = local.ask = SP_PROTO_RDP;
	local.width = c->conf.width ? c->conf.width : c->conf.user.width;
	local.height = c->conf.height ? c->conf.height : c->conf.user.height;
	pair_start(&c->desk, &local, 0);
	sp_rdp_destroy(c->desk.client);
	c->gcc = *sp_rdp_client_gcc(c->user.server);
	c->info = *sp_rdp_info(c->user.server);
	sp_legs_shape(&c->gcc, &c->info, &c->conf.legs.rules);
	c->desk.client = sp_client_create(
			&(struct sp_client_conf){.gcc = &c->gcc, .info = &c->info, .relay = true},
			1);
	assert_non_null(c->desk.client);
	sp_legs_set_target(c->legs, c->desk.client, &c->conf.legs);
}

void chain_open(struct chain *c, const struct chain_conf *conf)
{
	chain_start(c, conf);
	chain_target(c);
	chain_run(c);
}

static void finish_log(struct chain_log *log)
{
	for (size_t i = 0; i < log->n; i++) {
		sp_rcbuf_unref(log->pdu[i]);
	}
}

void chain_finish(struct chain *c)
{
	sp_legs_destroy(c->legs);
	pair_finish(&c->user);
	if (c->desk.client) {
		pair_finish(&c->desk);
	}
	finish_log(&c->to_user);
	finish_log(&c->to_desk);
}

static size_t walk(const struct chain_log *log, enum sp_share_type type,
		enum sp_share_data_type type2, struct sp_share *out)
{
	size_t found = 0;

	for (size_t i = 0; i < log->n; i++) {
		struct sp_mcs m;
		struct sp_share s;
		struct sp_rd r;

		sp_rd_init(&r, log->pdu[i]->p, log->pdu[i]->n);
		if (sp_frame_is_fastpath(log->pdu[i]->p[0]) || sp_mcs_read(&r, &m) != SP_OK ||
				m.channel != SP_MCS_IO_CHANNEL) {
			continue;
		}
		sp_rd_init(&r, m.data.p, m.data.n);
		while (sp_rd_left(&r) > 0 && sp_share_read(&r, &s) == SP_OK) {
			if (s.type == type && (type != SP_SHARE_DATA || s.type2 == type2)) {
				*out = s;
				found++;
			}
		}
	}
	return found;
}

bool chain_find(const struct chain_log *log, enum sp_share_type type, enum sp_share_data_type type2,
		struct sp_share *out)
{
	return walk(log, type, type2, out) > 0;
}

size_t chain_count(
		const struct chain_log *log, enum sp_share_type type, enum sp_share_data_type type2)
{
	struct sp_share s;

	return walk(log, type, type2, &s);
}
