/* core/pdu/input.c - see input.h. */
#include "core/pdu/input.h"

#define EVENT_SIZE 12

/* [MS-RDPBCGR] 2.2.8.1.1.3.1.1 messageType */
#define EVENT_SYNC 0x0000
#define EVENT_UNUSED 0x0002
#define EVENT_SCANCODE 0x0004
#define EVENT_UNICODE 0x0005
#define EVENT_MOUSE 0x8001
#define EVENT_MOUSEX 0x8002
#define EVENT_MOUSEREL 0x8004

/* keyboardFlags */
#define KBD_EXTENDED 0x0100
#define KBD_EXTENDED1 0x0200
#define KBD_DOWN 0x4000
#define KBD_RELEASE 0x8000

int sp_input_wheel(const struct sp_input_event *ev)
{
	int n = ev->flags & SP_MOUSE_WHEEL_MASK;

	return n & SP_MOUSE_WHEEL_NEGATIVE ? n - 0x200 : n;
}

uint16_t sp_input_wheel_flags(int n, bool horizontal)
{
	int cut = n < -255 ? -255 : n > 255 ? 255 : n;

	return (uint16_t)((cut & SP_MOUSE_WHEEL_MASK) |
			(horizontal ? SP_MOUSE_HWHEEL : SP_MOUSE_WHEEL));
}

int sp_input_read(struct sp_rd *r, size_t *n)
{
	*n = sp_rd_le16(r); /* numEvents */
	sp_rd_skip(r, 2); /* pad2Octets */
	if (!(*n <= SP_INPUT_MAX)) {
		*n = 0;
		return sp_rd_fail(r, SP_ELIMIT, "input.numEvents");
	}
	if (!(*n * EVENT_SIZE <= sp_rd_left(r))) {
		*n = 0;
		return sp_rd_fail(r, SP_ESHORT, "input.numEvents");
	}
	return sp_rd_ok(r);
}

static uint8_t key_from(uint16_t flags)
{
	uint8_t key = 0;

	if (flags & KBD_RELEASE) {
		key |= SP_KEY_RELEASE;
	} else if (flags & KBD_DOWN) {
		key |= SP_KEY_REPEAT;
	}
	if (flags & KBD_EXTENDED) {
		key |= SP_KEY_EXTENDED;
	}
	if (flags & KBD_EXTENDED1) {
		key |= SP_KEY_EXTENDED1;
	}
	return key;
}

static uint16_t key_to(uint8_t key)
{
	uint16_t flags = 0;

	/* A key that is released was down before. */
	if (key & SP_KEY_RELEASE) {
		flags |= KBD_RELEASE | KBD_DOWN;
	} else if (key & SP_KEY_REPEAT) {
		flags |= KBD_DOWN;
	}
	if (key & SP_KEY_EXTENDED) {
		flags |= KBD_EXTENDED;
	}
	if (key & SP_KEY_EXTENDED1) {
		flags |= KBD_EXTENDED1;
	}
	return flags;
}

/* [MS-RDPBCGR] 2.2.8.1.1.3.1.1 Slow-Path Input Event (TS_INPUT_EVENT) */
int sp_input_event_read(struct sp_rd *r, struct sp_input_event *out)
{
	*out = (struct sp_input_event){.kind = SP_INPUT_UNUSED};

	sp_rd_skip(r, 4); /* eventTime */
	uint16_t type = sp_rd_le16(r);
	uint16_t a = sp_rd_le16(r), b = sp_rd_le16(r), c = sp_rd_le16(r);

	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	switch (type) {
	case EVENT_SYNC:
		out->kind = SP_INPUT_SYNC;
		out->flags = b & 0x0F; /* toggleFlags behind pad2Octets */
		break;
	case EVENT_UNUSED:
		break;
	case EVENT_SCANCODE:
		out->kind = SP_INPUT_SCANCODE;
		out->key = key_from(a);
		out->code = b & 0xFF;
		break;
	case EVENT_UNICODE:
		out->kind = SP_INPUT_UNICODE;
		out->key = key_from(a) & SP_KEY_RELEASE;
		out->code = b;
		break;
	case EVENT_MOUSE:
	case EVENT_MOUSEX:
		out->kind = type == EVENT_MOUSE ? SP_INPUT_MOUSE : SP_INPUT_MOUSEX;
		out->flags = a;
		out->x = b;
		out->y = c;
		break;
	case EVENT_MOUSEREL:
		out->kind = SP_INPUT_MOUSEREL;
		out->flags = a;
		out->x = (int16_t)b;
		out->y = (int16_t)c;
		break;
	default:
		return sp_rd_fail(r, SP_EFIELD, "input.messageType");
	}
	return SP_OK;
}

static void event_write(struct sp_wr *w, uint16_t type, uint16_t a, uint16_t b, uint16_t c)
{
	sp_wr_le32(w, 0); /* eventTime, which servers ignore */
	sp_wr_le16(w, type);
	sp_wr_le16(w, a);
	sp_wr_le16(w, b);
	sp_wr_le16(w, c);
}

void sp_input_write(struct sp_wr *w, const struct sp_input_event *ev, size_t n)
{
	size_t at = sp_wr_hole(w, 2), written = 0;

	sp_wr_le16(w, 0); /* pad2Octets */
	for (size_t i = 0; i < n; i++, ev++, written++) {
		switch (ev->kind) {
		case SP_INPUT_SYNC:
			event_write(w, EVENT_SYNC, 0, ev->flags, 0);
			break;
		case SP_INPUT_UNUSED:
			event_write(w, EVENT_UNUSED, 0, 0, 0);
			break;
		case SP_INPUT_SCANCODE:
			event_write(w, EVENT_SCANCODE, key_to(ev->key), ev->code, 0);
			break;
		case SP_INPUT_UNICODE:
			event_write(w, EVENT_UNICODE, ev->key & SP_KEY_RELEASE ? KBD_RELEASE : 0,
					ev->code, 0);
			break;
		case SP_INPUT_MOUSE:
			event_write(w, EVENT_MOUSE, ev->flags, (uint16_t)ev->x, (uint16_t)ev->y);
			break;
		case SP_INPUT_MOUSEX:
			event_write(w, EVENT_MOUSEX, ev->flags, (uint16_t)ev->x, (uint16_t)ev->y);
			break;
		case SP_INPUT_MOUSEREL:
			event_write(w, EVENT_MOUSEREL, ev->flags, (uint16_t)ev->x, (uint16_t)ev->y);
			break;
		case SP_INPUT_QOE:
			written--;
			break;
		}
	}
	sp_wr_fill_le16(w, at, written);
}
