/* core/rdp/machine.h - what server.c and client.c have in common; private to this folder. */
#ifndef SP_CORE_RDP_MACHINE_H
#define SP_CORE_RDP_MACHINE_H

#include "core/base/rd.h"
#include "core/base/wr.h"
#include "core/pdu/caps.h"
#include "core/pdu/gcc_client.h"
#include "core/pdu/gcc_server.h"
#include "core/pdu/info.h"
#include "core/pdu/input.h"
#include "core/pdu/share.h"
#include "core/rdp/rdp.h"

#define SP_RDP_MAX_INPUTS 256
#define SP_RDP_MAX_OUT (64u << 20) /* a machine that nobody drains fails, it does not grow */
#define SP_RDP_MAX_EVENTS 8

/*
 * The states of both roles, in the order of the connection sequence and named by what they
 * wait for. Which role has which is said in the table that server.c and client.c hold.
 */
enum sp_rdp_state {
	SP_RDP_WAIT_X224_REQUEST,
	SP_RDP_WAIT_X224_CONFIRM,
	SP_RDP_WAIT_TLS, /* the owner */
	SP_RDP_WAIT_AUTH, /* TSRequests, and the owner's answers */
	SP_RDP_WAIT_EARLY_RESULT,
	SP_RDP_WAIT_CONNECT_INITIAL,
	SP_RDP_WAIT_CONNECT_RESPONSE,
	SP_RDP_WAIT_ERECT_DOMAIN,
	SP_RDP_WAIT_ATTACH_REQUEST,
	SP_RDP_WAIT_ATTACH_CONFIRM,
	SP_RDP_WAIT_JOINS, /* server: join requests, then Client Info */
	SP_RDP_WAIT_JOIN_CONFIRM,
	SP_RDP_WAIT_OWNER, /* after LOGON or DEMAND_ACTIVE */
	SP_RDP_WAIT_LICENSE,
	SP_RDP_WAIT_DEMAND_ACTIVE,
	SP_RDP_WAIT_CONFIRM_ACTIVE,
	SP_RDP_WAIT_FONT_LIST,
	SP_RDP_WAIT_FONT_MAP,
	SP_RDP_ACTIVE,
	SP_RDP_RELAY_WAIT_CONFIRM, /* server: what the client sends still means our own desktop */
	SP_RDP_RELAY,
	SP_RDP_CLOSED,
};

struct sp_rdp {
	bool server;
	enum sp_rdp_state state;
	bool token_out; /* the owner has a TSRequest that it did not answer yet */
	/* Handles one whole PDU, borrowed; moves the state. */
	int (*handle)(struct sp_rdp *c, struct sp_span pdu, uint64_t now_us);
	/* Takes one more event out of the PDU in hand: 1, 0 for none, or an error. May be NULL. */
	int (*pull)(struct sp_rdp *c, struct sp_event *ev);

	struct sp_wr in; /* a PDU that came in pieces */
	bool in_done; /* in holds a PDU that was handled: drop it at the next feed */
	struct sp_wr wr; /* the PDU being written */
	struct sp_rcbuf *out_first, *out_last;
	size_t out_bytes;
	uint64_t out_total; /* bytes since the start */

	struct sp_event events[SP_RDP_MAX_EVENTS];
	size_t ev_at, ev_n;
	struct sp_input_event inputs[SP_RDP_MAX_INPUTS];

	uint64_t deadline_us;
	int failed; /* the error that ended the machine */
	const char *what;

	uint32_t selected; /* SP_PROTO_* */
	uint32_t requested; /* by the client */
	struct sp_gcc_client gcc;
	struct sp_gcc_server gcc_server;
	struct sp_info info;
	struct sp_caps caps; /* the peer's, from the last Demand or Confirm Active */
	struct sp_wr caps_bytes; /* what spans in caps point into */
	uint16_t user_id; /* MCS user channel of the client */
	uint16_t message_id; /* message channel, 0 for none */
	uint16_t channel_ids[SP_GCC_MAX_CHANNELS];
	size_t n_channels;
	uint32_t share_id;

	struct sp_server_part *srv; /* role state, owned */
	struct sp_client_part *cli;
};

/* TLS is up, the login comes: it has what is left of the time. */
void sp_server_tls_up(struct sp_rdp *c);
/* TLS and login, or nothing of both on a private socket, are behind us. */
sp_nodiscard int sp_server_after_login(struct sp_rdp *c);
sp_nodiscard int sp_client_after_login(struct sp_rdp *c);
/* These bytes begin with a whole answer to a measurement of the connect-time phase. */
bool sp_server_answer_waits(const struct sp_rdp *c, const uint8_t *p, size_t n);

/* A zeroed machine with its buffers initialized; NULL without memory. */
sp_nodiscard struct sp_rdp *sp_rdp_create(void);
/* Frees what the role allocated; called by sp_rdp_destroy. */
void sp_server_part_destroy(struct sp_server_part *p);
void sp_client_part_destroy(struct sp_client_part *p);

/* Queues a copy of the event. SP_ELIMIT when the owner does not take events. */
sp_nodiscard int sp_rdp_emit(struct sp_rdp *c, struct sp_event ev);
/* Hands a TSRequest to the owner; until it is answered feed takes nothing. */
sp_nodiscard int sp_rdp_emit_token(struct sp_rdp *c, struct sp_span token);
/* Moves what stands in c->wr to the output; gives the writer's error if it failed. */
sp_nodiscard int sp_rdp_flush(struct sp_rdp *c);
/* Notes which field the cursor failed at; returns its error. */
int sp_rdp_note(struct sp_rdp *c, const struct sp_rd *r);
int sp_rdp_fail(struct sp_rdp *c, int err, const char *what);
/*
 * A Send Data PDU of this role on a channel: begin, write the payload into c->wr, end (which
 * queues it).
 */
size_t sp_rdp_send_begin(struct sp_rdp *c, uint16_t channel);
sp_nodiscard int sp_rdp_send_end(struct sp_rdp *c, size_t mark);

struct sp_data_marks {
	size_t mcs, share;
};

/* The same for a Share Data PDU on the I/O channel. */
struct sp_data_marks sp_rdp_data_begin(struct sp_rdp *c, enum sp_share_data_type type);
sp_nodiscard int sp_rdp_data_end(struct sp_rdp *c, struct sp_data_marks m);

sp_nodiscard int sp_rdp_emit_relay(
		struct sp_rdp *c, enum sp_relay_kind kind, size_t index, struct sp_span data);
/* Bytes of static channel number index, to the owner or, in relay mode, to the other leg. */
sp_nodiscard int sp_rdp_emit_channel(struct sp_rdp *c, size_t index, struct sp_span data);
/* The place of a static channel id in the client's list, or n_channels. */
size_t sp_rdp_channel_index(const struct sp_rdp *c, uint16_t id);

#endif
