/* core/ui/keyboard.c - modifiers, locks and dead keys of a client that sends scancodes. */
#include "core/ui/keyboard.h"

#include "core/ui/layout.h"

enum {
	SHIFT_L = 1,
	SHIFT_R = 2,
	CTRL_L = 4,
	CTRL_R = 8,
	ALT_L = 16,
	ALT_R = 32,
	CHORD = 64
};
enum {
	DOWN_ENTER = 1,
	DOWN_ESCAPE = 2,
	DOWN_SPACE = 4,
	DOWN_KEYPAD_ENTER = 8
};

void sp_ui_keyboard_init(struct sp_ui_keyboard *k, uint32_t lcid)
{
	*k = (struct sp_ui_keyboard){
			.layout = (uint8_t)sp_ui_layout_find(lcid), .locks = SP_LOCK_NUM};
}

const char *sp_ui_keyboard_badge(const struct sp_ui_keyboard *k)
{
	const struct sp_ui_layout *l = sp_ui_layout(k->layout);

	return !l->other ? NULL : k->latin ? "EN" : l->badge;
}

static bool held(const struct sp_ui_keyboard *k, uint8_t bits)
{
	return (k->held & bits) != 0;
}

bool sp_ui_keyboard_shift(const struct sp_ui_keyboard *k)
{
	return held(k, SHIFT_L | SHIFT_R);
}

static bool altgr(const struct sp_ui_keyboard *k)
{
	return held(k, ALT_R) || (held(k, ALT_L) && held(k, CTRL_L | CTRL_R));
}

/* Tracks modifiers and locks; true when the event was one of them. */
static bool modifier(struct sp_ui_keyboard *k, const struct sp_input_event *ev, bool release)
{
	bool ext = ev->key & SP_KEY_EXTENDED;
	uint8_t bit = 0;

	switch (ev->code) {
	case 0x2A:
		bit = ext ? 0 : SHIFT_L; /* E0 2A is the keyboard's own, around its grey keys */
		break;
	case 0x36:
		bit = ext ? 0 : SHIFT_R;
		break;
	case 0x1D:
		bit = ext ? CTRL_R : CTRL_L;
		break;
	case 0x38:
		bit = ext ? ALT_R : ALT_L;
		break;
	case 0x3A:
		k->locks ^= release || (ev->key & SP_KEY_REPEAT) ? 0 : SP_LOCK_CAPS;
		return true;
	case 0x45:
		k->locks ^= release || (ev->key & SP_KEY_REPEAT) ? 0 : SP_LOCK_NUM;
		return true;
	case 0x46:
		return true;
	default:
		return false;
	}
	/* Alt and Shift together, then let go: the other alphabet, unless a key came between. */
	if (release) {
		if (held(k, CHORD) && (bit & (SHIFT_L | SHIFT_R | ALT_L)) &&
				sp_ui_layout(k->layout)->other) {
			k->latin = !k->latin;
		}
		k->held &= (uint8_t) ~(bit | CHORD);
	} else {
		k->held |= bit;
		bool both = held(k, SHIFT_L | SHIFT_R) && held(k, ALT_L) &&
				!held(k, CTRL_L | CTRL_R | ALT_R);

		k->held = (uint8_t)(both ? k->held | CHORD : k->held & ~CHORD);
	}
	return true;
}

/* What a character key types in the current state; 0 nothing. */
static uint32_t typed(const struct sp_ui_keyboard *k, const struct sp_ui_layout *l, int key)
{
	bool shift = held(k, SHIFT_L | SHIFT_R), caps = k->locks & SP_LOCK_CAPS;
	const uint16_t *plain = l->level[SP_UI_PLAIN], *upper = l->level[SP_UI_SHIFT];

	if (altgr(k)) {
		const uint16_t *deep = l->level[SP_UI_SHIFT_ALTGR], *level = l->level[SP_UI_ALTGR];

		if (shift && deep && deep[key] != ' ') {
			return deep[key];
		}
		uint32_t ch = level && level[key] != ' ' ? level[key] : 0;
		return shift != caps ? sp_ui_layout_upper(ch) : ch;
	}
	if (caps) {
		bool letter = sp_ui_layout_upper(plain[key]) == upper[key] &&
				plain[key] != upper[key];

		if (letter || (l->shift_lock && key < 13)) {
			shift = !shift;
		} else if (!shift && plain[key] > 0x7F &&
				sp_ui_layout_upper(plain[key]) != plain[key]) {
			return sp_ui_layout_upper(
					plain[key]); /* the è of Swiss keyboards, with ü above it */
		}
	}
	uint16_t ch = (shift ? upper : plain)[key];
	return ch == ' ' ? 0 : ch;
}

