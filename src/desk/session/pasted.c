/* desk/session/pasted.c - see pasted.h. */
#include "desk/session/pasted.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "desk/session/mount.h"
#include "desk/session/pasted_tree.h"
#include "host/io/fdio.h"

#define KEEP_US (5 * 60 * 1000000ull)
#define READ_US (60 * 1000000ull) /* of a read that is answered bit by bit */
#define ENTRY_S 60.0 /* names and attributes stay as they are as long as the list */
#define MAX_READ (1u << 20)
#define SERIAL_DIGITS 16
/* A mount that pauses has still read as many requests from its device as it does in one turn. */
#define FLIGHTS (SP_PASTED_FLYING + 32)
/* An inode: the list's serial, then the node's number. The list's own directory is node 0. */
#define NODE_BITS 16

struct list {
	uint32_t serial; /* 0: free */
	uint32_t lock;
	bool present; /* the client's clipboard has it */
	bool dead; /* nothing can be asked for it any more */
	uint64_t used_us;
	uint32_t open; /* handles of its files */
	struct sp_pasted_tree tree;
};

enum kind {
	FREE,
	READ,
	LOOKUP,
	GETATTR,
};

/* A program that waits, and the question to the client that it waits for. */
struct flight {
	enum kind kind;
	fuse_req_t req;
	uint32_t request;
	uint32_t serial, node;
	uint64_t position; /* READ: of the next byte */
	size_t left;
	uint64_t end_us; /* when no further answer is waited for */
	struct sp_wr data;
};

struct sp_pasted {
	struct sp_pasted_conf conf;
	struct sp_mount *mount;
	struct sp_watch *timer;
	struct list list[SP_PASTED_LISTS];
	struct flight flight[FLIGHTS];
	size_t n_flights;
	uint32_t serial;
};

/* ---- lists ---- */

static struct list *by_serial(struct sp_pasted *p, uint64_t serial)
{
	for (size_t i = 0; i < SP_PASTED_LISTS; i++) {
		if (p->list[i].serial != 0 && p->list[i].serial == serial) {
			return &p->list[i];
		}
	}
	return NULL;
}

static const struct list *present(const struct sp_pasted *p)
{
	for (size_t i = 0; i < SP_PASTED_LISTS; i++) {
		if (p->list[i].serial != 0 && p->list[i].present) {
			return &p->list[i];
		}
	}
	return NULL;
}

static void settle(struct sp_pasted *p, struct flight *f, int error);

/* Who waits for files of the list gets EIO. */
static void kill_list(struct sp_pasted *p, struct list *l)
{
	l->dead = true;
	l->present = false;
	for (size_t i = 0; i < FLIGHTS; i++) {
		if (p->flight[i].kind != FREE && p->flight[i].serial == l->serial) {
			settle(p, &p->flight[i], EIO);
		}
	}
}

static void drop_list(struct sp_pasted *p, struct list *l)
{
	kill_list(p, l);
	if (l->lock != 0) {
		p->conf.calls->unlock(p->conf.user, l->lock);
	}
	sp_pasted_tree_finish(&l->tree);
	*l = (struct list){0};
}

/* Sets the timer to when the next list may go. */
static void schedule(struct sp_pasted *p)
{
	uint64_t at = 0;

	for (size_t i = 0; i < SP_PASTED_LISTS; i++) {
		const struct list *l = &p->list[i];
		uint64_t end = l->used_us + p->conf.keep_us;

		if (l->serial != 0 && !l->present && (at == 0 || end < at)) {
			at = end;
		}
	}
	sp_watch_at(p->timer, at);
}

static void on_timer(void *user)
{
	struct sp_pasted *p = user;
	uint64_t now = sp_now_us();

	for (size_t i = 0; i < SP_PASTED_LISTS; i++) {
		struct list *l = &p->list[i];

		if (l->serial == 0 || l->present || l->used_us + p->conf.keep_us > now) {
			continue;
		}
		if (l->open > 0 && !l->dead) {
			l->used_us = now;
		} else {
			drop_list(p, l);
		}
	}
	schedule(p);
}

static struct list *free_list(struct sp_pasted *p)
{
	struct list *oldest = &p->list[0];

