/* core/chan/clip_image.c - see clip_image.h. */
#include "core/chan/clip_image.h"

#include "core/base/mem.h"
#include "core/base/rd.h"

#define CORE_HEAD 12 /* BITMAPCOREHEADER */
#define INFO_HEAD 40 /* BITMAPINFOHEADER */
#define V4_HEAD 108
#define V5_HEAD 124
#define HEAD_MAX 4096 /* no header is near that */

#define BI_RGB 0
#define BI_BITFIELDS 3
#define BI_ALPHABITFIELDS 6
#define LCS_SRGB 0x73524742 /* "sRGB" */
#define LCS_GM_IMAGES 4

enum {
	RED,
	GREEN,
	BLUE,
	ALPHA,
	CHANNELS
};

struct dib {
	uint32_t w, h;
	bool top_down;
	unsigned bits;
	uint32_t mask[CHANNELS];
	size_t n_colours; /* INVARIANT: n_colours <= 256 */
	uint8_t colour[256][4]; /* BGRA */
	size_t stride;
	struct sp_span pixels;
};

void sp_clip_image_finish(struct sp_clip_image *image)
{
	sp_free(image->bgra);
	*image = (struct sp_clip_image){0};
}

/* ---- reading ---- */

static int read_size(struct sp_rd *r, uint32_t head, struct dib *d)
{
	int64_t w, h;

	if (head == CORE_HEAD) {
		w = sp_rd_le16(r);
		h = sp_rd_le16(r);
	} else {
		w = (int32_t)sp_rd_le32(r);
		h = (int32_t)sp_rd_le32(r);
	}
	d->top_down = h < 0;
	h = h < 0 ? -h : h;
	if (sp_rd_ok(r) != SP_OK) {
		return sp_rd_ok(r);
	}
	if (!(1 <= w && 1 <= h)) {
		return sp_rd_fail(r, SP_ECODEC, "dib.biWidth");
	}
	if (!(w <= SP_CLIP_IMAGE_SIDE && h <= SP_CLIP_IMAGE_SIDE &&
			    w * h <= SP_CLIP_IMAGE_PIXELS)) {
		return sp_rd_fail(r, SP_ELIMIT, "dib.biWidth");
	}
	d->w = (uint32_t)w;
	d->h = (uint32_t)h;
	return SP_OK;
}

static void default_masks(struct dib *d)
{
	static const uint32_t b16[CHANNELS] = {0x7C00, 0x03E0, 0x001F, 0};
	static const uint32_t b32[CHANNELS] = {0xFF0000, 0x00FF00, 0x0000FF, 0};

	memcpy(d->mask, d->bits == 16 ? b16 : b32, sizeof(d->mask));
}

/* The masks are a part of the header, or three or four numbers behind the shortest one. */
static void read_masks(struct sp_rd *rest, struct sp_rd *r, uint32_t head, uint32_t compression,
		struct dib *d)
{
	struct sp_rd *from = head > INFO_HEAD ? rest : r;
	size_t n = compression == BI_ALPHABITFIELDS || head >= INFO_HEAD + 16 ? CHANNELS : ALPHA;

	for (size_t i = 0; i < n; i++) {
		d->mask[i] = sp_rd_le32(from);
	}
}

static int read_colours(struct sp_rd *r, uint32_t head, uint32_t used, struct dib *d)
{
	size_t entry = head == CORE_HEAD ? 3 : 4;
	size_t most = d->bits <= 8 ? (size_t)1 << d->bits : 0;

	/* With more bits it is a hint for displays with a palette, and only to be skipped. */
	if (!(used <= 256)) {
		return sp_rd_fail(r, SP_ELIMIT, "dib.biClrUsed");
	}
	size_t n = used > 0 ? used : most;
	for (size_t i = 0; i < n; i++) {
		uint8_t *c = d->colour[i];

		sp_rd_copy(r, c, 3);
		sp_rd_skip(r, entry - 3);
		c[3] = 0xFF;
	}
	d->n_colours = n < most ? n : most;
	return sp_rd_ok(r);
}

