/* core/pdu/pointer.c - see pointer.h. */
#include "core/pdu/pointer.h"

/* [MS-RDPBCGR] 2.2.9.1.1.4 messageType */
#define MSG_SYSTEM 0x0001
#define MSG_POSITION 0x0003
#define MSG_COLOR 0x0006
#define MSG_CACHED 0x0007
#define MSG_POINTER 0x0008

#define SYSTEM_NULL 0x00000000
#define SYSTEM_DEFAULT 0x00007F00

static bool is_bpp(uint16_t bpp)
{
	return bpp == 1 || bpp == 4 || bpp == 8 || bpp == 16 || bpp == 24 || bpp == 32;
}

/* A mask of at least the bytes its rows need, cut to them; or none at all. */
static struct sp_span mask_read(struct sp_rd *r, size_t n, size_t need, const char *field)
{
	if (n > 0 && n < need) {
		sp_rd_fail(r, SP_EFIELD, field);
	}
	struct sp_span mask = sp_rd_span(r, n);
	mask.n = mask.n < need ? mask.n : need;
	return mask;
}

/* [MS-RDPBCGR] 2.2.9.1.1.4.4 Color Pointer Update (TS_COLORPOINTERATTRIBUTE); bpp is set. */
static void shape_read(struct sp_rd *r, struct sp_pointer *out)
{
	bool large = out->kind == SP_POINTER_LARGE;
	uint16_t max = large ? SP_POINTER_MAX_LARGE : SP_POINTER_MAX;

	out->cache = sp_rd_le16(r);
	out->x = sp_rd_le16(r);
	out->y = sp_rd_le16(r);
	out->width = sp_rd_le16(r);
	out->height = sp_rd_le16(r);
	size_t n_and = large ? sp_rd_le32(r) : sp_rd_le16(r);
	size_t n_xor = large ? sp_rd_le32(r) : sp_rd_le16(r);

	if (sp_rd_ok(r) != SP_OK) {
		return;
	}
	if (!is_bpp(out->bpp)) {
		sp_rd_fail(r, SP_EFIELD, "pointer.xorBpp");
		return;
	}
	if (!(out->width <= max && out->height <= max)) {
		sp_rd_fail(r, SP_ELIMIT, "pointer.width");
		return;
	}
	/* Seen from real servers; a pointer with its tip at the corner is better than none. */
	if (out->x >= out->width) {
		out->x = 0;
	}
	if (out->y >= out->height) {
		out->y = 0;
	}
	out->xor_mask = mask_read(r, n_xor, out->height * sp_pointer_stride(out->width, out->bpp),
			"pointer.lengthXorMask");
	out->and_mask = mask_read(r, n_and, out->height * sp_pointer_stride(out->width, 1),
			"pointer.lengthAndMask");
	sp_rd_rest(r); /* pad */
}

static void shape_write(struct sp_wr *w, const struct sp_pointer *in)
{
	bool large = in->kind == SP_POINTER_LARGE;

	sp_wr_le16(w, in->cache);
	sp_wr_le16(w, in->x);
	sp_wr_le16(w, in->y);
	sp_wr_le16(w, in->width);
	sp_wr_le16(w, in->height);
	size_t at = sp_wr_hole(w, large ? 8 : 4);
	if (large) {
		sp_wr_fill_le32(w, at, in->and_mask.n);
		sp_wr_fill_le32(w, at + 4, in->xor_mask.n);
	} else {
		sp_wr_fill_le16(w, at, in->and_mask.n);
		sp_wr_fill_le16(w, at + 2, in->xor_mask.n);
	}
	sp_wr_span(w, in->xor_mask);
	sp_wr_span(w, in->and_mask);
}

/* What both paths share: everything but the two system pointers. */
static void body_read(struct sp_rd *r, struct sp_pointer *out)
{
	switch (out->kind) {
	case SP_POINTER_POSITION:
		out->x = sp_rd_le16(r);
		out->y = sp_rd_le16(r);
		break;
	case SP_POINTER_CACHED:
		out->cache = sp_rd_le16(r);
		break;
	case SP_POINTER_COLOR:
		out->bpp = 24;
		shape_read(r, out);
		break;
	case SP_POINTER_NEW:
	case SP_POINTER_LARGE:
		out->bpp = sp_rd_le16(r);
		shape_read(r, out);
		break;
	case SP_POINTER_HIDDEN:
	case SP_POINTER_DEFAULT:
		break;
	}
}

