/* core/codec/rfx_levels.h - the tables of kernels, and what their makers share. */
#ifndef SP_CORE_CODEC_RFX_LEVELS_H
#define SP_CORE_CODEC_RFX_LEVELS_H

#include "core/codec/rfx_kernel.h"

extern const struct sp_rfx_kernel sp_rfx_plain;
#if defined(__x86_64__) && !defined(SP_SIMD_PORTABLE)
#define SP_RFX_X86 1
extern const struct sp_rfx_kernel sp_rfx_sse41;
extern const struct sp_rfx_kernel sp_rfx_avx2;
#endif

/*
 * [MS-RDPRFX] 3.1.8.1.3: Y, Cb, Cr out of red, green, blue, times 32 (the fixed point of the
 * planes) and 1024 (what SP_RFX_FORWARD takes off again).
 */
#define SP_RFX_FORWARD 10
#define SP_RFX_Y_R 9798
#define SP_RFX_Y_G 19234
#define SP_RFX_Y_B 3736
#define SP_RFX_CB_R (-5536)
#define SP_RFX_CB_G (-10868)
#define SP_RFX_CB_B 16404
#define SP_RFX_CR_R 16378
#define SP_RFX_CR_G (-13714)
#define SP_RFX_CR_B (-2664)
#define SP_RFX_Y_SHIFT (128 * 32)

/*
 * [MS-RDPRFX] 3.1.8.2.5, times 32768 and less the whole 1 that is added as it is: each product
 * is (a * b + 16384) >> 15.
 */
#define SP_RFX_R_CR 13190 /* 0.402525 */
#define SP_RFX_G_CB (-11263) /* 0.343730 */
#define SP_RFX_G_CR (-23410) /* 0.714401 */
#define SP_RFX_B_CB 25228 /* 0.769905 */

#endif
