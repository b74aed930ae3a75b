/* tests/core/view/scene.c - see scene.h. */
#include "scene.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/chan/gfx_client.h"
#include "core/chan/gfx_server.h"
#include "core/codec/avc.h"
#include "core/codec/clear.h"
#include "core/codec/nsc.h"
#include "core/codec/planar.h"
#include "core/codec/progressive.h"
#include "core/codec/rfx.h"
#include "core/pdu/caps.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/info.h"
#include "core/pdu/pointer.h"
#include "core/pdu/surfcmd.h"
#include "core/pdu/x224.h"
#include "core/rdp/server.h"
#include "core/rdp/vc.h"
#include "core/view/cursor.h"
#include "core/view/emit.h"
#include "core/view/paint.h"

#define AREA (400 * 300)

struct scene {
	struct sp_rdp *server, *client;
	struct sp_vc *at_server, *at_client;
	bool taping, logged_on;
	uint64_t now;
	uint32_t seed;
	uint32_t w, h;
	uint32_t px[AREA]; /* the desktop */

	/* The client, as it is made of the same parts. */
	uint8_t *fb;
	uint32_t fb_w, fb_h;
	struct sp_paint paint;
	struct sp_gfx_client *gfx;
	struct sp_port *gfx_port;
	const struct sp_h264_impl *h264;

	struct sp_gfx_server *sender;
	struct sp_port *sender_port;
	bool ready;
	struct sp_clear_enc *clear;
	struct sp_prog_enc *prog;
	struct sp_rfx_enc *rfx;
	struct sp_nsc_enc *nsc;
	struct sp_avc_enc *avc;
	enum sp_avc_mode avc_mode;
	struct sp_rfx_work work;

	struct sp_gcc_client gcc;
	uint16_t ids[SP_GCC_MAX_CHANNELS];
	struct sp_client_replay_conf conf;
	struct scene_pdu tape[SCENE_TAPE];
	size_t n_tape;
};

static uint32_t any(struct scene *s, uint32_t n)
{
	s->seed = s->seed * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)(s->seed >> 4) * n) >> 28);
}

uint64_t scene_sum(const uint8_t *px, uint32_t w, uint32_t h)
{
	uint64_t sum = 0xcbf29ce484222325u;

	for (size_t i = 0; px && i < (size_t)w * h * 4; i++) {
		/* The fourth byte is nobody's. */
		sum = i % 4 == 3 ? sum : (sum ^ px[i]) * 0x100000001b3u;
	}
	return px ? sum : 0;
}

/* ---- the client ---- */

static void new_picture(struct scene *s, uint32_t w, uint32_t h)
{
	free(s->fb);
	s->fb = calloc((size_t)w * h, 4);
	s->fb_w = w;
	s->fb_h = h;
	sp_paint_target(&s->paint, s->fb, (size_t)w * 4, w, h);
}

static void show(struct scene *s)
{
	struct sp_rect area;

	assert_int_equal(sp_gfx_client_paint(s->gfx, s->fb, (size_t)s->fb_w * 4, s->fb_w, s->fb_h,
					 s->now, &area),
			SP_OK);
}

static void answer(struct scene *s)
{
	struct sp_rcbuf *b;

	while ((b = sp_gfx_client_out(s->gfx))) {
		assert_int_equal(sp_port_send(s->gfx_port, b), SP_OK);
	}
}

static void client_channel(struct scene *s)
{
	struct sp_gfx_client_conf conf = {.h264 = s->h264};
	struct sp_gfx_client_event ge;
	struct sp_vc_event ev;

	while (sp_vc_next(s->at_client, &ev)) {
		if (ev.kind == SP_VC_OPENED) {
			s->gfx = sp_gfx_client_create(&conf);
			s->gfx_port = ev.port;
			answer(s);
		} else if (ev.kind == SP_VC_MESSAGE) {
			assert_int_equal(sp_gfx_client_feed(s->gfx, ev.message, s->now), SP_OK);
			while (sp_gfx_client_next(s->gfx, &ge)) {
				if (ge.kind == SP_GFX_CLIENT_RESET &&
						(ge.reset.w != s->fb_w || ge.reset.h != s->fb_h)) {
					new_picture(s, ge.reset.w, ge.reset.h);
				}
			}
			show(s);
			answer(s);
		} else if (ev.kind == SP_VC_CLOSED) {
			sp_gfx_client_destroy(s->gfx);
			s->gfx = NULL;
		}
	}
}

