/* gate/keeper/conn_talk.c - the conversation as sp-net has it, up to the right that comes of it. */
#include "gate/keeper/conn_tell.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "gate/keeper/store_recovery.h"

#define SECOND UINT64_C(1000000)

/* The reason of the end before this login stands before the first thing that the person sees. */
static void say_last(struct sp_conn *c, struct sp_talk_step *step)
{
	struct sp_session_last last;
	char text[SP_TEXT_WHY];

	if (c->greeted ||
			!sp_session_reason_take(c->k->sessions, c->pending.user.id, c->k->now_us(),
					&last)) {
		return;
	}
	snprintf(text, sizeof(text), "Your last session ended: %.150s",
			last.text[0] != '\0' ? last.text : sp_why_text(last.why));
	sp_talk_tell(&c->talk, text, step);
}

/* A factor was proved just now. */
static void note_factor(struct sp_conn *c, enum sp_factor factor)
{
	uint32_t left = 0;

	sp_session_proved(c->session, SP_CONF_FACTOR_TOTP);
	sp_conn_tell_mfa_ok(c, factor);
	if (factor == SP_FACTOR_ENROLLED) {
		sp_conn_log(c, SP_LOG_INFO, "user %s enrolled for one-time codes",
				c->pending.user.name);
	} else if (factor == SP_FACTOR_RECOVERY &&
			sp_store_recovery_left(c->k->store, c->pending.user.name, &left) == SP_OK) {
		sp_conn_log(c, SP_LOG_WARN, "user %s used a recovery code, %u are left",
				c->pending.user.name, left);
	}
}

static void note_wrong(struct sp_conn *c, const struct sp_talk_step *step)
{
	sp_conn_log(c, SP_LOG_WARN, "one-time code of user %s refused: %s", c->pending.user.name,
			sp_store_why(c->k->store));
	sp_conn_tell_mfa(c, SP_AUDIT_MFA_FAIL, step->spent ? "spent-code" : "wrong-code",
			SP_TALK_TRIES - c->talk.tries);
	if (step->spent) {
		sp_conn_tell_misuse(c, "otp", 0, SP_SEVERITY_MEDIUM);
	}
	if (step->paused > 0) {
		sp_conn_tell_lock(c, "", "codes", 0, step->paused);
		sp_conn_log(c, SP_LOG_WARN,
				"too many wrong codes of user %s: from this network none is taken "
				"for %u minutes",
				c->pending.user.name, step->paused / 60);
	}
	sp_conn_penalty(c, SP_PENALTY_AUTH, sp_conn_count_failure(c, c->pending.user.name));
}

/* What is to be shown in `secs` seconds at most; the same question again gets no more time. */
static void limit(struct sp_conn *c, enum sp_conn_state state, bool again, uint64_t secs,
		struct sp_msg_prompt *out)
{
	uint64_t now = c->k->now_us();

	if (!again) {
		c->until_us = now + secs * SECOND;
	}
	c->state = state;
	sp_watch_at(c->timer, c->until_us);
	out->seconds = now < c->until_us ? (uint32_t)((c->until_us - now) / SECOND) : 0;
	sp_permit_allow(&c->net_may, SP_MSG_ANSWER);
}

static void refuse(struct sp_conn *c, const struct sp_talk_step *step)
{
	c->state = SP_CONN_WAIT_END;
	sp_conn_timer(c, 0);
	if (step->why == SP_WHY_LOCKED && step->paused == 0) {
		sp_conn_tell_mfa(c, SP_AUDIT_MFA_FAIL, sp_audit_reason(SP_WHY_LOCKED),
				SP_TALK_TRIES - c->talk.tries);
	} else if (step->why != SP_WHY_LOCKED && step->why != SP_WHY_REFUSED_BY &&
			step->why != SP_WHY_AUDIT) {
		sp_conn_tell_deny(c, step->why, step->out.text);
	}
	/* A pause was told when it began. */
	sp_conn_log(c, step->why == SP_WHY_LOCKED ? SP_LOG_INFO : SP_LOG_WARN,
			"login of user %s ended: %s", c->pending.user.name, step->out.text);
}

/* Asks for another person's yes; true when there is one already. */
static bool approved(struct sp_conn *c, const struct sp_talk_about *a)
{
	struct sp_policy_verdict v;

	sp_talk_decide(&c->talk, a, &v);
	if (!v.allow) {
		return false; /* the next step says so */
	}
	return sp_session_ask_approval(c->session, v.rule) == SP_SESSION_APPROVED;
}

