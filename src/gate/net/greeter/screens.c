/* gate/net/greeter/screens.c - see screens.h. */
#include "gate/net/greeter/screens.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/ui/screen_part.h"

#define SECOND_US 1000000
/* A second press of the key that answered the screen before is not meant for one that is to be read. */
#define UNREAD_US 700000
#define REFUSAL_US (12 * SECOND_US)
#define CODE_MAX 24 /* of a recovery code that fits a cell of the grid */
#define FILTER_FROM 8 /* so many targets are more than one sees at once */
#define NAME_MAX_CHARS 256

void sp_screens_init(struct sp_screens *s, const char *who, struct sp_rect area, unsigned scale)
{
	memset(s, 0, sizeof(*s));
	s->area = area;
	s->scale = scale;
	snprintf(s->who, sizeof(s->who), "%s", who);
}

void sp_screens_finish(struct sp_screens *s)
{
	sp_wipe(s, sizeof(*s));
}

static void button(struct sp_screens *s, const char *text, enum sp_screens_does does)
{
	struct sp_ui_screen *ui = &s->ui;

	s->does[ui->n_buttons] = does;
	ui->button[ui->n_buttons++] = (struct sp_ui_button){.text = text,
			.primary = does == SP_SCREENS_DOES_ANSWER,
			.needs = does == SP_SCREENS_DOES_ANSWER,
			.cancel = does == SP_SCREENS_DOES_LEAVE};
}

static void field(struct sp_screens *s, enum sp_ui_field_kind kind, const char *label, uint16_t max)
{
	s->ui.field[s->ui.n_fields++] =
			(struct sp_ui_field){.kind = kind, .label = label, .max = max};
}

/* What was wrong with the last answer, and how many tries are left. */
static void complain(struct sp_screens *s)
{
	const struct sp_msg_prompt *p = &s->prompt;
	int n = snprintf(s->error, sizeof(s->error), "%s", p->text);

	if (n == 0) {
		return;
	}
	if (p->tries == 1) {
		snprintf(s->error + n, sizeof(s->error) - (size_t)n, " One try is left.");
	} else if (p->tries > 1) {
		snprintf(s->error + n, sizeof(s->error) - (size_t)n, " %u tries are left.",
				p->tries);
	}
	s->ui.error = s->error;
}

/* Reasons are written for logs too, without a full stop. */
static void sentence(struct sp_screens *s)
{
	const char *from = s->prompt.text;
	size_t n = strlen(from);

	snprintf(s->text, sizeof(s->text), "%s%s", from,
			n > 0 && strchr(".!?", from[n - 1]) == NULL ? "." : "");
	s->ui.text = s->text;
}

/* ---- the screens ---- */

static void fill_code(struct sp_screens *s)
{
	bool recovery = s->recovery && s->prompt.recovery;

	s->ui.icon = SP_UI_ICON_LOCK;
	s->ui.title = recovery ? "Recovery code" : "One-time code";
	s->ui.text = s->text;
	if (recovery) {
		snprintf(s->text, sizeof(s->text),
				"Hello, %s. Type one of the recovery codes that you wrote down. "
				"Each of them is good once.",
				s->who);
		field(s, SP_UI_FIELD_TEXT, "Recovery code", SP_TEXT_TARGET);
	} else {
		snprintf(s->text, sizeof(s->text),
				"Hello, %s. Type the six digits that your authenticator app shows "
				"for Sallyport.",
				s->who);
		field(s, SP_UI_FIELD_CODE, "Code", 6);
	}
	complain(s);
	button(s, "Continue", SP_SCREENS_DOES_ANSWER);
	button(s, "Disconnect", SP_SCREENS_DOES_LEAVE);
	if (s->prompt.recovery) {
		button(s, recovery ? "Use the app" : "Use a recovery code", SP_SCREENS_DOES_SWITCH);
	}
}

static void fill_enrol(struct sp_screens *s)
{
	s->ui.icon = SP_UI_ICON_SHIELD;
	s->ui.title = "Set up your second factor";
	snprintf(s->text, sizeof(s->text),
			"Scan this code with an authenticator app, %s, then type the six digits "
			"that it shows. From now on you need the app to log in.",
			s->who);
	s->ui.text = s->text;
	s->ui.qr = s->prompt.qr;
	s->ui.qr_n = s->prompt.qr_side;
	s->ui.qr_text = s->prompt.secret;
	field(s, SP_UI_FIELD_CODE, "Code", 6);
	complain(s);
	button(s, "Continue", SP_SCREENS_DOES_ANSWER);
	button(s, "Disconnect", SP_SCREENS_DOES_LEAVE);
}

