/* host/io/ipc.h - messages between our processes: a type, a body, and up to four descriptors. */
#ifndef SP_HOST_IO_IPC_H
#define SP_HOST_IO_IPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"

#define SP_IPC_MAX (64 * 1024) /* of a body */
#define SP_IPC_FDS 4

/* A received message. Large: let it be part of a heap object or static, not of a deep stack. */
struct sp_ipc_msg {
	uint32_t type;
	size_t n; /* INVARIANT: n <= SP_IPC_MAX */
	size_t nfds; /* INVARIANT: nfds <= SP_IPC_FDS */
	int fds[SP_IPC_FDS]; /* close-on-exec; the receiver's; -1 where taken */
	uint8_t p[SP_IPC_MAX];
};

/* A connected pair of SOCK_SEQPACKET sockets, close-on-exec, blocking. SP_ESYS. */
sp_nodiscard int sp_ipc_pair(int fds[2]);

/*
 * Sends one message, whole or not at all; fds stay the caller's. SP_ESPACE when the socket is
 * nonblocking and full, SP_ECLOSED when the other end is gone, SP_EARG, SP_ESYS.
 */
sp_nodiscard int sp_ipc_send(
		int fd, uint32_t type, const void *body, size_t n, const int *fds, size_t nfds);
/*
 * Receives one message without waiting: 1 got one; 0 there is none; SP_ECLOSED; SP_EFIELD,
 * SP_ESHORT, SP_ELIMIT for a message that is damaged, cut or brings other descriptors than it
 * says or more than max_fds. On every error all descriptors that came are closed.
 */
sp_nodiscard int sp_ipc_recv(int fd, struct sp_ipc_msg *m, size_t max_fds);
/* Waits for one until deadline_us of sp_now_us(): SP_OK, SP_ETIMEOUT, or as sp_ipc_recv. */
sp_nodiscard int sp_ipc_wait(int fd, struct sp_ipc_msg *m, size_t max_fds, uint64_t deadline_us);
/*
 * Sends a question and waits for its answer, which must have the type answer_type (else
 * SP_ESTATE). For channels on which nothing comes unasked. m may be the same for both.
 */
sp_nodiscard int sp_ipc_ask(int fd, uint32_t type, const void *body, size_t n, uint32_t answer_type,
		struct sp_ipc_msg *m, size_t max_fds, uint64_t deadline_us);

/* Copies a body that must have exactly this size: SP_OK or SP_EFIELD. */
sp_nodiscard int sp_ipc_body(const struct sp_ipc_msg *m, void *out, size_t size);
/* Takes descriptor i out of m: the caller's from now on; -1 where there is none. */
int sp_ipc_take_fd(struct sp_ipc_msg *m, size_t i);
/* Closes what was not taken. */
void sp_ipc_drop_fds(struct sp_ipc_msg *m);

#endif
