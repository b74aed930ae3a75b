/* core/chan/sound_client.c - see sound_client.h. */
#include "core/chan/sound_client.h"

#include <string.h>

#include "core/base/mem.h"

#define FIRST 4
#define BLOCKS 256

enum state {
	WAIT_FORMATS,
	WAIT_BLOCK,
	WAIT_REST, /* the second message of a block */
};

struct block {
	bool in; /* received and not confirmed */
	uint16_t stamp;
	uint64_t came_us;
};

struct sp_sound_client {
	struct sp_sound_client_conf conf;
	enum state state;
	size_t n;
	struct sp_audio_format format[SP_AUDIO_FORMATS]; /* that were agreed on */
	struct block block[BLOCKS];
	struct sp_sound_wave wave; /* WAIT_REST */
	uint8_t first[FIRST];
	size_t rest;
	uint8_t *whole; /* a block of two messages, put together */
	bool has_event;
	struct sp_sound_client_event event;
	struct sp_audio_queue out;
	struct sp_wr w;
};

struct sp_sound_client *sp_sound_client_create(const struct sp_sound_client_conf *conf)
{
	struct sp_sound_client *c = sp_calloc(1, sizeof(*c));

	if (!c) {
		return NULL;
	}
	c->conf = *conf;
	sp_wr_init(&c->w, SP_SOUND_MAX_WAVE);
	return c;
}

void sp_sound_client_destroy(struct sp_sound_client *c)
{
	if (!c) {
		return;
	}
	sp_audio_queue_clear(&c->out);
	sp_wr_finish(&c->w);
	sp_free(c->whole);
	sp_free(c);
}

static bool can_play(const struct sp_sound_client *c, const struct sp_audio_format *f)
{
	return sp_audio_usable(f) &&
			(f->tag == SP_AUDIO_PCM || (c->conf.opus && f->tag == SP_AUDIO_OPUS));
}

/* A server may say its formats again, for instance when another user's desktop is behind it. */
static int on_formats(struct sp_sound_client *c, struct sp_rd *r)
{
	struct sp_sound_formats f;
	int rc = sp_sound_formats_read(r, &f);

	if (rc != SP_OK) {
		return rc;
	}
	struct sp_sound_formats mine = {
			.flags = SP_SOUND_ALIVE, .volume = 0xFFFFFFFF, .version = SP_SOUND_VERSION};
	if (c->conf.volume) {
		mine.flags |= SP_SOUND_CAN_VOLUME;
	}
	c->n = 0;
	for (size_t i = 0; i < f.n; i++) {
		if (can_play(c, &f.v[i])) {
			mine.v[mine.n++] = f.v[i];
			c->format[c->n] = f.v[i];
			c->format[c->n++].extra = sp_span(NULL, 0);
		}
	}
	size_t mark = sp_sound_begin(&c->w, SP_SOUND_FORMATS);
	sp_sound_formats_write(&c->w, &mine);
	sp_sound_end(&c->w, mark);
	rc = sp_audio_queue_put(&c->out, &c->w);
	if (rc == SP_OK && f.version >= 6) {
		mark = sp_sound_begin(&c->w, SP_SOUND_QUALITY);
		sp_sound_quality_write(&c->w, c->conf.quality);
		sp_sound_end(&c->w, mark);
		rc = sp_audio_queue_put(&c->out, &c->w);
	}
	c->state = WAIT_BLOCK;
	return rc;
}

static int on_training(struct sp_sound_client *c, struct sp_rd *r)
{
	struct sp_sound_training t;
	int rc = sp_sound_training_read(r, &t);

	if (rc != SP_OK) {
		return rc;
	}
	size_t mark = sp_sound_begin(&c->w, SP_SOUND_TRAINING);
	sp_sound_training_write(&c->w, &t, true);
	sp_sound_end(&c->w, mark);
	return sp_audio_queue_put(&c->out, &c->w);
}

static int on_volume(struct sp_sound_client *c, struct sp_rd *r)
{
	uint32_t v;
	int rc = sp_sound_u32_read(r, &v);

	if (rc != SP_OK) {
		return rc;
	}
	c->event = (struct sp_sound_client_event){.kind = SP_SOUND_CLIENT_VOLUME,
			.left = (uint16_t)v,
			.right = (uint16_t)(v >> 16)};
	c->has_event = true;
	return SP_OK;
}

/* What cannot be played is confirmed all the same, or the server would wait for it. */
static int whole_block(struct sp_sound_client *c, const struct sp_sound_wave *wave,
		struct sp_span data, uint64_t now_us)
{
	const struct sp_audio_format *f = &c->format[wave->format];

