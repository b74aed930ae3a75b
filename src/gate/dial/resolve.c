/* gate/dial/resolve.c - see resolve.h. */
#include "gate/dial/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "host/io/fdio.h"

/* What a child says; small enough to be written at once. It has read hostile bytes. */
struct report {
	int32_t error; /* EAI_*, 0 */
	uint32_t n; /* INVARIANT: n <= SP_RESOLVE_MAX */
	struct sp_addr addr[SP_RESOLVE_MAX];
};

_Static_assert(sizeof(struct report) <= PIPE_BUF, "a pipe takes it whole");

struct resolve {
	struct sp_watch *child;
	int pipe;
	uint16_t port;
	uint64_t deadline_us;
	sp_resolve_fn fn;
	void *user;
};

/* ---- in the child ---- */

/* The files of the resolver as they are now, and nothing else. */
static bool lock_in(void)
{
	static const char *const files[] = {"/etc/resolv.conf", "/etc/hosts", "/etc/host.conf",
			"/etc/gai.conf", "/etc/nsswitch.conf"};
	struct sp_jail_path paths[SP_LEN(files)];
	char why[SP_WHY_MAX];
	size_t n = 0;

	for (size_t i = 0; i < SP_LEN(files); i++) {
		if (access(files[i], R_OK) == 0) {
			paths[n++] = (struct sp_jail_path){.path = files[i]};
		}
	}
	return sp_jail_resolver(paths, n, why) == SP_OK;
}

static void look_up(const char *host, struct report *r)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;

	r->error = getaddrinfo(host, NULL, &hints, &list);
	if (r->error != 0) {
		return;
	}
	for (struct addrinfo *ai = list; ai && r->n < SP_RESOLVE_MAX; ai = ai->ai_next) {
		struct sp_addr *a = &r->addr[r->n];

		if (ai->ai_family == AF_INET || ai->ai_family == AF_INET6) {
			memcpy(&a->u, ai->ai_addr, ai->ai_addrlen);
			a->n = ai->ai_addrlen;
			r->n++;
		}
	}
	freeaddrinfo(list);
}

static sp_noreturn void work(const char *host, uint64_t deadline_us, int to, pid_t parent)
{
	static struct report r;
	uint64_t now = sp_now_us();
	uint64_t left = deadline_us > now ? deadline_us - now : 1;
	struct itimerval limit = {
			.it_value = {(time_t)(left / 1000000), (suseconds_t)(left % 1000000)}};

	/* The last descriptor of the parent's that stays is the log. */
	if (setitimer(ITIMER_REAL, &limit, NULL) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ||
			getppid() != parent || (to != 3 && dup3(to, 3, O_CLOEXEC) != 3) ||
			close_range(4, ~0u, 0) < 0 || !lock_in()) {
		_exit(1);
	}
	look_up(host, &r);
	_exit(write(3, &r, sizeof(r)) == sizeof(r) ? 0 : 1);
}

/* ---- the child's parent ---- */

static const char *error_text(int error)
{
	switch (error) {
	case EAI_NONAME:
	case EAI_NODATA:
	case EAI_ADDRFAMILY:
		return "no such host";
	case EAI_AGAIN:
	case EAI_FAIL:
		return "the name cannot be looked up: no name server answers";
	default:
		return "the name cannot be looked up";
	}
}

/* Takes the addresses that are some, and gives them the port that was asked for. */
static size_t checked(struct report *r, uint16_t port)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		struct sp_addr *a = &r->addr[i];

		if (a->u.ss.ss_family == AF_INET && a->n == sizeof(a->u.v4)) {
			a->u.v4.sin_port = htons(port);
		} else if (a->u.ss.ss_family == AF_INET6 && a->n == sizeof(a->u.v6)) {
			a->u.v6.sin6_port = htons(port);
		} else {
			continue;
		}
		if (n < i) {
			r->addr[n] = *a;
		}
		n++;
	}
	return n;
}

static void on_child(void *user, pid_t pid, int status)
{
	struct resolve *q = user;
	struct report r = {0};
	const char *text = "the name cannot be looked up";
	bool whole = read(q->pipe, &r, sizeof(r)) == sizeof(r) && r.n <= SP_RESOLVE_MAX;
	size_t n = whole && r.error == 0 ? checked(&r, q->port) : 0;

	if (whole && (r.error != 0 || n == 0)) {
		text = error_text(r.error != 0 ? r.error : EAI_NODATA);
	} else if (!whole && WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
		text = error_text(EAI_AGAIN);
	} else if (!whole) {
		sp_log(SP_LOG_ERROR, "a resolver ended with %s %d",
				WIFSIGNALED(status) ? "signal" : "status",
				WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	}
	sp_watch_remove(q->child);
	sp_fd_close(&q->pipe);
	q->fn(q->user, r.addr, n, n > 0 ? "" : text);
	sp_free(q);
}

int sp_resolve_start(struct sp_loop *l, const char *host, uint16_t port, uint64_t deadline_us,
		sp_resolve_fn fn, void *user)
{
	struct resolve *q = sp_calloc(1, sizeof(*q));
	pid_t me = getpid(), pid = -1;
	int ends[2] = {-1, -1};

	if (!q || pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) {
		sp_free(q);
		return SP_ESYS;
	}
	*q = (struct resolve){.pipe = ends[0],
			.port = port,
			.deadline_us = deadline_us,
			.fn = fn,
			.user = user};
	pid = fork();
	if (pid == 0) {
		work(host, deadline_us, ends[1], me);
	}
	close(ends[1]);
	q->child = pid > 0 ? sp_loop_child(l, pid, on_child, q) : NULL;
	if (!q->child) {
		/* One that runs without being watched ends by itself; nobody takes its place. */
		close(ends[0]);
		sp_free(q);
		return SP_ESYS;
	}
	return SP_OK;
}
