/* core/rdp/server.c - the server's way through the connection sequence, and the active session. */
#include "core/rdp/server.h"

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/pdu/active.h"
#include "core/pdu/bitmap.h"
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

/* What one Demand Active takes: [MS-RDPBCGR] 2.2.7.2.6, room for a raw 64 x 64 tile and more. */
#define MAX_REQUEST (256u << 10)
/* As large as clients take it without refusing the connection. */
#define SUPERSET_REQUEST (8u << 20)
#define POINTER_CACHE 25
#define CHUNK_SIZE 1600
#define SHARE_DATA_HEADER 18

struct sp_server_part {
	struct sp_server_conf conf;
	struct sp_server_desktop desktop;
	uint32_t joined; /* bit i: channel i of the client's list */
	bool joined_user, joined_io;
	bool licensed; /* the licence was sent */
	uint16_t activations; /* Demand Actives so far, for a fresh share id each */
	uint64_t verdict_us; /* when the login must be over; 0 for no limit */
};

void sp_server_part_destroy(struct sp_server_part *p)
{
	sp_free(p);
}

static int handle(struct sp_rdp *c, struct sp_span pdu, uint64_t now_us);

/* A step has this long, but no step goes beyond the time of the verdict. */
static void set_stage(struct sp_rdp *c, uint64_t step_us, uint64_t now_us)
{
	uint64_t end = c->srv->verdict_us;

	c->deadline_us = step_us && (!end || now_us + step_us < end) ? now_us + step_us : end;
}

struct sp_rdp *sp_server_create(const struct sp_server_conf *conf, uint64_t now_us)
{
	struct sp_rdp *c = sp_rdp_create();

	if (!c) {
		return NULL;
	}
	c->srv = sp_calloc(1, sizeof(*c->srv));
	if (!c->srv) {
		sp_rdp_destroy(c);
		return NULL;
	}
	c->srv->conf = *conf;
	c->server = true;
	c->handle = handle;
	c->state = SP_RDP_WAIT_X224_REQUEST;
	c->srv->verdict_us = conf->logon_deadline_us ? now_us + conf->logon_deadline_us : 0;
	set_stage(c, conf->request_deadline_us, now_us);
	return c;
}

void sp_server_tls_up(struct sp_rdp *c)
{
	c->deadline_us = c->srv->verdict_us;
}

/* ---- PDUs of ours ---- */

static size_t send_begin(struct sp_rdp *c, uint16_t channel)
{
	return sp_mcs_send_begin(&c->wr, SP_MCS_SEND_DATA_INDICATION, SP_MCS_SERVER_USER, channel);
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

	m.mcs = send_begin(c, SP_MCS_IO_CHANNEL);
	m.share = sp_share_data_begin(&c->wr, SP_MCS_SERVER_USER, c->share_id, type);
	return m;
}

static int data_end(struct sp_rdp *c, struct data_marks m)
{
	sp_share_data_end(&c->wr, m.share);
	return send_end(c, m.mcs);
}

static int send_license(struct sp_rdp *c)
{
	if (c->srv->licensed) {
		return SP_OK;
	}
	c->srv->licensed = true;
	size_t mark = send_begin(c, SP_MCS_IO_CHANNEL);
	sp_sec_write(&c->wr, SP_SEC_LICENSE);
	sp_license_write_valid(&c->wr);
	return send_end(c, mark);
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
	caps->vc = (struct sp_caps_vc){
			.flags = SP_VC_NO_COMPR, .has_chunk_size = true, .chunk_size = CHUNK_SIZE};
	sp_caps_add(caps, SP_CAPS_FONT);
	caps->font_flags = 1;
	sp_caps_add(caps, SP_CAPS_COLORCACHE);
	caps->color_cache = 6;
	sp_caps_add(caps, SP_CAPS_MULTIFRAGMENT);
	caps->max_request = MAX_REQUEST;
	sp_caps_add(caps, SP_CAPS_LARGE_POINTER);
	caps->large_pointer = SP_LARGE_POINTER_96 | SP_LARGE_POINTER_384;
}

