/* core/chan/drive_server_part.h - what the two halves of the server's machine share. */
#ifndef SP_CORE_CHAN_DRIVE_SERVER_PART_H
#define SP_CORE_CHAN_DRIVE_SERVER_PART_H

#include "core/chan/drive_server.h"
#include "core/chan/wire_name.h"

#define SP_DRIVE_OP_IRPS 2048 /* a power of two */
#define SP_DRIVE_OP_WINDOW 16 /* entries of a directory that are asked for at a time */
#define SP_DRIVE_OP_BUFFER 65536 /* bytes of an answer that is not a file's */

/* Where a connection is. */
enum sp_drive_server_state {
	SP_DRIVE_SERVER_DETACHED,
	SP_DRIVE_SERVER_WAIT_REPLY, /* Client Announce Reply */
	SP_DRIVE_SERVER_WAIT_CAPS, /* Client Core Capability Response */
	SP_DRIVE_SERVER_OPEN,
};

enum sp_drive_op_kind {
	SP_DRIVE_OP_OPEN,
	SP_DRIVE_OP_READ,
	SP_DRIVE_OP_WRITE,
	SP_DRIVE_OP_LOCK,
	SP_DRIVE_OP_STAT,
	SP_DRIVE_OP_SET,
	SP_DRIVE_OP_MKDIR,
	SP_DRIVE_OP_REMOVE,
	SP_DRIVE_OP_RENAME,
	SP_DRIVE_OP_LIST,
	SP_DRIVE_OP_VOLUME,
	SP_DRIVE_OP_WATCH,
};

enum sp_drive_op_state {
	SP_DRIVE_OP_FREE,
	SP_DRIVE_OP_CREATE, /* CREATE is to be sent or under way */
	SP_DRIVE_OP_BODY,
	SP_DRIVE_OP_CLOSE, /* a removal waits for its CLOSE */
	SP_DRIVE_OP_DONE, /* the answer waits to be taken */
};

/* A thing that is asked, in one message or many. */
struct sp_drive_op {
	enum sp_drive_op_state state;
	enum sp_drive_op_kind kind;
	struct sp_drive_op *prev, *next; /* in the order of asking; or the free ones */
	uint64_t id; /* never used again */
	uint64_t tag, drive;
	bool silent; /* cancelled: nobody wants to know */
	bool hungry; /* has more to send than it could */
	bool own; /* wire_file was opened for it and is to be closed */
	uint32_t device, wire_file;
	struct sp_drive_server_file *file; /* of the caller, or NULL */
	struct sp_rcbuf *path, *other; /* UTF-16LE: what is opened; the new name, the pattern */
	struct sp_rcbuf *data; /* read: what came; write: what goes */
	uint64_t offset, size; /* of data in the file; of a lock's range */
	size_t n, sent, end; /* bytes wanted, asked for, and where the good ones end */
	bool more; /* what ended there was short, not empty */
	uint32_t access, disposition, options, attributes;
	uint32_t how, class, filter;
	bool tree, wait, replace, directory;
	unsigned step, in_flight;
	size_t entries;
	uint64_t until; /* of a read, write or list: its end, however often a part is answered */
	struct sp_drive_server_change change;
	/* The answer. */
	enum sp_drive_fail fail;
	uint32_t status;
	uint64_t handle;
	bool created;
	struct sp_drive_server_stat stat;
	struct sp_drive_server_volume volume;
};

/* A file that the caller has open. */
struct sp_drive_server_file {
	uint64_t handle; /* 0: free */
	uint64_t drive;
	uint32_t device, wire;
	unsigned ops; /* that wait on it */
	unsigned moving; /* reads and writes under way */
	bool closing;
};

/* A message that is to be answered. */
struct sp_drive_irp {
	bool used;
	uint32_t completion; /* with the slot's number in its lower bits */
	uint32_t device, major;
	struct sp_drive_op *op; /* NULL: nobody waits, but what it opens is to be closed */
	struct sp_drive_server_file *file; /* of a read or write */
	unsigned step; /* what of the op it is about */
	size_t at, n;
	uint64_t due; /* 0: whenever */
	uint64_t order; /* of those nobody waits for the oldest makes room */
};

struct sp_drive_server_drive {
	uint64_t handle; /* 0: free */
	uint32_t device;
	bool told, gone;
	char name[SP_WIRE_NAME_TEXT];
};

/* An ENTRY or a CHANGED that waits to be taken. */
struct sp_drive_server_item {
	struct sp_drive_server_item *next;
	uint64_t op; /* its id */
	size_t n; /* bytes of it all */
	struct sp_drive_server_event ev;
	char name[];
};

struct sp_drive_server {
	enum sp_drive_server_state state;
	uint32_t deadline_ms, chunk;
	uint32_t client;
	struct sp_drive_name client_name;
	struct sp_drive_caps caps; /* the client's */
	uint64_t last_id; /* of drives, files, ops: one row of numbers */
	struct sp_drive_server_drive drives[SP_DRIVE_MAX_DEVICES];
	struct sp_drive_server_file files[SP_DRIVE_SERVER_MAX_FILES];
	struct sp_drive_op ops[SP_DRIVE_SERVER_MAX_REQUESTS];
	struct sp_drive_op *first, *last, *free;
	struct sp_drive_op *told; /* the one whose answer was taken last: freed at the next call */
	struct sp_drive_irp irps[SP_DRIVE_OP_IRPS];
	uint16_t spare[SP_DRIVE_OP_IRPS];
	size_t spares;
	uint32_t generation;
	uint64_t irp_order;
	uint64_t due; /* not later than the first deadline; 0: none */
	uint64_t now;
	size_t waiting; /* bytes */
	struct sp_drive_server_item *items, **items_end, *told_item;
	struct sp_rcbuf *out, **out_end;
	size_t n_out;
	struct sp_wr w;
};

/* Puts what is in s->w into the queue; SP_ENOMEM. */
sp_nodiscard int sp_drive_op_send(struct sp_drive_server *s);
struct sp_drive_server_drive *sp_drive_op_drive(struct sp_drive_server *s, uint64_t handle);
struct sp_drive_server_file *sp_drive_op_file(struct sp_drive_server *s, uint64_t handle);
/* Begins an op that is filled in; from here on it is certain to be answered. */
void sp_drive_op_begin(struct sp_drive_server *s, struct sp_drive_op *op);
/* NULL when all are in use. */
struct sp_drive_op *sp_drive_op_new(struct sp_drive_server *s);
void sp_drive_op_drop(struct sp_drive_server *s, struct sp_drive_op *op);
/* Ends an op that is not done; its own file is closed if it can be. */
void sp_drive_op_end(struct sp_drive_server *s, struct sp_drive_op *op, enum sp_drive_fail fail,
		uint32_t status);
/* Lets all send that could not. */
void sp_drive_op_resume(struct sp_drive_server *s);
/* CLOSE for a file that nobody waits for. */
void sp_drive_op_close(struct sp_drive_server *s, uint32_t device, uint32_t wire);
void sp_drive_op_release(struct sp_drive_server *s, struct sp_drive_server_file *f);
/* A completion, r behind the packet's header. */
sp_nodiscard int sp_drive_op_completed(struct sp_drive_server *s, struct sp_rd *r);
void sp_drive_op_expire(struct sp_drive_server *s);
/* Forgets all that is under way on a device (NULL: on all), failing the ops. */
void sp_drive_op_fail_all(struct sp_drive_server *s, const struct sp_drive_server_drive *drive);

#endif
