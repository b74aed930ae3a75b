/* host/conf/conf.h - the configuration file as a plain structure, every mistake with its line. */
#ifndef SP_HOST_CONF_CONF_H
#define SP_HOST_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"

#define SP_CONF_FILE SP_SYSCONFDIR "/sallyport/sallyport.conf"
#define SP_CONF_RUN_AS "_spkeeper"
#define SP_CONF_PATH 1024
#define SP_CONF_URL 512
#define SP_CONF_LISTENS 16
#define SP_CONF_TARGETS 64
#define SP_CONF_ADDR 64
#define SP_CONF_NAME 72
#define SP_CONF_COMMAND 1024
#define SP_CONF_ERRORS 64
#define SP_CONF_HOST 264
#define SP_CONF_RULES 128
#define SP_CONF_EXEMPT 32
#define SP_CONF_LIST 32 /* entries of a rule's list */
#define SP_CONF_ZONE 64
#define SP_CONF_ZONES 16 /* different ones in a file */
#define SP_CONF_WARNINGS 16
#define SP_CONF_NOTICE 2048
#define SP_CONF_REDIRECTS 8
#define SP_CONF_PIN 32 /* SHA-256 of SubjectPublicKeyInfo */
#define SP_CONF_SHIPS 8
#define SP_CONF_AUDITORS 16
#define SP_CONF_AUDITOR 32 /* an X25519 public key */

struct sp_conf_listen {
	char text[SP_CONF_ADDR]; /* as written, "127.0.0.1:3389" */
	uint32_t family; /* AF_INET or AF_INET6 */
	uint32_t port; /* 1..65535; 0 = any free one */
	uint8_t addr[16]; /* network order */
	bool six_only; /* "[::]:PORT" beside a listener that has the port for IPv4 */
};

/* "10.8.0.0/16", "192.0.2.7", "2001:db8::/32". */
struct sp_conf_net {
	uint32_t family; /* AF_INET or AF_INET6 */
	uint32_t bits; /* of the prefix; the host bits of addr are 0 */
	uint8_t addr[16]; /* network order */
};

enum sp_conf_kind {
	SP_CONF_DESKTOP = 1,
	SP_CONF_RDP,
};

/* How an RDP target's certificate is judged. */
enum sp_conf_trust {
	SP_CONF_TRUST_CA, /* "ca": a CA of this machine, and the address's host name */
	SP_CONF_TRUST_PIN, /* "pin:sha256/..." (base64) or "pin:" and 64 hex digits */
	SP_CONF_TRUST_FIRST_SEEN, /* "first-seen" */
};

/* With what the gate logs in to an RDP target. */
enum sp_conf_login {
	SP_CONF_LOGIN_ASK, /* "ask": the person types it on the greeter */
	SP_CONF_LOGIN_SAME, /* "same": what the person logged in with; else as ask */
	SP_CONF_LOGIN_SECRET, /* "secret:NAME" of the vault */
};

enum sp_conf_record {
	SP_CONF_RECORD_NO,
	SP_CONF_RECORD_WANTED,
	SP_CONF_RECORD_REQUIRED,
};

/* What a recording keeps of what the person does. */
enum sp_conf_record_input {
	SP_CONF_INPUT_TIMING, /* "timing": that there was something, not what */
	SP_CONF_INPUT_OFF, /* "off" */
	SP_CONF_INPUT_FULL, /* "full": every key, passwords too, and what goes up the channels */
};

/* Whether a password alone opens anything. */
enum sp_conf_mfa {
	SP_CONF_MFA_REQUIRED, /* never; who has no second factor enrols at the first login */
	SP_CONF_MFA_ENROLLED, /* for those who have no second factor */
	SP_CONF_MFA_NONE, /* always */
};

struct sp_conf_target {
	char name[SP_CONF_NAME];
	enum sp_conf_kind kind;
	char account[SP_CONF_NAME]; /* Unix account; empty = the user's own name */
	char session[SP_CONF_COMMAND]; /* command of the session; empty = the default */
	char text[SP_CONF_NAME]; /* "description", for the greeter's list; may be empty */
	/* RDP only. */
	char address[SP_CONF_HOST]; /* "10.0.0.5:3389", always with a port */
	enum sp_conf_trust trust;
	uint8_t pin[SP_CONF_PIN];
	enum sp_conf_login login;
	char secret[SP_CONF_NAME]; /* login: a name of the vault */
	char domain[SP_CONF_NAME]; /* of "same"; may be empty */
	bool tls_only; /* security = "tls": a host without NLA is logged in to all the same */
	size_t n_redirects; /* networks it may send its clients to; 0 = only itself */
	struct sp_conf_net redirects[SP_CONF_REDIRECTS];
	enum sp_conf_record record;
	enum sp_conf_record_input record_input;
};

