/* host/lib/h264.c - see h264.h. */
#include "host/lib/h264.h"

#include <dlfcn.h>
#include <limits.h>
#include <malloc.h>
#include <wels/codec_api.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/codec/pixel.h"

#define LIBRARY "libopenh264.so.7"
#define MAX_FPS 60
#define MIN_RATE 20000 /* bits per second, below which the library's arithmetic fails */
#define MAX_RATE 100000000 /* more than any level has for what we send */

struct sp_h264_enc {
	ISVCEncoder *lib;
	SEncParamExt param;
	long long ms; /* time stamp of the next picture */
};

struct sp_h264_dec {
	ISVCDecoder *lib;
	uint32_t w, h;
};

static struct {
	bool tried, there;
	int (*enc_create)(ISVCEncoder **);
	void (*enc_destroy)(ISVCEncoder *);
	long (*dec_create)(ISVCDecoder **);
	void (*dec_destroy)(ISVCDecoder *);
} library;

/* A function of the library; ISO C has no way to make one out of what dlsym returns. */
static bool take(void *handle, const char *name, void *fn, size_t size)
{
	void *p = dlsym(handle, name);

	memcpy(fn, &p, size);
	return p != NULL;
}

bool sp_h264_there(void)
{
	if (library.tried) {
		return library.there;
	}
	library.tried = true;
	void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!handle) {
		sp_log(SP_LOG_INFO, "h264: no AVC, as " LIBRARY " cannot be loaded: %s", dlerror());
		return false;
	}
	library.there = take(handle, "WelsCreateSVCEncoder", &library.enc_create,
					sizeof(library.enc_create)) &&
			take(handle, "WelsDestroySVCEncoder", &library.enc_destroy,
					sizeof(library.enc_destroy)) &&
			take(handle, "WelsCreateDecoder", &library.dec_create,
					sizeof(library.dec_create)) &&
			take(handle, "WelsDestroyDecoder", &library.dec_destroy,
					sizeof(library.dec_destroy));
	if (!library.there) {
		sp_log(SP_LOG_WARN, "h264: no AVC, as " LIBRARY " lacks functions");
		dlclose(handle);
	}
	return library.there;
}

static bool conf_ok(const struct sp_h264_conf *c)
{
	return c->qp <= SP_H264_QP_MAX && 1 <= c->fps && c->fps <= MAX_FPS;
}

static uint32_t bit_rate(const struct sp_h264_conf *c)
{
	if (c->bit_rate == 0) {
		return 0;
	}
	return c->bit_rate < MIN_RATE ? MIN_RATE : c->bit_rate > MAX_RATE ? MAX_RATE : c->bit_rate;
}

static void set_rate(SEncParamExt *p, const struct sp_h264_conf *c)
{
	p->fMaxFrameRate = (float)c->fps;
	p->iRCMode = c->bit_rate > 0 ? RC_BITRATE_MODE : RC_OFF_MODE;
	p->iTargetBitrate = (int)bit_rate(c);
	p->iMaxBitrate = UNSPECIFIED_BIT_RATE;
	p->iMinQp = c->qp;
	p->iMaxQp = SP_H264_QP_MAX;
	p->sSpatialLayers[0].fFrameRate = p->fMaxFrameRate;
	p->sSpatialLayers[0].iSpatialBitrate = p->iTargetBitrate;
	p->sSpatialLayers[0].iMaxSpatialBitrate = UNSPECIFIED_BIT_RATE;
	p->sSpatialLayers[0].iDLayerQp = c->qp;
}

