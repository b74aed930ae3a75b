/* fuzz/fuzz_input.c - input of both paths; events survive being written to either path. */
#include <stdlib.h>
#include <string.h>

#include "core/pdu/fastpath.h"
#include "core/pdu/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(const struct sp_input_event *a, const struct sp_input_event *b, uint8_t keys)
{
	return a->kind == b->kind && (a->key & keys) == (b->key & keys) && a->code == b->code &&
			a->flags == b->flags && a->x == b->x && a->y == b->y &&
			a->time_ms == b->time_ms;
}

static void fast(const struct sp_input_event *ev)
{
	uint8_t out[64];
	struct sp_input_event again;
	struct sp_wr w;
	struct sp_rd r;
	size_t n;

	if (ev->kind == SP_INPUT_UNUSED) {
		return;
	}
	sp_wr_fixed(&w, out, sizeof(out));
	sp_fp_input_write(&w, ev, 1);
	sp_rd_init(&r, out, w.n);
	if (sp_fp_input_read(&r, &n) != SP_OK || n != 1 ||
			sp_fp_input_event_read(&r, &again) != SP_OK || sp_rd_end(&r) != SP_OK ||
			!same(ev, &again, (uint8_t)~SP_KEY_REPEAT)) {
		abort();
	}
}

static void slow(const struct sp_input_event *ev)
{
	uint8_t out[64];
	struct sp_input_event again;
	struct sp_wr w;
	struct sp_rd r;
	size_t n;

	if (ev->kind == SP_INPUT_QOE) {
		return;
	}
	sp_wr_fixed(&w, out, sizeof(out));
	sp_input_write(&w, ev, 1);
	sp_rd_init(&r, out, w.n);
	if (sp_input_read(&r, &n) != SP_OK || n != 1 || sp_input_event_read(&r, &again) != SP_OK ||
			sp_rd_end(&r) != SP_OK || !same(ev, &again, 0xFF)) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_input_event ev;
	struct sp_rd r;
	size_t n;

	sp_rd_init(&r, data, size);
	if (sp_fp_input_read(&r, &n) == SP_OK) {
		for (size_t i = 0; i < n && sp_fp_input_event_read(&r, &ev) == SP_OK; i++) {
			fast(&ev);
			slow(&ev);
		}
	}
	sp_rd_init(&r, data, size);
	if (sp_input_read(&r, &n) == SP_OK) {
		for (size_t i = 0; i < n && sp_input_event_read(&r, &ev) == SP_OK; i++) {
			fast(&ev);
			slow(&ev);
		}
	}
	return 0;
}
