/* desk/broker/room.c - see room.h. */
#include "desk/broker/room.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"

#define RUN_DIR "/run/sallyport"
#define NAME "desk-XXXXXX"
/* The longest that stands below: a session bus's socket within the runtime directory. */
#define MAX_BASE 60
#define MAX_DEPTH 32

/* Ours, and nobody else can put something there. */
static bool safe_base(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
			(st.st_mode & 022) == 0;
}

static bool run_base(char path[SP_ROOM_PATH])
{
	if (mkdir(RUN_DIR, 0755) != 0 && errno != EEXIST) {
		return false;
	}
	snprintf(path, SP_ROOM_PATH, "%s/%s", RUN_DIR, NAME);
	return safe_base(RUN_DIR);
}

static bool state_base(const char *state, char path[SP_ROOM_PATH])
{
	char full[PATH_MAX];

	if (!state[0] || !realpath(state, full) || strlen(full) > MAX_BASE || !safe_base(full)) {
		return false;
	}
	snprintf(path, SP_ROOM_PATH, "%.*s/%s", MAX_BASE, full, NAME);
	return true;
}

int sp_room_make(const char *state, const struct sp_account *a, char path[SP_ROOM_PATH], char *why,
		size_t n)
{
	if (a->become) {
		if (!run_base(path)) {
			snprintf(why, n, "%s cannot be used: %s", RUN_DIR, strerror(errno));
			return SP_ESYS;
		}
	} else if (!state_base(state, path)) {
		snprintf(path, SP_ROOM_PATH, "/tmp/sallyport-%s", NAME);
	}
	if (!mkdtemp(path)) {
		snprintf(why, n, "no directory for the session: %s", strerror(errno));
		return SP_ESYS;
	}
	if (a->become && chown(path, a->uid, a->gid) != 0) {
		snprintf(why, n, "session directory not given away: %s", strerror(errno));
		rmdir(path);
		return SP_ESYS;
	}
	return SP_OK;
}

/*
 * A folder, not through a link and not into what is mounted there: a file system of the user's own
 * would answer us when it likes.
 */
static int enter(int fd, const char *name)
{
	struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
			.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS};

	return (int)syscall(SYS_openat2, fd, name, &how, sizeof(how));
}

/* Takes fd. */
static void empty(int fd, unsigned depth)
{
	DIR *d = fdopendir(fd);
	const struct dirent *e;

	if (!d) {
		close(fd);
		return;
	}
	while ((e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
				unlinkat(fd, e->d_name, 0) == 0 || depth == 0) {
			continue;
		}
		int sub = enter(fd, e->d_name);
		if (sub >= 0) {
			empty(sub, depth - 1);
			unlinkat(fd, e->d_name, AT_REMOVEDIR);
		}
	}
	closedir(d);
}

void sp_room_remove(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0) {
		return;
	}
	empty(fd, MAX_DEPTH);
	if (rmdir(path) != 0) {
		sp_log(SP_LOG_WARN, "%s cannot be removed: %s", path, strerror(errno));
	}
}
