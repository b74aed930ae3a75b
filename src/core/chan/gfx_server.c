/* core/chan/gfx_server.c - see gfx_server.h. */
#include "core/chan/gfx_server.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/codec/zgfx.h"

#define MESSAGE SP_ZGFX_SEGMENT /* bytes of a message, but for a command that is longer alone */
#define BATCH_MAX (64u << 20)
#define SMALL 512 /* bytes between two runs that do not begin one of their own */
#define MAX_RUNS 64
#define MAX_EVENTS 32
#define FRAMES 128 /* whose times are known until they are acknowledged */
#define PIXEL 4u

struct surface {
	bool there;
	uint16_t id, w, h;
};

struct slot {
	uint16_t w, h; /* 0: imported, so not known */
	uint32_t bytes; /* 0: empty */
};

struct frame {
	uint32_t id;
	uint64_t ended_us, sent;
};

/* Bytes of the batch up to end that are worth compressing, or are not. */
struct run {
	size_t end;
	bool raw;
};

struct sp_gfx_server {
	struct sp_gfx_server_conf conf;
	bool ready, in_frame, broken;
	struct sp_gfx_can can;
	struct surface surface[SP_GFX_SERVER_SURFACES];
	struct slot *slot; /* slot[0] is not used */
	size_t n_slots, cached; /* bytes that the client has in its cache */
	struct sp_gfx_list offer; /* of the message that was fed last */
	bool offered;

	struct sp_wr batch;
	struct run run[MAX_RUNS];
	size_t n_runs;
	size_t begun; /* of the command that is being written */
	size_t mark;
	bool in_bits, bits2, bits_raw;
	struct sp_zgfx_enc *zgfx;
	struct sp_wr packed;
	struct sp_rcbuf *head, *tail;

	uint32_t next_frame;
	struct frame frame[FRAMES];
	struct sp_gfx_server_stats stats;