	for (size_t i = 0; i < SP_PASTED_LISTS; i++) {
		if (p->list[i].serial == 0) {
			return &p->list[i];
		}
		if (p->list[i].used_us < oldest->used_us) {
			oldest = &p->list[i];
		}
	}
	drop_list(p, oldest);
	return oldest;
}

/* ---- answers to programs ---- */

static fuse_ino_t inode(uint32_t serial, uint32_t node)
{
	return (fuse_ino_t)serial << NODE_BITS | node;
}

static void set_times(struct stat *st, int64_t us)
{
	int64_t s = us / 1000000;

	st->st_mtim = (struct timespec){
			.tv_sec = s, .tv_nsec = us < s * 1000000 ? 0 : (us - s * 1000000) * 1000};
	st->st_ctim = st->st_atim = st->st_mtim;
}

static void describe_root(struct stat *st)
{
	*st = (struct stat){.st_ino = FUSE_ROOT_ID,
			.st_mode = S_IFDIR | 0500,
			.st_nlink = 2,
			.st_uid = geteuid(),
			.st_gid = getegid()};
}

static void describe(const struct list *l, uint32_t node, struct stat *st)
{
	const struct sp_pasted_node *o = &l->tree.node[node];

	*st = (struct stat){.st_ino = inode(l->serial, node),
			.st_mode = o->dir ? S_IFDIR | 0500 : S_IFREG | 0400,
			.st_nlink = o->dir ? 2 : 1,
			.st_uid = geteuid(),
			.st_gid = getegid(),
			.st_size = (off_t)o->size,
			.st_blksize = MAX_READ,
			.st_blocks = (blkcnt_t)(o->size / 512 + 1)};
	set_times(st, o->time_us);
}

static void reply_entry(fuse_req_t req, const struct list *l, uint32_t node)
{
	struct fuse_entry_param e = {.ino = inode(l->serial, node),
			.attr_timeout = ENTRY_S,
			.entry_timeout = ENTRY_S};

	describe(l, node, &e.attr);
	fuse_reply_entry(req, &e);
}

static void reply_attr(fuse_req_t req, const struct list *l, uint32_t node)
{
	struct stat st;

	describe(l, node, &st);
	fuse_reply_attr(req, &st, ENTRY_S);
}

/* The list and node of an inode; replies and gives NULL when they are gone. */
static struct list *of_inode(struct sp_pasted *p, fuse_req_t req, fuse_ino_t ino, uint32_t *node)
{
	struct list *l = by_serial(p, ino >> NODE_BITS);

	*node = (uint32_t)(ino & ((1u << NODE_BITS) - 1));
	if (!l || !(*node < l->tree.n)) {
		fuse_reply_err(req, ENOENT);
		return NULL;
	}
	l->used_us = sp_now_us();
	return l;
}

/* ---- questions to the client ---- */

/* Ends the wait: with the error, or with what has been gathered. */
static void settle(struct sp_pasted *p, struct flight *f, int error)
{
	struct list *l = by_serial(p, f->serial);
	struct flight done = *f;

	*f = (struct flight){0};
	if (p->n_flights-- == SP_PASTED_FLYING) {
		sp_mount_pause(p->mount, false);
	}
	if (error || !l) {
		fuse_reply_err(done.req, error ? error : EIO);
	} else if (done.kind == READ) {
		fuse_reply_buf(done.req, (const char *)done.data.p, done.data.n);
	} else if (done.kind == LOOKUP) {
		reply_entry(done.req, l, done.node);
	} else {
		reply_attr(done.req, l, done.node);
	}
	sp_wr_finish(&done.data);
}

static int ask(struct sp_pasted *p, struct flight *f)
{
	const struct list *l = by_serial(p, f->serial);

	if (!l || l->dead) {
		return SP_ECLOSED;
	}
	uint32_t index = l->tree.node[f->node].index;
	if (f->kind == READ) {
		return p->conf.calls->ask_range(p->conf.user, l->lock, index, f->position,
				(uint32_t)f->left, &f->request);
	}
	return p->conf.calls->ask_size(p->conf.user, l->lock, index, &f->request);
}

