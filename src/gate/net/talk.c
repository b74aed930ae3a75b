/* gate/net/talk.c - between the keeper's prompts and the greeter. */
#include <stdio.h>

#include "core/base/mem.h"
#include "core/pdu/errinfo.h"
#include "gate/net/net.h"

static void on_answer(void *user, const char *text)
{
	struct sp_net *n = user;
	struct sp_msg_answer m = {.kind = SP_ANSWER_OK};

	if (n->state != SP_NET_WAIT_ANSWER) {
		return;
	}
	snprintf(m.text, sizeof(m.text), "%s", text);
	n->state = SP_NET_WAIT_PROMPT;
	int rc = sp_mon_say(SP_NET_FD_KEEPER, ANSWER, &m);
	sp_wipe(&m, sizeof(m));
	if (rc != SP_OK) {
		sp_net_end(n, SP_ERRINFO_SERVER_DENIED_CONNECTION, SP_WHY_INTERNAL,
				"keeper is gone");
	}
}

static void on_leave(void *user)
{
	struct sp_net *n = user;

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

/* The greeter, made when there is something to show for the first time. */
static bool have_greeter(struct sp_net *n)
{
	static const struct sp_greeter_calls calls = {
			.answer = on_answer, .leave = on_leave, .failed = on_failed};

	if (n->greeter == NULL) {
		n->greeter = sp_greeter_create(
				n->loop, n->user, &n->geometry, n->verdict.user, &calls, n);
	}
	return n->greeter != NULL;
}

void sp_talk_start(struct sp_net *n)
{
	n->state = SP_NET_WAIT_PROMPT;
	if (sp_mon_say(SP_NET_FD_KEEPER, CONVERSE, &(struct sp_msg_converse){0}) != SP_OK) {
		sp_net_end(n, SP_ERRINFO_SERVER_DENIED_CONNECTION, SP_WHY_INTERNAL,
				"keeper is gone");
	}
}

void sp_talk_prompt(struct sp_net *n, const struct sp_msg_prompt *p)
{
	if (p->kind == SP_PROMPT_DONE) {
		if (n->greeter != NULL) {
			sp_greeter_wait(n->greeter);
		}
		/* The greeter's picture may have failed. */
		if (n->state == SP_NET_WAIT_PROMPT) {
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

void sp_talk_refuse(struct sp_net *n, uint32_t error_info, uint32_t why, const char *text)
{
	struct sp_msg_prompt p = {.kind = SP_PROMPT_REFUSED};
	bool asked = n->state == SP_NET_WAIT_PROMPT || n->state == SP_NET_WAIT_ANSWER;

	if (n->greeter == NULL && !(asked && have_greeter(n))) {
		sp_net_end(n, error_info, why, text);
		return;
	}
	n->state = SP_NET_WAIT_LEAVE;
	n->error_info = error_info;
	n->why = why;
	snprintf(n->text, sizeof(n->text), "%s", text);
	snprintf(p.text, sizeof(p.text), "%s", text);
	sp_greeter_prompt(n->greeter, &p);
}
