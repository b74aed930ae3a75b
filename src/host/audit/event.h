/* host/audit/event.h - what the audit tells: kinds of events, their fields, and their bytes. */
#ifndef SP_HOST_AUDIT_EVENT_H
#define SP_HOST_AUDIT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/base/span.h"

/*
 * An event is built by whoever saw it happen, travels as bytes in its canonical form, and is kept
 * and hashed in that form; JSON and other formats are renderings. The writer of the audit adds
 * sequence, times, boot, host and hashes. Numbers of events and fields are kept for ever: what
 * has no use any more keeps its number.
 */

enum sp_severity {
	SP_SEVERITY_NONE,
	SP_SEVERITY_INFO,
	SP_SEVERITY_LOW,
	SP_SEVERITY_MEDIUM,
	SP_SEVERITY_HIGH,
	SP_SEVERITY_CRITICAL,
	SP_SEVERITY_COUNT
};

enum sp_outcome {
	SP_OUTCOME_NONE, /* a fact that is neither */
	SP_OUTCOME_OK,
	SP_OUTCOME_FAILED,
	SP_OUTCOME_DENIED,
	SP_OUTCOME_COUNT
};

/* X(name, number, "name", severity, Windows' event id or 0) */
#define SP_AUDIT_MAP(X) \
	X(CONN_OPEN, 1, "conn.open", INFO, 261) \
	X(CONN_REJECT, 2, "conn.reject", LOW, 131) \
	X(CONN_CLOSE, 3, "conn.close", INFO, 0) \
	X(AUTH_OK, 10, "auth.ok", INFO, 4624) \
	X(AUTH_FAIL, 11, "auth.fail", LOW, 4625) \
	X(MFA_OK, 12, "mfa.ok", INFO, 6272) \
	X(MFA_FAIL, 13, "mfa.fail", LOW, 6273) \
	X(MFA_TIMEOUT, 14, "mfa.timeout", LOW, 6273) \
	X(MFA_ENROL, 15, "mfa.enrol", LOW, 0) \
	X(LOCK_STEP, 16, "lock.step", MEDIUM, 4740) \
	X(LOCK_END, 17, "lock.end", INFO, 4767) \
	X(TOKEN_USE, 18, "token.use", INFO, 0) \
	X(TOKEN_MISUSE, 19, "token.misuse", HIGH, 0) \
	X(POLICY_DENY, 20, "policy.deny", LOW, 4825) \
	X(POLICY_ALLOW, 21, "policy.allow", INFO, 0) \
	X(APPROVAL_ASK, 22, "approval.ask", INFO, 0) \
	X(APPROVAL_OK, 23, "approval.ok", INFO, 0) \
	X(APPROVAL_NO, 24, "approval.no", LOW, 0) \
	X(SESSION_START, 30, "session.start", INFO, 21) \
	X(SESSION_DISCONNECT, 31, "session.disconnect", INFO, 24) \
	X(SESSION_RECONNECT, 32, "session.reconnect", INFO, 25) \
	X(SESSION_END, 33, "session.end", INFO, 23) \
	X(SESSION_SHADOW, 34, "session.shadow", LOW, 20503) \
	X(SESSION_STEP_UP, 35, "session.step-up", LOW, 0) \
	X(PRIV_GRANT, 36, "priv.grant", INFO, 4672) \
	X(TARGET_CONNECT, 40, "target.connect", INFO, 0) \
	X(TARGET_FAIL, 41, "target.fail", LOW, 0) \
	X(TARGET_CERT, 42, "target.cert", HIGH, 0) \
	X(TARGET_LOGIN, 43, "target.login", INFO, 4648) \
	X(CHANNEL_OPEN, 50, "channel.open", INFO, 132) \
	X(CHANNEL_DENY, 51, "channel.deny", LOW, 148) \
	X(CLIP_TRANSFER, 52, "clip.transfer", INFO, 0) \
	X(FILE_TRANSFER, 53, "file.transfer", INFO, 0) \
	X(TRANSFER_MISSED, 54, "transfer.missed", MEDIUM, 0) \
	X(VAULT_USE, 60, "vault.use", INFO, 0) \
	X(RECORD_START, 70, "record.start", INFO, 0) \
	X(RECORD_MARK, 71, "record.mark", INFO, 0) \
	X(RECORD_GAP, 72, "record.gap", HIGH, 0) \
	X(RECORD_STOP, 73, "record.stop", INFO, 0) \
	X(RECORD_PLAY, 74, "record.play", LOW, 0) \
	X(RECORD_EXPORT, 75, "record.export", LOW, 0) \
	X(ADMIN_CHANGE, 80, "admin.change", LOW, 4738) \
	X(POLICY_CHANGE, 81, "policy.change", MEDIUM, 4719) \
	X(SERVICE_START, 90, "service.start", INFO, 4608) \
	X(SERVICE_STOP, 91, "service.stop", INFO, 4609) \
	X(PROC_CRASH, 92, "proc.crash", HIGH, 1000) \
	X(SANDBOX_LEVEL, 93, "sandbox.level", INFO, 0) \
	X(AUDIT_CHECKPOINT, 94, "audit.checkpoint", INFO, 0) \
	X(AUDIT_RECOVERED, 95, "audit.recovered", LOW, 0) \
	X(AUDIT_RETENTION, 96, "audit.retention", MEDIUM, 1102) \
	X(AUDIT_DROPPED, 97, "audit.dropped", HIGH, 0) \
	X(CLOCK_STEP, 98, "clock.step", MEDIUM, 4616) \
	X(DISK_LOW, 99, "disk.low", HIGH, 0) \
	X(ALERT, 100, "alert", HIGH, 0)

