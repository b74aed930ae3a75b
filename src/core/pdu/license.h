/* core/pdu/license.h - licensing messages: the short way out, and the full exchange's forms. */
#ifndef SP_CORE_PDU_LICENSE_H
#define SP_CORE_PDU_LICENSE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/wr.h"

/* [MS-RDPBCGR] 2.2.1.12.1.1 bMsgType */
enum sp_license_type {
	SP_LICENSE_REQUEST = 0x01,
	SP_LICENSE_CHALLENGE = 0x02,
	SP_LICENSE_NEW = 0x03,
	SP_LICENSE_UPGRADE = 0x04,
	SP_LICENSE_INFO = 0x12,
	SP_LICENSE_NEW_REQUEST = 0x13,
	SP_LICENSE_CHALLENGE_RESPONSE = 0x15,
	SP_LICENSE_ERROR = 0xFF,
};

enum sp_license_error_code {
	SP_LICENSE_ERR_INVALID_SERVER_CERTIFICATE = 1,
	SP_LICENSE_ERR_NO_LICENSE = 2,
	SP_LICENSE_ERR_INVALID_MAC = 3,
	SP_LICENSE_ERR_INVALID_SCOPE = 4,
	SP_LICENSE_ERR_NO_LICENSE_SERVER = 6,
	SP_LICENSE_STATUS_VALID_CLIENT = 7,
	SP_LICENSE_ERR_INVALID_CLIENT = 8,
	SP_LICENSE_ERR_INVALID_PRODUCTID = 11,
	SP_LICENSE_ERR_INVALID_MESSAGE_LEN = 12,
};

enum sp_license_state {
	SP_LICENSE_TOTAL_ABORT = 1,
	SP_LICENSE_NO_TRANSITION = 2,
	SP_LICENSE_RESET_PHASE_TO_START = 3,
	SP_LICENSE_RESEND_LAST_MESSAGE = 4,
};

#define SP_LICENSE_EXTENDED_ERROR 0x80 /* EXTENDED_ERROR_MSG_SUPPORTED of the preamble */
#define SP_LICENSE_RANDOM 32
#define SP_LICENSE_PREMASTER 48
#define SP_LICENSE_MAC 16
#define SP_LICENSE_HWID 20
#define SP_LICENSE_KEY_EXCHANGE_RSA 0x00000001
#define SP_LICENSE_MAX_SCOPES 16

/* [MS-RDPELE] 2.2.2.1.1 Product Information (PRODUCT_INFO); names are UTF-16LE as sent. */
struct sp_license_product {
	uint32_t version;
	struct sp_span company, id;
};

/* [MS-RDPELE] 2.2.2.1 Server License Request (SERVER_LICENSE_REQUEST) */
struct sp_license_request {
	uint8_t server_random[SP_LICENSE_RANDOM];
	struct sp_license_product product;
	struct sp_span key_exchange; /* blob of 32-bit algorithm numbers */
	struct sp_span certificate; /* SERVER_CERTIFICATE; empty when it came in GCC */
	size_t n_scopes; /* INVARIANT: n_scopes <= SP_LICENSE_MAX_SCOPES */
	struct sp_span scope[SP_LICENSE_MAX_SCOPES];
};

/* [MS-RDPELE] 2.2.2.4 Server Platform Challenge (SERVER_PLATFORM_CHALLENGE) */
struct sp_license_challenge {
	uint32_t connect_flags;
	struct sp_span encrypted;
	uint8_t mac[SP_LICENSE_MAC];
};

/* [MS-RDPELE] 2.2.2.6 and 2.2.2.7 SERVER_UPGRADE_LICENSE, SERVER_NEW_LICENSE */
struct sp_license_grant {
	struct sp_span encrypted; /* of NEW_LICENSE_INFO */
	uint8_t mac[SP_LICENSE_MAC];
};

