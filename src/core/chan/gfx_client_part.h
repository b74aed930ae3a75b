/* core/chan/gfx_client_part.h - what the files of the graphics pipeline's client share. */
#ifndef SP_CORE_CHAN_GFX_CLIENT_PART_H
#define SP_CORE_CHAN_GFX_CLIENT_PART_H

#include "core/chan/gfx_client.h"
#include "core/codec/zgfx.h"

#define GFX_PIXEL 4u
#define GFX_OPAQUE 0xff000000u
#define GFX_WORK (512u << 20) /* pixels that the commands of one message may touch */
#define GFX_RATIO 2000u /* of a message that is longer than GFX_RATIO_FROM */
#define GFX_RATIO_FROM (1u << 20)
#define GFX_SHOWN 32 /* frames whose showing is still to be told */

struct gfx_surface {
	uint8_t *px; /* BGRX, w * 4 bytes a row; NULL: there is none */
	uint16_t id;
	uint32_t w, h; /* INVARIANT: 1..SP_GFX_CLIENT_SIDE */
	uint8_t format;
	bool mapped;
	uint32_t x, y; /* in the output; INVARIANT: <= SP_GFX_MAX_SIDE */
	uint32_t shown_w, shown_h; /* INVARIANT: 1..SP_GFX_MAX_SIDE; w and h unless it is scaled */
	struct sp_rect dirty; /* what changed since it was painted; within w, h */
	struct sp_prog_dec *prog; /* NULL before the first use */
	struct sp_avc_dec *avc; /* the same */
	size_t codec_fixed; /* what they take as soon as they are there */
	size_t codec_bytes; /* and with what they keep now */
};

struct gfx_cached {
	uint8_t *px; /* w * 4 bytes a row; NULL: the slot is empty */
	uint64_t key;
	uint32_t w, h;
};

/* [MS-RDPEGFX] 2.2.2.21 of a frame that was not painted yet. */
struct gfx_shown {
	uint32_t frame;
	uint64_t began_us, ended_us;
};

struct sp_gfx_client {
	struct sp_gfx_client_conf conf;
	struct sp_zgfx_dec *zgfx;
	bool confirmed;
	struct sp_gfx_caps caps;
	bool has_output;
	struct sp_gfx_reset output;
	bool all_dirty; /* the output is to be painted from black */
	struct gfx_surface surface[SP_GFX_CLIENT_SURFACES];
	struct gfx_cached *cached; /* [0] is not used */
	size_t n_cached; /* slots that have a place there */
	size_t cache_bytes;
	size_t memory; /* of surfaces and cache */
	size_t codec_bytes; /* of the surfaces' codecs */
	uint64_t area; /* pixels of the largest output that there was */
	uint64_t allowed; /* of one */
	const char *why; /* see sp_gfx_client_why() */

	struct sp_rfx_dec *rfx; /* NULL before the first use */
	struct sp_clear_dec *clear; /* the same */

	uint64_t work; /* pixels that the message may still touch */
	bool in_frame;
	uint32_t frame_count; /* begun; tells frames apart for the codecs */
	uint32_t decoded;
	uint64_t began_us;
	bool suspended; /* the server was told */
	struct gfx_shown shown[GFX_SHOWN];
	size_t n_shown;

	struct sp_gfx_client_stats stats;
	bool has_event[SP_GFX_CLIENT_FRAME + 1]; /* the latest of each kind */
	uint32_t last_frame;
	struct sp_wr w;
	struct sp_rcbuf *head, *tail;
};

/* ---- gfx_client.c ---- */

/* So many pixels are about to be touched; SP_ELIMIT when it is too much for one message. */
sp_nodiscard int gfx_spend(struct sp_gfx_client *c, uint64_t pixels);
/* Bytes that surfaces, cache and codecs may still take. */
size_t gfx_room(const struct sp_gfx_client *c);
/* They want more: SP_ELIMIT, and the reason is kept. */
sp_nodiscard int gfx_full(struct sp_gfx_client *c);
/* An output of so many pixels: more is justified. */
void gfx_output(struct sp_gfx_client *c, uint64_t area);
/* Nothing waits to be sent, taken or told. */
void gfx_forget_talk(struct sp_gfx_client *c);
/* The frames that ended are on the screen now. */
sp_nodiscard int gfx_tell_shown(struct sp_gfx_client *c, uint64_t now_us);

/* ---- gfx_client_surface.c ---- */

struct gfx_surface *gfx_surface_find(struct sp_gfx_client *c, uint16_t id);
static inline uint8_t *gfx_surface_at(const struct gfx_surface *s, int32_t x, int32_t y)
{
	return s->px + ((size_t)y * s->w + (size_t)x) * GFX_PIXEL;
}

static inline size_t gfx_surface_stride(const struct gfx_surface *s)
{
	return (size_t)s->w * GFX_PIXEL;
}

bool gfx_surface_holds(const struct gfx_surface *s, struct sp_rect r);
void gfx_surface_changed(struct gfx_surface *s, struct sp_rect r);
/* SP_ELIMIT, SP_ENOMEM; all of it is black. */
sp_nodiscard int gfx_surface_create(struct sp_gfx_client *c, const struct sp_gfx_create *create);
void gfx_surface_delete(struct sp_gfx_client *c, struct gfx_surface *s);
sp_nodiscard int gfx_surface_map(struct sp_gfx_client *c, struct gfx_surface *s,
		const struct sp_gfx_map *map, bool scaled);
/* Surfaces and cache are empty, the output has no size. */
void gfx_surfaces_clear(struct sp_gfx_client *c);
sp_nodiscard int gfx_fill(struct sp_gfx_client *c, const struct sp_gfx_fill *fill);
sp_nodiscard int gfx_copy(struct sp_gfx_client *c, const struct sp_gfx_copy *copy);
sp_nodiscard int gfx_store(struct sp_gfx_client *c, const struct sp_gfx_store *store);
sp_nodiscard int gfx_paste(struct sp_gfx_client *c, const struct sp_gfx_paste *paste);
void gfx_evict(struct sp_gfx_client *c, uint16_t slot);
/* An empty slot, with memory for w x h pixels; SP_EFIELD, SP_ELIMIT, SP_ENOMEM. */
sp_nodiscard int gfx_cache_put(struct sp_gfx_client *c, uint16_t slot, uint64_t key, uint32_t w,
		uint32_t h, struct gfx_cached **out);

/* ---- gfx_client_codec.c ---- */

/* The output was reset: what codecs number begins anew. */
void gfx_codecs_reset(struct sp_gfx_client *c);
void gfx_codecs_finish(struct sp_gfx_client *c);
/* Makes the surface's decoder, unless it has one, and tells it what it may keep. */
sp_nodiscard int gfx_prog(struct sp_gfx_client *c, struct gfx_surface *s);
sp_nodiscard int gfx_avc(struct sp_gfx_client *c, struct gfx_surface *s);
/* What they keep by now, after they were at work. */
void gfx_codecs_count(struct sp_gfx_client *c, struct gfx_surface *s);
/* What codecs know of a surface ends with it. */
void gfx_codecs_drop(struct sp_gfx_client *c, struct gfx_surface *s);

sp_nodiscard int gfx_bits(struct sp_gfx_client *c, const struct sp_gfx_bits *bits);
sp_nodiscard int gfx_bits2(struct sp_gfx_client *c, const struct sp_gfx_bits *bits);

#endif
