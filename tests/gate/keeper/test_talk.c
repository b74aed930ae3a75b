/* tests/gate/keeper/test_talk.c - the conversation: order, enrolment, codes, tries, reasons. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/attr.h"
#include "gate/keeper/talk.h"
#include "gate/keeper/talk_factor.h"
#include "host/lib/crypto_nettle.h"

#define GOOD "four staples and a horse"
#define NOW INT64_C(1700000000)

static char dir[] = "/tmp/sp-test-talk-XXXXXX";
static char why[SP_STORE_WHY], text[SP_TEXT_WHY];
static struct sp_store *st;
static struct sp_conf conf;
static struct sp_conf_rule rules[3];
static struct sp_conf_rule *builtin; /* of the empty configuration */
static struct sp_talk t;
static struct sp_talk_step step;
static struct sp_pending alice = {.id = 1, .conn = 1};
static struct sp_source source = {.family = 2, .addr = {127, 0, 0, 1}};
static struct sp_talk_about about;

static int setup(void **state)
{
	if (mkdtemp(dir) == NULL || chdir(dir) != 0) {
		return -1;
	}
	sp_conf_default(&conf);
	builtin = conf.rule;
	st = sp_store_open("s", NULL, true, &sp_crypto_nettle, why);
	return st != NULL && sp_store_add(st, "alice", "", GOOD) == SP_OK &&
					sp_store_get(st, "alice", &alice.user) == SP_OK
			? 0
			: -1;
}

static int teardown(void **state)
{
	sp_talk_finish(&t);
	conf.rule = builtin;
	sp_conf_finish(&conf);
	sp_store_close(st);
	unlink("s/store.db");
	unlink("s/keeper.key");
	rmdir("s");
	return chdir("/") == 0 && rmdir(dir) == 0 ? 0 : -1;
}

/* Desktops "desktop" and "lab", hosts "db1" and "db2"; a rule for all of them and code needed. */
static int fresh(void **state)
{
	static const char *const names[] = {"desktop", "lab", "db1", "db2"};

	memset(rules, 0, sizeof(rules));
	for (size_t i = 0; i < SP_LEN(rules); i++) {
		snprintf(rules[i].name, sizeof(rules[i].name), "rule %zu", i);
		rules[i].line = (uint32_t)i + 1;
	}
	conf.rule = rules;
	conf.n_rules = 1;
	conf.mfa = SP_CONF_MFA_REQUIRED;
	conf.notice[0] = '\0';
	conf.n_targets = 4;
	for (size_t i = 0; i < 4; i++) {
		conf.target[i] = (struct sp_conf_target){
				.kind = i < 2 ? SP_CONF_DESKTOP : SP_CONF_RDP};
		snprintf(conf.target[i].name, sizeof(conf.target[i].name), "%s", names[i]);
		snprintf(conf.target[i].text, sizeof(conf.target[i].text), "this is %s", names[i]);
	}
	conf.target[2].login = conf.target[3].login = SP_CONF_LOGIN_SAME;
	int rc = sp_store_totp_clear(st, "alice");
	assert_true(rc == SP_OK || rc == SP_ENOTFOUND);
	assert_int_equal(sp_store_get(st, "alice", &alice.user), SP_OK);
	sp_talk_finish(&t);
	about = (struct sp_talk_about){.conf = &conf,
			.store = st,
			.crypto = &sp_crypto_nettle,
			.who = &alice,
			.delegated = true,
			.ask = {.user = "alice", .source = &source, .interface = "", .now = NOW}};
	return 0;
}

static enum sp_why enter(const char *sent)
{
	struct sp_name name;

	sp_name_split(sent, &name);
	return sp_talk_open(&t, &about, &name, "", text);
}

/* The kind of what is asked next. */
static uint32_t next(void)
{
	sp_talk_step(&t, &about, &step);
	return step.out.kind;
}

static uint32_t say(const char *s)
{
	struct sp_msg_answer m = {.kind = SP_ANSWER_OK, .password = "secret"};

	snprintf(m.text, sizeof(m.text), "%s", s);
	assert_int_equal(sp_talk_answer(&t, &about, &m, &step), SP_OK);
	return step.out.kind;
}

static uint32_t pick(uint32_t choice)
{
	struct sp_msg_answer m = {.kind = SP_ANSWER_OK, .choice = choice};

	assert_int_equal(sp_talk_answer(&t, &about, &m, &step), SP_OK);
	return step.out.kind;
}

