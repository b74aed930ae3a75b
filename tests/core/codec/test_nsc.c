/* tests/core/codec/test_nsc.c - NSCodec: the specification's example, round trips, damage, bounds. */
#include "unit.h"

#include <stdlib.h>

#include "core/base/mem.h"
#include "core/codec/nsc.h"
#include "core/codec/nsc_kernel.h"
#include "frame.h"
#include "pictures.h"

/* Hash of all streams of the round trips: the same bytes with every vector unit. */
#define ENCODED 0xeaf24f9af2deb003u

static int decode(struct frame *f, struct sp_span in)
{
	return sp_nsc_decode(in.p, in.n, frame_row(f, f->h - 1), -(ptrdiff_t)f->stride, f->w, f->h);
}

/* [MS-RDPNSC] 4; the dump of the result is B, G, R, A. */
static void test_spec_example(void **state)
{
	struct sp_span in = unit_vector("spec/MS-RDPNSC-4-protocol-examples-1.hex");
	struct sp_span want = unit_vector("spec/MS-RDPNSC-4-protocol-examples-6.hex");
	uint8_t out[15 * 10 * 4];

	assert_int_equal(want.n, sizeof(out));
	assert_int_equal(sp_nsc_decode(in.p, in.n, out, 15 * 4, 15, 10), SP_OK);
	assert_memory_equal(out, want.p, want.n);
}

/* How far a colour may be off: what was dropped and half of what chroma is measured in. */
static int tolerance(const struct sp_nsc_conf *conf)
{
	return (2 << conf->loss) + 3;
}

static void round_trip(struct sp_nsc_enc *e, enum picture kind, uint32_t w, uint32_t h,
		struct sp_nsc_conf conf, uint64_t *hash)
{
	uint8_t *px = malloc(4 * (size_t)w * h);
	struct frame f = frame_make(w, h);
	struct sp_wr out;
	int n;

	picture_make(px, kind, w, h, w * 131 + h);
	sp_wr_init(&out, SP_NSC_ROOM(w, h));
	n = sp_nsc_encode(e, &conf, px + 4 * (size_t)w * (h - 1), -4 * (ptrdiff_t)w, w, h, &out);
	assert_true(n > 0 && n == (int)out.n);
	*hash = picture_hash(*hash, out.p, out.n);
	assert_int_equal(decode(&f, sp_span(out.p, out.n)), SP_OK);
	frame_check(&f);
	for (uint32_t y = 0; y < h; y++) {
		for (uint32_t x = 0; x < w; x++) {
			const uint8_t *want = px + 4 * ((size_t)y * w + x);
			const uint8_t *got = frame_row(&f, y) + 4 * (size_t)x;

			for (int i = 0; i < 3 && !conf.subsample; i++) {
				assert_true(abs(want[i] - got[i]) <= tolerance(&conf));
			}
			assert_int_equal(got[3], 0xff);
			if (kind == FLAT && conf.subsample) {
				assert_true(abs(want[1] - got[1]) <= tolerance(&conf));
			}
		}
	}
	sp_wr_finish(&out);
	free(f.p);
	free(px);
}

static void test_round_trips(void **state)
{
	static const uint32_t sides[] = {1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 33, 64, 65};
	struct sp_nsc_enc *e = sp_nsc_enc_create();
	uint64_t hash = 0xcbf29ce484222325u;

	for (int kind = 0; kind < PICTURE_COUNT; kind++) {
		for (size_t i = 0; i < sizeof(sides) / sizeof(*sides); i++) {
			for (size_t k = 0; k < sizeof(sides) / sizeof(*sides); k++) {
				struct sp_nsc_conf conf = {
						(uint8_t)((i + k) % 7 + 1), (i * 5 + k) % 3 == 0};

				round_trip(e, kind, sides[i], sides[k], conf, &hash);
			}
		}
		round_trip(e, kind, 1000, 37, (struct sp_nsc_conf){1, false}, &hash);
		round_trip(e, kind, 5000, 3, (struct sp_nsc_conf){3, true}, &hash);
	}
	sp_nsc_enc_destroy(e);
	print_message("encoded: %016llx\n", (unsigned long long)hash);
	assert_true(hash == ENCODED);
}

