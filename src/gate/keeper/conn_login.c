/* gate/keeper/conn_login.c - the questions of a login, and what it is worth. */
#include "gate/keeper/conn_part.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/utf16.h"

/* 1 January 1601 to 1 January 1970, in the 100 ns of a FILETIME. */
#define FILETIME_1970 UINT64_C(116444736000000000)

int sp_conn_on_sign(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;
	const struct sp_msg_sign *ask = &in->body.sign;
	struct sp_msg_signature m = {0};
	size_t n = sizeof(m.signature);
	int rc = SP_EDENIED;

	if (c->k->key != NULL) {
		rc = sp_tls_sign(c->k->key, (int)ask->scheme, sp_span(ask->message, ask->n),
				m.signature, &n);
	}
	if (rc == SP_OK && 0 < n && n <= sizeof(m.signature)) {
		m.n = (uint32_t)n;
		m.result = SP_SIGN_DONE;
	} else {
		memset(&m, 0, sizeof(m));
		sp_conn_log(c, SP_LOG_WARN, "signature refused: scheme %04x, %u bytes: %s",
				ask->scheme, ask->n, sp_err_text(rc));
	}
	return sp_mon_say(c->net, SIGNATURE, &m);
}

int sp_conn_on_challenge(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;
	struct sp_msg_challenge m = {0};
	int rc = c->k->crypto->random(c->challenge, sizeof(c->challenge));

	if (rc != SP_OK) {
		return rc;
	}
	c->challenged_us = c->k->now_us();
	m.time = FILETIME_1970 + (uint64_t)c->k->unix_time() * 10000000u;
	memcpy(m.challenge, c->challenge, sizeof(m.challenge));
	/* A machine without a domain is its own, under every kind of name. */
	snprintf(m.nb_domain, sizeof(m.nb_domain), "%s", c->k->alias);
	snprintf(m.nb_computer, sizeof(m.nb_computer), "%s", c->k->alias);
	snprintf(m.dns_domain, sizeof(m.dns_domain), "%s", c->k->alias);
	snprintf(m.dns_computer, sizeof(m.dns_computer), "%s", c->k->alias);
	sp_permit_allow(&c->login_may, SP_MSG_PROOF);
	return sp_mon_say(c->login, CHALLENGE, &m);
}

/* UTF-16LE of a name as sent, which is what the client hashed. */
static bool wide(const char *name, uint8_t *out, size_t cap, uint16_t *n)
{
	struct sp_wr w;

	sp_wr_fixed(&w, out, cap);
	sp_utf16_write(&w, name);
	*n = (uint16_t)w.n;
	return sp_wr_ok(&w) == SP_OK;
}

static void check_proof(struct sp_conn *c, const struct sp_msg_proof *p)
{
	struct sp_ntlmv2_query q = {0};

	c->checked = (struct sp_checked){.result = SP_PROOF_DENIED, .why = SP_WHY_NTLM};
	if (!(p->temp_n <= sizeof(q.temp)) || !wide(p->user, q.user, sizeof(q.user), &q.n_user) ||
			!wide(p->domain, q.domain, sizeof(q.domain), &q.n_domain) ||
			q.n_user == 0) {
		return;
	}
	q.n_temp = (uint16_t)p->temp_n;
	memcpy(q.temp, p->temp, p->temp_n);
	memcpy(q.challenge, c->challenge, sizeof(q.challenge));
	memcpy(q.proof, p->nt_proof, sizeof(q.proof));
	/* The proof is over the whole name, the user is only its first part. */
	sp_name_split(p->user, &c->name);
	sp_store_check(c->k->store, c->name.user, &q, &c->source, c->k->unix_time(), &c->checked);
	/* After the check, so that a late answer takes no other time than a wrong one. */
	if (c->k->now_us() - c->challenged_us > SP_KEEPER_CHALLENGE_US) {
		c->checked = (struct sp_checked){.result = SP_PROOF_DENIED, .why = SP_WHY_STALE};
	}
}