static void fill_notice(struct sp_screens *s)
{
	const struct sp_msg_prompt *p = &s->prompt;
	bool notice = p->notice[0] != '\0';

	s->ui.title = p->title[0] != '\0' ? p->title : notice ? "Please read this" : "Please note";
	s->ui.text = p->text;
	s->ui.notice = p->notice;
	button(s, notice ? "Accept" : "Continue", SP_SCREENS_DOES_ANSWER);
	button(s, notice ? "Decline" : "Disconnect", SP_SCREENS_DOES_LEAVE);
}

/* In two columns; more or longer ones than a service gives as lines that scroll. */
static void fill_recovery(struct sp_screens *s)
{
	const struct sp_msg_prompt *p = &s->prompt;
	bool grid = p->items <= SP_UI_MAX_CODES;
	size_t n = 0;

	s->ui.icon = SP_UI_ICON_SHIELD;
	s->ui.title = "Your recovery codes";
	s->ui.text = "If you lose your authenticator app, each of these codes logs you in once. "
		     "Write them down and keep them in a safe place: they are not shown again.";
	for (size_t i = 0; i < p->items && i < SP_PROMPT_ITEMS; i++) {
		grid = grid && strlen(p->item[i].name) <= CODE_MAX;
		n += (size_t)snprintf(s->notice + n, sizeof(s->notice) - n, "%zu.  %s\n", i + 1,
				p->item[i].name);
	}
	if (grid) {
		for (size_t i = 0; i < p->items; i++) {
			s->code[i] = p->item[i].name;
		}
		s->ui.codes = s->code;
		s->ui.n_codes = p->items;
	} else {
		s->ui.notice = s->notice;
	}
	complain(s);
	button(s, "I have written them down", SP_SCREENS_DOES_ANSWER);
}

static void fill_target(struct sp_screens *s)
{
	const struct sp_msg_prompt *p = &s->prompt;
	size_t n = p->items < SP_PROMPT_ITEMS ? p->items : SP_PROMPT_ITEMS;

	s->ui.icon = SP_UI_ICON_SCREEN;
	s->ui.title = "Where do you want to go?";
	snprintf(s->text, sizeof(s->text),
			n == 1 ? "You are logged in as %s."
			       : "You are logged in as %s. %zu computers are open to you.",
			s->who, n);
	s->ui.text = s->text;
	for (size_t i = 0; i < n; i++) {
		s->item[i] = (struct sp_ui_item){p->item[i].name, p->item[i].text};
	}
	s->ui.list.item = s->item;
	s->ui.list.n = n;
	s->ui.filter = n >= FILTER_FROM;
	s->ui.filter_hint = "Type to search";
	complain(s);
	button(s, "Connect", SP_SCREENS_DOES_ANSWER);
	button(s, "Disconnect", SP_SCREENS_DOES_LEAVE);
}

static void fill_reason(struct sp_screens *s)
{
	const struct sp_msg_prompt *p = &s->prompt;

	snprintf(s->title, sizeof(s->title), p->title[0] != '\0' ? "Reason for %s" : "Reason%s",
			p->title);
	s->ui.title = s->title;
	s->ui.text = p->text[0] != '\0' ? p->text : "A reason or ticket number is needed.";
	field(s, SP_UI_FIELD_TEXT, "Reason or ticket number", 128);
	button(s, "Continue", SP_SCREENS_DOES_ANSWER);
	button(s, "Disconnect", SP_SCREENS_DOES_LEAVE);
}

static void fill_login(struct sp_screens *s)
{
	const struct sp_msg_prompt *p = &s->prompt;

	s->ui.icon = SP_UI_ICON_LOCK;
	snprintf(s->title, sizeof(s->title), p->title[0] != '\0' ? "Log in to %s" : "Log in%s",
			p->title);
	s->ui.title = s->title;
	s->ui.text = "This computer wants a user name and a password of its own.";
	field(s, SP_UI_FIELD_TEXT, "User name", NAME_MAX_CHARS);
	field(s, SP_UI_FIELD_SECRET, "Password", NAME_MAX_CHARS);
	sp_ui_field_set(&s->ui.field[0], p->user);
	if (s->ui.field[0].n > 0) {
		s->ui.focus = SP_UI_W_FIELD + 1;
	}
	complain(s);
	button(s, "Log in", SP_SCREENS_DOES_ANSWER);
	button(s, "Disconnect", SP_SCREENS_DOES_LEAVE);
}

