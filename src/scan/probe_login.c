/* scan/probe_login.c - see probe_login.h. */
#include "scan/probe_login.h"

#include <string.h>

#include "core/auth/credssp.h"
#include "core/auth/der.h"
#include "core/auth/ntlm.h"
#include "core/auth/spnego.h"
#include "core/base/err.h"
#include "core/base/rd.h"
#include "core/base/utf16.h"

#define TOKEN_MAX 512
#define VERSION_AT 48 /* [MS-NLMP] 2.2.1.2 */
#define VERSION_SIZE 8
#define EPOCH_FILETIME UINT64_C(116444736000000000) /* 1970, in 100 ns since 1601 */

void sp_probe_ntlm_write(struct sp_wr *w)
{
	struct sp_ntlm_negotiate m = {
			.flags = (uint32_t)(SP_NTLM_UNICODE | SP_NTLM_REQUEST_TARGET |
					SP_NTLM_SIGN | SP_NTLM_SEAL | SP_NTLM_NTLM |
					SP_NTLM_ALWAYS_SIGN | SP_NTLM_ESS | SP_NTLM_128 |
					SP_NTLM_KEY_EXCH | SP_NTLM_56),
	};

	sp_ntlm_negotiate_write(w, &m);
}

/* RFC 4178 4.2.1: Kerberos under both of its numbers, then NTLM, and nothing said for any. */
static void write_kerberos(struct sp_wr *w)
{
	static const uint8_t spnego[] = {0x2B, 0x06, 0x01, 0x05, 0x05, 0x02};
	static const uint8_t ms_krb5[] = {0x2A, 0x86, 0x48, 0x82, 0xF7, 0x12, 0x01, 0x02, 0x02};
	static const uint8_t krb5[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02};
	static const uint8_t ntlm[] = {0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0A};
	size_t gss = sp_der_open(w, SP_DER_APPLICATION + 0);

	sp_der_put(w, SP_DER_OID, sp_span(spnego, sizeof(spnego)));
	size_t choice = sp_der_open(w, SP_DER_CONTEXT + 0);
	size_t seq = sp_der_open(w, SP_DER_SEQUENCE);
	size_t mechs = sp_der_open(w, SP_DER_CONTEXT + 0);
	size_t list = sp_der_open(w, SP_DER_SEQUENCE);
	sp_der_put(w, SP_DER_OID, sp_span(ms_krb5, sizeof(ms_krb5)));
	sp_der_put(w, SP_DER_OID, sp_span(krb5, sizeof(krb5)));
	sp_der_put(w, SP_DER_OID, sp_span(ntlm, sizeof(ntlm)));
	sp_der_close(w, list);
	sp_der_close(w, mechs);
	sp_der_close(w, seq);
	sp_der_close(w, choice);
	sp_der_close(w, gss);
}

void sp_probe_login_write(struct sp_wr *w, enum sp_probe_login how)
{
	uint8_t ntlm[TOKEN_MAX], token[TOKEN_MAX];
	struct sp_wr n, t;

	sp_wr_fixed(&n, ntlm, sizeof(ntlm));
	sp_wr_fixed(&t, token, sizeof(token));
	sp_probe_ntlm_write(&n);
	switch (how) {
	case SP_PROBE_LOGIN_KERBEROS:
		write_kerberos(&t);
		break;
	case SP_PROBE_LOGIN_NTLM:
		sp_wr_put(&t, n.p, n.n);
		break;
	default:
		sp_spnego_init_write(&t, sp_span(n.p, n.n));
		break;
	}
	struct sp_credssp_request m = {
			.version = SP_CREDSSP_VERSION, .nego_token = sp_span(t.p, t.n)};
	if (sp_wr_ok(&n) != SP_OK || sp_wr_ok(&t) != SP_OK) {
		sp_wr_fail(w, SP_ESPACE);
		return;
	}
	sp_credssp_request_write(w, &m);
}

