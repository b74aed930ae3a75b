/* desk/session/copied.c - see copied.h. */
#include "desk/session/copied.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/chan/clip_files.h"
#include "desk/session/urilist.h"
#include "host/io/fdio.h"
#include "host/io/loop.h"

#define MAX_ROOTS 64 /* directories that what was copied lies in */
#define MAX_DEPTH 64
#define MAX_OPEN 8
#define MAX_MOUNTS 64 /* of ours, of all desktops of this machine */
#define MAX_LINKS 40 /* symbolic links on the way to what was copied */
#define WALK_US (3 * 1000000u)
#define OUR_TYPE " - fuse.sallyport "
#define BENEATH (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV)

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

struct sp_copied {
	int root[MAX_ROOTS];
	char root_path[SP_URILIST_PATH]; /* of the last one */
	size_t n_roots;
	struct entry *entry;
	size_t n, cap;
	char *mount[MAX_MOUNTS]; /* where ours lie */
	size_t n_mounts;
	size_t left_out; /* links, special files, names that cannot be sent */
	struct open_file file[MAX_OPEN];
	uint64_t uses;
};

static int open_below(int dir, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = resolve};

	return (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

/* ---- mounts of ours ---- */

/* Undoes the \040 of blanks and their like, in place. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '\\' && strspn(s + 1, "01234567") >= 3) {
			*to++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* By the kernel's list, without a look at any path. */
static int find_mounts(struct sp_copied *c)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t cap = 0;
	int rc = f ? SP_OK : SP_ESYS;

	while (rc == SP_OK && getline(&line, &cap, f) > 0) {
		char *place = line;

		for (int field = 0; place && field < 4; field++) {
			place = strchr(place, ' ');
			place = place ? place + 1 : NULL;
		}
		if (!place || !strstr(place, OUR_TYPE)) {
			continue;
		}
		place[strcspn(place, " ")] = '\0';
		unescape(place);
		if (c->n_mounts == MAX_MOUNTS) {
			rc = SP_ELIMIT;
		} else if (!(c->mount[c->n_mounts] = sp_strdup(place))) {
			rc = SP_ENOMEM;
		} else {
			c->n_mounts++;
		}
	}
	free(line);
	if (f) {
		fclose(f);
	}
	return rc;
}

/* The path has no symbolic links. */
static bool on_our_mount(const struct sp_copied *c, const char *path)
{
	for (size_t i = 0; i < c->n_mounts; i++) {
		if (is_below(path, c->mount[i])) {
			return true;
		}
	}
	return false;
}

/* ---- the way to what was copied ---- */

/* Puts what the link at the first n bytes of path says in its place. */
static bool follow(char path[SP_URILIST_PATH], size_t n)
{
	char link[SP_URILIST_PATH], joined[2 * SP_URILIST_PATH];
	char part[SP_URILIST_PATH];

	snprintf(part, sizeof(part), "%.*s", (int)n, path);
	ssize_t got = readlink(part, link, sizeof(link) - 1);
	if (got <= 0) {
		return false;
	}
	link[got] = '\0';
	char *slash = strrchr(part, '/');
	if (slash) {
		*slash = '\0';
	}
	int len = snprintf(joined, sizeof(joined), "%s%s%s%s", link[0] == '/' ? "" : part,
			link[0] == '/' ? "" : "/", link, path + n);
	if (!(len > 0 && len < SP_URILIST_PATH)) {
		return false;
	}
	memcpy(path, joined, (size_t)len + 1);
	return true;
}

/* Removes "//", "/." and "/..": right only where no link stands before them. */
static bool tidy(char *path, size_t end)
{
	char *from = path, *to = path, *stop = path + end;

	while (from < stop) {
		size_t n = strcspn(from + 1, "/");

		if (n == 2 && from[1] == '.' && from[2] == '.') {
			while (to > path && *--to != '/') {
			}
		} else if (n > 0 && !(n == 1 && from[1] == '.')) {
			memmove(to, from, n + 1);
			to += n + 1;
		}
		from += n + 1;
	}
	memmove(to, from, strlen(from) + 1);
	return to > path;
}

