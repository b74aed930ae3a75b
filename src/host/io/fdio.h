/* host/io/fdio.h - descriptors and whole files: the small things everybody needs. */
#ifndef SP_HOST_IO_FDIO_H
#define SP_HOST_IO_FDIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/attr.h"
#include "core/base/rcbuf.h"
#include "core/base/span.h"

/* Room for a sentence that says what failed, where and why. */
#define SP_WHY_MAX 256

/* Closes *fd unless it is negative, and makes it -1. */
void sp_fd_close(int *fd);
sp_nodiscard int sp_fd_nonblock(int fd, bool on);
/* Writes all of it to a blocking or nonblocking descriptor, waiting as needed. */
sp_nodiscard int sp_fd_write_all(int fd, const void *p, size_t n);

/* A whole file of at most max bytes. SP_ENOTFOUND, SP_ELIMIT, SP_ESYS, SP_ENOMEM; errno is kept. */
sp_nodiscard int sp_file_read(const char *path, size_t max, struct sp_rcbuf **out);
/* Writes a new file beside path, syncs it and renames it over path: whole or not at all. */
sp_nodiscard int sp_file_write(const char *path, mode_t mode, struct sp_span bytes);

/* Whole or nothing: n bytes from this place of a file. SP_ESHORT where it ends before, SP_ESYS. */
sp_nodiscard int sp_fd_read_at(int fd, uint8_t *to, size_t n, uint64_t at);

#endif
