/* core/chan/gfx_server_commands.c - see gfx_server.h: what the client is told to do. */
#include <string.h>

#include "core/base/mem.h"
#include "core/chan/gfx_server_part.h"

#define PIXEL 4u

static struct gfx_server_surface *find(struct sp_gfx_server *s, uint16_t id)
{
	for (size_t i = 0; i < SP_GFX_SERVER_SURFACES; i++) {
		if (s->surface[i].there && s->surface[i].id == id) {
			return &s->surface[i];
		}
	}
	return NULL;
}

static bool within(const struct gfx_server_surface *f, int64_t x, int64_t y, int64_t w, int64_t h)
{
	return x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= f->w && y + h <= f->h;
}

/* Whether a command may begin now. */
static int may(struct sp_gfx_server *s, bool in_frame)
{
	if (s->broken) {
		return SP_ENOMEM;
	}
	if (!s->ready || s->in_bits || (in_frame && !s->in_frame)) {
		return SP_ESTATE;
	}
	s->begun = s->batch.n;
	return SP_OK;
}

int sp_gfx_server_reset(struct sp_gfx_server *s, const struct sp_gfx_reset *reset)
{
	int rc = may(s, false);

	if (rc != SP_OK) {
		return rc;
	}
	if (!(1 <= reset->w && reset->w <= SP_GFX_MAX_SIDE && 1 <= reset->h &&
			    reset->h <= SP_GFX_MAX_SIDE)) {
		return SP_EARG;
	}
	for (size_t i = 0; i < reset->n && i < SP_GFX_MAX_MONITORS; i++) {
		if (sp_rect_empty(reset->monitor[i].area)) {
			return SP_EARG;
		}
	}
	sp_gfx_reset_write(&s->batch, reset);
	/* It is seldom; tshark 4.0 calls it malformed when packed, FreeRDP and we do not. */
	return sp_gfx_server_done(s, true);
}

int sp_gfx_server_create_surface(struct sp_gfx_server *s, uint16_t surface, uint16_t w, uint16_t h)
{
	struct sp_gfx_create c = {.surface = surface, .w = w, .h = h, .format = SP_GFX_XRGB};
	struct gfx_server_surface *f = s->surface;
	int rc = may(s, false);

	if (rc != SP_OK) {
		return rc;
	}
	while (f < s->surface + SP_GFX_SERVER_SURFACES && f->there) {
		f++;
	}
	if (f == s->surface + SP_GFX_SERVER_SURFACES) {
		return SP_ELIMIT;
	}
	if (w == 0 || h == 0 || find(s, surface)) {
		return SP_EARG;
	}
	sp_gfx_create_write(&s->batch, &c);
	rc = sp_gfx_server_done(s, false);
	if (rc == SP_OK) {
		*f = (struct gfx_server_surface){true, surface, w, h};
	}
	return rc;
}

int sp_gfx_server_delete_surface(struct sp_gfx_server *s, uint16_t surface)
{
	struct gfx_server_surface *f = find(s, surface);
	int rc = may(s, false);

	if (rc != SP_OK || !f) {
		return rc != SP_OK ? rc : SP_EARG;
	}
	sp_gfx_u16_write(&s->batch, SP_GFX_DELETE, surface);
	rc = sp_gfx_server_done(s, false);
	f->there = rc != SP_OK;
	return rc;
}

int sp_gfx_server_map(struct sp_gfx_server *s, uint16_t surface, uint32_t x, uint32_t y)
{
	struct sp_gfx_map m = {.surface = surface, .x = x, .y = y};
	int rc = may(s, false);

	if (rc != SP_OK) {
		return rc;
	}
	if (!(find(s, surface) && x <= SP_GFX_MAX_SIDE && y <= SP_GFX_MAX_SIDE)) {
		return SP_EARG;
	}
	sp_gfx_map_write(&s->batch, &m);
	return sp_gfx_server_done(s, false);
}

