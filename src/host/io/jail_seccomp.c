/* host/io/jail_seccomp.c - see jail_seccomp.h. */
#include "host/io/jail_seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define CALL(name) SCMP_SYS(name)
#define END (-1000000) /* no number of a call, also not of libseccomp's made-up ones */

/* What a single-threaded program needs once everything is open. */
static const int everyone[] = {CALL(read), CALL(write), CALL(readv), CALL(writev), CALL(recvmsg),
		CALL(sendmsg), CALL(recvfrom), CALL(sendto), CALL(ppoll), CALL(poll),
		CALL(epoll_wait), CALL(epoll_pwait), CALL(epoll_ctl), CALL(clock_gettime),
		CALL(clock_nanosleep), CALL(nanosleep), CALL(gettimeofday), CALL(getrandom),
		CALL(futex), CALL(munmap), CALL(mremap), CALL(madvise), CALL(brk), CALL(close),
		CALL(shutdown), CALL(getpid), CALL(gettid), CALL(rt_sigprocmask),
		CALL(rt_sigreturn), CALL(restart_syscall), CALL(exit), CALL(exit_group),
		CALL(timerfd_settime),
		/* Asked once by qsort of the C library. */
		CALL(sysinfo), END};

/* Refused with an errno, because the C library asks and can live with a no. */
static const int refused[] = {CALL(open), CALL(openat), CALL(openat2), CALL(creat), CALL(stat),
		CALL(lstat), CALL(fstatat64), CALL(statx), CALL(readlink), CALL(readlinkat),
		CALL(access), CALL(faccessat), CALL(faccessat2), END};

/* The store: SQLite under the paths that Landlock leaves. */
static const int files[] = {CALL(open), CALL(openat), CALL(creat), CALL(stat), CALL(fstat),
		CALL(lstat), CALL(newfstatat), CALL(fstatat64), CALL(statx), CALL(readlink),
		CALL(readlinkat), CALL(access), CALL(faccessat), CALL(faccessat2), CALL(lseek),
		CALL(pread64), CALL(pwrite64), CALL(fsync), CALL(fdatasync), CALL(ftruncate),
		CALL(fallocate), CALL(fcntl), CALL(flock), CALL(unlink), CALL(unlinkat),
		CALL(rename), CALL(renameat), CALL(renameat2), CALL(mkdir), CALL(mkdirat),
		CALL(rmdir), CALL(getdents64), CALL(getcwd), CALL(fchmod), CALL(fchown),
		CALL(umask), CALL(utimensat), CALL(statfs), CALL(fstatfs), CALL(getuid),
		CALL(geteuid), CALL(getgid), CALL(getegid), CALL(getppid), CALL(uname), CALL(mlock),
		CALL(munlock), CALL(sched_yield), END};

static int allow_list(scmp_filter_ctx f, const int *calls)
{
	int rc = 0;

	for (; rc == 0 && *calls != END; calls++) {
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, *calls, 0);
	}
	return rc;
}

/* Connections, and what the C library's resolver does. Which files it reads is Landlock's matter. */
static const int dial[] = {CALL(connect), CALL(bind), CALL(getsockname), CALL(getpeername),
		CALL(setsockopt), CALL(getsockopt), CALL(sendmmsg), CALL(recvmmsg), CALL(pipe2),
		CALL(dup3), CALL(close_range), CALL(wait4), CALL(waitid), CALL(pidfd_open),
		CALL(set_robust_list), CALL(rseq), CALL(setitimer), CALL(open), CALL(openat),
		CALL(stat), CALL(fstat), CALL(lstat), CALL(newfstatat), CALL(fstatat64),
		CALL(statx), CALL(readlink), CALL(readlinkat), CALL(access), CALL(faccessat),
		CALL(faccessat2), CALL(lseek), CALL(pread64), CALL(fcntl), CALL(uname),
		CALL(getuid), CALL(geteuid), CALL(getgid), CALL(getegid), CALL(getppid),
		CALL(landlock_create_ruleset), CALL(landlock_add_rule),
		CALL(landlock_restrict_self), END};

