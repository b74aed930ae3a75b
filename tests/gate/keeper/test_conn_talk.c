/* tests/gate/keeper/test_conn_talk.c - the conversation as sp-net sees it. */
#include "rig.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/attr.h"
#include "gate/keeper/session.h"
#include "gate/keeper/store_device.h"
#include "gate/keeper/store_recovery.h"
#include "gate/keeper/store_token.h"

/* The code in the name: one question less, and good once all the same. */
static void test_code_in_name(void **state)
{
	char name[64];

	for (int again = 0; again < 2; again++) {
		connect_one();
		rig.conf.mfa = SP_CONF_MFA_ENROLLED;
		snprintf(name, sizeof(name), "Carol#desktop#%s", good_code());
		assert_int_equal(prove(name, GOOD), SP_PROOF_GRANTED);
		done(SP_DONE_OK, SP_WHY_OK, name);
		assert_int_equal(verdict().ask, 1);
		assert_int_equal(
				sp_mon_say(rig.net, CONVERSE, &(struct sp_msg_converse){0}), SP_OK);
		expect(rig.net, SP_MSG_PROMPT);
		assert_int_equal(rig.in.body.prompt.kind, again ? SP_PROMPT_CODE : SP_PROMPT_DONE);
		if (again) {
			assert_int_equal(rig.in.body.prompt.tries, 2);
			assert_non_null(strstr(rig.in.body.prompt.text, "used already"));
		} else {
			open_target();
		}
		disconnect();
	}
	/* A proof alone spends nothing: clients connect twice. */
	rig.unix_s += 300;
	for (int i = 0; i < 2; i++) {
		connect_one();
		snprintf(name, sizeof(name), "carol##%s", good_code());
		assert_int_equal(prove(name, GOOD), SP_PROOF_GRANTED);
		disconnect();
	}
	connect_one();
	rig.conf.mfa = SP_CONF_MFA_ENROLLED;
	assert_int_equal(prove(name, GOOD), SP_PROOF_GRANTED);
	done(SP_DONE_OK, SP_WHY_OK, name);
	verdict();
	assert_int_equal(sp_mon_say(rig.net, CONVERSE, &(struct sp_msg_converse){0}), SP_OK);
	expect(rig.net, SP_MSG_PROMPT);
	assert_int_equal(rig.in.body.prompt.kind, SP_PROMPT_DONE);
	disconnect();
	/* Who has no second factor is let through by "enrolled". */
	connect_one();
	rig.conf.mfa = SP_CONF_MFA_ENROLLED;
	log_in();
	assert_int_equal(verdict().ask, 0);
	open_target();
	disconnect();
}

#define MINUTE (60 * UINT64_C(1000000))

static void log_in_carol(void)
{
	rig.unix_s += 300;
	assert_int_equal(prove("carol", GOOD), SP_PROOF_GRANTED);
	done_with("carol", GOOD);
}

