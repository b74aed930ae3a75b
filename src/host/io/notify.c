/* host/io/notify.c - see notify.h. */
#include "host/io/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/base/err.h"
#include "host/io/fdio.h"

int sp_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	union {
		struct sockaddr sa;
		struct sockaddr_un un;
	} a = {.un.sun_family = AF_UNIX};
	size_t n = path ? strlen(path) : 0;

	if (n == 0) {
		return SP_OK;
	}
	if (!(n < sizeof(a.un.sun_path) && (*path == '/' || *path == '@'))) {
		return SP_EARG;
	}
	memcpy(a.un.sun_path, path, n);
	if (*path == '@') {
		a.un.sun_path[0] = 0; /* abstract */
	}
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return SP_ESYS;
	}
	ssize_t k = sendto(fd, state, strlen(state), MSG_NOSIGNAL, &a.sa,
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
	sp_fd_close(&fd);
	return k >= 0 ? SP_OK : SP_ESYS;
}
