/* host/lib/seal.h - small secrets sealed under the key file, each bound to its place. */
#ifndef SP_HOST_LIB_SEAL_H
#define SP_HOST_LIB_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/base/span.h"

#define SP_SEAL_KEY 32
#define SP_SEAL_SALT 32
#define SP_SEAL_NONCE 24
#define SP_SEAL_TAG 16
#define SP_SEAL_WHY 256

struct sp_seal {
	uint8_t key[SP_SEAL_KEY]; /* locked in memory, left out of core dumps */
};

/*
 * Reads the key file; with `create` makes it (mode 0600, owned by the owner of its folder) when
 * there is none. Refuses one that group or others may touch. SP_ENOTFOUND, SP_EDENIED, SP_ESYS.
 */
sp_nodiscard int sp_seal_open(
		struct sp_seal *s, const char *path, bool create, char why[SP_SEAL_WHY]);
/* Wipes the key. Accepts a zeroed one. */
void sp_seal_finish(struct sp_seal *s);

/* A record's own salt and nonce are made here; out takes plain.n + SP_SEAL_TAG bytes. */
void sp_seal_close(const struct sp_seal *s, struct sp_span aad, struct sp_span plain,
		uint8_t salt[SP_SEAL_SALT], uint8_t nonce[SP_SEAL_NONCE], uint8_t *out);
/* SP_OK and n bytes in plain, or SP_EAUTH and zeroes: wrong key, other place, changed bytes. */
sp_nodiscard int sp_seal_unseal(const struct sp_seal *s, struct sp_span aad,
		const uint8_t salt[SP_SEAL_SALT], const uint8_t nonce[SP_SEAL_NONCE],
		struct sp_span sealed, uint8_t *plain, size_t n);

/* 16..64 bytes that only the holder of the key can know, for a purpose and some input. */
void sp_seal_derive(const struct sp_seal *s, const char *purpose, struct sp_span in, uint8_t *out,
		size_t n);

#endif
