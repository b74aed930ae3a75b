/* core/base/load.h - whole words of a stream of bits, where rd.h would be too slow. */
#ifndef SP_CORE_BASE_LOAD_H
#define SP_CORE_BASE_LOAD_H

#include <stdint.h>
#include <string.h>

/* Eight bytes that are there, the first one highest. */
static inline uint64_t sp_load_be64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	return v;
}

#endif
