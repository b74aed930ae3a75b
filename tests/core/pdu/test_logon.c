/* tests/core/pdu/test_logon.c - Save Session Info in its four forms. */
#include "unit.h"

#include <string.h>

#include "core/pdu/logon.h"
#include "core/pdu/share.h"

#define PEER "peer/ironrdp/pdu/ironrdp-pdu.rdp.session_info.tests/"

static struct sp_logon info;

static int parse(struct sp_span in)
{
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	return sp_logon_read(&r, &info);
}

/* The peer's buffers begin behind infoType. */
static struct sp_span typed(uint8_t type, const char *name)
{
	static uint8_t buf[4096];
	struct sp_span in = unit_vector(name);

	memset(buf, 0, 4);
	buf[0] = type;
	memcpy(buf + 4, in.p, in.n);
	return sp_span(buf, in.n + 4);
}

static struct sp_span write_back(void)
{
	static uint8_t buf[4096];
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_logon_write(&w, &info);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	return sp_span(buf, w.n);
}

static void test_spec(void **state)
{
	struct sp_span in = unit_vector("spec/MS-RDPBCGR-4.3.1-logon-info-version-2-2.hex");
	struct sp_share s;
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_share_read(&r, &s), SP_OK);
	assert_int_equal(s.type2, SP_DATA_SAVE_SESSION_INFO);
	assert_int_equal(parse(s.body), SP_OK);
	assert_int_equal(info.type, SP_LOGON_V2);
	assert_int_equal(info.session_id, 2);
	assert_string_equal(info.domain, "NTDEV");
	assert_string_equal(info.user, "eltons");
	unit_assert_span(write_back(), s.body);
}

static void cut_v2(struct sp_span in, void *arg)
{
	assert_int_equal(parse(in), SP_ESHORT);
}

static void test_peer(void **state)
{
	struct sp_span in = typed(SP_LOGON_V1, PEER "logon_info_v1_buffer.bin");
	assert_int_equal(parse(in), SP_OK);
	assert_string_equal(info.domain, "NTDEV");
	assert_string_equal(info.user, "eltons");
	unit_assert_span(write_back(), in);

	in = typed(SP_LOGON_V2, PEER "logon_info_v2_buffer.bin");
	assert_int_equal(parse(in), SP_OK);
	assert_string_equal(info.user, "eltons");
	unit_assert_span(write_back(), in);
	unit_truncate(in, cut_v2, NULL);

	in = unit_vector(PEER "session_plain_notify_buffer.bin");
	assert_int_equal(parse(in), SP_OK);
	assert_int_equal(info.type, SP_LOGON_PLAIN_NOTIFY);
	unit_assert_span(write_back(), in);

	in = typed(SP_LOGON_EXTENDED, PEER "logon_extended_buffer.bin");
	assert_int_equal(parse(in), SP_OK);
	assert_true(info.has_cookie);
	assert_int_equal(info.cookie_logon_id, 2);
	unit_assert_span(sp_span(info.cookie, 16),
			unit_hex("a8 02 e7 25 e2 4c 82 b7 52 a5 53 50 34 98 a1 a8"));
	assert_true(info.has_error);
	assert_int_equal(info.error_type, 0xFFFFFFFA);
	assert_int_equal(info.error_data, 2);
	unit_assert_span(write_back(), in);

	assert_int_equal(parse(typed(SP_LOGON_V1,
					 PEER "logon_info_v1_with_invalid_domain_size_buffer.bin")),
			SP_EFIELD);
	assert_int_equal(parse(typed(SP_LOGON_V1,
					 PEER "logon_info_v1_with_invalid_user_name_size_buffer."
					      "bin")),
			SP_EFIELD);
	assert_int_equal(parse(typed(SP_LOGON_EXTENDED,
					 PEER "logon_extended_with_invalid_reconnect_packet_size_"
					      "buffer.bin")),
			SP_ESHORT);
	assert_int_equal(
			parse(unit_vector(PEER "invalid_session_info_type_buffer.bin")), SP_EFIELD);
}

static void test_padding(void **state)
{
	static uint8_t buf[2048];

	/* none, and more than the spec has */
	assert_int_equal(parse(unit_hex("02000000")), SP_OK);
	assert_int_equal(parse(unit_hex("03000000 0600 00000000")), SP_OK);
	assert_false(info.has_cookie || info.has_error);
	buf[0] = SP_LOGON_PLAIN_NOTIFY;
	assert_int_equal(parse(sp_span(buf, sizeof(buf))), SP_OK);
	buf[0] = SP_LOGON_V2; /* both lengths 0 */
	assert_int_equal(parse(sp_span(buf, sizeof(buf))), SP_OK);
	assert_string_equal(info.domain, "");
	assert_string_equal(info.user, "");
}

static void test_bad(void **state)
{
	static uint8_t buf[4096];

	buf[0] = SP_LOGON_V2;
	buf[14] = 2; /* cbDomain 512 is the most */
	buf[15] = 2;
	assert_int_equal(parse(sp_span(buf, sizeof(buf))), SP_ELIMIT);
	buf[14] = 0;
	assert_int_equal(parse(sp_span(buf, sizeof(buf))), SP_OK);
	memset(buf + 14, 0xFF, 8);
	assert_int_equal(parse(sp_span(buf, sizeof(buf))), SP_ELIMIT);
	/* field data shorter than the cookie; longer than the PDU */
	assert_int_equal(parse(unit_hex("03000000 2000 01000000 08000000 1c000000 01000000")),
			SP_ESHORT);
	assert_false(info.has_cookie);
	assert_int_equal(parse(unit_hex("03000000 2000 02000000 ffffffff 00000000 00000000")),
			SP_ESHORT);
	assert_false(info.has_error);
	assert_int_equal(parse(unit_hex("04000000")), SP_EFIELD);
	assert_int_equal(parse(unit_hex("0400")), SP_ESHORT);
}

static void test_write_limits(void **state)
{
	static uint8_t buf[4096];
	struct sp_wr w;

	memset(&info, 0, sizeof(info));
	memset(info.domain, 'd', 26); /* 26 units leave no room for the NUL */
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_logon_write(&w, &info);
	assert_int_equal(sp_wr_ok(&w), SP_EARG);
	info.type = SP_LOGON_V2;
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_logon_write(&w, &info);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	info.type = 9;
	sp_logon_write(&w, &info);
	assert_int_equal(sp_wr_ok(&w), SP_EARG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_spec),
			cmocka_unit_test(test_peer),
			cmocka_unit_test(test_padding),
			cmocka_unit_test(test_bad),
			cmocka_unit_test(test_write_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
