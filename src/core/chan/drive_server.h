/* core/chan/drive_server.h - the server's end of device redirection: it asks the client's drives. */
#ifndef SP_CORE_CHAN_DRIVE_SERVER_H
#define SP_CORE_CHAN_DRIVE_SERVER_H

#include "core/base/rcbuf.h"
#include "core/chan/drive.h"
#include "core/chan/drive_info.h"
#include "core/chan/drive_io.h"

/*
 * Pure: messages in by feed, out by out, drives and answers by next. It outlives connections:
 * attach begins one, detach ends it and fails all that waits. Many requests are in flight at a
 * time and are answered in any order; each names the caller's tag, which comes back. Nothing that
 * the client says is believed: an answer nobody waits for is dropped, one that does not fit its
 * request fails it. Paths are UTF-8 with '/', "" is the root; drives and files are numbers that
 * are never used again, so a stale one is SP_ENOTFOUND and harms nobody.
 */
struct sp_drive_server;

#define SP_DRIVE_SERVER_MAX_FILES 1024
#define SP_DRIVE_SERVER_MAX_REQUESTS 1024 /* at a time; more are SP_ELIMIT */
#define SP_DRIVE_SERVER_MAX_IO (1u << 20) /* bytes of one read or write */
#define SP_DRIVE_SERVER_MAX_WAITING (64u << 20) /* bytes of all that waits; more is SP_ELIMIT */
#define SP_DRIVE_SERVER_MAX_ENTRIES (1u << 20) /* of one directory */
#define SP_DRIVE_SERVER_MAX_PATH 4096 /* bytes with the NUL */
/*
 * Begins a part of a path that goes out as it is, after an ENTRY of the client's with that name
 * was raw. No UTF-8 has this byte.
 */
#define SP_DRIVE_SERVER_RAW '\xFF'

struct sp_drive_server_conf {
	uint32_t deadline_ms; /* without any answer to a request; 0: 30,000; a list has 6 in all */
	uint32_t chunk; /* bytes that one message reads or writes; 0: 65,536 */
};

/* NULL without memory; conf NULL is all 0. */
sp_nodiscard struct sp_drive_server *sp_drive_server_create(
		const struct sp_drive_server_conf *conf);
/* Accepts NULL. */
void sp_drive_server_destroy(struct sp_drive_server *s);

/*
 * The channel is there: begins the exchange, the user being logged on. client is a number that no
 * other connection of the moment has. SP_ESTATE when it is attached already.
 */
sp_nodiscard int sp_drive_server_attach(struct sp_drive_server *s, uint32_t client);
/* The channel is gone: ANSWER (SP_DRIVE_FAIL_NODEV) for all that waits, REMOVED for each drive. */
void sp_drive_server_detach(struct sp_drive_server *s);

/* One whole message. An error ends the redirection: close the port, detach. */
sp_nodiscard int sp_drive_server_feed(
		struct sp_drive_server *s, const void *p, size_t n, uint64_t now_us);
/* The next message to be sent, with its reference; NULL when there is none. */
struct sp_rcbuf *sp_drive_server_out(struct sp_drive_server *s);
/* When tick is due; 0: nothing waits. */
uint64_t sp_drive_server_deadline(const struct sp_drive_server *s);
/* Fails what is overdue (SP_DRIVE_FAIL_TIMEDOUT); events may follow. */
void sp_drive_server_tick(struct sp_drive_server *s, uint64_t now_us);
/* The client's name of itself; "" before it told. */
const char *sp_drive_server_client(const struct sp_drive_server *s);

/* ---- what comes back ---- */

enum sp_drive_server_event_kind {
	SP_DRIVE_SERVER_ADDED, /* drive, name: only drives are taken, other devices are refused */
	SP_DRIVE_SERVER_REMOVED, /* drive; all that waited on it was answered before */
	SP_DRIVE_SERVER_ENTRY, /* tag, entry: of a list, which goes on */
	SP_DRIVE_SERVER_CHANGED, /* tag, action, name: of a watch, which goes on */
	SP_DRIVE_SERVER_ANSWER, /* tag, fail: exactly one for each request that was taken */
};

struct sp_drive_server_stat {
	uint64_t size, allocation;
	uint64_t created, accessed, written, changed; /* as sp_drive_info_unix() takes them */
	uint32_t attributes; /* enum sp_drive_info_attribute */
	bool directory;
};

struct sp_drive_server_volume {
	uint64_t total, available, free; /* bytes */
};

