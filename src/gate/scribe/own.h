/* gate/scribe/own.h - the scribe's own events, until they are on the disk. */
#ifndef SP_GATE_SCRIBE_OWN_H
#define SP_GATE_SCRIBE_OWN_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "host/audit/event.h"

/* More than all recordings can say at once. */
#define SP_OWN_MAX 8192

struct sp_own_event {
	struct sp_own_event *next;
	size_t n;
	uint8_t b[];
};

struct sp_own {
	struct sp_own_event *first, **end; /* the oldest first */
	size_t n; /* INVARIANT: <= SP_OWN_MAX */
};

void sp_own_init(struct sp_own *q);
void sp_own_finish(struct sp_own *q);
/* SP_ELIMIT, SP_ENOMEM: nobody has it. */
sp_nodiscard int sp_own_add(struct sp_own *q, const struct sp_audit_event *e);
/* The oldest n of them are kept. */
void sp_own_drop(struct sp_own *q, size_t n);

#endif
