/* desk/session/kbdlayout.h - Windows keyboard layouts and what xkb calls them. */
#ifndef SP_DESK_SESSION_KBDLAYOUT_H
#define SP_DESK_SESSION_KBDLAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SP_KBDLAYOUT_US 0x409
#define SP_KBDLAYOUT_TYPE_JAPANESE 7 /* keyboardType of the client's core data */

struct sp_kbdlayout {
	uint32_t klid; /* keyboardLayout of the client's core data */
	const char *layout, *variant; /* xkb; variant "" for the plain one */
	bool foreign; /* has no Latin letters, so that us should stand beside it */
	const char *name; /* for the log */
};

/*
 * The exact layout; else the language's (low 16 bits); else the same primary language's; else us.
 * Never NULL; static. exact may be NULL.
 */
const struct sp_kbdlayout *sp_kbdlayout_find(uint32_t klid, bool *exact);
/* xkb model of a keyboard with that keyboardType: "pc105", "jp106", "abnt2". Static. */
const char *sp_kbdlayout_model(const struct sp_kbdlayout *layout, uint32_t type);
/* The whole table, sorted by klid; for tests. */
const struct sp_kbdlayout *sp_kbdlayout_table(size_t *n);

#endif
