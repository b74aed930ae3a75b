/* tests/core/view/test_pace.c - frames go at once on an empty line, and never pile up on a slow one. */
#include "unit.h"

#include "core/view/pace.h"

#define MS 1000u

/* A line of some bytes per second and some round trip, and a client that shows at once. */
struct line {
	uint64_t rate, rtt_us;
	uint64_t free_us; /* when the line has carried what it was given */
	struct {
		uint32_t id;
		uint64_t at_us;
	} ack[64];
	size_t n, at;
	uint64_t worst_us; /* the longest from sending to acknowledgement */
	size_t shown;
};

static void line_send(struct line *l, struct sp_pace *p, uint32_t id, size_t bytes, uint64_t now)
{
	uint64_t begin = l->free_us > now ? l->free_us : now;

	l->free_us = begin + bytes * 1000000u / l->rate;
	l->ack[l->n % 64].id = id;
	l->ack[l->n++ % 64].at_us = l->free_us + l->rtt_us;
	uint64_t took = l->free_us + l->rtt_us - now;
	l->worst_us = took > l->worst_us ? took : l->worst_us;
	sp_pace_sent(p, id, bytes, now);
}

static void line_run(struct line *l, struct sp_pace *p, uint64_t now)
{
	while (l->at < l->n && l->ack[l->at % 64].at_us <= now) {
		sp_pace_acked(p, l->ack[l->at++ % 64].id, now);
		l->shown++;
	}
}

static void test_first_at_once(void **state)
{
	struct sp_pace p;

	sp_pace_init(&p);
	assert_true(sp_pace_ready(&p, 1));
	assert_int_equal(sp_pace_deadline(&p), 0);
	assert_true(sp_pace_budget(&p) > 100000);
	sp_pace_sent(&p, 1, 30, 10 * MS);
	assert_true(sp_pace_ready(&p, 10 * MS)); /* behind one that measures */
	sp_pace_sent(&p, 2, 1 << 20, 10 * MS);
	assert_false(sp_pace_ready(&p, 11 * MS));
	sp_pace_acked(&p, 1, 30 * MS);
	sp_pace_acked(&p, 2, 70 * MS);
	assert_true(sp_pace_ready(&p, 70 * MS));
	assert_true(sp_pace_rate(&p) > 0);
}

/* Much to show all the time, on lines from very slow to very fast. */
static void test_lines(void **state)
{
	static const uint64_t rates[] = {50000, 1000000, 20000000, 500000000};
	static const uint64_t rtts[] = {200, 20 * MS, 150 * MS};

	for (size_t i = 0; i < 4; i++) {
		for (size_t k = 0; k < 3; k++) {
			struct line l = {.rate = rates[i], .rtt_us = rtts[k]};
			struct sp_pace p;
			uint32_t id = 0;
			uint64_t sent = 0;

			sp_pace_init(&p);
			for (uint64_t now = 1; now < 20000 * MS; now += MS) {
				line_run(&l, &p, now);
				if (now == 5000 * MS + 1) {
					l.worst_us = 0; /* by now it knows the line */
					sent = 0;
				}
				if (sp_pace_ready(&p, now)) {
					size_t n = sp_pace_budget(&p);

					n = n < 60000 ? n : 60000;
					line_send(&l, &p, ++id, n, now);
					sent += n;
				}
			}
			/* Within what the window and one smallest frame take on that line. */
			uint64_t queue = (uint64_t)(6 * 4096) * 1000000u / l.rate;
			assert_in_range(l.worst_us, 0, l.rtt_us + 250 * MS + queue);
			uint64_t could = l.rate * 15;
			could = could < 60000u * 15 * 30 ? could : 60000u * 15 * 30;
			assert_in_range(sent, could * 6 / 10, UINT64_MAX / 2);
		}
	}
}

/* Acknowledgements that never come do not stop the picture for ever. */
static void test_lost(void **state)
{
	struct sp_pace p;
	size_t sent = 0;

	sp_pace_init(&p);
	for (uint64_t now = 1; now < 30000 * MS; now += MS) {
		if (sp_pace_ready(&p, now)) {
			sp_pace_sent(&p, (uint32_t)++sent, 100000, now);
			uint64_t due = sp_pace_deadline(&p);
			assert_true(due == 0 || due > now);
		}
	}
	assert_in_range(sent, 20, 60);
	/* And the next one that comes is enough. */
	sp_pace_acked(&p, (uint32_t)sent, 30001 * MS);
	assert_true(sp_pace_ready(&p, 30001 * MS));
}

