/* gate/keeper/talk_factor.h - the conversation's part about the second factor. */
#ifndef SP_GATE_KEEPER_TALK_FACTOR_H
#define SP_GATE_KEEPER_TALK_FACTOR_H

#include "gate/keeper/talk.h"

/* What a verdict of the rules still wants of somebody. */
enum sp_need {
	SP_NEED_NOTHING,
	SP_NEED_CODE, /* or an enrolment */
	SP_NEED_OTHER, /* what cannot be had here: another kind of password */
};

enum sp_need sp_talk_need(const struct sp_policy_verdict *v, uint32_t came, bool totp);
/*
 * Asks for the code, or shows the new secret; the name's code is tried first. Refuses at once
 * while no code is taken from there.
 */
void sp_talk_ask_factor(struct sp_talk *t, const struct sp_talk_about *a, bool enrolled,
		struct sp_talk_step *step);
/* True when the factor is proved now; else step says what comes next. */
bool sp_talk_take_code(struct sp_talk *t, const struct sp_talk_about *a, const char *text,
		struct sp_talk_step *step);
/* Shows new recovery codes. */
void sp_talk_show_codes(const struct sp_talk *t, struct sp_talk_step *step);

#endif
