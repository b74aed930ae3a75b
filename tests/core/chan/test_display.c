/* tests/core/chan/test_display.c - the messages of display control, and which layouts are possible. */
#include "unit.h"

#include <string.h>

#include "core/chan/display.h"

static const char caps_text[] = "05000000 14000000 10000000 00080000 00040000";
/* 1920x1080 at 150 per cent, and left of it, higher up, one on its side. */
static const char two_text[] = "02000000 60000000 28000000 02000000 "
			       "01000000 00000000 00000000 80070000 38040000 58020000 50010000 "
			       "00000000 96000000 8c000000 "
			       "00000000 50fbffff d4feffff b0040000 80070000 09000000 50010000 "
			       "5a000000 64000000 65000000";

static int read_layout(struct sp_span in, struct sp_display_layout *out)
{
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	return sp_display_layout_read(&r, out);
}

static void test_caps(void **state)
{
	struct sp_span in = unit_hex(caps_text);
	struct sp_display_caps c;
	uint8_t buf[64];
	struct sp_wr w;
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_display_caps_read(&r, &c), SP_OK);
	assert_int_equal(c.max_monitors, 16);
	assert_int_equal(c.factor_a, 2048);
	assert_int_equal(c.factor_b, 1024);
	assert_int_equal(sp_display_max_area(&c), 16 * 2048 * 1024);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_display_caps_write(&w, &c);
	unit_assert_span(sp_span(buf, w.n), in);
	c.factor_a = c.factor_b = UINT32_MAX;
	assert_true(sp_display_max_area(&c) == UINT64_MAX);
	c.factor_b = 0;
	assert_int_equal(sp_display_max_area(&c), 0);
}

static void test_layout(void **state)
{
	struct sp_span in = unit_hex(two_text);
	struct sp_display_layout l;
	uint8_t buf[SP_DISPLAY_MAX_MESSAGE];
	struct sp_wr w;

	assert_int_equal(read_layout(in, &l), SP_OK);
	assert_int_equal(l.n, 2);
	assert_true(l.monitor[0].primary);
	assert_int_equal(l.monitor[0].width, 1920);
	assert_int_equal(l.monitor[0].height, 1080);
	assert_int_equal(l.monitor[0].physical_width, 600);
	assert_int_equal(l.monitor[0].physical_height, 336);
	assert_int_equal(l.monitor[0].desktop_scale, 150);
	assert_int_equal(l.monitor[0].device_scale, 140);
	assert_false(l.monitor[1].primary);
	assert_int_equal(l.monitor[1].left, -1200);
	assert_int_equal(l.monitor[1].top, -300);
	assert_int_equal(l.monitor[1].orientation, 90);
	/* Nine millimetres, and a device scale of 101: both of a pair are ignored. */
	assert_int_equal(l.monitor[1].physical_height, 0);
	assert_int_equal(l.monitor[1].desktop_scale, 0);
	assert_null(sp_display_check(&l));
	struct sp_rect all = sp_display_bounds(&l);
	assert_int_equal(all.x, -1200);
	assert_int_equal(all.y, -300);
	assert_int_equal(all.w, 3120);
	assert_int_equal(all.h, 1920);
	assert_int_equal(sp_display_area(&l), 1920 * 1080 + 1200 * 1920);
	/* What was not ignored comes back byte for byte. */
	sp_wr_fixed(&w, buf, sizeof(buf));
	l.monitor[1].physical_width = 9;
	l.monitor[1].physical_height = 336;
	l.monitor[1].desktop_scale = 100;
	l.monitor[1].device_scale = 101;
	sp_display_layout_write(&w, &l);
	unit_assert_span(sp_span(buf, w.n), in);
}

static void patched(size_t at, uint32_t value, int want)
{
	struct sp_span in = unit_hex(two_text);
	struct sp_display_layout l;
	uint8_t copy[SP_DISPLAY_MAX_MESSAGE];

	memcpy(copy, in.p, in.n);
	for (size_t i = 0; i < 4; i++) {
		copy[at + i] = (uint8_t)(value >> (8 * i));
	}
	assert_int_equal(read_layout(sp_span(copy, in.n), &l), want);
}

static void test_fields(void **state)
{
	enum {
		TYPE = 0,
		LENGTH = 4,
		SIZE = 8,
		COUNT = 12,
		FIRST = 16
	};

	patched(TYPE, 5, SP_EPROTO);
	patched(LENGTH, 95, SP_EFIELD);
	patched(LENGTH, 97, SP_ESHORT);
	patched(LENGTH, UINT32_MAX, SP_ESHORT);
	patched(SIZE, 36, SP_EFIELD);
	patched(COUNT, 0, SP_ELIMIT);
	patched(COUNT, 1, SP_ETRAIL);
	patched(COUNT, 3, SP_ESHORT);
	patched(COUNT, SP_DISPLAY_MAX_MONITORS + 1, SP_ELIMIT);
	patched(COUNT, UINT32_MAX, SP_ELIMIT);
	patched(FIRST + 4, 32768, SP_EFIELD);
	patched(FIRST + 4, (uint32_t)-32769, SP_EFIELD);
	patched(FIRST + 8, 0x7fffffff, SP_EFIELD);
	patched(FIRST + 12, 198, SP_EFIELD);
	patched(FIRST + 12, 201, SP_EFIELD);
	patched(FIRST + 12, 200, SP_OK);
	patched(FIRST + 12, 8192, SP_OK);
	patched(FIRST + 12, 8194, SP_EFIELD);
	patched(FIRST + 16, 199, SP_EFIELD);
	patched(FIRST + 16, 201, SP_OK);
	patched(FIRST + 16, 8193, SP_EFIELD);
	patched(FIRST + 28, 45, SP_OK);
	patched(FIRST + 32, 501, SP_OK);
}

