/* host/audit/rec_read.c - see rec_read.h. */
#include "host/audit/rec_read.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "core/base/mem.h"
#include "host/audit/rec_part.h"
#include "host/io/fdio.h"

/* A segment whose head was read. */
struct found {
	uint64_t at; /* of its head in the file */
	uint64_t us;
	uint32_t sealed, plain;
	uint8_t flags;
	uint8_t before[SP_REC_HASH]; /* the chain in front of it */
};

struct sp_rec_reader {
	int fd;
	bool open; /* key is there */
	uint8_t key[SP_REC_KEY];
	struct sp_rec_start start;
	uint64_t end; /* behind the last segment that was found */
	uint8_t chain[SP_REC_HASH]; /* there */
	struct found *found;
	size_t n, cap;
	enum sp_rec_state state;
	int err; /* DAMAGED, or no memory: stays */
	uint64_t bad;
	char why[SP_REC_WHY];

	ZSTD_DCtx *zstd;
	struct sp_rec_at next, at; /* next: of the frame that follows; at: of the last one */
	uint64_t loaded; /* segment in frames, UINT64_MAX for none */
	uint32_t plain; /* bytes of it */
	uint8_t sealed[SP_REC_PLAIN_MAX + SP_REC_TAG];
	uint8_t packed[SP_REC_PLAIN_MAX];
	uint8_t frames[SP_REC_PLAIN_MAX];
};

static int damaged(struct sp_rec_reader *r, uint64_t segment, int err, const char *text)
{
	r->state = SP_REC_DAMAGED;
	r->bad = segment;
	r->err = err;
	snprintf(r->why, sizeof(r->why), "segment %llu: %s", (unsigned long long)segment, text);
	return err;
}

/* ---- the start ---- */

static int open_box(struct sp_rec_reader *r, struct sp_rd *rd, const struct sp_rec_key *key)
{
	struct sp_rec_auditor who;
	uint8_t id[SP_REC_KEY_ID], box_key[SP_REC_KEY];
	int rc = SP_EDENIED;

	if (key) {
		memcpy(who.pk, key->pk, sizeof(who.pk));
		sp_rec_auditor_id(&who, id);
	}
	for (size_t i = 0; i < r->start.n_auditors; i++) {
		sp_rd_copy(rd, r->start.auditor[i], SP_REC_KEY_ID);
		struct sp_span sealed = sp_rd_span(rd, SP_REC_SEALED);

		if (sp_rd_ok(rd) != SP_OK) {
			return sp_rd_ok(rd);
		}
		if (key && !r->open && memcmp(id, r->start.auditor[i], sizeof(id)) == 0 &&
				crypto_box_seal_open(box_key, sealed.p, sealed.n, key->pk,
						key->sk) == 0) {
			memcpy(r->key, box_key, sizeof(r->key));
			r->open = true;
		}
	}
	sp_wipe(box_key, sizeof(box_key));
	rc = sp_rd_end(rd);
	return rc != SP_OK || !key || r->open ? rc : SP_EDENIED;
}

