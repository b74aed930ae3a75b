/* gate/keeper/policy_hours.h - the hours of a rule, by the wall clocks of their zones. */
#ifndef SP_GATE_KEEPER_POLICY_HOURS_H
#define SP_GATE_KEEPER_POLICY_HOURS_H

#include "host/conf/conf.h"

/*
 * Is it the time of one of these? Then *until is the first moment at which it is that of none of
 * them, or 0 when that is more than eight days away.
 */
bool sp_policy_hours(const struct sp_conf_hours *hours, size_t n, int64_t now, int64_t *until);

#endif
