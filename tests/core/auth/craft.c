/* tests/core/auth/craft.c - see craft.h. */
#include "craft.h"

#include <assert.h>
#include <string.h>

#include "core/auth/der.h"
#include "core/auth/spnego.h"
#include "core/base/utf16.h"
#include "host/lib/crypto_nettle.h"

static const struct sp_crypto *const crypto = &sp_crypto_nettle;
static const uint8_t nonce[SP_CREDSSP_NONCE] = {5, 6, 7};

void craft_init(struct craft *c, struct duo *d)
{
	*c = (struct craft){
			.negotiate_flags = SP_NTLM_REQUIRED | SP_NTLM_NTLM,
			.authenticate_flags = SP_NTLM_REQUIRED | SP_NTLM_NTLM,
			.user = "demo",
			.domain = "",
			.password = "secret123",
			.key_length = 16,
			.duo = d,
	};
}

/* A server's token out of its TSRequest and, if there is one, its SPNEGO frame. */
static struct sp_span token_of(const struct craft *c, const struct sp_wr *reply)
{
	struct sp_credssp_request r;
	struct sp_spnego_resp resp;
	const char *why = "";

	if (sp_credssp_request_read(sp_span(reply->p, reply->n), &r) != SP_OK) {
		return sp_span(NULL, 0);
	}
	if (!c->mechs.p) {
		return r.nego_token;
	}
	return sp_spnego_resp_read(r.nego_token, &resp, &why) == SP_OK ? resp.token
								       : sp_span(NULL, 0);
}

static int send(struct craft *c, struct sp_credssp_request *r, struct sp_wr *reply)
{
	struct sp_wr w;

	r->version = 6;
	sp_wr_init(&w, SP_CREDSSP_MAX);
	sp_credssp_request_write(&w, r);
	sp_wr_reset(reply);
	int rc = duo_server(c->duo, sp_span(w.p, w.n), reply);
	sp_wr_finish(&w);
	return rc;
}

/* NegTokenInit with any list. */
static void write_init(struct sp_wr *w, struct sp_span mechs, struct sp_span token)
{
	static const uint8_t oid[] = {0x2B, 0x06, 0x01, 0x05, 0x05, 0x02};
	size_t gss = sp_der_open(w, SP_DER_APPLICATION);

	sp_der_put(w, SP_DER_OID, sp_span(oid, sizeof(oid)));
	size_t choice = sp_der_open(w, SP_DER_CONTEXT);
	size_t seq = sp_der_open(w, SP_DER_SEQUENCE);
	sp_der_put(w, SP_DER_CONTEXT, mechs);
	if (token.p) {
		sp_der_put_octets(w, 2, token);
	}
	sp_der_close(w, seq);
	sp_der_close(w, choice);
	sp_der_close(w, gss);
}

static int send_negotiate(struct craft *c, struct sp_wr *reply)
{
	struct sp_ntlm_negotiate m = {c->negotiate_flags};
	struct sp_credssp_request r = {0};
	uint8_t out[1024];
	struct sp_wr w, s;

	sp_wr_fixed(&w, c->negotiate, sizeof(c->negotiate));
	sp_ntlm_negotiate_write(&w, &m);
	c->n_negotiate = w.n;
	struct sp_span token = sp_span(c->negotiate, c->n_negotiate);
	sp_wr_fixed(&s, out, sizeof(out));
	if (!c->mechs.p) {
		r.nego_token = token;
		return send(c, &r, reply);
	}
	write_init(&s, c->mechs, c->optimistic.p ? c->optimistic : token);
	r.nego_token = sp_span(out, s.n);
	int rc = send(c, &r, reply);
	if (rc < 0 || !c->optimistic.p) {
		return rc;
	}
	sp_wr_fixed(&s, out, sizeof(out));
	struct sp_spnego_resp resp = {.state = SP_SPNEGO_ABSENT, .token = token};
	sp_spnego_resp_write(&s, &resp);
	r.nego_token = sp_span(out, s.n);
	return send(c, &r, reply);
}

