/* tests/desk/test_xinput.c - keys, characters and the mouse arrive in real programs. */
#include "desk/session/xinput.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xcb/xkb.h>
#include <xkbcommon/xkbcommon.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/pdu/input.h"
#include "desk.h"
#include "desk/session/child.h"
#include "unit.h"

#define WAIT_MS 2000
#define QUIET_MS 100
#define US 0x409
#define DE 0x407
#define FR 0x40c
#define RU 0x419

static enum sp_xserver_kind kind;
static struct desk d;
static struct sp_xinput *in;
static struct sp_child terminal;

static void open_input(void)
{
	desk_open(&d, kind, 800, 600);
	struct sp_xinput_opts opts = {.display = sp_xserver_display(d.server),
			.authority = sp_xserver_authority(d.server)};

	assert_int_equal(sp_xinput_create(d.x, &opts, &in), SP_OK);
	assert_int_equal(sp_xinput_layout(in, US, 4), SP_OK);
}

static int teardown(void **state)
{
	(void)state;
	sp_child_end(&terminal, 1000);
	sp_xinput_destroy(in);
	in = NULL;
	desk_close(&d);
	return 0;
}

static void send(struct sp_input_event ev)
{
	assert_int_equal(sp_xinput_event(in, &ev), SP_OK);
}

static void scan(uint16_t code, uint8_t flags)
{
	send((struct sp_input_event){.kind = SP_INPUT_SCANCODE, .code = code, .key = flags});
}

static void tap(uint16_t code, uint8_t flags)
{
	scan(code, flags);
	scan(code, flags | SP_KEY_RELEASE);
}

static void unicode(uint16_t unit)
{
	send((struct sp_input_event){.kind = SP_INPUT_UNICODE, .code = unit});
	send((struct sp_input_event){
			.kind = SP_INPUT_UNICODE, .code = unit, .key = SP_KEY_RELEASE});
}

static void mouse(uint16_t flags, int32_t x, int32_t y)
{
	send((struct sp_input_event){.kind = SP_INPUT_MOUSE, .flags = flags, .x = x, .y = y});
}

static void locks(uint16_t flags)
{
	send((struct sp_input_event){.kind = SP_INPUT_SYNC, .flags = flags});
}

/* A window below the mouse, which so has the keyboard. */
static void open_window(void)
{
	desk_window(&d, 0, 0, 800, 600);
	mouse(SP_MOUSE_MOVE, 400, 300);
	free(desk_event(&d, XCB_MOTION_NOTIFY, WAIT_MS));
}

/* As a program of the core protocol sees it: groups and levels in their fixed places. */
static xcb_keysym_t keysym_of(const xcb_key_press_event_t *e)
{
	xcb_get_keyboard_mapping_reply_t *r = xcb_get_keyboard_mapping_reply(
			d.app, xcb_get_keyboard_mapping(d.app, e->detail, 1), NULL);
	int level = (e->state & XCB_MOD_MASK_5 ? 4 : 0) + (e->state & XCB_MOD_MASK_SHIFT ? 1 : 0);
	xcb_keysym_t sym = 0;

	assert_non_null(r);
	if (level < r->keysyms_per_keycode) {
		sym = xcb_get_keyboard_mapping_keysyms(r)[level];
	}
	free(r);
	return sym;
}

static xcb_key_press_event_t next_key(uint8_t type)
{
	xcb_generic_event_t *ev = desk_event(&d, type, WAIT_MS);
	xcb_key_press_event_t copy;

	assert_non_null(ev);
	memcpy(&copy, ev, sizeof(copy));
	free(ev);
	return copy;
}

static void expect_key(uint32_t want)
{
	xcb_key_press_event_t e = next_key(XCB_KEY_PRESS);
	xcb_keysym_t got = keysym_of(&e);

	if (got != want) {
		fail_msg("keysym 0x%x (keycode %u, state 0x%x) and not 0x%x", got, e.detail,
				e.state, want);
	}
}

static void expect_char(uint32_t ch)
{
	expect_key(xkb_utf32_to_keysym(ch));
}

static void expect_nothing(uint8_t type)
{
	assert_null(desk_event(&d, type, QUIET_MS));
}

static void expect_down(unsigned count)
{
	/* What goes through our own connection first. */
	assert_int_equal(sp_xlink_sync(d.x), SP_OK);
	xcb_query_keymap_reply_t *r = xcb_query_keymap_reply(d.app, xcb_query_keymap(d.app), NULL);
	unsigned n = 0;

	assert_non_null(r);
	for (int i = 0; i < 256; i++) {
		n += r->keys[i / 8] >> (i % 8) & 1;
	}
	free(r);
	assert_int_equal(n, count);
}

