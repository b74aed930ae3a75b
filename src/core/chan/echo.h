/* core/chan/echo.h - [MS-RDPEECO]: bytes that the client sends back, and how long that took. */
#ifndef SP_CORE_CHAN_ECHO_H
#define SP_CORE_CHAN_ECHO_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rcbuf.h"
#include "core/base/span.h"

#define SP_ECHO_NAME "ECHO"
#define SP_ECHO_MAX 65536 /* a longer request is not answered: nobody measures with that */
#define SP_ECHO_PROBE 16 /* bytes of our own requests */

/* Client: the answer to a request, which is at least one byte. SP_EFIELD, SP_ELIMIT, SP_ENOMEM. */
sp_nodiscard int sp_echo_answer(struct sp_span request, struct sp_rcbuf **out);

/* Server: one request at a time is on its way. */
struct sp_echo {
	uint64_t number; /* of the last request */
	uint64_t sent_us; /* INVARIANT: 0 when no answer is due */
	uint64_t rtt_us; /* of the last answer; 0: there was none */
	uint64_t least_us; /* of all answers */
};

void sp_echo_init(struct sp_echo *e);
/* The next request. NULL while an answer is due, and without memory. */
sp_nodiscard struct sp_rcbuf *sp_echo_ask(struct sp_echo *e, uint64_t now_us);
/* What was asked is not waited for any more: an answer to it is ignored. */
void sp_echo_forget(struct sp_echo *e);
/* True when this was the answer that is due; anything else is ignored. */
bool sp_echo_feed(struct sp_echo *e, struct sp_span answer, uint64_t now_us);

#endif
