/* gate/net/ja4.c - see ja4.h. */
#include "gate/net/ja4.h"

#include <stdio.h>

#include "host/lib/crypto_nettle.h"

#define PART 6 /* bytes of a hash that are shown */

static bool part(struct sp_wr *w, char out[2 * PART + 1])
{
	uint8_t hash[SP_SHA256_SIZE] = {0};

	if (sp_wr_ok(w) != SP_OK) {
		return false;
	}
	if (w->n > 0) {
		sp_crypto_nettle.sha256(&(struct sp_span){w->p, w->n}, 1, hash);
	}
	for (size_t i = 0; i < PART; i++) {
		snprintf(out + 2 * i, 3, "%02x", hash[i]);
	}
	return true;
}

void sp_net_ja4(struct sp_span hello, char out[SP_JA4])
{
	static uint8_t ciphers[SP_HELLO_TEXT], extensions[SP_HELLO_TEXT];
	static struct sp_hello h;
	char start[11], a[2 * PART + 1], b[2 * PART + 1];
	struct sp_wr c, e;
	struct sp_rd r;

	out[0] = '\0';
	sp_rd_init(&r, hello.p, hello.n);
	if (sp_hello_read(&r, &h) != SP_OK) {
		return;
	}
	sp_wr_fixed(&c, ciphers, sizeof(ciphers));
	sp_wr_fixed(&e, extensions, sizeof(extensions));
	sp_hello_ja4(&h, start, &c, &e);
	if (part(&c, a) && part(&e, b)) {
		snprintf(out, SP_JA4, "%s_%s_%s", start, a, b);
	}
}
