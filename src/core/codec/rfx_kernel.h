/* core/codec/rfx_kernel.h - what RemoteFX and its progressive form are made of, per tile. */
#ifndef SP_CORE_CODEC_RFX_KERNEL_H
#define SP_CORE_CODEC_RFX_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/codec/cpu.h"

/*
 * A tile is 64 x 64 pixels. As three planes of 64 x 64 it holds Y less 128, Cb and Cr, in fixed
 * point of 11.5 bits; as coefficients one plane is ten bands behind each other, in the order of
 * enum sp_rfx_band, 4096 values. [MS-RDPRFX] 3.1.8.1.3 to 3.1.8.1.6.
 *
 * All sums saturate, so that no picture and no stream of a peer's leads anywhere but to a wrong
 * colour.
 */
#define SP_RFX_TILE 64
#define SP_RFX_COEFS 4096
#define SP_RFX_BANDS 10

enum sp_rfx_band {
	SP_RFX_HL1,
	SP_RFX_LH1,
	SP_RFX_HH1,
	SP_RFX_HL2,
	SP_RFX_LH2,
	SP_RFX_HH2,
	SP_RFX_HL3,
	SP_RFX_LH3,
	SP_RFX_HH3,
	SP_RFX_LL3,
};

enum sp_rfx_layout {
	SP_RFX_PLAIN, /* bands of 32, 16 and 8 to a side */
	SP_RFX_REDUCE, /* [MS-RDPEGFX] 3.2.8.1.2.2 Reduce-Extrapolate Method: 33 + 31, 17 + 16, 9 + 8 */
};
#define SP_RFX_LAYOUTS 2

/* Where the bands begin; the eleventh is 4096. */
extern const uint16_t sp_rfx_band_at[SP_RFX_LAYOUTS][SP_RFX_BANDS + 1];

/* Which planes of a tile have one value throughout. */
#define SP_RFX_FLAT_Y 0x1u
#define SP_RFX_FLAT_CB 0x2u
#define SP_RFX_FLAT_CR 0x4u

#define SP_RFX_MASK 64 /* words for a bit per coefficient */

/* [MS-RDPRFX] 3.1.8.1.7; the values are those of the wire (CLW_ENTROPY_*). */
enum sp_rlgr {
	SP_RLGR1 = 1,
	SP_RLGR3 = 4,
};

/*
 * No stream of a tile's plane may be longer: its length has 16 bits. Only coefficients that no
 * picture leads to need more.
 */
#define SP_RLGR_MAX 65535u
#define SP_RLGR_ROOM (SP_RLGR_MAX + 8) /* memory to give to rlgr_encode */

/* Planes and coefficients need no alignment, but are faster at one of 32. None may overlap. */
struct sp_rfx_kernel {
	/* 64 x 64 pixels into planes; returns SP_RFX_FLAT_*. */
	unsigned (*to_planes)(
			const uint8_t *px, size_t stride, int16_t *y, int16_t *cb, int16_t *cr);
	/* The other way, colours clipped, X becomes 0xFF. */
	void (*to_pixels)(const int16_t *y, const int16_t *cb, const int16_t *cr, uint8_t *px,
			size_t stride);
	/* Plane into coefficients; the plane is used up. LL3 is as it is, not yet differences. */
	void (*dwt[SP_RFX_LAYOUTS])(int16_t *plane, int16_t *coef);
	/* Coefficients into a plane; the coefficients are left alone. */
	void (*idwt[SP_RFX_LAYOUTS])(const int16_t *coef, int16_t *plane);
	/* n values (c + half) >> shift, 0 <= shift < 16. */
	void (*quantize)(int16_t *coef, size_t n, unsigned shift);
	/* n values c << shift, 0 <= shift < 16. */
	void (*dequantize)(int16_t *coef, size_t n, unsigned shift);
	/* Bit i % 64 of mask[i / 64] is set where coefficient i is not 0. */
	void (*mark)(const int16_t *coef, uint64_t mask[SP_RFX_MASK]);
	/*
	 * 4096 coefficients, with the mask that `mark` made of them, into SP_RLGR_ROOM bytes of
	 * which all may be used up. Returns the length of the stream, or SP_ESPACE.
	 */
	int (*rlgr_encode)(enum sp_rlgr mode, const int16_t *coef, const uint64_t mask[SP_RFX_MASK],
			uint8_t *out);
	/*
	 * Any bytes into 4096 coefficients; what the stream does not tell is 0. Returns the index
	 * of the first that is not 0, 4096 when there is none: from
	 * sp_rfx_band_at[layout][SP_RFX_LL3] on it is a tile without detail.
	 */
	unsigned (*rlgr_decode)(enum sp_rlgr mode, const uint8_t *src, size_t n, int16_t *coef);
};

/* The kernels of a level, or of the best one below it that is built in. Static. */
const struct sp_rfx_kernel *sp_rfx_kernel(enum sp_cpu level);

/*
 * All bands with one shift each (in the order of enum sp_rfx_band, each < 16). For RemoteFX the
 * shift is the quantization factor of [MS-RDPRFX] 2.2.2.1.5 less 1: 6 to take off, 5 that the
 * fixed point adds.
 */
void sp_rfx_quantize(const struct sp_rfx_kernel *k, enum sp_rfx_layout layout,
		const uint8_t shift[SP_RFX_BANDS], int16_t *coef);
void sp_rfx_dequantize(const struct sp_rfx_kernel *k, enum sp_rfx_layout layout,
		const uint8_t shift[SP_RFX_BANDS], int16_t *coef);
/* LL3 into differences, and differences into LL3. */
void sp_rfx_ll3_delta(enum sp_rfx_layout layout, int16_t *coef);
void sp_rfx_ll3_sum(enum sp_rfx_layout layout, int16_t *coef);

/*
 * Up to 64 x 64 pixels as a whole tile in `tile` (64 * 64 * 4 bytes): the last column and the
 * last row are repeated.
 */
void sp_rfx_pad(const uint8_t *px, size_t stride, unsigned w, unsigned h, uint8_t *tile);

#endif
