/* host/audit/rec_index.c - see rec_index.h. */
#include "host/audit/rec_index.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/base/rd.h"
#include "host/io/fdio.h"

#define MAGIC "SPSPX\r\n\x1a"
#define MAGIC_LEN 8
#define VERSION 1
#define START (MAGIC_LEN + 2 + SP_REC_ID)
/* kind, plain, sealed, us, segment, offset */
#define HEAD (1 + 4 + 4 + 8 + 8 + 4)
#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG crypto_aead_xchacha20poly1305_ietf_ABYTES
#define AAD (HEAD + SP_REC_ID + 4)
#define LEVEL 3

_Static_assert(NONCE == 24 && TAG == 16 &&
				crypto_aead_xchacha20poly1305_ietf_KEYBYTES == SP_REC_KEY,
		"sizes of the file format");

/* Not the recording's own: two ciphers must not share a key and perhaps a nonce. */
static void derive(uint8_t out[SP_REC_KEY], const uint8_t key[SP_REC_KEY])
{
	static const uint8_t purpose[] = "sallyport recording index";

	crypto_generichash(out, SP_REC_KEY, purpose, sizeof(purpose) - 1, key, SP_REC_KEY);
}

static void write_start(uint8_t out[START], const char *id)
{
	struct sp_wr w;

	sp_wr_fixed(&w, out, START);
	sp_wr_put(&w, MAGIC, MAGIC_LEN);
	sp_wr_le16(&w, VERSION);
	sp_wr_put(&w, id, SP_REC_ID);
}

static void write_head(uint8_t out[HEAD], const struct sp_rec_index_entry *e)
{
	struct sp_wr w;

	sp_wr_fixed(&w, out, HEAD);
	sp_wr_u8(&w, (uint8_t)e->kind);
	sp_wr_le32(&w, e->plain);
	sp_wr_le32(&w, e->sealed);
	sp_wr_le64(&w, e->us);
	sp_wr_le64(&w, e->at.segment);
	sp_wr_le32(&w, e->at.offset);
}

/* What the tag vouches for beside the bytes: the head, the recording, and the place in the index. */
static void write_aad(uint8_t out[AAD], const struct sp_rec_index_entry *e, const char *id)
{
	struct sp_wr w;

	write_head(out, e);
	sp_wr_fixed(&w, out + HEAD, AAD - HEAD);
	sp_wr_put(&w, id, SP_REC_ID);
	sp_wr_le32(&w, e->number);
}

/* ---- write ---- */

struct sp_rec_index_writer {
	int fd;
	char id[SP_REC_ID + 1];
	uint8_t key[SP_REC_KEY];
	uint32_t number;
	uint64_t bytes, most;
	ZSTD_CCtx *zstd;
};

static int append(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t got = write(fd, p, n);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got <= 0) {
			return SP_ESYS;
		}
		p += got;
		n -= (size_t)got;
	}
	return SP_OK;
}

int sp_rec_index_create(struct sp_rec_index_writer **out, int fd, const char *id,
		const uint8_t key[SP_REC_KEY])
{
	struct sp_rec_index_writer *w = sp_calloc(1, sizeof(*w));
	uint8_t start[START];

	*out = NULL;
	if (!w || sodium_init() < 0 || strlen(id) != SP_REC_ID) {
		sp_free(w);
		return w ? SP_EARG : SP_ENOMEM;
	}
	w->zstd = ZSTD_createCCtx();
	w->fd = fd;
	memcpy(w->id, id, SP_REC_ID);
	derive(w->key, key);
	write_start(start, id);
	int rc = w->zstd ? append(fd, start, sizeof(start)) : SP_ENOMEM;
	if (rc != SP_OK) {
		sp_rec_index_writer_destroy(w);
		return rc;
	}
	w->bytes = sizeof(start);
	*out = w;
	return SP_OK;
}

void sp_rec_index_most(struct sp_rec_index_writer *w, uint64_t bytes)
{
	w->most = bytes;
}

uint64_t sp_rec_index_bytes(const struct sp_rec_index_writer *w)
{
	return w->bytes;
}