static void set_param(SEncParamExt *p, const struct sp_h264_conf *c)
{
	SSpatialLayerConfig *layer = &p->sSpatialLayers[0];

	p->iUsageType = c->camera ? CAMERA_VIDEO_REAL_TIME : SCREEN_CONTENT_REAL_TIME;
	p->iPicWidth = (int)c->w;
	p->iPicHeight = (int)c->h;
	p->iComplexityMode = c->low ? LOW_COMPLEXITY : MEDIUM_COMPLEXITY;
	p->iMultipleThreadIdc = 1;
	p->iTemporalLayerNum = 1;
	p->iSpatialLayerNum = 1;
	p->uiIntraPeriod = 0; /* IDR pictures on demand only */
	p->eSpsPpsIdStrategy = CONSTANT_ID;
	p->bEnableFrameSkip = false; /* what went in comes out */
	p->bEnableSceneChangeDetect = false;
	p->bEnableBackgroundDetection = false; /* it leaves traces on screens */
	p->bEnableAdaptiveQuant = false;
	layer->iVideoWidth = (int)c->w;
	layer->iVideoHeight = (int)c->h;
	layer->sSliceArgument.uiSliceMode = SM_SINGLE_SLICE;
	layer->bVideoSignalTypePresent = true;
	layer->uiVideoFormat = VF_UNDEF;
	layer->bFullRange = true;
	layer->bColorDescriptionPresent = true;
	layer->uiColorPrimaries = CP_BT709;
	layer->uiTransferCharacteristics = TRC_BT709;
	layer->uiColorMatrix = CM_BT709;
	set_rate(p, c);
}

static void enc_destroy(struct sp_h264_enc *e)
{
	if (!e) {
		return;
	}
	if (e->lib) {
		(*e->lib)->Uninitialize(e->lib);
		library.enc_destroy(e->lib);
	}
	sp_free(e);
	/* It is the largest thing that a desktop has, and libc would keep it. */
	malloc_trim(0);
}

static int enc_create(const struct sp_h264_conf *conf, struct sp_h264_enc **out)
{
	int quiet = WELS_LOG_QUIET;

	if (!(conf_ok(conf) && conf->w > 0 && conf->h > 0 && conf->w % SP_H264_BLOCK == 0 &&
			    conf->h % SP_H264_BLOCK == 0 && conf->w <= SP_PIXEL_SIDE_MAX &&
			    conf->h <= SP_PIXEL_SIDE_MAX)) {
		return SP_EARG;
	}
	if (!sp_h264_there()) {
		return SP_ENOTFOUND;
	}
	struct sp_h264_enc *e = sp_calloc(1, sizeof(*e));

	if (!e || library.enc_create(&e->lib) != 0) {
		enc_destroy(e);
		return SP_ENOMEM;
	}
	(*e->lib)->SetOption(e->lib, ENCODER_OPTION_TRACE_LEVEL, &quiet);
	if ((*e->lib)->GetDefaultParams(e->lib, &e->param) != 0) {
		enc_destroy(e);
		return SP_ENOMEM;
	}
	set_param(&e->param, conf);
	if ((*e->lib)->InitializeExt(e->lib, &e->param) != 0) {
		enc_destroy(e);
		return SP_EARG;
	}
	*out = e;
	return SP_OK;
}

static int enc_encode(struct sp_h264_enc *e, const struct sp_h264_picture *in, bool idr,
		struct sp_wr *out)
{
	SFrameBSInfo info = {0};
	size_t at = out->n;
	/* The library only reads them, whatever its types say. */
	SSourcePicture pic = {.iColorFormat = videoFormatI420,
			.iStride = {(int)in->stride, (int)in->chroma_stride,
					(int)in->chroma_stride},
			.pData = {(unsigned char *)in->y, (unsigned char *)in->u,
					(unsigned char *)in->v},
			.iPicWidth = (int)in->w,
			.iPicHeight = (int)in->h,
			.uiTimeStamp = e->ms};

	if ((int)in->w != e->param.iPicWidth || (int)in->h != e->param.iPicHeight) {
		return SP_EARG;
	}
	if (idr && (*e->lib)->ForceIntraFrame(e->lib, true) != 0) {
		return SP_EBUG;
	}
	if ((*e->lib)->EncodeFrame(e->lib, &pic, &info) != cmResultSuccess) {
		return SP_ENOMEM;
	}
	e->ms += (long long)(1000 / e->param.fMaxFrameRate);
	for (int i = 0; i < info.iLayerNum; i++) {
		const SLayerBSInfo *layer = &info.sLayerInfo[i];
		size_t n = 0;

		for (int k = 0; k < layer->iNalCount; k++) {
			n += (size_t)layer->pNalLengthInByte[k];
		}
		sp_wr_put(out, layer->pBsBuf, n);
	}
	int rc = sp_wr_ok(out);
	return rc == SP_OK ? (int)(out->n - at) : rc;
}

