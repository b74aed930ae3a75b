/* tests/core/pdu/test_misc.c - the small data PDUs, and the texts of Set Error Info. */
#include "unit.h"

#include <string.h>

#include "core/pdu/errinfo.h"
#include "core/pdu/misc.h"

static struct sp_rd over(const char *hex)
{
	struct sp_span in = unit_hex(hex);
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	return r;
}

static void test_suppress(void **state)
{
	struct sp_misc_suppress s;
	uint8_t buf[16];
	struct sp_wr w;

	struct sp_rd r = over("00 000000");
	assert_int_equal(sp_misc_suppress_read(&r, &s), SP_OK);
	assert_false(s.allow);
	r = over("01 000000 0100 0200 7f07 3704");
	assert_int_equal(sp_misc_suppress_read(&r, &s), SP_OK);
	assert_true(s.allow);
	assert_int_equal(s.desk.x, 1);
	assert_int_equal(s.desk.w, 1919);
	assert_int_equal(s.desk.h, 1078);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_misc_suppress_write(&w, &s);
	unit_assert_span(sp_span(buf, w.n), unit_hex("01 000000 0100 0200 7f07 3704"));
	r = over("02 000000 0100 0200 7f07 3704");
	assert_int_equal(sp_misc_suppress_read(&r, &s), SP_EFIELD);
	r = over("01 000000 0100 0200 7f07 37");
	assert_int_equal(sp_misc_suppress_read(&r, &s), SP_ESHORT);
	r = over("");
	assert_int_equal(sp_misc_suppress_read(&r, &s), SP_ESHORT);
}

static void test_refresh(void **state)
{
	struct sp_rect area[SP_MISC_MAX_AREAS];
	uint8_t buf[4096];
	struct sp_wr w;
	size_t n;

	/* The second one is turned round and left out. */
	struct sp_rd r = over("03 000000  0000 0000 0000 0000  0500 0000 0400 0000"
			      "0000 0000 ffff ffff");
	assert_int_equal(sp_misc_refresh_read(&r, area, &n), SP_OK);
	assert_int_equal(n, 2);
	assert_int_equal(area[0].w, 1);
	assert_int_equal(area[1].w, 65536);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_misc_refresh_write(&w, area, n);
	unit_assert_span(sp_span(buf, w.n),
			unit_hex("02 000000 0000 0000 0000 0000 0000 0000 ffff ffff"));
	r = over("02 000000  0000 0000 0000 0000");
	assert_int_equal(sp_misc_refresh_read(&r, area, &n), SP_ESHORT);
	memset(buf, 0, sizeof(buf));
	buf[0] = 255;
	sp_rd_init(&r, buf, sizeof(buf));
	assert_int_equal(sp_misc_refresh_read(&r, area, &n), SP_OK);
	assert_int_equal(n, 255);

	static const struct sp_rect bad[] = {
			{0, 0, 0, 1}, {-1, 0, 5, 5}, {1, 0, 65536, 1}, {0, 65536, 1, 1}};
	for (size_t i = 0; i < SP_LEN(bad); i++) {
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_misc_refresh_write(&w, &bad[i], 1);
		assert_int_equal(sp_wr_ok(&w), SP_EARG);
	}
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_misc_refresh_write(&w, area, 256);
	assert_int_equal(sp_wr_ok(&w), SP_EARG);
}

static void test_small(void **state)
{
	struct sp_misc_sound sound = {200, 440}, sound2;
	struct sp_misc_leds leds = {1, 7}, leds2;
	struct sp_misc_ime ime = {1, 1, 9}, ime2;
	uint32_t value;
	uint8_t buf[16];
	struct sp_wr w;
	struct sp_rd r;

	for (size_t short_by = 0; short_by < 2; short_by++) {
		int want = short_by ? SP_ESHORT : SP_OK;

		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_misc_sound_write(&w, &sound);
		sp_rd_init(&r, buf, w.n - short_by);
		assert_int_equal(sp_misc_sound_read(&r, &sound2), want);
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_misc_leds_write(&w, &leds);
		sp_rd_init(&r, buf, w.n - short_by);
		assert_int_equal(sp_misc_leds_read(&r, &leds2), want);
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_misc_ime_write(&w, &ime);
		assert_int_equal(w.n, 10);
		sp_rd_init(&r, buf, w.n - short_by);
		assert_int_equal(sp_misc_ime_read(&r, &ime2), want);
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_misc_u32_write(&w, SP_ERRINFO_IDLE_TIMEOUT);
		sp_rd_init(&r, buf, w.n - short_by);
		assert_int_equal(sp_misc_u32_read(&r, &value), want);
		if (!short_by) {
			assert_int_equal(sound2.hz, 440);
			assert_int_equal(leds2.leds, 7);
			assert_int_equal(ime2.conversion, 9);
			assert_int_equal(value, 3);
		}
	}
}

static void cut_monitors(struct sp_span cut, void *arg)
{
	struct sp_misc_monitors out;
	struct sp_rd r;

	sp_rd_init(&r, cut.p, cut.n);
	assert_int_equal(sp_misc_monitors_read(&r, &out), SP_ESHORT);
	assert_int_equal(out.n, 0);
}

static void test_monitors(void **state)
{
	struct sp_misc_monitors in = {.n = 2}, out;
	uint8_t buf[512] = {0};
	struct sp_wr w;
	struct sp_rd r;

	in.m[0] = (struct sp_misc_monitor){0, 0, 1919, 1079, true};
	in.m[1] = (struct sp_misc_monitor){-1920, -5, -1, 1074, false};
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_misc_monitors_write(&w, &in);
	unit_truncate(sp_span(buf, w.n), cut_monitors, NULL);
	sp_rd_init(&r, buf, w.n);
	assert_int_equal(sp_misc_monitors_read(&r, &out), SP_OK);
	assert_int_equal(out.n, 2);
	assert_true(out.m[0].primary);
	assert_int_equal(out.m[1].left, -1920);
	buf[0] = 17;
	sp_rd_init(&r, buf, sizeof(buf));
	assert_int_equal(sp_misc_monitors_read(&r, &out), SP_ELIMIT);
	buf[3] = 0x80;
	sp_rd_init(&r, buf, sizeof(buf));
	assert_int_equal(sp_misc_monitors_read(&r, &out), SP_ELIMIT);
}

static void test_errinfo(void **state)
{
	assert_string_equal(sp_errinfo_text(5), "taken over by another connection");
	assert_string_equal(sp_errinfo_name(5), "DISCONNECTED_BY_OTHERCONNECTION");
	assert_string_equal(sp_errinfo_name(0x1195), "DECRYPTFAILED2");
	assert_string_equal(sp_errinfo_text(0xFFFFFFFF), "unknown reason");
	assert_string_equal(sp_errinfo_name(8), "UNKNOWN");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_suppress),
			cmocka_unit_test(test_refresh),
			cmocka_unit_test(test_small),
			cmocka_unit_test(test_monitors),
			cmocka_unit_test(test_errinfo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
