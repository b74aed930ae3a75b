/* tests/gate/parent/test_limits.c - who may knock: counts, rates, penalties, the table's end. */
#include "gate/parent/limits.h"

#include <stdio.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "host/io/tcp.h"
#include "unit.h"

#define S UINT64_C(1000000)
#define NEVER UINT32_MAX /* draws that are dropped last and first: draw % 100 is 95 and 0 */
#define UNLUCKY 0u

static const struct sp_limits_conf usual = {
		.per_source = 8, .rate = 10, .burst = 20, .total_soft = 64, .total_hard = 512};
static struct sp_limits *l;
static uint64_t now;

static int setup(void **state)
{
	(void)state;
	now = 1000 * S;
	l = sp_limits_create(&usual);
	return l ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	sp_limits_destroy(l);
	return 0;
}

/* The n-th IPv4 address of 10.0.0.0/8, as sp_addr_source() gives it. */
static const uint8_t *v4(uint32_t n)
{
	static uint8_t a[SP_SOURCE_SIZE];

	memset(a, 0, sizeof(a));
	a[10] = a[11] = 0xff;
	a[12] = 10;
	a[13] = (uint8_t)(n >> 16);
	a[14] = (uint8_t)(n >> 8);
	a[15] = (uint8_t)n;
	return a;
}

static int ask(uint32_t n)
{
	return sp_limits_ask(l, v4(n), now, NEVER);
}

/* Comes and goes at once. */
static int visit(uint32_t n)
{
	int v = ask(n);

	if (v == SP_LIMITS_ACCEPTED) {
		sp_limits_done(l, v4(n));
	}
	return v;
}

static void test_at_once(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++) {
		assert_int_equal(ask(1), SP_LIMITS_ACCEPTED);
	}
	assert_int_equal(ask(1), SP_LIMITS_REFUSED_SOURCE);
	assert_int_equal(ask(2), SP_LIMITS_ACCEPTED);
	assert_int_equal(sp_limits_open(l), 9);
	sp_limits_done(l, v4(1));
	assert_int_equal(sp_limits_open(l), 8);
	assert_int_equal(ask(1), SP_LIMITS_ACCEPTED);
	assert_int_equal(ask(1), SP_LIMITS_REFUSED_SOURCE);
}

static void test_done_of_nobody(void **state)
{
	(void)state;
	sp_limits_done(l, v4(1));
	assert_int_equal(sp_limits_open(l), 0);
	assert_int_equal(ask(1), SP_LIMITS_ACCEPTED);
	sp_limits_done(l, v4(1));
	sp_limits_done(l, v4(1));
	assert_int_equal(sp_limits_open(l), 0);
}

static void test_rate_and_burst(void **state)
{
	int got = 0;

	(void)state;
	while (got < 100 && visit(1) == SP_LIMITS_ACCEPTED) {
		got++;
	}
	assert_int_equal(got, 20);
	assert_int_equal(visit(1), SP_LIMITS_REFUSED_RATE);
	assert_int_equal(visit(2), SP_LIMITS_ACCEPTED);
	/* Ten a second from here on, evenly. */
	now += S / 10 - 1;
	assert_int_equal(visit(1), SP_LIMITS_REFUSED_RATE);
	now += 1;
	assert_int_equal(visit(1), SP_LIMITS_ACCEPTED);
	assert_int_equal(visit(1), SP_LIMITS_REFUSED_RATE);
	now += S;
	for (got = 0; got < 100 && visit(1) == SP_LIMITS_ACCEPTED; got++) {
	}
	assert_int_equal(got, 10);
	/* A long pause gives no more than the burst. */
	now += 3600 * S;
	for (got = 0; got < 100 && visit(1) == SP_LIMITS_ACCEPTED; got++) {
	}
	assert_int_equal(got, 20);
}

static int ask_address(const char *text)
{
	uint8_t source[SP_SOURCE_SIZE];
	struct sp_addr a;

	assert_int_equal(sp_addr_parse(text, &a), SP_OK);
	sp_addr_source(&a, source);
	return sp_limits_ask(l, source, now, NEVER);
}

static void test_ipv6_is_one_network(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++) {
		char text[32];

		snprintf(text, sizeof(text), "[2001:db8:0:1:%x::%x]:1", 3 * i, i);
		assert_int_equal(ask_address(text), SP_LIMITS_ACCEPTED);
	}
	assert_int_equal(ask_address("[2001:db8:0:1:ffff::1]:1"), SP_LIMITS_REFUSED_SOURCE);
	assert_int_equal(ask_address("[2001:db8:0:2::1]:1"), SP_LIMITS_ACCEPTED);
	/* An IPv4 client of an IPv6 listener is an IPv4 address, not one of a single network. */
	for (int i = 0; i < 8; i++) {
		assert_int_equal(ask_address("[::ffff:192.0.2.1]:1"), SP_LIMITS_ACCEPTED);
	}
	assert_int_equal(ask_address("192.0.2.1:1"), SP_LIMITS_REFUSED_SOURCE);
	assert_int_equal(ask_address("[::ffff:192.0.2.2]:1"), SP_LIMITS_ACCEPTED);
}