/* What targets may use that we do not: surface commands with their codecs, larger updates. */
static void superset_caps(struct sp_caps *caps)
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
	}
	/* A share id of its own for each activation: mstsc takes no old one twice. */
	c->share_id = (uint32_t)++c->srv->activations << 16 | SP_MCS_SERVER_USER;
	active.share_id = c->share_id;
	size_t mark = send_begin(c, SP_MCS_IO_CHANNEL);
	sp_active_demand_write(&c->wr, SP_MCS_SERVER_USER, &active, &caps);
	int rc = send_end(c, mark);
	if (rc == SP_OK) {
		c->state = SP_RDP_WAIT_CONFIRM_ACTIVE;
	}
	return rc;
}

static int send_deactivate(struct sp_rdp *c)
{
	size_t mark = send_begin(c, SP_MCS_IO_CHANNEL);

	sp_share_deactivate_write(&c->wr, SP_MCS_SERVER_USER, c->share_id);
	return send_end(c, mark);
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

int sp_server_relay(struct sp_rdp *c)
{
	int rc;

	if (!c->server || !(c->state == SP_RDP_WAIT_OWNER || c->state == SP_RDP_ACTIVE)) {
		return sp_rdp_fail(c, SP_EARG, "relay");
	}
	rc = c->state == SP_RDP_ACTIVE ? send_deactivate(c) : send_license(c);
	c->state = SP_RDP_RELAY;
	c->deadline_us = 0;
	return rc;
}

int sp_server_after_login(struct sp_rdp *c)
{
	uint64_t end = c->srv->verdict_us;

	c->state = SP_RDP_WAIT_CONNECT_INITIAL;
	/* A login that took its time leaves enough for what follows. */
	c->deadline_us = end ? end + c->srv->conf.active_deadline_us : 0;
	return SP_OK;
}

/* ---- connection sequence ---- */

static uint32_t choose_protocol(uint32_t offer, uint32_t requested)
{
	static const uint32_t best_first[] = {SP_PROTO_HYBRID_EX, SP_PROTO_HYBRID, SP_PROTO_SSL};

	for (size_t i = 0; i < SP_LEN(best_first); i++) {
		if (offer & requested & best_first[i]) {
			return best_first[i];
		}
	}
	return SP_PROTO_RDP;
}

static int wait_x224_request(struct sp_rdp *c, struct sp_rd *r, uint64_t now_us)
{
	struct sp_x224_request req;
	struct sp_x224_confirm confirm = {.kind = SP_X224_CONFIRM_RESPONSE};
	uint32_t offer = c->srv->conf.protocols;

	if (sp_x224_request_read(r, &req) != SP_OK) {
		return sp_rdp_note(c, r);
	}
	struct sp_event ev = {.kind = SP_EV_X224_REQUEST,
			.x224 = {.requested = req.protocols,
					.has_negotiation = req.has_neg,
					.cookie = req.cookie,
					.token = req.token}};
	c->selected = choose_protocol(offer, req.protocols);
	if (offer != SP_PROTO_RDP && c->selected == SP_PROTO_RDP) {
		/* Said also to clients that asked for nothing: those show it as a refusal. */
		confirm.kind = SP_X224_CONFIRM_FAILURE;
		confirm.failure = offer & (SP_PROTO_HYBRID | SP_PROTO_HYBRID_EX)
				? SP_X224_HYBRID_REQUIRED
				: SP_X224_SSL_REQUIRED;
		ev.x224.failure = confirm.failure;
	} else {
		confirm.selected = c->selected;
		confirm.flags = SP_X224_RSP_EXTENDED_CLIENT_DATA | SP_X224_RSP_DYNVC_GFX;
		if (!req.has_neg) {
			confirm.kind = SP_X224_CONFIRM_PLAIN;
		}
	}
	ev.x224.selected = c->selected;
	c->requested = req.protocols;
	sp_x224_confirm_write(&c->wr, &confirm);
	int rc = sp_rdp_flush(c);
	if (rc == SP_OK) {
		rc = sp_rdp_emit(c, ev);
	}
	if (rc != SP_OK) {
		return rc;
	}
	if (ev.x224.failure) {
		return sp_rdp_fail(c, SP_EDENIED, "x224.requestedProtocols");
	}
	if (c->selected == SP_PROTO_RDP) {
		return sp_server_after_login(c);
	}
	c->state = SP_RDP_WAIT_TLS;
	set_stage(c, c->srv->conf.tls_deadline_us, now_us);
	return sp_rdp_emit(c, (struct sp_event){.kind = SP_EV_START_TLS});
}

/* Gives each channel an id and fills in what the client is told about them. */
static void assign_channels(struct sp_rdp *c)
{
	struct sp_gcc_server *sc = &c->gcc_server;
	uint16_t id = SP_MCS_IO_CHANNEL + 1;

	c->n_channels = c->gcc.n_channels;
	sc->io_channel = SP_MCS_IO_CHANNEL;
	sc->n_channels = c->n_channels;
	for (size_t i = 0; i < c->n_channels; i++) {
		c->channel_ids[i] = sc->channel[i] = id++;
	}
	if (c->gcc.has_msgchannel) {
		c->message_id = id++;
		sc->has_msgchannel = true;
		sc->msgchannel = c->message_id;
	}
	c->user_id = id;
}

static int wait_connect_initial(struct sp_rdp *c, struct sp_rd *r)
{
	struct sp_mcs_initial initial;
	struct sp_mcs_response response = {.result = SP_MCS_RESULT_SUCCESSFUL};
	struct sp_gcc_server *sc = &c->gcc_server;
	struct sp_rd data;

	if (sp_mcs_initial_read(r, &initial) != SP_OK) {
		return sp_rdp_note(c, r);
	}
	if (sp_mcs_domain_choose(&initial, &response.domain) != SP_OK) {
		return sp_rdp_fail(c, SP_EFIELD, "mcs.domainParameters");
	}
	sp_rd_init(&data, initial.data.p, initial.data.n);
	if (sp_gcc_client_read(&data, &c->gcc) != SP_OK) {
		return sp_rdp_note(c, &data);
	}
	/* A client that was told another protocol than we chose has somebody between us. */
	if (c->selected != SP_PROTO_RDP && c->gcc.core.n_tail > SP_GCC_TAIL_SELECTED_PROTOCOL &&
			c->gcc.core.server_selected_protocol != c->selected) {
		return sp_rdp_fail(c, SP_EFIELD, "gcc.core.serverSelectedProtocol");
	}
	*sc = (struct sp_gcc_server){.version = SP_GCC_VERSION_5,
			.has_requested_protocols = true,
			.client_requested_protocols = c->requested,
			.has_early_capability_flags = true,
			.early_capability_flags = SP_GCC_SC_DYNAMIC_DST,
			.has_security = true};
	if (c->gcc.core.early_capability_flags & SP_GCC_CS_SKIP_CHANNELJOIN) {
		sc->early_capability_flags |= SP_GCC_SC_SKIP_CHANNELJOIN;
	}
	assign_channels(c);
	struct sp_wr blocks;
	sp_wr_init(&blocks, SP_MCS_CONNECT_DATA_MAX);
	sp_gcc_server_write(&blocks, sc);
	int rc = sp_wr_ok(&blocks);
	if (rc == SP_OK) {
		response.data = sp_span(blocks.p, blocks.n);
		sp_mcs_response_write(&c->wr, &response);
		rc = sp_rdp_flush(c);
	}
	sp_wr_finish(&blocks);
	c->state = SP_RDP_WAIT_ERECT_DOMAIN;
	return rc;
}

static int wait_erect_domain(struct sp_rdp *c, const struct sp_mcs *m)
{
	if (m->type != SP_MCS_ERECT_DOMAIN_REQUEST) {
		return sp_rdp_fail(c, SP_ESTATE, "mcs.type");
	}
	c->state = SP_RDP_WAIT_ATTACH_REQUEST;
	return SP_OK;
}

static int wait_attach_request(struct sp_rdp *c, const struct sp_mcs *m)
{
	if (m->type != SP_MCS_ATTACH_USER_REQUEST) {
		return sp_rdp_fail(c, SP_ESTATE, "mcs.type");
	}
	sp_mcs_attach_confirm_write(&c->wr, SP_MCS_RESULT_SUCCESSFUL, c->user_id);
	if (c->gcc_server.early_capability_flags & SP_GCC_SC_SKIP_CHANNELJOIN) {
		c->srv->joined_user = c->srv->joined_io = true;
		c->srv->joined = UINT32_MAX;
	}
	c->state = SP_RDP_WAIT_JOINS;
	return sp_rdp_flush(c);
}

static int join(struct sp_rdp *c, const struct sp_mcs *m)
{
	uint8_t result = SP_MCS_RESULT_SUCCESSFUL;
	size_t i = sp_rdp_channel_index(c, m->channel);

	if (m->channel == c->user_id) {
		c->srv->joined_user = true;
	} else if (m->channel == SP_MCS_IO_CHANNEL) {
		c->srv->joined_io = true;
	} else if (i < c->n_channels) {
		c->srv->joined |= 1u << i;
	} else if (!(c->message_id != 0 && m->channel == c->message_id)) {
		result = SP_MCS_RESULT_NO_SUCH_CHANNEL;
	}
	sp_mcs_join_confirm_write(&c->wr, result, c->user_id, m->channel);
	return sp_rdp_flush(c);
}

static int client_info(struct sp_rdp *c, const struct sp_mcs *m, uint64_t now_us)
{
	struct sp_rd r;
	uint16_t flags;

	if (!(c->srv->joined_user && c->srv->joined_io) || m->channel != SP_MCS_IO_CHANNEL) {
		return sp_rdp_fail(c, SP_ESTATE, "mcs.channelId");
	}
	sp_rd_init(&r, m->data.p, m->data.n);
	if (sp_sec_read(&r, &flags) != SP_OK) {
		return sp_rdp_note(c, &r);
	}
	if (!(flags & SP_SEC_INFO) || (flags & SP_SEC_ENCRYPT)) {
		return sp_rdp_fail(c, SP_ESTATE, "sec.flags");
	}
	if (sp_info_read(&r, &c->info) != SP_OK) {
		return sp_rdp_note(c, &r);
	}
	c->state = SP_RDP_WAIT_OWNER;
	c->deadline_us = c->srv->conf.active_deadline_us ? now_us + c->srv->conf.active_deadline_us
							 : 0;
	return sp_rdp_emit(c, (struct sp_event){.kind = SP_EV_LOGON});
}

static int wait_joins(struct sp_rdp *c, const struct sp_mcs *m, uint64_t now_us)
{
	switch (m->type) {
	case SP_MCS_CHANNEL_JOIN_REQUEST:
		return join(c, m);
	case SP_MCS_SEND_DATA_REQUEST:
		return client_info(c, m, now_us);
	default:
		return sp_rdp_fail(c, SP_ESTATE, "mcs.type");
	}
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
	struct data_marks m = data_begin(c, SP_DATA_CONTROL);
	sp_final_control_write(&c->wr, &out);
	return data_end(c, m);
}

static int on_synchronize(struct sp_rdp *c, struct sp_rd *r)
{
	uint16_t target;

	if (sp_final_sync_read(r, &target) != SP_OK) {
		return sp_rdp_note(c, r);
	}
	struct data_marks m = data_begin(c, SP_DATA_SYNCHRONIZE);
	sp_final_sync_write(&c->wr, c->user_id);
	return data_end(c, m);
}

static int on_font_list(struct sp_rdp *c, struct sp_rd *r)
{
	if (sp_final_font_list_read(r) != SP_OK) {
		return sp_rdp_note(c, r);
	}
	struct data_marks m = data_begin(c, SP_DATA_FONT_MAP);
	sp_final_font_map_write(&c->wr);
	int rc = data_end(c, m);
	if (rc != SP_OK) {
		return rc;
	}
	c->state = SP_RDP_ACTIVE;
	c->deadline_us = 0;
	return sp_rdp_emit(c, (struct sp_event){.kind = SP_EV_ACTIVE, .caps = &c->caps});
}

static int emit_inputs(struct sp_rdp *c, size_t n)
{
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

static int fast_input(struct sp_rdp *c, struct sp_span pdu)
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
	case SP_DATA_SHUTDOWN_REQUEST:
		return sp_rdp_emit(c, (struct sp_event){.kind = SP_EV_SHUTDOWN_REQUEST});
	default:
		/* Persistent keys, acknowledgements, cache errors: nothing of ours depends on them. */
		sp_log(SP_LOG_DEBUG, "ignored: %s", sp_share_data_name(s->type2));
		return SP_OK;
	}
}