struct sp_zone;

/* "Mon-Fri 08:00-18:00 Europe/Berlin"; past midnight where until <= from. */
struct sp_conf_hours {
	uint32_t days; /* on which it begins; bit 0 is Monday */
	uint32_t from, until; /* minutes of the day, 0..1440 */
	char zone[SP_CONF_ZONE]; /* of tzdata; empty = the machine's */
	const struct sp_zone *clock; /* the conf's, host/conf/zone.h */
};

/* How somebody may prove a second time who is there; bits. */
#define SP_CONF_FACTOR_NONE 1u /* "none": the first factor alone will do */
#define SP_CONF_FACTOR_TOTP 2u /* "totp": a one-time code */
#define SP_CONF_FACTOR_TOKEN 4u /* "token": a one-time token was the password */
#define SP_CONF_FACTOR_DEVICE 8u /* "device": a device secret was the password */

#define SP_CONF_DEVICE_ENROLLED 1u /* "enrolled": a device secret was the password */

/* The numbers of enum sp_clip_right and enum sp_drives in host/monitor/msg.h. */
#define SP_CONF_CLIP_TEXT_IN 1u
#define SP_CONF_CLIP_TEXT_OUT 2u
#define SP_CONF_CLIP_FILES_IN 4u
#define SP_CONF_CLIP_FILES_OUT 8u
#define SP_CONF_CLIP_ALL 31u
#define SP_CONF_DRIVES_READ 1u
#define SP_CONF_DRIVES_WRITE 2u

/* What a rule lets through. */
struct sp_conf_channels {
	uint32_t clipboard; /* SP_CONF_CLIP_* */
	uint32_t drives; /* SP_CONF_DRIVES_*, one of them, or 0 */
	bool sound, microphone, other;
	uint64_t limit; /* bytes of one transfer over clipboard or drives; 0: no limit */
};

/* One entry of `rules`. An empty list is a key that is not there, and matches everything. */
struct sp_conf_rule {
	char name[2 * SP_CONF_NAME];
	char file[SP_CONF_PATH]; /* where it stands; it may be an included one */
	uint32_t line; /* in it; 0: the built-in rule of a file without `rules` */
	bool desktops; /* the built-in rule: for targets of kind desktop only */
	size_t n_users, n_from, n_interfaces, n_countries, n_hours, n_targets, n_approval;
	char users[SP_CONF_LIST][SP_CONF_NAME]; /* "alice", "@ops" */
	struct sp_conf_net from[SP_CONF_LIST];
	char interfaces[SP_CONF_LIST][16];
	char countries[SP_CONF_LIST][4]; /* "DE" */
	struct sp_conf_hours hours[SP_CONF_LIST];
	uint32_t devices; /* SP_CONF_DEVICE_*; 0: any */
	char targets[SP_CONF_LIST][SP_CONF_NAME];
	uint32_t mfa; /* SP_CONF_FACTOR_*; 0: what `mfa` of the file says */
	struct sp_conf_channels channels;
	uint32_t max_s, idle_s; /* 0: no limit */
	bool reason; /* a reason or ticket number is asked for */
	char approval[SP_CONF_LIST][SP_CONF_NAME]; /* users and groups, one of whom must approve */
};

/* What the listener and the handshake may cost. */
struct sp_conf_limits {
	uint32_t deadline; /* seconds from accept to verdict */
	uint32_t per_source; /* connections without a verdict at once from one address or /64 */
	uint32_t rate; /* new connections per second from one source */
	uint32_t burst; /* of them at once after a pause */
	uint32_t total_soft; /* without a verdict in all; above it a growing part is refused */
	uint32_t total_hard; /* from here on every new one */
	size_t n_exempt;
	struct sp_conf_net
			exempt[SP_CONF_EXEMPT]; /* no penalties: many people behind one address */
};

struct sp_conf_alerts;
struct sp_conf_ship;

