/* gate/keeper/conn_leg.c - the questions of a login at a target, and whether it gets a password. */
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "gate/keeper/conn_tell.h"
#include "gate/keeper/conn_way.h"
#include "gate/keeper/store_pin.h"

static const struct sp_conf_target *target_of(const struct sp_conn *c)
{
	const struct sp_conf_target *t = sp_conf_target(c->k->conf, c->grant.target);

	return t != NULL && t->kind == SP_CONF_RDP ? t : NULL;
}

static int on_ask_trust(void *ctx, struct sp_mon_in *in)
{
	static const uint32_t kinds[] = {[SP_CONF_TRUST_CA] = SP_TRUST_CA,
			[SP_CONF_TRUST_PIN] = SP_TRUST_PIN,
			[SP_CONF_TRUST_FIRST_SEEN] = SP_TRUST_FIRST_SEEN};
	struct sp_conn *c = ctx;
	const struct sp_conf_target *t = target_of(c);
	struct sp_msg_trust m = {.trust = SP_TRUST_NONE};

	if (t != NULL && t->trust < SP_LEN(kinds)) {
		m.trust = kinds[t->trust];
		m.tls_only = t->tls_only;
		sp_conn_way_host(t->address, m.host);
	}
	sp_permit_allow(&c->leg_may, SP_MSG_TARGET_CERT);
	return sp_mon_say(c->leg, TRUST, &m);
}

/* The key is another one than the first: somebody is in between, or the machine is new. */
static void alarm_changed(const struct sp_conn *c, const struct sp_pin *pin)
{
	char was[2 * SP_PIN_SIZE + 1], is[2 * SP_PIN_SIZE + 1];

	for (size_t i = 0; i < SP_PIN_SIZE; i++) {
		snprintf(was + 2 * i, 3, "%02x", pin->spki[i]);
		snprintf(is + 2 * i, 3, "%02x", pin->offered[i]);
	}
	sp_conn_log(c, SP_LOG_ERROR,
			"ALARM: the certificate of target %s has changed: key %s, was %s",
			c->grant.target, is, was);
}

static bool judge_first_seen(
		struct sp_conn *c, const struct sp_msg_target_cert *cert, char text[SP_TEXT_WHY])
{
	struct sp_pin pin;

	switch (sp_store_pin_check(c->k->store, c->grant.target, c->way.address, cert->spki,
			c->k->unix_time(), &pin)) {
	case SP_PIN_SAME:
		return true;
	case SP_PIN_FIRST:
		sp_conn_log(c, SP_LOG_WARN, "certificate of target %s at %s seen first, and kept",
				c->grant.target, c->way.address);
		sp_conn_tell_cert(c, cert->spki, "first-seen", SP_OUTCOME_OK, "");
		return true;
	case SP_PIN_CHANGED:
		alarm_changed(c, &pin);
		snprintf(text, SP_TEXT_WHY,
				"%.50s's certificate has changed. If that is right: sallyport "
				"target forget %.64s",
				c->grant.target, c->grant.target);
		return false;
	default:
		snprintf(text, SP_TEXT_WHY, "%s: its certificate cannot be checked now",
				c->grant.target);
		return false;
	}
}

/* Is it the target? Else text is for the person. */
static bool judge(struct sp_conn *c, const struct sp_conf_target *t,
		const struct sp_msg_target_cert *cert, char text[SP_TEXT_WHY])
{
	switch (t->trust) {
	case SP_CONF_TRUST_CA:
		if (!cert->verified) {
			snprintf(text, SP_TEXT_WHY, "%s's certificate is not trusted: %.80s",
					t->name, cert->text);
		}
		return cert->verified != 0;
	case SP_CONF_TRUST_PIN:
		if (memcmp(cert->spki, t->pin, sizeof(t->pin)) == 0) {
			return true;
		}
		snprintf(text, SP_TEXT_WHY, "%s's certificate is not the configured one", t->name);
		return false;
	case SP_CONF_TRUST_FIRST_SEEN:
		return judge_first_seen(c, cert, text);
	}
	snprintf(text, SP_TEXT_WHY, "%s's certificate is not trusted", t->name);
	return false;
}

