/* client/keys.c - see keys.h. */
#include "client/keys.h"

#include <string.h>
#include <strings.h>

#include "core/base/attr.h"
#include "core/base/span.h"

#define E0 0x100 /* with the prefix for extended keys */

struct key {
	const char *name;
	uint16_t code;
};

/* Letters, digits and signs by their place on a US keyboard; "+" stands between keys. */
static const struct key keys[] = {
		{"a", 0x1e},
		{"b", 0x30},
		{"c", 0x2e},
		{"d", 0x20},
		{"e", 0x12},
		{"f", 0x21},
		{"g", 0x22},
		{"h", 0x23},
		{"i", 0x17},
		{"j", 0x24},
		{"k", 0x25},
		{"l", 0x26},
		{"m", 0x32},
		{"n", 0x31},
		{"o", 0x18},
		{"p", 0x19},
		{"q", 0x10},
		{"r", 0x13},
		{"s", 0x1f},
		{"t", 0x14},
		{"u", 0x16},
		{"v", 0x2f},
		{"w", 0x11},
		{"x", 0x2d},
		{"y", 0x15},
		{"z", 0x2c},
		{"1", 0x02},
		{"2", 0x03},
		{"3", 0x04},
		{"4", 0x05},
		{"5", 0x06},
		{"6", 0x07},
		{"7", 0x08},
		{"8", 0x09},
		{"9", 0x0a},
		{"0", 0x0b},
		{"-", 0x0c},
		{"=", 0x0d},
		{"[", 0x1a},
		{"]", 0x1b},
		{";", 0x27},
		{"'", 0x28},
		{"`", 0x29},
		{"\\", 0x2b},
		{",", 0x33},
		{".", 0x34},
		{"/", 0x35},
		{"Escape", 0x01},
		{"Esc", 0x01},
		{"Backspace", 0x0e},
		{"Tab", 0x0f},
		{"Enter", 0x1c},
		{"Return", 0x1c},
		{"Space", 0x39},
		{"Ctrl", 0x1d},
		{"Control", 0x1d},
		{"RightCtrl", 0x1d | E0},
		{"Shift", 0x2a},
		{"RightShift", 0x36},
		{"Alt", 0x38},
		{"AltGr", 0x38 | E0},
		{"Super", 0x5b | E0},
		{"Win", 0x5b | E0},
		{"Menu", 0x5d | E0},
		{"CapsLock", 0x3a},
		{"NumLock", 0x45},
		{"ScrollLock", 0x46},
		{"Print", 0x37 | E0},
		{"F1", 0x3b},
		{"F2", 0x3c},
		{"F3", 0x3d},
		{"F4", 0x3e},
		{"F5", 0x3f},
		{"F6", 0x40},
		{"F7", 0x41},
		{"F8", 0x42},
		{"F9", 0x43},
		{"F10", 0x44},
		{"F11", 0x57},
		{"F12", 0x58},
		{"Home", 0x47 | E0},
		{"Up", 0x48 | E0},
		{"PageUp", 0x49 | E0},
		{"Left", 0x4b | E0},
		{"Right", 0x4d | E0},
		{"End", 0x4f | E0},
		{"Down", 0x50 | E0},
		{"PageDown", 0x51 | E0},
		{"Insert", 0x52 | E0},
		{"Delete", 0x53 | E0},
		{"Del", 0x53 | E0},
};

static const struct key *find(const char *name, size_t n)
{
	for (size_t i = 0; i < SP_LEN(keys); i++) {
		if (strlen(keys[i].name) == n && strncasecmp(keys[i].name, name, n) == 0) {
			return &keys[i];
		}
	}
	return NULL;
}

size_t sp_keys_chord(const char *text, struct sp_input_event out[2 * SP_KEYS_MAX])
{
	size_t n = 0;

	for (const char *at = text;; at++) {
		size_t len = strcspn(at, "+");
		const struct key *k = find(at, len);

		if (!k || n == SP_KEYS_MAX) {
			return 0;
		}
		out[n++] = (struct sp_input_event){.kind = SP_INPUT_SCANCODE,
				.code = k->code & 0xff,
				.key = k->code & E0 ? SP_KEY_EXTENDED : 0};
		at += len;
		if (*at == '\0') {
			break;
		}
	}
	for (size_t i = 0; i < n; i++) {
		out[n + i] = out[n - 1 - i];
		out[n + i].key |= SP_KEY_RELEASE;
	}
	return 2 * n;
}
