/* core/view/emit_gfx_part.h - what the files of emit_gfx have in common; private to this folder. */
#ifndef SP_CORE_VIEW_EMIT_GFX_PART_H
#define SP_CORE_VIEW_EMIT_GFX_PART_H

#include "core/base/wr.h"
#include "core/codec/avc.h"
#include "core/codec/clear.h"
#include "core/codec/planar.h"
#include "core/codec/progressive.h"
#include "core/codec/rfx.h"
#include "core/view/classify.h"
#include "core/view/emit_gfx.h"
#include "core/view/mirror.h"
#include "core/view/motion.h"
#include "core/view/tilecache.h"

#define TILE SP_MIRROR_TILE
#define FILL_RECTS 64 /* of one colour, put into one command */
#define MISSES 2
#define CONTEXT 1u /* of progressive pictures */

/* How near the client's picture is to what was on the screen, worst first. */
enum shown {
	SHOWN_POOR,
	SHOWN_GOOD,
	SHOWN_EXACT,
};

/* When a tile that stays still is sent better. */
#define CHROMA_MS 80u /* what AVC444 sent without the rest of its colours, which are owed */
#define POOR_MS 120u
#define GOOD_MS 500u

struct tile {
	struct sp_heat heat;
	uint8_t shown; /* enum shown */
	uint8_t class; /* enum sp_class, of the last change */
	bool keyed; /* key is that of what is shown */
	uint64_t key;
	uint32_t new_ms; /* since when that is shown */
	struct sp_rect lossy; /* what is shown with loss; none where shown is exact */
	struct sp_rect video; /* of that, what the surface of video has the luma of */
	bool owed; /* INVARIANT: only where video is: shown as it is there, without its chroma */
};

/* How a piece is encoded, in the order in which kinds go into a frame. */
enum way {
	WAY_CLEAR,
	WAY_PLANAR,
	WAY_RFX,
	WAY_PROG,
	WAY_UPGRADE, /* the next pass of a progressive tile */
	WAY_VIDEO, /* the piece is all of the place that moves */
	WAYS,
};

/* Bytes of a thousand pixels, as the last frames had them. */
enum price {
	PRICE_SHARP,
	PRICE_PICTURE,
	PRICE_POOR,
	PRICE_UPGRADE,
	PRICE_EXACT, /* of a picture */
	PRICE_VIDEO,
	PRICE_CHROMA, /* what video owes */
	PRICES,
};

struct piece {
	struct sp_rect r;
	size_t tile; /* where it lies, of those that are tiles */
	uint8_t way; /* enum way */
	uint8_t price; /* enum price */
	bool poor; /* rather few bytes than a good picture */
	bool moves; /* and it will be another one soon */
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

#define VIDEO_RECTS 64
#define VIDEO_SHARE 256u

/*
 * One place that moves, in a surface of its own that nobody sees: what changed in it is coded there
 * by H.264 and copied from there.
 */
struct video {
	struct sp_rect area; /* on the screen, along tiles; empty: there is none */
	uint16_t surface;
	struct sp_avc_enc *enc;
	bool broken; /* the library does not do it */
	uint32_t used_ms;
	size_t owed; /* tiles */
	unsigned share; /* of the bit rate that would do, as the line had room; at most VIDEO_SHARE */
	size_t picture; /* bytes that one may have at its bit rate */
	bool coarse; /* the last one was worse than it would be on a better line */
	/* In this frame. */
	bool on;
	enum sp_avc_what what;
	struct sp_rect rect[VIDEO_RECTS]; /* on the screen */
	size_t n;
	struct sp_rect sent; /* of the last one, in its surface */
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
	struct sp_tilecache *cache; /* the client's, of the connection; NULL: it is not used */
	const struct sp_rfx_kernel *kernel;
	struct sp_clear_enc *clear; /* of the connection */
	/* One of them for pictures; none where the screen is larger than they can. */
	struct sp_prog_enc *prog;
	struct sp_rfx_enc *rfx;
	struct tile *tile;
	size_t n_tiles, at; /* the next one to look at */
	size_t inexact; /* tiles */
	unsigned skip, pause, skip_any, pause_any; /* searches for motion that found nothing */
	struct {
		struct sp_rect area;
		uint32_t ms;
	} missed[MISSES]; /* where, and when, newest first */

