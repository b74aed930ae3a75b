/* tests/core/codec/test_rfx.c - RemoteFX messages: vectors, trips, damage, bounds, state. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/base/rd.h"
#include "core/codec/rfx.h"
#include "pictures.h"

#define CANARY 0xa5
#define MAX_MESSAGE (4u << 20)

/* Mean square of the differences; 255 * 255 / 10^(dB / 10). */
static double error(const uint8_t *a, const uint8_t *b, size_t pixels)
{
	double sum = 0;

	for (size_t i = 0; i < 4 * pixels; i++) {
		double d = i % 4 < 3 ? (double)a[i] - (double)b[i] : 0;

		sum += d * d;
	}
	return sum / (3 * (double)pixels);
}

static struct sp_rfx_conf conf_of(enum sp_rlgr rlgr, bool image, uint16_t w, uint16_t h)
{
	return (struct sp_rfx_conf){.rlgr = rlgr,
			.image = image,
			.w = w,
			.h = h,
			.n_quants = 2,
			.quant = {SP_RFX_QUANT_USUAL, SP_RFX_QUANT_FINE}};
}

/* The headers of the specification, then the data of FreeRDP's sample; in one go or in two. */
static void test_peer_sample(void **state)
{
	struct sp_span header = unit_vector("peer/freerdp/rfx/encodeHeaderSample.bin");
	struct sp_span data = unit_vector("peer/freerdp/rfx/encodeDataSample.bin");
	struct sp_span want = unit_vector("peer/freerdp/rfx/srefImage.u32le");
	struct sp_rfx_dec *d = sp_rfx_dec_create();
	uint8_t px[4 * 64 * 64];
	struct sp_rect r[4];

	assert_non_null(d);
	unit_assert_span(header, unit_vector("spec/MS-RDPRFX-4.2.2-encode-header-messages.hex"));
	assert_int_equal(sp_rfx_decode(d, data, px, 256, 64, 64, r, 4), SP_ESTATE);
	assert_int_equal(sp_rfx_decode(d, header, px, 256, 64, 64, r, 4), 0);
	assert_int_equal(sp_rfx_decode(d, data, px, 256, 64, 64, r, 4), 1);
	assert_memory_equal(&r[0], (&(struct sp_rect){0, 0, 64, 64}), sizeof(r[0]));
	assert_int_equal(want.n, sizeof(px));
	for (size_t i = 0; i < sizeof(px); i++) {
		assert_in_range(i % 4 < 3 ? px[i] + 1 - want.p[i] : 0, 0, 2);
	}
	sp_rfx_dec_destroy(d);
}

static void test_spec_data(void **state)
{
	struct sp_span header = unit_vector("spec/MS-RDPRFX-4.2.2-encode-header-messages.hex");
	struct sp_span data = unit_vector("spec/MS-RDPRFX-4.2.3-encode-data-messages.hex");
	struct sp_rfx_dec *d = sp_rfx_dec_create();
	uint8_t px[4 * 64 * 64];
	struct sp_rect r[1];

	assert_int_equal(sp_rfx_decode(d, header, px, 256, 64, 64, r, 1), 0);
	assert_int_equal(sp_rfx_decode(d, data, px, 256, 64, 64, r, 1), 1);
	sp_rfx_dec_destroy(d);
}

/* Surface commands as another server sent them, each with its own place. */
static void test_peer_stream(void **state)
{
	struct sp_span file = unit_vector("peer/freerdp/rfx/rfx_test.pcap");
	struct sp_rfx_dec *d = sp_rfx_dec_create();
	const uint32_t w = 1024, h = 768;
	uint8_t *px = calloc(4, (size_t)w * h);
	unsigned messages = 0;
	struct sp_rd rd;

	sp_rd_init(&rd, file.p, file.n);
	sp_rd_skip(&rd, 24);
	while (sp_rd_left(&rd) > 0) {
		sp_rd_skip(&rd, 8);
		uint32_t n = sp_rd_le32(&rd);

		sp_rd_skip(&rd, 4);
		struct sp_rd b = sp_rd_sub(&rd, n);

		if (sp_rd_le16(&b) != 6) { /* CMDTYPE_STREAM_SURFACE_BITS */
			continue;
		}
		uint32_t x = sp_rd_le16(&b), y = sp_rd_le16(&b);
		struct sp_rect r[2];

		sp_rd_skip(&b, 16);
		assert_true(x < w && y < h);
		int rc = sp_rfx_decode(d, sp_rd_rest(&b), px + 4 * ((size_t)y * w + x), 4 * w,
				w - x, h - y, r, 2);

		assert_true(rc >= 1);
		messages++;
	}
	assert_true(messages > 20);
	free(px);
	sp_rfx_dec_destroy(d);
}

