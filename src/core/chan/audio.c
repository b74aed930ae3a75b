/* core/chan/audio.c - see audio.h. */
#include "core/chan/audio.h"

#define MIN_RATE 8000
#define MAX_RATE 96000
#define OPUS_RATE 48000
#define OPUS_BYTES_PER_S 16000 /* 128 kbit/s */
#define AAC_RATE 44100
#define SAMPLE 2

void sp_audio_format_read(struct sp_rd *r, struct sp_audio_format *out)
{
	out->tag = sp_rd_le16(r);
	out->channels = sp_rd_le16(r);
	out->rate = sp_rd_le32(r);
	out->bytes_per_s = sp_rd_le32(r);
	out->align = sp_rd_le16(r);
	out->bits = sp_rd_le16(r);
	out->extra = sp_rd_span(r, sp_rd_le16(r));
}

void sp_audio_format_write(struct sp_wr *w, const struct sp_audio_format *in)
{
	sp_wr_le16(w, in->tag);
	sp_wr_le16(w, in->channels);
	sp_wr_le32(w, in->rate);
	sp_wr_le32(w, in->bytes_per_s);
	sp_wr_le16(w, in->align);
	sp_wr_le16(w, in->bits);
	sp_wr_le16(w, (uint16_t)in->extra.n);
	sp_wr_span(w, in->extra);
}

int sp_audio_formats_read(struct sp_rd *r, uint32_t n, struct sp_audio_format *out)
{
	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	if (!(n <= SP_AUDIO_FORMATS)) {
		return sp_rd_fail(r, SP_ELIMIT, "audio.formats");
	}
	for (uint32_t i = 0; i < n; i++) {
		sp_audio_format_read(r, &out[i]);
	}
	return sp_rd_ok(r);
}

struct sp_audio_format sp_audio_pcm(uint16_t channels, uint32_t rate)
{
	uint16_t align = (uint16_t)(channels * SAMPLE);

	return (struct sp_audio_format){.tag = SP_AUDIO_PCM,
			.channels = channels,
			.rate = rate,
			.bytes_per_s = rate * align,
			.align = align,
			.bits = 8 * SAMPLE};
}

struct sp_audio_format sp_audio_opus(void)
{
	struct sp_audio_format f = sp_audio_pcm(2, OPUS_RATE);

	f.tag = SP_AUDIO_OPUS;
	f.bytes_per_s = OPUS_BYTES_PER_S;
	return f;
}

struct sp_audio_format sp_audio_aac(uint32_t bytes_per_s)
{
	struct sp_audio_format f = sp_audio_pcm(2, AAC_RATE);

	f.tag = SP_AUDIO_AAC;
	f.bytes_per_s = bytes_per_s;
	return f;
}

bool sp_audio_usable(const struct sp_audio_format *f)
{
	if (!(1 <= f->channels && f->channels <= 2) || f->bits != 8 * SAMPLE) {
		return false;
	}
	if (f->tag == SP_AUDIO_OPUS) {
		return f->rate == OPUS_RATE;
	}
	if (f->tag == SP_AUDIO_AAC) {
		return f->rate == AAC_RATE;
	}
	return f->tag == SP_AUDIO_PCM && MIN_RATE <= f->rate && f->rate <= MAX_RATE &&
			f->align == f->channels * SAMPLE;
}

bool sp_audio_same(const struct sp_audio_format *a, const struct sp_audio_format *b)
{
	return a->tag == b->tag && a->channels == b->channels && a->rate == b->rate &&
			a->bits == b->bits &&
			(a->tag != SP_AUDIO_AAC || a->bytes_per_s == b->bytes_per_s);
}

size_t sp_audio_frame(const struct sp_audio_format *f)
{
	return (size_t)f->channels * SAMPLE;
}

size_t sp_audio_ms(const struct sp_audio_format *f, uint32_t ms)
{
	return (size_t)((uint64_t)f->rate * ms / 1000) * sp_audio_frame(f);
}

void sp_audio_queue_add(struct sp_audio_queue *q, struct sp_rcbuf *b)
{
	b->next = NULL;
	if (q->tail) {
		q->tail->next = b;
	} else {
		q->head = b;
	}
	q->tail = b;
}

int sp_audio_queue_put(struct sp_audio_queue *q, struct sp_wr *w)
{
	int rc = sp_wr_ok(w);
	struct sp_rcbuf *b = sp_wr_take(w);

	if (!b) {
		sp_wr_reset(w);
		return rc == SP_OK ? SP_ENOMEM : rc;
	}
	sp_audio_queue_add(q, b);
	return SP_OK;
}

struct sp_rcbuf *sp_audio_queue_take(struct sp_audio_queue *q)
{
	struct sp_rcbuf *b = q->head;

	if (b) {
		q->head = b->next;
		q->tail = q->head ? q->tail : NULL;
		b->next = NULL;
	}
	return b;
}

void sp_audio_queue_clear(struct sp_audio_queue *q)
{
	struct sp_rcbuf *b;

	while ((b = sp_audio_queue_take(q))) {
		sp_rcbuf_unref(b);
	}
}
