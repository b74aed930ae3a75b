/* core/codec/avc_plain.c - the kernels of avc_kernel.h in plain C, which all others equal. */
#include <string.h>

#include "core/codec/avc_kernel.h"

#define THRESHOLD 30

static uint8_t clamp(int v)
{
	return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static void from_bgrx(const uint8_t *bgrx, size_t n, uint8_t *y, uint8_t *u, uint8_t *v)
{
	for (size_t i = 0; i < n; i++) {
		int b = bgrx[4 * i], g = bgrx[4 * i + 1], r = bgrx[4 * i + 2];

		y[i] = (uint8_t)((54 * r + 183 * g + 19 * b + 128) >> 8);
		/* 127 rather than 128 lets pure blue and pure red stay within a byte. */
		u[i] = (uint8_t)(((-29 * r - 99 * g + 128 * b + 127) >> 8) + 128);
		v[i] = (uint8_t)(((128 * r - 116 * g - 12 * b + 127) >> 8) + 128);
	}
}

static void to_bgrx(const uint8_t *y, const uint8_t *u, const uint8_t *v, size_t n, uint8_t *bgrx)
{
	for (size_t i = 0; i < n; i++) {
		int l = 256 * y[i], d = u[i] - 128, e = v[i] - 128;

		bgrx[4 * i] = clamp((l + 475 * d) >> 8);
		bgrx[4 * i + 1] = clamp((l - 48 * d - 120 * e) >> 8);
		bgrx[4 * i + 2] = clamp((l + 403 * e) >> 8);
		bgrx[4 * i + 3] = 0xff;
	}
}

static void mean(const uint8_t *a, const uint8_t *b, size_t n, uint8_t *out)
{
	for (size_t i = 0; i < n; i++) {
		out[i] = (uint8_t)((a[2 * i] + a[2 * i + 1] + b[2 * i] + b[2 * i + 1] + 2) >> 2);
	}
}

static void split(const uint8_t *in, size_t n, uint8_t *even, uint8_t *odd)
{
	for (size_t i = 0; i < n; i++) {
		even[i] = in[2 * i];
		odd[i] = in[2 * i + 1];
	}
}

static void join(const uint8_t *even, const uint8_t *odd, size_t n, uint8_t *out)
{
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = even[i];
		out[2 * i + 1] = odd[i];
	}
}

static void unmean(const uint8_t *m, const uint8_t *b, const uint8_t *c, const uint8_t *d, size_t n,
		uint8_t *out)
{
	for (size_t i = 0; i < n; i++) {
		int v = clamp(4 * m[i] - b[i] - c[i] - d[i]), away = v - m[i];

		out[i] = away > THRESHOLD || away < -THRESHOLD ? (uint8_t)v : m[i];
	}
}

const struct sp_avc_kernel sp_avc_plain = {
		.from_bgrx = from_bgrx,
		.to_bgrx = to_bgrx,
		.mean = mean,
		.split = split,
		.join = join,
		.unmean = unmean,
};

const struct sp_avc_kernel *sp_avc_kernel(enum sp_cpu cpu)
{
	switch (cpu) {
#if defined(__x86_64__) && !defined(SP_SIMD_PORTABLE)
	case SP_CPU_AVX2:
		return &sp_avc_avx2;
	case SP_CPU_SSE41:
		return &sp_avc_sse41;
#endif
	default:
		return &sp_avc_plain;
	}
}