static int io_data(struct sp_rdp *c, struct sp_span data)
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

static int emit_relay(struct sp_rdp *c, enum sp_relay_kind kind, size_t index, struct sp_span data)
{
	return sp_rdp_emit(c,
			(struct sp_event){.kind = SP_EV_RELAY,
					.relay = {.kind = kind, .index = index, .data = data}});
}

static int send_data(struct sp_rdp *c, const struct sp_mcs *m)
{
	bool relay = c->state == SP_RDP_RELAY;
	size_t i = sp_rdp_channel_index(c, m->channel);

	if (m->channel == SP_MCS_IO_CHANNEL) {
		return relay ? emit_relay(c, SP_RELAY_IO, 0, m->data) : io_data(c, m->data);
	}
	if (c->message_id != 0 && m->channel == c->message_id) {
		return relay ? emit_relay(c, SP_RELAY_MESSAGE, 0, m->data) : SP_OK;
	}
	if (i == c->n_channels || !(c->srv->joined >> i & 1)) {
		return sp_rdp_fail(c, SP_EFIELD, "mcs.channelId");
	}
	if (relay) {
		return emit_relay(c, SP_RELAY_CHANNEL, i, m->data);
	}
	return sp_rdp_emit(c,
			(struct sp_event){.kind = SP_EV_CHANNEL,
					.channel = {.index = i, .data = m->data}});
}

