/* fuzz/fuzz_share.c - security and share headers, several PDUs in a row. */
#include <stdlib.h>

#include "core/pdu/sec.h"
#include "core/pdu/share.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_share share;
	struct sp_rd r;
	uint16_t flags;

	sp_rd_init(&r, data, size);
	if (sp_sec_read(&r, &flags) == SP_OK && (flags & 0x8830) != 0) {
		abort();
	}
	sp_rd_init(&r, data, size);
	for (size_t before = sp_rd_left(&r); before > 0; before = sp_rd_left(&r)) {
		if (sp_share_read(&r, &share) != SP_OK) {
			return 0;
		}
		if (sp_rd_left(&r) >= before) {
			abort(); /* must advance */
		}
		if (share.type == SP_SHARE_DEACTIVATE_ALL) {
			struct sp_share_deactivate d;
			struct sp_rd body;

			sp_rd_init(&body, share.body.p, share.body.n);
			if (sp_share_deactivate_read(&body, &d) != SP_OK) {
				abort(); /* every length is good */
			}
		}
	}
	return 0;
}
