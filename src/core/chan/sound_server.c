/* core/chan/sound_server.c - see sound_server.h. */
#include "core/chan/sound_server.h"

#include <string.h>

#include "core/base/mem.h"

#define STEP_MS 20 /* sound is cut at multiples of it; Opus knows 20, 40 and 60 */
#define MOST_STEPS 3 /* in a block */
#define AAC_MORE 16000 /* bytes a second: 128 and 96 kbit/s */
#define AAC_LESS 12000
#define HELD_MS 120 /* of sound that waits for a confirmation */
#define WINDOW_MS 400 /* on the way and not confirmed, besides the network's own time */
#define WINDOW_MOST_MS 1200
#define FORGET_US 3000000u /* a confirmation that takes so long will not come */
#define QUALITY_US 2000000u
#define TRAINING_US 10000000u
#define FORMATS_US 30000000u
#define TRAINING_BYTES 8192
#define ROOM 4 /* times the bandwidth of a format that is to be there */
#define LATE_MS 250 /* that the client's own queue has grown by */
#define KEEP_MS 100 /* of it that may stay */
#define ABSURD_MS 5000
#define CHOKED_MS 500 /* left out within CHOKED_US: the format is too much for the network */
#define CHOKED_US 5000000u
#define BLOCKS 256

/* Named by what is waited for. */
enum state {
	WAIT_FORMATS,
	WAIT_QUALITY,
	WAIT_LATENCY, /* the confirm of an empty training */
	WAIT_RATE, /* that of a full one */
	WAIT_SOUND,
	WAIT_NOTHING, /* deaf */
};

struct block {
	bool out; /* sent and not confirmed */
	uint16_t stamp, ms;
	uint64_t sent_us;
};

struct choice {
	uint16_t index; /* in the client's list */
	struct sp_audio_format format;
};

#define MAX_OFFERS 8

struct sp_sound_server {
	enum state state;
	uint64_t deadline_us, asked_us;
	struct sp_audio_format offer[MAX_OFFERS]; /* best first */
	size_t n_offers;
	struct choice choice[MAX_OFFERS]; /* what the client has of them, best first */
	size_t n_choices, chosen;
	uint16_t version; /* the lower one of both */
	uint16_t quality;
	bool can_volume;
	uint32_t rtt_ms, rate;

	uint8_t *held; /* PCM */
	size_t n_held, max_held;
	size_t skip; /* bytes to leave out yet */
	uint8_t last; /* number of the last block */
	struct block block[BLOCKS];
	uint32_t flight_ms;
	size_t taken; /* bytes that the last take gave */
	bool has_delay;
	uint16_t least_delay; /* of the client's, in milliseconds */
	uint64_t skipped_us; /* blocks sent before that do not tell about the queue */
	uint64_t choked_us; /* begin of the time in which choked_ms were left out */
	uint32_t choked_ms;
	uint64_t sent_ms, dropped_ms;
	bool sounding; /* since the last stop */

	bool has_event;
	struct sp_sound_server_event event;
	struct sp_audio_queue out;
	struct sp_wr w;
};

static int send_formats(struct sp_sound_server *s)
{
	struct sp_sound_formats f = {.version = SP_SOUND_VERSION, .block = s->last};

	for (; f.n < s->n_offers; f.n++) {
		f.v[f.n] = s->offer[f.n];
	}
	size_t mark = sp_sound_begin(&s->w, SP_SOUND_FORMATS);
	sp_sound_formats_write(&s->w, &f);
	sp_sound_end(&s->w, mark);
	return sp_audio_queue_put(&s->out, &s->w);
}

static void offer(struct sp_sound_server *s, struct sp_audio_format f)
{
	s->offer[s->n_offers++] = f;
}

struct sp_sound_server *sp_sound_server_create(
		const struct sp_sound_server_conf *conf, uint64_t now_us)
{
	struct sp_sound_server *s = sp_calloc(1, sizeof(*s));

	if (!s) {
		return NULL;
	}
	offer(s, sp_audio_pcm(2, 48000));
	offer(s, sp_audio_pcm(2, 44100));
	if (conf->opus) {
		offer(s, sp_audio_opus());
	}
	if (conf->aac) {
		offer(s, sp_audio_aac(AAC_MORE));
		offer(s, sp_audio_aac(AAC_LESS));
	}
	offer(s, sp_audio_pcm(2, 22050));
	offer(s, sp_audio_pcm(1, 22050));
	offer(s, sp_audio_pcm(1, 11025));
	sp_wr_init(&s->w, SP_SOUND_MAX_WAVE + 64);
	s->rate = UINT32_MAX;
	s->deadline_us = now_us + FORMATS_US;
	if (send_formats(s) != SP_OK) {
		sp_sound_server_destroy(s);
		return NULL;
	}
	return s;
}

