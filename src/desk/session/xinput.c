/* desk/session/xinput.c - see xinput.h. */
#include "desk/session/xinput.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xcb/xkb.h>
#include <xcb/xtest.h>
#include <xkbcommon/xkbcommon.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/pdu/input.h"
#include "desk/session/child.h"
#include "desk/session/env.h"
#include "desk/session/kbdlayout.h"
#include "desk/session/keymap.h"
#include "desk/session/scancode.h"

#define KEYS 256
#define NOTCH 120 /* wheel units of one click */
#define LAYOUT_MS 2000
#define MAX_QUEUE 1024

enum button {
	BUTTON_LEFT = 1,
	BUTTON_MIDDLE,
	BUTTON_RIGHT,
	WHEEL_UP,
	WHEEL_DOWN,
	WHEEL_LEFT,
	WHEEL_RIGHT,
	BUTTON_BACK,
	BUTTON_FORWARD,
};

struct sp_xinput {
	struct sp_xlink *x;
	struct sp_keymap *map;
	struct sp_env *env; /* for setxkbmap */
	bool pressed[KEYS];
	uint16_t buttons; /* bit n: button n is down */
	int wheel, hwheel; /* turned, less than a notch */
	bool pause; /* E1 1D came, the rest of the Pause key follows */
	uint16_t high; /* first half of a surrogate pair */
	int32_t mouse_x, mouse_y;
	/* A ring of events that wait for the deadline. */
	struct sp_input_event queue[MAX_QUEUE];
	size_t first, waiting;
	uint64_t deadline;
};

static void fake(struct sp_xinput *in, uint8_t type, uint8_t detail, int32_t x, int32_t y)
{
	xcb_test_fake_input(in->x->c, type, detail, XCB_CURRENT_TIME, in->x->root, (int16_t)x,
			(int16_t)y, 0);
}

static void fake_key(struct sp_xinput *in, uint8_t keycode, bool down)
{
	fake(in, down ? XCB_KEY_PRESS : XCB_KEY_RELEASE, keycode, 0, 0);
}

static int flush(struct sp_xinput *in)
{
	xcb_flush(in->x->c);
	if (xcb_connection_has_error(in->x->c)) {
		in->x->gone = true;
	}
	return in->x->gone ? SP_ECLOSED : SP_OK;
}

/* The client repeats a held key by itself; the server would go on when a release comes late. */
static void no_autorepeat(struct sp_xinput *in)
{
	uint32_t mode = XCB_AUTO_REPEAT_MODE_OFF;

	xcb_change_keyboard_control(in->x->c, XCB_KB_AUTO_REPEAT_MODE, &mode);
}

int sp_xinput_create(struct sp_xlink *x, const struct sp_xinput_opts *opts, struct sp_xinput **out)
{
	struct sp_xinput *in = sp_calloc(1, sizeof(*in));

	*out = NULL;
	if (!in) {
		return SP_ENOMEM;
	}
	in->x = x;
	int rc = sp_env_create(&in->env);
	if (rc == SP_OK) {
		rc = sp_env_merge(in->env, opts->envp ? opts->envp : environ);
	}
	if (rc == SP_OK) {
		rc = sp_env_display(in->env, opts->display, opts->authority);
	}
	if (rc == SP_OK) {
		rc = sp_keymap_create(x, &in->map);
	}
	if (rc != SP_OK) {
		sp_env_destroy(in->env);
		sp_free(in);
		return rc;
	}
	in->mouse_x = -1; /* nowhere: the first event moves */
	no_autorepeat(in);
	*out = in;
	return flush(in);
}

void sp_xinput_destroy(struct sp_xinput *in)
{
	if (!in) {
		return;
	}
	if (sp_xinput_release_all(in) != SP_OK) {
		sp_log(SP_LOG_DEBUG, "input: the X server is gone");
	}
	sp_keymap_destroy(in->map);
	sp_env_destroy(in->env);
	sp_free(in);
}

