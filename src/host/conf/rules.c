/* host/conf/rules.c - `rules`: who may do what from where and when. */
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "host/conf/part.h"
#include "host/conf/words.h"
#include "host/conf/zone.h"

static void read_name(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf_rule *rule = to;

	sp_conf_read_line(r, s, rule->name, sizeof(rule->name), false);
}

/* "alice" or "@ops". */
static bool who(struct sp_conf_reader *r, const config_setting_t *at, const char *text,
		char out[SP_CONF_NAME])
{
	if (!sp_words_name(text[0] == '@' ? text + 1 : text)) {
		sp_conf_mistake(r, at,
				"%s: \"%s\" is no name of a user, nor \"@\" and that of a group "
				"(1 to 64 of a-z, 0-9, . _ - @, a letter or digit first)",
				sp_conf_name_of(at), text);
		return false;
	}
	snprintf(out, SP_CONF_NAME, "%s", text);
	return true;
}

static void add_user(
		struct sp_conf_reader *r, const config_setting_t *at, const char *text, void *to)
{
	struct sp_conf_rule *rule = to;

	rule->n_users += who(r, at, text, rule->users[rule->n_users]);
}

static void read_users(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	sp_conf_read_texts(r, s, SP_CONF_LIST, add_user, to);
}

static void add_approval(
		struct sp_conf_reader *r, const config_setting_t *at, const char *text, void *to)
{
	struct sp_conf_rule *rule = to;

	rule->n_approval += who(r, at, text, rule->approval[rule->n_approval]);
}

static void read_approval(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	sp_conf_read_texts(r, s, SP_CONF_LIST, add_approval, to);
}

static void add_from(
		struct sp_conf_reader *r, const config_setting_t *at, const char *text, void *to)
{
	struct sp_conf_rule *rule = to;

	sp_conf_add_net(r, at, text, rule->from, &rule->n_from);
}

static void read_from(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	sp_conf_read_texts(r, s, SP_CONF_LIST, add_from, to);
}

static void add_interface(
		struct sp_conf_reader *r, const config_setting_t *at, const char *text, void *to)
{
	struct sp_conf_rule *rule = to;
	size_t n = strlen(text);

	/* As the kernel takes them. */
	if (!(1 <= n && n < sizeof(rule->interfaces[0])) || strpbrk(text, "/: \t\n") != NULL ||
			!sp_words_clean(text, false)) {
		sp_conf_mistake(r, at,
				"interface: \"%s\" is no name of a network interface (1 to %zu "
				"bytes)",
				text, sizeof(rule->interfaces[0]) - 1);
		return;
	}
	memcpy(rule->interfaces[rule->n_interfaces++], text, n + 1);
}

static void read_interface(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	sp_conf_read_texts(r, s, SP_CONF_LIST, add_interface, to);
}

static void add_country(
		struct sp_conf_reader *r, const config_setting_t *at, const char *text, void *to)
{
	struct sp_conf_rule *rule = to;

	if (strlen(text) != 2 || strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 2) {
		sp_conf_mistake(r, at, "countries: \"%s\" is not two capitals of ISO 3166 (\"DE\")",
				text);
		return;
	}
	memcpy(rule->countries[rule->n_countries++], text, 3);
}

static void read_countries(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	if (r->countries == NULL) {
		r->countries = s;
	}
	sp_conf_read_texts(r, s, SP_CONF_LIST, add_country, to);
}

/* The zone's clock, shared by all hours that name it; NULL, and said so. */
static const struct sp_zone *zone(
		struct sp_conf_reader *r, const config_setting_t *at, const char *name)
{
	struct sp_conf *c = r->c;
	struct sp_zone *z;

