/* player/film.c - see film.h: to a time, and how one gets there. */
#include "player/film.h"

#include <stdio.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "host/io/loop.h"
#include "player/film_part.h"
#include "host/audit/rec_index.h"

#define LOOK 32 /* frames between two looks at the clock */
#define NEAR_US 2000000 /* a key frame that is nearer ahead is not worth its load */

struct sp_film {
	struct sp_film_conf conf;
	struct film_source source;
	struct sp_film_info info;
	struct sp_rec_index *index; /* NULL: there is none, or not yet */
	uint8_t key[SP_REC_KEY];
	struct sp_replay *replay;
	struct sp_rec_at begin; /* the first frame behind the header */
	struct sp_rec_frame frame; /* has_frame: read, not taken */
	bool has_frame;
	bool at_end; /* there was no more when it was asked last */
	uint64_t at_us; /* in the recording's clock */
	uint64_t end_us;
	uint64_t goal; /* of the last call */
	bool has_goal;
	uint64_t keys;
	uint32_t pointer; /* its serial when changes were asked for */
	bool all; /* another replay: all of it changed */
	int err; /* of the replay or the reader */
	bool broken; /* err is the reader's */
	char why[SP_REC_WHY];
};

/* ---- life ---- */

/* The time of the last frame; the reader stands where it stood. */
static uint64_t last_time(struct sp_rec_reader *r, struct sp_rec_at back)
{
	struct sp_rec_frame frame;
	uint64_t last = 0;

	if (sp_rec_reader_scan(r) < 0) {
		last = 0; /* what is there until then counts */
	}
	uint64_t n = sp_rec_reader_segments(r);
	for (uint64_t i = n; i > 0 && last == 0 && n - i < 2; i--) {
		if (sp_rec_reader_seek(r, (struct sp_rec_at){.segment = i - 1}) != SP_OK) {
			break;
		}
		while (sp_rec_reader_next(r, &frame) == 1) {
			last = frame.us;
		}
		if (last == 0 && sp_rec_reader_time(r, i - 1, &last) != SP_OK) {
			last = 0;
		}
	}
	return sp_rec_reader_seek(r, back) == SP_OK ? last : 0;
}

/* The frame that follows is held in f->frame. */
static void peek(struct sp_film *f)
{
	if (f->has_frame) {
		return;
	}
	int rc = sp_rec_reader_next(f->source.reader, &f->frame);
	f->has_frame = rc == 1;
	f->at_end = rc == 0;
	if (rc < 0) {
		f->err = rc;
		f->broken = true;
		const char *why = sp_rec_reader_why(f->source.reader);
		snprintf(f->why, sizeof(f->why), "%s", *why ? why : sp_err_text(rc));
	}
}

/* Its maker may have begun just now. */
static void look_for_index(struct sp_film *f)
{
	if (f->conf.index >= 0 && !f->index &&
			sp_rec_index_open(&f->index, f->conf.index, f->info.id, f->key) != SP_OK) {
		f->index = NULL;
	}
}

/* The sizes that the index knows of. */
static void find_sizes(struct sp_film *f)
{
	for (size_t i = 0; f->index && i < sp_rec_index_count(f->index); i++) {
		const struct sp_rec_index_entry *e = sp_rec_index_entry(f->index, i);
		uint8_t mem[8];
		struct sp_wr w;
		struct sp_rd r;

		sp_wr_fixed(&w, mem, sizeof(mem));
		if (e->kind != SP_REC_INDEX_SIZE || e->plain != sizeof(mem) ||
				sp_rec_index_load(f->index, e, &w) != SP_OK) {
			continue;
		}
		sp_rd_init(&r, mem, sizeof(mem));
		uint32_t pw = sp_rd_le32(&r), ph = sp_rd_le32(&r);
		f->info.most_w = pw > f->info.most_w ? pw : f->info.most_w;
		f->info.most_h = ph > f->info.most_h ? ph : f->info.most_h;
	}
}

int sp_film_open(struct sp_film **out, const struct sp_film_conf *conf, char why[SP_REC_WHY])
{
	struct sp_film *f = sp_calloc(1, sizeof(*f));

	*out = NULL;
	if (!f) {
		snprintf(why, SP_REC_WHY, "%s", sp_err_text(SP_ENOMEM));
		return SP_ENOMEM;
	}
	f->conf = *conf;
	f->conf.key = NULL; /* only borrowed */
	memcpy(f->key, conf->key, sizeof(f->key));
	int rc = film_source_open(&f->source, conf->recording, conf->key, why);
	if (rc != SP_OK) {
		sp_film_destroy(f);
		return rc == SP_ENOTFOUND ? SP_EFIELD : rc;
	}
	const struct sp_rec_start *start = sp_rec_reader_start(f->source.reader);
	memcpy(f->info.id, start->id, sizeof(f->info.id));
	f->info.wall_us = start->wall_us;
	f->info.meta = f->source.meta;
	look_for_index(f);
	find_sizes(f);
	peek(f);
	f->begin = f->has_frame ? sp_rec_reader_at(f->source.reader)
				: (struct sp_rec_at){.segment = 0};
	f->at_us = f->source.zero;
	f->end_us = f->has_frame ? last_time(f->source.reader, f->begin) : f->at_us;
	f->has_frame = false; /* it is read again */
	f->replay = film_replay(&f->source, conf->h264, FILM_MEMORY);
	if (!f->replay) {
		snprintf(why, SP_REC_WHY, "%s", sp_err_text(SP_ENOMEM));
		sp_film_destroy(f);
		return SP_ENOMEM;
	}
	*out = f;
	return SP_OK;
}

