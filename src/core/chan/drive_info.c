/* core/chan/drive_info.c - see drive_info.h. */
#include "core/chan/drive_info.h"

#define TICKS_NS 100
#define SHORT_NAME 24 /* bytes of the field */

int64_t sp_drive_info_unix(uint64_t filetime)
{
	/* What would not fit into nanoseconds is not a time of this age either. */
	if (!(filetime > 0 && filetime < SP_DRIVE_INFO_EPOCH + INT64_MAX / TICKS_NS)) {
		return 0;
	}
	return ((int64_t)filetime - (int64_t)SP_DRIVE_INFO_EPOCH) * TICKS_NS;
}

uint64_t sp_drive_info_filetime(int64_t unix_ns)
{
	int64_t ticks = unix_ns / TICKS_NS;

	return ticks > -(int64_t)SP_DRIVE_INFO_EPOCH ? SP_DRIVE_INFO_EPOCH + (uint64_t)ticks
						     : SP_DRIVE_INFO_EPOCH;
}

int sp_drive_info_basic_read(struct sp_rd *r, struct sp_drive_info_basic *out)
{
	out->created = sp_rd_le64(r);
	out->accessed = sp_rd_le64(r);
	out->written = sp_rd_le64(r);
	out->changed = sp_rd_le64(r);
	out->attributes = sp_rd_le32(r);
	return sp_rd_ok(r);
}

void sp_drive_info_basic_write(struct sp_wr *w, const struct sp_drive_info_basic *in)
{
	sp_wr_le64(w, in->created);
	sp_wr_le64(w, in->accessed);
	sp_wr_le64(w, in->written);
	sp_wr_le64(w, in->changed);
	sp_wr_le32(w, in->attributes);
}

int sp_drive_info_standard_read(struct sp_rd *r, struct sp_drive_info_standard *out)
{
	out->allocation = sp_rd_le64(r);
	out->size = sp_rd_le64(r);
	out->links = sp_rd_le32(r);
	out->delete_pending = sp_rd_u8(r) != 0;
	out->directory = sp_rd_u8(r) != 0;
	return sp_rd_ok(r);
}

void sp_drive_info_standard_write(struct sp_wr *w, const struct sp_drive_info_standard *in)
{
	sp_wr_le64(w, in->allocation);
	sp_wr_le64(w, in->size);
	sp_wr_le32(w, in->links);
	sp_wr_u8(w, in->delete_pending ? 1 : 0);
	sp_wr_u8(w, in->directory ? 1 : 0);
}

int sp_drive_info_tag_read(struct sp_rd *r, struct sp_drive_info_tag *out)
{
	out->attributes = sp_rd_le32(r);
	out->reparse = sp_rd_le32(r);
	return sp_rd_ok(r);
}

void sp_drive_info_tag_write(struct sp_wr *w, const struct sp_drive_info_tag *in)
{
	sp_wr_le32(w, in->attributes);
	sp_wr_le32(w, in->reparse);
}

int sp_drive_info_u64_read(struct sp_rd *r, uint64_t *value)
{
	*value = sp_rd_le64(r);
	return sp_rd_ok(r);
}

void sp_drive_info_u64_write(struct sp_wr *w, uint64_t value)
{
	sp_wr_le64(w, value);
}

int sp_drive_info_disposition_read(struct sp_rd *r, bool *remove)
{
	*remove = sp_rd_left(r) > 0 ? sp_rd_u8(r) != 0 : true;
	return sp_rd_ok(r);
}

void sp_drive_info_disposition_write(struct sp_wr *w, bool remove)
{
	sp_wr_u8(w, remove ? 1 : 0);
}

int sp_drive_info_rename_read(struct sp_rd *r, struct sp_drive_info_rename *out)
{
	out->replace = sp_rd_u8(r) != 0;
	uint8_t root = sp_rd_u8(r); /* RootDirectory */
	struct sp_span path = sp_rd_span(r, sp_rd_le32(r)); /* FileNameLength, FileName */

	out->path = sp_span(path.p, path.n & ~(size_t)1);
	for (size_t i = 0; i + 2 <= path.n; i += 2) {
		if (path.p[i] == 0 && path.p[i + 1] == 0) {
			out->path = sp_span(path.p, i);
			break;
		}
	}
	if (sp_rd_ok(r) == SP_OK && root != 0) {
		return sp_rd_fail(r, SP_EFIELD, "drive.RootDirectory");
	}
	return sp_rd_ok(r);
}