static void client_event(struct scene *s, const struct sp_event *ev)
{
	struct sp_rect area;
	struct sp_caps caps;

	switch (ev->kind) {
	case SP_EV_LICENSED:
		s->taping = true;
		s->at_client = sp_vc_create(s->client, false);
		assert_int_equal(sp_vc_listen(s->at_client, SP_GFX_CHANNEL,
						 &(struct sp_port_conf){.max_message = 1u << 24}),
				SP_OK);
		break;
	case SP_EV_DEMAND_ACTIVE:
		new_picture(s, ev->caps->bitmap.width, ev->caps->bitmap.height);
		if (s->gfx) {
			sp_gfx_client_repaint(s->gfx);
			show(s);
		}
		sp_client_default_caps(&caps, (uint16_t)s->fb_w, (uint16_t)s->fb_h, 32);
		sp_client_surface_caps(&caps, true, true);
		/* Other numbers than ours. */
		caps.codecs.codec[0].id = 7;
		caps.codecs.codec[1].id = 9;
		s->paint.id[SP_PAINT_NSC] = 7;
		s->paint.id[SP_PAINT_RFX] = 9;
		assert_int_equal(sp_client_confirm(s->client, &caps), SP_OK);
		break;
	case SP_EV_UPDATE:
		if (ev->update.code == SP_FP_BITMAP) {
			assert_int_equal(sp_paint_bitmap(&s->paint, ev->update.data, &area), SP_OK);
		} else if (ev->update.code == SP_FP_SURFCMDS) {
			assert_int_equal(sp_paint_surface(&s->paint, ev->update.data, &area, NULL),
					SP_OK);
		}
		break;
	case SP_EV_CHANNEL:
		assert_int_equal(sp_vc_feed(s->at_client, ev), SP_OK);
		client_channel(s);
		break;
	default:
		break;
	}
}

/* ---- the server ---- */

static void server_event(struct scene *s, const struct sp_event *ev)
{
	struct sp_server_desktop d = {(uint16_t)s->w, (uint16_t)s->h, 32, .codecs = true};
	struct sp_gfx_server_event ge;
	struct sp_vc_event ve;

	if (ev->kind == SP_EV_LOGON) {
		s->at_server = sp_vc_create(s->server, true);
		assert_int_equal(sp_server_activate(s->server, &d, s->now), SP_OK);
	} else if (ev->kind == SP_EV_CHANNEL) {
		assert_int_equal(sp_vc_feed(s->at_server, ev), SP_OK);
		while (sp_vc_next(s->at_server, &ve)) {
			if (ve.kind != SP_VC_MESSAGE) {
				continue;
			}
			assert_int_equal(sp_gfx_server_feed(s->sender, ve.message, s->now), SP_OK);
			while (sp_gfx_server_next(s->sender, &ge)) {
				s->ready |= ge.kind == SP_GFX_SERVER_READY;
			}
		}
	}
}

static void feed(struct scene *s, struct sp_rdp *to, struct sp_span in)
{
	struct sp_event ev;

	for (size_t at = 0; at < in.n;) {
		int used = sp_rdp_feed(to, in.p + at, in.n - at, s->now);

		assert_true(used > 0);
		at += (size_t)used;
		while (sp_rdp_next(to, &ev)) {
			if (to == s->server) {
				server_event(s, &ev);
			} else {
				client_event(s, &ev);
			}
		}
	}
}

static void tape(struct scene *s, struct sp_rcbuf *b, bool from_client)
{
	assert_true(s->n_tape < SCENE_TAPE);
	s->tape[s->n_tape++] = (struct scene_pdu){.b = b,
			.sum = scene_sum(s->fb, s->fb_w, s->fb_h),
			.w = s->fb_w,
			.h = s->fb_h,
			.from_client = from_client};
}

