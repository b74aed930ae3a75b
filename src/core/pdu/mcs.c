/* core/pdu/mcs.c - see mcs.h. */
#include "core/pdu/mcs.h"

#include "core/pdu/ber.h"
#include "core/pdu/tpkt.h"
#include "core/pdu/x224.h"

#define SEGMENTATION 0x30 /* begin and end: RDP never splits a PDU */
#define PRIORITY_HIGH 0x40
#define SEND_LENGTH_MAX 0x7FFF /* what the two-byte length can say */
#define PDU_SIZE_MAX 65528 /* maxMCSPDUsize: with its headers it still fits in a TPKT */

/* [T.125] 7 part 2 DomainParameters */
static void domain_read(struct sp_rd *r, struct sp_mcs_domain *out)
{
	struct sp_rd s = sp_ber_read(r, SP_BER_SEQUENCE, "mcs.domainParameters");

	out->max_channel_ids = sp_ber_read_uint(&s, SP_BER_INTEGER, "mcs.maxChannelIds");
	out->max_user_ids = sp_ber_read_uint(&s, SP_BER_INTEGER, "mcs.maxUserIds");
	out->max_token_ids = sp_ber_read_uint(&s, SP_BER_INTEGER, "mcs.maxTokenIds");
	out->num_priorities = sp_ber_read_uint(&s, SP_BER_INTEGER, "mcs.numPriorities");
	out->min_throughput = sp_ber_read_uint(&s, SP_BER_INTEGER, "mcs.minThroughput");
	out->max_height = sp_ber_read_uint(&s, SP_BER_INTEGER, "mcs.maxHeight");
	out->max_pdu_size = sp_ber_read_uint(&s, SP_BER_INTEGER, "mcs.maxMCSPDUsize");
	out->protocol_version = sp_ber_read_uint(&s, SP_BER_INTEGER, "mcs.protocolVersion");
	if (sp_rd_end(&s) != SP_OK) {
		*out = (struct sp_mcs_domain){0};
	}
}

static size_t domain_content(const struct sp_mcs_domain *d)
{
	return sp_ber_uint_size(d->max_channel_ids) + sp_ber_uint_size(d->max_user_ids) +
			sp_ber_uint_size(d->max_token_ids) + sp_ber_uint_size(d->num_priorities) +
			sp_ber_uint_size(d->min_throughput) + sp_ber_uint_size(d->max_height) +
			sp_ber_uint_size(d->max_pdu_size) + sp_ber_uint_size(d->protocol_version);
}

static size_t domain_size(const struct sp_mcs_domain *d)
{
	size_t n = domain_content(d);

	return sp_ber_size(SP_BER_SEQUENCE, n) + n;
}

static void domain_write(struct sp_wr *w, const struct sp_mcs_domain *d)
{
	sp_ber_write(w, SP_BER_SEQUENCE, domain_content(d));
	sp_ber_write_uint(w, SP_BER_INTEGER, d->max_channel_ids);
	sp_ber_write_uint(w, SP_BER_INTEGER, d->max_user_ids);
	sp_ber_write_uint(w, SP_BER_INTEGER, d->max_token_ids);
	sp_ber_write_uint(w, SP_BER_INTEGER, d->num_priorities);
	sp_ber_write_uint(w, SP_BER_INTEGER, d->min_throughput);
	sp_ber_write_uint(w, SP_BER_INTEGER, d->max_height);
	sp_ber_write_uint(w, SP_BER_INTEGER, d->max_pdu_size);
	sp_ber_write_uint(w, SP_BER_INTEGER, d->protocol_version);
}

int sp_mcs_initial_read(struct sp_rd *r, struct sp_mcs_initial *out)
{
	*out = (struct sp_mcs_initial){0};
	if (sp_x224_data_read(r) != SP_OK) {
		return r->err;
	}
	struct sp_rd c = sp_ber_read(r, SP_BER_MCS_INITIAL, "mcs.connectInitial");

	sp_ber_read(&c, SP_BER_OCTET_STRING, "mcs.callingDomainSelector");
	sp_ber_read(&c, SP_BER_OCTET_STRING, "mcs.calledDomainSelector");
	out->upward = sp_ber_read_bool(&c, "mcs.upwardFlag");
	domain_read(&c, &out->target);
	domain_read(&c, &out->minimum);
	domain_read(&c, &out->maximum);

	struct sp_rd data = sp_ber_read(&c, SP_BER_OCTET_STRING, "mcs.userData");

	out->data = sp_rd_rest(&data);
	if (sp_rd_end(&c) != SP_OK) {
		return c.err;
	}
	if (!(out->data.n <= SP_MCS_CONNECT_DATA_MAX)) {
		return sp_rd_fail(r, SP_ELIMIT, "mcs.userData");
	}
	return sp_rd_end(r);
}

