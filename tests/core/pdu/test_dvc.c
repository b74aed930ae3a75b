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

/* [MS-RDPEDYC] 4.1.1, 4.1.2; the Sp bits of the first mean nothing. */
static void test_caps(void **state)
{
	struct sp_dvc_head h;
	struct sp_dvc_caps caps;
	uint16_t version;
	uint8_t buf[16];
	struct sp_wr w;

	struct sp_rd r = over("58 00 02 00 33 33 11 11 3d 0a a7 04");
	assert_int_equal(sp_dvc_head_read(&r, &h), SP_OK);
	assert_int_equal(h.cmd, SP_DVC_CAPS);
	assert_int_equal(sp_dvc_caps_read(&r, &caps), SP_OK);
	assert_int_equal(caps.version, 2);
	assert_int_equal(caps.charge[0], 0x3333);
	assert_int_equal(caps.charge[3], 0x04a7);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_dvc_caps_write(&w, &caps);
	unit_assert_span(sp_span(buf, w.n), unit_hex("50 00 02 00 33 33 11 11 3d 0a a7 04"));
	caps.version = 1;
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_dvc_caps_write(&w, &caps);
	unit_assert_span(sp_span(buf, w.n), unit_hex("50 00 01 00"));
	r = over("00 0100");
	assert_int_equal(sp_dvc_caps_read(&r, &caps), SP_OK);
	assert_int_equal(caps.charge[0], 0);
	r = over("00 0200");
	assert_int_equal(sp_dvc_caps_read(&r, &caps), SP_ESHORT);
	r = over("00 0000");
	assert_int_equal(sp_dvc_caps_read(&r, &caps), SP_EFIELD);
	r = over("00 0200");
	assert_int_equal(sp_dvc_caps_response_read(&r, &version), SP_OK);
	assert_int_equal(version, 2);
	r = over("00 0000");
	assert_int_equal(sp_dvc_caps_response_read(&r, &version), SP_EFIELD);
	r = over("00 0200 00");
	assert_int_equal(sp_dvc_caps_response_read(&r, &version), SP_ETRAIL);
}

/* [MS-RDPEDYC] 4.3.1 to 4.3.4 */
static void test_data(void **state)
{
	static const struct {
		const char *name;
		bool first, compressed;
		uint32_t total;
		size_t n;
	} rows[] = {
			{"spec/MS-RDPEDYC-4.3.1-dvc-data-first-pdu.hex", true, false, 3195, 1596},
			{"spec/MS-RDPEDYC-4.3.2-dvc-data-pdu-1.hex", false, false, 0, 1598},
			{"spec/MS-RDPEDYC-4.3.2-dvc-data-pdu-2.hex", false, false, 0, 1},
			{"spec/MS-RDPEDYC-4.3.3-dvc-data-first-compressed-pdu-1.hex", true, true,
					3195, 8},
			{"spec/MS-RDPEDYC-4.3.4-dvc-data-compressed-pdu-1.hex", false, true, 0, 7},
	};
	static uint8_t buf[SP_DVC_PDU];

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_span in = unit_vector(rows[i].name);
		struct sp_dvc_data data;
		struct sp_dvc_head h;
		struct sp_rd r;
		struct sp_wr w;

		sp_rd_init(&r, in.p, in.n);
		assert_int_equal(sp_dvc_head_read(&r, &h), SP_OK);
		assert_int_equal(sp_dvc_data_read(&r, &h, &data), SP_OK);
		assert_int_equal(data.id, 3);
		assert_int_equal(data.first, rows[i].first);
		assert_int_equal(data.compressed, rows[i].compressed);
		assert_int_equal(data.total, rows[i].total);
		assert_int_equal(data.data.n, rows[i].n);
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_dvc_data_write(&w, &data);
		assert_int_equal(w.n, in.n);
		assert_int_equal(sp_dvc_data_overhead(&data), in.n - rows[i].n);
		/* The sample's second PDU has something in its Sp bits. */
		unit_assert_span(sp_span(buf + 1, w.n - 1), sp_span(in.p + 1, in.n - 1));
	}
	struct sp_dvc_data data;
	struct sp_rd r = over("");
	assert_int_equal(sp_dvc_data_read(&r,
					 &(struct sp_dvc_head){.cmd = SP_DVC_DATA_FIRST, .sp = 3},
					 &data),
			SP_EFIELD);
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
			cmocka_unit_test(test_caps),
			cmocka_unit_test(test_data),
			cmocka_unit_test(test_truncated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
