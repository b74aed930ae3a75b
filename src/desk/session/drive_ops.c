/* desk/session/drive_ops.c - the drives' file system: names and attributes. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "desk/session/drive_name.h"
#include "desk/session/drives_part.h"

#define NS INT64_C(1000000000)
#define MAX_WRITE (1u << 20)
#define MAX_BACKGROUND 64
#define BLOCK_SIZE (1u << 20) /* what programs are told to read and write at a time */
#define UNIT 4096 /* of statfs */
#define VOLUME_US UINT64_C(3000000)

/* ---- attributes ---- */

static struct timespec time_of(uint64_t filetime)
{
	int64_t ns = sp_drive_info_unix(filetime), s = ns / NS - (ns % NS < 0);

	return (struct timespec){.tv_sec = s, .tv_nsec = ns - s * NS};
}

static uint64_t filetime_of(const struct timespec *t)
{
	return sp_drive_info_filetime((int64_t)t->tv_sec * NS + t->tv_nsec);
}

static uint64_t filetime_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return filetime_of(&now);
}

void sp_drives_stat(const struct sp_drive_node *n, struct stat *out)
{
	const struct sp_drive_server_stat *s = &n->stat;
	/* Of a directory it says nothing about what may be done in it. */
	bool readonly = !s->directory && (s->attributes & SP_DRIVE_INFO_READONLY);

	*out = (struct stat){.st_ino = n->ino,
			.st_mode = (s->directory ? S_IFDIR | 0700 : S_IFREG | 0600) &
					~(mode_t)(readonly ? 0200 : 0),
			.st_nlink = s->directory ? 2 : 1,
			.st_uid = geteuid(),
			.st_gid = getegid(),
			.st_size = s->size > INT64_MAX ? INT64_MAX : (off_t)s->size,
			.st_blksize = BLOCK_SIZE,
			.st_atim = time_of(s->accessed),
			.st_mtim = time_of(s->written),
			.st_ctim = time_of(s->changed ? s->changed : s->written)};
	out->st_blocks = out->st_size / 512 + (out->st_size % 512 != 0);
}

void sp_drives_learn(struct sp_drive_node *n, const struct sp_drive_server_stat *stat)
{
	uint64_t size = n->stat.size;

	if (stat->size != size || stat->written != n->stat.written) {
		sp_drives_forget_data(n);
	}
	n->stat = *stat;
	if (sp_drives_dirty(n) && size > stat->size) {
		n->stat.size = size; /* what waits to be written will make it so */
	}
	n->fresh_until = sp_now_us() + SP_DRIVES_FRESH_US;
}

void sp_drives_new_stat(struct sp_drive_server_stat *out, bool directory)
{
	uint64_t now = filetime_now();

	*out = (struct sp_drive_server_stat){.created = now,
			.accessed = now,
			.written = now,
			.changed = now,
			.attributes = directory ? SP_DRIVE_INFO_IS_DIRECTORY
						: SP_DRIVE_INFO_ARCHIVE,
			.directory = directory};
}

bool sp_drives_fresh(const struct sp_drive_node *n)
{
	return !n->parent || !n->parent->parent || sp_drives_dirty(n) ||
			sp_now_us() < n->fresh_until;
}

void sp_drives_note(struct sp_drive_node *dir, const char *name,
		const struct sp_drive_server_stat *stat)
{
	dir->changes++;
	if (!dir->list) {
		return;
	}
	if (!stat) {
		sp_drive_list_remove(dir->list, name);
	} else if (sp_drive_list_add(dir->list, name, stat) != SP_OK) {
		sp_drive_node_drop_list(dir);
	}
}

void sp_drives_reply_entry(struct sp_drive_call *c, struct sp_drive_node *n)
{
	struct fuse_entry_param e = {.ino = n->ino,
			.generation = n->generation,
			.attr_timeout = SP_DRIVES_FRESH,
			.entry_timeout = SP_DRIVES_FRESH};

	if (!c->req) {
		return;
	}
	sp_drives_stat(n, &e.attr);
	sp_drive_node_ref(n);
	if (fuse_reply_entry(c->req, &e) != 0) {
		sp_drive_node_unref(c->d->nodes, n, 1);
	}
	c->req = NULL;
}

/* Not there, and that is believed for a while as well. */
static void reply_absent(struct sp_drive_call *c)
{
	struct fuse_entry_param e = {.entry_timeout = SP_DRIVES_FRESH};

	if (c->req) {
		fuse_reply_entry(c->req, &e);
		c->req = NULL;
	}
}