/*
 * Resolves all symbolic links in the path; each part is looked at only when it is known not to lie
 * on a mount of ours.
 */
static int resolve(const struct sp_copied *c, char path[SP_URILIST_PATH])
{
	int links = 0;
	size_t n = 0;

	while (path[n]) {
		struct stat st;
		char part[SP_URILIST_PATH];
		size_t end = n + 1 + strcspn(path + n + 1, "/");
		bool dots = end - n == 3 && path[n + 1] == '.' && path[n + 2] == '.';

		if (end - n == 1 || dots || (end - n == 2 && path[n + 1] == '.')) {
			size_t left = strlen(path + end);

			(void)tidy(path, end);
			n = strlen(path) - left;
			continue;
		}
		snprintf(part, sizeof(part), "%.*s", (int)end, path);
		if (on_our_mount(c, part)) {
			return SP_EDENIED;
		}
		if (lstat(part, &st) != 0) {
			return SP_ENOTFOUND;
		}
		if (!S_ISLNK(st.st_mode)) {
			n = end;
			continue;
		}
		if (++links > MAX_LINKS || !follow(path, end)) {
			return SP_ENOTFOUND;
		}
		n = 0;
	}
	return path[0] ? SP_OK : SP_ENOTFOUND;
}

/* ---- the walk ---- */

static int add(struct sp_copied *c, const struct entry *e)
{
	if (c->n == SP_CLIP_FILES_MAX) {
		return SP_ELIMIT;
	}
	if (c->n == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 64;
		struct entry *more = sp_realloc(c->entry, cap * sizeof(*more));

		if (!more) {
			return SP_ENOMEM;
		}
		c->entry = more;
		c->cap = cap;
	}
	c->entry[c->n] = *e;
	c->entry[c->n].path = sp_strdup(e->path);
	return c->entry[c->n++].path ? SP_OK : SP_ENOMEM;
}

/* What it is to the client; the same rule that makes the list decides what is in it. */
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
static int look(struct sp_copied *c, uint16_t root, uint16_t depth, char *path)
{
	struct stat st;
	int fd = open_below(c->root[root], path, O_PATH | O_NOFOLLOW, BENEATH);

	if (fd < 0 || fstat(fd, &st) != 0 || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))) {
		c->left_out++;
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
	if (!can_be_sent(&e)) {
		c->left_out++;
		return SP_OK;
	}
	return add(c, &e);
}

static int walk_dir(struct sp_copied *c, size_t at, uint64_t end)
{
	struct entry here = c->entry[at];
	int fd = open_below(c->root[here.root], here.path, O_RDONLY | O_DIRECTORY | O_NONBLOCK,
			BENEATH);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *de;
	int rc = SP_OK;

	if (!d) {
		c->left_out++;
		sp_fd_close(&fd);
		return SP_OK;
	}
	while (rc == SP_OK && (de = readdir(d))) {
		char path[SP_URILIST_PATH];

		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0) {
			continue;
		}
		int n = snprintf(path, sizeof(path), "%s/%s", here.path, de->d_name);
		if (!(n > 0 && (size_t)n < sizeof(path))) {
			c->left_out++;
		} else if (here.depth == MAX_DEPTH) {
			rc = SP_ELIMIT;
		} else if (sp_now_us() > end) {
			rc = SP_ETIMEOUT;
		} else {
			rc = look(c, here.root, here.depth + 1, path);
		}
	}
	closedir(d);
	return rc;
}

