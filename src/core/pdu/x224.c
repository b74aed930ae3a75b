/* core/pdu/x224.c - see x224.h. */
#include "core/pdu/x224.h"

#include "core/pdu/tpkt.h"

#define CR_TPDU 0xE0
#define CC_TPDU 0xD0
#define DT_TPDU 0xF0
#define DT_EOT 0x80
#define CONNECT_FIXED 6 /* code, two references, class: what the length indicator always counts */
#define LI_MAX 254 /* 255 is reserved, [X.224] 13.2.1 */
#define SERVER_REF 0x1234

#define TYPE_NEG_REQ 1
#define TYPE_NEG_RSP 2
#define TYPE_NEG_FAILURE 3
#define TYPE_CORRELATION_INFO 6
#define NEG_SIZE 8
#define CORRELATION_SIZE 36

static const char cookie_prefix[] = "Cookie: mstshash=";
#define COOKIE_PREFIX (sizeof(cookie_prefix) - 1)

/* [X.224] 13.3 and 13.4: up to the variable part, which then is all that r holds. */
static int connect_open(struct sp_rd *r, uint8_t want)
{
	if (sp_tpkt_read(r) != SP_OK) {
		return r->err;
	}
	r->what = "x224";
	uint8_t li = sp_rd_u8(r);
	size_t counted = sp_rd_left(r);
	uint8_t code = sp_rd_u8(r);

	sp_rd_skip(r, 2 /* dstRef */ + 2 /* srcRef */);
	uint8_t class = sp_rd_u8(r);

	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	if (!(li <= LI_MAX && li == counted)) {
		return sp_rd_fail(r, SP_EFIELD, "x224.li");
	}
	if (code != want) {
		return sp_rd_fail(r, SP_EFIELD, "x224.code");
	}
	if ((class & 0xF0) != 0) {
		return sp_rd_fail(r, SP_EFIELD, "x224.class");
	}
	return SP_OK;
}

/* Returns the mark for connect_end(). */
static size_t connect_begin(struct sp_wr *w, uint8_t code, uint16_t src_ref)
{
	size_t mark = sp_tpkt_begin(w);

	sp_wr_hole(w, 1 /* length indicator */);
	sp_wr_u8(w, code);
	sp_wr_be16(w, 0 /* dstRef */);
	sp_wr_be16(w, src_ref);
	sp_wr_u8(w, 0 /* class 0, no options */);
	return mark;
}

static void connect_end(struct sp_wr *w, size_t mark)
{
	size_t li = w->n - mark - SP_TPKT_HEADER - 1;

	if (sp_wr_ok(w) == SP_OK && li > LI_MAX) {
		sp_wr_fail(w, SP_EARG);
		return;
	}
	sp_wr_fill_u8(w, mark + SP_TPKT_HEADER, (uint8_t)li);
	sp_tpkt_end(w, mark);
}

/* type, flags and length of a negotiation structure; its flags are returned. */
static uint8_t neg_read(struct sp_rd *r, uint8_t type, uint16_t size)
{
	uint8_t got = sp_rd_u8(r);
	uint8_t flags = sp_rd_u8(r);
	uint16_t length = sp_rd_le16(r);

	if (sp_rd_ok(r) != SP_OK) {
		return 0;
	}
	if (got != type) {
		sp_rd_fail(r, SP_EFIELD, "x224.neg.type");
	} else if (length != size) {
		sp_rd_fail(r, SP_EFIELD, "x224.neg.length");
	}
	return flags;
}

static void neg_write(struct sp_wr *w, uint8_t type, uint8_t flags, uint16_t size)
{
	sp_wr_u8(w, type);
	sp_wr_u8(w, flags);
	sp_wr_le16(w, size);
}

/* The bytes up to the first CR LF, which is skipped; marks r where there is none. */
static struct sp_span line_read(struct sp_rd *r)
{
	size_t left = sp_rd_left(r);

