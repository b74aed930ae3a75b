/* tests/core/chan/test_drive.c - the messages of redirected drives, against the specification's own. */
#include "unit.h"

#include <string.h>

#include "core/chan/drive_info.h"
#include "core/chan/drive_io.h"

#define V "spec/MS-RDPEFS-"

static struct sp_rd body_of(struct sp_span in, uint16_t packet)
{
	struct sp_drive_head h;
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_drive_head_read(&r, &h), SP_OK);
	assert_int_equal(h.component, SP_DRIVE_CORE);
	assert_int_equal(h.packet, packet);
	return r;
}

/* Whatever comes of it: it must only not crash. */
static void ignore(int rc)
{
	(void)rc;
}

static uint8_t buf[4096];
static struct sp_wr w;

static struct sp_span written(void)
{
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	return sp_span(buf, w.n);
}

static void start(uint16_t packet)
{
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_drive_head_write(&w, packet);
}

static void test_begin(void **state)
{
	static const struct {
		const char *name;
		uint16_t packet;
	} rows[] = {
			{V "4.3-server-announce-request.hex", SP_DRIVE_SERVER_ANNOUNCE},
			{V "4.4-client-announce-reply.hex", SP_DRIVE_CLIENTID_CONFIRM},
			{V "4.7-server-client-id-confirm.hex", SP_DRIVE_CLIENTID_CONFIRM},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_span in = unit_vector(rows[i].name);
		struct sp_rd r = body_of(in, rows[i].packet);
		struct sp_drive_announce a;

		assert_int_equal(sp_drive_announce_read(&r, &a), SP_OK);
		assert_int_equal(sp_rd_end(&r), SP_OK);
		assert_int_equal(a.major, SP_DRIVE_VERSION);
		start(rows[i].packet);
		sp_drive_announce_write(&w, &a);
		unit_assert_span(written(), in);
	}
	struct sp_span in = unit_vector(V "4.6-server-user-logged-on.hex");
	start(SP_DRIVE_USER_LOGGED_ON);
	unit_assert_span(written(), in);
}

static void test_name(void **state)
{
	struct sp_span in = unit_vector(V "4.5-client-name-request.hex");
	struct sp_rd r = body_of(in, SP_DRIVE_CLIENT_NAME);
	struct sp_drive_name name;

	assert_int_equal(sp_drive_name_read(&r, &name), SP_OK);
	assert_int_equal(sp_rd_end(&r), SP_OK);
	assert_true(strlen(name.text) == 14);
	start(SP_DRIVE_CLIENT_NAME);
	sp_drive_name_write(&w, name.text);
	unit_assert_span(written(), in);

	in = unit_hex("7244 4e43 00000000 00000000 04000000 6162ff00");
	r = body_of(in, SP_DRIVE_CLIENT_NAME);
	assert_int_equal(sp_drive_name_read(&r, &name), SP_OK);
	assert_string_equal(name.text, "ab?");
	in = unit_hex("7244 4e43 00000000 00000000 ffffffff 6162ff00");
	r = body_of(in, SP_DRIVE_CLIENT_NAME);
	assert_int_equal(sp_drive_name_read(&r, &name), SP_ESHORT);
}

static void test_caps(void **state)
{
	static const struct {
		const char *name;
		uint16_t packet;
	} rows[] = {
			{V "4.8-server-core-capability-request.hex", SP_DRIVE_SERVER_CAPS},
			{V "4.9-client-core-capability-response.hex", SP_DRIVE_CLIENT_CAPS},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_span in = unit_vector(rows[i].name);
		struct sp_rd r = body_of(in, rows[i].packet);
		struct sp_drive_caps caps, again;

		assert_int_equal(sp_drive_caps_read(&r, &caps), SP_OK);
		assert_int_equal(sp_rd_end(&r), SP_OK);
		assert_true(caps.has_general);
		assert_int_equal(caps.extended, 7);
		assert_int_equal(caps.special, i == 0 ? 2 : 0);
		assert_int_equal(caps.printer, 1);
		assert_int_equal(caps.port, 1);
		assert_int_equal(caps.drive, i == 0 ? 2 : 1);
		assert_int_equal(caps.smartcard, 1);
		start(rows[i].packet);
		sp_drive_caps_write(&w, &caps);
		/* What is to be ignored is not kept: osVersion, Padding. */
		assert_int_equal(w.n, in.n);
		r = body_of(written(), rows[i].packet);
		assert_int_equal(sp_drive_caps_read(&r, &again), SP_OK);
		assert_memory_equal(&again, &caps, sizeof(caps));
	}
}

