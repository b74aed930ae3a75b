/* core/view/mirror.h - what the client shows, and which tiles of the screen differ from it. */
#ifndef SP_CORE_VIEW_MIRROR_H
#define SP_CORE_VIEW_MIRROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rect.h"

#define SP_MIRROR_TILE 64

/*
 * Pixels as they were on the screen when they were last sent: codecs with loss show something
 * near to them, so the picture is compared with what was meant. Damage is merged into one box per
 * tile, so its memory is bounded.
 */
struct sp_mirror;

/* A tile of the 64 x 64 grid. */
struct sp_mirror_tile {
	uint8_t x0, y0, x1,
			y1; /* box of damage from the tile's corner, right and bottom exclusive */
	bool lost; /* the client shows something else here: nothing is taken for unchanged */
	bool fresh; /* damaged since sp_mirror_fresh() was asked */
};

/* All of it is lost at first, and nothing damaged. NULL without memory or out of range. */
sp_nodiscard struct sp_mirror *sp_mirror_create(uint32_t w, uint32_t h);
/* Accepts NULL. */
void sp_mirror_destroy(struct sp_mirror *m);

/* May have changed; clipped. */
void sp_mirror_damage(struct sp_mirror *m, struct sp_rect r);
/* The client has lost it: damaged, and sent even if it did not change. Whole tiles. */
void sp_mirror_lose(struct sp_mirror *m, struct sp_rect r);
/* True while tiles are damaged. */
bool sp_mirror_pending(const struct sp_mirror *m);

/*
 * Reduces the damage of all tiles to what differs from fb; returns how many pixels the boxes hold
 * and the box around them all. Tiles that came out clean are done.
 */
size_t sp_mirror_compare(
		struct sp_mirror *m, const uint8_t *fb, size_t stride, struct sp_rect *around);
/* Whether the tile was damaged since this was asked last: else it only waits to be sent. */
bool sp_mirror_fresh(struct sp_mirror *m, size_t tile);
/* The client was told to copy what is at to - (dx, dy) to there; to is damaged by that. */
void sp_mirror_copy(struct sp_mirror *m, struct sp_rect to, int32_t dx, int32_t dy);
/* The pixels of fb are sent: they are what the client shows. The damage of those tiles ends. */
void sp_mirror_take(struct sp_mirror *m, size_t tile, const uint8_t *fb, size_t stride);

size_t sp_mirror_tiles(const struct sp_mirror *m);
uint32_t sp_mirror_columns(const struct sp_mirror *m);
const struct sp_mirror_tile *sp_mirror_tile(const struct sp_mirror *m, size_t i);
/* The tile, less what is outside of the screen. */
struct sp_rect sp_mirror_rect(const struct sp_mirror *m, size_t i);
/* Its damage; empty when there is none. */
struct sp_rect sp_mirror_box(const struct sp_mirror *m, size_t i);
const uint8_t *sp_mirror_pixels(const struct sp_mirror *m);
size_t sp_mirror_stride(const struct sp_mirror *m);

#endif
