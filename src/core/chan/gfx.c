/* core/chan/gfx.c - see gfx.h. */
#include "core/chan/gfx.h"

#include "core/base/err.h"

#define RECT_BYTES 8
#define POINT_BYTES 4
#define ENTRY_BYTES 12
#define MONITOR_BYTES 20
#define MONITOR_PRIMARY 1u
#define CAPS_BYTES 4
#define CAPS_BYTES_101 16

/* ---- pieces ---- */

int sp_gfx_next(struct sp_rd *r, uint16_t *cmd, struct sp_rd *body)
{
	*cmd = sp_rd_le16(r);
	sp_rd_le16(r); /* flags */
	uint32_t length = sp_rd_le32(r);

	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	if (!(length >= SP_GFX_HEAD)) {
		return sp_rd_fail(r, SP_EFIELD, "gfx.pduLength");
	}
	*body = sp_rd_sub(r, length - SP_GFX_HEAD);
	return sp_rd_ok(r);
}

size_t sp_gfx_begin(struct sp_wr *w, uint16_t cmd)
{
	sp_wr_le16(w, cmd);
	sp_wr_le16(w, 0); /* flags */
	return sp_wr_hole(w, 4);
}

void sp_gfx_end(struct sp_wr *w, size_t mark)
{
	sp_wr_fill_le32(w, mark, w->n - (mark - 4));
}

static struct sp_rect read_rect(struct sp_rd *r)
{
	int32_t left = sp_rd_le16(r), top = sp_rd_le16(r);
	int32_t right = sp_rd_le16(r), bottom = sp_rd_le16(r);

	if (!(left <= right && top <= bottom)) {
		sp_rd_fail(r, SP_EFIELD, "gfx.rect");
		return (struct sp_rect){0, 0, 0, 0};
	}
	return (struct sp_rect){left, top, right - left, bottom - top};
}

static void write_rect(struct sp_wr *w, struct sp_rect v)
{
	if (!(v.x >= 0 && v.y >= 0 && v.w >= 0 && v.h >= 0 && v.x <= UINT16_MAX &&
			    v.y <= UINT16_MAX && v.w <= UINT16_MAX - v.x &&
			    v.h <= UINT16_MAX - v.y)) {
		sp_wr_fail(w, SP_EARG);
		return;
	}
	sp_wr_le16(w, (uint16_t)v.x);
	sp_wr_le16(w, (uint16_t)v.y);
	sp_wr_le16(w, (uint16_t)(v.x + v.w));
	sp_wr_le16(w, (uint16_t)(v.y + v.h));
}

static void write_count(struct sp_wr *w, size_t n, size_t most)
{
	if (!(n <= most)) {
		sp_wr_fail(w, SP_EARG);
	}
	sp_wr_le16(w, (uint16_t)n);
}

struct sp_rect sp_gfx_rect_at(struct sp_span rects, size_t i)
{
	struct sp_rd r;

	sp_rd_init(&r, rects.p, rects.n);
	sp_rd_skip(&r, i * RECT_BYTES);
	return read_rect(&r);
}

struct sp_gfx_point sp_gfx_point_at(struct sp_span points, size_t i)
{
	struct sp_gfx_point p;
	struct sp_rd r;

	sp_rd_init(&r, points.p, points.n);
	sp_rd_skip(&r, i * POINT_BYTES);
	p.x = (int16_t)sp_rd_le16(&r);
	p.y = (int16_t)sp_rd_le16(&r);
	return p;
}

struct sp_gfx_entry sp_gfx_entry_at(struct sp_span entries, size_t i)
{
	struct sp_gfx_entry e;
	struct sp_rd r;

	sp_rd_init(&r, entries.p, entries.n);
	sp_rd_skip(&r, i * ENTRY_BYTES);
	e.key = sp_rd_le64(&r);
	e.bytes = sp_rd_le32(&r);
	return e;
}

uint16_t sp_gfx_slot_at(struct sp_span slots, size_t i)
{
	struct sp_rd r;

	sp_rd_init(&r, slots.p, slots.n);
	sp_rd_skip(&r, i * 2);
	return sp_rd_le16(&r);
}

