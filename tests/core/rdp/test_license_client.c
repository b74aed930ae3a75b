/* tests/core/rdp/test_license_client.c - the full licence exchange with a server of the test's own. */
#include "pair.h"

#include "core/base/mem.h"
#include "core/pdu/mcs.h"
#include "core/pdu/sec.h"
#include "core/rdp/license_client.h"
#include "host/lib/crypto_nettle.h"
#include "host/lib/rsa.h"

#define VECTORS "peer/ironrdp/pdu/ironrdp-pdu.rdp.server_license.client_new_license_request.tests/"
#define CERT "spec/MS-RDPELE-4.1-server-license-request-server-license-request.hex"

static const struct sp_license_who who = {.user = "j\xc3\xb6rg", .machine = "HOST"};
static uint8_t secret[SP_LICENSE_PREMASTER];

/* The server has no private key here, so it looks over the client's shoulder. */
static int rsa_seen(struct sp_span modulus, uint32_t exponent, struct sp_span in, uint8_t *out)
{
	assert_int_equal(in.n, sizeof(secret));
	memcpy(secret, in.p, sizeof(secret));
	return sp_crypto_rsa()->rsa_public(modulus, exponent, in, out);
}

static int random_none(void *out, size_t n)
{
	return SP_ESYS;
}

struct exchange {
	struct sp_crypto crypto;
	struct sp_license_client client;
	struct sp_license in, out;
	struct sp_wr reply;
	struct sp_license_keys keys; /* of the server */
	uint8_t server_random[SP_LICENSE_RANDOM];
};

static struct exchange x;

static int step(void)
{
	struct sp_rd r;

	sp_wr_reset(&x.reply);
	int rc = sp_license_client_step(&x.client, &x.in, &who, &x.reply);
	assert_int_equal(sp_wr_ok(&x.reply), SP_OK);
	memset(&x.out, 0, sizeof(x.out));
	if (x.reply.n > 0) {
		sp_rd_init(&r, x.reply.p, x.reply.n);
		assert_int_equal(sp_license_read(&r, &x.out), SP_OK);
		assert_int_equal(sp_rd_end(&r), SP_OK);
	}
	return rc;
}

static void start(void)
{
	struct sp_span request = unit_vector(CERT);
	struct sp_rd r;

	sp_wr_finish(&x.reply);
	memset(&x, 0, sizeof(x));
	x.crypto = sp_crypto_nettle;
	x.crypto.rsa_public = rsa_seen;
	sp_wr_init(&x.reply, SP_LICENSE_REPLY_MAX);
	sp_license_client_init(&x.client, &x.crypto);
	sp_rd_init(&r, request.p, request.n);
	assert_int_equal(sp_license_read(&r, &x.in), SP_OK);
	memcpy(x.server_random, x.in.u.request.server_random, sizeof(x.server_random));
}

static struct sp_span sealed(struct sp_span plain)
{
	static uint8_t buf[1 << 16];
	struct sp_rc4 rc4;

	assert_true(plain.n <= sizeof(buf));
	sp_crypto_nettle.rc4_init(&rc4, sp_span(x.keys.cipher, sizeof(x.keys.cipher)));
	sp_crypto_nettle.rc4_crypt(&rc4, plain.p, buf, plain.n);
	return sp_span(buf, plain.n);
}

/* The request is answered, and the server knows the keys. */
static void asked(void)
{
	start();
	assert_int_equal(step(), 0);
	assert_int_equal(x.out.type, SP_LICENSE_NEW_REQUEST);
	sp_license_derive(&sp_crypto_nettle, x.out.u.new_request.client_random, x.server_random,
			secret, &x.keys);
}

static void challenge(struct sp_span plain)
{
	x.in = (struct sp_license){.type = SP_LICENSE_CHALLENGE};
	x.in.u.challenge.encrypted = sealed(plain);
	sp_license_mac(&sp_crypto_nettle, &x.keys, &plain, 1, x.in.u.challenge.mac);
}

