/* fuzz/fuzz_fastpath.c - fast-path output: updates, and their fragments put together. */
#include <stdlib.h>

#include "core/pdu/fastpath.h"

#define MAX_JOIN 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_fp_update update, whole;
	struct sp_fp_join join;
	struct sp_rd r;

	sp_rd_init(&r, data, size);
	if (sp_fp_output_read(&r) != SP_OK) {
		/* The updates of a PDU with a bad header are still worth reading. */
		sp_rd_init(&r, data, size);
	}
	sp_fp_join_init(&join, MAX_JOIN);
	while (sp_rd_left(&r) > 0 && sp_fp_update_read(&r, &update) == SP_OK) {
		int rc = sp_fp_join_add(&join, &update, &whole);

		if (rc == 1 && update.fragment != SP_FP_SINGLE &&
				(whole.data.n > MAX_JOIN || whole.code != update.code)) {
			abort();
		}
	}
	sp_fp_join_finish(&join);
	return 0;
}
