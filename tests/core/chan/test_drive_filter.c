/* tests/core/chan/test_drive_filter.c - devices and files between two sides, each of whom may be hostile. */
#include "drive_rig.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"

/* ---- devices ---- */

static void test_beginning(void **state)
{
	static const struct {
		enum sp_side from;
		const char *file;
		bool passes;
	} rows[] = {
			{T, "spec/MS-RDPEFS-4.2-server-device-announce-response.hex", false},
	};
	struct sp_drive_announce a = {1, 13, 7};
	struct rig g;
	struct sp_wr w;

	rig_start(&g, &rig_reading, 1600);
	/* Each in its own direction. */
	for (int side = 0; side < 2; side++) {
		static const uint16_t of_target[] = {SP_DRIVE_SERVER_ANNOUNCE,
				SP_DRIVE_CLIENTID_CONFIRM, SP_DRIVE_SERVER_CAPS,
				SP_DRIVE_USER_LOGGED_ON};
		static const uint16_t of_client[] = {SP_DRIVE_CLIENTID_CONFIRM,
				SP_DRIVE_CLIENT_NAME, SP_DRIVE_CLIENT_CAPS};
		const uint16_t *packets = side ? of_client : of_target;
		enum sp_side from = side ? C : T;

		for (size_t i = 0; i < (side ? SP_LEN(of_client) : SP_LEN(of_target)); i++) {
			bool both = packets[i] == SP_DRIVE_CLIENTID_CONFIRM;

			for (int turn = 0; turn < 2; turn++) {
				sp_wr_init(&w, 1024);
				sp_drive_head_write(&w, packets[i]);
				sp_drive_announce_write(&w, &a);
				rig_send_wr(&g, turn ? sp_side_other(from) : from, &w);
				assert_int_equal(g.end[0].n + g.end[1].n, turn == 0 || both);
				rig_clear(&g);
			}
		}
	}
	/* What is no message of this channel, and a reply for a device that nobody has. */
	rig_send(&g, C, unit_hex("7244 ffff 00000000"));
	rig_send(&g, T, unit_hex("7244 ffff 00000000"));
	rig_send(&g, C, unit_hex("5250 4350 00000000"));
	rig_send(&g, C, unit_hex("72"));
	rig_send(&g, C, unit_hex(""));
	rig_send(&g, T, unit_vector(rows[0].file));
	rig_quiet(&g);
	rig_finish(&g);
}

static void test_kinds(void **state)
{
	static const uint32_t types[] = {SP_DRIVE_TYPE_SERIAL, SP_DRIVE_TYPE_PARALLEL,
			SP_DRIVE_TYPE_PRINTER, SP_DRIVE_TYPE_FILES, SP_DRIVE_TYPE_SMARTCARD, 0x40,
			0};
	static const struct sp_drive_rules rules[] = {{.read = false}, {.read = true},
			{.other = true}, {.read = true, .other = true}};

	for (size_t k = 0; k < SP_LEN(rules); k++) {
		struct rig g;

		rig_start(&g, &rules[k], 7);
		for (uint32_t i = 0; i < SP_LEN(types); i++) {
			bool files = types[i] == SP_DRIVE_TYPE_FILES;
			bool pass = files ? rules[k].read : rules[k].other;

			rig_announce(&g, types[i], 10 + i, "dev");
			assert_int_equal(g.end[T].n, pass);
			assert_int_equal(g.end[C].n, !pass); /* who announced it is told no */
			rig_clear(&g);
			rig_told(&g, T, SP_TRANSFER_DEVICE,
					pass ? SP_TRANSFER_PASSED : SP_TRANSFER_REFUSED, 0, "dev",
					NULL);
			/* And whoever asks all the same. */
			struct sp_drive_io_request q = rig_creating(sp_span(NULL, 0));
			q.device = 10 + i;
			rig_request(&g, &q);
			if (pass) {
				rig_passed(&g);
			} else {
				rig_answered(&g, SP_DRIVE_NO_SUCH_DEVICE);
			}
		}
		rig_finish(&g);
	}
}

static void test_device_names(void **state)
{
	static const char *const bad[] = {"", "..", ".", "a/b", "a\\b", "a\nb"};
	struct rig g;

	rig_start(&g, &rig_reading, 1600);
	for (uint32_t i = 0; i < SP_LEN(bad); i++) {
		rig_announce(&g, SP_DRIVE_TYPE_FILES, i + 1, bad[i]);
		assert_int_equal(g.end[T].n, 0);
		rig_clear(&g);
	}
	/* One number twice; more than there may be; a list that lies. */
	rig_announce(&g, SP_DRIVE_TYPE_FILES, 1, "one");
	assert_int_equal(g.end[T].n, 1);
	rig_clear(&g);
	rig_announce(&g, SP_DRIVE_TYPE_FILES, 1, "two");
	rig_quiet(&g);
	for (uint32_t i = 2; i < 100; i++) {
		rig_announce(&g, SP_DRIVE_TYPE_FILES, i, "more");
	}
	assert_int_equal(g.end[T].n, SP_DRIVE_MAX_DEVICES - 1);
	rig_clear(&g);
	rig_send(&g, C, unit_hex("7244 4144 ffffffff"));
	rig_send(&g, C, unit_hex("7244 4144 02000000 08000000 c8000000 41000000"));
	assert_int_equal(g.end[T].n, 0);
	rig_finish(&g);
}

