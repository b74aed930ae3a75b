/* core/codec/h264.h - the seam behind which a library codes H.264, and what we read of it ourselves. */
#ifndef SP_CORE_CODEC_H264_H
#define SP_CORE_CODEC_H264_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/base/wr.h"

#define SP_H264_BLOCK 16 /* sides of a stream's pictures are multiples of it */
#define SP_H264_QP_MAX 51

static inline uint32_t sp_h264_align(uint32_t side)
{
	return (side + SP_H264_BLOCK - 1) & ~(uint32_t)(SP_H264_BLOCK - 1);
}

/* Planes of a 4:2:0 picture: y is w x h, u and v are half of it in both directions, rounded up. */
struct sp_h264_picture {
	const uint8_t *y, *u, *v;
	size_t stride, chroma_stride;
	uint32_t w, h;
};

struct sp_h264_conf {
	uint32_t w, h; /* multiples of SP_H264_BLOCK, at most SP_PIXEL_SIDE_MAX */
	uint32_t bit_rate; /* bits per second; 0: as many as qp takes */
	uint8_t qp; /* without a bit rate: of every picture; with one: not better than this */
	uint32_t fps; /* pictures per second that the bit rate is shared by, 1 to 60 */
	bool low; /* low complexity: less time, more bytes */
	/*
	 * For pictures that move, on a screen as well: half the time, sharper, and a fraction of
	 * the bytes where something moves sideways. Without it the library looks for scrolls only.
	 */
	bool camera;
};

/* The library's own. */
struct sp_h264_enc;
struct sp_h264_dec;

/*
 * Functions of a library. Streams are Annex B, with SPS and PPS before each IDR picture, no B
 * pictures and no reordering: each picture comes out of the call that put it in. An encoder has
 * one thread, its caller's.
 */
struct sp_h264_impl {
	/* SP_ENOTFOUND: no such library here. SP_EARG, SP_ENOMEM. */
	sp_nodiscard int (*enc_create)(const struct sp_h264_conf *conf, struct sp_h264_enc **out);
	/* Accepts NULL. */
	void (*enc_destroy)(struct sp_h264_enc *e);
	/*
	 * Appends the access unit of one picture of the size of conf; idr makes it one that needs no
	 * other. Returns its bytes, or an error after which only enc_destroy may follow.
	 */
	sp_nodiscard int (*enc_encode)(struct sp_h264_enc *e, const struct sp_h264_picture *in,
			bool idr, struct sp_wr *out);
	/*
	 * From the next picture on: another bit rate and fps, or for an encoder without a bit rate
	 * another qp. The rest of conf is not read; which of the two kinds it is cannot change.
	 */
	sp_nodiscard int (*enc_rate)(struct sp_h264_enc *e, const struct sp_h264_conf *conf);

	/* Pictures up to w x h. SP_ENOTFOUND, SP_ENOMEM. */
	sp_nodiscard int (*dec_create)(uint32_t w, uint32_t h, struct sp_h264_dec **out);
	/* Accepts NULL. */
	void (*dec_destroy)(struct sp_h264_dec *d);
	/*
	 * One access unit. *out is its picture, valid until the next call on d; w is 0 when there
	 * is none. SP_ECODEC when the stream is damaged: go on with an IDR picture.
	 */
	sp_nodiscard int (*dec_decode)(
			struct sp_h264_dec *d, struct sp_span in, struct sp_h264_picture *out);
};

/* What stands in an access unit before anybody decodes it. */
struct sp_h264_info {
	bool idr; /* a picture that needs no other */
	bool sps;
	uint32_t w, h; /* coded size of the last SPS, multiples of SP_H264_BLOCK */
	uint32_t refs; /* pictures that it wants kept, at most 16 */
};

/*
 * Walks the NAL units of an access unit and reads its SPS. SP_EFIELD when there is an SPS that
 * makes no sense or is of a size above SP_PIXEL_SIDE_MAX.
 */
sp_nodiscard int sp_h264_read(struct sp_span in, struct sp_h264_info *out);

#endif
