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
#include "host/conf/part.h"
#include "host/conf/words.h"
#include "host/conf/zone.h"

#define RESERVE_MAX (16 * 1024 * 1024) /* MiB */

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
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
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
	if (inet_pton((int)l->family, host, l->addr) != 1 ||
			(l->family == AF_INET6 && memcmp(l->addr, mapped, sizeof(mapped)) == 0)) {
		return false;
	}
	memcpy(l->text, text, strlen(text) + 1);
	return true;
}

/* Every address of both kinds is too much where IPv4 has its own listener. */
static void share_ports(struct sp_conf *c)
{
	static const uint8_t any[16];

	for (size_t i = 0; i < c->n_listen; i++) {
		struct sp_conf_listen *l = &c->listen[i];

		for (size_t k = 0; k < c->n_listen; k++) {
			const struct sp_conf_listen *other = &c->listen[k];
			l->six_only = l->six_only ||
					(l->family == AF_INET6 && other->family == AF_INET &&
							memcmp(l->addr, any, sizeof(any)) == 0 &&
							l->port != 0 && l->port == other->port);
		}
	}
}

static void read_listen(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf *c = r->c;
	int n = config_setting_length(s);

	if (!config_setting_is_array(s) && !config_setting_is_list(s)) {
		sp_conf_mistake(r, s, "listen: must be a list of texts, [\"ADDRESS:PORT\"]");
		return;
	}
	if (!(1 <= n && n <= SP_CONF_LISTENS)) {
		sp_conf_mistake(r, s, "listen: must have 1 to %d addresses", SP_CONF_LISTENS);
		return;
	}
	c->n_listen = 0;
	for (int i = 0; i < n; i++) {
		const config_setting_t *e = config_setting_get_elem(s, (unsigned)i);
		const char *text = sp_conf_text_of(r, e);
		struct sp_conf_listen *l = &c->listen[c->n_listen];
		if (text == NULL) {
			continue;
		}
		if (!sp_conf_parse_listen(text, l)) {
			sp_conf_mistake(r, e,
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
			sp_conf_mistake(r, e, "listen: \"%s\" is there twice", text);
			continue;
		}
		c->n_listen++;
	}
	share_ports(c);
}

void sp_conf_read_path(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	char *path = to;
	const char *text = sp_conf_text_of(r, s);
	int n;

	if (text == NULL) {
		return;
	}
	if (text[0] == '\0') {
		sp_conf_mistake(r, s, "%s: is empty", sp_conf_name_of(s));
		return;
	}
	if (text[0] == '/' || r->folder[0] == '\0') {
		n = snprintf(path, SP_CONF_PATH, "%s", text);
	} else {
		n = snprintf(path, SP_CONF_PATH, "%s/%s", r->folder, text);
	}
	if (!(0 <= n && n < SP_CONF_PATH)) {
		sp_conf_mistake(r, s, "%s: path is too long", sp_conf_name_of(s));
	}
}

static void read_state(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	struct stat st;

	sp_conf_read_path(r, s, r->c->state);
	if (stat(r->c->state, &st) == 0 && !S_ISDIR(st.st_mode)) {
		sp_conf_mistake(r, s, "state: %s is no directory", r->c->state);
	}
}

/* A password in it is a mistake that many can read: PostgreSQL has a file for it. */
static void read_store(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	const char *url = config_setting_get_string(s);

	if (url == NULL || strncmp(url, "postgresql://", 13) != 0) {
		sp_conf_mistake(r, s, "store must be \"postgresql://USER@HOST/DATABASE\"");
	} else if (strlen(url) >= sizeof(r->c->store) || strchr(url, '#') != NULL) {
		sp_conf_mistake(r, s, "store: address too long, or with a '#' in it");
	} else {
		const char *at = strchr(url + 13, '@'), *colon = strchr(url + 13, ':');
		if (at != NULL && colon != NULL && colon < at) {
			sp_conf_warn(r, s,
					"store: a password in the configuration can be read by "
					"whoever reads this file; .pgpass is for it");
		}
		snprintf(r->c->store, sizeof(r->c->store), "%s", url);
	}
}

void sp_conf_check_file(struct sp_conf_reader *r, const config_setting_t *s, const char *path)
{
	struct stat st;

	if (path[0] == '\0') {
		return;
	}
	if (stat(path, &st) != 0) {
		/* A check as an ordinary user may not be allowed to look: that is no mistake. */
		if (errno != EACCES) {
			sp_conf_mistake(r, s, "%s: %s: %s", sp_conf_name_of(s), path,
					strerror(errno));
		}
	} else if (!S_ISREG(st.st_mode)) {
		sp_conf_mistake(r, s, "%s: %s is no file", sp_conf_name_of(s), path);
	}
}

static void read_certificate(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	sp_conf_read_path(r, s, r->c->certificate);
	sp_conf_check_file(r, s, r->c->certificate);
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

static void read_limit(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	const struct limit *l = limits;

	while (strcmp(l->name, config_setting_name(s)) != 0) {
		l++;
	}
	int v;
	if (!sp_conf_read_int(r, s, NULL, &v)) {
		return;
	}
	if (!(l->min <= v && v <= l->max)) {
		sp_conf_mistake(r, s, "%s: %d is not between %d and %d", l->name, v, l->min,
				l->max);
		return;
	}
	uint32_t u = (uint32_t)v;
	memcpy((char *)to + l->at, &u, sizeof(u));
}

static void add_exempt(
		struct sp_conf_reader *r, const config_setting_t *at, const char *text, void *to)
{
	struct sp_conf_limits *l = to;

	sp_conf_add_net(r, at, text, l->exempt, &l->n_exempt);
}

static void read_exempt(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	sp_conf_read_texts(r, s, SP_CONF_EXEMPT, add_exempt, to);
}

static void read_limits(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf_key keys[SP_LEN(limits) + 1] = {[SP_LEN(limits)] = {"exempt", read_exempt}};

	for (size_t i = 0; i < SP_LEN(limits); i++) {
		keys[i] = (struct sp_conf_key){limits[i].name, read_limit};
	}
	sp_conf_read_group(r, s, keys, SP_LEN(keys), &r->c->limits);
	if (r->c->limits.total_soft > r->c->limits.total_hard) {
		sp_conf_mistake(r, s, "limits: total-soft is above total-hard");
	}
}

static void read_run_as(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	const char *text = sp_conf_text_of(r, s);

	if (text == NULL) {
		return;
	}
	if (!sp_conf_account_name(text)) {
		sp_conf_mistake(r, s,
				"run-as: \"%s\" is neither \"caller\" nor the name of an account",
				text);
		return;
	}
	snprintf(r->c->run_as, sizeof(r->c->run_as), "%s", strcmp(text, "caller") ? text : "");
}

static void read_mfa(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	static const char *const words[] = {[SP_CONF_MFA_REQUIRED] = "required",
			[SP_CONF_MFA_ENROLLED] = "enrolled",
			[SP_CONF_MFA_NONE] = "none"};
	int i = sp_conf_choice(r, s, words, SP_LEN(words));

	r->c->mfa = i > 0 ? (enum sp_conf_mfa)i : SP_CONF_MFA_REQUIRED;
}

static void read_countries_file(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	sp_conf_read_path(r, s, r->c->countries);
	sp_conf_check_file(r, s, r->c->countries);
}

static void read_networks_file(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	sp_conf_read_path(r, s, r->c->networks);
	sp_conf_check_file(r, s, r->c->networks);
}

static void read_notice(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	const char *text = sp_conf_text_of(r, s);

	if (text == NULL) {
		return;
	}
	if (!sp_words_clean(text, true)) {
		sp_conf_mistake(r, s, "notice: must be UTF-8 without control characters");
	} else if (!(strlen(text) < sizeof(r->c->notice))) {
		sp_conf_mistake(r, s, "notice: is longer than %zu bytes", sizeof(r->c->notice) - 1);
	} else {
		memcpy(r->c->notice, text, strlen(text) + 1);
	}
}

static void read_audit_reserve(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	int v;

	if (!sp_conf_read_int(r, s, "MiB", &v)) {
		return;
	}
	if (!(0 <= v && v <= RESERVE_MAX)) {
		sp_conf_mistake(r, s, "audit-reserve: %d is not between 0 and %d", v, RESERVE_MAX);
	} else {
		r->c->audit_reserve = (uint32_t)v;
	}
}

static void read_require_token(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	sp_conf_read_bool(r, s, &r->c->require_token);
}

static void read_metrics_remote(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	sp_conf_read_bool(r, s, &r->c->metrics_remote);
}

static void add_auditor(
		struct sp_conf_reader *r, const config_setting_t *at, const char *text, void *to)
{
	struct sp_conf *c = r->c;
	uint8_t *key = c->auditor[c->n_auditors];

	if (!sp_words_auditor(text, key)) {
		sp_conf_mistake(r, at,
				"auditors: \"%s\" is no public key (\"x25519:...\", as `sallyport "
				"recording key` prints it)",
				text);
		return;
	}
	for (size_t i = 0; i < c->n_auditors; i++) {
		if (memcmp(c->auditor[i], key, SP_CONF_AUDITOR) == 0) {
			sp_conf_mistake(r, at, "auditors: \"%s\" is there twice", text);
			return;
		}
	}
	c->n_auditors++;
}

static void read_auditors(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	r->auditors = s;
	sp_conf_read_texts(r, s, SP_CONF_AUDITORS, add_auditor, NULL);
}

static void read_record_index(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	sp_conf_read_bool(r, s, &r->c->record_index);
}

static void read_audit_fail(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	static const char *const words[] = {"closed", "open"};
	int i = sp_conf_choice(r, s, words, sizeof(words) / sizeof(words[0]));

	r->c->audit_open = i == 1;
}

static const struct sp_conf_key top_keys[] = {
		{"listen", read_listen},
		{"state", read_state},
		{"store", read_store},
		{"certificate", read_certificate},
		{"targets", sp_conf_read_targets},
		{"rules", sp_conf_read_rules},
		{"limits", read_limits},
		{"run-as", read_run_as},
		{"mfa", read_mfa},
		{"countries-file", read_countries_file},
		{"networks-file", read_networks_file},
		{"notice", read_notice},
		{"require-token", read_require_token},
		{"audit-reserve", read_audit_reserve},
		{"audit-fail", read_audit_fail},
		{"alerts", sp_conf_read_alerts},
		{"auditors", read_auditors},
		{"record-index", read_record_index},
		{"ship", sp_conf_read_ship},
		{"metrics", sp_conf_read_metrics},
		{"metrics-remote", read_metrics_remote},
};

/* All but the rules, which need memory. */
static void start_empty(struct sp_conf *c)
{
	memset(c, 0, sizeof(*c));
	c->refs = 1;
	c->n_listen = 1;
	if (!sp_conf_parse_listen("127.0.0.1:3389", &c->listen[0])) {
		abort();
	}
	snprintf(c->state, sizeof(c->state), "/var/lib/sallyport");
	snprintf(c->run_as, sizeof(c->run_as), SP_CONF_RUN_AS);
	c->audit_reserve = 256;
	c->record_index = true;
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

void sp_conf_default(struct sp_conf *c)
{
	start_empty(c);
	/* Without memory there is no rule, and nobody may do anything. */
	(void)sp_conf_builtin_rule(c);
	(void)sp_conf_alerts_make(c);
}

/* The folder of a file, "." for a bare name; empty (then paths stay as written) when too long. */
static void folder_of(struct sp_conf_reader *r)
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

static void read_error(struct sp_conf_reader *r, const config_t *cfg)
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

static int no_memory(const char *file, struct sp_conf_errors *errors)
{
	errors->n = 1;
	snprintf(errors->text[0], sizeof(errors->text[0]), "%s: %s", file, sp_err_text(SP_ENOMEM));
	return SP_ENOMEM;
}

static int read_settings(struct sp_conf_reader *r, config_t *cfg)
{
	errno = 0;
	if (config_read_file(cfg, r->file) != CONFIG_TRUE) {
		read_error(r, cfg);
		return config_error_type(cfg) == CONFIG_ERR_PARSE ? SP_EFIELD : SP_ESYS;
	}
	sp_conf_read_group(r, config_root_setting(cfg), top_keys, SP_LEN(top_keys), NULL);
	if (r->nomem || (r->rules == NULL && !sp_conf_builtin_rule(r->c)) ||
			(r->c->alerts == NULL && !sp_conf_alerts_make(r->c))) {
		return no_memory(r->file, r->errors);
	}
	sp_conf_review(r);
	return r->errors->n > 0 ? SP_EFIELD : SP_OK;
}

/* The folder that paths and included files are relative to. */
static void begin(struct sp_conf_reader *r, config_t *cfg)
{
	memset(r->errors, 0, sizeof(*r->errors));
	start_empty(r->c);
	folder_of(r);
	config_init(cfg);
	if (r->folder[0] != '\0') {
		config_set_include_dir(cfg, r->folder);
	}
}

int sp_conf_state(struct sp_conf *c, const char *file, struct sp_conf_errors *errors)
{
	struct sp_conf_reader r = {.c = c, .errors = errors, .file = file};
	config_t cfg;
	int rc = SP_OK;

	begin(&r, &cfg);
	errno = 0;
	if (config_read_file(&cfg, file) != CONFIG_TRUE) {
		read_error(&r, &cfg);
		rc = config_error_type(&cfg) == CONFIG_ERR_PARSE ? SP_EFIELD : SP_ESYS;
	} else if (config_lookup(&cfg, "state") != NULL) {
		read_state(&r, config_lookup(&cfg, "state"), NULL);
	}
	if (rc == SP_OK && config_lookup(&cfg, "store") != NULL) {
		read_store(&r, config_lookup(&cfg, "store"), NULL);
	}
	if (rc == SP_OK && config_lookup(&cfg, "run-as") != NULL) {
		read_run_as(&r, config_lookup(&cfg, "run-as"), NULL);
	}
	rc = rc == SP_OK && errors->n > 0 ? SP_EFIELD : rc;
	config_destroy(&cfg);
	return rc;
}

/* Without comments, and with what is included. */
static bool keep_text(struct sp_conf *c, const config_t *cfg)
{
	char *p = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&p, &n);

	if (f == NULL) {
		return false;
	}
	config_write(cfg, f);
	bool ok = fclose(f) == 0 && p != NULL && (c->text = sp_malloc(n + 1)) != NULL;
	if (ok) {
		memcpy(c->text, p, n + 1);
		c->text_n = n;
	}
	free(p);
	return ok;
}

int sp_conf_read(struct sp_conf *c, const char *file, struct sp_conf_errors *errors)
{
	struct sp_conf_reader r = {.c = c, .errors = errors, .file = file};
	config_t cfg;

	begin(&r, &cfg);
	int rc = read_settings(&r, &cfg);
	if (rc == SP_OK && !keep_text(c, &cfg)) {
		rc = no_memory(file, errors);
	}
	config_destroy(&cfg);
	if (rc != SP_OK) {
		sp_conf_finish(c);
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
	for (size_t i = 0; i < c->n_zones; i++) {
		sp_zone_destroy(c->zone[i]);
	}
	sp_free(c->rule);
	sp_free(c->alerts);
	sp_free(c->ship);
	sp_free(c->text);
	c->text = NULL;
	c->text_n = 0;
	c->rule = NULL;
	c->alerts = NULL;
	c->ship = NULL;
	c->n_ship = 0;
	c->n_rules = c->n_zones = 0;
}

int sp_conf_load(const char *file, struct sp_conf_errors *errors, struct sp_conf **out)
{
	struct sp_conf *c = sp_malloc(sizeof(*c));

	*out = NULL;
	if (c == NULL) {
		memset(errors, 0, sizeof(*errors));
		return no_memory(file, errors);
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
