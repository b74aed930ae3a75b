/* fuzz/fuzz_ui.c - any events on any screen: no crash, the fields stay whole, nothing drawn outside. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/rd.h"
#include "core/ui/screen.h"
#include "core/ui/screen_part.h"

#define SIDE 96

static const struct sp_ui_item items[] = {{"one", "first"}, {"two", NULL}, {"three", "third"},
		{"four", ""}, {"five", "fifth"}, {NULL, NULL}, {"seven", "seventh"},
		{"eight", "last"}};

static void fill(struct sp_ui_screen *s, uint8_t what, char *text)
{
	static const uint8_t modules[21 * 21] = {1, 0, 1};

	*s = (struct sp_ui_screen){.title = text,
			.text = text,
			.footer = text,
			.error = what & 1 ? text : NULL,
			.notice = what & 2 ? text : NULL,
			.qr = what & 4 ? modules : NULL,
			.qr_n = 21,
			.qr_text = text,
			.busy = what & 8,
			.n_fields = what >> 4 & 3,
			.n_buttons = what >> 6,
			.filter = what & 1};
	s->field[0].kind = SP_UI_FIELD_CODE;
	s->field[1].kind = SP_UI_FIELD_SECRET;
	s->field[2].max = 500;
	s->field[2].label = text;
	if (what & 0x10) {
		s->list.item = items;
		s->list.n = SP_LEN(items);
	}
	for (size_t i = 0; i < SP_UI_MAX_BUTTONS; i++) {
		s->button[i].text = text;
		s->button[i].primary = i == 1;
	}
}

static void check(const struct sp_ui_screen *s, const struct sp_ui_damage *d)
{
	for (size_t i = 0; i < SP_UI_MAX_FIELDS; i++) {
		const struct sp_ui_field *f = &s->field[i];
		assert(f->n < SP_UI_FIELD_CAP && f->text[f->n] == '\0' && strlen(f->text) == f->n);
		assert(f->caret <= f->n && f->anchor <= f->n);
	}
	assert(s->list.n_shown <= s->list.n && (s->list.at < s->list.n_shown || s->list.at == 0));
	assert(d->n <= SP_UI_MAX_DAMAGE);
	for (size_t i = 0; i < d->n; i++) {
		assert(sp_rect_contains(s->bounds, d->r[i]));
	}
}

static void draw(const struct sp_ui_screen *s, struct sp_rect at)
{
	static uint8_t fb[SIDE * SIDE * 4];
	struct sp_ui_canvas c;

	sp_ui_canvas_init(&c, fb, SIDE * 4, (struct sp_rect){at.x, at.y, SIDE, SIDE});
	sp_ui_screen_draw(&c, s);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct sp_ui_screen s;
	static char text[200];
	struct sp_ui_keyboard k;
	struct sp_rd r;
	uint64_t now = 0;

	sp_rd_init(&r, p, n);
	uint8_t what = sp_rd_u8(&r), len = sp_rd_u8(&r);
	uint32_t lcid = sp_rd_le16(&r);
	struct sp_rect area = {(int16_t)sp_rd_le16(&r), (int16_t)sp_rd_le16(&r),
			sp_rd_le16(&r) % 4096, sp_rd_le16(&r) % 4096};

	memset(text, 0, sizeof(text));
	sp_rd_copy(&r, text, len % sizeof(text));
	if (sp_rd_ok(&r) != SP_OK) {
		return 0;
	}
	text[sizeof(text) - 1] = '\0';
	fill(&s, what, text);
	sp_ui_keyboard_init(&k, lcid);
	sp_ui_screen_layout(&s, area, 1 + (what & 1), now);
	draw(&s, s.card);
	for (int i = 0; i < 500 && sp_rd_left(&r) >= 6; i++) {
		struct sp_input_event ev = {.kind = (enum sp_input_kind)(sp_rd_u8(&r) % 8),
				.key = sp_rd_u8(&r)};

		ev.code = sp_rd_le16(&r);
		ev.flags = ev.code;
		ev.x = area.x + sp_rd_u8(&r) * area.w / 256;
		ev.y = area.y + sp_rd_u8(&r) * area.h / 256;
		now += (uint64_t)ev.key * 10000;
		struct sp_ui_result out = sp_ui_screen_input(&s, &k, &ev, now);
		check(&s, &out.damage);
		if (out.damage.n > 0) {
			draw(&s, out.damage.r[0]);
		}
		struct sp_ui_damage d = sp_ui_screen_tick(&s, now);
		check(&s, &d);
	}
	sp_ui_screen_wipe(&s);
	return 0;
}
