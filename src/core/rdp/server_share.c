/* core/rdp/server_share.c - activation, finalization and what an active client sends. */
#include "core/rdp/server_part.h"

#include "core/base/log.h"
#include "core/pdu/active.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/final.h"
#include "core/pdu/license.h"
#include "core/pdu/mcs.h"
#include "core/pdu/misc.h"
#include "core/pdu/sec.h"
#include "core/pdu/svc.h"

/* What one Demand Active takes: [MS-RDPBCGR] 2.2.7.2.6, room for a raw 64 x 64 tile and more. */
#define MAX_REQUEST (256u << 10)
/* As large as clients take it without refusing the connection. */
#define SUPERSET_REQUEST (8u << 20)
#define POINTER_CACHE 25
#define BEFORE_TARGET 0x80000000u /* in share ids */

static int send_license(struct sp_rdp *c)
{
	if (c->srv->licensed) {
		return SP_OK;
	}
	c->srv->licensed = true;
	int rc = sp_server_detect_end(c);
	if (rc != SP_OK) {
		return rc;
	}
	size_t mark = sp_rdp_send_begin(c, SP_MCS_IO_CHANNEL);
	sp_sec_write(&c->wr, SP_SEC_LICENSE);
	sp_license_write_valid(&c->wr);
	return sp_rdp_send_end(c, mark);
}

static void own_caps(
		const struct sp_rdp *c, const struct sp_server_desktop *d, struct sp_caps *caps)
{
	*caps = (struct sp_caps){0};
	sp_caps_add(caps, SP_CAPS_SHARE);
	caps->share_node = SP_MCS_SERVER_USER;
	sp_caps_add(caps, SP_CAPS_GENERAL);
	caps->general.os_major = 1; /* Windows */
	caps->general.os_minor = 3; /* NT */
	caps->general.extra_flags = SP_GENERAL_FASTPATH_OUTPUT | SP_GENERAL_LONG_CREDENTIALS |
			SP_GENERAL_NO_BITMAP_COMPRESSION_HDR;
	/* FreeRDP sends neither PDU to a server that does not say that it takes them. */
	caps->general.refresh_rect = true;
	caps->general.suppress_output = true;
	sp_caps_add(caps, SP_CAPS_BITMAP);
	caps->bitmap.bpp = d->bpp;
	caps->bitmap.width = d->width;
	caps->bitmap.height = d->height;
	caps->bitmap.resize = true;
	caps->bitmap.drawing_flags = SP_DRAW_ALLOW_SKIP_ALPHA;
	sp_caps_add(caps, SP_CAPS_ORDER);
	caps->order.flags = SP_ORDER_NEGOTIATE | SP_ORDER_ZERO_BOUNDS_DELTAS;
	sp_caps_add(caps, SP_CAPS_POINTER);
	caps->pointer = (struct sp_caps_pointer){
			.color = true, .color_cache = POINTER_CACHE, .cache = POINTER_CACHE};
	sp_caps_add(caps, SP_CAPS_INPUT);
	caps->input.flags = SP_INPUT_FLAG_SCANCODES | SP_INPUT_FLAG_MOUSEX | SP_INPUT_FLAG_UNICODE |
			SP_INPUT_FLAG_FASTPATH | SP_INPUT_FLAG_FASTPATH2 | SP_INPUT_FLAG_HWHEEL;
	caps->input.layout = c->gcc.core.keyboard_layout;
	caps->input.type = c->gcc.core.keyboard_type;
	caps->input.subtype = c->gcc.core.keyboard_subtype;
	caps->input.function_keys = c->gcc.core.keyboard_function_key;
	sp_caps_add(caps, SP_CAPS_VIRTUALCHANNEL);
	/* Fewer PDUs for what is large; a target that may follow says its own. */
	caps->vc = (struct sp_caps_vc){.flags = SP_VC_NO_COMPR,
			.has_chunk_size = true,
			.chunk_size = d->superset ? SP_SVC_CHUNK : SP_SVC_CHUNK_MAX};
	sp_caps_add(caps, SP_CAPS_FONT);
	caps->font_flags = 1;
	sp_caps_add(caps, SP_CAPS_COLORCACHE);
	caps->color_cache = 6;
	sp_caps_add(caps, SP_CAPS_MULTIFRAGMENT);
	caps->max_request = MAX_REQUEST;
	sp_caps_add(caps, SP_CAPS_LARGE_POINTER);
	caps->large_pointer = SP_LARGE_POINTER_96 | SP_LARGE_POINTER_384;
}