void sp_sound_server_destroy(struct sp_sound_server *s)
{
	if (!s) {
		return;
	}
	sp_audio_queue_clear(&s->out);
	sp_wr_finish(&s->w);
	sp_free(s->held);
	sp_free(s);
}

static void deaf(struct sp_sound_server *s)
{
	s->state = WAIT_NOTHING;
	s->deadline_us = 0;
	s->event = (struct sp_sound_server_event){.kind = SP_SOUND_SERVER_DEAF};
	s->has_event = true;
}

/* ---- the choice of a format ---- */

static int use(struct sp_sound_server *s, size_t at)
{
	const struct sp_audio_format *f = &s->choice[at].format;
	size_t max = sp_audio_ms(f, HELD_MS);
	uint8_t *held = sp_malloc(max);

	if (!held) {
		return SP_ENOMEM;
	}
	sp_free(s->held);
	s->held = held;
	s->max_held = max;
	s->n_held = 0;
	s->skip = 0;
	s->taken = 0;
	s->chosen = at;
	s->choked_ms = 0;
	s->state = WAIT_SOUND;
	s->deadline_us = 0;
	s->event = (struct sp_sound_server_event){.kind = SP_SOUND_SERVER_READY, .format = *f};
	s->has_event = true;
	return SP_OK;
}

static size_t first_affordable(const struct sp_sound_server *s)
{
	size_t at = 0, least = 0;

	for (; at < s->n_choices; at++) {
		uint64_t need = (uint64_t)s->choice[at].format.bytes_per_s * ROOM;

		if (need <= s->rate) {
			return at;
		}
		if (s->choice[at].format.bytes_per_s < s->choice[least].format.bytes_per_s) {
			least = at;
		}
	}
	return least;
}

static int choose(struct sp_sound_server *s)
{
	size_t at = 0;

	if (s->quality == SP_SOUND_DYNAMIC) {
		at = first_affordable(s);
	} else if (s->quality == SP_SOUND_MEDIUM) {
		/* The first that is not full PCM, if there is one. */
		while (at + 1 < s->n_choices && s->choice[at].format.tag == SP_AUDIO_PCM &&
				s->choice[at].format.rate > 22050) {
			at++;
		}
	}
	return use(s, at);
}

/* Too much was left out: the next one that needs less, for the rest of the connection. */
static int choose_less(struct sp_sound_server *s)
{
	uint32_t now = s->choice[s->chosen].format.bytes_per_s;

	s->choked_ms = 0;
	for (size_t at = s->chosen + 1; at < s->n_choices; at++) {
		if (s->choice[at].format.bytes_per_s < now) {
			return use(s, at);
		}
	}
	return SP_OK;
}

/* ---- messages of the client ---- */

static int send_training(struct sp_sound_server *s, enum state next, uint16_t n, uint64_t now_us)
{
	struct sp_sound_training t = {.stamp = (uint16_t)(now_us / 1000), .n = n};
	size_t mark = sp_sound_begin(&s->w, SP_SOUND_TRAINING);

	sp_sound_training_write(&s->w, &t, false);
	sp_sound_end(&s->w, mark);
	s->state = next;
	s->asked_us = now_us;
	s->deadline_us = now_us + TRAINING_US;
	return sp_audio_queue_put(&s->out, &s->w);
}

static int on_formats(struct sp_sound_server *s, struct sp_rd *r, uint64_t now_us)
{
	struct sp_sound_formats f;
	int rc = sp_sound_formats_read(r, &f);

	if (rc != SP_OK) {
		return rc;
	}
	for (size_t o = 0; o < s->n_offers; o++) {
		for (size_t i = 0; i < f.n; i++) {
			if (sp_audio_usable(&f.v[i]) && sp_audio_same(&f.v[i], &s->offer[o])) {
				s->choice[s->n_choices].index = (uint16_t)i;
				s->choice[s->n_choices++].format = s->offer[o];
				break;
			}
		}
	}
	if (s->n_choices == 0 || !(f.flags & SP_SOUND_ALIVE)) {
		deaf(s);
		return SP_OK;
	}
	s->can_volume = f.flags & SP_SOUND_CAN_VOLUME;
	s->version = f.version < SP_SOUND_VERSION ? f.version : SP_SOUND_VERSION;
	if (s->version >= 6) {
		s->state = WAIT_QUALITY;
		s->deadline_us = now_us + QUALITY_US;
		return SP_OK;
	}
	return send_training(s, WAIT_LATENCY, 0, now_us);
}

