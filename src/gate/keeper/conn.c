/* gate/keeper/conn.c - one connection's questions: what may be asked when, and the answers. */
#include "gate/keeper/conn.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/utf16.h"
#include "host/io/fdio.h"

/* 1 January 1601 to 1 January 1970, in the 100 ns of a FILETIME. */
#define FILETIME_1970 UINT64_C(116444736000000000)

static int on_sign(void *ctx, struct sp_mon_in *in);
static int on_verdict(void *ctx, struct sp_mon_in *in);
static int on_converse(void *ctx, struct sp_mon_in *in);
static int on_answer(void *ctx, struct sp_mon_in *in);
static int on_open_target(void *ctx, struct sp_mon_in *in);
static int on_bye(void *ctx, struct sp_mon_in *in);
static int on_challenge(void *ctx, struct sp_mon_in *in);
static int on_proof(void *ctx, struct sp_mon_in *in);
static int on_done(void *ctx, struct sp_mon_in *in);

static const struct sp_question net_table[] = {
		{SP_MSG_SIGN, SP_QUESTION_ONCE | SP_QUESTION_NOW, on_sign},
		{SP_MSG_ASK_VERDICT, SP_QUESTION_ONCE, on_verdict},
		{SP_MSG_CONVERSE, SP_QUESTION_ONCE, on_converse},
		{SP_MSG_ANSWER, SP_QUESTION_ONCE, on_answer}, /* once for each prompt */
		{SP_MSG_OPEN_TARGET, SP_QUESTION_ONCE, on_open_target},
		{SP_MSG_BYE, SP_QUESTION_ONCE | SP_QUESTION_NOW, on_bye},
};

static const struct sp_question login_table[] = {
		{SP_MSG_ASK_CHALLENGE, SP_QUESTION_ONCE | SP_QUESTION_NOW, on_challenge},
		{SP_MSG_PROOF, SP_QUESTION_ONCE, on_proof},
		{SP_MSG_DONE, SP_QUESTION_ONCE | SP_QUESTION_NOW, on_done},
};

void sp_conn_log(const struct sp_conn *c, enum sp_log_level level, const char *fmt, ...)
{
	char text[384];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	sp_log(level, "conn %llu from %s: %s", (unsigned long long)c->id, c->source.text, text);
}

void sp_conn_penalty(const struct sp_conn *c, enum sp_penalty kind, uint32_t seconds)
{
	struct sp_msg_penalty m = {.source = c->source, .kind = kind, .seconds = seconds};

	if (sp_mon_say(c->k->control, PENALTY, &m) != SP_OK) {
		sp_conn_log(c, SP_LOG_WARN, "penalty not delivered");
	}
}

static void close_login(struct sp_conn *c)
{
	sp_watch_remove(c->login_watch);
	c->login_watch = NULL;
	sp_fd_close(&c->login);
	sp_permit_close(&c->login_may);
}

static void close_net(struct sp_conn *c)
{
	sp_watch_remove(c->net_watch);
	c->net_watch = NULL;
	sp_fd_close(&c->net);
	sp_permit_close(&c->net_may);
}

/* Both children are told nothing more; the parent ends them. */
static void fatal(struct sp_conn *c, enum sp_why why, const char *text)
{
	struct sp_msg_conn_end m = {.conn = c->id, .why = why};

	sp_conn_log(c, SP_LOG_WARN, "ended: %s: %s", sp_why_text(why), text);
	close_login(c);
	close_net(c);
	c->state = SP_CONN_WAIT_END;
	sp_wipe(&c->talk, sizeof(c->talk));
	sp_wipe(&c->pending, sizeof(c->pending));
	sp_wipe(&c->grant, sizeof(c->grant));
	snprintf(m.text, sizeof(m.text), "%s", text);
	if (sp_mon_say(c->k->control, CONN_END, &m) != SP_OK) {
		sp_log(SP_LOG_ERROR, "conn %llu: its end was not delivered",
				(unsigned long long)c->id);
	}
	if (why == SP_WHY_QUESTION) {
		sp_conn_penalty(c, SP_PENALTY_PROTOCOL, SP_KEEPER_SECONDS_PROTOCOL);
	}
}

