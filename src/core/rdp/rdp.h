/* core/rdp/rdp.h - one RDP connection as a machine: bytes in; events, bytes and a deadline out. */
#ifndef SP_CORE_RDP_RDP_H
#define SP_CORE_RDP_RDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rcbuf.h"
#include "core/base/rect.h"
#include "core/base/span.h"
#include "core/pdu/input.h"
#include "core/pdu/line.h"

struct sp_caps;
struct sp_gcc_client;
struct sp_gcc_server;
struct sp_info;

/*
 * The machine knows no socket, no TLS and no clock. Its owner
 *
 *   while there are bytes: used = sp_rdp_feed(c, p, n, now); after each call takes all events
 *   (sp_rdp_next until false) and all output (sp_rdp_out until NULL), also when feed failed.
 *
 * A feed takes at most one whole PDU, so that events may borrow from it; call again with the
 * rest. Nothing is called back. What the machine cannot do itself (TLS, a login step, finding a
 * target) is an event that the owner answers with a call; until then feed takes no more bytes.
 */
struct sp_rdp;

enum sp_ev_kind {
	/* Server: the first packet was read; the confirm is in the output already. */
	SP_EV_X224_REQUEST,
	/*
	 * The owner starts TLS on the stream once the output is sent in clear, and calls
	 * sp_rdp_tls_done(). From then on feed and out carry plaintext.
	 */
	SP_EV_START_TLS,
	/*
	 * A whole TSRequest of the peer. The owner answers with sp_rdp_auth_send() and ends the
	 * exchange with sp_rdp_auth_done(). A client gets an empty token first: it begins. With
	 * SP_PROTO_RDSTLS, which only a client speaks, the tokens are its PDUs and the server
	 * begins.
	 */
	SP_EV_AUTH_TOKEN,
	/* Server: Client Info was read; the owner calls sp_server_activate() or _relay(). */
	SP_EV_LOGON,
	/* Client: SC blocks were read (channel ids are known). */
	SP_EV_CONNECTED,
	/* Client: a licence to be kept for the next time, before LICENSED. */
	SP_EV_LICENSE,
	/* Client: the licence exchange is over; the Demand Active, or a redirection, follows. */
	SP_EV_LICENSED,
	/* Client: Demand Active. The owner calls sp_client_confirm(); not in relay mode. */
	SP_EV_DEMAND_ACTIVE,
	/* Both: the font list or map ended the finalization; pictures and input may go. */
	SP_EV_ACTIVE,
	/* Client: Deactivate All; a new Demand Active follows. */
	SP_EV_DEACTIVATED,
	/* Server: keyboard, mouse, lock keys. */
	SP_EV_INPUT,
	/* Server: the client wants output or none (allow), or an area again (refresh). */
	SP_EV_SUPPRESS,
	SP_EV_REFRESH,
	/* Server: a frame of surface commands was shown; all of them for SP_RDP_ALL_FRAMES. */
	SP_EV_FRAME_ACK,
	/* Server: answers to sp_server_ask_trip() and _measure_stop(). */
	SP_EV_TRIP,
	SP_EV_RATE,
	/* Server on a private socket pair: what the gate knows of the client's line. */
	SP_EV_LINE,
	/* Server: the person closed the window; the owner decides. */
	SP_EV_SHUTDOWN_REQUEST,
	/* Client: one whole update, fast or slow path, reassembled. */
	SP_EV_UPDATE,
	/* Client: Set Error Info. */
	SP_EV_ERROR_INFO,
	/* Client: the Save Session Info body. */
	SP_EV_SESSION_INFO,
	/* Bytes of a static channel, one chunk with its header still on. */
	SP_EV_CHANNEL,
	/* Client: Server Redirection, in relay mode only before the Demand Active. Nothing follows. */
	SP_EV_REDIRECT,
	/* Relay mode: a PDU for the other leg, from the target's Demand Active on. */
	SP_EV_RELAY,
	/* The peer ended the connection in order (disconnect ultimatum). */
	SP_EV_CLOSED,
};

#define SP_RDP_ALL_FRAMES 0xFFFFFFFFu

enum sp_relay_kind {
	SP_RELAY_IO, /* user data on the I/O channel: share control PDU */
	SP_RELAY_MESSAGE, /* user data on the message channel: security header and PDU */
	SP_RELAY_CHANNEL, /* user data of a static channel: chunk header and bytes */
	SP_RELAY_FASTPATH, /* a whole fast-path PDU with its header */
};

/*
 * Spans and pointers are valid until the next feed on the same object, those of an UPDATE only until
 * the next sp_rdp_next().
 */
