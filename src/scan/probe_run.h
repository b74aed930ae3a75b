/* scan/probe_run.h - many endpoints at the same time: sockets, pauses, deadlines. */
#ifndef SP_SCAN_PROBE_RUN_H
#define SP_SCAN_PROBE_RUN_H

#include "core/base/attr.h"
#include "host/io/loop.h"
#include "scan/facts.h"
#include "scan/probe_link.h"

struct sp_probe_run;
struct sp_talk_env;

/* Borrowed until the next call; SP_ESPACE: not now, see sp_probe_run_again(). */
typedef int (*sp_probe_facts_fn)(void *user, const struct sp_scan_facts *facts);

/* NULL without memory. The mark may be NULL; env outlives it. */
sp_nodiscard struct sp_probe_run *sp_probe_run_create(struct sp_loop *l,
		const struct sp_probe_setup *setup, const struct sp_talk_env *env,
		struct sp_probe_mark *mark, sp_probe_facts_fn fn, void *user);
/* Accepts NULL. Closes all sockets. */
void sp_probe_run_destroy(struct sp_probe_run *r);
/* SP_ELIMIT when more are open than were agreed, SP_ENOMEM. */
sp_nodiscard int sp_probe_run_order(struct sp_probe_run *r, const struct sp_probe_order *order);
/* Facts that could not be handed over are tried again. */
void sp_probe_run_again(struct sp_probe_run *r);
/* Everything that is open ends now, with what is known of it. */
void sp_probe_run_stop(struct sp_probe_run *r);

#endif
