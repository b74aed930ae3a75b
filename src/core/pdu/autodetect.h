/* core/pdu/autodetect.h - round trip and bandwidth measurement, and the heartbeat. */
#ifndef SP_CORE_PDU_AUTODETECT_H
#define SP_CORE_PDU_AUTODETECT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/wr.h"

/* [MS-RDPBCGR] 2.2.14.1 requestType and 2.2.14.2 responseType */
enum sp_autodetect_type {
	/* requests, server to client */
	SP_AD_RTT_REQUEST = 0x0001,
	SP_AD_RTT_REQUEST_CONNECT = 0x1001,
	SP_AD_BW_START = 0x0014,
	SP_AD_BW_START_LOSSY = 0x0114,
	SP_AD_BW_START_CONNECT = 0x1014,
	SP_AD_BW_PAYLOAD = 0x0002,
	SP_AD_BW_STOP = 0x0429,
	SP_AD_BW_STOP_LOSSY = 0x0629,
	SP_AD_BW_STOP_CONNECT = 0x002B, /* with payload */
	SP_AD_NETCHAR_RTT = 0x0840, /* base_rtt, average_rtt */
	SP_AD_NETCHAR_BW = 0x0880, /* bandwidth, average_rtt */
	SP_AD_NETCHAR_ALL = 0x08C0,
	/* responses, client to server */
	SP_AD_RTT_RESPONSE = 0x0000,
	SP_AD_BW_RESULTS = 0x000B,
	SP_AD_BW_RESULTS_CONNECT = 0x0003,
	SP_AD_NETCHAR_SYNC = 0x0018, /* bandwidth, average_rtt */
};

struct sp_autodetect {
	bool response;
	uint16_t type; /* enum sp_autodetect_type of that direction */
	uint16_t sequence;
	uint32_t base_rtt, average_rtt; /* ms */
	uint32_t bandwidth; /* kbit/s */
	uint32_t time_delta; /* ms */
	uint32_t byte_count;
	struct sp_span payload; /* of BW_PAYLOAD and BW_STOP_CONNECT; borrowed */
};

/* r stands behind the security header with SP_SEC_AUTODETECT_REQ or _RSP. */
sp_nodiscard int sp_autodetect_read(struct sp_rd *r, struct sp_autodetect *out);
/* Without security header. */
void sp_autodetect_write(struct sp_wr *w, const struct sp_autodetect *in);

/* [MS-RDPBCGR] 2.2.16.1 Server Heartbeat PDU, behind a security header with SP_SEC_HEARTBEAT */
struct sp_autodetect_heartbeat {
	uint8_t period; /* seconds */
	uint8_t warn, reconnect; /* count1, count2: missed ones */
};

sp_nodiscard int sp_autodetect_heartbeat_read(struct sp_rd *r, struct sp_autodetect_heartbeat *out);
void sp_autodetect_heartbeat_write(struct sp_wr *w, const struct sp_autodetect_heartbeat *in);

#endif
