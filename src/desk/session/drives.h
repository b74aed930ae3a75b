/* desk/session/drives.h - the drives of the client as folders of the desktop. */
#ifndef SP_DESK_SESSION_DRIVES_H
#define SP_DESK_SESSION_DRIVES_H

#include "core/base/attr.h"
#include "host/io/loop.h"
#include "host/rdp/part.h"

/*
 * A file system of ours below the runtime directory, mounted when the first drive comes; each
 * drive is a folder in it, with a link to that in the user's desktop folder. Where the machine
 * has no FUSE, drives are not there, and the log says so once. When a client goes, its folders go
 * and what waits fails; one that comes back with the same drive finds the same folder.
 */
struct sp_desk_drives;

struct sp_drives_conf {
	const char *runtime_dir; /* XDG_RUNTIME_DIR */
	const char *home; /* NULL: no links */
};

/* The strings are copied. SP_ENOMEM. */
sp_nodiscard int sp_drives_create(struct sp_loop *loop, const struct sp_drives_conf *conf,
		struct sp_desk_drives **out);
/* Fails what waits, takes links away, unmounts. Accepts NULL. */
void sp_drives_destroy(struct sp_desk_drives *d);

struct sp_part *sp_drives_part(struct sp_desk_drives *d);

#endif
