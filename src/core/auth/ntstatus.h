/* core/auth/ntstatus.h - what a server means by the status that it ends a login with. */
#ifndef SP_CORE_AUTH_NTSTATUS_H
#define SP_CORE_AUTH_NTSTATUS_H

#include <stdint.h>

/* "password has expired" for an NTSTATUS; NULL for one that logins do not end with. Static. */
const char *sp_ntstatus_text(uint32_t status);

#endif
