/* core/chan/drive_server_op.c - what a client's drives are asked, message by message. */
#include "core/chan/drive_server_part.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/utf16.h"

#define INDEX_BITS 11 /* of a slot in a completion id */
#define LONGEST 4 /* deadlines, of a read or write that is answered bit by bit */
#define LONGEST_LIST 6 /* and of a list */

static void work(struct sp_drive_server *s, struct sp_drive_op *op);

int sp_drive_op_send(struct sp_drive_server *s)
{
	struct sp_rcbuf *b = sp_wr_take(&s->w);

	sp_wr_reset(&s->w);
	if (b == NULL) {
		return SP_ENOMEM;
	}
	b->next = NULL;
	s->n_out++;
	*s->out_end = b;
	s->out_end = &b->next;
	return SP_OK;
}

/* ---- slots ---- */

struct sp_drive_op *sp_drive_op_new(struct sp_drive_server *s)
{
	struct sp_drive_op *op = s->free;

	if (op == NULL) {
		return NULL;
	}
	s->free = op->next;
	*op = (struct sp_drive_op){.id = ++s->last_id};
	return op;
}

void sp_drive_op_drop(struct sp_drive_server *s, struct sp_drive_op *op)
{
	s->waiting -= op->data ? op->data->n : 0;
	sp_rcbuf_unref(op->path);
	sp_rcbuf_unref(op->other);
	sp_rcbuf_unref(op->data);
	*op = (struct sp_drive_op){.next = s->free};
	s->free = op;
}

static void unlink_op(struct sp_drive_server *s, struct sp_drive_op *op)
{
	*(op->prev ? &op->prev->next : &s->first) = op->next;
	*(op->next ? &op->next->prev : &s->last) = op->prev;
}

static void free_irp(struct sp_drive_server *s, struct sp_drive_irp *irp)
{
	if (irp->file) {
		irp->file->moving--;
	}
	*irp = (struct sp_drive_irp){.used = false};
	s->spare[s->spares++] = (uint16_t)(irp - s->irps);
}

/* Of those that nobody waits for, the one that has been so for longest. */
static void make_room(struct sp_drive_server *s)
{
	struct sp_drive_irp *oldest = NULL;

	for (size_t i = 0; i < SP_DRIVE_OP_IRPS; i++) {
		struct sp_drive_irp *irp = &s->irps[i];

		if (irp->used && irp->op == NULL && (!oldest || irp->order < oldest->order)) {
			oldest = irp;
		}
	}
	if (oldest) {
		free_irp(s, oldest);
	}
}

/*
 * When the answer must be there. A client that gives what is read or written byte by byte, or a
 * list entry by entry, each in good time, has no more than so many deadlines in all.
 */
static uint64_t due_of(const struct sp_drive_server *s, struct sp_drive_op *op)
{
	uint64_t one = (uint64_t)s->deadline_ms * 1000, due = s->now + one;

	if (!op ||
			(op->kind != SP_DRIVE_OP_READ && op->kind != SP_DRIVE_OP_WRITE &&
					op->kind != SP_DRIVE_OP_LIST)) {
		return due;
	}
	if (op->until == 0) {
		op->until = s->now + (op->kind == SP_DRIVE_OP_LIST ? LONGEST_LIST : LONGEST) * one;
	}
	return due < op->until ? due : op->until;
}

/*
 * Sends a request and remembers it. NULL when it cannot be sent now, because all slots wait for an
 * answer, or at all, because there is no memory: the latter has ended the op.
 */
static struct sp_drive_irp *ask(
		struct sp_drive_server *s, struct sp_drive_op *op, struct sp_drive_io_request *q)
{
	if (s->spares == 0) {
		make_room(s);
	}
	if (s->spares == 0) {
		if (op) {
			op->hungry = true;
		}
		return NULL;
	}
	uint16_t slot = s->spare[s->spares - 1];
	struct sp_drive_irp *irp = &s->irps[slot];

