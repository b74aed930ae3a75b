/* tests/gate/ship/test_count.c - events as numbers, and nobody's words as labels. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "gate/ship/count.h"
#include "gate/ship/figures.h"

static struct sp_count *c;
static struct sp_wr w;
static uint64_t seq;

static int setup(void **state)
{
	c = sp_count_create();
	sp_wr_init(&w, 256 << 10);
	seq = 0;
	return c != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	sp_count_destroy(c);
	sp_wr_finish(&w);
	return 0;
}

static void take(const struct sp_audit_event *e)
{
	struct sp_record r = {.seq = ++seq, .wall_ns = 5000000000};
	struct sp_audit_view v;

	assert_int_equal(sp_audit_read(sp_span(e->b, e->n), &v), SP_OK);
	sp_count_take(c, &r, &v);
}

static void tell(enum sp_audit_kind kind, enum sp_outcome outcome, enum sp_field field,
		const char *text, enum sp_field other, const char *more)
{
	struct sp_audit_event e;

	sp_audit_init(&e, kind, outcome);
	sp_audit_text(&e, field, text);
	sp_audit_text(&e, other, more);
	take(&e);
}

static bool says(const char *line)
{
	sp_wr_reset(&w);
	sp_count_write(c, 7500000000, &w);
	sp_wr_u8(&w, 0);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	const char *at = strstr((char *)w.p, line);
	return at != NULL && (at == (char *)w.p || at[-1] == '\n');
}

static void test_numbers(void **state)
{
	struct sp_audit_event e;

	tell(SP_AUDIT_AUTH_OK, SP_OUTCOME_OK, SP_F_METHOD, "ntlm", SP_F_USER, "alice");
	assert_true(says("sallyport_auth_total{method=\"ntlm\",outcome=\"ok\"} 1\n"));
	assert_true(says("sallyport_counted_from_sequence 1\n"));
	/* A new life begins from nothing. */
	tell(SP_AUDIT_SERVICE_START, SP_OUTCOME_OK, SP_F_PROCESS, "sallyportd", SP_F_TEXT, "");
	assert_false(says("sallyport_auth_total{"));
	assert_true(says("sallyport_counted_from_sequence 2\n"));
	tell(SP_AUDIT_AUTH_FAIL, SP_OUTCOME_FAILED, SP_F_METHOD, "ntlm", SP_F_REASON,
			"wrong-password");
	tell(SP_AUDIT_MFA_FAIL, SP_OUTCOME_FAILED, SP_F_MFA, "otp", SP_F_REASON, "spent-code");
	tell(SP_AUDIT_MFA_TIMEOUT, SP_OUTCOME_FAILED, SP_F_MFA, "", SP_F_REASON, "deadline");
	sp_audit_init(&e, SP_AUDIT_CONN_REJECT, SP_OUTCOME_DENIED);
	sp_audit_text(&e, SP_F_REASON, "many");
	sp_audit_num(&e, SP_F_COUNT, 41);
	take(&e);
	take(&e);
	tell(SP_AUDIT_ALERT, SP_OUTCOME_NONE, SP_F_ALERT_RULE, "D01", SP_F_USER, "alice");
	tell(SP_AUDIT_PROC_CRASH, SP_OUTCOME_FAILED, SP_F_PROCESS, "sp-net", SP_F_TEXT, "x");
	sp_audit_init(&e, SP_AUDIT_PROC_CRASH, SP_OUTCOME_FAILED);
	sp_audit_text(&e, SP_F_PROCESS, "sp-net");
	sp_audit_num(&e, SP_F_SIGNAL, 31);
	take(&e);
	tell(SP_AUDIT_AUDIT_CHECKPOINT, SP_OUTCOME_NONE, SP_F_TEXT, "", SP_F_REASON, "");
	assert_true(says("sallyport_auth_total{method=\"ntlm\",outcome=\"wrong-password\"} 1\n"));
	assert_true(says("sallyport_mfa_total{factor=\"otp\",outcome=\"spent-code\"} 1\n"));
	assert_true(says("sallyport_mfa_total{factor=\"none\",outcome=\"timeout\"} 1\n"));
	assert_true(says("sallyport_connections_rejected_total{reason=\"many\"} 82\n"));
	assert_true(says("sallyport_alerts_total{rule=\"D01\",severity=\"high\"} 1\n"));
	assert_true(says("sallyport_process_crashes_total{process=\"sp-net\"} 2\n"));
	assert_true(says("sallyport_seccomp_kills_total{process=\"sp-net\"} 1\n"));
	assert_true(says("sallyport_events_total{event=\"conn.reject\"} 2\n"));
	assert_true(says("sallyport_audit_checkpoint_age_seconds 2.500\n"));
}

