/* desk/session/keymap.h - which key of the X server gives which character, and spare keys. */
#ifndef SP_DESK_SESSION_KEYMAP_H
#define SP_DESK_SESSION_KEYMAP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "desk/session/xlink.h"

struct sp_keymap;

/* Levels of a key: none, Shift, Level 3 (AltGr), both. */
enum sp_keymap_level {
	SP_KEYMAP_SHIFT = 1,
	SP_KEYMAP_LEVEL3 = 2
};

/* Borrows the link. */
sp_nodiscard int sp_keymap_create(struct sp_xlink *x, struct sp_keymap **out);
/* Gives the borrowed keys back. */
void sp_keymap_destroy(struct sp_keymap *k);

/* Reads the map again when it has changed; to be called before the functions below. */
sp_nodiscard int sp_keymap_refresh(struct sp_keymap *k);
/* The map was replaced as a whole. */
void sp_keymap_forget(struct sp_keymap *k);

/* The key that has the character, in the group given. False when there is none. */
bool sp_keymap_find(const struct sp_keymap *k, uint32_t ch, unsigned group, uint8_t *keycode,
		unsigned *level);
/*
 * A key without a meaning of its own, now bound to the character; waits until the server has
 * done it. A key is bound anew only when its last use is long enough ago for programs to have
 * read what it meant: a result above 0 is the milliseconds until then, and nothing was done.
 * SP_ENOTFOUND when there is no such key or no such character.
 */
sp_nodiscard int sp_keymap_borrow(struct sp_keymap *k, uint32_t ch, uint8_t *keycode);

/* The key that has the keysym on level 0, the lowest such; 0 when there is none. */
uint8_t sp_keymap_key(const struct sp_keymap *k, uint32_t keysym);
bool sp_keymap_has(const struct sp_keymap *k, uint8_t keycode, uint32_t keysym);
/* The modifier that the key with that keysym sets, as an X mask; 0 when there is none. */
uint8_t sp_keymap_modifier(const struct sp_keymap *k, uint32_t keysym);

#endif
