/* core/chan/sieve.c - see sieve.h. */
#include "core/chan/sieve.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/rd.h"
#include "core/pdu/svc.h"

#define MAX_OUT (512u << 10) /* what can follow from one chunk is much less */
#define MAX_LATER (64u << 10)
#define AS_FED UINT32_MAX /* the chunk itself, which is not copied */

void sp_sieve_init(struct sp_sieve *s, const struct sp_sieve_impl *impl, void *owner, size_t want)
{
	memset(s, 0, sizeof(*s));
	s->impl = impl;
	s->owner = owner;
	s->want = want;
	sp_wr_init(&s->out, MAX_OUT);
	sp_wr_init(&s->work, SP_SIEVE_SMALL_MAX);
	for (size_t i = 0; i < SP_LEN(s->from); i++) {
		sp_wr_init(&s->from[i].data, SP_SIEVE_SMALL_MAX);
		sp_wr_init(&s->from[i].later, MAX_LATER);
	}
}

static void wipe(struct sp_wr *w)
{
	if (w->p) {
		sp_wipe(w->p, w->cap);
	}
	sp_wr_finish(w);
}

void sp_sieve_finish(struct sp_sieve *s)
{
	wipe(&s->out);
	wipe(&s->work);
	for (size_t i = 0; i < SP_LEN(s->from); i++) {
		wipe(&s->from[i].data);
		wipe(&s->from[i].later);
	}
}

enum sp_side sp_side_other(enum sp_side side)
{
	return side == SP_SIDE_CLIENT ? SP_SIDE_TARGET : SP_SIDE_CLIENT;
}

void sp_sieve_fail(struct sp_sieve *s, int err)
{
	sp_wr_fail(&s->out, err);
}

/* ---- what goes out ---- */

static void put_chunk(struct sp_sieve *s, enum sp_side to, const struct sp_svc_chunk *chunk)
{
	sp_wr_u8(&s->out, (uint8_t)to);
	sp_wr_le32(&s->out, (uint32_t)(SP_SVC_HEADER + chunk->data.n));
	sp_svc_write(&s->out, chunk);
}

static void put_fed(struct sp_sieve *s, enum sp_side to)
{
	sp_wr_u8(&s->out, (uint8_t)to);
	sp_wr_le32(&s->out, AS_FED);
}

bool sp_sieve_next(struct sp_sieve *s, struct sp_sieve_out *out)
{
	struct sp_rd r;

	if (sp_wr_ok(&s->out) != SP_OK || s->out_at == s->out.n) {
		return false;
	}
	sp_rd_init(&r, s->out.p + s->out_at, s->out.n - s->out_at);
	out->to = sp_rd_u8(&r) == SP_SIDE_CLIENT ? SP_SIDE_CLIENT : SP_SIDE_TARGET;
	uint32_t n = sp_rd_le32(&r);
	out->chunk = n == AS_FED ? s->fed : sp_rd_span(&r, n);
	s->out_at += sp_rd_at(&r);
	return sp_rd_ok(&r) == SP_OK;
}

void sp_sieve_put(struct sp_sieve *s, enum sp_side to, struct sp_span message)
{
	struct sp_svc_chunk chunk;
	struct sp_svc_cut cut;

	sp_svc_cut_init(&cut, message, SP_SVC_CHUNK, s->from[sp_side_other(to)].show);
	while (sp_svc_cut_next(&cut, &chunk)) {
		put_chunk(s, to, &chunk);
	}
}

static bool passing(const struct sp_sieve_from *f)
{
	return f->mode == SP_SIEVE_STREAM || f->mode == SP_SIEVE_REWRITE;
}

void sp_sieve_say(struct sp_sieve *s, enum sp_side to, struct sp_span message)
{
	struct sp_sieve_from *f = &s->from[sp_side_other(to)];

	if (!passing(f)) {
		sp_sieve_put(s, to, message);
	} else if (message.n + 4 <= MAX_LATER - f->later.n) {
		sp_wr_le32(&f->later, (uint32_t)message.n);
		sp_wr_span(&f->later, message);
	}
}

