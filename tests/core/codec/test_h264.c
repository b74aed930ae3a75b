/* tests/core/codec/test_h264.c - what we read of H.264 streams ourselves. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/codec/h264.h"
#include "core/codec/h264_bits.h"
#include "core/codec/h264_merge.h"

/* SPS for 1280x720 of OpenH264. */
#define SPS "000000016742c01f8c8d402802dd3701010107844235"

static void test_size(void **state)
{
	struct sp_h264_info info;

	assert_int_equal(sp_h264_read(unit_hex(SPS), &info), SP_OK);
	assert_true(info.sps && !info.idr);
	assert_int_equal(info.w, 1280);
	assert_int_equal(info.h, 720);
	/* As x264 and Intel write them: cropped to 1920x1080, high profile; interlaced. */
	assert_int_equal(sp_h264_read(unit_hex("000001 67640028acd940780227e5c05a808080a0"), &info),
			SP_OK);
	assert_int_equal(info.w, 1920);
	assert_int_equal(info.h, 1088);
	assert_int_equal(sp_h264_read(unit_hex("000001 6588 00 00 00 01 6742"), &info), SP_EFIELD);
	assert_true(info.idr);
	assert_int_equal(sp_h264_read(unit_hex("6588 0001"), &info), SP_OK);
	assert_false(info.idr);
	assert_int_equal(sp_h264_read(unit_hex("000001 6f42c01f"), &info), SP_EFIELD);
	assert_int_equal(sp_h264_read(unit_hex("000001"), &info), SP_OK);
	assert_int_equal(sp_h264_read(unit_hex(""), &info), SP_OK);
}

/* An SPS with these sides, in blocks. */
static struct sp_span sps(uint32_t w, uint32_t h, uint32_t refs)
{
	static uint8_t out[64];
	static const uint8_t head[] = {0, 0, 1, 0x67, 66, 0xc0, 31};
	uint32_t values[] = {0, 0, 2, refs};
	size_t at = 8 * sizeof(head);

	memset(out, 0, sizeof(out));
	memcpy(out, head, sizeof(head));
	/* id, frame_num, order type, refs; then a flag, w, h, and frames only */
	for (size_t i = 0; i < 7; i++) {
		uint32_t v = i < 4 ? values[i] : i == 5 ? w - 1 : h - 1, n = 0;

		if (i == 4) {
			at++;
			continue;
		}
		while ((v + 1) >> (n + 1)) {
			n++;
		}
		at += n;
		for (uint32_t k = n + 1; k-- > 0; at++) {
			out[at / 8] |= (uint8_t)(((v + 1) >> k & 1) << (7 - at % 8));
		}
	}
	out[at / 8] |= (uint8_t)(0x80 >> at % 8);
	at += 4; /* 8x8, no cropping, no VUI */
	out[at / 8] |= (uint8_t)(0x80 >> at % 8);
	return sp_span(out, at / 8 + 1);
}

static void test_limits(void **state)
{
	struct sp_h264_info info;

	assert_int_equal(sp_h264_read(sps(120, 68, 1), &info), SP_OK);
	assert_int_equal(info.w, 1920);
	assert_int_equal(info.h, 1088);
	assert_int_equal(sp_h264_read(sps(512, 512, 16), &info), SP_OK);
	assert_int_equal(sp_h264_read(sps(513, 1, 1), &info), SP_EFIELD);
	assert_int_equal(sp_h264_read(sps(1, 513, 1), &info), SP_EFIELD);
	assert_int_equal(sp_h264_read(sps(1, 1, 17), &info), SP_EFIELD);
	assert_int_equal(sp_h264_read(sps(0xffffff, 0xffffff, 1), &info), SP_EFIELD);
}

static void read_cut(struct sp_span cut, void *arg)
{
	struct sp_h264_merge m = {0};
	struct sp_h264_info info;
	struct sp_wr w;

	(void)!sp_h264_read(cut, &info);
	sp_wr_init(&w, 1 << 20);
	assert_true(sp_h264_merge(&m, 0, cut, &w) < 0);
	sp_wr_finish(&w);
}

static void test_vectors(void **state)
{
	struct sp_h264_info info;
	struct sp_span in = unit_vector("peer/wpts/h264/AVC420_MainProfile-frame1-stream1.h264");

	assert_int_equal(sp_h264_read(in, &info), SP_OK);
	assert_true(info.idr && info.sps);
	assert_int_equal(info.w, 640);
	assert_int_equal(info.h, 480);
	unit_truncate(sp_span(in.p, in.n < 300 ? in.n : 300), read_cut, NULL);
	in = unit_vector("peer/wpts/h264/AVC420_MainProfile-frame2-stream1.h264");
	assert_int_equal(sp_h264_read(in, &info), SP_OK);
	assert_false(info.idr);
}

static void test_units(void **state)
{
	struct sp_span in = unit_hex("ff 000001 41 0000 00000001 42 000001 43 44 0000"), nal;

	assert_true(sp_h264_next(&in, &nal));
	unit_assert_span(nal, unit_hex("41"));
	assert_true(sp_h264_next(&in, &nal));
	unit_assert_span(nal, unit_hex("42"));
	assert_true(sp_h264_next(&in, &nal));
	unit_assert_span(nal, unit_hex("4344"));
	assert_false(sp_h264_next(&in, &nal));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_size),
			cmocka_unit_test(test_limits),
			cmocka_unit_test(test_vectors),
			cmocka_unit_test(test_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