/* A device goes: what waits for it has an answer, files on it are told. */
static void test_removed(void **state)
{
	struct rig g;

	rig_open(&g, &rig_reading, 1600);
	rig_open_file(&g, "\\f", 9, false);
	rig_read_piece(&g, 9, 0, "abc", 10);
	rig_ask_read(&g, 9, 3, 10);
	rig_passed(&g);
	rig_send(&g, C, unit_hex("7244 4d44 02000000 63000000 03000000"));
	assert_int_equal(g.end[T].n, 2); /* the failure, and what was removed */
	assert_int_equal(g.end[T].message[1].n, 4 + 4 + 4);
	rig_clear(&g);
	rig_told(&g, T, SP_TRANSFER_FILE, SP_TRANSFER_PASSED, 3, "share/f", "abc");
	rig_give_read(&g, "late", 4);
	rig_quiet(&g);
	rig_ask_read(&g, 9, 3, 10);
	rig_answered(&g, SP_DRIVE_NO_SUCH_DEVICE);
	rig_finish(&g);
}

/* ---- reading ---- */

static void test_read(void **state)
{
	static const size_t cuts[] = {1600, 1, 3, 19, 20, 21, 55, 56};

	for (size_t k = 0; k < SP_LEN(cuts); k++) {
		struct rig g;

		rig_open(&g, &rig_reading, cuts[k]);
		rig_open_file(&g, "\\dir\\a.txt", 9, false);
		rig_open_file(&g, "\\b", 10, false);
		rig_read_piece(&g, 9, 0, "hello ", 6);
		rig_read_piece(&g, 10, 0, "only a part", 11);
		rig_read_piece(&g, 9, 6, "world", 100); /* shorter than asked: its end */
		rig_not_told(&g);
		rig_close_file(&g, 9);
		rig_told(&g, T, SP_TRANSFER_FILE, SP_TRANSFER_PASSED, 11, "share/dir/a.txt",
				"hello world");
		rig_close_file(&g, 10);
		rig_told(&g, T, SP_TRANSFER_FILE, SP_TRANSFER_PASSED, 11, "share/b", NULL);
		rig_not_told(&g);
		rig_finish(&g);
	}
}

/* The end by a status, by a size that was told; and what is not whole. */
static void test_whole(void **state)
{
	struct sp_drive_io_request q;
	struct sp_wr w;
	struct rig g;

	rig_open(&g, &rig_reading, 1600);
	rig_open_file(&g, "\\a", 1, false);
	rig_read_piece(&g, 1, 0, "abc", 3);
	rig_ask_read(&g, 1, 3, 5);
	rig_passed(&g);
	rig_complete(&g, SP_DRIVE_END_OF_FILE);
	rig_close_file(&g, 1);
	rig_told(&g, T, SP_TRANSFER_FILE, SP_TRANSFER_PASSED, 3, "share/a", "abc");

	for (uint64_t size = 3; size < 5; size++) {
		rig_open_file(&g, "\\a", 1, false);
		q = (struct sp_drive_io_request){.major = SP_DRIVE_IO_QUERY_INFO,
				.file = 1,
				.info = {.class = SP_DRIVE_INFO_STANDARD}};
		rig_request(&g, &q);
		rig_passed(&g);
		uint8_t info[32];
		struct sp_wr b;
		sp_wr_fixed(&b, info, sizeof(info));
		sp_drive_info_standard_write(
				&b, &(struct sp_drive_info_standard){.size = size, .links = 1});
		w = rig_completion(&g, DISK, g.completion, 0);
		sp_drive_io_data_write(&w, sp_span(info, b.n));
		rig_send_wr(&g, C, &w);
		rig_answered(&g, 0);
		rig_read_piece(&g, 1, 0, "abc", 3);
		rig_close_file(&g, 1);
		rig_told(&g, T, SP_TRANSFER_FILE, SP_TRANSFER_PASSED, 3, "share/a",
				size == 3 ? "abc" : NULL);
	}
	/* Out of order, and once more. */
	rig_open_file(&g, "\\a", 1, false);
	rig_read_piece(&g, 1, 3, "def", 9);
	rig_read_piece(&g, 1, 0, "abc", 3);
	rig_close_file(&g, 1);
	rig_told(&g, T, SP_TRANSFER_FILE, SP_TRANSFER_PASSED, 6, "share/a", NULL);
	rig_open_file(&g, "\\a", 1, false);
	rig_read_piece(&g, 1, 0, "abc", 9);
	rig_read_piece(&g, 1, 0, "abc", 9);
	sp_drive_filter_stop(&g.f);
	rig_told(&g, T, SP_TRANSFER_FILE, SP_TRANSFER_PASSED, 6, "share/a", NULL);
	rig_finish(&g);
}

