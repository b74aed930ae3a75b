/* tests/scan/test_hello.c - hellos of all versions, and what servers say to them, cut and bent. */
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "host/io/tls.h"
#include "scan/ciphers.h"
#include "scan/hello.h"
#include "scan/probe_offer.h"
#include "tls_kit.h"
#include "unit.h"

static uint16_t ciphers[SP_HELLO_MAX_CIPHERS];

static struct sp_hello_offer offer(uint16_t version, enum sp_probe_offer what)
{
	struct sp_hello_offer o = {.version = version, .cipher = ciphers, .name = "example.com"};

	o.n_ciphers = sp_probe_offer(what, NULL, 0, ciphers);
	o.group = sp_probe_offer_groups(what, &o.n_groups);
	memset(o.random, 0x11, 32);
	memset(o.session, 0x22, 32);
	memset(o.share, 9, 32);
	return o;
}

static int feed_all(struct sp_hello_reader *r, const struct sp_hello_offer *o, struct sp_span in,
		size_t piece)
{
	int rc = 0;

	sp_hello_reader_init(r, o);
	for (size_t at = 0; rc == 0 && at < in.n; at += piece) {
		rc = sp_hello_feed(r, in.p + at, in.n - at < piece ? in.n - at : piece);
	}
	return rc;
}

static struct sp_rcbuf *answer_of(const struct sp_hello_offer *o, const char *kind, bool tls12_only)
{
	const struct kit_pair *pair = kit_pair(kind);
	struct sp_tls_server_conf conf = {.chain_pem = kit_span(pair->cert),
			.key_pem = kit_span(pair->key),
			.tls12_only = tls12_only};
	char why[SP_WHY_MAX];
	struct sp_tls_ctx *ctx = sp_tls_server_ctx(&conf, why);
	struct sp_tls *t = sp_tls_server(ctx);
	struct sp_wr w;

	assert_non_null(t);
	sp_wr_init(&w, 4096);
	sp_hello_write(&w, o);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	(void)!sp_tls_feed(t, w.p, w.n);
	struct sp_rcbuf *b = sp_tls_take(t);
	assert_non_null(b);
	sp_wr_finish(&w);
	sp_tls_destroy(t);
	sp_tls_ctx_destroy(ctx);
	return b;
}

/* A library that is strict takes what we write, and we read what it says. */
static void test_real(void **state)
{
	struct sp_hello_reader r;

	(void)state;
	struct sp_hello_offer o = offer(SP_HELLO_TLS13, SP_PROBE_OFFER_MODERN);
	struct sp_rcbuf *b = answer_of(&o, "EC", false);
	assert_int_equal(feed_all(&r, &o, kit_span(b), 1), 1);
	assert_int_equal(r.answer.kind, SP_HELLO_ACCEPTED);
	assert_int_equal(r.answer.version, SP_HELLO_TLS13);
	assert_int_equal(r.answer.group, 29);
	assert_int_equal(r.answer.cipher >> 8, 0x13);
	sp_hello_reader_finish(&r);
	sp_rcbuf_unref(b);

	o = offer(SP_HELLO_TLS12, SP_PROBE_OFFER_ANY);
	b = answer_of(&o, "RSA", false);
	for (size_t piece = 1; piece < 3000; piece += piece) {
		assert_int_equal(feed_all(&r, &o, kit_span(b), piece), 1);
		assert_int_equal(r.answer.kind, SP_HELLO_ACCEPTED);
		assert_int_equal(r.answer.version, SP_HELLO_TLS12);
		assert_in_range(r.answer.group, 23, 29);
		assert_int_equal(r.answer.n_certs, 1);
		assert_int_equal(sp_hello_cert(&r, 0).p[0], 0x30);
		sp_hello_reader_finish(&r);
	}
	sp_rcbuf_unref(b);

	/* Versions and suites that it does not have. */
	for (uint16_t v = SP_HELLO_SSL3; v < SP_HELLO_TLS12; v++) {
		o = offer(v, SP_PROBE_OFFER_ANY);
		b = answer_of(&o, "EC", false);
		assert_int_equal(feed_all(&r, &o, kit_span(b), 2), 1);
		assert_int_equal(r.answer.kind, SP_HELLO_ALERT);
		sp_hello_reader_finish(&r);
		sp_rcbuf_unref(b);
	}
	o = offer(SP_HELLO_TLS12, SP_PROBE_OFFER_WEAK);
	b = answer_of(&o, "EC", false);
	assert_int_equal(feed_all(&r, &o, kit_span(b), 2), 1);
	assert_int_equal(r.answer.kind, SP_HELLO_ALERT);
	assert_int_equal(r.answer.alert, 40);
	sp_hello_reader_finish(&r);
	sp_rcbuf_unref(b);
}

