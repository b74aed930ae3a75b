/* client/drives.c - see drives.h. */
#include "client/drives.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/drives_part.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "host/io/fdio.h"

#define MAX_READ (1u << 20) /* of one request; less than was asked for is allowed */
#define MAX_MESSAGE (4u << 20)
#define ANSWER_MAX 8192 /* of one that is not a file's bytes */
#define INDEX_BITS 8 /* of SP_DRIVE_MAX_OPEN */
#define LOCK_AGAIN_US 50000

struct sp_part *sp_drives_part(struct sp_drives *d)
{
	return &d->part;
}

size_t sp_drives_open(const struct sp_drives *d)
{
	return d->n_files;
}

size_t sp_drives_taken(const struct sp_drives *d)
{
	size_t n = 0;

	for (size_t i = 0; i < SP_DRIVE_MAX_DEVICES; i++) {
		n += d->accepted[i];
	}
	return n;
}

void sp_drives_flush(struct sp_drives *d)
{
	struct sp_rcbuf *b;

	while ((b = sp_drive_client_out(d->machine)) != NULL) {
		if (!d->port) {
			sp_rcbuf_unref(b);
		} else if (sp_port_send(d->port, b) != SP_OK) {
			sp_log(SP_LOG_DEBUG, "drives: nothing more can be sent");
		}
	}
}

/* ---- the files that are open ---- */

static struct sp_drives_file *file_of(struct sp_drives *d, uint32_t device, uint32_t id)
{
	struct sp_drives_file *file = &d->files[id & (SP_DRIVE_MAX_OPEN - 1)];

	return id != 0 && file->id == id && file->device == device ? file : NULL;
}

static struct sp_drives_file *new_file(struct sp_drives *d, uint32_t device)
{
	for (uint32_t i = 0; i < SP_DRIVE_MAX_OPEN; i++) {
		struct sp_drives_file *file = &d->files[i];

		if (file->id == 0) {
			d->generation++;
			*file = (struct sp_drives_file){.watch = -1, .device = device};
			file->id = (d->generation & 0xFFFFFF) << INDEX_BITS | i;
			file->id |= file->id == 0 ? 1u << INDEX_BITS : 0;
			sp_wr_init(&file->changes, SP_DRIVES_CHANGES);
			return file;
		}
	}
	return NULL;
}

/* Who waits for one on the file has an answer already. */
static void forget_locks(struct sp_drives *d, uint32_t file)
{
	for (size_t i = 0; i < SP_DRIVES_LOCKS; i++) {
		if (d->locks[i].file == file) {
			d->locks[i].request = 0;
		}
	}
}

static void drop_file(struct sp_drives *d, struct sp_drives_file *file)
{
	forget_locks(d, file->id);
	sp_drives_unwatch(d, file);
	sp_drive_fs_drop(&file->f);
	*file = (struct sp_drives_file){.watch = -1};
	d->n_files--;
}

static void drop_all(struct sp_drives *d, uint32_t device)
{
	for (size_t i = 0; i < SP_DRIVE_MAX_OPEN; i++) {
		struct sp_drives_file *file = &d->files[i];

		if (file->id != 0 && (device == 0 || file->device == device)) {
			drop_file(d, file);
		}
	}
}

/* ---- requests ---- */

static int done(struct sp_drives *d, const struct sp_drive_client_event *ev, uint32_t status)
{
	if (status != SP_DRIVE_OK && status != SP_DRIVE_NO_MORE_FILES) {
		sp_log(SP_LOG_DEBUG, "drives: function %u/%u on %s: %s (%08x)", ev->io.major,
				ev->io.minor, d->fs[ev->device - 1].label,
				sp_drive_status_text(status), status);
	}
	return sp_drive_client_done(d->machine, ev->request, status);
}

static int do_create(struct sp_drives *d, const struct sp_drive_client_event *ev)
{
	struct sp_drive_fs *fs = &d->fs[ev->device - 1];
	struct sp_drives_file *file = new_file(d, ev->device);
	enum sp_drive_io_created how;

	if (file == NULL) {
		return done(d, ev, SP_DRIVE_TOO_MANY_FILES);
	}
	uint32_t status = sp_drive_fs_open(fs, &ev->io.create, &file->f, &how);
	if (status != SP_DRIVE_OK) {
		*file = (struct sp_drives_file){.watch = -1};
		return done(d, ev, status);
	}
	d->n_files++;
	int rc = sp_drive_client_created(d->machine, ev->request, file->id, how);
	if (rc != SP_OK) {
		drop_file(d, file);
	}
	return rc;
}

