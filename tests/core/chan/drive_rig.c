/* tests/core/chan/drive_rig.c - see drive_rig.h. */
#include "drive_rig.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/utf16.h"
#include "host/lib/crypto_nettle.h"
#include "told.h"

const struct sp_drive_rules rig_reading = {.read = true};
const struct sp_drive_rules rig_writing = {.read = true, .write = true};

void rig_start(struct rig *g, const struct sp_drive_rules *rules, size_t chunk)
{
	memset(g, 0, sizeof(*g));
	g->chunk = chunk;
	sp_drive_filter_init(&g->f, rules, &sp_crypto_nettle);
	sp_svc_join_init(&g->end[0].join, 64u << 20);
	sp_svc_join_init(&g->end[1].join, 64u << 20);
}

void rig_clear(struct rig *g)
{
	for (size_t e = 0; e < 2; e++) {
		while (g->end[e].n > 0) {
			sp_wr_finish(&g->end[e].message[--g->end[e].n]);
		}
	}
}

void rig_finish(struct rig *g)
{
	rig_clear(g);
	sp_svc_join_finish(&g->end[0].join);
	sp_svc_join_finish(&g->end[1].join);
	sp_drive_filter_finish(&g->f);
}

static void receive(struct end *e, struct sp_span data)
{
	struct sp_span whole;
	struct sp_svc_chunk c;
	struct sp_rd r;

	sp_rd_init(&r, data.p, data.n);
	assert_int_equal(sp_svc_read(&r, &c), SP_OK);
	if (c.flags & SP_SVC_FIRST && e->join.open) {
		sp_svc_join_finish(&e->join); /* one that was broken off */
		sp_svc_join_init(&e->join, 64u << 20);
	}
	int rc = sp_svc_join_add(&e->join, &c, &whole);
	assert_true(rc >= 0);
	if (rc == 1) {
		assert_true(e->n < MAX);
		sp_wr_init(&e->message[e->n], SIZE_MAX / 2);
		sp_wr_span(&e->message[e->n++], whole);
	}
}

void rig_chunk(struct rig *g, enum sp_side from, uint32_t total, uint32_t flags,
		struct sp_span data)
{
	struct sp_sieve_out out;
	uint8_t *buf = malloc(SP_SVC_HEADER + data.n); /* of its size, for the sanitizer */
	struct sp_wr w;

	sp_wr_fixed(&w, buf, SP_SVC_HEADER + data.n);
	sp_svc_write(&w, &(struct sp_svc_chunk){.total = total, .flags = flags, .data = data});
	assert_int_equal(sp_drive_filter_feed(&g->f, from, sp_span(buf, w.n)), SP_OK);
	while (sp_drive_filter_next(&g->f, &out)) {
		receive(&g->end[out.to], out.chunk);
	}
	free(buf);
}

void rig_send(struct rig *g, enum sp_side from, struct sp_span message)
{
	struct sp_svc_cut cut;
	struct sp_svc_chunk c;

	sp_svc_cut_init(&cut, message, g->chunk, 0);
	while (sp_svc_cut_next(&cut, &c)) {
		rig_chunk(g, from, c.total, c.flags, c.data);
	}
}

void rig_send_wr(struct rig *g, enum sp_side from, struct sp_wr *w)
{
	assert_int_equal(sp_wr_ok(w), SP_OK);
	rig_send(g, from, sp_span(w->p, w->n));
	sp_wr_finish(w);
}

/* The one message that arrived there; forgotten by rig_clear(). */
struct sp_span rig_got(struct rig *g, enum sp_side at)
{
	assert_int_equal(g->end[at].n, 1);
	assert_int_equal(g->end[at == C ? T : C].n, 0);
	return sp_span(g->end[at].message[0].p, g->end[at].message[0].n);
}

void rig_quiet(struct rig *g)
{
	assert_int_equal(g->end[0].n, 0);
	assert_int_equal(g->end[1].n, 0);
}

void rig_announce(struct rig *g, uint32_t type, uint32_t id, const char *name)
{
	struct sp_drive_device d = {.type = type, .id = id};
	struct sp_wr w;

	memcpy(d.dos_name, name, strlen(name) < 8 ? strlen(name) : 8);
	sp_wr_init(&w, 1024);
	sp_drive_head_write(&w, SP_DRIVE_DEVICES);
	sp_drive_u32_write(&w, 1);
	sp_drive_device_write(&w, &d);
	rig_send_wr(g, C, &w);
}

void rig_open(struct rig *g, const struct sp_drive_rules *rules, size_t chunk_size)
{
	rig_start(g, rules, chunk_size);
	rig_announce(g, SP_DRIVE_TYPE_FILES, DISK, "share");
	rig_clear(g);
	struct sp_transfer ev;
	while (sp_drive_filter_event(&g->f, &ev)) {
		assert_int_equal(ev.kind, SP_TRANSFER_DEVICE);
	}
}

struct sp_span rig_utf16(struct sp_wr *w, const char *text)
{
	sp_wr_init(w, 1u << 20);
	sp_utf16_write(w, text);
	return sp_span(w->p, w->n);
}

