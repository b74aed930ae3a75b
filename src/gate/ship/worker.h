/* gate/ship/worker.h - one destination: reads the audit, sends it on, remembers up to where. */
#ifndef SP_GATE_SHIP_WORKER_H
#define SP_GATE_SHIP_WORKER_H

#include "gate/ship/board.h"
#include "gate/ship/mark.h"
#include "gate/ship/sink.h"
#include "host/audit/store.h"

#define SP_WORKER_RECORDS 256 /* of one batch, */
#define SP_WORKER_BYTES (64u << 10) /* which ends where it has so many */

struct sp_worker_conf {
	struct sp_audit_store *store; /* to look only; the owner's */
	struct sp_sink *sink; /* the owner's */
	const char *name; /* of the destination, for the log */
	const char *mark; /* path of its mark */
	struct sp_board *board;
	size_t index; /* on it */
	uint64_t (*now)(void); /* sp_now_us(), but for tests */
	int wake; /* an eventfd: there is more; -1: nobody says so */
	/* Records that it will never have. Before that is noted. May be NULL. */
	void (*missed)(void *user, uint64_t first, uint64_t n);
	void *user;
};

struct sp_worker;

/* Reads the mark, and looks whether it is one of this audit. NULL without memory. */
sp_nodiscard struct sp_worker *sp_worker_create(const struct sp_worker_conf *c);
/* Accepts NULL. What is not confirmed will be sent again by the next one. */
void sp_worker_destroy(struct sp_worker *w);

/*
 * One step: takes what there is, sends it, confirms what has been there long enough. How long to
 * wait for the next one, in microseconds, unless something happens before.
 */
uint64_t sp_worker_step(struct sp_worker *w);
/* What is confirmed. Valid as long as w. */
const struct sp_mark *sp_worker_mark(const struct sp_worker *w);
/* Steps and waits until the process ends. */
sp_noreturn void sp_worker_run(struct sp_worker *w);

#endif