static void test_layouts(void **state)
{
	enum mods {
		NONE,
		SHIFT,
		ALTGR
	};
	static const struct {
		uint32_t klid;
		uint16_t code;
		enum mods mods;
		uint32_t want;
	} keys[] = {
			{US, 0x10, NONE, 'q'},
			{US, 0x1e, SHIFT, 'A'},
			{US, 0x15, NONE, 'y'},
			{US, 0x03, SHIFT, '@'},
			{US, 0x39, NONE, ' '},
			{US, 0x56, NONE, '<'},
			{DE, 0x15, NONE, 'z'},
			{DE, 0x1a, NONE, 0xfc},
			{DE, 0x1a, SHIFT, 0xdc},
			{DE, 0x10, ALTGR, '@'},
			{DE, 0x12, ALTGR, 0x20ac},
			{DE, 0x0c, NONE, 0xdf},
			{FR, 0x10, NONE, 'a'},
			{FR, 0x02, NONE, '&'},
			{FR, 0x02, SHIFT, '1'},
			{FR, 0x0b, ALTGR, '@'},
			{FR, 0x27, NONE, 'm'},
			{RU, 0x10, NONE, 0x439},
			{RU, 0x10, SHIFT, 0x419},
			{RU, 0x29, NONE, 0x451},
			{0x408, 0x1e, NONE, 0x3b1},
			{0x40d, 0x1e, NONE, 0x5e9},
			{0x41f, 0x17, NONE, 0x131},
			{0x416, 0x73, NONE, '/'},
			{0x411, 0x7d, NONE, '\\'},
			{0x10409, 0x1f, NONE, 'o'},
			{0x807, 0x1a, NONE, 0xfc},
			{0x100c, 0x1a, NONE, 0xe8},
	};
	uint32_t now = US;

	(void)state;
	open_input();
	open_window();
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (keys[i].klid != now) {
			now = keys[i].klid;
			assert_int_equal(sp_xinput_layout(in, now, 4), SP_OK);
		}
		if (keys[i].mods == SHIFT) {
			scan(0x2a, 0);
			next_key(XCB_KEY_PRESS);
		} else if (keys[i].mods == ALTGR) {
			scan(0x38, SP_KEY_EXTENDED);
			next_key(XCB_KEY_PRESS);
		}
		tap(keys[i].code, 0);
		expect_char(keys[i].want);
		if (keys[i].mods == SHIFT) {
			scan(0x2a, SP_KEY_RELEASE);
		} else if (keys[i].mods == ALTGR) {
			scan(0x38, SP_KEY_EXTENDED | SP_KEY_RELEASE);
		}
	}
	expect_down(0);
}

static void test_special_keys(void **state)
{
	static const struct {
		uint16_t code;
		uint8_t flags;
		uint32_t want;
	} keys[] = {
			{0x1c, 0, XKB_KEY_Return},
			{0x1c, SP_KEY_EXTENDED, XKB_KEY_KP_Enter},
			{0x37, SP_KEY_EXTENDED, XKB_KEY_Print},
			{0x1d, SP_KEY_EXTENDED, XKB_KEY_Control_R},
			{0x38, SP_KEY_EXTENDED, XKB_KEY_Alt_R},
			{0x5b, SP_KEY_EXTENDED, XKB_KEY_Super_L},
			{0x5d, SP_KEY_EXTENDED, XKB_KEY_Menu},
			{0x53, SP_KEY_EXTENDED, XKB_KEY_Delete},
			{0x4b, SP_KEY_EXTENDED, XKB_KEY_Left},
			{0x58, 0, XKB_KEY_F12},
			{0x20, SP_KEY_EXTENDED, XKB_KEY_XF86AudioMute},
			{0x30, SP_KEY_EXTENDED, XKB_KEY_XF86AudioRaiseVolume},
	};

	(void)state;
	open_input();
	open_window();
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		tap(keys[i].code, keys[i].flags);
		expect_key(keys[i].want);
	}
	/* Pause as mstsc and xfreerdp send it, then Num Lock, which shares its number. */
	scan(0x1d, SP_KEY_EXTENDED1);
	scan(0x45, 0);
	scan(0x1d, SP_KEY_EXTENDED1 | SP_KEY_RELEASE);
	scan(0x45, SP_KEY_RELEASE);
	expect_key(XKB_KEY_Pause);
	expect_down(0);
	tap(0x45, 0);
	expect_key(XKB_KEY_Num_Lock);
	tap(0x2a, SP_KEY_EXTENDED);
	tap(0xff, 0);
	tap(0xffff, SP_KEY_EXTENDED);
	expect_nothing(XCB_KEY_PRESS);
	expect_down(0);
}

