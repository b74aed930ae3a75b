/* core/chan/gfx_server.c - see gfx_server.h: life, what comes in and how it goes out. */
#include <string.h>

#include "core/base/mem.h"
#include "core/chan/gfx_server_part.h"

#define MESSAGE SP_ZGFX_SEGMENT /* bytes of a message, but for a command that is longer alone */
#define BATCH_MAX (64u << 20)
#define SMALL 512 /* bytes between two runs that do not begin one of their own */

static void start_over(struct sp_gfx_server *s)
{
	s->ready = s->in_frame = s->in_bits = s->offered = false;
	memset(s->surface, 0, sizeof(s->surface));
	sp_free(s->slot);
	s->slot = NULL;
	s->n_slots = s->cached = 0;
	sp_wr_reset(&s->batch);
	s->n_runs = 0;
	s->next_frame = 1;
	s->stats.frame = s->stats.acked = 0;
	s->stats.suspended = false;
	s->stats.depth = 0;
}

struct sp_gfx_server *sp_gfx_server_create(const struct sp_gfx_server_conf *conf)
{
	struct sp_gfx_server *s = sp_calloc(1, sizeof(*s));

	if (!s) {
		return NULL;
	}
	s->conf = *conf;
	s->zgfx = sp_zgfx_enc_create(SP_ZGFX_FULL);
	if (!s->zgfx) {
		sp_free(s);
		return NULL;
	}
	sp_wr_init(&s->batch, BATCH_MAX);
	/* Each segment may add its length and its header. */
	sp_wr_init(&s->packed, BATCH_MAX + BATCH_MAX / 1024 + 1024);
	start_over(s);
	return s;
}

static void clear_out(struct sp_gfx_server *s)
{
	struct sp_rcbuf *b;

	while ((b = sp_gfx_server_out(s))) {
		sp_rcbuf_unref(b);
	}
}

void sp_gfx_server_destroy(struct sp_gfx_server *s)
{
	if (!s) {
		return;
	}
	clear_out(s);
	sp_wr_finish(&s->batch);
	sp_wr_finish(&s->packed);
	sp_zgfx_enc_destroy(s->zgfx);
	sp_free(s->slot);
	sp_free(s);
}

/* ---- what goes out ---- */

struct sp_rcbuf *sp_gfx_server_out(struct sp_gfx_server *s)
{
	struct sp_rcbuf *b = s->head;

	if (b) {
		s->head = b->next;
		s->tail = s->head ? s->tail : NULL;
		b->next = NULL;
		s->stats.waiting -= b->n;
	}
	return b;
}

/* The first n bytes of the batch as one message; n is where a command ends. */
static int pack(struct sp_gfx_server *s, size_t n)
{
	struct sp_zgfx_part part[GFX_MAX_RUNS];
	size_t parts = 0, at = 0, kept = 0;

	for (size_t i = 0; i < s->n_runs; i++) {
		struct gfx_run run = s->run[i];
		size_t end = run.end < n ? run.end : n;

		if (end > at) {
			part[parts++] = (struct sp_zgfx_part){
					sp_span(s->batch.p + at, end - at), run.raw};
			at = end;
		}
		if (run.end > n) {
			s->run[kept++] = (struct gfx_run){run.end - n, run.raw};
		}
	}
	s->n_runs = kept;
	int rc = sp_zgfx_encode_parts(s->zgfx, part, parts, &s->packed);
	struct sp_rcbuf *b = rc == SP_OK ? sp_wr_take(&s->packed) : NULL;
	if (!b) {
		/* The history is not what the client has any more. */
		s->broken = true;
		return SP_ENOMEM;
	}
	if (s->tail) {
		s->tail->next = b;
	} else {
		s->head = b;
	}
	s->tail = b;
	s->stats.waiting += b->n;
	s->stats.sent += b->n;
	s->stats.plain += n;
	s->batch.n -= n;
	memmove(s->batch.p, s->batch.p + n, s->batch.n);
	return SP_OK;
}

static int flush(struct sp_gfx_server *s)
{
	return s->batch.n > 0 ? pack(s, s->batch.n) : SP_OK;
}

