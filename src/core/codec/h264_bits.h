/* core/codec/h264_bits.h - NAL units, and the bits of their headers: [ITU-H.264] 7 and 9.1. */
#ifndef SP_CORE_CODEC_H264_BITS_H
#define SP_CORE_CODEC_H264_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"

/* nal_unit_type */
#define SP_H264_SLICE 1
#define SP_H264_IDR 5
#define SP_H264_SEI 6
#define SP_H264_SPS 7
#define SP_H264_PPS 8
#define SP_H264_SUBSET_SPS 15

/* Bits of one NAL unit, highest first, without the bytes that keep start codes out of it. */
struct sp_h264_bits {
	const uint8_t *p, *end;
	unsigned zeros; /* bytes of zero just before p */
	unsigned left; /* bits of byte not read yet */
	uint8_t byte;
	bool failed; /* sticks; all bits are 0 then */
};

/* The next byte of the unit; 0 and failed at its end. */
static inline uint8_t sp_h264_byte(struct sp_h264_bits *b)
{
	if (b->zeros >= 2 && b->p < b->end && *b->p == 3) {
		b->p++;
		b->zeros = 0;
	}
	if (b->failed || b->p == b->end) {
		b->failed = true;
		return 0;
	}
	uint8_t v = *b->p++;

	b->zeros = v == 0 ? b->zeros + 1 : 0;
	return v;
}

static inline uint32_t sp_h264_bit(struct sp_h264_bits *b)
{
	if (b->left == 0) {
		b->byte = sp_h264_byte(b);
		if (b->failed) {
			return 0;
		}
		b->left = 8;
	}
	b->left--;
	return b->byte >> b->left & 1;
}

/* n <= 32 */
static inline uint32_t sp_h264_bits(struct sp_h264_bits *b, unsigned n)
{
	uint32_t v = 0;

	while (n-- > 0) {
		v = v << 1 | sp_h264_bit(b);
	}
	return v;
}

/* ue(v) */
static inline uint32_t sp_h264_golomb(struct sp_h264_bits *b)
{
	unsigned n = 0;

	while (n < 32 && !b->failed && sp_h264_bit(b) == 0) {
		n++;
	}
	if (n >= 32) {
		b->failed = true;
		return 0;
	}
	return ((uint32_t)1 << n) - 1 + sp_h264_bits(b, n);
}

/* se(v) */
static inline int32_t sp_h264_signed(struct sp_h264_bits *b)
{
	uint32_t v = sp_h264_golomb(b);

	return v & 1 ? (int32_t)(v / 2 + 1) : -(int32_t)(v / 2);
}

/* Takes the next NAL unit of an Annex B stream off *in; false at its end. */
bool sp_h264_next(struct sp_span *in, struct sp_span *nal);
/* Whether an SPS of this profile_idc tells of its chroma format and bit depths. */
bool sp_h264_high_profile(uint32_t profile);

#endif
