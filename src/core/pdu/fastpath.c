/* core/pdu/fastpath.c - see fastpath.h. */
#include "core/pdu/fastpath.h"

#define ACTION_MASK 0x03
#define FLAGS_SHIFT 6
#define ENCRYPTED 0x2 /* FASTPATH_INPUT_ENCRYPTED, FASTPATH_OUTPUT_ENCRYPTED */
#define COMPRESSION_USED 0x2 /* FASTPATH_OUTPUT_COMPRESSION_USED */
#define PACKET_COMPRESSED 0x20
#define LONG_LENGTH 0x80

/* [MS-RDPBCGR] 2.2.8.1.2.2 eventCode */
#define EVENT_SCANCODE 0
#define EVENT_MOUSE 1
#define EVENT_MOUSEX 2
#define EVENT_SYNC 3
#define EVENT_UNICODE 4
#define EVENT_MOUSEREL 5
#define EVENT_QOE 6

/* The first byte and the length, which must be that of the whole cursor; gives the byte. */
static uint8_t header_read(struct sp_rd *r)
{
	size_t whole = sp_rd_left(r);
	uint8_t header = sp_rd_u8(r);
	size_t length = sp_rd_u8(r);

	if (length & LONG_LENGTH) {
		length = (length & ~(size_t)LONG_LENGTH) << 8 | sp_rd_u8(r);
	}
	if (sp_rd_ok(r) != SP_OK) {
		return 0;
	}
	if ((header & ACTION_MASK) != 0) {
		sp_rd_fail(r, SP_EFIELD, "fastpath.action");
	} else if (length != whole) {
		sp_rd_fail(r, length > whole ? SP_ESHORT : SP_ETRAIL, "fastpath.length");
	} else if (header >> FLAGS_SHIFT & ENCRYPTED) {
		sp_rd_fail(r, SP_EPROTO, "fastpath.flags");
	}
	return header;
}

static void header_write(struct sp_wr *w, size_t at)
{
	size_t length = w->n - at;

	if (!(length <= SP_FP_MAX)) {
		sp_wr_fail(w, SP_ESPACE);
		return;
	}
	sp_wr_fill_be16(w, at + 1, LONG_LENGTH << 8 | length);
}

int sp_fp_input_read(struct sp_rd *r, size_t *n)
{
	*n = header_read(r) >> 2 & 0x0F;
	if (*n == 0) {
		*n = sp_rd_u8(r); /* numEvents */
	}
	if (sp_rd_ok(r) != SP_OK) {
		*n = 0;
	}
	return sp_rd_ok(r);
}

/* [MS-RDPBCGR] 2.2.8.1.2.2 Fast-Path Input Event (TS_FP_INPUT_EVENT) */
int sp_fp_input_event_read(struct sp_rd *r, struct sp_input_event *out)
{
	*out = (struct sp_input_event){.kind = SP_INPUT_UNUSED};

	uint8_t header = sp_rd_u8(r);
	uint8_t flags = header & 0x1F;

	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	switch (header >> 5) {
	case EVENT_SCANCODE:
		out->kind = SP_INPUT_SCANCODE;
		out->key = flags & (SP_KEY_RELEASE | SP_KEY_EXTENDED | SP_KEY_EXTENDED1);
		out->code = sp_rd_u8(r);
		break;
	case EVENT_MOUSE:
	case EVENT_MOUSEX:
		out->kind = header >> 5 == EVENT_MOUSE ? SP_INPUT_MOUSE : SP_INPUT_MOUSEX;
		out->flags = sp_rd_le16(r);
		out->x = sp_rd_le16(r);
		out->y = sp_rd_le16(r);
		break;
	case EVENT_SYNC:
		out->kind = SP_INPUT_SYNC;
		out->flags = flags & 0x0F;
		break;
	case EVENT_UNICODE:
		out->kind = SP_INPUT_UNICODE;
		out->key = flags & SP_KEY_RELEASE;
		out->code = sp_rd_le16(r);
		break;
	case EVENT_MOUSEREL:
		out->kind = SP_INPUT_MOUSEREL;
		out->flags = sp_rd_le16(r);
		out->x = (int16_t)sp_rd_le16(r);
		out->y = (int16_t)sp_rd_le16(r);
		break;
	case EVENT_QOE:
		out->kind = SP_INPUT_QOE;
		out->time_ms = sp_rd_le32(r);
		break;
	default:
		return sp_rd_fail(r, SP_EFIELD, "fastpath.eventCode");
	}
	return sp_rd_ok(r);
}

static void mouse_write(struct sp_wr *w, uint8_t code, const struct sp_input_event *ev)
{
	sp_wr_u8(w, (uint8_t)(code << 5));
	sp_wr_le16(w, ev->flags);
	sp_wr_le16(w, (uint16_t)ev->x);
	sp_wr_le16(w, (uint16_t)ev->y);
}

