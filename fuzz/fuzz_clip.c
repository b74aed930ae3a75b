/* fuzz/fuzz_clip.c - messages of the clipboard channel; what is read is written and read again. */
#include <stdlib.h>

#include "core/chan/clip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void list(struct sp_rd r, enum sp_clip_form form)
{
	struct sp_clip_format f;
	size_t n = sp_rd_left(&r), entries = 0;

	while (sp_clip_format_read(&r, form, &f) == 1) {
		if (++entries > n) {
			abort();
		}
		sp_clip_format_is(&f, form, "FileGroupDescriptorW");
	}
}

static void caps(struct sp_rd r)
{
	struct sp_clip_caps a, b;
	uint8_t buf[64];
	struct sp_wr w;

	if (sp_clip_caps_read(&r, &a) != SP_OK) {
		return;
	}
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_clip_caps_write(&w, &a);
	sp_rd_init(&r, buf, w.n);
	if (sp_clip_caps_read(&r, &b) != SP_OK || a.has_general != b.has_general ||
			a.flags != b.flags) {
		abort();
	}
}

static void file_request(struct sp_rd r)
{
	struct sp_clip_file_request a, b;
	uint8_t buf[64];
	struct sp_wr w;

	if (sp_clip_file_request_read(&r, &a) != SP_OK) {
		return;
	}
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_clip_file_request_write(&w, &a);
	sp_rd_init(&r, buf, w.n);
	if (sp_clip_file_request_read(&r, &b) != SP_OK || a.position != b.position ||
			a.has_lock != b.has_lock || a.stream != b.stream || a.n != b.n) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_clip_file_response a;
	struct sp_clip_head h;
	struct sp_span path;
	struct sp_rd r, body;
	uint32_t value;

	sp_rd_init(&r, data, size);
	if (sp_clip_head_read(&r, &h) != SP_OK) {
		return 0;
	}
	caps(r);
	for (enum sp_clip_form form = SP_CLIP_FORM_SHORT; form <= SP_CLIP_FORM_LONG; form++) {
		list(r, form);
	}
	file_request(r);
	body = r;
	if (sp_clip_file_response_read(&body, &a) == SP_OK && a.data.n + 4 > size) {
		abort();
	}
	body = r;
	if (sp_clip_temp_dir_read(&body, &path) == SP_OK && path.n >= SP_CLIP_TEMP_DIR) {
		abort();
	}
	body = r;
	return sp_clip_u32_read(&body, &value) > 0;
}
