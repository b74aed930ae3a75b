/* core/base/span.h - a piece of somebody else's bytes. */
#ifndef SP_CORE_BASE_SPAN_H
#define SP_CORE_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Borrowed: the function that hands one out says until when it is valid. */
struct sp_span {
	const uint8_t *p;
	size_t n;
};

static inline struct sp_span sp_span(const void *p, size_t n)
{
	return (struct sp_span){p, n};
}

static inline bool sp_span_eq(struct sp_span a, struct sp_span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

#endif
