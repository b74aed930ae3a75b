/* host/io/chain.h - a certificate chain away from its connection: whose it is, who vouches for it. */
#ifndef SP_HOST_IO_CHAIN_H
#define SP_HOST_IO_CHAIN_H

#include "core/base/attr.h"
#include "core/base/span.h"
#include "host/io/cert.h"
#include "host/io/fdio.h"

#define SP_CHAIN_MAX 16 /* certificates */

struct sp_chain;

/* The library is loaded and the time zone read: before any jail. SP_ETLS. */
sp_nodiscard int sp_chain_init(void);
/*
 * Reads what sp_tls_peer_chain() gives. NULL when it is empty, damaged, too long, or the first
 * certificate has a key that nobody can use.
 */
sp_nodiscard struct sp_chain *sp_chain_read(struct sp_span ders);
/* Accepts NULL. */
void sp_chain_destroy(struct sp_chain *c);

/* The first certificate, the peer's own. Valid as long as c. */
const struct sp_cert_info *sp_chain_leaf(const struct sp_chain *c);
/*
 * SP_OK when one of the roots (PEM) vouches, now, that the first certificate is a server's of
 * that host, a name or an address. Else SP_EDENIED and why.
 */
sp_nodiscard int sp_chain_verify(const struct sp_chain *c, struct sp_span roots_pem,
		const char *host, char why[SP_WHY_MAX]);

#endif
