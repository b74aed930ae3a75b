/* gate/keeper/conn.h - one connection's questions: what may be asked when, and the answers. */
#ifndef SP_GATE_KEEPER_CONN_H
#define SP_GATE_KEEPER_CONN_H

#include "core/base/log.h"
#include "gate/keeper/audit.h"
#include "gate/keeper/facts.h"
#include "gate/keeper/keeper.h"
#include "gate/keeper/name.h"
#include "gate/keeper/session.h"
#include "gate/keeper/store_token.h"
#include "gate/keeper/talk.h"
#include "host/monitor/told.h"

#define SP_CONN_DOMAIN 256

struct sp_conn_held;

/* Named by what is waited for. */
enum sp_conn_state {
	SP_CONN_WAIT_LOGIN, /* sp-login's DONE */
	SP_CONN_WAIT_VERDICT, /* sp-net's question for it */
	SP_CONN_WAIT_CONVERSE, /* first factor proved: sp-net's wish to go on */
	SP_CONN_WAIT_ANSWER, /* the person's answer to a prompt */
	SP_CONN_WAIT_APPROVAL, /* another person's yes */
	SP_CONN_WAIT_TARGET, /* granted: sp-net's question for the target */
	SP_CONN_WAIT_SCRIBE, /* the scribe's answer: a recorder */
	SP_CONN_WAIT_BROKER, /* the broker's answer */
	SP_CONN_WAIT_DIAL, /* sp-dial's answer */
	SP_CONN_WAIT_LEG, /* the parent's answer: a sp-target */
	SP_CONN_WAIT_UP, /* sp-net has the target's socket: its word that the session began */
	SP_CONN_WAIT_BYE, /* the session's end */
	SP_CONN_WAIT_END, /* nothing more to be answered: sp-net's BYE */
	SP_CONN_WAIT_GONE, /* nothing more to be said: the parent's word that it is gone */
};

/* With what the gate logs in to a target; in hidden memory. */
struct sp_conn_secret {
	char user[SP_TEXT_NAME], domain[SP_TEXT_NAME];
	char password[SP_TEXT_PASSWORD];
	bool rdstls; /* blob and guid of a redirection instead of the password */
	uint32_t blob_n, guid_n;
	uint8_t blob[SP_REDIRECT_BLOB];
	uint8_t guid[128];
};

/* The way to a target on another machine. */
struct sp_conn_way {
	char address[SP_TEXT_HOST]; /* what was asked for, with its port */
	char answered[SP_TEXT_ADDR]; /* what sp-dial reached */
	int fd; /* its socket, until sp-net has it; -1 */
	unsigned redirects; /* so far */
	uint32_t route_n;
	uint8_t route[256]; /* a redirection's routing token */
};

/* Called in its turn, conn_tell.h. */
typedef int (*sp_conn_then_fn)(struct sp_conn *c, bool ok);

/* What the client says of itself, and what it brought. */
struct sp_conn_client {
	char name[SP_TEXT_CLIENT];
	char zone[SP_TEXT_ZONE];
	uint32_t build, keyboard;
	uint32_t width, height; /* 0: not told yet */
};

struct sp_conn_record;

struct sp_conn {
	struct sp_conn *next;
	struct sp_keeper *k;
	uint64_t id;
	struct sp_source source;
	char interface[SP_TEXT_IFACE];
	char listener[SP_TEXT_ADDR];
	struct sp_conn_client client;
	enum sp_conn_state state;
	int net, login, leg; /* question sockets; -1 once closed */
	struct sp_watch *net_watch, *login_watch, *leg_watch, *timer;
	struct sp_permit net_may, login_may, leg_may;
	uint8_t challenge[8];
	uint64_t challenged_us; /* 0: none was given */
	struct sp_checked checked;
	struct sp_msg_done done; /* without its password */
	struct sp_name name; /* what the proved name said */
	char domain[SP_CONN_DOMAIN]; /* that came with the name; cut, as the audit has it */
	char ja4[SP_TEXT_JA4]; /* of its first TLS message, as sp-net says; may be empty */
	char machine[SP_TEXT_CLIENT]; /* what the client calls itself; anything, or empty */
	struct sp_pending pending;
	struct sp_facts facts; /* of the last question to the rules */
	struct sp_talk talk;
	struct sp_grant grant;
	struct sp_session *session; /* from the verdict to the end */
	struct sp_conn_secret *delegated; /* what came with the login; NULL: nothing, or used */
	struct sp_conn_secret *secret; /* for the target's login, until it is over */
	struct sp_conn_way way;
	struct sp_conn_record *record; /* NULL: the target is not to be recorded */
	bool given; /* sp-target got what opens the target */
	unsigned licenses; /* questions for them */
	struct sp_told_rate told; /* transfers */
	unsigned questions; /* of sp-net, all in all */
	enum sp_why over; /* GONE: for what the parent is to end it */
	bool rail; /* a client that can show no greeter */
	bool greeted; /* the person sees a greeter */
	/* The first packet's token, and whose it is; empty when there was none. */
	char route[SP_TEXT_ROUTE];
	struct sp_token routed; /* id 0: spent before by a session that comes back */
	bool refused; /* said, and paid for, already */
	struct sp_wait wait; /* for what was told first */
	struct sp_conn_held *held, **held_end; /* what is to be said or done after that */
	bool unaudited; /* it could not be written: the person is to hear that */
	bool started; /* session.start was told */
	bool crashed; /* one of its processes */
	enum sp_why closed; /* for the audit; UNKNOWN: nobody said why yet */
	char closed_text[SP_TEXT_WHY];
	uint64_t bytes_in, bytes_out; /* as sp-net said at its end */
	uint64_t started_us;
	uint64_t opened_us, proved_us, granted_us;
	uint64_t until_us; /* for the prompt's answer */
};

/* Takes over both descriptors. NULL (descriptors closed) without memory. */
sp_nodiscard struct sp_conn *sp_conn_create(
		struct sp_keeper *k, const struct sp_msg_conn_open *open, int net, int login);
/* Nothing goes on with it: what it had is given back, and told. */
void sp_conn_over(struct sp_conn *c);
/* Accepts NULL. */
void sp_conn_destroy(struct sp_conn *c);
/* Reads what still lies in both sockets, when a child is gone; with `net` sp-net is. */
void sp_conn_drain(struct sp_conn *c, bool net);

/* The broker's answer; takes over fd, -1 when it failed and text says why. */
void sp_conn_desktop(struct sp_conn *c, int fd, bool fresh, const char *text);
/* The scribe's answers; takes over the stream, -1 where there is none. */
void sp_conn_recorded(struct sp_conn *c, int stream, const struct sp_msg_record_opened *m);
void sp_conn_record_ended(struct sp_conn *c, const struct sp_msg_record_ended *m);
/* sp-dial's answer, likewise. */
void sp_conn_dialed(struct sp_conn *c, int fd, const char *address, const char *text);
/* The parent's answer: question socket of a sp-target and sp-net's end of its link, or -1 both. */
void sp_conn_leg_started(struct sp_conn *c, int leg, int link, const char *text);

/* One log line "conn 5 from ADDRESS: ...". */
void sp_conn_log(const struct sp_conn *c, enum sp_log_level level, const char *fmt, ...)
		sp_printf(3, 4);
/* Tells the parent. */
void sp_conn_penalty(const struct sp_conn *c, enum sp_penalty kind, uint32_t seconds);

#endif
