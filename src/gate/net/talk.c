/* gate/net/talk.c - between the keeper's prompts and the greeter. */
#include <stdio.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/pdu/errinfo.h"
#include "core/pdu/info.h"
#include "core/rdp/server.h"
#include "gate/net/net.h"

static void on_answer(void *user, const struct sp_msg_answer *answer)
{
	struct sp_net *n = user;

	if (n->state != SP_NET_WAIT_ANSWER) {
		return;
	}
	n->state = SP_NET_WAIT_PROMPT;
	if (sp_mon_say(SP_NET_FD_KEEPER, ANSWER, answer) != SP_OK) {
		sp_net_end(n, SP_ERRINFO_SERVER_DENIED_CONNECTION, SP_WHY_INTERNAL,
				"keeper is gone");
	}
}

static void on_leave(void *user)
{
	struct sp_net *n = user;
	struct sp_msg_answer m = {.kind = SP_ANSWER_LEAVE};

	/* Nobody is to approve any more, say. That the keeper is gone makes no difference. */
	if (n->state == SP_NET_WAIT_ANSWER && sp_mon_say(SP_NET_FD_KEEPER, ANSWER, &m) != SP_OK) {
		sp_log(SP_LOG_DEBUG, "keeper is gone");
	}
	if (n->error_info != 0) {
		sp_net_end(n, n->error_info, n->why, n->text);
	} else {
		sp_net_end(n, SP_ERRINFO_RPC_INITIATED_DISCONNECT_BYUSER, SP_WHY_BYE,
				"the person left");
	}
}

static void on_failed(void *user, int err)
{
	sp_net_end(user, SP_ERRINFO_SERVER_DENIED_CONNECTION, SP_WHY_INTERNAL, sp_err_text(err));
}

/* The greeter, made when there is something to show for the first time; a RemoteApp client has none. */
static bool have_greeter(struct sp_net *n)
{
	static const struct sp_greeter_calls calls = {
			.answer = on_answer, .leave = on_leave, .failed = on_failed};

	bool rail = sp_rdp_info(sp_conn_rdp(n->user))->flags & SP_INFO_RAIL;

	if (n->greeter == NULL && !rail) {
		n->greeter = sp_greeter_create(
				n->loop, n->user, &n->geometry, n->verdict.user, &calls, n);
	}
	return n->greeter != NULL;
}

void sp_talk_start(struct sp_net *n)
{
	const struct sp_info *info = sp_rdp_info(sp_conn_rdp(n->user));
	struct sp_msg_converse m = {.rail = info->flags & SP_INFO_RAIL ? 1 : 0};

	if (info->has_arc) {
		m.arc.present = 1;
		m.arc.logon_id = info->arc.logon_id;
		memcpy(m.arc.bits, info->arc.verifier, sizeof(m.arc.bits));
	}
	n->state = SP_NET_WAIT_PROMPT;
	int rc = sp_mon_say(SP_NET_FD_KEEPER, CONVERSE, &m);
	sp_wipe(&m, sizeof(m));
	if (rc != SP_OK) {
		sp_net_end(n, SP_ERRINFO_SERVER_DENIED_CONNECTION, SP_WHY_INTERNAL,
				"keeper is gone");
	}
}

void sp_talk_denied(struct sp_net *n)
{
	n->state = SP_NET_WAIT_PROMPT; /* of which none comes: the keeper is through with it */
	sp_talk_refuse(n, SP_ERRINFO_SERVER_DENIED_CONNECTION, SP_WHY_POLICY,
			"No rule lets you in from here now, or to the computer that you named. Ask "
			"whoever runs this gate.");
}

void sp_talk_prompt(struct sp_net *n, const struct sp_msg_prompt *p)
{
	if (p->kind == SP_PROMPT_DONE) {
		snprintf(n->leg.name, sizeof(n->leg.name), "%s", p->title);
		if (n->greeter != NULL) {
			sp_greeter_open(n->greeter, p->title);
		}
		/* The greeter's picture may have failed. */
		if (n->state != SP_NET_ENDING) {
			sp_relay_open(n);
		}
		return;
	}
	if (p->kind == SP_PROMPT_REFUSED) {
		sp_talk_refuse(n, SP_ERRINFO_SERVER_DENIED_CONNECTION, SP_WHY_CODE, p->text);
		return;
	}
	if (!have_greeter(n)) {
		sp_net_end(n, SP_ERRINFO_SERVER_DENIED_CONNECTION, SP_WHY_INTERNAL, "no greeter");
		return;
	}
	n->state = SP_NET_WAIT_ANSWER;
	sp_greeter_prompt(n->greeter, p);
}

void sp_talk_wait(struct sp_net *n)
{
	if (n->greeter == NULL && have_greeter(n)) {
		sp_greeter_open(n->greeter, n->leg.name);
	}
}

void sp_talk_refuse(struct sp_net *n, uint32_t error_info, uint32_t why, const char *text)
{
	struct sp_msg_prompt p = {.kind = SP_PROMPT_REFUSED};
	bool opening = n->state == SP_NET_WAIT_TARGET || n->state == SP_NET_WAIT_LICENSE;
	bool asked = n->state == SP_NET_WAIT_PROMPT || n->state == SP_NET_WAIT_ANSWER;

	if (n->greeter == NULL && !((asked || opening) && have_greeter(n))) {
		sp_net_end(n, error_info, why, text);
		return;
	}
	/* A leg that was being opened; its login dies with it. */
	sp_target_drop(n);
	n->state = SP_NET_WAIT_LEAVE;
	n->error_info = error_info;
	n->why = why;
	snprintf(n->text, sizeof(n->text), "%s", text);
	snprintf(p.title, sizeof(p.title), "%s", opening ? "Not connected" : "No access");
	snprintf(p.text, sizeof(p.text), "%s", text);
	sp_greeter_prompt(n->greeter, &p);
}

void sp_talk_session_end(struct sp_net *n, const struct sp_msg_session_end *e)
{
	if (n->state != SP_NET_WAIT_LEAVE && n->state != SP_NET_ENDING) {
		sp_talk_refuse(n, e->error_info, e->why, e->text);
	}
}
