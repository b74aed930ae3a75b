/* app/explain.c - see explain.h. */
#include "app/explain.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "app/json.h"
#include "app/when.h"
#include "gate/keeper/account.h"
#include "gate/keeper/policy.h"
#include "gate/keeper/store_device.h"
#include "gate/keeper/store_group.h"
#include "host/conf/conf.h"
#include "host/lib/crypto_nettle.h"
#include "host/lib/geo.h"

#define NOTES 4

/* Everything that the answer is made of. */
struct answer {
	const struct app_explain *q;
	struct sp_conf *conf;
	struct sp_zone *local;
	struct sp_geo *geo;
	struct sp_store *store; /* NULL: it cannot be opened, and a note says so */
	struct sp_user user; /* id 0: not in the store */
	struct sp_source source;
	struct sp_policy_ask ask;
	struct sp_policy_verdict verdict;
	size_t n_notes;
	char note[NOTES][320];
};

static sp_printf(2, 3) void note(struct answer *a, const char *fmt, ...)
{
	va_list ap;

	if (a->n_notes < NOTES) {
		va_start(ap, fmt);
		vsnprintf(a->note[a->n_notes++], sizeof(a->note[0]), fmt, ap);
		va_end(ap);
	}
}

static bool member(void *arg, const char *group)
{
	const struct answer *a = arg;

	return a->store != NULL && a->user.id != 0 &&
			sp_store_group_member(a->store, a->user.id, group);
}

static bool country(void *arg, const struct sp_source *source, char out[4])
{
	const struct answer *a = arg;

	return a->geo != NULL && sp_geo_country(a->geo, source->family, source->addr, out);
}

/* ---- finding it out ---- */

static bool read_conf(struct answer *a, const char *file)
{
	static struct sp_conf_errors errors;
	char why[SP_GEO_WHY];

	if (sp_conf_load(file, &errors, &a->conf) != SP_OK) {
		fprintf(stderr, "sallyport: %s\n", errors.text[0]);
		return false;
	}
	if (a->conf->countries[0] != '\0') {
		a->geo = sp_geo_open(a->conf->countries, why);
		if (a->geo == NULL) {
			note(a, "countries are not known: %s: %s", a->conf->countries, why);
		}
	}
	int rc = sp_zone_load("", &a->local);
	if (rc != SP_OK) {
		app_fail(SP_ZONE_LOCAL, "%s", sp_err_text(rc));
	}
	return rc == SP_OK;
}

static bool read_question(struct answer *a)
{
	const struct app_explain *q = a->q;
	int64_t now = (int64_t)time(NULL);

	a->source.family = strchr(q->from, ':') != NULL ? AF_INET6 : AF_INET;
	if (inet_pton((int)a->source.family, q->from, a->source.addr) != 1) {
		app_fail("--from", "\"%s\" is no numeric address", q->from);
		return false;
	}
	if (q->at != NULL && !app_when_parse(q->at, a->local, now, &now)) {
		app_fail("--at",
				"\"%s\" is no moment (\"22:00\", \"2026-11-22 22:00\", "
				"\"2026-11-22T22:00Z\")",
				q->at);
		return false;
	}
	if (sp_conf_target(a->conf, q->target) == NULL) {
		app_fail("--target", "\"%s\" is no target of the configuration", q->target);
		return false;
	}
	a->ask = (struct sp_policy_ask){.user = q->user,
			.source = &a->source,
			.interface = q->interface,
			.target = q->target,
			.now = now,
			.device = q->device != NULL,
			.member = member,
			.country = country,
			.arg = a};
	return true;
}

static void find_device(struct answer *a)
{
	struct sp_device d;
	int rc = sp_store_device_find(a->store, a->user.name, a->q->device, &d);

	a->ask.device = rc == SP_OK && d.revoked == 0;
	if (!a->ask.device) {
		note(a, "device \"%s\": %s", a->q->device,
				rc == SP_OK                          ? "is revoked"
						: rc == SP_ENOTFOUND ? "is not enrolled"
								     : sp_store_why(a->store));
	}
}

/* Without a store the rules are answered all the same, as far as they name users. */
static void find_user(struct answer *a)
{
	char why[SP_STORE_WHY], account[SP_ACCOUNT_WHY];

	if (sp_account_become(a->conf, false, account) != SP_OK) {
		note(a, "users, groups and devices are not known: %s", account);
		return;
	}
	a->store = sp_store_open(a->conf->state, a->conf->store, false, &sp_crypto_nettle, why);
	if (a->store == NULL) {
		note(a, "users, groups and devices are not known: %s", why);
		return;
	}
	int rc = sp_store_get(a->store, a->q->user, &a->user);
	if (rc != SP_OK) {
		a->user.id = 0;
		note(a, "user \"%s\": %s", a->q->user,
				rc == SP_ENOTFOUND ? "does not exist" : sp_store_why(a->store));
		a->ask.device = false;
		return;
	}
	a->ask.user = a->user.name;
	if (a->user.disabled) {
		note(a, "user \"%s\": is disabled", a->user.name);
	}
	if (a->q->device != NULL) {
		find_device(a);
	}
}