	for (size_t i = 0; i + 1 < left; i++) {
		if (r->p[i] == '\r' && r->p[i + 1] == '\n') {
			struct sp_span line = sp_rd_span(r, i);

			sp_rd_skip(r, 2);
			return line;
		}
	}
	sp_rd_fail(r, SP_EFIELD, "x224.cookie");
	return (struct sp_span){NULL, 0};
}

static bool holds_line_end(struct sp_span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\r' || s.p[i] == '\n') {
			return true;
		}
	}
	return false;
}

/* [MS-RDPBCGR] 2.2.1.1.2 RDP Correlation Info (RDP_NEG_CORRELATION_INFO) */
static void correlation_read(struct sp_rd *r, struct sp_x224_request *out)
{
	neg_read(r, TYPE_CORRELATION_INFO, CORRELATION_SIZE);
	sp_rd_copy(r, out->correlation_id, sizeof(out->correlation_id));
	sp_rd_skip(r, 16 /* reserved */);
	out->has_correlation = true;
}

int sp_x224_request_read(struct sp_rd *r, struct sp_x224_request *out)
{
	*out = (struct sp_x224_request){0};
	if (connect_open(r, CR_TPDU) != SP_OK) {
		return r->err;
	}
	if (sp_rd_left(r) > 0 && r->p[0] != TYPE_NEG_REQ) {
		struct sp_span line = line_read(r);

		if (line.n >= COOKIE_PREFIX && memcmp(line.p, cookie_prefix, COOKIE_PREFIX) == 0) {
			out->cookie = sp_span(line.p + COOKIE_PREFIX, line.n - COOKIE_PREFIX);
		} else {
			out->token = line;
		}
	}
	if (sp_rd_left(r) > 0) {
		out->has_neg = true;
		out->flags = neg_read(r, TYPE_NEG_REQ, NEG_SIZE);
		out->protocols = sp_rd_le32(r);
	}
	if (out->flags & SP_X224_REQ_CORRELATION) {
		correlation_read(r, out);
	}
	return sp_rd_end(r);
}

void sp_x224_request_write(struct sp_wr *w, const struct sp_x224_request *in)
{
	if ((in->cookie.n > 0 && in->token.n > 0) || holds_line_end(in->cookie) ||
			holds_line_end(in->token) || (in->has_correlation && !in->has_neg)) {
		sp_wr_fail(w, SP_EARG);
		return;
	}
	size_t mark = connect_begin(w, CR_TPDU, 0);

	if (in->cookie.n > 0) {
		sp_wr_put(w, cookie_prefix, COOKIE_PREFIX);
		sp_wr_span(w, in->cookie);
		sp_wr_put(w, "\r\n", 2);
	} else if (in->token.n > 0) {
		sp_wr_span(w, in->token);
		sp_wr_put(w, "\r\n", 2);
	}
	if (in->has_neg) {
		uint8_t flags = in->flags & (uint8_t)~SP_X224_REQ_CORRELATION;

		if (in->has_correlation) {
			flags |= SP_X224_REQ_CORRELATION;
		}
		neg_write(w, TYPE_NEG_REQ, flags, NEG_SIZE);
		sp_wr_le32(w, in->protocols);
	}
	if (in->has_correlation) {
		neg_write(w, TYPE_CORRELATION_INFO, 0, CORRELATION_SIZE);
		sp_wr_put(w, in->correlation_id, sizeof(in->correlation_id));
		sp_wr_zero(w, 16 /* reserved */);
	}
	connect_end(w, mark);
}

/* selectedProtocol is no set: PROTOCOL_RDP, or one bit that has a meaning. */
static bool is_one_protocol(uint32_t p)
{
	return p <= SP_PROTO_RDSAAD && (p & (p - 1)) == 0;
}

