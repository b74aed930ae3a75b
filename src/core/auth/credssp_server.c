/* core/auth/credssp_server.c - see credssp_server.h. */
#include "core/auth/credssp_server.h"

#include <string.h>

#include "core/auth/nego_server.h"
#include "core/base/mem.h"
#include "core/base/utf16.h"

#define MIN_VERSION 5
#define SEALED_HASH (SP_NTLMV2_SIGNATURE + SP_SHA256_SIZE)
#define MAX_AUTH_INFO 4096 /* two names and a password, sealed */
/* Until there is Kerberos no honest request is larger. */
#define MAX_REQUEST 16384

enum state {
	WAIT_NEGO, /* the client's tokens, up to its proof */
	WAIT_CHALLENGE, /* the owner's challenge */
	WAIT_VERDICT, /* the owner's verdict */
	WAIT_PUB_KEY, /* SPNEGO may send it after its last token */
	WAIT_AUTH_INFO,
	DONE,
	FAILED,
};

struct sp_credssp_server {
	const struct sp_crypto *crypto;
	enum state state;
	uint32_t version; /* as the client sends it, 0 before the first request */
	const char *why;
	struct sp_nego_server nego;
	size_t n_key;
	uint8_t key[SP_CREDSSP_MAX_KEY];
	bool has_pub_key; /* came with the proof */
	uint8_t pub_key[SEALED_HASH];
	uint8_t nonce[SP_CREDSSP_NONCE];
	struct sp_credssp_login login;
};

struct sp_credssp_server *sp_credssp_server_create(
		const struct sp_crypto *c, const struct sp_credssp_server_conf *conf)
{
	if (conf->public_key.n == 0 || conf->public_key.n > SP_CREDSSP_MAX_KEY) {
		return NULL;
	}
	struct sp_credssp_server *s = sp_calloc(1, sizeof(*s));
	if (!s) {
		return NULL;
	}
	s->crypto = c;
	s->why = "credssp";
	s->n_key = conf->public_key.n;
	memcpy(s->key, conf->public_key.p, s->n_key);
	sp_nego_server_init(&s->nego, c, conf->endpoint_hash);
	return s;
}

void sp_credssp_server_destroy(struct sp_credssp_server *s)
{
	if (!s) {
		return;
	}
	sp_nego_server_finish(&s->nego);
	sp_freezero(s, sizeof(*s));
}

static uint32_t our_version(const struct sp_credssp_server *s)
{
	return s->version < SP_CREDSSP_VERSION ? s->version : SP_CREDSSP_VERSION;
}

/*
 * The end. The client is told when its version knows errorCode ([MS-CSSP] 2.2.1) and while it
 * still waits for a TSRequest; what it is told is always the same.
 */
static int fail(struct sp_credssp_server *s, int rc, const char *why, struct sp_wr *reply)
{
	bool waits = s->state < WAIT_AUTH_INFO;
	uint32_t v = our_version(s);

	s->state = FAILED;
	if (why) {
		s->why = why;
	}
	if (waits && (v == 3 || v == 4 || v == 6)) {
		struct sp_credssp_request r = {
				.version = v,
				.has_error = true,
				.error = SP_STATUS_LOGON_FAILURE,
		};
		sp_credssp_request_write(reply, &r);
	}
	return rc;
}

static void write_request(const struct sp_credssp_server *s, struct sp_span token,
		struct sp_span pub_key, struct sp_wr *reply)
{
	struct sp_credssp_request r = {
			.version = our_version(s),
			.nego_token = token.n > 0 ? token : (struct sp_span){NULL, 0},
			.pub_key_auth = pub_key,
	};

	sp_credssp_request_write(reply, &r);
}

/* Our own lack while writing a reply; takes back what was half written. */
static int written(struct sp_credssp_server *s, size_t start, struct sp_wr *reply)
{
	if (sp_wr_ok(reply) == SP_OK) {
		return SP_CREDSSP_MORE;
	}
	int rc = sp_wr_ok(reply);
	sp_wr_shrink(reply, reply->n - start);
	s->state = FAILED;
	s->why = "credssp.reply";
	return rc;
}

