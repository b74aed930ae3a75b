/* bench/codec_avc.h - AVC streams of a picture that scrolls, for bench-codec. */
#ifndef SP_BENCH_CODEC_AVC_H
#define SP_BENCH_CODEC_AVC_H

#include <stdbool.h>
#include <stdint.h>

/* Where a figure goes; data is the caller's. */
typedef void (*bench_avc_row)(void *data, const char *codec, const char *what, const char *unit,
		double value, const char *better);

/* The picture is w x h BGRX without gaps. False when something failed; true without a library. */
bool bench_avc(const uint8_t *bgrx, uint32_t w, uint32_t h, double seconds, bench_avc_row row,
		void *data);

#endif
