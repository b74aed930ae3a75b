/* gate/keeper/facts.c - see facts.h. */
#include "gate/keeper/facts.h"

#include <string.h>

#include "gate/keeper/conn_tell.h"
#include "gate/keeper/store_group.h"
#include "host/lib/geo.h"

static bool member(void *arg, const char *group)
{
	const struct sp_facts *f = arg;

	return sp_store_group_member(f->k->store, f->user_id, group);
}

static bool country(void *arg, const struct sp_source *source, char out[4])
{
	const struct sp_facts *f = arg;

	return f->k->geo != NULL && sp_geo_country(f->k->geo, source->family, source->addr, out);
}

void sp_facts_ask(struct sp_facts *f, struct sp_keeper *k, int64_t user_id, const char *user,
		const struct sp_source *source, const char *interface, struct sp_policy_ask *ask)
{
	*f = (struct sp_facts){.k = k, .user_id = user_id};
	*ask = (struct sp_policy_ask){.user = user,
			.source = source,
			.interface = interface,
			.now = k->unix_time(),
			.member = member,
			.country = country,
			.arg = f};
}

static void decide(void *arg, const struct sp_session *s, struct sp_policy_verdict *out)
{
	struct sp_keeper *k = arg;
	struct sp_policy_ask ask;
	struct sp_facts f;

	sp_facts_ask(&f, k, s->user_id, s->user, &s->source, s->interface, &ask);
	ask.target = s->target;
	ask.device = s->device;
	sp_policy_decide(k->conf, &ask, out);
}

/* A user whom the store cannot show now is kept: a full disk ends nobody's session. */
static bool user_ok(void *arg, const struct sp_session *s)
{
	struct sp_keeper *k = arg;
	struct sp_user u;
	int rc = sp_store_get(k->store, s->user, &u);

	if (rc != SP_OK) {
		return rc != SP_ENOTFOUND;
	}
	return u.id == s->user_id && u.created == s->user_created && !u.disabled;
}

/* An approver need not be a user of the gate, but a disabled one is none. */
static bool may_approve(void *arg, const struct sp_conf_rule *rule, const char *name)
{
	struct sp_facts f = {.k = arg};
	struct sp_user u;
	int rc = sp_store_get(f.k->store, name, &u);

	if (rc == SP_OK && !u.disabled) {
		f.user_id = u.id;
		return sp_policy_may_approve(rule, u.name, member, &f);
	}
	return rc == SP_ENOTFOUND && sp_policy_may_approve(rule, name, NULL, NULL);
}

void sp_facts_world(struct sp_keeper *k, struct sp_session_world *out)
{
	*out = (struct sp_session_world){.decide = decide,
			.user_ok = user_ok,
			.may_approve = may_approve,
			.forgot = sp_keeper_tell_forgot,
			.arg = k};
}
