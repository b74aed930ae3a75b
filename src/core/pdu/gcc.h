/* core/pdu/gcc.h - GCC conference create request and response, and the blocks in them. */
#ifndef SP_CORE_PDU_GCC_H
#define SP_CORE_PDU_GCC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rd.h"
#include "core/base/wr.h"

#define SP_GCC_MAX_CHANNELS 31
#define SP_GCC_MAX_MONITORS 16

/* Versions of client and server core data */
#define SP_GCC_VERSION_4 0x00080001u
#define SP_GCC_VERSION_5 0x00080004u /* to 8.1 */
#define SP_GCC_VERSION_10 0x00080005u
#define SP_GCC_VERSION_10_12 0x00080011u

/* Client and server multitransport flags */
#define SP_GCC_UDP_FECR 0x001u
#define SP_GCC_UDP_FECL 0x004u
#define SP_GCC_UDP_PREFERRED 0x100u
#define SP_GCC_SOFTSYNC 0x200u

/* [MS-RDPBCGR] 2.2.1.3.1 User Data Header (TS_UD_HEADER) */
enum sp_gcc_type {
	SP_GCC_CS_CORE = 0xC001,
	SP_GCC_CS_SECURITY = 0xC002,
	SP_GCC_CS_NET = 0xC003,
	SP_GCC_CS_CLUSTER = 0xC004,
	SP_GCC_CS_MONITOR = 0xC005,
	SP_GCC_CS_MCS_MSGCHANNEL = 0xC006,
	SP_GCC_CS_MONITOR_EX = 0xC008,
	SP_GCC_CS_MULTITRANSPORT = 0xC00A,
	SP_GCC_SC_CORE = 0x0C01,
	SP_GCC_SC_SECURITY = 0x0C02,
	SP_GCC_SC_NET = 0x0C03,
	SP_GCC_SC_MCS_MSGCHANNEL = 0x0C04,
	SP_GCC_SC_MULTITRANSPORT = 0x0C08,
};

/* What stands around the blocks; gcc_client.h and gcc_server.h use these. */

/* [T.124] ConferenceCreateRequest: reads up to the blocks, which then are all that r holds. */
sp_nodiscard int sp_gcc_request_open(struct sp_rd *r);
/* [T.124] ConferenceCreateResponse: likewise. */
sp_nodiscard int sp_gcc_response_open(struct sp_rd *r);
/* Starts the wrapping; the blocks follow, and end fills in the lengths. */
size_t sp_gcc_request_begin(struct sp_wr *w);
void sp_gcc_request_end(struct sp_wr *w, size_t mark);
size_t sp_gcc_response_begin(struct sp_wr *w);
void sp_gcc_response_end(struct sp_wr *w, size_t mark);

/* The next block's type, with its body in *body; false at the end and after a failure. */
bool sp_gcc_next(struct sp_rd *r, uint16_t *type, struct sp_rd *body);
size_t sp_gcc_block_begin(struct sp_wr *w, enum sp_gcc_type type);
void sp_gcc_block_end(struct sp_wr *w, size_t mark);

#endif
