/* fuzz/fuzz_autodetect.c - what the message channel carries: measurement, heartbeat, UDP offers, lines. */
#include <stdlib.h>
#include <string.h>

#include "core/pdu/autodetect.h"
#include "core/pdu/line.h"
#include "core/pdu/multitransport.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void detect(const uint8_t *data, size_t size)
{
	static uint8_t out[1 << 17];
	struct sp_autodetect a;
	struct sp_rd r;
	struct sp_wr w;

	sp_rd_init(&r, data, size);
	if (sp_autodetect_read(&r, &a) != SP_OK) {
		return;
	}
	sp_wr_fixed(&w, out, sizeof(out));
	sp_autodetect_write(&w, &a);
	if (sp_wr_ok(&w) != SP_OK || w.n != sp_rd_at(&r) || memcmp(out, data, w.n) != 0) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_autodetect_heartbeat beat;
	struct sp_multitransport_request request;
	struct sp_multitransport_response response;
	struct sp_line line;
	struct sp_rd r;
	uint32_t id;

	detect(data, size);
	sp_rd_init(&r, data, size);
	if ((sp_autodetect_heartbeat_read(&r, &beat) == SP_OK) != (size >= 4)) {
		abort();
	}
	sp_rd_init(&r, data, size);
	if ((sp_multitransport_request_read(&r, &request) == SP_OK) != (size >= 24)) {
		abort();
	}
	sp_rd_init(&r, data, size);
	if ((sp_multitransport_response_read(&r, &response) == SP_OK) != (size >= 8)) {
		abort();
	}
	sp_rd_init(&r, data, size);
	if (sp_line_read(&r, &line) == SP_OK && size != 26) {
		abort();
	}
	sp_rd_init(&r, data, size);
	if (sp_line_mark_read(&r, &id) == SP_OK && size != 5) {
		abort();
	}
	return 0;
}
