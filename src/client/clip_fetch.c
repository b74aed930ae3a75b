/* client/clip_fetch.c - see clip_fetch.h. */
#include "client/clip_fetch.h"

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

#define PIECE (1u << 20)
#define FLYING 8
#define BENEATH (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

struct item {
	char *name;
	bool dir, has_size, has_time;
	uint64_t size, asked, left; /* left: bytes that are not there yet */
	int64_t time_us;
	int fd; /* -1: not open */
};

struct piece {
	uint32_t request; /* 0: free */
	uint32_t index, n;
	uint64_t position;
	bool size;
	bool again; /* the rest of one that came short is to be asked for */
};

struct sp_clip_fetch {
	int root;
	uint32_t lock;
	struct item *item;
	size_t n, at; /* at: the one whose pieces are asked for */
	struct piece piece[FLYING];
};

static int open_below(int dir, const char *path, uint64_t flags, uint64_t mode)
{
	struct open_how how = {.flags = flags | O_CLOEXEC, .mode = mode, .resolve = BENEATH};

	return (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

static int say(char why[SP_WHY_MAX], const char *name, const char *what, int err)
{
	snprintf(why, SP_WHY_MAX, "%.150s: %s", name, what);
	return err;
}

/* ---- the list ---- */

static int read_items(struct sp_clip_fetch *f, struct sp_rd *r, char why[SP_WHY_MAX])
{
	for (size_t i = 0; i < f->n; i++) {
		struct item *item = &f->item[i];
		struct sp_clip_file file;
		char shown[160];

		if (sp_clip_file_read(r, &file) != SP_OK) {
			return say(why, "file list", "damaged", SP_EFIELD);
		}
		if (file.fault != SP_NAME_FINE) {
			sp_wire_name_show(file.wire, shown, sizeof(shown));
			return say(why, shown, sp_name_fault_text(file.fault), SP_EDENIED);
		}
		*item = (struct item){.name = sp_strdup(file.name),
				.dir = file.dir,
				.has_size = file.has_size,
				.has_time = file.has_time,
				.size = file.size,
				.left = file.size,
				.time_us = file.time_us,
				.fd = -1};
		if (!item->name) {
			return SP_ENOMEM;
		}
	}
	return SP_OK;
}

static bool is_empty(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *de;
	bool empty = d != NULL;

	while (d && (de = readdir(d))) {
		empty &= strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0;
	}
	if (d) {
		closedir(d);
	} else {
		sp_fd_close(&fd);
	}
	return empty;
}

static int make_root(struct sp_clip_fetch *f, const char *dir, char why[SP_WHY_MAX])
{
	if (mkdir(dir, 0777) != 0 && errno != EEXIST) {
		return say(why, dir, strerror(errno), SP_ESYS);
	}
	f->root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->root < 0) {
		return say(why, dir, strerror(errno), SP_ESYS);
	}
	return is_empty(f->root) ? SP_OK : say(why, dir, "not empty", SP_ESYS);
}

int sp_clip_fetch_create(const char *dir, struct sp_span list, uint32_t lock,
		struct sp_clip_fetch **out, char why[SP_WHY_MAX])
{
	struct sp_clip_fetch *f = sp_calloc(1, sizeof(*f));
	struct sp_rd r;
	size_t n = 0;
	int rc;

	*out = NULL;
	snprintf(why, SP_WHY_MAX, "out of memory");
	if (!f) {
		return SP_ENOMEM;
	}
	f->root = -1;
	f->lock = lock;
	sp_rd_init(&r, list.p, list.n);
	rc = sp_clip_files_read(&r, &n);
	if (rc != SP_OK || n == 0) {
		rc = say(why, "file list", n == 0 && rc == SP_OK ? "empty" : sp_err_text(rc),
				SP_EFIELD);
		goto fail;
	}
	f->item = sp_calloc(n, sizeof(*f->item));
	if (!f->item) {
		rc = SP_ENOMEM;
		goto fail;
	}
	f->n = n;
	for (size_t i = 0; i < n; i++) {
		f->item[i].fd = -1;
	}
	rc = read_items(f, &r, why);
	if (rc == SP_OK) {
		rc = make_root(f, dir, why);
	}
	if (rc == SP_OK) {
		*out = f;
		return SP_OK;
	}
fail:
	sp_clip_fetch_destroy(f);
	return rc;
}

void sp_clip_fetch_destroy(struct sp_clip_fetch *f)
{
	if (!f) {
		return;
	}
	for (size_t i = 0; i < f->n; i++) {
		sp_free(f->item[i].name);
		sp_fd_close(&f->item[i].fd);
	}
	sp_fd_close(&f->root);
	sp_free(f->item);
	sp_free(f);
}

/* ---- files ---- */

/* Makes a directory and those above it; what is there already is fine. */
static int make_dir(struct sp_clip_fetch *f, const char *name)
{
	char path[SP_WIRE_NAME_TEXT];
	size_t n = strlen(name);

	for (size_t end = strcspn(name, "/");; end += 1 + strcspn(name + end + 1, "/")) {
		snprintf(path, sizeof(path), "%.*s", (int)end, name);
		char *slash = strrchr(path, '/');
		const char *base = slash ? slash + 1 : path;
		int above = f->root;

		if (slash) {
			*slash = '\0';
			above = open_below(f->root, path, O_PATH | O_DIRECTORY, 0);
		}
		int rc = above < 0 ? -1 : mkdirat(above, base, 0777);
		int saved = errno;
		if (slash) {
			sp_fd_close(&above);
		}
		if (rc != 0 && saved != EEXIST) {
			errno = saved;
			return SP_ESYS;
		}
		if (end == n) {
			return SP_OK;
		}
	}
}

static int open_item(struct sp_clip_fetch *f, struct item *item, char why[SP_WHY_MAX])
{
	char above[SP_WIRE_NAME_TEXT];

	snprintf(above, sizeof(above), "%s", item->name);
	char *slash = strrchr(above, '/');
	if (slash) {
		*slash = '\0';
		if (make_dir(f, above) != SP_OK) {
			return say(why, item->name, strerror(errno), SP_ESYS);
		}
	}
	item->fd = open_below(f->root, item->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666);
	return item->fd < 0 ? say(why, item->name, strerror(errno), SP_ESYS) : SP_OK;
}

static int close_item(struct item *item, char why[SP_WHY_MAX])
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
			{.tv_sec = item->time_us / 1000000,
					.tv_nsec = item->time_us % 1000000 * 1000}};

	/* What was zero is a hole. */
	if (ftruncate(item->fd, (off_t)item->size) != 0) {
		return say(why, item->name, strerror(errno), SP_ESYS);
	}
	if (item->has_time && item->time_us >= 0) {
		(void)futimens(item->fd, times);
	}
	sp_fd_close(&item->fd);
	return SP_OK;
}

