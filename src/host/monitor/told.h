/* host/monitor/told.h - transfers as they are told: in words, and not more of them than can be borne. */
#ifndef SP_HOST_MONITOR_TOLD_H
#define SP_HOST_MONITOR_TOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "host/monitor/msg.h"

/* Room for the words of any transfer. */
#define SP_TOLD_TEXT_MAX (3 * SP_TEXT_FILE + 256)

/* "clipboard: file, 120 bytes, toward the target, sha256 ..., \"dir/name\"" */
void sp_told_text(char text[SP_TOLD_TEXT_MAX], const struct sp_msg_transfer *t);

/*
 * So many at once, and so many a second in the long run. The receiver bears a little more than
 * the sender sends, so that only one that does not keep to it loses any there.
 */
#define SP_TOLD_BURST 3000
#define SP_TOLD_RATE 100
#define SP_TOLD_RECEIVER 2 /* times as much */

struct sp_told_rate {
	uint64_t at_us; /* when left was right; 0: nothing was told yet */
	uint32_t left;
	uint32_t missed; /* since the last one that was told */
};

/* Whether one more may be told now; if not, it is counted. times: 1, or SP_TOLD_RECEIVER. */
bool sp_told_may(struct sp_told_rate *r, uint32_t times, uint64_t now_us);

#endif