static void fly(struct sp_pasted *p, const struct flight *what)
{
	struct flight *f = NULL;

	for (size_t i = 0; !f && i < FLIGHTS; i++) {
		if (p->flight[i].kind == FREE) {
			f = &p->flight[i];
		}
	}
	if (!f) {
		fuse_reply_err(what->req, EIO);
		return;
	}
	*f = *what;
	f->end_us = sp_now_us() + p->conf.read_us;
	sp_wr_init(&f->data, MAX_READ);
	if (++p->n_flights == SP_PASTED_FLYING) {
		sp_mount_pause(p->mount, true);
	}
	if (ask(p, f) != SP_OK) {
		settle(p, f, EIO);
	}
}

static struct flight *by_request(struct sp_pasted *p, uint32_t request)
{
	for (size_t i = 0; i < FLIGHTS; i++) {
		if (p->flight[i].kind != FREE && p->flight[i].request == request) {
			return &p->flight[i];
		}
	}
	return NULL;
}

void sp_pasted_answer(struct sp_pasted *p, uint32_t request, int rc, struct sp_span data)
{
	struct flight *f = by_request(p, request);

	if (!f || f->kind != READ) {
		return;
	}
	/* A file that ends before its size would be filled up with zeros by the kernel. */
	if (rc != SP_OK || data.n == 0 || data.n > f->left) {
		settle(p, f, EIO);
		return;
	}
	sp_wr_span(&f->data, data);
	f->position += data.n;
	f->left -= data.n;
	if (sp_wr_ok(&f->data) != SP_OK) {
		settle(p, f, ENOMEM);
	} else if (f->left == 0) {
		settle(p, f, 0);
	} else if (sp_now_us() > f->end_us || ask(p, f) != SP_OK) {
		settle(p, f, EIO);
	}
}

void sp_pasted_answer_size(struct sp_pasted *p, uint32_t request, int rc, uint64_t size)
{
	struct flight *f = by_request(p, request);
	struct list *l = f ? by_serial(p, f->serial) : NULL;

	if (!f || f->kind == READ) {
		return;
	}
	if (rc != SP_OK || !l || size > INT64_MAX) {
		settle(p, f, EIO);
		return;
	}
	l->tree.node[f->node].size = size;
	l->tree.node[f->node].has_size = true;
	settle(p, f, 0);
}

/* ---- operations ---- */

/* The kernel holds back more than a dozen reads unless told; their answers come from afar. */
static void on_init(void *user, struct fuse_conn_info *conn)
{
	conn->max_background = FLIGHTS;
	conn->congestion_threshold = FLIGHTS;
}

static void lookup_root(struct sp_pasted *p, fuse_req_t req, const char *name)
{
	char *end;
	unsigned long long serial = strtoull(name, &end, 10);
	const struct list *l = *end == '\0' && serial <= UINT32_MAX ? by_serial(p, serial) : NULL;
	char exact[SERIAL_DIGITS];

	snprintf(exact, sizeof(exact), "%u", l ? l->serial : 0);
	if (l && strcmp(exact, name) == 0) {
		reply_entry(req, l, SP_PASTED_ROOT);
	} else {
		fuse_reply_err(req, ENOENT);
	}
}

static void on_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct sp_pasted *p = fuse_req_userdata(req);
	uint32_t dir;

	if (parent == FUSE_ROOT_ID) {
		lookup_root(p, req, name);
		return;
	}
	struct list *l = of_inode(p, req, parent, &dir);
	if (!l) {
		return;
	}
	uint32_t node = sp_pasted_tree_find(&l->tree, dir, name, strlen(name));
	if (node == SP_PASTED_NONE) {
		fuse_reply_err(req, ENOENT);
	} else if (l->tree.node[node].dir || l->tree.node[node].has_size) {
		reply_entry(req, l, node);
	} else {
		fly(p,
				&(struct flight){.kind = LOOKUP,
						.req = req,
						.serial = l->serial,
						.node = node});
	}
}

static void on_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct sp_pasted *p = fuse_req_userdata(req);
	struct stat st;
	uint32_t node;

	if (ino == FUSE_ROOT_ID) {
		describe_root(&st);
		fuse_reply_attr(req, &st, 0);
		return;
	}
	struct list *l = of_inode(p, req, ino, &node);
	if (!l) {
		return;
	}
	if (l->tree.node[node].dir || l->tree.node[node].has_size) {
		reply_attr(req, l, node);
	} else {
		fly(p,
				&(struct flight){.kind = GETATTR,
						.req = req,
						.serial = l->serial,
						.node = node});
	}
}