	struct sp_gfx_server_event event[MAX_EVENTS];
	size_t first_event, n_events;
};

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
	struct sp_zgfx_part part[MAX_RUNS];
	size_t parts = 0, at = 0, kept = 0;

	for (size_t i = 0; i < s->n_runs; i++) {
		struct run run = s->run[i];
		size_t end = run.end < n ? run.end : n;

		if (end > at) {
			part[parts++] = (struct sp_zgfx_part){
					sp_span(s->batch.p + at, end - at), run.raw};
			at = end;
		}
		if (run.end > n) {
			s->run[kept++] = (struct run){run.end - n, run.raw};
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

/* A command was appended at s->begun: it is left out again if it could not be. */
static int done(struct sp_gfx_server *s, bool raw)
{
	int rc = sp_wr_ok(&s->batch);

	if (rc != SP_OK) {
		s->batch.n = s->begun;
		s->batch.err = SP_OK;
		return rc;
	}
	size_t n = s->batch.n - s->begun;
	struct run *last = s->n_runs > 0 ? &s->run[s->n_runs - 1] : NULL;
	size_t last_begin = s->n_runs > 1 ? last[-1].end : 0;
	bool joins = last && (last->raw == raw || n <= SMALL);
	if (last && !joins && (last->end - last_begin <= SMALL || s->n_runs == MAX_RUNS)) {
		last->raw = s->n_runs == MAX_RUNS ? last->raw : raw;
		joins = true;
	}
	if (joins) {
		last->end = s->batch.n;
	} else {
		s->run[s->n_runs++] = (struct run){s->batch.n, raw};
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
	size_t at = (s->first_event + s->n_events) % MAX_EVENTS;

	if (s->n_events == MAX_EVENTS) {
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
	s->first_event = (s->first_event + 1) % MAX_EVENTS;
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
	rc = done(s, false);
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
	const struct frame *f = &s->frame[a.frame % FRAMES];
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

/* ---- commands ---- */

static struct surface *find(struct sp_gfx_server *s, uint16_t id)
{
	for (size_t i = 0; i < SP_GFX_SERVER_SURFACES; i++) {
		if (s->surface[i].there && s->surface[i].id == id) {
			return &s->surface[i];
		}
	}
	return NULL;
}

static bool within(const struct surface *f, int64_t x, int64_t y, int64_t w, int64_t h)
{
	return x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= f->w && y + h <= f->h;
}

/* Whether a command may begin now. */
static int may(struct sp_gfx_server *s, bool in_frame)
{
	if (s->broken) {
		return SP_ENOMEM;
	}
	if (!s->ready || s->in_bits || (in_frame && !s->in_frame)) {
		return SP_ESTATE;
	}
	s->begun = s->batch.n;
	return SP_OK;
}

int sp_gfx_server_reset(struct sp_gfx_server *s, const struct sp_gfx_reset *reset)
{
	int rc = may(s, false);

	if (rc != SP_OK) {
		return rc;
	}
	if (!(1 <= reset->w && reset->w <= SP_GFX_MAX_SIDE && 1 <= reset->h &&
			    reset->h <= SP_GFX_MAX_SIDE)) {
		return SP_EARG;
	}
	for (size_t i = 0; i < reset->n && i < SP_GFX_MAX_MONITORS; i++) {
		if (sp_rect_empty(reset->monitor[i].area)) {
			return SP_EARG;
		}
	}
	sp_gfx_reset_write(&s->batch, reset);
	/* It is seldom; tshark 4.0 calls it malformed when packed, FreeRDP and we do not. */
	return done(s, true);
}

int sp_gfx_server_create_surface(struct sp_gfx_server *s, uint16_t surface, uint16_t w, uint16_t h)
{
	struct sp_gfx_create c = {.surface = surface, .w = w, .h = h, .format = SP_GFX_XRGB};
	struct surface *f = s->surface;
	int rc = may(s, false);

	if (rc != SP_OK) {
		return rc;
	}
	while (f < s->surface + SP_GFX_SERVER_SURFACES && f->there) {
		f++;
	}
	if (f == s->surface + SP_GFX_SERVER_SURFACES) {
		return SP_ELIMIT;
	}
	if (w == 0 || h == 0 || find(s, surface)) {
		return SP_EARG;
	}
	sp_gfx_create_write(&s->batch, &c);
	rc = done(s, false);
	if (rc == SP_OK) {
		*f = (struct surface){true, surface, w, h};
	}
	return rc;
}

int sp_gfx_server_delete_surface(struct sp_gfx_server *s, uint16_t surface)
{
	struct surface *f = find(s, surface);
	int rc = may(s, false);

	if (rc != SP_OK || !f) {
		return rc != SP_OK ? rc : SP_EARG;
	}
	sp_gfx_u16_write(&s->batch, SP_GFX_DELETE, surface);
	rc = done(s, false);
	f->there = rc != SP_OK;
	return rc;
}

int sp_gfx_server_map(struct sp_gfx_server *s, uint16_t surface, uint32_t x, uint32_t y)
{
	struct sp_gfx_map m = {.surface = surface, .x = x, .y = y};
	int rc = may(s, false);

	if (rc != SP_OK) {
		return rc;
	}
	if (!(find(s, surface) && x <= SP_GFX_MAX_SIDE && y <= SP_GFX_MAX_SIDE)) {
		return SP_EARG;
	}
	sp_gfx_map_write(&s->batch, &m);
	return done(s, false);
}

int sp_gfx_server_start(struct sp_gfx_server *s, uint32_t stamp, uint32_t *frame)
{
	struct sp_gfx_start start = {.stamp = stamp, .frame = s->next_frame};
	int rc = may(s, false);

	if (rc != SP_OK || s->in_frame) {
		return rc != SP_OK ? rc : SP_ESTATE;
	}
	s->in_frame = true;
	sp_gfx_start_write(&s->batch, &start);
	rc = done(s, false);
	s->in_frame = rc == SP_OK;
	if (frame) {
		*frame = start.frame;
	}
	return rc;
}

int sp_gfx_server_end(struct sp_gfx_server *s, uint64_t now_us)
{
	uint32_t id = s->next_frame;
	int rc = may(s, true);

	if (rc != SP_OK) {
		return rc;
	}
	sp_gfx_u32_write(&s->batch, SP_GFX_END, id);
	s->in_frame = false;
	rc = done(s, false);
	if (rc != SP_OK) {
		s->in_frame = true;
		return rc;
	}
	s->frame[id % FRAMES] = (struct frame){id, now_us, s->stats.sent};
	s->stats.frame = id;
	/* 0 stands for none. */
	s->next_frame = id == UINT32_MAX ? 1 : id + 1;
	return SP_OK;
}

int sp_gfx_server_fill(struct sp_gfx_server *s, uint16_t surface, uint32_t pixel,
		const struct sp_rect *rects, size_t n)
{
	struct sp_gfx_fill fill = {.surface = surface, .pixel = pixel};
	const struct surface *f = find(s, surface);
	int rc = may(s, true);

	if (rc != SP_OK) {
		return rc;
	}
	for (size_t i = 0; f && i < n; i++) {
		if (!within(f, rects[i].x, rects[i].y, rects[i].w, rects[i].h)) {
			return SP_EARG;
		}
	}
	if (!f || !(1 <= n && n <= UINT16_MAX)) {
		return SP_EARG;
	}
	sp_gfx_fill_write(&s->batch, &fill, rects, n);
	return done(s, false);
}

/* Whether pictures of this size may go to all the points. */
static bool points_within(const struct surface *f, uint32_t w, uint32_t h,
		const struct sp_gfx_point *points, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!within(f, points[i].x, points[i].y, w, h)) {
			return false;
		}
	}
	return 1 <= n && n <= UINT16_MAX;
}

int sp_gfx_server_copy(struct sp_gfx_server *s, uint16_t from, uint16_t to, struct sp_rect rect,
		const struct sp_gfx_point *points, size_t n)
{
	struct sp_gfx_copy copy = {.from = from, .to = to, .rect = rect};
	const struct surface *a = find(s, from), *b = find(s, to);
	int rc = may(s, true);

	if (rc != SP_OK) {
		return rc;
	}
	if (!(a && b && within(a, rect.x, rect.y, rect.w, rect.h) &&
			    points_within(b, (uint32_t)rect.w, (uint32_t)rect.h, points, n))) {
		return SP_EARG;
	}
	sp_gfx_copy_write(&s->batch, &copy, points, n);
	return done(s, false);
}

/* ---- the client's cache ---- */

/* NULL without memory. slot is not above cache_slots. */
static struct slot *slot_at(struct sp_gfx_server *s, uint16_t slot)
{
	if (slot >= s->n_slots) {
		size_t n = s->n_slots ? s->n_slots : 256;

		while (n <= slot) {
			n *= 2;
		}
		struct slot *more = sp_realloc(s->slot, n * sizeof(*more));
		if (!more) {
			return NULL;
		}
		memset(more + s->n_slots, 0, (n - s->n_slots) * sizeof(*more));
		s->slot = more;
		s->n_slots = n;
	}
	return &s->slot[slot];
}

static void set_slot(struct sp_gfx_server *s, struct slot *at, struct slot v)
{
	s->cached = s->cached - at->bytes + v.bytes;
	*at = v;
}

int sp_gfx_server_store(struct sp_gfx_server *s, uint16_t surface, uint16_t slot, uint64_t key,
		struct sp_rect rect)
{
	struct sp_gfx_store store = {.surface = surface, .slot = slot, .key = key, .rect = rect};
	const struct surface *f = find(s, surface);
	int rc = may(s, true);

	if (rc != SP_OK) {
		return rc;
	}
	if (!(f && within(f, rect.x, rect.y, rect.w, rect.h) && 1 <= slot &&
			    slot <= s->can.cache_slots)) {
		return SP_EARG;
	}
	struct slot *at = slot_at(s, slot);
	uint64_t bytes = (uint64_t)rect.w * (uint64_t)rect.h * PIXEL;
	if (!at) {
		return SP_ENOMEM;
	}
	if (!(s->cached - at->bytes + bytes <= s->can.cache_bytes)) {
		return SP_ELIMIT;
	}
	sp_gfx_store_write(&s->batch, &store);
	rc = done(s, false);
	if (rc == SP_OK) {
		set_slot(s, at, (struct slot){(uint16_t)rect.w, (uint16_t)rect.h, (uint32_t)bytes});
	}
	return rc;
}

int sp_gfx_server_paste(struct sp_gfx_server *s, uint16_t slot, uint16_t surface,
		const struct sp_gfx_point *points, size_t n)
{
	struct sp_gfx_paste paste = {.slot = slot, .surface = surface};
	const struct surface *f = find(s, surface);
	int rc = may(s, true);

	if (rc != SP_OK) {
		return rc;
	}
	if (!(f && slot < s->n_slots && s->slot[slot].bytes > 0)) {
		return SP_EARG;
	}
	/* Of what was imported only the owner knows how large it is. */
	uint32_t w = s->slot[slot].w ? s->slot[slot].w : 1,
		 h = s->slot[slot].h ? s->slot[slot].h : 1;
	if (!points_within(f, w, h, points, n)) {
		return SP_EARG;
	}
	sp_gfx_paste_write(&s->batch, &paste, points, n);
	return done(s, false);
}

int sp_gfx_server_evict(struct sp_gfx_server *s, uint16_t slot)
{
	int rc = may(s, false);

	if (rc != SP_OK) {
		return rc;
	}
	if (!(slot < s->n_slots && s->slot[slot].bytes > 0)) {
		return SP_EARG;
	}
	sp_gfx_u16_write(&s->batch, SP_GFX_EVICT, slot);
	rc = done(s, false);
	if (rc == SP_OK) {
		set_slot(s, &s->slot[slot], (struct slot){0, 0, 0});
	}
	return rc;
}

int sp_gfx_server_import(struct sp_gfx_server *s, const uint16_t *slots, size_t n)
{
	int rc = may(s, false);

	if (rc != SP_OK || !s->offered) {
		return rc != SP_OK ? rc : SP_ESTATE;
	}
	if (!(n <= s->offer.n)) {
		return SP_EARG;
	}
	for (size_t i = 0; i < n; i++) {
		if (!(1 <= slots[i] && slots[i] <= s->can.cache_slots)) {
			return SP_EARG;
		}
		if (!slot_at(s, slots[i])) {
			return SP_ENOMEM;
		}
	}
	sp_gfx_reply_write(&s->batch, slots, n);
	rc = done(s, false);
	for (size_t i = 0; rc == SP_OK && i < n; i++) {
		struct sp_gfx_entry e = sp_gfx_entry_at(s->offer.entries, i);

		set_slot(s, &s->slot[slots[i]], (struct slot){0, 0, e.bytes ? e.bytes : 1});
	}
	s->offered = rc != SP_OK;
	return rc;
}

/* ---- pixels ---- */

/* What comes out of these cannot be made smaller. */
static bool entropy_coded(uint16_t codec)
{
	return codec == SP_GFX_RFX || codec == SP_GFX_PROGRESSIVE || codec == SP_GFX_AVC420 ||
			codec == SP_GFX_AVC444 || codec == SP_GFX_AVC444V2;
}

static bool able(const struct sp_gfx_server *s, uint16_t codec)
{
	switch (codec) {
	case SP_GFX_PROGRESSIVE:
		return s->can.progressive;
	case SP_GFX_AVC420:
		return s->can.avc420;
	case SP_GFX_AVC444:
		return s->can.avc444;
	case SP_GFX_AVC444V2:
		return s->can.avc444v2;
	case SP_GFX_RAW:
	case SP_GFX_RFX:
	case SP_GFX_CLEAR:
	case SP_GFX_PLANAR:
	case SP_GFX_ALPHA:
		return true;
	default:
		return false;
	}
}

static int begin_bits(struct sp_gfx_server *s, const struct sp_gfx_bits *bits, bool bits2)
{
	const struct surface *f = find(s, bits->surface);
	int rc = may(s, true);

	if (rc != SP_OK) {
		return rc;
	}
	if (!(f && able(s, bits->codec) && bits2 == (bits->codec == SP_GFX_PROGRESSIVE) &&
			    (bits2 || within(f, bits->to.x, bits->to.y, bits->to.w, bits->to.h)))) {
		return SP_EARG;
	}
	s->mark = bits2 ? sp_gfx_bits2_begin(&s->batch, bits) : sp_gfx_bits_begin(&s->batch, bits);
	rc = sp_wr_ok(&s->batch);
	if (rc != SP_OK) {
		s->batch.n = s->begun;
		s->batch.err = SP_OK;
		return rc;
	}
	s->in_bits = true;
	s->bits2 = bits2;
	s->bits_raw = entropy_coded(bits->codec);
	return SP_OK;
}

struct sp_wr *sp_gfx_server_bits(struct sp_gfx_server *s, uint16_t surface, enum sp_gfx_codec codec,
		struct sp_rect to, int *err)
{
	struct sp_gfx_bits bits = {.surface = surface,
			.codec = (uint16_t)codec,
			.format = codec == SP_GFX_ALPHA ? SP_GFX_ARGB : SP_GFX_XRGB,
			.to = to};

	*err = begin_bits(s, &bits, false);
	return *err == SP_OK ? &s->batch : NULL;
}

struct sp_wr *sp_gfx_server_progressive(
		struct sp_gfx_server *s, uint16_t surface, uint32_t context, int *err)
{
	struct sp_gfx_bits bits = {.surface = surface,
			.codec = SP_GFX_PROGRESSIVE,
			.context = context,
			.format = SP_GFX_XRGB};

	*err = begin_bits(s, &bits, true);
	return *err == SP_OK ? &s->batch : NULL;
}

int sp_gfx_server_bits_end(struct sp_gfx_server *s, bool ok)
{
	if (!s->in_bits) {
		return SP_ESTATE;
	}
	s->in_bits = false;
	if (!ok) {
		s->batch.n = s->begun;
		s->batch.err = SP_OK;
		return SP_OK;
	}
	if (s->bits2) {
		sp_gfx_bits2_end(&s->batch, s->mark);
	} else {
		sp_gfx_bits_end(&s->batch, s->mark);
	}
	return done(s, s->bits_raw);
}

int sp_gfx_server_put(struct sp_gfx_server *s, uint16_t surface, enum sp_gfx_codec codec,
		struct sp_rect to, struct sp_span data)
{
	int rc;
	struct sp_wr *w = sp_gfx_server_bits(s, surface, codec, to, &rc);

	if (!w) {
		return rc;
	}
	sp_wr_span(w, data);
	return sp_gfx_server_bits_end(s, true);
}

int sp_gfx_server_put_progressive(
		struct sp_gfx_server *s, uint16_t surface, uint32_t context, struct sp_span data)
{
	int rc;
	struct sp_wr *w = sp_gfx_server_progressive(s, surface, context, &rc);

	if (!w) {
		return rc;
	}
	sp_wr_span(w, data);
	return sp_gfx_server_bits_end(s, true);
}

int sp_gfx_server_forget(struct sp_gfx_server *s, uint16_t surface, uint32_t context)
{
	struct sp_gfx_forget forget = {.surface = surface, .context = context};
	int rc = may(s, false);

	if (rc != SP_OK) {
		return rc;
	}
	if (!find(s, surface)) {
		return SP_EARG;
	}
	sp_gfx_forget_write(&s->batch, &forget);
	return done(s, false);
}
