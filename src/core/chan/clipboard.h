/* core/chan/clipboard.h - one end of the clipboard channel, as a server or as a client. */
#ifndef SP_CORE_CHAN_CLIPBOARD_H
#define SP_CORE_CHAN_CLIPBOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rcbuf.h"
#include "core/base/span.h"

/*
 * Whole messages in (feed), whole messages out (out), events (next) until false after every call
 * that takes the time. Content is named by what it is, not by the numbers that each side gives
 * its formats. Its bytes are as on the wire: clip_text.h, clip_html.h, clip_image.h and
 * clip_files.h turn them into what programs have and back.
 *
 * Nothing waits forever: each request of ours ends with exactly one ANSWER, by an answer, a new
 * list, sp_clipboard_stop() or a deadline; each of theirs that we leave lying is refused.
 */
struct sp_clipboard;

/* A set of these is what a clipboard has. */
enum sp_clipboard_content {
	SP_CLIPBOARD_TEXT = 1u << 0, /* CF_UNICODETEXT; also where only CF_TEXT is offered */
	SP_CLIPBOARD_HTML = 1u << 1, /* "HTML Format" */
	SP_CLIPBOARD_RTF = 1u << 2, /* "Rich Text Format" */
	SP_CLIPBOARD_PNG = 1u << 3, /* "PNG", "image/png": the file */
	SP_CLIPBOARD_JPEG = 1u << 4, /* "JFIF", "image/jpeg": the file */
	SP_CLIPBOARD_DIB = 1u << 5, /* CF_DIB */
	SP_CLIPBOARD_DIBV5 = 1u << 6, /* CF_DIBV5 */
	SP_CLIPBOARD_FILES = 1u << 7, /* "FileGroupDescriptorW", contents by file requests */
};
#define SP_CLIPBOARD_CONTENTS 8
#define SP_CLIPBOARD_ANY ((1u << SP_CLIPBOARD_CONTENTS) - 1)

#define SP_CLIPBOARD_DATA_MAX \
	(128u << 20) /* bytes of one content: 50 MB of ASCII are 100 as UTF-16 */
#define SP_CLIPBOARD_MESSAGE_MAX (SP_CLIPBOARD_DATA_MAX + 64) /* for sp_port_conf.max_message */
#define SP_CLIPBOARD_RANGE_MAX (8u << 20) /* bytes of a file that are given at once */
#define SP_CLIPBOARD_REQUESTS 64 /* ours, waiting or under way */
#define SP_CLIPBOARD_FLYING 16 /* of them, for files, with the other side at a time */
#define SP_CLIPBOARD_ASKS 64 /* theirs, of either kind, that wait for us */
#define SP_CLIPBOARD_LOCKS 64 /* held by the other side */
#define SP_CLIPBOARD_DATA_US 60000000 /* until the answer to a data request is there */
#define SP_CLIPBOARD_FILE_US 30000000 /* the same for a file request */

enum sp_clipboard_event_kind {
	SP_CLIPBOARD_READY, /* capabilities are known; what was offered before is sent now */
	SP_CLIPBOARD_OFFER, /* the other side's clipboard has changed: contents; 0 is an empty one */
	SP_CLIPBOARD_ANSWER, /* to a request of ours: request, err; data or size */
	SP_CLIPBOARD_DATA_WANTED, /* ask, offer, contents (one): answer with give or refuse */
	SP_CLIPBOARD_SIZE_WANTED, /* ask, offer, index: give_size or refuse */
	SP_CLIPBOARD_RANGE_WANTED, /* ask, offer, index, position, n: give or refuse */
	SP_CLIPBOARD_RELEASED, /* offer: not the present one and not locked; its files may go */
};

struct sp_clipboard_event {
	enum sp_clipboard_event_kind kind;
	uint32_t contents; /* set of enum sp_clipboard_content */
	uint32_t request; /* ANSWER: as returned by ask_* */
	int err; /* ANSWER: SP_OK, SP_EDENIED (refused), SP_ETIMEOUT, SP_ECLOSED, SP_ESTATE (new
		    list), SP_EFIELD (damaged) */
	struct sp_span data; /* ANSWER: valid as long as the message that was fed */
	uint64_t size; /* ANSWER to a size */
	uint32_t ask;
	uint32_t offer; /* whose: a number that sp_clipboard_offer() returned */
	uint32_t index; /* of the file in the offer's list */
	uint64_t position;
	uint32_t n; /* INVARIANT: n <= SP_CLIPBOARD_RANGE_MAX */
};

