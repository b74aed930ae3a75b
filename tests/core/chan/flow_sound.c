/* tests/core/chan/flow_sound.c - both ends of sound and of the microphone, joined in memory. */
#include "unit.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/chan/mic_client.h"
#include "core/chan/mic_server.h"
#include "core/chan/sound_client.h"
#include "core/chan/sound_server.h"

#define STEP_US 20000u
#define MOST (1u << 20)

struct duo {
	struct sp_sound_server *s;
	struct sp_sound_client *c;
	uint64_t now;
	uint64_t delay_us; /* of the network, one way */
	bool mute; /* nothing is confirmed */
	uint16_t hold_ms; /* that the client says it waits with */
	struct sp_audio_format format; /* of the last READY */
	unsigned ready, deaf, closed, volumes, messages;
	uint16_t left, right;
	uint8_t heard[MOST];
	size_t n_heard;
	uint16_t version; /* what the client's first message is changed to; 0: as it is */
};

static void setup(struct duo *d, bool server_opus, bool client_opus, uint16_t quality)
{
	struct sp_sound_server_conf sc = {.opus = server_opus};
	struct sp_sound_client_conf cc = {.opus = client_opus, .volume = true, .quality = quality};

	memset(d, 0, sizeof(*d));
	d->now = 1000000;
	d->s = sp_sound_server_create(&sc, d->now);
	d->c = sp_sound_client_create(&cc);
	assert_non_null(d->s);
	assert_non_null(d->c);
}

static void teardown(struct duo *d)
{
	sp_sound_server_destroy(d->s);
	sp_sound_client_destroy(d->c);
}

static void client_events(struct duo *d)
{
	struct sp_sound_client_event ev;

	while (sp_sound_client_next(d->c, &ev)) {
		switch (ev.kind) {
		case SP_SOUND_CLIENT_BLOCK:
			assert_true(d->n_heard + ev.data.n <= MOST);
			memcpy(d->heard + d->n_heard, ev.data.p, ev.data.n);
			d->n_heard += ev.data.n;
			if (!d->mute) {
				assert_int_equal(sp_sound_client_done(d->c, ev.block, d->hold_ms,
								 d->now),
						SP_OK);
			}
			break;
		case SP_SOUND_CLIENT_VOLUME:
			d->volumes++;
			d->left = ev.left;
			d->right = ev.right;
			break;
		case SP_SOUND_CLIENT_CLOSE:
			d->closed++;
			break;
		}
	}
}

static void server_events(struct duo *d)
{
	struct sp_sound_server_event ev;

	while (sp_sound_server_next(d->s, &ev)) {
		if (ev.kind == SP_SOUND_SERVER_READY) {
			d->ready++;
			d->format = ev.format;
		} else {
			d->deaf++;
		}
	}
}

/* Everything that waits on one side goes to the other, again and again. */
static void talk(struct duo *d)
{
	struct sp_rcbuf *b;
	bool any = true;

	while (any) {
		any = false;
		while ((b = sp_sound_server_out(d->s))) {
			d->now += d->delay_us;
			assert_int_equal(sp_sound_client_feed(d->c, sp_span(b->p, b->n), d->now),
					SP_OK);
			client_events(d);
			sp_rcbuf_unref(b);
			d->messages++;
			any = true;
		}
		while ((b = sp_sound_client_out(d->c))) {
			d->now += d->delay_us;
			if (d->version != 0 && b->p[0] == SP_SOUND_FORMATS) {
				b->p[21] = (uint8_t)d->version;
			}
			if (!(d->version != 0 && b->p[0] == SP_SOUND_QUALITY && d->version < 6)) {
				assert_int_equal(sp_sound_server_feed(
								 d->s, sp_span(b->p, b->n), d->now),
						SP_OK);
			}
			server_events(d);
			sp_rcbuf_unref(b);
			any = true;
		}
	}
}

/* ms of a counting sound, sent as far as the machine lets it. */
static void play(struct duo *d, uint32_t ms)
{
	static uint8_t pcm[96 * 1024];
	static uint16_t count;

	for (uint32_t at = 0; at < ms; at += 20) {
		size_t n = sp_audio_ms(&d->format, 20);
		struct sp_span block;

		for (size_t i = 0; i + 1 < n; i += 2) {
			pcm[i] = (uint8_t)count;
			pcm[i + 1] = (uint8_t)(count++ >> 8);
		}
		assert_int_equal(sp_sound_server_put(d->s, sp_span(pcm, n), d->now), SP_OK);
		server_events(d);
		while (sp_sound_server_take(d->s, d->now, &block)) {
			assert_int_equal(sp_sound_server_wave(d->s, block, d->now), SP_OK);
		}
		d->now += STEP_US;
		talk(d);
	}
}

