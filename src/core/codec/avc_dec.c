/* core/codec/avc_dec.c - AVC420 and AVC444 streams into a surface; see avc.h. */
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/codec/avc_view.h"
#include "core/codec/pixel.h"

#define SAVE_VERSION 1
#define SAVE_LOST 1u /* there is no history: an IDR picture is needed */
#define SAVE_PLANES 2u /* the planes stand behind the history */
#define SAVE_FLAGS 3u
#define MAX_REFS 16u
/* [ITU-H.264] A.3.1: so many pixels are kept for reference at level 5.2. */
#define REF_PIXELS (184320ull * SP_H264_BLOCK * SP_H264_BLOCK)
#define RECORD_HEAD (2 /* mode */ + 4 /* size */)
/* Of the library: a decoder at all, and for each pixel, besides that of each reference. */
#define LIB_BYTES (4ull << 20)
#define LIB_PIXEL 10u
#define LIB_REF_PIXEL 3u

struct sp_avc_dec {
	struct sp_avc_dec_conf conf;
	const struct sp_avc_kernel *kernel;
	struct sp_h264_dec *lib; /* NULL until the first stream */
	uint32_t refs; /* the most that an SPS wanted */
	uint64_t max; /* see sp_avc_dec_limit() */
	bool need_idr;
	/*
	 * What the last luma pictures showed within their regions, as chroma comes later. NULL
	 * unless a stream of AVC444 was there.
	 */
	struct sp_avc_planes main;
	struct sp_wr log; /* streams since the last IDR picture; see RECORD_HEAD */
	bool lost; /* the log is not whole */
	bool whole; /* what the log begins with painted every pixel */
};

static uint32_t refs_most(uint32_t w, uint32_t h)
{
	uint64_t n = REF_PIXELS / ((uint64_t)w * h);

	return n < 1 ? 1 : n < MAX_REFS ? (uint32_t)n : MAX_REFS;
}

/* What is kept with a library that was told of so many references, and with planes. */
static uint64_t bytes(const struct sp_avc_dec *d, bool lib, uint32_t refs, bool planes)
{
	uint64_t pixels = (uint64_t)sp_h264_align(d->conf.w) * sp_h264_align(d->conf.h);

	return d->conf.history +
			(lib ? LIB_BYTES + (LIB_PIXEL + LIB_REF_PIXEL * refs) * pixels : 0) +
			(planes ? pixels * 3 / 2 : 0);
}

void sp_avc_dec_limit(struct sp_avc_dec *d, uint64_t max)
{
	d->max = max;
}

uint64_t sp_avc_dec_memory(const struct sp_avc_dec *d)
{
	return bytes(d, d->lib != NULL, d->refs, d->main.y != NULL);
}

struct sp_avc_dec *sp_avc_dec_create(const struct sp_avc_dec_conf *conf)
{
	if (!(1 <= conf->w && conf->w <= SP_PIXEL_SIDE_MAX && 1 <= conf->h &&
			    conf->h <= SP_PIXEL_SIDE_MAX)) {
		return NULL;
	}
	struct sp_avc_dec *d = sp_calloc(1, sizeof(*d));

	if (!d) {
		return NULL;
	}
	d->conf = *conf;
	d->max = UINT64_MAX;
	d->kernel = sp_avc_kernel(conf->cpu);
	d->lost = conf->history == 0;
	sp_wr_init(&d->log, conf->history);
	return d;
}

void sp_avc_dec_destroy(struct sp_avc_dec *d)
{
	if (!d) {
		return;
	}
	d->conf.impl->dec_destroy(d->lib);
	sp_avc_planes_finish(&d->main);
	sp_wr_finish(&d->log);
	sp_free(d);
}

/* Every region before anything is done; *whole when one of them is all of the surface. */
static int check_regions(const struct sp_avc_dec *d, const struct sp_avc_meta *m, bool *whole)
{
	uint64_t area = 0, most = (uint64_t)d->conf.w * d->conf.h * SP_AVC_OVERLAP;

	*whole = false;
	for (uint32_t i = 0; i < m->n; i++) {
		struct sp_avc_region region;
		int rc = sp_avc_meta_region(m, i, d->conf.w, d->conf.h, &region);

		if (rc != SP_OK) {
			return rc;
		}
		area += (uint64_t)region.rect.w * (uint64_t)region.rect.h;
		*whole = *whole ||
				((uint32_t)region.rect.w == d->conf.w &&
						(uint32_t)region.rect.h == d->conf.h);
	}
	return area <= most ? SP_OK : SP_ELIMIT;
}