static void grant(uint8_t type, struct sp_span plain)
{
	x.in = (struct sp_license){.type = type};
	x.in.u.grant.encrypted = sealed(plain);
	sp_license_mac(&sp_crypto_nettle, &x.keys, &plain, 1, x.in.u.grant.mac);
}

static void test_derive(void **state)
{
	struct sp_license_keys keys;
	struct sp_span blob = unit_vector(VECTORS "session_key_blob.bin");

	sp_license_derive(&sp_crypto_nettle, unit_vector(VECTORS "client_random_buffer.bin").p,
			unit_vector(VECTORS "server_random_buffer.bin").p,
			unit_vector(VECTORS "premaster_secret_buffer.bin").p, &keys);
	unit_assert_span(sp_span(keys.mac, 16), sp_span(blob.p, 16));
	unit_assert_span(sp_span(keys.cipher, 16), unit_vector(VECTORS "license_key_buffer.bin"));
}

static void test_mac(void **state)
{
	struct sp_license_keys keys = {.mac = {1, 2, 3}};
	struct sp_span whole = sp_span("challenge", 9);
	uint8_t a[SP_LICENSE_MAC], b[SP_LICENSE_MAC];

	sp_license_mac(&sp_crypto_nettle, &keys, &whole, 1, a);
	for (size_t cut = 0; cut <= whole.n; cut++) {
		struct sp_span parts[] = {{whole.p, cut}, {whole.p + cut, whole.n - cut}};

		sp_license_mac(&sp_crypto_nettle, &keys, parts, 2, b);
		assert_memory_equal(a, b, sizeof(a));
	}
	/* Computed with Python's hashlib after [MS-RDPELE] 5.1.5. */
	unit_assert_span(sp_span(a, sizeof(a)), unit_hex("1f9d1c97a4dad03ee480deac6ce17701"));
}

static void test_whole(void **state)
{
	uint8_t plain[256], hwid[SP_LICENSE_HWID];
	struct sp_license_response_data data;
	struct sp_rc4 rc4;
	struct sp_rd r;

	asked();
	assert_int_equal(x.out.u.new_request.key_exchange, SP_LICENSE_KEY_EXCHANGE_RSA);
	assert_int_equal(x.out.u.new_request.premaster.n, 256 + 8);
	unit_assert_span(sp_span(x.out.u.new_request.premaster.p + 256, 8),
			unit_hex("00000000"
				 "00000000"));
	unit_assert_span(x.out.u.new_request.user, sp_span("j??rg", 6));
	unit_assert_span(x.out.u.new_request.machine, sp_span("HOST", 5));

	challenge(sp_span("prove it", 8));
	assert_int_equal(step(), 0);
	assert_int_equal(x.out.type, SP_LICENSE_CHALLENGE_RESPONSE);
	struct sp_license_response *p = &x.out.u.response;
	assert_true(p->response.n <= sizeof(plain));
	sp_crypto_nettle.rc4_init(&rc4, sp_span(x.keys.cipher, 16));
	sp_crypto_nettle.rc4_crypt(&rc4, p->response.p, plain, p->response.n);
	sp_rd_init(&r, plain, p->response.n);
	assert_int_equal(sp_license_response_data_read(&r, &data), SP_OK);
	assert_int_equal(data.version, 0x0100);
	assert_int_equal(data.detail_level, 3);
	unit_assert_span(data.challenge, sp_span("prove it", 8));
	assert_int_equal(p->hwid.n, sizeof(hwid));
	sp_crypto_nettle.rc4_init(&rc4, sp_span(x.keys.cipher, 16));
	sp_crypto_nettle.rc4_crypt(&rc4, p->hwid.p, hwid, sizeof(hwid));
	unit_assert_span(sp_span(hwid, 4), unit_hex("00000104"));
	struct sp_span parts[] = {sp_span(plain, p->response.n), sp_span(hwid, sizeof(hwid))};
	uint8_t mac[SP_LICENSE_MAC];
	sp_license_mac(&sp_crypto_nettle, &x.keys, parts, 2, mac);
	assert_memory_equal(mac, p->mac, sizeof(mac));

	grant(SP_LICENSE_NEW, sp_span("a licence", 9));
	assert_int_equal(step(), 1);
	assert_int_equal(x.reply.n, 0);
}

