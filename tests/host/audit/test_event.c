/* tests/host/audit/test_event.c - events, written and read. */
#include "unit.h"

#include <string.h>

#include "host/audit/event.h"

static struct sp_audit_event sample(void)
{
	struct sp_audit_event e;

	sp_audit_init(&e, SP_AUDIT_AUTH_FAIL, SP_OUTCOME_DENIED);
	sp_audit_text(&e, SP_F_CLAIMED_USER, "al\r\nice");
	sp_audit_num(&e, SP_F_CONN, 0x1122334455667788u);
	sp_audit_text(&e, SP_F_SRC_IP, "192.0.2.7");
	sp_audit_bytes(&e, SP_F_SHA256, "\0\1\2", 3);
	return e;
}

static void test_there_and_back(void **state)
{
	(void)state;
	struct sp_audit_event e = sample();
	struct sp_audit_view v;
	char text[8];

	assert_int_equal(sp_audit_read(sp_span(e.b, e.n), &v), SP_OK);
	assert_int_equal(v.kind, SP_AUDIT_AUTH_FAIL);
	assert_int_equal(v.severity, SP_SEVERITY_LOW);
	assert_int_equal(v.outcome, SP_OUTCOME_DENIED);
	assert_int_equal(v.n, 4);
	assert_true(sp_audit_get_num(&v, SP_F_CONN) == 0x1122334455667788u);
	assert_true(sp_audit_is(&v, SP_F_CLAIMED_USER, "al\r\nice"));
	assert_false(sp_audit_is(&v, SP_F_CLAIMED_USER, "al"));
	assert_null(sp_audit_get(&v, SP_F_USER));
	sp_audit_copy(&v, SP_F_SRC_IP, text, sizeof(text));
	assert_string_equal(text, "192.0.2");
	sp_audit_copy(&v, SP_F_USER, text, sizeof(text));
	assert_string_equal(text, "");
	for (size_t i = 1; i < v.n; i++) {
		assert_true(v.f[i - 1].field < v.f[i].field);
	}
}

static void test_the_last_value_stays(void **state)
{
	(void)state;
	struct sp_audit_event e = sample();
	struct sp_audit_view v;

	sp_audit_text(&e, SP_F_SRC_IP, "2001:db8::1");
	sp_audit_bytes(&e, SP_F_SHA256, "", 0); /* takes it out */
	sp_audit_set_severity(&e, SP_SEVERITY_CRITICAL);
	assert_int_equal(sp_audit_read(sp_span(e.b, e.n), &v), SP_OK);
	assert_int_equal(v.n, 3);
	assert_true(sp_audit_is(&v, SP_F_SRC_IP, "2001:db8::1"));
	assert_int_equal(v.severity, SP_SEVERITY_CRITICAL);
	assert_int_equal(e.dropped, 0);
}

static void test_nothing_adds_nothing(void **state)
{
	(void)state;
	struct sp_audit_event e;
	size_t n;

	sp_audit_init(&e, SP_AUDIT_CONN_OPEN, SP_OUTCOME_NONE);
	n = e.n;
	sp_audit_text(&e, SP_F_USER, "");
	sp_audit_text(&e, SP_F_USER, NULL);
	assert_int_equal(e.n, n);
	sp_audit_text(&e, SP_F_CONN, "a text"); /* not a number: refused, and said */
	assert_int_equal(e.n, n);
	assert_int_equal(e.dropped, 1);
}

static void test_long_texts_are_cut_between_characters(void **state)
{
	(void)state;
	static char text[SP_AUDIT_TEXT_MAX + 100];
	struct sp_audit_event e;
	struct sp_audit_view v;

	text[0] = 'x';
	for (size_t i = 1; i + 2 < sizeof(text); i += 2) {
		text[i] = (char)0xc3;
		text[i + 1] = (char)0xa4;
	}
	sp_audit_init(&e, SP_AUDIT_CONN_OPEN, SP_OUTCOME_NONE);
	sp_audit_text(&e, SP_F_USER, text);
	assert_int_equal(sp_audit_read(sp_span(e.b, e.n), &v), SP_OK);
	assert_int_equal(sp_audit_get(&v, SP_F_USER)->bytes.n, SP_AUDIT_TEXT_MAX - 1);
}

