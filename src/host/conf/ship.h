/* host/conf/ship.h - `ship`: where the records of the audit go besides the store. */
#ifndef SP_HOST_CONF_SHIP_H
#define SP_HOST_CONF_SHIP_H

#include <stdbool.h>
#include <stdint.h>

#include "host/conf/conf.h"

#define SP_SHIP_JOURNAL "/run/systemd/journal/socket"

enum sp_ship_type {
	SP_SHIP_FILE,
	SP_SHIP_SYSLOG,
	SP_SHIP_JOURNALD,
	SP_SHIP_WEBHOOK,
	SP_SHIP_TYPES
};

enum sp_ship_format {
	SP_SHIP_JSON,
	SP_SHIP_RFC5424,
	SP_SHIP_CEF,
	SP_SHIP_OCSF,
	SP_SHIP_FORMATS
};

/* One destination. What a type does not have is empty. */
struct sp_conf_ship {
	char name[SP_CONF_NAME]; /* as written, or type and a number made of where it goes */
	enum sp_ship_type type;
	enum sp_ship_format format; /* FILE, SYSLOG */
	char path[SP_CONF_PATH]; /* FILE, and JOURNALD's socket */
	char host[SP_CONF_HOST]; /* SYSLOG, WEBHOOK */
	uint32_t port;
	bool tls;
	char ca[SP_CONF_PATH]; /* authorities, PEM; empty = those of this machine */
	char resource[SP_CONF_URL]; /* WEBHOOK: what stands behind the host, "/hook?id=5" */
	char secret[SP_CONF_PATH]; /* WEBHOOK: the file with the key of the signatures */
	bool loopback; /* WEBHOOK: to this machine, where it may be http */
};

/* "syslog"; static. */
const char *sp_ship_type_word(uint32_t type);

#endif
