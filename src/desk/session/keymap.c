/* desk/session/keymap.c - see keymap.h. */
#include "desk/session/keymap.h"

#include <stdlib.h>
#include <string.h>
#include <xcb/xkb.h>
#include <xkbcommon/xkbcommon.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "desk/session/child.h"

#define KEYS 256
#define GROUPS 2
#define LEVELS 4
#define MAX_SPARE 48
#define FIRST_SPARE 9
/* A program may be this late and still find what the key meant when it was pressed. */
#define REUSE_MS 400
#define MAX_UNICODE 0x10ffff

struct spare {
	uint8_t keycode;
	uint32_t ch; /* 0: not bound */
	uint64_t used_ms;
};

struct sp_keymap {
	struct sp_xlink *x;
	bool stale;
	uint32_t syms[KEYS][GROUPS][LEVELS];
	uint8_t modmap[KEYS]; /* X modifier masks */
	struct spare spare[MAX_SPARE];
	size_t n_spare;
};

static void on_event(void *arg, const xcb_generic_event_t *ev)
{
	struct sp_keymap *k = arg;

	/* XKB's events share one number; the kind stands in the second byte. */
	if ((ev->response_type & 0x7f) == k->x->xkb_event &&
			(ev->pad0 == XCB_XKB_NEW_KEYBOARD_NOTIFY ||
					ev->pad0 == XCB_XKB_MAP_NOTIFY)) {
		k->stale = true;
	}
}

int sp_keymap_create(struct sp_xlink *x, struct sp_keymap **out)
{
	struct sp_keymap *k = sp_calloc(1, sizeof(*k));
	uint16_t events = XCB_XKB_EVENT_TYPE_NEW_KEYBOARD_NOTIFY | XCB_XKB_EVENT_TYPE_MAP_NOTIFY;
	uint16_t parts = XCB_XKB_MAP_PART_KEY_SYMS | XCB_XKB_MAP_PART_MODIFIER_MAP;

	*out = NULL;
	if (!k) {
		return SP_ENOMEM;
	}
	k->x = x;
	k->stale = true;
	int rc = sp_xlink_listen(x, on_event, k);
	if (rc != SP_OK) {
		sp_free(k);
		return rc;
	}
	xcb_xkb_select_events(x->c, XCB_XKB_ID_USE_CORE_KBD, events, 0, events, parts, parts, NULL);
	*out = k;
	return SP_OK;
}

/* Both levels are the same, so that neither Shift nor Caps Lock changes the character. */
static void bind(struct sp_keymap *k, uint8_t keycode, uint32_t keysym)
{
	xcb_keysym_t syms[2] = {keysym, keysym};

	xcb_change_keyboard_mapping(k->x->c, 1, keycode, 2, syms);
}

void sp_keymap_forget(struct sp_keymap *k)
{
	k->stale = true;
	k->n_spare = 0;
}

void sp_keymap_destroy(struct sp_keymap *k)
{
	if (!k) {
		return;
	}
	for (size_t i = 0; i < k->n_spare; i++) {
		if (k->spare[i].ch) {
			bind(k, k->spare[i].keycode, XCB_NO_SYMBOL);
		}
	}
	xcb_flush(k->x->c);
	sp_xlink_unlisten(k->x, k);
	sp_free(k);
}

static void take_syms(
		struct sp_keymap *k, const xcb_xkb_get_map_reply_t *r, xcb_xkb_get_map_map_t *map)
{
	xcb_xkb_key_sym_map_iterator_t it = xcb_xkb_get_map_map_syms_rtrn_iterator(r, map);

	memset(k->syms, 0, sizeof(k->syms));
	for (unsigned key = r->firstKeySym; it.rem && key < KEYS;
			key++, xcb_xkb_key_sym_map_next(&it)) {
		const xcb_keysym_t *syms = xcb_xkb_key_sym_map_syms(it.data);
		unsigned n = (unsigned)xcb_xkb_key_sym_map_syms_length(it.data);
		unsigned groups = it.data->groupInfo & 0x0f, width = it.data->width;

		for (unsigned g = 0; g < groups && g < GROUPS; g++) {
			for (unsigned l = 0; l < width && l < LEVELS; l++) {
				if (g * width + l < n) {
					k->syms[key][g][l] = syms[g * width + l];
				}
			}
		}
		/* A key of one group has that for the others too. */
		if (groups == 1) {
			memcpy(k->syms[key][1], k->syms[key][0], sizeof(k->syms[key][1]));
		}
	}
}

static void take_modmap(struct sp_keymap *k, const xcb_xkb_get_map_reply_t *r,
		const xcb_xkb_get_map_map_t *map)
{
	int n = xcb_xkb_get_map_map_modmap_rtrn_length(r, map);

	memset(k->modmap, 0, sizeof(k->modmap));
	for (int i = 0; i < n; i++) {
		k->modmap[map->modmap_rtrn[i].keycode] = map->modmap_rtrn[i].mods;
	}
}

static bool empty_key(const struct sp_keymap *k, unsigned key)
{
	static const uint32_t none[GROUPS][LEVELS];

	return k->modmap[key] == 0 && memcmp(k->syms[key], none, sizeof(none)) == 0;
}

static uint32_t keysym_of(uint32_t ch)
{
	return xkb_utf32_to_keysym(ch);
}

