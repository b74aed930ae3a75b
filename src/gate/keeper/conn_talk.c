/* gate/keeper/conn_talk.c - what is still to be asked, and the right that comes of it. */
#include "gate/keeper/conn_part.h"

#include "core/base/mem.h"

int sp_conn_granted(struct sp_conn *c, enum sp_factor factor)
{
	enum sp_why why = sp_grant_make(c->id, &c->pending, factor, &c->grant);

	sp_watch_at(c->timer, 0);
	if (why != SP_WHY_OK) {
		return SP_EDENIED;
	}
	c->granted_us = c->k->now_us();
	c->state = SP_CONN_WAIT_TARGET;
	sp_permit_allow(&c->net_may, SP_MSG_OPEN_TARGET);
	sp_conn_log(c, SP_LOG_INFO, "user %s logged in, grant %016llx, %s, %llu ms after accept",
			c->grant.user.name, (unsigned long long)c->grant.id, sp_factor_text(factor),
			(unsigned long long)(c->granted_us - c->opened_us) / 1000);
	return SP_OK;
}

void sp_conn_note_login(struct sp_conn *c)
{
	if (sp_store_seen(c->k->store, c->grant.user.id, c->k->unix_time()) != SP_OK) {
		sp_conn_log(c, SP_LOG_WARN, "last login not written: %s",
				sp_store_why(c->k->store));
	}
}

/* Does what a step of the conversation says, and tells sp-net. */
static int go_on(struct sp_conn *c, struct sp_talk_step *step)
{
	uint64_t used = (c->k->now_us() - c->proved_us) / 1000000;
	int rc = SP_OK;

	if (step->wrong) {
		sp_conn_log(c, SP_LOG_WARN, "one-time code of user %s refused: %s",
				c->pending.user.name, sp_store_why(c->k->store));
		sp_conn_penalty(c, SP_PENALTY_AUTH, SP_KEEPER_SECONDS_AUTH);
	}
	switch (step->next) {
	case SP_TALK_DONE:
		rc = sp_conn_granted(c, step->factor);
		break;
	case SP_TALK_ASK:
		c->state = SP_CONN_WAIT_ANSWER;
		sp_permit_allow(&c->net_may, SP_MSG_ANSWER);
		break;
	case SP_TALK_REFUSE:
		c->state = SP_CONN_WAIT_END;
		sp_watch_at(c->timer, 0);
		sp_permit_forbid(&c->net_may, SP_MSG_ANSWER);
		sp_conn_log(c, SP_LOG_WARN, "login of user %s ended: %s", c->pending.user.name,
				step->out.text);
		break;
	}
	step->out.seconds = used < SP_TALK_SECONDS ? (uint32_t)(SP_TALK_SECONDS - used) : 0;
	if (rc == SP_OK) {
		rc = sp_mon_say(c->net, PROMPT, &step->out);
	}
	if (rc == SP_OK && c->grant.id != 0) {
		sp_conn_note_login(c);
	}
	sp_wipe(step, sizeof(*step));
	return rc;
}

int sp_conn_on_converse(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;
	struct sp_talk_step step;

	sp_watch_at(c->timer, c->proved_us + SP_TALK_SECONDS * UINT64_C(1000000));
	sp_talk_begin(&c->talk, c->k->store, c->k->crypto, &c->pending, c->name.code,
			c->k->unix_time(), &step);
	sp_wipe(c->name.code, sizeof(c->name.code));
	return go_on(c, &step);
}

int sp_conn_on_answer(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;
	struct sp_talk_step step;

	sp_talk_answer(&c->talk, c->k->store, &c->pending, in->body.answer.text, c->k->unix_time(),
			&step);
	return go_on(c, &step);
}

void sp_conn_talk_late(struct sp_conn *c)
{
	struct sp_talk_step step;

	sp_talk_late(&step);
	if (go_on(c, &step) != SP_OK) {
		sp_conn_fatal(c, SP_WHY_DEADLINE, "no second factor");
	}
}
