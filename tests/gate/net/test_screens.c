/* tests/gate/net/test_screens.c - every prompt in every size: laid out, walked through, answered. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ui/screen_part.h"
#include "gate/net/greeter/place.h"
#include "gate/net/greeter/screens.h"
#include "prompts.h"

enum {
	ESC = 0x01,
	BACKSPACE = 0x0E,
	TAB = 0x0F,
	ENTER = 0x1C,
	SHIFT = 0x2A,
	SPACE = 0x39,
	DOWN = 0x50
};

static struct sp_screens s;
static struct sp_ui_keyboard k;
static struct sp_msg_prompt p;
static uint64_t now = 1000000;

static void begin(int32_t w, int32_t h, uint32_t lcid)
{
	sp_ui_keyboard_init(&k, lcid);
	sp_screens_init(&s, "anna.schmidt", (struct sp_rect){0, 0, w, h}, sp_ui_scale(w, 100));
}

static void show(enum prompts which)
{
	prompts_fill(&p, which);
	(void)sp_screens_prompt(&s, &p, now);
	now += 1000000; /* long enough to read it */
}

static enum sp_screens_said event(const struct sp_input_event *ev)
{
	return sp_screens_input(&s, &k, ev, now).said;
}

static enum sp_screens_said key(uint16_t code, uint8_t flags)
{
	struct sp_input_event ev = {.kind = SP_INPUT_SCANCODE, .code = code, .key = flags};

	return event(&ev);
}

static enum sp_screens_said tap(uint16_t code)
{
	uint8_t extended = code == DOWN ? SP_KEY_EXTENDED : 0;
	enum sp_screens_said said = key(code, extended);

	(void)key(code, extended | SP_KEY_RELEASE);
	return said;
}

static void type(const char *text)
{
	for (; *text; text++) {
		struct sp_input_event ev = {.kind = SP_INPUT_UNICODE, .code = (uint16_t)*text};

		assert_int_equal(event(&ev), SP_SCREENS_NOTHING);
	}
}

static enum sp_screens_said click(struct sp_rect r)
{
	struct sp_input_event ev = {.kind = SP_INPUT_MOUSE,
			.flags = SP_MOUSE_MOVE,
			.x = r.x + r.w / 2,
			.y = r.y + r.h / 2};

	(void)event(&ev);
	ev.flags = SP_MOUSE_BUTTON1 | SP_MOUSE_DOWN;
	enum sp_screens_said down = event(&ev);
	ev.flags = SP_MOUSE_BUTTON1;
	enum sp_screens_said up = event(&ev);
	return up != SP_SCREENS_NOTHING ? up : down;
}

static struct sp_msg_answer answer(void)
{
	struct sp_msg_answer a;

	sp_screens_answer(&s, &a);
	assert_int_equal(a.kind, SP_ANSWER_OK);
	for (size_t i = 0; i < SP_UI_MAX_FIELDS; i++) {
		assert_int_equal(s.ui.field[i].n, 0);
		assert_string_equal(s.ui.field[i].text, "");
	}
	return a;
}

/* ---- layout ---- */

static size_t boxes(struct sp_rect r[], size_t cap)
{
	const struct sp_ui_screen *ui = &s.ui;
	int32_t label = 24 * ui->scale;
	size_t n = 0;
	struct sp_rect all[] = {ui->head_box, ui->title_box, ui->text_box, ui->notice_box,
			ui->qr_box, ui->qr_text_box, ui->codes_box, ui->error_box, ui->busy_box,
			ui->footer_box,
			ui->list.n > 0 && ui->filter ? ui->filter_field.box : (struct sp_rect){0},
			ui->list.box};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		r[n] = all[i];
		n += !sp_rect_empty(all[i]);
	}
	for (size_t i = 0; i < ui->n_fields; i++) {
		r[n] = ui->field[i].box;
		r[n].y -= label;
		r[n++].h += label;
	}
	for (size_t i = 0; i < ui->n_buttons; i++) {
		r[n++] = ui->button[i].box;
	}
	assert_true(n <= cap);
	return n;
}

/* That a text stands there as a whole. */
static void whole(enum sp_ui_style style, const char *text, struct sp_rect r)
{
	const struct sp_ui_font *f = sp_ui_font(style, s.ui.scale);

	if (text && *text) {
		assert_true(r.h >= (int32_t)sp_ui_wrap_lines(f, r.w, text, 100) * f->line);
	}
}

