/* core/auth/spnego.h - the two tokens of SPNEGO as RFC 4178 and [MS-SPNG] have them. */
#ifndef SP_CORE_AUTH_SPNEGO_H
#define SP_CORE_AUTH_SPNEGO_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/base/wr.h"

#define SP_SPNEGO_MAX_MECHS 16

/* RFC 4178 4.2.2 negState */
enum sp_spnego_state {
	SP_SPNEGO_COMPLETED = 0,
	SP_SPNEGO_INCOMPLETE = 1,
	SP_SPNEGO_REJECT = 2,
	SP_SPNEGO_REQUEST_MIC = 3,
	SP_SPNEGO_ABSENT, /* the field is optional */
};

/* RFC 4178 4.2.1 NegTokenInit in its GSS frame. Spans point into the token; NULL when absent. */
struct sp_spnego_init {
	struct sp_span mech_types; /* the whole MechTypeList with its header: what the MIC is over */
	bool has_ntlm, ntlm_first;
	struct sp_span mech_token; /* for the first mechanism */
};

/* RFC 4178 4.2.2 NegTokenResp */
struct sp_spnego_resp {
	enum sp_spnego_state state;
	bool has_mech, mech_is_ntlm;
	struct sp_span token, mic;
};

/* *why is the field that failed. */
sp_nodiscard int sp_spnego_init_read(
		struct sp_span in, struct sp_spnego_init *out, const char **why);
/* Offers NTLM alone. */
void sp_spnego_init_write(struct sp_wr *w, struct sp_span mech_token);
/* The MechTypeList that sp_spnego_init_write sends. */
struct sp_span sp_spnego_our_mechs(void);

sp_nodiscard int sp_spnego_resp_read(
		struct sp_span in, struct sp_spnego_resp *out, const char **why);
/* The mechanism, if it is to be written at all, is NTLM. */
void sp_spnego_resp_write(struct sp_wr *w, const struct sp_spnego_resp *in);

#endif
