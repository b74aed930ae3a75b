/* tests/core/rdp/test_legs_drive.c - redirected drives over both legs, as a rule allows them. */
#include "chain.h"

#include <stdio.h>
#include <string.h>

#include "core/base/utf16.h"
#include "core/chan/drive_io.h"
#include "core/pdu/svc.h"

#define RDPDR 1 /* of the user's client; 0 of the target's leg */
#define AT_TARGET 0
#define DISK 3

static void channels(struct sp_gcc_client *gcc)
{
	static const char *const names[] = {"mine", "RDPDR", "rdpdr", "drdynvc"};

	memset(gcc->channel, 0, sizeof(gcc->channel));
	gcc->n_channels = SP_LEN(names);
	for (size_t i = 0; i < SP_LEN(names); i++) {
		snprintf(gcc->channel[i].name, sizeof(gcc->channel[i].name), "%s", names[i]);
		gcc->channel[i].options = SP_GCC_CHANNEL_INITIALIZED;
	}
}

static struct chain_conf with(struct sp_drive_rules drive)
{
	struct chain_conf conf = chain_default;

	conf.user.gcc = channels;
	conf.legs.rules = (struct sp_legs_rules){.drive = drive};
	return conf;
}

static void put(struct sp_rdp *from, size_t index, struct sp_wr *w, size_t size)
{
	uint8_t buf[2048];
	struct sp_svc_chunk c;
	struct sp_svc_cut cut;
	struct sp_wr out;

	assert_int_equal(sp_wr_ok(w), SP_OK);
	sp_svc_cut_init(&cut, sp_span(w->p, w->n), size, 0);
	while (sp_svc_cut_next(&cut, &c)) {
		sp_wr_fixed(&out, buf, sizeof(buf));
		sp_svc_write(&out, &c);
		assert_int_equal(sp_rdp_send_channel(from, index, sp_span(buf, out.n)), SP_OK);
	}
	sp_wr_finish(w);
}

static void announce(struct chain *c, size_t channel, uint32_t type, size_t size)
{
	struct sp_drive_device d = {.type = type, .id = DISK, .dos_name = "share"};
	struct sp_wr w;

	sp_wr_init(&w, 1024);
	sp_drive_head_write(&w, SP_DRIVE_DEVICES);
	sp_drive_u32_write(&w, 1);
	sp_drive_device_write(&w, &d);
	put(c->user.client, channel, &w, size);
	chain_run(c);
	assert_int_equal(c->err, SP_OK);
}

static void request(struct chain *c, const struct sp_drive_io_request *q, size_t size)
{
	struct sp_wr w;

	sp_wr_init(&w, 4096);
	sp_drive_io_request_write(&w, q);
	put(c->desk.server, AT_TARGET, &w, size);
	chain_run(c);
	assert_int_equal(c->err, SP_OK);
}

/* The status of what the target got last, in one chunk. */
static uint32_t status(struct chain *c)
{
	struct sp_drive_io_completion done;
	const struct pair_seen *seen = &c->desk.saw_server;
	struct sp_drive_head h;
	struct sp_svc_chunk chunk;
	struct sp_rd r;

	assert_int_equal(seen->channel.p[0], AT_TARGET);
	sp_rd_init(&r, seen->channel.p + 1, seen->channel.n - 1);
	assert_int_equal(sp_svc_read(&r, &chunk), SP_OK);
	sp_rd_init(&r, chunk.data.p, chunk.data.n);
	assert_int_equal(sp_drive_head_read(&r, &h), SP_OK);
	assert_int_equal(h.packet, SP_DRIVE_COMPLETION);
	assert_int_equal(sp_drive_io_completion_read(&r, &done), SP_OK);
	return done.status;
}

