/* gate/parent/accept.c - takes connections, counts them, passes them on. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "gate/parent/parent.h"
#include "host/io/ipc.h"
#include "host/monitor/mon.h"

/* Pairs of sp-net and sp-login that wait for connections. */
#define AHEAD 3
/* Refill so long after a connection came: its own handshake goes first. */
#define REFILL_US 150000
#define LACK_US 1000000
#define ACTIVE_MS 60000
#define STOP_GRACE_US 4000000
/* Connections that one turn of the loop takes: the keeper and the children want to be heard. */
#define TURN 16

/* ---- slots ---- */

/* False when it is not in that list. */
static bool unlink_slot(struct sp_slot **list, struct sp_slot *s)
{
	struct sp_slot *prev = NULL, *at = *list;

	while (at && at != s) {
		prev = at;
		at = sp_slot_next(at);
	}
	if (!at) {
		return false;
	}
	if (prev) {
		sp_slot_set_next(prev, sp_slot_next(s));
	} else {
		*list = sp_slot_next(s);
	}
	sp_slot_set_next(s, NULL);
	return true;
}

static void slot_ended(void *user, struct sp_slot *s, const struct sp_msg_conn_closed *m)
{
	struct sp_parent *p = user;

	if (m->role == SP_ROLE_NET && sp_slot_unproven(s)) {
		sp_limits_done(p->limits, sp_slot_limits_source(s));
		sp_slot_granted(s); /* counted once */
	}
	if (!p->stopping && sp_mon_say(p->keeper, CONN_CLOSED, m) != SP_OK) {
		sp_log(SP_LOG_ERROR, "keeper does not listen");
	}
}

static void slot_gone(void *user, struct sp_slot *s)
{
	struct sp_parent *p = user;

	if (unlink_slot(&p->waiting, s)) {
		p->n_waiting--;
		sp_watch_in(p->refill, LACK_US);
	} else if (unlink_slot(&p->serving, s)) {
		p->n_serving--;
	}
	sp_slot_destroy(s);
	if (p->stopping && !p->waiting && !p->serving) {
		sp_loop_quit(p->loop, p->code);
	}
}

static int start_slot(struct sp_parent *p)
{
	static const struct sp_slot_calls calls = {.ended = slot_ended, .gone = slot_gone};
	struct sp_slot_conf conf = {.loop = p->loop,
			.net = p->net,
			.login = p->login,
			.target = p->target,
			.roots = p->roots,
			.chain_fd = p->chain_fd,
			.calls = &calls,
			.user = p};
	char why[SP_WHY_MAX] = "";
	struct sp_slot *s;
	unsigned dropped;

	if (sp_slot_start(&conf, &s, why, sizeof(why)) != SP_OK) {
		if (sp_log_rate_ok(&p->trouble, sp_now_us(), &dropped)) {
			sp_log(SP_LOG_ERROR, "%s", why);
		}
		return SP_ESYS;
	}
	sp_slot_set_next(s, p->waiting);
	p->waiting = s;
	p->n_waiting++;
	return SP_OK;
}

static void refill(void *user)
{
	struct sp_parent *p = user;

	while (!p->stopping && p->n_waiting < AHEAD) {
		if (start_slot(p) != SP_OK) {
			sp_watch_in(p->refill, LACK_US);
			return;
		}
	}
}

struct sp_slot *sp_parent_slot(struct sp_parent *p, uint64_t conn)
{
	struct sp_slot *s = p->serving;

	while (s && sp_slot_conn(s) != conn) {
		s = sp_slot_next(s);
	}
	return s;
}

void sp_parent_granted(struct sp_parent *p, struct sp_slot *s)
{
	if (sp_slot_unproven(s)) {
		sp_limits_done(p->limits, sp_slot_limits_source(s));
		sp_limits_good(p->limits, sp_slot_limits_source(s), sp_now_us());
		sp_slot_granted(s);
	}
}

/* ---- connections ---- */

