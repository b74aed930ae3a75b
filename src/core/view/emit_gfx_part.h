/* core/view/emit_gfx_part.h - what the files of emit_gfx have in common; private to this folder. */
#ifndef SP_CORE_VIEW_EMIT_GFX_PART_H
#define SP_CORE_VIEW_EMIT_GFX_PART_H

#include "core/base/wr.h"
#include "core/codec/planar.h"
#include "core/view/classify.h"
#include "core/view/emit_gfx.h"
#include "core/view/mirror.h"
#include "core/view/motion.h"

#define TILE SP_MIRROR_TILE
#define FILL_RECTS 64 /* of one colour, put into one command */

/* How near the client's picture is to what was on the screen, worst first. */
enum shown {
	SHOWN_POOR,
	SHOWN_GOOD,
	SHOWN_EXACT,
};

struct tile {
	struct sp_heat heat;
	uint8_t shown; /* enum shown */
	uint8_t class; /* enum sp_class, of the last change */
};

/* How a piece is encoded, in the order in which kinds go into a frame. */
enum way {
	WAY_PLANAR,
	WAYS,
};

struct piece {
	struct sp_rect r;
	size_t tile; /* where it lies, of pieces that are tiles */
	uint8_t way; /* enum way */
	uint8_t quality;
	size_t at, n; /* in the output of its job, once it has run */
};

/* Pieces of one way that one thread encodes, one after the other. */
struct job {
	enum way way;
	size_t first, n;
	struct sp_wr out;
	int err;
};

struct fill {
	uint32_t pixel;
	size_t n;
	struct sp_rect rect[FILL_RECTS];
};

struct sp_emit_gfx {
	struct sp_emit_gfx_conf conf;
	struct sp_gfx_server *gfx;
	uint16_t surface;
	uint32_t w, h; /* 0: no layout yet */
	struct sp_mirror *mirror;
	struct sp_motion *motion;
	struct tile *tile;
	size_t n_tiles, at; /* the next one to look at */
	size_t inexact; /* tiles */
	unsigned skip, pause, skip_any, pause_any; /* searches for motion that found nothing */

	/* The frame that was begun. */
	bool open; /* the server has a frame */
	uint64_t now_us;
	uint32_t stamp, frame;
	struct fill fill;
	struct piece *piece;
	size_t n_pieces, cap_pieces;
	struct job *job;
	size_t n_jobs, cap_jobs;
	size_t pixels;
	uint8_t scratch[SP_EMIT_GFX_WORKERS][SP_PLANAR_ROOM];
	struct sp_emit_gfx_stats stats;
};

uint32_t sp_emit_gfx_ms(const struct sp_emit_gfx *e);
/* Sends what only moved. */
sp_nodiscard int sp_emit_gfx_moves(struct sp_emit_gfx *e, const uint8_t *fb, size_t stride,
		struct sp_rect around, size_t pixels);
/* The server has a frame from here on. */
sp_nodiscard int sp_emit_gfx_open(struct sp_emit_gfx *e);
/* Decides about the tiles that have changed, or else about those that are to become better. */
sp_nodiscard int sp_emit_gfx_choose(
		struct sp_emit_gfx *e, const uint8_t *fb, size_t stride, size_t budget);

#endif
