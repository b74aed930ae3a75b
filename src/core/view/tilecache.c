/* core/view/tilecache.c - see tilecache.h. */
#include "core/view/tilecache.h"

#include "core/base/mem.h"

#define CHAINS 4096u /* a power of two */
#define FIRST_SLOTS 256u

struct slot {
	uint64_t key;
	size_t bytes; /* 0: not in use */
	uint16_t next; /* of its chain, or of those that are free; 0: the last */
	uint16_t older, newer; /* 0: none */
};

struct sp_tilecache {
	size_t max_slots, max_bytes;
	size_t n, bytes; /* in use */
	struct slot *slot; /* slot[0] is not used */
	size_t made, cap; /* slots that were used ever; that there is memory for */
	uint16_t unused; /* of those made */
	uint16_t oldest, newest;
	uint16_t chain[CHAINS];
};

struct sp_tilecache *sp_tilecache_create(size_t slots, size_t bytes)
{
	struct sp_tilecache *c = sp_calloc(1, sizeof(*c));

	if (c) {
		c->max_slots = slots < SP_TILECACHE_SLOTS ? slots : SP_TILECACHE_SLOTS;
		c->max_bytes = bytes;
	}
	return c;
}

void sp_tilecache_destroy(struct sp_tilecache *c)
{
	if (c) {
		sp_free(c->slot);
		sp_free(c);
	}
}

size_t sp_tilecache_count(const struct sp_tilecache *c)
{
	return c->n;
}

static uint16_t *chain_of(struct sp_tilecache *c, uint64_t key)
{
	return &c->chain[key & (CHAINS - 1)];
}

static void unlink_age(struct sp_tilecache *c, struct slot *s)
{
	*(s->older ? &c->slot[s->older].newer : &c->oldest) = s->newer;
	*(s->newer ? &c->slot[s->newer].older : &c->newest) = s->older;
}

static void link_newest(struct sp_tilecache *c, uint16_t i)
{
	struct slot *s = &c->slot[i];

	s->older = c->newest;
	s->newer = 0;
	*(c->newest ? &c->slot[c->newest].newer : &c->oldest) = i;
	c->newest = i;
}

static uint16_t look(struct sp_tilecache *c, uint64_t key)
{
	uint16_t i = *chain_of(c, key);

	while (i != 0 && c->slot[i].key != key) {
		i = c->slot[i].next;
	}
	return i;
}

uint16_t sp_tilecache_find(struct sp_tilecache *c, uint64_t key)
{
	uint16_t i = look(c, key);

	if (i != 0 && i != c->newest) {
		unlink_age(c, &c->slot[i]);
		link_newest(c, i);
	}
	return i;
}

uint16_t sp_tilecache_full(const struct sp_tilecache *c, size_t bytes)
{
	return c->n >= c->max_slots || c->bytes + bytes > c->max_bytes ? c->oldest : 0;
}

/* One that nobody uses; 0 without memory. */
static uint16_t take_slot(struct sp_tilecache *c)
{
	uint16_t i = c->unused;

	if (i != 0) {
		c->unused = c->slot[i].next;
		return i;
	}
	if (c->made + 1 >= c->cap) {
		size_t cap = c->cap ? 2 * c->cap : FIRST_SLOTS;
		struct slot *v = sp_realloc(c->slot, cap * sizeof(*v));

		if (!v) {
			return 0;
		}
		c->slot = v;
		c->cap = cap;
	}
	return (uint16_t)++c->made;
}

uint16_t sp_tilecache_add(struct sp_tilecache *c, uint64_t key, size_t bytes)
{
	if (bytes == 0 || c->n >= c->max_slots || c->bytes + bytes > c->max_bytes ||
			look(c, key) != 0) {
		return 0;
	}
	uint16_t i = take_slot(c);
	if (i == 0) {
		return 0;
	}
	c->slot[i] = (struct slot){.key = key, .bytes = bytes, .next = *chain_of(c, key)};
	*chain_of(c, key) = i;
	link_newest(c, i);
	c->n++;
	c->bytes += bytes;
	return i;
}

void sp_tilecache_drop(struct sp_tilecache *c, uint16_t slot)
{
	struct slot *s = &c->slot[slot];
	uint16_t *at = chain_of(c, s->key);

	while (*at != slot) {
		at = &c->slot[*at].next;
	}
	*at = s->next;
	unlink_age(c, s);
	c->n--;
	c->bytes -= s->bytes;
	*s = (struct slot){.next = c->unused};
	c->unused = slot;
}
