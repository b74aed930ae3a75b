/* tests/core/pdu/test_info.c - Client Info, as sent in full, cut short, and by liars. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "core/pdu/info.h"

#define SPEC "spec/MS-RDPBCGR-4.1.10-client-info-pdu-2.hex"
#define PEER "peer/ironrdp/pdu/ironrdp-testsuite-core.client_info/"

static struct sp_info info;

/* to was zeroed and has room. */
static void put(char *to, const char *text)
{
	memcpy(to, text, strlen(text));
}

static int parse(struct sp_span in)
{
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	return sp_info_read(&r, &info);
}

static struct sp_span write_back(void)
{
	static uint8_t buf[16384];
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_info_write(&w, &info);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	return sp_span(buf, w.n);
}

static void test_spec(void **state)
{
	struct sp_span in = unit_vector(SPEC);

	assert_int_equal(parse(in), SP_OK);
	assert_int_equal(info.code_page, 0x04090409);
	assert_int_equal(info.flags, 0x43B3);
	assert_string_equal(info.domain, "NTDEV");
	assert_string_equal(info.user, "eltons");
	assert_int_equal(info.password.n, 0);
	assert_string_equal(info.shell, "");
	assert_string_equal(info.dir, "");
	assert_int_equal(info.family, SP_INFO_AF_INET);
	assert_string_equal(info.address, "157.59.242.156");
	assert_string_equal(info.client_dir,
			"C:\\depots\\w2k3_1\\termsrv\\newclient\\lib\\win32\\obj\\i386\\mstscax."
			"dll");
	assert_int_equal(info.zone.bias, 480);
	assert_string_equal(info.zone.standard_name, "Pacific Standard Time");
	assert_int_equal(info.zone.standard_date.month, 10);
	assert_int_equal(info.zone.standard_date.hour, 2);
	assert_string_equal(info.zone.daylight_name, "Pacific Daylight Time");
	assert_int_equal(info.zone.daylight_date.month, 4);
	assert_int_equal(info.zone.daylight_bias, -60);
	assert_int_equal(info.perf, SP_PERF_DISABLE_WALLPAPER);
	assert_int_equal(info.tail, SP_INFO_TAIL_ARC);
	assert_false(info.has_arc);
	unit_assert_span(write_back(), in);
}

static void test_peer(void **state)
{
	struct sp_span in = unit_vector(PEER "client_info_buffer_unicode.bin");

	assert_int_equal(parse(in), SP_OK);
	assert_string_equal(info.domain, "NTDEV");
	unit_assert_span(write_back(), in);

	/* ANSI reads the same, and is written as Unicode. */
	static struct sp_info unicode;
	unicode = info;
	assert_int_equal(parse(unit_vector(PEER "client_info_buffer_ansi.bin")), SP_OK);
	assert_int_equal(info.flags & SP_INFO_UNICODE, 0);
	assert_string_equal(info.user, unicode.user);
	assert_string_equal(info.address, unicode.address);
	assert_string_equal(info.client_dir, unicode.client_dir);
	assert_int_equal(info.tail, unicode.tail);
	write_back();
}

/* The tail fields all at once, and each shorter form of them. */
static void test_tails(void **state)
{
	static struct sp_info full;

	memset(&full, 0, sizeof(full));
	full.flags = SP_INFO_UNICODE | SP_INFO_MOUSE;
	put(full.user, "zo\xC3\xAB\xF0\x9F\x9A\xAA");
	put(full.domain, "corp");
	assert_true(sp_secret_set(&full.password, "p\0w\0", 4));
	put(full.shell, "x");
	put(full.dir, "c:\\");
	full.family = SP_INFO_AF_INET6;
	put(full.address, "2001:db8::1");
	put(full.client_dir, "C:\\Windows");
	full.zone.bias = -60;
	put(full.zone.standard_name, "Mitteleurop\xC3\xA4ische Zeit");
	full.session_id = 7;
	full.perf = SP_PERF_ENABLE_FONT_SMOOTHING;
	full.has_arc = true;
	full.arc.logon_id = 3;
	memset(full.arc.verifier, 0xA5, sizeof(full.arc.verifier));
	put(full.dst_key, "W. Europe Standard Time");
	full.dst_disabled = true;
	for (int tail = SP_INFO_TAIL_NONE; tail <= SP_INFO_TAIL_DST; tail++) {
		info = full;
		info.tail = (enum sp_info_tail)tail;
		struct sp_span out = write_back();
		assert_int_equal(parse(out), SP_OK);
		assert_int_equal(info.tail, tail);
		assert_string_equal(info.user, full.user);
		assert_int_equal(info.password.n, 4);
		assert_string_equal(
				info.address, tail >= SP_INFO_TAIL_ADDRESS ? "2001:db8::1" : "");
		assert_string_equal(info.zone.standard_name,
				tail >= SP_INFO_TAIL_ZONE ? full.zone.standard_name : "");
		assert_int_equal(info.perf, tail >= SP_INFO_TAIL_PERF ? full.perf : 0);
		assert_int_equal(info.has_arc, tail >= SP_INFO_TAIL_ARC);
		assert_string_equal(info.dst_key, tail >= SP_INFO_TAIL_DST ? full.dst_key : "");
	}
	assert_int_equal(info.arc.logon_id, 3);
	assert_true(info.dst_disabled);
}

