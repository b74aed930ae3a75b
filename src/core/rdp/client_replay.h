/* core/rdp/client_replay.h - a client that is fed what another one was sent, and kept between two PDUs. */
#ifndef SP_CORE_RDP_CLIENT_REPLAY_H
#define SP_CORE_RDP_CLIENT_REPLAY_H

#include "core/rdp/client.h"
#include "core/rdp/vc.h"

/* What that client had agreed with its server before the first Demand Active. Borrowed. */
struct sp_client_replay_conf {
	const struct sp_gcc_client *gcc; /* the names of its channels */
	uint32_t info_flags; /* of Client Info: whether and how the server may compress */
	uint16_t user_id, io_channel, message_id; /* message_id: 0 for none */
	const uint16_t *channel; /* ids in the order of gcc's names; 0: refused */
	size_t n_channels; /* <= SP_GCC_MAX_CHANNELS */
};

/*
 * A client that waits for the Demand Active. Its owner answers that with sp_client_confirm() as
 * always, and throws away what it has to say. NULL without memory or for a conf out of range.
 */
sp_nodiscard struct sp_rdp *sp_client_replay_create(const struct sp_client_replay_conf *conf);

/*
 * Its whole state between two feeds of whole PDUs whose events are taken; and back into one that
 * was created with the same conf. What load is given is treated as hostile; after an error the
 * machine is of no use. SP_ESTATE for one that failed.
 */
sp_nodiscard int sp_client_replay_save(const struct sp_rdp *c, struct sp_wr *w);
sp_nodiscard int sp_client_replay_load(struct sp_rdp *c, struct sp_span state);

/*
 * The same of its channels (vc_save.c), as far as they are dynamic: loaded, a channel is OPENED
 * again, with what of a message was there. A listener of its name must be there by then.
 */
sp_nodiscard int sp_vc_replay_save(const struct sp_vc *vc, struct sp_wr *w);
sp_nodiscard int sp_vc_replay_load(struct sp_vc *vc, struct sp_span state);

#endif
