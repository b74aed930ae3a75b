/* core/rdp/client.c - the client's way through the connection sequence, and the active session. */
#include "core/rdp/client.h"

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/pdu/active.h"
#include "core/pdu/autodetect.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/final.h"
#include "core/pdu/license.h"
#include "core/pdu/mcs.h"
#include "core/pdu/misc.h"
#include "core/pdu/sec.h"
#include "core/pdu/share.h"
#include "core/pdu/tpkt.h"
#include "core/pdu/x224.h"
#include "core/rdp/machine.h"

/* The largest update we put together: MaxRequestSize of our Confirm Active. */
#define MAX_REQUEST (4u << 20)
#define CHUNK_SIZE 1600

struct sp_client_part {
	uint32_t protocols;
	bool relay;
	uint32_t failure; /* RDP_NEG_FAILURE code */
	uint16_t io_id, server_id;
	size_t join_at; /* which join is awaited: user, I/O, message, channels */
	struct sp_fp_join join;
	struct sp_rd updates; /* what is left of the fast-path PDU being taken apart */
	uint64_t detect_start_us; /* of a bandwidth measurement, 0 for none */
	uint32_t detect_bytes;
};

void sp_client_part_destroy(struct sp_client_part *p)
{
	if (p) {
		sp_fp_join_finish(&p->join);
	}
	sp_free(p);
}

static int handle(struct sp_rdp *c, struct sp_span pdu, uint64_t now_us);
static int next_update(struct sp_rdp *c, struct sp_event *ev);

static void shape_gcc(struct sp_rdp *c, const struct sp_client_conf *conf)
{
	c->gcc = *conf->gcc;
	c->n_channels = c->gcc.n_channels;
}

struct sp_rdp *sp_client_create(const struct sp_client_conf *conf, uint64_t now_us)
{
	struct sp_rdp *c = sp_rdp_create();
	struct sp_x224_request req = {.has_neg = conf->protocols != SP_PROTO_RDP,
			.protocols = conf->protocols,
			.token = conf->token};

	if (!c) {
		return NULL;
	}
	c->cli = sp_calloc(1, sizeof(*c->cli));
	if (!c->cli) {
		sp_rdp_destroy(c);
		return NULL;
	}
	sp_fp_join_init(&c->cli->join, MAX_REQUEST);
	c->cli->protocols = conf->protocols;
	c->cli->relay = conf->relay;
	c->requested = conf->protocols;
	c->handle = handle;
	c->pull = next_update;
	c->info = *conf->info;
	shape_gcc(c, conf);
	c->state = SP_RDP_WAIT_X224_CONFIRM;
	c->deadline_us = conf->deadline_us ? now_us + conf->deadline_us : 0;
	if (conf->cookie) {
		req.cookie = sp_span(conf->cookie, strlen(conf->cookie));
	}
	sp_x224_request_write(&c->wr, &req);
	if (sp_rdp_flush(c) != SP_OK) {
		sp_rdp_destroy(c);
		return NULL;
	}
	return c;
}

uint32_t sp_client_protocol(const struct sp_rdp *c)
{
	return c->selected;
}

const struct sp_gcc_server *sp_client_server_gcc(const struct sp_rdp *c)
{
	return &c->gcc_server;
}

uint32_t sp_client_failure(const struct sp_rdp *c)
{
	return c->cli->failure;
}

int sp_client_set_info(struct sp_rdp *c, const struct sp_info *info)
{
	if (c->server || c->state > SP_RDP_WAIT_CONNECT_RESPONSE) {
		return SP_EARG;
	}
	c->info = *info;
	return SP_OK;
}

/* ---- PDUs of ours ---- */

static size_t send_begin(struct sp_rdp *c, uint16_t channel)
{
	return sp_mcs_send_begin(&c->wr, SP_MCS_SEND_DATA_REQUEST, c->user_id, channel);
}

static int send_end(struct sp_rdp *c, size_t mark)
{
	sp_mcs_send_end(&c->wr, mark);
	return sp_rdp_flush(c);
}

struct data_marks {
	size_t mcs, share;
};

