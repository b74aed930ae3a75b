/* tests/core/codec/test_zgfx.c - vectors, round trips, bombs and damage of RDP 8.0 compression. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/codec/zgfx.h"

#define MAX (16u << 20)

static int decode_once(enum sp_zgfx_kind kind, struct sp_span in, size_t max)
{
	struct sp_zgfx_dec *d = sp_zgfx_dec_create(kind, max);
	struct sp_span out;

	assert_non_null(d);
	int rc = sp_zgfx_decode(d, in, &out);
	sp_zgfx_dec_destroy(d);
	return rc;
}

/* [MS-RDPEGFX] 4.2.1.1 */
static void test_examples(void **state)
{
	for (unsigned i = 1; i <= 4; i++) {
		struct sp_zgfx_dec *d = sp_zgfx_dec_create(SP_ZGFX_FULL, MAX);
		char in[80], plain[80];
		struct sp_span out;

		snprintf(in, sizeof(in), "spec/MS-RDPEGFX-4.2.1.1.%u-zgfx-encoded.hex", i);
		snprintf(plain, sizeof(plain), "spec/MS-RDPEGFX-4.2.1.1.%u-zgfx-plain.hex", i);
		assert_int_equal(sp_zgfx_decode(d, unit_vector(in), &out), SP_OK);
		unit_assert_span(out, unit_vector(plain));
		sp_zgfx_dec_destroy(d);
	}
}

/* [MS-RDPEGFX] 4.2.1.1.5, of which only the head is printed: a raw run of 1000 bytes. */
static void test_raw_run(void **state)
{
	static const uint8_t text[] = "The quick brown fox ";
	uint8_t in[6 + 1000 + 1] = {0xe0, 0x24, 0x88, 0x01, 0xf4, 0x00}, want[1000];
	struct sp_zgfx_dec *d = sp_zgfx_dec_create(SP_ZGFX_FULL, MAX);
	struct sp_span out;

	for (size_t i = 0; i < sizeof(want); i++) {
		want[i] = text[i % (sizeof(text) - 1)];
	}
	/* 10001 00000 and 15 bits of length stand before, two more are left of the byte. */
	in[2] = 0x88;
	in[3] = 1000 >> 9;
	in[4] = (1000 >> 1) & 0xff;
	in[5] = 0;
	memcpy(in + 6, want, sizeof(want));
	assert_int_equal(sp_zgfx_decode(d, sp_span(in, sizeof(in)), &out), SP_OK);
	unit_assert_span(out, sp_span(want, sizeof(want)));
	sp_zgfx_dec_destroy(d);
}

/* One history from message to message. */
static void test_sequence(void **state)
{
	struct sp_zgfx_dec *d = sp_zgfx_dec_create(SP_ZGFX_FULL, MAX);

	for (unsigned i = 0; i < 5; i++) {
		char in[80], plain[80];
		struct sp_span out;

		snprintf(in, sizeof(in), "peer/ironrdp/zgfx/encoded.%u.bin", i);
		snprintf(plain, sizeof(plain), "peer/ironrdp/zgfx/decoded.%u.bin", i);
		assert_int_equal(sp_zgfx_decode(d, unit_vector(in), &out), SP_OK);
		unit_assert_span(out, unit_vector(plain));
	}
	sp_zgfx_dec_destroy(d);
}

/* [MS-RDPEDYC] 4.3.3 and 4.3.4: the three PDUs of one message, behind their heads. */
static void test_lite(void **state)
{
	static const struct {
		const char *name;
		size_t head, n;
	} rows[] = {
			{"spec/MS-RDPEDYC-4.3.3-dvc-data-first-compressed-pdu-1.hex", 4, 1595},
			{"spec/MS-RDPEDYC-4.3.4-dvc-data-compressed-pdu-1.hex", 2, 1597},
			{"spec/MS-RDPEDYC-4.3.4-dvc-data-compressed-pdu-3.hex", 2, 3},
	};
	struct sp_zgfx_dec *d = sp_zgfx_dec_create(SP_ZGFX_LITE, 1 << 16);

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_span pdu = unit_vector(rows[i].name), out;

		assert_int_equal(
				sp_zgfx_decode(d,
						sp_span(pdu.p + rows[i].head, pdu.n - rows[i].head),
						&out),
				SP_OK);
		assert_int_equal(out.n, rows[i].n);
		for (size_t k = 0; k < out.n; k++) {
			assert_int_equal(out.p[k], 'q');
		}
	}
	sp_zgfx_dec_destroy(d);
}

