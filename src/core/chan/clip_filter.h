/* core/chan/clip_filter.h - what of a clipboard passes between two sides, by direction and kind. */
#ifndef SP_CORE_CHAN_CLIP_FILTER_H
#define SP_CORE_CHAN_CLIP_FILTER_H

#include "core/chan/clip.h"

#define SP_CLIP_SMALL_MAX (64u << 10) /* messages that are put together: all but data */
#define SP_CLIP_DATA_MAX (64u << 20) /* data of one format */
#define SP_CLIP_MAX_FORMATS 256 /* offered at a time; what comes behind is left out */
#define SP_CLIP_MAX_PENDING 256 /* requests without an answer; what comes behind gets none */
#define SP_CLIP_MAX_EVENTS 16
#define SP_CLIP_START (SP_CLIP_HEAD + 4) /* what a response is judged by */

enum sp_clip_side {
	SP_CLIP_CLIENT,
	SP_CLIP_TARGET,
};

enum sp_clip_kind {
	SP_CLIP_TEXT, /* CF_TEXT, CF_OEMTEXT, CF_UNICODETEXT, CF_LOCALE */
	SP_CLIP_FILES, /* lists of files, in any form, and their contents */
	SP_CLIP_OTHER, /* pictures, HTML and the rest */
};
#define SP_CLIP_KINDS 3

/* in: toward the target. */
struct sp_clip_rules {
	bool text_in, text_out, files_in, files_out;
	bool other; /* both ways */
};

enum sp_clip_verdict {
	SP_CLIP_PASSED,
	SP_CLIP_REFUSED, /* by the rules; n is 0 */
	SP_CLIP_TOO_LARGE, /* n is what it claimed */
	SP_CLIP_DAMAGED, /* ended early, or contradicts itself */
};

/* One transfer: data of one format, or the contents of one file. */
struct sp_clip_event {
	enum sp_clip_side to;
	enum sp_clip_kind kind;
	enum sp_clip_verdict verdict;
	uint64_t n; /* bytes */
};

/* What becomes of the chunks of the message under way. */
enum sp_clip_mode {
	SP_CLIP_WAIT_FIRST,
	SP_CLIP_WAIT_START, /* too little of it is there to judge */
	SP_CLIP_GATHER,
	SP_CLIP_STREAM,
	SP_CLIP_SKIP,
};

struct sp_clip_offer {
	uint32_t id;
	enum sp_clip_kind kind;
};

struct sp_clip_ask {
	enum sp_clip_kind kind;
	bool refused; /* answered by the filter when its turn comes */
};

struct sp_clip_file_ask {
	uint32_t stream, index, n;
	bool range;
};

/* What comes from one side: its messages, its offers, and what it was asked for. */
struct sp_clip_from {
	enum sp_clip_mode mode;
	uint32_t total, done; /* bytes of the message */
	uint32_t show; /* SP_SVC_SHOW_PROTOCOL where its chunks have it */
	uint8_t start[SP_CLIP_START];
	size_t start_n;
	struct sp_clip_head head; /* once judged */
	struct sp_wr data; /* GATHER: the message */

	uint32_t general; /* capabilities that were let through */
	struct sp_clip_offer offer[SP_CLIP_MAX_FORMATS];
	size_t n_offers; /* INVARIANT: n_offers <= SP_CLIP_MAX_FORMATS */
	bool listed; /* a list of it has been forwarded; a client's first one says that it is ready */
	bool standing; /* the other side has it for its clipboard's content */
	bool files; /* has offered files; they may be locked since */
	size_t lists; /* forwarded without a response yet */

	/* INVARIANT: the first one is not refused. */
	struct sp_clip_ask ask[SP_CLIP_MAX_PENDING];
	size_t ask_at, n_asks;
	struct sp_clip_file_ask file[SP_CLIP_MAX_PENDING];
	size_t n_files, file_at; /* file_at: which one is being answered, in STREAM */
	uint32_t index; /* of the file whose contents pass */
	uint64_t contents; /* bytes of it, not told yet */

	struct sp_wr later; /* messages for the other side that may not cut into a STREAM */
};

/* The owner embeds it and looks at nothing. */
struct sp_clip_filter {
	struct sp_clip_rules rules;
	struct sp_clip_from from[2];
	struct sp_wr out, work;
	size_t out_at;
	struct sp_clip_event event[SP_CLIP_MAX_EVENTS];
	size_t event_at, n_events;
};

/* Allocates nothing. */
void sp_clip_filter_init(struct sp_clip_filter *f, const struct sp_clip_rules *rules);
/* Accepts a zeroed one. */
void sp_clip_filter_finish(struct sp_clip_filter *f);

/*
 * A chunk with its header, as one side sent it. Never more than a chunk of data is held. What
 * cannot be read is dropped and the channel goes on with the next message; a request that may not
 * pass is answered with a failure, in its turn. SP_ENOMEM is the only error.
 */
sp_nodiscard int sp_clip_filter_feed(
		struct sp_clip_filter *f, enum sp_clip_side from, struct sp_span chunk);

struct sp_clip_out {
	enum sp_clip_side to;
	struct sp_span chunk; /* with its header; valid until the next feed */
};

/* What follows from the last feed, until false. */
bool sp_clip_filter_next(struct sp_clip_filter *f, struct sp_clip_out *out);
/* Transfers that are over, until false; the oldest ones are lost if nobody asks. */
bool sp_clip_filter_event(struct sp_clip_filter *f, struct sp_clip_event *ev);

#endif
