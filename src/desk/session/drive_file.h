/* desk/session/drive_file.h - an open file of a client's drive: what is read ahead, what is not yet written. */
#ifndef SP_DESK_SESSION_DRIVE_FILE_H
#define SP_DESK_SESSION_DRIVE_FILE_H

#include "desk/session/drives_part.h"

/* A piece of the file, on its way or here. */
struct sp_drive_block {
	struct sp_drive_block *next;
	uint64_t offset;
	size_t want, got, served;
	uint8_t *data;
	bool pending;
	bool dropped; /* nobody wants it any more: freed when its answer comes */
	int error;
	uint64_t came; /* us */
};

struct sp_drive_file {
	struct sp_desk_drives *d;
	struct sp_drive_file *prev, *next; /* of all */
	struct sp_drive_file *sibling; /* of the same node */
	struct sp_drive_node *node;
	uint64_t handle; /* the machine's */
	unsigned refs; /* the kernel's, and that of each call */
	bool reads, writes;
	bool released; /* by the kernel; closed at the client */
	/* Reading. */
	struct sp_drive_block *blocks;
	struct sp_drive_call *readers; /* that wait for blocks */
	uint64_t next_read; /* where one goes on who reads from front to end */
	size_t window; /* bytes to be read ahead */
	/* Writing. */
	struct sp_drive_call *writers; /* that wait for their turn, oldest first */
	struct sp_drive_call *sent; /* writes under way */
	uint8_t *gather; /* small ones that follow one another */
	uint64_t gather_at;
	size_t gather_n;
	size_t dirty; /* bytes in gather and sent */
	int error; /* of a write that was answered already: told at the next occasion */
};

/* Owns the handle from now on, also when NULL is returned. */
sp_nodiscard struct sp_drive_file *sp_drive_file_create(
		struct sp_desk_drives *d, struct sp_drive_node *n, uint64_t handle, unsigned how);
/* The kernel is done with it. */
void sp_drive_file_release(struct sp_drive_file *f);

/* ---- reading (drive_read.c) ---- */

void sp_drive_file_drop_blocks(struct sp_drive_file *f);
/* A small file comes as a whole, before anybody asks. */
void sp_drive_file_begin(struct sp_drive_file *f);

/* ---- writing (drive_write.c) ---- */

/* Sends what was gathered. */
void sp_drive_file_push(struct sp_drive_file *f);

#endif
