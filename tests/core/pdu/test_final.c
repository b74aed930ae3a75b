/* tests/core/pdu/test_final.c - the finalization PDUs. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "core/pdu/final.h"
#include "core/pdu/share.h"

/* The body of a spec dump. */
static struct sp_span body(const char *name)
{
	struct sp_share s;
	struct sp_rd r;
	char path[128];

	snprintf(path, sizeof(path), "spec/MS-RDPBCGR-4.1.%s-2.hex", name);
	struct sp_span in = unit_vector(path);
	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_share_read(&r, &s), SP_OK);
	return s.body;
}

static void test_sync(void **state)
{
	struct sp_span in = body("14-client-synchronize-pdu");
	uint16_t user;
	uint8_t buf[8];
	struct sp_rd r;
	struct sp_wr w;

	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_final_sync_read(&r, &user), SP_OK);
	assert_int_equal(user, 1002);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_final_sync_write(&w, 1002);
	unit_assert_span(sp_span(buf, w.n), in);

	sp_rd_init(&r, "\x02\x00\x00\x00", 4);
	assert_int_equal(sp_final_sync_read(&r, &user), SP_EFIELD);
	sp_rd_init(&r, "\x01", 1);
	assert_int_equal(sp_final_sync_read(&r, &user), SP_ESHORT);
}

static void test_control(void **state)
{
	static const struct {
		const char *name;
		struct sp_final_control want;
	} pdus[] = {
			{"15-client-control-pdu-cooperate", {SP_CONTROL_COOPERATE, 0, 0}},
			{"16-client-control-pdu-request-control", {SP_CONTROL_REQUEST, 0, 0}},
			{"20-server-control-pdu-cooperate", {SP_CONTROL_COOPERATE, 0, 0}},
			{"21-server-control-pdu-granted-control", {SP_CONTROL_GRANTED, 1007, 1002}},
	};
	struct sp_final_control c;
	struct sp_rd r;

	for (size_t i = 0; i < SP_LEN(pdus); i++) {
		struct sp_span in = body(pdus[i].name);
		uint8_t buf[8];
		struct sp_wr w;

		sp_rd_init(&r, in.p, in.n);
		assert_int_equal(sp_final_control_read(&r, &c), SP_OK);
		assert_int_equal(c.action, pdus[i].want.action);
		assert_int_equal(c.grant_id, pdus[i].want.grant_id);
		assert_int_equal(c.control_id, pdus[i].want.control_id);
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_final_control_write(&w, &c);
		unit_assert_span(sp_span(buf, w.n), in);
	}
	sp_rd_init(&r, "\x05\0\0\0\0\0\0\0", 8);
	assert_int_equal(sp_final_control_read(&r, &c), SP_EFIELD);
	sp_rd_init(&r, "\0\0\0\0\0\0\0\0", 8);
	assert_int_equal(sp_final_control_read(&r, &c), SP_EFIELD);
	for (size_t n = 0; n < 8; n++) {
		sp_rd_init(&r, "\x04\0\0\0\0\0\0\0", n);
		assert_int_equal(sp_final_control_read(&r, &c), SP_ESHORT);
	}
}

static void test_fonts(void **state)
{
	struct sp_span list = body("18-client-font-list-pdu");
	struct sp_span map = body("22-server-font-map-pdu");
	uint8_t buf[16];
	struct sp_wr w;
	struct sp_rd r;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_final_font_list_write(&w);
	unit_assert_span(sp_span(buf, w.n), list);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_final_font_map_write(&w);
	unit_assert_span(sp_span(buf, w.n), map);
	for (size_t n = 0; n <= 8; n++) {
		sp_rd_init(&r, list.p, n);
		assert_int_equal(sp_final_font_list_read(&r), SP_OK);
		assert_int_equal(sp_rd_end(&r), SP_OK);
		sp_rd_init(&r, map.p, n);
		assert_int_equal(sp_final_font_map_read(&r), SP_OK);
	}
}

static void cut(struct sp_span in, void *arg)
{
	static struct sp_final_keys keys;
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_final_keys_read(&r, &keys), SP_ESHORT);
	assert_int_equal(keys.count, 0);
}

static void test_keys(void **state)
{
	struct sp_span in = body("17-client-persistent-key-list-pdu");
	static struct sp_final_keys keys;
	static uint8_t buf[2048];
	struct sp_wr w;
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_final_keys_read(&r, &keys), SP_OK);
	assert_int_equal(sp_rd_end(&r), SP_OK);
	assert_int_equal(keys.n[2], 25);
	assert_int_equal(keys.count, 25);
	assert_int_equal(keys.flags, SP_KEYS_FIRST | SP_KEYS_LAST);
	assert_true(keys.key[24] == 0xB3908AAA3154C783);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_final_keys_write(&w, &keys);
	unit_assert_span(sp_span(buf, w.n), in);
	unit_truncate(in, cut, NULL);

	/* Counts that lie: one too many in all, and far too many. */
	memset(buf, 0, sizeof(buf));
	buf[0] = 169;
	sp_rd_init(&r, buf, 24 + 169 * 8);
	assert_int_equal(sp_final_keys_read(&r, &keys), SP_OK);
	buf[2] = 1;
	sp_rd_init(&r, buf, sizeof(buf));
	assert_int_equal(sp_final_keys_read(&r, &keys), SP_ELIMIT);
	memset(buf, 0xFF, 10);
	sp_rd_init(&r, buf, sizeof(buf));
	assert_int_equal(sp_final_keys_read(&r, &keys), SP_ELIMIT);
	memset(buf, 0, 10);
	memset(buf + 10, 0xFF, 10);
	sp_rd_init(&r, buf, sizeof(buf));
	assert_int_equal(sp_final_keys_read(&r, &keys), SP_ELIMIT);

	keys.count = 1;
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_final_keys_write(&w, &keys);
	assert_int_equal(sp_wr_ok(&w), SP_EARG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_sync),
			cmocka_unit_test(test_control),
			cmocka_unit_test(test_fonts),
			cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
