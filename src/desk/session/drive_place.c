/* desk/session/drive_place.c - the folders of the client's drives: whose each is. */
#include <stdio.h>
#include <string.h>

#include "desk/session/drive_name.h"
#include "desk/session/drives_part.h"

struct sp_drive *sp_drives_drive(struct sp_desk_drives *d, const struct sp_drive_node *n)
{
	struct sp_drive *v = &d->drive[n->drive % SP_DRIVES_MAX];

	return n->parent && v->number == n->drive && v->alive ? v : NULL;
}

static struct sp_drive *find(struct sp_desk_drives *d, const char *name)
{
	for (size_t i = 0; i < SP_DRIVES_MAX; i++) {
		if (d->drive[i].number != 0 && strcmp(d->drive[i].name, name) == 0) {
			return &d->drive[i];
		}
	}
	return NULL;
}

/* What programs still have of it is nobody's from now on. */
static void clear(struct sp_desk_drives *d, struct sp_drive *v)
{
	sp_drive_node_unlink(d->nodes, v->node);
	sp_drive_node_unref(d->nodes, v->node, 1);
	*v = (struct sp_drive){.number = 0};
}

static struct sp_drive *free_place(struct sp_desk_drives *d)
{
	struct sp_drive *oldest = NULL;

	for (size_t i = 0; i < SP_DRIVES_MAX; i++) {
		struct sp_drive *v = &d->drive[i];

		if (v->number == 0) {
			return v;
		}
		if (!v->alive && (!oldest || v->gone < oldest->gone)) {
			oldest = v;
		}
	}
	if (oldest) {
		clear(d, oldest);
	}
	return oldest;
}

static struct sp_drive *make(struct sp_desk_drives *d, const char *name)
{
	struct sp_drive *v = free_place(d);

	if (!v) {
		return NULL;
	}
	v->node = sp_drive_node_get(d->nodes, sp_drive_node_of(d->nodes, FUSE_ROOT_ID), name);
	if (!v->node) {
		return NULL;
	}
	snprintf(v->name, sizeof(v->name), "%s", name);
	v->number = ++d->numbers * SP_DRIVES_MAX + (uint64_t)(v - d->drive);
	v->node->drive = v->number;
	v->node->stat = (struct sp_drive_server_stat){.directory = true};
	return v;
}

/* The drive's name, or that and a number where another living one has it. */
struct sp_drive *sp_drives_place(struct sp_desk_drives *d, const char *given)
{
	char base[SP_DRIVES_NAME - 16], name[SP_DRIVES_NAME];

	sp_drive_name_folder(given, base, sizeof(base));
	for (unsigned i = 1; i <= SP_DRIVES_MAX; i++) {
		snprintf(name, sizeof(name), i == 1 ? "%s" : "%s (%u)", base, i);
		struct sp_drive *v = find(d, name);
		if (!v || !v->alive) {
			return v ? v : make(d, name);
		}
	}
	return NULL;
}

void sp_drives_leave(struct sp_desk_drives *d, struct sp_drive *v)
{
	v->alive = false;
	v->gone = ++d->numbers;
	sp_drive_node_drop_list(v->node);
}

enum sp_log_level sp_drives_tell_level(struct sp_desk_drives *d)
{
	if (d->told == SP_DRIVES_MAX_TOLD) {
		sp_log(SP_LOG_INFO, "drives of the client: what more comes and goes is not told");
	}
	d->told += d->told <= SP_DRIVES_MAX_TOLD;
	return d->told <= SP_DRIVES_MAX_TOLD ? SP_LOG_INFO : SP_LOG_DEBUG;
}