/* Decodes what an access unit holds; out->w is 0 when that is no picture. */
static int decode_unit(
		struct sp_avc_dec *d, struct sp_span in, bool *idr, struct sp_h264_picture *out)
{
	uint32_t w = sp_h264_align(d->conf.w), h = sp_h264_align(d->conf.h);
	struct sp_h264_info info;
	int rc = sp_h264_read(in, &info);

	*out = (struct sp_h264_picture){0};
	*idr = info.idr;
	if (rc != SP_OK || (info.sps && (info.w != w || info.h != h))) {
		return SP_ECODEC;
	}
	if (info.sps && info.refs > refs_most(w, h)) {
		return SP_ELIMIT;
	}
	if (in.n == 0) {
		return SP_OK;
	}
	if (d->need_idr && !info.idr) {
		return SP_ESTATE;
	}
	uint32_t refs = info.sps && info.refs > d->refs ? info.refs : d->refs;
	if (!(bytes(d, true, refs, d->main.y != NULL) <= d->max)) {
		return SP_ELIMIT;
	}
	d->refs = refs;
	if (!d->lib) {
		rc = d->conf.impl->dec_create(w, h, &d->lib);
		if (rc != SP_OK) {
			return rc;
		}
	}
	rc = d->conf.impl->dec_decode(d->lib, in, out);
	/* Compared before anybody reads a pixel of it. */
	if (rc == SP_OK && out->w != 0 && (out->w != w || out->h != h)) {
		rc = SP_ECODEC;
	}
	d->need_idr = rc != SP_OK;
	return rc;
}

/* Of AVC444, for the luma. */
static int make_planes(struct sp_avc_dec *d)
{
	if (!(bytes(d, d->lib != NULL, d->refs, true) <= d->max)) {
		return SP_ELIMIT;
	}
	return sp_avc_planes_init(&d->main, sp_h264_align(d->conf.w), sp_h264_align(d->conf.h));
}

struct target {
	uint8_t *px; /* NULL: nothing is painted */
	size_t stride;
	struct sp_rect changed;
};

static int decode_luma(struct sp_avc_dec *d, enum sp_avc_mode mode, const struct sp_avc_stream *s,
		bool *idr, struct target *to)
{
	struct sp_h264_picture pic;
	/* The other part paints over it at once. */
	bool covered = s->has_chroma && sp_span_eq(s->luma.meta.rects, s->chroma.meta.rects);
	int rc = decode_unit(d, s->luma.h264, idr, &pic);

	if (rc != SP_OK || pic.w == 0) {
		return rc;
	}
	if (mode != SP_AVC_420 && !d->main.y) {
		rc = make_planes(d);
		if (rc != SP_OK) {
			return rc;
		}
	}
	for (uint32_t i = 0; i < s->luma.meta.n; i++) {
		struct sp_avc_region region = {0};

		if (sp_avc_meta_region(&s->luma.meta, i, d->conf.w, d->conf.h, &region) != SP_OK ||
				sp_rect_empty(region.rect)) {
			continue;
		}
		if (mode != SP_AVC_420) {
			sp_avc_view_copy(&pic, region.rect, &d->main);
		}
		if (to->px && !covered) {
			sp_avc_view_paint420(d->kernel, &pic, region.rect, to->px, to->stride);
			to->changed = sp_rect_or(to->changed, region.rect);
		}
	}
	return SP_OK;
}

static int decode_chroma(struct sp_avc_dec *d, enum sp_avc_mode mode, const struct sp_avc_stream *s,
		struct target *to)
{
	struct sp_h264_picture pic, main;
	bool idr;

	if (!d->main.y) {
		return SP_ESTATE; /* there is no luma that it could belong to */
	}
	int rc = decode_unit(d, s->chroma.h264, &idr, &pic);

	if (rc != SP_OK || pic.w == 0) {
		return rc;
	}
	main = sp_avc_planes_picture(&d->main);
	for (uint32_t i = 0; to->px && i < s->chroma.meta.n; i++) {
		struct sp_avc_region region = {0};

		if (sp_avc_meta_region(&s->chroma.meta, i, d->conf.w, d->conf.h, &region) !=
						SP_OK ||
				sp_rect_empty(region.rect)) {
			continue;
		}
		sp_avc_view_paint444(d->kernel, mode, &main, &pic, region.rect, to->px, to->stride);
		to->changed = sp_rect_or(to->changed, region.rect);
	}
	return SP_OK;
}

static void keep(struct sp_avc_dec *d, enum sp_avc_mode mode, struct sp_span in, bool idr,
		bool whole)
{
	if (d->conf.history == 0) {
		return;
	}
	if (idr) {
		sp_wr_reset(&d->log);
		d->lost = false;
		d->whole = whole;
	}
	if (d->lost) {
		return;
	}
	sp_wr_le16(&d->log, (uint16_t)mode);
	sp_wr_le32(&d->log, (uint32_t)in.n);
	sp_wr_span(&d->log, in);
	if (sp_wr_ok(&d->log) != SP_OK) {
		sp_wr_finish(&d->log);
		sp_wr_init(&d->log, d->conf.history);
		d->lost = true;
	}
}