int sp_gfx_server_start(struct sp_gfx_server *s, uint32_t stamp, uint32_t *frame)
{
	struct sp_gfx_start start = {.stamp = stamp, .frame = s->next_frame};
	int rc = may(s, false);

	if (rc != SP_OK || s->in_frame) {
		return rc != SP_OK ? rc : SP_ESTATE;
	}
	s->in_frame = true;
	sp_gfx_start_write(&s->batch, &start);
	rc = sp_gfx_server_done(s, false);
	s->in_frame = rc == SP_OK;
	if (frame) {
		*frame = start.frame;
	}
	return rc;
}

int sp_gfx_server_end(struct sp_gfx_server *s, uint64_t now_us)
{
	uint32_t id = s->next_frame;
	int rc = may(s, true);

	if (rc != SP_OK) {
		return rc;
	}
	sp_gfx_u32_write(&s->batch, SP_GFX_END, id);
	s->in_frame = false;
	rc = sp_gfx_server_done(s, false);
	if (rc != SP_OK) {
		s->in_frame = true;
		return rc;
	}
	s->frame[id % GFX_FRAMES] = (struct gfx_frame){id, now_us, s->stats.sent};
	s->stats.frame = id;
	/* 0 stands for none. */
	s->next_frame = id == UINT32_MAX ? 1 : id + 1;
	return SP_OK;
}

int sp_gfx_server_fill(struct sp_gfx_server *s, uint16_t surface, uint32_t pixel,
		const struct sp_rect *rects, size_t n)
{
	struct sp_gfx_fill fill = {.surface = surface, .pixel = pixel};
	const struct gfx_server_surface *f = find(s, surface);
	int rc = may(s, true);

	if (rc != SP_OK) {
		return rc;
	}
	for (size_t i = 0; f && i < n; i++) {
		if (!within(f, rects[i].x, rects[i].y, rects[i].w, rects[i].h)) {
			return SP_EARG;
		}
	}
	if (!f || !(1 <= n && n <= UINT16_MAX)) {
		return SP_EARG;
	}
	sp_gfx_fill_write(&s->batch, &fill, rects, n);
	return sp_gfx_server_done(s, false);
}

/* Whether pictures of this size may go to all the points. */
static bool points_within(const struct gfx_server_surface *f, uint32_t w, uint32_t h,
		const struct sp_gfx_point *points, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!within(f, points[i].x, points[i].y, w, h)) {
			return false;
		}
	}
	return 1 <= n && n <= UINT16_MAX;
}

int sp_gfx_server_copy(struct sp_gfx_server *s, uint16_t from, uint16_t to, struct sp_rect rect,
		const struct sp_gfx_point *points, size_t n)
{
	struct sp_gfx_copy copy = {.from = from, .to = to, .rect = rect};
	const struct gfx_server_surface *a = find(s, from), *b = find(s, to);
	int rc = may(s, true);

	if (rc != SP_OK) {
		return rc;
	}
	if (!(a && b && within(a, rect.x, rect.y, rect.w, rect.h) &&
			    points_within(b, (uint32_t)rect.w, (uint32_t)rect.h, points, n))) {
		return SP_EARG;
	}
	sp_gfx_copy_write(&s->batch, &copy, points, n);
	return sp_gfx_server_done(s, false);
}

/* ---- the client's cache ---- */

/* NULL without memory. slot is not above cache_slots. */
static struct gfx_slot *slot_at(struct sp_gfx_server *s, uint16_t slot)
{
	if (slot >= s->n_slots) {
		size_t n = s->n_slots ? s->n_slots : 256;

		while (n <= slot) {
			n *= 2;
		}
		struct gfx_slot *more = sp_realloc(s->slot, n * sizeof(*more));
		if (!more) {
			return NULL;
		}
		memset(more + s->n_slots, 0, (n - s->n_slots) * sizeof(*more));
		s->slot = more;
		s->n_slots = n;
	}
	return &s->slot[slot];
}

static void set_slot(struct sp_gfx_server *s, struct gfx_slot *at, struct gfx_slot v)
{
	s->cached = s->cached - at->bytes + v.bytes;
	*at = v;
}

int sp_gfx_server_store(struct sp_gfx_server *s, uint16_t surface, uint16_t slot, uint64_t key,
		struct sp_rect rect)
{
	struct sp_gfx_store store = {.surface = surface, .slot = slot, .key = key, .rect = rect};
	const struct gfx_server_surface *f = find(s, surface);
	int rc = may(s, true);

