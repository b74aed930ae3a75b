/* desk/session/mount.c - see mount.h. */
#include "desk/session/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "desk/session/child.h"
#include "host/io/fdio.h"

#define DEVICE "/dev/fuse"
#define HELPER "fusermount3"
#define OPTIONS "nosuid,nodev,fsname=sallyport,subtype=sallyport"
#define CHECKED OPTIONS ",default_permissions"
#define MAX_PATH 512
#define MAX_NAMES 8 /* desktops of one user that have a mount at once */
#define MAX_STALE 8 /* mounts upon one another */
#define HELPER_MS 5000
#define ROUND 32 /* requests read in one turn, so that the session has its turn too */

struct sp_mount {
	struct sp_loop *loop;
	struct sp_mount_conf conf;
	struct fuse_session *se;
	struct fuse_buf buf; /* libfuse's memory */
	struct sp_watch *watch;
	bool mounted, lost;
	int lock; /* held while we live: whoever gets it knows that what is mounted is stale */
	char path[MAX_PATH];
};

/* What libfuse said last: it knows why a mount failed, and tells only its log. */
static char last_words[SP_WHY_MAX];

static void sp_printf(2, 0) on_fuse_log(enum fuse_log_level level, const char *fmt, va_list ap)
{
	vsnprintf(last_words, sizeof(last_words), fmt, ap);
	last_words[strcspn(last_words, "\n")] = 0;
	sp_log(SP_LOG_DEBUG, "fuse: %s", last_words);
}

/* ---- what a predecessor left ---- */

/* Whether the fifth field of the line is the path, where blanks and their like stand as \040. */
static bool line_mounts(const char *line, const char *path)
{
	for (int field = 0; field < 4; field++) {
		line = strchr(line, ' ');
		if (!line) {
			return false;
		}
		line++;
	}
	for (; *path; path++) {
		unsigned char c = (unsigned char)*line;

		if (c == '\\' && strspn(line + 1, "01234567") >= 3) {
			c = (unsigned char)((line[1] - '0') * 64 + (line[2] - '0') * 8 +
					(line[3] - '0'));
			line += 3;
		}
		if (c != (unsigned char)*path) {
			return false;
		}
		line++;
	}
	return *line == ' ';
}

/* By the kernel's list: a look at the path itself might wait for whoever serves it. */
static bool is_mounted(const char *path)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t cap = 0;
	bool found = false;

	while (f && !found && getline(&line, &cap, f) > 0) {
		found = line_mounts(line, path);
	}
	free(line);
	if (f) {
		fclose(f);
	}
	return found;
}

static int run_helper(const char *path)
{
	char helper[MAX_PATH];
	const char *argv[] = {HELPER, "-u", "-z", "-q", "--", path, NULL};
	struct sp_child_opts opts = {.path = helper, .argv = argv, .pass_fd = -1};
	struct sp_child child;

	int rc = sp_child_find(HELPER, NULL, helper, sizeof(helper));
	if (rc == SP_OK) {
		rc = sp_child_start(&opts, &child);
	}
	if (rc != SP_OK) {
		return rc;
	}
	rc = sp_child_wait(&child, HELPER_MS);
	if (rc == SP_OK && child.status != 0) {
		rc = SP_ESYS;
	}
	sp_child_end(&child, 0);
	return rc;
}

static int unmount_stale(const char *path)
{
	for (int i = 0; i < MAX_STALE && is_mounted(path); i++) {
		int rc = SP_OK;

		sp_log(SP_LOG_DEBUG, "mount %s: a dead predecessor's is removed", path);
		if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) != 0) {
			rc = run_helper(path);
		}
		if (rc != SP_OK) {
			return rc;
		}
	}
	return is_mounted(path) ? SP_ESYS : SP_OK;
}

/* ---- the place ---- */

