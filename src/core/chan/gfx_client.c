/* core/chan/gfx_client.c - see gfx_client.h: what is agreed, and when frames begin and end. */
#include "core/chan/gfx_client.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/chan/gfx_client_part.h"

#define QOE_MOST_MS 65000u /* a longer time is told as none */

static int put(struct sp_gfx_client *c)
{
	struct sp_rcbuf *b = sp_wr_take(&c->w);

	if (!b) {
		int rc = sp_wr_ok(&c->w);

		sp_wr_reset(&c->w);
		return rc;
	}
	if (c->tail) {
		c->tail->next = b;
	} else {
		c->head = b;
	}
	c->tail = b;
	return SP_OK;
}

struct sp_rcbuf *sp_gfx_client_out(struct sp_gfx_client *c)
{
	struct sp_rcbuf *b = c->head;

	if (b) {
		c->head = b->next;
		c->tail = c->head ? c->tail : NULL;
		b->next = NULL;
	}
	return b;
}

/* What we say of ourselves in a set of this version; false: nothing that would be true. */
static bool own_flags(const struct sp_gfx_client_conf *conf, uint32_t version, uint32_t *flags)
{
	uint32_t known, want = SP_GFX_SCALEDMAP_DISABLE;

	want |= conf->thin_client ? SP_GFX_THINCLIENT : 0;
	want |= conf->small_cache ? SP_GFX_SMALL_CACHE : 0;
	want |= conf->h264 ? SP_GFX_AVC420_ENABLED : SP_GFX_AVC_DISABLED;
	if (!sp_gfx_version_flags(version, &known) ||
			(conf->max_version != 0 && version > conf->max_version)) {
		return false;
	}
	*flags = want & known;
	/* 10.1 has no flags: who takes it is able to do all. */
	return version != SP_GFX_V101 || (conf->h264 && !conf->small_cache);
}

static int advertise(struct sp_gfx_client *c)
{
	static const uint32_t versions[] = {SP_GFX_V8, SP_GFX_V81, SP_GFX_V10, SP_GFX_V101,
			SP_GFX_V102, SP_GFX_V103, SP_GFX_V104, SP_GFX_V105, SP_GFX_V106,
			SP_GFX_V106_ERRATA, SP_GFX_V107};
	struct sp_gfx_advertise a = {.n = 0};

	for (size_t i = 0; i < SP_LEN(versions); i++) {
		a.set[a.n].version = versions[i];
		a.n += own_flags(&c->conf, versions[i], &a.set[a.n].flags);
	}
	sp_gfx_advertise_write(&c->w, &a);
	return put(c);
}

struct sp_gfx_client *sp_gfx_client_create(const struct sp_gfx_client_conf *conf)
{
	struct sp_gfx_client *c = sp_calloc(1, sizeof(*c));

	if (!c) {
		return NULL;
	}
	c->conf = *conf;
	if (c->conf.memory == 0) {
		c->conf.memory = SP_GFX_CLIENT_MEMORY;
	}
	c->allowed = UINT64_MAX;
	sp_wr_init(&c->w, 4096);
	c->zgfx = sp_zgfx_dec_create(SP_ZGFX_FULL, SP_GFX_CLIENT_MESSAGE_BASE);
	if (!c->zgfx || advertise(c) != SP_OK) {
		sp_gfx_client_destroy(c);
		return NULL;
	}
	return c;
}

/* ---- how much ---- */

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static size_t most(const struct sp_gfx_client *c)
{
	return (size_t)least(
			c->conf.memory, SP_GFX_CLIENT_BASE + SP_GFX_CLIENT_PER_PIXEL * c->area);
}

size_t gfx_room(const struct sp_gfx_client *c)
{
	size_t all = most(c), used = c->memory + c->codec_bytes;

	return used < all ? all - used : 0;
}

int gfx_full(struct sp_gfx_client *c)
{
	c->why = "server wants more memory for graphics than its desktop's size justifies";
	return SP_ELIMIT;
}

void gfx_output(struct sp_gfx_client *c, uint64_t area)
{
	c->area = area > c->area ? area : c->area;
	sp_zgfx_dec_limit(c->zgfx,
			(size_t)least(SP_GFX_CLIENT_MESSAGE,
					SP_GFX_CLIENT_MESSAGE_BASE +
							SP_GFX_CLIENT_MESSAGE_PER_PIXEL * c->area));
}

