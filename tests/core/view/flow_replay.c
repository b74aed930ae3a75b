/* tests/core/view/flow_replay.c - a recorded session shows what its client showed, from any point on. */
#include "scene.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/pdu/mcs.h"
#include "core/view/replay.h"
#include "host/lib/h264.h"

#define STATE_MAX (64u << 20)

static const struct sp_h264_impl *film(void)
{
	return sp_h264_there() ? &sp_h264_openh264 : NULL;
}

static struct sp_replay *make(const struct scene *s)
{
	struct sp_replay_conf conf = {.client = scene_conf(s), .h264 = film(), .saves = true};
	struct sp_replay *r = sp_replay_create(&conf);

	assert_non_null(r);
	return r;
}

/* What the gate keeps of the client's side: its Confirm Active. */
static void take_in(struct sp_replay *r, const struct scene_pdu *p)
{
	struct sp_mcs m;
	struct sp_rd rd;

	sp_rd_init(&rd, p->b->p, p->b->n);
	if (p->b->n > 60 && (p->b->p[0] & 3) == 3 && sp_mcs_read(&rd, &m) == SP_OK &&
			m.channel == 1003 && m.data.n > 4 && (m.data.p[2] & 15) == 3) {
		sp_replay_confirm(r, m.data);
	}
	sp_replay_in(r, sp_span(p->b->p, p->b->n));
}

static void step(struct sp_replay *r, const struct scene_pdu *p, uint64_t now)
{
	if (p->from_client) {
		take_in(r, p);
	} else {
		assert_int_equal(sp_replay_out(r, sp_span(p->b->p, p->b->n), now), SP_OK);
	}
}

static uint64_t shown(struct sp_replay *r)
{
	uint32_t w, h;
	const uint8_t *px = sp_replay_picture(r, &w, &h);

	return scene_sum(px, w, h);
}

static void save(struct sp_replay *r, struct sp_wr *w)
{
	sp_wr_reset(w);
	assert_int_equal(sp_replay_save(r, w), SP_OK);
}

/* One straight through, one that is replaced by what was saved of it every few PDUs. */
static void test_same(void **state)
{
	struct scene *s = scene_create(film());
	const struct scene_pdu *tape;
	struct sp_wr a, b;

	scene_play(s, 30);
	size_t n = scene_tape(s, &tape);
	struct sp_replay *straight = make(s), *hopping = make(s);
	sp_wr_init(&a, STATE_MAX);
	sp_wr_init(&b, STATE_MAX);
	for (size_t i = 0; i < n; i++) {
		step(straight, &tape[i], i);
		step(hopping, &tape[i], i);
		/* The client's picture was taken when this PDU was through. */
		if (!tape[i].from_client && shown(straight) != tape[i].sum) {
			print_error("PDU %zu of %zu\n", i, n);
			assert_true(shown(straight) == tape[i].sum);
		}
		if (i % 5 == 0) {
			struct sp_replay *fresh = make(s);

			save(hopping, &a);
			assert_int_equal(sp_replay_load(fresh, sp_span(a.p, a.n)), SP_OK);
			sp_replay_destroy(hopping);
			hopping = fresh;
			save(hopping, &b);
			assert_int_equal(a.n, b.n);
			assert_memory_equal(a.p, b.p, a.n);
		}
		assert_true(shown(straight) == shown(hopping));
	}
	assert_int_equal(sp_replay_damaged(straight), 0);
	assert_int_equal(sp_replay_damaged(hopping), 0);
	/* Also with the pointer. */
	uint32_t w, h;
	sp_replay_picture(straight, &w, &h);
	uint8_t *one = malloc((size_t)w * h * 4), *two = malloc((size_t)w * h * 4);
	sp_replay_compose(straight, one);
	sp_replay_compose(hopping, two);
	assert_memory_equal(one, two, (size_t)w * h * 4);
	free(one);
	free(two);
	sp_wr_finish(&a);
	sp_wr_finish(&b);
	sp_replay_destroy(straight);
	sp_replay_destroy(hopping);
	scene_destroy(s);
}

