/* host/monitor/mon.h - sending, receiving and asking the fixed structures of msg.h. */
#ifndef SP_HOST_MONITOR_MON_H
#define SP_HOST_MONITOR_MON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "host/monitor/msg.h"

#define SP_MON_FDS 3

/* A received and checked message; the receiver owns its descriptors. */
struct sp_mon_in {
	uint32_t type; /* enum sp_msg */
	size_t nfds;
	int fds[SP_MON_FDS];
	union sp_msg_body body;
};

/*
 * Sends one message; the descriptors stay the caller's. SP_EARG when size or number of
 * descriptors are not those of the type, SP_ECLOSED when the other side is gone, SP_ESPACE when
 * the socket is nonblocking and the other side does not read.
 */
sp_nodiscard int sp_mon_send(
		int fd, enum sp_msg type, const void *body, size_t n, const int *fds, size_t nfds);

/* A message without descriptors, from a pointer to its structure: sp_mon_say(fd, DONE, &done). */
#define sp_mon_say(fd, name, bodyp) sp_mon_send(fd, SP_MSG_##name, bodyp, sizeof(*(bodyp)), NULL, 0)

/*
 * 1: a message is in `in`. 0: none is there now. SP_ECLOSED: the other side is gone. Any other
 * error: the message is not one of ours or breaks its bounds, and the socket must be closed.
 * Never blocks. What `in` held before is not looked at.
 */
sp_nodiscard int sp_mon_recv(int fd, struct sp_mon_in *in);
/* Takes descriptor i out of the message; the caller owns it then. */
int sp_mon_take_fd(struct sp_mon_in *in, size_t i);
/* Closes the descriptors that were not taken and wipes the body. */
void sp_mon_in_finish(struct sp_mon_in *in);

/*
 * Asks and waits for the answer of the type `want`: 1-to-1 questions of a child that has nothing
 * else to do meanwhile. SP_ETIMEOUT after `timeout_ms`; any other type of answer is SP_ESTATE.
 */
sp_nodiscard int sp_mon_ask(int fd, enum sp_msg type, const void *body, size_t n, enum sp_msg want,
		struct sp_mon_in *in, int timeout_ms);

/*
 * The table of what a child may ask. Each row is permitted now or fatal; a once-only row becomes
 * fatal by being asked.
 */
#define SP_QUESTION_ONCE 1u /* may be asked once */
#define SP_QUESTION_NOW 2u /* permitted from the start; else after sp_permit_allow() */

#define SP_QUESTIONS_MAX 24

/* Answers a question. SP_OK, or an error that is fatal for the child. */
typedef int (*sp_question_fn)(void *ctx, struct sp_mon_in *in);

struct sp_question {
	enum sp_msg type;
	uint32_t flags;
	sp_question_fn handler;
};

struct sp_permit {
	const struct sp_question *rows;
	size_t n; /* INVARIANT: n <= SP_QUESTIONS_MAX */
	uint32_t now; /* bit i: row i may be asked now */
};

void sp_permit_init(struct sp_permit *p, const struct sp_question *rows, size_t n);
void sp_permit_allow(struct sp_permit *p, enum sp_msg type);
void sp_permit_forbid(struct sp_permit *p, enum sp_msg type);
/* Forbids everything. */
void sp_permit_close(struct sp_permit *p);
/* Looks the message up, spends a once-only row and calls its handler; SP_EDENIED is fatal. */
sp_nodiscard int sp_permit_dispatch(struct sp_permit *p, void *ctx, struct sp_mon_in *in);

#endif