static void test_headers(void **state)
{
	struct sp_rfx_conf conf = conf_of(SP_RLGR3, false, 64, 64);
	uint8_t px[4 * 64 * 64];
	struct sp_rect all = {0, 0, 64, 64};
	struct sp_wr out;

	picture_make(px, TEXT, 64, 64, 1);
	for (unsigned image = 0; image < 2; image++) {
		conf.image = image;
		struct sp_rfx_enc *e = sp_rfx_enc_create(&conf);
		int first, second, third;

		sp_wr_init(&out, MAX_MESSAGE);
		first = sp_rfx_encode(e, px, 256, &all, 1, &out);
		/* The same messages as in the specification, in another order and size. */
		struct sp_span spec =
				unit_vector("spec/MS-RDPRFX-4.2.2-encode-header-messages.hex");

		assert_int_equal(spec.n, 47);
		assert_memory_equal(out.p, spec.p, 12);
		second = sp_rfx_encode(e, px, 256, &all, 1, &out);
		assert_int_equal(first - second, image ? 0 : 47);
		sp_rfx_enc_restart(e);
		third = sp_rfx_encode(e, px, 256, &all, 1, &out);
		assert_int_equal(third, first);
		assert_int_equal(out.n, first + second + third);
		sp_wr_finish(&out);
		sp_rfx_enc_destroy(e);
	}
}

/* Pictures of odd sizes, all of them and parts, in both modes. */
static void test_trip(void **state)
{
	static const struct {
		uint16_t w, h;
	} sizes[] = {{64, 64}, {1, 1}, {65, 63}, {200, 130}, {127, 64}, {3, 200}};
	static const double most[PICTURE_COUNT] = {1, 2, 6.5, 50, 6.5, 13, 20};

	for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
		for (unsigned kind = 0; kind < 4 * PICTURE_COUNT; kind++) {
			uint16_t w = sizes[s].w, h = sizes[s].h;
			struct sp_rfx_conf conf =
					conf_of(kind & 1 ? SP_RLGR1 : SP_RLGR3, kind & 2, w, h);
			struct sp_rfx_enc *e = sp_rfx_enc_create(&conf);
			struct sp_rfx_dec *d = sp_rfx_dec_create();
			size_t stride = 4 * (size_t)w + 12, n = stride * h;
			uint8_t *px = malloc(n), *got = malloc(n + 16),
				*row = malloc(4 * (size_t)w * h);
			uint8_t *flat = malloc(4 * (size_t)w * h);
			struct sp_rect all = {-5, -5, 9000, 9000}, r[3];
			struct sp_wr out;

			memset(got, CANARY, n + 16);
			picture_make(row, (enum picture)(kind / 4), w, h, 7);
			for (size_t y = 0; y < h; y++) {
				memcpy(px + y * stride, row + y * 4 * w, 4 * (size_t)w);
			}
			sp_wr_init(&out, MAX_MESSAGE);
			int size = sp_rfx_encode(e, px, stride, &all, 1, &out);

			assert_true(size > 0 && (size_t)size == out.n);
			assert_int_equal(sp_rfx_decode(d, sp_span(out.p, out.n), got, stride, w, h,
							 r, 3),
					1);
			assert_memory_equal(&r[0], (&(struct sp_rect){0, 0, w, h}), sizeof(r[0]));
			for (size_t y = 0; y < h; y++) {
				memcpy(flat + y * 4 * w, got + y * stride, 4 * (size_t)w);
				for (size_t x = 4 * (size_t)w; x < stride; x++) {
					assert_int_equal(got[y * stride + x], CANARY);
				}
			}
			for (size_t i = n; i < n + 16; i++) {
				assert_int_equal(got[i], CANARY);
			}
			assert_true(error(row, flat, (size_t)w * h) <= most[kind / 4]);
			sp_wr_finish(&out);
			free(px);
			free(got);
			free(row);
			free(flat);
			sp_rfx_enc_destroy(e);
			sp_rfx_dec_destroy(d);
		}
	}
}

