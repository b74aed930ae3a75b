/* fuzz/fuzz_ntlm.c - any bytes as each of the three NTLM messages. */
#include <stddef.h>
#include <stdint.h>

#include "core/auth/ntlm.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Touches both ends, so that a span outside the input is found out. */
static unsigned touch(struct sp_span s)
{
	return s.n > 0 ? (unsigned)s.p[0] + s.p[s.n - 1] : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct sp_span in = sp_span(p, n);
	struct sp_ntlm_negotiate neg;
	struct sp_ntlm_challenge ch;
	struct sp_ntlm_authenticate a;
	struct sp_ntlm_response nt;
	struct sp_ntlm_av_list av;
	const char *why = "";
	volatile unsigned sum = 0;

	if (sp_ntlm_negotiate_read(in, &neg, &why) == SP_OK) {
		sum += neg.flags;
	}
	if (sp_ntlm_challenge_read(in, &ch, &why) == SP_OK) {
		sum += touch(ch.target_name) + touch(ch.target_info);
		if (sp_ntlm_av_read(ch.target_info, &av, &why) == SP_OK) {
			for (size_t i = 0; i < av.n; i++) {
				sum += touch(av.pair[i].value);
			}
		}
	}
	if (sp_ntlm_authenticate_read(in, &a, &why) == SP_OK) {
		sum += touch(a.lm) + touch(a.domain) + touch(a.user) + touch(a.workstation) +
				touch(a.session_key) + touch(a.mic);
		in = a.nt;
	}
	if (sp_ntlm_response_read(in, &nt, &why) == SP_OK) {
		sum += touch(nt.proof) + touch(nt.temp) + touch(nt.challenge);
	}
	return 0;
}