/* Surface commands with their codecs. */
static void codec_caps(struct sp_caps *caps)
{
	/* [MS-RDPNSC] 2.2.1 NSCodec: dynamic fidelity, subsampling, colour loss level 3 */
	static const uint8_t nscodec[] = {1, 1, 3};
	/* [MS-RDPRFX] 2.2.1.2 RemoteFX, server: reserved */
	static const uint8_t remotefx[4];
	static const struct sp_caps_codec codecs[] = {
			{.kind = SP_CODEC_NSCODEC, .id = 1, .properties = {nscodec, 3}},
			{.kind = SP_CODEC_REMOTEFX, .properties = {remotefx, 4}},
			{.kind = SP_CODEC_IMAGE_REMOTEFX, .properties = {remotefx, 4}},
	};

	sp_caps_add(caps, SP_CAPS_SURFACE_COMMANDS);
	caps->surface_commands = SP_SURFCMDS_SET_SURFACE_BITS | SP_SURFCMDS_FRAME_MARKER |
			SP_SURFCMDS_STREAM_SURFACE_BITS;
	sp_caps_add(caps, SP_CAPS_BITMAP_CODECS);
	caps->codecs.n = SP_LEN(codecs);
	memcpy(caps->codecs.codec, codecs, sizeof(codecs));
	sp_caps_add(caps, SP_CAPS_FRAME_ACKNOWLEDGE);
	caps->frame_ack = 2;
}

/* What targets may use that we do not. */
static void superset_caps(struct sp_caps *caps)
{
	codec_caps(caps);
	caps->max_request = SUPERSET_REQUEST;
	caps->bitmap.drawing_flags |=
			SP_DRAW_ALLOW_DYNAMIC_COLOR_FIDELITY | SP_DRAW_ALLOW_COLOR_SUBSAMPLING;
	caps->general.extra_flags |= SP_GENERAL_AUTORECONNECT;
}

static int send_demand(struct sp_rdp *c)
{
	struct sp_caps caps;
	struct sp_active active = {.source = sp_span("RDP", 4)};

	own_caps(c, &c->srv->desktop, &caps);
	if (c->srv->desktop.superset) {
		superset_caps(&caps);
	} else if (c->srv->desktop.codecs) {
		codec_caps(&caps);
	}
	/*
	 * A share id of its own for each activation: mstsc takes no old one twice. One before a
	 * target's must not be like the target's, who may count as we do.
	 */
	c->share_id = (uint32_t)++c->srv->activations << 16 | SP_MCS_SERVER_USER;
	if (c->srv->desktop.superset) {
		c->share_id |= BEFORE_TARGET;
	}
	active.share_id = c->share_id;
	size_t mark = sp_rdp_send_begin(c, SP_MCS_IO_CHANNEL);
	sp_active_demand_write(&c->wr, SP_MCS_SERVER_USER, &active, &caps);
	int rc = sp_rdp_send_end(c, mark);
	if (rc == SP_OK) {
		c->state = SP_RDP_WAIT_CONFIRM_ACTIVE;
	}
	return rc;
}

static int send_deactivate(struct sp_rdp *c)
{
	size_t mark = sp_rdp_send_begin(c, SP_MCS_IO_CHANNEL);

	sp_share_deactivate_write(&c->wr, SP_MCS_SERVER_USER, c->share_id);
	return sp_rdp_send_end(c, mark);
}

/* ---- answers of the owner ---- */

