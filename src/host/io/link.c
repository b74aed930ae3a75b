/* host/io/link.c - see link.h. */
#include "host/io/link.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "host/io/fdio.h"

#define IOV_MAX_HERE 64
#define END_WRITE_US (10 * 1000000u)
#define END_LINGER_US (2 * 1000000u)

struct sp_link {
	int fd;
	struct sp_link_calls calls;
	void *user;
	struct sp_watch *io, *before, *linger;
	struct sp_watch *soon; /* a write outside of the turn's own left something to tell */
	struct sp_watch *stall;
	uint64_t stall_us, moved_us; /* 0: no limit; when bytes last moved, or began to wait */
	struct sp_loop *loop;

	/* The queue: a ring of buffers, of the first of which `sent` bytes are gone. A buffer may
	 * be in several queues, so its own link cannot be used. */
	struct sp_rcbuf **ring;
	size_t cap, first, count, sent;
	size_t queued; /* bytes */

	bool paused, ending, shut;
	bool was_full; /* the owner has to be told when there is room */
	bool write_blocked; /* the kernel took no more; wait for WRITE */
	bool write_gone; /* the other side reads no more, but may have sent its last words */
	bool closed; /* reported */
	int fail; /* to be reported by the next callback from the loop */
	int fail_errno;
	unsigned busy; /* callbacks running; destroyed when they return */
	bool destroyed;
	uint64_t in, out;
};

static void release(struct sp_link *k)
{
	if (k->destroyed && k->busy == 0) {
		sp_free(k->ring);
		sp_free(k);
	}
}

static void drop_queue(struct sp_link *k)
{
	while (k->count > 0) {
		sp_rcbuf_unref(k->ring[k->first]);
		k->first = (k->first + 1) % k->cap;
		k->count--;
	}
	k->queued = 0;
	k->sent = 0;
}

static void set_interest(struct sp_link *k)
{
	bool read = !k->closed && (k->ending || !k->paused);
	bool write = !k->closed && k->write_blocked && k->count > 0;

	sp_watch_want(k->io, (read ? SP_LOOP_READ : 0u) | (write ? SP_LOOP_WRITE : 0u));
	sp_watch_at(k->stall, write && k->stall_us ? k->moved_us + k->stall_us : 0);
}

/* The last thing that is said about this link. */
static void report_closed(struct sp_link *k, int err)
{
	if (k->closed || k->destroyed) {
		return;
	}
	k->closed = true;
	drop_queue(k);
	set_interest(k);
	sp_watch_at(k->linger, 0);
	errno = k->fail_errno;
	k->busy++;
	k->calls.closed(k->user, err);
	k->busy--;
}

static void fail(struct sp_link *k, int err)
{
	if (k->fail == SP_OK) {
		k->fail = err;
		k->fail_errno = errno;
	}
}

/* Writes as much as the kernel takes; failures are kept for the loop's next callback. */
static void write_queue(struct sp_link *k)
{
	while (k->count > 0 && k->fail == SP_OK) {
		struct iovec iov[IOV_MAX_HERE];
		struct msghdr m = {.msg_iov = iov};
		size_t want = 0;

		while (m.msg_iovlen < k->count && m.msg_iovlen < IOV_MAX_HERE) {
			struct sp_rcbuf *b = k->ring[(k->first + m.msg_iovlen) % k->cap];
			size_t skip = m.msg_iovlen == 0 ? k->sent : 0;

			iov[m.msg_iovlen++] = (struct iovec){b->p + skip, b->n - skip};
			want += b->n - skip;
		}
		ssize_t n = sendmsg(k->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0 && errno == EAGAIN) {
			k->write_blocked = true;
			return;
		}
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) {
			k->write_gone = true;
			drop_queue(k);
			return;
		}
		if (n < 0) {
			fail(k, SP_ESYS);
			return;
		}
		k->out += (uint64_t)n;
		k->moved_us = k->stall_us ? sp_now_us() : 0;
		k->queued -= (size_t)n;
		size_t gone = (size_t)n + k->sent;
		while (k->count > 0 && gone >= k->ring[k->first]->n) {
			gone -= k->ring[k->first]->n;
			sp_rcbuf_unref(k->ring[k->first]);
			k->first = (k->first + 1) % k->cap;
			k->count--;
		}
		k->sent = gone;
		if ((size_t)n < want) {
			k->write_blocked = true;
			return;
		}
	}
	k->write_blocked = false;
}

/* What has to be told after writing, from the loop only. */
static void after_write(struct sp_link *k)
{
	if (k->fail != SP_OK) {
		report_closed(k, k->fail);
		return;
	}
	if (k->was_full && k->queued <= SP_LINK_LOW) {
		k->was_full = false;
		if (k->calls.room && !k->closed) {
			k->busy++;
			k->calls.room(k->user);
			k->busy--;
		}
	}
	if (k->destroyed || k->closed) {
		return;
	}
	if (k->ending && k->count == 0 && !k->shut) {
		k->shut = true;
		shutdown(k->fd, SHUT_WR);
		sp_watch_in(k->linger, END_LINGER_US);
	}
	set_interest(k);
}

static void read_some(struct sp_link *k)
{
	uint8_t *buf = sp_loop_scratch(k->loop);
	ssize_t n = recv(k->fd, buf, SP_LOOP_SCRATCH, MSG_DONTWAIT);

	if (n > 0) {
		k->in += (uint64_t)n;
		if (!k->ending) {
			k->calls.bytes(k->user, buf, (size_t)n);
		}
	} else if (n == 0) {
		report_closed(k, k->shut ? SP_OK : SP_ECLOSED);
	} else if (errno != EAGAIN && errno != EINTR) {
		/* Once our end is sent, how the other side goes does not matter any more. */
		k->fail_errno = errno;
		report_closed(k, k->shut ? SP_OK : SP_ESYS);
	}
}

