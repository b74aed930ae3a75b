/* tests/desk/test_drive_list.c - entries keep their places, are found, replaced and removed. */
#include "desk/session/drive_list.h"
#include "desk/session/name_hash.h"

#include <stdio.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "desk/session/drive_name.h"
#include "unit.h"

#define MANY 3000

static void test_many(void **state)
{
	struct sp_drive_list *l = sp_drive_list_create();
	struct sp_drive_server_stat stat = {0};
	struct sp_drive_entry e;
	char name[32];

	(void)state;
	assert_non_null(l);
	assert_false(sp_drive_list_find(l, "n1", &e));
	sp_drive_list_remove(l, "n1");
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		stat.size = i;
		assert_int_equal(sp_drive_list_add(l, name, &stat), SP_OK);
	}
	assert_int_equal(sp_drive_list_size(l), MANY);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		assert_true(sp_drive_list_find(l, name, &e));
		assert_int_equal(e.stat.size, i);
		assert_true(sp_drive_list_at(l, i, &e));
		assert_string_equal(e.name, name);
	}
	sp_drive_list_remove(l, "n7");
	assert_false(sp_drive_list_find(l, "n7", NULL));
	assert_false(sp_drive_list_at(l, 7, &e));
	assert_int_equal(sp_drive_list_size(l), MANY);
	stat.size = 70;
	assert_int_equal(sp_drive_list_add(l, "n7", &stat), SP_OK);
	assert_int_equal(sp_drive_list_size(l), MANY);
	assert_true(sp_drive_list_at(l, 7, &e));
	assert_int_equal(e.stat.size, 70);
	struct sp_drive_list *other = sp_drive_list_ref(l);
	sp_drive_list_unref(l);
	assert_true(sp_drive_list_find(other, "n2999", NULL));
	sp_drive_list_unref(other);
	sp_drive_list_unref(NULL);
}

/* Names that are chosen to stand in each other's way end the list before it gets slow. N-D7 */
static void test_chosen(void **state)
{
	struct sp_drive_list *l = sp_drive_list_create();
	struct sp_drive_server_stat stat = {0};
	unsigned n = 0;
	int rc = SP_OK;

	(void)state;
	assert_non_null(l);
	for (unsigned i = 0; rc == SP_OK && n < 1000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "n%u", i);
		if ((sp_name_hash(0, name, strlen(name)) & 4095) == 0) {
			rc = sp_drive_list_add(l, name, &stat);
			n++;
		}
	}
	assert_int_equal(rc, SP_ELIMIT);
	assert_true(n > 200);
	sp_drive_list_unref(l);
}

static void expect(const struct sp_drive_list *l, const char *name, uint64_t size, bool raw)
{
	struct sp_drive_entry e;

	assert_true(sp_drive_list_find(l, name, &e));
	assert_int_equal(e.stat.size, size);
	assert_int_equal(e.raw, raw);
}

/* Two files with one name here: in whatever order they come, both are there. */
static void test_collisions(void **state)
{
	static const char plain[] = "a\xEF\x80\xBA"
				    "b";
	const struct sp_drive_server_stat mapped = {.size = 1}, raw = {.size = 2},
					  more = {.size = 3};

	(void)state;
	for (int first = 0; first < 2; first++) {
		struct sp_drive_list *l = sp_drive_list_create();

		assert_int_equal(
				sp_drive_list_tell(l, "a:b", first ? &raw : &mapped, first), SP_OK);
		expect(l, "a:b", first ? 2 : 1, first);
		assert_false(sp_drive_list_find(l, plain, NULL));
		assert_int_equal(sp_drive_list_tell(l, "a:b", first ? &mapped : &raw, !first),
				SP_OK);
		expect(l, "a:b", 2, true);
		expect(l, plain, 1, false);
		/* What is written to it does not change that; what is made in its place does. */
		assert_int_equal(sp_drive_list_add(l, "a:b", &more), SP_OK);
		expect(l, "a:b", 3, true);
		sp_drive_list_remove(l, "a:b");
		assert_int_equal(sp_drive_list_add(l, "a:b", &more), SP_OK);
		expect(l, "a:b", 3, false);
		assert_int_equal(sp_drive_list_size(l), 2);
		sp_drive_list_unref(l);
	}
}

/* What is too long for a name here has a shorter one, unless another file has that. */
static void test_long(void **state)
{
	const struct sp_drive_server_stat stat = {.size = 1}, other = {.size = 2};
	char name[NAME_MAX + 1], wire[3 * 255 + 1];
	struct sp_drive_entry e;

	(void)state;
	for (size_t i = 0; i < sizeof(wire) - 1; i++) {
		wire[i] = "\xE6\x9D\xB1"[i % 3];
	}
	wire[sizeof(wire) - 1] = 0;
	sp_drive_name_shorten(wire, name);
	struct sp_drive_list *l = sp_drive_list_create();
	assert_int_equal(sp_drive_list_tell(l, "a", &stat, false), SP_OK);
	for (int twice = 0; twice < 2; twice++) {
		assert_int_equal(sp_drive_list_tell(l, wire, &stat, true), SP_OK);
		expect(l, name, 1, true);
		assert_true(sp_drive_list_find(l, name, &e) && e.wire);
		assert_string_equal(e.wire, wire);
	}
	assert_true(sp_drive_list_find(l, "a", &e) && !e.wire);
	assert_int_equal(sp_drive_list_size(l), 2);
	/* It comes and goes, and then has that name itself. */
	sp_drive_list_remove(l, name);
	assert_int_equal(sp_drive_list_add(l, name, &other), SP_OK);
	expect(l, name, 2, false);
	assert_true(sp_drive_list_find(l, name, &e) && !e.wire);
	assert_int_equal(sp_drive_list_tell(l, wire, &stat, true), SP_OK);
	expect(l, name, 2, false);
	sp_drive_list_unref(l);
	/* The other order. */
	l = sp_drive_list_create();
	assert_int_equal(sp_drive_list_tell(l, wire, &stat, true), SP_OK);
	assert_int_equal(sp_drive_list_tell(l, name, &other, false), SP_OK);
	expect(l, name, 2, false);
	assert_true(sp_drive_list_find(l, name, &e) && !e.wire);
	assert_int_equal(sp_drive_list_size(l), 1);
	sp_drive_list_unref(l);
}

static void test_no_memory(void **state)
{
	(void)state;
	for (long after = 0; after < 12; after++) {
		struct sp_drive_server_stat stat = {0};
		char name[32];
		int rc = SP_OK;

		sp_mem_fail_after(after);
		struct sp_drive_list *l = sp_drive_list_create();
		for (unsigned i = 0; l && rc == SP_OK && i < 100; i++) {
			snprintf(name, sizeof(name), "n%u", i);
			rc = sp_drive_list_add(l, name, &stat);
		}
		sp_mem_fail_after(-1);
		assert_true(!l || rc == SP_OK || rc == SP_ENOMEM);
		for (unsigned i = 0; l && i < sp_drive_list_size(l); i++) {
			snprintf(name, sizeof(name), "n%u", i);
			assert_true(sp_drive_list_find(l, name, NULL));
		}
		sp_drive_list_unref(l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_many),
			cmocka_unit_test(test_chosen),
			cmocka_unit_test(test_collisions),
			cmocka_unit_test(test_long),
			cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
