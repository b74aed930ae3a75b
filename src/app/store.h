/* app/store.h - opening a service's store for a command, as the account it belongs to. */
#ifndef SP_APP_STORE_H
#define SP_APP_STORE_H

#include <stdbool.h>

#include "app/app.h"
#include "gate/keeper/store.h"
#include "host/conf/conf.h"

/*
 * Reads the configuration, becomes the service's account, opens the store (`create` makes it) and
 * runs fn on both, which answers the exit status. What fails before that is said, with `what`.
 */
int app_with_store(const char *what, struct app_service *s, bool create,
		int (*fn)(void *arg, const struct sp_conf *c, struct sp_store *st), void *arg);
/* "sallyport: what: why" of the store's last failure; APP_FAILED. */
int app_store_fail(struct sp_store *st, const char *what);
/* "name: text"; APP_OK. */
int app_done(const char *name, const char *text);

#endif
