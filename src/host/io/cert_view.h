/* host/io/cert_view.h - a stranger's certificate as people look at it: names, dates, key, trust. */
#ifndef SP_HOST_IO_CERT_VIEW_H
#define SP_HOST_IO_CERT_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "host/io/fdio.h"

#define SP_CERT_VIEW_NAMES 8
#define SP_CERT_VIEW_TEXT 256

enum sp_cert_view_key {
	SP_CERT_VIEW_KEY_OTHER,
	SP_CERT_VIEW_KEY_RSA,
	SP_CERT_VIEW_KEY_EC,
	SP_CERT_VIEW_KEY_ED,
	SP_CERT_VIEW_KEY_DSA,
};

/* Texts are cut where they do not fit, and always end. */
struct sp_cert_view {
	char subject[SP_CERT_VIEW_TEXT], issuer[SP_CERT_VIEW_TEXT]; /* RFC 4514 */
	char names[SP_CERT_VIEW_NAMES][SP_CERT_VIEW_TEXT]; /* DNS names and addresses */
	char serial[48], signature[48];
	enum sp_cert_view_key key;
	uint32_t key_bits;
	bool self_signed; /* issuer is subject, and the signature fits */
	bool trusted; /* by the roots that were given, as a server's, whatever name and time */
	bool name_matches;
	bool has_eku, eku_server, eku_rdp, eku_any, eku_other;
	bool ca;
	int64_t not_before, not_after; /* seconds since 1970 */
	uint8_t sha256[32], spki[32];
};

struct sp_cert_roots;

/* Before a jail. NULL without memory or library. pem may be empty: then nothing is trusted. */
sp_nodiscard struct sp_cert_roots *sp_cert_roots_create(struct sp_span pem);
/* Accepts NULL. */
void sp_cert_roots_destroy(struct sp_cert_roots *r);
/*
 * The first one is looked at, the others of the chain may help to trust it. host is a name or an
 * address. SP_EFIELD when it is no certificate.
 */
sp_nodiscard int sp_cert_view_read(const struct sp_span *chain, size_t n,
		const struct sp_cert_roots *roots, const char *host, struct sp_cert_view *out);

#endif
