/* tests/core/ui/test_keyboard.c - what keys type on several keyboards. */
#include <stdlib.h>

#include "core/ui/keyboard.h"
#include "core/ui/layout.h"
#include "unit.h"

#define SHIFT 0x2A
#define CTRL 0x1D
#define ALT 0x38
#define CAPS 0x3A
#define NUM 0x45
#define EXT 0x100

static struct sp_ui_key key;

static bool send(struct sp_ui_keyboard *k, unsigned code, uint8_t flags)
{
	struct sp_input_event ev = {.kind = SP_INPUT_SCANCODE,
			.code = code & 0xFF,
			.key = (uint8_t)(flags | (code & EXT ? SP_KEY_EXTENDED : 0))};

	return sp_ui_keyboard_event(k, &ev, &key);
}

/* Presses and lets go; the character it typed, 0 for none. */
static uint32_t tap(struct sp_ui_keyboard *k, unsigned code)
{
	bool got = send(k, code, 0);
	struct sp_ui_key was = key;

	assert_false(send(k, code, SP_KEY_RELEASE));
	key = was;
	return got && key.kind == SP_UI_KEY_CHAR ? key.ch : 0;
}

static uint32_t with(struct sp_ui_keyboard *k, unsigned modifier, unsigned code)
{
	assert_false(send(k, modifier, 0));
	uint32_t ch = tap(k, code);
	struct sp_ui_key was = key;

	assert_false(send(k, modifier, SP_KEY_RELEASE));
	key = was;
	return ch;
}

static struct sp_ui_keyboard keyboard(uint32_t lcid)
{
	struct sp_ui_keyboard k;

	sp_ui_keyboard_init(&k, lcid);
	return k;
}

static void test_layouts(void **state)
{
	static const struct {
		uint32_t lcid;
		unsigned modifier, code;
		uint32_t want;
	} rows[] = {
			{0x409, 0, 0x10, 'q'},
			{0x409, SHIFT, 0x10, 'Q'},
			{0x409, 0x36, 0x03, '@'},
			{0x409, 0, 0x39, ' '},
			{0x409, 0, 0x2B, '\\'},
			{0x409, 0, EXT | 0x35, '/'},
			{0x409, EXT | ALT, 0x10, 0},
			{0x809, SHIFT, 0x03, '"'},
			{0x809, SHIFT, 0x28, '@'},
			{0x809, 0, 0x2B, '#'},
			{0x809, SHIFT, 0x04, 0xA3},
			{0x809, EXT | ALT, 0x05, 0x20AC},
			{0x809, SHIFT, 0x2B, '~'},
			{0x407, 0, 0x15, 'z'},
			{0x407, 0, 0x2C, 'y'},
			{0x407, 0, 0x1A, 0xFC},
			{0x407, SHIFT, 0x27, 0xD6},
			{0x407, EXT | ALT, 0x10, '@'},
			{0x407, EXT | ALT, 0x0C, '\\'},
			{0x407, 0, 0x0C, 0xDF},
			{0x407, 0, 0x56, '<'},
			{0x407, EXT | ALT, 0x56, '|'},
			{0x407, SHIFT, 0x35, '_'},
			{0x40C, 0, 0x10, 'a'},
			{0x40C, 0, 0x02, '&'},
			{0x40C, SHIFT, 0x02, '1'},
			{0x40C, 0, 0x27, 'm'},
			{0x40C, EXT | ALT, 0x0B, '@'},
			{0x40C, 0, 0x32, ','},
			{0x40C, 0, 0x35, '!'},
			{0x40C, 0, 0x28, 0xF9},
			{0x40C, EXT | ALT, 0x0D, '}'},
			{0x40A, 0, 0x27, 0xF1},
			{0x40A, EXT | ALT, 0x03, '@'},
			{0x40A, SHIFT, 0x0C, '?'},
			{0x40A, 0, 0x2B, 0xE7},
			{0x410, 0, 0x27, 0xF2},
			{0x410, EXT | ALT, 0x27, '@'},
			{0x410, EXT | ALT, 0x28, '#'},
			{0x410, SHIFT, 0x1A, 0xE9},
			{0x419, 0, 0x10, 0x439},
			{0x419, SHIFT, 0x1E, 0x424},
			{0x419, 0, 0x35, '.'},
			{0x419, 0, 0x29, 0x451},
			{0x422, 0, 0x1F, 0x456},
			{0x408, 0, 0x11, 0x3C2},
			{0x408, SHIFT, 0x1E, 0x391},
			{0x415, EXT | ALT, 0x1E, 0x105},
			{0x415, EXT | ALT, 0x2D, 0x17A},
			{0x41D, 0, 0x1A, 0xE5},
			{0x807, EXT | ALT, 0x03, '@'},
			{0x100C, 0, 0x27, 0xE9},
			{0x80C, 0, 0x1E, 'q'},
			{0x80A, EXT | ALT, 0x10, '@'},
			{0xC07, 0, 0x15, 'z'} /* Austria as Germany */,
			{0x2C0A, EXT | ALT, 0x10, '@'} /* Argentina */,
			{0xC0A, 0, 0x28, 0} /* modern Spain: dead */,
			{0x411, 0, 0x10, 'q'} /* not known */,
			{0xE0200411, 0, 0x10, 'q'},
			{0, 0, 0x10, 'q'},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sp_ui_keyboard k = keyboard(rows[i].lcid);
		uint32_t got = rows[i].modifier ? with(&k, rows[i].modifier, rows[i].code)
						: tap(&k, rows[i].code);

		if (got != rows[i].want) {
			fail_msg("layout %X, key %X+%X: U+%04X, not U+%04X", rows[i].lcid,
					rows[i].modifier, rows[i].code, got, rows[i].want);
		}
	}
}

