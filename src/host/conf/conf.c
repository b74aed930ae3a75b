/* host/conf/conf.c - the configuration file as a plain structure, every mistake with its line. */
#include "host/conf/conf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libconfig.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "core/base/mem.h"

/* The account's longest name on Linux. */
#define ACCOUNT_MAX 32
#define NAME_MAX_BYTES 64

struct reader {
	struct sp_conf *c;
	struct sp_conf_errors *errors;
	const char *file;
	char folder[SP_CONF_PATH];
};

/* One key of a group: what to do with its setting. */
struct key {
	const char *name;
	void (*read)(struct reader *r, const config_setting_t *s, void *to);
};

static sp_printf(3, 4) void mistake(
		struct reader *r, const config_setting_t *at, const char *fmt, ...)
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
	const char *file = at != NULL ? config_setting_source_file(at) : NULL;
	unsigned line = at != NULL ? config_setting_source_line(at) : 0;
	char *to = e->text[e->n++];
	if (line > 0) {
		snprintf(to, sizeof(e->text[0]), "%s:%u: %s", file != NULL ? file : r->file, line,
				text);
	} else {
		snprintf(to, sizeof(e->text[0]), "%s: %s", r->file, text);
	}
}

static const char *name_of(const config_setting_t *s)
{
	const char *name = config_setting_name(s);

	return name != NULL ? name : config_setting_name(config_setting_parent(s));
}

static void read_group(struct reader *r, const config_setting_t *group, const struct key *keys,
		size_t n, void *to)
{
	if (!config_setting_is_group(group)) {
		mistake(r, group, "%s: must be a group, { ... }", name_of(group));
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
			mistake(r, s, "%s: key is not known", config_setting_name(s));
		}
	}
}

/* NULL, and said so, when the setting is no text. */
static const char *text_of(struct reader *r, const config_setting_t *s)
{
	const char *text = config_setting_get_string(s);

	if (text == NULL) {
		mistake(r, s, "%s: must be a text, \"...\"", name_of(s));
	}
	return text;
}

static bool port_of(const char *text, uint32_t *port)
{
	size_t n = strspn(text, "0123456789");

	if (!(1 <= n && n <= 5) || text[n] != '\0') {
		return false;
	}
	*port = (uint32_t)strtoul(text, NULL, 10);
	return *port <= 65535;
}

bool sp_conf_parse_listen(const char *text, struct sp_conf_listen *l)
{
	char host[SP_CONF_ADDR];
	const char *colon = strrchr(text, ':');

	memset(l, 0, sizeof(*l));
	if (colon == NULL || !(strlen(text) < sizeof(l->text)) || !port_of(colon + 1, &l->port)) {
		return false;
	}
	size_t n = (size_t)(colon - text);
	const char *start = text;
	l->family = AF_INET;
	if (n >= 2 && text[0] == '[' && text[n - 1] == ']') {
		l->family = AF_INET6;
		start++;
		n -= 2;
	}
	memcpy(host, start, n);
	host[n] = '\0';
	if (inet_pton((int)l->family, host, l->addr) != 1) {
		return false;
	}
	memcpy(l->text, text, strlen(text) + 1);
	return true;
}

static void read_listen(struct reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf *c = r->c;
	int n = config_setting_length(s);

	if (!config_setting_is_array(s) && !config_setting_is_list(s)) {
		mistake(r, s, "listen: must be a list of texts, [\"ADDRESS:PORT\"]");
		return;
	}
	if (!(1 <= n && n <= SP_CONF_LISTENS)) {
		mistake(r, s, "listen: must have 1 to %d addresses", SP_CONF_LISTENS);
		return;
	}
	c->n_listen = 0;
	for (int i = 0; i < n; i++) {
		const config_setting_t *e = config_setting_get_elem(s, (unsigned)i);
		const char *text = text_of(r, e);
		struct sp_conf_listen *l = &c->listen[c->n_listen];
		if (text == NULL) {
			continue;
		}
		if (!sp_conf_parse_listen(text, l)) {
			mistake(r, e,
					"listen: \"%s\" is no numeric address with a port "
					"(\"127.0.0.1:3389\", \"[::1]:3389\")",
					text);
			continue;
		}
		bool twice = false;
		for (size_t k = 0; k < c->n_listen; k++) {
			twice = twice ||
					(l->port != 0 && l->port == c->listen[k].port &&
							l->family == c->listen[k].family &&
							memcmp(l->addr, c->listen[k].addr, 16) ==
									0);
		}
		if (twice) {
			mistake(r, e, "listen: \"%s\" is there twice", text);
			continue;
		}
		c->n_listen++;
	}
}