int sp_server_activate(struct sp_rdp *c, const struct sp_server_desktop *d, uint64_t now_us)
{
	int rc;

	if (!c->server || !(c->state == SP_RDP_WAIT_OWNER || c->state == SP_RDP_ACTIVE)) {
		return sp_rdp_fail(c, SP_EARG, "activate");
	}
	if (c->srv->conf.active_deadline_us) {
		c->deadline_us = now_us + c->srv->conf.active_deadline_us;
	}
	c->srv->desktop = *d;
	rc = c->state == SP_RDP_ACTIVE ? send_deactivate(c) : send_license(c);
	return rc == SP_OK ? send_demand(c) : rc;
}

bool sp_server_may_relay(const struct sp_rdp *c)
{
	return c->server && (c->state == SP_RDP_WAIT_OWNER || c->state == SP_RDP_ACTIVE);
}

int sp_server_relay(struct sp_rdp *c)
{
	int rc;

	if (!sp_server_may_relay(c)) {
		return sp_rdp_fail(c, SP_EARG, "relay");
	}
	bool own = c->state == SP_RDP_ACTIVE;
	rc = own ? send_deactivate(c) : send_license(c);
	c->state = own ? SP_RDP_RELAY_WAIT_CONFIRM : SP_RDP_RELAY;
	c->deadline_us = 0;
	return rc;
}

/* ---- the share: activation, finalization, active session ---- */

static int confirm_active(struct sp_rdp *c, const struct sp_share *s)
{
	struct sp_active active;
	struct sp_rd body, sets;

	if (s->type != SP_SHARE_CONFIRM_ACTIVE) {
		/* What the client sent before it saw our Deactivate All. */
		if (c->srv->activations > 1 && s->type == SP_SHARE_DATA) {
			return SP_OK;
		}
		return sp_rdp_fail(c, SP_ESTATE, "share.pduType");
	}
	sp_wr_reset(&c->caps_bytes);
	sp_wr_span(&c->caps_bytes, s->body);
	if (sp_wr_ok(&c->caps_bytes) != SP_OK) {
		return sp_rdp_fail(c, sp_wr_ok(&c->caps_bytes), "confirm");
	}
	sp_rd_init(&body, c->caps_bytes.p, c->caps_bytes.n);
	if (sp_active_confirm_read(&body, &active) != SP_OK) {
		return sp_rdp_note(c, &body);
	}
	if (active.share_id != c->share_id) {
		return sp_rdp_fail(c, SP_EFIELD, "confirm.shareId");
	}
	sp_rd_init(&sets, active.sets.p, active.sets.n);
	if (sp_caps_read(&sets, &c->caps) != SP_OK) {
		return sp_rdp_note(c, &sets);
	}
	c->state = SP_RDP_WAIT_FONT_LIST;
	return SP_OK;
}

static int on_control(struct sp_rdp *c, struct sp_rd *r)
{
	struct sp_final_control in, out = {.action = SP_CONTROL_COOPERATE};

	if (sp_final_control_read(r, &in) != SP_OK) {
		return sp_rdp_note(c, r);
	}
	if (in.action == SP_CONTROL_REQUEST) {
		out = (struct sp_final_control){.action = SP_CONTROL_GRANTED,
				.grant_id = c->user_id,
				.control_id = SP_MCS_SERVER_USER};
	} else if (in.action != SP_CONTROL_COOPERATE) {
		return SP_OK;
	}
	struct sp_data_marks m = sp_rdp_data_begin(c, SP_DATA_CONTROL);
	sp_final_control_write(&c->wr, &out);
	return sp_rdp_data_end(c, m);
}

static int on_synchronize(struct sp_rdp *c, struct sp_rd *r)
{
	uint16_t target;

	if (sp_final_sync_read(r, &target) != SP_OK) {
		return sp_rdp_note(c, r);
	}
	struct sp_data_marks m = sp_rdp_data_begin(c, SP_DATA_SYNCHRONIZE);
	sp_final_sync_write(&c->wr, c->user_id);
	return sp_rdp_data_end(c, m);
}