enum sp_audit_kind {
	SP_AUDIT_NONE,
#define X(name, number, text, severity, win) SP_AUDIT_##name = number,
	SP_AUDIT_MAP(X)
#undef X
	SP_AUDIT_END
};

enum sp_field_type {
	SP_FIELD_NONE,
	SP_FIELD_TEXT, /* UTF-8; what a peer sent may be anything else, and is shown escaped */
	SP_FIELD_NUM, /* 64 bits */
	SP_FIELD_BYTES, /* shown in hex */
};

/*
 * X(name, number, "name", type). Names have their group before the dot; what a peer said of
 * itself and nobody checked is in the group "claimed".
 */
#define SP_FIELD_MAP(X) \
	X(CONN, 1, "conn", NUM) \
	X(SESSION, 2, "session", TEXT) \
	X(REASON, 3, "reason", TEXT) /* a word or two from our own lists */ \
	X(TEXT, 4, "text", TEXT) /* for people */ \
	X(USER, 10, "actor.user", TEXT) /* a user of the store */ \
	X(ROLES, 11, "actor.roles", TEXT) \
	X(ADMIN, 12, "actor.admin", TEXT) /* the Unix account at a command */ \
	X(KNOWN, 13, "actor.known", NUM) /* 1: the user is in the store */ \
	X(SRC_IP, 20, "src.ip", TEXT) \
	X(SRC_PORT, 21, "src.port", NUM) \
	X(SRC_NET, 22, "src.net", TEXT) /* as limits count it: "192.0.2.7/32", "2001:db8::/64" */ \
	X(SRC_COUNTRY, 23, "src.country", TEXT) \
	X(SRC_LISTENER, 24, "src.listener", TEXT) \
	X(SRC_INTERFACE, 25, "src.interface", TEXT) \
	X(SRC_ASN, 27, "src.asn", NUM) /* autonomous system, as the networks-file says */ \
	X(SRC_OWNER, 28, "src.owner", TEXT) /* whose that is */ \
	X(SRC_BEFORE, 26, "src.before", TEXT) /* address before a reconnect */ \
	X(DEVICE, 30, "device.id", TEXT) \
	X(DEVICE_TRUST, 31, "device.trust", TEXT) \
	X(TARGET, 40, "target.name", TEXT) \
	X(TARGET_IP, 41, "target.ip", TEXT) \
	X(TARGET_SPKI, 42, "target.spki", BYTES) \
	X(TARGET_USER, 43, "target.user", TEXT) \
	X(TARGET_KIND, 44, "target.kind", TEXT) \
	X(METHOD, 50, "auth.method", \
			TEXT) /* "ntlm", "otp", "recovery", "device", "token", "arc" */ \
	X(MFA, 51, "auth.mfa", TEXT) \
	X(CREDENTIAL, 52, "auth.credential", TEXT) /* which one, never what */ \
	X(ATTEMPTS, 53, "auth.attempts", NUM) \
	X(HANDSHAKE, 54, "auth.handshake-ms", \
			NUM) /* from the connection to the first message of the login */ \
	X(RULE, 60, "policy.rule", TEXT) \
	X(POLICY_HASH, 61, "policy.hash", BYTES) \
	X(CHANNEL, 70, "channel.name", TEXT) \
	X(CHANNELS, 71, "channel.granted", TEXT) /* "clipboard: text, drives: none, sound" */ \
	X(WAY, 72, "transfer.way", TEXT) /* "in": toward the target, "out": toward the client */ \
	X(KIND, 73, "transfer.kind", TEXT) \
	X(VERDICT, 74, "transfer.verdict", TEXT) \
	X(BYTES, 75, "transfer.bytes", NUM) \
	X(SHA256, 76, "transfer.sha256", BYTES) \
	X(NAME, 77, "transfer.name", TEXT) \
	X(NEXT, 78, "transfer.next", TEXT) \
	X(MISSED, 79, "transfer.missed", NUM) \
	X(WIDTH, 80, "session.width", NUM) \
	X(HEIGHT, 81, "session.height", NUM) \
	X(BYTES_IN, 82, "session.bytes-in", NUM) /* from the client */ \
	X(BYTES_OUT, 83, "session.bytes-out", NUM) \
	X(DURATION, 84, "session.duration-ms", NUM) \
	X(SECRET, 90, "vault.secret", TEXT) \
	X(APPROVER, 91, "approval.by", TEXT) \
	X(RECORDING, 100, "record.id", TEXT) \
	X(SEGMENTS, 101, "record.segments", NUM) \
	X(CHAIN, 102, "record.chain", BYTES) \
	X(RECORD_BYTES, 103, "record.bytes", NUM) \
	X(OBJECT, 110, "change.object", TEXT) /* "user alice" */ \
	X(ACTION, 111, "change.action", TEXT) /* "add" */ \
	X(PROCESS, 120, "process.name", TEXT) \
	X(PID, 121, "process.pid", NUM) \
	X(SIGNAL, 122, "process.signal", NUM) \
	X(LEVEL, 123, "process.level", TEXT) \
	X(VERSION, 125, "process.version", TEXT) \
	X(CHECK_SEQ, 130, "checkpoint.seq", NUM) \
	X(CHECK_HASH, 131, "checkpoint.hash", BYTES) \
	X(CHECK_KEY, 132, "checkpoint.key", BYTES) /* public, of the day */ \
	X(CHECK_NEXT, 133, "checkpoint.next", BYTES) /* public, of the next day */ \
	X(CHECK_SIGN, 134, "checkpoint.signature", BYTES) \
	X(COUNT, 140, "count", NUM) \
	X(SECONDS, 141, "seconds", NUM) \
	X(FREE, 142, "disk.free", NUM) \
	X(ALERT_RULE, 150, "alert.rule", TEXT) /* "D01" */ \
	X(ALERT_TITLE, 151, "alert.title", TEXT) \
	X(ALERT_TAG, 152, "alert.attack", TEXT) /* "T1110.001" */ \
	X(ALERT_FIRST, 153, "alert.first", NUM) /* sequence of the first event behind it */ \
	X(ALERT_LAST, 154, "alert.last", NUM) \
	X(ALERT_ACTION, 155, "alert.action", TEXT) \
	X(CLAIMED_USER, 200, "claimed.user", TEXT) /* as typed */ \
	X(CLAIMED_DOMAIN, 201, "claimed.domain", TEXT) \
	X(CLAIMED_CLIENT, 202, "claimed.client", TEXT) \
	X(CLAIMED_MACHINE, 203, "claimed.machine", TEXT) /* Workstation of NTLM */ \
	X(CLAIMED_BUILD, 204, "claimed.build", NUM) \
	X(CLAIMED_KEYBOARD, 205, "claimed.keyboard", NUM) \
	X(CLAIMED_ZONE, 206, "claimed.zone", TEXT) \
	X(CLAIMED_REASON, 207, "claimed.reason", TEXT) /* typed for the record */ \
	X(CLAIMED_NAME, 208, "claimed.name", TEXT) /* of a file, as it was sent */ \
	X(CLAIMED_JA4, 209, "claimed.ja4", TEXT) /* of the client's first TLS message */

