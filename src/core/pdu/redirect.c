/* core/pdu/redirect.c - see redirect.h. */
#include "core/pdu/redirect.h"

#include <string.h>

#include "core/pdu/sec.h"
#include "core/pdu/share.h"

#define PAD 8

/* The fields with a length of their own, in their order on the wire. */
static const struct {
	uint32_t flag;
	size_t at;
} fields[] = {
		{SP_LB_TARGET_NET_ADDRESS, offsetof(struct sp_redirect, address)},
		{SP_LB_LOAD_BALANCE_INFO, offsetof(struct sp_redirect, load_balance_info)},
		{SP_LB_USERNAME, offsetof(struct sp_redirect, user)},
		{SP_LB_DOMAIN, offsetof(struct sp_redirect, domain)},
		{SP_LB_PASSWORD, offsetof(struct sp_redirect, password)},
		{SP_LB_TARGET_FQDN, offsetof(struct sp_redirect, fqdn)},
		{SP_LB_TARGET_NETBIOS_NAME, offsetof(struct sp_redirect, netbios_name)},
		{SP_LB_CLIENT_TSV_URL, offsetof(struct sp_redirect, tsv_url)},
		{SP_LB_REDIRECTION_GUID, offsetof(struct sp_redirect, guid)},
		{SP_LB_TARGET_CERTIFICATE, offsetof(struct sp_redirect, certificate)},
};

/* [MS-RDPBCGR] 2.2.13.1.1 Target Net Addresses (TARGET_NET_ADDRESSES) */
static void addresses_read(struct sp_rd *r, struct sp_redirect *out)
{
	uint32_t size = sp_rd_le32(r);
	struct sp_rd sub = sp_rd_sub(r, size);
	uint32_t n = sp_rd_le32(&sub); /* addressCount */

	if (!(n <= SP_REDIRECT_MAX_ADDRESSES)) {
		sp_rd_fail(&sub, SP_ELIMIT, "redirect.addressCount");
		return;
	}
	for (size_t i = 0; i < n && sp_rd_ok(&sub) == SP_OK; i++) {
		uint32_t len = sp_rd_le32(&sub);

		out->addresses[i] = sp_rd_span(&sub, len);
		out->n_addresses = i + 1;
	}
}

static void addresses_write(struct sp_wr *w, const struct sp_redirect *in)
{
	size_t at = sp_wr_hole(w, 4);

	sp_wr_le32(w, (uint32_t)in->n_addresses);
	for (size_t i = 0; i < in->n_addresses && i < SP_REDIRECT_MAX_ADDRESSES; i++) {
		sp_wr_le32(w, (uint32_t)in->addresses[i].n);
		sp_wr_span(w, in->addresses[i]);
	}
	sp_wr_fill_le32(w, at, w->n - at - 4);
}

int sp_redirect_read(struct sp_rd *r, struct sp_redirect *out)
{
	memset(out, 0, sizeof(*out));
	if (sp_rd_le16(r) != SP_SEC_REDIRECTION && sp_rd_ok(r) == SP_OK) {
		return sp_rd_fail(r, SP_EFIELD, "redirect.Flags");
	}
	size_t length = sp_rd_le16(r);
	if (length < 4 && sp_rd_ok(r) == SP_OK) {
		return sp_rd_fail(r, SP_EFIELD, "redirect.Length");
	}
	struct sp_rd sub = sp_rd_sub(r, length - 4);

	out->session_id = sp_rd_le32(&sub);
	out->flags = sp_rd_le32(&sub);
	for (size_t i = 0; i < SP_LEN(fields); i++) {
		if (out->flags & fields[i].flag) {
			uint32_t n = sp_rd_le32(&sub);
			struct sp_span s = sp_rd_span(&sub, n);

			memcpy((char *)out + fields[i].at, &s, sizeof(s));
		}
	}
	if (out->flags & SP_LB_TARGET_NET_ADDRESSES) {
		addresses_read(&sub, out);
	}
	return sp_rd_ok(&sub) != SP_OK ? sub.err : sp_rd_ok(r);
}

void sp_redirect_write(struct sp_wr *w, const struct sp_redirect *in)
{
	size_t at = w->n;

	sp_wr_le16(w, SP_SEC_REDIRECTION);
	size_t length = sp_wr_hole(w, 2);
	sp_wr_le32(w, in->session_id);
	sp_wr_le32(w, in->flags);
	for (size_t i = 0; i < SP_LEN(fields); i++) {
		if (in->flags & fields[i].flag) {
			struct sp_span s;

			memcpy(&s, (const char *)in + fields[i].at, sizeof(s));
			sp_wr_le32(w, (uint32_t)s.n);
			sp_wr_span(w, s);
		}
	}
	if (in->flags & SP_LB_TARGET_NET_ADDRESSES) {
		addresses_write(w, in);
	}
	sp_wr_zero(w, PAD);
	sp_wr_fill_le16(w, length, w->n - at);
}

int sp_redirect_share_read(struct sp_rd *body, struct sp_redirect *out)
{
	sp_rd_skip(body, 2); /* pad2Octets */
	return sp_redirect_read(body, out);
}

void sp_redirect_share_write(struct sp_wr *w, uint16_t source, const struct sp_redirect *in)
{
	size_t at = sp_share_begin(w, SP_SHARE_SERVER_REDIRECT, source);

	sp_wr_le16(w, 0); /* pad2Octets */
	sp_redirect_write(w, in);
	sp_share_end(w, at);
}