static void read_points(struct sp_rd *r, size_t *n, struct sp_span *points)
{
	*n = sp_rd_le16(r);
	*points = sp_rd_span(r, *n * POINT_BYTES);
}

static void write_points(struct sp_wr *w, const struct sp_gfx_point *points, size_t n)
{
	write_count(w, n, UINT16_MAX);
	for (size_t i = 0; i < n && sp_wr_ok(w) == SP_OK; i++) {
		sp_wr_le16(w, (uint16_t)points[i].x);
		sp_wr_le16(w, (uint16_t)points[i].y);
	}
}

/* ---- pixels ---- */

int sp_gfx_bits_read(struct sp_rd *r, struct sp_gfx_bits *out)
{
	out->surface = sp_rd_le16(r);
	out->codec = sp_rd_le16(r);
	out->context = 0;
	out->format = sp_rd_u8(r);
	out->to = read_rect(r);
	uint32_t n = sp_rd_le32(r);
	out->data = sp_rd_span(r, n);
	return sp_rd_end(r);
}

size_t sp_gfx_bits_begin(struct sp_wr *w, const struct sp_gfx_bits *in)
{
	size_t mark = sp_gfx_begin(w, SP_GFX_BITS);

	sp_wr_le16(w, in->surface);
	sp_wr_le16(w, in->codec);
	sp_wr_u8(w, in->format);
	write_rect(w, in->to);
	sp_wr_hole(w, 4); /* bitmapDataLength */
	return mark;
}

void sp_gfx_bits_end(struct sp_wr *w, size_t mark)
{
	size_t at = mark + 4 + 2 /* surfaceId */ + 2 /* codecId */ + 1 /* pixelFormat */ +
			RECT_BYTES;

	sp_wr_fill_le32(w, at, w->n - at - 4);
	sp_gfx_end(w, mark);
}

int sp_gfx_bits2_read(struct sp_rd *r, struct sp_gfx_bits *out)
{
	out->surface = sp_rd_le16(r);
	out->codec = sp_rd_le16(r);
	out->context = sp_rd_le32(r);
	out->format = sp_rd_u8(r);
	out->to = (struct sp_rect){0, 0, 0, 0};
	uint32_t n = sp_rd_le32(r);
	out->data = sp_rd_span(r, n);
	return sp_rd_end(r);
}

size_t sp_gfx_bits2_begin(struct sp_wr *w, const struct sp_gfx_bits *in)
{
	size_t mark = sp_gfx_begin(w, SP_GFX_BITS2);

	sp_wr_le16(w, in->surface);
	sp_wr_le16(w, in->codec);
	sp_wr_le32(w, in->context);
	sp_wr_u8(w, in->format);
	sp_wr_hole(w, 4); /* bitmapDataLength */
	return mark;
}

void sp_gfx_bits2_end(struct sp_wr *w, size_t mark)
{
	size_t at = mark + 4 + 2 /* surfaceId */ + 2 /* codecId */ + 4 /* codecContextId */ +
			1 /* pixelFormat */;

	sp_wr_fill_le32(w, at, w->n - at - 4);
	sp_gfx_end(w, mark);
}

int sp_gfx_forget_read(struct sp_rd *r, struct sp_gfx_forget *out)
{
	out->surface = sp_rd_le16(r);
	out->context = sp_rd_le32(r);
	return sp_rd_end(r);
}

void sp_gfx_forget_write(struct sp_wr *w, const struct sp_gfx_forget *in)
{
	size_t mark = sp_gfx_begin(w, SP_GFX_FORGET);

	sp_wr_le16(w, in->surface);
	sp_wr_le32(w, in->context);
	sp_gfx_end(w, mark);
}

