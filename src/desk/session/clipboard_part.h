/* desk/session/clipboard_part.h - what the files of the desktop's clipboard share. */
#ifndef SP_DESK_SESSION_CLIPBOARD_PART_H
#define SP_DESK_SESSION_CLIPBOARD_PART_H

#include "core/chan/clipboard.h"
#include "desk/session/clipboard.h"
#include "desk/session/cliptype.h"
#include "desk/session/copied.h"
#include "desk/session/pasted.h"
#include "desk/session/selection.h"

#define SP_CLIP_DESK_COPIED 8 /* lists of files that the client has been given, at a time */
#define SP_CLIP_DESK_READS 2 /* contents of programs that are read for the client, at a time */
#define SP_CLIP_DESK_NAME 64 /* of a target of a program; longer ones are none of ours */

/* A program that waits for a content of the client's. */
struct sp_clip_desk_wait {
	uint32_t want; /* of the selection; 0: free */
	const struct sp_cliptype *type;
	enum sp_clipboard_content content;
};

/* A question of the client's that waits for its turn, or for a program. */
struct sp_clip_desk_ask {
	struct sp_clipboard_event ev; /* DATA_WANTED, SIZE_WANTED, RANGE_WANTED */
	uint32_t read; /* of the selection, under way; 0: waits */
	const char *target; /* static */
};

struct sp_desk_clipboard {
	struct sp_part part;
	struct sp_desk_clipboard_conf conf;
	char *runtime;
	struct sp_selection *selection;
	struct sp_pasted *pasted; /* NULL until files are offered */
	bool no_mount; /* tried in vain */
	struct sp_clipboard *end; /* NULL while there is no client */
	struct sp_port *port;
	struct sp_watch *timer, *greet;
	bool greeted; /* the client has said what it has, or let the time for it pass */
	bool busy; /* events are being taken; whoever adds to them leaves them to the taker */

	/* The client's content for programs. */
	const struct sp_cliptype *type[SP_CLIPTYPE_TARGETS];
	size_t n_types;
	uint32_t theirs; /* contents that types are made of */
	struct sp_clip_desk_wait wait[SP_SELECTION_MAX_WANTS];
	uint32_t fetch[SP_CLIPBOARD_CONTENTS]; /* requests under way, by content; 0: none */

	/* Programs' content for the client. */
	uint32_t ours; /* contents offered to the client */
	enum sp_selection_kind kind; /* which selection they are of */
	char target[SP_SELECTION_MAX_TARGETS][SP_CLIP_DESK_NAME];
	size_t n_targets;
	struct sp_clip_desk_ask ask[2 * SP_CLIPBOARD_ASKS];
	size_t n_asks;
	struct {
		uint32_t offer; /* 0: free */
		struct sp_given *files;
	} copied[SP_CLIP_DESK_COPIED];
	size_t next_copied;
};

/* Takes events, sends messages and sets the timer; does nothing while that is under way. */
void sp_clip_desk_run(struct sp_desk_clipboard *c);

/* ---- clipboard_give.c ---- */
/* The client's content is not the clipboard's any more; who waits for it is refused. */
void sp_clip_desk_forget(struct sp_desk_clipboard *c);
void sp_clip_desk_offered(struct sp_desk_clipboard *c, uint32_t contents);
void sp_clip_desk_wanted(void *user, uint32_t want, size_t target);
/* The answer to a request for data or for files. */
void sp_clip_desk_answered(struct sp_desk_clipboard *c, const struct sp_clipboard_event *ev);
/* The client is gone. */
void sp_clip_desk_give_stop(struct sp_desk_clipboard *c);

/* ---- clipboard_take.c ---- */
void sp_clip_desk_held(
		void *user, enum sp_selection_kind kind, const char *const *targets, size_t n);
void sp_clip_desk_asked(struct sp_desk_clipboard *c, const struct sp_clipboard_event *ev);
/* Does what has its turn now. */
void sp_clip_desk_serve(struct sp_desk_clipboard *c);
void sp_clip_desk_got(void *user, uint32_t id, int rc, struct sp_rcbuf *data, const char *type);
/* The files of an offer are not needed any more. */
void sp_clip_desk_released(struct sp_desk_clipboard *c, uint32_t offer);
void sp_clip_desk_take_stop(struct sp_desk_clipboard *c);

#endif