enum sp_field {
	SP_F_NONE,
#define X(name, number, text, type) SP_F_##name = number,
	SP_FIELD_MAP(X)
#undef X
	SP_F_END
};

/* "auth.fail"; static, NULL for a number that is no event. */
const char *sp_audit_name(uint32_t kind);
/* The kind with this name, or SP_AUDIT_NONE. */
enum sp_audit_kind sp_audit_by_name(const char *name);
/* Usual severity; SP_SEVERITY_NONE for a number that is no event. */
enum sp_severity sp_audit_severity(uint32_t kind);
/* What Windows calls about the same, or 0. */
uint32_t sp_audit_win(uint32_t kind);
/* "actor.user"; static, NULL for a number that is no field. */
const char *sp_field_name(uint32_t field);
enum sp_field sp_field_by_name(const char *name);
enum sp_field_type sp_field_type(uint32_t field);
/* "medium", "denied"; static, "?" for a number that is neither. */
const char *sp_severity_text(uint32_t severity);
const char *sp_outcome_text(uint32_t outcome);
/* SP_SEVERITY_NONE, and false for a word that is none. */
bool sp_severity_by_text(const char *text, enum sp_severity *out);

/* ---- writing ---- */

#define SP_AUDIT_MAX 8192 /* bytes of an event */
#define SP_AUDIT_TEXT_MAX 1024 /* bytes of a text; what is longer is cut between characters */
#define SP_AUDIT_FIELDS 64

