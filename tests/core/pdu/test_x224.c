/* tests/core/pdu/test_x224.c - negotiation in connection request and confirm, data TPDU. */
#include "unit.h"

#include "core/pdu/x224.h"

static const char request_vector[] =
		"spec/MS-RDPBCGR-4.1.1-client-x-224-connection-request-pdu.hex";
static const char confirm_vector[] =
		"spec/MS-RDPBCGR-4.1.2-server-x-224-connection-confirm-pdu.hex";

static int request(struct sp_span s, struct sp_x224_request *out)
{
	struct sp_rd r;

	sp_rd_init(&r, s.p, s.n);
	return sp_x224_request_read(&r, out);
}

static int confirm(struct sp_span s, struct sp_x224_confirm *out)
{
	struct sp_rd r;

	sp_rd_init(&r, s.p, s.n);
	return sp_x224_confirm_read(&r, out);
}

static void test_request_vector(void **state)
{
	struct sp_span s = unit_vector(request_vector);
	struct sp_x224_request q;
	uint8_t buf[SP_X224_CONNECT_MAX];
	struct sp_wr w;

	assert_int_equal(request(s, &q), SP_OK);
	unit_assert_span(q.cookie, sp_span("eltons", 6));
	assert_int_equal(q.token.n, 0);
	assert_true(q.has_neg);
	assert_int_equal(q.protocols, SP_PROTO_RDP);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_x224_request_write(&w, &q);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	unit_assert_span(sp_span(buf, w.n), s);
}

static void cut_request(struct sp_span cut, void *arg)
{
	struct sp_x224_request q;
	uint8_t whole[SP_X224_CONNECT_MAX];

	assert_true(request(cut, &q) < 0);
	if (cut.n < 5) {
		return;
	}
	/* The same with lengths that agree with the cut: what is left may make sense, or not. */
	memcpy(whole, cut.p, cut.n);
	whole[2] = (uint8_t)(cut.n >> 8);
	whole[3] = (uint8_t)cut.n;
	whole[4] = (uint8_t)(cut.n - 5);
	if (request(sp_span(whole, cut.n), &q) == SP_OK) {
		assert_true(cut.n == 11 /* nothing */ || cut.n == 36 /* the cookie alone */);
	}
}

static void test_request_cut(void **state)
{
	unit_truncate(unit_vector(request_vector), cut_request, NULL);
}

static void test_request_plain(void **state)
{
	struct sp_x224_request q;

	assert_int_equal(request(unit_hex("03 00 00 0b 06 e0 00 00 00 00 00"), &q), SP_OK);
	assert_false(q.has_neg);
	assert_int_equal(q.protocols, SP_PROTO_RDP);
}

static void test_request_token_and_correlation(void **state)
{
	struct sp_x224_request q = {
			.token = sp_span("Cookie: msts=3640205228.15629.0000", 34),
			.has_neg = true,
			.flags = SP_X224_REQ_RESTRICTED_ADMIN,
			.protocols = SP_PROTO_SSL | SP_PROTO_HYBRID | SP_PROTO_HYBRID_EX | 0x8000,
			.has_correlation = true,
			.correlation_id = {1, 2, 3, 16},
	};
	struct sp_x224_request got;
	uint8_t buf[SP_X224_CONNECT_MAX];
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_x224_request_write(&w, &q);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	assert_int_equal(w.n, 11 + 36 + 8 + 36);
	assert_int_equal(request(sp_span(buf, w.n), &got), SP_OK);
	unit_assert_span(got.token, q.token);
	assert_int_equal(got.cookie.n, 0);
	assert_int_equal(got.flags, SP_X224_REQ_RESTRICTED_ADMIN | SP_X224_REQ_CORRELATION);
	assert_int_equal(got.protocols, q.protocols);
	assert_true(got.has_correlation);
	assert_memory_equal(got.correlation_id, q.correlation_id, 16);
}

