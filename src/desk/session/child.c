/* desk/session/child.c - see child.h. */
#include "desk/session/child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/err.h"

#define MAX_DESCENDANTS 512

/* A process is known by its number and its start, because numbers come back. */
struct proc {
	pid_t pid, parent, session;
	unsigned long long start;
};

uint64_t sp_child_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void child_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++) {
		signal(sig, SIG_DFL);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

sp_noreturn static void child_main(const struct sp_child_opts *o, pid_t parent)
{
	child_signals();
	setsid();
	if (o->die_with_us) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent) {
			_exit(127);
		}
	}
	int null = open("/dev/null", O_RDWR);
	int log = o->log ? open(o->log, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600) : -1;
	int out = log >= 0 ? log : null;

	/* The descriptor to pass may itself sit at 0..2 or 3: lift it out of the way first. */
	int pass = o->pass_fd >= 0 ? fcntl(o->pass_fd, F_DUPFD, 10) : -1;

	out = fcntl(out, F_DUPFD, 10);
	if (null < 0 || out < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0) {
		_exit(127);
	}
	if (pass >= 0) {
		if (dup2(pass, 3) < 0) {
			_exit(127);
		}
		close_range(4, ~0U, 0);
	} else {
		close_range(3, ~0U, 0);
	}
	if (chdir(o->cwd ? o->cwd : "/") != 0 && chdir("/") != 0) {
		_exit(127);
	}
	execve(o->path, (char *const *)o->argv, o->envp ? o->envp : environ);
	dprintf(2, "%s: %s\n", o->path, strerror(errno));
	_exit(127);
}

int sp_child_start(const struct sp_child_opts *opts, struct sp_child *out)
{
	pid_t parent = getpid();

	*out = (struct sp_child){.fd = -1};
	pid_t pid = fork();
	if (pid < 0) {
		return SP_ESYS;
	}
	if (pid == 0) {
		child_main(opts, parent);
	}
	out->pid = pid;
	out->fd = (int)syscall(SYS_pidfd_open, pid, 0);
	return SP_OK;
}

bool sp_child_alive(struct sp_child *c)
{
	if (c->pid == 0 || c->ended) {
		return false;
	}
	siginfo_t info = {0};

	/* Left unreaped until sp_child_end(), so that its number cannot become another's. */
	if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
		c->status = -1;
		c->ended = errno != EINTR;
		return !c->ended;
	}
	if (info.si_pid == 0) {
		return true;
	}
	c->status = info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status;
	c->ended = true;
	return false;
}

/* Sleeps until the child ends, but at most ms. */
static void nap(const struct sp_child *c, uint64_t ms)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	int most = c->fd >= 0 ? 1000 : 10;

	poll(&p, c->fd >= 0 ? 1 : 0, ms < (uint64_t)most ? (int)ms : most);
}

int sp_child_wait(struct sp_child *c, uint32_t ms)
{
	uint64_t end = sp_child_now() + ms;

	while (sp_child_alive(c)) {
		uint64_t now = sp_child_now();

		if (now >= end) {
			return SP_ETIMEOUT;
		}
		nap(c, end - now);
	}
	return SP_OK;
}

static bool proc_read(pid_t pid, struct proc *out)
{
	char path[64], text[512];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return false;
	}
	ssize_t got = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (got <= 0) {
		return false;
	}
	text[got] = 0;

	/* The name, in brackets, may hold anything; the fields follow the last bracket. */
	char *p = strrchr(text, ')');
	int parent, session;

	/* Fields 4 (ppid), 6 (session) and 22 (starttime); behind the bracket stands field 3. */
	if (!p ||
			sscanf(p + 1,
					" %*c %d %*d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d "
					"%*d %*d"
					" %*d %*d %*d %llu",
					&parent, &session, &out->start) != 3) {
		return false;
	}
	out->pid = pid;
	out->parent = parent;
	out->session = session;
	return true;
}

static size_t all_processes(struct proc *out, size_t max)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	size_t n = 0;

	if (!dir) {
		return 0;
	}
	while (n < max && (e = readdir(dir))) {
		char *end;
		long pid = strtol(e->d_name, &end, 10);

		if (*end == 0 && pid > 0 && proc_read((pid_t)pid, &out[n])) {
			n++;
		}
	}
	closedir(dir);
	return n;
}