/* ---- a drive that is only for reading ---- */

static void test_read_only(void **state)
{
	static const struct {
		uint32_t access, disposition, options;
		bool pass;
	} rows[] = {
			{SP_DRIVE_IO_READ_DATA, SP_DRIVE_IO_OPEN, 0, true},
			{SP_DRIVE_IO_GENERIC_READ, SP_DRIVE_IO_OPEN, SP_DRIVE_IO_DIRECTORY_FILE,
					true},
			{SP_DRIVE_IO_MAXIMUM_ALLOWED, SP_DRIVE_IO_OPEN, 0, true},
			{SP_DRIVE_IO_WRITE_DATA, SP_DRIVE_IO_OPEN, 0, false},
			{SP_DRIVE_IO_APPEND_DATA, SP_DRIVE_IO_OPEN, 0, false},
			{SP_DRIVE_IO_WRITE_EA, SP_DRIVE_IO_OPEN, 0, false},
			{SP_DRIVE_IO_DELETE_CHILD, SP_DRIVE_IO_OPEN, 0, false},
			{SP_DRIVE_IO_WRITE_ATTRIBUTES, SP_DRIVE_IO_OPEN, 0, false},
			{SP_DRIVE_IO_DELETE, SP_DRIVE_IO_OPEN, 0, false},
			{SP_DRIVE_IO_WRITE_DAC, SP_DRIVE_IO_OPEN, 0, false},
			{SP_DRIVE_IO_WRITE_OWNER, SP_DRIVE_IO_OPEN, 0, false},
			{SP_DRIVE_IO_GENERIC_ALL, SP_DRIVE_IO_OPEN, 0, false},
			{SP_DRIVE_IO_GENERIC_WRITE, SP_DRIVE_IO_OPEN, 0, false},
			{0x01000000, SP_DRIVE_IO_OPEN, 0, false},
			{SP_DRIVE_IO_READ_DATA, SP_DRIVE_IO_SUPERSEDE, 0, false},
			{SP_DRIVE_IO_READ_DATA, SP_DRIVE_IO_CREATE_NEW, 0, false},
			{SP_DRIVE_IO_READ_DATA, SP_DRIVE_IO_OVERWRITE, 0, false},
			{SP_DRIVE_IO_READ_DATA, SP_DRIVE_IO_OVERWRITE_IF, 0, false},
			{SP_DRIVE_IO_READ_DATA, SP_DRIVE_IO_CREATE_NEW, SP_DRIVE_IO_DIRECTORY_FILE,
					false},
			{SP_DRIVE_IO_READ_DATA, SP_DRIVE_IO_OPEN, SP_DRIVE_IO_DELETE_ON_CLOSE,
					false},
	};
	struct sp_drive_io_request q;
	struct sp_wr p;
	struct rig g;

	rig_open(&g, &rig_reading, 1600);
	for (size_t i = 0; i < SP_LEN(rows); i++) {
		q = rig_creating(rig_utf16(&p, "\\f"));
		q.create.access = rows[i].access;
		q.create.disposition = rows[i].disposition;
		q.create.options = rows[i].options;
		rig_request(&g, &q);
		if (rows[i].pass) {
			rig_passed(&g);
			rig_complete(&g, SP_DRIVE_NO_SUCH_FILE);
			rig_not_told(&g);
		} else {
			rig_answered(&g, SP_DRIVE_ACCESS_DENIED);
			rig_told(&g, C, SP_TRANSFER_OPEN, SP_TRANSFER_REFUSED, 0, "share/f", NULL);
		}
		sp_wr_finish(&p);
	}
	/* What would make a file only if there is none opens what there is. */
	q = rig_creating(rig_utf16(&p, "\\f"));
	q.create.disposition = SP_DRIVE_IO_OPEN_IF;
	rig_request(&g, &q);
	struct sp_drive_head h;
	struct sp_span m = rig_got(&g, C);
	struct sp_rd r;
	sp_rd_init(&r, m.p, m.n);
	assert_int_equal(sp_drive_head_read(&r, &h), SP_OK);
	assert_int_equal(sp_drive_io_request_read(&r, &q), SP_OK);
	assert_int_equal(q.create.disposition, SP_DRIVE_IO_OPEN);
	assert_int_equal(q.create.access, SP_DRIVE_IO_READ_DATA);
	rig_clear(&g);
	sp_wr_finish(&p);
	rig_finish(&g);
}

