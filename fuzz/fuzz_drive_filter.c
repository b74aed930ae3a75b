/* fuzz/fuzz_drive_filter.c - two hostile sides of redirected drives, which are only for reading. */
#include <stdlib.h>

#include "core/chan/drive_filter.h"
#include "core/chan/drive_info.h"
#include "core/chan/wire_name.h"
#include "core/pdu/svc.h"
#include "fake_crypto.h"

#define MAX_MESSAGE (256u << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a side puts together of what it gets. */
struct end {
	struct sp_wr open;
	uint32_t total;
	bool begun;
};

static void look_path(struct sp_span path)
{
	char text[SP_WIRE_NAME_TEXT];

	if (path.n >= 2 && path.p[1] == 0 && (path.p[0] == '\\' || path.p[0] == '/')) {
		path = sp_span(path.p + 2, path.n - 2);
	}
	if (path.n > 2 && path.n % 2 == 0 && path.p[path.n - 1] == 0 &&
			(path.p[path.n - 2] == '\\' || path.p[path.n - 2] == '/')) {
		path.n -= 2;
	}
	if (path.n > 0 && sp_wire_name_read(path, text) != SP_NAME_FINE) {
		abort();
	}
}

/* Nothing of what the client is asked changes anything, or leads out of the drive. */
static void look_request(struct sp_rd *r)
{
	struct sp_drive_io_request q;

	if (sp_drive_io_request_read(r, &q) != SP_OK) {
		abort();
	}
	switch (q.major) {
	case SP_DRIVE_IO_CREATE:
		if (q.create.access & SP_DRIVE_IO_CHANGING ||
				q.create.disposition != SP_DRIVE_IO_OPEN ||
				q.create.options & SP_DRIVE_IO_DELETE_ON_CLOSE) {
			abort();
		}
		look_path(q.create.path);
		break;
	case SP_DRIVE_IO_WRITE:
	case SP_DRIVE_IO_SET_INFO:
	case SP_DRIVE_IO_SET_VOLUME:
		abort();
	case SP_DRIVE_IO_READ:
		if (q.read.n > SP_DRIVE_READ_MAX) {
			abort();
		}
		break;
	default:
		break;
	}
}

static void look_devices(struct sp_rd *r)
{
	struct sp_drive_device d;
	uint32_t n;

	if (sp_drive_count_read(r, &n) != SP_OK) {
		abort();
	}
	for (uint32_t i = 0; i < n; i++) {
		if (sp_drive_device_read(r, &d) != SP_OK || d.type != SP_DRIVE_TYPE_FILES) {
			abort();
		}
	}
}

static void look(enum sp_side at, struct sp_span message)
{
	struct sp_drive_head h;
	struct sp_rd r;

	sp_rd_init(&r, message.p, message.n);
	if (sp_drive_head_read(&r, &h) != SP_OK || h.component != SP_DRIVE_CORE) {
		abort();
	}
	if (h.packet == SP_DRIVE_REQUEST) {
		if (at == SP_SIDE_TARGET) {
			abort();
		}
		look_request(&r);
	} else if (h.packet == SP_DRIVE_DEVICES) {
		look_devices(&r);
	} else if (h.packet == SP_DRIVE_COMPLETION && at == SP_SIDE_CLIENT) {
		abort();
	}
}

static void receive(enum sp_side at, struct end *e, struct sp_span chunk)
{
	struct sp_svc_chunk c;
	struct sp_rd r;

	sp_rd_init(&r, chunk.p, chunk.n);
	if (sp_svc_read(&r, &c) != SP_OK) {
		abort();
	}
	if (c.flags & SP_SVC_FIRST) {
		sp_wr_reset(&e->open);
		e->total = c.total;
		e->begun = true;
	}
	if (!e->begun || c.total != e->total || c.data.n > e->total - e->open.n) {
		abort();
	}
	sp_wr_span(&e->open, c.data);
	if (c.flags & SP_SVC_LAST) {
		if (e->open.n != e->total) {
			abort();
		}
		e->begun = false;
		look(at, sp_span(e->open.p, e->open.n));
	}
}

static bool one(struct sp_drive_filter *f, struct end end[2], struct sp_rd *r)
{
	uint8_t buf[SP_SVC_HEADER + 255], head = sp_rd_u8(r);
	uint32_t total = sp_rd_u8(r);
	size_t n = sp_rd_u8(r);
	struct sp_sieve_out out;
	struct sp_transfer ev;
	struct sp_wr w;

	if (head & 0x10) {
		total = total << 10 | total;
	}
	n = n < sp_rd_left(r) ? n : sp_rd_left(r);
	if (head & 0x20) {
		total = (uint32_t)n; /* a message of one chunk, as most are */
	}
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_svc_write(&w,
			&(struct sp_svc_chunk){.total = total,
					.flags = head & 0x20 ? SP_SVC_FIRST | SP_SVC_LAST
							     : head >> 1 & 3u,
					.data = sp_rd_span(r, n)});
	if (sp_drive_filter_feed(f, head & 1 ? SP_SIDE_TARGET : SP_SIDE_CLIENT,
			    sp_span(buf, w.n)) != SP_OK) {
		return false;
	}
	while (sp_drive_filter_next(f, &out)) {
		receive(out.to, &end[out.to], out.chunk);
	}
	while (sp_drive_filter_event(f, &ev)) {
		if (ev.verdict == SP_TRANSFER_PASSED && ev.to == SP_SIDE_CLIENT) {
			abort();
		}
	}
	return true;
}

/* Chunks: a byte for the side and the flags, one for the total, one for the length, the bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sp_drive_rules rules = {.read = true};
	struct end end[2] = {0};
	struct sp_drive_filter *f = malloc(sizeof(*f));
	struct sp_rd r;

	if (!f || size > 16384) {
		free(f);
		return 0;
	}
	sp_drive_filter_init(f, &rules, &fake_crypto);
	sp_wr_init(&end[0].open, MAX_MESSAGE);
	sp_wr_init(&end[1].open, MAX_MESSAGE);
	sp_rd_init(&r, data, size);
	while (sp_rd_left(&r) > 0 && one(f, end, &r)) {
	}
	sp_drive_filter_finish(f);
	sp_wr_finish(&end[0].open);
	sp_wr_finish(&end[1].open);
	free(f);
	return 0;
}
