/* host/monitor/msg.h - the fixed structures that the processes of the service exchange. */
#ifndef SP_HOST_MONITOR_MSG_H
#define SP_HOST_MONITOR_MSG_H

#include <stddef.h>
#include <stdint.h>

#include "host/audit/event.h"
#include "host/monitor/times.h"

/*
 * All travel over inherited SOCK_SEQPACKET pairs between processes of one build on one machine,
 * so they are plain structures in memory order. Every text is UTF-8 in an array that holds its
 * NUL; every enum is a uint32_t on the way; 0 is never a good result. sp_mon_recv() has checked
 * length, texts, ranges and the number of descriptors before the owner sees a message.
 * A structure must be zeroed before it is filled: its bytes go to a less trusted process.
 */
#define SP_TEXT_NAME 772 /* 256 UTF-16 units of a name on the wire, and a NUL */
#define SP_TEXT_USER 72 /* a user of the store has at most 64 bytes */
#define SP_TEXT_ADDR 64 /* "[2001:db8::1]:65535" */
#define SP_TEXT_TARGET 72 /* a target has at most 64 bytes */
#define SP_TEXT_WHY 192 /* a reason in words */
#define SP_TEXT_CLIENT 64 /* clientName: 15 UTF-16 units */
#define SP_TEXT_ZONE 128 /* a time zone's StandardName: 31 UTF-16 units */
#define SP_TEXT_COMMAND 1024
#define SP_TEXT_HOST 264 /* a host name, or "host:port" */
#define SP_TEXT_PASSWORD 772 /* 256 UTF-16 units, and a NUL */
#define SP_TEXT_NOTICE 2048 /* legal notice; may hold line feeds */
#define SP_TEXT_IFACE 16 /* IF_NAMESIZE */
#define SP_TEXT_ROUTE 64 /* the token of a first packet */
#define SP_MAX_MONITORS 16

#include "host/monitor/msg_record.h" /* which needs these */

#define SP_TEXT_JA4 40
#define SP_SIGN_MAX 512 /* message to sign */
#define SP_SIGNATURE_MAX 1024 /* RSA of 8192 bits */
#define SP_TEMP_MAX 2048 /* NTLMv2_CLIENT_CHALLENGE with its AV pairs */
#define SP_TEMP_MIN 32 /* 28 fixed bytes and MsvAvEOL */

/*
 * sp-recorder: frames of sp-net, the recording (append only), the scribe, the parent, who brings
 * another scribe's link, and where there is an index to be made, a pipe for the recording's key.
 */
#define SP_RECORDER_FD_STREAM 3
#define SP_RECORDER_FD_FILE 4
#define SP_RECORDER_FD_SCRIBE 5
#define SP_RECORDER_FD_PARENT 6
#define SP_RECORDER_FD_KEY 7
/* Descriptors that sp-keeper, sp-broker and sp-desk inherit. */
#define SP_KEEPER_FD_CONTROL 3 /* to the parent */
#define SP_KEEPER_FD_BROKER 4 /* keeper: to the broker; may be absent */
#define SP_KEEPER_FD_DIAL 5 /* keeper: to sp-dial; may be absent */
#define SP_KEEPER_FD_SCRIBE 6 /* keeper: to the scribe; may be absent, a SCRIBE replaces it */
#define SP_SCRIBE_FD_PARENT 3 /* AUDIT and RELOAD come in; out goes SCRIBE_READY only */
#define SP_SCRIBE_FD_KEEPER 4
#define SP_SHIP_FD_PARENT 3
#define SP_DIAL_FD_KEEPER 3
#define SP_BROKER_FD_KEEPER 3
#define SP_DESK_FD_BROKER 3
/*
 * Descriptors of sp-net and sp-login, which are started before their connection comes, and of
 * sp-target, which has those of sp-login and is started when a target's login is wanted.
 */
#define SP_NET_FD_PARENT 3
#define SP_NET_FD_KEEPER 4
#define SP_NET_FD_LOGIN 5
#define SP_NET_FD_CHAIN 6 /* certificate chain, PEM, read only */
#define SP_LOGIN_FD_NET 3
#define SP_LOGIN_FD_KEEPER 4
#define SP_LOGIN_FD_ROOTS 5 /* sp-target: CA certificates, PEM, read only; may be absent */

/* Why a connection was refused or ended: for the log and the audit, never for the peer. */
#define SP_WHY_MAP(X) \
	X(UNKNOWN, "no reason given") \
	X(OK, "ok") \
	X(BYE, "session ended") \
	X(NO_USER, "unknown user") \
	X(DISABLED, "user is disabled") \
	X(PASSWORD, "wrong password") \
	X(STALE, "challenge too old") \
	X(STORE, "store cannot be read") \
	X(NO_LOGIN, "login not finished") \
	X(CREDSSP, "CredSSP version too old") \
	X(NTLM, "NTLM message not acceptable") \
	X(TOKEN, "login message damaged") \
	X(BINDING, "login was made for another server key") \
	X(TAMPERED, "login message was changed on its way") \
	X(IDENTITY, "delegated name is not the authenticated one") \
	X(NEGOTIATION, "no security protocol in common") \
	X(TLS, "TLS handshake failed") \
	X(PROTOCOL, "message not acceptable") \
	X(GONE, "peer closed during login") \
	X(LOST, "connection lost") \
	X(DEADLINE, "time limit passed") \
	X(QUESTION, "question not permitted") \
	X(CRASH, "process died on a signal") \
	X(TARGET, "target not available") \
	X(CODE, "no right one-time code") \
	X(POLICY, "no rule allows it") \
	X(LOCKED, "too many failures, must wait") \
	X(ROUTE, "no valid token in the first packet") \
	X(REFUSED_BY, "not approved") \
	X(CERTIFICATE, "target's certificate is not trusted") \
	X(TARGET_LOGIN, "target refused the login") \
	X(IDLE, "idle for too long") \
	X(TIME, "time is over") \
	X(ADMIN, "ended by an administrator") \
	X(AUDIT, "the audit cannot be written") \
	X(ALERT, "ended for an alert") \
	X(SPENT, "one-time token was used before") \
	X(LIMIT, "too many connections") \
	X(RECORD, "it cannot be recorded") \
	X(INTERNAL, "internal error")

