/* client/drives_part.h - what the files that serve local directories share. */
#ifndef SP_CLIENT_DRIVES_PART_H
#define SP_CLIENT_DRIVES_PART_H

#include "client/drives.h"
#include "client/drive_fs.h"
#include "core/chan/drive_client.h"

#define SP_DRIVES_CHANGES 4096 /* bytes of changes that are kept for who asks later */

struct sp_drives_file {
	uint32_t id; /* what the server calls it; 0: free */
	uint32_t device;
	struct sp_drive_fs_file f;
	int watch; /* of inotify, -1: none */
	bool missed; /* more changed than was kept */
	uint32_t filter;
	struct sp_wr changes;
	size_t last_change; /* where the last one begins */
	uint64_t notify; /* the request that waits for a change; 0: none */
};

/* A lock that somebody waits for. */
struct sp_drives_lock {
	uint64_t request; /* 0: free */
	uint32_t file;
	uint32_t operation;
	struct sp_drive_io_range range;
};

#define SP_DRIVES_LOCKS 64 /* that wait at a time */

struct sp_drives {
	struct sp_part part; /* must stay first */
	struct sp_drive_client *machine;
	struct sp_loop *loop;
	struct sp_port *port;
	struct sp_drive_fs fs[SP_DRIVE_MAX_DEVICES]; /* by device - 1 */
	bool accepted[SP_DRIVE_MAX_DEVICES];
	struct sp_drives_file files[SP_DRIVE_MAX_OPEN];
	size_t n_files;
	uint32_t generation;
	struct sp_drives_lock locks[SP_DRIVES_LOCKS];
	struct sp_watch *lock_timer;
	int inotify;
	struct sp_watch *inotify_watch;
	uint8_t *buffer; /* for what is read */
	struct sp_wr w; /* for what is told */
};

/* ---- drives_watch.c: who waits for changes ---- */

/* The request waits for the next change, or is answered at once. */
void sp_drives_notify(struct sp_drives *d, struct sp_drives_file *file,
		const struct sp_drive_client_event *ev);
/* The file is closed. */
void sp_drives_unwatch(struct sp_drives *d, struct sp_drives_file *file);
/* The loop's callback for inotify. */
void sp_drives_changed(void *user, unsigned events);
/* Sends what the machine has to say. */
void sp_drives_flush(struct sp_drives *d);

#endif
