/* gate/ship/memory.c - see memory.h. */
#include "gate/ship/memory.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIDS 4096 /* of ours, at most */
#define STAT_MAX 1024

static const char *const programs[] = {
#define X(name, program) program,
		SP_BOARD_ROLES(X)
#undef X
};

struct one {
	pid_t pid, parent;
	int role; /* -1: none of ours */
	uint64_t pages;
};

/* "5 (sp-net) S 1 ..."; a name may hold anything, so its end is the last ')'. */
static bool read_stat(const char *pid, struct one *out)
{
	char path[64], text[STAT_MAX];
	long long parent, pages;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
	if (fd >= 0) {
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	char *name = strchr(text, '('), *end = strrchr(text, ')');
	if (name == NULL || end == NULL || end < name ||
			sscanf(end + 1, " %*c %lld", &parent) != 1 ||
			sscanf(end + 1,
					" %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
					"%*s %*s %*s %*s %*s %*s %*s %lld",
					&pages) != 1) {
		return false;
	}
	*end = '\0';
	*out = (struct one){.pid = (pid_t)strtol(pid, NULL, 10),
			.parent = (pid_t)parent,
			.role = -1,
			.pages = pages > 0 ? (uint64_t)pages : 0};
	for (int i = 0; i < SP_BOARD_COUNT; i++) {
		if (strcmp(name + 1, programs[i]) == 0) {
			out->role = i;
		}
	}
	return true;
}

static bool is_in(const pid_t *list, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i] == pid) {
			return true;
		}
	}
	return false;
}

void sp_memory_look(struct sp_board *b, pid_t service)
{
	static struct one all[PIDS];
	struct {
		uint32_t n;
		uint64_t pages;
	} sum[SP_BOARD_COUNT] = {{0, 0}};
	pid_t near[16] = {service};
	size_t n = 0, n_near = 1;
	DIR *d = opendir("/proc");
	const struct dirent *e;

	while (d != NULL && n < PIDS && (e = readdir(d)) != NULL) {
		if ('0' <= e->d_name[0] && e->d_name[0] <= '9' && read_stat(e->d_name, &all[n]) &&
				all[n].role >= 0) {
			n++;
		}
	}
	if (d != NULL) {
		closedir(d);
	}
	/* Only those that have children of our own are looked at once more. */
	for (size_t i = 0; i < n && n_near < 16; i++) {
		if (all[i].parent == service &&
				(all[i].role == SP_BOARD_SHIP || all[i].role == SP_BOARD_BROKER ||
						all[i].role == SP_BOARD_DIAL)) {
			near[n_near++] = all[i].pid;
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (all[i].pid == service || is_in(near, n_near, all[i].parent)) {
			sum[all[i].role].n++;
			sum[all[i].role].pages += all[i].pages;
		}
	}
	for (size_t i = 0; i < SP_BOARD_COUNT; i++) {
		b->role[i].processes = sum[i].n;
		b->role[i].bytes = sum[i].pages * (uint64_t)sysconf(_SC_PAGESIZE);
	}
}
