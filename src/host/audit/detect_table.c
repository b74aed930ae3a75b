/* host/audit/detect_table.c - see detect_table.h. */
#include "host/audit/detect_table.h"

#include <string.h>

#include "core/base/mem.h"

bool sp_detect_table_init(struct sp_detect_table *t, uint32_t cap, size_t size)
{
	memset(t, 0, sizeof(*t));
	t->cap = cap;
	t->size = size;
	t->slot = sp_calloc(cap, sizeof(*t->slot));
	t->bucket = sp_calloc(cap, sizeof(*t->bucket));
	t->data = sp_calloc(cap, size);
	if (t->slot == NULL || t->bucket == NULL || t->data == NULL) {
		sp_detect_table_finish(t);
		return false;
	}
	return true;
}

void sp_detect_table_finish(struct sp_detect_table *t)
{
	sp_free(t->slot);
	sp_free(t->bucket);
	sp_free(t->data);
	memset(t, 0, sizeof(*t));
}

void sp_detect_table_clear(struct sp_detect_table *t)
{
	t->n = t->newest = t->oldest = t->free = t->used = 0;
	memset(t->bucket, 0, t->cap * sizeof(*t->bucket));
}

static uint32_t *bucket(const struct sp_detect_table *t, uint64_t key)
{
	return &t->bucket[key & (t->cap - 1)];
}

static uint32_t find(const struct sp_detect_table *t, uint64_t key)
{
	uint32_t i = *bucket(t, key);

	while (i != 0 && t->slot[i - 1].key != key) {
		i = t->slot[i - 1].chain;
	}
	return i;
}

static void *data(const struct sp_detect_table *t, uint32_t i)
{
	return t->data + (i - 1) * t->size;
}

/* Out of the order of use. */
static void take_out(struct sp_detect_table *t, uint32_t i)
{
	struct sp_detect_slot *s = &t->slot[i - 1];

	*(s->newer != 0 ? &t->slot[s->newer - 1].older : &t->newest) = s->older;
	*(s->older != 0 ? &t->slot[s->older - 1].newer : &t->oldest) = s->newer;
}

static void put_first(struct sp_detect_table *t, uint32_t i)
{
	struct sp_detect_slot *s = &t->slot[i - 1];

	s->newer = 0;
	s->older = t->newest;
	*(t->newest != 0 ? &t->slot[t->newest - 1].newer : &t->oldest) = i;
	t->newest = i;
}

static void drop(struct sp_detect_table *t, uint32_t i)
{
	uint32_t *at = bucket(t, t->slot[i - 1].key);

	while (*at != i) {
		at = &t->slot[*at - 1].chain;
	}
	*at = t->slot[i - 1].chain;
	take_out(t, i);
	t->slot[i - 1].older = t->free;
	t->free = i;
	t->n--;
}

void *sp_detect_table_find(const struct sp_detect_table *t, uint64_t key)
{
	uint32_t i = find(t, key);

	return i != 0 ? data(t, i) : NULL;
}

void *sp_detect_table_add(struct sp_detect_table *t, uint64_t key)
{
	uint32_t i = find(t, key);

	if (i != 0) {
		take_out(t, i);
		put_first(t, i);
		return data(t, i);
	}
	if (t->n == t->cap) {
		drop(t, t->oldest);
	}
	if (t->free != 0) {
		i = t->free;
		t->free = t->slot[i - 1].older;
	} else {
		i = ++t->used;
	}
	struct sp_detect_slot *s = &t->slot[i - 1];
	s->key = key;
	s->chain = *bucket(t, key);
	*bucket(t, key) = i;
	put_first(t, i);
	t->n++;
	memset(data(t, i), 0, t->size);
	return data(t, i);
}

void sp_detect_table_drop(struct sp_detect_table *t, uint64_t key)
{
	uint32_t i = find(t, key);

	if (i != 0) {
		drop(t, i);
	}
}

void *sp_detect_table_next(const struct sp_detect_table *t, uint32_t *at, uint64_t *key)
{
	*at = *at == 0 ? t->oldest : t->slot[*at - 1].newer;
	if (*at == 0) {
		return NULL;
	}
	*key = t->slot[*at - 1].key;
	return data(t, *at);
}
