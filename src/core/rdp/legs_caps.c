/* core/rdp/legs_caps.c - Demand and Confirm Active on their way, and what of them may not pass. */
#include <string.h>

#include "core/pdu/active.h"
#include "core/pdu/share.h"
#include "core/rdp/legs_part.h"

/* Offsets behind the four bytes of type and length of a set. */
#define GENERAL_FLAGS 10 /* extraFlags */
#define BITMAP_WIDTH 8
#define BITMAP_HEIGHT 10
#define BITMAP_RESIZE 14
#define ORDER_SUPPORT 32
#define ORDER_SUPPORT_SIZE 32
#define ORDER_EX_FLAGS 66
#define ORDER_SAVE_SIZE 72
#define POINTER_COLOR_CACHE 2
#define POINTER_CACHE 4
#define CACHE1_CELLS 24

static uint16_t get16(struct sp_span s, size_t at)
{
	return at + 2 <= s.n ? (uint16_t)(s.p[at] | s.p[at + 1] << 8) : 0;
}

static void put16(uint8_t *p, size_t n, size_t at, uint16_t v)
{
	if (at + 2 <= n) {
		p[at] = (uint8_t)v;
		p[at + 1] = (uint8_t)(v >> 8);
	}
}

static void clear(uint8_t *p, size_t n, size_t at, size_t count)
{
	if (at < n) {
		memset(p + at, 0, n - at < count ? n - at : count);
	}
}

/* ---- the target's ---- */

/* p is the copy that goes to the client; false leaves the set out. */
static bool demand_set(struct sp_legs *l, uint16_t type, uint8_t *p, size_t n)
{
	struct sp_span set = sp_span(p, n);

	switch (type) {
	case SP_CAPS_GENERAL:
		l->target_reconnects = get16(set, GENERAL_FLAGS) & SP_GENERAL_AUTORECONNECT;
		if (l->conf.arc.present) {
			put16(p, n, GENERAL_FLAGS,
					get16(set, GENERAL_FLAGS) | SP_GENERAL_AUTORECONNECT);
		}
		return true;
	case SP_CAPS_BITMAP:
		l->width = get16(set, BITMAP_WIDTH);
		l->height = get16(set, BITMAP_HEIGHT);
		return true;
	case SP_CAPS_INPUT:
		l->target_fast = get16(set, 0) & (SP_INPUT_FLAG_FASTPATH | SP_INPUT_FLAG_FASTPATH2);
		return true;
	case SP_CAPS_VIRTUALCHANNEL:
		clear(p, n, 0, 4); /* the flags, all of which are about compression */
		return true;
	case SP_CAPS_BITMAPCACHE_HOSTSUPPORT:
		return false; /* else the client sends the keys of a cache that is not told of */
	default:
		return true;
	}
}

/* ---- the client's ---- */

static bool confirm_order(uint8_t *p, size_t n)
{
	clear(p, n, ORDER_SUPPORT, ORDER_SUPPORT_SIZE);
	clear(p, n, ORDER_EX_FLAGS, 2);
	clear(p, n, ORDER_SAVE_SIZE, 4);
	return true;
}

static bool confirm_pointer(struct sp_legs *l, uint8_t *p, size_t n)
{
	struct sp_span set = sp_span(p, n);
	uint16_t color = get16(set, POINTER_COLOR_CACHE), cache = get16(set, POINTER_CACHE);
	uint16_t size = cache != 0 && cache < color ? cache : color;

	l->user_new_pointer = cache != 0;
	l->user_cache = size >= 2 ? size : 0;
	if (l->user_cache != 0) {
		/* The last slot is ours. */
		put16(p, n, POINTER_COLOR_CACHE, (uint16_t)(size - 1));
		if (cache != 0) {
			put16(p, n, POINTER_CACHE, (uint16_t)(size - 1));
		}
	}
	return true;
}

