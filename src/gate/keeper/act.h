/* gate/keeper/act.h - what follows from alerts. */
#ifndef SP_GATE_KEEPER_ACT_H
#define SP_GATE_KEEPER_ACT_H

#include "gate/keeper/keeper.h"
#include "host/monitor/msg.h"

/* Does what the scribe asks for, where the session is still there and that user's. */
void sp_keeper_act(struct sp_keeper *k, const struct sp_msg_act *m);

#endif
