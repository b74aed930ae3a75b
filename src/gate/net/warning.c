/* gate/net/warning.c - see warning.h. */
#include "gate/net/warning.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/ui/canvas.h"
#include "core/ui/theme.h"
#include "core/view/cursor.h"

#define ARROW_H 16
#define PAD 5
#define EDGE 0x000000
#define MARK 0xF2B84B /* the frame: not to be overlooked */

/* The box and its lines; empty ones are left out. */
struct lines {
	const struct sp_ui_font *f1, *f2;
	char line1[48], line2[48];
};

static int32_t max32(int32_t a, int32_t b)
{
	return a > b ? a : b;
}

static int32_t width(const struct sp_ui_font *f, const char *s)
{
	return sp_ui_text_width(f, s, strlen(s));
}

/* As many words as there is room for. */
static void choose(struct lines *l, unsigned side, const char *title, const char *left)
{
	*l = (struct lines){.f1 = sp_ui_font(SP_UI_STRONG, 1), .f2 = sp_ui_font(SP_UI_SMALL, 1)};
	if (side >= SP_WARNING_MAX) {
		snprintf(l->line1, sizeof(l->line1), "Session ends in %s", left);
		snprintf(l->line2, sizeof(l->line2), "%s", title);
	} else if (side >= SP_POINTER_MAX) {
		snprintf(l->line1, sizeof(l->line1), "%s", left);
		snprintf(l->line2, sizeof(l->line2), "to the end");
	} else {
		/* "14 min" as "14m": there is room for no more. */
		int digits = (int)strspn(left, "0123456789");

		l->f1 = l->f2;
		snprintf(l->line1, sizeof(l->line1), "%.*s%.1s", digits, left,
				left[digits] ? left + digits + 1 : "");
	}
}

/* An arrow whose tip is the hot spot: rows that grow, black around white. */
static void arrow(struct sp_ui_canvas *c)
{
	for (int32_t y = 0; y < ARROW_H; y++) {
		int32_t w = y < 11 ? y + 1 : max32(1, 5 - (y - 11));

		sp_ui_fill(c, (struct sp_rect){0, y, w, 1}, EDGE);
		if (w > 2 && y < ARROW_H - 1) {
			sp_ui_fill(c, (struct sp_rect){1, y, w - 2, 1}, 0xFFFFFF);
		}
	}
}

static void paint(struct sp_ui_canvas *c, const struct lines *l, struct sp_rect box)
{
	int32_t pad = box.w > 40 ? PAD : 2, y = box.y + (box.w > 40 ? 3 : 1);

	sp_ui_fill(c, box, MARK);
	sp_ui_fill(c, (struct sp_rect){box.x + 1, box.y + 1, box.w - 2, box.h - 2}, SP_UI_COL_CARD);
	sp_ui_text(c, l->f1, box.x + pad, y, l->line1, strlen(l->line1), SP_UI_COL_TEXT);
	sp_ui_text(c, l->f2, box.x + pad, y + l->f1->line, l->line2, strlen(l->line2),
			SP_UI_COL_DIM);
}

static struct sp_rect place(const struct lines *l, unsigned side)
{
	int32_t most = (int32_t)side, pad = side > 40 ? PAD : 2;
	int32_t w = max32(width(l->f1, l->line1), width(l->f2, l->line2)) + 2 * pad;
	int32_t h = l->f1->line + (l->line2[0] ? l->f2->line : 0) + (side > 40 ? 6 : 2);
	int32_t x = side > 40 ? 8 : 0, y = side > 40 ? ARROW_H - 2 : 12;

	w = w < most - x ? w : most - x;
	h = h < most - y ? h : most - y;
	return (struct sp_rect){x, y, w, h};
}

int sp_warning_draw(struct sp_pointer *out, struct sp_wr *bits, unsigned side, const char *title,
		const char *left)
{
	struct lines l;
	struct sp_ui_canvas c;
	struct sp_wr xor_mask, and_mask;

	choose(&l, side, title, left);
	struct sp_rect box = place(&l, side);
	int32_t w = (box.x + box.w + 1) / 2 * 2, h = box.y + box.h;
	size_t stride = (size_t)w * 4;
	uint8_t *px = sp_calloc((size_t)h, stride);
	if (!px) {
		return SP_ENOMEM;
	}
	/* What is drawn is opaque, what is not stays clear: the canvas sets the fourth byte. */
	sp_ui_canvas_init(&c, px, stride, (struct sp_rect){0, 0, w, h});
	arrow(&c);
	paint(&c, &l, box);
	struct sp_cursor cursor = {.w = (uint32_t)w, .h = (uint32_t)h, .bgra = px};
	sp_wr_init(&xor_mask, 1u << 20);
	sp_wr_init(&and_mask, 1u << 20);
	int rc = sp_cursor_masks(&cursor, 24, &xor_mask, &and_mask);
	if (rc == SP_OK) {
		sp_wr_reset(bits);
		sp_wr_put(bits, xor_mask.p, xor_mask.n);
		sp_wr_put(bits, and_mask.p, and_mask.n);
		rc = sp_wr_ok(bits);
	}
	if (rc == SP_OK) {
		*out = (struct sp_pointer){.bpp = 24,
				.width = (uint16_t)w,
				.height = (uint16_t)h,
				.xor_mask = {bits->p, xor_mask.n},
				.and_mask = {bits->p + xor_mask.n, and_mask.n}};
	}
	sp_wr_finish(&xor_mask);
	sp_wr_finish(&and_mask);
	sp_free(px);
	return rc;
}