void sp_gfx_client_allow(struct sp_gfx_client *c, uint64_t area)
{
	c->allowed = area;
}

const char *sp_gfx_client_why(const struct sp_gfx_client *c)
{
	return c->why;
}

void gfx_forget_talk(struct sp_gfx_client *c)
{
	struct sp_rcbuf *b;

	while ((b = sp_gfx_client_out(c))) {
		sp_rcbuf_unref(b);
	}
	memset(c->has_event, 0, sizeof(c->has_event));
	c->n_shown = 0;
}

void sp_gfx_client_destroy(struct sp_gfx_client *c)
{
	if (!c) {
		return;
	}
	gfx_surfaces_clear(c);
	gfx_codecs_finish(c);
	gfx_forget_talk(c);
	sp_wr_finish(&c->w);
	sp_zgfx_dec_destroy(c->zgfx);
	sp_free(c);
}

/* ---- events ---- */

bool sp_gfx_client_next(struct sp_gfx_client *c, struct sp_gfx_client_event *ev)
{
	for (int kind = 0; kind <= SP_GFX_CLIENT_FRAME; kind++) {
		if (c->has_event[kind]) {
			c->has_event[kind] = false;
			*ev = (struct sp_gfx_client_event){.kind = (enum sp_gfx_client_kind)kind,
					.caps = c->caps,
					.reset = c->output,
					.frame = c->last_frame};
			return true;
		}
	}
	return false;
}

/* ---- commands ---- */

static int on_confirm(struct sp_gfx_client *c, struct sp_rd *r)
{
	struct sp_gfx_caps caps;
	uint32_t own;
	int rc = sp_gfx_confirm_read(r, &caps);

	if (rc != SP_OK) {
		return rc;
	}
	/* Once, and something that we said. */
	if (c->confirmed) {
		return SP_ESTATE;
	}
	if (!own_flags(&c->conf, caps.version, &own)) {
		return SP_EPROTO;
	}
	c->confirmed = true;
	c->caps = caps;
	/* Servers also write what they are able to: only what both are counts. */
	c->caps.flags &= own;
	c->has_event[SP_GFX_CLIENT_CONFIRMED] = true;
	return SP_OK;
}

static int on_reset(struct sp_gfx_client *c, struct sp_rd *r)
{
	struct sp_gfx_reset reset;
	int rc = sp_gfx_reset_read(r, &reset);

	if (rc != SP_OK) {
		return rc;
	}
	if (!((uint64_t)reset.w * reset.h <= c->allowed)) {
		c->why = "server's desktop is much larger than asked for; give --size";
		return SP_ELIMIT;
	}
	c->output = reset;
	c->has_output = true;
	gfx_output(c, (uint64_t)reset.w * reset.h);
	c->all_dirty = true;
	gfx_codecs_reset(c);
	c->has_event[SP_GFX_CLIENT_RESET] = true;
	return SP_OK;
}

static int on_start(struct sp_gfx_client *c, struct sp_rd *r, uint64_t now_us)
{
	struct sp_gfx_start start;
	int rc = sp_gfx_start_read(r, &start);

	if (rc == SP_OK) {
		c->in_frame = true;
		c->frame_count++;
		c->began_us = now_us;
	}
	return rc;
}

/* [MS-RDPEGFX] 3.3.5.13: for each end of a frame, unless the server was told otherwise. */
static int acknowledge(struct sp_gfx_client *c, uint32_t frame)
{
	struct sp_gfx_ack ack = {.frame = frame, .decoded = c->decoded};

	if (c->conf.no_acks) {
		ack.depth = SP_GFX_SUSPEND;
		if (c->suspended) {
			return SP_OK;
		}
		c->suspended = true;
	}
	sp_gfx_ack_write(&c->w, &ack);
	return put(c);
}

static int on_end(struct sp_gfx_client *c, struct sp_rd *r, uint64_t now_us)
{
	uint32_t frame;
	int rc = sp_gfx_u32_read(r, &frame);

	if (rc != SP_OK) {
		return rc;
	}
	struct gfx_shown shown = {frame, c->in_frame ? c->began_us : now_us, now_us};
	c->in_frame = false;
	c->decoded++;
	c->stats.frames++;
	if (c->n_shown < GFX_SHOWN) {
		c->shown[c->n_shown++] = shown;
	}
	c->last_frame = frame;
	c->has_event[SP_GFX_CLIENT_FRAME] = true;
	return acknowledge(c, frame);
}

