/* tests/core/chan/test_clip_files.c - which files a clipboard has. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/chan/clip_files.h"

/* [MS-RDPECLIP] 4.5.4 */
static void test_spec(void **state)
{
	struct sp_span pdu = unit_vector("spec/MS-RDPECLIP-4.5.4-format-data-response-pdu.hex");
	struct sp_clip_file f;
	struct sp_rd r;
	size_t n;

	sp_rd_init(&r, pdu.p + 8, pdu.n - 8);
	assert_int_equal(sp_clip_files_read(&r, &n), SP_OK);
	assert_int_equal(n, 2);
	assert_int_equal(sp_clip_file_read(&r, &f), SP_OK);
	assert_int_equal(f.fault, SP_NAME_FINE);
	assert_string_equal(f.name, "File1.txt");
	assert_true(f.has_size);
	assert_int_equal(f.size, 44);
	assert_false(f.dir);
	assert_int_equal(sp_clip_file_read(&r, &f), SP_OK);
	assert_string_equal(f.name, "File2.txt");
	assert_int_equal(f.size, 10);
	assert_int_equal(sp_rd_end(&r), SP_OK);
}

static void write_list(struct sp_wr *w, size_t n)
{
	struct sp_clip_file f = {.has_size = true, .has_time = true};
	size_t mark = sp_clip_files_begin(w);

	for (size_t i = 0; i < n; i++) {
		f.dir = i % 3 == 0;
		f.has_size = !f.dir;
		f.size = f.dir ? 0 : (uint64_t)i << 30;
		f.read_only = i % 2;
		f.time_us = (int64_t)i * 1000000 - 5000000;
		snprintf(f.name, sizeof(f.name), "dir/%zu:%zu", i, i);
		assert_int_equal(sp_clip_file_write(w, &f), SP_NAME_FINE);
	}
	snprintf(f.name, sizeof(f.name), "../x");
	assert_int_equal(sp_clip_file_write(w, &f), SP_NAME_DOTS);
	sp_clip_files_end(w, mark);
}

static void test_round(void **state)
{
	struct sp_clip_file f;
	struct sp_wr w;
	struct sp_rd r;
	char name[64];
	size_t n;

	sp_wr_init(&w, SP_CLIP_FILES_BYTES);
	write_list(&w, SP_CLIP_FILES_MAX);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	assert_int_equal(w.n, SP_CLIP_FILES_BYTES);
	sp_rd_init(&r, w.p, w.n);
	assert_int_equal(sp_clip_files_read(&r, &n), SP_OK);
	assert_int_equal(n, SP_CLIP_FILES_MAX);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(sp_clip_file_read(&r, &f), SP_OK);
		snprintf(name, sizeof(name), "dir/%zu:%zu", i, i);
		assert_string_equal(f.name, name);
		assert_int_equal(f.fault, SP_NAME_FINE);
		assert_true(f.dir == (i % 3 == 0) && f.read_only == (i % 2 == 1));
		assert_true(f.dir || (f.has_size && f.size == (uint64_t)i << 30));
		assert_true(f.has_time && f.time_us == (int64_t)i * 1000000 - 5000000);
	}
	assert_int_equal(sp_rd_end(&r), SP_OK);
	sp_wr_finish(&w);
}

/* Names that lead out come with their fault, and the others stay where they are in the list. */
static void test_bad_names(void **state)
{
	uint8_t entry[2 * SP_CLIP_FILE_ENTRY] = {0x44};
	struct sp_clip_file f;
	struct sp_rd r;

	for (size_t i = 0; i < 6; i++) {
		entry[72 + 2 * i] = (uint8_t) "..\\a.c"[i];
	}
	memset(entry + SP_CLIP_FILE_ENTRY + 72, 0x41, 520); /* without an end */
	sp_rd_init(&r, entry, sizeof(entry));
	assert_int_equal(sp_clip_file_read(&r, &f), SP_OK);
	assert_int_equal(f.fault, SP_NAME_DOTS);
	assert_string_equal(f.name, "");
	assert_int_equal(f.wire.n, 520);
	assert_int_equal(sp_clip_file_read(&r, &f), SP_OK);
	assert_int_equal(f.fault, SP_NAME_LONG);
	assert_int_equal(sp_clip_file_read(&r, &f), SP_ESHORT);
}

static void cut(struct sp_span in, void *arg)
{
	struct sp_clip_file f;
	struct sp_rd r;
	size_t n;

	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_clip_files_read(&r, &n), SP_ESHORT);
	assert_int_equal(n, 0);
	sp_rd_init(&r, in.p + (in.n < 4 ? in.n : 4), in.n < 4 ? 0 : in.n - 4);
	while (sp_clip_file_read(&r, &f) == SP_OK) {
		assert_int_equal(f.fault, SP_NAME_FINE);
	}
}

static void test_cut(void **state)
{
	struct sp_wr w;
	struct sp_rd r;
	size_t n;

	sp_wr_init(&w, 4096);
	write_list(&w, 2);
	unit_truncate(sp_span(w.p, w.n), cut, NULL);
	sp_wr_finish(&w);
	struct sp_span many = unit_hex("11270000");
	sp_rd_init(&r, many.p, many.n);
	assert_int_equal(sp_clip_files_read(&r, &n), SP_ELIMIT);
	many = unit_hex("ffffffff");
	sp_rd_init(&r, many.p, many.n);
	assert_int_equal(sp_clip_files_read(&r, &n), SP_ELIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_spec),
			cmocka_unit_test(test_round),
			cmocka_unit_test(test_bad_names),
			cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
