/* client/drives.h - local directories as drives of the desktop that is connected to. */
#ifndef SP_CLIENT_DRIVES_H
#define SP_CLIENT_DRIVES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/attr.h"
#include "host/io/loop.h"
#include "host/rdp/part.h"

#define SP_DRIVE_MAX_OPEN 256 /* files at a time, of all drives; more are "too many files" */

/* A directory that is to be offered, as it is written on a command line. */
struct sp_drives_offer {
	char name[85];
	char dir[4096];
	bool read_only;
};

/* "NAME=DIR" or "NAME=DIR:ro"; SP_EARG. The directory is not looked at. */
sp_nodiscard int sp_drives_parse(const char *text, struct sp_drives_offer *out);

struct sp_drives;

/* The computer's name is told to the server. NULL without memory; the loop outlives it. */
sp_nodiscard struct sp_drives *sp_drives_create(struct sp_loop *l, const char *computer);
/* Not while it is attached. Accepts NULL. */
void sp_drives_destroy(struct sp_drives *d);
/*
 * Offers a directory under a name of at most 84 bytes. SP_ESYS with errno for a directory that
 * cannot be read, SP_EARG for a name that none can have, SP_ELIMIT.
 */
sp_nodiscard int sp_drives_add(
		struct sp_drives *d, const char *name, const char *dir, bool read_only);
/* What stands behind the channel; lives as long as d. */
struct sp_part *sp_drives_part(struct sp_drives *d);
/* Files that the server has open. */
size_t sp_drives_open(const struct sp_drives *d);
/* How many drives the server has taken. */
size_t sp_drives_taken(const struct sp_drives *d);

#endif
