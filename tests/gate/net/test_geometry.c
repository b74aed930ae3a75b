/* tests/gate/net/test_geometry.c - whatever a client says of itself, the keeper takes it. */
#include "gate/net/geometry.h"

#include <string.h>

#include "core/pdu/gcc_client.h"
#include "core/pdu/info.h"
#include "host/monitor/check.h"
#include "unit.h"

static struct sp_gcc_client gcc;
static struct sp_info info;

static struct sp_geometry made(void)
{
	union sp_msg_body body = {0};

	sp_net_geometry(&body.open_target.geometry, &gcc, &info);
	assert_int_equal(sp_check_body(SP_MSG_OPEN_TARGET, &body, 0), SP_OK);
	return body.open_target.geometry;
}

static int setup(void **state)
{
	memset(&gcc, 0, sizeof(gcc));
	memset(&info, 0, sizeof(info));
	return 0;
}

static void add(int32_t left, int32_t top, int32_t w, int32_t h, uint32_t flags)
{
	gcc.has_monitor = true;
	gcc.monitor[gcc.n_monitors++] =
			(struct sp_gcc_monitor){left, top, left + w - 1, top + h - 1, flags};
}

static void test_size(void **state)
{
	static const uint16_t sides[] = {0, 1, 199, 200, 8192, 8193, 65535};

	for (size_t i = 0; i < SP_LEN(sides); i++) {
		gcc.core.desktop_width = sides[i];
		gcc.core.desktop_height = sides[SP_LEN(sides) - 1 - i];
		struct sp_geometry g = made();
		assert_int_equal(g.width, i < 3 ? 200 : i > 4 ? 8192 : sides[i]);
	}
}

/* [MS-RDPBCGR] gives a monitor no least size; ours have one. */
static void test_monitors(void **state)
{
	add(0, 0, 1920, 1080, SP_GCC_MONITOR_PRIMARY);
	add(1920, 0, 480, 128, 0);
	add(-1, 0, 1, 1, 0);
	add(-32768, -32768, 65536, 65536, 0);
	add(1920, 200, 8192, 200, 0);
	struct sp_geometry g = made();
	assert_int_equal(g.monitors, 2);
	assert_int_equal(g.monitor[0].primary, 1);
	assert_int_equal(g.monitor[1].left, 1920);
	assert_int_equal(g.monitor[1].width, 8192);
	while (gcc.n_monitors < SP_GCC_MAX_MONITORS) {
		add(0, 0, 300, 300, 0);
	}
	assert_int_equal(made().monitors, SP_GCC_MAX_MONITORS - 3);
}

static void test_names(void **state)
{
	memcpy(gcc.core.client_name, "a\nb\x7f\xc2\x9b", 7);
	memcpy(info.zone.standard_name, "\x1b[1m", 5);
	assert_string_equal(made().zone, "");
	info.tail = SP_INFO_TAIL_ZONE;
	struct sp_geometry g = made();
	assert_string_equal(g.client_name, "a?b???");
	assert_string_equal(g.zone, "?[1m");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_setup(test_size, setup),
			cmocka_unit_test_setup(test_monitors, setup),
			cmocka_unit_test_setup(test_names, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
