/* core/pdu/line.c - see line.h. */
#include "core/pdu/line.h"

#define TYPE_MARK 1
#define TYPE_REPORT 2

static void type_read(struct sp_rd *r, uint8_t want)
{
	if (sp_rd_u8(r) != want && sp_rd_ok(r) == SP_OK) {
		sp_rd_fail(r, SP_EFIELD, "line.type");
	}
}

int sp_line_mark_read(struct sp_rd *r, uint32_t *id)
{
	type_read(r, TYPE_MARK);
	*id = sp_rd_le32(r);
	return sp_rd_end(r);
}

void sp_line_mark_write(struct sp_wr *w, uint32_t id)
{
	sp_wr_u8(w, TYPE_MARK);
	sp_wr_le32(w, id);
}

int sp_line_read(struct sp_rd *r, struct sp_line *out)
{
	type_read(r, TYPE_REPORT);
	out->mark = sp_rd_le32(r);
	out->rtt_us = sp_rd_le32(r);
	out->rtt_min_us = sp_rd_le32(r);
	out->rate = sp_rd_le64(r);
	out->unsent = sp_rd_le32(r);
	out->limited = sp_rd_u8(r) != 0;
	return sp_rd_end(r);
}

void sp_line_write(struct sp_wr *w, const struct sp_line *in)
{
	sp_wr_u8(w, TYPE_REPORT);
	sp_wr_le32(w, in->mark);
	sp_wr_le32(w, in->rtt_us);
	sp_wr_le32(w, in->rtt_min_us);
	sp_wr_le64(w, in->rate);
	sp_wr_le32(w, in->unsent);
	sp_wr_u8(w, in->limited);
}
