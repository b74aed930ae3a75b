/* gate/net/greeter/greeter.h - a desktop of our own that asks what the keeper wants to know. */
#ifndef SP_GATE_NET_GREETER_GREETER_H
#define SP_GATE_NET_GREETER_GREETER_H

#include "core/base/attr.h"
#include "core/rdp/rdp.h"
#include "host/io/loop.h"
#include "host/monitor/msg.h"
#include "host/rdp/conn.h"

struct sp_greeter;

struct sp_greeter_calls {
	/* What was typed or chosen for the prompt that stands; valid in the call. Once for each. */
	void (*answer)(void *user, const struct sp_msg_answer *answer);
	/* The person wants to leave, or read a refusal long enough. May destroy the greeter. */
	void (*leave)(void *user);
	/* The picture cannot be sent. May destroy the greeter. */
	void (*failed)(void *user, int err);
};

/*
 * Activates the client, which waits for that, with a desktop of its own size; who is the name to
 * be greeted. The greeter borrows loop and conn. NULL without memory or when the client cannot be
 * activated.
 */
sp_nodiscard struct sp_greeter *sp_greeter_create(struct sp_loop *loop, struct sp_conn *conn,
		const struct sp_geometry *g, const char *who, const struct sp_greeter_calls *calls,
		void *user);
/* Accepts NULL. */
void sp_greeter_destroy(struct sp_greeter *g);

/* Shows any prompt but DONE. After a refusal leave() follows, by the person or after a while. */
void sp_greeter_prompt(struct sp_greeter *g, const struct sp_msg_prompt *p);
/* Nothing left to ask: target is being opened; "" is the one of the last prompts. */
void sp_greeter_open(struct sp_greeter *g, const char *target);

/* An event of the client's machine; all that is not meant for a desktop is ignored. */
void sp_greeter_event(struct sp_greeter *g, const struct sp_event *ev);
/* The connection has room again. */
void sp_greeter_room(struct sp_greeter *g);

#endif