/* Tells the registry what is known now. */
static void note_choice(struct sp_conn *c, const struct sp_talk_about *a)
{
	struct sp_policy_verdict v;

	if (c->talk.target[0] != '\0' && strcmp(c->session->target, c->talk.target) != 0) {
		sp_talk_decide(&c->talk, a, &v);
		sp_session_chosen(c->session, c->talk.target, v.rule);
	}
	if (c->talk.reason[0] != '\0' && c->session->reason[0] == '\0') {
		sp_session_reason(c->session, c->talk.reason);
		sp_conn_log(c, SP_LOG_INFO, "user %s gives as reason: %s", c->pending.user.name,
				c->talk.reason);
	}
}

/* The right, or a last refusal. */
static void grant(struct sp_conn *c, struct sp_talk_step *step)
{
	char text[SP_TEXT_WHY], said[SP_TEXT_WHY];
	enum sp_why why = sp_conn_grant(c, text);

	if (why != SP_WHY_OK) {
		snprintf(said, sizeof(said), "Not possible now: %.150s.", text);
		sp_talk_refuse(&c->talk, why, said, step);
		refuse(c, step);
	}
}

/* Does what a step of the conversation says, and tells sp-net; `was` is what was asked before. */
static int go_on(struct sp_conn *c, enum sp_prompt_kind was, struct sp_talk_step *step)
{
	struct sp_talk_about a;

	sp_conn_about(c, &a);
	if (step->wrong) {
		note_wrong(c, step);
	}
	if (step->proved != SP_FACTOR_MISSING) {
		note_factor(c, step->proved);
	}
	note_choice(c, &a);
	while (step->next == SP_TALK_WAIT && approved(c, &a)) {
		c->talk.approved = true;
		sp_talk_step(&c->talk, &a, step);
	}
	if (c->rail && (step->next == SP_TALK_ASK || step->next == SP_TALK_WAIT)) {
		sp_talk_refuse(&c->talk, SP_WHY_CODE,
				"A RemoteApp client cannot show what has to be asked. Give target "
				"and code in the user name: user#target#code.",
				step);
	}
	switch (step->next) {
	case SP_TALK_DONE:
		grant(c, step);
		break;
	case SP_TALK_ASK:
		say_last(c, step);
		limit(c, SP_CONN_WAIT_ANSWER, was == c->talk.asked, SP_TALK_SECONDS, &step->out);
		break;
	case SP_TALK_WAIT:
		sp_conn_tell_approval(c, SP_AUDIT_APPROVAL_ASK, "", "");
		limit(c, SP_CONN_WAIT_APPROVAL, false, SP_TALK_APPROVAL_SECONDS, &step->out);
		sp_conn_log(c, SP_LOG_INFO, "session %u of user %s on %s: %s", c->session->id,
				c->pending.user.name, c->talk.target, step->out.text);
		break;
	case SP_TALK_REFUSE:
		refuse(c, step);
		break;
	}
	c->greeted = c->greeted || step->out.kind != SP_PROMPT_DONE;
	int rc = sp_conn_say(c, PROMPT, &step->out);
	if (rc == SP_OK && c->grant.id != 0) {
		rc = sp_conn_then(c, sp_conn_note_login);
	}
	sp_wipe(step, sizeof(*step));
	return rc;
}

/* The next step, for those who do not answer a question with it. */
static void step_on(struct sp_conn *c)
{
	struct sp_talk_about a;
	struct sp_talk_step step;

	sp_conn_about(c, &a);
	sp_talk_step(&c->talk, &a, &step);
	int rc = go_on(c, SP_PROMPT_NONE, &step);
	if (rc != SP_OK) {
		sp_conn_fatal(c, SP_WHY_INTERNAL, sp_err_text(rc));
	}
}