/* Greys lose nothing, whatever the options: text keeps its edges. */
static void test_greys(void **state)
{
	struct sp_nsc_enc *e = sp_nsc_enc_create();
	uint8_t px[64 * 4], got[64 * 4];

	for (int loss = 1; loss <= 7; loss++) {
		struct sp_nsc_conf conf = {(uint8_t)loss, loss % 2 == 0};
		struct sp_wr out;

		for (int i = 0; i < 64; i++) {
			memset(px + 4 * i, (i * 37 + loss) & 0xff, 3);
			px[4 * i + 3] = 0xff;
		}
		sp_wr_init(&out, 1024);
		assert_true(sp_nsc_encode(e, &conf, px, 32, 8, 8, &out) > 0);
		assert_int_equal(sp_nsc_decode(out.p, out.n, got, 32, 8, 8), SP_OK);
		assert_memory_equal(got, px, sizeof(px));
		sp_wr_finish(&out);
	}
	sp_nsc_enc_destroy(e);
}

/* The runs of [MS-RDPNSC] 2.2.2.2.1 at the edges of what each form holds. */
static void test_runs(void **state)
{
	static const uint32_t lengths[] = {1, 2, 3, 5, 6, 7, 12, 63, 64, 65, 66, 128, 129, 255, 256,
			257, 258, 259, 260, 261, 300, 1000, 8192};
	struct sp_nsc_enc *e = sp_nsc_enc_create();
	struct sp_nsc_conf conf = {1, false};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		for (uint32_t before = 0; before < 70; before += before < 6 ? 1 : 29) {
			uint32_t w = before + lengths[i] < 8192 ? before + lengths[i] : 8192;
			uint8_t *px = malloc(4 * (size_t)w), *got = malloc(4 * (size_t)w);
			struct sp_wr out;

			for (uint32_t x = 0; x < w; x++) {
				memset(px + 4 * (size_t)x, x < before ? (int)(x & 1) * 9 : 77, 3);
				px[4 * (size_t)x + 3] = 0xff;
			}
			sp_wr_init(&out, SP_NSC_ROOM(w, 1));
			assert_true(sp_nsc_encode(e, &conf, px, 0, w, 1, &out) > 0);
			assert_true(out.n < 20 + 4 * (size_t)w || w < 12);
			assert_int_equal(sp_nsc_decode(out.p, out.n, got, 0, w, 1), SP_OK);
			assert_memory_equal(got, px, 4 * (size_t)w);
			sp_wr_finish(&out);
			free(px);
			free(got);
		}
	}
	sp_nsc_enc_destroy(e);
}

static void test_encoder_refuses(void **state)
{
	struct sp_nsc_enc *e = sp_nsc_enc_create();
	struct sp_nsc_conf conf = {3, true};
	uint8_t px[4 * 64] = {0}, small[100];
	struct sp_wr out;

	sp_wr_fixed(&out, small, sizeof(small));
	assert_int_equal(sp_nsc_encode(e, &conf, px, 256, 0, 1, &out), SP_EARG);
	assert_int_equal(sp_nsc_encode(e, &conf, px, 256, 64, 8193, &out), SP_EARG);
	assert_int_equal(sp_nsc_encode(e, &conf, px, 256, 64, 1, &out), SP_ESPACE);
	conf.loss = 0;
	assert_int_equal(sp_nsc_encode(e, &conf, px, 256, 64, 1, &out), SP_EARG);
	conf.loss = 8;
	assert_int_equal(sp_nsc_encode(e, &conf, px, 256, 64, 1, &out), SP_EARG);
	sp_nsc_enc_destroy(e);
}

static void test_no_memory(void **state)
{
	struct sp_nsc_conf conf = {3, true};
	uint8_t px[4 * 64] = {0};
	bool done = false;

	for (long n = 0; !done; n++) {
		struct sp_nsc_enc *e;
		struct sp_wr out;

		sp_mem_fail_after(n);
		e = sp_nsc_enc_create();
		if (e) {
			sp_wr_init(&out, 4096);
			int rc = sp_nsc_encode(e, &conf, px, 0, 64, 1, &out);

			assert_true(rc == SP_ENOMEM || rc > 0);
			done = rc > 0;
			sp_wr_finish(&out);
		}
		sp_mem_fail_after(-1);
		sp_nsc_enc_destroy(e);
		assert_true(n < 10);
	}
}

static void cut(struct sp_span in, void *arg)
{
	struct frame f = frame_make(15, 10);

	assert_int_equal(decode(&f, in), SP_ESHORT);
	frame_check(&f);
	free(f.p);
}