enum sp_why {
#define X(name, text) SP_WHY_##name,
	SP_WHY_MAP(X)
#undef X
	SP_WHY_COUNT
};

/* "wrong password"; static. */
const char *sp_why_text(uint32_t why);

/* The name, structure and number of descriptors (fewest, most) of every message. */
#define SP_MSG_MAP(X) \
	/* parent to keeper */ \
	X(CONN_OPEN, conn_open, 2, 2) /* question sockets: sp-net's, sp-login's */ \
	X(CONN_CLOSED, conn_closed, 0, 0) \
	X(RELOAD, none, 0, 0) \
	X(LOGIN_STARTED, login_started, 0, \
			2) /* question socket, sp-net's end of the login link */ \
	X(PENALTIES, penalties, 0, 0) /* what sources have to wait, to be kept */ \
	/* keeper to parent */ \
	X(READY, ready, 1, 1) /* certificate chain, PEM, read only */ \
	X(PENALTY, penalty, 0, 0) \
	X(CONN_END, conn_end, 0, 0) \
	X(CONN_GRANTED, conn_granted, 0, 0) \
	X(LOGIN_START, login_start, 0, 0) \
	X(PENALTIES_KEPT, penalties, 0, 0) /* once, before READY, when there are some */ \
	/* parent to sp-net */ \
	X(NET_START, net_start, 1, 1) /* the client's socket */ \
	/* sp-net and keeper */ \
	X(SIGN, sign, 0, 0) \
	X(SIGNATURE, signature, 0, 0) \
	X(ASK_VERDICT, none, 0, 0) \
	X(VERDICT, verdict, 0, 0) \
	X(ROUTE, route, 0, 0) \
	X(ROUTED, routed, 0, 0) \
	X(CONVERSE, converse, 0, 0) \
	X(PROMPT, prompt, 0, 0) \
	X(ANSWER, answer, 0, 0) \
	X(OPEN_TARGET, open_target, 0, 0) \
	/* With OK its socket; of an RDP host the login link too; the recorder's stream, if any. */ \
	X(TARGET, target, 0, 3) \
	X(REDIRECT, redirect, 0, 0) /* answered by another TARGET */ \
	X(TARGET_UP, none, 0, 0) \
	X(TARGET_ARC, arc, 0, 0) \
	X(ARC, arc, 0, 0) \
	X(LICENSE, license, 0, 0) /* a question with n == 0, or one to be kept; and the answer */ \
	X(TRANSFER, transfer, 0, 0) \
	X(CHANNEL, channel, 0, 0) \
	X(SESSION_END, session_end, 0, 0) \
	X(BYE, bye, 0, 0) \
	/* sp-login and keeper */ \
	X(ASK_CHALLENGE, none, 0, 0) \
	X(CHALLENGE, challenge, 0, 0) \
	X(PROOF, proof, 0, 0) \
	X(PROOF_RESULT, proof_result, 0, 0) \
	X(DONE, done, 0, 0) \
	/* sp-target and keeper */ \
	X(ASK_TRUST, none, 0, 0) \
	X(TRUST, trust, 0, 0) \
	X(TARGET_CERT, target_cert, 0, 0) \
	X(TARGET_LOGIN, target_login, 0, 0) \
	X(TARGET_DONE, target_done, 0, 0) \
	/* keeper and sp-dial */ \
	X(DIAL, dial, 0, 0) \
	X(DIALED, dialed, 1, 1) \
	X(DIAL_FAILED, dial_failed, 0, 0) \
	/* whoever sees something happen, to the scribe; and the scribe's answer */ \
	X(AUDIT, audit, 0, 0) \
	X(AUDITED, audited, 0, 0) \
	X(AUDIT_HELLO, audit_hello, 0, 0) /* keeper to scribe, first on each link */ \
	X(SCRIBE_STATE, scribe_state, 0, 0) /* scribe to keeper: when it changes */ \
	/* the parent, who starts the scribe */ \
	X(SCRIBE, none, 1, 1) /* to the keeper: a new scribe's link, in place of the old */ \
	X(SCRIBE_READY, none, 0, 0) /* scribe to parent: it keeps what comes */ \
	/* the parent and sp-ship */ \
	X(SHIP_CHAIN, none, 1, \
			1) /* to sp-ship: our certificate chain, to know until when it holds */ \
	X(SHIP_MISSED, ship_missed, 0, 0) /* records that a destination will never have */ \
	X(SHIP_DIED, ship_died, 0, 0) /* a process of sp-ship's, of a signal */ \
	X(SHIP_JAILED, ship_jailed, 0, 0) /* how far a process of sp-ship's is locked in */ \
	X(SHIP_FIGURES, ship_figures, 0, \
			0) /* to sp-ship, where there are metrics: when they change */ \
	X(SCRIBE_FIGURES, scribe_figures, 0, 0) /* scribe to parent, likewise */ \
	/* keeper and scribe */ \
	X(RECORD_OPEN, record_open, 0, 0) \
	X(RECORD_OPENED, record_opened, 0, 1) /* the stream, when there is one */ \
	X(RECORD_ENDED, record_ended, 0, 0) \
	X(ACT, act, 0, 0) /* scribe to keeper: an alert has a consequence */ \
	/* scribe and parent, who starts a sp-recorder */ \
	X(RECORDER_START, recorder_start, 1, \
			3) /* the recording; the same to read, and its index */ \
	X(RECORDER_STARTED, recorder_started, 0, 2) /* link to it, stream for the frames */ \
	X(RECORDER_ADOPT, recorder_start, 1, 1) /* to another scribe: a link to one that runs */ \
	X(RECORDER_LINK, none, 1, 1) /* parent to recorder: the other end of that link */ \
	/* sp-recorder and scribe */ \
	X(RECORD_READY, none, 0, 0) /* a question; the answer: */ \
	X(RECORD_BEGIN, record_begin, 0, 0) \
	X(RECORD_HEAD, record_head, 0, 0) \
	X(RECORD_STOP, record_stop, 0, 0) /* to the recorder: it says its last head */ \
	/* keeper and broker */ \
	X(DESKTOP_OPEN, desktop_open, 0, 0) \
	X(DESKTOP_OPENED, desktop_opened, 1, 1) \
	X(DESKTOP_FAILED, desktop_failed, 0, 0) \
	/* broker to desk */ \
	X(DESK_START, desktop_open, 0, 0) \
	X(DESK_CONNECT, desk_connect, 1, 1) /* stream socket: RDP without TLS and login */ \
	/* desk to broker */ \
	X(DESK_UP, desk_up, 0, 0) \
	X(DESK_FAILED, desk_text, 0, 0) \
	X(DESK_ENDED, desk_text, 0, 0)

