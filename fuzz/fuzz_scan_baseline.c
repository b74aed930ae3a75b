/* fuzz/fuzz_scan_baseline.c - any bytes as the report of an earlier scan, then a comparison with it. */
#include <string.h>

#include "core/base/err.h"
#include "scan/baseline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct sp_scan_facts f;
	static struct sp_scan_judged j;
	struct sp_scan_baseline *b = NULL;
	char why[SP_SCAN_BASELINE_WHY];

	if (sp_scan_baseline_read(sp_span(data, n), &b, why) != SP_OK) {
		return 0;
	}
	memset(&f, 0, sizeof(f));
	memset(&j, 0, sizeof(j));
	memcpy(f.host, "10.0.0.5", 9);
	f.port = 3389;
	f.reach = SP_SCAN_RDP;
	f.tls.cert.seen = 1;
	sp_scan_baseline_compare(b, &f, &j);
	if (j.n > 0 && memchr(j.finding[0].evidence, 0, sizeof(j.finding[0].evidence)) == NULL) {
		__builtin_trap();
	}
	sp_scan_baseline_destroy(b);
	return 0;
}
