/* gate/keeper/conn.c - one connection: its sockets, its life, what may be asked when. */
#include "gate/keeper/conn_tell.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "gate/keeper/conn_way.h"
#include "host/io/fdio.h"

/* For sp-net's end once it has said goodbye, and for the parent to end one. */
#define GONE_US (10 * UINT64_C(1000000))
/* Of one sp-net: in a turn, so that others are heard too; and in its life. */
#define QUESTIONS_TURN 16
#define QUESTIONS_MAX 4096

static int on_bye(void *ctx, struct sp_mon_in *in);

static const struct sp_question net_table[] = {
		{SP_MSG_ROUTE, SP_QUESTION_ONCE | SP_QUESTION_NOW, sp_conn_on_route},
		{SP_MSG_SIGN, SP_QUESTION_ONCE | SP_QUESTION_NOW, sp_conn_on_sign},
		{SP_MSG_ASK_VERDICT, SP_QUESTION_ONCE, sp_conn_on_verdict},
		{SP_MSG_CONVERSE, SP_QUESTION_ONCE, sp_conn_on_converse},
		{SP_MSG_ANSWER, SP_QUESTION_ONCE, sp_conn_on_answer}, /* once for each prompt */
		{SP_MSG_OPEN_TARGET, SP_QUESTION_ONCE, sp_conn_on_open_target},
		{SP_MSG_TARGET_UP, SP_QUESTION_ONCE, sp_conn_on_target_up},
		{SP_MSG_REDIRECT, 0, sp_conn_on_redirect},
		{SP_MSG_LICENSE, 0, sp_conn_on_license},
		{SP_MSG_TARGET_ARC, 0, sp_conn_on_target_arc},
		{SP_MSG_TRANSFER, 0, sp_conn_on_transfer},
		{SP_MSG_CHANNEL, 0, sp_conn_on_channel},
		{SP_MSG_BYE, SP_QUESTION_ONCE | SP_QUESTION_NOW, on_bye},
};

static const struct sp_question login_table[] = {
		{SP_MSG_ASK_CHALLENGE, SP_QUESTION_ONCE | SP_QUESTION_NOW, sp_conn_on_challenge},
		{SP_MSG_PROOF, SP_QUESTION_ONCE, sp_conn_on_proof},
		{SP_MSG_DONE, SP_QUESTION_ONCE | SP_QUESTION_NOW, sp_conn_on_done},
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

void sp_conn_close_login(struct sp_conn *c)
{
	sp_watch_remove(c->login_watch);
	c->login_watch = NULL;
	sp_fd_close(&c->login);
	sp_permit_close(&c->login_may);
}

void sp_conn_close_leg(struct sp_conn *c)
{
	sp_watch_remove(c->leg_watch);
	c->leg_watch = NULL;
	sp_fd_close(&c->leg);
	sp_permit_close(&c->leg_may);
}

static void close_net(struct sp_conn *c)
{
	sp_watch_remove(c->net_watch);
	c->net_watch = NULL;
	sp_fd_close(&c->net);
	sp_permit_close(&c->net_may);
}

/* No right, no secret and no place among the sessions outlives the connection's questions. */
static void forget(struct sp_conn *c, enum sp_why why, const char *text)
{
	struct sp_session *s = c->session;

	sp_conn_drop_held(c);
	sp_conn_tell_over(c, why, text);
	if (c->closed == SP_WHY_UNKNOWN) {
		c->closed = why;
		snprintf(c->closed_text, sizeof(c->closed_text), "%s", text);
	}
	c->session = NULL;
	sp_session_close(s, why, text, c->k->now_us());
	sp_conn_way_close(c);
	sp_conn_record_drop(c);
	sp_conn_secret_drop(&c->secret);
	sp_conn_secret_drop(&c->delegated);
	sp_talk_finish(&c->talk);
	sp_wipe(&c->pending, sizeof(c->pending));
	sp_wipe(&c->grant, sizeof(c->grant));
}

/*
 * The parent ends the connection's processes. Asked for again until they are gone: what is not
 * ended here goes on without anybody who could end it.
 */
static void end_processes(struct sp_conn *c, const char *text)
{
	struct sp_msg_conn_end m = {.conn = c->id, .why = c->over};

	snprintf(m.text, sizeof(m.text), "%s", text);
	if (sp_mon_say(c->k->control, CONN_END, &m) != SP_OK) {
		sp_log(SP_LOG_ERROR, "conn %llu: its end was not delivered",
				(unsigned long long)c->id);
	}
	sp_conn_timer(c, GONE_US);
}

void sp_conn_fatal(struct sp_conn *c, enum sp_why why, const char *text)
{
	char said[SP_TEXT_WHY];

	sp_conn_log(c, SP_LOG_WARN, "ended: %s: %s", sp_why_text(why), text);
	sp_conn_close_login(c);
	sp_conn_close_leg(c);
	close_net(c);
	c->state = SP_CONN_WAIT_GONE;
	c->over = why;
	snprintf(said, sizeof(said), "%s", text);
	forget(c, why, said);
	end_processes(c, said);
	if (why == SP_WHY_QUESTION) {
		sp_conn_penalty(c, SP_PENALTY_PROTOCOL, SP_KEEPER_SECONDS_PROTOCOL);
	}
}

void sp_conn_say_end(struct sp_conn *c, enum sp_why why, uint32_t error_info, const char *text)
{
	bool drop = c->session != NULL && c->session->stepped;
	struct sp_msg_session_end m = {.why = why, .error_info = error_info, .drop = drop};

	snprintf(m.text, sizeof(m.text), "%s", text);
	c->state = SP_CONN_WAIT_END;
	sp_conn_timer(c, 0);
	sp_conn_close_leg(c);
	sp_conn_log(c, SP_LOG_INFO, "session of %s is to end: %s%s%s", c->pending.user.name,
			sp_why_text(why), m.text[0] != '\0' ? ": " : "", m.text);
	if (sp_conn_say(c, SESSION_END, &m) != SP_OK) {
		sp_conn_fatal(c, why, "sp-net does not listen");
	}
}

void sp_conn_timer(struct sp_conn *c, uint64_t us)
{
	sp_watch_at(c->timer, us != 0 ? c->k->now_us() + us : 0);
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
	case SP_WHY_ROUTE:
	case SP_WHY_TLS:
	case SP_WHY_NEGOTIATION:
		sp_conn_penalty(c, SP_PENALTY_PROBE, SP_KEEPER_SECONDS_PROBE);
		return;
	default:
		return; /* our own doing */
	}
}

