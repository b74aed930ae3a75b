/* fuzz/fuzz_rec_index.c - the index beside a recording, whatever stands in it. */
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/err.h"
#include "host/audit/rec_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[SP_REC_KEY] = {1, 2, 3};
	static const uint8_t start[] = "SPSPX\r\n\x1a\x01\x00"
				       "01HZXW5V4T3R2Q1P0N9M8K7J6G";
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct sp_rec_index *x = NULL;
	struct sp_wr w;

	/* Half of them behind a start that is good. */
	if (fd < 0 || (size % 2 == 0 && write(fd, start, sizeof(start) - 1) < 0) ||
			write(fd, data, size) != (ssize_t)size ||
			sp_rec_index_open(&x, fd, "01HZXW5V4T3R2Q1P0N9M8K7J6G", key) != SP_OK) {
		close(fd);
		return 0;
	}
	for (size_t i = 0; i < sp_rec_index_count(x); i++) {
		sp_wr_init(&w, 1u << 16);
		/* Nobody who has not the key makes a record that opens. */
		if (sp_rec_index_load(x, sp_rec_index_entry(x, i), &w) == SP_OK) {
			__builtin_trap();
		}
		sp_wr_finish(&w);
	}
	(void)sp_rec_index_key(x, UINT64_MAX, sp_rec_index_count(x));
	sp_rec_index_destroy(x);
	close(fd);
	return 0;
}
