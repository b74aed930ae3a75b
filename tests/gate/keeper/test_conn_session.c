/* tests/gate/keeper/test_conn_session.c - the registry of sessions and the conversation, together. */
#include "rig.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/attr.h"
#include "gate/keeper/session.h"
#include "host/io/ipc.h"

static struct sp_session *only(enum sp_session_state state)
{
	struct sp_session *s = sp_sessions_first(rig.k.sessions);

	assert_non_null(s);
	assert_null(s->next);
	assert_string_equal(sp_session_state_text(s->state), sp_session_state_text(state));
	return s;
}

static void tick(void)
{
	sp_sessions_recheck(rig.k.sessions);
	sp_sessions_tick(rig.k.sessions, rig.unix_s, rig.clock_us);
}

/* The desktop is there and up; its cookie. */
static struct sp_msg_arc to_active(void)
{
	struct sp_msg_desktop_opened m = {.conn = rig.conn};
	int p[2];

	open_target();
	assert_int_equal(sp_ipc_pair(p), SP_OK);
	assert_int_equal(
			sp_mon_send(rig.broker, SP_MSG_DESKTOP_OPENED, &m, sizeof(m), p, 1), SP_OK);
	close(p[0]);
	close(p[1]);
	expect(rig.net, SP_MSG_TARGET);
	assert_int_equal(rig.in.body.target.result, SP_OPEN_OK);
	struct sp_msg_arc arc = rig.in.body.target.arc;
	assert_int_equal(sp_mon_say(rig.net, TARGET_UP, &(struct sp_msg_none){0}), SP_OK);
	turn();
	return arc;
}

/* Carol comes, with a second factor to be asked for. */
static void carol_comes(void)
{
	connect_one();
	rig.conf.mfa = SP_CONF_MFA_REQUIRED;
	log_in_as("carol", GOOD);
	assert_int_equal(verdict().ask, 1);
}

static void carol_enters(void)
{
	carol_comes();
	assert_int_equal(converse(), SP_PROMPT_CODE);
	rig.unix_s += 60;
	assert_int_equal(answer(good_code()), SP_PROMPT_DONE);
}

static void bye(uint32_t why, const char *text)
{
	struct sp_msg_bye m = {.why = why};

	snprintf(m.text, sizeof(m.text), "%s", text);
	assert_int_equal(sp_mon_say(rig.net, BYE, &m), SP_OK);
	turn();
	disconnect();
}

static void test_states(void **state)
{
	connect_one();
	assert_null(sp_sessions_first(rig.k.sessions));
	disconnect();
	carol_comes();
	struct sp_session *s = only(SP_SESSION_TALK);
	assert_string_equal(s->user, "carol");
	assert_int_equal(s->conn, rig.conn);
	assert_int_equal(s->since, rig.unix_s);
	assert_int_equal(converse(), SP_PROMPT_CODE);
	rig.unix_s += 60;
	assert_int_equal(answer(good_code()), SP_PROMPT_DONE);
	s = only(SP_SESSION_OPENING);
	assert_string_equal(s->target, "desktop");
	assert_true(s->rule[0] != '\0');
	assert_true(s->grant != 0);
	assert_int_equal(s->factors, SP_CONF_FACTOR_TOTP);
	to_active();
	only(SP_SESSION_ACTIVE);
	tick();
	only(SP_SESSION_ACTIVE);
	bye(SP_WHY_BYE, "client disconnected");
	assert_null(sp_sessions_first(rig.k.sessions));
}

/* The end of a session has its reason before the next one's first question; once. */
static void test_reason_at_the_next_login(void **state)
{
	carol_enters();
	to_active();
	sp_session_end(only(SP_SESSION_ACTIVE), SP_WHY_ADMIN, SP_SESSION_INFO_ADMIN,
			"ended by an administrator: maintenance", rig.clock_us);
	expect(rig.net, SP_MSG_SESSION_END);
	assert_int_equal(rig.in.body.session_end.why, SP_WHY_ADMIN);
	assert_int_equal(rig.in.body.session_end.error_info, SP_SESSION_INFO_ADMIN);
	assert_string_equal(rig.in.body.session_end.text, "ended by an administrator: maintenance");
	bye(SP_WHY_ADMIN, "ended by an administrator: maintenance");
	for (int again = 0; again < 2; again++) {
		carol_comes();
		uint32_t kind = converse();
		assert_int_equal(kind, again ? SP_PROMPT_CODE : SP_PROMPT_NOTICE);
		bool told = strstr(rig.in.body.prompt.notice, "maintenance") != NULL ||
				strstr(rig.in.body.prompt.text, "maintenance") != NULL;
		assert_int_equal(told, !again);
		if (!again) {
			assert_int_equal(answer(""), SP_PROMPT_CODE);
		}
		disconnect();
	}
}