static int on_font_list(struct sp_rdp *c, struct sp_rd *r)
{
	if (sp_final_font_list_read(r) != SP_OK) {
		return sp_rdp_note(c, r);
	}
	struct sp_data_marks m = sp_rdp_data_begin(c, SP_DATA_FONT_MAP);
	sp_final_font_map_write(&c->wr);
	int rc = sp_rdp_data_end(c, m);
	if (rc != SP_OK) {
		return rc;
	}
	c->state = SP_RDP_ACTIVE;
	c->deadline_us = 0;
	return sp_rdp_emit(c, (struct sp_event){.kind = SP_EV_ACTIVE, .caps = &c->caps});
}

static int emit_inputs(struct sp_rdp *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		sp_track_input(&c->srv->track, &c->inputs[i]);
	}
	/* Input before the font map belongs to nobody yet. */
	if (n == 0 || c->state != SP_RDP_ACTIVE) {
		return SP_OK;
	}
	return sp_rdp_emit(c,
			(struct sp_event){.kind = SP_EV_INPUT, .input = {.v = c->inputs, .n = n}});
}

static int slow_input(struct sp_rdp *c, struct sp_rd *r)
{
	size_t n;

	if (sp_input_read(r, &n) != SP_OK) {
		return sp_rdp_note(c, r);
	}
	if (!(n <= SP_RDP_MAX_INPUTS)) {
		return sp_rdp_fail(c, SP_ELIMIT, "input.numEvents");
	}
	for (size_t i = 0; i < n; i++) {
		if (sp_input_event_read(r, &c->inputs[i]) != SP_OK) {
			return sp_rdp_note(c, r);
		}
	}
	return sp_rd_end(r) != SP_OK ? sp_rdp_note(c, r) : emit_inputs(c, n);
}

int sp_server_fast_input(struct sp_rdp *c, struct sp_span pdu)
{
	struct sp_rd r;
	size_t n;

	sp_rd_init(&r, pdu.p, pdu.n);
	if (sp_fp_input_read(&r, &n) != SP_OK) {
		return sp_rdp_note(c, &r);
	}
	if (!(n <= SP_RDP_MAX_INPUTS)) {
		return sp_rdp_fail(c, SP_ELIMIT, "fastpath.numEvents");
	}
	for (size_t i = 0; i < n; i++) {
		if (sp_fp_input_event_read(&r, &c->inputs[i]) != SP_OK) {
			return sp_rdp_note(c, &r);
		}
	}
	return sp_rd_end(&r) != SP_OK ? sp_rdp_note(c, &r) : emit_inputs(c, n);
}

static int on_suppress(struct sp_rdp *c, struct sp_rd *r)
{
	struct sp_misc_suppress s;
	struct sp_event ev = {.kind = SP_EV_SUPPRESS};

	if (sp_misc_suppress_read(r, &s) != SP_OK) {
		return sp_rdp_note(c, r);
	}
	c->srv->track.suppressed = !s.allow;
	ev.suppress.allow = s.allow;
	ev.suppress.area = s.allow ? s.desk : (struct sp_rect){0};
	return sp_rdp_emit(c, ev);
}

static int on_refresh(struct sp_rdp *c, struct sp_rd *r)
{
	struct sp_rect area[SP_MISC_MAX_AREAS];
	struct sp_event ev = {.kind = SP_EV_REFRESH};
	size_t n;

	if (sp_misc_refresh_read(r, area, &n) != SP_OK) {
		return sp_rdp_note(c, r);
	}
	for (size_t i = 0; i < n; i++) {
		ev.refresh = sp_rect_or(ev.refresh, area[i]);
	}
	return sp_rdp_emit(c, ev);
}

/* [MS-RDPRFX] 2.2.3.1 Frame Acknowledge PDU (TS_FRAME_ACKNOWLEDGE_PDU) */
static int on_frame_ack(struct sp_rdp *c, struct sp_rd *r)
{
	struct sp_event ev = {.kind = SP_EV_FRAME_ACK, .frame = sp_rd_le32(r)};

	return sp_rd_end(r) != SP_OK ? sp_rdp_note(c, r) : sp_rdp_emit(c, ev);
}