static void test_held(void **state)
{
	(void)state;
	open_input();
	open_window();
	/* The client repeats: a press each, and it is down until its release. */
	scan(0x1e, 0);
	scan(0x1e, 0);
	scan(0x1e, SP_KEY_REPEAT);
	for (int i = 0; i < 3; i++) {
		expect_char('a');
	}
	expect_down(1);
	/* The server repeats nothing by itself. */
	assert_null(desk_event(&d, XCB_KEY_PRESS, 900));
	scan(0x1e, SP_KEY_RELEASE);
	next_key(XCB_KEY_RELEASE);
	expect_down(0);
	/* A release alone. */
	scan(0x1f, SP_KEY_RELEASE);
	expect_nothing(XCB_KEY_RELEASE);
	/* A held Shift does not flicker. */
	scan(0x2a, 0);
	next_key(XCB_KEY_PRESS);
	scan(0x2a, 0);
	scan(0x2a, 0);
	expect_nothing(XCB_KEY_RELEASE);
	/* Focus goes while things are held. */
	scan(0x1e, 0);
	scan(0x1d, 0);
	mouse(SP_MOUSE_BUTTON1 | SP_MOUSE_DOWN, 400, 300);
	expect_down(3);
	assert_int_equal(sp_xinput_release_all(in), SP_OK);
	expect_down(0);
	xcb_generic_event_t *released = desk_event(&d, XCB_BUTTON_RELEASE, WAIT_MS);
	assert_non_null(released);
	free(released);
	scan(0x38, 0);
	expect_down(1);
	locks(0);
	expect_down(0);
	/* And when the client is gone for good. */
	scan(0x38, 0);
	scan(0x1e, 0);
	expect_down(2);
	sp_xinput_destroy(in);
	in = NULL;
	assert_int_equal(sp_xlink_sync(d.x), SP_OK);
	expect_down(0);
}

static uint8_t locked(void)
{
	xcb_xkb_get_state_reply_t *r = xcb_xkb_get_state_reply(
			d.x->c, xcb_xkb_get_state(d.x->c, XCB_XKB_ID_USE_CORE_KBD), NULL);

	assert_non_null(r);
	uint8_t mods = r->lockedMods;
	free(r);
	return mods;
}

static void test_locks(void **state)
{
	uint8_t caps = XCB_MOD_MASK_LOCK, num = XCB_MOD_MASK_2;

	(void)state;
	open_input();
	open_window();
	locks(SP_LOCK_CAPS);
	assert_int_equal(locked(), caps);
	locks(SP_LOCK_CAPS | SP_LOCK_NUM);
	assert_int_equal(locked(), caps | num);
	locks(SP_LOCK_NUM | SP_LOCK_SCROLL | SP_LOCK_KANA);
	assert_int_equal(locked(), num);
	locks(SP_LOCK_NUM);
	assert_int_equal(locked(), num);
	locks(0);
	assert_int_equal(locked(), 0);
	/* The key itself, then the client says what its lamp shows. */
	tap(0x3a, 0);
	assert_int_equal(locked(), caps);
	locks(SP_LOCK_CAPS);
	assert_int_equal(locked(), caps);
	tap(0x1e, 0);
	next_key(XCB_KEY_PRESS); /* Caps Lock */
	xcb_key_press_event_t e = next_key(XCB_KEY_PRESS);
	assert_int_equal(e.state & caps, caps);
	locks(0);
	/* Programs' slave devices and the core's see the same. */
	tap(0x1e, 0);
	e = next_key(XCB_KEY_PRESS);
	assert_int_equal(e.state & caps, 0);
}

static unsigned button_of(uint8_t type)
{
	xcb_generic_event_t *ev = desk_event(&d, type, WAIT_MS);

	assert_non_null(ev);
	unsigned b = ((xcb_button_press_event_t *)ev)->detail;
	free(ev);
	return b;
}

