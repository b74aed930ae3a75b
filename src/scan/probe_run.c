/* scan/probe_run.c - see probe_run.h. */
#include "scan/probe_run.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/base/wr.h"
#include "host/io/fdio.h"
#include "host/io/tcp.h"
#include "scan/probe.h"
#include "scan/probe_talk.h"
#include "scan/probe_udp.h"

#define READ_MAX 16384
#define DATAGRAM_US 700000 /* then it is sent once more */
#define DATAGRAM_TIMES 2
#define GATEWAY_UDP 3391
#define LACK_US 100000 /* until it is tried again where this machine has no socket */

enum state {
	WAIT_ADDRESS, /* another endpoint of its address is worked on */
	WAIT_TURN, /* the pause, or the rate */
	WAIT_CONNECTION,
	WAIT_WORD,
	WAIT_DATAGRAM,
	WAIT_HANDOVER, /* finished; nobody takes the facts yet */
	WAIT_END, /* handed over; its address still has its pause */
};

/* A datagram that is waited for: of RDP itself, and of a gateway. */
struct datagram {
	struct visit *visit;
	int fd;
	struct sp_watch *watch;
	bool gateway;
};

struct visit {
	struct visit *next;
	struct sp_probe_run *run;
	enum state state;
	struct sp_addr to;
	struct sp_probe *probe; /* NULL in WAIT_END */
	struct sp_probe_task task;
	struct sp_talk *talk;
	unsigned step; /* of the talk, that its deadline is for */
	int fd;
	struct sp_watch *watch, *timer;
	struct datagram datagram[2];
	unsigned times; /* that datagrams were sent */
	uint64_t begun_us, rest_until_us;
	bool has_slot;
};

struct sp_probe_run {
	struct sp_loop *loop;
	struct sp_probe_setup setup;
	const struct sp_talk_env *env;
	struct sp_probe_mark *mark;
	sp_probe_facts_fn fn;
	void *user;
	struct visit *first, **last;
	size_t open; /* not handed over yet */
	uint64_t slot_us; /* when the next connection may be made */
};

static void go_on(struct visit *v);

/* ---- the mark ---- */

static void mark(struct visit *v)
{
	struct sp_probe_mark *m = v->run->mark;

	if (m && v->probe) {
		m->turn++;
		m->number = v->probe->order.number + 1;
	}
}

static void unmark(struct sp_probe_run *r)
{
	if (r->mark) {
		r->mark->number = 0;
	}
}

/* ---- addresses ---- */

static bool same_host(const struct sp_addr *a, const struct sp_addr *b)
{
	if (a->u.ss.ss_family != b->u.ss.ss_family) {
		return false;
	}
	return a->u.ss.ss_family == AF_INET
			? a->u.v4.sin_addr.s_addr == b->u.v4.sin_addr.s_addr
			: memcmp(&a->u.v6.sin6_addr, &b->u.v6.sin6_addr, 16) == 0 &&
					a->u.v6.sin6_scope_id == b->u.v6.sin6_scope_id;
}

static bool busy(const struct sp_probe_run *r, const struct visit *me)
{
	for (const struct visit *v = r->first; v && v != me; v = v->next) {
		if (same_host(&v->to, &me->to)) {
			return true;
		}
	}
	return false;
}

/* ---- the end of a connection, of an endpoint ---- */

static void hush(struct datagram *d)
{
	sp_watch_remove(d->watch);
	d->watch = NULL;
	sp_fd_close(&d->fd);
}

static void disconnect(struct visit *v)
{
	hush(&v->datagram[0]);
	hush(&v->datagram[1]);
	sp_watch_remove(v->watch);
	v->watch = NULL;
	sp_fd_close(&v->fd);
	sp_talk_destroy(v->talk);
	v->talk = NULL;
	v->rest_until_us = sp_now_us() + (uint64_t)v->run->setup.pause_ms * 1000;
}

static void forget(struct visit *v)
{
	struct sp_probe_run *r = v->run;
	struct visit **at = &r->first;

	while (*at != v) {
		at = &(*at)->next;
	}
	*at = v->next;
	if (r->last == &v->next) {
		r->last = at;
	}
	/* The next one of this address. */
	for (struct visit *w = r->first; w; w = w->next) {
		if (w->state == WAIT_ADDRESS && same_host(&w->to, &v->to)) {
			w->state = WAIT_TURN;
			sp_watch_in(w->timer, 0);
			break;
		}
	}
	disconnect(v);
	sp_watch_remove(v->timer);
	sp_free(v->probe);
	sp_free(v);
}

