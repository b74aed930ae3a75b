/* host/io/jail.c - see jail.h. */
#include "host/io/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/err.h"
#include "host/io/jail_seccomp.h"

#define MIB ((size_t)1024 * 1024)

static const struct class_row {
	const char *name;
	size_t memory;
	unsigned files;
	bool no_write; /* RLIMIT_FSIZE 0 */
	bool no_fork; /* RLIMIT_NPROC 0 */
	bool throw_away; /* as root: a uid of its own where it is given none */
	bool empty_root; /* as root: an empty root directory */
	bool landlock;
	bool connect; /* Landlock lets it connect by TCP */
	bool seccomp;
} classes[SP_JAIL_COUNT] = {
		[SP_JAIL_NET] = {"net", 384 * MIB, 32, .no_write = true, .no_fork = true,
				.throw_away = true, .empty_root = true, .landlock = true,
				.seccomp = true},
		[SP_JAIL_LOGIN] = {"login", 64 * MIB, 16, .no_write = true, .no_fork = true,
				.throw_away = true, .empty_root = true, .landlock = true,
				.seccomp = true},
		[SP_JAIL_RECORD] = {"record", 96 * MIB, 16, .no_fork = true, .throw_away = true,
				.empty_root = true, .landlock = true, .seccomp = true},
		[SP_JAIL_PLAYER] = {"player", 3072 * MIB, 16, .no_write = true, .no_fork = true,
				.throw_away = true, .empty_root = true, .landlock = true,
				.seccomp = true},
		[SP_JAIL_PROBE] = {"probe", 768 * MIB, 4096, .no_write = true, .no_fork = true,
				.throw_away = true, .empty_root = true, .landlock = true,
				.connect = true, .seccomp = true},
		[SP_JAIL_DIAL] = {"dial", 64 * MIB, 1024, .throw_away = true, .landlock = true,
				.connect = true, .seccomp = true},
		[SP_JAIL_KEEPER] = {"keeper", 0, 1024, .no_fork = true, .landlock = true,
				.seccomp = true},
		[SP_JAIL_SCRIBE] = {"scribe", 0, 64, .no_fork = true, .landlock = true,
				.seccomp = true},
		[SP_JAIL_SHIP] = {"ship", 512 * MIB, 64, .no_fork = true, .landlock = true,
				.seccomp = true},
		[SP_JAIL_SHIP_NET] = {"ship-net", 512 * MIB, 64, .no_fork = true, .landlock = true,
				.connect = true, .seccomp = true},
		[SP_JAIL_SHIP_MAIN] = {"ship-main", 0, 128, .landlock = true, .connect = true},
		[SP_JAIL_PARENT] = {"parent", 0, 0},
};

static int fail(char why[SP_WHY_MAX], const char *step)
{
	snprintf(why, SP_WHY_MAX, "jail: %s: %s", step, strerror(errno));
	return SP_ESYS;
}

/* ---- giving up root ---- */

/* A directory that is empty and stays so, because it has no name any more. */
static int empty_root(char why[SP_WHY_MAX])
{
	char path[] = "/tmp/sallyport.XXXXXX";

	if (!mkdtemp(path)) {
		return fail(why, "empty directory");
	}
	if (chmod(path, 0) < 0 || chdir(path) < 0) {
		rmdir(path);
		return fail(why, "empty directory");
	}
	if (rmdir(path) < 0 || chroot(".") < 0 || chdir("/") < 0) {
		return fail(why, "chroot");
	}
	return SP_OK;
}

/*
 * Numbers nobody has: far above real users, and where a container maps only 65536 of them, in
 * the range that systemd gives to dynamic users.
 */
static uid_t throw_away_id(int attempt)
{
	unsigned pid = (unsigned)getpid();

	return attempt == 0 ? 2000000000u + pid % 100000000u : 61184u + pid % 4336u;
}

int sp_jail_become(const char *name, uid_t uid, gid_t gid, char why[SP_WHY_MAX])
{
	uid_t r, e, s;
	gid_t gr, ge, gs;
	int death = 0;
	pid_t parent = getppid();

	/* The kernel forgets it when the user changes. */
	if (prctl(PR_GET_PDEATHSIG, &death) < 0) {
		return fail(why, "death signal");
	}
	if ((name ? initgroups(name, gid) : setgroups(0, NULL)) < 0 ||
			setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0) {
		return fail(why, "changing the user");
	}
	if (getresuid(&r, &e, &s) < 0 || r != uid || e != uid || s != uid ||
			getresgid(&gr, &ge, &gs) < 0 || gr != gid || ge != gid || gs != gid ||
			(uid != 0 && setuid(0) == 0)) {
		errno = EPERM;
		return fail(why, "the user did not change");
	}
	if (death != 0 && prctl(PR_SET_PDEATHSIG, death) < 0) {
		return fail(why, "death signal");
	}
	if (death != 0 && getppid() != parent) {
		errno = ECHILD; /* it died in between */
		return fail(why, "parent");
	}
	return SP_OK;
}