static void test_plays(void **state)
{
	static const uint16_t versions[] = {0, 7, 6, 5};
	static struct duo d;

	for (size_t i = 0; i < SP_LEN(versions); i++) {
		setup(&d, true, true, SP_SOUND_DYNAMIC);
		d.version = versions[i];
		talk(&d);
		assert_int_equal(d.ready, 1);
		assert_int_equal(d.format.tag, SP_AUDIO_PCM);
		assert_int_equal(d.format.rate, 48000);
		play(&d, 1000);
		assert_int_equal(d.n_heard, 48000 * 4);
		for (size_t at = 2; at < d.n_heard; at += 2) {
			uint16_t a = (uint16_t)(d.heard[at - 2] | d.heard[at - 1] << 8);
			uint16_t b = (uint16_t)(d.heard[at] | d.heard[at + 1] << 8);

			assert_int_equal((uint16_t)(b - a), 1);
		}
		assert_int_equal(sp_sound_server_stop(d.s), SP_OK);
		assert_int_equal(sp_sound_server_stop(d.s), SP_OK);
		talk(&d);
		assert_int_equal(d.closed, 1);
		assert_int_equal(sp_sound_server_volume(d.s, 0x4000, 0xFFFF), SP_OK);
		talk(&d);
		assert_int_equal(d.volumes, 1);
		assert_int_equal(d.left, 0x4000);
		assert_int_equal(d.right, 0xFFFF);
		teardown(&d);
	}
}

/* Each quality, with and without Opus; a slow network makes dynamic what it is. */
static void test_formats(void **state)
{
	static const struct {
		bool server_opus, client_opus;
		uint16_t quality;
		uint64_t delay_us; /* for a full training: 8192 bytes */
		uint16_t tag;
		uint32_t rate;
		uint16_t channels;
	} rows[] = {
			{true, true, SP_SOUND_HIGH, 0, SP_AUDIO_PCM, 48000, 2},
			{true, true, SP_SOUND_MEDIUM, 0, SP_AUDIO_OPUS, 48000, 2},
			{true, false, SP_SOUND_MEDIUM, 0, SP_AUDIO_PCM, 22050, 2},
			{false, true, SP_SOUND_MEDIUM, 0, SP_AUDIO_PCM, 22050, 2},
			{true, true, SP_SOUND_DYNAMIC, 0, SP_AUDIO_PCM, 48000, 2},
			{true, true, SP_SOUND_DYNAMIC, 50000, SP_AUDIO_OPUS, 48000, 2},
			{true, false, SP_SOUND_DYNAMIC, 40000, SP_AUDIO_PCM, 22050, 1},
			{true, false, SP_SOUND_DYNAMIC, 1000000, SP_AUDIO_PCM, 11025, 1},
			{true, true, SP_SOUND_HIGH, 1000000, SP_AUDIO_PCM, 48000, 2},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		static struct duo d;
		struct sp_rcbuf *b;

		setup(&d, rows[i].server_opus, rows[i].client_opus, rows[i].quality);
		while (d.ready == 0) {
			bool any = false;

			while ((b = sp_sound_server_out(d.s))) {
				/* The full training is what takes time. */
				d.now += b->n > 4096 ? rows[i].delay_us : 0;
				assert_int_equal(sp_sound_client_feed(
								 d.c, sp_span(b->p, b->n), d.now),
						SP_OK);
				sp_rcbuf_unref(b);
				any = true;
			}
			while ((b = sp_sound_client_out(d.c))) {
				assert_int_equal(sp_sound_server_feed(
								 d.s, sp_span(b->p, b->n), d.now),
						SP_OK);
				server_events(&d);
				sp_rcbuf_unref(b);
				any = true;
			}
			assert_true(any);
		}
		assert_int_equal(d.format.tag, rows[i].tag);
		assert_int_equal(d.format.rate, rows[i].rate);
		assert_int_equal(d.format.channels, rows[i].channels);
		teardown(&d);
	}
}

