/* host/lib/h264.h - OpenH264 behind the seam of core/codec/h264.h. */
#ifndef SP_HOST_LIB_H264_H
#define SP_HOST_LIB_H264_H

#include "core/codec/h264.h"

/*
 * libopenh264 is loaded when the first encoder or decoder is created, and stays; a machine
 * without it gets SP_ENOTFOUND, which is logged once.
 */
extern const struct sp_h264_impl sp_h264_openh264;
/* Whether it can be loaded; loads it. */
bool sp_h264_there(void);

#endif
