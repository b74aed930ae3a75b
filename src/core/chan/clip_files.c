/* core/chan/clip_files.c - see clip_files.h. */
#include "core/chan/clip_files.h"

#define FD_ATTRIBUTES 0x00000004
#define FD_WRITESTIME 0x00000020
#define FD_FILESIZE 0x00000040
#define FD_SHOWPROGRESSUI 0x00004000
#define ATTRIBUTE_READONLY 0x01
#define ATTRIBUTE_DIRECTORY 0x10
#define ATTRIBUTE_ARCHIVE 0x20
#define NAME_BYTES 520
#define EPOCH_US 11644473600000000 /* from 1601 to 1970 */

int sp_clip_files_read(struct sp_rd *r, size_t *n)
{
	uint32_t count = sp_rd_le32(r); /* cItems */

	*n = 0;
	if (sp_rd_ok(r) != SP_OK) {
		return sp_rd_ok(r);
	}
	if (!(count <= SP_CLIP_FILES_MAX)) {
		return sp_rd_fail(r, SP_ELIMIT, "clip.cItems");
	}
	if (!(count <= sp_rd_left(r) / SP_CLIP_FILE_ENTRY)) {
		return sp_rd_fail(r, SP_ESHORT, "clip.cItems");
	}
	*n = count;
	return SP_OK;
}

int sp_clip_file_read(struct sp_rd *r, struct sp_clip_file *out)
{
	uint32_t flags = sp_rd_le32(r), attributes;
	uint64_t time, size;

	sp_rd_skip(r, 32); /* reserved1 */
	attributes = sp_rd_le32(r);
	sp_rd_skip(r, 16); /* reserved2 */
	time = sp_rd_le64(r);
	size = (uint64_t)sp_rd_le32(r) << 32;
	size |= sp_rd_le32(r);
	out->wire = sp_rd_span(r, NAME_BYTES);
	if (sp_rd_ok(r) != SP_OK) {
		return sp_rd_ok(r);
	}
	out->fault = sp_wire_name_read(out->wire, out->name);
	if (!(flags & FD_ATTRIBUTES)) {
		attributes = 0;
	}
	out->dir = (attributes & ATTRIBUTE_DIRECTORY) != 0;
	out->read_only = (attributes & ATTRIBUTE_READONLY) != 0;
	out->has_size = (flags & FD_FILESIZE) && !out->dir && size <= INT64_MAX;
	out->size = out->has_size ? size : 0;
	out->has_time = (flags & FD_WRITESTIME) && time <= INT64_MAX;
	out->time_us = out->has_time ? (int64_t)(time / 10) - EPOCH_US : 0;
	return SP_OK;
}

size_t sp_clip_files_begin(struct sp_wr *w)
{
	return sp_wr_hole(w, 4 /* cItems */);
}

enum sp_name_fault sp_clip_file_write(struct sp_wr *w, const struct sp_clip_file *in)
{
	uint8_t text[NAME_BYTES];
	struct sp_wr name;
	uint32_t flags = FD_ATTRIBUTES | FD_SHOWPROGRESSUI | (in->has_size ? FD_FILESIZE : 0) |
			(in->has_time ? FD_WRITESTIME : 0);
	uint32_t attributes = (in->dir ? ATTRIBUTE_DIRECTORY : ATTRIBUTE_ARCHIVE) |
			(in->read_only ? ATTRIBUTE_READONLY : 0);
	uint64_t time = 0;

	sp_wr_fixed(&name, text, sizeof(text) - 2 /* NUL */);
	enum sp_name_fault fault = sp_wire_name_write(&name, in->name);
	if (fault == SP_NAME_FINE && sp_wr_ok(&name) != SP_OK) {
		fault = SP_NAME_LONG;
	}
	if (fault != SP_NAME_FINE) {
		return fault;
	}
	if (in->has_time && in->time_us > -EPOCH_US && in->time_us < INT64_MAX / 10 - EPOCH_US) {
		time = (uint64_t)(in->time_us + EPOCH_US) * 10;
	}
	sp_wr_le32(w, flags);
	sp_wr_zero(w, 32);
	sp_wr_le32(w, attributes);
	sp_wr_zero(w, 16);
	sp_wr_le64(w, time);
	sp_wr_le32(w, (uint32_t)(in->size >> 32));
	sp_wr_le32(w, (uint32_t)in->size);
	sp_wr_put(w, text, name.n);
	sp_wr_zero(w, NAME_BYTES - name.n);
	return SP_NAME_FINE;
}

void sp_clip_files_end(struct sp_wr *w, size_t mark)
{
	if (sp_wr_ok(w) == SP_OK) {
		sp_wr_fill_le32(w, mark, (w->n - mark - 4) / SP_CLIP_FILE_ENTRY);
	}
}
