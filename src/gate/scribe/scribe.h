/* gate/scribe/scribe.h - taking events in, keeping them in groups, and saying when they are kept. */
#ifndef SP_GATE_SCRIBE_SCRIBE_H
#define SP_GATE_SCRIBE_SCRIBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "host/audit/store.h"
#include "host/io/loop.h"
#include "host/monitor/mon.h"

#define SP_SCRIBE_GROUP 512 /* events of one transaction */
#define SP_SCRIBE_GROUP_US 20000 /* time to gather them */
#define SP_SCRIBE_CHECKPOINT_US (60 * UINT64_C(1000000))
#define SP_SCRIBE_STEP_NS (2 * UINT64_C(1000000000)) /* a clock that jumps further is told of */

/* What works behind the commits, like detection. */
struct sp_scribe_follower {
	/* A record is durable, and whoever waited for it knows. May call sp_scribe_tell(). */
	void (*kept)(void *user, const struct sp_record *r, const struct sp_audit_view *event);
	void *user;
};

struct sp_scribe_conf {
	struct sp_loop *loop;
	struct sp_audit_store *store; /* started; the owner's */
	const char *dir; /* on the disk whose reserve is watched */
	uint64_t reserve; /* bytes */
	int parent, keeper; /* links, the owner's; -1: not there */
	struct sp_audit_now (*now)(void);
	/* A link is closed, or brought what it may not. NULL: nobody wants to know. */
	void (*lost)(void *user, int fd, int err);
	/* RELOAD and whatever else is not about events. The answer is an error that is fatal for fd. */
	int (*message)(void *user, int fd, struct sp_mon_in *in);
	void *user;
};

struct sp_scribe;

/* NULL without memory. Takes from the links once the loop runs. */
sp_nodiscard struct sp_scribe *sp_scribe_create(const struct sp_scribe_conf *conf);
/* Keeps what is waiting; the store stays open. Accepts NULL. */
void sp_scribe_destroy(struct sp_scribe *s);

/* What the start found out: writes what is to be told of it. */
void sp_scribe_found(struct sp_scribe *s, const struct sp_audit_found *f);
/* At most one; from the next record on. */
void sp_scribe_follow(struct sp_scribe *s, const struct sp_scribe_follower *f);
/* An event of this process itself; goes into the next group. */
void sp_scribe_tell(struct sp_scribe *s, const struct sp_audit_event *e);
/* Another reserve, after a reload. */
void sp_scribe_set_reserve(struct sp_scribe *s, uint64_t bytes);
/* Takes what is queued on both links now, in one group. The loop does so by itself. */
void sp_scribe_turn(struct sp_scribe *s);

enum sp_scribe_mood sp_scribe_mood(const struct sp_scribe *s);
/* The same of now: others write to the disk while nothing happens here. */
enum sp_scribe_mood sp_scribe_look(struct sp_scribe *s);
/* Groups that were committed, and events in them. */
uint64_t sp_scribe_groups(const struct sp_scribe *s);
uint64_t sp_scribe_events(const struct sp_scribe *s);
/* Adds what was measured; the queue is counted anew from then on. */
void sp_scribe_figures(struct sp_scribe *s, struct sp_msg_scribe_figures *out);
/* Is this an event that lets something begin, which must not where it cannot be kept? */
bool sp_scribe_permits(uint32_t kind);

#endif