static bool confirm_set(struct sp_legs *l, uint16_t type, uint8_t *p, size_t n, bool *resizes)
{
	struct sp_span set = sp_span(p, n);

	switch (type) {
	case SP_CAPS_GENERAL:
		l->user_fast = get16(set, GENERAL_FLAGS) & SP_GENERAL_FASTPATH_OUTPUT;
		l->user_reconnects = (get16(set, GENERAL_FLAGS) & SP_GENERAL_AUTORECONNECT) &&
				(get16(set, GENERAL_FLAGS) & SP_GENERAL_LONG_CREDENTIALS);
		if (!l->target_reconnects) {
			put16(p, n, GENERAL_FLAGS,
					get16(set, GENERAL_FLAGS) &
							(uint16_t)~SP_GENERAL_AUTORECONNECT);
		}
		return true;
	case SP_CAPS_BITMAP:
		*resizes = get16(set, BITMAP_RESIZE) != 0;
		return true;
	case SP_CAPS_ORDER:
		return confirm_order(p, n);
	case SP_CAPS_POINTER:
		return confirm_pointer(l, p, n);
	case SP_CAPS_LARGE_POINTER:
		l->large_pointer = get16(set, 0);
		return true;
	/* Mandatory ones stay, with nothing in them. */
	case SP_CAPS_BITMAPCACHE:
		clear(p, n, CACHE1_CELLS, n);
		return true;
	case SP_CAPS_BITMAPCACHE_REV2:
	case SP_CAPS_BRUSH:
	case SP_CAPS_GLYPHCACHE:
		clear(p, n, 0, n);
		return true;
	case SP_CAPS_VIRTUALCHANNEL:
		clear(p, n, 0, 4);
		return true;
	case SP_CAPS_BITMAPCACHE_HOSTSUPPORT:
	case SP_CAPS_OFFSCREENCACHE:
	case SP_CAPS_DRAWNINEGRID:
	case SP_CAPS_DRAWGDIPLUS:
		return false;
	default:
		return true;
	}
}

/* ---- both ---- */

/* Copies the sets of in to l->sets, changed; counts them anew. */
static int copy_sets(struct sp_legs *l, struct sp_active *in, bool demand, bool *resizes)
{
	struct sp_caps_set set;
	struct sp_rd r;
	uint16_t n = 0;
	int rc;

	sp_wr_reset(&l->sets);
	sp_rd_init(&r, in->sets.p, in->sets.n);
	while ((rc = sp_caps_next(&r, &set)) == 1) {
		size_t at = l->sets.n;

		sp_caps_set_write(&l->sets, &set);
		if (sp_wr_ok(&l->sets) != SP_OK) {
			return sp_legs_fail(l, sp_wr_ok(&l->sets), "capabilities");
		}
		uint8_t *p = l->sets.p + l->sets.n - set.data.n;
		bool stays = demand ? demand_set(l, set.type, p, set.data.n)
				    : confirm_set(l, set.type, p, set.data.n, resizes);
		if (stays) {
			n++;
		} else {
			sp_wr_shrink(&l->sets, l->sets.n - at);
		}
	}
	if (rc < 0) {
		return sp_legs_fail(l, rc, r.what ? r.what : "capabilities");
	}
	in->n = n;
	in->sets = sp_span(l->sets.p, l->sets.n);
	return SP_OK;
}

int sp_legs_demand(struct sp_legs *l, const struct sp_share *s)
{
	struct sp_active active;
	struct sp_rd body;

	sp_rd_init(&body, s->body.p, s->body.n);
	int rc = sp_active_demand_read(&body, &active);
	if (rc != SP_OK) {
		return sp_legs_fail(l, rc, body.what ? body.what : "demand");
	}
	l->target_reconnects = l->target_fast = false;
	l->width = l->height = 0;
	rc = copy_sets(l, &active, true, NULL);
	if (rc != SP_OK) {
		return rc;
	}
	/* What we say to the client ourselves from now on is of this share. */
	l->target->share_id = l->user->share_id = active.share_id;
	sp_active_demand_write(&l->io, s->source, &active, NULL);
	return SP_LEGS_CHANGED;
}

int sp_legs_confirm(struct sp_legs *l, const struct sp_share *s)
{
	const struct sp_gcc_cs_core *asked = &l->user->gcc.core;
	struct sp_active active;
	bool resizes = false;
	struct sp_rd body;

	sp_rd_init(&body, s->body.p, s->body.n);
	int rc = sp_active_confirm_read(&body, &active);
	if (rc != SP_OK) {
		return sp_legs_fail(l, rc, body.what ? body.what : "confirm");
	}
	l->user_fast = l->user_reconnects = l->user_new_pointer = false;
	l->user_cache = l->large_pointer = 0;
	rc = copy_sets(l, &active, false, &resizes);
	if (rc != SP_OK) {
		return rc;
	}
	if (!resizes && (l->width != asked->desktop_width || l->height != asked->desktop_height)) {
		return sp_legs_fail(l, SP_EDENIED, "client cannot change its desktop's size");
	}
	sp_active_confirm_write(&l->io, s->source, &active, NULL);
	return SP_LEGS_CHANGED;
}
