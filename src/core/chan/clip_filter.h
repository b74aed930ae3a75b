/* core/chan/clip_filter.h - what of a clipboard passes between two sides, by direction and kind. */
#ifndef SP_CORE_CHAN_CLIP_FILTER_H
#define SP_CORE_CHAN_CLIP_FILTER_H

#include "core/chan/clip.h"
#include "core/chan/clip_track.h"
#include "core/chan/sieve.h"
#include "core/chan/transfer.h"

#define SP_CLIP_DATA_MAX (256u << 20) /* data of one format */
#define SP_CLIP_MAX_FORMATS 256 /* offered at a time; what comes behind is left out */
#define SP_CLIP_MAX_PENDING 256 /* requests without an answer; what comes behind gets none */
#define SP_CLIP_START (SP_CLIP_HEAD + 4) /* what a response is judged by */

enum sp_clip_kind {
	SP_CLIP_TEXT, /* CF_TEXT, CF_OEMTEXT, CF_UNICODETEXT, CF_LOCALE */
	SP_CLIP_FILES, /* FileGroupDescriptorW, and what belongs to it */
	SP_CLIP_PATHS, /* files in other forms, whose names nobody here can judge */
	SP_CLIP_OTHER, /* pictures, HTML and the rest */
};
#define SP_CLIP_KINDS 4

/* in: toward the target. */
struct sp_clip_rules {
	bool text_in, text_out, files_in, files_out;
	bool other; /* both ways; PATHS need it and files in their direction */
	uint64_t limit; /* bytes of data or of a file; 0: none but our own */
};

struct sp_clip_offer {
	uint32_t id;
	enum sp_clip_kind kind;
	bool list; /* FILES: the list itself */
};

struct sp_clip_ask {
	enum sp_clip_kind kind;
	bool list;
	bool refused; /* answered by the filter when its turn comes */
};

struct sp_clip_file_ask {
	struct sp_clip_track_list *list; /* a reference */
	uint32_t stream, index, n;
	uint64_t position;
	bool range;
};

/* What comes from one side: its offers, and what it was asked for. */
struct sp_clip_from {
	struct sp_clip_head head; /* of the message under way, once judged */
	uint32_t general; /* capabilities that were let through */
	bool spoke; /* since the target began */
	struct sp_clip_caps caps; /* if so: the last ones let through */
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
	size_t n_files, file_at; /* file_at: which one is being answered */
	struct sp_clip_track_open *open; /* what of the contents that pass is noted in */
	struct sp_clip_track track;
};

/* The owner embeds it and looks at nothing. */
struct sp_clip_filter {
	struct sp_clip_rules rules;
	struct sp_sieve sieve;
	struct sp_clip_from from[2];
	bool ready; /* the target has said so */
	struct sp_wr work;
	struct sp_transfers told;
};

/* Allocates nothing. */
void sp_clip_filter_init(struct sp_clip_filter *f, const struct sp_clip_rules *rules,
		const struct sp_crypto *crypto);
/* Tells of what is under way, and gives back everything but what was told. Once. */
void sp_clip_filter_stop(struct sp_clip_filter *f);
/* Accepts a zeroed one. */
void sp_clip_filter_finish(struct sp_clip_filter *f);

/*
 * A chunk with its header, as one side sent it; it must stay until sp_clip_filter_next() is false.
 * Never more than a chunk of data is held, or an entry of a list of files. What cannot be read is
 * dropped and the channel goes on with the next message; a request that may not pass is answered
 * with a failure, in its turn. SP_ENOMEM is the only error.
 */
sp_nodiscard int sp_clip_filter_feed(
		struct sp_clip_filter *f, enum sp_side from, struct sp_span chunk);

/* What follows from the last feed, until false. */
bool sp_clip_filter_next(struct sp_clip_filter *f, struct sp_sieve_out *out);
/* Transfers that are over, until false; the oldest ones are lost if nobody asks. */
bool sp_clip_filter_event(struct sp_clip_filter *f, struct sp_transfer *ev);

#endif
