/* player/film_index.c - see film.h: an index of a recording, made while it grows or afterwards. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "host/audit/rec_index.h"
#include "host/io/loop.h"
#include "player/film_part.h"

#define EVERY_US 10000000
/* What takes so long to be made again is worth a key frame sooner. */
#define COSTLY_US 400000
#define SOONEST_US 2000000
#define REACHED_US 30000000
#define LOOK 32 /* frames between two looks at the clock, and at whether it goes on */
/* Where nothing comes it is asked less and less often. */
#define WAIT_FIRST_MS 500
#define WAIT_MOST_MS 4000

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
	uint64_t cpu_us,
			key_cpu_us; /* this process's time: now, and when the last key frame was there */
	uint64_t until_us; /* it is over, and so long the rest is read; 0: it goes on */
	bool changed; /* the picture, since then */
	uint32_t w, h;
	int err; /* of the replay: no more key frames */
};

static int put(struct indexer *x, enum sp_rec_index_kind kind, struct sp_rec_at at,
		struct sp_span body, size_t *sealed)
{
	return sp_rec_index_put(x->writer, kind, x->us, at, body, sealed);
}

/* Bytes that an index may have beside what there is of its recording. */
static uint64_t share_of(const struct indexer *x)
{
	return sp_rec_reader_bytes(x->source.reader) / 100 * x->conf->share;
}

/*
 * A key frame is worth its bytes where the way from the last one is long: some time with a picture
 * that changes, or a shorter one that is much work, and not much less to read than itself.
 */
static bool key_due(const struct indexer *x, const struct sp_rec_frame *next)
{
	uint64_t every = x->cpu_us - x->key_cpu_us >= COSTLY_US && SOONEST_US < x->every_us
			? SOONEST_US
			: x->every_us;

	return next->kind == SP_REC_OUT && x->err == SP_OK && x->changed && x->w > 0 &&
			x->us - x->key_us >= every && x->since >= x->key_bytes / 2 &&
			(x->conf->share == 0 ||
					sp_rec_index_bytes(x->writer) + x->key_bytes <=
							share_of(x));
}

/* What this process has taken of the processor. */
static uint64_t cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int put_key(struct indexer *x, struct sp_rec_at at)
{
	struct sp_wr w;
	size_t sealed = 0;

	sp_wr_init(&w, SP_REC_INDEX_STATE);
	int rc = sp_replay_save(x->replay, &w);
	if (rc == SP_OK) {
		sp_rec_index_most(x->writer, x->conf->share > 0 ? share_of(x) : 0);
		rc = put(x, SP_REC_INDEX_KEY, at, sp_span(w.p, w.n), &sealed);
		sp_rec_index_most(x->writer, 0);
		x->key_bytes = sealed;
	}
	if (rc == SP_OK) {
		x->out->keys++;
		x->out->bytes += sealed;
		x->since = 0;
		x->changed = false;
	}
	if (rc == SP_OK || rc == SP_ESPACE) {
		x->key_us = x->us; /* also where it is too large: not at once again */
		x->cpu_us = x->key_cpu_us = cpu_now();
	}
	sp_wr_finish(&w);
	/* In a state that cannot be kept: later. */
	return rc == SP_ESTATE || rc == SP_ESPACE ? SP_OK : rc;
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

/* True once the recording is over; it stays so. */
static bool over(struct indexer *x, unsigned wait_ms)
{
	if (x->until_us == 0 && (!x->conf->go_on || !x->conf->go_on(x->conf->user, wait_ms))) {
		x->until_us = x->conf->late_us ? sp_now_us() + x->conf->late_us : UINT64_MAX;
	}
	return x->until_us != 0;
}

/* Behind a frame that was taken: false when it is too late for more. */
static bool in_time(struct indexer *x)
{
	if (x->out->frames % LOOK != 0) {
		return true;
	}
	x->cpu_us = cpu_now();
	return x->conf->late_us == 0 || !over(x, 0) || sp_now_us() < x->until_us;
}

static int run(struct indexer *x, char why[SP_REC_WHY])
{
	struct sp_rec_frame frame;
	unsigned wait_ms = WAIT_FIRST_MS;
	bool last = false;

	for (;;) {
		int rc = sp_rec_reader_next(x->source.reader, &frame);

		if (rc == 1) {
			wait_ms = WAIT_FIRST_MS;
			rc = take(x, &frame);
			if (rc != SP_OK) {
				snprintf(why, SP_REC_WHY, "index: %s", sp_err_text(rc));
			}
			if (rc != SP_OK || !in_time(x)) {
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
		last = over(x, wait_ms);
		wait_ms = wait_ms < WAIT_MOST_MS ? 2 * wait_ms : WAIT_MOST_MS;
	}
}

/* A recording has its start before its session has a picture. */
static int open_source(struct indexer *x, char why[SP_REC_WHY])
{
	const struct sp_film_index_conf *c = x->conf;
	bool last = false;

	for (;;) {
		int rc = film_source_open(&x->source, c->recording, c->key, why);

		if (rc != SP_ENOTFOUND || last) {
			return rc;
		}
		last = over(x, WAIT_FIRST_MS);
	}
}

int sp_film_index(const struct sp_film_index_conf *conf, struct sp_film_index_result *out,
		char why[SP_REC_WHY])
{
	struct indexer x = {.conf = conf,
			.out = out,
			.every_us = conf->every_us ? conf->every_us : EVERY_US};

	*out = (struct sp_film_index_result){0};
	int rc = open_source(&x, why);
	if (rc != SP_OK) {
		return rc;
	}
	x.us = x.key_us = x.reached_us = x.source.zero;
	x.replay = film_replay(&x.source, conf->h264, conf->memory ? conf->memory : FILM_MEMORY);
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
