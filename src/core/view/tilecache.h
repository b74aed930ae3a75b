/* core/view/tilecache.h - what lies in the slots of a client's cache, and what has to go first. */
#ifndef SP_CORE_VIEW_TILECACHE_H
#define SP_CORE_VIEW_TILECACHE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"

#define SP_TILECACHE_SLOTS 8192 /* tiles of 100 MB are 6400 */

/* Keys are spread evenly by themselves. What was used longest ago goes first. */
struct sp_tilecache;

/* Slots are numbered from 1; no more than SP_TILECACHE_SLOTS are used. NULL without memory. */
sp_nodiscard struct sp_tilecache *sp_tilecache_create(size_t slots, size_t bytes);
/* Accepts NULL. */
void sp_tilecache_destroy(struct sp_tilecache *c);

size_t sp_tilecache_count(const struct sp_tilecache *c);
/* Its slot, which counts as used now; 0: it is not there. */
uint16_t sp_tilecache_find(struct sp_tilecache *c, uint64_t key);
/* The slot to be dropped before so many bytes fit; 0: they do, or there is nothing to be dropped. */
uint16_t sp_tilecache_full(const struct sp_tilecache *c, size_t bytes);
/* The slot that it is in now; 0: it does not fit, is there already, or there is no memory. */
uint16_t sp_tilecache_add(struct sp_tilecache *c, uint64_t key, size_t bytes);
/* One that is in use. */
void sp_tilecache_drop(struct sp_tilecache *c, uint16_t slot);

#endif
