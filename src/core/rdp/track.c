/* core/rdp/track.c - see track.h. */
#include "core/rdp/track.h"

#define CODE_CAPS 0x3A
#define CODE_NUM 0x45
#define CODE_SCROLL 0x46

#define BUTTONS (SP_MOUSE_BUTTON1 | SP_MOUSE_BUTTON2 | SP_MOUSE_BUTTON3)
#define XBUTTONS (SP_MOUSEX_BUTTON1 | SP_MOUSEX_BUTTON2)

static size_t key_number(const struct sp_input_event *ev)
{
	return (ev->code & 0xFFu) | (ev->key & SP_KEY_EXTENDED ? 0x100u : 0);
}

/* The bits of a press or a release; 0 for a movement or a wheel. */
static uint32_t button_bits(const struct sp_input_event *ev)
{
	switch (ev->kind) {
	case SP_INPUT_MOUSE:
		return ev->flags & (SP_MOUSE_WHEEL | SP_MOUSE_HWHEEL) ? 0 : ev->flags & BUTTONS;
	case SP_INPUT_MOUSEX:
		return ev->flags & XBUTTONS;
	default:
		return 0;
	}
}

static uint16_t lock_of(const struct sp_input_event *ev)
{
	if (ev->key & (SP_KEY_EXTENDED | SP_KEY_EXTENDED1)) {
		return 0;
	}
	switch (ev->code) {
	case CODE_CAPS:
		return SP_LOCK_CAPS;
	case CODE_NUM:
		return SP_LOCK_NUM;
	case CODE_SCROLL:
		return SP_LOCK_SCROLL;
	default:
		return 0;
	}
}

static bool is_down(const struct sp_track *t, size_t key)
{
	return t->down[key / 32] >> key % 32 & 1;
}

static void set_down(struct sp_track *t, size_t key, bool down)
{
	if (is_down(t, key) != down) {
		t->down[key / 32] ^= 1u << key % 32;
		t->n_down = down ? t->n_down + 1 : t->n_down - 1;
	}
}

void sp_track_input(struct sp_track *t, const struct sp_input_event *ev)
{
	uint32_t bits = button_bits(ev);

	switch (ev->kind) {
	case SP_INPUT_SCANCODE:
		if (!(ev->key & SP_KEY_RELEASE) && !is_down(t, key_number(ev))) {
			t->locks ^= lock_of(ev);
		}
		set_down(t, key_number(ev), !(ev->key & SP_KEY_RELEASE));
		return;
	case SP_INPUT_SYNC:
		t->synced = true;
		t->locks = ev->flags;
		return;
	case SP_INPUT_MOUSE:
	case SP_INPUT_MOUSEX:
		t->buttons = ev->flags & SP_MOUSE_DOWN ? t->buttons | bits : t->buttons & ~bits;
		return;
	default:
		return;
	}
}

bool sp_track_pass(struct sp_track *t, const struct sp_input_event *ev)
{
	uint32_t bits = button_bits(ev);

	if (ev->kind == SP_INPUT_SCANCODE) {
		bool held = is_down(t, key_number(ev));

		/* A repetition goes on to the target, and so does its release then. */
		set_down(t, key_number(ev), false);
		return !(held && (ev->key & SP_KEY_RELEASE));
	}
	if (bits != 0) {
		bool held = (t->buttons & bits) == bits;

		t->buttons &= ~bits;
		return !held || (ev->flags & SP_MOUSE_DOWN);
	}
	return true;
}