/* Only what lies in the rectangles is painted, and they are what is reported. */
static void test_rects(void **state)
{
	struct sp_rfx_conf conf = conf_of(SP_RLGR1, true, 300, 200);
	struct sp_rfx_enc *e = sp_rfx_enc_create(&conf);
	struct sp_rfx_dec *d = sp_rfx_dec_create();
	static uint8_t px[4 * 300 * 200], got[4 * 300 * 200];
	uint32_t seed = 4;

	picture_make(px, MIXED, 300, 200, 3);
	for (unsigned round = 0; round < 60; round++) {
		struct sp_rect in[8], r[8], around = {0, 0, 0, 0};
		size_t n = 1 + round % 8, cap = 1 + picture_random(&seed) % 8;
		struct sp_wr out;

		for (size_t i = 0; i < n; i++) {
			in[i].x = (int32_t)(picture_random(&seed) % 300);
			in[i].y = (int32_t)(picture_random(&seed) % 200);
			in[i].w = (int32_t)(1 + picture_random(&seed) % 150);
			in[i].h = (int32_t)(1 + picture_random(&seed) % 100);
			in[i] = sp_rect_and(in[i], (struct sp_rect){0, 0, 300, 200});
			around = sp_rect_or(around, in[i]);
		}
		sp_wr_init(&out, MAX_MESSAGE);
		assert_true(sp_rfx_encode(e, px, 1200, in, n, &out) > 0);
		memset(got, CANARY, sizeof(got));
		int rc = sp_rfx_decode(d, sp_span(out.p, out.n), got, 1200, 300, 200, r, cap);

		assert_int_equal(rc, n <= cap ? (int)n : 1);
		if (n <= cap) {
			assert_memory_equal(r, in, n * sizeof(*in));
		} else {
			assert_memory_equal(r, &around, sizeof(around));
		}
		for (int32_t y = 0; y < 200; y++) {
			for (int32_t x = 0; x < 300; x++) {
				bool inside = false;

				for (size_t i = 0; i < n; i++) {
					inside |= sp_rect_contains(
							in[i], (struct sp_rect){x, y, 1, 1});
				}
				/* X is opaque where painted, which the canary is not. */
				assert_int_equal(
						got[4 * (y * 300 + x) + 3], inside ? 0xff : CANARY);
			}
		}
		/* Into a picture that is smaller than the frame. */
		memset(got, CANARY, sizeof(got));
		rc = sp_rfx_decode(d, sp_span(out.p, out.n), got, 1200, 100, 90, r, 8);
		assert_true(rc >= 0);
		for (size_t i = 0; i < sizeof(got); i++) {
			if (i % 1200 >= 400 || i / 1200 >= 90) {
				assert_int_equal(got[i], CANARY);
			}
		}
		sp_wr_finish(&out);
	}
	sp_rfx_enc_destroy(e);
	sp_rfx_dec_destroy(d);
}

