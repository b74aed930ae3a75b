/* tests/core/pdu/test_share.c - security header, share headers, Deactivate All. */
#include "unit.h"

#include <stdio.h>

#include "core/pdu/sec.h"
#include "core/pdu/share.h"

static int read_one(struct sp_span in, struct sp_share *out)
{
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	int rc = sp_share_read(&r, out);
	return rc != SP_OK ? rc : sp_rd_end(&r);
}

static void test_sec(void **state)
{
	struct sp_span in = unit_hex("c0 ff 12 34"); /* bits nobody defined */
	uint8_t buf[8];
	uint16_t flags;
	struct sp_rd r;
	struct sp_wr w;

	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_sec_read(&r, &flags), SP_OK);
	assert_int_equal(flags, 0x77c0);
	assert_int_equal(sp_rd_end(&r), SP_OK);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_sec_write(&w, SP_SEC_LICENSE);
	unit_assert_span(sp_span(buf, w.n), unit_hex("80 00 00 00"));
	sp_rd_init(&r, in.p, 3);
	assert_int_equal(sp_sec_read(&r, &flags), SP_ESHORT);
}

static void test_vectors(void **state)
{
	static const struct {
		const char *name;
		uint8_t type2;
		uint16_t source;
		size_t body;
	} pdus[] = {
			{"14-client-synchronize-pdu", SP_DATA_SYNCHRONIZE, 1007, 4},
			{"15-client-control-pdu-cooperate", SP_DATA_CONTROL, 1007, 8},
			{"16-client-control-pdu-request-control", SP_DATA_CONTROL, 1007, 8},
			{"17-client-persistent-key-list-pdu", SP_DATA_PERSISTENT_LIST, 1007, 224},
			{"18-client-font-list-pdu", SP_DATA_FONT_LIST, 1007, 8},
			{"19-server-synchronize-pdu", SP_DATA_SYNCHRONIZE, 1002, 4},
			{"20-server-control-pdu-cooperate", SP_DATA_CONTROL, 1002, 8},
			{"21-server-control-pdu-granted-control", SP_DATA_CONTROL, 1002, 8},
			{"22-server-font-map-pdu", SP_DATA_FONT_MAP, 1002, 8},
	};

	for (size_t i = 0; i < SP_LEN(pdus); i++) {
		struct sp_share s;
		char name[128];

		snprintf(name, sizeof(name), "spec/MS-RDPBCGR-4.1.%s-2.hex", pdus[i].name);
		struct sp_span in = unit_vector(name);
		assert_int_equal(read_one(in, &s), SP_OK);
		assert_int_equal(s.type, SP_SHARE_DATA);
		assert_int_equal(s.type2, pdus[i].type2);
		assert_int_equal(s.source, pdus[i].source);
		assert_int_equal(s.share_id, 0x000103EA);
		assert_int_equal(s.body.n, pdus[i].body);
		assert_int_equal(s.compression, 0);
		/* Windows servers count the whole PDU, clients what follows the length; some nothing. */
		if (s.type2 == SP_DATA_SYNCHRONIZE) {
			assert_int_equal(s.uncompressed, s.source == 1002 ? in.n : s.body.n + 4);
		}
	}
}

static void test_shutdown_vectors(void **state)
{
	struct sp_share s;

	assert_int_equal(read_one(unit_vector("spec/MS-RDPBCGR-4.2.1-client-shutdown-request-pdu-"
					      "decrypted.hex"),
					 &s),
			SP_OK);
	assert_int_equal(s.type2, SP_DATA_SHUTDOWN_REQUEST);
	assert_int_equal(s.body.n, 0);
	assert_int_equal(read_one(unit_vector("spec/MS-RDPBCGR-4.2.2-server-shutdown-request-"
					      "denied-pdu-decrypted.hex"),
					 &s),
			SP_OK);
	assert_int_equal(s.type2, SP_DATA_SHUTDOWN_DENIED);
}

static void test_write(void **state)
{
	uint8_t buf[64];
	struct sp_wr w;

	/* [MS-RDPBCGR] 4.1.14, byte for byte */
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_wr_u8(&w, 0x55);
	size_t at = sp_share_data_begin(&w, 1007, 0x000103EA, SP_DATA_SYNCHRONIZE);
	sp_wr_le16(&w, 1);
	sp_wr_le16(&w, 1002);
	sp_share_data_end(&w, at);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	unit_assert_span(sp_span(buf + 1, w.n - 1),
			unit_vector("spec/MS-RDPBCGR-4.1.14-client-synchronize-pdu-2.hex"));

	for (size_t cap = 0; cap < 22; cap++) {
		sp_wr_fixed(&w, buf, cap);
		at = sp_share_data_begin(&w, 1007, 1, SP_DATA_SYNCHRONIZE);
		sp_wr_le32(&w, 1);
		sp_share_data_end(&w, at);
		assert_int_equal(sp_wr_ok(&w), SP_ESPACE);
	}
}