/* ---- sp-login ---- */

static int on_challenge(void *ctx, struct sp_mon_in *in)
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
	sp_store_check(c->k->store, c->name.user, &q, &c->checked);
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

static int on_proof(void *ctx, struct sp_mon_in *in)
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
static void login_over(struct sp_conn *c)
{
	close_login(c);
	c->state = SP_CONN_WAIT_VERDICT;
	sp_permit_allow(&c->net_may, SP_MSG_ASK_VERDICT);
}

static int on_done(void *ctx, struct sp_mon_in *in)
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
	login_over(c);
	return SP_OK;
}

/* ---- sp-net ---- */

static int on_sign(void *ctx, struct sp_mon_in *in)
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

/* The login became a right: the target may be asked for. */
static int granted(struct sp_conn *c, enum sp_factor factor)
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

/* After the answer: nobody waits for the disk because of a date. */
static void note_login(struct sp_conn *c)
{
	if (sp_store_seen(c->k->store, c->grant.user.id, c->k->unix_time()) != SP_OK) {
		sp_conn_log(c, SP_LOG_WARN, "last login not written: %s",
				sp_store_why(c->k->store));
	}
}

static int on_verdict(void *ctx, struct sp_mon_in *in)
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
		rc = granted(c, SP_FACTOR_NOT_ASKED);
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
		note_login(c);
	}
	return rc;
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
		rc = granted(c, step->factor);
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
		note_login(c);
	}
	sp_wipe(step, sizeof(*step));
	return rc;
}

static int on_converse(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;
	struct sp_talk_step step;

	sp_watch_at(c->timer, c->proved_us + SP_TALK_SECONDS * UINT64_C(1000000));
	sp_talk_begin(&c->talk, c->k->store, c->k->crypto, &c->pending, c->name.code,
			c->k->unix_time(), &step);
	sp_wipe(c->name.code, sizeof(c->name.code));
	return go_on(c, &step);
}

static int on_answer(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;
	struct sp_talk_step step;

	sp_talk_answer(&c->talk, c->k->store, &c->pending, in->body.answer.text, c->k->unix_time(),
			&step);
	return go_on(c, &step);
}

static int refuse_target(struct sp_conn *c, const char *name, const char *text)
{
	struct sp_msg_target m = {.result = SP_OPEN_DENIED};

	c->state = SP_CONN_WAIT_END;
	snprintf(m.name, sizeof(m.name), "%s", name);
	snprintf(m.text, sizeof(m.text), "%s", text);
	sp_conn_log(c, SP_LOG_WARN, "target %s not opened for %s: %s", name, c->grant.user.name,
			text);
	return sp_mon_say(c->net, TARGET, &m);
}

static int on_open_target(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;
	const struct sp_conf_target *t = &c->k->conf->target[0];
	struct sp_msg_desktop_open m = {.conn = c->id};

	/* The table has said so already; a grant is worth a second look. */
	if (c->grant.id == 0 || c->grant.conn != c->id) {
		return SP_EDENIED;
	}
	if (c->name.target[0] != '\0' && strcmp(c->name.target, t->name) != 0) {
		return refuse_target(c, t->name, "no such target");
	}
	if (c->k->broker < 0 || t->kind != SP_CONF_DESKTOP) {
		return refuse_target(c, t->name, "desktops are not available now");
	}
	m.geometry = in->body.open_target.geometry;
	snprintf(m.user, sizeof(m.user), "%s", c->grant.user.name);
	snprintf(m.account, sizeof(m.account), "%s",
			t->account[0] != '\0' ? t->account : c->grant.user.name);
	snprintf(m.target, sizeof(m.target), "%s", t->name);
	snprintf(m.command, sizeof(m.command), "%s", t->session);
	if (!inet_ntop((int)c->source.family, c->source.addr, m.from, sizeof(m.from))) {
		m.from[0] = '\0';
	}
	if (sp_mon_say(c->k->broker, DESKTOP_OPEN, &m) != SP_OK) {
		return refuse_target(c, t->name, "desktops are not available now");
	}
	c->state = SP_CONN_WAIT_BROKER;
	sp_watch_at(c->timer, c->k->now_us() + SP_KEEPER_TARGET_US);
	return SP_OK;
}