/* Nothing is confirmed: what is on the way is bounded, the rest is left out, not queued. */
static void test_bounded(void **state)
{
	static struct duo d;
	struct sp_sound_server_stats st;

	setup(&d, false, false, SP_SOUND_HIGH);
	talk(&d);
	d.mute = true;
	play(&d, 2000);
	sp_sound_server_stats(d.s, &st);
	assert_true(st.flight_ms <= 460);
	assert_true(st.dropped_ms >= 1300);
	assert_int_equal(d.ready, 1); /* high quality stays */
	/* It confirms again: what is lost is forgotten, and new sound comes through. */
	d.mute = false;
	d.now += 4000000;
	d.n_heard = 0;
	play(&d, 1000);
	assert_true(d.n_heard >= 48000u * 4 * 9 / 10);
	teardown(&d);
}

static void test_steps_down(void **state)
{
	static struct duo d;

	setup(&d, true, true, SP_SOUND_DYNAMIC);
	talk(&d);
	assert_int_equal(d.format.tag, SP_AUDIO_PCM);
	d.mute = true;
	play(&d, 1100);
	assert_int_equal(d.ready, 2);
	assert_int_equal(d.format.tag, SP_AUDIO_PCM);
	assert_int_equal(d.format.rate, 44100);
	teardown(&d);
}

/* A client whose own queue grows is given less until it has shrunk. */
static void test_client_late(void **state)
{
	static struct duo d;
	struct sp_sound_server_stats st;

	setup(&d, false, false, SP_SOUND_HIGH);
	talk(&d);
	d.hold_ms = 600; /* a long one that stays is how its device is */
	play(&d, 400);
	sp_sound_server_stats(d.s, &st);
	assert_int_equal(st.dropped_ms, 0);
	d.hold_ms = 1000;
	play(&d, 20);
	d.hold_ms = 640;
	play(&d, 600);
	sp_sound_server_stats(d.s, &st);
	assert_in_range(st.dropped_ms, 280, 320);
	teardown(&d);
}

static void test_deaf(void **state)
{
	static struct duo d;

	/* A client without a common format. */
	setup(&d, false, false, 0);
	struct sp_span none = unit_hex("07 00 14 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
				       " 00 08 00 00");
	assert_int_equal(sp_sound_server_feed(d.s, none, d.now), SP_OK);
	server_events(&d);
	assert_int_equal(d.deaf, 1);
	assert_null(sp_sound_server_format(d.s));
	assert_int_equal(sp_sound_server_put(d.s, none, d.now), SP_ESTATE);
	teardown(&d);

	/* One that never answers. */
	setup(&d, false, false, 0);
	assert_true(sp_sound_server_deadline(d.s) > d.now);
	sp_sound_server_tick(d.s, sp_sound_server_deadline(d.s) - 1);
	server_events(&d);
	assert_int_equal(d.deaf, 0);
	sp_sound_server_tick(d.s, sp_sound_server_deadline(d.s));
	server_events(&d);
	assert_int_equal(d.deaf, 1);
	assert_int_equal(sp_sound_server_deadline(d.s), 0);
	teardown(&d);
}

/* Each message in each state, and confirmations of what was never sent, or twice. */
static void test_wrong(void **state)
{
	static const char *const messages[] = {"", "07", "07 00 00 00", "0C 00 04 00 00 00 00 00",
			"06 00 04 00 00 00 00 00", "05 00 04 00 00 00 05 00", "0D 00 00 00",
			"02 00 10 00", "63 00 00 00"};
	static struct duo d;

	for (int phase = 0; phase < 2; phase++) {
		setup(&d, true, true, 0);
		if (phase == 1) {
			talk(&d);
			play(&d, 100);
		}
		for (size_t i = 0; i < SP_LEN(messages); i++) {
			assert_true(sp_sound_server_feed(d.s, unit_hex(messages[i]), d.now) < 0);
			server_events(&d);
			assert_int_equal(d.deaf, 0);
		}
		talk(&d);
		assert_int_equal(d.ready, 1);
		d.n_heard = 0;
		play(&d, 200);
		assert_int_equal(d.n_heard, 200 * 48 * 4);
		teardown(&d);
	}
	setup(&d, true, true, 0);
	for (size_t i = 0; i < SP_LEN(messages); i++) {
		assert_true(sp_sound_client_feed(d.c, unit_hex(messages[i]), d.now) < 0);
	}
	talk(&d);
	/* A format that is none of the list, and a block without sound, which is confirmed. */
	assert_int_equal(sp_sound_client_feed(d.c,
					 unit_hex("0D 00 10 00 00 00 63 00 01 00 00 00 00 00 00 00"
						  " 01 02 03 04"),
					 d.now),
			SP_EFIELD);
	assert_int_equal(sp_sound_client_feed(d.c,
					 unit_hex("0D 00 0C 00 00 00 00 00 01 00 00 00 00 00 00"
						  " 00"),
					 d.now),
			SP_OK);
	struct sp_rcbuf *b = sp_sound_client_out(d.c);
	assert_non_null(b);
	assert_int_equal(b->p[0], SP_SOUND_CONFIRM);
	sp_rcbuf_unref(b);
	assert_int_equal(sp_sound_client_done(d.c, 1, 0, d.now), SP_ESTATE);
	teardown(&d);
}

