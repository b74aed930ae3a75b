/* host/lib/video.c - see video.h. */
#include "host/lib/video.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/mem.h"

#define SUFFIX ".part"
#define TICKS 90000 /* of a second */
#define QUALITY "20" /* of x264, where 0 is without loss and 51 the worst */
#define MPEG4_QUANTIZER 3
#define OPENH264_RATE 6000000

struct sp_video {
	char path[1024], part[1024 + sizeof(SUFFIX)];
	uint32_t w, h; /* even */
	AVFormatContext *file;
	AVCodecContext *codec;
	AVStream *stream;
	AVFrame *frame;
	AVPacket *packet;
	struct SwsContext *sws;
	uint32_t from_w, from_h; /* what sws is for */
	int64_t last; /* of the last picture, in ticks; -1: there was none */
	bool header, finished;
};

static int fail(char why[SP_VIDEO_WHY], const char *what, int err)
{
	char text[AV_ERROR_MAX_STRING_SIZE] = "";

	av_strerror(err, text, sizeof(text));
	snprintf(why, SP_VIDEO_WHY, "%.150s: %s", what, text);
	return err == AVERROR(ENOMEM) ? SP_ENOMEM : SP_ESYS;
}

/* ---- the encoder ---- */

static int set_options(struct sp_video *v, const AVCodec *codec, AVDictionary **options)
{
	int rc = 0;

	if (strcmp(codec->name, "libx264") == 0) {
		rc = av_dict_set(options, "preset", "veryfast", 0);
		rc = rc < 0 ? rc : av_dict_set(options, "crf", QUALITY, 0);
	} else if (codec->id == AV_CODEC_ID_MPEG4) {
		v->codec->flags |= AV_CODEC_FLAG_QSCALE;
		v->codec->global_quality = FF_QP2LAMBDA * MPEG4_QUANTIZER;
	} else {
		v->codec->bit_rate = OPENH264_RATE;
	}
	return rc;
}

static int open_codec(struct sp_video *v, const AVCodec *codec, uint32_t fps)
{
	AVDictionary *options = NULL;

	avcodec_free_context(&v->codec);
	v->codec = avcodec_alloc_context3(codec);
	if (!v->codec) {
		return AVERROR(ENOMEM);
	}
	v->codec->width = (int)v->w;
	v->codec->height = (int)v->h;
	v->codec->pix_fmt = AV_PIX_FMT_YUV420P;
	/* MPEG-4 counts in no more than 16 bits. */
	v->codec->time_base = codec->id == AV_CODEC_ID_MPEG4 ? (AVRational){1, 1000}
							     : (AVRational){1, TICKS};
	v->codec->framerate = (AVRational){(int)fps, 1};
	v->codec->gop_size = (int)fps * 10;
	v->codec->colorspace = AVCOL_SPC_BT709;
	v->codec->color_primaries = AVCOL_PRI_BT709;
	v->codec->color_trc = AVCOL_TRC_BT709;
	v->codec->color_range = AVCOL_RANGE_MPEG;
	if (v->file->oformat->flags & AVFMT_GLOBALHEADER) {
		v->codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	}
	int rc = set_options(v, codec, &options);
	if (rc >= 0) {
		rc = avcodec_open2(v->codec, codec, &options);
	}
	av_dict_free(&options);
	return rc;
}

/* By name: the first one of a kind may need hardware that is not there. */
static int choose_codec(struct sp_video *v, uint32_t fps, char why[SP_VIDEO_WHY])
{
	static const char *const names[] = {"libx264", "libopenh264", "mpeg4"};
	int rc = AVERROR_ENCODER_NOT_FOUND;

	for (size_t i = 0; i < SP_LEN(names); i++) {
		const AVCodec *codec = avcodec_find_encoder_by_name(names[i]);

		if (codec) {
			rc = open_codec(v, codec, fps);
		}
		if (codec && rc >= 0) {
			return SP_OK;
		}
	}
	fail(why, "no encoder for films", rc);
	return SP_ENOTFOUND;
}

/* ---- life ---- */

