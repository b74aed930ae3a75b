/* core/codec/avc_avx2.c - the kernels of avc_kernel.h for AVX2. */
#include <immintrin.h>

#define OP(name) _mm256_##name
#define SI(name) _mm256_##name##_si256
#define WIDTH sizeof(__m256i)

typedef __m256i vec;

static inline vec lanes(__m128i v)
{
	return _mm256_broadcastsi128_si256(v);
}

static inline vec whole64(vec v)
{
	return _mm256_permute4x64_epi64(v, 0xd8);
}

static inline vec whole32(vec v)
{
	return _mm256_permutevar8x32_epi32(v, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

static inline vec lanes32(vec v)
{
	return _mm256_permutevar8x32_epi32(v, _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7));
}

#include "core/codec/avc_rows.h"

const struct sp_avc_kernel sp_avc_avx2 = {
		.from_bgrx = from_bgrx,
		.to_bgrx = to_bgrx,
		.mean = mean,
		.split = split,
		.join = join,
		.unmean = unmean,
};