static void texts(void)
{
	const struct sp_ui_screen *ui = &s.ui;
	struct sp_rect error = ui->error_box;
	int32_t used = (SP_UI_ERROR_ICON + 3 * SP_UI_ERROR_PAD) * ui->scale;

	whole(SP_UI_TITLE, ui->title, ui->title_box);
	whole(SP_UI_TEXT, ui->text, ui->text_box);
	whole(SP_UI_STRONG, ui->qr_text, ui->qr_text_box);
	whole(SP_UI_TEXT, ui->error,
			(struct sp_rect){0, 0, error.w - used,
					error.h - 2 * SP_UI_ERROR_PAD * ui->scale});
	for (size_t i = 0; i < ui->n_buttons; i++) {
		assert_true(sp_ui_text_width(sp_ui_font(SP_UI_STRONG, ui->scale),
					    ui->button[i].text,
					    SIZE_MAX) <= ui->button[i].box.w - 16 * ui->scale);
	}
	for (size_t i = 0; i < ui->n_codes; i++) {
		int32_t letter;
		struct sp_rect r = sp_ui_screen_code(ui, i, &letter);

		assert_true(sp_rect_contains(ui->codes_box, r));
		assert_true((SP_UI_CODE_NUMBER + 8) * ui->scale +
						(int32_t)strlen(ui->codes[i]) * letter <=
				r.w);
	}
}

static void test_layout(void **state)
{
	static const struct {
		int32_t w, h;
		uint32_t zoom;
	} sizes[] = {{800, 600, 100}, {1024, 768, 100}, {1366, 768, 100}, {1920, 1080, 100},
			{1920, 1080, 200}, {1280, 1024, 200}, {3840, 2160, 100}, {7680, 4320, 100}};
	struct sp_rect r[32];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct sp_rect area = {-77, 33, sizes[i].w, sizes[i].h};

		for (enum prompts g = 0; g < PROMPTS_COUNT; g++) {
			sp_screens_init(&s, "anna.schmidt", area,
					sp_ui_scale(area.w, sizes[i].zoom));
			show(g);
			size_t n = boxes(r, 32);
			assert_true(sp_rect_contains(area, s.ui.card));
			for (size_t a = 0; a < n; a++) {
				assert_true(sp_rect_contains(area, r[a]));
				assert_true(sp_rect_contains(s.ui.bounds, r[a]));
				for (size_t b = a + 1; b < n; b++) {
					assert_true(sp_rect_empty(sp_rect_and(r[a], r[b])));
				}
			}
			if (g < PROMPTS_NOTICE_HUGE) {
				texts();
			}
			assert_true(s.ui.focus != SP_UI_W_NONE);
		}
	}
}

static void test_two_monitors(void **state)
{
	struct sp_geometry g = {.width = 3200,
			.height = 1200,
			.monitors = 2,
			.monitor = {{.left = -1600, .top = 100, .width = 1600, .height = 1100},
					{.primary = 1, .width = 1600, .height = 1200}}};
	struct sp_rect area;
	unsigned scale;

	sp_greeter_place(&g, &area, &scale);
	sp_screens_init(&s, "anna", area, scale);
	show(PROMPTS_TARGET);
	assert_true(s.ui.bounds.x >= 1600);
	assert_true(sp_rect_contains(area, s.ui.bounds));
}

/* What was there before is drawn over. */
static void test_damage(void **state)
{
	begin(1024, 768, 0x409);
	show(PROMPTS_TARGET_LONG);
	struct sp_rect before = s.ui.bounds;
	prompts_fill(&p, PROMPTS_CODE);
	struct sp_ui_damage d = sp_screens_prompt(&s, &p, now);
	assert_int_equal(d.n, 1);
	assert_true(sp_rect_contains(d.r[0], before));
	assert_true(sp_rect_contains(d.r[0], s.ui.bounds));
}

/* ---- walks ---- */

