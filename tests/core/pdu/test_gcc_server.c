/* tests/core/pdu/test_gcc_server.c - settings blocks of a server. */
#include "unit.h"

#include "core/pdu/gcc_server.h"
#include "core/pdu/mcs.h"

#define CONNECT_RESPONSE \
	"spec/MS-RDPBCGR-4.1.4-server-mcs-connect-response-pdu-with-gcc-conference-create-r.hex"

static struct sp_gcc_server out;

static int server(struct sp_span s)
{
	struct sp_rd r;

	sp_rd_init(&r, s.p, s.n);
	return sp_gcc_server_read(&r, &out);
}

static struct sp_span vector(void)
{
	struct sp_span s = unit_vector(CONNECT_RESPONSE);
	struct sp_mcs_response p;
	struct sp_rd r;

	sp_rd_init(&r, s.p, s.n);
	assert_int_equal(sp_mcs_response_read(&r, &p), SP_OK);
	return p.data;
}

static void test_vector(void **state)
{
	struct sp_span s = vector();
	struct sp_wr w;

	assert_int_equal(server(s), SP_OK);
	assert_int_equal(out.version, SP_GCC_VERSION_5);
	assert_true(out.has_requested_protocols);
	assert_int_equal(out.client_requested_protocols, 0);
	assert_false(out.has_early_capability_flags);
	assert_int_equal(out.io_channel, SP_MCS_IO_CHANNEL);
	assert_int_equal(out.n_channels, 3);
	assert_int_equal(out.channel[2], 1006);
	assert_true(out.has_security);
	assert_int_equal(out.encryption_method, 2);
	assert_int_equal(out.encryption_level, 2);
	assert_int_equal(out.server_random.n, 32);
	assert_int_equal(out.server_certificate.n, 184);
	assert_false(out.has_msgchannel || out.has_multitransport);

	sp_wr_init(&w, 4096);
	sp_gcc_server_write(&w, &out);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	unit_assert_span(sp_span(w.p, w.n), s);
	sp_wr_finish(&w);
}

static void test_round_trip(void **state)
{
	for (size_t n = 0; n <= SP_GCC_MAX_CHANNELS; n++) {
		struct sp_gcc_server in = {
				.version = SP_GCC_VERSION_10_12,
				.has_requested_protocols = true,
				.client_requested_protocols = 11,
				.has_early_capability_flags = true,
				.early_capability_flags = SP_GCC_SC_SKIP_CHANNELJOIN,
				.has_security = true,
				.io_channel = 1003,
				.n_channels = n,
				.has_msgchannel = n % 3 != 0,
				.msgchannel = n % 3 != 0 ? 1040 : 0,
				.has_multitransport = n % 4 != 0,
				.multitransport_flags = n % 4 != 0 ? SP_GCC_UDP_FECL : 0,
		};
		struct sp_wr w;

		for (size_t i = 0; i < n; i++) {
			in.channel[i] = (uint16_t)(1004 + i);
		}
		sp_wr_init(&w, 4096);
		sp_gcc_server_write(&w, &in);
		assert_int_equal(sp_wr_ok(&w), SP_OK);
		assert_int_equal(server(sp_span(w.p, w.n)), SP_OK);
		assert_memory_equal(&out.channel, &in.channel, sizeof(in.channel));
		assert_int_equal(out.n_channels, n);
		assert_int_equal(out.client_requested_protocols, 11);
		assert_int_equal(out.early_capability_flags, SP_GCC_SC_SKIP_CHANNELJOIN);
		assert_true(out.has_security);
		assert_int_equal(out.encryption_method | out.encryption_level, 0);
		assert_int_equal(out.has_msgchannel, in.has_msgchannel);
		assert_int_equal(out.msgchannel, in.msgchannel);
		assert_int_equal(out.has_multitransport, in.has_multitransport);
		assert_int_equal(out.multitransport_flags, in.multitransport_flags);
		sp_wr_finish(&w);
	}
}

static void cut(struct sp_span s, void *arg)
{
	assert_true(server(s) < 0);
}

