/* player/film_index.c - see film.h: an index of a recording, made while it grows or afterwards. */
#include <stdio.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "player/film_part.h"
#include "host/audit/rec_index.h"

#define EVERY_US 10000000
#define REACHED_US 30000000

struct indexer {
	const struct sp_film_index_conf *conf;
	struct film_source source;
	struct sp_rec_index_writer *writer;
	struct sp_replay *replay;
	struct sp_film_index_result *out;
	uint64_t every_us;
	uint64_t us; /* of the last frame taken */
	uint64_t key_us, reached_us; /* when the last of each was written */
	size_t key_bytes; /* what the last key frame took */
	uint64_t since; /* bytes of the recording since then */
	bool changed; /* the picture, since then */
	uint32_t w, h;
	int err; /* of the replay: no more key frames */
};

static int put(struct indexer *x, enum sp_rec_index_kind kind, struct sp_rec_at at,
		struct sp_span body, size_t *sealed)
{
	return sp_rec_index_put(x->writer, kind, x->us, at, body, sealed);
}

/*
 * A key frame is worth its bytes where the way from the last one is long: some time with a picture
 * that changes, and not much less to read than itself.
 */
static bool key_due(const struct indexer *x, const struct sp_rec_frame *next)
{
	return next->kind == SP_REC_OUT && x->err == SP_OK && x->changed && x->w > 0 &&
			x->us - x->key_us >= x->every_us && x->since >= x->key_bytes / 2;
}

static int put_key(struct indexer *x, struct sp_rec_at at)
{
	struct sp_wr w;
	size_t sealed = 0;

	sp_wr_init(&w, SP_REC_INDEX_STATE);
	int rc = sp_replay_save(x->replay, &w);
	if (rc == SP_OK) {
		rc = put(x, SP_REC_INDEX_KEY, at, sp_span(w.p, w.n), &sealed);
		x->out->keys += rc == SP_OK;
		x->out->bytes += sealed;
		x->key_us = x->us;
		x->key_bytes = sealed;
		x->since = 0;
		x->changed = false;
	} else if (rc == SP_ESTATE) {
		rc = SP_OK; /* not here: later */
	} else if (rc == SP_ESPACE) {
		x->key_us = x->us; /* too large: not at once again */
		rc = SP_OK;
	}
	sp_wr_finish(&w);
	return rc;
}

static int put_event(struct indexer *x, const struct sp_rec_frame *frame, struct sp_rec_at at)
{
	uint8_t body[4 + SP_REC_INDEX_TEXT];
	struct sp_span text = frame->data;
	struct sp_rec_channel channel;
	struct sp_wr w;

	if (frame->kind == SP_REC_CHANNEL) {
		if (sp_rec_channel_read(frame->data, &channel) != SP_OK ||
				channel.what != SP_REC_CHANNEL_TRANSFER) {
			return SP_OK;
		}
		text = channel.data;
	} else if (frame->kind != SP_REC_MARK) {
		return SP_OK;
	}
	sp_wr_fixed(&w, body, sizeof(body));
	sp_wr_le32(&w, frame->kind);
	sp_wr_put(&w, text.p, text.n < SP_REC_INDEX_TEXT ? text.n : SP_REC_INDEX_TEXT);
	return put(x, SP_REC_INDEX_EVENT, at, sp_span(w.p, w.n), NULL);
}

static int put_size(struct indexer *x, struct sp_rec_at at)
{
	uint8_t body[8];
	uint32_t w, h;
	struct sp_wr wr;

	sp_replay_picture(x->replay, &w, &h);
	if (w == x->w && h == x->h) {
		return SP_OK;
	}
	x->w = w;
	x->h = h;
	sp_wr_fixed(&wr, body, sizeof(body));
	sp_wr_le32(&wr, w);
	sp_wr_le32(&wr, h);
	return put(x, SP_REC_INDEX_SIZE, at, sp_span(wr.p, wr.n), NULL);
}

static int take(struct indexer *x, const struct sp_rec_frame *frame)
{
	struct sp_rec_at at = sp_rec_reader_at(x->source.reader);
	int rc = key_due(x, frame) ? put_key(x, at) : SP_OK;

	if (rc != SP_OK) {
		return rc;
	}
	if (x->err == SP_OK) {
		x->err = film_apply(x->replay, frame);
		x->changed |= !sp_rect_empty(sp_replay_changed(x->replay));
	}
	x->since += frame->kind == SP_REC_OUT ? frame->data.n : 0;
	x->us = frame->us > x->us ? frame->us : x->us;
	x->out->frames++;
	rc = put_event(x, frame, at);
	rc = rc == SP_OK ? put_size(x, at) : rc;
	if (rc == SP_OK && x->us - x->reached_us >= REACHED_US) {
		rc = put(x, SP_REC_INDEX_REACHED, at, sp_span(NULL, 0), NULL);
		x->reached_us = x->us;
	}
	return rc;
}

static int run(struct indexer *x, char why[SP_REC_WHY])
{
	struct sp_rec_frame frame;
	bool last = false;

	for (;;) {
		int rc = sp_rec_reader_next(x->source.reader, &frame);

		if (rc == 1) {
			rc = take(x, &frame);
			if (rc != SP_OK) {
				snprintf(why, SP_REC_WHY, "index: %s", sp_err_text(rc));
				return rc;
			}
			continue;
		}
		if (rc < 0) {
			snprintf(why, SP_REC_WHY, "%s", sp_rec_reader_why(x->source.reader));
			return rc;
		}
		if (sp_rec_reader_state(x->source.reader) == SP_REC_WHOLE || last) {
			return SP_OK;
		}
		/* What was written before it was said to be over is still read. */
		last = !x->conf->go_on || !x->conf->go_on(x->conf->user);
	}
}

int sp_film_index(const struct sp_film_index_conf *conf, struct sp_film_index_result *out,
		char why[SP_REC_WHY])
{
	struct indexer x = {.conf = conf,
			.out = out,
			.every_us = conf->every_us ? conf->every_us : EVERY_US};

	*out = (struct sp_film_index_result){0};
	int rc = film_source_open(&x.source, conf->recording, conf->key, why);
	if (rc != SP_OK) {
		return rc;
	}
	x.us = x.key_us = x.reached_us = x.source.zero;
	x.replay = film_replay(&x.source, conf->h264);
	rc = x.replay ? sp_rec_index_create(&x.writer, conf->fd,
					sp_rec_reader_start(x.source.reader)->id, conf->key)
		      : SP_ENOMEM;
	if (rc == SP_OK) {
		rc = run(&x, why);
	} else {
		snprintf(why, SP_REC_WHY, "index: %s", sp_err_text(rc));
	}
	if (rc == SP_OK) {
		rc = put(&x, SP_REC_INDEX_REACHED, sp_rec_reader_at(x.source.reader),
				sp_span(NULL, 0), NULL);
	}
	sp_rec_index_writer_destroy(x.writer);
	sp_replay_destroy(x.replay);
	film_source_finish(&x.source);
	return rc;
}
