/* host/lib/aac.c - see aac.h. */
#include "host/lib/aac.h"

#include <vo-aacenc/cmnMemory.h>
#include <vo-aacenc/voAAC.h>

#include "core/base/err.h"
#include "core/base/mem.h"

#define MIN_RATE 8000
#define MAX_RATE 96000
#define MAX_CHANNELS 2

struct sp_aac_encoder {
	VO_AUDIO_CODECAPI api;
	VO_HANDLE handle;
	VO_MEM_OPERATOR mem; /* kept by the library */
	unsigned channels;
	int16_t pcm[SP_AAC_FRAMES * MAX_CHANNELS]; /* in the machine's byte order */
};

struct sp_aac_encoder *sp_aac_encoder_create(uint32_t rate, unsigned channels, uint32_t bits_per_s)
{
	if (!(MIN_RATE <= rate && rate <= MAX_RATE && 1 <= channels && channels <= MAX_CHANNELS)) {
		return NULL;
	}
	struct sp_aac_encoder *e = sp_calloc(1, sizeof(*e));
	if (!e) {
		return NULL;
	}
	AACENC_PARAM param = {.sampleRate = (int)rate,
			.bitRate = (int)bits_per_s,
			.nChannels = (short)channels,
			.adtsUsed = 0};
	e->channels = channels;
	e->mem = (VO_MEM_OPERATOR){
			cmnMemAlloc, cmnMemFree, cmnMemSet, cmnMemCopy, cmnMemCheck, NULL, NULL};
	VO_CODEC_INIT_USERDATA user = {.memflag = VO_IMF_USERMEMOPERATOR, .memData = &e->mem};
	if (voGetAACEncAPI(&e->api) != VO_ERR_NONE ||
			e->api.Init(&e->handle, VO_AUDIO_CodingAAC, &user) != VO_ERR_NONE) {
		sp_free(e);
		return NULL;
	}
	if (e->api.SetParam(e->handle, VO_PID_AAC_ENCPARAM, &param) != VO_ERR_NONE) {
		sp_aac_encoder_destroy(e);
		return NULL;
	}
	return e;
}

void sp_aac_encoder_destroy(struct sp_aac_encoder *e)
{
	if (!e) {
		return;
	}
	e->api.Uninit(e->handle);
	sp_free(e);
}

int sp_aac_encode(struct sp_aac_encoder *e, struct sp_span pcm, uint8_t out[SP_AAC_PACKET])
{
	size_t samples = (size_t)SP_AAC_FRAMES * e->channels;
	VO_AUDIO_OUTPUTINFO info = {0};

	if (pcm.n != 2 * samples) {
		return SP_EARG;
	}
	for (size_t i = 0; i < samples; i++) {
		e->pcm[i] = (int16_t)(pcm.p[2 * i] | pcm.p[2 * i + 1] << 8);
	}
	VO_CODECBUFFER from = {.Buffer = (uint8_t *)e->pcm, .Length = (VO_U32)pcm.n};
	VO_CODECBUFFER to = {.Buffer = out, .Length = SP_AAC_PACKET};
	if (e->api.SetInputData(e->handle, &from) != VO_ERR_NONE ||
			e->api.GetOutputData(e->handle, &to, &info) != VO_ERR_NONE) {
		return SP_EARG;
	}
	return to.Length > 0 && to.Length <= SP_AAC_PACKET ? (int)to.Length : SP_EARG;
}
