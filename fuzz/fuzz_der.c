/* fuzz/fuzz_der.c - any bytes as nested DER. */
#include <stddef.h>
#include <stdint.h>

#include "core/auth/der.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void walk(struct sp_rd *r)
{
	while (sp_rd_left(r) > 0) {
		uint8_t tag = *r->p;

		if (tag & 0x20) {
			struct sp_rd sub = sp_der_enter(r, tag, "sub");

			walk(&sub);
			sp_der_leave(&sub);
		} else if (tag == SP_DER_INTEGER) {
			(void)sp_der_u32(r, tag, "n");
		} else {
			(void)sp_der_element(r, tag, "element");
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct sp_rd r;

	int size = sp_der_size(sp_span(p, n), 65536);
	sp_rd_init(&r, p, n);
	walk(&r);
	if (sp_rd_end(&r) == SP_OK && n > 0 && !(0 < size && (size_t)size <= n) && n < 65536) {
		__builtin_trap();
	}
	return 0;
}