static void read_path(struct reader *r, const config_setting_t *s, void *to)
{
	char *path = to;
	const char *text = text_of(r, s);
	int n;

	if (text == NULL) {
		return;
	}
	if (text[0] == '\0') {
		mistake(r, s, "%s: is empty", name_of(s));
		return;
	}
	if (text[0] == '/' || r->folder[0] == '\0') {
		n = snprintf(path, SP_CONF_PATH, "%s", text);
	} else {
		n = snprintf(path, SP_CONF_PATH, "%s/%s", r->folder, text);
	}
	if (!(0 <= n && n < SP_CONF_PATH)) {
		mistake(r, s, "%s: path is too long", name_of(s));
	}
}

static void read_state(struct reader *r, const config_setting_t *s, void *to)
{
	struct stat st;

	read_path(r, s, r->c->state);
	if (stat(r->c->state, &st) == 0 && !S_ISDIR(st.st_mode)) {
		mistake(r, s, "state: %s is no directory", r->c->state);
	}
}

static void read_certificate(struct reader *r, const config_setting_t *s, void *to)
{
	struct stat st;

	read_path(r, s, r->c->certificate);
	if (r->c->certificate[0] == '\0') {
		return;
	}
	if (stat(r->c->certificate, &st) != 0) {
		/* A check as an ordinary user may not be allowed to look: that is no mistake. */
		if (errno != EACCES) {
			mistake(r, s, "certificate: %s: %s", r->c->certificate, strerror(errno));
		}
	} else if (!S_ISREG(st.st_mode)) {
		mistake(r, s, "certificate: %s is no file", r->c->certificate);
	}
}

static void read_kind(struct reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf_target *t = to;
	const char *text = text_of(r, s);

	if (text != NULL && strcmp(text, "desktop") != 0) {
		mistake(r, s, "kind: \"%s\" is not known (known: \"desktop\")", text);
	}
	t->kind = SP_CONF_DESKTOP;
}

/* As useradd of Debian takes them. */
static bool account_name(const char *s)
{
	size_t n = strlen(s);

	return 1 <= n && n <= ACCOUNT_MAX && s[0] != '-' && s[0] != '.' &&
			strspn(s,
					"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
					"6789._-") == n;
}

static void read_account(struct reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf_target *t = to;
	const char *text = text_of(r, s);

	if (text == NULL || strcmp(text, "same") == 0) {
		return;
	}
	if (strncmp(text, "map:", 4) != 0 || !account_name(text + 4)) {
		mistake(r, s, "account: \"%s\" is neither \"same\" nor \"map:NAME\"", text);
		return;
	}
	snprintf(t->account, sizeof(t->account), "%s", text + 4);
}

static void read_session(struct reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf_target *t = to;
	const char *text = text_of(r, s);

	if (text == NULL) {
		return;
	}
	const char *c = text;
	while ((unsigned char)*c >= 0x20 && *c != 0x7f) {
		c++;
	}
	/* It travels as a text of host/monitor, which takes no control characters, tabs neither. */
	if (text[0] == '\0' || *c != '\0') {
		mistake(r, s, "session: must be one line with a command");
		return;
	}
	int n = snprintf(t->session, sizeof(t->session), "%s", text);
	if (!(0 <= n && (size_t)n < sizeof(t->session))) {
		mistake(r, s, "session: command is longer than %zu bytes", sizeof(t->session) - 1);
	}
}

static const struct key target_keys[] = {
		{"kind", read_kind},
		{"account", read_account},
		{"session", read_session},
};

