/* desk/session/drive_name.h - names that a client's drive can hold, and its failures as errno. */
#ifndef SP_DESK_SESSION_DRIVE_NAME_H
#define SP_DESK_SESSION_DRIVE_NAME_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/chan/drive.h"

/* One part of a path that can be written for the client: what is not UTF-8 is none. */
bool sp_drive_name_ok(const char *name);
/*
 * Whether only the list of its directory tells how the client writes the name: as it is, or with
 * what Windows forbids in the private area, or in full.
 */
bool sp_drive_name_odd(const char *name);
/* What a file is called here whose name has more than NAME_MAX bytes: with its ending, if it can. */
void sp_drive_name_shorten(const char *name, char out[NAME_MAX + 1]);
/* What a drive calls itself as the name of a folder; "drive" where nothing is left of it. */
void sp_drive_name_folder(const char *name, char *out, size_t cap);

/* What failed there as a program here sees it; 0 for none. */
int sp_drive_errno(enum sp_drive_fail fail);
/* The same for a request that was not even sent (enum sp_err). */
int sp_drive_errno_unsent(int err);

#endif
