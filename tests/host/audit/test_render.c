/* tests/host/audit/test_render.c - the formats, exactly; test_render.py has them read by others. */
#include "unit.h"

#include <string.h>

#include "core/base/mem.h"
#include "host/audit/render.h"
#include "host/audit/render_part.h"

static void sample(struct sp_audit_event *e, struct sp_audit_view *v, struct sp_record *r)
{
	sp_audit_init(e, SP_AUDIT_AUTH_FAIL, SP_OUTCOME_DENIED);
	sp_audit_num(e, SP_F_CONN, 7);
	sp_audit_text(e, SP_F_REASON, "wrong password");
	sp_audit_text(e, SP_F_SRC_IP, "192.0.2.7");
	sp_audit_text(e, SP_F_CLAIMED_USER, "al\"i]c=e\n\xff");
	assert_int_equal(sp_audit_read(sp_span(e->b, e->n), v), SP_OK);
	*r = (struct sp_record){.seq = 3,
			.mono_ns = UINT64_C(1) << 53,
			.wall_ns = UINT64_C(1795411867000000789),
			.host = "gate1"};
	memset(r->boot, 0x11, sizeof(r->boot));
	memset(r->hash, 0x22, sizeof(r->hash));
}

#define H16 "11111111111111111111111111111111"
#define H32 "2222222222222222222222222222222222222222222222222222222222222222"
#define Z32 "0000000000000000000000000000000000000000000000000000000000000000"

static void test_lines(void **state)
{
	(void)state;
	static const char *const want[SP_RENDER_COUNT] = {
			[SP_RENDER_JSON] =
					"{\"version\": 1, \"seq\": 3, \"time\": "
					"\"2026-11-23T05:31:07.000000789Z\", \"boot\": \"" H16
					"\", \"mono\": \"9007199254740992\", \"host\": \"gate1\", "
					"\"event\": \"auth.fail\", \"severity\": \"low\", "
					"\"outcome\": \"denied\", \"win_event_id\": 4625, "
					"\"conn\": 7, "
					"\"reason\": \"wrong password\", \"src.ip\": "
					"\"192.0.2.7\", "
					"\"claimed.user\": \"al\\\"i]c=e\\u000a\\\\xff\", "
					"\"prev\": "
					"\"" Z32 "\", \"hash\": \"" H32 "\"}",
			[SP_RENDER_SYSLOG] = "<109>1 2026-11-23T05:31:07.000000Z gate1 sallyport - "
					     "auth.fail [rdp@32473 seq=\"3\" severity=\"low\" "
					     "outcome=\"denied\" win_event_id=\"4625\" conn=\"7\" "
					     "reason=\"wrong password\" src.ip=\"192.0.2.7\" "
					     "claimed.user=\"al\\\"i\\]c=e\\\\u{000a}\\\\xff\" "
					     "hash=\"" H32 "\"] auth.fail denied",
			[SP_RENDER_CEF] = "CEF:0|Sallyport|sallyport|" SP_VERSION
					  "|auth.fail|auth.fail|3|rt=1795411867000 externalId=3 "
					  "outcome=denied dvchost=gate1 spWinEventId=4625 spConn=7 "
					  "reason=wrong password src=192.0.2.7 "
					  "spClaimedUser=al\"i]c\\=e\\\\u{000a}\\\\xff spHash=" H32,
	};
	struct sp_audit_event e;
	struct sp_audit_view v;
	struct sp_record r;

	sample(&e, &v, &r);
	for (uint32_t form = 0; form < SP_RENDER_COUNT; form++) {
		struct sp_wr w;
		sp_wr_init(&w, SP_RENDER_MAX);
		assert_int_equal(sp_render((enum sp_render)form, &r, &v, &w), SP_OK);
		if (want[form] != NULL) {
			sp_wr_u8(&w, 0);
			assert_string_equal((const char *)w.p, want[form]);
		}
		sp_wr_finish(&w);
	}
}

static void test_names(void **state)
{
	(void)state;
	enum sp_render form;

	for (uint32_t i = 0; i < SP_RENDER_COUNT; i++) {
		assert_true(sp_render_by_name(sp_render_name(i), &form));
		assert_int_equal(form, i);
	}
	assert_false(sp_render_by_name("xml", &form));
	assert_string_equal(sp_render_name(SP_RENDER_COUNT), "?");
}