static struct data_marks data_begin(struct sp_rdp *c, enum sp_share_data_type type)
{
	struct data_marks m;

	m.mcs = send_begin(c, c->cli->io_id);
	m.share = sp_share_data_begin(&c->wr, c->user_id, c->share_id, type);
	return m;
}

static int data_end(struct sp_rdp *c, struct data_marks m)
{
	sp_share_data_end(&c->wr, m.share);
	return send_end(c, m.mcs);
}

/* ---- connection sequence ---- */

static int wait_x224_confirm(struct sp_rdp *c, struct sp_rd *r)
{
	struct sp_x224_confirm confirm;

	if (sp_x224_confirm_read(r, &confirm) != SP_OK) {
		return sp_rdp_note(c, r);
	}
	if (confirm.kind == SP_X224_CONFIRM_FAILURE) {
		c->cli->failure = confirm.failure;
		return sp_rdp_fail(c, SP_EDENIED, sp_x224_failure_text(confirm.failure));
	}
	c->selected = confirm.kind == SP_X224_CONFIRM_RESPONSE ? confirm.selected : SP_PROTO_RDP;
	if (c->selected == SP_PROTO_RDP) {
		/* Standard RDP Security, which we do not speak, unless the stream is ours alone. */
		return c->requested == SP_PROTO_RDP
				? sp_client_after_login(c)
				: sp_rdp_fail(c, SP_EPROTO, "x224.selectedProtocol");
	}
	if (!(c->selected & c->requested)) {
		return sp_rdp_fail(c, SP_EFIELD, "x224.selectedProtocol");
	}
	c->state = SP_RDP_WAIT_TLS;
	return sp_rdp_emit(c, (struct sp_event){.kind = SP_EV_START_TLS});
}

int sp_client_after_login(struct sp_rdp *c)
{
	struct sp_mcs_initial initial;
	struct sp_wr blocks;

	if (c->gcc.core.n_tail > SP_GCC_TAIL_SELECTED_PROTOCOL) {
		c->gcc.core.server_selected_protocol = c->selected;
	}
	sp_mcs_initial_defaults(&initial);
	sp_wr_init(&blocks, SP_MCS_CONNECT_DATA_MAX);
	sp_gcc_client_write(&blocks, &c->gcc);
	int rc = sp_wr_ok(&blocks);
	if (rc == SP_OK) {
		initial.data = sp_span(blocks.p, blocks.n);
		sp_mcs_initial_write(&c->wr, &initial);
		rc = sp_rdp_flush(c);
	}
	sp_wr_finish(&blocks);
	c->state = SP_RDP_WAIT_CONNECT_RESPONSE;
	return rc;
}

static int wait_early_result(struct sp_rdp *c, struct sp_rd *r)
{
	uint32_t result = sp_rd_le32(r);

	if (sp_rd_end(r) != SP_OK) {
		return sp_rdp_note(c, r);
	}
	if (result != 0) {
		return sp_rdp_fail(c, SP_EDENIED, "authorizationResult");
	}
	return sp_client_after_login(c);
}