/* Tiles made one by one, by whoever, are the same message. */
static void test_tiles(void **state)
{
	struct sp_rfx_conf conf = conf_of(SP_RLGR3, false, 130, 70);
	struct sp_rfx_enc *a = sp_rfx_enc_create(&conf), *b = sp_rfx_enc_create(&conf);
	struct sp_rfx_work *work = malloc(sizeof(*work));
	const struct sp_rfx_kernel *k = sp_rfx_kernel(sp_cpu_best());
	static uint8_t px[4 * 130 * 70];
	struct sp_rect all = {0, 0, 130, 70};
	struct sp_wr whole, tiles[6], out;
	struct sp_span spans[6];

	picture_make(px, GRADIENT, 130, 70, 3);
	sp_wr_init(&whole, MAX_MESSAGE);
	sp_wr_init(&out, MAX_MESSAGE);
	assert_true(sp_rfx_encode(a, px, 520, &all, 1, &whole) > 0);
	for (uint16_t i = 0; i < 6; i++) {
		struct sp_rfx_tile tile = {.x = i % 3, .y = i / 3};

		sp_wr_init(&tiles[i], SP_RFX_TILE_BOUND);
		assert_true(sp_rfx_tile_encode(k, work, &conf, &tile,
					    px + i / 3 * 64 * 520 + i % 3 * 256, 520,
					    i % 3 < 2 ? 64 : 2, i < 3 ? 64 : 6, &tiles[i]) > 0);
		spans[i] = sp_span(tiles[i].p, tiles[i].n);
	}
	assert_true(sp_rfx_message(b, &all, 1, spans, 6, 6, &out) > 0);
	unit_assert_span(sp_span(out.p, out.n), sp_span(whole.p, whole.n));
	size_t sum = 0;

	for (size_t i = 0; i < 6; i++) {
		sum += tiles[i].n;
	}
	assert_true(out.n <= sum + 8 + SP_RFX_OVERHEAD);

	/* What is refused. */
	struct sp_rfx_tile bad = {.quant_cr = 2};
	struct sp_rect outside = {100, 0, 31, 70}, empty = {0, 0, 0, 5};

	assert_int_equal(sp_rfx_tile_encode(k, work, &conf, &bad, px, 520, 64, 64, &out), SP_EARG);
	bad.quant_cr = 1;
	assert_int_equal(sp_rfx_tile_encode(k, work, &conf, &bad, px, 520, 65, 64, &out), SP_EARG);
	assert_int_equal(sp_rfx_tile_encode(k, work, &conf, &bad, px, 520, 0, 64, &out), SP_EARG);
	assert_int_equal(sp_rfx_message(b, &outside, 1, spans, 6, 6, &out), SP_EARG);
	assert_int_equal(sp_rfx_message(b, &empty, 1, spans, 6, 6, &out), SP_EARG);
	assert_int_equal(sp_rfx_message(b, &all, 0, spans, 6, 6, &out), SP_EARG);
	assert_int_equal(sp_rfx_encode(b, px, 520, &empty, 1, &out), 0);
	for (size_t i = 0; i < 6; i++) {
		sp_wr_finish(&tiles[i]);
	}
	sp_wr_finish(&out);
	sp_wr_finish(&whole);

	sp_wr_init(&out, 100);
	assert_int_equal(sp_rfx_encode(b, px, 520, &all, 1, &out), SP_ESPACE);
	sp_wr_finish(&out);
	free(work);
	sp_rfx_enc_destroy(a);
	sp_rfx_enc_destroy(b);
}

static void test_conf(void **state)
{
	struct sp_rfx_conf good = conf_of(SP_RLGR3, false, 8192, 1), c;

	for (unsigned i = 0; i < 9; i++) {
		c = good;
		switch (i) {
		case 1:
			c.rlgr = (enum sp_rlgr)2;
			break;
		case 2:
			c.w = 0;
			break;
		case 3:
			c.h = 8193;
			break;
		case 4:
			c.n_quants = 0;
			break;
		case 5:
			c.n_quants = SP_RFX_MAX_QUANTS + 1;
			break;
		case 6:
			c.quant[1].hh1 = 5;
			break;
		case 7:
			c.quant[0].ll3 = 16;
			break;
		case 8:
			c.n_quants = 3; /* the third is all 0 */
			break;
		default:
			break;
		}
		struct sp_rfx_enc *e = sp_rfx_enc_create(&c);

		assert_int_equal(e != NULL, i == 0);
		sp_rfx_enc_destroy(e);
	}
}

/* A small message of each kind of thing, to be cut and bent. */
static struct sp_span sample(void)
{
	static uint8_t kept[65536];
	struct sp_rfx_conf conf = conf_of(SP_RLGR3, true, 100, 80);
	struct sp_rfx_enc *e = sp_rfx_enc_create(&conf);
	static uint8_t px[4 * 100 * 80];
	struct sp_rect r[2] = {{0, 0, 30, 20}, {70, 10, 30, 70}};
	struct sp_wr out;
	size_t n;

	picture_make(px, TEXT, 100, 80, 3);
	sp_wr_init(&out, sizeof(kept));
	assert_true(sp_rfx_encode(e, px, 400, r, 2, &out) > 0);
	n = out.n;
	memcpy(kept, out.p, n);
	sp_wr_finish(&out);
	sp_rfx_enc_destroy(e);
	return sp_span(kept, n);
}

static void cut_message(struct sp_span in, void *arg)
{
	size_t *whole_blocks = arg;
	struct sp_rfx_dec *d = sp_rfx_dec_create();
	uint8_t *px = malloc(4 * 100 * 80);
	struct sp_rect r[2];
	int rc = sp_rfx_decode(d, in, px, 400, 100, 80, r, 2);

	/* A cut between two blocks goes unnoticed; that is what frames are for above. */
	assert_true(rc >= 0 || rc == SP_ESHORT);
	*whole_blocks += rc >= 0;
	free(px);
	sp_rfx_dec_destroy(d);
}