static void read_targets(struct reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf *c = r->c;

	if (!config_setting_is_group(s)) {
		mistake(r, s, "targets: must be a group, { NAME = { ... }; }");
		return;
	}
	int n = config_setting_length(s);
	if (!(1 <= n && n <= SP_CONF_TARGETS)) {
		mistake(r, s, "targets: must have 1 to %d targets", SP_CONF_TARGETS);
		return;
	}
	memset(c->target, 0, sizeof(c->target));
	c->n_targets = 0;
	for (int i = 0; i < n; i++) {
		const config_setting_t *e = config_setting_get_elem(s, (unsigned)i);
		const char *name = config_setting_name(e);
		struct sp_conf_target *t = &c->target[c->n_targets++];
		if (!(strlen(name) <= NAME_MAX_BYTES) || strchr(name, '*') != NULL) {
			mistake(r, e, "targets: \"%s\" is no name (1 to %d letters, digits, _ -)",
					name, NAME_MAX_BYTES);
		}
		snprintf(t->name, sizeof(t->name), "%s", name);
		if (config_setting_is_group(e) && config_setting_get_member(e, "kind") == NULL) {
			mistake(r, e, "%s: kind is missing", name);
		}
		read_group(r, e, target_keys, SP_LEN(target_keys), t);
	}
}

/* A limit and the range in which it makes sense. */
static const struct limit {
	const char *name;
	size_t at;
	int min, max;
} limits[] = {
		{"deadline", offsetof(struct sp_conf_limits, deadline), 5, 120},
		{"per-source", offsetof(struct sp_conf_limits, per_source), 1, 512},
		{"rate", offsetof(struct sp_conf_limits, rate), 1, 1000},
		{"burst", offsetof(struct sp_conf_limits, burst), 1, 10000},
		{"total-soft", offsetof(struct sp_conf_limits, total_soft), 1, 4096},
		{"total-hard", offsetof(struct sp_conf_limits, total_hard), 1, 4096},
};

static void read_limit(struct reader *r, const config_setting_t *s, void *to)
{
	const struct limit *l = limits;

	while (strcmp(l->name, config_setting_name(s)) != 0) {
		l++;
	}
	if (config_setting_type(s) != CONFIG_TYPE_INT) {
		mistake(r, s, "%s: must be a whole number", l->name);
		return;
	}
	int v = config_setting_get_int(s);
	if (!(l->min <= v && v <= l->max)) {
		mistake(r, s, "%s: %d is not between %d and %d", l->name, v, l->min, l->max);
		return;
	}
	uint32_t u = (uint32_t)v;
	memcpy((char *)to + l->at, &u, sizeof(u));
}

static void read_limits(struct reader *r, const config_setting_t *s, void *to)
{
	struct key keys[SP_LEN(limits)];

	for (size_t i = 0; i < SP_LEN(limits); i++) {
		keys[i] = (struct key){limits[i].name, read_limit};
	}
	read_group(r, s, keys, SP_LEN(keys), &r->c->limits);
	if (r->c->limits.total_soft > r->c->limits.total_hard) {
		mistake(r, s, "limits: total-soft is above total-hard");
	}
}

static void read_run_as(struct reader *r, const config_setting_t *s, void *to)
{
	const char *text = text_of(r, s);

	if (text == NULL) {
		return;
	}
	if (!account_name(text)) {
		mistake(r, s, "run-as: \"%s\" is neither \"caller\" nor the name of an account",
				text);
		return;
	}
	snprintf(r->c->run_as, sizeof(r->c->run_as), "%s", strcmp(text, "caller") ? text : "");
}

static void read_mfa(struct reader *r, const config_setting_t *s, void *to)
{
	static const char *const names[] = {[SP_CONF_MFA_REQUIRED] = "required",
			[SP_CONF_MFA_ENROLLED] = "enrolled",
			[SP_CONF_MFA_NONE] = "none"};
	const char *text = text_of(r, s);

	for (size_t i = 0; text != NULL && i < SP_LEN(names); i++) {
		if (strcmp(text, names[i]) == 0) {
			r->c->mfa = (enum sp_conf_mfa)i;
			return;
		}
	}
	if (text != NULL) {
		mistake(r, s, "mfa: \"%s\" is not \"required\", \"enrolled\" or \"none\"", text);
	}
}

static const struct key top_keys[] = {
		{"listen", read_listen},
		{"state", read_state},
		{"certificate", read_certificate},
		{"targets", read_targets},
		{"limits", read_limits},
		{"run-as", read_run_as},
		{"mfa", read_mfa},
};