/* Everything that a rule can ask for, in its order, up to the right. */
static void test_order(void **state)
{
	char why[SP_TEXT_WHY];

	connect_one();
	struct sp_conf_target *t = with_db1();
	struct sp_conf_rule *r = with_rule("the rule");
	t->login = SP_CONF_LOGIN_ASK;
	r->reason = true;
	r->n_approval = 1;
	snprintf(r->approval[0], SP_CONF_NAME, "dora");
	r->mfa = SP_CONF_FACTOR_TOTP;
	snprintf(rig.conf.notice, sizeof(rig.conf.notice), "Be good.\nOr else.");
	log_in_carol();
	struct sp_msg_verdict v = verdict();
	assert_int_equal(v.result, SP_VERDICT_GRANTED);
	assert_int_equal(v.ask, 1);
	assert_int_equal(converse(), SP_PROMPT_NOTICE);
	assert_string_equal(rig.in.body.prompt.notice, "Be good.\nOr else.");
	assert_int_equal(answer(""), SP_PROMPT_CODE);
	assert_int_equal(rig.in.body.prompt.seconds, SP_TALK_SECONDS);
	/* A wrong answer gets no more time. */
	rig.clock_us += MINUTE;
	assert_int_equal(answer("000000"), SP_PROMPT_CODE);
	assert_int_equal(rig.in.body.prompt.seconds, SP_TALK_SECONDS - 60);
	rig.clock_us -= MINUTE;
	expect(rig.parent, SP_MSG_CONN_GRANTED);
	expect(rig.parent, SP_MSG_PENALTY);
	assert_int_equal(answer(good_code()), SP_PROMPT_TARGET);
	assert_int_equal(rig.in.body.prompt.items, 2);
	assert_string_equal(rig.in.body.prompt.item[1].name, "db1");
	assert_string_equal(rig.in.body.prompt.item[1].text, "the database");
	assert_int_equal(choose(1), SP_PROMPT_REASON);
	assert_int_equal(answer("INC-7"), SP_PROMPT_LOGIN);
	assert_string_equal(rig.in.body.prompt.title, "db1");
	assert_int_equal(answer_as(SP_ANSWER_OK, "LAB\\root", "hunter2"), SP_PROMPT_WAIT);
	assert_int_equal(rig.in.body.prompt.seconds, SP_TALK_APPROVAL_SECONDS);
	struct sp_session *s = rig.k.conns->session;
	assert_int_equal(s->state, SP_SESSION_APPROVAL);
	assert_string_equal(s->target, "db1");
	assert_string_equal(s->reason, "INC-7");
	assert_string_equal(s->rule, "the rule");
	expect_nothing(rig.net);
	assert_int_equal(sp_session_decide(s, true, "carol", why), SP_EDENIED);
	assert_int_equal(sp_session_decide(s, true, "dora", why), SP_OK);
	expect(rig.net, SP_MSG_PROMPT);
	assert_int_equal(rig.in.body.prompt.kind, SP_PROMPT_DONE);
	assert_true(logged("user carol logged in to db1 by rule \"the rule\"", "one-time code"));
	assert_true(logged("dora approved", "carol"));
	assert_true(logged("reason: INC-7", ""));
	assert_false(logged("hunter2", ""));
	assert_int_equal(s->state, SP_SESSION_OPENING);
	/* An answer that crossed the yes does no harm. */
	assert_int_equal(sp_mon_say(rig.net, ANSWER,
					 &(struct sp_msg_answer){.kind = SP_ANSWER_LEAVE}),
			SP_OK);
	turn();
	assert_int_equal(rig.k.conns->state, SP_CONN_WAIT_TARGET);
	disconnect();
}

static void to_approval(void)
{
	connect_one();
	struct sp_conf_rule *r = with_rule("the rule");
	r->n_approval = 1;
	snprintf(r->approval[0], SP_CONF_NAME, "dora");
	log_in();
	assert_int_equal(verdict().ask, 1);
	assert_int_equal(converse(), SP_PROMPT_WAIT);
}

static void test_not_approved(void **state)
{
	char why[SP_TEXT_WHY];
	uint64_t was = rig.clock_us;

	to_approval();
	assert_int_equal(sp_session_decide(rig.k.conns->session, false, "dora", why), SP_OK);
	expect(rig.net, SP_MSG_PROMPT);
	assert_int_equal(rig.in.body.prompt.kind, SP_PROMPT_REFUSED);
	assert_string_equal(rig.in.body.prompt.text, "dora did not approve this session.");
	disconnect();
	/* Nobody says anything for five minutes. */
	rig.clock_us -= 6 * MINUTE;
	to_approval();
	rig.clock_us = was;
	expect(rig.net, SP_MSG_PROMPT);
	assert_int_equal(rig.in.body.prompt.kind, SP_PROMPT_REFUSED);
	disconnect();
	/* The person does not want to wait. */
	to_approval();
	assert_int_equal(sp_mon_say(rig.net, ANSWER,
					 &(struct sp_msg_answer){.kind = SP_ANSWER_LEAVE}),
			SP_OK);
	expect_nothing(rig.net);
	assert_true(logged("left the greeter", "alice"));
	disconnect();
	/* WAIT takes no other answer. */
	to_approval();
	assert_int_equal(sp_mon_say(rig.net, ANSWER, &(struct sp_msg_answer){.kind = SP_ANSWER_OK}),
			SP_OK);
	assert_true(was_ended());
	disconnect();
}