static int on_create(struct sp_gfx_client *c, struct sp_rd *r)
{
	struct sp_gfx_create create;
	int rc = sp_gfx_create_read(r, &create);

	return rc == SP_OK ? gfx_surface_create(c, &create) : rc;
}

static int on_delete(struct sp_gfx_client *c, struct sp_rd *r)
{
	uint16_t id;
	int rc = sp_gfx_u16_read(r, &id);
	struct gfx_surface *s = rc == SP_OK ? gfx_surface_find(c, id) : NULL;

	if (s) {
		gfx_surface_delete(c, s);
	}
	return rc;
}

static int on_map(struct sp_gfx_client *c, struct sp_rd *r, bool scaled)
{
	struct sp_gfx_map map;
	int rc = scaled ? sp_gfx_map_scaled_read(r, &map) : sp_gfx_map_read(r, &map);
	struct gfx_surface *s = rc == SP_OK ? gfx_surface_find(c, map.surface) : NULL;

	if (rc != SP_OK) {
		return rc;
	}
	return s ? gfx_surface_map(c, s, &map, scaled) : SP_ESTATE;
}

/* There are no windows of applications here: what is for one is not shown. */
static int on_map_window(struct sp_gfx_client *c, struct sp_rd *r, bool scaled)
{
	struct sp_gfx_map_window map;
	int rc = scaled ? sp_gfx_map_scaled_window_read(r, &map) : sp_gfx_map_window_read(r, &map);

	if (rc != SP_OK) {
		return rc;
	}
	return gfx_surface_find(c, map.surface) ? SP_OK : SP_ESTATE;
}

static int on_bits(struct sp_gfx_client *c, struct sp_rd *r, bool bits2)
{
	struct sp_gfx_bits bits;
	int rc = bits2 ? sp_gfx_bits2_read(r, &bits) : sp_gfx_bits_read(r, &bits);

	if (rc != SP_OK) {
		return rc;
	}
	return bits2 ? gfx_bits2(c, &bits) : gfx_bits(c, &bits);
}

static int on_forget(struct sp_gfx_client *c, struct sp_rd *r)
{
	struct sp_gfx_forget forget;

	/* Contexts are kept with their surface, and end with it. */
	return sp_gfx_forget_read(r, &forget);
}

static int on_fill(struct sp_gfx_client *c, struct sp_rd *r)
{
	struct sp_gfx_fill fill;
	int rc = sp_gfx_fill_read(r, &fill);

	return rc == SP_OK ? gfx_fill(c, &fill) : rc;
}

static int on_copy(struct sp_gfx_client *c, struct sp_rd *r)
{
	struct sp_gfx_copy copy;
	int rc = sp_gfx_copy_read(r, &copy);

	return rc == SP_OK ? gfx_copy(c, &copy) : rc;
}

static int on_store(struct sp_gfx_client *c, struct sp_rd *r)
{
	struct sp_gfx_store store;
	int rc = sp_gfx_store_read(r, &store);

	return rc == SP_OK ? gfx_store(c, &store) : rc;
}

static int on_paste(struct sp_gfx_client *c, struct sp_rd *r)
{
	struct sp_gfx_paste paste;
	int rc = sp_gfx_paste_read(r, &paste);

	return rc == SP_OK ? gfx_paste(c, &paste) : rc;
}

static int on_evict(struct sp_gfx_client *c, struct sp_rd *r)
{
	uint16_t slot;
	int rc = sp_gfx_u16_read(r, &slot);

	if (rc == SP_OK) {
		gfx_evict(c, slot);
	}
	return rc;
}

/* Nothing was offered. */
static int on_reply(struct sp_gfx_client *c, struct sp_rd *r)
{
	struct sp_gfx_list list;
	int rc = sp_gfx_reply_read(r, &list);

	return rc == SP_OK && list.n > 0 ? SP_ESTATE : rc;
}

