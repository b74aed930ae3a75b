/* core/codec/avc_view.h - pictures into the main and auxiliary views of AVC streams and back. */
#ifndef SP_CORE_CODEC_AVC_VIEW_H
#define SP_CORE_CODEC_AVC_VIEW_H

#include "core/base/rect.h"
#include "core/codec/avc.h"
#include "core/codec/avc_kernel.h"

/* A picture as the caller has it. */
struct sp_avc_image {
	const uint8_t *px;
	size_t stride;
	uint32_t w, h;
};

/* Planes of ours of a whole 4:2:0 picture, without gaps; sides are multiples of a block. */
struct sp_avc_planes {
	uint8_t *y, *u, *v;
	uint32_t w, h;
};

/* Grey, or rather green, all of it. SP_ENOMEM. */
sp_nodiscard int sp_avc_planes_init(struct sp_avc_planes *p, uint32_t w, uint32_t h);
/* Accepts zeroed ones. */
void sp_avc_planes_finish(struct sp_avc_planes *p);
struct sp_h264_picture sp_avc_planes_picture(const struct sp_avc_planes *p);

/* r rounded to whole blocks. */
struct sp_rect sp_avc_view_blocks(struct sp_rect r);
/* Those blocks of a picture; what lies outside of it repeats its edge. */
void sp_avc_view_luma(const struct sp_avc_kernel *k, const struct sp_avc_image *in,
		struct sp_rect blocks, struct sp_avc_planes *main);
/* mode is SP_AVC_444 or SP_AVC_444V2. */
void sp_avc_view_chroma(const struct sp_avc_kernel *k, const struct sp_avc_image *in,
		enum sp_avc_mode mode, struct sp_rect blocks, struct sp_avc_planes *aux);

/* r lies in the picture and in the surface that px is the first row of. */
void sp_avc_view_copy(
		const struct sp_h264_picture *from, struct sp_rect r, struct sp_avc_planes *to);
void sp_avc_view_paint420(const struct sp_avc_kernel *k, const struct sp_h264_picture *main,
		struct sp_rect r, uint8_t *px, size_t stride);
/* Both are of the same size. */
void sp_avc_view_paint444(const struct sp_avc_kernel *k, enum sp_avc_mode mode,
		const struct sp_h264_picture *main, const struct sp_h264_picture *aux,
		struct sp_rect r, uint8_t *px, size_t stride);

#endif
