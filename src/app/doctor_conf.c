/* app/doctor_conf.c - what the configuration allows that is hardly meant, or weaker than it need be. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "app/doctor.h"
#include "host/conf/alert.h"
#include "host/conf/ship.h"

#define G APP_DOCTOR_CONF

static bool away(const struct sp_conf_listen *l)
{
	static const uint8_t one[16] = {[15] = 1};

	return l->family == AF_INET ? l->addr[0] != 127 : memcmp(l->addr, one, sizeof(one)) != 0;
}

bool app_doctor_away(const struct sp_conf *c)
{
	bool any = false;

	for (size_t i = 0; i < c->n_listen; i++) {
		any = any || away(&c->listen[i]);
	}
	return any;
}

/* "line 12 of /etc/sallyport/sallyport.conf" */
static void place(const struct sp_conf_rule *r, char *out, size_t cap)
{
	if (r->line == 0) {
		snprintf(out, cap, "the built-in rule (the file has no rules)");
	} else {
		snprintf(out, cap, "rule \"%.80s\" (%.150s:%u)", r->name, r->file, r->line);
	}
}

static void file(struct app_doctor *d, const struct sp_conf_errors *e)
{
	for (size_t i = 0; i < e->n; i++) {
		app_doctor_say(d, G, "file", APP_DOCTOR_BAD, NULL, "%s", e->text[i]);
		app_doctor_todo(d, "mend it; whether it is right says: %s",
				app_doctor_own(d, "config check"));
	}
	for (size_t i = 0; i < e->n_warnings; i++) {
		app_doctor_say(d, G, "file", APP_DOCTOR_WARN, NULL, "%s", e->warning[i]);
	}
	if (e->n == 0 && e->n_warnings == 0) {
		app_doctor_say(d, G, "file", APP_DOCTOR_OK, NULL,
				"no mistakes: %zu listener%s, %zu target%s, %zu rule%s",
				d->conf->n_listen, d->conf->n_listen == 1 ? "" : "s",
				d->conf->n_targets, d->conf->n_targets == 1 ? "" : "s",
				d->conf->n_rules, d->conf->n_rules == 1 ? "" : "s");
	}
}

/* Which rules let somebody in with the first factor alone. */
static void second_factor(struct app_doctor *d)
{
	const struct sp_conf *c = d->conf;
	bool reached = app_doctor_away(c), weak = false;
	char where[300];

	for (size_t i = 0; i < c->n_rules; i++) {
		const struct sp_conf_rule *r = &c->rule[i];
		bool none = (r->mfa & SP_CONF_FACTOR_NONE) != 0 ||
				(r->mfa == 0 && c->mfa == SP_CONF_MFA_NONE);
		bool enrolled = r->mfa == 0 && c->mfa == SP_CONF_MFA_ENROLLED;

		if (!none && !enrolled) {
			continue;
		}
		weak = true;
		place(r, where, sizeof(where));
		app_doctor_say(d, G, "second-factor",
				!reached               ? APP_DOCTOR_INFO
						: none ? APP_DOCTOR_BAD
						       : APP_DOCTOR_WARN,
				NULL, "%s lets in with a password alone%s%s", where,
				none ? "" : " whoever has no second factor",
				reached ? ", and other machines reach the listener" : "");
		app_doctor_todo(d,
				r->mfa != 0 ? "mfa = [\"totp\"] in that rule"
					    : "mfa = \"required\" in the file, or mfa = "
					      "[\"totp\"] in that rule");
	}
	if (!weak) {
		app_doctor_say(d, G, "second-factor", APP_DOCTOR_OK, NULL,
				"every rule asks for a second factor");
	}
}

static void audit_fail(struct app_doctor *d)
{
	if (d->conf->audit_open) {
		app_doctor_say(d, G, "audit-fail", APP_DOCTOR_WARN, NULL,
				"audit-fail is \"open\": what cannot be written down happens all "
				"the same");
		app_doctor_todo(d, "audit-fail = \"closed\"");
	} else {
		app_doctor_say(d, G, "audit-fail", APP_DOCTOR_OK, NULL,
				"nothing happens that cannot be written into the audit");
	}
}