/* Checks the client's hash over our key and writes ours, with the last token if there is one. */
static int bind_key(struct sp_credssp_server *s, struct sp_span token, struct sp_wr *reply)
{
	uint8_t want[SP_SHA256_SIZE], got[SP_SHA256_SIZE], sealed[SEALED_HASH];
	struct sp_span key = sp_span(s->key, s->n_key);
	size_t start = reply->n;
	struct sp_wr w;

	int rc = sp_ntlm_session_unseal(
			&s->nego.ntlm.session, sp_span(s->pub_key, sizeof(s->pub_key)), got);
	sp_credssp_binding(s->crypto, SP_CREDSSP_TO_SERVER, s->nonce, key, want);
	if (rc != SP_OK || !sp_secret_eq(want, got, sizeof(want))) {
		return fail(s, SP_EAUTH, "credssp.pubKeyAuth", reply);
	}
	sp_credssp_binding(s->crypto, SP_CREDSSP_TO_CLIENT, s->nonce, key, want);
	sp_wr_fixed(&w, sealed, sizeof(sealed));
	sp_ntlm_session_seal(&s->nego.ntlm.session, sp_span(want, sizeof(want)), &w);
	write_request(s, token, sp_span(sealed, w.n), reply);
	s->state = WAIT_AUTH_INFO;
	return written(s, start, reply);
}

/* Keeps pubKeyAuth and the nonce that came with it. */
static int take_pub_key(struct sp_credssp_server *s, const struct sp_credssp_request *r,
		struct sp_wr *reply)
{
	if (r->pub_key_auth.n != sizeof(s->pub_key)) {
		return fail(s, SP_EFIELD, "credssp.pubKeyAuth", reply);
	}
	if (r->client_nonce.n != sizeof(s->nonce)) {
		return fail(s, SP_EFIELD, "credssp.clientNonce", reply);
	}
	memcpy(s->pub_key, r->pub_key_auth.p, sizeof(s->pub_key));
	memcpy(s->nonce, r->client_nonce.p, sizeof(s->nonce));
	s->has_pub_key = true;
	return SP_OK;
}

/* What the step of the mechanism means for us: a want, or the end. */
static int after_token(struct sp_credssp_server *s, int rc, const struct sp_credssp_request *r,
		struct sp_wr *reply)
{
	bool proof = rc == SP_NEGO_ASK_PROOF;

	if (rc < 0) {
		return fail(s, rc, s->nego.why, reply);
	}
	/* The key is bound along with the proof; only SPNEGO may do it afterwards. */
	if (r->pub_key_auth.p ? !proof : proof && s->nego.form == SP_NEGO_RAW) {
		return fail(s, SP_ESTATE, "credssp.pubKeyAuth", reply);
	}
	if (r->pub_key_auth.p) {
		int taken = take_pub_key(s, r, reply);

		if (taken != SP_OK) {
			return taken;
		}
	}
	if (proof) {
		s->state = WAIT_VERDICT;
		return SP_CREDSSP_ASK_PROOF;
	}
	if (rc == SP_NEGO_ASK_CHALLENGE) {
		s->state = WAIT_CHALLENGE;
		return SP_CREDSSP_ASK_CHALLENGE;
	}
	return SP_CREDSSP_MORE;
}

/* Sends the mechanism's token alone. */
static int send_token(struct sp_credssp_server *s, const struct sp_wr *token, struct sp_wr *reply)
{
	size_t start = reply->n;

	if (sp_wr_ok(token) != SP_OK) {
		return fail(s, sp_wr_ok(token), "credssp", reply);
	}
	write_request(s, sp_span(token->p, token->n), (struct sp_span){NULL, 0}, reply);
	return written(s, start, reply);
}

static int wait_nego(struct sp_credssp_server *s, const struct sp_credssp_request *r,
		struct sp_wr *reply)
{
	struct sp_wr token;

	if (!r->nego_token.p || r->auth_info.p) {
		return fail(s, SP_ESTATE, "credssp.negoTokens", reply);
	}
	sp_wr_init(&token, SP_NTLM_MAX_TOKEN);
	int rc = sp_nego_server_step(&s->nego, r->nego_token, &token);
	rc = after_token(s, rc, r, reply);
	if (rc == SP_CREDSSP_MORE) {
		rc = send_token(s, &token, reply);
	}
	sp_wr_finish(&token);
	return rc;
}

