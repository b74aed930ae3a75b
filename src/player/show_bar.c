/* player/show_bar.c - see show.h: how far, how fast, and the time as a line to click on. */
#include <stdio.h>
#include <string.h>

#include "core/ui/canvas.h"
#include "core/ui/theme.h"
#include "player/show.h"

#define EDGE 16
#define LINE_Y 10
#define LINE_H 6
#define KNOB 7
#define TEXT_Y 19

const char *show_time(uint64_t us)
{
	static char text[3][32];
	static unsigned turn;
	char *out = text[turn++ % 3];
	uint64_t s = us / 1000000;

	if (s >= 3600) {
		snprintf(out, sizeof(text[0]), "%llu:%02u:%02u", (unsigned long long)(s / 3600),
				(unsigned)(s / 60 % 60), (unsigned)(s % 60));
	} else {
		snprintf(out, sizeof(text[0]), "%u:%02u", (unsigned)(s / 60), (unsigned)(s % 60));
	}
	return out;
}

static int32_t line_width(uint32_t w)
{
	return w > 3 * EDGE ? (int32_t)w - 2 * EDGE : EDGE;
}

uint64_t show_bar_time(const struct show_bar *b, int32_t x, uint32_t w)
{
	int32_t width = line_width(w), at = x - EDGE;

	at = at < 0 ? 0 : at > width ? width : at;
	return (uint64_t)((double)b->end_us * at / width);
}

static void words(const struct show_bar *b, char *out, size_t cap)
{
	size_t n = (size_t)snprintf(out, cap, "%g\xC3\x97", b->speed);

	if (b->paused) {
		n += (size_t)snprintf(out + n, cap - n, "   paused");
	}
	if (b->skip_idle) {
		n += (size_t)snprintf(out + n, cap - n, "   skips idle");
	}
	if (b->follow || b->live) {
		n += (size_t)snprintf(
				out + n, cap - n, b->follow ? "   live" : "   still recorded");
	}
	if (b->busy) {
		snprintf(out + n, cap - n, "   \xE2\x80\xA6");
	}
}

void show_bar_draw(const struct show_bar *b, uint8_t *px, size_t stride, uint32_t w)
{
	const struct sp_ui_font *font = sp_ui_font(SP_UI_SMALL, 1);
	struct sp_rect all = {0, 0, (int32_t)w, SHOW_BAR};
	int32_t width = line_width(w), done;
	struct sp_ui_canvas c;
	char text[96];

	sp_ui_canvas_init(&c, px, stride, all);
	sp_ui_fill(&c, all, SP_UI_COL_CARD);
	sp_ui_fill(&c, (struct sp_rect){0, 0, (int32_t)w, 1}, SP_UI_COL_RIM);
	done = b->end_us > 0 ? (int32_t)((double)width * (double)b->at_us / (double)b->end_us) : 0;
	done = done > width ? width : done;
	sp_ui_round(&c, (struct sp_rect){EDGE, LINE_Y, width, LINE_H}, LINE_H / 2, SP_UI_COL_WELL);
	sp_ui_round(&c, (struct sp_rect){EDGE, LINE_Y, done, LINE_H}, LINE_H / 2, SP_UI_COL_ACCENT);
	sp_ui_disc(&c, (EDGE + done) * 16, (LINE_Y + LINE_H / 2) * 16, KNOB * 16, SP_UI_COL_TEXT);
	snprintf(text, sizeof(text), "%s / %s", show_time(b->at_us), show_time(b->end_us));
	struct sp_rect line = {EDGE, TEXT_Y, width, SHOW_BAR - TEXT_Y};
	sp_ui_label(&c, font, line, SP_UI_LEFT, text, SP_UI_COL_TEXT);
	if (b->note[0] != '\0') {
		line.x += 120;
		line.w -= 120;
		sp_ui_label(&c, font, line, SP_UI_LEFT, b->note, SP_UI_COL_WARN);
		return;
	}
	words(b, text, sizeof(text));
	sp_ui_label(&c, font, line, SP_UI_RIGHT, text, SP_UI_COL_DIM);
}
