/* fuzz/fuzz_probe.c - any bytes as what else a scanned host may say: HTTP, TSRequests, MCS, UDP. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "host/io/cert_view.h"
#include "scan/probe_http.h"
#include "scan/probe_login.h"
#include "scan/probe_mcs.h"
#include "scan/probe_udp.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void ends(const char *text, size_t cap)
{
	if (!memchr(text, 0, cap)) {
		__builtin_trap();
	}
}

static void certificate(struct sp_span in)
{
	static struct sp_cert_roots *roots;
	struct sp_cert_view v;

	roots = roots ? roots : sp_cert_roots_create(sp_span(NULL, 0));
	if (roots && sp_cert_view_read(&in, 1, roots, "host.example", &v) == 0) {
		ends(v.subject, sizeof(v.subject));
		ends(v.serial, sizeof(v.serial));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct sp_span in = sp_span(p, n);
	struct sp_scan_ntlm ntlm;
	struct sp_probe_http http;
	struct sp_probe_mcs mcs;
	uint8_t token[SP_PROBE_HTTP_TOKEN];

	memset(&ntlm, 0, sizeof(ntlm));
	(void)!sp_probe_login_read(in, SP_PROBE_LOGIN_KERBEROS, 0, &ntlm);
	(void)!sp_probe_challenge_read(in, 0, &ntlm);
	ends(ntlm.target, sizeof(ntlm.target));
	ends(ntlm.dns_tree, sizeof(ntlm.dns_tree));
	int size = sp_probe_http_read(in, &http);
	if (size > 0 && (size_t)size > n) {
		__builtin_trap();
	}
	if (size > 0) {
		ends(http.server, sizeof(http.server));
		size_t got = sp_probe_base64_read(http.token, token, sizeof(token));
		if (got > sizeof(token)) {
			__builtin_trap();
		}
	}
	(void)!sp_probe_mcs_read(in, &mcs);
	(void)sp_probe_udp_syn_is(in);
	(void)sp_probe_udp_dtls_is(in);
	certificate(in);
	return 0;
}