static int open_file(struct sp_video *v, const struct sp_video_conf *conf, char why[SP_VIDEO_WHY])
{
	int rc = avformat_alloc_output_context2(&v->file, NULL, "mp4", v->part);

	if (rc < 0) {
		return fail(why, conf->path, rc);
	}
	int mine = choose_codec(v, conf->fps, why);
	if (mine != SP_OK) {
		return mine;
	}
	v->stream = avformat_new_stream(v->file, NULL);
	v->frame = av_frame_alloc();
	v->packet = av_packet_alloc();
	if (!v->stream || !v->frame || !v->packet) {
		return fail(why, conf->path, AVERROR(ENOMEM));
	}
	v->stream->time_base = v->codec->time_base;
	v->stream->avg_frame_rate = v->codec->framerate;
	v->frame->format = v->codec->pix_fmt;
	v->frame->width = (int)v->w;
	v->frame->height = (int)v->h;
	rc = avcodec_parameters_from_context(v->stream->codecpar, v->codec);
	rc = rc < 0 ? rc : av_frame_get_buffer(v->frame, 0);
	rc = rc < 0 ? rc : avio_open(&v->file->pb, v->part, AVIO_FLAG_WRITE);
	rc = rc < 0 ? rc : avformat_write_header(v->file, NULL);
	if (rc < 0) {
		return fail(why, conf->path, rc);
	}
	v->header = true;
	return SP_OK;
}

int sp_video_create(struct sp_video **out, const struct sp_video_conf *conf, char why[SP_VIDEO_WHY])
{
	struct sp_video *v;

	*out = NULL;
	if (!(2 <= conf->w && conf->w <= SP_VIDEO_SIDE && 2 <= conf->h &&
			    conf->h <= SP_VIDEO_SIDE && 1 <= conf->fps && conf->fps <= 1000) ||
			strlen(conf->path) >= sizeof(v->path)) {
		snprintf(why, SP_VIDEO_WHY, "%s", sp_err_text(SP_EARG));
		return SP_EARG;
	}
	v = sp_calloc(1, sizeof(*v));
	if (!v) {
		snprintf(why, SP_VIDEO_WHY, "%s", sp_err_text(SP_ENOMEM));
		return SP_ENOMEM;
	}
	av_log_set_level(AV_LOG_QUIET);
	snprintf(v->path, sizeof(v->path), "%s", conf->path);
	snprintf(v->part, sizeof(v->part), "%s" SUFFIX, conf->path);
	v->w = (conf->w + 1) & ~1u;
	v->h = (conf->h + 1) & ~1u;
	v->last = -1;
	int rc = open_file(v, conf, why);
	if (rc != SP_OK) {
		sp_video_destroy(v);
		return rc;
	}
	*out = v;
	return SP_OK;
}

void sp_video_destroy(struct sp_video *v)
{
	if (!v) {
		return;
	}
	if (v->file && v->file->pb) {
		avio_closep(&v->file->pb);
		if (!v->finished) {
			unlink(v->part);
		}
	}
	sws_freeContext(v->sws);
	av_packet_free(&v->packet);
	av_frame_free(&v->frame);
	avcodec_free_context(&v->codec);
	avformat_free_context(v->file);
	sp_free(v);
}

const char *sp_video_codec(const struct sp_video *v)
{
	return v->codec->codec->name;
}

/* ---- pictures ---- */

/* Where a picture of w x h lies in the film: as large as it goes, in the middle, at even places. */
static void fit(const struct sp_video *v, uint32_t w, uint32_t h, uint32_t to[4])
{
	uint64_t fw = v->w, fh = v->h;

	if ((uint64_t)w * v->h > (uint64_t)h * v->w) {
		fh = (uint64_t)h * v->w / w;
	} else {
		fw = (uint64_t)w * v->h / h;
	}
	to[2] = (uint32_t)(fw < 2 ? 2 : fw) & ~1u;
	to[3] = (uint32_t)(fh < 2 ? 2 : fh) & ~1u;
	to[0] = ((v->w - to[2]) / 2) & ~1u;
	to[1] = ((v->h - to[3]) / 2) & ~1u;
}

static void blacken(AVFrame *f, uint32_t w, uint32_t h)
{
	for (uint32_t y = 0; y < h; y++) {
		memset(f->data[0] + (size_t)y * (size_t)f->linesize[0], 16, w);
	}
	for (uint32_t y = 0; y < h / 2; y++) {
		memset(f->data[1] + (size_t)y * (size_t)f->linesize[1], 128, w / 2);
		memset(f->data[2] + (size_t)y * (size_t)f->linesize[2], 128, w / 2);
	}
}