static int drop_root(const struct sp_jail_spec *s, const struct class_row *row,
		struct sp_jail_report *r, char why[SP_WHY_MAX])
{
	uid_t uid = s->uid;
	gid_t gid = s->gid;

	if (geteuid() != 0) {
		r->user = true;
		return SP_OK;
	}
	if (s->keep_root || (uid == 0 && !row->throw_away)) {
		return SP_OK;
	}
	if (row->empty_root) {
		int rc = empty_root(why);
		if (rc != SP_OK) {
			return rc;
		}
		r->root_dir = true;
	}
	int rc = SP_OK;
	if (uid != 0) {
		rc = sp_jail_become(NULL, uid, gid ? gid : (gid_t)uid, why);
	} else {
		rc = sp_jail_become(NULL, throw_away_id(0), throw_away_id(0), why);
		if (rc != SP_OK) {
			rc = sp_jail_become(NULL, throw_away_id(1), throw_away_id(1), why);
		}
	}
	r->user = rc == SP_OK;
	return rc;
}

/* ---- limits ---- */

static bool set_limit(int what, rlim_t value)
{
	struct rlimit now, l = {value, value};

	if (getrlimit(what, &now) < 0) {
		return false;
	}
	if (now.rlim_max != RLIM_INFINITY && now.rlim_max < value) {
		l.rlim_cur = l.rlim_max = now.rlim_max; /* somebody was stricter already */
	}
	return setrlimit(what, &l) == 0;
}

static int set_limits(
		const struct sp_jail_spec *s, const struct class_row *row, char why[SP_WHY_MAX])
{
	size_t memory = s->memory ? s->memory : row->memory;
	unsigned files = s->files ? s->files : row->files;

	/* A write beyond the limit is to fail with an errno, not to kill. */
	signal(SIGXFSZ, SIG_IGN);
	if (!set_limit(RLIMIT_CORE, 0) || (files && !set_limit(RLIMIT_NOFILE, files)) ||
			(row->no_write && !s->writes_file && !set_limit(RLIMIT_FSIZE, 0)) ||
			(row->no_fork && !set_limit(RLIMIT_NPROC, 0)) ||
			/* A sanitizer reserves terabytes of address space. */
			(memory && !SP_JAIL_SANITIZER && !set_limit(RLIMIT_AS, memory))) {
		return fail(why, "limits");
	}
	return SP_OK;
}

/* ---- Landlock, by its system calls: libc has no functions for it ---- */

/* The attributes as of ABI 6; older kernels take a prefix of them. */
struct ruleset {
	uint64_t fs, net, scoped;
};

#define FS_ABI1 ((1ull << 13) - 1)
#define FS_REFER (1ull << 13) /* ABI 2 */
#define FS_TRUNCATE (1ull << 14) /* ABI 3 */
#define FS_IOCTL_DEV (1ull << 15) /* ABI 5 */
#define NET_BIND 1ull /* ABI 4: of TCP */
#define NET_CONNECT 2ull
#define RULE_NET_PORT 2 /* LANDLOCK_RULE_NET_PORT */
#define SCOPE_ALL 3ull /* ABI 6: abstract unix sockets, signals */
#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_FILE_ONLY (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)
#define FS_WRITE \
	(FS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
			LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | \
			LANDLOCK_ACCESS_FS_MAKE_DIR | FS_TRUNCATE)

static int add_path(int set, const struct sp_jail_path *p, uint64_t handled)
{
	struct landlock_path_beneath_attr a = {
			.allowed_access = handled & (p->write ? FS_WRITE : FS_READ)};
	struct stat st;
	int fd = open(p->path, O_PATH | O_CLOEXEC);

	if (fd < 0) {
		return -1;
	}
	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode)) {
		a.allowed_access &= FS_FILE_ONLY;
	}
	a.parent_fd = fd;
	long rc = syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &a, 0);
	int keep = errno;
	close(fd);
	errno = keep;
	return (int)rc;
}