static void reply_attr(struct sp_drive_call *c)
{
	struct stat st;

	if (c->req) {
		sp_drives_stat(c->node, &st);
		fuse_reply_attr(c->req, &st, SP_DRIVES_FRESH);
		c->req = NULL;
	}
}

/* ---- finding ---- */

/* A call about a node, or NULL when there is none and the request has got its error. */
static struct sp_drive_call *call_for(fuse_req_t req, fuse_ino_t ino)
{
	struct sp_desk_drives *d = sp_drives_of(req);
	struct sp_drive_node *n = sp_drive_node_of(d->nodes, ino);

	if (!n) {
		fuse_reply_err(req, ESTALE);
		return NULL;
	}
	struct sp_drive_call *c = sp_drive_call_create(d, req);
	if (c) {
		c->node = sp_drive_node_ref(n);
	}
	return c;
}

static void refuse(struct sp_drive_call *c, int error)
{
	sp_drive_call_error(c, error);
	sp_drive_call_free(c);
}

struct sp_drive_call *sp_drives_call_at(fuse_req_t req, fuse_ino_t parent, const char *name,
		char path[SP_DRIVE_SERVER_MAX_PATH])
{
	struct sp_desk_drives *d = sp_drives_of(req);
	struct sp_drive_call *c = call_for(req, parent);
	int error = 0;

	if (!c) {
		return NULL;
	}
	c->name = sp_strdup(name);
	if (!c->name) {
		error = ENOMEM;
	} else if (sp_drives_is_root(c->node)) {
		error = EPERM; /* folders there are drives */
	} else if (!sp_drive_name_ok(name)) {
		error = strlen(name) > NAME_MAX ? ENAMETOOLONG : EINVAL;
	} else {
		int rc = sp_drive_node_path(
				d->nodes, c->node, name, path, SP_DRIVE_SERVER_MAX_PATH);

		error = rc == SP_ESPACE ? ENAMETOOLONG : rc == SP_OK ? 0 : ENOENT;
	}
	if (error != 0) {
		refuse(c, error);
		return NULL;
	}
	return c;
}

static void on_looked_up(struct sp_drive_call *c, const struct sp_drive_server_event *ev)
{
	if (ev->fail == SP_DRIVE_FAIL_NONE) {
		struct sp_drive_node *n = sp_drive_node_get(c->d->nodes, c->node, c->name);

		if (n) {
			sp_drives_learn(n, &ev->stat);
			sp_drives_reply_entry(c, n);
			sp_drive_node_unref(c->d->nodes, n, 1);
		}
		sp_drive_call_error(c, ENFILE);
	} else if (ev->fail == SP_DRIVE_FAIL_NOENT) {
		reply_absent(c);
	} else {
		sp_drive_call_error(c, sp_drive_errno(ev->fail));
	}
	sp_drive_call_free(c);
}

/* Answers with what the list of the directory says, which is believed until then. */
static void found_in_list(struct sp_drive_call *c, const struct sp_drive_list *list,
		const char *name, uint64_t until)
{
	struct sp_drive_entry e;

	if (!sp_drive_list_find(list, name, &e)) {
		reply_absent(c);
		return;
	}
	struct sp_drive_node *n = sp_drive_node_get(c->d->nodes, c->node, name);
	if (n && !sp_drive_node_written(n, e.raw, e.wire)) {
		sp_drive_node_unref(c->d->nodes, n, 1);
		n = NULL;
	}
	if (n) {
		sp_drives_learn(n, &e.stat);
		n->fresh_until = until < n->fresh_until ? until : n->fresh_until;
		sp_drives_reply_entry(c, n);
		sp_drive_node_unref(c->d->nodes, n, 1);
	}
	sp_drive_call_error(c, ENFILE);
}

/* What can be said without asking the client. */
static bool look_up_here(struct sp_drive_call *c, const char *name)
{
	struct sp_desk_drives *d = c->d;
	struct sp_drive_node *n = sp_drive_node_find(d->nodes, c->node, name);

	if (sp_drives_is_root(c->node)) {
		if (n && sp_drives_drive(d, n)) {
			sp_drives_reply_entry(c, n);
		}
		sp_drive_call_error(c, ENOENT);
		return true;
	}
	if (n && sp_drives_fresh(n) && sp_drives_id(d, n) != 0) {
		sp_drives_reply_entry(c, n);
		return true;
	}
	if (strlen(name) > NAME_MAX) {
		sp_drive_call_error(c, ENAMETOOLONG);
		return true;
	}
	if (!sp_drives_list_fresh(c->node)) {
		return false;
	}
	found_in_list(c, c->node->list, name, c->node->list_until);
	return true;
}

