/* fuzz/fuzz_event.c - an event of the audit: what is accepted fits its own bounds. */
#include <stdlib.h>

#include "host/audit/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_audit_view v;

	if (sp_audit_read(sp_span(data, size), &v) != SP_OK) {
		return 0;
	}
	if (v.n > SP_AUDIT_FIELDS || sp_audit_name(v.kind) == NULL) {
		abort();
	}
	for (size_t i = 0; i < v.n; i++) {
		const struct sp_audit_field *f = &v.f[i];

		if (sp_field_name(f->field) == NULL || f->bytes.p < data ||
				f->bytes.p + f->bytes.n > data + size ||
				sp_audit_get(&v, (enum sp_field)f->field) != f) {
			abort();
		}
	}
	return 0;
}
