/* desk/session/drive_read.c - the drives' file system: reading, and reading ahead. */
#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "desk/session/drive_file.h"
#include "desk/session/drive_name.h"

#define BLOCK (256u << 10)
#define FIRST_WINDOW (256u << 10)
#define MAX_WINDOW (4u << 20)
#define SMALL (64u << 10) /* a file that is read at once when it is opened */
#define NEAR (1u << 20) /* the kernel's own reading ahead comes in any order */
#define KEEP_US UINT64_C(2000000) /* so long is believed what was read ahead */
#define MAX_PIECES 32

static void free_block(struct sp_desk_drives *d, struct sp_drive_block *b)
{
	d->held -= b->want;
	sp_free(b->data);
	sp_free(b);
}

static void drop(struct sp_drive_file *f, struct sp_drive_block *b)
{
	struct sp_drive_block **at = &f->blocks;

	while (*at != b) {
		at = &(*at)->next;
	}
	*at = b->next;
	if (b->pending) {
		b->dropped = true;
	} else {
		free_block(f->d, b);
	}
}

void sp_drive_file_drop_blocks(struct sp_drive_file *f)
{
	while (f->blocks) {
		drop(f, f->blocks);
	}
}

static struct sp_drive_block *find(struct sp_drive_file *f, uint64_t at)
{
	struct sp_drive_block *b = f->blocks;

	while (b && !(b->offset <= at && at - b->offset < b->want)) {
		b = b->next;
	}
	if (b && !b->pending && sp_now_us() - b->came > KEEP_US) {
		drop(f, b);
		return NULL;
	}
	return b;
}

static void serve_readers(struct sp_drive_file *f);

static void on_block(struct sp_drive_call *c, const struct sp_drive_server_event *ev)
{
	struct sp_drive_block *b = c->block;
	struct sp_drive_file *f = c->file;

	b->pending = false;
	b->came = sp_now_us();
	b->error = sp_drive_errno(ev->fail);
	if (b->error == 0 && !b->dropped) {
		b->got = ev->data.n < b->want ? ev->data.n : b->want;
		b->data = sp_malloc(b->got + 1);
		if (b->data) {
			memcpy(b->data, ev->data.p, b->got);
		} else {
			b->error = ENOMEM;
		}
	}
	if (b->dropped) {
		free_block(f->d, b);
	}
	serve_readers(f);
	sp_drive_call_free(c);
}

/* Asks for n bytes. NULL: not sent, and why in *error. */
static struct sp_drive_block *request(
		struct sp_drive_file *f, uint64_t offset, size_t n, int *error)
{
	struct sp_drive_block *b = sp_calloc(1, sizeof(*b));
	struct sp_drive_call *c = b ? sp_drive_call_create(f->d, NULL) : NULL;

	if (!c) {
		sp_free(b);
		*error = ENOMEM;
		return NULL;
	}
	*b = (struct sp_drive_block){
			.next = f->blocks, .offset = offset, .want = n, .pending = true};
	c->block = b;
	c->file = f;
	c->done = on_block;
	f->refs++;
	int rc = sp_drive_server_read(f->d->machine, f->handle, offset, n, c->tag, sp_now_us());
	if (rc != SP_OK) {
		*error = sp_drive_errno_unsent(rc);
		sp_free(b);
		sp_drive_call_free(c);
		return NULL;
	}
	f->d->held += n;
	f->blocks = b;
	return b;
}

/* How much to ask for at pos when at least need bytes are wanted there. */
static size_t piece(const struct sp_drive_file *f, uint64_t pos, size_t need)
{
	uint64_t size = f->node->stat.size, n = BLOCK - pos % BLOCK;

	if (f->window == 0 || pos >= size) {
		return need < BLOCK ? need : BLOCK;
	}
	/* Not beyond the end, as far as it is known. */
	n = n < size - pos ? n : size - pos;
	if (n < need) {
		n = need < BLOCK ? need : BLOCK;
	}
	return (size_t)n;
}

static void read_ahead(struct sp_drive_file *f, uint64_t from)
{
	uint64_t end = from + f->window, size = f->node->stat.size;
	int error;

	end = end < size ? end : size;
	while (from < end && f->d->held < SP_DRIVES_MAX_HELD &&
			f->d->calls < SP_DRIVES_MAX_CALLS / 2) {
		struct sp_drive_block *b = find(f, from);

		if (!b) {
			b = request(f, from, piece(f, from, 1), &error);
		}
		if (!b) {
			break;
		}
		from = b->offset + b->want;
	}
}