static int wait_connect_response(struct sp_rdp *c, struct sp_rd *r)
{
	struct sp_mcs_response response;
	struct sp_gcc_server *sc = &c->gcc_server;
	struct sp_rd data;

	if (sp_mcs_response_read(r, &response) != SP_OK) {
		return sp_rdp_note(c, r);
	}
	if (response.result != SP_MCS_RESULT_SUCCESSFUL) {
		return sp_rdp_fail(c, SP_EDENIED, "mcs.result");
	}
	sp_rd_init(&data, response.data.p, response.data.n);
	if (sp_gcc_server_read(&data, sc) != SP_OK) {
		return sp_rdp_note(c, &data);
	}
	if (sc->encryption_method != 0 || sc->encryption_level != 0) {
		return sp_rdp_fail(c, SP_EPROTO, "gcc.security.encryptionMethod");
	}
	if (sc->has_requested_protocols && sc->client_requested_protocols != c->requested) {
		return sp_rdp_fail(c, SP_EFIELD, "gcc.core.clientRequestedProtocols");
	}
	if (!(sc->n_channels <= c->n_channels)) {
		return sp_rdp_fail(c, SP_EFIELD, "gcc.net.channelCount");
	}
	/* Borrowed from the PDU, which will be gone. */
	sc->server_random = sc->server_certificate = (struct sp_span){0};
	for (size_t i = 0; i < sc->n_channels; i++) {
		c->channel_ids[i] = sc->channel[i];
	}
	c->cli->io_id = sc->io_channel;
	c->message_id = sc->has_msgchannel ? sc->msgchannel : 0;
	sp_mcs_erect_domain_write(&c->wr);
	sp_mcs_attach_request_write(&c->wr);
	int rc = sp_rdp_flush(c);
	if (rc != SP_OK) {
		return rc;
	}
	c->state = SP_RDP_WAIT_ATTACH_CONFIRM;
	return sp_rdp_emit(c, (struct sp_event){.kind = SP_EV_CONNECTED});
}

/* The channel of join number n, 0 when there is nothing to join there; false after the last. */
static bool join_channel(const struct sp_rdp *c, size_t n, uint16_t *channel)
{
	switch (n) {
	case 0:
		*channel = c->user_id;
		return true;
	case 1:
		*channel = c->cli->io_id;
		return true;
	case 2:
		*channel = c->message_id;
		return true;
	default:
		if (!(n - 3 < c->n_channels)) {
			return false;
		}
		*channel = c->channel_ids[n - 3];
		return true;
	}
}

static int send_info(struct sp_rdp *c)
{
	size_t mark = send_begin(c, c->cli->io_id);

	sp_sec_write(&c->wr, SP_SEC_INFO);
	sp_info_write(&c->wr, &c->info);
	c->state = SP_RDP_WAIT_LICENSE;
	return send_end(c, mark);
}

static int join_next(struct sp_rdp *c)
{
	uint16_t channel;

	while (join_channel(c, c->cli->join_at, &channel)) {
		if (channel != 0) {
			sp_mcs_join_request_write(&c->wr, c->user_id, channel);
			c->state = SP_RDP_WAIT_JOIN_CONFIRM;
			return sp_rdp_flush(c);
		}
		c->cli->join_at++;
	}
	return send_info(c);
}

static int wait_attach_confirm(struct sp_rdp *c, const struct sp_mcs *m)
{
	if (m->type != SP_MCS_ATTACH_USER_CONFIRM) {
		return sp_rdp_fail(c, SP_ESTATE, "mcs.type");
	}
	if (m->result != SP_MCS_RESULT_SUCCESSFUL) {
		return sp_rdp_fail(c, SP_EDENIED, "mcs.result");
	}
	c->user_id = m->user;
	if ((c->gcc.core.early_capability_flags & SP_GCC_CS_SKIP_CHANNELJOIN) &&
			(c->gcc_server.early_capability_flags & SP_GCC_SC_SKIP_CHANNELJOIN)) {
		return send_info(c);
	}
	return join_next(c);
}

static int wait_join_confirm(struct sp_rdp *c, const struct sp_mcs *m)
{
	uint16_t want = 0;

	if (m->type != SP_MCS_CHANNEL_JOIN_CONFIRM) {
		return sp_rdp_fail(c, SP_ESTATE, "mcs.type");
	}
	join_channel(c, c->cli->join_at, &want);
	if (m->channel != want) {
		return sp_rdp_fail(c, SP_EFIELD, "mcs.requested");
	}
	/* A channel the server keeps from us stays silent; the first two there is no way without. */
	if (m->result != SP_MCS_RESULT_SUCCESSFUL && c->cli->join_at < 2) {
		return sp_rdp_fail(c, SP_EDENIED, "mcs.result");
	}
	c->cli->join_at++;
	return join_next(c);
}

static int licensed(struct sp_rdp *c)
{
	c->state = c->cli->relay ? SP_RDP_RELAY : SP_RDP_WAIT_DEMAND_ACTIVE;
	if (c->cli->relay) {
		c->deadline_us = 0;
	}
	return sp_rdp_emit(c, (struct sp_event){.kind = SP_EV_LICENSED});
}

