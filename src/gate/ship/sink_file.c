/* gate/ship/sink_file.c - a line for each record in a file, which may be rotated away. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "gate/ship/sink.h"

#define MODE 0640
#define TRIES 3

struct file {
	struct sp_sink base;
	const struct sp_conf_ship *c;
	int fd;
	dev_t dev;
	ino_t ino;
};

enum sp_render sp_sink_form(enum sp_ship_format format)
{
	static const enum sp_render of[SP_SHIP_FORMATS] = {[SP_SHIP_JSON] = SP_RENDER_JSON,
			[SP_SHIP_RFC5424] = SP_RENDER_SYSLOG,
			[SP_SHIP_CEF] = SP_RENDER_CEF,
			[SP_SHIP_OCSF] = SP_RENDER_OCSF};

	return of[format];
}

static struct file *of(struct sp_sink *s)
{
	return (struct file *)s;
}

static int add(struct sp_sink *s, const struct sp_record *r, const struct sp_audit_view *v,
		struct sp_wr *w)
{
	int rc = sp_render(sp_sink_form(of(s)->c->format), r, v, w);

	sp_wr_u8(w, '\n');
	return rc;
}

static void reset(struct sp_sink *s)
{
	sp_fd_close(&of(s)->fd);
}

static int fail(struct file *f, const char *what)
{
	snprintf(f->base.why, sizeof(f->base.why), "%s%.200s: %s", what, f->c->path,
			strerror(errno));
	reset(&f->base);
	return SP_ESYS;
}

/*
 * Who died while writing left a piece of a line, which comes again whole: what stands behind the
 * last line feed goes.
 */
static bool mend(int fd)
{
	char part[4096];
	off_t end = lseek(fd, 0, SEEK_END), at = end;

	while (at > 0) {
		size_t n = at < (off_t)sizeof(part) ? (size_t)at : sizeof(part);
		if (sp_fd_read_at(fd, (uint8_t *)part, n, (uint64_t)at - n) != SP_OK) {
			return false;
		}
		while (n > 0 && part[n - 1] != '\n') {
			n--;
			at--;
		}
		if (n > 0) {
			break;
		}
	}
	return end >= 0 && (at == end || ftruncate(fd, at) == 0);
}

static int open_file(struct file *f)
{
	struct stat st;

	f->fd = open(f->c->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
			MODE);
	if (f->fd < 0 || fstat(f->fd, &st) != 0) {
		return fail(f, "");
	}
	if (!S_ISREG(st.st_mode)) {
		errno = ENOTSUP;
		return fail(f, "no file: ");
	}
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	return mend(f->fd) ? SP_OK : fail(f, "end of ");
}

/* Another file has its name, or none has. */
static bool rotated(const struct file *f)
{
	struct stat st;

	return stat(f->c->path, &st) != 0 || st.st_dev != f->dev || st.st_ino != f->ino;
}

/* All of it or nothing: what a full disk has of it would come again with the rest. */
static int append(struct file *f, struct sp_span batch)
{
	off_t before = lseek(f->fd, 0, SEEK_END);

	if (before < 0) {
		return fail(f, "");
	}
	if (sp_fd_write_all(f->fd, batch.p, batch.n) != SP_OK || fdatasync(f->fd) != 0) {
		int saved = errno;
		bool undone = ftruncate(f->fd, before) == 0;
		errno = saved;
		return fail(f, undone ? "" : "torn: ");
	}
	return SP_OK;
}

/* Removed since it was looked for: what was written into it nobody will see. */
static bool removed(const struct file *f)
{
	struct stat st;

	return fstat(f->fd, &st) == 0 && st.st_nlink == 0;
}

static int put(struct sp_sink *s, struct sp_span batch)
{
	struct file *f = of(s);

	for (int i = 0; i < TRIES; i++) {
		if (f->fd >= 0 && rotated(f)) {
			reset(s);
		}
		int rc = f->fd < 0 ? open_file(f) : SP_OK;
		if (rc == SP_OK) {
			rc = append(f, batch);
		}
		if (rc != SP_OK || !removed(f)) {
			return rc;
		}
	}
	errno = ENOENT;
	return fail(f, "");
}

static int look(struct sp_sink *s)
{
	return SP_OK;
}

static void destroy(struct sp_sink *s)
{
	reset(s);
	sp_free(s);
}

struct sp_sink *sp_sink_file(const struct sp_conf_ship *c, char why[SP_WHY_MAX])
{
	static const struct sp_sink_impl impl = {
			.add = add, .put = put, .look = look, .reset = reset, .destroy = destroy};
	struct file *f = sp_calloc(1, sizeof(*f));

	if (f == NULL) {
		snprintf(why, SP_WHY_MAX, "out of memory");
		return NULL;
	}
	f->base = (struct sp_sink){.impl = &impl, .fd = -1};
	f->c = c;
	f->fd = -1;
	return &f->base;
}