static void fill_source(struct sp_source *out, const struct sp_addr *a)
{
	uint8_t key[SP_SOURCE_SIZE];
	char text[SP_ADDR_TEXT_MAX];

	*out = (struct sp_source){.port = sp_addr_port(a)};
	sp_addr_text(a, text);
	snprintf(out->text, sizeof(out->text), "%.*s", (int)sizeof(out->text) - 1, text);
	if (text[0] == '[') {
		out->family = AF_INET6;
		memcpy(out->addr, &a->u.v6.sin6_addr, sizeof(out->addr));
		return;
	}
	sp_addr_source(a, key); /* the mapped form ends with the IPv4 address */
	out->family = AF_INET;
	memcpy(out->addr, key + 12, 4);
}

static void refuse(struct sp_parent *p, int fd, const struct sp_addr *peer, int listener,
		const char *reason, const char *why)
{
	char at[SP_ADDR_TEXT_MAX] = "";
	struct sp_addr local;
	unsigned dropped;

	close(fd);
	if (sp_tcp_local(listener, &local) == SP_OK) {
		sp_addr_text(&local, at);
	}
	sp_parent_tell_reject(p, peer, at, reason, why);
	if (sp_log_rate_ok(&p->refused, sp_now_us(), &dropped)) {
		char text[SP_ADDR_TEXT_MAX], more[48] = "";

		sp_addr_text(peer, text);
		if (dropped > 0) {
			snprintf(more, sizeof(more), " (and %u others before)", dropped);
		}
		sp_log(SP_LOG_WARN, "%s refused: %s%s", text, why, more);
	}
}

/* Takes a slot that waits and gives it the connection. */
static void hand_over(struct sp_parent *p, int fd, const struct sp_msg_conn_open *open,
		const uint8_t *source)
{
	struct sp_slot *s = p->waiting;

	unlink_slot(&p->waiting, s);
	p->n_waiting--;
	sp_slot_set_next(s, p->serving);
	p->serving = s;
	p->n_serving++;
	sp_log(SP_LOG_INFO, "conn %llu from %s: connected to %s%s%s",
			(unsigned long long)open->conn, open->source.text, open->listener,
			*open->interface ? " by " : "", open->interface);
	struct sp_msg_net_start start = {.conn = open->conn,
			.source = open->source,
			.logon_ms = p->conf.limits.deadline * 1000,
			.active_ms = ACTIVE_MS,
			.require_token = p->conf.require_token};
	if (sp_slot_give(s, fd, p->keeper, open, &start, source) == SP_OK) {
		return;
	}
	sp_log(SP_LOG_ERROR, "conn %llu from %s: not handed over", (unsigned long long)open->conn,
			open->source.text);
	if (sp_slot_conn(s) != 0) {
		sp_slot_end(s); /* the keeper knows of it already */
		return;
	}
	sp_limits_done(p->limits, source);
	unlink_slot(&p->serving, s);
	p->n_serving--;
	sp_slot_destroy(s);
}

static void serve(struct sp_parent *p, int fd, const struct sp_addr *peer, int listener)
{
	struct sp_msg_conn_open open = {.conn = p->last_conn + 1};
	uint8_t source[SP_SOURCE_SIZE];
	struct sp_addr local;
	uint32_t draw = 0;

	sp_addr_source(peer, source);
	if (getrandom(&draw, sizeof(draw), GRND_NONBLOCK) < 0) {
		draw = (uint32_t)sp_now_us();
	}
	if (p->n_serving >= p->most) {
		refuse(p, fd, peer, listener, "limit",
				"no descriptors left for another connection");
		return;
	}
	enum sp_limits_verdict v = sp_limits_ask(p->limits, source, sp_now_us(), draw);
	if (v != SP_LIMITS_ACCEPTED) {
		refuse(p, fd, peer, listener, v == SP_LIMITS_REFUSED_PENALTY ? "penalty" : "limit",
				sp_limits_text(v));
		return;
	}
	if (!p->waiting && start_slot(p) != SP_OK) {
		sp_limits_done(p->limits, source);
		refuse(p, fd, peer, listener, "internal", "no process can be started");
		return;
	}
	p->last_conn++;
	fill_source(&open.source, peer);
	if (sp_tcp_local(listener, &local) == SP_OK) {
		char text[SP_ADDR_TEXT_MAX];

		sp_addr_text(&local, text);
		snprintf(open.listener, sizeof(open.listener), "%.*s",
				(int)sizeof(open.listener) - 1, text);
	}
	if (!sp_tcp_interface(fd, open.interface)) {
		sp_log(SP_LOG_DEBUG, "conn %llu: no interface known",
				(unsigned long long)open.conn);
	}
	hand_over(p, fd, &open, source);
	sp_watch_in(p->refill, REFILL_US);
}

