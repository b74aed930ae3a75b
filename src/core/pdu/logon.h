/* core/pdu/logon.h - Save Session Info: who is logged on, and the auto-reconnect cookie. */
#ifndef SP_CORE_PDU_LOGON_H
#define SP_CORE_PDU_LOGON_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/wr.h"

#define SP_LOGON_DOMAIN 772 /* 256 UTF-16 units as UTF-8 and a NUL */
#define SP_LOGON_USER 772

/* [MS-RDPBCGR] 2.2.10.1.1 infoType */
enum sp_logon_type {
	SP_LOGON_V1 = 0,
	SP_LOGON_V2 = 1,
	SP_LOGON_PLAIN_NOTIFY = 2,
	SP_LOGON_EXTENDED = 3,
};

/* [MS-RDPBCGR] 2.2.10.1.1 Save Session Info PDU Data (TS_SAVE_SESSION_INFO_PDU_DATA) */
struct sp_logon {
	uint32_t type; /* enum sp_logon_type */
	/* V1, V2 */
	uint32_t session_id;
	char domain[SP_LOGON_DOMAIN];
	char user[SP_LOGON_USER];
	/* EXTENDED */
	bool has_cookie; /* 2.2.4.2 Server Auto-Reconnect Packet (ARC_SC_PRIVATE_PACKET) */
	uint32_t cookie_logon_id;
	uint8_t cookie[16]; /* ArcRandomBits: a secret; wipe it */
	bool has_error; /* 2.2.10.1.1.4.1.1 Logon Errors Info (TS_LOGON_ERRORS_INFO) */
	uint32_t error_type, error_data;
};

/*
 * The body behind the Share Data Header. Padding at the end may be missing or too long, as
 * real servers have it.
 */
sp_nodiscard int sp_logon_read(struct sp_rd *r, struct sp_logon *out);
void sp_logon_write(struct sp_wr *w, const struct sp_logon *in);

#endif
