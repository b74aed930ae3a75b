/* tests/core/chan/test_clip.c - the messages of the clipboard, against the specification's own. */
#include "unit.h"

#include <string.h>

#include "core/chan/clip.h"

#define V "spec/MS-RDPECLIP-"

static struct sp_rd body_of(struct sp_span in, struct sp_clip_head *h)
{
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_clip_head_read(&r, h), SP_OK);
	assert_int_equal(h->n, in.n - SP_CLIP_HEAD);
	return r;
}

static void test_heads(void **state)
{
	static const struct {
		const char *name;
		uint16_t type, flags;
	} rows[] = {
			{V "4.1.2-server-monitor-ready-pdu.hex", SP_CLIP_MONITOR_READY, 0},
			{V "4.1.6-format-list-response-pdu.hex", SP_CLIP_FORMAT_LIST_RESPONSE,
					SP_CLIP_OK},
			{V "4.2.2-format-list-response-pdu.hex", SP_CLIP_FORMAT_LIST_RESPONSE,
					SP_CLIP_OK},
			{V "4.5.2-format-list-response-pdu.hex", SP_CLIP_FORMAT_LIST_RESPONSE,
					SP_CLIP_OK},
			{V "4.4.2-format-data-response-pdu.hex", SP_CLIP_DATA_RESPONSE, SP_CLIP_OK},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_span in = unit_vector(rows[i].name);
		struct sp_clip_head h;
		uint8_t buf[64];
		struct sp_wr w;
		struct sp_rd r = body_of(in, &h);

		assert_int_equal(h.type, rows[i].type);
		assert_int_equal(h.flags, rows[i].flags);
		sp_wr_fixed(&w, buf, sizeof(buf));
		size_t mark = sp_clip_begin(&w, h.type, h.flags);
		sp_wr_span(&w, sp_rd_rest(&r));
		sp_clip_end(&w, mark);
		unit_assert_span(sp_span(buf, w.n), in);
	}
}

static void test_caps(void **state)
{
	static const char *const names[] = {V "4.1.1-server-clipboard-capabilities-pdu.hex",
			V "4.1.3-client-clipboard-capabilities-pdu.hex"};

	for (size_t i = 0; i < SP_LEN(names); i++) {
		struct sp_span in = unit_vector(names[i]);
		struct sp_clip_caps caps;
		struct sp_clip_head h;
		uint8_t buf[64];
		struct sp_wr w;
		struct sp_rd r = body_of(in, &h);

		assert_int_equal(h.type, SP_CLIP_CAPS);
		assert_int_equal(sp_clip_caps_read(&r, &caps), SP_OK);
		assert_int_equal(sp_rd_end(&r), SP_OK);
		assert_true(caps.has_general);
		assert_int_equal(caps.version, 2);
		assert_int_equal(caps.flags,
				SP_CLIP_LONG_NAMES | SP_CLIP_STREAM_FILES | SP_CLIP_NO_FILE_PATHS);
		sp_wr_fixed(&w, buf, sizeof(buf));
		size_t mark = sp_clip_begin(&w, h.type, h.flags);
		sp_clip_caps_write(&w, &caps);
		sp_clip_end(&w, mark);
		unit_assert_span(sp_span(buf, w.n), in);
	}
}

static void test_caps_odd(void **state)
{
	static const struct {
		const char *hex;
		int rc;
		bool general;
	} rows[] = {
			{"0000 0000", SP_OK, false},
			{"0200 0000 0900 0600 abcd 0100 0c00 02000000 02000000", SP_OK, true},
			{"0100 0000 0100 1000 02000000 02000000 ffffffff", SP_OK, true},
			{"0100 0000 0100 0800 02000000", SP_ESHORT, false},
			{"0100 0000 0100 0300 02000000", SP_EFIELD, false},
			{"0100 0000 0900 0000", SP_EFIELD, false},
			{"0100 0000 0900 ffff", SP_ESHORT, false},
			{"1100 0000", SP_ELIMIT, false},
			{"ffff 0000", SP_ELIMIT, false},
			{"0100", SP_ESHORT, false},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_span in = unit_hex(rows[i].hex);
		struct sp_clip_caps caps;
		struct sp_rd r;

		sp_rd_init(&r, in.p, in.n);
		assert_int_equal(sp_clip_caps_read(&r, &caps), rows[i].rc);
		if (rows[i].rc == SP_OK) {
			assert_int_equal(caps.has_general, rows[i].general);
			assert_int_equal(caps.flags, rows[i].general ? SP_CLIP_LONG_NAMES : 0);
		}
	}
}