void sp_rec_index_writer_destroy(struct sp_rec_index_writer *w)
{
	if (w) {
		ZSTD_freeCCtx(w->zstd);
		sp_freezero(w, sizeof(*w));
	}
}

int sp_rec_index_put(struct sp_rec_index_writer *w, enum sp_rec_index_kind kind, uint64_t us,
		struct sp_rec_at at, struct sp_span body, size_t *sealed)
{
	struct sp_rec_index_entry e = {.kind = kind, .us = us, .at = at, .number = w->number};
	uint8_t aad[AAD];
	unsigned long long n;

	if (!(body.n <= SP_REC_INDEX_STATE && w->number < SP_REC_INDEX_MAX)) {
		return SP_ELIMIT;
	}
	size_t room = ZSTD_compressBound(body.n);
	uint8_t *mem = sp_malloc(HEAD + NONCE + room + TAG);
	if (!mem) {
		return SP_ENOMEM;
	}
	uint8_t *bytes = mem + HEAD + NONCE;
	size_t packed = ZSTD_compressCCtx(w->zstd, bytes, room, body.p, body.n, LEVEL);
	int rc = ZSTD_isError(packed) ? SP_ENOMEM : SP_OK;
	if (rc == SP_OK) {
		e.plain = (uint32_t)body.n;
		e.sealed = (uint32_t)(packed + TAG);
		rc = w->most == 0 || w->bytes + HEAD + NONCE + e.sealed <= w->most ? SP_OK
										   : SP_ESPACE;
	}
	if (rc == SP_OK) {
		write_head(mem, &e);
		write_aad(aad, &e, w->id);
		randombytes_buf(mem + HEAD, NONCE);
		crypto_aead_xchacha20poly1305_ietf_encrypt(bytes, &n, bytes, packed, aad,
				sizeof(aad), NULL, mem + HEAD, w->key);
		rc = append(w->fd, mem, HEAD + NONCE + e.sealed);
		w->number++;
		w->bytes += HEAD + NONCE + e.sealed;
	}
	if (sealed) {
		*sealed = HEAD + NONCE + e.sealed;
	}
	sp_free(mem);
	return rc;
}

/* ---- read ---- */

struct sp_rec_index {
	int fd;
	char id[SP_REC_ID + 1];
	uint8_t key[SP_REC_KEY];
	struct sp_rec_index_entry *entry;
	size_t n, cap;
	uint64_t end; /* behind the last whole record */
	bool bad; /* what follows is none */
	ZSTD_DCtx *zstd;
};

int sp_rec_index_open(
		struct sp_rec_index **out, int fd, const char *id, const uint8_t key[SP_REC_KEY])
{
	struct sp_rec_index *x = sp_calloc(1, sizeof(*x));
	uint8_t start[START], want[START];

	*out = NULL;
	if (!x || sodium_init() < 0) {
		sp_free(x);
		return SP_ENOMEM;
	}
	x->fd = fd;
	memcpy(x->id, id, strnlen(id, SP_REC_ID));
	derive(x->key, key);
	x->zstd = ZSTD_createDCtx();
	write_start(want, x->id);
	int rc = x->zstd ? sp_fd_read_at(fd, start, sizeof(start), 0) : SP_ENOMEM;
	if (rc == SP_OK && memcmp(start, want, sizeof(start)) != 0) {
		rc = SP_EFIELD;
	}
	if (rc != SP_OK) {
		sp_rec_index_destroy(x);
		return rc == SP_ESHORT ? SP_EFIELD : rc;
	}
	x->end = START;
	sp_rec_index_refresh(x);
	*out = x;
	return SP_OK;
}

void sp_rec_index_destroy(struct sp_rec_index *x)
{
	if (x) {
		ZSTD_freeDCtx(x->zstd);
		sp_free(x->entry);
		sp_freezero(x, sizeof(*x));
	}
}

static bool remember(struct sp_rec_index *x, const struct sp_rec_index_entry *e)
{
	if (x->n == x->cap) {
		size_t cap = x->cap ? 2 * x->cap : 256;
		struct sp_rec_index_entry *more = sp_realloc(x->entry, cap * sizeof(*more));

		if (!more) {
			return false;
		}
		x->entry = more;
		x->cap = cap;
	}
	x->entry[x->n++] = *e;
	return true;
}

