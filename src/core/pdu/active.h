/* core/pdu/active.h - Demand Active and Confirm Active, around their capability sets. */
#ifndef SP_CORE_PDU_ACTIVE_H
#define SP_CORE_PDU_ACTIVE_H

#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/wr.h"
#include "core/pdu/caps.h"

#define SP_ACTIVE_ORIGINATOR 0x03EA /* the server's channel, in every Confirm Active */

/*
 * [MS-RDPBCGR] 2.2.1.13.1.1 Demand Active PDU Data (TS_DEMAND_ACTIVE_PDU) and 2.2.1.13.2.1
 * Confirm Active PDU Data (TS_CONFIRM_ACTIVE_PDU), behind the Share Control Header. Spans are
 * borrowed from the input.
 */
struct sp_active {
	uint32_t share_id;
	struct sp_span source; /* sourceDescriptor, often "RDP" or "MSTSC" with a NUL */
	uint16_t n; /* numberCapabilities, <= SP_CAPS_MAX_SETS */
	struct sp_span sets; /* as they are; for sp_caps_read() or sp_caps_next() */
	uint32_t session_id; /* Demand Active only; 0 when left out */
};

/* body is that of a struct sp_share. Walks the sets once, so that sets has n of them. */
sp_nodiscard int sp_active_demand_read(struct sp_rd *body, struct sp_active *out);
/* Also refuses any originatorId but SP_ACTIVE_ORIGINATOR. */
sp_nodiscard int sp_active_confirm_read(struct sp_rd *body, struct sp_active *out);

/*
 * The whole PDU with its Share Control Header. The sets are those of caps, or with caps NULL
 * in->n sets in in->sets as they are. in->source may be empty: a lone NUL is written then.
 */
void sp_active_demand_write(struct sp_wr *w, uint16_t pdu_source, const struct sp_active *in,
		const struct sp_caps *caps);
void sp_active_confirm_write(struct sp_wr *w, uint16_t pdu_source, const struct sp_active *in,
		const struct sp_caps *caps);

#endif
