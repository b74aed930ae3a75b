/* tests/core/pdu/test_redirect.c - the redirection packet of both securities. */
#include "unit.h"

#include <string.h>

#include "core/base/utf16.h"
#include "core/pdu/redirect.h"
#include "core/pdu/share.h"

#define STANDARD "spec/MS-RDPBCGR-4.5-annotated-standard-security-server-redirection-pdu-2.hex"
#define ENHANCED "spec/MS-RDPBCGR-4.6-annotated-enhanced-security-server-redirection-pdu.hex"

static struct sp_redirect msg;

static int parse(struct sp_span in)
{
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	return sp_redirect_read(&r, &msg);
}

static void text_is(struct sp_span s, const char *want)
{
	char text[256];

	assert_true(sp_utf16_to_utf8(s, text, sizeof(text)));
	assert_string_equal(text, want);
}

static void check(size_t password)
{
	assert_int_equal(msg.session_id, 2);
	assert_int_equal(msg.flags, 0x0B1D);
	text_is(msg.address, "2001:4898:2b:2:9de7:4569:fb39:ef29");
	text_is(msg.user, "administrator");
	text_is(msg.domain, "TS-STRESS1");
	assert_int_equal(msg.password.n, password);
	text_is(msg.fqdn, "jiazou-test2.ts-stress1.nttest.microsoft.com");
	text_is(msg.netbios_name, "JIAZOU-TEST2");
	assert_int_equal(msg.n_addresses, 2);
	text_is(msg.addresses[1], "157.59.240.144");
	assert_int_equal(msg.load_balance_info.n, 0);
}

static void cut(struct sp_span in, void *arg)
{
	assert_int_equal(parse(in), SP_ESHORT);
}

static void test_standard(void **state)
{
	struct sp_span in = unit_vector(STANDARD);
	uint8_t buf[1024];
	struct sp_wr w;

	assert_int_equal(parse(in), SP_OK);
	check(120);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_redirect_write(&w, &msg);
	assert_int_equal(w.n, in.n);
	assert_memory_equal(buf, in.p, in.n - 8); /* up to the padding */
	unit_truncate(in, cut, NULL);
}

static void test_enhanced(void **state)
{
	struct sp_span in = unit_vector(ENHANCED);
	struct sp_share s;
	struct sp_rd r;
	uint8_t buf[1024];
	struct sp_wr w;

	in = sp_span(in.p + 0x0F, in.n - 0x0F); /* behind MCS */
	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_share_read(&r, &s), SP_OK);
	assert_int_equal(s.type, SP_SHARE_SERVER_REDIRECT);
	sp_rd_init(&r, s.body.p, s.body.n);
	assert_int_equal(sp_redirect_share_read(&r, &msg), SP_OK);
	check(120);

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_redirect_share_write(&w, 1002, &msg);
	assert_int_equal(w.n, in.n - 1); /* without the optional last byte */
	assert_memory_equal(buf + 2, in.p + 2, 4);
	assert_memory_equal(buf + 8, in.p + 8, in.n - 8 - 9);
}

static void test_fields(void **state)
{
	static const uint8_t data[16];
	uint8_t buf[1024];
	struct sp_wr w;

	memset(&msg, 0, sizeof(msg));
	msg.flags = SP_LB_LOAD_BALANCE_INFO | SP_LB_CLIENT_TSV_URL | SP_LB_REDIRECTION_GUID |
			SP_LB_TARGET_CERTIFICATE | SP_LB_NOREDIRECT;
	msg.load_balance_info = sp_span(data, 1);
	msg.tsv_url = sp_span(data, 2);
	msg.guid = sp_span(data, 3);
	msg.certificate = sp_span(data, 4);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_redirect_write(&w, &msg);
	assert_int_equal(parse(sp_span(buf, w.n)), SP_OK);
	assert_int_equal(msg.load_balance_info.n, 1);
	assert_int_equal(msg.tsv_url.n, 2);
	assert_int_equal(msg.guid.n, 3);
	assert_int_equal(msg.certificate.n, 4);
	assert_int_equal(msg.address.n, 0);
	/* without padding */
	buf[2] = (uint8_t)(w.n - 8);
	assert_int_equal(parse(sp_span(buf, w.n - 8)), SP_OK);
}

static void test_bad(void **state)
{
	assert_int_equal(parse(unit_hex("0100 0c00 00000000 00000000")), SP_EFIELD);
	assert_int_equal(parse(unit_hex("0004 0300 00000000 00000000")), SP_EFIELD);
	assert_int_equal(parse(unit_hex("0004 0d00 00000000 00000000")), SP_ESHORT);
	assert_int_equal(parse(unit_hex("0004 1000 00000000 01000000 ffffffff")), SP_ESHORT);
	/* 33 addresses; an address longer than the list */
	assert_int_equal(parse(unit_hex("0004 1400 00000000 00080000 04000000 21000000")),
			SP_ELIMIT);
	assert_int_equal(parse(unit_hex("0004 1800 00000000 00080000 08000000 01000000 01000000")),
			SP_ESHORT);
	assert_int_equal(parse(unit_hex("0004 1000 00000000 00080000 00000000")), SP_ESHORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_standard),
			cmocka_unit_test(test_enhanced),
			cmocka_unit_test(test_fields),
			cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