static void event_write(struct sp_wr *w, const struct sp_input_event *ev)
{
	uint8_t key = ev->key & (SP_KEY_RELEASE | SP_KEY_EXTENDED | SP_KEY_EXTENDED1);

	switch (ev->kind) {
	case SP_INPUT_SCANCODE:
		sp_wr_u8(w, (uint8_t)(EVENT_SCANCODE << 5 | key));
		sp_wr_u8(w, (uint8_t)ev->code);
		break;
	case SP_INPUT_UNICODE:
		sp_wr_u8(w, (uint8_t)(EVENT_UNICODE << 5 | (key & SP_KEY_RELEASE)));
		sp_wr_le16(w, ev->code);
		break;
	case SP_INPUT_MOUSE:
		mouse_write(w, EVENT_MOUSE, ev);
		break;
	case SP_INPUT_MOUSEX:
		mouse_write(w, EVENT_MOUSEX, ev);
		break;
	case SP_INPUT_MOUSEREL:
		mouse_write(w, EVENT_MOUSEREL, ev);
		break;
	case SP_INPUT_SYNC:
		sp_wr_u8(w, (uint8_t)(EVENT_SYNC << 5 | (ev->flags & 0x0F)));
		break;
	case SP_INPUT_QOE:
		sp_wr_u8(w, EVENT_QOE << 5);
		sp_wr_le32(w, ev->time_ms);
		break;
	case SP_INPUT_UNUSED:
		break;
	}
}

void sp_fp_input_write(struct sp_wr *w, const struct sp_input_event *ev, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		count += ev[i].kind != SP_INPUT_UNUSED;
	}
	if (!(1 <= count && count <= SP_FP_MAX_EVENTS)) {
		if (n > 0 && count == 0) {
			return;
		}
		sp_wr_fail(w, SP_EARG);
		return;
	}
	size_t at = w->n;
	sp_wr_u8(w, (uint8_t)(count <= 15 ? count << 2 : 0));
	sp_wr_hole(w, 2);
	if (count > 15) {
		sp_wr_u8(w, (uint8_t)count);
	}
	for (size_t i = 0; i < n; i++) {
		event_write(w, &ev[i]);
	}
	header_write(w, at);
}

int sp_fp_output_read(struct sp_rd *r)
{
	header_read(r);
	return sp_rd_ok(r);
}

int sp_fp_update_read(struct sp_rd *r, struct sp_fp_update *out)
{
	*out = (struct sp_fp_update){0};

	uint8_t header = sp_rd_u8(r);
	out->code = header & 0x0F;
	out->fragment = (enum sp_fp_fragment)(header >> 4 & 0x03);
	out->has_compression = (header >> FLAGS_SHIFT & COMPRESSION_USED) != 0;
	if (out->has_compression) {
		out->compression = sp_rd_u8(r);
	}
	size_t size = sp_rd_le16(r);
	out->data = sp_rd_span(r, size);
	return sp_rd_ok(r);
}

size_t sp_fp_output_begin(struct sp_wr *w)
{
	return sp_wr_hole(w, SP_FP_HEADER);
}

void sp_fp_output_end(struct sp_wr *w, size_t at)
{
	header_write(w, at);
}

size_t sp_fp_update_begin(struct sp_wr *w, enum sp_fp_code code, enum sp_fp_fragment fragment)
{
	sp_wr_u8(w, (uint8_t)(code | fragment << 4));
	return sp_wr_hole(w, 2);
}

void sp_fp_update_end(struct sp_wr *w, size_t at)
{
	sp_wr_fill_le16(w, at, w->n - at - 2);
}

void sp_fp_update_write(struct sp_wr *w, enum sp_fp_code code, struct sp_span data)
{
	size_t done = 0;

	do {
		size_t n = data.n - done < SP_FP_MAX_DATA ? data.n - done : SP_FP_MAX_DATA;
		bool first = done == 0, last = done + n == data.n;
		enum sp_fp_fragment fragment = first && last ? SP_FP_SINGLE
				: first                      ? SP_FP_FIRST
				: last                       ? SP_FP_LAST
							     : SP_FP_NEXT;
		size_t pdu = sp_fp_output_begin(w);
		size_t update = sp_fp_update_begin(w, code, fragment);

		if (n > 0) {
			sp_wr_put(w, data.p + done, n);
		}
		sp_fp_update_end(w, update);
		sp_fp_output_end(w, pdu);
		done += n;
	} while (done < data.n && sp_wr_ok(w) == SP_OK);
}

void sp_fp_join_init(struct sp_fp_join *j, size_t max)
{
	*j = (struct sp_fp_join){.open = false};
	sp_wr_init(&j->data, max);
}

void sp_fp_join_finish(struct sp_fp_join *j)
{
	sp_wr_finish(&j->data);
	j->open = false;
}

int sp_fp_join_add(struct sp_fp_join *j, const struct sp_fp_update *in, struct sp_fp_update *whole)
{
	bool starts = in->fragment == SP_FP_SINGLE || in->fragment == SP_FP_FIRST;

	if (in->has_compression && in->compression & PACKET_COMPRESSED) {
		return SP_EPROTO;
	}
	if (starts == j->open || (!starts && in->code != j->code)) {
		return SP_ESTATE;
	}
	if (in->fragment == SP_FP_SINGLE) {
		*whole = *in;
		return 1;
	}
	if (starts) {
		sp_wr_reset(&j->data);
		j->code = in->code;
		j->open = true;
	}
	sp_wr_span(&j->data, in->data);
	if (sp_wr_ok(&j->data) != SP_OK) {
		j->open = false;
		return j->data.err == SP_ESPACE ? SP_ELIMIT : j->data.err;
	}
	if (in->fragment != SP_FP_LAST) {
		return 0;
	}
	j->open = false;
	*whole = (struct sp_fp_update){
			.code = j->code,
			.fragment = SP_FP_SINGLE,
			.data = sp_span(j->data.p, j->data.n),
	};
	return 1;
}