/* What was read is written again, byte for byte. */
static size_t lists_again(struct sp_span in, enum sp_clip_form form, struct sp_clip_format *all)
{
	struct sp_clip_format f;
	struct sp_clip_head h;
	uint8_t buf[512];
	struct sp_wr w;
	struct sp_rd r = body_of(in, &h);
	size_t n = 0;
	int rc;

	assert_int_equal(h.type, SP_CLIP_FORMAT_LIST);
	sp_wr_fixed(&w, buf, sizeof(buf));
	size_t mark = sp_clip_begin(&w, h.type, h.flags);
	while ((rc = sp_clip_format_read(&r, form, &f)) == 1) {
		sp_clip_format_write(&w, form, &f);
		all[n++] = f;
	}
	assert_int_equal(rc, 0);
	sp_clip_end(&w, mark);
	unit_assert_span(sp_span(buf, w.n), in);
	return n;
}

static void test_lists(void **state)
{
	struct sp_clip_format f[16];

	assert_int_equal(lists_again(unit_vector(V "4.1.5-format-list-pdu.hex"), SP_CLIP_FORM_LONG,
					 f),
			4);
	assert_int_equal(f[0].id, 0xC004);
	assert_true(sp_clip_format_is(&f[0], SP_CLIP_FORM_LONG, "native"));
	assert_int_equal(f[1].id, SP_CLIP_CF_METAFILE);
	assert_int_equal(f[1].name.n, 0);
	assert_int_equal(lists_again(unit_vector(V "4.2.1-format-list-pdu.hex"), SP_CLIP_FORM_LONG,
					 f),
			10);
	assert_true(sp_clip_format_is(
			&f[1], SP_CLIP_FORM_LONG, "Rich Text Format Without Objects"));
	assert_false(sp_clip_format_is(&f[1], SP_CLIP_FORM_LONG, "Rich Text Format"));
	assert_false(sp_clip_format_is(
			&f[0], SP_CLIP_FORM_LONG, "Rich Text Format Without Objects"));
	assert_int_equal(lists_again(unit_vector(V "4.5.1-format-list-pdu.hex"), SP_CLIP_FORM_LONG,
					 f),
			1);
	assert_true(sp_clip_format_is(&f[0], SP_CLIP_FORM_LONG, "FileGroupDescriptorW"));
	assert_int_equal(lists_again(unit_hex("0200 0000 00000000"), SP_CLIP_FORM_LONG, f), 0);
	assert_int_equal(lists_again(unit_hex("0200 0000 00000000"), SP_CLIP_FORM_SHORT, f), 0);
}

/* 15 units and a NUL, 16 units without one, and 31 and 32 characters. */
static void test_short_names(void **state)
{
	static const char name[] = "FileGroupDescriptorW";
	uint8_t entry[36] = {0x04, 0xC0};
	struct sp_clip_format f;
	struct sp_rd r;

	for (size_t n = 1; n <= 16; n++) {
		memset(entry + 4, 0, 32);
		for (size_t i = 0; i < n; i++) {
			entry[4 + 2 * i] = (uint8_t)name[i];
		}
		sp_rd_init(&r, entry, sizeof(entry));
		assert_int_equal(sp_clip_format_read(&r, SP_CLIP_FORM_SHORT, &f), 1);
		assert_int_equal(f.id, 0xC004);
		assert_int_equal(f.name.n, 2 * n);
		assert_int_equal(sp_clip_format_is(&f, SP_CLIP_FORM_SHORT, name), n >= 15);
		assert_int_equal(sp_clip_format_read(&r, SP_CLIP_FORM_SHORT, &f), 0);
	}
	memset(entry + 4, 'x', 32);
	sp_rd_init(&r, entry, sizeof(entry));
	assert_int_equal(sp_clip_format_read(&r, SP_CLIP_FORM_ASCII, &f), 1);
	assert_int_equal(f.name.n, 32);
	assert_true(sp_clip_format_is(&f, SP_CLIP_FORM_ASCII, "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"));
	assert_false(sp_clip_format_is(&f, SP_CLIP_FORM_ASCII, "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXY"));
	memset(entry + 4, 0, 32);
	memcpy(entry + 4, name, sizeof(name));
	sp_rd_init(&r, entry, sizeof(entry));
	assert_int_equal(sp_clip_format_read(&r, SP_CLIP_FORM_ASCII, &f), 1);
	assert_true(sp_clip_format_is(&f, SP_CLIP_FORM_ASCII, name));
	assert_false(sp_clip_format_is(&f, SP_CLIP_FORM_ASCII, "FileGroupDescriptor"));
	sp_rd_init(&r, entry, 35);
	assert_int_equal(sp_clip_format_read(&r, SP_CLIP_FORM_ASCII, &f), SP_ESHORT);
	assert_int_equal(sp_clip_format_read(&r, SP_CLIP_FORM_ASCII, &f), SP_ESHORT);
}

