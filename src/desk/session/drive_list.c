/* desk/session/drive_list.c - see drive_list.h. */
#include "desk/session/drive_list.h"

#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/chan/wire_name.h"
#include "desk/session/drive_name.h"
#include "desk/session/name_hash.h"

#define MAX_TEXT (64u << 20) /* bytes of all names */
#define EMPTY UINT32_MAX
#define MAX_STEPS 256 /* from a name's cell: more have only names that were chosen for it */

struct place {
	size_t name; /* where it begins in text */
	size_t wire; /* the same, of how the client writes it; 0: as name */
	bool removed, raw;
	struct sp_drive_server_stat stat;
};

struct sp_drive_list {
	unsigned refs;
	struct place *place;
	size_t n, cap;
	char *text; /* names, each with its NUL */
	size_t text_n, text_cap;
	uint32_t *index; /* by hash, open; EMPTY or a place */
	size_t index_cap; /* INVARIANT: a power of two, more than 2 * n; or 0 */
};

struct sp_drive_list *sp_drive_list_create(void)
{
	struct sp_drive_list *l = sp_calloc(1, sizeof(*l));

	if (l) {
		l->refs = 1;
	}
	return l;
}

struct sp_drive_list *sp_drive_list_ref(struct sp_drive_list *l)
{
	l->refs++;
	return l;
}

void sp_drive_list_unref(struct sp_drive_list *l)
{
	if (!l || --l->refs > 0) {
		return;
	}
	sp_free(l->place);
	sp_free(l->text);
	sp_free(l->index);
	sp_free(l);
}

static const char *name_of(const struct sp_drive_list *l, size_t i)
{
	return l->text + l->place[i].name;
}

static size_t first_cell(const struct sp_drive_list *l, const char *name)
{
	return sp_name_hash(0, name, strlen(name)) & (l->index_cap - 1);
}

/* Where the name stands in the index, or the empty cell where it would. */
static size_t cell(const struct sp_drive_list *l, const char *name)
{
	size_t at = first_cell(l, name);

	while (l->index[at] != EMPTY && strcmp(name_of(l, l->index[at]), name) != 0) {
		at = (at + 1) & (l->index_cap - 1);
	}
	return at;
}

static int grow_index(struct sp_drive_list *l)
{
	size_t cap = l->index_cap ? 2 * l->index_cap : 64;
	uint32_t *index = sp_malloc(cap * sizeof(*index));

	if (!index) {
		return SP_ENOMEM;
	}
	memset(index, 0xFF, cap * sizeof(*index));
	sp_free(l->index);
	l->index = index;
	l->index_cap = cap;
	for (size_t i = 0; i < l->n; i++) {
		l->index[cell(l, name_of(l, i))] = (uint32_t)i;
	}
	return SP_OK;
}

static int make_room(struct sp_drive_list *l, size_t name_size)
{
	if (l->n == SP_DRIVE_LIST_MAX || l->text_n + name_size > MAX_TEXT) {
		return SP_ELIMIT;
	}
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 16;
		struct place *place = sp_realloc(l->place, cap * sizeof(*place));
		if (!place) {
			return SP_ENOMEM;
		}
		l->place = place;
		l->cap = cap;
	}
	if (l->text_n + name_size > l->text_cap) {
		size_t cap = 2 * l->text_cap + name_size + 256;
		char *text = sp_realloc(l->text, cap);
		if (!text) {
			return SP_ENOMEM;
		}
		l->text = text;
		l->text_cap = cap;
	}
	return 2 * (l->n + 1) < l->index_cap ? SP_OK : grow_index(l);
}

int sp_drive_list_add(
		struct sp_drive_list *l, const char *name, const struct sp_drive_server_stat *stat)
{
	size_t size = strlen(name) + 1;
	int rc = make_room(l, size);

