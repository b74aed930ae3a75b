/* fuzz/fuzz_redirect.c - the redirection packet, alone and in its share PDU. */
#include <stdlib.h>
#include <string.h>

#include "core/pdu/redirect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t first[1 << 18], second[1 << 18];
	static struct sp_redirect a;
	struct sp_rd r;
	struct sp_wr w;

	sp_rd_init(&r, data, size);
	if (sp_redirect_share_read(&r, &a) != SP_OK) {
		sp_rd_init(&r, data, size);
		if (sp_redirect_read(&r, &a) != SP_OK) {
			return 0;
		}
	}
	sp_wr_fixed(&w, first, sizeof(first));
	sp_redirect_write(&w, &a);
	if (sp_wr_ok(&w) != SP_OK) {
		return 0; /* the padding we add may pass 65535 bytes */
	}
	size_t n = w.n;
	sp_rd_init(&r, first, n);
	if (sp_redirect_read(&r, &a) != SP_OK) {
		abort();
	}
	sp_wr_fixed(&w, second, sizeof(second));
	sp_redirect_write(&w, &a);
	if (sp_wr_ok(&w) != SP_OK || w.n != n || memcmp(first, second, n) != 0) {
		abort();
	}
	return 0;
}