static uint32_t seed = 1;

static uint32_t rnd(void)
{
	seed = seed * 1664525u + 1013904223u;
	return seed >> 8;
}

/* Noise, runs, repetitions of long ago, small alphabets. */
static void fill(uint8_t *p, size_t n, unsigned how)
{
	for (size_t i = 0; i < n; i++) {
		switch (how % 5) {
		case 0:
			p[i] = (uint8_t)rnd();
			break;
		case 1:
			p[i] = (uint8_t)how;
			break;
		case 2:
			p[i] = (uint8_t)(i * i >> 7);
			break;
		case 3:
			p[i] = "\x00\x01\x02\xff\x66\x39 text"[rnd() % 11];
			break;
		default:
			p[i] = i < 4096 ? (uint8_t)(i * 7 + (i >> 8)) : p[i - 4000];
			break;
		}
	}
}

static void round_trip(enum sp_zgfx_kind kind, const size_t *sizes, size_t n)
{
	struct sp_zgfx_enc *e = sp_zgfx_enc_create(kind);
	struct sp_zgfx_dec *d = sp_zgfx_dec_create(kind, MAX);
	struct sp_wr w;

	sp_wr_init(&w, 2 * MAX);
	for (size_t i = 0; i < 5 * n; i++) {
		size_t size = sizes[i % n];
		uint8_t *p = malloc(size + 1);
		struct sp_span out;

		fill(p, size, (unsigned)(i / n + i));
		sp_wr_reset(&w);
		assert_int_equal(sp_zgfx_encode(e, sp_span(p, size), &w), SP_OK);
		assert_true(w.n <= size + 7 + 5 * (size / SP_ZGFX_SEGMENT + 1));
		if (size > 100 && (i / n + i) % 5 == 1) {
			assert_true(w.n < size / 20);
		}
		assert_int_equal(sp_zgfx_decode(d, sp_span(w.p, w.n), &out), SP_OK);
		unit_assert_span(out, sp_span(p, size));
		free(p);
	}
	sp_wr_finish(&w);
	sp_zgfx_enc_destroy(e);
	sp_zgfx_dec_destroy(d);
}

static void test_round_trip(void **state)
{
	static const size_t full[] = {
			0, 1, 2, 3, 4, 100, 5000, 65534, 65535, 65536, 200000, 1000000};
	static const size_t lite[] = {0, 1, 2, 3, 100, 1595, 1597, 8191, 8192};

	round_trip(SP_ZGFX_FULL, full, SP_LEN(full));
	round_trip(SP_ZGFX_LITE, lite, SP_LEN(lite));
}

static void test_encoder_limits(void **state)
{
	struct sp_zgfx_enc *e = sp_zgfx_enc_create(SP_ZGFX_LITE);
	uint8_t *p = calloc(1, 8193), small[4];
	struct sp_wr w;

	sp_wr_fixed(&w, small, sizeof(small));
	assert_int_equal(sp_zgfx_encode(e, sp_span(p, 8193), &w), SP_EARG);
	assert_int_equal(sp_zgfx_encode(e, sp_span(p, 100), &w), SP_ESPACE);
	sp_zgfx_enc_destroy(e);
	free(p);
}