static void test_truncated(void **state)
{
	unit_truncate(unit_vector("spec/MS-RDPNSC-4-protocol-examples-1.hex"), cut, NULL);
}

#define PLANES(y, o, g, a) y "000000" o "000000" g "000000" a "000000"

static void test_damaged(void **state)
{
	uint8_t out[4 * 8];
	const struct {
		const char *hex;
		int rc;
	} cases[] = {
			{PLANES("08", "08", "08", "00") "01000000 0102030405060708 "
							"0000000000000000 0000000000000000",
					SP_OK},
			{PLANES("07", "07", "07", "07") "01000000 01010201020304 "
							"00000200000000 00000200000000 "
							"ffff02ffffffff",
					SP_OK},
			{PLANES("08", "08", "08", "07") "01000000 0102030405060708 "
							"0000000000000000 0000000000000000 "
							"ffff01ffffffffff",
					SP_ECODEC}, /* a byte is missing in the last */
			{PLANES("07", "08", "08", "00") "01000000 01010102020304 "
							"0000000000000000 0000000000000000",
					SP_ECODEC}, /* one value, then three raw ones */
			{PLANES("07", "08", "08", "00") "01000000 01010301020304 "
							"0000000000000000 0000000000000000",
					SP_ECODEC}, /* a run into the raw ones */
			{PLANES("07", "08", "08", "00") "01000000 0101ff01020304 "
							"0000000000000000 0000000000000000",
					SP_ECODEC},
			{PLANES("02", "08", "08", "00") "01000000 0101 "
							"0000000000000000 0000000000000000",
					SP_ECODEC},
			{PLANES("01", "08", "08", "00") "01000000 01 "
							"0000000000000000 0000000000000000",
					SP_ECODEC},
			{PLANES("09", "08", "08", "00") "01000000 010203040506070809 "
							"0000000000000000 0000000000000000",
					SP_ECODEC}, /* more than there are pixels */
			{PLANES("00", "08", "08", "00") "01000000 "
							"0000000000000000 0000000000000000",
					SP_ECODEC},
			{PLANES("08", "08", "00", "00") "01000000 0102030405060708 "
							"0000000000000000",
					SP_ECODEC},
			{PLANES("08", "08", "08", "00") "00000000 0102030405060708 "
							"0000000000000000 0000000000000000",
					SP_ECODEC}, /* no colour loss level */
			{PLANES("08", "08", "08", "00") "08000000 0102030405060708 "
							"0000000000000000 0000000000000000",
					SP_ECODEC},
			{PLANES("08", "08", "08", "01") "01000000 0102030405060708 "
							"0000000000000000 0000000000000000",
					SP_ESHORT},
			{"ffffffff ffffffff ffffffff ffffffff 01000000", SP_ESHORT},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sp_span in = unit_hex(cases[i].hex);

		assert_int_equal(sp_nsc_decode(in.p, in.n, out, 32, 8, 1), cases[i].rc);
	}
	assert_int_equal(sp_nsc_decode(out, 1, out, 32, 0, 2), SP_EARG);
	assert_int_equal(sp_nsc_decode(out, 1, out, 32, 8193, 2), SP_EARG);
	assert_int_equal(sp_nsc_decode(out, 1, out, 32, 2, 8193), SP_EARG);
}

static void test_mutated(void **state)
{
	struct sp_nsc_enc *e = sp_nsc_enc_create();
	uint8_t px[4 * 48 * 31];
	uint32_t seed = 5;
	struct sp_wr out;

	picture_make(px, MIXED, 48, 31, 3);
	for (int round = 0; round < 3000; round++) {
		struct sp_nsc_conf conf = {(uint8_t)(round % 7 + 1), round % 2 == 0};
		struct frame f = frame_make(48, 31);

		sp_wr_init(&out, SP_NSC_ROOM(48, 31));
		assert_true(sp_nsc_encode(e, &conf, px, 4 * 48, 48, 31, &out) > 0);
		uint8_t *copy = unit_bent(sp_span(out.p, out.n), out.n, &seed);
		int rc = decode(&f, sp_span(copy, out.n));
		assert_true(rc == SP_OK || rc == SP_ESHORT || rc == SP_ECODEC);
		frame_check(&f);
		free(copy);
		free(f.p);
		sp_wr_finish(&out);
	}
	sp_nsc_enc_destroy(e);
}

/* ---- kernels: what each level makes is what the plain one makes ---- */

