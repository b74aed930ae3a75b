/* tests/gate/net/test_relay_clip.c - lines for transfers over the clipboard, and how many of them. */
#include "unit.h"

#include "gate/net/relay.h"

static void test_text(void **state)
{
	static const struct {
		struct sp_clip_event ev;
		const char *text;
	} rows[] = {
			{{SP_CLIP_TARGET, SP_CLIP_TEXT, SP_CLIP_PASSED, 120},
					"clipboard: text, 120 bytes, toward the target"},
			{{SP_CLIP_CLIENT, SP_CLIP_FILES, SP_CLIP_PASSED, 5ull << 30},
					"clipboard: files, 5368709120 bytes, toward the client"},
			{{SP_CLIP_CLIENT, SP_CLIP_FILES, SP_CLIP_REFUSED, 0},
					"clipboard: files refused, toward the client"},
			{{SP_CLIP_TARGET, SP_CLIP_OTHER, SP_CLIP_REFUSED, 0},
					"clipboard: other data refused, toward the target"},
			{{SP_CLIP_TARGET, SP_CLIP_TEXT, SP_CLIP_TOO_LARGE, 67108865},
					"clipboard: text refused, toward the target: 67108865 "
					"bytes "
					"are too much"},
			{{SP_CLIP_CLIENT, SP_CLIP_TEXT, SP_CLIP_DAMAGED, 1},
					"clipboard: text broken off, toward the client: damaged"},
	};
	char text[128];

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		sp_relay_clip_text(text, sizeof(text), &rows[i].ev);
		assert_string_equal(text, rows[i].text);
	}
}

static void test_lines(void **state)
{
	struct sp_relay_clip c = {0};
	unsigned missed = 99;

	for (unsigned i = 0; i < SP_RELAY_CLIP_LINES; i++) {
		assert_true(sp_relay_clip_may(&c, 5 + i, &missed));
		assert_int_equal(missed, 0);
	}
	assert_false(sp_relay_clip_may(&c, 100, &missed));
	assert_false(sp_relay_clip_may(&c, 4 + SP_RELAY_CLIP_SPAN_US, &missed));
	assert_true(sp_relay_clip_may(&c, 5 + SP_RELAY_CLIP_SPAN_US, &missed));
	assert_int_equal(missed, 2);
	assert_true(sp_relay_clip_may(&c, 6 + SP_RELAY_CLIP_SPAN_US, &missed));
	assert_int_equal(missed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_text),
			cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
