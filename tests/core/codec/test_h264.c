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
	assert_int_equal(info.refs, 16);
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

/* ---- merging: streams made of bits */

struct unit {
	uint8_t p[256];
	size_t bits;
};

static void put(struct unit *u, uint32_t v, unsigned n)
{
	while (n-- > 0) {
		u->p[u->bits / 8] |= (uint8_t)((v >> n & 1) << (7 - u->bits % 8));
		u->bits++;
	}
}

static void put_golomb(struct unit *u, uint32_t v)
{
	unsigned n = 0;

	while ((v + 1) >> (n + 1)) {
		n++;
	}
	put(u, 0, n);
	put(u, v + 1, n + 1);
}

static void begin(struct unit *u, uint8_t nal)
{
	u->bits = (u->bits + 7) / 8 * 8;
	put(u, 1, 24);
	put(u, nal, 8);
}

/* Pictures are numbered with 4 bits, so that the numbers run over soon. */
static void put_parameters(struct unit *u)
{
	begin(u, 0x67);
	put(u, 66 << 16 | 0xc0 << 8 | 31, 24);
	put(u, 3, 2); /* SPS 0, 4 bits */
	put_golomb(u, 2); /* no order count */
	put_golomb(u, 1); /* one reference */
	put(u, 0, 1);
	put(u, 3, 2); /* one block */
	put(u, 0xc, 4);
	put(u, 1, 1);
	begin(u, 0x68);
	put(u, 3, 2);
	put(u, 0, 2);
	put(u, 7, 3);
	put(u, 0, 3);
	put(u, 7, 3);
	put(u, 4, 3);
	put(u, 1, 1);
}

#define PAYLOAD 0x2f3

static struct sp_span picture(struct unit *u, bool idr, uint32_t n)
{
	memset(u, 0, sizeof(*u));
	if (idr) {
		put_parameters(u);
	}
	begin(u, idr ? 0x65 : 0x61);
	put_golomb(u, 0);
	put_golomb(u, idr ? 7 : 5);
	put_golomb(u, 0);
	put(u, n % 16, 4);
	if (idr) {
		put_golomb(u, 1); /* idr_pic_id */
		put(u, 0, 2);
	} else {
		put(u, 0, 3); /* no other number of references, no order, no marking */
	}
	put(u, PAYLOAD, 10);
	put(u, 1, 1);
	return sp_span(u->p, (u->bits + 7) / 8);
}

/* own: how far the last picture of the view is away, 0 for none; other: as it is sent away */
static void check_slice(
		struct sp_span in, bool idr, bool p, uint32_t n, uint32_t own, uint32_t other)
{
	struct sp_span nal = {0};

	while (sp_h264_next(&in, &nal)) {
		if ((nal.p[0] & 0x1f) <= SP_H264_IDR) {
			break;
		}
	}
	struct sp_h264_bits b = {.p = nal.p + 1, .end = nal.p + nal.n};

	assert_int_equal(nal.p[0], idr ? 0x65 : 0x61);
	assert_int_equal(sp_h264_golomb(&b), 0);
	assert_int_equal(sp_h264_golomb(&b), p ? 5 : 7);
	assert_int_equal(sp_h264_golomb(&b), 0);
	assert_int_equal(sp_h264_bits(&b, 4), n % 16);
	if (idr) {
		assert_int_equal(sp_h264_golomb(&b), 1);
		assert_int_equal(sp_h264_bits(&b, 2), 0);
	}
	if (p) {
		assert_int_equal(sp_h264_bit(&b), 0);
		assert_int_equal(sp_h264_bit(&b), own != 1);
		if (own != 1) {
			assert_int_equal(sp_h264_golomb(&b), 0);
			assert_int_equal(sp_h264_golomb(&b), own - 1);
			assert_int_equal(sp_h264_golomb(&b), 3);
		}
	}
	if (!idr) {
		assert_int_equal(sp_h264_bit(&b), own > 0 || other > 0);
		for (int i = 0; i < 2; i++) {
			uint32_t gone = i ? other : own;

			if (gone > 0) {
				assert_int_equal(sp_h264_golomb(&b), 1);
				assert_int_equal(sp_h264_golomb(&b), gone - 1);
			}
		}
		if (own > 0 || other > 0) {
			assert_int_equal(sp_h264_golomb(&b), 0);
		}
	}
	assert_int_equal(sp_h264_bits(&b, 10), PAYLOAD);
	assert_int_equal(sp_h264_bit(&b), 1);
	assert_false(b.failed);
	while (!b.failed) {
		assert_int_equal(sp_h264_bit(&b), 0);
	}
}

