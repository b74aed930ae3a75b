/* desk/broker/account.c - see account.h. */
#include "desk/broker/account.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"

/* Whether the configuration itself says that desktops are root's. */
static bool root_is_meant(const char *mapped)
{
	const struct passwd *pw = mapped[0] ? getpwnam(mapped) : NULL;

	return pw && pw->pw_uid == 0;
}

int sp_account_find(
		const char *name, const char *mapped, struct sp_account *out, char *why, size_t n)
{
	*out = (struct sp_account){.uid = geteuid(), .gid = getegid()};
	snprintf(why, n, "%s", "");
	if (geteuid() != 0) {
		return SP_OK;
	}
	bool root = root_is_meant(mapped);
	errno = 0;
	const struct passwd *pw = name[0] ? getpwnam(name) : NULL;
	if ((pw ? pw->pw_uid == 0 : !name[0]) && !root) {
		snprintf(why, n, "no desktops for root on this machine");
		return SP_EDENIED;
	}
	if (!name[0]) {
		return SP_OK;
	}
	if (!pw) {
		if (errno == 0 || errno == ENOENT) {
			snprintf(why, n, "no Unix account %s on this machine", name);
		} else {
			snprintf(why, n, "Unix account %s: %s", name, strerror(errno));
		}
		return SP_ENOTFOUND;
	}
	snprintf(out->name, sizeof(out->name), "%s", pw->pw_name);
	out->uid = pw->pw_uid;
	out->gid = pw->pw_gid;
	out->become = pw->pw_uid != geteuid();
	return SP_OK;
}