static void hand_over(struct visit *v)
{
	struct sp_probe_run *r = v->run;

	v->state = WAIT_HANDOVER;
	if (r->fn(r->user, &v->probe->facts) == SP_ESPACE) {
		return;
	}
	r->open--;
	sp_free(v->probe);
	v->probe = NULL;
	v->state = WAIT_END;
	sp_watch_at(v->timer, v->rest_until_us ? v->rest_until_us : 1);
}

static void finish(struct visit *v)
{
	if (v->begun_us) {
		v->probe->facts.took_ms = (uint32_t)((sp_now_us() - v->begun_us) / 1000);
	}
	hand_over(v);
}

/* ---- one connection ---- */

static uint64_t deadline(const struct visit *v, uint32_t ms)
{
	uint64_t at = sp_now_us() + (uint64_t)ms * 1000;
	uint64_t most = v->begun_us + (uint64_t)v->run->setup.endpoint_ms * 1000;

	return at < most ? at : most;
}

static void next_question(struct visit *v)
{
	struct sp_probe_run *r = v->run;

	if (sp_now_us() - v->begun_us >= (uint64_t)r->setup.endpoint_ms * 1000) {
		sp_probe_cut(v->probe, "cut short: the time for one endpoint is over");
	}
	if (!sp_probe_next(v->probe, &v->task)) {
		finish(v);
		return;
	}
	v->state = WAIT_TURN;
	v->has_slot = false;
	sp_watch_at(v->timer, v->rest_until_us ? v->rest_until_us : 1);
}

static void unreached(struct visit *v, enum sp_scan_reach how)
{
	disconnect(v);
	sp_probe_unreached(v->probe, &v->task, how);
	next_question(v);
}

static enum sp_scan_reach reach_of(int err)
{
	switch (err) {
	case ECONNREFUSED:
	case ECONNRESET:
		return SP_SCAN_REFUSED;
	case ETIMEDOUT:
		return SP_SCAN_SILENT;
	default:
		return SP_SCAN_UNREACHABLE;
	}
}

static void answered(struct visit *v)
{
	const struct sp_talk_result *result = sp_talk_result(v->talk);

	sp_probe_answer(v->probe, &v->task, result);
	disconnect(v);
	next_question(v);
}

/* Sends what there is to send; looks at deadlines. */
static void talk_on(struct visit *v)
{
	struct sp_span out = sp_talk_out(v->talk);

	while (out.n > 0) {
		ssize_t n = send(v->fd, out.p, out.n, MSG_NOSIGNAL);

		if (n < 0) {
			if (errno != EAGAIN && errno != EINTR) {
				sp_talk_stop(v->talk, SP_TALK_CLOSED);
			}
			break;
		}
		sp_talk_sent(v->talk, (size_t)n);
		out = sp_talk_out(v->talk);
	}
	if (sp_talk_result(v->talk)->end != SP_TALK_GOES_ON) {
		answered(v);
		return;
	}
	sp_watch_want(v->watch, out.n > 0 ? SP_LOOP_READ | SP_LOOP_WRITE : SP_LOOP_READ);
	if (v->step != sp_talk_step(v->talk)) {
		v->step = sp_talk_step(v->talk);
		sp_watch_at(v->timer, deadline(v, v->run->setup.step_ms));
	}
}

static void connected(struct visit *v)
{
	if (sp_tcp_dialled(v->fd) != SP_OK) {
		unreached(v, reach_of(errno));
		return;
	}
	v->probe->facts.connections++;
	v->talk = sp_talk_create(v->run->env, &v->task);
	if (!v->talk) {
		sp_probe_cut(v->probe, "cut short: out of memory");
		disconnect(v);
		next_question(v);
		return;
	}
	v->state = WAIT_WORD;
	v->step = sp_talk_step(v->talk);
	sp_watch_at(v->timer, deadline(v, v->run->setup.step_ms));
	talk_on(v);
}

static void hear(struct visit *v)
{
	uint8_t *scratch = sp_loop_scratch(v->run->loop);
	ssize_t n = recv(v->fd, scratch, READ_MAX, 0);

	if (n > 0) {
		sp_talk_feed(v->talk, scratch, (size_t)n);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		sp_talk_stop(v->talk, SP_TALK_CLOSED);
	}
	talk_on(v);
}