	q->completion = ++s->generation << INDEX_BITS | slot;
	sp_drive_io_request_write(&s->w, q);
	if (sp_drive_op_send(s) != SP_OK) {
		if (op) {
			sp_drive_op_end(s, op, SP_DRIVE_FAIL_NOMEM, SP_DRIVE_NO_MEMORY);
		}
		return NULL;
	}
	s->spares--;
	*irp = (struct sp_drive_irp){.used = true, .completion = q->completion};
	irp->device = q->device;
	irp->major = q->major;
	irp->op = op;
	irp->order = ++s->irp_order;
	irp->due = due_of(s, op);
	if (s->due == 0 || irp->due < s->due) {
		s->due = irp->due;
	}
	if (op) {
		op->in_flight++;
	}
	return irp;
}

static struct sp_drive_io_request request(const struct sp_drive_op *op, uint32_t major)
{
	return (struct sp_drive_io_request){
			.device = op->device, .file = op->wire_file, .major = major};
}

void sp_drive_op_close(struct sp_drive_server *s, uint32_t device, uint32_t wire)
{
	struct sp_drive_io_request q = {.device = device, .file = wire, .major = SP_DRIVE_IO_CLOSE};

	/* Without a slot or memory the client keeps the file until the connection ends. */
	(void)ask(s, NULL, &q);
}

void sp_drive_op_release(struct sp_drive_server *s, struct sp_drive_server_file *f)
{
	if (f->closing && f->ops == 0) {
		sp_drive_op_close(s, f->device, f->wire);
		*f = (struct sp_drive_server_file){.handle = 0};
	}
}

struct sp_drive_server_drive *sp_drive_op_drive(struct sp_drive_server *s, uint64_t handle)
{
	for (size_t i = 0; i < SP_DRIVE_MAX_DEVICES; i++) {
		if (handle != 0 && s->drives[i].handle == handle && !s->drives[i].gone) {
			return &s->drives[i];
		}
	}
	return NULL;
}

struct sp_drive_server_file *sp_drive_op_file(struct sp_drive_server *s, uint64_t handle)
{
	struct sp_drive_server_file *f = &s->files[handle % SP_DRIVE_SERVER_MAX_FILES];

	return handle != 0 && f->handle == handle && !f->closing ? f : NULL;
}

/* ---- ends ---- */

void sp_drive_op_end(struct sp_drive_server *s, struct sp_drive_op *op, enum sp_drive_fail fail,
		uint32_t status)
{
	if (op->state == SP_DRIVE_OP_DONE) {
		return;
	}
	op->state = SP_DRIVE_OP_DONE;
	op->hungry = false;
	op->fail = fail;
	op->status = status;
	/* What is still under way for it, nobody waits for any more. */
	for (size_t i = 0; op->in_flight > 0 && i < SP_DRIVE_OP_IRPS; i++) {
		struct sp_drive_irp *irp = &s->irps[i];

		if (irp->used && irp->op == op) {
			irp->op = NULL;
			op->in_flight--;
			if (irp->file) {
				irp->file->moving--;
				irp->file = NULL;
			}
		}
	}
	if (op->own) {
		op->own = false;
		sp_drive_op_close(s, op->device, op->wire_file);
	}
	if (op->file) {
		struct sp_drive_server_file *f = op->file;

		op->file = NULL;
		f->ops--;
		sp_drive_op_release(s, f);
	}
	if (op->silent) {
		unlink_op(s, op);
		sp_drive_op_drop(s, op);
	}
}

static void end_status(struct sp_drive_server *s, struct sp_drive_op *op, uint32_t status)
{
	sp_drive_op_end(s, op, sp_drive_status_fail(status), status);
}

static void end_ok(struct sp_drive_server *s, struct sp_drive_op *op)
{
	sp_drive_op_end(s, op, SP_DRIVE_FAIL_NONE, SP_DRIVE_OK);
}

/* An answer that does not fit its request. */
static void end_broken(struct sp_drive_server *s, struct sp_drive_op *op)
{
	sp_drive_op_end(s, op, SP_DRIVE_FAIL_IO, SP_DRIVE_OK);
}

/* ---- what is sent ---- */