	if (rc != SP_OK) {
		return rc;
	}
	if (!(f && within(f, rect.x, rect.y, rect.w, rect.h) && 1 <= slot &&
			    slot <= s->can.cache_slots)) {
		return SP_EARG;
	}
	struct gfx_slot *at = slot_at(s, slot);
	uint64_t bytes = (uint64_t)rect.w * (uint64_t)rect.h * PIXEL;
	if (!at) {
		return SP_ENOMEM;
	}
	if (!(s->cached - at->bytes + bytes <= s->can.cache_bytes)) {
		return SP_ELIMIT;
	}
	sp_gfx_store_write(&s->batch, &store);
	rc = sp_gfx_server_done(s, false);
	if (rc == SP_OK) {
		set_slot(s, at,
				(struct gfx_slot){(uint16_t)rect.w, (uint16_t)rect.h,
						(uint32_t)bytes});
	}
	return rc;
}

int sp_gfx_server_paste(struct sp_gfx_server *s, uint16_t slot, uint16_t surface,
		const struct sp_gfx_point *points, size_t n)
{
	struct sp_gfx_paste paste = {.slot = slot, .surface = surface};
	const struct gfx_server_surface *f = find(s, surface);
	int rc = may(s, true);

	if (rc != SP_OK) {
		return rc;
	}
	if (!(f && slot < s->n_slots && s->slot[slot].bytes > 0)) {
		return SP_EARG;
	}
	/* Of what was imported only the owner knows how large it is. */
	uint32_t w = s->slot[slot].w ? s->slot[slot].w : 1,
		 h = s->slot[slot].h ? s->slot[slot].h : 1;
	if (!points_within(f, w, h, points, n)) {
		return SP_EARG;
	}
	sp_gfx_paste_write(&s->batch, &paste, points, n);
	return sp_gfx_server_done(s, false);
}

int sp_gfx_server_evict(struct sp_gfx_server *s, uint16_t slot)
{
	int rc = may(s, false);

	if (rc != SP_OK) {
		return rc;
	}
	if (!(slot < s->n_slots && s->slot[slot].bytes > 0)) {
		return SP_EARG;
	}
	sp_gfx_u16_write(&s->batch, SP_GFX_EVICT, slot);
	rc = sp_gfx_server_done(s, false);
	if (rc == SP_OK) {
		set_slot(s, &s->slot[slot], (struct gfx_slot){0, 0, 0});
	}
	return rc;
}

int sp_gfx_server_import(struct sp_gfx_server *s, const uint16_t *slots, size_t n)
{
	int rc = may(s, false);

	if (rc != SP_OK || !s->offered) {
		return rc != SP_OK ? rc : SP_ESTATE;
	}
	if (!(n <= s->offer.n)) {
		return SP_EARG;
	}
	for (size_t i = 0; i < n; i++) {
		if (!(1 <= slots[i] && slots[i] <= s->can.cache_slots)) {
			return SP_EARG;
		}
		if (!slot_at(s, slots[i])) {
			return SP_ENOMEM;
		}
	}
	sp_gfx_reply_write(&s->batch, slots, n);
	rc = sp_gfx_server_done(s, false);
	for (size_t i = 0; rc == SP_OK && i < n; i++) {
		struct sp_gfx_entry e = sp_gfx_entry_at(s->offer.entries, i);

		set_slot(s, &s->slot[slots[i]], (struct gfx_slot){0, 0, e.bytes ? e.bytes : 1});
	}
	s->offered = rc != SP_OK;
	return rc;
}

/* ---- pixels ---- */

/* What comes out of these cannot be made smaller. */
static bool entropy_coded(uint16_t codec)
{
	return codec == SP_GFX_RFX || codec == SP_GFX_PROGRESSIVE || codec == SP_GFX_AVC420 ||
			codec == SP_GFX_AVC444 || codec == SP_GFX_AVC444V2;
}

