/* client/wav.c - see wav.h. */
#include "client/wav.h"

#include <string.h>

#include "core/base/rd.h"
#include "core/base/wr.h"

#define CHUNK_HEAD 8
#define FMT 16 /* bytes of a format without extra */

int sp_wav_parse(struct sp_span file, struct sp_audio_format *f, struct sp_span *pcm)
{
	bool has_format = false;
	struct sp_rd r;

	sp_rd_init(&r, file.p, file.n);
	struct sp_span riff = sp_rd_span(&r, 4);
	sp_rd_skip(&r, 4); /* the file's size, which programs that stream leave open */
	struct sp_span kind = sp_rd_span(&r, 4);
	if (sp_rd_ok(&r) != SP_OK || memcmp(riff.p, "RIFF", 4) != 0 ||
			memcmp(kind.p, "WAVE", 4) != 0) {
		return SP_EFIELD;
	}
	while (sp_rd_left(&r) >= CHUNK_HEAD) {
		struct sp_span name = sp_rd_span(&r, 4);
		size_t n = sp_rd_le32(&r);
		size_t left = sp_rd_left(&r);
		struct sp_span body = sp_rd_span(&r, n < left ? n : left);

		if (memcmp(name.p, "fmt ", 4) == 0 && body.n >= FMT) {
			struct sp_rd at;

			sp_rd_init(&at, body.p, FMT);
			f->tag = sp_rd_le16(&at);
			f->channels = sp_rd_le16(&at);
			f->rate = sp_rd_le32(&at);
			f->bytes_per_s = sp_rd_le32(&at);
			f->align = sp_rd_le16(&at);
			f->bits = sp_rd_le16(&at);
			f->extra = sp_span(NULL, 0);
			has_format = f->tag == SP_AUDIO_PCM && sp_audio_usable(f);
		} else if (memcmp(name.p, "data", 4) == 0) {
			*pcm = sp_span(body.p, body.n - (has_format ? body.n % f->align : 0));
			return has_format && pcm->n > 0 ? SP_OK : SP_EFIELD;
		}
		sp_rd_skip(&r, n % 2 < sp_rd_left(&r) ? n % 2 : 0);
	}
	return SP_EFIELD;
}

void sp_wav_head(uint8_t out[SP_WAV_HEAD], const struct sp_audio_format *f, uint32_t n)
{
	struct sp_wr w;

	sp_wr_fixed(&w, out, SP_WAV_HEAD);
	sp_wr_put(&w, "RIFF", 4);
	sp_wr_le32(&w, SP_WAV_HEAD - CHUNK_HEAD + n);
	sp_wr_put(&w, "WAVEfmt ", 8);
	sp_wr_le32(&w, FMT);
	sp_wr_le16(&w, SP_AUDIO_PCM);
	sp_wr_le16(&w, f->channels);
	sp_wr_le32(&w, f->rate);
	sp_wr_le32(&w, f->rate * f->channels * 2);
	sp_wr_le16(&w, (uint16_t)(f->channels * 2));
	sp_wr_le16(&w, 16);
	sp_wr_put(&w, "data", 4);
	sp_wr_le32(&w, n);
}