static void test_read_only_handles(void **state)
{
	static const uint32_t classes[] = {SP_DRIVE_INFO_BASIC, SP_DRIVE_INFO_END_OF_FILE,
			SP_DRIVE_INFO_ALLOCATION, SP_DRIVE_INFO_DISPOSITION, SP_DRIVE_INFO_RENAME,
			11, 65};
	struct sp_drive_io_request q;
	struct rig g;

	rig_open(&g, &rig_reading, 100);
	rig_open_file(&g, "\\f", 9, false);
	q = (struct sp_drive_io_request){.major = SP_DRIVE_IO_WRITE,
			.file = 9,
			.write = {.data = sp_span("secret of the target, and longer than a chunk",
						  45)}};
	rig_request(&g, &q);
	rig_answered(&g, SP_DRIVE_ACCESS_DENIED);
	rig_told(&g, C, SP_TRANSFER_FILE, SP_TRANSFER_REFUSED, 0, "share/f", NULL);
	for (size_t i = 0; i < SP_LEN(classes); i++) {
		static const uint8_t zeros[64];

		q = (struct sp_drive_io_request){.major = SP_DRIVE_IO_SET_INFO,
				.file = 9,
				.info = {.class = classes[i], .buffer = sp_span(zeros, 40)}};
		rig_request(&g, &q);
		rig_answered(&g, SP_DRIVE_ACCESS_DENIED);
		rig_told(&g, C,
				classes[i] == SP_DRIVE_INFO_RENAME ? SP_TRANSFER_RENAME
						: classes[i] == SP_DRIVE_INFO_DISPOSITION
						? SP_TRANSFER_REMOVE
						: SP_TRANSFER_CHANGE,
				SP_TRANSFER_REFUSED, 0, "share/f", NULL);
	}
	q = (struct sp_drive_io_request){.major = SP_DRIVE_IO_SET_VOLUME, .file = 9};
	rig_request(&g, &q);
	rig_answered(&g, SP_DRIVE_ACCESS_DENIED);
	static const struct {
		uint32_t code, status;
	} codes[] = {{0x000900C4, SP_DRIVE_ACCESS_DENIED}, {0x000980C8, SP_DRIVE_ACCESS_DENIED},
			{0x000900A4, SP_DRIVE_INVALID_REQUEST},
			{0x00098344, SP_DRIVE_INVALID_REQUEST}, {0x000940CF, 0}};
	for (size_t i = 0; i < SP_LEN(codes); i++) {
		q = (struct sp_drive_io_request){.major = SP_DRIVE_IO_CONTROL,
				.file = 9,
				.control = {.code = codes[i].code, .max = 100}};
		rig_request(&g, &q);
		if (codes[i].status == 0) {
			rig_passed(&g);
			rig_complete(&g, 0);
		} else {
			rig_answered(&g, codes[i].status);
		}
	}
	/* Reading, listing, locks and looking at it all go on. */
	rig_read_piece(&g, 9, 0, "abc", 3);
	q = (struct sp_drive_io_request){.major = SP_DRIVE_IO_QUERY_VOLUME,
			.file = 9,
			.info = {.class = SP_DRIVE_INFO_SIZE}};
	rig_request(&g, &q);
	rig_passed(&g);
	rig_complete(&g, 0);
	/* What is no function of a drive is answered, too. */
	rig_send(&g, T, unit_hex("7244 5249 03000000 09000000 99000000 77000000 00000000 0000"));
	assert_int_equal(g.end[T].n, 1);
	rig_clear(&g);
	rig_finish(&g);
}

/* ---- writing ---- */

static void test_write(void **state)
{
	static const size_t cuts[] = {1600, 1, 3, 55, 56, 57};

	for (size_t k = 0; k < SP_LEN(cuts); k++) {
		struct rig g;

		rig_open(&g, &rig_writing, cuts[k]);
		rig_open_file(&g, "\\new.txt", 9, true);
		rig_write_piece(&g, 9, 0, "hello ");
		rig_write_piece(&g, 9, 6, "world");
		rig_close_file(&g, 9);
		rig_told(&g, C, SP_TRANSFER_FILE, SP_TRANSFER_PASSED, 11, "share/new.txt",
				"hello world");
		rig_open_file(&g, "\\empty", 9, true);
		rig_close_file(&g, 9);
		rig_told(&g, C, SP_TRANSFER_FILE, SP_TRANSFER_PASSED, 0, "share/empty", "");
		/* Into a file that has something in it already. */
		rig_open_file(&g, "\\old", 9, false);
		rig_write_piece(&g, 9, 0, "hello ");
		rig_close_file(&g, 9);
		rig_told(&g, C, SP_TRANSFER_FILE, SP_TRANSFER_PASSED, 6, "share/old", NULL);
		rig_open_file(&g, "\\holes", 9, true);
		rig_write_piece(&g, 9, 100, "x");
		rig_close_file(&g, 9);
		rig_told(&g, C, SP_TRANSFER_FILE, SP_TRANSFER_PASSED, 1, "share/holes", NULL);
		rig_not_told(&g);
		rig_finish(&g);
	}
}

static void set_end(struct rig *g, uint32_t file, uint64_t end)
{
	uint8_t buf[8];
	struct sp_wr b;

	sp_wr_fixed(&b, buf, sizeof(buf));
	sp_drive_info_u64_write(&b, end);
	struct sp_drive_io_request q = {.major = SP_DRIVE_IO_SET_INFO,
			.file = file,
			.info = {.class = SP_DRIVE_INFO_END_OF_FILE, .buffer = sp_span(buf, 8)}};
	rig_request(g, &q);
	rig_passed(g);
	rig_complete(g, 0);
}