static bool is_ours(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

static int make_dir(const char *path)
{
	return mkdir(path, 0700) == 0 || (errno == EEXIST && is_ours(path)) ? SP_OK : SP_ESYS;
}

/* Takes the lock of one name; SP_ESTATE when a living process has it. */
static int lock_place(struct sp_mount *m, const char *dir, const char *name)
{
	char path[MAX_PATH];
	int n = snprintf(path, sizeof(path), "%s/%s.lock", dir, name);

	if (!(n > 0 && (size_t)n < sizeof(path))) {
		return SP_ELIMIT;
	}
	m->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (m->lock < 0) {
		return SP_ESYS;
	}
	if (flock(m->lock, LOCK_EX | LOCK_NB) != 0) {
		sp_fd_close(&m->lock);
		return SP_ESTATE;
	}
	return SP_OK;
}

static int find_place(struct sp_mount *m, char *why)
{
	char dir[MAX_PATH - 64];
	char name[64];
	int n = snprintf(dir, sizeof(dir), "%s/sallyport", m->conf.base);
	int rc = SP_ESTATE;

	if (!(n > 0 && (size_t)n < sizeof(dir)) || strlen(m->conf.name) > sizeof(name) / 2) {
		snprintf(why, SP_WHY_MAX, "the path of the mount is too long");
		return SP_ELIMIT;
	}
	if (make_dir(dir) != SP_OK) {
		snprintf(why, SP_WHY_MAX, "no directory %.150s of ours: %s", dir, strerror(errno));
		return SP_ESYS;
	}
	for (int i = 1; i <= MAX_NAMES && rc == SP_ESTATE; i++) {
		snprintf(name, sizeof(name), i == 1 ? "%s" : "%s-%d", m->conf.name, i);
		rc = lock_place(m, dir, name);
	}
	if (rc != SP_OK) {
		snprintf(why, SP_WHY_MAX, "no place for a mount in %.150s: %s", dir,
				rc == SP_ESYS ? strerror(errno) : "other desktops have them all");
		return rc;
	}
	snprintf(m->path, sizeof(m->path), "%s/%s", dir, name);
	rc = unmount_stale(m->path);
	if (rc != SP_OK) {
		snprintf(why, SP_WHY_MAX, "%.150s is still mounted and cannot be unmounted",
				m->path);
		return rc;
	}
	if (make_dir(m->path) != SP_OK) {
		snprintf(why, SP_WHY_MAX, "no directory %.150s: %s", m->path, strerror(errno));
		return SP_ESYS;
	}
	return SP_OK;
}

/* ---- requests ---- */

static void on_readable(void *user, unsigned events)
{
	struct sp_mount *m = user;
	int n = 1;

	for (int i = 0; i < ROUND && n > 0 && !fuse_session_exited(m->se); i++) {
		n = fuse_session_receive_buf(m->se, &m->buf);
		if (n > 0) {
			fuse_session_process_buf(m->se, &m->buf);
		}
	}
	if (n > 0 || n == -EAGAIN || n == -EINTR) {
		return;
	}
	sp_watch_remove(m->watch);
	m->watch = NULL;
	m->lost = true;
	sp_log(SP_LOG_DEBUG, "mount %s: unmounted by somebody else", m->path);
	if (m->conf.lost) {
		m->conf.lost(m->conf.user);
	}
}

/* ---- life ---- */

static int look_for_fuse(char *why)
{
	char helper[MAX_PATH];

	if (access(DEVICE, R_OK | W_OK) != 0) {
		snprintf(why, SP_WHY_MAX, DEVICE ": %s", strerror(errno));
		return SP_ENOTFOUND;
	}
	if (geteuid() != 0 && sp_child_find(HELPER, NULL, helper, sizeof(helper)) != SP_OK) {
		snprintf(why, SP_WHY_MAX, "no program " HELPER " (package fuse3)");
		return SP_ENOTFOUND;
	}
	return SP_OK;
}

static int open_session(struct sp_mount *m, char *why)
{
	char name[] = "sallyport", option[] = "-o", options[] = CHECKED;
	char *argv[] = {name, option, options, NULL};
	struct fuse_args args = FUSE_ARGS_INIT(3, argv);

	if (m->conf.unchecked) {
		options[sizeof(OPTIONS) - 1] = 0;
	}
	fuse_set_log_func(on_fuse_log);
	last_words[0] = 0;
	m->se = fuse_session_new(&args, m->conf.ops, sizeof(*m->conf.ops), m->conf.user);
	fuse_opt_free_args(&args);
	if (!m->se) {
		snprintf(why, SP_WHY_MAX, "libfuse: %.200s", last_words);
		return SP_ENOMEM;
	}
	if (fuse_session_mount(m->se, m->path) != 0) {
		snprintf(why, SP_WHY_MAX, "%.100s: %.150s", m->path,
				last_words[0] ? last_words : HELPER " refused it");
		return SP_ESYS;
	}
	m->mounted = true;
	int fd = fuse_session_fd(m->se);
	int rc = sp_fd_nonblock(fd, true);
	if (rc == SP_OK) {
		m->watch = sp_loop_fd(m->loop, fd, SP_LOOP_READ, on_readable, m);
		rc = m->watch ? SP_OK : SP_ENOMEM;
	}
	if (rc != SP_OK) {
		snprintf(why, SP_WHY_MAX, "%.200s: %s", m->path, sp_err_text(rc));
	}
	return rc;
}

int sp_mount_create(struct sp_loop *loop, const struct sp_mount_conf *conf, struct sp_mount **out,
		char *why)
{
	*out = NULL;
	int rc = look_for_fuse(why);
	if (rc != SP_OK) {
		return rc;
	}
	struct sp_mount *m = sp_calloc(1, sizeof(*m));
	if (!m) {
		snprintf(why, SP_WHY_MAX, "%s", sp_err_text(SP_ENOMEM));
		return SP_ENOMEM;
	}
	m->loop = loop;
	m->conf = *conf;
	m->lock = -1;
	rc = find_place(m, why);
	if (rc == SP_OK) {
		rc = open_session(m, why);
	}
	if (rc != SP_OK) {
		sp_mount_destroy(m);
		return rc;
	}
	*out = m;
	return SP_OK;
}

void sp_mount_destroy(struct sp_mount *m)
{
	if (!m) {
		return;
	}
	sp_watch_remove(m->watch);
	if (m->mounted) {
		/* It closes the device first, so that nobody waits for us any more, then detaches. */
		fuse_session_unmount(m->se);
	}
	if (m->se) {
		fuse_session_destroy(m->se);
	}
	free(m->buf.mem);
	if (m->lock >= 0 && m->path[0]) {
		rmdir(m->path);
	}
	sp_fd_close(&m->lock);
	sp_free(m);
}

const char *sp_mount_path(const struct sp_mount *m)
{
	return m->path;
}

bool sp_mount_alive(const struct sp_mount *m)
{
	return !m->lost;
}

void sp_mount_pause(struct sp_mount *m, bool paused)
{
	if (m->watch) {
		sp_watch_want(m->watch, paused ? 0 : SP_LOOP_READ);
	}
}