static void on_io(void *user, unsigned events)
{
	struct sp_link *k = user;

	k->busy++;
	if (events & SP_LOOP_WRITE) {
		k->write_blocked = false;
		write_queue(k);
		after_write(k);
	}
	if ((events & SP_LOOP_READ) && !k->destroyed && !k->closed && (k->ending || !k->paused)) {
		read_some(k);
	}
	k->busy--;
	release(k);
}

static void on_before(void *user)
{
	struct sp_link *k = user;

	if (k->closed) {
		return;
	}
	k->busy++;
	if (!k->write_blocked) {
		write_queue(k);
	}
	after_write(k);
	k->busy--;
	release(k);
}

static void on_linger(void *user)
{
	struct sp_link *k = user;

	k->busy++;
	report_closed(k, k->shut ? SP_OK : SP_ETIMEOUT);
	k->busy--;
	release(k);
}

static void on_stall(void *user)
{
	struct sp_link *k = user;

	k->busy++;
	report_closed(k, SP_ETIMEOUT);
	k->busy--;
	release(k);
}

struct sp_link *sp_link_create(
		struct sp_loop *l, int fd, const struct sp_link_calls *calls, void *user)
{
	struct sp_link *k = sp_calloc(1, sizeof(*k));

	if (!k) {
		return NULL;
	}
	k->fd = fd;
	k->loop = l;
	k->calls = *calls;
	k->user = user;
	k->io = sp_loop_fd(l, fd, SP_LOOP_READ, on_io, k);
	k->before = sp_loop_before(l, on_before, k);
	k->linger = sp_loop_timer(l, on_linger, k);
	k->soon = sp_loop_timer(l, on_before, k);
	k->stall = sp_loop_timer(l, on_stall, k);
	if (!k->io || !k->before || !k->linger || !k->soon || !k->stall ||
			sp_fd_nonblock(fd, true) != SP_OK) {
		k->fd = -1; /* the caller keeps it */
		sp_link_destroy(k);
		return NULL;
	}
	return k;
}

void sp_link_destroy(struct sp_link *k)
{
	if (!k || k->destroyed) {
		return;
	}
	k->destroyed = true;
	sp_watch_remove(k->io);
	sp_watch_remove(k->before);
	sp_watch_remove(k->linger);
	sp_watch_remove(k->soon);
	sp_watch_remove(k->stall);
	drop_queue(k);
	sp_fd_close(&k->fd);
	release(k);
}

static bool grow(struct sp_link *k)
{
	size_t cap = k->cap ? 2 * k->cap : 16;
	struct sp_rcbuf **ring = sp_calloc(cap, sizeof(struct sp_rcbuf *));

	if (!ring) {
		return false;
	}
	for (size_t i = 0; i < k->count; i++) {
		ring[i] = k->ring[(k->first + i) % k->cap];
	}
	sp_free(k->ring);
	k->ring = ring;
	k->cap = cap;
	k->first = 0;
	return true;
}

void sp_link_send(struct sp_link *k, struct sp_rcbuf *b)
{
	if (!b) {
		return;
	}
	if (b->n == 0 || k->closed || k->destroyed || k->ending || k->write_gone || k->fail) {
		sp_rcbuf_unref(b);
		return;
	}
	if (!(b->n <= SP_LINK_MAX - k->queued)) {
		fail(k, SP_ELIMIT);
		sp_rcbuf_unref(b);
		return;
	}
	if (k->count == k->cap && !grow(k)) {
		fail(k, SP_ENOMEM);
		sp_rcbuf_unref(b);
		return;
	}
	if (k->count == 0 && k->stall_us) {
		k->moved_us = sp_now_us();
	}
	k->ring[(k->first + k->count++) % k->cap] = b;
	k->queued += b->n;
	if (k->queued >= SP_LINK_HIGH) {
		k->was_full = true;
	}
}

int sp_link_send_copy(struct sp_link *k, const void *p, size_t n)
{
	struct sp_rcbuf *b = sp_rcbuf_from(p, n);

	sp_link_send(k, b);
	return b ? SP_OK : SP_ENOMEM;
}

void sp_link_flush(struct sp_link *k)
{
	if (!k->closed && !k->destroyed && !k->write_blocked) {
		write_queue(k);
		set_interest(k);
		if (k->fail != SP_OK || (k->was_full && k->queued <= SP_LINK_LOW)) {
			sp_watch_at(k->soon, 1);
		}
	}
}

void sp_link_end(struct sp_link *k)
{
	if (k->ending || k->closed || k->destroyed) {
		return;
	}
	k->ending = true;
	sp_watch_in(k->linger, END_WRITE_US);
	sp_watch_at(k->soon, 1);
}

bool sp_link_full(const struct sp_link *k)
{
	return k->queued >= SP_LINK_HIGH;
}

size_t sp_link_queued(const struct sp_link *k)
{
	return k->queued;
}

void sp_link_pause(struct sp_link *k, bool paused)
{
	if (k->paused != paused && !k->destroyed) {
		k->paused = paused;
		set_interest(k);
	}
}

void sp_link_stall(struct sp_link *k, uint64_t limit_us)
{
	k->stall_us = limit_us;
	k->moved_us = sp_now_us();
	set_interest(k);
}

int sp_link_fd(const struct sp_link *k)
{
	return k->fd;
}

uint64_t sp_link_bytes_in(const struct sp_link *k)
{
	return k->in;
}

uint64_t sp_link_bytes_out(const struct sp_link *k)
{
	return k->out;
}
