/* fuzz/fuzz_sound.c - both machines of the sound channel, and its messages read and written again. */
#include <stdlib.h>
#include <string.h>

#include "core/chan/sound_client.h"
#include "core/chan/sound_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void formats(struct sp_rd r)
{
	static struct sp_sound_formats a, b;
	struct sp_wr w;

	if (sp_sound_formats_read(&r, &a) != SP_OK) {
		return;
	}
	sp_wr_init(&w, 1u << 24);
	sp_sound_formats_write(&w, &a);
	sp_rd_init(&r, w.p, w.n);
	if (sp_sound_formats_read(&r, &b) != SP_OK || a.n != b.n || a.version != b.version) {
		abort();
	}
	for (size_t i = 0; i < a.n; i++) {
		if (!sp_audio_same(&a.v[i], &b.v[i]) || a.v[i].extra.n != b.v[i].extra.n) {
			abort();
		}
		if (sp_audio_usable(&a.v[i]) && sp_audio_ms(&a.v[i], 20) == 0) {
			abort();
		}
	}
	sp_wr_finish(&w);
}

static void bodies(const uint8_t *data, size_t size)
{
	struct sp_sound_training t;
	struct sp_sound_confirm c;
	struct sp_audio_format f;
	struct sp_sound_wave wave;
	struct sp_sound_head h;
	struct sp_span rest;
	size_t more;
	uint16_t mode;
	uint32_t v;
	struct sp_rd r, at;

	sp_rd_init(&r, data, size);
	sp_audio_format_read(&r, &f);
	sp_rd_init(&r, data, size);
	if (sp_sound_head_read(&r, &h) != SP_OK) {
		return;
	}
	formats(r);
	at = r;
	if (sp_sound_wave_info_read(&at, h.n, &wave, &more) == SP_OK &&
			sp_sound_wave_rest_read(&at, more, &rest) == SP_OK && rest.n != more) {
		abort();
	}
	at = r;
	if (sp_sound_wave2_read(&at, &wave) == SP_OK && wave.data.n > size) {
		abort();
	}
	at = r;
	v = sp_sound_training_read(&at, &t) == SP_OK;
	at = r;
	v += sp_sound_confirm_read(&at, &c) == SP_OK;
	at = r;
	v += sp_sound_quality_read(&at, &mode) == SP_OK;
	at = r;
	if (sp_sound_u32_read(&at, &v) != SP_OK) {
		return;
	}
}

static void drain(struct sp_sound_client *c, struct sp_sound_server *s)
{
	struct sp_rcbuf *b;

	while ((b = c ? sp_sound_client_out(c) : sp_sound_server_out(s))) {
		sp_rcbuf_unref(b);
	}
}

/* Messages: two bytes of length each. The first byte is the side: odd for a client. */
static void machines(const uint8_t *data, size_t size)
{
	static const uint8_t silence[4096];
	struct sp_sound_client_conf cc = {.opus = true, .volume = true};
	struct sp_sound_server_conf sc = {.opus = true, .aac = true};
	struct sp_sound_client *c = NULL;
	struct sp_sound_server *s = NULL;
	struct sp_sound_client_event ce;
	struct sp_sound_server_event se;
	struct sp_span pcm;
	uint64_t now = 1000000;
	struct sp_rd r;

	sp_rd_init(&r, data, size);
	if (sp_rd_u8(&r) & 1) {
		c = sp_sound_client_create(&cc);
	} else {
		s = sp_sound_server_create(&sc, now);
	}
	while (sp_rd_left(&r) >= 2) {
		uint16_t n = sp_rd_le16(&r);
		struct sp_span m = sp_rd_span(&r, n < sp_rd_left(&r) ? n : sp_rd_left(&r));
		int rc;

		now += 7000;
		if (c) {
			rc = sp_sound_client_feed(c, m, now);
			while (sp_sound_client_next(c, &ce)) {
				if (ce.kind == SP_SOUND_CLIENT_BLOCK &&
						(!sp_audio_usable(&ce.format) || ce.data.n == 0)) {
					abort();
				}
				rc += sp_sound_client_done(c, ce.block, 0, now);
			}
		} else {
			rc = sp_sound_server_feed(s, m, now);
			while (sp_sound_server_next(s, &se)) {
			}
			sp_sound_server_tick(s, now);
			rc += sp_sound_server_put(s, sp_span(silence, sizeof(silence)), now);
			while (sp_sound_server_take(s, now, &pcm)) {
				rc += sp_sound_server_wave(s, pcm, now);
			}
		}
		drain(c, s);
		if (rc > 0) {
			abort();
		}
	}
	sp_sound_client_destroy(c);
	sp_sound_server_destroy(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bodies(data, size);
	machines(data, size);
	return 0;
}
