/* app/doctor_service.c - does the service run, and are its processes confined as they should be? */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/doctor.h"
#include "host/io/fdio.h"
#include "host/monitor/admin.h"

#define G APP_DOCTOR_SERVICE
#define SHIP "sp-ship"
#define UNIT "sallyport.service"
/* CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_BOOT, CAP_LINUX_IMMUTABLE, CAP_MAC_OVERRIDE, CAP_MAC_ADMIN */
#define NEVER \
	((UINT64_C(1) << 16) | (UINT64_C(1) << 17) | (UINT64_C(1) << 22) | (UINT64_C(1) << 9) | \
			(UINT64_C(1) << 32) | (UINT64_C(1) << 33))

struct process {
	int pid, parent;
	long uid;
	int seccomp, no_new_privs;
	uint64_t bound;
	char name[32];
};

/* What each is to have besides its own account; the broker and the parent start what needs more. */
static const struct {
	const char *name;
	bool filtered; /* a list of system calls */
	bool nobody; /* not root, where root started it */
	bool needed;
} known[] = {{"sallyportd", false, false, true}, {"sp-keeper", true, true, true},
		{"sp-scribe", true, true, true}, {"sp-dial", true, true, true},
		{"sp-broker", false, false, true}, {"sp-net", true, true, false},
		{"sp-login", true, true, false}, {"sp-target", true, true, false},
		{"sp-recorder", true, true, false},
		/* What it has children for; those are filtered. */
		{SHIP, false, true, false}};

static bool read_process(int pid, struct process *p)
{
	char path[64], line[256];

	memset(p, 0, sizeof(*p));
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	FILE *f = fopen(path, "re");
	if (f == NULL) {
		return false;
	}
	p->pid = pid;
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "Name:\t", 6) == 0) {
			snprintf(p->name, sizeof(p->name), "%.31s", line + 6);
		} else if (strncmp(line, "PPid:\t", 6) == 0) {
			p->parent = (int)strtol(line + 6, NULL, 10);
		} else if (strncmp(line, "Uid:\t", 5) == 0) {
			p->uid = strtol(line + 5, NULL, 10);
		} else if (strncmp(line, "Seccomp:\t", 9) == 0) {
			p->seccomp = (int)strtol(line + 9, NULL, 10);
		} else if (strncmp(line, "NoNewPrivs:\t", 12) == 0) {
			p->no_new_privs = (int)strtol(line + 12, NULL, 10);
		} else if (strncmp(line, "CapBnd:\t", 8) == 0) {
			p->bound = strtoull(line + 8, NULL, 16);
		}
	}
	fclose(f);
	return true;
}

/* The parent, by the socket of commands, on which its keeper listens. 0 when nobody does. */
static int find_parent(struct app_doctor *d)
{
	struct ucred who;
	socklen_t n = sizeof(who);
	struct process keeper;
	int fd = -1;

	int rc = sp_admin_connect(d->conf->state, &fd);
	if (rc != SP_OK) {
		bool denied = errno == EACCES || errno == EPERM;
		app_doctor_say(d, G, "runs", denied ? APP_DOCTOR_UNKNOWN : APP_DOCTOR_WARN, NULL,
				denied ? "whether it runs only root may ask; try sudo"
				       : "the service does not run");
		if (!denied && d->installed) {
			app_doctor_todo(d, "systemctl start sallyport; journalctl -u sallyport");
		} else if (!denied && d->service != NULL && d->service->dir != NULL) {
			app_doctor_todo(d, "%s", app_doctor_own(d, "trial"));
		}
		return 0;
	}
	bool told = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0;
	sp_fd_close(&fd);
	if (!told || !read_process(who.pid, &keeper)) {
		app_doctor_say(d, G, "runs", APP_DOCTOR_UNKNOWN, NULL,
				"it answers, and its processes are not to be seen from here");
		return 0;
	}
	return keeper.parent;
}

/* Of one program, how many live, and how many of those are not as they should be. */
struct tally {
	size_t there, open, root;
};

static void count(const struct app_doctor *d, struct tally *t, const struct process *p)
{
	for (size_t k = 0; k < SP_LEN(known); k++) {
		if (strcmp(p->name, known[k].name) == 0) {
			t[k].there++;
			t[k].open += known[k].filtered && (p->seccomp != 2 || p->no_new_privs != 1);
			t[k].root += known[k].nobody && d->installed && p->uid == 0;
		}
	}
}

/* Does it run a program that is not there any more, since another one took its place? */
static bool outdated(int pid)
{
	static const char gone[] = " (deleted)";
	char path[64], to[4096];

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	ssize_t n = readlink(path, to, sizeof(to));
	size_t end = sizeof(gone) - 1;
	return n > (ssize_t)end && memcmp(to + n - end, gone, end) == 0;
}