static int run_setxkbmap(struct sp_xinput *in, const struct sp_kbdlayout *l, const char *variant,
		const char *model)
{
	char path[512], layout[64], variants[64];
	struct sp_child child;

	if (sp_child_find("setxkbmap", sp_env_get(in->env, "PATH"), path, sizeof(path)) != SP_OK) {
		return SP_ENOTFOUND;
	}
	/* Who writes in another script must be able to type a command too. */
	snprintf(layout, sizeof(layout), "%s%s", l->layout, l->foreign ? ",us" : "");
	snprintf(variants, sizeof(variants), "%s%s", variant, l->foreign ? "," : "");
	/* The empty -option forgets those that were set before. */
	const char *argv[] = {"setxkbmap", "-rules", "evdev", "-model", model, "-layout", layout,
			"-variant", variants, "-option", "", "-option",
			l->foreign ? "grp:alt_shift_toggle" : "", NULL};
	struct sp_child_opts opts = {.path = path,
			.argv = argv,
			.envp = sp_env_vector(in->env),
			.pass_fd = -1,
			.die_with_us = true};
	int rc = sp_child_start(&opts, &child);
	if (rc != SP_OK) {
		return rc;
	}
	rc = sp_child_wait(&child, LAYOUT_MS);
	if (rc == SP_OK && child.status != 0) {
		rc = SP_EPROTO;
	}
	sp_child_end(&child, 0);
	return rc;
}

int sp_xinput_layout(struct sp_xinput *in, uint32_t klid, uint32_t type)
{
	bool exact;
	const struct sp_kbdlayout *l = sp_kbdlayout_find(klid, &exact);
	const char *model = sp_kbdlayout_model(l, type);
	int rc = sp_xinput_release_all(in);

	if (rc != SP_OK) {
		return rc;
	}
	rc = run_setxkbmap(in, l, l->variant, model);
	if (rc == SP_EPROTO && l->variant[0]) {
		/* Variants come and go between releases of the keyboard data. */
		rc = run_setxkbmap(in, l, "", model);
	}
	if (rc != SP_OK) {
		sp_log(SP_LOG_WARN, "keyboard layout 0x%08x (%s): %s", klid, l->name,
				rc == SP_ENOTFOUND ? "setxkbmap is not installed"
						   : sp_err_text(rc));
		return rc;
	}
	sp_log(SP_LOG_DEBUG, "keyboard layout 0x%08x: %s%s", klid, l->name,
			exact ? "" : " (the nearest)");
	sp_keymap_forget(in->map);
	no_autorepeat(in);
	return sp_keymap_refresh(in->map);
}

static void key(struct sp_xinput *in, uint8_t keycode, bool down)
{
	if (!keycode || (!down && !in->pressed[keycode])) {
		return;
	}
	if (down && in->pressed[keycode]) {
		/* A second press of a held key is dropped by the server. */
		fake_key(in, keycode, false);
	}
	fake_key(in, keycode, down);
	in->pressed[keycode] = down;
}

static void scancode(struct sp_xinput *in, const struct sp_input_event *ev)
{
	bool down = !(ev->key & SP_KEY_RELEASE);
	enum sp_scancode_prefix prefix = SP_SCANCODE_PLAIN;

	if (ev->key & SP_KEY_EXTENDED1) {
		prefix = SP_SCANCODE_E1;
	} else if (ev->key & SP_KEY_EXTENDED) {
		prefix = SP_SCANCODE_E0;
	}
	/* Pause is E1 1D followed by 45, each with its release; 45 alone is Num Lock. */
	if (prefix == SP_SCANCODE_E1 && ev->code == 0x1d) {
		in->pause = true;
		return;
	}
	if (in->pause && ev->code == 0x45) {
		prefix = SP_SCANCODE_E1;
	}
	in->pause = false;
	uint8_t keycode = sp_scancode_keycode(ev->code, prefix);
	/* A held modifier does not repeat, and letting it go in between would be seen. */
	bool modifier = keycode == 37 || keycode == 50 || keycode == 62 || keycode == 64 ||
			keycode == 66 || keycode == 77 || keycode == 105 || keycode == 108 ||
			keycode == 133 || keycode == 134;

	if (!(modifier && down && in->pressed[keycode])) {
		key(in, keycode, down);
	}
}

/* One modifier for the time of one key: what it was is put back afterwards. */
struct borrowed_modifier {
	uint8_t pressed; /* a key that we press */
	uint8_t released[2]; /* keys of the client that we let go */
};

static struct borrowed_modifier set_modifier(
		struct sp_xinput *in, const uint32_t keysyms[2], bool want, bool have)
{
	struct borrowed_modifier b = {0};

