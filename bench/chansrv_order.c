/* bench/chansrv_order.c - preloaded into xrdp-chansrv 0.9.21: tells of the logon after the capabilities. */
#include <dlfcn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

/*
 * It tells of it before them, and FreeRDP 2.11 then announces no drive at all. So what comes too
 * early is kept and sent after the client id confirm, which follows the capabilities.
 */
#define HEAD 26 /* what xrdp puts before a message of a channel */

#define EXPORT __attribute__((visibility("default")))

EXPORT ssize_t send(int fd, const void *p, size_t n, int flags);

static unsigned char early[64];
static size_t early_n;

ssize_t send(int fd, const void *p, size_t n, int flags)
{
	union {
		void *symbol;
		ssize_t (*send)(int fd, const void *p, size_t n, int flags);
	} real = {.symbol = dlsym(RTLD_NEXT, "send")};
	const char *message = (const char *)p + HEAD;

	if (n == HEAD + 4 && memcmp(message, "rDLU", 4) == 0) {
		memcpy(early, p, n);
		early_n = n;
		return (ssize_t)n;
	}
	ssize_t done = real.send(fd, p, n, flags);
	if (early_n > 0 && n == HEAD + 12 && memcmp(message, "rDCC", 4) == 0 &&
			real.send(fd, early, early_n, flags) == (ssize_t)early_n) {
		early_n = 0;
	}
	return done;
}
