/* host/lib/json.c - see json.h; jansson does it. */
#include "host/lib/json.h"

#include <jansson.h>
#include <stdio.h>

#include "core/base/err.h"

static const json_t *in(const struct sp_json *v)
{
	return (const json_t *)(const void *)v;
}

static const struct sp_json *out_of(const json_t *v)
{
	return (const struct sp_json *)(const void *)v;
}

int sp_json_parse(struct sp_span text, struct sp_json **out, char why[SP_JSON_WHY])
{
	json_error_t e;
	json_t *v = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &e);

	if (v == NULL) {
		snprintf(why, SP_JSON_WHY, "line %d column %d: %.100s", e.line, e.column, e.text);
		return SP_EFIELD;
	}
	*out = (struct sp_json *)(void *)v;
	return SP_OK;
}

void sp_json_free(struct sp_json *doc)
{
	json_decref((json_t *)(void *)doc);
}

const struct sp_json *sp_json_get(const struct sp_json *v, const char *key)
{
	return out_of(json_object_get(in(v), key));
}

bool sp_json_is_object(const struct sp_json *v)
{
	return json_is_object(in(v));
}

bool sp_json_is_array(const struct sp_json *v)
{
	return json_is_array(in(v));
}

bool sp_json_is_null(const struct sp_json *v)
{
	return json_is_null(in(v));
}

size_t sp_json_count(const struct sp_json *v)
{
	return json_array_size(in(v));
}

const struct sp_json *sp_json_at(const struct sp_json *v, size_t i)
{
	return out_of(json_array_get(in(v), i));
}

const char *sp_json_text(const struct sp_json *v)
{
	return json_string_value(in(v));
}

bool sp_json_is_false(const struct sp_json *v)
{
	return json_is_false(in(v));
}

bool sp_json_int(const struct sp_json *v, int64_t *out)
{
	if (!json_is_integer(in(v))) {
		return false;
	}
	*out = json_integer_value(in(v));
	return true;
}