	/* The frame that was begun. */
	bool open; /* the server has a frame */
	uint64_t now_us;
	bool held;
	uint32_t held_ms; /* since the last one, when this one had to wait */
	uint32_t stamp, frame;
	struct video video;
	bool others; /* the last frame was of video only: the next one is of what waited */
	struct fill fill;
	struct sp_rect run; /* sharp tiles in a row, joined */
	struct piece *piece;
	size_t n_pieces, cap_pieces;
	struct job *job;
	size_t n_jobs, cap_jobs;
	size_t pixels, cost; /* bytes, as expected */
	uint32_t price[PRICES];
	struct worker *worker[SP_EMIT_GFX_WORKERS];
	struct sp_emit_gfx_stats stats;
};

uint32_t sp_emit_gfx_ms(const struct sp_emit_gfx *e);
/* r of the tile is shown so, and all of it no better. */
void sp_emit_gfx_shown(struct sp_emit_gfx *e, size_t tile, enum shown shown, struct sp_rect r);
/* Sends what only moved. */
sp_nodiscard int sp_emit_gfx_moves(struct sp_emit_gfx *e, const uint8_t *fb, size_t stride,
		struct sp_rect around, size_t pixels);
/* What is about to be replaced goes into the client's cache. */
sp_nodiscard int sp_emit_gfx_cache_keep(struct sp_emit_gfx *e, size_t budget);
/* 1 when the tile, of which that has changed, was taken from there, 0 when it has to be sent. */
sp_nodiscard int sp_emit_gfx_cache_paste(
		struct sp_emit_gfx *e, size_t tile, struct sp_rect changed);
/* The tile shows something else from here on. */
void sp_emit_gfx_cache_changed(struct sp_emit_gfx *e, size_t tile);
/* The server has a frame from here on. */
sp_nodiscard int sp_emit_gfx_open(struct sp_emit_gfx *e);
/* Decides about the tiles that have changed, or else about those that are to become better. */
sp_nodiscard int sp_emit_gfx_choose(
		struct sp_emit_gfx *e, const uint8_t *fb, size_t stride, size_t budget);
/* Whether the moving place may be coded as video in this frame; prepares it. */
sp_nodiscard int sp_emit_gfx_video(struct sp_emit_gfx *e, size_t budget);
/*
 * Milliseconds until the chroma is due that video owes, which is when all that owes it has been
 * still; UINT32_MAX: none is.
 */
uint32_t sp_emit_gfx_video_wait(const struct sp_emit_gfx *e);
/* It goes with this frame. */
sp_nodiscard int sp_emit_gfx_video_chroma(struct sp_emit_gfx *e);
/* What the screen shows in this tile is not what video has of it, from here on. */
void sp_emit_gfx_video_leave(struct sp_emit_gfx *e, size_t tile);
/* Whether the tile, which changed, would go with it. */
bool sp_emit_gfx_video_wants(const struct sp_emit_gfx *e, size_t tile);
/* The same, and then r of it does. */
bool sp_emit_gfx_video_take(struct sp_emit_gfx *e, size_t tile, struct sp_rect r);
/* In a thread: r is the area. */
sp_nodiscard int sp_emit_gfx_video_run(struct sp_emit_gfx *e, struct sp_wr *out);
sp_nodiscard int sp_emit_gfx_video_put(struct sp_emit_gfx *e, struct sp_span data);
/* Milliseconds until its encoder, which is large, was not used for long; UINT32_MAX: there is none. */
uint32_t sp_emit_gfx_video_idle(const struct sp_emit_gfx *e);
/* The library failed: what it has shown is sent in another way, and it is not asked again. */
sp_nodiscard int sp_emit_gfx_video_fail(struct sp_emit_gfx *e);
/* Gives it up, with its surface at the client; the second without that. */
sp_nodiscard int sp_emit_gfx_video_drop(struct sp_emit_gfx *e);
void sp_emit_gfx_video_end(struct sp_emit_gfx *e);
sp_nodiscard int sp_emit_gfx_piece(struct sp_emit_gfx *e, struct piece p);
void sp_emit_gfx_prices(struct sp_emit_gfx *e);
/* Room for the threads to work in. */
sp_nodiscard int sp_emit_gfx_workers(struct sp_emit_gfx *e);
void sp_emit_gfx_workers_finish(struct sp_emit_gfx *e);
/* What the jobs made, into the frame. */
sp_nodiscard int sp_emit_gfx_put(struct sp_emit_gfx *e);

#endif