static void send_create(struct sp_drive_server *s, struct sp_drive_op *op)
{
	struct sp_drive_io_request q = request(op, SP_DRIVE_IO_CREATE);

	if (op->in_flight > 0) {
		return;
	}
	op->hungry = false;
	q.create.access = op->access | SP_DRIVE_IO_SYNCHRONIZE;
	q.create.attributes = op->attributes;
	q.create.share = SP_DRIVE_IO_SHARE_ALL;
	q.create.disposition = op->disposition;
	q.create.options = op->options | SP_DRIVE_IO_SYNC_NONALERT;
	q.create.path = sp_span(op->path->p, op->path->n);
	(void)ask(s, op, &q);
}

/*
 * The next part of a read or write. A client that does not say ASYNC_IO gets one at a time for
 * each file ([MS-RDPEFS] 3.3.5.2.8), but a longer one.
 */
static bool send_part(struct sp_drive_server *s, struct sp_drive_op *op)
{
	bool async = s->caps.extra & SP_DRIVE_ASYNC_IO;
	size_t most = async ? s->chunk : 4 * (size_t)s->chunk, n = op->n - op->sent;
	struct sp_drive_irp *irp;

	if (!async && op->file->moving > 0) {
		op->hungry = true;
		return false;
	}
	n = n < most ? n : most;
	if (op->kind == SP_DRIVE_OP_READ) {
		struct sp_drive_io_request q = request(op, SP_DRIVE_IO_READ);

		q.read.offset = op->offset + op->sent;
		q.read.n = (uint32_t)n;
		irp = ask(s, op, &q);
	} else {
		struct sp_drive_io_request q = request(op, SP_DRIVE_IO_WRITE);

		q.write.offset = op->offset + op->sent;
		q.write.data = sp_span(op->data->p + op->sent, n);
		irp = ask(s, op, &q);
	}
	if (irp == NULL) {
		return false;
	}
	irp->file = op->file;
	irp->file->moving++;
	irp->at = op->sent;
	irp->n = n;
	op->sent += n;
	return true;
}

static void send_stat(struct sp_drive_server *s, struct sp_drive_op *op)
{
	static const uint32_t classes[] = {SP_DRIVE_INFO_BASIC, SP_DRIVE_INFO_STANDARD};

	while (op->step < SP_LEN(classes)) {
		struct sp_drive_io_request q = request(op, SP_DRIVE_IO_QUERY_INFO);

		q.info.class = classes[op->step];
		struct sp_drive_irp *irp = ask(s, op, &q);
		if (irp == NULL) {
			return;
		}
		irp->step = op->step++;
	}
}

/* Size first: it changes the times. */
static void send_set(struct sp_drive_server *s, struct sp_drive_op *op)
{
	struct sp_drive_io_request q = request(op, SP_DRIVE_IO_SET_INFO);
	uint8_t buf[64];
	struct sp_wr w;

	if (op->in_flight > 0) {
		return;
	}
	sp_wr_fixed(&w, buf, sizeof(buf));
	if (op->change.has_size) {
		q.info.class = SP_DRIVE_INFO_END_OF_FILE;
		sp_drive_info_u64_write(&w, op->change.size);
	} else {
		q.info.class = SP_DRIVE_INFO_BASIC;
		sp_drive_info_basic_write(&w, &op->change.basic);
	}
	q.info.buffer = sp_span(buf, w.n);
	if (ask(s, op, &q)) {
		*(op->change.has_size ? &op->change.has_size : &op->change.has_basic) = false;
	}
}

static void send_remove(struct sp_drive_server *s, struct sp_drive_op *op)
{
	struct sp_drive_io_request q = request(op, SP_DRIVE_IO_SET_INFO);

	if (op->in_flight == 0) {
		q.info.class = SP_DRIVE_INFO_DISPOSITION; /* without a buffer: 2.2.3.3.9 */
		(void)ask(s, op, &q);
	}
}

