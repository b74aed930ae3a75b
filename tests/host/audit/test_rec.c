/* tests/host/audit/test_rec.c - frames of a recording and their bodies: there and back, and cut. */
#include <string.h>

#include "core/base/wr.h"
#include "host/audit/rec.h"
#include "unit.h"

static uint8_t mem[70000];
static struct sp_wr w;

static struct sp_span written(void)
{
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	return sp_span(mem, w.n);
}

static int begin(void **state)
{
	sp_wr_fixed(&w, mem, sizeof(mem));
	return 0;
}

static void cut_frame(struct sp_span cut, void *arg)
{
	struct sp_rec_frame f;
	struct sp_rd r;

	sp_rd_init(&r, cut.p, cut.n);
	assert_int_equal(sp_rec_frame_read(&r, &f), SP_ESHORT);
}

static void frame(void **state)
{
	struct sp_rec_frame in = {.kind = SP_REC_OUT, .us = 1ull << 40, .data = sp_span("abc", 3)};
	struct sp_rec_frame out;
	struct sp_rd r;

	sp_rec_frame_write(&w, &in);
	assert_int_equal(w.n, SP_REC_FRAME_HEAD + 3);
	unit_truncate(written(), cut_frame, NULL);
	sp_rd_init(&r, mem, w.n);
	assert_int_equal(sp_rec_frame_read(&r, &out), SP_OK);
	assert_int_equal(out.kind, SP_REC_OUT);
	assert_true(out.us == in.us);
	unit_assert_span(out.data, in.data);
	assert_int_equal(sp_rd_end(&r), SP_OK);
}

static void frame_of_no_kind_or_too_long(void **state)
{
	struct sp_rec_frame f = {.kind = SP_REC_NONE};
	struct sp_rd r;

	sp_rec_frame_write(&w, &f);
	sp_rd_init(&r, mem, w.n);
	assert_int_equal(sp_rec_frame_read(&r, &f), SP_EFIELD);

	mem[0] = SP_REC_OUT;
	memcpy(mem + 9, (uint8_t[]){1, 0, 1, 0}, 4);
	sp_rd_init(&r, mem, sizeof(mem));
	assert_int_equal(sp_rec_frame_read(&r, &f), SP_ELIMIT);
	memcpy(mem + 9, (uint8_t[]){0, 0, 1, 0}, 4);
	sp_rd_init(&r, mem, sizeof(mem));
	assert_int_equal(sp_rec_frame_read(&r, &f), SP_OK);
	assert_int_equal(f.data.n, SP_REC_MAX_FRAME);
}

static void cut_meta(struct sp_span cut, void *arg)
{
	struct sp_rec_meta m;

	assert_int_equal(sp_rec_meta_read(cut, &m), SP_ESHORT);
}

static void meta(void **state)
{
	struct sp_rec_meta in = {.session = "s1",
			.user = "grete",
			.target = "db1",
			.from = "192.0.2.7",
			.host = "gate"};
	struct sp_rec_meta out;

	sp_rec_meta_write(&w, &in);
	unit_truncate(written(), cut_meta, NULL);
	assert_int_equal(sp_rec_meta_read(written(), &out), SP_OK);
	assert_string_equal(out.user, "grete");
	assert_string_equal(out.target, "db1");
	assert_string_equal(out.host, "gate");
	/* A control of terminals in two bytes, and what turns the direction of a line. */
	memcpy(mem + 6,
			"\xc2\x9b"
			"2JX",
			5);
	assert_int_equal(sp_rec_meta_read(written(), &out), SP_OK);
	assert_string_equal(out.user, "??2JX");
	memcpy(mem + 6,
			"\xe2\x80\xae"
			"x\xff",
			5);
	assert_int_equal(sp_rec_meta_read(written(), &out), SP_OK);
	assert_string_equal(out.user, "???x?");
	mem[2] = '\n';
	assert_int_equal(sp_rec_meta_read(written(), &out), SP_EFIELD);
	mem[0] = 40; /* one more than fits with its end */
	assert_int_not_equal(sp_rec_meta_read(sp_span(mem, 400), &out), SP_OK);
}

static void cut_header(struct sp_span cut, void *arg)
{
	struct sp_rec_header h;

	assert_int_equal(sp_rec_header_read(cut, &h), SP_ESHORT);
}