static int on_license(struct sp_rdp *c, struct sp_span data)
{
	struct sp_license lic;
	struct sp_rd r;
	uint16_t flags;

	sp_rd_init(&r, data.p, data.n);
	if (sp_sec_read(&r, &flags) != SP_OK) {
		return sp_rdp_note(c, &r);
	}
	if (!(flags & SP_SEC_LICENSE)) {
		return sp_rdp_fail(c, SP_ESTATE, "sec.flags");
	}
	if (sp_license_read(&r, &lic) != SP_OK) {
		return sp_rdp_note(c, &r);
	}
	switch (lic.type) {
	case SP_LICENSE_ERROR:
		if (lic.u.error.code != SP_LICENSE_STATUS_VALID_CLIENT ||
				lic.u.error.state != SP_LICENSE_NO_TRANSITION) {
			return sp_rdp_fail(c, SP_EDENIED, "license.error");
		}
		return licensed(c);
	case SP_LICENSE_NEW:
	case SP_LICENSE_UPGRADE:
		return licensed(c);
	default:
		return sp_rdp_fail(c, SP_EPROTO, "license.type");
	}
}

/* ---- the share ---- */

static int on_demand(struct sp_rdp *c, const struct sp_share *s)
{
	struct sp_active active;
	struct sp_rd body, sets;

	sp_wr_reset(&c->caps_bytes);
	sp_wr_span(&c->caps_bytes, s->body);
	if (sp_wr_ok(&c->caps_bytes) != SP_OK) {
		return sp_rdp_fail(c, sp_wr_ok(&c->caps_bytes), "demand");
	}
	sp_rd_init(&body, c->caps_bytes.p, c->caps_bytes.n);
	if (sp_active_demand_read(&body, &active) != SP_OK) {
		return sp_rdp_note(c, &body);
	}
	sp_rd_init(&sets, active.sets.p, active.sets.n);
	if (sp_caps_read(&sets, &c->caps) != SP_OK) {
		return sp_rdp_note(c, &sets);
	}
	c->share_id = active.share_id;
	c->cli->server_id = s->source;
	c->state = SP_RDP_WAIT_OWNER;
	return sp_rdp_emit(c, (struct sp_event){.kind = SP_EV_DEMAND_ACTIVE, .caps = &c->caps});
}

void sp_client_default_caps(struct sp_caps *caps, uint16_t width, uint16_t height, uint8_t bpp)
{
	*caps = (struct sp_caps){0};
	sp_caps_add(caps, SP_CAPS_GENERAL);
	caps->general.os_major = 4; /* UNIX */
	caps->general.os_minor = 7; /* native X server */
	caps->general.extra_flags = SP_GENERAL_FASTPATH_OUTPUT | SP_GENERAL_LONG_CREDENTIALS |
			SP_GENERAL_NO_BITMAP_COMPRESSION_HDR;
	sp_caps_add(caps, SP_CAPS_BITMAP);
	caps->bitmap = (struct sp_caps_bitmap){.bpp = bpp,
			.width = width,
			.height = height,
			.resize = true,
			.drawing_flags = SP_DRAW_ALLOW_SKIP_ALPHA |
					SP_DRAW_ALLOW_COLOR_SUBSAMPLING |
					SP_DRAW_ALLOW_DYNAMIC_COLOR_FIDELITY};
	sp_caps_add(caps, SP_CAPS_ORDER);
	caps->order.flags = SP_ORDER_NEGOTIATE | SP_ORDER_ZERO_BOUNDS_DELTAS;
	sp_caps_add(caps, SP_CAPS_POINTER);
	caps->pointer = (struct sp_caps_pointer){.color = true, .color_cache = 25, .cache = 25};
	sp_caps_add(caps, SP_CAPS_INPUT);
	caps->input.flags = SP_INPUT_FLAG_SCANCODES | SP_INPUT_FLAG_MOUSEX | SP_INPUT_FLAG_UNICODE |
			SP_INPUT_FLAG_FASTPATH | SP_INPUT_FLAG_FASTPATH2;
	sp_caps_add(caps, SP_CAPS_VIRTUALCHANNEL);
	caps->vc = (struct sp_caps_vc){
			.flags = SP_VC_NO_COMPR, .has_chunk_size = true, .chunk_size = CHUNK_SIZE};
	sp_caps_add(caps, SP_CAPS_SOUND);
	sp_caps_add(caps, SP_CAPS_FONT);
	caps->font_flags = 1;
	sp_caps_add(caps, SP_CAPS_SHARE);
	sp_caps_add(caps, SP_CAPS_CONTROL);
	caps->control.interest = caps->control.detach_interest = 2;
	sp_caps_add(caps, SP_CAPS_ACTIVATION);
	sp_caps_add(caps, SP_CAPS_COLORCACHE);
	caps->color_cache = 6;
	sp_caps_add(caps, SP_CAPS_BRUSH);
	sp_caps_add(caps, SP_CAPS_GLYPHCACHE);
	sp_caps_add(caps, SP_CAPS_OFFSCREENCACHE);
	sp_caps_add(caps, SP_CAPS_MULTIFRAGMENT);
	caps->max_request = MAX_REQUEST;
	sp_caps_add(caps, SP_CAPS_LARGE_POINTER);
	caps->large_pointer = SP_LARGE_POINTER_96 | SP_LARGE_POINTER_384;
}

