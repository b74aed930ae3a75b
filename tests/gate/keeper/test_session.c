/* tests/gate/keeper/test_session.c - the registry of sessions: approval, limits, ends, the way back. */
#include "session_kit.h"

static void test_life(void **state)
{
	struct told a, b;

	assert_null(sp_sessions_first(all));
	assert_int_equal(sp_sessions_due(all), 0);
	struct sp_session *s = begin(&a, &alice, &home);
	assert_int_equal(s->id, 1);
	assert_int_equal(s->state, SP_SESSION_TALK);
	assert_string_equal(s->user, "alice");
	assert_string_equal(s->interface, "wg0");
	assert_string_equal(s->source.text, "192.0.2.7:50123");
	assert_int_equal(s->since, NOON);
	/* Not up before it is granted. */
	sp_session_up(s, 1000, now_us);
	assert_int_equal(s->state, SP_SESSION_TALK);
	sp_session_chosen(s, "db1", NULL);
	sp_session_reason(s, "ticket 4711");
	assert_string_equal(s->target, "db1");
	assert_string_equal(s->rule, "");
	sp_session_granted(s, 77);
	assert_int_equal(s->state, SP_SESSION_OPENING);
	assert_int_equal(s->grant, 77);
	sp_session_up(s, 1000, now_us);
	assert_int_equal(s->state, SP_SESSION_ACTIVE);
	assert_int_equal(s->up_us, now_us);

	struct sp_session *s2 = begin(&b, &bob, &home);
	assert_int_equal(s2->id, 2);
	assert_ptr_equal(sp_sessions_first(all), s2);
	assert_ptr_equal(s2->next, s);
	assert_ptr_equal(sp_session_find(all, 1), s);
	assert_null(sp_session_find(all, 3));
	assert_null(sp_session_find(all, 0));
	sp_session_close(s, SP_WHY_BYE, "", now_us);
	assert_null(sp_session_find(all, 1));
	/* A number never means two sessions. */
	assert_int_equal(begin(&a, &alice, &home)->id, 3);
	sp_session_close(NULL, SP_WHY_BYE, "", now_us);
	sp_sessions_destroy(NULL);
	for (int i = 0; i < SP_SESSION_STATES; i++) {
		assert_true(sp_session_state_text(i)[0] != '\0');
	}
}

static void test_full(void **state)
{
	static struct told t[SP_SESSIONS], more;
	struct sp_session_facts facts = {
			.conn = 1, .user = &alice, .source = &home, .interface = ""};

	for (size_t i = 0; i < SP_SESSIONS; i++) {
		assert_non_null(begin(&t[i], &alice, &home));
	}
	assert_null(sp_session_create(all, &facts, &owner, &more));
	sp_session_close(t[5].s, SP_WHY_BYE, "", now_us);
	sp_mem_fail_after(0);
	assert_null(sp_session_create(all, &facts, &owner, &more));
	assert_null(sp_sessions_create(&crypto, &seam));
	sp_mem_fail_after(-1);
	assert_non_null(sp_session_create(all, &facts, &owner, &more));
}

