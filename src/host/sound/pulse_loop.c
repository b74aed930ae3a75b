/* host/sound/pulse_loop.c - see pulse_loop.h. */
#include "host/sound/pulse_loop.h"

#include <sys/time.h>

#include "core/base/mem.h"

enum kind {
	KIND_IO,
	KIND_TIME,
	KIND_DEFER,
};

/* One event of any kind: the three types of libpulse are opaque there, and one of ours here. */
struct event {
	enum kind kind;
	struct sp_pulse_loop *owner;
	struct event *prev, *next;
	struct sp_watch *watch;
	void *user;
	int fd;
	bool enabled; /* DEFER */
	struct timeval tv; /* TIME */
	pa_io_event_cb_t io;
	pa_io_event_destroy_cb_t io_gone;
	pa_time_event_cb_t time;
	pa_time_event_destroy_cb_t time_gone;
	pa_defer_event_cb_t defer;
	pa_defer_event_destroy_cb_t defer_gone;
};

struct sp_pulse_loop {
	pa_mainloop_api api;
	struct sp_loop *loop;
	struct event *first;
};

static struct event *add(struct sp_pulse_loop *p, enum kind kind, void *user)
{
	struct event *e = sp_calloc(1, sizeof(*e));

	if (!e) {
		return NULL;
	}
	e->kind = kind;
	e->owner = p;
	e->user = user;
	e->next = p->first;
	if (p->first) {
		p->first->prev = e;
	}
	p->first = e;
	return e;
}

static void drop(struct event *e)
{
	pa_mainloop_api *api = &e->owner->api;

	sp_watch_remove(e->watch);
	if (e->prev) {
		e->prev->next = e->next;
	} else {
		e->owner->first = e->next;
	}
	if (e->next) {
		e->next->prev = e->prev;
	}
	if (e->io_gone) {
		e->io_gone(api, (pa_io_event *)e, e->user);
	}
	if (e->time_gone) {
		e->time_gone(api, (pa_time_event *)e, e->user);
	}
	if (e->defer_gone) {
		e->defer_gone(api, (pa_defer_event *)e, e->user);
	}
	sp_free(e);
}

/* ---- descriptors ---- */

static unsigned interest(pa_io_event_flags_t f)
{
	return (f & PA_IO_EVENT_INPUT ? SP_LOOP_READ : 0) |
			(f & PA_IO_EVENT_OUTPUT ? SP_LOOP_WRITE : 0);
}

static void on_io(void *user, unsigned events)
{
	struct event *e = user;
	unsigned f = (events & SP_LOOP_READ ? PA_IO_EVENT_INPUT : 0u) |
			(events & SP_LOOP_WRITE ? PA_IO_EVENT_OUTPUT : 0u) |
			(events & SP_LOOP_HUP ? PA_IO_EVENT_HANGUP : 0u);

	e->io(&e->owner->api, (pa_io_event *)e, e->fd, (pa_io_event_flags_t)f, e->user);
}

static pa_io_event *io_new(
		pa_mainloop_api *a, int fd, pa_io_event_flags_t f, pa_io_event_cb_t cb, void *user)
{
	struct sp_pulse_loop *p = a->userdata;
	struct event *e = add(p, KIND_IO, user);

	if (!e) {
		return NULL;
	}
	e->fd = fd;
	e->io = cb;
	e->watch = sp_loop_fd(p->loop, fd, interest(f), on_io, e);
	if (!e->watch) {
		drop(e);
		return NULL;
	}
	return (pa_io_event *)e;
}

static void io_enable(pa_io_event *io, pa_io_event_flags_t f)
{
	sp_watch_want(((struct event *)io)->watch, interest(f));
}

static void io_free(pa_io_event *io)
{
	drop((struct event *)io);
}

static void io_set_destroy(pa_io_event *io, pa_io_event_destroy_cb_t cb)
{
	((struct event *)io)->io_gone = cb;
}

/* ---- timers ---- */

static void on_time(void *user)
{
	struct event *e = user;
	struct timeval tv = e->tv;

	e->time(&e->owner->api, (pa_time_event *)e, &tv, e->user);
}

