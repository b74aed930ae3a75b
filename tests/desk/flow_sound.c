/* tests/desk/flow_sound.c - a client of sp-desk without rdpsnd hears over the dynamic channel. */
#include <stdlib.h>

#include "client/sound.h"
#include "core/base/err.h"
#include "core/chan/sound.h"
#include "desk/session/child.h"
#include "unit.h"
#include "viewer.h"

/* White noise, from when the desktop is there until it ends. */
#define NOISE "exec pacat --format=s16le --rate=48000 --channels=2 /dev/urandom"
#define PATIENCE_US 10000000u
#define TURN_US 2000u

static const char *server = "xvfb";

static struct heard {
	struct sp_audio_format format;
	size_t bytes, loud; /* samples above a tenth */
} heard;

static void on_pcm(void *user, const struct sp_audio_format *f, struct sp_span pcm)
{
	struct heard *h = user;

	h->format = *f;
	h->bytes += pcm.n;
	for (size_t i = 0; i + 1 < pcm.n; i += 2) {
		h->loud += abs((int16_t)(pcm.p[i] | pcm.p[i + 1] << 8)) > 3276;
	}
}

/* The client's own part, but that it announces no static channel. */
static struct dynamic_only {
	struct sp_part part;
	struct sp_part *inner;
} shell;

static void attach(struct sp_part *part, struct sp_vc *vc)
{
	struct dynamic_only *d = (struct dynamic_only *)part;

	d->inner->calls->attach(d->inner, vc);
}

/* Ports belong to the inner one, and so do their events. */
static void event(struct sp_part *part, const struct sp_vc_event *ev)
{
	fail_msg("event %d of no port", (int)ev->kind);
}

static void detach(struct sp_part *part)
{
	struct dynamic_only *d = (struct dynamic_only *)part;

	d->inner->calls->detach(d->inner);
}

static void listen_for(uint16_t quality, size_t bytes)
{
	static const struct sp_part_calls calls = {
			.dynamic = true, .attach = attach, .event = event, .detach = detach};
	static struct session s;
	static struct viewer v;
	char path[256];

	if (sp_child_find("pulseaudio", NULL, path, sizeof(path)) != SP_OK ||
			sp_child_find("pacat", NULL, path, sizeof(path)) != SP_OK) {
		print_message("no pulseaudio or pacat\n");
		skip();
	}
	session_open(&s, server, NOISE, 320, 240);
	heard = (struct heard){0};
	struct sp_client_sound *sound = sp_client_sound_create(s.loop, quality, on_pcm, &heard);
	assert_non_null(sound);
	shell.part.calls = &calls;
	shell.inner = sp_client_sound_part(sound);
	viewer_open_part(&v, &s, 320, 240, 32, &shell.part);
	viewer_until_active(&v, &s);
	uint64_t end = sp_now_us() + PATIENCE_US;
	while (heard.bytes < bytes && sp_now_us() < end) {
		assert_false(v.closed);
		viewer_pump(&v);
		assert_int_equal(sp_loop_turn(s.loop, TURN_US), SP_OK);
	}
	assert_true(heard.bytes >= bytes);
	assert_int_equal(heard.format.tag, SP_AUDIO_PCM);
	assert_int_equal(heard.format.rate, 48000);
	assert_int_equal(heard.format.channels, 2);
	/* Of evenly spread samples nine in ten are loud; before them is silence, if any. */
	assert_true(heard.loud > bytes / 2 / 2);
	viewer_close(&v);
	sp_client_sound_destroy(sound);
	assert_int_equal(session_close(&s), 0);
}

static void test_pcm(void **state)
{
	listen_for(SP_SOUND_HIGH, 48000 * 4 / 2);
}

/* What comes is Opus; the part gives what it is decoded to. */
static void test_opus(void **state)
{
	listen_for(SP_SOUND_MEDIUM, 48000 * 4 / 2);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_pcm),
			cmocka_unit_test(test_opus),
	};

	server = argc > 1 ? argv[1] : server;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
