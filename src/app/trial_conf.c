/* app/trial_conf.c - see trial_conf.h. */
#include "app/trial_conf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "host/conf/excerpt.h"

#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* ---- options ---- */

int trial_conf_target(const struct app_command *self, struct trial_conf *c, const char *value)
{
	const char *equals = strchr(value, '=');
	size_t n = equals ? (size_t)(equals - value) : 0;
	struct trial_target *t = &c->target[c->n_targets];

	if (!(1 <= n && n < 65) || equals[1] == '\0') {
		return app_usage(self, "--target %s: not of the form NAME=HOST:PORT", value);
	}
	if (strspn(value, NAME_LETTERS "0123456789_-") < n || strspn(value, NAME_LETTERS) == 0) {
		return app_usage(self,
				"--target %s: a name is a letter, then letters, digits, _ and -",
				value);
	}
	if (c->n_targets + 1 == SP_LEN(c->target)) {
		return app_usage(self, "--target: more than %zu", SP_LEN(c->target) - 1);
	}
	snprintf(t->name, sizeof(t->name), "%.*s", (int)n, value);
	t->option = value;
	t->address = equals + 1;
	if (strcmp(t->name, "desktop") == 0) {
		return app_usage(self, "--target %s: desktop is this machine's own", value);
	}
	for (size_t i = 0; i < c->n_targets; i++) {
		if (strcmp(c->target[i].name, t->name) == 0) {
			return app_usage(self, "--target %s: the name is there twice", value);
		}
	}
	c->n_targets++;
	return APP_OK;
}

int trial_conf_allow(const struct app_command *self, struct trial_conf *c, const char *value)
{
	static const struct {
		const char *name;
		uint32_t bits;
	} words[] = {
			{"clipboard", TRIAL_ALLOW_CLIPBOARD},
			{"drives", TRIAL_ALLOW_DRIVES},
			{"sound", TRIAL_ALLOW_SOUND},
			{"microphone", TRIAL_ALLOW_MICROPHONE},
			{"all", TRIAL_ALLOW_ALL},
	};

	for (const char *p = value;; p++) {
		size_t n = strcspn(p, ","), i = 0;

		while (i < SP_LEN(words) &&
				!(strlen(words[i].name) == n &&
						strncmp(words[i].name, p, n) == 0)) {
			i++;
		}
		if (i == SP_LEN(words)) {
			return app_usage(self,
					"--allow %s: not a list of clipboard, drives, sound, "
					"microphone, "
					"or all",
					value);
		}
		c->allow |= words[i].bits;
		p += n;
		if (*p == '\0') {
			return APP_OK;
		}
	}
}

/* ---- the file, each of whose lines has come from somewhere ---- */

#define ORIGINS_MAX 16384

struct origin {
	const char *where; /* an option or a file; NULL: the trial's own words */
	uint32_t line; /* of the file */
};

struct page {
	FILE *f;
	size_t n;
	struct origin *origin; /* of line i + 1 */
};

static sp_printf(4, 5) void put(
		struct page *p, const char *where, uint32_t line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(p->f, fmt, ap);
	va_end(ap);
	fputc('\n', p->f);
	if (p->n < ORIGINS_MAX) {
		p->origin[p->n] = (struct origin){where, line};
	}
	p->n++;
}

/* A string of libconfig: what could end it is escaped. The caller's to free; NULL without memory. */
static char *quoted(const char *s)
{
	char *out = malloc(2 * strlen(s) + 3), *to = out;

	if (!out) {
		return NULL;
	}
	*to++ = '"';
	for (; *s; s++) {
		if (*s == '"' || *s == '\\') {
			*to++ = '\\';
		}
		*to++ = *s;
	}
	*to++ = '"';
	*to = '\0';
	return out;
}

static void put_text(struct page *p, const char *where, const char *key, const char *text,
		const char *tail)
{
	char *q = quoted(text);

	put(p, where, 0, "%s = %s%s", key, q ? q : "", tail);
	free(q);
}

static void put_lines(struct page *p, const struct sp_conf_line *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		put(p, v[i].file, v[i].line, "%s", v[i].text);
	}
}

static void put_record(struct page *p, const struct trial_conf *c)
{
	if (c->record) {
		put(p, "--record", 0, "        record = \"required\";");
	}
}

static void put_targets(struct page *p, const struct trial_conf *c, const struct sp_conf_excerpt *x)
{
	put(p, NULL, 0, "targets = {");
	put(p, NULL, 0, "    desktop = {");
	put(p, NULL, 0, "        kind = \"desktop\";");
	put(p, NULL, 0, "        account = \"map:%s\";", c->account);
	if (c->session) {
		put_text(p, "--session", "        session", c->session, ";");
	}
	put_record(p, c);
	put(p, NULL, 0, "    };");
	for (size_t i = 0; i < c->n_targets; i++) {
		const struct trial_target *t = &c->target[i];

		put(p, t->option, 0, "    %s = {", t->name);
		put(p, t->option, 0, "        kind = \"rdp\";");
		put_text(p, t->option, "        address", t->address, ";");
		put(p, t->option, 0, "        trust = \"first-seen\";");
		put(p, t->option, 0, "        login = \"same\";");
		put(p, t->option, 0, "        security = \"tls\"; # also hosts without NLA");
		put_record(p, c);
		put(p, t->option, 0, "    };");
	}
	put_lines(p, x->targets, x->n_targets);
	put(p, NULL, 0, "};");
}

