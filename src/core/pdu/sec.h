/* core/pdu/sec.h - the basic security header, which stays under TLS on a few PDUs. */
#ifndef SP_CORE_PDU_SEC_H
#define SP_CORE_PDU_SEC_H

#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/wr.h"

/* [MS-RDPBCGR] 2.2.8.1.1.2.1 Basic (TS_SECURITY_HEADER) */
enum sp_sec_flag {
	SP_SEC_EXCHANGE = 0x0001,
	SP_SEC_TRANSPORT_REQ = 0x0002,
	SP_SEC_TRANSPORT_RSP = 0x0004,
	SP_SEC_ENCRYPT = 0x0008,
	SP_SEC_INFO = 0x0040,
	SP_SEC_LICENSE = 0x0080,
	SP_SEC_LINE = 0x0100, /* ours: core/pdu/line.h */
	SP_SEC_LICENSE_ENCRYPT = 0x0200, /* _CS and _SC are one bit; the direction decides */
	SP_SEC_REDIRECTION = 0x0400,
	SP_SEC_AUTODETECT_REQ = 0x1000,
	SP_SEC_AUTODETECT_RSP = 0x2000,
	SP_SEC_HEARTBEAT = 0x4000,
};

/* Reads 4 bytes; flags keeps the bits above only, since servers set bits nobody defined. */
sp_nodiscard int sp_sec_read(struct sp_rd *r, uint16_t *flags);
void sp_sec_write(struct sp_wr *w, uint16_t flags);

#endif
