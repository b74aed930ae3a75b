/* core/pdu/logon.c - see logon.h. */
#include "core/pdu/logon.h"

#include <string.h>

#include "core/base/utf16.h"

#define V1_DOMAIN 52
#define V1_USER 512
#define MAX_BYTES 512
#define V2_SIZE 18 /* without Pad, as Windows has it */
#define V2_PAD 558
#define PLAIN_PAD 576
#define EXTENDED_PAD 570
#define EX_COOKIE 0x00000001
#define EX_ERRORS 0x00000002
#define COOKIE_SIZE 28
#define COOKIE_VERSION 1
#define ERRORS_SIZE 8

/* A field of fixed size in which n bytes, with a NUL, are the text. */
static void fixed_read(struct sp_rd *r, size_t n, size_t size, char *out, size_t cap)
{
	if (!(n <= size)) {
		sp_rd_fail(r, SP_EFIELD, "logon.cbDomain");
	}
	struct sp_span s = sp_rd_span(r, size);
	s.n = s.n < n ? s.n : n;
	sp_utf16_to_utf8(s, out, cap);
}

/* [MS-RDPBCGR] 2.2.10.1.1.1 Logon Info Version 1 (TS_LOGON_INFO) */
static void v1_read(struct sp_rd *r, struct sp_logon *out)
{
	size_t n = sp_rd_le32(r);
	fixed_read(r, n, V1_DOMAIN, out->domain, sizeof(out->domain));
	n = sp_rd_le32(r);
	fixed_read(r, n, V1_USER, out->user, sizeof(out->user));
	out->session_id = sp_rd_left(r) >= 4 ? sp_rd_le32(r) : 0;
}

static void fixed_write(struct sp_wr *w, const char *s, size_t size)
{
	size_t n = sp_utf16_units(s) * 2;

	if (!(n + 2 <= size)) {
		sp_wr_fail(w, SP_EARG);
		return;
	}
	sp_wr_le32(w, (uint32_t)(n + 2));
	sp_utf16_write(w, s);
	sp_wr_zero(w, size - n);
}

static void v1_write(struct sp_wr *w, const struct sp_logon *in)
{
	fixed_write(w, in->domain, V1_DOMAIN);
	fixed_write(w, in->user, V1_USER);
	sp_wr_le32(w, in->session_id);
}

/* [MS-RDPBCGR] 2.2.10.1.1.2 Logon Info Version 2 (TS_LOGON_INFO_VERSION_2) */
static void v2_read(struct sp_rd *r, struct sp_logon *out)
{
	sp_rd_skip(r, 2 /* Version */ + 4 /* Size */);
	out->session_id = sp_rd_le32(r);
	uint32_t domain = sp_rd_le32(r), user = sp_rd_le32(r);
	sp_rd_skip(r, V2_PAD);
	if (!(domain <= MAX_BYTES && user <= MAX_BYTES)) {
		sp_rd_fail(r, SP_ELIMIT, "logon.cbDomain");
		return;
	}
	sp_utf16_to_utf8(sp_rd_span(r, domain), out->domain, sizeof(out->domain));
	sp_utf16_to_utf8(sp_rd_span(r, user), out->user, sizeof(out->user));
}

static void v2_write(struct sp_wr *w, const struct sp_logon *in)
{
	size_t domain = sp_utf16_units(in->domain) * 2 + 2;
	size_t user = sp_utf16_units(in->user) * 2 + 2;

	if (!(domain <= MAX_BYTES && user <= MAX_BYTES)) {
		sp_wr_fail(w, SP_EARG);
		return;
	}
	sp_wr_le16(w, 1); /* Version */
	sp_wr_le32(w, V2_SIZE);
	sp_wr_le32(w, in->session_id);
	sp_wr_le32(w, (uint32_t)domain);
	sp_wr_le32(w, (uint32_t)user);
	sp_wr_zero(w, V2_PAD);
	sp_utf16_write(w, in->domain);
	sp_wr_le16(w, 0);
	sp_utf16_write(w, in->user);
	sp_wr_le16(w, 0);
}