static void test_approval(void **state)
{
	struct told t;
	char why[SP_TEXT_WHY];
	struct sp_session *s = begin(&t, &alice, &home);

	world.rule.n_approval = 1;
	world.approver = "carol";
	/* Nobody asked. */
	assert_int_equal(sp_session_decide(s, true, "carol", why), SP_ESTATE);
	assert_int_equal(sp_session_ask_approval(s, &world.rule), SP_SESSION_WAITING);
	assert_int_equal(s->state, SP_SESSION_APPROVAL);
	assert_string_equal(s->rule, "office");
	assert_int_equal(sp_session_approval(s), SP_SESSION_WAITING);
	/* Twice is not possible, and no grant comes of it. */
	assert_int_equal(sp_session_ask_approval(s, &world.rule), SP_SESSION_REFUSED);

	/* His own, also when he is an approver. */
	world.approver = "alice";
	assert_int_equal(sp_session_decide(s, true, "alice", why), SP_EDENIED);
	world.approver = "ALICE";
	assert_int_equal(sp_session_decide(s, true, "ALICE", why), SP_EDENIED);
	world.approver = "carol";
	/* Somebody else; nobody; a name that does not fit. */
	assert_int_equal(sp_session_decide(s, true, "dave", why), SP_EDENIED);
	assert_non_null(strstr(why, "dave is no approver of rule \"office\""));
	assert_int_equal(sp_session_decide(s, false, "dave", why), SP_EDENIED);
	world.approver = "";
	assert_int_equal(sp_session_decide(s, true, "", why), SP_EDENIED);
	char long_name[100];
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	world.approver = long_name;
	assert_int_equal(sp_session_decide(s, true, long_name, why), SP_EDENIED);
	world.approver = "carol";
	/* The rules changed meanwhile. */
	world.verdict.allow = false;
	snprintf(world.verdict.why, sizeof(world.verdict.why), "outside the hours");
	assert_int_equal(sp_session_decide(s, true, "carol", why), SP_EDENIED);
	assert_non_null(strstr(why, "outside the hours"));
	world.verdict.allow = true;
	world.verdict.rule = NULL;
	assert_int_equal(sp_session_decide(s, true, "carol", why), SP_EDENIED);
	world.verdict.rule = &world.rule;
	assert_int_equal(t.decisions, 0);
	assert_int_equal(sp_session_approval(s), SP_SESSION_WAITING);

	assert_int_equal(sp_session_decide(s, true, "carol", why), SP_OK);
	assert_int_equal(t.decisions, 1);
	assert_true(t.approved);
	assert_string_equal(t.by, "carol");
	assert_string_equal(s->approver, "carol");
	assert_int_equal(sp_session_approval(s), SP_SESSION_APPROVED);
	assert_int_equal(s->state, SP_SESSION_TALK);
	assert_int_equal(sp_session_decide(s, false, "carol", why), SP_ESTATE);
	/* Asked once more for the same rule it is not asked; for another one it is. */
	assert_int_equal(sp_session_ask_approval(s, &world.rule), SP_SESSION_APPROVED);
	snprintf(world.rule.name, sizeof(world.rule.name), "night");
	assert_int_equal(sp_session_ask_approval(s, &world.rule), SP_SESSION_WAITING);
	assert_int_equal(sp_session_approval(s), SP_SESSION_WAITING);
	assert_int_equal(sp_session_decide(s, false, "carol", why), SP_OK);
	assert_int_equal(t.decisions, 2);
	assert_false(t.approved);
	assert_int_equal(sp_session_approval(s), SP_SESSION_REFUSED);
}

static void test_approval_ended(void **state)
{
	struct told t;
	char why[SP_TEXT_WHY];
	struct sp_session *s = begin(&t, &alice, &home);

	world.approver = "carol";
	assert_int_equal(sp_session_ask_approval(s, &world.rule), SP_SESSION_WAITING);
	sp_session_end(s, SP_WHY_ADMIN, SP_SESSION_INFO_ADMIN, "enough", now_us);
	assert_int_equal(sp_session_decide(s, true, "carol", why), SP_ESTATE);
	assert_int_equal(sp_session_approval(s), SP_SESSION_REFUSED);
	/* A late grant does not bring it back. */
	sp_session_granted(s, 5);
	sp_session_up(s, 1000, now_us);
	assert_int_equal(s->state, SP_SESSION_ENDING);
}

static void test_tick_policy(void **state)
{
	struct told a, b, c;
	struct sp_session *s = active(&a, &alice, &home);

	begin(&b, &bob, &home); /* has nothing that rules could take */
	granted(&c, &bob, &home);
	assert_true(sp_sessions_due(all) <= START + MINUTE);
	tick();
	assert_int_equal(world.asked, 2);
	assert_int_equal(a.ends + b.ends + c.ends, 0);
	assert_int_equal(sp_sessions_due(all), START + MINUTE);

	world.verdict.allow = false;
	snprintf(world.verdict.why, sizeof(world.verdict.why), "no rule for this network");
	now_us += MINUTE;
	tick();
	assert_int_equal(a.ends, 1);
	assert_int_equal(a.why, SP_WHY_POLICY);
	assert_int_equal(a.error_info, SP_SESSION_INFO_DENIED);
	assert_string_equal(a.text, "no rule for this network");
	assert_int_equal(b.ends, 0);
	assert_int_equal(c.ends, 1);
	assert_int_equal(s->state, SP_SESSION_ENDING);
	/* It is told once, and killed when it does not go. */
	assert_int_equal(sp_sessions_due(all), now_us + SP_SESSION_GRACE_US);
	now_us += SP_SESSION_GRACE_US - 1;
	tick();
	assert_int_equal(a.kills, 0);
	assert_int_equal(sp_sessions_due(all), now_us + 1);
	now_us += 1;
	tick();
	assert_int_equal(a.kills, 1);
	assert_int_equal(c.kills, 1);
	now_us += MINUTE;
	tick();
	assert_int_equal(a.ends, 1);
	assert_int_equal(a.kills, 1);
}

