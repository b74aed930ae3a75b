/* scan/probe_mcs.h - Standard RDP Security: what a server answers to one set of methods. */
#ifndef SP_SCAN_PROBE_MCS_H
#define SP_SCAN_PROBE_MCS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/base/wr.h"

/* ENCRYPTION_METHOD bits, [MS-RDPBCGR] 2.2.1.3.3 */
#define SP_PROBE_40BIT 0x01u
#define SP_PROBE_128BIT 0x02u
#define SP_PROBE_56BIT 0x08u
#define SP_PROBE_FIPS 0x10u

struct sp_probe_mcs {
	bool accepted;
	uint32_t version; /* of its core data */
	uint32_t method, level;
	uint32_t certificate; /* 1 proprietary, 2 X.509; 0: none */
	uint32_t key_bits;
};

/* An MCS Connect Initial that offers these methods, and no protocol but RDP's own security. */
void sp_probe_mcs_write(struct sp_wr *w, uint32_t methods);
/* The answer, a whole TPKT. */
sp_nodiscard int sp_probe_mcs_read(struct sp_span in, struct sp_probe_mcs *out);

#endif
