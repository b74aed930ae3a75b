/* app/doctor_scan.c - what our own port shows to everybody: the questions of `sallyport scan`. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "app/doctor.h"
#include "scan/finding.h"
#include "scan/scan.h"

#define G APP_DOCTOR_SCAN

struct scanning {
	struct app_doctor *d;
	size_t next;
	struct sp_scan_endpoint e[SP_CONF_LISTENS];
	const char *listen[SP_CONF_LISTENS];
	size_t n;
};

static bool next(void *user, struct sp_scan_endpoint *out)
{
	struct scanning *s = user;

	if (s->next == s->n) {
		return false;
	}
	*out = s->e[s->next++];
	return true;
}

static enum app_doctor_level level_of(enum sp_scan_severity s)
{
	return s >= SP_SCAN_HIGH              ? APP_DOCTOR_BAD
			: s == SP_SCAN_MEDIUM ? APP_DOCTOR_WARN
					      : APP_DOCTOR_INFO;
}

void app_doctor_scanned(struct app_doctor *d, const char *listen, const struct sp_scan_facts *f)
{
	const struct sp_scan_judge judge = {.now = d->now};
	static struct sp_scan_judged judged;

	if (f->reach != SP_SCAN_RDP) {
		app_doctor_say(d, G, "answers", APP_DOCTOR_BAD, listen,
				"no RDP service answered the scan%s%s",
				f->why[0] != '\0' ? ": " : "", f->why);
		app_doctor_todo(d, "%s", app_doctor_log(d));
		return;
	}
	sp_scan_judge(&judge, f, &judged);
	size_t faults = 0;
	for (size_t i = 0; i < judged.n; i++) {
		const struct sp_scan_finding *x = &judged.finding[i];
		if (x->severity <= SP_SCAN_LOW) {
			continue; /* of our certificate and the like, which have lines of their own */
		}
		faults++;
		app_doctor_say(d, G, "finding", level_of(x->severity), listen, "%s %s (%s): %.200s",
				x->check->id, x->check->title, sp_scan_severity_name(x->severity),
				x->evidence);
		char more[APP_AGAIN_MAX], what[SP_SCAN_TEXT + 16];

		snprintf(what, sizeof(what), "scan --verbose %s", f->host);
		app_again(NULL, what, more, sizeof(more));
		app_doctor_todo(d, "%s",
				x->check->fix_sallyport != NULL ? x->check->fix_sallyport : more);
	}
	if (faults == 0) {
		app_doctor_say(d, G, "finding", APP_DOCTOR_OK, listen,
				"NLA is %s, and nothing else that it shows is above \"low\"",
				sp_scan_nla_name(judged.nla));
	}
}

static int on_facts(void *user, const struct sp_scan_facts *f)
{
	struct scanning *s = user;
	char text[SP_SCAN_TEXT];

	for (size_t i = 0; i < s->n; i++) {
		snprintf(text, sizeof(text), "%s", s->e[i].host);
		if (strcmp(text, f->host) == 0) {
			app_doctor_scanned(s->d, s->listen[i], f);
			break;
		}
	}
	return SP_OK;
}

/* A listener as this machine itself reaches it. */
static void add(struct scanning *s, const struct sp_conf_listen *l)
{
	static const uint8_t zero[16];
	struct sp_scan_endpoint *e = &s->e[s->n];
	char addr[INET6_ADDRSTRLEN] = "", text[SP_CONF_ADDR + 16];
	bool any = memcmp(l->addr, zero, sizeof(zero)) == 0;

	if (any) {
		snprintf(addr, sizeof(addr), "%s", l->family == AF_INET6 ? "::1" : "127.0.0.1");
	} else {
		inet_ntop((int)l->family, l->addr, addr, sizeof(addr));
	}
	snprintf(text, sizeof(text), l->family == AF_INET6 ? "[%s]:%u" : "%s:%u", addr, l->port);
	if (sp_addr_parse(text, &e->to) == SP_OK) {
		snprintf(e->host, sizeof(e->host), "%s", text);
		s->listen[s->n++] = l->text;
	}
}

void app_doctor_scan(struct app_doctor *d)
{
	static const struct sp_scan_calls calls = {.next = next, .facts = on_facts};
	const struct sp_scan_conf conf = {.at_once = 1};
	static struct scanning s;
	char why[SP_WHY_MAX];

	if (app_doctor_found(d, "service.runs") || app_doctor_found(d, "port.listens")) {
		app_doctor_say(d, G, "answers", APP_DOCTOR_INFO, NULL,
				"not scanned: the service does not listen everywhere");
		return;
	}
	if (d->conf->require_token) {
		app_doctor_say(d, G, "answers", APP_DOCTOR_OK, NULL,
				"not scanned: without a token in the first packet nothing answers "
				"(require-token)");
		return;
	}
	memset(&s, 0, sizeof(s));
	s.d = d;
	for (size_t i = 0; i < d->conf->n_listen; i++) {
		add(&s, &d->conf->listen[i]);
	}
	if (sp_scan_run(&conf, &calls, &s, why) != SP_OK) {
		app_doctor_say(d, G, "answers", APP_DOCTOR_UNKNOWN, NULL, "cannot scan: %s", why);
	}
}
