/* tests/core/pdu/test_fastpath.c - fast-path PDUs of both directions, and their fragments. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/pdu/fastpath.h"

#define PEER "peer/ironrdp/pdu/ironrdp-pdu.basic_output.fast_path.tests/"

static int count(struct sp_span in, size_t *n)
{
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	return sp_fp_input_read(&r, n);
}

/* Reads a whole input PDU; the number of its events or an error. */
static int events(struct sp_span in, struct sp_input_event *ev)
{
	struct sp_rd r;
	size_t n;

	sp_rd_init(&r, in.p, in.n);
	int rc = sp_fp_input_read(&r, &n);
	for (size_t i = 0; rc == SP_OK && i < n; i++) {
		rc = sp_fp_input_event_read(&r, &ev[i]);
	}
	if (rc == SP_OK) {
		rc = sp_rd_end(&r);
	}
	return rc == SP_OK ? (int)n : rc;
}

static void test_input_vector(void **state)
{
	struct sp_input_event ev[SP_FP_MAX_EVENTS];
	size_t n;

	/* The spec's dump is encrypted; behind it the event it holds. */
	struct sp_span spec = unit_vector(
			"spec/MS-RDPBCGR-4.7-annotated-fast-path-input-event-pdu-1.hex");
	assert_int_equal(count(spec, &n), SP_EPROTO);
	struct sp_span plain = unit_vector(
			"spec/MS-RDPBCGR-4.7-annotated-fast-path-input-event-pdu-2.hex");
	struct sp_rd r;
	sp_rd_init(&r, plain.p, plain.n);
	assert_int_equal(sp_fp_input_event_read(&r, ev), SP_OK);
	assert_int_equal(sp_rd_end(&r), SP_OK);
	assert_int_equal(ev[0].kind, SP_INPUT_MOUSE);
	assert_int_equal(ev[0].flags, SP_MOUSE_MOVE);
	assert_int_equal(ev[0].x, 0x2AB);
	assert_int_equal(ev[0].y, 0x16F);

	struct sp_span peer = unit_vector("peer/ironrdp/pdu/ironrdp-testsuite-core.t.pdu.input/"
					  "fastpath_input_message.bin");
	assert_int_equal(events(peer, ev), 6);
	assert_int_equal(ev[0].flags, SP_MOUSE_DOWN | SP_MOUSE_BUTTON1);
	assert_int_equal(ev[5].y, 0x428);
}

static const struct sp_input_event samples[] = {
		{.kind = SP_INPUT_SCANCODE, .code = 0x1E},
		{.kind = SP_INPUT_SCANCODE, .code = 0x1D, .key = SP_KEY_RELEASE | SP_KEY_EXTENDED},
		{.kind = SP_INPUT_SCANCODE, .code = 0x1D, .key = SP_KEY_EXTENDED1},
		{.kind = SP_INPUT_UNICODE, .code = 0x20AC},
		{.kind = SP_INPUT_UNICODE, .code = 0xD83D, .key = SP_KEY_RELEASE},
		{.kind = SP_INPUT_MOUSE, .flags = SP_MOUSE_MOVE, .x = 65535, .y = 0},
		{.kind = SP_INPUT_MOUSEX,
				.flags = SP_MOUSE_DOWN | SP_MOUSEX_BUTTON2,
				.x = 3,
				.y = 4},
		{.kind = SP_INPUT_MOUSEREL, .flags = SP_MOUSE_MOVE, .x = -5, .y = 32767},
		{.kind = SP_INPUT_SYNC, .flags = SP_LOCK_NUM | SP_LOCK_CAPS},
		{.kind = SP_INPUT_QOE, .time_ms = 0xDEADBEEF},
};

static void test_input_round_trip(void **state)
{
	struct sp_input_event out[SP_FP_MAX_EVENTS], many[SP_FP_MAX_EVENTS];
	static uint8_t buf[4096];
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_fp_input_write(&w, samples, SP_LEN(samples));
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	assert_int_equal(events(sp_span(buf, w.n), out), SP_LEN(samples));
	for (size_t i = 0; i < SP_LEN(samples); i++) {
		assert_memory_equal(&out[i], &samples[i], sizeof(out[i]));
	}

	/* The count is in the header up to 15, then in a byte of its own. */
	static const size_t counts[] = {1, 15, 16, 255};
	for (size_t i = 0; i < SP_LEN(counts); i++) {
		for (size_t k = 0; k < counts[i]; k++) {
			many[k] = samples[0];
		}
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_fp_input_write(&w, many, counts[i]);
		assert_int_equal(events(sp_span(buf, w.n), out), counts[i]);
		assert_int_equal(w.n, 3 + (counts[i] > 15) + 2 * counts[i]);
	}
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_fp_input_write(&w, many, 0);
	assert_int_equal(sp_wr_ok(&w), SP_EARG);
	struct sp_input_event unused = {.kind = SP_INPUT_UNUSED};
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_fp_input_write(&w, &unused, 1);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	assert_int_equal(w.n, 0);
}