/* ---- the challenge ---- */

static void name(const struct sp_ntlm_av_list *list, uint16_t id, char *out)
{
	const struct sp_span *s = sp_ntlm_av_find(list, id);

	if (s) {
		(void)sp_utf16_to_utf8(*s, out, SP_SCAN_TEXT);
	}
}

static void clock_of(const struct sp_ntlm_av_list *list, int64_t now_ms, struct sp_scan_ntlm *out)
{
	const struct sp_span *s = sp_ntlm_av_find(list, SP_NTLM_AV_TIMESTAMP);
	struct sp_rd r;

	if (!s || s->n != 8) {
		return;
	}
	sp_rd_init(&r, s->p, s->n);
	uint64_t filetime = sp_rd_le64(&r);
	/* Up to the year 9999, as nobody knows a clock beyond it. */
	if (!(EPOCH_FILETIME < filetime && filetime < UINT64_C(2650467744000000000))) {
		return;
	}
	int64_t ms = (int64_t)((filetime - EPOCH_FILETIME) / 10000);
	out->time = ms / 1000;
	out->skew_ms = ms - now_ms;
}

int sp_probe_challenge_read(struct sp_span in, int64_t now_ms, struct sp_scan_ntlm *out)
{
	struct sp_ntlm_challenge m;
	struct sp_ntlm_av_list list = {0};
	const char *why;

	int rc = sp_ntlm_challenge_read(in, &m, &why);
	if (rc != SP_OK) {
		return rc;
	}
	out->challenged = 1;
	if (m.flags & SP_NTLM_UNICODE) {
		(void)sp_utf16_to_utf8(m.target_name, out->target, sizeof(out->target));
	}
	size_t first = m.target_name.n > 0 ? (size_t)(m.target_name.p - in.p) : in.n;
	if ((m.flags & SP_NTLM_VERSION) && VERSION_AT + VERSION_SIZE <= first) {
		const uint8_t *v = in.p + VERSION_AT;

		out->major = v[0];
		out->minor = v[1];
		out->build = (uint16_t)(v[2] | v[3] << 8);
	}
	/* A list that is damaged further on has told something all the same. */
	(void)!sp_ntlm_av_read(m.target_info, &list, &why);
	name(&list, SP_NTLM_AV_NB_DOMAIN, out->nb_domain);
	name(&list, SP_NTLM_AV_NB_COMPUTER, out->nb_computer);
	name(&list, SP_NTLM_AV_DNS_DOMAIN, out->dns_domain);
	name(&list, SP_NTLM_AV_DNS_COMPUTER, out->dns_computer);
	name(&list, SP_NTLM_AV_DNS_TREE, out->dns_tree);
	clock_of(&list, now_ms, out);
	return SP_OK;
}

int sp_probe_login_read(struct sp_span in, enum sp_probe_login how, int64_t now_ms,
		struct sp_scan_ntlm *out)
{
	struct sp_credssp_request m;
	struct sp_spnego_resp resp;
	const char *why;

	int rc = sp_credssp_request_read(in, &m);
	if (rc != SP_OK) {
		return rc;
	}
	out->credssp = m.version;
	out->error = m.has_error ? m.error : 0;
	if (!m.nego_token.p) {
		return SP_OK;
	}
	if (sp_ntlm_is(m.nego_token)) {
		return sp_probe_challenge_read(m.nego_token, now_ms, out);
	}
	rc = sp_spnego_resp_read(m.nego_token, &resp, &why);
	if (rc != SP_OK) {
		return rc;
	}
	if (how == SP_PROBE_LOGIN_KERBEROS && resp.has_mech) {
		out->kerberos = resp.mech_is_ntlm ? SP_SCAN_NO : SP_SCAN_YES;
	}
	return resp.token.p && sp_ntlm_is(resp.token)
			? sp_probe_challenge_read(resp.token, now_ms, out)
			: SP_OK;
}