	if (want && !have) {
		b.pressed = sp_keymap_key(in->map, keysyms[0]);
		if (b.pressed) {
			fake_key(in, b.pressed, true);
		}
	} else if (!want && have) {
		size_t n = 0;

		for (unsigned k = 8; k < KEYS && n < SP_LEN(b.released); k++) {
			if (in->pressed[k] &&
					(sp_keymap_has(in->map, (uint8_t)k, keysyms[0]) ||
							sp_keymap_has(in->map, (uint8_t)k,
									keysyms[1]))) {
				b.released[n++] = (uint8_t)k;
				fake_key(in, (uint8_t)k, false);
			}
		}
	}
	return b;
}

static void put_back(struct sp_xinput *in, const struct borrowed_modifier *b)
{
	if (b->pressed) {
		fake_key(in, b->pressed, false);
	}
	for (size_t i = 0; i < SP_LEN(b->released); i++) {
		if (b->released[i]) {
			fake_key(in, b->released[i], true);
		}
	}
}

static void lock_modifiers(struct sp_xinput *in, uint8_t affect, uint8_t values)
{
	xcb_xkb_latch_lock_state(in->x->c, XCB_XKB_ID_USE_CORE_KBD, affect, values, 0, 0, 0, 0, 0);
}

/* A key on one of its levels, whatever modifiers the client holds. */
static void type_key(struct sp_xinput *in, uint8_t keycode, unsigned level, uint8_t mods)
{
	static const uint32_t shift[2] = {XKB_KEY_Shift_L, XKB_KEY_Shift_R};
	static const uint32_t level3[2] = {XKB_KEY_ISO_Level3_Shift, XKB_KEY_ISO_Level3_Shift};
	struct borrowed_modifier s =
			set_modifier(in, shift, level & SP_KEYMAP_SHIFT, mods & XCB_MOD_MASK_SHIFT);
	struct borrowed_modifier l = set_modifier(in, level3, level & SP_KEYMAP_LEVEL3,
			mods & sp_keymap_modifier(in->map, XKB_KEY_ISO_Level3_Shift));

	fake_key(in, keycode, true);
	fake_key(in, keycode, false);
	put_back(in, &l);
	put_back(in, &s);
}

/* Above 0: nothing was done, and it can be done after so many milliseconds. */
static int type_character(struct sp_xinput *in, uint32_t ch)
{
	int rc = sp_keymap_refresh(in->map);
	uint8_t keycode;
	unsigned level;

	if (rc != SP_OK) {
		return rc;
	}
	xcb_xkb_get_state_reply_t *st = xcb_xkb_get_state_reply(
			in->x->c, xcb_xkb_get_state(in->x->c, XCB_XKB_ID_USE_CORE_KBD), NULL);
	if (!st) {
		return flush(in);
	}
	uint8_t mods = st->mods, locked = st->lockedMods & XCB_MOD_MASK_LOCK;
	unsigned group = st->group;
	free(st);

	bool own = sp_keymap_find(in->map, ch, group, &keycode, &level) && !in->pressed[keycode] &&
			(!(level & SP_KEYMAP_LEVEL3) ||
					sp_keymap_key(in->map, XKB_KEY_ISO_Level3_Shift));
	if (!own) {
		rc = sp_keymap_borrow(in->map, ch, &keycode);
		if (rc != SP_OK) {
			return rc == SP_ENOTFOUND ? SP_OK : rc;
		}
	}
	/* Programs make capitals of whatever comes with Caps Lock, borrowed keys included. */
	if (locked) {
		lock_modifiers(in, XCB_MOD_MASK_LOCK, 0);
	}
	if (own) {
		type_key(in, keycode, level, mods);
	} else {
		fake_key(in, keycode, true);
		fake_key(in, keycode, false);
	}
	if (locked) {
		lock_modifiers(in, XCB_MOD_MASK_LOCK, XCB_MOD_MASK_LOCK);
	}
	return flush(in);
}

