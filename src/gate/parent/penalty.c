/* gate/parent/penalty.c - what sources have to wait, and how that outlives this process. */
#include <string.h>
#include <time.h>

#include "core/base/log.h"
#include "gate/parent/parent.h"
#include "host/io/tcp.h"
#include "host/monitor/mon.h"

/* A reason seldom comes alone; and the keeper writes to a disk. */
#define GATHER_US 1000000
#define APART_US 30000000

static void on_keep(void *user)
{
	sp_parent_keep(user);
}

int sp_parent_penalties_init(struct sp_parent *p)
{
	p->keep = sp_loop_timer(p->loop, on_keep, p);
	return p->keep ? SP_OK : SP_ENOMEM;
}

void sp_parent_penalize(struct sp_parent *p, const struct sp_msg_penalty *m)
{
	struct sp_addr a = {0};
	uint8_t key[SP_SOURCE_SIZE];

	if (m->source.family == AF_INET) {
		a.u.v4.sin_family = AF_INET;
		memcpy(&a.u.v4.sin_addr, m->source.addr, 4);
	} else {
		a.u.v6.sin6_family = AF_INET6;
		memcpy(&a.u.v6.sin6_addr, m->source.addr, 16);
	}
	/* Whoever is on this machine cannot be told apart from its other users. */
	if (sp_addr_loopback(&a)) {
		return;
	}
	uint64_t now = sp_now_us(), soon = now + GATHER_US;
	sp_addr_source(&a, key);
	sp_limits_penalize(p->limits, key, m->seconds, now);
	if (sp_limits_penalized(p->limits) != p->kept) {
		bool wait = p->kept_us != 0 && p->kept_us + APART_US > soon;
		sp_watch_at(p->keep, wait ? p->kept_us + APART_US : soon);
	}
}

void sp_parent_restore(struct sp_parent *p, const struct sp_msg_penalties *m)
{
	sp_limits_restore(p->limits, m, sp_now_us(), (int64_t)time(NULL));
	p->kept = sp_limits_penalized(p->limits);
	sp_log(SP_LOG_INFO, "sources that still have to wait: %u", m->n);
}

void sp_parent_keep(struct sp_parent *p)
{
	static struct sp_msg_penalties m; /* 12 KiB */
	uint64_t now = sp_now_us();

	if (p->keeper < 0 || sp_limits_penalized(p->limits) == p->kept) {
		return;
	}
	sp_limits_penalties(p->limits, now, (int64_t)time(NULL), &m);
	if (sp_mon_say(p->keeper, PENALTIES, &m) != SP_OK) {
		sp_log(SP_LOG_WARN, "penalties are not kept: the keeper does not listen");
	}
	p->kept = sp_limits_penalized(p->limits);
	p->kept_us = now;
}
