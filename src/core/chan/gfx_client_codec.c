/* core/chan/gfx_client_codec.c - see gfx_client.h: encoded pixels into surfaces. */
#include <string.h>

#include "core/base/mem.h"
#include "core/chan/gfx_client_part.h"
#include "core/codec/alpha.h"
#include "core/codec/avc.h"
#include "core/codec/clear.h"
#include "core/codec/cpu.h"
#include "core/codec/planar.h"
#include "core/codec/progressive.h"
#include "core/codec/rfx.h"

#define RECTS 64 /* that a codec may tell apart of what it changed */
#define AVC_FIXED 1024u

void gfx_codecs_reset(struct sp_gfx_client *c)
{
	if (c->clear) {
		sp_clear_dec_renumber(c->clear);
	}
}

void gfx_codecs_drop(struct sp_gfx_client *c, struct gfx_surface *s)
{
	sp_prog_dec_destroy(s->prog);
	s->prog = NULL;
	sp_avc_dec_destroy(s->avc);
	s->avc = NULL;
	s->codec_fixed = 0;
	gfx_codecs_count(c, s);
}

void gfx_codecs_count(struct sp_gfx_client *c, struct gfx_surface *s)
{
	c->codec_bytes -= s->codec_bytes;
	s->codec_bytes = s->codec_fixed + (s->prog ? sp_prog_dec_memory(s->prog) : 0) +
			(s->avc ? (size_t)sp_avc_dec_memory(s->avc) : 0);
	c->codec_bytes += s->codec_bytes;
}

void gfx_codecs_finish(struct sp_gfx_client *c)
{
	sp_rfx_dec_destroy(c->rfx);
	c->rfx = NULL;
	sp_clear_dec_destroy(c->clear);
	c->clear = NULL;
}

/* n rectangles, or an error that goes on. */
static int changed(struct sp_gfx_client *c, struct gfx_surface *s, uint16_t codec,
		const struct sp_rect *rects, int n)
{
	uint64_t pixels = 0;

	for (int i = 0; i < n; i++) {
		gfx_surface_changed(s, rects[i]);
		pixels += (uint64_t)rects[i].w * (uint64_t)rects[i].h;
	}
	c->stats.pixels[codec] += pixels;
	return n < 0 ? n : gfx_spend(c, pixels);
}

static int raw(struct gfx_surface *s, const struct sp_gfx_bits *bits)
{
	size_t n = (size_t)bits->to.w * GFX_PIXEL;

	if (!(bits->data.n >= n * (size_t)bits->to.h)) {
		return SP_ESHORT;
	}
	for (int32_t y = 0; y < bits->to.h; y++) {
		memcpy(gfx_surface_at(s, bits->to.x, bits->to.y + y), bits->data.p + (size_t)y * n,
				n);
	}
	return SP_OK;
}

/* Its rectangles count from the upper left corner of the destination, and may go beyond it. */
static int rfx(struct sp_gfx_client *c, struct gfx_surface *s, const struct sp_gfx_bits *bits)
{
	struct sp_rect rects[RECTS];

	if (!c->rfx) {
		c->rfx = sp_rfx_dec_create();
	}
	if (!c->rfx) {
		return SP_ENOMEM;
	}
	int n = sp_rfx_decode(c->rfx, bits->data, gfx_surface_at(s, bits->to.x, bits->to.y),
			gfx_surface_stride(s), s->w - (uint32_t)bits->to.x,
			s->h - (uint32_t)bits->to.y, rects, RECTS);
	for (int i = 0; i < n; i++) {
		rects[i].x += bits->to.x;
		rects[i].y += bits->to.y;
	}
	return changed(c, s, SP_GFX_RFX, rects, n);
}

/* Before a decoder is made: what it takes as soon as it is there. */
static int reserve(struct sp_gfx_client *c, struct gfx_surface *s, size_t bytes)
{
	if (!(bytes <= gfx_room(c))) {
		return gfx_full(c);
	}
	s->codec_fixed += bytes;
	gfx_codecs_count(c, s);
	return SP_OK;
}

int gfx_avc(struct sp_gfx_client *c, struct gfx_surface *s)
{
	struct sp_avc_dec_conf conf = {.impl = c->conf.h264,
			.cpu = sp_cpu_best(),
			.w = s->w,
			.h = s->h,
			.history = c->conf.h264_history};

	/* Not offered, so not decoded. */
	if (!c->conf.h264 || (c->caps.flags & SP_GFX_AVC_DISABLED)) {
		return SP_EPROTO;
	}
	if (!s->avc) {
		int rc = reserve(c, s, AVC_FIXED);

		if (rc != SP_OK) {
			return rc;
		}
		s->avc = sp_avc_dec_create(&conf);
		if (!s->avc) {
			return SP_ENOMEM;
		}
		gfx_codecs_count(c, s);
	}
	sp_avc_dec_limit(s->avc, sp_avc_dec_memory(s->avc) + gfx_room(c));
	return SP_OK;
}

