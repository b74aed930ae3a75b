/* host/conf/alert.c - see alert.h. */
#include "host/conf/alert.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "host/conf/part.h"
#include "host/conf/words.h"

#define MINUTE 60
#define HOUR 3600
#define DAY 86400
#define MIB (UINT64_C(1) << 20)

static const char *const words[] = {
#define X(name, number, word) word,
		SP_ALERT_MAP(X)
#undef X
};

static const char *const numbers[] = {
#define X(name, number, word) number,
		SP_ALERT_MAP(X)
#undef X
};

static const char *const actions[] = {[SP_ALERT_TELL] = "alert",
		[SP_ALERT_STEP_UP] = "step-up",
		[SP_ALERT_PAUSE] = "pause",
		[SP_ALERT_END] = "end"};

const char *sp_alert_word(uint32_t rule)
{
	return rule < SP_ALERT_RULES ? words[rule] : "?";
}

const char *sp_alert_number(uint32_t rule)
{
	return rule < SP_ALERT_RULES ? numbers[rule] : "?";
}

const char *sp_alert_action_word(uint32_t action)
{
	return action < SP_ALERT_ACTIONS ? actions[action] : "?";
}

/* ---- parameters ---- */

enum kind {
	COUNT,
	DURATION,
	SIZE,
};

/* A parameter of one rule; the range is that of a COUNT. */
static const struct param {
	enum sp_alert_rule rule;
	const char *key;
	size_t at;
	enum kind kind;
	uint32_t min, max;
	uint64_t start;
} params[] = {
#define P(rule, key, field, kind, min, max, start) \
	{ \
		SP_ALERT_##rule, key, offsetof(struct sp_conf_alert, field), kind, min, max, start \
	}
		P(BRUTE_FORCE, "failures", count, COUNT, 2, SP_ALERT_COUNT_MAX, 10),
		P(BRUTE_FORCE, "within", within_s, DURATION, 0, 0, 5 * MINUTE),
		P(SPRAY, "users", count, COUNT, 2, SP_ALERT_COUNT_MAX, 10),
		P(SPRAY, "within", within_s, DURATION, 0, 0, 10 * MINUTE),
		P(SPRAY_WIDE, "users", count, COUNT, 2, SP_ALERT_COUNT_MAX, 20),
		P(SPRAY_WIDE, "networks", count2, COUNT, 2, SP_ALERT_COUNT_MAX, 3),
		P(SPRAY_WIDE, "within", within_s, DURATION, 0, 0, HOUR),
		P(SPRAY_SLOW, "users", count, COUNT, 2, 4096, 30),
		P(SPRAY_SLOW, "times", times, COUNT, 1, 100, 4),
		P(SUCCESS_AFTER, "within", within_s, DURATION, 0, 0, DAY),
		P(TRAVEL, "speed", kmh, COUNT, 100, 100000, 900),
		P(TRAVEL, "distance", km, COUNT, 10, 20000, 500),
		P(TRAVEL, "within", within_s, DURATION, 0, 0, 4 * HOUR),
		P(NEW_DEVICE, "days", days, COUNT, 1, 3650, 90),
		P(NEW_COUNTRY, "days", days, COUNT, 1, 3650, 90),
		P(NEW_NETWORK, "days", days, COUNT, 1, 3650, 90),
		P(NEW_NETWORK, "learn", learn_s, DURATION, 0, 0, 7 * DAY),
		P(NEW_TARGET, "days", days, COUNT, 1, 3650, 90),
		P(NEW_TARGET, "learn", learn_s, DURATION, 0, 0, 7 * DAY),
		P(OFF_HOURS, "logins", count, COUNT, 5, 1000, 20),
		P(LONG_SESSION, "longer", within_s, DURATION, 0, 0, 12 * HOUR),
		P(LONG_SESSION, "times", times, COUNT, 1, 100, 3),
		P(IDLE_SESSION, "longer", within_s, DURATION, 0, 0, 8 * HOUR),
		P(IDLE_SESSION, "bytes", bytes, SIZE, 0, 0, 16384),
		P(MANY_TARGETS, "targets", count, COUNT, 2, SP_ALERT_COUNT_MAX, 5),
		P(MANY_TARGETS, "new", count2, COUNT, 2, SP_ALERT_COUNT_MAX, 3),
		P(MANY_TARGETS, "within", within_s, DURATION, 0, 0, 10 * MINUTE),
		P(NEW_PATH, "days", days, COUNT, 1, 3650, 90),
		P(VOLUME, "bytes", bytes, SIZE, 0, 0, 100 * MIB),
		P(VOLUME, "times", times, COUNT, 1, 100, 5),
		P(VOLUME, "within", within_s, DURATION, 0, 0, HOUR),
		P(PROBING, "events", count, COUNT, 1, SP_ALERT_COUNT_MAX, 2),
		P(PROBING, "within", within_s, DURATION, 0, 0, HOUR),
		P(ADMIN_TAMPER, "clock", within_s, DURATION, 0, 0, MINUTE),
		P(ADMIN_TAMPER, "late", late_s, DURATION, 0, 0, 5 * MINUTE),
		P(DORMANT, "days", days, COUNT, 1, 3650, 60),
		P(ENUMERATION, "users", count, COUNT, 2, SP_ALERT_COUNT_MAX, 20),
		P(ENUMERATION, "within", within_s, DURATION, 0, 0, HOUR),
#undef P
};