/* What a client names is all that it is given: its list, and what is chosen for it. */
static void aac_client(
		struct duo *d, uint16_t quality, struct sp_audio_format a, struct sp_audio_format b)
{
	struct sp_sound_server_conf conf = {.opus = true, .aac = true};
	struct sp_sound_formats f = {.flags = SP_SOUND_ALIVE, .version = 8, .n = 2, .v = {a, b}};
	struct sp_sound_training t;
	struct sp_sound_head h;
	struct sp_rcbuf *m;
	uint8_t buf[128];
	struct sp_wr w;
	struct sp_rd r;

	memset(d, 0, sizeof(*d));
	d->now = 1000000;
	d->s = sp_sound_server_create(&conf, d->now);
	assert_non_null(d->s);
	m = sp_sound_server_out(d->s);
	sp_rd_init(&r, m->p, m->n);
	assert_int_equal(sp_sound_head_read(&r, &h), SP_OK);
	struct sp_sound_formats offered;
	assert_int_equal(sp_sound_formats_read(&r, &offered), SP_OK);
	assert_int_equal(offered.n, 8);
	assert_int_equal(offered.v[3].tag, SP_AUDIO_AAC);
	assert_int_equal(offered.v[3].extra.n, 0);
	assert_int_equal(offered.v[4].bytes_per_s, 12000);
	sp_rcbuf_unref(m);

	sp_wr_fixed(&w, buf, sizeof(buf));
	size_t mark = sp_sound_begin(&w, SP_SOUND_FORMATS);
	sp_sound_formats_write(&w, &f);
	sp_sound_end(&w, mark);
	assert_int_equal(sp_sound_server_feed(d->s, sp_span(buf, w.n), d->now), SP_OK);
	sp_wr_fixed(&w, buf, sizeof(buf));
	mark = sp_sound_begin(&w, SP_SOUND_QUALITY);
	sp_sound_quality_write(&w, quality);
	sp_sound_end(&w, mark);
	assert_int_equal(sp_sound_server_feed(d->s, sp_span(buf, w.n), d->now), SP_OK);
	while ((m = sp_sound_server_out(d->s))) {
		sp_rd_init(&r, m->p, m->n);
		assert_int_equal(sp_sound_head_read(&r, &h), SP_OK);
		assert_int_equal(sp_sound_training_read(&r, &t), SP_OK);
		sp_rcbuf_unref(m);
		sp_wr_fixed(&w, buf, sizeof(buf));
		mark = sp_sound_begin(&w, SP_SOUND_TRAINING);
		sp_sound_training_write(&w, &t, true);
		sp_sound_end(&w, mark);
		assert_int_equal(sp_sound_server_feed(d->s, sp_span(buf, w.n), d->now), SP_OK);
	}
	server_events(d);
}

