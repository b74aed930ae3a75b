/* host/lib/opus.h - Opus packets from 16 bit PCM and back. */
#ifndef SP_HOST_LIB_OPUS_H
#define SP_HOST_LIB_OPUS_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"

#define SP_OPUS_PACKET 4000 /* bytes that a packet may need */
#define SP_OPUS_MAX_MS 120 /* of sound in one */

struct sp_opus_encoder;
struct sp_opus_decoder;

/* rate: 8, 12, 16, 24 or 48 kHz; one or two channels. NULL: not so, or no memory. */
sp_nodiscard struct sp_opus_encoder *sp_opus_encoder_create(
		uint32_t rate, unsigned channels, uint32_t bits_per_s);
/* Accepts NULL. */
void sp_opus_encoder_destroy(struct sp_opus_encoder *e);
/* pcm is 10, 20, 40 or 60 ms. Returns the packet's bytes, or SP_EARG. */
sp_nodiscard int sp_opus_encode(
		struct sp_opus_encoder *e, struct sp_span pcm, uint8_t out[SP_OPUS_PACKET]);

sp_nodiscard struct sp_opus_decoder *sp_opus_decoder_create(uint32_t rate, unsigned channels);
/* Accepts NULL. */
void sp_opus_decoder_destroy(struct sp_opus_decoder *d);
/*
 * *pcm is the packet's sound, valid until the next call; SP_EFIELD when it is no packet. An empty
 * one is SP_EFIELD too.
 */
sp_nodiscard int sp_opus_decode(
		struct sp_opus_decoder *d, struct sp_span packet, struct sp_span *pcm);

#endif