/* Namespaces are no matter of a fork; the bits that CLONE_NEW* have together. */
#define NEW_NAMESPACES 0x7e020000u

static int allow_dial(scmp_filter_ctx f, bool local)
{
	static const int families[] = {AF_INET, AF_INET6, AF_NETLINK};
	int rc = allow_list(f, dial);

	for (size_t i = 0; rc == 0 && i < SP_LEN(families); i++) {
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(socket), 1,
				SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
	}
	/* The C library would ask a cache of names by it, and can do without. */
	if (rc == 0 && !local) {
		rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(EAFNOSUPPORT), CALL(socket), 1,
				SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
	}
	if (rc == 0) {
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(clone), 1,
				SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_VM | NEW_NAMESPACES, 0));
	}
	if (rc == 0) {
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(prctl), 1,
				SCMP_A0(SCMP_CMP_EQ, PR_SET_PDEATHSIG));
	}
	if (rc == 0) {
		rc = seccomp_rule_add(
				f, SCMP_ACT_ALLOW, CALL(prlimit64), 1, SCMP_A0(SCMP_CMP_EQ, 0));
	}
	if (rc == 0) {
		rc = seccomp_rule_add(
				f, SCMP_ACT_ALLOW, CALL(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, FIONREAD));
	}
	return rc ? rc
		  : seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOTTY), CALL(ioctl), 1,
				    SCMP_A1(SCMP_CMP_NE, FIONREAD));
}

/* How long a file is that was given; of a path nothing is said. */
static int allow_size(scmp_filter_ctx f)
{
	int rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(fstat), 0);

	if (rc == 0) {
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(newfstatat), 1,
				SCMP_A3(SCMP_CMP_EQ, AT_EMPTY_PATH));
	}
	if (rc == 0) {
		rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), CALL(newfstatat), 1,
				SCMP_A3(SCMP_CMP_NE, AT_EMPTY_PATH));
	}
	if (rc == 0) {
		/* How many processors there are: the library of films asks. */
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(sched_getaffinity), 1,
				SCMP_A0(SCMP_CMP_EQ, 0));
	}
	return rc ? rc : seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(pread64), 0);
}

static int refuse_size(scmp_filter_ctx f)
{
	int rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), CALL(fstat), 0);

	return rc ? rc : seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), CALL(newfstatat), 0);
}

static int refuse_list(scmp_filter_ctx f, const int *calls, bool sizes)
{
	int rc = sizes ? allow_size(f) : refuse_size(f);

	for (; rc == 0 && *calls != END; calls++) {
		rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), *calls, 0);
	}
	/* Stdio looks for a terminal or a position; there is neither in here. */
	if (rc == 0) {
		rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOTTY), CALL(ioctl), 0);
	}
	return rc ? rc : seccomp_rule_add(f, SCMP_ACT_ERRNO(ESPIPE), CALL(lseek), 0);
}

/* Memory that is never executable; from files only where files are. */
static int allow_memory(scmp_filter_ctx f, bool from_files)
{
	struct scmp_arg_cmp no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	struct scmp_arg_cmp anonymous = SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS);
	int rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(mprotect), 1, no_exec);

	if (rc == 0 && from_files) {
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(mmap), 1, no_exec);
	} else if (rc == 0) {
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(mmap), 2, no_exec, anonymous);
	}
	return rc;
}

/* abort() of this very process, so that a failed assert is told from an attack. */
static int allow_abort(scmp_filter_ctx f)
{
	return seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(tgkill), 1,
			SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
}

static int allow_option(scmp_filter_ctx f, int call, int level, int option)
{
	return seccomp_rule_add(f, SCMP_ACT_ALLOW, call, 2,
			SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)level),
			SCMP_A2(SCMP_CMP_EQ, (scmp_datum_t)option));
}