static void on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct sp_pasted *p = fuse_req_userdata(req);
	uint32_t node;
	struct list *l = of_inode(p, req, ino, &node);

	if (!l) {
		return;
	}
	if ((fi->flags & O_ACCMODE) != O_RDONLY) {
		fuse_reply_err(req, EROFS);
	} else if (l->dead) {
		fuse_reply_err(req, EIO);
	} else {
		l->open++;
		fi->keep_cache = 1;
		if (fuse_reply_open(req, fi) != 0) {
			l->open--;
		}
	}
}

static void on_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct sp_pasted *p = fuse_req_userdata(req);
	struct list *l = by_serial(p, ino >> NODE_BITS);

	if (l && l->open > 0) {
		l->open--;
		l->used_us = sp_now_us();
	}
	fuse_reply_err(req, 0);
}

static void on_read(
		fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct sp_pasted *p = fuse_req_userdata(req);
	uint32_t node;
	struct list *l = of_inode(p, req, ino, &node);

	if (!l) {
		return;
	}
	uint64_t at = (uint64_t)off, end = l->tree.node[node].size;
	if (off < 0 || at >= end) {
		fuse_reply_buf(req, NULL, 0);
		return;
	}
	size = size < MAX_READ ? size : MAX_READ;
	size = size < end - at ? size : (size_t)(end - at);
	fly(p,
			&(struct flight){.kind = READ,
					.req = req,
					.serial = l->serial,
					.node = node,
					.position = at,
					.left = size});
}

/* A listing under way: the offset of an entry says where the next one is. */
struct listing {
	fuse_req_t req;
	char *p;
	size_t n, cap;
};

static bool list_one(struct listing *out, const char *name, fuse_ino_t ino, mode_t mode, off_t next)
{
	struct stat st = {.st_ino = ino, .st_mode = mode};
	size_t n = fuse_add_direntry(out->req, out->p + out->n, out->cap - out->n, name, &st, next);

	if (n > out->cap - out->n) {
		return false;
	}
	out->n += n;
	return true;
}

static void list_root(struct sp_pasted *p, struct listing *out, off_t at)
{
	for (size_t i = at > 2 ? (size_t)at - 2 : 0; i < SP_PASTED_LISTS; i++) {
		char name[SERIAL_DIGITS];

		if (p->list[i].serial != 0) {
			snprintf(name, sizeof(name), "%u", p->list[i].serial);
			if (!list_one(out, name, inode(p->list[i].serial, 0), S_IFDIR,
					    (off_t)i + 3)) {
				return;
			}
		}
	}
}

/* Offset 2 is the first child; any other one the child's number and 3; the last one INT32_MAX. */
static void list_dir(const struct list *l, uint32_t dir, struct listing *out, off_t at)
{
	uint32_t node = at <= 2 ? l->tree.node[dir].first : (uint32_t)(at - 3);

	while (node != SP_PASTED_NONE && node < l->tree.n) {
		const struct sp_pasted_node *o = &l->tree.node[node];
		off_t next = o->next == SP_PASTED_NONE ? INT32_MAX : (off_t)o->next + 3;

		if (!list_one(out, o->name, inode(l->serial, node), o->dir ? S_IFDIR : S_IFREG,
				    next)) {
			return;
		}
		node = o->next;
	}
}

static void on_readdir(
		fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct sp_pasted *p = fuse_req_userdata(req);
	struct list *l = NULL;
	uint32_t node = 0;

	if (ino != FUSE_ROOT_ID && !(l = of_inode(p, req, ino, &node))) {
		return;
	}
	if (l && !l->tree.node[node].dir) {
		fuse_reply_err(req, ENOTDIR);
		return;
	}
	size = size < MAX_READ ? size : MAX_READ;
	struct listing out = {.req = req, .p = sp_malloc(size), .cap = size};
	if (!out.p) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	bool room = true;
	if (off < 1) {
		room = list_one(&out, ".", ino, S_IFDIR, 1);
	}
	if (room && off < 2) {
		room = list_one(&out, "..", FUSE_ROOT_ID, S_IFDIR, 2);
	}
	if (room && l) {
		list_dir(l, node, &out, off);
	} else if (room) {
		list_root(p, &out, off);
	}
	fuse_reply_buf(req, out.p, out.n);
	sp_free(out.p);
}

