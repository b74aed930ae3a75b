/* tests/gate/keeper/test_command.c - the session command's questions, and what a rude caller can do. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "gate/keeper/command.h"
#include "gate/keeper/session.h"
#include "host/io/ipc.h"
#include "host/lib/crypto_nettle.h"
#include "host/monitor/admin.h"

#define SECOND UINT64_C(1000000)
#define NOON INT64_C(1790000000)

static struct sp_keeper k;
static struct sp_command *door;
static uint64_t clock_us;
static char dir[] = "/tmp/sp-test-command-XXXXXX";
static struct sp_conf_rule rule = {.name = "office"};
static unsigned ends, decisions;
static char last_text[SP_TEXT_WHY];

static uint64_t now_us(void)
{
	return clock_us;
}

static int64_t unix_time(void)
{
	return NOON;
}

static void on_end(void *conn, enum sp_why why, uint32_t error_info, const char *text)
{
	ends++;
	snprintf(last_text, sizeof(last_text), "%s", text);
}

static void on_kill(void *conn, enum sp_why why, const char *text)
{
}

static void on_decided(void *conn, bool approved, const char *by)
{
	decisions++;
}

static const struct sp_session_owner owner = {
		.end = on_end, .kill = on_kill, .decided = on_decided};

static void decide(void *arg, const struct sp_session *s, struct sp_policy_verdict *out)
{
	*out = (struct sp_policy_verdict){.allow = true, .rule = &rule, .factors = 1};
}

static bool user_ok(void *arg, const struct sp_session *s)
{
	return true;
}

static bool may_approve(void *arg, const struct sp_conf_rule *r, const char *name)
{
	return strcmp(name, "carol") == 0;
}

static int setup(void **state)
{
	static const struct sp_session_world world = {
			.decide = decide, .user_ok = user_ok, .may_approve = may_approve};
	char why[SP_WHY_MAX];

	clock_us = sp_now_us();
	k = (struct sp_keeper){.now_us = now_us, .unix_time = unix_time};
	k.loop = sp_loop_create();
	k.sessions = sp_sessions_create(&sp_crypto_nettle, &world);
	memset(dir + strlen(dir) - 6, 'X', 6);
	ends = decisions = 0;
	if (k.loop == NULL || k.sessions == NULL || mkdtemp(dir) == NULL) {
		return -1;
	}
	door = sp_command_open(&k, dir, why);
	return door != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	char path[sizeof(dir) + 32];

	sp_command_close(door);
	while (sp_sessions_first(k.sessions) != NULL) {
		sp_session_close(sp_sessions_first(k.sessions), SP_WHY_BYE, "", clock_us);
	}
	sp_sessions_destroy(k.sessions);
	sp_loop_destroy(k.loop);
	snprintf(path, sizeof(path), "%s/" SP_ADMIN_SOCKET, dir);
	unlink(path);
	rmdir(dir);
	return 0;
}

static struct sp_session *session(const char *name)
{
	static const struct sp_source source = {
			.family = 2, .addr = {192, 0, 2, 7}, .text = "192.0.2.7:50123"};
	struct sp_user u = {.id = 1, .created = 5};
	struct sp_session_facts facts = {.conn = 42,
			.user = &u,
			.source = &source,
			.interface = "wg0",
			.device = true,
			.since = NOON - 100};

	snprintf(u.name, sizeof(u.name), "%s", name);
	struct sp_session *s = sp_session_create(k.sessions, &facts, &owner, NULL);
	assert_non_null(s);
	return s;
}

static void turns(unsigned n)
{
	while (n-- > 0) {
		assert_int_equal(sp_loop_turn(k.loop, 0), SP_OK);
	}
}

static int caller(void)
{
	int fd;

	assert_int_equal(sp_admin_connect(dir, &fd), SP_OK);
	return fd;
}

static struct sp_admin_in answer(int fd)
{
	struct sp_admin_in in;

	turns(4);
	assert_int_equal(sp_admin_recv(fd, &in), 1);
	return in;
}

static void assert_failed(int fd, const char *text)
{
	struct sp_admin_in in = answer(fd);

	assert_int_equal(in.type, SP_ADMIN_RESULT);
	assert_int_equal(in.body.result.outcome, SP_ADMIN_FAILED);
	assert_string_equal(in.body.result.text, text);
}

static void assert_done(int fd, const char *text)
{
	struct sp_admin_in in = answer(fd);

	assert_int_equal(in.type, SP_ADMIN_RESULT);
	assert_int_equal(in.body.result.outcome, SP_ADMIN_DONE);
	assert_string_equal(in.body.result.text, text);
}

static void test_list(void **state)
{
	struct sp_admin_none none = {0};
	int fd = caller();

	assert_int_equal(sp_admin_say(fd, LIST, &none), SP_OK);
	assert_int_equal(answer(fd).type, SP_ADMIN_END);
	session("alice");
	session("bob");
	/* Again on the same line. */
	assert_int_equal(sp_admin_say(fd, LIST, &none), SP_OK);
	struct sp_admin_in in = answer(fd);
	assert_int_equal(in.type, SP_ADMIN_SESSION);
	assert_int_equal(in.body.session.id, 2);
	assert_string_equal(in.body.session.user, "bob");
	in = answer(fd);
	assert_int_equal(in.body.session.id, 1);
	assert_int_equal(answer(fd).type, SP_ADMIN_END);
	close(fd);
}