static void test_merge(void **state)
{
	struct sp_h264_merge m = {0};
	struct unit u;
	struct sp_wr w;
	uint32_t n = 0, last = 0, aux;

	sp_wr_init(&w, 1 << 16);
	assert_int_equal(sp_h264_merge(&m, 1, picture(&u, true, 0), &w), SP_ECODEC);
	assert_int_equal(sp_h264_merge(&m, 0, picture(&u, false, 1), &w), SP_ESTATE);
	assert_true(sp_h264_merge_needs_idr(&m, 0));

	sp_wr_reset(&w);
	assert_true(sp_h264_merge(&m, 0, picture(&u, true, 0), &w) > 0);
	check_slice(sp_span(w.p, w.n), true, false, n++, 0, 0);
	assert_false(sp_h264_merge_needs_idr(&m, 0));
	assert_true(sp_h264_merge_needs_idr(&m, 1));
	sp_wr_reset(&w);
	assert_int_equal(sp_h264_merge(&m, 1, picture(&u, false, 0), &w), SP_ESTATE);
	sp_wr_reset(&w);
	assert_true(sp_h264_merge(&m, 1, picture(&u, true, 0), &w) > 0);
	aux = n;
	check_slice(sp_span(w.p, w.n), false, false, n++, 0, 0);
	/* The luma alone until the chroma's number would come again. */
	for (; n < 40; n++) {
		uint32_t other = n - aux == 14 ? n - aux : 0;

		assert_int_equal(sp_h264_merge_needs_idr(&m, 1), n - aux > 14);
		sp_wr_reset(&w);
		assert_true(sp_h264_merge(&m, 0, picture(&u, false, n), &w) > 0);
		check_slice(sp_span(w.p, w.n), false, true, n, n - last, other);
		last = n;
	}
	sp_wr_reset(&w);
	assert_true(sp_h264_merge(&m, 1, picture(&u, true, 0), &w) > 0);
	aux = n;
	check_slice(sp_span(w.p, w.n), false, false, n++, 0, 0);
	sp_wr_reset(&w);
	assert_true(sp_h264_merge(&m, 1, picture(&u, false, 1), &w) > 0);
	check_slice(sp_span(w.p, w.n), false, true, n, 1, 0);
	n++;
	sp_wr_reset(&w);
	assert_true(sp_h264_merge(&m, 0, picture(&u, false, 1), &w) > 0);
	check_slice(sp_span(w.p, w.n), false, true, n, 3, 0);
	/* A view's own new beginning sends away what it had. */
	n++;
	sp_wr_reset(&w);
	assert_true(sp_h264_merge(&m, 1, picture(&u, true, 0), &w) > 0);
	check_slice(sp_span(w.p, w.n), false, false, n, 2, 0);
	/* An IDR picture is the beginning of all. */
	sp_wr_reset(&w);
	assert_true(sp_h264_merge(&m, 0, picture(&u, true, 0), &w) > 0);
	check_slice(sp_span(w.p, w.n), true, false, 0, 0, 0);
	assert_true(sp_h264_merge_needs_idr(&m, 1));
	sp_wr_finish(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_size),
			cmocka_unit_test(test_limits),
			cmocka_unit_test(test_vectors),
			cmocka_unit_test(test_units),
			cmocka_unit_test(test_merge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
