/* tests/core/pdu/test_dvc.c - heads, creation and its answer. */
#include "unit.h"

#include <string.h>

#include "core/pdu/dvc.h"

static struct sp_rd over(const char *hex)
{
	struct sp_span in = unit_hex(hex);
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	return r;
}

static void test_head(void **state)
{
	static const struct {
		const char *hex;
		uint8_t cmd;
		uint32_t id;
	} rows[] = {
			{"10 03", SP_DVC_CREATE, 3},
			{"30 ff", SP_DVC_DATA, 255},
			{"31 0001", SP_DVC_DATA, 256},
			{"32 00000100", SP_DVC_DATA, 65536},
			{"42 ffffffff", SP_DVC_CLOSE, UINT32_MAX},
			{"50", SP_DVC_CAPS, 0},
			{"80", SP_DVC_SOFT_SYNC_REQUEST, 0},
	};
	struct sp_dvc_head h;
	uint8_t buf[16];
	struct sp_wr w;

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_rd r = over(rows[i].hex);

		assert_int_equal(sp_dvc_head_read(&r, &h), SP_OK);
		assert_int_equal(h.cmd, rows[i].cmd);
		assert_int_equal(h.id, rows[i].id);
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_dvc_head_write(&w, &h);
		unit_assert_span(sp_span(buf, w.n), unit_hex(rows[i].hex));
	}
	struct sp_rd r = over("33 00000000"); /* cbId 3 means nothing */
	assert_int_equal(sp_dvc_head_read(&r, &h), SP_EFIELD);
	r = over("");
	assert_int_equal(sp_dvc_head_read(&r, &h), SP_ESHORT);
}

/* [MS-RDPEDYC] 4.2.1: "testdvc" on id 3, and the client's answer. */
static void test_create(void **state)
{
	struct sp_dvc_head h;
	char name[SP_DVC_NAME];
	uint32_t status;
	uint8_t buf[64];
	struct sp_wr w;

	struct sp_rd r = over("10 03 7465737464766300");
	assert_int_equal(sp_dvc_head_read(&r, &h), SP_OK);
	assert_int_equal(sp_dvc_create_read(&r, name), SP_OK);
	assert_string_equal(name, "testdvc");
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_dvc_create_write(&w, 3, "testdvc");
	unit_assert_span(sp_span(buf, w.n), unit_hex("10 03 7465737464766300"));

	r = over("10 03 00000000");
	assert_int_equal(sp_dvc_head_read(&r, &h), SP_OK);
	assert_int_equal(sp_dvc_create_response_read(&r, &status), SP_OK);
	assert_int_equal(status, SP_DVC_STATUS_OK);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_dvc_create_response_write(&w, 0x1234, SP_DVC_STATUS_NOT_FOUND);
	unit_assert_span(sp_span(buf, w.n), unit_hex("11 3412 250200c0"));

	/* Without its NUL, and with nothing. */
	r = over("6563686f");
	assert_int_equal(sp_dvc_create_read(&r, name), SP_OK);
	assert_string_equal(name, "echo");
	r = over("");
	assert_int_equal(sp_dvc_create_read(&r, name), SP_OK);
	assert_string_equal(name, "");
}

static void test_long_name(void **state)
{
	uint8_t in[SP_DVC_NAME + 1];
	char name[SP_DVC_NAME];
	struct sp_rd r;

	memset(in, 'a', sizeof(in));
	sp_rd_init(&r, in, SP_DVC_NAME - 1);
	assert_int_equal(sp_dvc_create_read(&r, name), SP_OK);
	assert_int_equal(strlen(name), SP_DVC_NAME - 1);
	sp_rd_init(&r, in, SP_DVC_NAME);
	assert_int_equal(sp_dvc_create_read(&r, name), SP_ELIMIT);
	assert_string_equal(name, "");
}

static void cut(struct sp_span in, void *arg)
{
	struct sp_dvc_head h;
	uint32_t status;
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	if (sp_dvc_head_read(&r, &h) == SP_OK) {
		assert_int_not_equal(sp_dvc_create_response_read(&r, &status), SP_OK);
	}
}

static void test_truncated(void **state)
{
	unit_truncate(unit_hex("12 01020304 250200c0"), cut, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_head),
			cmocka_unit_test(test_create),
			cmocka_unit_test(test_long_name),
			cmocka_unit_test(test_truncated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