static const char *code_at(int64_t when, const uint8_t *secret)
{
	static char code[SP_TOTP_DIGITS + 1];

	assert_int_equal(sp_totp_code(secret, sp_totp_step(when), code), SP_OK);
	return code;
}

static void test_need(void **state)
{
	static const struct {
		uint32_t factors;
		bool optional;
		uint32_t came;
		bool totp;
		enum sp_need need;
	} rows[] = {
			{SP_CONF_FACTOR_NONE, false, 0, true, SP_NEED_NOTHING},
			{SP_CONF_FACTOR_NONE | SP_CONF_FACTOR_TOTP, false, 0, true,
					SP_NEED_NOTHING},
			{SP_CONF_FACTOR_TOTP, false, 0, true, SP_NEED_CODE},
			{SP_CONF_FACTOR_TOTP, false, 0, false, SP_NEED_CODE},
			{SP_CONF_FACTOR_TOTP, true, 0, false, SP_NEED_NOTHING},
			{SP_CONF_FACTOR_TOTP, true, 0, true, SP_NEED_CODE},
			{SP_CONF_FACTOR_TOTP, false, SP_CONF_FACTOR_DEVICE, true, SP_NEED_CODE},
			{SP_CONF_FACTOR_TOTP | SP_CONF_FACTOR_DEVICE, false, SP_CONF_FACTOR_DEVICE,
					true, SP_NEED_NOTHING},
			{SP_CONF_FACTOR_DEVICE, false, 0, true, SP_NEED_OTHER},
			{SP_CONF_FACTOR_TOKEN, false, SP_CONF_FACTOR_DEVICE, true, SP_NEED_OTHER},
			{SP_CONF_FACTOR_TOKEN, false, SP_CONF_FACTOR_TOKEN, false, SP_NEED_NOTHING},
			{0, false, 0, true, SP_NEED_OTHER},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_policy_verdict v = {
				.factors = rows[i].factors, .optional = rows[i].optional};
		assert_int_equal(sp_talk_need(&v, rows[i].came, rows[i].totp), rows[i].need);
	}
}

static void test_enrolment(void **state)
{
	char shown[64], code[SP_TOTP_DIGITS + 1];
	uint8_t first[SP_TOTP_SECRET], typed[SP_TOTP_SECRET];
	struct sp_user u;

	/* A code in the name of somebody without a secret is no try. */
	assert_int_equal(enter("alice#lab#123456"), SP_WHY_OK);
	assert_true(sp_talk_left(&t, &about));
	assert_int_equal(next(), SP_PROMPT_ENROL);
	assert_int_equal(step.next, SP_TALK_ASK);
	assert_int_equal(step.out.tries, 3);
	assert_true(step.out.qr[0] && step.out.qr[step.out.qr_side - 1]);
	assert_int_equal(sp_totp_parse(step.out.secret, typed), SP_OK);
	assert_memory_equal(typed, t.secret, sizeof(typed));
	snprintf(shown, sizeof(shown), "%s", step.out.secret);
	memcpy(first, t.secret, sizeof(first));
	assert_int_equal(say("nonsense"), SP_PROMPT_ENROL);
	assert_true(step.wrong);
	assert_string_equal(step.out.secret, shown);
	/* Nothing is kept until it is confirmed. */
	assert_int_equal(sp_store_get(st, "alice", &u), SP_OK);
	assert_false(u.totp);
	/* Another connection gets a secret of its own. */
	struct sp_talk slower = t;
	assert_int_equal(next(), SP_PROMPT_ENROL);
	assert_memory_not_equal(t.secret, first, sizeof(first));
	memcpy(first, t.secret, sizeof(first));
	/* The new recovery codes are shown until they are read. */
	assert_int_equal(say(code_at(NOW, first)), SP_PROMPT_RECOVERY);
	assert_int_equal(step.proved, SP_FACTOR_ENROLLED);
	assert_int_equal(step.out.items, SP_RECOVERY_COUNT);
	char recovery[SP_RECOVERY_TEXT];
	snprintf(recovery, sizeof(recovery), "%.15s", step.out.item[3].name);
	assert_true(sp_recovery_looks(recovery));
	assert_int_equal(say(""), SP_PROMPT_DONE);
	assert_int_equal(step.next, SP_TALK_DONE);
	assert_int_equal(t.factor, SP_FACTOR_ENROLLED);
	assert_int_equal(t.n_codes, 0);
	/* The slower of two enrolments is none. */
	struct sp_talk mine = t;
	snprintf(code, sizeof(code), "%s", code_at(NOW, slower.secret));
	t = slower;
	assert_int_equal(say(code), SP_PROMPT_REFUSED);
	t = mine;
	/* The code of the enrolment is spent; the next one is good, once. */
	char name[64];
	snprintf(name, sizeof(name), "alice#lab#%s", code_at(NOW, first));
	assert_int_equal(enter(name), SP_WHY_OK);
	assert_int_equal(next(), SP_PROMPT_CODE);
	assert_int_equal(step.out.tries, 2);
	assert_int_equal(step.out.qr_side, 0);
	assert_int_equal(step.out.recovery, 1);
	assert_string_equal(step.out.secret, "");
	assert_int_equal(say(code_at(NOW + 30, first)), SP_PROMPT_DONE);
	assert_int_equal(t.factor, SP_FACTOR_CODE);
	/* A recovery code in its place, once. */
	assert_int_equal(enter("alice#lab"), SP_WHY_OK);
	assert_int_equal(next(), SP_PROMPT_CODE);
	assert_int_equal(say(recovery), SP_PROMPT_DONE);
	assert_int_equal(t.factor, SP_FACTOR_RECOVERY);
	assert_int_equal(enter("alice#lab"), SP_WHY_OK);
	assert_int_equal(next(), SP_PROMPT_CODE);
	assert_int_equal(say(recovery), SP_PROMPT_CODE);
	assert_non_null(strstr(step.out.text, "used already"));
	assert_true(step.wrong);
}

