/* app/target.c - `sallyport target`: where one may go, and the keys that were seen first. */
#include <stdio.h>
#include <string.h>

#include "app/app.h"
#include "app/json.h"
#include "app/store.h"
#include "app/words.h"
#include "gate/keeper/store_pin.h"

struct options {
	struct app_words w;
	struct sp_store *st;
	const struct sp_conf *conf;
	const char *target; /* whose keys are looked for */
	size_t shown, found;
};

static void hex(const uint8_t spki[SP_PIN_SIZE], char out[2 * SP_PIN_SIZE + 1])
{
	for (size_t i = 0; i < SP_PIN_SIZE; i++) {
		snprintf(out + 2 * i, 3, "%02x", spki[i]);
	}
}

static const char *trust_text(enum sp_conf_trust trust)
{
	switch (trust) {
	case SP_CONF_TRUST_CA:
		return "ca";
	case SP_CONF_TRUST_PIN:
		return "pin";
	case SP_CONF_TRUST_FIRST_SEEN:
		return "first-seen";
	}
	return "?";
}

static void key_json(const struct options *o, const struct sp_pin *p)
{
	char text[2 * SP_PIN_SIZE + 1];

	hex(p->spki, text);
	fputs(o->found > 1 ? ", {\"host\": " : "{\"host\": ", stdout);
	app_json_text(stdout, p->host);
	printf(", \"sha256\": \"%s\", \"first_seen\": ", text);
	app_json_time(stdout, p->first_seen);
	fputs(", \"offered\": ", stdout);
	if (p->changed) {
		hex(p->offered, text);
		printf("\"%s\"", text);
	} else {
		fputs("null", stdout);
	}
	fputs(", \"offered_at\": ", stdout);
	app_json_time(stdout, p->offered_at);
	putchar('}');
}

static void key_text(const struct sp_pin *p)
{
	char text[2 * SP_PIN_SIZE + 1], when[32];

	hex(p->spki, text);
	app_time_text(p->first_seen, when);
	printf("    %s  first seen %s\n      sha256 %s\n", p->host, when, text);
	if (p->changed) {
		hex(p->offered, text);
		app_time_text(p->offered_at, when);
		printf("      CHANGED: refused at %s\n      sha256 %s\n", when, text);
	}
}

static bool show_key(void *arg, const struct sp_pin *p)
{
	struct options *o = arg;

	if (strcmp(p->target, o->target) != 0) {
		return true;
	}
	o->found++;
	if (o->w.json) {
		key_json(o, p);
	} else {
		key_text(p);
	}
	return true;
}

/* One target, of the configuration or (t == NULL) one that is only known by its keys. */
static bool show(struct options *o, const char *name, const struct sp_conf_target *t)
{
	bool rdp = t != NULL && t->kind == SP_CONF_RDP;

	o->target = name;
	o->found = 0;
	o->shown++;
	if (o->w.json) {
		fputs(o->shown > 1 ? ",\n {\"name\": " : "{\"name\": ", stdout);
		app_json_text(stdout, name);
		printf(", \"kind\": %s, \"address\": ",
				t == NULL             ? "null"
						: rdp ? "\"rdp\""
						      : "\"desktop\"");
		if (rdp) {
			app_json_text(stdout, t->address);
			printf(", \"trust\": \"%s\"", trust_text(t->trust));
		} else {
			fputs("null, \"trust\": null", stdout);
		}
		fputs(", \"keys\": [", stdout);
	} else if (t == NULL) {
		printf("%s  not in the configuration\n", name);
	} else if (rdp) {
		printf("%s  rdp  %s  %s\n", name, t->address, trust_text(t->trust));
	} else {
		printf("%s  desktop\n", name);
	}
	int rc = sp_store_pin_list(o->st, show_key, o);
	fputs(o->w.json ? "]}" : "", stdout);
	return rc == SP_OK;
}

struct gone {
	const struct sp_conf *conf;
	char name[SP_CONF_TARGETS][SP_TEXT_TARGET];
	size_t n;
};

/* Targets that were taken out of the configuration, each once: the list is in order. */
static bool find_gone(void *arg, const struct sp_pin *p)
{
	struct gone *g = arg;

	if (sp_conf_target(g->conf, p->target) == NULL && g->n < SP_CONF_TARGETS &&
			(g->n == 0 || strcmp(g->name[g->n - 1], p->target) != 0)) {
		snprintf(g->name[g->n++], SP_TEXT_TARGET, "%s", p->target);
	}
	return true;
}

static int list(struct options *o)
{
	struct gone gone = {.conf = o->conf};
	bool ok = sp_store_pin_list(o->st, find_gone, &gone) == SP_OK;

	fputs(o->w.json ? "[" : "", stdout);
	for (size_t i = 0; ok && i < o->conf->n_targets; i++) {
		ok = show(o, o->conf->target[i].name, &o->conf->target[i]);
	}
	for (size_t i = 0; ok && i < gone.n; i++) {
		ok = show(o, gone.name[i], NULL);
	}
	fputs(o->w.json ? "]\n" : "", stdout);
	return ok ? APP_OK : app_store_fail(o->st, "list");
}

static int on_store(void *arg, const struct sp_conf *c, struct sp_store *st)
{
	struct options *o = arg;

	o->st = st;
	o->conf = c;
	if (strcmp(o->w.word[0], "list") == 0) {
		return list(o);
	}
	return sp_store_pin_forget(st, o->w.word[1]) == SP_OK
			? app_done(o->w.word[1], "key forgotten")
			: app_store_fail(st, o->w.word[1]);
}

static int run(const struct app_command *self, int argc, char **argv)
{
	struct options o = {0};
	int rc = app_words(&o.w, self, argc, argv, NULL, 0);

	if (rc != APP_GO_ON) {
		return rc;
	}
	if (o.w.n == 0) {
		return app_usage(self, "say what to do");
	}
	bool forget = strcmp(o.w.word[0], "forget") == 0;
	if (!forget && strcmp(o.w.word[0], "list") != 0) {
		return app_usage(self, "%s: no such command", o.w.word[0]);
	}
	if (forget && o.w.n < 2) {
		return app_usage(self, "forget: which? give a target");
	}
	if (o.w.n > (forget ? 2u : 1u)) {
		return app_usage(self, "%s: one argument too many", o.w.word[o.w.n - 1]);
	}
	return app_with_store("target", &o.w.service, false, on_store, &o);
}

const struct app_command app_target = {
		.name = "target",
		.summary = "targets, and the keys they showed first",
		.usage = "usage: sallyport target list [--json]\n"
			 "       sallyport target forget NAME\n\n"
			 "list shows the targets of the configuration, the keys of those with "
			 "trust = "
			 "\"first-seen\",\n"
			 "and a key that was refused because it was another one. forget accepts "
			 "the "
			 "next key that\n"
			 "the target shows; compare it with the refused one first.\n\n"
			 "  -c FILE     the configuration (default " SP_CONF_FILE ")\n"
			 "  --dir DIR   the directory of a trial: DIR/sallyport.conf\n"
			 "  --json      print JSON\n",
		.run = run,
};
