/* desk/session/gfx.h - the screen through a client's graphics pipeline. */
#ifndef SP_DESK_SESSION_GFX_H
#define SP_DESK_SESSION_GFX_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rect.h"
#include "core/chan/gfx.h"
#include "core/view/tilekey.h"
#include "desk/session/capture.h"
#include "desk/session/line.h"
#include "host/io/loop.h"
#include "host/io/pool.h"
#include "host/rdp/part.h"

struct sp_desk_gfx;

/* Frames of more pixels are encoded by the pool, while the loop goes on. */
#define SP_DESK_GFX_OWN_PIXELS (256u << 10)

enum sp_desk_gfx_state {
	SP_DESK_GFX_NONE, /* the client has no pipeline */
	SP_DESK_GFX_OPENING, /* it said that it has one */
	SP_DESK_GFX_UP, /* all pictures go through it */
};

struct sp_desk_gfx_calls {
	/* The state is another, or a frame may go that could not: there is work. */
	void (*wake)(void *user);
};

struct sp_desk_gfx_conf {
	struct sp_loop *loop;
	/* Borrowed; the first two may be NULL. */
	struct sp_pool *pool;
	struct sp_tilekeys *keys;
	struct sp_desk_line *line;
	const struct sp_desk_gfx_calls *calls;
	void *user;
};

/* For one connection. NULL without memory. */
sp_nodiscard struct sp_desk_gfx *sp_desk_gfx_create(const struct sp_desk_gfx_conf *conf);
/* Accepts NULL. */
void sp_desk_gfx_destroy(struct sp_desk_gfx *g);
/* To be attached to the channels of the connection when it is active. */
struct sp_part *sp_desk_gfx_part(struct sp_desk_gfx *g);

enum sp_desk_gfx_state sp_desk_gfx_state(const struct sp_desk_gfx *g);
/* The size of the screen and its monitors, from before the first frame on. */
sp_nodiscard int sp_desk_gfx_layout(struct sp_desk_gfx *g, const struct sp_gfx_reset *layout);
void sp_desk_gfx_damage(struct sp_desk_gfx *g, struct sp_rect r);
void sp_desk_gfx_lose(struct sp_desk_gfx *g, struct sp_rect r);
/* True while damage waits to be sent. */
bool sp_desk_gfx_pending(const struct sp_desk_gfx *g);
/* Channels were pumped: frames may have left it. */
sp_nodiscard int sp_desk_gfx_out(struct sp_desk_gfx *g);
/* Sends a frame if one may go. The pixels are not looked at after the call. */
sp_nodiscard int sp_desk_gfx_send(struct sp_desk_gfx *g, const struct sp_capture_frame *f);

#endif
