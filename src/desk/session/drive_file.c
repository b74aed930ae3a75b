/* desk/session/drive_file.c - the drives' file system: files opened and closed. */
#include "desk/session/drive_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "desk/session/drive_name.h"

#define CLOSE_WITHIN_US UINT64_C(3000)

struct sp_drive_file *sp_drive_file_create(
		struct sp_desk_drives *d, struct sp_drive_node *n, uint64_t handle, unsigned how)
{
	struct sp_drive_file *f = sp_calloc(1, sizeof(*f));

	if (!f) {
		sp_drive_server_close(d->machine, handle, sp_now_us());
		return NULL;
	}
	f->d = d;
	f->refs = 1;
	f->node = sp_drive_node_ref(n);
	f->handle = handle;
	f->reads = how & SP_DRIVE_SERVER_READ;
	f->writes = how & SP_DRIVE_SERVER_WRITE;
	f->sibling = n->files;
	n->files = f;
	f->next = d->files;
	if (f->next) {
		f->next->prev = f;
	}
	d->files = f;
	return f;
}

void sp_drive_file_unref(struct sp_drive_file *f)
{
	if (!f || --f->refs > 0) {
		return;
	}
	struct sp_desk_drives *d = f->d;
	struct sp_drive_file **at = &f->node->files;
	while (*at != f) {
		at = &(*at)->sibling;
	}
	*at = f->sibling;
	if (f->prev) {
		f->prev->next = f->next;
	} else {
		d->files = f->next;
	}
	if (f->next) {
		f->next->prev = f->prev;
	}
	sp_drive_file_drop_blocks(f);
	d->held -= f->gather_n;
	sp_free(f->gather);
	sp_drive_node_unref(d->nodes, f->node, 1);
	sp_free(f);
}

void sp_drives_free_files(struct sp_desk_drives *d)
{
	while (d->files) {
		d->files->refs = 1;
		sp_drive_file_unref(d->files);
	}
}

static void end_queue(struct sp_drive_call **queue)
{
	while (*queue) {
		struct sp_drive_call *c = *queue;

		*queue = c->next;
		sp_drive_call_error(c, EIO);
		sp_drive_call_free(c);
	}
}

void sp_drive_file_release(struct sp_drive_file *f)
{
	/* Only who was told to stop waiting can still stand there. */
	end_queue(&f->writers);
	end_queue(&f->readers);
	sp_drive_file_push(f);
	f->released = true;
	if (f->d->n_closing == SP_DRIVES_MAX_CLOSING) {
		sp_drives_close_now(f->d);
	}
	if (f->d->n_closing == 0) {
		sp_watch_in(f->d->close_due, CLOSE_WITHIN_US);
	}
	f->d->closing[f->d->n_closing++] = f->handle;
	if (f->writes && f->node->linked && f->node->parent) {
		sp_drives_note(f->node->parent, f->node->name, &f->node->stat);
	}
	sp_drive_file_unref(f);
}

/* ---- a node's files ---- */

bool sp_drives_dirty(const struct sp_drive_node *n)
{
	for (const struct sp_drive_file *f = n->files; f; f = f->sibling) {
		if (f->dirty > 0) {
			return true;
		}
	}
	return false;
}

uint64_t sp_drives_handle(const struct sp_drive_node *n, bool for_writing)
{
	for (const struct sp_drive_file *f = n->files; f; f = f->sibling) {
		if (!f->released && (f->writes || !for_writing)) {
			return f->handle;
		}
	}
	return 0;
}

void sp_drives_forget_data(struct sp_drive_node *n)
{
	for (struct sp_drive_file *f = n->files; f; f = f->sibling) {
		sp_drive_file_drop_blocks(f);
	}
}

void sp_drives_when_clean(struct sp_drive_node *n, struct sp_drive_call *c)
{
	for (struct sp_drive_file *f = n->files; f; f = f->sibling) {
		sp_drive_file_push(f);
	}
	if (!sp_drives_dirty(n)) {
		c->done(c, NULL);
		return;
	}
	struct sp_drive_call **at = &n->waiting;
	while (*at) {
		at = &(*at)->next;
	}
	*at = c;
}

/* ---- opening ---- */

static unsigned how_of(int flags)
{
	unsigned how = 0;

	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		how = SP_DRIVE_SERVER_READ;
		break;
	case O_WRONLY:
		how = SP_DRIVE_SERVER_WRITE;
		break;
	default:
		how = SP_DRIVE_SERVER_READ | SP_DRIVE_SERVER_WRITE;
	}
	how |= flags & O_CREAT ? SP_DRIVE_SERVER_CREATE : 0;
	how |= (flags & O_CREAT) && (flags & O_EXCL) ? SP_DRIVE_SERVER_EXCLUSIVE : 0;
	how |= flags & O_TRUNC ? SP_DRIVE_SERVER_TRUNCATE : 0;
	return how;
}