int sp_gfx_fill_read(struct sp_rd *r, struct sp_gfx_fill *out)
{
	out->surface = sp_rd_le16(r);
	out->pixel = sp_rd_le32(r);
	out->n = sp_rd_le16(r);
	out->rects = sp_rd_span(r, out->n * RECT_BYTES);
	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	struct sp_rd each;
	sp_rd_init(&each, out->rects.p, out->rects.n);
	for (size_t i = 0; i < out->n; i++) {
		read_rect(&each);
	}
	if (sp_rd_ok(&each) != SP_OK) {
		return sp_rd_fail(r, SP_EFIELD, "gfx.fillRects");
	}
	return sp_rd_end(r);
}

void sp_gfx_fill_write(struct sp_wr *w, const struct sp_gfx_fill *in, const struct sp_rect *rects,
		size_t n)
{
	size_t mark = sp_gfx_begin(w, SP_GFX_FILL);

	sp_wr_le16(w, in->surface);
	sp_wr_le32(w, in->pixel);
	write_count(w, n, UINT16_MAX);
	for (size_t i = 0; i < n && sp_wr_ok(w) == SP_OK; i++) {
		write_rect(w, rects[i]);
	}
	sp_gfx_end(w, mark);
}

int sp_gfx_copy_read(struct sp_rd *r, struct sp_gfx_copy *out)
{
	out->from = sp_rd_le16(r);
	out->to = sp_rd_le16(r);
	out->rect = read_rect(r);
	read_points(r, &out->n, &out->points);
	return sp_rd_end(r);
}

void sp_gfx_copy_write(struct sp_wr *w, const struct sp_gfx_copy *in,
		const struct sp_gfx_point *points, size_t n)
{
	size_t mark = sp_gfx_begin(w, SP_GFX_COPY);

	sp_wr_le16(w, in->from);
	sp_wr_le16(w, in->to);
	write_rect(w, in->rect);
	write_points(w, points, n);
	sp_gfx_end(w, mark);
}

/* ---- cache ---- */

int sp_gfx_store_read(struct sp_rd *r, struct sp_gfx_store *out)
{
	out->surface = sp_rd_le16(r);
	out->key = sp_rd_le64(r);
	out->slot = sp_rd_le16(r);
	out->rect = read_rect(r);
	return sp_rd_end(r);
}

void sp_gfx_store_write(struct sp_wr *w, const struct sp_gfx_store *in)
{
	size_t mark = sp_gfx_begin(w, SP_GFX_STORE);

	sp_wr_le16(w, in->surface);
	sp_wr_le64(w, in->key);
	sp_wr_le16(w, in->slot);
	write_rect(w, in->rect);
	sp_gfx_end(w, mark);
}

int sp_gfx_paste_read(struct sp_rd *r, struct sp_gfx_paste *out)
{
	out->slot = sp_rd_le16(r);
	out->surface = sp_rd_le16(r);
	read_points(r, &out->n, &out->points);
	return sp_rd_end(r);
}

void sp_gfx_paste_write(struct sp_wr *w, const struct sp_gfx_paste *in,
		const struct sp_gfx_point *points, size_t n)
{
	size_t mark = sp_gfx_begin(w, SP_GFX_PASTE);

	sp_wr_le16(w, in->slot);
	sp_wr_le16(w, in->surface);
	write_points(w, points, n);
	sp_gfx_end(w, mark);
}

static int read_list(struct sp_rd *r, size_t each, struct sp_gfx_list *out)
{
	out->n = sp_rd_le16(r);
	if (sp_rd_ok(r) == SP_OK && !(out->n <= SP_GFX_MAX_OFFER)) {
		return sp_rd_fail(r, SP_ELIMIT, "gfx.cacheEntriesCount");
	}
	out->entries = sp_rd_span(r, out->n * each);
	return sp_rd_end(r);
}

int sp_gfx_offer_read(struct sp_rd *r, struct sp_gfx_list *out)
{
	return read_list(r, ENTRY_BYTES, out);
}

void sp_gfx_offer_write(struct sp_wr *w, const struct sp_gfx_entry *v, size_t n)
{
	size_t mark = sp_gfx_begin(w, SP_GFX_OFFER);

	write_count(w, n, SP_GFX_MAX_OFFER);
	for (size_t i = 0; i < n && sp_wr_ok(w) == SP_OK; i++) {
		sp_wr_le64(w, v[i].key);
		sp_wr_le32(w, v[i].bytes);
	}
	sp_gfx_end(w, mark);
}