static void header(void **state)
{
	struct sp_rec_header in = {.share_id = 0x103EA,
			.info_flags = 7,
			.protocol = 2,
			.user_id = 1007,
			.io_id = 1003,
			.message_id = 1008,
			.n_channels = 2,
			.channel = {{"rdpdr", 0x80800000, 1004, true},
					{"drdynvc", 0x80000000, 1005, false}},
			.gcc_client = sp_span("client", 6),
			.gcc_server = sp_span("srv", 3)};
	struct sp_rec_header out;

	sp_rec_header_write(&w, &in);
	unit_truncate(written(), cut_header, NULL);
	assert_int_equal(sp_rec_header_read(written(), &out), SP_OK);
	assert_int_equal(out.n_channels, 2);
	assert_string_equal(out.channel[1].name, "drdynvc");
	assert_int_equal(out.channel[0].id, 1004);
	assert_true(out.channel[0].open && !out.channel[1].open);
	assert_int_equal(out.user_id, 1007);
	unit_assert_span(out.gcc_client, in.gcc_client);
	unit_assert_span(out.gcc_server, in.gcc_server);
	mem[18] = SP_REC_MAX_CHANNELS + 1;
	assert_int_equal(sp_rec_header_read(sp_span(mem, sizeof(mem)), &out), SP_ELIMIT);
}

static void input(void **state)
{
	struct sp_rec_in in = {.how = SP_REC_IN_TIMING, .keys = 1, .mouse = 2, .other = 3}, out;

	sp_rec_in_write(&w, &in);
	assert_int_equal(sp_rec_in_read(written(), &out), SP_OK);
	assert_int_equal(out.keys, 1);
	assert_int_equal(out.mouse, 2);
	assert_int_equal(out.other, 3);
	assert_int_equal(sp_rec_in_read(sp_span(mem, w.n + 1), &out), SP_ETRAIL);
	assert_int_equal(sp_rec_in_read(sp_span(mem, w.n - 1), &out), SP_ESHORT);
	begin(state);
	in = (struct sp_rec_in){.how = SP_REC_IN_PDU, .pdu = sp_span("\x04\x04 A", 4)};
	sp_rec_in_write(&w, &in);
	assert_int_equal(sp_rec_in_read(written(), &out), SP_OK);
	unit_assert_span(out.pdu, in.pdu);
	mem[0] = 9;
	assert_int_equal(sp_rec_in_read(written(), &out), SP_EFIELD);
	assert_int_equal(sp_rec_in_read(sp_span(NULL, 0), &out), SP_ESHORT);
}

static void channel(void **state)
{
	struct sp_rec_channel in = {
			.what = SP_REC_CHANNEL_CHUNK, .index = 3, .data = sp_span("chunk", 5)};
	struct sp_rec_channel out;

	sp_rec_channel_write(&w, &in);
	assert_int_equal(sp_rec_channel_read(written(), &out), SP_OK);
	assert_int_equal(out.index, 3);
	unit_assert_span(out.data, in.data);
	assert_int_equal(sp_rec_channel_read(sp_span(mem, 1), &out), SP_ESHORT);
	mem[0] = 0;
	assert_int_equal(sp_rec_channel_read(written(), &out), SP_EFIELD);
}

static void end(void **state)
{
	struct sp_rec_end in = {.why = SP_REC_WHY_LOST, .text = "gone"}, out;

	sp_rec_end_write(&w, &in);
	assert_int_equal(sp_rec_end_read(written(), &out), SP_OK);
	assert_true(out.why == SP_REC_WHY_LOST);
	assert_string_equal(out.text, "gone");
	assert_int_equal(sp_rec_end_read(sp_span(mem, w.n - 1), &out), SP_ESHORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_setup(frame, begin),
			cmocka_unit_test_setup(frame_of_no_kind_or_too_long, begin),
			cmocka_unit_test_setup(meta, begin),
			cmocka_unit_test_setup(header, begin),
			cmocka_unit_test_setup(input, begin),
			cmocka_unit_test_setup(channel, begin),
			cmocka_unit_test_setup(end, begin),
	};

	return cmocka_run_group_tests_name("rec", tests, NULL, NULL);
}
