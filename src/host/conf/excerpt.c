/* host/conf/excerpt.c - see excerpt.h. */
#include "host/conf/excerpt.h"

#include <errno.h>
#include <libconfig.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

#define LINES_MAX 8192

struct writer {
	const char *file;
	struct sp_conf_line **list;
	size_t *n;
	bool nomem;
};

/* The next line, which stood where this setting stands; its text is ours from now on. */
static void put(struct writer *w, const config_setting_t *at, char *text)
{
	const char *from = config_setting_source_file(at);
	struct sp_conf_line *grown = *w->n < LINES_MAX
			? sp_realloc(*w->list, (*w->n + 1) * sizeof(**w->list))
			: NULL;

	if (grown) {
		*w->list = grown;
		grown[*w->n] = (struct sp_conf_line){.text = text,
				.file = strdup(from ? from : w->file),
				.line = config_setting_source_line(at)};
		w->nomem = w->nomem || !text || !grown[*w->n].file;
		*w->n += 1;
	} else {
		free(text);
		w->nomem = true;
	}
}

static void put_string(FILE *f, const char *s)
{
	fputc('"', f);
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\') {
			fprintf(f, "\\%c", c);
		} else if (c < 0x20) {
			fprintf(f, "\\x%02x", c);
		} else {
			fputc(c, f);
		}
	}
	fputc('"', f);
}

/* A value on one line; false for a group or list, which have several. */
static bool put_scalar(FILE *f, const config_setting_t *s)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
		fprintf(f, "%d", config_setting_get_int(s));
		return true;
	case CONFIG_TYPE_INT64:
		fprintf(f, "%lldL", config_setting_get_int64(s));
		return true;
	case CONFIG_TYPE_FLOAT:
		fprintf(f, "%#.17g", config_setting_get_float(s));
		return true;
	case CONFIG_TYPE_BOOL:
		fputs(config_setting_get_bool(s) ? "true" : "false", f);
		return true;
	case CONFIG_TYPE_STRING:
		put_string(f, config_setting_get_string(s));
		return true;
	default:
		return false;
	}
}

/* "    name = " or nothing, the value or what opens it, and a tail. */
static void put_line(struct writer *w, const config_setting_t *s, int depth, const char *open,
		const char *tail)
{
	const char *name = config_setting_name(s);
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	if (!f) {
		w->nomem = true;
		return;
	}
	fprintf(f, "%*s", 4 * depth, "");
	if (name && !(open && strchr("])}", *open))) {
		fprintf(f, "%s = ", name);
	}
	if (open) {
		fputs(open, f);
	} else {
		put_scalar(f, s);
	}
	fputs(tail, f);
	if (fclose(f) != 0) {
		free(text);
		text = NULL;
	}
	put(w, s, text);
}

static void put_setting(struct writer *w, const config_setting_t *s, int depth, const char *tail)
{
	static const char *const pairs[][2] = {{"{", "}"}, {"(", ")"}, {"[", "]"}};
	int type = config_setting_type(s);

	if (type != CONFIG_TYPE_GROUP && type != CONFIG_TYPE_LIST && type != CONFIG_TYPE_ARRAY) {
		put_line(w, s, depth, NULL, tail);
		return;
	}
	int kind = type == CONFIG_TYPE_GROUP ? 0 : type == CONFIG_TYPE_LIST ? 1 : 2;
	int n = config_setting_length(s);
	put_line(w, s, depth, pairs[kind][0], "");
	for (int i = 0; i < n && !w->nomem; i++) {
		put_setting(w, config_setting_get_elem(s, (unsigned)i), depth + 1,
				kind == 0                   ? ";"
						: i + 1 < n ? ","
							    : "");
	}
	put_line(w, s, depth, pairs[kind][1], tail);
}

static sp_printf(4, 5) void mistake(
		struct sp_conf_errors *e, const char *file, unsigned line, const char *fmt, ...)
{
	char text[224];
	va_list ap;

	if (e->n == SP_CONF_ERRORS) {
		e->more = true;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (line > 0) {
		snprintf(e->text[e->n++], sizeof(e->text[0]), "%s:%u: %s", file, line, text);
	} else {
		snprintf(e->text[e->n++], sizeof(e->text[0]), "%s: %s", file, text);
	}
}

static void read_root(struct sp_conf_excerpt *x, const char *file, const config_setting_t *root,
		struct sp_conf_errors *errors, bool *nomem)
{
	for (int i = 0; i < config_setting_length(root); i++) {
		const config_setting_t *s = config_setting_get_elem(root, (unsigned)i);
		const char *name = config_setting_name(s), *from = config_setting_source_file(s);
		bool targets = strcmp(name, "targets") == 0, rules = strcmp(name, "rules") == 0;
		struct writer w = {.file = file,
				.list = targets ? &x->targets : &x->rules,
				.n = targets ? &x->n_targets : &x->n_rules};

		if (!targets && !rules) {
			mistake(errors, from ? from : file, config_setting_source_line(s),
					"%s: only targets and rules can be included", name);
		} else if (targets && !config_setting_is_group(s)) {
			mistake(errors, from ? from : file, config_setting_source_line(s),
					"targets: must be a group, { NAME = { ... }; }");
		} else if (rules && !config_setting_is_list(s)) {
			mistake(errors, from ? from : file, config_setting_source_line(s),
					"rules: must be a list of groups, ( { ... }, { ... } )");
		} else {
			x->has_rules = x->has_rules || rules;
			for (int k = 0; k < config_setting_length(s) && !w.nomem; k++) {
				put_setting(&w, config_setting_get_elem(s, (unsigned)k), 1,
						targets ? ";" : ",");
			}
		}
		*nomem = *nomem || w.nomem;
	}
}

int sp_conf_excerpt(struct sp_conf_excerpt *x, const char *file, struct sp_conf_errors *errors)
{
	const char *slash = strrchr(file, '/');
	char folder[SP_CONF_PATH] = ".";
	bool nomem = false;
	config_t cfg;
	int rc = SP_OK;

	memset(x, 0, sizeof(*x));
	memset(errors, 0, sizeof(*errors));
	config_init(&cfg);
	if (slash && (size_t)(slash - file) < sizeof(folder)) {
		snprintf(folder, sizeof(folder), "%.*s", slash == file ? 1 : (int)(slash - file),
				file);
	}
	config_set_include_dir(&cfg, folder);
	errno = 0;
	if (config_read_file(&cfg, file) != CONFIG_TRUE) {
		const char *at = config_error_file(&cfg);
		int err = errno;
		bool parse = config_error_type(&cfg) == CONFIG_ERR_PARSE;

		rc = parse ? SP_EFIELD : SP_ESYS;
		mistake(errors, at ? at : file, parse ? (unsigned)config_error_line(&cfg) : 0, "%s",
				!parse && err != 0 ? strerror(err) : config_error_text(&cfg));
	} else {
		read_root(x, file, config_root_setting(&cfg), errors, &nomem);
		rc = nomem ? SP_ENOMEM : errors->n > 0 ? SP_EFIELD : SP_OK;
	}
	config_destroy(&cfg);
	if (rc != SP_OK) {
		sp_conf_excerpt_finish(x);
	}
	return rc;
}

static void free_lines(struct sp_conf_line *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(v[i].text);
		free(v[i].file);
	}
	sp_free(v);
}

void sp_conf_excerpt_finish(struct sp_conf_excerpt *x)
{
	free_lines(x->targets, x->n_targets);
	free_lines(x->rules, x->n_rules);
	memset(x, 0, sizeof(*x));
}