int sp_gfx_reply_read(struct sp_rd *r, struct sp_gfx_list *out)
{
	return read_list(r, 2, out);
}

void sp_gfx_reply_write(struct sp_wr *w, const uint16_t *slots, size_t n)
{
	size_t mark = sp_gfx_begin(w, SP_GFX_REPLY);

	write_count(w, n, SP_GFX_MAX_OFFER);
	for (size_t i = 0; i < n && sp_wr_ok(w) == SP_OK; i++) {
		sp_wr_le16(w, slots[i]);
	}
	sp_gfx_end(w, mark);
}

/* ---- surfaces and output ---- */

int sp_gfx_create_read(struct sp_rd *r, struct sp_gfx_create *out)
{
	out->surface = sp_rd_le16(r);
	out->w = sp_rd_le16(r);
	out->h = sp_rd_le16(r);
	out->format = sp_rd_u8(r);
	if (sp_rd_ok(r) == SP_OK && out->format != SP_GFX_XRGB && out->format != SP_GFX_ARGB) {
		return sp_rd_fail(r, SP_EFIELD, "gfx.pixelFormat");
	}
	return sp_rd_end(r);
}

void sp_gfx_create_write(struct sp_wr *w, const struct sp_gfx_create *in)
{
	size_t mark = sp_gfx_begin(w, SP_GFX_CREATE);

	sp_wr_le16(w, in->surface);
	sp_wr_le16(w, in->w);
	sp_wr_le16(w, in->h);
	sp_wr_u8(w, in->format);
	sp_gfx_end(w, mark);
}

static void read_map(struct sp_rd *r, struct sp_gfx_map *out)
{
	out->surface = sp_rd_le16(r);
	sp_rd_le16(r); /* reserved */
	out->x = sp_rd_le32(r);
	out->y = sp_rd_le32(r);
	out->w = out->h = 0;
}

static size_t begin_map(struct sp_wr *w, uint16_t cmd, const struct sp_gfx_map *in)
{
	size_t mark = sp_gfx_begin(w, cmd);

	sp_wr_le16(w, in->surface);
	sp_wr_le16(w, 0); /* reserved */
	sp_wr_le32(w, in->x);
	sp_wr_le32(w, in->y);
	return mark;
}

int sp_gfx_map_read(struct sp_rd *r, struct sp_gfx_map *out)
{
	read_map(r, out);
	return sp_rd_end(r);
}

void sp_gfx_map_write(struct sp_wr *w, const struct sp_gfx_map *in)
{
	sp_gfx_end(w, begin_map(w, SP_GFX_MAP, in));
}

int sp_gfx_map_scaled_read(struct sp_rd *r, struct sp_gfx_map *out)
{
	read_map(r, out);
	out->w = sp_rd_le32(r);
	out->h = sp_rd_le32(r);
	return sp_rd_end(r);
}

void sp_gfx_map_scaled_write(struct sp_wr *w, const struct sp_gfx_map *in)
{
	size_t mark = begin_map(w, SP_GFX_MAP_SCALED, in);

	sp_wr_le32(w, in->w);
	sp_wr_le32(w, in->h);
	sp_gfx_end(w, mark);
}

static void read_map_window(struct sp_rd *r, struct sp_gfx_map_window *out)
{
	out->surface = sp_rd_le16(r);
	out->window = sp_rd_le64(r);
	out->w = sp_rd_le32(r);
	out->h = sp_rd_le32(r);
	out->target_w = out->target_h = 0;
}

static size_t begin_map_window(struct sp_wr *w, uint16_t cmd, const struct sp_gfx_map_window *in)
{
	size_t mark = sp_gfx_begin(w, cmd);

	sp_wr_le16(w, in->surface);
	sp_wr_le64(w, in->window);
	sp_wr_le32(w, in->w);
	sp_wr_le32(w, in->h);
	return mark;
}

