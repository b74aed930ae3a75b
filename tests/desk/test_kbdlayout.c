/* tests/desk/test_kbdlayout.c - the table of keyboard layouts. */
#include "desk/session/kbdlayout.h"

#include <stdio.h>
#include <string.h>
#include <xkbcommon/xkbcommon.h>

#include "unit.h"

static void finds(uint32_t klid, const char *layout, const char *variant)
{
	const struct sp_kbdlayout *l = sp_kbdlayout_find(klid, NULL);

	assert_string_equal(l->layout, layout);
	assert_string_equal(l->variant, variant);
}

static void test_known(void **state)
{
	(void)state;
	finds(0x409, "us", "");
	finds(0x20409, "us", "intl");
	finds(0x10409, "us", "dvorak");
	finds(0x809, "gb", "");
	finds(0x407, "de", "");
	finds(0x40c, "fr", "");
	finds(0x807, "ch", "");
	finds(0x100c, "ch", "fr");
	finds(0x80c, "be", "");
	finds(0x40a, "es", "");
	finds(0x80a, "latam", "");
	finds(0x410, "it", "");
	finds(0x816, "pt", "");
	finds(0x416, "br", "");
	finds(0x41d, "se", "");
	finds(0x406, "dk", "");
	finds(0x414, "no", "");
	finds(0x40b, "fi", "");
	finds(0x415, "pl", "");
	finds(0x405, "cz", "");
	finds(0x41b, "sk", "");
	finds(0x40e, "hu", "");
	finds(0x419, "ru", "");
	finds(0x422, "ua", "");
	finds(0x408, "gr", "");
	finds(0x41f, "tr", "");
	finds(0x1041f, "tr", "f");
	finds(0x411, "jp", "");
	finds(0x412, "kr", "");
	finds(0x40d, "il", "");
	finds(0x401, "ara", "");
}

static void test_nearest(void **state)
{
	bool exact = true;

	(void)state;
	/* An input method of Japanese, a German of no country we know, nonsense, nothing. */
	assert_string_equal(sp_kbdlayout_find(0xE0010411, &exact)->layout, "jp");
	assert_false(exact);
	assert_string_equal(sp_kbdlayout_find(0x1407, &exact)->layout, "de");
	assert_false(exact);
	assert_string_equal(sp_kbdlayout_find(0xffffffff, &exact)->layout, "us");
	assert_string_equal(sp_kbdlayout_find(0, &exact)->layout, "us");
	assert_string_equal(sp_kbdlayout_find(0x407, &exact)->layout, "de");
	assert_true(exact);
}

static void test_models(void **state)
{
	(void)state;
	assert_string_equal(sp_kbdlayout_model(sp_kbdlayout_find(0x407, NULL), 4), "pc105");
	assert_string_equal(sp_kbdlayout_model(sp_kbdlayout_find(0x416, NULL), 4), "abnt2");
	assert_string_equal(sp_kbdlayout_model(sp_kbdlayout_find(0x411, NULL), 7), "jp106");
	assert_string_equal(sp_kbdlayout_model(sp_kbdlayout_find(0x409, NULL), 7), "jp106");
}

static unsigned latin_letters(struct xkb_keymap *map)
{
	unsigned n = 0;

	for (xkb_keycode_t key = 24; key <= 61; key++) {
		const xkb_keysym_t *syms;
		int count = xkb_keymap_key_get_syms_by_level(map, key, 0, 0, &syms);

		n += count > 0 && syms[0] >= XKB_KEY_a && syms[0] <= XKB_KEY_z;
	}
	return n;
}

/* xkb knows each row: what a name of ours does not mean there would never be applied. */
static void test_rows_compile(void **state)
{
	size_t n;
	const struct sp_kbdlayout *t = sp_kbdlayout_table(&n);
	struct xkb_context *ctx = xkb_context_new(XKB_CONTEXT_NO_FLAGS);

	(void)state;
	if (!ctx) {
		print_message("no keyboard data (xkb-data) is installed\n");
		skip();
	}
	xkb_context_set_log_level(ctx, XKB_LOG_LEVEL_CRITICAL);
	assert_true(n >= 100);
	for (size_t i = 0; i < n; i++) {
		struct xkb_rule_names names = {.rules = "evdev",
				.model = sp_kbdlayout_model(&t[i], 4),
				.layout = t[i].layout,
				.variant = t[i].variant};
		struct xkb_keymap *map =
				xkb_keymap_new_from_names(ctx, &names, XKB_KEYMAP_COMPILE_NO_FLAGS);

		if (!map) {
			fail_msg("%08x %s(%s) %s", t[i].klid, t[i].layout, t[i].variant, t[i].name);
		}
		unsigned latin = latin_letters(map);

		if ((latin < 20) != t[i].foreign) {
			fail_msg("%08x %s: %u Latin letters", t[i].klid, t[i].name, latin);
		}
		assert_true(i == 0 || t[i - 1].klid < t[i].klid);
		xkb_keymap_unref(map);
	}
	xkb_context_unref(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_known),
			cmocka_unit_test(test_nearest),
			cmocka_unit_test(test_models),
			cmocka_unit_test(test_rows_compile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
