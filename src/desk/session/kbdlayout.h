/* desk/session/kbdlayout.h - Windows keyboard layouts and what xkb calls them. */
#ifndef SP_DESK_SESSION_KBDLAYOUT_H
#define SP_DESK_SESSION_KBDLAYOUT_H

#include <stddef.h>
#include <stdint.h>

struct sp_kbdlayout {
	uint32_t klid; /* keyboardLayout of the client's core data */
	const char *layout, *variant; /* xkb; variant "" for the plain one */
	const char *name; /* for the log */
};

/*
 * The exact layout; else the language's (low 16 bits); else the same primary language's; else us.
 * Never NULL; static. exact, when not NULL, says whether it was in the table.
 */
const struct sp_kbdlayout *sp_kbdlayout_find(uint32_t klid, int *exact);
/* xkb model of keyboardType and keyboardSubType: "pc105", "jp106", "abnt2", ... Static. */
const char *sp_kbdlayout_model(uint32_t type, uint32_t subtype, const struct sp_kbdlayout *layout);
/* The whole table, for tests. */
const struct sp_kbdlayout *sp_kbdlayout_table(size_t *n);

#endif
