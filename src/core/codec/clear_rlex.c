/* core/codec/clear_rlex.c - areas of few colours: a palette, runs and suites of its indexes. */
#include "core/base/mem.h"
#include "core/codec/clear_enc.h"
#include "core/codec/simd.h"

#define TABLE 512
#define RUNS_MAX 24576
#define SEGMENT_MAX 8 /* bytes */

int clear_rlex_init(struct clear_rlex *r)
{
	r->run = sp_malloc(RUNS_MAX * sizeof(*r->run));
	r->runs_max = r->run ? RUNS_MAX : 0;
	return r->run ? SP_OK : SP_ENOMEM;
}

void clear_rlex_finish(struct clear_rlex *r)
{
	sp_free(r->run);
	r->run = NULL;
}

uint8_t *clear_run_length(uint8_t *o, size_t n)
{
	if (n < 0xff) {
		*o++ = (uint8_t)n;
		return o;
	}
	*o++ = 0xff;
	if (n < 0xffff) {
		*o++ = (uint8_t)n;
		*o++ = (uint8_t)(n >> 8);
		return o;
	}
	*o++ = 0xff;
	*o++ = 0xff;
	sp_simd_store32(o, (uint32_t)n);
	return o + 4;
}

/* The index of a colour, CLEAR_PALETTE_MAX when there is no room for another. */
static unsigned find_color(struct clear_rlex *r, uint32_t color)
{
	uint32_t at = color * 0x9e3779b1u >> 23;

	for (; r->table[at].round == r->round; at = (at + 1) % TABLE) {
		if (r->table[at].color == color) {
			return r->table[at].index;
		}
	}
	if (r->colors < CLEAR_PALETTE_MAX) {
		uint8_t *p = r->palette + 3 * (size_t)r->colors;

		p[0] = (uint8_t)color;
		p[1] = (uint8_t)(color >> 8);
		p[2] = (uint8_t)(color >> 16);
		r->table[at] = (struct clear_color){color, r->round, (uint8_t)r->colors};
		return r->colors++;
	}
	return CLEAR_PALETTE_MAX;
}

/* How many of n pixels have the colour of the one before the first. */
static inline size_t go_on(const uint8_t *px, uint32_t color, size_t n)
{
	size_t i = 0;

#if defined(SP_SIMD_SSE2)
	const __m128i v = _mm_set1_epi32((int)(color << 8));

	for (; i + 4 <= n; i += 4) {
		__m128i p = _mm_loadu_si128((const __m128i *)(px + 4 * i));
		unsigned m = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi32(_mm_slli_epi32(p, 8), v));

		if (m != 0xffff) {
			return i + (size_t)__builtin_ctz(~m) / 4;
		}
	}
#endif
	while (i < n && (sp_simd_load32(px + 4 * i) & CLEAR_COLOR) == color) {
		i++;
	}
	return i;
}

/* The bits of an index. */
static unsigned index_bits(const struct clear_rlex *r)
{
	unsigned bits = 1;

	while (1u << bits < r->colors) {
		bits++;
	}
	return bits;
}

/*
 * [MS-RDPEGFX] 2.2.4.1.1.3.1.1.2. Where the segment ends that begins with run i: after runs of
 * single pixels whose indexes each are one more than the one before.
 */
static size_t segment_end(const struct clear_rlex *r, size_t i, unsigned depth_max)
{
	size_t end = i + 1;

	while (end < r->runs && end - i <= depth_max && r->run[end].n == 1 &&
			r->run[end].index == r->run[end - 1].index + 1) {
		end++;
	}
	return end;
}

static bool collect(struct clear_rlex *r, const uint8_t *px, size_t stride, uint32_t w, uint32_t h,
		size_t limit)
{
	uint32_t color = ~0u;
	/* A segment has 2 bytes, and few of them hold more than two runs. */
	size_t runs_max = limit < r->runs_max ? limit : r->runs_max;

	for (uint32_t y = 0; y < h; y++, px += stride) {
		for (uint32_t x = 0; x < w;) {
			uint32_t v = sp_simd_load32(px + 4 * (size_t)x) & CLEAR_COLOR;
			uint32_t n = 1 + (uint32_t)go_on(px + 4 * (size_t)x + 4, v, w - x - 1);

			if (v == color) {
				r->run[r->runs - 1].n += n;
			} else {
				unsigned index = find_color(r, v);

				if (index == CLEAR_PALETTE_MAX || r->runs == runs_max) {
					return false;
				}
				r->run[r->runs++] = (struct clear_run){n, (uint8_t)index};
				color = v;
			}
			x += n;
		}
	}
	return true;
}

size_t clear_rlex_price(struct clear_rlex *r, const uint8_t *px, size_t stride, uint32_t w,
		uint32_t h, size_t limit)
{
	size_t price;
	unsigned depth_max;

	if (++r->round == 0) {
		memset(r->table, 0, sizeof(r->table));
		r->round = 1;
	}
	r->colors = 0;
	r->runs = 0;
	if (!collect(r, px, stride, w, h, limit)) {
		return limit;
	}
	depth_max = (1u << (8 - index_bits(r))) - 1;
	price = CLEAR_SUBCODEC_HEADER + 1 + 3 * r->colors;
	for (size_t i = 0; i < r->runs && price < limit;) {
		price += r->run[i].n <= 0xff ? 2 : r->run[i].n <= 0xffff ? 4 : 8;
		i = segment_end(r, i, depth_max);
	}
	return price < limit ? price : limit;
}

void clear_rlex_put(const struct clear_rlex *r, uint32_t x, uint32_t y, uint32_t w, uint32_t h,
		struct sp_wr *out)
{
	unsigned bits = index_bits(r), depth_max = (1u << (8 - bits)) - 1;
	size_t room = SEGMENT_MAX * r->runs, count, at;
	uint8_t *start, *o;

	sp_wr_le16(out, (uint16_t)x);
	sp_wr_le16(out, (uint16_t)y);
	sp_wr_le16(out, (uint16_t)w);
	sp_wr_le16(out, (uint16_t)h);
	count = sp_wr_hole(out, 4);
	sp_wr_u8(out, CLEAR_SUBCODEC_RLEX);
	at = out->n;
	sp_wr_u8(out, (uint8_t)r->colors);
	sp_wr_put(out, r->palette, 3 * (size_t)r->colors);
	start = o = sp_wr_room(out, room);
	if (!start) {
		return;
	}
	for (size_t i = 0; i < r->runs;) {
		size_t end = segment_end(r, i, depth_max);

		*o++ = (uint8_t)((end - i - 1) << bits | r->run[end - 1].index);
		o = clear_run_length(o, r->run[i].n - 1);
		i = end;
	}
	sp_wr_shrink(out, room - (size_t)(o - start));
	sp_wr_fill_le32(out, count, out->n - at);
}
