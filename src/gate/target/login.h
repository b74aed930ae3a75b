/* gate/target/login.h - one login at a target: its certificate, the keeper's word, CredSSP. */
#ifndef SP_GATE_TARGET_LOGIN_H
#define SP_GATE_TARGET_LOGIN_H

#include "core/base/attr.h"
#include "core/base/span.h"

struct sp_target_login_conf {
	struct sp_span roots; /* CA certificates, PEM; may be empty */
	const char *workstation; /* our name in the target's log; may be empty */
};

/*
 * Waits for the beginning, then runs to the end. SP_OK, also when the target or the keeper said
 * no; SP_ECLOSED when sp-net went away first.
 */
sp_nodiscard int sp_target_login_run(const struct sp_target_login_conf *conf);

#endif
