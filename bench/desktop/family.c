/* bench/desktop/family.c - the processes below this one: who they are, what they cost, their end. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "desktop/bench.h"

#define MAX_PROCESSES 4096
#define END_US 5000000

struct process {
	pid_t pid, parent;
	char name[32];
	bool ours, zombie;
};

/* "pid (name) state parent ..."; the name may hold anything. */
static bool read_stat(pid_t pid, struct process *out)
{
	char path[64], line[512];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *f = fopen(path, "r");
	bool ok = f && fgets(line, sizeof(line), f);
	if (f) {
		fclose(f);
	}
	char *from = ok ? strchr(line, '(') : NULL, *to = ok ? strrchr(line, ')') : NULL;
	if (!from || !to || !(from < to) || strlen(to) < 5) {
		return false;
	}
	*to = '\0';
	*out = (struct process){.pid = pid, .zombie = to[2] == 'Z'};
	snprintf(out->name, sizeof(out->name), "%s", from + 1);
	out->parent = (pid_t)strtol(to + 4, NULL, 10);
	return true;
}

static size_t read_all(struct process *all, size_t max)
{
	DIR *d = opendir("/proc");
	size_t n = 0;

	for (struct dirent *e; d && n < max && (e = readdir(d)) != NULL;) {
		if (isdigit((unsigned char)e->d_name[0]) &&
				read_stat((pid_t)strtol(e->d_name, NULL, 10), &all[n])) {
			n++;
		}
	}
	if (d) {
		closedir(d);
	}
	return n;
}

/* The living descendants, moved to the front. */
static size_t family(struct process *all, size_t max)
{
	size_t n = read_all(all, max), kept = 0;
	pid_t me = getpid();

	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < n; i++) {
			bool below = all[i].parent == me;

			for (size_t k = 0; !below && k < n; k++) {
				below = all[k].ours && all[k].pid == all[i].parent;
			}
			if (below && !all[i].ours) {
				all[i].ours = more = true;
			}
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (all[i].ours && !all[i].zombie) {
			all[kept++] = all[i];
		}
	}
	return kept;
}

static bool is_x(const char *name)
{
	return strcmp(name, "Xorg") == 0 || strcmp(name, "Xvfb") == 0 || strcmp(name, "Xvnc") == 0;
}

static enum bench_role role_of(const struct process *p, const char *stack)
{
	if (is_x(p->name)) {
		return BENCH_X;
	}
	for (const char *at = stack; *at;) {
		size_t n = strcspn(at, " ");

		if (strncmp(p->name, at, n) == 0) {
			return BENCH_STACK;
		}
		at += n;
		at += strspn(at, " ");
	}
	return BENCH_SESSION;
}

static double cpu_ms(pid_t pid)
{
	clockid_t clock;
	struct timespec t;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) < 0) {
		return 0;
	}
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* False when the process is there, but not for us to look into. */
static bool add_pss(pid_t pid, double *mb)
{
	char path[64], line[256];

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	FILE *f = fopen(path, "r");
	if (!f) {
		return errno != EACCES;
	}
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "Pss:", 4) == 0) {
			*mb += strtod(line + 4, NULL) / 1024;
		}
	}
	fclose(f);
	return true;
}

void bench_usage(const char *stack, bool memory, struct bench_usage *out)
{
	static struct process all[MAX_PROCESSES];
	size_t n = family(all, MAX_PROCESSES);

	*out = (struct bench_usage){.all_pss = memory};
	for (size_t i = 0; i < n; i++) {
		enum bench_role role = role_of(&all[i], stack);

		out->cpu_ms[role] += cpu_ms(all[i].pid);
		if (memory && !add_pss(all[i].pid, &out->pss_mb[role])) {
			out->all_pss = false;
		}
	}
}

static pid_t find(bool (*fits)(const char *name))
{
	static struct process all[MAX_PROCESSES];
	size_t n = family(all, MAX_PROCESSES);

	for (size_t i = 0; i < n; i++) {
		if (fits(all[i].name)) {
			return all[i].pid;
		}
	}
	return 0;
}

static bool is_probe(const char *name)
{
	return strcmp(name, BENCH_PROBE) == 0;
}

pid_t bench_find_probe(void)
{
	return find(is_probe);
}

pid_t bench_find_x(void)
{
	return find(is_x);
}

bool bench_adopt(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
}

static size_t tell_all(int signo)
{
	static struct process all[MAX_PROCESSES];
	size_t n = family(all, MAX_PROCESSES);

	for (size_t i = 0; i < n; i++) {
		kill(all[i].pid, signo);
	}
	return n;
}

/* Also those that were given to us when their parent ended. */
static void reap(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0) {
		continue;
	}
}

void bench_end_all(void)
{
	uint64_t start = sp_now_us();
	int signo = SIGTERM;

	while (tell_all(signo) > 0) {
		struct timespec pause = {0, 20000000};

		reap();
		nanosleep(&pause, NULL);
		if (sp_now_us() > start + END_US) {
			signo = SIGKILL;
		}
	}
	reap();
}
