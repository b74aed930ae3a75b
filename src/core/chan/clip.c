/* core/chan/clip.c - see clip.h. */
#include "core/chan/clip.h"

#define CAPS_GENERAL 1 /* CB_CAPSTYPE_GENERAL */
#define CAPS_HEAD 4 /* capabilitySetType, lengthCapability */
#define CAPS_GENERAL_SIZE 12
#define MAX_CAPS_SETS 16 /* there is one */

int sp_clip_head_read(struct sp_rd *r, struct sp_clip_head *out)
{
	out->type = sp_rd_le16(r);
	out->flags = sp_rd_le16(r);
	out->n = sp_rd_le32(r);
	return sp_rd_ok(r);
}

size_t sp_clip_begin(struct sp_wr *w, uint16_t type, uint16_t flags)
{
	sp_wr_le16(w, type);
	sp_wr_le16(w, flags);
	return sp_wr_hole(w, 4 /* dataLen */);
}

void sp_clip_end(struct sp_wr *w, size_t mark)
{
	if (sp_wr_ok(w) == SP_OK) {
		sp_wr_fill_le32(w, mark, w->n - mark - 4);
	}
}

/* ---- capabilities ---- */

int sp_clip_caps_read(struct sp_rd *r, struct sp_clip_caps *out)
{
	uint16_t n = sp_rd_le16(r); /* cCapabilitiesSets */

	*out = (struct sp_clip_caps){.has_general = false};
	sp_rd_skip(r, 2); /* pad1 */
	if (!(n <= MAX_CAPS_SETS)) {
		return sp_rd_fail(r, SP_ELIMIT, "clip.cCapabilitiesSets");
	}
	for (uint16_t i = 0; i < n && sp_rd_ok(r) == SP_OK; i++) {
		uint16_t type = sp_rd_le16(r), size = sp_rd_le16(r);

		if (!(CAPS_HEAD <= size)) {
			return sp_rd_fail(r, SP_EFIELD, "clip.lengthCapability");
		}
		struct sp_rd set = sp_rd_sub(r, size - CAPS_HEAD);
		if (type == CAPS_GENERAL) {
			out->has_general = true;
			out->version = sp_rd_le32(&set);
			out->flags = sp_rd_le32(&set);
		}
	}
	return sp_rd_ok(r);
}

void sp_clip_caps_write(struct sp_wr *w, const struct sp_clip_caps *in)
{
	sp_wr_le16(w, in->has_general ? 1 : 0);
	sp_wr_zero(w, 2); /* pad1 */
	if (in->has_general) {
		sp_wr_le16(w, CAPS_GENERAL);
		sp_wr_le16(w, CAPS_GENERAL_SIZE);
		sp_wr_le32(w, in->version);
		sp_wr_le32(w, in->flags);
	}
}

/* ---- format lists ---- */

/* The bytes before the first NUL unit, or all of them. */
static struct sp_span before_nul(struct sp_span s, size_t unit)
{
	for (size_t i = 0; i + unit <= s.n; i += unit) {
		if (s.p[i] == 0 && (unit == 1 || s.p[i + 1] == 0)) {
			return sp_span(s.p, i);
		}
	}
	return s;
}

int sp_clip_format_read(struct sp_rd *r, enum sp_clip_form form, struct sp_clip_format *out)
{
	if (sp_rd_ok(r) != SP_OK) {
		return sp_rd_ok(r);
	}
	if (sp_rd_left(r) == 0) {
		return 0;
	}
	out->id = sp_rd_le32(r);
	if (form == SP_CLIP_FORM_LONG) {
		struct sp_span rest = sp_span(r->p, sp_rd_left(r));

		out->name = before_nul(rest, 2);
		if (out->name.n == rest.n) {
			return sp_rd_fail(r, SP_ESHORT, "clip.wszFormatName");
		}
		sp_rd_skip(r, out->name.n + 2 /* NUL */);
	} else {
		out->name = before_nul(sp_rd_span(r, SP_CLIP_SHORT_NAME),
				form == SP_CLIP_FORM_ASCII ? 1 : 2);
	}
	return sp_rd_ok(r) == SP_OK ? 1 : sp_rd_ok(r);
}