/* Runs of up to 1 << kind values, and between them single ones. */
static void plane_make(uint8_t *p, size_t n, unsigned kind, uint32_t *seed)
{
	for (size_t i = 0; i < n;) {
		size_t run = picture_random(seed) % 3 ? 1 : picture_random(seed) % (1u << kind) + 1;
		uint8_t v = (uint8_t)(picture_random(seed) % (kind % 2 ? 5 : 200));

		for (; run > 0 && i < n; run--) {
			p[i++] = v;
		}
	}
}

/* A plane out and in; neither may look beyond its margin, nor expand() beyond the stream. */
static void check_plane(const struct sp_nsc_kernel *k, size_t n, unsigned kind, uint32_t *seed)
{
	uint8_t *p = calloc(1, n + SP_NSC_MARGIN), *got[2];
	size_t bytes[2], values[2], room, used[2];

	plane_make(p, n, kind, seed);
	for (int i = 0; i < 2; i++) {
		got[i] = malloc(n + SP_NSC_MARGIN);
		bytes[i] = (size_t)((i ? k : &sp_nsc_plain)->put(got[i], p, n) - got[i]);
	}
	assert_int_equal(bytes[0], bytes[1]);
	assert_true(bytes[0] <= n);
	assert_memory_equal(got[0], got[1], bytes[0]);
	if (bytes[0] < n) {
		uint8_t *stream = malloc(bytes[0]);

		memcpy(stream, got[0], bytes[0]);
		room = n - SP_NSC_RAW_END;
		room -= room > 100 ? picture_random(seed) % 100 : 0;
		for (int i = 0; i < 2; i++) {
			const uint8_t *at = stream;

			values[i] = (i ? k : &sp_nsc_plain)
						    ->expand(&at, stream + bytes[0], got[i], room);
			used[i] = (size_t)(at - stream);
			assert_true(values[i] <= room && used[i] <= bytes[0]);
			assert_memory_equal(got[i], p, values[i]);
		}
		assert_int_equal(values[0], values[1]);
		assert_int_equal(used[0], used[1]);
		free(stream);
	}
	free(got[0]);
	free(got[1]);
	free(p);
}

static void check_split(const struct sp_nsc_kernel *k, size_t n, unsigned loss, uint32_t *seed)
{
	const size_t size = 2 * n;
	uint8_t *px = malloc(8 * n), *out = malloc(2 * 4 * size);
	const struct sp_nsc_kernel *both[2] = {&sp_nsc_plain, k};

	for (size_t i = 0; i < 8 * n; i++) {
		uint32_t r = picture_random(seed);

		px[i] = r % 7 ? (uint8_t)(r >> 8) : r & 0x80 ? 0xff : 0;
	}
	memset(out, 0, 2 * 4 * size);
	for (int i = 0; i < 2; i++) {
		struct sp_aycocg full = sp_aycocg_make(loss, 0), half = sp_aycocg_make(loss, 1);
		const uint8_t *rows[2] = {px, px + 4 * n};
		uint8_t *o = out + (size_t)i * 4 * size, *luma[2] = {o + size, o + size + n};

		both[i]->split(px, n, o, o + n, o + 3 * size, &full);
		both[i]->split2(rows, n, luma, o + 2 * size, o + 2 * size + n, &half);
	}
	assert_memory_equal(out, out + 4 * size, 4 * size);
	free(out);
	free(px);
}

static void test_kernels(void **state)
{
	uint32_t seed = 77;

	for (int level = 0; level <= (int)sp_cpu_best(); level++) {
		const struct sp_nsc_kernel *k = sp_nsc_kernel((enum sp_cpu)level);

		for (size_t n = 1; n < 400; n++) {
			check_plane(k, n, (unsigned)n % 10, &seed);
		}
		for (unsigned i = 0; i < 100; i++) {
			check_plane(k, 1000 + picture_random(&seed) % 5000, i % 11, &seed);
		}
		for (unsigned loss = 1; loss <= 7; loss++) {
			for (size_t n = 0; n <= 160; n += 16) {
				check_split(k, n, loss, &seed);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_spec_example),
			cmocka_unit_test(test_round_trips),
			cmocka_unit_test(test_greys),
			cmocka_unit_test(test_runs),
			cmocka_unit_test(test_encoder_refuses),
			cmocka_unit_test(test_no_memory),
			cmocka_unit_test(test_truncated),
			cmocka_unit_test(test_damaged),
			cmocka_unit_test(test_mutated),
			cmocka_unit_test(test_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