static void run(struct scene *s)
{
	for (bool moved = true; moved;) {
		struct sp_rcbuf *b;

		moved = false;
		if (s->at_client) {
			assert_true(sp_vc_pump(s->at_client, 1u << 20) >= 0);
		}
		while ((b = sp_rdp_out(s->client))) {
			feed(s, s->server, sp_span(b->p, b->n));
			if (s->taping) {
				tape(s, b, true);
			} else {
				sp_rcbuf_unref(b);
			}
			moved = true;
		}
		while (s->sender_port && (b = sp_gfx_server_out(s->sender))) {
			assert_int_equal(sp_port_send(s->sender_port, b), SP_OK);
		}
		if (s->at_server) {
			assert_true(sp_vc_pump(s->at_server, 1u << 20) >= 0);
		}
		while ((b = sp_rdp_out(s->server))) {
			bool wanted = s->taping;

			feed(s, s->client, sp_span(b->p, b->n));
			if (wanted) {
				tape(s, b, false);
			} else {
				sp_rcbuf_unref(b);
			}
			moved = true;
		}
		s->now += 1000;
	}
}

/* ---- what happens ---- */

static struct sp_rect some_rect(struct scene *s, uint32_t most)
{
	int32_t x = (int32_t)any(s, s->w - 8), y = (int32_t)any(s, s->h - 8);
	uint32_t w = s->w - (uint32_t)x, h = s->h - (uint32_t)y;

	return (struct sp_rect){x, y, 8 + (int32_t)any(s, (w < most ? w : most) - 7),
			8 + (int32_t)any(s, (h < most ? h : most) - 7)};
}

/* Something new in a rectangle of the desktop: text, a ramp, or one colour. */
static struct sp_rect draw(struct scene *s, uint32_t most)
{
	struct sp_rect r = some_rect(s, most);
	uint32_t how = any(s, 3), colour = any(s, 1u << 24);

	for (int32_t y = r.y; y < r.y + r.h; y++) {
		for (int32_t x = r.x; x < r.x + r.w; x++) {
			uint32_t *p = &s->px[(uint32_t)y * s->w + (uint32_t)x];

			*p = how == 0              ? (any(s, 5) ? 0xffffff : colour)
					: how == 1 ? (uint32_t)(x * 3 & 0xff) << 16 |
							(uint32_t)(y * 5 & 0xff) << 8
						   : colour;
			*p |= 0xff000000u;
		}
	}
	return r;
}

static const uint8_t *at(const struct scene *s, struct sp_rect r)
{
	return (const uint8_t *)(s->px + (uint32_t)r.y * s->w + (uint32_t)r.x);
}

static void send_bitmaps(struct scene *s, struct sp_rect r)
{
	struct sp_emit_conf conf = {.w = s->w,
			.h = s->h,
			.depth = 32,
			.max_update = 16000,
			.no_compr_hdr = true};
	struct sp_emit *e = sp_emit_create(&conf);
	struct sp_wr w;

	assert_non_null(e);
	sp_wr_init(&w, 1u << 16);
	sp_emit_damage(e, r);
	while (sp_emit_next(e, (const uint8_t *)s->px, 4 * (size_t)s->w, &w) > 0) {
		assert_int_equal(sp_server_update(s->server, SP_FP_BITMAP, sp_span(w.p, w.n)),
				SP_OK);
		sp_wr_reset(&w);
	}
	sp_wr_finish(&w);
	sp_emit_destroy(e);
}