/* What waits on the file goes first: [MS-RDPEFS] 3.3.5.2.6. */
static int do_close(struct sp_drives *d, struct sp_drives_file *file,
		const struct sp_drive_client_event *ev)
{
	uint64_t waits;

	while ((waits = sp_drive_client_waiting(d->machine, ev->device, ev->io.file)) != 0 &&
			waits != ev->request) {
		(void)!sp_drive_client_done(d->machine, waits, SP_DRIVE_CANCELLED);
	}
	forget_locks(d, file->id);
	sp_drives_unwatch(d, file);
	uint32_t status = sp_drive_fs_close(&d->fs[ev->device - 1], &file->f);
	*file = (struct sp_drives_file){.watch = -1};
	d->n_files--;
	return done(d, ev, status);
}

static int do_read(struct sp_drives *d, struct sp_drives_file *file,
		const struct sp_drive_client_event *ev)
{
	size_t n = ev->io.read.n < MAX_READ ? ev->io.read.n : MAX_READ;
	uint32_t status = sp_drive_fs_read(&file->f, ev->io.read.offset, d->buffer, &n);

	/* Nothing is the end of the file: other clients say it so, without STATUS_END_OF_FILE. */
	return status == SP_DRIVE_OK
			? sp_drive_client_data(d->machine, ev->request, sp_span(d->buffer, n))
			: done(d, ev, status);
}

static int tell(struct sp_drives *d, const struct sp_drive_client_event *ev, uint32_t status)
{
	return status == SP_DRIVE_OK
			? sp_drive_client_data(d->machine, ev->request, sp_span(d->w.p, d->w.n))
			: done(d, ev, status);
}

/* Tries again what others had locked; those that still have to wait keep the timer. */
static void on_locks(void *user)
{
	struct sp_drives *d = user;
	bool waits = false;

	for (size_t i = 0; i < SP_DRIVES_LOCKS; i++) {
		struct sp_drives_lock *lock = &d->locks[i];
		struct sp_drives_file *file = &d->files[lock->file & (SP_DRIVE_MAX_OPEN - 1)];
		uint8_t buf[16];
		struct sp_wr w;

		if (lock->request == 0 || file->id != lock->file) {
			continue;
		}
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_drive_io_range_write(&w, &lock->range);
		struct sp_drive_io_locks l = {
				.operation = lock->operation, .n = 1, .ranges = sp_span(buf, w.n)};
		uint32_t status = sp_drive_fs_lock(&file->f, &l);
		if (status == SP_DRIVE_LOCK_NOT_GRANTED) {
			waits = true;
			continue;
		}
		(void)!sp_drive_client_done(d->machine, lock->request, status);
		lock->request = 0;
	}
	if (waits) {
		sp_watch_in(d->lock_timer, LOCK_AGAIN_US);
	}
	sp_drives_flush(d);
}

/* Only a single range is waited for: that is all that any server asks for at a time. */
static int do_lock(struct sp_drives *d, struct sp_drives_file *file,
		const struct sp_drive_client_event *ev)
{
	const struct sp_drive_io_locks *l = &ev->io.locks;
	uint32_t status = sp_drive_fs_lock(&file->f, l);

	if (status != SP_DRIVE_LOCK_NOT_GRANTED || !l->wait || l->n != 1) {
		return done(d, ev, status);
	}
	for (size_t i = 0; i < SP_DRIVES_LOCKS; i++) {
		struct sp_drives_lock *lock = &d->locks[i];

		if (lock->request == 0) {
			lock->request = ev->request;
			lock->file = file->id;
			lock->operation = l->operation;
			lock->range = sp_drive_io_range_at(l, 0);
			sp_watch_in(d->lock_timer, LOCK_AGAIN_US);
			return SP_OK;
		}
	}
	return done(d, ev, SP_DRIVE_NO_RESOURCES);
}

