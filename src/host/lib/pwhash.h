/* host/lib/pwhash.h - Argon2id verifiers of passwords. */
#ifndef SP_HOST_LIB_PWHASH_H
#define SP_HOST_LIB_PWHASH_H

#include <stdbool.h>

#include "core/base/attr.h"
#include "core/base/err.h"

#define SP_PWHASH_TEXT 128 /* "$argon2id$v=19$m=65536,t=3,p=1$...", NULs up to the end */

/* 64 MiB, three passes. SP_ENOMEM. */
sp_nodiscard int sp_pwhash_make(const char *password, char out[SP_PWHASH_TEXT]);
/* Is it the password that was made into this? False too without memory. */
sp_nodiscard bool sp_pwhash_check(const char *password, const char hash[SP_PWHASH_TEXT]);

#endif
