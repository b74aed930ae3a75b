/* tests/client/test_keys.c - names of keys, right and wrong. */
#include "unit.h"

#include <string.h>

#include "client/keys.h"

static struct sp_input_event ev[2 * SP_KEYS_MAX];

static void expect(size_t i, uint16_t code, uint8_t key)
{
	assert_int_equal(ev[i].kind, SP_INPUT_SCANCODE);
	assert_int_equal(ev[i].code, code);
	assert_int_equal(ev[i].key, key);
}

static void test_chords(void **state)
{
	assert_int_equal(sp_keys_chord("a", ev), 2);
	expect(0, 0x1e, 0);
	expect(1, 0x1e, SP_KEY_RELEASE);
	/* Pressed in order, let go in the other. */
	assert_int_equal(sp_keys_chord("ctrl+ALT+Delete", ev), 6);
	expect(0, 0x1d, 0);
	expect(1, 0x38, 0);
	expect(2, 0x53, SP_KEY_EXTENDED);
	expect(3, 0x53, SP_KEY_EXTENDED | SP_KEY_RELEASE);
	expect(4, 0x38, SP_KEY_RELEASE);
	expect(5, 0x1d, SP_KEY_RELEASE);
	assert_int_equal(sp_keys_chord("Shift+=", ev), 4);
	assert_int_equal(sp_keys_chord("1+2+3+4+5+6+7+8", ev), 16);
}

static void test_wrong(void **state)
{
	static const char *const names[] = {"", "+", "a+", "+a", "a++b", "ab", "F13", "Ctrl+Nope",
			"1+2+3+4+5+6+7+8+9", " a", "\xc3\xa4"};

	for (size_t i = 0; i < SP_LEN(names); i++) {
		assert_int_equal(sp_keys_chord(names[i], ev), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_chords),
			cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
