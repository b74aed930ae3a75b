/* gate/parent/parent.h - what sallyportd knows, and who does which part of its work. */
#ifndef SP_GATE_PARENT_PARENT_H
#define SP_GATE_PARENT_PARENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "gate/parent/limits.h"
#include "gate/parent/rejects.h"
#include "gate/parent/slot.h"
#include "host/conf/conf.h"
#include "host/io/hostlog.h"
#include "host/io/loop.h"

/*
 * What one connection takes of our descriptors: control, three log pipes, three processes; where it
 * is recorded a recorder with its control, and an indexer with a log pipe; a spare.
 */
#define SP_PARENT_FDS_PER_CONN 12
/* Makers of indices at a time: each may need as much memory as an sp-net. */
#define SP_PARENT_INDEXERS 64
#define SP_PARENT_FDS_OWN 64
/* Where Debian keeps the certificates of the CAs that this machine trusts. */
#define SP_PARENT_ROOTS "/etc/ssl/certs/ca-certificates.crt"
/* The account of sp-dial where the service is installed. */
#define SP_PARENT_DIAL_USER "_spdial"
/* No more connections than the keeper can have, with some to spare for those that are ending. */
#define SP_PARENT_CONNS 1984

/* Processes of which there is one, and without which the service ends. */
enum sp_helper {
	SP_HELPER_KEEPER,
	SP_HELPER_BROKER,
	SP_HELPER_DIAL,
	SP_HELPER_SCRIBE, /* the only one that is started again when it dies */
	SP_HELPERS
};

struct sp_mon_in;
struct sp_parent_recorder;

struct sp_parent {
	struct sp_loop *loop;
	const char *file;
	struct sp_conf conf;
	struct sp_limits *limits;
	int listeners[SP_CONF_LISTENS];
	struct sp_watch *watches[SP_CONF_LISTENS];
	struct sp_watch *resume; /* accepts again after a lack of something */
	char net[SP_CONF_PATH], login[SP_CONF_PATH], target[SP_CONF_PATH], dial[SP_CONF_PATH];
	char recorder[SP_CONF_PATH], player[SP_CONF_PATH]; /* player: empty where it is not there */
	const char *roots; /* CA certificates of this machine, PEM */
	unsigned files; /* soft limit of descriptors before we raised ours */
	int keeper; /* control socket */
	struct sp_teller *teller; /* to the scribe */
	struct sp_rejects rejects;
	struct sp_watch *tell_watch;
	pid_t helpers[SP_HELPERS];
	struct sp_watch *keeper_watch, *refill, *stop;
	struct sp_watch *scribe_again;
	bool scribe_kept; /* a scribe was ready once */
	uint64_t scribe_us; /* when the last one was started */
	/* sp-ship, where it is wanted; -1, NULL and 0 while there is none. */
	int ship;
	struct sp_watch *ship_watch, *ship_again;
	pid_t ship_pid;
	uint64_t ship_us; /* when it was started */
	bool ship_ends; /* it was asked to, for another one to begin */
	struct sp_log_rate ship_told, ship_jailed;
	struct sp_watch *figures_watch; /* for metrics */
	struct sp_msg_ship_figures figures; /* as sp-ship has them, */
	struct sp_msg_scribe_figures scribe_figures; /* and as the scribe said them last */
	int chain_fd;
	bool ready, stopping;
	int code; /* what the service will exit with */
	struct sp_parent_recorder *recorders; /* those that run */
	struct sp_watch *adopt; /* NULL: none ran yet */
	size_t n_indexers;
	struct sp_slot *waiting, *serving;
	size_t n_waiting, n_serving, most;
	uint64_t last_conn;
	struct sp_log_rate refused, trouble;
	struct sp_watch *keep; /* tells the keeper of penalties */
	uint64_t kept; /* sp_limits_penalized() when it was told last, */
	uint64_t kept_us; /* and when that was */
	char fingerprint[72];
};

/* accept.c: the listeners and the connections. */
/* SP_ESYS and a log line when an address cannot be had. Accepts nothing yet. */
sp_nodiscard int sp_parent_listen(struct sp_parent *p);
/* The keeper is ready, again after a reload: starts what waits ahead, and accepts. */
void sp_parent_accept(struct sp_parent *p);
/* NULL when it is gone already. */
struct sp_slot *sp_parent_slot(struct sp_parent *p, uint64_t conn);
/* The login of this connection was good. */
void sp_parent_granted(struct sp_parent *p, struct sp_slot *s);
/* Refuses new connections and asks all to end, then quits the loop with this exit code. */
void sp_parent_stop(struct sp_parent *p, int code);
/* Kills what is left of them. */
void sp_parent_close(struct sp_parent *p);

/* penalty.c: what sources have to wait. */
sp_nodiscard int sp_parent_penalties_init(struct sp_parent *p);
/* The keeper has found a reason for one. */
void sp_parent_penalize(struct sp_parent *p, const struct sp_msg_penalty *m);
/* Those of another life, from the keeper. */
void sp_parent_restore(struct sp_parent *p, const struct sp_msg_penalties *m);
/* Tells the keeper now, if there is news. */
void sp_parent_keep(struct sp_parent *p);

/* tell.c: what the audit hears of it. */
sp_nodiscard int sp_parent_tell_begin(struct sp_parent *p);
/* Waits a moment for the scribe to have it all; nothing can be told after that. */
void sp_parent_tell_flush(struct sp_parent *p);
/* A connection that was refused; of many of a network only their number. */
void sp_parent_tell_reject(struct sp_parent *p, const struct sp_addr *peer, const char *listener,
		const char *reason, const char *text);
void sp_parent_tell_service(struct sp_parent *p, bool starts);
void sp_parent_tell_death(struct sp_parent *p, const char *name, pid_t pid, int status);
void sp_parent_tell_jail(struct sp_parent *p, const char *name, bool ok, const char *level);

/* A recorder ended while there was no scribe to hear of it. */
void sp_parent_tell_gap(struct sp_parent *p, const struct sp_msg_recorder_start *of);
/* Records that a destination will never have. */
void sp_parent_tell_missed(struct sp_parent *p, const struct sp_msg_ship_missed *m);

/* ship.c: sp-ship. */
/* The keeper is ready, or there is another configuration: one begins, ends or begins anew. */
void sp_parent_ship(struct sp_parent *p);
/* There is another certificate. */
void sp_parent_ship_chain(struct sp_parent *p);

/* helper.c: the keeper, the broker, sp-dial, and the selftests. */
/* Starts sp-ship with this end of its link. */
sp_nodiscard int sp_parent_start_ship(struct sp_parent *p, int link, sp_watch_child_fn died);
/* Tries the jails once; SP_EDENIED and log lines when one does not hold. */
sp_nodiscard int sp_parent_selftest(struct sp_parent *p);
sp_nodiscard int sp_parent_start_helpers(struct sp_parent *p);
/* recorder.c: a message of the scribe, who wants one; takes its descriptors. */
void sp_parent_recorder(struct sp_parent *p, struct sp_mon_in *in);
/* The scribe has died: its recorders wait for another. */
void sp_parent_orphan(struct sp_parent *p);
/* Another scribe is ready: it gets the recorders that run. */
void sp_parent_adopt(struct sp_parent *p);
void sp_parent_end_helpers(struct sp_parent *p);

#endif
