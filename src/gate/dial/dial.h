/* gate/dial/dial.h - connections being opened: a name or an address in, a socket or a reason out. */
#ifndef SP_GATE_DIAL_DIAL_H
#define SP_GATE_DIAL_DIAL_H

#include "core/base/attr.h"
#include "host/io/loop.h"
#include "host/monitor/msg.h"

/* At once; what goes beyond is refused, not queued. */
#define SP_DIALS 64
/* The next address of a name is tried so long after the one before; the first to answer wins. */
#define SP_DIAL_APART_US 300000
#define SP_DIAL_MS 10000 /* where the question names no time */
#define SP_DIAL_MS_MAX 60000
#define SP_DIAL_PORT 3389

struct sp_dialer;

struct sp_dialer_calls {
	/* A connected, tuned, nonblocking socket; the receiver's. */
	void (*dialed)(void *user, const struct sp_msg_dialed *m, int fd);
	void (*failed)(void *user, const struct sp_msg_dial_failed *m);
};

/* NULL without memory. */
sp_nodiscard struct sp_dialer *sp_dialer_create(
		struct sp_loop *l, const struct sp_dialer_calls *calls, void *user);
/* Not while the loop still runs children of it. Accepts NULL. */
void sp_dialer_destroy(struct sp_dialer *d);
/* Each is answered once, by one of the calls; maybe before this returns. */
void sp_dialer_dial(struct sp_dialer *d, const struct sp_msg_dial *m);

#endif
