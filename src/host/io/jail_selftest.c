/* host/io/jail_selftest.c - tries in probes what a jail must not allow; see jail.h. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "host/io/jail.h"
#include "host/io/jail_seccomp.h"

/* A probe that only enters must live, else the deaths of the others would mean nothing. */
static bool try_nothing(int sock)
{
	(void)sock;
	return true;
}

/* Each of these returns true when it got what it must not get. */

static bool try_open(int sock)
{
	(void)sock;
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0;
}

static bool try_open_program(int sock)
{
	(void)sock;
	return open("/bin/sh", O_RDONLY | O_CLOEXEC) >= 0;
}

static bool try_create(int sock)
{
	(void)sock;
	return open("/tmp/sallyport-probe", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) >= 0;
}

static bool try_socket(int sock)
{
	(void)sock;
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0;
}

static bool try_connect(int sock)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in v4;
	} a = {.v4 = {.sin_family = AF_INET,
			       .sin_port = htons(9),
			       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};

	/* That nobody listens there would be an answer from outside as well. */
	return connect(sock, &a.sa, sizeof(a)) == 0 || errno == ECONNREFUSED;
}

static bool try_listen(int sock)
{
	return listen(sock, 1) == 0;
}

static bool try_fork(int sock)
{
	(void)sock;
	pid_t pid = fork();

	if (pid == 0) {
		_exit(0);
	}
	return pid > 0;
}

static bool try_execve(int sock)
{
	char *argv[] = {(char[]){"true"}, NULL}, *env[] = {NULL};

	(void)sock;
	/* Success is not seen here: the program that runs then ends with 0, as PROBE_GOT. */
	execve("/bin/true", argv, env);
	return false;
}

static bool try_ptrace(int sock)
{
	(void)sock;
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0;
}

static bool try_kill(int sock)
{
	(void)sock;
	return kill(getppid(), 0) == 0;
}

static bool try_exec_memory(int sock)
{
	(void)sock;
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			       0) != MAP_FAILED;
}

static bool try_exec_protect(int sock)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)sock;
	return p != MAP_FAILED && mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0;
}

#ifdef __x86_64__
static bool try_x32(int sock)
{
	(void)sock;
	return syscall(0x40000000 | SYS_getpid) > 0;
}
#endif

/* What a probe's exit status says; anything else, a death above all, is a refusal. */
#define PROBE_GOT 0
#define PROBE_REFUSED 10
#define PROBE_NO_JAIL 11

static const struct attempt {
	const char *name;
	bool (*attempt)(int sock);
	bool by_path; /* for a class that uses files, only Landlock can refuse it */
	bool dials; /* is what DIAL is for */
	bool probes; /* is what PROBE is for */
} attempts[] = {
		{"open", try_open, true, true},
		{"open a program", try_open_program, true},
		{"create", try_create, true},
		{"socket", try_socket, false, true, true},
		{"connect", try_connect, false, true, true},
		{"listen", try_listen},
		{"fork", try_fork, false, true},
		{"execve", try_execve},
		{"ptrace", try_ptrace},
		{"kill", try_kill},
		{"executable memory", try_exec_memory},
		{"memory made executable", try_exec_protect},
#ifdef __x86_64__
		{"x32 call", try_x32},
#endif
};

static sp_noreturn void probe(const struct sp_jail_spec *s, const struct attempt *a)
{
	struct sp_jail_report r;
	char why[SP_WHY_MAX];
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* The kernel's note of a killed probe is wanted, the probe's own words are not. */
	if (null < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 ||
			sp_jail_enter(s, &r, why) != SP_OK) {
		_exit(PROBE_NO_JAIL);
	}
	bool opens = s->class == SP_JAIL_KEEPER || s->class == SP_JAIL_DIAL ||
			s->class == SP_JAIL_SHIP || s->class == SP_JAIL_SHIP_NET;
	if (a->by_path && opens && r.landlock == 0) {
		_exit(PROBE_REFUSED); /* the report says that there is no Landlock */
	}
	_exit(a->attempt(sock) ? PROBE_GOT : PROBE_REFUSED);
}

/* The status of one probe, or -1. */
static int run_probe(const struct sp_jail_spec *s, const struct attempt *a)
{
	int status;
	pid_t got, pid = fork();

	if (pid == 0) {
		probe(s, a);
	}
	do {
		got = pid > 0 ? waitpid(pid, &status, 0) : -1;
	} while (got < 0 && pid > 0 && errno == EINTR);
	return got == pid && pid > 0 ? status : -1;
}

int sp_jail_selftest(const struct sp_jail_spec *s, char failed[SP_WHY_MAX])
{
	int rc = SP_OK;

	failed[0] = 0;
	if (SP_JAIL_SANITIZER) {
		snprintf(failed, SP_WHY_MAX, "not tested: a sanitizer build has no seccomp");
		return SP_OK;
	}
	if (s->class == SP_JAIL_PARENT || s->class == SP_JAIL_SHIP_MAIN) {
		return SP_EARG;
	}
	static const struct attempt control = {"nothing", try_nothing, false};
	int alive = run_probe(s, &control);
	if (!(alive >= 0 && WIFEXITED(alive) && WEXITSTATUS(alive) == PROBE_GOT)) {
		snprintf(failed, SP_WHY_MAX, "a probe did not live in the jail");
		return SP_ESYS;
	}
	for (size_t i = 0; i < SP_LEN(attempts); i++) {
		if ((attempts[i].dials &&
				    (s->class == SP_JAIL_DIAL || s->class == SP_JAIL_SHIP_NET)) ||
				(attempts[i].probes && s->class == SP_JAIL_PROBE)) {
			continue;
		}
		int status = run_probe(s, &attempts[i]);
		size_t n = strlen(failed);

		if (status < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == PROBE_NO_JAIL)) {
			snprintf(failed, SP_WHY_MAX, "a probe did not live in the jail");
			return SP_ESYS;
		}
		if (WIFEXITED(status) && WEXITSTATUS(status) == PROBE_GOT) {
			snprintf(failed + n, SP_WHY_MAX - n, "%s%s", n > 0 ? ", " : "",
					attempts[i].name);
			rc = SP_EDENIED;
		}
	}
	return rc;
}

int sp_jail_selftest_main(const struct sp_jail_spec *s)
{
	struct sp_jail_report r;
	char why[SP_WHY_MAX] = "";

	int rc = sp_jail_selftest(s, why);
	if (rc != SP_OK) {
		sp_log(SP_LOG_ERROR, "jail: %s%s", rc == SP_EDENIED ? "it does not stop: " : "",
				why);
		return 1;
	}
	/* A line about what was not tested is kept. */
	const char *tested = *why ? why : "every way out is closed";
	char note[SP_WHY_MAX];
	snprintf(note, sizeof(note), "%s", tested);
	if (sp_jail_enter(s, &r, why) != SP_OK) {
		sp_log(SP_LOG_ERROR, "%s", why);
		return 1;
	}
	bool full = r.user && r.seccomp;
	sp_log(full ? SP_LOG_INFO : SP_LOG_WARN, "jail: %s: %s", r.text, note);
	/* To whoever started it for that. */
	if (write(STDOUT_FILENO, r.text, strlen(r.text)) < 0) {
		sp_log(SP_LOG_DEBUG, "jail: nobody listens");
	}
	return 0;
}