/* The directory that the path lies in, open. */
static int find_root(struct sp_copied *c, const char *dir)
{
	if (c->n_roots > 0 && strcmp(c->root_path, dir) == 0) {
		return SP_OK;
	}
	if (c->n_roots == MAX_ROOTS) {
		return SP_ELIMIT;
	}
	int fd = open_below(AT_FDCWD, dir, O_PATH | O_DIRECTORY,
			RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	if (fd < 0) {
		return SP_ENOTFOUND;
	}
	c->root[c->n_roots++] = fd;
	snprintf(c->root_path, sizeof(c->root_path), "%s", dir);
	return SP_OK;
}

static int begin_at(struct sp_copied *c, char path[SP_URILIST_PATH])
{
	int rc = resolve(c, path);

	if (rc == SP_OK) {
		char *slash = strrchr(path, '/');

		*slash = '\0';
		rc = find_root(c, slash == path ? "/" : path);
		if (rc == SP_OK) {
			return look(c, (uint16_t)(c->n_roots - 1), 0, slash + 1);
		}
	}
	if (rc == SP_ENOTFOUND || rc == SP_EDENIED) {
		c->left_out++;
		return SP_OK;
	}
	return rc;
}

int sp_copied_create(struct sp_span urilist, struct sp_copied **out)
{
	struct sp_copied *c = sp_calloc(1, sizeof(*c));
	char path[SP_URILIST_PATH];
	uint64_t end = sp_now_us() + WALK_US;

	*out = NULL;
	if (!c) {
		return SP_ENOMEM;
	}
	int rc = find_mounts(c);
	while (rc == SP_OK && sp_urilist_next(&urilist, path)) {
		rc = sp_now_us() > end ? SP_ETIMEOUT : begin_at(c, path);
	}
	/* What is found below stands behind its directory, and is walked in its turn. */
	for (size_t i = 0; rc == SP_OK && i < c->n; i++) {
		if (c->entry[i].dir) {
			rc = walk_dir(c, i, end);
		}
	}
	if (rc == SP_OK && c->n == 0) {
		rc = SP_ENOTFOUND;
	}
	if (c->left_out > 0) {
		sp_log(SP_LOG_INFO, "clipboard: %zu of the copied files cannot be given, %zu can",
				c->left_out, c->n);
	}
	if (rc != SP_OK) {
		sp_copied_destroy(c);
		return rc;
	}
	*out = c;
	return SP_OK;
}

void sp_copied_destroy(struct sp_copied *c)
{
	if (!c) {
		return;
	}
	for (size_t i = 0; i < MAX_OPEN; i++) {
		if (c->file[i].fd > 0) {
			close(c->file[i].fd);
		}
	}
	for (size_t i = 0; i < c->n_roots; i++) {
		close(c->root[i]);
	}
	for (size_t i = 0; i < c->n; i++) {
		sp_free(c->entry[i].path);
	}
	for (size_t i = 0; i < c->n_mounts; i++) {
		sp_free(c->mount[i]);
	}
	sp_free(c->entry);
	sp_free(c);
}

/* ---- for the client ---- */

int sp_copied_list(const struct sp_copied *c, struct sp_wr *w)
{
	size_t mark = sp_clip_files_begin(w);

	for (size_t i = 0; i < c->n; i++) {
		struct sp_clip_file f;

		describe(&c->entry[i], &f);
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
static int open_file(struct sp_copied *c, uint32_t index, int *fd)
{
	struct open_file *f = &c->file[0];
	struct stat st;

	if (!(index < c->n) || c->entry[index].dir) {
		return SP_ENOTFOUND;
	}
	for (size_t i = 0; i < MAX_OPEN; i++) {
		if (c->file[i].fd > 0 && c->file[i].index == index) {
			c->file[i].used = ++c->uses;
			*fd = c->file[i].fd;
			return SP_OK;
		}
		if (c->file[i].used < f->used) {
			f = &c->file[i];
		}
	}
	int got = open_below(c->root[c->entry[index].root], c->entry[index].path,
			O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW, BENEATH);
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
	*f = (struct open_file){.fd = got, .index = index, .used = ++c->uses};
	*fd = got;
	return SP_OK;
}

int sp_copied_size(struct sp_copied *c, uint32_t index, uint64_t *size)
{
	struct stat st;
	int fd;
	int rc = open_file(c, index, &fd);

	*size = 0;
	if (rc == SP_OK && fstat(fd, &st) != 0) {
		rc = SP_ESYS;
	}
	if (rc == SP_OK) {
		*size = (uint64_t)st.st_size;
	}
	return rc;
}

int64_t sp_copied_read(struct sp_copied *c, uint32_t index, uint64_t position, void *p, size_t n)
{
	size_t done = 0;
	int fd;
	int rc = open_file(c, index, &fd);

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