static bool has(const struct proc *list, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i].pid == pid) {
			return true;
		}
	}
	return false;
}

/* Descendants of root and what else runs in its session; root not among them. */
static size_t descendants(pid_t root, struct proc *out, size_t max)
{
	size_t cap = 8192, n = 0;
	struct proc *all = calloc(cap, sizeof(*all));

	if (!all) {
		return 0;
	}
	size_t count = all_processes(all, cap);
	for (size_t at = 0; at <= n; at++) {
		pid_t parent = at == 0 ? root : out[at - 1].pid;

		for (size_t i = 0; i < count && n < max; i++) {
			bool in = all[i].parent == parent ||
					(at == 0 && all[i].session == root && all[i].pid != root);

			if (in && !has(out, n, all[i].pid)) {
				out[n++] = all[i];
			}
		}
	}
	free(all);
	return n;
}

static bool same_process(const struct proc *p)
{
	struct proc now;

	return proc_read(p->pid, &now) && now.start == p->start;
}

static void signal_all(const struct sp_child *c, const struct proc *below, size_t n, int sig)
{
	kill(-c->pid, sig);
	for (size_t i = 0; i < n; i++) {
		if (same_process(&below[i])) {
			kill(below[i].pid, sig);
		}
	}
}

void sp_child_end(struct sp_child *c, uint32_t grace_ms)
{
	struct proc below[MAX_DESCENDANTS];

	if (c->pid == 0) {
		return;
	}
	size_t n = descendants(c->pid, below, MAX_DESCENDANTS);

	signal_all(c, below, n, SIGHUP);
	signal_all(c, below, n, SIGTERM);
	if (sp_child_wait(c, grace_ms) != SP_OK) {
		kill(c->pid, SIGKILL);
		if (sp_child_wait(c, 1000) != SP_OK) {
			c->status = -1;
			c->ended = true;
		}
	}
	signal_all(c, below, n, SIGKILL);
	waitpid(c->pid, NULL, WNOHANG);
	if (c->fd >= 0) {
		close(c->fd);
	}
	c->fd = -1;
	c->pid = 0;
}

int sp_child_find(const char *name, const char *path, char *out, size_t n)
{
	if (!path) {
		path = getenv("PATH");
	}
	if (!path || !*path) {
		path = "/usr/local/bin:/usr/bin:/bin";
	}
	while (*path) {
		size_t len = strcspn(path, ":");
		struct stat st;

		if (len > 0) {
			int need = snprintf(out, n, "%.*s/%s", (int)len, path, name);

			if (need > 0 && (size_t)need < n && access(out, X_OK) == 0 &&
					stat(out, &st) == 0 && S_ISREG(st.st_mode)) {
				return SP_OK;
			}
		}
		path += len;
		path += *path == ':';
	}
	return SP_ENOTFOUND;
}

void sp_child_text(const struct sp_child *c, char *out, size_t n)
{
	if (!c->ended) {
		snprintf(out, n, "still runs");
	} else if (c->status == -1) {
		snprintf(out, n, "has ended");
	} else if (WIFSIGNALED(c->status)) {
		snprintf(out, n, "was killed by signal %d", WTERMSIG(c->status));
	} else {
		snprintf(out, n, "ended with status %d", WEXITSTATUS(c->status));
	}
}

int sp_child_line(struct sp_child *c, int fd, uint32_t ms, char *out, size_t n)
{
	uint64_t end = sp_child_now() + ms;
	size_t have = 0;

	while (have + 1 < n) {
		uint64_t now = sp_child_now();
		struct pollfd p[2] = {
				{.fd = fd, .events = POLLIN}, {.fd = c->fd, .events = POLLIN}};

		if (now >= end) {
			return SP_ETIMEOUT;
		}
		if (poll(p, 2, (int)(end - now)) < 0 && errno != EINTR) {
			return SP_ESYS;
		}
		if (p[0].revents) {
			ssize_t got = read(fd, out + have, 1);

			if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
				continue;
			}
			if (got <= 0) {
				return SP_ECLOSED;
			}
			if (out[have] == '\n') {
				out[have] = 0;
				return SP_OK;
			}
			have++;
		} else if (p[1].revents && !sp_child_alive(c)) {
			return SP_ECLOSED;
		}
	}
	return SP_ELIMIT;
}
