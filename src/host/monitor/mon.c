/* host/monitor/mon.c - sending, receiving and asking the fixed structures of msg.h. */
#include "host/monitor/mon.h"

#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "host/io/ipc.h"
#include "host/io/loop.h"
#include "host/monitor/check.h"

_Static_assert(SP_MON_FDS <= SP_IPC_FDS, "descriptors");

/* One message of the largest kind; each process has one thread. Wiped after every use. */
static struct sp_ipc_msg raw;

int sp_mon_send(int fd, enum sp_msg type, const void *body, size_t n, const int *fds, size_t nfds)
{
	if (n == 0 || n != sp_check_size(type) || sp_check_fds(type, nfds) != SP_OK) {
		return SP_EARG;
	}
	return sp_ipc_send(fd, type, body, n, fds, nfds);
}

/* Checks what came into raw and moves it to its receiver. */
static int accept_raw(struct sp_mon_in *in)
{
	int rc = sp_check_fds(raw.type, raw.nfds);

	if (rc == SP_OK && raw.n != sp_check_size(raw.type)) {
		rc = SP_EFIELD;
	}
	if (rc == SP_OK) {
		rc = sp_ipc_body(&raw, &in->body, sp_check_size(raw.type));
	}
	if (rc == SP_OK) {
		rc = sp_check_body(raw.type, &in->body, raw.nfds);
	}
	if (rc == SP_OK) {
		in->type = raw.type;
		in->nfds = raw.nfds;
		for (size_t i = 0; i < raw.nfds; i++) {
			in->fds[i] = sp_ipc_take_fd(&raw, i);
		}
	} else {
		sp_wipe(in, sizeof(*in));
	}
	sp_ipc_drop_fds(&raw);
	sp_wipe(raw.p, raw.n);
	return rc;
}

int sp_mon_recv(int fd, struct sp_mon_in *in)
{
	memset(in, 0, sizeof(*in));
	int rc = sp_ipc_recv(fd, &raw, SP_MON_FDS);
	if (rc != 1) {
		return rc;
	}
	rc = accept_raw(in);
	return rc == SP_OK ? 1 : rc;
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

int sp_mon_ask(int fd, enum sp_msg type, const void *body, size_t n, enum sp_msg want,
		struct sp_mon_in *in, int timeout_ms)
{
	memset(in, 0, sizeof(*in));
	int rc = sp_mon_send(fd, type, body, n, NULL, 0);
	if (rc != SP_OK) {
		return rc;
	}
	rc = sp_ipc_wait(fd, &raw, SP_MON_FDS, sp_now_us() + (uint64_t)timeout_ms * 1000);
	if (rc != SP_OK) {
		return rc;
	}
	rc = accept_raw(in);
	if (rc == SP_OK && in->type != (uint32_t)want) {
		sp_mon_in_finish(in);
		return SP_ESTATE;
	}
	return rc;
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
