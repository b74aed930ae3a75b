/* gate/keeper/name.h - what a name as sent says: who, which target, and a one-time code. */
#ifndef SP_GATE_KEEPER_NAME_H
#define SP_GATE_KEEPER_NAME_H

#include "host/lib/totp.h"
#include "host/monitor/msg.h"

struct sp_name {
	char user[SP_TEXT_NAME];
	char target[SP_TEXT_NAME]; /* empty: none named */
	char code[SP_TOTP_DIGITS + 1]; /* empty: none given */
};

/*
 * Takes "user", "user#target", "user#code", "user##code" or "user#target#code" apart, from the
 * right: a last part of six digits is a code. Names of users have no '#'.
 */
void sp_name_split(const char *sent, struct sp_name *out);

#endif
