/* desk/session/name_hash.h - where a name that a client chose stands in a table. */
#ifndef SP_DESK_SESSION_NAME_HASH_H
#define SP_DESK_SESSION_NAME_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Of n bytes of a name in a directory; another value in each run, which nobody can know. */
uint32_t sp_name_hash(uint64_t dir, const char *name, size_t n);

#endif