int sp_x224_confirm_read(struct sp_rd *r, struct sp_x224_confirm *out)
{
	*out = (struct sp_x224_confirm){.kind = SP_X224_CONFIRM_PLAIN};
	if (connect_open(r, CC_TPDU) != SP_OK || sp_rd_left(r) == 0) {
		return r->err;
	}
	if (r->p[0] == TYPE_NEG_FAILURE) {
		out->kind = SP_X224_CONFIRM_FAILURE;
		neg_read(r, TYPE_NEG_FAILURE, NEG_SIZE);
		out->failure = sp_rd_le32(r);
		return sp_rd_end(r);
	}
	out->kind = SP_X224_CONFIRM_RESPONSE;
	out->flags = neg_read(r, TYPE_NEG_RSP, NEG_SIZE);
	out->selected = sp_rd_le32(r);
	if (sp_rd_ok(r) == SP_OK && !is_one_protocol(out->selected)) {
		return sp_rd_fail(r, SP_EFIELD, "x224.neg.selectedProtocol");
	}
	return sp_rd_end(r);
}

void sp_x224_confirm_write(struct sp_wr *w, const struct sp_x224_confirm *in)
{
	size_t mark = connect_begin(w, CC_TPDU, SERVER_REF);

	switch (in->kind) {
	case SP_X224_CONFIRM_PLAIN:
		break;
	case SP_X224_CONFIRM_RESPONSE:
		neg_write(w, TYPE_NEG_RSP, in->flags, NEG_SIZE);
		sp_wr_le32(w, in->selected);
		break;
	case SP_X224_CONFIRM_FAILURE:
		neg_write(w, TYPE_NEG_FAILURE, 0, NEG_SIZE);
		sp_wr_le32(w, in->failure);
		break;
	}
	connect_end(w, mark);
}

const char *sp_x224_failure_text(uint32_t code)
{
	static const char *const text[] = {
			[SP_X224_SSL_REQUIRED] = "the server requires TLS or CredSSP",
			[SP_X224_SSL_NOT_ALLOWED] = "the server allows standard security only",
			[SP_X224_SSL_CERT_NOT_ON_SERVER] = "the server has no certificate",
			[SP_X224_INCONSISTENT_FLAGS] = "the protocols do not fit the connection",
			[SP_X224_HYBRID_REQUIRED] = "the server requires CredSSP",
			[SP_X224_SSL_WITH_USER_AUTH_REQUIRED] =
					"the server requires a client certificate",
	};

	return code < SP_LEN(text) && text[code] ? text[code] : "unknown failure code";
}

const char *sp_x224_protocol_name(uint32_t protocol)
{
	switch (protocol) {
	case SP_PROTO_RDP:
		return "rdp";
	case SP_PROTO_SSL:
		return "tls";
	case SP_PROTO_HYBRID:
		return "hybrid";
	case SP_PROTO_RDSTLS:
		return "rdstls";
	case SP_PROTO_HYBRID_EX:
		return "hybrid-ex";
	case SP_PROTO_RDSAAD:
		return "rdsaad";
	default:
		return "unknown";
	}
}

/* [X.224] 13.7 */
int sp_x224_data_read(struct sp_rd *r)
{
	if (sp_tpkt_read(r) != SP_OK) {
		return r->err;
	}
	r->what = "x224";
	uint8_t li = sp_rd_u8(r);
	uint8_t code = sp_rd_u8(r);
	uint8_t eot = sp_rd_u8(r);

	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	if (li != 2) {
		return sp_rd_fail(r, SP_EFIELD, "x224.li");
	}
	if (code != DT_TPDU) {
		return sp_rd_fail(r, SP_EFIELD, "x224.code");
	}
	if (eot != DT_EOT) {
		return sp_rd_fail(r, SP_EFIELD, "x224.eot");
	}
	return SP_OK;
}

size_t sp_x224_data_begin(struct sp_wr *w)
{
	size_t mark = sp_tpkt_begin(w);

	sp_wr_u8(w, 2 /* length indicator */);
	sp_wr_u8(w, DT_TPDU);
	sp_wr_u8(w, DT_EOT);
	return mark;
}

void sp_x224_data_end(struct sp_wr *w, size_t mark)
{
	sp_tpkt_end(w, mark);
}