/* Valid until the next call on the object. */
struct sp_drive_server_event {
	enum sp_drive_server_event_kind kind;
	uint64_t tag;
	uint64_t drive;
	/*
	 * Of a drive: what it is called, "C" or "home", a name that is safe as one part of a path,
	 * but not unique. Of an entry or a change: the same, a change's with '/' inside; names that
	 * cannot be parts of a path here never come. "" of a change: something below changed.
	 */
	const char *name;
	/*
	 * ENTRY: to be asked for with SP_DRIVE_SERVER_RAW before the name, which may be longer than
	 * a name can be here (SP_WIRE_NAME_PART).
	 */
	bool raw;
	enum sp_drive_fail fail; /* of ANSWER; the rest of it only when SP_DRIVE_FAIL_NONE */
	uint32_t status; /* what the client said, for the log */
	uint64_t file; /* open */
	bool created; /* open: it was not there before (as far as the client tells) */
	size_t n; /* write: bytes written, at least 1 */
	struct sp_span data; /* read: shorter than asked for at the end of the file; borrowed */
	struct sp_drive_server_stat stat; /* stat; ENTRY */
	struct sp_drive_server_volume volume;
	uint32_t action; /* CHANGED: enum sp_drive_info_action */
};

bool sp_drive_server_next(struct sp_drive_server *s, struct sp_drive_server_event *ev);

/* ---- what can be asked ----
 *
 * SP_OK: ANSWER follows, never before the call returned. Else nothing was sent: SP_ENOTFOUND (no
 * such drive or file any more), SP_EARG (a path that cannot be one there: "..", a backslash, a
 * colon, too long), SP_ELIMIT, SP_ENOMEM.
 */

enum sp_drive_server_how {
	SP_DRIVE_SERVER_READ = 1,
	SP_DRIVE_SERVER_WRITE = 2,
	SP_DRIVE_SERVER_CREATE = 4, /* if it is not there */
	SP_DRIVE_SERVER_EXCLUSIVE = 8, /* with CREATE: only if it is not there */
	SP_DRIVE_SERVER_TRUNCATE = 16,
};

sp_nodiscard int sp_drive_server_open(struct sp_drive_server *s, uint64_t drive, const char *path,
		unsigned how, uint64_t tag, uint64_t now_us);
/* What waits on the file is done before; no answer. A file that is gone is not an error. */
void sp_drive_server_close(struct sp_drive_server *s, uint64_t file, uint64_t now_us);
/* 1 <= n <= SP_DRIVE_SERVER_MAX_IO; in as many messages as it takes. */
sp_nodiscard int sp_drive_server_read(struct sp_drive_server *s, uint64_t file, uint64_t offset,
		size_t n, uint64_t tag, uint64_t now_us);
/* The same; the bytes are copied. */
sp_nodiscard int sp_drive_server_write(struct sp_drive_server *s, uint64_t file, uint64_t offset,
		const void *p, size_t n, uint64_t tag, uint64_t now_us);
/* how: one of enum sp_drive_io_lock but UNLOCK_MULTIPLE. */
sp_nodiscard int sp_drive_server_lock(struct sp_drive_server *s, uint64_t file, uint32_t how,
		bool wait, uint64_t offset, uint64_t n, uint64_t tag, uint64_t now_us);

/* An open file, or else (file 0) whatever has this path. */
struct sp_drive_server_at {
	uint64_t file;
	uint64_t drive;
	const char *path;
};

sp_nodiscard int sp_drive_server_stat(struct sp_drive_server *s,
		const struct sp_drive_server_at *at, uint64_t tag, uint64_t now_us);

struct sp_drive_server_change {
	bool has_size, has_basic;
	uint64_t size;
	struct sp_drive_info_basic basic; /* a 0 leaves its field as it is */
};

/* An open file must have been opened for WRITE. */
sp_nodiscard int sp_drive_server_set(struct sp_drive_server *s, const struct sp_drive_server_at *at,
		const struct sp_drive_server_change *what, uint64_t tag, uint64_t now_us);

sp_nodiscard int sp_drive_server_mkdir(struct sp_drive_server *s, uint64_t drive, const char *path,
		uint64_t tag, uint64_t now_us);
/* The answer comes after the file is closed there, which is when it goes away. */
sp_nodiscard int sp_drive_server_remove(struct sp_drive_server *s, uint64_t drive, const char *path,
		bool directory, uint64_t tag, uint64_t now_us);
sp_nodiscard int sp_drive_server_rename(struct sp_drive_server *s, uint64_t drive, const char *from,
		const char *to, bool replace, uint64_t tag, uint64_t now_us);
/* ENTRY for each but "." and "..", then ANSWER. pattern "*" is everything. */
sp_nodiscard int sp_drive_server_list(struct sp_drive_server *s, uint64_t drive, const char *path,
		const char *pattern, uint64_t tag, uint64_t now_us);
sp_nodiscard int sp_drive_server_volume(
		struct sp_drive_server *s, uint64_t drive, uint64_t tag, uint64_t now_us);
/* CHANGED until it is cancelled or ANSWER says why it ended; no deadline. */
sp_nodiscard int sp_drive_server_watch(struct sp_drive_server *s, uint64_t drive, const char *path,
		bool tree, uint32_t filter, uint64_t tag, uint64_t now_us);
/*
 * Nobody waits for the tag any more: no event with it follows. What it opened is closed when the
 * client answers.
 */
void sp_drive_server_cancel(struct sp_drive_server *s, uint64_t tag, uint64_t now_us);

#endif
