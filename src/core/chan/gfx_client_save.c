/* core/chan/gfx_client_save.c - see gfx_client.h: all that the client knows, and back. */
#include <string.h>

#include "core/base/mem.h"
#include "core/chan/gfx_client_part.h"
#include "core/codec/avc.h"
#include "core/codec/clear.h"
#include "core/codec/progressive.h"
#include "core/codec/rfx.h"

#define MAGIC 0x33584647u /* "GFX3" */

/* What is there of a decoder, in a block behind its length; length 0: there is none. */
#define NONE 0u

/* ---- out ---- */

static size_t begin(struct sp_wr *w)
{
	return sp_wr_hole(w, 4);
}

static int end(struct sp_wr *w, size_t mark, int rc)
{
	sp_wr_fill_le32(w, mark, w->n - mark - 4);
	return rc < 0 ? rc : sp_wr_ok(w);
}

static void save_rect(struct sp_wr *w, struct sp_rect r)
{
	sp_wr_le32(w, (uint32_t)r.x);
	sp_wr_le32(w, (uint32_t)r.y);
	sp_wr_le32(w, (uint32_t)r.w);
	sp_wr_le32(w, (uint32_t)r.h);
}

static void save_output(const struct sp_gfx_client *c, struct sp_wr *w)
{
	sp_wr_le32(w, (uint32_t)c->area);
	sp_wr_u8(w, c->has_output);
	if (!c->has_output) {
		return;
	}
	sp_wr_le32(w, c->output.w);
	sp_wr_le32(w, c->output.h);
	sp_wr_u8(w, (uint8_t)c->output.n);
	for (size_t i = 0; i < c->output.n; i++) {
		save_rect(w, c->output.monitor[i].area);
		sp_wr_u8(w, c->output.monitor[i].primary);
	}
}

static int save_surface(const struct sp_gfx_client *c, size_t slot, struct sp_wr *w)
{
	const struct gfx_surface *s = &c->surface[slot];
	size_t mark;
	int rc = SP_OK;

	sp_wr_u8(w, (uint8_t)slot);
	sp_wr_le16(w, s->id);
	sp_wr_le16(w, (uint16_t)s->w);
	sp_wr_le16(w, (uint16_t)s->h);
	sp_wr_u8(w, s->format);
	sp_wr_u8(w, s->mapped);
	sp_wr_le32(w, s->x);
	sp_wr_le32(w, s->y);
	sp_wr_le32(w, s->shown_w);
	sp_wr_le32(w, s->shown_h);
	save_rect(w, s->dirty);
	sp_wr_put(w, s->px, gfx_surface_stride(s) * s->h);
	mark = begin(w);
	rc = end(w, mark, s->prog ? sp_prog_dec_save(s->prog, w) : SP_OK);
	if (rc == SP_OK) {
		mark = begin(w);
		rc = end(w, mark, s->avc ? sp_avc_dec_save(s->avc, w) : SP_OK);
	}
	return rc;
}

static int save_decoders(const struct sp_gfx_client *c, struct sp_wr *w)
{
	size_t mark = begin(w);
	int rc = end(w, mark, sp_zgfx_dec_save(c->zgfx, w));

	if (rc == SP_OK) {
		mark = begin(w);
		rc = end(w, mark, c->clear ? sp_clear_dec_save(c->clear, w) : SP_OK);
	}
	if (rc == SP_OK) {
		mark = begin(w);
		rc = end(w, mark, c->rfx ? sp_rfx_save(c->rfx, w) : SP_OK);
	}
	return rc;
}

static void save_cache(const struct sp_gfx_client *c, struct sp_wr *w)
{
	uint32_t n = 0;

	for (size_t i = 0; i < c->n_cached; i++) {
		n += c->cached[i].px != NULL;
	}
	sp_wr_le32(w, n);
	for (size_t i = 0; i < c->n_cached; i++) {
		const struct gfx_cached *at = &c->cached[i];

		if (at->px) {
			sp_wr_le16(w, (uint16_t)i);
			sp_wr_le64(w, at->key);
			sp_wr_le16(w, (uint16_t)at->w);
			sp_wr_le16(w, (uint16_t)at->h);
			sp_wr_put(w, at->px, (size_t)at->w * at->h * GFX_PIXEL);
		}
	}
}

bool sp_gfx_client_saves(const struct sp_gfx_client *c)
{
	for (size_t i = 0; i < SP_GFX_CLIENT_SURFACES; i++) {
		if (c->surface[i].avc && !sp_avc_dec_saves(c->surface[i].avc)) {
			return false;
		}
	}
	return true;
}