/* One more record, if it is there as a whole. */
static bool step(struct sp_rec_index *x, uint64_t size)
{
	struct sp_rec_index_entry e = {.number = (uint32_t)x->n};
	uint8_t head[HEAD];
	struct sp_rd r;

	if (x->bad || !(x->n < SP_REC_INDEX_MAX) || size - x->end < HEAD + NONCE ||
			sp_fd_read_at(x->fd, head, sizeof(head), x->end) != SP_OK) {
		return false;
	}
	sp_rd_init(&r, head, sizeof(head));
	e.kind = sp_rd_u8(&r);
	e.plain = sp_rd_le32(&r);
	e.sealed = sp_rd_le32(&r);
	e.us = sp_rd_le64(&r);
	e.at.segment = sp_rd_le64(&r);
	e.at.offset = sp_rd_le32(&r);
	e.offset = x->end + HEAD;
	if (!(SP_REC_INDEX_NONE < e.kind && e.kind < SP_REC_INDEX_KIND_COUNT &&
			    e.plain <= SP_REC_INDEX_STATE && TAG <= e.sealed &&
			    e.sealed - TAG <= ZSTD_compressBound(e.plain) &&
			    (x->n == 0 || x->entry[x->n - 1].us <= e.us))) {
		x->bad = true;
		return false;
	}
	if (size - e.offset < NONCE + (uint64_t)e.sealed || !remember(x, &e)) {
		return false;
	}
	x->end = e.offset + NONCE + e.sealed;
	return true;
}

void sp_rec_index_refresh(struct sp_rec_index *x)
{
	struct stat st;

	if (fstat(x->fd, &st) != 0 || (uint64_t)st.st_size < x->end) {
		return;
	}
	while (step(x, (uint64_t)st.st_size)) {
	}
}

size_t sp_rec_index_count(const struct sp_rec_index *x)
{
	return x->n;
}

const struct sp_rec_index_entry *sp_rec_index_entry(const struct sp_rec_index *x, size_t i)
{
	return &x->entry[i];
}

const struct sp_rec_index_entry *sp_rec_index_key(
		const struct sp_rec_index *x, uint64_t us, size_t before)
{
	for (size_t i = before < x->n ? before : x->n; i > 0; i--) {
		if (x->entry[i - 1].kind == SP_REC_INDEX_KEY && x->entry[i - 1].us <= us) {
			return &x->entry[i - 1];
		}
	}
	return NULL;
}

size_t sp_rec_index_place(const struct sp_rec_index *x, const struct sp_rec_index_entry *e)
{
	return (size_t)(e - x->entry);
}

int sp_rec_index_load(struct sp_rec_index *x, const struct sp_rec_index_entry *e, struct sp_wr *out)
{
	uint8_t *mem = sp_malloc(NONCE + (size_t)e->sealed), aad[AAD];
	unsigned long long n;

	if (!mem) {
		return SP_ENOMEM;
	}
	int rc = sp_fd_read_at(x->fd, mem, NONCE + (size_t)e->sealed, e->offset);
	uint8_t *bytes = mem + NONCE;
	write_aad(aad, e, x->id);
	if (rc == SP_OK &&
			crypto_aead_xchacha20poly1305_ietf_decrypt(bytes, &n, NULL, bytes,
					e->sealed, aad, sizeof(aad), mem, x->key) != 0) {
		rc = SP_EAUTH;
	}
	uint8_t *room = rc == SP_OK ? sp_wr_room(out, e->plain) : NULL;
	if (rc == SP_OK && e->plain > 0) {
		/* So much and no more, whatever is in it. */
		size_t got = room ? ZSTD_decompressDCtx(x->zstd, room, e->plain, bytes, (size_t)n)
				  : 0;

		rc = !room ? SP_ENOMEM : ZSTD_isError(got) || got != e->plain ? SP_ECODEC : SP_OK;
	}
	sp_free(mem);
	return rc;
}