static void on_dir_listed(struct sp_drive_call *c, const struct sp_drive_server_event *ev)
{
	int error = sp_drives_listing_error(c);

	if (error == 0) {
		found_in_list(c, sp_drives_listing_list(c), c->name, UINT64_MAX);
	}
	sp_drive_call_error(c, error);
	sp_drive_call_free(c);
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	char path[SP_DRIVE_SERVER_MAX_PATH];
	struct sp_desk_drives *d = sp_drives_of(req);
	struct sp_drive_call *c = call_for(req, parent);

	if (!c) {
		return;
	}
	if (look_up_here(c, name)) {
		sp_drive_call_free(c);
		return;
	}
	c->name = sp_strdup(name);
	if (c->name && sp_drive_name_odd(name)) {
		c->done = on_dir_listed;
		sp_drives_when_listed(c);
		sp_drives_pump(d);
		return;
	}
	int rc = c->name ? sp_drive_node_path(d->nodes, c->node, name, path, sizeof(path))
			 : SP_ENOMEM;
	if (rc == SP_OK) {
		struct sp_drive_server_at at = {.drive = sp_drives_id(d, c->node), .path = path};

		c->done = on_looked_up;
		rc = sp_drive_server_stat(d->machine, &at, c->tag, sp_now_us());
	}
	sp_drive_call_sent(c, rc);
	sp_drives_pump(d);
}

static void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count)
{
	struct sp_desk_drives *d = sp_drives_of(req);

	sp_drive_node_unref(d->nodes, sp_drive_node_of(d->nodes, ino), count);
	fuse_reply_none(req);
}

static void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	struct sp_desk_drives *d = sp_drives_of(req);

	for (size_t i = 0; i < count; i++) {
		sp_drive_node_unref(d->nodes, sp_drive_node_of(d->nodes, forgets[i].ino),
				forgets[i].nlookup);
	}
	fuse_reply_none(req);
}

/* An open file, which is right under any name, or else the path. */
static int at_node(const struct sp_drive_call *c, bool for_writing, struct sp_drive_server_at *at,
		char path[SP_DRIVE_SERVER_MAX_PATH])
{
	*at = (struct sp_drive_server_at){.file = sp_drives_handle(c->node, for_writing),
			.drive = sp_drives_id(c->d, c->node),
			.path = path};
	path[0] = 0;
	if (at->drive == 0) {
		return SP_ENOTFOUND;
	}
	return at->file ? SP_OK
			: sp_drive_node_path(c->d->nodes, c->node, NULL, path,
					  SP_DRIVE_SERVER_MAX_PATH);
}

static void on_stat(struct sp_drive_call *c, const struct sp_drive_server_event *ev)
{
	if (ev->fail == SP_DRIVE_FAIL_NONE) {
		sp_drives_learn(c->node, &ev->stat);
		reply_attr(c);
	}
	sp_drive_call_error(c, sp_drive_errno(ev->fail));
	sp_drive_call_free(c);
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	char path[SP_DRIVE_SERVER_MAX_PATH];
	struct sp_desk_drives *d = sp_drives_of(req);
	struct sp_drive_call *c = call_for(req, ino);
	struct sp_drive_server_at at;

	if (!c) {
		return;
	}
	if (sp_drives_fresh(c->node)) {
		reply_attr(c);
		sp_drive_call_free(c);
		return;
	}
	int rc = at_node(c, false, &at, path);
	if (rc == SP_OK) {
		c->done = on_stat;
		rc = sp_drive_server_stat(d->machine, &at, c->tag, sp_now_us());
	}
	sp_drive_call_sent(c, rc);
	sp_drives_pump(d);
}

/* ---- changing attributes ---- */

static void apply(struct sp_drive_node *n, const struct sp_drive_server_change *what)
{
	struct sp_drive_server_stat *s = &n->stat;

	if (what->has_size) {
		s->size = what->size;
		s->written = filetime_now();
		sp_drives_forget_data(n);
	}
	if (what->has_basic) {
		s->accessed = what->basic.accessed ? what->basic.accessed : s->accessed;
		s->written = what->basic.written ? what->basic.written : s->written;
		s->attributes = what->basic.attributes ? what->basic.attributes : s->attributes;
	}
	s->changed = filetime_now();
	if (n->linked && n->parent) {
		sp_drives_note(n->parent, n->name, s);
	}
}