static int on_data(struct sp_rdp *c, const struct sp_share *s)
{
	bool finalizing = c->state == SP_RDP_WAIT_FONT_LIST;
	struct sp_rd r;

	if (s->compression & SP_SHARE_COMPRESSED) {
		return sp_rdp_fail(c, SP_EPROTO, "share.compressedType");
	}
	sp_rd_init(&r, s->body.p, s->body.n);
	switch (s->type2) {
	case SP_DATA_SYNCHRONIZE:
		return finalizing ? on_synchronize(c, &r) : SP_OK;
	case SP_DATA_CONTROL:
		return finalizing ? on_control(c, &r) : SP_OK;
	case SP_DATA_FONT_LIST:
		return finalizing ? on_font_list(c, &r) : SP_OK;
	case SP_DATA_INPUT:
		return slow_input(c, &r);
	case SP_DATA_SUPPRESS_OUTPUT:
		return on_suppress(c, &r);
	case SP_DATA_REFRESH_RECT:
		return on_refresh(c, &r);
	case SP_DATA_FRAME_ACKNOWLEDGE:
		return on_frame_ack(c, &r);
	case SP_DATA_SHUTDOWN_REQUEST:
		return sp_rdp_emit(c, (struct sp_event){.kind = SP_EV_SHUTDOWN_REQUEST});
	default:
		/* Persistent keys, acknowledgements, cache errors: nothing of ours depends on them. */
		sp_log(SP_LOG_DEBUG, "ignored: %s", sp_share_data_name(s->type2));
		return SP_OK;
	}
}

int sp_server_io_data(struct sp_rdp *c, struct sp_span data)
{
	struct sp_rd r;
	int rc = SP_OK;

	sp_rd_init(&r, data.p, data.n);
	while (rc == SP_OK && sp_rd_left(&r) > 0) {
		struct sp_share s;

		if (sp_share_read(&r, &s) != SP_OK) {
			return sp_rdp_note(c, &r);
		}
		if (s.type == SP_SHARE_FLOW) {
			continue;
		}
		if (c->state == SP_RDP_WAIT_CONFIRM_ACTIVE) {
			rc = confirm_active(c, &s);
		} else if (s.type == SP_SHARE_DATA) {
			rc = on_data(c, &s);
		} else {
			rc = sp_rdp_fail(c, SP_ESTATE, "share.pduType");
		}
	}
	return rc;
}

void sp_server_track_fast(struct sp_rdp *c, struct sp_span pdu)
{
	struct sp_rd r;
	size_t n;

	sp_rd_init(&r, pdu.p, pdu.n);
	if (sp_fp_input_read(&r, &n) != SP_OK) {
		return;
	}
	for (size_t i = 0; i < n && i < SP_FP_MAX_EVENTS; i++) {
		struct sp_input_event ev;

		if (sp_fp_input_event_read(&r, &ev) != SP_OK) {
			return;
		}
		sp_track_input(&c->srv->track, &ev);
	}
}

static void track_input(struct sp_track *t, struct sp_rd *r)
{
	size_t n;

	if (sp_input_read(r, &n) != SP_OK) {
		return;
	}
	for (size_t i = 0; i < n && i < SP_INPUT_MAX; i++) {
		struct sp_input_event ev;

		if (sp_input_event_read(r, &ev) != SP_OK) {
			return;
		}
		sp_track_input(t, &ev);
	}
}

void sp_server_track_io(struct sp_rdp *c, struct sp_span data)
{
	struct sp_misc_suppress suppress;
	struct sp_share s;
	struct sp_rd r, body;

	sp_rd_init(&r, data.p, data.n);
	while (sp_rd_left(&r) > 0 && sp_share_read(&r, &s) == SP_OK) {
		if (s.type != SP_SHARE_DATA || (s.compression & SP_SHARE_COMPRESSED)) {
			continue;
		}
		sp_rd_init(&body, s.body.p, s.body.n);
		if (s.type2 == SP_DATA_INPUT) {
			track_input(&c->srv->track, &body);
		} else if (s.type2 == SP_DATA_SUPPRESS_OUTPUT &&
				sp_misc_suppress_read(&body, &suppress) == SP_OK) {
			c->srv->track.suppressed = !suppress.allow;
		}
	}
}