static void test_ignored(void **state)
{
	static const struct {
		uint32_t desktop, device, want;
	} rows[] = {{100, 100, 100}, {500, 180, 500}, {99, 100, 0}, {501, 100, 0}, {200, 0, 0},
			{200, 140, 200}, {0, 140, 0}};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_display_layout in = {.n = 1}, out;
		uint8_t buf[SP_DISPLAY_MAX_MESSAGE];
		struct sp_wr w;

		in.monitor[0] = (struct sp_display_monitor){.width = 640,
				.height = 480,
				.orientation = 91,
				.desktop_scale = rows[i].desktop,
				.device_scale = rows[i].device};
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_display_layout_write(&w, &in);
		assert_int_equal(read_layout(sp_span(buf, w.n), &out), SP_OK);
		assert_int_equal(out.monitor[0].desktop_scale, rows[i].want);
		assert_int_equal(out.monitor[0].orientation, 0);
	}
}

static void test_rules(void **state)
{
	static const struct {
		const char *want; /* part of the rule; NULL: possible */
		struct {
			int32_t x, y;
			uint32_t w, h;
			bool primary;
		} m[3];
	} rows[] = {
			{NULL, {{0, 0, 640, 480, true}}},
			{NULL, {{0, 0, 640, 480, true}, {640, 0, 800, 600, false}}},
			{NULL,
					{{-800, -600, 800, 600, false},
							{0, 0, 640, 480, true}}}, /* a corner */
			{NULL,
					{{0, 0, 640, 480, true}, {-800, 100, 800, 600, false},
							{640, -200, 800, 600, false}}},
			{"no primary", {{0, 0, 640, 480, false}}},
			{"not at 0, 0", {{2, 0, 640, 480, true}}},
			{"two primary", {{0, 0, 640, 480, true}, {640, 0, 640, 480, true}}},
			{"overlap", {{0, 0, 640, 480, true}, {638, 0, 640, 480, false}}},
			{"overlap",
					{{0, 0, 640, 480, true}, {640, 0, 640, 480, false},
							{640, 0, 640, 480, false}}},
			{"apart", {{0, 0, 640, 480, true}, {642, 0, 640, 480, false}}},
			{"apart",
					{{0, 0, 640, 480, true}, {640, 0, 640, 480, false},
							{640, 481, 640, 480, false}}},
			{"too far",
					{{0, 0, 8192, 480, true}, {-30000, 0, 640, 480, false},
							{-29360, 0, 640, 480, false}}},
			{"not possible", {{0, 0, 641, 480, true}}},
			{"not possible", {{0, 0, 640, 480, true}, {640, -40000, 640, 480, false}}},
			{"not possible", {{0, 0, 640, UINT32_MAX, true}}},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_display_layout l = {0};

		for (; l.n < 3 && rows[i].m[l.n].w; l.n++) {
			l.monitor[l.n] = (struct sp_display_monitor){
					.primary = rows[i].m[l.n].primary,
					.left = rows[i].m[l.n].x,
					.top = rows[i].m[l.n].y,
					.width = rows[i].m[l.n].w,
					.height = rows[i].m[l.n].h};
		}
		const char *why = sp_display_check(&l);
		if (rows[i].want) {
			assert_non_null(why);
			assert_non_null(strstr(why, rows[i].want));
		} else {
			assert_null(why);
		}
	}
	assert_non_null(sp_display_check(&(struct sp_display_layout){0}));
}

static void test_unwritable(void **state)
{
	struct sp_display_layout l = {.n = SP_DISPLAY_MAX_MONITORS + 1};
	struct sp_wr w;

	sp_wr_init(&w, 4096);
	sp_display_layout_write(&w, &l);
	assert_int_equal(sp_wr_ok(&w), SP_EARG);
	sp_wr_finish(&w);
}

static void read_both(struct sp_span cut, void *arg)
{
	struct sp_display_layout l;
	struct sp_display_caps c;
	struct sp_rd r;

	assert_true(read_layout(cut, &l) < 0);
	sp_rd_init(&r, cut.p, cut.n);
	assert_true(sp_display_caps_read(&r, &c) < 0);
}

static void test_cut(void **state)
{
	unit_truncate(unit_hex(two_text), read_both, NULL);
	unit_truncate(unit_hex(caps_text), read_both, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_caps),
			cmocka_unit_test(test_layout),
			cmocka_unit_test(test_fields),
			cmocka_unit_test(test_ignored),
			cmocka_unit_test(test_rules),
			cmocka_unit_test(test_unwritable),
			cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
