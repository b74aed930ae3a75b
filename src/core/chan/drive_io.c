/* core/chan/drive_io.c - see drive_io.h. */
#include "core/chan/drive_io.h"

#define RANGE_SIZE 16 /* bytes of an RDP_LOCK_INFO */
#define LOCK_WAIT 1 /* the F bit */

/* Whole units of UTF-16LE before the first NUL. */
static struct sp_span units(struct sp_span s)
{
	for (size_t i = 0; i + 2 <= s.n; i += 2) {
		if (s.p[i] == 0 && s.p[i + 1] == 0) {
			return sp_span(s.p, i);
		}
	}
	return sp_span(s.p, s.n & ~(size_t)1);
}

static struct sp_span path_read(struct sp_rd *r, size_t n)
{
	struct sp_span path = units(sp_rd_span(r, n));

	if (sp_rd_ok(r) == SP_OK && !(path.n <= SP_DRIVE_IO_MAX_PATH)) {
		sp_rd_fail(r, SP_ELIMIT, "drive.PathLength");
	}
	return path;
}

static void create_read(struct sp_rd *r, struct sp_drive_io_create *out)
{
	out->access = sp_rd_le32(r);
	out->allocation = sp_rd_le64(r);
	out->attributes = sp_rd_le32(r);
	out->share = sp_rd_le32(r);
	out->disposition = sp_rd_le32(r);
	out->options = sp_rd_le32(r);
	out->path = path_read(r, sp_rd_le32(r));
}

static void create_write(struct sp_wr *w, const struct sp_drive_io_create *in)
{
	sp_wr_le32(w, in->access);
	sp_wr_le64(w, in->allocation);
	sp_wr_le32(w, in->attributes);
	sp_wr_le32(w, in->share);
	sp_wr_le32(w, in->disposition);
	sp_wr_le32(w, in->options);
	sp_wr_le32(w, (uint32_t)in->path.n + 2 /* NUL */);
	sp_wr_span(w, in->path);
	sp_wr_le16(w, 0);
}

static void control_read(struct sp_rd *r, struct sp_drive_io_control *out)
{
	out->max = sp_rd_le32(r); /* OutputBufferLength */
	uint32_t n = sp_rd_le32(r); /* InputBufferLength */
	out->code = sp_rd_le32(r);
	sp_rd_skip(r, 20 /* Padding */);
	out->in = sp_rd_span(r, n);
}

static void control_write(struct sp_wr *w, const struct sp_drive_io_control *in)
{
	sp_wr_le32(w, in->max);
	sp_wr_le32(w, (uint32_t)in->in.n);
	sp_wr_le32(w, in->code);
	sp_wr_zero(w, 20 /* Padding */);
	sp_wr_span(w, in->in);
}

static void write_read(struct sp_rd *r, struct sp_drive_io_write *out)
{
	uint32_t n = sp_rd_le32(r); /* Length */

	out->offset = sp_rd_le64(r);
	sp_rd_skip(r, 20 /* Padding */);
	out->data = sp_rd_span(r, n);
}

static void write_write(struct sp_wr *w, const struct sp_drive_io_write *in)
{
	sp_wr_le32(w, (uint32_t)in->data.n);
	sp_wr_le64(w, in->offset);
	sp_wr_zero(w, 20 /* Padding */);
	sp_wr_span(w, in->data);
}

static void info_read(struct sp_rd *r, bool set, struct sp_drive_io_info *out)
{
	out->class = sp_rd_le32(r);
	out->n = sp_rd_le32(r);
	if (set) {
		sp_rd_skip(r, 24 /* Padding */);
		out->buffer = sp_rd_span(r, out->n);
	}
}

static void info_write(struct sp_wr *w, bool set, const struct sp_drive_io_info *in)
{
	sp_wr_le32(w, in->class);
	/* A length without its bytes would be a lie, however many do it. */
	sp_wr_le32(w, set ? (uint32_t)in->buffer.n : 0);
	sp_wr_zero(w, 24 /* Padding */);
	if (set) {
		sp_wr_span(w, in->buffer);
	}
}

static void directory_read(struct sp_rd *r, struct sp_drive_io_directory *out)
{
	out->class = sp_rd_le32(r);
	out->initial = sp_rd_u8(r) != 0;
	if (out->initial) {
		uint32_t n = sp_rd_le32(r); /* PathLength */

		sp_rd_skip(r, 23 /* Padding */);
		out->path = path_read(r, n);
	}
}