/* Its pictures are of the whole surface, and its regions count from there. */
static int avc(struct sp_gfx_client *c, struct gfx_surface *s, const struct sp_gfx_bits *bits)
{
	struct sp_rect area;
	bool known = c->caps.version >= SP_GFX_V10 ||
			(c->caps.version == SP_GFX_V81 && bits->codec == SP_GFX_AVC420);
	int rc = known ? gfx_avc(c, s) : SP_EPROTO;

	if (rc == SP_OK) {
		rc = gfx_spend(c, 2 * (uint64_t)s->w * s->h);
	}
	if (rc == SP_OK) {
		rc = sp_avc_decode(s->avc, (enum sp_avc_mode)bits->codec, bits->data, s->px,
				gfx_surface_stride(s), &area);
		gfx_codecs_count(c, s);
	}
	return changed(c, s, bits->codec, &area, rc < 0 ? rc : !sp_rect_empty(area));
}

static int clear(struct sp_gfx_client *c, struct gfx_surface *s, const struct sp_gfx_bits *bits)
{
	if (!c->clear) {
		c->clear = sp_clear_dec_create();
	}
	return !c->clear ? SP_ENOMEM
			 : sp_clear_decode(c->clear, bits->data,
					   gfx_surface_at(s, bits->to.x, bits->to.y),
					   gfx_surface_stride(s), (uint32_t)bits->to.w,
					   (uint32_t)bits->to.h);
}

/* Codecs that fill the whole of their rectangle. */
static int whole(struct sp_gfx_client *c, struct gfx_surface *s, const struct sp_gfx_bits *bits)
{
	uint8_t *px = gfx_surface_at(s, bits->to.x, bits->to.y);
	uint32_t w = (uint32_t)bits->to.w, h = (uint32_t)bits->to.h;
	size_t stride = gfx_surface_stride(s);
	int rc = gfx_spend(c, (uint64_t)w * h);

	if (rc != SP_OK) {
		return rc;
	}
	switch (bits->codec) {
	case SP_GFX_RAW:
		rc = raw(s, bits);
		break;
	case SP_GFX_PLANAR:
		rc = sp_planar_decode(bits->data.p, bits->data.n, px, (ptrdiff_t)stride, w, h);
		break;
	case SP_GFX_CLEAR:
		rc = clear(c, s, bits);
		break;
	case SP_GFX_ALPHA:
		rc = sp_alpha_decode(bits->data, px, stride, w, h);
		break;
	default:
		return SP_EPROTO;
	}
	gfx_surface_changed(s, bits->to);
	c->stats.pixels[bits->codec] += (uint64_t)w * h;
	return rc < 0 ? rc : SP_OK;
}

int gfx_bits(struct sp_gfx_client *c, const struct sp_gfx_bits *bits)
{
	struct gfx_surface *s = gfx_surface_find(c, bits->surface);

	if (!s) {
		return SP_ESTATE;
	}
	if (!gfx_surface_holds(s, bits->to)) {
		return SP_EFIELD;
	}
	if (sp_rect_empty(bits->to)) {
		return SP_OK;
	}
	switch (bits->codec) {
	case SP_GFX_RFX:
		return rfx(c, s, bits);
	case SP_GFX_AVC420:
	case SP_GFX_AVC444:
	case SP_GFX_AVC444V2:
		return avc(c, s, bits);
	default:
		return whole(c, s, bits);
	}
}

int gfx_prog(struct sp_gfx_client *c, struct gfx_surface *s)
{
	size_t tiles = (size_t)((s->w + SP_PROG_TILE - 1) / SP_PROG_TILE) *
			((s->h + SP_PROG_TILE - 1) / SP_PROG_TILE);

	if (!s->prog) {
		int rc = reserve(c, s, SP_PROG_DEC_BYTES(tiles));

		if (rc != SP_OK) {
			return rc;
		}
		s->prog = sp_prog_dec_create(s->w, s->h, 0);
		if (!s->prog) {
			return SP_ENOMEM;
		}
	}
	sp_prog_dec_limit(s->prog, sp_prog_dec_memory(s->prog) + gfx_room(c));
	return SP_OK;
}

int gfx_bits2(struct sp_gfx_client *c, const struct sp_gfx_bits *bits)
{
	struct gfx_surface *s = gfx_surface_find(c, bits->surface);
	struct sp_rect rects[RECTS];

	if (!s) {
		return SP_ESTATE;
	}
	/* [MS-RDPEGFX] 2.2.3.1: who is a thin client does not have it. */
	if (bits->codec != SP_GFX_PROGRESSIVE || (c->caps.flags & SP_GFX_THINCLIENT)) {
		return SP_EPROTO;
	}
	int rc = gfx_prog(c, s);
	if (rc != SP_OK) {
		return rc;
	}
	rc = sp_prog_decode(s->prog, bits->data, c->frame_count, s->px, gfx_surface_stride(s),
			rects, RECTS);
	gfx_codecs_count(c, s);
	return changed(c, s, SP_GFX_PROGRESSIVE, rects, rc);
}
