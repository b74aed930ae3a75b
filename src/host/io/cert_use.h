/* host/io/cert_use.h - what a server's certificate is good for, to those who connect. */
#ifndef SP_HOST_IO_CERT_USE_H
#define SP_HOST_IO_CERT_USE_H

#include <stdbool.h>

#include "core/base/attr.h"
#include "core/base/span.h"

#define SP_CERT_NAMES 512

struct sp_cert_use {
	bool self_signed; /* its issuer is itself */
	bool named; /* it names the host that was asked for */
	bool rsa; /* else of another kind */
	bool weak_hash; /* signed with MD5 or SHA-1; of one that signs itself it says nothing */
	char names[SP_CERT_NAMES]; /* "gate.example, 192.0.2.1"; cut where there are more */
};

/* Of the first certificate in PEM bytes; host is a name or an address. SP_EARG: there is none. */
sp_nodiscard int sp_cert_use_pem(struct sp_span pem, const char *host, struct sp_cert_use *out);

#endif