static int after_logon(struct sp_rdp *c, const struct sp_mcs *m)
{
	switch (m->type) {
	case SP_MCS_SEND_DATA_REQUEST:
		return send_data(c, m);
	case SP_MCS_CHANNEL_JOIN_REQUEST:
		return join(c, m);
	case SP_MCS_DISCONNECT_ULTIMATUM:
		c->state = SP_RDP_CLOSED;
		return sp_rdp_emit(c, (struct sp_event){.kind = SP_EV_CLOSED, .reason = m->reason});
	default:
		return sp_rdp_fail(c, SP_ESTATE, "mcs.type");
	}
}

static int handle(struct sp_rdp *c, struct sp_span pdu, uint64_t now_us)
{
	struct sp_mcs m;
	struct sp_rd r;

	sp_rd_init(&r, pdu.p, pdu.n);
	switch (c->state) {
	case SP_RDP_WAIT_X224_REQUEST:
		return wait_x224_request(c, &r, now_us);
	case SP_RDP_WAIT_AUTH:
		return sp_rdp_emit_token(c, pdu);
	case SP_RDP_WAIT_CONNECT_INITIAL:
		return wait_connect_initial(c, &r);
	default:
		break;
	}
	if (sp_frame_is_fastpath(pdu.p[0])) {
		switch (c->state) {
		case SP_RDP_WAIT_FONT_LIST:
		case SP_RDP_ACTIVE:
			return fast_input(c, pdu);
		case SP_RDP_WAIT_CONFIRM_ACTIVE:
			/* Sent before the client saw our Deactivate All. */
			return c->srv->activations > 1 ? SP_OK
						       : sp_rdp_fail(c, SP_ESTATE, "fastpath");
		case SP_RDP_RELAY:
			return emit_relay(c, SP_RELAY_FASTPATH, 0, pdu);
		default:
			return sp_rdp_fail(c, SP_ESTATE, "fastpath");
		}
	}
	if (sp_mcs_read(&r, &m) != SP_OK) {
		return sp_rdp_note(c, &r);
	}
	if (m.type == SP_MCS_DISCONNECT_ULTIMATUM) {
		return after_logon(c, &m);
	}
	switch (c->state) {
	case SP_RDP_WAIT_ERECT_DOMAIN:
		return wait_erect_domain(c, &m);
	case SP_RDP_WAIT_ATTACH_REQUEST:
		return wait_attach_request(c, &m);
	case SP_RDP_WAIT_JOINS:
		return wait_joins(c, &m, now_us);
	default:
		return after_logon(c, &m);
	}
}

