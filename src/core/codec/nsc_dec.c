/* core/codec/nsc_dec.c - NSCodec bitmaps into pixels. */
#include "core/base/rd.h"
#include "core/codec/aycocg.h"
#include "core/codec/nsc.h"
#include "core/codec/nsc_kernel.h"
#include "core/codec/simd.h"

#define BATCH 8192 /* values of a plane that are decoded together; two rows at least */
#define ROOM (2 * SP_PIXEL_SIDE_MAX + SP_NSC_MARGIN)

/* What is left of a plane. */
struct plane {
	const struct sp_nsc_kernel *kernel;
	const uint8_t *p, *end;
	size_t left; /* values to come */
	size_t run; /* of them, how many are those of a run that was begun */
	bool raw;
	uint8_t value; /* of that run */
	uint8_t *buf;
	size_t filled; /* values of buf known to be value, from its start */
};

/* The length of the run whose two equal values were just passed; 0 when it is damaged. */
static size_t run_length(struct plane *pl)
{
	size_t n;

	if (!(pl->p < pl->end)) {
		return 0;
	}
	n = *pl->p++;
	if (n < 0xff) {
		n += 2;
	} else {
		if (!(4 <= pl->end - pl->p)) {
			return 0;
		}
		n = sp_simd_load32(pl->p);
		pl->p += 4;
	}
	return n <= pl->left - SP_NSC_RAW_END ? n : 0;
}

/* Single values up to the next two that are equal, at most n; returns how many. */
static size_t literals(struct plane *pl, uint8_t *out, size_t n)
{
	size_t i = 0;

	/* The value before the raw ones is single whatever comes behind it. */
	if (n > pl->left - SP_NSC_RAW_END - 1) {
		n = pl->left - SP_NSC_RAW_END - 1;
	}
#if defined(SP_SIMD_SSE2)
	while (i < n && pl->end - pl->p > 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)pl->p);
		__m128i next = _mm_loadu_si128((const __m128i *)(pl->p + 1));
		unsigned m = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, next));
		size_t k = m ? (size_t)__builtin_ctz(m) : 16;

		_mm_storeu_si128((__m128i *)(out + i), v);
		if (k >= n - i) {
			pl->p += n - i;
			return n;
		}
		i += k;
		pl->p += k;
		if (m) {
			return i;
		}
	}
#endif
	while (i < n && pl->end - pl->p > 1 && pl->p[0] != pl->p[1]) {
		out[i++] = *pl->p++;
	}
	return i;
}

/* The next n values of an encoded plane, which has as many. */
static int read_encoded(struct plane *pl, size_t n)
{
	uint8_t *out = pl->buf;

	if (pl->run >= n && pl->filled >= n) {
		pl->run -= n;
		pl->left -= n;
		return SP_OK;
	}
	pl->filled = pl->run >= n ? n : 0;
	while (n > 0) {
		size_t k;

		if (pl->run > 0) {
			k = pl->run < n ? pl->run : n;
			memset(out, pl->value, k);
			pl->run -= k;
		} else if (pl->left <= SP_NSC_RAW_END) {
			k = pl->left < n ? pl->left : n;
			if (!(k <= (size_t)(pl->end - pl->p))) {
				return SP_ECODEC;
			}
			memcpy(out, pl->p, k);
			pl->p += k;
		} else if (pl->left == SP_NSC_RAW_END + 1) {
			if (!(pl->p < pl->end)) {
				return SP_ECODEC;
			}
			*out = *pl->p++;
			k = 1;
		} else {
			k = pl->left - SP_NSC_RAW_END;
			k = pl->kernel->expand(&pl->p, pl->end, out, k < n ? k : n);
			k = k > 0 ? k : literals(pl, out, n);
			if (k == 0) {
				if (!(pl->end - pl->p > 2)) {
					return SP_ECODEC;
				}
				pl->value = *pl->p;
				pl->p += 2;
				pl->run = run_length(pl);
				if (pl->run == 0) {
					return SP_ECODEC;
				}
				continue;
			}
		}
		out += k;
		n -= k;
		pl->left -= k;
	}
	return SP_OK;
}

static int read_plane(struct plane *pl, size_t n)
{
	if (!pl->raw) {
		return read_encoded(pl, n);
	}
	memcpy(pl->buf, pl->p, n);
	pl->p += n;
	return SP_OK;
}