/* Tuning and watching the sockets that were handed in. */
static int allow_options(scmp_filter_ctx f)
{
	static const struct {
		bool set;
		int level, option;
	} rows[] = {
			{true, IPPROTO_TCP, TCP_NODELAY},
			{true, IPPROTO_TCP, TCP_NOTSENT_LOWAT},
			{true, SOL_SOCKET, SO_SNDBUF},
			{true, SOL_SOCKET, SO_LINGER},
			{false, IPPROTO_TCP, TCP_INFO},
			{false, SOL_SOCKET, SO_ERROR},
	};
	int rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, F_GETFL));

	if (rc == 0) {
		rc = seccomp_rule_add(
				f, SCMP_ACT_ALLOW, CALL(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, F_SETFL));
	}
	for (size_t i = 0; rc == 0 && i < SP_LEN(rows); i++) {
		rc = allow_option(f, rows[i].set ? CALL(setsockopt) : CALL(getsockopt),
				rows[i].level, rows[i].option);
	}
	return rc;
}

/* Connections to anywhere; what they say is read here and nowhere else. */
static int allow_probe(scmp_filter_ctx f)
{
	static const int families[] = {AF_INET, AF_INET6};
	int rc = allow_options(f);

	for (size_t i = 0; rc == 0 && i < SP_LEN(families); i++) {
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(socket), 1,
				SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
	}
	return rc ? rc : seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(connect), 0);
}

/* A socket that was made before, for commands on this machine, and who calls. */
static int allow_callers(scmp_filter_ctx f)
{
	int rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(accept4), 0);

	return rc ? rc : allow_option(f, CALL(getsockopt), SOL_SOCKET, SO_PEERCRED);
}

/* Connecting again to the server that has the store. */
static int allow_database(scmp_filter_ctx f)
{
	static const int families[] = {AF_INET, AF_INET6, AF_UNIX};
	static const int calls[] = {CALL(connect), CALL(setsockopt), CALL(getsockopt),
			CALL(getsockname), CALL(getpeername), END};
	int rc = allow_list(f, calls);

	for (size_t i = 0; rc == 0 && i < SP_LEN(families); i++) {
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(socket), 1,
				SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
	}
	return rc;
}

/* What sends the audit to others: one connects, the other has its socket already. */
static int allow_ship(scmp_filter_ctx f, bool connects, bool database)
{
	int rc = allow_list(f, files);

	if (rc == 0 && connects) {
		rc = allow_dial(f, database);
	}
	return rc ? rc : seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(accept4), 0);
}

int sp_jail_seccomp(enum sp_jail_class class, bool database)
{
	bool store = class == SP_JAIL_KEEPER || class == SP_JAIL_SCRIBE;
	bool ship = class == SP_JAIL_SHIP || class == SP_JAIL_SHIP_NET;
	bool opens = store || ship || class == SP_JAIL_DIAL;
	/* Calls of another architecture's table, x32 among them, end the process. */
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc = f ? 0 : -ENOMEM;

	if (rc == 0) {
		rc = seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	}
	if (rc == 0) {
		rc = seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	}
	if (rc == 0) {
		rc = allow_list(f, everyone);
	}
	if (rc == 0) {
		rc = allow_memory(f, opens);
	}
	if (rc == 0) {
		rc = allow_abort(f);
	}
	if (rc == 0) {
		rc = store             ? allow_list(f, files)
				: ship ? allow_ship(f, class == SP_JAIL_SHIP_NET, database)
				: class == SP_JAIL_DIAL
				? allow_dial(f, false)
				: refuse_list(f, refused, class == SP_JAIL_PLAYER);
	}
	if (rc == 0 && class == SP_JAIL_RECORD) {
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(fdatasync), 0);
	}
	if (rc == 0 && class == SP_JAIL_NET) {
		rc = allow_options(f);
	}
	if (rc == 0 && class == SP_JAIL_PROBE) {
		rc = allow_probe(f);
	}
	if (rc == 0 && class == SP_JAIL_KEEPER) {
		rc = allow_callers(f);
	}
	if (rc == 0 && (store || ship) && database) {
		rc = allow_database(f);
	}
	if (rc == 0) {
		rc = seccomp_load(f);
	}
	seccomp_release(f);
	return rc;
}
