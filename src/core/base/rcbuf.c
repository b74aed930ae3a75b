/* core/base/rcbuf.c - see rcbuf.h. */
#include "core/base/rcbuf.h"

#include <string.h>

#include "core/base/mem.h"

struct sp_rcbuf *sp_rcbuf_create(size_t n)
{
	if (!(n <= SIZE_MAX - sizeof(struct sp_rcbuf))) {
		return NULL;
	}
	struct sp_rcbuf *b = sp_malloc(sizeof(*b) + n);
	if (b) {
		b->n = n;
		b->refs = 1;
		b->next = NULL;
	}
	return b;
}

struct sp_rcbuf *sp_rcbuf_from(const void *p, size_t n)
{
	struct sp_rcbuf *b = sp_rcbuf_create(n);

	if (b && n > 0) {
		memcpy(b->p, p, n);
	}
	return b;
}

struct sp_rcbuf *sp_rcbuf_ref(struct sp_rcbuf *b)
{
	b->refs++;
	return b;
}

void sp_rcbuf_unref(struct sp_rcbuf *b)
{
	if (b && --b->refs == 0) {
		sp_free(b);
	}
}