/* Names without an end, and half a unit of it. */
static void test_no_end(void **state)
{
	static const char *const rows[] = {"0d000000", "0d000000 00", "0d000000 4100",
			"0d000000 4100 00", "0d0000", "0d000000 0041"};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_span in = unit_hex(rows[i]);
		struct sp_clip_format f;
		struct sp_rd r;

		sp_rd_init(&r, in.p, in.n);
		assert_int_equal(sp_clip_format_read(&r, SP_CLIP_FORM_LONG, &f), SP_ESHORT);
	}
}

static void test_write_limits(void **state)
{
	static const uint8_t much[SP_CLIP_TEMP_DIR];
	uint8_t buf[1024];
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_clip_format_write(&w, SP_CLIP_FORM_SHORT,
			&(struct sp_clip_format){.id = 1, .name = sp_span(much, 33)});
	assert_int_equal(sp_wr_ok(&w), SP_EARG);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_clip_temp_dir_write(&w, sp_span(much, SP_CLIP_TEMP_DIR - 1));
	assert_int_equal(sp_wr_ok(&w), SP_EARG);
}

static void test_requests(void **state)
{
	struct sp_span in = unit_vector(V "4.4.1-format-data-request-pdu.hex");
	struct sp_clip_file_request q;
	struct sp_clip_file_response a;
	struct sp_clip_head h;
	struct sp_span path;
	uint32_t value;
	uint8_t buf[1024];
	struct sp_wr w;
	struct sp_rd r = body_of(in, &h);

	assert_int_equal(h.type, SP_CLIP_DATA_REQUEST);
	assert_int_equal(sp_clip_u32_read(&r, &value), SP_OK);
	assert_int_equal(sp_rd_end(&r), SP_OK);
	assert_int_equal(value, SP_CLIP_CF_UNICODETEXT);

	in = unit_vector(V "4.3.1-lock-clipboard-data-pdu.hex");
	r = body_of(in, &h);
	assert_int_equal(h.type, SP_CLIP_LOCK);
	assert_int_equal(sp_clip_u32_read(&r, &value), SP_OK);
	sp_wr_fixed(&w, buf, sizeof(buf));
	size_t mark = sp_clip_begin(&w, SP_CLIP_LOCK, 0);
	sp_clip_u32_write(&w, value);
	sp_clip_end(&w, mark);
	unit_assert_span(sp_span(buf, w.n), in);

	in = unit_vector(V "4.4.3.1-requesting-the-size-of-a-file.hex");
	r = body_of(in, &h);
	assert_int_equal(h.type, SP_CLIP_FILE_REQUEST);
	assert_int_equal(sp_clip_file_request_read(&r, &q), SP_OK);
	assert_int_equal(q.flags, SP_CLIP_FILE_SIZE);
	assert_int_equal(q.n, 8);
	assert_false(q.has_lock);

	in = unit_vector(V "4.4.3.2-requesting-the-contents-of-a-file.hex");
	r = body_of(in, &h);
	assert_int_equal(sp_clip_file_request_read(&r, &q), SP_OK);
	assert_int_equal(q.stream, 2);
	assert_int_equal(q.index, 1);
	assert_int_equal(q.flags, SP_CLIP_FILE_RANGE);
	assert_int_equal(q.n, 65536);
	sp_wr_fixed(&w, buf, sizeof(buf));
	mark = sp_clip_begin(&w, SP_CLIP_FILE_REQUEST, 0);
	sp_clip_file_request_write(&w, &q);
	sp_clip_end(&w, mark);
	unit_assert_span(sp_span(buf, w.n), in);
	q.has_lock = true;
	q.lock = 7;
	q.position = 0x123456789Aull;
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_clip_file_request_write(&w, &q);
	sp_rd_init(&r, buf, w.n);
	q = (struct sp_clip_file_request){0};
	assert_int_equal(sp_clip_file_request_read(&r, &q), SP_OK);
	assert_true(q.has_lock);
	assert_int_equal(q.lock, 7);
	assert_true(q.position == 0x123456789Aull);

	in = unit_vector(V "4.4.4.1-sending-the-size-of-a-file.hex");
	r = body_of(in, &h);
	assert_int_equal(h.type, SP_CLIP_FILE_RESPONSE);
	assert_int_equal(sp_clip_file_response_read(&r, &a), SP_OK);
	assert_int_equal(a.stream, 2);
	unit_assert_span(a.data, unit_hex("2c00000000000000"));
	sp_wr_fixed(&w, buf, sizeof(buf));
	mark = sp_clip_begin(&w, SP_CLIP_FILE_RESPONSE, SP_CLIP_OK);
	sp_clip_file_response_write(&w, &a);
	sp_clip_end(&w, mark);
	unit_assert_span(sp_span(buf, w.n), in);

	in = unit_vector(V "4.1.4-client-temporary-directory-pdu.hex");
	r = body_of(in, &h);
	assert_int_equal(sp_clip_temp_dir_read(&r, &path), SP_OK);
	assert_true(path.n > 0);
	sp_wr_fixed(&w, buf, sizeof(buf));
	mark = sp_clip_begin(&w, SP_CLIP_TEMP_DIRECTORY, 0);
	sp_clip_temp_dir_write(&w, path);
	sp_clip_end(&w, mark);
	assert_int_equal(w.n, in.n); /* behind the NUL there is what was there */
	assert_memory_equal(buf, in.p, SP_CLIP_HEAD + path.n + 2);
}

