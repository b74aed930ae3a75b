/* app/doctor_jail.c - each program tries to break out of its own jail; and what the kernel has for jails. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/doctor.h"
#include "app/output.h"
#include "host/io/proc.h"

#define G APP_DOCTOR_JAIL
#define SECONDS 15

static const char *const programs[] = {"sp-net", "sp-login", "sp-target", "sp-dial", "sp-recorder",
		"sp-player", "sp-probe"};

void app_doctor_jail_line(struct app_doctor *d, const char *program, bool held, const char *line)
{
	bool landlock = strstr(line, "landlock") != NULL && strstr(line, "no landlock") == NULL;
	bool seccomp = strstr(line, "seccomp") != NULL && strstr(line, "no seccomp") == NULL;

	if (!held) {
		app_doctor_say(d, G, "holds", APP_DOCTOR_BAD, program, "its jail does not hold: %s",
				line);
		app_doctor_todo(d, "the service does not start so; look at the log");
	} else if (!seccomp) {
		app_doctor_say(d, G, "holds", APP_DOCTOR_WARN, program,
				"without a list of permitted system calls: %s", line);
		app_doctor_todo(d, "a kernel with CONFIG_SECCOMP_FILTER, and no sanitizer build");
	} else if (!landlock) {
		app_doctor_say(d, G, "holds", APP_DOCTOR_WARN, program,
				"without Landlock, which guards files: %s", line);
		app_doctor_todo(d, "a kernel from 5.13 on with landlock among its modules (lsm=)");
	} else {
		app_doctor_say(d, G, "holds", APP_DOCTOR_OK, program, "%s", line);
	}
}

static void one(struct app_doctor *d, const char *name)
{
	const char *argv[] = {name, "--selftest", NULL};
	char path[PATH_MAX], why[SP_WHY_MAX], line[200];
	struct sp_wr out, err;
	int status = 0;

	if (sp_proc_find(name, path, sizeof(path)) != SP_OK) {
		app_doctor_say(d, G, "holds", APP_DOCTOR_UNKNOWN, name, "the program is not found");
		return;
	}
	sp_wr_init(&out, 4096);
	sp_wr_init(&err, 4096);
	if (app_output(path, argv, SECONDS, &out, &err, &status, why) != SP_OK) {
		app_doctor_say(d, G, "holds", APP_DOCTOR_UNKNOWN, name, "%s", why);
	} else {
		bool held = WIFEXITED(status) && WEXITSTATUS(status) == 0;
		app_output_line(held ? &out : &err, line, sizeof(line));
		app_doctor_jail_line(d, name, held, line);
	}
	sp_wr_finish(&out);
	sp_wr_finish(&err);
}

void app_doctor_jail(struct app_doctor *d)
{
	for (size_t i = 0; i < SP_LEN(programs); i++) {
		one(d, programs[i]);
	}
}

/* ---- the kernel ---- */

static FILE *open_in(const char *root, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/proc/%s", root, name);
	return fopen(path, "re");
}

/* A small file below /proc as a number; -1 when there is none. */
static long number_in(const char *root, const char *name)
{
	FILE *f = open_in(root, name);
	long n = -1;

	if (f != NULL) {
		if (fscanf(f, "%ld", &n) != 1) {
			n = -1;
		}
		fclose(f);
	}
	return n;
}

static long landlock_abi(void)
{
#ifdef SYS_landlock_create_ruleset
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1 /* the version */);
#else
	return -1;
#endif
}

void app_doctor_landlock(struct app_doctor *d, long abi)
{
	struct utsname u = {.release = "?"};

	(void)uname(&u);
	if (abi < 1) {
		app_doctor_say(d, APP_DOCTOR_MACHINE, "landlock", APP_DOCTOR_WARN, NULL,
				"kernel %.60s has no Landlock: jails guard files by rights only",
				u.release);
		app_doctor_todo(d, "a kernel from 5.13 on, booted with landlock in lsm=");
	} else {
		app_doctor_say(d, APP_DOCTOR_MACHINE, "landlock", APP_DOCTOR_OK, NULL,
				"kernel %.60s, Landlock %ld", u.release, abi);
	}
}

static void core_files(struct app_doctor *d, const char *root)
{
	long dumpable = number_in(root, "sys/fs/suid_dumpable");
	long scope = number_in(root, "sys/kernel/yama/ptrace_scope");

	if (dumpable == 1) {
		app_doctor_say(d, APP_DOCTOR_MACHINE, "core", APP_DOCTOR_BAD, NULL,
				"fs.suid_dumpable is 1: core files of programs that changed their "
				"account are for everybody");
		app_doctor_todo(d, "sysctl fs.suid_dumpable=0");
	} else {
		app_doctor_say(d, APP_DOCTOR_MACHINE, "core", APP_DOCTOR_OK, NULL,
				"no core files of programs that changed their account "
				"(fs.suid_dumpable is %ld)",
				dumpable);
	}
	if (scope >= 1) {
		app_doctor_say(d, APP_DOCTOR_MACHINE, "ptrace", APP_DOCTOR_OK, NULL,
				"a user's programs may not debug each other (ptrace_scope is %ld)",
				scope);
	} else {
		app_doctor_say(d, APP_DOCTOR_MACHINE, "ptrace", APP_DOCTOR_INFO, NULL,
				scope == 0 ? "a user's programs may debug each other (ptrace_scope "
					     "is 0); those that hold our secrets forbid it "
					     "themselves"
					   : "this kernel has no Yama (ptrace_scope); those that "
					     "hold our secrets forbid debuggers themselves");
	}
}

static void swap(struct app_doctor *d, const char *root)
{
	char line[512] = "";
	FILE *f = open_in(root, "swaps");
	size_t n = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		n++;
	}
	if (f != NULL) {
		fclose(f);
	}
	if (n > 1) {
		app_doctor_say(d, APP_DOCTOR_MACHINE, "swap", APP_DOCTOR_INFO, NULL,
				"there is swap: secrets are kept out of it, what desktops show is "
				"not; is it encrypted?");
	}
}

void app_doctor_kernel(struct app_doctor *d, const char *root)
{
	long spaces = number_in(root, "sys/user/max_user_namespaces");
	char buf[256];
	FILE *f = open_in(root, "sys/kernel/seccomp/actions_avail");

	app_doctor_landlock(d, landlock_abi());
	if (f == NULL || fgets(buf, sizeof(buf), f) == NULL ||
			strstr(buf, "kill_process") == NULL) {
		app_doctor_say(d, APP_DOCTOR_MACHINE, "seccomp", APP_DOCTOR_WARN, NULL,
				"this kernel does not filter system calls (seccomp)");
	} else {
		app_doctor_say(d, APP_DOCTOR_MACHINE, "seccomp", APP_DOCTOR_OK, NULL,
				"system calls can be filtered");
	}
	if (f != NULL) {
		fclose(f);
	}
	if (spaces > 0) {
		app_doctor_say(d, APP_DOCTOR_MACHINE, "namespaces", APP_DOCTOR_INFO, NULL,
				"ordinary users may make user namespaces; our jails forbid it to "
				"what they hold");
	}
	core_files(d, root);
	swap(d, root);
}
