/* host/io/jail.h - giving up, for good, everything a process will not need. */
#ifndef SP_HOST_IO_JAIL_H
#define SP_HOST_IO_JAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/attr.h"
#include "host/io/fdio.h"

enum sp_jail_class {
	SP_JAIL_NET, /* sockets it was given, memory, clock, random numbers */
	SP_JAIL_LOGIN, /* the same without socket options */
	SP_JAIL_RECORD, /* as LOGIN, and it may write into the files it was given */
	SP_JAIL_PLAYER, /* as LOGIN with much memory, and it reads the files it was given at any place */
	SP_JAIL_PROBE, /* as NET with many sockets, and it connects wherever it likes */
	SP_JAIL_DIAL, /* makes connections and forks; reads files under the paths it names */
	SP_JAIL_KEEPER, /* files under the paths it names; no network, no other program */
	SP_JAIL_SCRIBE, /* the same, and nobody calls it */
	SP_JAIL_SHIP, /* files under the paths it names; answers on a listener it has; sends datagrams */
	SP_JAIL_SHIP_NET, /* files under the paths it names; makes connections, asks for names */
	SP_JAIL_SHIP_MAIN, /* starts those two: paths only, since they would inherit a filter */
	SP_JAIL_PARENT, /* starts others, who would inherit a filter: rights and limits only */
	SP_JAIL_COUNT,
};

/* A path that stays reachable (Landlock), for classes that use files. */
struct sp_jail_path {
	const char *path;
	bool write;
};

struct sp_jail_spec {
	enum sp_jail_class class;
	/*
	 * Started as root: become uid and gid, without other groups. 0: a throw-away number, except
	 * for PARENT, KEEPER, SCRIBE and SHIP, which then stay what they are. NET and LOGIN get an empty root
	 * directory too.
	 */
	uid_t uid;
	gid_t gid;
	bool keep_root; /* do not change user or root directory, even when started as root */
	size_t memory; /* RLIMIT_AS in bytes; 0: the default of the class */
	unsigned files; /* RLIMIT_NOFILE; 0: the default of the class */
	bool database; /* KEEPER, SCRIBE, SHIP: may connect, since the store is a server's */
	bool writes_file; /* leaves RLIMIT_FSIZE: a key log or log is an inherited regular file */
	const struct sp_jail_path *paths;
	size_t npaths;
};

struct sp_jail_report {
	bool user; /* gave up root, or never had it */
	bool root_dir; /* in an empty root directory */
	int landlock; /* ABI in force, 0 none */
	bool seccomp;
	char text[160]; /* "user 2000012345, empty root, landlock 7, seccomp net" */
};

/*
 * Root becomes the user, for good: with the groups that name is in, or with none when it is NULL.
 * What the parent's death does to this process stays as it was. SP_ESYS and why.
 */
sp_nodiscard int sp_jail_become(const char *name, uid_t uid, gid_t gid, char why[SP_WHY_MAX]);
/*
 * Enters the jail; there is no way out. Everything the process needs is open by then. Any step
 * that this system offers and that fails is an error (SP_ESYS, why), and the caller exits.
 */
sp_nodiscard int sp_jail_enter(
		const struct sp_jail_spec *s, struct sp_jail_report *r, char why[SP_WHY_MAX]);
/*
 * In a fork of a DIAL process, which is to read the answers of name servers: from now on it reads
 * these paths only, connects by TCP to port 53 only, and starts nothing. As far as this kernel's
 * Landlock goes; SP_ESYS and why.
 */
sp_nodiscard int sp_jail_resolver(
		const struct sp_jail_path *paths, size_t npaths, char why[SP_WHY_MAX]);
/*
 * Forks probes that enter the same jail and try what must not work: opening a file, socket,
 * connect, fork (but for DIAL), listen, execve, ptrace of the parent, executable memory. Before the jail. SP_OK, or
 * SP_EDENIED and failed names what worked ("open, socket"). Sanitizer builds have no seccomp:
 * there it checks nothing, says so in failed and answers SP_OK.
 */
sp_nodiscard int sp_jail_selftest(const struct sp_jail_spec *s, char failed[SP_WHY_MAX]);
/*
 * The whole of a program that was started for its selftest: that, then the jail itself, and one
 * log line about the level reached or what failed. The exit status.
 */
sp_nodiscard int sp_jail_selftest_main(const struct sp_jail_spec *s);

#endif