static bool able(const struct sp_gfx_server *s, uint16_t codec)
{
	switch (codec) {
	case SP_GFX_PROGRESSIVE:
		return s->can.progressive;
	case SP_GFX_AVC420:
		return s->can.avc420;
	case SP_GFX_AVC444:
		return s->can.avc444;
	case SP_GFX_AVC444V2:
		return s->can.avc444v2;
	case SP_GFX_RAW:
	case SP_GFX_RFX:
	case SP_GFX_CLEAR:
	case SP_GFX_PLANAR:
	case SP_GFX_ALPHA:
		return true;
	default:
		return false;
	}
}

static int begin_bits(struct sp_gfx_server *s, const struct sp_gfx_bits *bits, bool bits2)
{
	const struct gfx_server_surface *f = find(s, bits->surface);
	int rc = may(s, true);

	if (rc != SP_OK) {
		return rc;
	}
	if (!(f && able(s, bits->codec) && bits2 == (bits->codec == SP_GFX_PROGRESSIVE) &&
			    (bits2 || within(f, bits->to.x, bits->to.y, bits->to.w, bits->to.h)))) {
		return SP_EARG;
	}
	s->mark = bits2 ? sp_gfx_bits2_begin(&s->batch, bits) : sp_gfx_bits_begin(&s->batch, bits);
	rc = sp_wr_ok(&s->batch);
	if (rc != SP_OK) {
		s->batch.n = s->begun;
		s->batch.err = SP_OK;
		return rc;
	}
	s->in_bits = true;
	s->bits2 = bits2;
	s->bits_raw = entropy_coded(bits->codec);
	return SP_OK;
}

struct sp_wr *sp_gfx_server_bits(struct sp_gfx_server *s, uint16_t surface, enum sp_gfx_codec codec,
		struct sp_rect to, int *err)
{
	struct sp_gfx_bits bits = {.surface = surface,
			.codec = (uint16_t)codec,
			.format = codec == SP_GFX_ALPHA ? SP_GFX_ARGB : SP_GFX_XRGB,
			.to = to};

	*err = begin_bits(s, &bits, false);
	return *err == SP_OK ? &s->batch : NULL;
}

struct sp_wr *sp_gfx_server_progressive(
		struct sp_gfx_server *s, uint16_t surface, uint32_t context, int *err)
{
	struct sp_gfx_bits bits = {.surface = surface,
			.codec = SP_GFX_PROGRESSIVE,
			.context = context,
			.format = SP_GFX_XRGB};

	*err = begin_bits(s, &bits, true);
	return *err == SP_OK ? &s->batch : NULL;
}

int sp_gfx_server_bits_end(struct sp_gfx_server *s, bool ok)
{
	if (!s->in_bits) {
		return SP_ESTATE;
	}
	s->in_bits = false;
	if (!ok) {
		s->batch.n = s->begun;
		s->batch.err = SP_OK;
		return SP_OK;
	}
	if (s->bits2) {
		sp_gfx_bits2_end(&s->batch, s->mark);
	} else {
		sp_gfx_bits_end(&s->batch, s->mark);
	}
	return sp_gfx_server_done(s, s->bits_raw);
}

int sp_gfx_server_put(struct sp_gfx_server *s, uint16_t surface, enum sp_gfx_codec codec,
		struct sp_rect to, struct sp_span data)
{
	int rc;
	struct sp_wr *w = sp_gfx_server_bits(s, surface, codec, to, &rc);

	if (!w) {
		return rc;
	}
	sp_wr_span(w, data);
	return sp_gfx_server_bits_end(s, true);
}

int sp_gfx_server_put_progressive(
		struct sp_gfx_server *s, uint16_t surface, uint32_t context, struct sp_span data)
{
	int rc;
	struct sp_wr *w = sp_gfx_server_progressive(s, surface, context, &rc);

	if (!w) {
		return rc;
	}
	sp_wr_span(w, data);
	return sp_gfx_server_bits_end(s, true);
}

int sp_gfx_server_forget(struct sp_gfx_server *s, uint16_t surface, uint32_t context)
{
	struct sp_gfx_forget forget = {.surface = surface, .context = context};
	int rc = may(s, false);

	if (rc != SP_OK) {
		return rc;
	}
	if (!find(s, surface)) {
		return SP_EARG;
	}
	sp_gfx_forget_write(&s->batch, &forget);
	return sp_gfx_server_done(s, false);
}
