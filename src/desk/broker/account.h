/* desk/broker/account.h - which Unix account a desktop runs as. */
#ifndef SP_DESK_BROKER_ACCOUNT_H
#define SP_DESK_BROKER_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/attr.h"

#define SP_ACCOUNT_NAME 72

struct sp_account {
	char name[SP_ACCOUNT_NAME]; /* empty: the calling user, whoever that is */
	uid_t uid;
	gid_t gid;
	bool become; /* another one than the calling user */
};

/*
 * The account of that name when we are root; the calling user when we are not or the name is
 * empty. SP_ENOTFOUND, and why says that there is none. SP_EDENIED for root, unless that is the
 * account which the configuration names for everybody (mapped): a user of the store called root
 * is not root for it, and who gave us the name must not be able to make him so.
 */
sp_nodiscard int sp_account_find(
		const char *name, const char *mapped, struct sp_account *out, char *why, size_t n);

#endif
