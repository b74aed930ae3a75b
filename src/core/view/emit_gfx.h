/* core/view/emit_gfx.h - a frame buffer and its damage into frames of the graphics pipeline. */
#ifndef SP_CORE_VIEW_EMIT_GFX_H
#define SP_CORE_VIEW_EMIT_GFX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rect.h"
#include "core/chan/gfx_server.h"
#include "core/codec/h264.h"
#include "core/view/tilekey.h"

/*
 * What goes how: pixels that the client has are never sent; what has only moved is copied there;
 * tiles that come again are taken from its cache, into which they went when they were replaced;
 * one colour is filled; letters and lines go without loss; what moves goes as video; pictures with
 * loss at first, and without it once they have been still for half a second. All of the output is one surface.
 *
 * A frame is made in three steps, so that the second may be done by several threads:
 * sp_emit_gfx_begin() decides and takes the pixels, sp_emit_gfx_run() encodes one part of them,
 * sp_emit_gfx_end() puts the parts together in order. Between begin and end only run, damage and
 * lose may be called; the frame buffer may change then.
 */
struct sp_emit_gfx;

#define SP_EMIT_GFX_WORKERS 4 /* that may run at a time */

struct sp_emit_gfx_conf {
	struct sp_gfx_server *gfx; /* READY; borrowed */
	struct sp_gfx_can can; /* as READY told */
	const struct sp_h264_impl *h264; /* NULL: none; outlives the emitter */
	struct sp_tilekeys *keys; /* NULL: the client's cache is not used; outlives the emitter */
};

/* NULL without memory. sp_emit_gfx_layout() is to follow. */
sp_nodiscard struct sp_emit_gfx *sp_emit_gfx_create(const struct sp_emit_gfx_conf *conf);
/* Accepts NULL. */
void sp_emit_gfx_destroy(struct sp_emit_gfx *e);

/*
 * The size of the output and its monitors: the client gets a new surface, all of which is to be
 * painted. After an error the pipeline is of no use.
 */
sp_nodiscard int sp_emit_gfx_layout(struct sp_emit_gfx *e, const struct sp_gfx_reset *layout);

/*
 * The client offers what it kept of earlier connections: of that it is told to use what these
 * keys were given to. Not between begin and end.
 */
sp_nodiscard int sp_emit_gfx_import(struct sp_emit_gfx *e, const struct sp_gfx_list *offer);

/* May have changed; clipped. */
void sp_emit_gfx_damage(struct sp_emit_gfx *e, struct sp_rect r);
/* The client has lost it: sent even if it did not change. */
void sp_emit_gfx_lose(struct sp_emit_gfx *e, struct sp_rect r);
/* True while something is damaged. */
bool sp_emit_gfx_pending(const struct sp_emit_gfx *e);
/* Something was to be sent, but the line had no room for it. */
void sp_emit_gfx_held(struct sp_emit_gfx *e);
/* When something that was sent with loss is to be sent better; 0: nothing is. */
uint64_t sp_emit_gfx_deadline(const struct sp_emit_gfx *e);

/*
 * Begins a frame of what fb shows now. It should have about budget bytes: with less than it takes,
 * quality falls, and then parts wait for the next frame. stamp as for sp_gfx_server_start().
 * Returns 1 when a frame was begun, 0 when
 * there is nothing to send, or an error.
 */
sp_nodiscard int sp_emit_gfx_begin(struct sp_emit_gfx *e, const uint8_t *fb, size_t stride,
		size_t budget, uint32_t stamp, uint64_t now_us);
/* Parts of the frame, and the pixels in them. */
size_t sp_emit_gfx_jobs(const struct sp_emit_gfx *e);
size_t sp_emit_gfx_pixels(const struct sp_emit_gfx *e);
/* worker < SP_EMIT_GFX_WORKERS; no two at the same time with the same worker or job. */
void sp_emit_gfx_run(struct sp_emit_gfx *e, size_t job, size_t worker);
/* The frame's number through frame. */
sp_nodiscard int sp_emit_gfx_end(struct sp_emit_gfx *e, uint64_t now_us, uint32_t *frame);

/* A frame without contents, whose acknowledgement tells the round trip. */
sp_nodiscard int sp_emit_gfx_probe(struct sp_emit_gfx *e, uint64_t now_us, uint32_t *frame);

/* What was sent how, since the start. */
struct sp_emit_gfx_stats {
	uint64_t frames, fills, copies; /* commands */
	uint64_t copied; /* pixels */
	uint64_t stored, imported, pastes; /* entries of the client's cache; commands */
	uint64_t pasted; /* pixels */
	uint64_t lossless, lossy, moving; /* pixels */
	uint64_t lossless_bytes, lossy_bytes, moving_bytes;
};
void sp_emit_gfx_stats(const struct sp_emit_gfx *e, struct sp_emit_gfx_stats *out);

#endif
