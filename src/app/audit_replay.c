/* app/audit_replay.c - `sallyport audit replay`: which alerts the rules would have raised over what was kept. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/audit.h"
#include "app/json.h"
#include "app/when.h"
#include "core/base/log.h"
#include "host/audit/detect.h"
#include "host/lib/geo.h"

#define NS UINT64_C(1000000000)

struct replay {
	struct app_audit *a;
	struct sp_detect *d;
	struct sp_geo *geo; /* NULL: no places */
};

/* ---- printing ---- */

static void json_member(const char *name, const char *text)
{
	printf(", \"%s\": ", name);
	if (text[0] == '\0') {
		fputs("null", stdout);
	} else {
		app_json_text(stdout, text);
	}
}

static void print_json(const struct sp_detect_alert *a, bool first)
{
	printf("%s{\"id\": \"%s\", \"rule\": \"%s\"", first ? "[" : ",\n ",
			sp_alert_number(a->rule), sp_alert_word(a->rule));
	json_member("title", sp_detect_title(a->rule));
	json_member("attack", sp_detect_attack(a->rule));
	json_member("severity", sp_severity_text(a->severity));
	json_member("action", sp_alert_action_word(a->action));
	printf(", \"first\": %" PRIu64 ", \"last\": %" PRIu64 ", \"time\": ", a->first, a->last);
	app_json_time(stdout, a->wall);
	json_member("user", a->user);
	json_member("session", a->session);
	json_member("src", a->ip);
	json_member("device", a->device);
	json_member("target", a->target);
	json_member("text", a->text);
	putchar('}');
}

/* As sp_log() shows what others have chosen. */
static void print_named(const char *what, const char *text)
{
	char clean[SP_CONF_NAME];

	if (text[0] != '\0') {
		snprintf(clean, sizeof(clean), "%s", text);
		sp_log_clean(clean);
		printf(", %s %s", what, clean);
	}
}

static void print_text(const struct app_audit *a, const struct sp_detect_alert *al)
{
	char when[APP_WHEN];

	app_when_text(al->wall, a->zone, when);
	printf("%s #%" PRIu64, when, al->first);
	if (al->last != al->first) {
		printf("-%" PRIu64, al->last);
	}
	printf(" %s %s (%s): %s", sp_alert_number(al->rule), sp_alert_word(al->rule),
			sp_severity_text(al->severity), al->text);
	print_named("user", al->user);
	print_named("from", al->ip);
	print_named("target", al->target);
	putchar('\n');
}

static void take(struct replay *p)
{
	struct sp_detect_alert al;

	while (sp_detect_next(p->d, &al)) {
		if (p->a->w.json) {
			print_json(&al, p->a->printed == 0);
		} else {
			print_text(p->a, &al);
		}
		p->a->printed++;
	}
}

/* ---- going through ---- */

static void place(const struct replay *p, struct sp_detect_record *r)
{
	uint8_t addr[16] = {0};
	char ip[64];

	if (p->geo == NULL) {
		return;
	}
	sp_audit_copy(r->v, SP_F_SRC_IP, ip, sizeof(ip));
	int family = strchr(ip, ':') != NULL ? AF_INET6 : AF_INET;
	r->placed = inet_pton(family, ip, addr) == 1 &&
			sp_geo_place(p->geo, (uint32_t)family, addr, &r->lat, &r->lon);
}

static int one(void *user, const struct sp_record *r, const struct sp_audit_view *v)
{
	struct replay *p = user;
	struct sp_detect_record d = {.v = v, .seq = r->seq, .wall = (int64_t)(r->wall_ns / NS)};

	/* What was kept as an alert then says nothing of what these rules would have said. */
	if (v->kind == SP_AUDIT_ALERT) {
		return SP_OK;
	}
	if (r->wall_ns >= p->a->until_ns) {
		return 1;
	}
	/* Habits are learned from all that was before. */
	sp_detect_quiet(p->d, r->wall_ns < p->a->since_ns);
	place(p, &d);
	sp_detect_feed(p->d, &d);
	take(p);
	return SP_OK;
}

/* The rules of a file, of the service, or for a copy from elsewhere the defaults. */
static struct sp_conf *rules(struct app_audit *a)
{
	static struct sp_conf_errors errors;
	const char *file = a->w.n > 1 ? a->w.word[1] : NULL;
	struct sp_conf *c = NULL;

	if (file == NULL && a->store != NULL) {
		c = calloc(1, sizeof(*c));
		if (c != NULL) {
			sp_conf_default(c);
		} else {
			app_fail("audit", "out of memory");
		}
		return c;
	}
	file = file != NULL ? file : app_service_file(&a->w.service);
	if (file != NULL && sp_conf_load(file, &errors, &c) != SP_OK) {
		for (size_t i = 0; i < errors.n; i++) {
			fprintf(stderr, "sallyport: %s\n", errors.text[i]);
		}
	}
	return c;
}

int app_audit_replay(struct app_audit *a)
{
	static const uint64_t key[2] = {1, 2}; /* nobody chooses names against a replay */
	struct replay p = {.a = a};
	struct sp_conf *conf = rules(a);
	char why[SP_GEO_WHY];
	uint64_t last;

	if (conf == NULL) {
		return APP_FAILED;
	}
	p.d = sp_detect_create(conf, key);
	if (p.d == NULL) {
		sp_conf_unref(conf);
		return app_fail("audit", "out of memory");
	}
	if (conf->countries[0] != '\0') {
		p.geo = sp_geo_open(conf->countries, why);
	}
	int rc = sp_audit_last(a->st, &last);
	if (rc == SP_OK) {
		rc = sp_audit_each(a->st, 1, last, false, one, &p, &a->damaged);
	}
	if (a->w.json) {
		fputs(a->printed > 0 ? "]\n" : "[]\n", stdout);
	}
	sp_geo_close(p.geo);
	sp_detect_destroy(p.d);
	sp_conf_unref(conf);
	return app_audit_finish(a, rc);
}
