/* fuzz/fuzz_license.c - licensing messages and what is inside them once decrypted. */
#include <stdlib.h>
#include <string.h>

#include "core/pdu/license.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inner(const uint8_t *data, size_t size)
{
	struct sp_license_response_data response;
	struct sp_license_new_info info;
	struct sp_rd r;

	sp_rd_init(&r, data, size);
	if (sp_license_response_data_read(&r, &response) == SP_OK && response.challenge.n > size) {
		abort();
	}
	sp_rd_init(&r, data, size);
	if (sp_license_new_info_read(&r, &info) == SP_OK && info.license.n > size) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t first[1 << 18], second[1 << 18];
	static struct sp_license msg;
	struct sp_rd r;
	struct sp_wr w;

	inner(data, size);
	sp_rd_init(&r, data, size);
	if (sp_license_read(&r, &msg) != SP_OK) {
		return 0;
	}
	sp_wr_fixed(&w, first, sizeof(first));
	sp_license_write(&w, &msg);
	if (sp_wr_ok(&w) != SP_OK) {
		return 0; /* an error alert gains an empty blob and may pass 65535 bytes */
	}
	size_t n = w.n;
	sp_rd_init(&r, first, n);
	if (sp_license_read(&r, &msg) != SP_OK) {
		abort();
	}
	sp_wr_fixed(&w, second, sizeof(second));
	sp_license_write(&w, &msg);
	if (sp_wr_ok(&w) != SP_OK || w.n != n || memcmp(first, second, n) != 0) {
		abort();
	}
	return 0;
}
