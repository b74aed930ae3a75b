/* core/pdu/misc.h - the small data PDUs of a running session. */
#ifndef SP_CORE_PDU_MISC_H
#define SP_CORE_PDU_MISC_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/rect.h"
#include "core/base/wr.h"

/*
 * Readers and writers take the body behind the Share Data Header. Shutdown Request and
 * Shutdown Denied have none: sp_share_data_begin() and _end() write them.
 */

/* [MS-RDPBCGR] 2.2.11.3.1 Suppress Output PDU Data (TS_SUPPRESS_OUTPUT_PDU) */
struct sp_misc_suppress {
	bool allow; /* the client wants updates */
	struct sp_rect desk; /* with allow only */
};

sp_nodiscard int sp_misc_suppress_read(struct sp_rd *r, struct sp_misc_suppress *out);
void sp_misc_suppress_write(struct sp_wr *w, const struct sp_misc_suppress *in);

#define SP_MISC_MAX_AREAS 255

/* [MS-RDPBCGR] 2.2.11.2.1 Refresh Rect PDU Data (TS_REFRESH_RECT_PDU); empty areas are left out. */
sp_nodiscard int sp_misc_refresh_read(
		struct sp_rd *r, struct sp_rect area[SP_MISC_MAX_AREAS], size_t *n);
void sp_misc_refresh_write(struct sp_wr *w, const struct sp_rect *area, size_t n);

/* [MS-RDPBCGR] 2.2.9.1.1.5.1 Play Sound PDU Data (TS_PLAY_SOUND_PDU_DATA) */
struct sp_misc_sound {
	uint32_t ms, hz;
};

sp_nodiscard int sp_misc_sound_read(struct sp_rd *r, struct sp_misc_sound *out);
void sp_misc_sound_write(struct sp_wr *w, const struct sp_misc_sound *in);

/* [MS-RDPBCGR] 2.2.8.2.1.1 Set Keyboard Indicators PDU Data; leds: enum sp_input_lock. */
struct sp_misc_leds {
	uint16_t unit, leds;
};

sp_nodiscard int sp_misc_leds_read(struct sp_rd *r, struct sp_misc_leds *out);
void sp_misc_leds_write(struct sp_wr *w, const struct sp_misc_leds *in);

/* [MS-RDPBCGR] 2.2.8.2.2.1 Set Keyboard IME Status PDU Data */
struct sp_misc_ime {
	uint16_t unit;
	uint32_t state, conversion;
};

sp_nodiscard int sp_misc_ime_read(struct sp_rd *r, struct sp_misc_ime *out);
void sp_misc_ime_write(struct sp_wr *w, const struct sp_misc_ime *in);

#define SP_MISC_MAX_MONITORS 16

struct sp_misc_monitor {
	int32_t left, top, right, bottom; /* right and bottom are inclusive */
	bool primary;
};

/* [MS-RDPBCGR] 2.2.12.1 Monitor Layout PDU */
struct sp_misc_monitors {
	size_t n; /* INVARIANT: n <= SP_MISC_MAX_MONITORS */
	struct sp_misc_monitor m[SP_MISC_MAX_MONITORS];
};

sp_nodiscard int sp_misc_monitors_read(struct sp_rd *r, struct sp_misc_monitors *out);
void sp_misc_monitors_write(struct sp_wr *w, const struct sp_misc_monitors *in);

/*
 * The PDUs that are one 32-bit number: Set Error Info (see errinfo.h), Auto-Reconnect Status
 * ([MS-RDPBCGR] 2.2.4.1.1), Status Info (2.2.5.2) and Frame Acknowledge ([MS-RDPRFX] 2.2.3.1).
 */
sp_nodiscard int sp_misc_u32_read(struct sp_rd *r, uint32_t *value);
void sp_misc_u32_write(struct sp_wr *w, uint32_t value);

#endif
