/* core/view/emit_gfx_moves.c - what has only moved is copied by the client. */
#include "core/view/emit_gfx_part.h"

#define MOVES 3 /* in one frame */
#define MOVE_PIXELS 3000u /* less that changed is sent rather than looked for */
#define LONGEST_PAUSE 16u /* searches that are left out after some that found nothing */
#define MISS_MS 250u /* and then, in the same place; elsewhere something else may happen */

static bool any_lost(const struct sp_emit_gfx *e, struct sp_rect area)
{
	for (size_t i = 0; i < e->n_tiles; i++) {
		if (sp_mirror_tile(e->mirror, i)->lost &&
				!sp_rect_empty(sp_rect_and(sp_mirror_rect(e->mirror, i), area))) {
			return true;
		}
	}
	return false;
}

/* What is shown with loss is copied with its loss. */
static void copy_shown(struct sp_emit_gfx *e, const struct sp_motion_move *mv)
{
	uint32_t columns = sp_mirror_columns(e->mirror);
	struct sp_rect from = {mv->to.x - mv->dx, mv->to.y - mv->dy, mv->to.w, mv->to.h};
	uint8_t worst = SHOWN_EXACT;

	for (int32_t y = from.y / TILE; y <= (from.y + from.h - 1) / TILE; y++) {
		for (int32_t x = from.x / TILE; x <= (from.x + from.w - 1) / TILE; x++) {
			uint8_t s = e->tile[(size_t)y * columns + (size_t)x].shown;

			worst = s < worst ? s : worst;
		}
	}
	for (int32_t y = mv->to.y / TILE; y <= (mv->to.y + mv->to.h - 1) / TILE; y++) {
		for (int32_t x = mv->to.x / TILE; x <= (mv->to.x + mv->to.w - 1) / TILE; x++) {
			size_t i = (size_t)y * columns + (size_t)x;
			enum shown worse = (enum shown)worst;

			sp_emit_gfx_cache_changed(e, i);
			if (worst < e->tile[i].shown) {
				e->tile[i].heat.changed_ms = sp_emit_gfx_ms(e);
			} else {
				worse = (enum shown)e->tile[i].shown;
			}
			if (worst != SHOWN_EXACT) {
				sp_emit_gfx_shown(e, i, worse, sp_mirror_rect(e->mirror, i));
			}
			sp_emit_gfx_video_leave(e, i);
			if (e->prog) {
				sp_prog_enc_settle(e->prog, (uint32_t)x, (uint32_t)y);
			}
		}
	}
}

static int send_move(struct sp_emit_gfx *e, const struct sp_motion_move *mv)
{
	struct sp_rect from = {mv->to.x - mv->dx, mv->to.y - mv->dy, mv->to.w, mv->to.h};
	struct sp_gfx_point to = {(int16_t)mv->to.x, (int16_t)mv->to.y};
	int rc = sp_emit_gfx_open(e);

	if (rc == SP_OK) {
		rc = sp_gfx_server_copy(e->gfx, e->surface, e->surface, from, &to, 1);
	}
	if (rc == SP_OK) {
		sp_mirror_copy(e->mirror, mv->to, mv->dx, mv->dy);
		copy_shown(e, mv);
		e->stats.copies++;
		e->stats.copied += (uint64_t)mv->to.w * (uint64_t)mv->to.h;
	}
	return rc;
}

/* After searches that found nothing there, as in a film, more and more are left out. */
static bool in_vain(const struct sp_emit_gfx *e, struct sp_rect around)
{
	for (size_t i = 0; i < MISSES; i++) {
		if (sp_emit_gfx_ms(e) - e->missed[i].ms < MISS_MS &&
				sp_rect_contains(e->missed[i].area, around)) {
			return true;
		}
	}
	return false;
}

static bool left_out(bool vain, unsigned *skip)
{
	if (!vain || *skip == 0) {
		return false;
	}
	--*skip;
	return true;
}

static void miss(struct sp_emit_gfx *e, struct sp_rect around)
{
	if (!sp_rect_contains(e->missed[0].area, around)) {
		e->missed[1] = e->missed[0];
	}
	e->missed[0].area = around;
	e->missed[0].ms = sp_emit_gfx_ms(e);
}

static void searched(bool found, unsigned *skip, unsigned *pause)
{
	*pause = found ? 0 : *pause == 0 ? 1 : *pause < LONGEST_PAUSE ? 2 * *pause : LONGEST_PAUSE;
	*skip = *pause;
}

int sp_emit_gfx_moves(struct sp_emit_gfx *e, const uint8_t *fb, size_t stride,
		struct sp_rect around, size_t pixels)
{
	struct sp_motion_pictures p = {sp_mirror_pixels(e->mirror), fb, sp_mirror_stride(e->mirror),
			stride, e->w, e->h};
	struct sp_motion_move mv;
	bool vain = in_vain(e, around), found = false;
	int rc = SP_OK;

	if (pixels < MOVE_PIXELS || left_out(vain, &e->skip) || any_lost(e, around)) {
		return SP_OK;
	}
	struct sp_rect place = around;
	bool any = !left_out(vain, &e->skip_any);
	for (int i = 0; rc == SP_OK && i < MOVES && pixels >= MOVE_PIXELS; i++) {
		if (!sp_motion_find(e->motion, &p, around, any, &mv)) {
			break;
		}
		found = true;
		rc = send_move(e, &mv);
		if (rc == SP_OK) {
			pixels = sp_mirror_compare(e->mirror, fb, stride, &around);
		}
	}
	if (!found) {
		miss(e, place);
	}
	searched(found, &e->skip, &e->pause);
	if (any) {
		searched(found, &e->skip_any, &e->pause_any);
	}
	return rc;
}