static void test_request_bad(void **state)
{
	static const struct {
		const char *hex;
		int err;
	} bad[] = {
			{"03 00 00 0b 05 e0 00 00 00 00 00", SP_EFIELD}, /* indicator */
			{"03 00 00 0b 07 e0 00 00 00 00 00", SP_EFIELD},
			{"03 00 00 0b 06 d0 00 00 00 00 00", SP_EFIELD}, /* a confirm */
			{"03 00 00 0b 06 e0 00 00 00 00 20", SP_EFIELD}, /* class 2 */
			{"03 00 00 0a 05 e0 00 00 00 00", SP_ESHORT},
			{"03 00 00 12 0d e0 00 00 00 00 00 01 00 08 00 03 00 00", SP_ESHORT},
			{"03 00 00 13 0e e0 00 00 00 00 00 01 00 09 00 03 00 00 00", SP_EFIELD},
			{"03 00 00 13 0e e0 00 00 00 00 00 02 00 08 00 03 00 00 00", SP_EFIELD},
			{"03 00 00 14 0f e0 00 00 00 00 00 01 00 08 00 03 00 00 00 00", SP_ETRAIL},
			/* correlation promised, not there */
			{"03 00 00 13 0e e0 00 00 00 00 00 01 08 08 00 03 00 00 00", SP_ESHORT},
			/* a cookie without an end, and with half of one */
			{"03 00 00 0d 08 e0 00 00 00 00 00 43 43", SP_EFIELD},
			{"03 00 00 0d 08 e0 00 00 00 00 00 43 0d", SP_EFIELD},
	};

	for (size_t i = 0; i < SP_LEN(bad); i++) {
		struct sp_x224_request q;

		assert_int_equal(request(unit_hex(bad[i].hex), &q), bad[i].err);
	}
}

static void test_request_length_255(void **state)
{
	uint8_t buf[260] = {3, 0, 1, 4, 255, 0xE0};
	struct sp_x224_request q;

	memset(buf + 11, 'a', sizeof(buf) - 11);
	buf[258] = '\r';
	buf[259] = '\n';
	assert_int_equal(request(sp_span(buf, 260), &q), SP_EFIELD); /* 255 is reserved */
	buf[3] = 3;
	buf[4] = 254;
	buf[257] = '\r';
	buf[258] = '\n';
	assert_int_equal(request(sp_span(buf, 259), &q), SP_OK);
	assert_int_equal(q.token.n, 259 - 11 - 2);
}

static void test_request_write_refused(void **state)
{
	static char name[300];
	struct sp_wr w;
	struct sp_x224_request q = {.cookie = sp_span("a\r\nb", 4)};

	memset(name, 'a', sizeof(name));
	sp_wr_init(&w, 1000);
	sp_x224_request_write(&w, &q);
	assert_int_equal(sp_wr_ok(&w), SP_EARG);
	sp_wr_reset(&w);
	q = (struct sp_x224_request){.cookie = sp_span("a", 1), .token = sp_span("b", 1)};
	sp_x224_request_write(&w, &q);
	assert_int_equal(sp_wr_ok(&w), SP_EARG);
	sp_wr_reset(&w);
	q = (struct sp_x224_request){.cookie = sp_span(name, sizeof(name))};
	sp_x224_request_write(&w, &q);
	assert_int_equal(sp_wr_ok(&w), SP_EARG);
	sp_wr_finish(&w);
}

static void test_confirm_vector(void **state)
{
	struct sp_span s = unit_vector(confirm_vector);
	struct sp_x224_confirm c;
	uint8_t buf[32];
	struct sp_wr w;

	assert_int_equal(confirm(s, &c), SP_OK);
	assert_int_equal(c.kind, SP_X224_CONFIRM_RESPONSE);
	assert_int_equal(c.selected, SP_PROTO_RDP);
	assert_int_equal(c.flags, 0);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_x224_confirm_write(&w, &c);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	unit_assert_span(sp_span(buf, w.n), s);
}

static void cut_confirm(struct sp_span cut, void *arg)
{
	struct sp_x224_confirm c;

	assert_true(confirm(cut, &c) < 0);
}

static void test_confirm_cut(void **state)
{
	unit_truncate(unit_vector(confirm_vector), cut_confirm, NULL);
}