static int on_quality(struct sp_sound_server *s, struct sp_rd *r, uint64_t now_us)
{
	uint16_t mode;
	int rc = sp_sound_quality_read(r, &mode);

	if (rc != SP_OK) {
		return rc;
	}
	s->quality = mode <= SP_SOUND_HIGH ? mode : SP_SOUND_DYNAMIC;
	return send_training(s, WAIT_LATENCY, 0, now_us);
}

static int on_training(struct sp_sound_server *s, struct sp_rd *r, uint64_t now_us)
{
	struct sp_sound_training t;
	uint64_t took = now_us - s->asked_us;
	int rc = sp_sound_training_read(r, &t);

	if (rc != SP_OK) {
		return rc;
	}
	if (t.stamp != (uint16_t)(s->asked_us / 1000)) {
		return SP_ESTATE;
	}
	if (s->state == WAIT_LATENCY) {
		s->rtt_ms = (uint32_t)(took / 1000);
		return send_training(s, WAIT_RATE, TRAINING_BYTES, now_us);
	}
	/* What a full one took longer than an empty one: below a millisecond it tells nothing. */
	uint64_t more = took > (uint64_t)s->rtt_ms * 1000 ? took - (uint64_t)s->rtt_ms * 1000 : 0;
	if (more >= 1000) {
		s->rate = (uint32_t)(TRAINING_BYTES * 1000000ull / more);
	}
	return choose(s);
}

static void consumed(struct sp_sound_server *s, struct block *b)
{
	b->out = false;
	s->flight_ms -= b->ms;
}

/* What the client waits with is known from its confirmations: when it grows, some is left out. */
static void watch_delay(struct sp_sound_server *s, const struct block *b, uint16_t delay)
{
	if (delay > ABSURD_MS || b->sent_us < s->skipped_us) {
		return;
	}
	if (!s->has_delay || delay < s->least_delay) {
		s->has_delay = true;
		s->least_delay = delay;
	}
	if (delay > s->least_delay + LATE_MS) {
		uint32_t ms = (uint32_t)(delay - s->least_delay - KEEP_MS);

		s->skip = sp_audio_ms(&s->choice[s->chosen].format, ms);
		s->skipped_us = UINT64_MAX; /* until the next block is sent */
	}
}

static int on_confirm(struct sp_sound_server *s, struct sp_rd *r)
{
	struct sp_sound_confirm c;
	int rc = sp_sound_confirm_read(r, &c);

	if (rc != SP_OK) {
		return rc;
	}
	struct block *b = &s->block[c.block];
	if (!b->out) {
		return SP_ESTATE;
	}
	consumed(s, b);
	watch_delay(s, b, (uint16_t)(c.stamp - b->stamp));
	return SP_OK;
}

int sp_sound_server_feed(struct sp_sound_server *s, struct sp_span message, uint64_t now_us)
{
	struct sp_sound_head h;
	struct sp_rd r;

	sp_rd_init(&r, message.p, message.n);
	int rc = sp_sound_head_read(&r, &h);
	if (rc != SP_OK) {
		return rc;
	}
	switch (h.type) {
	case SP_SOUND_FORMATS:
		return s->state == WAIT_FORMATS ? on_formats(s, &r, now_us) : SP_ESTATE;
	case SP_SOUND_QUALITY:
		return s->state == WAIT_QUALITY ? on_quality(s, &r, now_us) : SP_ESTATE;
	case SP_SOUND_TRAINING:
		return s->state == WAIT_LATENCY || s->state == WAIT_RATE
				? on_training(s, &r, now_us)
				: SP_ESTATE;
	case SP_SOUND_CONFIRM:
		return s->state == WAIT_SOUND ? on_confirm(s, &r) : SP_ESTATE;
	default:
		return SP_ESTATE;
	}
}

