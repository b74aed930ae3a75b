/*
 * host/io/tls_signer.c - an OpenSSL provider whose private keys are somewhere else: it shows the
 * certificate's public key and hands each message to be signed to a callback.
 */
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "host/io/tls_lib.h"

#define PARAM_KEY "sallyport-key"
#define PROVIDER "keeper"
#define SIGNATURE "KEEPER-SIGN"

/* libssl finds the certificate's slot by these names. */
#define NAMES_EC "EC:id-ecPublicKey:1.2.840.10045.2.1"
#define NAMES_RSA "RSA:rsaEncryption:1.2.840.113549.1.1.1"

struct key {
	EVP_PKEY *pub;
	sp_tls_sign_fn sign;
	void *arg;
};

struct signing {
	const struct key *key; /* referenced by the EVP_PKEY_CTX around us */
	int digest; /* 256, 384, 512; 0 not one of ours */
	bool pss;
};

/* ---- keys ---- */

static void *key_new(void *provctx)
{
	(void)provctx;
	return sp_calloc(1, sizeof(struct key));
}

static void key_free(void *keydata)
{
	struct key *k = keydata;

	if (k) {
		EVP_PKEY_free(k->pub);
	}
	sp_free(k);
}

static int key_has(const void *keydata, int selection)
{
	(void)keydata, (void)selection;
	return 1;
}

static int key_import(void *keydata, int selection, const OSSL_PARAM params[])
{
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, PARAM_KEY);
	struct key *k = keydata;
	const void *from;
	size_t n;

	(void)selection;
	if (!p || !OSSL_PARAM_get_octet_ptr(p, &from, &n) || n != sizeof(*k) || k->pub) {
		return 0;
	}
	memcpy(k, from, sizeof(*k));
	EVP_PKEY_up_ref(k->pub);
	return 1;
}

static const OSSL_PARAM *key_import_types(int selection)
{
	static const OSSL_PARAM types[] = {
			OSSL_PARAM_octet_ptr(PARAM_KEY, NULL, 0), OSSL_PARAM_END};

	(void)selection;
	return types;
}

static int key_export(void *keydata, int selection, OSSL_CALLBACK *cb, void *cbarg)
{
	const struct key *k = keydata;
	OSSL_PARAM *params = NULL;

	/* Were the public half given out as a pair, another provider would try to sign with it. */
	if (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) {
		return 0;
	}
	int ok = EVP_PKEY_todata(k->pub, selection, &params) && cb(params, cbarg);
	OSSL_PARAM_free(params);
	return ok;
}

static const OSSL_PARAM *key_export_types(int selection)
{
	static const OSSL_PARAM types[] = {
			OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
			OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
			OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
			OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0), OSSL_PARAM_END};

	return selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY ? NULL : types;
}

static int key_get_params(void *keydata, OSSL_PARAM params[])
{
	const struct key *k = keydata;

	return EVP_PKEY_get_params(k->pub, params);
}

static const OSSL_PARAM *key_gettable_params(void *provctx)
{
	static const OSSL_PARAM types[] = {OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
			OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
			OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
			OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
			OSSL_PARAM_END};

	(void)provctx;
	return types;
}

static const char *key_operation_name(int operation)
{
	/* A name of our own, so that no other provider is even asked to sign. */
	return operation == OSSL_OP_SIGNATURE ? SIGNATURE : NULL;
}

#define FN(id, f) \
	{ \
		id, (void (*)(void))(f) \
	}

static const OSSL_DISPATCH key_functions[] = {FN(OSSL_FUNC_KEYMGMT_NEW, key_new),
		FN(OSSL_FUNC_KEYMGMT_FREE, key_free), FN(OSSL_FUNC_KEYMGMT_HAS, key_has),
		FN(OSSL_FUNC_KEYMGMT_IMPORT, key_import),
		FN(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, key_import_types),
		FN(OSSL_FUNC_KEYMGMT_EXPORT, key_export),
		FN(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, key_export_types),
		FN(OSSL_FUNC_KEYMGMT_GET_PARAMS, key_get_params),
		FN(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, key_gettable_params),
		FN(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, key_operation_name), {0, NULL}};

/* ---- signatures ---- */

static void *signing_new(void *provctx, const char *propq)
{
	(void)provctx, (void)propq;
	return sp_calloc(1, sizeof(struct signing));
}

static void signing_free(void *ctx)
{
	sp_free(ctx);
}

static int signing_set_params(void *ctx, const OSSL_PARAM params[])
{
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
	struct signing *s = ctx;
	int mode;

	if (p) {
		if (!OSSL_PARAM_get_int(p, &mode) ||
				(mode != RSA_PKCS1_PADDING && mode != RSA_PKCS1_PSS_PADDING)) {
			return 0;
		}
		s->pss = mode == RSA_PKCS1_PSS_PADDING;
	}
	p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN);
	if (p) {
		/* The salt of TLS is as long as its digest, whichever way that is said. */
		const char *text;
		bool is_digest = p->data_type == OSSL_PARAM_UTF8_STRING
				? OSSL_PARAM_get_utf8_string_ptr(p, &text) &&
						strcmp(text, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST) == 0
				: OSSL_PARAM_get_int(p, &mode) && mode == RSA_PSS_SALTLEN_DIGEST;
		return is_digest;
	}
	return 1;
}