static void test_tick_hours(void **state)
{
	struct told a;

	world.verdict.until = NOON + 90;
	active(&a, &alice, &home);
	tick();
	now_us += MINUTE;
	tick();
	assert_int_equal(a.ends, 0);
	world.verdict = (struct sp_policy_verdict){.why = "outside the hours"};
	now_us += MINUTE;
	tick();
	assert_int_equal(a.ends, 1);
	assert_int_equal(a.why, SP_WHY_POLICY);
	assert_int_equal(a.error_info, SP_SESSION_INFO_TIME);
}

/* Rules that ask for more than the session has shown do not allow it any more. */
static void test_tick_stricter(void **state)
{
	struct told t;

	active(&t, &alice, &home);
	world.verdict.factors = SP_CONF_FACTOR_DEVICE;
	tick();
	assert_int_equal(t.ends, 1);
	assert_non_null(strstr(t.text, "second factor"));

	active(&t, &alice, &home);
	world.verdict.factors = SP_CONF_FACTOR_DEVICE | SP_CONF_FACTOR_NONE;
	tick();
	world.verdict.factors = SP_CONF_FACTOR_DEVICE | SP_CONF_FACTOR_TOTP;
	tick();
	world.verdict.factors = SP_CONF_FACTOR_DEVICE;
	world.verdict.optional = true;
	tick();
	assert_int_equal(t.ends, 0);

	world.verdict.optional = false;
	world.verdict.factors = SP_CONF_FACTOR_NONE;
	world.rule.n_approval = 1;
	world.approver = "carol";
	tick();
	assert_int_equal(t.ends, 1);
	assert_non_null(strstr(t.text, "approval"));
}

static void test_tick_approved(void **state)
{
	struct told t;
	char why[SP_TEXT_WHY];
	struct sp_session *s = begin(&t, &alice, &home);

	world.rule.n_approval = 1;
	world.approver = "carol";
	world.verdict.factors = SP_CONF_FACTOR_NONE;
	assert_int_equal(sp_session_ask_approval(s, &world.rule), SP_SESSION_WAITING);
	assert_int_equal(sp_session_decide(s, true, "carol", why), SP_OK);
	sp_session_granted(s, 1);
	sp_session_up(s, 1000, now_us);
	tick();
	/* Approvers of the same rule may change; another rule's must be him too. */
	world.approver = "dave";
	tick();
	assert_int_equal(t.ends, 0);
	snprintf(world.rule.name, sizeof(world.rule.name), "night");
	world.approver = "carol";
	tick();
	assert_int_equal(t.ends, 0);
	world.approver = "dave";
	tick();
	assert_int_equal(t.ends, 1);
}

static void test_tick_user(void **state)
{
	struct told a, b;

	active(&a, &alice, &home);
	begin(&b, &alice, &home);
	tick();
	assert_int_equal(a.ends + b.ends, 0);
	world.gone = true;
	now_us += MINUTE;
	tick();
	/* Wherever he is in it. */
	assert_int_equal(a.ends, 1);
	assert_int_equal(b.ends, 1);
	assert_int_equal(a.why, SP_WHY_DISABLED);
	assert_int_equal(a.error_info, SP_SESSION_INFO_DENIED);
}

static void test_tick_goes(void **state)
{
	struct told t[4];

	for (size_t i = 0; i < 4; i++) {
		active(&t[i], &alice, &home);
		t[i].goes = true;
	}
	world.verdict.allow = false;
	tick();
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(t[i].ends, 1);
		assert_null(t[i].s);
	}
	assert_null(sp_sessions_first(all));

	active(&t[0], &alice, &home);
	active(&t[1], &alice, &home);
	tick();
	t[0].goes = true;
	t[1].goes = true;
	now_us += SP_SESSION_GRACE_US;
	tick();
	assert_int_equal(t[0].kills, 1);
	assert_int_equal(t[1].kills, 1);
	assert_null(sp_sessions_first(all));
}

