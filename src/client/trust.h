/* client/trust.h - whether a server's certificate is the one we expect, and what was seen before. */
#ifndef SP_CLIENT_TRUST_H
#define SP_CLIENT_TRUST_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"

#define SP_TRUST_WHY 2048
#define SP_TRUST_PATH 1024

enum sp_trust_mode {
	SP_TRUST_FIRST_SEEN, /* what was seen first is expected from then on */
	SP_TRUST_ASK, /* a person decides about what was not seen before */
	SP_TRUST_CA, /* chain and name must hold */
	SP_TRUST_PIN, /* this certificate or this key, nothing else is looked at */
};

struct sp_trust {
	enum sp_trust_mode mode;
	uint8_t pin[32]; /* SHA-256 of the certificate or of its SubjectPublicKeyInfo */
	char file[SP_TRUST_PATH]; /* known hosts; "" for none: then nothing was ever seen */
};

/* What the server showed. */
struct sp_trust_cert {
	const char *host;
	uint16_t port;
	const uint8_t *cert_sha256, *spki_sha256;
	const char *complaint; /* of chain and name; NULL when they hold or were not looked at */
};

enum sp_trust_verdict {
	SP_TRUST_NO,
	SP_TRUST_YES,
	SP_TRUST_NEW, /* never seen: may be remembered */
	SP_TRUST_UNSURE, /* never seen: a person is to be asked */
};

/* Reads "ask", "ca", "first-seen" or "pin:SHA256" into mode and pin; SP_EARG. */
sp_nodiscard int sp_trust_parse(const char *text, struct sp_trust *out);
/* The file of known hosts in the caller's configuration folder; "" without a home. */
void sp_trust_default_file(char out[SP_TRUST_PATH]);

/* why gets one or more lines on SP_TRUST_NO, the question's facts on _NEW and _UNSURE. */
sp_nodiscard enum sp_trust_verdict sp_trust_judge(
		const struct sp_trust *t, const struct sp_trust_cert *c, char why[SP_TRUST_WHY]);
/* Adds a line to the file, which is made (with its folder) where it is not there; SP_ESYS. */
sp_nodiscard int sp_trust_remember(const struct sp_trust *t, const struct sp_trust_cert *c);

/*
 * The file has one server a line, "host:port SHA256" with 64 hex digits; lines that start with
 * '#' and empty ones count for nothing. A server may stand there several times. Looks for one
 * and gives the last fingerprint in seen: SP_OK when a line holds sha256, SP_EDENIED when all
 * lines of the server hold another, SP_ENOTFOUND when there is none; SP_EFIELD and the number
 * in *line for a damaged line of this server; SP_ESYS, SP_ELIMIT.
 */
sp_nodiscard int sp_trust_lookup(const char *file, const char *host, uint16_t port,
		const uint8_t sha256[32], uint8_t seen[32], size_t *line);

#endif
