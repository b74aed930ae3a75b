/* host/lib/opus.c - see opus.h. */
#include "host/lib/opus.h"

#include <opus/opus.h>

#include "core/base/err.h"
#include "core/base/mem.h"

#define COMPLEXITY 5 /* of 10: a third of the work for nearly all of the quality */

struct sp_opus_encoder {
	OpusEncoder *e;
	unsigned channels;
	size_t max; /* samples in pcm */
	int16_t *pcm; /* aligned, in the machine's byte order */
};

struct sp_opus_decoder {
	OpusDecoder *d;
	unsigned channels;
	int max; /* frames in pcm */
	int16_t *pcm;
};

static size_t most_samples(uint32_t rate, unsigned channels)
{
	return (size_t)rate * SP_OPUS_MAX_MS / 1000 * channels;
}

struct sp_opus_encoder *sp_opus_encoder_create(
		uint32_t rate, unsigned channels, uint32_t bits_per_s)
{
	struct sp_opus_encoder *e = sp_calloc(1, sizeof(*e));
	int err;

	if (!e) {
		return NULL;
	}
	e->channels = channels;
	e->e = opus_encoder_create((opus_int32)rate, (int)channels, OPUS_APPLICATION_AUDIO, &err);
	if (e->e) {
		e->max = most_samples(rate, channels);
		e->pcm = sp_calloc(e->max, sizeof(*e->pcm));
	}
	if (!e->pcm ||
			opus_encoder_ctl(e->e, OPUS_SET_BITRATE((opus_int32)bits_per_s)) !=
					OPUS_OK ||
			opus_encoder_ctl(e->e, OPUS_SET_COMPLEXITY(COMPLEXITY)) != OPUS_OK) {
		sp_opus_encoder_destroy(e);
		return NULL;
	}
	return e;
}

void sp_opus_encoder_destroy(struct sp_opus_encoder *e)
{
	if (!e) {
		return;
	}
	if (e->e) {
		opus_encoder_destroy(e->e);
	}
	sp_free(e->pcm);
	sp_free(e);
}

int sp_opus_encode(struct sp_opus_encoder *e, struct sp_span pcm, uint8_t out[SP_OPUS_PACKET])
{
	size_t samples = pcm.n / 2;

	if (samples > e->max || pcm.n % (2 * e->channels) != 0) {
		return SP_EARG;
	}
	for (size_t i = 0; i < samples; i++) {
		e->pcm[i] = (int16_t)(pcm.p[2 * i] | pcm.p[2 * i + 1] << 8);
	}
	int n = opus_encode(e->e, e->pcm, (int)(samples / e->channels), out, SP_OPUS_PACKET);
	return n > 0 ? n : SP_EARG;
}

struct sp_opus_decoder *sp_opus_decoder_create(uint32_t rate, unsigned channels)
{
	struct sp_opus_decoder *d = sp_calloc(1, sizeof(*d));
	int err;

	if (!d) {
		return NULL;
	}
	d->channels = channels;
	d->d = opus_decoder_create((opus_int32)rate, (int)channels, &err);
	if (d->d) {
		d->max = (int)(most_samples(rate, channels) / channels);
		d->pcm = sp_calloc(most_samples(rate, channels), sizeof(*d->pcm));
	}
	if (!d->pcm) {
		sp_opus_decoder_destroy(d);
		return NULL;
	}
	return d;
}

void sp_opus_decoder_destroy(struct sp_opus_decoder *d)
{
	if (!d) {
		return;
	}
	if (d->d) {
		opus_decoder_destroy(d->d);
	}
	sp_free(d->pcm);
	sp_free(d);
}

int sp_opus_decode(struct sp_opus_decoder *d, struct sp_span packet, struct sp_span *pcm)
{
	/* Without bytes libopus would make up what was lost. */
	if (!(0 < packet.n && packet.n <= UINT16_MAX)) {
		return SP_EFIELD;
	}
	int frames = opus_decode(d->d, packet.p, (opus_int32)packet.n, d->pcm, d->max, 0);
	if (frames <= 0) {
		return SP_EFIELD;
	}
	uint8_t *bytes = (uint8_t *)d->pcm;
	size_t samples = (size_t)frames * d->channels;
	for (size_t i = 0; i < samples; i++) {
		uint16_t v = (uint16_t)d->pcm[i];

		bytes[2 * i] = (uint8_t)v;
		bytes[2 * i + 1] = (uint8_t)(v >> 8);
	}
	*pcm = sp_span(bytes, 2 * samples);
	return SP_OK;
}
