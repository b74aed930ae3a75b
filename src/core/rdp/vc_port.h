/* core/rdp/vc_port.h - what vc.c and vc_dynamic.c have in common; private to this folder. */
#ifndef SP_CORE_RDP_VC_PORT_H
#define SP_CORE_RDP_VC_PORT_H

#include "core/codec/zgfx.h"
#include "core/pdu/dvc.h"
#include "core/pdu/gcc_client.h"
#include "core/pdu/svc.h"
#include "core/rdp/vc.h"

#define SP_VC_DYNAMIC_MAX 256 /* open at a time */
#define SP_VC_LISTEN_MAX 32
#define SP_VC_TURN 8 /* PDUs of a port, until others have theirs */
#define SP_VC_PORTS (SP_GCC_MAX_CHANNELS + SP_VC_DYNAMIC_MAX)

enum sp_port_state {
	SP_PORT_CREATING, /* the client has not answered yet */
	SP_PORT_OPEN,
	SP_PORT_CLOSED, /* and its owner is to be told */
	SP_PORT_GONE, /* freed when nobody can be looking at it any more */
};

/* Messages that wait, first in, first out. */
struct sp_port_queue {
	struct sp_rcbuf **v; /* ring of cap entries, a power of two */
	size_t at, n, cap;
};

struct sp_port {
	struct sp_vc *vc;
	struct sp_port_conf conf;
	enum sp_port_state state;
	unsigned due; /* one bit for each event that was not taken, 1 << enum sp_vc_event_kind */
	bool dynamic;
	size_t index; /* static: place in the client's list */
	uint32_t id; /* dynamic */
	uint64_t deadline; /* dynamic, CREATING: when it is given up; 0 until the first tick */
	uint8_t priority; /* dynamic: below SP_DVC_PRIORITIES */
	char name[SP_DVC_NAME]; /* dynamic */
	struct sp_zgfx_dec *dec; /* dynamic: once the other side compresses */
	struct sp_zgfx_enc *enc;
	struct sp_svc_join in;
	struct sp_port_queue out;
	size_t queued; /* bytes in out that were not moved */
	size_t done; /* bytes of the first message that were */
	bool begun; /* the first message is under way */
	bool packed; /* and in compressed PDUs */
	bool full; /* ROOM is owed */
};

struct sp_vc_listener {
	char name[SP_DVC_NAME];
	struct sp_port_conf conf;
};

enum sp_vc_dynamic_state {
	SP_VC_DYN_IDLE, /* server: nobody asked for a channel. Client: waits for the server's caps */
	SP_VC_DYN_WAIT_CAPS, /* server: the client's answer */
	SP_VC_DYN_READY,
	SP_VC_DYN_BROKEN, /* the other side sent what is no message: nothing goes any more */
};

struct sp_vc {
	struct sp_rdp *rdp;
	bool server;
	struct sp_port *port[SP_VC_PORTS];
	size_t n, turn;
	size_t n_due; /* ports with something in due */
	bool gone; /* some port is */
	struct sp_port *speaker; /* whose message is the last one, NULL for none */
	struct sp_span message;
	size_t held; /* bytes of messages that are not complete */
	struct sp_port *of_static[SP_GCC_MAX_CHANNELS];
	/* A message was cut off in the middle on this channel: it cannot be opened again. */
	bool spoilt[SP_GCC_MAX_CHANNELS];

	size_t dyn; /* place of drdynvc, SP_GCC_MAX_CHANNELS for none */
	enum sp_vc_dynamic_state dyn_state;
	struct sp_svc_join dyn_in;
	struct sp_dvc_caps caps; /* version that both have; the server's charges */
	/*
	 * The other side compresses, so it understands what is compressed. That it says version 3
	 * is no proof: FreeRDP 2 does, and gives up at the first such PDU.
	 */
	bool compresses;
	uint32_t last_id;
	struct sp_rcbuf *control_first, *control_last; /* PDUs of drdynvc that are no data */
	size_t control_bytes;
	struct sp_vc_listener *listener[SP_VC_LISTEN_MAX];
	size_t n_listeners;
};

/* A port in the list. SP_ELIMIT, SP_ENOMEM. */
sp_nodiscard int sp_port_create(
		struct sp_vc *vc, const struct sp_port_conf *conf, struct sp_port **out);
/* Frees what waits and what is half there. */
void sp_port_drop(struct sp_port *p);
/* The other side's doing: CLOSED is due. */
void sp_port_lost(struct sp_port *p);
void sp_port_due(struct sp_port *p, enum sp_vc_event_kind kind);
/*
 * A piece of a message: MESSAGE is due when it is the last one. SP_ENOMEM; any other error means
 * that the port cannot go on.
 */
sp_nodiscard int sp_port_take(struct sp_port *p, const struct sp_svc_chunk *chunk);

/* Client: a channel of this name for who listens for it, not yet announced. SP_ENOTFOUND, SP_ELIMIT, SP_ENOMEM. */
sp_nodiscard int sp_vc_dynamic_take_name(struct sp_vc *vc, const char *name, struct sp_port **out);
/* A chunk of drdynvc. SP_ENOMEM only. */
sp_nodiscard int sp_vc_dynamic_take(struct sp_vc *vc, const struct sp_svc_chunk *chunk);
/* Tells the other side that a channel is closed. */
void sp_vc_dynamic_close(struct sp_vc *vc, const struct sp_port *p);
void sp_vc_dynamic_finish(struct sp_vc *vc);
/* Writes the next PDU of a port's first message; returns how much of the message it carries. */
size_t sp_vc_dynamic_write(struct sp_port *p, struct sp_span message, struct sp_wr *w);
/* PDUs of a port in one turn. */
unsigned sp_vc_dynamic_share(const struct sp_port *p);

#endif
