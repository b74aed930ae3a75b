/* fuzz/fuzz_progressive.c - decodes and loads anything; what it encodes ends in the same picture. */
#include <stdlib.h>
#include <string.h>

#include "core/base/rd.h"
#include "core/codec/progressive.h"
#include "core/codec/progressive_core.h"
#include "core/codec/rfx.h"

#define W 130
#define H 70
#define ENOUGH ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t px[4 * W * H], got[4 * W * H], want[4 * W * H];
static struct sp_rfx_work work;

static void check(const struct sp_rect *changed, int n)
{
	const struct sp_rect all = {0, 0, W, H};

	for (int i = 0; i < n; i++) {
		if (sp_rect_empty(changed[i]) || !sp_rect_contains(all, changed[i])) {
			abort();
		}
	}
}

/* Streams behind each other, each with its length in two bytes before it. */
static void decode(struct sp_prog_dec *d, const uint8_t *data, size_t size)
{
	struct sp_rect changed[3];
	struct sp_rd r;

	sp_rd_init(&r, data, size);
	for (uint32_t frame = 0; sp_rd_left(&r) >= 2; frame++) {
		size_t n = sp_rd_le16(&r);

		n = n < sp_rd_left(&r) ? n : sp_rd_left(&r);
		int rc = sp_prog_decode(d, sp_rd_span(&r, n), frame / 2, got, 4 * W, changed, 3);

		if (rc > 3 || sp_prog_dec_memory(d) > ENOUGH) {
			abort();
		}
		check(changed, rc);
	}
}

/* One pass over one component, with bits and bands out of a quantization table. */
static void pass(const uint8_t *data, size_t size)
{
	const uint16_t *at = sp_rfx_band_at[data[0] & 1];
	uint64_t known[SP_RFX_MASK] = {data[0]}, negative[SP_RFX_MASK] = {0};
	struct sp_prog_pass p = {.n = SP_RFX_BANDS};
	static int16_t coef[SP_RFX_COEFS];
	struct sp_prog_quant q;
	struct sp_rd r;

	sp_rd_init(&r, data, size);
	sp_prog_quant_read(&r, &q);
	for (size_t b = 0; b < SP_RFX_BANDS; b++) {
		p.band[b] = (struct sp_prog_band){at[b], (uint16_t)(at[b + 1] - at[b]),
				q.q[b] <= SP_PROG_MAX_BITS ? q.q[b] : 0, 0, q.q[b],
				b == SP_RFX_LL3};
	}
	size_t half = sp_rd_left(&r) / 2;
	struct sp_span srl = sp_rd_span(&r, half), raw = sp_rd_rest(&r);

	if (sp_prog_pass_read(&p, coef, known, negative, srl, raw) > 0) {
		abort();
	}
	for (size_t i = 0; i < SP_RFX_MASK; i++) {
		if (negative[i] & ~known[i]) {
			abort();
		}
	}
}

/* What was loaded is saved as it was, and decoded on. */
static void load(struct sp_prog_dec *d, const uint8_t *data, size_t size)
{
	struct sp_wr once, twice;

	if (sp_prog_dec_load(d, sp_span(data, size)) != SP_OK) {
		return;
	}
	sp_wr_init(&once, ENOUGH);
	sp_wr_init(&twice, ENOUGH);
	if (sp_prog_dec_save(d, &once) != SP_OK ||
			sp_prog_dec_load(d, sp_span(once.p, once.n)) != SP_OK ||
			sp_prog_dec_save(d, &twice) != SP_OK ||
			!sp_span_eq(sp_span(once.p, once.n), sp_span(twice.p, twice.n))) {
		abort();
	}
	sp_wr_finish(&once);
	sp_wr_finish(&twice);
}

static void send(struct sp_prog_enc *e, struct sp_prog_dec *d, struct sp_wr *tiles, uint32_t n,
		uint8_t *to)
{
	const struct sp_rect all = {0, 0, W, H};
	const struct sp_prog_part part = {sp_span(tiles->p, tiles->n), n};
	struct sp_rect changed[1];
	struct sp_wr out;

	sp_wr_init(&out, ENOUGH);
	if (sp_prog_enc_stream(e, &all, 1, &part, 1, &out) <= 0 ||
			sp_prog_decode(d, sp_span(out.p, out.n), 1, to, 4 * W, changed, 1) != 1) {
		abort();
	}
	sp_wr_finish(&out);
	sp_wr_reset(tiles);
}

static void picture(struct sp_prog_enc *e, struct sp_prog_dec *d, uint32_t tile, unsigned how,
		unsigned q, uint8_t *to)
{
	struct sp_wr tiles;

	sp_wr_init(&tiles, ENOUGH);
	if (sp_prog_enc_tile(e, &work, px, 4 * W, tile % 3, tile / 3, (enum sp_prog_quality)q,
			    (enum sp_prog_how)how, &tiles) <= 0) {
		abort();
	}
	do {
		send(e, d, &tiles, 1, to);
	} while (sp_prog_enc_upgrade(e, &work, tile % 3, tile / 3, &tiles) > 0);
	sp_wr_finish(&tiles);
}

/* A tile of two pictures in passes and differences, as if each had come at once. */
static void encode(const uint8_t *data, size_t size)
{
	struct sp_prog_enc *e = sp_prog_enc_create(W, H, true);
	struct sp_prog_dec *d = sp_prog_dec_create(W, H, ENOUGH);
	unsigned q = data[0] % SP_PROG_QUALITIES, tile = data[0] / SP_PROG_QUALITIES % 6;

	memset(got, 0, sizeof(got));
	memset(want, 0, sizeof(want));
	for (size_t round = 0; round < 2; round++) {
		struct sp_prog_enc *e1 = sp_prog_enc_create(W, H, false);
		struct sp_prog_dec *d1 = sp_prog_dec_create(W, H, ENOUGH);

		for (size_t i = 0; i < sizeof(px); i++) {
			px[i] = data[i / (round ? 1 : 7) % size];
		}
		picture(e, d, tile, data[size - 1] >> round & 1, q, got);
		picture(e1, d1, tile, SP_PROG_WHOLE, q, want);
		if (memcmp(got, want, sizeof(got)) != 0) {
			abort();
		}
		sp_prog_enc_destroy(e1);
		sp_prog_dec_destroy(d1);
	}
	sp_prog_enc_destroy(e);
	sp_prog_dec_destroy(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2) {
		return 0;
	}
	if (data[0] % 4 == 3) {
		encode(data + 1, size - 1);
		return 0;
	}
	if (data[0] % 4 == 1) {
		pass(data + 1, size - 1);
		return 0;
	}
	struct sp_prog_dec *d = sp_prog_dec_create(W, H, ENOUGH);

	if (data[0] % 4 == 2) {
		load(d, data + 1, size - 1);
	} else {
		decode(d, data + 1, size - 1);
	}
	sp_prog_dec_destroy(d);
	return 0;
}
