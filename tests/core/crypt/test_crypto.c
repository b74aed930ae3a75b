/* tests/core/crypt/test_crypto.c - the seam of core/crypt/crypto.h as Nettle fills it. */
#include "unit.h"

#include <string.h>

#include "core/base/err.h"
#include "core/crypt/crypto.h"
#include "host/lib/crypto_nettle.h"
#include "host/lib/rsa.h"

static const struct sp_crypto *const c = &sp_crypto_nettle;

static void test_md(void **state)
{
	uint8_t out[SP_MD5_SIZE];
	struct sp_span part = unit_vector("peer/freerdp/hash/TEST_MD4_DATA.bin");

	c->md4(&part, 1, out);
	unit_assert_span(sp_span(out, 16), unit_vector("peer/freerdp/hash/TEST_MD4_HASH.bin"));
	part = unit_vector("peer/freerdp/hash/TEST_MD5_DATA.bin");
	c->md5(&part, 1, out);
	unit_assert_span(sp_span(out, 16), unit_vector("peer/freerdp/hash/TEST_MD5_HASH.bin"));
}

static void test_hmac(void **state)
{
	uint8_t out[SP_MD5_SIZE], key[16];
	struct sp_span all = sp_span("Hi There", 8);

	/* RFC 2202, test case 1, cut in two at every byte. */
	memset(key, 0x0b, sizeof(key));
	for (size_t cut = 0; cut <= all.n; cut++) {
		struct sp_span parts[] = {{all.p, cut}, {all.p + cut, all.n - cut}};

		c->hmac_md5(sp_span(key, sizeof(key)), parts, 2, out);
		unit_assert_span(sp_span(out, 16), unit_hex("9294727a3638bb1c13f48ef8158bfc9d"));
	}
}

static void test_sha1(void **state)
{
	uint8_t out[SP_SHA1_SIZE];
	struct sp_span parts[] = {sp_span("ab", 2), sp_span(NULL, 0), sp_span("c", 1)};

	c->sha1(parts, 3, out);
	unit_assert_span(sp_span(out, sizeof(out)),
			unit_hex("a9993e364706816aba3e25717850c26c9cd0d89d"));
}

/* FIPS 180-2, B.2, cut in two at every byte. */
static void test_sha256_in_pieces(void **state)
{
	struct sp_span all =
			sp_span("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56);
	uint8_t out[SP_SHA256_SIZE];
	struct sp_sha256 s;

	for (size_t cut = 0; cut <= all.n; cut++) {
		c->sha256_begin(&s);
		c->sha256_add(&s, sp_span(all.p, cut));
		c->sha256_add(&s, sp_span(all.p + cut, all.n - cut));
		c->sha256_end(&s, out);
		unit_assert_span(sp_span(out, sizeof(out)),
				unit_hex("248d6a61d20638b8e5c026930c3e6039"
					 "a33ce45964ff2167f6ecedd419db06c1"));
	}
}

static void test_rsa(void **state)
{
	struct sp_span modulus = unit_vector("peer/ironrdp/pdu/ironrdp-pdu.rdp.server_license."
					     "server_license_request.tests/modulus.bin");
	uint8_t in[64], out[64], big[3000] = {1};

	/* Computed with Python's pow(). The vector ends with eight bytes of padding. */
	modulus.n = sizeof(out);
	for (uint8_t i = 0; i < 48; i++) {
		in[i] = (uint8_t)(i + 1);
	}
	assert_int_equal(sp_crypto_rsa()->rsa_public(modulus, 65537, sp_span(in, 48), out), SP_OK);
	unit_assert_span(sp_span(out, sizeof(out)),
			unit_hex("75c1822fbd4897d1c211617f238e194bac30277616bb3e6730b8923bc979be4a"
				 "55f64657e7ad24420f3814166c09fe57632ea1cfa1c65394df4ad0d3a724ba5"
				 "8"));
	/* Small results are padded. */
	memset(in, 0, sizeof(in));
	in[0] = 3;
	assert_int_equal(sp_crypto_rsa()->rsa_public(modulus, 5, sp_span(in, 1), out), SP_OK);
	in[0] = 243;
	unit_assert_span(sp_span(out, sizeof(out)), sp_span(in, sizeof(in)));

	memset(in, 0xff, sizeof(in));
	assert_int_equal(
			sp_crypto_rsa()->rsa_public(modulus, 65537, sp_span(in, 64), out), SP_EARG);
	assert_int_equal(sp_crypto_rsa()->rsa_public(modulus, 65537, modulus, out), SP_EARG);
	assert_int_equal(
			sp_crypto_rsa()->rsa_public(sp_span("\x10", 1), 3, sp_span("\x02", 1), out),
			SP_EARG);
	assert_int_equal(sp_crypto_rsa()->rsa_public(sp_span("", 0), 3, sp_span("", 0), out),
			SP_EARG);
	assert_int_equal(sp_crypto_rsa()->rsa_public(sp_span("\0", 1), 3, sp_span("", 0), out),
			SP_EARG);
	assert_int_equal(sp_crypto_rsa()->rsa_public(sp_span(big, sizeof(big)), 3, modulus, big),
			SP_EARG);
}

static void test_sha256(void **state)
{
	uint8_t out[SP_SHA256_SIZE];
	struct sp_span parts[] = {sp_span("ab", 2), sp_span(NULL, 0), sp_span("c", 1)};

	c->sha256(parts, 3, out);
	unit_assert_span(sp_span(out, sizeof(out)),
			unit_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a"
				 "d"));
}

static void test_rc4(void **state)
{
	struct sp_span plain = unit_vector("peer/freerdp/cipher/TEST_RC4_PLAINTEXT.bin");
	struct sp_span sealed = unit_vector("peer/freerdp/cipher/TEST_RC4_CIPHERTEXT.bin");
	uint8_t out[16];

	/* In two pieces: the stream goes on. */
	for (size_t cut = 0; cut <= plain.n; cut++) {
		struct sp_rc4 s;

		c->rc4_init(&s, unit_vector("peer/freerdp/cipher/TEST_RC4_KEY.bin"));
		c->rc4_crypt(&s, plain.p, out, cut);
		struct sp_rc4 copy = s;
		c->rc4_crypt(&copy, plain.p + cut, out + cut, plain.n - cut);
		unit_assert_span(sp_span(out, plain.n), sealed);
	}
}

static void test_random(void **state)
{
	uint8_t a[64] = {0}, b[64] = {0};

	assert_int_equal(c->random(a, sizeof(a)), SP_OK);
	assert_int_equal(c->random(b, sizeof(b)), SP_OK);
	assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_md),
			cmocka_unit_test(test_hmac),
			cmocka_unit_test(test_sha1),
			cmocka_unit_test(test_sha256_in_pieces),
			cmocka_unit_test(test_rsa),
			cmocka_unit_test(test_sha256),
			cmocka_unit_test(test_rc4),
			cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