static void directory_write(struct sp_wr *w, const struct sp_drive_io_directory *in)
{
	sp_wr_le32(w, in->class);
	sp_wr_u8(w, in->initial ? 1 : 0);
	sp_wr_le32(w, in->initial ? (uint32_t)in->path.n + 2 /* NUL */ : 0);
	sp_wr_zero(w, 23 /* Padding */);
	if (in->initial) {
		sp_wr_span(w, in->path);
		sp_wr_le16(w, 0);
	}
}

static void locks_read(struct sp_rd *r, struct sp_drive_io_locks *out)
{
	out->operation = sp_rd_le32(r);
	out->wait = sp_rd_le32(r) & LOCK_WAIT;
	out->n = sp_rd_le32(r); /* NumLocks */
	sp_rd_skip(r, 20 /* Padding2 */);
	if (sp_rd_ok(r) != SP_OK) {
		return;
	}
	if (!(out->operation >= SP_DRIVE_IO_LOCK_SHARED &&
			    out->operation <= SP_DRIVE_IO_UNLOCK_MULTIPLE)) {
		sp_rd_fail(r, SP_EFIELD, "drive.Operation");
	} else if (!(out->n >= 1 && out->n <= SP_DRIVE_IO_MAX_LOCKS)) {
		sp_rd_fail(r, SP_ELIMIT, "drive.NumLocks");
	} else {
		out->ranges = sp_rd_span(r, (size_t)out->n * RANGE_SIZE);
	}
}

static void locks_write(struct sp_wr *w, const struct sp_drive_io_locks *in)
{
	sp_wr_le32(w, in->operation);
	sp_wr_le32(w, in->wait ? LOCK_WAIT : 0);
	sp_wr_le32(w, in->n);
	sp_wr_zero(w, 20 /* Padding2 */);
	sp_wr_span(w, in->ranges);
}

struct sp_drive_io_range sp_drive_io_range_at(const struct sp_drive_io_locks *l, uint32_t i)
{
	struct sp_drive_io_range range;
	struct sp_rd r;

	sp_rd_init(&r, l->ranges.p, l->ranges.n);
	sp_rd_skip(&r, (size_t)i * RANGE_SIZE);
	range.n = sp_rd_le64(&r);
	range.offset = sp_rd_le64(&r);
	return range;
}

void sp_drive_io_range_write(struct sp_wr *w, const struct sp_drive_io_range *in)
{
	sp_wr_le64(w, in->n);
	sp_wr_le64(w, in->offset);
}

int sp_drive_io_request_read(struct sp_rd *r, struct sp_drive_io_request *out)
{
	*out = (struct sp_drive_io_request){.device = sp_rd_le32(r)};
	out->file = sp_rd_le32(r);
	out->completion = sp_rd_le32(r);
	uint32_t major = sp_rd_le32(r), minor = sp_rd_le32(r);
	out->major = sp_rd_ok(r) == SP_OK ? major : UINT32_MAX;
	out->minor = minor;
	if (sp_rd_ok(r) != SP_OK) {
		return sp_rd_ok(r);
	}
	switch (major) {
	case SP_DRIVE_IO_CREATE:
		create_read(r, &out->create);
		break;
	case SP_DRIVE_IO_CLOSE:
		break;
	case SP_DRIVE_IO_READ:
		out->read.n = sp_rd_le32(r);
		out->read.offset = sp_rd_le64(r);
		break;
	case SP_DRIVE_IO_WRITE:
		write_read(r, &out->write);
		break;
	case SP_DRIVE_IO_QUERY_INFO:
	case SP_DRIVE_IO_QUERY_VOLUME:
		info_read(r, false, &out->info);
		break;
	case SP_DRIVE_IO_SET_INFO:
	case SP_DRIVE_IO_SET_VOLUME:
		info_read(r, true, &out->info);
		break;
	case SP_DRIVE_IO_DIRECTORY:
		if (minor == SP_DRIVE_IO_QUERY_DIRECTORY) {
			directory_read(r, &out->directory);
		} else if (minor == SP_DRIVE_IO_NOTIFY) {
			out->notify.tree = sp_rd_u8(r) != 0;
			out->notify.filter = sp_rd_le32(r);
		} else {
			return sp_rd_fail(r, SP_EPROTO, "drive.MinorFunction");
		}
		break;
	case SP_DRIVE_IO_CONTROL:
		control_read(r, &out->control);
		break;
	case SP_DRIVE_IO_LOCK:
		locks_read(r, &out->locks);
		break;
	default:
		return sp_rd_fail(r, SP_EPROTO, "drive.MajorFunction");
	}
	return sp_rd_ok(r);
}

