/* core/rdp/client_share.c - activation, what an active server sends, and what the owner sends. */
#include "core/base/log.h"
#include "core/pdu/active.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/final.h"
#include "core/pdu/mcs.h"
#include "core/pdu/misc.h"
#include "core/pdu/redirect.h"
#include "core/pdu/svc.h"
#include "core/rdp/client_part.h"

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
	caps->vc = (struct sp_caps_vc){.flags = SP_VC_NO_COMPR,
			.has_chunk_size = true,
			.chunk_size = SP_SVC_CHUNK_MAX};
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
	caps->max_request = SP_CLIENT_MAX_REQUEST;
	sp_caps_add(caps, SP_CAPS_LARGE_POINTER);
	caps->large_pointer = SP_LARGE_POINTER_96 | SP_LARGE_POINTER_384;
}

void sp_client_surface_caps(struct sp_caps *caps, bool rfx, bool nsc)
{
	/* [MS-RDPNSC] 2.2.1: dynamic fidelity, subsampling, loss of colour up to level 3 */
	static const uint8_t nscodec[] = {1, 1, 3};
	/* [MS-RDPRFX] 2.2.1.1: mixed with others; version 1.0, RLGR1 and RLGR3, image and video mode */
	static const uint8_t remotefx[] = {49, 0, 0, 0, 1, 0, 0, 0, 37, 0, 0, 0, /* container */
			0xc0, 0xcb, 8, 0, 0, 0, 1, 0, /* TS_RFX_CAPS */
			0xc1, 0xcb, 29, 0, 0, 0, 1, 0xc0, 0xcf, 2, 0, 8, 0, /* TS_RFX_CAPSET */
			0x00, 0x01, 64, 0, 0, 1, 1, 1, 0x00, 0x01, 64, 0, 0, 1, 1, 4};
	struct sp_caps_codec *codec = caps->codecs.codec;

	sp_caps_add(caps, SP_CAPS_SURFACE_COMMANDS);
	caps->surface_commands = SP_SURFCMDS_SET_SURFACE_BITS | SP_SURFCMDS_FRAME_MARKER |
			SP_SURFCMDS_STREAM_SURFACE_BITS;
	sp_caps_add(caps, SP_CAPS_BITMAP_CODECS);
	if (nsc) {
		*codec++ = (struct sp_caps_codec){.kind = SP_CODEC_NSCODEC,
				.id = 1,
				.properties = {nscodec, sizeof(nscodec)}};
	}
	if (rfx) {
		*codec++ = (struct sp_caps_codec){.kind = SP_CODEC_REMOTEFX,
				.id = 3,
				.properties = {remotefx, sizeof(remotefx)}};
	}
	caps->codecs.n = (size_t)(codec - caps->codecs.codec);
	uint32_t tiles = ((caps->bitmap.width + 63u) / 64) * ((caps->bitmap.height + 63u) / 64) + 1;
	uint64_t want = (uint64_t)tiles * 64 * 64 * 4;
	if (rfx && want > caps->max_request) {
		caps->max_request = want < SP_CLIENT_MAX_REQUEST_RFX ? (uint32_t)want
								     : SP_CLIENT_MAX_REQUEST_RFX;
	}
	sp_caps_add(caps, SP_CAPS_FRAME_ACKNOWLEDGE);
	caps->frame_ack = 2;
}

int sp_client_frame_ack(struct sp_rdp *c, uint32_t frame)
{
	if (c->server || !sp_rdp_is_active(c)) {
		return SP_ESTATE;
	}
	struct sp_data_marks m = sp_rdp_data_begin(c, SP_DATA_FRAME_ACKNOWLEDGE);
	sp_wr_le32(&c->wr, frame);
	return sp_rdp_data_end(c, m);
}

static int send_control(struct sp_rdp *c, uint16_t action)
{
	struct sp_data_marks m = sp_rdp_data_begin(c, SP_DATA_CONTROL);

	sp_final_control_write(&c->wr, &(struct sp_final_control){.action = action});
	return sp_rdp_data_end(c, m);
}

