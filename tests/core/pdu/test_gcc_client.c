/* tests/core/pdu/test_gcc_client.c - settings blocks of a client. */
#include "unit.h"

#include "core/base/mem.h"
#include "core/pdu/gcc_client.h"
#include "core/pdu/mcs.h"

#define CONNECT_INITIAL \
	"spec/MS-RDPBCGR-4.1.3-client-mcs-connect-initial-pdu-with-gcc-conference-create-re.hex"

static struct sp_gcc_client in, out, whole;

static int client(struct sp_span s, struct sp_gcc_client *c)
{
	struct sp_rd r;

	sp_rd_init(&r, s.p, s.n);
	return sp_gcc_client_read(&r, c);
}

/* The GCC part of the specification's connect initial. */
static struct sp_span vector(void)
{
	struct sp_span s = unit_vector(CONNECT_INITIAL);
	struct sp_mcs_initial i;
	struct sp_rd r;

	sp_rd_init(&r, s.p, s.n);
	assert_int_equal(sp_mcs_initial_read(&r, &i), SP_OK);
	return i.data;
}

static void test_vector(void **state)
{
	struct sp_span s = vector();
	struct sp_gcc_cs_core *c = &out.core;
	struct sp_wr w;

	assert_int_equal(client(s, &out), SP_OK);
	assert_int_equal(c->version, SP_GCC_VERSION_5);
	assert_int_equal(c->desktop_width, 1280);
	assert_int_equal(c->desktop_height, 1024);
	assert_int_equal(c->color_depth, SP_GCC_COLOR_8BPP);
	assert_int_equal(c->sas_sequence, SP_GCC_SAS_DEL);
	assert_int_equal(c->keyboard_layout, 0x409);
	assert_int_equal(c->client_build, 3790);
	assert_string_equal(c->client_name, "ELTONS-DEV2");
	assert_int_equal(c->keyboard_type, 4);
	assert_int_equal(c->keyboard_function_key, 12);
	assert_string_equal(c->ime_file_name, "");
	assert_int_equal(c->n_tail, SP_GCC_TAIL_SELECTED_PROTOCOL + 1);
	assert_int_equal(c->high_color_depth, 24);
	assert_int_equal(c->supported_color_depths, 7);
	assert_int_equal(c->early_capability_flags, SP_GCC_CS_ERRINFO);
	assert_string_equal(c->client_dig_product_id, "69712-783-0357974-42714");
	assert_int_equal(sp_gcc_client_bpp(c), 24);
	assert_true(out.has_cluster);
	assert_int_equal(out.cluster_flags,
			SP_GCC_REDIRECTION_SUPPORTED | SP_GCC_REDIRECTION_VERSION(4));
	assert_true(out.has_security);
	assert_int_equal(out.encryption_methods, 0x1B);
	assert_true(out.has_net);
	assert_int_equal(out.n_channels, 3);
	assert_string_equal(out.channel[0].name, "rdpdr");
	assert_int_equal(out.channel[0].options,
			SP_GCC_CHANNEL_INITIALIZED | SP_GCC_CHANNEL_COMPRESS_RDP);
	assert_string_equal(out.channel[1].name, "cliprdr");
	assert_string_equal(out.channel[2].name, "rdpsnd");
	assert_false(out.has_monitor || out.has_monitor_ex || out.has_msgchannel ||
			out.has_multitransport);

	sp_wr_init(&w, 4096);
	sp_gcc_client_write(&w, &out);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	unit_assert_span(sp_span(w.p, w.n), s);
	sp_wr_finish(&w);
}

/* Every block, each array full. */
static void fill(void)
{
	in = (struct sp_gcc_client){
			.core = {.version = SP_GCC_VERSION_10_12,
					.desktop_width = 1920,
					.desktop_height = 1080,
					.client_name = "jörg",
					.ime_file_name = "ime",
					.n_tail = SP_GCC_TAIL_ALL,
					.serial_number = 7,
					.client_dig_product_id = "1-2-3",
					.early_capability_flags = SP_GCC_CS_VALID_CONNECTION_TYPE |
							SP_GCC_CS_SKIP_CHANNELJOIN,
					.connection_type = SP_GCC_CONNECTION_AUTODETECT,
					.server_selected_protocol = 8,
					.desktop_physical_width = 600,
					.desktop_physical_height = 340,
					.desktop_orientation = 90,
					.desktop_scale_factor = 150,
					.device_scale_factor = 140},
			.has_security = true,
			.ext_encryption_methods = 3,
			.has_net = true,
			.n_channels = SP_GCC_MAX_CHANNELS,
			.has_cluster = true,
			.cluster_flags = SP_GCC_REDIRECTED_SESSION_VALID,
			.redirected_session_id = 12,
			.has_monitor = true,
			.n_monitors = SP_GCC_MAX_MONITORS,
			.has_monitor_ex = true,
			.has_msgchannel = true,
			.has_multitransport = true,
			.multitransport_flags = SP_GCC_UDP_FECR | SP_GCC_SOFTSYNC,
	};
	for (size_t i = 0; i < SP_GCC_MAX_CHANNELS; i++) {
		memcpy(in.channel[i].name, "chan-A", 7);
		in.channel[i].name[5] = (char)('A' + i);
		in.channel[i].options = SP_GCC_CHANNEL_PRI_LOW;
	}
	for (size_t i = 0; i < SP_GCC_MAX_MONITORS; i++) {
		int32_t x = (int32_t)i * 1920 - 3840;

		in.monitor[i] = (struct sp_gcc_monitor){x, -100, x + 1919, 979, i == 2};
		in.monitor_ex[i] = (struct sp_gcc_monitor_ex){600, 340, 0, 100 + (uint32_t)i, 100};
	}
	sp_gcc_client_set_bpp(&in.core, 32);
}

