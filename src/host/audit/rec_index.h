/* host/audit/rec_index.h - the index beside a recording: what happened when, and key frames to start from. */
#ifndef SP_HOST_AUDIT_REC_INDEX_H
#define SP_HOST_AUDIT_REC_INDEX_H

#include "core/base/wr.h"
#include "host/audit/rec_read.h"

/*
 * A file that only grows: a start in clear, then records, each packed and sealed with a key that
 * is made of the recording's, and bound to its place. It is a cache: what cannot be read is as if
 * it were not there.
 *
 *   start   "SPSPX" CR LF SUB, version 1 (2 bytes), the recording's id (26)
 *   record  kind (1), plain bytes (4), sealed bytes (4), us (8), segment (8), offset (4);
 *           nonce (24); the body packed with zstd, sealed with XChaCha20-Poly1305, tag behind it
 *
 * Numbers are little-endian. The tag also vouches for the record's head, the id, and the record's
 * number in the index (4 bytes, from 0). The key is BLAKE2b of "sallyport recording index", keyed
 * with the recording's.
 */
#define SP_REC_INDEX_STATE (192u << 20) /* most bytes of a record when it is opened */
#define SP_REC_INDEX_MAX 100000u /* records; six hours of a key frame each ten seconds is 2160 */
#define SP_REC_INDEX_TEXT 256

enum sp_rec_index_kind {
	SP_REC_INDEX_NONE,
	SP_REC_INDEX_KEY, /* the state of a replay before the frame at `at` */
	SP_REC_INDEX_SIZE, /* the desktop has another size: width and height, four bytes each */
	SP_REC_INDEX_EVENT, /* kind of the frame, four bytes, and text */
	SP_REC_INDEX_REACHED, /* all of the recording up to here is in the index */
	SP_REC_INDEX_KIND_COUNT
};

struct sp_rec_index_entry {
	uint32_t kind; /* enum sp_rec_index_kind */
	uint64_t us; /* of the last frame that counts for it, in the recording's clock */
	struct sp_rec_at at; /* the frame to go on with */
	/* Where the record's sealed bytes stand, and how many they are, packed and plain. */
	uint64_t offset;
	uint32_t number, sealed, plain;
};

/* ---- write */

struct sp_rec_index_writer;

/* fd is empty, opened for appending, and stays the caller's. The start is written. */
sp_nodiscard int sp_rec_index_create(struct sp_rec_index_writer **out, int fd, const char *id,
		const uint8_t key[SP_REC_KEY]);
/* Wipes the key. Accepts NULL. */
void sp_rec_index_writer_destroy(struct sp_rec_index_writer *w);
/* The file is not to become longer than this; 0: as it may be. */
void sp_rec_index_most(struct sp_rec_index_writer *w, uint64_t bytes);
/*
 * Appends one; SP_ESPACE: it would be too long, SP_ELIMIT, SP_ENOMEM, SP_ESYS. sealed: how many bytes
 * it takes, may be NULL.
 */
sp_nodiscard int sp_rec_index_put(struct sp_rec_index_writer *w, enum sp_rec_index_kind kind,
		uint64_t us, struct sp_rec_at at, struct sp_span body, size_t *sealed);
/* Bytes that were written. */
uint64_t sp_rec_index_bytes(const struct sp_rec_index_writer *w);

/* ---- read */

struct sp_rec_index;

/* fd stays the caller's. SP_EFIELD when it is no index of this recording, SP_ENOMEM. */
sp_nodiscard int sp_rec_index_open(
		struct sp_rec_index **out, int fd, const char *id, const uint8_t key[SP_REC_KEY]);
/* Accepts NULL. */
void sp_rec_index_destroy(struct sp_rec_index *x);
/* Finds what was appended since; nothing else changes. */
void sp_rec_index_refresh(struct sp_rec_index *x);
size_t sp_rec_index_count(const struct sp_rec_index *x);
/* i < count. Valid until the next refresh. */
const struct sp_rec_index_entry *sp_rec_index_entry(const struct sp_rec_index *x, size_t i);
/* The last key frame that is not after us, in front of `before` (count for the last); NULL. */
const struct sp_rec_index_entry *sp_rec_index_key(
		const struct sp_rec_index *x, uint64_t us, size_t before);
/* Its place in the list. */
size_t sp_rec_index_place(const struct sp_rec_index *x, const struct sp_rec_index_entry *e);
/* Appends the record's bytes to out. SP_EAUTH when it was changed, SP_ENOMEM, SP_ESYS. */
sp_nodiscard int sp_rec_index_load(
		struct sp_rec_index *x, const struct sp_rec_index_entry *e, struct sp_wr *out);

#endif
