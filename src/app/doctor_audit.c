/* app/doctor_audit.c - is the record of what happened whole, and what do the last weeks of it tell? */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/doctor.h"
#include "core/base/mem.h"
#include "host/audit/home.h"

#define G APP_DOCTOR_AUDIT
#define NS UINT64_C(1000000000)
#define ALL_UP_TO 50000 /* records that are all followed without being asked to */
#define END 1000 /* else so many at least */
#define WALK 200000 /* records that are looked through for the last weeks */
#define WEEKS_S (30 * (int64_t)APP_DOCTOR_DAY)
#define RECENT_S (7 * (int64_t)APP_DOCTOR_DAY)
#define AHEAD_S 5
#define PEOPLE 512
#define PLACES 16 /* of one user that are told apart */
#define MANY 8 /* machines or networks of one account that more than one person may have */

/* ---- the chain ---- */

void app_doctor_chain(struct app_doctor *d, struct sp_audit_store *st, const char *dir)
{
	static const uint8_t none[SP_RECORD_HASH];
	static struct sp_chain c;
	uint8_t root[SP_SIGN_PUBLIC];
	uint64_t last = 0;
	int rc = sp_audit_last(st, &last);
	bool whole = rc == SP_OK && (d->full || last <= ALL_UP_TO);

	if (rc == SP_OK && last == 0) {
		app_doctor_say(d, G, "chain", APP_DOCTOR_INFO, NULL, "there is no record yet");
		return;
	}
	if (rc == SP_OK && whole && sp_audit_first(dir, root) != SP_OK) {
		app_doctor_say(d, G, "chain", APP_DOCTOR_BAD, NULL,
				SP_AUDIT_FIRST_FILE " is missing or damaged: nothing proves who "
						    "signed");
		whole = false;
	}
	if (rc == SP_OK) {
		rc = whole ? sp_audit_verify(st, root, 0, none, &c)
			   : sp_audit_verify_end(st, END, &c);
	}
	if (rc == SP_OK && whole) {
		app_doctor_say(d, G, "chain", APP_DOCTOR_OK, NULL,
				"all %" PRIu64 " records are as they were written", c.records);
	} else if (rc == SP_OK) {
		app_doctor_say(d, G, "chain", APP_DOCTOR_OK, NULL,
				"the last %" PRIu64 " of %" PRIu64
				" records are as they were written (--full looks at all)",
				c.records, last);
	} else if (rc == SP_EFIELD) {
		app_doctor_say(d, G, "chain", APP_DOCTOR_BAD, NULL, "it is NOT whole: %s", c.why);
		app_doctor_todo(d, "find out who changed it; %s",
				app_doctor_own(d, "audit verify"));
	} else {
		app_doctor_say(d, G, "chain", APP_DOCTOR_UNKNOWN, NULL, "%s",
				c.why[0] != '\0' ? c.why : sp_audit_store_why(st));
	}
}

/* ---- the last weeks ---- */

struct person {
	char name[72];
	size_t n_nets, n_machines;
	uint32_t net[PLACES], machine[PLACES]; /* hashes of them */
};

struct weeks {
	int64_t now;
	uint64_t walk, walked;
	bool any, cut;
	int64_t newest;
	uint64_t alerts, urgent, dropped, gaps, crashes, disk, steps;
	size_t n;
	struct person *p;
};

static uint32_t hash_text(const char *text)
{
	uint32_t h = 2166136261u;

	for (; *text != '\0'; text++) {
		h = (h ^ (uint8_t)*text) * 16777619u;
	}
	return h;
}

static void add_place(uint32_t *list, size_t *n, const char *text)
{
	uint32_t h = hash_text(text);

	for (size_t i = 0; i < *n; i++) {
		if (list[i] == h) {
			return;
		}
	}
	if (text[0] != '\0' && *n < PLACES) {
		list[(*n)++] = h;
	}
}

static struct person *person(struct weeks *w, const char *name)
{
	for (size_t i = 0; i < w->n; i++) {
		if (strcmp(w->p[i].name, name) == 0) {
			return &w->p[i];
		}
	}
	if (name[0] == '\0' || w->n == PEOPLE) {
		return NULL;
	}
	snprintf(w->p[w->n].name, sizeof(w->p[0].name), "%s", name);
	return &w->p[w->n++];
}

static void login(struct weeks *w, const struct sp_audit_view *v)
{
	char name[72], net[80], machine[80];

	sp_audit_copy(v, SP_F_USER, name, sizeof(name));
	sp_audit_copy(v, SP_F_SRC_NET, net, sizeof(net));
	sp_audit_copy(v, SP_F_CLAIMED_MACHINE, machine, sizeof(machine));
	struct person *p = person(w, name);
	if (p != NULL) {
		add_place(p->net, &p->n_nets, net);
		add_place(p->machine, &p->n_machines, machine);
	}
}

static int on_record(void *arg, const struct sp_record *r, const struct sp_audit_view *v)
{
	struct weeks *w = arg;
	int64_t when = (int64_t)(r->wall_ns / NS);
	bool recent = when >= w->now - RECENT_S;

	if (!w->any) {
		w->any = true;
		w->newest = when;
	}
	if (when < w->now - WEEKS_S) {
		return 1;
	}
	if (++w->walked > w->walk) {
		w->cut = true;
		return 1;
	}
	switch (v->kind) {
	case SP_AUDIT_SESSION_START:
		login(w, v);
		break;
	case SP_AUDIT_ALERT:
		w->alerts += recent;
		w->urgent += recent && v->severity >= SP_SEVERITY_HIGH;
		break;
	case SP_AUDIT_AUDIT_DROPPED:
		w->dropped += recent;
		break;
	case SP_AUDIT_RECORD_GAP:
		w->gaps += recent;
		break;
	case SP_AUDIT_PROC_CRASH:
		w->crashes += recent;
		break;
	case SP_AUDIT_DISK_LOW:
		w->disk += recent;
		break;
	case SP_AUDIT_CLOCK_STEP:
		w->steps += recent;
		break;
	default:
		break;
	}
	return SP_OK;
}