static void test_without_room(void **state)
{
	(void)state;
	struct sp_audit_event e;
	struct sp_audit_view v;
	struct sp_record r;
	uint8_t small[64];
	struct sp_wr w;

	sample(&e, &v, &r);
	for (uint32_t form = 0; form < SP_RENDER_COUNT; form++) {
		sp_wr_fixed(&w, small, sizeof(small));
		assert_int_equal(sp_render((enum sp_render)form, &r, &v, &w), SP_ESPACE);
		sp_mem_fail_after(0);
		sp_wr_init(&w, SP_RENDER_MAX);
		assert_int_equal(sp_render((enum sp_render)form, &r, &v, &w), SP_ENOMEM);
		sp_mem_fail_after(-1);
		sp_wr_finish(&w);
	}
	sp_wr_init(&w, 16);
	assert_int_equal(sp_render(SP_RENDER_COUNT, &r, &v, &w), SP_EARG);
}

static void test_characters(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t n;
		uint32_t c;
	} cases[] = {
			{"a", 1, 'a'},
			{"\xc2\x80", 2, 0x80},
			{"\xdf\xbf", 2, 0x7ff},
			{"\xe0\xa0\x80", 3, 0x800},
			{"\xed\x9f\xbf", 3, 0xd7ff},
			{"\xef\xbf\xbf", 3, 0xffff},
			{"\xf0\x90\x80\x80", 4, 0x10000},
			{"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
			{"\x80", 1, SP_RENDER_BAD},
			{"\xc1\xbf", 1, SP_RENDER_BAD},
			{"\xe0\x9f\xbf", 1, SP_RENDER_BAD},
			{"\xed\xa0\x80", 1, SP_RENDER_BAD},
			{"\xf0\x8f\xbf\xbf", 1, SP_RENDER_BAD},
			{"\xf4\x90\x80\x80", 1, SP_RENDER_BAD},
			{"\xf5\x80\x80\x80", 1, SP_RENDER_BAD},
			{"\xff", 1, SP_RENDER_BAD},
			{"\xe2\x82", 1, SP_RENDER_BAD}, /* cut */
			{"\xe2\x82x", 1, SP_RENDER_BAD},
	};

	for (size_t i = 0; i < SP_LEN(cases); i++) {
		struct sp_span s = sp_span(cases[i].text, strlen(cases[i].text));
		size_t n = s.n;
		assert_true(sp_render_next(&s) == cases[i].c);
		assert_int_equal(n - s.n, cases[i].n);
	}
}

/* A file of RDP Activity: its last name, and its size where it is a file. */
static void test_ocsf_file(void **state)
{
	static const struct {
		const char *name, *kind, *want;
	} cases[] = {
			{"a/b c.txt", "file",
					", \"file\": {\"name\": \"b c.txt\", \"type_id\": 1, "
					"\"path\": \"a/b c.txt\", \"size\": 7}"},
			{"x", "file",
					", \"file\": {\"name\": \"x\", \"type_id\": 1, \"path\": "
					"\"x\", \"size\": 7}"},
			{"a/dir/", "open",
					", \"file\": {\"name\": \"dir/\", \"type_id\": 0, "
					"\"path\": \"a/dir/\"}"},
			{"/", "open",
					", \"file\": {\"name\": \"/\", \"type_id\": 0, \"path\": "
					"\"/\"}"},
	};

	(void)state;
	for (size_t i = 0; i < SP_LEN(cases); i++) {
		struct sp_audit_event e;
		struct sp_audit_view v;
		struct sp_record r = {.seq = 1};
		struct sp_wr w;

		sp_audit_init(&e, SP_AUDIT_FILE_TRANSFER, SP_OUTCOME_OK);
		sp_audit_text(&e, SP_F_NAME, cases[i].name);
		sp_audit_text(&e, SP_F_KIND, cases[i].kind);
		sp_audit_num(&e, SP_F_BYTES, 7);
		assert_int_equal(sp_audit_read(sp_span(e.b, e.n), &v), SP_OK);
		sp_wr_init(&w, SP_RENDER_MAX);
		assert_int_equal(sp_render(SP_RENDER_OCSF, &r, &v, &w), SP_OK);
		sp_wr_u8(&w, 0);
		assert_non_null(strstr((const char *)w.p, cases[i].want));
		sp_wr_finish(&w);
	}
}