static void test_cut(void **state)
{
	size_t whole_blocks = 0;

	unit_truncate(sample(), cut_message, &whole_blocks);
	assert_int_equal(whole_blocks, 8);
}

static void test_bent(void **state)
{
	struct sp_span in = sample();
	uint8_t *px = malloc(4 * 100 * 80 + 64);
	uint32_t seed = 11;

	memset(px + 4 * 100 * 80, CANARY, 64);
	for (unsigned round = 0; round < 4000; round++) {
		struct sp_rfx_dec *d = sp_rfx_dec_create();
		struct sp_rect r[2];

		/* Mostly where headers are. */
		uint8_t *copy = unit_bent(in, round % 2 ? in.n : 170, &seed);
		int rc = sp_rfx_decode(d, sp_span(copy, in.n), px, 400, 100, 80, r, 2);

		for (int i = 0; i < rc; i++) {
			assert_true(sp_rect_contains((struct sp_rect){0, 0, 100, 80}, r[i]));
		}
		free(copy);
		sp_rfx_dec_destroy(d);
	}
	for (size_t i = 0; i < 64; i++) {
		assert_int_equal(px[4 * 100 * 80 + i], CANARY);
	}
	free(px);
}

/* One field out of range at a time. Offsets are those of the message that image mode makes. */
static void test_fields(void **state)
{
	static const struct {
		size_t at;
		uint8_t v;
		int rc;
	} bad[] = {
			{0, 0xc1, SP_ESTATE}, /* no sync at the start */
			{1, 0xcb, SP_EFIELD}, /* no block */
			{2, 5, SP_EFIELD}, /* shorter than its head */
			{5, 1, SP_ESHORT}, /* longer than the message */
			{6, 0, SP_EFIELD}, /* magic */
			{10, 1, SP_EPROTO}, /* version */
			{28, 0, SP_EFIELD}, /* no channel */
			{31, 0x21, SP_ELIMIT}, /* width */
			{33, 0x80, SP_ELIMIT}, /* height */
			{40, 2, SP_EFIELD}, /* codecId */
			{41, 0, SP_EFIELD}, /* channelId of the context */
			{43, 32, SP_EFIELD}, /* tileSize */
			{47, 0xc5, SP_ESTATE}, /* end of no frame */
			{47, 0xc6, SP_ESTATE}, /* region without frame */
			{47, 0xc7, SP_ESTATE}, /* tiles without region */
			{61, 0xc7, SP_ESTATE}, {61, 0xc0, SP_EFIELD},
			{68, 1, SP_EFIELD}, /* channelId of the region */
			{71, 0x80, SP_ELIMIT}, /* rectangles */
			{88, 0, SP_EFIELD}, /* regionType */
			{100, 0, SP_EFIELD}, /* subtype */
			{105, 0x4c, SP_EFIELD}, /* entropy coder */
			{109, 0x10, SP_ELIMIT}, /* tiles */
			{114, 0x65, SP_EFIELD}, /* quantization factor */
			{124, 0, SP_EFIELD}, /* no tile */
			{127, 0xff, SP_ESHORT}, /* its length */
			{130, 2, SP_EFIELD}, /* quantIdxY */
			{138, 0xff, SP_ESHORT}, /* YLen */
	};
	struct sp_span in = sample();
	uint8_t *copy = malloc(in.n), *px = malloc(4 * 100 * 80);

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct sp_rfx_dec *d = sp_rfx_dec_create();
		struct sp_rect r[2];

		memcpy(copy, in.p, in.n);
		copy[bad[i].at] = bad[i].v;
		int rc = sp_rfx_decode(d, sp_span(copy, in.n), px, 400, 100, 80, r, 2);

		if (rc != bad[i].rc) {
			print_message("at %zu: %s\n", bad[i].at, sp_err_name(rc));
		}
		assert_int_equal(rc, bad[i].rc);
		sp_rfx_dec_destroy(d);
	}
	free(px);
	free(copy);
}

