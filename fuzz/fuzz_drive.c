/* fuzz/fuzz_drive.c - messages of redirected drives, their readers one by one and both machines. */
#include <stdlib.h>

#include "core/chan/drive_client.h"
#include "core/chan/drive_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever comes of it: it must only not crash. */
static void ignore(int rc)
{
	(void)rc;
}

static void readers(struct sp_rd start)
{
	struct sp_drive_announce announce;
	struct sp_drive_name name;
	struct sp_drive_caps caps;
	struct sp_drive_device device;
	struct sp_drive_reply reply;
	struct sp_drive_io_created_file file;
	struct sp_span span;
	char text[SP_DRIVE_MAX_NAME];
	uint32_t n;
	struct sp_rd r = start;

	ignore(sp_drive_announce_read(&r, &announce));
	r = start;
	ignore(sp_drive_name_read(&r, &name));
	r = start;
	ignore(sp_drive_caps_read(&r, &caps));
	r = start;
	for (int rc = sp_drive_count_read(&r, &n); rc == SP_OK && n > 0; n--) {
		rc = sp_drive_device_read(&r, &device);
		if (rc == SP_OK) {
			sp_drive_device_text(&device, text);
		}
	}
	r = start;
	ignore(sp_drive_id_read(&r, &n));
	ignore(sp_drive_reply_read(&r, &reply));
	ignore(sp_drive_io_created_read(&r, &file));
	ignore(sp_drive_io_length_read(&r, &n));
	r = start;
	if (sp_drive_io_data_read(&r, 4096, &span) == SP_OK && span.n > 4096) {
		abort();
	}
}

static void infos(struct sp_rd start)
{
	struct sp_drive_info_basic basic;
	struct sp_drive_info_standard standard;
	struct sp_drive_info_tag tag;
	struct sp_drive_info_rename rename;
	struct sp_drive_info_volume volume;
	struct sp_drive_info_size s;
	struct sp_drive_info_fs fs;
	struct sp_drive_info_device device;
	struct sp_drive_info_entry e;
	struct sp_drive_info_change c;
	struct sp_span label;
	uint64_t value;
	bool remove;
	struct sp_rd r = start;
	size_t left = sp_rd_left(&start), n = 0;

	ignore(sp_drive_info_basic_read(&r, &basic));
	(void)sp_drive_info_unix(basic.written);
	r = start;
	ignore(sp_drive_info_standard_read(&r, &standard));
	ignore(sp_drive_info_tag_read(&r, &tag));
	ignore(sp_drive_info_u64_read(&r, &value));
	ignore(sp_drive_info_disposition_read(&r, &remove));
	ignore(sp_drive_info_device_read(&r, &device));
	r = start;
	ignore(sp_drive_info_rename_read(&r, &rename));
	r = start;
	ignore(sp_drive_info_volume_read(&r, &volume));
	r = start;
	ignore(sp_drive_info_size_read(&r, true, &s));
	r = start;
	ignore(sp_drive_info_fs_read(&r, &fs));
	r = start;
	ignore(sp_drive_info_label_read(&r, &label));
	for (uint32_t kind = 1; kind <= SP_DRIVE_INFO_NAMES; kind++) {
		r = start;
		for (n = 0; sp_drive_info_entry_read(&r, kind, &e) == 1; n++) {
			if (n > left) {
				abort();
			}
		}
	}
	r = start;
	for (n = 0; sp_drive_info_change_read(&r, &c) == 1; n++) {
		if (n > left) {
			abort();
		}
	}
}

static void request(struct sp_rd r)
{
	struct sp_drive_io_request a, b;
	struct sp_wr w;

	if (sp_drive_io_request_read(&r, &a) != SP_OK) {
		return;
	}
	sp_wr_init(&w, 1 << 20);
	sp_drive_io_request_write(&w, &a);
	sp_rd_init(&r, w.p, w.n);
	sp_rd_skip(&r, SP_DRIVE_HEAD);
	if (sp_wr_ok(&w) != SP_OK || sp_drive_io_request_read(&r, &b) != SP_OK ||
			a.device != b.device || a.major != b.major || a.minor != b.minor) {
		abort();
	}
	if (a.major == SP_DRIVE_IO_LOCK) {
		for (uint32_t i = 0; i < a.locks.n; i++) {
			(void)sp_drive_io_range_at(&a.locks, i);
		}
	}
	sp_wr_finish(&w);
}