void sp_conn_target(struct sp_conn *c, int fd, bool fresh, const char *text)
{
	const struct sp_conf_target *t = &c->k->conf->target[0];
	struct sp_msg_target m = {.result = SP_OPEN_OK, .kind = SP_TARGET_DESKTOP};
	int rc;

	if (c->state != SP_CONN_WAIT_BROKER || c->net < 0) {
		sp_fd_close(&fd);
		return;
	}
	sp_watch_at(c->timer, 0);
	if (fd < 0) {
		rc = refuse_target(c, t->name, text);
	} else {
		c->state = SP_CONN_WAIT_END;
		snprintf(m.name, sizeof(m.name), "%s", t->name);
		rc = sp_mon_send(c->net, SP_MSG_TARGET, &m, sizeof(m), &fd, 1);
		sp_fd_close(&fd);
		sp_conn_log(c, SP_LOG_INFO, "user %s opened target %s, %s desktop",
				c->grant.user.name, t->name, fresh ? "new" : "running");
	}
	if (rc != SP_OK) {
		fatal(c, SP_WHY_INTERNAL, sp_err_text(rc));
	}
}

/* What a connection costs that ends without a login. */
static void early_penalty(const struct sp_conn *c, uint32_t why)
{
	switch (why) {
	case SP_WHY_DEADLINE:
		sp_conn_penalty(c, SP_PENALTY_DEADLINE, SP_KEEPER_SECONDS_DEADLINE);
		return;
	case SP_WHY_PROTOCOL:
		sp_conn_penalty(c, SP_PENALTY_PROTOCOL, SP_KEEPER_SECONDS_PROTOCOL);
		return;
	case SP_WHY_GONE:
	case SP_WHY_TLS:
	case SP_WHY_NEGOTIATION:
		sp_conn_penalty(c, SP_PENALTY_PROBE, SP_KEEPER_SECONDS_PROBE);
		return;
	default:
		return; /* our own doing */
	}
}

static int on_bye(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;
	const struct sp_msg_bye *bye = &in->body.bye;
	bool told = bye->text[0] != '\0';

	if (c->grant.id != 0) {
		/* "session ended: client disconnected" would say it twice. */
		bool brief = bye->why == SP_WHY_BYE && told;

		sp_conn_log(c, SP_LOG_INFO, "session of %s ended after %llu s: %s%s%s",
				c->grant.user.name,
				(unsigned long long)(c->k->now_us() - c->granted_us) / 1000000,
				brief ? "" : sp_why_text(bye->why), !brief && told ? ": " : "",
				bye->text);
		return SP_OK;
	}
	if (c->pending.id != 0) {
		sp_conn_log(c, SP_LOG_INFO, "user %s left without second factor: %s%s%s",
				c->pending.user.name, sp_why_text(bye->why), told ? ": " : "",
				bye->text);
		return SP_OK;
	}
	sp_conn_log(c, c->refused ? SP_LOG_DEBUG : SP_LOG_INFO, "ended before login: %s%s%s",
			sp_why_text(bye->why), told ? ": " : "", bye->text);
	if (!c->refused) {
		c->refused = true;
		early_penalty(c, bye->why);
	}
	return SP_OK;
}

/* ---- sockets ---- */

/* Answers all questions that lie in a socket. SP_OK when it is empty, or why it must be closed. */
static int answer(struct sp_conn *c, const int *fd, struct sp_permit *may)
{
	struct sp_mon_in in;
	int rc = 0;

	while (*fd >= 0 && (rc = sp_mon_recv(*fd, &in)) == 1) {
		rc = sp_permit_dispatch(may, c, &in);
		if (rc != SP_OK) {
			sp_conn_log(c, SP_LOG_WARN, "question %s: %s", sp_msg_name(in.type),
					sp_err_text(rc));
		}
		sp_mon_in_finish(&in);
		if (rc != SP_OK) {
			return rc;
		}
	}
	return *fd >= 0 ? rc : SP_OK;
}

