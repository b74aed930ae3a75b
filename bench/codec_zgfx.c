/* bench/codec_zgfx.c - see codec_zgfx.h. */
#include "codec_zgfx.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/err.h"
#include "core/codec/planar.h"
#include "core/codec/zgfx.h"

#define RUNS 5
#define TILE 64
#define MESSAGE 65535u /* as the pipeline's are */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* What is compressed, and what became of it message by message. */
struct stream {
	const uint8_t *p;
	size_t n, messages;
	size_t *end; /* of each message in out */
	struct sp_wr out;
};

/* Each round begins with an empty history: of the same again nothing would be left. */
static bool pack(struct stream *s)
{
	struct sp_zgfx_enc *e = sp_zgfx_enc_create(SP_ZGFX_FULL);
	bool ok = e != NULL;

	sp_wr_reset(&s->out);
	s->messages = 0;
	for (size_t at = 0; ok && at < s->n; at += MESSAGE) {
		size_t n = s->n - at < MESSAGE ? s->n - at : MESSAGE;

		ok = sp_zgfx_encode(e, sp_span(s->p + at, n), &s->out) == SP_OK;
		s->end[s->messages++] = s->out.n;
	}
	sp_zgfx_enc_destroy(e);
	return ok;
}

static bool unpack(struct stream *s)
{
	struct sp_zgfx_dec *d = sp_zgfx_dec_create(SP_ZGFX_FULL, MESSAGE);
	bool ok = d != NULL;
	size_t at = 0;

	for (size_t i = 0; ok && i < s->messages; i++) {
		struct sp_span out;

		ok = sp_zgfx_decode(d, sp_span(s->out.p + at, s->end[i] - at), &out) == SP_OK &&
				memcmp(out.p, s->p + i * MESSAGE, out.n) == 0;
		at = s->end[i];
	}
	sp_zgfx_dec_destroy(d);
	return ok;
}

/* Bytes in a second, of those that are not compressed; 0 when something failed. */
static double rate(struct stream *s, bool (*step)(struct stream *), double seconds)
{
	double times[RUNS];

	for (int run = 0; run < RUNS; run++) {
		double start = now(), end;
		int rounds = 0;

		do {
			if (!step(s)) {
				return 0;
			}
			rounds++;
			end = now();
		} while (end - start < seconds);
		times[run] = (end - start) / rounds;
	}
	qsort(times, RUNS, sizeof(*times), compare);
	return (double)s->n / times[RUNS / 2];
}

static bool measure(
		const char *name, struct sp_span in, double seconds, bench_zgfx_row row, void *data)
{
	struct stream s = {.p = in.p, .n = in.n};

	s.end = calloc(in.n / MESSAGE + 1, sizeof(*s.end));
	sp_wr_init(&s.out, in.n + in.n / 16 + 1024);
	double there = s.end ? rate(&s, pack, seconds) : 0;
	double back = there > 0 ? rate(&s, unpack, seconds) : 0;
	if (back > 0) {
		row(data, name, "compress", "MB/s", there / 1e6, "higher");
		row(data, name, "ratio", "", (double)in.n / (double)s.out.n, "higher");
		row(data, name, "decompress", "MB/s", back / 1e6, "higher");
	}
	free(s.end);
	sp_wr_finish(&s.out);
	return back > 0;
}

bool bench_zgfx(const uint8_t *bgrx, uint32_t w, uint32_t h, double seconds, bench_zgfx_row row,
		void *data)
{
	size_t tiles = (size_t)(w / TILE) * (h / TILE);
	struct sp_wr planar;
	bool ok = true;

	sp_wr_init(&planar, tiles * SP_PLANAR_BOUND + SP_PLANAR_ROOM);
	for (size_t i = 0; ok && i < tiles; i++) {
		size_t x = i % (w / TILE) * TILE, y = i / (w / TILE) * TILE;

		ok = sp_planar_encode_exact(bgrx + 4 * (y * w + x), 4 * (ptrdiff_t)w, TILE, TILE,
				     &planar) > 0;
	}
	ok = ok &&
			measure("zgfx of pixels", sp_span(bgrx, (size_t)w * h * 4), seconds, row,
					data) &&
			measure("zgfx of planar", sp_span(planar.p, planar.n), seconds, row, data);
	sp_wr_finish(&planar);
	return ok;
}
