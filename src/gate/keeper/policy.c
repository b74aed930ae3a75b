/* gate/keeper/policy.c - see policy.h. */
#include "gate/keeper/policy.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/utf16.h"
#include "gate/keeper/policy_hours.h"

_Static_assert(SP_CONF_CLIP_TEXT_IN == SP_CLIP_RIGHT_TEXT_IN &&
				SP_CONF_CLIP_TEXT_OUT == SP_CLIP_RIGHT_TEXT_OUT &&
				SP_CONF_CLIP_FILES_IN == SP_CLIP_RIGHT_FILES_IN &&
				SP_CONF_CLIP_FILES_OUT == SP_CLIP_RIGHT_FILES_OUT &&
				SP_CONF_CLIP_ALL == SP_CLIP_RIGHT_ALL &&
				SP_CONF_DRIVES_READ == SP_DRIVES_READ &&
				SP_CONF_DRIVES_WRITE == SP_DRIVES_WRITE,
		"the configuration's channels are those of the messages");

static bool known(const char *text)
{
	return text != NULL && text[0] != '\0';
}

/* Users and groups; of a user without a name, nobody is one. */
static bool is_one(const char (*list)[SP_CONF_NAME], size_t n, const char *user,
		bool (*member)(void *arg, const char *group), void *arg)
{
	for (size_t i = 0; known(user) && i < n; i++) {
		if (list[i][0] == '@' ? member != NULL && member(arg, list[i] + 1)
				      : strcmp(list[i], user) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_user(const struct sp_conf_rule *rule, const struct sp_policy_ask *ask)
{
	return rule->n_users == 0 ||
			is_one((const char(*)[SP_CONF_NAME])rule->users, rule->n_users, ask->user,
					ask->member, ask->arg);
}

static bool is_target(const struct sp_conf *conf, const struct sp_conf_rule *rule,
		const struct sp_policy_ask *ask)
{
	const struct sp_conf_target *t =
			known(ask->target) ? sp_conf_target(conf, ask->target) : NULL;

	if (t == NULL) {
		return false;
	}
	if (rule->desktops) {
		return t->kind == SP_CONF_DESKTOP;
	}
	for (size_t i = 0; i < rule->n_targets; i++) {
		if (strcmp(rule->targets[i], t->name) == 0) {
			return true;
		}
	}
	return rule->n_targets == 0;
}

/* The address as the rules see it. */
static struct sp_source plain(const struct sp_source *source)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct sp_source s = *source;

	if (s.family == AF_INET6 && memcmp(s.addr, mapped, sizeof(mapped)) == 0) {
		s.family = AF_INET;
		memmove(s.addr, s.addr + sizeof(mapped), 4);
		memset(s.addr + 4, 0, sizeof(s.addr) - 4);
	}
	return s;
}

static bool in_net(const struct sp_conf_net *net, const struct sp_source *s)
{
	uint32_t whole = net->bits / 8, rest = net->bits % 8;

	return net->family == s->family && memcmp(net->addr, s->addr, whole) == 0 &&
			(rest == 0 || ((net->addr[whole] ^ s->addr[whole]) >> (8 - rest)) == 0);
}

static bool is_from(const struct sp_conf_rule *rule, const struct sp_policy_ask *ask)
{
	bool in = rule->n_from == 0;

	if (!in && ask->source != NULL) {
		struct sp_source s = plain(ask->source);
		for (size_t i = 0; !in && i < rule->n_from; i++) {
			in = in_net(&rule->from[i], &s);
		}
	}
	return in;
}

static bool is_interface(const struct sp_conf_rule *rule, const struct sp_policy_ask *ask)
{
	bool in = rule->n_interfaces == 0;

	for (size_t i = 0; !in && known(ask->interface) && i < rule->n_interfaces; i++) {
		in = strcmp(rule->interfaces[i], ask->interface) == 0;
	}
	return in;
}

static bool country_of(const struct sp_policy_ask *ask, char out[4])
{
	memset(out, 0, 4);
	if (ask->source == NULL || ask->country == NULL) {
		return false;
	}
	struct sp_source s = plain(ask->source);
	return ask->country(ask->arg, &s, out) && out[0] != '\0';
}

static bool is_country(const struct sp_conf_rule *rule, const struct sp_policy_ask *ask)
{
	char code[4];
	bool in = rule->n_countries == 0;

	if (!in && country_of(ask, code)) {
		for (size_t i = 0; !in && i < rule->n_countries; i++) {
			in = strcmp(rule->countries[i], code) == 0;
		}
	}
	return in;
}

enum sp_policy_clause sp_policy_clause(const struct sp_conf *conf, const struct sp_conf_rule *rule,
		const struct sp_policy_ask *ask)
{
	int64_t until;

	if (!is_user(rule, ask)) {
		return SP_POLICY_USERS;
	}
	if (!is_target(conf, rule, ask)) {
		return SP_POLICY_TARGETS;
	}
	if (!is_from(rule, ask)) {
		return SP_POLICY_FROM;
	}
	if (!is_interface(rule, ask)) {
		return SP_POLICY_INTERFACE;
	}
	if (!is_country(rule, ask)) {
		return SP_POLICY_COUNTRIES;
	}
	if (rule->n_hours > 0 && !sp_policy_hours(rule->hours, rule->n_hours, ask->now, &until)) {
		return SP_POLICY_HOURS;
	}
	if ((rule->devices & SP_CONF_DEVICE_ENROLLED) != 0 && !ask->device) {
		return SP_POLICY_DEVICES;
	}
	return SP_POLICY_MATCH;
}

const char *sp_policy_clause_text(enum sp_policy_clause clause)
{
	static const char *const texts[] = {[SP_POLICY_MATCH] = "all",
			[SP_POLICY_USERS] = "users",
			[SP_POLICY_TARGETS] = "targets",
			[SP_POLICY_FROM] = "from",
			[SP_POLICY_INTERFACE] = "interface",
			[SP_POLICY_COUNTRIES] = "countries",
			[SP_POLICY_HOURS] = "hours",
			[SP_POLICY_DEVICES] = "devices"};

	return clause < SP_POLICY_CLAUSES ? texts[clause] : "?";
}

void sp_policy_miss(enum sp_policy_clause clause, const struct sp_policy_ask *ask, char out[64])
{
	static const char *const texts[] = {[SP_POLICY_MATCH] = "matches",
			[SP_POLICY_USERS] = "not one of its users",
			[SP_POLICY_TARGETS] = "not one of its targets",
			[SP_POLICY_FROM] = "not from one of its networks",
			[SP_POLICY_INTERFACE] = "not by one of its interfaces",
			[SP_POLICY_COUNTRIES] = "not from one of its countries",
			[SP_POLICY_HOURS] = "outside its hours",
			[SP_POLICY_DEVICES] = "not on an enrolled device"};
	char code[4];

	snprintf(out, 64, "%s", clause < SP_POLICY_CLAUSES ? texts[clause] : "?");
	if (clause == SP_POLICY_COUNTRIES && country_of(ask, code)) {
		snprintf(out, 64, "not from one of its countries, but %s", code);
	} else if (clause == SP_POLICY_COUNTRIES) {
		snprintf(out, 64, "country not known");
	} else if (clause == SP_POLICY_INTERFACE && known(ask->interface)) {
		snprintf(out, 64, "not by one of its interfaces, but %.16s", ask->interface);
	} else if (clause == SP_POLICY_INTERFACE) {
		snprintf(out, 64, "interface not known");
	}
}

/* Cut where it is too long, but not in the middle of a character. */
static void put(char *to, size_t cap, const char *text)
{
	const char *end = text;

	while (*end != '\0') {
		const char *next = end;
		sp_utf8_next(&next);
		if (!((size_t)(next - text) < cap)) {
			break;
		}
		end = next;
	}
	memcpy(to, text, (size_t)(end - text));
	to[end - text] = '\0';
}

static void address(const struct sp_policy_ask *ask, char out[INET6_ADDRSTRLEN])
{
	struct sp_source s;

	snprintf(out, INET6_ADDRSTRLEN, "an unknown address");
	if (ask->source != NULL) {
		s = plain(ask->source);
		if (inet_ntop((int)s.family, s.addr, out, INET6_ADDRSTRLEN) == NULL) {
			snprintf(out, INET6_ADDRSTRLEN, "an unknown address");
		}
	}
}

/* The rule that came nearest, and what it lacked; a rule for others is none. */
struct nearest {
	const struct sp_conf_rule *rule;
	enum sp_policy_clause clause;
};

static void say_why(const struct sp_policy_ask *ask, const struct nearest *near, bool one_target,
		char why[SP_TEXT_WHY])
{
	/* Room for everything: names have their maximum. */
	char text[4 * SP_TEXT_WHY], from[INET6_ADDRSTRLEN], miss[64];
	const char *user = known(ask->user) ? ask->user : "this user";

	address(ask, from);
	int n = one_target
			? snprintf(text, sizeof(text), "no rule lets %s reach %s from %s now", user,
					  known(ask->target) ? ask->target : "nothing", from)
			: snprintf(text, sizeof(text), "no rule lets %s in from %s now", user,
					  from);
	if (near->rule != NULL && 0 < n && (size_t)n < sizeof(text)) {
		sp_policy_miss(near->clause, ask, miss);
		snprintf(text + n, sizeof(text) - (size_t)n, " (%s: %s)", near->rule->name, miss);
	}
	put(why, SP_TEXT_WHY, text);
}

/* What the second factor may be. */
static void factors(const struct sp_conf *conf, const struct sp_conf_rule *rule,
		struct sp_policy_verdict *out)
{
	out->factors = rule->mfa;
	if (out->factors != 0) {
		return;
	}
	switch (conf->mfa) {
	case SP_CONF_MFA_NONE:
		out->factors = SP_CONF_FACTOR_NONE;
		return;
	case SP_CONF_MFA_ENROLLED:
		out->optional = true;
		break;
	case SP_CONF_MFA_REQUIRED:
		break;
	}
	out->factors = SP_CONF_FACTOR_TOTP;
}

/* What has to be recorded stays closed where nobody could read it. */
static bool recordable(const struct sp_conf *conf, const struct sp_policy_ask *ask)
{
	const struct sp_conf_target *t = sp_conf_target(conf, ask->target);

	return t == NULL || t->record != SP_CONF_RECORD_REQUIRED || conf->n_auditors > 0;
}

static bool decide(const struct sp_conf *conf, const struct sp_policy_ask *ask,
		struct sp_policy_verdict *out, struct nearest *near)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < conf->n_rules; i++) {
		const struct sp_conf_rule *rule = &conf->rule[i];
		enum sp_policy_clause clause = sp_policy_clause(conf, rule, ask);
		if (clause == SP_POLICY_MATCH) {
			out->allow = true;
			out->rule = rule;
			factors(conf, rule, out);
			(void)sp_policy_hours(rule->hours, rule->n_hours, ask->now, &out->until);
			put(out->why, sizeof(out->why), rule->name);
			return true;
		}
		if (clause > SP_POLICY_TARGETS && clause > near->clause) {
			*near = (struct nearest){rule, clause};
		}
	}
	return false;
}

