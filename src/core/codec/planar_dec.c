/* core/codec/planar_dec.c - planar bitmaps into pixels. */
#include "core/codec/planar.h"

#include "core/codec/aycocg.h"
#include "core/codec/simd.h"

#define HEADER_CLL 0x07
#define HEADER_CS 0x08
#define HEADER_RLE 0x10
#define HEADER_NA 0x20

#define ROW_MAX (SP_PIXEL_SIDE_MAX + SP_SIMD_SLACK)

/* One plane of the stream and the row of it that was decoded last. */
struct plane {
	const uint8_t *p; /* what comes next of it */
	uint8_t *row; /* with slack behind it */
	uint32_t w, h; /* of this plane, subsampled or not */
};

struct dec {
	const uint8_t *end; /* of the stream */
	bool rle;
	unsigned cll;
	bool subsampled;
	struct plane plane[4]; /* alpha, then three colours in the order of the stream */
};

/* A segment's control byte: how many raw bytes follow it, and how long the run behind them is. */
static inline void control(uint8_t c, uint32_t *raw, uint32_t *run)
{
	*raw = c >> 4;
	*run = c & 0x0f;
	if (*run == 1 || *run == 2) {
		*run = *run * 16 + *raw;
		*raw = 0;
	}
}

/*
 * Moves *p behind an RLE plane and proves that each of its rows ends where it should and that
 * no byte of it is missing; what decodes it afterwards relies on that.
 */
static int skim(const uint8_t **p, const uint8_t *end, uint32_t w, uint32_t h)
{
	const uint8_t *s = *p;

	for (uint32_t y = 0; y < h; y++) {
		uint32_t x = 0;

		while (x < w) {
			uint32_t raw, run;

			if (!(s < end)) {
				return SP_ESHORT;
			}
			control(*s++, &raw, &run);
			if (raw + run == 0 || !(raw + run <= w - x)) {
				return SP_ECODEC;
			}
			if (!(raw <= (size_t)(end - s))) {
				return SP_ESHORT;
			}
			s += raw;
			x += raw + run;
		}
	}
	*p = s;
	return SP_OK;
}

static int find_planes(struct dec *d, const uint8_t *p, bool alpha)
{
	for (int i = alpha ? 0 : 1; i < 4; i++) {
		struct plane *pl = &d->plane[i];

		pl->p = p;
		if (d->rle) {
			int rc = skim(&p, d->end, pl->w, pl->h);

			if (rc != SP_OK) {
				return rc;
			}
		} else {
			size_t n = (size_t)pl->w * pl->h;

			if (!(n <= (size_t)(d->end - p))) {
				return SP_ESHORT;
			}
			p += n;
		}
	}
	return SP_OK;
}

static void first_row(struct plane *pl)
{
	uint8_t last = 0;

	for (uint32_t x = 0; x < pl->w;) {
		uint32_t raw, run;

		control(*pl->p++, &raw, &run);
		if (raw > 0) {
			memcpy(pl->row + x, pl->p, raw);
			pl->p += raw;
			last = pl->p[-1];
		}
		memset(pl->row + x + raw, last, run);
		x += raw + run;
	}
}

/* True when anything in the row changed. */
static bool next_row(struct plane *pl, const uint8_t *end)
{
	uint8_t last = 0;
	bool changed = false;

	for (uint32_t x = 0; x < pl->w;) {
		uint32_t raw, run;

		control(*pl->p++, &raw, &run);
		if (raw > 0) {
			if (end - pl->p >= SP_SIMD_SLACK) {
				sp_simd_add(pl->row + x, pl->p, raw);
			} else {
				for (uint32_t i = 0; i < raw; i++) {
					pl->row[x + i] = (uint8_t)(pl->row[x + i] +
							sp_simd_undelta(pl->p[i]));
				}
			}
			pl->p += raw;
			last = sp_simd_undelta(pl->p[-1]);
			changed = true;
		}
		x += raw;
		if (last != 0) {
			sp_simd_add_run(pl->row + x, last, run);
			changed = true;
		}
		x += run;
	}
	return changed;
}

static bool read_row(const struct dec *d, struct plane *pl, bool first)
{
	if (!d->rle) {
		memcpy(pl->row, pl->p, pl->w);
		pl->p += pl->w;
		return true;
	}
	if (first) {
		first_row(pl);
		return true;
	}
	return next_row(pl, d->end);
}

static void decode_rows(struct dec *d, bool alpha, uint8_t *row, ptrdiff_t step)
{
	struct plane *pl = d->plane;
	uint32_t w = pl[1].w, h = pl[1].h;
	const uint8_t *above = NULL;

	for (uint32_t y = 0; y < h; y++) {
		bool changed = false;

		for (int i = alpha ? 0 : 1; i < 4; i++) {
			if (i >= 2 && d->subsampled && y % 2 == 1) {
				continue;
			}
			if (read_row(d, &pl[i], y == 0)) {
				changed = true;
			}
		}
		if (!changed) {
			memcpy(row, above, 4 * (size_t)w);
		} else if (d->cll > 0) {
			/* Red and blue are exchanged, as servers do it. */
			sp_aycocg_join(row, pl[1].row, pl[2].row, pl[3].row, pl[0].row, w,
					d->subsampled, d->cll - 1, true);
		} else {
			sp_simd_join(row, pl[3].row, pl[2].row, pl[1].row, pl[0].row, w);
		}
		above = row;
		row += y + 1 < h ? step : 0;
	}
}

int sp_planar_decode(
		const uint8_t *src, size_t n, uint8_t *row, ptrdiff_t step, uint32_t w, uint32_t h)
{
	sp_uninit uint8_t rows[4][ROW_MAX];
	struct dec d = {.end = src + n};
	uint8_t head;
	int rc;

	if (!(1 <= w && w <= SP_PIXEL_SIDE_MAX && 1 <= h && h <= SP_PIXEL_SIDE_MAX)) {
		return SP_EARG;
	}
	if (n < 1) {
		return SP_ESHORT;
	}
	head = src[0];
	d.rle = (head & HEADER_RLE) != 0;
	d.cll = head & HEADER_CLL;
	d.subsampled = (head & HEADER_CS) != 0;
	if (d.subsampled && d.cll == 0) {
		return SP_ECODEC;
	}
	for (int i = 0; i < 4; i++) {
		unsigned half = d.subsampled && i >= 2 ? 1 : 0;

		d.plane[i] = (struct plane){NULL, rows[i], (w + half) >> half, (h + half) >> half};
	}
	rc = find_planes(&d, src + 1, !(head & HEADER_NA));
	if (rc != SP_OK) {
		return rc;
	}
	if (head & HEADER_NA) {
		memset(rows[0], 0xff, w);
	}
	decode_rows(&d, !(head & HEADER_NA), row, step);
	return SP_OK;
}
