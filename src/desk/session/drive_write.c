/* desk/session/drive_write.c - the drives' file system: writing, answered before the client has it. */
#include <errno.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "desk/session/drive_file.h"
#include "desk/session/drive_name.h"

#define GATHER (256u << 10)
#define WINDOW (8u << 20) /* of one file, not yet there */

static void take_writers(struct sp_drive_file *f);

static void check_clean(struct sp_drive_node *n)
{
	if (!n->waiting || sp_drives_dirty(n)) {
		return;
	}
	struct sp_drive_call *queue = n->waiting;
	n->waiting = NULL;
	sp_drive_node_ref(n);
	struct sp_desk_drives *d = queue->d;
	while (queue) {
		struct sp_drive_call *c = queue;

		queue = c->next;
		c->next = NULL;
		if (c->req) {
			c->done(c, NULL);
		} else {
			sp_drive_call_free(c);
		}
	}
	sp_drive_node_unref(d->nodes, n, 1);
}

static void on_written(struct sp_drive_call *c, const struct sp_drive_server_event *ev)
{
	struct sp_drive_file *f = c->file;
	struct sp_drive_call **at = &f->sent;
	int error = sp_drive_errno(ev->fail);

	while (*at != c) {
		at = &(*at)->next;
	}
	*at = c->next;
	if (error == 0 && ev->n < c->n) {
		error = ENOSPC;
	}
	if (f->error == 0) {
		f->error = error;
	}
	f->dirty -= c->n;
	f->d->held -= c->n;
	if (!f->sent) {
		sp_drive_file_push(f);
	}
	take_writers(f);
	check_clean(f->node);
	sp_drive_call_free(c);
}

/* The bytes count as dirty already. */
static void send(struct sp_drive_file *f, uint64_t offset, const void *p, size_t n)
{
	struct sp_drive_call *c = sp_drive_call_create(f->d, NULL);
	int rc = c ? SP_OK : SP_ENOMEM;

	if (c) {
		c->file = f;
		f->refs++;
		c->offset = offset;
		c->n = n;
		c->done = on_written;
		rc = sp_drive_server_write(
				f->d->machine, f->handle, offset, p, n, c->tag, sp_now_us());
	}
	if (rc == SP_OK) {
		c->next = f->sent;
		f->sent = c;
		return;
	}
	f->dirty -= n;
	f->d->held -= n;
	f->error = f->error ? f->error : sp_drive_errno_unsent(rc);
	if (c) {
		sp_drive_call_free(c);
	}
}

void sp_drive_file_push(struct sp_drive_file *f)
{
	size_t n = f->gather_n;

	if (n > 0) {
		f->gather_n = 0;
		send(f, f->gather_at, f->gather, n);
	}
}

static bool overlaps_sent(const struct sp_drive_file *f, uint64_t offset, size_t n)
{
	for (const struct sp_drive_call *c = f->sent; c; c = c->next) {
		if (offset < c->offset + c->n && c->offset < offset + n) {
			return true;
		}
	}
	return false;
}

/* Whether the bytes can be taken now: a client may do what is under way in any order. */
static bool acceptable(struct sp_drive_file *f, uint64_t offset, size_t n)
{
	bool overlaps = f->gather_n > 0 && offset < f->gather_at + f->gather_n &&
			f->gather_at < offset + n;

	if (overlaps) {
		sp_drive_file_push(f);
	}
	if (overlaps_sent(f, offset, n)) {
		return false;
	}
	return f->dirty == 0 ||
			(f->dirty + n <= WINDOW && f->d->held + n <= SP_DRIVES_MAX_HELD &&
					f->d->calls < SP_DRIVES_MAX_CALLS / 2);
}

static void accept_write(struct sp_drive_file *f, uint64_t offset, const void *p, size_t n)
{
	struct sp_drive_node *node = f->node;

	sp_drives_forget_data(node);
	f->dirty += n;
	f->d->held += n;
	if (f->gather_n > 0 && (offset != f->gather_at + f->gather_n || n > GATHER - f->gather_n)) {
		sp_drive_file_push(f);
	}
	if (!f->gather) {
		f->gather = n < GATHER ? sp_malloc(GATHER) : NULL;
	}
	if (n >= GATHER || !f->gather) {
		send(f, offset, p, n);
	} else {
		if (f->gather_n == 0) {
			f->gather_at = offset;
		}
		memcpy(f->gather + f->gather_n, p, n);
		f->gather_n += n;
		if (!f->sent || f->gather_n == GATHER) {
			sp_drive_file_push(f);
		}
	}
	struct sp_drive_server_stat now;
	sp_drives_new_stat(&now, false);
	node->stat.written = now.written;
	node->stat.changed = now.written;
	node->stat.size = offset + n > node->stat.size ? offset + n : node->stat.size;
	node->fresh_until = sp_now_us() + SP_DRIVES_FRESH_US;
}

/* The error of an earlier write, or 0; it is told once. */
static int take_error(struct sp_drive_file *f)
{
	int error = f->error;

	f->error = 0;
	return error;
}

static void take_writers(struct sp_drive_file *f)
{
	while (f->writers) {
		struct sp_drive_call *c = f->writers;

		if (c->req && f->error == 0 && !acceptable(f, c->offset, c->n)) {
			break;
		}
		f->writers = c->next;
		if (c->req && f->error == 0) {
			accept_write(f, c->offset, c->data, c->n);
			fuse_reply_write(c->req, c->n);
			c->req = NULL;
		} else if (c->req) {
			sp_drive_call_error(c, take_error(f));
		}
		sp_drive_call_free(c);
	}
}

void sp_drives_write(fuse_req_t req, fuse_ino_t ino, const char *p, size_t size, off_t offset,
		struct fuse_file_info *fi)
{
	struct sp_desk_drives *d = sp_drives_of(req);
	struct sp_drive_file *f = (struct sp_drive_file *)(uintptr_t)fi->fh;

	if (f->error != 0) {
		fuse_reply_err(req, take_error(f));
	} else if (sp_drives_id(d, f->node) == 0) {
		fuse_reply_err(req, EIO);
	} else if (size == 0) {
		fuse_reply_write(req, 0);
	} else if (!f->writers && acceptable(f, (uint64_t)offset, size)) {
		accept_write(f, (uint64_t)offset, p, size);
		fuse_reply_write(req, size);
	} else {
		struct sp_drive_call *c = sp_drive_call_create(d, req), **at = &f->writers;

		if (c) {
			c->data = sp_malloc(size);
		}
		if (c && !c->data) {
			sp_drive_call_error(c, ENOMEM);
			sp_drive_call_free(c);
		} else if (c) {
			memcpy(c->data, p, size);
			c->file = f;
			f->refs++;
			c->offset = (uint64_t)offset;
			c->n = size;
			while (*at) {
				at = &(*at)->next;
			}
			*at = c;
		}
	}
	sp_drives_pump(d);
}

/* ---- until it is there ---- */

static void flushed(struct sp_drive_call *c, const struct sp_drive_server_event *ev)
{
	sp_drive_call_error(c, take_error(c->file));
	sp_drive_call_free(c);
}

void sp_drives_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct sp_desk_drives *d = sp_drives_of(req);
	struct sp_drive_call *c = sp_drive_call_create(d, req);

	if (!c) {
		return;
	}
	c->file = (struct sp_drive_file *)(uintptr_t)fi->fh;
	c->file->refs++;
	c->done = flushed;
	sp_drives_when_clean(c->file->node, c);
	sp_drives_pump(d);
}

void sp_drives_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	sp_drives_flush(req, ino, fi);
}