static void decide(struct answer *a)
{
	sp_policy_decide(a->conf, &a->ask, &a->verdict);
	if (a->store != NULL && (a->user.id == 0 || a->user.disabled)) {
		a->verdict.allow = false;
		snprintf(a->verdict.why, sizeof(a->verdict.why), "%s",
				a->user.id == 0 ? "unknown user" : "user is disabled");
	}
}

/* ---- telling it ---- */

static const char *const clipboard_words[] = {"text-in", "text-out", "files-in", "files-out"};
static const char *const drive_words[] = {"none", "read", "read-write"};
static const char *const factor_words[] = {"none", "totp", "token", "device"};

/* The words of the bits that are set, between these; the number of them. */
static size_t words_of(uint32_t bits, const char *const *words, size_t n, const char *quote,
		const char *between)
{
	size_t told = 0;

	for (size_t i = 0; i < n; i++) {
		if ((bits >> i & 1) != 0) {
			printf("%s%s%s%s", told++ > 0 ? between : "", quote, words[i], quote);
		}
	}
	return told;
}

static void clipboard_text(uint32_t bits)
{
	if (bits == SP_CONF_CLIP_ALL) {
		fputs("all", stdout);
	} else if (words_of(bits, clipboard_words, SP_LEN(clipboard_words), "", ", ") == 0) {
		fputs("none", stdout);
	}
	putchar('\n');
}

static void duration_text(const char *what, uint32_t s)
{
	if (s == 0) {
		return;
	}
	printf("  %-14s ", what);
	if (s >= 3600) {
		printf("%uh", s / 3600);
	}
	if (s % 3600 >= 60) {
		printf("%um", s % 3600 / 60);
	}
	printf(s % 60 > 0 ? "%us\n" : "\n", s % 60);
}

static void size_text(uint64_t n)
{
	static const char units[] = {'\0', 'K', 'M', 'G'};
	size_t unit = 0;

	if (n == 0) {
		return;
	}
	while (unit + 1 < SP_LEN(units) && n % 1024 == 0) {
		n /= 1024;
		unit++;
	}
	printf("  transfer limit %llu", (unsigned long long)n);
	printf(unit > 0 ? "%c\n" : " bytes\n", units[unit]);
}

static void place(const struct sp_conf_rule *rule)
{
	if (rule->line == 0) {
		fputs("the built-in rule", stdout);
	} else {
		printf("\"%s\" (%s:%u)", rule->name, rule->file, rule->line);
	}
}

static void gives_text(const struct answer *a)
{
	const struct sp_policy_verdict *v = &a->verdict;
	const struct sp_conf_rule *r = v->rule;
	const struct sp_conf_channels *c = &r->channels;
	char when[APP_WHEN];

	fputs("  second factor  ", stdout);
	words_of(v->factors, factor_words, SP_LEN(factor_words), "", " or ");
	puts(v->optional ? ", of those who have a secret for codes" : "");
	for (size_t i = 0; i < r->n_approval; i++) {
		printf("%s%s", i == 0 ? "  approval       by " : " or ", r->approval[i]);
	}
	fputs(r->n_approval > 0 ? "\n" : "", stdout);
	fputs(r->reason ? "  reason         is asked for\n" : "", stdout);
	fputs("  clipboard      ", stdout);
	clipboard_text(c->clipboard);
	printf("  drives         %s\n  sound          %s\n  microphone     %s\n  other          "
	       "%s\n",
			drive_words[c->drives], c->sound ? "yes" : "no",
			c->microphone ? "yes" : "no", c->other ? "yes" : "no");
	size_text(c->limit);
	duration_text("at most", r->max_s);
	duration_text("idle at most", r->idle_s);
	if (v->until != 0) {
		app_when_text(v->until, a->local, when);
		printf("  until          %s\n", when);
	}
}

/* What the clocks show that a rule's hours go by. */
static void clocks_text(const struct answer *a, const struct sp_conf_rule *r)
{
	char when[APP_WHEN];

	for (size_t i = 0; i < r->n_hours; i++) {
		bool told = false;
		for (size_t k = 0; k < i; k++) {
			told = told || r->hours[k].clock == r->hours[i].clock;
		}
		if (!told) {
			app_when_text(a->ask.now, r->hours[i].clock, when);
			printf(", it is %s", when);
		}
	}
}

