/* core/view/replay_pointer.c - the pointer of a replay: shapes in their slots, and where it is. */
#include <string.h>

#include "core/base/mem.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/input.h"
#include "core/view/cursor.h"
#include "core/view/replay_part.h"

static void empty(struct replay_pointer *p, size_t slot)
{
	struct replay_shape *s = &p->slot[slot];

	p->bytes -= s->px ? (size_t)s->w * s->h * 4 : 0;
	sp_free(s->px);
	*s = (struct replay_shape){.px = NULL};
}

void replay_pointer_reset(struct replay_pointer *p)
{
	p->shown = REPLAY_POINTER_DEFAULT;
	p->serial++;
}

void replay_pointer_finish(struct replay_pointer *p)
{
	for (size_t i = 0; i < REPLAY_SHAPES; i++) {
		empty(p, i);
	}
}

/* An empty slot with memory for an image. */
static int make(struct replay_pointer *p, size_t slot, uint32_t w, uint32_t h)
{
	size_t n = (size_t)w * h * 4;

	empty(p, slot);
	if (!(n <= REPLAY_SHAPES_BYTES - p->bytes)) {
		return SP_ELIMIT;
	}
	uint8_t *px = sp_calloc(1, n);
	if (!px) {
		return SP_ENOMEM;
	}
	p->slot[slot] = (struct replay_shape){.px = px, .w = w, .h = h};
	p->bytes += n;
	return SP_OK;
}

static int take_shape(struct replay_pointer *p, const struct sp_pointer *in,
		const struct sp_palette *palette)
{
	size_t slot = in->cache;

	if (!(slot < REPLAY_SHAPES)) {
		return SP_ELIMIT;
	}
	p->shown = REPLAY_POINTER_HIDDEN;
	if (in->width == 0 || in->height == 0) {
		empty(p, slot);
		return SP_OK;
	}
	int rc = make(p, slot, in->width, in->height);
	if (rc != SP_OK) {
		return rc;
	}
	struct replay_shape *s = &p->slot[slot];
	struct sp_cursor c = {.w = s->w, .h = s->h, .bgra = s->px};
	rc = sp_cursor_decode(&c, in->bpp, in->xor_mask, in->and_mask, palette);
	if (rc != SP_OK) {
		empty(p, slot);
		return rc;
	}
	s->hot_x = in->x;
	s->hot_y = in->y;
	p->shown = REPLAY_POINTER_SHAPE;
	p->current = slot;
	return SP_OK;
}

static void place(struct replay_pointer *p, uint16_t x, uint16_t y)
{
	p->serial += !p->placed || p->x != x || p->y != y;
	p->placed = true;
	p->x = x;
	p->y = y;
}

int replay_pointer_update(struct replay_pointer *p, uint8_t code, struct sp_span data,
		const struct sp_palette *palette)
{
	struct sp_pointer in;
	struct sp_rd r;

	sp_rd_init(&r, data.p, data.n);
	int rc = sp_pointer_fast_read(&r, code, &in);
	if (rc != SP_OK) {
		return rc;
	}
	if (in.kind == SP_POINTER_POSITION) {
		place(p, in.x, in.y);
		return SP_OK;
	}
	p->serial++;
	switch (in.kind) {
	case SP_POINTER_HIDDEN:
		p->shown = REPLAY_POINTER_HIDDEN;
		return SP_OK;
	case SP_POINTER_DEFAULT:
		p->shown = REPLAY_POINTER_DEFAULT;
		return SP_OK;
	case SP_POINTER_CACHED:
		if (!(in.cache < REPLAY_SHAPES)) {
			return SP_ELIMIT;
		}
		p->shown = p->slot[in.cache].px ? REPLAY_POINTER_SHAPE : REPLAY_POINTER_HIDDEN;
		p->current = in.cache;
		return SP_OK;
	default:
		return take_shape(p, &in, palette);
	}
}

/* ---- where it is ---- */

static void event(struct replay_pointer *p, const struct sp_input_event *ev)
{
	if ((ev->kind == SP_INPUT_MOUSE && !(ev->flags & (SP_MOUSE_WHEEL | SP_MOUSE_HWHEEL))) ||
			ev->kind == SP_INPUT_MOUSEX) {
		place(p, (uint16_t)ev->x, (uint16_t)ev->y);
	}
}

void replay_pointer_fast(struct replay_pointer *p, struct sp_rd *pdu)
{
	struct sp_input_event ev;
	size_t n;

	if (sp_fp_input_read(pdu, &n) != SP_OK) {
		return;
	}
	for (; n > 0 && sp_fp_input_event_read(pdu, &ev) == SP_OK; n--) {
		event(p, &ev);
	}
}

void replay_pointer_slow(struct replay_pointer *p, struct sp_rd *body)
{
	struct sp_input_event ev;
	size_t n;

	if (sp_input_read(body, &n) != SP_OK) {
		return;
	}
	for (; n > 0 && sp_input_event_read(body, &ev) == SP_OK; n--) {
		event(p, &ev);
	}
}

/* ---- into the picture ---- */

/* A plain arrow for the default pointer, which every client draws as its own. */
#define ARROW_W 12
#define ARROW_H 19
static const char arrow[ARROW_H][ARROW_W + 1] = {"#           ", "##          ", "#.#         ",
		"#..#        ", "#...#       ", "#....#      ", "#.....#     ", "#......#    ",
		"#.......#   ", "#........#  ", "#.........# ", "#......#####", "#...#..#    ",
		"#..##..#    ", "#.#  #..#   ", "##   #..#   ", "#     #..#  ", "      #..#  ",
		"       ##   "};

