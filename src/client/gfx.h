/* client/gfx.h - the graphics pipeline of a session: what comes on its channel becomes the picture. */
#ifndef SP_CLIENT_GFX_H
#define SP_CLIENT_GFX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rect.h"
#include "core/chan/gfx_client.h"
#include "host/rdp/part.h"

/* Where it goes; none of these may end the session before the event that led here is over. */
struct sp_client_gfx_calls {
	/* The picture is to be of this size from now on, all black. */
	int (*resize)(void *user, uint32_t w, uint32_t h);
	/* BGRX with w * 4 bytes a row; NULL when there is none yet. */
	uint8_t *(*picture)(void *user, uint32_t *w, uint32_t *h);
	void (*painted)(void *user, struct sp_rect area);
	/* What the server sent cannot be shown: the session has no use any more. why may be NULL. */
	void (*failed)(void *user, int err, const char *why);
};

struct sp_client_gfx {
	struct sp_part part;
	struct sp_gfx_client_conf conf;
	const struct sp_client_gfx_calls *calls;
	void *user;
	uint64_t area; /* pixels of the largest output that is taken */
	struct sp_port *port; /* NULL: the channel is not open */
	struct sp_gfx_client *machine;
	uint64_t pixels[SP_GFX_CODECS], filled; /* of machines that are gone */
};

/* conf is copied. */
void sp_client_gfx_init(struct sp_client_gfx *g, const struct sp_gfx_client_conf *conf,
		const struct sp_client_gfx_calls *calls, void *user);
/* Accepts a zeroed one. */
void sp_client_gfx_finish(struct sp_client_gfx *g);
/* The picture is a new, black one: all of it is painted again. */
void sp_client_gfx_repaint(struct sp_client_gfx *g);
/* How most pixels of the whole session came: "gfx-planar", "gfx-fill", ...; NULL: none did. Static. */
const char *sp_client_gfx_codec(const struct sp_client_gfx *g, uint64_t *pixels);

#endif