int sp_gfx_map_window_read(struct sp_rd *r, struct sp_gfx_map_window *out)
{
	read_map_window(r, out);
	return sp_rd_end(r);
}

void sp_gfx_map_window_write(struct sp_wr *w, const struct sp_gfx_map_window *in)
{
	sp_gfx_end(w, begin_map_window(w, SP_GFX_MAP_WINDOW, in));
}

int sp_gfx_map_scaled_window_read(struct sp_rd *r, struct sp_gfx_map_window *out)
{
	read_map_window(r, out);
	out->target_w = sp_rd_le32(r);
	out->target_h = sp_rd_le32(r);
	return sp_rd_end(r);
}

void sp_gfx_map_scaled_window_write(struct sp_wr *w, const struct sp_gfx_map_window *in)
{
	size_t mark = begin_map_window(w, SP_GFX_MAP_SCALED_WINDOW, in);

	sp_wr_le32(w, in->target_w);
	sp_wr_le32(w, in->target_h);
	sp_gfx_end(w, mark);
}

static bool coordinate(int64_t v)
{
	return INT16_MIN <= v && v <= INT16_MAX;
}

/* [MS-RDPBCGR] 2.2.1.3.6.1 Monitor Definition (TS_MONITOR_DEF): right and bottom are inclusive. */
static void read_monitor(struct sp_rd *r, struct sp_gfx_monitor *out)
{
	int32_t left = (int32_t)sp_rd_le32(r), top = (int32_t)sp_rd_le32(r);
	int32_t right = (int32_t)sp_rd_le32(r), bottom = (int32_t)sp_rd_le32(r);

	out->primary = sp_rd_le32(r) & MONITOR_PRIMARY;
	if (!(coordinate(left) && coordinate(top) && coordinate(right) && coordinate(bottom) &&
			    left <= right && top <= bottom)) {
		sp_rd_fail(r, SP_EFIELD, "gfx.monitorDefArray");
		return;
	}
	out->area = (struct sp_rect){left, top, right - left + 1, bottom - top + 1};
}

int sp_gfx_reset_read(struct sp_rd *r, struct sp_gfx_reset *out)
{
	out->w = sp_rd_le32(r);
	out->h = sp_rd_le32(r);
	uint32_t n = sp_rd_le32(r);

	out->n = 0;
	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	if (!(1 <= out->w && out->w <= SP_GFX_MAX_SIDE && 1 <= out->h &&
			    out->h <= SP_GFX_MAX_SIDE)) {
		return sp_rd_fail(r, SP_EFIELD, "gfx.width");
	}
	if (!(n <= SP_GFX_MAX_MONITORS)) {
		return sp_rd_fail(r, SP_ELIMIT, "gfx.monitorCount");
	}
	for (; out->n < n; out->n++) {
		read_monitor(r, &out->monitor[out->n]);
	}
	sp_rd_rest(r); /* pad */
	return sp_rd_end(r);
}

void sp_gfx_reset_write(struct sp_wr *w, const struct sp_gfx_reset *in)
{
	size_t mark = sp_gfx_begin(w, SP_GFX_RESET);

	if (!(in->n <= SP_GFX_MAX_MONITORS)) {
		sp_wr_fail(w, SP_EARG);
		return;
	}
	sp_wr_le32(w, in->w);
	sp_wr_le32(w, in->h);
	sp_wr_le32(w, (uint32_t)in->n);
	for (size_t i = 0; i < in->n; i++) {
		const struct sp_gfx_monitor *m = &in->monitor[i];

		sp_wr_le32(w, (uint32_t)m->area.x);
		sp_wr_le32(w, (uint32_t)m->area.y);
		sp_wr_le32(w, (uint32_t)(m->area.x + m->area.w - 1));
		sp_wr_le32(w, (uint32_t)(m->area.y + m->area.h - 1));
		sp_wr_le32(w, m->primary ? MONITOR_PRIMARY : 0);
	}
	sp_wr_zero(w, SP_GFX_RESET_BYTES - SP_GFX_HEAD - 12 - in->n * MONITOR_BYTES);
	sp_gfx_end(w, mark);
}