/*
 * FreeRDP cannot set the times of a directory, and says of each that is not empty that it is not
 * empty: nobody shall fail to copy a tree for that.
 */
static bool is_quirk(const struct sp_drive_node *n, enum sp_drive_fail fail)
{
	return n->stat.directory && fail != SP_DRIVE_FAIL_ACCESS &&
			fail != SP_DRIVE_FAIL_READONLY && fail != SP_DRIVE_FAIL_NOENT &&
			fail != SP_DRIVE_FAIL_NODEV && fail != SP_DRIVE_FAIL_TIMEDOUT;
}

static void on_set(struct sp_drive_call *c, const struct sp_drive_server_event *ev)
{
	if (ev->fail == SP_DRIVE_FAIL_NONE) {
		apply(c->node, &c->change);
		reply_attr(c);
	} else if (is_quirk(c->node, ev->fail)) {
		reply_attr(c);
	}
	sp_drive_call_error(c, sp_drive_errno(ev->fail));
	sp_drive_call_free(c);
}

/* What was written before has arrived: now the change goes out. */
static void set_clean(struct sp_drive_call *c, const struct sp_drive_server_event *ev)
{
	char path[SP_DRIVE_SERVER_MAX_PATH];
	struct sp_drive_server_at at;
	int rc = at_node(c, true, &at, path);

	if (rc == SP_OK) {
		c->done = on_set;
		sp_drives_close_now(c->d);
		rc = sp_drive_server_set(c->d->machine, &at, &c->change, c->tag, sp_now_us());
	}
	sp_drive_call_sent(c, rc);
}

/* What of it a client's drive has; 0 or an error. */
static int wanted_change(const struct sp_drive_node *n, const struct stat *attr, int to_set,
		struct sp_drive_server_change *out)
{
	struct sp_drive_info_basic *b = &out->basic;
	uint64_t now = filetime_now();

	if (((to_set & FUSE_SET_ATTR_UID) && attr->st_uid != geteuid()) ||
			((to_set & FUSE_SET_ATTR_GID) && attr->st_gid != getegid())) {
		return EPERM;
	}
	if ((to_set & FUSE_SET_ATTR_MODE) && !n->stat.directory) {
		uint32_t old = n->stat.attributes;
		uint32_t bits = attr->st_mode & 0200 ? old & ~(uint32_t)SP_DRIVE_INFO_READONLY
						     : old | SP_DRIVE_INFO_READONLY;

		if (bits != old) {
			out->has_basic = true;
			b->attributes = bits ? bits : SP_DRIVE_INFO_NORMAL;
		}
	}
	if (to_set & FUSE_SET_ATTR_SIZE) {
		if (n->stat.directory) {
			return EISDIR;
		}
		out->has_size = true;
		out->size = (uint64_t)attr->st_size;
	}
	if (to_set & FUSE_SET_ATTR_ATIME) {
		out->has_basic = true;
		b->accessed = to_set & FUSE_SET_ATTR_ATIME_NOW ? now : filetime_of(&attr->st_atim);
	}
	if (to_set & FUSE_SET_ATTR_MTIME) {
		out->has_basic = true;
		b->written = to_set & FUSE_SET_ATTR_MTIME_NOW ? now : filetime_of(&attr->st_mtim);
	}
	return 0;
}

static void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		struct fuse_file_info *fi)
{
	struct sp_desk_drives *d = sp_drives_of(req);
	struct sp_drive_call *c = call_for(req, ino);

	if (!c) {
		return;
	}
	if (!c->node->parent || !c->node->parent->parent) {
		refuse(c, EPERM);
		return;
	}
	int error = wanted_change(c->node, attr, to_set, &c->change);
	if (error != 0) {
		refuse(c, error);
		return;
	}
	if (!c->change.has_size && !c->change.has_basic) {
		reply_attr(c);
		sp_drive_call_free(c);
		return;
	}
	c->done = set_clean;
	sp_drives_when_clean(c->node, c);
	sp_drives_pump(d);
}

/* ---- names ---- */

static void on_made(struct sp_drive_call *c, const struct sp_drive_server_event *ev)
{
	struct sp_drive_server_stat stat;

	if (ev->fail == SP_DRIVE_FAIL_NONE) {
		sp_drives_new_stat(&stat, true);
		sp_drives_note(c->node, c->name, &stat);
		struct sp_drive_node *n = sp_drive_node_get(c->d->nodes, c->node, c->name);
		if (n) {
			sp_drives_learn(n, &stat);
			sp_drives_list_empty(n);
			sp_drives_reply_entry(c, n);
			sp_drive_node_unref(c->d->nodes, n, 1);
		}
		sp_drive_call_error(c, ENFILE);
	}
	sp_drive_call_error(c, sp_drive_errno(ev->fail));
	sp_drive_call_free(c);
}

