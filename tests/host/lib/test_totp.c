/* tests/host/lib/test_totp.c - codes of [RFC 6238], their window, secrets as text, QR codes. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "core/base/attr.h"
#include "host/lib/qr.h"
#include "host/lib/totp.h"

static const uint8_t secret[] = "12345678901234567890";

/* [RFC 6238] appendix B, SHA-1; six digits are the last ones of eight. */
static const struct {
	int64_t time;
	const char *code;
} vectors[] = {
		{59, "287082"},
		{1111111109, "081804"},
		{1111111111, "050471"},
		{1234567890, "005924"},
		{2000000000, "279037"},
		{20000000000, "353130"},
};

static void test_vectors(void **state)
{
	char code[SP_TOTP_DIGITS + 1];
	uint64_t step;

	for (size_t i = 0; i < SP_LEN(vectors); i++) {
		int64_t t = vectors[i].time;

		assert_int_equal(sp_totp_code(secret, sp_totp_step(t), code), SP_OK);
		assert_string_equal(code, vectors[i].code);
		assert_int_equal(sp_totp_find(secret, code, t, &step), SP_OK);
		assert_int_equal(step, t / 30);
		assert_int_equal(sp_totp_find(secret, code, t + 30, &step), SP_OK);
		assert_int_equal(step, t / 30);
		assert_int_equal(sp_totp_find(secret, code, t - 30, &step), SP_OK);
		assert_int_equal(step, t / 30);
		assert_int_equal(sp_totp_find(secret, code, t + 60, &step), SP_EAUTH);
		assert_int_equal(step, 0);
		if (t >= 60) {
			assert_int_equal(sp_totp_find(secret, code, t - 60, &step), SP_EAUTH);
		}
	}
}

static void test_no_code(void **state)
{
	static const char *const bad[] = {
			"", "28708", "2870822", "28708a", " 87082", "287 082", "-87082"};
	uint64_t step;

	for (size_t i = 0; i < SP_LEN(bad); i++) {
		assert_int_equal(sp_totp_find(secret, bad[i], 59, &step), SP_EARG);
	}
	assert_int_equal(sp_totp_find(secret, "287083", 59, &step), SP_EAUTH);
	/* A clock before 1970 has step 0 and no panic. */
	assert_int_equal(sp_totp_step(-5), 0);
	assert_int_equal(sp_totp_find(secret, "287083", -5, &step), SP_EAUTH);
}

static void test_text(void **state)
{
	char text[SP_TOTP_TEXT], uri[SP_TOTP_URI];
	uint8_t back[SP_TOTP_SECRET];

	assert_true(sp_totp_text(secret, text));
	assert_string_equal(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
	assert_int_equal(sp_totp_parse(text, back), SP_OK);
	assert_memory_equal(back, secret, sizeof(back));
	assert_int_equal(sp_totp_parse("gezd gnbv-gy3t qojq GEZD GNBV GY3T QOJQ", back), SP_OK);
	assert_memory_equal(back, secret, sizeof(back));
	assert_int_equal(sp_totp_parse("", back), SP_EARG);
	assert_int_equal(sp_totp_parse("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ", back), SP_EARG);
	assert_int_equal(sp_totp_parse("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQA", back), SP_EARG);
	assert_int_equal(sp_totp_parse("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1", back), SP_EARG);
	assert_true(sp_totp_uri(secret, "bob@corp", uri));
	assert_string_equal(uri,
			"otpauth://totp/Sallyport:bob@corp?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
			"&issuer=Sallyport&algorithm=SHA1&digits=6&period=30");
	assert_true(sp_totp_uri(secret, "a b&c", uri));
	assert_non_null(strstr(uri, "Sallyport:a%20b%26c?"));
}

static void test_qr(void **state)
{
	static char long_text[3000];
	struct sp_qr q;

	assert_int_equal(sp_qr_make("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ", &q), SP_OK);
	assert_true(21 <= q.side && q.side <= SP_QR_SIDE && q.side % 4 == 1);
	/* The finder patterns: a dark frame, a light one within, in three corners. */
	for (uint32_t i = 0; i < 7; i++) {
		assert_true(sp_qr_dark(&q, i, 0) && sp_qr_dark(&q, 0, i));
		assert_true(sp_qr_dark(&q, q.side - 1 - i, 0) && sp_qr_dark(&q, 0, q.side - 1 - i));
	}
	assert_false(sp_qr_dark(&q, 1, 1));
	assert_true(sp_qr_dark(&q, 3, 3));
	memset(long_text, 'x', sizeof(long_text) - 1);
	assert_int_equal(sp_qr_make(long_text, &q), SP_ELIMIT);
	long_text[1000] = '\0';
	assert_int_equal(sp_qr_make(long_text, &q), SP_ELIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_vectors),
			cmocka_unit_test(test_no_code),
			cmocka_unit_test(test_text),
			cmocka_unit_test(test_qr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
