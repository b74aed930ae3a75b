/* host/clip/given.h - files of this machine that are on a clipboard, read for the other side. */
#ifndef SP_HOST_CLIP_GIVEN_H
#define SP_HOST_CLIP_GIVEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/wr.h"

/*
 * What was copied, and everything below it: regular files and directories, without following
 * links. Anything else, and what has a name that cannot be sent, is left out. Entries are asked
 * for by their place in the list; each is opened below the directory that the copied thing lies in
 * (openat2(2)), whatever took the place of a part of its path meanwhile.
 */
struct sp_given;

/* one_system: other file systems below what was copied are left out. NULL without memory. */
sp_nodiscard struct sp_given *sp_given_create(bool one_system);
/* Accepts NULL. */
void sp_given_destroy(struct sp_given *g);

/* A directory that things were copied from; takes the descriptor in any case. SP_ELIMIT above 64. */
sp_nodiscard int sp_given_root(struct sp_given *g, int fd);
/* What has this name there, in the last such directory. SP_ELIMIT (SP_CLIP_FILES_MAX), SP_ENOMEM. */
sp_nodiscard int sp_given_add(struct sp_given *g, const char *name);
/*
 * What lies below all that was added since the last walk. SP_ELIMIT (also beyond 64 levels),
 * SP_ETIMEOUT when end_us is not 0 and has come, SP_ENOMEM.
 */
sp_nodiscard int sp_given_walk(struct sp_given *g, uint64_t end_us);
size_t sp_given_count(const struct sp_given *g);
size_t sp_given_left_out(const struct sp_given *g);

/* Appends the FileGroupDescriptorW; its entries' numbers are the indices below. */
sp_nodiscard int sp_given_list(const struct sp_given *g, struct sp_wr *w);
/* SP_ENOTFOUND when it is not in the list, no file, or gone; SP_EDENIED; SP_ESYS. */
sp_nodiscard int sp_given_size(struct sp_given *g, uint32_t index, uint64_t *size);
/* Bytes read, fewer only at the end of the file; or an error as above. */
sp_nodiscard int64_t sp_given_read(
		struct sp_given *g, uint32_t index, uint64_t position, void *p, size_t n);

#endif