/* A decoder that was saved and loaded goes on where the other was. */
static void test_state(void **state)
{
	struct sp_rfx_conf conf = conf_of(SP_RLGR3, false, 100, 80);
	struct sp_rfx_enc *e = sp_rfx_enc_create(&conf);
	struct sp_rfx_dec *a = sp_rfx_dec_create(), *b = sp_rfx_dec_create();
	static uint8_t px[4 * 100 * 80], got[2][4 * 100 * 80];
	struct sp_rect all = {0, 0, 100, 80}, r[1];
	struct sp_wr out, saved;

	picture_make(px, MIXED, 100, 80, 3);
	sp_wr_init(&out, MAX_MESSAGE);
	sp_wr_init(&saved, SP_RFX_SAVE_SIZE);
	assert_true(sp_rfx_encode(e, px, 400, &all, 1, &out) > 0);
	assert_int_equal(sp_rfx_decode(a, sp_span(out.p, out.n), got[0], 400, 100, 80, r, 1), 1);
	assert_int_equal(sp_rfx_save(a, &saved), SP_OK);
	assert_int_equal(saved.n, SP_RFX_SAVE_SIZE);
	sp_wr_reset(&out);
	assert_true(sp_rfx_encode(e, px, 400, &all, 1, &out) > 0);
	assert_int_equal(sp_rfx_decode(b, sp_span(out.p, out.n), got[1], 400, 100, 80, r, 1),
			SP_ESTATE);
	assert_int_equal(sp_rfx_load(b, sp_span(saved.p, saved.n)), SP_OK);
	assert_int_equal(sp_rfx_decode(b, sp_span(out.p, out.n), got[1], 400, 100, 80, r, 1), 1);
	assert_memory_equal(got[0], got[1], sizeof(got[0]));

	for (unsigned at = 0; at < SP_RFX_SAVE_SIZE; at++) {
		for (unsigned v = 0; v < 256; v++) {
			uint8_t bent[SP_RFX_SAVE_SIZE];

			memcpy(bent, saved.p, sizeof(bent));
			bent[at] = (uint8_t)v;
			if (sp_rfx_load(b, sp_span(bent, sizeof(bent))) == SP_OK) {
				struct sp_wr again;

				sp_wr_init(&again, SP_RFX_SAVE_SIZE);
				assert_int_equal(sp_rfx_save(b, &again), SP_OK);
				unit_assert_span(sp_span(again.p, again.n),
						sp_span(bent, sizeof(bent)));
				sp_wr_finish(&again);
			}
			int rc = sp_rfx_decode(
					b, sp_span(out.p, out.n), got[1], 400, 100, 80, r, 1);

			/* A smaller frame has no room for the tiles, or none of the picture. */
			assert_true(rc == SP_ESTATE || rc == SP_ELIMIT || rc == 1);
		}
	}
	assert_int_equal(sp_rfx_load(b, sp_span(saved.p, saved.n - 1)), SP_EFIELD);
	sp_wr_finish(&saved);
	sp_wr_finish(&out);
	sp_rfx_enc_destroy(e);
	sp_rfx_dec_destroy(a);
	sp_rfx_dec_destroy(b);
}

static void test_no_memory(void **state)
{
	struct sp_rfx_conf conf = conf_of(SP_RLGR3, false, 100, 80);
	static uint8_t px[4 * 100 * 80];
	struct sp_rect all = {0, 0, 100, 80};

	for (long n = 0; n < 8; n++) {
		struct sp_wr out;

		sp_wr_init(&out, MAX_MESSAGE);
		sp_mem_fail_after(n);
		struct sp_rfx_enc *e = sp_rfx_enc_create(&conf);
		struct sp_rfx_dec *d = sp_rfx_dec_create();
		int rc = e ? sp_rfx_encode(e, px, 400, &all, 1, &out) : SP_ENOMEM;

		sp_mem_fail_after(-1);
		assert_true(rc > 0 || rc == SP_ENOMEM);
		assert_true(n > 1 || rc == SP_ENOMEM);
		sp_wr_finish(&out);
		sp_rfx_enc_destroy(e);
		sp_rfx_dec_destroy(d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_peer_sample),
			cmocka_unit_test(test_spec_data),
			cmocka_unit_test(test_peer_stream),
			cmocka_unit_test(test_headers),
			cmocka_unit_test(test_trip),
			cmocka_unit_test(test_rects),
			cmocka_unit_test(test_tiles),
			cmocka_unit_test(test_conf),
			cmocka_unit_test(test_cut),
			cmocka_unit_test(test_bent),
			cmocka_unit_test(test_fields),
			cmocka_unit_test(test_state),
			cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