static int send_control(struct sp_rdp *c, uint16_t action)
{
	struct data_marks m = data_begin(c, SP_DATA_CONTROL);

	sp_final_control_write(&c->wr, &(struct sp_final_control){.action = action});
	return data_end(c, m);
}

int sp_client_confirm(struct sp_rdp *c, const struct sp_caps *caps)
{
	struct sp_active active = {.share_id = c->share_id, .source = sp_span("SALLYPORT", 10)};

	if (c->server || c->state != SP_RDP_WAIT_OWNER) {
		return sp_rdp_fail(c, SP_EARG, "confirm");
	}
	size_t mark = send_begin(c, c->cli->io_id);
	sp_active_confirm_write(&c->wr, c->user_id, &active, caps);
	int rc = send_end(c, mark);
	if (rc == SP_OK) {
		struct data_marks m = data_begin(c, SP_DATA_SYNCHRONIZE);

		sp_final_sync_write(&c->wr, SP_MCS_SERVER_USER);
		rc = data_end(c, m);
	}
	if (rc == SP_OK) {
		rc = send_control(c, SP_CONTROL_COOPERATE);
	}
	if (rc == SP_OK) {
		rc = send_control(c, SP_CONTROL_REQUEST);
	}
	if (rc == SP_OK) {
		struct data_marks m = data_begin(c, SP_DATA_FONT_LIST);

		sp_final_font_list_write(&c->wr);
		rc = data_end(c, m);
	}
	c->state = SP_RDP_WAIT_FONT_MAP;
	return rc;
}

static int emit_update(struct sp_rdp *c, uint8_t code, struct sp_span data)
{
	return sp_rdp_emit(c,
			(struct sp_event){.kind = SP_EV_UPDATE,
					.update = {.code = code, .data = data}});
}

/* [MS-RDPBCGR] 2.2.9.1.1.3 updateType: the numbers are those of the fast path. */
static int slow_update(struct sp_rdp *c, struct sp_span body)
{
	struct sp_rd r;

	sp_rd_init(&r, body.p, body.n);
	uint16_t type = sp_rd_le16(&r);
	if (sp_rd_ok(&r) != SP_OK) {
		return sp_rdp_note(c, &r);
	}
	if (type == SP_FP_BITMAP || type == SP_FP_PALETTE) {
		return emit_update(c, (uint8_t)type, body);
	}
	return type <= SP_FP_SYNCHRONIZE ? emit_update(c, (uint8_t)type, sp_rd_rest(&r)) : SP_OK;
}