/* [MS-RDPBCGR] 2.2.4.2 Server Auto-Reconnect Packet (ARC_SC_PRIVATE_PACKET) */
static void cookie_read(struct sp_rd *r, struct sp_logon *out)
{
	uint32_t n = sp_rd_le32(r); /* cbFieldData */
	struct sp_rd sub = sp_rd_sub(r, n);
	uint32_t size = sp_rd_le32(&sub), version = sp_rd_le32(&sub);

	out->cookie_logon_id = sp_rd_le32(&sub);
	sp_rd_copy(&sub, out->cookie, sizeof(out->cookie));
	if (sp_rd_ok(&sub) == SP_OK && (size != COOKIE_SIZE || version != COOKIE_VERSION)) {
		sp_rd_fail(&sub, SP_EFIELD, "logon.autoReconnectCookie");
	}
	out->has_cookie = sp_rd_ok(&sub) == SP_OK;
}

/* [MS-RDPBCGR] 2.2.10.1.1.4 Logon Info Extended (TS_LOGON_INFO_EXTENDED) */
static void extended_read(struct sp_rd *r, struct sp_logon *out)
{
	sp_rd_skip(r, 2); /* Length, which some servers count with Pad and some without */
	uint32_t fields = sp_rd_le32(r);

	if (fields & EX_COOKIE) {
		cookie_read(r, out);
	}
	if (fields & EX_ERRORS) {
		uint32_t n = sp_rd_le32(r); /* cbFieldData */
		struct sp_rd sub = sp_rd_sub(r, n);

		out->error_type = sp_rd_le32(&sub);
		out->error_data = sp_rd_le32(&sub);
		out->has_error = sp_rd_ok(&sub) == SP_OK;
	}
}

static void extended_write(struct sp_wr *w, const struct sp_logon *in)
{
	size_t at = sp_wr_hole(w, 2);

	sp_wr_le32(w, (in->has_cookie ? EX_COOKIE : 0) | (in->has_error ? EX_ERRORS : 0));
	if (in->has_cookie) {
		sp_wr_le32(w, COOKIE_SIZE); /* cbFieldData */
		sp_wr_le32(w, COOKIE_SIZE);
		sp_wr_le32(w, COOKIE_VERSION);
		sp_wr_le32(w, in->cookie_logon_id);
		sp_wr_put(w, in->cookie, sizeof(in->cookie));
	}
	if (in->has_error) {
		sp_wr_le32(w, ERRORS_SIZE);
		sp_wr_le32(w, in->error_type);
		sp_wr_le32(w, in->error_data);
	}
	sp_wr_fill_le16(w, at, w->n - at);
	sp_wr_zero(w, EXTENDED_PAD);
}

int sp_logon_read(struct sp_rd *r, struct sp_logon *out)
{
	memset(out, 0, sizeof(*out));
	out->type = sp_rd_le32(r);
	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	switch (out->type) {
	case SP_LOGON_V1:
		v1_read(r, out);
		break;
	case SP_LOGON_V2:
		v2_read(r, out);
		break;
	case SP_LOGON_PLAIN_NOTIFY:
		break;
	case SP_LOGON_EXTENDED:
		extended_read(r, out);
		break;
	default:
		return sp_rd_fail(r, SP_EFIELD, "logon.infoType");
	}
	return sp_rd_ok(r);
}

void sp_logon_write(struct sp_wr *w, const struct sp_logon *in)
{
	sp_wr_le32(w, in->type);
	switch (in->type) {
	case SP_LOGON_V1:
		v1_write(w, in);
		break;
	case SP_LOGON_V2:
		v2_write(w, in);
		break;
	case SP_LOGON_PLAIN_NOTIFY:
		sp_wr_zero(w, PLAIN_PAD);
		break;
	case SP_LOGON_EXTENDED:
		extended_write(w, in);
		break;
	default:
		sp_wr_fail(w, SP_EARG);
	}
}