/* Puts a character into the key, with the accent before it if there is one. */
static bool character(struct sp_ui_keyboard *k, uint32_t ch, struct sp_ui_key *out)
{
	uint16_t dead = k->dead;

	if (ch == 0) {
		return out->digit >= 0;
	}
	out->kind = SP_UI_KEY_CHAR;
	if (0x300 <= ch && ch <= 0x30C) {
		k->dead = (uint16_t)ch;
		if (dead == 0) {
			out->kind = SP_UI_KEY_NONE;
			return out->digit >= 0;
		}
		out->ch = sp_ui_layout_accent(dead); /* twice: the accent itself */
		k->dead = dead == ch ? 0 : k->dead;
		return true;
	}
	k->dead = 0;
	out->ch = ch;
	if (dead != 0) {
		uint32_t one = sp_ui_layout_compose(dead, ch);

		out->ch = one ? one : sp_ui_layout_accent(dead);
		out->ch2 = one ? 0 : ch;
	}
	return true;
}

static bool keypad(struct sp_ui_keyboard *k, uint16_t code, struct sp_ui_key *out)
{
	static const struct {
		uint8_t code;
		int8_t digit;
		uint8_t kind;
	} pad[] = {
			{0x47, 7, SP_UI_KEY_HOME},
			{0x48, 8, SP_UI_KEY_UP},
			{0x49, 9, SP_UI_KEY_PAGE_UP},
			{0x4B, 4, SP_UI_KEY_LEFT},
			{0x4C, 5, SP_UI_KEY_NONE},
			{0x4D, 6, SP_UI_KEY_RIGHT},
			{0x4F, 1, SP_UI_KEY_END},
			{0x50, 2, SP_UI_KEY_DOWN},
			{0x51, 3, SP_UI_KEY_PAGE_DOWN},
			{0x52, 0, SP_UI_KEY_NONE},
			{0x53, -1, SP_UI_KEY_DELETE},
	};

	for (size_t i = 0; i < sizeof(pad) / sizeof(pad[0]); i++) {
		if (pad[i].code == code) {
			out->digit = pad[i].digit;
			if (k->locks & SP_LOCK_NUM) {
				return character(k,
						code == 0x53 ? '.' : (uint32_t)('0' + pad[i].digit),
						out);
			}
			out->kind = pad[i].kind;
			return out->kind != SP_UI_KEY_NONE || out->digit >= 0;
		}
	}
	return character(k, code == 0x37 ? '*' : code == 0x4A ? '-' : code == 0x4E ? '+' : 0, out);
}

/* Keys that mean the same on every keyboard. */
static enum sp_ui_key_kind named(uint16_t code, bool ext)
{
	switch (code) {
	case 0x01:
		return SP_UI_KEY_ESCAPE;
	case 0x0E:
		return SP_UI_KEY_BACKSPACE;
	case 0x0F:
		return SP_UI_KEY_TAB;
	case 0x1C:
		return SP_UI_KEY_ENTER;
	default:
		break;
	}
	if (!ext) {
		return SP_UI_KEY_NONE;
	}
	switch (code) {
	case 0x47:
		return SP_UI_KEY_HOME;
	case 0x48:
		return SP_UI_KEY_UP;
	case 0x49:
		return SP_UI_KEY_PAGE_UP;
	case 0x4B:
		return SP_UI_KEY_LEFT;
	case 0x4D:
		return SP_UI_KEY_RIGHT;
	case 0x4F:
		return SP_UI_KEY_END;
	case 0x50:
		return SP_UI_KEY_DOWN;
	case 0x51:
		return SP_UI_KEY_PAGE_DOWN;
	case 0x53:
		return SP_UI_KEY_DELETE;
	default:
		return SP_UI_KEY_NONE;
	}
}