/* [MS-RDPBCGR] 2.2.9.1.1.4 messageType */
static int slow_pointer(struct sp_rdp *c, struct sp_span body)
{
	struct sp_rd r;

	sp_rd_init(&r, body.p, body.n);
	uint16_t type = sp_rd_le16(&r);
	sp_rd_le16(&r);
	struct sp_span data = sp_rd_rest(&r);
	if (sp_rd_ok(&r) != SP_OK) {
		return sp_rdp_note(c, &r);
	}
	switch (type) {
	case 0x0001:
		return emit_update(c,
				data.n >= 4 && data.p[1] == 0x7F ? SP_FP_PTR_DEFAULT
								 : SP_FP_PTR_NULL,
				(struct sp_span){0});
	case 0x0003:
		return emit_update(c, SP_FP_PTR_POSITION, data);
	case 0x0006:
		return emit_update(c, SP_FP_COLOR, data);
	case 0x0007:
		return emit_update(c, SP_FP_CACHED, data);
	case 0x0008:
		return emit_update(c, SP_FP_POINTER, data);
	default:
		return SP_OK;
	}
}

static int font_map(struct sp_rdp *c)
{
	if (c->state != SP_RDP_WAIT_FONT_MAP) {
		return SP_OK;
	}
	c->state = SP_RDP_ACTIVE;
	c->deadline_us = 0;
	return sp_rdp_emit(c, (struct sp_event){.kind = SP_EV_ACTIVE, .caps = &c->caps});
}

static int error_info(struct sp_rdp *c, struct sp_rd *r)
{
	uint32_t code;

	if (sp_misc_u32_read(r, &code) != SP_OK) {
		return sp_rdp_note(c, r);
	}
	return sp_rdp_emit(c, (struct sp_event){.kind = SP_EV_ERROR_INFO, .error_info = code});
}

static int on_data(struct sp_rdp *c, const struct sp_share *s)
{
	struct sp_rd r;

	if (s->compression & SP_SHARE_COMPRESSED) {
		return sp_rdp_fail(c, SP_EPROTO, "share.compressedType");
	}
	sp_rd_init(&r, s->body.p, s->body.n);
	switch (s->type2) {
	case SP_DATA_UPDATE:
		return slow_update(c, s->body);
	case SP_DATA_POINTER:
		return slow_pointer(c, s->body);
	case SP_DATA_FONT_MAP:
		return font_map(c);
	case SP_DATA_SET_ERROR_INFO:
		return error_info(c, &r);
	case SP_DATA_SAVE_SESSION_INFO:
		return sp_rdp_emit(c,
				(struct sp_event){.kind = SP_EV_SESSION_INFO,
						.session_info = s->body});
	default:
		sp_log(SP_LOG_DEBUG, "ignored: %s", sp_share_data_name(s->type2));
		return SP_OK;
	}
}

static int on_share(struct sp_rdp *c, const struct sp_share *s)
{
	switch (s->type) {
	case SP_SHARE_DEMAND_ACTIVE:
		return c->state == SP_RDP_WAIT_DEMAND_ACTIVE
				? on_demand(c, s)
				: sp_rdp_fail(c, SP_ESTATE, "share.pduType");
	case SP_SHARE_DEACTIVATE_ALL:
		if (c->state == SP_RDP_WAIT_DEMAND_ACTIVE) {
			return SP_OK;
		}
		c->state = SP_RDP_WAIT_DEMAND_ACTIVE;
		return sp_rdp_emit(c, (struct sp_event){.kind = SP_EV_DEACTIVATED});
	case SP_SHARE_DATA:
		return on_data(c, s);
	case SP_SHARE_FLOW:
		return SP_OK;
	default:
		return sp_rdp_fail(c, SP_EPROTO, "share.pduType");
	}
}

static int io_data(struct sp_rdp *c, struct sp_span data)
{
	struct sp_rd r;
	int rc = SP_OK;

	if (c->state == SP_RDP_WAIT_LICENSE) {
		return on_license(c, data);
	}
	sp_rd_init(&r, data.p, data.n);
	while (rc == SP_OK && sp_rd_left(&r) > 0) {
		struct sp_share s;

		if (sp_share_read(&r, &s) != SP_OK) {
			return sp_rdp_note(c, &r);
		}
		rc = on_share(c, &s);
	}
	return rc;
}