static void send_surface(struct scene *s, struct sp_rect r, bool rfx)
{
	struct sp_surfcmd cmd = {.type = SP_SURFCMD_SET_BITS,
			.left = (uint16_t)(rfx ? 0 : r.x),
			.top = (uint16_t)(rfx ? 0 : r.y),
			.right = (uint16_t)(rfx ? s->w : (uint32_t)(r.x + r.w)),
			.bottom = (uint16_t)(rfx ? s->h : (uint32_t)(r.y + r.h)),
			.bpp = 32,
			.codec = rfx ? 9 : 7,
			.width = (uint16_t)(rfx ? s->w : (uint32_t)r.w),
			.height = (uint16_t)(rfx ? s->h : (uint32_t)r.h)};
	struct sp_nsc_conf nsc = {.loss = 3, .subsample = true};
	struct sp_wr data, w;

	sp_wr_init(&data, 1u << 22);
	sp_wr_init(&w, 1u << 22);
	if (rfx) {
		assert_true(sp_rfx_encode(s->rfx, (const uint8_t *)s->px, 4 * (size_t)s->w, &r, 1,
					    &data) > 0);
	} else {
		assert_true(sp_nsc_encode(s->nsc, &nsc, at(s, r), 4 * (ptrdiff_t)s->w,
					    (uint32_t)r.w, (uint32_t)r.h, &data) > 0);
	}
	cmd.data = sp_span(data.p, data.n);
	sp_surfcmd_write(&w, &cmd);
	assert_int_equal(sp_server_update(s->server, SP_FP_SURFCMDS, sp_span(w.p, w.n)), SP_OK);
	sp_wr_finish(&data);
	sp_wr_finish(&w);
}

static void send_pointer(struct scene *s)
{
	static uint8_t px[32 * 32 * 4];
	struct sp_pointer p = {.kind = SP_POINTER_POSITION};
	struct sp_wr xor_mask, and_mask, w;

	sp_wr_init(&xor_mask, 1u << 16);
	sp_wr_init(&and_mask, 1u << 16);
	sp_wr_init(&w, 1u << 16);
	p.x = (uint16_t)any(s, s->w);
	p.y = (uint16_t)any(s, s->h);
	if (any(s, 3) == 0) {
		struct sp_cursor c = {.w = 32, .h = 32, .hot_x = 3, .hot_y = 4, .bgra = px};

		for (size_t i = 0; i < sizeof(px); i++) {
			px[i] = (uint8_t)any(s, 256);
		}
		assert_int_equal(sp_cursor_masks(&c, 32, &xor_mask, &and_mask), SP_OK);
		p = (struct sp_pointer){.kind = SP_POINTER_NEW,
				.x = 3,
				.y = 4,
				.bpp = 32,
				.width = 32,
				.height = 32,
				.cache = (uint16_t)any(s, 20),
				.xor_mask = sp_span(xor_mask.p, xor_mask.n),
				.and_mask = sp_span(and_mask.p, and_mask.n)};
	} else if (any(s, 4) == 0) {
		p = (struct sp_pointer){.kind = SP_POINTER_CACHED, .cache = (uint16_t)any(s, 20)};
	}
	sp_pointer_fast_write(&w, &p);
	assert_int_equal(sp_server_update(s->server, (uint8_t)sp_pointer_fast_code(&p),
					 sp_span(w.p, w.n)),
			SP_OK);
	sp_wr_finish(&xor_mask);
	sp_wr_finish(&and_mask);
	sp_wr_finish(&w);
}

static void activate(struct scene *s, uint32_t w, uint32_t h)
{
	struct sp_server_desktop d = {(uint16_t)w, (uint16_t)h, 32, .codecs = true};

	s->w = w;
	s->h = h;
	memset(s->px, 0x40, sizeof(s->px));
	assert_int_equal(sp_server_activate(s->server, &d, s->now), SP_OK);
	run(s);
	assert_true(sp_rdp_is_active(s->server));
	struct sp_rfx_conf rfx = {.rlgr = SP_RLGR3,
			.w = (uint16_t)w,
			.h = (uint16_t)h,
			.n_quants = 1,
			.quant = {SP_RFX_QUANT_USUAL}};
	sp_rfx_enc_destroy(s->rfx);
	s->rfx = sp_rfx_enc_create(&rfx);
	assert_non_null(s->rfx);
}

static void plain_part(struct scene *s, unsigned length)
{
	for (unsigned i = 0; i < length; i++) {
		struct sp_rect r = draw(s, 150);

		switch (any(s, 4)) {
		case 0:
			send_bitmaps(s, r);
			break;
		case 1:
			send_surface(s, r, true);
			break;
		case 2:
			send_surface(s, r, false);
			break;
		default:
			send_pointer(s);
			break;
		}
		run(s);
	}
}

