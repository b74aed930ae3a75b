/* desk/session/pasted_tree.c - see pasted_tree.h. */
#include "desk/session/pasted_tree.h"

#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/chan/clip_files.h"
#include "desk/session/name_hash.h"

#define SLOTS 32768u /* a power of two */

static uint32_t slot_of(uint32_t dir, const char *name, size_t n)
{
	return sp_name_hash(dir, name, n) & (SLOTS - 1);
}

uint32_t sp_pasted_tree_find(
		const struct sp_pasted_tree *t, uint32_t dir, const char *name, size_t n)
{
	uint32_t at = t->table ? t->table[slot_of(dir, name, n)] : SP_PASTED_NONE;

	while (at != SP_PASTED_NONE) {
		const struct sp_pasted_node *o = &t->node[at];

		if (o->parent == dir && strncmp(o->name, name, n) == 0 && o->name[n] == '\0') {
			return at;
		}
		at = o->chain;
	}
	return SP_PASTED_NONE;
}

/* A directory without a date of its own; what is more is filled in by the caller. */
static int add(struct sp_pasted_tree *t, uint32_t dir, const char *name, size_t n, int64_t now_us,
		uint32_t *out)
{
	if (t->n == SP_PASTED_TREE_MAX) {
		return SP_ELIMIT;
	}
	if (t->n == t->cap) {
		uint32_t cap = t->cap ? t->cap * 2 : 64;
		struct sp_pasted_node *more = sp_realloc(t->node, cap * sizeof(*more));

		if (!more) {
			return SP_ENOMEM;
		}
		t->node = more;
		t->cap = cap;
	}
	struct sp_pasted_node *o = &t->node[t->n];
	*o = (struct sp_pasted_node){.parent = dir,
			.first = SP_PASTED_NONE,
			.last = SP_PASTED_NONE,
			.next = SP_PASTED_NONE,
			.chain = SP_PASTED_NONE,
			.name = sp_malloc(n + 1),
			.dir = true,
			.time_us = now_us};
	if (!o->name) {
		return SP_ENOMEM;
	}
	memcpy(o->name, name, n);
	o->name[n] = '\0';
	*out = t->n++;
	if (*out != SP_PASTED_ROOT) {
		uint32_t slot = slot_of(dir, name, n);
		struct sp_pasted_node *up = &t->node[dir];

		o->chain = t->table[slot];
		t->table[slot] = *out;
		if (up->last == SP_PASTED_NONE) {
			up->first = *out;
		} else {
			t->node[up->last].next = *out;
		}
		up->last = *out;
	}
	return SP_OK;
}

/* The directories on the way to the entry, made where only its path names them. */
static int add_entry(struct sp_pasted_tree *t, const struct sp_clip_file *f, uint32_t index,
		int64_t now_us)
{
	uint32_t dir = SP_PASTED_ROOT;
	const char *name = f->name;
	int rc = SP_OK;

	for (;;) {
		size_t n = strcspn(name, "/");
		uint32_t at = sp_pasted_tree_find(t, dir, name, n);
		bool last = name[n] == '\0';

		if (last && !f->dir && at != SP_PASTED_NONE) {
			t->left_out++;
			return SP_OK;
		}
		if (at != SP_PASTED_NONE && !t->node[at].dir) {
			t->left_out++;
			return SP_OK;
		}
		if (at == SP_PASTED_NONE) {
			rc = add(t, dir, name, n, now_us, &at);
			if (rc != SP_OK) {
				return rc;
			}
		}
		if (last) {
			struct sp_pasted_node *o = &t->node[at];

			o->dir = f->dir;
			o->index = index;
			o->has_size = f->has_size && !f->dir;
			o->size = o->has_size ? f->size : 0;
			o->time_us = f->has_time ? f->time_us : now_us;
			return SP_OK;
		}
		dir = at;
		name += n + 1;
	}
}

int sp_pasted_tree_read(struct sp_pasted_tree *t, struct sp_span descriptors, int64_t now_us)
{
	struct sp_rd r;
	size_t n;
	uint32_t root;

	*t = (struct sp_pasted_tree){0};
	sp_rd_init(&r, descriptors.p, descriptors.n);
	int rc = sp_clip_files_read(&r, &n);
	if (rc != SP_OK) {
		return rc;
	}
	t->table = sp_malloc(SLOTS * sizeof(*t->table));
	if (!t->table) {
		return SP_ENOMEM;
	}
	memset(t->table, 0xff, SLOTS * sizeof(*t->table));
	rc = add(t, SP_PASTED_NONE, "", 0, now_us, &root);
	for (size_t i = 0; rc == SP_OK && i < n; i++) {
		struct sp_clip_file f;

		rc = sp_clip_file_read(&r, &f);
		if (rc == SP_OK && sp_name_harmful(f.fault)) {
			t->left_out++;
		} else if (rc == SP_OK) {
			rc = add_entry(t, &f, (uint32_t)i, now_us);
		}
	}
	if (rc == SP_OK && t->n == 1) {
		rc = SP_ENOTFOUND;
	}
	if (rc != SP_OK) {
		sp_pasted_tree_finish(t);
	}
	return rc;
}

void sp_pasted_tree_finish(struct sp_pasted_tree *t)
{
	for (uint32_t i = 0; i < t->n; i++) {
		sp_free(t->node[i].name);
	}
	sp_free(t->node);
	sp_free(t->table);
	*t = (struct sp_pasted_tree){0};
}
