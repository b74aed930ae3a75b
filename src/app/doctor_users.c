/* app/doctor_users.c - people without a second factor, forgotten accounts, old passwords, unused secrets. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/doctor.h"
#include "core/base/mem.h"
#include "gate/keeper/account.h"
#include "gate/keeper/store_group.h"
#include "gate/keeper/store_look.h"
#include "gate/keeper/store_pin.h"
#include "gate/keeper/store_vault.h"
#include "host/lib/crypto_nettle.h"

#define G APP_DOCTOR_USERS
#define DORMANT_DAYS 90
#define NEW_DAYS 30 /* so long somebody may take to come for the first time */
#define VAULT_DAYS 365

struct looking {
	struct app_doctor *d;
	struct sp_store *st;
	size_t users, active, disabled;
};

static int64_t days(const struct app_doctor *d, int64_t since)
{
	return (d->now - since) / APP_DOCTOR_DAY;
}

static void factor(struct looking *l, const struct sp_user *u, const struct sp_store_look *k)
{
	struct app_doctor *d = l->d;
	const struct sp_conf *c = d->conf;
	bool asked = c->mfa == SP_CONF_MFA_REQUIRED;

	if (u->totp && k->recovery == 0) {
		app_doctor_say(d, G, "recovery", APP_DOCTOR_INFO, u->name,
				"has no recovery code left");
		app_doctor_todo(d, "%s", app_doctor_own(d, "user recovery %s --new", u->name));
	}
	if (u->totp) {
		return;
	}
	app_doctor_say(d, G, "second-factor",
			asked || !app_doctor_away(c) ? APP_DOCTOR_WARN : APP_DOCTOR_BAD, u->name,
			asked ? "has no second factor: whoever comes first with the password "
				"enrols one"
			      : "has no second factor, and none is asked for");
	app_doctor_todo(d, "%s", app_doctor_own(d, "user totp %s", u->name));
}

static void password(struct looking *l, const struct sp_user *u, const struct sp_store_look *k)
{
	struct app_doctor *d = l->d;

	if (k->password_since == 0) {
		return; /* tokens and devices only */
	}
	if (!k->opens) {
		app_doctor_say(d, G, "sealed", APP_DOCTOR_BAD, u->name,
				"the sealed password was changed from outside, or is another "
				"user's");
		app_doctor_todo(d, "find out who did that; then: %s",
				app_doctor_own(d, "user passwd %s", u->name));
		return;
	}
	if (d->password_days > 0 && days(d, k->password_since) > d->password_days) {
		app_doctor_say(d, G, "password", APP_DOCTOR_WARN, u->name,
				"the password is %" PRId64 " days old", days(d, k->password_since));
		app_doctor_todo(d, "%s", app_doctor_own(d, "user passwd %s", u->name));
	}
	if (!k->verifier) {
		app_doctor_say(d, G, "verifier", APP_DOCTOR_INFO, u->name,
				"the password is from before there were Argon2id verifiers");
		app_doctor_todo(d, "%s", app_doctor_own(d, "user passwd %s", u->name));
	}
}

static void dormant(struct looking *l, const struct sp_user *u)
{
	struct app_doctor *d = l->d;

	if (u->last_login == 0 && days(d, u->created) > NEW_DAYS) {
		app_doctor_say(d, G, "dormant", APP_DOCTOR_WARN, u->name,
				"was added %" PRId64 " days ago and never came",
				days(d, u->created));
		app_doctor_todo(d, "%s", app_doctor_own(d, "user disable %s", u->name));
	} else if (u->last_login != 0 && days(d, u->last_login) > DORMANT_DAYS) {
		app_doctor_say(d, G, "dormant", APP_DOCTOR_WARN, u->name,
				"was here %" PRId64 " days ago for the last time",
				days(d, u->last_login));
		app_doctor_todo(d, "%s", app_doctor_own(d, "user disable %s", u->name));
	}
}

static bool on_user(void *arg, const struct sp_user *u)
{
	struct looking *l = arg;

	l->users++;
	l->disabled += u->disabled;
	l->active += !u->disabled;
	return true;
}