/* What was changed on the way costs no more than what was not. */
static void test_mutated(void **state)
{
	struct scene *s = scene_create(NULL);
	const struct scene_pdu *tape;
	uint32_t seed = 99;

	scene_play(s, 6);
	size_t n = scene_tape(s, &tape);
	for (unsigned round = 0; round < 40; round++) {
		struct sp_replay *r = make(s);

		for (size_t i = 0; i < n; i++) {
			uint8_t *copy = malloc(tape[i].b->n);
			size_t len = tape[i].b->n;

			memcpy(copy, tape[i].b->p, len);
			for (unsigned k = 0; k < 2; k++) {
				seed = seed * 1664525u + 1013904223u;
				if (seed >> 28 == 0) {
					copy[(seed >> 8) % len] ^= (uint8_t)(1u << (seed & 7));
				}
			}
			if (tape[i].from_client) {
				sp_replay_in(r, sp_span(copy, len));
			} else if (sp_replay_out(r, sp_span(copy, len), i) != SP_OK) {
				assert_true(sp_replay_out(r, sp_span(copy, len), i) != SP_OK);
				i = n;
			}
			free(copy);
		}
		sp_replay_destroy(r);
	}
	scene_destroy(s);
}

/* A state of which any byte is another, or that is cut, is refused or loaded; nothing else. */
static void test_hostile_state(void **state)
{
	struct scene *s = scene_create(NULL);
	const struct scene_pdu *tape;
	uint32_t seed = 3;
	struct sp_wr w;

	scene_play(s, 2);
	size_t n = scene_tape(s, &tape);
	struct sp_replay *r = make(s);
	sp_wr_init(&w, STATE_MAX);
	for (size_t i = 0; i < n; i++) {
		step(r, &tape[i], i);
		if (i % 40 != 0) {
			continue;
		}
		save(r, &w);
		for (unsigned k = 0; k < 60; k++) {
			seed = seed * 1664525u + 1013904223u;
			/* Half of them near the end, where there is more than pixels. */
			size_t at = seed % 2 ? (seed >> 4) % w.n
					     : w.n - 1 - (seed >> 4) % (w.n < 400 ? w.n : 400);
			struct sp_replay *fresh = make(s);

			w.p[at] ^= (uint8_t)(1u << (seed & 7));
			assert_true(sp_replay_load(fresh, sp_span(w.p, w.n)) <= SP_OK);
			w.p[at] ^= (uint8_t)(1u << (seed & 7));
			sp_replay_destroy(fresh);
			fresh = make(s);
			assert_int_not_equal(sp_replay_load(fresh, sp_span(w.p, at)), SP_OK);
			sp_replay_destroy(fresh);
		}
	}
	sp_wr_finish(&w);
	sp_replay_destroy(r);
	scene_destroy(s);
}

/* Without memory at any point: an error, and no more than that. */
static void test_no_memory(void **state)
{
	struct scene *s = scene_create(NULL);
	const struct scene_pdu *tape;

	scene_play(s, 1);
	size_t n = scene_tape(s, &tape);
	for (long k = 0; k < 120; k++) {
		struct sp_replay_conf conf = {.client = scene_conf(s)};

		sp_mem_fail_after(k);
		struct sp_replay *r = sp_replay_create(&conf);
		for (size_t i = 0; r && i < n; i++) {
			if (!tape[i].from_client &&
					sp_replay_out(r, sp_span(tape[i].b->p, tape[i].b->n), i) !=
							SP_OK) {
				break;
			}
		}
		sp_mem_fail_after(-1);
		sp_replay_destroy(r);
	}
	scene_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_same),
			cmocka_unit_test(test_mutated),
			cmocka_unit_test(test_hostile_state),
			cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
