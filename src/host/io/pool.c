/* host/io/pool.c - see pool.h. */
#include "host/io/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"

#define STACK (256u << 10)

struct worker {
	struct sp_pool *pool;
	size_t index;
	pthread_t thread;
};

struct sp_pool {
	size_t max, n; /* threads that may be, and that are */
	struct worker worker[SP_POOL_MAX];
	int fd; /* told when the last piece is through */
	struct sp_watch *watch;
	bool running; /* the loop's: done() is owed */

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t more, through;
	struct sp_pool_work work;
	size_t next, left; /* pieces: the first that nobody has, and those that are not through */
	bool ending;
};

static void *run(void *arg)
{
	struct worker *w = arg;
	struct sp_pool *p = w->pool;

	pthread_mutex_lock(&p->lock);
	while (!p->ending) {
		if (p->next == p->work.n) {
			pthread_cond_wait(&p->more, &p->lock);
			continue;
		}
		struct sp_pool_work work = p->work;
		size_t piece = p->next++;

		pthread_mutex_unlock(&p->lock);
		work.piece(work.user, piece, w->index);
		pthread_mutex_lock(&p->lock);
		if (--p->left == 0) {
			pthread_cond_signal(&p->through);
			eventfd_write(p->fd, 1);
		}
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* Signals are the loop's. */
static int start(struct sp_pool *p)
{
	struct worker *w = &p->worker[p->n];
	pthread_attr_t attr;
	sigset_t all, old;

	w->pool = p;
	w->index = p->n;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	int rc = pthread_create(&w->thread, &attr, run, w);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	p->n += rc == 0;
	return rc == 0 ? SP_OK : SP_ESYS;
}

static void finish(struct sp_pool *p)
{
	void (*done)(void *) = p->work.done;

	if (p->running) {
		p->running = false;
		done(p->work.user);
	}
}

static void on_through(void *user, unsigned events)
{
	struct sp_pool *p = user;
	eventfd_t v;

	if (eventfd_read(p->fd, &v) != 0) {
		return;
	}
	pthread_mutex_lock(&p->lock);
	bool through = p->left == 0;
	pthread_mutex_unlock(&p->lock);
	/* What was waited for has been told already, and the next run may be under way. */
	if (through) {
		finish(p);
	}
}

struct sp_pool *sp_pool_create(struct sp_loop *l, size_t threads)
{
	struct sp_pool *p = sp_calloc(1, sizeof(*p));

	if (!p) {
		return NULL;
	}
	p->max = threads < 1 ? 1 : threads < SP_POOL_MAX ? threads : SP_POOL_MAX;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->more, NULL);
	pthread_cond_init(&p->through, NULL);
	p->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	p->watch = p->fd >= 0 ? sp_loop_fd(l, p->fd, SP_LOOP_READ, on_through, p) : NULL;
	if (!p->watch) {
		sp_pool_destroy(p);
		return NULL;
	}
	return p;
}

void sp_pool_destroy(struct sp_pool *p)
{
	if (!p) {
		return;
	}
	pthread_mutex_lock(&p->lock);
	while (p->left > 0) {
		pthread_cond_wait(&p->through, &p->lock);
	}
	p->ending = true;
	pthread_cond_broadcast(&p->more);
	pthread_mutex_unlock(&p->lock);
	for (size_t i = 0; i < p->n; i++) {
		pthread_join(p->worker[i].thread, NULL);
	}
	sp_watch_remove(p->watch);
	if (p->fd >= 0) {
		close(p->fd);
	}
	pthread_cond_destroy(&p->through);
	pthread_cond_destroy(&p->more);
	pthread_mutex_destroy(&p->lock);
	sp_free(p);
}

int sp_pool_run(struct sp_pool *p, const struct sp_pool_work *work)
{
	if (p->running || work->n == 0) {
		return SP_ESTATE;
	}
	while (p->n < p->max && p->n < work->n && start(p) == SP_OK) {
	}
	if (p->n == 0) {
		sp_log(SP_LOG_WARN, "no thread can be started");
		return SP_ESYS;
	}
	p->running = true;
	pthread_mutex_lock(&p->lock);
	p->work = *work;
	p->next = 0;
	p->left = work->n;
	pthread_cond_broadcast(&p->more);
	pthread_mutex_unlock(&p->lock);
	return SP_OK;
}

bool sp_pool_busy(const struct sp_pool *p)
{
	return p->running;
}

void sp_pool_wait(struct sp_pool *p)
{
	pthread_mutex_lock(&p->lock);
	while (p->left > 0) {
		pthread_cond_wait(&p->through, &p->lock);
	}
	pthread_mutex_unlock(&p->lock);
	finish(p);
}
