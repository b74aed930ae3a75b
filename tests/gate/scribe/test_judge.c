/* tests/gate/scribe/test_judge.c - alerts behind the commits: kept once, acted upon, over restarts too. */
#include "unit.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gate/scribe/judge.h"
#include "host/audit/detect.h"
#include "host/conf/alert.h"

static char dir[] = "/tmp/sp-test-judge-XXXXXX";
static struct sp_conf conf;
static struct sp_loop *loop;
static struct sp_audit_store *store;
static struct sp_scribe *scribe;
static struct sp_judge *judge;
static struct sp_audit_now now;
static int keeper[2];

static struct sp_audit_now clock_now(void)
{
	return now;
}

static void open_all(void)
{
	struct sp_audit_found found;
	char why[SP_AUDIT_WHY];

	store = sp_audit_store_open(dir, getenv("SP_TEST_STORE"), now, why);
	assert_non_null(store);
	assert_int_equal(sp_audit_start(store, now, &found), SP_OK);
	struct sp_scribe_conf sc = {.loop = loop,
			.store = store,
			.dir = dir,
			.parent = -1,
			.keeper = -1,
			.now = clock_now};
	scribe = sp_scribe_create(&sc);
	assert_non_null(scribe);
	struct sp_judge_conf jc = {.loop = loop,
			.store = store,
			.scribe = scribe,
			.conf = &conf,
			.keeper = keeper[0],
			.now = clock_now};
	judge = sp_judge_create(&jc);
	assert_non_null(judge);
}

static void close_all(void)
{
	sp_scribe_destroy(scribe);
	sp_judge_destroy(judge);
	assert_int_equal(sp_audit_stop(store, now), SP_OK);
	sp_audit_store_close(store);
}

/* Closes, and puts back the state that was saved then: as a kill leaves it. */
static void kill_all(const struct sp_wr *then)
{
	char why[SP_AUDIT_WHY];

	close_all();
	store = sp_audit_store_open(dir, getenv("SP_TEST_STORE"), now, why);
	assert_non_null(store);
	assert_int_equal(sp_audit_state_put(store, "detect", sp_span(then->p, then->n)), SP_OK);
	sp_audit_store_close(store);
}

static int setup(void **state)
{
	(void)state;
	now = (struct sp_audit_now){1000000000000, 1795411867000000000};
	loop = sp_loop_create();
	sp_conf_default(&conf);
	return loop != NULL && mkdtemp(dir) != NULL &&
					socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0,
							keeper) == 0
			? 0
			: -1;
}

static int teardown(void **state)
{
	(void)state;
	sp_loop_destroy(loop);
	sp_conf_finish(&conf);
	close(keeper[0]);
	close(keeper[1]);
	DIR *d = opendir(dir);
	for (struct dirent *f; d != NULL && (f = readdir(d)) != NULL;) {
		unlinkat(dirfd(d), f->d_name, 0);
	}
	if (d != NULL) {
		closedir(d);
	}
	return rmdir(dir);
}

static void fail_once(const char *user)
{
	struct sp_audit_event e;

	now.wall_ns += 1000000000;
	now.mono_ns += 1000000000;
	sp_audit_init(&e, SP_AUDIT_AUTH_FAIL, SP_OUTCOME_FAILED);
	sp_audit_num(&e, SP_F_CONN, 77);
	sp_audit_text(&e, SP_F_USER, user);
	sp_audit_text(&e, SP_F_SRC_IP, "192.0.2.7");
	sp_audit_text(&e, SP_F_SRC_NET, "192.0.2.7/32");
	sp_scribe_tell(scribe, &e);
	sp_scribe_turn(scribe);
	sp_scribe_turn(scribe); /* what the first one brought */
}

static int count_alert(void *user, const struct sp_record *r, const struct sp_audit_view *v)
{
	unsigned *n = user;

	(void)r;
	*n += v->kind == SP_AUDIT_ALERT && sp_audit_is(v, SP_F_RULE, "brute-force") &&
			sp_audit_is(v, SP_F_ALERT_TAG, "T1110.001");
	return SP_OK;
}

static unsigned alerts(void)
{
	unsigned n = 0;

	assert_int_equal(sp_audit_each(store, 1, UINT64_MAX, false, count_alert, &n, NULL), SP_OK);
	return n;
}

