/* core/auth/credssp.c - see credssp.h. */
#include "core/auth/credssp.h"

#include "core/auth/der.h"

#define CRED_TYPE_PASSWORD 1

int sp_credssp_frame(struct sp_span stream)
{
	if (stream.n > 0 && stream.p[0] != SP_DER_SEQUENCE) {
		return SP_EFIELD;
	}
	return sp_der_size(stream, SP_CREDSSP_MAX);
}

static uint32_t context_u32(struct sp_rd *r, unsigned n, const char *field)
{
	struct sp_rd sub = sp_der_enter(r, (uint8_t)(SP_DER_CONTEXT + n), field);
	uint32_t v = sp_der_u32(&sub, SP_DER_INTEGER, field);

	return sp_rd_end(&sub) == SP_OK ? v : 0;
}

/* [n] OCTET STRING that must be there. */
static struct sp_span octets(struct sp_rd *r, unsigned n, const char *field)
{
	struct sp_span s = sp_der_optional_octets(r, n, field);

	if (!s.p) {
		sp_rd_fail(r, sp_rd_left(r) > 0 ? SP_EFIELD : SP_ESHORT, field);
	}
	return s;
}

/* [MS-CSSP] 2.2.1.1 NegoData */
static struct sp_span read_nego(struct sp_rd *r)
{
	struct sp_rd field = sp_der_enter(r, SP_DER_CONTEXT + 1, "credssp.negoTokens");
	struct sp_rd list = sp_der_enter(&field, SP_DER_SEQUENCE, "credssp.negoTokens");
	struct sp_rd one = sp_der_enter(&list, SP_DER_SEQUENCE, "credssp.negoTokens");
	struct sp_span token = octets(&one, 0, "credssp.negoToken");

	sp_der_leave(&one);
	sp_der_leave(&list);
	sp_der_leave(&field);
	return token;
}

int sp_credssp_request_read(struct sp_span in, struct sp_credssp_request *out)
{
	struct sp_rd r;

	*out = (struct sp_credssp_request){0};
	if (!(in.n <= SP_CREDSSP_MAX)) {
		return SP_ELIMIT;
	}
	sp_rd_init(&r, in.p, in.n);
	struct sp_rd seq = sp_der_enter(&r, SP_DER_SEQUENCE, "credssp.TSRequest");
	out->version = context_u32(&seq, 0, "credssp.version");
	if (sp_der_is(&seq, SP_DER_CONTEXT + 1)) {
		out->nego_token = read_nego(&seq);
	}
	out->auth_info = sp_der_optional_octets(&seq, 2, "credssp.authInfo");
	out->pub_key_auth = sp_der_optional_octets(&seq, 3, "credssp.pubKeyAuth");
	if (sp_der_is(&seq, SP_DER_CONTEXT + 4)) {
		out->has_error = true;
		out->error = context_u32(&seq, 4, "credssp.errorCode");
	}
	out->client_nonce = sp_der_optional_octets(&seq, 5, "credssp.clientNonce");
	sp_der_leave(&seq);
	return sp_rd_end(&r);
}

static void write_nego(struct sp_wr *w, struct sp_span token)
{
	size_t field = sp_der_open(w, SP_DER_CONTEXT + 1);
	size_t list = sp_der_open(w, SP_DER_SEQUENCE);
	size_t one = sp_der_open(w, SP_DER_SEQUENCE);

	sp_der_put_octets(w, 0, token);
	sp_der_close(w, one);
	sp_der_close(w, list);
	sp_der_close(w, field);
}

static void write_int(struct sp_wr *w, unsigned n, uint32_t v)
{
	size_t field = sp_der_open(w, (uint8_t)(SP_DER_CONTEXT + n));

	sp_der_put_int(w, (int32_t)v);
	sp_der_close(w, field);
}

void sp_credssp_request_write(struct sp_wr *w, const struct sp_credssp_request *in)
{
	size_t seq = sp_der_open(w, SP_DER_SEQUENCE);

	write_int(w, 0, in->version);
	if (in->nego_token.p) {
		write_nego(w, in->nego_token);
	}
	if (in->auth_info.p) {
		sp_der_put_octets(w, 2, in->auth_info);
	}
	if (in->pub_key_auth.p) {
		sp_der_put_octets(w, 3, in->pub_key_auth);
	}
	if (in->has_error) {
		write_int(w, 4, in->error);
	}
	if (in->client_nonce.p) {
		sp_der_put_octets(w, 5, in->client_nonce);
	}
	sp_der_close(w, seq);
}

int sp_credssp_password_read(struct sp_span in, struct sp_credssp_password *out)
{
	struct sp_rd r, c;

	*out = (struct sp_credssp_password){0};
	sp_rd_init(&r, in.p, in.n);
	struct sp_rd seq = sp_der_enter(&r, SP_DER_SEQUENCE, "credssp.TSCredentials");
	uint32_t type = context_u32(&seq, 0, "credssp.credType");
	if (sp_rd_ok(&seq) == SP_OK && type != CRED_TYPE_PASSWORD) {
		sp_rd_fail(&seq, SP_EPROTO, "credssp.credType");
	}
	struct sp_span creds = octets(&seq, 1, "credssp.credentials");
	sp_der_leave(&seq);
	if (sp_rd_end(&r) != SP_OK) {
		return sp_rd_ok(&r);
	}
	sp_rd_init(&c, creds.p, creds.n);
	struct sp_rd body = sp_der_enter(&c, SP_DER_SEQUENCE, "credssp.TSPasswordCreds");
	out->domain = octets(&body, 0, "credssp.domainName");
	out->user = octets(&body, 1, "credssp.userName");
	out->password = octets(&body, 2, "credssp.password");
	sp_der_leave(&body);
	return sp_rd_end(&c);
}

void sp_credssp_password_write(struct sp_wr *w, const struct sp_credssp_password *in)
{
	size_t seq = sp_der_open(w, SP_DER_SEQUENCE);

	write_int(w, 0, CRED_TYPE_PASSWORD);
	size_t field = sp_der_open(w, SP_DER_CONTEXT + 1);
	size_t content = sp_der_open(w, SP_DER_OCTETS);
	size_t body = sp_der_open(w, SP_DER_SEQUENCE);
	sp_der_put_octets(w, 0, in->domain);
	sp_der_put_octets(w, 1, in->user);
	sp_der_put_octets(w, 2, in->password);
	sp_der_close(w, body);
	sp_der_close(w, content);
	sp_der_close(w, field);
	sp_der_close(w, seq);
}

void sp_credssp_binding(const struct sp_crypto *c, enum sp_credssp_way way,
		const uint8_t nonce[SP_CREDSSP_NONCE], struct sp_span public_key,
		uint8_t out[SP_SHA256_SIZE])
{
	/* Hashed with their NUL. */
	static const char to_server[] = "CredSSP Client-To-Server Binding Hash";
	static const char to_client[] = "CredSSP Server-To-Client Binding Hash";
	struct sp_span parts[] = {
			way == SP_CREDSSP_TO_SERVER ? sp_span(to_server, sizeof(to_server))
						    : sp_span(to_client, sizeof(to_client)),
			sp_span(nonce, SP_CREDSSP_NONCE),
			public_key,
	};

	c->sha256(parts, SP_LEN(parts), out);
}
