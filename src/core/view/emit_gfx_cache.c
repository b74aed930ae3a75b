/* core/view/emit_gfx_cache.c - tiles that the client keeps, since what was there comes again. */
#include "core/view/emit_gfx_part.h"

#define STOOD_MS 250u /* what did not stand for so long is not expected to come again */
#define SHARE 16 /* the part of a tile that has to change: less costs no more when it is sent */
#define STORE_BYTES 28u
#define PASTE_BYTES 18u
#define STORE_PART 8 /* of a frame's budget, for what is only kept */

static bool large(struct sp_rect r)
{
	return r.w * r.h * SHARE >= TILE * TILE;
}

static size_t bytes_of(struct sp_rect r)
{
	return (size_t)r.w * (size_t)r.h * 4;
}

static const uint8_t *pixels(const struct sp_emit_gfx *e, struct sp_rect r)
{
	return sp_mirror_pixels(e->mirror) + (size_t)r.y * sp_mirror_stride(e->mirror) +
			4 * (size_t)r.x;
}

/* Of what the tile shows in the mirror. */
static uint64_t key_of(struct sp_emit_gfx *e, size_t i)
{
	struct sp_rect r = sp_mirror_rect(e->mirror, i);
	struct tile *t = &e->tile[i];

	if (!t->keyed) {
		t->key = sp_tilekey(e->conf.keys, pixels(e, r), sp_mirror_stride(e->mirror),
				(uint32_t)r.w, (uint32_t)r.h);
		t->keyed = true;
	}
	return t->key;
}

void sp_emit_gfx_cache_changed(struct sp_emit_gfx *e, size_t tile)
{
	e->tile[tile].keyed = false;
	e->tile[tile].new_ms = sp_emit_gfx_ms(e);
}

static int evict(struct sp_emit_gfx *e, uint16_t slot)
{
	sp_tilecache_drop(e->cache, slot);
	return sp_gfx_server_evict(e->gfx, slot);
}

/* What the client shows there goes into its cache, unless it is there. */
static int store(struct sp_emit_gfx *e, size_t i)
{
	struct sp_rect r = sp_mirror_rect(e->mirror, i);
	uint64_t key = key_of(e, i);
	uint16_t slot;
	int rc = sp_emit_gfx_open(e);

	if (rc != SP_OK || sp_tilecache_find(e->cache, key) != 0) {
		return rc;
	}
	while (rc == SP_OK && (slot = sp_tilecache_full(e->cache, bytes_of(r))) != 0) {
		rc = evict(e, slot);
	}
	slot = rc == SP_OK ? sp_tilecache_add(e->cache, key, bytes_of(r)) : 0;
	if (slot == 0) {
		return rc;
	}
	sp_tilekeys_give(e->conf.keys, key);
	e->cost += STORE_BYTES;
	e->stats.stored++;
	return sp_gfx_server_store(e->gfx, e->surface, slot, key, r);
}

/* Whether the tile is about to lose something that might come again, and costs more than a fill. */
static bool worth(const struct sp_emit_gfx *e, size_t i, uint32_t now)
{
	const struct sp_mirror_tile *m = sp_mirror_tile(e->mirror, i);
	const struct tile *t = &e->tile[i];
	struct sp_rect r = sp_mirror_rect(e->mirror, i);

	return m->x1 > 0 && !m->lost && t->shown == SHOWN_EXACT && now - t->new_ms >= STOOD_MS &&
			large(sp_mirror_box(e->mirror, i)) &&
			!sp_flat(pixels(e, r), sp_mirror_stride(e->mirror), (uint32_t)r.w,
					(uint32_t)r.h);
}

int sp_emit_gfx_cache_keep(struct sp_emit_gfx *e, size_t budget)
{
	uint32_t now = sp_emit_gfx_ms(e);
	int rc = SP_OK;

	for (size_t i = 0;
			e->cache && rc == SP_OK && i < e->n_tiles && e->cost <= budget / STORE_PART;
			i++) {
		if (worth(e, i, now)) {
			rc = store(e, i);
		}
	}
	return rc;
}

int sp_emit_gfx_cache_paste(struct sp_emit_gfx *e, size_t i, struct sp_rect changed)
{
	struct sp_rect r = sp_mirror_rect(e->mirror, i);
	struct sp_gfx_point to = {(int16_t)r.x, (int16_t)r.y};

	if (!e->cache || sp_tilecache_count(e->cache) == 0 || !large(changed) ||
			e->tile[i].class == SP_CLASS_FLAT ||
			sp_heat_moves(&e->tile[i].heat, sp_emit_gfx_ms(e))) {
		return 0;
	}
	uint16_t slot = sp_tilecache_find(e->cache, key_of(e, i));
	if (slot == 0) {
		return 0;
	}
	int rc = sp_emit_gfx_open(e);
	if (rc == SP_OK) {
		rc = sp_gfx_server_paste(e->gfx, slot, e->surface, &to, 1);
	}
	e->cost += PASTE_BYTES;
	e->stats.pastes++;
	e->stats.pasted += (uint64_t)r.w * (uint64_t)r.h;
	return rc == SP_OK ? 1 : rc;
}

/* ---- what the client kept of an earlier connection ---- */

/* Only the first entries can be taken: as many as there are up to the last one that is ours. */
static size_t ours(struct sp_emit_gfx *e, const struct sp_gfx_list *offer)
{
	size_t n = 0;

	for (size_t i = 0; e->cache && i < offer->n; i++) {
		if (sp_tilekeys_given(e->conf.keys, sp_gfx_entry_at(offer->entries, i).key)) {
			n = i + 1;
		}
	}
	return n;
}

int sp_emit_gfx_import(struct sp_emit_gfx *e, const struct sp_gfx_list *offer)
{
	size_t most = ours(e, offer), n = 0;
	uint16_t slots[SP_GFX_MAX_OFFER];

	if (e->open) {
		return SP_EBUG;
	}
	for (; n < most; n++) {
		struct sp_gfx_entry v = sp_gfx_entry_at(offer->entries, n);

		slots[n] = sp_tilecache_full(e->cache, v.bytes) == 0
				? sp_tilecache_add(e->cache, v.key, v.bytes)
				: 0;
		if (slots[n] == 0) {
			break;
		}
	}
	int rc = sp_gfx_server_import(e->gfx, slots, n);
	for (size_t i = 0; rc == SP_OK && i < n; i++) {
		bool known = sp_tilekeys_given(
				e->conf.keys, sp_gfx_entry_at(offer->entries, i).key);

		e->stats.imported += known;
		rc = known ? SP_OK : evict(e, slots[i]);
	}
	return rc;
}
