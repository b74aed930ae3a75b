/* core/chan/drive_server_ask.c - what the owner of the server's machine asks for. */
#include <string.h>

#include "core/base/utf16.h"
#include "core/chan/drive_server_part.h"

#define PATH_MAX_BYTES ((SP_DRIVE_SERVER_MAX_PATH + 2) * 2)

static int write_part(struct sp_wr *w, const char *part)
{
	if (part[0] == SP_DRIVE_SERVER_RAW) {
		return sp_wire_file_write_raw(w, part + 1) ? SP_OK : SP_EARG;
	}
	return sp_wire_name_write(w, part) == SP_NAME_FINE ? SP_OK : SP_EARG;
}

/* "a/b" as "\a\b"; "" as "\". */
static int write_path(struct sp_wr *w, const char *path)
{
	size_t parts = 0;

	while (*path != '\0') {
		char part[1 + SP_WIRE_NAME_TEXT];
		const char *slash = strchr(path, '/');
		size_t n = slash ? (size_t)(slash - path) : strlen(path);

		if (!(n < sizeof(part))) {
			return SP_EARG;
		}
		if (n > 0) {
			memcpy(part, path, n);
			part[n] = '\0';
			sp_wr_le16(w, '\\');
			if (write_part(w, part) != SP_OK) {
				return SP_EARG;
			}
			parts++;
		}
		path += n + (path[n] == '/');
	}
	if (parts == 0) {
		sp_wr_le16(w, '\\');
	}
	return SP_OK;
}

/* A path, and behind it a pattern, which may be NULL. */
static int path_of(const char *path, const char *pattern, struct sp_rcbuf **out)
{
	struct sp_wr w;
	int rc;

	if (!(strlen(path) < SP_DRIVE_SERVER_MAX_PATH)) {
		return SP_EARG;
	}
	sp_wr_init(&w, PATH_MAX_BYTES + 2 * SP_WIRE_NAME_UNITS);
	rc = write_path(&w, path);
	if (rc == SP_OK && pattern) {
		if (w.n > 2) {
			sp_wr_le16(&w, '\\');
		}
		sp_utf16_write(&w, pattern);
	}
	if (rc == SP_OK) {
		*out = sp_wr_take(&w);
		rc = *out ? SP_OK : SP_ENOMEM;
	}
	sp_wr_finish(&w);
	return rc;
}

/* A new op on a drive that opens path there. */
static int on_path(struct sp_drive_server *s, enum sp_drive_op_kind kind, uint64_t drive,
		const char *path, uint64_t tag, uint64_t now_us, struct sp_drive_op **out)
{
	struct sp_drive_server_drive *d = sp_drive_op_drive(s, drive);

	if (d == NULL) {
		return SP_ENOTFOUND;
	}
	struct sp_drive_op *op = sp_drive_op_new(s);
	if (op == NULL) {
		return SP_ELIMIT;
	}
	int rc = path_of(path, NULL, &op->path);
	if (rc != SP_OK) {
		sp_drive_op_drop(s, op);
		return rc;
	}
	s->now = now_us;
	op->kind = kind;
	op->tag = tag;
	op->drive = drive;
	op->device = d->device;
	op->disposition = SP_DRIVE_IO_OPEN;
	*out = op;
	return SP_OK;
}

/* A new op on an open file. */
static int on_file(struct sp_drive_server *s, enum sp_drive_op_kind kind, uint64_t file,
		uint64_t tag, uint64_t now_us, struct sp_drive_op **out)
{
	struct sp_drive_server_file *f = sp_drive_op_file(s, file);

	if (f == NULL) {
		return SP_ENOTFOUND;
	}
	struct sp_drive_op *op = sp_drive_op_new(s);
	if (op == NULL) {
		return SP_ELIMIT;
	}
	s->now = now_us;
	op->kind = kind;
	op->tag = tag;
	op->drive = f->drive;
	op->device = f->device;
	op->wire_file = f->wire;
	op->file = f;
	*out = op;
	return SP_OK;
}

