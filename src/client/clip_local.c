/* client/clip_local.c - see clip_local.h. */
#include "client/clip_local.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/chan/clip_files.h"

#define MAX_ROOTS 64
#define MAX_DEPTH 64
#define BENEATH (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

struct entry {
	char *path; /* below its root */
	uint16_t root, depth;
	bool dir, read_only;
	uint64_t size;
	int64_t time_us;
};

struct sp_clip_local {
	int root[MAX_ROOTS]; /* the directories that what was named lies in */
	size_t n_roots;
	struct entry *entry;
	size_t n, cap;
	int fd; /* of the file read last, or -1 */
	uint32_t fd_index;
};

static int open_below(int dir, const char *path, uint64_t flags)
{
	struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = BENEATH};

	return (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

static void describe(const struct entry *e, struct sp_clip_file *out)
{
	*out = (struct sp_clip_file){.dir = e->dir,
			.read_only = e->read_only,
			.has_size = !e->dir,
			.size = e->size,
			.has_time = true,
			.time_us = e->time_us};
	snprintf(out->name, sizeof(out->name), "%s", e->path);
}

static bool can_be_sent(const struct entry *e)
{
	uint8_t room[SP_CLIP_FILE_ENTRY];
	struct sp_clip_file f;
	struct sp_wr w;

	if (!(strlen(e->path) < sizeof(f.name))) {
		return false;
	}
	describe(e, &f);
	sp_wr_fixed(&w, room, sizeof(room));
	return sp_clip_file_write(&w, &f) == SP_NAME_FINE;
}

static int add(struct sp_clip_local *l, const struct entry *e)
{
	if (l->n == SP_CLIP_FILES_MAX) {
		return SP_ELIMIT;
	}
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 64;
		struct entry *more = sp_realloc(l->entry, cap * sizeof(*more));

		if (!more) {
			return SP_ENOMEM;
		}
		l->entry = more;
		l->cap = cap;
	}
	l->entry[l->n] = *e;
	l->entry[l->n].path = sp_strdup(e->path);
	return l->entry[l->n].path ? (l->n++, SP_OK) : SP_ENOMEM;
}

/* One thing: added if it is a file or a directory that can be sent. */
static int look(struct sp_clip_local *l, uint16_t root, uint16_t depth, char *path)
{
	int fd = open_below(l->root[root], path, O_PATH | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0) {
		sp_fd_close(&fd);
		return SP_OK;
	}
	sp_fd_close(&fd);
	struct entry e = {.path = path,
			.root = root,
			.depth = depth,
			.dir = S_ISDIR(st.st_mode),
			.read_only = !(st.st_mode & S_IWUSR),
			.size = (uint64_t)st.st_size,
			.time_us = (int64_t)st.st_mtim.tv_sec * 1000000 +
					st.st_mtim.tv_nsec / 1000};
	if (!(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) || !can_be_sent(&e)) {
		return SP_OK;
	}
	return add(l, &e);
}

static int walk_dir(struct sp_clip_local *l, const struct entry here)
{
	int fd = open_below(l->root[here.root], here.path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *de;
	int rc = SP_OK;

	if (!d) {
		sp_fd_close(&fd);
		return SP_OK;
	}
	while (rc == SP_OK && (de = readdir(d))) {
		char path[SP_WIRE_NAME_TEXT];

		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0) {
			continue;
		}
		int n = snprintf(path, sizeof(path), "%s/%s", here.path, de->d_name);
		if (n > 0 && (size_t)n < sizeof(path)) {
			rc = here.depth == MAX_DEPTH ? SP_ELIMIT
						     : look(l, here.root, here.depth + 1, path);
		}
	}
	closedir(d);
	return rc;
}

static int begin_at(struct sp_clip_local *l, const char *named, char why[SP_WHY_MAX])
{
	char path[PATH_MAX];

	/* What the person says may lead over links; what lies below it may not. */
	if (!realpath(named, path)) {
		snprintf(why, SP_WHY_MAX, "%.120s: %s", named, strerror(errno));
		return SP_ENOTFOUND;
	}
	char *slash = strrchr(path, '/');
	if (slash[1] == '\0' || l->n_roots == MAX_ROOTS) {
		snprintf(why, SP_WHY_MAX, "%.120s: %s", named,
				slash[1] ? "too many paths" : "not all of a machine");
		return SP_ELIMIT;
	}
	*slash = '\0';
	int fd = open(slash == path ? "/" : path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		snprintf(why, SP_WHY_MAX, "%.120s: %s", named, strerror(errno));
		return SP_ENOTFOUND;
	}
	size_t before = l->n;
	l->root[l->n_roots] = fd;
	int rc = look(l, (uint16_t)l->n_roots++, 0, slash + 1);
	if (rc == SP_OK && l->n == before) {
		snprintf(why, SP_WHY_MAX, "%.120s: no file or directory that can be sent", named);
		return SP_ENOTFOUND;
	}
	return rc;
}

