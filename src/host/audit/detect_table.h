/* host/audit/detect_table.h - a table of bounded size that forgets what was touched longest ago. */
#ifndef SP_HOST_AUDIT_DETECT_TABLE_H
#define SP_HOST_AUDIT_DETECT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"

/* Entries of one size behind keys that are hashes already. Memory is touched as it fills. */
struct sp_detect_table {
	uint32_t cap; /* a power of two */
	uint32_t n; /* INVARIANT: <= cap */
	uint32_t newest, oldest; /* 1-based; 0: none */
	uint32_t free; /* 1-based, over `older`; those beyond `used` are free too */
	uint32_t used;
	size_t size; /* of what is kept */
	struct sp_detect_slot *slot;
	uint32_t *bucket; /* 1-based */
	uint8_t *data;
};

struct sp_detect_slot {
	uint64_t key;
	uint32_t chain, newer, older; /* 1-based */
};

/* cap is a power of two, size a multiple of 8. */
sp_nodiscard bool sp_detect_table_init(struct sp_detect_table *t, uint32_t cap, size_t size);
/* Accepts a zeroed one. */
void sp_detect_table_finish(struct sp_detect_table *t);
void sp_detect_table_clear(struct sp_detect_table *t);
/* NULL: it is not there. Does not touch. Valid until the next add or drop. */
void *sp_detect_table_find(const struct sp_detect_table *t, uint64_t key);
/* What is there, or zeroed in place of the oldest; it is the newest then. Never NULL. */
void *sp_detect_table_add(struct sp_detect_table *t, uint64_t key);
void sp_detect_table_drop(struct sp_detect_table *t, uint64_t key);
/* From the oldest on, where *at is 0 at first; NULL at the end. */
void *sp_detect_table_next(const struct sp_detect_table *t, uint32_t *at, uint64_t *key);

#endif
