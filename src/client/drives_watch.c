/* client/drives_watch.c - changes in a directory, told to who asked for them. */
#include <sys/inotify.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/drives_part.h"
#include "core/chan/wire_name.h"
#include "host/io/fdio.h"

#define NAMES (SP_DRIVE_IO_CHANGE_FILE_NAME | SP_DRIVE_IO_CHANGE_DIR_NAME)
#define BYTES (SP_DRIVE_IO_CHANGE_SIZE | SP_DRIVE_IO_CHANGE_WRITTEN)
#define EVENTS \
	(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY | IN_ATTRIB | \
			IN_DELETE_SELF | IN_ONLYDIR)

static void answer(struct sp_drives *d, struct sp_drives_file *file)
{
	uint64_t request = file->notify;
	struct sp_span none = {NULL, 0};

	file->notify = 0;
	/* Empty: something changed, look yourself. */
	if (sp_drive_client_data(d->machine, request,
			    file->missed ? none : sp_span(file->changes.p, file->changes.n)) !=
			SP_OK) {
		(void)!sp_drive_client_done(d->machine, request, SP_DRIVE_NO_MEMORY);
	}
	file->missed = false;
	sp_wr_reset(&file->changes);
}

/* A descriptor is watched by its name in /proc: the path may be another directory by now. */
static int add_watch(struct sp_drives *d, const struct sp_drives_file *file)
{
	char path[64];

	if (d->inotify < 0) {
		d->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
		if (d->inotify < 0) {
			return -1;
		}
		d->inotify_watch =
				sp_loop_fd(d->loop, d->inotify, SP_LOOP_READ, sp_drives_changed, d);
		if (d->inotify_watch == NULL) {
			sp_fd_close(&d->inotify);
			return -1;
		}
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file->f.fd);
	return inotify_add_watch(d->inotify, path, EVENTS);
}

void sp_drives_notify(struct sp_drives *d, struct sp_drives_file *file,
		const struct sp_drive_client_event *ev)
{
	uint32_t status = SP_DRIVE_OK;

	if (!file->f.directory || file->notify != 0) {
		status = SP_DRIVE_INVALID_PARAMETER;
	} else if (file->watch < 0) {
		file->watch = add_watch(d, file);
		if (file->watch < 0) {
			status = SP_DRIVE_NOT_SUPPORTED;
		}
	}
	if (status != SP_DRIVE_OK) {
		(void)!sp_drive_client_done(d->machine, ev->request, status);
		return;
	}
	file->filter = ev->io.notify.filter;
	file->notify = ev->request;
	if (file->missed || file->changes.n > 0) {
		answer(d, file);
	}
}

void sp_drives_unwatch(struct sp_drives *d, struct sp_drives_file *file)
{
	bool shared = false;

	sp_wr_finish(&file->changes);
	if (file->watch < 0) {
		return;
	}
	/* The same directory, opened twice, is one watch. */
	for (size_t i = 0; i < SP_DRIVE_MAX_OPEN; i++) {
		struct sp_drives_file *other = &d->files[i];

		shared |= other != file && other->id != 0 && other->watch == file->watch;
	}
	if (!shared) {
		(void)inotify_rm_watch(d->inotify, file->watch);
	}
	file->watch = -1;
}

static bool wanted(uint32_t filter, uint32_t mask)
{
	if (mask & (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)) {
		return filter &
				(mask & IN_ISDIR ? SP_DRIVE_IO_CHANGE_DIR_NAME
						 : SP_DRIVE_IO_CHANGE_FILE_NAME);
	}
	if (mask & IN_MODIFY) {
		return filter & BYTES;
	}
	return mask & IN_ATTRIB &&
			filter &
			(SP_DRIVE_IO_CHANGE_ATTRIBUTES | SP_DRIVE_IO_CHANGE_SECURITY |
					SP_DRIVE_IO_CHANGE_WRITTEN | SP_DRIVE_IO_CHANGE_ACCESSED |
					SP_DRIVE_IO_CHANGE_CREATED);
}

static uint32_t action_of(uint32_t mask)
{
	return mask & IN_CREATE                ? SP_DRIVE_INFO_ADDED
			: mask & IN_DELETE     ? SP_DRIVE_INFO_REMOVED
			: mask & IN_MOVED_FROM ? SP_DRIVE_INFO_RENAMED_FROM
			: mask & IN_MOVED_TO   ? SP_DRIVE_INFO_RENAMED_TO
					       : SP_DRIVE_INFO_MODIFIED;
}

static void keep(struct sp_drives_file *file, const struct inotify_event *e)
{
	uint8_t utf16[SP_DRIVE_INFO_MAX_NAME];
	struct sp_drive_info_change change = {action_of(e->mask), {NULL, 0}};
	struct sp_wr name;

	if (file->missed || e->len == 0) {
		file->missed |= e->len == 0;
		return;
	}
	sp_wr_fixed(&name, utf16, sizeof(utf16));
	if (sp_wire_name_write(&name, e->name) != SP_NAME_FINE || sp_wr_ok(&name) != SP_OK) {
		return;
	}
	change.name = sp_span(utf16, name.n);
	if (file->changes.n > 0) {
		sp_wr_zero(&file->changes, (4 - file->changes.n % 4) % 4);
		sp_wr_fill_le32(&file->changes, file->last_change,
				file->changes.n - file->last_change);
	}
	file->last_change = file->changes.n;
	sp_drive_info_change_write(&file->changes, &change);
	file->missed = sp_wr_ok(&file->changes) != SP_OK;
}

static void tell(struct sp_drives *d, const struct inotify_event *e)
{
	for (size_t i = 0; i < SP_DRIVE_MAX_OPEN; i++) {
		struct sp_drives_file *file = &d->files[i];

		if (file->id == 0 || file->watch < 0) {
			continue;
		}
		if (e->mask & IN_Q_OVERFLOW) {
			file->missed = true;
		} else if (file->watch != e->wd) {
			continue;
		} else if (e->mask & IN_IGNORED) {
			file->watch = -1; /* the directory is gone */
			file->missed = true;
		} else if (wanted(file->filter, e->mask)) {
			keep(file, e);
		}
	}
}

void sp_drives_changed(void *user, unsigned events)
{
	struct sp_drives *d = user;
	_Alignas(struct inotify_event) char buf[4096];
	ssize_t n = read(d->inotify, buf, sizeof(buf));

	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *e = (const struct inotify_event *)(buf + at);

		tell(d, e);
		at += (ssize_t)(sizeof(*e) + e->len);
	}
	for (size_t i = 0; i < SP_DRIVE_MAX_OPEN; i++) {
		struct sp_drives_file *file = &d->files[i];

		if (file->id != 0 && file->notify != 0 && (file->missed || file->changes.n > 0)) {
			answer(d, file);
		}
	}
	sp_drives_flush(d);
}