/* A client like Windows': AAC where it names it, a frame a block, and no sound kept for long. */
static void test_aac(void **state)
{
	static const uint8_t pcm[882 * 4]; /* 20 ms */
	struct sp_audio_format other = sp_audio_pcm(2, 48000);
	struct sp_sound_server_stats st;
	static struct duo d;
	struct sp_rcbuf *m;
	struct sp_span block;
	size_t blocks = 0;

	/* A rate of bytes that was not offered is another format; 12000 is. */
	aac_client(&d, SP_SOUND_MEDIUM, sp_audio_aac(24000), sp_audio_pcm(2, 22050));
	assert_int_equal(d.format.tag, SP_AUDIO_PCM);
	sp_sound_server_destroy(d.s);
	aac_client(&d, SP_SOUND_MEDIUM, other, sp_audio_opus());
	assert_int_equal(d.format.tag, SP_AUDIO_OPUS);
	sp_sound_server_destroy(d.s);
	aac_client(&d, SP_SOUND_DYNAMIC, sp_audio_aac(12000), other);
	assert_int_equal(d.format.tag, SP_AUDIO_PCM);
	sp_sound_server_destroy(d.s);
	aac_client(&d, SP_SOUND_MEDIUM, sp_audio_aac(12000), other);
	assert_int_equal(d.format.tag, SP_AUDIO_AAC);
	assert_int_equal(d.format.bytes_per_s, 12000);
	assert_int_equal(d.format.rate, 44100);

	/* A second in pieces of 20 ms, of which nothing is confirmed: whole frames, one in each. */
	for (int i = 0; i < 50; i++) {
		assert_int_equal(sp_sound_server_put(d.s, sp_span(pcm, sizeof(pcm)), d.now), SP_OK);
		while (sp_sound_server_take(d.s, d.now, &block)) {
			assert_int_equal(block.n, SP_AUDIO_AAC_FRAMES * 4);
			assert_int_equal(sp_sound_server_wave(
							 d.s, unit_hex("01 02 03 04 05 06"), d.now),
					SP_OK);
			blocks++;
		}
		d.now += STEP_US;
	}
	sp_sound_server_stats(d.s, &st);
	assert_in_range(blocks, 17, 18); /* 400 ms */
	assert_true(st.dropped_ms >= 450);
	while ((m = sp_sound_server_out(d.s))) {
		struct sp_sound_wave wave;
		struct sp_sound_head h;
		struct sp_rd r;

		sp_rd_init(&r, m->p, m->n);
		assert_int_equal(sp_sound_head_read(&r, &h), SP_OK);
		assert_int_equal(h.type, SP_SOUND_WAVE2);
		assert_int_equal(sp_sound_wave2_read(&r, &wave), SP_OK);
		assert_int_equal(wave.format, 0);
		assert_int_equal(wave.data.n, 6);
		sp_rcbuf_unref(m);
	}
	sp_sound_server_destroy(d.s);
}

static void test_no_memory(void **state)
{
	static struct duo d;

	for (long n = 0; n < 12; n++) {
		struct sp_sound_server_conf sc = {.opus = true};
		struct sp_sound_client_conf cc = {.opus = true};
		struct sp_rcbuf *b;

		memset(&d, 0, sizeof(d));
		sp_mem_fail_after(n);
		d.s = sp_sound_server_create(&sc, 1);
		d.c = sp_sound_client_create(&cc);
		for (int i = 0; d.s && d.c && i < 8; i++) {
			while ((b = sp_sound_server_out(d.s))) {
				int rc = sp_sound_client_feed(d.c, sp_span(b->p, b->n), 1);

				assert_true(rc == SP_OK || rc == SP_ENOMEM);
				sp_rcbuf_unref(b);
			}
			while ((b = sp_sound_client_out(d.c))) {
				int rc = sp_sound_server_feed(d.s, sp_span(b->p, b->n), 1);

				assert_true(rc == SP_OK || rc == SP_ENOMEM || rc == SP_ESTATE);
				sp_rcbuf_unref(b);
			}
		}
		sp_mem_fail_after(-1);
		teardown(&d);
	}
}

/* ---- the microphone ---- */

struct mics {
	struct sp_mic_server *s;
	struct sp_mic_client *c;
	unsigned opened, refused, asked;
	uint32_t result; /* of the client's device */
	struct sp_audio_format format;
	uint8_t heard[MOST];
	size_t n_heard;
};

static void mic_talk(struct mics *m)
{
	struct sp_mic_server_event se;
	struct sp_mic_client_event ce;
	struct sp_rcbuf *b;
	bool any = true;

	while (any) {
		any = false;
		while ((b = sp_mic_server_out(m->s))) {
			assert_int_equal(sp_mic_client_feed(m->c, sp_span(b->p, b->n)), SP_OK);
			while (sp_mic_client_next(m->c, &ce)) {
				m->asked++;
				assert_int_equal(ce.frames, 960);
				assert_int_equal(sp_mic_client_opened(m->c, m->result), SP_OK);
			}
			sp_rcbuf_unref(b);
			any = true;
		}
		while ((b = sp_mic_client_out(m->c))) {
			assert_int_equal(sp_mic_server_feed(m->s, sp_span(b->p, b->n)), SP_OK);
			while (sp_mic_server_next(m->s, &se)) {
				if (se.kind == SP_MIC_SERVER_OPEN) {
					m->opened++;
					m->format = se.format;
				} else if (se.kind == SP_MIC_SERVER_REFUSED) {
					m->refused++;
				} else {
					assert_true(m->n_heard + se.data.n <= MOST);
					memcpy(m->heard + m->n_heard, se.data.p, se.data.n);
					m->n_heard += se.data.n;
				}
			}
			sp_rcbuf_unref(b);
			any = true;
		}
	}
}

