/* core/rdp/send.c - user data of both roles: begun and ended, and relayed with this leg's ids. */
#include "core/rdp/machine.h"

#include "core/pdu/final.h"
#include "core/pdu/mcs.h"
#include "core/pdu/share.h"

static uint16_t own_id(const struct sp_rdp *c)
{
	return c->server ? SP_MCS_SERVER_USER : c->user_id;
}

size_t sp_rdp_send_begin(struct sp_rdp *c, uint16_t channel)
{
	return sp_mcs_send_begin(&c->wr,
			c->server ? SP_MCS_SEND_DATA_INDICATION : SP_MCS_SEND_DATA_REQUEST,
			own_id(c), channel);
}

int sp_rdp_send_end(struct sp_rdp *c, size_t mark)
{
	sp_mcs_send_end(&c->wr, mark);
	return sp_rdp_flush(c);
}

struct sp_data_marks sp_rdp_data_begin(struct sp_rdp *c, enum sp_share_data_type type)
{
	struct sp_data_marks m;

	m.mcs = sp_rdp_send_begin(c, c->gcc_server.io_channel);
	m.share = sp_share_data_begin(&c->wr, own_id(c), c->share_id, type);
	return m;
}

int sp_rdp_data_end(struct sp_rdp *c, struct sp_data_marks m)
{
	sp_share_data_end(&c->wr, m.share);
	return sp_rdp_send_end(c, m.mcs);
}

int sp_rdp_emit_relay(struct sp_rdp *c, enum sp_relay_kind kind, size_t index, struct sp_span data)
{
	return sp_rdp_emit(c,
			(struct sp_event){.kind = SP_EV_RELAY,
					.relay = {.kind = kind, .index = index, .data = data}});
}

int sp_rdp_emit_channel(struct sp_rdp *c, size_t index, struct sp_span data)
{
	if (c->state == SP_RDP_RELAY) {
		return sp_rdp_emit_relay(c, SP_RELAY_CHANNEL, index, data);
	}
	return sp_rdp_emit(c,
			(struct sp_event){.kind = SP_EV_CHANNEL,
					.channel = {.index = index, .data = data}});
}

/* Where the fields stand that name a leg, from the start of the PDU. */
#define AT_TOTAL_LENGTH 0
#define AT_TYPE 2
#define AT_SOURCE 4
#define AT_TYPE2 14
#define AT_BODY 18
#define MIN_LENGTH 6

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

/*
 * [MS-RDPBCGR] pduSource, Synchronize.targetUser and the ids of Control Granted are numbers of
 * a leg; everything else, the share id too, passes as it is. n bytes of share PDUs at p.
 */
static void put_ids(uint8_t *p, size_t n, uint16_t source, uint16_t target, uint16_t client)
{
	while (n >= MIN_LENGTH) {
		size_t len = get16(p + AT_TOTAL_LENGTH);

		if (!(MIN_LENGTH <= len && len <= n)) {
			return; /* a flow PDU, or damaged: the receiver judges it */
		}
		put16(p + AT_SOURCE, source);
		if ((p[AT_TYPE] & 0x0F) == SP_SHARE_DATA && len >= AT_BODY + 4) {
			uint8_t *body = p + AT_BODY;

			if (p[AT_TYPE2] == SP_DATA_SYNCHRONIZE) {
				put16(body + 2, target);
			} else if (p[AT_TYPE2] == SP_DATA_CONTROL && len >= AT_BODY + 8 &&
					get16(body) == SP_CONTROL_GRANTED) {
				put16(body + 2, client);
			}
		}
		p += len;
		n -= len;
	}
}

static int send_user_data(struct sp_rdp *c, uint16_t channel, struct sp_span data, bool share)
{
	uint16_t peer = c->server ? c->user_id : SP_MCS_SERVER_USER;
	size_t mark = sp_rdp_send_begin(c, channel);
	uint8_t *p = sp_wr_room(&c->wr, data.n);

	if (p && data.n > 0) {
		memcpy(p, data.p, data.n);
		if (share) {
			put_ids(p, data.n, own_id(c), peer, c->user_id);
		}
	}
	return sp_rdp_send_end(c, mark);
}

int sp_rdp_send_channel(struct sp_rdp *c, size_t index, struct sp_span chunk)
{
	if (c->state < SP_RDP_WAIT_OWNER || c->state == SP_RDP_CLOSED || !(index < c->n_channels) ||
			c->channel_ids[index] == 0) {
		return sp_rdp_fail(c, SP_EARG, "channel");
	}
	return send_user_data(c, c->channel_ids[index], chunk, false);
}

int sp_rdp_send_relay(struct sp_rdp *c, enum sp_relay_kind kind, size_t index, struct sp_span data)
{
	if (c->state != SP_RDP_RELAY && c->state != SP_RDP_RELAY_WAIT_CONFIRM) {
		return sp_rdp_fail(c, SP_EARG, "relay");
	}
	switch (kind) {
	case SP_RELAY_FASTPATH:
		sp_wr_span(&c->wr, data);
		return sp_rdp_flush(c);
	case SP_RELAY_CHANNEL:
		return index < c->n_channels && c->channel_ids[index] != 0
				? sp_rdp_send_channel(c, index, data)
				: SP_OK;
	case SP_RELAY_MESSAGE:
		return c->message_id != 0 ? send_user_data(c, c->message_id, data, false) : SP_OK;
	case SP_RELAY_IO:
		return send_user_data(c, c->gcc_server.io_channel, data, true);
	}
	return SP_OK;
}