enum sp_msg {
	SP_MSG_NONE,
#define X(name, body, fds_min, fds_max) SP_MSG_##name,
	SP_MSG_MAP(X)
#undef X
	SP_MSG_COUNT
};

/* "CONN_OPEN"; static, "?" for a number that is no message. */
const char *sp_msg_name(uint32_t type);

enum sp_role {
	SP_ROLE_NONE,
	SP_ROLE_NET,
	SP_ROLE_LOGIN,
};

/* Where a connection comes from, as accept() said it. */
struct sp_source {
	uint32_t family; /* AF_INET or AF_INET6; a v4-mapped address is made AF_INET */
	uint32_t port; /* host order */
	uint8_t addr[16]; /* network order; the first 4 bytes for AF_INET */
	char text[SP_TEXT_ADDR]; /* for the log, "192.0.2.7:50123" */
};

/* A message without content. */
struct sp_msg_none {
	uint32_t zero;
};

struct sp_msg_conn_open {
	uint64_t conn; /* never used again while the parent lives; not 0 */
	struct sp_source source;
	char listener[SP_TEXT_ADDR]; /* the address that accepted it */
	char interface[SP_TEXT_IFACE]; /* the network interface it came in by; empty = not known */
};

/* Starts an sp-target for the connection: the login of its target's leg. */
struct sp_msg_login_start {
	uint64_t conn;
};

/* Without descriptors it could not be started, and text says why. */
struct sp_msg_login_started {
	uint64_t conn;
	char text[SP_TEXT_WHY];
};

#define SP_PENALTIES 512

struct sp_kept_penalty {
	uint8_t source[16]; /* as the limits count it */
	int64_t until; /* seconds since 1970 */
};

struct sp_msg_penalties {
	uint32_t n; /* INVARIANT: n <= SP_PENALTIES */
	uint32_t zero;
	struct sp_kept_penalty v[SP_PENALTIES];
};

/* A child of the connection has ended; sp-net's end is the connection's. */
struct sp_msg_conn_closed {
	uint64_t conn;
	uint32_t role; /* enum sp_role */
	uint32_t crashed; /* 1: died on a signal that nobody of ours sent */
	int32_t status; /* exit status, or the signal */
	uint32_t deadline; /* 1: ended by the parent because its time was over */
};

/* Sent once at start and again after each RELOAD. Before it no connection may be sent. */
struct sp_msg_ready {
	char text[SP_TEXT_WHY];
	char fingerprint[72]; /* SHA-256 of the certificate, hex with ':' left out */
};

enum sp_penalty {
	SP_PENALTY_NONE,
	SP_PENALTY_AUTH, /* login failed, known user or not */
	SP_PENALTY_PROBE, /* left before the login began to mean anything */
	SP_PENALTY_PROTOCOL, /* message or question not permitted */
	SP_PENALTY_CRASH,
	SP_PENALTY_DEADLINE,
	SP_PENALTY_COUNT
};

struct sp_msg_penalty {
	struct sp_source source;
	uint32_t kind; /* enum sp_penalty */
	uint32_t seconds;
};

/* The keeper is through with a connection: the parent ends its children. */
struct sp_msg_conn_end {
	uint64_t conn;
	uint32_t why; /* enum sp_why */
	uint32_t zero;
	char text[SP_TEXT_WHY];
};

/* The login is over and good: the connection has its verdict, its deadline is met. */
struct sp_msg_conn_granted {
	uint64_t conn;
};

