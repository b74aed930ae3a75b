/* tests/core/chan/test_wire_name.c - names of files from the wire and to it. */
#include "unit.h"

#include <stdlib.h>

#include "core/base/utf16.h"
#include "core/chan/wire_name.h"

static struct sp_span units(const char *utf8, uint8_t *buf, size_t cap)
{
	struct sp_wr w;

	sp_wr_fixed(&w, buf, cap);
	sp_utf16_write(&w, utf8);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	return sp_span(buf, w.n);
}

static const struct {
	const char *in;
	enum sp_name_fault fault;
	const char *out;
} rows[] = {
		{"a", SP_NAME_FINE, "a"}, {"a\\b", SP_NAME_FINE, "a/b"},
		{"a/b\\c.txt", SP_NAME_FINE, "a/b/c.txt"}, {".profile", SP_NAME_FINE, ".profile"},
		{"...a", SP_NAME_FINE, "...a"},
		{"\xD7\xA9\xD7\x9C\\\xE6\x97\xA5\\\xF0\x9F\x98\x80.png", SP_NAME_FINE,
				"\xD7\xA9\xD7\x9C/\xE6\x97\xA5/\xF0\x9F\x98\x80.png"},
		/* Fullwidth dots and slashes are letters like others. */
		{"\xEF\xBC\x8E\xEF\xBC\x8E\xEF\xBC\x8Fx", SP_NAME_FINE,
				"\xEF\xBC\x8E\xEF\xBC\x8E\xEF\xBC\x8Fx"},
		{"", SP_NAME_EMPTY, ""}, {"a\\\\b", SP_NAME_EMPTY, ""}, {"a\\", SP_NAME_EMPTY, ""},
		{"\\a", SP_NAME_ABSOLUTE, ""}, {"/etc/passwd", SP_NAME_ABSOLUTE, ""},
		{"\\\\host\\share\\x", SP_NAME_ABSOLUTE, ""},
		{"\\\\?\\C:\\x", SP_NAME_ABSOLUTE, ""},
		{"\\\\.\\PhysicalDrive0", SP_NAME_ABSOLUTE, ""}, {"C:\\x", SP_NAME_ABSOLUTE, ""},
		{"C:x", SP_NAME_ABSOLUTE, ""}, {"c:", SP_NAME_ABSOLUTE, ""},
		{"..", SP_NAME_DOTS, ""}, {".", SP_NAME_DOTS, ""}, {"..\\..\\x", SP_NAME_DOTS, ""},
		{"a\\..\\..\\x", SP_NAME_DOTS, ""}, {"a/../x", SP_NAME_DOTS, ""},
		{"a\\.", SP_NAME_DOTS, ""}, {"a\nb", SP_NAME_CONTROL, ""},
		{"a\x7F", SP_NAME_CONTROL, ""}, {"a\xC2\x85", SP_NAME_CONTROL, ""},
		{"a\xE2\x80\xA8", SP_NAME_CONTROL, ""}, {"ab:c", SP_NAME_CHARACTER, "ab:c"},
		{"1:b", SP_NAME_CHARACTER, "1:b"},
		{"file.txt:stream", SP_NAME_CHARACTER, "file.txt:stream"},
		{"dir\\C:x", SP_NAME_CHARACTER, "dir/C:x"}, {"a?", SP_NAME_CHARACTER, "a?"},
		{"CON", SP_NAME_DEVICE, "CON"}, {"con.txt", SP_NAME_DEVICE, "con.txt"},
		{"dir\\Aux .c", SP_NAME_DEVICE, "dir/Aux .c"}, {"COM1", SP_NAME_DEVICE, "COM1"},
		{"lpt\xC2\xB2.x", SP_NAME_DEVICE, "lpt\xC2\xB2.x"},
		{"CONIN$", SP_NAME_DEVICE, "CONIN$"}, {"COM10", SP_NAME_FINE, "COM10"},
		{"console", SP_NAME_FINE, "console"}, {"com", SP_NAME_FINE, "com"},
		{"a.", SP_NAME_TRAILING, "a."}, {"a ", SP_NAME_TRAILING, "a "},
		{"...", SP_NAME_TRAILING, "..."}, {"d.\\x", SP_NAME_TRAILING, "d./x"},
		/* The worse fault is the one that is told. */
		{"a?\\..", SP_NAME_DOTS, ""},
		/* Out of the private use area: what Windows forbids, and nothing else. */
		{"a\xEF\x80\xBA"
		 "b",
				SP_NAME_FINE, "a:b"},
		{"C\xEF\x80\xBA"
		 "x",
				SP_NAME_FINE, "C:x"},
		{"x\xEF\x80\xAE", SP_NAME_FINE, "x."}, {"\xEF\x81\x83ON", SP_NAME_FINE, "CON"},
		{"a\xEF\x81\x9C"
		 "b",
				SP_NAME_FINE, "a\\b"},
		{".\xEF\x80\xAE", SP_NAME_DOTS, ""}, {"\xEF\x80\xAE", SP_NAME_DOTS, ""},
		{"\xEF\x80\xAE\xEF\x80\xAE", SP_NAME_FINE, "\xEF\x80\xAE."},
		{"a\xEF\x80\xAF"
		 "b",
				SP_NAME_FINE,
				"a\xEF\x80\xAF"
				"b"}, /* '/' stays away */
		{"a\xEF\x80\x8A"
		 "b",
				SP_NAME_FINE,
				"a\xEF\x80\x8A"
				"b"}, /* and so does LF */
		{"\xEF\x81\x83"
		 "at",
				SP_NAME_FINE,
				"\xEF\x81\x83"
				"at"}, /* no device */
};