static void test_tries(void **state)
{
	assert_int_equal(enter("alice#lab"), SP_WHY_OK);
	next();
	for (int left = 2; left >= 0; left--) {
		say("abc");
		assert_int_equal(step.next, left > 0 ? SP_TALK_ASK : SP_TALK_REFUSE);
		assert_true(step.wrong);
		assert_int_equal(step.proved, SP_FACTOR_MISSING);
	}
	/* Nothing is asked any more. */
	struct sp_msg_answer m = {.kind = SP_ANSWER_OK};
	assert_int_equal(sp_talk_answer(&t, &about, &m, &step), SP_EFIELD);
}

/* Everything that can be asked, in its order. */
static void test_order(void **state)
{
	uint8_t secret[SP_TOTP_SECRET] = {1, 2, 3};

	assert_int_equal(sp_store_totp_set(st, "alice", secret, 0), SP_OK);
	snprintf(conf.notice, sizeof(conf.notice), "Be good.\nOr else.");
	rules[0].reason = true;
	rules[0].n_approval = 3;
	snprintf(rules[0].approval[0], SP_CONF_NAME, "bob");
	snprintf(rules[0].approval[1], SP_CONF_NAME, "carol");
	snprintf(rules[0].approval[2], SP_CONF_NAME, "@leads");
	conf.target[2].login = SP_CONF_LOGIN_ASK;
	assert_int_equal(enter("alice"), SP_WHY_OK);
	assert_int_equal(next(), SP_PROMPT_NOTICE);
	assert_string_equal(step.out.notice, "Be good.\nOr else.");
	assert_int_equal(say(""), SP_PROMPT_CODE);
	assert_int_equal(say(code_at(NOW, secret)), SP_PROMPT_TARGET);
	assert_int_equal(step.out.items, 4);
	assert_string_equal(step.out.item[2].name, "db1");
	assert_string_equal(step.out.item[2].text, "this is db1");
	/* Nothing that was not offered. */
	struct sp_msg_answer m = {.kind = SP_ANSWER_OK, .choice = 4};
	assert_int_equal(sp_talk_answer(&t, &about, &m, &step), SP_EFIELD);
	assert_int_equal(pick(2), SP_PROMPT_REASON);
	assert_string_equal(step.out.title, "db1");
	assert_int_equal(say("  "), SP_PROMPT_REASON);
	assert_int_equal(say("ticket 7"), SP_PROMPT_LOGIN);
	assert_string_equal(step.out.title, "db1");
	assert_string_equal(step.out.user, "alice");
	assert_string_equal(t.reason, "ticket 7");
	assert_int_equal(say(""), SP_PROMPT_LOGIN);
	assert_false(step.login);
	assert_int_equal(say("CORP\\admin"), SP_PROMPT_WAIT);
	assert_true(step.login);
	assert_int_equal(step.next, SP_TALK_WAIT);
	assert_string_equal(step.out.text, "bob, carol or @leads must approve this session.");
	/* It asks nothing. */
	m.choice = 0;
	assert_int_equal(sp_talk_answer(&t, &about, &m, &step), SP_EFIELD);
	t.approved = true;
	assert_int_equal(next(), SP_PROMPT_DONE);
	assert_int_equal(step.next, SP_TALK_DONE);
	assert_string_equal(t.target, "db1");
}