/* From all of 8 bits to the range of television, by BT.709 as it is written into the film. */
static int convert(struct sp_video *v, const uint8_t *px, size_t stride, uint32_t w, uint32_t h)
{
	const uint8_t *from[4] = {px};
	const int from_stride[4] = {(int)stride};
	uint8_t *to[4] = {NULL};
	uint32_t at[4];

	fit(v, w, h, at);
	if (!v->sws || w != v->from_w || h != v->from_h) {
		const int *k = sws_getCoefficients(SWS_CS_ITU709);

		sws_freeContext(v->sws);
		v->sws = sws_getContext((int)w, (int)h, AV_PIX_FMT_BGR0, (int)at[2], (int)at[3],
				AV_PIX_FMT_YUV420P, SWS_BICUBIC | SWS_ACCURATE_RND, NULL, NULL,
				NULL);
		if (!v->sws ||
				sws_setColorspaceDetails(v->sws, k, 1, k, 0, 0, 1 << 16, 1 << 16) <
						0) {
			return AVERROR(ENOMEM);
		}
		v->from_w = w;
		v->from_h = h;
	}
	int rc = av_frame_make_writable(v->frame);
	if (rc < 0) {
		return rc;
	}
	if (at[2] != v->w || at[3] != v->h) {
		blacken(v->frame, v->w, v->h);
	}
	for (size_t i = 0; i < 3; i++) {
		size_t x = i == 0 ? at[0] : at[0] / 2, y = i == 0 ? at[1] : at[1] / 2;

		to[i] = v->frame->data[i] + y * (size_t)v->frame->linesize[i] + x;
	}
	rc = sws_scale(v->sws, from, from_stride, 0, (int)h, to, v->frame->linesize);
	return rc < 0 ? rc : 0;
}

/* What the encoder has ready goes into the file. */
static int drain(struct sp_video *v)
{
	int rc;

	while ((rc = avcodec_receive_packet(v->codec, v->packet)) >= 0) {
		av_packet_rescale_ts(v->packet, v->codec->time_base, v->stream->time_base);
		v->packet->stream_index = v->stream->index;
		rc = av_interleaved_write_frame(v->file, v->packet);
		if (rc < 0) {
			return rc;
		}
	}
	return rc == AVERROR(EAGAIN) || rc == AVERROR_EOF ? 0 : rc;
}

static int encode(struct sp_video *v, uint64_t us)
{
	AVRational base = v->codec->time_base;
	int64_t at = av_rescale_q((int64_t)us, (AVRational){1, 1000000}, base);

	/* Two in one tick: the later one a tick later. */
	v->frame->pts = at > v->last ? at : v->last + 1;
	v->last = v->frame->pts;
	v->frame->quality = v->codec->global_quality;
	int rc = avcodec_send_frame(v->codec, v->frame);
	return rc < 0 ? rc : drain(v);
}

int sp_video_picture(struct sp_video *v, const uint8_t *px, size_t stride, uint32_t w, uint32_t h,
		uint64_t us, char why[SP_VIDEO_WHY])
{
	if (!(1 <= w && w <= INT16_MAX && 1 <= h && h <= INT16_MAX && us < INT64_MAX / TICKS)) {
		snprintf(why, SP_VIDEO_WHY, "%s", sp_err_text(SP_EARG));
		return SP_EARG;
	}
	int rc = convert(v, px, stride, w, h);
	if (rc >= 0) {
		rc = encode(v, us);
	}
	return rc < 0 ? fail(why, v->path, rc) : SP_OK;
}

int sp_video_finish(struct sp_video *v, uint64_t us, char why[SP_VIDEO_WHY])
{
	int rc = 0;

	if (v->last < 0) {
		snprintf(why, SP_VIDEO_WHY, "%.150s: no picture in it", v->path);
		return SP_EARG;
	}
	rc = encode(v, us);
	rc = rc < 0 ? rc : avcodec_send_frame(v->codec, NULL);
	rc = rc < 0 ? rc : drain(v);
	rc = rc < 0 ? rc : av_write_trailer(v->file);
	rc = rc < 0 ? rc : avio_closep(&v->file->pb);
	if (rc < 0) {
		return fail(why, v->path, rc);
	}
	if (rename(v->part, v->path) != 0) {
		snprintf(why, SP_VIDEO_WHY, "%.150s: %s", v->path, strerror(errno));
		unlink(v->part);
		return SP_ESYS;
	}
	v->finished = true;
	return SP_OK;
}