void sp_mcs_initial_write(struct sp_wr *w, const struct sp_mcs_initial *in)
{
	size_t n = 3 /* callingDomainSelector */ + 3 /* calledDomainSelector */ +
			3 /* upwardFlag */ + domain_size(&in->target) + domain_size(&in->minimum) +
			domain_size(&in->maximum) + sp_ber_size(SP_BER_OCTET_STRING, in->data.n) +
			in->data.n;
	size_t mark = sp_x224_data_begin(w);

	sp_ber_write(w, SP_BER_MCS_INITIAL, n);
	for (int selector = 0; selector < 2; selector++) {
		sp_ber_write(w, SP_BER_OCTET_STRING, 1);
		sp_wr_u8(w, 1);
	}
	sp_ber_write_bool(w, in->upward);
	domain_write(w, &in->target);
	domain_write(w, &in->minimum);
	domain_write(w, &in->maximum);
	sp_ber_write(w, SP_BER_OCTET_STRING, in->data.n);
	sp_wr_span(w, in->data);
	sp_x224_data_end(w, mark);
}

void sp_mcs_initial_defaults(struct sp_mcs_initial *out)
{
	*out = (struct sp_mcs_initial){
			.upward = true,
			.target = {34, 2, 0, 1, 0, 1, 65535, 2},
			.minimum = {1, 1, 1, 1, 0, 1, 1056, 2},
			.maximum = {65535, 64535, 65535, 1, 0, 1, 65535, 2},
	};
}

/* A number of ids: what was asked for, or the least RDP gets along with if that is allowed. */
static bool ids_choose(uint32_t target, uint32_t least, uint32_t maximum, uint32_t *out)
{
	*out = target < least ? least : target;
	return target >= least || maximum >= least;
}

/* [T.125] 10.1; RDP needs one priority, a flat domain and version 2 */
int sp_mcs_domain_choose(const struct sp_mcs_initial *in, struct sp_mcs_domain *out)
{
	const struct sp_mcs_domain *t = &in->target, *lo = &in->minimum, *hi = &in->maximum;
	uint32_t size = t->max_pdu_size < 1056 ? hi->max_pdu_size : t->max_pdu_size;

	*out = (struct sp_mcs_domain){
			.max_token_ids = t->max_token_ids,
			.num_priorities = 1,
			.min_throughput = t->min_throughput,
			.max_height = 1,
			.max_pdu_size = size < PDU_SIZE_MAX ? size : PDU_SIZE_MAX,
			.protocol_version = 2,
	};
	if (!ids_choose(t->max_channel_ids, 4, hi->max_channel_ids, &out->max_channel_ids) ||
			!ids_choose(t->max_user_ids, 3, hi->max_user_ids, &out->max_user_ids)) {
		return SP_EFIELD;
	}
	if (!(lo->num_priorities <= 1 && lo->max_height <= 1 && lo->protocol_version <= 2 &&
			    hi->protocol_version >= 2 && out->max_pdu_size >= 124 &&
			    lo->max_pdu_size <= out->max_pdu_size)) {
		return SP_EFIELD;
	}
	return SP_OK;
}

int sp_mcs_response_read(struct sp_rd *r, struct sp_mcs_response *out)
{
	*out = (struct sp_mcs_response){0};
	if (sp_x224_data_read(r) != SP_OK) {
		return r->err;
	}
	struct sp_rd c = sp_ber_read(r, SP_BER_MCS_RESPONSE, "mcs.connectResponse");
	uint32_t result = sp_ber_read_uint(&c, SP_BER_ENUMERATED, "mcs.result");

	out->connect_id = sp_ber_read_uint(&c, SP_BER_INTEGER, "mcs.calledConnectId");
	domain_read(&c, &out->domain);

	struct sp_rd data = sp_ber_read(&c, SP_BER_OCTET_STRING, "mcs.userData");

	out->data = sp_rd_rest(&data);
	if (sp_rd_end(&c) != SP_OK) {
		return c.err;
	}
	if (!(result <= 15)) {
		return sp_rd_fail(r, SP_EFIELD, "mcs.result");
	}
	out->result = (uint8_t)result;
	return sp_rd_end(r);
}