static void test_read(void **state)
{
	for (size_t i = 0; i < SP_LEN(rows); i++) {
		uint8_t buf[256];
		char out[SP_WIRE_NAME_TEXT];
		struct sp_span in = units(rows[i].in, buf, sizeof(buf));

		assert_int_equal(sp_wire_name_read(in, out), rows[i].fault);
		assert_string_equal(out, rows[i].out);
		/* A NUL ends it, whatever stands behind. */
		memcpy(buf + in.n, "\0\0\\\0.\0.\0", 8);
		assert_int_equal(sp_wire_name_read(sp_span(buf, in.n + 8), out), rows[i].fault);
		assert_string_equal(out, rows[i].out);
		assert_true(sp_name_harmful(rows[i].fault) == (out[0] == '\0'));
		assert_non_null(sp_name_fault_text(rows[i].fault));
	}
}

static void test_single(void **state)
{
	uint8_t buf[64];
	char out[SP_WIRE_NAME_TEXT];

	assert_int_equal(sp_wire_name_read_part(units("a.b", buf, 64), out), SP_NAME_FINE);
	assert_string_equal(out, "a.b");
	assert_int_equal(sp_wire_name_read_part(units("a\\b", buf, 64), out), SP_NAME_ABSOLUTE);
	assert_int_equal(sp_wire_name_read_part(units("a/b", buf, 64), out), SP_NAME_ABSOLUTE);
	assert_string_equal(out, "");
	assert_int_equal(sp_wire_name_read_part(units("..", buf, 64), out), SP_NAME_DOTS);
}

static void test_broken(void **state)
{
	static const char *const hex[] = {
			"00d8", "00dc", "00d8 4100", "4100 00dc", "00d8 00d8", "41"};
	char out[SP_WIRE_NAME_TEXT];

	for (size_t i = 0; i < SP_LEN(hex); i++) {
		assert_int_equal(sp_wire_name_read(unit_hex(hex[i]), out), SP_NAME_BROKEN);
		assert_string_equal(out, "");
	}
}

static void test_lengths(void **state)
{
	uint8_t wire[2 * 600];
	char out[SP_WIRE_NAME_TEXT], path[SP_WIRE_NAME_TEXT];
	struct sp_wr w;

	for (size_t i = 0; i < 600; i++) {
		wire[2 * i] = i % 100 == 99 ? '\\' : 0x42;
		wire[2 * i + 1] = i % 100 == 99 ? 0 : 0x30; /* three bytes of UTF-8 each */
	}
	assert_int_equal(sp_wire_name_read(sp_span(wire, 2 * 80), out), SP_NAME_FINE);
	assert_int_equal(sp_wire_name_read(sp_span(wire, 2 * 86), out), SP_NAME_LONG);
	assert_int_equal(sp_wire_name_read(sp_span(wire, 2 * 260), out), SP_NAME_LONG);
	for (size_t i = 0; i < 259; i++) {
		wire[2 * i] = i == 130 ? '\\' : 'a';
		wire[2 * i + 1] = 0;
	}
	assert_int_equal(sp_wire_name_read(sp_span(wire, 2 * 259), out), SP_NAME_FINE);
	assert_int_equal(strlen(out), 259);
	sp_wr_init(&w, 4096);
	assert_int_equal(sp_wire_name_write(&w, out), SP_NAME_FINE);
	assert_int_equal(w.n, 518);
	memcpy(path, out, 260);
	memcpy(path + 259, "x", 2);
	assert_int_equal(sp_wire_name_write(&w, path), SP_NAME_LONG);
	assert_int_equal(w.n, 518);
	sp_wr_finish(&w);
}