static int do_file(struct sp_drives *d, struct sp_drives_file *file,
		const struct sp_drive_client_event *ev)
{
	struct sp_drive_fs *fs = &d->fs[ev->device - 1];
	const struct sp_drive_io_request *io = &ev->io;

	sp_wr_reset(&d->w);
	switch (io->major) {
	case SP_DRIVE_IO_CLOSE:
		return do_close(d, file, ev);
	case SP_DRIVE_IO_READ:
		return do_read(d, file, ev);
	case SP_DRIVE_IO_WRITE:
		return done(d, ev, sp_drive_fs_write(&file->f, io->write.offset, io->write.data));
	case SP_DRIVE_IO_QUERY_INFO:
		return tell(d, ev, sp_drive_fs_query(&file->f, io->info.class, &d->w));
	case SP_DRIVE_IO_SET_INFO:
		return done(d, ev, sp_drive_fs_set(fs, &file->f, &io->info));
	case SP_DRIVE_IO_QUERY_VOLUME:
		return tell(d, ev, sp_drive_fs_volume(fs, io->info.class, &d->w));
	case SP_DRIVE_IO_SET_VOLUME:
		return done(d, ev, SP_DRIVE_ACCESS_DENIED);
	case SP_DRIVE_IO_DIRECTORY:
		if (io->minor == SP_DRIVE_IO_NOTIFY) {
			sp_drives_notify(d, file, ev);
			return SP_OK;
		}
		return tell(d, ev, sp_drive_fs_list(&file->f, &io->directory, &d->w));
	case SP_DRIVE_IO_LOCK:
		return do_lock(d, file, ev);
	case SP_DRIVE_IO_CONTROL:
		return done(d, ev, SP_DRIVE_INVALID_REQUEST);
	default:
		return done(d, ev, SP_DRIVE_NOT_SUPPORTED);
	}
}

/* A directory that was removed takes its drive with it. */
static bool withdrawn(struct sp_drives *d, uint32_t device)
{
	struct sp_drive_fs *fs = &d->fs[device - 1];

	if (!sp_drive_fs_gone(fs)) {
		return false;
	}
	sp_log(SP_LOG_INFO, "drives: %s is gone", fs->label);
	drop_all(d, device);
	sp_drive_client_withdraw(d->machine, device);
	sp_drive_fs_finish(fs);
	d->accepted[device - 1] = false;
	return true;
}

static int request(struct sp_drives *d, const struct sp_drive_client_event *ev)
{
	struct sp_drives_file *file;

	if (ev->io.major == SP_DRIVE_IO_CREATE) {
		return withdrawn(d, ev->device) ? SP_OK : do_create(d, ev);
	}
	file = file_of(d, ev->device, ev->io.file);
	return file ? do_file(d, file, ev) : done(d, ev, SP_DRIVE_INVALID_HANDLE);
}

/* As far as what is to be sent has room: a server that asks faster than it reads waits. */
static void serve(struct sp_drives *d)
{
	struct sp_drive_client_event ev;
	int rc = SP_OK;

	while (d->port && !sp_port_full(d->port) && rc == SP_OK &&
			sp_drive_client_next(d->machine, &ev)) {
		switch (ev.kind) {
		case SP_DRIVE_CLIENT_BEGAN:
			drop_all(d, 0);
			memset(d->accepted, 0, sizeof(d->accepted));
			break;
		case SP_DRIVE_CLIENT_ACCEPTED:
			d->accepted[ev.device - 1] = ev.status == SP_DRIVE_OK;
			sp_log(SP_LOG_DEBUG, "drives: %s: %s", d->fs[ev.device - 1].label,
					sp_drive_status_text(ev.status));
			break;
		case SP_DRIVE_CLIENT_REQUEST:
			rc = request(d, &ev);
			if (rc != SP_OK) {
				/* Too little memory for the answer; one for "no" may be there. */
				rc = done(d, &ev, SP_DRIVE_NO_MEMORY);
			}
			break;
		}
		sp_drives_flush(d);
	}
	sp_drives_flush(d);
}

/* ---- the channel ---- */

static void forget(struct sp_drives *d)
{
	d->port = NULL;
	sp_drive_client_detach(d->machine);
	drop_all(d, 0);
	memset(d->accepted, 0, sizeof(d->accepted));
	sp_watch_at(d->lock_timer, 0);
}