static void cut(struct sp_span in, void *arg)
{
	struct sp_hello_reader r;

	assert_int_equal(feed_all(&r, arg, in, in.n ? in.n : 1), 0);
	sp_hello_reader_finish(&r);
}

static void bend(struct sp_span good, const struct sp_hello_offer *o)
{
	uint32_t seed = 7;

	for (int i = 0; i < 3000; i++) {
		struct sp_hello_reader r;
		uint8_t *bad = unit_bent(good, good.n, &seed);

		(void)feed_all(&r, o, sp_span(bad, good.n), 64);
		for (size_t k = 0; k < r.answer.n_certs; k++) {
			struct sp_span s = sp_hello_cert(&r, k);
			assert_true(r.answer.cert[k].at + s.n <= r.flight.n);
		}
		sp_hello_reader_finish(&r);
		free(bad);
	}
}

static void test_cut_and_bent(void **state)
{
	(void)state;
	struct sp_hello_offer o = offer(SP_HELLO_TLS12, SP_PROBE_OFFER_ANY);
	struct sp_rcbuf *b = answer_of(&o, "EC", true);
	unit_truncate(kit_span(b), cut, &o);
	bend(kit_span(b), &o);
	sp_rcbuf_unref(b);
}

#define HELLO_0033 "02000026 0303 " R32 " 00 0033 00"
#define R32 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static int one(struct sp_hello_reader *r, uint16_t version, const char *hex)
{
	struct sp_hello_offer o = offer(version, SP_PROBE_OFFER_ANY);

	return feed_all(r, &o, unit_hex(hex), 3);
}

static void test_written(void **state)
{
	struct sp_hello_reader r;

	(void)state;
	/* DHE with a prime of 16 bits less one, without a certificate. */
	assert_int_equal(one(&r, SP_HELLO_TLS12,
					 "160303002a " HELLO_0033
					 "1603030011 0c00000d 0002 7fff 0001 "
					 "02 0002 0003 0000 1603030004 0e000000"),
			1);
	assert_int_equal(r.answer.dh_bits, 15);
	assert_int_equal(r.answer.cipher, 0x0033);
	sp_hello_reader_finish(&r);
	/* SSL 2 as it was, and a server that says no to it. */
	assert_int_equal(one(&r, SP_HELLO_SSL2,
					 "8012 04 00 01 0002 0002 0003 0002 3003 010080 abcd"),
			1);
	assert_int_equal(r.answer.kind, SP_HELLO_ACCEPTED);
	assert_int_equal(r.answer.n_certs, 1);
	unit_assert_span(sp_hello_cert(&r, 0), unit_hex("3003"));
	sp_hello_reader_finish(&r);
	assert_int_equal(one(&r, SP_HELLO_SSL2, "8003 00 0001"), 1);
	assert_int_equal(r.answer.kind, SP_HELLO_ALERT);
	sp_hello_reader_finish(&r);
	assert_int_equal(one(&r, SP_HELLO_SSL2, "1503010002 0228"), 1);
	assert_int_equal(r.answer.kind, SP_HELLO_ALERT);
	sp_hello_reader_finish(&r);
	/* A name that it does not know, and then an answer. */
	assert_int_equal(one(&r, SP_HELLO_TLS12,
					 "1503030002 0170 160303002a " HELLO_0033
					 "1603030004 0e000000"),
			1);
	sp_hello_reader_finish(&r);
	/* HelloRetryRequest of [RFC 8446] 4.1.4: P-256, please. */
	struct sp_hello_offer o = offer(SP_HELLO_TLS13, SP_PROBE_OFFER_MODERN);
	assert_int_equal(feed_all(&r, &o,
					 unit_hex("1603030038 02000034 0303 "
						  "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e"
						  "079e09e2c8a8339c 00 1301 00 000c 002b00020304 "
						  "003300020017"),
					 5),
			1);
	assert_int_equal(r.answer.kind, SP_HELLO_RETRY);
	assert_int_equal(r.answer.group, 23);
	sp_hello_reader_finish(&r);
}