static void test_buttons(void **state)
{
	static const uint16_t flags[] = {SP_MOUSE_BUTTON1, SP_MOUSE_BUTTON3, SP_MOUSE_BUTTON2};

	(void)state;
	open_input();
	open_window();
	for (unsigned i = 0; i < 3; i++) {
		mouse(flags[i] | SP_MOUSE_DOWN, 400, 300);
		assert_int_equal(button_of(XCB_BUTTON_PRESS), i + 1);
		mouse(flags[i], 400, 300);
		assert_int_equal(button_of(XCB_BUTTON_RELEASE), i + 1);
	}
	for (unsigned i = 0; i < 2; i++) {
		struct sp_input_event ev = {.kind = SP_INPUT_MOUSEX,
				.flags = (uint16_t)(SP_MOUSEX_BUTTON1 << i | SP_MOUSE_DOWN),
				.x = 400,
				.y = 300};
		send(ev);
		assert_int_equal(button_of(XCB_BUTTON_PRESS), 8 + i);
		ev.flags ^= SP_MOUSE_DOWN;
		send(ev);
		assert_int_equal(button_of(XCB_BUTTON_RELEASE), 8 + i);
	}
	/* Twice down is once down. */
	mouse(SP_MOUSE_BUTTON1 | SP_MOUSE_DOWN, 400, 300);
	mouse(SP_MOUSE_BUTTON1 | SP_MOUSE_DOWN, 400, 300);
	assert_int_equal(button_of(XCB_BUTTON_PRESS), 1);
	mouse(SP_MOUSE_BUTTON1, 400, 300);
	assert_int_equal(button_of(XCB_BUTTON_RELEASE), 1);
	mouse(SP_MOUSE_BUTTON1, 400, 300);
	expect_nothing(XCB_BUTTON_PRESS);
}

static void turn(int by, bool horizontal)
{
	mouse(sp_input_wheel_flags(by, horizontal), 0, 0);
}

static void test_wheel(void **state)
{
	(void)state;
	open_input();
	open_window();
	turn(120, false);
	assert_int_equal(button_of(XCB_BUTTON_PRESS), 4);
	turn(-120, false);
	assert_int_equal(button_of(XCB_BUTTON_PRESS), 5);
	turn(-120, true);
	assert_int_equal(button_of(XCB_BUTTON_PRESS), 6);
	turn(120, true);
	assert_int_equal(button_of(XCB_BUTTON_PRESS), 7);
	/* A touchpad's small steps add up. */
	for (int i = 0; i < 7; i++) {
		turn(-17, false);
	}
	expect_nothing(XCB_BUTTON_PRESS);
	turn(-17, false);
	assert_int_equal(button_of(XCB_BUTTON_PRESS), 5);
	expect_nothing(XCB_BUTTON_PRESS);
	/* The other way begins anew. */
	turn(-100, false);
	turn(100, false);
	turn(20, false);
	assert_int_equal(button_of(XCB_BUTTON_PRESS), 4);
	turn(240, false);
	assert_int_equal(button_of(XCB_BUTTON_PRESS), 4);
	assert_int_equal(button_of(XCB_BUTTON_PRESS), 4);
	expect_nothing(XCB_BUTTON_PRESS);
}

static void expect_pointer(int x, int y)
{
	xcb_query_pointer_reply_t *r =
			xcb_query_pointer_reply(d.x->c, xcb_query_pointer(d.x->c, d.x->root), NULL);

	assert_non_null(r);
	assert_int_equal(r->root_x, x);
	assert_int_equal(r->root_y, y);
	free(r);
}

static void test_pointer(void **state)
{
	(void)state;
	open_input();
	open_window();
	mouse(SP_MOUSE_MOVE, 10, 20);
	expect_pointer(10, 20);
	/* A button elsewhere takes the pointer there; the wheel does not. */
	mouse(SP_MOUSE_BUTTON1 | SP_MOUSE_DOWN, 30, 40);
	mouse(SP_MOUSE_BUTTON1, 30, 40);
	expect_pointer(30, 40);
	turn(120, false);
	expect_pointer(30, 40);
	send((struct sp_input_event){
			.kind = SP_INPUT_MOUSEREL, .flags = SP_MOUSE_MOVE, .x = 5, .y = -7});
	expect_pointer(35, 33);
	mouse(SP_MOUSE_MOVE, 30, 40);
	expect_pointer(30, 40);
	/* Beyond the screen is its border. */
	uint16_t w = kind == SP_XSERVER_XORG ? 800 : d.screen->width_in_pixels;
	uint16_t h = kind == SP_XSERVER_XORG ? 600 : d.screen->height_in_pixels;
	mouse(SP_MOUSE_MOVE, 65535, 65535);
	expect_pointer(w - 1, h - 1);
	send((struct sp_input_event){.kind = SP_INPUT_MOUSEREL,
			.flags = SP_MOUSE_MOVE,
			.x = INT32_MIN,
			.y = INT32_MIN});
	expect_pointer(0, 0);
}

