/* tests/player/test_film.c - a recording as a picture at a time, with an index and without. */
#include "reel.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"
#include "host/lib/h264.h"
#include "player/film.h"
#include "host/audit/rec_index.h"

#define LONG_US 60000000

static const struct sp_h264_impl *h264(void)
{
	return sp_h264_there() ? &sp_h264_openh264 : NULL;
}

static struct sp_film *open_film(const struct reel *r, int index)
{
	struct sp_film_conf conf = {
			.recording = r->fd, .index = index, .key = r->key, .h264 = h264()};
	char why[SP_REC_WHY] = "";
	struct sp_film *f;

	int rc = sp_film_open(&f, &conf, why);
	if (rc != SP_OK) {
		print_error("%s\n", why);
	}
	assert_int_equal(rc, SP_OK);
	return f;
}

static uint64_t shown_at(struct sp_film *f, uint64_t us)
{
	uint32_t w, h;

	assert_int_equal(sp_film_to(f, us, LONG_US), 1);
	const uint8_t *px = sp_replay_picture(sp_film_replay(f), &w, &h);
	return scene_sum(px, w, h);
}

static int make_index(const struct reel *r, struct sp_film_index_result *out)
{
	struct sp_film_index_conf conf = {.recording = r->fd,
			.fd = reel_file(),
			.key = r->key,
			.h264 = h264(),
			.every_us = 10 * REEL_STEP_US};
	char why[SP_REC_WHY] = "";

	assert_int_equal(sp_film_index(&conf, out, why), SP_OK);
	return conf.fd;
}

static void test_play(void **state)
{
	struct sp_film_state st;
	struct reel r;

	reel_start(&r, 12);
	reel_write(&r, 0, r.n, NULL, NULL);
	reel_end(&r);
	struct sp_film *f = open_film(&r, -1);
	assert_string_equal(sp_film_info(f)->meta.user, "anna");
	sp_film_state(f, &st);
	assert_int_equal(st.end_us, reel_us(r.n));
	assert_true(st.whole);
	/* Nothing is shown before the first PDU, and each picture from its time on. */
	assert_true(shown_at(f, REEL_STEP_US - 1) == 0);
	for (size_t i = 0; i < r.n; i++) {
		assert_true(shown_at(f, reel_us(i)) == reel_sum(&r, i));
		sp_film_state(f, &st);
		assert_int_equal(st.at_us, reel_us(i));
		assert_int_equal(st.next_us, reel_us(i + 1));
	}
	assert_true(shown_at(f, SP_FILM_END) == reel_sum(&r, r.n - 1));
	sp_film_state(f, &st);
	assert_int_equal(st.next_us, SP_FILM_END);
	assert_int_equal(st.err, SP_OK);
	assert_int_equal(st.damaged, 0);
	sp_film_destroy(f);
	reel_finish(&r);
}

static void hop(const struct reel *r, struct sp_film *f, unsigned times, uint32_t seed)
{
	for (unsigned k = 0; k < times; k++) {
		seed = seed * 1664525u + 1013904223u;
		size_t i = (seed >> 8) % r->n;

		assert_true(shown_at(f, reel_us(i) + seed % REEL_STEP_US) == reel_sum(r, i));
	}
}

static void test_seek(void **state)
{
	struct sp_film_index_result made;
	struct sp_film_state st;
	struct reel r;

	reel_start(&r, 12);
	reel_write(&r, 0, r.n, NULL, NULL);
	reel_end(&r);
	struct sp_film *f = open_film(&r, -1);
	hop(&r, f, 12, 1);
	sp_film_destroy(f);

	int index = make_index(&r, &made);
	assert_true(made.keys >= 4);
	assert_int_equal(made.frames, r.n + 1);
	f = open_film(&r, index);
	hop(&r, f, 60, 2);
	sp_film_state(f, &st);
	assert_true(st.keys > 20);
	sp_film_destroy(f);
	close(index);
	reel_finish(&r);
}

/* Whatever becomes of the index: it is slower, not wrong. */
static void test_bad_index(void **state)
{
	struct sp_film_index_result made;
	struct stat st;
	struct reel r;

	reel_start(&r, 5);
	reel_write(&r, 0, r.n, NULL, NULL);
	reel_end(&r);
	int index = make_index(&r, &made);
	assert_int_equal(fstat(index, &st), 0);
	for (unsigned k = 0; k < 40; k++) {
		off_t at = st.st_size * k / 40;
		uint8_t byte, other;

		assert_int_equal(pread(index, &byte, 1, at), 1);
		other = byte ^ 0x10;
		assert_int_equal(pwrite(index, &other, 1, at), 1);
		struct sp_film *f = open_film(&r, index);
		hop(&r, f, 3, k);
		sp_film_destroy(f);
		assert_int_equal(pwrite(index, &byte, 1, at), 1);
	}
	for (unsigned k = 20; k > 0; k--) {
		assert_int_equal(ftruncate(index, st.st_size * (k - 1) / 20), 0);
		struct sp_film *f = open_film(&r, index);
		hop(&r, f, 3, k);
		sp_film_destroy(f);
	}
	close(index);
	reel_finish(&r);
}