/* sp-net ends a session when its time is over; one that lies is ended by us. */
static void test_tick_time(void **state)
{
	struct told t;

	struct sp_msg_target m = {0};

	world.rule.max_s = 120;
	struct sp_session *s = granted(&t, &alice, &home);
	now_us += 10 * MINUTE;
	tick();
	assert_int_equal(t.ends, 0);
	/* From when it has the target: also when it never says that it is up. */
	sp_session_limits(s, &world.verdict, NOON, now_us, &m);
	assert_int_equal(m.max_s, 120);
	now_us += 2 * MINUTE;
	tick();
	assert_int_equal(t.ends, 0);
	now_us += SP_SESSION_SPARE_US;
	tick();
	assert_int_equal(t.ends, 1);
	assert_int_equal(t.why, SP_WHY_TIME);
	assert_int_equal(t.error_info, SP_SESSION_INFO_TIME);
}

/* An sp-net that goes no further than it must holds no place for ever. */
static void test_tick_start(void **state)
{
	struct told a, b, c;

	begin(&a, &alice, &home);
	granted(&b, &alice, &home);
	active(&c, &alice, &home);
	tick();
	now_us += SP_SESSION_START_US - 1;
	tick();
	assert_int_equal(a.ends + b.ends, 0);
	now_us += 1;
	tick();
	assert_int_equal(a.ends, 1);
	assert_int_equal(b.ends, 1);
	assert_int_equal(a.why, SP_WHY_DEADLINE);
	assert_int_equal(c.ends, 0);
}

/* Not all of them in one go, none twice, none forgotten. */
static void test_tick_batches(void **state)
{
	static struct told t[3 * SP_SESSION_BATCH];

	for (size_t i = 0; i < SP_LEN(t); i++) {
		active(&t[i], &alice, &home);
	}
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned n = 1; n <= 3; n++) {
			assert_true(sp_sessions_due(all) <= now_us);
			sp_sessions_tick(all, NOON, now_us);
			assert_int_equal(world.asked, (3 * round + n) * SP_SESSION_BATCH);
		}
		assert_int_equal(sp_sessions_due(all), now_us + SP_SESSION_TICK_US);
		sp_sessions_tick(all, NOON, now_us);
		assert_int_equal(world.asked, (round + 1) * SP_LEN(t));
		now_us += SP_SESSION_TICK_US;
	}
	sp_sessions_tick(all, NOON, now_us);
	/* A reload begins from the start. */
	sp_sessions_recheck(all);
	world.asked = 0;
	for (unsigned n = 0; n < 5; n++) {
		sp_sessions_tick(all, NOON, now_us);
	}
	assert_int_equal(world.asked, SP_LEN(t));
}

static void test_limits(void **state)
{
	struct told t;
	struct sp_msg_target m = {0};
	struct sp_policy_verdict v = world.verdict;
	struct sp_session *s = granted(&t, &alice, &home);

	sp_session_limits(s, &v, NOON, now_us, &m);
	assert_int_equal(m.idle_s, 0);
	assert_int_equal(m.max_s, 0);
	assert_int_equal(m.warn_s, SP_SESSION_WARN_S);
	world.rule.idle_s = 1800;
	world.rule.max_s = 8 * 3600;
	sp_session_limits(s, &v, NOON, now_us, &m);
	assert_int_equal(m.idle_s, 1800);
	assert_int_equal(m.max_s, 8 * 3600);
	assert_int_equal(m.warn_s, SP_SESSION_WARN_S);
	/* The hours end before. */
	v.until = NOON + 3600;
	sp_session_limits(s, &v, NOON, now_us, &m);
	assert_int_equal(m.max_s, 3600);
	/* Now; and "now" is not "never". */
	v.until = NOON;
	sp_session_limits(s, &v, NOON, now_us, &m);
	assert_int_equal(m.max_s, 1);
	v.until = NOON - 60;
	sp_session_limits(s, &v, NOON, now_us, &m);
	assert_int_equal(m.max_s, 1);
	assert_int_equal(m.warn_s, 0);
	/* A minute of idleness is not warned of five minutes before. */
	world.rule.idle_s = 60;
	v.until = 0;
	sp_session_limits(s, &v, NOON, now_us, &m);
	assert_int_equal(m.warn_s, 30);
	world.rule.idle_s = 0;
	/* What was used is used. */
	now_us += 3600 * SECOND;
	sp_session_limits(s, &v, NOON, now_us, &m);
	assert_int_equal(m.max_s, 7 * 3600);
	now_us += 9 * 3600 * SECOND;
	sp_session_limits(s, &v, NOON, now_us, &m);
	assert_int_equal(m.max_s, 1);
	/* Without a rule there is no limit but the hours. */
	v.rule = NULL;
	v.until = NOON + (INT64_C(1) << 40);
	sp_session_limits(s, &v, NOON, now_us, &m);
	assert_int_equal(m.max_s, UINT32_MAX);
}

