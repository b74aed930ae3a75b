/* tests/host/audit/detect_kit.c - see detect_kit.h. */
#include "detect_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

void kit_begin(struct kit *k)
{
	static const uint64_t key[2] = {1, 2};

	memset(k, 0, sizeof(*k));
	sp_conf_default(&k->conf);
	k->d = sp_detect_create(&k->conf, key);
	assert_non_null(k->d);
}

void kit_end(struct kit *k)
{
	sp_detect_destroy(k->d);
	assert_int_equal(k->conf.refs, 1);
	sp_conf_finish(&k->conf);
}

static void field(struct sp_audit_event *e, const char *name, const char *value)
{
	enum sp_field f = sp_field_by_name(name);

	assert_int_not_equal(f, SP_F_NONE);
	if (sp_field_type(f) == SP_FIELD_NUM) {
		sp_audit_num(e, f, strtoull(value, NULL, 10));
	} else {
		sp_audit_text(e, f, value);
	}
	if (f == SP_F_SRC_IP) {
		char net[80];
		snprintf(net, sizeof(net), "%s/%s", value, strchr(value, ':') ? "64" : "32");
		sp_audit_text(e, SP_F_SRC_NET, net);
	}
}

void kit_event(struct sp_audit_event *e, const char *event, enum sp_outcome outcome,
		const char *fields)
{
	char text[512], *save = NULL;

	assert_int_not_equal(sp_audit_by_name(event), SP_AUDIT_NONE);
	sp_audit_init(e, sp_audit_by_name(event), outcome);
	assert_true(strlen(fields) < sizeof(text));
	snprintf(text, sizeof(text), "%s", fields);
	for (char *t = strtok_r(text, " ", &save); t != NULL; t = strtok_r(NULL, " ", &save)) {
		char *value = strchr(t, '=');
		assert_non_null(value);
		*value++ = '\0';
		/* A '_' stands for a blank in our own words. */
		for (char *p = value; *p != '\0'; p++) {
			*p = *p == '_' ? ' ' : *p;
		}
		field(e, t, value);
	}
}

unsigned kit_take(struct kit *k, enum sp_alert_rule rule)
{
	struct sp_detect_alert a;
	unsigned n = 0;

	while (sp_detect_next(k->d, &a)) {
		struct sp_audit_event e;
		struct sp_audit_view v;
		sp_detect_event(&a, &e);
		assert_int_equal(sp_audit_read(sp_span(e.b, e.n), &v), SP_OK);
		assert_int_equal(e.dropped, 0);
		assert_true(a.first <= a.last);
		if (a.rule == rule || rule == SP_ALERT_RULES) {
			k->alert = a;
			n++;
		}
	}
	return n;
}

static unsigned feed(struct kit *k, enum sp_alert_rule rule, struct sp_audit_event *e,
		struct sp_detect_record *r)
{
	struct sp_audit_view v;

	assert_int_equal(sp_audit_read(sp_span(e->b, e->n), &v), SP_OK);
	r->v = &v;
	r->seq = ++k->seq;
	sp_detect_feed(k->d, r);
	return kit_take(k, rule);
}

unsigned kit_feed(struct kit *k, enum sp_alert_rule rule, int64_t at, const char *event,
		enum sp_outcome outcome, const char *fields)
{
	struct sp_detect_record r = {.wall = at};
	struct sp_audit_event e;

	kit_event(&e, event, outcome, fields);
	return feed(k, rule, &e, &r);
}

unsigned kit_feed_at(struct kit *k, enum sp_alert_rule rule, int64_t at, const char *event,
		const char *fields, double lat, double lon)
{
	struct sp_detect_record r = {.wall = at, .placed = true, .lat = lat, .lon = lon};
	struct sp_audit_event e;

	kit_event(&e, event, SP_OUTCOME_OK, fields);
	return feed(k, rule, &e, &r);
}