static int read_head(struct sp_rd *r, struct dib *d)
{
	uint32_t head = sp_rd_le32(r), compression = BI_RGB, used = 0;

	if (sp_rd_ok(r) != SP_OK) {
		return sp_rd_ok(r);
	}
	if (!(head == CORE_HEAD || (INFO_HEAD <= head && head <= HEAD_MAX))) {
		return sp_rd_fail(r, SP_ECODEC, "dib.biSize");
	}
	struct sp_rd rest = sp_rd_sub(r, head - 4);
	int rc = read_size(&rest, head, d);
	if (rc != SP_OK) {
		return rc;
	}
	sp_rd_skip(&rest, 2); /* biPlanes */
	d->bits = sp_rd_le16(&rest);
	if (head >= INFO_HEAD) {
		compression = sp_rd_le32(&rest);
		sp_rd_skip(&rest, 4 + 4 + 4); /* biSizeImage, bi[XY]PelsPerMeter */
		used = sp_rd_le32(&rest);
		sp_rd_skip(&rest, 4); /* biClrImportant */
	}
	switch (d->bits) {
	case 1:
	case 4:
	case 8:
	case 24:
		if (compression != BI_RGB) {
			return sp_rd_fail(r, SP_ECODEC, "dib.biCompression");
		}
		break;
	case 16:
	case 32:
		if (compression != BI_RGB && compression != BI_BITFIELDS &&
				compression != BI_ALPHABITFIELDS) {
			return sp_rd_fail(r, SP_ECODEC, "dib.biCompression");
		}
		break;
	default:
		return sp_rd_fail(r, SP_ECODEC, "dib.biBitCount");
	}
	default_masks(d);
	if (compression != BI_RGB) {
		memset(d->mask, 0, sizeof(d->mask));
		read_masks(&rest, r, head, compression, d);
	} else if (d->bits == 32 && head >= V4_HEAD) {
		sp_rd_skip(&rest, 3 * 4);
		d->mask[ALPHA] = sp_rd_le32(&rest);
	}
	return read_colours(r, head, used, d);
}

/* How to get eight bits out of a mask: shift right, and how many bits are there. */
struct channel {
	uint32_t mask;
	unsigned shift, bits;
};

static struct channel channel_of(uint32_t mask)
{
	struct channel c = {.mask = mask};

	while (mask && !(mask & 1)) {
		mask >>= 1;
		c.shift++;
	}
	while (mask & 1) {
		mask >>= 1;
		c.bits++;
	}
	return c;
}

static uint8_t scale(const struct channel *c, uint32_t pixel)
{
	uint32_t v = (pixel & c->mask) >> c->shift;

	if (c->bits == 8) {
		return (uint8_t)v;
	}
	if (c->bits > 8) {
		return (uint8_t)(v >> (c->bits - 8));
	}
	return c->bits == 0 ? 0 : (uint8_t)(v * 255 / ((1u << c->bits) - 1));
}

static void read_masked_row(
		const struct dib *d, const struct channel *ch, const uint8_t *from, uint8_t *to)
{
	size_t bytes = d->bits / 8;

	for (uint32_t x = 0; x < d->w; x++, from += bytes, to += 4) {
		uint32_t p = from[0] | (uint32_t)from[1] << 8;

		if (bytes == 4) {
			p |= (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
		}
		to[0] = scale(&ch[BLUE], p);
		to[1] = scale(&ch[GREEN], p);
		to[2] = scale(&ch[RED], p);
		to[3] = scale(&ch[ALPHA], p);
	}
}

static void read_row(
		const struct dib *d, const struct channel *ch, const uint8_t *from, uint8_t *to)
{
	static const uint8_t black[4] = {0, 0, 0, 0xFF};

	if (d->bits >= 16 && d->bits != 24) {
		read_masked_row(d, ch, from, to);
		return;
	}
	for (uint32_t x = 0; x < d->w; x++, to += 4) {
		if (d->bits == 24) {
			memcpy(to, from + 3 * (size_t)x, 3);
			to[3] = 0xFF;
			continue;
		}
		size_t bit = (size_t)x * d->bits;
		unsigned i = from[bit / 8] >> (8 - d->bits - bit % 8) & ((1u << d->bits) - 1);

		memcpy(to, i < d->n_colours ? d->colour[i] : black, 4);
	}
}

/* Programs leave the alpha of an opaque picture zero; nobody copies one that cannot be seen. */
static bool any_alpha(const uint8_t *bgra, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bgra[4 * i + 3] != 0) {
			return true;
		}
	}
	return false;
}

static void opaque(uint8_t *bgra, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bgra[4 * i + 3] = 0xFF;
	}
}

int sp_clip_dib_read(struct sp_span dib, struct sp_clip_image *out)
{
	struct channel ch[CHANNELS];
	struct dib d = {0};
	struct sp_rd r;

	*out = (struct sp_clip_image){0};
	sp_rd_init(&r, dib.p, dib.n);
	int rc = read_head(&r, &d);
	if (rc != SP_OK) {
		return rc;
	}
	d.stride = ((size_t)d.w * d.bits + 31) / 32 * 4;
	/* A V5 header with masks may have them again behind it: pixels are then at the very end. */
	d.pixels = sp_rd_span(&r, d.stride * d.h);
	if (sp_rd_ok(&r) != SP_OK) {
		return sp_rd_ok(&r);
	}
	size_t n = (size_t)d.w * d.h;
	out->bgra = sp_malloc(n * 4);
	if (!out->bgra) {
		return SP_ENOMEM;
	}
	out->w = d.w;
	out->h = d.h;
	for (size_t i = 0; i < CHANNELS; i++) {
		ch[i] = channel_of(d.mask[i]);
	}
	for (uint32_t y = 0; y < d.h; y++) {
		uint32_t row = d.top_down ? y : d.h - 1 - y;

		read_row(&d, ch, d.pixels.p + row * d.stride, out->bgra + (size_t)y * d.w * 4);
	}
	bool masked = d.bits == 16 || d.bits == 32;
	out->alpha = masked && d.mask[ALPHA] != 0 && any_alpha(out->bgra, n);
	if (masked && !out->alpha) {
		opaque(out->bgra, n);
	}
	return SP_OK;
}

