/* core/chan/drive.c - see drive.h. */
#include "core/chan/drive.h"

#include "core/base/utf16.h"

#define CAPS_HEAD 8 /* CapabilityType, CapabilityLength, Version */
#define CAPS_MAX 32 /* sets in a message; there are five types */
#define GENERAL_V1 1
#define GENERAL_V2 2 /* with SpecialTypeDeviceCap */
#define GENERAL_BODY 36 /* bytes of a general set of version 2 after its header */
#define OS_TYPE_WINNT 2 /* to be ignored by who reads it */

/* [MS-RDPEFS] 2.2.1.2 CapabilityType */
enum caps_type {
	CAPS_GENERAL = 1,
	CAPS_PRINTER,
	CAPS_PORT,
	CAPS_DRIVE,
	CAPS_SMARTCARD,
};

int sp_drive_head_read(struct sp_rd *r, struct sp_drive_head *out)
{
	out->component = sp_rd_le16(r);
	out->packet = sp_rd_le16(r);
	return sp_rd_ok(r);
}

void sp_drive_head_write(struct sp_wr *w, uint16_t packet)
{
	sp_wr_le16(w, SP_DRIVE_CORE);
	sp_wr_le16(w, packet);
}

/* ---- how it begins ---- */

int sp_drive_announce_read(struct sp_rd *r, struct sp_drive_announce *out)
{
	out->major = sp_rd_le16(r);
	out->minor = sp_rd_le16(r);
	out->client = sp_rd_le32(r);
	return sp_rd_ok(r);
}

void sp_drive_announce_write(struct sp_wr *w, const struct sp_drive_announce *in)
{
	sp_wr_le16(w, in->major);
	sp_wr_le16(w, in->minor);
	sp_wr_le32(w, in->client);
}

/* Bytes of ASCII up to a NUL; what is none of it becomes '?'. */
static void ascii_text(struct sp_span in, char *out, size_t cap)
{
	size_t n = 0;

	while (n < in.n && n + 1 < cap && in.p[n] != 0) {
		out[n] = (char)(in.p[n] < 0x80 ? in.p[n] : '?');
		n++;
	}
	out[n] = '\0';
}

int sp_drive_name_read(struct sp_rd *r, struct sp_drive_name *out)
{
	bool unicode = sp_rd_le32(r) & 1; /* UnicodeFlag */

	*out = (struct sp_drive_name){.text = ""};
	sp_rd_skip(r, 4 /* CodePage */);
	struct sp_span name = sp_rd_span(r, sp_rd_le32(r)); /* ComputerNameLen, ComputerName */
	if (unicode) {
		(void)sp_utf16_to_utf8(name, out->text, sizeof(out->text));
	} else {
		ascii_text(name, out->text, sizeof(out->text));
	}
	return sp_rd_ok(r);
}

void sp_drive_name_write(struct sp_wr *w, const char *name)
{
	sp_wr_le32(w, 1); /* UnicodeFlag */
	sp_wr_le32(w, 0); /* CodePage */
	size_t at = sp_wr_hole(w, 4);
	sp_utf16_write(w, name);
	sp_wr_le16(w, 0);
	if (sp_wr_ok(w) == SP_OK) {
		sp_wr_fill_le32(w, at, w->n - at - 4);
	}
}

static void general_read(struct sp_rd *set, uint32_t version, struct sp_drive_caps *out)
{
	out->has_general = true;
	sp_rd_skip(set, 4 /* osType */ + 4 /* osVersion */);
	out->major = sp_rd_le16(set);
	out->minor = sp_rd_le16(set);
	out->io_codes = sp_rd_le32(set);
	sp_rd_skip(set, 4 /* ioCode2 */);
	out->extended = sp_rd_le32(set);
	out->extra = sp_rd_le32(set);
	sp_rd_skip(set, 4 /* extraFlags2 */);
	/* Some name version 2 and leave the field out. */
	out->special = version >= GENERAL_V2 && sp_rd_left(set) >= 4 ? sp_rd_le32(set) : 0;
}

