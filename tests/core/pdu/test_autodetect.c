/* tests/core/pdu/test_autodetect.c - measurement, heartbeat and UDP offers. */
#include "unit.h"

#include <string.h>

#include "core/pdu/autodetect.h"
#include "core/pdu/multitransport.h"

static int parse(struct sp_span in, struct sp_autodetect *out)
{
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	int rc = sp_autodetect_read(&r, out);
	return rc == SP_OK ? sp_rd_end(&r) : rc;
}

static void cut(struct sp_span in, void *arg)
{
	struct sp_autodetect a;

	assert_int_equal(parse(in, &a), SP_ESHORT);
}

/* Every message as the spec's tables have it. */
static void test_all(void **state)
{
	static const struct {
		struct sp_autodetect msg;
		const char *wire;
	} all[] = {
			{{.type = SP_AD_RTT_REQUEST, .sequence = 1}, "06 00 0100 0100"},
			{{.type = SP_AD_RTT_REQUEST_CONNECT, .sequence = 2}, "06 00 0200 0110"},
			{{.type = SP_AD_BW_START, .sequence = 3}, "06 00 0300 1400"},
			{{.type = SP_AD_BW_START_LOSSY}, "06 00 0000 1401"},
			{{.type = SP_AD_BW_START_CONNECT}, "06 00 0000 1410"},
			{{.type = SP_AD_BW_PAYLOAD, .payload = {(const uint8_t *)"abc", 3}},
					"08 00 0000 0200 0300 616263"},
			{{.type = SP_AD_BW_STOP}, "06 00 0000 2904"},
			{{.type = SP_AD_BW_STOP_LOSSY}, "06 00 0000 2906"},
			{{.type = SP_AD_BW_STOP_CONNECT, .payload = {(const uint8_t *)"ab", 2}},
					"08 00 0000 2b00 0200 6162"},
			{{.type = SP_AD_NETCHAR_RTT, .base_rtt = 5, .average_rtt = 6},
					"0e 00 0000 4008 05000000 06000000"},
			{{.type = SP_AD_NETCHAR_BW, .bandwidth = 7, .average_rtt = 6},
					"0e 00 0000 8008 07000000 06000000"},
			{{.type = SP_AD_NETCHAR_ALL,
					 .base_rtt = 5,
					 .bandwidth = 7,
					 .average_rtt = 6},
					"12 00 0000 c008 05000000 07000000 06000000"},
			{{.response = true, .type = SP_AD_RTT_RESPONSE, .sequence = 9},
					"06 01 0900 0000"},
			{{.response = true,
					 .type = SP_AD_BW_RESULTS,
					 .time_delta = 10,
					 .byte_count = 11},
					"0e 01 0000 0b00 0a000000 0b000000"},
			{{.response = true, .type = SP_AD_BW_RESULTS_CONNECT, .time_delta = 10},
					"0e 01 0000 0300 0a000000 00000000"},
			{{.response = true,
					 .type = SP_AD_NETCHAR_SYNC,
					 .bandwidth = 7,
					 .average_rtt = 6},
					"0e 01 0000 1800 07000000 06000000"},
	};

	for (size_t i = 0; i < SP_LEN(all); i++) {
		struct sp_span want = unit_hex(all[i].wire);
		struct sp_autodetect a;
		uint8_t buf[64];
		struct sp_wr w;

		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_autodetect_write(&w, &all[i].msg);
		unit_assert_span(sp_span(buf, w.n), want);
		assert_int_equal(parse(want, &a), SP_OK);
		assert_int_equal(a.response, all[i].msg.response);
		assert_int_equal(a.type, all[i].msg.type);
		assert_int_equal(a.sequence, all[i].msg.sequence);
		assert_int_equal(a.base_rtt, all[i].msg.base_rtt);
		assert_int_equal(a.average_rtt, all[i].msg.average_rtt);
		assert_int_equal(a.bandwidth, all[i].msg.bandwidth);
		assert_int_equal(a.time_delta, all[i].msg.time_delta);
		assert_int_equal(a.byte_count, all[i].msg.byte_count);
		unit_assert_span(a.payload, all[i].msg.payload);
		unit_truncate(want, cut, NULL);
	}
}

static void test_bad(void **state)
{
	struct sp_autodetect a;

	assert_int_equal(parse(unit_hex("06 02 0100 0100"), &a), SP_EFIELD);
	assert_int_equal(parse(unit_hex("07 00 0100 0100"), &a), SP_EFIELD);
	assert_int_equal(parse(unit_hex("06 00 0100 0000"), &a), SP_EFIELD);
	assert_int_equal(parse(unit_hex("06 01 0100 0100"), &a), SP_EFIELD);
	assert_int_equal(parse(unit_hex("08 00 0100 0200 ffff 00"), &a), SP_ESHORT);
}

static void test_heartbeat(void **state)
{
	struct sp_autodetect_heartbeat in = {.period = 2, .warn = 3, .reconnect = 4}, out;
	uint8_t buf[8];
	struct sp_wr w;
	struct sp_rd r;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_autodetect_heartbeat_write(&w, &in);
	unit_assert_span(sp_span(buf, w.n), unit_hex("00 02 03 04"));
	for (size_t n = 0; n <= 4; n++) {
		sp_rd_init(&r, buf, n);
		assert_int_equal(sp_autodetect_heartbeat_read(&r, &out), n < 4 ? SP_ESHORT : SP_OK);
	}
	assert_int_equal(out.reconnect, 4);
}

static void test_multitransport(void **state)
{
	struct sp_multitransport_request req = {.id = 7,
							 .protocol = SP_MULTITRANSPORT_LOSSY,
							 .cookie = {1, 2, 3}},
					 req2;
	struct sp_multitransport_response rsp = {7, SP_MULTITRANSPORT_ABORT}, rsp2;
	uint8_t buf[32];
	struct sp_wr w;
	struct sp_rd r;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_multitransport_request_write(&w, &req);
	unit_assert_span(sp_span(buf, w.n),
			unit_hex("07000000 0200 0000 01020300 00000000 00000000 00000000"));
	for (size_t n = 0; n <= w.n; n++) {
		sp_rd_init(&r, buf, n);
		assert_int_equal(sp_multitransport_request_read(&r, &req2),
				n < w.n ? SP_ESHORT : SP_OK);
	}
	assert_int_equal(req2.protocol, SP_MULTITRANSPORT_LOSSY);
	assert_memory_equal(req2.cookie, req.cookie, 16);

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_multitransport_response_write(&w, &rsp);
	unit_assert_span(sp_span(buf, w.n), unit_hex("07000000 04400080"));
	for (size_t n = 0; n <= w.n; n++) {
		sp_rd_init(&r, buf, n);
		assert_int_equal(sp_multitransport_response_read(&r, &rsp2),
				n < w.n ? SP_ESHORT : SP_OK);
	}
	assert_int_equal(rsp2.result, SP_MULTITRANSPORT_ABORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_all),
			cmocka_unit_test(test_bad),
			cmocka_unit_test(test_heartbeat),
			cmocka_unit_test(test_multitransport),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
