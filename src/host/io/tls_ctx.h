/* host/io/tls_ctx.h - the inside of a TLS context; for this folder only. */
#ifndef SP_HOST_IO_TLS_CTX_H
#define SP_HOST_IO_TLS_CTX_H

#include <openssl/ssl.h>

#include "host/io/tls.h"
#include "host/io/tls_lib.h"

struct sp_tls_ctx {
	SSL_CTX *ssl;
	bool server;
	sp_tls_hello_fn hello;
	void *hello_arg;
	struct sp_cert_info cert; /* of a server */
};

/* Makes a client's context ask each connection how to judge the peer's certificate. */
void sp_tls_ctx_set_verify(struct sp_tls_ctx *c);

#endif
