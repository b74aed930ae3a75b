/* host/audit/rec_read.h - reads a recording, also one that still grows, and trusts none of it. */
#ifndef SP_HOST_AUDIT_REC_READ_H
#define SP_HOST_AUDIT_REC_READ_H

#include "host/audit/rec.h"
#include "host/audit/rec_key.h"

struct sp_rec_reader;

/* What stands in clear at a recording's start. */
struct sp_rec_start {
	char id[SP_REC_ID + 1];
	uint64_t wall_us, mono_us; /* the same moment in two clocks */
	uint8_t boot_id[16];
	size_t n_auditors;
	uint8_t auditor[SP_REC_MAX_AUDITORS][SP_REC_KEY_ID];
};

/* Where a frame stands, to come back to: a segment and the offset in its plaintext. */
struct sp_rec_at {
	uint64_t segment;
	uint32_t offset;
};

enum sp_rec_state {
	SP_REC_GROWING, /* whole so far, without an end: still written, or its writer was killed */
	SP_REC_WHOLE, /* the final segment was seen, and nothing stands behind it */
	SP_REC_TORN, /* ends within a segment: as GROWING, or cut off */
	SP_REC_DAMAGED, /* sp_rec_reader_bad() names the first segment that is wrong */
};

/*
 * Reads from fd, which stays the caller's, with pread. key NULL: segments can be counted and their
 * chain computed, but no frame read. SP_EDENIED when the key is none of its auditors',
 * SP_EFIELD or SP_EPROTO when it is no recording, SP_ESYS, SP_ENOMEM.
 */
sp_nodiscard int sp_rec_reader_open(struct sp_rec_reader **out, int fd,
		const struct sp_rec_key *key, char why[SP_REC_WHY]);
/* The same with the recording's own key, for a process that is not to have an auditor's. */
sp_nodiscard int sp_rec_reader_open_with(struct sp_rec_reader **out, int fd,
		const uint8_t key[SP_REC_KEY], char why[SP_REC_WHY]);
/* That key. SP_EDENIED for a reader without one. */
sp_nodiscard int sp_rec_reader_key(const struct sp_rec_reader *r, uint8_t out[SP_REC_KEY]);
/* Wipes what it knew. Accepts NULL. */
void sp_rec_reader_destroy(struct sp_rec_reader *r);
const struct sp_rec_start *sp_rec_reader_start(const struct sp_rec_reader *r);

/*
 * The next frame: 1, and it is valid until the next call; 0 where the file ends for now (ask
 * again later, or sp_rec_reader_state()); or an error, which stays: SP_EAUTH and others,
 * with sp_rec_reader_why().
 */
sp_nodiscard int sp_rec_reader_next(struct sp_rec_reader *r, struct sp_rec_frame *out);
/* Where the frame stands that _next() gave last. */
struct sp_rec_at sp_rec_reader_at(const struct sp_rec_reader *r);
/* _next() goes on with the frame there. SP_ENOTFOUND when there is no such segment yet. */
sp_nodiscard int sp_rec_reader_seek(struct sp_rec_reader *r, struct sp_rec_at at);

/*
 * Walks the headers of all segments there are now, without opening them: how many, and the
 * chain's head. SP_OK also for a file that ends torn; an error where one is damaged.
 */
sp_nodiscard int sp_rec_reader_scan(struct sp_rec_reader *r);
uint64_t sp_rec_reader_segments(const struct sp_rec_reader *r); /* found so far */
uint64_t sp_rec_reader_bytes(
		const struct sp_rec_reader *r); /* of the file, up to the last of them */
/* The chain's head behind that many segments: what the audit log's record.mark has. */
sp_nodiscard int sp_rec_reader_chain(
		const struct sp_rec_reader *r, uint64_t segments, uint8_t out[SP_REC_HASH]);
/* When the first frame of a segment was recorded, as its header says; SP_ENOTFOUND. */
sp_nodiscard int sp_rec_reader_time(const struct sp_rec_reader *r, uint64_t segment, uint64_t *us);
/* Of what was found so far. */
enum sp_rec_state sp_rec_reader_state(const struct sp_rec_reader *r);
/* DAMAGED: the first segment that is wrong, from 0. */
uint64_t sp_rec_reader_bad(const struct sp_rec_reader *r);
/* What is wrong, in words that name the segment; "" for nothing. */
const char *sp_rec_reader_why(const struct sp_rec_reader *r);

#endif
