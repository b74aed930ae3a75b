/* core/chan/drive_io.h - requests to a redirected device and their completions. */
#ifndef SP_CORE_CHAN_DRIVE_IO_H
#define SP_CORE_CHAN_DRIVE_IO_H

#include "core/chan/drive.h"

#define SP_DRIVE_IO_MAX_PATH 65534 /* bytes of a path in UTF-16LE without the NUL */
#define SP_DRIVE_IO_MAX_LOCKS 128

/* [MS-RDPEFS] 2.2.1.4 MajorFunction */
enum sp_drive_io_major {
	SP_DRIVE_IO_CREATE = 0x00,
	SP_DRIVE_IO_CLOSE = 0x02,
	SP_DRIVE_IO_READ = 0x03,
	SP_DRIVE_IO_WRITE = 0x04,
	SP_DRIVE_IO_QUERY_INFO = 0x05,
	SP_DRIVE_IO_SET_INFO = 0x06,
	SP_DRIVE_IO_QUERY_VOLUME = 0x0A,
	SP_DRIVE_IO_SET_VOLUME = 0x0B,
	SP_DRIVE_IO_DIRECTORY = 0x0C,
	SP_DRIVE_IO_CONTROL = 0x0E,
	SP_DRIVE_IO_LOCK = 0x11,
};

/* [MS-RDPEFS] 2.2.1.4 MinorFunction; only of SP_DRIVE_IO_DIRECTORY. */
enum sp_drive_io_minor {
	SP_DRIVE_IO_QUERY_DIRECTORY = 1,
	SP_DRIVE_IO_NOTIFY = 2,
};

/* [MS-SMB2] 2.2.13.1 DesiredAccess */
enum sp_drive_io_access {
	SP_DRIVE_IO_READ_DATA = 0x00000001, /* of a directory: list */
	SP_DRIVE_IO_WRITE_DATA = 0x00000002, /* of a directory: add a file */
	SP_DRIVE_IO_APPEND_DATA = 0x00000004, /* of a directory: add a directory */
	SP_DRIVE_IO_READ_EA = 0x00000008,
	SP_DRIVE_IO_WRITE_EA = 0x00000010,
	SP_DRIVE_IO_EXECUTE = 0x00000020,
	SP_DRIVE_IO_DELETE_CHILD = 0x00000040,
	SP_DRIVE_IO_READ_ATTRIBUTES = 0x00000080,
	SP_DRIVE_IO_WRITE_ATTRIBUTES = 0x00000100,
	SP_DRIVE_IO_DELETE = 0x00010000,
	SP_DRIVE_IO_READ_CONTROL = 0x00020000,
	SP_DRIVE_IO_WRITE_DAC = 0x00040000,
	SP_DRIVE_IO_WRITE_OWNER = 0x00080000,
	SP_DRIVE_IO_SYNCHRONIZE = 0x00100000,
	SP_DRIVE_IO_MAXIMUM_ALLOWED = 0x02000000,
	SP_DRIVE_IO_GENERIC_ALL = 0x10000000,
	SP_DRIVE_IO_GENERIC_EXECUTE = 0x20000000,
	SP_DRIVE_IO_GENERIC_WRITE = 0x40000000,
};
#define SP_DRIVE_IO_GENERIC_READ UINT32_C(0x80000000)
/* The bits that change something, so that a drive for reading refuses them. */
#define SP_DRIVE_IO_CHANGING \
	UINT32_C(0x500D0156) /* GENERIC_ALL, GENERIC_WRITE, WRITE_OWNER, WRITE_DAC, DELETE, \
	                        WRITE_ATTRIBUTES, DELETE_CHILD, WRITE_EA, APPEND_DATA, WRITE_DATA */

/* [MS-SMB2] 2.2.13 ShareAccess */
#define SP_DRIVE_IO_SHARE_ALL 7

/* [MS-SMB2] 2.2.13 CreateDisposition */
enum sp_drive_io_disposition {
	SP_DRIVE_IO_SUPERSEDE = 0,
	SP_DRIVE_IO_OPEN = 1,
	SP_DRIVE_IO_CREATE_NEW = 2,
	SP_DRIVE_IO_OPEN_IF = 3,
	SP_DRIVE_IO_OVERWRITE = 4,
	SP_DRIVE_IO_OVERWRITE_IF = 5,
};

