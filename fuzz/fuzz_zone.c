/* fuzz/fuzz_zone.c - files of time zones: whatever is taken answers, and time only goes forward. */
#include <stdlib.h>

#include "host/conf/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const int64_t moments[] = {INT64_MIN, -10000000000, -1, 0, 1800000000, 5000000000,
			INT64_C(1) << 40, INT64_MAX};
	struct sp_zone *z;

	if (sp_zone_parse(sp_span(p, n), &z) != SP_OK) {
		return 0;
	}
	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		struct sp_zone_now now = sp_zone_at(z, moments[i]);
		if (now.change <= moments[i] && now.change != SP_ZONE_NEVER) {
			abort();
		}
	}
	(void)sp_zone_utc(z, 1800000000);
	sp_zone_destroy(z);
	return 0;
}