/* A terminal that writes what is typed into a file. Skips without xterm. */
static void open_terminal(char out[128])
{
	char path[256], ready[128], command[400];

	if (sp_child_find("xterm", NULL, path, sizeof(path)) != SP_OK) {
		print_message("xterm is not installed\n");
		skip();
	}
	snprintf(out, 128, "%s/typed", d.dir);
	snprintf(ready, sizeof(ready), "%s/ready", d.dir);
	snprintf(command, sizeof(command), "stty raw -echo; : > %s; exec cat >> %s", ready, out);
	const char *argv[] = {
			"xterm", "-u8", "-geometry", "80x24+0+0", "-e", "sh", "-c", command, NULL};
	struct sp_child_opts opts = {
			.path = path, .argv = argv, .pass_fd = -1, .die_with_us = true};

	setenv("LC_ALL", "C.UTF-8", 1);
	assert_int_equal(sp_child_start(&opts, &terminal), SP_OK);
	for (int i = 0; i < 1000 && access(ready, F_OK) != 0; i++) {
		desk_sleep(10);
	}
	assert_int_equal(access(ready, F_OK), 0);
	desk_sleep(100);
	mouse(SP_MOUSE_MOVE, 100, 100);
}

static void expect_text(const char *out, const char *want)
{
	char got[4096] = "";
	size_t n = 0;
	uint64_t end = desk_now() + 20000;

	while (desk_now() < end) {
		uint64_t due = sp_xinput_deadline(in);

		if (due && due <= desk_now()) {
			assert_int_equal(sp_xinput_run(in), SP_OK);
		}
		int fd = open(out, O_RDONLY);

		if (fd >= 0) {
			ssize_t len = read(fd, got, sizeof(got) - 1);

			close(fd);
			n = len > 0 ? (size_t)len : 0;
			got[n] = 0;
		}
		if (n >= strlen(want)) {
			break;
		}
		desk_sleep(10);
	}
	if (strcmp(got, want) != 0) {
		fail_msg("typed '%s' and not '%s'", got, want);
	}
	assert_int_equal(truncate(out, 0), 0);
}

static void type16(const char *utf8)
{
	for (const unsigned char *p = (const unsigned char *)utf8; *p;) {
		uint32_t ch = *p++;
		int more = ch >= 0xf0 ? 3 : ch >= 0xe0 ? 2 : ch >= 0xc0 ? 1 : 0;

		ch = more == 3 ? ch & 7 : more == 2 ? ch & 15 : more == 1 ? ch & 31 : ch;
		for (; more > 0; more--) {
			ch = ch << 6 | (*p++ & 63);
		}
		if (ch >= 0x10000) {
			unicode((uint16_t)(0xd800 + ((ch - 0x10000) >> 10)));
			unicode((uint16_t)(0xdc00 + ((ch - 0x10000) & 0x3ff)));
		} else {
			unicode((uint16_t)ch);
		}
	}
}

/* cat appends, so the file can be cut to nothing between two texts. */
static void test_text(void **state)
{
	static const char mixed[] =
			"Hello, World! {[(@~|\\)]} \xc3\xa9\xc3\x84\xe2\x82\xac\xc3\x9f "
			"\xd0\xb9\xd0\x81 \xce\xb1\xce\xa9 \xe6\xbc\xa2\xe5\xad\x97 "
			"\xf0\x9f\x98\x80\xf0\x9f\x9a\x80 \xe1\xba\x9e\xc5\x93";
	static const uint32_t klids[] = {US, DE, FR, RU, 0x411};
	char out[128];

	(void)state;
	open_input();
	open_terminal(out);
	for (size_t i = 0; i < sizeof(klids) / sizeof(klids[0]); i++) {
		assert_int_equal(sp_xinput_layout(in, klids[i], 4), SP_OK);
		type16(mixed);
		expect_text(out, mixed);
	}
	/* While Caps Lock is on and while Shift is held, a character stays what it is. */
	locks(SP_LOCK_CAPS);
	type16("aB\xc3\xa9\xd0\xb9");
	assert_int_equal(locked(), XCB_MOD_MASK_LOCK);
	locks(0);
	scan(0x2a, 0);
	type16("aB1\xc3\xa9");
	expect_down(1);
	scan(0x2a, SP_KEY_RELEASE);
	/* Halves of pairs that never meet. */
	unicode(0xdc00);
	unicode(0xd83d);
	unicode('x');
	unicode(0xde00);
	unicode('\n');
	unicode('\t');
	expect_text(out,
			"aB\xc3\xa9\xd0\xb9"
			"aB1\xc3\xa9"
			"x\r\t");
	expect_down(0);
}