static void test_notice(void **state)
{
	begin(800, 600, 0x409);
	prompts_fill(&p, PROMPTS_NOTICE);
	(void)sp_screens_prompt(&s, &p, now);
	/* A second Enter for the screen before. */
	assert_int_equal(tap(ENTER), SP_SCREENS_NOTHING);
	now += 1000000;
	assert_int_equal(key(0x51, SP_KEY_EXTENDED), SP_SCREENS_NOTHING);
	assert_true(s.ui.notice_top > 0);
	assert_int_equal(tap(ENTER), SP_SCREENS_ANSWER);
	struct sp_msg_answer a = answer();
	assert_string_equal(a.text, "");
	/* Answered once; the rest waits for the next prompt. */
	assert_int_equal(tap(ENTER), SP_SCREENS_NOTHING);
	assert_int_equal(tap(ESC), SP_SCREENS_LEAVE);
	show(PROMPTS_NOTICE);
	assert_int_equal(click(s.ui.button[1].box), SP_SCREENS_LEAVE);
	show(PROMPTS_LAST);
	assert_string_equal(s.ui.text, "Your last session ended: time is over.");
	assert_string_equal(s.ui.button[0].text, "Continue");
	assert_int_equal(tap(SPACE), SP_SCREENS_ANSWER);
}

static void test_code(void **state)
{
	static const uint16_t row[6] = {0x02, 0x03, 0x0B, 0x0A, 0x05, 0x06};

	begin(1024, 768, 0x40C); /* French: digits stand on the shifted row */
	show(PROMPTS_CODE);
	assert_int_equal(s.ui.n_buttons, 2);
	assert_int_equal(tap(ENTER), SP_SCREENS_NOTHING);
	for (size_t i = 0; i < 6; i++) {
		assert_false(s.ui.ready);
		assert_int_equal(click(s.ui.button[0].box), SP_SCREENS_NOTHING);
		assert_int_equal(tap(row[i]), SP_SCREENS_NOTHING);
	}
	assert_int_equal(tap(ENTER), SP_SCREENS_ANSWER);
	struct sp_msg_answer a = answer();
	assert_string_equal(a.text, "120945");
	assert_string_equal(a.password, "");
}

static void test_recovery_code(void **state)
{
	begin(1024, 768, 0x409);
	show(PROMPTS_CODE_WRONG);
	assert_non_null(strstr(s.ui.error, "One try is left."));
	type("12");
	assert_int_equal(click(s.ui.button[2].box), SP_SCREENS_NOTHING);
	assert_int_equal(s.ui.field[0].kind, SP_UI_FIELD_TEXT);
	assert_string_equal(s.ui.field[0].text, "");
	type("k7m2-9xw4-0fz3q");
	assert_int_equal(tap(ENTER), SP_SCREENS_ANSWER);
	struct sp_msg_answer a = answer();
	assert_string_equal(a.text, "k7m2-9xw4-0fz3q");
	/* It was mistyped: the same way to type another one. */
	show(PROMPTS_CODE_WRONG);
	assert_int_equal(s.ui.field[0].kind, SP_UI_FIELD_TEXT);
	(void)tap(TAB);
	(void)tap(TAB);
	assert_int_equal(s.ui.focus, SP_UI_W_BUTTON + 2);
	assert_int_equal(tap(ENTER), SP_SCREENS_NOTHING);
	assert_int_equal(s.ui.field[0].kind, SP_UI_FIELD_CODE);
	show(PROMPTS_TARGET);
	show(PROMPTS_CODE); /* this one takes none */
	assert_int_equal(s.ui.field[0].kind, SP_UI_FIELD_CODE);
}

static void test_recovery(void **state)
{
	begin(800, 600, 0x409);
	prompts_fill(&p, PROMPTS_RECOVERY);
	(void)sp_screens_prompt(&s, &p, now);
	assert_int_equal(s.ui.n_codes, 10);
	assert_int_equal(tap(ENTER), SP_SCREENS_NOTHING); /* nobody reads ten codes that fast */
	now += 2000000;
	assert_int_equal(tap(ESC), SP_SCREENS_NOTHING);
	assert_int_equal(tap(ENTER), SP_SCREENS_ANSWER);
	(void)answer();
	show(PROMPTS_RECOVERY_HUGE);
	assert_int_equal(s.ui.n_codes, 0);
	assert_true(s.ui.notice_lines > 64);
}