/* The connection that a waiting sp-net is to serve. */
struct sp_msg_net_start {
	uint64_t conn;
	struct sp_source source;
	uint32_t logon_ms; /* from accept to the verdict, absolute */
	uint32_t active_ms; /* from the verdict to the desktop */
	uint32_t require_token; /* 1: a connection without a valid token gets no answer at all */
	uint32_t zero;
};

/* Once only, before SIGN: the token of the first packet, without its "Cookie: msts=". */
struct sp_msg_route {
	char token[SP_TEXT_ROUTE];
};

enum sp_routed {
	SP_ROUTED_DENIED,
	SP_ROUTED_OK,
	SP_ROUTED_COUNT
};

struct sp_msg_routed {
	uint32_t result; /* enum sp_routed */
	uint32_t zero;
};

/* Once only. The message is what TLS would sign itself; the keeper checks what it is. */
struct sp_msg_sign {
	uint32_t scheme; /* SignatureScheme of TLS 1.3, 0x0403 */
	uint32_t n;
	uint8_t message[SP_SIGN_MAX];
	char ja4[SP_TEXT_JA4]; /* what sp-net makes of the client's first message; may be empty */
};

enum sp_sign {
	SP_SIGN_REFUSED,
	SP_SIGN_DONE,
	SP_SIGN_COUNT
};

struct sp_msg_signature {
	uint32_t result; /* enum sp_sign */
	uint32_t n;
	uint8_t signature[SP_SIGNATURE_MAX];
};

enum sp_verdict {
	SP_VERDICT_DENIED,
	SP_VERDICT_GRANTED,
	SP_VERDICT_COUNT
};

#define SP_AUTHZ_SUCCESS 0u
#define SP_AUTHZ_ACCESS_DENIED 5u

struct sp_msg_verdict {
	uint64_t grant; /* not 0 when granted; names the session in logs */
	uint32_t result; /* enum sp_verdict */
	uint32_t early_user; /* authorizationResult of [MS-RDPBCGR] 2.2.10.2; 5 when denied */
	uint32_t why; /* enum sp_why */
	/* 1: there is more to ask. CONVERSE comes next, and OPEN_TARGET after a PROMPT_DONE. */
	uint32_t ask;
	char text[SP_TEXT_WHY]; /* for the log */
	char user[SP_TEXT_USER]; /* the store's name; empty when denied */
};

/* An auto-reconnect cookie, [MS-RDPBCGR] 2.2.4.2 and 2.2.4.3. */
struct sp_msg_arc {
	uint32_t present; /* 0 or 1 */
	uint32_t logon_id;
	uint8_t bits[16]; /* ArcRandomBits; in CONVERSE the SecurityVerifier */
};

/* Once only. What the client brought in its Client Info that may stand for a second factor. */
struct sp_msg_converse {
	struct sp_msg_arc arc;
	uint32_t rail; /* 1: a RemoteApp client, which can show no greeter */
	uint32_t zero;
};

/*
 * The conversation: CONVERSE once, then a PROMPT from the keeper for it and for every ANSWER,
 * one of which is permitted after each that asks. WAIT asks nothing, but takes an ANSWER with
 * SP_ANSWER_LEAVE. REFUSED, and what follows a WAIT, come unasked.
 */
enum sp_prompt_kind {
	SP_PROMPT_NONE,
	SP_PROMPT_DONE, /* nothing is left to ask */
	SP_PROMPT_CODE, /* a one-time code, or a recovery code when `recovery` */
	SP_PROMPT_ENROL, /* a one-time code of the new secret that is shown */
	SP_PROMPT_REFUSED, /* text says why; nothing follows */
	SP_PROMPT_NOTICE, /* notice is to be read and accepted */
	SP_PROMPT_TARGET, /* one of `item` is to be chosen */
	SP_PROMPT_REASON, /* a reason or ticket number; text says for what */
	SP_PROMPT_LOGIN, /* user name and password for the target that title names */
	SP_PROMPT_WAIT, /* text says for whom or what; another prompt follows */
	SP_PROMPT_RECOVERY, /* `item` are new recovery codes, to be written down */
	SP_PROMPT_COUNT
};

#define SP_PROMPT_QR_SIDE 77
#define SP_PROMPT_ITEMS 64

struct sp_prompt_item {
	char name[SP_TEXT_TARGET]; /* a target, or a recovery code */
	char text[SP_TEXT_WHY]; /* what is to be said of it; may be empty */
};

struct sp_msg_prompt {
	uint32_t kind; /* enum sp_prompt_kind */
	uint32_t tries; /* left, this one included; 0: not counted */
	uint32_t seconds; /* left for this prompt; 0: no limit that matters */
	uint32_t qr_side; /* ENROL: modules; else 0 */
	uint32_t recovery; /* CODE: 1 when the user has recovery codes */
	uint32_t items; /* TARGET, RECOVERY: INVARIANT 1..SP_PROMPT_ITEMS; else 0 */
	/* NOTICE: its heading; LOGIN, REASON, DONE: the target where it is known; else empty. */
	char title[SP_TEXT_TARGET];
	char user[SP_TEXT_USER]; /* LOGIN: the user name to begin with; else empty */
	char text[SP_TEXT_WHY]; /* what was wrong with the last answer; or the reason */
	char secret[64]; /* ENROL: what the QR code has, for typing */
	char notice[SP_TEXT_NOTICE]; /* NOTICE: UTF-8 with line feeds; else empty */
	uint8_t qr[SP_PROMPT_QR_SIDE * SP_PROMPT_QR_SIDE]; /* row by row without gaps; 1: dark */
	struct sp_prompt_item item[SP_PROMPT_ITEMS];
};