/* Ended by somebody else while the greeter asks, and while the target is open. */
static void test_ended_by_others(void **state)
{
	connect_one();
	rig.conf.mfa = SP_CONF_MFA_REQUIRED;
	log_in_carol();
	verdict();
	assert_int_equal(converse(), SP_PROMPT_CODE);
	sp_session_end(rig.k.conns->session, SP_WHY_ADMIN, SP_SESSION_INFO_ADMIN, "maintenance",
			rig.clock_us);
	expect(rig.net, SP_MSG_PROMPT);
	assert_int_equal(rig.in.body.prompt.kind, SP_PROMPT_REFUSED);
	assert_string_equal(rig.in.body.prompt.text, "maintenance");
	/* The answer was on its way. */
	assert_int_equal(sp_mon_say(rig.net, ANSWER, &(struct sp_msg_answer){.kind = SP_ANSWER_OK}),
			SP_OK);
	expect_nothing(rig.net);
	assert_false(was_ended());
	disconnect();

	connect_one();
	to_given();
	sp_session_end(rig.k.conns->session, SP_WHY_ADMIN, SP_SESSION_INFO_ADMIN, "maintenance",
			rig.clock_us);
	expect(rig.net, SP_MSG_SESSION_END);
	assert_int_equal(rig.in.body.session_end.why, SP_WHY_ADMIN);
	assert_int_equal(rig.in.body.session_end.error_info, SP_SESSION_INFO_ADMIN);
	assert_string_equal(rig.in.body.session_end.text, "maintenance");
	disconnect();
}

static void test_last_reason(void **state)
{
	struct sp_user u;

	assert_int_equal(sp_store_get(rig.k.store, "carol", &u), SP_OK);
	for (int legal = 0; legal < 2; legal++) {
		connect_one();
		rig.conf.mfa = SP_CONF_MFA_REQUIRED;
		if (legal) {
			snprintf(rig.conf.notice, sizeof(rig.conf.notice), "Be good.");
		}
		sp_session_reason_put(rig.k.sessions, u.id, SP_WHY_IDLE, "db1", "idle for too long",
				rig.clock_us);
		log_in_carol();
		verdict();
		assert_int_equal(converse(), SP_PROMPT_NOTICE);
		assert_string_equal(rig.in.body.prompt.text,
				"Your last session ended: idle for too long");
		assert_string_equal(rig.in.body.prompt.notice, legal ? "Be good." : "");
		/* It is told once. */
		assert_int_equal(answer(""), SP_PROMPT_CODE);
		assert_string_equal(rig.in.body.prompt.text, "");
		disconnect();
	}
	/* It makes no greeter for somebody who needs none, and is kept. */
	sp_session_reason_put(rig.k.sessions, u.id, SP_WHY_IDLE, "db1", "idle for too long",
			rig.clock_us);
	connect_one();
	log_in_carol();
	assert_int_equal(verdict().ask, 0);
	disconnect();
	struct sp_session_last last;
	assert_true(sp_session_reason_take(rig.k.sessions, u.id, rig.clock_us, &last));
}

static void test_rail(void **state)
{
	struct sp_msg_converse rail = {.rail = 1};
	char name[64];

	connect_one();
	rig.conf.mfa = SP_CONF_MFA_REQUIRED;
	log_in_carol();
	verdict();
	assert_int_equal(converse_with(&rail), SP_PROMPT_REFUSED);
	assert_non_null(strstr(rig.in.body.prompt.text, "user#target#code"));
	disconnect();
	connect_one();
	rig.conf.mfa = SP_CONF_MFA_REQUIRED;
	rig.unix_s += 300;
	snprintf(name, sizeof(name), "carol#desktop#%s", good_code());
	log_in_as(name, GOOD);
	assert_int_equal(verdict().ask, 1);
	assert_int_equal(converse_with(&rail), SP_PROMPT_DONE);
	open_target();
	disconnect();
}

