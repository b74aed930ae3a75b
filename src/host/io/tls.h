/* host/io/tls.h - TLS 1.2 and 1.3 over memory: ciphertext in, plaintext out, and back. */
#ifndef SP_HOST_IO_TLS_H
#define SP_HOST_IO_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/base/rcbuf.h"
#include "core/base/span.h"
#include "host/io/cert.h"
#include "host/io/fdio.h"

#define SP_TLS_SIG_MAX 1024 /* RSA of 8192 bits */
/* Ciphertext an object holds on either side before it says stop. */
#define SP_TLS_IN_MAX (256 * 1024)
#define SP_TLS_OUT_MAX (256 * 1024)

/*
 * The first TLS call of a process: no configuration file, time zone read, SIGPIPE ignored, up to
 * 512 KiB of freed heap kept (halves the cost of a relayed byte). In
 * builds with SP_KEYLOG opens $SSLKEYLOGFILE. Before any jail. SP_ETLS when the library refuses.
 */
sp_nodiscard int sp_tls_init(void);
/*
 * For a process that loads private keys, before all else of this file: they get memory that is
 * neither swapped nor in a core file, as far as the process may lock any, and what the library
 * frees is wiped. SP_ESTATE when it has begun already.
 */
sp_nodiscard int sp_tls_hold_keys(void);
/* True when this build writes a key log: such a process must keep its right to write a file. */
bool sp_tls_keylog(void);
/* First act of a child that was forked without exec, else its random numbers equal its sibling's. */
void sp_tls_after_fork(void);

/* ---- contexts: made before the jail, shared by connections ---- */

struct sp_tls_ctx;

/*
 * Signs message with the certificate's key as TLS SignatureScheme says. *sig_len is the room in
 * sig on the way in, the length on the way out. SP_OK or an error; may block.
 */
typedef int (*sp_tls_sign_fn)(
		void *arg, int scheme, struct sp_span message, uint8_t *sig, size_t *sig_len);

/* The first message of a client as it came, before anything of it is believed. */
typedef void (*sp_tls_hello_fn)(void *arg, struct sp_span message);

struct sp_tls_server_conf {
	struct sp_span chain_pem; /* leaf first; a key in it is ignored */
	struct sp_span key_pem; /* a local key; empty where sign is given */
	sp_tls_sign_fn sign; /* the key is elsewhere */
	void *sign_arg;
	sp_tls_hello_fn hello; /* NULL: nobody asks */
	void *hello_arg;
	bool tls12_only; /* for tests and peers that cannot do better */
};

/* NULL and why on failure. Borrows nothing from conf but sign_arg and hello_arg. */
sp_nodiscard struct sp_tls_ctx *sp_tls_server_ctx(
		const struct sp_tls_server_conf *conf, char why[SP_WHY_MAX]);
/*
 * One signature over a TLS 1.3 server CertificateVerify of random content, checked with the
 * certificate: that the two belong together and that the signer answers. Costs a signer's grant.
 */
sp_nodiscard int sp_tls_ctx_try(struct sp_tls_ctx *c, char why[SP_WHY_MAX]);
/* The certificate a server context shows. Valid as long as the context. */
const struct sp_cert_info *sp_tls_ctx_cert(const struct sp_tls_ctx *c);

/* ca_pem: the authorities to trust, may be empty (then verification by CA refuses all). */
sp_nodiscard struct sp_tls_ctx *sp_tls_client_ctx(struct sp_span ca_pem, char why[SP_WHY_MAX]);
/*
 * For looking at others, never for trusting them: takes what is old and weak as well, from TLS 1.0
 * on. Only with SP_TLS_VERIFY_REPORT.
 */
sp_nodiscard struct sp_tls_ctx *sp_tls_look_ctx(char why[SP_WHY_MAX]);
/* The system's file of authorities (Debian's place first); SP_ENOTFOUND. */
sp_nodiscard int sp_tls_system_ca(struct sp_rcbuf **pem);
/* Accepts NULL. Connections keep what they need of it. */
void sp_tls_ctx_destroy(struct sp_tls_ctx *c);

