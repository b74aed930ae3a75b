/* gate/keeper/facts.h - what the rules are asked about, with the store's groups and the countries. */
#ifndef SP_GATE_KEEPER_FACTS_H
#define SP_GATE_KEEPER_FACTS_H

#include "gate/keeper/keeper.h"
#include "gate/keeper/policy.h"
#include "gate/keeper/session.h"

/* The caller's memory; it is ask->arg, and both are good as long as what they were made from. */
struct sp_facts {
	struct sp_keeper *k;
	int64_t user_id;
};

/* Fills everything of `ask` but target and device, which stay NULL and false. */
void sp_facts_ask(struct sp_facts *f, struct sp_keeper *k, int64_t user_id, const char *user,
		const struct sp_source *source, const char *interface, struct sp_policy_ask *ask);
/* What the registry of sessions has to ask; its arg is the keeper. */
void sp_facts_world(struct sp_keeper *k, struct sp_session_world *out);

#endif