static void test_write_ends(void **state)
{
	struct rig g;

	/* Its size first, as Windows copies; a size that is not reached; a failure on the way. */
	rig_open(&g, &rig_writing, 1600);
	rig_open_file(&g, "\\a", 9, true);
	set_end(&g, 9, 3);
	rig_write_piece(&g, 9, 0, "abc");
	rig_close_file(&g, 9);
	rig_told(&g, C, SP_TRANSFER_FILE, SP_TRANSFER_PASSED, 3, "share/a", "abc");
	rig_open_file(&g, "\\a", 9, true);
	set_end(&g, 9, 4);
	rig_write_piece(&g, 9, 0, "abc");
	rig_close_file(&g, 9);
	rig_told(&g, C, SP_TRANSFER_FILE, SP_TRANSFER_PASSED, 3, "share/a", NULL);
	rig_open_file(&g, "\\a", 9, true);
	struct sp_drive_io_request q = {.major = SP_DRIVE_IO_WRITE,
			.file = 9,
			.write = {.data = sp_span("abc", 3)}};
	rig_request(&g, &q);
	rig_passed(&g);
	rig_complete(&g, SP_DRIVE_DISK_FULL);
	rig_close_file(&g, 9);
	rig_told(&g, C, SP_TRANSFER_FILE, SP_TRANSFER_PASSED, 3, "share/a", NULL);
	rig_finish(&g);
}

static void test_rename_and_remove(void **state)
{
	struct sp_drive_io_request q;
	struct sp_transfer ev;
	uint8_t buf[256];
	struct sp_wr b, p;
	struct rig g;

	rig_open(&g, &rig_writing, 1600);
	rig_open_file(&g, "\\a", 9, false);
	sp_wr_fixed(&b, buf, sizeof(buf));
	sp_drive_info_rename_write(
			&b, &(struct sp_drive_info_rename){.path = rig_utf16(&p, "\\dir\\b")});
	sp_wr_finish(&p);
	q = rig_setting(9, SP_DRIVE_INFO_RENAME, buf, b.n);
	rig_request(&g, &q);
	rig_passed(&g);
	rig_not_told(&g); /* not yet */
	rig_complete(&g, 0);
	assert_true(sp_drive_filter_event(&g.f, &ev));
	assert_int_equal(ev.kind, SP_TRANSFER_RENAME);
	assert_string_equal(ev.name, "share/a");
	assert_string_equal(ev.next, "dir/b");
	rig_request(&g, &q);
	rig_passed(&g);
	rig_complete(&g, SP_DRIVE_NAME_COLLISION);
	rig_not_told(&g);
	sp_wr_fixed(&b, buf, sizeof(buf));
	sp_drive_info_disposition_write(&b, true);
	q = rig_setting(9, SP_DRIVE_INFO_DISPOSITION, buf, b.n);
	rig_request(&g, &q);
	rig_passed(&g);
	rig_complete(&g, 0);
	rig_told(&g, C, SP_TRANSFER_REMOVE, SP_TRANSFER_PASSED, 0, "share/dir/b", NULL);
	/* Links, streams and names by other ways. */
	for (uint32_t class = 0; class < 80; class ++) {
		bool known = class == SP_DRIVE_INFO_BASIC || class == SP_DRIVE_INFO_RENAME ||
				class == SP_DRIVE_INFO_DISPOSITION ||
				class == SP_DRIVE_INFO_ALLOCATION ||
				class == SP_DRIVE_INFO_END_OF_FILE;

		if (!known) {
			q = rig_setting(9, class, buf, 8);
			rig_request(&g, &q);
			rig_answered(&g, SP_DRIVE_INVALID_CLASS);
		}
	}
	/* A directory is made. */
	q = rig_creating(rig_utf16(&p, "\\d"));
	q.create.disposition = SP_DRIVE_IO_CREATE_NEW;
	q.create.options = SP_DRIVE_IO_DIRECTORY_FILE;
	rig_request(&g, &q);
	sp_wr_finish(&p);
	rig_passed(&g);
	struct sp_wr w = rig_completion(&g, DISK, g.completion, 0);
	sp_drive_io_created_write(&w, &(struct sp_drive_io_created_file){.file = 77});
	rig_send_wr(&g, C, &w);
	rig_answered(&g, 0);
	rig_told(&g, C, SP_TRANSFER_OPEN, SP_TRANSFER_PASSED, 0, "share/d", NULL);
	rig_finish(&g);
}

/* ---- limits ---- */