static bool all_zero(struct sp_span s)
{
	return s.n == 0 || (s.p[0] == 0 && memcmp(s.p, s.p + 1, s.n - 1) == 0);
}

static int put(struct item *item, uint64_t position, struct sp_span data, char why[SP_WHY_MAX])
{
	if (all_zero(data)) {
		return SP_OK;
	}
	while (data.n > 0) {
		ssize_t n = pwrite(item->fd, data.p, data.n, (off_t)position);

		if (n < 0 && errno != EINTR) {
			return say(why, item->name, strerror(errno), SP_ESYS);
		}
		if (n > 0) {
			data = sp_span(data.p + n, data.n - (size_t)n);
			position += (uint64_t)n;
		}
	}
	return SP_OK;
}

/* ---- pieces ---- */

static struct piece *free_piece(struct sp_clip_fetch *f)
{
	for (size_t i = 0; i < FLYING; i++) {
		if (f->piece[i].request == 0 && !f->piece[i].again) {
			return &f->piece[i];
		}
	}
	return NULL;
}

static bool any_piece(const struct sp_clip_fetch *f)
{
	for (size_t i = 0; i < FLYING; i++) {
		if (f->piece[i].request != 0 || f->piece[i].again) {
			return true;
		}
	}
	return false;
}

static int ask(struct sp_clip_fetch *f, struct sp_clipboard *c, struct piece *p, uint64_t now_us,
		char why[SP_WHY_MAX])
{
	int rc = p->size ? sp_clipboard_ask_size(c, f->lock, p->index, now_us, &p->request)
			 : sp_clipboard_ask_range(c, f->lock, p->index, p->position, p->n, now_us,
					   &p->request);

	return rc == SP_OK ? SP_OK : say(why, f->item[p->index].name, sp_err_text(rc), rc);
}

