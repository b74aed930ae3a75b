/* core/auth/ntlm_session.c - see ntlm_session.h. */
#include "core/auth/ntlm_session.h"

#include "core/base/mem.h"
#include "core/base/secret.h"

#define CHECKSUM 8

static void stream_init(struct sp_ntlm_stream *s, const struct sp_crypto *c,
		const uint8_t exported[SP_NTLMV2_KEY], enum sp_ntlmv2_way way)
{
	uint8_t key[SP_NTLMV2_KEY];

	sp_ntlmv2_sign_key(c, exported, way, s->sign_key);
	sp_ntlmv2_seal_key(c, exported, way, key);
	c->rc4_init(&s->seal, sp_span(key, sizeof(key)));
	s->number = 0;
	sp_wipe(key, sizeof(key));
}

void sp_ntlm_session_init(struct sp_ntlm_session *s, const struct sp_crypto *c,
		const uint8_t exported[SP_NTLMV2_KEY], enum sp_ntlmv2_way out)
{
	s->crypto = c;
	stream_init(&s->out, c, exported, out);
	stream_init(&s->in, c, exported,
			out == SP_NTLMV2_TO_SERVER ? SP_NTLMV2_TO_CLIENT : SP_NTLMV2_TO_SERVER);
}

static void le32(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++) {
		p[i] = (uint8_t)(v >> (8 * i));
	}
}

/*
 * [MS-NLMP] 3.4.4.2 with a key exchange: the checksum goes through RC4 too, so this comes after
 * the message itself was sealed.
 */
static void sign(const struct sp_crypto *c, struct sp_ntlm_stream *s, struct sp_span plain,
		uint8_t out[SP_NTLMV2_SIGNATURE])
{
	uint8_t number[4], sum[SP_MD5_SIZE];

	le32(number, s->number);
	struct sp_span parts[] = {sp_span(number, sizeof(number)), plain};
	c->hmac_md5(sp_span(s->sign_key, sizeof(s->sign_key)), parts, SP_LEN(parts), sum);
	le32(out, 1 /* Version */);
	c->rc4_crypt(&s->seal, sum, out + 4, CHECKSUM);
	le32(out + 4 + CHECKSUM, s->number);
	s->number++;
}

void sp_ntlm_session_seal(struct sp_ntlm_session *s, struct sp_span plain, struct sp_wr *w)
{
	uint8_t *p = sp_wr_room(w, SP_NTLMV2_SIGNATURE + plain.n);

	if (!p) {
		return;
	}
	s->crypto->rc4_crypt(&s->out.seal, plain.p, p + SP_NTLMV2_SIGNATURE, plain.n);
	sign(s->crypto, &s->out, plain, p);
}

int sp_ntlm_session_unseal(struct sp_ntlm_session *s, struct sp_span in, uint8_t *plain)
{
	uint8_t want[SP_NTLMV2_SIGNATURE];

	if (!(in.n >= SP_NTLMV2_SIGNATURE)) {
		return SP_ESHORT;
	}
	size_t n = in.n - SP_NTLMV2_SIGNATURE;
	s->crypto->rc4_crypt(&s->in.seal, in.p + SP_NTLMV2_SIGNATURE, plain, n);
	sign(s->crypto, &s->in, sp_span(plain, n), want);
	bool good = sp_secret_eq(want, in.p, sizeof(want));
	if (!good) {
		sp_wipe(plain, n);
	}
	sp_wipe(want, sizeof(want));
	return good ? SP_OK : SP_EAUTH;
}

void sp_ntlm_session_mic(
		struct sp_ntlm_session *s, struct sp_span data, uint8_t mic[SP_NTLMV2_SIGNATURE])
{
	struct sp_rc4 before = s->out.seal;

	sign(s->crypto, &s->out, data, mic);
	s->out.seal = before;
	sp_wipe(&before, sizeof(before));
}

bool sp_ntlm_session_mic_ok(struct sp_ntlm_session *s, struct sp_span data, struct sp_span mic)
{
	struct sp_rc4 before = s->in.seal;
	uint8_t want[SP_NTLMV2_SIGNATURE];

	sign(s->crypto, &s->in, data, want);
	s->in.seal = before;
	sp_wipe(&before, sizeof(before));
	return mic.n == sizeof(want) && sp_secret_eq(want, mic.p, sizeof(want));
}
