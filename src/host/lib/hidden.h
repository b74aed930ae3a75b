/* host/lib/hidden.h - memory for passwords in use: not swapped, in no core file, wiped at its end. */
#ifndef SP_HOST_LIB_HIDDEN_H
#define SP_HOST_LIB_HIDDEN_H

#include <stddef.h>

/* Zeroed, between guard pages; the caller's until sp_hidden_free(). NULL without memory. */
void *sp_hidden_alloc(size_t n);
/* Wipes it. Accepts NULL. */
void sp_hidden_free(void *p);

#endif
