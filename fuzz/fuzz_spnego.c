/* fuzz/fuzz_spnego.c - any bytes as either token of SPNEGO; what is read is written back. */
#include <stddef.h>
#include <stdint.h>

#include "core/auth/spnego.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct sp_spnego_init init;
	struct sp_spnego_resp resp, again;
	const char *why = "";
	struct sp_wr w;

	if (sp_spnego_init_read(sp_span(p, n), &init, &why) == SP_OK && !init.mech_types.p) {
		__builtin_trap();
	}
	if (sp_spnego_resp_read(sp_span(p, n), &resp, &why) != SP_OK) {
		return 0;
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
	return 0;
}
