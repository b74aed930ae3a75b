/* core/auth/ntlm_session.h - signing and sealing once NTLM has agreed on a key. */
#ifndef SP_CORE_AUTH_NTLM_SESSION_H
#define SP_CORE_AUTH_NTLM_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/base/wr.h"
#include "core/crypt/crypto.h"
#include "core/crypt/ntlmv2.h"

/* One direction. The RC4 stream runs on from message to message, as does the number. */
struct sp_ntlm_stream {
	uint8_t sign_key[SP_NTLMV2_KEY];
	struct sp_rc4 seal;
	uint32_t number;
};

struct sp_ntlm_session {
	const struct sp_crypto *crypto;
	struct sp_ntlm_stream out, in;
};

/* out is the direction in which this side sends. Wipe the whole with sp_wipe. */
void sp_ntlm_session_init(struct sp_ntlm_session *s, const struct sp_crypto *c,
		const uint8_t exported[SP_NTLMV2_KEY], enum sp_ntlmv2_way out);

/* [MS-NLMP] 3.4.6 GSS_WrapEx: appends the signature and the sealed bytes. */
void sp_ntlm_session_seal(struct sp_ntlm_session *s, struct sp_span plain, struct sp_wr *w);
/*
 * 3.4.7 GSS_UnwrapEx: writes in.n - SP_NTLMV2_SIGNATURE bytes to plain. SP_ESHORT without room
 * for a signature, SP_EAUTH when it does not fit; plain is wiped then.
 */
sp_nodiscard int sp_ntlm_session_unseal(
		struct sp_ntlm_session *s, struct sp_span in, uint8_t *plain);

/*
 * 3.4.8 and 3.4.9 GSS_GetMICEx and GSS_VerifyMICEx as SPNEGO uses them for its mechListMIC:
 * the RC4 stream is rewound afterwards, the number is not ([MS-SPNG] 3.2.5.1).
 */
void sp_ntlm_session_mic(
		struct sp_ntlm_session *s, struct sp_span data, uint8_t mic[SP_NTLMV2_SIGNATURE]);
sp_nodiscard bool sp_ntlm_session_mic_ok(
		struct sp_ntlm_session *s, struct sp_span data, struct sp_span mic);

#endif
