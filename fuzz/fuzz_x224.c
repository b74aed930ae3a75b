/* fuzz/fuzz_x224.c - connection request and confirm; what was read can be written and read again. */
#include <stdlib.h>

#include "core/pdu/x224.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void request(const uint8_t *data, size_t size)
{
	struct sp_x224_request a, b;
	uint8_t buf[SP_X224_CONNECT_MAX];
	struct sp_rd r;
	struct sp_wr w;

	sp_rd_init(&r, data, size);
	if (sp_x224_request_read(&r, &a) != SP_OK) {
		return;
	}
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_x224_request_write(&w, &a);
	if (sp_wr_ok(&w) != SP_OK) {
		return; /* a lone CR or LF in the cookie cannot be written */
	}
	sp_rd_init(&r, buf, w.n);
	if (sp_x224_request_read(&r, &b) != SP_OK || !sp_span_eq(a.cookie, b.cookie) ||
			!sp_span_eq(a.token, b.token) || a.protocols != b.protocols) {
		abort();
	}
}

static void confirm(const uint8_t *data, size_t size)
{
	struct sp_x224_confirm a, b;
	uint8_t buf[SP_X224_CONNECT_MAX];
	struct sp_rd r;
	struct sp_wr w;

	sp_rd_init(&r, data, size);
	if (sp_x224_confirm_read(&r, &a) != SP_OK) {
		return;
	}
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_x224_confirm_write(&w, &a);
	sp_rd_init(&r, buf, w.n);
	if (sp_wr_ok(&w) != SP_OK || sp_x224_confirm_read(&r, &b) != SP_OK || a.kind != b.kind ||
			a.selected != b.selected || a.failure != b.failure) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_rd r;

	request(data, size);
	confirm(data, size);
	sp_rd_init(&r, data, size);
	if (sp_x224_data_read(&r) == SP_OK && sp_rd_at(&r) != SP_X224_DATA_HEADER) {
		abort();
	}
	return 0;
}