bool sp_sound_server_next(struct sp_sound_server *s, struct sp_sound_server_event *ev)
{
	if (!s->has_event) {
		return false;
	}
	*ev = s->event;
	s->has_event = false;
	return true;
}

struct sp_rcbuf *sp_sound_server_out(struct sp_sound_server *s)
{
	return sp_audio_queue_take(&s->out);
}

uint64_t sp_sound_server_deadline(const struct sp_sound_server *s)
{
	return s->deadline_us;
}

void sp_sound_server_tick(struct sp_sound_server *s, uint64_t now_us)
{
	if (s->deadline_us == 0 || now_us < s->deadline_us) {
		return;
	}
	/* [MS-RDPEA] 3.3.5.1.1.3: without a word about quality it is dynamic. */
	if (s->state != WAIT_QUALITY || send_training(s, WAIT_LATENCY, 0, now_us) != SP_OK) {
		deaf(s);
	}
}

/* ---- sound ---- */

const struct sp_audio_format *sp_sound_server_format(const struct sp_sound_server *s)
{
	return s->state == WAIT_SOUND ? &s->choice[s->chosen].format : NULL;
}

static uint32_t ms_of(const struct sp_sound_server *s, size_t bytes)
{
	const struct sp_audio_format *f = &s->choice[s->chosen].format;

	return (uint32_t)((uint64_t)bytes * 1000 / (sp_audio_frame(f) * f->rate));
}

/* Leaves out the oldest n bytes of what is held. */
static void drop(struct sp_sound_server *s, size_t n)
{
	n = n < s->n_held ? n : s->n_held;
	s->n_held -= n;
	memmove(s->held, s->held + n, s->n_held);
}

static int left_out(struct sp_sound_server *s, size_t bytes, uint64_t now_us)
{
	uint32_t ms = ms_of(s, bytes);

	s->dropped_ms += ms;
	if (s->choked_ms == 0 || now_us - s->choked_us > CHOKED_US) {
		s->choked_us = now_us;
		s->choked_ms = 0;
	}
	s->choked_ms += ms;
	return s->choked_ms > CHOKED_MS && s->quality != SP_SOUND_HIGH ? choose_less(s) : SP_OK;
}

int sp_sound_server_put(struct sp_sound_server *s, struct sp_span pcm, uint64_t now_us)
{
	if (s->state != WAIT_SOUND) {
		return SP_ESTATE;
	}
	if (s->skip > 0) {
		size_t n = s->skip < pcm.n ? s->skip : pcm.n;

		s->skip -= n;
		s->dropped_ms += ms_of(s, n);
		pcm = sp_span(pcm.p + n, pcm.n - n);
	}
	size_t keep = pcm.n < s->max_held ? pcm.n : s->max_held;
	size_t over = pcm.n - keep;
	if (s->n_held + keep > s->max_held) {
		size_t n = s->n_held + keep - s->max_held;

		drop(s, n);
		over += n;
	}
	memcpy(s->held + s->n_held, pcm.p + (pcm.n - keep), keep);
	s->n_held += keep;
	return over > 0 ? left_out(s, over, now_us) : SP_OK;
}

static void forget_old(struct sp_sound_server *s, uint64_t now_us)
{
	for (size_t i = 0; i < BLOCKS; i++) {
		struct block *b = &s->block[i];

		if (b->out && now_us - b->sent_us > FORGET_US) {
			consumed(s, b);
		}
	}
}

static bool window_open(struct sp_sound_server *s, uint64_t now_us)
{
	uint32_t window = WINDOW_MS + s->rtt_ms;

	window = window < WINDOW_MOST_MS ? window : WINDOW_MOST_MS;
	if (s->flight_ms >= window) {
		forget_old(s, now_us);
	}
	return s->flight_ms < window;
}

/* What is sent at once, and how many of it: decoders take a raw AAC frame only alone. */
static size_t step_of(const struct sp_audio_format *f, size_t *most)
{
	bool aac = f->tag == SP_AUDIO_AAC;

	*most = aac ? 1 : MOST_STEPS;
	return aac ? SP_AUDIO_AAC_FRAMES * sp_audio_frame(f) : sp_audio_ms(f, STEP_MS);
}