static const OSSL_PARAM *signing_settable_params(void *ctx, void *provctx)
{
	static const OSSL_PARAM types[] = {OSSL_PARAM_int(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL),
			OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
			OSSL_PARAM_END};

	(void)ctx, (void)provctx;
	return types;
}

static int signing_init(void *ctx, const char *digest, void *keydata, const OSSL_PARAM params[])
{
	struct signing *s = ctx;

	s->key = keydata ? keydata : s->key;
	s->pss = false;
	s->digest = 0;
	/* "SHA256", "SHA2-256", "SHA-256" */
	if (digest && strncmp(digest, "SHA", 3) == 0 && strlen(digest) >= 6) {
		const char *bits = digest + strlen(digest) - 3;
		s->digest = strcmp(bits, "256") == 0       ? 256
				: strcmp(bits, "384") == 0 ? 384
				: strcmp(bits, "512") == 0 ? 512
							   : 0;
	}
	return s->key && s->digest != 0 && (!params || signing_set_params(s, params));
}

static int scheme_of(const struct signing *s)
{
	int step = (s->digest - 256) / 128;

	if (EVP_PKEY_is_a(s->key->pub, "EC")) {
		return 0x0403 + 0x0100 * step; /* ecdsa_secp256r1_sha256 and its sisters */
	}
	return s->pss ? 0x0804 + step : 0x0401 + 0x0100 * step;
}

static int signing_sign(void *ctx, unsigned char *sig, size_t *sig_len, size_t room,
		const unsigned char *message, size_t n)
{
	const struct signing *s = ctx;
	size_t len = room;

	if (!sig) {
		*sig_len = (size_t)EVP_PKEY_get_size(s->key->pub);
		return 1;
	}
	if (s->key->sign(s->key->arg, scheme_of(s), sp_span(message, n), sig, &len) != SP_OK ||
			len > room) {
		return 0;
	}
	*sig_len = len;
	return 1;
}

static const OSSL_DISPATCH signing_functions[] = {FN(OSSL_FUNC_SIGNATURE_NEWCTX, signing_new),
		FN(OSSL_FUNC_SIGNATURE_FREECTX, signing_free),
		FN(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, signing_init),
		FN(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, signing_sign),
		FN(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, signing_set_params),
		FN(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, signing_settable_params), {0, NULL}};

/* ---- the provider ---- */

static const OSSL_ALGORITHM *provider_query(void *provctx, int operation, int *no_cache)
{
	static const OSSL_ALGORITHM keys[] = {
			{NAMES_EC, "provider=" PROVIDER, key_functions, "EC key kept elsewhere"},
			{NAMES_RSA, "provider=" PROVIDER, key_functions, "RSA key kept elsewhere"},
			{NULL, NULL, NULL, NULL}};
	static const OSSL_ALGORITHM signatures[] = {
			{SIGNATURE, "provider=" PROVIDER, signing_functions, "signs elsewhere"},
			{NULL, NULL, NULL, NULL}};

	(void)provctx;
	*no_cache = 0;
	switch (operation) {
	case OSSL_OP_KEYMGMT:
		return keys;
	case OSSL_OP_SIGNATURE:
		return signatures;
	default:
		return NULL;
	}
}

static int provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
		const OSSL_DISPATCH **out, void **provctx)
{
	static const OSSL_DISPATCH functions[] = {
			FN(OSSL_FUNC_PROVIDER_QUERY_OPERATION, provider_query), {0, NULL}};

	(void)in;
	*out = functions;
	*provctx = (void *)(uintptr_t)handle;
	return 1;
}

bool sp_tls_signer_register(OSSL_LIB_CTX *lib)
{
	return OSSL_PROVIDER_add_builtin(lib, PROVIDER, provider_init) &&
			OSSL_PROVIDER_try_load(lib, PROVIDER, 1);
}

EVP_PKEY *sp_tls_signer_key(EVP_PKEY *pub, sp_tls_sign_fn sign, void *arg)
{
	struct key k = {pub, sign, arg};
	void *at = &k;
	OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_ptr(PARAM_KEY, &at, sizeof(k)),
			OSSL_PARAM_construct_end()};
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(sp_tls_lib(),
			EVP_PKEY_is_a(pub, "EC") ? "EC" : "RSA", "provider=" PROVIDER);
	EVP_PKEY *made = NULL;

	if (!c || EVP_PKEY_fromdata_init(c) <= 0 ||
			EVP_PKEY_fromdata(c, &made, EVP_PKEY_KEYPAIR, params) <= 0) {
		made = NULL;
	}
	EVP_PKEY_CTX_free(c);
	return made;
}
