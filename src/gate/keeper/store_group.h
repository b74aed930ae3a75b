/* gate/keeper/store_group.h - groups of users, for the rules. */
#ifndef SP_GATE_KEEPER_STORE_GROUP_H
#define SP_GATE_KEEPER_STORE_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "gate/keeper/store.h"

#define SP_GROUP_NAME_MAX 64

struct sp_group {
	int64_t id;
	char name[SP_TEXT_USER]; /* without '@' */
	uint32_t members;
	int64_t created;
};

/*
 * Durable once they return SP_OK. SP_EARG: the name will not do or is taken, the user is in it
 * already. SP_ENOTFOUND: no such group, no such user, not in it. SP_EDB.
 */
sp_nodiscard int sp_store_group_add(struct sp_store *st, const char *group);
sp_nodiscard int sp_store_group_delete(struct sp_store *st, const char *group);
sp_nodiscard int sp_store_group_enter(struct sp_store *st, const char *group, const char *user);
sp_nodiscard int sp_store_group_leave(struct sp_store *st, const char *group, const char *user);
/* By name; fn returns false to stop. */
sp_nodiscard int sp_store_group_list(
		struct sp_store *st, bool (*fn)(void *arg, const struct sp_group *g), void *arg);
/* The members' names; SP_ENOTFOUND: no such group. */
sp_nodiscard int sp_store_group_members(struct sp_store *st, const char *group,
		bool (*fn)(void *arg, const char *user), void *arg);

/* Is the user in the group (named without '@')? Also false when the store cannot be read. */
bool sp_store_group_member(struct sp_store *st, int64_t user, const char *group);

#endif