/* The client comes back by itself: our cookie stands for all that was asked. */
static void test_cookie(void **state)
{
	static const uint8_t zero[32];
	struct sp_span part = sp_span(zero, sizeof(zero));
	struct sp_msg_converse m = {.arc = {.present = 1}};
	struct sp_msg_bye bye = {.why = SP_WHY_LOST};
	struct sp_msg_arc arc;

	char name[64];

	connect_one();
	rig.conf.mfa = SP_CONF_MFA_REQUIRED;
	rig.unix_s += 300;
	snprintf(name, sizeof(name), "carol#db1#%s", good_code());
	rig.name = name;
	to_given();
	arc = rig.in.body.target.arc;
	assert_int_equal(arc.present, 1);
	struct sp_msg_arc own = {.present = 1, .logon_id = 77, .bits = {9}};
	assert_int_equal(sp_mon_say(rig.net, TARGET_UP, &(struct sp_msg_none){0}), SP_OK);
	assert_int_equal(sp_mon_say(rig.net, TARGET_ARC, &own), SP_OK);
	turn();
	assert_int_equal(sp_mon_say(rig.net, BYE, &bye), SP_OK);
	turn();
	disconnect();

	m.arc.logon_id = arc.logon_id;
	rig.k.crypto->hmac_md5(sp_span(arc.bits, sizeof(arc.bits)), &part, 1, m.arc.bits);
	for (int again = 0; again < 2; again++) {
		connect_one();
		with_db1();
		rig.conf.mfa = SP_CONF_MFA_REQUIRED;
		snprintf(rig.conf.notice, sizeof(rig.conf.notice), "Be good.");
		log_in_as("carol", GOOD);
		assert_int_equal(verdict().ask, 1);
		/* It is good once. */
		assert_int_equal(converse_with(&m), again ? SP_PROMPT_NOTICE : SP_PROMPT_DONE);
		if (!again) {
			struct sp_msg_open_target open = {
					.geometry = {.width = 800, .height = 600, .bpp = 16}};

			assert_true(logged("logged in to db1", "auto-reconnect cookie"));
			assert_int_equal(rig.k.conns->session->target_arc.logon_id, 77);
			assert_int_equal(sp_mon_say(rig.net, OPEN_TARGET, &open), SP_OK);
			expect(rig.dial, SP_MSG_DIAL);
		}
		disconnect();
	}
}

static void test_recovery_code(void **state)
{
	char codes[SP_RECOVERY_COUNT][SP_RECOVERY_TEXT];

	assert_int_equal(sp_store_recovery_make(rig.k.store, "carol", codes), SP_OK);
	for (int again = 0; again < 2; again++) {
		connect_one();
		rig.conf.mfa = SP_CONF_MFA_REQUIRED;
		log_in_carol();
		verdict();
		assert_int_equal(converse(), SP_PROMPT_CODE);
		assert_int_equal(rig.in.body.prompt.recovery, 1);
		assert_int_equal(answer(codes[2]), again ? SP_PROMPT_CODE : SP_PROMPT_DONE);
		assert_int_equal(logged("used a recovery code", "9 are left"), !again);
		assert_false(logged(codes[2], ""));
		disconnect();
	}
}

/* Two logins with one recovery code, both at the question: one of them is let in. */
static void test_recovery_code_twice_at_once(void **state)
{
	char codes[SP_RECOVERY_COUNT][SP_RECOVERY_TEXT], why[SP_STORE_WHY];

	assert_int_equal(sp_store_recovery_make(rig.k.store, "carol", codes), SP_OK);
	/* The other keeper of the same store. */
	struct sp_store *other = sp_store_open("s", NULL, false, rig.k.crypto, why);
	assert_non_null(other);
	connect_one();
	rig.conf.mfa = SP_CONF_MFA_REQUIRED;
	log_in_carol();
	verdict();
	assert_int_equal(converse(), SP_PROMPT_CODE);
	assert_int_equal(sp_store_recovery_use(other, "carol", codes[0], rig.unix_s), SP_OK);
	assert_int_equal(answer(codes[0]), SP_PROMPT_CODE);
	assert_non_null(strstr(rig.in.body.prompt.text, "used already"));
	disconnect();
	sp_store_close(other);
}