static unsigned acts(uint32_t action, const char *user)
{
	struct sp_mon_in in;
	unsigned n = 0;

	while (sp_mon_recv(keeper[1], &in) == 1) {
		assert_int_equal(in.type, SP_MSG_ACT);
		assert_int_equal(in.body.act.action, action);
		assert_int_equal(in.body.act.conn, 77);
		assert_string_equal(in.body.act.user, user);
		n++;
	}
	return n;
}

static void test_alerts_over_restarts(void **state)
{
	(void)state;
	conf.alerts->rule[SP_ALERT_BRUTE_FORCE].action = SP_ALERT_END;
	open_all();
	for (int i = 0; i < 9; i++) {
		fail_once("alice");
	}
	assert_int_equal(alerts(), 0);
	/* Nine before the restart and one after it are ten. */
	close_all();
	open_all();
	fail_once("alice");
	assert_int_equal(alerts(), 1);
	assert_int_equal(acts(SP_ACT_END, "alice"), 1);
	fail_once("alice");
	assert_int_equal(alerts(), 1);
	close_all();
	open_all();
	for (int i = 0; i < 20; i++) {
		fail_once("alice");
	}
	assert_int_equal(alerts(), 1);
	/* A kill: the state that was saved knows nothing of what comes now. */
	struct sp_wr then;
	sp_wr_init(&then, SP_DETECT_STATE_MAX);
	assert_int_equal(sp_audit_state_get(store, "detect", &then), SP_OK);
	for (int i = 0; i < 10; i++) {
		fail_once("bob");
	}
	assert_int_equal(alerts(), 2);
	assert_int_equal(acts(SP_ACT_END, "bob"), 1);
	kill_all(&then);
	sp_wr_finish(&then);
	open_all();
	fail_once("bob");
	assert_int_equal(alerts(), 2);
	assert_int_equal(acts(SP_ACT_END, "bob"), 0);
	close_all();
}

static void test_what_was_long_ago_is_not_acted_upon(void **state)
{
	(void)state;
	struct sp_audit_event e;

	conf.alerts->rule[SP_ALERT_BRUTE_FORCE].action = SP_ALERT_END;
	open_all();
	close_all();
	/* Somebody else of this account wrote while no scribe was there. */
	char why[SP_AUDIT_WHY];
	store = sp_audit_store_open(dir, getenv("SP_TEST_STORE"), now, why);
	assert_non_null(store);
	for (int i = 0; i < 10; i++) {
		sp_audit_init(&e, SP_AUDIT_AUTH_FAIL, SP_OUTCOME_FAILED);
		sp_audit_num(&e, SP_F_CONN, 77);
		sp_audit_text(&e, SP_F_USER, "carol");
		sp_audit_text(&e, SP_F_SRC_IP, "192.0.2.9");
		assert_int_equal(sp_audit_note(store, &e, now), SP_OK);
	}
	sp_audit_store_close(store);
	now.wall_ns += UINT64_C(61000000000);
	now.mono_ns += UINT64_C(61000000000);
	open_all();
	sp_scribe_turn(scribe);
	assert_int_equal(acts(SP_ACT_END, "carol"), 0);
	assert_true(alerts() >= 1);
	close_all();
}

static int count_tamper(void *user, const struct sp_record *r, const struct sp_audit_view *v)
{
	unsigned *n = user;

	(void)r;
	*n += v->kind == SP_AUDIT_ALERT && sp_audit_is(v, SP_F_RULE, "admin-tamper");
	return SP_OK;
}

/* A reload that takes protection away is told of, and one that does not is not. */
static void test_a_weaker_configuration(void **state)
{
	(void)state;
	static struct sp_conf next;
	unsigned n = 0;

	open_all();
	sp_conf_default(&next);
	sp_judge_reload(judge, &next);
	sp_scribe_turn(scribe);
	sp_scribe_turn(scribe);
	assert_int_equal(sp_audit_each(store, 1, UINT64_MAX, false, count_tamper, &n, NULL), SP_OK);
	assert_int_equal(n, 0);
	conf.alerts->rule[SP_ALERT_SPRAY].enabled = false;
	sp_judge_reload(judge, &conf);
	sp_scribe_turn(scribe);
	sp_scribe_turn(scribe);
	assert_int_equal(sp_audit_each(store, 1, UINT64_MAX, false, count_tamper, &n, NULL), SP_OK);
	assert_int_equal(n, 1);
	close_all();
	conf.alerts->rule[SP_ALERT_SPRAY].enabled = true;
	sp_conf_finish(&next);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_alerts_over_restarts),
			cmocka_unit_test(test_what_was_long_ago_is_not_acted_upon),
			cmocka_unit_test(test_a_weaker_configuration),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