static void write_in(struct sp_wr *w)
{
	sp_wr_init(w, 1 << 16);
	sp_gcc_client_write(w, &in);
	assert_int_equal(sp_wr_ok(w), SP_OK);
}

static void test_everything(void **state)
{
	struct sp_wr w;

	fill();
	write_in(&w);
	assert_int_equal(client(sp_span(w.p, w.n), &out), SP_OK);
	assert_memory_equal(&out.core, &in.core, sizeof(in.core));
	assert_memory_equal(&out, &in, sizeof(in));
	assert_int_equal(sp_gcc_client_bpp(&out.core), 32);
	assert_true(w.n < SP_MCS_CONNECT_DATA_MAX);
	sp_wr_finish(&w);
}

static void cut(struct sp_span s, void *arg)
{
	assert_true(client(s, &out) < 0);
}

/* The same with the lengths around the blocks mended: a cut between blocks leaves sense. */
static void cut_mended(struct sp_span s, void *arg)
{
	uint8_t *p = (uint8_t *)(uintptr_t)s.p;
	int *good = arg;

	if (s.n < 23) {
		return;
	}
	p[21] = (uint8_t)(0x80 | (s.n - 23) >> 8);
	p[22] = (uint8_t)(s.n - 23);
	if (client(s, &out) == SP_OK) {
		(*good)++;
		assert_memory_equal(&out.core, &in.core, sizeof(in.core));
	}
}

static void test_cut(void **state)
{
	struct sp_wr w;
	int good = 0;

	unit_truncate(vector(), cut, NULL);
	fill();
	write_in(&w);
	unit_truncate(sp_span(w.p, w.n), cut, NULL);
	unit_truncate(sp_span(w.p, w.n), cut_mended, &good);
	/* behind core, cluster, security, net, monitor, msgchannel, multitransport */
	assert_int_equal(good, 7);
	sp_wr_finish(&w);
}

/* The core block with each number of optional fields, and with every size in between. */
static void test_core_tail(void **state)
{
	static const uint8_t size[SP_GCC_TAIL_ALL] = {2, 2, 4, 2, 2, 2, 64, 1, 1, 4, 4, 4, 2, 4, 4};
	size_t least = 0;

	for (uint8_t n = 0; n <= SP_GCC_TAIL_ALL; n++) {
		struct sp_wr w;

		fill();
		in.core.n_tail = n;
		in.has_security = in.has_net = in.has_cluster = in.has_monitor = false;
		in.has_monitor_ex = in.has_msgchannel = in.has_multitransport = false;
		write_in(&w);
		if (n == 0) {
			least = w.n;
		}
		assert_int_equal(client(sp_span(w.p, w.n), &out), SP_OK);
		assert_int_equal(out.core.n_tail, n);
		assert_int_equal(out.core.server_selected_protocol,
				n > SP_GCC_TAIL_SELECTED_PROTOCOL ? 8 : 0);
		assert_int_equal(out.core.device_scale_factor, n == SP_GCC_TAIL_ALL ? 140 : 0);
		sp_wr_finish(&w);
	}
	fill();
	in.has_security = in.has_net = in.has_cluster = in.has_monitor = false;
	in.has_monitor_ex = in.has_msgchannel = in.has_multitransport = false;
	struct sp_wr w;
	write_in(&w);
	size_t want = 0, edge = least;
	for (size_t n = least; n <= w.n; n++) {
		uint8_t *p = memcpy(sp_malloc(n), w.p, n);

		p[7] = (uint8_t)(0x80 | (n - 9) >> 8);
		p[8] = (uint8_t)(n - 9);
		p[21] = (uint8_t)(0x80 | (n - 23) >> 8);
		p[22] = (uint8_t)(n - 23);
		p[25] = (uint8_t)(n - 23);
		p[26] = (uint8_t)((n - 23) >> 8);
		while (want < SP_GCC_TAIL_ALL && edge + size[want] <= n) {
			edge += size[want++];
		}
		assert_int_equal(client(sp_span(p, n), &out), SP_OK);
		assert_int_equal(out.core.n_tail, want);
		sp_free(p);
	}
	assert_int_equal(want, SP_GCC_TAIL_ALL);
	sp_wr_finish(&w);
}

