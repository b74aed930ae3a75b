/* gate/net/tap.h - writes down for the recorder what passes between the legs. */
#ifndef SP_GATE_NET_TAP_H
#define SP_GATE_NET_TAP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/rdp/legs.h"
#include "host/io/loop.h"
#include "host/monitor/msg.h"

struct sp_tap;

struct sp_tap_conf {
	int fd; /* to the recorder; the tap's from success on */
	uint32_t input; /* enum sp_record_input */
	/* The queue was full and has room again. */
	void (*room)(void *user);
	/*
	 * Once, last: SP_OK when all that was said has arrived, behind sp_tap_end(); else nothing is
	 * recorded any more. The owner destroys the tap here or later.
	 */
	void (*over)(void *user, int err);
	void *user;
};

/* NULL without memory; fd stays the caller's then. */
sp_nodiscard struct sp_tap *sp_tap_create(struct sp_loop *loop, const struct sp_tap_conf *conf);
/* At once; what waits is lost. Accepts NULL. */
void sp_tap_destroy(struct sp_tap *t);

/*
 * The legs are joined: what a player has to know. Borrows all three until the end. What comes out
 * of the user's leg is recorded from the target's Demand Active on, which is still to come out.
 */
void sp_tap_begin(struct sp_tap *t, const struct sp_legs *legs, const struct sp_rdp *user,
		const struct sp_rdp *target);
/* Output of the user's leg: what he gets. Keeps a reference. */
void sp_tap_out(struct sp_tap *t, struct sp_rcbuf *pdus);
/* Output of the target's leg: what he does. Keeps nothing but what is to be recorded. */
void sp_tap_in(struct sp_tap *t, const struct sp_rcbuf *pdus);
void sp_tap_transfer(struct sp_tap *t, const struct sp_msg_transfer *m);

/* No more of the target, until room(): so no frame is ever lost. */
bool sp_tap_full(const struct sp_tap *t);
/* So much waits that the user's uploads have to as well. */
bool sp_tap_very_full(const struct sp_tap *t);
/* Says the end and lets go of legs; over() follows. */
void sp_tap_end(struct sp_tap *t, uint32_t why, const char *text);

#endif