static void fill_wait(struct sp_screens *s)
{
	s->ui.icon = SP_UI_ICON_CLOCK;
	s->ui.title = s->prompt.title[0] != '\0' ? s->prompt.title : "Please wait";
	s->ui.text = s->prompt.text;
	s->ui.busy = true;
	button(s, "Cancel", SP_SCREENS_DOES_LEAVE);
}

static void fill_refused(struct sp_screens *s)
{
	s->ui.icon = SP_UI_ICON_CROSS;
	s->ui.title = s->prompt.title[0] != '\0' ? s->prompt.title : "No access";
	sentence(s);
	button(s, "Close", SP_SCREENS_DOES_LEAVE);
	s->ui.button[0].primary = true;
}

/* ---- showing them ---- */

/* "1:05 left", "2:00:00 left", "Closes in 0:12"; true when it changed. */
static bool count_down(struct sp_screens *s, uint64_t now)
{
	char footer[sizeof(s->footer)] = "";
	uint64_t left = s->until_us > now ? (s->until_us - now + SECOND_US / 2) / SECOND_US : 0;
	unsigned sec = (unsigned)(left % 60), min = (unsigned)(left / 60 % 60),
		 hours = (unsigned)(left / 3600);

	if (s->until_us != 0 && s->prompt.kind == SP_PROMPT_REFUSED) {
		snprintf(footer, sizeof(footer), "Closes in %u:%02u", min, sec);
	} else if (s->until_us != 0 && hours > 0) {
		snprintf(footer, sizeof(footer), "%u:%02u:%02u left", hours, min, sec);
	} else if (s->until_us != 0) {
		snprintf(footer, sizeof(footer), "%u:%02u left", min, sec);
	}
	if (strcmp(footer, s->footer) == 0) {
		return false;
	}
	memcpy(s->footer, footer, sizeof(footer));
	return true;
}

static struct sp_ui_damage show(struct sp_screens *s, struct sp_rect before, uint64_t now)
{
	static void (*const fill[SP_PROMPT_COUNT])(struct sp_screens *) = {
			[SP_PROMPT_CODE] = fill_code,
			[SP_PROMPT_ENROL] = fill_enrol,
			[SP_PROMPT_REFUSED] = fill_refused,
			[SP_PROMPT_NOTICE] = fill_notice,
			[SP_PROMPT_TARGET] = fill_target,
			[SP_PROMPT_REASON] = fill_reason,
			[SP_PROMPT_LOGIN] = fill_login,
			[SP_PROMPT_WAIT] = fill_wait,
			[SP_PROMPT_RECOVERY] = fill_recovery,
	};
	uint32_t kind = s->prompt.kind;

	sp_ui_screen_wipe(&s->ui);
	memset(&s->ui, 0, sizeof(s->ui));
	sp_wipe(s->notice, sizeof(s->notice));
	if (kind < SP_PROMPT_COUNT && fill[kind] != NULL) {
		fill[kind](s);
	} else {
		fill_wait(s);
	}
	(void)count_down(s, now);
	s->ui.footer = s->footer;
	sp_ui_screen_layout(&s->ui, s->area, s->scale, now);
	return (struct sp_ui_damage){1, {sp_rect_or(before, s->ui.bounds)}};
}

struct sp_ui_damage sp_screens_prompt(
		struct sp_screens *s, const struct sp_msg_prompt *p, uint64_t now_us)
{
	struct sp_rect before = s->ui.bounds;

	/* Who mistyped a recovery code types another one. */
	s->recovery = s->recovery && p->kind == SP_PROMPT_CODE;
	s->prompt = *p;
	if (p->kind == SP_PROMPT_LOGIN || p->kind == SP_PROMPT_REASON) {
		snprintf(s->target, sizeof(s->target), "%s", p->title);
	}
	s->asking = p->kind != SP_PROMPT_REFUSED && p->kind != SP_PROMPT_WAIT;
	s->shown_us = now_us;
	s->until_us = p->kind == SP_PROMPT_REFUSED ? now_us + REFUSAL_US
			: p->seconds != 0          ? now_us + p->seconds * (uint64_t)SECOND_US
						   : 0;
	return show(s, before, now_us);
}

