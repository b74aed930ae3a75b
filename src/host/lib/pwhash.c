/* host/lib/pwhash.c - see pwhash.h. */
#include "host/lib/pwhash.h"

#include <sodium.h>
#include <string.h>

#define PASSES 3
#define MEMORY ((size_t)64 * 1024 * 1024)

_Static_assert(SP_PWHASH_TEXT == crypto_pwhash_STRBYTES, "text of a verifier");

int sp_pwhash_make(const char *password, char out[SP_PWHASH_TEXT])
{
	memset(out, 0, SP_PWHASH_TEXT);
	if (sodium_init() < 0) {
		return SP_ESYS;
	}
	return crypto_pwhash_str_alg(out, password, strlen(password), PASSES, MEMORY,
			       crypto_pwhash_ALG_ARGON2ID13) == 0
			? SP_OK
			: SP_ENOMEM;
}

bool sp_pwhash_check(const char *password, const char hash[SP_PWHASH_TEXT])
{
	return sodium_init() >= 0 && hash[SP_PWHASH_TEXT - 1] == '\0' &&
			crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
}
