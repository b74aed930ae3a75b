/* tests/core/pdu/test_license.c - licensing messages of the short and of the full exchange. */
#include "unit.h"

#include <string.h>

#include "core/pdu/license.h"

#define PEER "peer/ironrdp/pdu/ironrdp-pdu.rdp.server_license."

static struct sp_license msg;

static int parse(struct sp_span in)
{
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	return sp_license_read(&r, &msg);
}

static void written_equals(struct sp_span want)
{
	static uint8_t buf[8192];
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_license_write(&w, &msg);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	unit_assert_span(sp_span(buf, w.n), want);
}

static void cut(struct sp_span in, void *arg)
{
	assert_int_equal(parse(in), SP_ESHORT);
}

static void test_valid(void **state)
{
	struct sp_span in = unit_vector(
			"spec/MS-RDPBCGR-4.1.11-server-license-error-pdu-valid-client-2.hex");
	uint8_t buf[32];
	struct sp_wr w;

	assert_int_equal(parse(in), SP_OK);
	assert_int_equal(msg.type, SP_LICENSE_ERROR);
	assert_int_equal(msg.flags, 3);
	assert_int_equal(msg.u.error.code, SP_LICENSE_STATUS_VALID_CLIENT);
	assert_int_equal(msg.u.error.state, SP_LICENSE_NO_TRANSITION);
	assert_int_equal(msg.u.error.info.n, 0);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_license_write_valid(&w);
	unit_assert_span(sp_span(buf, w.n), in);
	/* Without the empty blob, as some servers have it. */
	assert_int_equal(parse(unit_hex("ff 03 0c 00 07 00 00 00 02 00 00 00")), SP_OK);
}

static void test_request(void **state)
{
	struct sp_span in = unit_vector(
			"spec/MS-RDPELE-4.1-server-license-request-server-license-request.hex");
	const struct sp_license_request *q = &msg.u.request;

	assert_int_equal(parse(in), SP_OK);
	assert_int_equal(msg.type, SP_LICENSE_REQUEST);
	assert_int_equal(q->server_random[0], 0x84);
	assert_int_equal(q->product.version, 0x00060000);
	assert_int_equal(q->product.company.n, 0x2C);
	unit_assert_span(q->product.id, unit_hex("41 00 30 00 32 00 00 00"));
	unit_assert_span(q->key_exchange, unit_hex("01 00 00 00"));
	assert_true(q->certificate.n > 1500);
	assert_int_equal(q->n_scopes, 1);
	unit_assert_span(q->scope[0], sp_span("microsoft.com", 14));
	written_equals(in);
	unit_truncate(in, cut, NULL);
}

static void test_client_messages(void **state)
{
	struct sp_span in = unit_vector("spec/MS-RDPELE-4.2-client-new-license-request-client-new-"
					"license-request.hex");

	assert_int_equal(parse(in), SP_OK);
	assert_int_equal(msg.type, SP_LICENSE_NEW_REQUEST);
	assert_int_equal(msg.flags, 0x83);
	assert_int_equal(msg.u.new_request.key_exchange, SP_LICENSE_KEY_EXCHANGE_RSA);
	assert_int_equal(msg.u.new_request.premaster.n, 256 + 8);
	assert_int_equal(msg.u.new_request.user.p[msg.u.new_request.user.n - 1], 0);
	written_equals(in);
	unit_truncate(in, cut, NULL);

	in = unit_vector("spec/MS-RDPELE-4.3-client-license-information-client-license-info.hex");
	assert_int_equal(parse(in), SP_OK);
	assert_int_equal(msg.type, SP_LICENSE_INFO);
	assert_int_equal(msg.u.info.hwid.n, SP_LICENSE_HWID);
	assert_true(msg.u.info.license.n > 1000);
	written_equals(in);
	unit_truncate(in, cut, NULL);

	in = unit_vector("spec/MS-RDPELE-4.5-client-platform-challenge-response-client-platform-"
			 "challenge.hex");
	assert_int_equal(parse(in), SP_OK);
	assert_int_equal(msg.type, SP_LICENSE_CHALLENGE_RESPONSE);
	assert_int_equal(msg.u.response.hwid.n, SP_LICENSE_HWID);
	written_equals(in);
	unit_truncate(in, cut, NULL);
}