static void test_silent(void **state)
{
	struct sp_pace p;

	sp_pace_init(&p);
	sp_pace_sent(&p, 0, 10, 1);
	sp_pace_sent(&p, 1, 10 << 20, 1);
	assert_false(sp_pace_ready(&p, 2));
	sp_pace_silent(&p, true);
	assert_true(sp_pace_ready(&p, 2));
	sp_pace_sent(&p, 2, 10 << 20, 3);
	assert_true(sp_pace_ready(&p, 4));
	sp_pace_silent(&p, false);
	sp_pace_sent(&p, 3, 10 << 20, 5);
	sp_pace_sent(&p, 4, 10 << 20, 5);
	sp_pace_silent(&p, false); /* as before: nothing is forgotten by that */
	assert_false(sp_pace_ready(&p, 6));
	sp_pace_acked(&p, 77, 7);
	assert_false(sp_pace_ready(&p, 8));
	sp_pace_acked(&p, 4, 9);
	assert_true(sp_pace_ready(&p, 10));
}

/* Somebody says only when frames have gone; buffers on the way make it look fast at first. */
static void test_left(void **state)
{
	static const uint64_t rates[] = {50000, 1000000, 20000000};

	for (size_t i = 0; i < 3; i++) {
		struct sp_pace p;
		uint64_t free_us = 0, left[64], sent = 0, worst = 0;
		uint32_t id = 0, at = 0;

		sp_pace_init(&p);
		for (uint64_t now = 1; now < 20000 * MS; now += MS) {
			while (at < id && left[at % 64] <= now) {
				sp_pace_left(&p, ++at, now);
				sp_pace_rate_seen(&p, 1u << 30, false, now);
			}
			if (now == 10000 * MS + 1) {
				sent = worst = 0;
			}
			if (sp_pace_ready(&p, now)) {
				size_t n = sp_pace_budget(&p);

				n = n < 60000 ? n : 60000;
				free_us = (free_us > now ? free_us : now) + n * 1000000u / rates[i];
				/* So much lies in a tunnel and counts as gone. */
				left[id % 64] = free_us > 50 * MS ? free_us - 50 * MS : 0;
				sp_pace_sent(&p, ++id, n, now);
				sent += n;
				worst = free_us - now > worst ? free_us - now : worst;
			}
		}
		assert_in_range(sp_pace_rate(&p), rates[i] / 2, rates[i] * 3 / 2);
		assert_in_range(worst, 0, 50 * MS + 250 * MS + 4 * 4096 * 1000000u / rates[i]);
		uint64_t could = rates[i] * 10 < 60000u * 10 * 1000 ? rates[i] * 10
								    : 60000u * 10 * 1000;
		assert_in_range(sent, could * 7 / 10, UINT64_MAX / 2);
	}
}

static void test_told(void **state)
{
	struct sp_pace p;

	sp_pace_init(&p);
	sp_pace_rate_told(&p, 0, 1);
	assert_int_equal(sp_pace_rate(&p), 0);
	sp_pace_rate_told(&p, 1000000, 2);
	assert_int_equal(sp_pace_rate(&p), 1000000);
	assert_in_range(sp_pace_budget(&p), 30000, 50000);
	/* Not more than was seen, and not a little less; but much less. */
	sp_pace_rate_told(&p, 900000000, 3);
	sp_pace_rate_told(&p, 700000, 3);
	assert_int_equal(sp_pace_rate(&p), 1000000);
	sp_pace_rate_told(&p, 100000, 4);
	assert_int_equal(sp_pace_rate(&p), 100000);
	/* Line knowledge stays, what is in flight does not. */
	sp_pace_sent(&p, 1, 1 << 20, 5);
	sp_pace_sent(&p, 2, 1 << 20, 5);
	assert_false(sp_pace_ready(&p, 6));
	sp_pace_restart(&p);
	assert_true(sp_pace_ready(&p, 6));
	assert_int_equal(sp_pace_rate(&p), 100000);
	sp_pace_left(&p, 2, 7);
	/* Absurd ones overflow nothing. */
	sp_pace_init(&p);
	sp_pace_rtt(&p, UINT64_MAX, 8);
	sp_pace_rate_told(&p, UINT64_MAX, 8);
	sp_pace_rate_seen(&p, UINT64_MAX, true, 8);
	assert_true(sp_pace_budget(&p) <= 8u << 20);
	sp_pace_sent(&p, 3, 100, 9);
	assert_true(sp_pace_ready(&p, 9));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_first_at_once),
			cmocka_unit_test(test_lines),
			cmocka_unit_test(test_lost),
			cmocka_unit_test(test_silent),
			cmocka_unit_test(test_left),
			cmocka_unit_test(test_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
