/* tests/host/audit/test_schema.c - docs/audit.schema.json says what the catalogue says. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/audit/event.h"
#include "host/io/fdio.h"

#define FILE_NAME "docs/audit.schema.json"

static void events(FILE *f)
{
	const char *comma = "";

	fputs("    \"event\": {\n      \"description\": \"what happened\",\n      \"enum\": [", f);
	for (uint32_t kind = 1; kind < SP_AUDIT_END; kind++) {
		if (sp_audit_name(kind) != NULL) {
			fprintf(f, "%s\n        \"%s\"", comma, sp_audit_name(kind));
			comma = ",";
		}
	}
	fputs("\n      ]\n    },\n", f);
}

static void words(FILE *f, const char *name, const char *(*text)(uint32_t), uint32_t n,
		const char *description)
{
	fprintf(f, "    \"%s\": {\"description\": \"%s\", \"enum\": [", name, description);
	for (uint32_t i = 0; i < n; i++) {
		fprintf(f, "%s\"%s\"", i == 0 ? "" : ", ", text(i));
	}
	fputs("]},\n", f);
}

static void fields(FILE *f)
{
	for (uint32_t i = 1; i < SP_F_END; i++) {
		const char *name = sp_field_name(i);

		if (name == NULL) {
			continue;
		}
		switch (sp_field_type(i)) {
		case SP_FIELD_NUM:
			fprintf(f, "    \"%s\": {\"$ref\": \"#/$defs/number\"},\n", name);
			break;
		case SP_FIELD_BYTES:
			fprintf(f, "    \"%s\": {\"$ref\": \"#/$defs/hex\"},\n", name);
			break;
		default:
			fprintf(f, "    \"%s\": {\"type\": \"string\"},\n", name);
			break;
		}
	}
}

static void schema(FILE *f)
{
	fputs("{\n"
	      "  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
	      "  \"title\": \"A record of Sallyport's audit\",\n"
	      "  \"description\": \"One line of `sallyport audit export --format json`. Fields "
	      "under "
	      "claimed. are what a peer said of itself and nobody checked. In texts a byte that is "
	      "no "
	      "UTF-8 is written as a backslash, x and two hex digits.\",\n"
	      "  \"type\": \"object\",\n"
	      "  \"additionalProperties\": false,\n"
	      "  \"required\": [\"version\", \"seq\", \"time\", \"boot\", \"mono\", \"host\", "
	      "\"event\", \"severity\", \"outcome\", \"prev\", \"hash\"],\n"
	      "  \"properties\": {\n"
	      "    \"version\": {\"const\": 1},\n"
	      "    \"seq\": {\"description\": \"from 1, without gaps\", \"$ref\": "
	      "\"#/$defs/number\"},\n"
	      "    \"time\": {\"description\": \"UTC, with nanoseconds\", \"type\": \"string\", "
	      "\"pattern\": "
	      "\"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{9}Z$\"},\n"
	      "    \"boot\": {\"description\": \"the machine's boot id\", \"$ref\": "
	      "\"#/$defs/hex\"},\n"
	      "    \"mono\": {\"description\": \"nanoseconds since that boot\", \"$ref\": "
	      "\"#/$defs/number\"},\n"
	      "    \"host\": {\"type\": \"string\"},\n",
			f);
	events(f);
	words(f, "severity", sp_severity_text, SP_SEVERITY_COUNT, "how bad it may be");
	words(f, "outcome", sp_outcome_text, SP_OUTCOME_COUNT, "none: a fact that is neither");
	fputs("    \"win_event_id\": {\"description\": \"what Windows calls about the same\", "
	      "\"type\": \"integer\"},\n",
			f);
	fields(f);
	fputs("    \"prev\": {\"description\": \"hash of the record before\", \"$ref\": "
	      "\"#/$defs/hash\"},\n"
	      "    \"hash\": {\"description\": \"SHA-256 over the record's bytes\", \"$ref\": "
	      "\"#/$defs/hash\"}\n"
	      "  },\n"
	      "  \"$defs\": {\n"
	      "    \"number\": {\"description\": \"a string where JavaScript would round it\", "
	      "\"oneOf\": [{\"type\": \"integer\", \"minimum\": 0}, {\"type\": \"string\", "
	      "\"pattern\": \"^[0-9]{16,20}$\"}]},\n"
	      "    \"hex\": {\"type\": \"string\", \"pattern\": \"^([0-9a-f]{2})*$\"},\n"
	      "    \"hash\": {\"type\": \"string\", \"pattern\": \"^[0-9a-f]{64}$\"}\n"
	      "  }\n"
	      "}\n",
			f);
}

/* With SP_WRITE=1 the file is written, for who changes the catalogue. */
static void test_schema(void **state)
{
	const char *source = getenv("SP_SOURCE");
	char path[600], *text = NULL;
	struct sp_rcbuf *b;
	size_t n;

	snprintf(path, sizeof(path), "%s/" FILE_NAME, source != NULL ? source : ".");
	FILE *f = open_memstream(&text, &n);
	schema(f);
	fclose(f);
	if (getenv("SP_WRITE") != NULL) {
		assert_int_equal(sp_file_write(path, 0644, sp_span(text, n)), SP_OK);
	}
	assert_int_equal(sp_file_read(path, 1 << 20, &b), SP_OK);
	if (!sp_span_eq(sp_span(b->p, b->n), sp_span(text, n))) {
		fail_msg(FILE_NAME " is not what the catalogue says; run this with SP_WRITE=1");
	}
	sp_rcbuf_unref(b);
	free(text);
}

/* Is it there as `conn.open`, or as `.open` in a line with `conn.? */
static bool has(const char *doc, const char *name)
{
	const char *dot = strchr(name, '.');
	char whole[64], group[64], rest[64];

	snprintf(whole, sizeof(whole), "`%s`", name);
	if (strstr(doc, whole) != NULL || dot == NULL) {
		return strstr(doc, whole) != NULL;
	}
	snprintf(group, sizeof(group), "`%.*s.", (int)(dot - name), name);
	snprintf(rest, sizeof(rest), "`%s`", dot);
	for (const char *line = doc; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		const char *end = strchrnul(line, '\n'), *at = strstr(line, rest);
		const char *of = strstr(line, group);
		if (at != NULL && at < end && of != NULL && of < end) {
			return true;
		}
	}
	return false;
}

/* docs/AUDIT.md says of each event when it is told. */
static void test_doc(void **state)
{
	const char *source = getenv("SP_SOURCE");
	static char doc[1 << 17];
	struct sp_rcbuf *b;
	char path[600];

	snprintf(path, sizeof(path), "%s/docs/AUDIT.md", source != NULL ? source : ".");
	assert_int_equal(sp_file_read(path, sizeof(doc) - 1, &b), SP_OK);
	memcpy(doc, b->p, b->n);
	sp_rcbuf_unref(b);
	for (uint32_t kind = 1; kind < SP_AUDIT_END; kind++) {
		const char *name = sp_audit_name(kind);
		if (name != NULL && !has(doc, name)) {
			fail_msg("docs/AUDIT.md does not say when %s is told", name);
		}
	}
	assert_false(has(doc, "conn.nothing"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_schema),
			cmocka_unit_test(test_doc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
