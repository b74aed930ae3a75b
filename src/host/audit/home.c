/* host/audit/home.c - see home.h. */
#include "host/audit/home.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/log.h"
#include "host/audit/store.h"
#include "host/io/fdio.h"
#include "host/io/jail.h"

static int system_fail(const char *what, char why[SP_AUDIT_HOME_WHY])
{
	snprintf(why, SP_AUDIT_HOME_WHY, "%.300s: %s", what, strerror(errno));
	return SP_ESYS;
}

struct account {
	const char *name;
	uid_t uid;
	gid_t gid;
};

static bool find(const char *name, struct account *out)
{
	const struct passwd *pw = getpwnam(name);

	if (pw == NULL) {
		return false;
	}
	*out = (struct account){name, pw->pw_uid, pw->pw_gid};
	return true;
}

/* Without an account of its own the audit is the keeper's. */
static int find_both(const char *run_as, struct account *keeper, struct account *scribe,
		char why[SP_AUDIT_HOME_WHY])
{
	if (!find(run_as, keeper)) {
		snprintf(why, SP_AUDIT_HOME_WHY, "account %.60s does not exist", run_as);
		return SP_ENOTFOUND;
	}
	if (!find(SP_AUDIT_ACCOUNT, scribe)) {
		sp_log(SP_LOG_WARN,
				"account " SP_AUDIT_ACCOUNT
				" does not exist; run: systemd-sysusers");
		*scribe = *keeper;
	}
	if (keeper->uid == 0 || scribe->uid == 0) {
		snprintf(why, SP_AUDIT_HOME_WHY, "account %.60s is root",
				keeper->uid == 0 ? keeper->name : scribe->name);
		return SP_EDENIED;
	}
	return SP_OK;
}

/* Opens a directory that belongs to uid; with a mode it gets that, and is made where there is none. */
static int own(int at, const char *name, const char *path, uid_t uid, gid_t gid, mode_t mode,
		int *out, char why[SP_AUDIT_HOME_WHY])
{
	bool fresh = mode != 0 && mkdirat(at, name, 0700) == 0;
	struct stat st;
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || (fresh && fchown(fd, uid, gid) != 0) || fstat(fd, &st) != 0) {
		int rc = system_fail(path, why);
		sp_fd_close(&fd);
		return rc;
	}
	if (st.st_uid != uid) {
		snprintf(why, SP_AUDIT_HOME_WHY,
				"%.200s does not belong to user %u; run: chown -R %u %.200s", path,
				(unsigned)uid, (unsigned)uid, path);
		close(fd);
		return SP_EDENIED;
	}
	if (mode != 0 && (st.st_mode & 0777) != mode && fchmod(fd, mode) != 0) {
		int rc = system_fail(path, why);
		close(fd);
		return rc;
	}
	*out = fd;
	return SP_OK;
}

/* The keeper makes it, which is started at the same time. */
static int keepers_own(const char *path, uid_t keeper, int *out, char why[SP_AUDIT_HOME_WHY])
{
	const struct timespec pause = {0, 20000000};
	int rc = SP_ESYS;

	for (int i = 0; i < 150 && rc != SP_OK; i++) {
		if (i > 0) {
			nanosleep(&pause, NULL);
		}
		rc = own(AT_FDCWD, path, path, keeper, 0, 0, out, why);
	}
	return rc;
}

/*
 * The state directory is the keeper's. The scribe may go through it and not look around in it: by
 * its group, in which nobody else is.
 */
static int let_pass(int state, const char *path, gid_t gid, char why[SP_AUDIT_HOME_WHY])
{
	struct stat st;

	if (fstat(state, &st) != 0) {
		return system_fail(path, why);
	}
	if (st.st_gid == gid && (st.st_mode & 0777) == 0710) {
		return SP_OK;
	}
	if (fchown(state, (uid_t)-1, gid) != 0 || fchmod(state, 0710) != 0) {
		return system_fail(path, why);
	}
	return SP_OK;
}

