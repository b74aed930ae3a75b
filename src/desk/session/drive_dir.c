/* desk/session/drive_dir.c - the drives' file system: directories read. */
#include <errno.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "desk/session/drive_name.h"
#include "desk/session/drives_part.h"

#define ENOUGH 64 /* entries that are worth an answer before all are there */
#define MAX_REPLY (128u << 10)
#define DOTS 2 /* "." and "..", before the entries of the list */
#define LIST_FRESH_US UINT64_C(1000000)
/* A directory that we made fills with what we put there, mostly. */
#define NEW_FRESH_US UINT64_C(2000000)

struct sp_drive_listing {
	unsigned refs; /* the open directory's, and that of the call which fills it */
	struct sp_drive_list *list;
	bool complete;
	int error; /* 0, or why it is not whole */
	struct sp_drive_call *waiting;
};

struct sp_drive_dir {
	struct sp_drive_dir *prev, *next;
	struct sp_drive_listing *listing; /* NULL: not read yet */
};

static void listing_unref(struct sp_drive_listing *l)
{
	if (l && --l->refs == 0) {
		sp_drive_list_unref(l->list);
		sp_free(l);
	}
}

bool sp_drives_list_fresh(struct sp_drive_node *dir)
{
	if (dir->list && sp_now_us() >= dir->list_until) {
		sp_drive_node_drop_list(dir);
	}
	return dir->list;
}

void sp_drives_list_empty(struct sp_drive_node *dir)
{
	sp_drive_node_drop_list(dir);
	dir->list = sp_drive_list_create();
	dir->list_until = sp_now_us() + NEW_FRESH_US;
}

/* ---- answering ---- */

/* Adds one entry; false when it does not fit. */
static bool put(struct sp_drive_call *c, char *buf, size_t *at, const struct sp_drive_entry *entry,
		off_t next)
{
	bool dot = next <= DOTS;
	struct fuse_entry_param e = {
			.attr_timeout = SP_DRIVES_FRESH, .entry_timeout = SP_DRIVES_FRESH};
	struct sp_drive_node *n = NULL;
	size_t room = c->n - *at, need;

	e.attr.st_mode = dot || entry->stat.directory ? S_IFDIR : S_IFREG;
	e.attr.st_ino = dot ? c->node->ino : UINT32_MAX;
	if (!c->flags) {
		need = fuse_add_direntry(c->req, buf + *at, room, entry->name, &e.attr, next);
	} else {
		/* Without a node (too many are known) the kernel will ask when it wants to know. */
		n = dot ? NULL : sp_drive_node_get(c->d->nodes, c->node, entry->name);
		if (n && !sp_drive_node_written(n, entry->raw, entry->wire)) {
			sp_drive_node_unref(c->d->nodes, n, 1);
			n = NULL;
		}
		if (n) {
			if (!sp_drives_fresh(n)) {
				sp_drives_learn(n, &entry->stat);
			}
			e.ino = n->ino;
			e.generation = n->generation;
			sp_drives_stat(n, &e.attr);
		}
		need = fuse_add_direntry_plus(c->req, buf + *at, room, entry->name, &e, next);
	}
	if (need > room) {
		sp_drive_node_unref(c->d->nodes, n, 1);
		return false;
	}
	*at += need; /* the node's reference is the kernel's from now on */
	return true;
}

static void answer(struct sp_drive_call *c)
{
	struct sp_drive_listing *l = c->listing;
	size_t at = 0;
	off_t next = (off_t)c->offset;

	if (!c->req) {
		return;
	}
	if (l->error != 0 && next >= DOTS + (off_t)sp_drive_list_size(l->list)) {
		sp_drive_call_error(c, l->error);
		return;
	}
	char *buf = sp_malloc(c->n);
	if (!buf) {
		sp_drive_call_error(c, ENOMEM);
		return;
	}
	bool room = true;
	while (room && next < DOTS) {
		struct sp_drive_entry dots = {.name = next == 0 ? "." : ".."};

		room = put(c, buf, &at, &dots, next + 1);
		next += room;
	}
	while (room && (size_t)(next - DOTS) < sp_drive_list_size(l->list)) {
		struct sp_drive_entry e;

		if (sp_drive_list_at(l->list, (size_t)(next - DOTS), &e)) {
			room = put(c, buf, &at, &e, next + 1);
		}
		next += room;
	}
	fuse_reply_buf(c->req, buf, at);
	c->req = NULL;
	sp_free(buf);
}

