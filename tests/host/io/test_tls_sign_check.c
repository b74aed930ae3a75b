/* tests/host/io/test_tls_sign_check.c - what the key's owner signs, and all that he refuses. */
#include "host/io/tls_sign_check.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

#include "core/base/err.h"
#include "host/io/tls.h"
#include "host/io/tls_lib.h"
#include "tls_kit.h"
#include "unit.h"

struct message {
	size_t n;
	uint8_t p[512];
};

/* The TLS 1.3 form: spaces, context with its NUL, n bytes of a hash. */
static struct message m13(const char *context, size_t hash)
{
	struct message m = {0};

	memset(m.p, ' ', 64);
	memcpy(m.p + 64, context, strlen(context) + 1);
	m.n = 64 + strlen(context) + 1;
	memset(m.p + m.n, 0xab, hash);
	m.n += hash;
	return m;
}

/* The TLS 1.2 form: randoms, curve type, group, point. */
static struct message m12(uint8_t type, uint16_t group, uint8_t says, uint8_t first, size_t point)
{
	struct message m = {0};

	memset(m.p, 0x55, 64);
	m.p[64] = type;
	m.p[65] = (uint8_t)(group >> 8);
	m.p[66] = (uint8_t)group;
	m.p[67] = says;
	memset(m.p + 68, 0x77, point);
	m.p[68] = first;
	m.n = 68 + point;
	return m;
}

static struct sp_tls_key *load(const char *kind)
{
	char why[SP_WHY_MAX];
	struct sp_tls_key *k = sp_tls_key_load(kit_span(kit_pair(kind)->key), why);

	assert_non_null(k);
	return k;
}

#define SERVER "TLS 1.3, server CertificateVerify"
#define CLIENT "TLS 1.3, client CertificateVerify"

static void test_forms(void **state)
{
	struct message good13 = m13(SERVER, 32), good384 = m13(SERVER, 48);
	struct message x25519 = m12(3, 0x001d, 32, 0x99, 32), p256 = m12(3, 0x0017, 65, 4, 65),
		       p384 = m12(3, 0x0018, 97, 4, 97);
	struct message spaces = x25519, most = x25519, no_context = good13, no_nul = good13;
	struct sp_tls_key *k = load("EC");

	memset(spaces.p, ' ', 64); /* would be TLS 1.2 but for its beginning */
	memset(most.p, ' ', 63);
	memset(no_context.p + 64, 'x', 10);
	no_nul.p[64 + strlen(SERVER)] = 1;
	const struct {
		struct message m;
		bool good;
	} rows[] = {
			{good13, true},
			{good384, true},
			{x25519, true},
			{p256, true},
			{p384, true},
			{most, true},
			{m13(CLIENT, 32), false},
			{m13(SERVER, 31), false},
			{m13(SERVER, 33), false},
			{m13(SERVER, 47), false},
			{m13(SERVER, 64), false},
			{m13(SERVER, 0), false},
			{m13("TLS 1.3, server", 50), false},
			{no_context, false},
			{no_nul, false},
			{spaces, false},
			{m12(3, 0x001d, 32, 0x99, 33), false},
			{m12(3, 0x001d, 32, 0x99, 31), false},
			{m12(3, 0x001d, 33, 0x99, 33), false},
			{m12(3, 0x001d, 65, 4, 65), false},
			{m12(3, 0x0017, 65, 4, 66), false},
			{m12(3, 0x0017, 65, 2, 65), false},
			{m12(3, 0x0017, 33, 2, 33), false},
			{m12(3, 0x0018, 97, 6, 97), false},
			{m12(3, 0x0019, 133, 4, 133), false},
			{m12(3, 0x001e, 56, 1, 56), false},
			{m12(3, 0x0100, 32, 4, 32), false},
			{m12(1, 0x001d, 32, 0x99, 32), false},
			{m12(0, 0x0017, 65, 4, 65), false},
	};

	(void)state;
	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_span s = sp_span(rows[i].m.p, rows[i].m.n);
		uint8_t sig[SP_TLS_SIG_MAX];
		size_t n = sizeof(sig);

		if ((sp_tls_sign_check(k, 0x0403, s) == SP_OK) != rows[i].good) {
			print_message("row %zu\n", i);
		}
		assert_int_equal(
				sp_tls_sign_check(k, 0x0403, s), rows[i].good ? SP_OK : SP_EDENIED);
		assert_int_equal(sp_tls_sign(k, 0x0403, s, sig, &n),
				rows[i].good ? SP_OK : SP_EDENIED);
	}
	/* Every message of up to 200 bytes that is all zeros, and each good one cut short. */
	struct message zero = {0};
	for (size_t n = 0; n <= 200; n++) {
		assert_int_equal(sp_tls_sign_check(k, 0x0403, sp_span(zero.p, n)), SP_EDENIED);
		assert_int_equal(sp_tls_sign_check(k, 0x0403, sp_span(p256.p, n)) == SP_OK,
				n == 133);
		assert_int_equal(sp_tls_sign_check(k, 0x0403, sp_span(good384.p, n)) == SP_OK,
				n == 146 || n == 130);
	}
	sp_tls_key_destroy(k);
}