static void test_end_in_the_conversation(void **state)
{
	carol_comes();
	assert_int_equal(converse(), SP_PROMPT_CODE);
	sp_session_end(only(SP_SESSION_TALK), SP_WHY_ADMIN, SP_SESSION_INFO_ADMIN, "not today",
			rig.clock_us);
	expect(rig.net, SP_MSG_PROMPT);
	assert_int_equal(rig.in.body.prompt.kind, SP_PROMPT_REFUSED);
	assert_string_equal(rig.in.body.prompt.text, "not today");
	/* The answer that was on its way makes no right of it. */
	struct sp_msg_answer m = {.kind = SP_ANSWER_OK};
	rig.unix_s += 60;
	snprintf(m.text, sizeof(m.text), "%s", good_code());
	assert_int_equal(sp_mon_say(rig.net, ANSWER, &m), SP_OK);
	expect_nothing(rig.net);
	only(SP_SESSION_ENDING);
	disconnect();
	/* Nor between two steps. */
	carol_enters();
	sp_session_end(only(SP_SESSION_OPENING), SP_WHY_ADMIN, SP_SESSION_INFO_ADMIN, "no",
			rig.clock_us);
	expect(rig.net, SP_MSG_SESSION_END);
	struct sp_msg_open_target open = {.geometry = {.width = 800, .height = 600, .bpp = 16}};
	assert_int_equal(sp_mon_say(rig.net, OPEN_TARGET, &open), SP_OK);
	expect_nothing(rig.net);
	disconnect();
}

static void test_approval(void **state)
{
	char why[SP_TEXT_WHY];

	for (int yes = 0; yes < 2; yes++) {
		connect_one();
		struct sp_conf_rule *r = with_rule("four eyes");
		r->mfa = SP_CONF_FACTOR_NONE;
		r->n_approval = 1;
		snprintf(r->approval[0], sizeof(r->approval[0]), "carol");
		log_in();
		assert_int_equal(verdict().ask, 1);
		assert_int_equal(converse(), SP_PROMPT_WAIT);
		assert_non_null(strstr(rig.in.body.prompt.text, "carol"));
		struct sp_session *s = only(SP_SESSION_APPROVAL);
		assert_int_equal(sp_session_decide(s, true, "alice", why), SP_EDENIED);
		assert_int_equal(sp_session_decide(s, true, "dave", why), SP_EDENIED);
		expect_nothing(rig.net);
		assert_int_equal(sp_session_decide(s, yes, "carol", why), SP_OK);
		expect(rig.net, SP_MSG_PROMPT);
		if (yes) {
			assert_int_equal(rig.in.body.prompt.kind, SP_PROMPT_DONE);
			assert_string_equal(only(SP_SESSION_OPENING)->approver, "carol");
			to_active();
			tick();
			only(SP_SESSION_ACTIVE);
		} else {
			assert_int_equal(rig.in.body.prompt.kind, SP_PROMPT_REFUSED);
			assert_non_null(strstr(rig.in.body.prompt.text, "carol"));
		}
		disconnect();
	}
}

static uint32_t come_back(const struct sp_msg_arc *cookie)
{
	static const uint8_t zeros[32];
	struct sp_span part = sp_span(zeros, sizeof(zeros));
	struct sp_msg_converse m = {.arc = {.present = 1, .logon_id = cookie->logon_id}};

	rig.k.crypto->hmac_md5(sp_span(cookie->bits, sizeof(cookie->bits)), &part, 1, m.arc.bits);
	carol_comes();
	assert_int_equal(sp_mon_say(rig.net, CONVERSE, &m), SP_OK);
	expect(rig.net, SP_MSG_PROMPT);
	return rig.in.body.prompt.kind;
}

