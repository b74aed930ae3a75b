/* fuzz/fuzz_svc.c - channel chunks put together, and messages cut and put together again. */
#include <stdlib.h>

#include "core/pdu/svc.h"

#define MAX_JOIN 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input as chunks of any kind: a length byte, then that many bytes. */
static void hostile(const uint8_t *data, size_t size)
{
	struct sp_svc_join join;
	struct sp_rd r;

	sp_svc_join_init(&join, MAX_JOIN);
	sp_rd_init(&r, data, size);
	while (sp_rd_left(&r) > 0) {
		size_t n = sp_rd_u8(&r);
		struct sp_rd sub = sp_rd_sub(&r, n);
		struct sp_svc_chunk chunk;
		struct sp_span whole;

		if (sp_svc_read(&sub, &chunk) != SP_OK) {
			break;
		}
		int rc = sp_svc_join_add(&join, &chunk, &whole);
		if (rc < 0) {
			break;
		}
		if (rc == 1 && (whole.n != chunk.total || whole.n > MAX_JOIN)) {
			abort();
		}
	}
	sp_svc_join_finish(&join);
}

static void honest(struct sp_span message, size_t size)
{
	struct sp_svc_join join;
	struct sp_svc_cut cut;
	struct sp_svc_chunk chunk;
	struct sp_span whole;
	int rc = 0;

	sp_svc_join_init(&join, message.n);
	sp_svc_cut_init(&cut, message, size, 0);
	while (sp_svc_cut_next(&cut, &chunk)) {
		if (rc != 0) {
			abort(); /* complete before the last chunk */
		}
		rc = sp_svc_join_add(&join, &chunk, &whole);
	}
	if (rc != 1 || !sp_span_eq(whole, message)) {
		abort();
	}
	sp_svc_join_finish(&join);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hostile(data, size);
	if (size > 0 && size < 4096) {
		honest(sp_span(data + 1, size - 1), data[0] ? data[0] : 1);
	}
	return 0;
}