static void send_rename(struct sp_drive_server *s, struct sp_drive_op *op)
{
	struct sp_drive_io_request q = request(op, SP_DRIVE_IO_SET_INFO);
	struct sp_drive_info_rename to = {op->replace, sp_span(op->other->p, op->other->n)};
	struct sp_wr w;

	if (op->in_flight > 0) {
		return;
	}
	sp_wr_init(&w, SP_DRIVE_OP_BUFFER);
	sp_drive_info_rename_write(&w, &to);
	if (sp_wr_ok(&w) != SP_OK) {
		sp_wr_finish(&w);
		sp_drive_op_end(s, op, SP_DRIVE_FAIL_NOMEM, SP_DRIVE_NO_MEMORY);
		return;
	}
	q.info.class = SP_DRIVE_INFO_RENAME;
	q.info.buffer = sp_span(w.p, w.n);
	(void)ask(s, op, &q);
	sp_wr_finish(&w);
}

/* The first entry alone, then several at a time: each answer is one entry. */
static void send_list(struct sp_drive_server *s, struct sp_drive_op *op)
{
	unsigned window = op->step < 2 ? 1 : SP_DRIVE_OP_WINDOW;

	while (op->in_flight < window && op->step < 3) {
		struct sp_drive_io_request q = request(op, SP_DRIVE_IO_DIRECTORY);

		q.minor = SP_DRIVE_IO_QUERY_DIRECTORY;
		q.directory.class = SP_DRIVE_INFO_BOTH_DIRECTORY;
		q.directory.initial = op->step == 0;
		q.directory.path = sp_span(op->other->p, op->other->n);
		if (ask(s, op, &q) == NULL) {
			return;
		}
		op->step = op->step == 0 ? 1 : op->step;
	}
}

static void send_volume(struct sp_drive_server *s, struct sp_drive_op *op)
{
	struct sp_drive_io_request q = request(op, SP_DRIVE_IO_QUERY_VOLUME);

	if (op->in_flight == 0) {
		q.info.class = op->step == 0 ? SP_DRIVE_INFO_FULL_SIZE : SP_DRIVE_INFO_SIZE;
		(void)ask(s, op, &q);
	}
}

static void send_watch(struct sp_drive_server *s, struct sp_drive_op *op)
{
	struct sp_drive_io_request q = request(op, SP_DRIVE_IO_DIRECTORY);

	if (op->in_flight > 0) {
		return;
	}
	q.minor = SP_DRIVE_IO_NOTIFY;
	q.notify.tree = op->tree;
	q.notify.filter = op->filter;
	struct sp_drive_irp *irp = ask(s, op, &q);
	if (irp) {
		irp->due = 0;
	}
}

static void send_lock(struct sp_drive_server *s, struct sp_drive_op *op)
{
	struct sp_drive_io_request q = request(op, SP_DRIVE_IO_LOCK);
	struct sp_drive_io_range range = {op->size, op->offset};
	uint8_t buf[16];
	struct sp_wr w;

	if (op->in_flight > 0) {
		return;
	}
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_drive_io_range_write(&w, &range);
	q.locks.operation = op->how;
	q.locks.wait = op->wait;
	q.locks.n = 1;
	q.locks.ranges = sp_span(buf, w.n);
	struct sp_drive_irp *irp = ask(s, op, &q);
	if (irp && op->wait) {
		irp->due = 0;
	}
}

/* Sends what of the op can be sent now. */
static void work(struct sp_drive_server *s, struct sp_drive_op *op)
{
	op->hungry = false;
	if (op->state == SP_DRIVE_OP_CREATE) {
		send_create(s, op);
		return;
	}
	switch (op->kind) {
	case SP_DRIVE_OP_READ:
	case SP_DRIVE_OP_WRITE:
		while (op->state == SP_DRIVE_OP_BODY && op->sent < op->n && send_part(s, op)) {
		}
		break;
	case SP_DRIVE_OP_LOCK:
		send_lock(s, op);
		break;
	case SP_DRIVE_OP_STAT:
		send_stat(s, op);
		break;
	case SP_DRIVE_OP_SET:
		send_set(s, op);
		break;
	case SP_DRIVE_OP_REMOVE:
		send_remove(s, op);
		break;
	case SP_DRIVE_OP_RENAME:
		send_rename(s, op);
		break;
	case SP_DRIVE_OP_LIST:
		send_list(s, op);
		break;
	case SP_DRIVE_OP_VOLUME:
		send_volume(s, op);
		break;
	case SP_DRIVE_OP_WATCH:
		send_watch(s, op);
		break;
	case SP_DRIVE_OP_OPEN:
	case SP_DRIVE_OP_MKDIR:
		break;
	}
}