static void write_temp(const struct craft *c, struct sp_wr *w)
{
	struct sp_ntlm_challenge ch;
	struct sp_ntlm_av_list av;
	const char *why = "";
	uint8_t flags[4] = {SP_NTLM_AV_FLAG_MIC};

	int rc = sp_ntlm_challenge_read(sp_span(c->challenge, c->n_challenge), &ch, &why);
	assert(rc == SP_OK);
	rc = sp_ntlm_av_read(ch.target_info, &av, &why);
	assert(rc == SP_OK);
	sp_wr_u8(w, 1);
	sp_wr_u8(w, 1);
	sp_wr_zero(w, 6);
	sp_wr_le64(w, c->duo->challenge.filetime + (uint64_t)c->time_shift);
	sp_wr_zero(w, 8 + 4);
	av.pair[av.n].id = SP_NTLM_AV_FLAGS;
	av.pair[av.n++].value = sp_span(flags, sizeof(flags));
	for (size_t i = 0; i < av.n; i++) {
		uint16_t id = av.pair[i].id;

		if (id == c->drop_id) {
			continue;
		}
		sp_ntlm_av_write(w, id, av.pair[i].value);
		if (id == c->change_id) {
			w->p[w->n - av.pair[i].value.n] ^= 2;
		}
		if (id == c->twice_id) {
			sp_ntlm_av_write(w, id, av.pair[i].value);
		}
	}
	sp_ntlm_av_write(w, SP_NTLM_AV_EOL, sp_span(flags, 0));
	sp_wr_zero(w, 4);
}

/* The payload moved 16 bytes forward, over the MIC. */
static void move_payload(struct sp_wr *w)
{
	for (size_t f = 0; f < 6; f++) {
		uint8_t *at = w->p + 12 + 8 * f + 4;
		unsigned v = (unsigned)(at[0] | at[1] << 8) - SP_NTLM_MIC;

		at[0] = (uint8_t)v;
		at[1] = (uint8_t)(v >> 8);
	}
	memmove(w->p + SP_NTLM_MIC_AT, w->p + SP_NTLM_MIC_AT + SP_NTLM_MIC,
			w->n - SP_NTLM_MIC_AT - SP_NTLM_MIC);
	sp_wr_shrink(w, SP_NTLM_MIC);
}

static void write_authenticate(struct craft *c, struct sp_wr *w)
{
	uint8_t user[1024], domain[1024], nt[2048], lm[24] = {0}, hash[16], owf[16], base[16];
	uint8_t exported[32] = {0x77}, wrapped[32];
	struct sp_wr uw, dw, tw;
	struct sp_ntlm_challenge ch;
	struct sp_rc4 rc4;
	const char *why = "";

	int rc = sp_ntlm_challenge_read(sp_span(c->challenge, c->n_challenge), &ch, &why);
	assert(rc == SP_OK);
	rc = sp_ntlmv2_nt_hash(crypto, c->password, hash);
	assert(rc == SP_OK);
	sp_wr_fixed(&uw, user, sizeof(user));
	sp_utf16_write(&uw, c->user);
	sp_wr_fixed(&dw, domain, sizeof(domain));
	sp_utf16_write(&dw, c->domain);
	sp_wr_fixed(&tw, nt + 16, sizeof(nt) - 16);
	write_temp(c, &tw);
	/* A user that is too long for the formula is sent all the same, with a proof that is none. */
	if (sp_ntlmv2_owf(crypto, hash, sp_span(user, uw.n), sp_span(domain, dw.n), owf) != SP_OK) {
		memset(owf, 0, sizeof(owf));
	}
	sp_ntlmv2_proof(crypto, owf, ch.challenge, sp_span(tw.p, tw.n), nt);
	sp_ntlmv2_base_key(crypto, owf, nt, base);
	crypto->rc4_init(&rc4, sp_span(base, 16));
	crypto->rc4_crypt(&rc4, exported, wrapped, sizeof(wrapped));
	struct sp_ntlm_authenticate m = {
			.flags = c->authenticate_flags,
			.lm = sp_span(lm, sizeof(lm)),
			.nt = sp_span(nt,
					c->lm_only                     ? 0
							: c->nt_length ? c->nt_length
								       : 16 + tw.n),
			.domain = sp_span(domain, dw.n),
			.user = sp_span(user, uw.n),
			.workstation = sp_span("w\0s", 4),
			.session_key = sp_span(wrapped, c->key_length),
	};
	sp_ntlm_authenticate_write(w, &m);
	if (c->early_payload) {
		move_payload(w);
	} else if (!c->no_mic) {
		sp_ntlm_mic(crypto, exported, sp_span(c->negotiate, c->n_negotiate),
				sp_span(c->challenge, c->n_challenge), sp_span(w->p, w->n),
				w->p + SP_NTLM_MIC_AT);
	}
	sp_ntlm_session_init(&c->session, crypto, exported, SP_NTLMV2_TO_SERVER);
}

