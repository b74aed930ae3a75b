/* fuzz/fuzz_info.c - Client Info: what is read, written and read again stays the same. */
#include <stdlib.h>
#include <string.h>

#include "core/pdu/info.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t first[16384], second[16384];
	static struct sp_info info;
	struct sp_rd r;
	struct sp_wr w;

	sp_rd_init(&r, data, size);
	if (sp_info_read(&r, &info) != SP_OK) {
		if (info.password.n != 0) {
			abort();
		}
		return 0;
	}
	sp_wr_fixed(&w, first, sizeof(first));
	sp_info_write(&w, &info);
	if (sp_wr_ok(&w) != SP_OK) {
		return 0; /* a string at the limit leaves no room for its NUL */
	}
	size_t n = w.n;
	sp_rd_init(&r, first, n);
	if (sp_info_read(&r, &info) != SP_OK) {
		abort();
	}
	sp_wr_fixed(&w, second, sizeof(second));
	sp_info_write(&w, &info);
	if (sp_wr_ok(&w) != SP_OK || w.n != n || memcmp(first, second, n) != 0) {
		abort();
	}
	return 0;
}
