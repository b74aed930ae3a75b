/* core/view/replay_part.h - what the files of a replay share; private to this folder. */
#ifndef SP_CORE_VIEW_REPLAY_PART_H
#define SP_CORE_VIEW_REPLAY_PART_H

#include "core/chan/gfx_client.h"
#include "core/pdu/pointer.h"
#include "core/rdp/client_replay.h"
#include "core/view/paint.h"
#include "core/view/replay.h"

#define REPLAY_SHAPES 256 /* slots of the pointer cache; more than clients announce */
#define REPLAY_SHAPES_BYTES (16u << 20) /* of all of them; the oldest slots are emptied beyond */

/* A pointer's image; BGRA, straight alpha. */
struct replay_shape {
	uint8_t *px; /* NULL: the slot is empty */
	uint32_t w, h, hot_x, hot_y;
};

struct replay_pointer {
	struct replay_shape slot[REPLAY_SHAPES];
	size_t bytes;
	enum {
		REPLAY_POINTER_DEFAULT,
		REPLAY_POINTER_HIDDEN,
		REPLAY_POINTER_SHAPE,
	} shown;
	size_t current; /* SHAPE: the slot */
	bool placed; /* somebody has said where it is */
	uint16_t x, y;
	uint32_t serial;
};

struct sp_replay {
	struct sp_rdp *rdp;
	struct sp_vc *vc;
	struct sp_gfx_client_conf gfx_conf;
	struct sp_gfx_client *gfx; /* NULL: its channel is not open */
	struct sp_port *port;
	struct sp_paint paint;
	uint8_t *fb;
	uint32_t w, h;
	struct sp_rect changed;
	struct replay_pointer pointer;
	uint64_t now_us, damaged;
	int failed; /* what ended the connection */
};

/* A black one; SP_ELIMIT, SP_ENOMEM. */
sp_nodiscard int replay_new_picture(struct sp_replay *r, uint32_t w, uint32_t h);
/* What the channels have told. */
void replay_vc_events(struct sp_replay *r);

/* ---- replay_pointer.c ---- */

/* The default one; its place and the slots stay. */
void replay_pointer_reset(struct replay_pointer *p);
void replay_pointer_finish(struct replay_pointer *p);
/* An update that sp_pointer_is_code(). */
sp_nodiscard int replay_pointer_update(struct replay_pointer *p, uint8_t code, struct sp_span data,
		const struct sp_palette *palette);
/* Input that the person gave: where the mouse is. */
void replay_pointer_fast(struct replay_pointer *p, struct sp_rd *pdu);
void replay_pointer_slow(struct replay_pointer *p, struct sp_rd *body);
/* Into a picture of w x h. */
void replay_pointer_draw(const struct replay_pointer *p, uint8_t *px, uint32_t w, uint32_t h);
sp_nodiscard int replay_pointer_save(const struct replay_pointer *p, struct sp_wr *w);
/* Into a fresh one. */
sp_nodiscard int replay_pointer_load(struct replay_pointer *p, struct sp_rd *rd);

#endif