int sp_drive_caps_read(struct sp_rd *r, struct sp_drive_caps *out)
{
	uint16_t n = sp_rd_le16(r); /* numCapabilities */

	*out = (struct sp_drive_caps){.has_general = false};
	sp_rd_skip(r, 2 /* Padding */);
	if (sp_rd_ok(r) == SP_OK && !(n <= CAPS_MAX)) {
		return sp_rd_fail(r, SP_ELIMIT, "drive.numCapabilities");
	}
	for (uint16_t i = 0; i < n && sp_rd_ok(r) == SP_OK; i++) {
		uint16_t type = sp_rd_le16(r), size = sp_rd_le16(r);
		uint32_t version = sp_rd_le32(r);

		if (sp_rd_ok(r) == SP_OK && !(CAPS_HEAD <= size)) {
			return sp_rd_fail(r, SP_EFIELD, "drive.CapabilityLength");
		}
		struct sp_rd set = sp_rd_sub(r, size >= CAPS_HEAD ? size - CAPS_HEAD : 0);
		switch (type) {
		case CAPS_GENERAL:
			general_read(&set, version, out);
			break;
		case CAPS_PRINTER:
			out->printer = version;
			break;
		case CAPS_PORT:
			out->port = version;
			break;
		case CAPS_DRIVE:
			out->drive = version;
			break;
		case CAPS_SMARTCARD:
			out->smartcard = version;
			break;
		default:
			break;
		}
	}
	return sp_rd_ok(r);
}

static uint16_t set_write(struct sp_wr *w, uint16_t type, uint32_t version)
{
	if (version == 0) {
		return 0;
	}
	sp_wr_le16(w, type);
	sp_wr_le16(w, CAPS_HEAD);
	sp_wr_le32(w, version);
	return 1;
}

void sp_drive_caps_write(struct sp_wr *w, const struct sp_drive_caps *in)
{
	size_t at = sp_wr_hole(w, 2); /* numCapabilities */
	uint16_t n = 0;

	sp_wr_zero(w, 2); /* Padding */
	if (in->has_general) {
		n++;
		sp_wr_le16(w, CAPS_GENERAL);
		sp_wr_le16(w, CAPS_HEAD + GENERAL_BODY);
		sp_wr_le32(w, GENERAL_V2);
		sp_wr_le32(w, OS_TYPE_WINNT);
		sp_wr_le32(w, 0); /* osVersion */
		sp_wr_le16(w, in->major);
		sp_wr_le16(w, in->minor);
		sp_wr_le32(w, in->io_codes);
		sp_wr_le32(w, 0); /* ioCode2 */
		sp_wr_le32(w, in->extended);
		sp_wr_le32(w, in->extra);
		sp_wr_le32(w, 0); /* extraFlags2 */
		sp_wr_le32(w, in->special);
	}
	n += set_write(w, CAPS_PRINTER, in->printer);
	n += set_write(w, CAPS_PORT, in->port);
	n += set_write(w, CAPS_DRIVE, in->drive);
	n += set_write(w, CAPS_SMARTCARD, in->smartcard);
	if (sp_wr_ok(w) == SP_OK) {
		sp_wr_fill_le16(w, at, n);
	}
}

/* ---- devices ---- */

int sp_drive_count_read(struct sp_rd *r, uint32_t *n)
{
	*n = sp_rd_le32(r);
	if (sp_rd_ok(r) == SP_OK && !(*n <= SP_DRIVE_MAX_DEVICES)) {
		return sp_rd_fail(r, SP_ELIMIT, "drive.DeviceCount");
	}
	return sp_rd_ok(r);
}

int sp_drive_device_read(struct sp_rd *r, struct sp_drive_device *out)
{
	out->type = sp_rd_le32(r);
	out->id = sp_rd_le32(r);
	sp_rd_copy(r, out->dos_name, sizeof(out->dos_name));
	out->data = sp_rd_span(r, sp_rd_le32(r)); /* DeviceDataLength, DeviceData */
	return sp_rd_ok(r);
}

int sp_drive_id_read(struct sp_rd *r, uint32_t *device)
{
	*device = sp_rd_le32(r);
	return sp_rd_ok(r);
}

void sp_drive_u32_write(struct sp_wr *w, uint32_t value)
{
	sp_wr_le32(w, value);
}