void sp_conf_default(struct sp_conf *c)
{
	memset(c, 0, sizeof(*c));
	c->refs = 1;
	c->n_listen = 1;
	if (!sp_conf_parse_listen("127.0.0.1:3389", &c->listen[0])) {
		abort();
	}
	snprintf(c->state, sizeof(c->state), "/var/lib/sallyport");
	snprintf(c->run_as, sizeof(c->run_as), SP_CONF_RUN_AS);
	c->n_targets = 1;
	c->target[0] = (struct sp_conf_target){.name = "desktop", .kind = SP_CONF_DESKTOP};
	c->limits = (struct sp_conf_limits){
			.deadline = 30,
			.per_source = 8,
			.rate = 10,
			.burst = 20,
			.total_soft = 64,
			.total_hard = 512,
	};
}

/* The folder of a file, "." for a bare name; empty (then paths stay as written) when too long. */
static void folder_of(struct reader *r)
{
	const char *slash = strrchr(r->file, '/');
	size_t n = slash != NULL ? (size_t)(slash - r->file) : 1;

	if (slash == r->file) {
		n = 1;
	}
	if (n < sizeof(r->folder)) {
		memcpy(r->folder, slash != NULL ? r->file : ".", n);
	}
}

static void read_error(struct reader *r, const config_t *cfg)
{
	struct sp_conf_errors *e = r->errors;
	const char *file = config_error_file(cfg);

	e->n = 1;
	if (config_error_type(cfg) == CONFIG_ERR_PARSE && config_error_line(cfg) > 0) {
		snprintf(e->text[0], sizeof(e->text[0]), "%s:%d: %s", file != NULL ? file : r->file,
				config_error_line(cfg), config_error_text(cfg));
	} else {
		snprintf(e->text[0], sizeof(e->text[0]), "%s: %s", r->file,
				errno != 0 ? strerror(errno) : config_error_text(cfg));
	}
}

int sp_conf_read(struct sp_conf *c, const char *file, struct sp_conf_errors *errors)
{
	struct reader r = {.c = c, .errors = errors, .file = file};
	config_t cfg;
	int rc = SP_OK;

	memset(errors, 0, sizeof(*errors));
	sp_conf_default(c);
	folder_of(&r);
	config_init(&cfg);
	if (r.folder[0] != '\0') {
		config_set_include_dir(&cfg, r.folder);
	}
	errno = 0;
	if (config_read_file(&cfg, file) != CONFIG_TRUE) {
		rc = config_error_type(&cfg) == CONFIG_ERR_PARSE ? SP_EFIELD : SP_ESYS;
		read_error(&r, &cfg);
	} else {
		read_group(&r, config_root_setting(&cfg), top_keys, SP_LEN(top_keys), NULL);
		rc = errors->n > 0 ? SP_EFIELD : SP_OK;
	}
	config_destroy(&cfg);
	if (rc != SP_OK) {
		sp_conf_default(c);
	}
	return rc;
}

const struct sp_conf_target *sp_conf_target(const struct sp_conf *c, const char *name)
{
	for (size_t i = 0; i < c->n_targets; i++) {
		if (strcmp(c->target[i].name, name) == 0) {
			return &c->target[i];
		}
	}
	return NULL;
}

bool sp_conf_certificate(const struct sp_conf *c, char *path, size_t cap)
{
	int n = c->certificate[0] != '\0' ? snprintf(path, cap, "%s", c->certificate)
					  : snprintf(path, cap, "%s/tls.pem", c->state);

	return 0 <= n && (size_t)n < cap;
}

void sp_conf_finish(struct sp_conf *c)
{
	sp_free(c->rule);
	c->rule = NULL;
	c->n_rules = 0;
}

int sp_conf_load(const char *file, struct sp_conf_errors *errors, struct sp_conf **out)
{
	struct sp_conf *c = sp_malloc(sizeof(*c));

	*out = NULL;
	if (c == NULL) {
		memset(errors, 0, sizeof(*errors));
		errors->n = 1;
		snprintf(errors->text[0], sizeof(errors->text[0]), "%s: %s", file,
				sp_err_text(SP_ENOMEM));
		return SP_ENOMEM;
	}
	int rc = sp_conf_read(c, file, errors);
	if (rc != SP_OK) {
		sp_conf_unref(c);
		return rc;
	}
	*out = c;
	return SP_OK;
}

struct sp_conf *sp_conf_ref(struct sp_conf *c)
{
	c->refs++;
	return c;
}

void sp_conf_unref(struct sp_conf *c)
{
	if (c != NULL && --c->refs == 0) {
		sp_conf_finish(c);
		sp_free(c);
	}
}
