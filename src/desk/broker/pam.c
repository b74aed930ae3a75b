/* desk/broker/pam.c - see pam.h. */
#include "desk/broker/pam.h"

#include <pwd.h>
#include <stdbool.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"

struct sp_pam {
	pam_handle_t *h;
	struct pam_conv conv;
	int last; /* what PAM said last, for pam_end */
	bool established, open;
	char **env;
};

/*
 * Nobody is there to be asked: the login is over. What modules want to show goes into the log,
 * a question fails the module that asked it.
 */
static int converse(int n, const struct pam_message **msg, struct pam_response **resp, void *arg)
{
	struct pam_response *r;

	(void)arg;
	if (!(0 < n && n <= PAM_MAX_NUM_MSG)) {
		return PAM_CONV_ERR;
	}
	for (int i = 0; i < n; i++) {
		int style = msg[i]->msg_style;

		if (style != PAM_TEXT_INFO && style != PAM_ERROR_MSG) {
			return PAM_CONV_ERR;
		}
		sp_log(SP_LOG_INFO, "pam: %s", msg[i]->msg);
	}
	/* Freed by PAM, so it comes from its allocator. */
	r = calloc((size_t)n, sizeof(*r));
	if (!r) {
		return PAM_BUF_ERR;
	}
	*resp = r;
	return PAM_SUCCESS;
}

/* Without a file of its own a service falls to "other", which denies or does anything. */
static bool service_exists(const char *service)
{
	static const char *const dirs[] = {"/etc/pam.d", "/usr/lib/pam.d", "/usr/share/pam.d"};
	char path[256];

	if (strchr(service, '/')) {
		return false;
	}
	for (size_t i = 0; i < SP_LEN(dirs); i++) {
		snprintf(path, sizeof(path), "%s/%s", dirs[i], service);
		if (access(path, R_OK) == 0) {
			return true;
		}
	}
	return false;
}

static bool denied(int rc)
{
	return rc == PAM_ACCT_EXPIRED || rc == PAM_NEW_AUTHTOK_REQD || rc == PAM_PERM_DENIED ||
			rc == PAM_AUTH_ERR || rc == PAM_USER_UNKNOWN || rc == PAM_MAXTRIES;
}

static int set_items(struct sp_pam *p, const struct sp_pam_opts *o)
{
	p->last = o->tty ? pam_set_item(p->h, PAM_TTY, o->tty) : PAM_SUCCESS;
	if (p->last == PAM_SUCCESS && o->rhost) {
		p->last = pam_set_item(p->h, PAM_RHOST, o->rhost);
	}
	/* pam_systemd makes the right kind of session of it. */
	if (p->last == PAM_SUCCESS) {
		p->last = pam_putenv(p->h, "XDG_SESSION_TYPE=x11");
	}
	if (p->last == PAM_SUCCESS) {
		p->last = pam_putenv(p->h, "XDG_SESSION_CLASS=user");
	}
	return p->last;
}

static int steps(struct sp_pam *p, const struct sp_pam_opts *o, const char **step)
{
	*step = "items";
	if (set_items(p, o) != PAM_SUCCESS) {
		return SP_ESYS;
	}
	*step = "account";
	p->last = pam_acct_mgmt(p->h, 0);
	if (p->last != PAM_SUCCESS) {
		return denied(p->last) ? SP_EDENIED : SP_ESYS;
	}
	*step = "credentials";
	p->last = pam_setcred(p->h, PAM_ESTABLISH_CRED);
	if (p->last != PAM_SUCCESS) {
		return SP_ESYS;
	}
	p->established = true;
	*step = "session";
	p->last = pam_open_session(p->h, 0);
	if (p->last != PAM_SUCCESS) {
		return denied(p->last) ? SP_EDENIED : SP_ESYS;
	}
	p->open = true;
	*step = "environment";
	p->env = pam_getenvlist(p->h);
	return p->env ? SP_OK : SP_ENOMEM;
}

int sp_pam_open(const struct sp_pam_opts *opts, struct sp_pam **out, char *why, size_t n)
{
	const char *service = opts->service ? opts->service : SP_PAM_SERVICE;
	const char *step;

	*out = NULL;
	snprintf(why, n, "%s", "");
	if (geteuid() != 0) {
		snprintf(why, n, "no PAM session: not root");
		return SP_ENOTFOUND;
	}
	if (!getpwnam(opts->account)) {
		snprintf(why, n, "no PAM session: %s is no Unix account", opts->account);
		return SP_ENOTFOUND;
	}
	if (!service_exists(service)) {
		snprintf(why, n, "no PAM session: /etc/pam.d/%s is not installed", service);
		return SP_ENOTFOUND;
	}
	struct sp_pam *p = sp_calloc(1, sizeof(*p));
	if (!p) {
		return SP_ENOMEM;
	}
	p->conv.conv = converse;
	p->last = pam_start(service, opts->account, &p->conv, &p->h);
	if (p->last != PAM_SUCCESS) {
		snprintf(why, n, "pam: start: error %d", p->last);
		sp_free(p);
		return SP_ESYS;
	}
	int rc = steps(p, opts, &step);
	if (rc != SP_OK) {
		snprintf(why, n, "pam: %s: %s", step, pam_strerror(p->h, p->last));
		sp_pam_close(p);
		return rc;
	}
	*out = p;
	return SP_OK;
}

char *const *sp_pam_env(const struct sp_pam *p)
{
	return p->env;
}

void sp_pam_close(struct sp_pam *p)
{
	if (!p) {
		return;
	}
	for (char **line = p->env; line && *line; line++) {
		free(*line);
	}
	free(p->env);
	if (p->open) {
		p->last = pam_close_session(p->h, 0);
	}
	if (p->established) {
		p->last = pam_setcred(p->h, PAM_DELETE_CRED);
	}
	pam_end(p->h, p->last);
	sp_free(p);
}
