/* fuzz/fuzz_caps.c - Demand and Confirm Active with their sets, decoded and passed on raw. */
#include <stdlib.h>
#include <string.h>

#include "core/pdu/active.h"
#include "core/pdu/share.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read, written and read again stays the same. */
static void decoded(struct sp_span sets)
{
	static uint8_t first[1 << 17], second[1 << 17];
	static struct sp_caps caps;
	struct sp_rd r;
	struct sp_wr w;

	sp_rd_init(&r, sets.p, sets.n);
	if (sp_caps_read(&r, &caps) != SP_OK) {
		return;
	}
	sp_wr_fixed(&w, first, sizeof(first));
	size_t count = sp_caps_write(&w, &caps);
	if (sp_wr_ok(&w) != SP_OK) {
		return; /* an IME name of 32 units has no NUL */
	}
	size_t n = w.n;
	sp_rd_init(&r, first, n);
	if (sp_caps_read(&r, &caps) != SP_OK) {
		abort();
	}
	sp_wr_fixed(&w, second, sizeof(second));
	if (sp_caps_write(&w, &caps) != count || w.n != n || memcmp(first, second, n) != 0) {
		abort();
	}
}

static void active(const struct sp_active *in, bool demand)
{
	static uint8_t out[1 << 17];
	struct sp_active again;
	struct sp_share share;
	struct sp_rd r;
	struct sp_wr w;

	sp_wr_fixed(&w, out, sizeof(out));
	if (demand) {
		sp_active_demand_write(&w, 1002, in, NULL);
	} else {
		sp_active_confirm_write(&w, 1007, in, NULL);
	}
	if (sp_wr_ok(&w) != SP_OK) {
		return; /* more than 65535 bytes */
	}
	sp_rd_init(&r, out, w.n);
	if (sp_share_read(&r, &share) != SP_OK) {
		abort();
	}
	sp_rd_init(&r, share.body.p, share.body.n);
	int rc = demand ? sp_active_demand_read(&r, &again) : sp_active_confirm_read(&r, &again);
	if (rc != SP_OK || again.n != in->n || !sp_span_eq(again.sets, in->sets)) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_active a;
	struct sp_rd r;

	decoded(sp_span(data, size));
	sp_rd_init(&r, data, size);
	if (sp_active_demand_read(&r, &a) == SP_OK) {
		active(&a, true);
		decoded(a.sets);
	}
	sp_rd_init(&r, data, size);
	if (sp_active_confirm_read(&r, &a) == SP_OK) {
		active(&a, false);
		decoded(a.sets);
	}
	return 0;
}
