/* core/chan/display.h - the messages of the display control channel, both directions. */
#ifndef SP_CORE_CHAN_DISPLAY_H
#define SP_CORE_CHAN_DISPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/rect.h"
#include "core/base/wr.h"

#define SP_DISPLAY_CHANNEL "Microsoft::Windows::RDS::DisplayControl"
#define SP_DISPLAY_MAX_MONITORS 16
#define SP_DISPLAY_MIN_SIDE 200 /* of one monitor */
#define SP_DISPLAY_MAX_SIDE 8192
#define SP_DISPLAY_MAX_SPAN 32766 /* [MS-RDPBCGR] 2.2.1.3.6: of all monitors together */
#define SP_DISPLAY_MONITOR_BYTES 40
/* No message is longer: header, two counts, monitors. */
#define SP_DISPLAY_MAX_MESSAGE (16 + SP_DISPLAY_MAX_MONITORS * SP_DISPLAY_MONITOR_BYTES)

/* [MS-RDPEDISP] 2.2.2.1 DISPLAYCONTROL_CAPS_PDU */
struct sp_display_caps {
	uint32_t max_monitors; /* INVARIANT: >= 1; may exceed SP_DISPLAY_MAX_MONITORS */
	uint32_t factor_a, factor_b;
};

/* [MS-RDPEDISP] 2.2.2.2.1 DISPLAYCONTROL_MONITOR_LAYOUT; what is to be ignored is read as 0. */
struct sp_display_monitor {
	bool primary;
	int32_t left, top; /* INVARIANT: -32768..32767 */
	uint32_t width, height; /* INVARIANT: 200..8192, width even */
	uint32_t physical_width, physical_height; /* millimetres; both 0: not known */
	uint32_t orientation; /* degrees, 0, 90, 180 or 270; width and height are as turned */
	uint32_t desktop_scale, device_scale; /* per cent; both 0: not known */
};

/* [MS-RDPEDISP] 2.2.2.2 DISPLAYCONTROL_MONITOR_LAYOUT_PDU */
struct sp_display_layout {
	size_t n; /* INVARIANT: 1..SP_DISPLAY_MAX_MONITORS */
	struct sp_display_monitor monitor[SP_DISPLAY_MAX_MONITORS];
};

/* Whole messages with their header; r must end with one. Another type is SP_EPROTO. */
sp_nodiscard int sp_display_caps_read(struct sp_rd *r, struct sp_display_caps *out);
void sp_display_caps_write(struct sp_wr *w, const struct sp_display_caps *in);
/* Each monitor by itself is right then; whether they go together is for sp_display_check(). */
sp_nodiscard int sp_display_layout_read(struct sp_rd *r, struct sp_display_layout *out);
void sp_display_layout_write(struct sp_wr *w, const struct sp_display_layout *in);

/*
 * The rules of [MS-RDPEDISP] 2.2.2.2.1 and 3.1.5.2: each monitor is possible; one is primary, at
 * 0, 0; none overlaps another, and each touches one, be it at a corner. NULL, or the rule that is
 * broken; static. For layouts from anywhere.
 */
const char *sp_display_check(const struct sp_display_layout *l);
/* The smallest area around all monitors of a layout that was checked; x and y are not above 0. */
struct sp_rect sp_display_bounds(const struct sp_display_layout *l);
/* Square pixels that a server takes at most. */
uint64_t sp_display_max_area(const struct sp_display_caps *caps);
/* What all monitors show together, in square pixels. */
uint64_t sp_display_area(const struct sp_display_layout *l);

#endif