static void test_devices(void **state)
{
	struct sp_span in = unit_vector(V "4.10-client-device-list-announce-request.hex");
	struct sp_rd r = body_of(in, SP_DRIVE_DEVICES);
	static const char *const names[] = {"E:", "D:", "C:"};
	struct sp_drive_device d;
	uint32_t n, id;
	char text[SP_DRIVE_MAX_NAME];

	assert_int_equal(sp_drive_count_read(&r, &n), SP_OK);
	assert_int_equal(n, 3);
	start(SP_DRIVE_DEVICES);
	sp_drive_u32_write(&w, n);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(sp_drive_device_read(&r, &d), SP_OK);
		assert_int_equal(d.type, SP_DRIVE_TYPE_FILES);
		sp_drive_device_text(&d, text);
		assert_string_equal(text, names[i]);
		sp_drive_device_write(&w, &d);
	}
	assert_int_equal(sp_rd_end(&r), SP_OK);
	unit_assert_span(written(), in);

	in = unit_vector(V "4.11-client-drive-device-list-remove.hex");
	r = body_of(in, SP_DRIVE_DEVICES_REMOVE);
	assert_int_equal(sp_drive_count_read(&r, &n), SP_OK);
	assert_int_equal(n, 1);
	assert_int_equal(sp_drive_id_read(&r, &id), SP_OK);
	assert_int_equal(id, 1);
	assert_int_equal(sp_rd_end(&r), SP_OK);

	struct sp_drive_reply reply;
	in = unit_vector(V "4.2-server-device-announce-response.hex");
	r = body_of(in, SP_DRIVE_DEVICE_REPLY);
	assert_int_equal(sp_drive_reply_read(&r, &reply), SP_OK);
	start(SP_DRIVE_DEVICE_REPLY);
	sp_drive_reply_write(&w, &reply);
	unit_assert_span(written(), in);
}

static void test_long_names(void **state)
{
	struct sp_drive_device d;
	char text[SP_DRIVE_MAX_NAME];
	struct sp_rd r;

	for (int long_name = 0; long_name < 2; long_name++) {
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_drive_device_name(&w, 7, "Dokumente \xC3\xB6", long_name);
		sp_rd_init(&r, buf, w.n);
		assert_int_equal(sp_drive_device_read(&r, &d), SP_OK);
		assert_int_equal(sp_rd_end(&r), SP_OK);
		assert_memory_equal(d.dos_name, "Dokumen\0", 8);
		sp_drive_device_text(&d, text);
		assert_string_equal(text, long_name ? "Dokumente \xC3\xB6" : "Dokumen");
	}
	/* FreeRDP's are single bytes. */
	d.data = sp_span("share", 6);
	sp_drive_device_text(&d, text);
	assert_string_equal(text, "share");
	d.data = sp_span("s\0h\0", 4);
	sp_drive_device_text(&d, text);
	assert_string_equal(text, "sh");
}

