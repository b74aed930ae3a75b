/* fuzz/fuzz_echo.c - requests that are answered, answers that nobody waits for. */
#include <stdlib.h>

#include "core/base/err.h"
#include "core/chan/echo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_span in = sp_span(data, size);
	struct sp_rcbuf *b;
	struct sp_echo e;

	int rc = sp_echo_answer(in, &b);
	if (rc == SP_OK ? !sp_span_eq(sp_span(b->p, b->n), in) : b != NULL) {
		abort();
	}
	sp_rcbuf_unref(b);
	sp_echo_init(&e);
	if (sp_echo_feed(&e, in, 1)) {
		abort();
	}
	b = sp_echo_ask(&e, 10);
	if (b && sp_echo_feed(&e, in, 30) != sp_span_eq(sp_span(b->p, b->n), in)) {
		abort();
	}
	sp_rcbuf_unref(b);
	return 0;
}
