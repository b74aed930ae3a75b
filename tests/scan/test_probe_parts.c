/* tests/scan/test_probe_parts.c - HTTP heads, NTLM challenges, Connect-Responses, datagrams. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/auth/credssp.h"
#include "core/auth/ntlm.h"
#include "core/auth/spnego.h"
#include "core/base/err.h"
#include "core/base/utf16.h"
#include "core/pdu/gcc_client.h"
#include "core/pdu/gcc_server.h"
#include "core/pdu/mcs.h"
#include "scan/probe_http.h"
#include "scan/probe_login.h"
#include "scan/probe_mcs.h"
#include "scan/probe_udp.h"
#include "unit.h"

static struct sp_span text(const char *s)
{
	return sp_span(s, strlen(s));
}

/* ---- HTTP ---- */

static void no_head(struct sp_span in, void *arg)
{
	struct sp_probe_http m;

	(void)arg;
	assert_int_equal(sp_probe_http_read(in, &m), 0);
}

static void test_http(void **state)
{
	static const char head[] = "HTTP/1.1 401 Unauthorized\r\n"
				   "Server:  Microsoft-HTTPAPI/2.0 \r\n"
				   "WWW-Authenticate: Negotiate, NTLM\r\n"
				   "www-authenticate: Basic realm=\"a, b\"\r\n"
				   "WWW-Authenticate: Bearer\r\n"
				   "Content-Length: 12\r\n\r\n";
	struct sp_probe_http m;
	uint8_t out[64];

	(void)state;
	assert_int_equal(sp_probe_http_read(text(head), &m), sizeof(head) - 1);
	assert_int_equal(m.status, 401);
	assert_string_equal(m.server, "Microsoft-HTTPAPI/2.0");
	assert_int_equal(m.auth,
			SP_SCAN_AUTH_NEGOTIATE | SP_SCAN_AUTH_NTLM | SP_SCAN_AUTH_BASIC |
					SP_SCAN_AUTH_BEARER);
	assert_true(m.has_length && m.length == 12 && !m.close);
	unit_truncate(text(head), no_head, NULL);

	assert_true(sp_probe_http_read(
				    text("HTTP/1.1 401 x\nWWW-Authenticate: NTLM TlRMTVNTUA==\n\n"),
				    &m) > 0);
	assert_int_equal(sp_probe_base64_read(m.token, out, sizeof(out)), 7);
	assert_memory_equal(out, "NTLMSSP", 7);
	assert_true(m.close); /* no length */
	assert_true(sp_probe_http_read(text("HTTP/1.1 401 x\r\nWWW-Authenticate: Digest "
					    "realm=x\r\nTransfer-Encoding: chunked\r\n\r\n"),
				    &m) > 0);
	assert_int_equal(m.auth, SP_SCAN_AUTH_OTHER);
	assert_true(m.close);
	assert_true(sp_probe_http_read(text("HTTP/1.1 302 x\r\nLocation: /rdweb/Pages\r\n"
					    "Server: a\033b\r\n\r\n"),
				    &m) > 0);
	assert_true(m.to_rdweb);
	assert_string_equal(m.server, "a?b");
	assert_int_equal(sp_probe_http_read(text("SSH-2.0-x\r\n"), &m), SP_EPROTO);
	assert_int_equal(sp_probe_http_read(text("HTTP/1.1 99 x\r\n"), &m), SP_EFIELD);
	assert_int_equal(sp_probe_http_read(text("HTTP/1.1 2000\r\n"), &m), SP_EFIELD);
	assert_true(sp_probe_http_read(text("HTTP/1.1 200 x\r\nContent-Length: "
					    "99999999999999999999\r\n\r\n"),
				    &m) > 0);
	assert_true(m.close);
}

static void test_http_endless(void **state)
{
	struct sp_probe_http m;
	char *many = malloc(SP_PROBE_HTTP_HEAD + 1);

	(void)state;
	memset(many, 'a', SP_PROBE_HTTP_HEAD);
	memcpy(many, "HTTP/1.1 200 ok\r\n", 17);
	assert_int_equal(sp_probe_http_read(sp_span(many, SP_PROBE_HTTP_HEAD - 1), &m), 0);
	assert_int_equal(sp_probe_http_read(sp_span(many, SP_PROBE_HTTP_HEAD), &m), SP_ELIMIT);
	for (size_t i = 18; i < SP_PROBE_HTTP_HEAD; i += 2) {
		many[i] = '\n';
	}
	assert_int_equal(sp_probe_http_read(sp_span(many, SP_PROBE_HTTP_HEAD), &m), SP_ELIMIT);
	free(many);
}

