/* tests/host/firewall/test_nets.c - sets of addresses: what is the same, what is left, how it is written. */
#include "unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/attr.h"
#include "core/base/mem.h"
#include "host/firewall/nets.h"

/* "10.8.0.0/16", "10.8.0.1-10.8.0.9", "2001:db8::/32" into s. */
static void add(struct sp_nets *s, const char *text)
{
	char lo[64], *end;
	uint8_t a[16] = {0}, b[16] = {0};
	uint32_t bits = s->six ? 128 : 32;
	int family = s->six ? AF_INET6 : AF_INET;
	size_t at = s->six ? 0 : 12;

	snprintf(lo, sizeof(lo), "%s", text);
	if ((end = strchr(lo, '-')) != NULL) {
		*end = '\0';
		assert_int_equal(inet_pton(family, lo, a + at), 1);
		assert_int_equal(inet_pton(family, end + 1, b + at), 1);
		assert_int_equal(sp_nets_add(s, a, b), SP_OK);
		return;
	}
	if ((end = strchr(lo, '/')) != NULL) {
		*end = '\0';
		bits = (uint32_t)strtoul(end + 1, NULL, 10);
	}
	assert_int_equal(inet_pton(family, lo, a), 1);
	assert_int_equal(sp_nets_add_prefix(s, a, bits), SP_OK);
}

static struct sp_nets nets(bool six, const char *const *list)
{
	struct sp_nets s = {.six = six};

	for (; *list != NULL; list++) {
		add(&s, *list);
	}
	sp_nets_merge(&s);
	return s;
}

static void expect(const struct sp_nets *s, const char *const *list)
{
	char text[SP_NETS_TEXT];
	size_t i;

	for (i = 0; i < s->n && list[i] != NULL; i++) {
		sp_nets_text(s, i, text);
		assert_string_equal(text, list[i]);
	}
	assert_int_equal(i, s->n);
	assert_null(list[i]);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_merge(void **state)
{
	static const struct {
		bool six;
		const char *in[6], *out[6];
	} rows[] = {
			{false, {"10.8.0.0/16", "10.8.3.0/24"}, {"10.8.0.0/16"}},
			{false, {"10.9.0.0/16", "10.8.0.0/16"}, {"10.8.0.0/15"}},
			{false, {"192.0.2.7", "192.0.2.7"}, {"192.0.2.7"}},
			{false, {"192.0.2.7", "192.0.2.8", "192.0.2.6"}, {"192.0.2.6-192.0.2.8"}},
			{false, {"192.0.2.7", "192.0.2.9"}, {"192.0.2.7", "192.0.2.9"}},
			{false, {"128.0.0.0/1", "0.0.0.0/1"}, {"0.0.0.0/0"}},
			{false, {"255.255.255.255", "0.0.0.0"}, {"0.0.0.0", "255.255.255.255"}},
			{true, {"2001:db8::/33", "2001:db8:8000::/33"}, {"2001:db8::/32"}},
			{true, {"::/0", "fe80::/10"}, {"::/0"}},
			{true, {"ffff::/16", "::1"}, {"::1", "ffff::/16"}},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_nets s = nets(rows[i].six, rows[i].in);
		expect(&s, rows[i].out);
		sp_nets_finish(&s);
		assert_int_equal(s.n, 0);
	}
}

static void test_less(void **state)
{
	static const struct {
		const char *a[4], *b[4], *out[6];
	} rows[] = {
			{{"10.0.0.0/8"}, {"10.8.0.0/16"},
					{"10.0.0.0/13", "10.9.0.0-10.255.255.255"}},
			{{"10.0.0.0/8"}, {"10.0.0.0/8"}, {NULL}},
			{{"10.0.0.0/8"}, {NULL}, {"10.0.0.0/8"}},
			{{"10.0.0.0/8"}, {"0.0.0.0/0"}, {NULL}},
			{{"10.0.0.0/24", "10.0.2.0/24"}, {"10.0.0.128-10.0.2.127"},
					{"10.0.0.0/25", "10.0.2.128/25"}},
			{{"0.0.0.0/0"}, {"0.0.0.0", "255.255.255.255"},
					{"0.0.0.1-255.255.255.254"}},
			{{"10.0.0.0/30"}, {"10.0.0.1", "10.0.0.3"}, {"10.0.0.0", "10.0.0.2"}},
			{{"192.0.2.0/24"}, {"198.51.100.0/24"}, {"192.0.2.0/24"}},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_nets a = nets(false, rows[i].a), b = nets(false, rows[i].b);
		struct sp_nets out = {.six = true};
		assert_int_equal(sp_nets_less(&a, &b, &out), SP_OK);
		expect(&out, rows[i].out);
		sp_nets_finish(&a);
		sp_nets_finish(&b);
		sp_nets_finish(&out);
	}
}

static void test_all(void **state)
{
	struct sp_nets four = nets(false, LIST("0.0.0.0/1", "128.0.0.0/1"));
	struct sp_nets most = nets(false, LIST("0.0.0.0/1", "128.0.0.0/2"));
	struct sp_nets six = {.six = true};

	assert_true(sp_nets_all(&four));
	assert_false(sp_nets_all(&most));
	assert_false(sp_nets_all(&six));
	assert_int_equal(sp_nets_add_all(&six), SP_OK);
	assert_true(sp_nets_all(&six));
	sp_nets_finish(&four);
	sp_nets_finish(&most);
	sp_nets_finish(&six);
}

static void test_limits(void **state)
{
	struct sp_nets s = {.six = false};
	uint8_t lo[16] = {0}, hi[16] = {0};

	lo[15] = 2;
	hi[15] = 1;
	assert_int_equal(sp_nets_add(&s, lo, hi), SP_EARG);
	assert_int_equal(sp_nets_add_prefix(&s, lo, 33), SP_EARG);
	sp_mem_fail_after(0);
	assert_int_equal(sp_nets_add(&s, hi, lo), SP_ENOMEM);
	sp_mem_fail_after(-1);
	for (size_t i = 0; i < SP_NETS_MAX; i++) {
		assert_int_equal(sp_nets_add(&s, lo, lo), SP_OK);
	}
	assert_int_equal(sp_nets_add(&s, lo, lo), SP_ELIMIT);
	sp_nets_merge(&s);
	assert_int_equal(s.n, 1);
	sp_nets_finish(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_merge),
			cmocka_unit_test(test_less),
			cmocka_unit_test(test_all),
			cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