int sp_gfx_client_save(const struct sp_gfx_client *c, struct sp_wr *w)
{
	uint16_t n = 0;
	int rc;

	sp_wr_le32(w, MAGIC);
	sp_wr_u8(w, c->confirmed);
	sp_wr_le32(w, c->caps.version);
	sp_wr_le32(w, c->caps.flags);
	sp_wr_u8(w, c->in_frame);
	sp_wr_u8(w, c->all_dirty);
	sp_wr_u8(w, c->suspended);
	sp_wr_le32(w, c->frame_count);
	sp_wr_le32(w, c->decoded);
	save_output(c, w);
	rc = save_decoders(c, w);
	for (size_t i = 0; i < SP_GFX_CLIENT_SURFACES; i++) {
		n += c->surface[i].px != NULL;
	}
	sp_wr_le16(w, n);
	for (size_t i = 0; i < SP_GFX_CLIENT_SURFACES && rc == SP_OK; i++) {
		if (c->surface[i].px) {
			rc = save_surface(c, i, w);
		}
	}
	save_cache(c, w);
	return rc == SP_OK ? sp_wr_ok(w) : rc;
}

/* ---- in ---- */

static struct sp_span block(struct sp_rd *r)
{
	uint32_t n = sp_rd_le32(r);

	return sp_rd_span(r, n);
}

static struct sp_rect load_rect(struct sp_rd *r)
{
	struct sp_rect v = {.x = (int32_t)sp_rd_le32(r), .y = (int32_t)sp_rd_le32(r)};

	v.w = (int32_t)sp_rd_le32(r);
	v.h = (int32_t)sp_rd_le32(r);
	if (!(INT16_MIN <= v.x && v.x <= INT16_MAX && INT16_MIN <= v.y && v.y <= INT16_MAX &&
			    1 <= v.w && v.w <= UINT16_MAX && 1 <= v.h && v.h <= UINT16_MAX)) {
		sp_rd_fail(r, SP_EFIELD, "gfx.state.rect");
	}
	return v;
}

static void load_output(struct sp_gfx_client *c, struct sp_rd *r)
{
	struct sp_gfx_reset out = {.w = 0};

	c->area = 0;
	gfx_output(c, sp_rd_le32(r));
	c->has_output = sp_rd_u8(r) & 1;
	if (!c->has_output) {
		return;
	}
	out.w = sp_rd_le32(r);
	out.h = sp_rd_le32(r);
	size_t n = sp_rd_u8(r);
	if (!(1 <= out.w && out.w <= SP_GFX_MAX_SIDE && 1 <= out.h && out.h <= SP_GFX_MAX_SIDE &&
			    n <= SP_GFX_MAX_MONITORS)) {
		sp_rd_fail(r, SP_EFIELD, "gfx.state.output");
	}
	for (; out.n < n && sp_rd_ok(r) == SP_OK; out.n++) {
		out.monitor[out.n].area = load_rect(r);
		out.monitor[out.n].primary = sp_rd_u8(r) & 1;
	}
	c->has_output = sp_rd_ok(r) == SP_OK;
	c->output = out;
}

static int load_decoders(struct sp_gfx_client *c, struct sp_rd *r)
{
	struct sp_span zgfx = block(r), clear = block(r), rfx = block(r);
	int rc = sp_rd_ok(r);

	if (rc == SP_OK) {
		rc = sp_zgfx_dec_load(c->zgfx, zgfx);
	}
	if (rc == SP_OK && clear.n != NONE) {
		c->clear = sp_clear_dec_create();
		rc = c->clear ? sp_clear_dec_load(c->clear, clear) : SP_ENOMEM;
	}
	if (rc >= SP_OK && rfx.n != NONE) {
		c->rfx = sp_rfx_dec_create();
		rc = c->rfx ? sp_rfx_load(c->rfx, rfx) : SP_ENOMEM;
	}
	return rc < 0 ? rc : SP_OK;
}

static int load_codecs(struct sp_gfx_client *c, struct gfx_surface *s, struct sp_rd *r)
{
	struct sp_span prog = block(r), avc = block(r);
	int rc = sp_rd_ok(r);

	if (rc == SP_OK && prog.n != NONE) {
		rc = gfx_prog(c, s);
		rc = rc == SP_OK ? sp_prog_dec_load(s->prog, prog) : rc;
		gfx_codecs_count(c, s);
	}
	if (rc >= SP_OK && avc.n != NONE) {
		rc = gfx_avc(c, s);
		rc = rc == SP_OK ? sp_avc_dec_load(s->avc, avc) : rc;
		gfx_codecs_count(c, s);
	}
	return rc < 0 ? rc : SP_OK;
}

/* What is clean and what lies over what is as it was. */
static struct gfx_surface *place(struct sp_gfx_client *c, struct gfx_surface *s, size_t slot)
{
	struct gfx_surface *to = &c->surface[slot];

	if (s != to && !to->px) {
		*to = *s;
		memset(s, 0, sizeof(*s));
		return to;
	}
	return s;
}

static struct sp_rect load_dirty(struct sp_rd *r, const struct sp_gfx_create *create)
{
	struct sp_rect all = {0, 0, create->w, create->h}, v = {.x = (int32_t)sp_rd_le32(r)};

