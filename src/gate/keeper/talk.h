/* gate/keeper/talk.h - the conversation between a login and its right: what is asked, in which order. */
#ifndef SP_GATE_KEEPER_TALK_H
#define SP_GATE_KEEPER_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "gate/keeper/grant.h"
#include "gate/keeper/name.h"
#include "gate/keeper/policy.h"
#include "gate/keeper/store_recovery.h"
#include "host/conf/conf.h"

#define SP_TALK_TRIES 3
#define SP_TALK_SECONDS 120 /* for each thing that is asked */
#define SP_TALK_APPROVAL_SECONDS 300

/* Whom it is about and by which rules; borrowed for each call. */
struct sp_talk_about {
	struct sp_conf *conf;
	struct sp_store *store;
	const struct sp_crypto *crypto;
	const struct sp_pending *who;
	struct sp_policy_ask ask; /* target is filled in by the talk */
	uint32_t came; /* SP_CONF_FACTOR_TOKEN or _DEVICE when that was the password; else 0 */
	bool again; /* a code is to be given now, by whoever has a secret for codes */
	bool delegated; /* the password came along, for targets whose login is "same" */
};

/* What is settled already. Zeroed it is nothing. */
struct sp_talk {
	enum sp_prompt_kind asked; /* whose answer is awaited; NONE: nothing is asked */
	uint32_t tries; /* left for codes */
	enum sp_factor factor; /* how the second one was proved; MISSING: not yet */
	bool noticed, approved, has_login, resumed;
	bool telling; /* the notice that is asked is one of ours, no legal one */
	char code[SP_TOTP_DIGITS + 1]; /* that the name brought; empty once tried */
	char target[SP_TEXT_TARGET]; /* empty: not chosen */
	char reason[SP_TEXT_WHY]; /* typed by the person */
	uint8_t secret[SP_TOTP_SECRET]; /* of an enrolment, until it is confirmed */
	size_t n_codes; /* new recovery codes that were not read yet */
	char codes[SP_RECOVERY_COUNT][SP_RECOVERY_TEXT];
	/* The list as it was shown, by the configuration of that time. */
	struct sp_conf *shown;
	size_t n_offered;
	uint8_t offered[SP_CONF_TARGETS];
};

enum sp_talk_next {
	SP_TALK_REFUSE, /* out says why */
	SP_TALK_ASK, /* out is the question */
	SP_TALK_WAIT, /* out says for whom: another person's yes */
	SP_TALK_DONE, /* the target is chosen, and a right may be made */
};

struct sp_talk_step {
	enum sp_talk_next next;
	enum sp_why why; /* of a refusal */
	bool wrong; /* a code was given and not taken */
	bool spent; /* ... which was right, but used before */
	uint32_t paused; /* that one began a pause of so many seconds; 0: it did not */
	bool login; /* the answer holds the target's user and password: to be kept */
	enum sp_factor proved; /* just now; MISSING: none */
	struct sp_msg_prompt out;
};

/*
 * At the verdict: takes over what the name says. SP_WHY_OK, or SP_WHY_POLICY when the named target
 * (`only`, of a token, goes before the name's) or every target is out of reach; why in words.
 */
sp_nodiscard enum sp_why sp_talk_open(struct sp_talk *t, const struct sp_talk_about *a,
		const struct sp_name *name, const char *only, char why[SP_TEXT_WHY]);
/* Is there anything to ask? */
bool sp_talk_left(struct sp_talk *t, const struct sp_talk_about *a);
/* May a password that came with the login still be of use? */
bool sp_talk_wants_password(struct sp_talk *t, const struct sp_talk_about *a);
/* A cookie stands for the notice, the second factor and the reason, and chooses the target. */
void sp_talk_resume(struct sp_talk *t, const char *target);
/* What comes next. */
void sp_talk_step(struct sp_talk *t, const struct sp_talk_about *a, struct sp_talk_step *step);
/* Puts something to be read before what the step asks; it is asked again after that. */
void sp_talk_tell(struct sp_talk *t, const char *text, struct sp_talk_step *step);
/* Takes the answer to what was asked; SP_EFIELD when it is none to that. */
sp_nodiscard int sp_talk_answer(struct sp_talk *t, const struct sp_talk_about *a,
		const struct sp_msg_answer *answer, struct sp_talk_step *step);
/* The rules, now, for the chosen target. */
void sp_talk_decide(const struct sp_talk *t, const struct sp_talk_about *a,
		struct sp_policy_verdict *out);
/* A refusal, whatever was asked. */
void sp_talk_refuse(
		struct sp_talk *t, enum sp_why why, const char *text, struct sp_talk_step *step);
/* Wipes it. */
void sp_talk_finish(struct sp_talk *t);

#endif