struct dec {
	struct plane plane[4]; /* luma, orange, green, alpha */
	uint32_t w, h;
	size_t luma_w, chroma_w; /* of a row of these planes */
	unsigned half; /* 1 with chroma subsampling */
	unsigned shift;
	bool opaque; /* there is no alpha plane */
};

static int decode_rows(struct dec *d, uint8_t *row, ptrdiff_t step)
{
	struct plane *pl = d->plane;
	uint32_t batch = (uint32_t)(BATCH / d->luma_w) & ~1u;

	if (batch < 2) {
		batch = 2;
	}
	if (d->opaque) {
		memset(pl[3].buf, 0xff, (size_t)d->w * (batch < d->h ? batch : d->h));
	}
	for (uint32_t y = 0; y < d->h; y += batch) {
		uint32_t rows = batch < d->h - y ? batch : d->h - y;
		size_t chroma = d->chroma_w * ((rows + d->half) >> d->half);
		int rc = read_plane(&pl[0], d->luma_w * rows);

		rc = rc == SP_OK ? read_plane(&pl[1], chroma) : rc;
		rc = rc == SP_OK ? read_plane(&pl[2], chroma) : rc;
		rc = rc == SP_OK && !d->opaque ? read_plane(&pl[3], (size_t)d->w * rows) : rc;
		if (rc != SP_OK) {
			return rc;
		}
		for (uint32_t i = 0; i < rows; i++) {
			size_t c = (i >> d->half) * d->chroma_w;

			sp_aycocg_join(row, pl[0].buf + i * d->luma_w, pl[1].buf + c, pl[2].buf + c,
					pl[3].buf + (size_t)i * d->w, d->w, d->half, d->shift,
					false);
			row += y + i + 1 < d->h ? step : 0;
		}
	}
	return SP_OK;
}

/* The planes behind the header; expect tells how many values each holds. */
static int find_planes(struct dec *d, struct sp_rd *r, const uint32_t *bytes, const size_t *expect)
{
	for (int i = 0; i < 4; i++) {
		struct plane *pl = &d->plane[i];
		struct sp_span s = sp_rd_span(r, bytes[i]);

		if (sp_rd_ok(r) != SP_OK) {
			return SP_ESHORT;
		}
		if (i == 3 && s.n == 0) {
			d->opaque = true;
			continue;
		}
		if (!(0 < s.n && s.n <= expect[i])) {
			return SP_ECODEC;
		}
		pl->p = s.p;
		pl->end = s.p + s.n;
		pl->left = expect[i];
		pl->raw = s.n == expect[i];
	}
	return SP_OK;
}

int sp_nsc_decode(
		const uint8_t *src, size_t n, uint8_t *row, ptrdiff_t step, uint32_t w, uint32_t h)
{
	sp_uninit uint8_t buf[4][ROOM];
	const struct sp_nsc_kernel *kernel = sp_nsc_kernel(sp_cpu_best());
	struct dec d = {.w = w, .h = h};
	uint32_t bytes[4];
	size_t expect[4];
	struct sp_rd r;
	uint8_t loss;
	int rc;

	if (!(1 <= w && w <= SP_PIXEL_SIDE_MAX && 1 <= h && h <= SP_PIXEL_SIDE_MAX)) {
		return SP_EARG;
	}
	sp_rd_init(&r, src, n);
	for (int i = 0; i < 4; i++) {
		bytes[i] = sp_rd_le32(&r);
		d.plane[i].kernel = kernel;
		d.plane[i].buf = buf[i];
	}
	loss = sp_rd_u8(&r);
	d.half = sp_rd_u8(&r) != 0;
	sp_rd_skip(&r, 2); /* Reserved */
	if (sp_rd_ok(&r) != SP_OK) {
		return SP_ESHORT;
	}
	if (!(1 <= loss && loss <= 7)) {
		return SP_ECODEC;
	}
	d.shift = loss - 1u;
	d.luma_w = d.half ? (w + 7) & ~7u : w;
	d.chroma_w = d.luma_w >> d.half;
	expect[0] = d.luma_w * h;
	expect[1] = expect[2] = d.chroma_w * ((h + d.half) >> d.half);
	expect[3] = (size_t)w * h;
	rc = find_planes(&d, &r, bytes, expect);
	return rc == SP_OK ? decode_rows(&d, row, step) : rc;
}