/* ---- one connection ---- */

enum sp_tls_verify {
	SP_TLS_VERIFY_CA, /* chain and host name must hold */
	SP_TLS_VERIFY_PIN, /* the SPKI hash must be equal; nothing else is looked at */
	SP_TLS_VERIFY_REPORT, /* let it through; the caller decides by fingerprint before he sends */
};

struct sp_tls_peer {
	enum sp_tls_verify verify;
	const char *host; /* name or address: for SNI and the check; may be NULL but for CA */
	uint8_t pin[32];
};

enum sp_tls_state {
	SP_TLS_HANDSHAKE,
	SP_TLS_UP,
	SP_TLS_ENDED, /* the peer sent close_notify */
	SP_TLS_FAILED, /* send what sp_tls_take() still has (the alert), then close */
};

struct sp_tls;

sp_nodiscard struct sp_tls *sp_tls_server(struct sp_tls_ctx *c);
/* Its first flight is ready to be taken. */
sp_nodiscard struct sp_tls *sp_tls_client(struct sp_tls_ctx *c, const struct sp_tls_peer *peer);
/* Accepts NULL. */
void sp_tls_destroy(struct sp_tls *t);

/*
 * Gives it ciphertext, all of which is taken (copied), and advances the handshake. SP_OK, SP_ETLS
 * when the connection failed (see sp_tls_why), SP_ELIMIT when the owner fed SP_TLS_IN_MAX without
 * reading: stop reading the socket while plaintext is not read out.
 */
sp_nodiscard int sp_tls_feed(struct sp_tls *t, const uint8_t *p, size_t n);
/*
 * Plaintext into to, as many records as fit: > 0 bytes; 0 nothing more now (or still in the
 * handshake); SP_ECLOSED after close_notify; SP_ETLS.
 */
sp_nodiscard int sp_tls_read(struct sp_tls *t, uint8_t *to, size_t cap);
/*
 * Encrypts; returns how many bytes were taken, which is less than n only when SP_TLS_OUT_MAX of
 * ciphertext waits to be taken: take it, then offer the rest. 0 during the handshake. SP_ETLS.
 */
sp_nodiscard int sp_tls_write(struct sp_tls *t, const uint8_t *p, size_t n);
/* All ciphertext there is as one buffer that the caller owns; NULL when there is none. */
struct sp_rcbuf *sp_tls_take(struct sp_tls *t);
size_t sp_tls_pending(const struct sp_tls *t);
/* Adds close_notify to the output; nothing can be written afterwards. */
void sp_tls_close(struct sp_tls *t);

enum sp_tls_state sp_tls_state(const struct sp_tls *t);
/* "TLS 1.3, TLS_AES_256_GCM_SHA384"; valid as long as t. Empty before SP_TLS_UP. */
const char *sp_tls_text(const struct sp_tls *t);
/* Why it failed, "certificate verify failed: self-signed certificate"; "" otherwise. */
const char *sp_tls_why(const struct sp_tls *t);
/* Whether chain and name would hold, also in the modes that do not ask: NULL, or what is wrong. */
const char *sp_tls_verify_complaint(const struct sp_tls *t);
/* The peer's certificate, after the handshake; NULL where it showed none. Valid as long as t. */
const struct sp_cert_info *sp_tls_peer_cert(const struct sp_tls *t);
/* Our own; NULL for a client. */
const struct sp_cert_info *sp_tls_own_cert(const struct sp_tls *t);
/* The peer's certificate as DER into out; its length, or SP_ESPACE, SP_ENOTFOUND. */
sp_nodiscard int sp_tls_peer_der(const struct sp_tls *t, uint8_t *out, size_t cap);
/*
 * A server's chain for host/io/chain.h: each certificate as DER behind its length as a uint32_t
 * of this machine, as many as fit. The length of it all, or SP_ESPACE when not even its own
 * certificate fits, SP_ENOTFOUND.
 */
sp_nodiscard int sp_tls_peer_chain(const struct sp_tls *t, uint8_t *out, size_t cap);

#endif
