/* core/chan/sound.c - see sound.h. */
#include "core/chan/sound.h"

#define WAVE_INFO 8 /* bytes of a WaveInfo's body before the sound */
#define FIRST 4 /* bytes of sound in it */
#define TRAINING 8 /* bytes of a Training PDU that nothing fills */

int sp_sound_head_read(struct sp_rd *r, struct sp_sound_head *out)
{
	out->type = sp_rd_u8(r);
	sp_rd_skip(r, 1); /* bPad */
	out->n = sp_rd_le16(r);
	return sp_rd_ok(r);
}

size_t sp_sound_begin(struct sp_wr *w, uint8_t type)
{
	sp_wr_u8(w, type);
	sp_wr_u8(w, 0); /* bPad */
	return sp_wr_hole(w, 2);
}

void sp_sound_end(struct sp_wr *w, size_t mark)
{
	if (sp_wr_ok(w) == SP_OK) {
		sp_wr_fill_le16(w, mark, w->n - mark - 2);
	}
}

int sp_sound_formats_read(struct sp_rd *r, struct sp_sound_formats *out)
{
	out->flags = sp_rd_le32(r);
	out->volume = sp_rd_le32(r);
	out->pitch = sp_rd_le32(r);
	out->port = sp_rd_be16(r);
	uint16_t n = sp_rd_le16(r);
	out->block = sp_rd_u8(r);
	out->version = sp_rd_le16(r);
	sp_rd_skip(r, 1); /* bPad */
	out->n = 0;
	int rc = sp_audio_formats_read(r, n, out->v);
	if (rc == SP_OK) {
		out->n = n;
	}
	return rc;
}

void sp_sound_formats_write(struct sp_wr *w, const struct sp_sound_formats *in)
{
	sp_wr_le32(w, in->flags);
	sp_wr_le32(w, in->volume);
	sp_wr_le32(w, in->pitch);
	sp_wr_be16(w, in->port);
	sp_wr_le16(w, (uint16_t)in->n);
	sp_wr_u8(w, in->block);
	sp_wr_le16(w, in->version);
	sp_wr_u8(w, 0); /* bPad */
	for (size_t i = 0; i < in->n; i++) {
		sp_audio_format_write(w, &in->v[i]);
	}
}

int sp_sound_quality_read(struct sp_rd *r, uint16_t *mode)
{
	*mode = sp_rd_le16(r);
	sp_rd_skip(r, 2); /* Reserved */
	return sp_rd_ok(r);
}

void sp_sound_quality_write(struct sp_wr *w, uint16_t mode)
{
	sp_wr_le16(w, mode);
	sp_wr_le16(w, 0); /* Reserved */
}

int sp_sound_training_read(struct sp_rd *r, struct sp_sound_training *out)
{
	out->stamp = sp_rd_le16(r);
	out->n = sp_rd_le16(r);
	return sp_rd_ok(r);
}

void sp_sound_training_write(struct sp_wr *w, const struct sp_sound_training *in, bool confirm)
{
	sp_wr_le16(w, in->stamp);
	sp_wr_le16(w, in->n);
	if (!confirm && in->n > TRAINING) {
		sp_wr_zero(w, in->n - TRAINING);
	}
}

static void wave_head_read(struct sp_rd *r, struct sp_sound_wave *out)
{
	out->stamp = sp_rd_le16(r);
	out->format = sp_rd_le16(r);
	out->block = sp_rd_u8(r);
	sp_rd_skip(r, 3); /* bPad */
}

static void wave_head_write(struct sp_wr *w, const struct sp_sound_wave *in)
{
	sp_wr_le16(w, in->stamp);
	sp_wr_le16(w, in->format);
	sp_wr_u8(w, in->block);
	sp_wr_zero(w, 3); /* bPad */
}

int sp_sound_wave_info_read(struct sp_rd *r, size_t total, struct sp_sound_wave *out, size_t *rest)
{
	wave_head_read(r, out);
	out->audio_stamp = 0;
	out->data = sp_rd_span(r, FIRST);
	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	if (!(total >= WAVE_INFO + FIRST)) {
		return sp_rd_fail(r, SP_EFIELD, "sound.wave.BodySize");
	}
	*rest = total - WAVE_INFO - FIRST;
	return SP_OK;
}

int sp_sound_wave_rest_read(struct sp_rd *r, size_t rest, struct sp_span *out)
{
	sp_rd_skip(r, FIRST); /* bPad: where the first four bytes go */
	*out = sp_rd_span(r, rest);
	return sp_rd_end(r);
}

void sp_sound_wave_info_write(struct sp_wr *w, const struct sp_sound_wave *in)
{
	sp_wr_u8(w, SP_SOUND_WAVE);
	sp_wr_u8(w, 0); /* bPad */
	size_t at = sp_wr_hole(w, 2);
	wave_head_write(w, in);
	sp_wr_put(w, in->data.p, FIRST);
	if (sp_wr_ok(w) == SP_OK) {
		sp_wr_fill_le16(w, at, WAVE_INFO + in->data.n);
	}
}

void sp_sound_wave_rest_write(struct sp_wr *w, const struct sp_sound_wave *in)
{
	sp_wr_zero(w, FIRST);
	sp_wr_put(w, in->data.p + FIRST, in->data.n - FIRST);
}

int sp_sound_wave2_read(struct sp_rd *r, struct sp_sound_wave *out)
{
	wave_head_read(r, out);
	out->audio_stamp = sp_rd_le32(r);
	out->data = sp_rd_rest(r);
	return sp_rd_ok(r);
}

void sp_sound_wave2_write(struct sp_wr *w, const struct sp_sound_wave *in)
{
	wave_head_write(w, in);
	sp_wr_le32(w, in->audio_stamp);
	sp_wr_span(w, in->data);
}

int sp_sound_confirm_read(struct sp_rd *r, struct sp_sound_confirm *out)
{
	out->stamp = sp_rd_le16(r);
	out->block = sp_rd_u8(r);
	sp_rd_skip(r, 1); /* bPad */
	return sp_rd_ok(r);
}

void sp_sound_confirm_write(struct sp_wr *w, const struct sp_sound_confirm *in)
{
	sp_wr_le16(w, in->stamp);
	sp_wr_u8(w, in->block);
	sp_wr_u8(w, 0); /* bPad */
}

int sp_sound_u32_read(struct sp_rd *r, uint32_t *value)
{
	*value = sp_rd_le32(r);
	return sp_rd_ok(r);
}

void sp_sound_u32_write(struct sp_wr *w, uint32_t value)
{
	sp_wr_le32(w, value);
}
