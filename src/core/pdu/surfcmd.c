/* core/pdu/surfcmd.c - see surfcmd.h. */
#include "core/pdu/surfcmd.h"

#define EX_HEADER_PRESENT 0x01
#define ACTION_BEGIN 0
#define ACTION_END 1

static void bits_read(struct sp_rd *r, struct sp_surfcmd *out)
{
	out->left = sp_rd_le16(r);
	out->top = sp_rd_le16(r);
	out->right = sp_rd_le16(r);
	out->bottom = sp_rd_le16(r);
	out->bpp = sp_rd_u8(r);
	out->has_ex = (sp_rd_u8(r) & EX_HEADER_PRESENT) != 0;
	sp_rd_skip(r, 1); /* reserved */
	out->codec = sp_rd_u8(r);
	out->width = sp_rd_le16(r);
	out->height = sp_rd_le16(r);
	uint32_t n = sp_rd_le32(r); /* bitmapDataLength */
	if (out->has_ex) {
		uint64_t high = sp_rd_le32(r);

		out->ex_id = high << 32 | sp_rd_le32(r);
		out->ex_ms = sp_rd_le64(r);
		out->ex_s = sp_rd_le64(r);
	}
	out->data = sp_rd_span(r, n);
	if (sp_rd_ok(r) == SP_OK && (out->width == 0 || out->height == 0)) {
		sp_rd_fail(r, SP_EFIELD, "surfcmd.width");
	}
}

static void bits_write(struct sp_wr *w, const struct sp_surfcmd *in)
{
	sp_wr_le16(w, in->left);
	sp_wr_le16(w, in->top);
	sp_wr_le16(w, in->right);
	sp_wr_le16(w, in->bottom);
	sp_wr_u8(w, in->bpp);
	sp_wr_u8(w, in->has_ex ? EX_HEADER_PRESENT : 0);
	sp_wr_u8(w, 0); /* reserved */
	sp_wr_u8(w, in->codec);
	sp_wr_le16(w, in->width);
	sp_wr_le16(w, in->height);
	size_t len = sp_wr_hole(w, 4);
	if (in->has_ex) {
		sp_wr_le32(w, (uint32_t)(in->ex_id >> 32));
		sp_wr_le32(w, (uint32_t)in->ex_id);
		sp_wr_le64(w, in->ex_ms);
		sp_wr_le64(w, in->ex_s);
	}
	sp_wr_span(w, in->data);
	sp_wr_fill_le32(w, len, in->data.n);
}

int sp_surfcmd_read(struct sp_rd *r, struct sp_surfcmd *out)
{
	*out = (struct sp_surfcmd){.type = sp_rd_le16(r)};

	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	switch (out->type) {
	case SP_SURFCMD_SET_BITS:
	case SP_SURFCMD_STREAM_BITS:
		bits_read(r, out);
		break;
	case SP_SURFCMD_FRAME_MARKER: {
		uint16_t action = sp_rd_le16(r);

		out->end = action == ACTION_END;
		out->frame = sp_rd_le32(r);
		if (action > ACTION_END) {
			return sp_rd_fail(r, SP_EFIELD, "surfcmd.frameAction");
		}
		break;
	}
	default:
		return sp_rd_fail(r, SP_EFIELD, "surfcmd.cmdType");
	}
	return sp_rd_ok(r);
}

void sp_surfcmd_write(struct sp_wr *w, const struct sp_surfcmd *in)
{
	sp_wr_le16(w, in->type);
	switch (in->type) {
	case SP_SURFCMD_SET_BITS:
	case SP_SURFCMD_STREAM_BITS:
		bits_write(w, in);
		break;
	case SP_SURFCMD_FRAME_MARKER:
		sp_wr_le16(w, in->end ? ACTION_END : ACTION_BEGIN);
		sp_wr_le32(w, in->frame);
		break;
	default:
		sp_wr_fail(w, SP_EARG);
	}
}
