/* core/chan/drive_judge.c - which requests to a redirected drive may pass; see drive_filter.h. */
#include "core/chan/drive_filter_part.h"
#include "core/chan/drive_info.h"
#include "core/chan/wire_name.h"

/* [MS-SMB2] 2.2.13 */
#define ACCESS_SYSTEM_SECURITY 0x01000000u
#define OPEN_BY_FILE_ID 0x00002000u

/* [MS-FSCC] 2.3: those that only tell something, and those that change a file. */
static const uint32_t reading_controls[] = {
		0x00090028, /* FSCTL_IS_VOLUME_MOUNTED */
		0x0009002C, /* FSCTL_IS_PATHNAME_VALID */
		0x0009003C, /* FSCTL_GET_COMPRESSION */
		0x00090060, /* FSCTL_FILESYSTEM_GET_STATISTICS */
		0x0009009C, /* FSCTL_GET_OBJECT_ID */
		0x000940CF, /* FSCTL_QUERY_ALLOCATED_RANGES */
};
static const uint32_t writing_controls[] = {
		0x0009C040, /* FSCTL_SET_COMPRESSION */
		0x000900C4, /* FSCTL_SET_SPARSE */
		0x000980C8, /* FSCTL_SET_ZERO_DATA */
};

static bool is_separator(struct sp_span s, size_t at)
{
	return at + 2 <= s.n && (s.p[at] == '\\' || s.p[at] == '/') && s.p[at + 1] == 0;
}

/* Without the separator that the root is, and the one that stands behind a directory. */
static struct sp_span below_root(struct sp_span s)
{
	if (is_separator(s, 0)) {
		s = sp_span(s.p + 2, s.n - 2);
	}
	if (s.n > 2 && s.n % 2 == 0 && is_separator(s, s.n - 2)) {
		s.n -= 2;
	}
	return s;
}

/* Each part is good on every system, or has that very name in a list of the client's. */
static bool judge_parts(const struct sp_drive_filter *f, uint32_t device, struct sp_span path)
{
	char text[SP_WIRE_NAME_TEXT];

	for (size_t at = 0, end; at <= path.n; at = end + 2) {
		end = at;
		while (end < path.n && !is_separator(path, end)) {
			end += 2;
		}
		struct sp_span part = sp_span(path.p + at, end - at);
		if (sp_wire_name_read_part(part, text) != SP_NAME_FINE &&
				!sp_drive_odd_known(f, device, part)) {
			return false;
		}
	}
	return true;
}

/* A path from the root as a request has it: SP_DRIVE_OK, or what is said of it. */
static uint32_t judge_path(const struct sp_drive_filter *f, uint32_t device, struct sp_span utf16)
{
	char text[SP_WIRE_NAME_TEXT];
	struct sp_span path = below_root(utf16);

	if (path.n == 0 || sp_wire_name_read(path, text) == SP_NAME_FINE) {
		return SP_DRIVE_OK;
	}
	path = sp_wire_name_cut(path);
	if (path.n / 2 > SP_WIRE_NAME_UNITS) {
		return SP_DRIVE_NAME_TOO_LONG;
	}
	return path.n % 2 == 0 && judge_parts(f, device, path) ? SP_DRIVE_OK
							       : SP_DRIVE_NAME_INVALID;
}

/* "\dir\*": a path, and behind its last separator a pattern. */
static uint32_t judge_pattern(
		const struct sp_drive_filter *f, uint32_t device, struct sp_span utf16)
{
	char text[SP_WIRE_NAME_TEXT];
	size_t at = utf16.n & ~(size_t)1;

	while (at > 0 && !is_separator(utf16, at - 2)) {
		at -= 2;
	}
	struct sp_span pattern = sp_span(utf16.p + at, utf16.n - at);
	for (size_t i = 0; i + 2 <= pattern.n; i += 2) {
		if (pattern.p[i + 1] == 0 && (pattern.p[i] == ':' || pattern.p[i] == '|')) {
			return SP_DRIVE_NAME_INVALID;
		}
	}
	if (pattern.n > 0 && sp_name_harmful(sp_wire_name_read_part(pattern, text))) {
		return SP_DRIVE_NAME_INVALID;
	}
	return judge_path(f, device, sp_span(utf16.p, at));
}

static enum sp_drive_say answer(uint32_t *status, uint32_t value)
{
	*status = value;
	return SP_DRIVE_ANSWER;
}

static enum sp_drive_say refuse(struct sp_drive_filter *f, const struct sp_drive_ask *ask,
		enum sp_transfer_kind kind, uint32_t *status)
{
	struct sp_drive_open *o = sp_drive_open_find(f, ask->device, ask->file);
	struct sp_span path = o ? sp_span(o->path->p, o->path->n) : sp_span(NULL, 0);

	sp_drive_tell(f, SP_SIDE_CLIENT, kind, SP_TRANSFER_REFUSED, ask->device, o ? &path : NULL);
	return answer(status, SP_DRIVE_ACCESS_DENIED);
}

