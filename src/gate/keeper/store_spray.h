/* gate/keeper/store_spray.h - how many users failed in the hours before, for spray.h. */
#ifndef SP_GATE_KEEPER_STORE_SPRAY_H
#define SP_GATE_KEEPER_STORE_SPRAY_H

#include <stdint.h>

#include "core/base/attr.h"
#include "gate/keeper/store.h"

/* Keeps an hour (since 1970) that is over, and of the older ones a week. */
sp_nodiscard int sp_store_spray_put(struct sp_store *st, int64_t hour, uint32_t users);
/* The hours of the last week. */
sp_nodiscard int sp_store_spray_each(struct sp_store *st, int64_t now,
		void (*fn)(void *arg, int64_t hour, uint32_t users), void *arg);

#endif