static void test_refused(void **state)
{
	static const struct {
		enum sp_zgfx_kind kind;
		const char *hex;
	} rows[] = {
			{SP_ZGFX_FULL, ""}, {SP_ZGFX_FULL, "e0"},
			{SP_ZGFX_FULL, "e2 04 61"}, /* descriptor */
			{SP_ZGFX_FULL, "e0 06 61"}, /* the type of the other kind */
			{SP_ZGFX_LITE, "e0 04 61"}, {SP_ZGFX_FULL, "e0 24"}, /* no trailer */
			{SP_ZGFX_FULL, "e0 24 01"}, /* less than no bits */
			{SP_ZGFX_FULL, "e0 24 00 08"}, /* trailer */
			{SP_ZGFX_FULL, "e0 24 20 00"}, /* a literal cut short */
			{SP_ZGFX_FULL, "e0 24 88 40 00"}, /* distance 1 without history */
			{SP_ZGFX_FULL, "e0 24 10 c4 0e 00"}, /* 'C', then distance 2 */
			{SP_ZGFX_FULL, "e0 24 be 00 00 00 00"}, /* a token that is none */
			{SP_ZGFX_FULL, "e0 24 88 01 f4 00 61 00"}, /* raw run over the end */
			{SP_ZGFX_FULL, "e1 0100 02000000 02000000 0461"}, /* not the size it says */
			{SP_ZGFX_FULL, "e1 0100 00000000 02000000 0461"},
			{SP_ZGFX_FULL, "e1 0100 01000000 00000000"}, /* a segment without header */
			{SP_ZGFX_FULL, "e1 0100 01000000 02000000 0461 00"}, /* bytes behind */
			{SP_ZGFX_FULL, "e1 ffff 01000000 02000000 0461"}, /* fewer than it says */
			{SP_ZGFX_LITE, "e1 0100 01000000 02000000 0661"}, /* LITE has one */
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		assert_int_equal(decode_once(rows[i].kind, unit_hex(rows[i].hex), MAX), SP_ECODEC);
	}
	assert_int_equal(decode_once(SP_ZGFX_FULL, unit_hex("e1 0000 00000000"), MAX), SP_OK);
	/* Sizes are looked at before anything is made room for. */
	assert_int_equal(decode_once(SP_ZGFX_FULL, unit_hex("e1 ffff ffffffff"), MAX), SP_ELIMIT);
	assert_int_equal(decode_once(SP_ZGFX_FULL, unit_hex("e0 04 616263"), 2), SP_ELIMIT);
}

/* The best ratio there is: each segment full of one byte. Memory and time are bounded by max. */
static void test_bomb(void **state)
{
	uint8_t *zero = calloc(1, 4 * MAX);
	struct sp_zgfx_enc *e = sp_zgfx_enc_create(SP_ZGFX_FULL);
	struct sp_wr w;

	sp_wr_init(&w, MAX);
	assert_int_equal(sp_zgfx_encode(e, sp_span(zero, 4 * MAX), &w), SP_OK);
	assert_true(w.n < 40000);
	assert_int_equal(decode_once(SP_ZGFX_FULL, sp_span(w.p, w.n), MAX), SP_ELIMIT);
	assert_int_equal(decode_once(SP_ZGFX_FULL, sp_span(w.p, w.n), 4 * MAX), SP_OK);
	/* One segment that goes beyond what a segment may hold. */
	sp_wr_reset(&w);
	static const uint8_t head[] = {0xe0, 0x24, 0x20, 0x88, 0x7f, 0xff, 0xff, 0xff, 0x00};
	sp_wr_put(&w, head, sizeof(head));
	assert_int_equal(decode_once(SP_ZGFX_FULL, sp_span(w.p, w.n), 4 * MAX), SP_ECODEC);
	sp_wr_finish(&w);
	sp_zgfx_enc_destroy(e);
	free(zero);
}

static void decode_cut(struct sp_span cut, void *arg)
{
	struct sp_zgfx_dec *d = sp_zgfx_dec_create(*(enum sp_zgfx_kind *)arg, 1 << 20);
	struct sp_span out = sp_span(NULL, 0);

	if (sp_zgfx_decode(d, cut, &out) == SP_OK) {
		assert_true(out.n <= 1 << 20);
	}
	sp_zgfx_dec_destroy(d);
}

static void test_truncated(void **state)
{
	enum sp_zgfx_kind full = SP_ZGFX_FULL, lite = SP_ZGFX_LITE;

	unit_truncate(unit_vector("spec/MS-RDPEGFX-4.2.1.1.4-zgfx-encoded.hex"), decode_cut, &full);
	unit_truncate(unit_vector("peer/ironrdp/zgfx/encoded.2.bin"), decode_cut, &full);
	unit_truncate(unit_hex("e0 26 38 c4 3f f4 74 01"), decode_cut, &lite);
}