static void test_server_messages(void **state)
{
	struct sp_span in = unit_vector(
			"spec/MS-RDPELE-4.4-server-platform-challenge-server-platform-challenge."
			"hex");

	assert_int_equal(parse(in), SP_OK);
	assert_int_equal(msg.type, SP_LICENSE_CHALLENGE);
	assert_int_equal(msg.u.challenge.encrypted.n, 10);
	unit_truncate(in, cut, NULL);

	in = unit_vector("spec/MS-RDPELE-4.6-server-new-license-server-new-license.hex");
	assert_int_equal(parse(in), SP_OK);
	assert_int_equal(msg.type, SP_LICENSE_NEW);
	assert_true(msg.u.grant.encrypted.n > 1000);
	written_equals(in);
	unit_truncate(in, cut, NULL);

	in = unit_vector("spec/MS-RDPELE-4.7-server-upgrade-license-server-upgrade-license.hex");
	assert_int_equal(in.n, 7062);
	in.n--; /* the dump has a byte more than the message */
	assert_int_equal(parse(in), SP_OK);
	assert_int_equal(msg.type, SP_LICENSE_UPGRADE);
	written_equals(in);
	unit_truncate(in, cut, NULL);
}

static void test_inner(void **state)
{
	struct sp_span in = unit_vector(
			PEER "server_upgrade_license.tests/new_license_information_buffer.bin");
	struct sp_license_new_info info;
	struct sp_license_response_data data;
	static uint8_t buf[4096];
	struct sp_wr w;
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_license_new_info_read(&r, &info), SP_OK);
	assert_int_equal(sp_rd_end(&r), SP_OK);
	unit_assert_span(info.scope, sp_span("microsoft.com", 14));
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_license_new_info_write(&w, &info);
	unit_assert_span(sp_span(buf, w.n), in);

	in = unit_vector(PEER "client_platform_challenge_response.test/"
			      "platform_challenge_response_data_buffer.bin");
	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_license_response_data_read(&r, &data), SP_OK);
	assert_int_equal(sp_rd_end(&r), SP_OK);
	assert_int_equal(data.version, 0x0100);
	assert_int_equal(data.challenge.n, 10);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_license_response_data_write(&w, &data);
	unit_assert_span(sp_span(buf, w.n), in);

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_license_hwid_write(&w, 0x04000000, (const uint32_t[4]){1, 2, 3, 4});
	unit_assert_span(sp_span(buf, w.n),
			unit_hex("00000004 01000000 02000000 03000000 04000000"));
}

static void test_bad(void **state)
{
	assert_int_equal(parse(unit_hex("ff 03 03 00")), SP_EFIELD);
	assert_int_equal(parse(unit_hex("05 03 04 00")), SP_EFIELD);
	assert_int_equal(parse(unit_hex("ff 03 ff ff 07 00 00 00")), SP_ESHORT);
	/* wMsgSize ends inside the message though the bytes are there */
	assert_int_equal(parse(unit_hex("ff 03 0a 00 07 00 00 00 02 00 00 00")), SP_ESHORT);
	/* a blob that is longer than the message */
	assert_int_equal(parse(unit_hex("ff 03 10 00 07 00 00 00 02 00 00 00 04 00 01 00 aa")),
			SP_ESHORT);

	struct sp_span in = unit_vector(
			"spec/MS-RDPELE-4.1-server-license-request-server-license-request.hex");
	static uint8_t copy[4096];
	memcpy(copy, in.p, in.n);
	copy[in.n - 22] = 17; /* ScopeCount */
	assert_int_equal(parse(sp_span(copy, in.n)), SP_ELIMIT);
	copy[in.n - 22] = 2;
	assert_int_equal(parse(sp_span(copy, in.n)), SP_ESHORT);
	assert_true(msg.u.request.n_scopes <= SP_LICENSE_MAX_SCOPES);
	memset(copy + 4 + 32 + 4, 0xFF, 4); /* cbCompanyName */
	assert_int_equal(parse(sp_span(copy, in.n)), SP_ESHORT);
}

static void test_client_alert(void **state)
{
	uint8_t buf[32];
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_license_write_error(&w, SP_LICENSE_ERR_NO_LICENSE, SP_LICENSE_TOTAL_ABORT);
	unit_assert_span(sp_span(buf, w.n),
			unit_hex("ff 03 10 00 02 00 00 00 01 00 00 00 04 00 00 00"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_valid),
			cmocka_unit_test(test_request),
			cmocka_unit_test(test_client_messages),
			cmocka_unit_test(test_server_messages),
			cmocka_unit_test(test_inner),
			cmocka_unit_test(test_bad),
			cmocka_unit_test(test_client_alert),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
