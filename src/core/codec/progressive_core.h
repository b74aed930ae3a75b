/* core/codec/progressive_core.h - what the two ends of the progressive codec share. */
#ifndef SP_CORE_CODEC_PROGRESSIVE_CORE_H
#define SP_CORE_CODEC_PROGRESSIVE_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/wr.h"
#include "core/codec/rfx_kernel.h"

/* [MS-RDPEGFX] 2.2.4.2.1 RFX_PROGRESSIVE_DATABLOCK.blockType */
#define SP_PROG_SYNC 0xccc0u
#define SP_PROG_FRAME_BEGIN 0xccc1u
#define SP_PROG_FRAME_END 0xccc2u
#define SP_PROG_CONTEXT 0xccc3u
#define SP_PROG_REGION 0xccc4u
#define SP_PROG_TILE_SIMPLE 0xccc5u
#define SP_PROG_TILE_FIRST 0xccc6u
#define SP_PROG_TILE_UPGRADE 0xccc7u
#define SP_PROG_BLOCK_HEADER 6

#define SP_PROG_MAGIC 0xcaccaccau
#define SP_PROG_VERSION 0x0100u
#define SP_PROG_SUBBAND_DIFFING 0x01u /* RFX_PROGRESSIVE_CONTEXT.flags */
#define SP_PROG_REDUCE_EXTRAPOLATE 0x01u /* RFX_PROGRESSIVE_REGION.flags */
#define SP_PROG_DIFFERENCE 0x01u /* flags of a tile */
#define SP_PROG_FULL 0xffu /* progressiveQuality */
#define SP_PROG_MAX_QUANTS 7
#define SP_PROG_MAX_BITS 8 /* of RFX_COMPONENT_CODEC_QUANT within a progressive table */

/* [MS-RDPEGFX] 2.2.4.2.1.5.2 RFX_COMPONENT_CODEC_QUANT, in the order of enum sp_rfx_band. */
struct sp_prog_quant {
	uint8_t q[SP_RFX_BANDS];
};

/* [MS-RDPEGFX] 2.2.4.2.1.5.1 RFX_PROGRESSIVE_CODEC_QUANT, Y, Cb and Cr. */
struct sp_prog_step {
	uint8_t quality;
	struct sp_prog_quant c[3];
};

void sp_prog_quant_read(struct sp_rd *r, struct sp_prog_quant *out);
void sp_prog_quant_write(struct sp_wr *w, const struct sp_prog_quant *in);

/* Bits that are set; the compiler's own may be a call into its library. */
static inline unsigned sp_prog_popcount(uint64_t v)
{
	v -= v >> 1 & 0x5555555555555555u;
	v = (v & 0x3333333333333333u) + (v >> 2 & 0x3333333333333333u);
	v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0fu;
	return (unsigned)(v * 0x0101010101010101u >> 56);
}

/* A band in an upgrade pass: from and to are its bit positions before and after. */
struct sp_prog_band {
	uint16_t at, n;
	uint8_t from, to; /* INVARIANT: 0 <= from - to <= SP_PROG_MAX_BITS; from < 16 */
	uint8_t shift; /* decoder: what makes a value of this pass a coefficient, < 32 */
	bool ll; /* raw throughout, without signs */
};

/* The bands of a component; those of the spec's example are three, so n is not a constant. */
struct sp_prog_pass {
	size_t n;
	struct sp_prog_band band[SP_RFX_BANDS];
};

/*
 * [MS-RDPEGFX] 3.3.8.2.1.2. Adds a pass to the coefficients. A bit of known is set where an
 * earlier pass told of a coefficient other than 0, and the bit of negative is its sign.
 * SP_ECODEC when either stream ends too soon.
 */
sp_nodiscard int sp_prog_pass_read(const struct sp_prog_pass *pass, int16_t *coef,
		uint64_t known[SP_RFX_MASK], uint64_t negative[SP_RFX_MASK], struct sp_span srl,
		struct sp_span raw);

/* Room for sp_prog_pass_write. */
#define SP_PROG_RAW_MAX (SP_RFX_COEFS * SP_PROG_MAX_BITS / 8 + 8)
struct sp_prog_passed {
	size_t srl_n, raw_n;
};

/*
 * [MS-RDPEGFX] 3.2.8.1.5.2. The same pass out of the whole coefficients: their bits from `from`
 * down to `to`. before and after are room for 4096 values each. SP_ESPACE when srl does not do.
 */
sp_nodiscard int sp_prog_pass_write(const struct sp_rfx_kernel *k, const struct sp_prog_pass *pass,
		const int16_t *coef, int16_t *before, int16_t *after, uint8_t *srl, size_t srl_cap,
		uint8_t raw[SP_PROG_RAW_MAX], struct sp_prog_passed *out);

/*
 * [MS-RDPEGFX] 3.1.8.1.3 Extra Quantization of 4096 coefficients in reduce-extrapolate bands: to
 * is coef without the lowest bits, toward zero but for LL3, which goes toward negative infinity.
 */
void sp_prog_cut(const int16_t *coef, const struct sp_prog_quant *bits, int16_t *to);

#endif
