/* host/clip/given.c - see given.h. */
#include "host/clip/given.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/chan/clip_files.h"
#include "host/io/fdio.h"
#include "host/io/loop.h"

#define MAX_ROOTS 64
#define MAX_DEPTH 64
#define MAX_OPEN 8
#define BENEATH (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

struct entry {
	char *path; /* below its root */
	uint16_t root, depth;
	bool dir, read_only;
	uint64_t size;
	int64_t time_us;
};

struct open_file {
	int fd; /* 0: free */
	uint32_t index;
	uint64_t used;
};

struct sp_given {
	uint64_t resolve; /* see openat2(2) */
	int root[MAX_ROOTS];
	size_t n_roots;
	struct entry *entry;
	size_t n, cap;
	size_t walked; /* entries */
	size_t left_out; /* links, special files, names that cannot be sent */
	struct open_file file[MAX_OPEN];
	uint64_t uses;
};

static int open_below(const struct sp_given *g, const struct entry *e, uint64_t flags)
{
	struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = g->resolve};

	return (int)syscall(SYS_openat2, g->root[e->root], e->path, &how, sizeof(how));
}

struct sp_given *sp_given_create(bool one_system)
{
	struct sp_given *g = sp_calloc(1, sizeof(*g));

	if (g) {
		g->resolve = BENEATH | (one_system ? RESOLVE_NO_XDEV : 0);
	}
	return g;
}

void sp_given_destroy(struct sp_given *g)
{
	if (!g) {
		return;
	}
	for (size_t i = 0; i < MAX_OPEN; i++) {
		if (g->file[i].fd > 0) {
			close(g->file[i].fd);
		}
	}
	for (size_t i = 0; i < g->n_roots; i++) {
		close(g->root[i]);
	}
	for (size_t i = 0; i < g->n; i++) {
		sp_free(g->entry[i].path);
	}
	sp_free(g->entry);
	sp_free(g);
}

size_t sp_given_count(const struct sp_given *g)
{
	return g->n;
}

size_t sp_given_left_out(const struct sp_given *g)
{
	return g->left_out;
}

int sp_given_root(struct sp_given *g, int fd)
{
	if (g->n_roots == MAX_ROOTS) {
		close(fd);
		return SP_ELIMIT;
	}
	g->root[g->n_roots++] = fd;
	return SP_OK;
}

/* ---- the walk ---- */

static int put(struct sp_given *g, const struct entry *e)
{
	if (g->n == SP_CLIP_FILES_MAX) {
		return SP_ELIMIT;
	}
	if (g->n == g->cap) {
		size_t cap = g->cap ? g->cap * 2 : 64;
		struct entry *more = sp_realloc(g->entry, cap * sizeof(*more));

		if (!more) {
			return SP_ENOMEM;
		}
		g->entry = more;
		g->cap = cap;
	}
	g->entry[g->n] = *e;
	g->entry[g->n].path = sp_strdup(e->path);
	return g->entry[g->n++].path ? SP_OK : SP_ENOMEM;
}

/* What it is to the other side; the same rule that makes the list decides what is in it. */
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

	if (strlen(e->path) >= sizeof(f.name)) {
		return false;
	}
	describe(e, &f);
	sp_wr_fixed(&w, room, sizeof(room));
	return sp_clip_file_write(&w, &f) == SP_NAME_FINE;
}

/* One thing: added if it is a file or a directory that can be shown. */
static int look(struct sp_given *g, uint16_t root, uint16_t depth, char *path)
{
	struct stat st;
	struct entry e = {.path = path, .root = root, .depth = depth};
	int fd = open_below(g, &e, O_PATH | O_NOFOLLOW);

	if (fd < 0 || fstat(fd, &st) != 0 || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))) {
		g->left_out++;
		sp_fd_close(&fd);
		return SP_OK;
	}
	sp_fd_close(&fd);
	e.dir = S_ISDIR(st.st_mode);
	e.read_only = !(st.st_mode & S_IWUSR);
	e.size = (uint64_t)st.st_size;
	e.time_us = (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
	if (!can_be_sent(&e)) {
		g->left_out++;
		return SP_OK;
	}
	return put(g, &e);
}