static int at(struct sp_drive_server *s, enum sp_drive_op_kind kind,
		const struct sp_drive_server_at *where, uint64_t tag, uint64_t now_us,
		struct sp_drive_op **out)
{
	return where->file ? on_file(s, kind, where->file, tag, now_us, out)
			   : on_path(s, kind, where->drive, where->path, tag, now_us, out);
}

int sp_drive_server_open(struct sp_drive_server *s, uint64_t drive, const char *path, unsigned how,
		uint64_t tag, uint64_t now_us)
{
	struct sp_drive_op *op;
	int rc = on_path(s, SP_DRIVE_OP_OPEN, drive, path, tag, now_us, &op);

	if (rc != SP_OK) {
		return rc;
	}
	op->access = SP_DRIVE_IO_READ_ATTRIBUTES;
	if (how & SP_DRIVE_SERVER_READ) {
		op->access |= SP_DRIVE_IO_READ_DATA | SP_DRIVE_IO_READ_EA |
				SP_DRIVE_IO_READ_CONTROL;
	}
	if (how & SP_DRIVE_SERVER_WRITE) {
		/* WRITE_EA is what rdesktop looks for. */
		op->access |= SP_DRIVE_IO_WRITE_DATA | SP_DRIVE_IO_APPEND_DATA |
				SP_DRIVE_IO_WRITE_EA | SP_DRIVE_IO_WRITE_ATTRIBUTES;
	}
	op->options = SP_DRIVE_IO_NON_DIRECTORY_FILE;
	op->attributes = how & SP_DRIVE_SERVER_CREATE ? SP_DRIVE_INFO_NORMAL : 0;
	if (how & SP_DRIVE_SERVER_CREATE) {
		op->disposition = how & SP_DRIVE_SERVER_EXCLUSIVE ? SP_DRIVE_IO_CREATE_NEW
				: how & SP_DRIVE_SERVER_TRUNCATE  ? SP_DRIVE_IO_OVERWRITE_IF
								  : SP_DRIVE_IO_OPEN_IF;
	} else if (how & SP_DRIVE_SERVER_TRUNCATE) {
		op->disposition = SP_DRIVE_IO_OVERWRITE;
	}
	sp_drive_op_begin(s, op);
	return SP_OK;
}

void sp_drive_server_close(struct sp_drive_server *s, uint64_t file, uint64_t now_us)
{
	struct sp_drive_server_file *f = sp_drive_op_file(s, file);

	if (f) {
		s->now = now_us;
		f->closing = true;
		sp_drive_op_release(s, f);
	}
}

/* Memory for the bytes of a read or write. */
static int with_data(struct sp_drive_server *s, struct sp_drive_op *op, size_t n)
{
	if (!(n <= SP_DRIVE_SERVER_MAX_WAITING - s->waiting)) {
		sp_drive_op_drop(s, op);
		return SP_ELIMIT;
	}
	op->data = sp_rcbuf_create(n);
	if (op->data == NULL) {
		sp_drive_op_drop(s, op);
		return SP_ENOMEM;
	}
	s->waiting += n;
	op->n = n;
	op->end = n;
	return SP_OK;
}

int sp_drive_server_read(struct sp_drive_server *s, uint64_t file, uint64_t offset, size_t n,
		uint64_t tag, uint64_t now_us)
{
	struct sp_drive_op *op;

	if (!(n >= 1 && n <= SP_DRIVE_SERVER_MAX_IO && offset <= INT64_MAX - n)) {
		return SP_EARG;
	}
	int rc = on_file(s, SP_DRIVE_OP_READ, file, tag, now_us, &op);
	if (rc == SP_OK) {
		rc = with_data(s, op, n);
	}
	if (rc == SP_OK) {
		op->offset = offset;
		sp_drive_op_begin(s, op);
	}
	return rc;
}