static void test_confirm_kinds(void **state)
{
	static const struct sp_x224_confirm in[] = {
			{.kind = SP_X224_CONFIRM_PLAIN},
			{.kind = SP_X224_CONFIRM_RESPONSE,
					.flags = SP_X224_RSP_EXTENDED_CLIENT_DATA |
							SP_X224_RSP_DYNVC_GFX,
					.selected = SP_PROTO_HYBRID_EX},
			{.kind = SP_X224_CONFIRM_RESPONSE, .selected = SP_PROTO_RDSAAD},
			{.kind = SP_X224_CONFIRM_FAILURE, .failure = SP_X224_HYBRID_REQUIRED},
			{.kind = SP_X224_CONFIRM_FAILURE, .failure = 99},
	};

	for (size_t i = 0; i < SP_LEN(in); i++) {
		struct sp_x224_confirm out;
		uint8_t buf[32];
		struct sp_wr w;

		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_x224_confirm_write(&w, &in[i]);
		assert_int_equal(sp_wr_ok(&w), SP_OK);
		assert_int_equal(confirm(sp_span(buf, w.n), &out), SP_OK);
		assert_int_equal(out.kind, in[i].kind);
		assert_int_equal(out.flags, in[i].flags);
		assert_int_equal(out.selected, in[i].selected);
		assert_int_equal(out.failure, in[i].failure);
	}
}

static void test_confirm_bad(void **state)
{
	static const char *const bad[] = {
			"03 00 00 13 0e e0 00 00 12 34 00 02 00 08 00 02 00 00 00", /* a request */
			"03 00 00 13 0e d0 00 00 12 34 00 02 00 08 00 03 00 00 00", /* a set */
			"03 00 00 13 0e d0 00 00 12 34 00 02 00 08 00 20 00 00 00", /* unknown */
			"03 00 00 13 0e d0 00 00 12 34 00 02 00 08 00 00 00 00 80",
			"03 00 00 13 0e d0 00 00 12 34 00 01 00 08 00 01 00 00 00", /* type */
			"03 00 00 13 0e d0 00 00 12 34 00 03 00 07 00 01 00 00 00", /* length */
			"03 00 00 14 0f d0 00 00 12 34 00 03 00 08 00 01 00 00 00 00", /* more */
	};

	for (size_t i = 0; i < SP_LEN(bad); i++) {
		struct sp_x224_confirm c;

		assert_true(confirm(unit_hex(bad[i]), &c) < 0);
	}
}

static void test_texts(void **state)
{
	assert_string_equal(sp_x224_failure_text(5), "the server requires CredSSP");
	assert_string_equal(sp_x224_failure_text(0), "unknown failure code");
	assert_string_equal(sp_x224_failure_text(7), "unknown failure code");
	assert_string_equal(sp_x224_protocol_name(SP_PROTO_HYBRID_EX), "hybrid-ex");
	assert_string_equal(sp_x224_protocol_name(3), "unknown");
}

static void test_data(void **state)
{
	uint8_t buf[16];
	struct sp_wr w;
	struct sp_rd r;

	sp_wr_fixed(&w, buf, sizeof(buf));
	size_t mark = sp_x224_data_begin(&w);
	assert_int_equal(w.n, SP_X224_DATA_HEADER);
	sp_wr_u8(&w, 0x28);
	sp_x224_data_end(&w, mark);
	unit_assert_span(sp_span(buf, w.n), unit_hex("03 00 00 08 02 f0 80 28"));
	sp_rd_init(&r, buf, w.n);
	assert_int_equal(sp_x224_data_read(&r), SP_OK);
	assert_int_equal(sp_rd_left(&r), 1);
}

static void test_data_bad(void **state)
{
	static const char *const bad[] = {
			"03 00 00 08 03 f0 80 28",
			"03 00 00 08 02 e0 80 28",
			"03 00 00 08 02 f0 00 28",
			"03 00 00 06 02 f0",
			"03 00 00 09 02 f0 80 28",
	};

	for (size_t i = 0; i < SP_LEN(bad); i++) {
		struct sp_span s = unit_hex(bad[i]);
		struct sp_rd r;

		sp_rd_init(&r, s.p, s.n);
		assert_true(sp_x224_data_read(&r) < 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_request_vector),
			cmocka_unit_test(test_request_cut),
			cmocka_unit_test(test_request_plain),
			cmocka_unit_test(test_request_token_and_correlation),
			cmocka_unit_test(test_request_bad),
			cmocka_unit_test(test_request_length_255),
			cmocka_unit_test(test_request_write_refused),
			cmocka_unit_test(test_confirm_vector),
			cmocka_unit_test(test_confirm_cut),
			cmocka_unit_test(test_confirm_kinds),
			cmocka_unit_test(test_confirm_bad),
			cmocka_unit_test(test_texts),
			cmocka_unit_test(test_data),
			cmocka_unit_test(test_data_bad),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