/* Carol, from wherever rig.source says, up to the first question. */
static uint32_t carol_asked(void)
{
	connect_one();
	rig.conf.mfa = SP_CONF_MFA_REQUIRED;
	assert_int_equal(prove("carol", GOOD), SP_PROOF_GRANTED);
	done_with("carol", GOOD);
	assert_int_equal(verdict().ask, 1);
	return converse();
}

/* Five wrong codes, over as many conversations as there are. */
static void test_too_many_codes(void **state)
{
	const struct sp_source here = rig.source;
	const char *const said = "Too many wrong codes from here. Try again in";

	rig.unix_s += 300;
	rig.source = (struct sp_source){
			.family = AF_INET, .addr = {192, 0, 2, 7}, .text = "192.0.2.7:5"};
	assert_int_equal(carol_asked(), SP_PROMPT_CODE);
	assert_int_equal(answer("000000"), SP_PROMPT_CODE);
	assert_int_equal(answer("000000"), SP_PROMPT_CODE);
	assert_int_equal(answer("000000"), SP_PROMPT_REFUSED);
	assert_non_null(strstr(rig.in.body.prompt.text, "Connect again"));
	disconnect();
	assert_int_equal(carol_asked(), SP_PROMPT_CODE);
	assert_int_equal(answer("000000"), SP_PROMPT_CODE);
	assert_false(logged("none is taken", ""));
	assert_int_equal(answer("000000"), SP_PROMPT_REFUSED);
	assert_string_equal(rig.in.body.prompt.text,
			"Too many wrong codes from here. Try again in 10 minutes.");
	assert_true(logged("too many wrong codes of user carol: from this network none is taken "
			   "for 10 minutes",
			"1 conn"));
	disconnect();
	/* Told at once, and no failure more; a code in the name is not looked at either. */
	rig.unix_s += 61;
	assert_int_equal(carol_asked(), SP_PROMPT_REFUSED);
	assert_string_equal(rig.in.body.prompt.text,
			"Too many wrong codes from here. Try again in 9 minutes.");
	assert_true(logged(said, "2 conn"));
	assert_false(logged("1 conn", "code"));
	expect(rig.parent, SP_MSG_CONN_GRANTED);
	expect_nothing(rig.parent);
	disconnect();
	char name[64];
	connect_one();
	rig.conf.mfa = SP_CONF_MFA_REQUIRED;
	snprintf(name, sizeof(name), "carol##%s", good_code());
	log_in_as(name, GOOD);
	verdict();
	assert_int_equal(converse(), SP_PROMPT_REFUSED);
	assert_non_null(strstr(rig.in.body.prompt.text, said));
	disconnect();
	/* Nowhere else. */
	rig.source.addr[3] = 8;
	assert_int_equal(carol_asked(), SP_PROMPT_CODE);
	assert_int_equal(answer(good_code()), SP_PROMPT_DONE);
	disconnect();
	/* Nor for an enrolled device, where a rule wants a code of it. */
	char password[SP_DEVICE_TEXT];
	int64_t id;
	rig.source.addr[3] = 7;
	assert_int_equal(sp_store_device_add(rig.k.store, "carol", "laptop", password, &id), SP_OK);
	connect_one();
	with_rule("codes")->mfa = SP_CONF_FACTOR_TOTP;
	rig.unix_s += 30;
	log_in_as("carol", password);
	verdict();
	assert_int_equal(converse(), SP_PROMPT_CODE);
	assert_int_equal(answer(good_code()), SP_PROMPT_DONE);
	disconnect();
	/* It ends. */
	rig.unix_s += 540;
	assert_int_equal(carol_asked(), SP_PROMPT_CODE);
	assert_int_equal(answer(good_code()), SP_PROMPT_DONE);
	disconnect();
	rig.source = here;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_code_in_name),
			cmocka_unit_test(test_order),
			cmocka_unit_test(test_not_approved),
			cmocka_unit_test(test_ended_by_others),
			cmocka_unit_test(test_last_reason),
			cmocka_unit_test(test_rail),
			cmocka_unit_test(test_cookie),
			cmocka_unit_test(test_recovery_code),
			cmocka_unit_test(test_recovery_code_twice_at_once),
			cmocka_unit_test(test_too_many_codes),
	};

	return cmocka_run_group_tests(tests, rig_open, rig_close);
}