static void want_connections(struct sp_parent *p, bool want)
{
	for (size_t i = 0; i < p->conf.n_listen; i++) {
		if (p->watches[i]) {
			sp_watch_want(p->watches[i], want ? SP_LOOP_READ : 0);
		}
	}
}

static void on_listener(void *user, unsigned events)
{
	struct sp_parent *p = user;
	unsigned dropped;

	for (size_t i = 0; i < p->conf.n_listen; i++) {
		struct sp_addr peer;
		int fd, rc = 0;

		for (int n = 0; n < TURN && !p->stopping; n++) {
			rc = sp_tcp_accept(p->listeners[i], &fd, &peer);
			if (rc <= 0) {
				break;
			}
			serve(p, fd, &peer, p->listeners[i]);
		}
		if (rc < 0) {
			/* Out of descriptors, say: those that knock wait in the backlog. */
			if (sp_log_rate_ok(&p->trouble, sp_now_us(), &dropped)) {
				sp_log(SP_LOG_ERROR, "no connection can be accepted: %s",
						strerror(errno));
			}
			want_connections(p, false);
			sp_watch_in(p->resume, LACK_US);
			return;
		}
	}
}

static void on_resume(void *user)
{
	struct sp_parent *p = user;

	want_connections(p, p->ready && !p->stopping);
}

static void on_stop(void *user)
{
	struct sp_parent *p = user;

	sp_log(SP_LOG_WARN, "some connections did not end in time");
	sp_loop_quit(p->loop, p->code);
}

int sp_parent_listen(struct sp_parent *p)
{
	p->refill = sp_loop_timer(p->loop, refill, p);
	p->stop = sp_loop_timer(p->loop, on_stop, p);
	p->resume = sp_loop_timer(p->loop, on_resume, p);
	if (!p->refill || !p->stop || !p->resume) {
		return SP_ENOMEM;
	}
	for (size_t i = 0; i < p->conf.n_listen; i++) {
		char why[SP_WHY_MAX] = "";

		int rc = p->conf.listen[i].six_only
				? sp_tcp_listen_six(p->conf.listen[i].text, &p->listeners[i], why)
				: sp_tcp_listen(p->conf.listen[i].text, &p->listeners[i], why);
		if (rc != SP_OK) {
			sp_log(SP_LOG_ERROR, "%s", why);
			return SP_ESYS;
		}
		p->watches[i] = sp_loop_fd(p->loop, p->listeners[i], 0, on_listener, p);
		if (!p->watches[i]) {
			return SP_ENOMEM;
		}
	}
	return SP_OK;
}

static void close_list(struct sp_slot **list)
{
	while (*list) {
		struct sp_slot *s = *list;

		*list = sp_slot_next(s);
		sp_slot_destroy(s);
	}
}

void sp_parent_accept(struct sp_parent *p)
{
	/* Those that wait since before a reload would show the old certificate. */
	close_list(&p->waiting);
	p->n_waiting = 0;
	refill(p);
	want_connections(p, true);
}

void sp_parent_stop(struct sp_parent *p, int code)
{
	struct sp_slot *s;

	if (!p->stopping) {
		p->code = code;
		sp_parent_tell_service(p, false);
	}
	p->stopping = true;
	p->code = code;
	want_connections(p, false);
	close_list(&p->waiting);
	p->n_waiting = 0;
	for (s = p->serving; s; s = sp_slot_next(s)) {
		sp_slot_end(s);
	}
	if (!p->serving) {
		sp_loop_quit(p->loop, code);
	}
	sp_watch_in(p->stop, STOP_GRACE_US);
}

void sp_parent_close(struct sp_parent *p)
{
	p->stopping = true;
	close_list(&p->waiting);
	close_list(&p->serving);
}
