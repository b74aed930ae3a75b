/* bench/bench-codec.c - each codec in 64x64 tiles: megapixels per second, bytes per pixel. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codec_avc.h"
#include "codec_zgfx.h"
#include "core/base/err.h"
#include "core/codec/clear.h"
#include "core/codec/interleaved.h"
#include "core/codec/nsc.h"
#include "core/codec/pixel.h"
#include "core/codec/planar.h"
#include "core/codec/progressive.h"
#include "core/codec/rfx.h"
#include "core/view/emit.h"
#include "host/lib/png.h"

#define TILE 64
#define RUNS 5

struct picture {
	const char *name;
	uint32_t w, h; /* whole tiles */
	uint8_t *bgrx;
};

static bool json;
static double seconds = 0.2;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint32_t noise(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void box(struct picture *p, uint32_t x0, uint32_t y0, uint32_t w, uint32_t h, uint32_t color)
{
	for (uint32_t y = y0; y < y0 + h && y < p->h; y++) {
		for (uint32_t x = x0; x < x0 + w && x < p->w; x++) {
			memcpy(p->bgrx + 4 * ((size_t)y * p->w + x), &color, 4);
		}
	}
}

/* Glyphs of 5x9 random but recurring strokes in cells of 7x14, with grey edges as text has. */
static void text(struct picture *p, uint32_t x0, uint32_t y0, uint32_t w, uint32_t h, uint32_t ink,
		uint32_t paper, uint32_t seed)
{
	box(p, x0, y0, w, h, paper);
	for (uint32_t y = y0 + 4; y + 14 < y0 + h; y += 14) {
		uint32_t line = w * (40 + noise(&seed) % 55) / 100;

		for (uint32_t x = x0 + 6; x + 7 < x0 + line; x += 7) {
			uint32_t glyph = noise(&seed) % 40, strokes = glyph * 2654435761u;

			if (glyph < 6) {
				continue;
			}
			for (uint32_t i = 0; i < 45; i++) {
				uint32_t bit = strokes >> (i * 7 % 29) & 3;
				uint32_t mid = (ink >> 1 & 0x7f7f7f) + (paper >> 1 & 0x7f7f7f);

				if (bit >= 2) {
					box(p, x + i % 5, y + i / 5, 1, 1, bit == 3 ? ink : mid);
				}
			}
		}
	}
}

static void photo(
		struct picture *p, uint32_t x0, uint32_t y0, uint32_t w, uint32_t h, uint32_t seed)
{
	uint32_t end_y = y0 + h < p->h ? y0 + h : p->h, end_x = x0 + w < p->w ? x0 + w : p->w;

	for (uint32_t y = y0; y < end_y; y++) {
		for (uint32_t x = x0; x < end_x; x++) {
			uint32_t n = noise(&seed), at = (x * x / 900 + y * 3 + x * y / 700) & 511;
			uint32_t soft = at < 256 ? at : 511 - at;
			uint32_t r = (soft * 200 >> 8) + n % 5,
				 g = (soft * 150 >> 8) + (n >> 4) % 5 + 30,
				 b = (y * 180 / p->h) + (n >> 8) % 5;

			box(p, x, y, 1, 1, 0xff000000u | r << 16 | g << 8 | b);
		}
	}
}

static bool make(struct picture *p, const char *name)
{
	*p = (struct picture){.name = name, .w = 1920, .h = 1088};
	p->bgrx = malloc((size_t)p->w * p->h * 4);
	if (!p->bgrx) {
		return false;
	}
	if (strcmp(name, "text") == 0) {
		text(p, 0, 0, p->w, p->h, 0xff202020, 0xffffffff, 1);
	} else if (strcmp(name, "photo") == 0) {
		photo(p, 0, 0, p->w, p->h, 2);
	} else {
		box(p, 0, 0, p->w, p->h, 0xff30506f);
		photo(p, 1200, 560, 420, 300, 3);
		for (uint32_t i = 0; i < 3; i++) {
			uint32_t x = 60 + i * 560, y = 50 + i * 90;

			box(p, x, y, 640, 24, 0xff2a6fb0);
			box(p, x, y + 24, 640, 420, 0xffe8e8e8);
			text(p, x + 4, y + 50, 632, 390, i == 1 ? 0xffd0d0d0 : 0xff101010,
					i == 1 ? 0xff1c1c1c : 0xfffafafa, 5 + i);
		}
		box(p, 0, p->h - 32, p->w, 32, 0xffc8c8c8);
	}
	return true;
}

static bool load(struct picture *p, const char *path)
{
	struct sp_png png;
	int rc = sp_png_read(path, &png);

	if (rc != SP_OK) {
		fprintf(stderr, "bench-codec: %s: %s\n", path, sp_err_text(rc));
		return false;
	}
	if (png.w < TILE || png.h < TILE) {
		fprintf(stderr, "bench-codec: %s: smaller than one tile\n", path);
		sp_png_finish(&png);
		return false;
	}
	/* Whole tiles of it. */
	*p = (struct picture){.name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path,
			.w = png.w / TILE * TILE,
			.h = png.h / TILE * TILE};
	p->bgrx = malloc((size_t)p->w * p->h * 4);
	for (uint32_t y = 0; p->bgrx && y < p->h; y++) {
		memcpy(p->bgrx + (size_t)y * p->w * 4, png.bgrx + (size_t)y * png.w * 4,
				(size_t)p->w * 4);
	}
	sp_png_finish(&png);
	return p->bgrx != NULL;
}

static void row(const char *codec, const struct picture *p, const char *what, const char *unit,
		double ours, const char *better)
{
	if (json) {
		printf("{\"row\": \"%s %s %s\", \"unit\": \"%s\", \"ours\": %.2f, \"peer\": null, "
		       "\"peer_name\": null, \"better\": \"%s\", \"n\": %d}\n",
				codec, p->name, what, unit, ours, better, RUNS);
	} else {
		printf("%-20s %-14s %-22s %10.2f %s\n", codec, p->name, what, ours, unit);
	}
	fflush(stdout);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* One tile into or out of its stream; the functions below put the codec in. */
struct tile {
	const uint8_t *px; /* its last row, as streams are bottom-up */
	uint8_t *to;
	ptrdiff_t step;
	struct sp_span stream;
};

typedef int (*encode_fn)(const struct tile *t, unsigned depth, struct sp_wr *out);
typedef int (*decode_fn)(const struct tile *t, unsigned depth);

static int planar_encode(const struct tile *t, unsigned depth, struct sp_wr *out)
{
	return sp_planar_encode(t->px, t->step, TILE, TILE, false, out);
}

/* depth as with nsc_encode below. */
static int planar_lossy_encode(const struct tile *t, unsigned depth, struct sp_wr *out)
{
	struct sp_planar_conf conf = {.loss = (uint8_t)(depth & 7), .subsample = depth & 8};

	return sp_planar_encode_lossy(&conf, t->px, t->step, TILE, TILE, out);
}

static int planar_decode(const struct tile *t, unsigned depth)
{
	return sp_planar_decode(t->stream.p, t->stream.n, t->to, t->step, TILE, TILE);
}

static int rle_encode(const struct tile *t, unsigned depth, struct sp_wr *out)
{
	return sp_interleaved_encode(depth, t->px, t->step, TILE, TILE, out);
}

static int rle_decode(const struct tile *t, unsigned depth)
{
	static struct sp_palette palette;

	return sp_interleaved_decode(
			depth, &palette, t->stream.p, t->stream.n, t->to, t->step, TILE, TILE);
}

/* depth tells the options: the colour loss level, and 8 for chroma of 2x2 pixels together. */
static int nsc_encode(const struct tile *t, unsigned depth, struct sp_wr *out)
{
	static struct sp_nsc_enc *e;
	struct sp_nsc_conf conf = {(uint8_t)(depth & 7), depth & 8};

	if (!e) {
		e = sp_nsc_enc_create();
	}
	return e ? sp_nsc_encode(e, &conf, t->px, t->step, TILE, TILE, out) : -1;
}

static int nsc_decode(const struct tile *t, unsigned depth)
{
	return sp_nsc_decode(t->stream.p, t->stream.n, t->to, t->step, TILE, TILE);
}

static double median_rate(double *times, double pixels)
{
	qsort(times, RUNS, sizeof(*times), compare);
	return pixels / times[RUNS / 2] / 1e6;
}

static bool measure(const char *name, const struct picture *p, unsigned depth, encode_fn encode,
		decode_fn decode)
{
	size_t n = (size_t)(p->w / TILE) * (p->h / TILE), bytes = 0, compressed = 0;
	struct tile *tiles = calloc(n, sizeof(*tiles));
	uint8_t *copy = malloc((size_t)p->w * p->h * 4);
	struct sp_wr *out = calloc(n, sizeof(*out));
	double times[RUNS];
	bool ok = tiles && copy && out;

	for (size_t i = 0; ok && i < n; i++) {
		size_t x = i % (p->w / TILE) * TILE, y = i / (p->w / TILE) * TILE + TILE - 1;

		tiles[i].px = p->bgrx + 4 * (y * p->w + x);
		tiles[i].to = copy + 4 * (y * p->w + x);
		tiles[i].step = -4 * (ptrdiff_t)p->w;
		sp_wr_init(&out[i], SP_PLANAR_ROOM);
	}
	for (int run = 0; ok && run < RUNS; run++) {
		double start = now(), end;
		int rounds = 0;

		do {
			bytes = compressed = 0;
			for (size_t i = 0; i < n; i++) {
				sp_wr_reset(&out[i]);
				int size = encode(&tiles[i], depth, &out[i]);

				ok = ok && size >= 0;
				compressed += size > 0;
				bytes += size > 0 ? (size_t)size
						  : TILE * TILE * sp_pixel_bytes(depth);
			}
			rounds++;
			end = now();
		} while (ok && end - start < seconds);
		times[run] = (end - start) / rounds;
	}
	if (ok) {
		row(name, p, "encode", "MP/s", median_rate(times, (double)p->w * p->h), "higher");
		row(name, p, "size", "bytes/pixel", (double)bytes / ((double)p->w * p->h), "lower");
	}
	for (int run = 0; ok && compressed > 0 && run < RUNS; run++) {
		double start = now(), end;
		int rounds = 0;

		do {
			for (size_t i = 0; i < n; i++) {
				tiles[i].stream = sp_span(out[i].p, out[i].n);
				if (out[i].n > 0 && decode(&tiles[i], depth) != SP_OK) {
					ok = false;
				}
			}
			rounds++;
			end = now();
		} while (ok && end - start < seconds);
		times[run] = (end - start) / rounds;
	}
	if (ok && compressed > 0) {
		row(name, p, "decode", "MP/s", median_rate(times, (double)compressed * TILE * TILE),
				"higher");
	}
	for (size_t i = 0; out && i < n; i++) {
		sp_wr_finish(&out[i]);
	}
	free(out);
	free(copy);
	free(tiles);
	return ok;
}

#define PASSES (2 + SP_PROG_UPGRADES)
static const char *const pass_names[PASSES] = {
		"progressive", "progressive coarse", "progressive up 1", "progressive up 2"};

/* Encodes a pass of all tiles, as one stream. */
static bool progressive_pass(struct sp_prog_enc *e, const struct picture *p, size_t pass,
		struct sp_wr *tiles, struct sp_wr *out)
{
	static struct sp_rfx_work work;
	const struct sp_rect whole = {0, 0, (int32_t)p->w, (int32_t)p->h};
	uint32_t columns = p->w / TILE, n = columns * (p->h / TILE), count = 0;

	sp_wr_reset(tiles);
	sp_wr_reset(out);
	if (pass < 2) {
		sp_prog_enc_reset(e);
	}
	for (uint32_t i = 0; i < n; i++) {
		int rc = pass < 2
				? sp_prog_enc_tile(e, &work, p->bgrx, 4 * (size_t)p->w, i % columns,
						  i / columns, SP_PROG_GOOD,
						  pass == 0 ? SP_PROG_WHOLE : SP_PROG_COARSE, tiles)
				: sp_prog_enc_upgrade(e, &work, i % columns, i / columns, tiles);

		if (rc < 0) {
			return false;
		}
		count += rc > 0;
	}
	struct sp_prog_part part = {sp_span(tiles->p, tiles->n), count};

	return sp_prog_enc_stream(e, &whole, 1, &part, 1, out) > 0;
}

/* A picture in one pass, and in three. */
static bool measure_progressive(const struct picture *p)
{
	struct sp_prog_enc *e = sp_prog_enc_create(p->w, p->h, false);
	struct sp_prog_dec *d = sp_prog_dec_create(p->w, p->h, (size_t)1 << 28);
	size_t stride = 4 * (size_t)p->w, size = stride * p->h;
	double encode[PASSES][RUNS] = {{0}}, decode[PASSES][RUNS] = {{0}}, pixels;
	double error[PASSES] = {0};
	struct sp_wr tiles, out[PASSES];
	uint8_t *copy = malloc(size);
	struct sp_rect changed;
	bool ok = e && d && copy;

	pixels = (double)p->w * p->h;
	sp_wr_init(&tiles, (size_t)1 << 28);
	for (size_t i = 0; i < PASSES; i++) {
		sp_wr_init(&out[i], (size_t)1 << 28);
	}
	for (int run = 0; ok && run < RUNS; run++) {
		double start = now(), at;
		int rounds = 0;

		do {
			for (size_t i = 0; ok && i < PASSES; i++) {
				at = now();
				ok = progressive_pass(e, p, i, &tiles, &out[i]);
				encode[i][run] += now() - at;
			}
			for (size_t i = 0; ok && i < PASSES; i++) {
				at = now();
				ok = sp_prog_decode(d, sp_span(out[i].p, out[i].n), 1, copy, stride,
						     &changed, 1) == 1;
				decode[i][run] += now() - at;
				for (size_t j = 0; ok && run + rounds == 0 && j < size; j++) {
					double by = j % 4 < 3 ? (double)copy[j] - p->bgrx[j] : 0;

					error[i] += by * by;
				}
			}
			rounds++;
		} while (now() - start < 2 * seconds);
		for (size_t i = 0; i < PASSES; i++) {
			encode[i][run] /= rounds;
			decode[i][run] /= rounds;
		}
	}
	for (size_t i = 0; ok && i < PASSES; i++) {
		const char *name = pass_names[i];

		row(name, p, "encode", "MP/s", median_rate(encode[i], pixels), "higher");
		row(name, p, "size", "bytes/pixel", (double)out[i].n / pixels, "lower");
		row(name, p, "mean square error", "", error[i] / pixels / 3, "lower");
		row(name, p, "decode", "MP/s", median_rate(decode[i], pixels), "higher");
	}
	for (size_t i = 0; i < PASSES; i++) {
		sp_wr_finish(&out[i]);
	}
	sp_wr_finish(&tiles);
	sp_prog_enc_destroy(e);
	sp_prog_dec_destroy(d);
	free(copy);
	return ok;
}

/* Each picture is one message. */
static bool measure_rfx(const struct picture *p, enum sp_rlgr rlgr)
{
	struct sp_rfx_conf conf = {.rlgr = rlgr,
			.w = (uint16_t)p->w,
			.h = (uint16_t)p->h,
			.n_quants = 1,
			.quant = {SP_RFX_QUANT_USUAL}};
	struct sp_rect whole = {0, 0, (int32_t)p->w, (int32_t)p->h}, changed;
	struct sp_rfx_enc *e = sp_rfx_enc_create(&conf);
	struct sp_rfx_dec *d = sp_rfx_dec_create();
	size_t stride = 4 * (size_t)p->w, size = stride * p->h;
	const char *name = rlgr == SP_RLGR1 ? "remotefx rlgr1" : "remotefx rlgr3";
	double encode[RUNS], decode[RUNS], pixels = (double)p->w * p->h, error = 0;
	uint8_t *copy = malloc(size);
	bool ok = e && d && copy;
	struct sp_wr out;

	sp_wr_init(&out, (size_t)1 << 28);
	for (int run = 0; ok && run < RUNS; run++) {
		double start = now();
		int rounds = 0;

		do {
			sp_rfx_enc_restart(e);
			sp_wr_reset(&out);
			ok = ok && sp_rfx_encode(e, p->bgrx, stride, &whole, 1, &out) > 0;
			rounds++;
		} while (now() - start < seconds);
		encode[run] = (now() - start) / rounds;
		start = now();
		rounds = 0;
		do {
			ok = ok &&
					sp_rfx_decode(d, sp_span(out.p, out.n), copy, stride, p->w,
							p->h, &changed, 1) == 1;
			rounds++;
		} while (now() - start < seconds);
		decode[run] = (now() - start) / rounds;
	}
	for (size_t i = 0; ok && i < size; i++) {
		double by = i % 4 < 3 ? (double)copy[i] - p->bgrx[i] : 0;

		error += by * by;
	}
	if (ok) {
		row(name, p, "encode", "MP/s", median_rate(encode, pixels), "higher");
		row(name, p, "size", "bytes/pixel", (double)out.n / pixels, "lower");
		row(name, p, "mean square error", "", error / pixels / 3, "lower");
		row(name, p, "decode", "MP/s", median_rate(decode, pixels), "higher");
	}
	sp_wr_finish(&out);
	sp_rfx_enc_destroy(e);
	sp_rfx_dec_destroy(d);
	free(copy);
	return ok;
}

/*
 * What the desktop does with damage: everything is reported as damaged, and either all of it or
 * one row of tiles is drawn anew in between. Milliseconds and bytes of one pass.
 */
static bool measure_emit(const struct picture *p, bool shadow, bool all)
{
	struct sp_emit_conf conf = {.w = p->w,
			.h = p->h,
			.depth = 32,
			.max_update = SP_EMIT_MAX_UPDATE,
			.no_compr_hdr = true,
			.shadow = shadow};
	struct sp_rect whole = {0, 0, (int32_t)p->w, (int32_t)p->h};
	struct sp_emit *e = sp_emit_create(&conf);
	double times[RUNS], start;
	size_t stride = 4 * (size_t)p->w, bytes = 0;
	char what[64];
	bool ok = e != NULL;
	struct sp_wr out;

	sp_wr_init(&out, SP_EMIT_MAX_UPDATE);
	for (int run = -1; ok && run < RUNS; run++) {
		for (size_t i = 0; i < (size_t)p->h * stride; i += 4) {
			p->bgrx[i] ^= all || i / stride / TILE == 3 ? 0x10 : 0;
		}
		bytes = 0;
		start = now();
		sp_emit_damage(e, whole);
		while (ok && sp_emit_pending(e)) {
			sp_wr_reset(&out);
			int n = sp_emit_next(e, p->bgrx, stride, &out);

			ok = n >= 0;
			bytes += ok ? (size_t)n : 0;
		}
		if (run >= 0) {
			times[run] = now() - start;
		}
	}
	if (ok) {
		qsort(times, RUNS, sizeof(*times), compare);
		snprintf(what, sizeof(what), "%s drawn%s", all ? "all" : "strip",
				shadow ? "" : ", no shadow");
		row("emit", p, what, "ms", times[RUNS / 2] * 1e3, "lower");
		row("emit", p, what, "kB", (double)bytes / 1e3, "lower");
	}
	sp_wr_finish(&out);
	sp_emit_destroy(e);
	return ok;
}

/*
 * The whole picture through ClearCodec. known: what it holds was sent before, as text that is
 * scrolled; otherwise nothing was.
 */
static bool measure_clear(const struct picture *p, bool known)
{
	const char *name = known ? "clearcodec known" : "clearcodec";
	double times[RUNS], pixels = (double)p->w * p->h;
	struct sp_clear_enc *e = sp_clear_enc_create();
	struct sp_clear_dec *d = sp_clear_dec_create();
	uint8_t *copy = malloc((size_t)pixels * 4);
	size_t stride = 4 * (size_t)p->w;
	struct sp_wr out;
	bool ok = e && d && copy;

	sp_wr_init(&out, SP_CLEAR_BOUND(p->w, p->h));
	for (int run = known ? -2 : 0; ok && run < RUNS; run++) {
		double start = now(), end;
		int rounds = 0;

		do {
			sp_wr_reset(&out);
			if (!known) {
				sp_clear_enc_reset(e);
			}
			ok = sp_clear_encode(e, p->bgrx, stride, p->w, p->h, &out) > 0;
			if (known) {
				ok = ok &&
						sp_clear_decode(d, sp_span(out.p, out.n), copy,
								stride, p->w, p->h) == SP_OK;
			}
			rounds++;
			end = now();
		} while (ok && !known && end - start < seconds);
		if (run >= 0) {
			times[run] = (end - start) / rounds;
		}
	}
	if (ok) {
		row(name, p, known ? "encode and decode" : "encode", "MP/s",
				median_rate(times, pixels), "higher");
		row(name, p, "size", "bytes/pixel", (double)out.n / pixels, "lower");
	}
	for (int run = 0; ok && !known && run < RUNS; run++) {
		double start = now(), end;
		int rounds = 0;

		do {
			sp_clear_dec_renumber(d);
			ok = sp_clear_decode(d, sp_span(out.p, out.n), copy, stride, p->w, p->h) ==
					SP_OK;
			rounds++;
			end = now();
		} while (ok && end - start < seconds);
		times[run] = (end - start) / rounds;
	}
	if (ok && !known) {
		row(name, p, "decode", "MP/s", median_rate(times, pixels), "higher");
	}
	sp_wr_finish(&out);
	free(copy);
	sp_clear_enc_destroy(e);
	sp_clear_dec_destroy(d);
	return ok;
}

static void put_row(void *data, const char *codec, const char *what, const char *unit, double value,
		const char *better)
{
	row(codec, data, what, unit, value, better);
}

static bool measure_all(struct picture *p)
{
	return measure("planar", p, 32, planar_encode, planar_decode) &&
			measure("planar 3 halved", p, 3 | 8, planar_lossy_encode, planar_decode) &&
			measure("nscodec", p, 1, nsc_encode, nsc_decode) &&
			measure("nscodec 3 halved", p, 3 | 8, nsc_encode, nsc_decode) &&
			measure_progressive(p) && measure_rfx(p, SP_RLGR1) &&
			measure_rfx(p, SP_RLGR3) && measure_clear(p, false) &&
			measure_clear(p, true) &&
			measure("interleaved 24 bpp", p, 24, rle_encode, rle_decode) &&
			measure("interleaved 16 bpp", p, 16, rle_encode, rle_decode) &&
			measure("interleaved 15 bpp", p, 15, rle_encode, rle_decode) &&
			measure("interleaved 8 bpp", p, 8, rle_encode, rle_decode) &&
			measure_emit(p, true, true) && measure_emit(p, false, true) &&
			measure_emit(p, true, false) && measure_emit(p, false, false) &&
			bench_zgfx(p->bgrx, p->w, p->h, seconds, put_row, p) &&
			bench_avc(p->bgrx, p->w, p->h, seconds, put_row, p);
}

static int usage(int status)
{
	fprintf(status ? stderr : stdout,
			"usage: bench-codec [--json] [--seconds S] [--picture FILE.png ...]\n"
			"Tiles of 64x64 on one core; the median of %d runs of S CPU seconds.\n",
			RUNS);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
			{"seconds", required_argument, NULL, 's'},
			{"picture", required_argument, NULL, 'p'}, {"help", no_argument, NULL, 'h'},
			{NULL, 0, NULL, 0}};
	static const char *own[] = {"desktop", "text", "photo"};
	const char *files[16];
	size_t n_files = 0;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'j') {
			json = true;
		} else if (c == 's') {
			seconds = strtod(optarg, NULL);
		} else if (c == 'p' && n_files < sizeof(files) / sizeof(*files)) {
			files[n_files++] = optarg;
		} else {
			return usage(c == 'h' ? 0 : 2);
		}
	}
	if (optind < argc || !(seconds > 0 && seconds <= 60)) {
		return usage(2);
	}
	for (size_t i = 0; i < (n_files > 0 ? n_files : sizeof(own) / sizeof(*own)); i++) {
		struct picture p;
		bool ok = n_files > 0 ? load(&p, files[i]) : make(&p, own[i]);

		ok = ok && measure_all(&p);
		if (!ok) {
			return 1;
		}
		free(p.bgrx);
	}
	return 0;
}