/* All requests of the specification, as they are read and as they are written again. */
static void test_requests(void **state)
{
	static const struct {
		const char *name;
		uint32_t major, minor;
		size_t same; /* bytes that are equal when written again; 0: all */
	} rows[] = {
			{V "4.14-server-close-drive-request.hex", SP_DRIVE_IO_CLOSE, 0, 0},
			{V "4.16-server-drive-read-request.hex", SP_DRIVE_IO_READ, 0, 0},
			{V "4.18-server-drive-write-request.hex", SP_DRIVE_IO_WRITE, 0, 36},
			{V "4.20-server-drive-control-request.hex", SP_DRIVE_IO_CONTROL, 0, 36},
			{V "4.22-drive-query-volume-information-request.hex",
					SP_DRIVE_IO_QUERY_VOLUME, 0, 0},
			{V "4.24-server-drive-set-volume-information-request.hex",
					SP_DRIVE_IO_SET_VOLUME, 0, 0},
			{V "4.26-server-drive-query-information-request.hex",
					SP_DRIVE_IO_QUERY_INFO, 0, 28},
			{V "4.28-server-drive-set-information-request.hex", SP_DRIVE_IO_SET_INFO, 0,
					0},
			{V "4.30-server-drive-query-directory-request.hex", SP_DRIVE_IO_DIRECTORY,
					SP_DRIVE_IO_QUERY_DIRECTORY, 0},
			{V "4.32-server-drive-notifychange-directory-request.hex",
					SP_DRIVE_IO_DIRECTORY, SP_DRIVE_IO_NOTIFY, 29},
			{V "4.34-server-drive-lock-control-request.hex", SP_DRIVE_IO_LOCK, 0, 28},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_span in = unit_vector(rows[i].name);
		struct sp_rd r = body_of(in, SP_DRIVE_REQUEST);
		struct sp_drive_io_request q;

		assert_int_equal(sp_drive_io_request_read(&r, &q), SP_OK);
		assert_int_equal(q.major, rows[i].major);
		assert_int_equal(q.minor, rows[i].minor);
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_drive_io_request_write(&w, &q);
		struct sp_span out = written();
		if (rows[i].same == 0) {
			unit_assert_span(out, in);
		} else {
			assert_memory_equal(out.p, in.p, rows[i].same);
		}
	}
}

static void test_request_fields(void **state)
{
	struct sp_drive_io_request q;
	struct sp_span in = unit_vector(V "4.12-server-create-drive-request.hex");
	struct sp_rd r = body_of(in, SP_DRIVE_REQUEST);

	assert_int_equal(sp_drive_io_request_read(&r, &q), SP_OK);
	assert_int_equal(q.device, 3);
	assert_int_equal(q.completion, 1);
	assert_int_equal(q.create.access, SP_DRIVE_IO_READ_ATTRIBUTES);
	assert_int_equal(q.create.share, 7); /* the vector names them one field too early */
	assert_int_equal(q.create.path.n, 0);

	in = unit_vector(V "4.16-server-drive-read-request.hex");
	r = body_of(in, SP_DRIVE_REQUEST);
	assert_int_equal(sp_drive_io_request_read(&r, &q), SP_OK);
	assert_int_equal(q.read.n, 0x600);
	assert_int_equal(q.read.offset, 0x2c00);

	in = unit_vector(V "4.30-server-drive-query-directory-request.hex");
	r = body_of(in, SP_DRIVE_REQUEST);
	assert_int_equal(sp_drive_io_request_read(&r, &q), SP_OK);
	assert_true(q.directory.initial);
	unit_assert_span(q.directory.path, unit_hex("5c002a00"));

	in = unit_vector(V "4.34-server-drive-lock-control-request.hex");
	r = body_of(in, SP_DRIVE_REQUEST);
	assert_int_equal(sp_drive_io_request_read(&r, &q), SP_OK);
	assert_int_equal(q.locks.operation, SP_DRIVE_IO_LOCK_EXCLUSIVE);
	assert_false(q.locks.wait);
	assert_int_equal(q.locks.n, 1);
	struct sp_drive_io_range range = sp_drive_io_range_at(&q.locks, 0);
	assert_int_equal(range.n, 100);
	assert_int_equal(range.offset, 200);

	in = unit_vector(V "4.28-server-drive-set-information-request.hex");
	r = body_of(in, SP_DRIVE_REQUEST);
	assert_int_equal(sp_drive_io_request_read(&r, &q), SP_OK);
	assert_int_equal(q.info.class, SP_DRIVE_INFO_BASIC);
	struct sp_drive_info_basic basic;
	struct sp_rd b;
	sp_rd_init(&b, q.info.buffer.p, q.info.buffer.n);
	assert_int_equal(sp_drive_info_basic_read(&b, &basic), SP_OK);
	assert_int_equal(basic.attributes, 0xa0);
	assert_int_equal(basic.written, 0);
}

