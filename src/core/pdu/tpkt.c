/* core/pdu/tpkt.c - see tpkt.h. */
#include "core/pdu/tpkt.h"

#define TPKT_VERSION 3

int sp_frame_length(const uint8_t *p, size_t n)
{
	size_t len, least;

	if (n < 1) {
		return 0;
	}
	if (p[0] == TPKT_VERSION) {
		if (n < SP_TPKT_HEADER) {
			return 0;
		}
		len = (size_t)p[2] << 8 | p[3];
		return SP_TPKT_MIN <= len ? (int)len : SP_EFIELD;
	}
	if (!sp_frame_is_fastpath(p[0])) {
		return SP_EFIELD;
	}
	if (n < 2) {
		return 0;
	}
	if (!(p[1] & 0x80)) {
		len = p[1];
		least = 2;
	} else {
		if (n < 3) {
			return 0;
		}
		len = (size_t)(p[1] & 0x7F) << 8 | p[2];
		least = 3;
	}
	return least < len ? (int)len : SP_EFIELD;
}

/* [T.123] 8 */
int sp_tpkt_read(struct sp_rd *r)
{
	size_t whole = sp_rd_left(r);
	uint8_t version = sp_rd_u8(r);

	sp_rd_skip(r, 1 /* reserved */);
	uint16_t len = sp_rd_be16(r);

	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	if (version != TPKT_VERSION) {
		return sp_rd_fail(r, SP_EFIELD, "tpkt.version");
	}
	if (len != whole) {
		return sp_rd_fail(r, SP_EFIELD, "tpkt.length");
	}
	return SP_OK;
}

size_t sp_tpkt_begin(struct sp_wr *w)
{
	size_t mark = w->n;

	sp_wr_u8(w, TPKT_VERSION);
	sp_wr_u8(w, 0 /* reserved */);
	sp_wr_hole(w, 2);
	return mark;
}

void sp_tpkt_end(struct sp_wr *w, size_t mark)
{
	sp_wr_fill_be16(w, mark + 2, w->n - mark);
}
