/* core/codec/avc_enc.c - a surface into AVC420 and AVC444 streams; see avc.h. */
#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/codec/avc_view.h"
#include "core/codec/h264_merge.h"
#include "core/codec/pixel.h"

#define MAX_SEND 64 /* regions in one part */
#define LC_BOTH 0u
#define LC_LUMA 1u
#define LC_CHROMA 2u
#define LC_SHIFT 30
#define QUALITY 100 /* as Windows sends; nobody reads it */

enum {
	MAIN,
	AUX,
	VIEWS
};

struct sp_avc_enc {
	struct sp_avc_enc_conf conf; /* conf.h264.w and .h in whole blocks */
	const struct sp_avc_kernel *kernel;
	uint32_t w, h; /* of the surface */
	struct {
		struct sp_h264_enc *lib; /* AUX: created with its first picture */
		struct sp_avc_planes planes;
	} view[VIEWS];
	struct sp_h264_merge merge; /* AVC444 only */
	struct sp_wr unit; /* an access unit before it is merged */
	struct sp_avc_region regions[MAX_SEND];
	struct sp_rect owed, sent;
	bool begun;
};

static struct sp_h264_conf conf_of(const struct sp_avc_enc *e, int view)
{
	struct sp_h264_conf conf = e->conf.h264;

	if (view == AUX && e->conf.chroma_qp > 0) {
		conf.bit_rate = 0;
		conf.qp = e->conf.chroma_qp;
	}
	return conf;
}

static int view_create(struct sp_avc_enc *e, int view)
{
	struct sp_h264_conf conf = conf_of(e, view);

	if (e->view[view].lib) {
		return SP_OK;
	}
	int rc = sp_avc_planes_init(&e->view[view].planes, e->conf.h264.w, e->conf.h264.h);

	return rc == SP_OK ? e->conf.impl->enc_create(&conf, &e->view[view].lib) : rc;
}

int sp_avc_enc_create(const struct sp_avc_enc_conf *conf, struct sp_avc_enc **out)
{
	uint32_t w = conf->h264.w, h = conf->h264.h;

	if (!(1 <= w && w <= SP_PIXEL_SIDE_MAX && 1 <= h && h <= SP_PIXEL_SIDE_MAX)) {
		return SP_EARG;
	}
	struct sp_avc_enc *e = sp_calloc(1, sizeof(*e));

	if (!e) {
		return SP_ENOMEM;
	}
	e->conf = *conf;
	e->conf.h264.w = sp_h264_align(w);
	e->conf.h264.h = sp_h264_align(h);
	e->w = w;
	e->h = h;
	e->kernel = sp_avc_kernel(conf->cpu);
	/* No access unit is longer than its picture by much. */
	sp_wr_init(&e->unit, (size_t)e->conf.h264.w * e->conf.h264.h * 2 + 65536);
	int rc = view_create(e, MAIN);

	if (rc != SP_OK) {
		sp_avc_enc_destroy(e);
		return rc;
	}
	*out = e;
	return SP_OK;
}

void sp_avc_enc_destroy(struct sp_avc_enc *e)
{
	if (!e) {
		return;
	}
	for (int i = 0; i < VIEWS; i++) {
		sp_avc_planes_finish(&e->view[i].planes);
	}
	/* Last: the library may give back to the system what was freed. */
	for (int i = 0; i < VIEWS; i++) {
		e->conf.impl->enc_destroy(e->view[i].lib);
	}
	sp_wr_finish(&e->unit);
	sp_free(e);
}

/* What of the given rectangles lies in the surface; many of them become the one around all. */
static size_t take_regions(struct sp_avc_enc *e, const struct sp_rect *rects, size_t n)
{
	struct sp_rect whole = {0, 0, (int32_t)e->w, (int32_t)e->h}, all = {0};
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		struct sp_rect r = sp_rect_and(rects[i], whole);

		if (sp_rect_empty(r)) {
			continue;
		}
		all = sp_rect_or(all, r);
		if (count < SP_LEN(e->regions)) {
			e->regions[count].rect = r;
		}
		count++;
	}
	if (count > SP_LEN(e->regions)) {
		e->regions[0].rect = all;
		count = 1;
	}
	for (size_t i = 0; i < count; i++) {
		e->regions[i].qp = e->conf.h264.qp;
		e->regions[i].quality = QUALITY;
	}
	return count;
}

/* Appends one part: the first count regions and the access unit of a view. */
static int put_part(struct sp_avc_enc *e, int view, const struct sp_avc_image *image, size_t count,
		bool idr, struct sp_wr *out)
{
	struct sp_h264_picture pic;
	struct sp_avc_planes *planes = &e->view[view].planes;
	bool merged = e->conf.mode != SP_AVC_420;
	int rc = view_create(e, view);

	if (rc != SP_OK) {
		return rc;
	}
	for (size_t i = 0; i < count; i++) {
		struct sp_rect blocks = sp_avc_view_blocks(e->regions[i].rect);

		if (view == MAIN) {
			sp_avc_view_luma(e->kernel, image, blocks, planes);
		} else {
			sp_avc_view_chroma(e->kernel, image, e->conf.mode, blocks, planes);
		}
		e->sent = sp_rect_or(e->sent, e->regions[i].rect);
	}
	sp_avc_meta_write(out, e->regions, count);
	pic = sp_avc_planes_picture(planes);
	if (!merged) {
		return e->conf.impl->enc_encode(e->view[view].lib, &pic, idr, out);
	}
	sp_wr_reset(&e->unit);
	idr = idr || sp_h264_merge_needs_idr(&e->merge, (unsigned)view);
	rc = e->conf.impl->enc_encode(e->view[view].lib, &pic, idr, &e->unit);
	return rc < 0 ? rc
		      : sp_h264_merge(&e->merge, (unsigned)view, sp_span(e->unit.p, e->unit.n),
					out);
}