/* Compares two names as Windows does, without regard to case. */
static bool same_name(struct sp_span a, struct sp_span b)
{
	if (a.n != b.n) {
		return false;
	}
	for (size_t i = 0; i + 1 < a.n; i += 2) {
		uint16_t x = (uint16_t)(a.p[i] | a.p[i + 1] << 8);
		uint16_t y = (uint16_t)(b.p[i] | b.p[i + 1] << 8);

		if (sp_ntlmv2_upper(x) != sp_ntlmv2_upper(y)) {
			return false;
		}
	}
	return true;
}

/*
 * The delegated name must be the proved one. Clients may keep "DOMAIN\user" together here that
 * they took apart for NTLM, or the other way round with "user@domain".
 */
static bool same_user(const struct sp_ntlmv2_query *q, const struct sp_credssp_password *p)
{
	struct sp_span proved = sp_span(q->user, q->n_user);
	struct sp_span user = p->user;

	for (size_t i = 0; i + 1 < user.n; i += 2) {
		if (user.p[i] == '\\' && user.p[i + 1] == 0) {
			user = sp_span(user.p + i + 2, user.n - i - 2);
			break;
		}
	}
	if (same_name(user, proved)) {
		return true;
	}
	return proved.n == user.n + 2 + p->domain.n && same_name(user, sp_span(proved.p, user.n)) &&
			proved.p[user.n] == '@' && proved.p[user.n + 1] == 0 &&
			same_name(p->domain, sp_span(proved.p + user.n + 2, p->domain.n));
}

/* UTF-16LE without NUL into UTF-8; false when it does not fit or holds a NUL. */
static bool to_utf8(struct sp_span in, char *out, size_t cap)
{
	for (size_t i = 0; i + 1 < in.n; i += 2) {
		if (in.p[i] == 0 && in.p[i + 1] == 0) {
			return false;
		}
	}
	return in.n % 2 == 0 && sp_utf16_to_utf8(in, out, cap);
}

static int take_login(struct sp_credssp_server *s, struct sp_span plain, struct sp_wr *reply)
{
	const struct sp_ntlmv2_query *q = &s->nego.ntlm.query;
	struct sp_credssp_password p;
	char password[SP_SECRET_MAX + 1];

	int rc = sp_credssp_password_read(plain, &p);
	if (rc != SP_OK) {
		return fail(s, rc, rc == SP_EPROTO ? "credssp.credType" : "credssp.TSCredentials",
				reply);
	}
	if (p.user.n % 2 != 0 || p.domain.n % 2 != 0 || !same_user(q, &p)) {
		return fail(s, SP_EDENIED, "credssp.userName", reply);
	}
	if (!to_utf8(sp_span(q->user, q->n_user), s->login.user, sizeof(s->login.user)) ||
			!to_utf8(sp_span(q->domain, q->n_domain), s->login.domain,
					sizeof(s->login.domain))) {
		return fail(s, SP_EFIELD, "credssp.userName", reply);
	}
	bool good = to_utf8(p.password, password, sizeof(password)) &&
			sp_secret_set(&s->login.password, password, strlen(password));
	sp_wipe(password, sizeof(password));
	if (!good) {
		return fail(s, SP_EFIELD, "credssp.password", reply);
	}
	s->state = DONE;
	return SP_CREDSSP_DONE;
}

static int wait_auth_info(struct sp_credssp_server *s, const struct sp_credssp_request *r,
		struct sp_wr *reply)
{
	uint8_t plain[MAX_AUTH_INFO];

	if (!r->auth_info.p || r->nego_token.p || r->pub_key_auth.p) {
		return fail(s, SP_ESTATE, "credssp.authInfo", reply);
	}
	if (!(r->auth_info.n <= sizeof(plain))) {
		return fail(s, SP_ELIMIT, "credssp.authInfo", reply);
	}
	int rc = sp_ntlm_session_unseal(&s->nego.ntlm.session, r->auth_info, plain);
	if (rc == SP_OK) {
		rc = take_login(s, sp_span(plain, r->auth_info.n - SP_NTLMV2_SIGNATURE), reply);
	} else {
		rc = fail(s, rc, "credssp.authInfo", reply);
	}
	sp_wipe(plain, sizeof(plain));
	return rc;
}