/* A press types the character, so that a lost release can leave nothing held. */
static int unicode(struct sp_xinput *in, const struct sp_input_event *ev)
{
	uint32_t ch = ev->code;

	if (ev->key & SP_KEY_RELEASE) {
		return SP_OK;
	}
	if (ch >= 0xd800 && ch <= 0xdbff) {
		in->high = ev->code;
		return SP_OK;
	}
	if (ch >= 0xdc00 && ch <= 0xdfff) {
		if (!in->high) {
			return SP_OK;
		}
		ch = 0x10000 + ((in->high - 0xd800u) << 10) + (ch - 0xdc00u);
	}
	int rc = type_character(in, ch == '\n' ? '\r' : ch);
	if (rc <= 0) {
		in->high = 0;
	}
	return rc;
}

static void button(struct sp_xinput *in, enum button b, bool down)
{
	uint16_t bit = (uint16_t)(1u << b);

	if (down == !!(in->buttons & bit)) {
		return;
	}
	fake(in, down ? XCB_BUTTON_PRESS : XCB_BUTTON_RELEASE, (uint8_t)b, 0, 0);
	in->buttons ^= bit;
}

static void turn(struct sp_xinput *in, int *sum, int by, enum button plus, enum button minus)
{
	/* What is left of a turn the other way would swallow the begin of this one. */
	if ((*sum > 0 && by < 0) || (*sum < 0 && by > 0)) {
		*sum = 0;
	}
	*sum += by;
	for (; *sum >= NOTCH; *sum -= NOTCH) {
		fake(in, XCB_BUTTON_PRESS, (uint8_t)plus, 0, 0);
		fake(in, XCB_BUTTON_RELEASE, (uint8_t)plus, 0, 0);
	}
	for (; *sum <= -NOTCH; *sum += NOTCH) {
		fake(in, XCB_BUTTON_PRESS, (uint8_t)minus, 0, 0);
		fake(in, XCB_BUTTON_RELEASE, (uint8_t)minus, 0, 0);
	}
}

static void move_to(struct sp_xinput *in, int32_t x, int32_t y)
{
	in->mouse_x = x < INT16_MAX ? x : INT16_MAX;
	in->mouse_y = y < INT16_MAX ? y : INT16_MAX;
	fake(in, XCB_MOTION_NOTIFY, 0, in->mouse_x, in->mouse_y);
}

static void mouse(struct sp_xinput *in, const struct sp_input_event *ev)
{
	bool down = ev->flags & SP_MOUSE_DOWN;
	uint16_t f = ev->flags;

	/* With a wheel many clients send no position. */
	if (f & SP_MOUSE_WHEEL) {
		turn(in, &in->wheel, sp_input_wheel(ev), WHEEL_UP, WHEEL_DOWN);
		return;
	}
	if (f & SP_MOUSE_HWHEEL) {
		turn(in, &in->hwheel, sp_input_wheel(ev), WHEEL_RIGHT, WHEEL_LEFT);
		return;
	}
	if (f & SP_MOUSE_MOVE || ev->x != in->mouse_x || ev->y != in->mouse_y) {
		move_to(in, ev->x, ev->y);
	}
	if (f & SP_MOUSE_BUTTON1) {
		button(in, BUTTON_LEFT, down);
	}
	if (f & SP_MOUSE_BUTTON2) {
		button(in, BUTTON_RIGHT, down);
	}
	if (f & SP_MOUSE_BUTTON3) {
		button(in, BUTTON_MIDDLE, down);
	}
}

static void mouse_extra(struct sp_xinput *in, const struct sp_input_event *ev)
{
	bool down = ev->flags & SP_MOUSE_DOWN;

	if (ev->flags & SP_MOUSEX_BUTTON1) {
		button(in, BUTTON_BACK, down);
	}
	if (ev->flags & SP_MOUSEX_BUTTON2) {
		button(in, BUTTON_FORWARD, down);
	}
}

static int32_t cut16(int32_t v)
{
	v = v < INT16_MIN ? INT16_MIN : v;
	return v > INT16_MAX ? INT16_MAX : v;
}

static void mouse_relative(struct sp_xinput *in, const struct sp_input_event *ev)
{
	bool down = ev->flags & SP_MOUSE_DOWN;

	if (ev->flags & SP_MOUSE_MOVE) {
		fake(in, XCB_MOTION_NOTIFY, 1, cut16(ev->x), cut16(ev->y));
		in->mouse_x = -1; /* where it is now, we do not know */
	}
	if (ev->flags & SP_MOUSE_BUTTON1) {
		button(in, BUTTON_LEFT, down);
	}
	if (ev->flags & SP_MOUSE_BUTTON2) {
		button(in, BUTTON_RIGHT, down);
	}
	if (ev->flags & SP_MOUSE_BUTTON3) {
		button(in, BUTTON_MIDDLE, down);
	}
	mouse_extra(in, ev);
}

