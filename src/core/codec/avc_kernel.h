/* core/codec/avc_kernel.h - rows of BGRX into Y, U and V and back, and of the AVC444 views. */
#ifndef SP_CORE_CODEC_AVC_KERNEL_H
#define SP_CORE_CODEC_AVC_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "core/codec/cpu.h"

/* No function reads or writes outside what it is told; none works in place. Any n. */
struct sp_avc_kernel {
	/*
	 * n pixels. Full-range BT.709: [MS-RDPEGFX] 3.3.8.3.1, but rounded to nearest and with
	 * 19 / 256 of blue in Y, not 18, so that greys come back exactly.
	 */
	void (*from_bgrx)(const uint8_t *bgrx, size_t n, uint8_t *y, uint8_t *u, uint8_t *v);
	/* n pixels, by the section's reverse transformation; X is 0xFF. */
	void (*to_bgrx)(const uint8_t *y, const uint8_t *u, const uint8_t *v, size_t n,
			uint8_t *bgrx);
	/* n rounded means of two by two out of rows a and b of 2 n. */
	void (*mean)(const uint8_t *a, const uint8_t *b, size_t n, uint8_t *out);
	/* 2 n into those at even and at odd places. */
	void (*split)(const uint8_t *in, size_t n, uint8_t *even, uint8_t *odd);
	/* The other way. */
	void (*join)(const uint8_t *even, const uint8_t *odd, size_t n, uint8_t *out);
	/*
	 * [MS-RDPEGFX] 3.3.8.3.2 and .3: n times what b, c and d lack of four times the mean; the
	 * mean itself where that is not more than 30 away from it.
	 */
	void (*unmean)(const uint8_t *mean, const uint8_t *b, const uint8_t *c, const uint8_t *d,
			size_t n, uint8_t *out);
};

const struct sp_avc_kernel *sp_avc_kernel(enum sp_cpu cpu);

extern const struct sp_avc_kernel sp_avc_plain;
extern const struct sp_avc_kernel sp_avc_sse41;
extern const struct sp_avc_kernel sp_avc_avx2;

#endif