static void body_write(struct sp_wr *w, const struct sp_pointer *in)
{
	switch (in->kind) {
	case SP_POINTER_POSITION:
		sp_wr_le16(w, in->x);
		sp_wr_le16(w, in->y);
		break;
	case SP_POINTER_CACHED:
		sp_wr_le16(w, in->cache);
		break;
	case SP_POINTER_NEW:
	case SP_POINTER_LARGE:
		sp_wr_le16(w, in->bpp);
		shape_write(w, in);
		break;
	case SP_POINTER_COLOR:
		shape_write(w, in);
		break;
	case SP_POINTER_HIDDEN:
	case SP_POINTER_DEFAULT:
		break;
	}
}

int sp_pointer_slow_read(struct sp_rd *r, struct sp_pointer *out)
{
	*out = (struct sp_pointer){.kind = SP_POINTER_DEFAULT};

	uint16_t type = sp_rd_le16(r);
	sp_rd_skip(r, 2); /* pad2Octets */
	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	switch (type) {
	case MSG_SYSTEM:
		out->kind = sp_rd_le32(r) == SYSTEM_NULL ? SP_POINTER_HIDDEN : SP_POINTER_DEFAULT;
		return sp_rd_ok(r);
	case MSG_POSITION:
		out->kind = SP_POINTER_POSITION;
		break;
	case MSG_COLOR:
		out->kind = SP_POINTER_COLOR;
		break;
	case MSG_CACHED:
		out->kind = SP_POINTER_CACHED;
		break;
	case MSG_POINTER:
		out->kind = SP_POINTER_NEW;
		break;
	default:
		return sp_rd_fail(r, SP_EFIELD, "pointer.messageType");
	}
	body_read(r, out);
	return sp_rd_ok(r);
}

void sp_pointer_slow_write(struct sp_wr *w, const struct sp_pointer *in)
{
	static const uint16_t types[] = {
			[SP_POINTER_HIDDEN] = MSG_SYSTEM,
			[SP_POINTER_DEFAULT] = MSG_SYSTEM,
			[SP_POINTER_POSITION] = MSG_POSITION,
			[SP_POINTER_COLOR] = MSG_COLOR,
			[SP_POINTER_NEW] = MSG_POINTER,
			[SP_POINTER_CACHED] = MSG_CACHED,
	};

	if (!((size_t)in->kind < SP_LEN(types))) {
		sp_wr_fail(w, SP_EARG);
		return;
	}
	sp_wr_le16(w, types[in->kind]);
	sp_wr_le16(w, 0); /* pad2Octets */
	if (in->kind == SP_POINTER_HIDDEN) {
		sp_wr_le32(w, SYSTEM_NULL);
	} else if (in->kind == SP_POINTER_DEFAULT) {
		sp_wr_le32(w, SYSTEM_DEFAULT);
	} else {
		body_write(w, in);
	}
}

/* By enum sp_pointer_kind. */
static const uint8_t codes[] = {
		[SP_POINTER_HIDDEN] = SP_FP_PTR_NULL,
		[SP_POINTER_DEFAULT] = SP_FP_PTR_DEFAULT,
		[SP_POINTER_POSITION] = SP_FP_PTR_POSITION,
		[SP_POINTER_COLOR] = SP_FP_COLOR,
		[SP_POINTER_NEW] = SP_FP_POINTER,
		[SP_POINTER_CACHED] = SP_FP_CACHED,
		[SP_POINTER_LARGE] = SP_FP_LARGE_POINTER,
};

bool sp_pointer_is_code(uint8_t code)
{
	for (size_t i = 0; i < SP_LEN(codes); i++) {
		if (codes[i] == code) {
			return true;
		}
	}
	return false;
}

int sp_pointer_fast_read(struct sp_rd *r, uint8_t code, struct sp_pointer *out)
{
	*out = (struct sp_pointer){.kind = SP_POINTER_DEFAULT};

	for (size_t i = 0; i < SP_LEN(codes); i++) {
		if (codes[i] == code) {
			out->kind = (enum sp_pointer_kind)i;
			body_read(r, out);
			return sp_rd_ok(r);
		}
	}
	return sp_rd_fail(r, SP_EFIELD, "pointer.updateCode");
}

enum sp_fp_code sp_pointer_fast_code(const struct sp_pointer *in)
{
	return (enum sp_fp_code)codes[in->kind];
}

void sp_pointer_fast_write(struct sp_wr *w, const struct sp_pointer *in)
{
	body_write(w, in);
}
