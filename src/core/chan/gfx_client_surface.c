/* core/chan/gfx_client_surface.c - see gfx_client.h: surfaces, the cache, and the output made of them. */
#include <string.h>

#include "core/base/mem.h"
#include "core/chan/gfx_client_part.h"

#define SCALED_MOST (128u << 20) /* pixels in a painting, of surfaces that are shown larger */

struct gfx_surface *gfx_surface_find(struct sp_gfx_client *c, uint16_t id)
{
	for (size_t i = 0; i < SP_GFX_CLIENT_SURFACES; i++) {
		if (c->surface[i].px && c->surface[i].id == id) {
			return &c->surface[i];
		}
	}
	return NULL;
}

bool gfx_surface_holds(const struct gfx_surface *s, struct sp_rect r)
{
	struct sp_rect all = {0, 0, (int32_t)s->w, (int32_t)s->h};

	return sp_rect_contains(all, r);
}

void gfx_surface_changed(struct gfx_surface *s, struct sp_rect r)
{
	s->dirty = sp_rect_or(s->dirty, r);
}

/* Pixels that are counted; NULL and *err when there must not be more, or are none. */
static uint8_t *take(struct sp_gfx_client *c, uint32_t w, uint32_t h, int *err)
{
	size_t bytes = (size_t)w * h * GFX_PIXEL;

	if (!(bytes <= gfx_room(c))) {
		*err = gfx_full(c);
		return NULL;
	}
	uint8_t *px = sp_malloc(bytes);
	*err = px ? SP_OK : SP_ENOMEM;
	c->memory += px ? bytes : 0;
	return px;
}

static void give(struct sp_gfx_client *c, uint8_t *px, uint32_t w, uint32_t h)
{
	if (px) {
		c->memory -= (size_t)w * h * GFX_PIXEL;
		sp_free(px);
	}
}

static void fill_row(uint8_t *row, uint32_t pixel, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		memcpy(row + i * GFX_PIXEL, &pixel, GFX_PIXEL);
	}
}

/* pixel as it lies in memory on a little-endian machine. */
static void fill_rect(struct gfx_surface *s, struct sp_rect r, uint32_t pixel)
{
	uint8_t bytes[GFX_PIXEL] = {(uint8_t)pixel, (uint8_t)(pixel >> 8), (uint8_t)(pixel >> 16),
			(uint8_t)(pixel >> 24)};
	uint32_t memory;

	memcpy(&memory, bytes, sizeof(memory));
	for (int32_t y = 0; y < r.h; y++) {
		fill_row(gfx_surface_at(s, r.x, r.y + y), memory, (size_t)r.w);
	}
}

int gfx_surface_create(struct sp_gfx_client *c, const struct sp_gfx_create *create)
{
	struct gfx_surface *s = c->surface;
	int rc;

	if (gfx_surface_find(c, create->surface)) {
		return SP_ESTATE;
	}
	while (s < c->surface + SP_GFX_CLIENT_SURFACES && s->px) {
		s++;
	}
	if (s == c->surface + SP_GFX_CLIENT_SURFACES ||
			!(create->w <= SP_GFX_CLIENT_SIDE && create->h <= SP_GFX_CLIENT_SIDE)) {
		return SP_ELIMIT;
	}
	if (!(1 <= create->w && 1 <= create->h)) {
		return SP_EFIELD;
	}
	uint8_t *px = take(c, create->w, create->h, &rc);
	if (!px) {
		return rc;
	}
	*s = (struct gfx_surface){.px = px,
			.id = create->surface,
			.w = create->w,
			.h = create->h,
			.format = create->format};
	fill_rect(s, (struct sp_rect){0, 0, create->w, create->h}, GFX_OPAQUE);
	return gfx_spend(c, (uint64_t)create->w * create->h);
}

void gfx_surface_delete(struct sp_gfx_client *c, struct gfx_surface *s)
{
	gfx_codecs_drop(c, s);
	give(c, s->px, s->w, s->h);
	/* [MS-RDPEGFX] says nothing of what is shown of it: it stays until painted over. */
	memset(s, 0, sizeof(*s));
}

