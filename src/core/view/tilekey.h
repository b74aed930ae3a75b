/* core/view/tilekey.h - names of tiles, by which they are known again in a client's cache. */
#ifndef SP_CORE_VIEW_TILEKEY_H
#define SP_CORE_VIEW_TILEKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/view/mirror.h"

/*
 * A key stands for the size and all pixels of a tile: two that differ have the same one with a
 * chance of 2^-64, and nobody who does not know the seed finds any. Whoever keeps this over
 * several connections knows what a client kept of an earlier one, without keeping any pixels.
 */
struct sp_tilekeys;

/* The seed is random and told to nobody. NULL without memory. */
sp_nodiscard struct sp_tilekeys *sp_tilekeys_create(const uint64_t seed[2]);
/* Accepts NULL. */
void sp_tilekeys_destroy(struct sp_tilekeys *k);

/* BGRX; X does not count. w and h are 1 to SP_MIRROR_TILE. */
uint64_t sp_tilekey(const struct sp_tilekeys *k, const uint8_t *px, size_t stride, uint32_t w,
		uint32_t h);

/* A client was told to store it. Of very many the oldest are forgotten. */
void sp_tilekeys_give(struct sp_tilekeys *k, uint64_t key);
bool sp_tilekeys_given(struct sp_tilekeys *k, uint64_t key);

#endif