/* [MS-SMB2] 2.2.13 CreateOptions */
enum sp_drive_io_option {
	SP_DRIVE_IO_DIRECTORY_FILE = 0x00000001,
	SP_DRIVE_IO_SYNC_NONALERT = 0x00000020,
	SP_DRIVE_IO_NON_DIRECTORY_FILE = 0x00000040,
	SP_DRIVE_IO_DELETE_ON_CLOSE = 0x00001000,
	SP_DRIVE_IO_OPEN_REPARSE_POINT = 0x00200000,
};

/* [MS-RDPEFS] 2.2.1.5.1 Information */
enum sp_drive_io_created {
	SP_DRIVE_IO_SUPERSEDED = 0,
	SP_DRIVE_IO_OPENED = 1,
	SP_DRIVE_IO_OVERWRITTEN = 3,
};

/* [MS-RDPEFS] 2.2.3.3.12 Operation */
enum sp_drive_io_lock {
	SP_DRIVE_IO_LOCK_SHARED = 2,
	SP_DRIVE_IO_LOCK_EXCLUSIVE = 3,
	SP_DRIVE_IO_UNLOCK = 4,
	SP_DRIVE_IO_UNLOCK_MULTIPLE = 5,
};

/* [MS-SMB2] 2.2.35 CompletionFilter */
enum sp_drive_io_filter {
	SP_DRIVE_IO_CHANGE_FILE_NAME = 0x001,
	SP_DRIVE_IO_CHANGE_DIR_NAME = 0x002,
	SP_DRIVE_IO_CHANGE_ATTRIBUTES = 0x004,
	SP_DRIVE_IO_CHANGE_SIZE = 0x008,
	SP_DRIVE_IO_CHANGE_WRITTEN = 0x010,
	SP_DRIVE_IO_CHANGE_ACCESSED = 0x020,
	SP_DRIVE_IO_CHANGE_CREATED = 0x040,
	SP_DRIVE_IO_CHANGE_SECURITY = 0x100,
};

/* [MS-RDPEFS] 2.2.1.4.1 DR_CREATE_REQ */
struct sp_drive_io_create {
	uint32_t access, attributes, share, disposition, options;
	uint64_t allocation;
	struct sp_span path; /* borrowed; UTF-16LE, cut at the NUL; empty and "\" are the root */
};

/* [MS-RDPEFS] 2.2.1.4.3 DR_READ_REQ: n is what the server wants, nothing is behind it. */
struct sp_drive_io_read {
	uint32_t n;
	uint64_t offset;
};

/* [MS-RDPEFS] 2.2.1.4.4 DR_WRITE_REQ */
struct sp_drive_io_write {
	uint64_t offset;
	struct sp_span data; /* borrowed */
};

/* [MS-RDPEFS] 2.2.1.4.5 DR_CONTROL_REQ */
struct sp_drive_io_control {
	uint32_t max, code; /* OutputBufferLength, IoControlCode */
	struct sp_span in; /* borrowed */
};

/* [MS-RDPEFS] 2.2.3.3.6 to 2.2.3.3.9: query and set, of a file or its volume. */
struct sp_drive_io_info {
	uint32_t class; /* enum sp_drive_info_class, sp_drive_info_volume_class */
	struct sp_span buffer; /* borrowed; meaningful when setting */
	uint32_t n; /* Length as it stands there: Windows and others query without the buffer */
};

/* [MS-RDPEFS] 2.2.3.3.10 DR_DRIVE_QUERY_DIRECTORY_REQ */
struct sp_drive_io_directory {
	uint32_t class; /* enum sp_drive_info_class */
	bool initial;
	struct sp_span path; /* borrowed; with the pattern as last part; empty unless initial */
};

/* [MS-RDPEFS] 2.2.3.3.11 DR_DRIVE_NOTIFY_CHANGE_DIRECTORY_REQ */
struct sp_drive_io_notify {
	bool tree;
	uint32_t filter; /* enum sp_drive_io_filter */
};