static void put(struct sp_conf_alert *a, const struct param *p, uint64_t v)
{
	uint32_t v32 = (uint32_t)v;

	if (p->kind == SIZE) {
		memcpy((char *)a + p->at, &v, sizeof(v));
	} else {
		memcpy((char *)a + p->at, &v32, sizeof(v32));
	}
}

void sp_conf_alerts_default(struct sp_conf_alerts *a)
{
	memset(a, 0, sizeof(*a));
	for (size_t i = 0; i < SP_ALERT_RULES; i++) {
		a->rule[i].enabled = true;
		a->rule[i].again_s = HOUR;
	}
	for (size_t i = 0; i < SP_LEN(params); i++) {
		put(&a->rule[params[i].rule], &params[i], params[i].start);
	}
	/* What stays true for long is not told every hour. */
	static const enum sp_alert_rule daily[] = {SP_ALERT_SPRAY_SLOW, SP_ALERT_SUCCESS_AFTER,
			SP_ALERT_NEW_DEVICE, SP_ALERT_NEW_COUNTRY, SP_ALERT_NEW_NETWORK,
			SP_ALERT_NEW_TARGET, SP_ALERT_LONG_SESSION, SP_ALERT_IDLE_SESSION,
			SP_ALERT_NEW_PATH, SP_ALERT_DORMANT, SP_ALERT_CLAIMS_CHANGED};
	for (size_t i = 0; i < SP_LEN(daily); i++) {
		a->rule[daily[i]].again_s = DAY;
	}
	a->rule[SP_ALERT_OFF_HOURS].again_s = 12 * HOUR;
}

/* ---- reading ---- */

static size_t rule_of(const struct sp_conf_reader *r, const void *to)
{
	return (size_t)((const struct sp_conf_alert *)to - r->c->alerts->rule);
}

static void read_param(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	const struct param *p = params;
	const char *key = config_setting_name(s);
	uint32_t seconds;
	uint64_t v;

	while (p->rule != rule_of(r, to) || strcmp(p->key, key) != 0) {
		p++;
	}
	if (p->kind == COUNT) {
		int n;

		if (!sp_conf_read_int(r, s, NULL, &n)) {
			return;
		}
		if (!(0 <= n && p->min <= (uint32_t)n && (uint32_t)n <= p->max)) {
			sp_conf_mistake(r, s, "%s: %d is not between %u and %u", key, n, p->min,
					p->max);
		} else {
			put(to, p, (uint64_t)n);
		}
		return;
	}
	const char *text = sp_conf_text_of(r, s);
	if (text == NULL) {
		return;
	}
	if (p->kind == DURATION && sp_words_duration(text, &seconds)) {
		put(to, p, seconds);
	} else if (p->kind == SIZE && sp_words_size(text, &v)) {
		put(to, p, v);
	} else {
		sp_conf_mistake(r, s, "%s: \"%s\" is no %s", key, text,
				p->kind == DURATION ? SP_WORDS_DURATION : SP_WORDS_SIZE);
	}
}

static void read_enabled(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf_alert *a = to;

	sp_conf_read_bool(r, s, &a->enabled);
}

