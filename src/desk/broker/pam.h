/* desk/broker/pam.h - a PAM session for a Unix account, opened by root before it drops. */
#ifndef SP_DESK_BROKER_PAM_H
#define SP_DESK_BROKER_PAM_H

#include <stddef.h>

#include "core/base/attr.h"

#define SP_PAM_SERVICE "sallyport"

struct sp_pam_opts {
	const char *service; /* NULL: SP_PAM_SERVICE */
	const char *account; /* the Unix account's name */
	const char *tty; /* PAM_TTY, such as ":12"; NULL: not set */
	const char *rhost; /* PAM_RHOST, the peer's address; NULL: not set */
};

struct sp_pam;

/*
 * Account check, credentials, session. The caller is root, stays root until sp_pam_close(), and
 * forks the child that becomes the user after this call, so that limits and cgroups are inherited.
 * SP_ENOTFOUND: no PAM session is possible here (not root, no such account, no service file); a
 * trial run goes on without. SP_EDENIED: the account may not be used now (expired, locked, not
 * permitted at this hour); the caller must not go on. SP_ESYS: PAM failed. why has words.
 */
sp_nodiscard int sp_pam_open(
		const struct sp_pam_opts *opts, struct sp_pam **out, char *why, size_t n);
/* Environment made by the modules ("NAME=value", NULL ended); lives as long as p. */
char *const *sp_pam_env(const struct sp_pam *p);
/* Closes the session and deletes the credentials. Accepts NULL. */
void sp_pam_close(struct sp_pam *p);

#endif
