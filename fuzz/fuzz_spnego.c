/* fuzz/fuzz_spnego.c - any bytes as either token of SPNEGO, and as what the machines are given. */
#include <stddef.h>
#include <stdint.h>

#include "core/auth/nego_client.h"
#include "core/auth/nego_server.h"
#include "core/auth/spnego.h"
#include "fake_crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* What is read is written back. */
static void codec(const uint8_t *p, size_t n)
{
	struct sp_spnego_init init;
	struct sp_spnego_resp resp, again;
	const char *why = "";
	struct sp_wr w;

	if (sp_spnego_init_read(sp_span(p, n), &init, &why) == SP_OK && !init.mech_types.p) {
		__builtin_trap();
	}
	if (sp_spnego_resp_read(sp_span(p, n), &resp, &why) != SP_OK) {
		return;
	}
	sp_wr_init(&w, n + 64);
	sp_spnego_resp_write(&w, &resp);
	if (sp_wr_ok(&w) == SP_OK &&
			(sp_spnego_resp_read(sp_span(w.p, w.n), &again, &why) != SP_OK ||
					again.state != resp.state ||
					!sp_span_eq(again.token, resp.token) ||
					!sp_span_eq(again.mic, resp.mic))) {
		__builtin_trap();
	}
	sp_wr_finish(&w);
}

static void machines(struct sp_span in)
{
	static const struct sp_ntlm_client_conf conf = {.user = "u", .password = "p"};
	struct sp_nego_server s;
	struct sp_nego_client c;
	struct sp_wr w;

	sp_wr_init(&w, SP_NTLM_MAX_TOKEN);
	sp_nego_server_init(&s, &fake_crypto, sp_span(NULL, 0));
	if (sp_nego_server_step(&s, in, &w) == SP_NEGO_SEND && w.n == 0) {
		__builtin_trap();
	}
	sp_nego_server_finish(&s);
	if (sp_nego_client_init(&c, &fake_crypto, &conf, true) == SP_OK &&
			sp_nego_client_step(&c, in, &w) == SP_NEGO_SEND &&
			sp_nego_client_step(&c, in, &w) == SP_NEGO_DONE) {
		__builtin_trap();
	}
	sp_nego_client_finish(&c);
	sp_wr_finish(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	codec(p, n);
	machines(sp_span(p, n));
	return 0;
}
