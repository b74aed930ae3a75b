/* core/base/mem.c - the only place of core that calls malloc. */
#include "core/base/mem.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static long fail_after = -1;

static bool fails_now(void)
{
	if (fail_after < 0) {
		return false;
	}
	if (fail_after == 0) {
		return true;
	}
	fail_after--;
	return false;
}

void sp_mem_fail_after(long n)
{
	fail_after = n;
}

void *sp_calloc(size_t n, size_t size)
{
	return fails_now() ? NULL : calloc(n, size);
}

void *sp_malloc(size_t size)
{
	return fails_now() ? NULL : malloc(size);
}

void *sp_realloc(void *p, size_t size)
{
	return fails_now() ? NULL : realloc(p, size);
}

char *sp_strdup(const char *s)
{
	size_t n = strlen(s) + 1;
	char *copy = sp_malloc(n);

	if (copy) {
		memcpy(copy, s, n);
	}
	return copy;
}

void sp_free(void *p)
{
	free(p);
}

void sp_wipe(void *p, size_t n)
{
	volatile uint8_t *v = p;

	while (n--) {
		*v++ = 0;
	}
}

void sp_freezero(void *p, size_t n)
{
	if (p) {
		sp_wipe(p, n);
	}
	free(p);
}