int sp_client_confirm(struct sp_rdp *c, const struct sp_caps *caps)
{
	struct sp_active active = {.share_id = c->share_id, .source = sp_span("SALLYPORT", 10)};

	if (c->server || c->state != SP_RDP_WAIT_OWNER) {
		return sp_rdp_fail(c, SP_EARG, "confirm");
	}
	size_t mark = sp_rdp_send_begin(c, c->gcc_server.io_channel);
	sp_active_confirm_write(&c->wr, c->user_id, &active, caps);
	int rc = sp_rdp_send_end(c, mark);
	if (rc == SP_OK) {
		struct sp_data_marks m = sp_rdp_data_begin(c, SP_DATA_SYNCHRONIZE);

		sp_final_sync_write(&c->wr, SP_MCS_SERVER_USER);
		rc = sp_rdp_data_end(c, m);
	}
	if (rc == SP_OK) {
		rc = send_control(c, SP_CONTROL_COOPERATE);
	}
	if (rc == SP_OK) {
		rc = send_control(c, SP_CONTROL_REQUEST);
	}
	if (rc == SP_OK) {
		struct sp_data_marks m = sp_rdp_data_begin(c, SP_DATA_FONT_LIST);

		sp_final_font_list_write(&c->wr);
		rc = sp_rdp_data_end(c, m);
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

static int on_data(struct sp_rdp *c, struct sp_share *s)
{
	struct sp_rd r;
	int rc = sp_client_bulk_share(c, s);

	if (rc != SP_OK) {
		return rc;
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

static int on_redirect(struct sp_rdp *c, const struct sp_share *s)
{
	struct sp_redirect msg;
	struct sp_rd r;

	sp_rd_init(&r, s->body.p, s->body.n);
	if (sp_redirect_share_read(&r, &msg) != SP_OK) {
		return sp_rdp_note(c, &r);
	}
	if (msg.flags & SP_LB_NOREDIRECT) {
		return SP_OK; /* it only says where we are */
	}
	c->state = SP_RDP_CLOSED;
	return sp_rdp_emit(c, (struct sp_event){.kind = SP_EV_REDIRECT, .redirect = s->body});
}

/* Before its Demand Active a target has nothing to say to the user's client. */
static int relay_share(struct sp_rdp *c, struct sp_share *s)
{
	switch (s->type) {
	case SP_SHARE_SERVER_REDIRECT:
		return on_redirect(c, s);
	case SP_SHARE_DATA:
		return s->type2 == SP_DATA_SET_ERROR_INFO ? on_data(c, s) : SP_OK;
	default:
		return SP_OK;
	}
}

/* All of the packet from the Demand Active on is the other leg's. */
static int relay_demand(struct sp_rdp *c, const struct sp_share *s, struct sp_span from)
{
	struct sp_active active;
	struct sp_rd body;

	sp_rd_init(&body, s->body.p, s->body.n);
	if (sp_active_demand_read(&body, &active) != SP_OK) {
		return sp_rdp_note(c, &body);
	}
	c->share_id = active.share_id;
	c->state = SP_RDP_RELAY;
	c->deadline_us = 0;
	return sp_rdp_emit_relay(c, SP_RELAY_IO, 0, from);
}

static int on_share(struct sp_rdp *c, struct sp_share *s)
{
	if (c->cli->relay) {
		return relay_share(c, s);
	}
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
	case SP_SHARE_SERVER_REDIRECT:
		return on_redirect(c, s);
	case SP_SHARE_FLOW:
		return SP_OK;
	default:
		return sp_rdp_fail(c, SP_EPROTO, "share.pduType");
	}
}

int sp_client_share_data(struct sp_rdp *c, struct sp_span data)
{
	struct sp_rd r;
	int rc = SP_OK;

	sp_client_bulk_packet(c);
	sp_rd_init(&r, data.p, data.n);
	while (rc == SP_OK && sp_rd_left(&r) > 0) {
		struct sp_span from = sp_span(r.p, sp_rd_left(&r));
		struct sp_share s;

		if (sp_share_read(&r, &s) != SP_OK) {
			return sp_rdp_note(c, &r);
		}
		if (c->cli->relay && s.type == SP_SHARE_DEMAND_ACTIVE &&
				c->state == SP_RDP_WAIT_DEMAND_ACTIVE) {
			return relay_demand(c, &s, from);
		}
		rc = on_share(c, &s);
	}
	return rc;
}

/* The next whole update of the fast-path PDU in hand: 1 with *ev, 0 for none, or an error. */
int sp_client_next_update(struct sp_rdp *c, struct sp_event *ev)
{
	struct sp_client_part *cli = c->cli;

	while (sp_rd_left(&cli->updates) > 0) {
		struct sp_fp_update part, whole;

		if (sp_fp_update_read(&cli->updates, &part) != SP_OK) {
			return sp_rdp_note(c, &cli->updates);
		}
		int rc = sp_client_bulk_update(c, &part);
		if (rc != SP_OK) {
			return rc;
		}
		rc = sp_fp_join_add(&cli->join, &part, &whole);
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

int sp_client_fast_output(struct sp_rdp *c, struct sp_span pdu)
{
	if (c->state == SP_RDP_RELAY) {
		return sp_rdp_emit_relay(c, SP_RELAY_FASTPATH, 0, pdu);
	}
	if (c->state < SP_RDP_WAIT_DEMAND_ACTIVE) {
		return sp_rdp_fail(c, SP_ESTATE, "fastpath");
	}
	if (c->cli->relay) {
		return SP_OK; /* a picture of before the activation */
	}
	sp_rd_init(&c->cli->updates, pdu.p, pdu.n);
	return sp_fp_output_read(&c->cli->updates) != SP_OK ? sp_rdp_note(c, &c->cli->updates)
							    : SP_OK;
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
	struct sp_data_marks m = sp_rdp_data_begin(c, SP_DATA_INPUT);
	sp_input_write(&c->wr, v, n);
	return sp_rdp_data_end(c, m);
}

int sp_client_refresh(struct sp_rdp *c, int32_t x, int32_t y, int32_t w, int32_t h)
{
	struct sp_rect area = {x, y, w, h};

	if (c->state != SP_RDP_ACTIVE) {
		return sp_rdp_fail(c, SP_EARG, "refresh");
	}
	struct sp_data_marks m = sp_rdp_data_begin(c, SP_DATA_REFRESH_RECT);
	sp_misc_refresh_write(&c->wr, &area, 1);
	return sp_rdp_data_end(c, m);
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
