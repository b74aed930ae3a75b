/* host/audit/rec_write.c - see rec_write.h. */
#include "host/audit/rec_write.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>
#include <zstd.h>

#include "core/base/mem.h"
#include "host/audit/rec_part.h"

/*
 * Pictures come packed; to try that again costs more than to encrypt. So a piece from the middle is
 * tried first. A segment that time has cut is one of few, and may take the better level.
 */
#define SAMPLE 2048
#define LEVEL_SAMPLE (-1)
#define LEVEL_SLOW 1
#define LEVEL_FULL (-1)
/* Sealed segments that nobody has written yet. */
#define MAX_OUT (4u << 20)

struct sp_rec_writer {
	EVP_CIPHER *cipher;
	EVP_CIPHER_CTX *evp;
	ZSTD_CCtx *zstd;
	uint8_t key[SP_REC_KEY]; /* of XChaCha20 for all its nonces: HChaCha20 of the first half */
	uint8_t chain[SP_REC_HASH];
	uint32_t segments;
	uint64_t us; /* of the last frame */
	uint64_t first_us; /* of the first one that waits */
	bool ended, final;
	struct sp_wr plain, out;
	size_t written; /* of out */
	uint8_t frames[SP_REC_PLAIN_MAX];
	uint8_t packed[SP_REC_PLAIN_MAX];
	uint8_t sample[SAMPLE];
};

static int write_start(struct sp_rec_writer *w, const struct sp_rec_conf *conf,
		const uint8_t key[SP_REC_KEY])
{
	size_t n = SP_REC_START_FIXED + conf->n_auditors * SP_REC_START_EACH;

	sp_wr_put(&w->out, SP_REC_MAGIC, SP_REC_MAGIC_LEN);
	sp_wr_le16(&w->out, SP_REC_VERSION);
	sp_wr_le16(&w->out, (uint16_t)n);
	sp_wr_put(&w->out, conf->id, SP_REC_ID);
	sp_wr_le64(&w->out, conf->wall_us);
	sp_wr_le64(&w->out, conf->mono_us);
	sp_wr_put(&w->out, conf->boot_id, sizeof(conf->boot_id));
	sp_wr_u8(&w->out, (uint8_t)conf->n_auditors);
	for (size_t i = 0; i < conf->n_auditors; i++) {
		uint8_t id[SP_REC_KEY_ID], sealed[SP_REC_SEALED];

		sp_rec_auditor_id(&conf->auditor[i], id);
		if (crypto_box_seal(sealed, key, SP_REC_KEY, conf->auditor[i].pk) != 0) {
			return SP_EARG;
		}
		sp_wr_put(&w->out, id, sizeof(id));
		sp_wr_put(&w->out, sealed, sizeof(sealed));
	}
	if (sp_wr_ok(&w->out) != SP_OK) {
		return sp_wr_ok(&w->out);
	}
	sp_rec_chain_start(w->out.p, w->out.n, w->chain);
	return SP_OK;
}

struct sp_rec_writer *sp_rec_writer_create(const struct sp_rec_conf *conf)
{
	uint8_t key[SP_REC_KEY], nonce[SP_REC_NONCE];

	if (sodium_init() < 0 || !sp_rec_id_good(conf->id) ||
			!(1 <= conf->n_auditors && conf->n_auditors <= SP_REC_MAX_AUDITORS)) {
		return NULL;
	}
	struct sp_rec_writer *w = sp_calloc(1, sizeof(*w));
	if (!w) {
		return NULL;
	}
	sp_wr_fixed(&w->plain, w->frames, sizeof(w->frames));
	sp_wr_init(&w->out, MAX_OUT);
	w->us = conf->mono_us;
	/* Fetched now: whoever writes has no file to open later on. */
	w->cipher = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
	w->evp = EVP_CIPHER_CTX_new();
	w->zstd = ZSTD_createCCtx();
	randombytes_buf(key, sizeof(key));
	sp_rec_nonce(nonce, 0);
	crypto_core_hchacha20(w->key, nonce, key, NULL);
	bool good = w->cipher && w->evp && w->zstd && write_start(w, conf, key) == SP_OK;
	if (good && conf->key) {
		memcpy(conf->key, key, sizeof(key));
	}
	sp_wipe(key, sizeof(key));
	if (!good) {
		sp_rec_writer_destroy(w);
		return NULL;
	}
	return w;
}

void sp_rec_writer_destroy(struct sp_rec_writer *w)
{
	if (!w) {
		return;
	}
	EVP_CIPHER_CTX_free(w->evp);
	EVP_CIPHER_free(w->cipher);
	ZSTD_freeCCtx(w->zstd);
	sp_wr_finish(&w->out);
	sp_freezero(w, sizeof(*w));
}