static void say_later(struct sp_sieve *s, enum sp_side from)
{
	struct sp_sieve_from *f = &s->from[from];
	struct sp_rd r;

	if (sp_wr_ok(&f->later) != SP_OK) {
		sp_wr_fail(&s->out, sp_wr_ok(&f->later));
		return;
	}
	sp_rd_init(&r, f->later.p, f->later.n);
	while (sp_rd_left(&r) > 0) {
		size_t n = sp_rd_le32(&r);

		sp_sieve_put(s, sp_side_other(from), sp_rd_span(&r, n));
	}
	sp_wr_reset(&f->later);
}

void sp_sieve_cut(struct sp_sieve *s, enum sp_side from)
{
	struct sp_sieve_from *f = &s->from[from];

	if (passing(f)) {
		f->mode = SP_SIEVE_SKIP;
		sp_wr_reset(&f->later);
	}
}

/* ---- what comes in ---- */

/*
 * The message does not come to its end. Who has a part of an answer gets another one from its
 * beginning, which puts an end to the first wherever channels are put together.
 */
static void give_up(struct sp_sieve *s, enum sp_side from)
{
	struct sp_sieve_from *f = &s->from[from];
	enum sp_sieve_mode mode = f->mode;

	f->mode = SP_SIEVE_WAIT_FIRST;
	if (mode == SP_SIEVE_GATHER || mode == SP_SIEVE_STREAM || mode == SP_SIEVE_REWRITE) {
		s->impl->broken(s->owner, from, mode);
		say_later(s, from);
	}
}

/* Bytes of a message that is written anew: what there is of it now, in chunks of its own. */
static void rewrite(struct sp_sieve *s, enum sp_side from, uint32_t at, struct sp_span bytes)
{
	struct sp_sieve_from *f = &s->from[from];

	sp_wr_reset(&s->work);
	s->impl->data(s->owner, from, at, bytes, &s->work);
	if (sp_wr_ok(&s->work) != SP_OK) {
		sp_wr_fail(&s->out, sp_wr_ok(&s->work));
		return;
	}
	for (size_t done = 0; done < s->work.n;) {
		size_t left = s->work.n - done;
		size_t n = left < SP_SVC_CHUNK ? left : SP_SVC_CHUNK;
		uint32_t first = f->sent == 0 ? SP_SVC_FIRST : 0;

		f->sent += (uint32_t)n;
		put_chunk(s, sp_side_other(from),
				&(struct sp_svc_chunk){.total = f->total,
						.flags = first | f->show |
								(f->sent == f->total ? SP_SVC_LAST
										     : 0),
						.data = sp_span(s->work.p + done, n)});
		done += n;
	}
}

static void stream_start(struct sp_sieve *s, enum sp_side from, const struct sp_svc_chunk *c,
		bool as_fed, struct sp_span rest)
{
	struct sp_sieve_from *f = &s->from[from];
	enum sp_side to = sp_side_other(from);
	struct sp_span begun = sp_span(f->start, f->start_n);

	s->impl->data(s->owner, from, 0, begun, NULL);
	if (rest.n > 0) {
		s->impl->data(s->owner, from, (uint32_t)f->start_n, rest, NULL);
	}
	if (as_fed) {
		put_fed(s, to);
		return;
	}
	put_chunk(s, to,
			&(struct sp_svc_chunk){.total = f->total,
					.flags = SP_SVC_FIRST | f->show |
							(rest.n == 0 ? c->flags & SP_SVC_LAST : 0),
					.data = begun});
	if (rest.n > 0) {
		put_chunk(s, to,
				&(struct sp_svc_chunk){.total = f->total,
						.flags = c->flags & ~(uint32_t)SP_SVC_FIRST,
						.data = rest});
	}
}

