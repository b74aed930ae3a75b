/* core/rdp/vc.h - the virtual channels of a connection that ends here, static and dynamic. */
#ifndef SP_CORE_RDP_VC_H
#define SP_CORE_RDP_VC_H

#include "core/base/attr.h"
#include "core/base/rcbuf.h"
#include "core/rdp/rdp.h"

/*
 * Whole messages in, whole messages out, for both roles. A port is one open channel; what it is
 * fed is put together from chunks, what it sends is cut into them as the connection has room.
 * Static channels are found by name; dynamic ones ([MS-RDPEDYC] 1 to 3) are created by a server
 * and accepted by a client that listens for their names. Nothing is called back.
 */
struct sp_vc;
struct sp_port;

struct sp_port_conf {
	void *owner; /* comes back in the events */
	size_t max_message; /* a longer one is never put together: the port is closed */
	uint32_t svc_flags; /* SP_SVC_SHOW_PROTOCOL or 0; static ones */
	bool dense; /* what is sent is compressed already: it is not tried again; dynamic ones */
};

enum sp_vc_event_kind {
	SP_VC_OPENED, /* dynamic: the other side took it, or created one we listen for */
	SP_VC_MESSAGE,
	SP_VC_ROOM, /* less than SP_PORT_FULL bytes wait in a port that was full */
	/*
	 * Refused, closed by the other side, or broken by a message that is none; the port is gone
	 * after the event. Of a static one: it stays silent from now on.
	 */
	SP_VC_CLOSED,
};

/* Valid until the next call on the object. */
struct sp_vc_event {
	enum sp_vc_event_kind kind;
	struct sp_port *port;
	void *owner;
	struct sp_span message; /* MESSAGE */
};

#define SP_PORT_FULL (256u << 10) /* so much waits in a port that its owner stops producing */

/* From LOGON (server) or CONNECTED (client) on; borrows rdp. NULL without memory. */
sp_nodiscard struct sp_vc *sp_vc_create(struct sp_rdp *rdp, bool server);
/* Ports are gone without an event. Accepts NULL. */
void sp_vc_destroy(struct sp_vc *vc);

/* A static channel that the client announced: SP_ENOTFOUND when it did not, SP_ESTATE when it is open. */
sp_nodiscard int sp_vc_static(struct sp_vc *vc, const char *name, const struct sp_port_conf *conf,
		struct sp_port **out);
/* Server: asks for a dynamic channel; OPENED or CLOSED follows. SP_ENOTFOUND without drdynvc. */
sp_nodiscard int sp_vc_dynamic(struct sp_vc *vc, const char *name, const struct sp_port_conf *conf,
		struct sp_port **out);
/* Client: takes dynamic channels of this name; each is OPENED. The name is copied. */
sp_nodiscard int sp_vc_listen(struct sp_vc *vc, const char *name, const struct sp_port_conf *conf);

/* An event of the connection: CHANNEL, others are ignored. All events are then to be taken. */
sp_nodiscard int sp_vc_feed(struct sp_vc *vc, const struct sp_event *ev);
bool sp_vc_next(struct sp_vc *vc, struct sp_vc_event *ev);
/*
 * Moves waiting chunks into the connection's output, port by port in turn, until about max bytes
 * are there; returns how many. ROOM events may follow.
 */
sp_nodiscard int sp_vc_pump(struct sp_vc *vc, size_t max);
/*
 * To be called with what is asked for, and at the deadline: a dynamic channel that the client has
 * not answered for 30 seconds after the first such call is CLOSED. Events may follow.
 */
sp_nodiscard int sp_vc_tick(struct sp_vc *vc, uint64_t now_us);
/* When that is next; 0 for never. */
uint64_t sp_vc_deadline(const struct sp_vc *vc);
/* Bytes that wait in all ports. */
size_t sp_vc_queued(const struct sp_vc *vc);

/*
 * Sends a whole message; takes the reference, also on failure. NULL is SP_ENOMEM. SP_ELIMIT when
 * absurdly much waits already (an owner that does not look at sp_port_full()).
 */
sp_nodiscard int sp_port_send(struct sp_port *p, struct sp_rcbuf *message);
bool sp_port_full(const struct sp_port *p);
/* Bytes that wait in it. */
size_t sp_port_queued(const struct sp_port *p);
/* Dynamic: tells the other side. No event follows. Accepts NULL. */
void sp_port_close(struct sp_port *p);

#endif
