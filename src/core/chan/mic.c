/* core/chan/mic.c - see mic.h. */
#include "core/chan/mic.h"

#define EXTENSIBLE 22 /* bytes of a WAVEFORMAT_EXTENSIBLE */
#define FRONT_LEFT 1u
#define FRONT_RIGHT 2u
#define FRONT_CENTER 4u

int sp_mic_formats_read(struct sp_rd *r, struct sp_mic_formats *out)
{
	uint32_t n = sp_rd_le32(r);

	sp_rd_skip(r, 4); /* cbSizeFormatsPacket */
	out->n = 0;
	int rc = sp_audio_formats_read(r, n, out->v);
	if (rc == SP_OK) {
		out->n = n;
	}
	return rc;
}

void sp_mic_formats_write(struct sp_wr *w, const struct sp_mic_formats *in)
{
	size_t start = w->n;

	sp_wr_u8(w, SP_MIC_FORMATS);
	sp_wr_le32(w, (uint32_t)in->n);
	size_t at = sp_wr_hole(w, 4);
	for (size_t i = 0; i < in->n; i++) {
		sp_audio_format_write(w, &in->v[i]);
	}
	if (sp_wr_ok(w) == SP_OK) {
		sp_wr_fill_le32(w, at, w->n - start);
	}
}

int sp_mic_open_read(struct sp_rd *r, struct sp_mic_open *out)
{
	out->frames = sp_rd_le32(r);
	out->format = sp_rd_le32(r);
	sp_audio_format_read(r, &out->capture);
	return sp_rd_ok(r);
}

/* [MS-RDPEAI] 2.2.2.3.1 Extended Wave Format Structure (WAVEFORMAT_EXTENSIBLE) */
static void extensible_write(struct sp_wr *w, const struct sp_audio_format *f)
{
	static const uint8_t pcm[] = {1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B,
			0x71}; /* KSDATAFORMAT_SUBTYPE_PCM */

	sp_wr_le16(w, f->bits); /* wValidBitsPerSample */
	sp_wr_le32(w, f->channels == 1 ? FRONT_CENTER : FRONT_LEFT | FRONT_RIGHT);
	sp_wr_put(w, pcm, sizeof(pcm));
}

void sp_mic_open_write(struct sp_wr *w, const struct sp_mic_open *in)
{
	uint8_t extra[EXTENSIBLE];
	struct sp_audio_format f = in->capture;
	struct sp_wr x;

	sp_wr_fixed(&x, extra, sizeof(extra));
	extensible_write(&x, &f);
	f.tag = SP_AUDIO_EXTENSIBLE;
	f.extra = sp_span(extra, x.n);
	sp_wr_u8(w, SP_MIC_OPEN);
	sp_wr_le32(w, in->frames);
	sp_wr_le32(w, in->format);
	sp_audio_format_write(w, &f);
}

int sp_mic_u32_read(struct sp_rd *r, uint32_t *value)
{
	*value = sp_rd_le32(r);
	return sp_rd_ok(r);
}

void sp_mic_u32_write(struct sp_wr *w, uint8_t type, uint32_t value)
{
	sp_wr_u8(w, type);
	sp_wr_le32(w, value);
}