void sp_clip_format_write(struct sp_wr *w, enum sp_clip_form form, const struct sp_clip_format *in)
{
	sp_wr_le32(w, in->id);
	if (form == SP_CLIP_FORM_LONG) {
		sp_wr_span(w, in->name);
		sp_wr_zero(w, 2); /* NUL */
	} else if (in->name.n <= SP_CLIP_SHORT_NAME) {
		sp_wr_span(w, in->name);
		sp_wr_zero(w, SP_CLIP_SHORT_NAME - in->name.n);
	} else {
		sp_wr_fail(w, SP_EARG);
	}
}

static unsigned lower(unsigned c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

bool sp_clip_format_is(const struct sp_clip_format *f, enum sp_clip_form form, const char *name)
{
	size_t unit = form == SP_CLIP_FORM_ASCII ? 1 : 2, n = f->name.n / unit, i;

	for (i = 0; i < n && name[i] != '\0'; i++) {
		unsigned c = f->name.p[i * unit];

		if (unit == 2) {
			c |= (unsigned)f->name.p[i * 2 + 1] << 8;
		}
		if (lower(c) != lower((unsigned char)name[i])) {
			return false;
		}
	}
	/* Cut where the short field ends, by those who leave room for a NUL and those who do not. */
	bool cut = form != SP_CLIP_FORM_LONG && n + 1 >= SP_CLIP_SHORT_NAME / unit;
	return i == n && (name[i] == '\0' || cut);
}

/* ---- requests and responses ---- */

int sp_clip_u32_read(struct sp_rd *r, uint32_t *value)
{
	*value = sp_rd_le32(r);
	return sp_rd_ok(r);
}

void sp_clip_u32_write(struct sp_wr *w, uint32_t value)
{
	sp_wr_le32(w, value);
}

int sp_clip_file_request_read(struct sp_rd *r, struct sp_clip_file_request *out)
{
	*out = (struct sp_clip_file_request){.stream = sp_rd_le32(r)};
	out->index = sp_rd_le32(r);
	out->flags = sp_rd_le32(r);
	out->position = sp_rd_le32(r);
	out->position |= (uint64_t)sp_rd_le32(r) << 32;
	out->n = sp_rd_le32(r);
	if (sp_rd_ok(r) == SP_OK && sp_rd_left(r) > 0) {
		out->has_lock = true;
		out->lock = sp_rd_le32(r);
	}
	if (sp_rd_ok(r) == SP_OK && out->flags != SP_CLIP_FILE_SIZE &&
			out->flags != SP_CLIP_FILE_RANGE) {
		return sp_rd_fail(r, SP_EFIELD, "clip.dwFlags");
	}
	if (sp_rd_ok(r) == SP_OK && out->flags == SP_CLIP_FILE_SIZE && out->n != 8) {
		return sp_rd_fail(r, SP_EFIELD, "clip.cbRequested");
	}
	return sp_rd_ok(r);
}

void sp_clip_file_request_write(struct sp_wr *w, const struct sp_clip_file_request *in)
{
	sp_wr_le32(w, in->stream);
	sp_wr_le32(w, in->index);
	sp_wr_le32(w, in->flags);
	sp_wr_le64(w, in->position); /* nPositionLow, nPositionHigh */
	sp_wr_le32(w, in->n);
	if (in->has_lock) {
		sp_wr_le32(w, in->lock);
	}
}

int sp_clip_file_response_read(struct sp_rd *r, struct sp_clip_file_response *out)
{
	out->stream = sp_rd_le32(r);
	out->data = sp_rd_rest(r);
	return sp_rd_ok(r);
}

void sp_clip_file_response_write(struct sp_wr *w, const struct sp_clip_file_response *in)
{
	sp_wr_le32(w, in->stream);
	sp_wr_span(w, in->data);
}

int sp_clip_temp_dir_read(struct sp_rd *r, struct sp_span *path)
{
	*path = before_nul(sp_rd_span(r, SP_CLIP_TEMP_DIR), 2);
	if (sp_rd_ok(r) == SP_OK && path->n == SP_CLIP_TEMP_DIR) {
		return sp_rd_fail(r, SP_EFIELD, "clip.wszTempDir");
	}
	return sp_rd_ok(r);
}

void sp_clip_temp_dir_write(struct sp_wr *w, struct sp_span path)
{
	if (!(path.n <= SP_CLIP_TEMP_DIR - 2)) {
		sp_wr_fail(w, SP_EARG);
		return;
	}
	sp_wr_span(w, path);
	sp_wr_zero(w, SP_CLIP_TEMP_DIR - path.n);
}
