/* core/pdu/hello.h - a TLS ClientHello as far as it tells one program from another: JA4. */
#ifndef SP_CORE_PDU_HELLO_H
#define SP_CORE_PDU_HELLO_H

#include "core/base/rd.h"
#include "core/base/wr.h"

#define SP_HELLO_LIST 256 /* entries of a list; a hello with more has no fingerprint */
#define SP_HELLO_TEXT 4096 /* of either text below */
#define SP_JA4 37 /* characters and a NUL: "t13d1516h2_8daaf6152771_e5627efa2ab1" */

struct sp_hello_list {
	size_t n; /* INVARIANT: <= SP_HELLO_LIST */
	uint16_t v[SP_HELLO_LIST]; /* without GREASE (RFC 8701) */
};

/* RFC 8446 4.1.2 ClientHello, of TLS 1.2 too. */
struct sp_hello {
	uint16_t version; /* the highest that it offers */
	bool name; /* says which server it wants */
	bool has_alpn;
	uint8_t alpn[2]; /* first and last byte of the first protocol it offers */
	struct sp_hello_list ciphers, extensions, signatures; /* as they stand there */
};

/*
 * Reads a whole handshake message; r must end with it. SP_ESTATE when it is another one; SP_ELIMIT
 * where a list is longer than people's are.
 */
sp_nodiscard int sp_hello_read(struct sp_rd *r, struct sp_hello *out);
/*
 * FoxIO's JA4: what stands before the first underscore, and the two texts whose SHA-256, of which
 * six bytes in hex are taken, come behind the underscores. An empty one stands for twelve zeroes.
 */
void sp_hello_ja4(const struct sp_hello *h, char start[11], struct sp_wr *ciphers,
		struct sp_wr *extensions);

#endif
