/* app/store.c - see store.h. */
#include "app/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/change.h"
#include "gate/keeper/account.h"
#include "host/lib/crypto_nettle.h"

/* Of the store that is open; a command opens one. */
static struct app_change *changes;

/* Neither a core file nor a debugger of the same user gets to see keys and passwords. */
static bool keep_secret(void)
{
	const struct rlimit none = {0, 0};

	return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0) == 0;
}

int app_with_store(const char *what, struct app_service *s, bool create,
		int (*fn)(void *arg, const struct sp_conf *c, struct sp_store *st), void *arg)
{
	const char *file = app_service_file(s);
	struct sp_conf *c = calloc(1, sizeof(*c));
	struct sp_conf_errors *e = calloc(1, sizeof(*e));
	char why[SP_STORE_WHY], account[SP_ACCOUNT_WHY];
	int status = APP_FAILED;

	if (c == NULL || e == NULL) {
		app_fail(what, "out of memory");
	} else if (file == NULL) {
		status = APP_FAILED;
	} else if (sp_conf_read(c, file, e) != SP_OK) {
		fprintf(stderr, "sallyport: %s\n", e->text[0]);
	} else if ((changes = app_change_begin(c)) == NULL) {
		status = APP_FAILED;
	} else if (sp_account_become(c, create, account) != SP_OK) {
		app_fail(what, "%s", account);
	} else if (!keep_secret()) {
		/* After the change of account, which sets it to what fs.suid_dumpable says. */
		app_fail(what, "core files cannot be turned off: %s", strerror(errno));
	} else {
		struct sp_store *st =
				sp_store_open(c->state, c->store, create, &sp_crypto_nettle, why);
		if (st != NULL) {
			sp_store_witness(st, app_change_witness, changes);
			status = fn(arg, c, st);
		} else if (geteuid() != 0 && access(c->state, R_OK | X_OK) != 0 &&
				errno == EACCES) {
			app_fail(c->state, "only root may use this service's store; try sudo");
		} else {
			app_fail("store", "%s", why);
		}
		sp_store_close(st);
	}
	app_change_end(changes);
	changes = NULL;
	if (c != NULL) {
		sp_conf_finish(c);
	}
	free(c);
	free(e);
	return status;
}

int app_store_fail(struct sp_store *st, const char *what)
{
	char why[SP_STORE_WHY];

	snprintf(why, sizeof(why), "%s", sp_store_why(st));
	app_change_failed(changes, why);
	return app_fail(what, "%s", why);
}

int app_done(const char *name, const char *text)
{
	printf("%s: %s\n", name, text);
	return APP_OK;
}