/* [MS-RDPBCGR] 2.2.1.12.1.3 Licensing Error Message (LICENSE_ERROR_MESSAGE) */
struct sp_license_error {
	uint32_t code; /* enum sp_license_error_code */
	uint32_t state; /* enum sp_license_state */
	struct sp_span info;
};

/* [MS-RDPELE] 2.2.2.2 Client New License Request (CLIENT_NEW_LICENSE_REQUEST) */
struct sp_license_new_request {
	uint32_t key_exchange; /* SP_LICENSE_KEY_EXCHANGE_RSA */
	uint32_t platform; /* PlatformId */
	uint8_t client_random[SP_LICENSE_RANDOM];
	struct sp_span premaster; /* encrypted, with its 8 bytes of padding */
	struct sp_span user, machine; /* ANSI with NUL */
};

/* [MS-RDPELE] 2.2.2.3 Client License Information (CLIENT_LICENSE_INFO) */
struct sp_license_info {
	uint32_t key_exchange, platform;
	uint8_t client_random[SP_LICENSE_RANDOM];
	struct sp_span premaster;
	struct sp_span license;
	struct sp_span hwid; /* encrypted CLIENT_HARDWARE_ID */
	uint8_t mac[SP_LICENSE_MAC];
};

/* [MS-RDPELE] 2.2.2.5 Client Platform Challenge Response */
struct sp_license_response {
	struct sp_span response; /* encrypted PLATFORM_CHALLENGE_RESPONSE_DATA */
	struct sp_span hwid; /* encrypted CLIENT_HARDWARE_ID */
	uint8_t mac[SP_LICENSE_MAC];
};

/* Any licensing message; type says which member is filled. Spans are borrowed. */
struct sp_license {
	uint8_t type; /* enum sp_license_type */
	uint8_t flags; /* of the preamble: version in the low four bits, SP_LICENSE_EXTENDED_ERROR */
	union {
		struct sp_license_request request;
		struct sp_license_challenge challenge;
		struct sp_license_grant grant; /* NEW and UPGRADE */
		struct sp_license_error error;
		struct sp_license_new_request new_request;
		struct sp_license_info info;
		struct sp_license_response response;
	} u;
};

/* r stands behind the security header and ends with the message. */
sp_nodiscard int sp_license_read(struct sp_rd *r, struct sp_license *out);
/* Without security header, with a preamble of version 3.0 and in->flags' other bits. */
void sp_license_write(struct sp_wr *w, const struct sp_license *in);
/* What a server says that wants no licences: STATUS_VALID_CLIENT, and no extended-error flag. */
void sp_license_write_valid(struct sp_wr *w);
/* An error alert from the client, which ends the exchange or asks to go on. */
void sp_license_write_error(
		struct sp_wr *w, enum sp_license_error_code code, enum sp_license_state state);

/* [MS-RDPELE] 2.2.2.3.1 Client Hardware Identification (CLIENT_HARDWARE_ID), before encryption. */
void sp_license_hwid_write(struct sp_wr *w, uint32_t platform, const uint32_t data[4]);

/* [MS-RDPELE] 2.2.2.5.1 Platform Challenge Response Data, before encryption. */
struct sp_license_response_data {
	uint16_t version; /* 0x0100 */
	uint16_t client_type; /* 0x0100 */
	uint16_t detail_level; /* 0x0003 */
	struct sp_span challenge;
};

sp_nodiscard int sp_license_response_data_read(
		struct sp_rd *r, struct sp_license_response_data *out);
void sp_license_response_data_write(struct sp_wr *w, const struct sp_license_response_data *in);

/* [MS-RDPELE] 2.2.2.6.1 New License Information (NEW_LICENSE_INFO), after decryption. */
struct sp_license_new_info {
	uint32_t version;
	struct sp_span scope, company, product; /* scope ANSI; the others UTF-16LE */
	struct sp_span license;
};

sp_nodiscard int sp_license_new_info_read(struct sp_rd *r, struct sp_license_new_info *out);
void sp_license_new_info_write(struct sp_wr *w, const struct sp_license_new_info *in);

#endif