static void test_reasons(void **state)
{
	struct told t;
	struct sp_session_last last;

	assert_false(sp_session_reason_take(all, 1, now_us, &last));
	sp_session_reason_put(all, 1, SP_WHY_TARGET, "db1", "connection refused", now_us);
	assert_false(sp_session_reason_take(all, 2, now_us, &last));
	assert_true(sp_session_reason_take(all, 1, now_us, &last));
	assert_int_equal(last.why, SP_WHY_TARGET);
	assert_string_equal(last.target, "db1");
	assert_string_equal(last.text, "connection refused");
	assert_false(sp_session_reason_take(all, 1, now_us, &last));
	/* The last one counts, and not for ever. */
	sp_session_reason_put(all, 1, SP_WHY_TARGET, "db1", "first", now_us);
	sp_session_reason_put(all, 1, SP_WHY_IDLE, "db2", "second", now_us);
	assert_true(sp_session_reason_take(all, 1, now_us + SP_SESSION_REASON_US, &last));
	assert_string_equal(last.text, "second");
	sp_session_reason_put(all, 1, SP_WHY_IDLE, "db2", "second", now_us);
	assert_false(sp_session_reason_take(all, 1, now_us + SP_SESSION_REASON_US + 1, &last));
	assert_false(sp_session_reason_take(all, 1, now_us, &last));

	/* What sessions leave behind. */
	static const struct {
		enum sp_why why;
		const char *said, *kept; /* NULL: nothing */
	} rows[] = {
			{SP_WHY_TARGET, "target closed the connection",
					"target closed the connection"},
			{SP_WHY_TARGET, "", "target not available"},
			{SP_WHY_IDLE, "call 555 and say your password", "idle for too long"},
			{SP_WHY_TIME, "", "time is over"},
			{SP_WHY_BYE, "client disconnected", NULL},
			{SP_WHY_LOST, "reset", NULL},
			{SP_WHY_GONE, "", NULL},
			{SP_WHY_CRASH, "", NULL},
			/* Only the keeper knows such things. */
			{SP_WHY_ADMIN, "give me your code", NULL},
			{SP_WHY_POLICY, "give me your code", NULL},
	};
	for (size_t i = 0; i < SP_LEN(rows); i++) {
		active(&t, &alice, &home);
		sp_session_close(t.s, rows[i].why, rows[i].said, now_us);
		bool there = sp_session_reason_take(all, 1, now_us, &last);
		assert_int_equal(there, rows[i].kept != NULL);
		if (there) {
			assert_int_equal(last.why, rows[i].why);
			assert_string_equal(last.text, rows[i].kept);
			assert_string_equal(last.target, "db1");
		}
	}
	/* What the keeper ended it for goes before what sp-net says. */
	active(&t, &alice, &home);
	sp_session_end(t.s, SP_WHY_ADMIN, SP_SESSION_INFO_ADMIN, "maintenance", now_us);
	sp_session_end(t.s, SP_WHY_TIME, SP_SESSION_INFO_TIME, "later", now_us);
	assert_int_equal(t.ends, 1);
	sp_session_close(t.s, SP_WHY_TARGET, "never mind", now_us);
	assert_true(sp_session_reason_take(all, 1, now_us, &last));
	assert_int_equal(last.why, SP_WHY_ADMIN);
	assert_string_equal(last.text, "maintenance");

	/* Bounded: the oldest makes room. */
	for (int64_t i = 0; i <= SP_SESSION_REASONS; i++) {
		sp_session_reason_put(all, 1000 + i, SP_WHY_IDLE, "", "", now_us + (uint64_t)i);
	}
	assert_false(sp_session_reason_take(all, 1000, now_us, &last));
	assert_true(sp_session_reason_take(all, 1001, now_us + 1, &last));
	assert_true(sp_session_reason_take(
			all, 1000 + SP_SESSION_REASONS, now_us + SP_SESSION_REASONS, &last));
}