static void read_action(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf_alert *a = to;
	int i = sp_conf_choice(r, s, actions, SP_LEN(actions));

	a->action = i > 0 ? (uint32_t)i : SP_ALERT_TELL;
}

static void read_again(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf_alert *a = to;
	const char *text = sp_conf_text_of(r, s);

	if (text != NULL && !sp_words_duration(text, &a->again_s)) {
		sp_conf_mistake(r, s, "again: \"%s\" is no " SP_WORDS_DURATION, text);
	}
}

static void add_exempt(
		struct sp_conf_reader *r, const config_setting_t *at, const char *text, void *to)
{
	struct sp_conf_alert *a = to;

	sp_conf_add_net(r, at, text, a->exempt, &a->n_exempt);
}

static void read_exempt(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	sp_conf_read_texts(r, s, SP_ALERT_EXEMPT, add_exempt, to);
}

static void add_user(
		struct sp_conf_reader *r, const config_setting_t *at, const char *text, void *to)
{
	struct sp_conf_alert *a = to;

	if (!sp_words_name(text)) {
		sp_conf_mistake(r, at, "exempt-users: \"%s\" is no name of a user", text);
		return;
	}
	snprintf(a->users[a->n_users++], sizeof(a->users[0]), "%s", text);
}

static void read_users(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	sp_conf_read_texts(r, s, SP_ALERT_EXEMPT, add_user, to);
}

static void add_hours(
		struct sp_conf_reader *r, const config_setting_t *at, const char *text, void *to)
{
	struct sp_conf_alerts *a = r->c->alerts;

	sp_conf_add_hours(r, at, text, a->hours, &a->n_hours);
}

static void read_hours(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	sp_conf_read_texts(r, s, SP_ALERT_HOURS, add_hours, to);
}

static void read_rule(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	static const struct sp_conf_key common[] = {
			{"enabled", read_enabled},
			{"action", read_action},
			{"again", read_again},
			{"exempt", read_exempt},
			{"exempt-users", read_users},
	};
	struct sp_conf_key keys[SP_LEN(common) + 8];
	size_t n = SP_LEN(common), rule = 0;

	while (strcmp(words[rule], config_setting_name(s)) != 0) {
		rule++;
	}
	memcpy(keys, common, sizeof(common));
	for (size_t i = 0; i < SP_LEN(params) && n < SP_LEN(keys); i++) {
		if (params[i].rule == rule) {
			keys[n++] = (struct sp_conf_key){params[i].key, read_param};
		}
	}
	if (rule == SP_ALERT_OFF_HOURS) {
		keys[n++] = (struct sp_conf_key){"hours", read_hours};
	}
	sp_conf_read_group(r, s, keys, n, &r->c->alerts->rule[rule]);
}

static void add_critical(
		struct sp_conf_reader *r, const config_setting_t *at, const char *text, void *to)
{
	struct sp_conf_alerts *a = r->c->alerts;

	if (!(1 <= strlen(text) && strlen(text) < sizeof(a->critical[0]))) {
		sp_conf_mistake(r, at, "critical-targets: \"%s\" is no name of a target", text);
		return;
	}
	snprintf(a->critical[a->n_critical++], sizeof(a->critical[0]), "%s", text);
}

static void read_critical(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	/* Whether there are such targets shows when all is read. */
	r->critical = s;
	sp_conf_read_texts(r, s, SP_ALERT_TARGETS, add_critical, to);
}

void sp_conf_read_alerts(struct sp_conf_reader *r, const config_setting_t *s, void *to)
{
	struct sp_conf_key keys[SP_ALERT_RULES + 1] = {
			[SP_ALERT_RULES] = {"critical-targets", read_critical}};

	for (size_t i = 0; i < SP_ALERT_RULES; i++) {
		keys[i] = (struct sp_conf_key){words[i], read_rule};
	}
	if (r->c->alerts == NULL && !sp_conf_alerts_make(r->c)) {
		r->nomem = true;
		return;
	}
	sp_conf_read_group(r, s, keys, SP_LEN(keys), NULL);
}

bool sp_conf_alerts_make(struct sp_conf *c)
{
	c->alerts = sp_calloc(1, sizeof(*c->alerts));
	if (c->alerts != NULL) {
		sp_conf_alerts_default(c->alerts);
	}
	return c->alerts != NULL;
}
