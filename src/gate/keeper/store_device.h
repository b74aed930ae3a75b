/* gate/keeper/store_device.h - device secrets: a random password for one device, revocable. */
#ifndef SP_GATE_KEEPER_STORE_DEVICE_H
#define SP_GATE_KEEPER_STORE_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "gate/keeper/store.h"

#define SP_DEVICE_TEXT 30 /* "k7m2p-....": five groups of five, and a NUL; typed as it is shown */
#define SP_DEVICE_LABEL 64 /* with its NUL */
#define SP_DEVICES_MAX 16 /* of one user, the revoked ones not counted */

struct sp_device {
	int64_t id, user;
	char name[SP_TEXT_USER]; /* of the user */
	char label[SP_DEVICE_LABEL];
	int64_t created, last_used, revoked; /* seconds since 1970; 0 = never */
};

/*
 * Makes a secret of 125 random bits for the device, which nobody can see again, and tells the
 * device's number. SP_EARG: the label will not do or is in use; SP_ELIMIT: the user has
 * SP_DEVICES_MAX; SP_ENOTFOUND: no such user.
 */
sp_nodiscard int sp_store_device_add(struct sp_store *st, const char *user, const char *label,
		char secret[SP_DEVICE_TEXT], int64_t *id);
/* The sealed secret is destroyed with it. SP_ENOTFOUND: no such device, or revoked already. */
sp_nodiscard int sp_store_device_revoke(struct sp_store *st, int64_t id);
/* A device by its user and its label, the living one first. SP_ENOTFOUND. */
sp_nodiscard int sp_store_device_find(
		struct sp_store *st, const char *user, const char *label, struct sp_device *out);
/* By user (NULL: of all), oldest first; fn returns false to stop. */
sp_nodiscard int sp_store_device_list(struct sp_store *st, const char *user,
		bool (*fn)(void *arg, const struct sp_device *d), void *arg);
/* Notes a login with it. */
sp_nodiscard int sp_store_device_seen(struct sp_store *st, int64_t id, int64_t now);
/* Is it still one that opens? For sessions that live; false when the store cannot be read. */
bool sp_store_device_alive(struct sp_store *st, int64_t id);

#endif