enum sp_answer {
	SP_ANSWER_NONE,
	SP_ANSWER_OK, /* with what the prompt asks for */
	SP_ANSWER_LEAVE, /* the person does not want to go on */
	SP_ANSWER_COUNT
};

struct sp_msg_answer {
	uint32_t kind; /* enum sp_answer */
	uint32_t choice; /* TARGET: index of the item; else 0 */
	char text[SP_TEXT_NAME]; /* a code, a reason, a user name */
	char password[SP_TEXT_PASSWORD]; /* LOGIN; else empty */
};

struct sp_monitor {
	int32_t left, top; /* relative to the primary monitor */
	uint32_t width, height;
	uint32_t primary; /* 0 or 1 */
	uint32_t physical_width, physical_height; /* millimetres; 0 = not told */
	uint32_t orientation; /* 0, 90, 180, 270 */
	uint32_t desktop_scale, device_scale; /* percent; 0 = not told */
};

/* What the client has in front of it. */
struct sp_geometry {
	uint32_t width, height; /* INVARIANT: both 200..8192 */
	uint32_t bpp; /* 15, 16, 24 or 32 */
	uint32_t desktop_scale, device_scale;
	uint32_t keyboard_layout; /* Windows input locale, 0x00000407 */
	uint32_t keyboard_type, keyboard_subtype, function_keys;
	uint32_t client_build;
	uint32_t monitors; /* INVARIANT: <= SP_MAX_MONITORS; 0 = one of width x height */
	uint32_t zone_bias; /* minutes to add to local time for UTC, two's complement */
	struct sp_monitor monitor[SP_MAX_MONITORS];
	char client_name[SP_TEXT_CLIENT];
	char zone[SP_TEXT_ZONE]; /* "W. Europe Standard Time"; empty = not told */
};

/* Once only, and only after a granted verdict and the end of the conversation. */
struct sp_msg_open_target {
	struct sp_geometry geometry;
};

enum sp_open {
	SP_OPEN_DENIED,
	SP_OPEN_OK,
	SP_OPEN_COUNT
};

enum sp_target_kind {
	SP_TARGET_NONE,
	SP_TARGET_DESKTOP, /* RDP over the socket pair, without TLS and login */
	SP_TARGET_RDP, /* RDP over TCP: TLS, then CredSSP by the sp-target on the link */
	SP_TARGET_COUNT
};

/* What the rule lets through; 0 is nothing. The names are those of the configuration. */
enum sp_clip_right {
	SP_CLIP_RIGHT_NONE,
	SP_CLIP_RIGHT_TEXT_IN = 1u << 0, /* toward the target */
	SP_CLIP_RIGHT_TEXT_OUT = 1u << 1,
	SP_CLIP_RIGHT_FILES_IN = 1u << 2,
	SP_CLIP_RIGHT_FILES_OUT = 1u << 3,
	SP_CLIP_RIGHT_OTHER = 1u << 4, /* pictures, HTML and the rest, both ways */
	SP_CLIP_RIGHT_TEXT = SP_CLIP_RIGHT_TEXT_IN | SP_CLIP_RIGHT_TEXT_OUT,
	SP_CLIP_RIGHT_ALL = (1u << 5) - 1,
};

enum sp_drives {
	SP_DRIVES_NONE,
	SP_DRIVES_READ,
	SP_DRIVES_WRITE,
	SP_DRIVES_COUNT
};

struct sp_channels {
	uint32_t clipboard; /* enum sp_clip_right bits */
	uint32_t drives; /* enum sp_drives */
	uint32_t sound, microphone; /* 0 or 1 */
	uint32_t other; /* 1: every other static and dynamic channel too */
	uint32_t zero;
	uint64_t limit; /* bytes of a transfer; 0: no limit */
};

/* What a recording keeps of what the person does; the order is not that of the configuration. */
enum sp_record_input {
	SP_RECORD_INPUT_OFF,
	SP_RECORD_INPUT_TIMING,
	SP_RECORD_INPUT_FULL,
	SP_RECORD_INPUT_COUNT
};

struct sp_msg_target {
	uint32_t result; /* enum sp_open; with OK come the descriptors */
	uint32_t kind; /* enum sp_target_kind */
	char name[SP_TEXT_TARGET];
	char text[SP_TEXT_WHY]; /* for the person at the client */
	char host[SP_TEXT_HOST]; /* RDP: name for SNI and the service name; empty = an address */
	/* RDP: 1 when a host without NLA may be logged in to by TLS and Client Info alone. */
	uint32_t tls_only;
	uint32_t idle_s, max_s; /* 0: no limit */
	uint32_t warn_s; /* so long before either the person is warned */
	struct sp_channels channels;
	/*
	 * 1: a stream to a recorder comes with it. A target that was redirected to is recorded by
	 * the one that is there already.
	 */
	uint32_t record;
	uint32_t record_required; /* 1: the session ends with its recording */
	uint32_t record_input; /* enum sp_record_input */
	struct sp_msg_arc arc; /* ours, for the client: it stands for the second factor */
	struct sp_msg_arc target_arc; /* the target's own, from the session before */
	/* A redirection's routing token, without CR LF, and n of it; else 0. */
	uint32_t route_n;
	uint8_t route[256];
};

/* The target sent the client elsewhere, [MS-RDPBCGR] 2.2.13.1: we go there instead. */
#define SP_REDIRECT_BLOB 1024