/* The next piece of the item at hand: 1 when one was asked, 0 when it must wait for an answer. */
static int next_piece(struct sp_clip_fetch *f, struct sp_clipboard *c, struct piece *p,
		uint64_t now_us, char why[SP_WHY_MAX])
{
	struct item *item = &f->item[f->at];
	uint64_t left = item->size - item->asked;
	int rc = SP_OK;

	if (!item->has_size) {
		if (item->asked != 0) {
			return 0;
		}
		item->asked = 1; /* its size is asked for */
		*p = (struct piece){.index = (uint32_t)f->at, .size = true};
		rc = ask(f, c, p, now_us, why);
		return rc == SP_OK ? 1 : rc;
	}
	if (item->fd < 0 && (rc = open_item(f, item, why)) != SP_OK) {
		return rc;
	}
	if (item->size > 0) {
		uint32_t n = left < PIECE ? (uint32_t)left : PIECE;

		*p = (struct piece){.index = (uint32_t)f->at, .position = item->asked, .n = n};
		rc = ask(f, c, p, now_us, why);
		item->asked += n;
	} else {
		rc = close_item(item, why);
	}
	f->at += item->asked == item->size;
	return rc == SP_OK ? 1 : rc;
}

int sp_clip_fetch_pump(struct sp_clip_fetch *f, struct sp_clipboard *c, uint64_t now_us,
		char why[SP_WHY_MAX])
{
	struct piece *p;

	for (size_t i = 0; i < FLYING; i++) {
		p = &f->piece[i];
		if (p->again) {
			int rc = ask(f, c, p, now_us, why);

			if (rc != SP_OK) {
				return rc;
			}
			p->again = false;
		}
	}
	while (f->at < f->n && (p = free_piece(f)) != NULL) {
		struct item *item = &f->item[f->at];
		int rc = 1;

		if (item->dir) {
			rc = make_dir(f, item->name);
			if (rc != SP_OK) {
				return say(why, item->name, strerror(errno), rc);
			}
			f->at++;
			continue;
		}
		rc = next_piece(f, c, p, now_us, why);
		if (rc < 0) {
			p->request = 0;
			return rc;
		}
		if (rc == 0) {
			break;
		}
	}
	return f->at < f->n || any_piece(f);
}

static int got_piece(struct sp_clip_fetch *f, struct piece *p, const struct sp_clipboard_event *ev,
		char why[SP_WHY_MAX])
{
	struct item *item = &f->item[p->index];

	p->request = 0;
	if (ev->err != SP_OK) {
		return say(why, item->name,
				ev->err == SP_EDENIED ? "refused by the server"
						      : sp_err_text(ev->err),
				ev->err);
	}
	if (p->size) {
		item->has_size = true;
		item->size = item->left = ev->size;
		item->asked = 0;
		return SP_OK;
	}
	if (ev->data.n == 0) {
		return say(why, item->name, "ends early", SP_ESHORT);
	}
	int rc = put(item, p->position, ev->data, why);
	item->left -= ev->data.n;
	p->position += ev->data.n;
	p->n -= (uint32_t)ev->data.n;
	p->again = p->n > 0;
	return rc == SP_OK && item->left == 0 ? close_item(item, why) : rc;
}

int sp_clip_fetch_answer(
		struct sp_clip_fetch *f, const struct sp_clipboard_event *ev, char why[SP_WHY_MAX])
{
	for (size_t i = 0; i < FLYING; i++) {
		if (f->piece[i].request != 0 && f->piece[i].request == ev->request) {
			return got_piece(f, &f->piece[i], ev, why);
		}
	}
	return SP_OK;
}