static void test_schemes(void **state)
{
	static const struct {
		const char *key;
		int scheme;
		bool tls13, tls12;
	} rows[] = {
			{"EC", 0x0403, true, true},
			{"EC", 0x0503, false, true},
			{"EC", 0x0603, false, true},
			{"EC", 0x0203, false, false},
			{"EC", 0x0804, false, false},
			{"EC", 0x0401, false, false},
			{"EC", 0x0807, false, false},
			{"EC", 0, false, false},
			{"EC", -1, false, false},
			{"P-384", 0x0403, false, true},
			{"P-384", 0x0503, true, true},
			{"RSA", 0x0804, true, true},
			{"RSA", 0x0805, true, true},
			{"RSA", 0x0806, true, true},
			{"RSA", 0x0401, false, true},
			{"RSA", 0x0501, false, true},
			{"RSA", 0x0601, false, true},
			{"RSA", 0x0201, false, false},
			{"RSA", 0x0403, false, false},
			{"RSA", 0x0809, false, false},
			{"RSA", 0x10804, false, false},
	};
	struct message a = m13(SERVER, 32), b = m12(3, 0x0017, 65, 4, 65);

	(void)state;
	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_tls_key *k = load(rows[i].key);
		uint8_t sig[SP_TLS_SIG_MAX];
		size_t n = sizeof(sig);
		int want13 = rows[i].tls13 ? SP_OK : SP_EDENIED;
		int want12 = rows[i].tls12 ? SP_OK : SP_EDENIED;

		assert_int_equal(
				sp_tls_sign(k, rows[i].scheme, sp_span(a.p, a.n), sig, &n), want13);
		n = sizeof(sig);
		assert_int_equal(
				sp_tls_sign(k, rows[i].scheme, sp_span(b.p, b.n), sig, &n), want12);
		n = 8;
		if (rows[i].tls12) {
			assert_int_equal(sp_tls_sign(k, rows[i].scheme, sp_span(b.p, b.n), sig, &n),
					SP_ESPACE);
		}
		sp_tls_key_destroy(k);
	}
}

static void test_keys(void **state)
{
	char why[SP_WHY_MAX];
	struct sp_tls_key *k = load("EC");

	(void)state;
	assert_int_equal(sp_tls_key_matches(k, kit_span(kit_pair("EC")->cert)), SP_OK);
	assert_int_equal(sp_tls_key_matches(k, kit_span(kit_pair("other")->cert)), SP_EDENIED);
	assert_int_equal(sp_tls_key_matches(k, kit_span(kit_pair("RSA")->cert)), SP_EDENIED);
	assert_int_equal(sp_tls_key_matches(k, sp_span("", 0)), SP_EDENIED);
	sp_tls_key_destroy(k);
	assert_null(sp_tls_key_load(sp_span("junk", 4), why));
	assert_true(strlen(why) > 10);
	assert_null(sp_tls_key_load(kit_span(kit_pair("EC")->cert), why));
	sp_tls_key_destroy(NULL);
}

/* Its private part is in memory of the library's own, as long as there is a key. */
static void test_held(void **state)
{
	size_t before = CRYPTO_secure_used();
	struct sp_tls_key *k = load("EC");

	assert_true(CRYPTO_secure_used() > before);
	sp_tls_key_destroy(k);
	assert_int_equal(CRYPTO_secure_used(), before);
}

/* Of the leak checker; there in the sanitizers' build only. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

/* The library's random generators hang in the locked memory of keys, where a checker does not look. */
static bool make_generators(void)
{
	uint8_t b[1];

	if (__lsan_disable) {
		__lsan_disable();
	}
	bool ok = RAND_bytes_ex(sp_tls_lib(), b, 1, 0) == 1 &&
			RAND_priv_bytes_ex(sp_tls_lib(), b, 1, 0) == 1;
	if (__lsan_enable) {
		__lsan_enable();
	}
	return ok;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_forms),
			cmocka_unit_test(test_schemes),
			cmocka_unit_test(test_keys),
			cmocka_unit_test(test_held),
	};

	if (sp_tls_hold_keys() != SP_OK || !make_generators()) {
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