static bool answerable(const struct sp_drive_call *c)
{
	const struct sp_drive_listing *l = c->listing;

	return l->complete || (!c->done && c->offset + ENOUGH < sp_drive_list_size(l->list));
}

static void wake(struct sp_drive_listing *l)
{
	struct sp_drive_call **at = &l->waiting;

	while (*at) {
		struct sp_drive_call *c = *at;

		if (!answerable(c)) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		if (c->done) {
			c->done(c, NULL);
			continue;
		}
		answer(c);
		sp_drive_call_free(c);
	}
}

int sp_drives_listing_error(const struct sp_drive_call *c)
{
	return c->listing->error;
}

const struct sp_drive_list *sp_drives_listing_list(const struct sp_drive_call *c)
{
	return c->listing->list;
}

/* ---- filling ---- */

void sp_drives_on_entry(struct sp_drive_call *c, const struct sp_drive_server_event *ev)
{
	struct sp_drive_listing *l = c->listing;

	if (!l || l->error != 0) {
		return;
	}
	int rc = sp_drive_list_tell(l->list, ev->name, &ev->stat, ev->raw);
	if (rc != SP_OK) {
		l->error = sp_drive_errno_unsent(rc);
	}
	if (sp_drive_list_size(l->list) % ENOUGH == 0) {
		wake(l);
	}
}

static void on_listed(struct sp_drive_call *c, const struct sp_drive_server_event *ev)
{
	struct sp_drive_listing *l = c->listing;

	l->complete = true;
	if (l->error == 0) {
		l->error = sp_drive_errno(ev->fail);
	}
	/* What we changed meanwhile may or may not be in it. */
	if (l->error == 0 && c->node->changes == c->offset) {
		sp_drive_node_drop_list(c->node);
		c->node->list = sp_drive_list_ref(l->list);
		c->node->list_until = sp_now_us() + LIST_FRESH_US;
	}
	wake(l);
	listing_unref(l);
	sp_drive_call_free(c);
}

static void list_drives(struct sp_desk_drives *d, struct sp_drive_listing *l)
{
	for (size_t i = 0; i < SP_DRIVES_MAX; i++) {
		struct sp_drive *v = &d->drive[i];

		if (v->alive && sp_drive_list_add(l->list, v->name, &v->node->stat) != SP_OK) {
			l->error = ENOMEM;
		}
	}
	l->complete = true;
}

/* Asks the client; the call that fills the listing has a reference to it. */
static int ask(struct sp_desk_drives *d, struct sp_drive_node *n, struct sp_drive_listing *l)
{
	char path[SP_DRIVE_SERVER_MAX_PATH];
	int rc = sp_drive_node_path(d->nodes, n, NULL, path, sizeof(path));

	if (rc != SP_OK) {
		return rc;
	}
	struct sp_drive_call *c = sp_drive_call_create(d, NULL);
	if (!c) {
		return SP_ENOMEM;
	}
	c->node = sp_drive_node_ref(n);
	c->listing = l;
	c->offset = n->changes;
	c->done = on_listed;
	rc = sp_drive_server_list(d->machine, sp_drives_id(d, n), path, "*", c->tag, sp_now_us());
	if (rc != SP_OK) {
		sp_drive_call_free(c);
		return rc;
	}
	l->refs++;
	return SP_OK;
}

void sp_drives_when_listed(struct sp_drive_call *c)
{
	struct sp_drive_listing *l = sp_calloc(1, sizeof(*l));
	int rc = SP_ENOMEM;

	if (l) {
		l->refs = 1;
		l->list = sp_drive_list_create();
		rc = l->list ? ask(c->d, c->node, l) : SP_ENOMEM;
	}
	if (rc == SP_OK) {
		c->listing = l;
		l->waiting = c;
	} else {
		sp_drive_call_error(c, sp_drive_errno_unsent(rc));
		sp_drive_call_free(c);
	}
	listing_unref(l);
}