/* A cookie of ours answers all but the target's own login. */
static void test_resume(void **state)
{
	snprintf(conf.notice, sizeof(conf.notice), "Be good.");
	rules[0].reason = true;
	assert_int_equal(enter("alice"), SP_WHY_OK);
	sp_talk_resume(&t, "db2");
	assert_int_equal(next(), SP_PROMPT_DONE);
	assert_string_equal(t.target, "db2");
	assert_int_equal(t.factor, SP_FACTOR_COOKIE);
	about.delegated = false;
	assert_int_equal(enter("alice"), SP_WHY_OK);
	sp_talk_resume(&t, "db2");
	assert_int_equal(next(), SP_PROMPT_LOGIN);
}

/* A code that is owed: neither the cookie nor a device's password stands for it. */
static void test_again(void **state)
{
	static const uint8_t secret[SP_TOTP_SECRET] = {7, 7, 7};

	assert_int_equal(sp_store_totp_set(st, "alice", secret, 0), SP_OK);
	about.again = true;
	assert_int_equal(enter("alice"), SP_WHY_OK);
	sp_talk_resume(&t, "db2");
	assert_int_equal(next(), SP_PROMPT_CODE);
	assert_int_equal(say(code_at(NOW, secret)), SP_PROMPT_DONE);
	assert_string_equal(t.target, "db2");
	assert_int_equal(t.factor, SP_FACTOR_CODE);
	about.came = SP_CONF_FACTOR_DEVICE;
	rules[0].mfa = SP_CONF_FACTOR_DEVICE;
	assert_int_equal(enter("alice#db1"), SP_WHY_OK);
	assert_int_equal(next(), SP_PROMPT_CODE);
	/* Who has no secret for codes proves what can be proved. */
	assert_int_equal(sp_store_totp_clear(st, "alice"), SP_OK);
	assert_int_equal(enter("alice#db1"), SP_WHY_OK);
	assert_int_equal(next(), SP_PROMPT_DONE);
	about.came = 0;
	about.again = false;
}

static void test_targets(void **state)
{
	conf.mfa = SP_CONF_MFA_NONE;
	assert_int_equal(enter("alice#nowhere"), SP_WHY_POLICY);
	assert_string_equal(text, "there is no such target");
	/* More than a target's name can be. */
	char sent[300];
	memset(sent, 'x', sizeof(sent));
	memcpy(sent, "alice#", 6);
	sent[sizeof(sent) - 1] = '\0';
	assert_int_equal(enter(sent), SP_WHY_POLICY);
	/* A token's target goes before the name's, and must not differ from it. */
	struct sp_name name;
	sp_name_split("alice", &name);
	assert_int_equal(sp_talk_open(&t, &about, &name, "lab", text), SP_WHY_OK);
	assert_string_equal(t.target, "lab");
	sp_name_split("alice#desktop", &name);
	assert_int_equal(sp_talk_open(&t, &about, &name, "lab", text), SP_WHY_POLICY);
	/* The only one in reach is the chosen one. */
	rules[0].n_targets = 1;
	snprintf(rules[0].targets[0], SP_CONF_NAME, "lab");
	assert_int_equal(enter("alice"), SP_WHY_OK);
	assert_string_equal(t.target, "lab");
	assert_false(sp_talk_left(&t, &about));
	assert_int_equal(enter("alice#desktop"), SP_WHY_POLICY);
	/* None at all. */
	rules[0].n_users = 1;
	snprintf(rules[0].users[0], SP_CONF_NAME, "bob");
	assert_int_equal(enter("alice"), SP_WHY_POLICY);
	assert_true(text[0] != '\0');
}

