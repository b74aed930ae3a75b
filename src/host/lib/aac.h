/* host/lib/aac.h - raw AAC-LC frames from 16 bit PCM. */
#ifndef SP_HOST_LIB_AAC_H
#define SP_HOST_LIB_AAC_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"

#define SP_AAC_FRAMES 1024 /* of PCM in each */
#define SP_AAC_PACKET 4096 /* bytes; AAC allows 768 for a channel */

struct sp_aac_encoder;

/* 8 to 96 kHz, one or two channels. NULL: not so, or no memory. */
sp_nodiscard struct sp_aac_encoder *sp_aac_encoder_create(
		uint32_t rate, unsigned channels, uint32_t bits_per_s);
/* Accepts NULL. */
void sp_aac_encoder_destroy(struct sp_aac_encoder *e);
/*
 * pcm is SP_AAC_FRAMES. Returns the bytes of the one raw frame, without a header; what is heard of
 * it is one to two frames late. Or SP_EARG.
 */
sp_nodiscard int sp_aac_encode(
		struct sp_aac_encoder *e, struct sp_span pcm, uint8_t out[SP_AAC_PACKET]);

#endif