/* ---- the pipeline ---- */

static void make_codecs(struct scene *s, enum sp_avc_mode mode)
{
	struct sp_avc_enc_conf conf = {.impl = s->h264,
			.cpu = SP_CPU_PLAIN,
			.mode = mode,
			.h264 = {.w = s->w, .h = s->h, .qp = 24, .fps = 30}};

	sp_prog_enc_destroy(s->prog);
	s->prog = sp_prog_enc_create(s->w, s->h, true);
	assert_non_null(s->prog);
	sp_avc_enc_destroy(s->avc);
	s->avc = NULL;
	s->avc_mode = mode;
	if (s->h264) {
		assert_int_equal(sp_avc_enc_create(&conf, &s->avc), SP_OK);
	}
}

static void surface(struct scene *s)
{
	struct sp_gfx_reset reset = {.w = s->w,
			.h = s->h,
			.n = 1,
			.monitor = {{{0, 0, (int32_t)s->w, (int32_t)s->h}, true}}};

	assert_int_equal(sp_gfx_server_reset(s->sender, &reset), SP_OK);
	assert_int_equal(sp_gfx_server_create_surface(s->sender, 1, (uint16_t)s->w, (uint16_t)s->h),
			SP_OK);
	assert_int_equal(sp_gfx_server_map(s->sender, 1, 0, 0), SP_OK);
	run(s);
}

static void send_progressive(struct scene *s)
{
	struct sp_prog_part part = {.tiles = 1};
	uint32_t tx = any(s, (s->w + 63) / 64), ty = any(s, (s->h + 63) / 64);
	struct sp_rect area = {(int32_t)tx * 64, (int32_t)ty * 64, 64, 64};
	struct sp_wr tile, w;

	area = sp_rect_and(area, (struct sp_rect){0, 0, (int32_t)s->w, (int32_t)s->h});
	sp_wr_init(&tile, 1u << 20);
	sp_wr_init(&w, 1u << 20);
	if (sp_prog_enc_left(s->prog, tx, ty) > 0 && any(s, 3)) {
		assert_true(sp_prog_enc_upgrade(s->prog, &s->work, tx, ty, &tile) > 0);
	} else {
		assert_true(sp_prog_enc_tile(s->prog, &s->work, (const uint8_t *)s->px,
					    4 * (size_t)s->w, tx, ty, SP_PROG_GOOD,
					    any(s, 2) ? SP_PROG_COARSE : SP_PROG_WHOLE, &tile) > 0);
	}
	part.bytes = sp_span(tile.p, tile.n);
	assert_false(sp_prog_enc_stream(s->prog, &area, 1, &part, 1, &w) < 0);
	assert_int_equal(sp_gfx_server_put_progressive(s->sender, 1, 1, sp_span(w.p, w.n)), SP_OK);
	sp_wr_finish(&tile);
	sp_wr_finish(&w);
}

static void send_avc(struct scene *s, struct sp_rect r)
{
	enum sp_gfx_codec codec = s->avc_mode == SP_AVC_420 ? SP_GFX_AVC420
			: s->avc_mode == SP_AVC_444         ? SP_GFX_AVC444
							    : SP_GFX_AVC444V2;
	struct sp_wr w;

	sp_wr_init(&w, 1u << 22);
	assert_true(sp_avc_encode(s->avc, (const uint8_t *)s->px, 4 * (size_t)s->w, &r, 1,
				    codec != SP_GFX_AVC420 && any(s, 2) ? SP_AVC_BOTH : SP_AVC_LUMA,
				    any(s, 8) == 0, &w) > 0);
	assert_int_equal(sp_gfx_server_put(s->sender, 1, codec, sp_avc_enc_sent(s->avc),
					 sp_span(w.p, w.n)),
			SP_OK);
	sp_wr_finish(&w);
}

