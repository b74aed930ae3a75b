/* tests/gate/keeper/test_session_step.c - off the line for an alert, and back with a second factor. */
#include "session_kit.h"

/* Off the line for an alert: the client's way back stays open, and a second factor is owed. */
static void test_step_up(void **state)
{
	struct told a, b;
	struct sp_msg_arc cookie;
	struct sp_session_last last;
	struct sp_session *s = active(&a, &alice, &home);

	sp_session_arc_make(s, &cookie);
	struct sp_msg_arc arc = answer_to(&cookie);
	assert_ptr_equal(sp_session_named(all, s->name), s);
	assert_null(sp_session_named(all, "nobody"));
	assert_false(sp_session_owes(all, alice.id, now_us));
	sp_session_step_up(s, false, "a second factor is needed again", now_us);
	assert_int_equal(a.ends, 0); /* the cookie is on its way to the client */
	now_us += SP_SESSION_COOKIE_US;
	assert_true(sp_sessions_due(all) <= now_us);
	sp_sessions_tick(all, NOON, now_us);
	assert_int_equal(a.ends, 1);
	assert_string_equal(a.text, "a second factor is needed again");
	assert_int_equal(a.why, SP_WHY_ALERT);
	assert_int_equal(a.error_info, 0);
	assert_true(s->stepped);
	sp_session_step_up(s, false, "", now_us); /* once is enough */
	assert_int_equal(a.ends, 1);
	assert_true(sp_session_owes(all, alice.id, now_us));
	assert_false(sp_session_owes(all, bob.id, now_us));
	/* It says whatever it likes on its way out. */
	sp_session_close(s, SP_WHY_BYE, "", now_us);
	assert_true(sp_session_reason_take(all, alice.id, now_us, &last));
	assert_int_equal(last.why, SP_WHY_ALERT);
	struct sp_session *n = begin(&b, &alice, &home);
	assert_true(sp_session_arc_check(n, &arc, now_us, &misused));
	assert_string_equal(n->target, "db1");
	assert_true(sp_session_owes(all, alice.id, now_us));
	sp_session_proved(n, SP_CONF_FACTOR_DEVICE);
	assert_true(sp_session_owes(all, alice.id, now_us));
	sp_session_proved(n, SP_CONF_FACTOR_TOTP);
	assert_false(sp_session_owes(all, alice.id, now_us));
	assert_false(resumes(&alice, &home, &arc));
}

/* The client is back before the old end is gone: it takes over, and nothing is left behind. */
static void test_step_up_overtaken(void **state)
{
	struct told a, b;
	struct sp_msg_arc cookie;
	struct sp_session *s = active(&a, &alice, &home);

	sp_session_arc_make(s, &cookie);
	struct sp_msg_arc arc = answer_to(&cookie);
	now_us += SP_SESSION_COOKIE_US;
	sp_session_step_up(s, false, "", now_us);
	assert_int_equal(a.ends, 1);
	struct sp_session *n = begin(&b, &alice, &home);
	assert_true(sp_session_arc_check(n, &arc, now_us, &misused));
	sp_session_close(s, SP_WHY_BYE, "", now_us);
	assert_false(resumes(&alice, &home, &arc));
	/* A day later nothing is owed any more. */
	assert_true(sp_session_owes(all, alice.id, now_us));
	assert_false(sp_session_owes(all, alice.id, now_us + SP_SESSION_STEP_US));
}

/* Before the target is up there is no cookie to come back by. */
static void test_step_up_early(void **state)
{
	struct told a;
	struct sp_session *s = granted(&a, &alice, &home);

	sp_session_step_up(s, false, "early", now_us);
	now_us += MINUTE;
	tick();
	assert_int_equal(a.ends, 0);
	sp_session_up(s, 1000, now_us);
	tick();
	assert_int_equal(a.ends, 0);
	now_us += SP_SESSION_COOKIE_US;
	tick();
	assert_int_equal(a.ends, 1);
	assert_string_equal(a.text, "early");
}

static void test_pause(void **state)
{
	struct told a;
	struct sp_msg_arc cookie;
	struct sp_session *s = active(&a, &alice, &home);

	sp_session_arc_make(s, &cookie);
	struct sp_msg_arc arc = answer_to(&cookie);
	sp_session_step_up(s, true, "no", now_us);
	assert_int_equal(a.why, SP_WHY_ALERT);
	assert_int_equal(a.error_info, SP_SESSION_INFO_ADMIN);
	assert_false(s->stepped);
	sp_session_close(s, SP_WHY_LOST, "", now_us);
	assert_false(resumes(&alice, &home, &arc));
	assert_true(sp_session_owes(all, alice.id, now_us));
}

/* In the conversation it is enough that the code will be asked for. */
static void test_step_up_in_conversation(void **state)
{
	struct told a;
	struct sp_session *s = begin(&a, &alice, &home);

	sp_session_step_up(s, false, "", now_us);
	assert_int_equal(a.ends, 0);
	assert_int_equal(s->state, SP_SESSION_TALK);
	assert_true(sp_session_owes(all, alice.id, now_us));
	sp_session_step_up(s, true, "", now_us);
	assert_int_equal(a.ends, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
			TEST(test_step_up),
			TEST(test_step_up_overtaken),
			TEST(test_step_up_early),
			TEST(test_pause),
			TEST(test_step_up_in_conversation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
