/* core/rdp/legs_pointer.c - the target's pointer, watched, and one of ours in its place. */
#include "core/pdu/fastpath.h"
#include "core/pdu/share.h"
#include "core/rdp/legs_part.h"

/* ---- watching ---- */

static void see_shape(struct sp_legs *l, struct sp_span data, size_t at)
{
	if (at + 2 <= data.n) {
		l->shown = SP_LEGS_SHOWN_CACHED;
		l->shown_slot = (uint16_t)(data.p[at] | data.p[at + 1] << 8);
	}
}

static void see_update(struct sp_legs *l, uint8_t code, struct sp_span data)
{
	if (l->pointing && code != SP_FP_PTR_POSITION && sp_pointer_is_code(code)) {
		l->covered = true;
	}
	switch (code) {
	case SP_FP_PTR_NULL:
		l->shown = SP_LEGS_SHOWN_HIDDEN;
		return;
	case SP_FP_PTR_DEFAULT:
		l->shown = SP_LEGS_SHOWN_DEFAULT;
		return;
	case SP_FP_CACHED:
	case SP_FP_COLOR:
		see_shape(l, data, 0);
		return;
	case SP_FP_POINTER:
	case SP_FP_LARGE_POINTER:
		see_shape(l, data, 2); /* behind xorBpp */
		return;
	default:
		return;
	}
}

int sp_legs_see_fast(struct sp_legs *l, struct sp_span pdu)
{
	struct sp_fp_update u;
	struct sp_rd r;

	sp_rd_init(&r, pdu.p, pdu.n);
	if (sp_fp_output_read(&r) != SP_OK) {
		return sp_legs_fail(l, sp_rd_ok(&r), "fastpath");
	}
	while (sp_rd_left(&r) > 0) {
		if (sp_fp_update_read(&r, &u) != SP_OK) {
			return sp_legs_fail(l, sp_rd_ok(&r), "fastpath.update");
		}
		/* Nobody agreed to it, as on the slow path. */
		if (u.has_compression && (u.compression & SP_SHARE_COMPRESSED)) {
			return sp_legs_fail(l, SP_EPROTO, "fastpath.compressionFlags");
		}
		l->in_update = u.fragment == SP_FP_FIRST || u.fragment == SP_FP_NEXT;
		if (u.fragment == SP_FP_SINGLE || u.fragment == SP_FP_FIRST) {
			see_update(l, u.code, u.data);
		}
	}
	return SP_OK;
}

/* [MS-RDPBCGR] 2.2.9.1.1.4 messageType */
void sp_legs_see_slow(struct sp_legs *l, struct sp_span body)
{
	struct sp_rd r;

	sp_rd_init(&r, body.p, body.n);
	uint16_t type = sp_rd_le16(&r);
	sp_rd_le16(&r);
	struct sp_span data = sp_rd_rest(&r);
	if (sp_rd_ok(&r) != SP_OK) {
		return;
	}
	switch (type) {
	case 0x0001:
		see_update(l, data.n >= 2 && data.p[1] == 0x7F ? SP_FP_PTR_DEFAULT : SP_FP_PTR_NULL,
				data);
		return;
	case 0x0006:
		see_update(l, SP_FP_COLOR, data);
		return;
	case 0x0007:
		see_update(l, SP_FP_CACHED, data);
		return;
	case 0x0008:
		see_update(l, SP_FP_POINTER, data);
		return;
	default:
		return;
	}
}

/* ---- sending ---- */

static int send_put_off(struct sp_legs *l)
{
	sp_wr_span(&l->user->wr, sp_span(l->put_off.p, l->put_off.n));
	sp_wr_reset(&l->put_off);
	return sp_rdp_flush(l->user);
}

static int send_pointer(struct sp_legs *l, const struct sp_pointer *p)
{
	struct sp_wr body;

	if (!l->user_fast) {
		struct sp_data_marks m = sp_rdp_data_begin(l->user, SP_DATA_POINTER);

		sp_pointer_slow_write(&l->user->wr, p);
		return sp_rdp_data_end(l->user, m);
	}
	sp_wr_init(&body, 1u << 20);
	sp_pointer_fast_write(&body, p);
	int rc = sp_wr_ok(&body);
	if (rc == SP_OK) {
		sp_wr_reset(&l->put_off); /* only the last one counts, however long they wait */
		sp_fp_update_write(&l->put_off, sp_pointer_fast_code(p), sp_span(body.p, body.n));
		rc = sp_wr_ok(&l->put_off);
	}
	sp_wr_finish(&body);
	return rc != SP_OK || l->in_update ? rc : send_put_off(l);
}

static uint16_t own_slot(const struct sp_legs *l)
{
	return (uint16_t)(l->user_cache - 1);
}

int sp_legs_seen(struct sp_legs *l)
{
	struct sp_pointer ours = {.kind = SP_POINTER_CACHED, .cache = own_slot(l)};

	if (l->covered && !l->in_update) {
		l->covered = false;
		return send_pointer(l, &ours);
	}
	return l->put_off.n > 0 && !l->in_update ? send_put_off(l) : SP_OK;
}

unsigned sp_legs_pointer_side(const struct sp_legs *l)
{
	if (!l->active || l->user_cache == 0) {
		return 0;
	}
	if (l->user_fast && l->user_new_pointer && (l->large_pointer & SP_LARGE_POINTER_384)) {
		return SP_POINTER_MAX_LARGE;
	}
	return l->large_pointer & SP_LARGE_POINTER_96 ? SP_POINTER_MAX : 32;
}

static int take_away(struct sp_legs *l)
{
	struct sp_pointer p = {.kind = SP_POINTER_DEFAULT};

	if (!l->pointing) {
		return SP_OK;
	}
	l->pointing = l->covered = false;
	if (l->shown == SP_LEGS_SHOWN_HIDDEN) {
		p.kind = SP_POINTER_HIDDEN;
	} else if (l->shown == SP_LEGS_SHOWN_CACHED) {
		p.kind = SP_POINTER_CACHED;
		p.cache = l->shown_slot;
	}
	return send_pointer(l, &p);
}

int sp_legs_point(struct sp_legs *l, const struct sp_pointer *shape)
{
	if (!shape || sp_legs_pointer_side(l) == 0) {
		return take_away(l);
	}
	struct sp_pointer p = *shape;

	p.cache = own_slot(l);
	p.kind = p.width > SP_POINTER_MAX || p.height > SP_POINTER_MAX ? SP_POINTER_LARGE
			: l->user_new_pointer                          ? SP_POINTER_NEW
								       : SP_POINTER_COLOR;
	l->pointing = true;
	return send_pointer(l, &p);
}