static bool mode_ok(uint32_t mode)
{
	return mode == SP_AVC_420 || mode == SP_AVC_444 || mode == SP_AVC_444V2;
}

int sp_avc_decode(struct sp_avc_dec *d, enum sp_avc_mode mode, struct sp_span in, uint8_t *px,
		size_t stride, struct sp_rect *changed)
{
	struct target to = {.px = px, .stride = stride};
	struct sp_avc_stream s;
	bool idr = false, whole = false, unused;

	*changed = to.changed;
	if (!mode_ok(mode) || in.n > UINT32_MAX) {
		return SP_EARG;
	}
	int rc = sp_avc_stream_read(in, mode, &s);

	if (rc == SP_OK) {
		rc = check_regions(d, &s.luma.meta, &whole);
	}
	if (rc == SP_OK) {
		rc = check_regions(d, &s.chroma.meta, &unused);
	}
	if (rc == SP_OK && s.has_luma) {
		rc = decode_luma(d, mode, &s, &idr, &to);
	}
	if (rc == SP_OK && s.has_chroma) {
		rc = decode_chroma(d, mode, &s, &to);
	}
	if (rc == SP_OK) {
		keep(d, mode, in, idr, whole);
	} else {
		d->lost = true;
	}
	*changed = to.changed;
	return rc;
}

bool sp_avc_dec_saves(const struct sp_avc_dec *d)
{
	/* Before the first stream there is nothing to lose. */
	return !(d->lost && (d->lib || d->need_idr));
}

int sp_avc_dec_save(const struct sp_avc_dec *d, struct sp_wr *out)
{
	bool lost = !sp_avc_dec_saves(d);
	bool planes = !lost && d->main.y && !d->whole;

	sp_wr_u8(out, SAVE_VERSION);
	sp_wr_u8(out, (lost ? SAVE_LOST : 0) | (planes ? SAVE_PLANES : 0));
	sp_wr_le32(out, d->conf.w);
	sp_wr_le32(out, d->conf.h);
	if (lost) {
		return sp_wr_ok(out);
	}
	sp_wr_le32(out, (uint32_t)d->log.n);
	sp_wr_put(out, d->log.p, d->log.n);
	if (planes) {
		size_t n = (size_t)d->main.w * d->main.h;

		sp_wr_put(out, d->main.y, n + n / 2);
	}
	return sp_wr_ok(out);
}

static int replay(struct sp_avc_dec *d, struct sp_rd *log)
{
	while (sp_rd_left(log) > 0) {
		struct sp_rect changed;
		uint16_t mode = sp_rd_le16(log);
		uint32_t n = sp_rd_le32(log);
		struct sp_span in = sp_rd_span(log, n);

		if (sp_rd_ok(log) != SP_OK) {
			return log->err;
		}
		if (!mode_ok(mode)) {
			return SP_EFIELD;
		}
		int rc = sp_avc_decode(d, (enum sp_avc_mode)mode, in, NULL, 0, &changed);

		if (rc != SP_OK) {
			return rc;
		}
	}
	return SP_OK;
}

int sp_avc_dec_load(struct sp_avc_dec *d, struct sp_span in)
{
	uint32_t w = sp_h264_align(d->conf.w), h = sp_h264_align(d->conf.h);
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	uint8_t version = sp_rd_u8(&r), flags = sp_rd_u8(&r);
	uint32_t saved_w = sp_rd_le32(&r), saved_h = sp_rd_le32(&r);

	if (sp_rd_ok(&r) != SP_OK) {
		return r.err;
	}
	if (version != SAVE_VERSION || (flags & ~SAVE_FLAGS) != 0 || saved_w != d->conf.w ||
			saved_h != d->conf.h) {
		return SP_EFIELD;
	}
	if (flags & SAVE_LOST) {
		d->need_idr = true;
		d->lost = true;
		return sp_rd_end(&r);
	}
	uint32_t n = sp_rd_le32(&r);
	struct sp_rd log = sp_rd_sub(&r, n);
	int rc = sp_rd_ok(&r);

	if (rc == SP_OK) {
		rc = replay(d, &log);
	}
	if (rc == SP_OK && (flags & SAVE_PLANES)) {
		if (!d->main.y) {
			rc = make_planes(d);
		}
		if (rc == SP_OK) {
			sp_rd_copy(&r, d->main.y, (size_t)w * h + (size_t)w * h / 2);
		}
	}
	return rc == SP_OK ? sp_rd_end(&r) : rc;
}