int sp_gfx_server_done(struct sp_gfx_server *s, bool raw)
{
	int rc = sp_wr_ok(&s->batch);

	if (rc != SP_OK) {
		s->batch.n = s->begun;
		s->batch.err = SP_OK;
		return rc;
	}
	size_t n = s->batch.n - s->begun;
	struct gfx_run *last = s->n_runs > 0 ? &s->run[s->n_runs - 1] : NULL;
	size_t last_begin = s->n_runs > 1 ? last[-1].end : 0;
	bool joins = last && (last->raw == raw || n <= SMALL);
	if (last && !joins && (last->end - last_begin <= SMALL || s->n_runs == GFX_MAX_RUNS)) {
		last->raw = s->n_runs == GFX_MAX_RUNS ? last->raw : raw;
		joins = true;
	}
	if (joins) {
		last->end = s->batch.n;
	} else {
		s->run[s->n_runs++] = (struct gfx_run){s->batch.n, raw};
	}
	if (!s->in_frame) {
		return flush(s);
	}
	rc = SP_OK;
	if (s->batch.n > MESSAGE && s->begun > 0) {
		rc = pack(s, s->begun);
	}
	return rc == SP_OK && s->batch.n >= MESSAGE ? flush(s) : rc;
}

/* ---- what comes in ---- */

static struct sp_gfx_server_event *emit(struct sp_gfx_server *s, enum sp_gfx_server_kind kind)
{
	size_t at = (s->first_event + s->n_events) % GFX_MAX_EVENTS;

	if (s->n_events == GFX_MAX_EVENTS) {
		return NULL;
	}
	s->n_events++;
	memset(&s->event[at], 0, sizeof(s->event[at]));
	s->event[at].kind = kind;
	return &s->event[at];
}

bool sp_gfx_server_next(struct sp_gfx_server *s, struct sp_gfx_server_event *ev)
{
	if (s->n_events == 0) {
		return false;
	}
	*ev = s->event[s->first_event];
	s->first_event = (s->first_event + 1) % GFX_MAX_EVENTS;
	s->n_events--;
	return true;
}

static void judge(struct sp_gfx_can *can, const struct sp_gfx_caps *caps)
{
	bool ten = caps->version >= SP_GFX_V10, small = sp_gfx_small_cache(caps);

	*can = (struct sp_gfx_can){.version = caps->version, .flags = caps->flags};
	can->progressive = !(caps->flags & SP_GFX_THINCLIENT);
	can->avc444 = ten && !(caps->flags & SP_GFX_AVC_DISABLED);
	can->avc444v2 = can->avc444 && caps->version >= SP_GFX_V101;
	can->avc420 = can->avc444 || (caps->flags & SP_GFX_AVC420_ENABLED);
	can->mixed = can->avc444 && caps->version >= SP_GFX_V104;
	can->thin = can->avc444 && (caps->flags & SP_GFX_AVC_THINCLIENT);
	can->scaled = caps->version >= SP_GFX_V105 && !(caps->flags & SP_GFX_SCALEDMAP_DISABLE);
	can->cache_slots = small ? SP_GFX_CACHE_SLOTS_SMALL : SP_GFX_CACHE_SLOTS;
	can->cache_bytes = small ? SP_GFX_CACHE_BYTES_SMALL : SP_GFX_CACHE_BYTES;
}

static int on_advertise(struct sp_gfx_server *s, struct sp_rd *r)
{
	const struct sp_gfx_caps *best = NULL;
	struct sp_gfx_advertise a;
	int rc = sp_gfx_advertise_read(r, &a);

	if (rc != SP_OK) {
		return rc;
	}
	/* [MS-RDPEGFX] 3.2.5.18: only who agreed upon 10.3 or later may begin again. */
	if (s->ready && s->can.version < SP_GFX_V103) {
		return SP_ESTATE;
	}
	for (size_t i = 0; i < a.n; i++) {
		const struct sp_gfx_caps *set = &a.set[i];

		if ((s->conf.max_version == 0 || set->version <= s->conf.max_version) &&
				(!best || set->version > best->version)) {
			best = set;
		}
	}
	if (!best) {
		return SP_EPROTO;
	}
	if (s->ready) {
		/* Matches must not reach back to what the client disregarded. */
		struct sp_zgfx_enc *fresh = sp_zgfx_enc_create(SP_ZGFX_FULL);

		if (!fresh) {
			return SP_ENOMEM;
		}
		sp_zgfx_enc_destroy(s->zgfx);
		s->zgfx = fresh;
		clear_out(s);
	}
	start_over(s);
	judge(&s->can, best);
	sp_gfx_confirm_write(&s->batch, best);
	s->begun = 0;
	rc = sp_gfx_server_done(s, false);
	if (rc != SP_OK) {
		return rc;
	}
	s->ready = true;
	s->first_event = s->n_events = 0;
	emit(s, SP_GFX_SERVER_READY)->can = s->can;
	return SP_OK;
}

