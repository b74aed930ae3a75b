/* host/io/loop.c - see loop.h. */
#include "host/io/loop.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "host/io/fdio.h"

#define BATCH 64
#define NOT_IN_HEAP SIZE_MAX

enum kind {
	KIND_FD,
	KIND_TIMER,
	KIND_SIGNAL,
	KIND_CHILD,
	KIND_BEFORE,
	KIND_COUNT
};

struct sp_watch {
	struct sp_loop *loop;
	struct sp_watch *prev, *next; /* among the watches of its kind */
	enum kind kind;
	bool removed; /* waits in its list for the end of the turn */
	int fd; /* watched; -1 for kinds without one */
	unsigned interest;
	uint64_t when;
	size_t heap_at; /* NOT_IN_HEAP, or its place in the loop's heap */
	int signo;
	pid_t pid;
	void *user;
	union {
		sp_watch_fd_fn fd;
		sp_watch_fn plain;
		sp_watch_signal_fn signal;
		sp_watch_child_fn child;
	} fn;
};

struct sp_loop {
	int epoll;
	int signals; /* signalfd, -1 until the first signal is watched */
	sigset_t mask;
	struct sp_watch *first[KIND_COUNT];
	bool dirty; /* removed watches wait to be freed */
	unsigned depth; /* turns running: one may be nested in a callback */
	struct sp_watch **heap;
	size_t heap_n, heap_cap;
	bool quit;
	int code;
	uint8_t *scratch;
};

uint64_t sp_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000 + 1;
}

struct sp_loop *sp_loop_create(void)
{
	struct sp_loop *l = sp_calloc(1, sizeof(*l));

	if (!l) {
		return NULL;
	}
	l->signals = -1;
	sigemptyset(&l->mask);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->scratch = sp_malloc(SP_LOOP_SCRATCH);
	if (l->epoll < 0 || !l->scratch) {
		sp_loop_destroy(l);
		return NULL;
	}
	return l;
}

static void unlink_and_free(struct sp_watch *w)
{
	if (w->prev) {
		w->prev->next = w->next;
	} else {
		w->loop->first[w->kind] = w->next;
	}
	if (w->next) {
		w->next->prev = w->prev;
	}
	sp_free(w);
}

static void sweep(struct sp_loop *l)
{
	if (!l->dirty) {
		return;
	}
	l->dirty = false;
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		for (struct sp_watch *w = l->first[kind], *next; w; w = next) {
			next = w->next;
			if (w->removed) {
				unlink_and_free(w);
			}
		}
	}
}

void sp_loop_destroy(struct sp_loop *l)
{
	if (!l) {
		return;
	}
	assert(l->depth == 0);
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		for (struct sp_watch *w = l->first[kind]; w; w = w->next) {
			sp_watch_remove(w);
		}
	}
	sweep(l);
	sp_fd_close(&l->signals);
	sp_fd_close(&l->epoll);
	sp_free(l->heap);
	sp_free(l->scratch);
	sp_free(l);
}

uint8_t *sp_loop_scratch(struct sp_loop *l)
{
	return l->scratch;
}

static struct sp_watch *watch_create(struct sp_loop *l, enum kind kind, void *user)
{
	struct sp_watch *w = sp_calloc(1, sizeof(*w));

	if (!w) {
		return NULL;
	}
	w->loop = l;
	w->kind = kind;
	w->fd = -1;
	w->heap_at = NOT_IN_HEAP;
	w->user = user;
	w->next = l->first[kind];
	if (w->next) {
		w->next->prev = w;
	}
	l->first[kind] = w;
	return w;
}

/* Brings epoll to the interest wanted; it knows the descriptor only while there is one. */
static int set_interest(struct sp_watch *w, unsigned interest)
{
	struct epoll_event ev = {.data.ptr = w};
	int op = EPOLL_CTL_MOD;

	if (interest == w->interest) {
		return SP_OK;
	}
	if (interest == 0) {
		op = EPOLL_CTL_DEL;
	} else if (w->interest == 0) {
		op = EPOLL_CTL_ADD;
	}
	ev.events = ((interest & SP_LOOP_READ) ? EPOLLIN : 0u) |
			((interest & SP_LOOP_WRITE) ? EPOLLOUT : 0u);
	if (epoll_ctl(w->loop->epoll, op, w->fd, &ev) < 0) {
		return SP_ESYS;
	}
	w->interest = interest;
	return SP_OK;
}

struct sp_watch *sp_loop_fd(
		struct sp_loop *l, int fd, unsigned interest, sp_watch_fd_fn fn, void *user)
{
	struct sp_watch *w = watch_create(l, KIND_FD, user);

