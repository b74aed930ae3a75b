/* tests/gate/net/test_tap.c - a session through the real sp-net, and what its recorder is told. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/pdu/caps.h"
#include "core/pdu/errinfo.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/gcc_client.h"
#include "core/pdu/gcc_server.h"
#include "core/rdp/client_replay.h"
#include "host/audit/rec.h"
#include "stage.h"

static struct stage stage;
/* What came on the stream, and frames of it that were looked at. */
static uint8_t said[128 << 20];
static size_t said_n;
static unsigned count[SP_REC_KIND_COUNT];

static int open_stage(void **state)
{
	const char *build = getenv("SP_BUILD");

	snprintf(stage.program, sizeof(stage.program), "%s/sp-net", build ? build : ".");
	stage.verbose = getenv("SP_TEST_VERBOSE") != NULL;
	return stage_open(&stage) ? 0 : -1;
}

static int close_stage(void **state)
{
	stage_close(&stage);
	return 0;
}

static void drain(struct session *s)
{
	ssize_t n;

	assert_int_equal(fcntl(s->stream, F_SETFL, O_NONBLOCK), 0);
	while (said_n < sizeof(said) &&
			(n = read(s->stream, said + said_n, sizeof(said) - said_n)) > 0) {
		said_n += (size_t)n;
	}
	assert_true(said_n < sizeof(said));
}

static void rest(struct session *s, uint64_t us, bool read_stream)
{
	uint64_t end = sp_now_us() + us;

	while (sp_now_us() < end) {
		/* The stream is no matter of the loop: a look at it now and then. */
		(void)stage_turn(&stage, sp_now_us() + 5000);
		if (read_stream) {
			drain(s);
		}
	}
}

static void begin(struct session *s, uint32_t input, uint32_t required)
{
	s->grant.record = 1;
	s->grant.record_input = input;
	s->grant.record_required = required;
	said_n = 0;
	assert_true(stage_begin(&stage, s));
	assert_true(stage_wait_active(s));
	rest(s, 50000, true);
}

static void over(struct session *s)
{
	uint64_t end = sp_now_us() + 5 * STAGE_SECOND;

	while (!s->bye && sp_now_us() < end) {
		(void)stage_turn(&stage, sp_now_us() + 5000);
		drain(s);
	}
	assert_true(s->bye);
	rest(s, 100000, true);
}

static bool next(struct sp_rd *r, struct sp_rec_frame *f)
{
	if (sp_rd_left(r) == 0) {
		return false;
	}
	f->kind = sp_rd_u8(r);
	assert_int_equal(sp_rd_le16(r) | sp_rd_u8(r), 0);
	size_t n = sp_rd_le32(r);
	assert_int_equal(sp_rd_ok(r), SP_OK);
	assert_true(0 < f->kind && f->kind < SP_REC_KIND_COUNT && n <= SP_REC_MAX_FRAME);
	f->data = sp_rd_span(r, n);
	assert_int_equal(sp_rd_ok(r), SP_OK);
	count[f->kind]++;
	return true;
}

static struct sp_rdp *player(const struct sp_rec_header *h)
{
	static struct sp_gcc_client gcc;
	static struct sp_gcc_server server;
	uint16_t ids[SP_REC_MAX_CHANNELS];
	struct sp_rd r;

	sp_rd_init(&r, h->gcc_client.p, h->gcc_client.n);
	assert_int_equal(sp_gcc_client_read(&r, &gcc), SP_OK);
	sp_rd_init(&r, h->gcc_server.p, h->gcc_server.n);
	assert_int_equal(sp_gcc_server_read(&r, &server), SP_OK);
	assert_int_equal(server.io_channel, h->io_id);
	for (size_t i = 0; i < h->n_channels; i++) {
		ids[i] = h->channel[i].id;
	}
	return sp_client_replay_create(&(struct sp_client_replay_conf){.gcc = &gcc,
			.info_flags = h->info_flags,
			.user_id = h->user_id,
			.io_channel = h->io_id,
			.message_id = h->message_id,
			.channel = ids,
			.n_channels = h->n_channels});
}