static void test_refused(void **state)
{
	static const struct {
		const char *hex;
		int err;
		uint32_t major;
	} rows[] = {
			/* No such functions. */
			{"01000000 00000000 05000000 01000000 00000000", SP_EPROTO, 1},
			{"01000000 00000000 05000000 ff000000 00000000", SP_EPROTO, 0xff},
			{"01000000 00000000 05000000 0c000000 03000000", SP_EPROTO, 0xc},
			/* Cut in the head: nothing to answer to. */
			{"01000000 00000000 05000000 01000000", SP_ESHORT, UINT32_MAX},
			/* A path, bytes, an input longer than the message. */
			{"01000000 00000000 05000000 00000000 00000000 00000000 0000000000000000 "
			 "00000000 00000000 00000000 00000000 ffffffff 5c00",
					SP_ESHORT, 0},
			{"01000000 00000000 05000000 04000000 00000000 ffffffff 0000000000000000 "
			 "0000000000000000000000000000000000000000 61",
					SP_ESHORT, 4},
			{"01000000 00000000 05000000 0e000000 00000000 00000000 fffffffe 00000000 "
			 "0000000000000000000000000000000000000000 61",
					SP_ESHORT, 0xe},
			/* Locks: none, too many, more than there are, no such operation. */
			{"01000000 00000000 05000000 11000000 00000000 02000000 00000000 00000000 "
			 "0000000000000000000000000000000000000000",
					SP_ELIMIT, 0x11},
			{"01000000 00000000 05000000 11000000 00000000 02000000 00000000 ffffffff "
			 "0000000000000000000000000000000000000000",
					SP_ELIMIT, 0x11},
			{"01000000 00000000 05000000 11000000 00000000 02000000 00000000 02000000 "
			 "0000000000000000000000000000000000000000 "
			 "00000000000000000000000000000000",
					SP_ESHORT, 0x11},
			{"01000000 00000000 05000000 11000000 00000000 07000000 00000000 01000000 "
			 "0000000000000000000000000000000000000000 "
			 "00000000000000000000000000000000",
					SP_EFIELD, 0x11},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_span in = unit_hex(rows[i].hex);
		struct sp_drive_io_request q;
		struct sp_rd r;

		sp_rd_init(&r, in.p, in.n);
		assert_int_equal(sp_drive_io_request_read(&r, &q), rows[i].err);
		assert_int_equal(q.major, rows[i].major);
	}
}

static void test_completions(void **state)
{
	struct sp_drive_io_completion c;
	struct sp_drive_io_created_file f;
	struct sp_span in = unit_vector(V "4.13-client-drive-create-response.hex"), data;
	struct sp_rd r = body_of(in, SP_DRIVE_COMPLETION);
	struct sp_drive_io_request q = {.device = 3, .completion = 1};
	uint32_t n;

	assert_int_equal(sp_drive_io_completion_read(&r, &c), SP_OK);
	assert_int_equal(c.status, SP_DRIVE_NOT_READY);
	assert_int_equal(sp_drive_io_created_read(&r, &f), SP_OK);
	assert_int_equal(sp_rd_end(&r), SP_OK);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_drive_io_failed_write(&w, &q, SP_DRIVE_NOT_READY);
	unit_assert_span(written(), in);

	in = unit_vector(V "4.17-client-drive-read-response.hex");
	r = body_of(in, SP_DRIVE_COMPLETION);
	assert_int_equal(sp_drive_io_completion_read(&r, &c), SP_OK);
	struct sp_rd again = r;
	assert_int_equal(sp_drive_io_data_read(&again, 0x5ff, &data), SP_ELIMIT);
	assert_int_equal(sp_drive_io_data_read(&r, 0x600, &data), SP_OK);
	assert_int_equal(data.n, 0x600);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_drive_io_completion_write(&w, &c);
	sp_drive_io_data_write(&w, data);
	unit_assert_span(written(), in);

	in = unit_vector(V "4.19-client-drive-write-response.hex");
	r = body_of(in, SP_DRIVE_COMPLETION);
	assert_int_equal(sp_drive_io_completion_read(&r, &c), SP_OK);
	assert_int_equal(sp_drive_io_length_read(&r, &n), SP_OK);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_drive_io_completion_write(&w, &c);
	sp_drive_io_length_write(&w, n);
	unit_assert_span(written(), in);
}

