/* tests/gate/net/test_relay_rules.c - what a rule lets through as long as nothing filters. */
#include "unit.h"

#include "gate/net/relay.h"

static void test_rules(void **state)
{
	struct sp_legs_rules r;
	struct sp_channels c = {0};

	sp_relay_rules(&r, &c);
	assert_false(r.clipboard || r.drives || r.sound || r.microphone || r.other);
	c = (struct sp_channels){.clipboard = SP_CLIPBOARD_ALL,
			.drives = SP_DRIVES_WRITE,
			.sound = 1,
			.microphone = 1,
			.other = 1};
	sp_relay_rules(&r, &c);
	assert_true(r.clipboard && r.drives && r.sound && r.microphone && r.other);
	/* A part is not the whole: denied until the parts can be told apart. */
	for (uint32_t bits = 0; bits < SP_CLIPBOARD_ALL; bits++) {
		c.clipboard = bits;
		sp_relay_rules(&r, &c);
		assert_false(r.clipboard);
	}
	c.drives = SP_DRIVES_READ;
	sp_relay_rules(&r, &c);
	assert_false(r.drives);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rules)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
