/* host/io/proc.c - see proc.h. */
#include "host/io/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/err.h"
#include "host/io/loop.h"

/* All descriptors are first moved up here, out of the way of the numbers they are to get. */
#define ASIDE 64

static bool put_fd(int from, int to, bool cloexec)
{
	return dup3(from, to, cloexec ? O_CLOEXEC : 0) == to;
}

static bool place_fds(const struct sp_proc_spec *s, int report)
{
	int out = s->own_output ? 1 : s->out, err = s->own_output ? 2 : s->err;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int aside[SP_PROC_FDS + 4];
	int from[SP_PROC_FDS + 4] = {null, out >= 0 ? out : null, err >= 0 ? err : null};
	size_t n = 3;

	for (size_t i = 0; i < s->nfds; i++) {
		from[n++] = s->fds[i];
	}
	from[n++] = report;
	for (size_t i = 0; i < n; i++) {
		aside[i] = fcntl(from[i], F_DUPFD_CLOEXEC, ASIDE);
		if (aside[i] < 0) {
			return false;
		}
	}
	/* The pipe that reports a failed exec comes last and closes itself when exec works. */
	for (size_t i = 0; i < n; i++) {
		if (!put_fd(aside[i], (int)i, i == n - 1)) {
			return false;
		}
	}
	return close_range((unsigned)n, ~0u, 0) == 0;
}

static bool reset_signals(void)
{
	sigset_t none;

	for (int s = 1; s < NSIG; s++) {
		signal(s, SIG_DFL); /* those that cannot be changed stay */
	}
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL) == 0;
}

static bool limit_files(unsigned files)
{
	struct rlimit l;

	if (files == 0 || getrlimit(RLIMIT_NOFILE, &l) < 0) {
		return files == 0;
	}
	l.rlim_cur = files < l.rlim_max ? files : l.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &l) == 0;
}

/* In the child, after fork: only what is safe there. */
static sp_noreturn void become(const struct sp_proc_spec *s, int report, pid_t parent)
{
	static const char *const empty[] = {NULL};
	const char *const *env = s->env ? s->env : empty;
	int aside = fcntl(report, F_DUPFD_CLOEXEC, ASIDE);
	int at = SP_PROC_FD0 + (int)s->nfds; /* where place_fds puts the pipe */
	int err;

	if (aside < 0 || !place_fds(s, aside)) {
		err = errno;
		at = aside;
	} else if ((s->new_session && setsid() < 0) || chdir(s->dir ? s->dir : "/") < 0 ||
			!reset_signals() || !limit_files(s->files)) {
		err = errno;
	} else if (s->death_signal && prctl(PR_SET_PDEATHSIG, s->death_signal) < 0) {
		err = errno;
	} else if (s->death_signal && getppid() != parent) {
		_exit(127); /* it died before it could be noticed */
	} else {
		execve(s->path, (char *const *)(uintptr_t)s->argv, (char *const *)(uintptr_t)env);
		err = errno;
	}
	ssize_t n = write(at, &err, sizeof(err));
	_exit(n > 0 ? 127 : 126);
}

int sp_proc_start(const struct sp_proc_spec *s, pid_t *pid, char why[SP_WHY_MAX])
{
	int report[2], err = 0;
	pid_t me = getpid();

	*pid = -1;
	if (!(s->nfds <= SP_PROC_FDS)) {
		snprintf(why, SP_WHY_MAX, "cannot start %.150s: too many descriptors", s->path);
		return SP_EARG;
	}
	if (pipe2(report, O_CLOEXEC) < 0) {
		snprintf(why, SP_WHY_MAX, "cannot start %.150s: %s", s->path, strerror(errno));
		return SP_ESYS;
	}
	pid_t child = fork();
	if (child == 0) {
		become(s, report[1], me);
	}
	if (child < 0) {
		err = errno;
	}
	sp_fd_close(&report[1]);
	while (child > 0 && read(report[0], &err, sizeof(err)) < 0 && errno == EINTR) {
		continue;
	}
	sp_fd_close(&report[0]);
	if (err != 0) {
		if (child > 0) {
			waitpid(child, NULL, 0);
		}
		snprintf(why, SP_WHY_MAX, "cannot start %.150s: %s", s->path, strerror(err));
		errno = err;
		return SP_ESYS;
	}
	*pid = child;
	return SP_OK;
}

int sp_proc_reap(pid_t pid, uint64_t deadline_us, int *status)
{
	struct timespec pause = {0, 1000000};
	bool killed = false;

	for (;;) {
		pid_t got = waitpid(pid, status, killed ? 0 : WNOHANG);

		if (got == pid) {
			return SP_OK;
		}
		if (got < 0 && errno != EINTR) {
			return SP_ESYS;
		}
		if (!killed && sp_now_us() >= deadline_us) {
			kill(pid, SIGKILL);
			killed = true;
		} else if (!killed) {
			nanosleep(&pause, NULL);
		}
	}
}

void sp_proc_status_text(int status, char *out, size_t cap)
{
	if (WIFSIGNALED(status)) {
		snprintf(out, cap, "killed by signal %d (%s)", WTERMSIG(status),
				strsignal(WTERMSIG(status)));
	} else {
		snprintf(out, cap, "exited with status %d", WEXITSTATUS(status));
	}
}

static bool runnable(char *out, size_t cap, const char *dir, int dir_n, const char *name)
{
	int n = snprintf(out, cap, "%.*s/%s", dir_n, dir, name);

	return n > 0 && (size_t)n < cap && access(out, X_OK) == 0;
}

int sp_proc_find(const char *name, char *out, size_t cap)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0) {
		self[n] = 0;
		char *slash = strrchr(self, '/');
		int bin = slash ? (int)(slash - self) : 0;
		if (runnable(out, cap, self, bin, name)) {
			return SP_OK;
		}
		/* bin/sallyport and libexec/sallyport/NAME are children of one directory. */
		while (bin > 0 && self[--bin] != '/') {
			continue;
		}
		char libexec[PATH_MAX + 32];
		snprintf(libexec, sizeof(libexec), "%.*s/libexec/sallyport", bin, self);
		if (runnable(out, cap, libexec, (int)strlen(libexec), name)) {
			return SP_OK;
		}
	}
	return runnable(out, cap, SP_LIBEXECDIR, (int)strlen(SP_LIBEXECDIR), name) ? SP_OK
										   : SP_ENOTFOUND;
}
