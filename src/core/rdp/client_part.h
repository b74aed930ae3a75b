/* core/rdp/client_part.h - what the client's files share; private to this folder. */
#ifndef SP_CORE_RDP_CLIENT_PART_H
#define SP_CORE_RDP_CLIENT_PART_H

#include "core/pdu/fastpath.h"
#include "core/rdp/client.h"
#include "core/rdp/license_client.h"
#include "core/rdp/machine.h"

/* The largest update we put together: MaxRequestSize of our Confirm Active. */
#define SP_CLIENT_MAX_REQUEST (4u << 20)
/* With RemoteFX: servers want room for each tile of the desktop as it is. */
#define SP_CLIENT_MAX_REQUEST_RFX (40u << 20)

struct sp_client_bulk;

struct sp_client_part {
	uint32_t protocols;
	bool relay;
	uint32_t failure; /* RDP_NEG_FAILURE code */
	size_t join_at; /* which join is awaited: user, I/O, message, channels */
	struct sp_license_client license;
	struct sp_fp_join join;
	struct sp_client_bulk *bulk; /* NULL: compression was not asked for */
	struct sp_rd updates; /* what is left of the fast-path PDU being taken apart */
	bool detecting; /* a bandwidth measurement is under way */
	bool detect_all; /* all bytes count, else those of its payloads only */
	uint64_t detect_start_us, detect_bytes;
};

/* client_share.c: what the server says on the I/O channel behind the licence, and updates. */
sp_nodiscard int sp_client_share_data(struct sp_rdp *c, struct sp_span data);
sp_nodiscard int sp_client_fast_output(struct sp_rdp *c, struct sp_span pdu);
/* client_message.c: measurements and invitations, answered here. */
sp_nodiscard int sp_client_message(struct sp_rdp *c, struct sp_span data, uint64_t now_us);
/* So many bytes have come: of any kind, or of a measurement's own payload. */
void sp_client_detect(struct sp_rdp *c, bool all, size_t n);
/* r stands behind the security header of an Initiate Multitransport Request. */
sp_nodiscard int sp_client_refuse_transport(struct sp_rdp *c, struct sp_rd *r);
/* The next whole update of the fast-path PDU in hand: 1 with *ev, 0 for none, or an error. */
int sp_client_next_update(struct sp_rdp *c, struct sp_event *ev);

/*
 * client_bulk.c: [MS-RDPBCGR] 3.1.8 for a client whose Client Info, which now goes, asks for it;
 * of all others a compressed PDU is refused.
 */
sp_nodiscard int sp_client_bulk_start(struct sp_rdp *c);
/* Accepts NULL. */
void sp_client_bulk_destroy(struct sp_client_bulk *b);
/* What it knows between two packets, and back into one of the same connection. */
sp_nodiscard int sp_client_bulk_save(const struct sp_client_bulk *b, struct sp_wr *w);
sp_nodiscard int sp_client_bulk_load(struct sp_client_bulk *b, struct sp_span state);
/* Another packet on the I/O channel begins: events of the one before are gone. */
void sp_client_bulk_packet(struct sp_rdp *c);
/* Makes the body of a Share Data PDU plain, until the next packet. */
sp_nodiscard int sp_client_bulk_share(struct sp_rdp *c, struct sp_share *s);
/* Makes one fragment of an update plain, until the next one. */
sp_nodiscard int sp_client_bulk_update(struct sp_rdp *c, struct sp_fp_update *u);
/* Refuses a compressed chunk of a static channel. */
sp_nodiscard int sp_client_bulk_channel(struct sp_rdp *c, struct sp_span data);

#endif