static int execute(struct sp_gfx_client *c, uint16_t cmd, struct sp_rd *r, uint64_t now_us)
{
	if (cmd == SP_GFX_CONFIRM) {
		return on_confirm(c, r);
	}
	if (!c->confirmed) {
		return SP_ESTATE;
	}
	switch (cmd) {
	case SP_GFX_BITS:
	case SP_GFX_BITS2:
		return on_bits(c, r, cmd == SP_GFX_BITS2);
	case SP_GFX_FORGET:
		return on_forget(c, r);
	case SP_GFX_FILL:
		return on_fill(c, r);
	case SP_GFX_COPY:
		return on_copy(c, r);
	case SP_GFX_STORE:
		return on_store(c, r);
	case SP_GFX_PASTE:
		return on_paste(c, r);
	case SP_GFX_EVICT:
		return on_evict(c, r);
	case SP_GFX_CREATE:
		return on_create(c, r);
	case SP_GFX_DELETE:
		return on_delete(c, r);
	case SP_GFX_START:
		return on_start(c, r, now_us);
	case SP_GFX_END:
		return on_end(c, r, now_us);
	case SP_GFX_RESET:
		return on_reset(c, r);
	case SP_GFX_MAP:
	case SP_GFX_MAP_SCALED:
		return on_map(c, r, cmd == SP_GFX_MAP_SCALED);
	case SP_GFX_MAP_WINDOW:
	case SP_GFX_MAP_SCALED_WINDOW:
		return on_map_window(c, r, cmd == SP_GFX_MAP_SCALED_WINDOW);
	case SP_GFX_REPLY:
		return on_reply(c, r);
	default:
		/* [MS-RDPEGFX] 3.1.5.1: what is not expected is to be ignored. */
		return SP_OK;
	}
}

int sp_gfx_client_feed(struct sp_gfx_client *c, struct sp_span message, uint64_t now_us)
{
	struct sp_span plain;
	struct sp_rd r, body;
	uint16_t cmd;
	int rc = sp_zgfx_decode(c->zgfx, message, &plain);

	if (rc != SP_OK) {
		return rc;
	}
	/* Decompression must not be what makes a lot of work of little. */
	if (plain.n > GFX_RATIO_FROM && plain.n / GFX_RATIO > message.n) {
		return SP_ELIMIT;
	}
	c->work = GFX_WORK;
	c->stats.messages++;
	c->stats.bytes += message.n;
	c->stats.plain += plain.n;
	sp_rd_init(&r, plain.p, plain.n);
	while (rc == SP_OK && sp_rd_left(&r) > 0) {
		rc = sp_gfx_next(&r, &cmd, &body);
		if (rc == SP_OK) {
			rc = execute(c, cmd, &body, now_us);
		}
	}
	return rc;
}

int gfx_spend(struct sp_gfx_client *c, uint64_t pixels)
{
	if (!(pixels <= c->work)) {
		return SP_ELIMIT;
	}
	c->work -= pixels;
	return SP_OK;
}

/* ---- after a frame was shown ---- */

static uint16_t span_ms(uint64_t from_us, uint64_t to_us)
{
	uint64_t ms = to_us > from_us ? (to_us - from_us) / 1000 : 0;

	return ms <= QOE_MOST_MS ? (uint16_t)ms : 0;
}

/* [MS-RDPEGFX] 2.2.2.21: not to servers of 8.x and 10.1. */
int gfx_tell_shown(struct sp_gfx_client *c, uint64_t now_us)
{
	int rc = SP_OK;

	for (size_t i = 0; i < c->n_shown && rc == SP_OK; i++) {
		const struct gfx_shown *s = &c->shown[i];
		struct sp_gfx_qoe qoe = {.frame = s->frame,
				.stamp = (uint32_t)(s->began_us / 1000),
				.decode_ms = span_ms(s->began_us, s->ended_us),
				.show_ms = span_ms(s->ended_us, now_us)};

		if (c->caps.version >= SP_GFX_V10 && c->caps.version != SP_GFX_V101) {
			sp_gfx_qoe_write(&c->w, &qoe);
			rc = put(c);
		}
	}
	c->n_shown = 0;
	return rc;
}

void sp_gfx_client_size(const struct sp_gfx_client *c, uint32_t *w, uint32_t *h)
{
	*w = c->has_output ? c->output.w : 0;
	*h = c->has_output ? c->output.h : 0;
}

void sp_gfx_client_stats(const struct sp_gfx_client *c, struct sp_gfx_client_stats *out)
{
	*out = c->stats;
	out->memory = c->memory;
	out->codecs = c->codec_bytes;
	out->most = most(c);
	out->surfaces = out->cached = 0;
	for (size_t i = 0; i < SP_GFX_CLIENT_SURFACES; i++) {
		out->surfaces += c->surface[i].px != NULL;
	}
	for (size_t i = 0; i < c->n_cached; i++) {
		out->cached += c->cached[i].px != NULL;
	}
}
