/* host/conf/review.c - what only shows when the whole file is read: names and rules that lead nowhere. */
#include <string.h>
#include <sys/socket.h>

#include "host/conf/alert.h"
#include "host/conf/part.h"

static bool has(const char *list, size_t n, size_t size, const char *text)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list + i * size, text) == 0) {
			return true;
		}
	}
	return false;
}

/* Does a list that must hold hold wherever the other one does? An empty one always holds. */
static bool covers(const char *a, size_t na, const char *b, size_t nb, size_t size)
{
	bool all = na == 0 || nb > 0;

	for (size_t i = 0; all && na > 0 && i < nb; i++) {
		all = has(a, na, size, b + i * size);
	}
	return all;
}

static bool net_in(const struct sp_conf_net *wide, const struct sp_conf_net *net)
{
	bool in = wide->family == net->family && wide->bits <= net->bits;

	for (uint32_t i = 0; in && i < wide->bits; i++) {
		in = ((wide->addr[i / 8] ^ net->addr[i / 8]) & 0x80u >> i % 8) == 0;
	}
	return in;
}

static bool nets_cover(const struct sp_conf_rule *a, const struct sp_conf_rule *b)
{
	bool all = a->n_from == 0 || b->n_from > 0;

	for (size_t i = 0; all && a->n_from > 0 && i < b->n_from; i++) {
		all = false;
		for (size_t k = 0; k < a->n_from; k++) {
			all = all || net_in(&a->from[k], &b->from[i]);
		}
	}
	return all;
}

static bool hours_cover(const struct sp_conf_rule *a, const struct sp_conf_rule *b)
{
	bool all = a->n_hours == 0 || b->n_hours > 0;

	for (size_t i = 0; all && a->n_hours > 0 && i < b->n_hours; i++) {
		const struct sp_conf_hours *h = &b->hours[i];
		all = false;
		for (size_t k = 0; k < a->n_hours; k++) {
			const struct sp_conf_hours *o = &a->hours[k];
			all = all ||
					(o->from == h->from && o->until == h->until &&
							o->clock == h->clock &&
							(o->days & h->days) == h->days);
		}
	}
	return all;
}

/* Would a have matched whatever b could match? */
static bool rule_covers(const struct sp_conf_rule *a, const struct sp_conf_rule *b)
{
	return covers(a->users[0], a->n_users, b->users[0], b->n_users, sizeof(a->users[0])) &&
			covers(a->targets[0], a->n_targets, b->targets[0], b->n_targets,
					sizeof(a->targets[0])) &&
			covers(a->interfaces[0], a->n_interfaces, b->interfaces[0], b->n_interfaces,
					sizeof(a->interfaces[0])) &&
			covers(a->countries[0], a->n_countries, b->countries[0], b->n_countries,
					sizeof(a->countries[0])) &&
			(a->devices & b->devices) == a->devices && nets_cover(a, b) &&
			hours_cover(a, b);
}

static void review_targets_of(struct sp_conf_reader *r, const struct sp_conf_rule *rule,
		const config_setting_t *group)
{
	const config_setting_t *s = config_setting_get_member(group, "targets");

	for (size_t i = 0; s != NULL && i < rule->n_targets; i++) {
		if (sp_conf_target(r->c, rule->targets[i]) == NULL) {
			sp_conf_mistake(r, s, "targets: there is no target \"%s\"",
					rule->targets[i]);
		}
	}
}

/* A token and a device secret are both the password: a rule for devices has no tokens. */
static void review_factors(struct sp_conf_reader *r, const struct sp_conf_rule *rule,
		const config_setting_t *group)
{
	if ((rule->devices & SP_CONF_DEVICE_ENROLLED) != 0 && rule->mfa == SP_CONF_FACTOR_TOKEN) {
		sp_conf_mistake(r, config_setting_get_member(group, "mfa"),
				"mfa: with devices = [\"enrolled\"] the password is no token");
	}
	if ((rule->mfa & SP_CONF_FACTOR_NONE) != 0 && rule->mfa != SP_CONF_FACTOR_NONE) {
		sp_conf_warn(r, config_setting_get_member(group, "mfa"),
				"mfa: with \"none\" in it, nothing else is ever asked");
	}
}

