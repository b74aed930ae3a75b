/* tests/core/chan/table.c - see table.h. */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "host/lib/crypto_nettle.h"

const struct sp_clip_rules table_text = {.text_in = true, .text_out = true};

void table_start(struct table *t, const struct sp_clip_rules *rules, size_t chunk)
{
	memset(t, 0, sizeof(*t));
	t->chunk = chunk;
	sp_clip_filter_init(&t->f, rules, &sp_crypto_nettle);
	sp_wr_init(&t->end[0].open, SIZE_MAX / 2);
	sp_wr_init(&t->end[1].open, SIZE_MAX / 2);
}

void table_clear(struct table *t)
{
	for (size_t e = 0; e < 2; e++) {
		for (size_t i = 0; i < t->end[e].n; i++) {
			sp_wr_finish(&t->end[e].message[i]);
		}
		t->end[e].n = 0;
	}
}

void table_finish(struct table *t)
{
	table_clear(t);
	sp_wr_finish(&t->end[0].open);
	sp_wr_finish(&t->end[1].open);
	sp_clip_filter_finish(&t->f);
}

static void receive(struct table_end *e, struct sp_span data)
{
	struct sp_svc_chunk c;
	struct sp_rd r;

	sp_rd_init(&r, data.p, data.n);
	assert_int_equal(sp_svc_read(&r, &c), SP_OK);
	assert_false(c.flags & SP_SVC_COMPRESSED);
	e->chunks++;
	e->largest = c.data.n > e->largest ? c.data.n : e->largest;
	if (c.flags & SP_SVC_FIRST) {
		e->cut_off += e->begun;
		sp_wr_reset(&e->open);
		e->total = c.total;
		e->begun = true;
	}
	assert_true(e->begun);
	assert_int_equal(c.total, e->total);
	sp_wr_span(&e->open, c.data);
	assert_int_equal(sp_wr_ok(&e->open), SP_OK);
	assert_true(e->open.n <= e->total);
	if (c.flags & SP_SVC_LAST) {
		assert_int_equal(e->open.n, e->total);
		assert_true(e->n < TABLE_MAX);
		e->message[e->n++] = e->open;
		sp_wr_init(&e->open, SIZE_MAX / 2);
		e->begun = false;
	}
}

void table_chunk(struct table *t, enum sp_side from, uint32_t total, uint32_t flags,
		struct sp_span data)
{
	struct sp_sieve_out out;
	uint8_t *buf = malloc(SP_SVC_HEADER + data.n); /* of its size, for the sanitizer */
	struct sp_wr w;

	sp_wr_fixed(&w, buf, SP_SVC_HEADER + data.n);
	sp_svc_write(&w, &(struct sp_svc_chunk){.total = total, .flags = flags, .data = data});
	assert_int_equal(sp_clip_filter_feed(&t->f, from, sp_span(buf, w.n)), SP_OK);
	while (sp_clip_filter_next(&t->f, &out)) {
		receive(&t->end[out.to], out.chunk);
	}
	free(buf);
}

void table_send(struct table *t, enum sp_side from, struct sp_span message)
{
	struct sp_svc_cut cut;
	struct sp_svc_chunk c;

	sp_svc_cut_init(&cut, message, t->chunk, 0);
	while (sp_svc_cut_next(&cut, &c)) {
		table_chunk(t, from, c.total, c.flags, c.data);
	}
}

/* Not unit_hex(), which keeps what it made: there are thousands of them here. */
static void put_hex(struct sp_wr *w, const char *hex)
{
	static const char digits[] = "0123456789abcdef";
	unsigned value = 1;

	for (; *hex; hex++) {
		const char *at = strchr(digits, *hex);

		if (*hex == ' ') {
			continue;
		}
		assert_non_null(at);
		value = value << 4 | (unsigned)(at - digits);
		if (value & 0x100) {
			sp_wr_u8(w, (uint8_t)value);
			value = 1;
		}
	}
	assert_int_equal(value, 1);
}

static struct sp_span message_of(struct sp_wr *w, uint16_t type, uint16_t flags, const char *hex)
{
	sp_wr_init(w, 1u << 20);
	size_t mark = sp_clip_begin(w, type, flags);
	put_hex(w, hex);
	sp_clip_end(w, mark);
	assert_int_equal(sp_wr_ok(w), SP_OK);
	return sp_span(w->p, w->n);
}

void table_say(struct table *t, enum sp_side from, uint16_t type, uint16_t flags, const char *hex)
{
	struct sp_wr w;

	table_send(t, from, message_of(&w, type, flags, hex));
	sp_wr_finish(&w);
}

void table_open(struct table *t, const struct sp_clip_rules *rules, size_t chunk)
{
	table_start(t, rules, chunk);
	table_say(t, SP_SIDE_TARGET, SP_CLIP_CAPS, 0, "0100 0000 0100 0c00 02000000 3e000000");
	table_say(t, SP_SIDE_TARGET, SP_CLIP_MONITOR_READY, 0, "");
	table_say(t, SP_SIDE_CLIENT, SP_CLIP_CAPS, 0, "0100 0000 0100 0c00 02000000 3e000000");
	table_say(t, SP_SIDE_CLIENT, SP_CLIP_FORMAT_LIST, 0, "");
	table_say(t, SP_SIDE_TARGET, SP_CLIP_FORMAT_LIST_RESPONSE, SP_CLIP_OK, "");
	assert_int_equal(t->end[SP_SIDE_CLIENT].n, 3);
	assert_int_equal(t->end[SP_SIDE_TARGET].n, 2);
	table_clear(t);
}

void table_got(struct table *t, enum sp_side at, uint16_t type, uint16_t flags, const char *hex)
{
	struct table_end *e = &t->end[at];
	struct sp_wr w;

	assert_int_equal(e->n, 1);
	unit_assert_span(sp_span(e->message[0].p, e->message[0].n),
			message_of(&w, type, flags, hex));
	sp_wr_finish(&w);
	sp_wr_finish(&e->message[0]);
	e->n = 0;
}

void table_quiet(struct table *t)
{
	assert_int_equal(t->end[0].n, 0);
	assert_int_equal(t->end[1].n, 0);
}

void table_told(struct table *t, enum sp_side to, enum sp_transfer_kind kind,
		enum sp_transfer_verdict verdict, uint64_t n)
{
	struct sp_transfer ev;

	assert_true(sp_clip_filter_event(&t->f, &ev));
	assert_int_equal(ev.to, to);
	assert_int_equal(ev.kind, kind);
	assert_int_equal(ev.verdict, verdict);
	assert_int_equal(ev.n, n);
}

void table_not_told(struct table *t)
{
	struct sp_transfer ev;

	assert_false(sp_clip_filter_event(&t->f, &ev));
}