static void test_total(void **state)
{
	uint32_t n = 0;

	(void)state;
	/* Below the soft limit nobody is unlucky. */
	for (; n < 64; n++) {
		assert_int_equal(sp_limits_ask(l, v4(n), now, UNLUCKY), SP_LIMITS_ACCEPTED);
	}
	/* At it three of ten are: draws 0 to 29 of 100. */
	assert_int_equal(sp_limits_ask(l, v4(n), now, 29), SP_LIMITS_REFUSED_TOTAL);
	assert_int_equal(sp_limits_ask(l, v4(n), now, 30), SP_LIMITS_ACCEPTED);
	/* Half way it is 65. */
	for (n = 65; n < 288; n++) {
		assert_int_equal(sp_limits_ask(l, v4(n), now, 99), SP_LIMITS_ACCEPTED);
	}
	assert_int_equal(sp_limits_ask(l, v4(n), now, 64), SP_LIMITS_REFUSED_TOTAL);
	assert_int_equal(sp_limits_ask(l, v4(n), now, 65), SP_LIMITS_ACCEPTED);
	for (n = 289; n < 512; n++) {
		assert_int_equal(sp_limits_ask(l, v4(n), now, 99), SP_LIMITS_ACCEPTED);
	}
	assert_int_equal(sp_limits_open(l), 512);
	assert_int_equal(sp_limits_ask(l, v4(n), now, 99), SP_LIMITS_REFUSED_TOTAL);
	sp_limits_done(l, v4(0));
	assert_int_equal(sp_limits_ask(l, v4(n), now, 99), SP_LIMITS_ACCEPTED);
}

static void test_good_source_gets_in(void **state)
{
	uint32_t n;

	(void)state;
	sp_limits_good(l, v4(1000), now);
	for (n = 0; n < 512; n++) {
		assert_int_equal(sp_limits_ask(l, v4(n), now, 99), SP_LIMITS_ACCEPTED);
	}
	assert_int_equal(sp_limits_ask(l, v4(1001), now, 99), SP_LIMITS_REFUSED_TOTAL);
	assert_int_equal(sp_limits_ask(l, v4(1000), now, UNLUCKY), SP_LIMITS_ACCEPTED);
	/* It is held to its own limits like anybody. */
	for (int i = 1; i < 8; i++) {
		assert_int_equal(ask(1000), SP_LIMITS_ACCEPTED);
	}
	assert_int_equal(ask(1000), SP_LIMITS_REFUSED_SOURCE);
	/* There is an end for them as well: an eighth more. */
	for (n = 2000; n < 2000 + 56; n++) {
		sp_limits_good(l, v4(n), now);
		assert_int_equal(ask(n), SP_LIMITS_ACCEPTED);
	}
	sp_limits_good(l, v4(n), now);
	assert_int_equal(ask(n), SP_LIMITS_REFUSED_TOTAL);
	/* And it wears off. */
	for (n = 0; n < 8; n++) {
		sp_limits_done(l, v4(1000));
	}
	now += (SP_LIMITS_GOOD_S + 1) * S;
	assert_int_equal(sp_limits_ask(l, v4(1000), now, UNLUCKY), SP_LIMITS_REFUSED_TOTAL);
}

static void test_penalties(void **state)
{
	(void)state;
	/* Two wrong passwords are free of consequences. */
	for (int i = 0; i < 2; i++) {
		sp_limits_penalize(l, v4(1), 10, now);
		assert_int_equal(visit(1), SP_LIMITS_ACCEPTED);
	}
	sp_limits_penalize(l, v4(1), 10, now);
	assert_int_equal(visit(1), SP_LIMITS_REFUSED_PENALTY);
	assert_int_equal(visit(2), SP_LIMITS_ACCEPTED);
	/* It wears off second by second, down to what is free. */
	now += 10 * S - 1;
	assert_int_equal(visit(1), SP_LIMITS_REFUSED_PENALTY);
	now += 1;
	assert_int_equal(visit(1), SP_LIMITS_ACCEPTED);
	sp_limits_penalize(l, v4(1), 10, now);
	assert_int_equal(visit(1), SP_LIMITS_REFUSED_PENALTY);
	/* Never further than the most. */
	for (int i = 0; i < 100; i++) {
		sp_limits_penalize(l, v4(1), 120, now);
	}
	now += (SP_PENALTY_MAX_S - SP_PENALTY_FREE_S) * S - 1;
	assert_int_equal(visit(1), SP_LIMITS_REFUSED_PENALTY);
	now += 1;
	assert_int_equal(visit(1), SP_LIMITS_ACCEPTED);
}