static void test_http_write(void **state)
{
	uint8_t room[1024];
	struct sp_wr w;

	(void)state;
	sp_wr_fixed(&w, room, sizeof(room));
	sp_probe_http_write(&w, SP_SCAN_RDG, "fd00::1", 8443, SP_SCAN_AUTH_NTLM);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	sp_wr_u8(&w, 0);
	assert_non_null(strstr((char *)room,
			"RDG_OUT_DATA /remoteDesktopGateway/ HTTP/1.1\r\n"
			"Host: [fd00::1]:8443\r\n"));
	assert_non_null(strstr((char *)room, "Authorization: NTLM TlRMTVNTUAAB"));
	assert_string_equal((char *)room + w.n - 5, "\r\n\r\n");
}

static void test_http_present(void **state)
{
	static const struct {
		enum sp_scan_path path;
		uint16_t status;
		const char *server;
		bool all_401;
		enum sp_scan_tri present;
	} rows[] = {
			{SP_SCAN_RDG, 401, "Microsoft-HTTPAPI/2.0", false, SP_SCAN_YES},
			{SP_SCAN_RDG, 401, "nginx", true, SP_SCAN_UNKNOWN},
			{SP_SCAN_RDG, 401, "", false, SP_SCAN_YES},
			{SP_SCAN_RDG, 405, "nginx", false, SP_SCAN_NO},
			{SP_SCAN_RDWEB, 200, "nginx", false, SP_SCAN_UNKNOWN},
			{SP_SCAN_RDWEB, 200, "Microsoft-IIS/10.0", false, SP_SCAN_YES},
			{SP_SCAN_RDWEB, 404, "Microsoft-IIS/10.0", false, SP_SCAN_NO},
			{SP_SCAN_KDC, 405, "", false, SP_SCAN_YES},
			{SP_SCAN_KDC, 400, "nginx", false, SP_SCAN_NO},
			{SP_SCAN_KDC, 0, "", false, SP_SCAN_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_probe_http m = {.status = rows[i].status};

		snprintf(m.server, sizeof(m.server), "%s", rows[i].server);
		assert_int_equal(sp_probe_http_present(rows[i].path, &m, rows[i].all_401),
				rows[i].present);
	}
}

/* ---- login ---- */

static size_t challenge(uint8_t *room, size_t cap, bool spnego)
{
	uint8_t info[256], token[512], wrapped[600];
	struct sp_wr a, t, s, w;

	sp_wr_fixed(&a, info, sizeof(info));
	sp_ntlm_av_write_name(&a, SP_NTLM_AV_NB_DOMAIN, "CORP");
	sp_ntlm_av_write_name(&a, SP_NTLM_AV_NB_COMPUTER, "DC1");
	sp_ntlm_av_write_name(&a, SP_NTLM_AV_DNS_DOMAIN, "corp.example");
	sp_ntlm_av_write_name(&a, SP_NTLM_AV_DNS_COMPUTER, "dc1.corp.example");
	sp_ntlm_av_write_name(&a, SP_NTLM_AV_DNS_TREE, "corp.example");
	/* 2023-11-14 22:13:20 */
	sp_ntlm_av_write(&a, SP_NTLM_AV_TIMESTAMP, unit_hex("00 00 6d c6 47 17 da 01"));
	sp_ntlm_av_write(&a, SP_NTLM_AV_EOL, sp_span(NULL, 0));
	struct sp_ntlm_challenge m = {.flags = (uint32_t)(SP_NTLM_UNICODE | SP_NTLM_TARGET_INFO),
			.target_name = unit_hex("43004f0052005000"),
			.target_info = sp_span(a.p, a.n)};
	sp_wr_fixed(&t, token, sizeof(token));
	sp_ntlm_challenge_write(&t, &m);
	/* Windows tells its version where we do not. */
	memcpy(t.p + 48, "\x0a\x00\x63\x45", 4);
	sp_wr_fixed(&s, wrapped, sizeof(wrapped));
	sp_spnego_resp_write(&s,
			&(struct sp_spnego_resp){.state = SP_SPNEGO_INCOMPLETE,
					.has_mech = true,
					.mech_is_ntlm = true,
					.token = sp_span(t.p, t.n)});
	sp_wr_fixed(&w, room, cap);
	struct sp_credssp_request q = {
			.version = 5, .nego_token = spnego ? sp_span(s.p, s.n) : sp_span(t.p, t.n)};
	sp_credssp_request_write(&w, &q);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	return w.n;
}

static void no_login(struct sp_span in, void *arg)
{
	struct sp_scan_ntlm n;

	(void)arg;
	memset(&n, 0, sizeof(n));
	assert_true(sp_probe_login_read(in, SP_PROBE_LOGIN_SPNEGO, 0, &n) < 0);
}

static void test_login(void **state)
{
	uint8_t room[1024];
	struct sp_scan_ntlm n;

	(void)state;
	for (int spnego = 0; spnego < 2; spnego++) {
		size_t size = challenge(room, sizeof(room), spnego);

		memset(&n, 0, sizeof(n));
		assert_int_equal(sp_probe_login_read(sp_span(room, size), SP_PROBE_LOGIN_KERBEROS,
						 INT64_C(1700000000000) - 500, &n),
				SP_OK);
		assert_int_equal(n.challenged, 1);
		assert_int_equal(n.credssp, 5);
		assert_int_equal(n.kerberos, spnego ? SP_SCAN_NO : SP_SCAN_UNKNOWN);
		assert_string_equal(n.target, "CORP");
		assert_string_equal(n.nb_computer, "DC1");
		assert_string_equal(n.dns_computer, "dc1.corp.example");
		assert_string_equal(n.dns_tree, "corp.example");
		assert_int_equal(n.major, 10);
		assert_int_equal(n.build, 17763);
		assert_int_equal(n.time, 1700000000);
		assert_int_equal(n.skew_ms, 500);
		unit_truncate(sp_span(room, size), no_login, NULL);
		uint32_t seed = 3;
		for (int i = 0; i < 2000; i++) {
			uint8_t *bad = unit_bent(sp_span(room, size), size, &seed);
			(void)!sp_probe_login_read(
					sp_span(bad, size), SP_PROBE_LOGIN_SPNEGO, 0, &n);
			free(bad);
		}
	}
	/* An error in place of a challenge. */
	struct sp_wr w;
	sp_wr_fixed(&w, room, sizeof(room));
	sp_credssp_request_write(&w,
			&(struct sp_credssp_request){
					.version = 6, .has_error = true, .error = 0xC000006D});
	memset(&n, 0, sizeof(n));
	assert_int_equal(sp_probe_login_read(sp_span(w.p, w.n), SP_PROBE_LOGIN_NTLM, 0, &n), SP_OK);
	assert_int_equal(n.challenged, 0);
	assert_int_equal(n.error, 0xC000006D);
}

/* What is sent has no name in it, and is what its reader takes. */
static void test_login_write(void **state)
{
	uint8_t room[1024];
	struct sp_credssp_request m;
	struct sp_spnego_init init;
	struct sp_ntlm_negotiate n;
	const char *why;
	struct sp_wr w;

	(void)state;
	for (enum sp_probe_login how = SP_PROBE_LOGIN_SPNEGO; how <= SP_PROBE_LOGIN_KERBEROS;
			how++) {
		sp_wr_fixed(&w, room, sizeof(room));
		sp_probe_login_write(&w, how);
		assert_int_equal(sp_wr_ok(&w), SP_OK);
		assert_int_equal(sp_credssp_request_read(sp_span(w.p, w.n), &m), SP_OK);
		assert_null(m.auth_info.p);
		if (how == SP_PROBE_LOGIN_NTLM) {
			assert_int_equal(sp_ntlm_negotiate_read(m.nego_token, &n, &why), SP_OK);
			assert_int_equal(m.nego_token.n, 40);
			continue;
		}
		assert_int_equal(sp_spnego_init_read(m.nego_token, &init, &why), SP_OK);
		assert_true(init.has_ntlm);
		assert_int_equal(init.ntlm_first, how == SP_PROBE_LOGIN_SPNEGO);
		assert_int_equal(init.mech_token.p != NULL, how == SP_PROBE_LOGIN_SPNEGO);
	}
}

/* ---- Standard RDP Security ---- */

static void no_mcs(struct sp_span in, void *arg)
{
	struct sp_probe_mcs m;

	(void)arg;
	assert_true(sp_probe_mcs_read(in, &m) < 0);
}

static void test_mcs(void **state)
{
	uint8_t room[4096], blocks[2048];
	struct sp_mcs_initial i;
	static struct sp_gcc_client c;
	struct sp_probe_mcs m;
	struct sp_wr w, b;
	struct sp_rd r;

	(void)state;
	sp_wr_fixed(&w, room, sizeof(room));
	sp_probe_mcs_write(&w, SP_PROBE_40BIT | SP_PROBE_FIPS);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	sp_rd_init(&r, w.p, w.n);
	assert_int_equal(sp_mcs_initial_read(&r, &i), SP_OK);
	sp_rd_init(&r, i.data.p, i.data.n);
	assert_int_equal(sp_gcc_client_read(&r, &c), SP_OK);
	assert_int_equal(c.encryption_methods, 0x11);

	struct sp_gcc_server s = {.version = SP_GCC_VERSION_5,
			.has_security = true,
			.encryption_method = 1,
			.encryption_level = 1,
			.server_random = unit_hex("000102030405060708090a0b0c0d0e0f1011121314151617"
						  "18191a1b1c1d1e1f"),
			.io_channel = 1003};
	sp_wr_fixed(&b, blocks, sizeof(blocks));
	sp_gcc_server_write(&b, &s);
	struct sp_mcs_response answer = {.data = sp_span(b.p, b.n)};
	answer.domain = i.target;
	sp_wr_fixed(&w, room, sizeof(room));
	sp_mcs_response_write(&w, &answer);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	assert_int_equal(sp_probe_mcs_read(sp_span(w.p, w.n), &m), SP_OK);
	assert_true(m.accepted);
	assert_int_equal(m.method, 1);
	assert_int_equal(m.level, 1);
	assert_int_equal(m.version, SP_GCC_VERSION_5);
	assert_int_equal(m.certificate, 0);
	unit_truncate(sp_span(w.p, w.n), no_mcs, NULL);
}

/* ---- datagrams ---- */

static void test_udp(void **state)
{
	uint8_t room[SP_PROBE_UDP_MAX], random[32] = {1, 2, 3};
	struct sp_wr w;

	(void)state;
	sp_wr_fixed(&w, room, sizeof(room));
	sp_probe_udp_syn_write(&w, 0x01020304);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	assert_int_equal(w.n, SP_PROBE_UDP_MAX);
	unit_assert_span(sp_span(room, 16), unit_hex("ffffffff 0040 0001 01020304 04d0 04d0"));
	/* SYN and ACK, [MS-RDPEUDP] 3.1.5.1.2 */
	assert_true(sp_probe_udp_syn_is(unit_hex("01020304 0040 0005 00000001 04d0 04d0")));
	assert_false(sp_probe_udp_syn_is(unit_hex("01020304 0040 0004")));
	assert_false(sp_probe_udp_syn_is(unit_hex("01020304 0040 00")));

	sp_wr_reset(&w);
	sp_probe_udp_dtls_write(&w, random);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	assert_true(sp_probe_udp_dtls_is(sp_span(w.p, w.n)));
	assert_int_equal(room[11] << 8 | room[12], w.n - 13);
	assert_int_equal(room[15] << 8 | room[16], w.n - 25);
	assert_true(sp_probe_udp_dtls_is(unit_hex("15 feff 0000 000000000000 0002 0228")));
	assert_false(sp_probe_udp_dtls_is(unit_hex("15 feff 0000 000000000000 0003 0228")));
	assert_false(sp_probe_udp_dtls_is(unit_hex("15 0303 0000 000000000000 0002 0228")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_http),
			cmocka_unit_test(test_http_endless),
			cmocka_unit_test(test_http_write),
			cmocka_unit_test(test_http_present),
			cmocka_unit_test(test_login),
			cmocka_unit_test(test_login_write),
			cmocka_unit_test(test_mcs),
			cmocka_unit_test(test_udp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