void sp_drive_device_write(struct sp_wr *w, const struct sp_drive_device *in)
{
	sp_wr_le32(w, in->type);
	sp_wr_le32(w, in->id);
	sp_wr_put(w, in->dos_name, sizeof(in->dos_name));
	sp_wr_le32(w, (uint32_t)in->data.n);
	sp_wr_span(w, in->data);
}

void sp_drive_device_name(struct sp_wr *w, uint32_t id, const char *name, bool long_name)
{
	struct sp_drive_device d = {.type = SP_DRIVE_TYPE_FILES, .id = id};
	const char *s = name;

	for (size_t i = 0; i < sizeof(d.dos_name) - 1 && *s != '\0'; i++) {
		uint32_t c = sp_utf8_next(&s);

		d.dos_name[i] = c > ' ' && c < 0x7F && strchr("<>\"/\\|:?*", (int)c) == NULL
				? (uint8_t)c
				: '_';
	}
	sp_wr_le32(w, d.type);
	sp_wr_le32(w, d.id);
	sp_wr_put(w, d.dos_name, sizeof(d.dos_name));
	size_t at = sp_wr_hole(w, 4);
	if (long_name) {
		sp_utf16_write(w, name);
		sp_wr_le16(w, 0);
	}
	if (sp_wr_ok(w) == SP_OK) {
		sp_wr_fill_le32(w, at, w->n - at - 4);
	}
}

/*
 * Whether the long name is in single bytes, as FreeRDP sends it: no NUL but the last byte, where
 * UTF-16 has either a second one before it or an odd byte of ASCII.
 */
static bool single_bytes(struct sp_span name)
{
	return name.n > 0 && name.p[name.n - 1] == 0 && !memchr(name.p, 0, name.n - 1);
}

void sp_drive_device_text(const struct sp_drive_device *in, char out[SP_DRIVE_MAX_NAME])
{
	out[0] = '\0';
	if (in->type == SP_DRIVE_TYPE_FILES && single_bytes(in->data)) {
		ascii_text(in->data, out, SP_DRIVE_MAX_NAME);
	} else if (in->type == SP_DRIVE_TYPE_FILES && in->data.n >= 2) {
		(void)sp_utf16_to_utf8(in->data, out, SP_DRIVE_MAX_NAME);
	}
	if (out[0] == '\0') {
		ascii_text(sp_span(in->dos_name, sizeof(in->dos_name)), out, SP_DRIVE_MAX_NAME);
	}
}

int sp_drive_reply_read(struct sp_rd *r, struct sp_drive_reply *out)
{
	out->device = sp_rd_le32(r);
	out->status = sp_rd_le32(r);
	return sp_rd_ok(r);
}

void sp_drive_reply_write(struct sp_wr *w, const struct sp_drive_reply *in)
{
	sp_wr_le32(w, in->device);
	sp_wr_le32(w, in->status);
}

/* ---- results ---- */

