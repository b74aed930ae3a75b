/* fuzz/fuzz_gcc.c - settings blocks of both sides; what was read can be written and read again. */
#include <stdlib.h>
#include <string.h>

#include "core/pdu/gcc_client.h"
#include "core/pdu/gcc_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void client(const uint8_t *data, size_t size)
{
	struct sp_gcc_client a, b;
	struct sp_rd r;
	struct sp_wr w;

	sp_rd_init(&r, data, size);
	if (sp_gcc_client_read(&r, &a) != SP_OK) {
		return;
	}
	sp_wr_init(&w, 1 << 16);
	sp_gcc_client_write(&w, &a);
	sp_rd_init(&r, w.p, w.n);
	if (sp_wr_ok(&w) == SP_OK &&
			(sp_gcc_client_read(&r, &b) != SP_OK || a.core.n_tail != b.core.n_tail ||
					memcmp(a.channel, b.channel, sizeof(a.channel)) != 0 ||
					memcmp(a.monitor, b.monitor, sizeof(a.monitor)) != 0)) {
		abort();
	}
	if (sp_gcc_client_bpp(&a.core) < 8) {
		abort();
	}
	sp_wr_finish(&w);
}

static void server(const uint8_t *data, size_t size)
{
	struct sp_gcc_server a, b;
	struct sp_rd r;
	struct sp_wr w;

	sp_rd_init(&r, data, size);
	if (sp_gcc_server_read(&r, &a) != SP_OK) {
		return;
	}
	sp_wr_init(&w, 1 << 16);
	sp_gcc_server_write(&w, &a);
	sp_rd_init(&r, w.p, w.n);
	if (sp_wr_ok(&w) == SP_OK &&
			(sp_gcc_server_read(&r, &b) != SP_OK ||
					memcmp(a.channel, b.channel, sizeof(a.channel)) != 0 ||
					!sp_span_eq(a.server_certificate, b.server_certificate))) {
		abort();
	}
	sp_wr_finish(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	client(data, size);
	server(data, size);
	return 0;
}
