/* desk/session/line.h - what a desktop knows of the way to its client, and how it hears that frames came. */
#ifndef SP_DESK_SESSION_LINE_H
#define SP_DESK_SESSION_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/rdp/detect.h"
#include "core/rdp/rdp.h"
#include "core/view/pace.h"

/*
 * A client that acknowledges frames is asked for a round trip now and then. One that does not is
 * asked behind each frame, which comes to the same, since it answers in order; one that does not
 * answer either has the gate, who tells when a frame has gone into its line. Nothing is asked but
 * behind a frame: what is idle costs nothing.
 */
struct sp_desk_line {
	struct sp_rdp *rdp;
	struct sp_pace pace;
	bool acks; /* the client acknowledges frames */
	bool deaf; /* it was asked for a round trip and did not answer in time */
	bool gate; /* somebody answers marks */
	bool measuring;
	bool due; /* a frame was sent that nothing was asked behind yet */
	uint32_t frame; /* the last one that was sent */
	size_t bytes; /* of that */
	uint64_t measured_us, asked_us; /* the last time */
	uint32_t mark; /* the last number */
	/* What was asked behind which frame; oldest first. */
	struct {
		uint32_t tag, frame;
	} asked[SP_DETECT_TRIPS];
	size_t first, n;
};

/* Borrows rdp. */
void sp_desk_line_init(struct sp_desk_line *l, struct sp_rdp *rdp);
/* Pictures go another way from now on; nothing of what was sent before is waited for. */
void sp_desk_line_restart(struct sp_desk_line *l, bool acks);
/* The client begins, or stops, to acknowledge frames. */
void sp_desk_line_acks(struct sp_desk_line *l, bool acks);

/* A frame is about to go to the connection; after it, and when all of it is in its output. */
sp_nodiscard int sp_desk_line_begin(struct sp_desk_line *l, uint64_t now_us);
void sp_desk_line_sent(struct sp_desk_line *l, uint32_t frame, size_t bytes, uint64_t now_us);
sp_nodiscard int sp_desk_line_out(struct sp_desk_line *l, uint64_t now_us);

/* An event of the connection; true when a frame may go that could not. */
bool sp_desk_line_event(struct sp_desk_line *l, const struct sp_event *ev, uint64_t now_us);

#endif