static void send_bits(struct scene *s, struct sp_rect r, enum sp_gfx_codec codec)
{
	struct sp_rfx_conf conf = {.rlgr = SP_RLGR3,
			.image = true,
			.w = (uint16_t)r.w,
			.h = (uint16_t)r.h,
			.n_quants = 1,
			.quant = {SP_RFX_QUANT_USUAL}};
	struct sp_rect all = {0, 0, r.w, r.h};
	int err;

	if (codec == SP_GFX_PLANAR) {
		r.w = r.w < SP_PLANAR_TILE ? r.w : SP_PLANAR_TILE;
		r.h = r.h < SP_PLANAR_TILE ? r.h : SP_PLANAR_TILE;
	}
	struct sp_wr *w = sp_gfx_server_bits(s->sender, 1, codec, r, &err);
	assert_non_null(w);
	if (codec == SP_GFX_PLANAR) {
		assert_true(sp_planar_encode_exact(at(s, r), 4 * (ptrdiff_t)s->w, (uint32_t)r.w,
					    (uint32_t)r.h, w) > 0);
	} else if (codec == SP_GFX_CLEAR) {
		assert_true(sp_clear_encode(s->clear, at(s, r), 4 * (size_t)s->w, (uint32_t)r.w,
					    (uint32_t)r.h, w) > 0);
	} else if (codec == SP_GFX_RFX) {
		struct sp_rfx_enc *e = sp_rfx_enc_create(&conf);

		assert_true(sp_rfx_encode(e, at(s, r), 4 * (size_t)s->w, &all, 1, w) > 0);
		sp_rfx_enc_destroy(e);
	} else {
		for (int32_t y = 0; y < r.h; y++) {
			sp_wr_put(w, at(s, r) + (size_t)y * s->w * 4, 4 * (size_t)r.w);
		}
	}
	assert_int_equal(sp_gfx_server_bits_end(s->sender, true), SP_OK);
}

static void gfx_frame(struct scene *s)
{
	static const enum sp_gfx_codec plain[] = {
			SP_GFX_PLANAR, SP_GFX_CLEAR, SP_GFX_RFX, SP_GFX_RAW};
	struct sp_rect r = draw(s, 120);
	struct sp_gfx_point to = {(int16_t)any(s, s->w - (uint32_t)r.w + 1),
			(int16_t)any(s, s->h - (uint32_t)r.h + 1)};
	uint32_t how = any(s, s->h264 ? 10 : 8);

	assert_int_equal(sp_gfx_server_start(s->sender, 0, NULL), SP_OK);
	if (how < 4) {
		send_bits(s, r, plain[how]);
	} else if (how == 4) {
		send_progressive(s);
	} else if (how == 5) {
		assert_int_equal(sp_gfx_server_fill(s->sender, 1, any(s, 1u << 24), &r, 1), SP_OK);
	} else if (how == 6) {
		assert_int_equal(sp_gfx_server_copy(s->sender, 1, 1, r, &to, 1), SP_OK);
	} else if (how == 7) {
		assert_int_equal(
				sp_gfx_server_store(s->sender, 1, (uint16_t)(1 + any(s, 9)), 77, r),
				SP_OK);
	} else {
		send_avc(s, r);
	}
	if (how == 7) {
		uint16_t slot = (uint16_t)(1 + any(s, 9));

		assert_int_equal(sp_gfx_server_store(s->sender, 1, slot, 78, r), SP_OK);
		assert_int_equal(sp_gfx_server_paste(s->sender, slot, 1, &to, 1), SP_OK);
	}
	/* The message ends, the frame does not. */
	if (any(s, 3) == 0) {
		run(s);
	}
	assert_int_equal(sp_gfx_server_end(s->sender, s->now), SP_OK);
	run(s);
}

static void gfx_part(struct scene *s, unsigned length)
{
	for (unsigned i = 0; i < length; i++) {
		if (any(s, 6) == 0) {
			send_pointer(s);
			run(s);
		} else {
			gfx_frame(s);
		}
	}
}

static void open_gfx(struct scene *s)
{
	struct sp_gfx_server_conf gc = {.max_version = 0};
	struct sp_port_conf pc = {.max_message = 1u << 20};

	s->sender = sp_gfx_server_create(&gc);
	assert_int_equal(sp_vc_dynamic(s->at_server, SP_GFX_CHANNEL, &pc, &s->sender_port), SP_OK);
	run(s);
	assert_true(s->ready);
	make_codecs(s, SP_AVC_444V2);
	surface(s);
}