static void test_cut(void **state)
{
	unit_truncate(vector(), cut, NULL);
}

/* The blocks as given, in the wrapping. */
static int with_blocks(const char *hex)
{
	struct sp_span s = unit_hex(hex);
	static uint8_t buf[4096];
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	size_t mark = sp_gcc_response_begin(&w);
	sp_wr_span(&w, s);
	sp_gcc_response_end(&w, mark);
	return server(sp_span(buf, w.n));
}

#define CORE "01 0c 08 00 04 00 08 00 "
#define NET "03 0c 08 00 eb 03 00 00 "

static void test_blocks(void **state)
{
	assert_int_equal(with_blocks(CORE NET), SP_OK);
	assert_false(out.has_requested_protocols || out.has_security);
	assert_int_equal(with_blocks(NET CORE "99 0c 05 00 01"), SP_OK);
	/* an odd number of channels without padding, and an even one with it */
	assert_int_equal(with_blocks(CORE "03 0c 0a 00 eb 03 01 00 ec 03"), SP_OK);
	assert_int_equal(with_blocks(CORE "03 0c 0a 00 eb 03 00 00 00 00"), SP_OK);
	/* no encryption, with the two lengths that should not be there */
	assert_int_equal(with_blocks(CORE NET
					 "02 0c 14 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "
					 "00"),
			SP_OK);
	/* a server core block of the future */
	assert_int_equal(with_blocks("01 0c 14 00 04 00 08 00 01 00 00 00 08 00 00 00 ff ff ff "
				     "ff" NET),
			SP_OK);
	assert_int_equal(out.early_capability_flags, 8);
}

static void test_blocks_bad(void **state)
{
	assert_int_equal(with_blocks(""), SP_EFIELD);
	assert_int_equal(with_blocks(CORE), SP_EFIELD);
	assert_int_equal(with_blocks(NET), SP_EFIELD);
	assert_int_equal(with_blocks(CORE CORE NET), SP_EFIELD);
	assert_int_equal(with_blocks(CORE NET NET), SP_EFIELD);
	assert_int_equal(with_blocks("01 0c 06 00 04 00" NET), SP_ESHORT);
	assert_int_equal(with_blocks(CORE "03 0c 08 00 eb 03 20 00"), SP_ELIMIT);
	assert_int_equal(with_blocks(CORE "03 0c 08 00 eb 03 01 00"), SP_ESHORT);
	assert_int_equal(with_blocks(CORE "03 0c 0c 00 eb 03 00 00 00 00 00 00"), SP_ETRAIL);
	assert_int_equal(with_blocks(CORE NET "04 0c 05 00 01"), SP_ESHORT);
	assert_int_equal(with_blocks(CORE NET "08 0c 06 00 01 00"), SP_ESHORT);
	assert_int_equal(with_blocks(CORE NET "02 0c 08 00 00 00 00 00"), SP_ESHORT);
	/* a method without random and certificate; with lengths beyond the block */
	assert_int_equal(with_blocks(CORE NET "02 0c 0c 00 01 00 00 00 01 00 00 00"), SP_ESHORT);
	assert_int_equal(with_blocks(CORE NET
					 "02 0c 14 00 01 00 00 00 01 00 00 00 ff ff ff ff ff ff ff "
					 "ff"),
			SP_ESHORT);
	assert_int_equal(with_blocks(CORE NET
					 "02 0c 15 00 01 00 00 00 01 00 00 00 00 00 00 00 00 00 00 "
					 "00 07"),
			SP_ETRAIL);
}

static void test_write_refused(void **state)
{
	struct sp_gcc_server in = {.n_channels = SP_GCC_MAX_CHANNELS + 1};
	struct sp_wr w;

	sp_wr_init(&w, 4096);
	sp_gcc_server_write(&w, &in);
	assert_int_equal(sp_wr_ok(&w), SP_EARG);
	sp_wr_finish(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_vector),
			cmocka_unit_test(test_round_trip),
			cmocka_unit_test(test_cut),
			cmocka_unit_test(test_blocks),
			cmocka_unit_test(test_blocks_bad),
			cmocka_unit_test(test_write_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
