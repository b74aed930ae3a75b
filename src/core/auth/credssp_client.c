/* core/auth/credssp_client.c - see credssp_client.h. */
#include "core/auth/credssp_client.h"

#include <string.h>

#include "core/auth/nego_client.h"
#include "core/base/mem.h"
#include "core/base/utf16.h"

#define MIN_VERSION 2
#define HASH_VERSION 5 /* from here on the key is bound by two hashes */
#define MAX_CREDS 2048 /* TSCredentials: two names and a password in UTF-16LE */

enum state {
	START,
	WAIT_NEGO,
	WAIT_PUB_KEY,
	DONE,
	FAILED
};

struct sp_credssp_client {
	const struct sp_crypto *crypto;
	enum state state;
	uint32_t version; /* ours */
	uint32_t server; /* as the server sends it, 0 before its first request */
	bool allow_old;
	uint32_t status;
	const char *why;
	struct sp_nego_client nego;
	struct sp_secret password; /* UTF-16LE; INVARIANT: empty once it was sealed */
	size_t n_key;
	uint8_t key[SP_CREDSSP_MAX_KEY];
	uint8_t nonce[SP_CREDSSP_NONCE];
};

static int init(struct sp_credssp_client *c, const struct sp_credssp_client_conf *conf)
{
	char password[SP_SECRET_MAX + 1];
	struct sp_wr w;

	if (!(conf->password.n < sizeof(password))) {
		return SP_ELIMIT;
	}
	if (conf->password.n > 0) {
		memcpy(password, conf->password.p, conf->password.n);
	}
	password[conf->password.n] = 0;
	sp_wr_fixed(&w, c->password.p, sizeof(c->password.p));
	sp_utf16_write(&w, password);
	c->password.n = w.n;
	struct sp_ntlm_client_conf ntlm = {
			.user = conf->user,
			.domain = conf->domain,
			.workstation = conf->workstation,
			.target = conf->target,
			.password = password,
			.endpoint_hash = conf->endpoint_hash,
			.filetime = conf->filetime,
	};
	int rc = sp_nego_client_init(&c->nego, c->crypto, &ntlm, conf->spnego);
	/* A NUL inside would make it another password. */
	if (rc == SP_OK && (strlen(password) != conf->password.n || sp_wr_ok(&w) != SP_OK)) {
		rc = SP_EARG;
	}
	sp_wipe(password, sizeof(password));
	return rc;
}

struct sp_credssp_client *sp_credssp_client_create(
		const struct sp_crypto *crypto, const struct sp_credssp_client_conf *conf)
{
	uint32_t version = conf->version ? conf->version : SP_CREDSSP_VERSION;

	if (conf->public_key.n == 0 || conf->public_key.n > SP_CREDSSP_MAX_KEY ||
			version < MIN_VERSION || version > SP_CREDSSP_VERSION) {
		return NULL;
	}
	struct sp_credssp_client *c = sp_calloc(1, sizeof(*c));
	if (!c) {
		return NULL;
	}
	c->crypto = crypto;
	c->version = version;
	c->allow_old = conf->allow_old;
	c->why = "credssp";
	c->n_key = conf->public_key.n;
	memcpy(c->key, conf->public_key.p, c->n_key);
	if (init(c, conf) != SP_OK) {
		sp_credssp_client_destroy(c);
		return NULL;
	}
	return c;
}

void sp_credssp_client_destroy(struct sp_credssp_client *c)
{
	if (!c) {
		return;
	}
	sp_nego_client_finish(&c->nego);
	sp_freezero(c, sizeof(*c));
}

static int fail(struct sp_credssp_client *c, int rc, const char *why)
{
	c->state = FAILED;
	c->why = why;
	return rc;
}

/* The version that both understand; the server's is known. */
static uint32_t common(const struct sp_credssp_client *c)
{
	return c->server < c->version ? c->server : c->version;
}

static int written(struct sp_credssp_client *c, int want, size_t start, struct sp_wr *reply)
{
	if (sp_wr_ok(reply) == SP_OK) {
		return want;
	}
	sp_wr_shrink(reply, reply->n - start);
	return fail(c, sp_wr_ok(reply), "credssp.reply");
}

/* pubKeyAuth of our side; also settles the nonce. */
static int write_pub_key(struct sp_credssp_client *c, struct sp_wr *w)
{
	struct sp_span plain = sp_span(c->key, c->n_key);
	uint8_t hash[SP_SHA256_SIZE];

	if (common(c) >= HASH_VERSION) {
		int rc = c->crypto->random(c->nonce, sizeof(c->nonce));

		if (rc != SP_OK) {
			return rc;
		}
		sp_credssp_binding(c->crypto, SP_CREDSSP_TO_SERVER, c->nonce, plain, hash);
		plain = sp_span(hash, sizeof(hash));
	}
	sp_ntlm_session_seal(&c->nego.ntlm.session, plain, w);
	return sp_wr_ok(w);
}

static void add_nonce(const struct sp_credssp_client *c, struct sp_credssp_request *r)
{
	if (common(c) >= HASH_VERSION) {
		r->client_nonce = sp_span(c->nonce, sizeof(c->nonce));
	}
}

