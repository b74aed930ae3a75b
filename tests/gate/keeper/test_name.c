/* tests/gate/keeper/test_name.c - what a name as sent says, read from the right. */
#include "unit.h"

#include <string.h>

#include "core/base/attr.h"
#include "gate/keeper/name.h"

static const struct {
	const char *sent, *user, *target, *code;
} rows[] = {
		{"bob", "bob", "", ""},
		{"bob#db1", "bob", "db1", ""},
		{"bob#123456", "bob", "", "123456"},
		{"bob##123456", "bob", "", "123456"},
		{"bob#db1#123456", "bob", "db1", "123456"},
		{"bob@corp#db1#123456", "bob@corp", "db1", "123456"},
		{"bob#123456#", "bob#123456", "", ""},
		{"bob#123456#654321", "bob", "123456", "654321"},
		{"bob#12345", "bob", "12345", ""},
		{"bob#1234567", "bob", "1234567", ""},
		{"bob#12345a", "bob", "12345a", ""},
		{"a#b#c#123456", "a#b", "c", "123456"},
		{"#123456", "", "", "123456"},
		{"#", "", "", ""},
		{"###", "##", "", ""},
		{"", "", "", ""},
};

static void test_rows(void **state)
{
	struct sp_name n;

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		sp_name_split(rows[i].sent, &n);
		assert_string_equal(n.user, rows[i].user);
		assert_string_equal(n.target, rows[i].target);
		assert_string_equal(n.code, rows[i].code);
	}
}

static void test_long(void **state)
{
	char sent[SP_TEXT_NAME];
	struct sp_name n;

	memset(sent, '#', sizeof(sent) - 1);
	sent[sizeof(sent) - 1] = '\0';
	sp_name_split(sent, &n);
	assert_string_equal(n.target, "");
	memset(sent, '7', sizeof(sent) - 1);
	sp_name_split(sent, &n);
	assert_string_equal(n.user, sent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_rows),
			cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
