/* fuzz/fuzz_tpkt.c - cuts a stream into PDUs as a connection does. */
#include <stdlib.h>

#include "core/pdu/tpkt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	while (size > 0) {
		int len = sp_frame_length(data, size);
		struct sp_rd r;

		if (len <= 0 || (size_t)len > size) {
			return 0;
		}
		sp_rd_init(&r, data, (size_t)len);
		if (!sp_frame_is_fastpath(data[0]) && sp_tpkt_read(&r) != SP_OK) {
			abort(); /* framing and header must agree */
		}
		data += len;
		size -= (size_t)len;
	}
	return 0;
}