/* The most that one of the targets needs is asked first; what cannot be had is not offered. */
static void test_strictest(void **state)
{
	conf.mfa = SP_CONF_MFA_NONE;
	conf.n_rules = 3;
	rules[0].n_targets = rules[1].n_targets = rules[2].n_targets = 1;
	snprintf(rules[0].targets[0], SP_CONF_NAME, "desktop");
	snprintf(rules[1].targets[0], SP_CONF_NAME, "lab");
	rules[1].mfa = SP_CONF_FACTOR_TOTP;
	snprintf(rules[2].targets[0], SP_CONF_NAME, "db1");
	rules[2].mfa = SP_CONF_FACTOR_DEVICE;
	assert_int_equal(enter("alice"), SP_WHY_OK);
	assert_int_equal(next(), SP_PROMPT_ENROL);
	t.factor = SP_FACTOR_CODE;
	assert_int_equal(next(), SP_PROMPT_TARGET);
	assert_int_equal(step.out.items, 2);
	/* By name only what that target needs is asked. */
	assert_int_equal(enter("alice#desktop"), SP_WHY_OK);
	assert_false(sp_talk_left(&t, &about));
	assert_int_equal(enter("alice#lab"), SP_WHY_OK);
	assert_int_equal(next(), SP_PROMPT_ENROL);
	assert_int_equal(enter("alice#db1"), SP_WHY_POLICY);
	assert_non_null(strstr(text, "enrolled device"));
	about.came = SP_CONF_FACTOR_DEVICE;
	assert_int_equal(enter("alice#db1"), SP_WHY_OK);
	assert_false(sp_talk_left(&t, &about));
	about.came = 0;
	conf.rule = &rules[2];
	conf.n_rules = 1;
	assert_int_equal(enter("alice"), SP_WHY_POLICY);
}

/* Between the list and the choice the rules may change. */
static void test_changed_rules(void **state)
{
	conf.mfa = SP_CONF_MFA_NONE;
	assert_int_equal(enter("alice"), SP_WHY_OK);
	assert_int_equal(next(), SP_PROMPT_TARGET);
	rules[0].n_targets = 1;
	snprintf(rules[0].targets[0], SP_CONF_NAME, "lab");
	assert_int_equal(pick(3), SP_PROMPT_REFUSED);
	assert_int_equal(step.why, SP_WHY_POLICY);
	assert_int_equal(step.next, SP_TALK_REFUSE);
}

static void test_password_wanted(void **state)
{
	conf.mfa = SP_CONF_MFA_NONE;
	assert_int_equal(enter("alice"), SP_WHY_OK);
	assert_true(sp_talk_wants_password(&t, &about));
	assert_int_equal(enter("alice#lab"), SP_WHY_OK);
	assert_false(sp_talk_wants_password(&t, &about));
	assert_int_equal(enter("alice#db2"), SP_WHY_OK);
	assert_true(sp_talk_wants_password(&t, &about));
	conf.target[2].login = conf.target[3].login = SP_CONF_LOGIN_SECRET;
	assert_int_equal(enter("alice"), SP_WHY_OK);
	assert_false(sp_talk_wants_password(&t, &about));
}

/* Deleted while his login was on its way, and made again by the same name. */
static void test_other_user(void **state)
{
	assert_int_equal(enter("alice#lab"), SP_WHY_OK);
	assert_int_equal(sp_store_delete(st, "alice"), SP_OK);
	assert_int_equal(next(), SP_PROMPT_REFUSED);
	assert_int_equal(sp_store_add(st, "alice", "", GOOD), SP_OK);
	assert_int_equal(next(), SP_PROMPT_REFUSED);
	assert_int_equal(enter("alice#lab"), SP_WHY_POLICY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_need),
			cmocka_unit_test_setup(test_enrolment, fresh),
			cmocka_unit_test_setup(test_tries, fresh),
			cmocka_unit_test_setup(test_order, fresh),
			cmocka_unit_test_setup(test_resume, fresh),
			cmocka_unit_test_setup(test_again, fresh),
			cmocka_unit_test_setup(test_targets, fresh),
			cmocka_unit_test_setup(test_strictest, fresh),
			cmocka_unit_test_setup(test_changed_rules, fresh),
			cmocka_unit_test_setup(test_password_wanted, fresh),
			cmocka_unit_test_setup(test_other_user, fresh),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