static int walk_dir(struct sp_given *g, size_t at, uint64_t end)
{
	struct entry here = g->entry[at];
	int fd = open_below(g, &here, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *de;
	int rc = SP_OK;

	if (!d) {
		g->left_out++;
		sp_fd_close(&fd);
		return SP_OK;
	}
	while (rc == SP_OK && (de = readdir(d))) {
		char path[SP_WIRE_NAME_TEXT];

		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0) {
			continue;
		}
		int n = snprintf(path, sizeof(path), "%s/%s", here.path, de->d_name);
		if (!(n > 0 && (size_t)n < sizeof(path))) {
			g->left_out++;
		} else if (here.depth == MAX_DEPTH) {
			rc = SP_ELIMIT;
		} else if (end != 0 && sp_now_us() > end) {
			rc = SP_ETIMEOUT;
		} else {
			rc = look(g, here.root, here.depth + 1, path);
		}
	}
	closedir(d);
	return rc;
}

int sp_given_add(struct sp_given *g, const char *name)
{
	char path[SP_WIRE_NAME_TEXT];
	int n = snprintf(path, sizeof(path), "%s", name);

	if (!(n > 0 && (size_t)n < sizeof(path))) {
		g->left_out++;
		return SP_OK;
	}
	return look(g, (uint16_t)(g->n_roots - 1), 0, path);
}

/* What is found below stands behind its directory, and is walked in its turn. */
int sp_given_walk(struct sp_given *g, uint64_t end_us)
{
	int rc = SP_OK;

	for (; rc == SP_OK && g->walked < g->n; g->walked++) {
		if (g->entry[g->walked].dir) {
			rc = walk_dir(g, g->walked, end_us);
		}
	}
	return rc;
}

/* ---- for the other side ---- */

int sp_given_list(const struct sp_given *g, struct sp_wr *w)
{
	size_t mark = sp_clip_files_begin(w);

	for (size_t i = 0; i < g->n; i++) {
		struct sp_clip_file f;

		describe(&g->entry[i], &f);
		if (sp_clip_file_write(w, &f) != SP_NAME_FINE && sp_wr_ok(w) == SP_OK) {
			return SP_EBUG;
		}
	}
	sp_clip_files_end(w, mark);
	return sp_wr_ok(w);
}

static int open_error(void)
{
	if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) {
		return SP_ENOTFOUND;
	}
	return errno == EACCES || errno == EPERM || errno == EXDEV ? SP_EDENIED : SP_ESYS;
}

/* The slot of the file, opened if it is not open; the one unused for longest is closed for it. */
static int open_file(struct sp_given *g, uint32_t index, int *fd)
{
	struct open_file *f = &g->file[0];
	struct stat st;

	if (!(index < g->n) || g->entry[index].dir) {
		return SP_ENOTFOUND;
	}
	for (size_t i = 0; i < MAX_OPEN; i++) {
		if (g->file[i].fd > 0 && g->file[i].index == index) {
			g->file[i].used = ++g->uses;
			*fd = g->file[i].fd;
			return SP_OK;
		}
		if (g->file[i].used < f->used) {
			f = &g->file[i];
		}
	}
	int got = open_below(g, &g->entry[index], O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	if (got < 0) {
		return open_error();
	}
	if (fstat(got, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(got);
		return SP_ENOTFOUND;
	}
	if (f->fd > 0) {
		close(f->fd);
	}
	*f = (struct open_file){.fd = got, .index = index, .used = ++g->uses};
	*fd = got;
	return SP_OK;
}

int sp_given_size(struct sp_given *g, uint32_t index, uint64_t *size)
{
	struct stat st;
	int fd;
	int rc = open_file(g, index, &fd);

	*size = 0;
	if (rc == SP_OK && fstat(fd, &st) != 0) {
		rc = SP_ESYS;
	}
	if (rc == SP_OK) {
		*size = (uint64_t)st.st_size;
	}
	return rc;
}

int64_t sp_given_read(struct sp_given *g, uint32_t index, uint64_t position, void *p, size_t n)
{
	size_t done = 0;
	int fd;
	int rc = open_file(g, index, &fd);

	if (rc != SP_OK) {
		return rc;
	}
	if (position > INT64_MAX - n) {
		return 0;
	}
	while (done < n) {
		ssize_t got = pread(fd, (uint8_t *)p + done, n - done, (off_t)(position + done));

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return SP_ESYS;
		}
		if (got == 0) {
			break;
		}
		done += (size_t)got;
	}
	return (int64_t)done;
}