static enum sp_drive_say too_large(struct sp_drive_filter *f, const struct sp_drive_ask *ask,
		enum sp_side to, uint64_t n, uint32_t *status)
{
	sp_drive_tell_large(f, ask, to, n);
	return answer(status, SP_DRIVE_ACCESS_DENIED);
}

static enum sp_drive_say judge_create(struct sp_drive_filter *f, const struct sp_drive_io_create *c,
		struct sp_drive_ask *ask, uint32_t *status)
{
	bool opens = c->disposition == SP_DRIVE_IO_OPEN || c->disposition == SP_DRIVE_IO_OPEN_IF;

	if (!(c->disposition <= SP_DRIVE_IO_OVERWRITE_IF) || c->options & OPEN_BY_FILE_ID) {
		return answer(status, SP_DRIVE_INVALID_PARAMETER);
	}
	uint32_t named = judge_path(f, ask->device, c->path);
	if (named != SP_DRIVE_OK) {
		sp_drive_tell(f, SP_SIDE_CLIENT, SP_TRANSFER_OPEN, SP_TRANSFER_NAMED_BADLY,
				ask->device, &c->path);
		return answer(status, named);
	}
	bool changes = (c->access & SP_DRIVE_IO_CHANGING) != 0 ||
			(c->options & SP_DRIVE_IO_DELETE_ON_CLOSE) != 0 || !opens;
	if (c->access & ACCESS_SYSTEM_SECURITY || (changes && !f->rules.write)) {
		sp_drive_tell(f, SP_SIDE_CLIENT, SP_TRANSFER_OPEN, SP_TRANSFER_REFUSED, ask->device,
				&c->path);
		return answer(status, SP_DRIVE_ACCESS_DENIED);
	}
	if (f->n_open == SP_DRIVE_MAX_OPEN) {
		return answer(status, SP_DRIVE_TOO_MANY_FILES);
	}
	bool directory = (c->options & SP_DRIVE_IO_DIRECTORY_FILE) != 0;
	ask->fresh = !opens && !directory;
	ask->made = !opens && directory;
	ask->remove = (c->options & SP_DRIVE_IO_DELETE_ON_CLOSE) != 0;
	return !f->rules.write && c->disposition == SP_DRIVE_IO_OPEN_IF ? SP_DRIVE_PASS_OPEN
									: SP_DRIVE_PASS;
}

static enum sp_drive_say judge_read(struct sp_drive_filter *f, const struct sp_drive_io_read *r,
		struct sp_drive_ask *ask, uint32_t *status)
{
	struct sp_drive_open *o = sp_drive_open_find(f, ask->device, ask->file);
	uint64_t limit = f->rules.limit;

	if (!(r->n <= SP_DRIVE_READ_MAX)) {
		return answer(status, SP_DRIVE_INVALID_PARAMETER);
	}
	ask->n = r->n;
	ask->offset = r->offset;
	if (limit != 0 && ((o->has_size && o->size > limit) || r->offset > limit)) {
		return too_large(f, ask, SP_SIDE_TARGET, o->has_size ? o->size : r->offset, status);
	}
	return SP_DRIVE_PASS;
}

enum sp_drive_say sp_drive_judge_write(
		struct sp_drive_filter *f, struct sp_drive_ask *ask, uint32_t *status)
{
	uint64_t limit = f->rules.limit;

	if (!sp_drive_open_find(f, ask->device, ask->file)) {
		return answer(status, SP_DRIVE_INVALID_HANDLE);
	}
	if (!f->rules.write) {
		return refuse(f, ask, SP_TRANSFER_FILE, status);
	}
	if (ask->offset > UINT64_MAX - ask->n) {
		return answer(status, SP_DRIVE_INVALID_PARAMETER);
	}
	if (limit != 0 && ask->offset + ask->n > limit) {
		return too_large(f, ask, SP_SIDE_CLIENT, ask->offset + ask->n, status);
	}
	return SP_DRIVE_PASS;
}

static enum sp_drive_say judge_rename(struct sp_drive_filter *f, struct sp_span buffer,
		struct sp_drive_ask *ask, uint32_t *status)
{
	struct sp_drive_info_rename name;
	struct sp_rd r;

	sp_rd_init(&r, buffer.p, buffer.n);
	if (sp_drive_info_rename_read(&r, &name) != SP_OK) {
		return answer(status, SP_DRIVE_INVALID_PARAMETER);
	}
	uint32_t named = name.path.n == 0 ? SP_DRIVE_NAME_INVALID
					  : judge_path(f, ask->device, name.path);
	if (named != SP_DRIVE_OK) {
		sp_drive_tell(f, SP_SIDE_CLIENT, SP_TRANSFER_RENAME, SP_TRANSFER_NAMED_BADLY,
				ask->device, &name.path);
		return answer(status, named);
	}
	return SP_DRIVE_PASS;
}

static enum sp_drive_say judge_set(struct sp_drive_filter *f, const struct sp_drive_io_info *i,
		struct sp_drive_ask *ask, uint32_t *status)
{
	struct sp_rd r;

