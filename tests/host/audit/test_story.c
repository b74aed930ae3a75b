/* tests/host/audit/test_story.c - records as lines for people, whatever a peer sent. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "host/audit/story.h"

static const char *story(const struct sp_audit_event *e)
{
	static char line[SP_STORY_MAX + 1];
	struct sp_audit_view v;
	struct sp_wr w;

	assert_int_equal(sp_audit_read(sp_span(e->b, e->n), &v), SP_OK);
	sp_wr_init(&w, SP_STORY_MAX);
	assert_int_equal(sp_story(&v, &w), SP_OK);
	snprintf(line, sizeof(line), "%.*s", (int)w.n, (const char *)w.p);
	assert_int_equal(strlen(line), w.n);
	sp_wr_finish(&w);
	return line;
}

static void test_sentences(void **state)
{
	struct sp_audit_event e;

	sp_audit_init(&e, SP_AUDIT_AUTH_FAIL, SP_OUTCOME_DENIED);
	sp_audit_text(&e, SP_F_CLAIMED_USER, "alice");
	sp_audit_text(&e, SP_F_SRC_IP, "192.0.2.7");
	sp_audit_text(&e, SP_F_REASON, "wrong password");
	sp_audit_num(&e, SP_F_CONN, 5);
	assert_string_equal(story(&e),
			"low      auth.fail          denied claimed alice from 192.0.2.7: wrong "
			"password (conn=5)");
	sp_audit_text(&e, SP_F_USER, "alice");
	assert_string_equal(story(&e),
			"low      auth.fail          denied alice from 192.0.2.7: wrong password "
			"(conn=5)");
	/* What only programs ask for is left out; what was typed otherwise than it is stored is not. */
	sp_audit_init(&e, SP_AUDIT_AUTH_OK, SP_OUTCOME_OK);
	sp_audit_text(&e, SP_F_USER, "alice");
	sp_audit_num(&e, SP_F_KNOWN, 1);
	sp_audit_num(&e, SP_F_SRC_PORT, 50123);
	sp_audit_text(&e, SP_F_SRC_LISTENER, "0.0.0.0:3389");
	sp_audit_num(&e, SP_F_HANDSHAKE, 12);
	sp_audit_text(&e, SP_F_CLAIMED_USER, "ALICE@corp");
	sp_audit_text(&e, SP_F_CLAIMED_JA4, "t13i220800_da033aef09f1_4bf5d7a43f18");
	assert_string_equal(
			story(&e), "info     auth.ok            alice (claimed.user=ALICE@corp)");
	sp_audit_init(&e, SP_AUDIT_AUTH_FAIL, SP_OUTCOME_DENIED);
	sp_audit_text(&e, SP_F_REASON, "wrong-password");
	sp_audit_text(&e, SP_F_TEXT, "wrong password");
	sp_audit_text(&e, SP_F_SRC_NET, "192.0.2.7/32");
	assert_string_equal(story(&e), "low      auth.fail          denied: wrong password");
	sp_audit_text(&e, SP_F_TEXT, "the third time");
	assert_string_equal(story(&e),
			"low      auth.fail          denied: wrong-password, the third time");
	sp_audit_init(&e, SP_AUDIT_SESSION_START, SP_OUTCOME_OK);
	sp_audit_text(&e, SP_F_USER, "alice");
	sp_audit_text(&e, SP_F_TARGET, "db1");
	sp_audit_text(&e, SP_F_CHANNELS, "clipboard: text, sound");
	assert_string_equal(story(&e),
			"info     session.start      alice to db1 (channel.granted=\"clipboard: "
			"text, "
			"sound\")");
	sp_audit_init(&e, SP_AUDIT_FILE_TRANSFER, SP_OUTCOME_NONE);
	sp_audit_bytes(&e, SP_F_SHA256, "0123456789abcdef", 16);
	assert_string_equal(story(&e),
			"info     file.transfer      (transfer.sha256=3031323334353637...)");
	sp_audit_init(&e, SP_AUDIT_SERVICE_START, SP_OUTCOME_OK);
	assert_string_equal(story(&e), "info     service.start     ");
}

/* Nothing but one line, nothing hidden, and quotes that close. */
static void assert_harmless(const char *line)
{
	for (const unsigned char *p = (const unsigned char *)line; *p != '\0'; p++) {
		assert_true(*p >= 0x20 && *p != 0x7f);
		/* C1 controls and marks of direction in UTF-8. */
		assert_false(p[0] == 0xc2 && p[1] < 0xa0);
		assert_false(p[0] == 0xe2 && p[1] == 0x80 && p[2] >= 0x8b && p[2] <= 0x8f);
		assert_false(p[0] == 0xe2 && p[1] == 0x80 && p[2] >= 0xa8 && p[2] <= 0xae);
	}
}

static void test_hostile(void **state)
{
	static const char *const names[] = {
			"al\r\nFeb 30 info auth.ok bob",
			"\x1b[2J\x1b[31mred",
			"\" (conn=7) \"",
			"back\\slash",
			"\xe2\x80\xae"
			"gnp.exe",
			"\xff\xfe\x80",
			"tab\tand\x7f",
			"\xc2\x85next",
			"alice (conn=7)",
	};
	char longest[SP_AUDIT_TEXT_MAX + 10];

	for (size_t i = 0; i < SP_LEN(names); i++) {
		struct sp_audit_event e;

		sp_audit_init(&e, SP_AUDIT_AUTH_FAIL, SP_OUTCOME_DENIED);
		sp_audit_text(&e, SP_F_CLAIMED_USER, names[i]);
		sp_audit_text(&e, SP_F_CLAIMED_CLIENT, names[i]);
		const char *line = story(&e);
		assert_harmless(line);
		assert_non_null(strstr(line, "claimed \""));
		assert_non_null(strstr(line, "claimed.client=\""));
	}
	struct sp_audit_event e;
	sp_audit_init(&e, SP_AUDIT_AUTH_FAIL, SP_OUTCOME_DENIED);
	sp_audit_text(&e, SP_F_CLAIMED_USER, "\" (conn=7) \"");
	assert_non_null(strstr(story(&e), "claimed \"\\\" (conn=7) \\\"\""));
	/* Long ones are cut between characters, and it is said how long they were. */
	for (size_t i = 0; i + 1 < sizeof(longest); i += 2) {
		memcpy(longest + i, "\xc3\xa4", 2);
	}
	longest[0] = 'x';
	memmove(longest + 1, longest + 2, sizeof(longest) - 2);
	longest[900] = longest[901] = '\0';
	sp_audit_text(&e, SP_F_CLAIMED_USER, longest);
	const char *line = story(&e);
	assert_harmless(line);
	assert_non_null(strstr(line, "\"... ("));
	assert_true(strlen(line) < 400);
}

static void test_everything_at_once(void **state)
{
	char bad[SP_AUDIT_TEXT_MAX + 1];
	struct sp_audit_event e;

	memset(bad, 0x1b, sizeof(bad) - 1);
	bad[sizeof(bad) - 1] = '\0';
	sp_audit_init(&e, SP_AUDIT_AUTH_FAIL, SP_OUTCOME_DENIED);
	for (uint32_t f = 1; f < SP_F_END; f++) {
		if (sp_field_name(f) != NULL && sp_field_type(f) == SP_FIELD_TEXT) {
			sp_audit_text(&e, (enum sp_field)f, bad);
		}
	}
	assert_harmless(story(&e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_sentences),
			cmocka_unit_test(test_hostile),
			cmocka_unit_test(test_everything_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