struct sp_msg_redirect {
	char address[SP_TEXT_HOST]; /* TargetNetAddress; empty: the same host */
	char user[SP_TEXT_NAME];
	char domain[SP_TEXT_NAME];
	uint32_t rdstls; /* 1: the password is opaque and goes into an RDSTLS request */
	uint32_t password_n, guid_n, route_n;
	uint8_t password[SP_REDIRECT_BLOB]; /* as received, UTF-16LE when it is not opaque */
	uint8_t guid[128];
	uint8_t route[256]; /* LoadBalanceInfo */
};

/* A client access licence, per target and client name; [MS-RDPELE]. */
#define SP_LICENSE_MAX 8192

struct sp_msg_license {
	uint32_t n;
	uint32_t drop; /* 1: the target did not take the one that is kept; n is 0, and no answer */
	char client[SP_TEXT_CLIENT];
	uint8_t p[SP_LICENSE_MAX];
};

/* ---- what went over the channels of a session, or was refused ---- */

#define SP_TEXT_FILE 780 /* 259 UTF-16 units of a path, and a NUL */

enum sp_told_channel {
	SP_TOLD_NO_CHANNEL,
	SP_TOLD_CLIPBOARD,
	SP_TOLD_DRIVES,
	SP_TOLD_CHANNEL_COUNT
};

enum sp_told_way {
	SP_TOLD_NO_WAY,
	SP_TOLD_IN, /* toward the target */
	SP_TOLD_OUT, /* toward the client */
	SP_TOLD_WAY_COUNT
};

enum sp_told_kind {
	SP_TOLD_NO_KIND,
	SP_TOLD_TEXT,
	SP_TOLD_FILES, /* a list of them */
	SP_TOLD_FILE, /* the contents of one */
	SP_TOLD_OTHER, /* pictures, HTML and the rest */
	SP_TOLD_DEVICE, /* announced by the client */
	SP_TOLD_OPEN, /* PASSED: a directory was made */
	SP_TOLD_RENAME,
	SP_TOLD_REMOVE,
	SP_TOLD_CHANGE, /* attributes, times, the volume */
	SP_TOLD_KIND_COUNT
};

enum sp_told_verdict {
	SP_TOLD_NO_VERDICT,
	SP_TOLD_PASSED,
	SP_TOLD_REFUSED, /* by the rules */
	SP_TOLD_NAMED_BADLY,
	SP_TOLD_TOO_LARGE, /* bytes is what it claimed */
	SP_TOLD_DAMAGED,
	SP_TOLD_VERDICT_COUNT
};

/* sp-net to keeper, while a session runs: one transfer over clipboard or drives. */
struct sp_msg_transfer {
	uint32_t channel, way, kind, verdict; /* enum sp_told_* */
	uint64_t bytes;
	uint32_t missed; /* transfers before it that were too many to be told */
	uint32_t has_sha256; /* 1: a file, of which all passed in order */
	uint8_t sha256[32];
	char sent[SP_TEXT_FILE]; /* the name as the peer sent it, controls made '?' */
	char name[SP_TEXT_FILE]; /* '/' between its parts; empty where there is none */
	char next[SP_TEXT_FILE]; /* RENAME: the new name; else empty */
};

#define SP_TEXT_CHANNEL 64

/* sp-net to keeper, while a session runs: a channel that one side wanted to open. */
struct sp_msg_channel {
	uint32_t verdict; /* SP_TOLD_PASSED or SP_TOLD_REFUSED */
	uint32_t dynamic; /* 1: by the target, inside DRDYNVC; 0: static, by the client */
	uint32_t missed; /* channels before it that were too many to be told */
	uint32_t zero;
	char name[SP_TEXT_CHANNEL]; /* as it was sent, controls made '?' */
};

/* The session is over by the keeper's will; text is for the person. */
struct sp_msg_session_end {
	uint32_t why; /* enum sp_why */
	uint32_t error_info; /* SP_ERRINFO_* */
	uint32_t drop; /* 1: as if the line broke, so that the client comes back by itself */
	uint32_t zero;
	char text[SP_TEXT_WHY];
};

/* Once only: sp-net says how the session ended. */
struct sp_msg_bye {
	uint32_t why; /* enum sp_why */
	uint32_t zero;
	uint64_t bytes_in, bytes_out; /* from the client and to it, on its socket */
	char text[SP_TEXT_WHY];
};

/* Names and time for the CHALLENGE_MESSAGE: neutral, the same for everybody who asks. */
struct sp_msg_challenge {
	uint64_t time; /* FILETIME */
	uint8_t challenge[8];
	char nb_domain[16];
	char nb_computer[16];
	char dns_domain[64];
	char dns_computer[64];
};

/* Once only, after CHALLENGE and within 60 s of it. */
struct sp_msg_proof {
	char user[SP_TEXT_NAME]; /* as sent: case, UPN suffix and all */
	char domain[SP_TEXT_NAME]; /* as sent */
	char machine[SP_TEXT_CLIENT]; /* Workstation, as sent; may be cut, may be empty */
	uint8_t nt_proof[16]; /* NTProofStr */
	uint32_t temp_n; /* INVARIANT: SP_TEMP_MIN <= temp_n <= SP_TEMP_MAX */
	uint32_t zero;
	uint8_t temp[SP_TEMP_MAX]; /* the NTLMv2 response behind NTProofStr */
};

enum sp_proof {
	SP_PROOF_DENIED,
	SP_PROOF_GRANTED,
	SP_PROOF_COUNT
};

