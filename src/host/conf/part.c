/* host/conf/part.c - see part.h. */
#include "host/conf/part.h"

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/conf/words.h"

/* The account's longest name on Linux. */
#define ACCOUNT_MAX 32

static void where(struct sp_conf_reader *r, const config_setting_t *at, const char *kind,
		const char *text, char to[320])
{
	const char *file = at != NULL ? config_setting_source_file(at) : NULL;
	unsigned line = at != NULL ? config_setting_source_line(at) : 0;

	if (line > 0) {
		snprintf(to, 320, "%s:%u: %s%s", file != NULL ? file : r->file, line, kind, text);
	} else {
		snprintf(to, 320, "%s: %s%s", r->file, kind, text);
	}
}

void sp_conf_mistake(struct sp_conf_reader *r, const config_setting_t *at, const char *fmt, ...)
{
	struct sp_conf_errors *e = r->errors;
	va_list ap;
	char text[224];

	if (e->n == SP_CONF_ERRORS) {
		e->more = true;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	where(r, at, "", text, e->text[e->n++]);
}

void sp_conf_warn(struct sp_conf_reader *r, const config_setting_t *at, const char *fmt, ...)
{
	struct sp_conf_errors *e = r->errors;
	va_list ap;
	char text[224];

	if (e->n_warnings == SP_CONF_WARNINGS) {
		return;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	where(r, at, "warning: ", text, e->warning[e->n_warnings++]);
}

const char *sp_conf_name_of(const config_setting_t *s)
{
	const char *name = config_setting_name(s);

	return name != NULL ? name : config_setting_name(config_setting_parent(s));
}

void sp_conf_read_group(struct sp_conf_reader *r, const config_setting_t *group,
		const struct sp_conf_key *keys, size_t n, void *to)
{
	if (!config_setting_is_group(group)) {
		sp_conf_mistake(r, group, "%s: must be a group, { ... }", sp_conf_name_of(group));
		return;
	}
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *s = config_setting_get_elem(group, (unsigned)i);
		size_t k = 0;
		while (k < n && strcmp(keys[k].name, config_setting_name(s)) != 0) {
			k++;
		}
		if (k < n) {
			keys[k].read(r, s, to);
		} else {
			sp_conf_mistake(r, s, "%s: key is not known", config_setting_name(s));
		}
	}
}

const char *sp_conf_text_of(struct sp_conf_reader *r, const config_setting_t *s)
{
	const char *text = config_setting_get_string(s);

	if (text == NULL) {
		sp_conf_mistake(r, s, "%s: must be a text, \"...\"", sp_conf_name_of(s));
	}
	return text;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '*';
}

/* Does a number stand there that is not an int? Not in a text, a name or a comment. */
static bool has_wide(const char *p)
{
	while (*p != '\0' && *p != '#' && strncmp(p, "//", 2) != 0) {
		char *end;

		if (*p == '"') {
			for (p++; *p != '\0' && *p != '"'; p++) {
				p += *p == '\\' && p[1] != '\0';
			}
			p += *p == '"';
		} else if (isdigit((unsigned char)*p)) {
			int base = p[0] == '0' && (p[1] == 'x' || p[1] == 'X') ? 16 : 10;

			if (strtoull(p, &end, base) > INT_MAX) {
				return true;
			}
			p = end;
		} else if (is_word(*p) && *p != '-') {
			while (is_word(*p)) {
				p++;
			}
		} else {
			p++;
		}
	}
	return false;
}

/* libconfig 1.5 takes 32 bits of a number, however many it has: the line says what was written. */
static bool is_wide(const struct sp_conf_reader *r, const config_setting_t *s)
{
	const char *name = config_setting_source_file(s);
	FILE *f = fopen(name != NULL ? name : r->file, "re");
	bool wide = false;
	char *line = NULL;
	size_t cap = 0;

	for (unsigned i = 1; f != NULL && getline(&line, &cap, f) >= 0; i++) {
		if (i == config_setting_source_line(s)) {
			wide = has_wide(line);
			break;
		}
	}
	free(line);
	if (f != NULL) {
		fclose(f);
	}
	return wide;
}

bool sp_conf_read_int(
		struct sp_conf_reader *r, const config_setting_t *s, const char *unit, int *to)
{
	if (config_setting_type(s) != CONFIG_TYPE_INT || is_wide(r, s)) {
		sp_conf_mistake(r, s, "%s: must be a whole number%s%s%s", sp_conf_name_of(s),
				unit != NULL ? " of " : "", unit != NULL ? unit : "",
				config_setting_is_number(s) ? ", up to 2147483647" : "");
		return false;
	}
	*to = config_setting_get_int(s);
	return true;
}

bool sp_conf_read_line(struct sp_conf_reader *r, const config_setting_t *s, char *to, size_t cap,
		bool may_be_empty)
{
	const char *text = sp_conf_text_of(r, s);

	if (text == NULL) {
		return false;
	}
	/* It travels as a text of host/monitor, which takes no control characters, tabs neither. */
	if ((text[0] == '\0' && !may_be_empty) || !sp_words_clean(text, false)) {
		sp_conf_mistake(r, s, "%s: must be one line of text", sp_conf_name_of(s));
		return false;
	}
	int n = snprintf(to, cap, "%s", text);
	if (!(0 <= n && (size_t)n < cap)) {
		sp_conf_mistake(r, s, "%s: is longer than %zu bytes", sp_conf_name_of(s), cap - 1);
		return false;
	}
	return true;
}

bool sp_conf_read_bool(struct sp_conf_reader *r, const config_setting_t *s, bool *to)
{
	if (config_setting_type(s) != CONFIG_TYPE_BOOL) {
		sp_conf_mistake(r, s, "%s: must be true or false", sp_conf_name_of(s));
		return false;
	}
	*to = config_setting_get_bool(s) != 0;
	return true;
}

int sp_conf_choice(struct sp_conf_reader *r, const config_setting_t *s, const char *const *words,
		size_t n)
{
	const char *text = sp_conf_text_of(r, s);
	char known[160] = "";
	size_t len = 0;

	for (size_t i = 0; text != NULL && i < n; i++) {
		if (strcmp(text, words[i]) == 0) {
			return (int)i;
		}
		int more = snprintf(known + len, sizeof(known) - len, "%s\"%s\"",
				i == 0                      ? ""
						: i + 1 < n ? ", "
							    : " or ",
				words[i]);
		len += more > 0 && (size_t)more < sizeof(known) - len ? (size_t)more : 0;
	}
	if (text != NULL) {
		sp_conf_mistake(r, s, "%s: \"%s\" is not %s", sp_conf_name_of(s), text, known);
	}
	return -1;
}

const config_setting_t *sp_conf_text_at(const config_setting_t *s, size_t i)
{
	return config_setting_type(s) == CONFIG_TYPE_STRING
			? s
			: config_setting_get_elem(s, (unsigned)i);
}

void sp_conf_read_texts(struct sp_conf_reader *r, const config_setting_t *s, size_t most,
		void (*take)(struct sp_conf_reader *r, const config_setting_t *at, const char *text,
				void *to),
		void *to)
{
	bool one = config_setting_type(s) == CONFIG_TYPE_STRING;
	int n = one ? 1 : config_setting_length(s);

	if (!one && !config_setting_is_array(s) && !config_setting_is_list(s)) {
		sp_conf_mistake(r, s, "%s: must be a list of texts, [\"...\"]", sp_conf_name_of(s));
		return;
	}
	if (!(1 <= n && (size_t)n <= most)) {
		sp_conf_mistake(r, s,
				"%s: must have 1 to %zu entries (without the key it is not "
				"asked)",
				sp_conf_name_of(s), most);
		return;
	}
	for (int i = 0; i < n; i++) {
		const config_setting_t *e = sp_conf_text_at(s, (size_t)i);
		const char *text = sp_conf_text_of(r, e);
		if (text != NULL) {
			take(r, e, text, to);
		}
	}
}

void sp_conf_add_net(struct sp_conf_reader *r, const config_setting_t *at, const char *text,
		struct sp_conf_net *nets, size_t *n)
{
	bool beyond;

	if (!sp_words_net(text, &nets[*n], &beyond)) {
		sp_conf_mistake(r, at,
				"%s: \"%s\" is no network (\"10.8.0.0/16\", \"192.0.2.7\", "
				"\"2001:db8::/32\")",
				sp_conf_name_of(at), text);
	} else if (beyond) {
		sp_conf_mistake(r, at, "%s: \"%s\" has bits behind its prefix", sp_conf_name_of(at),
				text);
	} else {
		++*n;
	}
}

/* As useradd of Debian takes them. */
bool sp_conf_account_name(const char *s)
{
	size_t n = strlen(s);

	return 1 <= n && n <= ACCOUNT_MAX && s[0] != '-' && s[0] != '.' &&
			strspn(s,
					"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
					"6789._-") == n;
}