/* A lack of our own is not the child's fault; everything else it may not send. */
static void broken(struct sp_conn *c, int rc, const char *who)
{
	fatal(c, sp_err_class(rc) == SP_ERR_CLASS_PEER ? SP_WHY_QUESTION : SP_WHY_INTERNAL, who);
}

static void login_ready(struct sp_conn *c)
{
	int rc = answer(c, &c->login, &c->login_may);

	if (rc == SP_ECLOSED) {
		if (c->state == SP_CONN_WAIT_LOGIN) {
			c->done = (struct sp_msg_done){
					.result = SP_DONE_FAILED, .why = SP_WHY_NO_LOGIN};
			/* Why is known from whoever ended it, sp-net or the parent. */
			sp_conn_log(c, SP_LOG_DEBUG, "login ended without a result");
			login_over(c);
		}
		close_login(c);
	} else if (rc != SP_OK) {
		broken(c, rc, "sp-login");
	}
}

static void net_ready(struct sp_conn *c)
{
	/* What sp-login said before sp-net asked must be known before the answer. */
	if (c->login >= 0) {
		login_ready(c);
	}
	int rc = answer(c, &c->net, &c->net_may);
	if (rc == SP_ECLOSED) {
		close_net(c);
		close_login(c);
		c->state = SP_CONN_WAIT_END;
	} else if (rc != SP_OK) {
		broken(c, rc, "sp-net");
	}
}

static void login_event(void *user, unsigned events)
{
	login_ready(user);
}

static void net_event(void *user, unsigned events)
{
	net_ready(user);
}

static void too_late(void *user)
{
	struct sp_conn *c = user;
	struct sp_talk_step step;

	if (c->state != SP_CONN_WAIT_ANSWER) {
		sp_conn_target(c, -1, false, "the desktop did not start in time");
		return;
	}
	sp_talk_late(&step);
	if (go_on(c, &step) != SP_OK) {
		fatal(c, SP_WHY_DEADLINE, "no second factor");
	}
}

struct sp_conn *sp_conn_create(
		struct sp_keeper *k, const struct sp_msg_conn_open *open, int net, int login)
{
	struct sp_conn *c = sp_calloc(1, sizeof(*c));

	if (c == NULL) {
		sp_fd_close(&net);
		sp_fd_close(&login);
		return NULL;
	}
	c->k = k;
	c->id = open->conn;
	c->source = open->source;
	c->net = net;
	c->login = login;
	c->opened_us = k->now_us();
	c->state = SP_CONN_WAIT_LOGIN;
	sp_permit_init(&c->net_may, net_table, SP_LEN(net_table));
	sp_permit_init(&c->login_may, login_table, SP_LEN(login_table));
	c->net_watch = sp_loop_fd(k->loop, net, SP_LOOP_READ, net_event, c);
	c->login_watch = sp_loop_fd(k->loop, login, SP_LOOP_READ, login_event, c);
	c->timer = sp_loop_timer(k->loop, too_late, c);
	/* A child that does not read its answers must not hold up the others. */
	bool ok = sp_fd_nonblock(net, true) == SP_OK && sp_fd_nonblock(login, true) == SP_OK;
	if (!ok || c->net_watch == NULL || c->login_watch == NULL || c->timer == NULL) {
		sp_conn_destroy(c);
		return NULL;
	}
	return c;
}

void sp_conn_destroy(struct sp_conn *c)
{
	if (c == NULL) {
		return;
	}
	close_login(c);
	close_net(c);
	sp_watch_remove(c->timer);
	sp_freezero(c, sizeof(*c));
}

void sp_conn_drain(struct sp_conn *c)
{
	if (c->net >= 0) {
		net_ready(c);
	}
}