void sp_drive_io_request_write(struct sp_wr *w, const struct sp_drive_io_request *in)
{
	sp_drive_head_write(w, SP_DRIVE_REQUEST);
	sp_wr_le32(w, in->device);
	sp_wr_le32(w, in->file);
	sp_wr_le32(w, in->completion);
	sp_wr_le32(w, in->major);
	sp_wr_le32(w, in->minor);
	switch (in->major) {
	case SP_DRIVE_IO_CREATE:
		create_write(w, &in->create);
		break;
	case SP_DRIVE_IO_CLOSE:
		sp_wr_zero(w, 32 /* Padding */);
		break;
	case SP_DRIVE_IO_READ:
		sp_wr_le32(w, in->read.n);
		sp_wr_le64(w, in->read.offset);
		sp_wr_zero(w, 20 /* Padding */);
		break;
	case SP_DRIVE_IO_WRITE:
		write_write(w, &in->write);
		break;
	case SP_DRIVE_IO_QUERY_INFO:
	case SP_DRIVE_IO_QUERY_VOLUME:
		info_write(w, false, &in->info);
		break;
	case SP_DRIVE_IO_SET_INFO:
	case SP_DRIVE_IO_SET_VOLUME:
		info_write(w, true, &in->info);
		break;
	case SP_DRIVE_IO_DIRECTORY:
		if (in->minor == SP_DRIVE_IO_QUERY_DIRECTORY) {
			directory_write(w, &in->directory);
		} else {
			sp_wr_u8(w, in->notify.tree ? 1 : 0);
			sp_wr_le32(w, in->notify.filter);
			sp_wr_zero(w, 27 /* Padding */);
		}
		break;
	case SP_DRIVE_IO_CONTROL:
		control_write(w, &in->control);
		break;
	case SP_DRIVE_IO_LOCK:
		locks_write(w, &in->locks);
		break;
	default:
		sp_wr_fail(w, SP_EARG);
		break;
	}
}

/* ---- completions ---- */

int sp_drive_io_completion_read(struct sp_rd *r, struct sp_drive_io_completion *out)
{
	out->device = sp_rd_le32(r);
	out->completion = sp_rd_le32(r);
	out->status = sp_rd_le32(r);
	return sp_rd_ok(r);
}

void sp_drive_io_completion_write(struct sp_wr *w, const struct sp_drive_io_completion *in)
{
	sp_drive_head_write(w, SP_DRIVE_COMPLETION);
	sp_wr_le32(w, in->device);
	sp_wr_le32(w, in->completion);
	sp_wr_le32(w, in->status);
}

int sp_drive_io_created_read(struct sp_rd *r, struct sp_drive_io_created_file *out)
{
	out->file = sp_rd_le32(r);
	out->information = sp_rd_left(r) > 0 ? sp_rd_u8(r) : 0;
	return sp_rd_ok(r);
}

void sp_drive_io_created_write(struct sp_wr *w, const struct sp_drive_io_created_file *in)
{
	sp_wr_le32(w, in->file);
	sp_wr_u8(w, in->information);
}

int sp_drive_io_data_read(struct sp_rd *r, size_t max, struct sp_span *out)
{
	uint32_t n = sp_rd_le32(r);

	if (sp_rd_ok(r) == SP_OK && !(n <= max)) {
		return sp_rd_fail(r, SP_ELIMIT, "drive.Length");
	}
	*out = sp_rd_span(r, n);
	return sp_rd_ok(r);
}

void sp_drive_io_data_write(struct sp_wr *w, struct sp_span data)
{
	sp_wr_le32(w, (uint32_t)data.n);
	sp_wr_span(w, data);
}

int sp_drive_io_length_read(struct sp_rd *r, uint32_t *n)
{
	*n = sp_rd_le32(r);
	return sp_rd_ok(r);
}

void sp_drive_io_length_write(struct sp_wr *w, uint32_t n)
{
	sp_wr_le32(w, n);
	sp_wr_u8(w, 0); /* Padding */
}

void sp_drive_io_failed_write(
		struct sp_wr *w, const struct sp_drive_io_request *request, uint32_t status)
{
	struct sp_drive_io_completion head = {request->device, request->completion, status};

	sp_drive_io_completion_write(w, &head);
	/* FileId and Information, Padding, or a Length of none: zeroes all. */
	sp_wr_zero(w, request->major == SP_DRIVE_IO_READ ? 4 : 5);
}
