/* host/rdp/client_login.h - the client's answers to the login of a live connection. */
#ifndef SP_HOST_RDP_CLIENT_LOGIN_H
#define SP_HOST_RDP_CLIENT_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "host/rdp/conn.h"

struct sp_client_login;

/* Strings are UTF-8. Everything is borrowed until the first step, copied from then on. */
struct sp_client_login_conf {
	const char *user, *domain; /* domain: NULL or "" for none */
	const char *host; /* as the person named it, for the service name; NULL for none */
	struct sp_span password; /* without NUL */
	bool spnego;
	bool allow_old; /* servers of CredSSP 2 to 4 */
};

/* NULL without memory. */
sp_nodiscard struct sp_client_login *sp_client_login_create(
		const struct sp_client_login_conf *conf);
/* Wipes everything. Accepts NULL. */
void sp_client_login_destroy(struct sp_client_login *l);

/*
 * Answers SP_EV_AUTH_TOKEN of a client's connection: sends the next TSRequest and, at the end,
 * lets the machine go on. The certificate must have been judged by then (sp_conn_calls.tls_up).
 * On an error the owner ends the connection: SP_EAUTH when the server said no.
 */
sp_nodiscard int sp_client_login_step(
		struct sp_client_login *l, struct sp_conn *conn, struct sp_span token);

/* The NTSTATUS the server gave as its reason, 0 for none. */
uint32_t sp_client_login_status(const struct sp_client_login *l);
/* For the log: the field or rule that the last error is about; never NULL, static. */
const char *sp_client_login_why(const struct sp_client_login *l);

#endif
