/* core/pdu/line.h - what the gate and a desktop of this machine say to each other about a client's line. */
#ifndef SP_CORE_PDU_LINE_H
#define SP_CORE_PDU_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/wr.h"

/*
 * Ours, not Microsoft's: on the message channel between those two only, behind a security header
 * with SP_SEC_LINE. No client and no other target ever sees one.
 */

/* Of the desktop: tell me when what I sent before this has gone to the client. */
sp_nodiscard int sp_line_mark_read(struct sp_rd *r, uint32_t *id);
void sp_line_mark_write(struct sp_wr *w, uint32_t id);

/* Of the gate: the newest mark for which that is so; and, with mark 0, before anybody asks. */
struct sp_line {
	uint32_t mark;
	uint32_t rtt_us, rtt_min_us; /* round trip now, and the shortest one; 0: not known */
	uint64_t rate; /* bytes per second, 0: not known */
	bool limited; /* by what there was to send: the line may carry more */
	uint32_t unsent; /* bytes that wait at the gate */
};

sp_nodiscard int sp_line_read(struct sp_rd *r, struct sp_line *out);
void sp_line_write(struct sp_wr *w, const struct sp_line *in);

#endif
