/* core/chan/drive.h - device redirection: its header, how it begins, its devices. */
#ifndef SP_CORE_CHAN_DRIVE_H
#define SP_CORE_CHAN_DRIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/wr.h"

#define SP_DRIVE_CHANNEL "rdpdr"
#define SP_DRIVE_HEAD 4 /* bytes of the header */
#define SP_DRIVE_MAX_DEVICES 64 /* in one list, and at a time */
#define SP_DRIVE_MAX_NAME 256 /* bytes of a device's name in UTF-8, with the NUL */

/* [MS-RDPEFS] 2.2.1.1 Component */
enum sp_drive_component {
	SP_DRIVE_CORE = 0x4472,
	SP_DRIVE_PRINTING = 0x5052,
};

/* [MS-RDPEFS] 2.2.1.1 PacketId */
enum sp_drive_packet {
	SP_DRIVE_SERVER_ANNOUNCE = 0x496E,
	SP_DRIVE_CLIENTID_CONFIRM = 0x4343, /* of either side */
	SP_DRIVE_CLIENT_NAME = 0x434E,
	SP_DRIVE_DEVICES = 0x4441, /* PAKID_CORE_DEVICELIST_ANNOUNCE */
	SP_DRIVE_DEVICE_REPLY = 0x6472,
	SP_DRIVE_REQUEST = 0x4952, /* PAKID_CORE_DEVICE_IOREQUEST */
	SP_DRIVE_COMPLETION = 0x4943, /* PAKID_CORE_DEVICE_IOCOMPLETION */
	SP_DRIVE_SERVER_CAPS = 0x5350,
	SP_DRIVE_CLIENT_CAPS = 0x4350,
	SP_DRIVE_DEVICES_REMOVE = 0x444D,
	SP_DRIVE_USER_LOGGED_ON = 0x554C,
	SP_DRIVE_PRINTER_CACHE = 0x5043,
	SP_DRIVE_PRINTER_XPS = 0x5543,
};

/* [MS-RDPEFS] 2.2.1.1 Shared Header (RDPDR_HEADER) */
struct sp_drive_head {
	uint16_t component, packet;
};

/* r moves behind the header; neither field is judged. The readers below take what follows it. */
sp_nodiscard int sp_drive_head_read(struct sp_rd *r, struct sp_drive_head *out);
/* The header of the core component. */
void sp_drive_head_write(struct sp_wr *w, uint16_t packet);

/* ---- how it begins ---- */

#define SP_DRIVE_VERSION 1
#define SP_DRIVE_MINOR_CAPS 5 /* from here on capabilities are exchanged */
#define SP_DRIVE_MINOR 0x000D

/* [MS-RDPEFS] 2.2.2.2, 2.2.2.3, 2.2.2.6: announce, announce reply, client id confirm. */
struct sp_drive_announce {
	uint16_t major, minor;
	uint32_t client;
};

sp_nodiscard int sp_drive_announce_read(struct sp_rd *r, struct sp_drive_announce *out);
void sp_drive_announce_write(struct sp_wr *w, const struct sp_drive_announce *in);

/* [MS-RDPEFS] 2.2.2.4 Client Name Request; cut at the NUL, and when it is longer than the field. */
struct sp_drive_name {
	char text[SP_DRIVE_MAX_NAME];
};

sp_nodiscard int sp_drive_name_read(struct sp_rd *r, struct sp_drive_name *out);
void sp_drive_name_write(struct sp_wr *w, const char *name);

/* [MS-RDPEFS] 2.2.2.7.1 extendedPDU */
enum sp_drive_extended {
	SP_DRIVE_EXT_REMOVE = 1,
	SP_DRIVE_EXT_DISPLAY_NAME = 2,
	SP_DRIVE_EXT_USER_LOGGED_ON = 4,
};

#define SP_DRIVE_ASYNC_IO 1 /* extraFlags1: several reads and writes on one file at a time */

/* [MS-RDPEFS] 2.2.1.2 Version of CAP_DRIVE_TYPE */
#define SP_DRIVE_LONG_NAMES 2