static void attach(struct sp_part *p, struct sp_vc *vc)
{
	struct sp_drives *d = (struct sp_drives *)p;
	struct sp_port_conf conf = {.owner = p, .max_message = MAX_MESSAGE};

	if (sp_vc_static(vc, SP_DRIVE_CHANNEL, &conf, &d->port) == SP_OK) {
		sp_drive_client_attach(d->machine);
	} else {
		d->port = NULL;
	}
}

static void event(struct sp_part *p, const struct sp_vc_event *ev)
{
	struct sp_drives *d = (struct sp_drives *)p;

	if (!d->port || ev->port != d->port) {
		return;
	}
	if (ev->kind == SP_VC_CLOSED) {
		forget(d);
		return;
	}
	if (ev->kind == SP_VC_MESSAGE) {
		int rc = sp_drive_client_feed(d->machine, ev->message.p, ev->message.n);

		if (rc != SP_OK) {
			sp_log(SP_LOG_WARN, "drives: the server broke the rules: %s",
					sp_err_text(rc));
			sp_port_close(d->port);
			forget(d);
			return;
		}
	}
	serve(d);
}

static void detach(struct sp_part *p)
{
	forget((struct sp_drives *)p);
}

static const struct sp_part_calls calls = {
		.channel = SP_DRIVE_CHANNEL,
		.attach = attach,
		.event = event,
		.detach = detach,
};

/* ---- life ---- */

int sp_drives_parse(const char *text, struct sp_drives_offer *out)
{
	const char *eq = strchr(text, '=');
	size_t name = eq ? (size_t)(eq - text) : 0, dir = eq ? strlen(eq + 1) : 0;

	if (!(name > 0 && name < sizeof(out->name))) {
		return SP_EARG;
	}
	out->read_only = dir > 3 && strcmp(eq + 1 + dir - 3, ":ro") == 0;
	dir -= out->read_only ? 3 : 0;
	if (!(dir > 0 && dir < sizeof(out->dir))) {
		return SP_EARG;
	}
	memcpy(out->name, text, name);
	out->name[name] = '\0';
	memcpy(out->dir, eq + 1, dir);
	out->dir[dir] = '\0';
	return SP_OK;
}

struct sp_drives *sp_drives_create(struct sp_loop *l, const char *computer)
{
	struct sp_drives *d = sp_calloc(1, sizeof(*d));

	if (d == NULL) {
		return NULL;
	}
	d->part.calls = &calls;
	d->loop = l;
	d->inotify = -1;
	for (size_t i = 0; i < SP_DRIVE_MAX_DEVICES; i++) {
		d->fs[i].root = -1;
	}
	for (size_t i = 0; i < SP_DRIVE_MAX_OPEN; i++) {
		d->files[i].watch = -1;
	}
	sp_wr_init(&d->w, ANSWER_MAX);
	d->machine = sp_drive_client_create(computer);
	d->buffer = sp_malloc(MAX_READ);
	d->lock_timer = sp_loop_timer(l, on_locks, d);
	if (!d->machine || !d->buffer || !d->lock_timer) {
		sp_drives_destroy(d);
		return NULL;
	}
	return d;
}

void sp_drives_destroy(struct sp_drives *d)
{
	if (d == NULL) {
		return;
	}
	drop_all(d, 0);
	for (size_t i = 0; i < SP_DRIVE_MAX_DEVICES; i++) {
		sp_drive_fs_finish(&d->fs[i]);
	}
	sp_watch_remove(d->lock_timer);
	sp_watch_remove(d->inotify_watch);
	sp_fd_close(&d->inotify);
	sp_drive_client_destroy(d->machine);
	sp_free(d->buffer);
	sp_wr_finish(&d->w);
	sp_free(d);
}

int sp_drives_add(struct sp_drives *d, const char *name, const char *dir, bool read_only)
{
	struct sp_drive_fs fs;
	uint32_t device;
	int rc = sp_drive_fs_init(&fs, dir, name, read_only);

	if (rc != SP_OK) {
		return rc;
	}
	rc = sp_drive_client_offer(d->machine, name, &device);
	if (rc != SP_OK) {
		sp_drive_fs_finish(&fs);
		return rc;
	}
	d->fs[device - 1] = fs;
	sp_drives_flush(d);
	return SP_OK;
}