void sp_drive_info_rename_write(struct sp_wr *w, const struct sp_drive_info_rename *in)
{
	sp_wr_u8(w, in->replace ? 1 : 0);
	sp_wr_u8(w, 0); /* RootDirectory */
	sp_wr_le32(w, (uint32_t)in->path.n + 2 /* NUL */);
	sp_wr_span(w, in->path);
	sp_wr_le16(w, 0);
}

/* ---- directories ---- */

static bool entry_class(uint32_t class)
{
	return class == SP_DRIVE_INFO_DIRECTORY || class == SP_DRIVE_INFO_FULL_DIRECTORY ||
			class == SP_DRIVE_INFO_BOTH_DIRECTORY || class == SP_DRIVE_INFO_NAMES;
}

/*
 * A cursor over the next entry of a chained buffer: up to where the next one begins, or to the
 * end; r moves behind it. NextEntryOffset counts from the entry's own beginning.
 */
static struct sp_rd chained(struct sp_rd *r)
{
	struct sp_rd ahead, entry;

	sp_rd_init(&ahead, r->p, sp_rd_left(r));
	uint32_t next = sp_rd_le32(&ahead);
	if (next == 0) {
		entry = sp_rd_sub(r, sp_rd_left(r));
	} else if (next >= 8) {
		entry = sp_rd_sub(r, next);
	} else {
		sp_rd_fail(r, SP_EFIELD, "drive.NextEntryOffset");
		entry = sp_rd_sub(r, 0);
	}
	sp_rd_skip(&entry, 4 /* NextEntryOffset */);
	return entry;
}

int sp_drive_info_entry_read(struct sp_rd *r, uint32_t class, struct sp_drive_info_entry *out)
{
	*out = (struct sp_drive_info_entry){.size = 0};
	if (sp_rd_ok(r) != SP_OK) {
		return sp_rd_ok(r);
	}
	if (!entry_class(class)) {
		return sp_rd_fail(r, SP_EFIELD, "drive.FsInformationClass");
	}
	if (sp_rd_left(r) == 0) {
		return 0;
	}
	struct sp_rd e = chained(r);
	sp_rd_skip(&e, 4 /* FileIndex */);
	if (class != SP_DRIVE_INFO_NAMES) {
		out->created = sp_rd_le64(&e);
		out->accessed = sp_rd_le64(&e);
		out->written = sp_rd_le64(&e);
		out->changed = sp_rd_le64(&e);
		out->size = sp_rd_le64(&e);
		out->allocation = sp_rd_le64(&e);
		out->attributes = sp_rd_le32(&e);
	}
	uint32_t n = sp_rd_le32(&e); /* FileNameLength */
	if (class == SP_DRIVE_INFO_FULL_DIRECTORY || class == SP_DRIVE_INFO_BOTH_DIRECTORY) {
		sp_rd_skip(&e, 4 /* EaSize */);
	}
	if (class == SP_DRIVE_INFO_BOTH_DIRECTORY) {
		sp_rd_skip(&e, 1 /* ShortNameLength */ + SHORT_NAME);
	}
	if (sp_rd_ok(&e) == SP_OK && !(n <= SP_DRIVE_INFO_MAX_NAME)) {
		return sp_rd_fail(&e, SP_ELIMIT, "drive.FileNameLength");
	}
	out->name = sp_rd_span(&e, n);
	return sp_rd_ok(&e) == SP_OK ? 1 : sp_rd_ok(&e);
}

void sp_drive_info_entry_write(
		struct sp_wr *w, uint32_t class, const struct sp_drive_info_entry *in)
{
	if (!entry_class(class) || !(in->name.n <= SP_DRIVE_INFO_MAX_NAME)) {
		sp_wr_fail(w, SP_EARG);
		return;
	}
	sp_wr_le32(w, 0); /* NextEntryOffset */
	sp_wr_le32(w, 0); /* FileIndex */
	if (class != SP_DRIVE_INFO_NAMES) {
		sp_wr_le64(w, in->created);
		sp_wr_le64(w, in->accessed);
		sp_wr_le64(w, in->written);
		sp_wr_le64(w, in->changed);
		sp_wr_le64(w, in->size);
		sp_wr_le64(w, in->allocation);
		sp_wr_le32(w, in->attributes);
	}
	sp_wr_le32(w, (uint32_t)in->name.n);
	if (class == SP_DRIVE_INFO_FULL_DIRECTORY || class == SP_DRIVE_INFO_BOTH_DIRECTORY) {
		sp_wr_le32(w, 0); /* EaSize */
	}
	if (class == SP_DRIVE_INFO_BOTH_DIRECTORY) {
		sp_wr_zero(w, 1 /* ShortNameLength */ + SHORT_NAME);
	}
	sp_wr_span(w, in->name);
}

