/* gate/scribe/recorder.c - see recorder.h. */
#include "gate/scribe/recorder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"

#define ROOM (3 * (SP_REC_STREAM_HEAD + SP_REC_MAX_FRAME))

struct sp_recorder {
	int file;
	struct sp_rec_writer *w;
	/* What is in the file as a whole: what was only begun is not. */
	uint64_t bytes;
	struct sp_rec_head head;
	uint64_t written; /* with what was begun */
	uint64_t cut_us, sync_us, head_us; /* when each is due; 0: nothing to do */
	uint64_t behind_us; /* when the first of what is not on disk came; 0: all is */
	uint64_t landed_us; /* the same of what got there last; 0: that was told */
	bool told; /* the head of what is on disk is to be fetched */
	bool any; /* something came */
	bool said_end;
	size_t n; /* bytes in `in`: less than a frame */
	uint8_t in[ROOM];
};

static void due(uint64_t *at, uint64_t when_us)
{
	if (*at == 0) {
		*at = when_us;
	}
}

/* What the writer has made goes into the file: where that ends halfway, the next call goes on there. */
static int write_out(struct sp_recorder *r, uint64_t now_us)
{
	struct sp_span s = sp_rec_writer_out(r->w);

	if (s.n == 0) {
		return SP_OK;
	}
	while (s.n > 0) {
		ssize_t n = write(r->file, s.p, s.n);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return SP_ESYS;
		}
		r->written += (uint64_t)n;
		sp_rec_writer_wrote(r->w, (size_t)n);
		s = sp_rec_writer_out(r->w);
	}
	r->bytes = r->written;
	sp_rec_writer_head(r->w, &r->head);
	due(&r->sync_us, now_us + SP_RECORDER_CUT_US);
	due(&r->head_us, now_us + SP_RECORDER_HEAD_US);
	return SP_OK;
}

/* What waits to be cut is not in the file: it stays behind. */
static int to_disk(struct sp_recorder *r)
{
	r->sync_us = 0;
	if (fdatasync(r->file) != 0) {
		return SP_ESYS;
	}
	r->landed_us = r->landed_us != 0 ? r->landed_us : r->behind_us;
	r->behind_us = r->cut_us != 0 ? r->cut_us - SP_RECORDER_CUT_US : 0;
	return SP_OK;
}

static int cut(struct sp_recorder *r, bool final, uint64_t now_us)
{
	int rc = sp_rec_writer_cut(r->w, final);

	r->cut_us = 0;
	return rc == SP_OK ? write_out(r, now_us) : rc;
}

static int begin(struct sp_recorder *r, const struct sp_recorder_conf *conf)
{
	struct sp_rec_frame f = {.kind = SP_REC_META, .us = conf->rec.mono_us};
	struct sp_wr w;
	int rc;

	r->file = conf->file;
	r->w = sp_rec_writer_create(&conf->rec);
	if (!r->w) {
		return SP_ENOMEM;
	}
	sp_wr_init(&w, SP_REC_MAX_FRAME);
	sp_rec_meta_write(&w, &conf->meta);
	f.data = sp_span(w.p, w.n);
	rc = sp_wr_ok(&w);
	if (rc == SP_OK) {
		rc = sp_rec_writer_add(r->w, &f);
	}
	sp_wr_finish(&w);
	if (rc == SP_OK) {
		rc = cut(r, false, conf->rec.mono_us);
	}
	return rc == SP_OK ? to_disk(r) : rc;
}

int sp_recorder_create(struct sp_recorder **out, const struct sp_recorder_conf *conf)
{
	struct sp_recorder *r = sp_calloc(1, sizeof(*r));
	int rc = r ? begin(r, conf) : SP_ENOMEM;

	*out = rc == SP_OK ? r : NULL;
	if (rc != SP_OK) {
		sp_recorder_destroy(r);
	}
	return rc;
}

void sp_recorder_destroy(struct sp_recorder *r)
{
	if (r) {
		sp_rec_writer_destroy(r->w);
		sp_freezero(r, sizeof(*r));
	}
}

uint8_t *sp_recorder_room(struct sp_recorder *r, size_t *n)
{
	*n = sizeof(r->in) - r->n;
	return r->in + r->n;
}

/* A frame of the stream: what the session says of itself is for us to say. */
static bool may_come(uint32_t kind)
{
	return kind != SP_REC_NONE && kind != SP_REC_META && kind < SP_REC_KIND_COUNT;
}

static void drop_front(struct sp_recorder *r, size_t used)
{
	r->n -= used;
	memmove(r->in, r->in + used, r->n);
}

