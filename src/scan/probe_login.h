/* scan/probe_login.h - how far a login may go without a name: to the server's challenge. */
#ifndef SP_SCAN_PROBE_LOGIN_H
#define SP_SCAN_PROBE_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/base/wr.h"
#include "scan/facts.h"

enum sp_probe_login {
	SP_PROBE_LOGIN_SPNEGO, /* NTLM in SPNEGO, as clients of today */
	SP_PROBE_LOGIN_NTLM, /* NTLM alone */
	SP_PROBE_LOGIN_KERBEROS, /* SPNEGO that would rather have Kerberos; no token */
};

/* [MS-NLMP] 2.2.1.1 NEGOTIATE_MESSAGE without any name. */
void sp_probe_ntlm_write(struct sp_wr *w);
/* [MS-CSSP] 2.2.1 TSRequest with the first token. */
void sp_probe_login_write(struct sp_wr *w, enum sp_probe_login how);

/* A CHALLENGE_MESSAGE into out; now_ms: since 1970, when it came. */
sp_nodiscard int sp_probe_challenge_read(
		struct sp_span in, int64_t now_ms, struct sp_scan_ntlm *out);
/* The server's TSRequest, which is whole. out->kerberos only for that question. */
sp_nodiscard int sp_probe_login_read(struct sp_span in, enum sp_probe_login how, int64_t now_ms,
		struct sp_scan_ntlm *out);

#endif
