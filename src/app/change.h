/* app/change.h - what a command changes, written into the audit before it is done. */
#ifndef SP_APP_CHANGE_H
#define SP_APP_CHANGE_H

#include <stdbool.h>

#include "gate/keeper/store.h"
#include "host/conf/conf.h"
#include "host/monitor/msg.h"

struct app_change;

/*
 * Before the command becomes the service's account: the audit has one of its own. NULL, and said
 * so. The configuration is borrowed.
 */
struct app_change *app_change_begin(const struct sp_conf *c);
/* The witness of a store, with the above as its arg. */
int app_change_witness(void *arg, const char *object, const char *action, char why[SP_STORE_WHY]);
/* Any other event, with who asked in it: before it happens. Else why it could not be written. */
sp_nodiscard int app_change_tell(
		struct app_change *ch, const struct sp_audit_event *e, char why[SP_TEXT_WHY]);
/* What was told last has not been done, and why. Accepts NULL. */
void app_change_failed(struct app_change *ch, const char *why);
/* Accepts NULL. */
void app_change_end(struct app_change *ch);

#endif
