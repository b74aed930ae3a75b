/* gate/keeper/store_penalty.h - what sources have to wait, over a restart of the service. */
#ifndef SP_GATE_KEEPER_STORE_PENALTY_H
#define SP_GATE_KEEPER_STORE_PENALTY_H

#include <stdint.h>

#include "core/base/attr.h"
#include "gate/keeper/store.h"
#include "host/monitor/msg.h"

/* Keeps these in the place of those before. Not durable to the last second: it can wait. */
sp_nodiscard int sp_store_penalties_set(struct sp_store *st, const struct sp_msg_penalties *m);
/* Those that are not over now (seconds since 1970), the longest first. */
sp_nodiscard int sp_store_penalties_get(
		struct sp_store *st, int64_t now, struct sp_msg_penalties *out);

#endif
