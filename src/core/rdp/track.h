/* core/rdp/track.h - what a person did at a desktop of ours that the next one has to know of. */
#ifndef SP_CORE_RDP_TRACK_H
#define SP_CORE_RDP_TRACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rect.h"
#include "core/pdu/input.h"

#define SP_TRACK_KEYS 512 /* scancodes, and as many with E0 */

struct sp_track {
	uint32_t down[SP_TRACK_KEYS / 32]; /* keys whose release is still to come */
	size_t n_down;
	uint32_t buttons; /* the same for buttons of the mouse */
	bool synced; /* the client has said which locks are on */
	uint16_t locks; /* enum sp_input_lock */
	bool suppressed; /* the client does not look */
};

/* An event that went to our own desktop. */
void sp_track_input(struct sp_track *t, const struct sp_input_event *ev);
/*
 * An event that is to go to the next desktop. False when it may not: the release of what was
 * pressed at ours.
 */
bool sp_track_pass(struct sp_track *t, const struct sp_input_event *ev);

#endif