/* lengths are the five counts; text fills what they promise with 'A'. */
static struct sp_span made(uint32_t flags, const uint16_t lengths[5], size_t text)
{
	static uint8_t buf[1 << 19];
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_wr_le32(&w, 0);
	sp_wr_le32(&w, flags);
	for (size_t i = 0; i < 5; i++) {
		sp_wr_le16(&w, lengths[i]);
	}
	for (size_t i = 0; i < text; i++) {
		sp_wr_u8(&w, flags & SP_INFO_UNICODE && i % 2 ? 0 : 'A');
	}
	return sp_span(buf, w.n);
}

static void test_lengths(void **state)
{
	static const uint16_t bytes[] = {0, 2, 510, 512};

	for (size_t field = 0; field < 5; field++) {
		for (size_t i = 0; i < SP_LEN(bytes); i++) {
			uint16_t n[5] = {0};

			n[field] = bytes[i];
			assert_int_equal(parse(made(SP_INFO_UNICODE, n, bytes[i] + 10u)), SP_OK);
			/* one byte short of the last terminator */
			assert_int_equal(parse(made(SP_INFO_UNICODE, n, bytes[i] + 9u)), SP_ESHORT);
		}
		static const uint16_t beyond[] = {514, 1024, 0xFFFE};
		for (size_t i = 0; i < SP_LEN(beyond); i++) {
			uint16_t n[5] = {0};

			n[field] = beyond[i];
			assert_int_equal(parse(made(SP_INFO_UNICODE, n, 80000)), SP_ELIMIT);
		}
		uint16_t odd[5] = {0};
		odd[field] = 5;
		assert_int_equal(parse(made(SP_INFO_UNICODE, odd, 100)), SP_EFIELD);
		odd[field] = 257;
		assert_int_equal(parse(made(0, odd, 80000)), SP_ELIMIT);
		odd[field] = 256;
		assert_int_equal(parse(made(0, odd, 256 + 5)), SP_OK);
	}
	assert_int_equal(strlen(info.dir), 256);
}

static void test_worst_text(void **state)
{
	static uint8_t buf[2048];
	struct sp_wr w;

	/* Three bytes of UTF-8 for each unit, and units that are half a character. */
	for (int lone = 0; lone < 2; lone++) {
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_wr_le32(&w, 0);
		sp_wr_le32(&w, SP_INFO_UNICODE);
		sp_wr_le16(&w, 512);
		sp_wr_zero(&w, 8);
		for (size_t i = 0; i < 256; i++) {
			sp_wr_le16(&w, lone ? 0xD800 : 0x20AC);
		}
		sp_wr_zero(&w, 10);
		assert_int_equal(parse(sp_span(buf, w.n)), SP_OK);
		assert_int_equal(strlen(info.domain), 768);
	}
}

static void test_nul_inside(void **state)
{
	assert_int_equal(
			parse(unit_hex("00000000 10000000 0600 0000 0600 0000 0000"
				       "4100 0000 4200 0000  0000  7000 0000 7100 0000 0000 0000")),
			SP_OK);
	assert_string_equal(info.domain, "A");
	assert_int_equal(info.password.n, 6); /* a password is taken as it is */
}

static void test_bad_tail(void **state)
{
	struct sp_span spec = unit_vector(SPEC);
	uint8_t *copy = malloc(spec.n + 300);

	memcpy(copy, spec.p, spec.n);
	memset(copy + spec.n, 0, 300);
	copy[0x34] = 98; /* cbClientAddress */
	assert_int_equal(parse(sp_span(copy, spec.n)), SP_ELIMIT);
	copy[0x34] = 0x1e;
	copy[spec.n - 2] = 27; /* cbAutoReconnectCookie */
	assert_int_equal(parse(sp_span(copy, spec.n + 300)), SP_EFIELD);
	copy[spec.n - 2] = 28; /* a cookie of another version is none */
	assert_int_equal(parse(sp_span(copy, spec.n + 28)), SP_OK);
	assert_false(info.has_arc);
	copy[spec.n - 2] = 0;
	copy[spec.n + 4] = 255; /* cbDynamicDSTTimeZoneKeyName */
	assert_int_equal(parse(sp_span(copy, spec.n + 300)), SP_ELIMIT);
	free(copy);
}

static void cut(struct sp_span in, void *arg)
{
	int rc = parse(in);

	/* Whole tail fields may be missing, anything else may not. */
	if (rc == SP_OK) {
		assert_true(in.n == 0x32 || in.n >= 0xDA);
	} else {
		assert_int_equal(rc, SP_ESHORT);
		assert_int_equal(info.password.n, 0);
		for (size_t i = 0; i < sizeof(info.password.p); i++) {
			assert_int_equal(info.password.p[i], 0);
		}
	}
}

static void test_truncate(void **state)
{
	unit_truncate(unit_vector(SPEC), cut, NULL);
}

static void test_write_limits(void **state)
{
	static uint8_t buf[16384];
	struct sp_wr w;

	memset(&info, 0, sizeof(info));
	memset(info.user, 'u', 256);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_info_write(&w, &info);
	assert_int_equal(sp_wr_ok(&w), SP_EARG);

	memset(&info, 0, sizeof(info));
	info.tail = SP_INFO_TAIL_ADDRESS;
	memset(info.address, '1', 40);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_info_write(&w, &info);
	assert_int_equal(sp_wr_ok(&w), SP_EARG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_spec),
			cmocka_unit_test(test_peer),
			cmocka_unit_test(test_tails),
			cmocka_unit_test(test_lengths),
			cmocka_unit_test(test_worst_text),
			cmocka_unit_test(test_nul_inside),
			cmocka_unit_test(test_bad_tail),
			cmocka_unit_test(test_truncate),
			cmocka_unit_test(test_write_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
