/* gate/dial/dial.c - see dial.h. */
#include "gate/dial/dial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "gate/dial/resolve.h"
#include "host/io/fdio.h"
#include "host/io/tcp.h"

struct dial;

struct attempt {
	struct dial *dial;
	struct sp_addr addr;
	int fd; /* -1: not begun, or over */
	struct sp_watch *watch;
};

/* Failures of several addresses: the one that says most is told. */
enum telling {
	TELLS_NOTHING,
	TELLS_NO_ANSWER,
	TELLS_NO_ROUTE,
	TELLS_OTHER,
	TELLS_REFUSED,
};

struct dial {
	struct dial *next;
	struct sp_dialer *dialer;
	uint64_t conn, deadline_us;
	bool resolving; /* a child of it lives */
	bool answered; /* waits for the child only */
	size_t n, begun, open; /* attempts: there, begun, under way */
	struct attempt attempt[SP_RESOLVE_MAX];
	struct sp_watch *timer;
	enum telling telling;
	char why[SP_TEXT_WHY];
};

struct sp_dialer {
	struct sp_loop *loop;
	const struct sp_dialer_calls *calls;
	void *user;
	struct dial *first;
	size_t n;
};

/* ---- ends ---- */

static void end_attempt(struct attempt *a)
{
	if (a->fd >= 0) {
		a->dial->open--;
	}
	sp_watch_remove(a->watch);
	a->watch = NULL;
	sp_fd_close(&a->fd);
}

static void release(struct dial *d)
{
	struct dial **at = &d->dialer->first;

	while (*at != d) {
		at = &(*at)->next;
	}
	*at = d->next;
	d->dialer->n--;
	sp_watch_remove(d->timer);
	sp_free(d);
}

/* Everything stops; what is left is a child that looks up a name, which takes its place till then. */
static void finish(struct dial *d)
{
	for (size_t i = 0; i < d->n; i++) {
		end_attempt(&d->attempt[i]);
	}
	sp_watch_at(d->timer, 0);
	d->answered = true;
	if (!d->resolving) {
		release(d);
	}
}

static void say_failed(struct sp_dialer *dialer, uint64_t conn, const char *text)
{
	struct sp_msg_dial_failed m = {.conn = conn};

	snprintf(m.text, sizeof(m.text), "%s", text);
	sp_log(SP_LOG_DEBUG, "conn %llu: not connected: %s", (unsigned long long)conn, text);
	dialer->calls->failed(dialer->user, &m);
}

static void fail(struct dial *d, const char *text)
{
	say_failed(d->dialer, d->conn, text);
	finish(d);
}

static void succeed(struct attempt *a)
{
	struct dial *d = a->dial;
	struct sp_msg_dialed m = {.conn = d->conn};
	char text[SP_ADDR_TEXT_MAX];
	int fd = a->fd;

	sp_addr_text(&a->addr, text);
	snprintf(m.address, sizeof(m.address), "%.*s", (int)sizeof(m.address) - 1, text);
	if (sp_tcp_tune(fd, SP_TCP_SEND_BUF, SP_TCP_LOWAT) != SP_OK ||
			sp_tcp_keep_alive(fd) != SP_OK) {
		sp_log(SP_LOG_WARN, "conn %llu: socket cannot be tuned: %s",
				(unsigned long long)d->conn, strerror(errno));
	}
	sp_log(SP_LOG_DEBUG, "conn %llu: connected to %s", (unsigned long long)d->conn, text);
	sp_watch_remove(a->watch);
	a->watch = NULL;
	a->fd = -1;
	d->open--;
	d->dialer->calls->dialed(d->dialer->user, &m, fd);
	finish(d);
}

/* ---- attempts ---- */

static void note(struct dial *d, int err)
{
	enum telling telling = TELLS_OTHER;
	const char *text = strerror(err);

	switch (err) {
	case ECONNREFUSED:
		telling = TELLS_REFUSED;
		text = "connection refused";
		break;
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EADDRNOTAVAIL:
		telling = TELLS_NO_ROUTE;
		text = "no way to this address";
		break;
	case ETIMEDOUT:
		telling = TELLS_NO_ANSWER;
		text = "no answer";
		break;
	case EACCES:
	case EPERM:
		text = "a firewall of this machine forbids it";
		break;
	}
	if (telling > d->telling) {
		d->telling = telling;
		snprintf(d->why, sizeof(d->why), "%s", text);
	}
}

static void go_on(struct dial *d);

static void on_connected(void *user, unsigned events)
{
	struct attempt *a = user;
	struct dial *d = a->dial;

	if (sp_tcp_dialled(a->fd) == SP_OK) {
		succeed(a);
		return;
	}
	note(d, errno);
	end_attempt(a);
	go_on(d);
}

static void begin(struct attempt *a)
{
	struct dial *d = a->dial;

	if (sp_tcp_dial(&a->addr, &a->fd) != SP_OK) {
		note(d, errno);
		return;
	}
	d->open++;
	a->watch = sp_loop_fd(d->dialer->loop, a->fd, SP_LOOP_WRITE, on_connected, a);
	if (!a->watch) {
		note(d, ENOMEM);
		end_attempt(a);
	}
}

