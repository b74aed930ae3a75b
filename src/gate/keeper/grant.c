/* gate/keeper/grant.c - the one place where a login becomes a right. */
#include "gate/keeper/grant.h"

#include <stdio.h>
#include <string.h>

#include "core/base/attr.h"
#include "gate/keeper/name.h"

enum sp_why sp_pending_make(const struct sp_crypto *crypto, uint64_t conn,
		const struct sp_checked *checked, const struct sp_msg_done *done,
		struct sp_pending *out)
{
	uint64_t id = 0;

	memset(out, 0, sizeof(*out));
	if (checked->result != SP_PROOF_GRANTED || checked->why != SP_WHY_OK) {
		return checked->why != SP_WHY_OK ? checked->why : SP_WHY_NO_LOGIN;
	}
	if (done->result != SP_DONE_OK) {
		return done->why != SP_WHY_OK ? (enum sp_why)done->why : SP_WHY_NO_LOGIN;
	}
	if (checked->user.id <= 0 || checked->user.name[0] == '\0') {
		return SP_WHY_INTERNAL;
	}
	if (checked->user.disabled) {
		return SP_WHY_DISABLED;
	}
	/* Restricted modes delegate no name; a name that is there must be the proved one. */
	struct sp_name name;
	sp_name_split(done->user, &name);
	if (done->user[0] != '\0' && !sp_store_means(&checked->user, name.user)) {
		return SP_WHY_IDENTITY;
	}
	if (conn == 0 || crypto->random(&id, sizeof(id)) != SP_OK || id == 0) {
		return SP_WHY_INTERNAL;
	}
	out->user = checked->user;
	out->conn = conn;
	out->id = id;
	return SP_WHY_OK;
}

enum sp_why sp_grant_make(uint64_t conn, const struct sp_pending *pending, enum sp_factor factor,
		const struct sp_policy_verdict *verdict, const char *target, struct sp_grant *out)
{
	memset(out, 0, sizeof(*out));
	if (pending->id == 0 || pending->user.id <= 0) {
		return SP_WHY_NO_LOGIN;
	}
	if (conn == 0 || pending->conn != conn) {
		return SP_WHY_INTERNAL;
	}
	if (!(SP_FACTOR_MISSING < factor && factor < SP_FACTOR_COUNT)) {
		return SP_WHY_CODE;
	}
	if (!verdict->allow || verdict->rule == NULL || target[0] == '\0' ||
			!(strlen(target) < sizeof(out->target))) {
		return SP_WHY_POLICY;
	}
	snprintf(out->target, sizeof(out->target), "%s", target);
	out->user = pending->user;
	out->conn = conn;
	out->factor = factor;
	out->id = pending->id;
	return SP_WHY_OK;
}

const char *sp_factor_text(enum sp_factor factor)
{
	static const char *const texts[] = {[SP_FACTOR_MISSING] = "no second factor",
			[SP_FACTOR_NOT_ASKED] = "no second factor asked for",
			[SP_FACTOR_CODE] = "one-time code",
			[SP_FACTOR_ENROLLED] = "one-time code, enrolled now",
			[SP_FACTOR_RECOVERY] = "recovery code",
			[SP_FACTOR_TOKEN] = "one-time token",
			[SP_FACTOR_DEVICE] = "device secret",
			[SP_FACTOR_COOKIE] = "auto-reconnect cookie"};

	return texts[factor < SP_LEN(texts) ? factor : SP_FACTOR_MISSING];
}