static int enc_rate(struct sp_h264_enc *e, const struct sp_h264_conf *conf)
{
	if (!conf_ok(conf) || (conf->bit_rate > 0) != (e->param.iRCMode == RC_BITRATE_MODE)) {
		return SP_EARG;
	}
	set_rate(&e->param, conf);
	return (*e->lib)->SetOption(e->lib, ENCODER_OPTION_SVC_ENCODE_PARAM_EXT, &e->param) == 0
			? SP_OK
			: SP_EARG;
}

static void dec_destroy(struct sp_h264_dec *d)
{
	if (!d) {
		return;
	}
	if (d->lib) {
		(*d->lib)->Uninitialize(d->lib);
		library.dec_destroy(d->lib);
	}
	sp_free(d);
}

static int dec_create(uint32_t w, uint32_t h, struct sp_h264_dec **out)
{
	int quiet = WELS_LOG_QUIET;
	SDecodingParam param = {.eEcActiveIdc = ERROR_CON_DISABLE,
			.sVideoProperty = {.size = sizeof(param.sVideoProperty),
					.eVideoBsType = VIDEO_BITSTREAM_AVC}};

	if (!sp_h264_there()) {
		return SP_ENOTFOUND;
	}
	struct sp_h264_dec *d = sp_calloc(1, sizeof(*d));

	if (!d || library.dec_create(&d->lib) != 0) {
		dec_destroy(d);
		return SP_ENOMEM;
	}
	(*d->lib)->SetOption(d->lib, DECODER_OPTION_TRACE_LEVEL, &quiet);
	if ((*d->lib)->Initialize(d->lib, &param) != 0) {
		dec_destroy(d);
		return SP_ENOMEM;
	}
	d->w = w;
	d->h = h;
	*out = d;
	return SP_OK;
}

static int dec_decode(struct sp_h264_dec *d, struct sp_span in, struct sp_h264_picture *out)
{
	unsigned char *planes[3] = {NULL, NULL, NULL};
	SBufferInfo info = {0};

	*out = (struct sp_h264_picture){0};
	if (in.n > INT_MAX) {
		return SP_EARG;
	}
	if ((*d->lib)->DecodeFrameNoDelay(d->lib, in.p, (int)in.n, planes, &info) != dsErrorFree) {
		return SP_ECODEC;
	}
	/* Above the baseline profile the library waits for more, to put pictures in order. */
	if (info.iBufferStatus != 1) {
		(*d->lib)->FlushFrame(d->lib, planes, &info);
	}
	if (info.iBufferStatus != 1) {
		return SP_OK;
	}
	const SSysMEMBuffer *buffer = &info.UsrData.sSystemBuffer;

	if (!planes[0] || !planes[1] || !planes[2] || buffer->iFormat != videoFormatI420 ||
			buffer->iWidth <= 0 || buffer->iHeight <= 0) {
		return SP_ECODEC;
	}
	/* What is cropped off stands in the library's memory all the same: whole blocks. */
	out->w = sp_h264_align((uint32_t)buffer->iWidth);
	out->h = sp_h264_align((uint32_t)buffer->iHeight);
	if (out->w > d->w || out->h > d->h || buffer->iStride[0] < (int)out->w ||
			buffer->iStride[1] < (int)out->w / 2) {
		return SP_ECODEC;
	}
	*out = (struct sp_h264_picture){.y = planes[0],
			.u = planes[1],
			.v = planes[2],
			.stride = (size_t)buffer->iStride[0],
			.chroma_stride = (size_t)buffer->iStride[1],
			.w = out->w,
			.h = out->h};
	return SP_OK;
}

const struct sp_h264_impl sp_h264_openh264 = {
		.enc_create = enc_create,
		.enc_destroy = enc_destroy,
		.enc_encode = enc_encode,
		.enc_rate = enc_rate,
		.dec_create = dec_create,
		.dec_destroy = dec_destroy,
		.dec_decode = dec_decode,
};
