/* core/base/siphash.h - a hash with a key, for tables whose names somebody else chooses. */
#ifndef SP_CORE_BASE_SIPHASH_H
#define SP_CORE_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* SipHash-2-4 (Aumasson and Bernstein): without the key nobody finds names that fall together. */
uint64_t sp_siphash(const uint64_t key[2], const void *p, size_t n);

#endif