/* What a client makes of the cookie a0 a1 ... af: computed elsewhere. */
static const uint8_t verifier_a0[16] = {0x51, 0x41, 0xc9, 0x72, 0xec, 0xb5, 0xcc, 0x6c, 0xe3, 0xa8,
		0x0e, 0x9d, 0x32, 0xd1, 0xa0, 0x34};

/* A session that was lost a moment ago; its client's answer. */
static struct sp_msg_arc lost(const struct sp_user *user, const struct sp_source *source)
{
	struct told t;
	struct sp_msg_arc cookie;

	active(&t, user, source);
	sp_session_arc_make(t.s, &cookie);
	assert_int_equal(cookie.present, 1);
	sp_session_close(t.s, SP_WHY_LOST, "", now_us);
	return answer_to(&cookie);
}

static void test_arc(void **state)
{
	struct told a, b;
	struct sp_msg_arc cookie, theirs = {.present = 1, .logon_id = 9, .bits = {5, 6}};
	struct sp_session *s = active(&a, &alice, &home);

	world.rule.max_s = 3600;
	sp_session_reason(s, "ticket 4711");
	sp_session_arc_make(s, &cookie);
	sp_session_arc_target(s, &theirs);
	assert_int_equal(cookie.present, 1);
	assert_true(cookie.bits[0] == 0xa0 && cookie.bits[15] == 0xaf);
	now_us += MINUTE;
	sp_session_close(s, SP_WHY_LOST, "reset", now_us);
	assert_null(sp_sessions_first(all));

	struct sp_msg_arc arc = {.present = 1, .logon_id = cookie.logon_id};
	memcpy(arc.bits, verifier_a0, sizeof(arc.bits));
	now_us += 9 * MINUTE;
	struct sp_session *n = begin(&b, &alice, &home);
	assert_true(sp_session_arc_check(n, &arc, now_us, &misused));
	assert_true(n->resumed);
	assert_string_equal(n->target, "db1");
	assert_true(strcmp(n->rule, "office") == 0 && strcmp(n->reason, "ticket 4711") == 0);
	assert_int_equal(n->factors, SP_CONF_FACTOR_TOTP);
	assert_memory_equal(&n->target_arc, &theirs, sizeof(theirs));
	assert_int_equal(n->began_us, START);
	assert_string_equal(n->before, home.text);
	/* The hour runs on. */
	struct sp_msg_target m = {0};
	sp_session_limits(n, &world.verdict, NOON, now_us, &m);
	assert_int_equal(m.max_s, 3000);
	/* Spent, also for the session that it opened. */
	assert_false(sp_session_arc_check(n, &arc, now_us, &misused));
	assert_false(resumes(&alice, &home, &arc));
	/* A new one for it, another one. */
	sp_session_granted(n, 2);
	next_byte = 0x20;
	sp_session_arc_make(n, &cookie);
	sp_session_up(n, 1000, now_us);
	assert_int_equal(n->began_us, START);
	assert_int_equal(cookie.bits[0], 0x20);
	assert_int_not_equal(cookie.logon_id, arc.logon_id);
}