static int send_authenticate(struct craft *c, struct sp_wr *reply)
{
	struct sp_span key = c->duo->server_conf.public_key;
	uint8_t token[4096], framed[4096], mic[16], hash[32], sealed[64];
	struct sp_credssp_request r = {0};
	struct sp_wr w, f, s;

	sp_wr_fixed(&w, token, sizeof(token));
	write_authenticate(c, &w);
	r.nego_token = sp_span(token, w.n);
	if (c->mechs.p) {
		struct sp_spnego_resp resp = {.state = SP_SPNEGO_ABSENT, .token = r.nego_token};

		if (!c->no_list_mic) {
			sp_ntlm_session_mic(&c->session, c->mechs, mic);
			mic[4] ^= c->bad_list_mic;
			resp.mic = sp_span(mic, sizeof(mic));
		}
		sp_wr_fixed(&f, framed, sizeof(framed));
		sp_spnego_resp_write(&f, &resp);
		r.nego_token = sp_span(framed, f.n);
	}
	sp_credssp_binding(crypto, SP_CREDSSP_TO_SERVER, nonce, key, hash);
	sp_wr_fixed(&s, sealed, sizeof(sealed));
	sp_ntlm_session_seal(&c->session, sp_span(hash, sizeof(hash)), &s);
	r.pub_key_auth = sp_span(sealed, s.n);
	r.client_nonce = sp_span(nonce, sizeof(nonce));
	return send(c, &r, reply);
}

static int send_credentials(struct craft *c, struct sp_wr *reply)
{
	uint8_t user[1024], domain[1024], password[1024], plain[4096], sealed[4096 + 16];
	struct sp_credssp_request r = {0};
	struct sp_wr uw, dw, pw, w, s;

	sp_wr_fixed(&uw, user, sizeof(user));
	sp_utf16_write(&uw, c->creds_user ? c->creds_user : c->user);
	sp_wr_fixed(&dw, domain, sizeof(domain));
	sp_utf16_write(&dw, c->creds_domain ? c->creds_domain : c->domain);
	sp_wr_fixed(&pw, password, sizeof(password));
	sp_utf16_write(&pw, c->password);
	struct sp_credssp_password p = {
			sp_span(domain, dw.n), sp_span(user, uw.n), sp_span(password, pw.n)};
	sp_wr_fixed(&w, plain, sizeof(plain));
	sp_credssp_password_write(&w, &p);
	sp_wr_fixed(&s, sealed, sizeof(sealed));
	sp_ntlm_session_seal(&c->session,
			c->creds ? sp_span(c->creds, c->n_creds) : sp_span(plain, w.n), &s);
	r.auth_info = sp_span(sealed, s.n);
	return send(c, &r, reply);
}

int craft_run(struct craft *c)
{
	struct sp_wr reply;

	duo_create(c->duo);
	sp_wr_init(&reply, SP_CREDSSP_MAX);
	int rc = send_negotiate(c, &reply);
	if (rc == SP_CREDSSP_MORE) {
		struct sp_span token = token_of(c, &reply);

		c->n_challenge = token.n;
		memcpy(c->challenge, token.p, token.n);
		rc = send_authenticate(c, &reply);
	}
	if (rc == SP_CREDSSP_MORE) {
		rc = send_credentials(c, &reply);
	}
	sp_wr_finish(&reply);
	return rc;
}