static void on_opened(struct sp_drive_call *c, const struct sp_drive_server_event *ev)
{
	struct sp_drive_file *f = NULL;

	if (ev->fail != SP_DRIVE_FAIL_NONE) {
		sp_drive_call_error(c, sp_drive_errno(ev->fail));
	} else {
		f = sp_drive_file_create(c->d, c->node, ev->file, c->flags);
	}
	if (f && (c->flags & SP_DRIVE_SERVER_TRUNCATE)) {
		sp_drives_forget_data(c->node);
		c->node->stat.size = 0;
	}
	if (f) {
		c->fi.fh = (uintptr_t)f;
		c->fi.noflush = !f->writes;
		if (!c->req || fuse_reply_open(c->req, &c->fi) != 0) {
			sp_drive_file_release(f);
		} else {
			sp_drive_file_begin(f);
		}
		c->req = NULL;
	}
	sp_drive_call_error(c, ENOMEM);
	sp_drive_call_free(c);
}

void sp_drives_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	char path[SP_DRIVE_SERVER_MAX_PATH];
	struct sp_desk_drives *d = sp_drives_of(req);
	struct sp_drive_node *n = sp_drive_node_of(d->nodes, ino);
	struct sp_drive_call *c = n ? sp_drive_call_create(d, req) : NULL;

	if (!c) {
		if (!n) {
			fuse_reply_err(req, ESTALE);
		}
		return;
	}
	c->node = sp_drive_node_ref(n);
	c->fi = *fi;
	c->flags = how_of(fi->flags & ~O_CREAT);
	c->done = on_opened;
	if (c->flags & SP_DRIVE_SERVER_WRITE) {
		sp_drives_close_now(d); /* it may be the same file */
	}
	int rc = sp_drive_node_path(d->nodes, n, NULL, path, sizeof(path));
	if (rc == SP_OK) {
		rc = sp_drive_server_open(d->machine, sp_drives_id(d, n), path, c->flags, c->tag,
				sp_now_us());
	}
	sp_drive_call_sent(c, rc);
	sp_drives_pump(d);
}

/* ---- creating ---- */

static void reply_created(struct sp_drive_call *c, const struct sp_drive_server_stat *stat)
{
	struct sp_desk_drives *d = c->d;
	struct sp_drive_node *n = sp_drive_node_get(d->nodes, c->node, c->name);
	struct sp_drive_file *f = NULL;

	if (n) {
		sp_drives_learn(n, stat);
		sp_drives_note(c->node, c->name, stat);
		f = sp_drive_file_create(d, n, c->offset, c->flags);
	} else {
		sp_drive_server_close(d->machine, c->offset, sp_now_us());
	}
	if (f) {
		struct fuse_entry_param e = {.ino = n->ino,
				.generation = n->generation,
				.attr_timeout = SP_DRIVES_FRESH,
				.entry_timeout = SP_DRIVES_FRESH};

		sp_drives_stat(n, &e.attr);
		c->fi.fh = (uintptr_t)f;
		sp_drive_node_ref(n);
		if (!c->req || fuse_reply_create(c->req, &e, &c->fi) != 0) {
			sp_drive_node_unref(d->nodes, n, 1);
			sp_drive_file_release(f);
		}
		c->req = NULL;
	}
	sp_drive_node_unref(d->nodes, n, 1);
	sp_drive_call_error(c, ENOMEM);
	sp_drive_call_free(c);
}

static void on_old_stat(struct sp_drive_call *c, const struct sp_drive_server_event *ev)
{
	if (ev->fail == SP_DRIVE_FAIL_NONE) {
		reply_created(c, &ev->stat);
		return;
	}
	sp_drive_server_close(c->d->machine, c->offset, sp_now_us());
	sp_drive_call_error(c, sp_drive_errno(ev->fail));
	sp_drive_call_free(c);
}

static void on_created(struct sp_drive_call *c, const struct sp_drive_server_event *ev)
{
	struct sp_drive_server_stat stat;

	if (ev->fail != SP_DRIVE_FAIL_NONE) {
		sp_drive_call_error(c, sp_drive_errno(ev->fail));
		sp_drive_call_free(c);
		return;
	}
	c->offset = ev->file;
	if (ev->created || (c->flags & SP_DRIVE_SERVER_TRUNCATE)) {
		sp_drives_new_stat(&stat, false);
		reply_created(c, &stat);
		return;
	}
	/* Somebody was faster: it has a size and times. */
	struct sp_drive_server_at at = {.file = ev->file};
	c->done = on_old_stat;
	int rc = sp_drive_server_stat(c->d->machine, &at, c->tag, sp_now_us());
	if (rc != SP_OK) {
		sp_drive_server_close(c->d->machine, c->offset, sp_now_us());
	}
	sp_drive_call_sent(c, rc);
}

void sp_drives_create_file(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
		struct fuse_file_info *fi)
{
	char path[SP_DRIVE_SERVER_MAX_PATH];
	struct sp_desk_drives *d = sp_drives_of(req);
	struct sp_drive_call *c = sp_drives_call_at(req, parent, name, path);

	if (!c) {
		return;
	}
	c->fi = *fi;
	c->flags = how_of(fi->flags | O_CREAT);
	c->done = on_created;
	sp_drive_call_sent(c,
			sp_drive_server_open(d->machine, sp_drives_id(d, c->node), path, c->flags,
					c->tag, sp_now_us()));
	sp_drives_pump(d);
}

void sp_drives_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct sp_desk_drives *d = sp_drives_of(req);

	sp_drive_file_release((struct sp_drive_file *)(uintptr_t)fi->fh);
	fuse_reply_err(req, 0);
	sp_drives_pump(d);
}
