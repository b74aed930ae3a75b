/* core/view/tilekey.c - see tilekey.h. */
#include "core/view/tilekey.h"

#include "core/base/mem.h"
#include "core/base/siphash.h"
#include "core/codec/simd.h"
#include "core/view/tilecache.h"

#define SIDE SP_MIRROR_TILE
#define WORDS (SIDE * SIDE)
#define SHIFT 4 /* words between the keys of the two sums */
#define COLOURS 0x00ffffffu

/*
 * NH of UMAC (Black, Halevi, Krawczyk, Krovetz, Rogaway), twice with a shifted key: sums of
 * products of neighbours, to each of which a secret was added. SipHash makes a key of both.
 */
struct sp_tilekeys {
	uint64_t seed[2];
	uint32_t word[WORDS + SHIFT];
	struct sp_tilecache *given;
};

struct sp_tilekeys *sp_tilekeys_create(const uint64_t seed[2])
{
	struct sp_tilekeys *k = sp_calloc(1, sizeof(*k));

	if (!k) {
		return NULL;
	}
	k->seed[0] = seed[0];
	k->seed[1] = seed[1];
	for (uint32_t i = 0; i < WORDS + SHIFT; i++) {
		k->word[i] = (uint32_t)sp_siphash(seed, &i, sizeof(i));
	}
	k->given = sp_tilecache_create(SP_TILECACHE_SLOTS, SIZE_MAX);
	if (!k->given) {
		sp_tilekeys_destroy(k);
		return NULL;
	}
	return k;
}

void sp_tilekeys_destroy(struct sp_tilekeys *k)
{
	if (k) {
		sp_tilecache_destroy(k->given);
		sp_free(k);
	}
}

static uint64_t product(uint32_t a, uint32_t b, const uint32_t *key)
{
	return (uint64_t)(uint32_t)((a & COLOURS) + key[0]) * (uint32_t)((b & COLOURS) + key[1]);
}

/* A row of n pixels; the word behind an odd one is 0. */
static void add_row(const uint8_t *px, size_t n, const uint32_t *key, uint64_t sum[2])
{
	size_t i = 0;

#if defined(SP_SIMD_SSE2)
	const __m128i colours = _mm_set1_epi32(COLOURS);
	__m128i a = _mm_setzero_si128(), b = _mm_setzero_si128();
	uint64_t parts[4];

	for (; i + 4 <= n; i += 4) {
		__m128i p = _mm_and_si128(_mm_loadu_si128((const __m128i *)(px + 4 * i)), colours);
		__m128i u = _mm_add_epi32(p, _mm_loadu_si128((const __m128i *)(key + i)));
		__m128i v = _mm_add_epi32(p, _mm_loadu_si128((const __m128i *)(key + i + SHIFT)));

		a = _mm_add_epi64(a, _mm_mul_epu32(u, _mm_srli_epi64(u, 32)));
		b = _mm_add_epi64(b, _mm_mul_epu32(v, _mm_srli_epi64(v, 32)));
	}
	_mm_storeu_si128((__m128i *)parts, a);
	_mm_storeu_si128((__m128i *)(parts + 2), b);
	sum[0] += parts[0] + parts[1];
	sum[1] += parts[2] + parts[3];
#endif
	for (; i < n; i += 2) {
		uint32_t p = sp_simd_load32(px + 4 * i);
		uint32_t q = i + 1 < n ? sp_simd_load32(px + 4 * i + 4) : 0;

		sum[0] += product(p, q, key + i);
		sum[1] += product(p, q, key + i + SHIFT);
	}
}

uint64_t sp_tilekey(const struct sp_tilekeys *k, const uint8_t *px, size_t stride, uint32_t w,
		uint32_t h)
{
	uint64_t sum[3] = {0, 0, (uint64_t)w << 32 | h};

	for (uint32_t y = 0; y < h; y++) {
		add_row(px + y * stride, w, k->word + (size_t)y * SIDE, sum);
	}
	return sp_siphash(k->seed, sum, sizeof(sum));
}

void sp_tilekeys_give(struct sp_tilekeys *k, uint64_t key)
{
	uint16_t old;

	if (sp_tilecache_find(k->given, key) != 0) {
		return;
	}
	while ((old = sp_tilecache_full(k->given, 1)) != 0) {
		sp_tilecache_drop(k->given, old);
	}
	/* Without memory it is not known again, which costs bytes only. */
	sp_tilecache_add(k->given, key, 1);
}

bool sp_tilekeys_given(struct sp_tilekeys *k, uint64_t key)
{
	return sp_tilecache_find(k->given, key) != 0;
}