static void test_limit(void **state)
{
	static const struct sp_drive_rules five = {.read = true, .write = true, .limit = 5};
	struct sp_drive_io_request q;
	struct rig g;

	rig_open(&g, &five, 1600);
	rig_open_file(&g, "\\f", 9, false);
	rig_read_piece(&g, 9, 0, "12345", 100);
	rig_ask_read(&g, 9, 5, 100); /* where its end would be told */
	rig_passed(&g);
	rig_give_read(&g, "6", 1);
	rig_answered(&g, SP_DRIVE_ACCESS_DENIED);
	rig_told(&g, T, SP_TRANSFER_FILE, SP_TRANSFER_TOO_LARGE, 6, "share/f", NULL);
	rig_ask_read(&g, 9, 6, 1);
	rig_answered(&g, SP_DRIVE_ACCESS_DENIED);
	rig_not_told(&g); /* once is enough */
	rig_close_file(&g, 9);
	rig_told(&g, T, SP_TRANSFER_FILE, SP_TRANSFER_PASSED, 5, "share/f", "12345");
	rig_open_file(&g, "\\f", 9, false);
	rig_write_piece(&g, 9, 0, "12345");
	q = (struct sp_drive_io_request){.major = SP_DRIVE_IO_WRITE,
			.file = 9,
			.write = {.offset = 4, .data = sp_span("56", 2)}};
	rig_request(&g, &q);
	rig_answered(&g, SP_DRIVE_ACCESS_DENIED);
	rig_told(&g, C, SP_TRANSFER_FILE, SP_TRANSFER_TOO_LARGE, 6, "share/f", NULL);
	q.write.offset = UINT64_MAX;
	rig_request(&g, &q);
	rig_answered(&g, SP_DRIVE_INVALID_PARAMETER);
	rig_finish(&g);
}

/* Reads of absurd length, more requests and files than there may be: N-D1, N-D6 */
static void test_bounds(void **state)
{
	struct sp_drive_io_request q;
	struct sp_wr p;
	struct rig g;

	rig_open(&g, &rig_reading, 1600);
	rig_open_file(&g, "\\f", 9, false);
	rig_ask_read(&g, 9, 0, 0xFFFFFFFF);
	rig_answered(&g, SP_DRIVE_INVALID_PARAMETER);
	for (size_t i = 0; i < SP_DRIVE_MAX_PENDING; i++) {
		rig_ask_read(&g, 9, 0, 100);
		rig_passed(&g);
	}
	for (size_t i = 0; i < 100; i++) {
		rig_ask_read(&g, 9, 0, 100);
		rig_answered(&g, SP_DRIVE_NO_RESOURCES);
	}
	rig_finish(&g);

	rig_open(&g, &rig_reading, 1600);
	struct sp_span path = rig_utf16(&p, "\\f");
	for (uint32_t i = 0; i < SP_DRIVE_MAX_OPEN; i++) {
		rig_open_file(&g, "\\f", 100 + i, false);
	}
	q = rig_creating(path);
	rig_request(&g, &q);
	rig_answered(&g, SP_DRIVE_TOO_MANY_FILES);
	rig_close_file(&g, 150);
	rig_open_file(&g, "\\f", 150, false);
	/* A number that is open already stands for the new file. */
	rig_close_file(&g, 151);
	for (int i = 0; i < 3000; i++) {
		rig_open_file(&g, "\\again", 300, false);
	}
	assert_int_equal(g.f.n_open, SP_DRIVE_MAX_OPEN - 1);
	sp_wr_finish(&p);
	rig_finish(&g);
}

/* ---- answers: N-D3, N-D4 ---- */

static void test_not_asked(void **state)
{
	struct sp_wr w;
	struct rig g;

	rig_open(&g, &rig_writing, 1600);
	/* Nobody asked; twice; for another device; for what is closed. */
	for (uint32_t i = 0; i < 10; i++) {
		w = rig_completion(&g, DISK, i, 0);
		sp_drive_io_data_write(&w, sp_span("abc", 3));
		rig_send_wr(&g, C, &w);
	}
	rig_quiet(&g);
	rig_open_file(&g, "\\f", 9, false);
	rig_ask_read(&g, 9, 0, 10);
	rig_passed(&g);
	w = rig_completion(&g, DISK + 1, g.completion, 0);
	sp_drive_io_data_write(&w, sp_span("abc", 3));
	rig_send_wr(&g, C, &w);
	rig_quiet(&g);
	rig_give_read(&g, "abc", 3);
	rig_answered(&g, 0);
	rig_give_read(&g, "abc", 3);
	rig_quiet(&g);
	/* A number that waits already: the first one has it. */
	rig_ask_read(&g, 9, 3, 10);
	rig_passed(&g);
	g.completion--;
	rig_ask_read(&g, 9, 0, 10);
	rig_quiet(&g);
	rig_give_read(&g, "def", 3);
	rig_answered(&g, 0);
	/* More than was asked for; less than it says; of another kind. */
	static const char *const lies[] = {"0b000000 4141414141414141414141", "ffffffff 41",
			"05000000 41414141", "02000000 4141414141414141414141414141"};
	for (size_t i = 0; i < SP_LEN(lies); i++) {
		rig_ask_read(&g, 9, 6, 10);
		rig_passed(&g);
		w = rig_completion(&g, DISK, g.completion, 0);
		sp_wr_span(&w, unit_hex(lies[i]));
		rig_send_wr(&g, C, &w);
		rig_answered(&g, SP_DRIVE_IO_ERROR);
	}
	struct sp_drive_io_request q = {.major = SP_DRIVE_IO_WRITE,
			.file = 9,
			.write = {.data = sp_span("abc", 3)}};
	rig_request(&g, &q);
	rig_passed(&g);
	w = rig_completion(&g, DISK, g.completion, 0);
	sp_drive_io_length_write(&w, 4);
	rig_send_wr(&g, C, &w);
	rig_answered(&g, SP_DRIVE_IO_ERROR);
	/* After it is closed. */
	rig_close_file(&g, 9);
	rig_ask_read(&g, 9, 0, 10);
	rig_answered(&g, SP_DRIVE_INVALID_HANDLE);
	rig_finish(&g);
}