/* First the certificate, then whether the password may go that way. */
static bool decide(struct sp_conn *c, const struct sp_msg_target_cert *cert,
		struct sp_msg_target_login *m)
{
	const struct sp_conf_target *t = target_of(c);

	if (t == NULL || c->state != SP_CONN_WAIT_UP) {
		snprintf(m->text, sizeof(m->text), "the session is over");
		return false;
	}
	if (!judge(c, t, cert, m->text)) {
		sp_conn_tell_cert(c, cert->spki,
				t->trust == SP_CONF_TRUST_CA ? "not-trusted" : "changed",
				SP_OUTCOME_DENIED, m->text);
		return false;
	}
	if (!cert->nla && !t->tls_only) {
		snprintf(m->text, sizeof(m->text),
				"%s does not offer NLA, and may not be logged in to without it",
				t->name);
		return false;
	}
	return true;
}

/* Nothing but the reason. */
static int no_login(struct sp_conn *c, struct sp_msg_target_login *m)
{
	char text[SP_TEXT_WHY];

	memcpy(text, m->text, sizeof(text));
	sp_wipe(m, sizeof(*m));
	memcpy(m->text, text, sizeof(m->text));
	sp_conn_log(c, SP_LOG_WARN, "no login at target %s: %s", c->grant.target, m->text);
	return sp_mon_say(c->leg, TARGET_LOGIN, m);
}

/* That the password will be used is written: it is fetched only now. */
static int give_secret(struct sp_conn *c, bool ok)
{
	struct sp_msg_target_login m = {.result = SP_TARGET_LOGIN_DENIED};
	const struct sp_conf_target *t = target_of(c);
	int rc;

	if (c->leg < 0) {
		return SP_OK; /* ended meanwhile */
	}
	if (!ok || t == NULL || c->state != SP_CONN_WAIT_UP) {
		snprintf(m.text, sizeof(m.text), "%s",
				ok ? "the session is over" : sp_why_text(SP_WHY_AUDIT));
		return no_login(c, &m);
	}
	if (sp_conn_secret_give(c, t, &m, m.text)) {
		m.result = SP_TARGET_LOGIN_OK;
		c->given = true;
		rc = sp_mon_say(c->leg, TARGET_LOGIN, &m);
	} else {
		rc = no_login(c, &m);
	}
	sp_wipe(&m, sizeof(m));
	return rc;
}

static int on_target_cert(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;
	struct sp_msg_target_login m = {.result = SP_TARGET_LOGIN_DENIED};

	if (!decide(c, &in->body.target_cert, &m)) {
		return no_login(c, &m);
	}
	sp_conn_tell_secret(c, target_of(c));
	return sp_conn_then(c, give_secret);
}

static int on_target_done(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;
	const struct sp_msg_target_done *m = &in->body.target_done;

	if (m->result == SP_DONE_OK && !c->given) {
		return SP_EDENIED;
	}
	if (m->result == SP_DONE_OK) {
		sp_conn_log(c, SP_LOG_INFO, "user %s: target %s took the login", c->grant.user.name,
				c->grant.target);
	} else {
		sp_conn_log(c, SP_LOG_WARN, "target %s refused the login of %s: %s (%08x)",
				c->grant.target, c->grant.user.name, m->text, m->status);
	}
	sp_conn_tell_target_login(c, m->result == SP_DONE_OK, m->text);
	sp_conn_close_leg(c);
	return SP_OK;
}

const struct sp_question sp_conn_leg_table[] = {
		{SP_MSG_ASK_TRUST, SP_QUESTION_ONCE | SP_QUESTION_NOW, on_ask_trust},
		{SP_MSG_TARGET_CERT, SP_QUESTION_ONCE, on_target_cert},
		{SP_MSG_TARGET_DONE, SP_QUESTION_ONCE | SP_QUESTION_NOW, on_target_done},
};
const size_t sp_conn_leg_rows = SP_LEN(sp_conn_leg_table);