/* Blocks written by hand behind a core block. */
static int with_blocks(const char *hex)
{
	struct sp_span s = unit_hex(hex);
	struct sp_wr w;

	sp_wr_init(&w, 1 << 16);
	size_t mark = sp_gcc_request_begin(&w);
	size_t core = sp_gcc_block_begin(&w, SP_GCC_CS_CORE);
	sp_wr_zero(&w, 128);
	sp_gcc_block_end(&w, core);
	sp_wr_span(&w, s);
	sp_gcc_request_end(&w, mark);
	int rc = client(sp_span(w.p, w.n), &whole);
	sp_wr_finish(&w);
	return rc;
}

static void test_blocks(void **state)
{
	assert_int_equal(with_blocks(""), SP_OK);
	assert_false(whole.has_net); /* FreeRDP without channels */
	assert_int_equal(with_blocks("0d c0 06 00 11 22 09 c0 04 00 0c c0 06 00 00 00"), SP_OK);
	assert_int_equal(with_blocks("06 c0 08 00 00 00 00 00"), SP_OK);
	assert_true(whole.has_msgchannel);
	/* a field more than we know */
	assert_int_equal(with_blocks("0a c0 0a 00 01 00 00 00 ff ff"), SP_OK);
	assert_int_equal(whole.multitransport_flags, 1);
	/* extended attributes may come first */
	assert_int_equal(with_blocks("08 c0 10 00 00 00 00 00 14 00 00 00 00 00 00 00"
				     "05 c0 0c 00 00 00 00 00 00 00 00 00"),
			SP_OK);
	/* what stands behind the NUL is no part of the name */
	assert_int_equal(with_blocks("03 c0 14 00 01 00 00 00 61 62 00 63 64 65 66 67 00 00 00 80"),
			SP_OK);
	assert_memory_equal(whole.channel[0].name, "ab\0\0\0\0\0", 8);
}

static void test_blocks_bad(void **state)
{
	assert_int_equal(with_blocks("06 c0 08 00 00 00 00 00 06 c0 08 00 00 00 00 00"), SP_EFIELD);
	assert_int_equal(with_blocks("0a c0 08 00 00 00 00 00 0a c0 08 00 00 00 00 00"), SP_EFIELD);
	assert_int_equal(with_blocks("03 c0 08 00 00 00 00 00 03 c0 08 00 00 00 00 00"), SP_EFIELD);
	assert_int_equal(with_blocks("01 c0 04 00"), SP_EFIELD); /* a second core block */
	assert_int_equal(with_blocks("06 c0 06 00 00 00"), SP_ESHORT);
	assert_int_equal(with_blocks("04 c0 08 00 00 00 00 00"), SP_ESHORT);
	assert_int_equal(with_blocks("02 c0 08 00 00 00 00 00"), SP_ESHORT);
	assert_int_equal(with_blocks("03 c0 08 00 20 00 00 00"), SP_ELIMIT); /* 32 channels */
	assert_int_equal(with_blocks("03 c0 08 00 ff ff ff ff"), SP_ELIMIT);
	assert_int_equal(with_blocks("03 c0 08 00 01 00 00 00"), SP_ESHORT);
	assert_int_equal(with_blocks("03 c0 0c 00 00 00 00 00 00 00 00 00"), SP_ETRAIL);
	assert_int_equal(with_blocks("03 c0 14 00 01 00 00 00 61 62 63 64 65 66 67 68 00 00 00 80"),
			SP_EFIELD); /* a name without NUL */
	assert_int_equal(with_blocks("05 c0 0c 00 00 00 00 00 11 00 00 00"), SP_ELIMIT);
	assert_int_equal(with_blocks("05 c0 0c 00 00 00 00 00 01 00 00 00"), SP_ESHORT);
	/* attributes without monitors, of another number, of another size */
	assert_int_equal(with_blocks("08 c0 10 00 00 00 00 00 14 00 00 00 00 00 00 00"), SP_EFIELD);
	assert_int_equal(with_blocks("05 c0 0c 00 00 00 00 00 00 00 00 00"
				     "08 c0 10 00 00 00 00 00 14 00 00 00 01 00 00 00"),
			SP_EFIELD);
	assert_int_equal(with_blocks("05 c0 0c 00 00 00 00 00 00 00 00 00"
				     "08 c0 10 00 00 00 00 00 18 00 00 00 00 00 00 00"),
			SP_EFIELD);
}

