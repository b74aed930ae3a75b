/* gate/keeper/conn.h - one connection's questions: what may be asked when, and the answers. */
#ifndef SP_GATE_KEEPER_CONN_H
#define SP_GATE_KEEPER_CONN_H

#include "core/base/log.h"
#include "gate/keeper/keeper.h"
#include "gate/keeper/name.h"
#include "gate/keeper/talk.h"

/* Named by what is waited for. */
enum sp_conn_state {
	SP_CONN_WAIT_LOGIN, /* sp-login's DONE */
	SP_CONN_WAIT_VERDICT, /* sp-net's question for it */
	SP_CONN_WAIT_CONVERSE, /* first factor proved: sp-net's wish to go on */
	SP_CONN_WAIT_ANSWER, /* the person's answer to a prompt */
	SP_CONN_WAIT_TARGET, /* granted: sp-net's question for the target */
	SP_CONN_WAIT_BROKER, /* the broker's answer */
	SP_CONN_WAIT_END, /* nothing more to be answered */
};

struct sp_conn {
	struct sp_conn *next;
	struct sp_keeper *k;
	uint64_t id;
	struct sp_source source;
	enum sp_conn_state state;
	int net, login; /* question sockets; -1 once closed */
	struct sp_watch *net_watch, *login_watch, *timer;
	struct sp_permit net_may, login_may;
	uint8_t challenge[8];
	uint64_t challenged_us; /* 0: none was given */
	struct sp_checked checked;
	struct sp_msg_done done;
	struct sp_name name; /* what the proved name said */
	struct sp_pending pending;
	struct sp_talk talk;
	struct sp_grant grant;
	bool refused; /* said, and paid for, already */
	uint64_t opened_us, proved_us, granted_us;
};

/* Takes over both descriptors. NULL (descriptors closed) without memory. */
sp_nodiscard struct sp_conn *sp_conn_create(
		struct sp_keeper *k, const struct sp_msg_conn_open *open, int net, int login);
/* Accepts NULL. */
void sp_conn_destroy(struct sp_conn *c);
/* Reads what still lies in both sockets, when the children are gone. */
void sp_conn_drain(struct sp_conn *c);

/* The broker's answer; takes over fd, -1 when it failed and text says why. */
void sp_conn_target(struct sp_conn *c, int fd, bool fresh, const char *text);

/* One log line "conn 5 from ADDRESS: ...". */
void sp_conn_log(const struct sp_conn *c, enum sp_log_level level, const char *fmt, ...)
		sp_printf(3, 4);
/* Tells the parent. */
void sp_conn_penalty(const struct sp_conn *c, enum sp_penalty kind, uint32_t seconds);

#endif
