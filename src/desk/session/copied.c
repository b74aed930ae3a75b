/* desk/session/copied.c - see copied.h. */
#include "desk/session/copied.h"

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
#include "desk/session/urilist.h"
#include "host/io/fdio.h"
#include "host/io/loop.h"

#define MAX_MOUNTS 64 /* of ours, of all desktops of this machine */
#define MAX_LINKS 40 /* symbolic links on the way to what was copied */
#define WALK_US (3 * 1000000u)
#define OUR_TYPE " - fuse.sallyport "

struct copying {
	struct sp_given *given;
	char root_path[SP_URILIST_PATH]; /* of its last root */
	char *mount[MAX_MOUNTS]; /* where ours lie */
	size_t n_mounts;
	size_t left_out; /* besides those of given */
};

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
static int find_mounts(struct copying *c)
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
static bool on_our_mount(const struct copying *c, const char *path)
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
static int resolve(const struct copying *c, char path[SP_URILIST_PATH])
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

/* ---- what was copied ---- */

/* The directory that the path lies in, open. */
static int find_root(struct copying *c, const char *dir)
{
	struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
			.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};

	if (strcmp(c->root_path, dir) == 0) {
		return SP_OK;
	}
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, dir, &how, sizeof(how));
	if (fd < 0) {
		return SP_ENOTFOUND;
	}
	snprintf(c->root_path, sizeof(c->root_path), "%s", dir);
	return sp_given_root(c->given, fd);
}

static int begin_at(struct copying *c, char path[SP_URILIST_PATH])
{
	int rc = resolve(c, path);

	if (rc == SP_OK) {
		char *slash = strrchr(path, '/');

		*slash = '\0';
		rc = find_root(c, slash == path ? "/" : path);
		if (rc == SP_OK) {
			return sp_given_add(c->given, slash + 1);
		}
	}
	if (rc == SP_ENOTFOUND || rc == SP_EDENIED) {
		c->left_out++;
		return SP_OK;
	}
	return rc;
}

static int copy(struct copying *c, struct sp_span urilist)
{
	char path[SP_URILIST_PATH];
	uint64_t end = sp_now_us() + WALK_US;
	int rc = find_mounts(c);

	while (rc == SP_OK && sp_urilist_next(&urilist, path)) {
		rc = sp_now_us() > end ? SP_ETIMEOUT : begin_at(c, path);
	}
	if (rc == SP_OK) {
		rc = sp_given_walk(c->given, end);
	}
	return rc == SP_OK && sp_given_count(c->given) == 0 ? SP_ENOTFOUND : rc;
}

int sp_copied_create(struct sp_span urilist, struct sp_given **out)
{
	struct copying c = {.given = sp_given_create(true)};

	*out = NULL;
	if (!c.given) {
		return SP_ENOMEM;
	}
	int rc = copy(&c, urilist);
	size_t left_out = c.left_out + sp_given_left_out(c.given);
	if (left_out > 0) {
		sp_log(SP_LOG_INFO, "clipboard: %zu of the copied files cannot be given, %zu can",
				left_out, sp_given_count(c.given));
	}
	for (size_t i = 0; i < c.n_mounts; i++) {
		sp_free(c.mount[i]);
	}
	if (rc != SP_OK) {
		sp_given_destroy(c.given);
		return rc;
	}
	*out = c.given;
	return SP_OK;
}
