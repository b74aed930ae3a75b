/* gate/keeper/keeper.h - what the keeper knows: its store, its key, its connections. */
#ifndef SP_GATE_KEEPER_KEEPER_H
#define SP_GATE_KEEPER_KEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/crypt/crypto.h"
#include "gate/keeper/grant.h"
#include "gate/keeper/store.h"
#include "host/conf/conf.h"
#include "host/io/hostlog.h"
#include "host/io/loop.h"
#include "host/io/tls_sign_check.h"
#include "host/monitor/mon.h"

#define SP_KEEPER_CONNS 2048
#define SP_KEEPER_CHALLENGE_US (60 * UINT64_C(1000000))
#define SP_KEEPER_TARGET_US (60 * UINT64_C(1000000))

/* Seconds by THREATS.md's ladder; known and unknown users cost the same, or one could tell. */
#define SP_KEEPER_SECONDS_AUTH 10
#define SP_KEEPER_SECONDS_PROBE 2
#define SP_KEEPER_SECONDS_PROTOCOL 30
#define SP_KEEPER_SECONDS_CRASH 120
#define SP_KEEPER_SECONDS_DEADLINE 10

struct sp_conn;
struct sp_sessions;
struct sp_geo;
struct sp_spray;
struct sp_teller;
struct sp_mon_in;
struct sp_wait;

struct sp_keeper {
	struct sp_loop *loop;
	const struct sp_crypto *crypto;
	struct sp_conf *conf; /* of now; whoever keeps a pointer into it has sp_conf_ref() */
	struct sp_geo *geo; /* NULL: the configuration names no countries-file */
	struct sp_geo *networks; /* likewise, of the networks-file */
	struct sp_store *store;
	const struct sp_tls_key *key; /* NULL: every signature is refused */
	int control, broker, dial; /* -1: not there */
	uint64_t (*now_us)(void);
	int64_t (*unix_time)(void);
	char alias[16]; /* the name that a challenge shows */
	struct sp_sessions *sessions; /* session.h */
	struct sp_watch *tick, *before; /* theirs */
	struct sp_spray *spray; /* spray.h */
	struct sp_teller *teller; /* to sp-scribe; audit.h. NULL: this service has no audit */
	struct sp_wait *waits; /* for what is told to be written */
	uint64_t last_wait;
	struct sp_log_rate unwritten;
	uint8_t policy_hash[SP_SHA256_SIZE]; /* of the configuration */
	struct sp_conn *conns;
	size_t n;
	bool reload; /* the parent asked for it */
};

/*
 * Sets the alias from the store, and begins with no session. The fields above it are the owner's
 * to fill in first. SP_ENOMEM.
 */
sp_nodiscard int sp_keeper_init(struct sp_keeper *k);
/* Ends all connections. */
void sp_keeper_finish(struct sp_keeper *k);

/* Gives the parent back what sources had to wait; before READY. SP_OK also when there is nothing. */
sp_nodiscard int sp_keeper_penalties(struct sp_keeper *k);
/* Takes what the parent sent. SP_ECLOSED when it is gone; any other error ends the keeper too. */
sp_nodiscard int sp_keeper_control(struct sp_keeper *k);
/* Takes what the broker sent. An error: the broker is not to be asked any more. */
sp_nodiscard int sp_keeper_broker(struct sp_keeper *k);
/* Takes what sp-dial sent, likewise. */
sp_nodiscard int sp_keeper_dial(struct sp_keeper *k);
/* What the scribe says of recordings; keeper is a struct sp_keeper. */
void sp_keeper_scribe(void *keeper, struct sp_mon_in *in);

#endif
