/* core/chan/gfx_server.h - the side of the graphics pipeline that has a picture to show. */
#ifndef SP_CORE_CHAN_GFX_SERVER_H
#define SP_CORE_CHAN_GFX_SERVER_H

#include "core/base/rcbuf.h"
#include "core/chan/gfx.h"

/*
 * Pure. Speaks on the open channel; the client begins. Commands are checked (a surface that is
 * there, rectangles within it, slots within the cache), put together and given out as few
 * compressed messages. Which codec goes where, and when, is the owner's business, who must not
 * use what READY did not tell.
 */
struct sp_gfx_server;

#define SP_GFX_SERVER_SURFACES 64 /* at a time */

struct sp_gfx_server_conf {
	uint32_t max_version; /* SP_GFX_V...; 0: all that are known */
	/* The owner answers OFFER by sp_gfx_server_import(); else nothing is imported. */
	bool import;
};

/* What the client is able to; see 2.2.3. */
struct sp_gfx_can {
	uint32_t version, flags; /* as confirmed */
	bool progressive; /* else RemoteFX, which all can, is to be used */
	bool avc420; /* alone in its frame unless mixed */
	bool avc444; /* and AVC420 then as well */
	bool avc444v2;
	bool mixed; /* AVC420 and other codecs in one frame */
	bool thin; /* the client would rather have AVC444 */
	bool scaled; /* surfaces may be mapped at another size */
	uint32_t cache_slots, cache_bytes; /* slots are numbered from 1 */
};

enum sp_gfx_server_kind {
	/* The client's abilities are known, or known anew: no surface, context or cache entry is left. */
	SP_GFX_SERVER_READY,
	SP_GFX_SERVER_ACK, /* of a frame; those before it count as acknowledged, too */
	SP_GFX_SERVER_SUSPENDED, /* no more acknowledgements: it keeps up */
	SP_GFX_SERVER_QOE,
	SP_GFX_SERVER_OFFER, /* with conf.import only: answer at once */
};

/* Valid until the next feed. */
struct sp_gfx_server_event {
	enum sp_gfx_server_kind kind;
	struct sp_gfx_can can; /* READY */
	uint32_t frame; /* ACK, QOE */
	uint32_t depth; /* ACK: bytes that wait at the client; 0: not known */
	uint64_t took_us; /* ACK: since the frame's end */
	uint64_t sent; /* ACK: bytes of all messages up to that frame's end */
	uint16_t decode_ms, show_ms; /* QOE */
	struct sp_gfx_list offer; /* OFFER */
};

struct sp_gfx_server_stats {
	uint32_t frame; /* the last one that ended; 0: none */
	uint32_t acked; /* the newest that was acknowledged; 0: none */
	uint32_t in_flight; /* ended since the newest acknowledgement; 0 while suspended */
	bool suspended;
	uint32_t depth; /* as acknowledged last */
	uint64_t acked_us; /* when; 0: never */
	uint64_t took_us; /* of it, from the frame's end to the acknowledgement */
	uint32_t decoded; /* frames, as the client says */
	size_t waiting; /* bytes that sp_gfx_server_out() has to give */
	uint64_t sent, plain; /* bytes of all messages, compressed and before */
};

/* NULL without memory. */
sp_nodiscard struct sp_gfx_server *sp_gfx_server_create(const struct sp_gfx_server_conf *conf);
/* Accepts NULL. */
void sp_gfx_server_destroy(struct sp_gfx_server *s);

/* A whole message. An error is of a PDU that was ignored with the rest, but SP_ENOMEM. */
sp_nodiscard int sp_gfx_server_feed(
		struct sp_gfx_server *s, struct sp_span message, uint64_t now_us);
bool sp_gfx_server_next(struct sp_gfx_server *s, struct sp_gfx_server_event *ev);
/* The next message to be sent, with its reference; NULL when there is none. */
struct sp_rcbuf *sp_gfx_server_out(struct sp_gfx_server *s);
void sp_gfx_server_stats(const struct sp_gfx_server *s, struct sp_gfx_server_stats *out);

