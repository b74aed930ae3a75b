/* tests/host/monitor/test_told.c - transfers in words, and how many of them. */
#include "unit.h"

#include <string.h>

#include "host/monitor/told.h"

static void put_name(char to[SP_TEXT_FILE], const char *name)
{
	memcpy(to, name, strlen(name) + 1);
}

static struct sp_msg_transfer of(
		uint32_t channel, uint32_t way, uint32_t kind, uint32_t verdict, uint64_t bytes)
{
	return (struct sp_msg_transfer){.channel = channel,
			.way = way,
			.kind = kind,
			.verdict = verdict,
			.bytes = bytes};
}

static void says(const struct sp_msg_transfer *m, const char *want)
{
	static char text[SP_TOLD_TEXT_MAX];

	sp_told_text(text, m);
	assert_string_equal(text, want);
}

static void test_words(void **state)
{
	struct sp_msg_transfer m =
			of(SP_TOLD_CLIPBOARD, SP_TOLD_IN, SP_TOLD_TEXT, SP_TOLD_PASSED, 120);

	says(&m, "clipboard: text, 120 bytes, toward the target");
	m = of(SP_TOLD_CLIPBOARD, SP_TOLD_OUT, SP_TOLD_FILES, SP_TOLD_REFUSED, 0);
	says(&m, "clipboard: files refused, toward the client");
	m = of(SP_TOLD_CLIPBOARD, SP_TOLD_IN, SP_TOLD_OTHER, SP_TOLD_TOO_LARGE, 67108865);
	says(&m, "clipboard: other data refused, toward the target: 67108865 bytes are too much");
	m = of(SP_TOLD_CLIPBOARD, SP_TOLD_OUT, SP_TOLD_TEXT, SP_TOLD_DAMAGED, 1);
	says(&m, "clipboard: text broken off, toward the client: damaged");
	m = of(SP_TOLD_DRIVES, SP_TOLD_IN, SP_TOLD_FILE, SP_TOLD_PASSED, UINT64_C(5) << 30);
	m.has_sha256 = 1;
	memset(m.sha256, 0xAB, sizeof(m.sha256));
	put_name(m.name, "share/dir/a.txt");
	put_name(m.sent, "share\\dir\\a.txt");
	says(&m,
			"drives: file, 5368709120 bytes, toward the target, sha256 "
			"abababababababababababababababababababababababababababababababab, "
			"\"share/dir/a.txt\"");
	m = of(SP_TOLD_DRIVES, SP_TOLD_OUT, SP_TOLD_OPEN, SP_TOLD_NAMED_BADLY, 0);
	put_name(m.sent, "share\\..\\\"x");
	says(&m,
			"drives: open refused for its name, toward the client, sent as "
			"\"share\\..\\'x\"");
	m = of(SP_TOLD_DRIVES, SP_TOLD_OUT, SP_TOLD_OPEN, SP_TOLD_PASSED, 0);
	put_name(m.name, "share/d");
	says(&m, "drives: directory made, toward the client, \"share/d\"");
	m = of(SP_TOLD_DRIVES, SP_TOLD_OUT, SP_TOLD_RENAME, SP_TOLD_PASSED, 0);
	put_name(m.name, "share/a");
	put_name(m.next, "b");
	says(&m, "drives: rename, toward the client, \"share/a\" to \"b\"");
}

/* All names as long as they can be. */
static void test_long(void **state)
{
	struct sp_msg_transfer m =
			of(SP_TOLD_DRIVES, SP_TOLD_OUT, SP_TOLD_RENAME, SP_TOLD_PASSED, UINT64_MAX);
	static char text[SP_TOLD_TEXT_MAX];

	memset(m.sent, 's', sizeof(m.sent) - 1);
	memset(m.name, 'n', sizeof(m.name) - 1);
	memset(m.next, 'x', sizeof(m.next) - 1);
	m.has_sha256 = 1;
	sp_told_text(text, &m);
	assert_int_equal(text[strlen(text) - 1], '"');
	assert_int_equal(text[strlen(text) - 2], 's');
}

static void test_rate(void **state)
{
	struct sp_told_rate r = {0};
	uint64_t now = 77;

	for (unsigned i = 0; i < SP_TOLD_BURST; i++) {
		assert_true(sp_told_may(&r, 1, now));
	}
	for (unsigned i = 1; i <= 5; i++) {
		assert_false(sp_told_may(&r, 1, now + 9999));
		assert_int_equal(r.missed, i);
	}
	assert_true(sp_told_may(&r, 1, now + 10000));
	assert_false(sp_told_may(&r, 1, now + 19999));
	assert_true(sp_told_may(&r, 1, now + 20000));
	/* Rested, it has its burst again, and no more. */
	now += UINT64_C(1000000000000);
	for (unsigned i = 0; i < SP_TOLD_BURST; i++) {
		assert_true(sp_told_may(&r, 1, now));
	}
	assert_false(sp_told_may(&r, 1, now));
	/* The receiver bears more. */
	r = (struct sp_told_rate){0};
	for (unsigned i = 0; i < SP_TOLD_RECEIVER * SP_TOLD_BURST; i++) {
		assert_true(sp_told_may(&r, SP_TOLD_RECEIVER, now));
	}
	assert_false(sp_told_may(&r, SP_TOLD_RECEIVER, now));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_words),
			cmocka_unit_test(test_long),
			cmocka_unit_test(test_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