/* Everything that Unix allows but controls comes back, and is fine for Windows on the way. */
static void test_there_and_back(void **state)
{
	static const char *const names[] = {"a", "a/b/c", "a:b", "C:", "con", "CON.tar.gz", "a.",
			"a ", "...", "x\\y", "what?*<>|\"", "aux/nul/prn ", " a", "nul ",
			"\xE6\x97\xA5/\xF0\x9F\x98\x80", "C:/x"};

	for (size_t i = 0; i < SP_LEN(names); i++) {
		uint8_t wire[2 * SP_WIRE_NAME_UNITS];
		char out[SP_WIRE_NAME_TEXT];
		struct sp_wr w;

		sp_wr_fixed(&w, wire, sizeof(wire));
		assert_int_equal(sp_wire_name_write(&w, names[i]), SP_NAME_FINE);
		assert_int_equal(sp_wire_name_read(sp_span(wire, w.n), out), SP_NAME_FINE);
		assert_string_equal(out, names[i]);
	}
}

static void test_write_faults(void **state)
{
	static const struct {
		const char *path;
		enum sp_name_fault fault;
	} bad[] = {
			{"", SP_NAME_EMPTY},
			{"/a", SP_NAME_ABSOLUTE},
			{"a//b", SP_NAME_EMPTY},
			{"a/", SP_NAME_EMPTY},
			{"..", SP_NAME_DOTS},
			{"a/../b", SP_NAME_DOTS},
			{".", SP_NAME_DOTS},
			{"a\xFF", SP_NAME_BROKEN},
			{"a\xC3/b", SP_NAME_BROKEN},
			{"a\xC2\x85", SP_NAME_CONTROL},
	};
	struct sp_wr w;

	sp_wr_init(&w, 4096);
	for (size_t i = 0; i < SP_LEN(bad); i++) {
		assert_int_equal(sp_wire_name_write(&w, bad[i].path), bad[i].fault);
		assert_int_equal(w.n, 0);
	}
	/* A line end in a name is sent as what can be shown, and does not come back as one. */
	char out[SP_WIRE_NAME_TEXT];
	assert_int_equal(sp_wire_name_write(&w, "a\nb"), SP_NAME_FINE);
	assert_int_equal(sp_wire_name_read(sp_span(w.p, w.n), out), SP_NAME_FINE);
	assert_string_equal(out,
			"a\xEF\x80\x8A"
			"b");
	sp_wr_finish(&w);
}

/* U+F000 and an ASCII character. */
#define P3A "\xEF\x80\xBA"
#define P2E "\xEF\x80\xAE"
#define P0A "\xEF\x80\x8A"
#define P43 "\xEF\x81\x83"