static int nego(struct sp_credssp_client *c, struct sp_span token, struct sp_wr *reply)
{
	struct sp_credssp_request r = {.version = c->version};
	uint8_t sealed[SP_NTLMV2_SIGNATURE + SP_CREDSSP_MAX_KEY];
	size_t start = reply->n;
	struct sp_wr out, key;

	sp_wr_init(&out, SP_NTLM_MAX_TOKEN);
	sp_wr_fixed(&key, sealed, sizeof(sealed));
	int rc = sp_nego_client_step(&c->nego, token, &out);
	const char *why = c->nego.why;
	c->state = WAIT_NEGO;
	if (rc == SP_NEGO_DONE) {
		why = "credssp";
		rc = write_pub_key(c, &key);
		r.pub_key_auth = sp_span(sealed, key.n);
		add_nonce(c, &r);
		c->state = WAIT_PUB_KEY;
	}
	if (rc >= 0 && sp_wr_ok(&out) != SP_OK) {
		rc = sp_wr_ok(&out);
	}
	if (rc >= 0) {
		r.nego_token = out.n > 0 ? sp_span(out.p, out.n) : (struct sp_span){NULL, 0};
		sp_credssp_request_write(reply, &r);
		rc = written(c, SP_CREDSSP_MORE, start, reply);
	} else {
		rc = fail(c, rc, why);
	}
	sp_wr_finish(&out);
	return rc;
}

/* Whether the server proved that it holds the key of the certificate we see. */
static bool server_bound(const struct sp_credssp_client *c, struct sp_span plain)
{
	uint8_t want[SP_SHA256_SIZE];
	struct sp_span key = sp_span(c->key, c->n_key);

	if (common(c) >= HASH_VERSION) {
		sp_credssp_binding(c->crypto, SP_CREDSSP_TO_CLIENT, c->nonce, key, want);
		return plain.n == sizeof(want) && sp_secret_eq(want, plain.p, sizeof(want));
	}
	/* [MS-CSSP] 3.1.5, versions 2 to 4: the key with one added to its first byte. */
	return plain.n == key.n && plain.p[0] == (uint8_t)(key.p[0] + 1) &&
			sp_secret_eq(plain.p + 1, key.p + 1, key.n - 1);
}

static int send_credentials(struct sp_credssp_client *c, struct sp_wr *reply)
{
	const struct sp_ntlm_client *n = &c->nego.ntlm;
	struct sp_credssp_password p = {
			.domain = sp_span(n->domain, n->n_domain),
			.user = sp_span(n->user, n->n_user),
			.password = sp_span(c->password.p, c->password.n),
	};
	uint8_t plain[MAX_CREDS], sealed[SP_NTLMV2_SIGNATURE + MAX_CREDS];
	struct sp_credssp_request r = {.version = c->version};
	size_t start = reply->n;
	struct sp_wr pw, sw;

	sp_wr_fixed(&pw, plain, sizeof(plain));
	sp_credssp_password_write(&pw, &p);
	sp_wr_fixed(&sw, sealed, sizeof(sealed));
	sp_ntlm_session_seal(&c->nego.ntlm.session, sp_span(plain, pw.n), &sw);
	sp_wipe(plain, sizeof(plain));
	sp_secret_wipe(&c->password);
	if (sp_wr_ok(&pw) != SP_OK || sp_wr_ok(&sw) != SP_OK) {
		return fail(c, SP_ESPACE, "credssp.authInfo");
	}
	r.auth_info = sp_span(sealed, sw.n);
	add_nonce(c, &r);
	sp_credssp_request_write(reply, &r);
	c->state = DONE;
	return written(c, SP_CREDSSP_DONE, start, reply);
}

static int wait_pub_key(struct sp_credssp_client *c, const struct sp_credssp_request *r,
		struct sp_wr *reply)
{
	uint8_t plain[SP_CREDSSP_MAX_KEY];

	if (!r->pub_key_auth.p || r->auth_info.p) {
		return fail(c, SP_ESTATE, "credssp.pubKeyAuth");
	}
	if (!(r->pub_key_auth.n <= SP_NTLMV2_SIGNATURE + sizeof(plain))) {
		return fail(c, SP_ELIMIT, "credssp.pubKeyAuth");
	}
	int rc = sp_ntlm_session_unseal(&c->nego.ntlm.session, r->pub_key_auth, plain);
	if (rc != SP_OK ||
			!server_bound(c, sp_span(plain, r->pub_key_auth.n - SP_NTLMV2_SIGNATURE))) {
		return fail(c, SP_EDENIED, "credssp.pubKeyAuth");
	}
	return send_credentials(c, reply);
}

static int check_version(struct sp_credssp_client *c, const struct sp_credssp_request *r)
{
	if (c->server != 0) {
		return r->version == c->server ? SP_OK : SP_EFIELD;
	}
	c->server = r->version;
	return r->version >= (c->allow_old ? MIN_VERSION : HASH_VERSION) ? SP_OK : SP_EPROTO;
}

int sp_credssp_client_step(struct sp_credssp_client *c, struct sp_span request, struct sp_wr *reply)
{
	struct sp_credssp_request r;

	if (c->state == START && request.n == 0) {
		return nego(c, (struct sp_span){NULL, 0}, reply);
	}
	if (c->state != WAIT_NEGO && c->state != WAIT_PUB_KEY) {
		return fail(c, SP_ESTATE, "credssp");
	}
	int rc = sp_credssp_request_read(request, &r);
	if (rc != SP_OK) {
		return fail(c, rc, "credssp.TSRequest");
	}
	if (r.has_error) {
		c->status = r.error;
		return fail(c, SP_EAUTH, "credssp.errorCode");
	}
	rc = check_version(c, &r);
	if (rc != SP_OK) {
		return fail(c, rc, "credssp.version");
	}
	if (c->state == WAIT_PUB_KEY) {
		return wait_pub_key(c, &r, reply);
	}
	if (!r.nego_token.p || r.auth_info.p || r.pub_key_auth.p) {
		return fail(c, SP_ESTATE, "credssp.negoTokens");
	}
	return nego(c, r.nego_token, reply);
}

uint32_t sp_credssp_client_status(const struct sp_credssp_client *c)
{
	return c->status;
}

const char *sp_credssp_client_why(const struct sp_credssp_client *c)
{
	return c->why;
}
