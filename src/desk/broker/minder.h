/* desk/broker/minder.h - the process between root and a user's desktop: PAM and the account. */
#ifndef SP_DESK_BROKER_MINDER_H
#define SP_DESK_BROKER_MINDER_H

#include "core/base/attr.h"

/*
 * A process of its own for each desktop, because limits, cgroup and audit identity of a PAM
 * session are a process's. Opens the PAM session, starts argv[0] with argv as the account,
 * waits for it, passes SIGTERM on, closes the session. The socket on SP_DESK_FD_BROKER goes to
 * the child; until then a failure is told there. from is the client's address for PAM, "" for
 * none. Returns the exit status.
 */
sp_nodiscard int sp_minder_run(const char *account, const char *from, const char *const *argv);

#endif
