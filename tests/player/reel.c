/* tests/player/reel.c - see reel.h. */
#include "reel.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/pdu/mcs.h"
#include "host/lib/h264.h"

int reel_file(void)
{
	int fd = memfd_create("reel", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void flush(struct reel *r)
{
	struct sp_span out = sp_rec_writer_out(r->writer);

	while (out.n > 0) {
		ssize_t n = write(r->fd, out.p, out.n);

		assert_true(n > 0);
		sp_rec_writer_wrote(r->writer, (size_t)n);
		out = sp_rec_writer_out(r->writer);
	}
}

static void add(struct reel *r, uint32_t kind, uint64_t us, struct sp_span data)
{
	struct sp_rec_frame f = {.kind = kind, .us = us, .data = data};

	assert_int_equal(sp_rec_writer_add(r->writer, &f), SP_OK);
	flush(r);
}

static void write_front(struct reel *r)
{
	struct sp_rec_meta meta = {.user = "anna", .target = "desktop"};
	const struct sp_client_replay_conf *c = scene_conf(r->scene);
	struct sp_rec_header h = {.info_flags = c->info_flags,
			.user_id = c->user_id,
			.io_id = c->io_channel,
			.n_channels = c->n_channels};
	struct sp_wr w;

	sp_wr_init(&w, 1u << 16);
	sp_rec_meta_write(&w, &meta);
	add(r, SP_REC_META, r->zero, sp_span(w.p, w.n));
	sp_wr_reset(&w);
	for (size_t i = 0; i < c->n_channels; i++) {
		memcpy(h.channel[i].name, c->gcc->channel[i].name, 8);
		h.channel[i].id = c->channel[i];
		h.channel[i].open = true;
	}
	sp_rec_header_write(&w, &h);
	add(r, SP_REC_HEADER, r->zero, sp_span(w.p, w.n));
	sp_wr_finish(&w);
}

void reel_start(struct reel *r, unsigned length)
{
	struct sp_rec_conf conf = {.id = "01HZXW5V4T3R2Q1P0N9M8K7J6G",
			.wall_us = 1700000000000000u,
			.mono_us = 5000000,
			.n_auditors = 1};
	struct sp_rec_reader *reader;
	char why[SP_REC_WHY];

	memset(r, 0, sizeof(*r));
	r->zero = conf.mono_us;
	r->scene = scene_create(sp_h264_there() ? &sp_h264_openh264 : NULL);
	scene_play(r->scene, length);
	r->n = scene_tape(r->scene, &r->tape);
	r->fd = reel_file();
	assert_int_equal(sp_rec_key_make(&r->auditor), SP_OK);
	memcpy(conf.auditor[0].pk, r->auditor.pk, SP_REC_KEY);
	r->writer = sp_rec_writer_create(&conf);
	assert_non_null(r->writer);
	flush(r);
	assert_int_equal(sp_rec_reader_open(&reader, r->fd, &r->auditor, why), SP_OK);
	assert_int_equal(sp_rec_reader_key(reader, r->key), SP_OK);
	sp_rec_reader_destroy(reader);
	write_front(r);
}

uint64_t reel_us(size_t i)
{
	return (i + 1) * REEL_STEP_US;
}

uint64_t reel_sum(const struct reel *r, size_t i)
{
	while (i > 0 && r->tape[i].from_client) {
		i--;
	}
	return r->tape[i].from_client ? 0 : r->tape[i].sum;
}

/* The Confirm Active goes as the gate sees it, all else as a PDU. */
static void write_in(struct reel *r, uint64_t us, struct sp_span pdu)
{
	struct sp_rec_in in = {.how = SP_REC_IN_PDU, .pdu = pdu};
	struct sp_mcs m;
	struct sp_rd rd;
	struct sp_wr w;

	sp_rd_init(&rd, pdu.p, pdu.n);
	if ((pdu.p[0] & 3) == 3 && sp_mcs_read(&rd, &m) == SP_OK && m.channel == 1003 &&
			m.data.n > 4 && (m.data.p[2] & 15) == 3) {
		add(r, SP_REC_CONFIRM, us, m.data);
		return;
	}
	sp_wr_init(&w, 1u << 17);
	sp_rec_in_write(&w, &in);
	add(r, SP_REC_IN, us, sp_span(w.p, w.n));
	sp_wr_finish(&w);
}

void reel_write(struct reel *r, size_t from, size_t to,
		void (*change)(uint8_t *p, size_t n, void *user), void *user)
{
	for (size_t i = from; i < to; i++) {
		const struct scene_pdu *p = &r->tape[i];
		uint8_t *copy = malloc(p->b->n);

		memcpy(copy, p->b->p, p->b->n);
		if (change) {
			change(copy, p->b->n, user);
		}
		if (p->from_client) {
			write_in(r, r->zero + reel_us(i), sp_span(copy, p->b->n));
		} else {
			add(r, SP_REC_OUT, r->zero + reel_us(i), sp_span(copy, p->b->n));
		}
		free(copy);
	}
	if (sp_rec_writer_waits(r->writer)) {
		assert_int_equal(sp_rec_writer_cut(r->writer, false), SP_OK);
		flush(r);
	}
}

void reel_end(struct reel *r)
{
	struct sp_rec_end end = {.why = 0};
	struct sp_wr w;

	sp_wr_init(&w, 1u << 16);
	sp_rec_end_write(&w, &end);
	add(r, SP_REC_END, r->zero + reel_us(r->n), sp_span(w.p, w.n));
	assert_int_equal(sp_rec_writer_cut(r->writer, true), SP_OK);
	flush(r);
	sp_wr_finish(&w);
}

void reel_finish(struct reel *r)
{
	sp_rec_writer_destroy(r->writer);
	scene_destroy(r->scene);
	close(r->fd);
}