/* ---- writing ---- */

static bool possible(uint32_t width, uint32_t height)
{
	return 1 <= width && width <= SP_CLIP_IMAGE_SIDE && 1 <= height &&
			height <= SP_CLIP_IMAGE_SIDE &&
			(uint64_t)width * height <= SP_CLIP_IMAGE_PIXELS;
}

static void write_info(struct sp_wr *w, uint32_t head, uint32_t width, uint32_t height,
		uint32_t compression)
{
	sp_wr_le32(w, head);
	sp_wr_le32(w, width);
	sp_wr_le32(w, height);
	sp_wr_le16(w, 1); /* biPlanes */
	sp_wr_le16(w, 32);
	sp_wr_le32(w, compression);
	sp_wr_le32(w, width * height * 4); /* biSizeImage */
	sp_wr_zero(w, 4 * 4);
}

static void write_rows(struct sp_wr *w, const uint8_t *pixels, size_t stride, uint32_t width,
		uint32_t height, bool alpha)
{
	size_t row = (size_t)width * 4;
	uint8_t *to = sp_wr_room(w, row * height);

	for (uint32_t y = height; to && y > 0; y--, to += row) {
		memcpy(to, pixels + (y - 1) * stride, row);
		for (uint32_t x = 0; !alpha && x < width; x++) {
			to[4 * (size_t)x + 3] = 0;
		}
	}
}

int sp_clip_dib_write(struct sp_wr *w, const uint8_t *pixels, size_t stride, uint32_t width,
		uint32_t height)
{
	if (!possible(width, height)) {
		return SP_ELIMIT;
	}
	write_info(w, INFO_HEAD, width, height, BI_RGB);
	write_rows(w, pixels, stride, width, height, false);
	return sp_wr_ok(w);
}

int sp_clip_dibv5_write(struct sp_wr *w, const uint8_t *bgra, size_t stride, uint32_t width,
		uint32_t height)
{
	if (!possible(width, height)) {
		return SP_ELIMIT;
	}
	write_info(w, V5_HEAD, width, height, BI_BITFIELDS);
	sp_wr_le32(w, 0x00FF0000);
	sp_wr_le32(w, 0x0000FF00);
	sp_wr_le32(w, 0x000000FF);
	sp_wr_le32(w, 0xFF000000);
	sp_wr_le32(w, LCS_SRGB);
	sp_wr_zero(w, 36 /* bV5Endpoints */ + 12 /* bV5Gamma* */);
	sp_wr_le32(w, LCS_GM_IMAGES);
	sp_wr_zero(w, 4 /* bV5ProfileData */ + 4 /* bV5ProfileSize */ + 4 /* bV5Reserved */);
	write_rows(w, bgra, stride, width, height, true);
	return sp_wr_ok(w);
}

/* ---- .bmp files ---- */

int sp_clip_bmp_head_write(struct sp_wr *w, struct sp_span dib)
{
	struct dib d = {0};
	struct sp_rd r;

	sp_rd_init(&r, dib.p, dib.n);
	int rc = read_head(&r, &d);
	if (rc != SP_OK) {
		return rc;
	}
	if (!(dib.n <= UINT32_MAX - SP_CLIP_BMP_HEAD)) {
		return SP_ELIMIT;
	}
	sp_wr_put(w, "BM", 2);
	sp_wr_le32(w, (uint32_t)(SP_CLIP_BMP_HEAD + dib.n));
	sp_wr_zero(w, 4);
	sp_wr_le32(w, (uint32_t)(SP_CLIP_BMP_HEAD + sp_rd_at(&r)));
	return sp_wr_ok(w);
}

int sp_clip_bmp_read(struct sp_span file, struct sp_span *dib)
{
	if (!(SP_CLIP_BMP_HEAD + 4 <= file.n) || file.p[0] != 'B' || file.p[1] != 'M') {
		return SP_ECODEC;
	}
	*dib = sp_span(file.p + SP_CLIP_BMP_HEAD, file.n - SP_CLIP_BMP_HEAD);
	return SP_OK;
}
