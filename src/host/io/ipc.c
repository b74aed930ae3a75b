/* host/io/ipc.c - see ipc.h. */
#include "host/io/ipc.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/err.h"
#include "host/io/fdio.h"
#include "host/io/loop.h"

/* Between our own programs of one build on one machine: host byte order. */
struct head {
	uint32_t type;
	uint32_t n; /* bytes that follow */
	uint32_t nfds; /* descriptors that come along */
};

union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(SP_IPC_FDS * sizeof(int))];
};

int sp_ipc_pair(int fds[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0 ? SP_OK : SP_ESYS;
}

static int send_flags(int fd, uint32_t type, const void *body, size_t body_n, const int *fds,
		size_t nfds, int flags)
{
	if (!(nfds <= SP_IPC_FDS && body_n <= SP_IPC_MAX)) {
		return SP_EARG;
	}
	struct head h = {type, (uint32_t)body_n, (uint32_t)nfds};
	struct iovec iov[2] = {
			{&h, sizeof(h)},
			{(void *)(uintptr_t)body, body_n},
	};
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = 2};
	union control c;

	if (nfds > 0) {
		memset(&c, 0, sizeof(c));
		m.msg_control = &c;
		m.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		struct cmsghdr *cm = CMSG_FIRSTHDR(&m);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(cm), fds, nfds * sizeof(int));
	}
	ssize_t n;
	do {
		n = sendmsg(fd, &m, MSG_NOSIGNAL | flags);
	} while (n < 0 && errno == EINTR);
	if (n >= 0) {
		return SP_OK;
	}
	if (errno == EAGAIN) {
		return SP_ESPACE;
	}
	return errno == EPIPE || errno == ECONNRESET ? SP_ECLOSED : SP_ESYS;
}

int sp_ipc_send(int fd, uint32_t type, const void *body, size_t n, const int *fds, size_t nfds)
{
	return send_flags(fd, type, body, n, fds, nfds, 0);
}

/* Takes the descriptors of all control messages into m; SP_EFIELD for anything else in there. */
static int take_control(struct msghdr *mh, struct sp_ipc_msg *m)
{
	int rc = SP_OK;

	for (struct cmsghdr *cm = CMSG_FIRSTHDR(mh); cm; cm = CMSG_NXTHDR(mh, cm)) {
		if (cm->cmsg_level != SOL_SOCKET || cm->cmsg_type != SCM_RIGHTS) {
			rc = SP_EFIELD;
			continue;
		}
		size_t n = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cm) + i * sizeof(int), sizeof(int));
			if (m->nfds < SP_IPC_FDS) {
				m->fds[m->nfds++] = fd;
			} else {
				rc = SP_ELIMIT;
				close(fd);
			}
		}
	}
	return rc;
}

int sp_ipc_recv(int fd, struct sp_ipc_msg *m, size_t max_fds)
{
	struct head h = {0};
	struct iovec iov[2] = {{&h, sizeof(h)}, {m->p, SP_IPC_MAX}};
	union control c;
	struct msghdr mh = {.msg_iov = iov,
			.msg_iovlen = 2,
			.msg_control = &c,
			.msg_controllen = sizeof(c)};
	ssize_t n;

	m->type = 0;
	m->n = 0;
	m->nfds = 0;
	do {
		n = recvmsg(fd, &mh, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		if (errno == EAGAIN) {
			return 0;
		}
		return errno == ECONNRESET ? SP_ECLOSED : SP_ESYS;
	}
	int rc = take_control(&mh, m);
	if (n == 0 && m->nfds == 0 && rc == SP_OK) {
		return SP_ECLOSED;
	}
	if (rc == SP_OK && (mh.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		rc = SP_ELIMIT;
	} else if (rc == SP_OK && (size_t)n < sizeof(h)) {
		rc = SP_ESHORT;
	} else if (rc == SP_OK && (h.n != (size_t)n - sizeof(h) || h.nfds != m->nfds)) {
		rc = SP_EFIELD;
	} else if (rc == SP_OK && m->nfds > max_fds) {
		rc = SP_ELIMIT;
	}
	if (rc != SP_OK) {
		sp_ipc_drop_fds(m);
		return rc;
	}
	m->type = h.type;
	m->n = h.n;
	return 1;
}

/* SP_OK when fd is ready for events, or gone; SP_ETIMEOUT. */
static int wait_ready(int fd, short events, uint64_t deadline_us)
{
	for (;;) {
		uint64_t now = sp_now_us();
		uint64_t left = deadline_us > now ? deadline_us - now : 0;
		struct timespec ts = {(time_t)(left / 1000000), (long)(left % 1000000) * 1000};
		struct pollfd p = {.fd = fd, .events = events};
		int n = ppoll(&p, 1, &ts, NULL);

		if (n > 0) {
			return SP_OK;
		}
		if (n == 0) {
			return SP_ETIMEOUT;
		}
		if (errno != EINTR) {
			return SP_ESYS;
		}
	}
}

int sp_ipc_wait(int fd, struct sp_ipc_msg *m, size_t max_fds, uint64_t deadline_us)
{
	for (;;) {
		int rc = sp_ipc_recv(fd, m, max_fds);

		if (rc == 0) {
			rc = wait_ready(fd, POLLIN, deadline_us);
			if (rc == SP_OK) {
				continue;
			}
		}
		return rc == 1 ? SP_OK : rc;
	}
}

int sp_ipc_ask(int fd, uint32_t type, const void *body, size_t n, uint32_t answer_type,
		struct sp_ipc_msg *m, size_t max_fds, uint64_t deadline_us)
{
	int rc;

	while ((rc = send_flags(fd, type, body, n, NULL, 0, MSG_DONTWAIT)) == SP_ESPACE) {
		rc = wait_ready(fd, POLLOUT, deadline_us);
		if (rc != SP_OK) {
			return rc;
		}
	}
	if (rc != SP_OK) {
		return rc;
	}
	rc = sp_ipc_wait(fd, m, max_fds, deadline_us);
	if (rc == SP_OK && m->type != answer_type) {
		sp_ipc_drop_fds(m);
		return SP_ESTATE;
	}
	return rc;
}

int sp_ipc_body(const struct sp_ipc_msg *m, void *out, size_t size)
{
	if (m->n != size) {
		return SP_EFIELD;
	}
	memcpy(out, m->p, size);
	return SP_OK;
}

int sp_ipc_take_fd(struct sp_ipc_msg *m, size_t i)
{
	if (!(i < m->nfds)) {
		return -1;
	}
	int fd = m->fds[i];
	m->fds[i] = -1;
	return fd;
}

void sp_ipc_drop_fds(struct sp_ipc_msg *m)
{
	for (size_t i = 0; i < m->nfds; i++) {
		sp_fd_close(&m->fds[i]);
	}
	m->nfds = 0;
}
