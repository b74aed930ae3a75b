/* tests/core/chan/test_drive_names.c - names that lead out of a drive, from either side. */
#include "drive_rig.h"

#include <stdio.h>
#include <string.h>

#include "core/base/utf16.h"

/* N-F1, from the target. */
static const char *const bad_paths[] = {"\\..\\x", "\\a\\..\\..\\x", "\\a/../x", "..\\x", "\\..",
		"\\\\host\\share", "\\\\?\\C:\\x", "\\\\.\\x", "C:\\x", "C:x", "\\C:\\x", "\\CON",
		"\\dir\\nul.txt", "\\COM1", "\\a:stream", "\\a::$DATA", "\\a\\", "\\a\\\\b", "\\a.",
		"\\a \\b", "\\a*", "\\a|b", "\\tab\tbed", "\\."};

static void test_paths(void **state)
{
	struct sp_drive_io_request q;
	uint8_t buf[256];
	struct sp_wr b, p;
	struct rig g;

	rig_open(&g, &rig_writing, 1600);
	rig_open_file(&g, "\\f", 9, false);
	for (size_t i = 0; i < SP_LEN(bad_paths); i++) {
		bool slash = strcmp(bad_paths[i], "\\a\\") == 0; /* a directory's own */

		q = rig_creating(rig_utf16(&p, bad_paths[i]));
		rig_request(&g, &q);
		if (slash) {
			rig_passed(&g);
			rig_complete(&g, SP_DRIVE_NO_SUCH_FILE);
		} else {
			rig_answered(&g, SP_DRIVE_NAME_INVALID);
			rig_told(&g, C, SP_TRANSFER_OPEN, SP_TRANSFER_NAMED_BADLY, 0, "", NULL);
			sp_wr_fixed(&b, buf, sizeof(buf));
			sp_drive_info_rename_write(&b,
					&(struct sp_drive_info_rename){.path = sp_span(p.p, p.n)});
			q = rig_setting(9, SP_DRIVE_INFO_RENAME, buf, b.n);
			rig_request(&g, &q);
			rig_answered(&g, SP_DRIVE_NAME_INVALID);
			rig_told(&g, C, SP_TRANSFER_RENAME, SP_TRANSFER_NAMED_BADLY, 0, "", NULL);
		}
		sp_wr_finish(&p);
	}
	/* The root, in both of its ways; a long way down; and a wildcard where it may stand. */
	static const char *const good[] = {"", "\\", "\\a", "\\a\\b\\c d\\e.txt", "a\\b"};
	for (size_t i = 0; i < SP_LEN(good); i++) {
		q = rig_creating(rig_utf16(&p, good[i]));
		rig_request(&g, &q);
		rig_passed(&g);
		rig_complete(&g, SP_DRIVE_NO_SUCH_FILE);
		sp_wr_finish(&p);
	}
	static const struct {
		const char *path;
		bool pass;
	} patterns[] = {{"\\*", true}, {"\\dir\\*", true}, {"\\dir\\a?.*", true},
			{"\\dir\\a", true}, {"", true}, {"\\..\\*", false}, {"\\dir\\..", false},
			{"C:\\*", false}, {"\\dir\\a:*", false}, {"\\\\host\\*", false},
			{"\\a*\\b", false}};
	for (size_t i = 0; i < SP_LEN(patterns); i++) {
		q = (struct sp_drive_io_request){.major = SP_DRIVE_IO_DIRECTORY,
				.minor = SP_DRIVE_IO_QUERY_DIRECTORY,
				.file = 9,
				.directory = {.class = SP_DRIVE_INFO_BOTH_DIRECTORY,
						.initial = true,
						.path = rig_utf16(&p, patterns[i].path)}};
		rig_request(&g, &q);
		if (patterns[i].pass) {
			rig_passed(&g);
			rig_complete(&g, SP_DRIVE_NO_MORE_FILES);
		} else {
			rig_answered(&g, SP_DRIVE_NAME_INVALID);
		}
		sp_wr_finish(&p);
	}
	/* By a number instead of a name. */
	q = rig_creating(rig_utf16(&p, "\\12345678"));
	q.create.options = 0x2000;
	rig_request(&g, &q);
	rig_answered(&g, SP_DRIVE_INVALID_PARAMETER);
	sp_wr_finish(&p);
	rig_finish(&g);
}