static void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	char path[SP_DRIVE_SERVER_MAX_PATH];
	struct sp_desk_drives *d = sp_drives_of(req);
	struct sp_drive_call *c = sp_drives_call_at(req, parent, name, path);

	if (!c) {
		return;
	}
	c->done = on_made;
	sp_drive_call_sent(c,
			sp_drive_server_mkdir(d->machine, sp_drives_id(d, c->node), path, c->tag,
					sp_now_us()));
	sp_drives_pump(d);
}

static void on_gone(struct sp_drive_call *c, const struct sp_drive_server_event *ev)
{
	struct sp_drive_node *n = sp_drive_node_find(c->d->nodes, c->node, c->name);

	if (ev->fail == SP_DRIVE_FAIL_NONE || ev->fail == SP_DRIVE_FAIL_NOENT) {
		sp_drives_note(c->node, c->name, NULL);
		if (n) {
			sp_drive_node_unlink(c->d->nodes, n);
		}
	}
	sp_drive_call_error(c, sp_drive_errno(ev->fail));
	sp_drive_call_free(c);
}

static void take_away(fuse_req_t req, fuse_ino_t parent, const char *name, bool directory)
{
	char path[SP_DRIVE_SERVER_MAX_PATH];
	struct sp_desk_drives *d = sp_drives_of(req);
	struct sp_drive_call *c = sp_drives_call_at(req, parent, name, path);

	if (!c) {
		return;
	}
	c->done = on_gone;
	sp_drives_close_now(d);
	sp_drive_call_sent(c,
			sp_drive_server_remove(d->machine, sp_drives_id(d, c->node), path,
					directory, c->tag, sp_now_us()));
	sp_drives_pump(d);
}

static void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	take_away(req, parent, name, false);
}

static void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	take_away(req, parent, name, true);
}

static void renamed(struct sp_drive_call *c, int error)
{
	struct sp_drive_node *n = sp_drive_node_find(c->d->nodes, c->node, c->name);

	if (error == 0) {
		sp_drives_note(c->node, c->name, NULL);
		if (n && sp_drive_node_move(c->d->nodes, n, c->other, c->other_name) == SP_OK) {
			sp_drives_note(c->other, c->other_name, &n->stat);
		} else {
			sp_drive_node_drop_list(c->other);
		}
	}
	sp_drive_call_error(c, error);
	sp_drive_call_free(c);
}

/* Whether the old name is still there, after it was said that a directory is not empty. */
static void on_old_name(struct sp_drive_call *c, const struct sp_drive_server_event *ev)
{
	renamed(c, ev->fail == SP_DRIVE_FAIL_NOENT ? 0 : ENOTEMPTY);
}

static void on_renamed(struct sp_drive_call *c, const struct sp_drive_server_event *ev)
{
	char path[SP_DRIVE_SERVER_MAX_PATH];
	struct sp_drive_server_at at = {.drive = sp_drives_id(c->d, c->node), .path = path};

	/* FreeRDP says that of every directory with something in it, and has renamed it. */
	if (ev->fail == SP_DRIVE_FAIL_NOTEMPTY &&
			sp_drive_node_path(c->d->nodes, c->node, c->name, path, sizeof(path)) ==
					SP_OK) {
		c->done = on_old_name;
		sp_drive_call_sent(
				c, sp_drive_server_stat(c->d->machine, &at, c->tag, sp_now_us()));
		return;
	}
	renamed(c, sp_drive_errno(ev->fail));
}