static void test_show(void **state)
{
	struct sp_session *s = session("alice");
	struct sp_msg_target limits = {0};
	struct sp_policy_verdict v;
	int fd = caller();

	assert_int_equal(sp_admin_say(fd, SHOW, &(struct sp_admin_which){.id = 9}), SP_OK);
	assert_failed(fd, "no such session");
	sp_session_chosen(s, "db1", &rule);
	sp_session_reason(s, "ticket 4711");
	sp_session_granted(s, 77);
	sp_session_recorded(s, "01J8ZQ4Y3W5V6T7S8R9Q0P1N2M");
	rule.max_s = 600;
	decide(NULL, s, &v);
	sp_session_limits(s, &v, NOON, clock_us, &limits);
	sp_session_up(s, NOON - 60, clock_us);
	sp_sessions_tick(k.sessions, NOON, clock_us);
	clock_us += 60 * SECOND;
	assert_int_equal(sp_admin_say(fd, SHOW, &(struct sp_admin_which){.id = 1}), SP_OK);
	struct sp_admin_in in = answer(fd), same;
	assert_int_equal(sp_admin_say(fd, WATCH, &(struct sp_admin_which){.id = 1}), SP_OK);
	same = answer(fd);
	assert_int_equal(same.type, SP_ADMIN_SESSION);
	assert_int_equal(same.body.session.conn, 42);
	const struct sp_admin_session *m = &in.body.session;
	assert_int_equal(in.type, SP_ADMIN_SESSION);
	assert_int_equal(m->id, 1);
	assert_int_equal(m->conn, 42);
	assert_int_equal(m->grant, 77);
	assert_int_equal(m->device, 1);
	assert_string_equal(m->name, s->name);
	assert_string_equal(m->recording, "01J8ZQ4Y3W5V6T7S8R9Q0P1N2M");
	assert_int_equal(m->since, NOON - 100);
	assert_int_equal(m->active, NOON - 60);
	assert_int_equal(m->until, NOON + 540);
	assert_string_equal(m->state, "active");
	assert_string_equal(m->source, "192.0.2.7:50123");
	assert_string_equal(m->interface, "wg0");
	assert_string_equal(m->target, "db1");
	assert_string_equal(m->rule, "office");
	assert_string_equal(m->reason, "ticket 4711");
	/* The hours end before. */
	s->until = NOON + 30;
	assert_int_equal(sp_admin_say(fd, SHOW, &(struct sp_admin_which){.id = 1}), SP_OK);
	assert_int_equal(answer(fd).body.session.until, NOON + 30);
	rule.max_s = 0;
	close(fd);
}

static void test_end(void **state)
{
	struct sp_admin_end ask = {.id = 1, .reason = "maintenance"};
	int fd = caller();

	assert_int_equal(sp_admin_say(fd, END_SESSION, &ask), SP_OK);
	assert_failed(fd, "no such session");
	session("alice");
	assert_int_equal(sp_admin_say(fd, END_SESSION, &ask), SP_OK);
	assert_done(fd, "session of alice told to end");
	assert_int_equal(ends, 1);
	assert_string_equal(last_text, "ended by an administrator: maintenance");
	assert_int_equal(sp_admin_say(fd, END_SESSION, &ask), SP_OK);
	assert_failed(fd, "is ending already");
	session("bob");
	ask = (struct sp_admin_end){.id = 2};
	assert_int_equal(sp_admin_say(fd, END_SESSION, &ask), SP_OK);
	assert_done(fd, "session of bob told to end");
	assert_string_equal(last_text, "ended by an administrator");
	assert_int_equal(ends, 2);
	close(fd);
}

static void test_decide(void **state)
{
	struct sp_admin_decide ask = {.id = 1, .as = "carol"};
	int fd = caller();

	assert_int_equal(sp_admin_say(fd, APPROVE, &ask), SP_OK);
	assert_failed(fd, "no such session");
	struct sp_session *s = session("alice");
	assert_int_equal(sp_admin_say(fd, APPROVE, &ask), SP_OK);
	assert_failed(fd, "session 1 does not wait for approval");
	assert_int_equal(sp_session_ask_approval(s, &rule), SP_SESSION_WAITING);
	snprintf(ask.as, sizeof(ask.as), "%s", "dave");
	assert_int_equal(sp_admin_say(fd, APPROVE, &ask), SP_OK);
	assert_failed(fd, "dave is no approver of rule \"office\"");
	snprintf(ask.as, sizeof(ask.as), "%s", "alice");
	assert_int_equal(sp_admin_say(fd, REFUSE, &ask), SP_OK);
	assert_failed(fd, "alice cannot decide about their own session");
	assert_int_equal(decisions, 0);
	snprintf(ask.as, sizeof(ask.as), "%s", "carol");
	assert_int_equal(sp_admin_say(fd, APPROVE, &ask), SP_OK);
	assert_done(fd, "session of alice approved by carol");
	assert_int_equal(decisions, 1);
	s = session("bob");
	ask.id = 2;
	assert_int_equal(sp_session_ask_approval(s, &rule), SP_SESSION_WAITING);
	assert_int_equal(sp_admin_say(fd, REFUSE, &ask), SP_OK);
	assert_done(fd, "session of bob refused by carol");
	assert_int_equal(sp_session_approval(s), SP_SESSION_REFUSED);
	close(fd);
}