	ask->class = i->class;
	if (!f->rules.write) {
		return refuse(f, ask,
				i->class == SP_DRIVE_INFO_RENAME ? SP_TRANSFER_RENAME
						: i->class == SP_DRIVE_INFO_DISPOSITION
						? SP_TRANSFER_REMOVE
						: SP_TRANSFER_CHANGE,
				status);
	}
	sp_rd_init(&r, i->buffer.p, i->buffer.n);
	switch (i->class) {
	case SP_DRIVE_INFO_BASIC:
	case SP_DRIVE_INFO_ALLOCATION:
		return SP_DRIVE_PASS;
	case SP_DRIVE_INFO_END_OF_FILE:
		if (sp_drive_info_u64_read(&r, &ask->offset) != SP_OK) {
			return answer(status, SP_DRIVE_INVALID_PARAMETER);
		}
		if (f->rules.limit != 0 && ask->offset > f->rules.limit) {
			return too_large(f, ask, SP_SIDE_CLIENT, ask->offset, status);
		}
		return SP_DRIVE_PASS;
	case SP_DRIVE_INFO_DISPOSITION:
		if (sp_drive_info_disposition_read(&r, &ask->remove) != SP_OK) {
			return answer(status, SP_DRIVE_INVALID_PARAMETER);
		}
		return SP_DRIVE_PASS;
	case SP_DRIVE_INFO_RENAME:
		return judge_rename(f, i->buffer, ask, status);
	default:
		return answer(status,
				SP_DRIVE_INVALID_CLASS); /* links, streams, names by another way */
	}
}

static bool one_of(const uint32_t *codes, size_t n, uint32_t code)
{
	for (size_t i = 0; i < n; i++) {
		if (codes[i] == code) {
			return true;
		}
	}
	return false;
}

static enum sp_drive_say judge_control(struct sp_drive_filter *f,
		const struct sp_drive_io_control *c, struct sp_drive_ask *ask, uint32_t *status)
{
	ask->n = c->max;
	if (one_of(reading_controls, SP_LEN(reading_controls), c->code)) {
		return SP_DRIVE_PASS;
	}
	if (!one_of(writing_controls, SP_LEN(writing_controls), c->code)) {
		return answer(status, SP_DRIVE_INVALID_REQUEST);
	}
	return f->rules.write ? SP_DRIVE_PASS : refuse(f, ask, SP_TRANSFER_CHANGE, status);
}

static enum sp_drive_say judge_directory(struct sp_drive_filter *f,
		const struct sp_drive_io_request *q, struct sp_drive_ask *ask, uint32_t *status)
{
	if (q->minor == SP_DRIVE_IO_NOTIFY) {
		return SP_DRIVE_PASS;
	}
	ask->class = q->directory.class;
	switch (q->directory.class) {
	case SP_DRIVE_INFO_DIRECTORY:
	case SP_DRIVE_INFO_FULL_DIRECTORY:
	case SP_DRIVE_INFO_BOTH_DIRECTORY:
	case SP_DRIVE_INFO_NAMES:
		break;
	default:
		return answer(status, SP_DRIVE_INVALID_CLASS);
	}
	uint32_t named = judge_pattern(f, ask->device, q->directory.path);
	if (named != SP_DRIVE_OK) {
		sp_drive_tell(f, SP_SIDE_CLIENT, SP_TRANSFER_OPEN, SP_TRANSFER_NAMED_BADLY,
				ask->device, &q->directory.path);
		return answer(status, named);
	}
	return SP_DRIVE_PASS;
}

enum sp_drive_say sp_drive_judge(struct sp_drive_filter *f, const struct sp_drive_io_request *q,
		struct sp_drive_ask *ask, uint32_t *status)
{
	if (q->major != SP_DRIVE_IO_CREATE && !sp_drive_open_find(f, q->device, q->file)) {
		return answer(status, SP_DRIVE_INVALID_HANDLE);
	}
	switch (q->major) {
	case SP_DRIVE_IO_CREATE:
		return judge_create(f, &q->create, ask, status);
	case SP_DRIVE_IO_READ:
		return judge_read(f, &q->read, ask, status);
	case SP_DRIVE_IO_CLOSE:
	case SP_DRIVE_IO_LOCK:
		return SP_DRIVE_PASS;
	case SP_DRIVE_IO_QUERY_INFO:
	case SP_DRIVE_IO_QUERY_VOLUME:
		ask->class = q->info.class;
		return SP_DRIVE_PASS;
	case SP_DRIVE_IO_SET_INFO:
		return judge_set(f, &q->info, ask, status);
	case SP_DRIVE_IO_SET_VOLUME:
		return f->rules.write ? SP_DRIVE_PASS : refuse(f, ask, SP_TRANSFER_CHANGE, status);
	case SP_DRIVE_IO_DIRECTORY:
		return judge_directory(f, q, ask, status);
	case SP_DRIVE_IO_CONTROL:
		return judge_control(f, &q->control, ask, status);
	default:
		return answer(status, SP_DRIVE_NOT_SUPPORTED);
	}
}
