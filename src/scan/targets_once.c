/* scan/targets_once.c - what was written down twice is asked once: a list and a network may overlap. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "scan/targets_part.h"

#define KEY 21 /* family, address, interface */

/* Sorts as addresses do. */
static void key_of(const struct sp_addr *a, uint8_t key[KEY])
{
	memset(key, 0, KEY);
	if (a->u.ss.ss_family == AF_INET) {
		key[0] = 4;
		memcpy(key + 1, &a->u.v4.sin_addr, 4);
	} else {
		key[0] = 6;
		memcpy(key + 1, &a->u.v6.sin6_addr, 16);
		memcpy(key + 17, &a->u.v6.sin6_scope_id, 4);
	}
}

static void last_of(const struct sp_target *v, uint8_t key[KEY])
{
	struct sp_addr a = v->addr[0];

	sp_target_step(&a, v->range - 1);
	key_of(&a, key);
}

struct item {
	const struct sp_target *v;
	uint32_t i;
	uint8_t key[KEY];
};

static int by_host(const void *left, const void *right)
{
	const struct item *a = left, *b = right;
	int c = a->v->name != b->v->name ? (int)a->v->name - (int)b->v->name
			: a->v->name     ? strcasecmp(a->v->host, b->v->host)
					 : memcmp(a->key, b->key, KEY);

	if (c == 0) {
		c = (int)a->v->port - (int)b->v->port;
	}
	return c != 0 ? c : a->i < b->i ? -1 : a->i > b->i;
}

/* Larger ones first: what begins together is in them. */
static int by_begin(const void *left, const void *right)
{
	const struct item *a = left, *b = right;
	int c = memcmp(a->key, b->key, KEY);

	if (c == 0 && a->v->range != b->v->range) {
		c = a->v->range > b->v->range ? -1 : 1;
	}
	return c != 0 ? c : a->i < b->i ? -1 : a->i > b->i;
}

static bool asked_for(const struct sp_targets *t, uint16_t port)
{
	for (size_t i = 0; i < t->n_ports; i++) {
		if (t->port[i] == port) {
			return true;
		}
	}
	return false;
}

/* Those that are written down, one by one; a host with all ports comes before it with one. */
static void once_lone(struct sp_targets *t, struct item *item, size_t n)
{
	const struct item *first = NULL;

	qsort(item, n, sizeof(*item), by_host);
	for (size_t i = 0; i < n; i++) {
		struct sp_target *v = &t->v[item[i].i];
		bool same = first != NULL && first->v->name == v->name &&
				(v->name ? strcasecmp(first->v->host, v->host) == 0
					 : memcmp(first->key, item[i].key, KEY) == 0);

		if (!same) {
			first = &item[i];
		}
		v->again = (same && first->v->port == 0 && asked_for(t, v->port)) ||
				(same && item[i - 1].v->port == v->port);
		if (!v->name && !v->again) {
			t->lone[t->n_lone++] = item[i].i;
		}
	}
}

/*
 * Of two networks that meet, one is in the other, but for the first and the last address that the
 * larger one of IPv4 does without: of /31 and /32, so the loop is short.
 */
static size_t once_ranges(struct sp_targets *t, struct item *item, size_t n)
{
	uint8_t end[KEY] = {0}, last[KEY];
	size_t kept = 0;

	qsort(item, n, sizeof(*item), by_begin);
	for (size_t i = 0; i < n; i++) {
		struct sp_target *v = &t->v[item[i].i];

		last_of(v, last);
		v->again = kept > 0 && memcmp(last, end, KEY) <= 0;
		while (kept > 0 && !v->again && memcmp(item[i].key, end, KEY) <= 0) {
			sp_target_step(&v->addr[0], 1);
			v->range--;
			key_of(&v->addr[0], item[i].key);
		}
		if (!v->again) {
			memcpy(end, last, KEY);
			item[kept++] = item[i];
		}
	}
	return kept;
}

/* Whoever is named by itself has a row whatever is there, and so none as part of a network. */
static void both(struct sp_targets *t, const struct item *range, size_t n)
{
	uint8_t key[KEY], last[KEY];

	for (size_t i = 0; i < t->n_lone; i++) {
		const struct sp_target *v = &t->v[t->lone[i]];
		size_t low = 0, high = n;

		key_of(&v->addr[0], key);
		while (low < high) {
			size_t mid = low + (high - low) / 2;

			if (memcmp(range[mid].key, key, KEY) <= 0) {
				low = mid + 1;
			} else {
				high = mid;
			}
		}
		if (low == 0) {
			continue;
		}
		struct sp_target *in = &t->v[range[low - 1].i];
		last_of(in, last);
		if (memcmp(key, last, KEY) <= 0) {
			in->elsewhere += v->port == 0 ? t->n_ports : asked_for(t, v->port);
		}
	}
}

int sp_targets_once(struct sp_targets *t)
{
	struct item *item = sp_calloc(t->n + 1, sizeof(*item));
	size_t n_lone = 0, n_ranges = 0;

	t->lone = sp_calloc(t->n + 1, sizeof(*t->lone));
	if (!item || !t->lone) {
		sp_free(item);
		return SP_ENOMEM;
	}
	for (size_t i = 0; i < t->n; i++) {
		/* From the one end, and from the other. */
		struct item *at = &item[t->v[i].range ? t->n - ++n_ranges : n_lone++];

		at->v = &t->v[i];
		at->i = (uint32_t)i;
		if (!t->v[i].name) {
			key_of(&t->v[i].addr[0], at->key);
		}
	}
	once_lone(t, item, n_lone);
	struct item *range = item + t->n - n_ranges;
	both(t, range, once_ranges(t, range, n_ranges));
	sp_free(item);
	return SP_OK;
}

bool sp_target_elsewhere(const struct sp_targets *t, const struct sp_addr *a, uint16_t port)
{
	uint8_t key[KEY], other[KEY];
	size_t low = 0, high = t->n_lone;

	key_of(a, key);
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		key_of(&t->v[t->lone[mid]].addr[0], other);
		if (memcmp(other, key, KEY) < 0) {
			low = mid + 1;
		} else {
			high = mid;
		}
	}
	for (; low < t->n_lone; low++) {
		const struct sp_target *v = &t->v[t->lone[low]];

		key_of(&v->addr[0], other);
		if (memcmp(other, key, KEY) != 0) {
			return false;
		}
		if (v->port == 0 || v->port == port) {
			return true;
		}
	}
	return false;
}
