/* desk/session/copied.h - files that a program of the desktop has copied, read for the client. */
#ifndef SP_DESK_SESSION_COPIED_H
#define SP_DESK_SESSION_COPIED_H

#include "core/base/span.h"
#include "host/clip/given.h"

/*
 * Walks everything that a list of URIs names (urilist.h), without crossing into other file
 * systems; what lies below a mount of ours is left out, since looking at it would wait for
 * ourselves. SP_ENOTFOUND when no file is in it, SP_ELIMIT above SP_CLIP_FILES_MAX entries or 64
 * levels, SP_ETIMEOUT after some seconds, SP_ENOMEM.
 */
sp_nodiscard int sp_copied_create(struct sp_span urilist, struct sp_given **out);

#endif