static void test_comes_back(void **state)
{
	carol_enters();
	struct sp_msg_arc first = to_active();
	assert_int_equal(first.present, 1);
	bye(SP_WHY_LOST, "reset by peer");
	assert_int_equal(come_back(&first), SP_PROMPT_DONE);
	struct sp_session *s = only(SP_SESSION_OPENING);
	assert_true(s->resumed);
	assert_string_equal(s->target, "desktop");
	struct sp_msg_arc second = to_active();
	assert_memory_not_equal(first.bits, second.bits, sizeof(first.bits));
	tick();
	only(SP_SESSION_ACTIVE);
	bye(SP_WHY_LOST, "reset by peer");
	/* The first one is spent, the second is good. */
	assert_int_equal(come_back(&first), SP_PROMPT_CODE);
	disconnect();
	assert_int_equal(come_back(&second), SP_PROMPT_DONE);
	to_active();
	bye(SP_WHY_BYE, "client disconnected");
	/* Who left by himself is asked again. */
	carol_enters();
	struct sp_msg_arc third = to_active();
	bye(SP_WHY_BYE, "client disconnected");
	assert_int_equal(come_back(&third), SP_PROMPT_CODE);
	disconnect();
}

/* The token of a first packet, asked about. */
static bool routed(const char *token)
{
	struct sp_msg_route m = {0};

	snprintf(m.token, sizeof(m.token), "%s", token);
	assert_int_equal(sp_mon_say(rig.net, ROUTE, &m), SP_OK);
	expect(rig.net, SP_MSG_ROUTED);
	return rig.in.body.routed.result == SP_ROUTED_OK;
}

/* A client that comes back by itself brings the token that its session was opened with. */
static void test_route_back(void **state)
{
	char text[SP_TOKEN_TEXT], route[SP_TOKEN_ROUTE];
	struct sp_token ask = {.user = "alice"};
	struct sp_source was = rig.source;
	uint64_t clock = rig.clock_us;
	int64_t id;

	assert_int_equal(sp_store_token_new(rig.k.store, &ask, 120, rig.unix_s, text, route, &id),
			SP_OK);
	connect_one();
	assert_true(routed(route));
	log_in_as("alice", GOOD);
	assert_int_equal(verdict().ask, 0);
	to_active();
	bye(SP_WHY_LOST, "line cut");
	rig.source.addr[3] ^= 1; /* at home, by another address */
	connect_one();
	assert_true(routed(route));
	/* He alone, and where he was. */
	log_in_as("carol", GOOD);
	assert_int_equal(verdict().why, SP_WHY_ROUTE);
	disconnect();
	rig.source.addr[0] ^= 1;
	connect_one();
	assert_false(routed(route));
	disconnect();
	rig.source = was;
	rig.clock_us += SP_SESSION_LOST_US + 1;
	connect_one();
	assert_false(routed(route));
	disconnect();
	rig.clock_us = clock;
}

static void test_disabled(void **state)
{
	carol_enters();
	struct sp_msg_arc cookie = to_active();
	assert_int_equal(sp_store_disable(rig.k.store, "carol", true), SP_OK);
	tick();
	expect(rig.net, SP_MSG_SESSION_END);
	assert_int_equal(rig.in.body.session_end.why, SP_WHY_DISABLED);
	assert_int_equal(rig.in.body.session_end.error_info, SP_SESSION_INFO_DENIED);
	bye(SP_WHY_LOST, "");
	assert_int_equal(sp_store_disable(rig.k.store, "carol", false), SP_OK);
	assert_int_equal(come_back(&cookie), SP_PROMPT_CODE);
	disconnect();
}

/* The keeper's own timer does all that: nobody calls the tick. */
static void test_timer(void **state)
{
	uint64_t was = rig.clock_us;

	carol_enters();
	to_active();
	rig.clock_us = sp_now_us() - SP_SESSION_TICK_US;
	tick(); /* the last one was a minute ago */
	rig.clock_us = sp_now_us();
	only(SP_SESSION_ACTIVE);
	assert_int_equal(sp_store_disable(rig.k.store, "carol", true), SP_OK);
	expect(rig.net, SP_MSG_SESSION_END);
	assert_int_equal(sp_store_disable(rig.k.store, "carol", false), SP_OK);
	disconnect();
	rig.clock_us = was;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_states),
			cmocka_unit_test(test_reason_at_the_next_login),
			cmocka_unit_test(test_end_in_the_conversation),
			cmocka_unit_test(test_approval),
			cmocka_unit_test(test_comes_back),
			cmocka_unit_test(test_route_back),
			cmocka_unit_test(test_disabled),
			cmocka_unit_test(test_timer),
	};

	return cmocka_run_group_tests(tests, rig_open, rig_close);
}