void sp_drive_file_begin(struct sp_drive_file *f)
{
	int error;

	if (f->reads && !f->writes && f->node->stat.size > 0 && f->node->stat.size <= SMALL &&
			sp_drives_fresh(f->node) && f->d->held < SP_DRIVES_MAX_HELD) {
		struct sp_drive_block *b = request(f, 0, (size_t)f->node->stat.size, &error);

		(void)b; /* whoever reads asks again */
	}
}

/* Takes blocks whose every byte was given: the kernel keeps them. */
static void served(struct sp_drive_file *f, uint64_t begin, uint64_t end)
{
	for (struct sp_drive_block *b = f->blocks, *next; b; b = next) {
		uint64_t from = b->offset > begin ? b->offset : begin;
		uint64_t to = b->offset + b->got < end ? b->offset + b->got : end;

		next = b->next;
		if (!b->pending && b->error == 0 && b->offset < end &&
				begin < b->offset + b->want) {
			b->served += to > from ? (size_t)(to - from) : 0;
			if (b->served >= b->got) {
				drop(f, b);
			}
		}
	}
}

static void reply(struct sp_drive_call *c, struct iovec *iov, size_t n, uint64_t end)
{
	struct sp_drive_file *f = c->file;

	if (c->req) {
		fuse_reply_iov(c->req, iov, (int)n);
		c->req = NULL;
	}
	served(f, c->offset, end);
}

/* Answers when all of it is here, else asks for what is missing; true when it was answered. */
static bool try_read(struct sp_drive_call *c)
{
	struct sp_drive_file *f = c->file;
	struct iovec iov[MAX_PIECES];
	uint64_t pos = c->offset, end = c->offset + c->n;
	size_t n = 0;
	bool ready = true;
	int error = 0;

	while (pos < end && n < MAX_PIECES) {
		struct sp_drive_block *b = find(f, pos);

		if (!b) {
			b = request(f, pos, piece(f, pos, (size_t)(end - pos)), &error);
		}
		if (b && b->pending) {
			ready = false;
			pos = b->offset + b->want;
			continue;
		}
		if (b) {
			error = b->error;
		}
		if (error != 0) {
			if (b) {
				drop(f, b);
			}
			break;
		}
		size_t skip = (size_t)(pos - b->offset);
		if (b->got <= skip) {
			break; /* the end of the file */
		}
		size_t len = b->got - skip;
		len = len < end - pos ? len : (size_t)(end - pos);
		iov[n++] = (struct iovec){.iov_base = b->data + skip, .iov_len = len};
		pos += len;
		if (b->got < b->want && pos == b->offset + b->got) {
			break;
		}
	}
	/* Also when some of it is there: the kernel takes less than it wanted for the end of the file. */
	if (error != 0) {
		sp_drive_call_error(c, error);
		return true;
	}
	if (!ready) {
		return false;
	}
	reply(c, iov, n, pos);
	return true;
}

static void serve_readers(struct sp_drive_file *f)
{
	struct sp_drive_call **at = &f->readers;

	while (*at) {
		struct sp_drive_call *c = *at;

		if (c->req && !try_read(c)) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		sp_drive_call_free(c);
	}
}

/* From front to end, or here and there? */
static void watch_pattern(struct sp_drive_file *f, uint64_t offset, size_t n)
{
	bool follows = offset <= f->next_read + NEAR && f->next_read <= offset + NEAR;

	if (!follows) {
		f->window = 0;
		f->next_read = offset + n;
		return;
	}
	f->window = f->window == 0 ? FIRST_WINDOW : 2 * f->window;
	f->window = f->window < MAX_WINDOW ? f->window : MAX_WINDOW;
	if (f->next_read < offset + n) {
		f->next_read = offset + n;
	}
}

static void read_clean(struct sp_drive_call *c, const struct sp_drive_server_event *ev)
{
	struct sp_drive_file *f = c->file;

	watch_pattern(f, c->offset, c->n);
	bool done = try_read(c);
	read_ahead(f, f->next_read);
	if (done) {
		sp_drive_call_free(c);
		return;
	}
	c->next = f->readers;
	f->readers = c;
}

void sp_drives_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		struct fuse_file_info *fi)
{
	struct sp_desk_drives *d = sp_drives_of(req);
	struct sp_drive_call *c = sp_drive_call_create(d, req);

	if (!c) {
		return;
	}
	c->file = (struct sp_drive_file *)(uintptr_t)fi->fh;
	c->file->refs++;
	c->offset = (uint64_t)offset;
	c->n = size;
	c->done = read_clean;
	sp_drives_when_clean(c->file->node, c);
	sp_drives_pump(d);
}