/* Its start may have come in pieces, and is judged as soon as it is there. */
static void start(struct sp_sieve *s, enum sp_side from, const struct sp_svc_chunk *c)
{
	struct sp_sieve_from *f = &s->from[from];
	size_t want = f->total < s->want ? f->total : s->want, had = f->start_n;
	size_t n = c->data.n < want - had ? c->data.n : want - had;

	if (n > 0) {
		memcpy(f->start + had, c->data.p, n);
		f->start_n += n;
	}
	if (f->start_n < want) {
		return;
	}
	struct sp_span begun = sp_span(f->start, f->start_n);
	f->mode = s->impl->judge(s->owner, from, begun, f->total);
	struct sp_span rest =
			n < c->data.n ? sp_span(c->data.p + n, c->data.n - n) : sp_span(NULL, 0);
	if (f->mode == SP_SIEVE_GATHER) {
		sp_wr_span(&f->data, begun);
		sp_wr_span(&f->data, rest);
	} else if (f->mode == SP_SIEVE_STREAM) {
		stream_start(s, from, c, had == 0, rest);
	} else if (f->mode == SP_SIEVE_REWRITE) {
		rewrite(s, from, 0, begun);
		if (rest.n > 0) {
			rewrite(s, from, (uint32_t)f->start_n, rest);
		}
	}
}

static void whole(struct sp_sieve *s, enum sp_side from)
{
	struct sp_sieve_from *f = &s->from[from];
	enum sp_sieve_mode mode = f->mode;

	f->mode = SP_SIEVE_WAIT_FIRST;
	if (mode == SP_SIEVE_STREAM || mode == SP_SIEVE_REWRITE) {
		s->impl->passed(s->owner, from);
		say_later(s, from);
	} else if (mode == SP_SIEVE_GATHER && sp_wr_ok(&f->data) == SP_OK) {
		s->impl->message(s->owner, from, sp_span(f->data.p, f->data.n));
	} else if (mode == SP_SIEVE_GATHER) {
		sp_wr_fail(&s->out, sp_wr_ok(&f->data));
	}
}

static void more(struct sp_sieve *s, enum sp_side from, const struct sp_svc_chunk *c)
{
	struct sp_sieve_from *f = &s->from[from];
	uint32_t at = f->done;

	f->done += (uint32_t)c->data.n;
	switch (f->mode) {
	case SP_SIEVE_WAIT_START:
		start(s, from, c);
		break;
	case SP_SIEVE_GATHER:
		sp_wr_span(&f->data, c->data);
		break;
	case SP_SIEVE_STREAM:
		s->impl->data(s->owner, from, at, c->data, NULL);
		put_fed(s, sp_side_other(from));
		break;
	case SP_SIEVE_REWRITE:
		rewrite(s, from, at, c->data);
		break;
	case SP_SIEVE_WAIT_FIRST:
	case SP_SIEVE_SKIP:
		break;
	}
}

int sp_sieve_feed(struct sp_sieve *s, enum sp_side from, struct sp_span chunk)
{
	struct sp_sieve_from *f = &s->from[from];
	struct sp_svc_chunk c;
	struct sp_rd r;

	sp_wr_reset(&s->out);
	s->out_at = 0;
	s->fed = chunk;
	sp_rd_init(&r, chunk.p, chunk.n);
	if (sp_svc_read(&r, &c) != SP_OK ||
			(c.data.n == 0 && c.flags & (SP_SVC_SUSPEND | SP_SVC_RESUME))) {
		return SP_OK;
	}
	if (c.flags & SP_SVC_FIRST) {
		give_up(s, from);
		f->mode = SP_SIEVE_WAIT_START;
		f->total = c.total;
		f->done = f->sent = 0;
		f->start_n = 0;
		f->show = c.flags & SP_SVC_SHOW_PROTOCOL;
		sp_wr_reset(&f->data);
	}
	if (f->mode == SP_SIEVE_WAIT_FIRST) {
		return sp_wr_ok(&s->out); /* of a message that was given up */
	}
	bool last = (c.flags & SP_SVC_LAST) != 0;
	if (c.flags & SP_SVC_COMPRESSED || c.total != f->total ||
			!(c.data.n <= f->total - f->done) ||
			(last && c.data.n != f->total - f->done)) {
		give_up(s, from);
		return sp_wr_ok(&s->out);
	}
	more(s, from, &c);
	if (last) {
		whole(s, from);
	}
	return sp_wr_ok(&s->out);
}