static void test_no_core(void **state)
{
	assert_int_equal(client(unit_hex("00 05 00 14 7c 00 01 16 00 08 00 10 00 01 c0 00 44 75 63 "
					 "61 "
					 "08 06 c0 08 00 00 00 00 00"),
					 &out),
			SP_EFIELD);
}

static void test_monitor_bounds(void **state)
{
	static const struct sp_gcc_monitor bad[] = {
			{0, 0, -1, 10, 1},
			{0, 0, 10, -1, 1},
			{-32769, 0, 10, 10, 1},
			{0, -32769, 10, 10, 1},
			{0, 0, 32768, 10, 1},
			{0, 0, 10, INT32_MAX, 1},
			{INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX, 1},
	};

	for (size_t i = 0; i < SP_LEN(bad); i++) {
		struct sp_wr w;

		fill();
		in.monitor[3] = bad[i];
		write_in(&w);
		assert_int_equal(client(sp_span(w.p, w.n), &out), SP_EFIELD);
		sp_wr_finish(&w);
	}
}

static void test_names(void **state)
{
	struct sp_wr w;

	fill();
	memcpy(in.core.client_name, "a-name-of-more-than-fifteen", 28);
	write_in(&w);
	assert_int_equal(client(sp_span(w.p, w.n), &out), SP_OK);
	assert_string_equal(out.core.client_name, "a-name-of-more-");
	/* sixteen units without a NUL are read all the same */
	memset(w.p + 27 + 20, 'x', 32);
	assert_int_equal(client(sp_span(w.p, w.n), &out), SP_OK);
	assert_int_equal(strlen(out.core.client_name) % 3, 0);
	assert_true(strlen(out.core.client_name) < sizeof(out.core.client_name));
	sp_wr_finish(&w);
}

static void test_bpp(void **state)
{
	static const uint8_t depths[] = {8, 15, 16, 24, 32};
	struct sp_gcc_cs_core c = {0};

	for (size_t i = 0; i < SP_LEN(depths); i++) {
		sp_gcc_client_set_bpp(&c, depths[i]);
		assert_int_equal(sp_gcc_client_bpp(&c), depths[i]);
		assert_int_equal(c.n_tail, SP_GCC_TAIL_EARLY_FLAGS + 1);
	}
	c = (struct sp_gcc_cs_core){.color_depth = SP_GCC_COLOR_4BPP};
	assert_int_equal(sp_gcc_client_bpp(&c), 8);
	c.post_beta2_color_depth = SP_GCC_COLOR_16BPP_555;
	assert_int_equal(sp_gcc_client_bpp(&c), 15);
	c.post_beta2_color_depth = 99;
	c.color_depth = SP_GCC_COLOR_16BPP_565;
	assert_int_equal(sp_gcc_client_bpp(&c), 16);
	c.color_depth = SP_GCC_COLOR_24BPP;
	assert_int_equal(sp_gcc_client_bpp(&c), 24);
	c.high_color_depth = 4;
	assert_int_equal(sp_gcc_client_bpp(&c), 8);
	c = (struct sp_gcc_cs_core){0};
	assert_int_equal(sp_gcc_client_bpp(&c), 8);
}

static void test_write_refused(void **state)
{
	struct sp_wr w;

	fill();
	in.n_channels = SP_GCC_MAX_CHANNELS + 1;
	sp_wr_init(&w, 1 << 16);
	sp_gcc_client_write(&w, &in);
	assert_int_equal(sp_wr_ok(&w), SP_EARG);
	for (long n = 0; n < 5; n++) {
		sp_wr_finish(&w);
		sp_wr_init(&w, 1 << 16);
		fill();
		sp_mem_fail_after(n);
		sp_gcc_client_write(&w, &in);
		sp_mem_fail_after(-1);
		assert_true(sp_wr_ok(&w) == SP_ENOMEM || n > 2);
	}
	sp_wr_finish(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_vector),
			cmocka_unit_test(test_everything),
			cmocka_unit_test(test_cut),
			cmocka_unit_test(test_core_tail),
			cmocka_unit_test(test_blocks),
			cmocka_unit_test(test_blocks_bad),
			cmocka_unit_test(test_no_core),
			cmocka_unit_test(test_monitor_bounds),
			cmocka_unit_test(test_names),
			cmocka_unit_test(test_bpp),
			cmocka_unit_test(test_write_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
