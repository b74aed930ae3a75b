/* core/auth/ntlm.h - the three messages of NTLM and the pairs inside them. */
#ifndef SP_CORE_AUTH_NTLM_H
#define SP_CORE_AUTH_NTLM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/base/wr.h"
#include "core/crypt/crypto.h"
#include "core/crypt/ntlmv2.h"

#define SP_NTLM_MIC 16
#define SP_NTLM_MIC_AT 72 /* where the MIC stands in an AUTHENTICATE_MESSAGE */
#define SP_NTLM_MIN_NT 48 /* proof, header and end of list: anything shorter is no NTLMv2 */
#define SP_NTLM_MAX_TOKEN 8192
#define SP_NTLM_MAX_AV 24

/* [MS-NLMP] 2.2.2.5 NEGOTIATE, the flags we know. */
enum sp_ntlm_flag {
	SP_NTLM_UNICODE = 0x00000001,
	SP_NTLM_REQUEST_TARGET = 0x00000004,
	SP_NTLM_SIGN = 0x00000010,
	SP_NTLM_SEAL = 0x00000020,
	SP_NTLM_NTLM = 0x00000200,
	SP_NTLM_ANONYMOUS = 0x00000800,
	SP_NTLM_ALWAYS_SIGN = 0x00008000,
	SP_NTLM_TARGET_TYPE_SERVER = 0x00020000,
	SP_NTLM_ESS = 0x00080000,
	SP_NTLM_TARGET_INFO = 0x00800000,
	SP_NTLM_VERSION = 0x02000000,
	SP_NTLM_128 = 0x20000000,
	SP_NTLM_KEY_EXCH = 0x40000000,
	SP_NTLM_56 = (int)0x80000000,
};

/* Without one of these there is no session as strong as we want it. */
#define SP_NTLM_REQUIRED \
	((uint32_t)(SP_NTLM_UNICODE | SP_NTLM_SIGN | SP_NTLM_SEAL | SP_NTLM_ESS | SP_NTLM_128 | \
			SP_NTLM_KEY_EXCH))

/* [MS-NLMP] 2.2.2.1 AV_PAIR */
enum sp_ntlm_av_id {
	SP_NTLM_AV_EOL = 0,
	SP_NTLM_AV_NB_COMPUTER = 1,
	SP_NTLM_AV_NB_DOMAIN = 2,
	SP_NTLM_AV_DNS_COMPUTER = 3,
	SP_NTLM_AV_DNS_DOMAIN = 4,
	SP_NTLM_AV_DNS_TREE = 5,
	SP_NTLM_AV_FLAGS = 6,
	SP_NTLM_AV_TIMESTAMP = 7,
	SP_NTLM_AV_SINGLE_HOST = 8,
	SP_NTLM_AV_TARGET_NAME = 9,
	SP_NTLM_AV_CHANNEL_BINDINGS = 10,
};
#define SP_NTLM_AV_FLAG_MIC 0x2u

struct sp_ntlm_av_list {
	size_t n; /* INVARIANT: n <= SP_NTLM_MAX_AV; the end of the list is not counted */
	struct {
		uint16_t id;
		struct sp_span value;
	} pair[SP_NTLM_MAX_AV];
};

/* Spans of everything that is read point into the message. *why is the field that failed. */

/* Reads up to the end of the list; bytes behind it are not looked at. An id may come once. */
sp_nodiscard int sp_ntlm_av_read(struct sp_span in, struct sp_ntlm_av_list *out, const char **why);
/* The value, or NULL. Valid as long as the list. */
const struct sp_span *sp_ntlm_av_find(const struct sp_ntlm_av_list *list, uint16_t id);
void sp_ntlm_av_write(struct sp_wr *w, uint16_t id, struct sp_span value);
/* A name given in UTF-8. */
void sp_ntlm_av_write_name(struct sp_wr *w, uint16_t id, const char *name);

/* [MS-NLMP] 2.2.1.1 NEGOTIATE_MESSAGE; the names in it are of no use to anybody. */
struct sp_ntlm_negotiate {
	uint32_t flags;
};
sp_nodiscard int sp_ntlm_negotiate_read(
		struct sp_span in, struct sp_ntlm_negotiate *out, const char **why);
void sp_ntlm_negotiate_write(struct sp_wr *w, const struct sp_ntlm_negotiate *in);

/* [MS-NLMP] 2.2.1.2 CHALLENGE_MESSAGE; VERSION is always written, and tells nothing. */
struct sp_ntlm_challenge {
	uint32_t flags;
	uint8_t challenge[SP_NTLMV2_CHALLENGE];
	struct sp_span target_name, target_info;
};
sp_nodiscard int sp_ntlm_challenge_read(
		struct sp_span in, struct sp_ntlm_challenge *out, const char **why);
void sp_ntlm_challenge_write(struct sp_wr *w, const struct sp_ntlm_challenge *in);

/* [MS-NLMP] 2.2.1.3 AUTHENTICATE_MESSAGE */
struct sp_ntlm_authenticate {
	uint32_t flags;
	struct sp_span lm, nt, domain, user, workstation, session_key;
	struct sp_span mic; /* empty when the payload begins where it would stand */
};
sp_nodiscard int sp_ntlm_authenticate_read(
		struct sp_span in, struct sp_ntlm_authenticate *out, const char **why);
/* The MIC is written as zeros at SP_NTLM_MIC_AT; in->mic is not looked at. */
void sp_ntlm_authenticate_write(struct sp_wr *w, const struct sp_ntlm_authenticate *in);

/* [MS-NLMP] 2.2.2.8 NTLMv2_RESPONSE with 2.2.2.7 NTLMv2_CLIENT_CHALLENGE */
struct sp_ntlm_response {
	struct sp_span proof, temp;
	uint64_t timestamp;
	struct sp_span challenge;
	struct sp_ntlm_av_list av;
};
sp_nodiscard int sp_ntlm_response_read(
		struct sp_span nt, struct sp_ntlm_response *out, const char **why);

/* MIC over the three messages as they were sent; the 16 bytes in authenticate count as zero. */
void sp_ntlm_mic(const struct sp_crypto *c, const uint8_t exported[SP_NTLMV2_KEY],
		struct sp_span negotiate, struct sp_span challenge, struct sp_span authenticate,
		uint8_t mic[SP_NTLM_MIC]);
/* MsvAvChannelBindings for tls-server-end-point with this hash of the certificate. */
void sp_ntlm_channel_bindings(
		const struct sp_crypto *c, struct sp_span endpoint_hash, uint8_t out[SP_MD5_SIZE]);

/* True when in begins like an NTLM message. */
bool sp_ntlm_is(struct sp_span in);

#endif
