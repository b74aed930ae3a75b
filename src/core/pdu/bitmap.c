/* core/pdu/bitmap.c - see bitmap.h. */
#include "core/pdu/bitmap.h"

int sp_bitmap_update_read(struct sp_rd *r, uint16_t *type)
{
	*type = sp_rd_le16(r);
	if (!(*type <= SP_UPDATE_SYNCHRONIZE)) {
		return sp_rd_fail(r, SP_EFIELD, "update.updateType");
	}
	return sp_rd_ok(r);
}

int sp_bitmap_read(struct sp_rd *r, size_t *n)
{
	*n = sp_rd_le16(r); /* numberRectangles */
	if (!(*n <= SP_BITMAP_MAX_RECTS)) {
		*n = 0;
		return sp_rd_fail(r, SP_ELIMIT, "bitmap.numberRectangles");
	}
	return sp_rd_ok(r);
}

/* [MS-RDPBCGR] 2.2.9.1.1.3.1.2.3 Compressed Data Header (TS_CD_HEADER) */
static void header_read(struct sp_rd *r, struct sp_bitmap_rect *out)
{
	sp_rd_skip(r, 2); /* cbCompFirstRowSize */
	size_t n = sp_rd_le16(r);
	out->scan_width = sp_rd_le16(r);
	out->uncompressed = sp_rd_le16(r);
	out->data = sp_rd_span(r, n);
}

static bool is_bpp(uint16_t bpp)
{
	return bpp == 8 || bpp == 15 || bpp == 16 || bpp == 24 || bpp == 32;
}

int sp_bitmap_rect_read(struct sp_rd *r, struct sp_bitmap_rect *out)
{
	*out = (struct sp_bitmap_rect){0};

	out->left = sp_rd_le16(r);
	out->top = sp_rd_le16(r);
	out->right = sp_rd_le16(r);
	out->bottom = sp_rd_le16(r);
	out->width = sp_rd_le16(r);
	out->height = sp_rd_le16(r);
	out->bpp = sp_rd_le16(r);
	uint16_t flags = sp_rd_le16(r);
	size_t n = sp_rd_le16(r); /* bitmapLength */
	struct sp_rd sub = sp_rd_sub(r, n);

	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	if (!(out->left <= out->right && out->top <= out->bottom)) {
		return sp_rd_fail(r, SP_EFIELD, "bitmap.dest");
	}
	if (!(1 <= out->width && out->width <= SP_BITMAP_MAX_SIDE && 1 <= out->height &&
			    out->height <= SP_BITMAP_MAX_SIDE)) {
		return sp_rd_fail(r, SP_EFIELD, "bitmap.width");
	}
	if (!is_bpp(out->bpp)) {
		return sp_rd_fail(r, SP_EFIELD, "bitmap.bitsPerPixel");
	}
	out->compressed = (flags & SP_BITMAP_COMPRESSION) != 0;
	out->has_header = out->compressed && !(flags & SP_BITMAP_NO_COMPRESSION_HDR);
	if (out->has_header) {
		sub.what = "bitmap.bitmapComprHdr";
		header_read(&sub, out);
	} else {
		out->data = sp_rd_rest(&sub);
	}
	return sp_rd_ok(&sub);
}

void sp_bitmap_write(struct sp_wr *w, uint16_t n)
{
	sp_wr_le16(w, SP_UPDATE_BITMAP);
	sp_wr_le16(w, n);
}

void sp_bitmap_rect_write(struct sp_wr *w, const struct sp_bitmap_rect *in)
{
	bool header = in->compressed && in->has_header;
	uint16_t flags = 0;

	if (in->compressed) {
		flags = SP_BITMAP_COMPRESSION | (header ? 0 : SP_BITMAP_NO_COMPRESSION_HDR);
	}
	sp_wr_le16(w, in->left);
	sp_wr_le16(w, in->top);
	sp_wr_le16(w, in->right);
	sp_wr_le16(w, in->bottom);
	sp_wr_le16(w, in->width);
	sp_wr_le16(w, in->height);
	sp_wr_le16(w, in->bpp);
	sp_wr_le16(w, flags);
	size_t len = sp_wr_hole(w, 2);
	if (header) {
		sp_wr_le16(w, 0); /* cbCompFirstRowSize */
		size_t body = sp_wr_hole(w, 2);
		sp_wr_fill_le16(w, body, in->data.n);
		sp_wr_le16(w, in->scan_width);
		sp_wr_le16(w, in->uncompressed);
	}
	sp_wr_span(w, in->data);
	sp_wr_fill_le16(w, len, in->data.n + (header ? SP_BITMAP_CD_HEADER : 0));
}

int sp_bitmap_palette_read(struct sp_rd *r, uint8_t rgb[256][3])
{
	sp_rd_skip(r, 2); /* pad2Octets */
	if (sp_rd_le32(r) != 256 && sp_rd_ok(r) == SP_OK) {
		return sp_rd_fail(r, SP_EFIELD, "palette.numberColors");
	}
	for (size_t i = 0; i < 256; i++) {
		sp_rd_copy(r, rgb[i], 3);
	}
	return sp_rd_ok(r);
}

void sp_bitmap_palette_write(struct sp_wr *w, const uint8_t rgb[256][3])
{
	sp_wr_le16(w, SP_UPDATE_PALETTE);
	sp_wr_le16(w, 0); /* pad2Octets */
	sp_wr_le32(w, 256);
	for (size_t i = 0; i < 256; i++) {
		sp_wr_put(w, rgb[i], 3);
	}
}

void sp_bitmap_sync_write(struct sp_wr *w)
{
	sp_wr_le16(w, SP_UPDATE_SYNCHRONIZE);
	sp_wr_le16(w, 0); /* pad2Octets */
}

struct sp_bitmap_rect sp_bitmap_rect_of(struct sp_rect r, unsigned bpp)
{
	uint32_t width = ((uint32_t)r.w + 3) & ~3u;

	return (struct sp_bitmap_rect){.left = (uint16_t)r.x,
			.top = (uint16_t)r.y,
			.right = (uint16_t)(r.x + r.w - 1),
			.bottom = (uint16_t)(r.y + r.h - 1),
			.width = (uint16_t)width,
			.height = (uint16_t)r.h,
			.bpp = (uint16_t)bpp,
			.scan_width = (uint16_t)width,
			.uncompressed = (uint16_t)(width * (uint32_t)r.h * ((bpp + 7) / 8))};
}
