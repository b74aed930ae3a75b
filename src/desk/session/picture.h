/* desk/session/picture.h - the screen on its way to one client, in the best way that it takes. */
#ifndef SP_DESK_SESSION_PICTURE_H
#define SP_DESK_SESSION_PICTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rect.h"
#include "core/rdp/server.h"
#include "core/view/tilekey.h"
#include "desk/session/capture.h"
#include "desk/session/screen.h"
#include "host/io/loop.h"
#include "host/io/pool.h"
#include "host/rdp/conn.h"
#include "host/rdp/part.h"

struct sp_picture;

struct sp_picture_conf {
	struct sp_loop *loop;
	struct sp_pool *pool; /* borrowed; NULL: none */
	struct sp_tilekeys *keys; /* the same */
	const struct sp_screen *screen; /* borrowed */
	void (*wake)(void *user); /* there is work that no descriptor tells of */
	void *user;
};

/* NULL without memory. */
sp_nodiscard struct sp_picture *sp_picture_create(const struct sp_picture_conf *conf);
/* Accepts NULL. */
void sp_picture_destroy(struct sp_picture *p);

/* Its connection, borrowed; before all that follows. */
void sp_picture_connect(struct sp_picture *p, struct sp_conn *conn);
/* The client is active with this desktop, for the first time or again; it shows nothing of it. */
sp_nodiscard int sp_picture_active(struct sp_picture *p, const struct sp_server_desktop *size);
/* Its channel, to be attached after that; NULL when the client did not ask for one. */
struct sp_part *sp_picture_part(struct sp_picture *p);
enum sp_picture_change {
	SP_PICTURE_FOLLOWED, /* the client knows the new size: go on */
	SP_PICTURE_REACTIVATE, /* it is to be activated anew */
	SP_PICTURE_WAIT, /* that is not known yet: ask again when woken */
};

/* The screen has another size; or an error, which ends the connection. */
sp_nodiscard int sp_picture_resize(struct sp_picture *p, uint16_t width, uint16_t height);

void sp_picture_damage(struct sp_picture *p, struct sp_rect r);
/* The client has lost it. */
void sp_picture_lose(struct sp_picture *p, struct sp_rect r);
/* The client has shown a frame of surface commands (SP_EV_FRAME_ACK). */
void sp_picture_acked(struct sp_picture *p, uint32_t frame);
/* TRIP, RATE and LINE of the connection: others are ignored. */
void sp_picture_event(struct sp_picture *p, const struct sp_event *ev);
/* Channels were pumped into the connection's output. */
sp_nodiscard int sp_picture_out(struct sp_picture *p);
/* True while something is to be sent, or while it is not known how. */
bool sp_picture_pending(const struct sp_picture *p);
/* Sends what there is room for. */
sp_nodiscard int sp_picture_send(struct sp_picture *p, const struct sp_capture_frame *f);

#endif