	if (!w) {
		return NULL;
	}
	w->fd = fd;
	w->fn.fd = fn;
	if (set_interest(w, interest & (SP_LOOP_READ | SP_LOOP_WRITE)) != SP_OK) {
		unlink_and_free(w);
		return NULL;
	}
	return w;
}

void sp_watch_want(struct sp_watch *w, unsigned interest)
{
	int rc = set_interest(w, interest & (SP_LOOP_READ | SP_LOOP_WRITE));

	/* It was added once, so only a lack of kernel memory can refuse it now. */
	(void)rc;
}

/* ---- timers: a binary heap, the earliest on top ---- */

static void heap_put(struct sp_loop *l, size_t at, struct sp_watch *w)
{
	l->heap[at] = w;
	w->heap_at = at;
}

static void heap_up(struct sp_loop *l, size_t at)
{
	struct sp_watch *w = l->heap[at];

	while (at > 0 && w->when < l->heap[(at - 1) / 2]->when) {
		heap_put(l, at, l->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_put(l, at, w);
}

static void heap_down(struct sp_loop *l, size_t at)
{
	struct sp_watch *w = l->heap[at];

	for (size_t child = 2 * at + 1; child < l->heap_n; child = 2 * at + 1) {
		if (child + 1 < l->heap_n && l->heap[child + 1]->when < l->heap[child]->when) {
			child++;
		}
		if (w->when <= l->heap[child]->when) {
			break;
		}
		heap_put(l, at, l->heap[child]);
		at = child;
	}
	heap_put(l, at, w);
}

static void heap_remove(struct sp_watch *w)
{
	struct sp_loop *l = w->loop;
	size_t at = w->heap_at;

	if (at == NOT_IN_HEAP) {
		return;
	}
	struct sp_watch *last = l->heap[--l->heap_n];
	w->heap_at = NOT_IN_HEAP;
	if (last != w) {
		heap_put(l, at, last);
		heap_up(l, at);
		heap_down(l, last->heap_at);
	}
}

struct sp_watch *sp_loop_timer(struct sp_loop *l, sp_watch_fn fn, void *user)
{
	size_t timers = 1;

	/* Room for every timer that exists, so that setting one cannot fail. */
	for (struct sp_watch *w = l->first[KIND_TIMER]; w; w = w->next) {
		timers++;
	}
	if (timers > l->heap_cap) {
		struct sp_watch **heap =
				sp_realloc(l->heap, 2 * timers * sizeof(struct sp_watch *));
		if (!heap) {
			return NULL;
		}
		l->heap = heap;
		l->heap_cap = 2 * timers;
	}
	struct sp_watch *w = watch_create(l, KIND_TIMER, user);
	if (w) {
		w->fn.plain = fn;
	}
	return w;
}

void sp_watch_at(struct sp_watch *w, uint64_t when_us)
{
	struct sp_loop *l = w->loop;

	assert(w->kind == KIND_TIMER);
	heap_remove(w);
	if (when_us == 0 || w->removed) {
		return;
	}
	w->when = when_us;
	heap_put(l, l->heap_n, w);
	heap_up(l, l->heap_n++);
}

void sp_watch_in(struct sp_watch *w, uint64_t delay_us)
{
	sp_watch_at(w, sp_now_us() + delay_us);
}

/* ---- signals, children, the hook before each wait ---- */

struct sp_watch *sp_loop_signal(struct sp_loop *l, int signo, sp_watch_signal_fn fn, void *user)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};
	bool first = l->signals < 0;
	sigset_t one;

	sigemptyset(&one);
	if (sigaddset(&one, signo) < 0 || sigprocmask(SIG_BLOCK, &one, NULL) < 0) {
		return NULL;
	}
	sigaddset(&l->mask, signo);
	int fd = signalfd(l->signals, &l->mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0) {
		return NULL;
	}
	l->signals = fd;
	if (first && epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev) < 0) {
		sp_fd_close(&l->signals);
		return NULL;
	}
	struct sp_watch *w = watch_create(l, KIND_SIGNAL, user);
	if (w) {
		w->signo = signo;
		w->fn.signal = fn;
	}
	return w;
}