	for (size_t i = 0; i < c->n_zones; i++) {
		if (strcmp(c->zone_name[i], name) == 0) {
			return c->zone[i];
		}
	}
	if (c->n_zones == SP_CONF_ZONES) {
		sp_conf_mistake(r, at, "hours: more than %d time zones", SP_CONF_ZONES);
		return NULL;
	}
	int rc = sp_zone_load(name, &z);
	if (rc == SP_ENOTFOUND) {
		sp_conf_mistake(r, at, "hours: time zone \"%s\" does not exist", name);
	} else if (rc != SP_OK) {
		sp_conf_mistake(r, at, "hours: time zone \"%s\": %s",
				name[0] ? name : SP_ZONE_LOCAL,
				rc == SP_EFIELD ? "no file of a time zone" : sp_err_text(rc));
	}
	if (rc != SP_OK) {
		return NULL;
	}
	snprintf(c->zone_name[c->n_zones], sizeof(c->zone_name[0]), "%s", name);
	c->zone[c->n_zones++] = z;
	return z;
}

void sp_conf_add_hours(struct sp_conf_reader *r, const config_setting_t *at, const char *text,
		struct sp_conf_hours *hours, size_t *n)
{
	struct sp_conf_hours *h = &hours[*n];

	if (!sp_words_hours(text, h)) {
		sp_conf_mistake(r, at,
				"hours: \"%s\" is not of the form \"Mon-Fri 08:00-18:00 "
				"Europe/Berlin\", \"Sat,Sun 10:00-12:00\" or \"22:00-06:00\"",
				text);
		return;
	}
	h->clock = zone(r, at, h->zone);
	*n += h->clock != NULL;
}

static void add_hours(
		struct sp_conf_reader *r, const config_setting_t *at, const char *text, void *to)
{
	struct sp_conf_rule *rule = to;

	sp_conf_add_hours(r, at, text, rule->hours, &rule->n_hours);
}

static void read_hours(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	sp_conf_read_texts(r, s, SP_CONF_LIST, add_hours, to);
}

static void add_device(
		struct sp_conf_reader *r, const config_setting_t *at, const char *text, void *to)
{
	static const char *const words[] = {"enrolled"};
	struct sp_conf_rule *rule = to;

	if (sp_conf_choice(r, at, words, SP_LEN(words)) == 0) {
		rule->devices |= SP_CONF_DEVICE_ENROLLED;
	}
}

static void read_devices(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	sp_conf_read_texts(r, s, SP_CONF_LIST, add_device, to);
}

static void add_target(
		struct sp_conf_reader *r, const config_setting_t *at, const char *text, void *to)
{
	struct sp_conf_rule *rule = to;

	/* Whether there is one is asked when all are known. */
	snprintf(rule->targets[rule->n_targets++], sizeof(rule->targets[0]), "%s", text);
}

static void read_rule_targets(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	sp_conf_read_texts(r, s, SP_CONF_LIST, add_target, to);
}

static void add_factor(
		struct sp_conf_reader *r, const config_setting_t *at, const char *text, void *to)
{
	static const char *const words[] = {"none", "totp", "token", "device"};
	struct sp_conf_rule *rule = to;
	int i = sp_conf_choice(r, at, words, SP_LEN(words));

	if (i >= 0) {
		rule->mfa |= 1u << i;
	}
}

static void read_factors(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	sp_conf_read_texts(r, s, 4, add_factor, to);
}

static void add_clipboard(
		struct sp_conf_reader *r, const config_setting_t *at, const char *text, void *to)
{
	static const char *const words[] = {
			"none", "text-in", "text-out", "text", "files-in", "files-out", "all"};
	static const uint32_t bits[] = {0, SP_CONF_CLIP_TEXT_IN, SP_CONF_CLIP_TEXT_OUT,
			SP_CONF_CLIP_TEXT_IN | SP_CONF_CLIP_TEXT_OUT, SP_CONF_CLIP_FILES_IN,
			SP_CONF_CLIP_FILES_OUT, SP_CONF_CLIP_ALL};
	struct sp_conf_rule *rule = to;
	int i = sp_conf_choice(r, at, words, SP_LEN(words));

	if (i >= 0) {
		rule->channels.clipboard |= bits[i];
	}
}

static void read_clipboard(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf_rule *rule = to;

	rule->channels.clipboard = 0;
	sp_conf_read_texts(r, s, 6, add_clipboard, to);
}

static void read_drives(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	static const char *const words[] = {"none", [SP_CONF_DRIVES_READ] = "read",
			[SP_CONF_DRIVES_WRITE] = "read-write"};
	struct sp_conf_rule *rule = to;
	int i = sp_conf_choice(r, s, words, SP_LEN(words));

	rule->channels.drives = i > 0 ? (uint32_t)i : 0;
}