/* Servers that end it early: xrdp after the request, others without a challenge. */
static void test_short(void **state)
{
	struct sp_license valid = {.type = SP_LICENSE_ERROR,
			.u.error = {.code = SP_LICENSE_STATUS_VALID_CLIENT,
					.state = SP_LICENSE_NO_TRANSITION}};

	start();
	x.in = valid;
	assert_int_equal(step(), 1);
	asked();
	x.in = valid;
	assert_int_equal(step(), 1);
	asked();
	grant(SP_LICENSE_UPGRADE, sp_span("", 0));
	assert_int_equal(step(), 1);
	/* The same without any crypto, as on a private socket. */
	start();
	sp_license_client_init(&x.client, NULL);
	x.in = valid;
	assert_int_equal(step(), 1);
}

/* NEW_LICENSE_INFO around a licence. */
static struct sp_span new_info(struct sp_span license)
{
	static uint8_t buf[SP_LICENSE_KEPT_MAX + 1024];
	struct sp_license_new_info info = {.version = 0x00060000,
			.scope = sp_span("microsoft.com", 14),
			.company = sp_span("M\0", 2),
			.product = sp_span("A\0", 2),
			.license = license};
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_license_new_info_write(&w, &info);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	return sp_span(buf, w.n);
}

/* What was granted is shown the next time, with the same proof of who shows it. */
static void test_kept(void **state)
{
	static uint8_t long_one[SP_LICENSE_KEPT_MAX + 1];
	struct sp_span cal = sp_span("a licence", 9);
	uint8_t first[SP_LICENSE_HWID], hwid[SP_LICENSE_HWID], mac[SP_LICENSE_MAC];
	struct sp_span part = sp_span(hwid, sizeof(hwid));

	asked();
	challenge(sp_span("prove it", 8));
	assert_int_equal(step(), 0);
	memcpy(first, sealed(x.out.u.response.hwid).p, sizeof(first)); /* once more is back */
	grant(SP_LICENSE_NEW, new_info(cal));
	assert_int_equal(step(), 1);
	assert_non_null(x.client.granted);
	unit_assert_span(sp_span(x.client.granted->p, x.client.granted->n), cal);
	assert_false(x.client.shown);
	sp_license_client_finish(&x.client);

	start();
	assert_int_equal(sp_license_client_keep(&x.client, cal), SP_OK);
	assert_int_equal(step(), 0);
	assert_int_equal(x.out.type, SP_LICENSE_INFO);
	assert_true(x.client.shown);
	unit_assert_span(x.out.u.info.license, cal);
	assert_int_equal(x.out.u.info.hwid.n, SP_LICENSE_HWID);
	sp_license_derive(&sp_crypto_nettle, x.out.u.info.client_random, x.server_random, secret,
			&x.keys);
	memcpy(hwid, sealed(x.out.u.info.hwid).p, sizeof(hwid));
	assert_memory_equal(hwid, first, sizeof(hwid));
	sp_license_mac(&sp_crypto_nettle, &x.keys, &part, 1, mac);
	assert_memory_equal(x.out.u.info.mac, mac, sizeof(mac));
	/* A newer one in its place. */
	grant(SP_LICENSE_UPGRADE, new_info(sp_span("another", 7)));
	assert_int_equal(step(), 1);
	unit_assert_span(sp_span(x.client.granted->p, x.client.granted->n), sp_span("another", 7));
	sp_license_client_finish(&x.client);

	/* The longest, one that is too long, none. */
	start();
	assert_int_equal(sp_license_client_keep(&x.client, sp_span(long_one, sizeof(long_one))),
			SP_ELIMIT);
	assert_int_equal(sp_license_client_keep(&x.client, sp_span(long_one, 0)), SP_ELIMIT);
	assert_int_equal(sp_license_client_keep(&x.client, sp_span(long_one, SP_LICENSE_KEPT_MAX)),
			SP_OK);
	assert_int_equal(step(), 0);
	assert_int_equal(x.out.u.info.license.n, SP_LICENSE_KEPT_MAX);
	sp_license_client_finish(&x.client);
	asked();
	grant(SP_LICENSE_NEW, new_info(sp_span(long_one, sizeof(long_one))));
	assert_int_equal(step(), 1);
	assert_null(x.client.granted);
}

