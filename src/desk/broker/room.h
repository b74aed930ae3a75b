/* desk/broker/room.h - the private directory of a desktop, made and removed. */
#ifndef SP_DESK_BROKER_ROOM_H
#define SP_DESK_BROKER_ROOM_H

#include <stddef.h>

#include "core/base/attr.h"
#include "desk/broker/account.h"

#define SP_ROOM_PATH 128

/*
 * A new directory that only the account can enter: below /run/sallyport for another account, as
 * that one may not enter state; else below state; below /tmp where that has no short path, for
 * the paths of sockets are limited. On failure why has words.
 */
sp_nodiscard int sp_room_make(const char *state, const struct sp_account *a,
		char path[SP_ROOM_PATH], char *why, size_t n);
/*
 * Removes it with all that is in it. What its owner put there is not trusted: no link is
 * followed and no other file system is entered.
 */
void sp_room_remove(const char *path);

#endif
