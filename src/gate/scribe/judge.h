/* gate/scribe/judge.h - the rules of detection behind the commits: alerts are kept, and acted upon. */
#ifndef SP_GATE_SCRIBE_JUDGE_H
#define SP_GATE_SCRIBE_JUDGE_H

#include "gate/scribe/scribe.h"
#include "host/conf/conf.h"

#define SP_JUDGE_TICK_US (60 * UINT64_C(1000000))
#define SP_JUDGE_SAVE_US (600 * UINT64_C(1000000)) /* how often what it remembers is saved */
#define SP_JUDGE_PAST 1000000 /* records that it learns from where it remembers nothing */
#define SP_JUDGE_ACT_NS (UINT64_C(60) * 1000000000) /* what is older has no consequence any more */

struct sp_judge_conf {
	struct sp_loop *loop;
	struct sp_audit_store *store;
	struct sp_scribe *scribe;
	struct sp_conf *conf; /* a reference is taken */
	int keeper; /* its link; -1: nobody to act */
	struct sp_audit_now (*now)(void);
};

struct sp_judge;

/*
 * Goes on where it was: looks at what was kept since then, and follows the scribe from now on.
 * NULL without memory. A file of places is opened here, so before a jail.
 */
sp_nodiscard struct sp_judge *sp_judge_create(const struct sp_judge_conf *conf);
/* After sp_scribe_destroy(), and before the store is closed. Accepts NULL. */
void sp_judge_destroy(struct sp_judge *j);
/* Another configuration from now on; one that protects less than the one before is told of. */
void sp_judge_reload(struct sp_judge *j, struct sp_conf *conf);

#endif
