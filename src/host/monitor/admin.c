/* host/monitor/admin.c - see admin.h. */
#include "host/monitor/admin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "host/io/fdio.h"
#include "host/io/ipc.h"
#include "host/monitor/check.h"

/* One message of the largest kind; each process has one thread. Wiped after every use. */
static struct sp_ipc_msg raw;

static const struct {
	const char *name;
	size_t size;
} shapes[] = {{"?", 0},
#define X(name, body) {#name, sizeof(struct sp_admin_##body)},
		SP_ADMIN_MAP(X)
#undef X
};

#define text(array) sp_check_text(array, sizeof(array))

const char *sp_admin_name(uint32_t type)
{
	return shapes[type < SP_LEN(shapes) ? type : 0].name;
}

int sp_admin_send(int fd, enum sp_admin type, const void *body, size_t n)
{
	if (n == 0 || !((unsigned)type < SP_LEN(shapes)) || n != shapes[type].size) {
		return SP_EARG;
	}
	return sp_ipc_send(fd, type, body, n, NULL, 0);
}

static bool session(const struct sp_admin_session *s)
{
	return s->id != 0 && s->device <= 1 && s->resumed <= 1 && text(s->name) &&
			text(s->recording) && text(s->state) && text(s->user) && text(s->source) &&
			text(s->interface) && text(s->target) && text(s->rule) && text(s->reason) &&
			text(s->approver);
}

static bool good(uint32_t type, const union sp_admin_body *b)
{
	switch ((enum sp_admin)type) {
	case SP_ADMIN_LIST:
	case SP_ADMIN_END:
		return b->none.zero == 0;
	case SP_ADMIN_SHOW:
	case SP_ADMIN_WATCH:
		return b->which.id != 0;
	case SP_ADMIN_END_SESSION:
		return b->end.id != 0 && text(b->end.reason);
	case SP_ADMIN_APPROVE:
	case SP_ADMIN_REFUSE:
		return b->decide.id != 0 && b->decide.as[0] != '\0' && text(b->decide.as);
	case SP_ADMIN_SESSION:
		return session(&b->session);
	case SP_ADMIN_RESULT:
		return b->result.outcome < SP_ADMIN_OUTCOMES && text(b->result.text);
	case SP_ADMIN_NONE:
	case SP_ADMIN_COUNT:
		break;
	}
	return false;
}

/* Checks what came into raw and moves it to its receiver. */
static int accept_raw(struct sp_admin_in *in)
{
	size_t size = raw.type < SP_LEN(shapes) ? shapes[raw.type].size : 0;
	int rc = size != 0 && raw.n == size ? sp_ipc_body(&raw, &in->body, size) : SP_EFIELD;

	if (rc == SP_OK && !good(raw.type, &in->body)) {
		rc = SP_EFIELD;
	}
	in->type = raw.type;
	if (rc != SP_OK) {
		sp_wipe(in, sizeof(*in));
	}
	sp_wipe(raw.p, raw.n);
	return rc;
}

int sp_admin_recv(int fd, struct sp_admin_in *in)
{
	memset(in, 0, sizeof(*in));
	int rc = sp_ipc_recv(fd, &raw, 0);
	if (rc != 1) {
		return rc;
	}
	rc = accept_raw(in);
	return rc == SP_OK ? 1 : rc;
}

int sp_admin_wait(int fd, struct sp_admin_in *in, uint64_t deadline_us)
{
	memset(in, 0, sizeof(*in));
	int rc = sp_ipc_wait(fd, &raw, 0, deadline_us);
	return rc == SP_OK ? accept_raw(in) : rc;
}

union address {
	struct sockaddr sa;
	struct sockaddr_un un;
};

/* A name of the socket that fits into an address, however long the directory's is. */
static int name_of(const char *state, const char *file, int *dir, union address *a)
{
	*dir = open(state, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*dir < 0) {
		return errno == ENOENT ? SP_ENOTFOUND : errno == EACCES ? SP_EDENIED : SP_ESYS;
	}
	*a = (union address){.un = {.sun_family = AF_UNIX}};
	snprintf(a->un.sun_path, sizeof(a->un.sun_path), "/proc/self/fd/%d/%s", *dir, file);
	return SP_OK;
}

int sp_admin_listen(const char *state, int *fd)
{
	union address a;
	int dir, keep, rc = name_of(state, SP_ADMIN_SOCKET ".new", &dir, &a);

	*fd = -1;
	if (rc != SP_OK) {
		return rc;
	}
	*fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Made beside and renamed, so that the old one is gone only when the new one listens. */
	unlinkat(dir, SP_ADMIN_SOCKET ".new", 0);
	if (!(*fd >= 0 && bind(*fd, &a.sa, sizeof(a.un)) == 0 &&
			    fchmodat(dir, SP_ADMIN_SOCKET ".new", 0600, 0) == 0 &&
			    listen(*fd, 8) == 0 &&
			    renameat(dir, SP_ADMIN_SOCKET ".new", dir, SP_ADMIN_SOCKET) == 0)) {
		rc = SP_ESYS;
	}
	keep = errno;
	if (rc != SP_OK) {
		sp_fd_close(fd);
	}
	sp_fd_close(&dir);
	errno = keep;
	return rc;
}

int sp_admin_connect(const char *state, int *fd)
{
	union address a;
	int dir, keep, rc = name_of(state, SP_ADMIN_SOCKET, &dir, &a);

	*fd = -1;
	if (rc != SP_OK) {
		return rc;
	}
	*fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (!(*fd >= 0 && connect(*fd, &a.sa, sizeof(a.un)) == 0)) {
		keep = errno;
		rc = keep == ENOENT || keep == ECONNREFUSED       ? SP_ENOTFOUND
				: keep == EACCES || keep == EPERM ? SP_EDENIED
								  : SP_ESYS;
		sp_fd_close(fd);
		errno = keep;
	}
	keep = errno;
	sp_fd_close(&dir);
	errno = keep;
	return rc;
}