/* ---- what the owner sends while active ---- */

static bool has_fastpath(const struct sp_rdp *c)
{
	return sp_caps_has(&c->caps, SP_CAPS_GENERAL) &&
			(c->caps.general.extra_flags & SP_GENERAL_FASTPATH_OUTPUT);
}

size_t sp_server_update_max(const struct sp_rdp *c)
{
	return has_fastpath(c) ? SP_FP_MAX_DATA : SP_MCS_SEND_MAX - SHARE_DATA_HEADER;
}

/* [MS-RDPBCGR] 2.2.9.1.1.4 messageType of the slow path for each fast-path pointer code. */
static int slow_pointer(struct sp_rdp *c, uint8_t code, struct sp_span body)
{
	static const struct {
		uint8_t code;
		uint16_t type;
		uint32_t system;
		bool is_system;
	} types[] = {
			{SP_FP_PTR_NULL, 0x0001, 0x00000000, true},
			{SP_FP_PTR_DEFAULT, 0x0001, 0x00007F00, true},
			{SP_FP_PTR_POSITION, 0x0003, 0, false},
			{SP_FP_COLOR, 0x0006, 0, false},
			{SP_FP_CACHED, 0x0007, 0, false},
			{SP_FP_POINTER, 0x0008, 0, false},
	};

	for (size_t i = 0; i < SP_LEN(types); i++) {
		if (types[i].code == code) {
			struct data_marks m = data_begin(c, SP_DATA_POINTER);

			sp_wr_le16(&c->wr, types[i].type);
			sp_wr_le16(&c->wr, 0);
			if (types[i].is_system) {
				sp_wr_le32(&c->wr, types[i].system);
			} else {
				sp_wr_span(&c->wr, body);
			}
			return data_end(c, m);
		}
	}
	return sp_rdp_fail(c, SP_EARG, "update.code");
}