static void test_files(void **state)
{
	static const struct {
		const char *in;
		enum sp_wire_file kind;
		const char *out;
	} files[] = {
			{"a.txt", SP_WIRE_FILE_MAPPED, "a.txt"},
			{"x" P3A "y", SP_WIRE_FILE_MAPPED, "x:y"},
			{"x" P0A "y", SP_WIRE_FILE_MAPPED, "x\ny"},
			{"x" P2E, SP_WIRE_FILE_MAPPED, "x."},
			{P43 "ON", SP_WIRE_FILE_MAPPED, "CON"},
			{P43 "at", SP_WIRE_FILE_MAPPED, P43 "at"},
			{"x\xEF\x80\xAFy", SP_WIRE_FILE_MAPPED, "x\xEF\x80\xAFy"},
			/* As they are, and whatever else is in them as well. */
			{"a:b", SP_WIRE_FILE_RAW, "a:b"},
			{"C:", SP_WIRE_FILE_RAW, "C:"},
			{"a:b" P3A "c", SP_WIRE_FILE_RAW, "a:b" P3A "c"},
			{"CON", SP_WIRE_FILE_RAW, "CON"},
			{"x.", SP_WIRE_FILE_RAW, "x."},
			{"...", SP_WIRE_FILE_RAW, "..."},
			{"." P2E, SP_WIRE_FILE_RAW, "." P2E},
			{"x\xEF\xBF\xBD", SP_WIRE_FILE_RAW, "x\xEF\xBF\xBD"},
			{"", SP_WIRE_FILE_NONE, ""},
			{".", SP_WIRE_FILE_NONE, ""},
			{"..", SP_WIRE_FILE_NONE, ""},
			{"x\\y", SP_WIRE_FILE_NONE, ""},
			{"x/y", SP_WIRE_FILE_NONE, ""},
			{"x\ny", SP_WIRE_FILE_NONE, ""},
			{"x\xC2\x85", SP_WIRE_FILE_NONE, ""},
	};

	for (size_t i = 0; i < SP_LEN(files); i++) {
		uint8_t buf[64], wire[64];
		char out[SP_WIRE_NAME_TEXT];
		struct sp_span in = units(files[i].in, buf, sizeof(buf));
		struct sp_wr w;

		assert_int_equal(sp_wire_file_read(in, out), files[i].kind);
		assert_string_equal(out, files[i].out);
		sp_wr_fixed(&w, wire, sizeof(wire));
		if (files[i].kind == SP_WIRE_FILE_MAPPED) {
			assert_int_equal(sp_wire_name_write(&w, out), SP_NAME_FINE);
			assert_true(sp_wire_file_plain(files[i].out, out));
			assert_string_equal(out, files[i].in);
		} else {
			assert_true(sp_wire_file_write_raw(&w, files[i].in) ==
					(files[i].kind == SP_WIRE_FILE_RAW));
		}
		if (files[i].kind != SP_WIRE_FILE_NONE) {
			assert_int_equal(w.n, in.n);
			assert_memory_equal(wire, buf, w.n);
		}
	}
	uint8_t wire[16];
	char out[SP_WIRE_NAME_TEXT];
	struct sp_wr w;
	sp_wr_fixed(&w, wire, sizeof(wire));
	assert_false(sp_wire_file_write_raw(&w, "a\xFF"));
	assert_false(sp_wire_file_plain("a\xFF", out));
	assert_false(sp_wire_file_plain("..", out));
	assert_int_equal(sp_wire_file_read(unit_hex("00d8"), out), SP_WIRE_FILE_NONE);
	assert_int_equal(sp_wire_file_read(unit_hex("41"), out), SP_WIRE_FILE_NONE);
	/* As long as Windows lets them be. */
	uint8_t most[2 * 256], again[2 * 256];
	for (size_t i = 0; i < sizeof(most); i++) {
		most[i] = i % 2 ? 0x67 : 0x71;
	}
	assert_int_equal(sp_wire_file_read(sp_span(most, 2 * 256), out), SP_WIRE_FILE_NONE);
	assert_int_equal(sp_wire_file_read(sp_span(most, 2 * 85), out), SP_WIRE_FILE_MAPPED);
	assert_int_equal(sp_wire_file_read(sp_span(most, 2 * 255), out), SP_WIRE_FILE_RAW);
	assert_int_equal(strlen(out), 3 * 255);
	sp_wr_fixed(&w, again, sizeof(again));
	assert_true(sp_wire_file_write_raw(&w, out));
	assert_int_equal(w.n, 2 * 255);
	assert_memory_equal(again, most, w.n);
	memcpy(out + strlen(out), "x", 2);
	assert_false(sp_wire_file_write_raw(&w, out));
}

static void test_show(void **state)
{
	uint8_t buf[64];
	char out[32];

	sp_wire_name_show(units("..\\a\nb\xC3\xA4", buf, 64), out, sizeof(out));
	assert_string_equal(out, "..\\a?b\xC3\xA4");
	sp_wire_name_show(units("\xC3\xA4\xC3\xA4\xC3\xA4", buf, 64), out, 6);
	assert_string_equal(out, "\xC3\xA4\xC3\xA4");
	sp_wire_name_show(unit_hex("4100 00d8 4200 43"), out, sizeof(out));
	assert_string_equal(out, "A?B");
	sp_wire_name_show(sp_span(NULL, 0), out, sizeof(out));
	assert_string_equal(out, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_read),
			cmocka_unit_test(test_single),
			cmocka_unit_test(test_broken),
			cmocka_unit_test(test_lengths),
			cmocka_unit_test(test_there_and_back),
			cmocka_unit_test(test_write_faults),
			cmocka_unit_test(test_files),
			cmocka_unit_test(test_show),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