static void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t to_parent,
		const char *to_name, unsigned flags)
{
	char from[SP_DRIVE_SERVER_MAX_PATH], to[SP_DRIVE_SERVER_MAX_PATH];
	struct sp_desk_drives *d = sp_drives_of(req);
	struct sp_drive_node *other = sp_drive_node_of(d->nodes, to_parent);
	bool replace = !(flags & RENAME_NOREPLACE);

	if (!other || (flags & ~(unsigned)RENAME_NOREPLACE)) {
		fuse_reply_err(req, other ? EINVAL : ESTALE);
		return;
	}
	struct sp_drive_call *c = sp_drives_call_at(req, parent, name, from);
	if (!c) {
		return;
	}
	c->other = sp_drive_node_ref(other);
	c->other_name = sp_strdup(to_name);
	if (!c->other_name || !sp_drive_name_ok(to_name)) {
		refuse(c, c->other_name ? EINVAL : ENOMEM);
		return;
	}
	if (sp_drives_is_root(other) || other->drive != c->node->drive) {
		refuse(c, EXDEV);
		return;
	}
	int rc = sp_drive_node_path(d->nodes, other, to_name, to, sizeof(to));
	if (rc == SP_OK) {
		c->done = on_renamed;
		sp_drives_close_now(d);
		rc = sp_drive_server_rename(d->machine, sp_drives_id(d, other), from, to, replace,
				c->tag, sp_now_us());
	}
	sp_drive_call_sent(c, rc);
	sp_drives_pump(d);
}

/* ---- the volume ---- */

static void reply_volume(struct sp_drive_call *c)
{
	const struct sp_drive *v = sp_drives_drive(c->d, c->node);
	struct statvfs out = {.f_bsize = UNIT,
			.f_frsize = UNIT,
			.f_blocks = v->volume.total / UNIT,
			.f_bfree = v->volume.free / UNIT,
			.f_bavail = v->volume.available / UNIT,
			.f_namemax = NAME_MAX};

	if (c->req) {
		fuse_reply_statfs(c->req, &out);
		c->req = NULL;
	}
}

static void on_volume(struct sp_drive_call *c, const struct sp_drive_server_event *ev)
{
	struct sp_drive *v = sp_drives_drive(c->d, c->node);

	if (v && ev->fail == SP_DRIVE_FAIL_NONE) {
		v->volume = ev->volume;
		v->volume_until = sp_now_us() + VOLUME_US;
		reply_volume(c);
	}
	sp_drive_call_error(c, v ? sp_drive_errno(ev->fail) : EIO);
	sp_drive_call_free(c);
}

static void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct sp_desk_drives *d = sp_drives_of(req);
	struct sp_drive_call *c = call_for(req, ino);
	struct statvfs none = {.f_bsize = UNIT, .f_frsize = UNIT, .f_namemax = NAME_MAX};

	if (!c) {
		return;
	}
	if (sp_drives_is_root(c->node)) {
		fuse_reply_statfs(c->req, &none);
		sp_drive_call_free(c);
		return;
	}
	const struct sp_drive *v = sp_drives_drive(d, c->node);
	if (v && sp_now_us() < v->volume_until) {
		reply_volume(c);
		sp_drive_call_free(c);
		return;
	}
	c->done = on_volume;
	sp_drive_call_sent(c,
			sp_drive_server_volume(
					d->machine, sp_drives_id(d, c->node), c->tag, sp_now_us()));
	sp_drives_pump(d);
}

/* ---- what a client's drive does not have ---- */

static void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t dev)
{
	fuse_reply_err(req, EPERM);
}

static void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	fuse_reply_err(req, EPERM);
}

static void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
	fuse_reply_err(req, EPERM);
}

static void op_init(void *user, struct fuse_conn_info *conn)
{
	/* Entries come with their attributes, so they cost nothing. */
	conn->want &= ~(unsigned)FUSE_CAP_READDIRPLUS_AUTO;
	conn->want |= conn->capable & FUSE_CAP_READDIRPLUS;
	conn->want |= conn->capable & (FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_PARALLEL_DIROPS);
	conn->max_write = MAX_WRITE;
	conn->max_background = MAX_BACKGROUND;
	conn->congestion_threshold = MAX_BACKGROUND;
	conn->time_gran = 100;
}

const struct fuse_lowlevel_ops sp_drives_ops = {
		.init = op_init,
		.lookup = op_lookup,
		.forget = op_forget,
		.forget_multi = op_forget_multi,
		.getattr = op_getattr,
		.setattr = op_setattr,
		.mknod = op_mknod,
		.mkdir = op_mkdir,
		.unlink = op_unlink,
		.rmdir = op_rmdir,
		.symlink = op_symlink,
		.rename = op_rename,
		.link = op_link,
		.statfs = op_statfs,
		.opendir = sp_drives_opendir,
		.readdir = sp_drives_readdir,
		.readdirplus = sp_drives_readdirplus,
		.releasedir = sp_drives_releasedir,
		.create = sp_drives_create_file,
		.open = sp_drives_open,
		.read = sp_drives_read,
		.write = sp_drives_write,
		.flush = sp_drives_flush,
		.fsync = sp_drives_fsync,
		.release = sp_drives_release,
};
