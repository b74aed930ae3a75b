/* client/script_steps.c - see script_steps.h. */
#include "client/script_steps.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client/keys.h"
#include "client/options.h"
#include "core/base/err.h"
#include "core/base/utf16.h"
#include "host/lib/png.h"

#define MAX_WAIT_S 3600
/* Characters that go at once, and how long until the next ones: hurried typing loses letters on servers that press keys. */
#define TYPE_CHUNK 16
#define TYPE_PAUSE_US 20000
#define RETRY_US 50000
#define PICTURE_US 10000000 /* how long the first picture may take */
#define STILL_US 500000
#define STILL_PATIENCE_US 15000000

/* ---- wait ---- */

static int check_seconds(struct sp_script *run, struct sp_script_step *step)
{
	if (step->argc == 1 &&
			sp_options_seconds(step->argv[0], MAX_WAIT_S, &step->n[0]) != SP_OK) {
		return sp_script_fail(
				run, "%.80s: not seconds up to %d", step->argv[0], MAX_WAIT_S);
	}
	return SP_OK;
}

static int look_wait(struct sp_script *run, struct sp_script_step *step)
{
	return sp_script_late(run) ? SP_OK : SP_SCRIPT_WAITS;
}

static int begin_wait(struct sp_script *run, struct sp_script_step *step)
{
	sp_script_patience(run, step->n[0]);
	return SP_SCRIPT_WAITS;
}

/* ---- keys ---- */

/* Sends events, when the desktop takes them at this moment. */
static int send(struct sp_script *run, const struct sp_input_event *ev, size_t n)
{
	int rc = sp_session_input(sp_script_session(run), ev, n);

	if (rc == SP_ESTATE) {
		sp_script_again(run, RETRY_US);
		return SP_SCRIPT_WAITS;
	}
	return rc == SP_OK ? SP_OK : sp_script_fail(run, "not sent: %s", sp_err_text(rc));
}

/* n[0]: bytes of the text that are typed already. */
static int look_type(struct sp_script *run, struct sp_script_step *step)
{
	struct sp_input_event ev[2 * (TYPE_CHUNK + 1)];
	const char *from = step->argv[0] + step->n[0], *at = from;
	size_t n = 0;

	if (*from == '\0') {
		return SP_OK;
	}
	while (*at && n < 2 * TYPE_CHUNK) {
		uint32_t ch = sp_utf8_next(&at);
		uint16_t unit[2] = {(uint16_t)ch, 0};

		if (ch > 0xffff) {
			unit[0] = (uint16_t)(0xd800 + ((ch - 0x10000) >> 10));
			unit[1] = (uint16_t)(0xdc00 + ((ch - 0x10000) & 0x3ff));
		}
		for (size_t i = 0; i < 2 && (i == 0 || unit[i]); i++) {
			ev[n] = (struct sp_input_event){.kind = SP_INPUT_UNICODE, .code = unit[i]};
			ev[n + 1] = ev[n];
			ev[n + 1].key = SP_KEY_RELEASE;
			n += 2;
		}
	}
	int rc = send(run, ev, n);
	if (rc != SP_OK) {
		return rc;
	}
	step->n[0] += (uint64_t)(at - from);
	sp_script_again(run, TYPE_PAUSE_US);
	return SP_SCRIPT_WAITS;
}

static int begin_type(struct sp_script *run, struct sp_script_step *step)
{
	size_t chunks = strlen(step->argv[0]) / TYPE_CHUNK + 1;

	sp_script_patience(run, PICTURE_US + chunks * TYPE_PAUSE_US * 4);
	return look_type(run, step);
}

static int check_key(struct sp_script *run, struct sp_script_step *step)
{
	struct sp_input_event ev[2 * SP_KEYS_MAX];

	return sp_keys_chord(step->argv[0], ev) > 0
			? SP_OK
			: sp_script_fail(run, "%.80s: no such key, or too many at once",
					  step->argv[0]);
}

static int do_key(struct sp_script *run, struct sp_script_step *step)
{
	struct sp_input_event ev[2 * SP_KEYS_MAX];

	return send(run, ev, sp_keys_chord(step->argv[0], ev));
}

/* ---- mouse ---- */

static int button_of(const char *name)
{
	static const struct {
		const char *name;
		uint16_t flag;
	} buttons[] = {
			{"left", SP_MOUSE_BUTTON1},
			{"right", SP_MOUSE_BUTTON2},
			{"middle", SP_MOUSE_BUTTON3},
			{"1", SP_MOUSE_BUTTON1},
			{"2", SP_MOUSE_BUTTON3},
			{"3", SP_MOUSE_BUTTON2},
	};

	for (size_t i = 0; i < SP_LEN(buttons); i++) {
		if (strcasecmp(buttons[i].name, name) == 0) {
			return buttons[i].flag;
		}
	}
	return 0;
}

