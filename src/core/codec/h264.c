/* core/codec/h264.c - see h264.h. */
#include "core/codec/h264.h"

#include "core/base/err.h"
#include "core/codec/h264_bits.h"
#include "core/codec/pixel.h"

#define MAX_BLOCKS (SP_PIXEL_SIDE_MAX / SP_H264_BLOCK)
#define MAX_REF_FRAMES 16
#define MAX_CYCLE 255 /* num_ref_frames_in_pic_order_cnt_cycle */

/* Where the next start code 0, 0, 1 is; in.n when there is none. */
static size_t start_code(struct sp_span in)
{
	size_t at = 0;

	while (at + 3 <= in.n) {
		if (in.p[at + 2] > 1) {
			at += 3;
		} else if (in.p[at + 2] == 1 && in.p[at] == 0 && in.p[at + 1] == 0) {
			return at;
		} else {
			at++;
		}
	}
	return in.n;
}

bool sp_h264_next(struct sp_span *in, struct sp_span *nal)
{
	size_t at = start_code(*in);

	if (at == in->n) {
		return false;
	}
	*in = (struct sp_span){in->p + at + 3, in->n - at - 3};
	size_t n = start_code(*in);

	*nal = (struct sp_span){in->p, n};
	*in = (struct sp_span){in->p + n, in->n - n};
	/* trailing_zero_8bits, or the first zero of a start code of four bytes */
	while (nal->n > 0 && nal->p[nal->n - 1] == 0) {
		nal->n--;
	}
	return true;
}

bool sp_h264_high_profile(uint32_t profile)
{
	switch (profile) {
	case 100:
	case 110:
	case 122:
	case 244:
	case 44:
	case 83:
	case 86:
	case 118:
	case 128:
	case 138:
	case 139:
	case 134:
	case 135:
		return true;
	default:
		return false;
	}
}

/* 7.3.2.1.1.1 */
static void skip_scaling_list(struct sp_h264_bits *b, unsigned n)
{
	int32_t last = 8, next = 8;

	for (unsigned i = 0; i < n && !b->failed; i++) {
		if (next != 0) {
			int32_t delta = sp_h264_signed(b);

			if (!(-128 <= delta && delta <= 127)) {
				b->failed = true;
				return;
			}
			next = (last + delta + 256) % 256;
		}
		last = next == 0 ? last : next;
	}
}

/* The part that only the higher profiles have; false unless it tells of 4:2:0 with 8 bits. */
static bool read_high(struct sp_h264_bits *b)
{
	uint32_t chroma = sp_h264_golomb(b), luma_depth = sp_h264_golomb(b),
		 chroma_depth = sp_h264_golomb(b);

	sp_h264_bit(b); /* qpprime_y_zero_transform_bypass_flag */
	if (sp_h264_bit(b)) { /* seq_scaling_matrix_present_flag */
		for (unsigned i = 0; i < 8; i++) {
			if (sp_h264_bit(b)) {
				skip_scaling_list(b, i < 6 ? 16 : 64);
			}
		}
	}
	return chroma == 1 && luma_depth == 0 && chroma_depth == 0;
}

/* Picture order count; false when out of range. */
static bool read_order(struct sp_h264_bits *b)
{
	uint32_t type = sp_h264_golomb(b);

	if (type == 0) {
		sp_h264_golomb(b);
	} else if (type == 1) {
		sp_h264_bit(b);
		sp_h264_signed(b);
		sp_h264_signed(b);
		uint32_t n = sp_h264_golomb(b);

		if (n > MAX_CYCLE) {
			return false;
		}
		for (uint32_t i = 0; i < n && !b->failed; i++) {
			sp_h264_signed(b);
		}
	}
	return type <= 2;
}

/* [ITU-H.264] 7.3.2.1.1 seq_parameter_set_data */
static int read_sps(struct sp_span nal, struct sp_h264_info *out)
{
	struct sp_h264_bits b = {.p = nal.p + 1, .end = nal.p + nal.n};
	uint32_t profile = sp_h264_bits(&b, 8);

	sp_h264_bits(&b, 16); /* constraints, level_idc */
	sp_h264_golomb(&b); /* seq_parameter_set_id */
	if (sp_h264_high_profile(profile) && !read_high(&b)) {
		return SP_EFIELD;
	}
	sp_h264_golomb(&b); /* log2_max_frame_num_minus4 */
	if (!read_order(&b)) {
		return SP_EFIELD;
	}
	uint32_t refs = sp_h264_golomb(&b);

	sp_h264_bit(&b); /* gaps_in_frame_num_value_allowed_flag */
	uint32_t w = sp_h264_golomb(&b), h = sp_h264_golomb(&b), frames = sp_h264_bit(&b);

	if (!frames) {
		sp_h264_bit(&b); /* mb_adaptive_frame_field_flag */
	}
	sp_h264_bit(&b); /* direct_8x8_inference_flag */
	if (sp_h264_bit(&b)) { /* frame_cropping_flag; only what lies right and below may be cut */
		uint32_t left = sp_h264_golomb(&b), right = sp_h264_golomb(&b);
		uint32_t top = sp_h264_golomb(&b), bottom = sp_h264_golomb(&b);

		if (left != 0 || top != 0 || right >= SP_H264_BLOCK / 2 ||
				bottom >= SP_H264_BLOCK / 2) {
			return SP_EFIELD;
		}
	}
	if (b.failed || refs > MAX_REF_FRAMES || w >= MAX_BLOCKS || h >= MAX_BLOCKS) {
		return SP_EFIELD;
	}
	h = (h + 1) * (frames ? 1 : 2);
	if (h > MAX_BLOCKS) {
		return SP_EFIELD;
	}
	out->sps = true;
	out->w = (w + 1) * SP_H264_BLOCK;
	out->h = h * SP_H264_BLOCK;
	out->refs = refs;
	return SP_OK;
}

int sp_h264_read(struct sp_span in, struct sp_h264_info *out)
{
	*out = (struct sp_h264_info){0};
	for (struct sp_span nal; sp_h264_next(&in, &nal);) {
		unsigned type = nal.n > 0 ? nal.p[0] & 0x1f : 0;

		if (type == SP_H264_IDR) {
			out->idr = true;
		} else if (type == SP_H264_SPS) {
			struct sp_h264_info sps = *out;
			int rc = read_sps(nal, &sps);

			/* Two of them may only say the same. */
			if (rc != SP_OK || (out->sps && (sps.w != out->w || sps.h != out->h))) {
				return SP_EFIELD;
			}
			sps.refs = sps.refs > out->refs ? sps.refs : out->refs;
			*out = sps;
		} else if (type == SP_H264_SUBSET_SPS) {
			return SP_EFIELD; /* of scalable and stereo streams */
		}
	}
	return SP_OK;
}