/* Remembers that a key is down which must not act twice; true when it already was. */
static bool down(struct sp_ui_keyboard *k, uint16_t code, bool ext, bool release)
{
	uint8_t bit = code == 0x1C     ? (ext ? DOWN_KEYPAD_ENTER : DOWN_ENTER)
			: code == 0x01 ? DOWN_ESCAPE
			: code == 0x39 ? DOWN_SPACE
				       : 0;
	bool was = (k->down & bit) != 0;

	k->down = (uint8_t)(release ? k->down & ~bit : k->down | bit);
	return was;
}

static bool scancode(
		struct sp_ui_keyboard *k, const struct sp_input_event *ev, struct sp_ui_key *out)
{
	bool release = ev->key & SP_KEY_RELEASE, ext = ev->key & SP_KEY_EXTENDED;
	uint16_t code = ev->code;
	const struct sp_ui_layout *l = sp_ui_layout(k->layout);

	if ((ev->key & SP_KEY_EXTENDED1) || (code == 0x45 && ext) || modifier(k, ev, release)) {
		return false;
	}
	out->repeat = down(k, code, ext, release) || (ev->key & SP_KEY_REPEAT);
	if (release) {
		return false;
	}
	k->held &= (uint8_t)~CHORD;
	out->shift = held(k, SHIFT_L | SHIFT_R);
	out->ctrl = held(k, CTRL_L | CTRL_R) && !altgr(k);
	out->kind = named(code, ext);
	if (out->kind != SP_UI_KEY_NONE) {
		k->dead = 0;
		return !held(k, ALT_L); /* Alt+Tab and its like are the window manager's */
	}
	if (ext) {
		return code == 0x35 && character(k, '/', out);
	}
	if (code == 0x39) {
		return !out->ctrl && character(k, ' ', out);
	}
	int key = sp_ui_layout_key(code);

	if (l->other && (k->latin || out->ctrl)) {
		l = sp_ui_layout(0);
	}
	if (out->ctrl) {
		out->kind = key >= 0 && l->level[SP_UI_PLAIN][key] == 'a' ? SP_UI_KEY_SELECT_ALL
									  : SP_UI_KEY_NONE;
		return out->kind != SP_UI_KEY_NONE;
	}
	if (held(k, ALT_L) && !altgr(k)) {
		return false;
	}
	if (key < 0) {
		return keypad(k, code, out);
	}
	if (0x02 <= code && code <= 0x0B && !altgr(k)) {
		out->digit = (int8_t)((code - 1) % 10);
	}
	return character(k, typed(k, l, key), out);
}

static bool unicode(
		struct sp_ui_keyboard *k, const struct sp_input_event *ev, struct sp_ui_key *out)
{
	uint32_t ch = ev->code;

	if (ev->key & SP_KEY_RELEASE) {
		return false;
	}
	if (0xD800 <= ch && ch <= 0xDBFF) {
		k->high = (uint16_t)ch;
		return false;
	}
	if (0xDC00 <= ch && ch <= 0xDFFF) {
		if (k->high == 0) {
			return false;
		}
		ch = 0x10000 + ((uint32_t)(k->high - 0xD800) << 10) + (ch - 0xDC00);
	}
	k->high = 0;
	k->dead = 0;
	out->kind = ch == 0x08       ? SP_UI_KEY_BACKSPACE
			: ch == 0x09 ? SP_UI_KEY_TAB
			: ch == 0x0D ? SP_UI_KEY_ENTER
			: ch == 0x1B ? SP_UI_KEY_ESCAPE
				     : SP_UI_KEY_CHAR;
	if (out->kind != SP_UI_KEY_CHAR) {
		return true;
	}
	if ('0' <= ch && ch <= '9') {
		out->digit = (int8_t)(ch - '0');
	}
	return ch >= ' ' && !(0x7F <= ch && ch < 0xA0) && ch < 0xFFFE + 0x100000 &&
			character(k, ch, out);
}

bool sp_ui_keyboard_event(
		struct sp_ui_keyboard *k, const struct sp_input_event *ev, struct sp_ui_key *out)
{
	*out = (struct sp_ui_key){.digit = -1};
	switch (ev->kind) {
	case SP_INPUT_SCANCODE:
		return scancode(k, ev, out);
	case SP_INPUT_UNICODE:
		return unicode(k, ev, out);
	case SP_INPUT_SYNC: /* the window came to the front: nothing is held, the locks are these */
		k->locks = (uint8_t)ev->flags;
		k->held = 0;
		k->down = 0;
		k->dead = 0;
		k->high = 0;
		return false;
	default:
		return false;
	}
}
