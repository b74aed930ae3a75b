/* core/rdp/client.c - the client's way through the connection sequence. */
#include "core/rdp/client.h"

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/pdu/mcs.h"
#include "core/pdu/sec.h"
#include "core/pdu/tpkt.h"
#include "core/pdu/x224.h"
#include "core/rdp/client_part.h"
#include "core/rdp/license_client.h"
#include "core/rdp/machine.h"

void sp_client_part_destroy(struct sp_client_part *p)
{
	if (p) {
		sp_license_client_finish(&p->license);
		sp_fp_join_finish(&p->join);
		sp_client_bulk_destroy(p->bulk);
	}
	sp_free(p);
}

static int handle(struct sp_rdp *c, struct sp_span pdu, uint64_t now_us);

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
	sp_fp_join_init(&c->cli->join, SP_CLIENT_MAX_REQUEST_RFX);
	sp_license_client_init(&c->cli->license, conf->crypto);
	c->cli->protocols = conf->protocols;
	c->cli->relay = conf->relay;
	c->requested = conf->protocols;
	c->handle = handle;
	c->pull = sp_client_next_update;
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

int sp_client_set_license(struct sp_rdp *c, struct sp_span license)
{
	if (c->server || c->state > SP_RDP_WAIT_LICENSE ||
			c->cli->license.state != SP_LICENSE_CLIENT_WAIT_REQUEST) {
		return SP_EARG;
	}
	return sp_license_client_keep(&c->cli->license, license);
}

bool sp_client_license_shown(const struct sp_rdp *c)
{
	return c->cli->license.shown;
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
		*channel = c->gcc_server.io_channel;
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
	int rc = sp_client_bulk_start(c);

	if (rc != SP_OK) {
		return rc;
	}
	size_t mark = sp_rdp_send_begin(c, c->gcc_server.io_channel);
	sp_sec_write(&c->wr, SP_SEC_INFO);
	sp_info_write(&c->wr, &c->info);
	sp_secret_wipe(&c->info.password);
	c->state = SP_RDP_WAIT_LICENSE;
	return sp_rdp_send_end(c, mark);
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
	c->state = SP_RDP_WAIT_DEMAND_ACTIVE;
	return sp_rdp_emit(c, (struct sp_event){.kind = SP_EV_LICENSED});
}

/*
 * A server that cannot go on says so before the licence: a Set Error Info, which has no security
 * header, where a licence message is awaited.
 */
static bool is_error_info(struct sp_span data)
{
	struct sp_share share;
	struct sp_rd r;

	sp_rd_init(&r, data.p, data.n);
	return sp_share_read(&r, &share) == SP_OK && share.type == SP_SHARE_DATA &&
			share.type2 == SP_DATA_SET_ERROR_INFO;
}

static int on_license(struct sp_rdp *c, struct sp_span data)
{
	struct sp_license_who who = {.user = c->info.user, .machine = c->gcc.core.client_name};
	struct sp_license lic;
	struct sp_wr reply;
	struct sp_rd r;
	uint16_t flags;

	sp_rd_init(&r, data.p, data.n);
	if (sp_sec_read(&r, &flags) != SP_OK) {
		return sp_rdp_note(c, &r);
	}
	if (!(flags & SP_SEC_LICENSE)) {
		return is_error_info(data) ? sp_client_share_data(c, data)
					   : sp_rdp_fail(c, SP_ESTATE, "sec.flags");
	}
	if (sp_license_read(&r, &lic) != SP_OK) {
		return sp_rdp_note(c, &r);
	}
	sp_wr_init(&reply, SP_LICENSE_REPLY_MAX);
	int rc = sp_license_client_step(&c->cli->license, &lic, &who, &reply);
	int sent = sp_wr_ok(&reply);
	if (sent == SP_OK && reply.n > 0) {
		size_t mark = sp_rdp_send_begin(c, c->gcc_server.io_channel);

		sp_sec_write(&c->wr, SP_SEC_LICENSE);
		sp_wr_put(&c->wr, reply.p, reply.n);
		sent = sp_rdp_send_end(c, mark);
	}
	sp_wr_finish(&reply);
	if (rc < 0) {
		return sp_rdp_fail(c, rc, c->cli->license.what);
	}
	if (sent != SP_OK) {
		return sp_rdp_fail(c, sent, "license");
	}
	const struct sp_rcbuf *granted = c->cli->license.granted;
	if (rc > 0 && granted) {
		rc = sp_rdp_emit(c,
				(struct sp_event){.kind = SP_EV_LICENSE,
						.license = sp_span(granted->p, granted->n)});
		return rc == SP_OK ? licensed(c) : rc;
	}
	return rc > 0 ? licensed(c) : SP_OK;
}

static int send_data(struct sp_rdp *c, const struct sp_mcs *m, uint64_t now_us)
{
	bool relay = c->state == SP_RDP_RELAY;
	size_t i = sp_rdp_channel_index(c, m->channel);

	if (m->channel == c->gcc_server.io_channel) {
		if (relay) {
			return sp_rdp_emit_relay(c, SP_RELAY_IO, 0, m->data);
		}
		return c->state == SP_RDP_WAIT_LICENSE ? on_license(c, m->data)
						       : sp_client_share_data(c, m->data);
	}
	if (c->message_id != 0 && m->channel == c->message_id) {
		return relay ? sp_rdp_emit_relay(c, SP_RELAY_MESSAGE, 0, m->data)
			     : sp_client_message(c, m->data, now_us);
	}
	if (i == c->n_channels) {
		return sp_rdp_fail(c, SP_EFIELD, "mcs.channelId");
	}
	int rc = sp_client_bulk_channel(c, m->data);
	return rc == SP_OK ? sp_rdp_emit_channel(c, i, m->data) : rc;
}

static int handle(struct sp_rdp *c, struct sp_span pdu, uint64_t now_us)
{
	struct sp_mcs m;
	struct sp_rd r;

	sp_client_detect(c, true, pdu.n);
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
		return sp_client_fast_output(c, pdu);
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