static void test_times(void **state)
{
	static const uint64_t ms[] = {1, 40, 40, 20000};
	struct sp_audit_event e;

	assert_true(says("# TYPE sallyport_handshake_seconds histogram\n"));
	assert_true(says("sallyport_handshake_seconds_count 0\n"));
	for (size_t i = 0; i < SP_LEN(ms); i++) {
		sp_audit_init(&e, i == 1 ? SP_AUDIT_AUTH_FAIL : SP_AUDIT_AUTH_OK, SP_OUTCOME_OK);
		sp_audit_num(&e, SP_F_HANDSHAKE, ms[i]);
		take(&e);
	}
	tell(SP_AUDIT_AUTH_FAIL, SP_OUTCOME_FAILED, SP_F_TEXT, "", SP_F_REASON, "locked");
	assert_true(says("sallyport_handshake_seconds_bucket{le=\"0.001\"} 1\n"));
	assert_true(says("sallyport_handshake_seconds_bucket{le=\"0.025\"} 1\n"));
	assert_true(says("sallyport_handshake_seconds_bucket{le=\"0.05\"} 3\n"));
	assert_true(says("sallyport_handshake_seconds_bucket{le=\"10\"} 3\n"));
	assert_true(says("sallyport_handshake_seconds_bucket{le=\"+Inf\"} 4\n"));
	assert_true(says("sallyport_handshake_seconds_sum 20.081000\n"));
	assert_true(says("sallyport_handshake_seconds_count 4\n"));
	tell(SP_AUDIT_CONN_CLOSE, SP_OUTCOME_NONE, SP_F_REASON, "forbidden-question", SP_F_TEXT,
			"");
	assert_true(says("sallyport_connection_ends_total{reason=\"forbidden-question\"} 1\n"));
}

static bool shows(const struct sp_board *b, const char *line)
{
	sp_wr_reset(&w);
	sp_figures_write(b, &w);
	sp_wr_u8(&w, 0);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	return strstr((char *)w.p, line) != NULL;
}

/* What came in a message stands in its own line. */
static void test_figures(void **state)
{
	struct sp_msg_ship_figures m = {.connections = 7,
			.half_open = 3,
			.soft = 64,
			.hard = 512,
			.penalties = 2,
			.scribe = {.queue = 9, .recordings = 4, .lag_us = 1250000}};
	static struct sp_board b;

	assert_false(shows(&b, "sallyport"));
	sp_times_add(&m.scribe.commit, 4000);
	sp_times_add(&m.scribe.commit, 300000);
	sp_figures_take(&b, &m);
	assert_true(shows(&b, "\nsallyport_connections 7\n"));
	assert_true(shows(&b, "\nsallyport_half_open_connections 3\n"));
	assert_true(shows(&b, "\nsallyport_half_open_limit{limit=\"soft\"} 64\n"));
	assert_true(shows(&b, "\nsallyport_half_open_limit{limit=\"hard\"} 512\n"));
	assert_true(shows(&b, "\nsallyport_penalties 2\n"));
	assert_true(shows(&b, "\nsallyport_audit_commit_seconds_bucket{le=\"0.005\"} 1\n"));
	assert_true(shows(&b, "\nsallyport_audit_commit_seconds_bucket{le=\"0.5\"} 2\n"));
	assert_true(shows(&b, "\nsallyport_audit_commit_seconds_sum 0.304000\n"));
	assert_true(shows(&b, "\nsallyport_audit_queue_events 9\n"));
	assert_true(shows(&b, "\nsallyport_recordings 4\n"));
	assert_true(shows(&b, "\nsallyport_recorder_lag_seconds 1.250000\n"));
}