static void test_infos(void **state)
{
	struct sp_span in = unit_vector(V "4.27-client-drive-query-information-response.hex"), data;
	struct sp_rd r = body_of(in, SP_DRIVE_COMPLETION);
	struct sp_drive_io_completion c;
	struct sp_drive_info_basic basic;
	struct sp_drive_info_entry e;
	struct sp_drive_info_fs fs;
	struct sp_rd d;

	assert_int_equal(sp_drive_io_completion_read(&r, &c), SP_OK);
	assert_int_equal(sp_drive_io_data_read(&r, 64, &data), SP_OK);
	sp_rd_init(&d, data.p, data.n);
	assert_int_equal(sp_drive_info_basic_read(&d, &basic), SP_OK);
	assert_int_equal(sp_rd_end(&d), SP_OK);
	assert_int_equal(basic.attributes, 0x16);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_drive_info_basic_write(&w, &basic);
	unit_assert_span(written(), data);

	in = unit_vector(V "4.31-client-drive-query-directory-response.hex");
	r = body_of(in, SP_DRIVE_COMPLETION);
	assert_int_equal(sp_drive_io_completion_read(&r, &c), SP_OK);
	assert_int_equal(sp_drive_io_data_read(&r, 4096, &data), SP_OK);
	sp_rd_init(&d, data.p, data.n);
	assert_int_equal(sp_drive_info_entry_read(&d, SP_DRIVE_INFO_BOTH_DIRECTORY, &e), 1);
	unit_assert_span(e.name,
			unit_hex("2400 5200 6500 6300 7900 6300 6c00 6500 2e00 4200 "
				 "6900 6e00"));
	assert_int_equal(e.attributes, 0x16);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_drive_info_entry_write(&w, SP_DRIVE_INFO_BOTH_DIRECTORY, &e);
	unit_assert_span(written(), data);
	assert_int_equal(sp_drive_info_entry_read(&d, SP_DRIVE_INFO_BOTH_DIRECTORY, &e), 0);

	in = unit_vector(V "4.23-client-drive-query-volume-information-response.hex");
	r = body_of(in, SP_DRIVE_COMPLETION);
	assert_int_equal(sp_drive_io_completion_read(&r, &c), SP_OK);
	assert_int_equal(sp_drive_io_data_read(&r, 4096, &data), SP_OK);
	sp_rd_init(&d, data.p, data.n);
	assert_int_equal(sp_drive_info_fs_read(&d, &fs), SP_OK);
	unit_assert_span(fs.name, unit_hex("4e00 5400 4600 5300"));
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_drive_info_fs_write(&w, &fs);
	unit_assert_span(written(), data);
}

