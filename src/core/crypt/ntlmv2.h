/* core/crypt/ntlmv2.h - the formulas of NTLMv2; no message is parsed here. */
#ifndef SP_CORE_CRYPT_NTLMV2_H
#define SP_CORE_CRYPT_NTLMV2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/crypt/crypto.h"

#define SP_NTLMV2_KEY 16
#define SP_NTLMV2_CHALLENGE 8
#define SP_NTLMV2_LM 24
#define SP_NTLMV2_SIGNATURE 16
#define SP_NTLMV2_MAX_NAME 512 /* bytes of UTF-16LE: 256 units of a user or a domain */
#define SP_NTLMV2_MAX_TEMP 2048 /* bytes of the blob that the client proves */
#define SP_NTLMV2_MAX_PASSWORD 510 /* bytes of UTF-16LE: the 255 units of Windows */

/*
 * All that is needed to check a client's proof, in a fixed size so that it can be handed to a
 * process that has no parser. Names are UTF-16LE exactly as the client sent them.
 */
struct sp_ntlmv2_query {
	uint16_t n_user, n_domain, n_temp; /* INVARIANT: bytes used, each at most its array */
	uint8_t user[SP_NTLMV2_MAX_NAME];
	uint8_t domain[SP_NTLMV2_MAX_NAME];
	uint8_t challenge[SP_NTLMV2_CHALLENGE];
	uint8_t proof[SP_NTLMV2_KEY]; /* NTProofStr */
	uint8_t temp[SP_NTLMV2_MAX_TEMP];
};

/* The direction a session key protects. */
enum sp_ntlmv2_way {
	SP_NTLMV2_TO_SERVER,
	SP_NTLMV2_TO_CLIENT
};

/*
 * The upper case of one UTF-16 unit as Windows' simple one-to-one table has it: Latin, Greek,
 * Cyrillic, Armenian, full width. Everything else is returned as it is.
 */
uint16_t sp_ntlmv2_upper(uint16_t unit);

/* MD4 of the password, given in UTF-8, as UTF-16LE. SP_ELIMIT above 255 units. */
sp_nodiscard int sp_ntlmv2_nt_hash(
		const struct sp_crypto *c, const char *password, uint8_t nt_hash[SP_NTLMV2_KEY]);

/*
 * [MS-NLMP] 3.3.2 NTOWFv2 from the NT hash. user (upper-cased here) and domain (used as it is)
 * are UTF-16LE; SP_ELIMIT when one is longer than SP_NTLMV2_MAX_NAME, SP_EFIELD when it is odd.
 */
sp_nodiscard int sp_ntlmv2_owf(const struct sp_crypto *c, const uint8_t nt_hash[SP_NTLMV2_KEY],
		struct sp_span user, struct sp_span domain, uint8_t owf[SP_NTLMV2_KEY]);

/* NTProofStr: the first 16 bytes of the NT response; temp is the rest of it. */
void sp_ntlmv2_proof(const struct sp_crypto *c, const uint8_t owf[SP_NTLMV2_KEY],
		const uint8_t challenge[SP_NTLMV2_CHALLENGE], struct sp_span temp,
		uint8_t proof[SP_NTLMV2_KEY]);
/* SessionBaseKey, which is the key exchange key of NTLMv2 as well. */
void sp_ntlmv2_base_key(const struct sp_crypto *c, const uint8_t owf[SP_NTLMV2_KEY],
		const uint8_t proof[SP_NTLMV2_KEY], uint8_t base_key[SP_NTLMV2_KEY]);
/* LMv2 response, for servers that send no time stamp. */
void sp_ntlmv2_lm(const struct sp_crypto *c, const uint8_t owf[SP_NTLMV2_KEY],
		const uint8_t server[SP_NTLMV2_CHALLENGE],
		const uint8_t client[SP_NTLMV2_CHALLENGE], uint8_t out[SP_NTLMV2_LM]);

/*
 * What the keeper does: true, and the session base key, when the query was proved by somebody
 * who knows the NT hash; false and a zeroed key otherwise. Takes the same time either way.
 */
sp_nodiscard bool sp_ntlmv2_check(const struct sp_crypto *c, const uint8_t nt_hash[SP_NTLMV2_KEY],
		const struct sp_ntlmv2_query *q, uint8_t base_key[SP_NTLMV2_KEY]);

/* [MS-NLMP] 3.4.5.2 SIGNKEY and 3.4.5.3 SEALKEY, 128 bit with extended session security. */
void sp_ntlmv2_sign_key(const struct sp_crypto *c, const uint8_t exported[SP_NTLMV2_KEY],
		enum sp_ntlmv2_way way, uint8_t key[SP_NTLMV2_KEY]);
void sp_ntlmv2_seal_key(const struct sp_crypto *c, const uint8_t exported[SP_NTLMV2_KEY],
		enum sp_ntlmv2_way way, uint8_t key[SP_NTLMV2_KEY]);

#endif