void sp_mcs_response_write(struct sp_wr *w, const struct sp_mcs_response *in)
{
	size_t n = sp_ber_uint_size(in->result) + sp_ber_uint_size(in->connect_id) +
			domain_size(&in->domain) + sp_ber_size(SP_BER_OCTET_STRING, in->data.n) +
			in->data.n;
	size_t mark = sp_x224_data_begin(w);

	sp_ber_write(w, SP_BER_MCS_RESPONSE, n);
	sp_ber_write_uint(w, SP_BER_ENUMERATED, in->result);
	sp_ber_write_uint(w, SP_BER_INTEGER, in->connect_id);
	domain_write(w, &in->domain);
	sp_ber_write(w, SP_BER_OCTET_STRING, in->data.n);
	sp_wr_span(w, in->data);
	sp_x224_data_end(w, mark);
}

/*
 * The first byte of a domain PDU: six bits of choice, then in a confirm one bit "there is an
 * optional last field" and the first of the four bits of the result.
 */
#define HAS_OPTIONAL 2

static uint8_t choice(enum sp_mcs_type type, bool optional, uint8_t result)
{
	return (uint8_t)(type << 2 | (optional ? HAS_OPTIONAL : 0) | (result >> 3 & 1));
}

static uint8_t result_read(struct sp_rd *r, uint8_t first)
{
	uint8_t second = sp_rd_u8(r);

	if (second & 0x1F) {
		sp_rd_fail(r, SP_EFIELD, "mcs.result");
	}
	return (uint8_t)((first & 1) << 3 | second >> 5);
}

/* [T.125] 11.18 AttachUserConfirm */
static void attach_confirm_read(struct sp_rd *r, uint8_t first, struct sp_mcs *out)
{
	out->result = result_read(r, first);
	if (first & HAS_OPTIONAL) {
		out->user = sp_per_read_user(r, "mcs.initiator");
	} else if (out->result == SP_MCS_RESULT_SUCCESSFUL) {
		sp_rd_fail(r, SP_EFIELD, "mcs.initiator");
	}
}

/* [T.125] 11.22 ChannelJoinConfirm */
static void join_confirm_read(struct sp_rd *r, uint8_t first, struct sp_mcs *out)
{
	out->result = result_read(r, first);
	out->user = sp_per_read_user(r, "mcs.initiator");
	out->channel = sp_rd_be16(r);
	if (first & HAS_OPTIONAL) {
		out->joined = sp_rd_be16(r);
	} else if (out->result == SP_MCS_RESULT_SUCCESSFUL) {
		sp_rd_fail(r, SP_EFIELD, "mcs.channelId");
	}
}

/* [T.125] 11.32 SendDataRequest, 11.33 SendDataIndication */
static void send_read(struct sp_rd *r, struct sp_mcs *out)
{
	out->user = sp_per_read_user(r, "mcs.initiator");
	out->channel = sp_rd_be16(r);
	uint8_t flags = sp_rd_u8(r);

	if (sp_rd_ok(r) == SP_OK && (flags & SEGMENTATION) != SEGMENTATION) {
		sp_rd_fail(r, SP_EFIELD, "mcs.segmentation");
	}
	size_t n = sp_per_read_length(r, "mcs.userData");

	if (sp_rd_ok(r) == SP_OK && n != sp_rd_left(r)) {
		sp_rd_fail(r, SP_EFIELD, "mcs.userData");
	}
	out->data = sp_rd_span(r, n);
}

int sp_mcs_read(struct sp_rd *r, struct sp_mcs *out)
{
	*out = (struct sp_mcs){0};
	if (sp_x224_data_read(r) != SP_OK) {
		return r->err;
	}
	r->what = "mcs";
	uint8_t first = sp_rd_u8(r);

	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	out->type = (enum sp_mcs_type)(first >> 2);
	switch (out->type) {
	case SP_MCS_SEND_DATA_REQUEST:
	case SP_MCS_SEND_DATA_INDICATION:
		send_read(r, out);
		break;
	case SP_MCS_ERECT_DOMAIN_REQUEST:
		/* Nobody uses the two numbers, and rdesktop does not encode them in PER. */
		r->what = "mcs.subHeight";
		sp_rd_skip(r, 4);
		break;
	case SP_MCS_DISCONNECT_ULTIMATUM:
		out->reason = (uint8_t)((first & 3) << 1 | sp_rd_u8(r) >> 7);
		break;
	case SP_MCS_ATTACH_USER_REQUEST:
		break;
	case SP_MCS_ATTACH_USER_CONFIRM:
		attach_confirm_read(r, first, out);
		break;
	case SP_MCS_CHANNEL_JOIN_REQUEST:
		out->user = sp_per_read_user(r, "mcs.initiator");
		out->channel = sp_rd_be16(r);
		break;
	case SP_MCS_CHANNEL_JOIN_CONFIRM:
		join_confirm_read(r, first, out);
		break;
	default:
		return sp_rd_fail(r, SP_EPROTO, "mcs.type");
	}
	return sp_rd_end(r);
}