static void test_entries(void **state)
{
	static const uint32_t classes[] = {SP_DRIVE_INFO_DIRECTORY, SP_DRIVE_INFO_FULL_DIRECTORY,
			SP_DRIVE_INFO_BOTH_DIRECTORY, SP_DRIVE_INFO_NAMES};
	struct sp_span name = unit_hex("61006200");
	const struct sp_drive_info_entry in = {1, 2, 3, 4, 5, 6, 7, name};

	for (size_t i = 0; i < SP_LEN(classes); i++) {
		struct sp_drive_info_entry e;
		struct sp_rd r;

		/* Two in a row: the second at eight bytes' border, as Windows aligns them. */
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_drive_info_entry_write(&w, classes[i], &in);
		sp_wr_zero(&w, (8 - w.n % 8) % 8);
		sp_wr_fill_le32(&w, 0, w.n);
		size_t first = w.n;
		sp_drive_info_entry_write(&w, classes[i], &in);
		struct sp_span both = written();
		sp_rd_init(&r, both.p, both.n);
		for (int k = 0; k < 2; k++) {
			assert_int_equal(sp_drive_info_entry_read(&r, classes[i], &e), 1);
			unit_assert_span(e.name, name);
			assert_int_equal(e.size, classes[i] == SP_DRIVE_INFO_NAMES ? 0 : 5);
			assert_int_equal(e.changed, classes[i] == SP_DRIVE_INFO_NAMES ? 0 : 4);
		}
		assert_int_equal(sp_drive_info_entry_read(&r, classes[i], &e), 0);
		/* A chain that stands still, or leads out. */
		for (uint32_t next = 1; next < 8; next++) {
			sp_wr_fill_le32(&w, 0, next);
			sp_rd_init(&r, buf, both.n);
			assert_true(sp_drive_info_entry_read(&r, classes[i], &e) < 0);
		}
		sp_wr_fill_le32(&w, 0, both.n + 1);
		sp_rd_init(&r, buf, both.n);
		assert_int_equal(sp_drive_info_entry_read(&r, classes[i], &e), SP_ESHORT);
		sp_wr_fill_le32(&w, 0, first - 8);
		sp_rd_init(&r, buf, both.n);
		assert_int_equal(sp_drive_info_entry_read(&r, classes[i], &e), SP_ESHORT);
	}
}

static void test_values(void **state)
{
	struct sp_drive_info_volume v = {5, 6, true, unit_hex("6100")}, v2;
	struct sp_drive_info_size s = {10, 9, 8, 2, 512}, s2;
	struct sp_drive_info_rename n = {true, unit_hex("5c006100")}, n2;
	bool remove;
	struct sp_rd r;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_drive_info_volume_write(&w, &v);
	sp_rd_init(&r, buf, w.n);
	assert_int_equal(sp_drive_info_volume_read(&r, &v2), SP_OK);
	unit_assert_span(v2.label, v.label);
	/* With the reserved byte that must not be there. */
	memmove(buf + 18, buf + 17, 2);
	sp_rd_init(&r, buf, 20);
	assert_int_equal(sp_drive_info_volume_read(&r, &v2), SP_OK);
	unit_assert_span(v2.label, v.label);
	for (int full = 0; full < 2; full++) {
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_drive_info_size_write(&w, full, &s);
		assert_int_equal(w.n, full ? 32 : 24);
		sp_rd_init(&r, buf, w.n);
		assert_int_equal(sp_drive_info_size_read(&r, full, &s2), SP_OK);
		assert_int_equal(s2.free, full ? 8 : 9);
		assert_int_equal(s2.bytes, 512);
	}
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_drive_info_rename_write(&w, &n);
	sp_rd_init(&r, buf, w.n);
	assert_int_equal(sp_drive_info_rename_read(&r, &n2), SP_OK);
	assert_true(n2.replace);
	unit_assert_span(n2.path, n.path);
	buf[1] = 1;
	sp_rd_init(&r, buf, w.n);
	assert_int_equal(sp_drive_info_rename_read(&r, &n2), SP_EFIELD);
	sp_rd_init(&r, buf, 0);
	assert_int_equal(sp_drive_info_disposition_read(&r, &remove), SP_OK);
	assert_true(remove);
	buf[0] = 0;
	sp_rd_init(&r, buf, 1);
	assert_int_equal(sp_drive_info_disposition_read(&r, &remove), SP_OK);
	assert_false(remove);
}

static void test_times(void **state)
{
	assert_true(sp_drive_info_unix(SP_DRIVE_INFO_EPOCH) == 0);
	assert_true(sp_drive_info_filetime(0) == SP_DRIVE_INFO_EPOCH);
	assert_true(sp_drive_info_unix(SP_DRIVE_INFO_EPOCH + 15) == 1500);
	assert_true(sp_drive_info_filetime(1500) == SP_DRIVE_INFO_EPOCH + 15);
	assert_true(sp_drive_info_unix(0) == 0);
	assert_true(sp_drive_info_unix(UINT64_MAX) == 0);
	assert_true(sp_drive_info_unix(INT64_MAX) == 0);
	assert_true(sp_drive_info_filetime(INT64_MIN) > 0);
	assert_true(sp_drive_info_unix(sp_drive_info_filetime(-5000000000)) == -5000000000);
}