/* ---- frames ---- */

int sp_gfx_start_read(struct sp_rd *r, struct sp_gfx_start *out)
{
	out->stamp = sp_rd_le32(r);
	out->frame = sp_rd_le32(r);
	return sp_rd_end(r);
}

void sp_gfx_start_write(struct sp_wr *w, const struct sp_gfx_start *in)
{
	size_t mark = sp_gfx_begin(w, SP_GFX_START);

	sp_wr_le32(w, in->stamp);
	sp_wr_le32(w, in->frame);
	sp_gfx_end(w, mark);
}

int sp_gfx_ack_read(struct sp_rd *r, struct sp_gfx_ack *out)
{
	out->depth = sp_rd_le32(r);
	out->frame = sp_rd_le32(r);
	out->decoded = sp_rd_le32(r);
	return sp_rd_end(r);
}

void sp_gfx_ack_write(struct sp_wr *w, const struct sp_gfx_ack *in)
{
	size_t mark = sp_gfx_begin(w, SP_GFX_ACK);

	sp_wr_le32(w, in->depth);
	sp_wr_le32(w, in->frame);
	sp_wr_le32(w, in->decoded);
	sp_gfx_end(w, mark);
}

int sp_gfx_qoe_read(struct sp_rd *r, struct sp_gfx_qoe *out)
{
	out->frame = sp_rd_le32(r);
	out->stamp = sp_rd_le32(r);
	out->decode_ms = sp_rd_le16(r);
	out->show_ms = sp_rd_le16(r);
	return sp_rd_end(r);
}

void sp_gfx_qoe_write(struct sp_wr *w, const struct sp_gfx_qoe *in)
{
	size_t mark = sp_gfx_begin(w, SP_GFX_QOE);

	sp_wr_le32(w, in->frame);
	sp_wr_le32(w, in->stamp);
	sp_wr_le16(w, in->decode_ms);
	sp_wr_le16(w, in->show_ms);
	sp_gfx_end(w, mark);
}

int sp_gfx_u16_read(struct sp_rd *r, uint16_t *out)
{
	*out = sp_rd_le16(r);
	return sp_rd_end(r);
}

int sp_gfx_u32_read(struct sp_rd *r, uint32_t *out)
{
	*out = sp_rd_le32(r);
	return sp_rd_end(r);
}

void sp_gfx_u16_write(struct sp_wr *w, uint16_t cmd, uint16_t v)
{
	size_t mark = sp_gfx_begin(w, cmd);

	sp_wr_le16(w, v);
	sp_gfx_end(w, mark);
}

void sp_gfx_u32_write(struct sp_wr *w, uint16_t cmd, uint32_t v)
{
	size_t mark = sp_gfx_begin(w, cmd);

	sp_wr_le32(w, v);
	sp_gfx_end(w, mark);
}

/* ---- capabilities ---- */

static const struct {
	uint32_t version, flags;
} versions[] = {
		{SP_GFX_V8, SP_GFX_THINCLIENT | SP_GFX_SMALL_CACHE},
		{SP_GFX_V81, SP_GFX_THINCLIENT | SP_GFX_SMALL_CACHE | SP_GFX_AVC420_ENABLED},
		{SP_GFX_V10, SP_GFX_SMALL_CACHE | SP_GFX_AVC_DISABLED},
		{SP_GFX_V101, 0},
		{SP_GFX_V102, SP_GFX_SMALL_CACHE | SP_GFX_AVC_DISABLED},
		{SP_GFX_V103, SP_GFX_AVC_DISABLED | SP_GFX_AVC_THINCLIENT},
		{SP_GFX_V104, SP_GFX_SMALL_CACHE | SP_GFX_AVC_DISABLED | SP_GFX_AVC_THINCLIENT},
		{SP_GFX_V105, SP_GFX_SMALL_CACHE | SP_GFX_AVC_DISABLED | SP_GFX_AVC_THINCLIENT},
		{SP_GFX_V106, SP_GFX_SMALL_CACHE | SP_GFX_AVC_DISABLED | SP_GFX_AVC_THINCLIENT},
		{SP_GFX_V106_ERRATA,
				SP_GFX_SMALL_CACHE | SP_GFX_AVC_DISABLED | SP_GFX_AVC_THINCLIENT},
		{SP_GFX_V107,
				SP_GFX_SMALL_CACHE | SP_GFX_AVC_DISABLED | SP_GFX_AVC_THINCLIENT |
						SP_GFX_SCALEDMAP_DISABLE},
};

