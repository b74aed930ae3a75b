/* tests/core/pdu/test_rdstls.c - the three PDUs of RDSTLS. */
#include "unit.h"

#include <string.h>

#include "core/base/err.h"
#include "core/pdu/rdstls.h"

static void cut_capabilities(struct sp_span in, void *arg)
{
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_rdstls_capabilities_read(&r), SP_ESHORT);
}

static void cut_request(struct sp_span in, void *arg)
{
	struct sp_rdstls_request msg;
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_rdstls_request_read(&r, &msg), SP_ESHORT);
}

static void cut_response(struct sp_span in, void *arg)
{
	uint32_t result;
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_rdstls_response_read(&r, &result), SP_ESHORT);
}

static int capabilities(const char *hex)
{
	struct sp_span in = unit_hex(hex);
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	return sp_rdstls_capabilities_read(&r);
}

/* [MS-RDPBCGR] 2.2.17.1, field by field; there is no published dump. */
static void test_capabilities(void **state)
{
	uint8_t buf[16];
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_rdstls_capabilities_write(&w);
	unit_assert_span(sp_span(buf, w.n), unit_hex("0100 0100 0100 0100"));
	unit_truncate(sp_span(buf, w.n), cut_capabilities, NULL);
	assert_int_equal(capabilities("0100 0100 0100 0100"), SP_OK);
	assert_int_equal(capabilities("0100 0100 0100 0300"), SP_OK); /* and a newer one */
	assert_int_equal(capabilities("0100 0100 0100 0200"), SP_EPROTO);
	assert_int_equal(capabilities("0200 0100 0100 0100"), SP_EPROTO);
	assert_int_equal(capabilities("0100 0400 0100 0100"), SP_ESTATE);
	assert_int_equal(capabilities("0100 0100 0200 0100"), SP_EPROTO);
	assert_int_equal(capabilities("0100 0100 0100 0100 00"), SP_ETRAIL);
}

static void test_request(void **state)
{
	struct sp_rdstls_request in = {.guid = sp_span("g\0u\0i\0d\0\0\0", 10),
			.user = sp_span("u\0\0\0", 4),
			.domain = sp_span("\0\0", 2),
			.password = sp_span("\1\2\3", 3)};
	struct sp_rdstls_request out;
	static uint8_t buf[70000], big[65536];
	struct sp_wr w;
	struct sp_rd r;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_rdstls_request_write(&w, &in);
	unit_assert_span(sp_span(buf, w.n),
			unit_hex("0100 0200 0100 0a00 67007500690064000000 0400 75000000 0200 0000 "
				 "0300 010203"));
	unit_truncate(sp_span(buf, w.n), cut_request, NULL);
	sp_rd_init(&r, buf, w.n);
	assert_int_equal(sp_rdstls_request_read(&r, &out), SP_OK);
	unit_assert_span(out.guid, in.guid);
	unit_assert_span(out.user, in.user);
	unit_assert_span(out.domain, in.domain);
	unit_assert_span(out.password, in.password);
	/* What does not fit into its length is refused, not cut. */
	in.password = sp_span(big, sizeof(big));
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_rdstls_request_write(&w, &in);
	assert_int_equal(sp_wr_ok(&w), SP_ESPACE);
}

static void test_response(void **state)
{
	uint32_t result = 1;
	uint8_t buf[16];
	struct sp_wr w;
	struct sp_rd r;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_rdstls_response_write(&w, 0x52E);
	unit_assert_span(sp_span(buf, w.n), unit_hex("0100 0400 0100 2e050000"));
	unit_truncate(sp_span(buf, w.n), cut_response, NULL);
	sp_rd_init(&r, buf, w.n);
	assert_int_equal(sp_rdstls_response_read(&r, &result), SP_OK);
	assert_int_equal(result, 0x52E);
	assert_string_equal(sp_rdstls_result_text(result), "wrong user name or password");
	assert_null(sp_rdstls_result_text(SP_RDSTLS_SUCCESS));
	assert_null(sp_rdstls_result_text(0xFFFFFFFF));
}

static void test_frame(void **state)
{
	struct sp_span c = unit_hex("0100 0100 0100 0100"), s = unit_hex("0100 0400 0100");

	for (size_t n = 0; n < 4; n++) {
		assert_int_equal(sp_rdstls_frame(c.p, n), 0);
	}
	assert_int_equal(sp_rdstls_frame(c.p, 4), 8);
	assert_int_equal(sp_rdstls_frame(s.p, s.n), 10);
	assert_int_equal(sp_rdstls_frame((const uint8_t *)"\1\0\2\0", 4), SP_EFIELD);
	assert_int_equal(sp_rdstls_frame((const uint8_t *)"\1\0\1\1", 4), SP_EFIELD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_capabilities),
			cmocka_unit_test(test_request),
			cmocka_unit_test(test_response),
			cmocka_unit_test(test_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