static void test_tables_whole(void **state)
{
	for (size_t i = 0; sp_ui_layout(i) != sp_ui_layout(0) || i == 0; i++) {
		for (int level = 0; level < SP_UI_LEVEL_COUNT; level++) {
			const uint16_t *p = sp_ui_layout(i)->level[level];

			for (int n = 0; p && n <= SP_UI_LAYOUT_KEYS; n++) {
				if ((p[n] == 0) != (n == SP_UI_LAYOUT_KEYS)) {
					fail_msg("layout %X level %d: row ends at %d",
							sp_ui_layout(i)->lcid, level, n);
				}
			}
		}
	}
}

static void test_digits_everywhere(void **state)
{
	static const unsigned pad[10] = {
			0x52, 0x4F, 0x50, 0x51, 0x4B, 0x4C, 0x4D, 0x47, 0x48, 0x49};

	for (size_t i = 0; sp_ui_layout(i) != sp_ui_layout(0) || i == 0; i++) {
		struct sp_ui_keyboard k = keyboard(sp_ui_layout(i)->lcid);

		for (int locks = 0; locks < 8; locks++) {
			k.locks = (uint8_t)locks;
			for (int d = 0; d < 10; d++) {
				unsigned row = d == 0 ? 0x0B : 0x01 + (unsigned)d;

				tap(&k, row);
				assert_int_equal(key.digit, d);
				with(&k, SHIFT, row);
				assert_int_equal(key.digit, d);
				tap(&k, pad[d]);
				assert_int_equal(key.digit, d);
			}
		}
	}
}

static void test_caps(void **state)
{
	struct sp_ui_keyboard us = keyboard(0x409), fr = keyboard(0x40C), ch = keyboard(0x807);

	tap(&us, CAPS);
	assert_int_equal(tap(&us, 0x10), 'Q');
	assert_int_equal(with(&us, SHIFT, 0x10), 'q');
	assert_int_equal(tap(&us, 0x02), '1');
	tap(&us, CAPS);
	assert_int_equal(tap(&us, 0x10), 'q');
	tap(&fr, CAPS);
	assert_int_equal(tap(&fr, 0x02), '1');
	assert_int_equal(tap(&fr, 0x10), 'A');
	tap(&ch, CAPS);
	assert_int_equal(tap(&ch, 0x1A), 0xDC);
	assert_int_equal(tap(&ch, 0x02), '1');
}

static void test_dead(void **state)
{
	struct sp_ui_keyboard fr = keyboard(0x40C), de = keyboard(0x407);

	assert_int_equal(tap(&fr, 0x1A), 0);
	assert_int_equal(tap(&fr, 0x12), 0xEA); /* ^ e */
	assert_int_equal(with(&fr, SHIFT, 0x1A), 0);
	assert_int_equal(tap(&fr, 0x16), 0xFC); /* " u */
	assert_int_equal(tap(&de, 0x0D), 0);
	assert_int_equal(tap(&de, 0x39), 0xB4); /* with a blank: itself */
	assert_int_equal(tap(&de, 0x29), 0);
	assert_int_equal(tap(&de, 0x29), '^'); /* twice: itself */
	assert_int_equal(tap(&de, 0x1E), 'a');
	assert_int_equal(tap(&de, 0x29), 0);
	assert_int_equal(tap(&de, 0x2D), '^'); /* no such letter: both */
	assert_int_equal(key.ch2, 'x');
	assert_int_equal(tap(&de, 0x29), 0);
	tap(&de, 0x0E);
	assert_int_equal(key.kind, SP_UI_KEY_BACKSPACE);
	assert_int_equal(tap(&de, 0x1E), 'a');
}

static void test_two_alphabets(void **state)
{
	struct sp_ui_keyboard k = keyboard(0x419);

	assert_string_equal(sp_ui_keyboard_badge(&k), "\xD0\xA0\xD0\xA3");
	send(&k, ALT, 0);
	send(&k, SHIFT, 0);
	send(&k, SHIFT, SP_KEY_RELEASE);
	send(&k, ALT, SP_KEY_RELEASE);
	assert_string_equal(sp_ui_keyboard_badge(&k), "EN");
	assert_int_equal(tap(&k, 0x10), 'q');
	send(&k, SHIFT, 0);
	send(&k, ALT, 0);
	send(&k, 0x0F, 0); /* a key between: no change */
	send(&k, ALT, SP_KEY_RELEASE);
	send(&k, SHIFT, SP_KEY_RELEASE);
	assert_int_equal(tap(&k, 0x10), 'q');
	with(&k, CTRL, 0x1E);
	assert_int_equal(key.kind, SP_UI_KEY_SELECT_ALL);
	struct sp_ui_keyboard us = keyboard(0x409), fr = keyboard(0x40C);

	assert_null(sp_ui_keyboard_badge(&us));
	with(&fr, CTRL, 0x10);
	assert_int_equal(key.kind, SP_UI_KEY_SELECT_ALL);
	assert_int_equal(with(&fr, CTRL, 0x1E), 0);
}