static void alert(int want, uint32_t code)
{
	assert_int_equal(step(), want);
	assert_int_equal(x.out.type, SP_LICENSE_ERROR);
	assert_int_equal(x.out.u.error.code, code);
	assert_int_equal(x.out.u.error.state, SP_LICENSE_TOTAL_ABORT);
}

static void test_wrong(void **state)
{
	static uint8_t large[1025];

	start();
	x.in.u.request.certificate.n = 0;
	alert(SP_ESHORT, SP_LICENSE_ERR_INVALID_SERVER_CERTIFICATE);
	start();
	x.crypto.random = random_none;
	assert_int_equal(step(), SP_ESYS);
	start();
	sp_license_client_init(&x.client, NULL);
	assert_int_equal(step(), SP_EPROTO);

	asked();
	challenge(sp_span("prove it", 8));
	x.in.u.challenge.mac[3] ^= 1;
	alert(SP_EFIELD, SP_LICENSE_ERR_INVALID_MAC);
	asked();
	challenge(sp_span(large, sizeof(large)));
	assert_int_equal(step(), SP_ELIMIT);
	asked();
	challenge(sp_span(large, sizeof(large) - 1));
	assert_int_equal(step(), 0);
	grant(SP_LICENSE_NEW, sp_span("a licence", 9));
	x.in.u.grant.mac[0] ^= 1;
	alert(SP_EFIELD, SP_LICENSE_ERR_INVALID_MAC);

	asked();
	x.in = (struct sp_license){.type = SP_LICENSE_ERROR,
			.u.error = {.code = SP_LICENSE_ERR_NO_LICENSE,
					.state = SP_LICENSE_TOTAL_ABORT}};
	assert_int_equal(step(), SP_EDENIED);
	assert_string_equal(x.client.what, "license.error");
}

static void test_order(void **state)
{
	static const uint8_t first[] = {SP_LICENSE_CHALLENGE, SP_LICENSE_NEW, SP_LICENSE_UPGRADE,
			SP_LICENSE_NEW_REQUEST, SP_LICENSE_INFO, SP_LICENSE_CHALLENGE_RESPONSE};

	for (size_t i = 0; i < SP_LEN(first); i++) {
		start();
		x.in.type = first[i];
		assert_int_equal(step(), SP_ESTATE);
	}
	start();
	struct sp_license request = x.in;
	asked();
	x.in = request;
	assert_int_equal(step(), SP_ESTATE);
	asked();
	challenge(sp_span("1", 1));
	assert_int_equal(step(), 0);
	challenge(sp_span("2", 1));
	assert_int_equal(step(), SP_ESTATE);
}

static void test_no_memory(void **state)
{
	asked();
	grant(SP_LICENSE_NEW, sp_span("a licence", 9));
	sp_mem_fail_after(0);
	int rc = sp_license_client_step(&x.client, &x.in, &who, &x.reply);
	sp_mem_fail_after(-1);
	assert_int_equal(rc, SP_ENOMEM);
}

/* ---- inside a connection ---- */

static void feed_license(struct sp_rdp *c, const struct sp_license *msg)
{
	struct sp_wr w;

	sp_wr_init(&w, 1 << 16);
	size_t mark = sp_mcs_send_begin(&w, SP_MCS_SEND_DATA_INDICATION, 1002, 1003);
	sp_sec_write(&w, SP_SEC_LICENSE);
	sp_license_write(&w, msg);
	sp_mcs_send_end(&w, mark);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	assert_int_equal(sp_rdp_feed(c, w.p, w.n, 1), (int)w.n);
	sp_wr_finish(&w);
}