static void read_sound(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	sp_conf_read_bool(r, s, &((struct sp_conf_rule *)to)->channels.sound);
}

static void read_microphone(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	sp_conf_read_bool(r, s, &((struct sp_conf_rule *)to)->channels.microphone);
}

static void read_other(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	sp_conf_read_bool(r, s, &((struct sp_conf_rule *)to)->channels.other);
}

static void read_limit(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	const char *text = sp_conf_text_of(r, s);

	if (text != NULL && !sp_words_size(text, &((struct sp_conf_rule *)to)->channels.limit)) {
		sp_conf_mistake(r, s,
				"%s: \"%s\" is no size from \"1\" to \"1024G\" (\"64K\", "
				"\"100M\", \"5G\")",
				sp_conf_name_of(s), text);
	}
}

static void read_reason(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	sp_conf_read_bool(r, s, &((struct sp_conf_rule *)to)->reason);
}

static void read_duration(struct sp_conf_reader *r, const config_setting_t *s, uint32_t *to)
{
	const char *text = sp_conf_text_of(r, s);

	if (text != NULL && !sp_words_duration(text, to)) {
		sp_conf_mistake(r, s, "%s: \"%s\" is no " SP_WORDS_DURATION, sp_conf_name_of(s),
				text);
	}
}

static void read_max(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	read_duration(r, s, &((struct sp_conf_rule *)to)->max_s);
}

static void read_idle(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	read_duration(r, s, &((struct sp_conf_rule *)to)->idle_s);
}

static const struct sp_conf_key keys[] = {
		{"name", read_name},
		{"users", read_users},
		{"from", read_from},
		{"interface", read_interface},
		{"countries", read_countries},
		{"hours", read_hours},
		{"devices", read_devices},
		{"targets", read_rule_targets},
		{"mfa", read_factors},
		{"clipboard", read_clipboard},
		{"drives", read_drives},
		{"sound", read_sound},
		{"microphone", read_microphone},
		{"other", read_other},
		{"transfer-limit", read_limit},
		{"max", read_max},
		{"idle", read_idle},
		{"approval", read_approval},
		{"reason", read_reason},
};

static void defaults(struct sp_conf_rule *rule)
{
	rule->channels.clipboard = SP_CONF_CLIP_TEXT_IN | SP_CONF_CLIP_TEXT_OUT;
	rule->channels.sound = true;
}

void sp_conf_read_rules(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf *c = r->c;
	int n = config_setting_length(s);

	if (!config_setting_is_list(s) && !(config_setting_is_array(s) && n == 0)) {
		sp_conf_mistake(r, s, "rules: must be a list of groups, ( { ... }, { ... } )");
		return;
	}
	if (!(n <= SP_CONF_RULES)) {
		sp_conf_mistake(r, s, "rules: must have at most %d", SP_CONF_RULES);
		return;
	}
	r->rules = s;
	if (n == 0) {
		return;
	}
	c->rule = sp_calloc((size_t)n, sizeof(*c->rule));
	if (c->rule == NULL) {
		r->nomem = true;
		return;
	}
	c->n_rules = (size_t)n;
	for (int i = 0; i < n; i++) {
		const config_setting_t *e = config_setting_get_elem(s, (unsigned)i);
		const char *file = config_setting_source_file(e);
		struct sp_conf_rule *rule = &c->rule[i];

		defaults(rule);
		snprintf(rule->name, sizeof(rule->name), "rule %d", i + 1);
		snprintf(rule->file, sizeof(rule->file), "%s", file != NULL ? file : r->file);
		rule->line = config_setting_source_line(e);
		sp_conf_read_group(r, e, keys, SP_LEN(keys), rule);
	}
}

bool sp_conf_builtin_rule(struct sp_conf *c)
{
	c->rule = sp_calloc(1, sizeof(*c->rule));
	if (c->rule == NULL) {
		return false;
	}
	c->n_rules = 1;
	snprintf(c->rule->name, sizeof(c->rule->name), "built-in rule");
	c->rule->desktops = true;
	defaults(c->rule);
	return true;
}
