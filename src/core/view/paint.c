/* core/view/paint.c - see paint.h. */
#include "core/view/paint.h"

#include "core/base/mem.h"
#include "core/base/rd.h"
#include "core/codec/interleaved.h"
#include "core/codec/nsc.h"
#include "core/codec/planar.h"
#include "core/codec/rfx.h"
#include "core/pdu/bitmap.h"
#include "core/pdu/surfcmd.h"

#define SURFCMD_RAW 0 /* codecID */
#define SCRATCH_MAX (4u << 20) /* most pixels of a compressed picture that must be cut */

/* A picture of the wire and where it goes. Rows are bottom-up. */
struct picture {
	struct sp_rect to; /* what is shown of it, from its upper left corner on */
	uint32_t w, h; /* of the picture */
	unsigned depth;
	bool compressed, nsc;
	struct sp_span data;
};

void sp_paint_init(struct sp_paint *p, uint8_t *fb, size_t stride, uint32_t w, uint32_t h)
{
	*p = (struct sp_paint){.fb = fb, .stride = stride, .w = w, .h = h};
	p->id[SP_PAINT_RFX] = SP_PAINT_ID_RFX;
	p->id[SP_PAINT_NSC] = SP_PAINT_ID_NSC;
	sp_pixel_palette332(&p->palette);
}

void sp_paint_finish(struct sp_paint *p)
{
	sp_free(p->scratch);
	p->scratch = NULL;
	p->scratch_n = 0;
	sp_rfx_dec_destroy(p->rfx);
	p->rfx = NULL;
}

void sp_paint_target(struct sp_paint *p, uint8_t *fb, size_t stride, uint32_t w, uint32_t h)
{
	p->fb = fb;
	p->stride = stride;
	p->w = w;
	p->h = h;
}

static int decode(const struct sp_paint *p, const struct picture *pic, uint8_t *last,
		ptrdiff_t stride)
{
	if (pic->nsc) {
		return sp_nsc_decode(pic->data.p, pic->data.n, last, -stride, pic->w, pic->h);
	}
	if (pic->depth == 32) {
		return sp_planar_decode(pic->data.p, pic->data.n, last, -stride, pic->w, pic->h);
	}
	return sp_interleaved_decode(pic->depth, &p->palette, pic->data.p, pic->data.n, last,
			-stride, pic->w, pic->h);
}

static uint8_t *frame_at(const struct sp_paint *p, int32_t x, int32_t y)
{
	return p->fb + (size_t)y * p->stride + 4 * (size_t)x;
}

/* Through the scratch, because not all of the picture has a place in the frame. */
static int paint_cut(struct sp_paint *p, const struct picture *pic, struct sp_rect shown)
{
	size_t n = 4 * (size_t)pic->w * pic->h, stride = 4 * (size_t)pic->w;
	int rc;

	if (!((uint64_t)pic->w * pic->h <= SCRATCH_MAX)) {
		return SP_ELIMIT;
	}
	if (p->scratch_n < n) {
		uint8_t *more = sp_realloc(p->scratch, n);

		if (!more) {
			return SP_ENOMEM;
		}
		p->scratch = more;
		p->scratch_n = n;
	}
	rc = decode(p, pic, p->scratch + (pic->h - 1) * stride, (ptrdiff_t)stride);
	if (rc != SP_OK) {
		return rc;
	}
	for (int32_t y = shown.y; y < shown.y + shown.h; y++) {
		const uint8_t *from = p->scratch + (size_t)(y - pic->to.y) * stride +
				4 * (size_t)(shown.x - pic->to.x);

		memcpy(frame_at(p, shown.x, y), from, 4 * (size_t)shown.w);
	}
	return SP_OK;
}

static int paint_raw(struct sp_paint *p, const struct picture *pic, struct sp_rect shown)
{
	size_t bytes = sp_pixel_bytes(pic->depth), row = (pic->w * bytes + 3) & ~(size_t)3;

	/* The last row may come without its padding. */
	if (!(pic->data.n >= row * (pic->h - 1) + pic->w * bytes)) {
		return SP_ESHORT;
	}
	for (int32_t y = shown.y; y < shown.y + shown.h; y++) {
		size_t up = pic->h - 1 - (size_t)(y - pic->to.y);
		const uint8_t *from =
				pic->data.p + up * row + (size_t)(shown.x - pic->to.x) * bytes;

		sp_pixel_unpack(pic->depth, &p->palette, frame_at(p, shown.x, y), from,
				(size_t)shown.w);
	}
	return SP_OK;
}

static int paint(struct sp_paint *p, const struct picture *pic, struct sp_rect *changed)
{
	struct sp_rect frame = {0, 0, (int32_t)p->w, (int32_t)p->h};
	struct sp_rect shown = sp_rect_and(pic->to, frame);
	bool whole = shown.w == (int32_t)pic->w && shown.h == (int32_t)pic->h;
	int rc;

	if (sp_rect_empty(shown)) {
		return SP_OK;
	}
	*changed = sp_rect_or(*changed, shown);
	if (!pic->compressed) {
		return paint_raw(p, pic, shown);
	}
	if (!whole) {
		rc = paint_cut(p, pic, shown);
	} else {
		rc = decode(p, pic, frame_at(p, shown.x, shown.y + shown.h - 1),
				(ptrdiff_t)p->stride);
	}
	/* A size out of range is the peer's doing here. */
	return rc == SP_EARG ? SP_ELIMIT : rc;
}