/* The list is walked first and each one looked at then: statements are shared. */
struct names {
	struct sp_user *u;
	size_t n, cap;
};

#define USERS_MAX 10000

static bool keep(void *arg, const struct sp_user *u)
{
	struct names *n = arg;

	if (n->n < n->cap) {
		n->u[n->n++] = *u;
	}
	return true;
}

static void each(struct looking *l)
{
	struct names all = {.cap = l->users < USERS_MAX ? l->users : USERS_MAX};
	struct sp_store_look k;

	all.u = sp_calloc(all.cap + 1, sizeof(*all.u));
	if (all.u == NULL || sp_store_list(l->st, keep, &all) != SP_OK) {
		app_doctor_say(l->d, G, "users", APP_DOCTOR_UNKNOWN, NULL,
				"users cannot be listed");
		sp_free(all.u);
		return;
	}
	for (size_t i = 0; i < all.n; i++) {
		if (all.u[i].disabled) {
			continue;
		}
		if (sp_store_look(l->st, &all.u[i], &k) != SP_OK) {
			app_doctor_say(l->d, G, "users", APP_DOCTOR_UNKNOWN, all.u[i].name,
					"cannot be looked at: %s", sp_store_why(l->st));
			continue;
		}
		factor(l, &all.u[i], &k);
		password(l, &all.u[i], &k);
		dormant(l, &all.u[i]);
	}
	sp_free(all.u);
}

static bool any_member(void *arg, const char *user)
{
	return false;
}

static bool exists(struct sp_store *st, const char *name)
{
	struct sp_user u;

	return (name[0] == '@' ? sp_store_group_members(st, name + 1, any_member, NULL)
			       : sp_store_get(st, name, &u)) != SP_ENOTFOUND;
}

/* Names in rules that nobody has: a rule that was meant for somebody, and is for nobody. */
static void named(struct looking *l)
{
	const struct sp_conf *c = l->d->conf;

	for (size_t i = 0; i < c->n_rules; i++) {
		for (size_t k = 0; k < c->rule[i].n_users; k++) {
			const char *name = c->rule[i].users[k];
			bool group = name[0] == '@';
			if (exists(l->st, name)) {
				continue;
			}
			app_doctor_say(l->d, G, "named", APP_DOCTOR_WARN, name,
					"rule \"%s\" names this %s, which there is not",
					c->rule[i].name, group ? "group" : "user");
			app_doctor_todo(l->d, "take the name out, or: %s",
					app_doctor_own(l->d, "%s add %s", group ? "group" : "user",
							group ? name + 1 : name));
		}
	}
}

void app_doctor_users(struct app_doctor *d, struct sp_store *st)
{
	struct looking l = {.d = d, .st = st};
	size_t before = d->n;

	if (sp_store_list(st, on_user, &l) != SP_OK) {
		app_doctor_say(d, G, "users", APP_DOCTOR_UNKNOWN, NULL,
				"users cannot be listed: %s", sp_store_why(st));
		return;
	}
	each(&l);
	named(&l);
	if (l.disabled > 0) {
		app_doctor_say(d, G, "disabled", APP_DOCTOR_INFO, NULL, "%zu disabled user%s kept",
				l.disabled, l.disabled == 1 ? " is" : "s are");
		app_doctor_todo(d, "when the audit's time is over: %s",
				app_doctor_own(d, "user delete NAME"));
	}
	if (app_doctor_faults(d, before) == 0) {
		app_doctor_say(d, G, "users", APP_DOCTOR_OK, NULL,
				"%zu user%s: second factors, passwords and use are as they should",
				l.active, l.active == 1 ? "" : "s");
	}
}

/* ---- the vault, and keys that were seen first ---- */

static bool used(const struct sp_conf *c, const char *name)
{
	for (size_t i = 0; i < c->n_targets; i++) {
		if (c->target[i].login == SP_CONF_LOGIN_SECRET &&
				strcmp(c->target[i].secret, name) == 0) {
			return true;
		}
	}
	return false;
}