/* What breaks off in the middle, on either side, is answered; the channel goes on. N-D2 */
static void test_broken(void **state)
{
	struct rig g;
	struct sp_wr w;

	rig_open(&g, &rig_writing, 1600);
	rig_open_file(&g, "\\f", 9, false);
	rig_ask_read(&g, 9, 0, 100);
	rig_passed(&g);
	w = rig_completion(&g, DISK, g.completion, 0);
	sp_wr_span(&w, unit_hex("64000000 41424344"));
	rig_chunk(&g, C, 120, SP_SVC_FIRST, sp_span(w.p, w.n));
	sp_wr_zero(&w, 60);
	rig_chunk(&g, C, 120, 0, sp_span(w.p + 24, 60));
	assert_int_equal(g.end[T].n, 0);
	rig_ask_read(&g, 99, 0, 5); /* an answer of ours may not stand in the middle */
	assert_int_equal(g.end[T].n, 0);
	rig_chunk(&g, C, 90, 0, sp_span(w.p, 4));
	assert_int_equal(g.end[T].n, 2);
	assert_int_equal(g.f.n_asks, 0);
	rig_clear(&g);
	sp_wr_finish(&w);
	/* A write. */
	struct sp_drive_io_request q = {.device = DISK,
			.completion = 500,
			.file = 9,
			.major = SP_DRIVE_IO_WRITE,
			.write = {.data = sp_span("abcdefghijklmnopqrstuvwxyz", 26)}};
	sp_wr_init(&w, 1024);
	sp_drive_io_request_write(&w, &q);
	rig_chunk(&g, T, (uint32_t)w.n, SP_SVC_FIRST, sp_span(w.p, 60));
	rig_chunk(&g, T, (uint32_t)w.n, SP_SVC_FIRST, sp_span(w.p, 10));
	g.completion = 500;
	rig_answered(&g, SP_DRIVE_IO_ERROR);
	g.completion = 600;
	sp_wr_finish(&w);
	/* A write whose length is a lie: N-D1 */
	sp_wr_init(&w, 1024);
	q.completion = 700;
	sp_drive_io_request_write(&w, &q);
	memset(w.p + 24, 0xFF, 4);
	rig_send(&g, T, sp_span(w.p, w.n));
	g.completion = 700;
	rig_answered(&g, SP_DRIVE_INVALID_PARAMETER);
	sp_wr_finish(&w);
	rig_read_piece(&g, 9, 0, "fine", 10);
	rig_finish(&g);
}

/* FIRST without LAST, for ever: nothing is kept. */
static void test_endless(void **state)
{
	static uint8_t zeros[1600];
	struct rig g;

	rig_open(&g, &rig_writing, 1600);
	rig_chunk(&g, C, 0xFFFFFFFF, SP_SVC_FIRST, unit_hex("7244 4144 01000000"));
	for (int i = 0; i < 1000; i++) {
		rig_chunk(&g, C, 0xFFFFFFFF, 0, sp_span(zeros, sizeof(zeros)));
	}
	assert_true(g.f.sieve.from[C].data.cap <= 64u << 10);
	rig_quiet(&g);
	rig_send(&g, C, unit_hex("7244 4e43 00000000"));
	assert_int_equal(g.end[T].n, 1);
	rig_clear(&g);
	/* A long one of those that are put together. */
	rig_chunk(&g, T, 100000, SP_SVC_FIRST,
			unit_hex("7244 5249 03000000 00000000 07000000 00000000 00000000 "
				 "00000000 00000000 00000000 00000000 00000000 00000000 00000000 "
				 "00000000 00000000"));
	assert_int_equal(g.end[T].n, 1); /* refused at once */
	rig_finish(&g);
}

/* The target begins anew. */
static void test_restart(void **state)
{
	struct rig g;

	rig_open(&g, &rig_reading, 1600);
	rig_open_file(&g, "\\f", 9, false);
	rig_read_piece(&g, 9, 0, "abc", 3);
	rig_ask_read(&g, 9, 3, 3);
	rig_passed(&g);
	rig_send(&g, T, unit_hex("7244 6e49 0100 0d00 01000000"));
	assert_int_equal(g.end[C].n, 1);
	rig_clear(&g);
	rig_told(&g, T, SP_TRANSFER_FILE, SP_TRANSFER_PASSED, 3, "share/f", NULL);
	rig_give_read(&g, "def", 3);
	rig_quiet(&g);
	rig_ask_read(&g, 9, 0, 3);
	rig_answered(&g, SP_DRIVE_NO_SUCH_DEVICE);
	rig_finish(&g);
}

