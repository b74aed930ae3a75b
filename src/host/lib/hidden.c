/* host/lib/hidden.c - see hidden.h. */
#include "host/lib/hidden.h"

#include <sodium.h>
#include <string.h>

void *sp_hidden_alloc(size_t n)
{
	if (sodium_init() < 0) {
		return NULL;
	}
	void *p = sodium_malloc(n);
	if (p != NULL) {
		memset(p, 0, n);
	}
	return p;
}

void sp_hidden_free(void *p)
{
	sodium_free(p);
}
