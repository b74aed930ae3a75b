/* tests/host/conf/test_excerpt.c - what is taken out of a file, and the lines it is known by. */
#include "host/conf/excerpt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "unit.h"

static char dir[] = "/tmp/sp-excerpt-XXXXXX";
static char path[64], other[64];
static struct sp_conf_excerpt x;
static struct sp_conf_errors errors;

static void write_text(const char *to, const char *text)
{
	FILE *f = fopen(to, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int take(const char *text)
{
	write_text(path, text);
	return sp_conf_excerpt(&x, path, &errors);
}

static void expect(const struct sp_conf_line *l, const char *text, const char *file, uint32_t line)
{
	assert_string_equal(l->text, text);
	assert_string_equal(l->file, file);
	assert_int_equal(l->line, line);
}

static void test_lines(void **state)
{
	assert_int_equal(take("# nothing yet\n"
			      "rules = (\n"
			      "  { users = [\"a\", \"b \\\"c\\\\d\"];\n"
			      "    reason = true; }\n"
			      ");\n"
			      "targets = { db1 = {\n"
			      "  kind = \"rdp\"; address = \"h\\x01\"; };\n"
			      "};\n"),
			SP_OK);
	assert_true(x.has_rules);
	assert_int_equal(x.n_targets, 4);
	expect(&x.targets[0], "    db1 = {", path, 6);
	expect(&x.targets[1], "        kind = \"rdp\";", path, 7);
	expect(&x.targets[2], "        address = \"h\\x01\";", path, 7);
	expect(&x.targets[3], "    };", path, 6);
	assert_int_equal(x.n_rules, 7);
	expect(&x.rules[0], "    {", path, 3);
	expect(&x.rules[1], "        users = [", path, 3);
	expect(&x.rules[3], "            \"b \\\"c\\\\d\"", path, 3);
	expect(&x.rules[4], "        ];", path, 3);
	expect(&x.rules[5], "        reason = true;", path, 4);
	expect(&x.rules[6], "    },", path, 3);
	sp_conf_excerpt_finish(&x);
	/* Values that a configuration has no use for stay what they are, to be complained about. */
	assert_int_equal(take("targets = { a = 1; b = 5000000000L; c = 1.5; d = (1, { e = false; "
			      "}); };"),
			SP_OK);
	expect(&x.targets[0], "    a = 1;", path, 1);
	expect(&x.targets[1], "    b = 5000000000L;", path, 1);
	assert_int_equal(strncmp(x.targets[2].text, "    c = 1.5", 11), 0);
	expect(&x.targets[5], "        {", path, 1);
	assert_false(x.has_rules);
	sp_conf_excerpt_finish(&x);
}

static void test_empty(void **state)
{
	assert_int_equal(take(""), SP_OK);
	assert_false(x.has_rules);
	assert_int_equal(take("rules = ();"), SP_OK);
	assert_true(x.has_rules);
	assert_int_equal(x.n_rules + x.n_targets, 0);
	sp_conf_excerpt_finish(&x);
}

static void test_nested_file(void **state)
{
	write_text(other, "\n\nrules = ( { name = \"n\"; } );\n");
	assert_int_equal(take("@include \"other.conf\"\n"), SP_OK);
	assert_int_equal(x.n_rules, 3);
	assert_non_null(strstr(x.rules[0].file, "other.conf"));
	assert_int_equal(x.rules[0].line, 3);
	sp_conf_excerpt_finish(&x);
}

static void refused(const char *text, const char *what)
{
	char want[320];

	assert_int_equal(take(text), SP_EFIELD);
	assert_int_equal(errors.n, 1);
	snprintf(want, sizeof(want), "%s:%s", path, what);
	assert_string_equal(errors.text[0], want);
	assert_null(x.targets);
	assert_null(x.rules);
}

static void test_refused(void **state)
{
	refused("targets = {\n a = {\n", "3: syntax error");
	refused("\nlisten = [];", "2: listen: only targets and rules can be included");
	refused("targets = 1;", "1: targets: must be a group, { NAME = { ... }; }");
	refused("rules = { };", "1: rules: must be a list of groups, ( { ... }, { ... } )");
	unlink(path);
	assert_int_equal(sp_conf_excerpt(&x, path, &errors), SP_ESYS);
	assert_non_null(strstr(errors.text[0], ": No such file or directory"));
}

static void test_no_memory(void **state)
{
	for (long i = 0; i < 4; i++) {
		write_text(path, "rules = ( { name = \"n\"; } ); targets = { a = { }; };");
		sp_mem_fail_after(i);
		int rc = sp_conf_excerpt(&x, path, &errors);
		sp_mem_fail_after(-1);
		assert_int_equal(rc, SP_ENOMEM);
		assert_null(x.rules);
	}
}

static int make_dir(void **state)
{
	if (!mkdtemp(dir)) {
		return -1;
	}
	snprintf(path, sizeof(path), "%s/extra.conf", dir);
	snprintf(other, sizeof(other), "%s/other.conf", dir);
	return 0;
}

static int remove_dir(void **state)
{
	unlink(path);
	unlink(other);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_lines),
			cmocka_unit_test(test_empty),
			cmocka_unit_test(test_nested_file),
			cmocka_unit_test(test_refused),
			cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