	v.y = (int32_t)sp_rd_le32(r);
	v.w = (int32_t)sp_rd_le32(r);
	v.h = (int32_t)sp_rd_le32(r);
	if (!(0 <= v.x && v.x <= UINT16_MAX && 0 <= v.y && v.y <= UINT16_MAX && 0 <= v.w &&
			    v.w <= UINT16_MAX && 0 <= v.h && v.h <= UINT16_MAX &&
			    (sp_rect_empty(v) || sp_rect_contains(all, v)))) {
		sp_rd_fail(r, SP_EFIELD, "gfx.state.dirty");
	}
	return v;
}

static int load_surface(struct sp_gfx_client *c, struct sp_rd *r)
{
	size_t slot = sp_rd_u8(r);
	struct sp_gfx_create create = {.surface = sp_rd_le16(r)};
	struct sp_gfx_map map = {.surface = create.surface};
	int rc;

	create.w = sp_rd_le16(r);
	create.h = sp_rd_le16(r);
	create.format = sp_rd_u8(r);
	bool mapped = sp_rd_u8(r) & 1;
	map.x = sp_rd_le32(r);
	map.y = sp_rd_le32(r);
	map.w = sp_rd_le32(r);
	map.h = sp_rd_le32(r);
	struct sp_rect dirty = load_dirty(r, &create);
	/* Before memory is taken: its pixels are there. */
	size_t n = (size_t)create.w * create.h * GFX_PIXEL;
	struct sp_span px = sp_rd_span(r, n);
	rc = sp_rd_ok(r);
	if (rc == SP_OK && create.format != SP_GFX_XRGB && create.format != SP_GFX_ARGB) {
		rc = sp_rd_fail(r, SP_EFIELD, "gfx.state.format");
	}
	if (rc == SP_OK) {
		rc = gfx_surface_create(c, &create);
	}
	if (rc != SP_OK) {
		return rc;
	}
	struct gfx_surface *s = place(c, gfx_surface_find(c, create.surface), slot);
	memcpy(s->px, px.p, px.n);
	rc = mapped ? gfx_surface_map(c, s, &map, true) : SP_OK;
	s->dirty = dirty;
	return rc == SP_OK ? load_codecs(c, s, r) : rc;
}

static int load_cache(struct sp_gfx_client *c, struct sp_rd *r)
{
	uint32_t left = sp_rd_le32(r);
	int rc = sp_rd_ok(r);

	for (; left > 0 && rc == SP_OK; left--) {
		struct gfx_cached *at;
		uint16_t slot = sp_rd_le16(r);
		uint64_t key = sp_rd_le64(r);
		uint32_t w = sp_rd_le16(r), h = sp_rd_le16(r);
		struct sp_span px = sp_rd_span(r, (size_t)w * h * GFX_PIXEL);

		rc = sp_rd_ok(r);
		if (rc == SP_OK && !(w > 0 && h > 0)) {
			rc = sp_rd_fail(r, SP_EFIELD, "gfx.state.cache");
		}
		if (rc == SP_OK) {
			rc = gfx_cache_put(c, slot, key, w, h, &at);
		}
		if (rc == SP_OK) {
			memcpy(at->px, px.p, px.n);
		}
	}
	return rc;
}

int sp_gfx_client_load(struct sp_gfx_client *c, struct sp_span state)
{
	struct sp_rd r;
	uint32_t own;
	int rc;

	/* Of the present one nothing stays; what it had to say was about that. */
	gfx_surfaces_clear(c);
	gfx_codecs_finish(c);
	gfx_forget_talk(c);
	sp_rd_init(&r, state.p, state.n);
	if (sp_rd_le32(&r) != MAGIC) {
		sp_rd_fail(&r, SP_EFIELD, "gfx.state.magic");
	}
	c->confirmed = sp_rd_u8(&r) & 1;
	c->caps.version = sp_rd_le32(&r);
	c->caps.flags = sp_rd_le32(&r);
	c->in_frame = sp_rd_u8(&r) & 1;
	c->all_dirty = sp_rd_u8(&r) & 1;
	c->suspended = sp_rd_u8(&r) & 1;
	c->frame_count = sp_rd_le32(&r);
	c->decoded = sp_rd_le32(&r);
	if (c->confirmed && !sp_gfx_version_flags(c->caps.version, &own)) {
		sp_rd_fail(&r, SP_EFIELD, "gfx.state.version");
	}
	load_output(c, &r);
	rc = sp_rd_ok(&r);
	rc = rc == SP_OK ? load_decoders(c, &r) : rc;
	uint16_t n = sp_rd_le16(&r);
	c->work = UINT64_MAX;
	for (; n > 0 && rc == SP_OK; n--) {
		rc = load_surface(c, &r);
	}
	rc = rc == SP_OK ? load_cache(c, &r) : rc;
	return rc == SP_OK ? sp_rd_end(&r) : rc;
}