/* Connect-time and continuous measurements; what we cannot parse is not worth a connection. */
static int message_data(struct sp_rdp *c, struct sp_span data, uint64_t now_us)
{
	struct sp_autodetect req, rsp;
	struct sp_client_part *cli = c->cli;
	struct sp_rd r;
	uint16_t flags;

	sp_rd_init(&r, data.p, data.n);
	if (sp_sec_read(&r, &flags) != SP_OK || !(flags & SP_SEC_AUTODETECT_REQ) ||
			sp_autodetect_read(&r, &req) != SP_OK) {
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
		cli->detect_start_us = now_us;
		cli->detect_bytes = 0;
		return SP_OK;
	case SP_AD_BW_PAYLOAD:
		cli->detect_bytes += (uint32_t)data.n;
		return SP_OK;
	case SP_AD_BW_STOP:
	case SP_AD_BW_STOP_CONNECT:
		rsp.type = req.type == SP_AD_BW_STOP_CONNECT ? SP_AD_BW_RESULTS_CONNECT
							     : SP_AD_BW_RESULTS;
		rsp.time_delta = (uint32_t)((now_us - cli->detect_start_us) / 1000);
		rsp.byte_count = cli->detect_bytes + (uint32_t)data.n;
		break;
	default:
		return SP_OK;
	}
	size_t mark = send_begin(c, c->message_id);
	sp_sec_write(&c->wr, SP_SEC_AUTODETECT_RSP);
	sp_autodetect_write(&c->wr, &rsp);
	return send_end(c, mark);
}

static int emit_relay(struct sp_rdp *c, enum sp_relay_kind kind, size_t index, struct sp_span data)
{
	return sp_rdp_emit(c,
			(struct sp_event){.kind = SP_EV_RELAY,
					.relay = {.kind = kind, .index = index, .data = data}});
}

static int send_data(struct sp_rdp *c, const struct sp_mcs *m, uint64_t now_us)
{
	bool relay = c->state == SP_RDP_RELAY;
	size_t i = sp_rdp_channel_index(c, m->channel);

	if (m->channel == c->cli->io_id) {
		return relay ? emit_relay(c, SP_RELAY_IO, 0, m->data) : io_data(c, m->data);
	}
	if (c->message_id != 0 && m->channel == c->message_id) {
		return relay ? emit_relay(c, SP_RELAY_MESSAGE, 0, m->data)
			     : message_data(c, m->data, now_us);
	}
	if (i == c->n_channels) {
		return sp_rdp_fail(c, SP_EFIELD, "mcs.channelId");
	}
	if (relay) {
		return emit_relay(c, SP_RELAY_CHANNEL, i, m->data);
	}
	return sp_rdp_emit(c,
			(struct sp_event){.kind = SP_EV_CHANNEL,
					.channel = {.index = i, .data = m->data}});
}

/* The next whole update of the fast-path PDU in hand: 1 with *ev, 0 for none, or an error. */
static int next_update(struct sp_rdp *c, struct sp_event *ev)
{
	struct sp_client_part *cli = c->cli;

	while (sp_rd_left(&cli->updates) > 0) {
		struct sp_fp_update part, whole;

		if (sp_fp_update_read(&cli->updates, &part) != SP_OK) {
			return sp_rdp_note(c, &cli->updates);
		}
		int rc = sp_fp_join_add(&cli->join, &part, &whole);
		if (rc < 0) {
			return sp_rdp_fail(c, rc, "fastpath.fragmentation");
		}
		/* Drawn before the activation is over: not ours to show. */
		if (rc == 1 && (c->state == SP_RDP_ACTIVE || c->state == SP_RDP_WAIT_FONT_MAP)) {
			*ev = (struct sp_event){.kind = SP_EV_UPDATE,
					.update = {.code = whole.code, .data = whole.data}};
			return 1;
		}
	}
	return 0;
}

