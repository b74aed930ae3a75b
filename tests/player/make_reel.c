/* tests/player/make_reel.c - writes a recording with every codec, its auditor's key, and what it shows. */
#include "reel.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "host/lib/h264.h"
#include "host/lib/png.h"
#include "player/film.h"

/* make_reel DIR LENGTH: DIR/ID.spr, DIR/auditor.key, DIR/N.png, and lines "N SECONDS WIDTH HEIGHT". */
static const char *dir;
static unsigned length;

static void copy_file(int from, const char *path)
{
	static uint8_t mem[1 << 16];
	int to = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	off_t at = 0;

	assert_true(to >= 0);
	for (ssize_t n; (n = pread(from, mem, sizeof(mem), at)) > 0; at += n) {
		assert_int_equal(write(to, mem, (size_t)n), n);
	}
	close(to);
}

static void make(void **state)
{
	char path[1200], why[SP_REC_WHY];
	struct reel r;
	uint32_t w, h;

	(void)state;
	reel_start(&r, length);
	reel_write(&r, 0, r.n, NULL, NULL);
	reel_end(&r);
	snprintf(path, sizeof(path), "%s/01HZXW5V4T3R2Q1P0N9M8K7J6G.spr", dir);
	copy_file(r.fd, path);
	snprintf(path, sizeof(path), "%s/auditor.key", dir);
	assert_int_equal(sp_rec_key_save(&r.auditor, path, why), SP_OK);
	struct sp_film_conf conf = {.recording = r.fd,
			.index = -1,
			.key = r.key,
			.h264 = sp_h264_there() ? &sp_h264_openh264 : NULL};
	struct sp_film *f;
	assert_int_equal(sp_film_open(&f, &conf, why), SP_OK);
	for (size_t k = 1; k <= 8; k++) {
		size_t i = r.n * k / 8 - 1;
		FILE *out = stdout;

		assert_int_equal(sp_film_to(f, reel_us(i), UINT32_MAX), 1);
		const uint8_t *px = sp_replay_picture(sp_film_replay(f), &w, &h);
		/* Not what the player says, but what the client showed. */
		assert_true(scene_sum(px, w, h) == reel_sum(&r, i));
		snprintf(path, sizeof(path), "%s/%zu.png", dir, k);
		assert_int_equal(sp_png_write(path, px, (size_t)w * 4, w, h), SP_OK);
		fprintf(out, "%zu %.6f %u %u\n", k, (double)reel_us(i) / 1e6, w, h);
	}
	sp_film_destroy(f);
	reel_finish(&r);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(make)};

	if (argc != 3) {
		return 2;
	}
	dir = argv[1];
	length = (unsigned)strtoul(argv[2], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