int sp_drive_server_write(struct sp_drive_server *s, uint64_t file, uint64_t offset, const void *p,
		size_t n, uint64_t tag, uint64_t now_us)
{
	struct sp_drive_op *op;

	if (!(n >= 1 && n <= SP_DRIVE_SERVER_MAX_IO && offset <= INT64_MAX - n)) {
		return SP_EARG;
	}
	int rc = on_file(s, SP_DRIVE_OP_WRITE, file, tag, now_us, &op);
	if (rc == SP_OK) {
		rc = with_data(s, op, n);
	}
	if (rc == SP_OK) {
		memcpy(op->data->p, p, op->data->n);
		op->offset = offset;
		sp_drive_op_begin(s, op);
	}
	return rc;
}

int sp_drive_server_lock(struct sp_drive_server *s, uint64_t file, uint32_t how, bool wait,
		uint64_t offset, uint64_t n, uint64_t tag, uint64_t now_us)
{
	struct sp_drive_op *op;

	if (!(how >= SP_DRIVE_IO_LOCK_SHARED && how <= SP_DRIVE_IO_UNLOCK)) {
		return SP_EARG;
	}
	int rc = on_file(s, SP_DRIVE_OP_LOCK, file, tag, now_us, &op);
	if (rc == SP_OK) {
		op->how = how;
		op->wait = wait;
		op->offset = offset;
		op->size = n;
		sp_drive_op_begin(s, op);
	}
	return rc;
}

int sp_drive_server_stat(struct sp_drive_server *s, const struct sp_drive_server_at *where,
		uint64_t tag, uint64_t now_us)
{
	struct sp_drive_op *op;
	int rc = at(s, SP_DRIVE_OP_STAT, where, tag, now_us, &op);

	if (rc == SP_OK) {
		op->access = SP_DRIVE_IO_READ_ATTRIBUTES;
		sp_drive_op_begin(s, op);
	}
	return rc;
}

int sp_drive_server_set(struct sp_drive_server *s, const struct sp_drive_server_at *where,
		const struct sp_drive_server_change *what, uint64_t tag, uint64_t now_us)
{
	struct sp_drive_op *op;

	if (!what->has_size && !what->has_basic) {
		return SP_EARG;
	}
	int rc = at(s, SP_DRIVE_OP_SET, where, tag, now_us, &op);
	if (rc == SP_OK) {
		op->access = SP_DRIVE_IO_READ_ATTRIBUTES | SP_DRIVE_IO_WRITE_ATTRIBUTES;
		if (what->has_size) {
			op->access |= SP_DRIVE_IO_WRITE_DATA | SP_DRIVE_IO_WRITE_EA;
		}
		op->change = *what;
		sp_drive_op_begin(s, op);
	}
	return rc;
}

int sp_drive_server_mkdir(struct sp_drive_server *s, uint64_t drive, const char *path, uint64_t tag,
		uint64_t now_us)
{
	struct sp_drive_op *op;
	int rc = on_path(s, SP_DRIVE_OP_MKDIR, drive, path, tag, now_us, &op);

	if (rc == SP_OK) {
		op->access = SP_DRIVE_IO_READ_DATA | SP_DRIVE_IO_READ_ATTRIBUTES;
		op->attributes = SP_DRIVE_INFO_IS_DIRECTORY;
		op->disposition = SP_DRIVE_IO_CREATE_NEW;
		op->options = SP_DRIVE_IO_DIRECTORY_FILE;
		sp_drive_op_begin(s, op);
	}
	return rc;
}

int sp_drive_server_remove(struct sp_drive_server *s, uint64_t drive, const char *path,
		bool directory, uint64_t tag, uint64_t now_us)
{
	struct sp_drive_op *op;
	int rc = on_path(s, SP_DRIVE_OP_REMOVE, drive, path, tag, now_us, &op);

	if (rc == SP_OK) {
		op->access = SP_DRIVE_IO_DELETE | SP_DRIVE_IO_READ_ATTRIBUTES;
		op->options = directory ? SP_DRIVE_IO_DIRECTORY_FILE
					: SP_DRIVE_IO_NON_DIRECTORY_FILE;
		sp_drive_op_begin(s, op);
	}
	return rc;
}

