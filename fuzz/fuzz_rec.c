/* fuzz/fuzz_rec.c - reads anything as a recording, as segments behind a good start, and as frames. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/audit/rec_read.h"
#include "host/audit/rec_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sp_rec_key key;
static uint8_t start[4096];
static size_t start_n;
static int fd = -1;

/* A good recording's start and first segment: what comes behind them is looked at. */
static void begin(void)
{
	struct sp_rec_conf c = {.id = "01J0ABCDEFGHJKMNPQRSTVWXYZ", .n_auditors = 1};

	fd = memfd_create("rec", MFD_CLOEXEC);
	if (fd < 0 || sp_rec_key_make(&key) != SP_OK) {
		abort();
	}
	memcpy(c.auditor[0].pk, key.pk, sizeof(key.pk));
	struct sp_rec_writer *w = sp_rec_writer_create(&c);
	struct sp_rec_frame f = {.kind = SP_REC_MARK, .data = sp_span("m", 1)};
	if (!w || sp_rec_writer_add(w, &f) != SP_OK || sp_rec_writer_cut(w, false) != SP_OK) {
		abort();
	}
	start_n = sp_rec_writer_out(w).n;
	memcpy(start, sp_rec_writer_out(w).p, start_n);
	sp_rec_writer_destroy(w);
}

static void read_file(const uint8_t *data, size_t size, bool behind)
{
	struct sp_rec_reader *r;
	struct sp_rec_frame f;
	char why[SP_REC_WHY];
	size_t at = behind ? start_n : 0;

	if (ftruncate(fd, 0) != 0 || pwrite(fd, start, at, 0) < 0 ||
			pwrite(fd, data, size, (off_t)at) < 0) {
		abort();
	}
	if (sp_rec_reader_open(&r, fd, &key, why) != SP_OK) {
		return;
	}
	while (sp_rec_reader_next(r, &f) > 0) {
	}
	if (sp_rec_reader_scan(r) == SP_OK && behind && sp_rec_reader_segments(r) == 0) {
		abort();
	}
	sp_rec_reader_destroy(r);
}

static void read_bodies(struct sp_span data)
{
	struct sp_rec_meta meta;
	struct sp_rec_header header;
	struct sp_rec_in in;
	struct sp_rec_channel channel;
	struct sp_rec_end end;

	if (sp_rec_header_read(data, &header) == SP_OK && header.n_channels > SP_REC_MAX_CHANNELS) {
		abort();
	}
	if (sp_rec_meta_read(data, &meta) == SP_OK && strlen(meta.user) >= sizeof(meta.user)) {
		abort();
	}
	if (sp_rec_in_read(data, &in) == SP_OK && in.pdu.n >= data.n) {
		abort();
	}
	if (sp_rec_channel_read(data, &channel) == SP_OK && channel.data.n >= data.n) {
		abort();
	}
	if (sp_rec_end_read(data, &end) == SP_OK && strlen(end.text) >= sizeof(end.text)) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_rec_frame f;
	struct sp_rd r;

	if (fd < 0) {
		begin();
	}
	read_file(data, size, false);
	read_file(data, size, true);
	read_bodies(sp_span(data, size));
	sp_rd_init(&r, data, size);
	while (sp_rec_frame_read(&r, &f) == SP_OK) {
		read_bodies(f.data);
	}
	return 0;
}