void sp_drive_op_begin(struct sp_drive_server *s, struct sp_drive_op *op)
{
	op->prev = s->last;
	op->next = NULL;
	*(s->last ? &s->last->next : &s->first) = op;
	s->last = op;
	op->state = op->path ? SP_DRIVE_OP_CREATE : SP_DRIVE_OP_BODY;
	if (op->file) {
		op->file->ops++;
	}
	work(s, op);
}

void sp_drive_op_resume(struct sp_drive_server *s)
{
	struct sp_drive_op *next;

	for (struct sp_drive_op *op = s->first; op; op = next) {
		next = op->next;
		if (op->hungry) {
			work(s, op);
		}
	}
}

/* ---- what comes back ---- */

static void created(struct sp_drive_server *s, struct sp_drive_op *op,
		const struct sp_drive_io_created_file *in)
{
	op->wire_file = in->file;
	op->own = true;
	op->created = op->disposition == SP_DRIVE_IO_CREATE_NEW;
	op->state = SP_DRIVE_OP_BODY;
	if (op->kind == SP_DRIVE_OP_MKDIR) {
		end_ok(s, op);
		return;
	}
	if (op->kind != SP_DRIVE_OP_OPEN) {
		work(s, op);
		return;
	}
	for (size_t i = 0; i < SP_DRIVE_SERVER_MAX_FILES && !op->silent; i++) {
		struct sp_drive_server_file *f = &s->files[i];

		if (f->handle == 0) {
			*f = (struct sp_drive_server_file){
					.handle = ++s->last_id * SP_DRIVE_SERVER_MAX_FILES + i};
			f->drive = op->drive;
			f->device = op->device;
			f->wire = op->wire_file;
			op->handle = f->handle;
			op->own = false;
			end_ok(s, op);
			return;
		}
	}
	sp_drive_op_end(s, op, SP_DRIVE_FAIL_MFILE, SP_DRIVE_OK);
}

/*
 * The good bytes end where the first gap begins. A read that gave less than was asked for may
 * still go on behind it: only nothing at all is the end.
 */
static void got_part(struct sp_drive_server *s, struct sp_drive_op *op,
		const struct sp_drive_irp *irp, size_t n)
{
	if (n < irp->n && op->end > irp->at + n) {
		op->end = irp->at + n;
		op->more = n > 0;
	}
	if (op->sent < op->n && op->end >= op->sent) {
		work(s, op);
		return;
	}
	if (op->in_flight > 0) {
		return;
	}
	if (op->kind == SP_DRIVE_OP_READ && op->end < op->n && op->more) {
		op->sent = op->end;
		op->end = op->n;
		op->more = false;
		work(s, op);
		return;
	}
	op->n = op->end;
	if (op->kind == SP_DRIVE_OP_WRITE && op->n == 0) {
		end_broken(s, op);
	} else {
		end_ok(s, op);
	}
}

static void got_read(struct sp_drive_server *s, struct sp_drive_op *op,
		const struct sp_drive_irp *irp, uint32_t status, struct sp_rd *r)
{
	struct sp_span data = {NULL, 0};

	if (status != SP_DRIVE_END_OF_FILE && sp_drive_io_data_read(r, irp->n, &data) != SP_OK) {
		end_broken(s, op);
		return;
	}
	if (data.n > 0 && irp->at <= op->n && data.n <= op->n - irp->at) {
		memcpy(op->data->p + irp->at, data.p, data.n);
	}
	got_part(s, op, irp, data.n);
}

static void got_stat(
		struct sp_drive_server *s, struct sp_drive_op *op, unsigned step, struct sp_rd *r)
{
	struct sp_drive_info_basic basic;
	struct sp_drive_info_standard standard;
	struct sp_span data;
	struct sp_rd d;
	int err = sp_drive_io_data_read(r, SP_DRIVE_OP_BUFFER, &data);