static void test_input_bad(void **state)
{
	struct sp_input_event ev[SP_FP_MAX_EVENTS];

	assert_int_equal(events(unit_hex("05 04 00 1e"), ev), SP_EFIELD); /* action 1 */
	assert_int_equal(events(unit_hex("04 05 00 1e"), ev), SP_ESHORT);
	assert_int_equal(events(unit_hex("04 03 00 1e"), ev), SP_ETRAIL);
	assert_int_equal(events(unit_hex("04 80 05 00 1e"), ev), 1); /* long form of a short one */
	assert_int_equal(events(unit_hex("04 03 e0"), ev), SP_EFIELD); /* code 7 */
	assert_int_equal(events(unit_hex("08 04 00 1e"), ev), SP_ESHORT);
	assert_int_equal(events(unit_hex("04 06 00 1e 00 1e"), ev), SP_ETRAIL);
	assert_int_equal(events(unit_hex("00 03 00"), ev), 0);
	assert_int_equal(events(unit_hex("00 02"), ev), SP_ESHORT);
	assert_int_equal(events(unit_hex("44 04 00 1e"), ev), 1); /* checksum bit alone */
	assert_int_equal(events(unit_hex("84 04 00 1e"), ev), SP_EPROTO);
}

static void cut_input(struct sp_span in, void *arg)
{
	struct sp_input_event ev[SP_FP_MAX_EVENTS];

	assert_int_equal(events(in, ev), SP_ESHORT);
}

static void test_input_truncate(void **state)
{
	uint8_t buf[256];
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_fp_input_write(&w, samples, SP_LEN(samples));
	unit_truncate(sp_span(buf, w.n), cut_input, NULL);

	/* Each event alone, cut by one byte, within a PDU that knows its length. */
	for (size_t i = 0; i < SP_LEN(samples); i++) {
		struct sp_input_event ev;
		struct sp_rd r;

		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_fp_input_write(&w, &samples[i], 1);
		sp_rd_init(&r, buf + 3, w.n - 3 - 1);
		assert_int_equal(sp_fp_input_event_read(&r, &ev), SP_ESHORT);
	}
}

static void cut_update(struct sp_span cut, void *arg)
{
	struct sp_fp_update u;
	struct sp_rd r;

	sp_rd_init(&r, cut.p, cut.n);
	assert_int_equal(sp_fp_update_read(&r, &u), SP_ESHORT);
}

static void test_output(void **state)
{
	uint8_t buf[64];
	struct sp_fp_update u;
	struct sp_wr w;
	struct sp_rd r;

	sp_wr_fixed(&w, buf, sizeof(buf));
	size_t pdu = sp_fp_output_begin(&w);
	size_t at = sp_fp_update_begin(&w, SP_FP_PTR_POSITION, SP_FP_SINGLE);
	sp_wr_le32(&w, 0x00020001);
	sp_fp_update_end(&w, at);
	at = sp_fp_update_begin(&w, SP_FP_SURFCMDS, SP_FP_FIRST);
	sp_fp_update_end(&w, at);
	sp_fp_output_end(&w, pdu);
	unit_assert_span(sp_span(buf, w.n), unit_hex("00 80 0d 08 04 00 01 00 02 00 24 00 00"));

	sp_rd_init(&r, buf, w.n);
	assert_int_equal(sp_fp_output_read(&r), SP_OK);
	assert_int_equal(sp_fp_update_read(&r, &u), SP_OK);
	assert_int_equal(u.code, SP_FP_PTR_POSITION);
	assert_int_equal(u.fragment, SP_FP_SINGLE);
	unit_assert_span(u.data, unit_hex("01 00 02 00"));
	assert_int_equal(sp_fp_update_read(&r, &u), SP_OK);
	assert_int_equal(u.code, SP_FP_SURFCMDS);
	assert_int_equal(u.fragment, SP_FP_FIRST);
	assert_int_equal(sp_rd_end(&r), SP_OK);

	struct sp_span in = unit_hex("8b 61 02 00 aa bb"); /* compressed pointer */
	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_fp_update_read(&r, &u), SP_OK);
	assert_true(u.has_compression);
	assert_int_equal(u.compression, 0x61);
	assert_int_equal(u.code, SP_FP_POINTER);
	unit_truncate(in, cut_update, NULL);
}

static void test_output_peer(void **state)
{
	struct sp_span in = unit_vector(PEER "fast_path_update_pdu_buffer.bin");
	struct sp_fp_update u;
	struct sp_rd r;

	/* 16 of its 19 bytes are the PDU. */
	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_fp_output_read(&r), SP_ETRAIL);
	sp_rd_init(&r, in.p, 16);
	assert_int_equal(sp_fp_output_read(&r), SP_OK);
	in = unit_vector(PEER "fast_path_palette_buffer.bin");
	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_fp_update_read(&r, &u), SP_OK);
	assert_int_equal(u.code, SP_FP_PALETTE);
	unit_assert_span(u.data, unit_vector(PEER "palette_payload.bin"));
	assert_int_equal(sp_rd_end(&r), SP_OK);
}

