/* host/monitor/mon.c - sending, receiving and asking the fixed structures of msg.h. */
#include "host/monitor/mon.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "host/monitor/check.h"

struct head {
	uint32_t type;
	uint32_t n; /* bytes that follow */
};

static int error_of(int e)
{
	if (e == EPIPE || e == ECONNRESET || e == ENOTCONN) {
		return SP_ECLOSED;
	}
	return e == EAGAIN || e == ENOBUFS ? SP_ELIMIT : SP_ESYS;
}

int sp_mon_send(int fd, enum sp_msg type, const void *body, size_t n, const int *fds, size_t nfds)
{
	struct head head = {.type = type, .n = (uint32_t)n};
	struct iovec iov[2] = {{&head, sizeof(head)}, {(void *)(uintptr_t)body, n}};
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = 2};
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(SP_MON_FDS * sizeof(int))];
	} control = {0};

	if (n == 0 || n != sp_check_size(type) || sp_check_fds(type, nfds) != SP_OK) {
		return SP_EARG;
	}
	if (nfds > 0) {
		m.msg_control = control.buf;
		m.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, nfds * sizeof(int));
	}
	for (;;) {
		ssize_t done = sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (done >= 0) {
			return (size_t)done == sizeof(head) + n ? SP_OK : SP_EBUG;
		}
		if (errno != EINTR) {
			return error_of(errno);
		}
	}
}

/* Keeps at most SP_MON_FDS descriptors and closes the others; returns how many there were. */
static size_t keep_fds(struct msghdr *m, struct sp_mon_in *in)
{
	size_t seen = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
			continue;
		}
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++, seen++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (seen < SP_MON_FDS) {
				in->fds[in->nfds++] = fd;
			} else {
				close(fd);
			}
		}
	}
	return seen;
}

static int check(const struct head *head, size_t got, const struct sp_mon_in *in, size_t seen)
{
	int rc = sp_check_fds(head->type, seen);

	if (rc != SP_OK) {
		return rc;
	}
	if (head->n != sp_check_size(head->type) || got != sizeof(*head) + head->n) {
		return SP_EFIELD;
	}
	return sp_check_body(head->type, &in->body, seen);
}

int sp_mon_recv(int fd, struct sp_mon_in *in)
{
	struct head head = {0};
	struct iovec iov[2] = {{&head, sizeof(head)}, {&in->body, sizeof(in->body)}};
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(SP_MON_FDS * sizeof(int))];
	} control = {0};
	struct msghdr m = {.msg_iov = iov,
			.msg_iovlen = 2,
			.msg_control = control.buf,
			.msg_controllen = sizeof(control.buf)};
	ssize_t got;

	memset(in, 0, sizeof(*in));
	do {
		got = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0) {
		return errno == EAGAIN ? 0 : error_of(errno);
	}
	if (got == 0) {
		return SP_ECLOSED;
	}
	size_t seen = keep_fds(&m, in);
	int rc = (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ? SP_EFIELD : SP_OK;
	if (rc == SP_OK) {
		rc = check(&head, (size_t)got, in, seen);
	}
	if (rc != SP_OK) {
		sp_mon_in_finish(in);
		return rc;
	}
	in->type = head.type;
	return 1;
}

int sp_mon_take_fd(struct sp_mon_in *in, size_t i)
{
	if (!(i < in->nfds)) {
		return -1;
	}
	int fd = in->fds[i];
	in->fds[i] = -1;
	return fd;
}

void sp_mon_in_finish(struct sp_mon_in *in)
{
	for (size_t i = 0; i < in->nfds; i++) {
		if (in->fds[i] >= 0) {
			close(in->fds[i]);
		}
	}
	sp_wipe(in, sizeof(*in));
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int sp_mon_ask(int fd, enum sp_msg type, const void *body, size_t n, enum sp_msg want,
		struct sp_mon_in *in, int timeout_ms)
{
	int64_t until = now_ms() + timeout_ms;
	int rc = sp_mon_send(fd, type, body, n, NULL, 0);

	memset(in, 0, sizeof(*in));
	while (rc == SP_OK) {
		rc = sp_mon_recv(fd, in);
		if (rc != 0) {
			break;
		}
		int64_t left = until - now_ms();
		if (left <= 0) {
			return SP_ETIMEOUT;
		}
		struct pollfd p = {.fd = fd, .events = POLLIN};
		if (poll(&p, 1, (int)left) < 0 && errno != EINTR) {
			return SP_ESYS;
		}
	}
	if (rc < 0) {
		return rc;
	}
	if (in->type != want) {
		sp_mon_in_finish(in);
		return SP_ESTATE;
	}
	return SP_OK;
}

void sp_permit_init(struct sp_permit *p, const struct sp_question *rows, size_t n)
{
	*p = (struct sp_permit){.rows = rows, .n = n <= SP_QUESTIONS_MAX ? n : SP_QUESTIONS_MAX};
	for (size_t i = 0; i < p->n; i++) {
		if ((rows[i].flags & SP_QUESTION_NOW) != 0) {
			p->now |= 1u << i;
		}
	}
}

/* The bit of a type's row; 0 when the table has no such row. */
static uint32_t bit_of(const struct sp_permit *p, uint32_t type)
{
	for (size_t i = 0; i < p->n; i++) {
		if ((uint32_t)p->rows[i].type == type) {
			return 1u << i;
		}
	}
	return 0;
}

void sp_permit_allow(struct sp_permit *p, enum sp_msg type)
{
	p->now |= bit_of(p, type);
}

void sp_permit_forbid(struct sp_permit *p, enum sp_msg type)
{
	p->now &= ~bit_of(p, type);
}

bool sp_permit_is(const struct sp_permit *p, enum sp_msg type)
{
	return (p->now & bit_of(p, type)) != 0;
}

void sp_permit_close(struct sp_permit *p)
{
	p->now = 0;
}

int sp_permit_dispatch(struct sp_permit *p, void *ctx, struct sp_mon_in *in)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct sp_question *q = &p->rows[i];
		if ((uint32_t)q->type != in->type) {
			continue;
		}
		if ((p->now & 1u << i) == 0) {
			return SP_EDENIED;
		}
		if ((q->flags & SP_QUESTION_ONCE) != 0) {
			p->now &= ~(1u << i);
		}
		return q->handler(ctx, in);
	}
	return SP_EDENIED;
}
