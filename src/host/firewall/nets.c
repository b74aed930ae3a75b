/* host/firewall/nets.c - see nets.h. */
#include "host/firewall/nets.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

#define FOUR 12 /* where an IPv4 address begins */

void sp_nets_finish(struct sp_nets *s)
{
	sp_free(s->r);
	*s = (struct sp_nets){.six = s->six};
}

int sp_nets_add(struct sp_nets *s, const uint8_t lo[SP_NETS_ADDR], const uint8_t hi[SP_NETS_ADDR])
{
	if (memcmp(lo, hi, SP_NETS_ADDR) > 0) {
		return SP_EARG;
	}
	if (s->n == s->cap) {
		size_t cap = s->cap > 0 ? 2 * s->cap : 8;
		if (cap > SP_NETS_MAX) {
			return SP_ELIMIT;
		}
		struct sp_range *r = sp_realloc(s->r, cap * sizeof(*r));
		if (r == NULL) {
			return SP_ENOMEM;
		}
		s->r = r;
		s->cap = cap;
	}
	memcpy(s->r[s->n].lo, lo, SP_NETS_ADDR);
	memcpy(s->r[s->n].hi, hi, SP_NETS_ADDR);
	s->n++;
	return SP_OK;
}

int sp_nets_add_prefix(struct sp_nets *s, const uint8_t *addr, uint32_t bits)
{
	uint8_t lo[SP_NETS_ADDR] = {0}, hi[SP_NETS_ADDR] = {0};
	size_t first = s->six ? 0 : FOUR;

	if (bits > 8 * (SP_NETS_ADDR - first)) {
		return SP_EARG;
	}
	for (size_t i = first; i < SP_NETS_ADDR; i++) {
		size_t before = 8 * (i - first);
		size_t fixed = bits <= before ? 0 : bits - before < 8 ? bits - before : 8;
		uint8_t mask = (uint8_t)(0xff00u >> fixed);

		lo[i] = addr[i - first] & mask;
		hi[i] = (uint8_t)(lo[i] | (uint8_t)~mask);
	}
	return sp_nets_add(s, lo, hi);
}

int sp_nets_add_all(struct sp_nets *s)
{
	const uint8_t zero[SP_NETS_ADDR] = {0};

	return sp_nets_add_prefix(s, zero, 0);
}

int sp_nets_join(struct sp_nets *s, const struct sp_nets *other)
{
	int rc = SP_OK;

	for (size_t i = 0; rc == SP_OK && i < other->n; i++) {
		rc = sp_nets_add(s, other->r[i].lo, other->r[i].hi);
	}
	return rc;
}

static int by_lo(const void *a, const void *b)
{
	return memcmp(((const struct sp_range *)a)->lo, ((const struct sp_range *)b)->lo,
			SP_NETS_ADDR);
}

/* The address after this one; false after the last. */
static bool up(uint8_t a[SP_NETS_ADDR])
{
	for (size_t i = SP_NETS_ADDR; i-- > 0;) {
		if (++a[i] != 0) {
			return true;
		}
	}
	return false;
}

static void down(uint8_t a[SP_NETS_ADDR])
{
	for (size_t i = SP_NETS_ADDR; i-- > 0;) {
		if (a[i]-- != 0) {
			return;
		}
	}
}

void sp_nets_merge(struct sp_nets *s)
{
	size_t k = 0;

	if (s->n == 0) {
		return;
	}
	qsort(s->r, s->n, sizeof(*s->r), by_lo);
	for (size_t i = 1; i < s->n; i++) {
		uint8_t next[SP_NETS_ADDR];
		memcpy(next, s->r[k].hi, sizeof(next));
		if (up(next) && memcmp(s->r[i].lo, next, sizeof(next)) > 0) {
			s->r[++k] = s->r[i];
		} else if (memcmp(s->r[i].hi, s->r[k].hi, SP_NETS_ADDR) > 0) {
			memcpy(s->r[k].hi, s->r[i].hi, SP_NETS_ADDR);
		}
	}
	s->n = k + 1;
}

int sp_nets_less(const struct sp_nets *a, const struct sp_nets *b, struct sp_nets *out)
{
	int rc = SP_OK;

	out->six = a->six;
	for (size_t i = 0; rc == SP_OK && i < a->n; i++) {
		struct sp_range rest = a->r[i];
		bool left = true;
		for (size_t k = 0; rc == SP_OK && left && k < b->n; k++) {
			const struct sp_range *cut = &b->r[k];
			if (memcmp(cut->hi, rest.lo, SP_NETS_ADDR) < 0 ||
					memcmp(cut->lo, rest.hi, SP_NETS_ADDR) > 0) {
				continue;
			}
			if (memcmp(cut->lo, rest.lo, SP_NETS_ADDR) > 0) {
				uint8_t end[SP_NETS_ADDR];
				memcpy(end, cut->lo, sizeof(end));
				down(end);
				rc = sp_nets_add(out, rest.lo, end);
			}
			left = memcmp(cut->hi, rest.hi, SP_NETS_ADDR) < 0;
			memcpy(rest.lo, cut->hi, SP_NETS_ADDR);
			(void)up(rest.lo);
		}
		if (rc == SP_OK && left) {
			rc = sp_nets_add(out, rest.lo, rest.hi);
		}
	}
	return rc;
}

/* How many leading bits are the same, when what follows is all zeroes here and all ones there. */
static int prefix_of(const struct sp_range *r, size_t first)
{
	size_t bits = 0, n = 8 * (SP_NETS_ADDR - first);

	while (bits < n &&
			((r->lo[first + bits / 8] ^ r->hi[first + bits / 8]) & 0x80u >> bits % 8) ==
					0) {
		bits++;
	}
	for (size_t i = bits; i < n; i++) {
		uint32_t bit = 0x80u >> i % 8;
		if ((r->lo[first + i / 8] & bit) != 0 || (r->hi[first + i / 8] & bit) == 0) {
			return -1;
		}
	}
	return (int)bits;
}

bool sp_nets_all(const struct sp_nets *s)
{
	return s->n == 1 && prefix_of(&s->r[0], s->six ? 0 : FOUR) == 0;
}

void sp_nets_text(const struct sp_nets *s, size_t i, char out[SP_NETS_TEXT])
{
	char lo[INET6_ADDRSTRLEN] = "", hi[INET6_ADDRSTRLEN] = "";
	size_t first = s->six ? 0 : FOUR;
	int family = s->six ? AF_INET6 : AF_INET;
	int bits = prefix_of(&s->r[i], first);

	inet_ntop(family, s->r[i].lo + first, lo, sizeof(lo));
	inet_ntop(family, s->r[i].hi + first, hi, sizeof(hi));
	if (bits == (int)(8 * (SP_NETS_ADDR - first))) {
		snprintf(out, SP_NETS_TEXT, "%s", lo);
	} else if (bits >= 0) {
		snprintf(out, SP_NETS_TEXT, "%s/%d", lo, bits);
	} else {
		snprintf(out, SP_NETS_TEXT, "%s-%s", lo, hi);
	}
}
