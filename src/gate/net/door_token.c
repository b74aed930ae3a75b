/* gate/net/door_token.c - a door that answers nobody whose first packet carries no valid token. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/pdu/tpkt.h"
#include "core/pdu/x224.h"
#include "gate/net/net.h"

#define KEEPER_MS 10000
/* From accept to the whole first packet, as at an open door. */
#define PACKET_US 5000000
/* Pieces of it come after each other; looking at once again would spin. */
#define AGAIN_US 20000
/* A refusal comes after 0 to 2 s, so that its time says nothing. */
#define SILENCE_US 2000000

static struct {
	struct sp_net *n;
	int fd;
	struct sp_watch *io, *timer;
	uint64_t until_us;
	bool refused;
} first;

static void forget(void)
{
	sp_watch_remove(first.io);
	sp_watch_remove(first.timer);
	first.io = first.timer = NULL;
}

/* Closed with a reset, whatever was sent and read. */
static void close_hard(void)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	if (setsockopt(first.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)) != 0) {
		sp_log(SP_LOG_DEBUG, "linger: %s", strerror(errno));
	}
	close(first.fd);
	forget();
	sp_net_end(first.n, 0, SP_WHY_ROUTE, first.n->text);
}

static void refuse(const char *text)
{
	uint32_t r = 0;

	first.refused = true;
	snprintf(first.n->text, sizeof(first.n->text), "%s", text);
	sp_watch_want(first.io, 0);
	if (getrandom(&r, sizeof(r), 0) != (ssize_t)sizeof(r)) {
		r = 0;
	}
	/* Scaled rather than cut, so that all of them are as likely. */
	sp_watch_in(first.timer, (uint64_t)r * SILENCE_US >> 32);
}

/* What is behind the name of the cookie; mstsc pads it with a blank to an even length. */
static bool take_token(const struct sp_x224_request *q, char out[SP_TEXT_ROUTE])
{
	static const char prefix[] = "Cookie: msts=";
	struct sp_span t = q->cookie;

	if (q->token.n > sizeof(prefix) - 1 &&
			memcmp(q->token.p, prefix, sizeof(prefix) - 1) == 0) {
		t = sp_span(q->token.p + sizeof(prefix) - 1, q->token.n - (sizeof(prefix) - 1));
	}
	while (t.n > 0 && t.p[t.n - 1] == ' ') {
		t.n--;
	}
	if (!(0 < t.n && t.n < SP_TEXT_ROUTE)) {
		return false;
	}
	memset(out, 0, SP_TEXT_ROUTE);
	for (size_t i = 0; i < t.n; i++) {
		if (!(0x21 <= t.p[i] && t.p[i] <= 0x7E)) {
			return false;
		}
		out[i] = (char)t.p[i];
	}
	return true;
}

static bool is_valid(const struct sp_msg_route *ask)
{
	struct sp_mon_in answer;

	if (sp_mon_ask(SP_NET_FD_KEEPER, SP_MSG_ROUTE, ask, sizeof(*ask), SP_MSG_ROUTED, &answer,
			    KEEPER_MS) != SP_OK) {
		return false;
	}
	bool ok = answer.body.routed.result == SP_ROUTED_OK;
	sp_mon_in_finish(&answer);
	return ok;
}

static void judge(struct sp_span pdu)
{
	struct sp_x224_request q;
	struct sp_msg_route ask;
	struct sp_rd r;

	sp_rd_init(&r, pdu.p, pdu.n);
	if (sp_x224_request_read(&r, &q) != SP_OK) {
		refuse("first packet is no connection request");
		return;
	}
	if (!take_token(&q, ask.token)) {
		refuse("no token in the first packet");
		return;
	}
	bool ok = is_valid(&ask);
	sp_wipe(&ask, sizeof(ask));
	if (!ok) {
		refuse("the first packet's token is not valid");
		return;
	}
	/* Nothing was taken from the socket: the machine reads the packet once more. */
	forget();
	sp_door_begin(first.n, first.fd);
}

static void look(void)
{
	uint8_t buf[SP_X224_CONNECT_MAX];
	ssize_t got = recv(first.fd, buf, sizeof(buf), MSG_PEEK | MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		sp_watch_want(first.io, SP_LOOP_READ);
		sp_watch_at(first.timer, first.until_us);
		return;
	}
	if (got <= 0) {
		close_hard(); /* gone */
		return;
	}
	int len = sp_frame_is_fastpath(buf[0]) ? SP_EFIELD : sp_frame_length(buf, (size_t)got);
	if (len < 0 || len > (int)sizeof(buf)) {
		refuse("first packet is no connection request");
		return;
	}
	if (len == 0 || got < len) {
		uint64_t again = sp_now_us() + AGAIN_US;

		sp_watch_want(first.io, 0);
		sp_watch_at(first.timer, again < first.until_us ? again : first.until_us);
		return;
	}
	judge(sp_span(buf, (size_t)len));
}

static void on_first(void *user, unsigned events)
{
	look();
}

static void on_timer(void *user)
{
	if (first.refused) {
		close_hard();
	} else if (sp_now_us() >= first.until_us) {
		refuse("no whole first packet in time");
	} else {
		look();
	}
}

void sp_door_token(struct sp_net *n, int fd)
{
	first.n = n;
	first.fd = fd;
	first.until_us = sp_now_us() + PACKET_US;
	first.io = sp_loop_fd(n->loop, fd, SP_LOOP_READ, on_first, NULL);
	first.timer = sp_loop_timer(n->loop, on_timer, NULL);
	n->state = SP_NET_WAIT_LOGIN;
	if (!first.io || !first.timer) {
		close_hard();
		return;
	}
	sp_watch_at(first.timer, first.until_us);
}