/* The frames that are whole; what is left of the next one moves to the front. */
static int take_frames(struct sp_recorder *r, uint64_t now_us)
{
	struct sp_rd rd;
	size_t used = 0;

	for (;;) {
		struct sp_rec_frame f = {.us = now_us};

		sp_rd_init(&rd, r->in + used, r->n - used);
		f.kind = sp_rd_u8(&rd);
		uint32_t zero = sp_rd_le16(&rd);
		zero |= sp_rd_u8(&rd);
		uint32_t n = sp_rd_le32(&rd);
		if (sp_rd_ok(&rd) != SP_OK) {
			break;
		}
		r->any = true;
		if (!may_come(f.kind) || zero != 0) {
			return SP_EFIELD;
		}
		if (!(n <= SP_REC_MAX_FRAME)) {
			return SP_ELIMIT;
		}
		if (sp_rd_left(&rd) < n) {
			break;
		}
		f.data = sp_rd_span(&rd, n);
		int rc = sp_rec_writer_add(r->w, &f);
		if (rc != SP_OK) {
			return rc;
		}
		r->said_end = f.kind == SP_REC_END;
		due(&r->behind_us, now_us);
		used += SP_REC_STREAM_HEAD + n;
	}
	drop_front(r, used);
	return SP_OK;
}

int sp_recorder_took(struct sp_recorder *r, size_t n, uint64_t now_us)
{
	r->n += n <= sizeof(r->in) - r->n ? n : sizeof(r->in) - r->n;
	int rc = take_frames(r, now_us);
	if (rc != SP_OK) {
		r->n = 0;
		return rc;
	}
	if (sp_rec_writer_out(r->w).n > 0) {
		r->cut_us = 0; /* what waits now is younger than what was cut */
	}
	if (sp_rec_writer_waits(r->w)) {
		due(&r->cut_us, now_us + SP_RECORDER_CUT_US);
	}
	return write_out(r, now_us);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a == 0 ? b : b == 0 ? a : a < b ? a : b;
}

uint64_t sp_recorder_deadline(const struct sp_recorder *r)
{
	return earlier(earlier(r->cut_us, r->sync_us), r->head_us);
}

int sp_recorder_tick(struct sp_recorder *r, uint64_t now_us)
{
	int rc = SP_OK;

	if (r->cut_us != 0 && r->cut_us <= now_us) {
		rc = cut(r, false, now_us);
	}
	bool head = r->head_us != 0 && r->head_us <= now_us;
	if (rc == SP_OK && ((r->sync_us != 0 && r->sync_us <= now_us) || head)) {
		rc = to_disk(r);
	}
	if (rc == SP_OK && head) {
		r->head_us = 0;
		r->told = true;
	}
	return rc;
}

bool sp_recorder_head(struct sp_recorder *r, struct sp_rec_head *out, uint64_t *bytes)
{
	bool told = r->told;

	if (told) {
		sp_recorder_last(r, out, bytes);
	}
	r->told = false;
	return told;
}

uint64_t sp_recorder_lag(struct sp_recorder *r, uint64_t now_us)
{
	uint64_t lag = r->landed_us != 0 && now_us > r->landed_us ? now_us - r->landed_us : 0;

	r->landed_us = 0;
	return lag;
}

int sp_recorder_settle(struct sp_recorder *r)
{
	r->head_us = 0;
	return to_disk(r);
}

int sp_recorder_end(struct sp_recorder *r, uint64_t now_us, const char *text, bool *said)
{
	int rc = SP_OK;

	*said = r->said_end || !r->any;
	if (!r->said_end) {
		struct sp_rec_end end = {.why = r->any ? SP_REC_WHY_LOST : 0};
		struct sp_rec_frame f = {.kind = SP_REC_END, .us = now_us};
		uint8_t mem[sizeof(end) + 8];
		struct sp_wr w;

		snprintf(end.text, sizeof(end.text), "%s", r->any ? text : "no session");
		sp_wr_fixed(&w, mem, sizeof(mem));
		sp_rec_end_write(&w, &end);
		f.data = sp_span(mem, w.n);
		rc = sp_rec_writer_add(r->w, &f);
	}
	if (rc == SP_OK) {
		rc = cut(r, true, now_us);
	}
	r->head_us = 0;
	return rc == SP_OK ? to_disk(r) : rc;
}

void sp_recorder_last(const struct sp_recorder *r, struct sp_rec_head *out, uint64_t *bytes)
{
	*out = r->head;
	*bytes = r->bytes;
}
