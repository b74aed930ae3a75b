/* core/pdu/input.h - one kind of input event for both paths, and the slow-path input PDU. */
#ifndef SP_CORE_PDU_INPUT_H
#define SP_CORE_PDU_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/wr.h"

enum sp_input_kind {
	SP_INPUT_SCANCODE,
	SP_INPUT_UNICODE,
	SP_INPUT_MOUSE,
	SP_INPUT_MOUSEX,
	SP_INPUT_MOUSEREL,
	SP_INPUT_SYNC,
	SP_INPUT_QOE, /* fast path only */
	SP_INPUT_UNUSED, /* slow path INPUT_EVENT_UNUSED: nothing to do */
};

/* Bits of key, the same for both paths. */
enum sp_input_key {
	SP_KEY_RELEASE = 1,
	SP_KEY_EXTENDED = 2, /* E0 */
	SP_KEY_EXTENDED1 = 4, /* E1: Pause only */
	SP_KEY_REPEAT = 8, /* slow path says so with KBDFLAGS_DOWN; the fast path cannot */
};

/* pointerFlags of MOUSE, [MS-RDPBCGR] 2.2.8.1.1.3.1.1.3; the same numbers as on the wire. */
enum sp_input_mouse {
	SP_MOUSE_WHEEL_MASK = 0x01FF,
	SP_MOUSE_WHEEL_NEGATIVE = 0x0100,
	SP_MOUSE_WHEEL = 0x0200,
	SP_MOUSE_HWHEEL = 0x0400,
	SP_MOUSE_MOVE = 0x0800,
	SP_MOUSE_BUTTON1 = 0x1000, /* left */
	SP_MOUSE_BUTTON2 = 0x2000, /* right */
	SP_MOUSE_BUTTON3 = 0x4000, /* middle */
	SP_MOUSE_DOWN = 0x8000,
	/* pointerFlags of MOUSEX and of MOUSEREL */
	SP_MOUSEX_BUTTON1 = 0x0001,
	SP_MOUSEX_BUTTON2 = 0x0002,
};

enum sp_input_lock {
	SP_LOCK_SCROLL = 1,
	SP_LOCK_NUM = 2,
	SP_LOCK_CAPS = 4,
	SP_LOCK_KANA = 8,
};

struct sp_input_event {
	enum sp_input_kind kind;
	uint8_t key; /* SCANCODE, UNICODE: enum sp_input_key */
	uint16_t code; /* SCANCODE: 0..255; UNICODE: one UTF-16 unit */
	uint16_t flags; /* MOUSE, MOUSEX, MOUSEREL: pointerFlags; SYNC: enum sp_input_lock */
	int32_t x, y; /* MOUSE, MOUSEX: 0..65535; MOUSEREL: signed distance */
	uint32_t time_ms; /* QOE */
};

/* Rotation of a WHEEL or HWHEEL event, -256..255; one notch is 120, away from the user > 0. */
int sp_input_wheel(const struct sp_input_event *ev);
/* pointerFlags of a turn by n (cut to -255..255), kind MOUSE, SP_MOUSE_WHEEL or _HWHEEL. */
uint16_t sp_input_wheel_flags(int n, bool horizontal);

#define SP_INPUT_MAX 5460 /* events of 12 bytes in the largest slow-path PDU */

/*
 * [MS-RDPBCGR] 2.2.8.1.1.3 Client Input Event PDU (TS_INPUT_PDU), the body behind the Share
 * Data Header. Read the count (at most SP_INPUT_MAX), then that many events, then sp_rd_end().
 */
sp_nodiscard int sp_input_read(struct sp_rd *r, size_t *n);
sp_nodiscard int sp_input_event_read(struct sp_rd *r, struct sp_input_event *out);
/* Events that the slow path has no form for (QOE) are left out. */
void sp_input_write(struct sp_wr *w, const struct sp_input_event *ev, size_t n);

#endif
