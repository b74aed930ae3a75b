/* tests/desk/test_drive_place.c - folders of drives that come and go, and what is told of them. */
#include <stdio.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "desk/session/drives_part.h"
#include "unit.h"

static struct sp_desk_drives *d;

static int setup(void **state)
{
	(void)state;
	d = sp_calloc(1, sizeof(*d));
	assert_non_null(d);
	d->nodes = sp_drive_nodes_create();
	assert_non_null(d->nodes);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sp_drive_nodes_destroy(d->nodes);
	sp_free(d);
	return 0;
}

static struct sp_drive *come(const char *name)
{
	struct sp_drive *v = sp_drives_place(d, name);

	if (v) {
		v->alive = true;
		v->id = ++d->tags;
	}
	return v;
}

static void test_names(void **state)
{
	(void)state;
	struct sp_drive *a = come("C:"), *b = come("C:");

	assert_string_equal(a->name, "C");
	assert_string_equal(b->name, "C (2)");
	/* Who comes back has the same folder. */
	uint64_t ino = a->node->ino, number = a->number;
	sp_drives_leave(d, a);
	assert_null(sp_drives_drive(d, a->node));
	assert_ptr_equal(come("C"), a);
	assert_int_equal(a->node->ino, ino);
	assert_int_equal(a->number, number);
	assert_ptr_equal(sp_drives_drive(d, a->node), a);
}

/* A client that announces and withdraws drives for ever still has places for the next ones. */
static void test_reused(void **state)
{
	char name[32];

	(void)state;
	struct sp_drive *keep = come("keep");
	struct sp_drive *v = come("old");
	struct sp_drive_node *child = sp_drive_node_get(d->nodes, v->node, "file");
	assert_ptr_equal(sp_drives_drive(d, child), v);
	sp_drives_leave(d, v);
	for (unsigned i = 0; i < 10 * SP_DRIVES_MAX; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		v = come(name);
		assert_non_null(v);
		assert_string_equal(v->node->name, name);
		sp_drives_leave(d, v);
		/* What a program still has of an old one is none of the new one's. */
		assert_null(sp_drives_drive(d, child));
	}
	assert_ptr_equal(sp_drives_drive(d, keep->node), keep);
	for (unsigned i = 1; i < SP_DRIVES_MAX; i++) {
		snprintf(name, sizeof(name), "all%u", i);
		assert_non_null(come(name));
	}
	assert_null(come("one too many"));
	assert_null(sp_drives_drive(d, child));
	sp_drive_node_unref(d->nodes, child, 1);
}

static unsigned lines;

static void count(enum sp_log_level level, const char *text)
{
	lines += level <= SP_LOG_INFO;
}

static void test_told(void **state)
{
	(void)state;
	lines = 0;
	sp_log_set(count, SP_LOG_DEBUG);
	for (unsigned i = 0; i < 100 * SP_DRIVES_MAX_TOLD; i++) {
		sp_log(sp_drives_tell_level(d), "drive of the client: x");
	}
	sp_log_set(NULL, SP_LOG_INFO);
	assert_int_equal(lines, SP_DRIVES_MAX_TOLD + 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
			TEST(test_names),
			TEST(test_reused),
			TEST(test_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