void rig_request(struct rig *g, struct sp_drive_io_request *q)
{
	struct sp_wr w;

	q->device = q->device ? q->device : DISK;
	q->completion = ++g->completion;
	sp_wr_init(&w, 1u << 20);
	sp_drive_io_request_write(&w, q);
	rig_send_wr(g, T, &w);
}

struct sp_drive_io_request rig_creating(struct sp_span path)
{
	return (struct sp_drive_io_request){.major = SP_DRIVE_IO_CREATE,
			.create = {.access = SP_DRIVE_IO_READ_DATA,
					.share = SP_DRIVE_IO_SHARE_ALL,
					.disposition = SP_DRIVE_IO_OPEN,
					.path = path}};
}

void rig_answered(struct rig *g, uint32_t status)
{
	struct sp_drive_io_completion c;
	struct sp_drive_head h;
	struct sp_span m = rig_got(g, T);
	struct sp_rd r;

	sp_rd_init(&r, m.p, m.n);
	assert_int_equal(sp_drive_head_read(&r, &h), SP_OK);
	assert_int_equal(h.packet, SP_DRIVE_COMPLETION);
	assert_int_equal(sp_drive_io_completion_read(&r, &c), SP_OK);
	assert_int_equal(c.completion, g->completion);
	assert_int_equal(c.status, status);
	rig_clear(g);
}

void rig_passed(struct rig *g)
{
	rig_got(g, C);
	rig_clear(g);
}

struct sp_wr rig_completion(struct rig *g, uint32_t device, uint32_t number, uint32_t status)
{
	struct sp_wr w;

	sp_wr_init(&w, 64u << 20);
	sp_drive_io_completion_write(&w,
			&(struct sp_drive_io_completion){
					.device = device, .completion = number, .status = status});
	return w;
}

void rig_complete(struct rig *g, uint32_t status)
{
	struct sp_wr w = rig_completion(g, DISK, g->completion, status);

	sp_wr_zero(&w, 8);
	rig_send_wr(g, C, &w);
	rig_answered(g, status);
}

void rig_open_file(struct rig *g, const char *path, uint32_t file, bool fresh)
{
	struct sp_wr p;
	struct sp_drive_io_request q = rig_creating(rig_utf16(&p, path));

	if (fresh) {
		q.create.access = SP_DRIVE_IO_WRITE_DATA;
		q.create.disposition = SP_DRIVE_IO_OVERWRITE_IF;
	}
	rig_request(g, &q);
	rig_passed(g);
	struct sp_wr w = rig_completion(g, DISK, g->completion, 0);
	sp_drive_io_created_write(&w, &(struct sp_drive_io_created_file){.file = file});
	rig_send_wr(g, C, &w);
	rig_answered(g, 0);
	sp_wr_finish(&p);
}

void rig_ask_read(struct rig *g, uint32_t file, uint64_t offset, uint32_t n)
{
	struct sp_drive_io_request q = {.major = SP_DRIVE_IO_READ,
			.file = file,
			.read = {.n = n, .offset = offset}};

	rig_request(g, &q);
}

void rig_give_read(struct rig *g, const void *p, size_t n)
{
	struct sp_wr w = rig_completion(g, DISK, g->completion, 0);

	sp_drive_io_data_write(&w, sp_span(p, n));
	rig_send_wr(g, C, &w);
}

void rig_read_piece(struct rig *g, uint32_t file, uint64_t offset, const char *text, uint32_t n)
{
	rig_ask_read(g, file, offset, n);
	rig_passed(g);
	rig_give_read(g, text, strlen(text));
	rig_answered(g, 0);
}

void rig_write_piece(struct rig *g, uint32_t file, uint64_t offset, const char *text)
{
	struct sp_drive_io_request q = {.major = SP_DRIVE_IO_WRITE,
			.file = file,
			.write = {.offset = offset, .data = sp_span(text, strlen(text))}};

	rig_request(g, &q);
	rig_passed(g);
	struct sp_wr w = rig_completion(g, DISK, g->completion, 0);
	sp_drive_io_length_write(&w, (uint32_t)strlen(text));
	sp_wr_zero(&w, 1); /* Padding */
	rig_send_wr(g, C, &w);
	rig_answered(g, 0);
}

void rig_close_file(struct rig *g, uint32_t file)
{
	struct sp_drive_io_request q = {.major = SP_DRIVE_IO_CLOSE, .file = file};

	rig_request(g, &q);
	rig_passed(g);
	rig_complete(g, 0);
}

void rig_told(struct rig *g, enum sp_side to, enum sp_transfer_kind kind,
		enum sp_transfer_verdict verdict, uint64_t n, const char *name, const char *whole)
{
	struct sp_transfer ev;

	assert_true(sp_drive_filter_event(&g->f, &ev));
	told_check(&ev, &(struct told){SP_TRANSFER_DRIVES, to, kind, verdict, n, name, whole});
}

void rig_not_told(struct rig *g)
{
	struct sp_transfer ev;

	assert_false(sp_drive_filter_event(&g->f, &ev));
}

struct sp_drive_io_request rig_setting(uint32_t file, uint32_t class, const uint8_t *p, size_t n)
{
	return (struct sp_drive_io_request){.major = SP_DRIVE_IO_SET_INFO,
			.file = file,
			.info = {.class = class, .buffer = sp_span(p, n)}};
}
