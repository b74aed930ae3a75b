/* core/pdu/multitransport.h - the invitation to UDP, and the answer to it. */
#ifndef SP_CORE_PDU_MULTITRANSPORT_H
#define SP_CORE_PDU_MULTITRANSPORT_H

#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/wr.h"

enum sp_multitransport_protocol {
	SP_MULTITRANSPORT_RELIABLE = 0x01,
	SP_MULTITRANSPORT_LOSSY = 0x02,
};

#define SP_MULTITRANSPORT_OK 0x00000000u
#define SP_MULTITRANSPORT_ABORT 0x80004004u /* E_ABORT, what a client without UDP says */

/* [MS-RDPBCGR] 2.2.15.1 Server Initiate Multitransport Request PDU, behind its security header */
struct sp_multitransport_request {
	uint32_t id;
	uint16_t protocol; /* enum sp_multitransport_protocol */
	uint8_t cookie[16];
};

sp_nodiscard int sp_multitransport_request_read(
		struct sp_rd *r, struct sp_multitransport_request *out);
void sp_multitransport_request_write(struct sp_wr *w, const struct sp_multitransport_request *in);

/* [MS-RDPBCGR] 2.2.15.2 Client Initiate Multitransport Response PDU, behind its security header */
struct sp_multitransport_response {
	uint32_t id;
	uint32_t result; /* hrResponse */
};

sp_nodiscard int sp_multitransport_response_read(
		struct sp_rd *r, struct sp_multitransport_response *out);
void sp_multitransport_response_write(struct sp_wr *w, const struct sp_multitransport_response *in);

#endif