int gfx_surface_map(struct sp_gfx_client *c, struct gfx_surface *s, const struct sp_gfx_map *map,
		bool scaled)
{
	uint32_t w = scaled ? map->w : s->w, h = scaled ? map->h : s->h;

	if (!(map->x <= SP_GFX_MAX_SIDE && map->y <= SP_GFX_MAX_SIDE && 1 <= w &&
			    w <= SP_GFX_MAX_SIDE && 1 <= h && h <= SP_GFX_MAX_SIDE)) {
		return SP_EFIELD;
	}
	s->mapped = true;
	s->x = map->x;
	s->y = map->y;
	s->shown_w = w;
	s->shown_h = h;
	s->dirty = (struct sp_rect){0, 0, (int32_t)s->w, (int32_t)s->h};
	return SP_OK;
}

void gfx_surfaces_clear(struct sp_gfx_client *c)
{
	for (size_t i = 0; i < SP_GFX_CLIENT_SURFACES; i++) {
		if (c->surface[i].px) {
			gfx_surface_delete(c, &c->surface[i]);
		}
	}
	for (size_t i = 0; i < c->n_cached; i++) {
		give(c, c->cached[i].px, c->cached[i].w, c->cached[i].h);
	}
	sp_free(c->cached);
	c->cached = NULL;
	c->n_cached = c->cache_bytes = 0;
	c->has_output = false;
}

/* ---- commands ---- */

int gfx_fill(struct sp_gfx_client *c, const struct sp_gfx_fill *fill)
{
	struct gfx_surface *s = gfx_surface_find(c, fill->surface);
	uint32_t pixel = fill->pixel;
	int rc = s ? SP_OK : SP_ESTATE;

	if (s && s->format == SP_GFX_XRGB) {
		pixel |= GFX_OPAQUE;
	}
	for (size_t i = 0; rc == SP_OK && i < fill->n; i++) {
		struct sp_rect r = sp_gfx_rect_at(fill->rects, i);
		uint64_t area = (uint64_t)r.w * (uint64_t)r.h;

		rc = gfx_surface_holds(s, r) ? gfx_spend(c, area) : SP_EFIELD;
		if (rc == SP_OK) {
			fill_rect(s, r, pixel);
			gfx_surface_changed(s, r);
			c->stats.filled += area;
		}
	}
	return rc;
}

/* Rows of from to x, y of to; they may lie over each other. */
static void copy_rows(struct gfx_surface *to, int32_t x, int32_t y, const uint8_t *from,
		size_t stride, uint32_t w, uint32_t h)
{
	size_t n = (size_t)w * GFX_PIXEL;
	bool up = (uintptr_t)gfx_surface_at(to, x, y) > (uintptr_t)from;

	for (uint32_t i = 0; i < h; i++) {
		uint32_t row = up ? h - 1 - i : i;

		memmove(gfx_surface_at(to, x, y + (int32_t)row), from + row * stride, n);
	}
}

/* A picture to every one of the points. */
static int copy_to(struct sp_gfx_client *c, struct gfx_surface *to, const uint8_t *from,
		size_t stride, uint32_t w, uint32_t h, struct sp_span points, size_t n)
{
	uint64_t area = (uint64_t)w * h;
	int rc = SP_OK;

	for (size_t i = 0; rc == SP_OK && i < n; i++) {
		struct sp_gfx_point p = sp_gfx_point_at(points, i);
		struct sp_rect r = {p.x, p.y, (int32_t)w, (int32_t)h};

		rc = gfx_surface_holds(to, r) ? gfx_spend(c, area) : SP_EFIELD;
		if (rc == SP_OK) {
			copy_rows(to, r.x, r.y, from, stride, w, h);
			gfx_surface_changed(to, r);
			c->stats.copied += area;
		}
	}
	return rc;
}

int gfx_copy(struct sp_gfx_client *c, const struct sp_gfx_copy *copy)
{
	struct gfx_surface *from = gfx_surface_find(c, copy->from);
	struct gfx_surface *to = gfx_surface_find(c, copy->to);

	if (!from || !to) {
		return SP_ESTATE;
	}
	if (!gfx_surface_holds(from, copy->rect)) {
		return SP_EFIELD;
	}
	return copy_to(c, to, gfx_surface_at(from, copy->rect.x, copy->rect.y),
			gfx_surface_stride(from), (uint32_t)copy->rect.w, (uint32_t)copy->rect.h,
			copy->points, copy->n);
}