static void test_arc_living(void **state)
{
	struct told a, b;
	struct sp_msg_arc cookie;
	struct sp_session *s = active(&a, &alice, &home);

	sp_session_arc_make(s, &cookie);
	struct sp_msg_arc arc = answer_to(&cookie);
	/* Made anew: the one before is no good. */
	next_byte = 0x33;
	sp_session_arc_make(s, &cookie);
	assert_true(!resumes(&alice, &home, &arc) && misused);
	arc = answer_to(&cookie);
	struct sp_session *n = begin(&b, &alice, &home);
	assert_true(sp_session_arc_check(n, &arc, now_us, &misused));
	assert_string_equal(n->target, "db1");
	assert_int_equal(a.ends, 1);
	assert_int_equal(a.why, SP_WHY_BYE);
	assert_int_equal(a.error_info, SP_SESSION_INFO_OTHER);
	assert_false(resumes(&alice, &home, &arc));
	/* Nobody is told that he did it himself, and the old one stays over. */
	struct sp_session_last last;
	sp_session_close(s, SP_WHY_LOST, "", now_us);
	assert_false(sp_session_reason_take(all, 1, now_us, &last));
	assert_false(resumes(&alice, &home, &arc));
	/* Not later in the conversation than at its beginning. */
	struct sp_msg_arc more = lost(&alice, &home);
	sp_session_granted(n, 4);
	assert_false(sp_session_arc_check(n, &more, now_us, &misused));
}

static void test_arc_refused(void **state)
{
	struct sp_msg_arc arc = lost(&alice, &home);

	/* Wrong in each of its parts. */
	struct sp_msg_arc bad = arc;
	bad.present = 0;
	assert_false(resumes(&alice, &home, &bad));
	for (size_t i = 0; i < sizeof(arc.bits); i++) {
		bad = arc;
		bad.bits[i] ^= 1;
		assert_false(resumes(&alice, &home, &bad));
	}
	bad = arc;
	bad.logon_id++;
	assert_false(resumes(&alice, &home, &bad));
	memset(&bad, 0, sizeof(bad));
	bad.present = 1;
	assert_false(resumes(&alice, &home, &bad));
	/* Somebody else, or the same name again. */
	struct sp_user again = alice;
	again.created++;
	assert_false(resumes(&bob, &home, &arc));
	assert_false(resumes(&again, &home, &arc));
	/* From elsewhere. */
	struct sp_source other = home;
	other.addr[2]++;
	assert_false(resumes(&alice, &other, &arc));
	other = home;
	other.family = AF_INET6;
	assert_false(resumes(&alice, &other, &arc));
	/* The user, the rules, the factors. */
	world.gone = true;
	assert_false(resumes(&alice, &home, &arc));
	world.gone = false;
	world.verdict.allow = false;
	assert_false(resumes(&alice, &home, &arc));
	world.verdict.allow = true;
	world.verdict.factors = SP_CONF_FACTOR_DEVICE;
	assert_false(resumes(&alice, &home, &arc));
	world.verdict.factors = SP_CONF_FACTOR_TOTP;
	world.rule.n_approval = 1;
	assert_false(resumes(&alice, &home, &arc));
	world.rule.n_approval = 0;
	/* Its time is over. */
	world.rule.max_s = 60;
	now_us += MINUTE;
	assert_false(resumes(&alice, &home, &arc));
	world.rule.max_s = 0;
	/* None of that spent it. */
	other = home;
	other.addr[3] = 99;
	assert_true(resumes(&alice, &other, &arc));
}

static void test_arc_ends(void **state)
{
	struct sp_msg_arc cookie;
	struct told t;
	static const enum sp_why whys[] = {SP_WHY_BYE, SP_WHY_GONE, SP_WHY_IDLE, SP_WHY_TIME,
			SP_WHY_TARGET, SP_WHY_CRASH, SP_WHY_PROTOCOL, SP_WHY_UNKNOWN};

	/* Whatever was not lost is over. */
	for (size_t i = 0; i < SP_LEN(whys); i++) {
		active(&t, &alice, &home);
		sp_session_arc_make(t.s, &cookie);
		sp_session_close(t.s, whys[i], "", now_us);
		struct sp_msg_arc arc = answer_to(&cookie);
		assert_false(resumes(&alice, &home, &arc));
	}
	/* Told to end, it is over at once and for good. */
	active(&t, &alice, &home);
	sp_session_arc_make(t.s, &cookie);
	struct sp_msg_arc arc = answer_to(&cookie);
	sp_session_end(t.s, SP_WHY_ADMIN, SP_SESSION_INFO_ADMIN, "", now_us);
	assert_false(resumes(&alice, &home, &arc));
	sp_session_close(t.s, SP_WHY_LOST, "", now_us);
	assert_false(resumes(&alice, &home, &arc));
	/* Never up: nothing to come back to. */
	granted(&t, &alice, &home);
	sp_session_arc_make(t.s, &cookie);
	sp_session_close(t.s, SP_WHY_LOST, "", now_us);
	arc = answer_to(&cookie);
	assert_false(resumes(&alice, &home, &arc));
	/* Without a cookie, or random numbers for one. */
	active(&t, &alice, &home);
	no_random = true;
	sp_session_arc_make(t.s, &cookie);
	assert_int_equal(cookie.present, 0);
	arc = answer_to(&cookie);
	assert_false(resumes(&alice, &home, &arc));
	arc.logon_id = t.s->id;
	assert_false(resumes(&alice, &home, &arc));
}

