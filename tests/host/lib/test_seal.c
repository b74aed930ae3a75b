/* tests/host/lib/test_seal.c - the key file and what is sealed under it. */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/lib/seal.h"

static char dir[] = "/tmp/sp-test-seal-XXXXXX";
static char why[SP_SEAL_WHY];

static int setup(void **state)
{
	return mkdtemp(dir) != NULL && chdir(dir) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	unlink("k");
	return chdir("/") == 0 && rmdir(dir) == 0 ? 0 : -1;
}

static void test_key_file(void **state)
{
	struct sp_seal a, b;
	struct stat st;

	assert_int_equal(sp_seal_open(&a, "k", false, why), SP_ENOTFOUND);
	assert_int_equal(sp_seal_open(&a, "k", true, why), SP_OK);
	assert_int_equal(stat("k", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, SP_SEAL_KEY);
	assert_int_equal(sp_seal_open(&b, "k", true, why), SP_OK);
	assert_memory_equal(a.key, b.key, sizeof(a.key));
	sp_seal_finish(&a);
	sp_seal_finish(&b);
	for (mode_t bit = 1; bit <= 040; bit <<= 1) {
		assert_int_equal(chmod("k", 0600 | bit), 0);
		assert_int_equal(sp_seal_open(&a, "k", true, why), SP_EDENIED);
		assert_non_null(strstr(why, "group or others"));
	}
	assert_int_equal(chmod("k", 0600), 0);
	assert_int_equal(truncate("k", 31), 0);
	assert_int_equal(sp_seal_open(&a, "k", true, why), SP_EDENIED);
	assert_int_equal(truncate("k", 33), 0);
	assert_int_equal(sp_seal_open(&a, "k", true, why), SP_EDENIED);
	assert_int_equal(unlink("k"), 0);
	assert_int_equal(symlink("/etc/hostname", "k"), 0);
	assert_int_equal(sp_seal_open(&a, "k", true, why), SP_ESYS);
	assert_int_equal(unlink("k"), 0);
	assert_int_equal(mkdir("k", 0700), 0);
	assert_int_equal(sp_seal_open(&a, "k", true, why), SP_EDENIED);
	assert_int_equal(rmdir("k"), 0);
	/* Two keys are two keys. */
	assert_int_equal(sp_seal_open(&a, "k", true, why), SP_OK);
	assert_int_equal(unlink("k"), 0);
	assert_int_equal(sp_seal_open(&b, "k", true, why), SP_OK);
	assert_memory_not_equal(a.key, b.key, sizeof(a.key));
	sp_seal_finish(&a);
	sp_seal_finish(&b);
}

static void test_seal(void **state)
{
	struct sp_seal s;
	uint8_t salt[SP_SEAL_SALT], nonce[SP_SEAL_NONCE], sealed[16 + SP_SEAL_TAG], plain[16];
	const char text[] = "sixteen bytes...";
	struct sp_span aad = sp_span("nt1|1|2", 7), in = sp_span(sealed, sizeof(sealed));

	assert_int_equal(sp_seal_open(&s, "k", true, why), SP_OK);
	sp_seal_close(&s, aad, sp_span(text, 16), salt, nonce, sealed);
	assert_int_equal(sp_seal_unseal(&s, aad, salt, nonce, in, plain, 16), SP_OK);
	assert_memory_equal(plain, text, 16);
	/* Another place, another salt, nonce or byte, another length: nothing comes out. */
	assert_int_equal(sp_seal_unseal(&s, sp_span("nt1|1|3", 7), salt, nonce, in, plain, 16),
			SP_EAUTH);
	assert_memory_equal(plain, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	salt[3] ^= 1;
	assert_int_equal(sp_seal_unseal(&s, aad, salt, nonce, in, plain, 16), SP_EAUTH);
	salt[3] ^= 1;
	nonce[23] ^= 1;
	assert_int_equal(sp_seal_unseal(&s, aad, salt, nonce, in, plain, 16), SP_EAUTH);
	nonce[23] ^= 1;
	for (size_t i = 0; i < sizeof(sealed); i++) {
		sealed[i] ^= 0x80;
		assert_int_equal(sp_seal_unseal(&s, aad, salt, nonce, in, plain, 16), SP_EAUTH);
		sealed[i] ^= 0x80;
	}
	for (size_t n = 0; n < sizeof(sealed); n++) {
		assert_int_equal(
				sp_seal_unseal(&s, aad, salt, nonce, sp_span(sealed, n), plain, 16),
				SP_EAUTH);
	}
	s.key[0] ^= 1;
	assert_int_equal(sp_seal_unseal(&s, aad, salt, nonce, in, plain, 16), SP_EAUTH);
	sp_seal_finish(&s);
}

static void test_derive(void **state)
{
	struct sp_seal s = {.key = {1, 2, 3}};
	uint8_t a[16], b[16];

	sp_seal_derive(&s, "fake", sp_span("alice", 5), a, 16);
	sp_seal_derive(&s, "fake", sp_span("alice", 5), b, 16);
	assert_memory_equal(a, b, 16);
	sp_seal_derive(&s, "fak", sp_span("ealice", 6), b, 16);
	assert_memory_not_equal(a, b, 16);
	sp_seal_derive(&s, "fake", sp_span("alicf", 5), b, 16);
	assert_memory_not_equal(a, b, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_key_file),
			cmocka_unit_test(test_seal),
			cmocka_unit_test(test_derive),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
