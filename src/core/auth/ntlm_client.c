/* core/auth/ntlm_client.c - see ntlm_client.h. */
#include "core/auth/ntlm_client.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/utf16.h"

/* What one AUTHENTICATE_MESSAGE is made from; holds keys, so it is wiped. */
struct answer {
	struct sp_ntlm_challenge server;
	struct sp_ntlm_av_list pairs;
	bool has_time; /* then a MIC is due, and no LM response */
	uint64_t time;
	uint8_t challenge[SP_NTLMV2_CHALLENGE];
	uint8_t owf[SP_NTLMV2_KEY], base_key[SP_NTLMV2_KEY];
	uint8_t exported[SP_NTLMV2_KEY], wrapped[SP_NTLMV2_KEY];
	uint8_t lm[SP_NTLMV2_LM];
	uint8_t nt[SP_NTLMV2_KEY + SP_NTLMV2_MAX_TEMP]; /* proof and temp */
	size_t n_nt;
};

static int wide(const char *s, uint8_t *out, size_t cap, size_t *n)
{
	struct sp_wr w;

	sp_wr_fixed(&w, out, cap);
	if (s) {
		sp_utf16_write(&w, s);
	}
	*n = w.n;
	return sp_wr_ok(&w) == SP_OK ? SP_OK : SP_ELIMIT;
}

int sp_ntlm_client_init(struct sp_ntlm_client *n, const struct sp_crypto *c,
		const struct sp_ntlm_client_conf *conf)
{
	*n = (struct sp_ntlm_client){.crypto = c, .why = "ntlm", .filetime = conf->filetime};
	if (!conf->user || !conf->user[0] || !conf->password) {
		return SP_EARG;
	}
	int rc = wide(conf->user, n->user, sizeof(n->user), &n->n_user);
	if (rc == SP_OK) {
		rc = wide(conf->domain, n->domain, sizeof(n->domain), &n->n_domain);
	}
	if (rc == SP_OK) {
		rc = wide(conf->workstation, n->workstation, sizeof(n->workstation),
				&n->n_workstation);
	}
	if (rc == SP_OK) {
		rc = wide(conf->target, n->target, sizeof(n->target), &n->n_target);
	}
	if (rc == SP_OK) {
		rc = sp_ntlmv2_nt_hash(c, conf->password, n->nt_hash);
	}
	if (rc == SP_OK && conf->endpoint_hash.n > 0) {
		n->has_bindings = true;
		sp_ntlm_channel_bindings(c, conf->endpoint_hash, n->bindings);
	}
	return rc;
}

void sp_ntlm_client_finish(struct sp_ntlm_client *n)
{
	sp_rcbuf_unref(n->negotiate);
	sp_wipe(n, sizeof(*n));
}

static int fail(struct sp_ntlm_client *n, int rc, const char *why)
{
	n->state = SP_NTLM_CLIENT_FAILED;
	if (why) {
		n->why = why;
	}
	return rc;
}

int sp_ntlm_client_negotiate(struct sp_ntlm_client *n, struct sp_wr *out)
{
	struct sp_ntlm_negotiate m = {SP_NTLM_REQUIRED | SP_NTLM_NTLM | SP_NTLM_REQUEST_TARGET |
			SP_NTLM_ALWAYS_SIGN | (uint32_t)SP_NTLM_56};
	size_t start = out->n;

	if (n->state != SP_NTLM_CLIENT_START) {
		return fail(n, SP_ESTATE, "ntlm");
	}
	sp_ntlm_negotiate_write(out, &m);
	if (sp_wr_ok(out) != SP_OK) {
		return fail(n, sp_wr_ok(out), "ntlm");
	}
	n->negotiate = sp_rcbuf_from(out->p + start, out->n - start);
	if (!n->negotiate) {
		return fail(n, SP_ENOMEM, "ntlm");
	}
	n->state = SP_NTLM_CLIENT_WAIT_CHALLENGE;
	return SP_OK;
}

static uint64_t le64(const uint8_t *p)
{
	uint64_t v = 0;

	for (unsigned i = 8; i-- > 0;) {
		v = v << 8 | p[i];
	}
	return v;
}

static int read_challenge(struct sp_ntlm_client *n, struct sp_span in, struct answer *a)
{
	int rc = sp_ntlm_challenge_read(in, &a->server, &n->why);

	if (rc != SP_OK) {
		return rc;
	}
	if ((a->server.flags & SP_NTLM_REQUIRED) != SP_NTLM_REQUIRED) {
		n->why = "ntlm.NegotiateFlags";
		return SP_EPROTO;
	}
	if (a->server.target_info.n > 0) {
		rc = sp_ntlm_av_read(a->server.target_info, &a->pairs, &n->why);
		if (rc != SP_OK) {
			return rc;
		}
	}
	const struct sp_span *time = sp_ntlm_av_find(&a->pairs, SP_NTLM_AV_TIMESTAMP);
	if (time && time->n != 8) {
		n->why = "ntlm.MsvAvTimestamp";
		return SP_EFIELD;
	}
	a->has_time = time != NULL;
	a->time = time ? le64(time->p) : n->filetime;
	return SP_OK;
}