int sp_drive_info_change_read(struct sp_rd *r, struct sp_drive_info_change *out)
{
	*out = (struct sp_drive_info_change){.action = 0};
	if (sp_rd_ok(r) != SP_OK) {
		return sp_rd_ok(r);
	}
	if (sp_rd_left(r) == 0) {
		return 0;
	}
	struct sp_rd e = chained(r);
	out->action = sp_rd_le32(&e);
	out->name = sp_rd_span(&e, sp_rd_le32(&e)); /* FileNameLength, FileName */
	return sp_rd_ok(&e) == SP_OK ? 1 : sp_rd_ok(&e);
}

void sp_drive_info_change_write(struct sp_wr *w, const struct sp_drive_info_change *in)
{
	sp_wr_le32(w, 0); /* NextEntryOffset */
	sp_wr_le32(w, in->action);
	sp_wr_le32(w, (uint32_t)in->name.n);
	sp_wr_span(w, in->name);
}

/* ---- volumes ---- */

int sp_drive_info_volume_read(struct sp_rd *r, struct sp_drive_info_volume *out)
{
	out->created = sp_rd_le64(r);
	out->serial = sp_rd_le32(r);
	uint32_t n = sp_rd_le32(r); /* VolumeLabelLength */
	out->objects = sp_rd_u8(r) != 0;
	if (sp_rd_ok(r) == SP_OK && sp_rd_left(r) > n) {
		sp_rd_skip(r, 1); /* Reserved, where it is there although it must not */
	}
	out->label = sp_rd_span(r, n);
	return sp_rd_ok(r);
}

void sp_drive_info_volume_write(struct sp_wr *w, const struct sp_drive_info_volume *in)
{
	sp_wr_le64(w, in->created);
	sp_wr_le32(w, in->serial);
	sp_wr_le32(w, (uint32_t)in->label.n);
	sp_wr_u8(w, in->objects ? 1 : 0);
	sp_wr_span(w, in->label);
}

int sp_drive_info_size_read(struct sp_rd *r, bool full, struct sp_drive_info_size *out)
{
	out->total = sp_rd_le64(r);
	out->available = sp_rd_le64(r);
	out->free = full ? sp_rd_le64(r) : out->available;
	out->sectors = sp_rd_le32(r);
	out->bytes = sp_rd_le32(r);
	return sp_rd_ok(r);
}

void sp_drive_info_size_write(struct sp_wr *w, bool full, const struct sp_drive_info_size *in)
{
	sp_wr_le64(w, in->total);
	sp_wr_le64(w, in->available);
	if (full) {
		sp_wr_le64(w, in->free);
	}
	sp_wr_le32(w, in->sectors);
	sp_wr_le32(w, in->bytes);
}

int sp_drive_info_fs_read(struct sp_rd *r, struct sp_drive_info_fs *out)
{
	out->flags = sp_rd_le32(r);
	out->max_name = sp_rd_le32(r);
	out->name = sp_rd_span(r, sp_rd_le32(r)); /* FileSystemNameLength, FileSystemName */
	return sp_rd_ok(r);
}

void sp_drive_info_fs_write(struct sp_wr *w, const struct sp_drive_info_fs *in)
{
	sp_wr_le32(w, in->flags);
	sp_wr_le32(w, in->max_name);
	sp_wr_le32(w, (uint32_t)in->name.n);
	sp_wr_span(w, in->name);
}

int sp_drive_info_device_read(struct sp_rd *r, struct sp_drive_info_device *out)
{
	out->type = sp_rd_le32(r);
	out->characteristics = sp_rd_le32(r);
	return sp_rd_ok(r);
}

void sp_drive_info_device_write(struct sp_wr *w, const struct sp_drive_info_device *in)
{
	sp_wr_le32(w, in->type);
	sp_wr_le32(w, in->characteristics);
}

int sp_drive_info_label_read(struct sp_rd *r, struct sp_span *label)
{
	*label = sp_rd_span(r, sp_rd_le32(r)); /* VolumeLabelLength, VolumeLabel */
	return sp_rd_ok(r);
}
