/* desk/session/copied.h - files that a program of the desktop has copied, read for the client. */
#ifndef SP_DESK_SESSION_COPIED_H
#define SP_DESK_SESSION_COPIED_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/base/wr.h"

/*
 * Regular files and directories, without following links below what was copied and without
 * crossing into other file systems; what lies below a mount of ours is left out, since looking
 * at it would wait for ourselves.
 */
struct sp_copied;

/*
 * Walks everything that a list of URIs names (urilist.h). SP_ENOTFOUND when no file is in it,
 * SP_ELIMIT above SP_CLIP_FILES_MAX entries or 64 levels, SP_ETIMEOUT after some seconds,
 * SP_ENOMEM.
 */
sp_nodiscard int sp_copied_create(struct sp_span urilist, struct sp_copied **out);
/* Accepts NULL. */
void sp_copied_destroy(struct sp_copied *c);

/* Appends the FileGroupDescriptorW; its entries' numbers are the indices below. */
sp_nodiscard int sp_copied_list(const struct sp_copied *c, struct sp_wr *w);
/* SP_ENOTFOUND when it is not in the list, no file, or gone; SP_EDENIED; SP_ESYS. */
sp_nodiscard int sp_copied_size(struct sp_copied *c, uint32_t index, uint64_t *size);
/* Bytes read, fewer only at the end of the file; or an error as above. */
sp_nodiscard int64_t sp_copied_read(
		struct sp_copied *c, uint32_t index, uint64_t position, void *p, size_t n);

#endif
