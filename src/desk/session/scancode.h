/* desk/session/scancode.h - keys as RDP numbers them into keys as evdev's X keycodes do. */
#ifndef SP_DESK_SESSION_SCANCODE_H
#define SP_DESK_SESSION_SCANCODE_H

#include <stdint.h>

enum sp_scancode_prefix {
	SP_SCANCODE_PLAIN,
	SP_SCANCODE_E0,
	SP_SCANCODE_E1
};

/* X keycode (evdev code + 8) of a set 1 scancode; 0 when there is no such key. */
uint8_t sp_scancode_keycode(uint16_t code, enum sp_scancode_prefix prefix);

#endif
