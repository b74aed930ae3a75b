/* desk/session/drives_part.h - what the files that make up the drives share. */
#ifndef SP_DESK_SESSION_DRIVES_PART_H
#define SP_DESK_SESSION_DRIVES_PART_H

#include "core/base/log.h"
#include "desk/session/drive_nodes.h"
#include "desk/session/drives.h"
#include "desk/session/mount.h"

#define SP_DRIVES_MAX 32
#define SP_DRIVES_MAX_CALLS 1024 /* requests of programs, and ours for reading ahead and writing */
#define SP_DRIVES_MAX_HELD (64u << 20) /* bytes read ahead or not yet written, of all files */
#define SP_DRIVES_FRESH_US UINT64_C(1000000) /* so long is believed what a client told */
#define SP_DRIVES_FRESH 1.0 /* the same for the kernel, in seconds */
#define SP_DRIVES_NAME 256
#define SP_DRIVES_MAX_CLOSING 64

#define SP_DRIVES_MAX_TOLD 100 /* lines of the log about drives of one connection */

struct sp_drive {
	/* 0: free. Its node stays when the client goes, until another drive needs the place. */
	uint64_t number; /* never used again; which slot it is, modulo SP_DRIVES_MAX */
	bool alive;
	uint64_t gone; /* the later the more */
	uint64_t id; /* the machine's */
	char name[SP_DRIVES_NAME];
	struct sp_drive_node *node;
	char *link; /* in the desktop folder; NULL: none */
	struct sp_drive_server_volume volume;
	uint64_t volume_until;
};

struct sp_desk_drives {
	struct sp_part part;
	struct sp_loop *loop;
	char *runtime_dir, *home;
	struct sp_drive_server *machine;
	struct sp_port *port;
	struct sp_mount *mount;
	bool no_fuse; /* said once */
	bool busy; /* events are being taken */
	uint32_t attached; /* a number for each connection */
	unsigned told; /* lines of the log about drives of this connection */
	uint64_t numbers; /* of drives */
	struct sp_watch *timer;
	struct sp_drive_nodes *nodes;
	struct sp_drive drive[SP_DRIVES_MAX];
	struct sp_drive_call *call[SP_DRIVES_MAX_CALLS];
	size_t calls, next_call;
	uint64_t tags;
	size_t interrupted; /* calls whose program has been told to stop waiting */
	size_t held; /* bytes, see SP_DRIVES_MAX_HELD */
	/*
	 * Files that programs closed. The client is told behind the next message to it, or soon
	 * after: most programs create the next file at once, and who waits for that need not wait
	 * for this as well.
	 */
	uint64_t closing[SP_DRIVES_MAX_CLOSING];
	size_t n_closing;
	struct sp_watch *close_due;
	bool sent; /* a message, in this turn */
	struct sp_drive_file *files; /* all */
	struct sp_drive_dir *dirs; /* all */
};

/*
 * One thing that waits: for an answer of the client, or for its turn in a file's queue. It has
 * references to its nodes, and is freed by whoever takes it from where it waits.
 */
struct sp_drive_call {
	struct sp_desk_drives *d;
	size_t slot;
	uint64_t tag;
	fuse_req_t req; /* NULL: nobody waits (any more) */
	void (*done)(struct sp_drive_call *c, const struct sp_drive_server_event *ev);
	struct sp_drive_node *node, *other;
	struct sp_drive_file *file;
	struct sp_drive_listing *listing;
	char *name, *other_name;
	struct sp_drive_block *block; /* to be filled */
	struct fuse_file_info fi;
	unsigned flags;
	uint64_t offset;
	size_t n;
	uint8_t *data;
	struct sp_drive_server_change change;
	uint64_t give_up; /* us, after an interrupt; 0: none */
	struct sp_drive_call *next; /* in a queue */
};

/* ---- calls (drives.c) ---- */

/* req may be NULL; NULL without memory or room, and then the request has got its error. */
sp_nodiscard struct sp_drive_call *sp_drive_call_create(struct sp_desk_drives *d, fuse_req_t req);
void sp_drive_call_free(struct sp_drive_call *c);
/* Answers with an error, if somebody waits; the call stays. */
void sp_drive_call_error(struct sp_drive_call *c, int error);
/* After a request to the machine: frees the call and answers when that refused it. */
void sp_drive_call_sent(struct sp_drive_call *c, int rc);

/* ---- (drives.c) ---- */

static inline struct sp_desk_drives *sp_drives_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

