/* tests/core/codec/frame.h - a picture with a canary around it. */
#ifndef SP_TESTS_FRAME_H
#define SP_TESTS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_CANARY 0xa5
#define FRAME_MARGIN 3 /* pixels around the picture that must stay as they are */

struct frame {
	uint32_t w, h;
	size_t stride;
	uint8_t *p;
};

static inline struct frame frame_make(uint32_t w, uint32_t h)
{
	struct frame f = {w, h, 4 * (size_t)(w + 2 * FRAME_MARGIN), NULL};

	f.p = malloc(f.stride * (h + 2 * FRAME_MARGIN));
	memset(f.p, FRAME_CANARY, f.stride * (h + 2 * FRAME_MARGIN));
	return f;
}

static inline uint8_t *frame_row(const struct frame *f, uint32_t y)
{
	return f->p + f->stride * (y + FRAME_MARGIN) + 4 * FRAME_MARGIN;
}

static inline void frame_check(const struct frame *f)
{
	for (uint32_t y = 0; y < f->h + 2 * FRAME_MARGIN; y++) {
		for (size_t x = 0; x < f->stride; x++) {
			bool inside = y >= FRAME_MARGIN && y < f->h + FRAME_MARGIN &&
					x >= 4 * FRAME_MARGIN && x < f->stride - 4 * FRAME_MARGIN;

			if (!inside && f->p[y * f->stride + x] != FRAME_CANARY) {
				abort();
			}
		}
	}
}

#endif
