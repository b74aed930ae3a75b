/* fuzz/fuzz_pointer.c - pointer updates of both paths, and the promises about their masks. */
#include <stdlib.h>

#include "core/pdu/pointer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct sp_pointer *p)
{
	static uint8_t out[1 << 20];
	uint16_t max = p->kind == SP_POINTER_LARGE ? SP_POINTER_MAX_LARGE : SP_POINTER_MAX;
	struct sp_pointer again;
	struct sp_wr w;
	struct sp_rd r;

	if (p->kind == SP_POINTER_COLOR || p->kind == SP_POINTER_NEW ||
			p->kind == SP_POINTER_LARGE) {
		size_t n_xor = p->height * sp_pointer_stride(p->width, p->bpp);
		size_t n_and = p->height * sp_pointer_stride(p->width, 1);

		if (p->width > max || p->height > max || (p->x && p->x >= p->width) ||
				(p->y && p->y >= p->height) ||
				(p->xor_mask.n && p->xor_mask.n != n_xor) ||
				(p->and_mask.n && p->and_mask.n != n_and)) {
			abort();
		}
	}
	sp_wr_fixed(&w, out, sizeof(out));
	sp_pointer_fast_write(&w, p);
	sp_rd_init(&r, out, w.n);
	if (sp_wr_ok(&w) != SP_OK ||
			sp_pointer_fast_read(&r, (uint8_t)sp_pointer_fast_code(p), &again) !=
					SP_OK ||
			again.kind != p->kind || !sp_span_eq(again.xor_mask, p->xor_mask) ||
			!sp_span_eq(again.and_mask, p->and_mask)) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_pointer p;
	struct sp_rd r;

	sp_rd_init(&r, data, size);
	if (sp_pointer_slow_read(&r, &p) == SP_OK) {
		check(&p);
	}
	for (uint8_t code = 0; code < 16; code++) {
		sp_rd_init(&r, data, size);
		if (sp_pointer_is_code(code) && sp_pointer_fast_read(&r, code, &p) == SP_OK) {
			check(&p);
		}
	}
	return 0;
}
