/* tests/core/chan/gfx_rig.h - a client of the graphics pipeline, and messages for it. */
#ifndef SP_TESTS_GFX_RIG_H
#define SP_TESTS_GFX_RIG_H

#include "unit.h"

#include <string.h>

#include "core/base/err.h"
#include "core/chan/gfx_client.h"
#include "core/codec/zgfx.h"

#define T0 1000000u
#define W 100
#define H 80

struct rig {
	struct sp_gfx_client *c;
	struct sp_zgfx_enc *zgfx;
	struct sp_wr w; /* PDUs of the next message */
	uint64_t now;
	uint32_t fb[H][W];
	struct sp_rect changed;
};

static inline int send(struct rig *g)
{
	struct sp_wr packed;

	sp_wr_init(&packed, 80u << 20);
	assert_int_equal(sp_wr_ok(&g->w), SP_OK);
	assert_int_equal(sp_zgfx_encode(g->zgfx, sp_span(g->w.p, g->w.n), &packed), SP_OK);
	int rc = sp_gfx_client_feed(g->c, sp_span(packed.p, packed.n), g->now += 1000);
	sp_wr_finish(&packed);
	sp_wr_reset(&g->w);
	return rc;
}

static inline void open_as(struct rig *g, const struct sp_gfx_client_conf *conf, uint32_t version,
		uint32_t flags)
{
	memset(g, 0, sizeof(*g));
	g->now = T0;
	g->c = sp_gfx_client_create(conf);
	g->zgfx = sp_zgfx_enc_create(SP_ZGFX_FULL);
	assert_non_null(g->c);
	assert_non_null(g->zgfx);
	sp_wr_init(&g->w, 70u << 20);
	sp_rcbuf_unref(sp_gfx_client_out(g->c));
	sp_gfx_confirm_write(&g->w, &(struct sp_gfx_caps){version, flags});
	assert_int_equal(send(g), SP_OK);
}

static inline void close_it(struct rig *g)
{
	sp_gfx_client_destroy(g->c);
	sp_zgfx_enc_destroy(g->zgfx);
	sp_wr_finish(&g->w);
}

static inline void create(struct rig *g, uint16_t id, uint16_t w, uint16_t h)
{
	sp_gfx_create_write(&g->w, &(struct sp_gfx_create){id, w, h, SP_GFX_XRGB});
}

static inline void map(struct rig *g, uint16_t id, uint32_t x, uint32_t y)
{
	sp_gfx_map_write(&g->w, &(struct sp_gfx_map){.surface = id, .x = x, .y = y});
}

static inline void fill(struct rig *g, uint16_t id, uint32_t pixel, struct sp_rect r)
{
	sp_gfx_fill_write(&g->w, &(struct sp_gfx_fill){.surface = id, .pixel = pixel}, &r, 1);
}

static inline void reset(struct rig *g, uint32_t w, uint32_t h)
{
	sp_gfx_reset_write(&g->w, &(struct sp_gfx_reset){.w = w, .h = h});
}

static inline void frame(struct rig *g, bool start, uint32_t id)
{
	if (start) {
		sp_gfx_start_write(&g->w, &(struct sp_gfx_start){0, id});
	} else {
		sp_gfx_u32_write(&g->w, SP_GFX_END, id);
	}
}

static inline void paint(struct rig *g)
{
	assert_int_equal(sp_gfx_client_paint(
					 g->c, (uint8_t *)g->fb, W * 4, W, H, g->now, &g->changed),
			SP_OK);
}

#endif