struct sp_ui_damage sp_screens_open(struct sp_screens *s, const char *target, uint64_t now_us)
{
	struct sp_rect before = s->ui.bounds;
	const char *name = *target ? target : s->target;

	sp_wipe(&s->prompt, sizeof(s->prompt));
	s->prompt.kind = SP_PROMPT_WAIT;
	snprintf(s->title, sizeof(s->title), *name ? "Connecting to %s" : "Connecting%s", name);
	s->asking = false;
	s->shown_us = now_us;
	s->until_us = 0;
	(void)show(s, before, now_us);
	s->ui.icon = SP_UI_ICON_SCREEN;
	s->ui.title = s->title;
	sp_ui_screen_layout(&s->ui, s->area, s->scale, now_us);
	return (struct sp_ui_damage){1, {sp_rect_or(before, s->ui.bounds)}};
}

/* ---- what the person does ---- */

static bool unread(const struct sp_screens *s, uint64_t now)
{
	uint32_t kind = s->prompt.kind;

	return (kind == SP_PROMPT_NOTICE || kind == SP_PROMPT_RECOVERY ||
			       kind == SP_PROMPT_REFUSED) &&
			now - s->shown_us < UNREAD_US;
}

static void press(struct sp_screens *s, size_t button, struct sp_screens_result *out, uint64_t now)
{
	if (unread(s, now)) {
		return;
	}
	switch (s->does[button]) {
	case SP_SCREENS_DOES_ANSWER:
		/* Once; what is typed until the next screen comes is for nobody. */
		out->said = s->asking ? SP_SCREENS_ANSWER : SP_SCREENS_NOTHING;
		s->asking = false;
		return;
	case SP_SCREENS_DOES_LEAVE:
		out->said = SP_SCREENS_LEAVE;
		return;
	case SP_SCREENS_DOES_SWITCH:
		if (s->asking) {
			s->recovery = !s->recovery;
			out->damage = show(s, s->ui.bounds, now);
		}
		return;
	}
}

struct sp_screens_result sp_screens_input(struct sp_screens *s, struct sp_ui_keyboard *k,
		const struct sp_input_event *ev, uint64_t now_us)
{
	struct sp_ui_result r = sp_ui_screen_input(&s->ui, k, ev, now_us);
	struct sp_screens_result out = {.damage = r.damage};

	if (r.action == SP_UI_SUBMIT) {
		press(s, r.button, &out, now_us);
	}
	return out;
}

void sp_screens_answer(struct sp_screens *s, struct sp_msg_answer *out)
{
	const struct sp_ui_screen *ui = &s->ui;
	size_t chosen = sp_ui_list_chosen(&ui->list);

	*out = (struct sp_msg_answer){.kind = SP_ANSWER_OK};
	if (s->prompt.kind == SP_PROMPT_TARGET && chosen < ui->list.n) {
		out->choice = (uint32_t)chosen;
		snprintf(s->target, sizeof(s->target), "%s", s->prompt.item[chosen].name);
	}
	if (ui->n_fields > 0) {
		snprintf(out->text, sizeof(out->text), "%s", ui->field[0].text);
	}
	if (ui->n_fields > 1) {
		snprintf(out->password, sizeof(out->password), "%s", ui->field[1].text);
	}
	sp_ui_screen_wipe(&s->ui);
}

/* ---- time ---- */

struct sp_ui_damage sp_screens_tick(struct sp_screens *s, uint64_t now_us)
{
	struct sp_ui_damage d = sp_ui_screen_tick(&s->ui, now_us);

	if (count_down(s, now_us) && d.n < SP_UI_MAX_DAMAGE) {
		d.r[d.n++] = s->ui.footer_box;
	}
	return d;
}

bool sp_screens_over(const struct sp_screens *s, uint64_t now_us)
{
	return s->prompt.kind == SP_PROMPT_REFUSED && s->until_us <= now_us;
}

uint64_t sp_screens_deadline(const struct sp_screens *s, uint64_t now_us)
{
	uint64_t at = sp_ui_screen_deadline(&s->ui);

	if (s->until_us > now_us) {
		uint64_t second = now_us + (s->until_us - now_us - 1) % SECOND_US + 1;

		at = at == 0 || second < at ? second : at;
	}
	return at;
}

void sp_screens_draw(struct sp_ui_canvas *c, const struct sp_screens *s)
{
	sp_ui_screen_draw(c, &s->ui);
}