static int read_start(struct sp_rec_reader *r, const struct sp_rec_key *key)
{
	uint8_t mem[SP_REC_START_MAX];
	struct sp_rd rd;
	int rc = sp_fd_read_at(r->fd, mem, SP_REC_START_FIXED, 0);

	if (rc != SP_OK) {
		return rc;
	}
	sp_rd_init(&rd, mem, SP_REC_START_FIXED);
	struct sp_span magic = sp_rd_span(&rd, SP_REC_MAGIC_LEN);
	uint16_t version = sp_rd_le16(&rd);
	uint16_t n = sp_rd_le16(&rd);
	sp_rd_copy(&rd, r->start.id, SP_REC_ID);
	r->start.wall_us = sp_rd_le64(&rd);
	r->start.mono_us = sp_rd_le64(&rd);
	sp_rd_copy(&rd, r->start.boot_id, sizeof(r->start.boot_id));
	size_t n_auditors = sp_rd_u8(&rd);
	if (sp_rd_ok(&rd) != SP_OK || !sp_span_eq(magic, sp_span(SP_REC_MAGIC, SP_REC_MAGIC_LEN))) {
		return SP_EFIELD;
	}
	if (version != SP_REC_VERSION) {
		return SP_EPROTO;
	}
	if (!(1 <= n_auditors && n_auditors <= SP_REC_MAX_AUDITORS) ||
			n != SP_REC_START_FIXED + n_auditors * SP_REC_START_EACH ||
			!sp_rec_id_good(r->start.id)) {
		return SP_EFIELD;
	}
	r->start.n_auditors = n_auditors;
	rc = sp_fd_read_at(r->fd, mem, n, 0);
	if (rc != SP_OK) {
		return rc;
	}
	sp_rec_chain_start(mem, n, r->chain);
	r->end = n;
	sp_rd_init(&rd, mem + SP_REC_START_FIXED, n - SP_REC_START_FIXED);
	return open_box(r, &rd, key);
}

static const char *start_words(int err)
{
	switch (err) {
	case SP_ESHORT:
		return "ends within its header";
	case SP_EPROTO:
		return "made by a newer version";
	case SP_EDENIED:
		return "sealed for other auditors than this key's";
	case SP_ESYS:
		return strerror(errno);
	default:
		return "not a recording, or its header is damaged";
	}
}

int sp_rec_reader_open_with(struct sp_rec_reader **out, int fd, const uint8_t key[SP_REC_KEY],
		char why[SP_REC_WHY])
{
	int rc = sp_rec_reader_open(out, fd, NULL, why);

	if (rc == SP_OK) {
		memcpy((*out)->key, key, SP_REC_KEY);
		(*out)->open = true;
	}
	return rc;
}

int sp_rec_reader_key(const struct sp_rec_reader *r, uint8_t out[SP_REC_KEY])
{
	if (!r->open) {
		return SP_EDENIED;
	}
	memcpy(out, r->key, SP_REC_KEY);
	return SP_OK;
}

int sp_rec_reader_open(struct sp_rec_reader **out, int fd, const struct sp_rec_key *key,
		char why[SP_REC_WHY])
{
	struct sp_rec_reader *r = sp_calloc(1, sizeof(*r));

	*out = NULL;
	if (r) {
		r->zstd = ZSTD_createDCtx();
	}
	if (!r || !r->zstd || sodium_init() < 0) {
		sp_rec_reader_destroy(r);
		snprintf(why, SP_REC_WHY, "%s", sp_err_text(SP_ENOMEM));
		return SP_ENOMEM;
	}
	r->fd = fd;
	r->loaded = UINT64_MAX;
	int rc = read_start(r, key);
	if (rc != SP_OK) {
		snprintf(why, SP_REC_WHY, "%s", start_words(rc));
		sp_rec_reader_destroy(r);
		return rc == SP_ESHORT ? SP_EFIELD : rc;
	}
	*out = r;
	return SP_OK;
}

void sp_rec_reader_destroy(struct sp_rec_reader *r)
{
	if (!r) {
		return;
	}
	ZSTD_freeDCtx(r->zstd);
	sp_free(r->found);
	sp_freezero(r, sizeof(*r));
}

const struct sp_rec_start *sp_rec_reader_start(const struct sp_rec_reader *r)
{
	return &r->start;
}

/* ---- heads, one after the other ---- */