/* Begins the next address; where it fails at once, the one after it. */
static void go_on(struct dial *d)
{
	uint64_t now = sp_now_us(), next = now + SP_DIAL_APART_US;
	size_t open = d->open;

	if (now >= d->deadline_us) {
		fail(d, d->telling ? d->why : "no answer");
		return;
	}
	while (d->begun < d->n && d->open == open) {
		begin(&d->attempt[d->begun++]);
	}
	if (d->open == 0) {
		fail(d, d->telling ? d->why : "no answer");
		return;
	}
	sp_watch_at(d->timer, d->begun < d->n && next < d->deadline_us ? next : d->deadline_us);
}

static void on_timer(void *user)
{
	struct dial *d = user;

	if (d->resolving) {
		fail(d, "the name cannot be looked up: no name server answers");
	} else {
		go_on(d);
	}
}

/* Addresses of one machine, of this one too. Zero would mean this one, by a name nobody gave it. */
static bool sensible(const struct sp_addr *a)
{
	const struct in6_addr *v6 = &a->u.v6.sin6_addr;
	const uint8_t *v4 = (const uint8_t *)&a->u.v4.sin_addr;

	if (sp_addr_port(a) == 0) {
		return false;
	}
	if (a->u.ss.ss_family == AF_INET6) {
		if (IN6_IS_ADDR_UNSPECIFIED(v6) || IN6_IS_ADDR_MULTICAST(v6)) {
			return false;
		}
		if (!IN6_IS_ADDR_V4MAPPED(v6)) {
			return true;
		}
		v4 = v6->s6_addr + 12;
	}
	return v4[0] != 0 && v4[0] < 224;
}

static void race(struct dial *d, const struct sp_addr *v, size_t n)
{
	for (size_t i = 0; i < n && i < SP_RESOLVE_MAX; i++) {
		if (sensible(&v[i])) {
			d->attempt[d->n++] = (struct attempt){.dial = d, .addr = v[i], .fd = -1};
		}
	}
	if (d->n == 0) {
		fail(d, "no address that a connection could be opened to");
		return;
	}
	go_on(d);
}

static void on_resolved(void *user, const struct sp_addr *v, size_t n, const char *text)
{
	struct dial *d = user;

	d->resolving = false;
	if (d->answered) {
		release(d);
	} else if (n == 0) {
		fail(d, text);
	} else {
		race(d, v, n);
	}
}

/* ---- questions ---- */

/* Letters, digits, and what stands between them; no leading '-' or '.'. */
static bool host_name(const char *s)
{
	size_t n = strlen(s);

	return 1 <= n && n <= 253 && s[0] != '.' && s[0] != '-' &&
			strspn(s,
					"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
					"6789"
					"-._:%") == n;
}

static void look_up(struct dial *d, const char *address)
{
	char host[SP_TEXT_HOST];
	uint16_t port;

	if (sp_addr_split(address, SP_DIAL_PORT, host, sizeof(host), &port) != SP_OK ||
			!host_name(host)) {
		fail(d, "not an address");
		return;
	}
	if (sp_resolve_start(d->dialer->loop, host, port, d->deadline_us, on_resolved, d) !=
			SP_OK) {
		sp_log(SP_LOG_ERROR, "no process for looking up a name: %s", strerror(errno));
		fail(d, "the name cannot be looked up");
		return;
	}
	d->resolving = true;
	sp_watch_at(d->timer, d->deadline_us);
}

void sp_dialer_dial(struct sp_dialer *dialer, const struct sp_msg_dial *m)
{
	uint32_t ms = m->timeout_ms ? m->timeout_ms : SP_DIAL_MS;
	struct dial *d = dialer->n < SP_DIALS ? sp_calloc(1, sizeof(*d)) : NULL;
	struct sp_addr a;

	if (d) {
		d->timer = sp_loop_timer(dialer->loop, on_timer, d);
	}
	if (!d || !d->timer) {
		sp_free(d);
		say_failed(dialer, m->conn,
				dialer->n < SP_DIALS ? "out of memory"
						     : "too many connections are being opened");
		return;
	}
	d->dialer = dialer;
	d->conn = m->conn;
	d->deadline_us = sp_now_us() + (ms < SP_DIAL_MS_MAX ? ms : SP_DIAL_MS_MAX) * 1000ull;
	d->next = dialer->first;
	dialer->first = d;
	dialer->n++;
	if (sp_addr_parse(m->address, &a) == SP_OK) {
		race(d, &a, 1);
	} else {
		look_up(d, m->address);
	}
}

struct sp_dialer *sp_dialer_create(
		struct sp_loop *l, const struct sp_dialer_calls *calls, void *user)
{
	struct sp_dialer *d = sp_calloc(1, sizeof(*d));

	if (d) {
		*d = (struct sp_dialer){.loop = l, .calls = calls, .user = user};
	}
	return d;
}

void sp_dialer_destroy(struct sp_dialer *d)
{
	if (!d) {
		return;
	}
	while (d->first) {
		struct dial *x = d->first;

		for (size_t i = 0; i < x->n; i++) {
			end_attempt(&x->attempt[i]);
		}
		release(x);
	}
	sp_free(d);
}
