/* fuzz/fuzz_clip_files.c - lists of files; what was read and is fine is written and read again. */
#include <stdlib.h>
#include <string.h>

#include "core/chan/clip_files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(const struct sp_clip_file *f)
{
	uint8_t entry[4 + SP_CLIP_FILE_ENTRY];
	struct sp_clip_file g;
	struct sp_wr w;
	struct sp_rd r;
	size_t n;

	sp_wr_fixed(&w, entry, sizeof(entry));
	size_t mark = sp_clip_files_begin(&w);
	if (sp_clip_file_write(&w, f) != SP_NAME_FINE) {
		return;
	}
	sp_clip_files_end(&w, mark);
	sp_rd_init(&r, entry, sizeof(entry));
	if (sp_clip_files_read(&r, &n) != SP_OK || n != 1 || sp_clip_file_read(&r, &g) != SP_OK ||
			g.fault != SP_NAME_FINE || strcmp(f->name, g.name) != 0 ||
			f->dir != g.dir || f->read_only != g.read_only ||
			f->has_size != g.has_size || f->size != g.size ||
			f->has_time != g.has_time || f->time_us != g.time_us) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_clip_file f;
	struct sp_rd r;
	size_t n;

	sp_rd_init(&r, data, size);
	if (sp_clip_files_read(&r, &n) != SP_OK) {
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (sp_clip_file_read(&r, &f) != SP_OK) {
			abort();
		}
		if (f.fault == SP_NAME_FINE) {
			again(&f);
		}
	}
	return 0;
}
