/* core/view/classify.c - see classify.h. */
#include "core/view/classify.h"

#include "core/codec/simd.h"

#define FEW_PIXELS 256u /* nothing is gained by treating so little as a picture */
#define NEAR 24 /* steps of a channel between neighbours of a picture, seldom more */
#define SPARSE_ROWS 16u /* of pictures higher than this every second row is looked at */

struct count {
	uint32_t pairs, same, near;
};

static void count_plain(const uint8_t *px, size_t n, struct count *c)
{
	for (size_t i = 0; i < n; i++) {
		const uint8_t *p = px + 4 * i;
		int most = 0;

		for (int k = 0; k < 3; k++) {
			int d = p[k] > p[4 + k] ? p[k] - p[4 + k] : p[4 + k] - p[k];

			most = d > most ? d : most;
		}
		c->same += most == 0;
		c->near += 0 < most && most <= NEAR;
	}
	c->pairs += (uint32_t)n;
}

/* n neighbours: pixel i and i + 1 for i below n. */
static void count_row(const uint8_t *px, size_t n, struct count *c)
{
	size_t i = 0;

#if defined(SP_SIMD_SSE2)
	const __m128i colours = _mm_set1_epi32(0x00ffffff), zero = _mm_setzero_si128();
	const __m128i limit = _mm_set1_epi8(NEAR);
	__m128i same = zero, small = zero; /* counts below zero, four of each */
	int32_t sum[8];

	for (; i + 4 <= n; i += 4) {
		__m128i a = _mm_loadu_si128((const __m128i *)(px + 4 * i));
		__m128i b = _mm_loadu_si128((const __m128i *)(px + 4 * i + 4));
		__m128i d = _mm_or_si128(_mm_subs_epu8(a, b), _mm_subs_epu8(b, a));

		d = _mm_and_si128(d, colours);
		same = _mm_add_epi32(same, _mm_cmpeq_epi32(d, zero));
		small = _mm_add_epi32(small, _mm_cmpeq_epi32(_mm_subs_epu8(d, limit), zero));
	}
	_mm_storeu_si128((__m128i *)sum, same);
	_mm_storeu_si128((__m128i *)(sum + 4), small);
	for (size_t k = 0; k < 4; k++) {
		c->same += (uint32_t)-sum[k];
		c->near += (uint32_t)(sum[k] - sum[4 + k]);
	}
	c->pairs += (uint32_t)i;
#endif
	count_plain(px + 4 * i, n - i, c);
}

bool sp_flat(const uint8_t *px, size_t stride, uint32_t w, uint32_t h)
{
	for (uint32_t y = 0; y < h; y++) {
		const uint8_t *row = px + y * stride;

		if (((sp_simd_load32(row) ^ sp_simd_load32(px)) << 8) != 0 ||
				(w > 1 && sp_simd_differ(row, row + 4, w - 1) != w - 1)) {
			return false;
		}
	}
	return true;
}

enum sp_class sp_classify(const uint8_t *px, size_t stride, uint32_t w, uint32_t h)
{
	struct count c = {0};

	if (sp_flat(px, stride, w, h)) {
		return SP_CLASS_FLAT;
	}
	if (w < 8 || w * h < FEW_PIXELS) {
		return SP_CLASS_SHARP;
	}
	for (uint32_t y = 0; y<h; y += h> SPARSE_ROWS ? 2 : 1) {
		count_row(px + y * stride, w - 1, &c);
	}
	uint32_t differ = c.pairs - c.same;
	/* Noise has neither runs nor near neighbours; nothing lossless makes it small. */
	return 4 * differ > 3 * c.pairs || (3 * differ > c.pairs && 2 * c.near > differ)
			? SP_CLASS_PICTURE
			: SP_CLASS_SHARP;
}

void sp_heat_touch(struct sp_heat *h, uint32_t now_ms, uint32_t held_ms)
{
	if (now_ms - h->changed_ms > SP_HEAT_PAUSE_MS + held_ms) {
		h->run = 0;
	}
	h->changed_ms = now_ms;
}

void sp_heat_change(struct sp_heat *h, uint32_t now_ms, uint32_t held_ms)
{
	sp_heat_touch(h, now_ms, held_ms);
	h->run = (uint8_t)(h->run < UINT8_MAX ? h->run + 1 : h->run);
}

bool sp_heat_moves(const struct sp_heat *h, uint32_t now_ms)
{
	return h->run >= SP_HEAT_MOVING && now_ms - h->changed_ms <= SP_HEAT_PAUSE_MS;
}

uint32_t sp_heat_still(const struct sp_heat *h, uint32_t now_ms)
{
	return now_ms - h->changed_ms;
}