/* More different characters than there are spare keys, as fast as they come. */
static void test_burst(void **state)
{
	char out[128], text[1200];
	size_t n = 0;

	(void)state;
	open_input();
	open_terminal(out);
	for (unsigned i = 0; i < 150; i++) {
		unsigned ch = 0x4e00 + i * 7;

		text[n++] = (char)(0xe0 | ch >> 12);
		text[n++] = (char)(0x80 | (ch >> 6 & 63));
		text[n++] = (char)(0x80 | (ch & 63));
	}
	/* What follows the characters waits behind them: none of it may overtake. */
	memcpy(text + n, "end\r", 5);
	text[n + 3] = 0;
	type16(text);
	assert_true(sp_xinput_deadline(in) > 0);
	tap(0x1c, 0);
	text[n + 3] = '\r';
	expect_text(out, text);
	assert_int_equal(sp_xinput_deadline(in), 0);
	/* More than the queue holds: it is let go of, and nothing stays pressed. */
	type16(text);
	for (unsigned i = 0; i < 3000; i++) {
		unicode((uint16_t)(0x3400 + i));
		scan(0x2a, 0);
	}
	assert_int_equal(sp_xinput_release_all(in), SP_OK);
	assert_int_equal(sp_xinput_deadline(in), 0);
	expect_down(0);
}

/* With scancodes as a person types them. */
static void test_typed(void **state)
{
	char out[128];

	(void)state;
	open_input();
	open_terminal(out);
	assert_int_equal(sp_xinput_layout(in, DE, 4), SP_OK);
	tap(0x15, 0);
	scan(0x2a, 0);
	tap(0x28, 0);
	scan(0x2a, SP_KEY_RELEASE);
	scan(0x38, SP_KEY_EXTENDED);
	tap(0x10, 0);
	scan(0x38, SP_KEY_EXTENDED | SP_KEY_RELEASE);
	tap(0x1c, 0);
	expect_text(out, "z\xc3\x84@\r");
	assert_int_equal(sp_xinput_layout(in, RU, 4), SP_OK);
	tap(0x10, 0);
	tap(0x11, 0);
	/* Alt+Shift: the Latin letters beside. */
	scan(0x38, 0);
	tap(0x2a, 0);
	scan(0x38, SP_KEY_RELEASE);
	tap(0x10, 0);
	type16("\xd0\xb9q");
	expect_text(out, "\xd0\xb9\xd1\x86q\xd0\xb9q");
}

static void test_server_gone(void **state)
{
	struct sp_input_event ev = {.kind = SP_INPUT_SCANCODE, .code = 0x1e};
	int rc = SP_OK;

	(void)state;
	open_input();
	sp_xserver_destroy(d.server);
	d.server = NULL;
	for (int i = 0; i < 100 && rc == SP_OK; i++) {
		rc = sp_xinput_event(in, &ev);
		ev.key ^= SP_KEY_RELEASE;
		desk_sleep(1);
	}
	assert_int_equal(rc, SP_ECLOSED);
	ev = (struct sp_input_event){.kind = SP_INPUT_UNICODE, .code = 0x20ac};
	assert_int_equal(sp_xinput_event(in, &ev), SP_ECLOSED);
	ev.kind = SP_INPUT_SYNC;
	assert_int_equal(sp_xinput_event(in, &ev), SP_ECLOSED);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_teardown(test_layouts, teardown),
			cmocka_unit_test_teardown(test_special_keys, teardown),
			cmocka_unit_test_teardown(test_held, teardown),
			cmocka_unit_test_teardown(test_locks, teardown),
			cmocka_unit_test_teardown(test_buttons, teardown),
			cmocka_unit_test_teardown(test_wheel, teardown),
			cmocka_unit_test_teardown(test_pointer, teardown),
			cmocka_unit_test_teardown(test_text, teardown),
			cmocka_unit_test_teardown(test_burst, teardown),
			cmocka_unit_test_teardown(test_typed, teardown),
			cmocka_unit_test_teardown(test_server_gone, teardown),
	};

	kind = desk_kind(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