static int fast_output(struct sp_rdp *c, struct sp_span pdu)
{
	if (c->state == SP_RDP_RELAY) {
		return emit_relay(c, SP_RELAY_FASTPATH, 0, pdu);
	}
	if (c->state < SP_RDP_WAIT_DEMAND_ACTIVE) {
		return sp_rdp_fail(c, SP_ESTATE, "fastpath");
	}
	sp_rd_init(&c->cli->updates, pdu.p, pdu.n);
	return sp_fp_output_read(&c->cli->updates) != SP_OK ? sp_rdp_note(c, &c->cli->updates)
							    : SP_OK;
}

static int handle(struct sp_rdp *c, struct sp_span pdu, uint64_t now_us)
{
	struct sp_mcs m;
	struct sp_rd r;

	sp_rd_init(&r, pdu.p, pdu.n);
	switch (c->state) {
	case SP_RDP_WAIT_X224_CONFIRM:
		return wait_x224_confirm(c, &r);
	case SP_RDP_WAIT_AUTH:
		return sp_rdp_emit_token(c, pdu);
	case SP_RDP_WAIT_EARLY_RESULT:
		return wait_early_result(c, &r);
	case SP_RDP_WAIT_CONNECT_RESPONSE:
		return wait_connect_response(c, &r);
	default:
		break;
	}
	if (sp_frame_is_fastpath(pdu.p[0])) {
		return fast_output(c, pdu);
	}
	if (sp_mcs_read(&r, &m) != SP_OK) {
		return sp_rdp_note(c, &r);
	}
	if (m.type == SP_MCS_DISCONNECT_ULTIMATUM) {
		c->state = SP_RDP_CLOSED;
		return sp_rdp_emit(c, (struct sp_event){.kind = SP_EV_CLOSED, .reason = m.reason});
	}
	switch (c->state) {
	case SP_RDP_WAIT_ATTACH_CONFIRM:
		return wait_attach_confirm(c, &m);
	case SP_RDP_WAIT_JOIN_CONFIRM:
		return wait_join_confirm(c, &m);
	default:
		if (m.type != SP_MCS_SEND_DATA_INDICATION) {
			return sp_rdp_fail(c, SP_ESTATE, "mcs.type");
		}
		return send_data(c, &m, now_us);
	}
}

/* ---- what the owner sends while active ---- */

int sp_client_input(struct sp_rdp *c, const struct sp_input_event *v, size_t n)
{
	if (c->state != SP_RDP_ACTIVE || !(1 <= n && n <= SP_FP_MAX_EVENTS)) {
		return sp_rdp_fail(c, SP_EARG, "input");
	}
	if (sp_caps_has(&c->caps, SP_CAPS_INPUT) &&
			(c->caps.input.flags &
					(SP_INPUT_FLAG_FASTPATH | SP_INPUT_FLAG_FASTPATH2))) {
		sp_fp_input_write(&c->wr, v, n);
		return sp_rdp_flush(c);
	}
	struct data_marks m = data_begin(c, SP_DATA_INPUT);
	sp_input_write(&c->wr, v, n);
	return data_end(c, m);
}

int sp_client_refresh(struct sp_rdp *c, int32_t x, int32_t y, int32_t w, int32_t h)
{
	struct sp_rect area = {x, y, w, h};

	if (c->state != SP_RDP_ACTIVE) {
		return sp_rdp_fail(c, SP_EARG, "refresh");
	}
	struct data_marks m = data_begin(c, SP_DATA_REFRESH_RECT);
	sp_misc_refresh_write(&c->wr, &area, 1);
	return data_end(c, m);
}

int sp_client_end(struct sp_rdp *c)
{
	if (c->state <= SP_RDP_WAIT_CONNECT_RESPONSE || c->state == SP_RDP_CLOSED) {
		c->state = SP_RDP_CLOSED;
		return SP_OK;
	}
	c->state = SP_RDP_CLOSED;
	sp_mcs_disconnect_write(&c->wr, SP_MCS_USER_REQUESTED);
	return sp_rdp_flush(c);
}