/* [MS-NLMP] 2.2.2.7: the server's pairs come back, with ours behind them. */
static int write_temp(const struct sp_ntlm_client *n, struct answer *a, struct sp_wr *w)
{
	uint8_t flags[4] = {0}, no_bindings[SP_MD5_SIZE] = {0};
	const struct sp_span *got = sp_ntlm_av_find(&a->pairs, SP_NTLM_AV_FLAGS);

	if (got && got->n == sizeof(flags)) {
		memcpy(flags, got->p, sizeof(flags));
	}
	flags[0] |= a->has_time ? SP_NTLM_AV_FLAG_MIC : 0;
	sp_wr_u8(w, 1 /* RespType */);
	sp_wr_u8(w, 1 /* HiRespType */);
	sp_wr_zero(w, 2 /* Reserved1 */ + 4 /* Reserved2 */);
	sp_wr_le64(w, a->time);
	sp_wr_put(w, a->challenge, sizeof(a->challenge));
	sp_wr_zero(w, 4 /* Reserved3 */);
	for (size_t i = 0; i < a->pairs.n; i++) {
		uint16_t id = a->pairs.pair[i].id;

		if (id != SP_NTLM_AV_FLAGS && id != SP_NTLM_AV_CHANNEL_BINDINGS &&
				id != SP_NTLM_AV_TARGET_NAME) {
			sp_ntlm_av_write(w, id, a->pairs.pair[i].value);
		}
	}
	if (got || a->has_time) {
		sp_ntlm_av_write(w, SP_NTLM_AV_FLAGS, sp_span(flags, sizeof(flags)));
	}
	sp_ntlm_av_write(w, SP_NTLM_AV_CHANNEL_BINDINGS,
			sp_span(n->has_bindings ? n->bindings : no_bindings, SP_MD5_SIZE));
	sp_ntlm_av_write(w, SP_NTLM_AV_TARGET_NAME, sp_span(n->target, n->n_target));
	sp_ntlm_av_write(w, SP_NTLM_AV_EOL, sp_span(flags, 0));
	sp_wr_zero(w, 4);
	return sp_wr_ok(w) == SP_OK ? SP_OK : SP_ELIMIT;
}

static int compute(struct sp_ntlm_client *n, struct answer *a)
{
	const struct sp_crypto *c = n->crypto;
	struct sp_rc4 rc4;
	struct sp_wr w;

	int rc = c->random(a->challenge, sizeof(a->challenge));
	if (rc == SP_OK) {
		rc = c->random(a->exported, sizeof(a->exported));
	}
	if (rc == SP_OK) {
		rc = sp_ntlmv2_owf(c, n->nt_hash, sp_span(n->user, n->n_user),
				sp_span(n->domain, n->n_domain), a->owf);
	}
	if (rc != SP_OK) {
		n->why = "ntlm";
		return rc;
	}
	sp_wr_fixed(&w, a->nt + SP_NTLMV2_KEY, SP_NTLMV2_MAX_TEMP);
	rc = write_temp(n, a, &w);
	if (rc != SP_OK) {
		n->why = "ntlm.TargetInfo";
		return rc;
	}
	a->n_nt = SP_NTLMV2_KEY + w.n;
	sp_ntlmv2_proof(c, a->owf, a->server.challenge, sp_span(w.p, w.n), a->nt);
	sp_ntlmv2_base_key(c, a->owf, a->nt, a->base_key);
	if (!a->has_time) {
		sp_ntlmv2_lm(c, a->owf, a->server.challenge, a->challenge, a->lm);
	}
	c->rc4_init(&rc4, sp_span(a->base_key, sizeof(a->base_key)));
	c->rc4_crypt(&rc4, a->exported, a->wrapped, sizeof(a->wrapped));
	sp_wipe(&rc4, sizeof(rc4));
	return SP_OK;
}

static int write_authenticate(struct sp_ntlm_client *n, struct sp_span challenge,
		const struct answer *a, struct sp_wr *out)
{
	struct sp_ntlm_authenticate m = {
			.flags = a->server.flags &
					(SP_NTLM_REQUIRED | (uint32_t)SP_NTLM_NTLM |
							(uint32_t)SP_NTLM_REQUEST_TARGET |
							(uint32_t)SP_NTLM_ALWAYS_SIGN |
							(uint32_t)SP_NTLM_TARGET_INFO |
							(uint32_t)SP_NTLM_56),
			.lm = sp_span(a->lm, sizeof(a->lm)),
			.nt = sp_span(a->nt, a->n_nt),
			.domain = sp_span(n->domain, n->n_domain),
			.user = sp_span(n->user, n->n_user),
			.workstation = sp_span(n->workstation, n->n_workstation),
			.session_key = sp_span(a->wrapped, sizeof(a->wrapped)),
	};
	size_t start = out->n;

	sp_ntlm_authenticate_write(out, &m);
	if (sp_wr_ok(out) != SP_OK) {
		n->why = "ntlm";
		return sp_wr_ok(out);
	}
	if (a->has_time) {
		uint8_t *p = out->p + start;
		uint8_t mic[SP_NTLM_MIC];

		sp_ntlm_mic(n->crypto, a->exported, sp_span(n->negotiate->p, n->negotiate->n),
				challenge, sp_span(p, out->n - start), mic);
		memcpy(p + SP_NTLM_MIC_AT, mic, sizeof(mic));
	}
	return SP_OK;
}

int sp_ntlm_client_authenticate(
		struct sp_ntlm_client *n, struct sp_span challenge, struct sp_wr *out)
{
	struct answer a = {0};

	if (n->state != SP_NTLM_CLIENT_WAIT_CHALLENGE) {
		return fail(n, SP_ESTATE, "ntlm");
	}
	int rc = read_challenge(n, challenge, &a);
	if (rc == SP_OK) {
		rc = compute(n, &a);
	}
	if (rc == SP_OK) {
		rc = write_authenticate(n, challenge, &a, out);
	}
	if (rc == SP_OK) {
		sp_ntlm_session_init(&n->session, n->crypto, a.exported, SP_NTLMV2_TO_SERVER);
		n->state = SP_NTLM_CLIENT_DONE;
	} else {
		rc = fail(n, rc, NULL);
	}
	sp_wipe(&a, sizeof(a));
	return rc;
}