void sp_mcs_erect_domain_write(struct sp_wr *w)
{
	size_t mark = sp_x224_data_begin(w);

	sp_wr_u8(w, choice(SP_MCS_ERECT_DOMAIN_REQUEST, false, 0));
	sp_per_write_uint(w, 0 /* subHeight */);
	sp_per_write_uint(w, 0 /* subInterval */);
	sp_x224_data_end(w, mark);
}

void sp_mcs_attach_request_write(struct sp_wr *w)
{
	size_t mark = sp_x224_data_begin(w);

	sp_wr_u8(w, choice(SP_MCS_ATTACH_USER_REQUEST, false, 0));
	sp_x224_data_end(w, mark);
}

void sp_mcs_attach_confirm_write(struct sp_wr *w, uint8_t result, uint16_t user)
{
	bool ok = result == SP_MCS_RESULT_SUCCESSFUL;
	size_t mark = sp_x224_data_begin(w);

	sp_wr_u8(w, choice(SP_MCS_ATTACH_USER_CONFIRM, ok, result));
	sp_wr_u8(w, (uint8_t)(result << 5));
	if (ok) {
		sp_per_write_user(w, user);
	}
	sp_x224_data_end(w, mark);
}

void sp_mcs_join_request_write(struct sp_wr *w, uint16_t user, uint16_t channel)
{
	size_t mark = sp_x224_data_begin(w);

	sp_wr_u8(w, choice(SP_MCS_CHANNEL_JOIN_REQUEST, false, 0));
	sp_per_write_user(w, user);
	sp_wr_be16(w, channel);
	sp_x224_data_end(w, mark);
}

void sp_mcs_join_confirm_write(struct sp_wr *w, uint8_t result, uint16_t user, uint16_t channel)
{
	bool ok = result == SP_MCS_RESULT_SUCCESSFUL;
	size_t mark = sp_x224_data_begin(w);

	sp_wr_u8(w, choice(SP_MCS_CHANNEL_JOIN_CONFIRM, ok, result));
	sp_wr_u8(w, (uint8_t)(result << 5));
	sp_per_write_user(w, user);
	sp_wr_be16(w, channel);
	if (ok) {
		sp_wr_be16(w, channel);
	}
	sp_x224_data_end(w, mark);
}

void sp_mcs_disconnect_write(struct sp_wr *w, enum sp_mcs_reason reason)
{
	size_t mark = sp_x224_data_begin(w);

	sp_wr_u8(w, (uint8_t)(SP_MCS_DISCONNECT_ULTIMATUM << 2 | (reason >> 1 & 3)));
	sp_wr_u8(w, (uint8_t)((reason & 1) << 7));
	sp_x224_data_end(w, mark);
}

size_t sp_mcs_send_begin(struct sp_wr *w, enum sp_mcs_type type, uint16_t user, uint16_t channel)
{
	size_t mark = sp_x224_data_begin(w);

	sp_wr_u8(w, choice(type, false, 0));
	sp_per_write_user(w, user);
	sp_wr_be16(w, channel);
	sp_wr_u8(w, PRIORITY_HIGH | SEGMENTATION);
	sp_wr_hole(w, 2 /* length, always in the long form */);
	return mark;
}

void sp_mcs_send_end(struct sp_wr *w, size_t mark)
{
	size_t n = w->n - mark - SP_MCS_SEND_HEADER;

	if (sp_wr_ok(w) != SP_OK) {
		return;
	}
	if (!(n <= SEND_LENGTH_MAX)) {
		sp_wr_fail(w, SP_ESPACE);
		return;
	}
	sp_wr_fill_be16(w, mark + SP_MCS_SEND_HEADER - 2, 0x8000 | n);
	sp_x224_data_end(w, mark);
}

void sp_mcs_send_write(struct sp_wr *w, enum sp_mcs_type type, uint16_t user, uint16_t channel,
		struct sp_span data)
{
	size_t mark = sp_mcs_send_begin(w, type, user, channel);

	sp_wr_span(w, data);
	sp_mcs_send_end(w, mark);
}