/* A binding that somebody has replaced is no longer ours. */
static void check_spare(struct sp_keymap *k)
{
	size_t kept = 0;

	for (size_t i = 0; i < k->n_spare; i++) {
		struct spare *s = &k->spare[i];

		if (s->ch && k->syms[s->keycode][0][0] != keysym_of(s->ch)) {
			s->ch = 0;
		}
		if (s->ch || empty_key(k, s->keycode)) {
			k->spare[kept++] = *s;
		}
	}
	k->n_spare = kept;
	if (kept > 0) {
		return;
	}
	const xcb_setup_t *setup = xcb_get_setup(k->x->c);
	for (unsigned key = setup->max_keycode; key >= FIRST_SPARE; key--) {
		if (empty_key(k, key) && k->n_spare < MAX_SPARE) {
			k->spare[k->n_spare++] = (struct spare){.keycode = (uint8_t)key};
		}
	}
}

int sp_keymap_refresh(struct sp_keymap *k)
{
	int rc = sp_xlink_pump(k->x);

	if (rc != SP_OK || !k->stale) {
		return rc;
	}
	uint16_t parts = XCB_XKB_MAP_PART_KEY_SYMS | XCB_XKB_MAP_PART_MODIFIER_MAP;
	xcb_xkb_get_map_reply_t *r = xcb_xkb_get_map_reply(k->x->c,
			xcb_xkb_get_map(k->x->c, XCB_XKB_ID_USE_CORE_KBD, parts, 0, 0, 0, 0, 0, 0,
					0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
			NULL);
	xcb_xkb_get_map_map_t map;

	if (!r) {
		return xcb_connection_has_error(k->x->c) ? SP_ECLOSED : SP_EPROTO;
	}
	xcb_xkb_get_map_map_unpack(xcb_xkb_get_map_map(r), r->nTypes, r->nKeySyms, r->nKeyActions,
			r->totalActions, r->totalKeyBehaviors, r->virtualMods, r->totalKeyExplicit,
			r->totalModMapKeys, r->totalVModMapKeys, r->present, &map);
	take_syms(k, r, &map);
	take_modmap(k, r, &map);
	free(r);
	k->stale = false;
	check_spare(k);
	return SP_OK;
}

/*
 * Keys where a level means what we think: rows of letters and digits, blank and what is beside
 * them. Keypads and function keys have levels of other kinds.
 */
static bool typing_key(unsigned key)
{
	return (key >= 10 && key <= 21) || (key >= 24 && key <= 35) || (key >= 38 && key <= 49) ||
			(key >= 51 && key <= 61) || key == 65 || key == 94 || key == 97 ||
			key == 132;
}

bool sp_keymap_find(const struct sp_keymap *k, uint32_t ch, unsigned group, uint8_t *keycode,
		unsigned *level)
{
	uint32_t keysym = keysym_of(ch);
	bool control = ch < 0x20 || ch == 0x7f;

	if (group >= GROUPS) {
		return false;
	}
	if (control) {
		*keycode = sp_keymap_key(k, keysym);
		*level = 0;
		return *keycode != 0;
	}
	for (unsigned l = 0; l < LEVELS; l++) {
		for (unsigned key = 8; key < KEYS; key++) {
			uint32_t sym = k->syms[key][group][l];

			if (sym && typing_key(key) &&
					(sym == keysym || xkb_keysym_to_utf32(sym) == ch)) {
				*keycode = (uint8_t)key;
				*level = l;
				return true;
			}
		}
	}
	return false;
}

int sp_keymap_borrow(struct sp_keymap *k, uint32_t ch, uint8_t *keycode)
{
	struct spare *oldest = NULL;
	uint64_t now = sp_child_now();

	if (!(0x20 <= ch && ch <= MAX_UNICODE && (ch < 0xd800 || ch > 0xdfff)) ||
			keysym_of(ch) == XKB_KEY_NoSymbol) {
		return SP_ENOTFOUND;
	}
	for (size_t i = 0; i < k->n_spare; i++) {
		struct spare *s = &k->spare[i];

		if (s->ch == ch) {
			s->used_ms = now;
			*keycode = s->keycode;
			return SP_OK;
		}
		if (!oldest || s->used_ms < oldest->used_ms) {
			oldest = s;
		}
	}
	if (!oldest) {
		return SP_ENOTFOUND;
	}
	if (oldest->ch && now < oldest->used_ms + REUSE_MS) {
		return (int)(oldest->used_ms + REUSE_MS - now);
	}
	bind(k, oldest->keycode, keysym_of(ch));
	int rc = sp_xlink_sync(k->x);
	if (rc == SP_OK) {
		oldest->ch = ch;
		oldest->used_ms = sp_child_now();
		*keycode = oldest->keycode;
	}
	return rc;
}

uint8_t sp_keymap_key(const struct sp_keymap *k, uint32_t keysym)
{
	for (unsigned key = 8; key < KEYS; key++) {
		if (keysym && k->syms[key][0][0] == keysym) {
			return (uint8_t)key;
		}
	}
	return 0;
}

bool sp_keymap_has(const struct sp_keymap *k, uint8_t keycode, uint32_t keysym)
{
	for (unsigned g = 0; g < GROUPS; g++) {
		for (unsigned l = 0; l < LEVELS; l++) {
			if (k->syms[keycode][g][l] == keysym) {
				return true;
			}
		}
	}
	return false;
}

uint8_t sp_keymap_modifier(const struct sp_keymap *k, uint32_t keysym)
{
	for (unsigned key = 8; key < KEYS; key++) {
		if (k->modmap[key] && sp_keymap_has(k, (uint8_t)key, keysym)) {
			return k->modmap[key];
		}
	}
	return 0;
}
