/* fuzz/fuzz_hello.c - a TLS ClientHello, and the fingerprint of what was read. */
#include <stdlib.h>
#include <string.h>

#include "core/pdu/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t ciphers[SP_HELLO_TEXT], extensions[SP_HELLO_TEXT];
	static struct sp_hello h;
	struct sp_wr c, e;
	char start[11];
	struct sp_rd r;

	sp_rd_init(&r, data, size);
	if (sp_hello_read(&r, &h) != SP_OK) {
		return 0;
	}
	sp_wr_fixed(&c, ciphers, sizeof(ciphers));
	sp_wr_fixed(&e, extensions, sizeof(extensions));
	sp_hello_ja4(&h, start, &c, &e);
	if (sp_wr_ok(&c) != SP_OK || sp_wr_ok(&e) != SP_OK || strlen(start) != 10) {
		abort();
	}
	return 0;
}
