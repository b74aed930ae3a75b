/* gate/ship/watch.h - watches the audit grow, wakes who sends it, and answers Prometheus. */
#ifndef SP_GATE_SHIP_WATCH_H
#define SP_GATE_SHIP_WATCH_H

#include "core/base/attr.h"
#include "gate/ship/board.h"
#include "host/audit/store.h"
#include "host/conf/ship.h"

#define SP_WATCH_US 500000 /* between two looks at the store */
#define SP_WATCH_CLIENTS 8
#define SP_WATCH_CLIENT_US 5000000 /* for request and answer together */

struct sp_watcher_conf {
	struct sp_audit_store *store; /* to look only; the owner's */
	const char *dir; /* on the disk of the audit */
	uint64_t reserve; /* bytes */
	struct sp_board *board;
	const struct sp_conf_ship *ship;
	size_t n_ship;
	const int *wake; /* n_ship eventfds */
	int listener; /* -1: nobody asks */
};

struct sp_watcher;

/* NULL without memory. */
sp_nodiscard struct sp_watcher *sp_watcher_create(const struct sp_watcher_conf *c);
/* Accepts NULL. Closes connections, not the listener. */
void sp_watcher_destroy(struct sp_watcher *w);
/* Waits at most max_us for something, and does it; SP_ESYS when waiting fails. */
sp_nodiscard int sp_watcher_turn(struct sp_watcher *w, uint64_t max_us);

#endif