static void everybody(struct app_doctor *d)
{
	const struct sp_conf *c = d->conf;
	bool open = false;
	char where[300];

	if (!app_doctor_away(c)) {
		app_doctor_say(d, G, "everybody", APP_DOCTOR_OK, NULL,
				"only this machine itself reaches the listeners");
		return;
	}
	for (size_t i = 0; i < c->n_rules; i++) {
		const struct sp_conf_rule *r = &c->rule[i];
		bool all = r->n_from == 0;

		for (size_t k = 0; k < r->n_from; k++) {
			all = all || r->from[k].bits == 0;
		}
		if (all && r->n_interfaces == 0) {
			open = true;
			place(r, where, sizeof(where));
			app_doctor_say(d, G, "everybody",
					c->require_token ? APP_DOCTOR_INFO : APP_DOCTOR_WARN, NULL,
					"%s lets everybody try who reaches the port: it has no "
					"from and no interface",
					where);
			app_doctor_todo(d,
					r->line == 0 ? "rules = ({ name = \"office\"; from = "
						       "[\"10.8.0.0/16\"]; }), or interface = "
						       "[\"wg0\"] in it, then: %s | nft -f -"
						     : "from = [\"10.8.0.0/16\"] or interface = "
						       "[\"wg0\"] in it, then: %s | nft -f -",
					app_doctor_own(d, "firewall"));
		}
	}
	if (!open) {
		app_doctor_say(d, G, "everybody", APP_DOCTOR_OK, NULL,
				"every rule names the networks or interfaces that it is for");
	}
}

/* What a rule gives to everybody; to some it is a decision. */
static void channels(struct app_doctor *d)
{
	const struct sp_conf *c = d->conf;
	const uint32_t files = SP_CONF_CLIP_FILES_IN | SP_CONF_CLIP_FILES_OUT;
	bool clip = false, drives = false, other = false;
	char where[300];

	for (size_t i = 0; i < c->n_rules; i++) {
		const struct sp_conf_rule *r = &c->rule[i];
		if (r->n_users > 0) {
			continue;
		}
		place(r, where, sizeof(where));
		if (r->channels.drives != 0) {
			drives = true;
			app_doctor_say(d, G, "drives", APP_DOCTOR_WARN, NULL,
					"%s lets every user's drives through (%s)", where,
					(r->channels.drives & SP_CONF_DRIVES_WRITE) != 0
							? "read-write"
							: "read");
			app_doctor_todo(d,
					"drives = \"none\" in it, and a rule with users "
					"before it for those who need them");
		}
		if ((r->channels.clipboard & files) != 0) {
			clip = true;
			app_doctor_say(d, G, "clipboard", APP_DOCTOR_WARN, NULL,
					"%s lets every user's files through the clipboard", where);
			app_doctor_todo(d,
					"clipboard = \"text\" in it, and a rule with users "
					"before it for those who need it");
		}
		if (r->channels.other) {
			other = true;
			app_doctor_say(d, G, "channels", APP_DOCTOR_WARN, NULL,
					"%s lets channels through that nothing looks into (other)",
					where);
			app_doctor_todo(d, "other = false");
		}
	}
	if (!drives && !clip && !other) {
		app_doctor_say(d, G, "channels", APP_DOCTOR_OK, NULL,
				"no rule for everybody gives drives, files or unknown channels");
	}
}

static void targets(struct app_doctor *d)
{
	const struct sp_conf *c = d->conf;
	size_t hosts = 0, weak = 0;

	for (size_t i = 0; i < c->n_targets; i++) {
		const struct sp_conf_target *t = &c->target[i];
		if (t->kind != SP_CONF_RDP) {
			continue;
		}
		hosts++;
		if (t->tls_only) {
			weak++;
			app_doctor_say(d, G, "target-nla", APP_DOCTOR_WARN, t->name,
					"is logged in to without NLA (security = \"tls\"): whoever "
					"answers there gets the password");
			app_doctor_todo(d, "let that machine require NLA, and take the key away");
		}
		if (t->trust == SP_CONF_TRUST_FIRST_SEEN) {
			weak++;
			app_doctor_say(d, G, "target-trust", APP_DOCTOR_WARN, t->name,
					"whoever answers first is believed (trust = "
					"\"first-seen\")%s",
					t->login == SP_CONF_LOGIN_ASK ? ""
								      : ", and gets a password "
									"that nobody types");
			app_doctor_todo(d,
					"trust = \"ca\", or \"pin:sha256/...\", which this shows: "
					"%s",
					app_doctor_own(d, "target list"));
		}
		if (t->record_input == SP_CONF_INPUT_FULL && t->record != SP_CONF_RECORD_NO) {
			app_doctor_say(d, G, "target-input", APP_DOCTOR_INFO, t->name,
					"its recordings hold what is typed, passwords too "
					"(record-input = \"full\")");
		}
	}
	if (hosts > 0 && weak == 0) {
		app_doctor_say(d, G, "target-trust", APP_DOCTOR_OK, NULL,
				"every RDP target is known by its certificate, and asks for NLA");
	}
}