/* The parent's children; how many there are, and how many are outdated. */
static size_t children(const struct app_doctor *d, int parent, struct tally *t, size_t *old)
{
	DIR *dir = opendir("/proc");
	struct process p;
	struct dirent *e;
	size_t n = 0;

	while (dir != NULL && (e = readdir(dir)) != NULL) {
		int pid = (int)strtol(e->d_name, NULL, 10);
		if (pid > 1 && read_process(pid, &p) && p.parent == parent) {
			count(d, t, &p);
			*old += outdated(pid);
			n++;
		}
	}
	if (dir != NULL) {
		closedir(dir);
	}
	return n;
}

static void one(struct app_doctor *d, size_t k, const struct tally *t)
{
	bool needed = known[k].needed ||
			(strcmp(known[k].name, SHIP) == 0 &&
					(d->conf->n_ship > 0 || d->conf->metrics.family != 0));

	if (t->there == 0 && needed) {
		app_doctor_say(d, G, "processes", APP_DOCTOR_BAD, known[k].name,
				"this process does not live");
		app_doctor_todo(d, "%s", app_doctor_log(d));
	}
	if (t->root > 0) {
		app_doctor_say(d, G, "processes", APP_DOCTOR_BAD, known[k].name,
				"%zu of %zu run as root", t->root, t->there);
	}
	if (t->open > 0) {
		app_doctor_say(d, G, "processes", APP_DOCTOR_WARN, known[k].name,
				"%zu of %zu may make any system call", t->open, t->there);
		app_doctor_todo(d, "a kernel with seccomp, and no sanitizer build");
	}
}

void app_doctor_capabilities(struct app_doctor *d, uint64_t bound)
{
	if ((bound & NEVER) != 0) {
		app_doctor_say(d, G, "capabilities", APP_DOCTOR_WARN, NULL,
				"it may load kernel modules or the like: it was not started by "
				"its systemd unit, or that was changed");
		app_doctor_todo(d, "look for CapabilityBoundingSet: systemctl cat sallyport");
	} else {
		app_doctor_say(d, G, "capabilities", APP_DOCTOR_OK, NULL,
				"what it never needs (modules, raw devices) is taken from it");
	}
}

static void processes(struct app_doctor *d, int parent)
{
	struct tally t[SP_LEN(known)] = {{0}};
	struct process p;
	size_t before = d->n, old = outdated(parent);
	size_t n = children(d, parent, t, &old);
	bool there = read_process(parent, &p);

	if (there) {
		count(d, t, &p);
	}
	for (size_t k = 0; k < SP_LEN(known); k++) {
		one(d, k, &t[k]);
	}
	if (app_doctor_faults(d, before) == 0) {
		app_doctor_say(d, G, "processes", APP_DOCTOR_OK, NULL,
				"it runs (process %d), and its %zu processes are confined", parent,
				n);
	}
	if (old > 0) {
		app_doctor_say(d, G, "updated", APP_DOCTOR_WARN, NULL,
				"%zu of its processes run programs that were replaced since; old "
				"and new ones do not understand each other",
				old);
		app_doctor_todo(d, "%s", app_doctor_restart(d));
	}
	if (there && p.uid == 0 && d->installed) {
		app_doctor_capabilities(d, p.bound);
	}
}

static bool is_there(const char *root, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", root, name);
	return access(path, F_OK) == 0;
}

/* A unit in /etc hides ours, and what is put on top of it may undo what it sets. */
void app_doctor_unit(struct app_doctor *d, const char *root)
{
	static const char *const places[] = {"/etc/systemd/system/" UNIT,
			"/run/systemd/system/" UNIT, "/etc/systemd/system/" UNIT ".d",
			"/run/systemd/system/" UNIT ".d"};
	bool vendor = is_there(root, "/usr/lib/systemd/system/" UNIT) ||
			is_there(root, "/usr/local/lib/systemd/system/" UNIT);
	size_t changed = 0;

	if (!vendor) {
		return;
	}
	for (size_t i = 0; i < SP_LEN(places); i++) {
		if (is_there(root, places[i])) {
			changed++;
			app_doctor_say(d, G, "unit", APP_DOCTOR_INFO, places[i],
					"the systemd unit was changed here");
			app_doctor_todo(d, "systemd-delta --type=extended,overridden");
		}
	}
	if (changed == 0) {
		app_doctor_say(d, G, "unit", APP_DOCTOR_OK, NULL,
				"the systemd unit is installed as it came");
	}
}

void app_doctor_service(struct app_doctor *d)
{
	int parent = find_parent(d);

	if (parent > 1) {
		processes(d, parent);
	}
	if (d->installed) {
		app_doctor_unit(d, "");
	}
}
