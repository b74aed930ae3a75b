/* tests/gate/keeper/test_hostile.c - an sp-net that somebody else has taken over, and what it gains. */
#include "rig.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/attr.h"
#include "gate/keeper/conn_part.h"
#include "gate/keeper/session.h"
#include "host/io/fdio.h"
#include "host/io/ipc.h"

#define SECOND UINT64_C(1000000)

static const struct sp_msg_none none;

/* The desktop is given to sp-net; our end of it is closed. */
static void to_desktop(void)
{
	struct sp_msg_desktop_opened m = {.fresh = 1};
	int p[2];

	log_in();
	assert_int_equal(verdict().result, SP_VERDICT_GRANTED);
	open_target();
	m.conn = rig.conn;
	assert_int_equal(sp_ipc_pair(p), SP_OK);
	assert_int_equal(
			sp_mon_send(rig.broker, SP_MSG_DESKTOP_OPENED, &m, sizeof(m), p, 1), SP_OK);
	close(p[0]);
	close(p[1]);
	expect(rig.net, SP_MSG_TARGET);
	assert_int_equal(rig.in.body.target.result, SP_OPEN_OK);
}

static void to_active(void)
{
	to_desktop();
	assert_int_equal(sp_mon_say(rig.net, TARGET_UP, &none), SP_OK);
	turn();
	struct sp_session *s = sp_sessions_first(rig.k.sessions);
	assert_non_null(s);
	assert_int_equal(s->state, SP_SESSION_ACTIVE);
}

static unsigned ends_of(uint32_t why)
{
	unsigned n = 0;

	turn();
	while (sp_mon_recv(rig.parent, &rig.in) == 1) {
		if (rig.in.type == SP_MSG_CONN_END) {
			assert_int_equal(rig.in.body.conn_end.conn, rig.conn);
			assert_int_equal(rig.in.body.conn_end.why, why);
			n++;
		}
		sp_mon_in_finish(&rig.in);
	}
	return n;
}

/* It says goodbye, leaves the list of sessions, and relays on: not for long. */
static void test_goodbye_and_stay(void **state)
{
	static const struct sp_msg_bye bye = {.why = SP_WHY_BYE};

	for (int silent = 0; silent < 2; silent++) {
		connect_one();
		to_active();
		rig.clock_us -= 20 * SECOND; /* what is set from here on is over at once */
		if (silent) {
			sp_fd_close(&rig.net);
		} else {
			assert_int_equal(sp_mon_say(rig.net, BYE, &bye), SP_OK);
		}
		turn();
		assert_null(sp_sessions_first(rig.k.sessions));
		/* Again and again, until the parent says that it is gone. */
		assert_true(ends_of(SP_WHY_DEADLINE) >= 1);
		rig.clock_us += 20 * SECOND;
		disconnect();
	}
	/* An honest one is not bothered. */
	connect_one();
	to_active();
	rig.clock_us = sp_now_us();
	assert_int_equal(sp_mon_say(rig.net, BYE, &bye), SP_OK);
	assert_int_equal(ends_of(SP_WHY_DEADLINE), 0);
	disconnect();
}

/* Told to end, it does not: its processes are ended. */
static void test_does_not_end(void **state)
{
	connect_one();
	to_active();
	struct sp_session *s = sp_sessions_first(rig.k.sessions);
	sp_session_end(s, SP_WHY_ADMIN, SP_SESSION_INFO_ADMIN, "out", rig.clock_us);
	expect(rig.net, SP_MSG_SESSION_END);
	assert_int_equal(rig.in.body.session_end.why, SP_WHY_ADMIN);
	assert_int_equal(rig.in.body.session_end.error_info, SP_SESSION_INFO_ADMIN);
	assert_string_equal(rig.in.body.session_end.text, "out");
	rig.clock_us += SP_SESSION_GRACE_US;
	sp_sessions_tick(rig.k.sessions, rig.unix_s, rig.clock_us);
	assert_int_equal(ends_of(SP_WHY_ADMIN), 1);
	assert_null(sp_sessions_first(rig.k.sessions));
	rig.clock_us -= SP_SESSION_GRACE_US;
	disconnect();
}

/* The parent's queue was full when it was asked to end one: it is asked again. */
static void test_end_not_delivered(void **state)
{
	int control = rig.k.control;

	connect_one();
	to_active();
	rig.clock_us -= 20 * SECOND;
	rig.k.control = -1;
	sp_conn_fatal(rig.k.conns, SP_WHY_QUESTION, "test");
	rig.k.control = control;
	assert_true(ends_of(SP_WHY_QUESTION) >= 1);
	rig.clock_us += 20 * SECOND;
	disconnect();
}

/* Without end: others are heard in between, and in the end it is too much. */
static void test_flood(void **state)
{
	struct sp_msg_arc arc = {.present = 1};
	unsigned sent = 0;

	connect_one();
	to_given();
	for (int i = 0; i < 40; i++) {
		arc.logon_id++;
		assert_int_equal(sp_mon_say(rig.net, TARGET_ARC, &arc), SP_OK);
		sent++;
	}
	assert_int_equal(sp_loop_turn(rig.k.loop, 0), SP_OK);
	struct sp_session *s = sp_sessions_first(rig.k.sessions);
	assert_true(s->target_arc.logon_id <= 16);
	turn();
	assert_int_equal(s->target_arc.logon_id, 40);
	while (sent < 10000 && sp_mon_say(rig.net, TARGET_ARC, &arc) == SP_OK) {
		sent++;
		if (sent % 16 == 0) {
			assert_int_equal(sp_loop_turn(rig.k.loop, 0), SP_OK);
		}
	}
	assert_true(sent < 5000);
	assert_true(was_ended());
	disconnect();
}