bool sp_sound_server_take(struct sp_sound_server *s, uint64_t now_us, struct sp_span *pcm)
{
	if (s->state != WAIT_SOUND) {
		return false;
	}
	drop(s, s->taken);
	s->taken = 0;
	size_t most, step = step_of(&s->choice[s->chosen].format, &most);
	size_t steps = s->n_held / step;
	if (steps == 0 || !window_open(s, now_us)) {
		return false;
	}
	steps = steps < most ? steps : most;
	s->taken = steps * step;
	*pcm = sp_span(s->held, s->taken);
	return true;
}

static int send_wave2(struct sp_sound_server *s, const struct sp_sound_wave *wave)
{
	size_t mark = sp_sound_begin(&s->w, SP_SOUND_WAVE2);

	sp_sound_wave2_write(&s->w, wave);
	sp_sound_end(&s->w, mark);
	return sp_audio_queue_put(&s->out, &s->w);
}

/* Two messages; one without the other must not go. */
static int send_wave(struct sp_sound_server *s, const struct sp_sound_wave *wave)
{
	struct sp_wr info;
	uint8_t buf[32];

	sp_wr_fixed(&info, buf, sizeof(buf));
	sp_sound_wave_info_write(&info, wave);
	sp_sound_wave_rest_write(&s->w, wave);
	struct sp_rcbuf *a = sp_rcbuf_from(buf, info.n);
	struct sp_rcbuf *b = a ? sp_wr_take(&s->w) : NULL;
	if (!b) {
		sp_rcbuf_unref(a);
		sp_wr_reset(&s->w);
		return SP_ENOMEM;
	}
	sp_audio_queue_add(&s->out, a);
	sp_audio_queue_add(&s->out, b);
	return SP_OK;
}

int sp_sound_server_wave(struct sp_sound_server *s, struct sp_span data, uint64_t now_us)
{
	struct sp_sound_wave wave = {.stamp = (uint16_t)(now_us / 1000),
			.format = s->choice[s->chosen].index,
			.block = (uint8_t)(s->last + 1),
			.audio_stamp = (uint32_t)(now_us / 1000),
			.data = data};

	if (s->taken == 0) {
		return SP_ESTATE;
	}
	if (!(4 < data.n && data.n <= SP_SOUND_MAX_WAVE)) {
		return SP_EARG;
	}
	int rc = s->version >= 8 ? send_wave2(s, &wave) : send_wave(s, &wave);
	if (rc != SP_OK) {
		return rc;
	}
	struct block *b = &s->block[wave.block];
	if (b->out) {
		consumed(s, b);
	}
	*b = (struct block){.out = true,
			.stamp = wave.stamp,
			.ms = (uint16_t)ms_of(s, s->taken),
			.sent_us = now_us};
	s->flight_ms += b->ms;
	s->sent_ms += b->ms;
	s->last = wave.block;
	s->sounding = true;
	if (s->skip == 0 && s->skipped_us == UINT64_MAX) {
		s->skipped_us = now_us;
	}
	drop(s, s->taken);
	s->taken = 0;
	return SP_OK;
}

int sp_sound_server_stop(struct sp_sound_server *s)
{
	s->n_held = 0;
	s->taken = 0;
	s->skip = 0;
	s->has_delay = false;
	s->skipped_us = 0;
	if (!s->sounding) {
		return SP_OK;
	}
	s->sounding = false;
	size_t mark = sp_sound_begin(&s->w, SP_SOUND_CLOSE);
	sp_sound_end(&s->w, mark);
	return sp_audio_queue_put(&s->out, &s->w);
}

int sp_sound_server_volume(struct sp_sound_server *s, uint16_t left, uint16_t right)
{
	if (s->state != WAIT_SOUND) {
		return SP_ESTATE;
	}
	if (!s->can_volume) {
		return SP_ENOTFOUND;
	}
	size_t mark = sp_sound_begin(&s->w, SP_SOUND_VOLUME);
	sp_sound_u32_write(&s->w, left | (uint32_t)right << 16);
	sp_sound_end(&s->w, mark);
	return sp_audio_queue_put(&s->out, &s->w);
}

void sp_sound_server_stats(const struct sp_sound_server *s, struct sp_sound_server_stats *out)
{
	*out = (struct sp_sound_server_stats){.rtt_ms = s->rtt_ms,
			.rate = s->rate,
			.flight_ms = s->flight_ms,
			.sent_ms = s->sent_ms,
			.dropped_ms = s->dropped_ms};
}
