/* core/codec/avc_sse41.c - the kernels of avc_kernel.h for SSE4.1. */
#include <smmintrin.h>

#define OP(name) _mm_##name
#define SI(name) _mm_##name##_si128
#define WIDTH sizeof(__m128i)

typedef __m128i vec;

static inline vec lanes(__m128i v)
{
	return v;
}

static inline vec whole64(vec v)
{
	return v;
}

static inline vec whole32(vec v)
{
	return v;
}

static inline vec lanes32(vec v)
{
	return v;
}

#include "core/codec/avc_rows.h"

const struct sp_avc_kernel sp_avc_sse41 = {
		.from_bgrx = from_bgrx,
		.to_bgrx = to_bgrx,
		.mean = mean,
		.split = split,
		.join = join,
		.unmean = unmean,
};