static const struct fuse_lowlevel_ops ops = {
		.init = on_init,
		.lookup = on_lookup,
		.getattr = on_getattr,
		.open = on_open,
		.release = on_release,
		.read = on_read,
		.readdir = on_readdir,
};

/* ---- life ---- */

int sp_pasted_create(const struct sp_pasted_conf *conf, struct sp_pasted **out, char *why)
{
	struct sp_pasted *p = sp_calloc(1, sizeof(*p));

	*out = NULL;
	if (!p) {
		snprintf(why, SP_WHY_MAX, "%s", sp_err_text(SP_ENOMEM));
		return SP_ENOMEM;
	}
	p->conf = *conf;
	p->conf.keep_us = conf->keep_us ? conf->keep_us : KEEP_US;
	p->conf.read_us = conf->read_us ? conf->read_us : READ_US;
	p->timer = sp_loop_timer(conf->loop, on_timer, p);
	struct sp_mount_conf mount = {
			.base = conf->base, .name = "clipboard", .ops = &ops, .user = p};
	int rc = SP_ENOMEM;
	if (p->timer) {
		rc = sp_mount_create(conf->loop, &mount, &p->mount, why);
	} else {
		snprintf(why, SP_WHY_MAX, "%s", sp_err_text(rc));
	}
	if (rc != SP_OK) {
		sp_watch_remove(p->timer);
		sp_free(p);
		return rc;
	}
	*out = p;
	return SP_OK;
}

void sp_pasted_stop(struct sp_pasted *p)
{
	for (size_t i = 0; i < SP_PASTED_LISTS; i++) {
		struct list *l = &p->list[i];

		if (l->serial != 0) {
			kill_list(p, l);
			l->lock = 0;
		}
	}
	schedule(p);
}

void sp_pasted_destroy(struct sp_pasted *p)
{
	if (!p) {
		return;
	}
	sp_pasted_stop(p);
	for (size_t i = 0; i < SP_PASTED_LISTS; i++) {
		drop_list(p, &p->list[i]);
	}
	sp_mount_destroy(p->mount);
	sp_watch_remove(p->timer);
	sp_free(p);
}

/* ---- the client's clipboard ---- */

void sp_pasted_retire(struct sp_pasted *p)
{
	for (size_t i = 0; i < SP_PASTED_LISTS; i++) {
		struct list *l = &p->list[i];

		if (l->serial != 0 && l->present) {
			l->present = false;
			l->used_us = sp_now_us();
			if (l->lock == 0) {
				kill_list(p, l);
			}
		}
	}
	schedule(p);
}

int sp_pasted_add(struct sp_pasted *p, struct sp_span descriptors, uint32_t lock)
{
	struct sp_pasted_tree tree;
	struct timespec now;

	if (!sp_mount_alive(p->mount)) {
		return SP_ECLOSED;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	int rc = sp_pasted_tree_read(
			&tree, descriptors, (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	if (rc != SP_OK) {
		return rc;
	}
	if (tree.left_out > 0) {
		sp_log(SP_LOG_INFO,
				"clipboard: %u of the client's files have names that cannot be "
				"used",
				tree.left_out);
	}
	sp_pasted_retire(p);
	struct list *l = free_list(p);
	p->serial = p->serial == UINT32_MAX ? 1 : p->serial + 1;
	*l = (struct list){.serial = p->serial,
			.lock = lock,
			.present = true,
			.used_us = sp_now_us(),
			.tree = tree};
	return SP_OK;
}

bool sp_pasted_has_list(const struct sp_pasted *p)
{
	return present(p) != NULL;
}

int sp_pasted_uris(const struct sp_pasted *p, enum sp_urilist_form form, struct sp_wr *w)
{
	const struct list *l = present(p);
	char path[SP_URILIST_PATH];

	if (!l) {
		return SP_ENOTFOUND;
	}
	sp_urilist_begin(w, form);
	for (uint32_t at = l->tree.node[SP_PASTED_ROOT].first; at != SP_PASTED_NONE;
			at = l->tree.node[at].next) {
		int n = snprintf(path, sizeof(path), "%s/%u/%s", sp_mount_path(p->mount), l->serial,
				l->tree.node[at].name);

		if (n > 0 && (size_t)n < sizeof(path)) {
			sp_urilist_add(w, form, path);
		}
	}
	return sp_wr_ok(w);
}
