/* core/view/classify.h - what pixels are: one colour, sharp lines and letters, or a picture. */
#ifndef SP_CORE_VIEW_CLASSIFY_H
#define SP_CORE_VIEW_CLASSIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sp_class {
	SP_CLASS_FLAT, /* one colour */
	SP_CLASS_SHARP, /* runs of one colour with hard edges: letters, lines, controls */
	SP_CLASS_PICTURE, /* neighbours are nearly the same: photographs, video, gradients, noise */
};

/* BGRX; X does not count. w and h are at least 1. */
enum sp_class sp_classify(const uint8_t *px, size_t stride, uint32_t w, uint32_t h);

/* Whether all pixels are of one colour. */
bool sp_flat(const uint8_t *px, size_t stride, uint32_t w, uint32_t h);

/*
 * Whether a place moves: it has changed several times in a row, each a moment after the other.
 * For all places of a screen, so it is small.
 */
struct sp_heat {
	uint32_t changed_ms; /* the last time */
	uint8_t run; /* so often without a pause */
};

#define SP_HEAT_MOVING 4
#define SP_HEAT_PAUSE_MS 250 /* longer ones end a run */

/* held_ms: so long nobody looked, because nothing could be sent. */
void sp_heat_change(struct sp_heat *h, uint32_t now_ms, uint32_t held_ms);
/* A little of it has changed: that makes nothing move, nor lets it rest. */
void sp_heat_touch(struct sp_heat *h, uint32_t now_ms, uint32_t held_ms);
bool sp_heat_moves(const struct sp_heat *h, uint32_t now_ms);
/* Milliseconds since the last change. */
uint32_t sp_heat_still(const struct sp_heat *h, uint32_t now_ms);

#endif
