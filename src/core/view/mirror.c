/* core/view/mirror.c - see mirror.h. */
#include "core/view/mirror.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/codec/simd.h"

#define TILE SP_MIRROR_TILE
#define MAX_SIDE 32766u /* what monitors side by side may reach */
#define MAX_AREA (8192u * 8192u)

struct sp_mirror {
	uint32_t w, h, columns;
	size_t n, damaged; /* tiles */
	struct sp_mirror_tile *tile;
	uint8_t *px;
};

struct sp_mirror *sp_mirror_create(uint32_t w, uint32_t h)
{
	struct sp_mirror *m;

	if (!(1 <= w && w <= MAX_SIDE && 1 <= h && h <= MAX_SIDE && w * h <= MAX_AREA)) {
		return NULL;
	}
	m = sp_calloc(1, sizeof(*m));
	if (!m) {
		return NULL;
	}
	m->w = w;
	m->h = h;
	m->columns = (w + TILE - 1) / TILE;
	m->n = (size_t)m->columns * ((h + TILE - 1) / TILE);
	m->tile = sp_calloc(m->n, sizeof(*m->tile));
	m->px = sp_calloc((size_t)w * h, 4);
	if (!m->tile || !m->px) {
		sp_mirror_destroy(m);
		return NULL;
	}
	for (size_t i = 0; i < m->n; i++) {
		m->tile[i].lost = true;
	}
	return m;
}

void sp_mirror_destroy(struct sp_mirror *m)
{
	if (m) {
		sp_free(m->tile);
		sp_free(m->px);
		sp_free(m);
	}
}

static struct sp_rect all_of(const struct sp_mirror *m)
{
	return (struct sp_rect){0, 0, (int32_t)m->w, (int32_t)m->h};
}

struct sp_rect sp_mirror_rect(const struct sp_mirror *m, size_t i)
{
	struct sp_rect r = {(int32_t)(i % m->columns) * TILE, (int32_t)(i / m->columns) * TILE,
			TILE, TILE};

	return sp_rect_and(r, all_of(m));
}

struct sp_rect sp_mirror_box(const struct sp_mirror *m, size_t i)
{
	const struct sp_mirror_tile *t = &m->tile[i];

	return (struct sp_rect){(int32_t)(i % m->columns) * TILE + t->x0,
			(int32_t)(i / m->columns) * TILE + t->y0, t->x1 - t->x0, t->y1 - t->y0};
}

static void set_box(struct sp_mirror *m, size_t i, struct sp_rect r)
{
	struct sp_mirror_tile *t = &m->tile[i];
	int32_t x = (int32_t)(i % m->columns) * TILE, y = (int32_t)(i / m->columns) * TILE;

	m->damaged -= t->x1 != 0;
	if (sp_rect_empty(r)) {
		t->x0 = t->y0 = t->x1 = t->y1 = 0;
		return;
	}
	t->x0 = (uint8_t)(r.x - x);
	t->y0 = (uint8_t)(r.y - y);
	t->x1 = (uint8_t)(r.x - x + r.w);
	t->y1 = (uint8_t)(r.y - y + r.h);
	m->damaged++;
}

/* Wide of the screen nothing may overflow. */
static struct sp_rect clip(const struct sp_mirror *m, struct sp_rect r)
{
	int64_t x0 = r.x < 0 ? 0 : r.x, y0 = r.y < 0 ? 0 : r.y;
	int64_t x1 = (int64_t)r.x + r.w, y1 = (int64_t)r.y + r.h;

	x1 = x1 < m->w ? x1 : m->w;
	y1 = y1 < m->h ? y1 : m->h;
	if (!(x0 < x1 && y0 < y1)) {
		return (struct sp_rect){0};
	}
	return (struct sp_rect){(int32_t)x0, (int32_t)y0, (int32_t)(x1 - x0), (int32_t)(y1 - y0)};
}

static void damage(struct sp_mirror *m, struct sp_rect r, bool lost)
{
	r = clip(m, r);
	if (sp_rect_empty(r)) {
		return;
	}
	for (int32_t row = r.y / TILE; row <= (r.y + r.h - 1) / TILE; row++) {
		for (int32_t col = r.x / TILE; col <= (r.x + r.w - 1) / TILE; col++) {
			size_t i = (size_t)row * m->columns + (size_t)col;
			struct sp_rect all = sp_mirror_rect(m, i);

			m->tile[i].lost |= lost;
			m->tile[i].fresh = true;
			set_box(m, i,
					lost ? all
					     : sp_rect_or(sp_mirror_box(m, i),
							       sp_rect_and(all, r)));
		}
	}
}

