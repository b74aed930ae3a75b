/* tests/core/pdu/test_input.c - slow-path input and the meaning of wheels and keys. */
#include "unit.h"

#include <string.h>

#include "core/pdu/input.h"

static int one(const char *hex, struct sp_input_event *ev)
{
	struct sp_span in = unit_hex(hex);
	struct sp_rd r;
	size_t n;

	sp_rd_init(&r, in.p, in.n);
	int rc = sp_input_read(&r, &n);
	if (rc != SP_OK) {
		return rc;
	}
	assert_int_equal(n, 1);
	rc = sp_input_event_read(&r, ev);
	return rc != SP_OK ? rc : sp_rd_end(&r);
}

static void test_events(void **state)
{
	struct sp_input_event e;

	assert_int_equal(one("0100 0000  01020304 0000  0000 05000000", &e), SP_OK);
	assert_int_equal(e.kind, SP_INPUT_SYNC);
	assert_int_equal(e.flags, SP_LOCK_SCROLL | SP_LOCK_CAPS);
	assert_int_equal(one("0100 0000  00000000 0200  00000000 0000", &e), SP_OK);
	assert_int_equal(e.kind, SP_INPUT_UNUSED);
	assert_int_equal(one("0100 0000  00000000 0400  0081 1d00 0000", &e), SP_OK);
	assert_int_equal(e.kind, SP_INPUT_SCANCODE);
	assert_int_equal(e.code, 0x1D);
	assert_int_equal(e.key, SP_KEY_RELEASE | SP_KEY_EXTENDED);
	assert_int_equal(one("0100 0000  00000000 0400  0040 1e00 0000", &e), SP_OK);
	assert_int_equal(e.key, SP_KEY_REPEAT);
	assert_int_equal(one("0100 0000  00000000 0400  00c2 4500 0000", &e), SP_OK);
	assert_int_equal(e.key, SP_KEY_RELEASE | SP_KEY_EXTENDED1);
	assert_int_equal(one("0100 0000  00000000 0500  0080 ac20 0000", &e), SP_OK);
	assert_int_equal(e.kind, SP_INPUT_UNICODE);
	assert_int_equal(e.code, 0x20AC);
	assert_int_equal(e.key, SP_KEY_RELEASE);
	assert_int_equal(one("0100 0000  00000000 0180  0090 1000 ffff", &e), SP_OK);
	assert_int_equal(e.kind, SP_INPUT_MOUSE);
	assert_int_equal(e.flags, SP_MOUSE_DOWN | SP_MOUSE_BUTTON1);
	assert_int_equal(e.x, 16);
	assert_int_equal(e.y, 65535);
	assert_int_equal(one("0100 0000  00000000 0280  0180 1000 2000", &e), SP_OK);
	assert_int_equal(e.kind, SP_INPUT_MOUSEX);
	assert_int_equal(one("0100 0000  00000000 0480  0008 ffff 0100", &e), SP_OK);
	assert_int_equal(e.kind, SP_INPUT_MOUSEREL);
	assert_int_equal(e.x, -1);
	assert_int_equal(e.y, 1);
}

static void test_bad(void **state)
{
	struct sp_input_event e;
	struct sp_rd r;
	size_t n;

	assert_int_equal(one("0100 0000  00000000 0300  0000 0000 0000", &e), SP_EFIELD);
	assert_int_equal(one("0200 0000  00000000 0000  0000 0000 0000", &e), SP_ESHORT);
	assert_int_equal(one("ffff 0000  00000000 0000  0000 0000 0000", &e), SP_ELIMIT);
	assert_int_equal(one("0100 0000  00000000 0000  0000 0000 00", &e), SP_ESHORT);
	assert_int_equal(one("0100 0000  00000000 0000  0000 0000 0000 00", &e), SP_ETRAIL);
	sp_rd_init(&r, "\0\0\0", 3);
	assert_int_equal(sp_input_read(&r, &n), SP_ESHORT);
	assert_int_equal(n, 0);
	sp_rd_init(&r, "\0\0\0\0", 4);
	assert_int_equal(sp_input_read(&r, &n), SP_OK);
}

static void test_round_trip(void **state)
{
	static const struct sp_input_event in[] = {
			{.kind = SP_INPUT_SCANCODE, .code = 0x39},
			{.kind = SP_INPUT_SCANCODE, .code = 0x39, .key = SP_KEY_REPEAT},
			{.kind = SP_INPUT_SCANCODE, .code = 0x39, .key = SP_KEY_RELEASE},
			{.kind = SP_INPUT_QOE, .time_ms = 1}, /* has no slow-path form */
			{.kind = SP_INPUT_UNICODE, .code = 0xFFFF, .key = SP_KEY_RELEASE},
			{.kind = SP_INPUT_MOUSE, .flags = SP_MOUSE_MOVE, .x = 9, .y = 65535},
			{.kind = SP_INPUT_MOUSEX, .flags = SP_MOUSEX_BUTTON1, .x = 9, .y = 8},
			{.kind = SP_INPUT_MOUSEREL, .flags = SP_MOUSE_MOVE, .x = -32768, .y = -1},
			{.kind = SP_INPUT_SYNC, .flags = SP_LOCK_KANA},
			{.kind = SP_INPUT_UNUSED},
	};
	uint8_t buf[256];
	struct sp_wr w;
	struct sp_rd r;
	size_t n, k = 0;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_input_write(&w, in, SP_LEN(in));
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	sp_rd_init(&r, buf, w.n);
	assert_int_equal(sp_input_read(&r, &n), SP_OK);
	assert_int_equal(n, SP_LEN(in) - 1);
	for (size_t i = 0; i < n; i++, k++) {
		struct sp_input_event e;

		k += in[k].kind == SP_INPUT_QOE;
		assert_int_equal(sp_input_event_read(&r, &e), SP_OK);
		assert_memory_equal(&e, &in[k], sizeof(e));
	}
	assert_int_equal(sp_rd_end(&r), SP_OK);
}

static void test_wheel(void **state)
{
	static const int turns[] = {0, 1, 120, 255, -1, -120, -255};

	for (size_t i = 0; i < SP_LEN(turns); i++) {
		struct sp_input_event e = {.kind = SP_INPUT_MOUSE};

		e.flags = sp_input_wheel_flags(turns[i], false);
		assert_int_equal(sp_input_wheel(&e), turns[i]);
		assert_true(e.flags & SP_MOUSE_WHEEL);
		assert_int_equal(!!(e.flags & SP_MOUSE_WHEEL_NEGATIVE), turns[i] < 0);
		e.flags = sp_input_wheel_flags(turns[i], true);
		assert_int_equal(sp_input_wheel(&e), turns[i]);
		assert_int_equal(e.flags & (SP_MOUSE_WHEEL | SP_MOUSE_HWHEEL), SP_MOUSE_HWHEEL);
	}
	/* One notch towards the user as mstsc sends it. */
	struct sp_input_event e = {.kind = SP_INPUT_MOUSE, .flags = 0x0388};
	assert_int_equal(sp_input_wheel(&e), -120);
	assert_int_equal(sp_input_wheel_flags(100000, false), SP_MOUSE_WHEEL | 255);
	e.flags = sp_input_wheel_flags(-100000, false);
	assert_int_equal(sp_input_wheel(&e), -255);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_events),
			cmocka_unit_test(test_bad),
			cmocka_unit_test(test_round_trip),
			cmocka_unit_test(test_wheel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