int sp_conn_on_converse(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;
	const struct sp_msg_converse *m = &in->body.converse;
	struct sp_talk_about a;
	struct sp_talk_step step;

	if (c->state != SP_CONN_WAIT_CONVERSE) {
		return SP_OK; /* ended meanwhile, and told so */
	}
	c->rail = m->rail != 0;
	if (c->unaudited) {
		sp_conn_refuse_unwritten(c);
		return SP_OK;
	}
	bool misused = false;
	if (m->arc.present && sp_session_arc_check(c->session, &m->arc, c->k->now_us(), &misused)) {
		sp_conn_tell_mfa_ok(c, SP_FACTOR_COOKIE);
		sp_talk_resume(&c->talk, c->session->target);
		sp_conn_log(c, SP_LOG_INFO, "user %s resumes the session on %s",
				c->pending.user.name, c->session->target);
	}
	if (misused) {
		sp_conn_log(c, SP_LOG_WARN, "user %s: an auto-reconnect cookie that is not good",
				c->pending.user.name);
		sp_conn_tell_misuse(c, "arc", 0, SP_SEVERITY_HIGH);
	}
	sp_conn_about(c, &a);
	sp_talk_step(&c->talk, &a, &step);
	return go_on(c, SP_PROMPT_NONE, &step);
}

/* The target's user name and password, typed on the greeter. */
static int keep_login(struct sp_conn *c, const struct sp_msg_answer *m)
{
	const struct sp_conf_target *t = sp_conf_target(c->k->conf, c->talk.target);
	struct sp_conn_secret *s = sp_conn_secret_set(&c->secret);

	if (s == NULL) {
		return SP_ENOMEM;
	}
	sp_conn_secret_name(s, m->text, t != NULL ? t->domain : "");
	memcpy(s->password, m->password, sizeof(s->password));
	return SP_OK;
}

int sp_conn_on_answer(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;
	const struct sp_msg_answer *m = &in->body.answer;
	enum sp_prompt_kind was = c->talk.asked;
	struct sp_talk_about a;
	struct sp_talk_step step;

	if (c->state != SP_CONN_WAIT_ANSWER && c->state != SP_CONN_WAIT_APPROVAL) {
		return SP_OK; /* what the keeper said unasked was on its way already */
	}
	if (m->kind == SP_ANSWER_LEAVE) {
		c->state = SP_CONN_WAIT_END;
		sp_conn_timer(c, 0);
		sp_conn_log(c, SP_LOG_INFO, "user %s left the greeter", c->pending.user.name);
		return SP_OK;
	}
	if (m->kind != SP_ANSWER_OK || c->state != SP_CONN_WAIT_ANSWER) {
		return SP_EFIELD;
	}
	sp_conn_about(c, &a);
	int rc = sp_talk_answer(&c->talk, &a, m, &step);
	if (rc == SP_OK && step.login) {
		rc = keep_login(c, m);
	}
	if (rc == SP_OK) {
		rc = go_on(c, was, &step);
	}
	sp_wipe(&step, sizeof(step));
	return rc;
}

void sp_conn_talk_end(struct sp_conn *c, enum sp_why why, const char *text)
{
	struct sp_talk_step step = {0};

	sp_talk_refuse(&c->talk, why, text, &step);
	refuse(c, &step);
	if (sp_conn_say(c, PROMPT, &step.out) != SP_OK) {
		sp_conn_fatal(c, SP_WHY_INTERNAL, "sp-net does not listen");
	}
}

/* ---- what the registry of sessions calls ---- */

static void owner_end(void *conn, enum sp_why why, uint32_t error_info, const char *text)
{
	struct sp_conn *c = conn;

	if (c->state == SP_CONN_WAIT_ANSWER || c->state == SP_CONN_WAIT_APPROVAL) {
		sp_conn_talk_end(c, why, text[0] != '\0' ? text : sp_why_text(why));
	} else if (c->net >= 0) {
		sp_conn_say_end(c, why, error_info, text);
	}
}

static void owner_kill(void *conn, enum sp_why why, const char *text)
{
	sp_conn_fatal(conn, why, text);
}

static void owner_decided(void *conn, bool yes, const char *by)
{
	struct sp_conn *c = conn;
	char text[SP_TEXT_WHY];

	if (c->state != SP_CONN_WAIT_APPROVAL) {
		return;
	}
	if (yes) {
		c->talk.approved = true;
		sp_conn_log(c, SP_LOG_INFO, "%s approved the session of user %s on %s", by,
				c->pending.user.name, c->talk.target);
		sp_conn_tell_approval(c, SP_AUDIT_APPROVAL_OK, by, "");
		step_on(c);
	} else {
		sp_conn_tell_approval(c, SP_AUDIT_APPROVAL_NO, by, "refused");
		snprintf(text, sizeof(text), "%.70s did not approve this session.", by);
		sp_conn_talk_end(c, SP_WHY_REFUSED_BY, text);
	}
}

const struct sp_session_owner sp_conn_owner = {
		.end = owner_end, .kill = owner_kill, .decided = owner_decided};