static void list(struct rig *g, uint32_t class, const char *name)
{
	struct sp_drive_io_request q = {.major = SP_DRIVE_IO_DIRECTORY,
			.minor = SP_DRIVE_IO_QUERY_DIRECTORY,
			.file = 9,
			.directory = {.class = class}};
	struct sp_wr b, p, w;

	rig_request(g, &q);
	rig_passed(g);
	sp_wr_init(&b, 1024);
	sp_drive_info_entry_write(
			&b, class, &(struct sp_drive_info_entry){.name = rig_utf16(&p, name)});
	w = rig_completion(g, DISK, g->completion, 0);
	sp_drive_io_data_write(&w, sp_span(b.p, b.n));
	rig_send_wr(g, C, &w);
	sp_wr_finish(&b);
	sp_wr_finish(&p);
}

/* Names that the client has in its directories: the hostile client's N-F1. */
static void test_listing(void **state)
{
	static const uint32_t classes[] = {SP_DRIVE_INFO_DIRECTORY, SP_DRIVE_INFO_FULL_DIRECTORY,
			SP_DRIVE_INFO_BOTH_DIRECTORY, SP_DRIVE_INFO_NAMES};
	static const struct {
		const char *name, *want;
	} rows[] = {{"a.txt", "a.txt"}, {".", "."}, {"..", ".."}, {"../x", ".._x"},
			{"..\\..\\x", ".._.._x"}, {"/etc/passwd", "_etc_passwd"}, {"a\nb", "a_b"},
			{"CON", "CON"}, {"what?", "what?"},
			{"\xD9\x85\xE6\x9D\xB1", "\xD9\x85\xE6\x9D\xB1"}, {"", "."}};
	struct rig g;

	rig_open(&g, &rig_reading, 1600);
	rig_open_file(&g, "\\", 9, false);
	for (size_t k = 0; k < SP_LEN(classes); k++) {
		for (size_t i = 0; i < SP_LEN(rows); i++) {
			struct sp_drive_io_completion c;
			struct sp_drive_info_entry e;
			struct sp_drive_head h;
			struct sp_span data;
			struct sp_rd r;
			char text[64];

			list(&g, classes[k], rows[i].name);
			struct sp_span m = rig_got(&g, T);
			sp_rd_init(&r, m.p, m.n);
			assert_int_equal(sp_drive_head_read(&r, &h), SP_OK);
			assert_int_equal(sp_drive_io_completion_read(&r, &c), SP_OK);
			assert_int_equal(c.status, 0);
			assert_int_equal(sp_drive_io_data_read(&r, 4096, &data), SP_OK);
			sp_rd_init(&r, data.p, data.n);
			assert_int_equal(sp_drive_info_entry_read(&r, classes[k], &e), 1);
			assert_true(sp_utf16_to_utf8(e.name, text, sizeof(text)));
			assert_string_equal(text, rows[i].want);
			rig_clear(&g);
		}
	}
	/* Not a list at all. */
	struct sp_drive_io_request q = {.major = SP_DRIVE_IO_DIRECTORY,
			.minor = SP_DRIVE_IO_QUERY_DIRECTORY,
			.file = 9,
			.directory = {.class = SP_DRIVE_INFO_BOTH_DIRECTORY}};
	rig_request(&g, &q);
	rig_passed(&g);
	struct sp_wr w = rig_completion(&g, DISK, g.completion, 0);
	sp_drive_io_data_write(&w, unit_hex("ffffffff 00000000 ffff"));
	rig_send_wr(&g, C, &w);
	rig_answered(&g, SP_DRIVE_IO_ERROR);
	rig_finish(&g);
}

/* A name with so many characters. */
static const char *long_name(char *out, const char *unit, size_t n)
{
	out[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		memcpy(out + i * strlen(unit), unit, strlen(unit) + 1);
	}
	return out;
}