static void test_target(void **state)
{
	begin(1024, 768, 0x409);
	show(PROMPTS_TARGET);
	(void)tap(DOWN);
	(void)tap(DOWN);
	assert_int_equal(tap(ENTER), SP_SCREENS_ANSWER);
	struct sp_msg_answer a = answer();
	assert_int_equal(a.choice, 2);
	assert_string_equal(a.text, "");
	(void)sp_screens_open(&s, "", now);
	assert_string_equal(s.ui.title, "Connecting to app-02.example.com");
	assert_int_equal(tap(ENTER), SP_SCREENS_LEAVE); /* Cancel */

	show(PROMPTS_TARGET);
	type("sql");
	assert_int_equal(tap(ENTER), SP_SCREENS_ANSWER);
	a = answer();
	assert_int_equal(a.choice, 6);

	show(PROMPTS_TARGET);
	type("zzz");
	assert_int_equal(tap(ENTER), SP_SCREENS_NOTHING);
	assert_false(sp_ui_screen_enabled(&s.ui, 0));
	(void)tap(BACKSPACE);
	(void)tap(BACKSPACE);
	(void)tap(BACKSPACE);
	assert_true(sp_ui_screen_enabled(&s.ui, 0));

	show(PROMPTS_TARGET_FEW);
	assert_int_equal(s.ui.focus, SP_UI_W_LIST);
	struct sp_rect row = {s.ui.list.box.x + 8, s.ui.list.box.y + 4 + s.ui.list.row_h, 100,
			s.ui.list.row_h};
	assert_int_equal(click(row), SP_SCREENS_NOTHING);
	assert_int_equal(click(row), SP_SCREENS_ANSWER); /* double click */
	a = answer();
	assert_int_equal(a.choice, 1);
	(void)sp_screens_open(&s, "somewhere else", now);
	assert_string_equal(s.ui.title, "Connecting to somewhere else");

	show(PROMPTS_TARGET_LONG);
	assert_true(s.ui.list.lines == 2);
	type("63");
	assert_int_equal(s.ui.list.n_shown, 1);
	assert_int_equal(tap(ENTER), SP_SCREENS_ANSWER);
	a = answer();
	assert_int_equal(a.choice, 63);
}

static void test_reason(void **state)
{
	begin(1024, 768, 0x407);
	show(PROMPTS_REASON);
	assert_int_equal(tap(ENTER), SP_SCREENS_NOTHING);
	type("INC-10234, Strom weg");
	(void)tap(TAB);
	assert_int_equal(tap(SPACE), SP_SCREENS_ANSWER);
	struct sp_msg_answer a = answer();
	assert_string_equal(a.text, "INC-10234, Strom weg");
}

static void test_login(void **state)
{
	begin(1024, 768, 0x409);
	show(PROMPTS_LOGIN);
	assert_string_equal(s.ui.title, "Log in to app-02.example.com");
	assert_string_equal(s.ui.field[0].text, "anna.schmidt");
	assert_int_equal(s.ui.focus, SP_UI_W_FIELD + 1);
	(void)key(SHIFT, 0);
	(void)tap(TAB);
	(void)key(SHIFT, SP_KEY_RELEASE);
	assert_int_equal(s.ui.focus, SP_UI_W_FIELD);
	type("2");
	/* Enter goes on to what is missing. */
	assert_int_equal(tap(ENTER), SP_SCREENS_NOTHING);
	assert_int_equal(s.ui.focus, SP_UI_W_FIELD + 1);
	type("correct horse");
	assert_int_equal(tap(ENTER), SP_SCREENS_ANSWER);
	struct sp_msg_answer a = answer();
	assert_string_equal(a.text, "anna.schmidt2");
	assert_string_equal(a.password, "correct horse");
	/* As long as a name may be on the wire. */
	show(PROMPTS_LOGIN);
	for (int i = 0; i < 300; i++) {
		type("x");
	}
	assert_int_equal(tap(ENTER), SP_SCREENS_ANSWER);
	a = answer();
	assert_int_equal(strlen(a.password), 256);
}

static void test_wait_and_refused(void **state)
{
	begin(1024, 768, 0x409);
	show(PROMPTS_WAIT);
	assert_int_equal(click(s.ui.button[0].box), SP_SCREENS_LEAVE);
	show(PROMPTS_WAIT);
	assert_int_equal(tap(ESC), SP_SCREENS_LEAVE);
	/* The next one comes unasked. */
	show(PROMPTS_REFUSED);
	assert_int_equal(tap(ENTER), SP_SCREENS_LEAVE);
	show(PROMPTS_REFUSED);
	assert_false(sp_screens_over(&s, now));
	for (int i = 0; i < 1000 && sp_screens_deadline(&s, now) != 0; i++) {
		now = sp_screens_deadline(&s, now);
		(void)sp_screens_tick(&s, now);
	}
	assert_true(sp_screens_over(&s, now));
	prompts_fill(&p, PROMPTS_REFUSED);
	snprintf(p.text, sizeof(p.text), "no such target");
	(void)sp_screens_prompt(&s, &p, now);
	assert_string_equal(s.ui.text, "no such target.");
}