static void print_text(const struct answer *a)
{
	const struct sp_policy_verdict *v = &a->verdict;
	char when[APP_WHEN], miss[64];
	bool first = true;

	app_when_text(a->ask.now, a->local, when);
	printf("%s to %s from %s, %s: ", a->ask.user, a->ask.target, a->q->from, when);
	if (v->allow) {
		fputs("allowed by ", stdout);
		place(v->rule);
		putchar('\n');
		gives_text(a);
	} else {
		printf("refused: %s\n", v->why);
	}
	for (size_t i = 0; i < a->conf->n_rules && &a->conf->rule[i] != v->rule; i++) {
		const struct sp_conf_rule *r = &a->conf->rule[i];
		enum sp_policy_clause clause = sp_policy_clause(a->conf, r, &a->ask);
		fputs(first ? "these did not match:\n" : "", stdout);
		first = false;
		sp_policy_miss(clause, &a->ask, miss);
		fputs("  ", stdout);
		place(r);
		printf(": %s: %s", sp_policy_clause_text(clause), miss);
		if (clause == SP_POLICY_HOURS) {
			clocks_text(a, r);
		}
		putchar('\n');
	}
	for (size_t i = 0; i < a->n_notes; i++) {
		fprintf(stderr, "sallyport: %s\n", a->note[i]);
	}
}

static void json_key(const char *key)
{
	printf(", \"%s\": ", key);
}

static void json_text(const char *key, const char *text)
{
	json_key(key);
	if (text != NULL) {
		app_json_text(stdout, text);
	} else {
		fputs("null", stdout);
	}
}

static void json_bool(const char *key, bool v)
{
	json_key(key);
	fputs(v ? "true" : "false", stdout);
}

static void json_number(const char *key, uint32_t v)
{
	json_key(key);
	printf(v == 0 ? "null" : "%u", v);
}

static void json_place(const struct sp_conf_rule *r)
{
	fputs("\"name\": ", stdout);
	app_json_text(stdout, r->name);
	json_text("file", r->line != 0 ? r->file : NULL);
	json_number("line", r->line);
}

static void gives_json(const struct answer *a)
{
	const struct sp_policy_verdict *v = &a->verdict;
	const struct sp_conf_rule *r = v->rule;

	json_key("factors");
	putchar('[');
	words_of(v->factors, factor_words, SP_LEN(factor_words), "\"", ", ");
	putchar(']');
	json_bool("optional", v->optional);
	json_key("approval");
	putchar('[');
	for (size_t i = 0; i < r->n_approval; i++) {
		fputs(i > 0 ? ", " : "", stdout);
		app_json_text(stdout, r->approval[i]);
	}
	putchar(']');
	json_bool("reason", r->reason);
	json_key("clipboard");
	putchar('[');
	if (r->channels.clipboard == SP_CONF_CLIP_ALL) {
		fputs("\"all\"", stdout);
	} else {
		words_of(r->channels.clipboard, clipboard_words, SP_LEN(clipboard_words), "\"",
				", ");
	}
	putchar(']');
	json_text("drives", drive_words[r->channels.drives]);
	json_bool("sound", r->channels.sound);
	json_bool("microphone", r->channels.microphone);
	json_bool("other", r->channels.other);
	json_key("transfer-limit");
	printf(r->channels.limit == 0 ? "null" : "%llu", (unsigned long long)r->channels.limit);
	json_number("max", r->max_s);
	json_number("idle", r->idle_s);
	json_key("until");
	app_json_time(stdout, v->until);
}

static void print_json(const struct answer *a)
{
	const struct sp_policy_verdict *v = &a->verdict;
	char miss[64];

	printf("{\"allow\": %s", v->allow ? "true" : "false");
	json_text("why", v->allow ? NULL : v->why);
	json_text("user", a->ask.user);
	json_text("target", a->ask.target);
	json_text("from", a->q->from);
	json_text("interface", a->q->interface);
	json_bool("device", a->ask.device);
	json_key("at");
	app_json_time(stdout, a->ask.now);
	json_key("rule");
	if (v->rule != NULL) {
		putchar('{');
		json_place(v->rule);
		putchar('}');
	} else {
		fputs("null", stdout);
	}
	if (v->allow) {
		gives_json(a);
	}
	json_key("missed");
	putchar('[');
	for (size_t i = 0; i < a->conf->n_rules && &a->conf->rule[i] != v->rule; i++) {
		enum sp_policy_clause clause =
				sp_policy_clause(a->conf, &a->conf->rule[i], &a->ask);
		sp_policy_miss(clause, &a->ask, miss);
		fputs(i > 0 ? ", {" : "{", stdout);
		json_place(&a->conf->rule[i]);
		json_text("clause", sp_policy_clause_text(clause));
		json_text("why", miss);
		putchar('}');
	}
	putchar(']');
	json_key("notes");
	putchar('[');
	for (size_t i = 0; i < a->n_notes; i++) {
		fputs(i > 0 ? ", " : "", stdout);
		app_json_text(stdout, a->note[i]);
	}
	puts("]}");
}

int app_explain(struct app_words *w, const struct app_explain *q)
{
	struct answer a = {.q = q};
	const char *file = app_service_file(&w->service);
	int status = APP_FAILED;

	if (file != NULL && read_conf(&a, file) && read_question(&a)) {
		find_user(&a);
		decide(&a);
		if (w->json) {
			print_json(&a);
		} else {
			print_text(&a);
		}
		status = APP_OK;
	}
	sp_store_close(a.store);
	sp_geo_close(a.geo);
	sp_zone_destroy(a.local);
	sp_conf_unref(a.conf);
	return status;
}
