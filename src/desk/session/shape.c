/* desk/session/shape.c - see shape.h. */
#include "desk/session/shape.h"

#include "core/pdu/caps.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/pointer.h"

void sp_shape_init(struct sp_shape *s, const struct sp_caps *caps, size_t max_body)
{
	bool fast = caps->general.extra_flags & SP_GENERAL_FASTPATH_OUTPUT;
	uint16_t flags = sp_caps_has(caps, SP_CAPS_LARGE_POINTER) ? caps->large_pointer : 0;
	const struct sp_caps_pointer *p = &caps->pointer;
	size_t n;

	s->color_only = p->cache == 0;
	s->side = flags & (SP_LARGE_POINTER_96 | SP_LARGE_POINTER_384) ? SP_CURSOR_MAX
								       : SP_CURSOR_SMALL;
	s->large = fast && !s->color_only && (flags & SP_LARGE_POINTER_384);
	s->max_body = max_body;
	n = s->color_only ? p->color_cache : p->cache;
	s->n = n < 1 ? 1 : n;
	s->n = s->n < SP_SHAPE_SLOTS ? s->n : SP_SHAPE_SLOTS;
	for (size_t i = 0; i < SP_SHAPE_SLOTS; i++) {
		s->slot[i].used = 0;
	}
	s->count = 0;
	s->shown = false;
}

/* The slot that holds the hash, or n; *oldest is the one to give up. */
static size_t find(const struct sp_shape *s, uint64_t hash, size_t *oldest)
{
	size_t at = s->n;

	*oldest = 0;
	for (size_t i = 0; i < s->n; i++) {
		if (s->slot[i].used > 0 && s->slot[i].hash == hash) {
			at = i;
		}
		if (s->slot[i].used < s->slot[*oldest].used) {
			*oldest = i;
		}
	}
	return at;
}

static size_t body_size(const struct sp_cursor *c, unsigned depth)
{
	return 32 /* fields before the masks */ + sp_cursor_mask_size(c->w, c->h, depth) +
			sp_cursor_mask_size(c->w, c->h, 1);
}

/* The image within what the client takes; the kind of update follows from its size. */
static enum sp_pointer_kind fit(struct sp_shape *s, struct sp_cursor *c)
{
	if (s->color_only) {
		sp_cursor_fit(c, s->side);
		return SP_POINTER_COLOR;
	}
	if (s->large && (c->w > s->side || c->h > s->side) && body_size(c, 32) <= s->max_body) {
		sp_cursor_fit(c, SP_CURSOR_LARGE_MAX);
		return SP_POINTER_LARGE;
	}
	sp_cursor_fit(c, s->side);
	return SP_POINTER_NEW;
}

static int new_shape(struct sp_shape *s, const struct sp_xcursor_image *image, size_t slot,
		uint8_t *code, struct sp_wr *body)
{
	struct sp_cursor c = {.w = image->width,
			.h = image->height,
			.hot_x = image->hot_x,
			.hot_y = image->hot_y,
			.bgra = s->pixels};
	struct sp_pointer p = {.cache = (uint16_t)slot};
	struct sp_wr masks[2];
	int rc;

	/* 0xAARRGGBB words are B G R A bytes here, as capture.h demands it too. */
	sp_cursor_straight(s->pixels, (const uint8_t *)image->argb,
			(size_t)image->width * image->height);
	p.kind = fit(s, &c);
	p.bpp = s->color_only ? 24 : 32;
	if (body_size(&c, p.bpp) > s->max_body) {
		sp_cursor_fit(&c, SP_CURSOR_SMALL);
	}
	p.width = (uint16_t)c.w;
	p.height = (uint16_t)c.h;
	p.x = (uint16_t)c.hot_x;
	p.y = (uint16_t)c.hot_y;
	sp_wr_init(&masks[0], SP_SHAPE_MAX_BODY);
	sp_wr_init(&masks[1], SP_SHAPE_MAX_BODY);
	rc = sp_cursor_masks(&c, p.bpp, &masks[0], &masks[1]);
	if (rc == SP_OK) {
		p.xor_mask = sp_span(masks[0].p, masks[0].n);
		p.and_mask = sp_span(masks[1].p, masks[1].n);
		*code = (uint8_t)sp_pointer_fast_code(&p);
		sp_pointer_fast_write(body, &p);
		rc = sp_wr_ok(body);
	}
	sp_wr_finish(&masks[0]);
	sp_wr_finish(&masks[1]);
	return rc;
}

int sp_shape_update(struct sp_shape *s, const struct sp_xcursor_image *image, uint8_t *code,
		struct sp_wr *body)
{
	size_t oldest, slot = find(s, image->hash, &oldest);

	if (s->shown && s->hash == image->hash) {
		return 0;
	}
	if (image->hidden) {
		*code = SP_FP_PTR_NULL;
	} else if (slot < s->n) {
		*code = SP_FP_CACHED;
		sp_wr_le16(body, (uint16_t)slot);
		s->slot[slot].used = ++s->count;
	} else {
		int rc = new_shape(s, image, oldest, code, body);

		if (rc != SP_OK) {
			return rc;
		}
		s->slot[oldest].hash = image->hash;
		s->slot[oldest].used = ++s->count;
	}
	s->shown = true;
	s->hash = image->hash;
	return sp_wr_ok(body) == SP_OK ? 1 : sp_wr_ok(body);
}
