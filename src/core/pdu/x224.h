/* core/pdu/x224.h - X.224 class 0: connection request and confirm with negotiation, data. */
#ifndef SP_CORE_PDU_X224_H
#define SP_CORE_PDU_X224_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rd.h"
#include "core/base/span.h"
#include "core/base/wr.h"

#define SP_X224_CONNECT_MAX 259 /* a request or confirm with its TPKT header */
#define SP_X224_DATA_HEADER 7 /* TPKT header and data TPDU header */

/* requestedProtocols (a set) and selectedProtocol (one of them) */
#define SP_PROTO_RDP 0x00u
#define SP_PROTO_SSL 0x01u
#define SP_PROTO_HYBRID 0x02u
#define SP_PROTO_RDSTLS 0x04u
#define SP_PROTO_HYBRID_EX 0x08u
#define SP_PROTO_RDSAAD 0x10u

/* RDP_NEG_REQ flags */
#define SP_X224_REQ_RESTRICTED_ADMIN 0x01u
#define SP_X224_REQ_REDIRECTED_AUTH 0x02u
#define SP_X224_REQ_CORRELATION 0x08u

/* RDP_NEG_RSP flags */
#define SP_X224_RSP_EXTENDED_CLIENT_DATA 0x01u
#define SP_X224_RSP_DYNVC_GFX 0x02u
#define SP_X224_RSP_RESTRICTED_ADMIN 0x08u
#define SP_X224_RSP_REDIRECTED_AUTH 0x10u

/* RDP_NEG_FAILURE failureCode */
enum sp_x224_failure {
	SP_X224_SSL_REQUIRED = 1,
	SP_X224_SSL_NOT_ALLOWED = 2,
	SP_X224_SSL_CERT_NOT_ON_SERVER = 3,
	SP_X224_INCONSISTENT_FLAGS = 4,
	SP_X224_HYBRID_REQUIRED = 5,
	SP_X224_SSL_WITH_USER_AUTH_REQUIRED = 6,
};

/* [MS-RDPBCGR] 2.2.1.1 Client X.224 Connection Request PDU */
struct sp_x224_request {
	struct sp_span cookie; /* IDENTIFIER of "Cookie: mstshash=IDENTIFIER"; borrowed */
	struct sp_span token; /* routingToken without its CR LF; borrowed. Excludes the cookie. */
	bool has_neg; /* RDP_NEG_REQ is there; without it protocols is SP_PROTO_RDP */
	uint8_t flags;
	uint32_t protocols; /* bits we do not know stay in */
	bool has_correlation;
	uint8_t correlation_id[16];
};

enum sp_x224_confirm_kind {
	SP_X224_CONFIRM_PLAIN, /* no negotiation data: an old server, standard security */
	SP_X224_CONFIRM_RESPONSE,
	SP_X224_CONFIRM_FAILURE,
};

/* [MS-RDPBCGR] 2.2.1.2 Server X.224 Connection Confirm PDU */
struct sp_x224_confirm {
	enum sp_x224_confirm_kind kind;
	uint8_t flags; /* of a response */
	uint32_t selected; /* of a response; INVARIANT: exactly one SP_PROTO_ value */
	uint32_t failure; /* of a failure; a peer may send codes that are not in the list */
};

/*
 * All four take or make the whole PDU with its TPKT header. A writer fails with SP_EARG where
 * the fields cannot be expressed (cookie and token together, a line end inside, too long).
 */
sp_nodiscard int sp_x224_request_read(struct sp_rd *r, struct sp_x224_request *out);
void sp_x224_request_write(struct sp_wr *w, const struct sp_x224_request *in);
sp_nodiscard int sp_x224_confirm_read(struct sp_rd *r, struct sp_x224_confirm *out);
void sp_x224_confirm_write(struct sp_wr *w, const struct sp_x224_confirm *in);

/* "the server requires CredSSP"; static, also for codes that are not in the list. */
const char *sp_x224_failure_text(uint32_t code);
/* "hybrid-ex" for one protocol, "unknown" for anything else; static. */
const char *sp_x224_protocol_name(uint32_t protocol);

/* TPKT header and data TPDU header; r then holds the payload. */
sp_nodiscard int sp_x224_data_read(struct sp_rd *r);
/* Starts a TPKT with a data TPDU; the payload is written in place. */
size_t sp_x224_data_begin(struct sp_wr *w);
void sp_x224_data_end(struct sp_wr *w, size_t mark);

#endif
