/* tests/desk/test_mic_pipe.c - the microphone's pipe: never quiet, never late, in the right form. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"
#include "desk/session/mic_pipe.h"

#define RATE 48000

struct rig {
	char dir[64], path[80];
	struct sp_loop *loop;
	struct sp_mic_pipe *pipe;
	int reader;
};

static int setup(void **state)
{
	static struct rig r;

	snprintf(r.dir, sizeof(r.dir), "/tmp/sp-mic-XXXXXX");
	assert_non_null(mkdtemp(r.dir));
	snprintf(r.path, sizeof(r.path), "%s/pipe", r.dir);
	assert_int_equal(mkfifo(r.path, 0600), 0);
	r.loop = sp_loop_create();
	r.pipe = sp_mic_pipe_create(r.loop, RATE);
	r.reader = open(r.path, O_RDONLY | O_NONBLOCK);
	assert_non_null(r.pipe);
	*state = &r;
	return 0;
}

static int teardown(void **state)
{
	struct rig *r = *state;

	sp_mic_pipe_destroy(r->pipe);
	sp_loop_destroy(r->loop);
	close(r->reader);
	unlink(r->path);
	rmdir(r->dir);
	return 0;
}

/* Samples that came; the loop runs for so long before. */
static size_t read_samples(struct rig *r, uint64_t us, int16_t *out, size_t max)
{
	uint64_t end = sp_now_us() + us;
	size_t n = 0;

	do {
		assert_int_equal(sp_loop_turn(r->loop, us ? 5000 : 0), SP_OK);
		ssize_t got = read(r->reader, out + n, (max - n) * 2);
		n += got > 0 ? (size_t)got / 2 : 0;
	} while (sp_now_us() < end);
	return n;
}

static void test_silence(void **state)
{
	struct rig *r = *state;
	static int16_t v[RATE];

	assert_int_equal(sp_mic_pipe_open(r->pipe, r->path), SP_OK);
	size_t n = read_samples(r, 200000, v, RATE);
	assert_in_range(n, RATE / 10,
			RATE / 3); /* 200 ms, on a machine that has other things to do */
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(v[i], 0);
	}
	sp_mic_pipe_close(r->pipe);
	read_samples(r, 0, v, RATE);
	assert_int_equal(read_samples(r, 60000, v, RATE), 0);
}

static void test_forms(void **state)
{
	static const struct {
		uint16_t channels;
		uint32_t rate;
	} rows[] = {{1, 48000}, {2, 48000}, {2, 44100}, {1, 22050}, {1, 16000}, {1, 96000}};
	struct rig *r = *state;
	static int16_t v[RATE];
	static uint8_t pcm[4 * 96000];

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_audio_format f = sp_audio_pcm(rows[i].channels, rows[i].rate);
		size_t n = sp_audio_ms(&f, 20);

		assert_int_equal(sp_mic_pipe_open(r->pipe, r->path), SP_OK);
		for (size_t at = 0; at < n; at += 2) {
			/* Left and right differ; their middle is 1000. */
			int16_t one = (int16_t)(f.channels == 1 ? 1000 : at % 4 == 0 ? 700 : 1300);

			pcm[at] = (uint8_t)one;
			pcm[at + 1] = (uint8_t)(one >> 8);
		}
		sp_mic_pipe_put(r->pipe, &f, sp_span(pcm, n));
		size_t got = read_samples(r, 0, v, RATE);
		assert_in_range(got, 955, 965); /* 20 ms */
		for (size_t at = 10; at < got; at++) {
			assert_int_equal(v[at], 1000);
		}
		sp_mic_pipe_close(r->pipe);
	}
}

/* What the reader does not take is left out, and what is left behind is not for the next one. */
static void test_bounded(void **state)
{
	struct sp_audio_format f = sp_audio_pcm(1, RATE);
	struct rig *r = *state;
	static int16_t v[2 * RATE];
	static uint8_t pcm[2 * RATE];

	memset(pcm, 1, sizeof(pcm));
	assert_int_equal(sp_mic_pipe_open(r->pipe, r->path), SP_OK);
	for (int i = 0; i < 50; i++) {
		sp_mic_pipe_put(r->pipe, &f, sp_span(pcm, sp_audio_ms(&f, 20)));
	}
	size_t n = read_samples(r, 0, v, 2 * RATE);
	assert_true(0 < n && n <= RATE / 10);
	sp_mic_pipe_put(r->pipe, &f, sp_span(pcm, sp_audio_ms(&f, 20)));
	sp_mic_pipe_close(r->pipe);
	assert_int_equal(read_samples(r, 0, v, 2 * RATE), 0);
	sp_mic_pipe_put(r->pipe, &f, sp_span(pcm, 100)); /* closed: nothing happens */
}

static void test_no_pipe(void **state)
{
	struct rig *r = *state;
	char file[100];

	assert_int_equal(sp_mic_pipe_open(r->pipe, "/nonexistent/pipe"), SP_ESYS);
	snprintf(file, sizeof(file), "%s/file", r->dir);
	close(open(file, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(sp_mic_pipe_open(r->pipe, file), SP_ESYS);
	unlink(file);
	assert_int_equal(symlink(r->path, file), 0);
	assert_int_equal(sp_mic_pipe_open(r->pipe, file), SP_ESYS);
	unlink(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_setup_teardown(test_silence, setup, teardown),
			cmocka_unit_test_setup_teardown(test_forms, setup, teardown),
			cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
			cmocka_unit_test_setup_teardown(test_no_pipe, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
