/* core/pdu/misc.c - see misc.h. */
#include "core/pdu/misc.h"

#define MONITOR_PRIMARY 1

/* [MS-RDPBCGR] 2.2.11.1 Inclusive Rectangle (TS_RECTANGLE16); turned-round ones become empty. */
static struct sp_rect rect_read(struct sp_rd *r)
{
	int32_t left = sp_rd_le16(r), top = sp_rd_le16(r);
	int32_t right = sp_rd_le16(r), bottom = sp_rd_le16(r);

	if (sp_rd_ok(r) != SP_OK || right < left || bottom < top) {
		return (struct sp_rect){0, 0, 0, 0};
	}
	return (struct sp_rect){left, top, right - left + 1, bottom - top + 1};
}

static void rect_write(struct sp_wr *w, struct sp_rect in)
{
	if (sp_rect_empty(in) || in.x < 0 || in.y < 0 || in.w > 0x10000 - in.x ||
			in.h > 0x10000 - in.y) {
		sp_wr_fail(w, SP_EARG);
		return;
	}
	sp_wr_le16(w, (uint16_t)in.x);
	sp_wr_le16(w, (uint16_t)in.y);
	sp_wr_le16(w, (uint16_t)(in.x + in.w - 1));
	sp_wr_le16(w, (uint16_t)(in.y + in.h - 1));
}

int sp_misc_suppress_read(struct sp_rd *r, struct sp_misc_suppress *out)
{
	uint8_t allow = sp_rd_u8(r); /* allowDisplayUpdates */

	*out = (struct sp_misc_suppress){.allow = allow == 1};
	if (allow > 1) {
		return sp_rd_fail(r, SP_EFIELD, "suppressOutput.allowDisplayUpdates");
	}
	sp_rd_skip(r, 3); /* pad3Octets */
	if (out->allow) {
		out->desk = rect_read(r);
	}
	return sp_rd_ok(r);
}

void sp_misc_suppress_write(struct sp_wr *w, const struct sp_misc_suppress *in)
{
	sp_wr_u8(w, in->allow);
	sp_wr_zero(w, 3); /* pad3Octets */
	if (in->allow) {
		rect_write(w, in->desk);
	}
}

int sp_misc_refresh_read(struct sp_rd *r, struct sp_rect area[SP_MISC_MAX_AREAS], size_t *n)
{
	size_t count = sp_rd_u8(r); /* numberOfAreas */

	sp_rd_skip(r, 3); /* pad3Octets */
	*n = 0;
	for (size_t i = 0; i < count && sp_rd_ok(r) == SP_OK; i++) {
		struct sp_rect a = rect_read(r);

		if (!sp_rect_empty(a)) {
			area[(*n)++] = a;
		}
	}
	return sp_rd_ok(r);
}

void sp_misc_refresh_write(struct sp_wr *w, const struct sp_rect *area, size_t n)
{
	if (!(n <= SP_MISC_MAX_AREAS)) {
		sp_wr_fail(w, SP_EARG);
		return;
	}
	sp_wr_u8(w, (uint8_t)n);
	sp_wr_zero(w, 3); /* pad3Octets */
	for (size_t i = 0; i < n; i++) {
		rect_write(w, area[i]);
	}
}

int sp_misc_sound_read(struct sp_rd *r, struct sp_misc_sound *out)
{
	out->ms = sp_rd_le32(r);
	out->hz = sp_rd_le32(r);
	return sp_rd_ok(r);
}

void sp_misc_sound_write(struct sp_wr *w, const struct sp_misc_sound *in)
{
	sp_wr_le32(w, in->ms);
	sp_wr_le32(w, in->hz);
}

int sp_misc_leds_read(struct sp_rd *r, struct sp_misc_leds *out)
{
	out->unit = sp_rd_le16(r);
	out->leds = sp_rd_le16(r);
	return sp_rd_ok(r);
}

void sp_misc_leds_write(struct sp_wr *w, const struct sp_misc_leds *in)
{
	sp_wr_le16(w, in->unit);
	sp_wr_le16(w, in->leds);
}

int sp_misc_ime_read(struct sp_rd *r, struct sp_misc_ime *out)
{
	out->unit = sp_rd_le16(r);
	out->state = sp_rd_le32(r);
	out->conversion = sp_rd_le32(r);
	return sp_rd_ok(r);
}

void sp_misc_ime_write(struct sp_wr *w, const struct sp_misc_ime *in)
{
	sp_wr_le16(w, in->unit);
	sp_wr_le32(w, in->state);
	sp_wr_le32(w, in->conversion);
}

int sp_misc_monitors_read(struct sp_rd *r, struct sp_misc_monitors *out)
{
	uint32_t n = sp_rd_le32(r); /* monitorCount */

	out->n = 0;
	if (!(n <= SP_MISC_MAX_MONITORS)) {
		return sp_rd_fail(r, SP_ELIMIT, "monitorLayout.monitorCount");
	}
	for (size_t i = 0; i < n && sp_rd_ok(r) == SP_OK; i++) {
		struct sp_misc_monitor *m = &out->m[i];

		m->left = (int32_t)sp_rd_le32(r);
		m->top = (int32_t)sp_rd_le32(r);
		m->right = (int32_t)sp_rd_le32(r);
		m->bottom = (int32_t)sp_rd_le32(r);
		m->primary = (sp_rd_le32(r) & MONITOR_PRIMARY) != 0;
	}
	if (sp_rd_ok(r) == SP_OK) {
		out->n = n;
	}
	return sp_rd_ok(r);
}

void sp_misc_monitors_write(struct sp_wr *w, const struct sp_misc_monitors *in)
{
	sp_wr_le32(w, (uint32_t)in->n);
	for (size_t i = 0; i < in->n && i < SP_MISC_MAX_MONITORS; i++) {
		const struct sp_misc_monitor *m = &in->m[i];

		sp_wr_le32(w, (uint32_t)m->left);
		sp_wr_le32(w, (uint32_t)m->top);
		sp_wr_le32(w, (uint32_t)m->right);
		sp_wr_le32(w, (uint32_t)m->bottom);
		sp_wr_le32(w, m->primary ? MONITOR_PRIMARY : 0);
	}
}

int sp_misc_u32_read(struct sp_rd *r, uint32_t *value)
{
	*value = sp_rd_le32(r);
	return sp_rd_ok(r);
}

void sp_misc_u32_write(struct sp_wr *w, uint32_t value)
{
	sp_wr_le32(w, value);
}
