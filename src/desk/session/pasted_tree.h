/* desk/session/pasted_tree.h - the tree of files that a client's list describes. */
#ifndef SP_DESK_SESSION_PASTED_TREE_H
#define SP_DESK_SESSION_PASTED_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"

#define SP_PASTED_TREE_MAX 20000 /* nodes: entries, and directories that only paths name */
#define SP_PASTED_ROOT 0 /* the node that all others are below */
#define SP_PASTED_NONE UINT32_MAX

struct sp_pasted_node {
	uint32_t parent, first, last, next; /* nodes; NONE */
	uint32_t chain; /* of the table of names */
	char *name;
	bool dir, has_size;
	uint32_t index; /* in the client's list; of a file */
	uint64_t size;
	int64_t time_us;
};

struct sp_pasted_tree {
	struct sp_pasted_node *node; /* node[0] is the root */
	uint32_t n, cap;
	uint32_t *table;
	uint32_t left_out; /* entries whose names cannot be used, or are taken */
};

/* SP_EFIELD, SP_ELIMIT, SP_ENOMEM; SP_ENOTFOUND when nothing is left of it. */
sp_nodiscard int sp_pasted_tree_read(
		struct sp_pasted_tree *t, struct sp_span descriptors, int64_t now_us);
/* Accepts a zeroed one. */
void sp_pasted_tree_finish(struct sp_pasted_tree *t);
/* NONE when the directory has none of that name. */
uint32_t sp_pasted_tree_find(
		const struct sp_pasted_tree *t, uint32_t dir, const char *name, size_t n);

#endif
