/* tests/core/pdu/test_server_cert.c - the key in certificates of both kinds. */
#include "unit.h"

#include <string.h>

#include "core/base/wr.h"
#include "core/pdu/gcc_server.h"
#include "core/pdu/license.h"
#include "core/pdu/mcs.h"
#include "core/pdu/server_cert.h"
#include "core/pdu/x224.h"

static struct sp_server_cert cert;

static int parse(struct sp_span in)
{
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	return sp_server_cert_read(&r, &cert);
}

static void cut(struct sp_span in, void *arg)
{
	assert_int_not_equal(parse(in), SP_OK);
}

/* What a proprietary certificate is made of. */
struct parts {
	uint32_t version, sig, alg, magic, keylen, bitlen, exponent;
	uint16_t blob_type, blob_len;
	size_t modulus; /* bytes written, with padding */
	uint8_t low; /* least significant byte of the modulus */
};

static const struct parts good = {.version = 1,
		.sig = 1,
		.alg = 1,
		.magic = 0x31415352,
		.keylen = 72,
		.bitlen = 512,
		.exponent = 65537,
		.blob_type = 6,
		.blob_len = 20 + 72,
		.modulus = 72,
		.low = 0x37};

static struct sp_span make(const struct parts *p)
{
	static uint8_t buf[2048];
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_wr_le32(&w, p->version);
	sp_wr_le32(&w, p->sig);
	sp_wr_le32(&w, p->alg);
	sp_wr_le16(&w, p->blob_type);
	sp_wr_le16(&w, p->blob_len);
	sp_wr_le32(&w, p->magic);
	sp_wr_le32(&w, p->keylen);
	sp_wr_le32(&w, p->bitlen);
	sp_wr_le32(&w, p->bitlen / 8 - 1);
	sp_wr_le32(&w, p->exponent);
	for (size_t i = 0; i < p->modulus; i++) {
		sp_wr_u8(&w, i == 0 ? p->low : i + 8 < p->modulus ? 0xC1 : 0);
	}
	sp_wr_le16(&w, 8);
	sp_wr_le16(&w, 4);
	sp_wr_zero(&w, 4);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	return sp_span(buf, w.n);
}

static void test_proprietary(void **state)
{
	struct sp_span in = make(&good);

	assert_int_equal(parse(in), SP_OK);
	assert_int_equal(cert.n, 64);
	assert_int_equal(cert.exponent, 65537);
	assert_int_equal(cert.modulus[0], 0x37);
	assert_int_equal(cert.modulus[63], 0xC1);
	unit_truncate(in, cut, NULL);
	struct parts p = good;
	p.version = 0x80000001;
	assert_int_equal(parse(make(&p)), SP_OK);
}

static void bad(const struct parts *p, int want)
{
	assert_int_equal(parse(make(p)), want);
}

static void test_fields(void **state)
{
	struct parts p = good;

	p.version = 3;
	bad(&p, SP_EFIELD);
	p = good;
	p.sig = 2;
	bad(&p, SP_EFIELD);
	p = good;
	p.alg = 0;
	bad(&p, SP_EFIELD);
	p = good;
	p.blob_type = 8;
	bad(&p, SP_EFIELD);
	p = good;
	p.magic++;
	bad(&p, SP_EFIELD);
	p = good;
	p.bitlen = 511;
	bad(&p, SP_EFIELD);
	p = good;
	p.keylen = 7;
	bad(&p, SP_EFIELD);
	p = good;
	p.keylen = 73;
	bad(&p, SP_EFIELD);
	p = good;
	p.blob_len++; /* a byte behind the padding */
	bad(&p, SP_ETRAIL);
	p = good;
	p.exponent = 1;
	bad(&p, SP_EFIELD);
	p = good;
	p.low = 0x36;
	bad(&p, SP_EFIELD);
	/* Too short and too long a key. */
	p = good;
	p.bitlen = 504;
	p.keylen = p.modulus = 71;
	p.blob_len--;
	bad(&p, SP_ELIMIT);
	p.bitlen = 4104;
	p.keylen = p.modulus = 521;
	p.blob_len = 20 + 521;
	bad(&p, SP_ELIMIT);
	p.bitlen = 4096;
	p.keylen = p.modulus = 520;
	p.blob_len = 20 + 520;
	bad(&p, SP_OK);
}

/* The certificate that a server with the old encryption sends in its settings. */
static void test_gcc(void **state)
{
	struct sp_span in = unit_vector("spec/MS-RDPBCGR-4.1.4-server-mcs-connect-response-pdu-"
					"with-gcc-conference-create-r.hex");
	static struct sp_gcc_server gcc;
	struct sp_mcs_response response;
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_mcs_response_read(&r, &response), SP_OK);
	sp_rd_init(&r, response.data.p, response.data.n);
	assert_int_equal(sp_gcc_server_read(&r, &gcc), SP_OK);
	assert_int_equal(parse(gcc.server_certificate), SP_OK);
	assert_int_equal(cert.n, 64);
	assert_int_equal(cert.exponent, 65537);
}

static struct sp_span chain_vector(void)
{
	struct sp_span in = unit_vector(
			"spec/MS-RDPELE-4.1-server-license-request-server-license-request.hex");
	static struct sp_license msg;
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_license_read(&r, &msg), SP_OK);
	return msg.u.request.certificate;
}

static void test_chain(void **state)
{
	struct sp_span in = chain_vector();

	/* The second of two, whose key goes by the number of a signature. */
	assert_int_equal(parse(in), SP_OK);
	assert_int_equal(cert.n, 256);
	assert_int_equal(cert.exponent, 65537);
	unit_assert_span(sp_span(cert.modulus + 252, 4), unit_hex("f06b90c8"));
	unit_assert_span(sp_span(cert.modulus, 4), unit_hex("5b6fbfdf"));
	/* The padding behind the chain may be missing; nothing else. */
	in.n -= 16;
	assert_int_equal(parse(in), SP_OK);
	unit_truncate(in, cut, NULL);
}

static void test_chain_fields(void **state)
{
	struct sp_span in = chain_vector();
	static uint8_t copy[4096];

	assert_true(in.n <= sizeof(copy));
	for (size_t at = 0; at < in.n; at++) {
		memcpy(copy, in.p, in.n);
		copy[at] ^= 0xFF;
		/* Whatever comes of it, a key that is taken is a possible one. */
		if (parse(sp_span(copy, in.n)) == SP_OK) {
			assert_in_range(cert.n, SP_SERVER_CERT_KEY_MIN, SP_SERVER_CERT_KEY_MAX);
			assert_true(cert.modulus[0] & 1);
		}
	}
	memcpy(copy, in.p, in.n);
	copy[4] = 201;
	assert_int_equal(parse(sp_span(copy, in.n)), SP_ELIMIT);
	copy[4] = 0;
	assert_int_equal(parse(sp_span(copy, in.n)), SP_ELIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_proprietary),
			cmocka_unit_test(test_fields),
			cmocka_unit_test(test_gcc),
			cmocka_unit_test(test_chain),
			cmocka_unit_test(test_chain_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