	sp_rd_init(&d, data.p, err == SP_OK ? data.n : 0);
	if (step == 0) {
		err = sp_drive_info_basic_read(&d, &basic);
		op->stat.created = basic.created;
		op->stat.accessed = basic.accessed;
		op->stat.written = basic.written;
		op->stat.changed = basic.changed;
		op->stat.attributes = basic.attributes;
	} else {
		err = sp_drive_info_standard_read(&d, &standard);
		op->stat.size = standard.size;
		op->stat.allocation = standard.allocation;
		op->stat.directory = standard.directory;
	}
	if (err != SP_OK) {
		end_broken(s, op);
	} else if (op->in_flight == 0 && op->step == 2) {
		op->stat.directory |= (op->stat.attributes & SP_DRIVE_INFO_IS_DIRECTORY) != 0;
		end_ok(s, op);
	} else {
		work(s, op);
	}
}

static struct sp_drive_server_item *add_item(struct sp_drive_server *s, struct sp_drive_op *op,
		enum sp_drive_server_event_kind kind, const char *name)
{
	size_t len = strlen(name) + 1, n = sizeof(struct sp_drive_server_item) + len;
	struct sp_drive_server_item *item = NULL;

	if (n <= SP_DRIVE_SERVER_MAX_WAITING - s->waiting) {
		item = sp_calloc(1, n);
	}
	if (item == NULL) {
		sp_drive_op_end(s, op, SP_DRIVE_FAIL_NOMEM, SP_DRIVE_OK);
		return NULL;
	}
	memcpy(item->name, name, len);
	item->op = op->id;
	item->n = n;
	item->ev.kind = kind;
	item->ev.tag = op->tag;
	item->ev.drive = op->drive;
	s->waiting += n;
	*s->items_end = item;
	s->items_end = &item->next;
	return item;
}

static void got_entries(struct sp_drive_server *s, struct sp_drive_op *op, struct sp_rd *r)
{
	struct sp_drive_info_entry e;
	struct sp_span data;
	struct sp_rd d;
	int rc;

	if (sp_drive_io_data_read(r, SP_DRIVE_OP_BUFFER, &data) != SP_OK) {
		end_broken(s, op);
		return;
	}
	sp_rd_init(&d, data.p, data.n);
	while ((rc = sp_drive_info_entry_read(&d, SP_DRIVE_INFO_BOTH_DIRECTORY, &e)) == 1) {
		char name[SP_WIRE_NAME_TEXT];

		if (++op->entries > SP_DRIVE_SERVER_MAX_ENTRIES) {
			rc = SP_ELIMIT;
			break;
		}
		enum sp_wire_file kind = sp_wire_file_read(e.name, name);
		if (op->silent || kind == SP_WIRE_FILE_NONE) {
			continue; /* ".", "..", and what nobody could open */
		}
		struct sp_drive_server_item *item = add_item(s, op, SP_DRIVE_SERVER_ENTRY, name);
		if (item == NULL) {
			return;
		}
		item->ev.raw = kind == SP_WIRE_FILE_RAW;
		item->ev.stat.size = e.size;
		item->ev.stat.allocation = e.allocation;
		item->ev.stat.created = e.created;
		item->ev.stat.accessed = e.accessed;
		item->ev.stat.written = e.written;
		item->ev.stat.changed = e.changed;
		item->ev.stat.attributes = e.attributes;
		item->ev.stat.directory = (e.attributes & SP_DRIVE_INFO_IS_DIRECTORY) != 0;
	}
	if (rc < 0) {
		end_broken(s, op);
		return;
	}
	op->step = op->step == 1 ? 2 : op->step;
	work(s, op);
	if (op->state == SP_DRIVE_OP_BODY && op->step == 3 && op->in_flight == 0) {
		end_ok(s, op);
	}
}

/* 3: no more are asked for, those under way say the same or bring what came late. */
static void got_no_more(struct sp_drive_server *s, struct sp_drive_op *op)
{
	op->step = 3;
	if (op->in_flight == 0) {
		end_ok(s, op);
	}
}

