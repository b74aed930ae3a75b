/* gate/net/line.c - see line.h. */
#include "gate/net/line.h"

#include "core/base/log.h"
#include "gate/net/net.h"
#include "host/io/tcp.h"

/* How often is looked: less and less while nothing moves. */
#define SOONEST_US 1000u
#define LATEST_US 8000u
/* A receiver may keep back the acknowledgement of two segments; of loopback's large ones none. */
#define SEGMENTS 2u
#define DELAYED (4u << 10)

/* Bytes of the connection that are at the client, or as good as. */
static uint64_t gone(struct sp_net *n, struct sp_line *line)
{
	uint64_t out = sp_conn_bytes_out(n->user);
	struct sp_tcp_state s;

	*line = (struct sp_line){.unsent = (uint32_t)sp_conn_waiting(n->user)};
	if (sp_tcp_state(sp_conn_fd(n->user), &s) != SP_OK) {
		return out;
	}
	line->rtt_us = s.rtt_us;
	line->rtt_min_us = s.rtt_min_us != UINT32_MAX ? s.rtt_min_us : 0;
	line->rate = s.rate;
	line->limited = s.limited;
	line->unsent += s.unsent;
	uint64_t late = (uint64_t)SEGMENTS * s.segment;
	uint64_t there = s.acked + (late < DELAYED ? late : DELAYED), sent = out - s.unsent;
	return there < sent ? there : sent;
}

static void look(void *user)
{
	struct sp_net *n = user;
	struct sp_net_line *l = &n->line;
	struct sp_line line;

	if (!n->user || !n->target || n->state != SP_NET_RELAY) {
		sp_line_stop(n);
		return;
	}
	uint64_t there = gone(n, &line);
	while (l->n > 0 && l->mark[l->first].at <= there) {
		line.mark = l->mark[l->first].id;
		l->first = (l->first + 1) % SP_NET_MARKS;
		l->n--;
	}
	if (line.mark != 0 && sp_legs_tell_line(n->legs, &line) != SP_OK) {
		sp_log(SP_LOG_DEBUG, "desktop not told of the line");
	}
	l->apart_us = there != l->there ? SOONEST_US : 2 * l->apart_us;
	l->apart_us = l->apart_us < LATEST_US ? l->apart_us : LATEST_US;
	l->there = there;
	if (l->n > 0) {
		sp_watch_in(l->look, l->apart_us);
	}
}

void sp_line_mark(struct sp_net *n, uint32_t id)
{
	struct sp_net_line *l = &n->line;

	if (!l->look) {
		l->look = sp_loop_timer(n->loop, look, n);
	}
	if (!l->look) {
		return;
	}
	if (l->n == SP_NET_MARKS) {
		l->first = (l->first + 1) % SP_NET_MARKS;
		l->n--;
	}
	/* Encrypted and counted only when it is written. */
	sp_conn_flush(n->user);
	size_t at = (l->first + l->n++) % SP_NET_MARKS;
	l->apart_us = SOONEST_US;
	l->mark[at].id = id;
	l->mark[at].at = sp_conn_bytes_out(n->user) + sp_conn_waiting(n->user);
	look(n);
}

void sp_line_stop(struct sp_net *n)
{
	n->line.n = 0;
	sp_watch_remove(n->line.look);
	n->line.look = NULL;
}
