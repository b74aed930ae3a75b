/* host/lib/json.h - reads JSON of strangers: strict, bounded, and never more than what was asked for. */
#ifndef SP_HOST_LIB_JSON_H
#define SP_HOST_LIB_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"

/* A value; borrowed ones live as long as the document. Every question may be asked of NULL. */
struct sp_json;

#define SP_JSON_WHY 160

/*
 * A document: UTF-8, no member twice in an object, no NUL in a text, nothing behind the end.
 * SP_EFIELD with why set ("line 3 column 7: ...").
 */
sp_nodiscard int sp_json_parse(struct sp_span text, struct sp_json **out, char why[SP_JSON_WHY]);
/* Accepts NULL; only for what sp_json_parse gave. */
void sp_json_free(struct sp_json *doc);

/* A member of an object; NULL where there is none, or no object. */
const struct sp_json *sp_json_get(const struct sp_json *v, const char *key);
bool sp_json_is_object(const struct sp_json *v);
bool sp_json_is_array(const struct sp_json *v);
bool sp_json_is_null(const struct sp_json *v);
/* Elements of an array; 0 for anything else. */
size_t sp_json_count(const struct sp_json *v);
const struct sp_json *sp_json_at(const struct sp_json *v, size_t i);
/* NULL for what is no text. */
const char *sp_json_text(const struct sp_json *v);
/* False for what is no whole number. */
bool sp_json_int(const struct sp_json *v, int64_t *out);
/* Is it there, and false? */
bool sp_json_is_false(const struct sp_json *v);

#endif
