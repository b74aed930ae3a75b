/* fuzz/fuzz_surfcmd.c - surface commands in a row, each written and read again. */
#include <stdlib.h>

#include "core/pdu/surfcmd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t out[1 << 19];
	struct sp_surfcmd cmd, again;
	struct sp_rd r, r2;
	struct sp_wr w;

	sp_rd_init(&r, data, size);
	while (sp_rd_left(&r) > 0 && sp_surfcmd_read(&r, &cmd) == SP_OK) {
		sp_wr_fixed(&w, out, sizeof(out));
		sp_surfcmd_write(&w, &cmd);
		sp_rd_init(&r2, out, w.n);
		if (sp_wr_ok(&w) != SP_OK || sp_surfcmd_read(&r2, &again) != SP_OK ||
				sp_rd_end(&r2) != SP_OK || again.type != cmd.type ||
				!sp_span_eq(again.data, cmd.data) || again.frame != cmd.frame ||
				again.ex_id != cmd.ex_id) {
			abort();
		}
	}
	return 0;
}