static void test_time(void **state)
{
	begin(1024, 768, 0x409);
	prompts_fill(&p, PROMPTS_WAIT);
	p.seconds = 3661;
	(void)sp_screens_prompt(&s, &p, now);
	assert_string_equal(s.footer, "1:01:01 left");
	(void)sp_screens_tick(&s, now + 62000000);
	assert_string_equal(s.footer, "59:59 left");
	prompts_fill(&p, PROMPTS_CODE);
	p.seconds = 3;
	(void)sp_screens_prompt(&s, &p, now);
	assert_string_equal(s.footer, "0:03 left");
	uint64_t end = now + 3000000;
	for (int i = 0; i < 100 && now < end; i++) {
		uint64_t at = sp_screens_deadline(&s, now);

		assert_true(now < at && at <= now + 1000000);
		now = at;
		(void)sp_screens_tick(&s, now);
	}
	assert_string_equal(s.footer, "0:00 left");
	p.seconds = 0;
	(void)sp_screens_prompt(&s, &p, now);
	assert_string_equal(s.footer, "");
}

/* ---- garbage ---- */

static uint32_t noise(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 9;
}

static void test_flood(void **state)
{
	uint32_t seed = 5;
	uint8_t fb[64 * 64 * 4];
	struct sp_ui_canvas c;

	for (enum prompts g = 0; g < PROMPTS_COUNT; g++) {
		begin(800, 600, g % 2 ? 0x419 : 0x409);
		show(g);
		for (int i = 0; i < 1500; i++) {
			struct sp_input_event ev = {.kind = (enum sp_input_kind)(noise(&seed) % 7),
					.key = (uint8_t)(noise(&seed) % 4),
					.code = (uint16_t)noise(&seed),
					.flags = (uint16_t)noise(&seed),
					.x = (int32_t)noise(&seed) % 65536,
					.y = (int32_t)noise(&seed) % 65536};
			if (i % 2) {
				ev.code %= 0x60;
				ev.x %= 800;
				ev.y %= 600;
			}
			struct sp_screens_result r = sp_screens_input(&s, &k, &ev, now);

			now += noise(&seed) % 100000;
			(void)sp_screens_tick(&s, now);
			assert_true(r.damage.n <= SP_UI_MAX_DAMAGE);
			assert_true(g != PROMPTS_RECOVERY || r.said != SP_SCREENS_LEAVE);
			if (r.said == SP_SCREENS_ANSWER) {
				(void)answer();
				(void)sp_screens_prompt(&s, &p, now);
			}
			if (i % 50 == 0) {
				sp_ui_canvas_init(&c, fb, 256,
						(struct sp_rect){s.ui.card.x + 20, 200, 64, 64});
				sp_screens_draw(&c, &s);
			}
		}
	}
	sp_screens_finish(&s);
	for (size_t i = 0; i < sizeof(s); i++) {
		assert_int_equal(((const uint8_t *)&s)[i], 0);
	}
}

/* What no keeper sends. */
static void test_odd_prompts(void **state)
{
	begin(800, 600, 0x409);
	for (uint32_t kind = 0; kind < 300; kind++) {
		memset(&p, 0, sizeof(p));
		p.kind = kind;
		(void)sp_screens_prompt(&s, &p, now);
		(void)tap(TAB);
		(void)tap(ENTER);
		p.items = UINT32_MAX;
		p.qr_side = SP_PROMPT_QR_SIDE;
		(void)sp_screens_prompt(&s, &p, now);
		(void)tap(DOWN);
		(void)tap(ENTER);
		(void)answer();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_layout),
			cmocka_unit_test(test_two_monitors),
			cmocka_unit_test(test_damage),
			cmocka_unit_test(test_notice),
			cmocka_unit_test(test_code),
			cmocka_unit_test(test_recovery_code),
			cmocka_unit_test(test_recovery),
			cmocka_unit_test(test_target),
			cmocka_unit_test(test_reason),
			cmocka_unit_test(test_login),
			cmocka_unit_test(test_wait_and_refused),
			cmocka_unit_test(test_time),
			cmocka_unit_test(test_flood),
			cmocka_unit_test(test_odd_prompts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