static void test_fails(void **state)
{
	assert_int_equal(sp_drive_status_fail(SP_DRIVE_OK), SP_DRIVE_FAIL_NONE);
	assert_int_equal(sp_drive_status_fail(SP_DRIVE_NAME_NOT_FOUND), SP_DRIVE_FAIL_NOENT);
	assert_int_equal(sp_drive_status_fail(SP_DRIVE_WRITE_PROTECTED), SP_DRIVE_FAIL_READONLY);
	assert_int_equal(sp_drive_status_fail(0xC0001234), SP_DRIVE_FAIL_IO);
	assert_int_equal(sp_drive_status_fail(0x00000103), SP_DRIVE_FAIL_NONE);
	assert_string_equal(sp_drive_status_text(SP_DRIVE_ACCESS_DENIED), "access denied");
	assert_string_equal(sp_drive_status_text(12345), "failed");
}

static void cut_request(struct sp_span in, void *arg)
{
	struct sp_drive_io_request q;
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	sp_rd_skip(&r, SP_DRIVE_HEAD);
	ignore(sp_drive_io_request_read(&r, &q));
}

static void cut_any(struct sp_span in, void *arg)
{
	struct sp_drive_caps caps;
	struct sp_drive_name name;
	struct sp_drive_device device;
	struct sp_drive_info_entry e;
	struct sp_drive_info_change ch;
	struct sp_rd r, start;
	uint32_t n;

	sp_rd_init(&start, in.p, in.n);
	sp_rd_skip(&start, SP_DRIVE_HEAD);
	r = start;
	ignore(sp_drive_caps_read(&r, &caps));
	r = start;
	ignore(sp_drive_name_read(&r, &name));
	r = start;
	for (int rc = sp_drive_count_read(&r, &n); rc == SP_OK && n > 0; n--) {
		rc = sp_drive_device_read(&r, &device);
	}
	r = start;
	sp_rd_skip(&r, 16);
	struct sp_rd entries = r;
	while (sp_drive_info_entry_read(&entries, SP_DRIVE_INFO_BOTH_DIRECTORY, &e) == 1) {
	}
	while (sp_drive_info_change_read(&r, &ch) == 1) {
	}
}

static void test_truncated(void **state)
{
	static const char *const requests[] = {V "4.12-server-create-drive-request.hex",
			V "4.16-server-drive-read-request.hex",
			V "4.18-server-drive-write-request.hex",
			V "4.20-server-drive-control-request.hex",
			V "4.28-server-drive-set-information-request.hex",
			V "4.30-server-drive-query-directory-request.hex",
			V "4.32-server-drive-notifychange-directory-request.hex",
			V "4.34-server-drive-lock-control-request.hex"};
	static const char *const others[] = {V "4.5-client-name-request.hex",
			V "4.8-server-core-capability-request.hex",
			V "4.10-client-device-list-announce-request.hex",
			V "4.31-client-drive-query-directory-response.hex"};

	for (size_t i = 0; i < SP_LEN(requests); i++) {
		unit_truncate(unit_vector(requests[i]), cut_request, NULL);
	}
	for (size_t i = 0; i < SP_LEN(others); i++) {
		unit_truncate(unit_vector(others[i]), cut_any, NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_begin),
			cmocka_unit_test(test_name),
			cmocka_unit_test(test_caps),
			cmocka_unit_test(test_devices),
			cmocka_unit_test(test_long_names),
			cmocka_unit_test(test_requests),
			cmocka_unit_test(test_request_fields),
			cmocka_unit_test(test_refused),
			cmocka_unit_test(test_completions),
			cmocka_unit_test(test_infos),
			cmocka_unit_test(test_entries),
			cmocka_unit_test(test_values),
			cmocka_unit_test(test_times),
			cmocka_unit_test(test_fails),
			cmocka_unit_test(test_truncated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
