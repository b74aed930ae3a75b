/* gate/keeper/password.h - which names and passwords the store takes. */
#ifndef SP_GATE_KEEPER_PASSWORD_H
#define SP_GATE_KEEPER_PASSWORD_H

#include "core/base/attr.h"

#define SP_USER_NAME_MAX 64
#define SP_PASSWORD_MIN 14 /* characters */
#define SP_PASSWORD_MAX 255 /* UTF-16 units: what Windows takes */

/* NULL when it will do, else why not ("must be 1 to 64 characters"); static. */
const char *sp_user_name_complaint(const char *name);
/* NULL when it will do for that user, else why not ("is shorter than 14 characters"); static. */
const char *sp_password_complaint(const char *password, const char *user);

#endif
