/* gate/keeper/talk.h - the conversation between a login and its right: the second factor. */
#ifndef SP_GATE_KEEPER_TALK_H
#define SP_GATE_KEEPER_TALK_H

#include "core/base/attr.h"
#include "gate/keeper/grant.h"
#include "gate/keeper/name.h"
#include "host/conf/conf.h"
#include "host/lib/qr.h"

#define SP_TALK_TRIES 3
#define SP_TALK_SECONDS 120

struct sp_talk {
	uint32_t tries; /* left */
	bool enrolling;
	uint8_t secret[SP_TOTP_SECRET]; /* of an enrolment, until it is confirmed */
};

enum sp_talk_next {
	SP_TALK_REFUSE, /* out says why */
	SP_TALK_ASK, /* out is the question */
	SP_TALK_DONE, /* factor says by what */
};

struct sp_talk_step {
	enum sp_talk_next next;
	enum sp_factor factor;
	bool wrong; /* a code was given and not taken */
	struct sp_msg_prompt out;
};

/* Is there anything to ask this user? */
bool sp_talk_needed(enum sp_conf_mfa mfa, const struct sp_user *u);
/* The first step; code is what the name brought, or empty. */
void sp_talk_begin(struct sp_talk *t, struct sp_store *st, const struct sp_crypto *crypto,
		const struct sp_pending *who, const char *code, int64_t now,
		struct sp_talk_step *step);
void sp_talk_answer(struct sp_talk *t, struct sp_store *st, const struct sp_pending *who,
		const char *code, int64_t now, struct sp_talk_step *step);
/* Out of time. */
void sp_talk_late(struct sp_talk_step *step);

#endif
