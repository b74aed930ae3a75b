/* client/keys.h - names of keys, as people write them, and the scancodes of a US keyboard. */
#ifndef SP_CLIENT_KEYS_H
#define SP_CLIENT_KEYS_H

#include <stddef.h>

#include "core/base/attr.h"
#include "core/pdu/input.h"

#define SP_KEYS_MAX 8 /* held down together */

/*
 * "Ctrl+Alt+Delete", "a", "F5", without letter case: the events that press them in that order and
 * let them go in the other; returns how many, 0 when a name is none or too many are named.
 */
size_t sp_keys_chord(const char *text, struct sp_input_event out[2 * SP_KEYS_MAX]);

#endif
