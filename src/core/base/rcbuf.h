/* core/base/rcbuf.h - bytes with a reference count, for payload that goes to several queues. */
#ifndef SP_CORE_BASE_RCBUF_H
#define SP_CORE_BASE_RCBUF_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"

/* Not for threads. The bytes must not change while there is more than one reference. */
struct sp_rcbuf {
	size_t n;
	uint32_t refs;
	struct sp_rcbuf *next; /* link of the one queue that owns it before it is handed out */
	uint8_t p[];
};

/* One reference, n bytes of unspecified content; NULL without memory. */
sp_nodiscard struct sp_rcbuf *sp_rcbuf_create(size_t n);
sp_nodiscard struct sp_rcbuf *sp_rcbuf_from(const void *p, size_t n);
struct sp_rcbuf *sp_rcbuf_ref(struct sp_rcbuf *b);
/* Gives one reference back; the last one frees. Accepts NULL. */
void sp_rcbuf_unref(struct sp_rcbuf *b);

#endif