/* [MS-RDPEFS] 2.2.2.7, 2.2.2.8 capabilities; sets of types that are not named here are skipped. */
struct sp_drive_caps {
	bool has_general;
	uint16_t major, minor;
	uint32_t io_codes; /* ioCode1 */
	uint32_t extended; /* enum sp_drive_extended */
	uint32_t extra; /* extraFlags1 */
	uint32_t special; /* SpecialTypeDeviceCap; 0 where it is not there */
	/* Version of each set, 0 where the set is not there. */
	uint32_t printer, port, drive, smartcard;
};

sp_nodiscard int sp_drive_caps_read(struct sp_rd *r, struct sp_drive_caps *out);
/* The sets that are there. */
void sp_drive_caps_write(struct sp_wr *w, const struct sp_drive_caps *in);

/* ---- devices ---- */

/* [MS-RDPEFS] 2.2.1.3 DeviceType */
enum sp_drive_type {
	SP_DRIVE_TYPE_SERIAL = 0x01,
	SP_DRIVE_TYPE_PARALLEL = 0x02,
	SP_DRIVE_TYPE_PRINTER = 0x04,
	SP_DRIVE_TYPE_FILES = 0x08,
	SP_DRIVE_TYPE_SMARTCARD = 0x20,
};

/* [MS-RDPEFS] 2.2.1.3 DEVICE_ANNOUNCE */
struct sp_drive_device {
	uint32_t type, id;
	uint8_t dos_name[8]; /* as it came, with or without a NUL */
	struct sp_span data; /* borrowed; of a drive its long name in UTF-16LE, or empty */
};

/*
 * [MS-RDPEFS] 2.2.2.9, 2.2.3.1, 2.2.3.2: the number of entries, at most SP_DRIVE_MAX_DEVICES;
 * then so many calls of one of the readers below it.
 */
sp_nodiscard int sp_drive_count_read(struct sp_rd *r, uint32_t *n);
sp_nodiscard int sp_drive_device_read(struct sp_rd *r, struct sp_drive_device *out);
sp_nodiscard int sp_drive_id_read(struct sp_rd *r, uint32_t *device);
void sp_drive_u32_write(struct sp_wr *w, uint32_t value);
void sp_drive_device_write(struct sp_wr *w, const struct sp_drive_device *in);
/*
 * A drive under its name; long_name by the capabilities of the server. The short name is ASCII:
 * what is not becomes '_'.
 */
void sp_drive_device_name(struct sp_wr *w, uint32_t id, const char *name, bool long_name);
/*
 * What people call the device, out of the long name or the short one: UTF-8, cut at the NUL.
 * Nothing is judged; out is empty when there is no name.
 */
void sp_drive_device_text(const struct sp_drive_device *in, char out[SP_DRIVE_MAX_NAME]);

/* [MS-RDPEFS] 2.2.2.1 Server Device Announce Response */
struct sp_drive_reply {
	uint32_t device, status;
};

sp_nodiscard int sp_drive_reply_read(struct sp_rd *r, struct sp_drive_reply *out);
void sp_drive_reply_write(struct sp_wr *w, const struct sp_drive_reply *in);

/* ---- results ---- */

