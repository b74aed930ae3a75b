/* gate/net/net.h - the one connection that a sp-net serves, and who handles which part of it. */
#ifndef SP_GATE_NET_NET_H
#define SP_GATE_NET_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "core/rdp/legs.h"
#include "gate/net/greeter/greeter.h"
#include "gate/net/limit.h"
#include "gate/net/line.h"
#include "gate/net/tap.h"
#include "host/io/loop.h"
#include "host/io/tls.h"
#include "host/monitor/mon.h"
#include "host/monitor/told.h"
#include "host/rdp/conn.h"

/* Named by what is awaited. */
enum sp_net_state {
	SP_NET_WAIT_START, /* the parent: a connection */
	SP_NET_WAIT_LOGIN, /* the client and sp-login: negotiation, TLS, CredSSP */
	SP_NET_WAIT_LOGON, /* the client: MCS to Client Info */
	SP_NET_WAIT_PROMPT, /* the keeper: the next thing to ask */
	SP_NET_WAIT_ANSWER, /* the person at the client; or the keeper, who may go on by itself */
	SP_NET_WAIT_TARGET, /* the keeper: the target's socket */
	SP_NET_WAIT_LEAVE, /* the person at the client, who reads why there is no target */
	SP_NET_WAIT_LICENSE, /* the target: its side of the sequence up to its Demand Active */
	SP_NET_RELAY,
	SP_NET_ENDING,
};

/* What target.c knows of the target's leg until it is relayed. */
struct sp_net_leg {
	struct sp_tls_ctx *tls; /* NULL until a target needs it */
	int link; /* to sp-target; INVARIANT: open as long as watch is there */
	struct sp_watch *watch, *last; /* of the link; how long it may explain a lost connection */
	bool rdp; /* a host behind the gate, not a desktop of this machine */
	bool tls_only;
	bool rdstls; /* a redirection's login goes that way */
	unsigned redirections; /* followed so far */
	bool has_session; /* a redirection's, to be named in the next connection */
	uint32_t session;
	bool asked; /* sp-target has a TSRequest that it did not answer yet */
	unsigned answers; /* TSRequests that went to the target */
	uint32_t error_info; /* SP_ERRINFO_*: what the target said before it closed */
	char name[SP_TEXT_TARGET];
	char text[SP_TEXT_WHY]; /* why it was lost, if sp-target does not know better */
};

struct sp_net {
	struct sp_loop *loop;
	struct sp_tls_ctx *tls;
	struct sp_watch *parent, *keeper, *login;
	enum sp_net_state state;
	struct sp_msg_net_start start;
	struct sp_msg_verdict verdict;
	struct sp_geometry geometry; /* of the client, from its logon on */
	struct sp_conn *user, *target;
	struct sp_net_leg leg;
	struct sp_greeter *greeter; /* NULL but while there is something to say */
	struct sp_legs *legs; /* from the logon on */
	/* Of a client that waits for its target and sees nothing; then, of the activation. */
	struct sp_watch *patience;
	struct sp_legs_rules rules; /* of the target */
	struct sp_tap *tap; /* NULL: it is not recorded */
	bool record_required;
	bool gone; /* all is over but what the recorder has yet to take */
	struct sp_told_rate told; /* of transfers, to the keeper */
	struct sp_msg_arc arc; /* ours, for the client */
	uint64_t arc_told_us; /* when the keeper was told of the target's; 0: never */
	struct sp_limit limit; /* of the session; start_us 0: it does not run yet */
	struct sp_watch *limit_watch;
	struct sp_net_line line;
	bool limit_warned; /* the warning stands */
	uint32_t error_info; /* what a client is told whom the greeter refused */
	bool drop; /* the client's line is to break, without goodbye */
	bool bye_said;
	uint64_t bytes_in, bytes_out; /* of the client's socket, when it is no more */
	bool refused; /* the client was told that no security protocol is in common */
	uint32_t protocol; /* SP_PROTO_* that was selected */
	bool denied; /* by the rules, and the client takes no early result: the greeter tells it */
	uint32_t why; /* enum sp_why: what the keeper is told at the end */
	char text[SP_TEXT_WHY];
};

