/* core/pdu/mcs.h - MCS (T.125): connect PDUs in BER, domain PDUs in PER, both directions. */
#ifndef SP_CORE_PDU_MCS_H
#define SP_CORE_PDU_MCS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rd.h"
#include "core/base/span.h"
#include "core/base/wr.h"
#include "core/pdu/per.h"

#define SP_MCS_IO_CHANNEL 1003 /* what every server uses; a client goes by SC_NET */
#define SP_MCS_SERVER_USER 1002 /* initiator of what the server itself sends */
#define SP_MCS_SEND_HEADER 15 /* TPKT, X.224 and MCS before the payload, as we write it */
#define SP_MCS_SEND_MAX 0x3FFF /* payload that needs no PER fragments: send no more */
#define SP_MCS_CONNECT_DATA_MAX 4096 /* userData of a connect PDU */

/* Numbers of the DomainMCSPDU choice, [T.125] 7 part 10 */
enum sp_mcs_type {
	SP_MCS_ERECT_DOMAIN_REQUEST = 1,
	SP_MCS_DISCONNECT_ULTIMATUM = 8,
	SP_MCS_ATTACH_USER_REQUEST = 10,
	SP_MCS_ATTACH_USER_CONFIRM = 11,
	SP_MCS_CHANNEL_JOIN_REQUEST = 14,
	SP_MCS_CHANNEL_JOIN_CONFIRM = 15,
	SP_MCS_SEND_DATA_REQUEST = 25, /* client to server */
	SP_MCS_SEND_DATA_INDICATION = 26, /* server to client */
};

/* Reason of a disconnect, [T.125] 7 part 4 */
enum sp_mcs_reason {
	SP_MCS_DOMAIN_DISCONNECTED = 0,
	SP_MCS_PROVIDER_INITIATED = 1,
	SP_MCS_TOKEN_PURGED = 2,
	SP_MCS_USER_REQUESTED = 3,
	SP_MCS_CHANNEL_PURGED = 4,
};

/* Result of a confirm or a connect response, [T.125] 7 part 4; the other numbers up to 15 exist. */
#define SP_MCS_RESULT_SUCCESSFUL 0
#define SP_MCS_RESULT_DOMAIN_NOT_HIERARCHICAL 2
#define SP_MCS_RESULT_NO_SUCH_CHANNEL 3
#define SP_MCS_RESULT_NO_SUCH_USER 5
#define SP_MCS_RESULT_NOT_ADMITTED 6
#define SP_MCS_RESULT_TOO_MANY_CHANNELS 10
#define SP_MCS_RESULT_UNSPECIFIED_FAILURE 14
#define SP_MCS_RESULT_USER_REJECTED 15

/* [T.125] 7 part 2 DomainParameters */
struct sp_mcs_domain {
	uint32_t max_channel_ids, max_user_ids, max_token_ids, num_priorities;
	uint32_t min_throughput, max_height, max_pdu_size, protocol_version;
};

/* [MS-RDPBCGR] 2.2.1.3, [T.125] 11.1 Connect-Initial */
struct sp_mcs_initial {
	bool upward;
	struct sp_mcs_domain target, minimum, maximum;
	struct sp_span data; /* GCC Conference Create Request; borrowed */
};

/* [MS-RDPBCGR] 2.2.1.4, [T.125] 11.2 Connect-Response */
struct sp_mcs_response {
	uint8_t result; /* SP_MCS_RESULT_ */
	uint32_t connect_id;
	struct sp_mcs_domain domain;
	struct sp_span data; /* GCC Conference Create Response; borrowed */
};

/* Any domain PDU; members that the type does not have are zero. */
struct sp_mcs {
	enum sp_mcs_type type;
	uint8_t result; /* of a confirm */
	uint8_t reason; /* of a disconnect: enum sp_mcs_reason, or 5 to 7 */
	uint16_t user; /* initiator; 0 in an attach confirm that carries none */
	uint16_t channel; /* of data; requested, of a join request or confirm */
	uint16_t joined; /* of a join confirm: channelId, 0 when there is none */
	struct sp_span data; /* of send data; borrowed */
};

/* All readers take, and all writers make, the whole PDU with TPKT and X.224 headers. */

sp_nodiscard int sp_mcs_initial_read(struct sp_rd *r, struct sp_mcs_initial *out);
void sp_mcs_initial_write(struct sp_wr *w, const struct sp_mcs_initial *in);
/* What clients ask for ([MS-RDPBCGR] 4.1.3); the data is left empty. */
void sp_mcs_initial_defaults(struct sp_mcs_initial *out);
/* The server's choice among what a client asks for; SP_EFIELD where there is none for RDP. */
sp_nodiscard int sp_mcs_domain_choose(const struct sp_mcs_initial *in, struct sp_mcs_domain *out);
sp_nodiscard int sp_mcs_response_read(struct sp_rd *r, struct sp_mcs_response *out);
void sp_mcs_response_write(struct sp_wr *w, const struct sp_mcs_response *in);

/* Reads any domain PDU; SP_EPROTO for one that RDP does not use. */
sp_nodiscard int sp_mcs_read(struct sp_rd *r, struct sp_mcs *out);
void sp_mcs_erect_domain_write(struct sp_wr *w);
void sp_mcs_attach_request_write(struct sp_wr *w);
/* user is left out unless the result is success. */
void sp_mcs_attach_confirm_write(struct sp_wr *w, uint8_t result, uint16_t user);
void sp_mcs_join_request_write(struct sp_wr *w, uint16_t user, uint16_t channel);
/* The joined channel is the requested one on success and left out otherwise. */
void sp_mcs_join_confirm_write(struct sp_wr *w, uint8_t result, uint16_t user, uint16_t channel);
void sp_mcs_disconnect_write(struct sp_wr *w, enum sp_mcs_reason reason);

/*
 * Starts a Send Data PDU (type is request or indication) whose payload the caller then writes
 * in place; end fills in the lengths. A payload over 0x7FFF bytes fails with SP_ESPACE.
 */
size_t sp_mcs_send_begin(struct sp_wr *w, enum sp_mcs_type type, uint16_t user, uint16_t channel);
void sp_mcs_send_end(struct sp_wr *w, size_t mark);
/* The whole of it for a payload that exists already. */
void sp_mcs_send_write(struct sp_wr *w, enum sp_mcs_type type, uint16_t user, uint16_t channel,
		struct sp_span data);

#endif
