/* host/audit/home.h - the folder of the audit, and becoming the account that it belongs to. */
#ifndef SP_HOST_AUDIT_HOME_H
#define SP_HOST_AUDIT_HOME_H

#include <limits.h>
#include <stdbool.h>

#include "core/base/attr.h"
#include "core/base/err.h"

/* The account of sp-scribe where the service is installed. */
#define SP_AUDIT_ACCOUNT "_spscribe"
/* That of sp-ship, and its folder beside that of the audit. */
#define SP_SHIP_ACCOUNT "_spship"
#define SP_SHIP_FOLDER "ship"
#define SP_AUDIT_HOME_WHY 512
#define SP_AUDIT_RECORDINGS "recordings" /* beside the folder of the audit */

/*
 * Finds out where the audit of a service is: "audit" in its state directory. As root, where the
 * service runs as an account (run_as, empty = as the caller), becomes SP_AUDIT_ACCOUNT for good (run_as, and
 * says so in the log, where there is no such account). With
 * `create` first makes it, and the one of recordings; there waits a moment for run_as to make the state directory, and lets
 * SP_AUDIT_ACCOUNT pass through that. SP_ENOTFOUND: no such account; SP_EDENIED: a directory belongs to somebody
 * else; SP_ESYS; and why, which says what to run.
 */
sp_nodiscard int sp_audit_home(const char *state, const char *run_as, bool create,
		char dir[PATH_MAX], char why[SP_AUDIT_HOME_WHY]);
/*
 * The same for sp-ship, once there is an audit: its own folder is `dir`, made where there is none. As root
 * becomes SP_SHIP_ACCOUNT with the audit's group, by which it may read that; else what stands in for it.
 */
sp_nodiscard int sp_ship_home(const char *state, const char *run_as, char audit[PATH_MAX],
		char dir[PATH_MAX], char why[SP_AUDIT_HOME_WHY]);

#endif