static void test_flow(void **state)
{
	for (size_t size = 1; size < 70; size++) {
		struct chain_conf conf = with((struct sp_drive_rules){.read = true});
		struct sp_transfer ev;
		struct sp_wr p, w;
		struct chain c;
		uint32_t lost;

		chain_open(&c, &conf);
		announce(&c, RDPDR, SP_DRIVE_TYPE_FILES, size);
		assert_int_equal(c.desk.saw_server.n[SP_EV_CHANNEL], 1);
		assert_true(sp_legs_transfer(c.legs, &ev, &lost));
		assert_int_equal(ev.kind, SP_TRANSFER_DEVICE);
		sp_wr_init(&p, 64);
		sp_utf16_write(&p, "\\f");
		struct sp_drive_io_request q = {.device = DISK,
				.completion = 1,
				.major = SP_DRIVE_IO_CREATE,
				.create = {.access = SP_DRIVE_IO_READ_DATA,
						.disposition = SP_DRIVE_IO_OPEN,
						.path = sp_span(p.p, p.n)}};
		request(&c, &q, size);
		assert_int_equal(c.user.saw_client.channel.p[0], RDPDR);
		assert_false(sp_legs_answered(c.legs));
		sp_wr_init(&w, 1024);
		sp_drive_io_completion_write(&w,
				&(struct sp_drive_io_completion){.device = DISK, .completion = 1});
		sp_drive_io_created_write(&w, &(struct sp_drive_io_created_file){.file = 9});
		put(c.user.client, RDPDR, &w, size);
		chain_run(&c);
		assert_int_equal(c.err, SP_OK);
		assert_int_equal(status(&c), SP_DRIVE_OK);
		/* Writing is refused at once, and the client is not asked. */
		size_t before = c.user.saw_client.n[SP_EV_CHANNEL];
		q = (struct sp_drive_io_request){.device = DISK,
				.completion = 2,
				.file = 9,
				.major = SP_DRIVE_IO_WRITE,
				.write = {.data = sp_span("abc", 3)}};
		request(&c, &q, size);
		assert_int_equal(c.user.saw_client.n[SP_EV_CHANNEL], before);
		assert_int_equal(status(&c), SP_DRIVE_ACCESS_DENIED);
		assert_true(sp_legs_transfer(c.legs, &ev, &lost));
		assert_int_equal(ev.verdict, SP_TRANSFER_REFUSED);
		assert_string_equal(ev.name, "share/f");
		/* So is opening to write. */
		q = (struct sp_drive_io_request){.device = DISK,
				.completion = 3,
				.major = SP_DRIVE_IO_CREATE,
				.create = {.access = SP_DRIVE_IO_GENERIC_WRITE,
						.disposition = SP_DRIVE_IO_OPEN_IF,
						.path = sp_span(p.p, p.n)}};
		request(&c, &q, size);
		assert_int_equal(c.user.saw_client.n[SP_EV_CHANNEL], before);
		assert_int_equal(status(&c), SP_DRIVE_ACCESS_DENIED);
		sp_legs_stop_channels(c.legs);
		sp_wr_finish(&p);
		chain_finish(&c);
	}
}

/* Without the rule there is no channel; a second one of the name goes nowhere. N-D8 */
static void test_denied(void **state)
{
	struct chain_conf conf = with((struct sp_drive_rules){.read = false});
	struct sp_transfer ev;
	struct chain c;
	uint32_t lost;

	chain_open(&c, &conf);
	announce(&c, RDPDR, SP_DRIVE_TYPE_FILES, 1600);
	announce(&c, 2, SP_DRIVE_TYPE_FILES, 1600);
	assert_int_equal(c.desk.saw_server.n[SP_EV_CHANNEL], 0);
	assert_false(sp_legs_transfer(c.legs, &ev, &lost));
	chain_finish(&c);
	/* Printers alone: a drive is not let in with them. */
	conf = with((struct sp_drive_rules){.other = true});
	chain_open(&c, &conf);
	announce(&c, 2, SP_DRIVE_TYPE_PRINTER, 1600);
	announce(&c, RDPDR, SP_DRIVE_TYPE_FILES, 1600);
	assert_int_equal(c.desk.saw_server.n[SP_EV_CHANNEL], 0);
	assert_int_equal(c.user.saw_client.n[SP_EV_CHANNEL], 1); /* who announced it is told no */
	announce(&c, RDPDR, SP_DRIVE_TYPE_PRINTER, 1600);
	assert_int_equal(c.desk.saw_server.n[SP_EV_CHANNEL], 1);
	chain_finish(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_flow),
			cmocka_unit_test(test_denied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
