/* host/monitor/admin.h - what `sallyport session` and the keeper say to each other. */
#ifndef SP_HOST_MONITOR_ADMIN_H
#define SP_HOST_MONITOR_ADMIN_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "host/monitor/msg.h"

/*
 * A socket (SOCK_SEQPACKET) in the state directory, which only the keeper's account and root can
 * open; both sides are programs of one build. As in msg.h all are plain structures, zeroed before
 * they are filled, and sp_admin_recv() has checked what it gives out.
 */
#define SP_ADMIN_SOCKET "control.sock"

#define SP_ADMIN_STATE 32 /* "waiting for approval" */
#define SP_ADMIN_RULE 144
#define SP_ADMIN_NAME 32 /* a ULID, and a NUL */

/* The name and structure of every message. */
#define SP_ADMIN_MAP(X) \
	/* questions; one at a time */ \
	X(LIST, none) /* answered by any number of SESSION and END */ \
	X(SHOW, which) /* answered by SESSION or RESULT */ \
	X(WATCH, which) /* the same, and the audit knows that somebody looks on */ \
	X(END_SESSION, end) /* this and the following by RESULT */ \
	X(APPROVE, decide) \
	X(REFUSE, decide) \
	/* answers */ \
	X(SESSION, session) \
	X(END, none) \
	X(RESULT, result)

enum sp_admin {
	SP_ADMIN_NONE,
#define X(name, body) SP_ADMIN_##name,
	SP_ADMIN_MAP(X)
#undef X
	SP_ADMIN_COUNT
};

struct sp_admin_none {
	uint32_t zero;
};

struct sp_admin_which {
	uint32_t id; /* not 0 */
	uint32_t zero;
};

struct sp_admin_end {
	uint32_t id;
	uint32_t zero;
	char reason[SP_TEXT_WHY]; /* for the person; may be empty */
};

struct sp_admin_decide {
	uint32_t id;
	uint32_t zero;
	char as[SP_TEXT_USER]; /* who decides; not empty */
};

struct sp_admin_session {
	uint32_t id;
	uint32_t device, resumed; /* 0 or 1 */
	uint32_t zero;
	uint64_t conn, grant; /* as the log has them; grant 0: none yet */
	int64_t since; /* seconds since 1970: the first factor was proved */
	int64_t active; /* the target was up; 0: not yet */
	int64_t until; /* it will be ended then; 0: nothing set */
	char name[SP_ADMIN_NAME]; /* what the audit calls it */
	char recording[SP_ADMIN_NAME]; /* the one that is being made of it; empty: none */
	char state[SP_ADMIN_STATE];
	char user[SP_TEXT_USER];
	char source[SP_TEXT_ADDR];
	char interface[SP_TEXT_IFACE];
	char target[SP_TEXT_TARGET]; /* empty: not chosen yet */
	char rule[SP_ADMIN_RULE]; /* empty: none yet */
	char reason[SP_TEXT_WHY]; /* typed by the person; may be empty */
	char approver[SP_TEXT_USER]; /* who approved it; may be empty */
};

enum sp_admin_outcome {
	SP_ADMIN_FAILED,
	SP_ADMIN_DONE,
	SP_ADMIN_OUTCOMES
};

struct sp_admin_result {
	uint32_t outcome; /* enum sp_admin_outcome */
	uint32_t zero;
	char text[SP_TEXT_WHY];
};

union sp_admin_body {
	struct sp_admin_none none;
	struct sp_admin_which which;
	struct sp_admin_end end;
	struct sp_admin_decide decide;
	struct sp_admin_session session;
	struct sp_admin_result result;
};

struct sp_admin_in {
	uint32_t type; /* enum sp_admin */
	union sp_admin_body body;
};

/* "END_SESSION"; static, "?" for a number that is no message. */
const char *sp_admin_name(uint32_t type);
/*
 * Sends one message. SP_EARG: size is not the type's; SP_ESPACE when the socket is nonblocking and
 * the other side does not read; SP_ECLOSED.
 */
sp_nodiscard int sp_admin_send(int fd, enum sp_admin type, const void *body, size_t n);
/* From a pointer to its structure: sp_admin_say(fd, LIST, &none). */
#define sp_admin_say(fd, name, bodyp) sp_admin_send(fd, SP_ADMIN_##name, bodyp, sizeof(*(bodyp)))
/*
 * Never blocks: 1 and a checked message; 0: none is there; SP_ECLOSED; any other error: it is not
 * one of ours, and the socket is to be closed.
 */
sp_nodiscard int sp_admin_recv(int fd, struct sp_admin_in *in);
/* The same, but waits for one until `deadline_us` of sp_now_us(): SP_OK, SP_ETIMEOUT. */
sp_nodiscard int sp_admin_wait(int fd, struct sp_admin_in *in, uint64_t deadline_us);

/*
 * The socket in a state directory, of any length. `listen` makes it in the place of an old one,
 * mode 0600; `connect` is blocking. SP_ENOTFOUND: nobody listens there; SP_EDENIED: not for this
 * user; SP_ESYS.
 */
sp_nodiscard int sp_admin_listen(const char *state, int *fd);
sp_nodiscard int sp_admin_connect(const char *state, int *fd);

#endif