/*
 * Commands. SP_ESTATE before READY; where marked (frame), outside of a frame as well. SP_EARG for
 * what the client could not execute. SP_ENOMEM ends the pipeline: what the client has is not known
 * any more. Outside of a frame they are given out at once; in one, when enough is together and at
 * its end.
 */

/* The size of the output and its monitors; all surfaces and mappings stay. */
sp_nodiscard int sp_gfx_server_reset(struct sp_gfx_server *s, const struct sp_gfx_reset *reset);
/* The owner numbers surfaces. The contents of a new one are not defined: paint all of it. */
sp_nodiscard int sp_gfx_server_create_surface(
		struct sp_gfx_server *s, uint16_t surface, uint16_t w, uint16_t h);
sp_nodiscard int sp_gfx_server_delete_surface(struct sp_gfx_server *s, uint16_t surface);
sp_nodiscard int sp_gfx_server_map(
		struct sp_gfx_server *s, uint16_t surface, uint32_t x, uint32_t y);

/* stamp: of sp_gfx_stamp(), or 0. Returns the frame's number through frame, which may be NULL. */
sp_nodiscard int sp_gfx_server_start(struct sp_gfx_server *s, uint32_t stamp, uint32_t *frame);
/* (frame) */
sp_nodiscard int sp_gfx_server_end(struct sp_gfx_server *s, uint64_t now_us);

/* (frame) pixel is 0xXXRRGGBB. */
sp_nodiscard int sp_gfx_server_fill(struct sp_gfx_server *s, uint16_t surface, uint32_t pixel,
		const struct sp_rect *rects, size_t n);
/* (frame) To each point in turn; the source is read anew for each. It may overlap itself. */
sp_nodiscard int sp_gfx_server_copy(struct sp_gfx_server *s, uint16_t from, uint16_t to,
		struct sp_rect rect, const struct sp_gfx_point *points, size_t n);
/* (frame) What the slot held is replaced. SP_ELIMIT: more bytes than the client's cache has. */
sp_nodiscard int sp_gfx_server_store(struct sp_gfx_server *s, uint16_t surface, uint16_t slot,
		uint64_t key, struct sp_rect rect);
/* (frame) */
sp_nodiscard int sp_gfx_server_paste(struct sp_gfx_server *s, uint16_t slot, uint16_t surface,
		const struct sp_gfx_point *points, size_t n);
sp_nodiscard int sp_gfx_server_evict(struct sp_gfx_server *s, uint16_t slot);
/* The answer to OFFER: its first n entries are in these slots. */
sp_nodiscard int sp_gfx_server_import(struct sp_gfx_server *s, const uint16_t *slots, size_t n);

/*
 * (frame) Encoded pixels, appended by the caller to the writer that is given, which is valid until
 * sp_gfx_server_bits_end(), and only that may be called meanwhile. NULL: *err says why.
 * SP_GFX_PROGRESSIVE goes with a context of the owner's and without a rectangle.
 */
sp_nodiscard struct sp_wr *sp_gfx_server_bits(struct sp_gfx_server *s, uint16_t surface,
		enum sp_gfx_codec codec, struct sp_rect to, int *err);
sp_nodiscard struct sp_wr *sp_gfx_server_progressive(
		struct sp_gfx_server *s, uint16_t surface, uint32_t context, int *err);
/* ok: false leaves out the command as if it had not begun. An error has done the same. */
sp_nodiscard int sp_gfx_server_bits_end(struct sp_gfx_server *s, bool ok);
/* The same for data that is there already (an encoder in another thread). */
sp_nodiscard int sp_gfx_server_put(struct sp_gfx_server *s, uint16_t surface,
		enum sp_gfx_codec codec, struct sp_rect to, struct sp_span data);
sp_nodiscard int sp_gfx_server_put_progressive(
		struct sp_gfx_server *s, uint16_t surface, uint32_t context, struct sp_span data);
/* The client forgets a context of progressive pictures. */
sp_nodiscard int sp_gfx_server_forget(struct sp_gfx_server *s, uint16_t surface, uint32_t context);

#endif