static void test_refused_ones_cost_nothing(void **state)
{
	(void)state;
	sp_limits_penalize(l, v4(1), 40, now);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(visit(1), SP_LIMITS_REFUSED_PENALTY);
	}
	assert_int_equal(sp_limits_open(l), 0);
	now += 20 * S;
	assert_int_equal(visit(1), SP_LIMITS_ACCEPTED);
}

/* What one process kept, the next takes back; the clocks of both begin anywhere. */
static void test_kept(void **state)
{
	static struct sp_msg_penalties m;

	(void)state;
	sp_limits_penalties(l, now, 5000, &m);
	assert_int_equal(m.n, 0);
	assert_int_equal(sp_limits_penalized(l), 0);
	sp_limits_penalize(l, v4(1), 120, now);
	sp_limits_penalize(l, v4(2), 10, now);
	sp_limits_penalize(l, v4(3), 30, now);
	assert_int_equal(visit(4), SP_LIMITS_ACCEPTED);
	assert_int_equal(sp_limits_penalized(l), 3);
	/* Who has to wait, but not yet long enough to be refused, is not counted. */
	assert_int_equal(sp_limits_waiting(l, now), 2);
	assert_int_equal(sp_limits_waiting(l, now + 11 * 1000000), 1);
	assert_int_equal(sp_limits_waiting(l, now + 101 * 1000000), 0);
	now += 10 * S;
	sp_limits_penalties(l, now, 5000, &m);
	assert_int_equal(m.n, 2); /* one is over */
	assert_memory_equal(m.v[0].source, v4(1), SP_SOURCE_SIZE);
	assert_int_equal(m.v[0].until, 5110);
	assert_int_equal(m.v[1].until, 5020);

	sp_limits_destroy(l);
	l = sp_limits_create(&usual);
	assert_non_null(l);
	now = 7 * S;
	sp_limits_restore(l, &m, now, 5020); /* twenty seconds later */
	assert_int_equal(visit(1), SP_LIMITS_REFUSED_PENALTY);
	assert_int_equal(visit(3), SP_LIMITS_ACCEPTED);
	now += 70 * S - 1;
	assert_int_equal(visit(1), SP_LIMITS_REFUSED_PENALTY);
	now += 1;
	assert_int_equal(visit(1), SP_LIMITS_ACCEPTED);
	/* A clock that was set back, or rows that are nonsense: there is a most. */
	m.v[0].until = INT64_MAX;
	m.v[1].until = INT64_MIN;
	sp_limits_restore(l, &m, now, 0);
	assert_int_equal(visit(1), SP_LIMITS_REFUSED_PENALTY);
	assert_int_equal(visit(3), SP_LIMITS_ACCEPTED);
	now += (SP_PENALTY_MAX_S - SP_PENALTY_FREE_S) * S;
	assert_int_equal(visit(1), SP_LIMITS_ACCEPTED);
}

static void test_kept_are_the_longest(void **state)
{
	static struct sp_msg_penalties m;

	(void)state;
	for (uint32_t n = 0; n < 800; n++) {
		/* All of 1 to 800, in no order. */
		sp_limits_penalize(l, v4(n), 1 + n * 7 % 800, now);
	}
	sp_limits_penalties(l, now, 0, &m);
	assert_int_equal(m.n, SP_PENALTIES);
	for (uint32_t i = 0; i < m.n; i++) {
		assert_in_range(m.v[i].until, 800 - SP_PENALTIES + 1, 800);
	}
}

static void test_exempt(void **state)
{
	static const struct sp_conf_net nets[] = {
			{.family = AF_INET, .bits = 30, .addr = {10, 0, 0, 8}},
			{.family = AF_INET6, .bits = 96, .addr = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 1}},
	};
	struct sp_limits_conf office = usual;
	uint8_t six[SP_SOURCE_SIZE] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 1};

	(void)state;
	sp_limits_penalize(l, v4(9), 600, now); /* before the configuration said so */
	office.exempt = nets;
	office.n_exempt = 2;
	sp_limits_set(l, &office);
	assert_int_equal(visit(9), SP_LIMITS_ACCEPTED);
	for (uint32_t n = 8; n < 12; n++) {
		sp_limits_penalize(l, v4(n), 600, now);
		assert_int_equal(visit(n), SP_LIMITS_ACCEPTED);
	}
	sp_limits_penalize(l, v4(7), 600, now);
	assert_int_equal(visit(7), SP_LIMITS_REFUSED_PENALTY);
	sp_limits_penalize(l, v4(12), 600, now);
	assert_int_equal(visit(12), SP_LIMITS_REFUSED_PENALTY);
	sp_limits_penalize(l, six, 600, now);
	assert_int_equal(sp_limits_ask(l, six, now, NEVER), SP_LIMITS_ACCEPTED);
	six[7] = 2;
	sp_limits_penalize(l, six, 600, now);
	assert_int_equal(sp_limits_ask(l, six, now, NEVER), SP_LIMITS_REFUSED_PENALTY);
	/* The other limits hold for them too. */
	for (int i = 0; i < 8; i++) {
		assert_int_equal(ask(10), SP_LIMITS_ACCEPTED);
	}
	assert_int_equal(ask(10), SP_LIMITS_REFUSED_SOURCE);
}