static void test_file_flags(void **state)
{
	static const struct {
		const char *hex;
		int rc;
	} rows[] = {
			{"01000000 00000000 00000000 00000000 00000000 08000000", SP_EFIELD},
			{"01000000 00000000 03000000 00000000 00000000 08000000", SP_EFIELD},
			{"01000000 00000000 01000000 00000000 00000000 09000000", SP_EFIELD},
			{"01000000 00000000 02000000 00000000 00000000 09000000", SP_OK},
			{"01000000 00000000 02000000 00000000 00000000 09000000 01", SP_ESHORT},
			{"01000000 00000000 02000000 00000000 00000000 09", SP_ESHORT},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_span in = unit_hex(rows[i].hex);
		struct sp_clip_file_request q;
		struct sp_rd r;

		sp_rd_init(&r, in.p, in.n);
		assert_int_equal(sp_clip_file_request_read(&r, &q), rows[i].rc);
	}
}

/* No prefix of a message is read beyond its end. */
static void cut_message(struct sp_span cut, void *arg)
{
	struct sp_clip_file_response a;
	struct sp_clip_file_request q;
	struct sp_clip_format f;
	struct sp_clip_caps caps;
	struct sp_clip_head h;
	struct sp_span path;
	struct sp_rd r, body;
	uint32_t value;
	int rc;

	sp_rd_init(&r, cut.p, cut.n);
	rc = sp_clip_head_read(&r, &h);
	assert_int_equal(rc, cut.n < SP_CLIP_HEAD ? SP_ESHORT : SP_OK);
	if (rc != SP_OK) {
		return;
	}
	body = r;
	rc = sp_clip_caps_read(&body, &caps);
	for (enum sp_clip_form form = SP_CLIP_FORM_SHORT; form <= SP_CLIP_FORM_LONG; form++) {
		body = r;
		while ((rc = sp_clip_format_read(&body, form, &f)) == 1) {
			rc = sp_clip_format_is(&f, form, "FileContents");
		}
		assert_true(rc <= 0);
	}
	body = r;
	rc = sp_clip_u32_read(&body, &value);
	assert_int_equal(rc, cut.n < 12 ? SP_ESHORT : SP_OK);
	body = r;
	rc = sp_clip_file_request_read(&body, &q);
	assert_true(cut.n >= 32 || rc < 0);
	body = r;
	rc = sp_clip_file_response_read(&body, &a);
	assert_int_equal(rc, cut.n < 12 ? SP_ESHORT : SP_OK);
	body = r;
	rc = sp_clip_temp_dir_read(&body, &path);
	assert_true(cut.n >= 528 || rc == SP_ESHORT);
}

static void test_truncation(void **state)
{
	static const char *const names[] = {V "4.1.1-server-clipboard-capabilities-pdu.hex",
			V "4.1.4-client-temporary-directory-pdu.hex", V "4.2.1-format-list-pdu.hex",
			V "4.4.3.2-requesting-the-contents-of-a-file.hex",
			V "4.4.4.2-sending-the-contents-of-a-file.hex"};

	for (size_t i = 0; i < SP_LEN(names); i++) {
		unit_truncate(unit_vector(names[i]), cut_message, NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_heads),
			cmocka_unit_test(test_caps),
			cmocka_unit_test(test_caps_odd),
			cmocka_unit_test(test_lists),
			cmocka_unit_test(test_short_names),
			cmocka_unit_test(test_no_end),
			cmocka_unit_test(test_write_limits),
			cmocka_unit_test(test_requests),
			cmocka_unit_test(test_file_flags),
			cmocka_unit_test(test_truncation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