static void test_no_memory(void **state)
{
	static uint8_t text[70000];
	int rc = SP_ENOMEM;

	for (long n = 0; rc != SP_OK; n++) {
		struct sp_wr w;
		struct sp_span out;

		assert_true(n < 100);
		sp_mem_fail_after(n);
		sp_wr_init(&w, 1 << 20);
		struct sp_zgfx_enc *e = sp_zgfx_enc_create(SP_ZGFX_FULL);
		struct sp_zgfx_dec *d = sp_zgfx_dec_create(SP_ZGFX_FULL, 1 << 20);
		rc = e && d ? sp_zgfx_encode(e, sp_span(text, sizeof(text)), &w) : SP_ENOMEM;
		if (rc == SP_OK) {
			rc = sp_zgfx_decode(d, sp_span(w.p, w.n), &out);
		}
		assert_true(rc == SP_OK || rc == SP_ENOMEM);
		sp_zgfx_enc_destroy(e);
		sp_zgfx_dec_destroy(d);
		sp_wr_finish(&w);
		sp_mem_fail_after(-1);
	}
}

/* Parts that are not tried go as they are, and are history all the same, also for a decoder that was loaded. */
static void test_parts(void **state)
{
	static uint8_t data[3 * 70000];
	struct sp_zgfx_enc *e = sp_zgfx_enc_create(SP_ZGFX_FULL);
	struct sp_zgfx_dec *d = sp_zgfx_dec_create(SP_ZGFX_FULL, 1u << 20);
	struct sp_wr w, saved;
	uint32_t dice = 1;

	for (size_t i = 0; i < sizeof(data); i++) {
		dice = dice * 1664525u + 1013904223u;
		data[i] = i < 70000 ? (uint8_t)(i / 300) : (uint8_t)(dice >> 24);
	}
	struct sp_zgfx_part parts[] = {{sp_span(data, 70000), false},
			{sp_span(data + 70000, 70000), true}, {sp_span(NULL, 0), true},
			{sp_span(data + 140000, 70000), true}};
	sp_wr_init(&w, 1u << 20);
	sp_wr_init(&saved, 3u << 20);
	for (int i = 0; i < 60; i++) {
		struct sp_span out;

		sp_wr_reset(&w);
		assert_int_equal(sp_zgfx_encode_parts(e, parts, 4, &w), SP_OK);
		/* The first one is nearly nothing, the others are not made smaller. */
		assert_true(140000 < w.n && w.n < 145000);
		assert_int_equal(sp_zgfx_decode(d, sp_span(w.p, w.n), &out), SP_OK);
		unit_assert_span(out, sp_span(data, sizeof(data)));
		if (i % 20 == 3) {
			sp_wr_reset(&saved);
			assert_int_equal(sp_zgfx_dec_save(d, &saved), SP_OK);
			sp_zgfx_dec_destroy(d);
			d = sp_zgfx_dec_create(SP_ZGFX_FULL, 1u << 20);
			assert_int_equal(sp_zgfx_dec_load(d, sp_span(saved.p, saved.n)), SP_OK);
		}
	}
	assert_int_equal(sp_zgfx_dec_load(d, sp_span(NULL, 0)), SP_ESHORT);
	assert_int_equal(sp_zgfx_dec_load(d, sp_span("x", 1)), SP_EFIELD);
	sp_wr_finish(&w);
	sp_wr_finish(&saved);
	sp_zgfx_enc_destroy(e);
	sp_zgfx_dec_destroy(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_examples),
			cmocka_unit_test(test_raw_run),
			cmocka_unit_test(test_sequence),
			cmocka_unit_test(test_lite),
			cmocka_unit_test(test_round_trip),
			cmocka_unit_test(test_encoder_limits),
			cmocka_unit_test(test_refused),
			cmocka_unit_test(test_bomb),
			cmocka_unit_test(test_truncated),
			cmocka_unit_test(test_no_memory),
			cmocka_unit_test(test_parts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