static void session(enum sp_audit_kind kind, const char *id, enum sp_outcome outcome)
{
	tell(kind, outcome, SP_F_SESSION, id, SP_F_REASON, "user");
}

static void test_sessions(void **state)
{
	session(SP_AUDIT_SESSION_START, "A", SP_OUTCOME_OK);
	session(SP_AUDIT_SESSION_START, "B", SP_OUTCOME_OK);
	session(SP_AUDIT_SESSION_START, "C", SP_OUTCOME_FAILED);
	session(SP_AUDIT_SESSION_DISCONNECT, "B", SP_OUTCOME_OK);
	assert_true(says("sallyport_sessions{state=\"connected\"} 1\n"));
	assert_true(says("sallyport_sessions{state=\"disconnected\"} 1\n"));
	session(SP_AUDIT_SESSION_RECONNECT, "B", SP_OUTCOME_OK);
	session(SP_AUDIT_SESSION_END, "A", SP_OUTCOME_OK);
	assert_true(says("sallyport_sessions{state=\"connected\"} 1\n"));
	assert_true(says("sallyport_sessions{state=\"disconnected\"} 0\n"));
	assert_true(says("sallyport_session_ends_total{reason=\"user\"} 1\n"));
	/* More than are known at once: nothing is said of them then. */
	for (int i = 0; i < 4097; i++) {
		char id[16];
		snprintf(id, sizeof(id), "S%d", i);
		session(SP_AUDIT_SESSION_START, id, SP_OUTCOME_OK);
	}
	assert_false(says("sallyport_sessions{"));
}

/* What somebody typed is nobody's label, and there are never too many of them. */
static void test_labels(void **state)
{
	static const char *const bad[] = {"al\"ice", "Alice", "a\nb", "a b", "\xc3\xa4",
			"abcdefghijklmnopqrstuvwxyzabcdefghijkl"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		tell(SP_AUDIT_POLICY_DENY, SP_OUTCOME_DENIED, SP_F_REASON, bad[i], SP_F_TEXT, "");
	}
	tell(SP_AUDIT_ALERT, SP_OUTCOME_NONE, SP_F_ALERT_RULE, "D0\"", SP_F_TEXT, "");
	assert_true(says("sallyport_policy_denied_total{reason=\"other\"} 6\n"));
	assert_true(says("sallyport_alerts_total{rule=\"other\",severity=\"high\"} 1\n"));
	for (int i = 0; i < 100; i++) {
		char text[16];
		snprintf(text, sizeof(text), "r%d", i);
		tell(SP_AUDIT_AUTH_FAIL, SP_OUTCOME_FAILED, SP_F_METHOD, "ntlm", SP_F_REASON, text);
	}
	assert_true(says("sallyport_auth_total{method=\"ntlm\",outcome=\"r62\"} 1\n"));
	assert_true(says("sallyport_auth_total{method=\"other\",outcome=\"other\"} 37\n"));
	assert_false(says("sallyport_auth_total{method=\"ntlm\",outcome=\"r63\"}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_setup_teardown(test_numbers, setup, teardown),
			cmocka_unit_test_setup_teardown(test_times, setup, teardown),
			cmocka_unit_test_setup_teardown(test_figures, setup, teardown),
			cmocka_unit_test_setup_teardown(test_sessions, setup, teardown),
			cmocka_unit_test_setup_teardown(test_labels, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
