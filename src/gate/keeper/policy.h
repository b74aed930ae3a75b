/* gate/keeper/policy.h - who may do what from where and when: the rules, evaluated in one place. */
#ifndef SP_GATE_KEEPER_POLICY_H
#define SP_GATE_KEEPER_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "host/conf/conf.h"
#include "host/monitor/msg.h"

/* What the rules are asked about. Borrowed for the call; a NULL or empty text is not known. */
struct sp_policy_ask {
	const char *user; /* the store's name */
	const struct sp_source *source; /* IPv4 in IPv6 counts as IPv4 */
	const char *interface; /* "wg0" */
	const char *target;
	int64_t now; /* seconds since 1970 */
	bool device; /* a device secret was the password */
	/* Is the user in this group, named without its '@'? NULL: in none. */
	bool (*member)(void *arg, const char *group);
	/* Two letters of the source's country into out, false when that is not known. NULL: never. */
	bool (*country)(void *arg, const struct sp_source *source, char out[4]);
	void *arg;
};

/* The clauses of a rule, in the order in which they are looked at. */
enum sp_policy_clause {
	SP_POLICY_MATCH, /* all of them hold */
	SP_POLICY_USERS,
	SP_POLICY_TARGETS,
	SP_POLICY_FROM,
	SP_POLICY_INTERFACE,
	SP_POLICY_COUNTRIES,
	SP_POLICY_HOURS,
	SP_POLICY_DEVICES,
	SP_POLICY_CLAUSES
};

/*
 * Zeroed it allows nothing. The second factor:
 *   factors has NONE                the first factor alone will do
 *   factors has TOTP, not optional  a one-time code; who has no secret enrols now
 *   factors has TOTP and optional   a one-time code from those who have a secret, nothing from
 *                                   the others (the file says mfa = "enrolled")
 *   factors has TOKEN, DEVICE       that kind of password was the second factor already
 */
struct sp_policy_verdict {
	bool allow;
	const struct sp_conf_rule *rule; /* the one that decided, the conf's; NULL: none matched */
	uint32_t factors; /* SP_CONF_FACTOR_*: any of these will do; never 0 when allowed */
	bool optional; /* a factor is asked of those only who have it */
	int64_t until; /* when the matching hours end, seconds since 1970; 0: no end in sight */
	char why[SP_TEXT_WHY]; /* in words, for the log and for the person */
};

/*
 * The first rule that matches decides. The one evaluation for every door. Without a target that
 * the configuration has nothing is allowed: before one is chosen, ask for sp_policy_targets().
 */
void sp_policy_decide(const struct sp_conf *conf, const struct sp_policy_ask *ask,
		struct sp_policy_verdict *out);
/* The first clause of a rule that does not hold; for `config explain`. */
enum sp_policy_clause sp_policy_clause(const struct sp_conf *conf, const struct sp_conf_rule *rule,
		const struct sp_policy_ask *ask);
/* "hours": the key of the configuration; static. */
const char *sp_policy_clause_text(enum sp_policy_clause clause);
/* Why the clause does not hold, in a few words, "outside its hours". */
void sp_policy_miss(enum sp_policy_clause clause, const struct sp_policy_ask *ask, char out[64]);
/*
 * The targets the user may have now, in the order of the file, as indices of conf->target.
 * Returns how many of at most cap; 0 with why of the nearest miss.
 */
size_t sp_policy_targets(const struct sp_conf *conf, const struct sp_policy_ask *ask, size_t *index,
		size_t cap, char why[SP_TEXT_WHY]);
/* Is this user one who may approve sessions of the rule? */
bool sp_policy_may_approve(const struct sp_conf_rule *rule, const char *user,
		bool (*member)(void *arg, const char *group), void *arg);

#endif