bool sp_gfx_version_flags(uint32_t version, uint32_t *flags)
{
	for (size_t i = 0; i < SP_LEN(versions); i++) {
		if (versions[i].version == version) {
			*flags = versions[i].flags;
			return true;
		}
	}
	return false;
}

bool sp_gfx_small_cache(const struct sp_gfx_caps *caps)
{
	return caps->version == SP_GFX_V103 ||
			(caps->flags & (SP_GFX_THINCLIENT | SP_GFX_SMALL_CACHE));
}

/* False for a set of another version, which is passed over. Flags a version does not have are 0. */
static bool read_caps(struct sp_rd *r, struct sp_gfx_caps *out)
{
	uint32_t known;

	out->version = sp_rd_le32(r);
	out->flags = 0;
	uint32_t n = sp_rd_le32(r);
	struct sp_rd data = sp_rd_sub(r, n);
	if (sp_rd_ok(r) != SP_OK || !sp_gfx_version_flags(out->version, &known)) {
		return false;
	}
	if (out->version != SP_GFX_V101) {
		out->flags = sp_rd_le32(&data) & known;
	}
	return sp_rd_ok(&data) == SP_OK;
}

static void write_caps(struct sp_wr *w, const struct sp_gfx_caps *in)
{
	sp_wr_le32(w, in->version);
	if (in->version == SP_GFX_V101) {
		sp_wr_le32(w, CAPS_BYTES_101);
		sp_wr_zero(w, CAPS_BYTES_101);
		return;
	}
	sp_wr_le32(w, CAPS_BYTES);
	sp_wr_le32(w, in->flags);
}

int sp_gfx_advertise_read(struct sp_rd *r, struct sp_gfx_advertise *out)
{
	uint16_t n = sp_rd_le16(r);

	out->n = 0;
	if (sp_rd_ok(r) == SP_OK && !(n <= SP_GFX_MAX_CAPS)) {
		return sp_rd_fail(r, SP_ELIMIT, "gfx.capsSetCount");
	}
	for (; n > 0 && sp_rd_ok(r) == SP_OK; n--) {
		out->n += read_caps(r, &out->set[out->n]);
	}
	return sp_rd_end(r);
}

void sp_gfx_advertise_write(struct sp_wr *w, const struct sp_gfx_advertise *in)
{
	size_t mark = sp_gfx_begin(w, SP_GFX_ADVERTISE);

	write_count(w, in->n, SP_GFX_MAX_CAPS);
	for (size_t i = 0; i < in->n && sp_wr_ok(w) == SP_OK; i++) {
		write_caps(w, &in->set[i]);
	}
	sp_gfx_end(w, mark);
}

int sp_gfx_confirm_read(struct sp_rd *r, struct sp_gfx_caps *out)
{
	bool known = read_caps(r, out);

	if (sp_rd_ok(r) == SP_OK && !known) {
		return sp_rd_fail(r, SP_EPROTO, "gfx.capsSet.version");
	}
	return sp_rd_end(r);
}

void sp_gfx_confirm_write(struct sp_wr *w, const struct sp_gfx_caps *in)
{
	size_t mark = sp_gfx_begin(w, SP_GFX_CONFIRM);

	write_caps(w, in);
	sp_gfx_end(w, mark);
}

uint32_t sp_gfx_stamp(uint32_t ms_of_day)
{
	uint32_t ms = ms_of_day % 1000, s = ms_of_day / 1000;

	return ms | (s % 60) << 10 | (s / 60 % 60) << 16 | (s / 3600 % 24) << 22;
}
