/* desk/session/drive_nodes.h - the inodes that the kernel knows of the clients' drives. */
#ifndef SP_DESK_SESSION_DRIVE_NODES_H
#define SP_DESK_SESSION_DRIVE_NODES_H

#include "desk/session/drive_list.h"

#define SP_DRIVE_NODES_MAX (256u << 10)
#define SP_DRIVE_NODES_DEPTH 128

struct sp_drive_call;
struct sp_drive_file;

struct sp_drive_node {
	uint64_t ino, generation; /* a number that is used again has another generation */
	uint64_t refs; /* the kernel's lookups, children, open files, requests under way */
	struct sp_drive_node *parent; /* holds a reference; NULL: the root of all */
	struct sp_drive_node *next; /* of the same hash */
	char *name;
	bool raw; /* the client writes the name as it is, though Windows forbids it */
	char *wire; /* and so, where that is another name; else NULL */
	bool linked; /* found by its name; a removed one is not */
	uint64_t drive; /* its number at the owner's */
	struct sp_drive_server_stat stat;
	uint64_t fresh_until; /* us; stat is believed so long */
	/* A directory's: what stands in it. */
	struct sp_drive_list *list;
	uint64_t list_until;
	uint64_t changes; /* how often we changed what stands in it */
	struct sp_drive_file *files; /* open ones */
	struct sp_drive_call *waiting; /* until nothing of them is dirty */
};

struct sp_drive_nodes;

/* The root, ino 1, lives as long as the table. NULL without memory. */
sp_nodiscard struct sp_drive_nodes *sp_drive_nodes_create(void);
/* All nodes go with it. Accepts NULL. */
void sp_drive_nodes_destroy(struct sp_drive_nodes *t);

/* NULL for a number that is none. */
struct sp_drive_node *sp_drive_node_of(struct sp_drive_nodes *t, uint64_t ino);
/* NULL when the kernel does not know it. No reference. */
struct sp_drive_node *sp_drive_node_find(
		struct sp_drive_nodes *t, const struct sp_drive_node *parent, const char *name);
/* Finds or makes it, with one reference more. NULL without memory, or when there are too many. */
sp_nodiscard struct sp_drive_node *sp_drive_node_get(
		struct sp_drive_nodes *t, struct sp_drive_node *parent, const char *name);
struct sp_drive_node *sp_drive_node_ref(struct sp_drive_node *n);
/* Gives back so many references. Accepts NULL. */
void sp_drive_node_unref(struct sp_drive_nodes *t, struct sp_drive_node *n, uint64_t count);

/* The name is gone: the node lives on without one. */
void sp_drive_node_unlink(struct sp_drive_nodes *t, struct sp_drive_node *n);
/* How the client writes its name; wire may be NULL. False without memory: then it is as it was. */
sp_nodiscard bool sp_drive_node_written(struct sp_drive_node *n, bool raw, const char *wire);
/*
 * It has another name, in place of whoever had that, and is written as that one was. SP_ENOMEM: it
 * is unlinked.
 */
sp_nodiscard int sp_drive_node_move(struct sp_drive_nodes *t, struct sp_drive_node *n,
		struct sp_drive_node *parent, const char *name);
/*
 * The path below its drive as the machine takes it, "" for the drive's own folder; name (may be
 * NULL) is one part more. SP_ESPACE when it is too long, SP_ENOTFOUND when it was removed.
 */
sp_nodiscard int sp_drive_node_path(struct sp_drive_nodes *t, const struct sp_drive_node *n,
		const char *name, char *out, size_t cap);
/* Forgets the list of a directory. */
void sp_drive_node_drop_list(struct sp_drive_node *n);

#endif
