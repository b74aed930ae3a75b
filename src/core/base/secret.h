/* core/base/secret.h - a short secret with its length, wiped on every path. */
#ifndef SP_CORE_BASE_SECRET_H
#define SP_CORE_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/base/mem.h"

#define SP_SECRET_MAX 512 /* 255 UTF-16 units of a Windows password, and a NUL */

struct sp_secret {
	size_t n; /* INVARIANT: n <= SP_SECRET_MAX */
	uint8_t p[SP_SECRET_MAX];
};

/* False, and an empty secret, when it does not fit. */
static inline bool sp_secret_set(struct sp_secret *s, const void *p, size_t n)
{
	sp_wipe(s->p, sizeof(s->p));
	s->n = n <= sizeof(s->p) ? n : 0;
	if (s->n > 0) {
		memcpy(s->p, p, s->n);
	}
	return s->n == n;
}

static inline void sp_secret_wipe(struct sp_secret *s)
{
	sp_wipe(s, sizeof(*s));
}

/* Compares n bytes in a time that does not depend on them. */
static inline bool sp_secret_eq(const void *a, const void *b, size_t n)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t diff = 0;

	for (size_t i = 0; i < n; i++) {
		diff |= x[i] ^ y[i];
	}
	return diff == 0;
}

#endif