/* The attribute of LANDLOCK_RULE_NET_PORT. */
struct net_port {
	uint64_t allowed, port;
};

/* net: what of TCP is forbidden, but for connecting to this port (0: none). */
static int landlock(const struct sp_jail_path *paths, size_t npaths, uint64_t net, uint64_t port,
		int *version, char why[SP_WHY_MAX])
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset rs = {.fs = FS_ABI1};
	struct net_port rule = {NET_CONNECT, port};

	if (abi < 1) {
		return SP_OK; /* this kernel has none, or has it switched off */
	}
	size_t size = sizeof(uint64_t) * (abi >= 6 ? 3 : abi >= 4 ? 2 : 1);
	rs.fs |= (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0) |
			(abi >= 5 ? FS_IOCTL_DEV : 0);
	rs.net = abi >= 4 ? net : 0;
	rs.scoped = abi >= 6 ? SCOPE_ALL : 0;
	int set = (int)syscall(SYS_landlock_create_ruleset, &rs, size, 0);
	if (set < 0) {
		return fail(why, "landlock");
	}
	for (size_t i = 0; i < npaths; i++) {
		if (add_path(set, &paths[i], rs.fs) < 0) {
			snprintf(why, SP_WHY_MAX, "jail: landlock: %.150s: %s", paths[i].path,
					strerror(errno));
			close(set);
			return SP_ESYS;
		}
	}
	long rc = rs.net != 0 && port != 0
			? syscall(SYS_landlock_add_rule, set, RULE_NET_PORT, &rule, 0)
			: 0;
	rc = rc == 0 ? syscall(SYS_landlock_restrict_self, set, 0) : rc;
	int keep = errno;
	close(set);
	errno = keep;
	if (rc < 0) {
		return fail(why, "landlock");
	}
	*version = (int)abi;
	return SP_OK;
}

/* ---- all together ---- */

#if SP_JAIL_SANITIZER
static int jailed;

/* The leak checker's own hook: it looks at the process from another one, which no jail allows. */
__attribute__((visibility("default"))) int __lsan_is_turned_off(void);

int __lsan_is_turned_off(void)
{
	return jailed;
}
#endif

static void describe(const struct class_row *row, uid_t user, struct sp_jail_report *r)
{
	char lock[24] = "no landlock";

	if (r->landlock) {
		snprintf(lock, sizeof(lock), "landlock %d", r->landlock);
	}
	const char *filter = r->seccomp ? "seccomp "
			: row->seccomp  ? "NO SECCOMP (sanitizer build): "
					: "no filter (children would inherit it): ";
	snprintf(r->text, sizeof(r->text), "user %u, %s%s, %s%s", (unsigned)user,
			r->root_dir ? "empty root, " : "", row->landlock ? lock : "no landlock",
			filter, row->name);
}

int sp_jail_enter(const struct sp_jail_spec *s, struct sp_jail_report *r, char why[SP_WHY_MAX])
{
	const struct class_row *row = &classes[s->class];

	memset(r, 0, sizeof(*r));
	int rc = drop_root(s, row, r, why);
	if (rc != SP_OK) {
		return rc;
	}
	uid_t user = geteuid(); /* the filter allows no such question */
	if (prctl(PR_SET_DUMPABLE, 0) < 0) {
		return fail(why, "dumpable");
	}
	rc = set_limits(s, row, why);
	if (rc != SP_OK) {
		return rc;
	}
	/* Not for one that starts a user's desktop, where sudo is expected to work. */
	if ((row->landlock || row->seccomp) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		return fail(why, "no new privileges");
	}
	if (row->landlock) {
		rc = landlock(s->paths, s->npaths,
				row->connect || s->database ? NET_BIND : NET_BIND | NET_CONNECT, 0,
				&r->landlock, why);
		if (rc != SP_OK) {
			return rc;
		}
	}
	if (row->seccomp && !SP_JAIL_SANITIZER) {
		int err = sp_jail_seccomp(s->class, s->database);
		if (err < 0) {
			errno = -err;
			return fail(why, "seccomp");
		}
		r->seccomp = true;
	}
	describe(row, user, r);
#if SP_JAIL_SANITIZER
	jailed = 1;
#endif
	return SP_OK;
}

int sp_jail_resolver(const struct sp_jail_path *paths, size_t npaths, char why[SP_WHY_MAX])
{
	int version;

	if (!set_limit(RLIMIT_NPROC, 0)) {
		return fail(why, "limits");
	}
	return landlock(paths, npaths, NET_BIND | NET_CONNECT, 53, &version, why);
}