/* A printer is not looked into, but its requests and answers are counted like others. */
static void test_others(void **state)
{
	static const struct sp_drive_rules other = {.other = true};
	struct rig g;
	struct sp_wr w;

	rig_start(&g, &other, 1600);
	rig_announce(&g, SP_DRIVE_TYPE_PRINTER, DISK, "PRN1");
	rig_clear(&g);
	struct sp_drive_io_request q = {
			.major = SP_DRIVE_IO_CONTROL, .control = {.code = 0x12345678, .max = 10}};
	rig_request(&g, &q);
	rig_passed(&g);
	rig_complete(&g, 0);
	q = (struct sp_drive_io_request){.major = SP_DRIVE_IO_WRITE,
			.file = 5,
			.write = {.data = sp_span("page", 4)}};
	rig_request(&g, &q);
	rig_passed(&g);
	w = rig_completion(&g, DISK, g.completion, 0);
	sp_drive_io_length_write(&w, 4);
	rig_send_wr(&g, C, &w);
	rig_answered(&g, 0);
	w = rig_completion(&g, DISK, g.completion, 0);
	rig_send_wr(&g, C, &w);
	rig_quiet(&g);
	rig_send(&g, C, unit_hex("5250 4350 00000000"));
	assert_int_equal(g.end[T].n, 1);
	rig_finish(&g);
}

/* Every message of the specification through it, cut at every byte. */
static void test_every_cut(void **state)
{
	static const char *const names[] = {"4.10-client-device-list-announce-request",
			"4.12-server-create-drive-request", "4.16-server-drive-read-request",
			"4.18-server-drive-write-request", "4.20-server-drive-control-request",
			"4.26-server-drive-query-information-request",
			"4.34-server-drive-lock-control-request", "4.17-client-drive-read-response",
			"4.13-client-drive-create-response"};

	for (size_t i = 0; i < SP_LEN(names); i++) {
		char file[128];

		snprintf(file, sizeof(file), "spec/MS-RDPEFS-%s.hex", names[i]);
		struct sp_span m = unit_vector(file);
		for (int side = 0; side < 2; side++) {
			for (size_t cut = 1; cut < m.n; cut++) {
				struct rig g;

				rig_open(&g, &rig_writing, cut);
				rig_announce(&g, SP_DRIVE_TYPE_FILES, 1, "one");
				rig_send(&g, side ? T : C, m);
				rig_send(&g, side ? T : C, sp_span(m.p, cut)); /* cut off */
				rig_finish(&g);
			}
		}
	}
}

static void test_no_memory(void **state)
{
	for (long n = 0; n < 30; n++) {
		struct rig g;
		struct sp_wr p, w;
		struct sp_sieve_out out;

		rig_open(&g, &rig_reading, 1600);
		struct sp_drive_io_request q = rig_creating(rig_utf16(&p, "\\f"));
		q.device = DISK;
		q.completion = 1;
		sp_wr_init(&w, 4096);
		sp_wr_zero(&w, 8);
		sp_drive_io_request_write(&w, &q);
		w.p[0] = (uint8_t)(w.n - 8);
		w.p[4] = SP_SVC_FIRST | SP_SVC_LAST;
		struct sp_wr c = rig_completion(&g, DISK, 1, 0), d;
		sp_drive_io_created_write(&c, &(struct sp_drive_io_created_file){.file = 9});
		sp_wr_init(&d, 4096);
		sp_wr_le32(&d, (uint32_t)c.n);
		sp_wr_le32(&d, SP_SVC_FIRST | SP_SVC_LAST);
		sp_wr_put(&d, c.p, c.n);
		sp_mem_fail_after(n);
		int rc = sp_drive_filter_feed(&g.f, T, sp_span(w.p, w.n));
		while (rc == SP_OK && sp_drive_filter_next(&g.f, &out)) {
		}
		if (rc == SP_OK) {
			rc = sp_drive_filter_feed(&g.f, C, sp_span(d.p, d.n));
		}
		sp_mem_fail_after(-1);
		assert_true(rc == SP_OK || rc == SP_ENOMEM);
		assert_true(n > 0 || rc == SP_ENOMEM);
		sp_wr_finish(&p);
		sp_wr_finish(&w);
		sp_wr_finish(&c);
		sp_wr_finish(&d);
		rig_finish(&g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_beginning),
			cmocka_unit_test(test_kinds),
			cmocka_unit_test(test_device_names),
			cmocka_unit_test(test_removed),
			cmocka_unit_test(test_read),
			cmocka_unit_test(test_whole),
			cmocka_unit_test(test_read_only),
			cmocka_unit_test(test_read_only_handles),
			cmocka_unit_test(test_write),
			cmocka_unit_test(test_write_ends),
			cmocka_unit_test(test_rename_and_remove),
			cmocka_unit_test(test_limit),
			cmocka_unit_test(test_bounds),
			cmocka_unit_test(test_not_asked),
			cmocka_unit_test(test_broken),
			cmocka_unit_test(test_endless),
			cmocka_unit_test(test_restart),
			cmocka_unit_test(test_others),
			cmocka_unit_test(test_every_cut),
			cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