void sp_film_destroy(struct sp_film *f)
{
	if (!f) {
		return;
	}
	sp_replay_destroy(f->replay);
	sp_rec_index_destroy(f->index);
	film_source_finish(&f->source);
	sp_freezero(f, sizeof(*f));
}

const struct sp_film_info *sp_film_info(const struct sp_film *f)
{
	return &f->info;
}

/* ---- where to begin ---- */

static int start_over(struct sp_film *f, struct sp_replay *replay, struct sp_rec_at at, uint64_t us)
{
	int rc = replay ? sp_rec_reader_seek(f->source.reader, at) : SP_ENOMEM;

	if (rc != SP_OK) {
		sp_replay_destroy(replay);
		return rc;
	}
	sp_replay_destroy(f->replay);
	f->replay = replay;
	f->has_frame = false;
	f->at_us = us;
	f->err = SP_OK;
	f->broken = false;
	f->all = true;
	return SP_OK;
}

static int load_key(struct sp_film *f, const struct sp_rec_index_entry *key)
{
	struct sp_replay *replay = film_replay(&f->source, f->conf.h264, FILM_MEMORY);
	struct sp_wr w;

	sp_wr_init(&w, SP_REC_INDEX_STATE);
	int rc = replay ? sp_rec_index_load(f->index, key, &w) : SP_ENOMEM;
	if (rc == SP_OK) {
		rc = sp_replay_load(replay, sp_span(w.p, w.n));
	}
	sp_wr_finish(&w);
	if (rc != SP_OK) {
		sp_replay_destroy(replay);
		return rc;
	}
	return start_over(f, replay, key->at, key->us);
}

/* The key frame that helps most, if it can be used; true: the film stands there. */
static bool use_key(struct sp_film *f, uint64_t target, bool back)
{
	const struct sp_rec_index_entry *key;

	look_for_index(f);
	if (!f->index) {
		return false;
	}
	sp_rec_index_refresh(f->index);
	for (size_t before = sp_rec_index_count(f->index);;) {
		key = sp_rec_index_key(f->index, target, before);
		if (!key || (!back && key->us < f->at_us + NEAR_US)) {
			return false;
		}
		if (load_key(f, key) == SP_OK) {
			f->keys++;
			return true;
		}
		before = sp_rec_index_place(f->index, key);
	}
}

static int choose(struct sp_film *f, uint64_t target)
{
	bool back = target < f->at_us;

	/* Behind what is broken nothing can be read. */
	if ((!back && f->broken) || use_key(f, target, back) || !back) {
		return SP_OK;
	}
	return start_over(f, film_replay(&f->source, f->conf.h264, FILM_MEMORY), f->begin,
			f->source.zero);
}

/* ---- on the way ---- */

static void take(struct sp_film *f)
{
	int rc = f->err == SP_OK ? film_apply(f->replay, &f->frame) : SP_OK;

	f->has_frame = false;
	f->at_us = f->frame.us;
	f->end_us = f->at_us > f->end_us ? f->at_us : f->end_us;
	if (rc != SP_OK) {
		/* Time goes on, the picture does not. */
		f->err = rc;
		snprintf(f->why, sizeof(f->why), "what was sent cannot be shown: %s",
				sp_err_text(rc));
	}
}

int sp_film_to(struct sp_film *f, uint64_t us, uint64_t spend_us)
{
	uint64_t target = us < UINT64_MAX - f->source.zero ? f->source.zero + us : UINT64_MAX;
	uint64_t until = sp_now_us() + spend_us;

	if (!f->has_goal || f->goal != target || target < f->at_us) {
		int rc = choose(f, target);

		if (rc != SP_OK) {
			return rc;
		}
		f->goal = target;
		f->has_goal = true;
	}
	for (unsigned n = 1; !f->broken; n++) {
		peek(f);
		if (!f->has_frame || f->frame.us > target) {
			break;
		}
		take(f);
		if (n % LOOK == 0 && sp_now_us() >= until) {
			return 0;
		}
	}
	return 1;
}

/* ---- what there is ---- */

static uint64_t since(const struct sp_film *f, uint64_t us)
{
	return us > f->source.zero ? us - f->source.zero : 0;
}

void sp_film_state(const struct sp_film *f, struct sp_film_state *out)
{
	*out = (struct sp_film_state){.at_us = since(f, f->at_us),
			.next_us = f->has_frame ? since(f, f->frame.us) : SP_FILM_END,
			.end_us = since(f, f->end_us),
			.whole = sp_rec_reader_state(f->source.reader) == SP_REC_WHOLE,
			.damaged = sp_replay_damaged(f->replay),
			.keys = f->keys,
			.err = f->err};
	if (f->err != SP_OK) {
		memcpy(out->why, f->why, sizeof(out->why));
	}
}

struct sp_replay *sp_film_replay(struct sp_film *f)
{
	return f->replay;
}

struct sp_rect sp_film_changed(struct sp_film *f)
{
	struct sp_rect area = sp_replay_changed(f->replay);
	uint32_t w, h, pointer = sp_replay_pointer_serial(f->replay);

	if (f->all || pointer != f->pointer) {
		sp_replay_picture(f->replay, &w, &h);
		area = (struct sp_rect){0, 0, (int32_t)w, (int32_t)h};
	}
	f->all = false;
	f->pointer = pointer;
	return area;
}
