/* tests/gate/net/test_relay_rules.c - what a rule lets through. */
#include "unit.h"

#include "gate/net/relay.h"

static void test_rules(void **state)
{
	struct sp_legs_rules r;
	struct sp_channels c = {0};

	sp_relay_rules(&r, &c);
	assert_false(r.clipboard || r.drive.read || r.drive.other || r.sound || r.microphone ||
			r.other);
	c = (struct sp_channels){.clipboard = SP_CLIP_RIGHT_ALL,
			.drives = SP_DRIVES_WRITE,
			.sound = 1,
			.microphone = 1,
			.other = 1,
			.limit = 5};
	sp_relay_rules(&r, &c);
	assert_true(r.clipboard && r.sound && r.microphone && r.other);
	assert_true(r.drive.read && r.drive.write && r.drive.other);
	assert_true(r.clip.limit == 5 && r.drive.limit == 5);
	/* A part is not the whole. */
	for (uint32_t bits = 0; bits < SP_CLIP_RIGHT_ALL; bits++) {
		c.clipboard = bits;
		sp_relay_rules(&r, &c);
		assert_int_equal(r.clipboard, bits != SP_CLIP_RIGHT_NONE);
		assert_int_equal(r.clip.text_in, (bits & SP_CLIP_RIGHT_TEXT_IN) != 0);
		assert_int_equal(r.clip.text_out, (bits & SP_CLIP_RIGHT_TEXT_OUT) != 0);
		assert_int_equal(r.clip.files_in, (bits & SP_CLIP_RIGHT_FILES_IN) != 0);
		assert_int_equal(r.clip.files_out, (bits & SP_CLIP_RIGHT_FILES_OUT) != 0);
		assert_int_equal(r.clip.other, (bits & SP_CLIP_RIGHT_OTHER) != 0);
	}
	c.drives = SP_DRIVES_READ;
	c.other = 0;
	sp_relay_rules(&r, &c);
	assert_true(r.drive.read && !r.drive.write && !r.drive.other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rules)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