/* Feeds one PDU of the recording to a client, as the one that was recorded; its updates' hash. */
static uint64_t play(struct sp_rdp *c, struct sp_span pdu, uint64_t hash)
{
	static struct sp_caps caps;
	struct sp_event ev;
	struct sp_rcbuf *b;

	assert_int_equal(sp_rdp_feed(c, pdu.p, pdu.n, 1), (int)pdu.n);
	while (sp_rdp_next(c, &ev)) {
		if (ev.kind == SP_EV_DEMAND_ACTIVE) {
			sp_client_default_caps(&caps, 1024, 768, 32);
			assert_int_equal(sp_client_confirm(c, &caps), SP_OK);
		} else if (ev.kind == SP_EV_UPDATE) {
			hash = stage_hash(hash, &ev);
		}
	}
	while ((b = sp_rdp_out(c)) != NULL) {
		sp_rcbuf_unref(b);
	}
	return hash;
}

/* All of it, in order: what a client makes of what it is said to have got. */
static uint64_t look(struct sp_rec_end *end, struct sp_rec_in *in, struct sp_span *keys)
{
	struct sp_rec_header h;
	struct sp_rec_frame f;
	struct sp_rdp *c = NULL;
	uint64_t hash = 0;
	struct sp_rd r;

	memset(count, 0, sizeof(count));
	memset(in, 0, sizeof(*in));
	sp_rd_init(&r, said, said_n);
	assert_true(next(&r, &f));
	assert_int_equal(f.kind, SP_REC_HEADER);
	assert_int_equal(sp_rec_header_read(f.data, &h), SP_OK);
	c = player(&h);
	assert_non_null(c);
	while (next(&r, &f)) {
		struct sp_rec_in one;

		assert_int_equal(count[SP_REC_END], f.kind == SP_REC_END);
		if (f.kind == SP_REC_OUT) {
			hash = play(c, f.data, hash);
		} else if (f.kind == SP_REC_RESIZE) {
			assert_int_equal(f.data.n, 4);
			assert_int_equal(f.data.p[0] | f.data.p[1] << 8, 1024);
			assert_int_equal(f.data.p[2] | f.data.p[3] << 8, 768);
			assert_int_equal(count[SP_REC_OUT], 0);
		} else if (f.kind == SP_REC_IN) {
			assert_int_equal(sp_rec_in_read(f.data, &one), SP_OK);
			in->how = one.how;
			in->keys += one.keys;
			in->mouse += one.mouse;
			*keys = one.pdu;
		} else if (f.kind == SP_REC_END) {
			assert_int_equal(sp_rec_end_read(f.data, end), SP_OK);
		}
	}
	assert_int_equal(count[SP_REC_HEADER], 1);
	assert_int_equal(count[SP_REC_RESIZE], 1);
	assert_int_equal(count[SP_REC_CONFIRM], 1);
	assert_int_equal(count[SP_REC_END], 1);
	sp_rdp_destroy(c);
	return hash;
}

static void type(struct session *s)
{
	struct sp_input_event v[] = {{.kind = SP_INPUT_SCANCODE, .code = 30},
			{.kind = SP_INPUT_SCANCODE, .key = SP_KEY_RELEASE, .code = 30},
			{.kind = SP_INPUT_MOUSE, .flags = 0x0800, .x = 7, .y = 9}};

	assert_int_equal(sp_client_input(sp_conn_rdp(s->client), v, 3), SP_OK);
}

