/* client/clip_local.h - files of this machine that are on the clipboard, read for the server. */
#ifndef SP_CLIENT_CLIP_LOCAL_H
#define SP_CLIENT_CLIP_LOCAL_H

#include <stddef.h>

#include "core/base/attr.h"
#include "host/clip/given.h"
#include "host/io/fdio.h"

/*
 * What the person named, and everything below it. SP_ENOTFOUND, SP_ELIMIT (SP_CLIP_FILES_MAX
 * entries, 64 levels), SP_ENOMEM; why says it.
 */
sp_nodiscard int sp_clip_local_create(
		const char *const *paths, size_t n, struct sp_given **out, char why[SP_WHY_MAX]);

#endif