struct sp_conf {
	size_t n_listen; /* at least 1 */
	struct sp_conf_listen listen[SP_CONF_LISTENS];
	char state[SP_CONF_PATH]; /* directory of store, key file and certificate */
	/* "postgresql://..." of the store and the audit; empty = SQLite files in state. */
	char store[SP_CONF_URL];
	char certificate[SP_CONF_PATH]; /* PEM with key and chain; empty = state/tls.pem, made when absent */
	size_t n_targets; /* at least 1: an empty file has "desktop" */
	struct sp_conf_target target[SP_CONF_TARGETS];
	struct sp_conf_limits limits;
	enum sp_conf_mfa mfa;
	size_t n_rules; /* at least 1 where the file has no `rules`; 0: nobody may do anything */
	struct sp_conf_rule *rule; /* n_rules of them, the conf's: sp_conf_finish() */
	char countries[SP_CONF_PATH]; /* "countries-file", MMDB; empty = none */
	char networks[SP_CONF_PATH]; /* "networks-file", likewise */
	char notice[SP_CONF_NOTICE]; /* legal notice to be accepted at login; empty = none */
	struct sp_conf_alerts *alerts; /* the conf's, host/conf/alert.h; NULL only without memory */
	/* "auditors": for whose keys recordings are sealed; 0: nothing can be recorded */
	size_t n_auditors;
	uint8_t auditor[SP_CONF_AUDITORS][SP_CONF_AUDITOR];
	bool record_index; /* "record-index": made while a session is recorded */
	size_t n_ship; /* "ship": where the audit goes besides the store */
	struct sp_conf_ship *ship; /* SP_CONF_SHIPS of them or NULL, the conf's; host/conf/ship.h */
	struct sp_conf_listen metrics; /* family 0: nobody may ask */
	bool metrics_remote; /* it need not be an address of this machine alone */
	uint32_t audit_reserve; /* "audit-reserve": MiB of its disk that are left to what runs */
	bool require_token; /* without a valid token in the first packet there is no answer */
	size_t n_zones;
	char zone_name[SP_CONF_ZONES][SP_CONF_ZONE];
	struct sp_zone *zone[SP_CONF_ZONES]; /* what the hours of the rules point to; the conf's */
	/* Unix account of the keeper where the service is started as root; empty = the caller. */
	char run_as[SP_CONF_NAME];
	bool audit_open; /* audit-fail = "open": what cannot be written down may happen all the same */
	/* The files once more, as one: what is not there says nothing. The conf's, not ended by a NUL. */
	char *text;
	size_t text_n;
	uint32_t refs; /* of one that sp_conf_load() made */
};

/* Every mistake that was found, "FILE:LINE: what: why", in the order of the file. */
struct sp_conf_errors {
	size_t n;
	char text[SP_CONF_ERRORS][320];
	bool more; /* there were more than fit */
	/* What is no mistake but hardly meant, "FILE:LINE: warning: ..."; also of a good file. */
	size_t n_warnings;
	char warning[SP_CONF_WARNINGS][320];
};

/* The configuration of an empty file: loopback only, NLA only, second factor required, this machine's desktop. */
void sp_conf_default(struct sp_conf *c);
/*
 * Reads a file. SP_OK; SP_EFIELD with the mistakes in errors (c is the default then); SP_ESYS
 * when the file cannot be read, which is told in errors too. A relative path in the file is
 * relative to the file's folder.
 */
sp_nodiscard int sp_conf_read(struct sp_conf *c, const char *file, struct sp_conf_errors *errors);
/*
 * Only where the service of this file keeps its state and its store, and as whom, in an otherwise empty *c: the rest of the
 * file may have mistakes that a running service has not taken up. Fails as sp_conf_read().
 */
sp_nodiscard int sp_conf_state(struct sp_conf *c, const char *file, struct sp_conf_errors *errors);
/*
 * Gives back what a read or default configuration holds, and leaves it empty. It owns memory: a
 * copy by assignment is a move, and one of the two is finished.
 */
void sp_conf_finish(struct sp_conf *c);
/*
 * The same as sp_conf_read(), on the heap and counted, for those who read again while somebody
 * still works by the old one: whoever keeps a pointer into a configuration (a target, a rule, a
 * verdict of the policy) across a turn of the loop keeps a reference to it too. The new one's
 * first reference is the caller's; *out is NULL on failure.
 */
sp_nodiscard int sp_conf_load(
		const char *file, struct sp_conf_errors *errors, struct sp_conf **out);
struct sp_conf *sp_conf_ref(struct sp_conf *c);
/* The last one finishes and frees it. Accepts NULL. */
void sp_conf_unref(struct sp_conf *c);
const struct sp_conf_target *sp_conf_target(const struct sp_conf *c, const char *name);
/* The certificate's path: certificate, or tls.pem in state. False when it does not fit. */
bool sp_conf_certificate(const struct sp_conf *c, char *path, size_t cap);
/*
 * "127.0.0.1:3389" or "[::1]:3389" into l; false when it is no numeric address with a port, and for
 * IPv4 in IPv6, which has a form of its own.
 */
bool sp_conf_parse_listen(const char *text, struct sp_conf_listen *l);

#endif
