/* tests/gate/net/stage.h - the real sp-net between a client and a target; all else is played here. */
#ifndef SP_TESTS_GATE_NET_STAGE_H
#define SP_TESTS_GATE_NET_STAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/pdu/fastpath.h"
#include "core/pdu/x224.h"
#include "core/rdp/client.h"
#include "core/rdp/server.h"
#include "host/io/loop.h"
#include "host/io/tls.h"
#include "host/monitor/mon.h"
#include "host/rdp/conn.h"

#define STAGE_SECOND 1000000ull
/* One fast-path PDU, and with it one TLS record, of nearly 16 KiB. */
#define STAGE_BODY SP_FP_MAX_DATA

/* What is the same for all sessions. */
struct stage {
	struct sp_loop *loop;
	struct sp_tls_ctx *server_ctx, *client_ctx;
	struct sp_tls_key *key;
	struct sp_rcbuf *cert;
	char program[512]; /* sp-net */
	bool verbose;
};

/* This program is client, target, keeper and both logins. Fields above the line may be set first. */
struct session {
	struct sp_msg_target grant; /* what the keeper answers: limits, channels, cookies */
	bool reconnects; /* the client takes an auto-reconnect cookie */
	bool stiff; /* the client never confirms a Demand Active */
	uint32_t active_ms; /* that the client has to be active; 0: 30 s */
	int recorder; /* grant.record: the stream that sp-net gets; 0: one of ours */
	bool mute; /* the target says nothing until it is told to: stage_speak() */
	bool own; /* the target is a desktop of the gate's machine */
	/* ---- */
	int stream; /* grant.record: what sp-net tells a recorder */
	struct stage *stage;
	int parent, keeper, login, link; /* our ends of what sp-net has; -1: none */
	struct sp_watch *on_keeper, *on_login, *on_link;
	pid_t pid; /* of sp-net; 0: client and target talk directly */
	struct sp_conn *client, *target;
	bool client_active, target_active, failed;
	unsigned demands; /* Demand Actives the client got */
	bool logon; /* the target has the client's info */
	bool pour; /* the target sends all that it can */
	uint64_t got; /* bytes of updates the client has */
	uint64_t echoes, pointers; /* of them positions, and shapes */
	uint64_t hash; /* of all updates the client has */
	uint64_t inputs; /* events that the target has */
	uint64_t infos; /* Save Session Info */
	uint32_t error_info; /* that the client was told */
	unsigned lines; /* reports of the client's line that the target got */
	struct sp_line line; /* the last one */
	/* What the keeper heard. */
	bool up, bye;
	struct sp_msg_bye last;
	unsigned licenses;
	struct sp_msg_arc arc; /* TARGET_ARC */
	unsigned arcs;
};

/* FNV-1a of an update, behind another one. */
uint64_t stage_hash(uint64_t hash, const struct sp_event *update);
/* False, with a word on standard error. */
bool stage_fail(const char *what);
bool stage_open(struct stage *st);
void stage_close(struct stage *st);

/* Starts a sp-net and gives it a connection; the fields above the line stay. */
bool stage_begin(struct stage *st, struct session *s);
/* The same without a gate between. */
bool stage_begin_direct(struct stage *st, struct session *s);
bool stage_wait_active(struct session *s);
/* The mute target goes on. */
void stage_speak(struct session *s);
void stage_pour(struct session *s);
void stage_end(struct session *s);
/* One turn of the loop; false once end_us has come. */
bool stage_turn(struct stage *st, uint64_t end_us);

#endif