static void test_arc_time(void **state)
{
	struct sp_msg_arc arc = lost(&alice, &home);

	now_us += SP_SESSION_LOST_US;
	assert_true(resumes(&alice, &home, &arc));
	arc = lost(&alice, &home);
	now_us += SP_SESSION_LOST_US + 1;
	assert_false(resumes(&alice, &home, &arc));
	/* The tick forgets it too, and then there is nothing to do. */
	arc = lost(&alice, &home);
	tick();
	assert_int_equal(sp_sessions_due(all), now_us + MINUTE);
	now_us += SP_SESSION_LOST_US + 1;
	tick();
	assert_int_equal(sp_sessions_due(all), 0);
}

static void test_arc_disabled_meanwhile(void **state)
{
	struct sp_msg_arc arc = lost(&alice, &home);

	world.gone = true;
	now_us += SP_SESSION_TICK_US;
	tick();
	world.gone = false;
	assert_false(resumes(&alice, &home, &arc));
	/* Nobody minds who was there all the time. */
	arc = lost(&alice, &home);
	for (int i = 0; i < 5; i++) {
		now_us += SP_SESSION_TICK_US;
		tick();
	}
	assert_true(resumes(&alice, &home, &arc));
}

static void test_arc_network6(void **state)
{
	struct sp_source six = {.family = AF_INET6, .addr = {0x20, 1, 0xd, 0xb8, 1, 2, 3, 4, 5}};
	struct sp_msg_arc arc = lost(&alice, &six);

	six.addr[7] ^= 1;
	assert_false(resumes(&alice, &six, &arc));
	six.addr[7] ^= 1;
	six.addr[8] ^= 1;
	six.addr[15] ^= 1;
	assert_true(resumes(&alice, &six, &arc));
}

static void test_arc_bounds(void **state)
{
	struct sp_msg_arc mine[SP_SESSION_LOST_USER + 1];

	for (size_t i = 0; i < SP_LEN(mine); i++) {
		mine[i] = lost(&alice, &home);
	}
	assert_false(resumes(&alice, &home, &mine[0]));
	assert_true(resumes(&alice, &home, &mine[1]));
	assert_true(resumes(&alice, &home, &mine[SP_SESSION_LOST_USER]));
	/* Others make room for others, and the latest stay. */
	struct sp_user user = alice;
	for (int64_t i = 0; i < SP_SESSION_LOST; i++) {
		user.id = 100 + i;
		mine[0] = lost(&user, &home);
	}
	assert_false(resumes(&alice, &home, &mine[2]));
	assert_true(resumes(&user, &home, &mine[0]));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
			TEST(test_life),
			TEST(test_full),
			TEST(test_approval),
			TEST(test_approval_ended),
			TEST(test_tick_policy),
			TEST(test_tick_hours),
			TEST(test_tick_stricter),
			TEST(test_tick_approved),
			TEST(test_tick_user),
			TEST(test_tick_goes),
			TEST(test_tick_time),
			TEST(test_tick_start),
			TEST(test_tick_batches),
			TEST(test_limits),
			TEST(test_reasons),
			TEST(test_arc),
			TEST(test_arc_living),
			TEST(test_arc_refused),
			TEST(test_arc_ends),
			TEST(test_arc_time),
			TEST(test_arc_disabled_meanwhile),
			TEST(test_arc_network6),
			TEST(test_arc_bounds),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
