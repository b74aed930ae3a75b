/* core/chan/gfx_client_codec.c - see gfx_client.h: encoded pixels into surfaces. */
#include <string.h>

#include "core/base/mem.h"
#include "core/chan/gfx_client_part.h"
#include "core/codec/planar.h"

void gfx_codecs_reset(struct sp_gfx_client *c)
{
}

void gfx_codecs_drop(struct gfx_surface *s)
{
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

int gfx_bits(struct sp_gfx_client *c, const struct sp_gfx_bits *bits)
{
	struct gfx_surface *s = gfx_surface_find(c, bits->surface);
	struct sp_rect changed = bits->to;
	int rc;

	if (!s) {
		return SP_ESTATE;
	}
	if (!gfx_surface_holds(s, bits->to)) {
		return SP_EFIELD;
	}
	if (sp_rect_empty(bits->to)) {
		return SP_OK;
	}
	rc = gfx_spend(c, (uint64_t)bits->to.w * (uint64_t)bits->to.h);
	if (rc != SP_OK) {
		return rc;
	}
	uint8_t *px = gfx_surface_at(s, bits->to.x, bits->to.y);
	switch (bits->codec) {
	case SP_GFX_RAW:
		rc = raw(s, bits);
		break;
	case SP_GFX_PLANAR:
		rc = sp_planar_decode(bits->data.p, bits->data.n, px,
				(ptrdiff_t)gfx_surface_stride(s), (uint32_t)bits->to.w,
				(uint32_t)bits->to.h);
		break;
	default:
		rc = SP_EPROTO;
		break;
	}
	gfx_surface_changed(s, changed);
	if (bits->codec < SP_GFX_CODECS) {
		c->stats.pixels[bits->codec] += (uint64_t)changed.w * (uint64_t)changed.h;
	}
	return rc < 0 ? rc : SP_OK;
}

int gfx_bits2(struct sp_gfx_client *c, const struct sp_gfx_bits *bits)
{
	return SP_EPROTO;
}
