/* desk/session/name_hash.c - see name_hash.h. */
#include "desk/session/name_hash.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/random.h>

#include "core/base/siphash.h"

static void draw(uint64_t key[2])
{
	ssize_t got;

	do {
		got = getrandom(key, 2 * sizeof(key[0]), 0);
	} while (got < 0 && errno == EINTR);
}

uint32_t sp_name_hash(uint64_t dir, const char *name, size_t n)
{
	static uint64_t key[2];
	static bool drawn;

	if (!drawn) {
		draw(key);
		drawn = true;
	}
	uint64_t mine[2] = {key[0], key[1] ^ dir};

	return (uint32_t)sp_siphash(mine, name, n);
}