static void test_refused(void **state)
{
	static const struct {
		const char *hex;
		int err;
	} rows[] = {
			{"485454502f312e31", SP_EPROTO}, /* HTTP */
			{"1602", SP_EPROTO},
			{"16030348 01", SP_ELIMIT}, /* a record too long */
			{"1603030000", SP_EFIELD},
			{"1503030003 020000", SP_EFIELD},
			{"1603030004 0e000000", SP_ESTATE}, /* no ServerHello */
			{"160303002a 02000026 0303 " R32 " 00 1234 00", SP_EFIELD}, /* cipher */
			{"160303002a 02000026 0304 " R32 " 00 0033 00", SP_EFIELD}, /* version */
			{"160303002a 02000026 0200 " R32 " 00 0033 00", SP_EFIELD},
			{"160303002a " HELLO_0033 "160303002a " HELLO_0033, SP_ESTATE},
			{"160303002a " HELLO_0033 "1603030004 0bffffff", SP_ELIMIT},
			{"160303002a " HELLO_0033 "160303000a 0b000006 000003 000009", SP_ESHORT},
			{"160303002a " HELLO_0033 "1603030007 0c000003 0009 01", SP_ESHORT},
			{"1503030002 0170 1503030002 0170 1503030002 0170 1503030002 0170 "
			 "1503030002 0170",
					SP_ELIMIT},
	};
	struct sp_hello_reader r;

	(void)state;
	for (size_t i = 0; i < SP_LEN(rows); i++) {
		int rc = one(&r, SP_HELLO_TLS12, rows[i].hex);
		if (rc != rows[i].err) {
			print_message("row %zu: %d, %s\n", i, rc, r.why);
		}
		assert_int_equal(rc, rows[i].err);
		sp_hello_reader_finish(&r);
	}
	assert_int_equal(one(&r, SP_HELLO_SSL2, "16030100"), SP_EPROTO);
	sp_hello_reader_finish(&r);
	assert_int_equal(one(&r, SP_HELLO_SSL2, "8005 04 00 01 0002"), SP_ESHORT);
	sp_hello_reader_finish(&r);
}

/* Endless handshakes end at a limit. */
static void test_endless(void **state)
{
	struct sp_hello_offer o = offer(SP_HELLO_TLS12, SP_PROBE_OFFER_ANY);
	struct sp_span first = unit_hex("160303002a " HELLO_0033);
	struct sp_span more = unit_hex("1603030008 0d000004 01020304");
	struct sp_hello_reader r;
	int rc, n = 0;

	(void)state;
	sp_hello_reader_init(&r, &o);
	rc = sp_hello_feed(&r, first.p, first.n);
	for (; rc == 0 && n < 100000; n++) {
		rc = sp_hello_feed(&r, more.p, more.n);
	}
	assert_int_equal(rc, SP_ELIMIT);
	assert_in_range(n, 1000, SP_HELLO_MAX_FLIGHT);
	sp_hello_reader_finish(&r);
}

static void test_memory(void **state)
{
	struct sp_hello_offer o = offer(SP_HELLO_TLS12, SP_PROBE_OFFER_ANY);
	struct sp_span in = unit_hex("160303002a " HELLO_0033 "1603030004 0e000000");
	struct sp_hello_reader r;
	int rc;

	(void)state;
	for (long i = 0; i < 3; i++) {
		sp_mem_fail_after(i);
		rc = feed_all(&r, &o, in, 7);
		sp_mem_fail_after(-1);
		assert_true(rc == SP_ENOMEM || rc == 1);
		sp_hello_reader_finish(&r);
	}
}

/* Every suite has a name, since its kind is read off it; and each group is what it says. */
static void test_offers(void **state)
{
	uint16_t out[SP_HELLO_MAX_CIPHERS], rest[SP_HELLO_MAX_CIPHERS];

	(void)state;
	for (enum sp_probe_offer k = SP_PROBE_OFFER_MODERN; k <= SP_PROBE_OFFER_CURVES; k++) {
		size_t n = sp_probe_offer(k, NULL, 0, out);

		assert_in_range(n, 1, SP_HELLO_MAX_CIPHERS);
		for (size_t i = 0; i < n; i++) {
			assert_non_null(sp_scan_cipher_name(out[i]));
			for (size_t j = 0; j < i; j++) {
				assert_int_not_equal(out[i], out[j]);
			}
		}
		assert_int_equal(sp_probe_offer(k, out, n, rest), 0);
		assert_int_equal(sp_probe_offer(k, out, n - 1, rest), 1);
	}
	assert_true(sp_probe_weak_group(19));
	assert_false(sp_probe_weak_group(23));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_real),
			cmocka_unit_test(test_cut_and_bent),
			cmocka_unit_test(test_written),
			cmocka_unit_test(test_refused),
			cmocka_unit_test(test_endless),
			cmocka_unit_test(test_memory),
			cmocka_unit_test(test_offers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
