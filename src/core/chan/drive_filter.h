/* core/chan/drive_filter.h - what of redirected devices passes between two sides: which devices, and what is done with files. */
#ifndef SP_CORE_CHAN_DRIVE_FILTER_H
#define SP_CORE_CHAN_DRIVE_FILTER_H

#include "core/chan/drive_io.h"
#include "core/chan/sieve.h"
#include "core/chan/transfer.h"

#define SP_DRIVE_MAX_PENDING 1024 /* requests without an answer; what comes behind is refused */
#define SP_DRIVE_MAX_OPEN 1024 /* files at a time, on all drives; likewise */
#define SP_DRIVE_READ_MAX (16u << 20) /* bytes that one request may ask for */
#define SP_DRIVE_ODD_MAX 4096 /* names of a drive that Windows forbids; the oldest are forgotten */
#define SP_DRIVE_START 56 /* what a message is judged by: all of a write but its data */

/* Reading moves data toward the target, writing toward the client. */
struct sp_drive_rules {
	bool read, write; /* drives; without `read` there are none */
	bool other; /* printers, smart cards, ports: announced, and not looked into */
	uint64_t limit; /* bytes of a file; 0: none */
};

/*
 * Names in the client's lists that Windows forbids, or that the private area does not stand for:
 * they may be asked for as they are. By 64 bits of their SHA-256.
 */
struct sp_drive_odd {
	size_t n, next;
	uint64_t name[SP_DRIVE_ODD_MAX];
};

struct sp_drive_known {
	uint32_t id, type;
	struct sp_drive_odd *odd; /* NULL: none yet */
	char name[SP_DRIVE_MAX_NAME]; /* UTF-8, can be shown */
};

/* A path from the wire, UTF-16LE. */
struct sp_drive_path {
	size_t n;
	uint8_t p[];
};

/* One direction of a file. */
struct sp_drive_flow {
	uint64_t n; /* bytes that passed */
	uint64_t at; /* where the next one in order is */
	bool in_order; /* from the first one on, once each, and hashed */
	struct sp_sha256 hash;
};

struct sp_drive_open {
	struct sp_drive_path *path;
	struct sp_drive_flow read, write;
	bool has_size, has_end;
	uint64_t size; /* as the client told it */
	uint64_t end; /* as the target set it */
	bool at_end; /* a read found it */
	bool fresh; /* begins empty: what is written is all of it */
	bool told_large; /* that it is refused for its size */
};

struct sp_drive_slot {
	uint32_t device, file;
	struct sp_drive_open *open;
};

/* A request on its way. */
struct sp_drive_ask {
	uint32_t device, file, completion;
	uint32_t n, class; /* bytes asked for or written; class of information */
	uint64_t offset;
	uint8_t major, minor;
	bool fresh, made, remove; /* CREATE: begins empty, a directory, delete on close; SET_INFO */
	struct sp_drive_path *path; /* CREATE: its own; RENAME: the new one */
};

/* The owner embeds it and looks at nothing. */
struct sp_drive_filter {
	struct sp_drive_rules rules;
	const struct sp_crypto *crypto;
	struct sp_sieve sieve;
	struct sp_drive_head head[2]; /* of the message under way from that side, once judged */
	struct sp_drive_known device[SP_DRIVE_MAX_DEVICES];
	size_t n_devices;
	struct sp_drive_ask ask[SP_DRIVE_MAX_PENDING];
	size_t n_asks;
	struct sp_drive_slot slot[SP_DRIVE_MAX_OPEN];
	size_t n_open, last; /* last: the slot that was looked up last */
	struct sp_drive_ask reading; /* the one whose data passes from the client */
	struct sp_drive_ask writing; /* the one whose data passes from the target */
	struct sp_wr work;
	struct sp_transfers told;
};

/* Allocates nothing. */
void sp_drive_filter_init(struct sp_drive_filter *f, const struct sp_drive_rules *rules,
		const struct sp_crypto *crypto);
/* Tells of what is under way, and forgets all files and requests. */
void sp_drive_filter_stop(struct sp_drive_filter *f);
/* Accepts a zeroed one. */
void sp_drive_filter_finish(struct sp_drive_filter *f);

/*
 * A chunk with its header, as one side sent it; it must stay until sp_drive_filter_next() is
 * false. Never more than a chunk of a file is held. A request that may not pass is answered by the
 * filter; an answer that nobody waits for, or a second one, is dropped. SP_ENOMEM is the only
 * error.
 */
sp_nodiscard int sp_drive_filter_feed(
		struct sp_drive_filter *f, enum sp_side from, struct sp_span chunk);

/* What follows from the last feed, until false. */
bool sp_drive_filter_next(struct sp_drive_filter *f, struct sp_sieve_out *out);
/* What was read, written and refused, until false; the oldest are lost if nobody asks. */
bool sp_drive_filter_event(struct sp_drive_filter *f, struct sp_transfer *ev);

#endif