static void on_socket(void *user, unsigned events)
{
	struct visit *v = user;
	struct sp_probe_run *r = v->run;

	mark(v);
	if (v->state == WAIT_CONNECTION) {
		connected(v);
	} else if (events & SP_LOOP_READ) {
		hear(v);
	} else {
		talk_on(v);
	}
	unmark(r);
}

static struct sp_addr at_port(const struct visit *v, uint16_t port)
{
	struct sp_addr to = v->to;

	if (to.u.ss.ss_family == AF_INET) {
		to.u.v4.sin_port = htons(port);
	} else {
		to.u.v6.sin6_port = htons(port);
	}
	return to;
}

/* ---- datagrams ---- */

static void no_more_datagrams(struct visit *v)
{
	if (v->datagram[0].fd < 0 && v->datagram[1].fd < 0) {
		disconnect(v);
		next_question(v);
	}
}

static void on_datagram(void *user, unsigned events)
{
	struct datagram *d = user;
	struct visit *v = d->visit;
	struct sp_probe_run *r = v->run;
	uint8_t *scratch = sp_loop_scratch(r->loop);

	(void)events;
	mark(v);
	ssize_t n = recv(d->fd, scratch, READ_MAX, 0);
	struct sp_span got = sp_span(scratch, n > 0 ? (size_t)n : 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		unmark(r);
		return;
	}
	if (n >= 0) {
		bool fits = d->gateway ? sp_probe_udp_dtls_is(got) : sp_probe_udp_syn_is(got);
		sp_probe_datagram(v->probe, d->gateway, fits ? SP_SCAN_YES : SP_SCAN_UNKNOWN);
	} else if (errno == ECONNREFUSED) {
		sp_probe_datagram(v->probe, d->gateway, SP_SCAN_NO);
	}
	hush(d);
	no_more_datagrams(v);
	unmark(r);
}

static void send_datagram(struct datagram *d)
{
	uint8_t room[SP_PROBE_UDP_MAX], random[32];
	struct sp_wr w;
	uint32_t sequence;

	sp_wr_fixed(&w, room, sizeof(room));
	if (d->fd < 0 || getrandom(random, sizeof(random), 0) != sizeof(random)) {
		return;
	}
	memcpy(&sequence, random, sizeof(sequence));
	if (d->gateway) {
		sp_probe_udp_dtls_write(&w, random);
	} else {
		sp_probe_udp_syn_write(&w, sequence);
	}
	/* That the first one was refused is heard with the answer. */
	(void)!send(d->fd, w.p, w.n, MSG_NOSIGNAL);
}