/* One that still grows, followed from its newest key frame on. */
static void test_follow(void **state)
{
	struct sp_film_index_result made;
	struct sp_film_state st;
	struct reel r;

	reel_start(&r, 8);
	reel_write(&r, 0, r.n / 2, NULL, NULL);
	int index = make_index(&r, &made);
	struct sp_film *f = open_film(&r, index);
	assert_true(shown_at(f, SP_FILM_END) == reel_sum(&r, r.n / 2 - 1));
	sp_film_state(f, &st);
	assert_true(made.keys == 0 || st.keys == 1);
	assert_false(st.whole);
	for (size_t i = r.n / 2; i < r.n; i++) {
		reel_write(&r, i, i + 1, NULL, NULL);
		assert_true(shown_at(f, SP_FILM_END) == reel_sum(&r, i));
	}
	reel_end(&r);
	assert_true(shown_at(f, SP_FILM_END) == reel_sum(&r, r.n - 1));
	sp_film_state(f, &st);
	assert_true(st.whole);
	assert_int_equal(st.end_us, reel_us(r.n));
	/* And back. */
	hop(&r, f, 10, 3);
	sp_film_destroy(f);
	close(index);
	reel_finish(&r);
}

/* A session that is recorded while its index is made. */
struct session {
	struct reel *r;
	size_t at;
	unsigned asked;
};

static bool more(void *user, unsigned wait_ms)
{
	struct session *s = user;
	size_t to = s->at + 7 < s->r->n ? s->at + 7 : s->r->n;

	if (wait_ms == 0) {
		return s->at < s->r->n;
	}
	s->asked++;
	reel_write(s->r, s->at, to, NULL, NULL);
	s->at = to;
	return to < s->r->n;
}

/* Made beside it, small, and torn away in the end: pictures are right with what there is. */
static void test_beside(void **state)
{
	struct sp_film_index_result made;
	char why[SP_REC_WHY] = "";
	struct stat recording, index;
	struct reel r;
	struct session s = {.r = &r};

	reel_start(&r, 24);
	struct sp_film_index_conf conf = {.recording = r.fd,
			.fd = reel_file(),
			.key = r.key,
			.h264 = h264(),
			.go_on = more,
			.user = &s,
			.every_us = 3 * REEL_STEP_US,
			.share = 60,
			.late_us = LONG_US};
	assert_int_equal(sp_film_index(&conf, &made, why), SP_OK);
	assert_true(s.asked > 3);
	assert_int_equal(made.frames, r.n);
	assert_int_equal(fstat(r.fd, &recording), 0);
	assert_int_equal(fstat(conf.fd, &index), 0);
	assert_true(made.keys >= 2);
	assert_true(made.bytes <= (uint64_t)recording.st_size * 60 / 100);
	/* What a recorder leaves that is killed. */
	assert_int_equal(pwrite(r.fd, "torn", 4, recording.st_size), 4);
	assert_int_equal(ftruncate(conf.fd, index.st_size - 20), 0);
	struct sp_film *f = open_film(&r, conf.fd);
	hop(&r, f, 40, 5);
	sp_film_destroy(f);
	close(conf.fd);
	/* And an index of that, by one who came too late for all of it. */
	conf.fd = reel_file();
	conf.go_on = NULL;
	conf.late_us = 1;
	assert_int_equal(sp_film_index(&conf, &made, why), SP_OK);
	assert_true(made.frames < r.n);
	f = open_film(&r, conf.fd);
	hop(&r, f, 10, 6);
	sp_film_destroy(f);
	close(conf.fd);
	reel_finish(&r);
}

static void mutate(uint8_t *p, size_t n, void *user)
{
	uint32_t *seed = user;

	*seed = *seed * 1664525u + 1013904223u;
	if (*seed >> 27 == 0) {
		p[(*seed >> 8) % n] ^= (uint8_t)(1u << (*seed & 7));
	}
}

/* A recorder that lies: time goes on, and it costs no more. */
static void test_hostile(void **state)
{
	struct sp_film_state st;
	uint32_t seed = 17;

	for (unsigned k = 0; k < 8; k++) {
		struct reel r;

		reel_start(&r, 3);
		reel_write(&r, 0, r.n, mutate, &seed);
		reel_end(&r);
		struct sp_film *f = open_film(&r, -1);
		assert_int_equal(sp_film_to(f, SP_FILM_END, LONG_US), 1);
		sp_film_state(f, &st);
		assert_int_equal(st.at_us, reel_us(r.n));
		sp_film_destroy(f);
		reel_finish(&r);
	}
}

/* Who changed the file on the way: up to there it is shown, then it says so. */
static void test_changed(void **state)
{
	struct sp_film_state st;
	struct stat file;
	uint8_t byte;
	struct reel r;

	reel_start(&r, 4);
	for (size_t i = 0; i < r.n; i++) {
		reel_write(&r, i, i + 1, NULL, NULL);
	}
	reel_end(&r);
	assert_int_equal(fstat(r.fd, &file), 0);
	assert_int_equal(pread(r.fd, &byte, 1, file.st_size / 2), 1);
	byte ^= 1;
	assert_int_equal(pwrite(r.fd, &byte, 1, file.st_size / 2), 1);
	struct sp_film *f = open_film(&r, -1);
	assert_int_equal(sp_film_to(f, SP_FILM_END, LONG_US), 1);
	sp_film_state(f, &st);
	assert_int_not_equal(st.err, SP_OK);
	assert_true(strlen(st.why) > 0);
	size_t reached = st.at_us / REEL_STEP_US - 1;
	assert_true(0 < reached && reached < r.n - 1);
	assert_true(shown_at(f, reel_us(reached)) == reel_sum(&r, reached));
	assert_true(shown_at(f, reel_us(reached / 2)) == reel_sum(&r, reached / 2));
	sp_film_state(f, &st);
	assert_int_equal(st.err, SP_OK);
	sp_film_destroy(f);
	reel_finish(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_play),
			cmocka_unit_test(test_seek),
			cmocka_unit_test(test_bad_index),
			cmocka_unit_test(test_follow),
			cmocka_unit_test(test_beside),
			cmocka_unit_test(test_hostile),
			cmocka_unit_test(test_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
