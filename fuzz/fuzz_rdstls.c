/* fuzz/fuzz_rdstls.c - the PDUs of RDSTLS: what is read is written the same. */
#include <stdlib.h>
#include <string.h>

#include "core/pdu/rdstls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t out[4 * 65536];
	struct sp_rdstls_request msg;
	uint32_t result;
	struct sp_rd r;
	struct sp_wr w;

	sp_wr_fixed(&w, out, sizeof(out));
	sp_rd_init(&r, data, size);
	if (sp_rdstls_request_read(&r, &msg) == SP_OK) {
		sp_rdstls_request_write(&w, &msg);
		if (w.n != size || memcmp(out, data, size) != 0) {
			abort();
		}
	}
	sp_rd_init(&r, data, size);
	if (sp_rdstls_response_read(&r, &result) == SP_OK) {
		sp_wr_reset(&w);
		sp_rdstls_response_write(&w, result);
		if (w.n != size || memcmp(out, data, size) != 0 ||
				sp_rdstls_frame(data, size) != (int)size) {
			abort();
		}
	}
	sp_rd_init(&r, data, size);
	if (sp_rdstls_capabilities_read(&r) == SP_OK && sp_rdstls_frame(data, size) != (int)size) {
		abort();
	}
	return 0;
}