static void shared(struct app_doctor *d, const struct weeks *w)
{
	size_t found = 0;

	for (size_t i = 0; i < w->n; i++) {
		const struct person *p = &w->p[i];
		if (p->n_machines < MANY && p->n_nets < MANY) {
			continue;
		}
		found++;
		app_doctor_say(d, APP_DOCTOR_USERS, "shared", APP_DOCTOR_WARN, p->name,
				"came from %zu%s networks and %zu%s machines in 30 days: is it one "
				"person?",
				p->n_nets, p->n_nets == PLACES ? " or more" : "", p->n_machines,
				p->n_machines == PLACES ? " or more" : "");
		app_doctor_todo(d, "an account for each person; %s",
				app_doctor_own(d, "audit list --event session.start --user %s",
						p->name));
	}
	if (found == 0 && w->n > 0) {
		app_doctor_say(d, APP_DOCTOR_USERS, "shared", APP_DOCTOR_OK, NULL,
				"no account of the last 30 days looks like that of several people");
	}
}

static void told(struct app_doctor *d, uint64_t n, enum app_doctor_level level, const char *id,
		const char *event, const char *one, const char *many)
{
	if (n > 0) {
		app_doctor_say(d, G, id, level, NULL, "%" PRIu64 " %s in 7 days", n,
				n == 1 ? one : many);
		app_doctor_todo(d, "%s",
				app_doctor_own(d, "audit list --since 7d --event %s", event));
	}
}

static void clock_of(struct app_doctor *d, const struct weeks *w)
{
	if (w->newest > d->now + AHEAD_S) {
		app_doctor_say(d, G, "clock", APP_DOCTOR_BAD, NULL,
				"the last record is %" PRId64 " s in the future: the clock went "
				"back",
				w->newest - d->now);
		app_doctor_todo(d, "set the clock right; systemctl enable --now systemd-timesyncd");
	} else {
		app_doctor_say(d, G, "clock", APP_DOCTOR_OK, NULL,
				"the clock is not behind the last record");
	}
}

void app_doctor_weeks(struct app_doctor *d, struct sp_audit_store *st)
{
	struct weeks w = {.now = d->now, .walk = d->walk != 0 ? d->walk : WALK};
	uint64_t damaged = 0;

	w.p = sp_calloc(PEOPLE, sizeof(*w.p));
	int rc = w.p != NULL ? sp_audit_each(st, 1, UINT64_MAX, true, on_record, &w, &damaged)
			     : SP_ENOMEM;
	if (rc != SP_OK) {
		app_doctor_say(d, G, "weeks", APP_DOCTOR_UNKNOWN, NULL,
				"what happened cannot be read: %s",
				w.p != NULL ? sp_audit_store_why(st) : "out of memory");
	} else if (w.any) {
		clock_of(d, &w);
		shared(d, &w);
		told(d, w.alerts, w.urgent > 0 ? APP_DOCTOR_WARN : APP_DOCTOR_INFO, "alerts",
				"alert", "alert", "alerts");
		told(d, w.dropped, APP_DOCTOR_WARN, "dropped", "audit.dropped",
				"time that something was not written down",
				"times that something was not written down");
		told(d, w.gaps, APP_DOCTOR_WARN, "gaps", "record.gap", "gap in recordings",
				"gaps in recordings");
		told(d, w.crashes, APP_DOCTOR_WARN, "crashes", "proc.crash", "process that crashed",
				"processes that crashed");
		told(d, w.disk, APP_DOCTOR_WARN, "disk", "disk.low", "time that the disk was full",
				"times that the disk was full");
		told(d, w.steps, APP_DOCTOR_INFO, "steps", "clock.step", "step of the clock",
				"steps of the clock");
	}
	if (w.cut) {
		app_doctor_say(d, G, "weeks", APP_DOCTOR_INFO, NULL,
				"only the last %" PRIu64
				" records were looked through for all this",
				w.walk);
	}
	sp_free(w.p);
}

void app_doctor_audit(struct app_doctor *d)
{
	char dir[PATH_MAX], why[SP_AUDIT_HOME_WHY], text[SP_AUDIT_WHY];
	bool missing = false;

	if (sp_audit_home(d->conf->state, d->conf->run_as, false, dir, why) != SP_OK) {
		app_doctor_say(d, G, "chain", APP_DOCTOR_UNKNOWN, NULL, "%s", why);
		return;
	}
	struct sp_audit_store *st = sp_audit_store_read(dir, d->conf->store, &missing, text);
	if (st == NULL) {
		app_doctor_say(d, G, "chain", missing ? APP_DOCTOR_INFO : APP_DOCTOR_UNKNOWN, NULL,
				"%s%s", text, geteuid() != 0 && !missing ? "; try sudo" : "");
		return;
	}
	app_doctor_chain(d, st, dir);
	app_doctor_weeks(d, st);
	sp_audit_store_close(st);
}
