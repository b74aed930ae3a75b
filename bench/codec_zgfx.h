/* bench/codec_zgfx.h - bulk compression of what a picture is and of what planar makes of it, for bench-codec. */
#ifndef SP_BENCH_CODEC_ZGFX_H
#define SP_BENCH_CODEC_ZGFX_H

#include <stdbool.h>
#include <stdint.h>

typedef void (*bench_zgfx_row)(void *data, const char *codec, const char *what, const char *unit,
		double value, const char *better);

/* The picture is w x h BGRX without gaps. False when something failed. */
bool bench_zgfx(const uint8_t *bgrx, uint32_t w, uint32_t h, double seconds, bench_zgfx_row row,
		void *data);

#endif
