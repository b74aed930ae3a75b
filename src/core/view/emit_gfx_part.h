/* core/view/emit_gfx_part.h - what the files of emit_gfx have in common; private to this folder. */
#ifndef SP_CORE_VIEW_EMIT_GFX_PART_H
#define SP_CORE_VIEW_EMIT_GFX_PART_H

#include "core/base/wr.h"
#include "core/codec/clear.h"
#include "core/codec/planar.h"
#include "core/codec/progressive.h"
#include "core/codec/rfx.h"
#include "core/view/classify.h"
#include "core/view/emit_gfx.h"
#include "core/view/mirror.h"
#include "core/view/motion.h"

#define TILE SP_MIRROR_TILE
#define FILL_RECTS 64 /* of one colour, put into one command */
#define CONTEXT 1u /* of progressive pictures */

/* How near the client's picture is to what was on the screen, worst first. */
enum shown {
	SHOWN_POOR,
	SHOWN_GOOD,
	SHOWN_EXACT,
};

/* When a tile that stays still is sent better. */
#define POOR_MS 120u
#define GOOD_MS 500u

struct tile {
	struct sp_heat heat;
	uint8_t shown; /* enum shown */
	uint8_t class; /* enum sp_class, of the last change */
};

/* How a piece is encoded, in the order in which kinds go into a frame. */
enum way {
	WAY_CLEAR,
	WAY_PLANAR,
	WAY_RFX,
	WAY_PROG,
	WAY_UPGRADE, /* the next pass of a progressive tile */
	WAYS,
};

struct piece {
	struct sp_rect r;
	size_t tile; /* where it lies, of those that are tiles */
	uint8_t way; /* enum way */
	bool poor; /* rather few bytes than a good picture */
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

/* What one thread needs. */
struct worker {
	uint8_t planar[SP_PLANAR_ROOM];
	struct sp_rfx_work tiles;
};

struct sp_emit_gfx {
	struct sp_emit_gfx_conf conf;
	struct sp_gfx_server *gfx;
	uint16_t surface;
	uint32_t w, h; /* 0: no layout yet */
	struct sp_mirror *mirror;
	struct sp_motion *motion;
	const struct sp_rfx_kernel *kernel;
	struct sp_clear_enc *clear; /* of the connection */
	/* One of them for pictures; none where the screen is larger than they can. */
	struct sp_prog_enc *prog;
	struct sp_rfx_enc *rfx;
	struct tile *tile;
	size_t n_tiles, at; /* the next one to look at */
	size_t inexact; /* tiles */
	unsigned skip, pause, skip_any, pause_any; /* searches for motion that found nothing */

	/* The frame that was begun. */
	bool open; /* the server has a frame */
	uint64_t now_us;
	uint32_t stamp, frame;
	struct fill fill;
	struct sp_rect run; /* sharp tiles in a row, joined */
	struct piece *piece;
	size_t n_pieces, cap_pieces;
	struct job *job;
	size_t n_jobs, cap_jobs;
	size_t pixels, cost; /* bytes, as expected */
	struct worker *worker[SP_EMIT_GFX_WORKERS];
	struct sp_emit_gfx_stats stats;
};

uint32_t sp_emit_gfx_ms(const struct sp_emit_gfx *e);
void sp_emit_gfx_shown(struct sp_emit_gfx *e, size_t tile, enum shown shown);
/* Sends what only moved. */
sp_nodiscard int sp_emit_gfx_moves(struct sp_emit_gfx *e, const uint8_t *fb, size_t stride,
		struct sp_rect around, size_t pixels);
/* The server has a frame from here on. */
sp_nodiscard int sp_emit_gfx_open(struct sp_emit_gfx *e);
/* Decides about the tiles that have changed, or else about those that are to become better. */
sp_nodiscard int sp_emit_gfx_choose(
		struct sp_emit_gfx *e, const uint8_t *fb, size_t stride, size_t budget);
/* Room for the threads to work in. */
sp_nodiscard int sp_emit_gfx_workers(struct sp_emit_gfx *e);
void sp_emit_gfx_workers_finish(struct sp_emit_gfx *e);
/* What the jobs made, into the frame. */
sp_nodiscard int sp_emit_gfx_put(struct sp_emit_gfx *e);

#endif
