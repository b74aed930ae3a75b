/* desk/session/drive_list.h - what stands in a directory of a client's drive, kept for a moment. */
#ifndef SP_DESK_SESSION_DRIVE_LIST_H
#define SP_DESK_SESSION_DRIVE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/chan/drive_server.h"

#define SP_DRIVE_LIST_MAX (256u << 10) /* entries */

struct sp_drive_entry {
	const char *name; /* valid until the next add */
	struct sp_drive_server_stat stat;
	bool raw; /* see drive_nodes.h */
	const char *wire; /* the same; valid as name is */
};

/* Entries keep their places, so that a reader goes on where it was while more are added. */
struct sp_drive_list;

/* One reference. NULL without memory. */
sp_nodiscard struct sp_drive_list *sp_drive_list_create(void);
struct sp_drive_list *sp_drive_list_ref(struct sp_drive_list *l);
void sp_drive_list_unref(struct sp_drive_list *l);

/*
 * What the client has there. Two files that would have the same name here: the one whose name
 * stands there as it is has it, the other one its name of the wire. What is too long for a name
 * here is shortened, and left out where another one has that name. SP_ELIMIT, SP_ENOMEM.
 */
sp_nodiscard int sp_drive_list_tell(struct sp_drive_list *l, const char *name,
		const struct sp_drive_server_stat *stat, bool raw);
/* A name that is there gets the new stat, another one is not raw. SP_ELIMIT, SP_ENOMEM. */
sp_nodiscard int sp_drive_list_add(
		struct sp_drive_list *l, const char *name, const struct sp_drive_server_stat *stat);
void sp_drive_list_remove(struct sp_drive_list *l, const char *name);
/* Whether the name is there; out may be NULL. */
bool sp_drive_list_find(
		const struct sp_drive_list *l, const char *name, struct sp_drive_entry *out);
/* Places: removed ones are among them. */
size_t sp_drive_list_size(const struct sp_drive_list *l);
/* False for a removed one. */
bool sp_drive_list_at(const struct sp_drive_list *l, size_t i, struct sp_drive_entry *out);

#endif