int sp_clip_local_create(const char *const *paths, size_t n, struct sp_clip_local **out,
		char why[SP_WHY_MAX])
{
	struct sp_clip_local *l = sp_calloc(1, sizeof(*l));
	int rc = l ? SP_OK : SP_ENOMEM;

	*out = NULL;
	snprintf(why, SP_WHY_MAX, "out of memory");
	if (l) {
		l->fd = -1;
	}
	for (size_t i = 0; rc == SP_OK && i < n; i++) {
		size_t from = l->n;

		rc = begin_at(l, paths[i], why);
		for (size_t k = from; rc == SP_OK && k < l->n; k++) {
			if (l->entry[k].dir) {
				rc = walk_dir(l, l->entry[k]);
			}
			if (rc == SP_ELIMIT) {
				snprintf(why, SP_WHY_MAX, "%.120s: more than %d files, or too deep",
						paths[i], SP_CLIP_FILES_MAX);
			}
		}
	}
	if (rc != SP_OK) {
		sp_clip_local_destroy(l);
		return rc;
	}
	*out = l;
	return SP_OK;
}

void sp_clip_local_destroy(struct sp_clip_local *l)
{
	if (!l) {
		return;
	}
	for (size_t i = 0; i < l->n; i++) {
		sp_free(l->entry[i].path);
	}
	for (size_t i = 0; i < l->n_roots; i++) {
		sp_fd_close(&l->root[i]);
	}
	sp_fd_close(&l->fd);
	sp_free(l->entry);
	sp_free(l);
}

int sp_clip_local_list(const struct sp_clip_local *l, struct sp_wr *w)
{
	size_t mark = sp_clip_files_begin(w);

	for (size_t i = 0; i < l->n; i++) {
		struct sp_clip_file f;

		describe(&l->entry[i], &f);
		if (sp_clip_file_write(w, &f) != SP_NAME_FINE) {
			return SP_EBUG; /* can_be_sent() was asked */
		}
	}
	sp_clip_files_end(w, mark);
	return sp_wr_ok(w);
}

/* The file, open and still a regular one. */
static int open_file(struct sp_clip_local *l, uint32_t index, struct stat *st)
{
	if (!(index < l->n) || l->entry[index].dir) {
		return SP_ENOTFOUND;
	}
	if (l->fd < 0 || l->fd_index != index) {
		const struct entry *e = &l->entry[index];

		sp_fd_close(&l->fd);
		l->fd = open_below(l->root[e->root], e->path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
		l->fd_index = index;
	}
	if (l->fd < 0 || fstat(l->fd, st) != 0 || !S_ISREG(st->st_mode)) {
		sp_fd_close(&l->fd);
		return SP_ENOTFOUND;
	}
	return SP_OK;
}

int sp_clip_local_size(struct sp_clip_local *l, uint32_t index, uint64_t *size)
{
	struct stat st;
	int rc = open_file(l, index, &st);

	*size = rc == SP_OK ? (uint64_t)st.st_size : 0;
	return rc;
}

int64_t sp_clip_local_read(
		struct sp_clip_local *l, uint32_t index, uint64_t position, void *p, size_t n)
{
	struct stat st;
	size_t done = 0;
	int rc = open_file(l, index, &st);

	if (rc != SP_OK || !(position <= INT64_MAX - n)) {
		return rc != SP_OK ? rc : SP_EARG;
	}
	while (done < n) {
		ssize_t got = pread(l->fd, (uint8_t *)p + done, n - done, (off_t)(position + done));

		if (got < 0 && errno != EINTR) {
			return SP_ESYS;
		}
		if (got == 0) {
			break;
		}
		done += got > 0 ? (size_t)got : 0;
	}
	return (int64_t)done;
}