/* ---- the cache ---- */

static size_t slots_most(const struct sp_gfx_client *c)
{
	return sp_gfx_small_cache(&c->caps) ? SP_GFX_CACHE_SLOTS_SMALL : SP_GFX_CACHE_SLOTS;
}

static size_t bytes_most(const struct sp_gfx_client *c)
{
	return sp_gfx_small_cache(&c->caps) ? SP_GFX_CACHE_BYTES_SMALL : SP_GFX_CACHE_BYTES;
}

void gfx_evict(struct sp_gfx_client *c, uint16_t slot)
{
	if (slot < c->n_cached && c->cached[slot].px) {
		struct gfx_cached *at = &c->cached[slot];

		c->cache_bytes -= (size_t)at->w * at->h * GFX_PIXEL;
		give(c, at->px, at->w, at->h);
		memset(at, 0, sizeof(*at));
	}
}

int gfx_cache_put(struct sp_gfx_client *c, uint16_t slot, uint64_t key, uint32_t w, uint32_t h,
		struct gfx_cached **out)
{
	size_t bytes = (size_t)w * h * GFX_PIXEL;
	int rc;

	if (!(1 <= slot && slot <= slots_most(c))) {
		return SP_EFIELD;
	}
	if (slot >= c->n_cached) {
		size_t n = c->n_cached ? c->n_cached : 256;

		while (n <= slot) {
			n *= 2;
		}
		struct gfx_cached *more = sp_realloc(c->cached, n * sizeof(*more));
		if (!more) {
			return SP_ENOMEM;
		}
		memset(more + c->n_cached, 0, (n - c->n_cached) * sizeof(*more));
		c->cached = more;
		c->n_cached = n;
	}
	gfx_evict(c, slot);
	if (!(bytes <= bytes_most(c) - c->cache_bytes)) {
		return SP_ELIMIT;
	}
	uint8_t *px = take(c, w, h, &rc);
	if (!px) {
		return rc;
	}
	c->cache_bytes += bytes;
	*out = &c->cached[slot];
	**out = (struct gfx_cached){.px = px, .key = key, .w = w, .h = h};
	return SP_OK;
}

int gfx_store(struct sp_gfx_client *c, const struct sp_gfx_store *store)
{
	struct gfx_surface *s = gfx_surface_find(c, store->surface);
	struct gfx_cached *at;

	if (!s) {
		return SP_ESTATE;
	}
	if (sp_rect_empty(store->rect) || !gfx_surface_holds(s, store->rect)) {
		return SP_EFIELD;
	}
	int rc = gfx_spend(c, (uint64_t)store->rect.w * (uint64_t)store->rect.h);
	if (rc == SP_OK) {
		rc = gfx_cache_put(c, store->slot, store->key, (uint32_t)store->rect.w,
				(uint32_t)store->rect.h, &at);
	}
	if (rc != SP_OK) {
		return rc;
	}
	size_t n = (size_t)at->w * GFX_PIXEL;
	for (uint32_t y = 0; y < at->h; y++) {
		memcpy(at->px + y * n, gfx_surface_at(s, store->rect.x, store->rect.y + (int32_t)y),
				n);
	}
	return SP_OK;
}

int gfx_paste(struct sp_gfx_client *c, const struct sp_gfx_paste *paste)
{
	struct gfx_surface *s = gfx_surface_find(c, paste->surface);

	if (!s) {
		return SP_ESTATE;
	}
	if (!(1 <= paste->slot && paste->slot < c->n_cached && c->cached[paste->slot].px)) {
		return SP_EFIELD;
	}
	const struct gfx_cached *at = &c->cached[paste->slot];
	return copy_to(c, s, at->px, (size_t)at->w * GFX_PIXEL, at->w, at->h, paste->points,
			paste->n);
}

/* ---- the output ---- */

struct target {
	uint8_t *fb;
	size_t stride;
	struct sp_rect all; /* of the output, as far as the frame buffer has it */
};

static uint8_t *target_at(const struct target *t, int32_t x, int32_t y)
{
	return t->fb + (size_t)y * t->stride + (size_t)x * GFX_PIXEL;
}