int sp_paint_bitmap(struct sp_paint *p, struct sp_span body, struct sp_rect *changed)
{
	struct sp_bitmap_rect b;
	struct sp_rd r;
	uint16_t type;
	size_t n;
	int rc;

	*changed = (struct sp_rect){0, 0, 0, 0};
	sp_rd_init(&r, body.p, body.n);
	rc = sp_bitmap_update_read(&r, &type);
	if (rc == SP_OK && type != SP_UPDATE_BITMAP) {
		rc = sp_rd_fail(&r, SP_EFIELD, "update.updateType");
	}
	if (rc == SP_OK) {
		rc = sp_bitmap_read(&r, &n);
	}
	if (rc != SP_OK) {
		return rc;
	}
	for (; n > 0; n--) {
		rc = sp_bitmap_rect_read(&r, &b);
		if (rc != SP_OK) {
			return rc;
		}
		int32_t w = b.right - b.left + 1, h = b.bottom - b.top + 1;
		struct picture pic = {
				.to = {b.left, b.top, w < b.width ? w : b.width,
						h < b.height ? h : b.height},
				.w = b.width,
				.h = b.height,
				.depth = b.bpp,
				.compressed = b.compressed,
				.data = b.data,
		};
		rc = paint(p, &pic, changed);
		if (rc != SP_OK) {
			return rc;
		}
	}
	return SP_OK;
}

int sp_paint_palette(struct sp_paint *p, struct sp_span body)
{
	uint8_t rgb[256][3];
	struct sp_rd r;
	uint16_t type;
	int rc;

	sp_rd_init(&r, body.p, body.n);
	rc = sp_bitmap_update_read(&r, &type);
	if (rc == SP_OK && type != SP_UPDATE_PALETTE) {
		rc = sp_rd_fail(&r, SP_EFIELD, "update.updateType");
	}
	if (rc == SP_OK) {
		rc = sp_bitmap_palette_read(&r, rgb);
	}
	if (rc != SP_OK) {
		return rc;
	}
	for (size_t i = 0; i < 256; i++) {
		p->palette.bgrx[i] = 0xff000000u | (uint32_t)rgb[i][0] << 16 |
				(uint32_t)rgb[i][1] << 8 | rgb[i][2];
	}
	return SP_OK;
}

/* Whole frames, whose rectangles count from left, top and need not stay within the command's. */
static int paint_rfx(struct sp_paint *p, const struct sp_surfcmd *s, struct sp_rect *changed)
{
	struct sp_rect area;

	if (!p->rfx) {
		p->rfx = sp_rfx_dec_create();
	}
	if (!p->rfx) {
		return SP_ENOMEM;
	}
	if (!(s->left < p->w && s->top < p->h)) {
		return SP_OK;
	}
	int n = sp_rfx_decode(p->rfx, s->data, frame_at(p, s->left, s->top), p->stride,
			p->w - s->left, p->h - s->top, &area, 1);
	if (n > 0) {
		area.x += s->left;
		area.y += s->top;
		*changed = sp_rect_or(*changed, area);
		p->pixels[SP_PAINT_RFX] += (uint64_t)area.w * (uint64_t)area.h;
	}
	return n < 0 ? n : SP_OK;
}

static enum sp_paint_codec codec_of(const struct sp_paint *p, uint8_t id)
{
	if (id == SURFCMD_RAW) {
		return SP_PAINT_RAW;
	}
	if (id == p->id[SP_PAINT_RFX] || id == p->image_id) {
		return SP_PAINT_RFX;
	}
	return id == p->id[SP_PAINT_NSC] ? SP_PAINT_NSC : SP_PAINT_RAW;
}

static int paint_bits(struct sp_paint *p, const struct sp_surfcmd *s, struct sp_rect *changed)
{
	struct picture pic = {
			.to = {s->left, s->top, s->width, s->height},
			.w = s->width,
			.h = s->height,
			.depth = s->bpp,
			.data = s->data,
	};
	enum sp_paint_codec codec = codec_of(p, s->codec);

	if (codec == SP_PAINT_RAW ? s->codec != SURFCMD_RAW : !p->allowed[codec]) {
		return SP_EPROTO;
	}
	if (codec == SP_PAINT_RFX) {
		return paint_rfx(p, s, changed);
	}
	if (!(sp_pixel_depth_ok(s->bpp) && 1 <= s->width && s->width <= SP_BITMAP_MAX_SIDE &&
			    1 <= s->height && s->height <= SP_BITMAP_MAX_SIDE)) {
		return SP_EFIELD;
	}
	pic.compressed = pic.nsc = codec == SP_PAINT_NSC;
	p->pixels[codec] += (uint64_t)s->width * s->height;
	return paint(p, &pic, changed);
}

int sp_paint_surface(struct sp_paint *p, struct sp_span body, struct sp_rect *changed,
		struct sp_paint_frame *frame)
{
	struct sp_rd r;

	*changed = (struct sp_rect){0, 0, 0, 0};
	if (frame) {
		*frame = (struct sp_paint_frame){false, 0};
	}
	sp_rd_init(&r, body.p, body.n);
	while (sp_rd_left(&r) > 0) {
		struct sp_surfcmd s;
		int rc = sp_surfcmd_read(&r, &s);

		if (rc == SP_OK && s.type != SP_SURFCMD_FRAME_MARKER) {
			rc = paint_bits(p, &s, changed);
		} else if (rc == SP_OK && s.end && frame) {
			*frame = (struct sp_paint_frame){true, s.frame};
		}
		if (rc != SP_OK) {
			return rc;
		}
	}
	return SP_OK;
}