/* A connection without a target goes to the gate. */
static void test_ocsf_destination(void **state)
{
	static const struct {
		const char *listener, *want;
	} cases[] = {
			{"192.0.2.7:3389",
					", \"dst_endpoint\": {\"svc_name\": \"sallyport\", "
					"\"ip\": \"192.0.2.7\", \"port\": 3389}"},
			{"[2001:db8::7]:65535",
					", \"dst_endpoint\": {\"svc_name\": \"sallyport\", "
					"\"ip\": \"2001:db8::7\", \"port\": 65535}"},
			{"", ", \"dst_endpoint\": {\"svc_name\": \"sallyport\"}"},
			{"3389", ", \"dst_endpoint\": {\"svc_name\": \"sallyport\"}"},
			{":1", ", \"dst_endpoint\": {\"svc_name\": \"sallyport\"}"},
			{"a:123456", ", \"dst_endpoint\": {\"svc_name\": \"sallyport\"}"},
	};

	(void)state;
	for (size_t i = 0; i < SP_LEN(cases); i++) {
		struct sp_audit_event e;
		struct sp_audit_view v;
		struct sp_record r = {.seq = 1};
		struct sp_wr w;

		sp_audit_init(&e, SP_AUDIT_CONN_REJECT, SP_OUTCOME_DENIED);
		sp_audit_text(&e, SP_F_SRC_LISTENER, cases[i].listener);
		assert_int_equal(sp_audit_read(sp_span(e.b, e.n), &v), SP_OK);
		sp_wr_init(&w, SP_RENDER_MAX);
		assert_int_equal(sp_render(SP_RENDER_OCSF, &r, &v, &w), SP_OK);
		sp_wr_u8(&w, 0);
		assert_non_null(strstr((const char *)w.p, cases[i].want));
		sp_wr_finish(&w);
	}
}

/* Whatever a peer puts into an event has room as a line: else who sends it would stand still. */
static void test_worst(void **state)
{
	(void)state;
	static const char *const fill[] = {"\x01", "\xff", "\"", "\\", "\xf3\xa0\x81\x81", "]"};
	static char text[SP_AUDIT_TEXT_MAX + 1];
	size_t longest = 0;

	for (uint32_t kind = 1; kind < 200; kind++) {
		for (size_t k = 0; k < SP_LEN(fill); k++) {
			struct sp_audit_event e;
			struct sp_audit_view v;
			size_t one = strlen(fill[k]), n = 0;

			for (; n + one < sizeof(text); n += one) {
				memcpy(text + n, fill[k], one);
			}
			text[n] = '\0';
			sp_audit_init(&e, (enum sp_audit_kind)kind, SP_OUTCOME_DENIED);
			for (uint32_t f = 1; f < 200; f++) {
				if (sp_field_type(f) == SP_FIELD_TEXT) {
					sp_audit_text(&e, (enum sp_field)f, text);
				}
			}
			if (sp_audit_read(sp_span(e.b, e.n), &v) != SP_OK) {
				continue;
			}
			struct sp_record r = {.seq = UINT64_MAX >> 1, .wall_ns = UINT64_MAX};
			memset(r.host, k == 0 ? '\x01' : '\\', sizeof(r.host) - 1);
			for (uint32_t form = 0; form < SP_RENDER_COUNT; form++) {
				struct sp_wr w;
				sp_wr_init(&w, SP_RENDER_MAX);
				assert_int_equal(
						sp_render_message((enum sp_render)form, &r, &v, &w),
						SP_OK);
				longest = w.n > longest ? w.n : longest;
				sp_wr_finish(&w);
			}
		}
	}
	assert_true(longest > 8 * 7000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_lines),
			cmocka_unit_test(test_names),
			cmocka_unit_test(test_without_room),
			cmocka_unit_test(test_characters),
			cmocka_unit_test(test_ocsf_file),
			cmocka_unit_test(test_ocsf_destination),
			cmocka_unit_test(test_worst),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