/* An entry without a name does not take the others along. */
static void test_nameless(void **state)
{
	static const uint32_t classes[] = {SP_DRIVE_INFO_DIRECTORY, SP_DRIVE_INFO_FULL_DIRECTORY,
			SP_DRIVE_INFO_BOTH_DIRECTORY, SP_DRIVE_INFO_NAMES};
	static const struct {
		const char *names[4];
		const char *want;
	} rows[] = {{{"a", "", "b"}, "a b "}, {{"", "a/c", "b"}, "a_c b "}, {{"abc", ""}, "abc "},
			{{"", ""}, ". "}, {{"a", "LONG", "b"}, "a b "}, {{"LONG"}, ". "}};
	char all[800];
	struct rig g;

	rig_open(&g, &rig_reading, 1600);
	rig_open_file(&g, "\\", 9, false);
	for (size_t k = 0; k < SP_LEN(classes) * SP_LEN(rows); k++) {
		uint32_t class = classes[k % SP_LEN(classes)];
		const char *const *names = rows[k / SP_LEN(classes)].names;
		struct sp_drive_io_request q = {.major = SP_DRIVE_IO_DIRECTORY,
				.minor = SP_DRIVE_IO_QUERY_DIRECTORY,
				.file = 9,
				.directory = {.class = class}};
		struct sp_drive_info_entry e;
		struct sp_span data;
		struct sp_wr b, p, w;
		struct sp_rd r;
		size_t n = 0;

		rig_request(&g, &q);
		rig_passed(&g);
		sp_wr_init(&b, 8192);
		for (size_t i = 0, last = 0; i < 4 && names[i]; i++) {
			bool is_long = strcmp(names[i], "LONG") == 0;

			if (i > 0) {
				sp_wr_fill_le32(&b, last, b.n - last);
			}
			last = b.n;
			sp_drive_info_entry_write(&b, class,
					&(struct sp_drive_info_entry){.size = i,
							.name = rig_utf16(&p,
									is_long ? long_name(all, "x",
												  256)
										: names[i])});
			sp_wr_finish(&p);
		}
		w = rig_completion(&g, DISK, g.completion, 0);
		sp_drive_io_data_write(&w, sp_span(b.p, b.n));
		sp_wr_zero(&w, 3); /* clients put something behind it */
		rig_send_wr(&g, C, &w);
		sp_wr_finish(&b);
		struct sp_span m = rig_got(&g, T);
		sp_rd_init(&r, m.p + 16, m.n - 16);
		assert_int_equal(sp_drive_io_data_read(&r, 8192, &data), SP_OK);
		assert_int_equal(sp_rd_left(&r), 0);
		sp_rd_init(&r, data.p, data.n);
		while (sp_drive_info_entry_read(&r, class, &e) == 1) {
			assert_true(sp_utf16_to_utf8(e.name, all + n, sizeof(all) - n));
			n += strlen(all + n);
			all[n++] = ' ';
		}
		all[n] = '\0';
		assert_string_equal(all, rows[k / SP_LEN(classes)].want);
		rig_clear(&g);
	}
	rig_finish(&g);
}

static uint32_t ask_status(struct rig *g, const char *path, uint32_t status)
{
	struct sp_wr p;
	struct sp_drive_io_request q = rig_creating(rig_utf16(&p, path));

	rig_request(g, &q);
	sp_wr_finish(&p);
	if (g->end[C].n > 0) {
		rig_passed(g);
		rig_complete(g, SP_DRIVE_NO_SUCH_FILE);
		return 0;
	}
	rig_answered(g, status);
	return status;
}

/* Windows counts characters: 255 of them pass whatever bytes they are elsewhere, once shown. */
static void test_long(void **state)
{
	char name[800], path[1600];
	struct rig g;

	rig_open(&g, &rig_reading, 1600);
	rig_open_file(&g, "\\", 9, false);
	long_name(name, "\xE6\x9D\xB1", 255);
	snprintf(path, sizeof(path), "\\%s", name);
	assert_int_equal(ask_status(&g, path, SP_DRIVE_NAME_INVALID), SP_DRIVE_NAME_INVALID);
	list(&g, SP_DRIVE_INFO_BOTH_DIRECTORY, name);
	assert_int_equal(g.end[T].n, 1);
	rig_clear(&g);
	assert_int_equal(ask_status(&g, path, 0), 0);
	snprintf(path, sizeof(path), "\\abc\\%s", name);
	assert_int_equal(ask_status(&g, path, 0), 0);
	/* One more is more than a path may have. */
	snprintf(path, sizeof(path), "\\abcd\\%s", name);
	assert_int_equal(ask_status(&g, path, SP_DRIVE_NAME_TOO_LONG), SP_DRIVE_NAME_TOO_LONG);
	snprintf(path, sizeof(path), "\\%s", long_name(name, "x", 260));
	assert_int_equal(ask_status(&g, path, SP_DRIVE_NAME_TOO_LONG), SP_DRIVE_NAME_TOO_LONG);
	rig_finish(&g);
}

static uint32_t ask_for(struct rig *g, const char *path)
{
	return ask_status(g, path, SP_DRIVE_NAME_INVALID);
}

