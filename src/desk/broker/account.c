/* desk/broker/account.c - see account.h. */
#include "desk/broker/account.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"

int sp_account_find(const char *name, struct sp_account *out, char *why, size_t n)
{
	*out = (struct sp_account){.uid = geteuid(), .gid = getegid()};
	snprintf(why, n, "%s", "");
	if (geteuid() != 0 || name[0] == '\0') {
		return SP_OK;
	}
	errno = 0;
	const struct passwd *pw = getpwnam(name);
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