/* Included targets are the matter of included rules, where there are some. */
static void put_rules(struct page *p, const struct trial_conf *c, const struct sp_conf_excerpt *x)
{
	put(p, NULL, 0, "rules = (");
	put_lines(p, x->rules, x->n_rules);
	put(p, NULL, 0, "    {");
	put(p, NULL, 0, "        name = \"trial\";");
	if (x->has_rules) {
		put(p, NULL, 0, "        targets = [");
		put(p, NULL, 0, "            \"desktop\"%s", c->n_targets ? "," : "");
		for (size_t i = 0; i < c->n_targets; i++) {
			put(p, c->target[i].option, 0, "            \"%s\"%s", c->target[i].name,
					i + 1 < c->n_targets ? "," : "");
		}
		put(p, NULL, 0, "        ];");
	}
	put(p, NULL, 0, "        clipboard = \"%s\";",
			c->allow & TRIAL_ALLOW_CLIPBOARD ? "all" : "text");
	put(p, NULL, 0, "        drives = \"%s\";",
			c->allow & TRIAL_ALLOW_DRIVES ? "read-write" : "none");
	put(p, NULL, 0, "        sound = %s;", c->allow & TRIAL_ALLOW_SOUND ? "true" : "false");
	put(p, NULL, 0, "        microphone = %s;",
			c->allow & TRIAL_ALLOW_MICROPHONE ? "true" : "false");
	put(p, NULL, 0, "        other = %s;", c->allow == TRIAL_ALLOW_ALL ? "true" : "false");
	put(p, NULL, 0, "    }");
	put(p, NULL, 0, ");");
}

static void put_all(struct page *p, const struct trial_conf *c, const struct sp_conf_excerpt *x)
{
	put(p, NULL, 0, "# Written by `sallyport trial` at each start.");
	put(p, NULL, 0, "listen = [\"%s\"];", c->listen); /* looked at already */
	put(p, NULL, 0, "state = \"state\";");
	put(p, NULL, 0, "run-as = \"caller\";");
	put(p, NULL, 0, "mfa = \"%s\";", c->no_mfa ? "none" : "required");
	put(p, NULL, 0, "auditors = [\"%s\"]; # their key: auditor.key", c->auditor);
	put_targets(p, c, x);
	put_rules(p, c, x);
}

/* ---- mistakes ---- */

/* "PATH:LINE: what" of the written file, as a mistake of what the line came from. */
static void tell(const struct page *p, const char *path, const char *error)
{
	size_t n = strlen(path);
	char *end = NULL;
	unsigned long line = strncmp(error, path, n) == 0 && error[n] == ':'
			? strtoul(error + n + 1, &end, 10)
			: 0;

	if (!(1 <= line && line <= p->n && line <= ORIGINS_MAX) || !p->origin[line - 1].where ||
			strncmp(end, ": ", 2) != 0) {
		app_fail("trial", "%s", error);
	} else if (p->origin[line - 1].line > 0) {
		app_fail("trial", "%s:%u: %s", p->origin[line - 1].where, p->origin[line - 1].line,
				end + 2);
	} else {
		app_fail("trial", "%s%s: %s",
				strncmp(p->origin[line - 1].where, "--", 2) == 0 ? "" : "--target ",
				p->origin[line - 1].where, end + 2);
	}
}

static int tell_all(const struct page *p, const char *path, const struct sp_conf_errors *e)
{
	for (size_t i = 0; i < e->n; i++) {
		tell(p, path, e->text[i]);
	}
	if (e->more) {
		app_fail("trial", "and more of them");
	}
	return APP_FAILED;
}

static int write_page(struct page *p, const struct trial_conf *c, const struct sp_conf_excerpt *x,
		const char *path, struct sp_conf_errors *errors)
{
	struct sp_conf *read = NULL;

	p->f = fopen(path, "w");
	if (!p->f) {
		return app_fail("trial", "%s: %s", path, strerror(errno));
	}
	put_all(p, c, x);
	bool ok = ferror(p->f) == 0;
	if (fclose(p->f) != 0 || !ok) {
		return app_fail("trial", "%s: %s", path, strerror(errno));
	}
	if (sp_conf_load(path, errors, &read) != SP_OK) {
		return tell_all(p, path, errors);
	}
	sp_conf_unref(read);
	return APP_OK;
}

int trial_conf_write(const struct trial_conf *c, const char *dir)
{
	static struct sp_conf_errors errors;
	struct sp_conf_excerpt x = {0};
	struct page p = {.origin = sp_calloc(ORIGINS_MAX, sizeof(*p.origin))};
	char path[900];
	int rc = APP_OK;

	snprintf(path, sizeof(path), "%s/sallyport.conf", dir);
	if (!p.origin) {
		return app_fail("trial", "out of memory");
	}
	if (c->include) {
		int got = sp_conf_excerpt(&x, c->include, &errors);

		if (got == SP_ENOMEM) {
			rc = app_fail("trial", "--include %s: too long", c->include);
		} else if (got != SP_OK) {
			rc = tell_all(&p, path, &errors);
		}
	}
	rc = rc == APP_OK ? write_page(&p, c, &x, path, &errors) : rc;
	sp_conf_excerpt_finish(&x);
	sp_free(p.origin);
	return rc;
}
