/* tests/core/pdu/test_surfcmd.c - surface commands. */
#include "unit.h"

#include <string.h>

#include "core/pdu/surfcmd.h"

#define PEER "peer/ironrdp/pdu/ironrdp-pdu.basic_output.surface_commands.tests/"

static int parse(struct sp_span in, struct sp_surfcmd *out)
{
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	int rc = sp_surfcmd_read(&r, out);
	return rc == SP_OK ? sp_rd_end(&r) : rc;
}

static void written_equals(const struct sp_surfcmd *cmd, struct sp_span want)
{
	static uint8_t buf[4096];
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_surfcmd_write(&w, cmd);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	unit_assert_span(sp_span(buf, w.n), want);
}

static void cut(struct sp_span in, void *arg)
{
	struct sp_surfcmd c;

	assert_int_equal(parse(in, &c), SP_ESHORT);
}

static void test_peer(void **state)
{
	struct sp_span in = unit_vector(PEER "surface_bits_buffer.bin");
	struct sp_surfcmd c;

	assert_int_equal(parse(in, &c), SP_OK);
	assert_int_equal(c.type, SP_SURFCMD_STREAM_BITS);
	assert_int_equal(c.width, 1920);
	assert_int_equal(c.height, 1080);
	assert_int_equal(c.bpp, 32);
	assert_int_equal(c.codec, 3);
	assert_int_equal(c.data.n, in.n - SP_SURFCMD_BITS_HEADER);
	written_equals(&c, in);
	unit_truncate(in, cut, NULL);

	in = unit_vector(PEER "frame_marker_buffer.bin");
	assert_int_equal(parse(in, &c), SP_OK);
	assert_int_equal(c.type, SP_SURFCMD_FRAME_MARKER);
	assert_false(c.end);
	assert_int_equal(c.frame, 5);
	written_equals(&c, in);
	unit_truncate(in, cut, NULL);
}

static void test_extended(void **state)
{
	struct sp_surfcmd in = {.type = SP_SURFCMD_SET_BITS,
			.right = 8,
			.bottom = 8,
			.bpp = 32,
			.width = 8,
			.height = 8,
			.has_ex = true,
			.ex_id = 0x1122334455667788,
			.ex_ms = 999,
			.ex_s = 1700000000,
			.data = sp_span("abc", 3)};
	struct sp_surfcmd out;
	uint8_t buf[64];
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_surfcmd_write(&w, &in);
	assert_int_equal(w.n, SP_SURFCMD_BITS_HEADER + 24 + 3);
	assert_int_equal(parse(sp_span(buf, w.n), &out), SP_OK);
	assert_true(out.has_ex);
	assert_true(out.ex_id == in.ex_id && out.ex_ms == 999 && out.ex_s == 1700000000);
	unit_assert_span(out.data, in.data);
	unit_truncate(sp_span(buf, w.n), cut, NULL);
}

static void test_several(void **state)
{
	struct sp_span in = unit_hex("0400 0000 07000000  0400 0100 07000000");
	struct sp_surfcmd c;
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_surfcmd_read(&r, &c), SP_OK);
	assert_false(c.end);
	assert_int_equal(sp_surfcmd_read(&r, &c), SP_OK);
	assert_true(c.end);
	assert_int_equal(c.frame, 7);
	assert_int_equal(sp_rd_end(&r), SP_OK);
}

static void test_bad(void **state)
{
	struct sp_surfcmd c = {.type = 2};
	uint8_t buf[64];
	struct sp_wr w;

	assert_int_equal(parse(unit_hex("0200 0000 07000000"), &c), SP_EFIELD);
	assert_int_equal(parse(unit_hex("0400 0200 07000000"), &c), SP_EFIELD);
	assert_int_equal(parse(unit_hex("0100 0000 0000 0800 0800 20 00 00 00 0000 0800 00000000"),
					 &c),
			SP_EFIELD);
	assert_int_equal(parse(unit_hex("0100 0000 0000 0800 0800 20 00 00 00 0800 0800 ffffffff"),
					 &c),
			SP_ESHORT);
	c.type = 2;
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_surfcmd_write(&w, &c);
	assert_int_equal(sp_wr_ok(&w), SP_EARG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_peer),
			cmocka_unit_test(test_extended),
			cmocka_unit_test(test_several),
			cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
