/* tests/desk/test_scancode.c - scancodes into X keycodes. */
#include "desk/session/scancode.h"

#include "unit.h"

#define PLAIN SP_SCANCODE_PLAIN
#define E0 SP_SCANCODE_E0
#define E1 SP_SCANCODE_E1

static void test_known(void **state)
{
	static const struct {
		uint16_t code;
		enum sp_scancode_prefix prefix;
		uint8_t keycode; /* as xev shows it on any Linux machine */
	} keys[] = {
			{0x01, PLAIN, 9}, /* Esc */
			{0x1e, PLAIN, 38}, /* A */
			{0x1c, PLAIN, 36}, /* Enter */
			{0x1c, E0, 104}, /* keypad's */
			{0x1d, PLAIN, 37}, /* Ctrl */
			{0x1d, E0, 105},
			{0x38, PLAIN, 64}, /* Alt */
			{0x38, E0, 108},
			{0x2a, PLAIN, 50}, /* Shift */
			{0x36, PLAIN, 62},
			{0x36, E0, 62},
			{0x2a, E0, 0}, /* no key */
			{0x37, PLAIN, 63}, /* keypad * */
			{0x37, E0, 107}, /* Print */
			{0x54, PLAIN, 107},
			{0x45, PLAIN, 77}, /* Num Lock */
			{0x45, E0, 77},
			{0x45, E1, 127}, /* Pause */
			{0x46, PLAIN, 78}, /* Scroll Lock */
			{0x46, E0, 127}, /* Ctrl+Break */
			{0x48, PLAIN, 80}, /* keypad 8 */
			{0x48, E0, 111}, /* up */
			{0x53, E0, 119}, /* Delete */
			{0x56, PLAIN, 94}, /* < > */
			{0x57, PLAIN, 95}, /* F11 */
			{0x58, PLAIN, 96},
			{0x64, PLAIN, 191}, /* F13 */
			{0x76, PLAIN, 202}, /* F24 */
			{0x5b, E0, 133}, /* Windows */
			{0x5c, E0, 134},
			{0x5d, E0, 135}, /* menu */
			{0x20, E0, 121}, /* mute */
			{0x30, E0, 123}, /* louder */
			{0x22, E0, 172}, /* play */
			{0x70, PLAIN, 101}, /* Katakana/Hiragana */
			{0x79, PLAIN, 100}, /* Henkan */
			{0x7b, PLAIN, 102}, /* Muhenkan */
			{0x7d, PLAIN, 132}, /* Yen */
			{0x73, PLAIN, 97}, /* Ro, ABNT C1 */
			{0x7e, PLAIN, 129}, /* ABNT C2 */
			{0x72, PLAIN, 130}, /* Hangul */
			{0xf2, PLAIN, 130},
			{0x71, PLAIN, 131}, /* Hanja */
			{0xf1, PLAIN, 131},
			{0x00, PLAIN, 0},
			{0x00, E0, 0},
			{0x1d, E1, 0},
			{0xffff, PLAIN, 0},
			{0xffff, E0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		uint8_t got = sp_scancode_keycode(keys[i].code, keys[i].prefix);

		if (got != keys[i].keycode) {
			fail_msg("%x/%d: %d and not %d", keys[i].code, (int)keys[i].prefix, got,
					keys[i].keycode);
		}
	}
}

/* Whatever comes: a keycode of X or none. */
static void test_range(void **state)
{
	(void)state;
	for (unsigned code = 0; code < 0x10000; code++) {
		for (int p = PLAIN; p <= E1; p++) {
			uint8_t k = sp_scancode_keycode((uint16_t)code, (enum sp_scancode_prefix)p);

			assert_true(k == 0 || k >= 9);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_known),
			cmocka_unit_test(test_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
