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
#define SP_CONF_LISTENS 16
#define SP_CONF_TARGETS 64
#define SP_CONF_ADDR 64
#define SP_CONF_NAME 72
#define SP_CONF_COMMAND 1024
#define SP_CONF_ERRORS 64

struct sp_conf_listen {
	char text[SP_CONF_ADDR]; /* as written, "127.0.0.1:3389" */
	uint32_t family; /* AF_INET or AF_INET6 */
	uint32_t port; /* 1..65535; 0 = any free one */
	uint8_t addr[16]; /* network order */
};

enum sp_conf_kind {
	SP_CONF_DESKTOP = 1,
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
};

/* What the listener and the handshake may cost. */
struct sp_conf_limits {
	uint32_t deadline; /* seconds from accept to verdict */
	uint32_t per_source; /* connections without a verdict at once from one address or /64 */
	uint32_t rate; /* new connections per second from one source */
	uint32_t burst; /* of them at once after a pause */
	uint32_t total_soft; /* without a verdict in all; above it a growing part is refused */
	uint32_t total_hard; /* from here on every new one */
};

struct sp_conf {
	size_t n_listen; /* at least 1 */
	struct sp_conf_listen listen[SP_CONF_LISTENS];
	char state[SP_CONF_PATH]; /* directory of store, key file and certificate */
	char certificate[SP_CONF_PATH]; /* PEM with key and chain; empty = state/tls.pem, made when absent */
	size_t n_targets; /* at least 1: an empty file has "desktop" */
	struct sp_conf_target target[SP_CONF_TARGETS];
	struct sp_conf_limits limits;
	enum sp_conf_mfa mfa;
	/* Unix account of the keeper where the service is started as root; empty = the caller. */
	char run_as[SP_CONF_NAME];
};

/* Every mistake that was found, "FILE:LINE: what: why", in the order of the file. */
struct sp_conf_errors {
	size_t n;
	char text[SP_CONF_ERRORS][320];
	bool more; /* there were more than fit */
};

/* The configuration of an empty file: loopback only, NLA only, second factor required, this machine's desktop. */
void sp_conf_default(struct sp_conf *c);
/*
 * Reads a file. SP_OK; SP_EFIELD with the mistakes in errors (c is the default then); SP_ESYS
 * when the file cannot be read, which is told in errors too. A relative path in the file is
 * relative to the file's folder.
 */
sp_nodiscard int sp_conf_read(struct sp_conf *c, const char *file, struct sp_conf_errors *errors);
const struct sp_conf_target *sp_conf_target(const struct sp_conf *c, const char *name);
/* The certificate's path: certificate, or tls.pem in state. False when it does not fit. */
bool sp_conf_certificate(const struct sp_conf *c, char *path, size_t cap);
/* "127.0.0.1:3389" or "[::1]:3389" into l; false when it is no numeric address with a port. */
bool sp_conf_parse_listen(const char *text, struct sp_conf_listen *l);

#endif
