/* core/chan/gfx_client.h - the side of the graphics pipeline that shows: surfaces, cache, output. */
#ifndef SP_CORE_CHAN_GFX_CLIENT_H
#define SP_CORE_CHAN_GFX_CLIENT_H

#include "core/base/rcbuf.h"
#include "core/chan/gfx.h"

/*
 * Pure. Executes what a server sends and acknowledges it. Every size is bounded: a surface by
 * SP_GFX_CLIENT_SIDE, the cache by what was agreed, and all together by what the largest output
 * that there was justifies, and by the conf. Besides there is what does not grow with it, about
 * 40 MB: the caches of ClearCodec, histories and lists.
 */
struct sp_gfx_client;
struct sp_h264_impl;

#define SP_GFX_CLIENT_SIDE 8192 /* of a surface */
#define SP_GFX_CLIENT_SURFACES 256
/*
 * Most bytes of surfaces, cached pictures and codecs: so many, which the cache needs above all,
 * and more for each pixel of the output. That is two surfaces, what progressive keeps, and H.264
 * with a reference or two.
 */
#define SP_GFX_CLIENT_BASE (160u << 20)
#define SP_GFX_CLIENT_PER_PIXEL 24u
#define SP_GFX_CLIENT_MEMORY (1u << 30) /* whatever the output */
/* Most bytes of a message, plain or compressed; plain ones the same way. */
#define SP_GFX_CLIENT_MESSAGE (64u << 20)
#define SP_GFX_CLIENT_MESSAGE_BASE (16u << 20)
#define SP_GFX_CLIENT_MESSAGE_PER_PIXEL 5u

struct sp_gfx_client_conf {
	uint32_t max_version; /* SP_GFX_V...; 0: all that are known */
	bool thin_client, small_cache;
	bool no_acks; /* tells the server not to wait for acknowledgements */
	const struct sp_h264_impl *h264; /* NULL: without AVC; outlives the machine */
	size_t h264_history; /* bytes per surface that are kept for saving; 0: it never is */
	size_t memory; /* less than the above, in all; 0: SP_GFX_CLIENT_MEMORY */
};

enum sp_gfx_client_kind {
	SP_GFX_CLIENT_CONFIRMED, /* caps */
	SP_GFX_CLIENT_RESET, /* reset: the output has another size, or other monitors */
	SP_GFX_CLIENT_FRAME, /* a frame ended: time for sp_gfx_client_paint() */
};

/* At most one of each kind waits, with what counts by now, in the order above. */
struct sp_gfx_client_event {
	enum sp_gfx_client_kind kind;
	struct sp_gfx_caps caps;
	struct sp_gfx_reset reset; /* from the first RESET on */
	uint32_t frame; /* FRAME: the last one that ended */
};

struct sp_gfx_client_stats {
	uint64_t frames, messages;
	uint64_t bytes, plain; /* of messages, compressed and after */
	uint64_t pixels[SP_GFX_CODECS]; /* that came by each codec */
	uint64_t filled, copied; /* pixels */
	uint32_t surfaces, cached; /* that are there */
	size_t memory; /* bytes of their pixels */
	size_t codecs; /* bytes that codecs of surfaces keep */
	size_t most; /* bytes of both that may be by now */
};

/* On the open channel; the first message waits at once. NULL without memory. */
sp_nodiscard struct sp_gfx_client *sp_gfx_client_create(const struct sp_gfx_client_conf *conf);
/* Accepts NULL. */
void sp_gfx_client_destroy(struct sp_gfx_client *c);

/*
 * A whole message. An error ends the pipeline: what the server believes is here is not. What was
 * painted until then is there.
 */
sp_nodiscard int sp_gfx_client_feed(
		struct sp_gfx_client *c, struct sp_span message, uint64_t now_us);
/* Refuses a larger output from now on, in pixels; none is refused before. */
void sp_gfx_client_allow(struct sp_gfx_client *c, uint64_t area);
/* Why feed or paint refused, where that is known better than from the error; else NULL. */
const char *sp_gfx_client_why(const struct sp_gfx_client *c);
bool sp_gfx_client_next(struct sp_gfx_client *c, struct sp_gfx_client_event *ev);
struct sp_rcbuf *sp_gfx_client_out(struct sp_gfx_client *c);

/* The output's size; 0 before the first RESET. */
void sp_gfx_client_size(const struct sp_gfx_client *c, uint32_t *w, uint32_t *h);
/*
 * Copies what changed since the last time into the caller's frame buffer (BGRX), which must keep
 * its contents between two calls; changed is the smallest rectangle around it. Nothing inside of
 * a frame. What lies outside of w x h is left out. The frames shown are then told to the server.
 */
sp_nodiscard int sp_gfx_client_paint(struct sp_gfx_client *c, uint8_t *fb, size_t stride,
		uint32_t w, uint32_t h, uint64_t now_us, struct sp_rect *changed);
/* The next paint is of everything: another frame buffer. */
void sp_gfx_client_repaint(struct sp_gfx_client *c);

void sp_gfx_client_stats(const struct sp_gfx_client *c, struct sp_gfx_client_stats *out);

/* False: too much of a film has gone by since its last whole picture; it would be missing. */
bool sp_gfx_client_saves(const struct sp_gfx_client *c);
/*
 * The whole state between two messages, and back into a fresh machine, which must have been
 * created with the same conf. It goes on painting what changes: who does not keep the picture
 * itself calls sp_gfx_client_repaint() then. Nothing is sent for what was loaded. What load is given is
 * treated as hostile; after an error the machine is of no use.
 */
sp_nodiscard int sp_gfx_client_save(const struct sp_gfx_client *c, struct sp_wr *w);
sp_nodiscard int sp_gfx_client_load(struct sp_gfx_client *c, struct sp_span state);

#endif
