/* gate/keeper/account.h - whose the state directory is, and becoming that account before it is touched. */
#ifndef SP_GATE_KEEPER_ACCOUNT_H
#define SP_GATE_KEEPER_ACCOUNT_H

#include <stdbool.h>

#include "core/base/attr.h"
#include "host/conf/conf.h"

#define SP_ACCOUNT_WHY 512

/*
 * As root: becomes the configuration's run-as account for good, so that whatever is written from
 * then on is the keeper's; with `create` first makes the state directory for it. Does nothing for
 * an ordinary user, and where the configuration says "caller". SP_ENOTFOUND: no such account;
 * SP_EDENIED: the directory belongs to somebody else; SP_ESYS. why says what to run.
 */
sp_nodiscard int sp_account_become(const struct sp_conf *c, bool create, char why[SP_ACCOUNT_WHY]);

#endif