/* Moves messages to the channel, takes events, sets the timer. Ends every callback. */
void sp_drives_pump(struct sp_desk_drives *d);
/* Tells the client of what was closed: before anything that a file still open there would hinder. */
void sp_drives_close_now(struct sp_desk_drives *d);
/* The machine's number; 0, which none has, when the client is gone. */
uint64_t sp_drives_id(struct sp_desk_drives *d, const struct sp_drive_node *n);
bool sp_drives_is_root(const struct sp_drive_node *n);

/* ---- folders (drive_place.c) ---- */

/* Whose the node is; NULL when the client has gone. */
struct sp_drive *sp_drives_drive(struct sp_desk_drives *d, const struct sp_drive_node *n);
/*
 * A folder for a drive that calls itself so, with its node: the one it had, or a new one, for
 * which the one that is not used for longest may go. NULL when there is none, or no memory.
 */
struct sp_drive *sp_drives_place(struct sp_desk_drives *d, const char *given);
void sp_drives_leave(struct sp_desk_drives *d, struct sp_drive *v);
/* Level for one line more about drives that come and go: a client can make them do so for ever. */
enum sp_log_level sp_drives_tell_level(struct sp_desk_drives *d);

/* ---- nodes (drive_ops.c) ---- */

void sp_drives_stat(const struct sp_drive_node *n, struct stat *out);
/* Takes what the client told, which is believed from now on. */
void sp_drives_learn(struct sp_drive_node *n, const struct sp_drive_server_stat *stat);
void sp_drives_new_stat(struct sp_drive_server_stat *out, bool directory);
/* One lookup more of the node for the kernel; the caller keeps its own reference. */
void sp_drives_reply_entry(struct sp_drive_call *c, struct sp_drive_node *n);
bool sp_drives_fresh(const struct sp_drive_node *n);
/* What we did in a directory, for its list: NULL removes. */
void sp_drives_note(struct sp_drive_node *dir, const char *name,
		const struct sp_drive_server_stat *stat);

/*
 * A call with the directory and the path of a name in it that is about to change; NULL when the
 * request has got its error.
 */
struct sp_drive_call *sp_drives_call_at(fuse_req_t req, fuse_ino_t parent, const char *name,
		char path[SP_DRIVE_SERVER_MAX_PATH]);

extern const struct fuse_lowlevel_ops sp_drives_ops;

/* ---- directories (drive_dir.c) ---- */

/* A list that is being made; readers wait in it. */
struct sp_drive_listing;

/* Whether the list of the directory is believed now. */
bool sp_drives_list_fresh(struct sp_drive_node *dir);
/* A directory that we have made: it is empty. */
void sp_drives_list_empty(struct sp_drive_node *dir);
/* The call's done comes (with ev NULL) when its directory has been read. */
void sp_drives_when_listed(struct sp_drive_call *c);
/* Then: why it could not be, or 0; and what stands in it. */
int sp_drives_listing_error(const struct sp_drive_call *c);
const struct sp_drive_list *sp_drives_listing_list(const struct sp_drive_call *c);
void sp_drives_on_entry(struct sp_drive_call *c, const struct sp_drive_server_event *ev);
void sp_drives_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void sp_drives_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		struct fuse_file_info *fi);
void sp_drives_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		struct fuse_file_info *fi);
void sp_drives_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);

/* ---- files (drive_file.c, drive_data.c) ---- */

void sp_drives_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void sp_drives_create_file(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
		struct fuse_file_info *fi);
void sp_drives_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		struct fuse_file_info *fi);
void sp_drives_write(fuse_req_t req, fuse_ino_t ino, const char *p, size_t size, off_t offset,
		struct fuse_file_info *fi);
void sp_drives_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void sp_drives_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);
void sp_drives_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
/* Whether some of what was written to it is not there yet. */
bool sp_drives_dirty(const struct sp_drive_node *n);
/* The call's done comes (with ev NULL) when nothing of the node is dirty any more. */
void sp_drives_when_clean(struct sp_drive_node *n, struct sp_drive_call *c);
/* The machine's number of an open file of this node, 0 for none. */
uint64_t sp_drives_handle(const struct sp_drive_node *n, bool for_writing);
/* What was read ahead is not true any more. */
void sp_drives_forget_data(struct sp_drive_node *n);
/* At the end: the kernel tells of none any more. */
void sp_drives_free_files(struct sp_desk_drives *d);
void sp_drives_free_dirs(struct sp_desk_drives *d);
/* Of a call that is freed. Accepts NULL. */
void sp_drive_file_unref(struct sp_drive_file *f);

/* ---- the desktop folder (drive_link.c) ---- */

/* A link to the target, if there is a place for it: its name, the caller's, or NULL. */
char *sp_drive_link_make(const char *home, const char *name, const char *target);
/* Takes it away if it is still that one. */
void sp_drive_link_remove(const char *home, const char *link, const char *target);

#endif