static void recording(struct app_doctor *d)
{
	const struct sp_conf *c = d->conf;
	size_t wanted = 0;

	for (size_t i = 0; i < c->n_targets; i++) {
		wanted += c->target[i].record != SP_CONF_RECORD_NO;
	}
	if (wanted > 0 && c->n_auditors == 0) {
		app_doctor_say(d, G, "auditors", APP_DOCTOR_BAD, NULL,
				"recordings are wanted, and nothing is recorded: there are no "
				"auditors");
		app_doctor_todo(d, "%s; then its public key into auditors",
				app_doctor_own(d, "recording key FILE"));
	} else if (wanted > 0 && c->n_auditors == 1) {
		app_doctor_say(d, G, "auditors", APP_DOCTOR_INFO, NULL,
				"one auditor's key opens the recordings; where it is lost, so are "
				"they");
	} else if (wanted > 0) {
		app_doctor_say(d, G, "auditors", APP_DOCTOR_OK, NULL,
				"recordings are sealed for %zu auditors", c->n_auditors);
	}
}

/* Records that anybody on the way reads, and can change unseen. */
static void ship(struct app_doctor *d)
{
	const struct sp_conf *c = d->conf;
	size_t clear = 0;

	for (size_t i = 0; i < c->n_ship; i++) {
		const struct sp_conf_ship *s = &c->ship[i];
		bool here = strncmp(s->host, "127.", 4) == 0 || strcmp(s->host, "::1") == 0 ||
				strcmp(s->host, "localhost") == 0;
		if (s->type == SP_SHIP_SYSLOG && !s->tls && !here) {
			clear++;
			app_doctor_say(d, G, "ship", APP_DOCTOR_WARN, s->name,
					"the audit goes to %.100s in clear", s->host);
			app_doctor_todo(d, "address = \"tls:HOST:PORT\"");
		}
	}
	if (c->n_ship > 0 && clear == 0) {
		app_doctor_say(d, G, "ship", APP_DOCTOR_OK, NULL,
				"the audit goes to %zu more place%s, none of them in clear over a "
				"network",
				c->n_ship, c->n_ship == 1 ? "" : "s");
	}
}

/* Numbers of users and failures, for whoever asks. */
static void metrics(struct app_doctor *d)
{
	const struct sp_conf_listen *m = &d->conf->metrics;

	if (m->family != 0 && away(m)) {
		app_doctor_say(d, G, "metrics", APP_DOCTOR_WARN, m->text,
				"everybody who reaches that port may read the metrics, in clear");
		app_doctor_todo(d,
				"metrics = \"127.0.0.1:%u\" with a proxy before it, or a "
				"firewall",
				m->port);
	} else if (m->family != 0) {
		app_doctor_say(d, G, "metrics", APP_DOCTOR_OK, m->text,
				"only this machine itself may read the metrics");
	}
}

static void alerts(struct app_doctor *d)
{
	const struct sp_conf_alerts *a = d->conf->alerts;
	char off[200] = "";
	size_t n = 0;

	for (uint32_t i = 0; a != NULL && i < SP_ALERT_RULES; i++) {
		if (!a->rule[i].enabled) {
			size_t at = strlen(off);
			snprintf(off + at, sizeof(off) - at, "%s%s", n > 0 ? ", " : "",
					sp_alert_word(i));
			n++;
		}
	}
	if (n > 0) {
		app_doctor_say(d, G, "alerts", APP_DOCTOR_INFO, NULL,
				"%zu alert%s switched off: %s", n, n == 1 ? " is" : "s are", off);
	}
}

void app_doctor_conf(struct app_doctor *d, const struct sp_conf_errors *errors)
{
	file(d, errors);
	if (d->mistaken) {
		return;
	}
	second_factor(d);
	everybody(d);
	channels(d);
	targets(d);
	recording(d);
	audit_fail(d);
	ship(d);
	metrics(d);
	alerts(d);
	if (d->conf->run_as[0] == '\0' && d->installed) {
		app_doctor_say(d, G, "run-as", APP_DOCTOR_BAD, NULL,
				"run-as is \"caller\": started by root, all secrets are root's");
		app_doctor_todo(d, "run-as = \"" SP_CONF_RUN_AS "\"");
	}
}