struct sp_msg_proof_result {
	uint32_t result; /* enum sp_proof */
	uint32_t zero;
	uint8_t session_base_key[16]; /* all zero when denied */
};

enum sp_done {
	SP_DONE_FAILED,
	SP_DONE_OK,
	SP_DONE_COUNT
};

/*
 * Once only; OK only after a granted PROOF. Sent before sp-login tells sp-net that the login is
 * over, so that the keeper knows when sp-net asks for the verdict.
 */
struct sp_msg_done {
	uint32_t result; /* enum sp_done */
	uint32_t why; /* enum sp_why */
	char user[SP_TEXT_NAME]; /* of the delegated credentials; empty when there are none */
	char domain[SP_TEXT_NAME];
	char password[SP_TEXT_PASSWORD]; /* likewise: for targets whose login is "same" */
};

/* ---- a target's login ---- */

enum sp_trust {
	SP_TRUST_NONE, /* never */
	SP_TRUST_CA, /* a CA of this machine vouches for the name */
	SP_TRUST_PIN, /* the public key is the configured one */
	SP_TRUST_FIRST_SEEN, /* the public key is the one seen first */
	SP_TRUST_COUNT
};

/* How the target is to be known. */
struct sp_msg_trust {
	uint32_t trust; /* enum sp_trust */
	uint32_t tls_only; /* 1: CredSSP may be left out where the target has none */
	char host[SP_TEXT_HOST]; /* the certificate's name for CA; a host without port */
};

/* What it showed. */
struct sp_msg_target_cert {
	uint8_t spki[32]; /* SHA-256 of SubjectPublicKeyInfo */
	uint32_t verified; /* 1: by CA and name, in time */
	uint32_t nla; /* 1: CredSSP follows; 0: the password goes to Client Info */
	char text[SP_TEXT_WHY]; /* why it is not verified */
};

enum sp_target_login {
	SP_TARGET_LOGIN_DENIED,
	SP_TARGET_LOGIN_OK,
	SP_TARGET_LOGIN_COUNT
};

/* The keeper's judgement and, with OK, the credentials. */
struct sp_msg_target_login {
	uint32_t result; /* enum sp_target_login */
	uint32_t rdstls; /* 1: password is the blob of a redirection */
	uint32_t blob_n, guid_n;
	char text[SP_TEXT_WHY]; /* for the person, when denied */
	char user[SP_TEXT_NAME], domain[SP_TEXT_NAME];
	char password[SP_TEXT_PASSWORD];
	uint8_t blob[SP_REDIRECT_BLOB];
	uint8_t guid[128];
};

/* Once only: how the login at the target ended. */
struct sp_msg_target_done {
	uint32_t result; /* enum sp_done */
	uint32_t status; /* NTSTATUS the target gave, or its RDSTLS result; 0 for none */
	char text[SP_TEXT_WHY]; /* for the log */
};

/* ---- sp-dial ---- */

struct sp_msg_dial {
	uint64_t conn;
	uint32_t timeout_ms;
	uint32_t zero;
	char address[SP_TEXT_HOST]; /* "host:port", "192.0.2.1:3389", "[2001:db8::1]:3389" */
};

struct sp_msg_dialed {
	uint64_t conn;
	char address[SP_TEXT_ADDR]; /* what answered */
};

struct sp_msg_dial_failed {
	uint64_t conn;
	char text[SP_TEXT_WHY]; /* "connection refused" */
};

/* ---- the scribe ---- */

/* An event of host/audit/event.h; whoever sends it with a ticket waits for AUDITED. */
struct sp_msg_audit {
	uint64_t ticket; /* rising; 0: nobody waits */
	uint32_t n; /* INVARIANT: <= SP_AUDIT_MAX */
	uint32_t zero;
	uint8_t event[SP_AUDIT_MAX];
};

enum sp_audited {
	SP_AUDITED_REFUSED, /* not kept: the store fails, or the disk's reserve begins */
	SP_AUDITED_OK,
	SP_AUDITED_COUNT
};

/* All events with a ticket up to this one are durable; or this one is refused. */
struct sp_msg_audited {
	uint64_t ticket;
	uint32_t result; /* enum sp_audited */
	uint32_t zero;
	char text[SP_TEXT_WHY]; /* REFUSED: why */
};

/*
 * Who sends: a number of 16 bytes that a process makes at its start, so that tickets which are sent
 * again to a new scribe are kept once. The answer is AUDITED with the last ticket of this sender
 * that was kept, or 0; what comes after it is to be sent again.
 */
struct sp_msg_audit_hello {
	uint8_t sender[16];
};

enum sp_scribe_mood {
	SP_SCRIBE_FAILING, /* the store takes nothing */
	SP_SCRIBE_LOW, /* the disk's reserve has begun: nothing new may start, recordings end */
	SP_SCRIBE_WELL,
	SP_SCRIBE_COUNT
};

struct sp_msg_scribe_state {
	uint32_t mood; /* enum sp_scribe_mood */
	uint32_t zero;
	char text[SP_TEXT_WHY]; /* why, where it is not well */
};

/* These were gone before they were shipped. */
struct sp_msg_ship_missed {
	uint64_t first, n;
	char name[SP_TEXT_USER]; /* of the destination */
};

struct sp_msg_ship_died {
	uint32_t pid;
	uint32_t status; /* as from waitpid(2) */
};