/* Closed at once, and nothing else happens. */
static void assert_hung_up(int fd)
{
	struct sp_admin_in in;

	turns(4);
	assert_int_equal(sp_admin_recv(fd, &in), SP_ECLOSED);
	close(fd);
}

static void test_rude(void **state)
{
	struct sp_admin_session s = {.id = 1};
	int fd = caller();

	session("alice");
	assert_int_equal(sp_admin_say(fd, SESSION, &s), SP_OK);
	assert_hung_up(fd);
	fd = caller();
	assert_int_equal(sp_ipc_send(fd, 99, "x", 1, NULL, 0), SP_OK);
	assert_hung_up(fd);
	fd = caller();
	assert_int_equal(sp_ipc_send(fd, SP_ADMIN_END_SESSION, "x", 1, NULL, 0), SP_OK);
	assert_hung_up(fd);
	assert_int_equal(ends, 0);
	close(caller());
	turns(4);
}

/* Who asks for a long list and does not read it holds up nobody, and can still read it later. */
static void test_does_not_read(void **state)
{
	struct sp_admin_in in;
	int slow = caller(), fast = caller();

	for (size_t i = 0; i < SP_SESSIONS; i++) {
		session("alice");
	}
	assert_int_equal(sp_admin_say(slow, LIST, &(struct sp_admin_none){0}), SP_OK);
	/* Further questions wait until the list is through. */
	assert_int_equal(sp_admin_say(slow, SHOW, &(struct sp_admin_which){.id = 5}), SP_OK);
	turns(10);
	assert_int_equal(sp_admin_say(fast, SHOW, &(struct sp_admin_which){.id = 7}), SP_OK);
	assert_int_equal(answer(fast).body.session.id, 7);
	/* Some go meanwhile. */
	for (uint32_t id = 2; id < 100; id++) {
		sp_session_close(sp_session_find(k.sessions, id), SP_WHY_BYE, "", clock_us);
	}
	uint32_t expected = SP_SESSIONS;
	for (;;) {
		turns(1);
		int rc = sp_admin_recv(slow, &in);
		if (rc == 0) {
			continue;
		}
		assert_int_equal(rc, 1);
		if (in.type == SP_ADMIN_END) {
			break;
		}
		assert_int_equal(in.body.session.id, expected);
		expected = expected == 100 ? 1 : expected - 1;
	}
	assert_int_equal(expected, 0);
	assert_failed(slow, "no such session");
	close(slow);
	close(fast);
}

static void test_many(void **state)
{
	struct sp_admin_which ask = {.id = 1};
	int fd[SP_COMMANDS + 1];

	session("alice");
	for (size_t i = 0; i < SP_COMMANDS; i++) {
		fd[i] = caller();
		turns(2);
		clock_us += SECOND;
	}
	/* The first one said something since; the second is the one that makes room. */
	assert_int_equal(sp_admin_say(fd[0], SHOW, &ask), SP_OK);
	assert_int_equal(answer(fd[0]).type, SP_ADMIN_SESSION);
	fd[SP_COMMANDS] = caller();
	assert_hung_up(fd[1]);
	for (size_t i = 0; i <= SP_COMMANDS; i++) {
		if (i != 1) {
			assert_int_equal(sp_admin_say(fd[i], SHOW, &ask), SP_OK);
			assert_int_equal(answer(fd[i]).type, SP_ADMIN_SESSION);
			close(fd[i]);
		}
	}
}

static void test_no_memory(void **state)
{
	char why[SP_WHY_MAX];
	int fd = caller();

	for (long n = 0; n < 2; n++) {
		sp_mem_fail_after(n);
		assert_null(sp_command_open(&k, dir, why));
		sp_mem_fail_after(-1);
		assert_true(why[0] != '\0');
	}
	assert_null(sp_command_open(&k, "/no/such/place", why));
	sp_mem_fail_after(0);
	turns(2);
	sp_mem_fail_after(-1);
	assert_hung_up(fd);
	sp_command_close(NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
			TEST(test_list),
			TEST(test_show),
			TEST(test_end),
			TEST(test_decide),
			TEST(test_rude),
			TEST(test_does_not_read),
			TEST(test_many),
			TEST(test_no_memory),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