/* n[0], n[1]: where; n[2]: the button, 0 for none. */
static int check_point(struct sp_script *run, struct sp_script_step *step)
{
	for (size_t i = 0; i < 2; i++) {
		char *end;

		step->n[i] = isdigit((unsigned char)step->argv[i][0])
				? strtoul(step->argv[i], &end, 10)
				: UINT64_MAX;
		if (!(step->n[i] <= UINT16_MAX) || *end) {
			return sp_script_fail(run, "%.80s: not a coordinate", step->argv[i]);
		}
	}
	step->n[2] = step->argc > 2 ? (uint64_t)button_of(step->argv[2]) : SP_MOUSE_BUTTON1;
	return step->n[2] ? SP_OK
			  : sp_script_fail(run, "%.80s: not left, middle or right, nor 1, 2 or 3",
					    step->argv[2]);
}

static int mouse(struct sp_script *run, struct sp_script_step *step, uint16_t button)
{
	struct sp_input_event ev[3] = {0};
	uint32_t w, h;

	sp_session_picture(sp_script_session(run), &w, &h);
	if (!(step->n[0] < w && step->n[1] < h)) {
		return sp_script_fail(run, "outside of the desktop, which is %ux%u", w, h);
	}
	for (size_t i = 0; i < SP_LEN(ev); i++) {
		ev[i] = (struct sp_input_event){.kind = SP_INPUT_MOUSE,
				.x = (int32_t)step->n[0],
				.y = (int32_t)step->n[1]};
	}
	ev[0].flags = SP_MOUSE_MOVE;
	ev[1].flags = button | SP_MOUSE_DOWN;
	ev[2].flags = button;
	return send(run, ev, button ? 3 : 1);
}

static int do_click(struct sp_script *run, struct sp_script_step *step)
{
	return mouse(run, step, (uint16_t)step->n[2]);
}

static int do_move(struct sp_script *run, struct sp_script_step *step)
{
	return mouse(run, step, 0);
}

/* ---- pictures ---- */

static int look_shot(struct sp_script *run, struct sp_script_step *step)
{
	uint32_t w, h;
	const uint8_t *fb = sp_session_picture(sp_script_session(run), &w, &h);

	if (!fb || !sp_script_has_picture(run)) {
		return sp_script_late(run) ? sp_script_fail(run, "no picture came in time")
					   : SP_SCRIPT_WAITS;
	}
	int rc = sp_png_write(step->argv[0], fb, (size_t)w * 4, w, h);
	return rc == SP_OK ? SP_OK
			   : sp_script_fail(run, "%.500s: %s", step->argv[0],
					     rc == SP_ESYS ? strerror(errno) : sp_err_text(rc));
}

static int begin_shot(struct sp_script *run, struct sp_script_step *step)
{
	sp_script_patience(run, PICTURE_US);
	return look_shot(run, step);
}

/* n[0]: how long nothing may change; n[1]: when the step began, as what came before may still be
 * on its way. */
static int look_still(struct sp_script *run, struct sp_script_step *step)
{
	uint64_t painted = sp_script_painted_us(run);
	uint64_t still = sp_now_us() - (painted > step->n[1] ? painted : step->n[1]);

	if (sp_script_has_picture(run) && still >= step->n[0]) {
		return SP_OK;
	}
	if (sp_script_late(run)) {
		return sp_script_fail(run,
				sp_script_has_picture(run) ? "the picture goes on changing"
							   : "no picture came in time");
	}
	sp_script_again(run, sp_script_has_picture(run) ? step->n[0] - still : RETRY_US);
	return SP_SCRIPT_WAITS;
}

static int begin_still(struct sp_script *run, struct sp_script_step *step)
{
	step->n[0] = step->argc > 0 ? step->n[0] : STILL_US;
	step->n[1] = sp_now_us();
	sp_script_patience(run, STILL_PATIENCE_US + step->n[0]);
	return look_still(run, step);
}

static const struct sp_script_verb verbs[] = {
		{"wait", "SECONDS", 1, 1, false, check_seconds, begin_wait, look_wait},
		{"type", "TEXT", 1, 1, true, NULL, begin_type, look_type},
		{"key", "NAME[+NAME...]", 1, 1, false, check_key, do_key, do_key},
		{"click", "X Y [left|middle|right]", 2, 3, false, check_point, do_click, do_click},
		{"move", "X Y", 2, 2, false, check_point, do_move, do_move},
		{"shot", "FILE.png", 1, 1, true, NULL, begin_shot, look_shot},
		{"expect-still", "[SECONDS]", 0, 1, false, check_seconds, begin_still, look_still},
};

const struct sp_script_set sp_script_steps = {.verbs = verbs, .n = SP_LEN(verbs)};