static void review_rules(struct sp_conf_reader *r)
{
	const struct sp_conf *c = r->c;
	/* A list that could not be read looks like one that is not there. */
	bool whole = r->errors->n == 0;

	for (size_t i = 0; i < c->n_rules; i++) {
		const config_setting_t *group = config_setting_get_elem(r->rules, (unsigned)i);
		const struct sp_conf_rule *rule = &c->rule[i];

		if (!config_setting_is_group(group)) {
			continue;
		}
		review_targets_of(r, rule, group);
		review_factors(r, rule, group);
		for (size_t k = 0; whole && k < i; k++) {
			if (rule_covers(&c->rule[k], rule)) {
				sp_conf_warn(r, group,
						"rules: \"%s\" is never reached: \"%s\" (line %u) "
						"matches before it",
						rule->name, c->rule[k].name, c->rule[k].line);
				break;
			}
		}
	}
}

static bool reaches(const struct sp_conf_rule *rule, const struct sp_conf_target *t)
{
	return rule->desktops ? t->kind == SP_CONF_DESKTOP
			      : rule->n_targets == 0 ||
					has(rule->targets[0], rule->n_targets,
							sizeof(rule->targets[0]), t->name);
}

static void review_reach(struct sp_conf_reader *r)
{
	const struct sp_conf *c = r->c;

	for (size_t i = 0; i < c->n_targets; i++) {
		bool reached = false;
		for (size_t k = 0; k < c->n_rules; k++) {
			reached = reached || reaches(&c->rule[k], &c->target[i]);
		}
		const config_setting_t *at = r->targets != NULL
				? config_setting_get_elem(r->targets, (unsigned)i)
				: r->rules;
		if (!reached) {
			sp_conf_warn(r, at, "targets: no rule reaches \"%s\"%s", c->target[i].name,
					r->rules == NULL ? " (without rules there is one for "
							   "targets of kind \"desktop\")"
							 : "");
		}
	}
}

static void review_alerts(struct sp_conf_reader *r)
{
	const struct sp_conf_alerts *a = r->c->alerts;

	for (size_t i = 0; r->critical != NULL && i < a->n_critical; i++) {
		if (sp_conf_target(r->c, a->critical[i]) == NULL) {
			sp_conf_mistake(r, r->critical,
					"critical-targets: there is no target \"%s\"",
					a->critical[i]);
		}
	}
}

/* A recording that nobody can read is none. */
static void review_records(struct sp_conf_reader *r)
{
	const struct sp_conf *c = r->c;

	for (size_t i = 0; r->targets != NULL && i < c->n_targets; i++) {
		const config_setting_t *group = config_setting_get_elem(r->targets, (unsigned)i);
		const config_setting_t *record = config_setting_get_member(group, "record");
		const config_setting_t *input = config_setting_get_member(group, "record-input");

		if (c->target[i].record == SP_CONF_RECORD_REQUIRED && !r->auditors) {
			sp_conf_mistake(r, record,
					"record: nobody could read it: auditors are missing");
		} else if (c->target[i].record == SP_CONF_RECORD_WANTED && !r->auditors) {
			sp_conf_warn(r, record,
					"record: nothing is recorded: auditors are missing");
		}
		if (input != NULL && c->target[i].record == SP_CONF_RECORD_NO) {
			sp_conf_warn(r, input, "record-input: has a meaning with record only");
		}
	}
}

void sp_conf_review(struct sp_conf_reader *r)
{
	review_records(r);
	review_alerts(r);
	sp_conf_review_metrics(r);
	if (r->rules != NULL) {
		review_rules(r);
	}
	if (r->countries != NULL && r->c->countries[0] == '\0') {
		sp_conf_mistake(r, r->countries, "countries: countries-file is missing");
	}
	/* With mistakes in it, not much can be said of what is reached. */
	if (r->errors->n == 0) {
		review_reach(r);
	}
}
