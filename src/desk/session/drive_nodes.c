/* desk/session/drive_nodes.c - see drive_nodes.h. */
#include "desk/session/drive_nodes.h"

#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "desk/session/name_hash.h"

#define BUCKETS 16384u /* a power of two */

struct sp_drive_nodes {
	struct sp_drive_node **slot; /* by ino - 1; NULL: free */
	uint32_t *spare; /* free slots below n */
	size_t n, cap, spares;
	uint64_t generation;
	struct sp_drive_node *bucket[BUCKETS];
};

static struct sp_drive_node **bucket_of(
		struct sp_drive_nodes *t, const struct sp_drive_node *parent, const char *name)
{
	return &t->bucket[sp_name_hash(parent->ino, name, strlen(name)) & (BUCKETS - 1)];
}

static int grow(struct sp_drive_nodes *t)
{
	size_t cap = t->cap ? 2 * t->cap : 256;
	struct sp_drive_node **slot = sp_realloc(t->slot, cap * sizeof(struct sp_drive_node *));

	if (!slot) {
		return SP_ENOMEM;
	}
	t->slot = slot;
	uint32_t *spare = sp_realloc(t->spare, cap * sizeof(*spare));
	if (!spare) {
		return SP_ENOMEM;
	}
	t->spare = spare;
	t->cap = cap;
	return SP_OK;
}

static struct sp_drive_node *make(struct sp_drive_nodes *t, const char *name)
{
	if (t->spares == 0 && t->n == t->cap && (t->n >= SP_DRIVE_NODES_MAX || grow(t) != SP_OK)) {
		return NULL;
	}
	struct sp_drive_node *n = sp_calloc(1, sizeof(*n));
	char *copy = sp_strdup(name);
	if (!n || !copy) {
		sp_free(n);
		sp_free(copy);
		return NULL;
	}
	size_t at = t->spares > 0 ? t->spare[--t->spares] : t->n++;
	t->slot[at] = n;
	n->ino = at + 1;
	n->generation = ++t->generation;
	n->name = copy;
	n->refs = 1;
	return n;
}

static void release(struct sp_drive_nodes *t, struct sp_drive_node *n)
{
	t->slot[n->ino - 1] = NULL;
	t->spare[t->spares++] = (uint32_t)(n->ino - 1);
	sp_drive_list_unref(n->list);
	sp_free(n->name);
	sp_free(n->wire);
	sp_free(n);
}

struct sp_drive_nodes *sp_drive_nodes_create(void)
{
	struct sp_drive_nodes *t = sp_calloc(1, sizeof(*t));

	if (!t) {
		return NULL;
	}
	struct sp_drive_node *root = make(t, "");
	if (!root) {
		sp_drive_nodes_destroy(t);
		return NULL;
	}
	root->stat.directory = true;
	return t;
}

void sp_drive_nodes_destroy(struct sp_drive_nodes *t)
{
	if (!t) {
		return;
	}
	for (size_t i = 0; i < t->n; i++) {
		if (t->slot[i]) {
			release(t, t->slot[i]);
		}
	}
	sp_free(t->slot);
	sp_free(t->spare);
	sp_free(t);
}

struct sp_drive_node *sp_drive_node_of(struct sp_drive_nodes *t, uint64_t ino)
{
	return 1 <= ino && ino <= t->n ? t->slot[ino - 1] : NULL;
}

struct sp_drive_node *sp_drive_node_find(
		struct sp_drive_nodes *t, const struct sp_drive_node *parent, const char *name)
{
	struct sp_drive_node *n = *bucket_of(t, parent, name);

	while (n && !(n->parent == parent && strcmp(n->name, name) == 0)) {
		n = n->next;
	}
	return n;
}

static void link_name(struct sp_drive_nodes *t, struct sp_drive_node *n)
{
	struct sp_drive_node **at = bucket_of(t, n->parent, n->name);

	n->next = *at;
	*at = n;
	n->linked = true;
}

struct sp_drive_node *sp_drive_node_get(
		struct sp_drive_nodes *t, struct sp_drive_node *parent, const char *name)
{
	struct sp_drive_node *n = sp_drive_node_find(t, parent, name);