int sp_rec_writer_add(struct sp_rec_writer *w, const struct sp_rec_frame *f)
{
	if (w->ended) {
		return SP_ESTATE;
	}
	if (!(f->data.n <= SP_REC_MAX_FRAME) || f->kind == SP_REC_NONE) {
		return SP_EARG;
	}
	size_t n = SP_REC_FRAME_HEAD + f->data.n;
	if (w->plain.n > 0 && w->plain.n + n > SP_REC_PLAIN) {
		int rc = sp_rec_writer_cut(w, false);

		if (rc != SP_OK) {
			return rc;
		}
	}
	struct sp_rec_frame timed = *f;
	timed.us = f->us > w->us ? f->us : w->us;
	w->us = timed.us;
	if (w->plain.n == 0) {
		w->first_us = timed.us;
	}
	sp_rec_frame_write(&w->plain, &timed);
	w->ended = f->kind == SP_REC_END;
	return sp_wr_ok(&w->plain);
}

bool sp_rec_writer_waits(const struct sp_rec_writer *w)
{
	return w->plain.n > 0;
}

/* The frames that wait, packed where that is worth it; *flags says so. */
static struct sp_span pack(struct sp_rec_writer *w, uint8_t *flags)
{
	struct sp_span plain = sp_span(w->plain.p, w->plain.n);
	bool full = plain.n > SP_REC_PLAIN / 2;
	int level = full ? LEVEL_FULL : LEVEL_SLOW;

	if (full) {
		size_t n = ZSTD_compressCCtx(w->zstd, w->sample, sizeof(w->sample),
				plain.p + plain.n / 2, SAMPLE, LEVEL_SAMPLE);

		if (ZSTD_isError(n) || n > SAMPLE / 2) {
			return plain;
		}
	}
	/* Room for less than it was: what does not shrink fails early. */
	size_t room = plain.n - plain.n / 16;
	size_t n = room > 0
			? ZSTD_compressCCtx(w->zstd, w->packed, room - 1, plain.p, plain.n, level)
			: 0;
	if (n == 0 || ZSTD_isError(n)) {
		return plain;
	}
	*flags |= SP_REC_FLAG_ZSTD;
	return sp_span(w->packed, n);
}

/*
 * XChaCha20-Poly1305 is ChaCha20-Poly1305 of OpenSSL, which is three times as fast as libsodium's,
 * under a key that w->key is already.
 */
static int seal(struct sp_rec_writer *w, const uint8_t aad[SP_REC_AAD], uint8_t *out,
		struct sp_span in)
{
	uint8_t nonce[SP_REC_NONCE], iv[12] = {0};
	int n;

	sp_rec_nonce(nonce, w->segments);
	memcpy(iv + 4, nonce + 16, 8);
	bool good = EVP_EncryptInit_ex2(w->evp, w->cipher, w->key, iv, NULL) == 1 &&
			EVP_EncryptUpdate(w->evp, NULL, &n, aad, SP_REC_AAD) == 1 &&
			(in.n == 0 || EVP_EncryptUpdate(w->evp, out, &n, in.p, (int)in.n) == 1) &&
			EVP_EncryptFinal_ex(w->evp, out + in.n, &n) == 1 &&
			EVP_CIPHER_CTX_ctrl(
					w->evp, EVP_CTRL_AEAD_GET_TAG, SP_REC_TAG, out + in.n) == 1;
	return good ? SP_OK : SP_EBUG;
}

int sp_rec_writer_cut(struct sp_rec_writer *w, bool final)
{
	uint8_t aad[SP_REC_AAD], head[SP_REC_SEGMENT_HEAD];
	uint8_t flags = final ? SP_REC_FLAG_FINAL : 0;

	if (w->final) {
		return SP_ESTATE;
	}
	if (!final && w->plain.n == 0) {
		return SP_OK;
	}
	if (!(w->segments < SP_REC_MAX_SEGMENTS)) {
		return SP_ELIMIT;
	}
	struct sp_span body = w->plain.n > 0 ? pack(w, &flags) : sp_span(NULL, 0);
	sp_rec_segment_write(head,
			&(struct sp_rec_segment){.index = w->segments,
					.sealed = (uint32_t)(body.n + SP_REC_TAG),
					.plain = (uint32_t)w->plain.n,
					.flags = flags,
					.us = w->plain.n > 0 ? w->first_us : w->us});
	sp_rec_aad(aad, head, w->chain);
	sp_wr_put(&w->out, head, sizeof(head));
	uint8_t *room = sp_wr_room(&w->out, body.n + SP_REC_TAG);
	if (!room) {
		return sp_wr_ok(&w->out);
	}
	int rc = seal(w, aad, room, body);
	if (rc != SP_OK) {
		return sp_wr_fail(&w->out, rc);
	}
	sp_rec_chain_add(w->chain, head, room + body.n);
	sp_wr_reset(&w->plain);
	w->segments++;
	w->final = final;
	w->ended = w->ended || final;
	return SP_OK;
}

struct sp_span sp_rec_writer_out(const struct sp_rec_writer *w)
{
	return sp_span(w->out.p + w->written, w->out.n - w->written);
}

void sp_rec_writer_wrote(struct sp_rec_writer *w, size_t n)
{
	w->written += n <= w->out.n - w->written ? n : w->out.n - w->written;
	if (w->written == w->out.n && sp_wr_ok(&w->out) == SP_OK) {
		sp_wr_reset(&w->out);
		w->written = 0;
	}
}

void sp_rec_writer_head(const struct sp_rec_writer *w, struct sp_rec_head *out)
{
	out->segments = w->segments;
	memcpy(out->hash, w->chain, SP_REC_HASH);
}