void sp_policy_decide(const struct sp_conf *conf, const struct sp_policy_ask *ask,
		struct sp_policy_verdict *out)
{
	struct nearest near = {0};

	if (!decide(conf, ask, out, &near)) {
		say_why(ask, &near, true, out->why);
	} else if (!recordable(conf, ask)) {
		out->allow = false;
		snprintf(out->why, sizeof(out->why),
				"%.64s may be used only when it is recorded, and there are no "
				"auditors who could read it",
				ask->target);
	}
}

size_t sp_policy_targets(const struct sp_conf *conf, const struct sp_policy_ask *ask, size_t *index,
		size_t cap, char why[SP_TEXT_WHY])
{
	struct sp_policy_ask one = *ask;
	struct sp_policy_verdict verdict;
	struct nearest near = {0};
	size_t n = 0, unrecorded = 0;

	why[0] = '\0';
	for (size_t i = 0; i < conf->n_targets && n < cap; i++) {
		one.target = conf->target[i].name;
		if (!decide(conf, &one, &verdict, &near)) {
			continue;
		}
		if (recordable(conf, &one)) {
			index[n++] = i;
		} else {
			unrecorded++;
		}
	}
	if (n == 0 && unrecorded > 0) {
		snprintf(why, SP_TEXT_WHY,
				"every target in reach may be used only when it is "
				"recorded, and there are no auditors who could read it");
	} else if (n == 0) {
		say_why(ask, &near, false, why);
	}
	return n;
}

bool sp_policy_may_approve(const struct sp_conf_rule *rule, const char *user,
		bool (*member)(void *arg, const char *group), void *arg)
{
	return is_one((const char(*)[SP_CONF_NAME])rule->approval, rule->n_approval, user, member,
			arg);
}
