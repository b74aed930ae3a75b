/* scan/hello.h - TLS from SSL 2 to 1.3 as far as it is in the clear: our hello, the server's answer. */
#ifndef SP_SCAN_HELLO_H
#define SP_SCAN_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/base/wr.h"

/*
 * Libraries of today refuse to offer what is to be found here, so these hellos are our own. They
 * are well formed; only no handshake ever follows, since nothing here has keys.
 */
#define SP_HELLO_SSL2 0x0002
#define SP_HELLO_SSL3 0x0300
#define SP_HELLO_TLS12 0x0303
#define SP_HELLO_TLS13 0x0304

#define SP_HELLO_MAX_CIPHERS 160
#define SP_HELLO_MAX_GROUPS 32
#define SP_HELLO_MAX_CERTS 10
#define SP_HELLO_MAX_FLIGHT (64 * 1024) /* bytes of a server's handshake messages */

#define SP_HELLO_EXPLICIT 0xFFFF /* for a group that has no name */

struct sp_hello_offer {
	uint16_t version; /* the highest one */
	const uint16_t *cipher; /* SSL 2 has its own seven and does not look here */
	size_t n_ciphers; /* at most SP_HELLO_MAX_CIPHERS */
	const uint16_t *group;
	size_t n_groups; /* at most SP_HELLO_MAX_GROUPS; 0: no such extension */
	const char *name; /* of the server, for its extension; NULL: none */
	uint8_t random[32], session[32]; /* of no meaning to us */
	uint8_t share[32]; /* an X25519 key whose other half nobody has */
};

/* As records, ready to be sent. */
void sp_hello_write(struct sp_wr *w, const struct sp_hello_offer *offer);
/* close_notify, before keys. Not for SSL 2. */
void sp_hello_write_close(struct sp_wr *w, uint16_t version);

enum sp_hello_kind {
	SP_HELLO_NOTHING, /* yet */
	SP_HELLO_ACCEPTED, /* a ServerHello, and up to TLS 1.2 what follows in the clear */
	SP_HELLO_RETRY, /* TLS 1.3, and it wants a key of another group */
	SP_HELLO_ALERT,
};

struct sp_hello_answer {
	enum sp_hello_kind kind;
	uint16_t version, cipher; /* ACCEPTED and RETRY; of SSL 2 no cipher */
	uint16_t group; /* of the key exchange; 0: none was named */
	uint32_t dh_bits; /* of a finite field's prime */
	uint8_t alert;
	size_t n_certs; /* INVARIANT: <= SP_HELLO_MAX_CERTS; at most so many are kept */
	size_t sent_certs;
	struct {
		size_t at, n;
	} cert[SP_HELLO_MAX_CERTS];
};

/* One server's answer, as it comes. */
struct sp_hello_reader {
	uint16_t version; /* that was offered */
	uint16_t cipher[SP_HELLO_MAX_CIPHERS];
	size_t n_ciphers;
	struct sp_wr record, flight;
	size_t parsed; /* of flight */
	unsigned alerts; /* warnings that were passed over */
	bool hello; /* the ServerHello has come */
	const char *why; /* what was wrong with it; static */
	struct sp_hello_answer answer;
};

void sp_hello_reader_init(struct sp_hello_reader *r, const struct sp_hello_offer *offer);
/* Accepts a zeroed one. */
void sp_hello_reader_finish(struct sp_hello_reader *r);
/*
 * Bytes of the server: 1 when the answer is complete, 0 for more, or an error when this is not
 * TLS, or an answer to something else than what was asked.
 */
sp_nodiscard int sp_hello_feed(struct sp_hello_reader *r, const uint8_t *p, size_t n);
/* One of the certificates as DER; valid until finish. */
struct sp_span sp_hello_cert(const struct sp_hello_reader *r, size_t i);

#endif
