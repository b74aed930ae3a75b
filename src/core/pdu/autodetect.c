/* core/pdu/autodetect.c - see autodetect.h. */
#include "core/pdu/autodetect.h"

#define TYPE_REQUEST 0x00
#define TYPE_RESPONSE 0x01

/* headerLength of a message: the bytes before its payload. */
static uint8_t header_length(const struct sp_autodetect *a)
{
	if (a->response) {
		return a->type == SP_AD_RTT_RESPONSE ? 0x06 : 0x0E;
	}
	switch (a->type) {
	case SP_AD_BW_PAYLOAD:
	case SP_AD_BW_STOP_CONNECT:
		return 0x08;
	case SP_AD_NETCHAR_RTT:
	case SP_AD_NETCHAR_BW:
		return 0x0E;
	case SP_AD_NETCHAR_ALL:
		return 0x12;
	default:
		return 0x06;
	}
}

static void request_read(struct sp_rd *r, struct sp_autodetect *out)
{
	switch (out->type) {
	case SP_AD_RTT_REQUEST:
	case SP_AD_RTT_REQUEST_CONNECT:
	case SP_AD_BW_START:
	case SP_AD_BW_START_LOSSY:
	case SP_AD_BW_START_CONNECT:
	case SP_AD_BW_STOP:
	case SP_AD_BW_STOP_LOSSY:
		break;
	case SP_AD_BW_PAYLOAD:
	case SP_AD_BW_STOP_CONNECT: {
		size_t n = sp_rd_le16(r); /* payloadLength */

		out->payload = sp_rd_span(r, n);
		break;
	}
	case SP_AD_NETCHAR_RTT:
	case SP_AD_NETCHAR_BW:
	case SP_AD_NETCHAR_ALL:
		if (out->type != SP_AD_NETCHAR_BW) {
			out->base_rtt = sp_rd_le32(r);
		}
		if (out->type != SP_AD_NETCHAR_RTT) {
			out->bandwidth = sp_rd_le32(r);
		}
		out->average_rtt = sp_rd_le32(r);
		break;
	default:
		sp_rd_fail(r, SP_EFIELD, "autodetect.requestType");
	}
}

static void response_read(struct sp_rd *r, struct sp_autodetect *out)
{
	switch (out->type) {
	case SP_AD_RTT_RESPONSE:
		break;
	case SP_AD_BW_RESULTS:
	case SP_AD_BW_RESULTS_CONNECT:
		out->time_delta = sp_rd_le32(r);
		out->byte_count = sp_rd_le32(r);
		break;
	case SP_AD_NETCHAR_SYNC:
		out->bandwidth = sp_rd_le32(r);
		out->average_rtt = sp_rd_le32(r);
		break;
	default:
		sp_rd_fail(r, SP_EFIELD, "autodetect.responseType");
	}
}

int sp_autodetect_read(struct sp_rd *r, struct sp_autodetect *out)
{
	*out = (struct sp_autodetect){0};

	uint8_t length = sp_rd_u8(r); /* headerLength */
	uint8_t type = sp_rd_u8(r); /* headerTypeId */
	out->response = type == TYPE_RESPONSE;
	out->sequence = sp_rd_le16(r);
	out->type = sp_rd_le16(r);
	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	if (type > TYPE_RESPONSE) {
		return sp_rd_fail(r, SP_EFIELD, "autodetect.headerTypeId");
	}
	if (out->response) {
		response_read(r, out);
	} else {
		request_read(r, out);
	}
	if (sp_rd_ok(r) == SP_OK && length != header_length(out)) {
		return sp_rd_fail(r, SP_EFIELD, "autodetect.headerLength");
	}
	return sp_rd_ok(r);
}

void sp_autodetect_write(struct sp_wr *w, const struct sp_autodetect *in)
{
	bool stop = !in->response && in->type == SP_AD_BW_STOP_CONNECT;
	bool payload = !in->response && in->type == SP_AD_BW_PAYLOAD;
	bool base = !in->response &&
			(in->type == SP_AD_NETCHAR_RTT || in->type == SP_AD_NETCHAR_ALL);
	bool bandwidth = in->response
			? in->type == SP_AD_NETCHAR_SYNC
			: in->type == SP_AD_NETCHAR_BW || in->type == SP_AD_NETCHAR_ALL;
	bool results = in->response &&
			(in->type == SP_AD_BW_RESULTS || in->type == SP_AD_BW_RESULTS_CONNECT);

	sp_wr_u8(w, header_length(in));
	sp_wr_u8(w, in->response ? TYPE_RESPONSE : TYPE_REQUEST);
	sp_wr_le16(w, in->sequence);
	sp_wr_le16(w, in->type);
	if (stop || payload) {
		size_t len = sp_wr_hole(w, 2);

		sp_wr_span(w, in->payload);
		sp_wr_fill_le16(w, len, in->payload.n);
	}
	if (results) {
		sp_wr_le32(w, in->time_delta);
		sp_wr_le32(w, in->byte_count);
	}
	if (base) {
		sp_wr_le32(w, in->base_rtt);
	}
	if (bandwidth) {
		sp_wr_le32(w, in->bandwidth);
	}
	if (base || bandwidth) {
		sp_wr_le32(w, in->average_rtt);
	}
}

int sp_autodetect_heartbeat_read(struct sp_rd *r, struct sp_autodetect_heartbeat *out)
{
	sp_rd_skip(r, 1); /* reserved */
	out->period = sp_rd_u8(r);
	out->warn = sp_rd_u8(r);
	out->reconnect = sp_rd_u8(r);
	return sp_rd_ok(r);
}

void sp_autodetect_heartbeat_write(struct sp_wr *w, const struct sp_autodetect_heartbeat *in)
{
	sp_wr_u8(w, 0); /* reserved */
	sp_wr_u8(w, in->period);
	sp_wr_u8(w, in->warn);
	sp_wr_u8(w, in->reconnect);
}
