/* core/rdp/client_replay.c - see client_replay.h: the connection itself. */
#include "core/rdp/client_replay.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/pdu/active.h"
#include "core/rdp/client_part.h"

#define MAGIC 0x31504552u /* "REP1" */
#define STATE_MAX (2 * SP_CLIENT_MAX_REQUEST_RFX)

struct sp_rdp *sp_client_replay_create(const struct sp_client_replay_conf *conf)
{
	struct sp_info info = {.flags = conf->info_flags};
	struct sp_client_conf cc = {.gcc = conf->gcc, .info = &info};
	struct sp_rcbuf *b;

	if (!(conf->n_channels <= SP_GCC_MAX_CHANNELS && conf->io_channel != 0)) {
		return NULL;
	}
	struct sp_rdp *c = sp_client_create(&cc, 0);
	if (!c) {
		return NULL;
	}
	while ((b = sp_rdp_out(c))) {
		sp_rcbuf_unref(b);
	}
	c->user_id = conf->user_id;
	c->message_id = conf->message_id;
	c->gcc_server.io_channel = conf->io_channel;
	c->n_channels = conf->n_channels;
	for (size_t i = 0; i < conf->n_channels; i++) {
		c->channel_ids[i] = conf->channel[i];
	}
	c->state = SP_RDP_WAIT_DEMAND_ACTIVE;
	if (sp_client_bulk_start(c) != SP_OK) {
		sp_rdp_destroy(c);
		return NULL;
	}
	return c;
}

/* ---- out ---- */

static size_t begin(struct sp_wr *w)
{
	return sp_wr_hole(w, 4);
}

static void end(struct sp_wr *w, size_t mark)
{
	sp_wr_fill_le32(w, mark, w->n - mark - 4);
}

int sp_client_replay_save(const struct sp_rdp *c, struct sp_wr *w)
{
	const struct sp_client_part *cli = c->cli;
	int rc = SP_OK;

	if (c->failed != SP_OK || (c->in.n > 0 && !c->in_done) || c->ev_n > 0 ||
			sp_rd_left(&cli->updates) > 0) {
		return SP_ESTATE;
	}
	sp_wr_le32(w, MAGIC);
	sp_wr_u8(w, (uint8_t)c->state);
	size_t mark = begin(w);
	sp_wr_put(w, c->caps_bytes.p, c->caps_bytes.n);
	end(w, mark);
	sp_wr_u8(w, cli->join.open);
	if (cli->join.open) {
		sp_wr_u8(w, cli->join.code);
		mark = begin(w);
		sp_wr_put(w, cli->join.data.p, cli->join.data.n);
		end(w, mark);
	}
	mark = begin(w);
	rc = cli->bulk ? sp_client_bulk_save(cli->bulk, w) : SP_OK;
	end(w, mark);
	return rc == SP_OK ? sp_wr_ok(w) : rc;
}

/* ---- in ---- */

static struct sp_span block(struct sp_rd *r)
{
	return sp_rd_span(r, sp_rd_le32(r));
}

/* The states that a client has from the Demand Active on, with the owner's answer given. */
static bool possible(uint8_t state)
{
	return state == SP_RDP_WAIT_DEMAND_ACTIVE || state == SP_RDP_WAIT_FONT_MAP ||
			state == SP_RDP_ACTIVE || state == SP_RDP_CLOSED;
}

static int load_demand(struct sp_rdp *c, struct sp_span body)
{
	struct sp_active active;
	struct sp_rd r, sets;

	sp_wr_reset(&c->caps_bytes);
	c->caps = (struct sp_caps){0};
	c->share_id = 0;
	if (body.n == 0) {
		return SP_OK;
	}
	sp_wr_span(&c->caps_bytes, body);
	if (sp_wr_ok(&c->caps_bytes) != SP_OK) {
		return sp_wr_ok(&c->caps_bytes);
	}
	sp_rd_init(&r, c->caps_bytes.p, c->caps_bytes.n);
	if (sp_active_demand_read(&r, &active) != SP_OK) {
		return sp_rd_ok(&r);
	}
	sp_rd_init(&sets, active.sets.p, active.sets.n);
	if (sp_caps_read(&sets, &c->caps) != SP_OK) {
		return sp_rd_ok(&sets);
	}
	c->share_id = active.share_id;
	return SP_OK;
}

static int load_join(struct sp_client_part *cli, struct sp_rd *r)
{
	struct sp_fp_join *join = &cli->join;

	sp_wr_reset(&join->data);
	join->open = sp_rd_u8(r) & 1;
	if (!join->open) {
		return sp_rd_ok(r);
	}
	join->code = sp_rd_u8(r);
	struct sp_span data = block(r);
	if (sp_rd_ok(r) != SP_OK) {
		return sp_rd_ok(r);
	}
	sp_wr_span(&join->data, data);
	return sp_wr_ok(&join->data);
}

int sp_client_replay_load(struct sp_rdp *c, struct sp_span state)
{
	struct sp_rd r;
	uint8_t at;
	int rc;

	sp_rd_init(&r, state.p, state.n);
	if (!(state.n <= STATE_MAX)) {
		sp_rd_fail(&r, SP_ELIMIT, "replay.state");
	}
	if (sp_rd_le32(&r) != MAGIC) {
		sp_rd_fail(&r, SP_EFIELD, "replay.state.magic");
	}
	at = sp_rd_u8(&r);
	if (!possible(at)) {
		sp_rd_fail(&r, SP_EFIELD, "replay.state.state");
	}
	struct sp_span demand = block(&r);
	rc = sp_rd_ok(&r);
	rc = rc == SP_OK ? load_demand(c, demand) : rc;
	rc = rc == SP_OK ? load_join(c->cli, &r) : rc;
	struct sp_span bulk = block(&r);
	rc = rc == SP_OK ? sp_rd_end(&r) : rc;
	if (rc == SP_OK && c->cli->bulk) {
		rc = sp_client_bulk_load(c->cli->bulk, bulk);
	}
	if (rc != SP_OK) {
		c->failed = rc;
		return rc;
	}
	c->failed = SP_OK;
	c->state = (enum sp_rdp_state)at;
	sp_wr_reset(&c->in);
	c->in_done = false;
	c->ev_n = 0;
	sp_rd_init(&c->cli->updates, NULL, 0);
	sp_client_bulk_packet(c);
	return SP_OK;
}
