/* core/rdp/client_message.c - what a server asks on the message channel. */
#include "core/pdu/autodetect.h"
#include "core/pdu/multitransport.h"
#include "core/pdu/sec.h"
#include "core/rdp/client_part.h"

#define PAYLOAD_HEADER 8 /* of RDP_BW_PAYLOAD and RDP_BW_STOP, which count */

/* There is no UDP: a server that invites to it all the same is told so at once. */
int sp_client_refuse_transport(struct sp_rdp *c, struct sp_rd *r)
{
	struct sp_multitransport_request req;

	if (sp_multitransport_request_read(r, &req) != SP_OK) {
		return SP_OK;
	}
	size_t mark = sp_rdp_send_begin(c, c->message_id);
	sp_sec_write(&c->wr, SP_SEC_TRANSPORT_RSP);
	sp_multitransport_response_write(&c->wr,
			&(struct sp_multitransport_response){
					.id = req.id, .result = SP_MULTITRANSPORT_ABORT});
	return sp_rdp_send_end(c, mark);
}

void sp_client_detect(struct sp_rdp *c, bool all, size_t n)
{
	if (c->cli->detecting && c->cli->detect_all == all) {
		c->cli->detect_bytes += n;
	}
}

static void stop(struct sp_client_part *cli, uint64_t now_us, struct sp_autodetect *rsp)
{
	uint64_t ms = cli->detecting ? (now_us - cli->detect_start_us) / 1000 : 0;
	uint64_t bytes = cli->detecting ? cli->detect_bytes : 0;

	cli->detecting = false;
	rsp->time_delta = ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
	rsp->byte_count = bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
}

/* Connect-time and continuous measurements; what we cannot parse is not worth a connection. */
int sp_client_message(struct sp_rdp *c, struct sp_span data, uint64_t now_us)
{
	struct sp_autodetect req, rsp;
	struct sp_client_part *cli = c->cli;
	struct sp_rd r;
	uint16_t flags;

	sp_rd_init(&r, data.p, data.n);
	if (sp_sec_read(&r, &flags) != SP_OK) {
		return SP_OK;
	}
	if (flags & SP_SEC_TRANSPORT_REQ) {
		return sp_client_refuse_transport(c, &r);
	}
	if (!(flags & SP_SEC_AUTODETECT_REQ) || sp_autodetect_read(&r, &req) != SP_OK) {
		return SP_OK;
	}
	rsp = (struct sp_autodetect){.response = true, .sequence = req.sequence};
	switch (req.type) {
	case SP_AD_RTT_REQUEST:
	case SP_AD_RTT_REQUEST_CONNECT:
		rsp.type = SP_AD_RTT_RESPONSE;
		break;
	case SP_AD_BW_START:
	case SP_AD_BW_START_CONNECT:
		cli->detecting = true;
		cli->detect_all = req.type == SP_AD_BW_START;
		cli->detect_start_us = now_us;
		cli->detect_bytes = 0;
		return SP_OK;
	case SP_AD_BW_PAYLOAD:
		sp_client_detect(c, false, req.payload.n + PAYLOAD_HEADER);
		return SP_OK;
	case SP_AD_BW_STOP_CONNECT:
		sp_client_detect(c, false, req.payload.n + PAYLOAD_HEADER);
		rsp.type = SP_AD_BW_RESULTS_CONNECT;
		stop(cli, now_us, &rsp);
		break;
	case SP_AD_BW_STOP:
		rsp.type = SP_AD_BW_RESULTS;
		stop(cli, now_us, &rsp);
		break;
	default:
		return SP_OK;
	}
	size_t mark = sp_rdp_send_begin(c, c->message_id);
	sp_sec_write(&c->wr, SP_SEC_AUTODETECT_RSP);
	sp_autodetect_write(&c->wr, &rsp);
	return sp_rdp_send_end(c, mark);
}
