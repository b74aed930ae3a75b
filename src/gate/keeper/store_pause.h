/* gate/keeper/store_pause.h - wrong codes are counted, and too many of them make a pause. */
#ifndef SP_GATE_KEEPER_STORE_PAUSE_H
#define SP_GATE_KEEPER_STORE_PAUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "gate/keeper/store.h"

#define SP_PAUSE_TRIES 5 /* wrong codes of a user from one network ... */
#define SP_PAUSE_WITHIN 600 /* ... within these seconds make a pause there ... */
#define SP_PAUSE_FIRST 600 /* ... that long, and twice as long each next time ... */
#define SP_PAUSE_MAX 86400 /* ... up to this; as long after its end it is the first one again */

struct sp_pause {
	uint32_t wait; /* seconds until a code from there is looked at again; 0: now */
	bool begins; /* with this wrong code: to be told */
};

/* Who gives a code, and from where. */
struct sp_code_from {
	const char *user; /* the store's name */
	const struct sp_source *source;
	bool device; /* a device secret was proved: never paused, and not counted */
};

/* How long the n-th pause in a row lasts, from 1; 0 for 0. */
uint32_t sp_pause_seconds(uint32_t n);

/*
 * Takes a one-time or a recovery code, once. What is wrong is counted in the same transaction that
 * looks at the code, so many who ask at the same time get no more tries than one; count and pause
 * outlive whatever happens. A right one ends the count; one that is right but spent is no guess
 * and changes nothing. A source on this machine is never paused: it cannot be told apart from
 * others. SP_ELIMIT: a pause, the code was not looked at. SP_EAUTH: wrong. SP_EDENIED: spent.
 */
sp_nodiscard int sp_store_code_use(struct sp_store *st, const struct sp_code_from *from,
		const char *code, int64_t now, struct sp_pause *out);
/* Would a code be looked at now? */
sp_nodiscard int sp_store_code_ask(struct sp_store *st, const struct sp_code_from *from,
		int64_t now, struct sp_pause *out);
/* The pauses of a user that last now, by their end: "192.0.2.7", "2001:db8::/64". fn returns false to stop. */
sp_nodiscard int sp_store_pause_list(struct sp_store *st, const char *user, int64_t now,
		bool (*fn)(void *arg, const char *net, int64_t until), void *arg);

#endif