/* X of the frame buffer is always 0xFF. */
static void show_row(uint8_t *to, const uint8_t *from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t v;

		memcpy(&v, from + i * GFX_PIXEL, GFX_PIXEL);
		memcpy(to + i * GFX_PIXEL, &v, GFX_PIXEL);
		to[i * GFX_PIXEL + 3] = 0xff;
	}
}

static struct sp_rect show_plain(const struct gfx_surface *s, struct sp_rect r, struct target *t)
{
	int32_t x = (int32_t)s->x, y = (int32_t)s->y;
	struct sp_rect to = sp_rect_and((struct sp_rect){r.x + x, r.y + y, r.w, r.h}, t->all);

	for (int32_t i = 0; i < to.h; i++) {
		show_row(target_at(t, to.x, to.y + i), gfx_surface_at(s, to.x - x, to.y - y + i),
				(size_t)to.w);
	}
	return to;
}

static struct sp_rect scaled(const struct gfx_surface *s, const struct target *t)
{
	struct sp_rect whole = {
			(int32_t)s->x, (int32_t)s->y, (int32_t)s->shown_w, (int32_t)s->shown_h};

	return sp_rect_and(whole, t->all);
}

/* The nearest pixel; all of it, as a pixel may have become several. */
static struct sp_rect show_scaled(const struct gfx_surface *s, struct target *t)
{
	struct sp_rect to = scaled(s, t);

	for (int32_t y = to.y; y < to.y + to.h; y++) {
		uint32_t from_y = (uint32_t)((uint64_t)(y - (int32_t)s->y) * s->h / s->shown_h);

		for (int32_t x = to.x; x < to.x + to.w; x++) {
			uint32_t from_x = (uint32_t)((uint64_t)(x - (int32_t)s->x) * s->w /
					s->shown_w);

			show_row(target_at(t, x, y),
					gfx_surface_at(s, (int32_t)from_x, (int32_t)from_y), 1);
		}
	}
	return to;
}

int sp_gfx_client_paint(struct sp_gfx_client *c, uint8_t *fb, size_t stride, uint32_t w, uint32_t h,
		uint64_t now_us, struct sp_rect *changed)
{
	uint64_t pixels = 0;
	int rc = SP_OK;

	*changed = (struct sp_rect){0, 0, 0, 0};
	if (c->in_frame || !c->has_output) {
		return SP_OK;
	}
	struct target t = {fb, stride,
			{0, 0, (int32_t)(w < c->output.w ? w : c->output.w),
					(int32_t)(h < c->output.h ? h : c->output.h)}};
	if (c->all_dirty) {
		static const uint8_t black[GFX_PIXEL] = {0, 0, 0, 0xff};
		uint32_t pixel;

		memcpy(&pixel, black, sizeof(pixel));
		for (int32_t y = 0; y < t.all.h; y++) {
			fill_row(target_at(&t, 0, y), pixel, (size_t)t.all.w);
		}
		*changed = t.all;
	}
	for (size_t i = 0; i < SP_GFX_CLIENT_SURFACES; i++) {
		struct gfx_surface *s = &c->surface[i];
		struct sp_rect r = c->all_dirty
				? (struct sp_rect){0, 0, (int32_t)s->w, (int32_t)s->h}
				: s->dirty;

		if (!s->px || !s->mapped || sp_rect_empty(r)) {
			continue;
		}
		bool enlarged = s->shown_w != s->w || s->shown_h != s->h;
		if (enlarged) {
			struct sp_rect to = scaled(s, &t);

			pixels += (uint64_t)to.w * (uint64_t)to.h;
			if (pixels > SCALED_MOST) {
				rc = SP_ELIMIT;
				break;
			}
		}
		struct sp_rect to = enlarged ? show_scaled(s, &t) : show_plain(s, r, &t);
		*changed = sp_rect_or(*changed, to);
		s->dirty = (struct sp_rect){0, 0, 0, 0};
	}
	c->all_dirty = false;
	return rc == SP_OK ? gfx_tell_shown(c, now_us) : rc;
}

void sp_gfx_client_repaint(struct sp_gfx_client *c)
{
	c->all_dirty = true;
}
