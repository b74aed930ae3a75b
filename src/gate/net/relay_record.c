/* gate/net/relay_record.c - a session that is recorded: it goes as fast as its recorder, and ends with it. */
#include <stdio.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/pdu/errinfo.h"
#include "gate/net/relay.h"

static void on_room(void *user)
{
	sp_relay_user_room(user);
	sp_relay_target_room(user);
}

/* The recorder is gone, or has all of it. */
static void on_over(void *user, int err)
{
	struct sp_net *n = user;
	char text[SP_TEXT_WHY];

	sp_tap_destroy(n->tap);
	n->tap = NULL;
	if (n->gone) {
		sp_loop_quit(n->loop, 0);
		return;
	}
	sp_log(SP_LOG_WARN, "nothing is recorded any more: %s", sp_err_text(err));
	if (n->record_required) {
		snprintf(text, sizeof(text),
				"%s may be used only when it is recorded, and the "
				"recording broke off",
				n->leg.name);
		sp_net_end(n, SP_ERRINFO_RPC_INITIATED_DISCONNECT, SP_WHY_RECORD, text);
		return;
	}
	on_room(n);
}

int sp_relay_record(struct sp_net *n, int fd, const struct sp_msg_target *t)
{
	struct sp_tap_conf conf = {.fd = fd,
			.input = t->record_input,
			.room = on_room,
			.over = on_over,
			.user = n};

	/* A target that this one has sent us to is recorded where the other was. */
	if (fd < 0 || n->tap) {
		close(fd);
		return SP_OK;
	}
	n->record_required = t->record_required;
	n->tap = sp_tap_create(n->loop, &conf);
	if (!n->tap) {
		close(fd);
	}
	return n->tap || !n->record_required ? SP_OK : SP_ENOMEM;
}

void sp_relay_record_begin(struct sp_net *n)
{
	if (n->tap) {
		sp_tap_begin(n->tap, n->legs, sp_conn_rdp(n->user), sp_conn_rdp(n->target));
	}
}

bool sp_relay_record_end(struct sp_net *n)
{
	n->gone = true;
	if (!n->tap) {
		return true;
	}
	sp_tap_end(n->tap, n->why, n->text);
	return false;
}

void sp_relay_user_sent(struct sp_net *n, struct sp_rcbuf *pdus)
{
	if (n->tap) {
		sp_tap_out(n->tap, pdus);
	}
}

void sp_relay_target_sent(struct sp_net *n, const struct sp_rcbuf *pdus)
{
	if (n->tap) {
		sp_tap_in(n->tap, pdus);
	}
}