static void read_signals(struct sp_loop *l)
{
	struct signalfd_siginfo si;

	while (read(l->signals, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		for (struct sp_watch *w = l->first[KIND_SIGNAL]; w; w = w->next) {
			if (!w->removed && (uint32_t)w->signo == si.ssi_signo) {
				w->fn.signal(w->user, w->signo);
			}
		}
	}
}

struct sp_watch *sp_loop_child(struct sp_loop *l, pid_t pid, sp_watch_child_fn fn, void *user)
{
	struct sp_watch *w = watch_create(l, KIND_CHILD, user);

	if (!w) {
		return NULL;
	}
	w->pid = pid;
	w->fn.child = fn;
	w->fd = (int)syscall(SYS_pidfd_open, pid, 0u);
	if (w->fd < 0 || set_interest(w, SP_LOOP_READ) != SP_OK) {
		sp_fd_close(&w->fd);
		unlink_and_free(w);
		return NULL;
	}
	return w;
}

static void child_ended(struct sp_watch *w)
{
	int status = 0;

	if (waitpid(w->pid, &status, WNOHANG) != w->pid) {
		return;
	}
	set_interest(w, 0);
	sp_fd_close(&w->fd);
	w->fn.child(w->user, w->pid, status);
}

struct sp_watch *sp_loop_before(struct sp_loop *l, sp_watch_fn fn, void *user)
{
	struct sp_watch *w = watch_create(l, KIND_BEFORE, user);

	if (w) {
		w->fn.plain = fn;
	}
	return w;
}

void sp_watch_remove(struct sp_watch *w)
{
	if (!w || w->removed) {
		return;
	}
	w->removed = true;
	w->loop->dirty = true;
	if (w->fd >= 0) {
		set_interest(w, 0);
	}
	if (w->kind == KIND_CHILD) {
		sp_fd_close(&w->fd);
	}
	heap_remove(w);
}

/* ---- running ---- */

static int wait_ms(struct sp_loop *l, uint64_t max_wait_us)
{
	uint64_t wait = max_wait_us;

	if (l->heap_n > 0) {
		uint64_t now = sp_now_us();
		uint64_t left = l->heap[0]->when > now ? l->heap[0]->when - now : 0;
		wait = left < wait ? left : wait;
	}
	if (wait == UINT64_MAX) {
		return -1;
	}
	/* Rounded up: waking too early would only mean to wait again. */
	uint64_t ms = wait / 1000 + (wait % 1000 ? 1 : 0);
	return ms > 3600 * 1000 ? 3600 * 1000 : (int)ms;
}

static void fire_timers(struct sp_loop *l)
{
	/* No more than there are now, so that a timer set to the past cannot keep us here. */
	size_t most = l->heap_n;
	uint64_t now = most ? sp_now_us() : 0;

	while (most-- > 0 && !l->quit && l->heap_n > 0 && l->heap[0]->when <= now) {
		struct sp_watch *w = l->heap[0];

		heap_remove(w);
		w->fn.plain(w->user);
	}
}

static void dispatch(struct sp_loop *l, const struct epoll_event *ev)
{
	struct sp_watch *w = ev->data.ptr;

	if (!w) {
		read_signals(l);
		return;
	}
	/* An earlier callback of this turn may have removed it or lost interest. */
	if (w->removed || w->interest == 0) {
		return;
	}
	if (w->kind == KIND_CHILD) {
		child_ended(w);
		return;
	}
	unsigned events = ((ev->events & EPOLLIN) ? SP_LOOP_READ : 0u) |
			((ev->events & EPOLLOUT) ? SP_LOOP_WRITE : 0u);
	bool hup = ev->events & (EPOLLHUP | EPOLLERR);
	events = hup ? w->interest : events & w->interest;
	if (events) {
		w->fn.fd(w->user, events | (hup ? SP_LOOP_HUP : 0u));
	}
}

int sp_loop_turn(struct sp_loop *l, uint64_t max_wait_us)
{
	struct epoll_event evs[BATCH];
	int rc = SP_OK;

	l->depth++;
	for (struct sp_watch *w = l->first[KIND_BEFORE]; w && !l->quit; w = w->next) {
		if (!w->removed) {
			w->fn.plain(w->user);
		}
	}
	int n = epoll_wait(l->epoll, evs, BATCH, l->quit ? 0 : wait_ms(l, max_wait_us));
	if (n < 0 && errno != EINTR) {
		rc = SP_ESYS;
	}
	for (int i = 0; i < n && !l->quit; i++) {
		dispatch(l, &evs[i]);
	}
	fire_timers(l);
	if (--l->depth == 0) {
		sweep(l);
	}
	return rc;
}

int sp_loop_run(struct sp_loop *l)
{
	int rc = SP_OK;

	while (!l->quit && rc == SP_OK) {
		rc = sp_loop_turn(l, UINT64_MAX);
	}
	if (rc != SP_OK) {
		return rc;
	}
	l->quit = false;
	return l->code;
}

void sp_loop_quit(struct sp_loop *l, int code)
{
	l->quit = true;
	l->code = code;
}
