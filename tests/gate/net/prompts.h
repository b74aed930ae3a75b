/* tests/gate/net/prompts.h - prompts as a keeper sends them, for tests, pictures and the bench. */
#ifndef SP_TESTS_GATE_NET_PROMPTS_H
#define SP_TESTS_GATE_NET_PROMPTS_H

#include "host/monitor/msg.h"

enum prompts {
	PROMPTS_NOTICE,
	PROMPTS_LAST, /* a notice that only says how the last session ended */
	PROMPTS_CODE,
	PROMPTS_CODE_WRONG, /* with recovery codes, and one try left */
	PROMPTS_ENROL,
	PROMPTS_RECOVERY,
	PROMPTS_TARGET,
	PROMPTS_TARGET_FEW,
	PROMPTS_TARGET_LONG, /* 64 with long names and texts, Greek and Cyrillic among them */
	PROMPTS_REASON,
	PROMPTS_LOGIN,
	PROMPTS_WAIT,
	PROMPTS_REFUSED,
	/* More than a keeper has to say. */
	PROMPTS_NOTICE_HUGE, /* one wide word */
	PROMPTS_ENROL_HUGE,
	PROMPTS_RECOVERY_HUGE,
	PROMPTS_TARGET_HUGE,
	PROMPTS_REFUSED_HUGE,
	PROMPTS_LOGIN_HUGE,
	PROMPTS_COUNT
};

const char *prompts_name(enum prompts which);
void prompts_fill(struct sp_msg_prompt *p, enum prompts which);

#endif