static int on_ack(struct sp_gfx_server *s, struct sp_rd *r, uint64_t now_us)
{
	struct sp_gfx_ack a;
	int rc = sp_gfx_ack_read(r, &a);

	if (rc != SP_OK) {
		return rc;
	}
	if (a.depth == SP_GFX_SUSPEND) {
		bool was = s->stats.suspended;

		s->stats.suspended = true;
		s->stats.depth = 0;
		return was || emit(s, SP_GFX_SERVER_SUSPENDED) ? SP_OK : SP_ELIMIT;
	}
	/* Newer than the newest, and not of a frame to come. */
	uint32_t more = a.frame - s->stats.acked;
	if (!(1 <= more && more <= s->stats.frame - s->stats.acked)) {
		return SP_ESTATE;
	}
	const struct gfx_frame *f = &s->frame[a.frame % GFX_FRAMES];
	struct sp_gfx_server_event *ev = emit(s, SP_GFX_SERVER_ACK);
	if (!ev) {
		return SP_ELIMIT;
	}
	s->stats.suspended = false;
	s->stats.acked = a.frame;
	s->stats.acked_us = now_us;
	s->stats.depth = a.depth;
	s->stats.decoded = a.decoded;
	ev->frame = a.frame;
	ev->depth = a.depth;
	if (f->id == a.frame) {
		ev->took_us = now_us - f->ended_us;
		ev->sent = f->sent;
		s->stats.took_us = ev->took_us;
	}
	return SP_OK;
}

static int on_qoe(struct sp_gfx_server *s, struct sp_rd *r)
{
	struct sp_gfx_server_event *ev;
	struct sp_gfx_qoe q;
	int rc = sp_gfx_qoe_read(r, &q);

	if (rc != SP_OK) {
		return rc;
	}
	if (!(q.frame != 0 && q.frame <= s->stats.frame)) {
		return SP_ESTATE;
	}
	ev = emit(s, SP_GFX_SERVER_QOE);
	if (!ev) {
		return SP_ELIMIT;
	}
	ev->frame = q.frame;
	ev->decode_ms = q.decode_ms;
	ev->show_ms = q.show_ms;
	return SP_OK;
}

static int on_offer(struct sp_gfx_server *s, struct sp_rd *r)
{
	int rc = sp_gfx_offer_read(r, &s->offer);

	if (rc != SP_OK) {
		return rc;
	}
	if (s->offered) {
		return SP_ESTATE;
	}
	s->offered = true;
	if (!s->conf.import) {
		return sp_gfx_server_import(s, NULL, 0);
	}
	struct sp_gfx_server_event *ev = emit(s, SP_GFX_SERVER_OFFER);
	if (!ev) {
		return SP_ELIMIT;
	}
	ev->offer = s->offer;
	return SP_OK;
}

int sp_gfx_server_feed(struct sp_gfx_server *s, struct sp_span message, uint64_t now_us)
{
	struct sp_rd r, body;
	uint16_t cmd;
	int rc = SP_OK;

	if (s->broken) {
		return SP_ENOMEM;
	}
	s->offered = false;
	sp_rd_init(&r, message.p, message.n);
	while (rc == SP_OK && sp_rd_left(&r) > 0) {
		rc = sp_gfx_next(&r, &cmd, &body);
		if (rc != SP_OK) {
			break;
		}
		if (cmd == SP_GFX_ADVERTISE) {
			rc = on_advertise(s, &body);
		} else if (!s->ready) {
			rc = SP_ESTATE;
		} else if (cmd == SP_GFX_ACK) {
			rc = on_ack(s, &body, now_us);
		} else if (cmd == SP_GFX_QOE) {
			rc = on_qoe(s, &body);
		} else if (cmd == SP_GFX_OFFER) {
			rc = on_offer(s, &body);
		} else {
			rc = SP_EPROTO;
		}
	}
	return rc;
}

void sp_gfx_server_stats(const struct sp_gfx_server *s, struct sp_gfx_server_stats *out)
{
	*out = s->stats;
	out->in_flight = s->stats.suspended ? 0 : s->stats.frame - s->stats.acked;
}
