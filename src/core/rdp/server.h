/* core/rdp/server.h - the server's side of a connection. */
#ifndef SP_CORE_RDP_SERVER_H
#define SP_CORE_RDP_SERVER_H

#include "core/rdp/rdp.h"

struct sp_wr;

struct sp_server_conf {
	/*
	 * SP_PROTO_* that may be selected, best first is HYBRID_EX, HYBRID, SSL. 0 means a
	 * connection that is private and proven already (a socket pair): no TLS, no login,
	 * PROTOCOL_RDP without encryption.
	 */
	uint32_t protocols;
	/*
	 * Limits in microseconds, 0 for none. Absolute ones, from creation to the verdict of the
	 * login and from there to LOGON, then from LOGON to the desktop; and within the first, for
	 * the whole connection request and for the TLS handshake.
	 */
	uint64_t logon_deadline_us;
	uint64_t active_deadline_us;
	uint64_t request_deadline_us;
	uint64_t tls_deadline_us;
	/* Measures the way to a client that can, while the owner of LOGON looks for its target. */
	bool detect;
};

sp_nodiscard struct sp_rdp *sp_server_create(const struct sp_server_conf *conf, uint64_t now_us);

/* What the desktop is like. */
struct sp_server_desktop {
	uint16_t width, height;
	uint8_t bpp; /* 8, 15, 16, 24 or 32; what bitmap updates will carry */
	/*
	 * Another server may follow (sp_server_relay): advertise all that one may use, since a
	 * client only ever lowers its capabilities at a reactivation.
	 */
	bool superset;
	/* Offers surface commands with RemoteFX and NSCodec; 32 bits only. */
	bool codecs;
};

/*
 * Answers LOGON: sends the licence and a Demand Active for a desktop of our own. Called again
 * while active it reactivates with other values (Deactivate All first); SP_EV_ACTIVE follows.
 */
sp_nodiscard int sp_server_activate(
		struct sp_rdp *c, const struct sp_server_desktop *d, uint64_t now_us);
/*
 * Answers LOGON, or ends an own desktop with Deactivate All: from here on everything but the
 * MCS layer belongs to the target. Sends the licence if that was not sent yet.
 */
sp_nodiscard int sp_server_relay(struct sp_rdp *c);
/* Whether sp_server_relay() may be called now: not in the middle of an own activation. */
bool sp_server_may_relay(const struct sp_rdp *c);

/*
 * Sends one update (SP_FP_UPDATE_*) whose body is given, cut into fragments the client takes;
 * slow path for clients that have no fast-path output (bitmap, palette, synchronize, pointer).
 * Only while active.
 */
sp_nodiscard int sp_server_update(struct sp_rdp *c, uint8_t code, struct sp_span body);
/* The largest body that sp_server_update sends without a reassembly on the client's side. */
size_t sp_server_update_max(const struct sp_rdp *c);
/*
 * Measurements of the way to the client ([MS-RDPBCGR] 1.3.9), while active. A client that answers
 * them does so in the order of all that is sent.
 */
bool sp_server_detects(const struct sp_rdp *c);
/* SP_EV_TRIP with this id follows, if anything does. */
sp_nodiscard int sp_server_ask_trip(struct sp_rdp *c, uint64_t now_us, uint16_t *id);
/* When the oldest one without an answer was asked; 0: there is none. */
uint64_t sp_server_trip_waits(const struct sp_rdp *c);
/* SP_EV_RATE tells how fast what is sent between the two came through. */
sp_nodiscard int sp_server_measure(struct sp_rdp *c, uint64_t now_us);
sp_nodiscard int sp_server_measure_stop(struct sp_rdp *c);
/* What the connect-time phase has found so far; zeros for what is not known. */
void sp_server_found(const struct sp_rdp *c, struct sp_line *out);
/* Asks the gate, on a private socket pair, to say when all before this has gone: SP_EV_LINE. */
sp_nodiscard int sp_server_mark(struct sp_rdp *c, uint32_t id);

/* Save Session Info: the login is complete. */
sp_nodiscard int sp_server_logon_notify(struct sp_rdp *c);
/* Says why (Set Error Info where the client takes it) and ends with a disconnect ultimatum. */
sp_nodiscard int sp_server_end(struct sp_rdp *c, uint32_t error_info);
/* Answers SHUTDOWN_REQUEST with "denied": the client then closes by itself. */
sp_nodiscard int sp_server_shutdown_denied(struct sp_rdp *c);

#endif