	c->block[wave->block] = (struct block){.in = true, .stamp = wave->stamp, .came_us = now_us};
	if (f->tag == SP_AUDIO_PCM && data.n % f->align != 0) {
		data.n -= data.n % f->align;
	}
	if (data.n == 0) {
		return sp_sound_client_done(c, wave->block, 0, now_us);
	}
	c->event = (struct sp_sound_client_event){.kind = SP_SOUND_CLIENT_BLOCK,
			.format = *f,
			.data = data,
			.block = wave->block};
	c->has_event = true;
	return SP_OK;
}

static int on_wave2(struct sp_sound_client *c, struct sp_rd *r, uint64_t now_us)
{
	struct sp_sound_wave wave;
	int rc = sp_sound_wave2_read(r, &wave);

	if (rc != SP_OK) {
		return rc;
	}
	if (!(wave.format < c->n)) {
		return SP_EFIELD;
	}
	return whole_block(c, &wave, wave.data, now_us);
}

static int on_wave(struct sp_sound_client *c, struct sp_rd *r, size_t total)
{
	int rc = sp_sound_wave_info_read(r, total, &c->wave, &c->rest);

	if (rc != SP_OK) {
		return rc;
	}
	/* The second message has no header: it must be taken as one whatever this one says. */
	c->state = WAIT_REST;
	memcpy(c->first, c->wave.data.p, FIRST);
	return SP_OK;
}

static int on_rest(struct sp_sound_client *c, struct sp_span message, uint64_t now_us)
{
	struct sp_span data;
	struct sp_rd r;

	c->state = WAIT_BLOCK;
	sp_rd_init(&r, message.p, message.n);
	int rc = sp_sound_wave_rest_read(&r, c->rest, &data);
	if (rc != SP_OK) {
		return rc;
	}
	if (!(c->wave.format < c->n)) {
		return SP_EFIELD;
	}
	sp_free(c->whole);
	c->whole = sp_malloc(FIRST + data.n);
	if (!c->whole) {
		return SP_ENOMEM;
	}
	memcpy(c->whole, c->first, FIRST);
	memcpy(c->whole + FIRST, data.p, data.n);
	return whole_block(c, &c->wave, sp_span(c->whole, FIRST + data.n), now_us);
}

int sp_sound_client_feed(struct sp_sound_client *c, struct sp_span message, uint64_t now_us)
{
	struct sp_sound_head h;
	struct sp_rd r;

	c->has_event = false;
	if (c->state == WAIT_REST) {
		return on_rest(c, message, now_us);
	}
	sp_rd_init(&r, message.p, message.n);
	int rc = sp_sound_head_read(&r, &h);
	if (rc != SP_OK) {
		return rc;
	}
	if (h.type == SP_SOUND_FORMATS) {
		return on_formats(c, &r);
	}
	if (c->state == WAIT_FORMATS) {
		return SP_ESTATE;
	}
	switch (h.type) {
	case SP_SOUND_TRAINING:
		return on_training(c, &r);
	case SP_SOUND_WAVE:
		return on_wave(c, &r, h.n);
	case SP_SOUND_WAVE2:
		return on_wave2(c, &r, now_us);
	case SP_SOUND_VOLUME:
		return on_volume(c, &r);
	case SP_SOUND_CLOSE:
		c->event = (struct sp_sound_client_event){.kind = SP_SOUND_CLIENT_CLOSE};
		c->has_event = true;
		return SP_OK;
	case SP_SOUND_PITCH:
		return SP_OK; /* [MS-RDPEA] 2.2.4.2: the client must ignore it */
	default:
		return SP_ESTATE;
	}
}

bool sp_sound_client_next(struct sp_sound_client *c, struct sp_sound_client_event *ev)
{
	if (!c->has_event) {
		return false;
	}
	*ev = c->event;
	c->has_event = false;
	return true;
}

struct sp_rcbuf *sp_sound_client_out(struct sp_sound_client *c)
{
	return sp_audio_queue_take(&c->out);
}

int sp_sound_client_done(
		struct sp_sound_client *c, uint8_t block, uint16_t wait_ms, uint64_t now_us)
{
	struct block *b = &c->block[block];

	if (!b->in) {
		return SP_ESTATE;
	}
	b->in = false;
	struct sp_sound_confirm confirm = {.block = block,
			.stamp = (uint16_t)(b->stamp + (now_us - b->came_us) / 1000 + wait_ms)};
	size_t mark = sp_sound_begin(&c->w, SP_SOUND_CONFIRM);
	sp_sound_confirm_write(&c->w, &confirm);
	sp_sound_end(&c->w, mark);
	return sp_audio_queue_put(&c->out, &c->w);
}