/* door.c: from the first packet to the verdict. */
void sp_door_open(struct sp_net *n, int fd);
/* Goes on with it, once its first packet was found good where that has to be. */
void sp_door_begin(struct sp_net *n, int fd);
/* door_token.c: looks for a token in the first packet; without one there is no answer at all. */
void sp_door_token(struct sp_net *n, int fd);
/* talk.c: what the keeper wants to know, and the greeter that asks it. */
void sp_talk_start(struct sp_net *n);
void sp_talk_prompt(struct sp_net *n, const struct sp_msg_prompt *p);
/* Shows somebody who came without a greeter that the target is still being opened. */
void sp_talk_wait(struct sp_net *n);
/* Tells a client whom the rules deny, and who could not be told before. */
void sp_talk_denied(struct sp_net *n);
/* Shows a reason where there is a greeter to do it, then ends; else ends at once. */
void sp_talk_refuse(struct sp_net *n, uint32_t error_info, uint32_t why, const char *text);
/* The keeper's end of what is not relayed yet: says why, as sp_talk_refuse() does. */
void sp_talk_session_end(struct sp_net *n, const struct sp_msg_session_end *e);
/* relay.c: from Client Info to the end. */
void sp_relay_logon(struct sp_net *n);
/* Asks the keeper for the target. */
void sp_relay_open(struct sp_net *n);
/* What the target may have and how long; before its leg is made. */
void sp_relay_begin(struct sp_net *n, const struct sp_msg_target *t);
/* What its leg is to tell the target of the client. */
void sp_relay_shape(struct sp_net *n, const struct sp_msg_target *t, struct sp_gcc_client *gcc,
		struct sp_info *info);
/* Its leg is there; NULL: it is given up. */
void sp_relay_target(struct sp_net *n, struct sp_rdp *target);
/* A SP_EV_RELAY of the target. */
void sp_relay_target_event(struct sp_net *n, const struct sp_event *ev);
/* The target ended the session in order; reason is that of its disconnect ultimatum. */
void sp_relay_target_ended(struct sp_net *n, uint32_t reason);
void sp_relay_target_room(struct sp_net *n);
void sp_relay_user_event(struct sp_net *n, const struct sp_event *ev);
void sp_relay_user_closed(struct sp_net *n);
void sp_relay_user_room(struct sp_net *n);
/* What went out on either leg. */
void sp_relay_user_sent(struct sp_net *n, struct sp_rcbuf *pdus);
void sp_relay_target_sent(struct sp_net *n, const struct sp_rcbuf *pdus);
/* A licence of a host, kept by the keeper: asked for early, answered, given. */
void sp_relay_ask_license(struct sp_net *n);
void sp_relay_license(struct sp_net *n, const struct sp_msg_license *m);
void sp_relay_keep_license(struct sp_net *n, struct sp_span license);
/* The target did not take the one that it was shown: it is not to bar the way for ever. */
void sp_relay_drop_license(struct sp_net *n);
/* Messages of the keeper. */
void sp_relay_arc(struct sp_net *n, const struct sp_msg_arc *arc);
void sp_relay_session_end(struct sp_net *n, const struct sp_msg_session_end *e);

/*
 * target.c: the target's leg. link is the one to sp-target, -1 for a desktop; both descriptors
 * are its own from now on.
 */
void sp_target_socket(struct sp_net *n, int fd, int link, const struct sp_msg_target *t);
/* The login there is over, or given up: nobody listens to sp-target any more. */
void sp_target_forget_login(struct sp_net *n);
/* Leaves the target, and its login, at once and without a word. */
void sp_target_drop(struct sp_net *n);
/* The target will not do: tells the log and the person, by the target's name. */
void sp_target_give_up(struct sp_net *n, uint32_t why, const char *reason);
/* redirect.c: a SP_EV_REDIRECT of the target; the keeper is asked for the next one. */
void sp_redirect_follow(struct sp_net *n, struct sp_span packet);

/* main.c */
/* Ends the connection in order; error_info is told to a client that takes it (0: nothing). */
void sp_net_end(struct sp_net *n, uint32_t error_info, uint32_t why, const char *text);
/* Notes what went over the client's socket so far. */
void sp_net_count(struct sp_net *n);
/* Tells the keeper how it ended and stops the loop. */
void sp_net_gone(struct sp_net *n);

#endif