static int remember(struct sp_rec_reader *r, const struct sp_rec_segment *s)
{
	if (r->n == r->cap) {
		size_t cap = r->cap > 0 ? 2 * r->cap : 64;
		struct found *more = cap <= SP_REC_MAX_SEGMENTS
				? sp_realloc(r->found, cap * sizeof(*more))
				: NULL;

		if (!more) {
			r->err = cap <= SP_REC_MAX_SEGMENTS ? SP_ENOMEM : SP_ELIMIT;
			snprintf(r->why, sizeof(r->why), "%s", sp_err_text(r->err));
			return r->err;
		}
		r->found = more;
		r->cap = cap;
	}
	struct found *f = &r->found[r->n++];
	*f = (struct found){.at = r->end,
			.us = s->us,
			.sealed = s->sealed,
			.plain = s->plain,
			.flags = s->flags};
	memcpy(f->before, r->chain, sizeof(f->before));
	return SP_OK;
}

/* Finds one more: 1, 0 where the file ends for now, or an error. */
static int step(struct sp_rec_reader *r)
{
	uint8_t head[SP_REC_SEGMENT_HEAD], tag[SP_REC_TAG];
	struct sp_rec_segment s;
	struct stat st;

	if (r->err != SP_OK) {
		return r->err;
	}
	if (fstat(r->fd, &st) != 0) {
		return SP_ESYS;
	}
	uint64_t left = (uint64_t)st.st_size > r->end ? (uint64_t)st.st_size - r->end : 0;
	bool whole = r->n > 0 && (r->found[r->n - 1].flags & SP_REC_FLAG_FINAL);
	if ((uint64_t)st.st_size < r->end) {
		return damaged(r, r->n > 0 ? r->n - 1 : 0, SP_ESHORT, "was cut off while read");
	}
	if (whole && left > 0) {
		return damaged(r, r->n, SP_ETRAIL, "stands behind the end");
	}
	if (left < sizeof(head)) {
		r->state = whole ? SP_REC_WHOLE : left > 0 ? SP_REC_TORN : SP_REC_GROWING;
		return 0;
	}
	int rc = sp_fd_read_at(r->fd, head, sizeof(head), r->end);
	if (rc != SP_OK) {
		return rc == SP_ESHORT ? 0 : rc;
	}
	rc = sp_rec_segment_read(head, (uint32_t)r->n, &s);
	if (rc != SP_OK) {
		return damaged(r, r->n, rc, "is not the one that belongs there");
	}
	if (s.us < (r->n > 0 ? r->found[r->n - 1].us : r->start.mono_us)) {
		return damaged(r, r->n, SP_EFIELD, "is older than what stands before it");
	}
	if (left - sizeof(head) < s.sealed) {
		r->state = SP_REC_TORN;
		return 0;
	}
	rc = sp_fd_read_at(r->fd, tag, sizeof(tag), r->end + sizeof(head) + s.sealed - sizeof(tag));
	if (rc != SP_OK) {
		return rc == SP_ESHORT ? 0 : rc;
	}
	rc = remember(r, &s);
	if (rc != SP_OK) {
		return rc;
	}
	sp_rec_chain_add(r->chain, head, tag);
	r->end += sizeof(head) + s.sealed;
	r->state = s.flags & SP_REC_FLAG_FINAL ? SP_REC_WHOLE : SP_REC_GROWING;
	return 1;
}

int sp_rec_reader_scan(struct sp_rec_reader *r)
{
	int rc = 1;

	while (rc > 0) {
		rc = step(r);
	}
	return rc;
}

uint64_t sp_rec_reader_segments(const struct sp_rec_reader *r)
{
	return r->n;
}

uint64_t sp_rec_reader_bytes(const struct sp_rec_reader *r)
{
	return r->end;
}

int sp_rec_reader_chain(const struct sp_rec_reader *r, uint64_t segments, uint8_t out[SP_REC_HASH])
{
	if (segments > r->n) {
		return SP_ENOTFOUND;
	}
	memcpy(out, segments == r->n ? r->chain : r->found[segments].before, SP_REC_HASH);
	return SP_OK;
}

int sp_rec_reader_time(const struct sp_rec_reader *r, uint64_t segment, uint64_t *us)
{
	if (!(segment < r->n)) {
		return SP_ENOTFOUND;
	}
	*us = r->found[segment].us;
	return SP_OK;
}

