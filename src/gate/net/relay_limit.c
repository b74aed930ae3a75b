/* gate/net/relay_limit.c - the session's times: the warning as a pointer, and the end. */
#include "core/base/log.h"
#include "core/pdu/errinfo.h"
#include "gate/net/relay.h"
#include "gate/net/warning.h"

static void show(struct sp_net *n, const struct sp_limit_now *now)
{
	unsigned side = sp_legs_pointer_side(n->legs);
	struct sp_pointer shape;
	struct sp_wr bits;
	char left[16];

	sp_limit_text(now->left_us, left);
	if (!n->limit_warned) {
		sp_log(SP_LOG_INFO, "%s: the session ends in %s",
				now->why == SP_LIMIT_IDLE ? "idle" : "time is over soon", left);
	}
	n->limit_warned = true;
	if (side == 0) {
		return; /* a client without coloured pointers sees only the end */
	}
	sp_wr_init(&bits, 1u << 20);
	int rc = sp_warning_draw(&shape, &bits, side,
			now->why == SP_LIMIT_IDLE ? "move the mouse to stay"
						  : "its time is over then",
			left);
	if (rc == SP_OK) {
		rc = sp_legs_point(n->legs, &shape);
	}
	if (rc != SP_OK) {
		sp_log(SP_LOG_WARN, "warning not shown: %s", sp_err_text(rc));
	}
	sp_wr_finish(&bits);
}

static void on_limit(void *user)
{
	struct sp_net *n = user;

	if (n->state != SP_NET_RELAY) {
		return;
	}
	struct sp_limit_now now = sp_limit_look(&n->limit, sp_legs_input_us(n->legs), sp_now_us());
	if (now.over && now.why == SP_LIMIT_IDLE) {
		sp_net_end(n, SP_ERRINFO_IDLE_TIMEOUT, SP_WHY_IDLE, "idle for too long");
		return;
	}
	if (now.over) {
		sp_net_end(n, SP_ERRINFO_LOGON_TIMEOUT, SP_WHY_TIME, "the session's time is over");
		return;
	}
	if (now.warn) {
		show(n, &now);
	} else if (n->limit_warned) {
		n->limit_warned = false;
		if (sp_legs_point(n->legs, NULL) != SP_OK) {
			sp_log(SP_LOG_WARN, "warning not taken away");
		}
	}
	sp_watch_at(n->limit_watch, now.wake_us);
}

void sp_relay_limit_start(struct sp_net *n)
{
	n->limit.start_us = sp_now_us();
	if (n->limit.idle_us == 0 && n->limit.max_us == 0) {
		return;
	}
	if (!n->limit_watch) {
		n->limit_watch = sp_loop_timer(n->loop, on_limit, n);
	}
	if (!n->limit_watch) {
		sp_net_end(n, 0, SP_WHY_INTERNAL, "out of memory");
		return;
	}
	sp_watch_in(n->limit_watch, 0);
}

void sp_relay_limit_stop(struct sp_net *n)
{
	sp_watch_remove(n->limit_watch);
	n->limit_watch = NULL;
}