/* [MS-ERREF] 2.3 those that drives answer with. */
enum sp_drive_status {
	SP_DRIVE_OK = 0,
	SP_DRIVE_BUFFER_OVERFLOW = 0x80000005,
	SP_DRIVE_NO_MORE_FILES = 0x80000006,
	SP_DRIVE_UNSUCCESSFUL = 0xC0000001,
	SP_DRIVE_NOT_IMPLEMENTED = 0xC0000002,
	SP_DRIVE_INVALID_CLASS = 0xC0000003,
	SP_DRIVE_INVALID_HANDLE = 0xC0000008,
	SP_DRIVE_INVALID_PARAMETER = 0xC000000D,
	SP_DRIVE_NO_SUCH_DEVICE = 0xC000000E,
	SP_DRIVE_NO_SUCH_FILE = 0xC000000F,
	SP_DRIVE_INVALID_REQUEST = 0xC0000010,
	SP_DRIVE_END_OF_FILE = 0xC0000011,
	SP_DRIVE_NO_MEMORY = 0xC0000017,
	SP_DRIVE_ACCESS_DENIED = 0xC0000022,
	SP_DRIVE_NAME_INVALID = 0xC0000033,
	SP_DRIVE_NAME_NOT_FOUND = 0xC0000034,
	SP_DRIVE_NAME_COLLISION = 0xC0000035,
	SP_DRIVE_PATH_NOT_FOUND = 0xC000003A,
	SP_DRIVE_SHARING_VIOLATION = 0xC0000043,
	SP_DRIVE_LOCK_CONFLICT = 0xC0000054,
	SP_DRIVE_LOCK_NOT_GRANTED = 0xC0000055,
	SP_DRIVE_DELETE_PENDING = 0xC0000056,
	SP_DRIVE_NOT_LOCKED = 0xC000007E,
	SP_DRIVE_DISK_FULL = 0xC000007F,
	SP_DRIVE_NO_RESOURCES = 0xC000009A,
	SP_DRIVE_WRITE_PROTECTED = 0xC00000A2,
	SP_DRIVE_NOT_READY = 0xC00000A3,
	SP_DRIVE_TIMEOUT = 0xC00000B5,
	SP_DRIVE_IS_DIRECTORY = 0xC00000BA,
	SP_DRIVE_NOT_SUPPORTED = 0xC00000BB,
	SP_DRIVE_NOT_SAME_DEVICE = 0xC00000D4,
	SP_DRIVE_DIRECTORY_NOT_EMPTY = 0xC0000101,
	SP_DRIVE_NOT_DIRECTORY = 0xC0000103,
	SP_DRIVE_NAME_TOO_LONG = 0xC0000106,
	SP_DRIVE_TOO_MANY_FILES = 0xC000011F,
	SP_DRIVE_CANCELLED = 0xC0000120,
	SP_DRIVE_CANNOT_DELETE = 0xC0000121,
	SP_DRIVE_FILE_CLOSED = 0xC0000128,
	SP_DRIVE_IO_ERROR = 0xC0000185,
	SP_DRIVE_DEVICE_REMOVED = 0xC00002B6,
};

/* The same in the words of those who call open(); the owner has the numbers of its system. */
enum sp_drive_fail {
	SP_DRIVE_FAIL_NONE,
	SP_DRIVE_FAIL_IO, /* EIO, and whatever has no other */
	SP_DRIVE_FAIL_NOENT,
	SP_DRIVE_FAIL_EXIST,
	SP_DRIVE_FAIL_ACCESS, /* EACCES */
	SP_DRIVE_FAIL_READONLY, /* EROFS */
	SP_DRIVE_FAIL_NOTDIR,
	SP_DRIVE_FAIL_ISDIR,
	SP_DRIVE_FAIL_NOTEMPTY,
	SP_DRIVE_FAIL_NOSPACE,
	SP_DRIVE_FAIL_INVALID, /* EINVAL */
	SP_DRIVE_FAIL_NAMETOOLONG,
	SP_DRIVE_FAIL_MFILE,
	SP_DRIVE_FAIL_NOMEM,
	SP_DRIVE_FAIL_BUSY, /* EBUSY: shared with nobody */
	SP_DRIVE_FAIL_AGAIN, /* EAGAIN: a lock */
	SP_DRIVE_FAIL_NOTSUP, /* EOPNOTSUPP */
	SP_DRIVE_FAIL_XDEV,
	SP_DRIVE_FAIL_BADF, /* the handle is of a file that is closed, or of a drive that is gone */
	SP_DRIVE_FAIL_NODEV, /* the drive is gone, and with it all that waited */
	SP_DRIVE_FAIL_TIMEDOUT,
	SP_DRIVE_FAIL_CANCELLED, /* EINTR */
};

enum sp_drive_fail sp_drive_status_fail(uint32_t status);
/* "access denied"; a number without a text is "failed". Static. */
const char *sp_drive_status_text(uint32_t status);

#endif