static void test_mic(void **state)
{
	static struct mics m;
	static uint8_t pcm[96000];

	memset(&m, 0, sizeof(m));
	m.s = sp_mic_server_create(1);
	m.c = sp_mic_client_create();
	assert_int_equal(sp_mic_client_put(m.c, sp_span(pcm, 2)), SP_ESTATE);
	mic_talk(&m);
	assert_int_equal(m.asked, 1);
	assert_int_equal(m.opened, 1);
	assert_int_equal(m.format.rate, 48000);
	assert_int_equal(m.format.channels, 1);
	assert_int_equal(sp_mic_server_deadline(m.s), 0);
	for (size_t i = 0; i < sizeof(pcm); i++) {
		pcm[i] = (uint8_t)(i * 7);
	}
	/* In odd pieces; it arrives in whole messages of 20 ms. */
	for (size_t at = 0; at < sizeof(pcm); at += 1000) {
		assert_int_equal(sp_mic_client_put(m.c, sp_span(pcm + at, 1000)), SP_OK);
		mic_talk(&m);
	}
	assert_int_equal(m.n_heard, sizeof(pcm));
	assert_memory_equal(m.heard, pcm, sizeof(pcm));
	/* The server asks for another format of the list. */
	struct sp_span change = unit_hex("07 02 00 00 00");
	assert_int_equal(sp_mic_client_feed(m.c, change), SP_OK);
	struct sp_mic_client_event ce;
	assert_true(sp_mic_client_next(m.c, &ce));
	assert_int_equal(ce.kind, SP_MIC_CLIENT_FORMAT);
	assert_int_equal(ce.format.channels, 2);
	mic_talk(&m);
	assert_int_equal(m.opened, 2);
	assert_int_equal(m.format.channels, 2);
	assert_int_equal(sp_mic_client_feed(m.c, unit_hex("07 63 00 00 00")), SP_EFIELD);
	sp_mic_server_destroy(m.s);
	sp_mic_client_destroy(m.c);
}

static void test_mic_refused(void **state)
{
	static struct mics m;

	memset(&m, 0, sizeof(m));
	m.s = sp_mic_server_create(1);
	m.c = sp_mic_client_create();
	m.result = 0x80070005;
	mic_talk(&m);
	assert_int_equal(m.refused, 1);
	assert_int_equal(m.opened, 0);
	assert_int_equal(sp_mic_server_feed(m.s, unit_hex("06 00 00")), SP_ESTATE);
	sp_mic_server_destroy(m.s);
	sp_mic_client_destroy(m.c);

	/* Nobody answers. */
	struct sp_mic_server_event ev;
	struct sp_mic_server *s = sp_mic_server_create(1);
	sp_mic_server_tick(s, sp_mic_server_deadline(s));
	assert_true(sp_mic_server_next(s, &ev));
	assert_int_equal(ev.kind, SP_MIC_SERVER_REFUSED);
	sp_mic_server_destroy(s);
}

static void test_mic_wrong(void **state)
{
	static const char *const messages[] = {"", "01", "02 00", "03 00", "04 00", "06 00 00",
			"07 00 00 00 00", "08", "04 00 00 00 00", "03 00 00 00 00 00 00 00 00"};
	struct sp_mic_server *s = sp_mic_server_create(1);
	struct sp_mic_client *c = sp_mic_client_create();

	for (size_t i = 0; i < SP_LEN(messages); i++) {
		assert_true(sp_mic_server_feed(s, unit_hex(messages[i])) < 0);
		assert_true(sp_mic_client_feed(c, unit_hex(messages[i])) < 0);
	}
	sp_mic_server_destroy(s);
	sp_mic_client_destroy(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_plays),
			cmocka_unit_test(test_formats),
			cmocka_unit_test(test_bounded),
			cmocka_unit_test(test_steps_down),
			cmocka_unit_test(test_client_late),
			cmocka_unit_test(test_deaf),
			cmocka_unit_test(test_wrong),
			cmocka_unit_test(test_aac),
			cmocka_unit_test(test_no_memory),
			cmocka_unit_test(test_mic),
			cmocka_unit_test(test_mic_refused),
			cmocka_unit_test(test_mic_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
