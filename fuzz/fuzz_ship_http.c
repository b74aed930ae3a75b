/* fuzz/fuzz_ship_http.c - requests for metrics, answers of webhooks, and marks: spans lie in the input. */
#include <stdlib.h>

#include "gate/ship/http.h"
#include "gate/ship/mark.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct sp_span part, const uint8_t *data, size_t size)
{
	if (part.n > 0 && (part.p < data || part.p + part.n > data + size)) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_http_request q;
	struct sp_mark m, again;
	char text[SP_MARK_MAX];
	int rc = sp_http_request_read(sp_span(data, size), &q);

	if (rc > 0) {
		check(q.method, data, size);
		check(q.path, data, size);
		if ((size_t)rc > size || q.path.n == 0 || q.path.p[0] != '/') {
			abort();
		}
	}
	rc = sp_http_status_read(sp_span(data, size));
	if (rc > 0 && !(200 <= rc && rc <= 599)) {
		abort();
	}
	if (sp_mark_read(sp_span(data, size), &m) == SP_OK &&
			(sp_mark_read(sp_span(text, sp_mark_write(&m, text)), &again) != SP_OK ||
					again.seq != m.seq || again.missed != m.missed)) {
		abort();
	}
	return 0;
}