/* What Windows forbids passes as it is only when the client has shown it. */
static void test_odd(void **state)
{
	static const char *const odd[] = {
			"a:b", "what?", "CON", "aux.txt", "dot.", "blank ", "a|b", "<\">*", "C:"};
	static const char *const never[] = {"\\..\\a:b", "\\a:b\\..\\x", "\\a:b\\\\x", "\\\\a:b\\x",
			"\\a:b\\c:d", "\\a:b:c", "\\A:B", "\\x\ny", "\\."};
	char path[64];
	struct rig g;

	rig_open(&g, &rig_writing, 1600);
	rig_open_file(&g, "\\", 9, false);
	for (size_t i = 0; i < SP_LEN(odd); i++) {
		snprintf(path, sizeof(path), "\\%s", odd[i]);
		assert_int_equal(ask_for(&g, path), SP_DRIVE_NAME_INVALID);
		list(&g, SP_DRIVE_INFO_BOTH_DIRECTORY, odd[i]);
		rig_clear(&g);
		assert_int_equal(ask_for(&g, path), 0);
		snprintf(path, sizeof(path), "\\dir\\%s\\%s", odd[i], odd[0]);
		assert_int_equal(ask_for(&g, path), 0);
	}
	list(&g, SP_DRIVE_INFO_BOTH_DIRECTORY, "x\ny");
	rig_clear(&g);
	list(&g, SP_DRIVE_INFO_BOTH_DIRECTORY, "..");
	rig_clear(&g);
	for (size_t i = 0; i < SP_LEN(never); i++) {
		if (ask_for(&g, never[i]) == 0) {
			fail_msg("passed: %s", never[i]);
		}
	}
	/* The new name of a file, and a list of what is in a directory. */
	struct sp_wr p, b;
	uint8_t buf[64];
	sp_wr_fixed(&b, buf, sizeof(buf));
	sp_drive_info_rename_write(
			&b, &(struct sp_drive_info_rename){.path = rig_utf16(&p, "\\a:b")});
	struct sp_drive_io_request q = rig_setting(9, SP_DRIVE_INFO_RENAME, buf, b.n);
	rig_request(&g, &q);
	rig_passed(&g);
	rig_complete(&g, SP_DRIVE_ACCESS_DENIED);
	sp_wr_finish(&p);
	/* More than are remembered: the oldest one is forgotten, until it is listed again. */
	for (unsigned i = 0; i < SP_DRIVE_ODD_MAX; i++) {
		snprintf(path, sizeof(path), "%u?", i);
		list(&g, SP_DRIVE_INFO_NAMES, path);
		rig_clear(&g);
	}
	assert_int_equal(ask_for(&g, "\\a:b"), SP_DRIVE_NAME_INVALID);
	assert_int_equal(ask_for(&g, "\\0?"), 0);
	assert_int_equal(ask_for(&g, "\\4095?"), 0);
	list(&g, SP_DRIVE_INFO_BOTH_DIRECTORY, "a:b");
	rig_clear(&g);
	assert_int_equal(ask_for(&g, "\\a:b"), 0);
	/* Another drive of the same number has shown nothing. */
	struct sp_wr w;
	sp_wr_init(&w, 64);
	sp_drive_head_write(&w, SP_DRIVE_DEVICES_REMOVE);
	sp_drive_u32_write(&w, 1);
	sp_drive_u32_write(&w, DISK);
	rig_send_wr(&g, C, &w);
	rig_announce(&g, SP_DRIVE_TYPE_FILES, DISK, "again");
	rig_clear(&g);
	assert_int_equal(ask_for(&g, "\\a:b"), SP_DRIVE_NAME_INVALID);
	rig_finish(&g);
}

static void test_changes(void **state)
{
	static const struct {
		const char *name;
		uint32_t status;
	} rows[] = {{"a.txt", 0}, {"dir\\a", 0}, {"..\\x", 0x10C}, {"\\\\host\\x", 0x10C}};
	struct rig g;

	rig_open(&g, &rig_reading, 1600);
	rig_open_file(&g, "\\", 9, false);
	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_drive_io_request q = {.major = SP_DRIVE_IO_DIRECTORY,
				.minor = SP_DRIVE_IO_NOTIFY,
				.file = 9,
				.notify = {.tree = true, .filter = 3}};
		struct sp_wr b, p, w;

		rig_request(&g, &q);
		rig_passed(&g);
		sp_wr_init(&b, 1024);
		sp_drive_info_change_write(&b,
				&(struct sp_drive_info_change){.action = SP_DRIVE_INFO_ADDED,
						.name = rig_utf16(&p, rows[i].name)});
		w = rig_completion(&g, DISK, g.completion, 0);
		sp_drive_io_data_write(&w, sp_span(b.p, b.n));
		rig_send_wr(&g, C, &w);
		rig_answered(&g, rows[i].status);
		sp_wr_finish(&b);
		sp_wr_finish(&p);
	}
	rig_finish(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_paths),
			cmocka_unit_test(test_listing),
			cmocka_unit_test(test_nameless),
			cmocka_unit_test(test_long),
			cmocka_unit_test(test_odd),
			cmocka_unit_test(test_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