/* The server's first messages wait in out() at once. NULL without memory. */
sp_nodiscard struct sp_clipboard *sp_clipboard_create(bool server);
/* Accepts NULL. */
void sp_clipboard_destroy(struct sp_clipboard *c);
/* The channel is gone: every request of ours is answered SP_ECLOSED, every offer released. */
void sp_clipboard_stop(struct sp_clipboard *c);

/*
 * A message that cannot be read, or is none for this side, changes nothing and is SP_OK: the
 * clipboard is no reason to end a connection. SP_ENOMEM is the only error.
 */
sp_nodiscard int sp_clipboard_feed(struct sp_clipboard *c, struct sp_span message, uint64_t now_us);
/* Call at the deadline, or at any time. 0: there is none. */
sp_nodiscard int sp_clipboard_tick(struct sp_clipboard *c, uint64_t now_us);
uint64_t sp_clipboard_deadline(const struct sp_clipboard *c);
bool sp_clipboard_next(struct sp_clipboard *c, struct sp_clipboard_event *ev);
/* The next message to send, with a reference that the caller owns; NULL when there is none. */
sp_nodiscard struct sp_rcbuf *sp_clipboard_out(struct sp_clipboard *c);

/* Both sides can: file lists and their contents; positions behind 2 GiB; locks. From READY on. */
bool sp_clipboard_can_files(const struct sp_clipboard *c);
bool sp_clipboard_can_huge(const struct sp_clipboard *c);
bool sp_clipboard_can_lock(const struct sp_clipboard *c);

/* ---- our content for them ---- */

/*
 * Our clipboard has these contents now, none of them rendered yet; 0: it is empty. Replaces what
 * was offered. *offer (may be NULL) numbers it, never 0; it is known from events.
 */
sp_nodiscard int sp_clipboard_offer(
		struct sp_clipboard *c, uint32_t contents, uint64_t now_us, uint32_t *offer);
/* The other side has said that it knows our last offer, or has let too much time pass for it. */
bool sp_clipboard_settled(const struct sp_clipboard *c);
/*
 * The answer to DATA_WANTED or RANGE_WANTED; a shorter range says that the file ends. SP_ENOTFOUND
 * when the ask is over (deadline, stop), SP_ELIMIT when it is too much (then it is refused).
 */
sp_nodiscard int sp_clipboard_give(struct sp_clipboard *c, uint32_t ask, struct sp_span data);
sp_nodiscard int sp_clipboard_give_size(struct sp_clipboard *c, uint32_t ask, uint64_t size);
sp_nodiscard int sp_clipboard_refuse(struct sp_clipboard *c, uint32_t ask);

/* ---- their content for us ---- */

/* What the other side offers at present. */
uint32_t sp_clipboard_theirs(const struct sp_clipboard *c);
/*
 * Asks for one content; ANSWER follows. Data requests are with the other side one at a time,
 * since their answers have no number. SP_ENOTFOUND when it is not offered, SP_ELIMIT when too
 * many wait. *request is never 0.
 */
sp_nodiscard int sp_clipboard_ask(struct sp_clipboard *c, enum sp_clipboard_content content,
		uint64_t now_us, uint32_t *request);
/*
 * Keeps the files that are offered now reachable when their clipboard changes: *lock is to be
 * given to ask_size and ask_range. Without locks on both sides *lock is 0, which works until the
 * next OFFER. SP_ENOTFOUND when no files are offered.
 */
sp_nodiscard int sp_clipboard_lock(struct sp_clipboard *c, uint32_t *lock);
/* Ignores 0 and what is not held. Ask for nothing under it afterwards. */
void sp_clipboard_unlock(struct sp_clipboard *c, uint32_t lock);
/* SP_ELIMIT also for a position behind 2 GiB without sp_clipboard_can_huge(). n at most RANGE_MAX. */
sp_nodiscard int sp_clipboard_ask_size(struct sp_clipboard *c, uint32_t lock, uint32_t index,
		uint64_t now_us, uint32_t *request);
sp_nodiscard int sp_clipboard_ask_range(struct sp_clipboard *c, uint32_t lock, uint32_t index,
		uint64_t position, uint32_t n, uint64_t now_us, uint32_t *request);
/* No ANSWER follows; what still comes is ignored. */
void sp_clipboard_forget(struct sp_clipboard *c, uint32_t request);

#endif