static const struct {
	uint32_t status;
	enum sp_drive_fail fail;
	const char *text;
} results[] = {
		{SP_DRIVE_OK, SP_DRIVE_FAIL_NONE, "done"},
		{SP_DRIVE_BUFFER_OVERFLOW, SP_DRIVE_FAIL_NONE, "more than fits"},
		{SP_DRIVE_NO_MORE_FILES, SP_DRIVE_FAIL_NOENT, "no more files"},
		{SP_DRIVE_UNSUCCESSFUL, SP_DRIVE_FAIL_IO, "failed"},
		{SP_DRIVE_NOT_IMPLEMENTED, SP_DRIVE_FAIL_NOTSUP, "not implemented"},
		{SP_DRIVE_INVALID_CLASS, SP_DRIVE_FAIL_NOTSUP, "unknown information"},
		{SP_DRIVE_INVALID_HANDLE, SP_DRIVE_FAIL_BADF, "invalid handle"},
		{SP_DRIVE_INVALID_PARAMETER, SP_DRIVE_FAIL_INVALID, "invalid parameter"},
		{SP_DRIVE_NO_SUCH_DEVICE, SP_DRIVE_FAIL_NODEV, "no such device"},
		{SP_DRIVE_NO_SUCH_FILE, SP_DRIVE_FAIL_NOENT, "no such file"},
		{SP_DRIVE_INVALID_REQUEST, SP_DRIVE_FAIL_NOTSUP, "invalid request"},
		{SP_DRIVE_END_OF_FILE, SP_DRIVE_FAIL_IO, "end of file"},
		{SP_DRIVE_NO_MEMORY, SP_DRIVE_FAIL_NOMEM, "no memory"},
		{SP_DRIVE_ACCESS_DENIED, SP_DRIVE_FAIL_ACCESS, "access denied"},
		{SP_DRIVE_NAME_INVALID, SP_DRIVE_FAIL_INVALID, "invalid name"},
		{SP_DRIVE_NAME_NOT_FOUND, SP_DRIVE_FAIL_NOENT, "name not found"},
		{SP_DRIVE_NAME_COLLISION, SP_DRIVE_FAIL_EXIST, "name exists"},
		{SP_DRIVE_PATH_NOT_FOUND, SP_DRIVE_FAIL_NOENT, "path not found"},
		{SP_DRIVE_SHARING_VIOLATION, SP_DRIVE_FAIL_BUSY, "in use"},
		{SP_DRIVE_LOCK_CONFLICT, SP_DRIVE_FAIL_AGAIN, "locked"},
		{SP_DRIVE_LOCK_NOT_GRANTED, SP_DRIVE_FAIL_AGAIN, "lock not granted"},
		{SP_DRIVE_DELETE_PENDING, SP_DRIVE_FAIL_NOENT, "being deleted"},
		{SP_DRIVE_NOT_LOCKED, SP_DRIVE_FAIL_INVALID, "not locked"},
		{SP_DRIVE_DISK_FULL, SP_DRIVE_FAIL_NOSPACE, "disk full"},
		{SP_DRIVE_NO_RESOURCES, SP_DRIVE_FAIL_NOMEM, "no resources"},
		{SP_DRIVE_WRITE_PROTECTED, SP_DRIVE_FAIL_READONLY, "write protected"},
		{SP_DRIVE_NOT_READY, SP_DRIVE_FAIL_NODEV, "not ready"},
		{SP_DRIVE_TIMEOUT, SP_DRIVE_FAIL_TIMEDOUT, "timed out"},
		{SP_DRIVE_IS_DIRECTORY, SP_DRIVE_FAIL_ISDIR, "is a directory"},
		{SP_DRIVE_NOT_SUPPORTED, SP_DRIVE_FAIL_NOTSUP, "not supported"},
		{SP_DRIVE_NOT_SAME_DEVICE, SP_DRIVE_FAIL_XDEV, "another drive"},
		{SP_DRIVE_DIRECTORY_NOT_EMPTY, SP_DRIVE_FAIL_NOTEMPTY, "directory not empty"},
		{SP_DRIVE_NOT_DIRECTORY, SP_DRIVE_FAIL_NOTDIR, "not a directory"},
		{SP_DRIVE_NAME_TOO_LONG, SP_DRIVE_FAIL_NAMETOOLONG, "name too long"},
		{SP_DRIVE_TOO_MANY_FILES, SP_DRIVE_FAIL_MFILE, "too many files"},
		{SP_DRIVE_CANCELLED, SP_DRIVE_FAIL_CANCELLED, "cancelled"},
		{SP_DRIVE_CANNOT_DELETE, SP_DRIVE_FAIL_ACCESS, "cannot delete"},
		{SP_DRIVE_FILE_CLOSED, SP_DRIVE_FAIL_BADF, "file closed"},
		{SP_DRIVE_IO_ERROR, SP_DRIVE_FAIL_IO, "device error"},
		{SP_DRIVE_DEVICE_REMOVED, SP_DRIVE_FAIL_NODEV, "device removed"},
};

enum sp_drive_fail sp_drive_status_fail(uint32_t status)
{
	for (size_t i = 0; i < SP_LEN(results); i++) {
		if (results[i].status == status) {
			return results[i].fail;
		}
	}
	/* Success and information have other upper bits. */
	return status < 0x80000000u ? SP_DRIVE_FAIL_NONE : SP_DRIVE_FAIL_IO;
}

const char *sp_drive_status_text(uint32_t status)
{
	for (size_t i = 0; i < SP_LEN(results); i++) {
		if (results[i].status == status) {
			return results[i].text;
		}
	}
	return "failed";
}