int sp_drive_server_rename(struct sp_drive_server *s, uint64_t drive, const char *from,
		const char *to, bool replace, uint64_t tag, uint64_t now_us)
{
	struct sp_drive_op *op;
	int rc = on_path(s, SP_DRIVE_OP_RENAME, drive, from, tag, now_us, &op);

	if (rc != SP_OK) {
		return rc;
	}
	rc = path_of(to, NULL, &op->other);
	if (rc != SP_OK) {
		sp_drive_op_drop(s, op);
		return rc;
	}
	op->access = SP_DRIVE_IO_DELETE | SP_DRIVE_IO_READ_ATTRIBUTES;
	op->replace = replace;
	sp_drive_op_begin(s, op);
	return SP_OK;
}

int sp_drive_server_list(struct sp_drive_server *s, uint64_t drive, const char *path,
		const char *pattern, uint64_t tag, uint64_t now_us)
{
	struct sp_drive_op *op;

	if (pattern[0] == '\0' || strchr(pattern, '/') || strchr(pattern, '\\') ||
			strlen(pattern) > SP_WIRE_NAME_PART) {
		return SP_EARG;
	}
	int rc = on_path(s, SP_DRIVE_OP_LIST, drive, path, tag, now_us, &op);
	if (rc != SP_OK) {
		return rc;
	}
	rc = path_of(path, pattern, &op->other);
	if (rc != SP_OK) {
		sp_drive_op_drop(s, op);
		return rc;
	}
	op->access = SP_DRIVE_IO_READ_DATA | SP_DRIVE_IO_READ_ATTRIBUTES;
	op->options = SP_DRIVE_IO_DIRECTORY_FILE;
	sp_drive_op_begin(s, op);
	return SP_OK;
}

int sp_drive_server_volume(struct sp_drive_server *s, uint64_t drive, uint64_t tag, uint64_t now_us)
{
	struct sp_drive_op *op;
	int rc = on_path(s, SP_DRIVE_OP_VOLUME, drive, "", tag, now_us, &op);

	if (rc == SP_OK) {
		op->access = SP_DRIVE_IO_READ_ATTRIBUTES;
		op->options = SP_DRIVE_IO_DIRECTORY_FILE;
		sp_drive_op_begin(s, op);
	}
	return rc;
}

int sp_drive_server_watch(struct sp_drive_server *s, uint64_t drive, const char *path, bool tree,
		uint32_t filter, uint64_t tag, uint64_t now_us)
{
	struct sp_drive_op *op;
	int rc = on_path(s, SP_DRIVE_OP_WATCH, drive, path, tag, now_us, &op);

	if (rc == SP_OK) {
		op->access = SP_DRIVE_IO_READ_DATA | SP_DRIVE_IO_READ_ATTRIBUTES;
		op->options = SP_DRIVE_IO_DIRECTORY_FILE;
		op->tree = tree;
		op->filter = filter;
		sp_drive_op_begin(s, op);
	}
	return rc;
}

void sp_drive_server_cancel(struct sp_drive_server *s, uint64_t tag, uint64_t now_us)
{
	struct sp_drive_op *next;

	s->now = now_us;
	for (struct sp_drive_op *op = s->first; op; op = next) {
		next = op->next;
		if (op->tag != tag) {
			continue;
		}
		if (op->state == SP_DRIVE_OP_DONE) {
			/* Opened, but nobody was told: closed again. */
			sp_drive_server_close(s, op->handle, now_us);
			op->state = SP_DRIVE_OP_BODY;
		}
		op->silent = true;
		sp_drive_op_end(s, op, SP_DRIVE_FAIL_CANCELLED, SP_DRIVE_CANCELLED);
	}
}