/* libpulse gives the wall clock's time to a loop that is not its own. */
static void set_time(struct event *e, const struct timeval *tv)
{
	struct timeval now;

	if (!tv) {
		sp_watch_at(e->watch, 0);
		return;
	}
	e->tv = *tv;
	gettimeofday(&now, NULL);
	int64_t us = (int64_t)(tv->tv_sec - now.tv_sec) * 1000000 + (tv->tv_usec - now.tv_usec);
	sp_watch_in(e->watch, us > 0 ? (uint64_t)us : 0);
}

static pa_time_event *time_new(
		pa_mainloop_api *a, const struct timeval *tv, pa_time_event_cb_t cb, void *user)
{
	struct sp_pulse_loop *p = a->userdata;
	struct event *e = add(p, KIND_TIME, user);

	if (!e) {
		return NULL;
	}
	e->time = cb;
	e->watch = sp_loop_timer(p->loop, on_time, e);
	if (!e->watch) {
		drop(e);
		return NULL;
	}
	set_time(e, tv);
	return (pa_time_event *)e;
}

static void time_restart(pa_time_event *t, const struct timeval *tv)
{
	set_time((struct event *)t, tv);
}

static void time_free(pa_time_event *t)
{
	drop((struct event *)t);
}

static void time_set_destroy(pa_time_event *t, pa_time_event_destroy_cb_t cb)
{
	((struct event *)t)->time_gone = cb;
}

/* ---- what is to be done in the next turn, and in each one while it is enabled ---- */

static void on_defer(void *user)
{
	struct event *e = user;

	if (!e->enabled) {
		return;
	}
	/* Before the call: it may free the event. */
	sp_watch_at(e->watch, 1);
	e->defer(&e->owner->api, (pa_defer_event *)e, e->user);
}

static pa_defer_event *defer_new(pa_mainloop_api *a, pa_defer_event_cb_t cb, void *user)
{
	struct sp_pulse_loop *p = a->userdata;
	struct event *e = add(p, KIND_DEFER, user);

	if (!e) {
		return NULL;
	}
	e->defer = cb;
	e->enabled = true;
	e->watch = sp_loop_timer(p->loop, on_defer, e);
	if (!e->watch) {
		drop(e);
		return NULL;
	}
	sp_watch_at(e->watch, 1);
	return (pa_defer_event *)e;
}

static void defer_enable(pa_defer_event *d, int on)
{
	struct event *e = (struct event *)d;

	e->enabled = on;
	sp_watch_at(e->watch, on ? 1 : 0);
}

static void defer_free(pa_defer_event *d)
{
	drop((struct event *)d);
}

static void defer_set_destroy(pa_defer_event *d, pa_defer_event_destroy_cb_t cb)
{
	((struct event *)d)->defer_gone = cb;
}

static void quit(pa_mainloop_api *a, int status)
{
	/* The loop is not libpulse's to end. */
}

struct sp_pulse_loop *sp_pulse_loop_create(struct sp_loop *l)
{
	struct sp_pulse_loop *p = sp_calloc(1, sizeof(*p));

	if (!p) {
		return NULL;
	}
	p->loop = l;
	p->api = (pa_mainloop_api){.userdata = p,
			.io_new = io_new,
			.io_enable = io_enable,
			.io_free = io_free,
			.io_set_destroy = io_set_destroy,
			.time_new = time_new,
			.time_restart = time_restart,
			.time_free = time_free,
			.time_set_destroy = time_set_destroy,
			.defer_new = defer_new,
			.defer_enable = defer_enable,
			.defer_free = defer_free,
			.defer_set_destroy = defer_set_destroy,
			.quit = quit};
	return p;
}

void sp_pulse_loop_destroy(struct sp_pulse_loop *p)
{
	if (!p) {
		return;
	}
	while (p->first) {
		drop(p->first);
	}
	sp_free(p);
}

const pa_mainloop_api *sp_pulse_loop_api(const struct sp_pulse_loop *p)
{
	return &p->api;
}