static void test_table_full(void **state)
{
	struct sp_limits_conf roomy = usual;
	uint32_t n;

	(void)state;
	roomy.total_soft = roomy.total_hard = 100000;
	sp_limits_set(l, &roomy);
	/* All busy: strangers share one account, and what they opened can be given back. */
	for (n = 0; n < SP_LIMITS_SOURCES; n++) {
		assert_int_equal(ask(n), SP_LIMITS_ACCEPTED);
	}
	for (int i = 0; i < 8; i++) {
		assert_int_equal(ask(n + (uint32_t)i), SP_LIMITS_ACCEPTED);
	}
	assert_int_equal(ask(n + 8), SP_LIMITS_REFUSED_SOURCE);
	sp_limits_penalize(l, v4(n), 600, now); /* would be one for all strangers */
	sp_limits_done(l, v4(n));
	assert_int_equal(ask(n + 8), SP_LIMITS_ACCEPTED);
	assert_int_equal(sp_limits_open(l), SP_LIMITS_SOURCES + 8);
	assert_int_equal(ask(0), SP_LIMITS_ACCEPTED); /* those in the table have their own */
}

static void test_flood_of_sources(void **state)
{
	(void)state;
	sp_limits_good(l, v4(1u << 20), now);
	sp_limits_penalize(l, v4((1u << 20) + 1), 600, now);
	/* 200,000 sources within two seconds, each of which is still remembered as seen. */
	for (uint32_t n = 0; n < 200000; n++) {
		now += 10;
		assert_int_equal(visit(n), SP_LIMITS_ACCEPTED);
	}
	/* Who had logged in and who had to wait were not pushed out by them. */
	for (uint32_t n = 0; n < 512; n++) {
		assert_int_equal(sp_limits_ask(l, v4(300000 + n), now, 99), SP_LIMITS_ACCEPTED);
	}
	assert_int_equal(sp_limits_ask(l, v4(400000), now, 99), SP_LIMITS_REFUSED_TOTAL);
	assert_int_equal(sp_limits_ask(l, v4(1u << 20), now, UNLUCKY), SP_LIMITS_ACCEPTED);
	assert_int_equal(visit((1u << 20) + 1), SP_LIMITS_REFUSED_PENALTY);
}

static void test_new_limits(void **state)
{
	struct sp_limits_conf strict = {
			.per_source = 1, .rate = 1, .burst = 2, .total_soft = 3, .total_hard = 4};

	(void)state;
	sp_limits_set(l, &strict);
	assert_int_equal(ask(1), SP_LIMITS_ACCEPTED);
	assert_int_equal(ask(1), SP_LIMITS_REFUSED_SOURCE);
	sp_limits_done(l, v4(1));
	assert_int_equal(visit(1), SP_LIMITS_ACCEPTED);
	assert_int_equal(visit(1), SP_LIMITS_REFUSED_RATE);
}

static void test_no_memory(void **state)
{
	(void)state;
	sp_mem_fail_after(0);
	assert_null(sp_limits_create(&usual));
	sp_mem_fail_after(-1);
	sp_limits_destroy(NULL);
}

static void test_texts(void **state)
{
	(void)state;
	for (int v = SP_LIMITS_REFUSED_SOURCE; v <= SP_LIMITS_ACCEPTED; v++) {
		assert_true(*sp_limits_text((enum sp_limits_verdict)v));
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
			T(test_at_once),
			T(test_done_of_nobody),
			T(test_rate_and_burst),
			T(test_ipv6_is_one_network),
			T(test_total),
			T(test_good_source_gets_in),
			T(test_penalties),
			T(test_refused_ones_cost_nothing),
			T(test_kept),
			T(test_kept_are_the_longest),
			T(test_exempt),
			T(test_table_full),
			T(test_flood_of_sources),
			T(test_new_limits),
			T(test_no_memory),
			T(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
