/* host/io/fdio.c - see fdio.h. */
#include "host/io/fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/mem.h"

void sp_fd_close(int *fd)
{
	if (*fd >= 0) {
		int keep = errno;

		close(*fd);
		errno = keep;
	}
	*fd = -1;
}

int sp_fd_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0) {
		return SP_ESYS;
	}
	int want = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	return want == flags || fcntl(fd, F_SETFL, want) == 0 ? SP_OK : SP_ESYS;
}

int sp_fd_write_all(int fd, const void *p, size_t n)
{
	const uint8_t *at = p;

	while (n > 0) {
		ssize_t k = write(fd, at, n);

		if (k > 0) {
			at += k;
			n -= (size_t)k;
			continue;
		}
		if (k < 0 && errno == EINTR) {
			continue;
		}
		if (k < 0 && errno == EAGAIN) {
			struct pollfd p1 = {.fd = fd, .events = POLLOUT};
			if (ppoll(&p1, 1, NULL, NULL) >= 0 || errno == EINTR) {
				continue;
			}
		}
		return SP_ESYS;
	}
	return SP_OK;
}

static int read_fd(int fd, size_t max, struct sp_rcbuf **out)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		return SP_ESYS;
	}
	/* One byte more than it says, to notice a file that grows; those of /proc say 0. */
	size_t cap = st.st_size > 0 && (uint64_t)st.st_size < max ? (size_t)st.st_size + 1
								  : max + 1;
	struct sp_rcbuf *b = sp_rcbuf_create(cap);
	if (!b) {
		return SP_ENOMEM;
	}
	size_t n = 0;
	while (n < cap) {
		ssize_t k = read(fd, b->p + n, cap - n);

		if (k < 0 && errno == EINTR) {
			continue;
		}
		if (k < 0) {
			sp_rcbuf_unref(b);
			return SP_ESYS;
		}
		if (k == 0) {
			b->n = n;
			*out = b;
			return SP_OK;
		}
		n += (size_t)k;
	}
	sp_rcbuf_unref(b);
	return SP_ELIMIT;
}

int sp_file_read(const char *path, size_t max, struct sp_rcbuf **out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	*out = NULL;
	if (fd < 0) {
		return errno == ENOENT || errno == ENOTDIR ? SP_ENOTFOUND : SP_ESYS;
	}
	int rc = read_fd(fd, max, out);
	sp_fd_close(&fd);
	return rc;
}

int sp_file_write(const char *path, mode_t mode, struct sp_span bytes)
{
	char beside[4096];
	int n = snprintf(beside, sizeof(beside), "%s.XXXXXX", path);

	if (!(n > 0 && (size_t)n < sizeof(beside))) {
		return SP_EARG;
	}
	int fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0) {
		return SP_ESYS;
	}
	int rc = fchmod(fd, mode) == 0 ? sp_fd_write_all(fd, bytes.p, bytes.n) : SP_ESYS;
	if (rc == SP_OK && fsync(fd) < 0) {
		rc = SP_ESYS;
	}
	sp_fd_close(&fd);
	if (rc == SP_OK && rename(beside, path) < 0) {
		rc = SP_ESYS;
	}
	if (rc != SP_OK) {
		int keep = errno;
		unlink(beside);
		errno = keep;
	}
	return rc;
}

int sp_fd_read_at(int fd, uint8_t *to, size_t n, uint64_t at)
{
	while (n > 0) {
		ssize_t got = pread(fd, to, n, (off_t)at);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got <= 0) {
			return got < 0 ? SP_ESYS : SP_ESHORT;
		}
		to += got;
		at += (uint64_t)got;
		n -= (size_t)got;
	}
	return SP_OK;
}
