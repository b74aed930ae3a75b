/* client/clip_local.h - files of this machine that are on the clipboard, read for the server. */
#ifndef SP_CLIENT_CLIP_LOCAL_H
#define SP_CLIENT_CLIP_LOCAL_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/wr.h"
#include "host/io/fdio.h"

/*
 * What the person named, and everything below it: regular files and directories only, without
 * following links. Anything else, and what has a name that cannot be sent, is left out.
 */
struct sp_clip_local;

/* SP_ENOTFOUND, SP_ELIMIT (SP_CLIP_FILES_MAX entries, 64 levels), SP_ENOMEM; why says it. */
sp_nodiscard int sp_clip_local_create(const char *const *paths, size_t n,
		struct sp_clip_local **out, char why[SP_WHY_MAX]);
/* Accepts NULL. */
void sp_clip_local_destroy(struct sp_clip_local *l);

/* Appends the FileGroupDescriptorW. */
sp_nodiscard int sp_clip_local_list(const struct sp_clip_local *l, struct sp_wr *w);
/* By the number in that list. SP_ENOTFOUND when it is no file, or not what it was. */
sp_nodiscard int sp_clip_local_size(struct sp_clip_local *l, uint32_t index, uint64_t *size);
/* Bytes read, fewer only at the end of the file; or an error as above, or SP_ESYS. */
sp_nodiscard int64_t sp_clip_local_read(
		struct sp_clip_local *l, uint32_t index, uint64_t position, void *p, size_t n);

#endif
