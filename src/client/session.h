/* client/session.h - a connection to an RDP server as a client: from the name to the picture. */
#ifndef SP_CLIENT_SESSION_H
#define SP_CLIENT_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/trust.h"
#include "core/base/attr.h"
#include "core/base/rect.h"
#include "core/base/secret.h"
#include "core/pdu/input.h"
#include "host/io/loop.h"
#include "host/rdp/part.h"

#define SP_SESSION_MIN_SIDE 200
#define SP_SESSION_MAX_SIDE 8192
#define SP_SESSION_MAX_AREA \
	(8192u * 8192u) /* of a desktop, which several monitors may make wider */
/*
 * What a server may show that was not asked for: a screen of 3840x2160 and a little more, or this
 * many times what was, when that is more.
 */
#define SP_SESSION_FREE_AREA (4096u * 2304u)
#define SP_SESSION_FREE_TIMES 4u
#define SP_SESSION_NAME 256 /* bytes of a user or domain name with its NUL */
#define SP_SESSION_WHY 2304
#define SP_SESSION_PARTS 16

enum sp_session_security {
	SP_SESSION_AUTO, /* NLA where the server has it, else TLS with the login inside */
	SP_SESSION_NLA,
	SP_SESSION_TLS,
};

/* How the picture may come; a server without it has bitmap updates left. */
enum sp_session_codec {
	SP_SESSION_CODEC_AUTO, /* all that is known here */
	SP_SESSION_CODEC_BITMAP, /* bitmap updates only */
	SP_SESSION_CODEC_RFX, /* RemoteFX in surface commands */
	SP_SESSION_CODEC_NSC, /* NSCodec in surface commands */
	SP_SESSION_CODEC_GFX, /* the graphics pipeline, without H.264 */
	SP_SESSION_CODEC_GFX_RFX, /* the pipeline as thin clients have it: RemoteFX */
	SP_SESSION_CODEC_AVC420, /* the pipeline with H.264, 4:2:0 */
	SP_SESSION_CODEC_AVC444, /* the pipeline with H.264 */
};

/* Who is asked while the connection is made. The calls may block; the server waits meanwhile. */
struct sp_session_person {
	/* Yes or no; text says what is known. NULL: nobody can be asked. */
	bool (*trust)(void *user, const char *text);
	/* The user's password as UTF-8: SP_OK, or an error that ends the connection. May be NULL. */
	int (*password)(void *user, struct sp_secret *out);
	/* Something to know, one or more lines without the last line's end. May be NULL. */
	void (*note)(void *user, const char *text);
	void *user;
};

struct sp_session_calls {
	/* A desktop of this size is there, black so far; again when the server changes it. */
	void (*active)(void *user, uint32_t w, uint32_t h);
	/* The desktop takes input from now on, until inactive(). May be NULL. */
	void (*ready)(void *user);
	/* The server takes the desktop away; active() follows, or the end. */
	void (*inactive)(void *user);
	/* The picture changed inside area. */
	void (*painted)(void *user, struct sp_rect area);
	/*
	 * Called once, last. SP_OK after sp_session_end(); else why says it in words, valid in
	 * the call. The owner may destroy the session here.
	 */
	void (*ended)(void *user, int err, const char *why);
};

/* Borrowed while create runs, but the calls and what stands behind person and user. */
struct sp_session_conf {
	const char *host;
	uint16_t port;
	const char *user_name; /* NULL or "" for none; "DOMAIN\user" where domain is not given */
	const char *domain; /* NULL or "" for none */
	uint16_t width, height;
	const struct sp_display_layout *monitors; /* NULL: one, of this size */
	uint8_t depth; /* 15, 16, 24 or 32; below 32 there is no pipeline */
	enum sp_session_codec codec;
	bool plain; /* ask for no bulk compression */
	enum sp_session_security security;
	struct sp_trust trust;
	struct sp_session_person person;
	const struct sp_session_calls *calls;
	void *user;
	/*
	 * What stands behind the channels: attached once the server has let us in, detached at
	 * the end and before ended(). The array is copied; each must outlive the session.
	 */
	struct sp_part *const *parts;
	size_t n_parts; /* <= SP_SESSION_PARTS */
};

struct sp_display_layout;
struct sp_session;

/*
 * Resolves and connects (which blocks up to ten seconds), the rest happens in the loop. NULL and
 * why when there is no connection.
 */
sp_nodiscard struct sp_session *sp_session_create(
		struct sp_loop *l, const struct sp_session_conf *conf, char why[SP_SESSION_WHY]);
/* At once, without a word to the server; no call follows. Accepts NULL. */
void sp_session_destroy(struct sp_session *s);
/* Says goodbye; ended() follows within seconds. */
void sp_session_end(struct sp_session *s);

/* Keyboard and mouse, as many events as are given. SP_ESTATE where no desktop takes them now. */
sp_nodiscard int sp_session_input(struct sp_session *s, const struct sp_input_event *v, size_t n);

/* The server was asked for a desktop of this size: it may take that from now on. */
void sp_session_expect(struct sp_session *s, uint32_t w, uint32_t h);
/* BGRX, top-down, w * 4 bytes a row; NULL before active(). Valid until the next active(). */
const uint8_t *sp_session_picture(const struct sp_session *s, uint32_t *w, uint32_t *h);
/*
 * By which codec most of the picture came: "planar", "interleaved", "raw", "none"; by surface
 * commands "rfx", "nsc", "surface-raw"; of the graphics pipeline "gfx-planar", "gfx-progressive", "gfx-avc420" and so on.
 */
const char *sp_session_codec(const struct sp_session *s);
/* Bytes the server sent, TLS included. */
uint64_t sp_session_bytes_in(const struct sp_session *s);

#endif
