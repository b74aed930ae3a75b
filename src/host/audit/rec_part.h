/* host/audit/rec_part.h - what writer and reader of recordings share; private to this folder. */
#ifndef SP_HOST_AUDIT_REC_PART_H
#define SP_HOST_AUDIT_REC_PART_H

#include "host/audit/rec.h"
#include "host/audit/rec_key.h"

#define SP_REC_MAGIC "SPREC\r\n\x1a"
#define SP_REC_MAGIC_LEN 8
#define SP_REC_VERSION 1
#define SP_REC_SEALED 80 /* the recording's key in a sealed box of libsodium */
#define SP_REC_NONCE 24
/* magic, version, length, id, wall, mono, boot id, count; then key id and sealed key of each */
#define SP_REC_START_FIXED (8 + 2 + 2 + SP_REC_ID + 8 + 8 + 16 + 1)
#define SP_REC_START_EACH (SP_REC_KEY_ID + SP_REC_SEALED)
#define SP_REC_START_MAX (SP_REC_START_FIXED + SP_REC_MAX_AUDITORS * SP_REC_START_EACH)
/* Four million: six weeks of a segment each second. */
#define SP_REC_MAX_SEGMENTS (1u << 22)

enum sp_rec_flag {
	SP_REC_FLAG_ZSTD = 1u << 0,
	SP_REC_FLAG_FINAL = 1u << 1,
	SP_REC_FLAG_ALL = (1u << 2) - 1,
};

/* A segment's head; all of it is authenticated. */
struct sp_rec_segment {
	uint32_t index; /* from 0 */
	uint32_t sealed; /* bytes that follow, with the tag */
	uint32_t plain; /* bytes of frames in it */
	uint8_t flags;
	uint64_t us; /* of its first frame; of the one before when it is empty */
};

void sp_rec_segment_write(uint8_t out[SP_REC_SEGMENT_HEAD], const struct sp_rec_segment *in);
/* SP_EFIELD, SP_ELIMIT: not the head of segment number index. */
sp_nodiscard int sp_rec_segment_read(
		const uint8_t in[SP_REC_SEGMENT_HEAD], uint32_t index, struct sp_rec_segment *out);

/* The chain's head in front of segment 0. */
void sp_rec_chain_start(const uint8_t *start, size_t n, uint8_t out[SP_REC_HASH]);
/* chain becomes SHA-256(chain || head || tag). */
void sp_rec_chain_add(uint8_t chain[SP_REC_HASH], const uint8_t head[SP_REC_SEGMENT_HEAD],
		const uint8_t tag[SP_REC_TAG]);

/* What a segment's tag vouches for beside its bytes: the head, and the chain in front of it. */
#define SP_REC_AAD (SP_REC_SEGMENT_HEAD + SP_REC_HASH)
void sp_rec_aad(uint8_t out[SP_REC_AAD], const uint8_t head[SP_REC_SEGMENT_HEAD],
		const uint8_t chain[SP_REC_HASH]);
/* 16 zero bytes, which are the same for all segments, then 8 for the segment. */
void sp_rec_nonce(uint8_t out[SP_REC_NONCE], uint32_t index);

#endif
