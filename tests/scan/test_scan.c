/* tests/scan/test_scan.c - endpoints that end, hang or bend the process that asks them cost their own row. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "scan/scan.h"
#include "unit.h"

#define MOST 3000

struct list {
	const uint16_t *port;
	size_t n, at;
	size_t rows[65536]; /* facts by port */
	size_t good, other;
	char why[SP_SCAN_TEXT];
	int answer; /* of the facts callback */
};

static struct list list;

static bool next(void *user, struct sp_scan_endpoint *out)
{
	struct list *l = user;

	if (l->at == l->n) {
		return false;
	}
	assert_int_equal(sp_addr_parse("127.0.0.1:1", &out->to), SP_OK);
	out->to.u.v4.sin_port = htons(l->port[l->at++]);
	snprintf(out->host, sizeof(out->host), "asked-for");
	return true;
}

static int take(void *user, const struct sp_scan_facts *f)
{
	struct list *l = user;

	assert_true(sp_scan_facts_valid(f));
	assert_string_equal(f->host, "asked-for");
	assert_string_equal(f->address, "127.0.0.1");
	l->rows[f->port]++;
	if (f->reach == SP_SCAN_RDP) {
		l->good++;
	} else {
		l->other++;
		snprintf(l->why, sizeof(l->why), "%s", f->why);
	}
	return l->answer;
}

static int scan(const uint16_t *port, size_t n, char why[SP_WHY_MAX])
{
	static const struct sp_scan_calls calls = {.next = next, .facts = take};
	struct sp_scan_conf conf = {.at_once = 16, .hang_ms = 300};

	memset(&list, 0, sizeof(list));
	list.port = port;
	list.n = n;
	return sp_scan_run(&conf, &calls, &list, why);
}

static void test_good(void **state)
{
	static uint16_t port[MOST];
	char why[SP_WHY_MAX];

	(void)state;
	for (size_t i = 0; i < MOST; i++) {
		port[i] = (uint16_t)(1000 + i);
	}
	assert_int_equal(scan(port, MOST, why), SP_OK);
	assert_int_equal(list.good, MOST);
	for (size_t i = 0; i < MOST; i++) {
		assert_int_equal(list.rows[1000 + i], 1);
	}
	assert_int_equal(scan(port, 0, why), SP_OK);
	/* Whoever shares our terminal still waits for it: its reader is slow, not gone. */
	assert_false(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK);
}

static void test_dies(void **state)
{
	static const uint16_t port[] = {100, 101, 1, 102, 103, 1, 104, 1, 1, 105};
	char why[SP_WHY_MAX];

	(void)state;
	assert_int_equal(scan(port, SP_LEN(port), why), SP_OK);
	assert_int_equal(list.good, 6);
	assert_int_equal(list.other, 4);
	assert_non_null(strstr(list.why, "killed by signal 9"));
}

static void test_hangs(void **state)
{
	static const uint16_t port[] = {100, 2, 101, 102};
	char why[SP_WHY_MAX];

	(void)state;
	assert_int_equal(scan(port, SP_LEN(port), why), SP_OK);
	assert_int_equal(list.good, 3);
	assert_int_equal(list.rows[2], 1);
	assert_non_null(strstr(list.why, "it hung"));
}

/* Facts that are none, and facts that nobody asked for. */
static void test_lies(void **state)
{
	static const uint16_t port[] = {100, 3, 101, 4, 102};
	char why[SP_WHY_MAX];

	(void)state;
	int rc = scan(port, SP_LEN(port), why);
	assert_int_equal(rc, SP_OK);
	assert_int_equal(list.rows[100] + list.rows[101] + list.rows[102], 3);
	assert_int_equal(list.rows[3] + list.rows[4], 2);
}

/* Where it does not say on what it died, that is found. */
static void test_dies_silently(void **state)
{
	static const uint16_t port[] = {100, 101, 102, 5, 103, 104};
	char why[SP_WHY_MAX];

	(void)state;
	assert_int_equal(scan(port, SP_LEN(port), why), SP_OK);
	assert_int_equal(list.good, 5);
	assert_int_equal(list.rows[5], 1);
	assert_non_null(strstr(list.why, "killed by signal 9"));
}

static void test_callback_ends_it(void **state)
{
	static const uint16_t port[] = {100, 101};
	static const struct sp_scan_calls calls = {.next = next, .facts = take};
	struct sp_scan_conf conf = {0};
	char why[SP_WHY_MAX];

	(void)state;
	memset(&list, 0, sizeof(list));
	list.port = port;
	list.n = 2;
	list.answer = SP_ENOMEM;
	assert_int_equal(sp_scan_run(&conf, &calls, &list, why), SP_ENOMEM);
	assert_int_equal(list.good, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_good),
			cmocka_unit_test(test_dies),
			cmocka_unit_test(test_hangs),
			cmocka_unit_test(test_lies),
			cmocka_unit_test(test_dies_silently),
			cmocka_unit_test(test_callback_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