/*
 * Bytes of an event, little endian: version (1), severity (1), outcome (1), 0, kind (2), number of
 * fields (2), then the fields by rising number: number (2), bytes (2), bytes. A number has eight.
 */
struct sp_audit_event {
	size_t n; /* INVARIANT: <= SP_AUDIT_MAX; bytes of b that are used */
	uint32_t dropped; /* fields for which there was no room */
	uint8_t b[SP_AUDIT_MAX];
};

/* Begins with the kind's usual severity. */
void sp_audit_init(struct sp_audit_event *e, enum sp_audit_kind kind, enum sp_outcome outcome);
void sp_audit_set_severity(struct sp_audit_event *e, enum sp_severity severity);
void sp_audit_set_outcome(struct sp_audit_event *e, enum sp_outcome outcome);
/*
 * Each adds a field, in any order, or takes the place of the one that is there. NULL, an empty
 * text and no bytes add nothing. The type must be that of the field. Where there is no room it is
 * left out and counted.
 */
void sp_audit_text(struct sp_audit_event *e, enum sp_field field, const char *text);
void sp_audit_num(struct sp_audit_event *e, enum sp_field field, uint64_t v);
void sp_audit_bytes(struct sp_audit_event *e, enum sp_field field, const void *p, size_t n);

/* ---- reading ---- */

/* One field of an event. */
struct sp_audit_field {
	uint32_t field;
	enum sp_field_type type;
	uint64_t num;
	struct sp_span bytes; /* of TEXT (without NUL) and BYTES; into the event */
};

/* A checked event; borrows the bytes. */
struct sp_audit_view {
	enum sp_audit_kind kind;
	enum sp_severity severity;
	enum sp_outcome outcome;
	size_t n; /* INVARIANT: <= SP_AUDIT_FIELDS */
	struct sp_audit_field f[SP_AUDIT_FIELDS]; /* by rising number */
};

/*
 * Takes nothing but the canonical form: SP_EFIELD for unknown kinds and fields, wrong order or
 * types, SP_ESHORT, SP_ELIMIT.
 */
sp_nodiscard int sp_audit_read(struct sp_span bytes, struct sp_audit_view *out);
/* NULL when it is not there. */
const struct sp_audit_field *sp_audit_get(const struct sp_audit_view *v, enum sp_field field);
/* 0 when it is not there. */
uint64_t sp_audit_get_num(const struct sp_audit_view *v, enum sp_field field);
/* Whether the text field is there and is this one. */
bool sp_audit_is(const struct sp_audit_view *v, enum sp_field field, const char *text);
/* Copies a text with its NUL, cut where it does not fit; empty when it is not there. */
void sp_audit_copy(const struct sp_audit_view *v, enum sp_field field, char *to, size_t size);

#endif