static int put_luma(struct sp_avc_enc *e, const struct sp_avc_image *image,
		const struct sp_rect *changed, size_t n, enum sp_avc_what what, bool idr,
		struct sp_wr *out)
{
	bool merged = e->conf.mode != SP_AVC_420;
	size_t count = take_regions(e, changed, n);
	size_t at = merged ? sp_wr_hole(out, 4) : 0, start = out->n;
	int rc = put_part(e, MAIN, image, count, idr, out);

	if (rc < 0 || !merged) {
		return rc;
	}
	e->owed = sp_rect_or(e->owed, e->sent);
	uint32_t lc = what == SP_AVC_LUMA ? LC_LUMA : LC_BOTH;

	sp_wr_fill_le32(out, at, (uint32_t)(out->n - start) | lc << LC_SHIFT);
	return rc;
}

int sp_avc_encode(struct sp_avc_enc *e, const uint8_t *px, size_t stride,
		const struct sp_rect *changed, size_t n, enum sp_avc_what what, bool idr,
		struct sp_wr *out)
{
	struct sp_avc_image image = {px, stride, e->w, e->h};
	struct sp_rect whole = {0, 0, (int32_t)e->w, (int32_t)e->h};
	bool clean = sp_rect_empty(e->owed);
	size_t start = out->n;
	int rc = SP_OK;

	if (what != SP_AVC_LUMA && e->conf.mode == SP_AVC_420) {
		return SP_EARG;
	}
	idr = idr || !e->begun;
	if (idr) {
		what = what == SP_AVC_CHROMA ? SP_AVC_BOTH : what;
		changed = &whole;
		n = 1;
	}
	e->sent = (struct sp_rect){0};
	if (what != SP_AVC_CHROMA) {
		if (take_regions(e, changed, n) == 0) {
			return 0;
		}
		rc = put_luma(e, &image, changed, n, what, idr, out);
		e->begun = true;
	}
	if (rc >= 0 && what != SP_AVC_LUMA && !sp_rect_empty(e->owed)) {
		/* The same regions again where nothing else is owed. */
		bool same = what == SP_AVC_BOTH && (clean || idr);
		size_t count = same ? take_regions(e, changed, n) : take_regions(e, &e->owed, 1);

		size_t at = what == SP_AVC_CHROMA ? sp_wr_hole(out, 4) : 0;

		rc = put_part(e, AUX, &image, count, false, out);
		if (what == SP_AVC_CHROMA) {
			/* With its size, as Windows does. */
			sp_wr_fill_le32(out, at,
					(uint32_t)(out->n - at - 4) | LC_CHROMA << LC_SHIFT);
		}
		e->owed = (struct sp_rect){0};
	}
	if (rc >= 0) {
		rc = sp_wr_ok(out);
	}
	return rc < 0 ? rc : (int)(out->n - start);
}

struct sp_rect sp_avc_enc_owed(const struct sp_avc_enc *e)
{
	return e->owed;
}

struct sp_rect sp_avc_enc_sent(const struct sp_avc_enc *e)
{
	return e->sent;
}

int sp_avc_enc_rate(struct sp_avc_enc *e, const struct sp_h264_conf *conf)
{
	const struct sp_h264_conf *old = &e->conf.h264;
	uint32_t by = conf->bit_rate > old->bit_rate ? conf->bit_rate - old->bit_rate
						     : old->bit_rate - conf->bit_rate;
	int rc = SP_OK;

	if (conf->qp == old->qp && conf->fps == old->fps && by <= old->bit_rate / 8) {
		return SP_OK;
	}
	e->conf.h264.bit_rate = conf->bit_rate;
	e->conf.h264.qp = conf->qp;
	e->conf.h264.fps = conf->fps;
	for (int i = 0; i < VIEWS && rc == SP_OK; i++) {
		struct sp_h264_conf of_view = conf_of(e, i);

		if (e->view[i].lib) {
			rc = e->conf.impl->enc_rate(e->view[i].lib, &of_view);
		}
	}
	return rc;
}

int sp_avc_enc_chroma_qp(struct sp_avc_enc *e, uint8_t qp)
{
	if (qp == 0 || e->conf.chroma_qp == 0) {
		return SP_EARG;
	}
	bool other = qp != e->conf.chroma_qp;
	e->conf.chroma_qp = qp;
	struct sp_h264_conf conf = conf_of(e, AUX);

	return other && e->view[AUX].lib ? e->conf.impl->enc_rate(e->view[AUX].lib, &conf) : SP_OK;
}
