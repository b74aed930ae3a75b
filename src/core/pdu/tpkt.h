/* core/pdu/tpkt.h - where one PDU ends in the stream, and the TPKT header around most of them. */
#ifndef SP_CORE_PDU_TPKT_H
#define SP_CORE_PDU_TPKT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rd.h"
#include "core/base/wr.h"

#define SP_TPKT_HEADER 4
#define SP_TPKT_MIN 7 /* header and the shortest TPDU, [T.123] 8 */
#define SP_TPKT_MAX 0xFFFF /* header included */
/* Peers refuse longer fast-path PDUs although the field has 15 bits: send none. */
#define SP_FASTPATH_SEND_MAX 0x3FFF

/* True when the PDU that begins with this byte is a fast-path one, not a TPKT. */
static inline bool sp_frame_is_fastpath(uint8_t first)
{
	return (first & 3) == 0;
}

/*
 * Total length, header included, of the PDU (TPKT or fast-path) that starts at p, of which n
 * bytes are there. 0: more bytes are needed to know (never more than 4 in all). SP_EFIELD: this
 * is neither, or its length is impossible. The result is at most SP_TPKT_MAX.
 */
sp_nodiscard int sp_frame_length(const uint8_t *p, size_t n);

/* Reads the header; its length must be what r holds, so r is one whole PDU. */
sp_nodiscard int sp_tpkt_read(struct sp_rd *r);
/* Starts a TPKT; returns the mark for sp_tpkt_end(), which fills in the length. */
size_t sp_tpkt_begin(struct sp_wr *w);
void sp_tpkt_end(struct sp_wr *w, size_t mark);

#endif
