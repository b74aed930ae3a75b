/* host/audit/rec_part.c - see rec_part.h. */
#include "host/audit/rec_part.h"

#include <sodium.h>
#include <string.h>

void sp_rec_segment_write(uint8_t out[SP_REC_SEGMENT_HEAD], const struct sp_rec_segment *in)
{
	struct sp_wr w;

	sp_wr_fixed(&w, out, SP_REC_SEGMENT_HEAD);
	sp_wr_le32(&w, in->index);
	sp_wr_le32(&w, in->sealed);
	sp_wr_le32(&w, in->plain);
	sp_wr_u8(&w, in->flags);
	sp_wr_zero(&w, 3);
	sp_wr_le64(&w, in->us);
}

int sp_rec_segment_read(
		const uint8_t in[SP_REC_SEGMENT_HEAD], uint32_t index, struct sp_rec_segment *out)
{
	struct sp_rd r;

	sp_rd_init(&r, in, SP_REC_SEGMENT_HEAD);
	out->index = sp_rd_le32(&r);
	out->sealed = sp_rd_le32(&r);
	out->plain = sp_rd_le32(&r);
	out->flags = sp_rd_u8(&r);
	uint32_t zero = sp_rd_le16(&r);
	zero |= sp_rd_u8(&r);
	out->us = sp_rd_le64(&r);
	int rc = sp_rd_end(&r);
	if (rc != SP_OK) {
		return rc;
	}
	if (out->index != index || zero != 0 || (out->flags & ~SP_REC_FLAG_ALL)) {
		return SP_EFIELD;
	}
	if (!(out->plain <= SP_REC_PLAIN_MAX && SP_REC_TAG <= out->sealed &&
			    out->sealed <= SP_REC_PLAIN_MAX + SP_REC_TAG)) {
		return SP_ELIMIT;
	}
	/* What is packed is smaller, what is not has its own length, and only the end is empty. */
	bool packed = out->flags & SP_REC_FLAG_ZSTD, final = out->flags & SP_REC_FLAG_FINAL;
	uint32_t n = out->sealed - SP_REC_TAG;
	return (packed ? n < out->plain : n == out->plain) && (final || n > 0) ? SP_OK : SP_EFIELD;
}

void sp_rec_chain_start(const uint8_t *start, size_t n, uint8_t out[SP_REC_HASH])
{
	crypto_hash_sha256(out, start, n);
}

void sp_rec_chain_add(uint8_t chain[SP_REC_HASH], const uint8_t head[SP_REC_SEGMENT_HEAD],
		const uint8_t tag[SP_REC_TAG])
{
	uint8_t all[SP_REC_HASH + SP_REC_SEGMENT_HEAD + SP_REC_TAG];

	memcpy(all, chain, SP_REC_HASH);
	memcpy(all + SP_REC_HASH, head, SP_REC_SEGMENT_HEAD);
	memcpy(all + SP_REC_HASH + SP_REC_SEGMENT_HEAD, tag, SP_REC_TAG);
	crypto_hash_sha256(chain, all, sizeof(all));
}

void sp_rec_aad(uint8_t out[SP_REC_AAD], const uint8_t head[SP_REC_SEGMENT_HEAD],
		const uint8_t chain[SP_REC_HASH])
{
	memcpy(out, head, SP_REC_SEGMENT_HEAD);
	memcpy(out + SP_REC_SEGMENT_HEAD, chain, SP_REC_HASH);
}

void sp_rec_nonce(uint8_t out[SP_REC_NONCE], uint32_t index)
{
	struct sp_wr w;

	sp_wr_fixed(&w, out, SP_REC_NONCE);
	sp_wr_zero(&w, 16);
	sp_wr_le64(&w, index);
}