	if (rc != SP_OK) {
		return rc;
	}
	size_t at = cell(l, name);
	if (((at - first_cell(l, name)) & (l->index_cap - 1)) > MAX_STEPS) {
		return SP_ELIMIT;
	}
	if (l->index[at] == EMPTY) {
		l->place[l->n] = (struct place){.name = l->text_n};
		memcpy(l->text + l->text_n, name, size);
		l->text_n += size;
		l->index[at] = (uint32_t)l->n++;
	}
	struct place *p = &l->place[l->index[at]];
	if (p->removed) {
		p->raw = false;
		p->wire = 0;
	}
	p->removed = false;
	p->stat = *stat;
	return SP_OK;
}

/* A name that is too long here. */
static int add_long(
		struct sp_drive_list *l, const char *wire, const struct sp_drive_server_stat *stat)
{
	char name[NAME_MAX + 1];
	struct sp_drive_entry old;
	size_t size = strlen(wire) + 1;

	sp_drive_name_shorten(wire, name);
	if (sp_drive_list_find(l, name, &old) && !(old.wire && strcmp(old.wire, wire) == 0)) {
		return SP_OK;
	}
	int rc = sp_drive_list_add(l, name, stat);
	if (rc == SP_OK) {
		rc = make_room(l, size);
	}
	if (rc == SP_OK) {
		struct place *p = &l->place[l->index[cell(l, name)]];

		p->raw = true;
		p->wire = l->text_n;
		memcpy(l->text + l->text_n, wire, size);
		l->text_n += size;
	}
	return rc;
}

/* Any name that nothing else has here. */
static int add_plain(
		struct sp_drive_list *l, const char *name, const struct sp_drive_server_stat *stat)
{
	return strlen(name) > NAME_MAX ? add_long(l, name, stat) : sp_drive_list_add(l, name, stat);
}

int sp_drive_list_tell(struct sp_drive_list *l, const char *name,
		const struct sp_drive_server_stat *stat, bool raw)
{
	char plain[SP_WIRE_NAME_TEXT];
	struct sp_drive_entry old;
	int rc;

	if (strlen(name) > NAME_MAX) {
		return add_long(l, name, stat);
	}
	if (!raw && !sp_drive_name_odd(name)) {
		return sp_drive_list_add(l, name, stat);
	}
	bool found = sp_drive_list_find(l, name, &old);
	if (found && !old.wire && old.raw != raw) {
		const struct sp_drive_server_stat *mapped = raw ? &old.stat : stat;

		if (!sp_wire_file_plain(name, plain)) {
			return SP_OK;
		}
		rc = add_plain(l, plain, mapped);
		if (rc != SP_OK || !raw) {
			return rc;
		}
	}
	rc = sp_drive_list_add(l, name, stat);
	if (rc == SP_OK) {
		struct place *p = &l->place[l->index[cell(l, name)]];

		p->raw = raw;
		p->wire = 0;
	}
	return rc;
}

void sp_drive_list_remove(struct sp_drive_list *l, const char *name)
{
	size_t at = l->index_cap ? cell(l, name) : 0;

	if (l->index_cap && l->index[at] != EMPTY) {
		l->place[l->index[at]].removed = true;
	}
}

bool sp_drive_list_find(const struct sp_drive_list *l, const char *name, struct sp_drive_entry *out)
{
	struct sp_drive_entry e;
	size_t at = l->index_cap ? cell(l, name) : 0;

	return l->index_cap && l->index[at] != EMPTY &&
			sp_drive_list_at(l, l->index[at], out ? out : &e);
}

size_t sp_drive_list_size(const struct sp_drive_list *l)
{
	return l->n;
}

bool sp_drive_list_at(const struct sp_drive_list *l, size_t i, struct sp_drive_entry *out)
{
	if (l->place[i].removed) {
		return false;
	}
	const struct place *p = &l->place[i];
	*out = (struct sp_drive_entry){.name = name_of(l, i),
			.stat = p->stat,
			.raw = p->raw,
			.wire = p->wire ? l->text + p->wire : NULL};
	return true;
}
