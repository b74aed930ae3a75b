/* host/audit/rec_write.h - makes a recording: frames in, bytes of the file out. */
#ifndef SP_HOST_AUDIT_REC_WRITE_H
#define SP_HOST_AUDIT_REC_WRITE_H

#include "host/audit/rec.h"
#include "host/audit/rec_key.h"

struct sp_rec_writer;

struct sp_rec_conf {
	char id[SP_REC_ID + 1];
	uint64_t wall_us; /* since 1970 */
	uint64_t mono_us; /* the same moment in the clock of the frames */
	uint8_t boot_id[16];
	size_t n_auditors; /* INVARIANT: 1..SP_REC_MAX_AUDITORS */
	struct sp_rec_auditor auditor[SP_REC_MAX_AUDITORS];
	/* SP_REC_KEY bytes: the recording's key goes here, its owner's to wipe. NULL: to nobody. */
	uint8_t *key;
};

/*
 * Makes the recording's key, which nobody but the auditors will know, and whom the conf names, and
 * the file's header, which is the first thing that comes out. NULL without memory, or for an id that is none.
 */
sp_nodiscard struct sp_rec_writer *sp_rec_writer_create(const struct sp_rec_conf *conf);
/* Wipes the key. Accepts NULL. */
void sp_rec_writer_destroy(struct sp_rec_writer *w);

/* Takes a frame; cuts a segment where it would not fit. SP_ELIMIT, SP_ENOMEM, SP_ESTATE (after END). */
sp_nodiscard int sp_rec_writer_add(struct sp_rec_writer *w, const struct sp_rec_frame *f);
/* Frames wait that are in no segment yet. */
bool sp_rec_writer_waits(const struct sp_rec_writer *w);
/* Seals what waits into a segment; the final one may be empty, and nothing follows it. */
sp_nodiscard int sp_rec_writer_cut(struct sp_rec_writer *w, bool final);
/* Bytes that are to be appended to the file; valid until the next call but _wrote(). */
struct sp_span sp_rec_writer_out(const struct sp_rec_writer *w);
/* So many of them are in the file. */
void sp_rec_writer_wrote(struct sp_rec_writer *w, size_t n);

/* Segments so far, and the chain's head behind the last of them. */
struct sp_rec_head {
	uint64_t segments;
	uint8_t hash[SP_REC_HASH];
};

void sp_rec_writer_head(const struct sp_rec_writer *w, struct sp_rec_head *out);

#endif