/* A length byte before each message, so that several reach the machines. */
static struct sp_span cut(const uint8_t **p, size_t *size)
{
	size_t n = (*p)[0];
	struct sp_span s;

	n = n < *size - 1 ? n : *size - 1;
	s = sp_span(*p + 1, n);
	*p += n + 1;
	*size -= n + 1;
	return s;
}

static void out_server(struct sp_drive_server *s)
{
	struct sp_rcbuf *b;

	while ((b = sp_drive_server_out(s)) != NULL) {
		sp_rcbuf_unref(b);
	}
}

static void server(const uint8_t *p, size_t size)
{
	struct sp_drive_server *s = sp_drive_server_create(NULL);
	struct sp_drive_server_event ev;
	uint64_t now = 1, tag = 1, answers = 0, taken = 0;

	if (!s || sp_drive_server_attach(s, 1) != SP_OK) {
		abort();
	}
	while (size > 0) {
		struct sp_span m = cut(&p, &size);

		if (sp_drive_server_feed(s, m.p, m.n, ++now) != SP_OK) {
			break;
		}
		while (sp_drive_server_next(s, &ev)) {
			struct sp_drive_server_at at = {.drive = ev.drive, .path = "a/b"};
			struct sp_drive_server_at file = {.file = ev.file};

			answers += ev.kind == SP_DRIVE_SERVER_ANSWER;
			if (ev.kind == SP_DRIVE_SERVER_ADDED) {
				taken += sp_drive_server_stat(s, &at, tag++, now) == SP_OK;
				taken += sp_drive_server_list(s, ev.drive, "", "*", tag++, now) ==
						SP_OK;
				taken += sp_drive_server_open(s, ev.drive, "x", 3, tag++, now) ==
						SP_OK;
				taken += sp_drive_server_volume(s, ev.drive, tag++, now) == SP_OK;
				taken += sp_drive_server_watch(s, ev.drive, "", true, 7, tag++,
							 now) == SP_OK;
			} else if (ev.kind == SP_DRIVE_SERVER_ANSWER && file.file) {
				taken += sp_drive_server_read(s, file.file, 0, 200000, tag++,
							 now) == SP_OK;
				taken += sp_drive_server_write(s, file.file, 0, "abc", 3, tag++,
							 now) == SP_OK;
				taken += sp_drive_server_stat(s, &file, tag++, now) == SP_OK;
				sp_drive_server_close(s, file.file, now);
			}
		}
		out_server(s);
	}
	sp_drive_server_tick(s, now + 1000000000);
	sp_drive_server_detach(s);
	while (sp_drive_server_next(s, &ev)) {
		answers += ev.kind == SP_DRIVE_SERVER_ANSWER;
	}
	if (answers != taken) {
		abort();
	}
	sp_drive_server_destroy(s);
}

static void client(const uint8_t *p, size_t size)
{
	struct sp_drive_client *c = sp_drive_client_create("fuzz");
	struct sp_drive_client_event ev;
	struct sp_rcbuf *b;
	uint32_t device;

	if (!c || sp_drive_client_offer(c, "home", &device) != SP_OK) {
		abort();
	}
	sp_drive_client_attach(c);
	while (size > 0) {
		struct sp_span m = cut(&p, &size);

		if (sp_drive_client_feed(c, m.p, m.n) != SP_OK) {
			break;
		}
		while (sp_drive_client_next(c, &ev)) {
			if (ev.kind == SP_DRIVE_CLIENT_REQUEST &&
					sp_drive_client_done(c, ev.request, SP_DRIVE_OK) != SP_OK) {
				ignore(sp_drive_client_done(c, ev.request, SP_DRIVE_NO_SUCH_FILE));
			}
		}
		while ((b = sp_drive_client_out(c)) != NULL) {
			sp_rcbuf_unref(b);
		}
	}
	sp_drive_client_destroy(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_drive_head h;
	struct sp_rd r;

	if (size == 0) {
		return 0;
	}
	switch (data[0] & 3) {
	case 1:
		server(data + 1, size - 1);
		break;
	case 2:
		client(data + 1, size - 1);
		break;
	default:
		sp_rd_init(&r, data, size);
		ignore(sp_drive_head_read(&r, &h));
		readers(r);
		infos(r);
		request(r);
		break;
	}
	return 0;
}