/* Cuts data.n bytes into PDUs and puts them together again. */
static void fragments(size_t n, size_t pdus)
{
	uint8_t *data = malloc(n + 1);
	struct sp_fp_update u, whole = {0};
	struct sp_fp_join join;
	struct sp_wr w;
	size_t seen = 0;
	int rc = 0;

	for (size_t i = 0; i < n; i++) {
		data[i] = (uint8_t)(i * 7);
	}
	sp_wr_init(&w, 1 << 20);
	sp_fp_update_write(&w, SP_FP_BITMAP, sp_span(data, n));
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	sp_fp_join_init(&join, n);
	for (size_t at = 0; at < w.n; seen++) {
		size_t len = (size_t)(w.p[at + 1] & 0x7F) << 8 | w.p[at + 2];
		struct sp_rd r;

		assert_true(len <= SP_FP_MAX);
		assert_int_equal(rc, 0);
		sp_rd_init(&r, w.p + at, len);
		assert_int_equal(sp_fp_output_read(&r), SP_OK);
		assert_int_equal(sp_fp_update_read(&r, &u), SP_OK);
		assert_int_equal(sp_rd_end(&r), SP_OK);
		rc = sp_fp_join_add(&join, &u, &whole);
		at += len;
	}
	assert_int_equal(rc, 1);
	assert_int_equal(seen, pdus);
	assert_int_equal(whole.code, SP_FP_BITMAP);
	unit_assert_span(whole.data, sp_span(data, n));
	sp_fp_join_finish(&join);
	sp_wr_finish(&w);
	free(data);
}

static void test_fragments(void **state)
{
	fragments(0, 1);
	fragments(1, 1);
	fragments(SP_FP_MAX_DATA, 1);
	fragments(SP_FP_MAX_DATA + 1, 2);
	fragments(2 * SP_FP_MAX_DATA, 2);
	fragments(100000, 7);
}

static void test_join_rules(void **state)
{
	struct sp_fp_update first = {
			.code = 1, .fragment = SP_FP_FIRST, .data = sp_span("abcd", 4)};
	struct sp_fp_update next = {.code = 1, .fragment = SP_FP_NEXT, .data = sp_span("ef", 2)};
	struct sp_fp_update last = {.code = 1, .fragment = SP_FP_LAST, .data = sp_span("gh", 2)};
	struct sp_fp_update single = {.code = 2, .data = sp_span("s", 1)};
	struct sp_fp_update whole;
	struct sp_fp_join j;

	sp_fp_join_init(&j, 8);
	assert_int_equal(sp_fp_join_add(&j, &next, &whole), SP_ESTATE);
	assert_int_equal(sp_fp_join_add(&j, &last, &whole), SP_ESTATE);
	assert_int_equal(sp_fp_join_add(&j, &single, &whole), 1);
	assert_int_equal(sp_fp_join_add(&j, &first, &whole), 0);
	assert_int_equal(sp_fp_join_add(&j, &first, &whole), SP_ESTATE);
	assert_int_equal(sp_fp_join_add(&j, &single, &whole), SP_ESTATE);
	next.code = 4;
	assert_int_equal(sp_fp_join_add(&j, &next, &whole), SP_ESTATE);
	next.code = 1;
	assert_int_equal(sp_fp_join_add(&j, &next, &whole), 0);
	assert_int_equal(sp_fp_join_add(&j, &last, &whole), 1);
	unit_assert_span(whole.data, sp_span("abcdefgh", 8));

	/* one byte beyond the maximum */
	assert_int_equal(sp_fp_join_add(&j, &first, &whole), 0);
	assert_int_equal(sp_fp_join_add(&j, &first, &whole), SP_ESTATE);
	next.data = sp_span("12345", 5);
	assert_int_equal(sp_fp_join_add(&j, &next, &whole), SP_ELIMIT);

	single.has_compression = true;
	single.compression = 0x21;
	assert_int_equal(sp_fp_join_add(&j, &single, &whole), SP_EPROTO);
	single.compression = 0x01; /* a type, but not used */
	assert_int_equal(sp_fp_join_add(&j, &single, &whole), 1);
	sp_fp_join_finish(&j);

	sp_fp_join_init(&j, 8);
	sp_mem_fail_after(0);
	assert_int_equal(sp_fp_join_add(&j, &first, &whole), SP_ENOMEM);
	sp_mem_fail_after(-1);
	sp_fp_join_finish(&j);
}

static void test_too_long(void **state)
{
	struct sp_wr w;

	sp_wr_init(&w, 1 << 20);
	size_t at = sp_fp_output_begin(&w);
	sp_wr_zero(&w, SP_FP_MAX - SP_FP_HEADER);
	sp_fp_output_end(&w, at);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	sp_wr_u8(&w, 0);
	sp_fp_output_end(&w, at);
	assert_int_equal(sp_wr_ok(&w), SP_ESPACE);
	sp_wr_finish(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_input_vector),
			cmocka_unit_test(test_input_round_trip),
			cmocka_unit_test(test_input_bad),
			cmocka_unit_test(test_input_truncate),
			cmocka_unit_test(test_output),
			cmocka_unit_test(test_output_peer),
			cmocka_unit_test(test_fragments),
			cmocka_unit_test(test_join_rules),
			cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
