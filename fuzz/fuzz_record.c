/* fuzz/fuzz_record.c - a record of the audit: what is accepted is what we would write. */
#include <stdlib.h>
#include <string.h>

#include "host/audit/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t again[SP_RECORD_MAX];
	struct sp_record r;
	uint8_t hash[SP_RECORD_HASH];

	if (sp_record_read(sp_span(data, size), &r) != SP_OK) {
		return 0;
	}
	memcpy(hash, r.hash, sizeof(hash));
	if (sp_record_write(&r, again) != size || memcmp(again, data, size) != 0 ||
			memcmp(hash, r.hash, sizeof(hash)) != 0) {
		abort();
	}
	return 0;
}