void scene_play(struct scene *s, unsigned length)
{
	run(s);
	activate(s, SCENE_W, SCENE_H);
	plain_part(s, length);
	activate(s, 272, 240);
	plain_part(s, length);
	open_gfx(s);
	gfx_part(s, length);
	/* Another size while the pipeline runs: once by it, once by a reactivation. */
	assert_int_equal(sp_gfx_server_delete_surface(s->sender, 1), SP_OK);
	s->w = 400;
	s->h = 300;
	make_codecs(s, SP_AVC_420);
	surface(s);
	gfx_part(s, length);
	make_codecs(s, SP_AVC_444);
	activate(s, s->w, s->h);
	gfx_part(s, length);
	sp_port_close(s->sender_port);
	s->sender_port = NULL;
	run(s);
	plain_part(s, length);
}

/* ---- life ---- */

struct scene *scene_create(const struct sp_h264_impl *h264)
{
	struct scene *s = calloc(1, sizeof(*s));
	struct sp_info info = {.flags = SP_INFO_MOUSE | SP_INFO_UNICODE};
	struct sp_server_conf sc = {.protocols = SP_PROTO_RDP};
	struct sp_client_conf cc = {.protocols = SP_PROTO_RDP, .gcc = &s->gcc, .info = &info};

	s->h264 = h264;
	s->now = 1000000;
	s->seed = 7;
	s->w = 200;
	s->h = 200;
	s->gcc.core.version = SP_GCC_VERSION_5;
	s->gcc.core.desktop_width = SCENE_W;
	s->gcc.core.desktop_height = SCENE_H;
	s->gcc.core.n_tail = SP_GCC_TAIL_ALL;
	s->gcc.core.early_capability_flags = SP_GCC_CS_ERRINFO | SP_GCC_CS_DYNVC_GFX;
	sp_gcc_client_set_bpp(&s->gcc.core, 32);
	s->gcc.has_security = s->gcc.has_cluster = s->gcc.has_net = true;
	s->gcc.n_channels = 2;
	memcpy(s->gcc.channel[0].name, "cliprdr", 8);
	memcpy(s->gcc.channel[1].name, "drdynvc", 8);
	s->server = sp_server_create(&sc, 1);
	s->client = sp_client_create(&cc, 1);
	assert_non_null(s->server);
	assert_non_null(s->client);
	sp_paint_init(&s->paint, NULL, 0, 0, 0);
	s->paint.allowed[SP_PAINT_RFX] = s->paint.allowed[SP_PAINT_NSC] = true;
	s->clear = sp_clear_enc_create();
	s->nsc = sp_nsc_enc_create();
	return s;
}

void scene_destroy(struct scene *s)
{
	for (size_t i = 0; i < s->n_tape; i++) {
		sp_rcbuf_unref(s->tape[i].b);
	}
	sp_avc_enc_destroy(s->avc);
	sp_clear_enc_destroy(s->clear);
	sp_prog_enc_destroy(s->prog);
	sp_rfx_enc_destroy(s->rfx);
	sp_nsc_enc_destroy(s->nsc);
	sp_gfx_server_destroy(s->sender);
	sp_gfx_client_destroy(s->gfx);
	sp_vc_destroy(s->at_server);
	sp_vc_destroy(s->at_client);
	sp_rdp_destroy(s->server);
	sp_rdp_destroy(s->client);
	sp_paint_finish(&s->paint);
	free(s->fb);
	free(s);
}

size_t scene_tape(const struct scene *s, const struct scene_pdu **out)
{
	*out = s->tape;
	return s->n_tape;
}

const struct sp_client_replay_conf *scene_conf(const struct scene *s)
{
	struct scene *mine = (struct scene *)s;

	mine->ids[0] = 1004;
	mine->ids[1] = 1005;
	mine->conf = (struct sp_client_replay_conf){.gcc = &s->gcc,
			.user_id = sp_rdp_user_id(s->client),
			.io_channel = 1003,
			.channel = s->ids,
			.n_channels = 2};
	return &mine->conf;
}