/* The one line, and the one penalty, for a login that comes to nothing. */
static void refused(struct sp_conn *c, const char *user, uint32_t why)
{
	if (c->refused) {
		return;
	}
	c->refused = true;
	if (*user) {
		sp_conn_log(c, SP_LOG_WARN, "login of \"%.128s\" refused: %s", user,
				sp_why_text(why));
	} else {
		sp_conn_log(c, SP_LOG_WARN, "login refused: %s", sp_why_text(why));
	}
	/* A peer that only went away, or that we let down, pays nothing for it. */
	if (why != SP_WHY_GONE && why != SP_WHY_NO_LOGIN) {
		sp_conn_penalty(c, SP_PENALTY_AUTH, SP_KEEPER_SECONDS_AUTH);
	}
}

int sp_conn_on_proof(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;
	struct sp_msg_proof_result m = {0};

	check_proof(c, &in->body.proof);
	if (c->checked.result == SP_PROOF_GRANTED) {
		m.result = SP_PROOF_GRANTED;
		memcpy(m.session_base_key, c->checked.session_base_key, sizeof(m.session_base_key));
	}
	sp_wipe(c->checked.session_base_key, sizeof(c->checked.session_base_key));
	/* A challenge serves one proof. */
	sp_wipe(c->challenge, sizeof(c->challenge));
	int rc = sp_mon_say(c->login, PROOF_RESULT, &m);
	sp_wipe(&m, sizeof(m));
	if (c->checked.result != SP_PROOF_GRANTED) {
		refused(c, c->name.user, c->checked.why);
	}
	return rc;
}

/* The login is over, for better or worse. */
void sp_conn_login_over(struct sp_conn *c)
{
	sp_conn_close_login(c);
	c->state = SP_CONN_WAIT_VERDICT;
	sp_permit_allow(&c->net_may, SP_MSG_ASK_VERDICT);
}

int sp_conn_on_done(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;

	c->done = in->body.done;
	if (c->done.result == SP_DONE_OK && c->checked.result != SP_PROOF_GRANTED) {
		return SP_EDENIED;
	}
	if (c->done.result != SP_DONE_OK) {
		if (c->done.why == SP_WHY_OK) {
			c->done.why = SP_WHY_NO_LOGIN;
		}
		if (c->checked.why == SP_WHY_UNKNOWN) {
			c->checked.why = c->done.why;
		}
		refused(c, c->checked.result == SP_PROOF_GRANTED ? c->checked.user.name : "",
				c->done.why);
	}
	sp_conn_login_over(c);
	return SP_OK;
}

int sp_conn_on_verdict(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;
	struct sp_msg_verdict m = {.early_user = SP_AUTHZ_ACCESS_DENIED};
	enum sp_why why = sp_pending_make(c->k->crypto, c->id, &c->checked, &c->done, &c->pending);
	int rc = SP_OK;

	m.why = why;
	snprintf(m.text, sizeof(m.text), "%s", sp_why_text(why));
	if (why != SP_WHY_OK) {
		c->state = SP_CONN_WAIT_END;
		refused(c, "", why);
		return sp_mon_say(c->net, VERDICT, &m);
	}
	c->proved_us = c->k->now_us();
	m.grant = c->pending.id;
	snprintf(m.user, sizeof(m.user), "%s", c->pending.user.name);
	m.early_user = SP_AUTHZ_SUCCESS;
	m.result = SP_VERDICT_GRANTED;
	m.ask = sp_talk_needed(c->k->conf->mfa, &c->pending.user);
	if (m.ask) {
		c->state = SP_CONN_WAIT_CONVERSE;
		sp_permit_allow(&c->net_may, SP_MSG_CONVERSE);
		sp_conn_log(c, SP_LOG_INFO, "user %s proved the password, %llu ms after accept",
				c->pending.user.name,
				(unsigned long long)(c->proved_us - c->opened_us) / 1000);
	} else {
		rc = sp_conn_granted(c, SP_FACTOR_NOT_ASKED);
	}
	if (rc == SP_OK) {
		rc = sp_mon_say(c->net, VERDICT, &m);
	}
	if (rc == SP_OK) {
		/* The parent stops the connection's clock. */
		rc = sp_mon_say(c->k->control, CONN_GRANTED,
				&(struct sp_msg_conn_granted){.conn = c->id});
	}
	if (rc == SP_OK && c->grant.id != 0) {
		sp_conn_note_login(c);
	}
	return rc;
}