static int wait_pub_key(struct sp_credssp_server *s, const struct sp_credssp_request *r,
		struct sp_wr *reply)
{
	if (!r->pub_key_auth.p || r->nego_token.p || r->auth_info.p) {
		return fail(s, SP_ESTATE, "credssp.pubKeyAuth", reply);
	}
	int rc = take_pub_key(s, r, reply);
	return rc == SP_OK ? bind_key(s, (struct sp_span){NULL, 0}, reply) : rc;
}

static int check_version(struct sp_credssp_server *s, const struct sp_credssp_request *r)
{
	if (s->version != 0) {
		return r->version == s->version ? SP_OK : SP_EFIELD;
	}
	s->version = r->version;
	return r->version >= MIN_VERSION && r->version <= INT32_MAX ? SP_OK : SP_EPROTO;
}

int sp_credssp_server_step(struct sp_credssp_server *s, struct sp_span request, struct sp_wr *reply)
{
	struct sp_credssp_request r;

	if (s->state == DONE || s->state == FAILED) {
		s->state = FAILED;
		return SP_ESTATE;
	}
	int rc = request.n <= MAX_REQUEST ? sp_credssp_request_read(request, &r) : SP_ELIMIT;
	if (rc != SP_OK) {
		return fail(s, rc, "credssp.TSRequest", reply);
	}
	rc = check_version(s, &r);
	if (rc != SP_OK) {
		return fail(s, rc, "credssp.version", reply);
	}
	if (r.has_error) {
		return fail(s, SP_EFIELD, "credssp.errorCode", reply);
	}
	switch (s->state) {
	case WAIT_NEGO:
		return wait_nego(s, &r, reply);
	case WAIT_PUB_KEY:
		return wait_pub_key(s, &r, reply);
	case WAIT_AUTH_INFO:
		return wait_auth_info(s, &r, reply);
	default:
		return fail(s, SP_ESTATE, "credssp", reply);
	}
}

int sp_credssp_server_challenge(struct sp_credssp_server *s,
		const struct sp_credssp_challenge *challenge, struct sp_wr *reply)
{
	struct sp_wr token;

	if (s->state != WAIT_CHALLENGE) {
		return fail(s, SP_ESTATE, "credssp", reply);
	}
	sp_wr_init(&token, SP_NTLM_MAX_TOKEN);
	int rc = sp_nego_server_challenge(&s->nego, challenge, &token);
	if (rc < 0) {
		rc = fail(s, rc, s->nego.why, reply);
	} else {
		s->state = WAIT_NEGO;
		rc = send_token(s, &token, reply);
	}
	sp_wr_finish(&token);
	return rc;
}

int sp_credssp_server_verdict(struct sp_credssp_server *s, enum sp_credssp_verdict verdict,
		const uint8_t base_key[SP_NTLMV2_KEY], struct sp_wr *reply)
{
	struct sp_wr token;

	if (s->state != WAIT_VERDICT) {
		return fail(s, SP_ESTATE, "credssp", reply);
	}
	if (verdict != SP_CREDSSP_PROVED || !base_key) {
		return fail(s, SP_EAUTH, "ntlm.NTProofStr", reply);
	}
	sp_wr_init(&token, SP_NTLM_MAX_TOKEN);
	int rc = sp_nego_server_proved(&s->nego, base_key, &token);
	if (rc < 0) {
		rc = fail(s, rc, s->nego.why, reply);
	} else if (sp_wr_ok(&token) != SP_OK) {
		rc = fail(s, sp_wr_ok(&token), "credssp", reply);
	} else if (s->has_pub_key) {
		rc = bind_key(s, sp_span(token.p, token.n), reply);
	} else {
		s->state = WAIT_PUB_KEY;
		rc = send_token(s, &token, reply);
	}
	sp_wr_finish(&token);
	return rc;
}

const struct sp_ntlmv2_query *sp_credssp_server_query(const struct sp_credssp_server *s)
{
	return s->nego.ntlm.query.n_user > 0 ? &s->nego.ntlm.query : NULL;
}

const struct sp_credssp_login *sp_credssp_server_login(const struct sp_credssp_server *s)
{
	return s->state == DONE ? &s->login : NULL;
}

const char *sp_credssp_server_why(const struct sp_credssp_server *s)
{
	return s->why;
}

const char *sp_credssp_server_workstation(const struct sp_credssp_server *s)
{
	return s->nego.ntlm.workstation;
}