static void test_a_full_event_says_what_it_left_out(void **state)
{
	(void)state;
	static const enum sp_field texts[] = {SP_F_SESSION, SP_F_REASON, SP_F_TEXT, SP_F_USER,
			SP_F_ROLES, SP_F_ADMIN, SP_F_SRC_IP, SP_F_SRC_NET, SP_F_TARGET};
	char text[SP_AUDIT_TEXT_MAX];
	struct sp_audit_event e;
	struct sp_audit_view v;

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	sp_audit_init(&e, SP_AUDIT_CONN_OPEN, SP_OUTCOME_NONE);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		sp_audit_text(&e, texts[i], text);
	}
	assert_int_equal(e.dropped, 2);
	assert_true(e.n <= SP_AUDIT_MAX);
	assert_int_equal(sp_audit_read(sp_span(e.b, e.n), &v), SP_OK);
	assert_int_equal(v.n, 7);
}

static void cut(struct sp_span in, void *arg)
{
	struct sp_audit_view v;

	(void)arg;
	assert_int_not_equal(sp_audit_read(in, &v), SP_OK);
}

static void test_truncated(void **state)
{
	(void)state;
	struct sp_audit_event e = sample();

	unit_truncate(sp_span(e.b, e.n), cut, NULL);
}

/* What is accepted is canonical: writing it again gives the same bytes. */
static void test_flipped_bytes(void **state)
{
	(void)state;
	struct sp_audit_event e = sample();

	for (size_t i = 0; i < e.n; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			struct sp_audit_event f = e, g;
			struct sp_audit_view v;

			f.b[i] ^= (uint8_t)(1u << bit);
			if (sp_audit_read(sp_span(f.b, f.n), &v) != SP_OK) {
				continue;
			}
			sp_audit_init(&g, v.kind, v.outcome);
			sp_audit_set_severity(&g, v.severity);
			for (size_t k = v.n; k-- > 0;) {
				char text[SP_AUDIT_TEXT_MAX + 1];
				enum sp_field field = (enum sp_field)v.f[k].field;

				if (v.f[k].type == SP_FIELD_NUM) {
					sp_audit_num(&g, field, v.f[k].num);
				} else if (v.f[k].type == SP_FIELD_BYTES) {
					sp_audit_bytes(&g, field, v.f[k].bytes.p, v.f[k].bytes.n);
				} else {
					sp_audit_copy(&v, field, text, sizeof(text));
					sp_audit_text(&g, field, text);
				}
			}
			unit_assert_span(sp_span(g.b, g.n), sp_span(f.b, f.n));
		}
	}
}

static void test_names(void **state)
{
	(void)state;
	enum sp_severity severity;

	assert_string_equal(sp_audit_name(SP_AUDIT_SESSION_START), "session.start");
	assert_int_equal(sp_audit_by_name("lock.step"), SP_AUDIT_LOCK_STEP);
	assert_int_equal(sp_audit_by_name("lock"), SP_AUDIT_NONE);
	assert_null(sp_audit_name(9999));
	assert_int_equal(sp_audit_win(SP_AUDIT_AUTH_FAIL), 4625);
	assert_string_equal(sp_field_name(SP_F_CLAIMED_USER), "claimed.user");
	assert_int_equal(sp_field_by_name("target.spki"), SP_F_TARGET_SPKI);
	assert_int_equal(sp_field_by_name(""), SP_F_NONE);
	assert_int_equal(sp_field_type(SP_F_TARGET_SPKI), SP_FIELD_BYTES);
	assert_true(sp_severity_by_text("high", &severity));
	assert_int_equal(severity, SP_SEVERITY_HIGH);
	assert_false(sp_severity_by_text("none", &severity));
	assert_string_equal(sp_outcome_text(SP_OUTCOME_DENIED), "denied");
	assert_string_equal(sp_severity_text(99), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_there_and_back),
			cmocka_unit_test(test_the_last_value_stays),
			cmocka_unit_test(test_nothing_adds_nothing),
			cmocka_unit_test(test_long_texts_are_cut_between_characters),
			cmocka_unit_test(test_a_full_event_says_what_it_left_out),
			cmocka_unit_test(test_truncated),
			cmocka_unit_test(test_flipped_bytes),
			cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
