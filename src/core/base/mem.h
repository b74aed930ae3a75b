/* core/base/mem.h - allocation that may fail, and the switch that makes it fail in tests. */
#ifndef SP_CORE_BASE_MEM_H
#define SP_CORE_BASE_MEM_H

#include <stddef.h>

#include "core/base/attr.h"

/* Zeroed memory of n elements of the given size, NULL when there is none or n * size overflows. */
sp_nodiscard void *sp_calloc(size_t n, size_t size);
sp_nodiscard void *sp_malloc(size_t size);
/* As realloc; on failure NULL and p stays valid. */
sp_nodiscard void *sp_realloc(void *p, size_t size);
sp_nodiscard char *sp_strdup(const char *s);
/* Accepts NULL. */
void sp_free(void *p);
/* Overwrites the first n bytes, then frees. For anything that held a secret. Accepts NULL. */
void sp_freezero(void *p, size_t n);
/* Overwrites n bytes in a way that no compiler removes. */
void sp_wipe(void *p, size_t n);

/*
 * Tests only: let the next n allocations succeed and fail every one after; a negative n turns
 * failing off. Per process.
 */
void sp_mem_fail_after(long n);

#endif
