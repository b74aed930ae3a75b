/* core/codec/nsc_kernel.h - the inner loops of NSCodec: colours into planes, runs out and in. */
#ifndef SP_CORE_CODEC_NSC_KERNEL_H
#define SP_CORE_CODEC_NSC_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "core/codec/aycocg.h"
#include "core/codec/cpu.h"

#define SP_NSC_RAW_END 4 /* the last bytes of an encoded plane are not encoded */
#define SP_NSC_MARGIN \
	192 /* behind a plane and its encoding, for what is read or written past them */

/* n > 1 times the same value. */
static inline uint8_t *sp_nsc_put_run(uint8_t *o, uint8_t v, size_t n)
{
	o[0] = o[1] = v;
	if (n <= 256) {
		o[2] = (uint8_t)(n - 2);
		return o + 3;
	}
	o[2] = 0xff;
	sp_simd_store32(o + 3, (uint32_t)n);
	return o + 7;
}

struct sp_nsc_kernel {
	/* n pixels, a multiple of 16, into as many values of each plane. */
	void (*split)(const uint8_t *px, size_t n, uint8_t *y, uint8_t *co, uint8_t *cg,
			const struct sp_aycocg *c);
	/* Two rows of n pixels, a multiple of 16, into n values of luma each and n / 2 of chroma. */
	void (*split2)(const uint8_t *const px[2], size_t n, uint8_t *const y[2], uint8_t *co,
			uint8_t *cg, const struct sp_aycocg *c);
	/*
	 * [MS-RDPNSC] 3.1.8.1. n values of a plane, encoded where that is shorter; returns the end
	 * of what was written, at most n bytes. Both have SP_NSC_MARGIN behind them.
	 */
	uint8_t *(*put)(uint8_t *out, const uint8_t *p, size_t n);
	/*
	 * Values and runs from *src on, for as long as there are many more before end and room for
	 * them, and no run is longer than 256: whoever calls goes on with those. None of them may be
	 * one of the raw ones at the end. Returns the values that were written, at most room; what
	 * lies SP_NSC_MARGIN behind them may be overwritten.
	 */
	size_t (*expand)(const uint8_t **src, const uint8_t *end, uint8_t *out, size_t room);
};

const struct sp_nsc_kernel *sp_nsc_kernel(enum sp_cpu cpu);

extern const struct sp_nsc_kernel sp_nsc_plain;
extern const struct sp_nsc_kernel sp_nsc_avx2;

#endif
