/* scan/windows.h - builds of Windows as NTLM tells them, and how long they get updates. */
#ifndef SP_SCAN_WINDOWS_H
#define SP_SCAN_WINDOWS_H

#include <stdbool.h>
#include <stdint.h>

struct sp_scan_windows {
	uint16_t build;
	const char *name; /* every release that tells this build */
	uint32_t ended; /* last day of updates for most editions: 20251014 */
	uint32_t last; /* the same where updates are paid for, or for the edition that has them longest */
	bool bluekeep, dejablue; /* had the flaw as it was shipped */
};

/* NULL for a build that is none of ours. */
const struct sp_scan_windows *sp_scan_windows_of(uint16_t build);

#endif
