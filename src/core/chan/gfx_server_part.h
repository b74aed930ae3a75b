/* core/chan/gfx_server_part.h - what the files of the graphics pipeline's server share. */
#ifndef SP_CORE_CHAN_GFX_SERVER_PART_H
#define SP_CORE_CHAN_GFX_SERVER_PART_H

#include "core/chan/gfx_server.h"
#include "core/codec/zgfx.h"

#define GFX_MAX_RUNS 64
#define GFX_MAX_EVENTS 32
#define GFX_FRAMES 128 /* whose times are known until they are acknowledged */

struct gfx_server_surface {
	bool there;
	uint16_t id, w, h;
};

struct gfx_slot {
	uint16_t w, h; /* 0: imported, so not known */
	uint32_t bytes; /* 0: empty */
};

struct gfx_frame {
	uint32_t id;
	uint64_t ended_us, sent;
};

/* Bytes of the batch up to end that are worth compressing, or are not. */
struct gfx_run {
	size_t end;
	bool raw;
};

struct sp_gfx_server {
	struct sp_gfx_server_conf conf;
	bool ready, in_frame, broken;
	struct sp_gfx_can can;
	struct gfx_server_surface surface[SP_GFX_SERVER_SURFACES];
	struct gfx_slot *slot; /* slot[0] is not used */
	size_t n_slots, cached; /* bytes that the client has in its cache */
	struct sp_gfx_list offer; /* of the message that was fed last */
	bool offered;

	struct sp_wr batch;
	struct gfx_run run[GFX_MAX_RUNS];
	size_t n_runs;
	size_t begun; /* of the command that is being written */
	size_t mark;
	bool in_bits, bits2, bits_raw;
	struct sp_zgfx_enc *zgfx;
	struct sp_wr packed;
	struct sp_rcbuf *head, *tail;

	uint32_t next_frame;
	struct gfx_frame frame[GFX_FRAMES];
	struct sp_gfx_server_stats stats;

	struct sp_gfx_server_event event[GFX_MAX_EVENTS];
	size_t first_event, n_events;
};

/* A command was appended at s->begun: it is left out again if it could not be. */
sp_nodiscard int sp_gfx_server_done(struct sp_gfx_server *s, bool raw);

#endif