static void test_too_long(void **state)
{
	struct sp_wr w;

	sp_wr_init(&w, 1 << 20);
	size_t at = sp_share_begin(&w, SP_SHARE_DATA, 1002);
	sp_wr_zero(&w, 65530);
	sp_share_end(&w, at);
	assert_int_equal(sp_wr_ok(&w), SP_ESPACE);
	sp_wr_finish(&w);
}

static void test_several(void **state)
{
	struct sp_span in = unit_hex("0a 00 16 00 ea 03 01 02 03 04"
				     "00 80 00 41 00 00 ea 03" /* T.128 flow */
				     "06 00 1a 00 ea 03");
	struct sp_share s;
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_share_read(&r, &s), SP_OK);
	assert_int_equal(s.type, SP_SHARE_DEACTIVATE_ALL);
	unit_assert_span(s.body, unit_hex("01 02 03 04"));
	assert_int_equal(sp_share_read(&r, &s), SP_OK);
	assert_int_equal(s.type, SP_SHARE_FLOW);
	assert_int_equal(sp_share_read(&r, &s), SP_OK);
	assert_int_equal(s.type, SP_SHARE_SERVER_REDIRECT);
	assert_int_equal(s.body.n, 0);
	assert_int_equal(sp_rd_end(&r), SP_OK);
}

static void test_deactivate(void **state)
{
	/* In full, without descriptor, without share id, and as Windows XP sends it. */
	static const char *const forms[] = {
			"0d 00 16 00 ea 03 ea 03 01 00 01 00 00",
			"0a 00 16 00 ea 03 ea 03 01 00",
			"06 00 16 00 ea 03",
			"04 00 16 00",
	};
	uint8_t buf[32];
	struct sp_wr w;

	for (size_t i = 0; i < SP_LEN(forms); i++) {
		struct sp_share_deactivate d;
		struct sp_share s;
		struct sp_rd r;

		assert_int_equal(read_one(unit_hex(forms[i]), &s), SP_OK);
		assert_int_equal(s.type, SP_SHARE_DEACTIVATE_ALL);
		assert_int_equal(s.source, i < 3 ? 1002 : 0);
		sp_rd_init(&r, s.body.p, s.body.n);
		assert_int_equal(sp_share_deactivate_read(&r, &d), SP_OK);
		assert_int_equal(d.share_id, i < 2 ? 0x000103EA : 0);
	}
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_share_deactivate_write(&w, 1002, 0x000103EA);
	unit_assert_span(sp_span(buf, w.n), unit_hex(forms[0]));
}

static void test_bad(void **state)
{
	struct sp_share s;

	assert_int_equal(read_one(unit_hex("03 00 16 00"), &s), SP_EFIELD);
	assert_int_equal(read_one(unit_hex("00 00 16 00"), &s), SP_EFIELD);
	assert_int_equal(read_one(unit_hex("04 00 17 00"), &s), SP_ESHORT);
	assert_int_equal(read_one(unit_hex("ff ff 17 00 ea 03"), &s), SP_ESHORT);
	assert_int_equal(read_one(unit_hex("0c 00 17 00 ea 03 00 00 00 00 00 00"), &s), SP_ESHORT);
}

static void cut(struct sp_span in, void *arg)
{
	struct sp_share s;

	assert_true(read_one(in, &s) < 0);
}

static void test_truncate(void **state)
{
	unit_truncate(unit_vector("spec/MS-RDPBCGR-4.1.22-server-font-map-pdu-2.hex"), cut, NULL);
}

static void test_names(void **state)
{
	assert_string_equal(sp_share_data_name(SP_DATA_SAVE_SESSION_INFO), "save session info");
	assert_string_equal(sp_share_data_name(0), "unknown");
	assert_string_equal(sp_share_data_name(255), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_sec),
			cmocka_unit_test(test_vectors),
			cmocka_unit_test(test_shutdown_vectors),
			cmocka_unit_test(test_write),
			cmocka_unit_test(test_too_long),
			cmocka_unit_test(test_several),
			cmocka_unit_test(test_deactivate),
			cmocka_unit_test(test_bad),
			cmocka_unit_test(test_truncate),
			cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