/* The client's answer on the wire: user data with a security header. */
static void take_license(struct sp_rdp *c, struct sp_license *out)
{
	static uint8_t copy[8192];
	struct sp_rcbuf *b = sp_rdp_out(c);
	struct sp_mcs m;
	struct sp_rd r;
	uint16_t flags;

	assert_non_null(b);
	assert_true(b->n <= sizeof(copy));
	memcpy(copy, b->p, b->n);
	sp_rd_init(&r, copy, b->n);
	sp_rcbuf_unref(b);
	assert_int_equal(sp_mcs_read(&r, &m), SP_OK);
	assert_int_equal(m.type, SP_MCS_SEND_DATA_REQUEST);
	sp_rd_init(&r, m.data.p, m.data.n);
	assert_int_equal(sp_sec_read(&r, &flags), SP_OK);
	assert_int_equal(flags, SP_SEC_LICENSE);
	assert_int_equal(sp_license_read(&r, out), SP_OK);
}

static void test_connection(void **state)
{
	struct pair_conf conf = pair_default;
	struct sp_event ev;
	struct pair p;

	conf.crypto = &x.crypto;
	pair_start(&p, &conf, 0);
	p.hold = true;
	pair_run(&p);
	assert_string_equal(sp_rdp_state_name(p.client), "wait license");
	start();
	feed_license(p.client, &x.in);
	take_license(p.client, &x.out);
	assert_int_equal(x.out.type, SP_LICENSE_NEW_REQUEST);
	sp_license_derive(&sp_crypto_nettle, x.out.u.new_request.client_random, x.server_random,
			secret, &x.keys);
	challenge(sp_span("prove it", 8));
	feed_license(p.client, &x.in);
	take_license(p.client, &x.out);
	assert_int_equal(x.out.type, SP_LICENSE_CHALLENGE_RESPONSE);
	assert_false(sp_rdp_next(p.client, &ev));
	assert_false(sp_client_license_shown(p.client));
	assert_int_equal(sp_client_set_license(p.client, sp_span("too late", 8)), SP_EARG);
	grant(SP_LICENSE_NEW, new_info(sp_span("a licence", 9)));
	feed_license(p.client, &x.in);
	assert_null(sp_rdp_out(p.client));
	assert_true(sp_rdp_next(p.client, &ev));
	assert_int_equal(ev.kind, SP_EV_LICENSE);
	unit_assert_span(ev.license, sp_span("a licence", 9));
	assert_true(sp_rdp_next(p.client, &ev));
	assert_int_equal(ev.kind, SP_EV_LICENSED);
	pair_finish(&p);
}

static void test_connection_again(void **state)
{
	struct pair_conf conf = pair_default;
	struct pair p;

	conf.crypto = &x.crypto;
	pair_start(&p, &conf, 0);
	p.hold = true;
	assert_int_equal(sp_client_set_license(p.client, sp_span("a licence", 9)), SP_OK);
	pair_run(&p);
	start();
	feed_license(p.client, &x.in);
	take_license(p.client, &x.out);
	assert_int_equal(x.out.type, SP_LICENSE_INFO);
	unit_assert_span(x.out.u.info.license, sp_span("a licence", 9));
	assert_true(sp_client_license_shown(p.client));
	pair_finish(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_derive),
			cmocka_unit_test(test_mac),
			cmocka_unit_test(test_whole),
			cmocka_unit_test(test_short),
			cmocka_unit_test(test_wrong),
			cmocka_unit_test(test_order),
			cmocka_unit_test(test_no_memory),
			cmocka_unit_test(test_kept),
			cmocka_unit_test(test_connection),
			cmocka_unit_test(test_connection_again),
	};

	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	sp_wr_finish(&x.reply);
	return rc;
}
