/* scan/keys.c - which hosts of a scan have the same key. */
#include <stdio.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "scan/report_part.h"

/* Beyond so many different keys new ones are not noted any more. */
#define KEYS_MAX (1u << 16)

struct sp_scan_keys {
	struct sp_scan_shared *key; /* by number of appearance */
	uint32_t *slot; /* open addressing: number + 1 */
	size_t n, cap, slots; /* INVARIANT: slots is a power of two and at least 2 * cap */
};

struct sp_scan_keys *sp_scan_keys_create(void)
{
	return sp_calloc(1, sizeof(struct sp_scan_keys));
}

void sp_scan_keys_destroy(struct sp_scan_keys *k)
{
	for (size_t i = 0; k != NULL && i < k->n; i++) {
		sp_free(k->key[i].second);
	}
	if (k != NULL) {
		sp_free(k->key);
		sp_free(k->slot);
		sp_free(k);
	}
}

/* A hash already; that somebody makes keys which collide here costs the one who makes them. */
static size_t start(const struct sp_scan_keys *k, const uint8_t *spki)
{
	uint64_t v;

	memcpy(&v, spki, sizeof(v));
	return (size_t)v & (k->slots - 1);
}

static uint32_t *find(const struct sp_scan_keys *k, const uint8_t *spki)
{
	size_t i = start(k, spki);

	while (k->slot[i] != 0 && memcmp(k->key[k->slot[i] - 1].spki, spki, SP_SCAN_HASH) != 0) {
		i = (i + 1) & (k->slots - 1);
	}
	return &k->slot[i];
}

static int grow(struct sp_scan_keys *k)
{
	size_t cap = k->cap > 0 ? 2 * k->cap : 64;
	struct sp_scan_shared *key = sp_realloc(k->key, cap * sizeof(*key));

	if (key == NULL) {
		return SP_ENOMEM;
	}
	k->key = key;
	uint32_t *slot = sp_calloc(2 * cap, sizeof(*slot));
	if (slot == NULL) {
		return SP_ENOMEM;
	}
	sp_free(k->slot);
	k->slot = slot;
	k->cap = cap;
	k->slots = 2 * cap;
	for (size_t i = 0; i < k->n; i++) {
		*find(k, k->key[i].spki) = (uint32_t)(i + 1);
	}
	return SP_OK;
}

static const char *machine(const struct sp_scan_facts *f)
{
	return f->ntlm.dns_computer[0] ? f->ntlm.dns_computer : f->ntlm.nb_computer;
}

/* One machine may have many ports, addresses and names. */
static bool same_host(const struct sp_scan_shared *k, const struct sp_scan_facts *f)
{
	return strcmp(k->address, f->address) == 0 || strcmp(k->host, f->host) == 0 ||
			(k->machine[0] && strcmp(k->machine, machine(f)) == 0);
}

const struct sp_scan_shared *sp_scan_keys_add(
		struct sp_scan_keys *k, const struct sp_scan_facts *f, int *err)
{
	const struct sp_scan_cert *c = &f->tls.cert;

	*err = SP_OK;
	if (!c->seen) {
		return NULL;
	}
	if (k->n == k->cap && k->n < KEYS_MAX) {
		*err = grow(k);
		if (*err != SP_OK) {
			return NULL;
		}
	}
	uint32_t *slot = find(k, c->spki);
	if (*slot != 0) {
		struct sp_scan_shared *first = &k->key[*slot - 1];
		if (same_host(first, f)) {
			return NULL;
		}
		if (first->more++ == 0) {
			char place[SP_SCAN_PLACE_MAX];
			first->second = sp_strdup(sp_scan_place(f, place));
		}
		return first;
	}
	if (k->n < k->cap) {
		struct sp_scan_shared *key = &k->key[k->n++];
		memset(key, 0, sizeof(*key));
		memcpy(key->spki, c->spki, SP_SCAN_HASH);
		sp_scan_place(f, key->place);
		memcpy(key->address, f->address, sizeof(key->address));
		memcpy(key->host, f->host, sizeof(key->host));
		snprintf(key->machine, sizeof(key->machine), "%s", machine(f));
		*slot = (uint32_t)k->n;
	}
	return NULL;
}

const struct sp_scan_shared *sp_scan_keys_of(
		const struct sp_scan_keys *k, const uint8_t spki[SP_SCAN_HASH])
{
	uint32_t slot = k->slots > 0 ? *find(k, spki) : 0;

	return slot != 0 ? &k->key[slot - 1] : NULL;
}

size_t sp_scan_keys_count(const struct sp_scan_keys *k)
{
	return k->n;
}

const struct sp_scan_shared *sp_scan_keys_at(const struct sp_scan_keys *k, size_t i)
{
	return &k->key[i];
}

void sp_scan_keys_judge(const struct sp_scan_keys *k, const struct sp_scan_facts *f,
		struct sp_scan_judged *j)
{
	const struct sp_scan_cert *c = &f->tls.cert;
	const struct sp_scan_shared *key = c->seen ? sp_scan_keys_of(k, c->spki) : NULL;
	/* A certificate of an authority for a whole farm is put there by somebody who knows. */
	bool farm = c->trusted == SP_SCAN_YES && !c->self_signed;
	char hex[2 * 8 + 1], text[2 * SP_SCAN_TEXT];

	if (key == NULL || key->more == 0) {
		return;
	}
	snprintf(text, sizeof(text), "the key %s... is also that of ",
			sp_scan_hex(key->spki, 8, hex));
	size_t n = strlen(text);
	const char *other = !same_host(key, f) ? key->place
			: key->second != NULL  ? key->second
					       : "another host";
	if (key->more > 1) {
		snprintf(text + n, sizeof(text) - n, "%s and %llu more", other,
				(unsigned long long)key->more - 1);
	} else {
		snprintf(text + n, sizeof(text) - n, "%s", other);
	}
	sp_scan_judged_add(
			j, "RDP-024", farm ? SP_SCAN_LOW : SP_SCAN_CRITICAL, SP_SCAN_LIKELY, text);
}
