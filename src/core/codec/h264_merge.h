/* core/codec/h264_merge.h - two H.264 streams that take turns in one. */
#ifndef SP_CORE_CODEC_H264_MERGE_H
#define SP_CORE_CODEC_H264_MERGE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/base/wr.h"

/*
 * The two views of AVC444 are to be one stream for one decoder. Were they one encoder's, each
 * picture would be predicted from the other view, which it does not resemble, at twenty times
 * the bytes. So each view has its own encoder, and the headers of the slices are written anew:
 * the pictures are numbered in one row, each says that it is predicted from the last one of its
 * view, and then sends that one away. A decoder keeps two pictures.
 *
 * The streams are those of one library with the same configuration: one reference picture each,
 * progressive frames, the same PPS.
 */
#define SP_H264_VIEWS 2

struct sp_h264_sps {
	uint8_t frame_num_bits, order_type, order_bits;
};

struct sp_h264_pps {
	bool cabac, bottom_order, deblocking, redundant, weighted;
	uint8_t refs; /* num_ref_idx_l0_default_active */
};

struct sp_h264_merge {
	bool parameters; /* sps and pps are those of the stream */
	struct sp_h264_sps sps;
	struct sp_h264_pps pps;
	uint32_t n; /* pictures since the last IDR picture */
	struct {
		bool there; /* the decoder has a picture of this view */
		uint32_t n; /* its number */
	} view[SP_H264_VIEWS];
};

/* Zeroed is fresh. Whether a view's next access unit has to be one that begins with IDR. */
bool sp_h264_merge_needs_idr(const struct sp_h264_merge *m, unsigned view);
/*
 * Appends an access unit of a view. An IDR picture of view 0 begins everything anew, view 1
 * too; one of view 1 becomes an ordinary picture without prediction. SP_ECODEC: in is not what
 * the streams may be; SP_ESTATE: it had to be an IDR picture. Returns the bytes.
 */
sp_nodiscard int sp_h264_merge(
		struct sp_h264_merge *m, unsigned view, struct sp_span in, struct sp_wr *out);

#endif