/* Whoever says that he goes, goes: with the sockets of client and target he would relay on. */
static void wait_gone(struct sp_conn *c)
{
	c->state = SP_CONN_WAIT_GONE;
	c->over = SP_WHY_DEADLINE;
	sp_conn_timer(c, GONE_US);
}

/* What only the keeper can know is not sp-net's to say, or it would stand in the log as a fact. */
static enum sp_why believed(const struct sp_conn *c, uint32_t why)
{
	bool told = c->session != NULL && c->session->state == SP_SESSION_ENDING;

	switch (why) {
	case SP_WHY_POLICY:
	case SP_WHY_ADMIN:
	case SP_WHY_ALERT:
	case SP_WHY_DISABLED:
	case SP_WHY_REFUSED_BY:
	case SP_WHY_LOCKED:
		return told || c->state == SP_CONN_WAIT_END ? (enum sp_why)why : SP_WHY_UNKNOWN;
	default:
		return (enum sp_why)why;
	}
}

/* What somebody who left had not come to. */
static const char *left_what(const struct sp_conn *c)
{
	switch (c->talk.asked) {
	case SP_PROMPT_NONE:
	case SP_PROMPT_CODE:
	case SP_PROMPT_ENROL:
		return c->talk.factor == SP_FACTOR_MISSING ? "without second factor"
							   : "before the target";
	default:
		return "before the target";
	}
}

static int on_bye(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;
	const struct sp_msg_bye *bye = &in->body.bye;
	enum sp_why why = believed(c, bye->why);
	bool told = bye->text[0] != '\0';

	c->bytes_in = bye->bytes_in;
	c->bytes_out = bye->bytes_out;
	if (c->grant.id != 0) {
		/* "session ended: client disconnected" would say it twice. */
		bool brief = why == SP_WHY_BYE && told;

		sp_conn_log(c, SP_LOG_INFO, "session of %s ended after %llu s on %s: %s%s%s",
				c->grant.user.name,
				(unsigned long long)(c->k->now_us() - c->granted_us) / 1000000,
				c->grant.target, brief ? "" : sp_why_text(why),
				!brief && told ? ": " : "", bye->text);
	} else if (c->pending.id != 0) {
		sp_conn_log(c, SP_LOG_INFO, "user %s left %s: %s%s%s", c->pending.user.name,
				left_what(c), sp_why_text(why), told ? ": " : "", bye->text);
	} else {
		sp_conn_log(c, c->refused ? SP_LOG_DEBUG : SP_LOG_INFO,
				"ended before login: %s%s%s", sp_why_text(why), told ? ": " : "",
				bye->text);
		if (!c->refused) {
			c->refused = true;
			early_penalty(c, why);
		}
	}
	sp_conn_close_leg(c);
	sp_permit_close(&c->net_may);
	forget(c, why, bye->text);
	wait_gone(c);
	return SP_OK;
}

/*
 * Answers questions that lie in a socket, not too many at once: the rest is for the next turn.
 * SP_OK, or why it must be closed.
 */
static int answer(struct sp_conn *c, const int *fd, struct sp_permit *may)
{
	struct sp_mon_in in;
	int rc = 0;

	for (size_t i = 0; i < QUESTIONS_TURN; i++) {
		rc = *fd >= 0 && !sp_conn_holds(c) ? sp_mon_recv(*fd, &in) : 0;
		if (rc != 1) {
			return rc;
		}
		/* Which have a bound of their own. */
		c->questions += in.type != SP_MSG_TRANSFER && in.type != SP_MSG_CHANNEL;
		rc = c->questions <= QUESTIONS_MAX ? sp_permit_dispatch(may, c, &in) : SP_ELIMIT;
		if (rc != SP_OK) {
			sp_conn_log(c, SP_LOG_WARN, "question %s: %s", sp_msg_name(in.type),
					sp_err_text(rc));
		}
		sp_mon_in_finish(&in);
		if (rc != SP_OK) {
			return rc;
		}
	}
	return SP_OK;
}

