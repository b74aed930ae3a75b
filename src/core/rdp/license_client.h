/* core/rdp/license_client.h - a client that asks for a licence, or shows the one it has. */
#ifndef SP_CORE_RDP_LICENSE_CLIENT_H
#define SP_CORE_RDP_LICENSE_CLIENT_H

#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rcbuf.h"
#include "core/base/wr.h"
#include "core/crypt/crypto.h"
#include "core/pdu/license.h"

#define SP_LICENSE_KEY 16
#define SP_LICENSE_KEPT_MAX 8192 /* of a licence that is kept for the next time */
#define SP_LICENSE_REPLY_MAX (4096 + SP_LICENSE_KEPT_MAX)

enum sp_license_client_state {
	SP_LICENSE_CLIENT_WAIT_REQUEST,
	SP_LICENSE_CLIENT_WAIT_CHALLENGE, /* or the licence, or that none is needed */
	SP_LICENSE_CLIENT_WAIT_GRANT,
	SP_LICENSE_CLIENT_DONE,
};

/* What both sides derive from the two random numbers and the secret. */
struct sp_license_keys {
	uint8_t mac[SP_LICENSE_KEY];
	uint8_t cipher[SP_LICENSE_KEY];
};

struct sp_license_client {
	const struct sp_crypto *
			crypto; /* NULL, or without RSA: only a server that wants no licence will do */
	enum sp_license_client_state state;
	struct sp_license_keys keys;
	struct sp_rcbuf *kept; /* from the time before; NULL for none */
	struct sp_rcbuf *granted; /* by this exchange; NULL for none */
	bool shown; /* the kept one was */
	const char *what; /* the field the last error is about, static */
};

/* Who asks; borrowed in the call. */
struct sp_license_who {
	const char *user, *machine; /* UTF-8 */
};

void sp_license_client_init(struct sp_license_client *l, const struct sp_crypto *crypto);
void sp_license_client_finish(struct sp_license_client *l);
/* A licence (pbLicenseInfo) that this server gave before. SP_ELIMIT, SP_ENOMEM. */
sp_nodiscard int sp_license_client_keep(struct sp_license_client *l, struct sp_span license);
/*
 * Takes a server's message and appends the answer, if there is one, to reply (without security
 * header). 1 when the exchange is over, 0 when it goes on, or an error; then reply may hold an
 * alert that is to be sent before the connection is closed.
 */
sp_nodiscard int sp_license_client_step(struct sp_license_client *l, const struct sp_license *in,
		const struct sp_license_who *who, struct sp_wr *reply);

/* [MS-RDPELE] 5.1.2 */
void sp_license_derive(const struct sp_crypto *c, const uint8_t client[SP_LICENSE_RANDOM],
		const uint8_t server[SP_LICENSE_RANDOM],
		const uint8_t premaster[SP_LICENSE_PREMASTER], struct sp_license_keys *out);
/* [MS-RDPELE] 5.1.5 over the parts, one after the other. n <= 2. */
void sp_license_mac(const struct sp_crypto *c, const struct sp_license_keys *k,
		const struct sp_span *parts, size_t n, uint8_t out[SP_LICENSE_MAC]);

#endif