void sp_mirror_damage(struct sp_mirror *m, struct sp_rect r)
{
	damage(m, r, false);
}

void sp_mirror_lose(struct sp_mirror *m, struct sp_rect r)
{
	damage(m, r, true);
}

bool sp_mirror_pending(const struct sp_mirror *m)
{
	return m->damaged > 0;
}

/* The part of r that differs; empty when nothing does. No more is looked at than it takes. */
static struct sp_rect changed(
		const struct sp_mirror *m, struct sp_rect r, const uint8_t *fb, size_t stride)
{
	const uint8_t *now = fb + (size_t)r.y * stride + 4 * (size_t)r.x;
	const uint8_t *was = m->px + 4 * ((size_t)r.y * m->w + (size_t)r.x);
	size_t step = 4 * (size_t)m->w, w = (size_t)r.w, y0 = 0, y1 = (size_t)r.h;
	size_t x0 = w, x1 = 0;

	while (y0 < y1 && (x0 = sp_simd_differ(now + y0 * stride, was + y0 * step, w)) == w) {
		y0++;
	}
	if (y0 == y1) {
		return (struct sp_rect){0};
	}
	while (sp_simd_differ(now + (y1 - 1) * stride, was + (y1 - 1) * step, w) == w) {
		y1--;
	}
	for (size_t y = y0; y < y1 && !(x0 == 0 && x1 == w); y++) {
		const uint8_t *a = now + y * stride, *b = was + y * step;

		x0 = sp_simd_differ(a, b, x0);
		x1 += sp_simd_differ_end(a + 4 * x1, b + 4 * x1, w - x1);
	}
	return (struct sp_rect){r.x + (int32_t)x0, r.y + (int32_t)y0, (int32_t)(x1 - x0),
			(int32_t)(y1 - y0)};
}

size_t sp_mirror_compare(
		struct sp_mirror *m, const uint8_t *fb, size_t stride, struct sp_rect *around)
{
	struct sp_rect sum = {0};
	size_t pixels = 0;

	for (size_t i = 0; m->damaged > 0 && i < m->n; i++) {
		struct sp_rect r;

		if (m->tile[i].x1 == 0) {
			continue;
		}
		r = m->tile[i].lost ? sp_mirror_rect(m, i)
				    : changed(m, sp_mirror_box(m, i), fb, stride);
		set_box(m, i, r);
		if (!sp_rect_empty(r)) {
			pixels += (size_t)r.w * (size_t)r.h;
			sum = sp_rect_or(sum, r);
		}
	}
	if (around) {
		*around = sum;
	}
	return pixels;
}

bool sp_mirror_fresh(struct sp_mirror *m, size_t tile)
{
	bool fresh = m->tile[tile].fresh;

	m->tile[tile].fresh = false;
	return fresh;
}

void sp_mirror_copy(struct sp_mirror *m, struct sp_rect to, int32_t dx, int32_t dy)
{
	size_t stride = 4 * (size_t)m->w, n = 4 * (size_t)to.w;
	uint8_t *d = m->px + (size_t)to.y * stride + 4 * (size_t)to.x;
	const uint8_t *s = m->px + (size_t)(to.y - dy) * stride + 4 * (size_t)(to.x - dx);

	/* Rows that are read later must not be overwritten first. */
	for (int32_t y = 0; y < to.h; y++) {
		size_t row = (size_t)(dy > 0 ? to.h - 1 - y : y);

		memmove(d + row * stride, s + row * stride, n);
	}
	damage(m, to, false);
}

void sp_mirror_take(struct sp_mirror *m, size_t tile, const uint8_t *fb, size_t stride)
{
	struct sp_rect r = sp_mirror_box(m, tile);

	for (int32_t y = r.y; y < r.y + r.h; y++) {
		memcpy(m->px + 4 * ((size_t)y * m->w + (size_t)r.x),
				fb + (size_t)y * stride + 4 * (size_t)r.x, 4 * (size_t)r.w);
	}
	if (r.w == sp_mirror_rect(m, tile).w && r.h == sp_mirror_rect(m, tile).h) {
		m->tile[tile].lost = false;
	}
	set_box(m, tile, (struct sp_rect){0});
}

size_t sp_mirror_tiles(const struct sp_mirror *m)
{
	return m->n;
}

uint32_t sp_mirror_columns(const struct sp_mirror *m)
{
	return m->columns;
}

const struct sp_mirror_tile *sp_mirror_tile(const struct sp_mirror *m, size_t i)
{
	return &m->tile[i];
}

const uint8_t *sp_mirror_pixels(const struct sp_mirror *m)
{
	return m->px;
}

size_t sp_mirror_stride(const struct sp_mirror *m)
{
	return 4 * (size_t)m->w;
}