int sp_server_update(struct sp_rdp *c, uint8_t code, struct sp_span body)
{
	if (c->state != SP_RDP_ACTIVE) {
		return sp_rdp_fail(c, SP_EARG, "update");
	}
	if (has_fastpath(c)) {
		size_t most = sp_caps_has(&c->caps, SP_CAPS_MULTIFRAGMENT) &&
						c->caps.max_request > SP_FP_MAX_DATA
				? c->caps.max_request
				: SP_FP_MAX_DATA;

		if (!(body.n <= most)) {
			return sp_rdp_fail(c, SP_ESPACE, "update");
		}
		sp_fp_update_write(&c->wr, code, body);
		return sp_rdp_flush(c);
	}
	if (code != SP_FP_BITMAP && code != SP_FP_PALETTE && code != SP_FP_SYNCHRONIZE) {
		return slow_pointer(c, code, body);
	}
	if (!(body.n <= sp_server_update_max(c))) {
		return sp_rdp_fail(c, SP_ESPACE, "update");
	}
	struct data_marks m = data_begin(c, SP_DATA_UPDATE);
	sp_wr_span(&c->wr, body);
	return data_end(c, m);
}

int sp_server_keyboard_indicators(struct sp_rdp *c, uint16_t flags)
{
	if (c->state != SP_RDP_ACTIVE) {
		return sp_rdp_fail(c, SP_EARG, "indicators");
	}
	struct data_marks m = data_begin(c, SP_DATA_SET_KEYBOARD_INDICATORS);
	sp_misc_leds_write(&c->wr, &(struct sp_misc_leds){.leds = flags});
	return data_end(c, m);
}

int sp_server_logon_notify(struct sp_rdp *c)
{
	if (c->state != SP_RDP_ACTIVE) {
		return sp_rdp_fail(c, SP_EARG, "logon");
	}
	struct data_marks m = data_begin(c, SP_DATA_SAVE_SESSION_INFO);
	/* [MS-RDPBCGR] 2.2.10.1.1.3 Plain Notify (TS_PLAIN_NOTIFY) */
	sp_wr_le32(&c->wr, 2);
	sp_wr_zero(&c->wr, 576);
	return data_end(c, m);
}

int sp_server_shutdown_denied(struct sp_rdp *c)
{
	struct data_marks m = data_begin(c, SP_DATA_SHUTDOWN_DENIED);

	return data_end(c, m);
}

int sp_server_end(struct sp_rdp *c, uint32_t error_info)
{
	int rc = SP_OK;

	if (c->state == SP_RDP_CLOSED) {
		return SP_OK;
	}
	if (c->state < SP_RDP_WAIT_OWNER) {
		c->state = SP_RDP_CLOSED;
		return SP_OK;
	}
	if (error_info != 0 && (c->gcc.core.early_capability_flags & SP_GCC_CS_ERRINFO)) {
		struct data_marks m = data_begin(c, SP_DATA_SET_ERROR_INFO);

		sp_misc_u32_write(&c->wr, error_info);
		rc = data_end(c, m);
	}
	if (rc == SP_OK) {
		sp_mcs_disconnect_write(&c->wr, SP_MCS_PROVIDER_INITIATED);
		rc = sp_rdp_flush(c);
	}
	c->state = SP_RDP_CLOSED;
	return rc;
}