static void got_volume(struct sp_drive_server *s, struct sp_drive_op *op, struct sp_rd *r)
{
	struct sp_drive_info_size size;
	struct sp_span data;
	struct sp_rd d;
	uint64_t unit;

	if (sp_drive_io_data_read(r, SP_DRIVE_OP_BUFFER, &data) != SP_OK) {
		end_broken(s, op);
		return;
	}
	sp_rd_init(&d, data.p, data.n);
	if (sp_drive_info_size_read(&d, op->step == 0, &size) != SP_OK) {
		end_broken(s, op);
		return;
	}
	unit = (uint64_t)size.sectors * size.bytes;
	if (__builtin_mul_overflow(size.total, unit, &op->volume.total) ||
			__builtin_mul_overflow(size.available, unit, &op->volume.available) ||
			__builtin_mul_overflow(size.free, unit, &op->volume.free)) {
		end_broken(s, op);
		return;
	}
	end_ok(s, op);
}

static void got_changes(struct sp_drive_server *s, struct sp_drive_op *op, struct sp_rd *r)
{
	struct sp_drive_info_change c;
	struct sp_span data = {NULL, 0};
	struct sp_rd d;
	size_t told = 0;
	int rc;

	/* Many clients say only that something changed, some without even a length. */
	if (sp_rd_left(r) >= 4 && sp_drive_io_data_read(r, SP_DRIVE_OP_BUFFER, &data) != SP_OK) {
		end_broken(s, op);
		return;
	}
	sp_rd_init(&d, data.p, data.n);
	while ((rc = sp_drive_info_change_read(&d, &c)) == 1) {
		char name[SP_WIRE_NAME_TEXT];

		if (op->silent || sp_name_harmful(sp_wire_name_read(c.name, name))) {
			continue;
		}
		struct sp_drive_server_item *item = add_item(s, op, SP_DRIVE_SERVER_CHANGED, name);
		if (item == NULL) {
			return;
		}
		item->ev.action = c.action;
		told++;
	}
	if (rc < 0) {
		end_broken(s, op);
		return;
	}
	if (told == 0 && !op->silent && !add_item(s, op, SP_DRIVE_SERVER_CHANGED, "")) {
		return;
	}
	work(s, op);
}

/* An answer to something that is being waited for. */
static void got(struct sp_drive_server *s, struct sp_drive_op *op, const struct sp_drive_irp *irp,
		uint32_t status, struct sp_rd *r)
{
	enum sp_drive_fail fail = sp_drive_status_fail(status);
	struct sp_drive_io_created_file file;
	uint32_t n;

	if (irp->major == SP_DRIVE_IO_CREATE && fail == SP_DRIVE_FAIL_NONE) {
		if (sp_drive_io_created_read(r, &file) != SP_OK) {
			end_broken(s, op);
		} else {
			created(s, op, &file);
		}
		return;
	}
	if (op->kind == SP_DRIVE_OP_LIST && irp->major == SP_DRIVE_IO_DIRECTORY &&
			(status == SP_DRIVE_NO_MORE_FILES || status == SP_DRIVE_NO_SUCH_FILE)) {
		got_no_more(s, op);
		return;
	}
	if (op->kind == SP_DRIVE_OP_VOLUME && fail != SP_DRIVE_FAIL_NONE && op->step == 0 &&
			irp->major == SP_DRIVE_IO_QUERY_VOLUME) {
		op->step = 1; /* the older class, without what is free to others */
		work(s, op);
		return;
	}
	if (fail != SP_DRIVE_FAIL_NONE &&
			!(irp->major == SP_DRIVE_IO_READ && status == SP_DRIVE_END_OF_FILE)) {
		end_status(s, op, status);
		return;
	}
	switch (op->kind) {
	case SP_DRIVE_OP_READ:
		got_read(s, op, irp, status, r);
		break;
	case SP_DRIVE_OP_WRITE:
		if (sp_drive_io_length_read(r, &n) != SP_OK || n > irp->n) {
			end_broken(s, op);
		} else {
			got_part(s, op, irp, n);
		}
		break;
	case SP_DRIVE_OP_STAT:
		got_stat(s, op, irp->step, r);
		break;
	case SP_DRIVE_OP_SET:
		if (op->change.has_size || op->change.has_basic) {
			work(s, op);
		} else {
			end_ok(s, op);
		}
		break;
	case SP_DRIVE_OP_REMOVE:
		if (irp->major == SP_DRIVE_IO_CLOSE) {
			end_ok(s, op);
			break;
		}
		op->state = SP_DRIVE_OP_CLOSE;
		struct sp_drive_io_request q = request(op, SP_DRIVE_IO_CLOSE);
		op->own = ask(s, op, &q) == NULL;
		if (op->own) {
			/* It goes away all the same, only later than the answer. */
			end_ok(s, op);
		}
		break;
	case SP_DRIVE_OP_LIST:
		got_entries(s, op, r);
		break;
	case SP_DRIVE_OP_VOLUME:
		got_volume(s, op, r);
		break;
	case SP_DRIVE_OP_WATCH:
		got_changes(s, op, r);
		break;
	case SP_DRIVE_OP_LOCK:
	case SP_DRIVE_OP_RENAME:
		end_ok(s, op);
		break;
	case SP_DRIVE_OP_OPEN:
	case SP_DRIVE_OP_MKDIR:
		end_broken(s, op);
		break;
	}
}