static void test_named(void **state)
{
	struct sp_ui_keyboard k = keyboard(0x407);

	tap(&k, EXT | 0x4B);
	assert_int_equal(key.kind, SP_UI_KEY_LEFT);
	tap(&k, NUM); /* off */
	tap(&k, 0x4B);
	assert_int_equal(key.kind, SP_UI_KEY_LEFT);
	tap(&k, 0x53);
	assert_int_equal(key.kind, SP_UI_KEY_DELETE);
	tap(&k, NUM);
	assert_int_equal(tap(&k, 0x53), '.');
	with(&k, SHIFT, 0x0F);
	assert_int_equal(key.kind, SP_UI_KEY_TAB);
	assert_true(key.shift);
	/* Alt+Tab was for the other side. */
	send(&k, ALT, 0);
	assert_false(send(&k, 0x0F, 0));
	/* Windows sends AltGr as Ctrl and right Alt. */
	send(&k, ALT, SP_KEY_RELEASE);
	send(&k, CTRL, 0);
	assert_int_equal(with(&k, EXT | ALT, 0x10), '@');
}

static void test_held_enter(void **state)
{
	struct sp_ui_keyboard k = keyboard(0x409);
	struct sp_input_event sync = {.kind = SP_INPUT_SYNC, .flags = SP_LOCK_CAPS};

	assert_true(send(&k, 0x1C, 0));
	assert_false(key.repeat);
	assert_true(send(&k, 0x1C, 0));
	assert_true(key.repeat);
	assert_false(send(&k, 0x1C, SP_KEY_RELEASE));
	assert_true(send(&k, 0x1C, 0));
	assert_false(key.repeat);
	send(&k, SHIFT, 0);
	assert_false(sp_ui_keyboard_event(&k, &sync, &key));
	assert_true(send(&k, 0x1C, 0));
	assert_false(key.repeat);
	assert_int_equal(tap(&k, 0x10), 'Q'); /* Caps Lock from the sync, Shift forgotten */
}

static void test_unicode(void **state)
{
	struct sp_ui_keyboard k = keyboard(0x40C);
	struct sp_input_event ev = {.kind = SP_INPUT_UNICODE, .code = 0x4E2D};

	assert_true(sp_ui_keyboard_event(&k, &ev, &key));
	assert_int_equal(key.ch, 0x4E2D);
	ev.code = '7';
	assert_true(sp_ui_keyboard_event(&k, &ev, &key));
	assert_int_equal(key.digit, 7);
	ev.code = 0xDE00;
	assert_false(sp_ui_keyboard_event(&k, &ev, &key));
	ev.code = 0xD83D;
	assert_false(sp_ui_keyboard_event(&k, &ev, &key));
	ev.code = 0xDE00;
	assert_true(sp_ui_keyboard_event(&k, &ev, &key));
	assert_int_equal(key.ch, 0x1F600);
	ev.code = 0x0D;
	assert_true(sp_ui_keyboard_event(&k, &ev, &key));
	assert_int_equal(key.kind, SP_UI_KEY_ENTER);
	ev.code = 0x01;
	assert_false(sp_ui_keyboard_event(&k, &ev, &key));
	ev.code = 'x';
	ev.key = SP_KEY_RELEASE;
	assert_false(sp_ui_keyboard_event(&k, &ev, &key));
}

static void test_upper(void **state)
{
	static const uint32_t pairs[][2] = {{'a', 'A'}, {0xE9, 0xC9}, {0xF7, 0xF7}, {0xDF, 0xDF},
			{0x105, 0x104}, {0x142, 0x141}, {0x17C, 0x17B}, {0x3B1, 0x391},
			{0x3C2, 0x3C2}, {0x44F, 0x42F}, {0x451, 0x401}, {0x491, 0x490}, {'1', '1'},
			{0xFF, 0x178}, {'Z', 'Z'}, {0x131, 0x131}};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		assert_int_equal(sp_ui_layout_upper(pairs[i][0]), pairs[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_layouts),
			cmocka_unit_test(test_tables_whole),
			cmocka_unit_test(test_digits_everywhere),
			cmocka_unit_test(test_caps),
			cmocka_unit_test(test_dead),
			cmocka_unit_test(test_two_alphabets),
			cmocka_unit_test(test_named),
			cmocka_unit_test(test_held_enter),
			cmocka_unit_test(test_unicode),
			cmocka_unit_test(test_upper),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
