/* gate/keeper/account.c - see account.h. */
#include "gate/keeper/account.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"
#include "host/io/jail.h"

static int no_account(const struct sp_conf *c, char why[SP_ACCOUNT_WHY])
{
	snprintf(why, SP_ACCOUNT_WHY,
			"account %s does not exist; run: systemd-sysusers, or: useradd --system "
			"--no-create-home --shell /usr/sbin/nologin %s (or say run-as = \"caller\" "
			"in the configuration of a trial)",
			c->run_as, c->run_as);
	return SP_ENOTFOUND;
}

/* The directory is there and the account's; a new one is made so. */
static int own_state(const struct sp_conf *c, const struct passwd *pw, bool create,
		char why[SP_ACCOUNT_WHY])
{
	struct stat st;

	if (create && mkdir(c->state, 0700) == 0) {
		if (chown(c->state, pw->pw_uid, pw->pw_gid) == 0) {
			return SP_OK;
		}
		snprintf(why, SP_ACCOUNT_WHY, "%.300s: %s", c->state, strerror(errno));
		rmdir(c->state);
		return SP_ESYS;
	}
	if (lstat(c->state, &st) != 0) {
		if (errno == ENOENT && !create) {
			return SP_OK; /* whoever opens it says so in his own words */
		}
		snprintf(why, SP_ACCOUNT_WHY, "%.300s: %s", c->state, strerror(errno));
		return SP_ESYS;
	}
	if (!S_ISDIR(st.st_mode) || st.st_uid != pw->pw_uid) {
		snprintf(why, SP_ACCOUNT_WHY,
				"%.150s does not belong to %s; run: chown -R %s: %.150s", c->state,
				c->run_as, c->run_as, c->state);
		return SP_EDENIED;
	}
	return SP_OK;
}

int sp_account_become(const struct sp_conf *c, bool create, char why[SP_ACCOUNT_WHY])
{
	char text[SP_WHY_MAX];
	const struct passwd *pw;

	if (geteuid() != 0 || c->run_as[0] == '\0') {
		return SP_OK;
	}
	errno = 0;
	pw = getpwnam(c->run_as);
	if (pw == NULL) {
		return no_account(c, why);
	}
	if (pw->pw_uid == 0) {
		snprintf(why, SP_ACCOUNT_WHY, "run-as: %s is root", c->run_as);
		return SP_EDENIED;
	}
	int rc = own_state(c, pw, create, why);
	if (rc == SP_OK) {
		rc = sp_jail_become(c->run_as, pw->pw_uid, pw->pw_gid, text);
		if (rc != SP_OK) {
			snprintf(why, SP_ACCOUNT_WHY, "%s: %s", c->run_as, text);
		}
	}
	return rc;
}
