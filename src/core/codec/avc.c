/* core/codec/avc.c - what stands around the H.264 of AVC420 and AVC444 streams; see avc.h. */
#include "core/codec/avc.h"

#include "core/base/err.h"

#define RECT_SIZE (2 /* left */ + 2 /* top */ + 2 /* right */ + 2 /* bottom */)
#define QUANT_SIZE (1 /* qpVal */ + 1 /* qualityVal */)
#define QP_MASK 0x3fu
#define QP_PROGRESSIVE 0x80u
#define QUALITY_MAX 100

/* avc420EncodedBitstreamInfo */
#define SIZE_MASK 0x3fffffffu
#define LC_SHIFT 30
#define LC_BOTH 0u
#define LC_LUMA 1u
#define LC_CHROMA 2u

int sp_avc_meta_read(struct sp_rd *r, struct sp_avc_meta *out)
{
	uint32_t n = sp_rd_le32(r); /* numRegionRects */

	*out = (struct sp_avc_meta){0};
	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	if (n > SP_AVC_REGIONS) {
		return sp_rd_fail(r, SP_ELIMIT, "avc.numRegionRects");
	}
	out->n = n;
	out->rects = sp_rd_span(r, (size_t)n * RECT_SIZE);
	out->quants = sp_rd_span(r, (size_t)n * QUANT_SIZE);
	return sp_rd_ok(r);
}

int sp_avc_meta_region(const struct sp_avc_meta *m, uint32_t i, uint32_t w, uint32_t h,
		struct sp_avc_region *out)
{
	struct sp_rd r;

	if (!(i < m->n)) {
		return SP_EARG;
	}
	sp_rd_init(&r, m->rects.p + (size_t)i * RECT_SIZE, RECT_SIZE);
	uint16_t left = sp_rd_le16(&r), top = sp_rd_le16(&r);
	uint16_t right = sp_rd_le16(&r), bottom = sp_rd_le16(&r);
	uint8_t qp = m->quants.p[(size_t)i * QUANT_SIZE];
	uint8_t quality = m->quants.p[(size_t)i * QUANT_SIZE + 1];

	if (!(left <= right && top <= bottom)) {
		return SP_EFIELD;
	}
	struct sp_rect rect = {left, top, right - left, bottom - top};

	out->rect = sp_rect_and(rect, (struct sp_rect){0, 0, (int32_t)w, (int32_t)h});
	/* Only informational: [MS-RDPEGFX] 2.2.4.4.1. What is out of range is brought into it. */
	out->qp = qp & QP_MASK;
	out->qp = out->qp > SP_H264_QP_MAX ? SP_H264_QP_MAX : out->qp;
	out->quality = quality > QUALITY_MAX ? QUALITY_MAX : quality;
	out->progressive = qp & QP_PROGRESSIVE;
	return SP_OK;
}

static bool fits(int32_t v)
{
	return 0 <= v && v <= UINT16_MAX;
}

void sp_avc_meta_write(struct sp_wr *w, const struct sp_avc_region *regions, size_t n)
{
	if (n > SP_AVC_REGIONS) {
		sp_wr_fail(w, SP_EARG);
		return;
	}
	sp_wr_le32(w, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		struct sp_rect r = regions[i].rect;

		if (!(fits(r.x) && fits(r.y) && fits(r.w) && fits(r.h) && fits(r.x + r.w) &&
				    fits(r.y + r.h))) {
			sp_wr_fail(w, SP_EARG);
			return;
		}
		sp_wr_le16(w, (uint16_t)r.x);
		sp_wr_le16(w, (uint16_t)r.y);
		sp_wr_le16(w, (uint16_t)(r.x + r.w));
		sp_wr_le16(w, (uint16_t)(r.y + r.h));
	}
	for (size_t i = 0; i < n; i++) {
		sp_wr_u8(w,
				(uint8_t)((regions[i].qp & QP_MASK) |
						(regions[i].progressive ? QP_PROGRESSIVE : 0)));
		sp_wr_u8(w, regions[i].quality);
	}
}

static int read_part(struct sp_rd *r, struct sp_avc_part *out)
{
	int rc = sp_avc_meta_read(r, &out->meta);

	out->h264 = sp_rd_rest(r);
	return rc;
}

int sp_avc_stream_read(struct sp_span in, enum sp_avc_mode mode, struct sp_avc_stream *out)
{
	struct sp_rd r;

	*out = (struct sp_avc_stream){0};
	sp_rd_init(&r, in.p, in.n);
	if (mode == SP_AVC_420) {
		out->has_luma = true;
		return read_part(&r, &out->luma);
	}
	uint32_t info = sp_rd_le32(&r);
	uint32_t size = info & SIZE_MASK, lc = info >> LC_SHIFT;

	if (sp_rd_ok(&r) != SP_OK) {
		return r.err;
	}
	if (lc > LC_CHROMA) {
		return sp_rd_fail(&r, SP_EFIELD, "avc.LC");
	}
	if (lc == LC_CHROMA) {
		/* By the book there is no YUV420 frame and the size 0; Windows counts what there is. */
		if (size != 0 && size != sp_rd_left(&r)) {
			return sp_rd_fail(&r, SP_EFIELD, "avc.cbAvc420EncodedBitstream1");
		}
		out->has_chroma = true;
		return read_part(&r, &out->chroma);
	}
	out->has_luma = true;
	if (lc == LC_LUMA) {
		/* Nothing follows, so here too a size of 0 tells all there is to know. */
		if (size != 0 && size != sp_rd_left(&r)) {
			return sp_rd_fail(&r, SP_EFIELD, "avc.cbAvc420EncodedBitstream1");
		}
		return read_part(&r, &out->luma);
	}
	struct sp_rd first = sp_rd_sub(&r, size);
	int rc = read_part(&first, &out->luma);

	out->has_chroma = true;
	return rc == SP_OK ? read_part(&r, &out->chroma) : rc;
}
