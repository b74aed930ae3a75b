/* gate/keeper/store_recovery.h - recovery codes: ten that stand for the second factor, each once. */
#ifndef SP_GATE_KEEPER_STORE_RECOVERY_H
#define SP_GATE_KEEPER_STORE_RECOVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "gate/keeper/store.h"

#define SP_RECOVERY_COUNT 10
#define SP_RECOVERY_TEXT 16 /* "k7m2-9xw4-0fz3q" and a NUL: 64 bits */

/* New codes for the user; all older ones are void. Nobody can see them again. */
sp_nodiscard int sp_store_recovery_make(struct sp_store *st, const char *user,
		char codes[SP_RECOVERY_COUNT][SP_RECOVERY_TEXT]);
/* Could this be one? Everything that has as many letters and digits; a one-time code is not. */
bool sp_recovery_looks(const char *text);
/*
 * Takes a code, once, however it is spaced and in either case: that it is spent is durable before
 * this returns SP_OK. SP_EAUTH: wrong. SP_EDENIED: right, but spent already.
 */
sp_nodiscard int sp_store_recovery_use(
		struct sp_store *st, const char *user, const char *code, int64_t now);
/* How many are left. */
sp_nodiscard int sp_store_recovery_left(struct sp_store *st, const char *user, uint32_t *left);

#endif