static void datagrams_now(struct visit *v)
{
	v->state = WAIT_DATAGRAM;
	v->times = 1;
	for (size_t i = 0; i < SP_LEN(v->datagram); i++) {
		struct datagram *d = &v->datagram[i];
		struct sp_addr to = at_port(v, i == 0 ? v->task.port : GATEWAY_UDP);

		d->visit = v;
		d->gateway = i == 1;
		d->fd = socket(to.u.ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (d->fd < 0 || connect(d->fd, &to.u.sa, to.n) < 0) {
			hush(d);
			continue;
		}
		d->watch = sp_loop_fd(v->run->loop, d->fd, SP_LOOP_READ, on_datagram, d);
		if (!d->watch) {
			hush(d);
		}
		send_datagram(d);
	}
	sp_watch_in(v->timer, DATAGRAM_US);
	no_more_datagrams(v);
}

static void datagrams_again(struct visit *v)
{
	if (v->times++ < DATAGRAM_TIMES) {
		send_datagram(&v->datagram[0]);
		send_datagram(&v->datagram[1]);
		sp_watch_in(v->timer, DATAGRAM_US);
		return;
	}
	disconnect(v);
	next_question(v);
}

/* It says something of this machine, and nothing of the one that is asked. */
static bool our_lack(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOBUFS || err == ENOMEM || err == EAGAIN ||
			err == EADDRNOTAVAIL;
}

/* Others end meanwhile. */
static void lack(struct visit *v)
{
	if (sp_now_us() - v->begun_us >= (uint64_t)v->run->setup.endpoint_ms * 1000) {
		sp_probe_cut(v->probe, "cut short: this machine has no more sockets");
		next_question(v);
		return;
	}
	v->state = WAIT_TURN;
	sp_watch_in(v->timer, LACK_US);
}

static void connect_now(struct visit *v)
{
	struct sp_addr to = at_port(v, v->task.port);

	v->state = WAIT_CONNECTION;
	if (sp_tcp_dial(&to, &v->fd) != SP_OK) {
		if (our_lack(errno)) {
			lack(v);
			return;
		}
		unreached(v, reach_of(errno));
		return;
	}
	v->watch = sp_loop_fd(v->run->loop, v->fd, SP_LOOP_WRITE, on_socket, v);
	if (!v->watch) {
		sp_probe_cut(v->probe, "cut short: out of memory");
		disconnect(v);
		next_question(v);
		return;
	}
	sp_watch_at(v->timer, deadline(v, v->run->setup.connect_ms));
}

/* The pause is over; the rate of all together may want another one. */
static void my_turn(struct visit *v)
{
	struct sp_probe_run *r = v->run;
	uint64_t now = sp_now_us();

	if (!v->has_slot) {
		uint64_t at = r->slot_us > now ? r->slot_us : now;

		r->slot_us = at + 1000000 / r->setup.rate;
		v->has_slot = true;
		if (at > now) {
			sp_watch_at(v->timer, at);
			return;
		}
	}
	if (v->task.then == SP_PROBE_UDP) {
		datagrams_now(v);
	} else {
		connect_now(v);
	}
}

static void begin(struct visit *v)
{
	struct timespec wall;

	clock_gettime(CLOCK_REALTIME, &wall);
	v->begun_us = sp_now_us();
	v->probe->facts.started_ms = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000;
	next_question(v);
}

static void go_on(struct visit *v)
{
	switch (v->state) {
	case WAIT_TURN:
		if (v->begun_us == 0) {
			begin(v);
		} else {
			my_turn(v);
		}
		break;
	case WAIT_CONNECTION:
		unreached(v, SP_SCAN_SILENT);
		break;
	case WAIT_WORD:
		sp_talk_stop(v->talk, SP_TALK_TIMEOUT);
		answered(v);
		break;
	case WAIT_DATAGRAM:
		datagrams_again(v);
		break;
	case WAIT_END:
		forget(v);
		break;
	default:
		break;
	}
}

static void on_timer(void *user)
{
	struct visit *v = user;
	struct sp_probe_run *r = v->run;

	mark(v);
	go_on(v);
	unmark(r);
}

/* ---- life ---- */

struct sp_probe_run *sp_probe_run_create(struct sp_loop *l, const struct sp_probe_setup *setup,
		const struct sp_talk_env *env, struct sp_probe_mark *m, sp_probe_facts_fn fn,
		void *user)
{
	struct sp_probe_run *r = sp_calloc(1, sizeof(*r));

	if (r) {
		r->loop = l;
		r->setup = *setup;
		r->setup.rate = setup->rate > 0 ? setup->rate : 1;
		r->env = env;
		r->mark = m;
		r->fn = fn;
		r->user = user;
		r->last = &r->first;
	}
	return r;
}

void sp_probe_run_destroy(struct sp_probe_run *r)
{
	while (r && r->first) {
		forget(r->first);
	}
	sp_free(r);
}

int sp_probe_run_order(struct sp_probe_run *r, const struct sp_probe_order *order)
{
	struct visit *v;

	if (r->open >= r->setup.at_once) {
		return SP_ELIMIT;
	}
	v = sp_calloc(1, sizeof(*v));
	if (!v) {
		return SP_ENOMEM;
	}
	*v = (struct visit){.run = r, .to = order->to, .fd = -1};
	v->datagram[0].fd = v->datagram[1].fd = -1;
	v->probe = sp_calloc(1, sizeof(*v->probe));
	v->timer = sp_loop_timer(r->loop, on_timer, v);
	if (!v->probe || !v->timer) {
		sp_watch_remove(v->timer);
		sp_free(v->probe);
		sp_free(v);
		return SP_ENOMEM;
	}
	sp_probe_begin(v->probe, order, 0);
	*r->last = v;
	r->last = &v->next;
	r->open++;
	if (!busy(r, v)) {
		v->state = WAIT_TURN;
		sp_watch_in(v->timer, 0);
	}
	return SP_OK;
}

void sp_probe_run_again(struct sp_probe_run *r)
{
	for (struct visit *v = r->first; v; v = v->next) {
		if (v->state == WAIT_HANDOVER) {
			hand_over(v);
		}
	}
}

void sp_probe_run_stop(struct sp_probe_run *r)
{
	for (struct visit *v = r->first; v; v = v->next) {
		if (v->probe && v->state != WAIT_HANDOVER) {
			disconnect(v);
			sp_probe_cut(v->probe, "cut short: the scan was ended");
			finish(v);
		}
	}
}
