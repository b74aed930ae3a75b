/* core/rdp/server_part.h - what the server's files share; private to this folder. */
#ifndef SP_CORE_RDP_SERVER_PART_H
#define SP_CORE_RDP_SERVER_PART_H

#include "core/rdp/detect.h"
#include "core/rdp/machine.h"
#include "core/rdp/server.h"
#include "core/rdp/track.h"

struct sp_server_part {
	struct sp_server_conf conf;
	struct sp_server_desktop desktop;
	uint32_t joined; /* bit i: channel i of the client's list */
	bool joined_user, joined_io, joined_message;
	bool licensed; /* the licence was sent */
	uint16_t activations; /* Demand Actives so far, for a fresh share id each */
	uint64_t verdict_us; /* when the login must be over; 0 for no limit */
	struct sp_detect detect;
	struct sp_line found; /* by the connect-time phase */
	struct sp_track track; /* of our own desktop, for the target that follows */
};

/* server_share.c: what the client says on the I/O channel from Confirm Active on. */
sp_nodiscard int sp_server_io_data(struct sp_rdp *c, struct sp_span data);
sp_nodiscard int sp_server_fast_input(struct sp_rdp *c, struct sp_span pdu);
/* server_detect.c: what is said on the message channel. */
sp_nodiscard int sp_server_detect_begin(struct sp_rdp *c, uint64_t now_us);
sp_nodiscard int sp_server_detect_end(struct sp_rdp *c);
sp_nodiscard int sp_server_message(struct sp_rdp *c, struct sp_span data, uint64_t now_us);
/* After our own desktop, before the target's share: only what of it the target has to know. */
void sp_server_track_io(struct sp_rdp *c, struct sp_span data);
void sp_server_track_fast(struct sp_rdp *c, struct sp_span pdu);

#endif