	if (n) {
		return sp_drive_node_ref(n);
	}
	n = make(t, name);
	if (n) {
		n->parent = sp_drive_node_ref(parent);
		n->drive = parent->drive;
		link_name(t, n);
	}
	return n;
}

struct sp_drive_node *sp_drive_node_ref(struct sp_drive_node *n)
{
	n->refs++;
	return n;
}

void sp_drive_node_unref(struct sp_drive_nodes *t, struct sp_drive_node *n, uint64_t count)
{
	/* The last child takes its parent along, and so on: no deeper than the tree. */
	while (n && n->parent) {
		struct sp_drive_node *parent = n->parent;

		n->refs = n->refs > count ? n->refs - count : 0;
		if (n->refs > 0) {
			return;
		}
		sp_drive_node_unlink(t, n);
		release(t, n);
		n = parent;
		count = 1;
	}
}

void sp_drive_node_unlink(struct sp_drive_nodes *t, struct sp_drive_node *n)
{
	if (!n->linked) {
		return;
	}
	struct sp_drive_node **at = bucket_of(t, n->parent, n->name);
	while (*at != n) {
		at = &(*at)->next;
	}
	*at = n->next;
	n->linked = false;
}

bool sp_drive_node_written(struct sp_drive_node *n, bool raw, const char *wire)
{
	char *copy = NULL;

	if (wire && !(n->wire && strcmp(n->wire, wire) == 0)) {
		copy = sp_strdup(wire);
		if (!copy) {
			return false;
		}
	}
	if (copy || !wire) {
		sp_free(n->wire);
		n->wire = copy;
	}
	n->raw = raw;
	return true;
}

int sp_drive_node_move(struct sp_drive_nodes *t, struct sp_drive_node *n,
		struct sp_drive_node *parent, const char *name)
{
	struct sp_drive_node *there = sp_drive_node_find(t, parent, name), *old = n->parent;
	char *copy = sp_strdup(name);

	if (there && there != n) {
		sp_drive_node_unlink(t, there);
	}
	sp_drive_node_unlink(t, n);
	if (!copy) {
		return SP_ENOMEM;
	}
	if (there != n) {
		sp_free(n->wire);
		n->wire = there ? there->wire : NULL;
		n->raw = there && there->raw;
	}
	if (there && there != n) {
		there->wire = NULL;
	}
	sp_free(n->name);
	n->name = copy;
	n->parent = sp_drive_node_ref(parent);
	sp_drive_node_unref(t, old, 1);
	link_name(t, n);
	return SP_OK;
}

int sp_drive_node_path(struct sp_drive_nodes *t, const struct sp_drive_node *n, const char *name,
		char *out, size_t cap)
{
	const char *part[SP_DRIVE_NODES_DEPTH];
	bool raw[SP_DRIVE_NODES_DEPTH];
	size_t parts = 0, at = 0;

	if (name) {
		const struct sp_drive_node *child = sp_drive_node_find(t, n, name);

		raw[parts] = child && child->raw;
		part[parts++] = child && child->wire ? child->wire : name;
	}
	/* The root of all and the folders of the drives in it are no parts. */
	for (; n->parent && n->parent->parent; n = n->parent) {
		if (parts == SP_LEN(part)) {
			return SP_ESPACE;
		}
		if (!n->linked) {
			return SP_ENOTFOUND;
		}
		raw[parts] = n->raw;
		part[parts++] = n->wire ? n->wire : n->name;
	}
	while (parts-- > 0) {
		size_t size = strlen(part[parts]);

		if (at + size + 3 > cap) {
			return SP_ESPACE;
		}
		if (raw[parts]) {
			out[at++] = SP_DRIVE_SERVER_RAW;
		}
		memcpy(out + at, part[parts], size);
		at += size;
		if (parts > 0) {
			out[at++] = '/';
		}
	}
	out[at] = 0;
	return SP_OK;
}

void sp_drive_node_drop_list(struct sp_drive_node *n)
{
	sp_drive_list_unref(n->list);
	n->list = NULL;
	n->list_until = 0;
}
