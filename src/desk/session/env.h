/* desk/session/env.h - the environment that programs of a desktop expect. */
#ifndef SP_DESK_SESSION_ENV_H
#define SP_DESK_SESSION_ENV_H

#include "core/base/attr.h"

#define SP_ENV_MAX 256 /* variables */

struct sp_env;

sp_nodiscard int sp_env_create(struct sp_env **out);
void sp_env_destroy(struct sp_env *e);

/* Replaces an earlier value; a NULL value removes. */
sp_nodiscard int sp_env_set(struct sp_env *e, const char *name, const char *value);
/* "NAME=value" strings, NULL ended (from PAM); a line that is no assignment is passed over. */
sp_nodiscard int sp_env_merge(struct sp_env *e, char *const *lines);
/* NULL when not set. Valid until the next change. */
const char *sp_env_get(const struct sp_env *e, const char *name);
/* For execve. Valid until the next change. */
char *const *sp_env_vector(const struct sp_env *e);

/*
 * HOME, USER, LOGNAME, SHELL, PATH, LANG (and LC_*, TZ as ours are) for the calling user,
 * XDG_SESSION_TYPE, and XDG_RUNTIME_DIR: /run/user/UID when that is there and ours, else a
 * private directory made below dir, the session's own.
 */
sp_nodiscard int sp_env_user(struct sp_env *e, const char *dir);
/* DISPLAY and XAUTHORITY. */
sp_nodiscard int sp_env_display(struct sp_env *e, const char *display, const char *authority);

#endif
