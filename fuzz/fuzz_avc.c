/* fuzz/fuzz_avc.c - AVC streams and saved states through OpenH264, and what we read of H.264. */
#include <stdlib.h>

#include "core/codec/avc.h"
#include "core/codec/h264_merge.h"
#include "host/lib/h264.h"

#define W 96
#define H 48
#define MARGIN 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(const uint8_t *data, size_t size, enum sp_avc_mode mode, bool load)
{
	static uint8_t px[4 * W * H + 2 * MARGIN];
	struct sp_avc_dec_conf conf = {.impl = &sp_h264_openh264,
			.cpu = sp_cpu_best(),
			.w = W,
			.h = H,
			.history = 1 << 16};
	struct sp_avc_dec *d = sp_avc_dec_create(&conf);
	struct sp_rect changed;

	if (!d) {
		return;
	}
	px[MARGIN - 1] = px[sizeof(px) - MARGIN] = 0xa5;
	if (load) {
		(void)!sp_avc_dec_load(d, sp_span(data, size));
	} else {
		/* Twice, as the second time there is a picture that it may build upon. */
		for (int i = 0; i < 2; i++) {
			(void)!sp_avc_decode(
					d, mode, sp_span(data, size), px + MARGIN, 4 * W, &changed);
			if (!sp_rect_contains((struct sp_rect){0, 0, W, H}, changed)) {
				abort();
			}
		}
	}
	if (px[MARGIN - 1] != 0xa5 || px[sizeof(px) - MARGIN] != 0xa5) {
		abort();
	}
	sp_avc_dec_destroy(d);
}

static void merge(const uint8_t *data, size_t size)
{
	struct sp_h264_merge m = {0};
	struct sp_h264_info info;
	struct sp_wr out;

	(void)!sp_h264_read(sp_span(data, size), &info);
	sp_wr_init(&out, 1 << 20);
	for (unsigned i = 0; i < 4; i++) {
		(void)!sp_h264_merge(&m, i % 2, sp_span(data, size), &out);
	}
	sp_wr_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum sp_avc_mode modes[] = {SP_AVC_420, SP_AVC_444, SP_AVC_444V2};
	struct sp_avc_stream s;

	if (size < 1) {
		return 0;
	}
	unsigned what = data[0] % 8;

	for (size_t i = 0; i < SP_LEN(modes); i++) {
		(void)!sp_avc_stream_read(sp_span(data + 1, size - 1), modes[i], &s);
	}
	if (what < 4) {
		decode(data + 1, size - 1, modes[what % 3], what == 3);
	} else {
		merge(data + 1, size - 1);
	}
	return 0;
}