static void blend(uint8_t *to, const uint8_t *bgra)
{
	unsigned a = bgra[3];

	for (size_t i = 0; i < 3; i++) {
		to[i] = (uint8_t)((bgra[i] * a + to[i] * (255 - a) + 127) / 255);
	}
}

static uint8_t *pixel_at(uint8_t *px, uint32_t w, uint32_t h, int64_t x, int64_t y)
{
	return 0 <= x && x < w && 0 <= y && y < h ? px + ((size_t)y * w + (size_t)x) * 4 : NULL;
}

static void draw_arrow(const struct replay_pointer *p, uint8_t *px, uint32_t w, uint32_t h)
{
	static const uint8_t ink[4] = {0, 0, 0, 255}, paper[4] = {255, 255, 255, 255};

	for (int32_t y = 0; y < ARROW_H; y++) {
		for (int32_t x = 0; x < ARROW_W; x++) {
			uint8_t *to = pixel_at(px, w, h, (int64_t)p->x + x, (int64_t)p->y + y);

			if (to && arrow[y][x] != ' ') {
				blend(to, arrow[y][x] == '#' ? ink : paper);
			}
		}
	}
}

void replay_pointer_draw(const struct replay_pointer *p, uint8_t *px, uint32_t w, uint32_t h)
{
	const struct replay_shape *s = &p->slot[p->current];

	if (!p->placed || p->shown == REPLAY_POINTER_HIDDEN) {
		return;
	}
	if (p->shown == REPLAY_POINTER_DEFAULT) {
		draw_arrow(p, px, w, h);
		return;
	}
	if (!s->px) {
		return;
	}
	for (uint32_t y = 0; y < s->h; y++) {
		for (uint32_t x = 0; x < s->w; x++) {
			uint8_t *to = pixel_at(px, w, h, (int64_t)p->x - s->hot_x + x,
					(int64_t)p->y - s->hot_y + y);

			if (to) {
				blend(to, s->px + ((size_t)y * s->w + x) * 4);
			}
		}
	}
}

/* ---- out and in ---- */

int replay_pointer_save(const struct replay_pointer *p, struct sp_wr *w)
{
	uint16_t n = 0;

	sp_wr_u8(w, (uint8_t)p->shown);
	sp_wr_le16(w, (uint16_t)p->current);
	sp_wr_u8(w, p->placed);
	sp_wr_le16(w, p->x);
	sp_wr_le16(w, p->y);
	for (size_t i = 0; i < REPLAY_SHAPES; i++) {
		n += p->slot[i].px != NULL;
	}
	sp_wr_le16(w, n);
	for (size_t i = 0; i < REPLAY_SHAPES; i++) {
		const struct replay_shape *s = &p->slot[i];

		if (s->px) {
			sp_wr_u8(w, (uint8_t)i);
			sp_wr_le16(w, (uint16_t)s->w);
			sp_wr_le16(w, (uint16_t)s->h);
			sp_wr_le16(w, (uint16_t)s->hot_x);
			sp_wr_le16(w, (uint16_t)s->hot_y);
			sp_wr_put(w, s->px, (size_t)s->w * s->h * 4);
		}
	}
	return sp_wr_ok(w);
}

static int load_shape(struct replay_pointer *p, struct sp_rd *rd)
{
	size_t slot = sp_rd_u8(rd);
	uint32_t w = sp_rd_le16(rd), h = sp_rd_le16(rd);
	uint32_t hot_x = sp_rd_le16(rd), hot_y = sp_rd_le16(rd);

	if (!(1 <= w && w <= SP_CURSOR_LARGE_MAX && 1 <= h && h <= SP_CURSOR_LARGE_MAX)) {
		return sp_rd_fail(rd, SP_EFIELD, "replay.state.shape");
	}
	struct sp_span px = sp_rd_span(rd, (size_t)w * h * 4);
	int rc = sp_rd_ok(rd);
	rc = rc == SP_OK ? make(p, slot, w, h) : rc;
	if (rc == SP_OK) {
		memcpy(p->slot[slot].px, px.p, px.n);
		p->slot[slot].hot_x = hot_x;
		p->slot[slot].hot_y = hot_y;
	}
	return rc;
}

int replay_pointer_load(struct replay_pointer *p, struct sp_rd *rd)
{
	uint8_t shown = sp_rd_u8(rd);
	uint16_t current = sp_rd_le16(rd);

	p->placed = sp_rd_u8(rd) & 1;
	p->x = sp_rd_le16(rd);
	p->y = sp_rd_le16(rd);
	size_t n = sp_rd_le16(rd);
	if (!(shown <= REPLAY_POINTER_SHAPE && current < REPLAY_SHAPES && n <= REPLAY_SHAPES)) {
		sp_rd_fail(rd, SP_EFIELD, "replay.state.pointer");
	}
	int rc = sp_rd_ok(rd);
	for (; n > 0 && rc == SP_OK; n--) {
		rc = load_shape(p, rd);
	}
	if (rc == SP_OK) {
		p->shown = shown;
		p->current = current;
		p->serial++;
	}
	return rc;
}
