/* tests/host/io/tls_kit.h - certificates, signers and a pump that TLS tests share. */
#ifndef SP_TESTS_HOST_IO_TLS_KIT_H
#define SP_TESTS_HOST_IO_TLS_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/io/tls.h"

struct kit_pair {
	struct sp_rcbuf *cert, *key; /* PEM */
};

/* "EC" makes ours; "RSA" a 2048 bit one, "P-384" another; for localhost. Lives until exit. */
const struct kit_pair *kit_pair(const char *kind);
struct sp_span kit_span(const struct sp_rcbuf *b);

/* A process that holds the key and answers `answers` signature questions, then ends. */
struct kit_signer {
	int fd;
	pid_t pid;
};
struct kit_signer kit_signer_start(const struct kit_pair *pair, int answers);
void kit_signer_stop(struct kit_signer *s);
/* The callback for sp_tls_server_conf; arg is a struct kit_signer. */
int kit_sign(void *arg, int scheme, struct sp_span message, uint8_t *sig, size_t *sig_len);

/* Carries ciphertext both ways in pieces of at most `piece` bytes until nothing moves. */
void kit_pump(struct sp_tls *a, struct sp_tls *b, size_t piece);

#endif
