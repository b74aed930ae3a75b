/* core/rdp/server.c - the server's way through the connection sequence. */
#include "core/rdp/server.h"

#include "core/base/mem.h"
#include "core/pdu/mcs.h"
#include "core/pdu/sec.h"
#include "core/pdu/tpkt.h"
#include "core/pdu/x224.h"
#include "core/rdp/machine.h"
#include "core/rdp/server_part.h"

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

int sp_server_after_login(struct sp_rdp *c)
{
	uint64_t end = c->srv->verdict_us;

	c->state = SP_RDP_WAIT_CONNECT_INITIAL;
	/* A login that took its time leaves enough for what follows. */
	c->deadline_us = end ? end + c->srv->conf.active_deadline_us : 0;
	return SP_OK;
}

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
		c->srv->joined_user = c->srv->joined_io = c->srv->joined_message = true;
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
	} else if (c->message_id != 0 && m->channel == c->message_id) {
		c->srv->joined_message = true;
	} else {
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
	int rc = sp_info_read(&r, &c->info);
	/* With NLA the login is over, and nobody needs what may be the password once more. */
	if (c->selected & (SP_PROTO_HYBRID | SP_PROTO_HYBRID_EX)) {
		sp_secret_wipe(&c->info.password);
	}
	if (c->in_done) {
		sp_wipe(c->in.p, c->in.n);
	}
	if (rc != SP_OK) {
		return sp_rdp_note(c, &r);
	}
	c->state = SP_RDP_WAIT_OWNER;
	c->deadline_us = c->srv->conf.active_deadline_us ? now_us + c->srv->conf.active_deadline_us
							 : 0;
	rc = sp_server_detect_begin(c, now_us);
	return rc == SP_OK ? sp_rdp_emit(c, (struct sp_event){.kind = SP_EV_LOGON}) : rc;
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

/*
 * After an own desktop: what the client sent before it saw our Deactivate All is for nobody. The
 * target's share begins with its answer to the Demand Active.
 */
static int until_confirm(struct sp_rdp *c, const struct sp_mcs *m)
{
	struct sp_share s;
	struct sp_rd r;

	sp_rd_init(&r, m->data.p, m->data.n);
	if (m->channel != SP_MCS_IO_CHANNEL) {
		return SP_OK;
	}
	if (sp_share_read(&r, &s) != SP_OK || s.type != SP_SHARE_CONFIRM_ACTIVE) {
		sp_server_track_io(c, m->data);
		return SP_OK;
	}
	c->state = SP_RDP_RELAY;
	return sp_rdp_emit_relay(c, SP_RELAY_IO, 0, m->data);
}

static int send_data(struct sp_rdp *c, const struct sp_mcs *m, uint64_t now_us)
{
	bool relay = c->state == SP_RDP_RELAY;
	size_t i = sp_rdp_channel_index(c, m->channel);

	if (c->message_id != 0 && m->channel == c->message_id) {
		return sp_server_message(c, m->data, now_us);
	}
	if (c->state == SP_RDP_RELAY_WAIT_CONFIRM) {
		return until_confirm(c, m);
	}
	if (m->channel == SP_MCS_IO_CHANNEL) {
		return relay ? sp_rdp_emit_relay(c, SP_RELAY_IO, 0, m->data)
			     : sp_server_io_data(c, m->data);
	}
	if (i == c->n_channels || !(c->srv->joined >> i & 1)) {
		return sp_rdp_fail(c, SP_EFIELD, "mcs.channelId");
	}
	return sp_rdp_emit_channel(c, i, m->data);
}

static int after_logon(struct sp_rdp *c, const struct sp_mcs *m, uint64_t now_us)
{
	switch (m->type) {
	case SP_MCS_SEND_DATA_REQUEST:
		return send_data(c, m, now_us);
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
			return sp_server_fast_input(c, pdu);
		case SP_RDP_WAIT_CONFIRM_ACTIVE:
			/* Sent before the client saw our Deactivate All. */
			return c->srv->activations > 1 ? SP_OK
						       : sp_rdp_fail(c, SP_ESTATE, "fastpath");
		case SP_RDP_RELAY_WAIT_CONFIRM:
			sp_server_track_fast(c, pdu);
			return SP_OK;
		case SP_RDP_RELAY:
			return sp_rdp_emit_relay(c, SP_RELAY_FASTPATH, 0, pdu);
		default:
			return sp_rdp_fail(c, SP_ESTATE, "fastpath");
		}
	}
	if (sp_mcs_read(&r, &m) != SP_OK) {
		return sp_rdp_note(c, &r);
	}
	if (m.type == SP_MCS_DISCONNECT_ULTIMATUM) {
		return after_logon(c, &m, now_us);
	}
	switch (c->state) {
	case SP_RDP_WAIT_ERECT_DOMAIN:
		return wait_erect_domain(c, &m);
	case SP_RDP_WAIT_ATTACH_REQUEST:
		return wait_attach_request(c, &m);
	case SP_RDP_WAIT_JOINS:
		return wait_joins(c, &m, now_us);
	default:
		return after_logon(c, &m, now_us);
	}
}