/* The client's lamps are the truth: the key was pressed while another window had the focus. */
static int lock_keys(struct sp_xinput *in, uint16_t flags)
{
	static const struct {
		uint16_t flag;
		uint32_t keysym;
	} locks[] = {
			{SP_LOCK_SCROLL, XKB_KEY_Scroll_Lock},
			{SP_LOCK_NUM, XKB_KEY_Num_Lock},
			{SP_LOCK_CAPS, XKB_KEY_Caps_Lock},
			{SP_LOCK_KANA, XKB_KEY_Kana_Lock},
	};
	uint8_t affect = 0, values = 0;
	int rc = sp_keymap_refresh(in->map);

	if (rc != SP_OK) {
		return rc;
	}
	for (size_t i = 0; i < SP_LEN(locks); i++) {
		uint8_t mask = sp_keymap_modifier(in->map, locks[i].keysym);

		affect |= mask;
		if (flags & locks[i].flag) {
			values |= mask;
		}
	}
	lock_modifiers(in, affect, values);
	return flush(in);
}

static int release_all(struct sp_xinput *in)
{
	for (unsigned k = 8; k < KEYS; k++) {
		key(in, (uint8_t)k, false);
	}
	for (int b = BUTTON_LEFT; b <= BUTTON_FORWARD; b++) {
		button(in, (enum button)b, false);
	}
	in->wheel = in->hwheel = 0;
	in->pause = false;
	in->high = 0;
	return flush(in);
}

int sp_xinput_release_all(struct sp_xinput *in)
{
	in->waiting = 0;
	in->deadline = 0;
	return release_all(in);
}

/* As type_character(). */
static int perform(struct sp_xinput *in, const struct sp_input_event *ev)
{
	switch (ev->kind) {
	case SP_INPUT_SCANCODE:
		scancode(in, ev);
		break;
	case SP_INPUT_UNICODE:
		return unicode(in, ev);
	case SP_INPUT_MOUSE:
		mouse(in, ev);
		break;
	case SP_INPUT_MOUSEX:
		if (ev->x != in->mouse_x || ev->y != in->mouse_y) {
			move_to(in, ev->x, ev->y);
		}
		mouse_extra(in, ev);
		break;
	case SP_INPUT_MOUSEREL:
		mouse_relative(in, ev);
		break;
	case SP_INPUT_SYNC: {
		int rc = release_all(in);

		return rc == SP_OK ? lock_keys(in, ev->flags) : rc;
	}
	case SP_INPUT_QOE:
	case SP_INPUT_UNUSED:
		return SP_OK;
	}
	return flush(in);
}

uint64_t sp_xinput_deadline(const struct sp_xinput *in)
{
	return in->waiting > 0 ? in->deadline : 0;
}

int sp_xinput_run(struct sp_xinput *in)
{
	while (in->waiting > 0 && sp_child_now() >= in->deadline) {
		int rc = perform(in, &in->queue[in->first]);

		if (rc > 0) {
			in->deadline = sp_child_now() + (uint64_t)rc;
			return SP_OK;
		}
		in->first = (in->first + 1) % MAX_QUEUE;
		in->waiting--;
		if (rc != SP_OK) {
			return rc;
		}
	}
	return SP_OK;
}

int sp_xinput_event(struct sp_xinput *in, const struct sp_input_event *ev)
{
	int rc = sp_xinput_run(in);

	if (rc == SP_OK && in->waiting == 0) {
		rc = perform(in, ev);
		if (rc <= 0) {
			return rc;
		}
		in->deadline = sp_child_now() + (uint64_t)rc;
		rc = SP_OK;
	}
	if (rc == SP_OK && in->waiting < MAX_QUEUE) {
		in->queue[(in->first + in->waiting++) % MAX_QUEUE] = *ev;
	} else if (rc == SP_OK) {
		/* Text faster than anybody reads it. What is held must not stay so. */
		sp_log(SP_LOG_WARN, "input: queue full, %d events dropped", MAX_QUEUE);
		rc = sp_xinput_release_all(in);
	}
	return rc;
}
