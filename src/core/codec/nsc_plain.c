/* core/codec/nsc_plain.c - the kernels of nsc_kernel.h for every machine, and the choice. */
#include "core/codec/nsc_kernel.h"
#include "core/codec/simd.h"

static inline uint64_t equal64(const uint8_t *p)
{
	return sp_simd_mask(p + 1, 64);
}

static inline unsigned count64(uint64_t m)
{
	return sp_simd_count(m);
}

static inline void copy32(uint8_t *o, const uint8_t *p)
{
	memcpy(o, p, 32);
}

static inline void fill32(uint8_t *o, uint8_t v)
{
	memset(o, v, 32);
}

#include "core/codec/nsc_runs.h"

static void split(const uint8_t *px, size_t n, uint8_t *y, uint8_t *co, uint8_t *cg,
		const struct sp_aycocg *c)
{
	for (size_t x = 0; x < n; x += 16) {
		sp_aycocg_split16(px + 4 * x, y + x, co + x, cg + x, c);
	}
}

static void split2(const uint8_t *const px[2], size_t n, uint8_t *const y[2], uint8_t *co,
		uint8_t *cg, const struct sp_aycocg *c)
{
	for (size_t x = 0; x < n; x += 16) {
		const uint8_t *in[2] = {px[0] + 4 * x, px[1] + 4 * x};
		uint8_t *const out[2] = {y[0] + x, y[1] + x};

		sp_aycocg_split16x2(in, out, co + x / 2, cg + x / 2, c);
	}
}

const struct sp_nsc_kernel sp_nsc_plain = {
		.split = split,
		.split2 = split2,
		.put = put,
		.expand = expand,
};

const struct sp_nsc_kernel *sp_nsc_kernel(enum sp_cpu cpu)
{
#if defined(__x86_64__) && !defined(SP_SIMD_PORTABLE)
	if (cpu >= SP_CPU_AVX2) {
		return &sp_nsc_avx2;
	}
#endif
	return &sp_nsc_plain;
}