struct sp_event {
	enum sp_ev_kind kind;
	union {
		struct {
			uint32_t requested, selected; /* SP_PROTO_*; selected after our choice */
			uint32_t failure; /* failure code that was sent, 0 for none */
			bool has_negotiation; /* false: an old client without RDP_NEG_REQ */
			struct sp_span cookie, token; /* as received, without CR LF */
		} x224;
		struct sp_span token; /* AUTH_TOKEN */
		const struct sp_caps *caps; /* DEMAND_ACTIVE: theirs; ACTIVE: the peer's */
		struct {
			const struct sp_input_event *v;
			size_t n;
		} input;
		struct {
			bool allow;
			struct sp_rect area;
		} suppress;
		struct sp_rect refresh;
		uint32_t frame; /* FRAME_ACK */
		struct {
			uint16_t id; /* of the question; older ones need no answer any more */
			uint64_t rtt_us;
		} trip;
		uint64_t rate; /* RATE: bytes per second, as far as the client can tell */
		struct sp_line line;
		struct {
			uint8_t code; /* SP_FP_UPDATE_* */
			struct sp_span data;
		} update;
		struct {
			enum sp_relay_kind kind;
			size_t index; /* CHANNEL: place in the client's list of channels */
			struct sp_span data;
		} relay;
		struct {
			size_t index;
			struct sp_span data;
		} channel;
		struct sp_span license;
		struct sp_span session_info;
		struct sp_span redirect; /* for sp_redirect_share_read() */
		uint32_t error_info; /* SP_ERRINFO_* */
		uint32_t reason; /* CLOSED: reason of the ultimatum */
	};
};

void sp_rdp_destroy(struct sp_rdp *c);

/*
 * Takes up to one PDU from the n bytes; returns how many were used (0 also while an answer of
 * the owner is due), or a negative error, after which the connection is to be closed once the
 * output is sent. n may be 0 to let a deadline pass.
 */
sp_nodiscard int sp_rdp_feed(struct sp_rdp *c, const uint8_t *p, size_t n, uint64_t now_us);
/* The next event, false when there is none. */
bool sp_rdp_next(struct sp_rdp *c, struct sp_event *ev);
/* The next bytes to send; the caller owns the reference. NULL when there are none. */
struct sp_rcbuf *sp_rdp_out(struct sp_rdp *c);
/* When feed wants to be called even without bytes, in the clock of now_us; 0 for never. */
uint64_t sp_rdp_deadline(const struct sp_rdp *c);
/* "tpkt.length" and the like: which field the last error was about, "" for none. Static. */
const char *sp_rdp_what(const struct sp_rdp *c);
/* What the machine waits for, for log lines: "wait x224 request". Static. */
const char *sp_rdp_state_name(const struct sp_rdp *c);
/* Bytes that wait in the output. */
size_t sp_rdp_queued(const struct sp_rdp *c);
/* True once the finalization is over, until a deactivation. */
bool sp_rdp_is_active(const struct sp_rdp *c);

/* Answers to START_TLS and AUTH_TOKEN, for both roles. */
sp_nodiscard int sp_rdp_tls_done(struct sp_rdp *c);
sp_nodiscard int sp_rdp_auth_send(struct sp_rdp *c, struct sp_span token);
/*
 * The login succeeded. A server that selected HYBRID_EX sends result as Early User
 * Authorization Result (0 = allowed; anything else also ends the connection). A client ignores
 * it and goes on (with HYBRID_EX after the server's result).
 */
sp_nodiscard int sp_rdp_auth_done(struct sp_rdp *c, uint32_t result);

/*
 * The client's blocks and Client Info: a server's from LOGON on, a client's own always. A server
 * with NLA keeps no password of it.
 */
const struct sp_gcc_client *sp_rdp_client_gcc(const struct sp_rdp *c);
const struct sp_info *sp_rdp_info(const struct sp_rdp *c);
/* The server's blocks, with the ids of channels: from CONNECTED or LOGON on. */
const struct sp_gcc_server *sp_rdp_server_gcc(const struct sp_rdp *c);
/* The last capabilities of the other side (Demand or Confirm Active). */
const struct sp_caps *sp_rdp_peer_caps(const struct sp_rdp *c);
/* The MCS user channel of the client on this leg. */
uint16_t sp_rdp_user_id(const struct sp_rdp *c);
uint32_t sp_rdp_share_id(const struct sp_rdp *c);

/* Sends user data in a channel PDU: chunk header included, index as in SP_EV_CHANNEL. */
sp_nodiscard int sp_rdp_send_channel(struct sp_rdp *c, size_t index, struct sp_span chunk);
/*
 * Relay mode: sends what SP_EV_RELAY of the other leg delivered, with the ids of this leg. What
 * is for a channel that this leg does not have is dropped.
 */
sp_nodiscard int sp_rdp_send_relay(
		struct sp_rdp *c, enum sp_relay_kind kind, size_t index, struct sp_span data);

#endif
