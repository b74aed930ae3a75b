/* fuzz/fuzz_final.c - the finalization PDUs; the first byte picks one. */
#include <stdlib.h>
#include <string.h>

#include "core/pdu/final.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void keys(struct sp_rd *r)
{
	static uint8_t out[4096];
	static struct sp_final_keys first, second;
	struct sp_wr w;

	if (sp_final_keys_read(r, &first) != SP_OK) {
		return;
	}
	sp_wr_fixed(&w, out, sizeof(out));
	sp_final_keys_write(&w, &first);
	sp_rd_init(r, out, w.n);
	if (sp_wr_ok(&w) != SP_OK || sp_final_keys_read(r, &second) != SP_OK ||
			memcmp(&first, &second, sizeof(first)) != 0) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_final_control control;
	uint16_t user;
	struct sp_rd r;
	int rc = SP_OK;

	if (size == 0) {
		return 0;
	}
	sp_rd_init(&r, data + 1, size - 1);
	switch (data[0] % 5) {
	case 0:
		rc = sp_final_sync_read(&r, &user);
		break;
	case 1:
		rc = sp_final_control_read(&r, &control);
		break;
	case 2:
		rc = sp_final_font_list_read(&r);
		break;
	case 3:
		rc = sp_final_font_map_read(&r);
		break;
	default:
		keys(&r);
	}
	return rc > 0 ? -1 : 0;
}
