/* core/chan/clip_track.h - the files that one side of a filtered clipboard has offered, and what was read of them. */
#ifndef SP_CORE_CHAN_CLIP_TRACK_H
#define SP_CORE_CHAN_CLIP_TRACK_H

#include "core/chan/clip.h"
#include "core/chan/clip_files.h"
#include "core/chan/transfer.h"

#define SP_CLIP_TRACK_NAMES (4u << 20) /* bytes of names of one list; later ones have none */
#define SP_CLIP_TRACK_LOCKS 16 /* lists that are locked at a time; the oldest gives way */
#define SP_CLIP_TRACK_OPEN 32 /* files that are read at a time */

struct sp_clip_track_file {
	uint64_t size;
	uint32_t at; /* of its name in the list's */
	uint16_t n; /* bytes of it; 0: not kept */
	bool has_size;
	bool refused; /* for its name */
	bool large; /* larger than the rules let through */
	bool told; /* that it is refused */
};

/* One state of a clipboard with files. Counted: the current one, locks and requests hold it. */
struct sp_clip_track_list {
	uint32_t refs;
	bool known; /* the list itself has passed */
	uint32_t n, cap;
	struct sp_clip_track_file *file;
	struct sp_wr names; /* UTF-16LE */
};

/* One file on its way. */
struct sp_clip_track_open {
	struct sp_clip_track_list *list; /* NULL: the place is free */
	uint32_t index;
	uint64_t n; /* bytes that passed */
	bool in_order; /* from the first one on, and hashed */
	struct sp_sha256 hash;
	uint64_t used; /* when it was read last, as the track counts */
};

struct sp_clip_track {
	const struct sp_crypto *crypto;
	struct sp_transfers *told; /* borrowed */
	enum sp_side to;
	uint64_t limit; /* bytes of a file */
	struct sp_clip_track_list *current; /* NULL: no files */
	struct {
		uint32_t id;
		struct sp_clip_track_list *list;
	} lock[SP_CLIP_TRACK_LOCKS];
	size_t n_locks;
	struct sp_clip_track_open open[SP_CLIP_TRACK_OPEN];
	uint64_t clock;
	/* The list that passes now. */
	struct sp_clip_track_list *passing;
	uint8_t entry[SP_CLIP_FILE_ENTRY];
	size_t entry_n;
	uint32_t left; /* entries of it */
};

void sp_clip_track_init(struct sp_clip_track *t, const struct sp_crypto *crypto,
		struct sp_transfers *told, enum sp_side to, uint64_t limit);
/* Tells what was under way. */
void sp_clip_track_finish(struct sp_clip_track *t);

/* Something new is on the clipboard: with files, or without. */
sp_nodiscard int sp_clip_track_offer(struct sp_clip_track *t, bool files);
sp_nodiscard int sp_clip_track_lock(struct sp_clip_track *t, uint32_t id);
void sp_clip_track_unlock(struct sp_clip_track *t, uint32_t id);

/* A list of n entries begins to pass. */
void sp_clip_track_begin(struct sp_clip_track *t, uint32_t n);
/* More of its entries; they go on into w, those with bad names as others without contents. */
sp_nodiscard int sp_clip_track_entries(
		struct sp_clip_track *t, struct sp_span bytes, struct sp_wr *w);
/* All of it has passed; or it was broken off. */
void sp_clip_track_end(struct sp_clip_track *t, bool whole);

/*
 * A request for contents: the list it means, with a reference that the caller gives back; NULL
 * when it may not pass, which was told.
 */
struct sp_clip_track_list *sp_clip_track_ask(
		struct sp_clip_track *t, const struct sp_clip_file_request *q);
void sp_clip_track_unref(struct sp_clip_track_list *list);

/* What a file's owner says its size is. */
void sp_clip_track_size(struct sp_clip_track *t, struct sp_clip_track_list *list, uint32_t index,
		uint64_t size);
/* Contents from position on begin to pass: n bytes. NULL when that is too much, which was told. */
struct sp_clip_track_open *sp_clip_track_contents(struct sp_clip_track *t,
		struct sp_clip_track_list *list, uint32_t index, uint64_t position, uint32_t n);
void sp_clip_track_data(struct sp_clip_track *t, struct sp_clip_track_open *o, struct sp_span data);
/* All of the piece has passed; end: nothing is behind it. */
void sp_clip_track_piece(struct sp_clip_track *t, struct sp_clip_track_open *o, bool end);
void sp_clip_track_broken(struct sp_clip_track *t, struct sp_clip_track_open *o);

#endif