struct vault {
	struct app_doctor *d;
	size_t n, faults;
	char has[SP_CONF_TARGETS][SP_TEXT_USER];
	size_t n_has;
};

static bool on_secret(void *arg, const struct sp_vault_item *v)
{
	struct vault *k = arg;
	struct app_doctor *d = k->d;

	k->n++;
	if (!used(d->conf, v->name)) {
		k->faults++;
		app_doctor_say(d, G, "vault", APP_DOCTOR_WARN, v->name,
				"this secret of the vault is used by no target");
		app_doctor_todo(d, "%s", app_doctor_own(d, "secret delete %s", v->name));
	} else if (days(d, v->changed) > VAULT_DAYS) {
		app_doctor_say(d, G, "vault-age", APP_DOCTOR_INFO, v->name,
				"this secret of the vault is %" PRId64 " days old",
				days(d, v->changed));
	}
	if (k->n_has < SP_CONF_TARGETS && used(d->conf, v->name)) {
		snprintf(k->has[k->n_has++], sizeof(k->has[0]), "%s", v->name);
	}
	return true;
}

static bool has(const struct vault *k, const char *name)
{
	for (size_t i = 0; i < k->n_has; i++) {
		if (strcmp(k->has[i], name) == 0) {
			return true;
		}
	}
	return false;
}

static bool on_pin(void *arg, const struct sp_pin *p)
{
	struct app_doctor *d = arg;

	if (p->changed) {
		app_doctor_say(d, G, "target-key", APP_DOCTOR_WARN, p->target,
				"%.80s shows another key than the one that was seen first, and is "
				"refused since %" PRId64 " days",
				p->host, days(d, p->offered_at));
		app_doctor_todo(d, "compare the two keys (target list); if it is right: %s",
				app_doctor_own(d, "target forget %s", p->target));
	}
	return true;
}

void app_doctor_vault(struct app_doctor *d, struct sp_store *st)
{
	struct vault k = {.d = d};
	const struct sp_conf *c = d->conf;

	if (sp_store_vault_list(st, on_secret, &k) != SP_OK ||
			sp_store_pin_list(st, on_pin, d) != SP_OK) {
		app_doctor_say(d, G, "vault", APP_DOCTOR_UNKNOWN, NULL,
				"the vault cannot be listed: %s", sp_store_why(st));
		return;
	}
	for (size_t i = 0; i < c->n_targets; i++) {
		const struct sp_conf_target *t = &c->target[i];
		if (t->login == SP_CONF_LOGIN_SECRET && !has(&k, t->secret)) {
			k.faults++;
			app_doctor_say(d, G, "vault", APP_DOCTOR_BAD, t->name,
					"its secret \"%s\" is not in the vault: nobody gets there",
					t->secret);
			app_doctor_todo(d, "%s", app_doctor_own(d, "secret set %s", t->secret));
		}
	}
	if (k.n > 0 && k.faults == 0) {
		app_doctor_say(d, G, "vault", APP_DOCTOR_OK, NULL,
				"each of the vault's %zu secrets belongs to a target", k.n);
	}
}

void app_doctor_store(struct app_doctor *d)
{
	char why[SP_STORE_WHY], account[SP_ACCOUNT_WHY];
	bool missing;

	if (sp_account_become(d->conf, false, account) != SP_OK) {
		app_doctor_say(d, G, "users", APP_DOCTOR_UNKNOWN, NULL, "%s", account);
		return;
	}
	struct sp_store *st = sp_store_open_read(
			d->conf->state, d->conf->store, &missing, &sp_crypto_nettle, why);
	if (st == NULL) {
		app_doctor_say(d, G, "users", missing ? APP_DOCTOR_INFO : APP_DOCTOR_UNKNOWN, NULL,
				"%s", why);
		if (missing) {
			app_doctor_todo(d, "%s", app_doctor_own(d, "user add NAME"));
		}
		return;
	}
	app_doctor_users(d, st);
	app_doctor_vault(d, st);
	sp_store_close(st);
}
