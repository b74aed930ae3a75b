/* tests/gate/keeper/test_talk.c - the conversation: enrolment, tries, reasons. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gate/keeper/talk.h"
#include "host/lib/crypto_nettle.h"

#define GOOD "four staples and a horse"
#define NOW INT64_C(1700000000)

static char dir[] = "/tmp/sp-test-talk-XXXXXX";
static char why[SP_STORE_WHY];
static struct sp_store *st;
static struct sp_talk t;
static struct sp_talk_step step;
static struct sp_pending alice = {.id = 1, .conn = 1};

static int setup(void **state)
{
	if (mkdtemp(dir) == NULL || chdir(dir) != 0) {
		return -1;
	}
	st = sp_store_open("s", true, &sp_crypto_nettle, why);
	return st != NULL && sp_store_add(st, "alice", "", GOOD) == SP_OK &&
					sp_store_get(st, "alice", &alice.user) == SP_OK
			? 0
			: -1;
}

static int teardown(void **state)
{
	sp_store_close(st);
	unlink("s/store.db");
	unlink("s/keeper.key");
	rmdir("s");
	return chdir("/") == 0 && rmdir(dir) == 0 ? 0 : -1;
}

static void begin(const char *code)
{
	sp_talk_begin(&t, st, &sp_crypto_nettle, &alice, code, NOW, &step);
}

static void answer(const char *code)
{
	sp_talk_answer(&t, st, &alice, code, NOW, &step);
}

static void test_needed(void **state)
{
	struct sp_user u = {.id = 1};

	assert_true(sp_talk_needed(SP_CONF_MFA_REQUIRED, &u));
	assert_false(sp_talk_needed(SP_CONF_MFA_ENROLLED, &u));
	assert_false(sp_talk_needed(SP_CONF_MFA_NONE, &u));
	u.totp = true;
	assert_true(sp_talk_needed(SP_CONF_MFA_REQUIRED, &u));
	assert_true(sp_talk_needed(SP_CONF_MFA_ENROLLED, &u));
	assert_false(sp_talk_needed(SP_CONF_MFA_NONE, &u));
}

static void test_enrolment(void **state)
{
	char code[SP_TOTP_DIGITS + 1], shown[64];
	uint8_t first[SP_TOTP_SECRET], typed[SP_TOTP_SECRET];
	struct sp_user u;

	/* A code in the name of somebody without a secret is no try. */
	begin("123456");
	assert_int_equal(step.next, SP_TALK_ASK);
	assert_int_equal(step.out.kind, SP_PROMPT_ENROL);
	assert_int_equal(step.out.tries, 3);
	assert_true(step.out.qr[0] && step.out.qr[step.out.qr_side - 1]);
	assert_int_equal(sp_totp_parse(step.out.secret, typed), SP_OK);
	assert_memory_equal(typed, t.secret, sizeof(typed));
	snprintf(shown, sizeof(shown), "%s", step.out.secret);
	memcpy(first, t.secret, sizeof(first));
	answer("nonsense");
	assert_int_equal(step.next, SP_TALK_ASK);
	assert_int_equal(step.out.kind, SP_PROMPT_ENROL);
	assert_true(step.wrong);
	assert_string_equal(step.out.secret, shown);
	/* Nothing is kept until it is confirmed. */
	assert_int_equal(sp_store_get(st, "alice", &u), SP_OK);
	assert_false(u.totp);
	/* Another connection gets a secret of its own. */
	struct sp_talk second = {0};
	struct sp_talk_step other;
	sp_talk_begin(&second, st, &sp_crypto_nettle, &alice, "", NOW, &other);
	assert_memory_not_equal(second.secret, first, sizeof(first));
	assert_int_equal(sp_totp_code(t.secret, sp_totp_step(NOW), code), SP_OK);
	answer(code);
	assert_int_equal(step.next, SP_TALK_DONE);
	assert_int_equal(step.factor, SP_FACTOR_ENROLLED);
	assert_int_equal(sp_store_get(st, "alice", &u), SP_OK);
	assert_true(u.totp);
	/* The slower of two enrolments is none. */
	assert_int_equal(sp_totp_code(second.secret, sp_totp_step(NOW), code), SP_OK);
	sp_talk_answer(&second, st, &alice, code, NOW, &other);
	assert_int_equal(other.next, SP_TALK_REFUSE);
	/* The code of the enrolment is spent; the next one is good, once. */
	assert_int_equal(sp_totp_code(first, sp_totp_step(NOW), code), SP_OK);
	begin(code);
	assert_int_equal(step.next, SP_TALK_ASK);
	assert_int_equal(step.out.kind, SP_PROMPT_CODE);
	assert_int_equal(step.out.tries, 2);
	assert_int_equal(step.out.qr_side, 0);
	assert_string_equal(step.out.secret, "");
	assert_int_equal(sp_totp_code(first, sp_totp_step(NOW) + 1, code), SP_OK);
	answer(code);
	assert_int_equal(step.next, SP_TALK_DONE);
	assert_int_equal(step.factor, SP_FACTOR_CODE);
}

static void test_tries(void **state)
{
	begin("");
	for (int left = 2; left >= 0; left--) {
		answer("abc");
		assert_int_equal(step.next, left > 0 ? SP_TALK_ASK : SP_TALK_REFUSE);
		assert_true(step.wrong);
		assert_int_equal(step.factor, SP_FACTOR_MISSING);
	}
	answer("abc");
	assert_int_equal(step.next, SP_TALK_REFUSE);
	assert_false(step.wrong);
	sp_talk_late(&step);
	assert_int_equal(step.next, SP_TALK_REFUSE);
	assert_int_equal(step.out.kind, SP_PROMPT_REFUSED);
}

/* Deleted while his login was on its way, and made again by the same name. */
static void test_other_user(void **state)
{
	assert_int_equal(sp_store_delete(st, "alice"), SP_OK);
	begin("");
	assert_int_equal(step.next, SP_TALK_REFUSE);
	assert_int_equal(sp_store_add(st, "alice", "", GOOD), SP_OK);
	begin("");
	assert_int_equal(step.next, SP_TALK_REFUSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_needed),
			cmocka_unit_test(test_enrolment),
			cmocka_unit_test(test_tries),
			cmocka_unit_test(test_other_user),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