/* 0 or an error. */
static int begin(struct sp_desk_drives *d, struct sp_drive_node *n, struct sp_drive_dir *dir)
{
	struct sp_drive_listing *l = sp_calloc(1, sizeof(*l));
	int rc = SP_OK;

	if (!l) {
		return ENOMEM;
	}
	l->refs = 1;
	if (!sp_drives_is_root(n) && sp_drives_list_fresh(n)) {
		l->list = sp_drive_list_ref(n->list);
		l->complete = true;
	} else {
		l->list = sp_drive_list_create();
		rc = l->list ? SP_OK : SP_ENOMEM;
		if (rc == SP_OK && sp_drives_is_root(n)) {
			list_drives(d, l);
		} else if (rc == SP_OK) {
			rc = ask(d, n, l);
		}
	}
	if (rc != SP_OK) {
		listing_unref(l);
		return sp_drive_errno_unsent(rc);
	}
	listing_unref(dir->listing);
	dir->listing = l;
	return 0;
}

/* ---- operations ---- */

static void free_dir(struct sp_desk_drives *d, struct sp_drive_dir *dir)
{
	if (dir->prev) {
		dir->prev->next = dir->next;
	} else {
		d->dirs = dir->next;
	}
	if (dir->next) {
		dir->next->prev = dir->prev;
	}
	listing_unref(dir->listing);
	sp_free(dir);
}

void sp_drives_free_dirs(struct sp_desk_drives *d)
{
	while (d->dirs) {
		free_dir(d, d->dirs);
	}
}

void sp_drives_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct sp_desk_drives *d = sp_drives_of(req);
	struct sp_drive_dir *dir = sp_calloc(1, sizeof(*dir));

	if (!dir) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	dir->next = d->dirs;
	if (dir->next) {
		dir->next->prev = dir;
	}
	d->dirs = dir;
	fi->fh = (uintptr_t)dir;
	if (fuse_reply_open(req, fi) != 0) {
		free_dir(d, dir);
	}
}

static void read_dir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		struct fuse_file_info *fi, bool plus)
{
	struct sp_desk_drives *d = sp_drives_of(req);
	struct sp_drive_node *n = sp_drive_node_of(d->nodes, ino);
	struct sp_drive_dir *dir = (struct sp_drive_dir *)(uintptr_t)fi->fh;
	int error = n && offset >= 0 ? 0 : ESTALE;

	if (error == 0 && (offset == 0 || !dir->listing)) {
		error = begin(d, n, dir);
	}
	if (error != 0) {
		fuse_reply_err(req, error);
		return;
	}
	struct sp_drive_call *c = sp_drive_call_create(d, req);
	if (!c) {
		return;
	}
	c->node = sp_drive_node_ref(n);
	c->listing = dir->listing;
	c->offset = (uint64_t)offset;
	c->n = size < MAX_REPLY ? size : MAX_REPLY;
	c->flags = plus;
	if (answerable(c)) {
		answer(c);
		sp_drive_call_free(c);
	} else {
		c->next = c->listing->waiting;
		c->listing->waiting = c;
	}
	sp_drives_pump(d);
}

void sp_drives_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		struct fuse_file_info *fi)
{
	read_dir(req, ino, size, offset, fi, false);
}

void sp_drives_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		struct fuse_file_info *fi)
{
	read_dir(req, ino, size, offset, fi, true);
}

void sp_drives_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct sp_drive_dir *dir = (struct sp_drive_dir *)(uintptr_t)fi->fh;

	/* Whoever was told to stop waiting may still stand in the queue. */
	if (dir->listing) {
		struct sp_drive_call *c = dir->listing->waiting;

		dir->listing->waiting = NULL;
		while (c) {
			struct sp_drive_call *next = c->next;

			sp_drive_call_error(c, EIO);
			sp_drive_call_free(c);
			c = next;
		}
	}
	free_dir(sp_drives_of(req), dir);
	fuse_reply_err(req, 0);
}
