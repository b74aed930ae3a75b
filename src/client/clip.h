/* client/clip.h - the clipboard of a client without a window: what it offers, and what it takes. */
#ifndef SP_CLIENT_CLIP_H
#define SP_CLIENT_CLIP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rcbuf.h"
#include "core/base/span.h"
#include "host/io/fdio.h"
#include "host/io/loop.h"
#include "host/rdp/part.h"

/* What may pass; the words of the rules: in is toward the server. */
#define SP_CLIP_WAY_IN 1u
#define SP_CLIP_WAY_OUT 2u
#define SP_CLIP_WAY_BOTH 3u

/* A set of these. */
enum sp_clip_thing {
	SP_CLIP_THING_TEXT = 1u << 0, /* UTF-8, lines end in LF */
	SP_CLIP_THING_HTML = 1u << 1, /* UTF-8; what was copied, without a document around it */
	SP_CLIP_THING_IMAGE = 1u << 2, /* a PNG file */
	SP_CLIP_THING_FILES = 1u << 3,
};

struct sp_clip_conf {
	struct sp_loop *loop;
	unsigned ways; /* SP_CLIP_WAY_* */
	/* Something that the functions below tell has changed. May be NULL. */
	void (*changed)(void *user);
	void *user;
};

struct sp_clip;

sp_nodiscard struct sp_clip *sp_clip_create(const struct sp_clip_conf *conf);
/* After the session. Accepts NULL. */
void sp_clip_destroy(struct sp_clip *c);
/* "on", "off", "in", "out" to ways; SP_EARG. */
sp_nodiscard int sp_clip_ways(const char *word, unsigned *ways);
/* For sp_session_conf.parts. */
struct sp_part *sp_clip_part(struct sp_clip *c);
/* There is a channel, and the server has begun to speak on it. */
bool sp_clip_ready(const struct sp_clip *c);

/*
 * What the clipboard has from now on; the server fetches it when somebody pastes there. bytes are
 * copied. SP_EDENIED where nothing may pass that way, SP_ECODEC for what is no PNG, SP_ELIMIT,
 * SP_ENOMEM.
 */
sp_nodiscard int sp_clip_set(struct sp_clip *c, enum sp_clip_thing thing, struct sp_span bytes);
/* The same for files and whole directories; read when they are pasted. */
sp_nodiscard int sp_clip_set_files(
		struct sp_clip *c, const char *const *paths, size_t n, char why[SP_WHY_MAX]);
/* The server knows of the last one. */
bool sp_clip_settled(const struct sp_clip *c);

/* What the server's clipboard has: a set of enum sp_clip_thing. */
unsigned sp_clip_has(const struct sp_clip *c);
/* Begins to fetch one; SP_ENOTFOUND, SP_EDENIED, SP_ESTATE (another one is under way). */
sp_nodiscard int sp_clip_get(struct sp_clip *c, enum sp_clip_thing thing);
/* Begins to fetch the files into dir, which is made or must be empty. */
sp_nodiscard int sp_clip_get_files(struct sp_clip *c, const char *dir);
/* 1: not there yet. SP_OK and *out (the caller's; NULL for files), or an error and why. Once. */
sp_nodiscard int sp_clip_result(struct sp_clip *c, struct sp_rcbuf **out, char why[SP_WHY_MAX]);

#endif