/* The pictures that a player sees are those that the client saw; keys are not told. */
static void all_that_was_seen(void **state)
{
	struct session s = {0};
	struct sp_rec_end end;
	struct sp_rec_in in;
	struct sp_span keys;

	begin(&s, SP_RECORD_INPUT_TIMING, 1);
	type(&s);
	s.pour = true;
	stage_pour(&s);
	rest(&s, 150000, true);
	s.pour = false;
	rest(&s, 300000, true);
	assert_true(s.got > 1000000);
	assert_true(s.echoes > 0);
	uint64_t hash = s.hash;
	assert_int_equal(sp_client_end(sp_conn_rdp(s.client)), SP_OK);
	sp_conn_end(s.client);
	over(&s);
	assert_true(look(&end, &in, &keys) == hash);
	assert_int_equal(end.why, SP_WHY_BYE);
	assert_string_equal(end.text, "client disconnected");
	assert_int_equal(in.how, SP_REC_IN_TIMING);
	assert_int_equal(in.keys, 1);
	assert_int_equal(in.mouse, 1);
	stage_end(&s);
}

static void input_in_full_and_off(void **state)
{
	for (uint32_t how = SP_RECORD_INPUT_OFF; how <= SP_RECORD_INPUT_FULL; how += 2) {
		struct session s = {0};
		struct sp_rec_end end;
		struct sp_rec_in in;
		struct sp_span keys = {0};
		struct sp_input_event ev;
		struct sp_rd r;
		size_t n;

		begin(&s, how, 0);
		type(&s);
		rest(&s, 100000, true);
		assert_int_equal(sp_client_end(sp_conn_rdp(s.client)), SP_OK);
		sp_conn_end(s.client);
		over(&s);
		(void)look(&end, &in, &keys);
		if (how == SP_RECORD_INPUT_OFF) {
			assert_int_equal(in.how, SP_REC_IN_NONE);
		} else {
			assert_int_equal(in.how, SP_REC_IN_PDU);
			sp_rd_init(&r, keys.p, keys.n);
			assert_int_equal(sp_fp_input_read(&r, &n), SP_OK);
			assert_int_equal(n, 3);
			assert_int_equal(sp_fp_input_event_read(&r, &ev), SP_OK);
			assert_int_equal(ev.code, 30);
		}
		stage_end(&s);
	}
}

/* A recorder that does not read: the target waits, what the person does goes on, nothing is lost. */
static void slow_recorder(void **state)
{
	struct session s = {0};
	struct sp_rec_end end;
	struct sp_rec_in in;
	struct sp_span keys;

	begin(&s, SP_RECORD_INPUT_TIMING, 1);
	s.pour = true;
	stage_pour(&s);
	rest(&s, 500000, false);
	uint64_t got = s.got;
	rest(&s, 500000, false);
	assert_true(s.got == got);
	assert_true(got < 2000000);
	uint64_t inputs = s.inputs;
	type(&s);
	rest(&s, 200000, false);
	assert_int_equal(s.inputs - inputs, 3);
	s.pour = false;
	rest(&s, 400000, true);
	assert_true(s.got > got);
	uint64_t hash = s.hash;
	assert_int_equal(sp_client_end(sp_conn_rdp(s.client)), SP_OK);
	sp_conn_end(s.client);
	over(&s);
	assert_true(look(&end, &in, &keys) == hash);
	stage_end(&s);
}

static void no_recorder_any_more(void **state)
{
	struct session s = {0};

	begin(&s, SP_RECORD_INPUT_TIMING, 1);
	close(s.stream);
	s.stream = open("/dev/null", O_RDONLY);
	over(&s);
	assert_int_equal(s.last.why, SP_WHY_RECORD);
	assert_string_equal(s.last.text,
			"there may be used only when it is recorded, and the "
			"recording broke off");
	assert_int_equal(s.error_info, SP_ERRINFO_RPC_INITIATED_DISCONNECT);
	stage_end(&s);

	begin(&s, SP_RECORD_INPUT_TIMING, 0);
	close(s.stream);
	s.stream = -1;
	rest(&s, 100000, false);
	assert_false(s.bye);
	s.pour = true;
	stage_pour(&s);
	rest(&s, 200000, false);
	assert_true(s.got > 1000000);
	stage_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(all_that_was_seen),
			cmocka_unit_test(input_in_full_and_off),
			cmocka_unit_test(slow_recorder),
			cmocka_unit_test(no_recorder_any_more),
	};

	return cmocka_run_group_tests_name("tap", tests, open_stage, close_stage);
}