static int as_root(const char *state, const char *run_as, const char *dir, bool create,
		char why[SP_AUDIT_HOME_WHY])
{
	struct account keeper, scribe;
	int state_fd = -1, fd = -1;
	char text[SP_WHY_MAX];
	int rc = find_both(run_as, &keeper, &scribe, why);

	if (rc == SP_OK && create) {
		rc = keepers_own(state, keeper.uid, &state_fd, why);
		if (rc == SP_OK) {
			rc = own(state_fd, SP_AUDIT_FOLDER, dir, scribe.uid, scribe.gid, 0750, &fd,
					why);
		}
		if (rc == SP_OK) {
			sp_fd_close(&fd);
			rc = own(state_fd, SP_AUDIT_RECORDINGS, SP_AUDIT_RECORDINGS, scribe.uid,
					scribe.gid, 0700, &fd, why);
		}
		if (rc == SP_OK && scribe.uid != keeper.uid) {
			rc = let_pass(state_fd, state, scribe.gid, why);
		}
		sp_fd_close(&state_fd);
		sp_fd_close(&fd);
	}
	if (rc != SP_OK) {
		return rc;
	}
	rc = sp_jail_become(scribe.name, scribe.uid, scribe.gid, text);
	if (rc != SP_OK) {
		snprintf(why, SP_AUDIT_HOME_WHY, "%.60s: %s", scribe.name, text);
	}
	return rc;
}

int sp_audit_home(const char *state, const char *run_as, bool create, char dir[PATH_MAX],
		char why[SP_AUDIT_HOME_WHY])
{
	int n = snprintf(dir, PATH_MAX, "%s/%s", state, SP_AUDIT_FOLDER);

	if (!(0 < n && n < PATH_MAX)) {
		snprintf(why, SP_AUDIT_HOME_WHY, "state directory's name is too long");
		return SP_EARG;
	}
	if (geteuid() == 0 && run_as[0] != '\0') {
		return as_root(state, run_as, dir, create, why);
	}
	if (!create) {
		return SP_OK;
	}
	char recordings[PATH_MAX];

	if ((mkdir(state, 0700) != 0 && errno != EEXIST) ||
			(mkdir(dir, 0700) != 0 && errno != EEXIST)) {
		return system_fail(dir, why);
	}
	n = snprintf(recordings, sizeof(recordings), "%s/" SP_AUDIT_RECORDINGS, state);
	if (!(0 < n && (size_t)n < sizeof(recordings)) ||
			(mkdir(recordings, 0700) != 0 && errno != EEXIST)) {
		return system_fail(recordings, why);
	}
	return SP_OK;
}

/* ---- sp-ship ---- */

static int ship_as_root(
		const char *state, const char *run_as, const char *dir, char why[SP_AUDIT_HOME_WHY])
{
	struct account keeper, scribe, ship;
	int state_fd = -1, fd = -1;
	char text[SP_WHY_MAX];
	int rc = find_both(run_as, &keeper, &scribe, why);

	if (rc == SP_OK && !find(SP_SHIP_ACCOUNT, &ship)) {
		sp_log(SP_LOG_WARN,
				"account " SP_SHIP_ACCOUNT
				" does not exist; run: systemd-sysusers");
		ship = scribe;
	}
	if (rc == SP_OK && ship.uid == 0) {
		snprintf(why, SP_AUDIT_HOME_WHY, "account %.60s is root", ship.name);
		rc = SP_EDENIED;
	}
	if (rc == SP_OK) {
		rc = keepers_own(state, keeper.uid, &state_fd, why);
	}
	if (rc == SP_OK) {
		rc = own(state_fd, SP_SHIP_FOLDER, dir, ship.uid, ship.gid, 0700, &fd, why);
	}
	sp_fd_close(&state_fd);
	sp_fd_close(&fd);
	if (rc == SP_OK) {
		rc = sp_jail_become(ship.name, ship.uid, scribe.gid, text);
		if (rc != SP_OK) {
			snprintf(why, SP_AUDIT_HOME_WHY, "%.60s: %s", ship.name, text);
		}
	}
	return rc;
}

int sp_ship_home(const char *state, const char *run_as, char audit[PATH_MAX], char dir[PATH_MAX],
		char why[SP_AUDIT_HOME_WHY])
{
	int n = snprintf(dir, PATH_MAX, "%s/" SP_SHIP_FOLDER, state);
	int k = snprintf(audit, PATH_MAX, "%s/" SP_AUDIT_FOLDER, state);

	if (!(0 < n && n < PATH_MAX && 0 < k && k < PATH_MAX)) {
		snprintf(why, SP_AUDIT_HOME_WHY, "state directory's name is too long");
		return SP_EARG;
	}
	if (geteuid() == 0 && run_as[0] != '\0') {
		return ship_as_root(state, run_as, dir, why);
	}
	return mkdir(dir, 0700) == 0 || errno == EEXIST ? SP_OK : system_fail(dir, why);
}