/* A lack of our own is not the child's fault; everything else it may not send. */
static void broken(struct sp_conn *c, int rc, const char *who)
{
	sp_conn_fatal(c, sp_err_class(rc) == SP_ERR_CLASS_PEER ? SP_WHY_QUESTION : SP_WHY_INTERNAL,
			who);
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
			sp_conn_login_over(c);
		}
		sp_conn_close_login(c);
	} else if (rc != SP_OK) {
		broken(c, rc, "sp-login");
	}
}

static void leg_ready(struct sp_conn *c)
{
	int rc = answer(c, &c->leg, &c->leg_may);

	if (rc == SP_ECLOSED) {
		/* sp-net has lost its end, too, and says what that means. */
		sp_conn_log(c, SP_LOG_DEBUG, "login at the target ended without a result");
		sp_conn_close_leg(c);
	} else if (rc != SP_OK) {
		broken(c, rc, "sp-target");
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
		sp_conn_close_login(c);
		sp_conn_close_leg(c);
		forget(c, SP_WHY_GONE, "");
		if (c->state != SP_CONN_WAIT_GONE) {
			wait_gone(c);
		}
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

static void leg_event(void *user, unsigned events)
{
	leg_ready(user);
}

int sp_conn_watch_leg(struct sp_conn *c, int leg)
{
	c->leg = leg;
	c->given = false;
	sp_permit_init(&c->leg_may, sp_conn_leg_table, sp_conn_leg_rows);
	c->leg_watch = sp_loop_fd(c->k->loop, leg, SP_LOOP_READ, leg_event, c);
	return c->leg_watch != NULL ? sp_fd_nonblock(leg, true) : SP_ENOMEM;
}

static void too_late(void *user)
{
	struct sp_conn *c = user;

	switch (c->state) {
	case SP_CONN_WAIT_ANSWER:
		if (c->talk.asked == SP_PROMPT_CODE || c->talk.asked == SP_PROMPT_ENROL) {
			sp_conn_tell_mfa(c, SP_AUDIT_MFA_TIMEOUT, sp_audit_reason(SP_WHY_DEADLINE),
					SP_TALK_TRIES - c->talk.tries);
		}
		sp_conn_talk_end(c, SP_WHY_DEADLINE,
				"No answer came in time. Connect again to try once more.");
		return;
	case SP_CONN_WAIT_APPROVAL:
		sp_conn_tell_approval(
				c, SP_AUDIT_APPROVAL_NO, "", sp_audit_reason(SP_WHY_DEADLINE));
		sp_conn_talk_end(c, SP_WHY_REFUSED_BY, "Nobody approved this session in time.");
		return;
	case SP_CONN_WAIT_SCRIBE:
		sp_conn_record_late(c);
		return;
	case SP_CONN_WAIT_BROKER:
		sp_conn_desktop(c, -1, false, "the desktop did not start in time");
		return;
	case SP_CONN_WAIT_DIAL:
	case SP_CONN_WAIT_LEG:
	case SP_CONN_WAIT_UP:
		sp_conn_way_late(c);
		return;
	case SP_CONN_WAIT_GONE:
		sp_conn_log(c, SP_LOG_WARN, "its processes are still there: ended");
		end_processes(c, "did not go");
		return;
	default:
		return;
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
	memcpy(c->interface, open->interface, sizeof(c->interface));
	memcpy(c->listener, open->listener, sizeof(c->listener));
	sp_conn_hold_begin(c);
	c->net = net;
	c->login = login;
	c->leg = c->way.fd = -1;
	c->opened_us = k->now_us();
	c->state = SP_CONN_WAIT_LOGIN;
	sp_permit_init(&c->net_may, net_table, SP_LEN(net_table));
	sp_permit_init(&c->login_may, login_table, SP_LEN(login_table));
	if (k->conf->require_token) {
		sp_permit_forbid(&c->net_may, SP_MSG_SIGN); /* until ROUTED */
	}
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

void sp_conn_over(struct sp_conn *c)
{
	sp_conn_close_login(c);
	sp_conn_close_leg(c);
	close_net(c);
	forget(c, SP_WHY_GONE, "");
}

void sp_conn_destroy(struct sp_conn *c)
{
	if (c == NULL) {
		return;
	}
	sp_conn_over(c);
	sp_watch_remove(c->timer);
	sp_freezero(c, sizeof(*c));
}

void sp_conn_drain(struct sp_conn *c, bool net)
{
	for (unsigned n = 0; c->net >= 0 && n <= QUESTIONS_MAX / QUESTIONS_TURN; n++) {
		if (net) {
			sp_conn_drop_held(c); /* nobody is to be told anything */
		}
		net_ready(c);
	}
}