enum sp_rec_state sp_rec_reader_state(const struct sp_rec_reader *r)
{
	return r->state;
}

uint64_t sp_rec_reader_bad(const struct sp_rec_reader *r)
{
	return r->bad;
}

const char *sp_rec_reader_why(const struct sp_rec_reader *r)
{
	return r->why;
}

/* ---- what is in them ---- */

/* Opens and unpacks a segment that was found. */
static int load(struct sp_rec_reader *r, uint64_t segment)
{
	const struct found *f = &r->found[segment];
	uint8_t head[SP_REC_SEGMENT_HEAD], aad[SP_REC_AAD], nonce[SP_REC_NONCE];
	bool packed = f->flags & SP_REC_FLAG_ZSTD;
	unsigned long long n;

	r->loaded = UINT64_MAX;
	int rc = sp_fd_read_at(r->fd, r->sealed, f->sealed, f->at + sizeof(head));
	if (rc != SP_OK) {
		return rc == SP_ESHORT ? damaged(r, segment, rc, "was cut off while read") : rc;
	}
	sp_rec_segment_write(head,
			&(struct sp_rec_segment){.index = (uint32_t)segment,
					.sealed = f->sealed,
					.plain = f->plain,
					.flags = f->flags,
					.us = f->us});
	sp_rec_aad(aad, head, f->before);
	sp_rec_nonce(nonce, (uint32_t)segment);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(packed ? r->packed : r->frames, &n, NULL,
			    r->sealed, f->sealed, aad, sizeof(aad), nonce, r->key) != 0) {
		return damaged(r, segment, SP_EAUTH, "was changed, or what stands before it was");
	}
	if (packed) {
		/* Nothing but these bytes of room: a bomb has nowhere to go. */
		size_t got = ZSTD_decompressDCtx(
				r->zstd, r->frames, sizeof(r->frames), r->packed, (size_t)n);
		n = ZSTD_isError(got) ? 0 : got;
	}
	if (n != f->plain) {
		return damaged(r, segment, SP_EFIELD, "cannot be unpacked");
	}
	r->loaded = segment;
	r->plain = f->plain;
	return SP_OK;
}

int sp_rec_reader_next(struct sp_rec_reader *r, struct sp_rec_frame *out)
{
	struct sp_rd rd;

	if (!r->open) {
		return SP_EDENIED;
	}
	for (;;) {
		if (r->next.segment >= r->n) {
			int rc = step(r);

			if (rc <= 0) {
				return rc;
			}
		}
		if (r->loaded != r->next.segment) {
			/* A segment that is wrong hides those behind it, whatever else is. */
			int rc = r->err != SP_OK && r->next.segment >= r->bad
					? r->err
					: load(r, r->next.segment);

			if (rc != SP_OK) {
				return rc;
			}
		}
		if (r->next.offset < r->plain) {
			break;
		}
		r->next = (struct sp_rec_at){.segment = r->next.segment + 1};
	}
	sp_rd_init(&rd, r->frames + r->next.offset, r->plain - r->next.offset);
	int rc = sp_rec_frame_read(&rd, out);
	if (rc != SP_OK) {
		return damaged(r, r->next.segment, rc, "holds something that is no frame");
	}
	r->at = r->next;
	r->next.offset += (uint32_t)sp_rd_at(&rd);
	return 1;
}

struct sp_rec_at sp_rec_reader_at(const struct sp_rec_reader *r)
{
	return r->at;
}

int sp_rec_reader_seek(struct sp_rec_reader *r, struct sp_rec_at at)
{
	while (at.segment >= r->n) {
		int rc = step(r);

		if (rc <= 0) {
			return rc < 0 ? rc : SP_ENOTFOUND;
		}
	}
	if (!(at.offset <= r->found[at.segment].plain)) {
		return SP_ENOTFOUND;
	}
	r->next = at;
	return SP_OK;
}