struct sp_msg_ship_jailed {
	char name[SP_TEXT_USER]; /* of its destination; empty: the one above them all */
	char level[SP_TEXT_WHY];
};

/* What the scribe measures. */
struct sp_msg_scribe_figures {
	struct sp_times commit; /* of groups */
	uint64_t queue; /* events in the largest group since these were told last */
	uint64_t recordings; /* that run */
	uint64_t lag_us; /* see RECORD_HEAD; the longest */
};

/* What is measured, for who asks for metrics: numbers of 64 bits only. */
struct sp_msg_ship_figures {
	uint64_t connections, half_open; /* now; half open: without a verdict */
	uint64_t soft, hard; /* limits of half_open */
	uint64_t penalties; /* sources that are refused for theirs */
	struct sp_msg_scribe_figures scribe;
};

enum sp_act {
	SP_ACT_NONE,
	SP_ACT_STEP_UP, /* off the line; whoever comes back gives a second factor again */
	SP_ACT_PAUSE, /* likewise, and does not come back by a cookie */
	SP_ACT_END,
	SP_ACT_COUNT
};

/* What an alert asks for; nothing happens where the session or connection is gone. */
struct sp_msg_act {
	uint64_t conn; /* counts where `session` is empty */
	uint32_t action; /* enum sp_act */
	uint32_t zero;
	char session[40]; /* its id in the audit */
	char user[SP_TEXT_USER]; /* whose it must be */
	char text[SP_TEXT_WHY]; /* "Password spray from one network" */
};

struct sp_msg_desktop_open {
	uint64_t conn;
	char user[SP_TEXT_USER]; /* the desktop's key: one desktop per user and target */
	char account[SP_TEXT_USER]; /* Unix account */
	char target[SP_TEXT_TARGET];
	char command[SP_TEXT_COMMAND]; /* session to start; empty = the default */
	char from[SP_TEXT_ADDR]; /* the client's address without port, for PAM and the audit */
	struct sp_geometry geometry;
};

struct sp_msg_desktop_opened {
	uint64_t conn;
	uint32_t fresh; /* 1: started for this connection, 0: found running */
	uint32_t zero;
};

struct sp_msg_desktop_failed {
	uint64_t conn;
	char text[SP_TEXT_WHY]; /* for the person at the client */
};

/* Sent any number of times once the desktop is up; the newest connection takes it over. */
struct sp_msg_desk_connect {
	uint64_t conn;
	struct sp_geometry geometry;
};

struct sp_msg_desk_up {
	char display[16]; /* ":12" */
	char program[48]; /* what makes the desktop, "icewm" */
};

/* Why it could not be started, or why it is over now; nothing follows. */
struct sp_msg_desk_text {
	char text[SP_TEXT_WHY];
};

union sp_msg_body {
	struct sp_msg_conn_open conn_open;
	struct sp_msg_conn_closed conn_closed;
	struct sp_msg_none none;
	struct sp_msg_ready ready;
	struct sp_msg_penalty penalty;
	struct sp_msg_conn_end conn_end;
	struct sp_msg_conn_granted conn_granted;
	struct sp_msg_login_start login_start;
	struct sp_msg_login_started login_started;
	struct sp_msg_penalties penalties;
	struct sp_msg_net_start net_start;
	struct sp_msg_sign sign;
	struct sp_msg_signature signature;
	struct sp_msg_route route;
	struct sp_msg_routed routed;
	struct sp_msg_verdict verdict;
	struct sp_msg_converse converse;
	struct sp_msg_prompt prompt;
	struct sp_msg_answer answer;
	struct sp_msg_open_target open_target;
	struct sp_msg_target target;
	struct sp_msg_redirect redirect;
	struct sp_msg_arc arc;
	struct sp_msg_license license;
	struct sp_msg_transfer transfer;
	struct sp_msg_channel channel;
	struct sp_msg_session_end session_end;
	struct sp_msg_bye bye;
	struct sp_msg_challenge challenge;
	struct sp_msg_proof proof;
	struct sp_msg_proof_result proof_result;
	struct sp_msg_done done;
	struct sp_msg_trust trust;
	struct sp_msg_target_cert target_cert;
	struct sp_msg_target_login target_login;
	struct sp_msg_target_done target_done;
	struct sp_msg_dial dial;
	struct sp_msg_dialed dialed;
	struct sp_msg_dial_failed dial_failed;
	struct sp_msg_audit audit;
	struct sp_msg_audited audited;
	struct sp_msg_audit_hello audit_hello;
	struct sp_msg_scribe_state scribe_state;
	struct sp_msg_record_open record_open;
	struct sp_msg_record_opened record_opened;
	struct sp_msg_record_ended record_ended;
	struct sp_msg_act act;
	struct sp_msg_ship_missed ship_missed;
	struct sp_msg_ship_died ship_died;
	struct sp_msg_ship_jailed ship_jailed;
	struct sp_msg_ship_figures ship_figures;
	struct sp_msg_scribe_figures scribe_figures;
	struct sp_msg_recorder_start recorder_start;
	struct sp_msg_recorder_started recorder_started;
	struct sp_msg_record_begin record_begin;
	struct sp_msg_record_head record_head;
	struct sp_msg_record_stop record_stop;
	struct sp_msg_desktop_open desktop_open;
	struct sp_msg_desktop_opened desktop_opened;
	struct sp_msg_desktop_failed desktop_failed;
	struct sp_msg_desk_connect desk_connect;
	struct sp_msg_desk_up desk_up;
	struct sp_msg_desk_text desk_text;
};

#endif