/* What only the keeper knows is not believed. */
static void test_lies_about_the_end(void **state)
{
	static const uint32_t whys[] = {SP_WHY_ADMIN, SP_WHY_POLICY, SP_WHY_DISABLED};
	struct sp_msg_bye bye = {.text = "give your code to nobody but me"};
	struct sp_session_last last;

	for (size_t i = 0; i < SP_LEN(whys); i++) {
		connect_one();
		to_active();
		int64_t user = sp_sessions_first(rig.k.sessions)->user_id;
		bye.why = whys[i];
		assert_int_equal(sp_mon_say(rig.net, BYE, &bye), SP_OK);
		turn();
		assert_false(sp_session_reason_take(rig.k.sessions, user, rig.clock_us, &last));
		disconnect();
	}
}

/* It waits with its right until another rule holds: that one decides, all of it. */
static void test_waits_for_another_rule(void **state)
{
	struct sp_msg_open_target m = {.geometry = {.width = 800, .height = 600, .bpp = 16}};
	struct sp_msg_desktop_opened opened = {.fresh = 1};
	int p[2];

	for (int what = 0; what < 3; what++) {
		connect_one();
		struct sp_conf_rule *rule = with_rule("day");
		rule->mfa = SP_CONF_FACTOR_NONE;
		log_in();
		assert_int_equal(verdict().ask, 0);
		switch (what) {
		case 0:
			rule->mfa = SP_CONF_FACTOR_TOTP;
			break;
		case 1:
			rule->n_approval = 1;
			snprintf(rule->approval[0], sizeof(rule->approval[0]), "carol");
			break;
		default:
			rule->n_users = 1;
			snprintf(rule->users[0], sizeof(rule->users[0]), "carol");
			break;
		}
		assert_int_equal(sp_mon_say(rig.net, OPEN_TARGET, &m), SP_OK);
		expect(rig.broker, SP_MSG_DESKTOP_OPEN);
		opened.conn = rig.conn;
		assert_int_equal(sp_ipc_pair(p), SP_OK);
		assert_int_equal(sp_mon_send(rig.broker, SP_MSG_DESKTOP_OPENED, &opened,
						 sizeof(opened), p, 1),
				SP_OK);
		close(p[0]);
		close(p[1]);
		expect(rig.net, SP_MSG_TARGET);
		assert_int_equal(rig.in.body.target.result, SP_OPEN_DENIED);
		assert_int_equal(rig.in.nfds, 0);
		disconnect();
	}
}

/* It has the target and does not say so: no time is won by that, and no place kept. */
static void test_never_up(void **state)
{
	connect_one();
	with_rule("day")->max_s = 60;
	rig.conf.rule->mfa = SP_CONF_FACTOR_NONE;
	to_desktop();
	struct sp_session *s = sp_sessions_first(rig.k.sessions);
	assert_int_equal(s->state, SP_SESSION_OPENING);
	uint64_t was = rig.clock_us;
	rig.clock_us += 60 * SECOND + SP_SESSION_SPARE_US;
	sp_sessions_tick(rig.k.sessions, rig.unix_s, rig.clock_us);
	assert_int_equal(s->state, SP_SESSION_ENDING);
	expect(rig.net, SP_MSG_SESSION_END);
	assert_int_equal(rig.in.body.session_end.why, SP_WHY_TIME);
	rig.clock_us = was;
	disconnect();
}

/* Cookies of others, guessed or seen: nothing without the right verifier. */
static void test_foreign_cookie(void **state)
{
	struct sp_msg_converse m = {.arc = {.present = 1}};
	struct sp_msg_arc cookie;

	connect_one();
	to_active();
	sp_session_arc_make(sp_sessions_first(rig.k.sessions), &cookie);
	assert_int_equal(cookie.present, 1);
	static const struct sp_msg_bye lost = {.why = SP_WHY_LOST};
	assert_int_equal(sp_mon_say(rig.net, BYE, &lost), SP_OK);
	turn();
	disconnect();
	/* The bits themselves are no verifier, and another user's are nobody's. */
	connect_one();
	rig.conf.mfa = SP_CONF_MFA_REQUIRED;
	log_in_as("carol", GOOD);
	assert_int_equal(verdict().ask, 1);
	m.arc.logon_id = cookie.logon_id;
	memcpy(m.arc.bits, cookie.bits, sizeof(m.arc.bits));
	assert_int_equal(sp_mon_say(rig.net, CONVERSE, &m), SP_OK);
	expect(rig.net, SP_MSG_PROMPT);
	assert_int_equal(rig.in.body.prompt.kind, SP_PROMPT_CODE);
	/* Asked once. */
	assert_int_equal(sp_mon_say(rig.net, CONVERSE, &m), SP_OK);
	assert_true(was_ended());
	disconnect();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_goodbye_and_stay),
			cmocka_unit_test(test_does_not_end),
			cmocka_unit_test(test_end_not_delivered),
			cmocka_unit_test(test_flood),
			cmocka_unit_test(test_lies_about_the_end),
			cmocka_unit_test(test_waits_for_another_rule),
			cmocka_unit_test(test_never_up),
			cmocka_unit_test(test_foreign_cookie),
	};

	return cmocka_run_group_tests(tests, rig_open, rig_close);
}
