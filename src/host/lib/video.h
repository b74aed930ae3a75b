/* host/lib/video.h - pictures into a film in a file: MP4, by libavcodec and libavformat. */
#ifndef SP_HOST_LIB_VIDEO_H
#define SP_HOST_LIB_VIDEO_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"

#define SP_VIDEO_WHY 256
#define SP_VIDEO_SIDE 8192

struct sp_video;

/* 2 <= w, h <= SP_VIDEO_SIDE, made even. Times are microseconds of the film. */
struct sp_video_conf {
	const char *path; /* appears under that name when it is finished */
	uint32_t w, h;
	uint32_t fps; /* most pictures a second, for who judges the rate by it */
};

/* H.264 by what there is, else MPEG-4. SP_ENOTFOUND without an encoder, SP_ESYS, SP_ENOMEM, SP_EARG. */
sp_nodiscard int sp_video_create(
		struct sp_video **out, const struct sp_video_conf *conf, char why[SP_VIDEO_WHY]);
/* What is not finished leaves no file. Accepts NULL. */
void sp_video_destroy(struct sp_video *v);
/* "libx264" and the like. Static. */
const char *sp_video_codec(const struct sp_video *v);
/*
 * Shown from us on, which must be later than the one before. BGRX; another size than the film's is
 * scaled into it, without being distorted.
 */
sp_nodiscard int sp_video_picture(struct sp_video *v, const uint8_t *px, size_t stride, uint32_t w,
		uint32_t h, uint64_t us, char why[SP_VIDEO_WHY]);
/* The last picture stays until us; the file is complete. */
sp_nodiscard int sp_video_finish(struct sp_video *v, uint64_t us, char why[SP_VIDEO_WHY]);

#endif