int sp_drive_op_completed(struct sp_drive_server *s, struct sp_rd *r)
{
	struct sp_drive_io_completion c;
	struct sp_drive_io_created_file file;

	if (sp_drive_io_completion_read(r, &c) != SP_OK) {
		return sp_rd_ok(r);
	}
	struct sp_drive_irp *irp = &s->irps[c.completion & (SP_DRIVE_OP_IRPS - 1)];
	if (!irp->used || irp->completion != c.completion || irp->device != c.device) {
		return SP_OK; /* never asked, answered already, or too late */
	}
	struct sp_drive_irp was = *irp;
	free_irp(s, irp);
	if (was.op) {
		was.op->in_flight--;
		got(s, was.op, &was, c.status, r);
	} else if (was.major == SP_DRIVE_IO_CREATE &&
			sp_drive_status_fail(c.status) == SP_DRIVE_FAIL_NONE &&
			sp_drive_io_created_read(r, &file) == SP_OK) {
		sp_drive_op_close(s, c.device, file.file);
	}
	sp_drive_op_resume(s);
	return SP_OK;
}

void sp_drive_op_expire(struct sp_drive_server *s)
{
	uint64_t first = 0;

	for (size_t i = 0; i < SP_DRIVE_OP_IRPS; i++) {
		struct sp_drive_irp *irp = &s->irps[i];

		if (irp->used && irp->op && irp->due != 0 && irp->due <= s->now) {
			sp_drive_op_end(s, irp->op, SP_DRIVE_FAIL_TIMEDOUT, SP_DRIVE_TIMEOUT);
		}
	}
	for (size_t i = 0; i < SP_DRIVE_OP_IRPS; i++) {
		struct sp_drive_irp *irp = &s->irps[i];

		if (irp->used && irp->op && irp->due != 0 && (first == 0 || irp->due < first)) {
			first = irp->due;
		}
	}
	s->due = first;
}

void sp_drive_op_fail_all(struct sp_drive_server *s, const struct sp_drive_server_drive *drive)
{
	struct sp_drive_op *next;

	for (size_t i = 0; i < SP_DRIVE_SERVER_MAX_FILES; i++) {
		if (drive == NULL || s->files[i].drive == drive->handle) {
			/* Without its number nothing more is sent for it. */
			s->files[i].handle = 0;
			s->files[i].closing = false;
		}
	}
	for (struct sp_drive_op *op = s->first; op; op = next) {
		next = op->next;
		if (drive == NULL || op->drive == drive->handle) {
			op->own = false; /* gone with the drive */
			sp_drive_op_end(s, op, SP_DRIVE_FAIL_NODEV, SP_DRIVE_DEVICE_REMOVED);
		}
	}
	/* The next device with this number has other files. */
	for (size_t i = 0; i < SP_DRIVE_OP_IRPS; i++) {
		if (s->irps[i].used && (drive == NULL || s->irps[i].device == drive->device)) {
			free_irp(s, &s->irps[i]);
		}
	}
}