/* [MS-RDPEFS] 2.2.1.6 RDP_LOCK_INFO */
struct sp_drive_io_range {
	uint64_t n, offset;
};

/* [MS-RDPEFS] 2.2.3.3.12 DR_DRIVE_LOCK_REQ */
struct sp_drive_io_locks {
	uint32_t operation; /* enum sp_drive_io_lock */
	bool wait;
	uint32_t n; /* INVARIANT: 1 <= n <= SP_DRIVE_IO_MAX_LOCKS */
	struct sp_span ranges; /* borrowed; n times 16 bytes, for sp_drive_io_range_at() */
};

/* [MS-RDPEFS] 2.2.1.4 DR_DEVICE_IOREQUEST and what follows it, by major and minor. */
struct sp_drive_io_request {
	uint32_t device, file, completion;
	uint32_t major, minor;
	union {
		struct sp_drive_io_create create;
		struct sp_drive_io_read read;
		struct sp_drive_io_write write;
		struct sp_drive_io_control control;
		struct sp_drive_io_info info; /* QUERY_INFO, SET_INFO, QUERY_VOLUME, SET_VOLUME */
		struct sp_drive_io_directory directory;
		struct sp_drive_io_notify notify;
		struct sp_drive_io_locks locks;
	};
};

/*
 * What follows the header of SP_DRIVE_REQUEST. A function that is not known is SP_EPROTO and a
 * body that is none an error of its own; the five numbers are right in both cases when they were
 * there at all (SP_ESHORT and major > 0xFF: they were not), so that it can be answered.
 */
sp_nodiscard int sp_drive_io_request_read(struct sp_rd *r, struct sp_drive_io_request *out);
/* Header and all; paths get their NUL. */
void sp_drive_io_request_write(struct sp_wr *w, const struct sp_drive_io_request *in);
/* The i-th range; i < n. */
struct sp_drive_io_range sp_drive_io_range_at(const struct sp_drive_io_locks *l, uint32_t i);
void sp_drive_io_range_write(struct sp_wr *w, const struct sp_drive_io_range *in);

/* [MS-RDPEFS] 2.2.1.5 DR_DEVICE_IOCOMPLETION; what follows depends on the request. */
struct sp_drive_io_completion {
	uint32_t device, completion, status;
};

/* What follows the header of SP_DRIVE_COMPLETION; r moves to the part that depends. */
sp_nodiscard int sp_drive_io_completion_read(struct sp_rd *r, struct sp_drive_io_completion *out);
/* Header and all. */
void sp_drive_io_completion_write(struct sp_wr *w, const struct sp_drive_io_completion *in);

/* [MS-RDPEFS] 2.2.1.5.1 DR_CREATE_RSP; information is 0 where it is not there. */
struct sp_drive_io_created_file {
	uint32_t file;
	uint8_t information; /* enum sp_drive_io_created */
};

sp_nodiscard int sp_drive_io_created_read(struct sp_rd *r, struct sp_drive_io_created_file *out);
void sp_drive_io_created_write(struct sp_wr *w, const struct sp_drive_io_created_file *in);
/*
 * 2.2.1.5.3, 2.2.1.5.5, 2.2.3.4.6, 2.2.3.4.8, 2.2.3.4.10, 2.2.3.4.11: a length and so many bytes,
 * borrowed; SP_ELIMIT when more than max, which is what was asked for.
 */
sp_nodiscard int sp_drive_io_data_read(struct sp_rd *r, size_t max, struct sp_span *out);
void sp_drive_io_data_write(struct sp_wr *w, struct sp_span data);
/* 2.2.1.5.4, 2.2.3.4.7, 2.2.3.4.9: a length alone. */
sp_nodiscard int sp_drive_io_length_read(struct sp_rd *r, uint32_t *n);
void sp_drive_io_length_write(struct sp_wr *w, uint32_t n);

/*
 * A completion without result, as every client sends it for a request that failed: with the
 * empty body that belongs to the function.
 */
void sp_drive_io_failed_write(
		struct sp_wr *w, const struct sp_drive_io_request *request, uint32_t status);

#endif
